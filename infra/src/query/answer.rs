//! The answer of a rollup, over all its pages.

use serde_json::{Map, Value, json};

use super::question::{Question, pairs};
use crate::client::{Client, Error};

/// The answer to a query: its own fields, and the points or ranks of all pages.
#[derive(Debug)]
pub(super) struct QueryAnswer {
    /// Its fields, without points and cursor.
    pub(super) about: Map<String, Value>,
    /// Its points, groups or ranks.
    pub(super) listed: Listed,
    /// The groups, each with its points; one for all ranks.
    pub(super) groups: Vec<Group>,
    /// Where the reader would go on, when the limit was reached first.
    pub(super) cursor: Value,
}

/// The points, groups or ranks of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    /// The points of one group.
    Points,
    /// The points of several groups.
    Groups,
    /// Groups by their ranks in one bucket.
    Ranks,
}

/// A group and its points.
#[derive(Debug)]
pub(super) struct Group {
    /// Its value of each dimension.
    pub(super) dimensions: Map<String, Value>,
    /// Its points, or ranks.
    pub(super) points: Vec<Map<String, Value>>,
}

/// Asks until there are no more pages, or enough points.
pub(super) fn ask(client: &Client, question: &Question) -> Result<QueryAnswer, Error> {
    let mut answer: Option<QueryAnswer> = None;
    loop {
        let cursor = answer.as_ref().and_then(|answer| answer.cursor.as_str());
        let there = answer.as_ref().map_or(0, QueryAnswer::count);
        let page = question.page(cursor, there, None);
        let (Some(page), true) = (page, answer.is_none() || cursor.is_some()) else { break };
        let json = client.get(&question.path, &pairs(&page))?;
        let page = QueryAnswer::read(json).ok_or_else(|| {
            client.strange(&question.path, "something else than the points of a rollup")
        })?;
        answer = Some(match answer {
            None => page,
            Some(before) => before.followed_by(page),
        });
    }
    Ok(answer.expect("a limit is at least one"))
}

impl QueryAnswer {
    /// Returns the answer as the reader gives it, with the points of all pages.
    pub(super) fn json(&self) -> String {
        let mut whole = self.about.clone();
        let points = |group: &Group| group.points.iter().cloned().map(Value::Object).collect();
        let listed = match self.listed {
            Listed::Points | Listed::Ranks => Value::Array(
                self.groups.iter().flat_map(|group| -> Vec<Value> { points(group) }).collect(),
            ),
            Listed::Groups => {
                let group = |group: &Group| {
                    json!({ "dimensions": group.dimensions,
                    "points": Value::Array(points(group)) })
                };
                self.groups.iter().map(group).collect()
            }
        };
        whole.insert(self.listed.name().to_owned(), listed);
        whole.insert("cursor".to_owned(), self.cursor.clone());
        format!("{}\n", serde_json::to_string_pretty(&whole).expect("JSON is JSON"))
    }

    /// Returns how many points or ranks there are.
    pub(super) fn count(&self) -> u32 {
        let count = self.groups.iter().map(|group| group.points.len()).sum::<usize>();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn read(answer: Value) -> Option<Self> {
        let Value::Object(mut about) = answer else { return None };
        let cursor = about.shift_remove("cursor").unwrap_or_default();
        let every = [Listed::Points, Listed::Groups, Listed::Ranks];
        let listed = every.into_iter().find(|listed| about.contains_key(listed.name()))?;
        let list = about.shift_remove(listed.name())?;
        let groups = match listed {
            Listed::Groups => objects(list)?.into_iter().map(Group::read).collect::<Option<_>>()?,
            Listed::Points | Listed::Ranks => {
                let dimensions = about.get("dimensions").and_then(Value::as_object);
                vec![Group {
                    dimensions: dimensions.cloned().unwrap_or_default(),
                    points: objects(list)?,
                }]
            }
        };
        Some(Self { about, listed, groups, cursor })
    }

    /// This and the next page. It is as fresh as its oldest page, and has the error bounds of all
    /// of them.
    fn followed_by(mut self, next: Self) -> Self {
        for group in next.groups {
            let known = self.groups.iter_mut().find(|known| known.dimensions == group.dimensions);
            match known {
                Some(known) => known.points.extend(group.points),
                None => self.groups.push(group),
            }
        }
        self.cursor = next.cursor;
        for (name, value) in next.about {
            let known = self.about.entry(name.as_str()).or_insert_with(|| value.clone());
            match name.as_str() {
                "items_read" => {
                    let read = known.as_u64().zip(value.as_u64());
                    *known = read.map_or(Value::Null, |(before, now)| (before + now).into());
                }
                // A page for which nothing was read has none.
                "freshness" if known.is_null() => *known = value,
                "freshness"
                    if instant(&value).is_some_and(|value| Some(value) < instant(known)) =>
                {
                    *known = value;
                }
                "error_bounds" => {
                    let errors = known.as_object_mut().zip(value.as_object());
                    errors.map(|(known, more)| known.extend(more.clone())).unwrap_or_default();
                }
                _ => {}
            }
        }
        self
    }
}

impl Listed {
    /// Returns the name of the list in an answer.
    fn name(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::Groups => "groups",
            Self::Ranks => "ranks",
        }
    }
}

impl Group {
    fn read(mut group: Map<String, Value>) -> Option<Self> {
        let Value::Object(dimensions) = group.shift_remove("dimensions")? else { return None };
        Some(Self { dimensions, points: objects(group.shift_remove("points")?)? })
    }
}

fn objects(list: Value) -> Option<Vec<Map<String, Value>>> {
    let Value::Array(list) = list else { return None };
    let object = |one| match one {
        Value::Object(object) => Some(object),
        _ => None,
    };
    list.into_iter().map(object).collect()
}

fn instant(text: &Value) -> Option<jiff::Timestamp> {
    text.as_str()?.parse().ok()
}

#[cfg(test)]
impl QueryAnswer {
    /// Returns an answer as the reader gives it.
    pub(super) fn parse(json: &str) -> Self {
        Self::read(serde_json::from_str(json).expect("JSON")).expect("an answer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_several_groups_become_one_answer() {
        let first = QueryAnswer::parse(
            r#"{"rollup":"s","every":"day","groups":[
            {"dimensions":{"c":"DE"},"points":[{"start":"A","n":1},{"start":"B","n":2}]},
            {"dimensions":{"c":"FR"},"points":[{"start":"A","n":3}]}],
            "freshness":"2026-11-20T06:40:03Z","error_bounds":{"p50":0.01},"items_read":5,"cursor":"AQ"}"#,
        );
        let second = QueryAnswer::parse(
            r#"{"rollup":"s","every":"day","groups":[
            {"dimensions":{"c":"FR"},"points":[{"start":"B","n":4.50}]},{"dimensions":{"c":"IT"},"points":[]}],
            "freshness":"2026-11-20T06:40:02.5Z","error_bounds":{"p95":0.01},"items_read":7,"cursor":null}"#,
        );
        let whole: Value = serde_json::from_str(&first.followed_by(second).json()).expect("JSON");
        let expected: Value = serde_json::from_str(
            r#"{"rollup":"s","every":"day","freshness":"2026-11-20T06:40:02.5Z","error_bounds":{"p50":0.01,"p95":0.01},
            "items_read":12,"cursor":null,"groups":[
            {"dimensions":{"c":"DE"},"points":[{"start":"A","n":1},{"start":"B","n":2}]},
            {"dimensions":{"c":"FR"},"points":[{"start":"A","n":3},{"start":"B","n":4.50}]},
            {"dimensions":{"c":"IT"},"points":[]}]}"#,
        )
        .expect("JSON");
        assert_eq!(whole, expected);
    }

    #[test]
    fn a_page_for_which_nothing_was_read_is_as_fresh_as_the_others() {
        let fresh = r#"{"points":[],"freshness":"2026-11-20T06:40:03Z","cursor":"A"}"#;
        let empty = r#"{"points":[],"freshness":null,"cursor":"A"}"#;
        for (first, second) in [(fresh, empty), (empty, fresh)] {
            let whole = QueryAnswer::parse(first).followed_by(QueryAnswer::parse(second));
            assert_eq!(whole.about["freshness"], "2026-11-20T06:40:03Z");
        }
    }

    #[test]
    fn json_is_the_answer_as_it_is() {
        for given in [
            r#"{"rollup":"spend","dimensions":{"user":"a"},"every":"month","points":[{"start":"A","average":12345678901234567890.12}],"cursor":null}"#,
            r#"{"rollup":"spend","ranked_by":"n","ranks":[{"rank":1,"dimensions":{"user":"a"},"n":1}],"cursor":"AQ"}"#,
        ] {
            let parsed: Value = serde_json::from_str(given).expect("JSON");
            let printed = QueryAnswer::parse(given).json();
            assert_eq!(parsed, serde_json::from_str::<Value>(&printed).expect("JSON"), "{printed}");
        }
    }
}
