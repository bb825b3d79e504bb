//! One budget for each request: how much of DynamoDB an answer reads, whatever is asked.
//!
//! | to see | read |
//! |---|---|
//! | questions and lists that would read without end | `budget/attacks.rs` |
//! | that a page within a budget is a page of the whole list | `budget/lists.rs` |
//! | that no read is made beside the budget | `budget/spent.rs` |
//! | the same of related items | `relations/equality.rs` |
//! | the same of points | `tests/tests/questions/budgets.rs` |

mod attacks;
mod lists;
mod spent;
