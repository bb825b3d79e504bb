//! Items with their related items: what is answered, how many requests it takes, and that nothing
//! is cut silently.
//!
//! | to see | read |
//! |---|---|
//! | the entities and their relations | `relations/hub.toml` |
//! | what is answered | `relations/answers.rs` |
//! | that it is what single reads answer, over random items | `relations/equality.rs` |
//! | how many requests of DynamoDB it takes | `relations/requests.rs` |
//! | what is not read, and what does not fit | `relations/limits.rs` |
//! | which includes are rejected | `relations/rejected.rs` |

mod answers;
mod equality;
mod hub;
mod limits;
mod rejected;
mod requests;
