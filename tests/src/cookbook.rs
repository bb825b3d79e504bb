//! The cookbook, read: themes with a definition and items, and recipes with a rollup, a question
//! and its answers.
//!
//! ````text
//! ## A shop                         a theme
//! ```toml … ```                     its table and entity
//! ```json … ```                     its items, one a line
//! ### How many orders …             a recipe
//! ```toml … ```                     its rollup, if it has one of its own
//! ```http                           its question,
//! GET /rollups/orders?customer=ann
//! ```
//! ```json … ```                     the answer,
//! ```sh                             the same question to the command,
//! weir query orders customer=ann
//! ```
//! ```text … ```                     and what that prints; left out, it is the same answer
//! ````
//!
//! **Invariant:** a block of another kind, or at another place, is refused with its line.

use crate::tour::document::{Block, blocks};

/// A theme: the definition that recipes share, and the recipes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Its heading.
    pub name: String,
    /// Its table and entity, and the rollups of its recipes.
    pub definition: String,
    /// Its items, one JSON object each.
    pub items: Vec<String>,
    /// Its recipes.
    pub recipes: Vec<Recipe>,
}

/// A question and its answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// Its heading.
    pub name: String,
    /// The questions, each with its answers.
    pub questions: Vec<RecipeQuestion>,
}

/// A query of a recipe, over HTTP and by the command, with both answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipeQuestion {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// The path and the parameters.
    pub path: String,
    /// The answer as JSON, as it is printed.
    pub answer: String,
    /// The command.
    pub command: String,
    /// The output of the command; `None` if it is not shown.
    pub printed: Option<String>,
}

/// Reads a cookbook.
///
/// # Errors
/// The line of what does not belong where it is, or is missing.
pub fn themes(document: &str) -> Result<Vec<Theme>, String> {
    let headings = document.lines().enumerate().filter_map(|(number, line)| {
        let (level, name) = line.split_once(' ')?;
        ["##", "###"].contains(&level).then(|| (number + 1, level.len(), name.to_owned()))
    });
    let blocks = blocks(document).into_iter().map(|block| (block.line, Part::Block(block)));
    let headings = headings.map(|(line, level, name)| (line, Part::Heading { level, name }));
    let mut parts: Vec<(usize, Part<'_>)> = headings.chain(blocks).collect();
    parts.sort_by_key(|(line, _)| *line);
    let mut themes = Vec::new();
    for (line, part) in parts {
        read(part, &mut themes).map_err(|error| format!("{line}: {error}"))?;
    }
    for asked in themes.iter().flat_map(Theme::questions) {
        let missing = [("answer", &asked.answer), ("command", &asked.command)];
        if let Some((what, _)) = missing.into_iter().find(|(_, text)| text.is_empty()) {
            return Err(format!("{}: a question without {what}", asked.line));
        }
    }
    Ok(themes)
}

impl Theme {
    /// Returns the questions of all its recipes.
    pub fn questions(&self) -> impl Iterator<Item = &RecipeQuestion> {
        self.recipes.iter().flat_map(|recipe| &recipe.questions)
    }
}

enum Part<'a> {
    Heading { level: usize, name: String },
    Block(Block<'a>),
}

fn read(part: Part<'_>, themes: &mut Vec<Theme>) -> Result<(), String> {
    let block = match part {
        Part::Heading { level: 2, name } => {
            themes.push(Theme { name, ..Theme::default() });
            return Ok(());
        }
        Part::Heading { name, .. } => {
            let theme = themes.last_mut().ok_or("a recipe before the first theme")?;
            theme.recipes.push(Recipe { name, ..Recipe::default() });
            return Ok(());
        }
        Part::Block(block) => block,
    };
    let theme = themes.last_mut().ok_or("a block before the first theme")?;
    if block.kind == "toml" {
        theme.definition.push_str(&block.text);
        theme.definition.push('\n');
        return Ok(());
    }
    let Some(recipe) = theme.recipes.last_mut() else {
        return match block.kind {
            "json" => {
                theme.items.extend(block.text.lines().map(str::to_owned));
                Ok(())
            }
            kind => Err(format!("`{kind}` before the first recipe of the theme")),
        };
    };
    let is_open = |text: &str| text.is_empty().then_some(()).ok_or("an answer to no question");
    let last = recipe.questions.last_mut().ok_or("an answer to no question");
    match block.kind {
        "http" => {
            let lines: String = block.text.lines().map(str::trim).collect();
            let path = lines.strip_prefix("GET ").ok_or("expected GET and a path")?.to_owned();
            recipe.questions.push(RecipeQuestion {
                line: block.line,
                path,
                ..RecipeQuestion::default()
            });
        }
        "json" => {
            let asked = last?;
            is_open(&asked.answer)?;
            asked.answer = block.text;
        }
        "sh" => {
            let asked = last?;
            is_open(&asked.command)?;
            asked.command = block.text.replace("\\\n", " ").trim().to_owned();
        }
        "text" => {
            let asked = last?;
            is_open(asked.printed.as_deref().unwrap_or_default())?;
            asked.printed = Some(block.text);
        }
        kind => return Err(format!("a block of `{kind}`")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &str = "```http\nGET /rollups/r\n  ?a=1\n```\n";
    const ANSWER: &str = "```json\n{}\n```\n";
    const COMMAND: &str = "```sh\nweir query r \\\n  a=1\n```\n";

    #[test]
    fn a_theme_has_all_of_its_recipes() {
        let document = format!(
            "# Cookbook\n## A\n```toml\nx\n```\n```json\n1\n2\n```\n### \
             B\n```toml\ny\n```\n{QUESTION}{ANSWER}{COMMAND}```text\np\n```\n## C\n"
        );
        let asked = RecipeQuestion {
            line: 15,
            path: "/rollups/r?a=1".to_owned(),
            answer: "{}\n".to_owned(),
            command: "weir query r    a=1".to_owned(),
            printed: Some("p\n".to_owned()),
        };
        let themes = themes(&document).expect("a cookbook");
        assert_eq!(themes[0].definition, "x\n\ny\n\n");
        assert_eq!(themes[0].items, ["1", "2"]);
        assert_eq!(themes[0].recipes[0].questions, [asked]);
        assert_eq!((themes.len(), themes[1].recipes.len()), (2, 0));
    }

    #[test]
    fn what_is_not_where_it_belongs_is_told_with_its_line() {
        let cases = [
            (format!("## A\n### B\n{QUESTION}{COMMAND}"), "4: a question without answer"),
            (format!("## A\n### B\n{QUESTION}{ANSWER}"), "4: a question without command"),
            (format!("## A\n### B\n{ANSWER}"), "4: an answer to no question"),
            (format!("## A\n### B\n{QUESTION}{ANSWER}{ANSWER}"), "11: an answer to no question"),
            (format!("## A\n{QUESTION}"), "3: `http` before the first recipe of the theme"),
            ("## A\n### B\n```rust\n```\n".to_owned(), "4: a block of `rust`"),
            ("### B\n".to_owned(), "1: a recipe before the first theme"),
        ];
        for (document, error) in cases {
            assert_eq!(themes(&document), Err(error.to_owned()), "{document}");
        }
    }
}
