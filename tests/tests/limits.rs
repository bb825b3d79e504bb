//! What a caller or a definition may send, and what it costs: limits, growth, size of answers.
//!
//! | module | holds that |
//! |---|---|
//! | `growth` | work grows in proportion to each list that a caller or a definition sends |
//! | `refused` | a list longer than DynamoDB takes is rejected before it is planned |
//! | `answers` | an answer is small however large the request was |
//! | `app` | runs the services without a DynamoDB: each answer here is given before it is asked |

#[path = "limits/answers.rs"]
mod answers;
#[path = "limits/app.rs"]
mod app;
#[path = "limits/growth.rs"]
mod growth;
#[path = "limits/refused.rs"]
mod refused;
