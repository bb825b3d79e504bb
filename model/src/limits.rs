//! The limits on what a request may send: DynamoDB's, and Weir's own.
//!
//! DynamoDB's are those of "Constraints in Amazon DynamoDB" and "Service, account, and table
//! quotas" (Amazon DynamoDB Developer Guide). Weir checks a list against its limit before it works
//! on the list, so the work for a request is bounded by what DynamoDB would take of it.
//!
//! **Invariant:** a limit of Weir's own rejects no write that DynamoDB would take. A batch of more
//! than [`MAX_BATCH_JSON_VALUES`] is taken as several.

/// The longest expression of a request, in bytes. (DynamoDB)
pub const MAX_EXPRESSION_BYTES: usize = 4096;

/// The most operators and functions of an expression. (DynamoDB)
pub const MAX_OPERATORS: usize = 300;

/// The most operands of `IN`. (DynamoDB)
pub const MAX_IN_OPERANDS: usize = 100;

/// The most actions of a transaction. (DynamoDB)
pub const MAX_ACTIONS: usize = 100;

/// The most writes of one BatchWriteItem. (DynamoDB)
pub const MAX_BATCH_WRITES: usize = 25;

/// The most keys of one BatchGetItem. (DynamoDB)
pub const MAX_BATCH_KEYS: usize = 100;

/// The largest item, in bytes. (DynamoDB)
pub const MAX_ITEM_BYTES: usize = 400 * 1024;

/// The most bytes of the items of one transaction. (DynamoDB)
pub const MAX_TRANSACTION_BYTES: usize = 4 * 1024 * 1024;

/// How deep values nest: a value lies in fewer lists and maps of its attribute than this.
/// (DynamoDB)
pub const MAX_DEPTH: usize = 32;

/// The most paths of an update: each takes at least five bytes of its expression, such as `#n0, `.
pub const MAX_UPDATE_PATHS: usize = MAX_EXPRESSION_BYTES / 5;

/// The most tests of a condition: each is an operator or a function of its expression.
pub const MAX_TESTS: usize = MAX_OPERATORS;

/// The most values that one JSON text may hold, so that the memory it takes is bounded. The largest
/// item holds fewer: a member of a list takes two bytes of it at least.
pub const MAX_JSON_VALUES: usize = 250_000;

/// The same of a batch or a transaction of 4 MB: at four bytes a value, which takes about a hundred
/// bytes of memory.
pub const MAX_BATCH_JSON_VALUES: usize = 1_000_000;

/// The most errors that are reported with their texts; of the others only the number is.
pub const MAX_ERRORS: usize = 100;

/// The most names that a message lists; of the others only the number is given.
pub const MAX_NAMES: usize = 20;

/// How much of a rejected value a message repeats, in characters.
pub const MAX_SHOWN_CHARACTERS: usize = 60;

/// The longest name of a field in an error, in characters.
pub const MAX_FIELD_CHARACTERS: usize = 200;

/// The longest message of an error, in characters.
pub const MAX_MESSAGE_CHARACTERS: usize = 1000;
