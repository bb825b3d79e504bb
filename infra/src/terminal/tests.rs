//! Text that attacks a terminal, in every mode and cut at every place.

use proptest::prelude::*;

use super::*;

fn written(mode: Mode, parts: &[&[u8]]) -> String {
    let mut bytes = Vec::new();
    let mut terminal = Terminal::new(&mut bytes, mode);
    for part in parts {
        terminal.write_all(part).expect("memory");
    }
    drop(terminal);
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn sequences_that_a_terminal_obeys_are_shown() {
    for (text, shown) in [
        ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
        ("\u{1b}]52;c;ZXZpbA==\u{1b}\\", "\\u{1b}]52;c;ZXZpbA==\\u{1b}\\"),
        ("\u{1b}[2J\u{1b}[H", "\\u{1b}[2J\\u{1b}[H"),
        ("\u{9b}31mred", "\\u{9b}31mred"),
        ("a\u{8}b\u{7f}\0", "a\\u{8}b\\u{7f}\\u{0}"),
        (
            "right\u{202e}left\u{2066}x\u{200b}y\u{feff}",
            "right\\u{202e}left\\u{2066}x\\u{200b}y\\u{feff}",
        ),
        ("one\u{2028}two\u{2029}\u{85}", "one\\u{2028}two\\u{2029}\\u{85}"),
        ("over\rwritten\r\n", "over\\u{d}written\r\n"),
        ("Zürich 東京 🦀\tx\n", "Zürich 東京 🦀\tx\n"),
    ] {
        assert_eq!(written(Mode::Plain, &[text.as_bytes()]), shown);
        assert_eq!(written(Mode::Exact, &[text.as_bytes()]), text);
    }
    assert_eq!(written(Mode::Plain, &[b"a\xffb\xc3"]), "a\\xffb\\xc3");
}

#[test]
fn a_part_of_a_line_has_no_lines_of_its_own() {
    assert_eq!(visible("a\nweir: all is well\t\u{1b}"), "a\\u{a}weir: all is well\\u{9}\\u{1b}");
    assert!(matches!(visible("Zürich"), Cow::Borrowed("Zürich")));
}

#[test]
fn reports_keep_their_colours_and_nothing_else() {
    for colour in ["\u{1b}[0m", "\u{1b}[1;35m", "\u{1b}[38;5;8m", "\u{1b}[m"] {
        assert_eq!(written(Mode::Coloured, &[colour.as_bytes()]), colour);
        assert!(!written(Mode::Plain, &[colour.as_bytes()]).contains('\u{1b}'));
    }
    for other in ["\u{1b}[8m", "\u{1b}[1;08m", "\u{1b}[5m", "\u{1b}[2J", "\u{1b}[31", "\u{1b}"] {
        let shown = written(Mode::Coloured, &[other.as_bytes()]);
        assert_eq!(shown, other.replace('\u{1b}', "\\u{1b}"));
    }
}

proptest! {
    #[test]
    fn text_is_safe_and_the_same_wherever_it_is_cut(
        text in "[\u{0}-\u{ff}\u{2000}-\u{2070}\r\n\u{1b}\\[m0-9;a🦀]{0,40}",
        cut in any::<prop::sample::Index>(),
        coloured in any::<bool>(),
    ) {
        let mode = if coloured { Mode::Coloured } else { Mode::Plain };
        let (one, other) = text.as_bytes().split_at(cut.index(text.len() + 1));
        let whole = written(mode, &[text.as_bytes()]);
        prop_assert_eq!(&written(mode, &[one, other]), &whole);
        let left = whole.replace("\r\n", "").replace(['\n', '\t'], "");
        let is_safe = |char| !is_unsafe(char) || (coloured && char == ESCAPE);
        prop_assert!(left.chars().all(is_safe), "{left:?}");
    }
}
