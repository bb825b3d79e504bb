//! Where to look next: lines that work as they are, against what is being served.

use std::env;
use std::path::Path;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use weir_http::EntityPaths;
use weir_model::template::scalar_text;
use weir_model::{Entity, Granularity, Rollup};
use weir_rollups::Bucket;
use weir_rollups::query::local;

use super::groups::{Groups, example};
use super::system::View;
use crate::client::DEFAULT_URL;

/// The characters that a value in a URL escapes: all but the characters that RFC 3986 leaves
/// unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The placeholder of a value where no item is known.
const ANY: &str = "…";
/// Access key and secret for a DynamoDB that checks none.
const AWS: &str = "AWS_ACCESS_KEY_ID=weir AWS_SECRET_ACCESS_KEY=weir ";

/// Returns the guide. `group` is the group of the example's rollup that is to serve as the example.
/// `followed` is the definition file, if its changes are noticed.
pub(super) fn print(
    view: &View,
    groups: &Groups,
    group: Option<&[String]>,
    followed: Option<&Path>,
) -> String {
    let example = Example { view, groups, rollup: example(&view.model), group };
    let paths = example.paths().into_iter().map(|path| format!("curl '{}{path}'", view.url));
    let lines = paths.chain(example.query()).chain([aws(&view.endpoint)]);
    let lines: String = lines.map(|line| format!("  {line}\n")).collect();
    let (http, dynamodb) = (&view.url, &view.endpoint);
    let followed = followed.map(|file| {
        format!("Change {} and save it: the new definition is served at once.\n", file.display())
    });
    let followed = followed.unwrap_or_default();
    format!(
        "Serving on {http}, with the DynamoDB at {dynamodb}. Look next at\n\n{lines}\n{followed}\
         Ctrl-C stops.\n"
    )
}

/// Returns a command of the AWS CLI; only a DynamoDB on this machine takes any credentials.
fn aws(endpoint: &str) -> String {
    let local = ["http://127.0.0.1", "http://localhost"];
    let credentials = match local.iter().any(|start| endpoint.starts_with(start)) {
        true => AWS,
        false => "",
    };
    format!("{credentials}aws dynamodb list-tables --region us-east-1 --endpoint-url {endpoint}")
}

/// The facts about the data that examples use.
struct Example<'a> {
    view: &'a View,
    groups: &'a Groups,
    rollup: Option<&'a Rollup>,
    group: Option<&'a [String]>,
}

impl Example<'_> {
    /// Paths to get: a rollup over all time, its time buckets, some items, the OpenAPI document.
    fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        if let Some(rollup) = self.rollup {
            if rollup.granularities.contains(&Granularity::All) {
                paths.push(self.question(rollup, None));
            }
            if let Some(range) = self.range(rollup) {
                paths.push(self.question(rollup, Some(range)));
            }
        }
        if paths.is_empty() {
            paths.push(weir_http::routes::ROLLUPS.to_owned());
        }
        paths.extend(self.view.model.entities.first().map(|entity| self.list(entity)));
        paths.push(weir_http::routes::OPENAPI.to_owned());
        paths
    }

    /// Returns the path of a question to a rollup.
    fn question(&self, rollup: &Rollup, range: Option<String>) -> String {
        let dimensions = rollup.dimensions.iter().map(|dimension| {
            let value = self.value(&rollup.entity, dimension.name());
            format!("{}={}", dimension.name(), escape(&value))
        });
        let path = format!("{}/{}", weir_http::routes::ROLLUPS, rollup.name);
        match dimensions.chain(range).collect::<Vec<_>>().join("&") {
            parameters if parameters.is_empty() => path,
            parameters => format!("{path}?{parameters}"),
        }
    }

    /// Returns the coarsest buckets of a rollup, and a range that holds all items that were seen.
    fn range(&self, rollup: &Rollup) -> Option<String> {
        let (every, from, to) = self.buckets(rollup)?;
        Some(format!("every={every}&from={}&to={}", escape(&from), escape(&to)))
    }

    fn buckets(&self, rollup: &Rollup) -> Option<(Granularity, String, String)> {
        let (first, last) = self.groups.span?;
        let mut kept = rollup.granularities.iter().rev();
        let every = *kept.find(|granularity| **granularity != Granularity::All)?;
        let bucket = |instant| Bucket::at(every, instant, &rollup.time_zone);
        let shown = |instant: Timestamp| match every {
            Granularity::Minute | Granularity::QuarterHour | Granularity::Hour => {
                local(instant, &rollup.time_zone)
            }
            _ => instant.to_zoned(rollup.time_zone.clone()).date().to_string(),
        };
        Some((every, shown(bucket(first)?.start?), shown(bucket(last)?.end?)))
    }

    /// Returns the command that asks the same as the path of the time buckets.
    fn query(&self) -> Option<String> {
        let rollup = self.rollup?;
        let (every, from, to) = self.buckets(rollup)?;
        let program = env::args().next().unwrap_or_else(|| "weir".to_owned());
        let mut words = vec![program, "query".to_owned(), rollup.name.clone()];
        for dimension in &rollup.dimensions {
            let value = self.value(&rollup.entity, dimension.name());
            words.push(quoted(&format!("{}={value}", dimension.name())));
        }
        words.push(format!("--every {every} --from {from} --to {to}"));
        if self.view.url != DEFAULT_URL {
            words.push(format!("--url {}", self.view.url));
        }
        Some(words.join(" "))
    }

    /// Returns the path of a partition, or of the one item in it.
    fn list(&self, entity: &Entity) -> String {
        let paths = EntityPaths::new(entity);
        let parts = entity
            .partition_attributes()
            .into_iter()
            .map(|name| format!("/{}", escape(&self.value(&entity.name, name))));
        let limit = if paths.has_list() { "?limit=3" } else { "" };
        format!("{}{}{limit}", paths.collection, parts.collect::<String>())
    }

    /// Returns the value of an attribute: that of the group, else that of an item that was seen.
    fn value(&self, entity: &str, attribute: &str) -> String {
        self.of_group(entity, attribute)
            .or_else(|| self.of_sample(entity, attribute))
            .unwrap_or_else(|| ANY.to_owned())
    }

    fn of_group(&self, entity: &str, attribute: &str) -> Option<String> {
        let rollup = self.rollup.filter(|rollup| rollup.entity == entity)?;
        let mut dimensions = rollup.dimensions.iter();
        let position = dimensions.position(|dimension| dimension.name() == attribute)?;
        self.group?.get(position).cloned()
    }

    fn of_sample(&self, entity: &str, attribute: &str) -> Option<String> {
        let item = self.groups.samples.get(entity)?;
        let attribute = self.view.model.entity(entity)?.attribute(attribute)?;
        scalar_text(&attribute.kind, attribute.value_in(item)?)
    }
}

fn escape(value: &str) -> String {
    match value {
        ANY => ANY.to_owned(),
        value => utf8_percent_encode(value, ESCAPED).to_string(),
    }
}

/// Returns a word of a shell's command line.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "=_-./:".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
