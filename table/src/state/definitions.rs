//! Definition files as they were when rollups were counted under them, kept beside the state item.
//!
//! ```text
//! PK           SK                attributes
//! @definition  <id>              text  the whole definition file
//! ```
//!
//! The id is made from the text, so an id stands for one text for ever. The names of the tables are
//! those of the program, not those of the text: the environment may override them.
//!
//! **Invariant:** a definition is stored before the state item names it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, ReturnConsumedCapacity};
use weir_model::Model;

use super::stored::key;
use crate::budget::{Budget, ITEM_BYTES, Unit};
use crate::error::{Error, chain};

const TEXT: &str = "text";
/// The largest definition that is stored, in bytes: DynamoDB takes items of 400 KB.
const MAX_BYTES: usize = 390 * 1024;

/// The definitions that a program has met so far, by their ids. Cheap to clone; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Definitions {
    known: Arc<Mutex<HashMap<String, Arc<Model>>>>,
}

/// Returns the id of a model's definition: a hash of 64 bits and the length of its text. It tells
/// the versions of one file from each other; it is not a defence against files made to collide.
fn definition_id(model: &Model) -> String {
    let text = model.source.as_bytes();
    format!("{:016x}{:06x}", weir_rollups::fnv::fnv1a(text.iter().copied()), text.len())
}

impl Definitions {
    /// Knows the definition of a program.
    pub(crate) fn new(own: &Arc<Model>) -> Self {
        Self { known: Arc::new(Mutex::new(HashMap::from([(definition_id(own), Arc::clone(own))]))) }
    }

    /// Returns the definition of an id, over the tables of `own`. Reads it once.
    ///
    /// # Errors
    /// [`Error::Definition`] if it is not stored, or if this version of Weir rejects it; else the
    /// error of DynamoDB.
    pub(crate) async fn find(
        &self,
        client: &Client,
        budget: &Budget,
        own: &Model,
        id: &str,
    ) -> Result<Arc<Model>, Error> {
        if let Some(known) = self.lock().get(id) {
            return Ok(Arc::clone(known));
        }
        let text = read(client, budget, &own.table.rollups_table, id).await?;
        let rejected = |reason: String| Error::Definition { id: id.to_owned(), reason };
        let text = text.ok_or_else(|| rejected("it is not stored".to_owned()))?;
        let model = text.parse::<Model>().map_err(|error| rejected(chain(&error)))?;
        let model = Arc::new(model.with_table(&own.table.name, Some(&own.table.rollups_table)));
        self.lock().insert(id.to_owned(), Arc::clone(&model));
        Ok(model)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Model>>> {
        self.known.lock().expect("no holder panics")
    }
}

async fn read(
    client: &Client,
    budget: &Budget,
    table: &str,
    id: &str,
) -> Result<Option<String>, Error> {
    let reservation = budget.reserve(ITEM_BYTES).await?;
    let request = client
        .get_item()
        .table_name(table)
        .set_key(Some(key(id)))
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .consistent_read(true);
    let read = request.send().await.map_err(|error| Error::from_sdk(table, error))?;
    reservation.settle(&read.consumed_capacity, Unit::Strong);
    let text = read.item.and_then(|mut item| item.remove(TEXT));
    Ok(text.and_then(|text| text.as_s().ok().cloned()))
}

/// Stores the definition of a model, and returns its id.
///
/// # Errors
/// [`Error::Definition`] for one that is too large; else the error of DynamoDB.
pub(super) async fn store(client: &Client, model: &Model) -> Result<String, Error> {
    let (table, id) = (&model.table.rollups_table, definition_id(model));
    if model.source.len() > MAX_BYTES {
        let reason = format!(
            "its text has {} bytes, expected at most {MAX_BYTES}: DynamoDB stores it in one item",
            model.source.len()
        );
        return Err(Error::Definition { id, reason });
    }
    // An update, not a put: a processor's role has no other right to write.
    let request = client
        .update_item()
        .table_name(table)
        .set_key(Some(key(&id)))
        .update_expression("SET #text = :text")
        .expression_attribute_names("#text", TEXT)
        .expression_attribute_values(":text", SdkValue::S(model.source.to_string()));
    request.send().await.map_err(|error| Error::from_sdk(table, error))?;
    Ok(id)
}
