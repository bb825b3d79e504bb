//! What a definition may not hide: what lists are ordered by.

use crate::Model;

fn mistakes(keys: &str) -> Vec<String> {
    let text = format!(
        "[table]\nname = \"shop\"\n[table.indexes.GSI1]\npartition_key = \"GSI1PK\"\nsort_key = \"GSI1SK\"\n\
         [entities.login]\n{keys}\n[entities.login.attributes]\n\
         id = {{ type = \"string\", required = true }}\n\
         token = {{ type = \"string\", required = true, hidden = true }}\n"
    );
    match text.parse::<Model>() {
        Ok(_) => Vec::new(),
        Err(error) => error.problems.iter().map(|problem| problem.message.clone()).collect(),
    }
}

#[test]
fn a_sort_key_is_made_of_nothing_hidden() {
    let refused = "`token` is hidden, and in a sort key";
    for keys in [
        "PK = \"LOGIN#{id}\"\nSK = \"TOKEN#{token}\"",
        "PK = \"LOGIN#{id}\"\nSK = \"LOGIN\"\nGSI1PK = \"ALL\"\nGSI1SK = \"{token}#{id}\"",
    ] {
        assert_eq!(mistakes(keys), [refused], "{keys}");
    }
    let by_partition =
        "PK = \"LOGIN#{token}\"\nSK = \"LOGIN\"\nGSI1PK = \"TOKEN#{token}\"\nGSI1SK = \"{id}\"";
    assert_eq!(mistakes(by_partition), [""; 0]);
}
