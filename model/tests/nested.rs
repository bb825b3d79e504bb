//! Definitions with maps and lists in one another, made at random, and values of them: what is
//! stored comes back.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use weir_model::value::number_to_json;
use weir_model::{Attribute, Entity, Item, Model, WriteContext};

/// How deep maps and lists lie in one another.
const DEPTH: u32 = 4;

/// What is said of a value in a definition.
#[derive(Clone, Debug)]
enum Shape {
    Text,
    Integer,
    Decimal,
    Boolean,
    Enum,
    Timestamp,
    Epoch,
    Binary,
    Texts,
    Numbers,
    Any,
    List(Box<Shape>),
    Each(Box<Shape>),
    Named(BTreeMap<String, Named>),
}

/// An attribute of a map.
#[derive(Clone, Debug)]
struct Named {
    shape: Shape,
    field: Option<String>,
    required: bool,
    hidden: bool,
}

fn shapes() -> impl Strategy<Value = Shape> {
    use Shape::{
        Any, Binary, Boolean, Decimal, Enum, Epoch, Integer, Numbers, Text, Texts, Timestamp,
    };
    let leaf = select(vec![
        Text, Integer, Decimal, Boolean, Enum, Timestamp, Epoch, Binary, Texts, Numbers, Any,
    ]);
    leaf.prop_recursive(DEPTH, 24, 4, |inner| {
        let named = (inner.clone(), option::of("f[0-9]{6}"), any::<bool>(), any::<bool>());
        let named = named.prop_map(|(shape, field, required, hidden)| Named {
            shape,
            field,
            required,
            hidden,
        });
        prop_oneof![
            inner.clone().prop_map(|shape| Shape::List(Box::new(shape))),
            inner.prop_map(|shape| Shape::Each(Box::new(shape))),
            btree_map("[a-d]", named, 1..4).prop_map(Shape::Named),
        ]
    })
}

impl Shape {
    /// As the definition file has it.
    fn toml(&self) -> String {
        match self {
            Self::Text => r#"type = "string", max_length = 9"#.to_owned(),
            Self::Integer => r#"type = "integer""#.to_owned(),
            Self::Decimal => r#"type = "decimal", scale = 2"#.to_owned(),
            Self::Boolean => r#"type = "boolean""#.to_owned(),
            Self::Enum => r#"type = "enum", values = ["open", "shut"]"#.to_owned(),
            Self::Timestamp => r#"type = "timestamp", precision = "second""#.to_owned(),
            Self::Epoch => r#"type = "timestamp", format = "epoch""#.to_owned(),
            Self::Binary => r#"type = "binary""#.to_owned(),
            Self::Texts => r#"type = "set", items = "string""#.to_owned(),
            Self::Numbers => r#"type = "set", items = "number""#.to_owned(),
            Self::Any => r#"type = "any""#.to_owned(),
            Self::List(inner) => format!(r#"type = "list", items = {{ {} }}"#, inner.toml()),
            Self::Each(inner) => format!(r#"type = "map", items = {{ {} }}"#, inner.toml()),
            Self::Named(attributes) => {
                let attributes: Vec<_> =
                    attributes.iter().map(|(name, named)| named.toml(name)).collect();
                format!(r#"type = "map", attributes = {{ {} }}"#, attributes.join(", "))
            }
        }
    }

    /// Values of it, as they are answered.
    fn values(&self) -> BoxedStrategy<Value> {
        let json = |value: &str| serde_json::from_str::<Value>(value).expect("JSON");
        match self {
            Self::Text => "[a-z\"ü]{0,9}".prop_map(Value::String).boxed(),
            Self::Integer => any::<i64>().prop_map(Value::from).boxed(),
            Self::Decimal => any::<i32>()
                .prop_map(|cents| {
                    let number = weir_model::Number::from_units(i128::from(cents), 2);
                    number_to_json(&number.to_string())
                })
                .boxed(),
            Self::Boolean => any::<bool>().prop_map(Value::from).boxed(),
            Self::Enum => select(vec!["open", "shut"]).prop_map(Value::from).boxed(),
            Self::Timestamp => {
                (10..60u8).prop_map(|second| json!(format!("2026-11-20T06:40:{second}Z"))).boxed()
            }
            Self::Epoch => any::<u32>().prop_map(Value::from).boxed(),
            Self::Binary => select(vec!["", "AAEC", "/w=="]).prop_map(Value::from).boxed(),
            Self::Texts => btree_set("[a-z]{0,3}", 1..4).prop_map(|set| json!(set)).boxed(),
            Self::Numbers => btree_set(any::<i32>(), 1..4).prop_map(|set| json!(set)).boxed(),
            Self::Any => {
                let values = [r#"null"#, r#"[1, null, {"a": 0.1}]"#, r#"{"a": {"b": []}}"#, "3"];
                select(values.map(json).to_vec()).boxed()
            }
            Self::List(inner) => vec(inner.values(), 0..4).prop_map(Value::from).boxed(),
            Self::Each(inner) => btree_map("[a-z.]{1,3}", inner.values(), 0..4)
                .prop_map(|members| members.into_iter().filter(|(_, value)| !value.is_null()))
                .prop_map(|members| Value::Object(members.collect()))
                .boxed(),
            Self::Named(attributes) => {
                let start = Just(Map::new()).boxed();
                let members = attributes.iter().fold(start, |members, (name, named)| {
                    let name = name.clone();
                    let value = named.values();
                    (members, value)
                        .prop_map(move |(mut members, value)| {
                            members.extend(value.map(|value| (name.clone(), value)));
                            members
                        })
                        .boxed()
                });
                members.prop_map(Value::Object).boxed()
            }
        }
    }
}

impl Named {
    fn toml(&self, name: &str) -> String {
        let field = self.field.iter().map(|field| format!(", field = \"{field}{name}\""));
        let (required, hidden) = (self.required, self.hidden);
        format!(
            "{name} = {{ {}, required = {required}, hidden = {hidden}{} }}",
            self.shape.toml(),
            field.collect::<String>()
        )
    }

    /// A value, or none where it may be absent; null is the same as absent.
    fn values(&self) -> BoxedStrategy<Option<Value>> {
        let not_null = self.shape.values().prop_map(|value| match value {
            Value::Null => json!(0),
            value => value,
        });
        if self.required { not_null.prop_map(Some).boxed() } else { option::of(not_null).boxed() }
    }
}

fn entity(shape: &Shape) -> Entity {
    let text = format!(
        "[table]\nname = \"things\"\n[entities.thing]\nPK = \"T#{{id}}\"\nSK = \"T\"\n\
         [entities.thing.attributes]\nid = {{ type = \"string\", required = true }}\nvalue = {{ \
         {} }}\n",
        shape.toml()
    );
    let model: Model = text.parse().unwrap_or_else(|error| panic!("{text}: {error:#?}"));
    model.entities[0].clone()
}

fn fresh() -> WriteContext {
    WriteContext { now: "2026-11-20T12:00:00Z".parse().expect("a time"), random: || [7; 16] }
}

fn encode(entity: &Entity, value: &Value) -> Result<Item, Vec<String>> {
    let object = json!({ "id": "1", "value": value });
    let encoded = entity.encode(object.as_object().expect("an object"), fresh());
    encoded.map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

/// The value without what is hidden in it.
fn shown(rule: &Shape, value: &Value) -> Value {
    match (rule, value) {
        (Shape::List(inner), Value::Array(members)) => {
            members.iter().map(|member| shown(inner, member)).collect()
        }
        (Shape::Each(inner), Value::Object(members)) => {
            let members = members.iter().map(|(name, member)| (name.clone(), shown(inner, member)));
            Value::Object(members.collect())
        }
        (Shape::Named(attributes), Value::Object(members)) => {
            let members = members.iter().filter(|(name, _)| !attributes[*name].hidden);
            let members = members
                .map(|(name, member)| (name.clone(), shown(&attributes[name].shape, member)));
            Value::Object(members.collect())
        }
        (_, value) => value.clone(),
    }
}

fn cases() -> impl Strategy<Value = (Shape, Value)> {
    shapes().prop_flat_map(|shape| {
        let values = shape.values();
        (Just(shape), values)
    })
}

/// What is stored nowhere: the type of no shape, an unknown name, or too long a text.
fn spoiled(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Array(members) if members.is_empty() => json!(["too long for any text of this"]),
        Value::Array(members) => {
            let mut members = members.clone();
            members[0] = spoiled(&members[0])?;
            Value::Array(members)
        }
        Value::Object(_) => json!([{ "unknown": true }]),
        Value::String(_) => json!({ "unknown": true }),
        Value::Bool(_) | Value::Number(_) => json!([[[]]]),
        Value::Null => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn what_is_stored_comes_back_whole_and_answers_leave_out_what_is_hidden(
        (shape, value) in cases()
    ) {
        let entity = entity(&shape);
        let item = encode(&entity, &value).expect("a value of its shape");
        let whole: Value = entity.read_as(&item).expect("any JSON");
        let given = (!value.is_null()).then_some(&value);
        prop_assert_eq!(whole.get("value"), given);
        prop_assert_eq!(&encode(&entity, &value).expect("again"), &item);
        let expected = given.map(|value| shown(&shape, value));
        let answered = entity.decode(&item);
        prop_assert_eq!(answered.get("value"), expected.as_ref());
    }

    #[test]
    fn what_cannot_be_stored_cannot_be_set_and_what_can_is_set_as_it_is_stored(
        (shape, value) in cases(), spoils in any::<bool>(),
    ) {
        let entity = entity(&shape);
        let spoilt = if spoils { spoiled(&value) } else { None };
        let value = spoilt.unwrap_or(value);
        prop_assume!(!value.is_null());
        let key = encode(&entity, &Value::Null).expect("a key");
        let update = weir_model::Update::new().set("value", value.clone());
        let planned = entity.plan_update(&key, &update, fresh());
        let planned =
            planned.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>());
        let attribute: &Attribute = entity.attribute("value").expect("there");
        match (encode(&entity, &value), planned) {
            (Ok(item), Ok(plan)) => {
                let stored =
                    attribute.value_in(&item).cloned().map(weir_model::update::Operation::Value);
                prop_assert_eq!(Some(plan.assignments[0].operation.clone()), stored);
            }
            (Err(stored), Err(planned)) => prop_assert_eq!(stored, planned),
            (stored, planned) => prop_assert!(false, "{stored:?} but {planned:?}"),
        }
    }
}
