//! Several items of any entities, as they are at one moment.
//!
//! ```text
//! GET /transactions?items=[{"entity":"account","key":{"id":"a"}},{"entity":"user","key":{"id":1}}]
//!
//!     { "items": [{…}, null] }
//! ```
//!
//! **Invariant:** `items` has a place for each that is asked for, in their order: the item, or
//! `null` where there is none.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use weir_http::{Form, Kind, Parameters, Problem};
use weir_model::shorten::{listed, quoted};
use weir_model::{Entity, FieldError, ItemKey, Model, errors, suggestion};
use weir_table::{MAX_ACTIONS, Table};

use crate::budget::RequestBudget;
use crate::limits::{ENOUGH_BYTES, encoded_bytes};

/// The state of the handler.
const EXPECTED: &str =
    "expected a list of entities and keys, such as [{\"entity\":\"order\",\"key\":{\"id\":\"1\"}}]";

/// An item that is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    entity: String,
    key: Map<String, Value>,
}

/// The items.
#[derive(Debug, Serialize)]
struct Together {
    items: Vec<Option<Map<String, Value>>>,
}

/// Returns the route of items as they are at one moment.
pub(crate) fn router(table: &Table) -> Router {
    Router::new().route(weir_http::routes::TRANSACTIONS, get(together)).with_state(table.clone())
}

async fn together(
    State(table): State<Table>,
    Extension(budget): RequestBudget,
    form: Form,
    mut parameters: Parameters,
) -> Result<Response, Problem> {
    let table = table.with_budget(&budget);
    let text = parameters.text("items");
    let wanted = text.as_deref().map_or(Err(format!("missing, {EXPECTED}")), list);
    let wanted = wanted.unwrap_or_else(|message| {
        parameters.error("items", message);
        Vec::new()
    });
    parameters.finish()?;
    let model = table.model();
    let keys = keys(model, &wanted).map_err(Problem::parameters)?;
    let primary: Vec<_> = keys.iter().map(|(_, key)| key.primary.clone()).collect();
    let found = table.transact_get(&primary).await?;
    let own = |((entity, key), item): (&(&Entity, ItemKey), Option<weir_model::Item>)| {
        let item = item.filter(|item| key.names(entity, item));
        item.map(|item| form.item(entity, &item))
    };
    let items: Vec<_> = keys.iter().zip(found).map(own).collect();
    let bytes: usize = items.iter().flatten().map(encoded_bytes).sum();
    if bytes > ENOUGH_BYTES {
        let expected = format!("expected at most {ENOUGH_BYTES}: ask for fewer at a time");
        let detail = format!("the items are {bytes} bytes as JSON, {expected}");
        return Err(Problem::new(Kind::Refused, detail));
    }
    Ok(form.answer(Together { items }))
}

/// Returns the items that a text asks for.
fn list(text: &str) -> Result<Vec<Wanted>, String> {
    let json =
        weir_http::json::parse(text.as_bytes()).map_err(|error| format!("{error}, {EXPECTED}"))?;
    let wanted: Vec<Wanted> =
        serde_json::from_value(json).map_err(|error| format!("{error}, {EXPECTED}"))?;
    if (1..=MAX_ACTIONS).contains(&wanted.len()) {
        return Ok(wanted);
    }
    Err(format!("{} items, expected 1 to {MAX_ACTIONS}", wanted.len()))
}

type Keys<'m> = Vec<(&'m Entity, ItemKey)>;

/// Returns the entities and keys of what is asked for, or everything that is wrong with them.
fn keys<'m>(model: &'m Model, wanted: &[Wanted]) -> Result<Keys<'m>, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut keys = Vec::new();
    for (position, Wanted { entity: name, key }) in wanted.iter().enumerate() {
        let Some(entity) = model.entity(name) else {
            let known: Vec<_> = model.entities.iter().map(|entity| entity.name.as_str()).collect();
            let near = suggestion(name, known.iter().copied());
            let (name, known) = (quoted(name), listed(&known));
            let message = format!("{name}, {near}expected one of {known}");
            errors.push(FieldError::new(&format!("items[{position}].entity"), message));
            continue;
        };
        match entity.key_from_json(key) {
            Ok(key) => keys.push((entity, key)),
            Err(found) => errors::append(
                &mut errors,
                found.into_iter().map(|error| error.within(&format!("items[{position}].key."))),
            ),
        }
    }
    if errors.is_empty() { Ok(keys) } else { Err(errors) }
}
