//! The errors of DynamoDB, by what the caller can do about them.

use std::error::Error as StdError;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;
use weir_model::{FieldError, Item, TypeError};

use crate::reads::{MB, Reads};

/// A request to DynamoDB that did not do what was asked.
#[derive(Debug, Error)]
pub enum Error {
    /// An item with this key exists already. Choose another key.
    #[error("an item with the key {key} exists already")]
    AlreadyExists {
        /// The key.
        key: String,
        /// The item that has it.
        item: Box<Item>,
    },
    /// Another item of the entity has these values, which no two may have. Choose others.
    #[error("another {entity} has the same {}", .attributes.join(" and "))]
    Duplicate {
        /// The entity.
        entity: String,
        /// The attributes that are to be unique, together.
        attributes: Vec<String>,
    },
    /// An item of another kind has this key. Choose another key.
    #[error("an item of another kind has the key {0}")]
    OtherKind(String),
    /// An item of the entity with other key attributes has this key, which does not determine them
    /// all. Choose other attributes.
    #[error(
        "another {entity} has the same key, with another `{}`; expected attributes that make \
         another key",
        .attributes.join("` or `")
    )]
    OtherItem {
        /// The entity.
        entity: String,
        /// The attributes that the key does not determine.
        attributes: Vec<String>,
    },
    /// There is no item of the entity with this key. Create it, or name another.
    #[error("there is no {entity} with the key {key}")]
    NotFound {
        /// The entity.
        entity: String,
        /// The key.
        key: String,
    },
    /// A transaction was not done, for one of its actions could not be. Do what the reason asks.
    #[error("action {index} of the transaction: {reason}")]
    Cancelled {
        /// The position of the action, from 0.
        index: usize,
        /// Why it could not be done.
        reason: Box<Self>,
    },
    /// The token of this transaction was that of another one within the last ten minutes. Look
    /// whether that one is the same.
    #[error("the token was that of another transaction within ten minutes")]
    TokenReused {
        /// DynamoDB's own error.
        source: Source,
    },
    /// The condition on the item does not hold. Look at it, and decide again.
    #[error("the item is not as the condition says")]
    ConditionFailed {
        /// The item as it is; `None` when there is none.
        item: Option<Box<Item>>,
    },
    /// Fields that the definition does not allow to be so. Mend them.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// A type of the program is not what the definition says, or an item is not a value of it.
    /// Change the type.
    #[error(transparent)]
    Type(#[from] TypeError),
    /// The table or index is not there. Deploy it.
    #[error("the table `{table}` does not exist")]
    MissingTable {
        /// The table.
        table: String,
        /// DynamoDB's own error.
        source: Source,
    },
    /// The table that exists is not the one the definition describes. Change one of them.
    #[error("the table `{table}` is not as the definition says: {mismatch}")]
    OtherTable {
        /// The table.
        table: String,
        /// How they differ.
        mismatch: String,
    },
    /// A stored definition cannot be used. Deploy the version of Weir that stored it, or a later
    /// one.
    #[error("the stored definition `{id}` of rollups cannot be used: {reason}")]
    Definition {
        /// Its id in the rollups table.
        id: String,
        /// Why.
        reason: String,
    },
    /// The caller may not do this. Change its permissions.
    #[error("access to the table `{table}` was denied")]
    Denied {
        /// The table.
        table: String,
        /// DynamoDB's own error.
        source: Source,
    },
    /// DynamoDB refuses the request for good: the same request will fail again.
    #[error("DynamoDB refuses the request: {message}")]
    Refused {
        /// Its words.
        message: String,
        /// DynamoDB's own error.
        source: Source,
    },
    /// Another writer was at the same item. Try again.
    #[error("another write to the same item was in progress")]
    Conflict {
        /// DynamoDB's own error.
        source: Source,
    },
    /// Too much was asked at once. Try again later.
    #[error("the table `{table}` is throttled")]
    Throttled {
        /// The table.
        table: String,
        /// DynamoDB's own error.
        source: Source,
    },
    /// DynamoDB did not answer, or failed inside. Try again later.
    #[error("DynamoDB did not answer for the table `{table}`")]
    Unavailable {
        /// The table.
        table: String,
        /// The failure.
        source: Source,
    },
    /// The request would read more than its budget. Ask for less at once.
    #[error(
        "{}reads more than a request may: {} reads and {} MB of DynamoDB; expected a request for \
         less",
        .relation.as_ref().map(|name| format!("the relation `{name}` ")).unwrap_or_default(),
        .limits.reads,
        .limits.bytes / MB
    )]
    OverBudget {
        /// The limits of the budget.
        limits: Reads,
        /// The relation whose items were not read, if it is about one.
        relation: Option<String>,
    },
    /// A cursor that this query did not give out.
    #[error("the cursor is none that this query gave out")]
    Cursor,
    /// A stored item that is not what this version writes.
    #[error("a stored item cannot be read: {0}")]
    Unreadable(String),
}

/// DynamoDB's own error, kept as the source.
pub type Source = Box<dyn StdError + Send + Sync>;

impl From<weir_model::InvalidItem> for Error {
    fn from(invalid: weir_model::InvalidItem) -> Self {
        Self::Invalid(invalid.errors)
    }
}

impl Error {
    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Cancelled { reason, .. } => reason.is_retryable(),
            _ => matches!(
                self,
                Self::Conflict { .. } | Self::Throttled { .. } | Self::Unavailable { .. }
            ),
        }
    }

    /// Whether the budget of the request was spent.
    pub fn is_over_budget(&self) -> bool {
        matches!(self, Self::OverBudget { .. })
    }

    /// Whether this error leaves some items unread, and does not concern those that were read.
    pub fn leaves_unread(&self) -> bool {
        self.is_retryable() || self.is_over_budget()
    }

    /// The same, if it is about the budget, of the relation that was read.
    pub(crate) fn of_relation(self, name: &str) -> Self {
        match self {
            Self::OverBudget { limits, relation: None } => {
                Self::OverBudget { limits, relation: Some(name.to_owned()) }
            }
            other => other,
        }
    }

    /// Whether the same request fails again however often it is sent, because of this one item.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Unreadable(_))
    }

    /// Returns whether no request of this kind can succeed until the deployment is fixed.
    pub fn is_table_level(&self) -> bool {
        matches!(self, Self::MissingTable { .. } | Self::Denied { .. } | Self::OtherTable { .. })
    }

    /// Returns the error of a write that DynamoDB would reject, as this library knows.
    pub(crate) fn refused(message: String) -> Self {
        Self::Refused { source: message.clone().into(), message }
    }

    /// Classifies why a transaction was cancelled, where it is neither a condition nor another
    /// transaction.
    pub(crate) fn from_reason(table: &str, code: &str, message: String) -> Self {
        match code {
            "ValidationError" | "ItemCollectionSizeLimitExceeded" => Self::refused(message),
            _ => {
                let source = format!("{code}: {message}").into();
                Self::Throttled { table: table.to_owned(), source }
            }
        }
    }

    /// Returns the error of items that DynamoDB left unprocessed: it takes no more requests at the
    /// moment.
    pub(crate) fn throttled(table: &str) -> Self {
        Self::Throttled { table: table.to_owned(), source: "keys were left unprocessed".into() }
    }

    /// Classifies an error of the SDK by DynamoDB's error code.
    pub(crate) fn from_sdk<E>(table: &str, error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let code = error.code().unwrap_or_default().to_owned();
        let message = error.message().unwrap_or_default().to_owned();
        let table = table.to_owned();
        let source: Source = Box::new(error);
        match code.as_str() {
            "ResourceNotFoundException" => Self::MissingTable { table, source },
            "AccessDeniedException" | "UnrecognizedClientException" | "ExpiredTokenException" => {
                Self::Denied { table, source }
            }
            "ValidationException" | "ItemCollectionSizeLimitExceededException" => {
                Self::Refused { message, source }
            }
            "TransactionConflictException" | "TransactionInProgressException" => {
                Self::Conflict { source }
            }
            "IdempotentParameterMismatchException" => Self::TokenReused { source },
            "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "LimitExceededException" => Self::Throttled { table, source },
            _ => Self::Unavailable { table, source },
        }
    }
}

impl From<Vec<FieldError>> for Error {
    /// Wraps the mistakes that the model found.
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Invalid(errors)
    }
}

/// An error and everything that caused it, in a line.
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
