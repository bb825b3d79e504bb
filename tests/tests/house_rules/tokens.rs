//! The names in a file of code: its imports, the paths in its expressions and types, and the items
//! that it defines.

use std::collections::BTreeSet;

/// The names in a file.
pub(crate) struct Names {
    /// The imports.
    pub leaves: Vec<Leaf>,
    /// The paths of two segments or more, outside `use`.
    pub paths: Vec<Vec<String>>,
    /// The items defined in the file, those inside of others too.
    pub defined: BTreeSet<String>,
}

/// One path of a `use`.
#[derive(Debug, PartialEq)]
pub(crate) struct Leaf {
    /// The segments, without the `*` of a glob.
    pub path: Vec<String>,
    /// The name that it has in the file; none of a glob.
    pub name: Option<String>,
    /// Whether it ends with `*`.
    pub is_glob: bool,
}

impl Names {
    /// Reads code that has no comments and strings.
    pub(crate) fn new(code: &str) -> Self {
        let tokens = tokens(code);
        let mut names = Self { leaves: Vec::new(), paths: Vec::new(), defined: BTreeSet::new() };
        let mut at = 0;
        while at < tokens.len() {
            at = names.read(&tokens, at);
        }
        names
    }

    /// Reads what begins at a token; returns where the next begins.
    fn read(&mut self, tokens: &[&str], at: usize) -> usize {
        let token = tokens[at];
        let next = tokens.get(at + 1).copied().unwrap_or_default();
        let is_import = token == "use" && next != "<";
        if is_import && next != "::" {
            return self.read_tree(tokens, at + 1, &[]);
        }
        // `use ::name` is of another crate.
        if token == "use" {
            return at + 1;
        }
        if is_item(token) && is_word(next) {
            self.defined.insert(next.to_owned());
            return at + 1;
        }
        let before = at.checked_sub(1).map_or("", |before| tokens[before]);
        if !is_word(token) || next != "::" || before == "::" || before == "." {
            return at + 1;
        }
        let mut path = vec![token.to_owned()];
        let mut end = at + 1;
        while tokens.get(end) == Some(&"::")
            && let Some(segment) = tokens.get(end + 1).filter(|segment| is_word(segment))
        {
            path.push((*segment).to_owned());
            end += 2;
        }
        if path.len() > 1 {
            self.paths.push(path);
        }
        end
    }

    /// Reads a tree of `use` below a prefix; returns where it ends.
    fn read_tree(&mut self, tokens: &[&str], mut at: usize, prefix: &[String]) -> usize {
        let mut path = prefix.to_owned();
        while let Some(token) = tokens.get(at).copied() {
            match token {
                "::" => at += 1,
                "{" => {
                    at += 1;
                    while let Some(token) = tokens.get(at).filter(|token| **token != "}") {
                        let is_comma = *token == ",";
                        at = if is_comma { at + 1 } else { self.read_tree(tokens, at, &path) };
                    }
                    return at + 1;
                }
                "*" => {
                    self.leaves.push(Leaf { path, name: None, is_glob: true });
                    return at + 1;
                }
                "as" => {
                    let name = tokens.get(at + 1).map(|name| (*name).to_owned());
                    self.leaves.push(Leaf { path, name, is_glob: false });
                    return at + 2;
                }
                "self" if !path.is_empty() => at += 1,
                word if is_word(word) => {
                    path.push(word.to_owned());
                    at += 1;
                }
                _ => break,
            }
        }
        let name = path.last().cloned();
        self.leaves.push(Leaf { path, name, is_glob: false });
        at
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Returns whether a keyword is followed by the name of an item.
fn is_item(token: &str) -> bool {
    ["const", "enum", "fn", "mod", "static", "struct", "trait", "type", "union"].contains(&token)
}

/// Returns the words of code, `::`, and every other character but blanks.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while !rest.is_empty() {
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let word = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let length = if word > 0 {
            word
        } else if rest.starts_with("::") {
            2
        } else {
            first
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

#[test]
fn every_form_of_naming_is_read() {
    let code = "use a::{self, b::{C as D, *}, e}; pub use ::f::G;\nfn h() -> crate::i::J<super::K> \
                { l::m::<N>(); o.p(); q }";
    let names = Names::new(code);
    let leaf = |path: &str, name: Option<&str>| Leaf {
        path: path.split("::").map(str::to_owned).collect(),
        name: name.map(str::to_owned),
        is_glob: name.is_none(),
    };
    let expected = [
        leaf("a", Some("a")),
        leaf("a::b::C", Some("D")),
        leaf("a::b", None),
        leaf("a::e", Some("e")),
    ];
    assert_eq!(names.leaves, expected);
    let paths: Vec<String> = names.paths.iter().map(|path| path.join("::")).collect();
    assert_eq!(paths, ["crate::i::J", "super::K", "l::m"]);
    assert_eq!(names.defined, BTreeSet::from(["h".to_owned()]));
}
