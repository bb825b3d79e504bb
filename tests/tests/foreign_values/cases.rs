//! The table: for each attribute what is asked, and for each form in which a value of it is stored
//! what is answered.

use serde_json::{Value, json};

/// An attribute, and what is asked about it.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// Its declaration.
    pub(crate) declared: &'static str,
    /// What conditions and filters compare: a path and an operand.
    pub(crate) compared: (&'static str, Value),
    /// What an update does.
    pub(crate) update: Value,
    /// Whether its values make groups; others are counted alone.
    pub(crate) is_dimension: bool,
    pub(crate) cases: Vec<Case>,
}

/// A stored value, and what is answered about it.
pub(crate) struct Case {
    /// As DynamoDB's JSON.
    pub(crate) stored: Value,
    /// What a list shows; null where it shows nothing.
    pub(crate) shown: Value,
    /// Whether it is what conditions and filters compare it with.
    pub(crate) is_equal: bool,
    /// What is there after the update, or why it is rejected.
    pub(crate) updated: Result<Value, &'static str>,
    pub(crate) counted: Counted,
}

/// What a rollup of the attribute does with the item.
pub(crate) enum Counted {
    /// It counts it in these groups; of what makes no group, with its value.
    In(&'static [&'static str]),
    /// It takes the value for absent.
    Absent,
    /// It leaves the item out, and reports this.
    Foreign(&'static str),
}

use Counted::{Absent, Foreign, In};

fn case(
    stored: Value,
    shown: Value,
    is_equal: bool,
    updated: Result<Value, &'static str>,
    counted: Counted,
) -> Case {
    Case { stored, shown, is_equal, updated, counted }
}

/// Null, which is absent everywhere.
fn null(updated: Value) -> Case {
    case(json!({ "NULL": true }), Value::Null, false, Ok(updated), Absent)
}

fn s(text: &str) -> Value {
    json!({ "S": text })
}

fn n(number: &str) -> Value {
    json!({ "N": number })
}

pub(crate) fn fields() -> Vec<Field> {
    [texts(), numbers(), times(), several()].into_iter().flatten().collect()
}

fn texts() -> Vec<Field> {
    const NUMBER: &str = "stored as a number, expected a string: a string is declared";
    const ENUM_NUMBER: &str = "stored as a number, expected a string: an enum is declared";
    const FLAG_TEXT: &str = "stored as a string, expected a boolean: a boolean is declared";
    vec![
        Field {
            name: "text",
            declared: r#"{ type = "string" }"#,
            compared: ("text", json!("a")),
            update: json!({ "set_if_absent": { "text": "b" } }),
            is_dimension: true,
            cases: vec![
                case(s("a"), json!("a"), true, Ok(json!("a")), In(&["a"])),
                case(n("5"), json!(5), false, Ok(json!(5)), Foreign(NUMBER)),
                null(json!("b")),
            ],
        },
        Field {
            name: "status",
            declared: r#"{ type = "enum", values = ["placed", "paid", "sent"] }"#,
            compared: ("status", json!("paid")),
            update: json!({ "set_if_absent": { "status": "placed" } }),
            is_dimension: true,
            cases: vec![
                case(s("paid"), json!("paid"), true, Ok(json!("paid")), In(&["paid"])),
                case(
                    s("waiting"),
                    json!("waiting"),
                    false,
                    Ok(json!("waiting")),
                    Foreign("enum value \"waiting\" is not one of placed, paid, sent"),
                ),
                case(n("1"), json!(1), false, Ok(json!(1)), Foreign(ENUM_NUMBER)),
                null(json!("placed")),
            ],
        },
        Field {
            name: "flag",
            declared: r#"{ type = "boolean" }"#,
            compared: ("flag", json!(true)),
            update: json!({ "set_if_absent": { "flag": false } }),
            is_dimension: true,
            cases: vec![
                case(json!({ "BOOL": true }), json!(true), true, Ok(json!(true)), In(&["true"])),
                case(s("true"), json!("true"), false, Ok(json!("true")), Foreign(FLAG_TEXT)),
                null(json!(false)),
            ],
        },
    ]
}

fn numbers() -> Vec<Field> {
    const TEXT: &str =
        "stored as a string, expected a number: the attribute is declared as a number";
    const NUMBER_TEXT: &str = "stored as a string, expected a number: a number is declared";
    const INTEGER_TEXT: &str = "stored as a string, expected a number: an integer is declared";
    const DECIMAL_TEXT: &str = "stored as a string, expected a number: a decimal is declared";
    let field = |name, declared, operand: Value, cases| Field {
        name,
        declared,
        compared: (name, operand),
        update: json!({ "add": { name: 1 } }),
        is_dimension: true,
        cases,
    };
    vec![
        field(
            "number",
            r#"{ type = "number" }"#,
            json!(5),
            vec![
                case(n("5"), json!(5), true, Ok(json!(6)), In(&["5"])),
                case(n("0.25"), json!(0.25), false, Ok(json!(1.25)), In(&["0.25"])),
                case(s("5"), json!("5"), false, Err(TEXT), Foreign(NUMBER_TEXT)),
                null(json!(1)),
            ],
        ),
        field(
            "integer",
            r#"{ type = "integer" }"#,
            json!(5),
            vec![
                case(n("5"), json!(5), true, Ok(json!(6)), In(&["5"])),
                case(
                    n("1.5"),
                    json!(1.5),
                    false,
                    Ok(json!(2.5)),
                    Foreign("1.5 has decimal places, expected an integer"),
                ),
                case(
                    s("5"),
                    json!("5"),
                    false,
                    Err("the attribute is declared as an integer"),
                    Foreign(INTEGER_TEXT),
                ),
                null(json!(1)),
            ],
        ),
        field(
            "decimal",
            r#"{ type = "decimal", scale = 2 }"#,
            json!(1.5),
            vec![
                case(n("1.5"), json!(1.5), true, Ok(json!(2.5)), In(&["1.5"])),
                case(
                    n("1.005"),
                    json!(1.005),
                    false,
                    Ok(json!(2.005)),
                    Foreign("1.005 has 3 decimal places, expected at most 2"),
                ),
                case(
                    s("1.5"),
                    json!("1.5"),
                    false,
                    Err("the attribute is declared as a decimal"),
                    Foreign(DECIMAL_TEXT),
                ),
                null(json!(1)),
            ],
        ),
    ]
}

fn times() -> Vec<Field> {
    const NOON: &str = "2026-03-01T12:00:00Z";
    const NUMBER: &str = "stored as a number, expected a string: a timestamp is declared";
    const TEXT: &str = "stored as a string, expected a number: a timestamp is declared";
    let form = |text: &str| case(s(text), json!(text), true, Ok(json!(text)), In(&[NOON]));
    vec![
        Field {
            name: "at",
            declared: r#"{ type = "timestamp", precision = "second" }"#,
            compared: ("at", json!(NOON)),
            update: json!({ "set_if_absent": { "at": "2026-01-01T00:00:00Z" } }),
            is_dimension: true,
            cases: vec![
                form(NOON),
                form("2026-03-01T12:00:00+00:00"),
                form("2026-03-01T12:00:00+0000"),
                form("2026-03-01T12:00:00.000Z"),
                form("2026-03-01T14:00:00+02:00"),
                case(
                    s("2026-03-01T12:00:01.000Z"),
                    json!("2026-03-01T12:00:01.000Z"),
                    false,
                    Ok(json!("2026-03-01T12:00:01.000Z")),
                    In(&["2026-03-01T12:00:01Z"]),
                ),
                case(
                    s("at noon"),
                    json!("at noon"),
                    false,
                    Ok(json!("at noon")),
                    Foreign(
                        "\"at noon\" is not a timestamp, expected RFC 3339 text of the years 0000 \
                         to 9999",
                    ),
                ),
                case(n("5"), json!(5), false, Ok(json!(5)), Foreign(NUMBER)),
                null(json!("2026-01-01T00:00:00Z")),
            ],
        },
        Field {
            name: "epoch",
            declared: r#"{ type = "timestamp", format = "epoch" }"#,
            compared: ("epoch", json!(NOON)),
            update: json!({ "set_if_absent": { "epoch": "2026-01-01T00:00:00Z" } }),
            is_dimension: true,
            cases: vec![
                case(
                    n("1772366400"),
                    json!(1_772_366_400),
                    true,
                    Ok(json!(1_772_366_400)),
                    In(&["1772366400"]),
                ),
                case(s(NOON), json!(NOON), false, Ok(json!(NOON)), Foreign(TEXT)),
                case(
                    n("1000000000000"),
                    json!(1_000_000_000_000_i64),
                    false,
                    Ok(json!(1_000_000_000_000_i64)),
                    Foreign(
                        "1000000000000 is not a timestamp, expected a number of seconds since \
                         1970, in the years 0000 to 9999",
                    ),
                ),
                null(json!(1_767_225_600)),
            ],
        },
    ]
}

fn several() -> Vec<Field> {
    const SET: &str = "stored as a number set, expected a string set: a set is declared";
    const SET_UPDATE: &str =
        "stored as a number set, expected a string set: the attribute is declared as a set";
    const LIST: &str = "stored as a string, expected a list: a list is declared";
    const LIST_UPDATE: &str =
        "stored as a string, expected a list: the attribute is declared as a list";
    const MEMBER: &str =
        "member [0]: stored as a string, expected a number: an integer is declared";
    const MAP: &str = "stored as a string, expected a map: a map is declared";
    const BYTES: &str = "stored as a string, expected a binary: a binary is declared";
    let map = |member: Value| json!({ "M": { "n": member } });
    vec![
        Field {
            name: "tags",
            declared: r#"{ type = "set", items = "string" }"#,
            compared: ("tags", json!({ "contains": "x" })),
            update: json!({ "add": { "tags": ["y"] } }),
            is_dimension: true,
            cases: vec![
                case(json!({ "SS": ["x"] }), json!(["x"]), true, Ok(json!(["x", "y"])), In(&["x"])),
                case(json!({ "NS": ["1"] }), json!([1]), false, Err(SET_UPDATE), Foreign(SET)),
                null(json!(["y"])),
            ],
        },
        Field {
            name: "scores",
            declared: r#"{ type = "list", items = "integer" }"#,
            compared: ("scores", json!({ "contains": 5 })),
            update: json!({ "append": { "scores": [9] } }),
            is_dimension: true,
            cases: vec![
                case(json!({ "L": [n("5")] }), json!([5]), true, Ok(json!([5, 9])), In(&["5"])),
                case(
                    json!({ "L": [n("5"), { "NULL": true }] }),
                    json!([5, null]),
                    true,
                    Ok(json!([5, null, 9])),
                    In(&["5"]),
                ),
                case(
                    json!({ "L": [s("5")] }),
                    json!(["5"]),
                    false,
                    Ok(json!(["5", 9])),
                    Foreign(MEMBER),
                ),
                case(s("5"), json!("5"), false, Err(LIST_UPDATE), Foreign(LIST)),
                null(json!([9])),
            ],
        },
        Field {
            name: "map",
            declared: r#"{ type = "map", attributes = { n = { type = "integer" } } }"#,
            compared: ("map.n", json!(5)),
            update: json!({ "add": { "map.n": 1 } }),
            is_dimension: false,
            cases: vec![
                case(map(n("5")), json!({ "n": 5 }), true, Ok(json!({ "n": 6 })), In(&[])),
                case(
                    map(json!({ "NULL": true })),
                    json!({}),
                    false,
                    Ok(json!({ "n": 1 })),
                    In(&[]),
                ),
                case(
                    map(s("5")),
                    json!({ "n": "5" }),
                    false,
                    Err("the attribute is declared as an integer"),
                    In(&[]),
                ),
                case(s("x"), json!("x"), false, Err("`map` is no map"), Foreign(MAP)),
                null(json!({ "n": 1 })),
            ],
        },
        Field {
            name: "bytes",
            declared: r#"{ type = "binary" }"#,
            compared: ("bytes", json!("YQ==")),
            update: json!({ "set_if_absent": { "bytes": "Yg==" } }),
            is_dimension: false,
            cases: vec![
                case(json!({ "B": "YQ==" }), json!("YQ=="), true, Ok(json!("YQ==")), In(&[])),
                case(s("YQ=="), json!("YQ=="), false, Ok(json!("YQ==")), Foreign(BYTES)),
                null(json!("Yg==")),
            ],
        },
        Field {
            name: "free",
            declared: r#"{ type = "any" }"#,
            compared: ("free", json!("x")),
            update: json!({ "set_if_absent": { "free": 7 } }),
            is_dimension: false,
            cases: vec![
                case(s("x"), json!("x"), true, Ok(json!("x")), In(&[])),
                case(n("5"), json!(5), false, Ok(json!(5)), In(&[])),
                null(json!(7)),
            ],
        },
    ]
}
