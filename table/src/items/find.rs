//! Items found by what is unique about them.

use model::unique::OWNER;
use model::{AttributeValue, Entity, Item};

use super::Table;
use crate::error::Error;

/// How often an item is looked for whose lock moves away meanwhile.
const MAX_LOOKS: u32 = 4;

impl Table {
    /// The item of an entity that has these values of unique attributes, given as text; strongly consistent, in two reads.
    ///
    /// ```no_run
    /// # async fn find(table: table::Table) -> Result<(), table::Error> {
    /// let model = table.model().clone();
    /// let user = model.entity("user").expect("it is defined");
    /// let ann = table.find_by(user, &[("email", "ann@example.com")]).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] when no constraint is about just these attributes; else what DynamoDB says.
    pub async fn find_by(
        &self,
        entity: &Entity,
        values: &[(&str, &str)],
    ) -> Result<Option<Item>, Error> {
        let lock = entity.lock_of_text(values).map_err(Error::Invalid)?;
        for _ in 0..MAX_LOOKS {
            let Some(found) = self.get(&lock.key).await? else { return Ok(None) };
            let Some(AttributeValue::M(owner)) = found.get(OWNER) else { return Ok(None) };
            let Some(key) = self.model.table.primary_key(&owner.clone().into()) else {
                return Ok(None);
            };
            // Between the two reads the item may have taken other values.
            let item = self.get(&key).await?.filter(|item| entity.matches(item));
            if let Some(item) = item.filter(|item| entity.locks_held(item).contains(&lock)) {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }
}
