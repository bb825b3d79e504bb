//! The whole system in one process, for the tests beside it: a DynamoDB, the two HTTP services, and the processor.
//!
//! The DynamoDB is embedded, or the one that `WEIR_TEST_ENDPOINT` names; each test has tables of its own in either.

pub mod conflicts;
pub mod dynamodb;
pub mod emf;
pub mod flights;
pub mod http;
mod interception;
pub mod recorder;
pub mod recount;
pub mod running;
pub mod simulation;
pub mod system;
