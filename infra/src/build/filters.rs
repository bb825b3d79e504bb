//! The time from a change of the mapping's filters until they are in effect.
//!
//! Lambda takes up to 15 minutes to apply changed filters. A record that the previous filters leave
//! out never reaches the processor. The processor counts all changes from the cut of a revision on,
//! so the cut must come after this time.
//!
//! **Invariant:** an unknown time counts as now.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::options::BuildOptions;

/// The time in which Lambda applies changed filters.
const AWS_MARGIN: Duration = Duration::from_secs(15 * 60);
/// The time for a simulated AWS on this machine.
const LOCAL_MARGIN: Duration = Duration::from_secs(1);

/// The time from a change of filters until they are in effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FilterMargin {
    changed_at: Option<Timestamp>,
    margin: Duration,
}

impl FilterMargin {
    /// Returns the margin for filters that were changed at a time; `None` if it is unknown.
    pub(crate) fn new(
        changed_at: Option<Timestamp>,
        options: &BuildOptions,
        is_local: bool,
    ) -> Self {
        let default = if is_local { LOCAL_MARGIN } else { AWS_MARGIN };
        let margin = options.filter_margin.map_or(default, Duration::from_secs);
        Self { changed_at, margin }
    }

    /// Returns the time that is left.
    pub(super) fn left(self, now: Timestamp) -> Duration {
        let Some(changed_at) = self.changed_at.filter(|changed_at| *changed_at <= now) else {
            return self.margin;
        };
        let elapsed = now.duration_since(changed_at).unsigned_abs();
        self.margin.saturating_sub(elapsed)
    }
}

/// Reads a time as the AWS CLI prints `LastModified`: RFC 3339, or seconds since 1970.
///
/// # Errors
/// What is allowed.
pub(crate) fn last_modified(text: &str) -> Result<Timestamp, String> {
    let seconds = || {
        Timestamp::from_duration(SignedDuration::try_from_secs_f64(text.parse().ok()?).ok()?).ok()
    };
    let parsed = text.parse().ok().or_else(seconds);
    parsed.ok_or_else(|| {
        "expected a time such as `2026-11-30T12:00:00Z`, or seconds since 1970".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_waited_for_from_their_last_change_on() {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().expect("a time");
        let margin = Duration::from_secs(900);
        for (changed, left) in [
            ("2026-11-30T11:59:00.250000+00:00", 840),
            ("2026-11-30T12:59:00+01:00", 840),
            ("1796039940.25", 840),
            ("1796039940", 840),
            ("2026-11-30T11:00:00Z", 0),
            ("2026-11-30T12:00:05Z", 900),
            ("None", 900),
            ("", 900),
        ] {
            let left_now =
                FilterMargin { changed_at: last_modified(changed).ok(), margin }.left(now);
            let expected = Duration::from_secs(left);
            let difference = left_now.abs_diff(expected);
            assert!(difference < Duration::from_secs(1), "{changed}: {left_now:?}");
        }
    }
}
