//! Ranges of sort keys that are made from a timestamp: of whole seconds, with the instants that are
//! wanted.
//!
//! ```text
//! ?from=2026-11-20T06:40:54.500Z     ORDER#2026-11-20T06:40:54 ≤ SK, of which those from 54.500 on
//! ```

use weir_model::filter::Test;
use weir_model::instant::{Offset, SECOND_LENGTH, TimestampFormat};
use weir_model::template::Format;
use weir_model::{AttributeType, AttributeValue, FieldError, Path};
use weir_table::{Instants, SortRange};

use super::{BEGINNING, END, Open, Range, SortKeyFilter, completed, error};

/// An end of a range, or the one instant that is wanted: the parameter, its value and its test.
struct Wanted<'a> {
    parameter: &'static str,
    text: &'a str,
    test: fn(AttributeValue) -> Test,
}

impl<'a> Wanted<'a> {
    fn new(parameter: &'static str, text: &'a str, test: fn(AttributeValue) -> Test) -> Self {
        Self { parameter, text, test }
    }
}

impl SortKeyFilter {
    /// Returns the instants that are asked for. The beginning of a time is text, and asks for none.
    fn instants(&self) -> Vec<Wanted<'_>> {
        let equal = |value| Test::In(vec![value]);
        let whole = self.begins_with.as_deref().filter(|text| text.ends_with('Z'));
        let whole = whole.map(|text| Wanted::new("begins_with", text, equal));
        let eq = self.eq.as_deref().map(|text| Wanted::new("eq", text, equal));
        let ends = self.between.as_deref().and_then(|text| text.split_once(','));
        let ends = ends.map(|(low, high)| {
            [Wanted::new("between", low, Test::Gte), Wanted::new("between", high, Test::Lte)]
        });
        let edges = self.low.iter().chain(&self.high).map(|(name, text)| {
            let test = match *name {
                "gt" => Test::Gt,
                "lte" => Test::Lte,
                "to" | "lt" => Test::Lt,
                _ => Test::Gte,
            };
            Wanted::new(name, text, test)
        });
        let alone = whole.into_iter().chain(eq).chain(ends.into_iter().flatten());
        alone.chain(edges).collect()
    }
}

impl Open<'_> {
    /// Returns the range of whole seconds around the keys of some instants; the keys themselves,
    /// where nothing is asked of a timestamp.
    ///
    /// # Errors
    /// The parameter that asks for instants of which the keys are in no order.
    pub(super) fn of_instants(
        &self,
        asked: &SortKeyFilter,
        keys: SortRange,
    ) -> Result<Range, FieldError> {
        let is_whole = matches!(self.format, Format::Plain | Format::Lower | Format::Upper);
        let AttributeType::Timestamp(format @ TimestampFormat::Rfc3339 { offset, .. }) =
            self.first.kind
        else {
            return Ok(keys.into());
        };
        let wanted = asked.instants();
        let Some(first) = wanted.first().filter(|_| is_whole) else { return Ok(keys.into()) };
        if offset == Offset::Any {
            let name = &self.first.name;
            let message = format!(
                "`{name}` is stored with any offset, so the sort keys made from it are not in the \
                 order of time; expected no range, or an `offset` of `{name}` in the definition"
            );
            return Err(error(first.parameter, message));
        }
        let prefix = self.text()?;
        let mut low = if prefix.is_empty() { BEGINNING.to_owned() } else { prefix.clone() };
        let mut high = format!("{prefix}{END}");
        let mut tests = Vec::new();
        for Wanted { parameter, text, test } in wanted {
            let text = completed(text);
            let value = self.first.normalise_text(&text);
            let value = value.map_err(|invalid| error(parameter, invalid.to_string()))?;
            let key = self.key(parameter, &text)?;
            let second = format!("{prefix}{}", key.get(..SECOND_LENGTH).unwrap_or(&key));
            let test = test(value);
            if !matches!(test, Test::Lt(_) | Test::Lte(_)) {
                low.clone_from(&second);
            }
            if !matches!(test, Test::Gt(_) | Test::Gte(_)) {
                high = format!("{second}{END}");
            }
            tests.push(test);
        }
        let path = Path::from_attribute(self.first);
        let instants = Instants { path, format, tests, keys };
        Ok(Range { keys: SortRange::Between(low, high), instants: Some(instants) })
    }
}
