//! Tests of the template: two whole ones, and what must hold of any.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

const FLIGHTS: &str = include_str!("../../../examples/flights/weir.toml");
/// A definition with indexes, a time to live, a discriminator of its own, and several rollups.
const SHOP: &str = include_str!("shop.toml");

fn model(definition: &str) -> Model {
    definition.parse().expect("a definition")
}

fn options() -> Options {
    let (code, definition) = ("target/lambda".to_owned(), "weir.toml".to_owned());
    Options { code, definition, filters: true }
}

#[test]
fn the_template_of_the_flights_is_what_it_was() {
    insta::assert_snapshot!("flights", text(&model(FLIGHTS), &options()));
}

#[test]
fn the_template_of_a_larger_definition_is_what_it_was() {
    insta::assert_snapshot!("shop", text(&model(SHOP), &options()));
}

#[test]
fn whatever_a_template_refers_to_is_in_it() {
    for definition in [FLIGHTS, SHOP] {
        let template = template(&model(definition), &options());
        let sections = ["Parameters", "Resources"].map(|section| template[section].as_object());
        let there: BTreeSet<&String> =
            sections.into_iter().flatten().flat_map(|section| section.keys()).collect();
        let conditions = template["Conditions"].as_object().expect("conditions");
        let mut referred = Vec::new();
        references(&template, &mut referred);
        assert!(referred.len() > 100, "{}", referred.len());
        for name in referred.iter().filter(|name| !name.starts_with("AWS::")) {
            assert!(there.contains(name) || conditions.contains_key(name), "{name} is nowhere");
        }
        for parameter in template["Parameters"].as_object().expect("parameters").keys() {
            assert!(referred.contains(parameter), "{parameter} decides nothing");
        }
        for condition in conditions.keys() {
            assert!(referred.contains(condition), "{condition} decides nothing");
        }
    }
}

/// Every name that an intrinsic function, a condition or a dependency mentions.
fn references(value: &Value, found: &mut Vec<String>) {
    let name = |value: &Value| value.as_str().map(str::to_owned);
    let Value::Object(members) = value else {
        value.as_array().into_iter().flatten().for_each(|value| references(value, found));
        return;
    };
    for (key, value) in members {
        match key.as_str() {
            "Ref" | "Condition" => found.extend(name(value)),
            "DependsOn" => found.extend(value.as_array().into_iter().flatten().filter_map(name)),
            "Fn::GetAtt" | "Fn::If" => found.extend(name(&value[0])),
            "Fn::Sub" => found.extend(placeholders(value.as_str().expect("text"))),
            _ => {}
        }
        references(value, found);
    }
}

fn placeholders(text: &str) -> Vec<String> {
    let starts = text.split("${").skip(1);
    starts.filter_map(|rest| Some(rest.split_once('}')?.0.split('.').next()?.to_owned())).collect()
}

#[test]
fn nothing_is_written_before_the_stream_is_read() {
    let template = template(&model(FLIGHTS), &options());
    assert_eq!(template["Resources"]["Writer"]["DependsOn"], serde_json::json!(["StreamMapping"]));
}

#[test]
fn without_filters_every_record_invokes_the_processor() {
    let filtered = |filters| {
        let template = template(&model(FLIGHTS), &Options { filters, ..options() });
        !template["Resources"]["StreamMapping"]["Properties"]["FilterCriteria"].is_null()
    };
    assert!(filtered(true) && !filtered(false));
}

#[test]
fn paths_are_relative_to_the_template() {
    let cases = [
        ("weir.toml", "", "weir.toml"),
        ("./examples/flights/weir.toml", "", "examples/flights/weir.toml"),
        ("target/lambda", "deploy", "../target/lambda"),
        ("deploy/weir.toml", "deploy", "weir.toml"),
        ("a/../weir.toml", "deploy/one", "../../weir.toml"),
        ("/opt/weir.toml", "/opt/deploy", "../weir.toml"),
    ];
    for (file, folder, expected) in cases {
        let found = relative(Path::new(file), Path::new(folder)).expect("a working directory");
        assert_eq!(found, expected, "{file} from {folder}");
    }
}
