//! The summary of an entity: how its keys are made, what its attributes take, where it is served.

use weir_http::{EntityPaths, Route};
use weir_model::attribute::{Case, DefaultValue, ManagedBy, Rules, SetItems};
use weir_model::instant::TimestampFormat;
use weir_model::template::{Cut, Format, Segment};
use weir_model::value::{decode, shown};
use weir_model::{
    Attribute, AttributeType, AttributeValue, Entity, ExpectedText, Members, Model, Pattern,
    Template, TextTest,
};

use super::{cost, indented, relation, row, section};

/// The order in which methods are listed.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

pub(super) fn summary(model: &Model, entity: &Entity, routes: &[Route]) -> String {
    let keys = entity.keys.iter().map(|key| row([&key.key, &template(&key.template)]));
    let attributes = entity.attributes.iter();
    let attributes = attributes.flat_map(|attribute| rows(&attribute.name, attribute));
    let mut parts = vec![
        format!("entity {}\n", entity.name),
        indented(&section("keys", keys.collect())),
        indented(&section("attributes", attributes.collect())),
        indented(&section("paths", paths(entity, routes))),
    ];
    parts.extend(unlisted(entity).map(|text| indented(&text)));
    if !entity.patterns.is_empty() {
        let patterns = entity.patterns.iter().map(|known| pattern(entity, known));
        parts.push(indented(&section("patterns", patterns.collect())));
    }
    if !entity.relations.is_empty() {
        let relations = entity.relations.iter().map(|known| relation::row(model, entity, known));
        parts.push(indented(&section("relations", relations.collect())));
    }
    if !entity.collections.is_empty() {
        let paths: Vec<_> =
            entity.collections.iter().map(|name| collection(name, routes)).collect();
        parts.push(indented(&format!("collections {}\n", paths.join(", "))));
    }
    if !entity.unique.is_empty() {
        let names = entity.unique.iter().map(|unique| unique.attributes.join(" with "));
        parts.push(indented(&format!("unique {}\n", names.collect::<Vec<_>>().join(", "))));
    }
    if !entity.claims.is_empty() {
        let others: Vec<_> = entity.claims.iter().map(|claim| claim.entity.as_str()).collect();
        parts.push(indented(&format!("takes no key of {}\n", others.join(", "))));
    }
    if let Some(costs) = cost::of_entity(model, entity) {
        parts.push(indented(&format!("costs {costs}\n")));
    }
    if uses_match(entity) {
        let tests = entity.discriminator.iter();
        let tests = tests.map(|(name, value)| format!("{name} = {}", text(value)));
        let tests: Vec<_> = tests.chain(entity.text_tests.iter().map(text_test)).collect();
        parts.push(indented(&format!("known by {}\n", tests.join(" and "))));
    }
    parts.concat()
}

/// Says that partitions hold several items and have no list, for its path would be that of an item:
/// `PK = "{at:month}"` with `SK = "{at}"`. A pattern over the table lists them.
fn unlisted(entity: &Entity) -> Option<String> {
    let paths = EntityPaths::new(entity);
    let own = Pattern::of_table(entity);
    let is_listed = paths.has_list()
        || own.open_attributes(entity).is_empty()
        || entity.patterns.iter().any(|known| known.index.is_none() && known.by.is_empty());
    (!is_listed).then(|| {
        let name = &entity.name;
        format!(
            "no list of a partition: {} is the path of an item; add \
             [entities.{name}.patterns.NAME] without `index` to list it\n",
            paths.item
        )
    })
}

/// Returns the path of a collection, which its first entity names the values of.
fn collection(name: &str, routes: &[Route]) -> String {
    let start = format!("/collections/{name}/");
    let is_of = |path: &str| format!("{path}/").starts_with(&start);
    let mut paths = routes.iter().map(|route| &route.path);
    paths.find(|path| is_of(path)).cloned().unwrap_or_default()
}

/// Returns the paths of the entity, each once, with the methods it takes.
fn paths(entity: &Entity, routes: &[Route]) -> Vec<Vec<String>> {
    let mut paths: Vec<(&str, Vec<String>)> = Vec::new();
    for route in routes.iter().filter(|route| route.entity.as_ref() == Some(&entity.name)) {
        let method = route.operation.method().to_string();
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, methods)) => methods.push(method),
            None => paths.push((&route.path, vec![method])),
        }
    }
    paths.sort_by_key(|(path, _)| path.len());
    for (_, methods) in &mut paths {
        methods.sort_by_key(|method| METHODS.iter().position(|known| known == method));
    }
    paths.into_iter().map(|(path, methods)| row([path, &methods.join(" ")])).collect()
}

/// Returns the partitions that a pattern reads, and in which order, in words.
fn pattern(entity: &Entity, pattern: &Pattern) -> Vec<String> {
    let read =
        pattern.index.as_ref().map_or("the table".to_owned(), |name| format!("index {name}"));
    let mut said = Vec::new();
    let given = pattern.given_attributes();
    said.push(if given.is_empty() {
        "one partition".to_owned()
    } else {
        format!("by {}", given.join(", "))
    });
    let open = pattern.open_attributes(entity);
    if !open.is_empty() {
        let is_greatest_first = pattern.descending != is_reversed(pattern, open[0]);
        let order = if is_greatest_first { ", the greatest first" } else { "" };
        said.push(format!("sorted by {}{order}", open.join(", ")));
    }
    if !pattern.filter.is_always() {
        said.push("those that its `where` admits".to_owned());
    }
    row([&pattern.name, &read, &said.join("; ")])
}

/// Returns whether the sort key has the greatest value of an attribute first.
fn is_reversed(pattern: &Pattern, name: &str) -> bool {
    let segments = pattern.sort.iter().flat_map(|key| &key.template.segments);
    segments.into_iter().any(|segment| {
        matches!(
            segment,
            Segment::Field { attribute, format: Format::Descending(_), .. } if attribute == name
        )
    })
}

/// Returns whether the entity is known by something else than its name.
fn uses_match(entity: &Entity) -> bool {
    let by_name = AttributeValue::S(entity.name.clone());
    !matches!(entity.discriminator.as_slice(), [(_, value)] if *value == by_name)
        || !entity.text_tests.is_empty()
}

fn text_test(test: &TextTest) -> String {
    let name = &test.attribute;
    match &test.expected {
        ExpectedText::Equal(expected) => format!("{name} = {expected}"),
        ExpectedText::Prefix(prefix) if prefix.is_empty() => format!("{name}, as every item is"),
        ExpectedText::Prefix(prefix) => format!("{name} that begins with {prefix}"),
    }
}

/// Returns a key template as the file has it.
pub(super) fn template(template: &Template) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Literal(text) => text.clone(),
        Segment::Field { attribute, format, optional } => {
            let mark = if *optional { "?" } else { "" };
            format!("{{{attribute}{mark}{}}}", suffix(*format))
        }
    };
    template.segments.iter().map(segment).collect()
}

fn suffix(format: Format) -> String {
    match format {
        Format::Plain => String::new(),
        Format::Padded(width) => format!(":0{width}"),
        Format::Descending(width) => format!(":desc0{width}"),
        Format::Lower => ":lower".to_owned(),
        Format::Upper => ":upper".to_owned(),
        Format::Cut(Cut::Year) => ":year".to_owned(),
        Format::Cut(Cut::Month) => ":month".to_owned(),
        Format::Cut(Cut::Day) => ":day".to_owned(),
        Format::Cut(Cut::Hour) => ":hour".to_owned(),
        Format::Cut(Cut::Minute) => ":minute".to_owned(),
    }
}

/// Returns an attribute, and what is in it by its paths: `address.zip`, `lines[].price`,
/// `skills.*.level`.
fn rows(place: &str, attribute: &Attribute) -> Vec<Vec<String>> {
    let own = row([place, &kind(&attribute.kind), &options(attribute)]);
    std::iter::once(own).chain(rows_inside(place, &attribute.kind)).collect()
}

fn rows_inside(place: &str, kind: &AttributeType) -> Vec<Vec<String>> {
    match kind {
        AttributeType::Map(Members::Named(attributes)) => attributes
            .iter()
            .flat_map(|inner| rows(&format!("{place}.{}", inner.name), inner))
            .collect(),
        AttributeType::Map(Members::Each(rule)) => rows_inside(&format!("{place}.*"), &rule.kind),
        AttributeType::List(Some(rule)) => rows_inside(&format!("{place}[]"), &rule.kind),
        _ => Vec::new(),
    }
}

fn kind(kind: &AttributeType) -> String {
    match kind {
        AttributeType::Decimal { scale } => format!("decimal, scale {scale}"),
        AttributeType::Enum { values } => values.join(" | "),
        AttributeType::Set(SetItems::String) => "set of string".to_owned(),
        AttributeType::Set(SetItems::Number) => "set of number".to_owned(),
        AttributeType::Set(SetItems::Binary) => "set of binary".to_owned(),
        AttributeType::List(Some(rule)) => format!("list of {}", self::kind(&rule.kind)),
        AttributeType::Map(Members::Each(rule)) => format!("map of {}", self::kind(&rule.kind)),
        AttributeType::Timestamp(TimestampFormat::Epoch) => "timestamp, epoch".to_owned(),
        AttributeType::Timestamp(TimestampFormat::EpochMs) => "timestamp, epoch_ms".to_owned(),
        AttributeType::Timestamp(TimestampFormat::Rfc3339 { places: 0, .. }) => {
            "timestamp, whole seconds".to_owned()
        }
        other => other.name().to_owned(),
    }
}

/// Returns the other properties of an attribute, in words.
fn options(attribute: &Attribute) -> String {
    let mut options = Vec::new();
    let mut say = |said: bool, text: String| options.extend(said.then_some(text));
    say(attribute.required, "required".to_owned());
    if let Some(default) = &attribute.default {
        say(true, format!("default {}", default_text(default)));
    }
    say(attribute.read_only, "read only".to_owned());
    if let Some(kept) = attribute.kept {
        let kept = match kept {
            ManagedBy::WrittenAt => "when it was last written",
            ManagedBy::Version => "how often it was written",
        };
        say(true, kept.to_owned());
    }
    say(attribute.hidden, "hidden".to_owned());
    say(attribute.field != attribute.name, format!("stored as {}", attribute.field));
    options.extend(rules(&attribute.rules));
    options.extend(rules_of_members(&attribute.kind));
    options.join(", ")
}

/// Returns the type of the members of a list or a map, in words.
fn rules_of_members(kind: &AttributeType) -> Vec<String> {
    let (AttributeType::List(Some(rule)) | AttributeType::Map(Members::Each(rule))) = kind else {
        return Vec::new();
    };
    let all = rules(&rule.rules).into_iter().chain(rules_of_members(&rule.kind));
    all.map(|rule| format!("each {rule}")).collect()
}

fn rules(rules: &Rules) -> Vec<String> {
    let number = |word: &str, number: &Option<_>| {
        number.as_ref().map(|number: &weir_model::Number| format!("{word} {number}"))
    };
    let length =
        |word: &str, length: Option<usize>| length.map(|length| format!("{word} {length}"));
    let case = rules.case.map(|case| match case {
        Case::Lower => "lower case".to_owned(),
        Case::Upper => "upper case".to_owned(),
    });
    [
        rules.pattern.as_ref().map(|pattern| format!("matches {pattern}")),
        number("at least", &rules.min),
        number("at most", &rules.max),
        length("length at least", rules.min_length),
        length("length at most", rules.max_length),
        rules.trim.then(|| "trimmed".to_owned()),
        case,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn default_text(default: &DefaultValue) -> String {
    match default {
        DefaultValue::Value(value) => text(value),
        DefaultValue::Json(json) => shown(json),
        DefaultValue::Uuid => "uuid".to_owned(),
        DefaultValue::Ulid => "ulid".to_owned(),
        DefaultValue::Now => "now".to_owned(),
    }
}

/// Returns a stored value as JSON, shortened.
pub(super) fn text(value: &AttributeValue) -> String {
    shown(&decode(value))
}
