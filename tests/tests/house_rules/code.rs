//! The code of a Rust file without its comments and the contents of its strings.
//!
//! Rules that look for words of code must not find them in prose. The scanner knows the lexical
//! forms that hide code: comments (nested ones too), strings, raw strings and characters.
//!
//! **Invariant:** the code has the lines of the file, so that a line number holds in both.

use std::collections::BTreeSet;

/// A Rust file, split into code and the lines that may be wide.
pub(crate) struct Source {
    /// The text with blanks in place of comments and the contents of literals.
    pub code: String,
    /// The numbers, from 0, of lines that a raw string or an inline snapshot touches.
    pub verbatim: BTreeSet<usize>,
}

impl Source {
    /// Scans the text of a file.
    pub(crate) fn new(text: &str) -> Self {
        let mut scanner = Scanner {
            text: text.chars().collect(),
            at: 0,
            line: 0,
            source: Self { code: String::with_capacity(text.len()), verbatim: BTreeSet::new() },
        };
        while scanner.at < scanner.text.len() {
            scanner.step();
        }
        scanner.source
    }
}

struct Scanner {
    text: Vec<char>,
    at: usize,
    line: usize,
    source: Source,
}

impl Scanner {
    /// Copies or blanks one token.
    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => self.blank_while(|scanner| scanner.peek(0) != '\n'),
            ('/', '*') => self.block_comment(),
            ('"', _) => self.string(),
            ('\'', _) => self.character(),
            (first, _) if first.is_alphabetic() || first == '_' => self.word(),
            _ => self.copy(),
        }
    }

    fn peek(&self, ahead: usize) -> char {
        self.text.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn copy(&mut self) {
        let next = self.peek(0);
        self.line += usize::from(next == '\n');
        self.source.code.push(next);
        self.at += 1;
    }

    fn blank(&mut self) {
        let next = self.peek(0);
        self.line += usize::from(next == '\n');
        self.source.code.push(if next == '\n' { '\n' } else { ' ' });
        self.at += 1;
    }

    fn blank_while(&mut self, goes: impl Fn(&Self) -> bool) {
        while self.at < self.text.len() && goes(self) {
            self.blank();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.text.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.blank();
                    continue;
                }
            }
            self.blank();
            self.blank();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        let is_snapshot = self.source.code.trim_end().ends_with('@');
        let start = self.line;
        self.copy();
        while self.at < self.text.len() && self.peek(0) != '"' {
            if self.peek(0) == '\\' {
                self.blank();
            }
            self.blank();
        }
        self.copy();
        if is_snapshot {
            self.source.verbatim.extend(start..=self.line);
        }
    }

    /// Blanks `'x'` and `'\x'`; copies the quote of a lifetime.
    fn character(&mut self) {
        let is_escaped = self.peek(1) == '\\';
        if !is_escaped && self.peek(2) != '\'' {
            return self.copy();
        }
        self.copy();
        self.blank();
        self.blank();
        if is_escaped {
            self.blank_while(|scanner| scanner.peek(0) != '\'');
            self.copy();
        } else {
            self.source.code.pop();
            self.source.code.push('\'');
        }
    }

    /// Copies an identifier, and a raw string whose prefix it is.
    fn word(&mut self) {
        let start = self.at;
        while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
            self.copy();
        }
        let word: String = self.text[start..self.at].iter().collect();
        let hashes = (0..).take_while(|ahead| self.peek(*ahead) == '#').count();
        if matches!(word.as_str(), "r" | "br" | "cr") && self.peek(hashes) == '"' {
            self.raw_string(hashes);
        }
    }

    fn raw_string(&mut self, hashes: usize) {
        let start = self.line;
        for _ in 0..=hashes {
            self.blank();
        }
        let ends = |scanner: &Self| {
            scanner.peek(0) == '"' && (1..=hashes).all(|ahead| scanner.peek(ahead) == '#')
        };
        self.blank_while(|scanner| !ends(scanner));
        for _ in 0..=hashes {
            if self.at < self.text.len() {
                self.blank();
            }
        }
        self.source.verbatim.extend(start..=self.line);
    }
}

/// Returns the code without its `#[cfg(test)]` items, and the names of the modules in other files
/// that are for tests only.
pub(crate) fn without_tests(code: &str) -> (String, Vec<String>) {
    const ATTRIBUTE: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut modules = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find(ATTRIBUTE) {
        kept.push_str(&rest[..start]);
        let item = &rest[start + ATTRIBUTE.len()..];
        let end = item_end(item);
        let words: Vec<&str> = item[..end].split_whitespace().collect();
        if let Some(at) = words.iter().position(|word| *word == "mod")
            && let Some(name) = words.get(at + 1).and_then(|name| name.strip_suffix(';'))
        {
            modules.push(name.to_owned());
        }
        rest = &item[end..];
    }
    kept.push_str(rest);
    (kept, modules)
}

/// Returns where an item ends: behind its `;`, or behind the brace that closes it.
fn item_end(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in item.char_indices() {
        match character {
            '{' | '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

#[test]
fn comments_and_literals_are_blank_in_code() {
    let text = "a // b\n/* c /* d */ e */ f \"g \\\" h\" 'i' '\\'' b\"j\" 'k: l\nr#\"m \" n\"# o";
    let source = Source::new(text);
    let words: Vec<&str> = source.code.split_whitespace().collect();
    assert_eq!(
        words,
        ["a", "f", "\"", "\"", "'", "'", "'", "'", "b\"", "\"", "'k:", "l", "r", "o"]
    );
    assert_eq!(source.code.lines().count(), 3);
    assert_eq!(source.verbatim, BTreeSet::from([2]));
}

#[test]
fn a_snapshot_is_verbatim_and_another_string_is_not() {
    let source = Source::new("f(\"a\nb\");\nassert_snapshot!(c, @\"d\ne\");\n");
    assert_eq!(source.verbatim, BTreeSet::from([2, 3]));
}

#[test]
fn items_of_tests_are_taken_out() {
    let text = "a;\n#[cfg(test)]\nmod tests;\nb;\n#[cfg(test)]\nmod more { fn c() {} }\nd;\n\
                #[cfg(test)]\n#[derive(Debug)]\nstruct E;\nf;";
    let (code, modules) = without_tests(text);
    assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a;", "b;", "d;", "f;"]);
    assert_eq!(modules, ["tests"]);
}
