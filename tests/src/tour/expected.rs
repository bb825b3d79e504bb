//! An answer as it is printed: a status line, some headers, and a body.
//!
//! | printed | is compared |
//! |---|---|
//! | the status line | as it is |
//! | headers | those that are printed, by their names in any case; others may be answered too |
//! | a body | as JSON, however it is laid out; no body is printed where none is answered |
//! | `…` within text | any text there, of one character or more |
//! | `…` as a value | any value, which must be there |
//! | `…` as the last member or element | any others, or none |

use serde_json::{Map, Value};

/// Stands for what differs from run to run, or is not worth printing.
const ANY: &str = "…";

/// The printed form of an answer.
#[derive(Debug)]
pub(super) struct Expected {
    status: String,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

impl Expected {
    /// Reads an answer as it is printed.
    ///
    /// # Errors
    /// The lines that are not part of an answer.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let status = lines.next().unwrap_or_default();
        if !status.starts_with("HTTP/") {
            return Err(format!("`{status}`, expected a status line such as HTTP/1.1 200 OK"));
        }
        let header = |line: &str| {
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| format!("`{line}`, expected a header such as etag: \"1\""))?;
            Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers = lines.map(header).collect::<Result<_, String>>()?;
        let body = Some(body.trim()).filter(|body| !body.is_empty());
        let json = |body: &str| {
            serde_json::from_str(&quoted(body)).map_err(|error| format!("the body: {error}"))
        };
        Ok(Self { status: status.to_owned(), headers, body: body.map(json).transpose()? })
    }

    /// Returns where an answer, as `curl -i` prints it, is not as expected; none where it is.
    pub(super) fn differences(&self, answer: &str) -> Vec<String> {
        let answer = answer.replace("\r\n", "\n");
        let found = match Self::parse(&answer) {
            Ok(found) => found,
            Err(error) => return vec![format!("what is answered cannot be read: {error}")],
        };
        let mut differences = Vec::new();
        let mut text = |what: &str, expected: &str, found: &str| {
            if !matches(expected, found) {
                differences.push(format!("{what}: printed `{expected}`, answered `{found}`"));
            }
        };
        text("the status", &self.status, &found.status);
        for (name, expected) in &self.headers {
            let own = found.headers.iter().find(|(other, _)| other == name);
            text(name, expected, own.map_or("", |(_, value)| value));
        }
        match (&self.body, &found.body) {
            (None, None) => {}
            (Some(expected), Some(found)) => compare("", expected, found, &mut differences),
            (Some(_), None) => differences.push("the body: printed, and none answered".to_owned()),
            (None, Some(_)) => differences.push("the body: answered, and not printed".to_owned()),
        }
        differences
    }
}

/// Returns where JSON is not as it is printed.
///
/// # Errors
/// Why what is printed is not JSON.
pub(super) fn differences(printed: &str, found: &Value) -> Result<Vec<String>, String> {
    let expected: Value =
        serde_json::from_str(&quoted(printed)).map_err(|error| error.to_string())?;
    let mut differences = Vec::new();
    compare("", &expected, found, &mut differences);
    Ok(differences)
}

fn compare(place: &str, expected: &Value, found: &Value, differences: &mut Vec<String>) {
    match (expected, found) {
        (Value::String(any), _) if any == ANY => {}
        (Value::String(expected), Value::String(found)) if matches(expected, found) => {}
        (Value::Object(expected), Value::Object(found)) => {
            compare_members(place, expected, found, differences);
        }
        (Value::Array(expected), Value::Array(found)) => {
            compare_elements(place, expected, found, differences);
        }
        _ if expected == found => {}
        _ => {
            let place = if place.is_empty() { "the body" } else { place };
            differences.push(format!("{place}: printed {expected}, answered {found}"));
        }
    }
}

fn compare_members(
    place: &str,
    expected: &Map<String, Value>,
    found: &Map<String, Value>,
    differences: &mut Vec<String>,
) {
    for (name, expected) in expected.iter().filter(|(name, _)| *name != ANY) {
        let place = format!("{place}.{name}");
        match found.get(name) {
            Some(found) => compare(&place, expected, found, differences),
            None => differences.push(format!("{place}: printed {expected}, not answered")),
        }
    }
    let unexpected = |name: &&String| !expected.contains_key(ANY) && !expected.contains_key(*name);
    for name in found.keys().filter(unexpected) {
        differences.push(format!("{place}.{name}: answered {}, not printed", found[name]));
    }
}

fn compare_elements(
    place: &str,
    expected: &[Value],
    found: &[Value],
    differences: &mut Vec<String>,
) {
    let (elements, others) = match expected.split_last() {
        Some((Value::String(any), elements)) if any == ANY => (elements, true),
        _ => (expected, false),
    };
    if found.len() < elements.len() || found.len() > elements.len() && !others {
        let (printed, answered) = (elements.len(), found.len());
        differences.push(format!("{place}: printed {printed} elements, answered {answered}"));
    }
    for (position, (expected, found)) in elements.iter().zip(found).enumerate() {
        compare(&format!("{place}[{position}]"), expected, found, differences);
    }
}

/// Returns whether text is as it is printed, with some text for each `…`.
pub(super) fn matches(expected: &str, found: &str) -> bool {
    let Some((before, rest)) = expected.split_once(ANY) else { return expected == found };
    let Some(found) = found.strip_prefix(before) else { return false };
    let mut ends = found.char_indices().map(|(start, char)| start + char.len_utf8());
    ends.any(|end| matches(rest, &found[end..]))
}

/// JSON in which each `…` that stands outside of text is text, and where a member is expected, a
/// member.
fn quoted(body: &str) -> String {
    let mut json = String::new();
    let (mut is_text, mut is_escaped) = (false, false);
    let mut before = ' ';
    let mut open = Vec::new();
    for char in body.chars() {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' => is_text = !is_text,
            '{' | '[' if !is_text => open.push(char),
            '}' | ']' if !is_text => drop(open.pop()),
            _ => {}
        }
        if char == '…' && !is_text {
            let is_member = open.last() == Some(&'{') && before != ':';
            json.push_str(if is_member { "\"…\":null" } else { "\"…\"" });
        } else {
            json.push(char);
        }
        if !char.is_whitespace() {
            before = char;
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "HTTP/1.1 200 OK\r\netag: \"1\"\r\ndate: today\r\n\r\n\
        {\"id\":\"01J7\",\"n\":1,\"tags\":[\"a\",\"b\"],\"in\":{\"x\":null,\"y\":\"{…\"}}";

    fn differences(printed: &str) -> Vec<String> {
        Expected::parse(printed).expect("an answer").differences(ANSWER)
    }

    #[test]
    fn what_is_answered_as_printed_is_taken() {
        let bodies = [
            r#"{ "id": "01J7", "n": 1, "tags": ["a", "b"], "in": { "y": "{…", "x": null } }"#,
            r#"{ "id": "01…", "n": …, "tags": ["a", …], "in": { … } }"#,
            r#"{ "id": "…7", "tags": ["a", "b", …], "in": {"x": …, … }, … }"#,
            r#"{ "n": 1, … }"#,
            "…",
        ];
        for body in bodies {
            let printed = format!("HTTP/1.1 200 OK\nETag: \"1\"\n\n{body}\n");
            assert_eq!(differences(&printed), [""; 0], "{body}");
        }
    }

    #[test]
    fn what_is_answered_otherwise_is_told_with_its_place() {
        let status = "HTTP/1.1 200 OK";
        let cases = [
            ("HTTP/1.1 201 Created\n\n…", "the status: printed `HTTP/1.1 201 Created`"),
            ("HTTP/1.1 200 OK\netag: \"2\"\n\n…", "etag: printed `\"2\"`, answered `\"1\"`"),
            ("HTTP/1.1 200 OK\nlocation: …\n\n…", "location: printed `…`, answered ``"),
            (status, "the body: answered, and not printed"),
            ("HTTP/1.1 200 OK\n\n[…]", "the body: printed [\"…\"], answered {"),
            ("HTTP/1.1 200 OK\n\n{ \"n\": 2, … }", ".n: printed 2, answered 1"),
            ("HTTP/1.1 200 OK\n\n{ \"n\": \"1\", … }", ".n: printed \"1\", answered 1"),
            ("HTTP/1.1 200 OK\n\n{ \"m\": …, … }", ".m: printed \"…\", not answered"),
            ("HTTP/1.1 200 OK\n\n{ \"id\": \"01J7…\", … }", ".id: printed \"01J7…\""),
            (
                "HTTP/1.1 200 OK\n\n{ \"tags\": [\"a\"], … }",
                ".tags: printed 1 elements, answered 2",
            ),
            ("HTTP/1.1 200 OK\n\n{ \"tags\": [\"b\", …], … }", ".tags[0]: printed \"b\""),
            ("HTTP/1.1 200 OK\n\n{ \"in\": { \"x\": null }, … }", ".in.y: answered \"{…\", not"),
        ];
        for (printed, difference) in cases {
            let differences = differences(printed);
            assert_eq!(differences.len(), 1, "{printed}: {differences:?}");
            assert!(differences[0].starts_with(difference), "{printed}: {differences:?}");
        }
    }

    #[test]
    fn what_is_printed_and_is_no_answer_is_refused() {
        for printed in ["", "200 OK", "HTTP/1.1 200 OK\netag", "HTTP/1.1 200 OK\n\n{ \"a\": }"] {
            assert!(Expected::parse(printed).is_err(), "{printed}");
        }
    }
}
