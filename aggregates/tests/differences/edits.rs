//! Edits of definitions at random: of one line of a rollup, or of an attribute.

use proptest::prelude::*;
use proptest::sample::select;

use crate::definition::Definition;

/// The fields that an edit takes from another definition.
const FIELDS: [&str; 9] = [
    "by",
    "time",
    "buckets",
    "time_zone",
    "stripes",
    "on_ttl_expiry",
    "keep",
    "where",
    "rank_within",
];

/// Texts of the definitions at random, and others in their place.
const TEXTS: [(&str, &str); 24] = [
    ("\"placed\", \"paid\", \"a=b\"]", "\"placed\", \"paid\", \"a=b\", \"waiting\"]"),
    ("\"placed\", \"paid\", \"a=b\"]", "\"placed\", \"paid\"]"),
    ("\"placed\", \"paid\", \"a=b\"]", "\"a=b\", \"paid\", \"placed\"]"),
    ("\"decimal\", scale = 2", "\"decimal\", scale = 3"),
    ("\"decimal\", scale = 2", "\"decimal\", scale = 2, required = true, max = 10"),
    ("units = { type = \"integer\" }", "units = { type = \"number\" }"),
    ("weight = { type = \"number\" }", "weight = { type = \"number\", field = \"units_\" }"),
    ("name = { type = \"string\" }", "name = { type = \"string\", max_length = 1, lower = true }"),
    ("name = { type = \"string\" }", "name = { type = \"enum\", values = [\"ann\"] }"),
    (
        "at = { type = \"timestamp\", precision = \"second\" }\nseen",
        "at = { type = \"timestamp\" }\nseen",
    ),
    (
        "at = { type = \"timestamp\", precision = \"second\" }\nseen",
        "at = { type = \"timestamp\", offset = \"any\" }\nseen",
    ),
    (
        "seen = { type = \"timestamp\", format = \"epoch\" }",
        "seen = { type = \"timestamp\", format = \"epoch_ms\" }",
    ),
    (
        "tags = { type = \"set\", items = \"string\" }",
        "tags = { type = \"list\", items = \"string\" }",
    ),
    ("scale = 1 }, s =", "scale = 1, required = true }, s ="),
    (
        "info = { type = \"map\", attributes = {",
        "info = { type = \"map\", required = true, attributes = {",
    ),
    ("day = \"2d\"", "day = \"1d\""),
    ("day = \"2d\"", "day = \"3d\""),
    ("hour = \"6h\"", "hour = \"2h\""),
    ("month = \"3d\"", "month = \"1d\""),
    ("week = \"1w\"", "week = \"2w\""),
    ("keep = {  }", "keep = { day = \"4d\" }"),
    ("keep = {  }", "keep = { month = \"4d\" }"),
    ("status = [\"placed\", \"paid\"]", "status = [\"paid\", \"placed\"]"),
    ("[entities.other]", "[entities.more]"),
];

/// An edit of a definition.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// A field as another definition has it.
    Field(&'static str),
    /// A measure less.
    RemoveMeasure(usize),
    /// A measure as another definition has it.
    ChangeMeasure(usize, usize),
    /// A measure more, which another definition has.
    AddMeasure(usize),
    /// No ranking.
    RemoveRank,
    /// A bucket less.
    RemoveBucket(usize),
    /// Another text.
    Text(&'static str, &'static str),
}

pub(crate) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        1 => select(&FIELDS[..]).prop_map(Edit::Field),
        4 => (0_usize..8).prop_map(Edit::RemoveMeasure),
        1 => (0_usize..8, 0_usize..8).prop_map(|(at, from)| Edit::ChangeMeasure(at, from)),
        1 => (0_usize..8).prop_map(Edit::AddMeasure),
        1 => Just(Edit::RemoveRank),
        3 => (0_usize..4).prop_map(Edit::RemoveBucket),
        6 => select(&TEXTS[..]).prop_map(|(from, to)| Edit::Text(from, to)),
    ];
    prop::collection::vec(edit, 1..=3)
}

/// Returns the line of a definition that sets a field or a measure.
fn line<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let rollup = text.split("[rollups.sales]").nth(1)?;
    rollup.lines().find(|line| line.starts_with(&format!("{name} = ")))
}

/// Returns the text with another line in the place of one; as it is if there is none.
fn with_line(text: &str, name: &str, other: Option<&str>) -> String {
    match (line(text, name), other) {
        (Some(line), Some(other)) => {
            text.replacen(&format!("\n{line}\n"), &format!("\n{other}\n"), 1)
        }
        _ => text.to_owned(),
    }
}

impl Edit {
    /// Returns the text of a definition after the edit; as it is where the edit does not apply.
    pub(crate) fn apply(&self, text: &str, other: &Definition) -> String {
        let others = other.text();
        match self {
            Self::Field(name) => with_line(text, name, line(&others, name)),
            Self::RemoveMeasure(at) => with_line(text, &format!("m{at}"), Some("")),
            Self::ChangeMeasure(at, from) => {
                let measure = line(&others, &format!("m{from}"));
                let measure = measure.and_then(|line| line.split_once(" = "));
                let line = measure.map(|(_, measure)| format!("m{at} = {measure}"));
                with_line(text, &format!("m{at}"), line.as_deref())
            }
            Self::AddMeasure(from) => {
                let measure = line(&others, &format!("m{from}"));
                let measure = measure.and_then(|line| line.split_once(" = "));
                measure.map_or_else(|| text.to_owned(), |(_, of)| format!("{text}x{from} = {of}\n"))
            }
            Self::RemoveRank => {
                with_line(&with_line(text, "rank_by", Some("")), "rank_within", Some(""))
            }
            Self::RemoveBucket(at) => {
                let Some(line) = line(text, "buckets") else { return text.to_owned() };
                let buckets: Vec<_> = line.split('"').skip(1).step_by(2).collect();
                let rest = buckets.iter().enumerate().filter(|(position, _)| position != at);
                let rest: Vec<_> = rest.map(|(_, bucket)| *bucket).collect();
                with_line(text, "buckets", Some(&format!("buckets = {rest:?}")))
            }
            Self::Text(from, to) => text.replacen(from, to, 1),
        }
    }
}
