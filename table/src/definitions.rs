//! What the rollups in a table were defined as and what table they are of, kept beside them, so that a definition that has
//! changed, or that is of another table, is noticed.
//!
//! A rollup that is added or changed once the table has items would answer for what came later only, and retract what it
//! never counted. Nothing rebuilds one yet, so it is refused. Rollups of two tables in one would be the sums of both.
//!
//! **Invariant:** a rollup whose fingerprint is kept has counted every change since the table was made.

use std::collections::{BTreeMap, HashMap};

use aggregates::Accumulator;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use model::rollup::Source;
use model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};
use model::{Home, Model, Rollup};

use crate::error::Error;

/// The key under which fingerprints are kept; no rollup's name begins with `@`.
const KEY: &str = "@definition";
/// The attribute that holds them.
const FINGERPRINTS: &str = "fingerprints";

/// The attribute that holds the name of the table that they are of.
const ITEMS_TABLE: &str = "items_table";

/// What is kept.
#[derive(Debug, PartialEq)]
struct Kept {
    fingerprints: Fingerprints,
    /// `None` where it was kept before tables were.
    items_table: Option<String>,
}

/// By the name of a rollup, what its numbers depend on.
type Fingerprints = BTreeMap<String, String>;

/// Compares the model's rollups with those that the table was made for, and takes note of them.
///
/// A rollup that has left the definition is forgotten: it would have missed changes if it came back.
///
/// # Errors
/// [`Error::ChangedRollup`] for one that was added or changed; else what DynamoDB says.
pub(crate) async fn check(client: &Client, model: &Model, is_new: bool) -> Result<(), Error> {
    let table = &model.table.rollups_table;
    let known = load(client, table).await?;
    let current =
        Kept { fingerprints: fingerprints(model), items_table: Some(model.table.name.clone()) };
    let other = known.as_ref().and_then(|known| known.items_table.as_ref());
    if let Some(other) = other.filter(|other| **other != model.table.name) {
        return Err(not_own(model, other));
    }
    match &known {
        Some(_) if is_new => return Err(outlived(model)),
        Some(known) => {
            if let Some((rollup, change)) =
                changed(&known.fingerprints, &current.fingerprints).into_iter().next()
            {
                return Err(Error::ChangedRollup {
                    rollup,
                    table: model.table.name.clone(),
                    change,
                });
            }
        }
        None if !is_new => {
            let table = &model.table.name;
            // Also on a first deployment, whose processor starts with the first change.
            tracing::info!(
                table,
                "the rollups begin here: of what the table held before, only what its stream still has is counted"
            );
        }
        None => {}
    }
    if known.as_ref() == Some(&current) { Ok(()) } else { save(client, table, &current).await }
}

/// Rejects a table of rollups that has outlived its table of items: its numbers are of items that do not exist.
///
/// # Errors
/// [`Error::OtherTable`]; else what DynamoDB says.
pub(crate) async fn check_unused(client: &Client, model: &Model) -> Result<(), Error> {
    match load(client, &model.table.rollups_table).await {
        Ok(None) | Err(Error::MissingTable { .. }) => Ok(()),
        Ok(Some(Kept { items_table: Some(other), .. })) if other != model.table.name => {
            Err(not_own(model, &other))
        }
        Ok(Some(_)) => Err(outlived(model)),
        Err(error) => Err(error),
    }
}

fn not_own(model: &Model, other: &str) -> Error {
    let items = &model.table.name;
    let mismatch =
        format!("it holds the rollups of the table `{other}`, expected those of `{items}`");
    Error::OtherTable { table: model.table.rollups_table.clone(), mismatch }
}

fn outlived(model: &Model) -> Error {
    let (items, table) = (&model.table.name, model.table.rollups_table.clone());
    let mismatch = format!(
        "it holds the rollups of a table `{items}` that does not exist; delete `{table}` too, or restore `{items}`"
    );
    Error::OtherTable { table, mismatch }
}

/// The rollups of the model that are not what they were when their table began, each with what became of it; `None` when
/// nothing was noted of any yet.
///
/// # Errors
/// What DynamoDB says.
pub(crate) async fn changes(
    client: &Client,
    model: &Model,
) -> Result<Option<BTreeMap<String, &'static str>>, Error> {
    let known = load(client, &model.table.rollups_table).await?;
    Ok(known.map(|known| changed(&known.fingerprints, &fingerprints(model))))
}

/// The rollups that differ, by name.
fn changed(known: &Fingerprints, current: &Fingerprints) -> BTreeMap<String, &'static str> {
    let differing = current.iter().filter_map(|(rollup, fingerprint)| {
        let change = match known.get(rollup) {
            Some(before) if before == fingerprint => return None,
            Some(_) => "changed",
            None => "added",
        };
        Some((rollup.clone(), change))
    });
    differing.collect()
}

fn fingerprints(model: &Model) -> Fingerprints {
    let rollups = model.rollups.iter();
    rollups.map(|rollup| (rollup.name.clone(), fingerprint(model, rollup))).collect()
}

/// Everything about a rollup that its numbers depend on. A new measure of accumulators that are kept is not among it.
fn fingerprint(model: &Model, rollup: &Rollup) -> String {
    let entity = model.entity(&rollup.entity).map(|entity| &entity.discriminator);
    let source = |source: &Source| format!("{:?} {:?}", source.path.steps, source.kind());
    let dimensions: Vec<_> = rollup.dimensions.iter().map(source).collect();
    let time = rollup.time.as_ref().map(source);
    let measures = rollup.measures.iter().map(|known| &known.measure);
    let sources = measures.flat_map(|measure| measure.source().into_iter().chain(measure.time()));
    // By name, for so the accumulators are called.
    let named = |of: &Source| format!("{} {}", of.name(), source(of));
    let mut measured: Vec<_> = sources.map(named).collect();
    measured.sort();
    measured.dedup();
    let rows = aggregates::rows::Kept::of(rollup).into_iter();
    let rows =
        rows.map(|kept| format!("{} {} {}", kept.rows.name(), kept.is_counted, kept.is_ranked));
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    let mut accumulators: Vec<_> = Accumulator::of(rollup)
        .iter()
        .map(|kept| format!("{} {}", kept.attribute_name(), kept.scale()))
        .collect();
    accumulators.sort();
    let (stripes, keep, expiry) = (rollup.stripes, &rollup.keep, rollup.on_ttl_expiry);
    let rank = rollup.rank.as_ref().map(|rank| &rank.within);
    let rank = rank.zip(rollup.ranked_by().map(ToString::to_string));
    let home = rollup.home.as_ref().map(Home::templates);
    let (zone, buckets, filter) = (&rollup.time_zone_name, &rollup.granularities, &rollup.filter);
    format!(
        "{entity:?} {filter:?} {dimensions:?} {time:?} {zone} {buckets:?} {measured:?} {accumulators:?} {rows:?} {stripes} {keep:?} {expiry:?} {rank:?} {home:?}"
    )
}

async fn load(client: &Client, table: &str) -> Result<Option<Kept>, Error> {
    let request = client.get_item().table_name(table).set_key(Some(key())).consistent_read(true);
    let answer = request.send().await.map_err(|error| Error::of(table, error))?;
    let Some(item) = answer.item else { return Ok(None) };
    let unreadable = || Error::Unreadable(format!("the definitions of the rollups in `{table}`"));
    let text = |value: &SdkValue| value.as_s().cloned().map_err(|_| unreadable());
    let kept = item.get(FINGERPRINTS).and_then(|kept| kept.as_m().ok()).ok_or_else(unreadable)?;
    let fingerprints = kept
        .iter()
        .map(|(name, value)| Ok((name.clone(), text(value)?)))
        .collect::<Result<_, Error>>()?;
    let items_table = item.get(ITEMS_TABLE).map(text).transpose()?;
    Ok(Some(Kept { fingerprints, items_table }))
}

async fn save(client: &Client, table: &str, kept: &Kept) -> Result<(), Error> {
    let texts = kept.fingerprints.iter();
    let texts = texts.map(|(name, text)| (name.clone(), SdkValue::S(text.clone()))).collect();
    let items_table = kept.items_table.clone().unwrap_or_default();
    // An update, not a put: a processor's role has no other right to write.
    let request = client
        .update_item()
        .table_name(table)
        .set_key(Some(key()))
        .update_expression("SET #fingerprints = :fingerprints, #items_table = :items_table")
        .expression_attribute_names("#fingerprints", FINGERPRINTS)
        .expression_attribute_names("#items_table", ITEMS_TABLE)
        .expression_attribute_values(":fingerprints", SdkValue::M(texts))
        .expression_attribute_values(":items_table", SdkValue::S(items_table));
    request.send().await.map(drop).map_err(|error| Error::of(table, error))
}

fn key() -> HashMap<String, SdkValue> {
    HashMap::from([
        (ROLLUPS_PARTITION_KEY.to_owned(), SdkValue::S(KEY.to_owned())),
        (ROLLUPS_SORT_KEY.to_owned(), SdkValue::S(KEY.to_owned())),
    ])
}
