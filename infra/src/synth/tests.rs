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
    let [code, definition] = ["target/lambda", "target/definition"].map(str::to_owned);
    Options { code, definition, filters: Filters::Definition, existing_table: false }
}

fn arguments(file: &Path, out: &Path, code: &Path) -> Arguments {
    Arguments {
        file: Some(file.to_owned()),
        out: Some(out.to_owned()),
        code: code.to_owned(),
        no_filter: false,
        widen_filters: false,
        tables: TableOptions::default(),
        follow_links: false,
        existing_table: false,
    }
}

#[test]
fn the_template_of_the_flights_is_what_it_was() {
    insta::assert_snapshot!("flights", text(&model(FLIGHTS), &options(), "weir.toml"));
}

#[test]
fn the_template_of_a_larger_definition_is_what_it_was() {
    insta::assert_snapshot!("shop", text(&model(SHOP), &options(), "weir.toml"));
}

#[test]
fn whatever_a_template_refers_to_is_in_it() {
    for (definition, existing_table) in [(FLIGHTS, false), (SHOP, false), (SHOP, true)] {
        let options = Options { existing_table, ..options() };
        let template = template(&model(definition), &options);
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
fn a_parameter_of_a_function_has_the_range_and_the_default_of_its_variable() {
    let template = template(&model(FLIGHTS), &options());
    let variable = |name: &str| {
        weir_startup::variables::ALL.iter().find(|known| known.name == name).expect("listed")
    };
    for (function, name, parameter) in [
        ("Reader", "WEIR_REQUEST_MAX_READS", "RequestMaxReads"),
        ("Reader", "WEIR_REQUEST_MAX_READ_MB", "RequestMaxReadMB"),
        ("Writer", "WEIR_AUDIT", "AuditLog"),
    ] {
        for other in ["Reader", "Writer", "Processor"] {
            let variables = &template["Resources"][other]["Properties"]["Environment"]["Variables"];
            let expected = serde_json::json!({ "Ref": parameter });
            let expected = (other == function).then_some(&expected);
            assert_eq!(variables.get(name), expected, "{name} of {other}");
        }
        let (parameter, variable) = (&template["Parameters"][parameter], variable(name));
        let default = parameter["Default"].to_string();
        assert_eq!(default.trim_matches('"'), variable.unless_set.trim_matches('`'), "{name}");
        let range = match parameter["Type"].as_str() {
            Some("Number") => format!("{} to {}", parameter["MinValue"], parameter["MaxValue"]),
            _ => "`on` or `off`".to_owned(),
        };
        assert!(variable.meaning.contains(&range), "{name}: {range}");
    }
    let audit = &template["Parameters"]["AuditLog"]["AllowedValues"];
    assert_eq!(audit, &serde_json::json!(["on", "off"]));
    // YAML 1.1 reads the plain words as true and false.
    let text = text(&model(FLIGHTS), &options(), "weir.toml");
    assert!(text.contains("Default: \"on\"") && text.contains("- \"off\""));
}

#[test]
fn nothing_is_written_before_the_stream_is_read() {
    let template = template(&model(FLIGHTS), &options());
    assert_eq!(template["Resources"]["Writer"]["DependsOn"], serde_json::json!(["StreamMapping"]));
}

#[test]
fn a_table_that_exists_already_is_only_read() {
    let options = Options { existing_table: true, ..options() };
    let template = template(&model(SHOP), &options);
    let resources = template["Resources"].as_object().expect("resources");
    for absent in ["Table", "Writer", "WriterRole", "PostRoute", "PutRoute"] {
        assert!(!resources.contains_key(absent), "{absent}");
    }
    let mapping = &resources["StreamMapping"]["Properties"];
    assert_eq!(mapping["EventSourceArn"], serde_json::json!({ "Ref": "TableStreamArn" }));
    let table =
        "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}";
    let mut actions = BTreeSet::new();
    for role in ["ReaderRole", "ProcessorRole"] {
        let policy = &resources[role]["Properties"]["Policies"][0]["PolicyDocument"];
        for statement in policy["Statement"].as_array().expect("statements") {
            if statement["Resource"].to_string().contains(table) {
                let granted = statement["Action"].as_array().expect("actions").iter();
                actions.extend(granted.map(|action| action.as_str().expect("text").to_owned()));
            }
        }
    }
    let read = ["BatchGetItem", "DescribeTable", "GetItem", "Query"];
    let read: BTreeSet<_> = read.iter().map(|action| format!("dynamodb:{action}")).collect();
    assert_eq!(actions, read);
}

#[test]
fn a_rollup_whose_items_are_in_a_table_that_is_only_read_is_rejected() {
    let colocated = "[rollups.beside]\nof = \"flight\"\nby = [\"origin\"]\nbuckets = [\"all\"]\n\
                     measures = { n = \"count\" }\n\
                     key = { PK = \"ORIGIN#{origin}\", SK = \"STATS\" }\n[rollups.";
    let model = model(&FLIGHTS.replacen("[rollups.", colocated, 1));
    assert!(check_existing(&model, &options()).is_ok());
    let error = check_existing(&model, &Options { existing_table: true, ..options() });
    let error = error.expect_err("it would write").to_string();
    assert!(error.contains("`beside`") && error.contains("without `key`"), "{error}");
}

#[test]
fn without_filters_every_record_invokes_the_processor() {
    let filtered = |filters| {
        let template = template(&model(FLIGHTS), &Options { filters, ..options() });
        !template["Resources"]["StreamMapping"]["Properties"]["FilterCriteria"].is_null()
    };
    assert!(filtered(Filters::Definition) && !filtered(Filters::None));
}

#[test]
fn what_each_alarm_means_is_in_the_guide_for_operators() {
    let guide = include_str!("../../../docs/operating.md");
    let template = template(&model(FLIGHTS), &options());
    let resources = template["Resources"].as_object().expect("resources").iter();
    let alarms: Vec<&String> = resources
        .filter(|(_, resource)| resource["Type"] == "AWS::CloudWatch::Alarm")
        .map(|(name, _)| name)
        .collect();
    assert!(alarms.len() > 10, "{alarms:?}");
    let rows: Vec<&str> = guide.lines().filter(|line| line.starts_with('|')).collect();
    for alarm in alarms {
        let names = rows.iter().filter(|row| {
            row.split('|').nth(1).is_some_and(|cell| cell.contains(&format!("`{alarm}`")))
        });
        assert_eq!(names.count(), 1, "{alarm} is not explained once");
    }
}

/// Resolves `Fn::If` of one condition, and removes members without a value.
fn resolved(value: &Value, condition: &str, holds: bool) -> Value {
    if let Some([name, then, otherwise]) = value["Fn::If"].as_array().map(Vec::as_slice)
        && name == condition
    {
        return resolved(if holds { then } else { otherwise }, condition, holds);
    }
    match value {
        Value::Object(members) => {
            let members =
                members.iter().map(|(key, value)| (key, resolved(value, condition, holds)));
            let is_there = |(_, value): &(&String, Value)| value["Ref"] != "AWS::NoValue";
            members.filter(is_there).map(|(key, value)| (key.clone(), value)).collect()
        }
        Value::Array(items) => items.iter().map(|item| resolved(item, condition, holds)).collect(),
        other => other.clone(),
    }
}

#[test]
fn a_key_of_the_account_encrypts_everything_that_is_stored_or_nothing() {
    let template = template(&model(SHOP), &options());
    let key = serde_json::json!({ "Ref": "KmsKeyArn" });
    // Type, where its key is named, and how many there are.
    let places = [
        ("AWS::DynamoDB::Table", "/SSESpecification/KMSMasterKeyId", 2),
        ("AWS::SQS::Queue", "/KmsMasterKeyId", 1),
        ("AWS::SecretsManager::Secret", "/KmsKeyId", 1),
        ("AWS::Logs::LogGroup", "/KmsKeyId", 4),
        ("AWS::Lambda::Function", "/KmsKeyArn", 3),
    ];
    for holds in [true, false] {
        let resources = resolved(&template["Resources"], "EncryptsByKey", holds);
        let of = |kind: &str| -> Vec<Value> {
            let resources = resources.as_object().expect("resources").values();
            let resources = resources.filter(|resource| resource["Type"] == kind);
            resources.map(|resource| resource["Properties"].clone()).collect()
        };
        for (kind, place, count) in places {
            let properties = of(kind);
            assert_eq!(properties.len(), count, "{kind}");
            for resource in properties {
                assert_eq!(resource.pointer(place), holds.then_some(&key), "{kind}: {resource}");
            }
        }
        assert_eq!(of("AWS::SQS::Queue")[0]["SqsManagedSseEnabled"], !holds);
        for role in of("AWS::IAM::Role") {
            let text = role.to_string();
            assert_eq!(text.contains("kms:Decrypt"), holds, "{text}");
            assert_eq!(text.contains(r#""Resource":{"Ref":"KmsKeyArn"}"#), holds, "{text}");
        }
    }
}

#[test]
fn a_route_takes_the_scopes_of_its_service() {
    let template = template(&model(FLIGHTS), &options());
    for (method, name) in [
        ("Get", "Read"),
        ("Post", "Write"),
        ("Put", "Write"),
        ("Patch", "Write"),
        ("Delete", "Write"),
    ] {
        let route = &template["Resources"][format!("{method}Route")]["Properties"];
        let condition = format!("Limits{name}sByScope");
        let scopes = &route["AuthorizationScopes"]["Fn::If"];
        assert_eq!(scopes[0], condition, "{method}");
        let split =
            serde_json::json!({ "Fn::Split": [",", { "Ref": format!("Jwt{name}Scopes") }] });
        assert_eq!(scopes[1], split, "{method}");
        assert_eq!(scopes[2]["Ref"], "AWS::NoValue", "{method}: no scope is asked for");
        // Scopes without tokens would be silently without effect.
        let both = &template["Conditions"][condition]["Fn::And"];
        assert_eq!(both[0]["Condition"], "AuthorizesByJwt");
    }
    let rule = &template["Rules"]["ScopesHaveAnIssuer"];
    assert!(rule["RuleCondition"].to_string().contains("JwtWriteScopes"), "{rule}");
}

#[test]
fn a_slow_processor_does_not_silence_the_alarm_on_its_age() {
    let template = template(&model(FLIGHTS), &options());
    let [alarm, processor] =
        ["IteratorAgeAlarm", "Processor"].map(|name| &template["Resources"][name]["Properties"]);
    let number = |value: &Value| value.as_u64().expect("a number");
    assert!(number(&alarm["Period"]) >= number(&processor["Timeout"]));
    assert!(number(&alarm["DatapointsToAlarm"]) < number(&alarm["EvaluationPeriods"]));
}

#[test]
fn a_definition_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    // Where the copy of a template would be, and where it was written before.
    for (definition, code) in
        [("o.definition/weir.toml", "lam"), ("lam/definition/weir.toml", "lam")]
    {
        fs::create_dir_all(at(definition).parent().expect("a folder")).expect("made");
        fs::write(at(definition), SHOP).expect("written");
        let synth =
            |out: &str| run(&arguments(&at(definition), &at(out), &at(code)), &mut Vec::new());
        synth("o.yaml").expect("done");
        assert_eq!(fs::read_to_string(at(definition)).expect("the definition"), SHOP);
        let refused = synth(definition).expect_err("refused").to_string();
        assert!(
            refused.contains("which is the definition file; expected another path"),
            "{refused}"
        );
        assert_eq!(fs::read_to_string(at(definition)).expect("the definition"), SHOP);
    }
}

#[test]
fn two_templates_have_each_its_own_definition() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    for (name, definition) in [("flights", FLIGHTS), ("shop", SHOP)] {
        fs::write(at(&format!("{name}.toml")), definition).expect("written");
    }
    for name in ["flights", "shop"] {
        let (file, out) = (at(&format!("{name}.toml")), at(&format!("{name}.yaml")));
        run(&arguments(&file, &out, &at("lam")), &mut Vec::new()).expect("done");
    }
    for (name, definition) in [("flights", FLIGHTS), ("shop", SHOP)] {
        let copy =
            fs::read_to_string(at(&format!("{name}.definition/weir.toml"))).expect("the copy");
        assert_eq!(copy, definition);
        let template = fs::read_to_string(at(&format!("{name}.yaml"))).expect("the template");
        assert!(template.contains(&format!("Content: {name}.definition\n")), "{name}");
    }
}

#[test]
fn a_definition_that_is_as_it_was_makes_no_new_layer() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let [definition, copy] = [at("weir.toml"), at("o.definition/weir.toml")];
    fs::create_dir(at("o.definition")).expect("made");
    for path in [&definition, &copy] {
        fs::write(path, SHOP).expect("written");
    }
    let long_ago = std::time::UNIX_EPOCH;
    let file = fs::File::options().write(true).open(&copy).expect("there");
    file.set_modified(long_ago).expect("set");
    let changed = || fs::metadata(&copy).and_then(|found| found.modified()).expect("a time");
    let synth = || run(&arguments(&definition, &at("o.yaml"), &at("lam")), &mut Vec::new());
    synth().expect("done");
    assert_eq!(changed(), long_ago);
    fs::write(&definition, FLIGHTS).expect("written");
    synth().expect("done");
    assert_eq!(fs::read_to_string(&copy).expect("the copy"), FLIGHTS);
}

#[test]
fn a_template_that_is_too_large_for_a_request_is_told_with_its_size_and_the_limit() {
    assert_eq!(oversize(TEMPLATE_BODY_BYTES), None);
    let warning = oversize(TEMPLATE_BODY_BYTES + 1).expect("too large");
    assert!(warning.contains("51201 bytes") && warning.contains("51200"), "{warning}");
    for definition in [FLIGHTS, SHOP] {
        let text = text(&model(definition), &options(), "weir.toml");
        assert_eq!(oversize(text.len()), None, "{} bytes", text.len());
    }
}

#[test]
fn no_tool_takes_a_file_for_an_option() {
    let cases = [("-x.toml", "./-x.toml"), ("a/-x.toml", "a/-x.toml"), ("weir.toml", "weir.toml")];
    for (path, expected) in cases {
        assert_eq!(slashed(Path::new(path)).expect("text"), expected);
    }
}

#[test]
#[cfg(unix)]
fn a_path_that_is_no_text_is_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let path = Path::new(OsStr::from_bytes(b"we\xffir.toml"));
    assert!(slashed(path).is_err_and(|error| error.to_string().ends_with("is not UTF-8")));
    assert!(relative(path, Path::new("")).is_err());
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

#[test]
fn a_template_in_a_file_has_its_definition_beside_the_functions() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("shop.toml"), SHOP).expect("written");
    fs::create_dir(at("deploy")).expect("made");
    let arguments = arguments(&at("shop.toml"), &at("deploy/template.yaml"), &at("target/lambda"));
    let mut printed = Vec::new();
    run(&arguments, &mut printed).expect("done");
    assert_eq!(printed, b"");
    let template = fs::read_to_string(at("deploy/template.yaml")).expect("the template");
    for line in [
        "# Generated by `weir synth` from ../shop.toml;",
        "Content: template.definition\n",
        "WEIR_FILE: /opt/weir.toml\n",
    ] {
        assert!(template.contains(line), "{line}");
    }
    assert_eq!(
        fs::read_to_string(at("deploy/template.definition/weir.toml")).expect("the copy"),
        SHOP
    );
}
