//! Instants: the one before, and their form in answers and messages.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Returns the instant one nanosecond earlier; `None` at the beginning of what timestamps hold.
pub(crate) fn just_before(instant: Timestamp) -> Option<Timestamp> {
    instant.checked_sub(SignedDuration::from_nanos(1)).ok()
}

/// Returns an instant as answers show it: RFC 3339 with the zone's offset, `Z` in UTC.
pub fn local(instant: Timestamp, zone: &TimeZone) -> String {
    if *zone == TimeZone::UTC {
        return instant.to_string();
    }
    instant.display_with_offset(zone.to_offset(instant)).to_string()
}
