//! The settings of a poller in a container: what its environment says, and Lambda's defaults.
//!
//! The variables and what each may be are listed in the documentation of
//! [`Settings::from_environment`]. A variable that is not set leaves the default; one that is set
//! to anything else than it may be is refused, with its name.
//!
//! **Invariant:** two processes have two names unless they are set alike, in containers as well,
//! where each is process 1: of two pollers with one name each takes the lease from the other at
//! once.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;
use std::{fs, process};

use weir_startup::Environment;

use super::error::Error;
use super::filter::FilterCriteria;
use super::settings::{
    MAX_BATCH_RECORDS, MAX_BATCHING_WINDOW_SECS, MAX_RECORD_AGE_SECS, MAX_RETRY_ATTEMPTS,
    MAX_SHUTDOWN_TIMEOUT_SECS, MAX_TUMBLING_WINDOW_SECS, MIN_RECORD_AGE_SECS, Settings, Source,
};

const POLLER_NAME: &str = "WEIR_POLLER_NAME";
const BATCH_SIZE: &str = "WEIR_BATCH_SIZE";
const BATCHING_WINDOW_SECS: &str = "WEIR_BATCHING_WINDOW_SECS";
const TUMBLING_WINDOW_SECS: &str = "WEIR_TUMBLING_WINDOW_SECS";
const FILTER_CRITERIA: &str = "WEIR_FILTER_CRITERIA";
const MAXIMUM_RETRY_ATTEMPTS: &str = "WEIR_MAXIMUM_RETRY_ATTEMPTS";
const MAXIMUM_RECORD_AGE_SECS: &str = "WEIR_MAXIMUM_RECORD_AGE_SECS";
const BISECT_BATCH_ON_FUNCTION_ERROR: &str = "WEIR_BISECT_BATCH_ON_FUNCTION_ERROR";
const SHUTDOWN_TIMEOUT_SECS: &str = "WEIR_SHUTDOWN_TIMEOUT_SECS";

/// Where containers, and many other machines, say what the host is called.
const HOST_NAME: &str = "HOSTNAME";
/// Where Linux says it.
const HOST_NAME_FILE: &str = "/etc/hostname";

impl Settings {
    /// Reads the settings for polling this source from the environment.
    ///
    /// | variable | is | unless set |
    /// |---|---|---|
    /// | `WEIR_POLLER_NAME` | who holds the lease | the host, the process, and a random number |
    /// | `WEIR_BATCH_SIZE` | the most records in an event, 1 to 10000 | 100 |
    /// | `WEIR_BATCHING_WINDOW_SECS` | how long a batch may fill, 0 to 300 | 0 |
    /// | `WEIR_TUMBLING_WINDOW_SECS` | the length of the window in each event, 1 to 900 | 60 |
    /// | `WEIR_FILTER_CRITERIA` | which records are delivered, as JSON of FilterCriteria | all |
    /// | `WEIR_MAXIMUM_RETRY_ATTEMPTS` | retries before a batch is discarded, 0 to 10000, or -1 | -1 |
    /// | `WEIR_MAXIMUM_RECORD_AGE_SECS` | the age that discards a record, 60 to 604800, or -1 | -1 |
    /// | `WEIR_BISECT_BATCH_ON_FUNCTION_ERROR` | whether a failed batch is halved | `false` |
    /// | `WEIR_SHUTDOWN_TIMEOUT_SECS` | the wait for batches in flight at a stop, 0 to 900 | 8 |
    ///
    /// # Errors
    /// The variable that is not what it may be.
    pub fn from_environment(source: Source, environment: &Environment) -> Result<Self, Error> {
        let name = |value: &str| (!value.trim().is_empty()).then(|| value.to_owned());
        let owner = match environment.parse(POLLER_NAME, "a name", name)? {
            Some(name) => name,
            None => poller_name(host_name(environment).as_deref(), process::id(), random()),
        };
        let mut settings = Settings::new(source, owner);
        if let Some(records) = environment.number(BATCH_SIZE, 1..=MAX_BATCH_RECORDS as u64)? {
            settings.batch_size = records as usize;
        }
        if let Some(secs) =
            environment.number(BATCHING_WINDOW_SECS, 0..=MAX_BATCHING_WINDOW_SECS)?
        {
            settings.batching_window = Duration::from_secs(secs);
        }
        if let Some(secs) =
            environment.number(TUMBLING_WINDOW_SECS, 1..=MAX_TUMBLING_WINDOW_SECS)?
        {
            settings.tumbling_window = Duration::from_secs(secs);
        }
        if let Some(criteria) = environment.text(FILTER_CRITERIA) {
            settings.filter_criteria = FilterCriteria::from_json(&criteria)
                .map_err(|source| Error::FilterCriteria { setting: FILTER_CRITERIA, source })?;
        }
        if let Some(attempts) =
            environment.limit(MAXIMUM_RETRY_ATTEMPTS, 0..=u64::from(MAX_RETRY_ATTEMPTS))?
        {
            settings.maximum_retry_attempts = attempts.map(|attempts| attempts as u32);
        }
        if let Some(age) =
            environment.limit(MAXIMUM_RECORD_AGE_SECS, MIN_RECORD_AGE_SECS..=MAX_RECORD_AGE_SECS)?
        {
            settings.maximum_record_age = age.map(Duration::from_secs);
        }
        if let Some(bisects) =
            environment.choice(BISECT_BATCH_ON_FUNCTION_ERROR, ["true", "false"])?
        {
            settings.bisect_batch_on_function_error = bisects;
        }
        if let Some(secs) =
            environment.number(SHUTDOWN_TIMEOUT_SECS, 0..=MAX_SHUTDOWN_TIMEOUT_SECS)?
        {
            settings.shutdown_timeout = Duration::from_secs(secs);
        }
        Ok(settings)
    }
}

/// A name that no other process has.
fn poller_name(host: Option<&str>, process: u32, random: u32) -> String {
    let host = host.map(str::trim).filter(|host| !host.is_empty()).unwrap_or("an unnamed host");
    format!("processor {process} on {host} {random:08x}")
}

fn host_name(environment: &Environment) -> Option<String> {
    environment.text(HOST_NAME).or_else(|| fs::read_to_string(HOST_NAME_FILE).ok())
}

/// From the operating system: the generator of the thread may have been seeded alike elsewhere.
fn random() -> u32 {
    RandomState::new().hash_one(process::id()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Result<Settings, Error> {
        let source = Source::Table("flights".to_owned());
        Settings::from_environment(source, &Environment::from_pairs(variables.iter().copied()))
    }

    fn check_refusal(name: &str, value: &str, expected: &str) {
        let error = settings(&[(name, value)]).expect_err("a refusal").to_string();
        assert_eq!(error, format!("{name} is `{value}`, expected {expected}"));
    }

    #[test]
    fn an_empty_environment_leaves_lambdas_defaults_and_a_name_of_its_own() {
        let (one, other) = (settings(&[]).expect("defaults"), settings(&[]).expect("defaults"));
        let defaults = Settings::new(Source::Table("flights".to_owned()), &one.owner);
        assert_eq!(format!("{one:?}"), format!("{defaults:?}"));
        assert_ne!(one.owner, other.owner, "also where host and process are the same");
    }

    #[test]
    fn a_name_tells_host_and_process() {
        let name = poller_name(Some("web-7\n"), 1, 0xbeef);
        assert_eq!(name, "processor 1 on web-7 0000beef");
        assert_eq!(poller_name(None, 1, 0), "processor 1 on an unnamed host 00000000");
    }

    #[test]
    fn each_variable_sets_what_it_names() {
        let settings = settings(&[
            (POLLER_NAME, "poller-0"),
            (BATCH_SIZE, "10000"),
            (BATCHING_WINDOW_SECS, "0"),
            (TUMBLING_WINDOW_SECS, "900"),
            (FILTER_CRITERIA, r#"{"Filters":[{"Pattern":"{\"eventName\":[\"REMOVE\"]}"}]}"#),
            (MAXIMUM_RETRY_ATTEMPTS, "0"),
            (MAXIMUM_RECORD_AGE_SECS, "60"),
            (BISECT_BATCH_ON_FUNCTION_ERROR, "true"),
            (SHUTDOWN_TIMEOUT_SECS, "25"),
        ])
        .expect("settings");
        assert_eq!(settings.owner, "poller-0");
        assert_eq!(settings.batch_size, 10_000);
        assert_eq!(settings.batching_window, Duration::ZERO);
        assert_eq!(settings.tumbling_window, Duration::from_secs(900));
        let criteria = FilterCriteria::new([r#"{"eventName":["REMOVE"]}"#]).expect("filters");
        assert_eq!(settings.filter_criteria, criteria);
        assert_eq!(settings.maximum_retry_attempts, Some(0));
        assert_eq!(settings.maximum_record_age, Some(Duration::from_secs(60)));
        assert!(settings.bisect_batch_on_function_error);
        assert_eq!(settings.shutdown_timeout, Duration::from_secs(25));
    }

    #[test]
    fn minus_one_is_no_limit() {
        let limits = [(MAXIMUM_RETRY_ATTEMPTS, "-1"), (MAXIMUM_RECORD_AGE_SECS, "-1")];
        let settings = settings(&limits).expect("settings");
        assert_eq!((settings.maximum_retry_attempts, settings.maximum_record_age), (None, None));
    }

    #[test]
    fn what_a_variable_may_not_be_is_refused_by_its_name() {
        check_refusal(POLLER_NAME, " ", "a name");
        for value in ["0", "10001", "many", "", "-1", "1.5"] {
            check_refusal(BATCH_SIZE, value, "a whole number from 1 to 10000");
        }
        check_refusal(BATCHING_WINDOW_SECS, "301", "a whole number from 0 to 300");
        for value in ["0", "901"] {
            check_refusal(TUMBLING_WINDOW_SECS, value, "a whole number from 1 to 900");
        }
        for value in ["-2", "10001"] {
            let expected = "a whole number from 0 to 10000, or -1 for none";
            check_refusal(MAXIMUM_RETRY_ATTEMPTS, value, expected);
        }
        for value in ["0", "59", "604801"] {
            let expected = "a whole number from 60 to 604800, or -1 for none";
            check_refusal(MAXIMUM_RECORD_AGE_SECS, value, expected);
        }
        let numeric = r#"{"Filters":[{"Pattern":"{\"eventName\":[{\"like\":\"R\"}]}"}]}"#;
        assert_eq!(
            settings(&[(FILTER_CRITERIA, numeric)]).expect_err("a refusal").to_string(),
            "WEIR_FILTER_CRITERIA is invalid: filter 1: `eventName` is {\"like\":\"R\"}, expected \
             prefix, suffix, equals-ignore-case, anything-but, numeric or exists"
        );
        check_refusal(BISECT_BATCH_ON_FUNCTION_ERROR, "yes", "true or false");
        check_refusal(SHUTDOWN_TIMEOUT_SECS, "901", "a whole number from 0 to 900");
    }
}
