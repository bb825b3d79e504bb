//! The whole system in one process, for the tests beside it: a DynamoDB, the two HTTP services, and
//! the processor.
//!
//! Or in several: the functions as built, each a process that speaks to a Lambda Runtime API, as
//! [`deployed`] has them.
//!
//! The DynamoDB is embedded, or the one that `WEIR_TEST_ENDPOINT` names; each test has tables of
//! its own in either.

pub mod api_gateway;
pub mod changes;
pub mod conflicts;
pub mod cookbook;
pub mod deployed;
pub mod dynamodb;
pub mod emf;
pub mod example;
pub mod failed_updates;
pub mod faulty;
pub mod fixture;
pub mod flights;
pub mod functions;
pub mod gate;
pub mod http;
mod interception;
pub mod json;
pub mod package;
pub mod process;
pub mod recorder;
pub mod recount;
pub mod running;
pub mod runtime_api;
pub mod shop;
pub mod simulation;
pub mod system;
pub mod table;
pub mod tour;
