//! How long buckets are kept, as a definition says it: `14d`, `52w`.

/// The units, in seconds, the greatest first.
const UNITS: [(char, u64); 4] = [('w', 604_800), ('d', 86_400), ('h', 3600), ('m', 60)];
/// The longest that may be said: a thousand years, far beyond which a time would be no time of
/// DynamoDB's.
const MAX_SECS: u64 = 1_000 * 366 * 86_400;

/// Returns the seconds that a text says; `None` for one that is not a number and a unit, or says
/// too little or too much.
pub fn seconds(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let count: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
    count.checked_mul(*seconds).filter(|seconds| (1..=MAX_SECS).contains(seconds))
}

/// Returns the text that says so many seconds, in the greatest unit that they are a multiple of.
pub fn text(seconds: u64) -> String {
    let whole = UNITS.into_iter().find(|(_, unit)| seconds.is_multiple_of(*unit));
    whole.map_or(format!("{seconds}s"), |(name, unit)| format!("{}{name}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_said_again_in_the_greatest_unit() {
        for (said, again) in [("14d", "2w"), ("15d", "15d"), ("90m", "90m"), ("120 m", "2h")] {
            assert_eq!(text(seconds(said).expect(said)), again);
        }
        for wrong in ["", "d", "0d", "-1d", "1.5d", "1y", "14", "366001d"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
