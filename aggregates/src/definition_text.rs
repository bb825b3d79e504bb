//! Texts of definitions, as a definition file has them.

use weir_model::attribute::{Attribute, AttributeType, Case, DefaultValue, ManagedBy, SetItems};
use weir_model::filter::{Condition, Test};
use weir_model::instant::{Offset, TimestampFormat};
use weir_model::rollup::{OnExpiry, Source};
use weir_model::{AttributeValue, ColocatedKey, Entity, ExpectedText, Rollup, TextTest};

/// Returns a list of texts: `["day", "all"]`.
pub(crate) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let quoted = texts.into_iter().map(|text| format!("{text:?}"));
    format!("[{}]", quoted.collect::<Vec<_>>().join(", "))
}

/// Returns the text of a value.
pub(crate) fn value(value: &AttributeValue) -> String {
    match value {
        AttributeValue::S(text) => format!("{text:?}"),
        AttributeValue::N(text) => text.clone(),
        AttributeValue::Bool(value) => value.to_string(),
        other => format!("{other:?}"),
    }
}

/// Returns `match` of an entity, with the mark of the items that it leaves out, if any.
pub(crate) fn marks(entity: &Entity, excluded: Option<&(String, AttributeValue)>) -> String {
    let marks = entity.discriminator.iter();
    let marks = marks.map(|(name, mark)| format!("{name} = {}", value(mark)));
    let texts = entity.text_tests.iter();
    let texts = texts.map(|TextTest { attribute, expected }| match expected {
        ExpectedText::Equal(text) => format!("{attribute} = {text:?}"),
        ExpectedText::Prefix(text) => format!("{attribute} = {{ begins_with = {text:?} }}"),
    });
    let marks = marks.chain(texts);
    let excluded = excluded.into_iter();
    let excluded = excluded.map(|(name, mark)| format!("{name} = {{ ne = {} }}", value(mark)));
    format!("{{ {} }}", marks.chain(excluded).collect::<Vec<_>>().join(", "))
}

/// Returns `where` of a rollup; empty if there is none.
pub(crate) fn filter(rollup: &Rollup) -> String {
    if rollup.compared.is_empty() {
        return String::new();
    }
    let compared = rollup.compared.iter().map(|source| {
        let conditions = rollup.filter.conditions.iter();
        let about: Vec<_> = conditions.filter(|condition| source.is_read_by(condition)).collect();
        format!("{} = {}", name(source.name()), conditions_text(&about))
    });
    format!("{{ {} }}", compared.collect::<Vec<_>>().join(", "))
}

/// Returns a name as the key of a table: in quotes if it has other characters than a bare key.
fn name(name: &str) -> String {
    let is_bare = name.chars().all(|char| char.is_ascii_alphanumeric() || "_-".contains(char));
    if is_bare { name.to_owned() } else { format!("{name:?}") }
}

fn conditions_text(conditions: &[&Condition]) -> String {
    if let [Condition { test: Test::In(operands), .. }] = conditions {
        return match operands.as_slice() {
            [operand] => value(operand),
            operands => values(operands),
        };
    }
    let tests = conditions.iter().map(|condition| test(&condition.test));
    format!("{{ {} }}", tests.collect::<Vec<_>>().join(", "))
}

fn test(test: &Test) -> String {
    match test {
        Test::In(operands) => format!("in = {}", values(operands)),
        Test::Ne(operand) => format!("ne = {}", value(operand)),
        Test::Gt(operand) => format!("gt = {}", value(operand)),
        Test::Gte(operand) => format!("gte = {}", value(operand)),
        Test::Lt(operand) => format!("lt = {}", value(operand)),
        Test::Lte(operand) => format!("lte = {}", value(operand)),
        Test::Between(low, high) => format!("between = [{}, {}]", value(low), value(high)),
        Test::BeginsWith(operand) => format!("begins_with = {}", value(operand)),
        Test::Contains(operand) => format!("contains = {}", value(operand)),
        Test::Exists(expected) => format!("exists = {expected}"),
    }
}

fn values(operands: &[AttributeValue]) -> String {
    format!("[{}]", operands.iter().map(value).collect::<Vec<_>>().join(", "))
}

/// Returns the names of sources as a list.
pub(crate) fn names(sources: &[Source]) -> String {
    list(sources.iter().map(Source::name))
}

/// Returns `on_ttl_expiry`.
pub(crate) fn on_expiry(on_expiry: OnExpiry) -> &'static str {
    match on_expiry {
        OnExpiry::Retract => "retract",
        OnExpiry::Keep => "keep",
    }
}

/// Returns `key` of a rollup; empty if there is none.
pub(crate) fn key(key: Option<&ColocatedKey>) -> String {
    let templates = key.map(|key| key.templates().map(|template| format!("{template}")));
    templates.map(|templates| list(templates.iter().map(String::as_str))).unwrap_or_default()
}

/// Returns the type of an attribute with what belongs to the type: `{ type = "decimal", scale = 2
/// }`.
pub(crate) fn kind(kind: &AttributeType) -> String {
    let mut parts = vec![format!("type = {:?}", kind.name())];
    match kind {
        AttributeType::Decimal { scale } => parts.push(format!("scale = {scale}")),
        AttributeType::Enum { values } => {
            parts.push(format!("values = {}", list(values.iter().map(String::as_str))));
        }
        AttributeType::Timestamp(format) => parts.extend(timestamp(*format)),
        AttributeType::Set(items) => parts.push(format!("items = {:?}", set_items(*items))),
        AttributeType::List(Some(rule)) => {
            parts.push(format!("items = {}", self::kind(&rule.kind)))
        }
        _ => {}
    }
    format!("{{ {} }}", parts.join(", "))
}

fn timestamp(format: TimestampFormat) -> Vec<String> {
    match format {
        TimestampFormat::Epoch => vec!["format = \"epoch\"".to_owned()],
        TimestampFormat::EpochMs => vec!["format = \"epoch_ms\"".to_owned()],
        TimestampFormat::Rfc3339 { places, offset } => {
            let precision = match places {
                0 => "second",
                3 => "millisecond",
                6 => "microsecond",
                _ => "nanosecond",
            };
            let offset = match offset {
                Offset::Zulu => None,
                Offset::Any => Some("any"),
                Offset::Colon | Offset::Basic => Some(offset.text()),
            };
            let offset = offset.map(|text| format!("offset = {text:?}"));
            std::iter::once(format!("precision = {precision:?}")).chain(offset).collect()
        }
    }
}

fn set_items(items: SetItems) -> &'static str {
    match items {
        SetItems::String => "string",
        SetItems::Number => "number",
        SetItems::Binary => "binary",
    }
}

/// Returns the options of an attribute beside its type and its stored name; empty if there are
/// none.
pub(crate) fn options(attribute: &Attribute) -> String {
    let rules = &attribute.rules;
    let flag = |name: &str, is_set: bool| is_set.then(|| format!("{name} = true"));
    let number =
        |name: &str, number: Option<String>| number.map(|number| format!("{name} = {number}"));
    let length = |length: Option<usize>| length.map(|length| length.to_string());
    let parts = [
        flag("required", attribute.required),
        attribute.default.as_ref().map(|default| format!("default = {}", default_text(default))),
        flag("read_only", attribute.read_only),
        attribute.kept.map(|rule| managed(rule).to_owned()),
        flag("hidden", attribute.hidden),
        rules.pattern.as_ref().map(|pattern| format!("pattern = {:?}", pattern.as_str())),
        number("min", rules.min.as_ref().map(ToString::to_string)),
        number("max", rules.max.as_ref().map(ToString::to_string)),
        number("min_length", length(rules.min_length)),
        number("max_length", length(rules.max_length)),
        flag("trim", rules.trim),
        rules.case.and_then(|known| flag(case(known), true)),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("{{ {} }}", parts.join(", ")) }
}

/// Returns the name of the option that makes letters one case.
pub(crate) fn case(case: Case) -> &'static str {
    match case {
        Case::Lower => "lower",
        Case::Upper => "upper",
    }
}

fn managed(rule: ManagedBy) -> &'static str {
    match rule {
        ManagedBy::WrittenAt => "on_update = \"now\"",
        ManagedBy::Version => "version = true",
    }
}

fn default_text(default: &DefaultValue) -> String {
    match default {
        DefaultValue::Value(given) => value(given),
        DefaultValue::Json(json) => json.to_string(),
        DefaultValue::Uuid => "\"uuid\"".to_owned(),
        DefaultValue::Ulid => "\"ulid\"".to_owned(),
        DefaultValue::Now => "\"now\"".to_owned(),
    }
}
