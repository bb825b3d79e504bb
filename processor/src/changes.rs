//! The changes of one invocation as a stream, plain or typed.
//!
//! ```no_run
//! # use weir_processor::{Changes, Failure};
//! # #[derive(serde::Deserialize)] struct Customer { email: String }
//! # impl weir_model::ItemType for Customer { const ENTITY: &'static str = "customer"; }
//! # async fn send_welcome(customer: Customer) -> Result<(), std::io::Error> { Ok(()) }
//! async fn welcome(changes: Changes) -> Result<(), Failure> {
//!     changes.typed::<Customer>().inserted().try_for_each(|change| async move {
//!         match change.new {
//!             Some(customer) => send_welcome(customer).await,
//!             None => Ok(()),
//!         }
//!     }).await
//! }
//! ```
//!
//! **Invariant:** a record counts as done when the function given to `try_for_each` has returned
//! `Ok` for it; the lowest record that has not is where the invocation is repeated from.

use std::marker::PhantomData;
use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt, stream};
use weir_model::{ItemType, Model, TypeError};
use weir_rollups::{Change, Image, SequenceNumber};

use crate::failure::Failure;
use crate::invocation::{Invocation, StreamChange};
use crate::unfinished::UnfinishedRecords;

/// The changes of one invocation, in order.
#[derive(Clone, Debug)]
pub struct Changes {
    model: Arc<Model>,
    invocation: Arc<Invocation>,
    unfinished: UnfinishedRecords,
}

/// The changes to items of one entity, in order.
pub struct TypedChanges<T> {
    changes: Changes,
    kinds: Kinds,
    item: PhantomData<fn() -> T>,
}

/// A change to an item of one entity.
#[derive(Clone, Debug, PartialEq)]
pub struct TypedChange<T> {
    /// The item before the change; `None` when it was not there, or of another entity.
    pub old: Option<T>,
    /// The item after the change; `None` when it is gone, or of another entity now.
    pub new: Option<T>,
    /// Whether it is gone because its time to live had passed.
    pub expired: bool,
    /// The same whenever the change is delivered: the idempotency key for what is done about it.
    pub event_id: String,
    /// The place of its record in its shard (see [`TypedChanges::shard`]).
    pub sequence: SequenceNumber,
    /// When it was made, in seconds since 1970, or
    /// [`UNKNOWN_SECONDS`](weir_rollups::watermark::UNKNOWN_SECONDS).
    pub seconds: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kinds {
    Every,
    Inserted,
    Modified,
    Removed { expired: Option<bool> },
}

impl Changes {
    pub(crate) fn new(
        model: Arc<Model>,
        invocation: Arc<Invocation>,
        unfinished: UnfinishedRecords,
    ) -> Self {
        Self { model, invocation, unfinished }
    }

    /// The changes to items of one entity.
    pub fn typed<T: ItemType>(self) -> TypedChanges<T> {
        TypedChanges { changes: self, kinds: Kinds::Every, item: PhantomData }
    }

    /// The shard they come from.
    pub fn shard(&self) -> &str {
        &self.invocation.shard.id
    }

    /// Calls the function for each change, one after the other, until one fails.
    ///
    /// # Errors
    /// The first failure; its record and all after it are retried.
    pub async fn try_for_each<F, R, E>(self, mut function: F) -> Result<(), Failure>
    where
        F: FnMut(StreamChange) -> R,
        R: Future<Output = Result<(), E>>,
        E: Into<Failure>,
    {
        for record in &self.invocation.changes {
            self.unfinished.begin(record.change.sequence);
            function(record.clone()).await.map_err(Into::into)?;
            self.unfinished.finish(record.change.sequence);
        }
        Ok(())
    }

    /// The changes as a stream, for what [`Self::try_for_each`] does not do. A failure then repeats
    /// the whole invocation.
    pub fn stream(self) -> impl Stream<Item = StreamChange> {
        let invocation = self.invocation;
        stream::iter(0..invocation.changes.len()).map(move |at| invocation.changes[at].clone())
    }
}

impl<T: ItemType> TypedChanges<T> {
    /// The shard they come from.
    pub fn shard(&self) -> &str {
        self.changes.shard()
    }

    /// Only those that put an item where none of the entity was.
    #[must_use]
    pub fn inserted(self) -> Self {
        Self { kinds: Kinds::Inserted, ..self }
    }

    /// Only those that changed an item.
    #[must_use]
    pub fn modified(self) -> Self {
        Self { kinds: Kinds::Modified, ..self }
    }

    /// Only those that removed an item, deleted or expired.
    #[must_use]
    pub fn removed(self) -> Self {
        Self { kinds: Kinds::Removed { expired: None }, ..self }
    }

    /// Only those in which DynamoDB removed an item because its time to live had passed.
    #[must_use]
    pub fn expired(self) -> Self {
        Self { kinds: Kinds::Removed { expired: Some(true) }, ..self }
    }

    /// Only those in which a client deleted an item.
    #[must_use]
    pub fn deleted(self) -> Self {
        Self { kinds: Kinds::Removed { expired: Some(false) }, ..self }
    }

    /// Calls the function for each change, one after the other, until one fails.
    ///
    /// # Errors
    /// The first failure, an item that does not fit the type included; its record and all after it
    /// come again.
    pub async fn try_for_each<F, R, E>(self, mut function: F) -> Result<(), Failure>
    where
        F: FnMut(TypedChange<T>) -> R,
        R: Future<Output = Result<(), E>>,
        E: Into<Failure>,
    {
        let Changes { invocation, unfinished, .. } = &self.changes;
        for record in &invocation.changes {
            unfinished.begin(record.change.sequence);
            if let Some(change) = self.typed(record)? {
                function(change).await.map_err(Into::into)?;
            }
            unfinished.finish(record.change.sequence);
        }
        Ok(())
    }

    /// The changes as a stream, for what [`Self::try_for_each`] does not do. A failure then repeats
    /// the whole invocation.
    pub fn stream(self) -> impl Stream<Item = Result<TypedChange<T>, TypeError>> {
        let records = 0..self.changes.invocation.changes.len();
        stream::iter(records.map(Ok)).try_filter_map(move |at| {
            std::future::ready(self.typed(&self.changes.invocation.changes[at]))
        })
    }

    /// The change as one of the entity; `None` when it is about another, or of another kind than
    /// wanted.
    fn typed(&self, record: &StreamChange) -> Result<Option<TypedChange<T>>, TypeError> {
        let entity = self.changes.model.entity_of_type::<T>()?;
        let image = &record.change.image;
        let read = |item: Option<&weir_model::Item>| {
            item.filter(|item| entity.matches(item)).map(|item| entity.read(item)).transpose()
        };
        let (old, new) = (read(image.old_image())?, read(image.new_image())?);
        let expired = matches!(image, Image::Remove { expired: true, .. });
        let wanted = match (self.kinds, &old, &new) {
            (_, None, None) => false,
            (Kinds::Every, ..) => true,
            (Kinds::Inserted, old, new) => old.is_none() && new.is_some(),
            (Kinds::Modified, old, new) => old.is_some() && new.is_some(),
            (Kinds::Removed { expired: wanted }, old, new) => {
                old.is_some() && new.is_none() && wanted.is_none_or(|wanted| wanted == expired)
            }
        };
        let Change { sequence, seconds, .. } = record.change;
        let event_id = record.event_id.clone();
        Ok(wanted.then_some(TypedChange { old, new, expired, event_id, sequence, seconds }))
    }
}
