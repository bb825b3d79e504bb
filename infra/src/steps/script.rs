//! Steps as a shell script.
//!
//! **Invariant:** whatever a word holds, a POSIX shell takes it for one word that holds the same.

use std::fmt::{self, Display};

use super::{Command, PAUSE, Step, Way, Word};

/// The steps, each below a comment that says what it is.
pub(crate) fn script(steps: &[Step]) -> String {
    let line = |(position, step): (usize, &Step)| {
        let command = &step.command;
        let line = match step.way {
            Way::Into(name) if is_taken(name, &steps[position + 1..]) => {
                format!("{name}=$({command})")
            }
            Way::Shown | Way::Into(_) => command.to_string(),
            Way::Until(value) => {
                let pause = PAUSE.as_secs();
                format!("until [ \"$({command})\" = {value} ]; do sleep {pause}; done")
            }
        };
        format!("# {}\n{line}\n", step.what)
    };
    steps.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// Whether later steps take what a step keeps; if not, it is for the eyes.
fn is_taken(name: &'static str, later: &[Step]) -> bool {
    later.iter().any(|step| step.command.words.contains(&Word::Variable(name)))
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
