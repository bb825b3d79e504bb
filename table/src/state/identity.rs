//! Which table of items there is: DynamoDB's own identity of a table and of its stream.
//!
//! A table that was deleted and created again has another [`ItemsTable::id`]. A stream that was
//! disabled and enabled again has another label. In both cases changes may be missing from the
//! rollups.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TableDescription;

use super::{CLOCK_UNCERTAINTY_SECS, describe};
use crate::error::Error;

/// How long after a table its stream may begin and still have every change of the table, in
/// seconds: DynamoDB enables a stream that `CreateTable` asks for within moments.
const STREAM_DELAY_SECS: i64 = 5;

/// The region in the ARNs of DynamoDB Local.
const LOCAL_REGION: &str = ":ddblocal:";

/// A table of items, as DynamoDB describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemsTable {
    /// Its name.
    pub(crate) name: String,
    /// DynamoDB's `TableId`: another one for each table that is created, also under the same name.
    /// Of DynamoDB Local, which has none, when the table was created.
    pub(crate) id: Option<String>,
    /// The ARN of its latest stream; `None` where it has none.
    pub(crate) stream_arn: Option<String>,
    /// The label of that stream: the last part of the ARN.
    pub(crate) stream_label: Option<String>,
    /// When it was created, in seconds since 1970.
    pub(crate) created_at: Option<i64>,
    /// The number of its items, as DynamoDB counts them every six hours.
    pub(crate) items: u64,
}

impl ItemsTable {
    /// Describes a table.
    ///
    /// # Errors
    /// [`Error::MissingTable`] where there is none; else the error of DynamoDB.
    pub(crate) async fn find(client: &Client, name: &str) -> Result<Self, Error> {
        Ok(Self::new(name, &describe(client, name).await?))
    }

    /// Takes what matters here from a description.
    pub(crate) fn new(name: &str, table: &TableDescription) -> Self {
        let stream_arn = table.latest_stream_arn.clone();
        let label = stream_arn.as_deref().and_then(|arn| arn.rsplit('/').next());
        let created_ms = table.creation_date_time.and_then(|created| created.to_millis().ok());
        Self {
            name: name.to_owned(),
            id: table.table_id.clone().or_else(|| created_ms.map(|created| created.to_string())),
            stream_label: label.map(str::to_owned),
            stream_arn,
            created_at: created_at(table),
            items: table.item_count.and_then(|count| count.try_into().ok()).unwrap_or_default(),
        }
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ARN of its latest stream; `None` where it has none.
    pub fn stream_arn(&self) -> Option<&str> {
        self.stream_arn.as_deref()
    }

    /// Returns the number of its items, as DynamoDB counts them every six hours.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// The label of that stream.
    pub fn stream_label(&self) -> Option<&str> {
        self.stream_label.as_deref()
    }

    /// How exact the times of its stream's records are, in seconds: DynamoDB rounds them down to
    /// the second, DynamoDB Local to the minute.
    pub fn record_time_secs(&self) -> i64 {
        if self.is_dynamodb_local() { 60 } else { 1 }
    }

    /// How far the time of a record may be from DynamoDB's time of the same moment, in seconds:
    /// AWS has many servers, an emulator has one clock.
    pub fn clock_uncertainty_secs(&self) -> i64 {
        // The labels of dynoxide are seconds.
        let is_dynoxide =
            self.stream_label.as_deref().is_some_and(|label| label.parse::<f64>().is_ok());
        if is_dynoxide || self.is_dynamodb_local() { 0 } else { CLOCK_UNCERTAINTY_SECS }
    }

    fn is_dynamodb_local(&self) -> bool {
        self.stream_arn.as_deref().is_some_and(|arn| arn.contains(LOCAL_REGION))
    }

    /// Whether its stream has been enabled since the table was created, so that no change is older
    /// than the stream.
    pub(super) fn has_stream_from_birth(&self) -> bool {
        let began = self.stream_label.as_deref().and_then(label_seconds);
        let delay = began.zip(self.created_at).map(|(began, created)| began - created);
        delay.is_some_and(|delay| delay <= STREAM_DELAY_SECS)
    }
}

/// When a table was created, in seconds since 1970.
pub(super) fn created_at(table: &TableDescription) -> Option<i64> {
    table.creation_date_time.map(|created| created.secs())
}

/// When a stream began, in seconds since 1970, as its label says: RFC 3339 without an offset on AWS
/// and DynamoDB Local (`2026-11-29T20:00:00.123`), seconds with nanoseconds on dynoxide
/// (`1795982400.123456789`).
pub(super) fn label_seconds(label: &str) -> Option<i64> {
    if let Ok(seconds) = label.split('.').next()?.parse() {
        return Some(seconds);
    }
    let time: jiff::civil::DateTime = label.trim_end_matches('Z').parse().ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(created_at: i64, label: &str) -> ItemsTable {
        ItemsTable {
            created_at: Some(created_at),
            stream_label: Some(label.to_owned()),
            ..ItemsTable::default()
        }
    }

    #[test]
    fn the_label_of_a_stream_is_the_time_at_which_it_began() {
        for (label, expected) in [
            ("2026-11-29T20:00:00.123", Some(1_795_982_400)),
            ("2026-11-29T20:00:00", Some(1_795_982_400)),
            ("1795982400.123456789", Some(1_795_982_400)),
            ("latest", None),
            ("", None),
        ] {
            assert_eq!(label_seconds(label), expected, "{label}");
        }
    }

    #[test]
    fn a_stream_that_was_enabled_later_lacks_changes() {
        assert!(table(1_795_982_400, "2026-11-29T20:00:00.900").has_stream_from_birth());
        assert!(table(1_795_982_400, "1795982401.000000000").has_stream_from_birth());
        assert!(!table(1_795_982_400, "2026-11-29T20:01:00.000").has_stream_from_birth());
        assert!(!ItemsTable::default().has_stream_from_birth());
    }
}
