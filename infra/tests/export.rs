//! `weir export` as its user meets it: every row is what the reader answers, all rows are what a
//! recount gives, and a file is whole or not there.

mod mistakes;
#[cfg(feature = "parquet")]
mod parquet;
mod rows;
mod shop;
