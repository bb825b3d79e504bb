//! DynamoDB's own time: the `Date` of its responses.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

use crate::clock;

/// Keeps the `Date` of a response.
#[derive(Clone, Debug, Default)]
pub(super) struct ResponseDate(Arc<Mutex<Option<String>>>);

impl ResponseDate {
    /// Returns DynamoDB's time of the response, in seconds since 1970; `None` before there is one.
    pub(super) fn seconds(&self) -> Option<i64> {
        clock::http_seconds(self.0.lock().expect("no holder panics").as_deref()?)
    }
}

impl Intercept for ResponseDate {
    fn name(&self) -> &'static str {
        "ResponseDate"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").map(str::to_owned);
        *self.0.lock().expect("no holder panics") = date;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_a_response_is_read_as_http_writes_it() {
        let date = |text: &str| ResponseDate(Arc::new(Mutex::new(Some(text.to_owned())))).seconds();
        assert_eq!(date("Sun, 29 Nov 2026 20:00:00 GMT"), Some(1_795_982_400));
        assert_eq!(date("yesterday"), None);
        assert_eq!(ResponseDate::default().seconds(), None);
    }
}
