//! The comparisons: how far back each of them moves a range.

use weir_model::Granularity;

/// The earlier range that a range is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    /// The range of the same length immediately before.
    Period,
    /// The same dates one month earlier.
    Month,
    /// The same dates three months earlier.
    Quarter,
    /// The same dates one year earlier.
    Year,
}

impl Compare {
    /// Every comparison, the shortest move first.
    pub(crate) const EVERY: [Self; 4] = [Self::Period, Self::Month, Self::Quarter, Self::Year];

    /// Returns its name in questions.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Period => "previous_period",
            Self::Month => "previous_month",
            Self::Quarter => "previous_quarter",
            Self::Year => "previous_year",
        }
    }

    /// Returns the number of months to the same dates earlier; `None` for the range immediately
    /// before.
    pub(crate) fn months(self) -> Option<i64> {
        match self {
            Self::Period => None,
            Self::Month => Some(1),
            Self::Quarter => Some(3),
            Self::Year => Some(12),
        }
    }

    /// Returns the number of weeks to the compared weeks; `None` for the range immediately before.
    pub(crate) fn weeks(self) -> Option<i64> {
        match self {
            Self::Period => None,
            Self::Month => Some(4),
            Self::Quarter => Some(13),
            Self::Year => Some(52),
        }
    }

    /// Whether it moves the beginning of each period of that length to the beginning of another.
    pub(crate) fn fits(self, every: Granularity) -> bool {
        let Some(moved) = self.months() else { return true };
        months(every).is_none_or(|months| moved % months == 0)
    }
}

/// Returns the number of months of a period; `None` if it is not made of months.
pub(super) fn months(every: Granularity) -> Option<i64> {
    match every {
        Granularity::Month => Some(1),
        Granularity::Quarter => Some(3),
        Granularity::Year => Some(12),
        _ => None,
    }
}
