//! Lists of one entity's items: of a partition, and by each access pattern.
//!
//! ```text
//! GET /order/ann?from=2026-11&where={"total":{"gte":10}}&select=order   a partition of the table
//! GET /query/order/by_status/paid?order=desc&limit=10                   an access pattern
//! GET /query/order/by_status/paid?count=true                            the number of items
//! GET /order/ann?include=user                                           each with a related item
//! ```
//!
//! **Invariant:** a list ends with a `null` cursor only. A page may be shorter than its limit
//! (DynamoDB reads a megabyte at a time, other entities and what a filter leaves out are read as
//! well, and the budget of the request ends); the cursor then leads on. A count with a cursor is of
//! a part. A hidden attribute is in no answer and in no condition.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde::Serialize;
use serde_json::{Map, Value};
use weir_http::parameters::{LIST_DEFAULT, LIST_LIMIT};
use weir_http::paths::pattern_path;
use weir_http::{Cursors, EntityPaths, Form, Parameters, PathTexts, Problem, Seal, conditions};
use weir_model::relation::Scope;
use weir_model::{Entity, Include, Item, Pattern};
use weir_table::{Query, Table};

use crate::budget::RequestBudget;
use crate::limits::{ENOUGH_BYTES, MAX_READS};
use crate::list_seal::list_seal;
use crate::range::{self, SortKeyFilter};
use crate::related::{self, INCLUDE};

/// The items of one entity, by one pattern.
#[derive(Clone)]
struct List {
    table: Table,
    entity: Arc<Entity>,
    pattern: Arc<Pattern>,
}

/// A page of items, or how many there are.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Listing {
    Items { items: Vec<Map<String, Value>>, cursor: Option<String> },
    Count { count: usize, cursor: Option<String> },
}

/// Returns the routes of an entity's lists.
pub(crate) fn router(table: &Table, entity: &Entity) -> Router {
    let paths = EntityPaths::new(entity);
    let own = paths.has_list().then(|| (paths.partition, Pattern::of_table(entity)));
    let entity = Arc::new(entity.clone());
    let patterns = entity.patterns.iter();
    let patterns = patterns.map(|pattern| (pattern_path(&entity, pattern), pattern.clone()));
    own.into_iter().chain(patterns).fold(Router::new(), |router, (path, pattern)| {
        let pattern = Arc::new(pattern);
        let list = List { table: table.clone(), entity: Arc::clone(&entity), pattern };
        router.merge(Router::new().route(&path, get(page)).with_state(list))
    })
}

async fn page(
    State(list): State<List>,
    Extension(budget): RequestBudget,
    path: PathTexts,
    form: Form,
    cursors: Cursors,
    mut parameters: Parameters,
) -> Result<Response, Problem> {
    let list = List { table: list.table.with_budget(&budget), ..list };
    let List { table, entity, pattern } = &list;
    let bound = parameters.bound(&["order"]);
    let mut query = list.query(&mut parameters);
    let asked = SortKeyFilter::take(|name| parameters.text(name));
    let counts = parameters.flag("count") == Some(true);
    let mut includes = Vec::new();
    if counts {
        list.refuse_beside_count(&mut parameters);
    } else {
        query.limit = Some(parameters.number("limit", LIST_LIMIT, LIST_DEFAULT));
        query.select = list.selected(&mut parameters);
        let scope = Scope::Many(pattern.common_attributes());
        includes = related::asked(&mut parameters, table.model(), entity, &scope);
    }
    parameters.finish()?;
    let invalid = |errors| Problem::fields(&entity.name, errors);
    let given = pattern.given_from_text(entity, &path.pairs()).map_err(invalid)?;
    let partition = pattern.partition_key(entity, &given);
    query.partition = partition.map_err(|error| invalid(vec![error]))?;
    let range = range::sort_keys(entity, pattern, given, &asked).map_err(Problem::parameters)?;
    (query.range, query.instants) = (range.keys, range.instants);
    let seal = list_seal(&cursors, entity, pattern, (&query.partition, query.descending), &bound);
    query.cursor = seal.open(query.cursor)?;
    if counts {
        let found = table.count(&query, MAX_READS).await?;
        let count = Listing::Count { count: found.count, cursor: seal.close(found.cursor) };
        return Ok(Json(count).into_response());
    }
    if !includes.is_empty() {
        form.must_be_plain(related::INCLUDE)?;
        let page = list.joined(query, &includes, &cursors, &seal).await?;
        return Ok(Json(page).into_response());
    }
    let found = table.list(&query, MAX_READS).await?;
    let items = found.items.iter().map(|item| list.answer(form, item, &query.select)).collect();
    let page = Listing::Items { items, cursor: seal.close(found.cursor) };
    Ok(form.answer(page))
}

impl List {
    /// Returns an item as it is answered: all of it, or what is wanted. Keys, which may be
    /// attributes, are read besides.
    fn answer(&self, form: Form, item: &Item, select: &[String]) -> Map<String, Value> {
        let mut object = form.item(&self.entity, item);
        self.drop_unselected(form, &mut object, select);
        object
    }

    /// Takes out of an answered item the attributes that are not wanted, where some are named.
    fn drop_unselected(&self, form: Form, object: &mut Map<String, Value>, select: &[String]) {
        let attributes = self.entity.attributes.iter();
        let unselected =
            attributes.filter(|known| !select.is_empty() && !select.contains(&known.field));
        let unselected: Vec<&str> = unselected.map(|known| form.name(known)).collect();
        object.retain(|name, _| !unselected.contains(&name.as_str()));
    }

    /// Returns the query of every list, without its partition.
    fn query(&self, parameters: &mut Parameters) -> Query {
        let Self { entity, pattern, .. } = self;
        let orders = if pattern.descending { ["desc", "asc"] } else { ["asc", "desc"] };
        let descending = parameters.choice("order", &orders) == "desc";
        let cursor = parameters.text("cursor");
        let consistent = parameters.flag("consistent");
        if let (Some(index), Some(true)) = (&pattern.index, consistent) {
            let why = "a global secondary index is eventually consistent";
            parameters
                .error("consistent", format!("`true`, expected false: {why}, {index} is one"));
        }
        let asked = parameters.condition("where", entity);
        for name in asked.attributes() {
            self.refuse_key(name, parameters);
        }
        let filter = entity.kind().and(pattern.filter.clone()).and(asked);
        let index = pattern.index.clone();
        let max_bytes = Some(ENOUGH_BYTES);
        Query { index, filter, consistent, descending, max_bytes, cursor, ..Query::default() }
    }

    /// Returns a page of items with those that they are related to.
    async fn joined(
        &self,
        query: Query,
        includes: &[Include<'_>],
        cursors: &Cursors,
        seal: &Seal,
    ) -> Result<Listing, Problem> {
        let Self { table, entity, .. } = self;
        let select = query.select.clone();
        let made_from = includes.iter().flat_map(Include::fields).map(str::to_owned);
        let made_from = made_from.filter(|_| !select.is_empty());
        let query = Query { select: query.select.into_iter().chain(made_from).collect(), ..query };
        let reading = related::reading(query.consistent);
        let found = table.list_joined(&query, includes, reading).await;
        let found = found.map_err(related::problem)?;
        let items = found.items.iter().map(|joined| {
            let mut shown = related::shown(entity, joined, includes, cursors)?;
            self.drop_unselected(Form::Plain, &mut shown, &select);
            Ok(shown)
        });
        let items = items.collect::<Result<_, Problem>>()?;
        Ok(Listing::Items { items, cursor: seal.close(found.cursor) })
    }

    /// Returns the stored names of the attributes that are wanted.
    fn selected(&self, parameters: &mut Parameters) -> Vec<String> {
        let Some(text) = parameters.text("select") else { return Vec::new() };
        let mut stored = Vec::new();
        for name in text.split(',') {
            match self.entity.attribute(name) {
                Some(attribute) => {
                    if attribute.hidden {
                        parameters.error("select", conditions::refused(name).to_string());
                    }
                    stored.push(attribute.field.clone());
                }
                None => {
                    let message = self.entity.no_such_attribute(name);
                    parameters.error("select", format!("`{name}`: {message}"));
                }
            }
        }
        stored
    }

    /// DynamoDB filters by no attribute that it reads by.
    fn refuse_key(&self, name: &str, parameters: &mut Parameters) {
        let attribute = self.entity.attribute(name);
        if attribute.is_some_and(|attribute| self.pattern.reads_by(&attribute.field)) {
            let message =
                format!("`{name}` is a key of what is read, expected it in the path or as a range");
            parameters.error("where", message);
        }
    }

    fn refuse_beside_count(&self, parameters: &mut Parameters) {
        let include = (!self.entity.relations.is_empty()).then_some(INCLUDE);
        for name in ["limit", "select"].into_iter().chain(include) {
            if parameters.text(name).is_some() {
                parameters.error(name, "goes without count, expected one or the other");
            }
        }
    }
}
