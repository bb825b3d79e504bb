//! Names of a definition for names of a table, and texts as TOML has them.

/// Words in the names of attributes whose values are personal or secret.
const PERSONAL: [&str; 36] = [
    "email",
    "mail",
    "name",
    "phone",
    "mobile",
    "fax",
    "address",
    "street",
    "city",
    "zip",
    "postal",
    "birth",
    "dob",
    "gender",
    "ssn",
    "passport",
    "tax",
    "iban",
    "card",
    "account",
    "token",
    "secret",
    "password",
    "passwd",
    "pwd",
    "hash",
    "credential",
    "session",
    "cookie",
    "auth",
    "key",
    "ip",
    "lat",
    "lon",
    "salary",
    "signature",
];

/// Returns a name that a definition takes, as near to a text as possible.
pub(super) fn identifier(text: &str, fallback: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '_' };
    let name: String = text.chars().map(plain).collect();
    let name = name.trim_matches(['_', '-']);
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => name.to_owned(),
        Some(_) => format!("{fallback}_{name}"),
        None => fallback.to_owned(),
    }
}

/// Returns a name that is not among those that are taken.
pub(super) fn unused(name: String, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(&name) {
        return name;
    }
    let mut numbered = (2..).map(|number: u32| format!("{name}_{number}"));
    numbered.find(|name| !is_taken(name)).expect("numbers do not end")
}

/// Returns the words of a name in lower case: those of `createdAt`, `created_at` and `CREATED-AT`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && was_lower {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().expect("there is a word").extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns whether a name has one of these words.
pub(super) fn has_word(name: &str, known: &[&str]) -> bool {
    words(name).iter().any(|word| known.contains(&word.as_str()))
}

/// Returns whether the values of an attribute of this name should not be shown.
pub(super) fn is_personal(name: &str) -> bool {
    let whole = words(name).concat();
    let is_part = |known: &&str| known.len() > 3 && whole.contains(*known);
    has_word(name, &PERSONAL) || PERSONAL.iter().any(is_part)
}

/// Returns a text as a TOML string.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns a text as a TOML key.
pub(super) fn key(text: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if !text.is_empty() && text.chars().all(is_bare) { text.to_owned() } else { quoted(text) }
}

/// Returns texts as a TOML list.
pub(super) fn list<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    let texts: Vec<_> = texts.into_iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_those_of_a_definition() {
        let cases = [
            ("order", "order"),
            ("Order Line", "Order_Line"),
            ("__edb_e__", "edb_e"),
            ("2fa", "a_2fa"),
            ("größe", "gr__e"),
            ("", "a"),
            ("日本", "a"),
        ];
        for (text, expected) in cases {
            assert_eq!(identifier(text, "a"), expected, "{text}");
        }
        assert_eq!(words("createdAt"), ["created", "at"]);
        assert_eq!(words("CREATED_AT"), ["created", "at"]);
    }

    #[test]
    fn personal_names_are_found_by_their_words() {
        for name in ["email", "userEmail", "first_name", "ip", "accessToken", "billing-address"] {
            assert!(is_personal(name), "{name}");
        }
        for name in ["status", "total", "shipping", "platform", "created_at"] {
            assert!(!is_personal(name), "{name}");
        }
    }
}
