//! Steps as a shell script.
//!
//! **Invariant:** whatever a word holds, a POSIX shell takes it for one word that holds the same.

use std::fmt::{self, Display};

use super::{Command, PATIENCE, PAUSE, Step, Way, Word};

/// The beginning of a script: it ends where a command fails, as [`run`](super::run) does.
const HEAD: &str = "set -eu\n";

/// Returns the steps, each below a comment that says what it is.
pub(crate) fn script(steps: &[Step]) -> String {
    let lines = steps.iter().enumerate();
    let lines =
        lines.map(|(at, step)| format!("\n# {}\n{}\n", step.what, line(step, &steps[at + 1..])));
    format!("{HEAD}{}", lines.collect::<String>())
}

/// Returns the part of a script that asks a question, and ends the script unless the answer is yes.
pub(crate) fn asked(question: &str) -> String {
    let question = quoted(&format!("{question} [y/N] "));
    format!(
        "\n# ask\nprintf %s {question} >&2\nread -r answer\ncase \"$answer\" in y|Y|yes) ;; *) \
         echo 'nothing was deployed' >&2; exit 1 ;; esac\n"
    )
}

/// Returns the part of a script that has each of these words typed, or ends the script. A word of a
/// variable that is empty is not asked for.
pub(crate) fn typed(words: &[Word]) -> String {
    let ask = |word: &Word| {
        format!(
            "expected={word}\n[ -z \"$expected\" ] || {{\n    printf 'Type %s to delete it: ' \
             \"$expected\" >&2\n    \
             read -r typed\n    [ \"$typed\" = \"$expected\" ] || {{ echo 'nothing was deleted' \
             >&2; exit 1; }}\n}}\n"
        )
    };
    format!("\n# have it typed what is deleted\n{}", words.iter().map(ask).collect::<String>())
}

fn line(step: &Step, later: &[Step]) -> String {
    let command = &step.command;
    match &step.way {
        Way::Into(name) if is_taken(name, later) => format!("{name}=$({command})"),
        Way::Shown | Way::Into(_) => command.to_string(),
        Way::Until(value) => {
            let (pause, tries) = (PAUSE.as_secs(), PATIENCE.as_secs() / PAUSE.as_secs());
            let failed = failed(step, "\"$found\"");
            format!(
                "tries={tries}\nfound=$({command})\nwhile [ \"$found\" != {value} ]; \
                 do\n    tries=$((tries - 1))\n    \
                 [ \"$tries\" -gt 0 ] || {failed}\n    sleep {pause}\n    found=$({command})\ndone"
            )
        }
        Way::Is(word) => {
            let failed = failed(step, "\"$found\"");
            format!("found=$({command})\n[ \"$found\" = {word} ] || {failed}")
        }
        Way::Begins(start) => {
            let (start, failed) = (quoted(start), failed(step, "\"$found\""));
            format!("found=$({command})\ncase \"$found\" in {start}*) ;; *) {failed} ;; esac")
        }
        Way::Fed(text, value) => {
            let (text, failed) = (quoted(text), failed(step, "\"$found\""));
            format!("found=$(printf %s {text} | {command})\n[ \"$found\" = {value} ] || {failed}")
        }
    }
}

/// Returns the part that ends a script, with the purpose that failed.
fn failed(step: &Step, found: &str) -> String {
    let what = quoted(&format!("could not {}, found", step.what));
    format!("{{ echo {what} {found} >&2; exit 1; }}")
}

/// Returns whether later steps take what a step keeps; if not, it is for the eyes.
fn is_taken(name: &'static str, later: &[Step]) -> bool {
    let is = |step: &Step| {
        let word = Word::Variable(name);
        step.way == Way::Is(word.clone()) || step.command.words.contains(&word)
    };
    later.iter().any(is)
}

impl Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tool.name())?;
        self.words.iter().try_for_each(|word| write!(f, " {word}"))
    }
}

impl Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Variable(name) => write!(f, "\"${name}\""),
        }
    }
}

/// In quotes, unless it has nothing that a shell would see more in.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_each_word_for_what_it_is() {
        let cases = [
            ("target/lambda", "target/lambda"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$HOME", "'$HOME'"),
            ("it's", r"'it'\''s'"),
            ("~", "'~'"),
            ("a\nb", "'a\nb'"),
            ("Stacks[0].Outputs", "'Stacks[0].Outputs'"),
        ];
        for (text, expected) in cases {
            assert_eq!(quoted(text), expected);
        }
    }
}
