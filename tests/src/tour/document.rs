//! The requests and answers of a README: its `sh` blocks with `curl`, each with the `http` block
//! behind it.

/// A request and its answer, as they are printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    /// The line that the request begins on, from 1.
    pub(super) line: usize,
    pub(super) request: String,
    pub(super) answer: String,
}

/// A block of a kind, and the line behind its opening fence.
pub(crate) struct Block<'a> {
    pub(crate) line: usize,
    pub(crate) kind: &'a str,
    pub(crate) text: String,
}

/// Returns the requests of a document in their order.
///
/// # Errors
/// The line of a request without an answer, or of an answer without a request.
pub(super) fn exchanges(document: &str) -> Result<Vec<Exchange>, String> {
    let mut exchanges = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for block in blocks(document) {
        let is_request = block.kind == "sh" && block.text.contains("curl ");
        match (open.take(), block.kind) {
            (None, "http") => return Err(format!("{}: an answer without a request", block.line)),
            (Some(Block { line, text: request, .. }), "http") => {
                exchanges.push(Exchange { line, request, answer: block.text });
            }
            (Some(request), _) => {
                return Err(format!("{}: a request without an answer", request.line));
            }
            (None, _) => open = Some(block).filter(|_| is_request),
        }
    }
    match open {
        Some(request) => Err(format!("{}: a request without an answer", request.line)),
        None => Ok(exchanges),
    }
}

/// Returns the blocks of a document in their order.
pub(crate) fn blocks(document: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (number, text) in document.lines().enumerate() {
        match (&mut open, text.strip_prefix("```")) {
            (None, Some(kind)) => {
                open = Some(Block { line: number + 2, kind: kind.trim(), text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(text);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_found_with_their_answers_and_lines() {
        let document =
            "# Tour\n```sh\nweir dev\n```\n\n```sh\ncurl a\n```\nis\n```http\nHTTP/1.1 204\n```\n";
        let exchange = Exchange {
            line: 7,
            request: "curl a\n".to_owned(),
            answer: "HTTP/1.1 204\n".to_owned(),
        };
        assert_eq!(exchanges(document), Ok(vec![exchange]));
    }

    #[test]
    fn what_stands_alone_is_found() {
        let request = "```sh\ncurl a\n```\n";
        let answer = "```http\nHTTP/1.1 204\n```\n";
        let alone = |line: usize| Err(format!("{line}: a request without an answer"));
        assert_eq!(exchanges(request), alone(2));
        assert_eq!(exchanges(&format!("{request}{request}{answer}")), alone(2));
        let other = "```json\n{}\n```\n";
        assert_eq!(exchanges(&format!("{request}{other}{answer}")), alone(2));
        let expected = Err("2: an answer without a request".to_owned());
        assert_eq!(exchanges(answer), expected);
    }
}
