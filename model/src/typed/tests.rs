//! Tests of types against a definition.

mod nested;

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Map;

use super::*;

fn entity() -> Entity {
    let model: Model = r##"
        [table]
        name = "shop"
        [entities.order]
        PK = "USER#{user}"
        SK = "ORDER#{number:04}"
        [entities.order.attributes]
        user    = { type = "string", required = true }
        number  = { type = "integer", required = true }
        status  = { type = "enum", values = ["placed", "paid"], default = "placed" }
        total   = { type = "decimal", scale = 2, required = true }
        placed  = { type = "timestamp" }
        tags    = { type = "set", items = "string" }
        email   = { type = "string" }
    "##
    .parse()
    .expect("a definition");
    model.entities[0].clone()
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Placed,
    Paid,
}

/// A text that only some texts are.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Email(String);

impl TryFrom<String> for Email {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if text.contains('@') { Ok(Self(text)) } else { Err("no e-mail address") }
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl Clone for Email {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

fn mismatch<T: Serialize + DeserializeOwned>() -> String {
    entity().check_type::<T>().expect_err("a mismatch").to_string()
}

#[test]
fn a_type_that_says_what_the_definition_says_fits() {
    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        user: String,
        number: u32,
        status: Status,
        total: f64,
        placed: Option<jiff::Timestamp>,
        tags: Option<BTreeSet<String>>,
        email: Option<Email>,
    }
    #[derive(Serialize, Deserialize)]
    struct InPart {
        user: String,
        number: i64,
        total: serde_json::Number,
    }
    entity().check_type::<Order>().expect("it fits");
    entity().check_type::<InPart>().expect("what is optional may be left out");
    entity().check_type::<Map<String, Value>>().expect("anything fits");
}

#[test]
fn a_type_that_the_definition_contradicts_is_told_where() {
    #[derive(Serialize, Deserialize)]
    struct Required {
        user: String,
        number: i64,
        total: f64,
        email: String,
    }
    #[derive(Serialize, Deserialize)]
    struct Whole {
        user: String,
        number: i64,
        total: i64,
    }
    #[derive(Serialize, Deserialize)]
    struct Misspelt {
        user: String,
        number: i64,
        total: f64,
        #[serde(default)]
        stauts: String,
    }
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Unpaid {
        Placed,
    }
    #[derive(Serialize, Deserialize)]
    struct Fewer {
        user: String,
        number: i64,
        total: f64,
        status: Unpaid,
    }
    #[derive(Serialize, Deserialize)]
    struct Incomplete {
        user: String,
        number: i64,
    }
    #[derive(Serialize, Deserialize)]
    struct Number {
        user: String,
        number: String,
        total: f64,
    }
    assert!(mismatch::<Required>().contains("missing field `email`"), "{}", mismatch::<Required>());
    assert!(mismatch::<Whole>().contains("invalid number"), "{}", mismatch::<Whole>());
    assert!(
        mismatch::<Misspelt>().contains("did you mean `status`?"),
        "{}",
        mismatch::<Misspelt>()
    );
    assert!(mismatch::<Fewer>().contains("unknown variant `paid`"), "{}", mismatch::<Fewer>());
    let incomplete = mismatch::<Incomplete>();
    assert!(incomplete.contains("`total` is required, and is not written"), "{incomplete}");
    assert!(mismatch::<Number>().contains("invalid type"), "{}", mismatch::<Number>());
}
