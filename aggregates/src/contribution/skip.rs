//! Why an item is not counted.

/// Why an item that a rollup is about could not be counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// A dimension is absent.
    DimensionAbsent(String),
    /// A dimension is of another type than declared.
    DimensionType(String),
    /// The time is absent.
    TimeAbsent(String),
    /// The time is no timestamp, or a bucket of it would go beyond the years 0000 to 9999.
    TimeType(String),
    /// A measured attribute is no number, or one too large to be added up safely.
    MeasureType(String),
    /// The group's values make a key that is too long, or, beside items, an empty one.
    KeyTooLong,
}

impl Skip {
    /// What kind of reason it is, without the attribute's name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DimensionAbsent(_) => "dimension_absent",
            Self::DimensionType(_) => "dimension_type",
            Self::TimeAbsent(_) => "time_absent",
            Self::TimeType(_) => "time_type",
            Self::MeasureType(_) => "measure_type",
            Self::KeyTooLong => "key_too_long",
        }
    }
}

impl std::fmt::Display for Skip {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DimensionAbsent(name) => write!(formatter, "the dimension `{name}` is absent"),
            Self::DimensionType(name) => {
                write!(formatter, "the dimension `{name}` is of another type than declared")
            }
            Self::TimeAbsent(name) => write!(formatter, "the time `{name}` is absent"),
            Self::TimeType(name) => {
                write!(formatter, "the time `{name}` is no timestamp whose buckets lie in the years 0000 to 9999")
            }
            Self::MeasureType(name) => write!(
                formatter,
                "`{name}` is no number that can be added up safely (below 10^20, and 10^29 in units of its last place)"
            ),
            Self::KeyTooLong => formatter.write_str(
                "its values make a key that is empty or too long (a partition key has at most 2048 bytes, a sort key 1024)",
            ),
        }
    }
}
