//! The registry of environment variables: each one that the three programs read, listed once.
//!
//! docs/configuration.md has the same list for those who deploy, and a test holds it to this one.
//!
//! **Invariant:** a variable that begins as Weir's own do and is not listed stops a program at its
//! start: it is a misspelt setting, and the default it leaves in place may be what the operator
//! meant to change.

/// The prefix of every variable of Weir's own.
pub const PREFIX: &str = "WEIR_";

/// A variable.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The programs that read it.
    pub readers: &'static str,
    /// Its meaning.
    pub meaning: &'static str,
    /// Its default.
    pub unless_set: &'static str,
}

const EVERY_PROGRAM: &str = "all";
const WRITER: &str = "writer";
const SERVERS: &str = "writer, reader as servers";
const LOCAL_SERVERS: &str = "writer, reader as servers; metrics of a poller; `weir dev`";
const READER: &str = "reader";
const READER_OR_DEV: &str = "reader; `weir dev`";
const POLLER: &str = "processor as a poller";

macro_rules! registry {
    ($($name:literal $readers:ident $meaning:literal $unless_set:literal;)*) => {
        /// Every variable.
        pub const ALL: &[Variable] = &[$(Variable {
            name: $name,
            readers: $readers,
            meaning: $meaning,
            unless_set: $unless_set,
        }),*];
    };
}

registry! {
    "WEIR_FILE" EVERY_PROGRAM "the definition file" "`weir.toml` in the working directory";
    "TABLE_NAME" EVERY_PROGRAM "the table of items" "the definition's";
    "ROLLUPS_TABLE_NAME" EVERY_PROGRAM "the table of rollups" "`<table>-rollups`";
    "RUST_LOG" EVERY_PROGRAM "what is logged, in the words of tracing's `EnvFilter`" "`info`";
    "AWS_ENDPOINT_URL_DYNAMODB" EVERY_PROGRAM
        "another DynamoDB than the region's own; region, credentials and profile are the SDK's \
         usual variables"
        "the region's";
    "OTEL_EXPORTER_OTLP_ENDPOINT" EVERY_PROGRAM
        "where spans are sent over HTTP, with the feature `opentelemetry`"
        "nothing is sent";
    "OTEL_SERVICE_NAME" EVERY_PROGRAM "the name of the service in spans" "the program's name";
    "AWS_LAMBDA_RUNTIME_API" EVERY_PROGRAM
        "set by Lambda: requests and events come from it"
        "a server, or a poller";
    "WEIR_CURSOR_KEY" READER
        "the secret that seals cursors: 64 hexadecimal digits or the base64 of 32 bytes; to \
         change it, the new one, a comma, and the old one until its cursors are used up"
        "on Lambda the reader does not start; a server takes a random key, and accepts no \
         cursor of another process";
    "HOST" SERVERS "the address that is bound" "`127.0.0.1`";
    "PORT" SERVERS "the port that is bound, 0 for a free one" "3001 and 3002";
    "WEIR_AUDIT" WRITER "whether each change is logged with its caller, `on` or `off`" "`on`";
    "WEIR_ALLOWED_HOSTS" LOCAL_SERVERS
        "names of hosts, separated by commas, that requests may name in `Host` and pages in \
         `Origin`, beside loopback names; checked at a loopback address, and elsewhere if it is \
         set"
        "none";
    "WEIR_MAX_CONNECTIONS" LOCAL_SERVERS
        "the most open connections, 1 to 65536; one more closes the quietest, or gets 503 if \
         all are being answered"
        "512";
    "WEIR_HEADER_TIMEOUT_SECS" LOCAL_SERVERS "the time for the header of a request, 1 to 300" "10";
    "WEIR_BODY_TIMEOUT_SECS" LOCAL_SERVERS
        "the time for the body of a request, and for a client that reads nothing of its answer, \
         1 to 900"
        "30";
    "WEIR_IDLE_TIMEOUT_SECS" LOCAL_SERVERS
        "the time that a connection stays open without a request, 1 to 3600; more than that of \
         a load balancer in front"
        "75";
    "WEIR_REQUEST_MAX_READS" READER_OR_DEV
        "the reads of DynamoDB that one request may make, 100 to 1000000"
        "1000";
    "WEIR_REQUEST_MAX_READ_MB" READER_OR_DEV
        "the megabytes that they may read, 8 to 10000, as DynamoDB bills them"
        "20";
    "WEIR_AFTER_WAIT_SECS" READER_OR_DEV
        "how long a rollup question with `after` waits until the write is counted, 0 to 20, and \
         not beyond the time that Lambda leaves for the request"
        "5";
    "WEIR_POLLER_NAME" POLLER
        "who holds the lease; a poller takes over at once from another of its name"
        "host, process, and a random number";
    "WEIR_BATCH_SIZE" POLLER "the most records in an event, 1 to 10000" "100";
    "WEIR_BATCHING_WINDOW_SECS" POLLER "how long a batch may fill, 0 to 300" "0";
    "WEIR_TUMBLING_WINDOW_SECS" POLLER "the length of the window in each event, 1 to 900" "60";
    "WEIR_FILTER_CRITERIA" POLLER
        "which records are handed over, as JSON of Lambda's `FilterCriteria`"
        "all";
    "WEIR_MAXIMUM_RETRY_ATTEMPTS" POLLER
        "how often a batch is handed over again before it is discarded, 0 to 10000, or -1 for \
         ever"
        "-1";
    "WEIR_MAXIMUM_RECORD_AGE_SECS" POLLER
        "the age at which a record is discarded, 60 to 604800, or -1 for none"
        "-1";
    "WEIR_BISECT_BATCH_ON_FUNCTION_ERROR" POLLER
        "whether a batch that failed is cut in two, `true` or `false`"
        "`false`";
    "WEIR_SHUTDOWN_TIMEOUT_SECS" POLLER
        "how long a poller that stops waits for its batches in flight, 0 to 900; a batch that \
         is not handled by then is delivered again by the next poller"
        "8";
    "WEIR_METRICS_ADDRESS" POLLER
        "where `/metrics` is served for Prometheus, such as `0.0.0.0:9090`"
        "nothing is served";
}

/// The names among these that are like Weir's own and that nothing reads, in order.
pub(crate) fn unknown(names: impl Iterator<Item = String>) -> Vec<String> {
    let is_known = |name: &str| ALL.iter().any(|variable| variable.name == name);
    let mut unknown: Vec<_> =
        names.filter(|name| name.starts_with(PREFIX) && !is_known(name)).collect();
    unknown.sort_unstable();
    unknown
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::Environment;

    #[test]
    fn a_name_is_listed_once() {
        let names: HashSet<_> = ALL.iter().map(|variable| variable.name).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn what_nothing_reads_is_found_among_what_others_set() {
        let names = ["PATH", "WEIR_BATCH_SIZ", "WEIR_FILE", "weir_x", "WEIR_A"];
        assert_eq!(unknown(names.map(str::to_owned).into_iter()), ["WEIR_A", "WEIR_BATCH_SIZ"]);
    }

    #[test]
    fn a_misspelt_variable_is_named_with_the_one_that_was_meant() {
        let misspelt = Environment::from_pairs([("WEIR_BATCH_SIZ", "1"), ("PATH", "/bin")]);
        let error = misspelt.check_names().expect_err("misspelt").to_string();
        assert!(error.ends_with("did you mean WEIR_BATCH_SIZE?"), "{error}");
        Environment::from_pairs([("WEIR_BATCH_SIZE", "1")]).check_names().expect("known");
    }
}
