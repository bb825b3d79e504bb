//! The text of a draft, in blocks that can be commented out one by one.

use super::first_problem;

/// How many lines of a draft may turn out invalid.
const MAX_REPAIRS: usize = 2_000;

/// The text of a draft.
#[derive(Debug, Default)]
pub(super) struct Document {
    blocks: Vec<Block>,
}

/// Lines that stand and fall together, except for the optional ones.
#[derive(Debug, Default)]
pub(super) struct Block {
    lines: Vec<Line>,
    /// Whether the draft is valid without it.
    is_optional: bool,
    /// Whether it is valid, but commented out in the end.
    is_candidate: bool,
}

#[derive(Debug)]
struct Line {
    text: String,
    /// Whether the block is valid without it.
    is_optional: bool,
}

impl Block {
    /// Returns an empty block that may be left out.
    pub(super) fn optional() -> Self {
        Self { is_optional: true, ..Self::default() }
    }

    /// Adds a line that the block needs.
    pub(super) fn line(&mut self, text: impl Into<String>) {
        self.lines.push(Line { text: text.into(), is_optional: false });
    }

    /// Adds a line that may be left out.
    pub(super) fn optional_line(&mut self, text: impl Into<String>) {
        self.lines.push(Line { text: text.into(), is_optional: true });
    }

    /// Adds a comment.
    pub(super) fn comment(&mut self, text: &str) {
        self.line(commented(text));
    }

    /// Makes it a candidate, which the reader of the draft may uncomment.
    pub(super) fn set_candidate(&mut self) {
        self.is_candidate = true;
    }

    fn is_commented_out(&self) -> bool {
        self.lines.iter().all(|line| is_comment(&line.text))
    }

    /// Turns all lines into comments.
    pub(super) fn comment_out(&mut self, reason: &str) {
        for line in &mut self.lines {
            line.text = commented(&line.text);
        }
        self.lines.insert(0, Line { text: commented(reason), is_optional: false });
    }

    fn comment_line_out(&mut self, position: usize, reason: &str) {
        let line = &mut self.lines[position];
        line.text = format!("{}\n{}", commented(reason), commented(&line.text));
    }
}

impl Document {
    /// Adds a block.
    pub(super) fn push(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// Adds comments as a block of their own.
    pub(super) fn comments(&mut self, texts: &[String]) {
        if texts.is_empty() {
            return;
        }
        let mut block = Block::optional();
        for text in texts {
            block.comment(text);
        }
        self.push(block);
    }

    /// Returns the text, with all that is invalid in it commented out.
    ///
    /// # Errors
    /// The message about something that cannot be left out.
    pub(super) fn into_valid(mut self) -> Result<String, String> {
        for _ in 0..MAX_REPAIRS {
            let text = self.text();
            let Some((offset, message)) = first_problem(&text) else {
                return Ok(self.without_candidates());
            };
            let Some((block, line)) = self.find(offset) else { return Err(message) };
            let block = &mut self.blocks[block];
            let reason = format!("left out: {message}");
            if block.lines[line].is_optional && !is_comment(&block.lines[line].text) {
                block.comment_line_out(line, &reason);
            } else if block.is_optional && !block.is_commented_out() {
                block.comment_out(&reason);
            } else {
                return Err(message);
            }
        }
        Err("too many lines of the draft are invalid".to_owned())
    }

    fn without_candidates(mut self) -> String {
        for block in &mut self.blocks {
            if block.is_candidate && !block.is_commented_out() {
                block.comment_out("A candidate:");
            }
        }
        self.text()
    }

    fn text(&self) -> String {
        let block = |block: &Block| -> String {
            block.lines.iter().map(|line| format!("{}\n", line.text)).collect()
        };
        self.blocks.iter().map(block).collect::<Vec<_>>().join("\n")
    }

    /// Returns the block and the line in it at a place of the text.
    fn find(&self, offset: usize) -> Option<(usize, usize)> {
        let mut start = 0;
        for (position, block) in self.blocks.iter().enumerate() {
            for (number, line) in block.lines.iter().enumerate() {
                let end = start + line.text.len() + 1;
                if (start..end).contains(&offset) {
                    return Some((position, number));
                }
                start = end;
            }
            // The empty line between two blocks.
            start += 1;
        }
        None
    }
}

/// Returns a text as a comment, each of its lines.
fn commented(text: &str) -> String {
    let line = |line: &str| match line {
        "" => "#".to_owned(),
        // TOML allows no control characters in comments.
        line => format!("# {}", line.replace(|c: char| c.is_control() && c != '\t', "?")),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn is_comment(text: &str) -> bool {
    text.lines().all(|line| line.is_empty() || line.starts_with('#'))
}
