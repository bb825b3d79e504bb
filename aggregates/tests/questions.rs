//! Questions to a rollup: the plan of each that can be answered, the message of each that cannot.
//!
//! | to see | read |
//! |---|---|
//! | which questions are rejected, and why | `questions/rejected.txt` |
//! | which keys are read for a question | `questions/keys.txt` |
//! | the periods of a series, and those of a comparison | `questions/periods.txt` |
//! | the form of these files | `questions/cases.rs` |
//! | the rollups | `questions/weir.toml` |

#[path = "questions/asking.rs"]
mod asking;
#[path = "questions/cases.rs"]
mod cases;
#[path = "questions/planned.rs"]
mod planned;

use asking::{plan, rejected};
use cases::check;

#[test]
fn a_question_that_cannot_be_answered_is_rejected_with_what_could_be_asked() {
    check("rejected.txt", |rollup, parameters| {
        vec![plan(rollup, parameters).err().unwrap_or_else(|| "(planned)".to_owned())]
    });
}

#[test]
fn a_value_that_no_key_can_have_is_rejected_with_its_length() {
    let long = "x".repeat(2_049);
    assert_eq!(
        rejected("by_stop", &format!("origin={long}&stops=1")),
        "`origin`: a value of 2049 bytes; expected those of all dimensions to make a partition \
         key of 2048 bytes or fewer"
    );
}
