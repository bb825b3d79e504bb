//! Names that questions to rollups and their answers have for themselves.

use super::SHOP;
use crate::Model;

#[test]
fn no_dimension_and_no_measure_has_a_name_of_questions_or_answers() {
    for name in ["from", "time_zone", "compare", "neighbours", "previous", "filled", "rank"] {
        let as_dimension = SHOP
            .replace(r#"by = ["user_id"]"#, &format!(r#"by = ["{name}"]"#))
            .replace("tags = {", &format!("{name} = {{ type = \"string\" }}\ntags = {{"));
        let as_measure = SHOP.replace("orders = \"count\"", &format!("{name} = \"count\""));
        for (text, user) in
            [(as_dimension, "a query uses it itself"), (as_measure, "answers use it themselves")]
        {
            let error = Model::parse("weir.toml", &text).expect_err(name);
            let expected = format!("`{name}` is reserved, {user}");
            let messages: Vec<_> = error.problems.iter().map(|problem| &problem.message).collect();
            assert!(messages.contains(&&expected), "{messages:?}");
        }
    }
}
