//! The cookbook: what it prints is what is answered, over HTTP and by `weir query`, digit by digit.
//!
//! **Invariant:** `…` stands for the freshness of an answer, and for nothing else.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Parser;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use weir_cli::query;
use weir_testing::cookbook::{Recipe, RecipeQuestion, Theme, themes};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::recount::scan;
use weir_testing::system::System;
use weir_testing::tour::{differences, matches};

/// The most records of a batch of the processor's.
const BATCH_SIZE: usize = 100;
/// The day of a theme whose buckets leave: in a test it is today.
const TODAY: &str = "2026-11-20";
/// What tells a theme whose buckets leave.
const KEEP: &str = "\nkeep = ";
/// What stands for the freshness of an answer.
const FRESHNESS: [&str; 2] = ["\"freshness\": \"…\"", "counted up to …"];
/// The longest line of an answer that is laid out.
const MAX_CHARS: usize = 130;
/// How long an item that has expired may take to go.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often to look whether it has gone.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// `weir query` as a command of its own.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: query::Arguments,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recipe_is_answered_as_it_is_printed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cookbook.md");
    let document = std::fs::read_to_string(path).expect("docs/cookbook.md");
    let themes = themes(&document).unwrap_or_else(|error| panic!("docs/cookbook.md:{error}"));
    let recipes: usize = themes.iter().map(|theme| theme.recipes.len()).sum();
    assert!(recipes >= 20, "{recipes} recipes");
    let mut told = String::new();
    for theme in themes.into_iter().filter(|theme| !theme.recipes.is_empty()) {
        cook(&with_today(theme), &mut told).await;
    }
    assert!(told.is_empty(), "docs/cookbook.md is not what is answered\n{told}");
}

/// Writes the items of a theme, and asks the questions of its recipes.
async fn cook(theme: &Theme, told: &mut String) {
    let dynamodb = TestDynamo::start().await;
    let system = System::start(&dynamodb, &theme.definition).await;
    let entity = &system.model.entities.first().expect("an entity").name;
    let processor = system.process(system.processor(), BATCH_SIZE);
    let items: Vec<Value> = theme.items.iter().map(|item| item.parse().expect(item)).collect();
    for item in &items {
        let (status, answer) = system.http.send("POST", &format!("/{entity}"), Some(item)).await;
        assert_eq!(status, 201, "{}: {item}: {answer}", theme.name);
    }
    processor.catch_up().await;
    expire(&dynamodb, &system, &items).await;
    processor.catch_up().await;
    for recipe in &theme.recipes {
        assert!(!recipe.questions.is_empty(), "{} has no question", recipe.name);
        for asked in &recipe.questions {
            ask(&system, asked, told).await;
        }
    }
    processor.stop().await;
    system.delete_tables().await;
}

/// Waits until the items whose time to live has passed are gone.
async fn expire(dynamodb: &TestDynamo, system: &System, items: &[Value]) {
    let Some(ttl) = &system.model.table.ttl else { return };
    let now = Timestamp::now();
    let is_live = |item: &&Value| {
        let expires = item[ttl].as_str().map(|text| text.parse::<Timestamp>().expect("a time"));
        expires.is_none_or(|expires| expires > now)
    };
    let live = items.iter().filter(is_live).count();
    dynamodb.sweep().await;
    let asked = Instant::now();
    while scan(&dynamodb.url, &system.model.table.name).await.len() > live {
        assert!(asked.elapsed() < PATIENCE, "items do not expire");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// Asks in both ways, and tells what is not as it is printed.
async fn ask(system: &System, asked: &RecipeQuestion, told: &mut String) {
    let mut tell = |what: &str, differences: &[String], found: &str| {
        if !differences.is_empty() {
            let differences = differences.join("\n  ");
            let line = asked.line;
            writeln!(told, "\n{line}: {what}\n  {differences}\n\n{found}").expect("text");
        }
    };
    let (status, found) = system.http.get(&asked.path).await;
    let wrong = match status {
        200 => compared(&asked.answer, &found),
        _ => vec![format!("answered {status}")],
    };
    tell(&asked.path, &wrong, &laid_out(&found));
    let as_json = weir(system, &format!("{} --json", asked.command)).await;
    let same = as_json.parse::<Value>().map(|same| without_freshness(&same));
    if same.ok() != Some(without_freshness(&found)) {
        let wrong = "another answer than that of the request".to_owned();
        tell(&asked.command, &[wrong], &as_json);
    }
    let Some(printed) = &asked.printed else { return };
    let found = weir(system, &asked.command).await;
    let is_printed = matches(printed, &found) && !printed.replace(FRESHNESS[1], "").contains('…');
    let wrong = if is_printed { vec![] } else { vec!["printed otherwise".to_owned()] };
    tell(&asked.command, &wrong, &found);
}

/// Where an answer is not as it is printed.
fn compared(printed: &str, found: &Value) -> Vec<String> {
    let mut wrong = match differences(printed, found) {
        Ok(wrong) => wrong,
        Err(error) => return vec![format!("what is printed is no JSON: {error}")],
    };
    if printed.replace(FRESHNESS[0], "").contains('…') {
        wrong.push("`…` for something else than the freshness".to_owned());
    }
    wrong
}

/// What the command prints in a terminal, where a series has bars.
async fn weir(system: &System, command: &str) -> String {
    let forms = ["--json", "--csv", "--ndjson", "--chart"];
    let has_form = forms.iter().any(|form| command.contains(form));
    let words =
        command.strip_prefix("weir ").unwrap_or_else(|| panic!("{command}: no command of weir"));
    let words = words.split_whitespace().map(str::to_owned);
    let more = ["--url", system.http.url()].into_iter().chain(if has_form {
        vec![]
    } else {
        vec!["--chart", "bars"]
    });
    let words: Vec<String> = words.chain(more.map(str::to_owned)).collect();
    let arguments =
        Line::try_parse_from(words).unwrap_or_else(|error| panic!("{command}: {error}")).arguments;
    let run = move || {
        let mut out = Vec::new();
        match query::run(&arguments, &mut out) {
            Ok(_) => String::from_utf8(out).expect("text"),
            Err(error) => error.to_string(),
        }
    };
    tokio::task::spawn_blocking(run).await.expect("a command that ends")
}

fn without_freshness(answer: &Value) -> Value {
    let mut answer = answer.clone();
    answer["freshness"] = Value::Null;
    answer
}

/// An answer as the document has it: points one a line.
fn laid_out(answer: &Value) -> String {
    let Some(members) = answer.as_object() else { return answer.to_string() };
    let mut text = String::from("{");
    let mut is_first = true;
    for (name, value) in members {
        let value = match (name.as_str(), value) {
            ("freshness", Value::String(_)) => "\"…\"".to_owned(),
            ("points" | "ranks" | "groups", Value::Array(points)) => lines(points, "  "),
            _ => spaced(value),
        };
        let between = match name.as_str() {
            _ if is_first => " ",
            "from" | "compared" | "points" | "ranks" | "groups" | "freshness" => ",\n  ",
            _ => ", ",
        };
        is_first = false;
        write!(text, "{between}\"{name}\": {value}").expect("text");
    }
    text + " }\n"
}

/// One a line; of what is too long for one, each list and each object on a line of its own.
fn lines(values: &[Value], indent: &str) -> String {
    if values.is_empty() {
        return "[]".to_owned();
    }
    let line = |value: &Value| {
        let whole = spaced(value);
        match value.as_object().filter(|_| whole.chars().count() > MAX_CHARS) {
            Some(members) => format!("\n{indent}  {}", broken(members, indent)),
            None => format!("\n{indent}  {whole}"),
        }
    };
    let lines: Vec<String> = values.iter().map(line).collect();
    format!("[{} ]", lines.join(","))
}

fn broken(members: &Map<String, Value>, indent: &str) -> String {
    let mut text = String::from("{ ");
    for (position, (name, value)) in members.iter().enumerate() {
        let is_part = matches!(value, Value::Array(_) | Value::Object(_));
        match (position, is_part) {
            (0, _) => {}
            (_, true) => write!(text, ",\n{indent}    ").expect("text"),
            (_, false) => text.push_str(", "),
        }
        write!(text, "\"{name}\": {}", spaced(value)).expect("text");
    }
    text + " }"
}

/// JSON with a space where a reader wants one.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(spaced).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| format!("\"{name}\": {}", spaced(value));
            let members: Vec<String> = members.iter().map(member).collect();
            if members.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", members.join(", "))
            }
        }
        _ => value.to_string(),
    }
}

/// The theme with today for its day, if its buckets leave.
fn with_today(theme: Theme) -> Theme {
    if !theme.definition.contains(KEEP) {
        return theme;
    }
    let day: Date = TODAY.parse().expect("a day");
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let shift = |text: &str| {
        let tomorrow = (day.tomorrow().expect("a day"), today.tomorrow().expect("a day"));
        let shifted = text.replace(&tomorrow.0.to_string(), &tomorrow.1.to_string());
        shifted.replace(TODAY, &today.to_string())
    };
    let asked = |asked: &RecipeQuestion| RecipeQuestion {
        line: asked.line,
        path: shift(&asked.path),
        answer: shift(&asked.answer),
        command: shift(&asked.command),
        printed: asked.printed.as_deref().map(shift),
    };
    let recipes = theme
        .recipes
        .into_iter()
        .map(|recipe| Recipe { questions: recipe.questions.iter().map(asked).collect(), ..recipe });
    Theme {
        items: theme.items.iter().map(|item| shift(item)).collect(),
        recipes: recipes.collect(),
        ..theme
    }
}
