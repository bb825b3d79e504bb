//! The ranges of sort keys of every kind: cases as data.

use model::Model;

use super::*;

/// What `?begins_with`, `?from` and `?to` make of a sort key; absent where empty.
fn range(sort: &str, [begins_with, from, to]: [&str; 3]) -> Result<KeyRange, String> {
    let text = format!(
        "[table]\nname = \"shop\"\n[entities.order]\nPK = \"U#{{user}}\"\nSK = \"{sort}\"\n\
         [entities.order.attributes]\n\
         user = {{ type = \"string\", required = true }}\n\
         at = {{ type = \"timestamp\", required = true, precision = \"second\" }}\n\
         second = {{ type = \"timestamp\", required = true, format = \"epoch\" }}\n\
         n = {{ type = \"integer\", required = true }}\n\
         email = {{ type = \"string\", required = true, lower = true }}\n\
         city = {{ type = \"string\", required = true }}\n"
    );
    let model: Model = text.parse().expect("a definition");
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let asked = Asked { begins_with: given(begins_with), from: given(from), to: given(to) };
    KeyRange::of(&model.entities[0], &[("user", "ann")], &asked)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

fn begins(text: &str) -> SortRange {
    SortRange::BeginsWith(text.to_owned())
}

fn between(low: &str, high: &str) -> SortRange {
    SortRange::Between(low.to_owned(), high.to_owned())
}

#[test]
fn a_range_stays_within_the_entitys_keys() {
    let end = |text: &str| format!("{text}{END}");
    let cases = [
        ("O#{at}#{n}", ["", "", ""], begins("O#")),
        ("{at}", ["", "", ""], begins("")),
        ("{user}#{at}", ["", "", ""], begins("ann#")),
        ("O#{at}#{n}", ["2026-11", "", ""], begins("O#2026-11")),
        ("O#{at}", ["2026-11-20T06:40:54.000Z", "", ""], begins("O#2026-11-20T06:40:54Z")),
        ("O#{email}", ["ANN@X#", "", ""], begins("O#ann@x%23")),
        ("O#{city:upper}", ["ber", "", ""], begins("O#BER")),
        (
            "O#{at}#{n}",
            ["", "2026-11-01", "2026-11-20T06"],
            between("O#2026-11-01T00:00:00Z", "O#2026-11-20T06:00:00Z"),
        ),
        ("O#{at}", ["", "2026", ""], between("O#2026-01-01T00:00:00Z", &end("O#"))),
        (
            "O#{at}",
            ["", "2026-11-01T01:00:00+01:00", ""],
            between("O#2026-11-01T00:00:00Z", &end("O#")),
        ),
        ("O#{at}", ["", "", "2026"], between("O#", "O#2026-01-01T00:00:00Z")),
        ("{at}", ["", "", "2026"], between("\0", "2026-01-01T00:00:00Z")),
        ("O#{at:month}#{n}", ["", "2026-02", "2026-03"], between("O#2026-02", "O#2026-03")),
        ("O#{n:04}", ["", "7", "12"], between("O#0007", "O#0012")),
        ("O#{n:desc04}", ["", "7", "12"], between(&end("O#9987"), &end("O#9992"))),
    ];
    for (sort, asked, expected) in cases {
        let range = range(sort, asked).unwrap_or_else(|error| panic!("{sort} {asked:?}: {error}"));
        assert_eq!(range.range, expected, "{sort} {asked:?}");
    }
}

#[test]
fn the_end_of_a_range_is_not_in_it() {
    let range = range("O#{at}", ["", "2026-11-01", "2026-11-02"]).expect("a range");
    assert!(range.admits("O#2026-11-01T23:59:59Z"));
    assert!(!range.admits("O#2026-11-02T00:00:00Z"));
}

#[test]
fn what_has_no_order_in_the_sort_key_is_refused() {
    let cases = [
        (
            "O#{n}",
            ["", "1", ""],
            "`from`: `n` is of type integer, whose text in the sort key is not in its order",
        ),
        // A space sorts before the `#` behind it, `$` between `#` and what `#` is escaped to.
        ("O#{city}", ["", "A", "B"], "`from`: `city` is of type string, whose text"),
        ("O#{city:upper}#{n}", ["", "", "B"], "`to`: `city` is of type string, whose text"),
        ("O#{second}", ["", "", "2026"], "`to`: `second` is of type timestamp, whose text"),
        (
            "O#{n:04}",
            ["7", "", ""],
            "`begins_with`: `n` is of type integer, expected from and to instead",
        ),
        (
            "O#{at}",
            ["November", "", ""],
            "`begins_with`: `November`, expected the beginning of a time",
        ),
        ("O#{at}", ["2026", "2026", ""], "`begins_with`: goes without from and to"),
        ("O#{at}", ["", "2027", "2026"], "`to`: expected more than `from`"),
        ("O#{at}", ["", "soon", ""], "`from`: expected an RFC 3339 timestamp"),
        ("O#{n:04}", ["", "12345", ""], "`from`: `n` is 12345, which does not fit"),
        (
            "O#{at:month}",
            ["", "2026-02-03", ""],
            "`from`: expected where a key begins, such as 2026-02",
        ),
    ];
    for (sort, asked, expected) in cases {
        let error = range(sort, asked).expect_err(sort);
        assert!(error.starts_with(expected), "{sort} {asked:?}: {error}");
    }
}
