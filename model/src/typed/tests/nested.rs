//! Types with structs, lists and maps in them against a definition that has rules for these.

use std::collections::{BTreeMap, HashMap};

use super::*;

fn entity() -> Entity {
    let model: Model = r##"
        [table]
        name = "shop"
        [entities.order]
        PK = "ORDER#{id}"
        SK = "ORDER"
        [entities.order.attributes]
        id     = { type = "string", required = true }
        skills = { type = "map", items = { type = "integer", min = 0 } }
        tags   = { type = "list", items = "string" }
        [entities.order.attributes.address]
        type = "map"
        attributes.street  = { type = "string", required = true }
        attributes.zip     = { type = "string", field = "z" }
        attributes.country = { type = "enum", values = ["DE", "FR"], default = "DE" }
        [entities.order.attributes.lines]
        type = "list"
        items.type = "map"
        items.attributes.sku   = { type = "string", required = true }
        items.attributes.price = { type = "decimal", scale = 2 }
        items.attributes.state = { type = "enum", values = ["open", "sent"] }
    "##
    .parse()
    .unwrap_or_else(|error| panic!("{error:#?}"));
    model.entities[0].clone()
}

#[derive(Serialize, Deserialize)]
struct Order<A, L, S> {
    id: String,
    address: Option<A>,
    lines: Option<Vec<L>>,
    skills: Option<S>,
    tags: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct Address {
    street: String,
    zip: Option<String>,
    country: Country,
}

#[derive(Serialize, Deserialize)]
enum Country {
    DE,
    FR,
}

#[derive(Serialize, Deserialize)]
struct Line {
    sku: String,
    price: Option<serde_json::Number>,
    state: Option<String>,
}

type Skills = HashMap<String, u32>;

fn mismatch<A, L, S>() -> String
where
    A: Serialize + DeserializeOwned,
    L: Serialize + DeserializeOwned,
    S: Serialize + DeserializeOwned,
{
    entity().check_type::<Order<A, L, S>>().expect_err("a mismatch").to_string()
}

#[test]
fn structs_in_a_struct_that_say_what_the_definition_says_fit() {
    #[derive(Serialize, Deserialize)]
    struct InPart {
        street: String,
    }
    entity().check_type::<Order<Address, Line, Skills>>().expect("it fits");
    entity().check_type::<Order<InPart, Line, BTreeMap<String, i64>>>().expect("so does a part");
    entity().check_type::<Order<Value, Value, Value>>().expect("and anything");
}

#[test]
fn what_is_wrong_in_a_struct_is_told_with_its_place() {
    #[derive(Serialize, Deserialize)]
    struct Required {
        street: String,
        zip: String,
    }
    #[derive(Serialize, Deserialize)]
    struct Misspelt {
        street: String,
        #[serde(default)]
        cuntry: String,
    }
    #[derive(Serialize, Deserialize)]
    struct Whole {
        sku: String,
        price: Option<i64>,
    }
    #[derive(Serialize, Deserialize)]
    enum Open {
        #[serde(rename = "open")]
        Open,
    }
    #[derive(Serialize, Deserialize)]
    struct Fewer {
        sku: String,
        state: Option<Open>,
    }
    #[derive(Serialize, Deserialize)]
    struct Lost {
        price: Option<serde_json::Number>,
    }
    #[derive(Serialize, Deserialize)]
    struct Forgets {}
    let cases = [
        (mismatch::<Required, Line, Skills>(), "missing field `zip`"),
        (
            mismatch::<Misspelt, Line, Skills>(),
            "`address.cuntry`: `address` has no such attribute; did you mean `country`?",
        ),
        (mismatch::<Address, Whole, Skills>(), "invalid number"),
        (mismatch::<Address, Fewer, Skills>(), "unknown variant `sent`"),
        (mismatch::<Address, Lost, Skills>(), "`lines[0].sku` is required, and is not written"),
        (
            mismatch::<Address, Line, HashMap<String, bool>>(),
            "invalid type: number, expected a boolean",
        ),
        (mismatch::<Address, Line, Forgets>(), "`skills` was {\"name\":1} and is written as {}"),
    ];
    for (told, expected) in cases {
        assert!(told.contains(expected), "{expected}: {told}");
    }
}
