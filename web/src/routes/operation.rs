//! The registry of operations: each operation's method, kind of answer and problems, side by side.

use axum::http::Method;

use crate::problem::Kind;

/// The entry of an operation in the registry.
struct Entry {
    method: Method,
    answers_items: bool,
    problems: &'static [Kind],
}

macro_rules! answers_items {
    (items) => {
        true
    };
    (others) => {
        false
    };
}

macro_rules! registry {
    ($(#[doc = $doc:literal] $name:ident $method:ident $answer:ident [$($problem:ident)*])*) => {
        /// The operation of a route.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation {
            $(#[doc = $doc] $name,)*
        }

        /// The entries, in the order of the operations.
        static REGISTRY: &[Entry] = &[$(
            Entry {
                method: Method::$method,
                answers_items: answers_items!($answer),
                problems: &[$(Kind::$problem),*],
            },
        )*];
    };
}

// operation, method, whether the answer is of items or of others, and the problems of its own
registry! {
    /// Creates an item.
    Create POST items [
        Validation BadJson BadHeader Refused AlreadyExists Duplicate TokenReused Conflict
        PayloadTooLarge UnsupportedMediaType
    ]
    /// Replaces an item, or creates it under its path.
    Replace PUT items [
        Validation BadJson BadQuery BadHeader Refused AlreadyExists Duplicate Conflict
        ConditionFailed PayloadTooLarge UnsupportedMediaType
    ]
    /// Updates an item that is there.
    Update PATCH items [
        Validation BadJson BadQuery BadHeader Refused NotFound AlreadyExists Duplicate Conflict
        ConditionFailed PayloadTooLarge UnsupportedMediaType
    ]
    /// Deletes an item.
    Delete DELETE items [Validation BadQuery BadHeader NotFound Conflict ConditionFailed]
    /// Puts many items.
    Batch POST others [BadJson BadHeader PayloadTooLarge UnsupportedMediaType]
    /// Puts and deletes many items of any entities.
    BatchAny POST others [BadJson BadHeader PayloadTooLarge UnsupportedMediaType]
    /// Does several actions, or none of them.
    Transact POST others [
        Validation BadJson BadHeader Refused NotFound AlreadyExists Duplicate TokenReused Conflict
        ConditionFailed PayloadTooLarge UnsupportedMediaType
    ]
    /// Creates an item, or sets what is given in the one that is alike in what is unique.
    Upsert PUT items [
        Validation BadJson BadHeader Refused AlreadyExists Duplicate Conflict PayloadTooLarge
        UnsupportedMediaType
    ]
    /// Gets an item.
    Get GET items [Validation BadQuery NotFound]
    /// Gets many items.
    BatchGet GET items [BadQuery]
    /// Gets several items of any entities as they are at one moment.
    TransactGet GET items [BadQuery Refused Conflict]
    /// Gets an item by what is unique about it.
    GetUnique GET items [Validation NotFound]
    /// Lists the items of one partition.
    List GET items [Validation BadQuery BadCursor Refused]
    /// Lists items by an access pattern.
    Query GET items [Validation BadQuery BadCursor Refused]
    /// Lists the items of a collection.
    Collection GET items [Validation BadQuery BadCursor Refused]
    /// Lists the rollups.
    Rollups GET others []
    /// Answers a question to a rollup.
    Rollup GET others [UnknownRollup BadQuery BadCursor BuildingRollup UnbuiltRollup]
    /// Lists the ranks of a rollup's groups in one bucket.
    Ranks GET others [UnknownRollup BadQuery BadCursor BuildingRollup UnbuiltRollup]
    /// Serves the OpenAPI document.
    OpenApi GET others []
    /// Says that the service runs.
    Health GET others []
}

impl Operation {
    fn entry(self) -> &'static Entry {
        &REGISTRY[self as usize]
    }

    /// Returns the method of its requests.
    pub fn method(self) -> Method {
        self.entry().method.clone()
    }

    /// Returns the problems of its own, beside those of every operation on the table.
    pub fn problems(self) -> &'static [Kind] {
        self.entry().problems
    }

    /// Returns whether its answer is of items, which [`crate::Form`] writes.
    pub fn answers_items(self) -> bool {
        self.entry().answers_items
    }

    /// Returns whether it asks DynamoDB, and so may meet its problems.
    pub fn asks_dynamodb(self) -> bool {
        !matches!(self, Self::Rollups | Self::OpenApi | Self::Health)
    }
}
