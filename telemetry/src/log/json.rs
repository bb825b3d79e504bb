//! An event as one flat JSON object: when, how grave, what, its fields, and those of the spans it
//! is in.
//!
//! A span's field with a dot in its name is an attribute for traces alone, as OpenTelemetry's are,
//! and is left out.
//!
//! **Invariant:** a name stands once in an object. What is nearer to the event wins: its own
//! fields, then those of the innermost span.

use std::fmt;

use serde_json::{Map, Number, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Names that are the formatter's, whatever a field is called.
const TIMESTAMP: &str = "timestamp";
const LEVEL: &str = "level";
const TARGET: &str = "target";

/// Writes an event as a flat JSON object.
pub(super) struct Flat;

/// Gathers fields.
struct Fields<'a>(&'a mut Map<String, Value>);

impl<S> FormatEvent<S, JsonFields> for Flat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Map::new();
        let mut now = String::new();
        SystemTime.format_time(&mut Writer::new(&mut now))?;
        line.insert(TIMESTAMP.to_owned(), now.into());
        line.insert(LEVEL.to_owned(), event.metadata().level().as_str().into());
        event.record(&mut Fields(&mut line));
        for span in context.event_scope().into_iter().flatten() {
            let extensions = span.extensions();
            let Some(fields) = extensions.get::<FormattedFields<JsonFields>>() else { continue };
            let Ok(fields) = serde_json::from_str::<Map<String, Value>>(fields) else { continue };
            for (name, value) in fields {
                if !name.contains('.') {
                    line.entry(name).or_insert(value);
                }
            }
        }
        line.entry(TARGET).or_insert_with(|| event.metadata().target().into());
        let line = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writer.write_str(&line)?;
        writer.write_char('\n')
    }
}

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.entry(field.name()).or_insert(value);
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Number::from_f64(value).map_or(Value::Null, Value::Number));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic holds it").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(events: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = crate::log::json(move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, events);
        let bytes = lines.0.lock().expect("no panic holds it").clone();
        let text = String::from_utf8(bytes).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }

    #[test]
    fn an_event_is_one_flat_line_with_a_time_and_a_level() {
        let lines = logged(|| {
            tracing::warn!(
                count = 3_u64,
                share = 0.5,
                text = "a\nb",
                text2 = %1,
                absent = None::<u64>,
                "two\nlines"
            );
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let keys: Vec<_> = line.as_object().expect("an object").keys().collect();
        let expected =
            ["timestamp", "level", "message", "count", "share", "text", "text2", "target"];
        assert_eq!(keys, expected);
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "two\nlines");
        assert_eq!((&line["count"], &line["share"]), (&3.into(), &0.5.into()));
        let time = line["timestamp"].as_str().expect("text");
        assert!(time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
    }

    #[test]
    fn fields_of_spans_are_beside_those_of_the_event_and_the_nearer_wins() {
        let lines = logged(|| {
            let outer =
                tracing::info_span!("outer", id = "a", kept = 1, level = "forged", otel.name = "x");
            let inner = outer
                .in_scope(|| tracing::info_span!("inner", id = "b", later = tracing::field::Empty));
            inner.record("later", 7);
            inner.in_scope(|| tracing::info!(kept = 2, "said"));
        });
        let line = &lines[0];
        assert_eq!(
            (&line["id"], &line["kept"], &line["later"]),
            (&"b".into(), &2.into(), &7.into())
        );
        assert_eq!(line["level"], "INFO");
        assert!(line.get("otel.name").is_none());
    }
}
