//! The ranges of sort keys of every kind: cases as data.

use weir_model::Model;

use super::*;

/// Returns the range of sort keys that `?begins_with`, `?from` and `?to` make; absent if empty.
fn range(sort: &str, [begins_with, from, to]: [&str; 3]) -> Result<Range, String> {
    let given = [("begins_with", begins_with), ("from", from), ("to", to)];
    asked(sort, &given.map(|(name, text)| (name, Some(text).filter(|text| !text.is_empty()))))
}

/// Returns the range of sort keys that parameters make.
fn asked(sort: &str, given: &[(&str, Option<&str>)]) -> Result<Range, String> {
    let text = format!(
        "[table]\nname = \"shop\"\n[entities.order]\nPK = \"U#{{user}}\"\nSK = \"{sort}\"\n\
         [entities.order.attributes]\n\
         user = {{ type = \"string\", required = true }}\n\
         at = {{ type = \"timestamp\", required = true, precision = \"second\" }}\n\
         second = {{ type = \"timestamp\", required = true, format = \"epoch\" }}\n\
         any = {{ type = \"timestamp\", required = true, offset = \"any\" }}\n\
         n = {{ type = \"integer\", required = true }}\n\
         email = {{ type = \"string\", required = true, lower = true }}\n\
         city = {{ type = \"string\", required = true }}\n"
    );
    let model: Model = text.parse().expect("a definition");
    let asked = SortKeyFilter::take(|name| {
        given.iter().find(|(known, _)| *known == name)?.1.map(str::to_owned)
    });
    let entity = &model.entities[0];
    let pattern = Pattern::of_table(entity);
    let given = pattern.given_from_text(entity, &[("user", "ann")]).expect("a path");
    sort_keys(entity, &pattern, given, &asked)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// Parameters and their values.
type Given<'a> = &'a [(&'a str, &'a str)];

/// Returns the keys of what is written in the declared form.
fn written(range: Range) -> SortRange {
    range.instants.map_or(range.keys, |instants| instants.keys)
}

fn begins(text: &str) -> SortRange {
    SortRange::BeginsWith(text.to_owned())
}

fn between(low: &str, high: &str) -> SortRange {
    SortRange::Between(low.to_owned(), high.to_owned())
}

fn until(low: &str, high: &str) -> SortRange {
    SortRange::Until(low.to_owned(), high.to_owned())
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
            until("O#2026-11-01T00:00:00Z", "O#2026-11-20T06:00:00Z"),
        ),
        ("O#{at}", ["", "2026", ""], between("O#2026-01-01T00:00:00Z", &end("O#"))),
        (
            "O#{at}",
            ["", "2026-11-01T01:00:00+01:00", ""],
            between("O#2026-11-01T00:00:00Z", &end("O#")),
        ),
        (
            "O#{at}",
            ["", "2026-11-01T01:00+01", "2026-11-01 02:00"],
            until("O#2026-11-01T00:00:00Z", "O#2026-11-01T02:00:00Z"),
        ),
        ("O#{at}", ["", "", "2026"], until("O#", "O#2026-01-01T00:00:00Z")),
        ("{at}", ["", "", "2026"], until("\0", "2026-01-01T00:00:00Z")),
        ("O#{at:month}#{n}", ["", "2026-02", "2026-03"], until("O#2026-02", "O#2026-03")),
        ("O#{n:04}", ["", "7", "12"], until("O#0007", "O#0012")),
        ("O#{n:desc04}", ["", "7", "12"], between(&end("O#9987"), &end("O#9992"))),
    ];
    for (sort, asked, expected) in cases {
        let range = range(sort, asked).unwrap_or_else(|error| panic!("{sort} {asked:?}: {error}"));
        assert_eq!(written(range), expected, "{sort} {asked:?}");
    }
}

#[test]
fn the_end_of_a_range_is_not_in_it() {
    let range = range("O#{at}", ["", "2026-11-01", "2026-11-02"]).expect("a range");
    let range = written(range);
    assert!(range.contains("O#2026-11-01T23:59:59Z"));
    assert!(!range.contains("O#2026-11-02T00:00:00Z"));
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
        ("O#{at}", ["2026", "2026", ""], "`begins_with`: goes without from, expected"),
        ("O#{at}", ["", "2027", "2026"], "`to`: expected more than `from`"),
        ("O#{at}", ["", "soon", ""], "`from`: expected an RFC 3339 timestamp"),
        (
            "O#{at}",
            ["", "1795153254", ""],
            "`from`: expected an RFC 3339 timestamp such as 2026-11-20T06:40:54Z before \
             9999-12-30T22:00Z, found \"1795153254\"",
        ),
        ("O#{at}", ["", "2016-12-31T23:59:60", ""], "`from`: expected an RFC 3339 timestamp"),
        ("O#{at}", ["", "20161231T235960Z", ""], "`from`: expected an RFC 3339 timestamp"),
        ("O#{n:04}", ["", "12345", ""], "`from`: `n` is 12345, which does not fit"),
        (
            "O#{at:month}",
            ["", "2026-02-03", ""],
            "`from`: expected where a key begins, such as 2026-02",
        ),
        (
            "O#{at:month}",
            ["2026-02-03", "", ""],
            "`begins_with`: `2026-02-03`, expected at most 7 characters, such as 2026-02",
        ),
    ];
    for (sort, asked, expected) in cases {
        let error = range(sort, asked).expect_err(sort);
        assert!(error.starts_with(expected), "{sort} {asked:?}: {error}");
    }
}

#[test]
fn an_edge_takes_what_begins_with_it_or_leaves_it_out_as_a_whole() {
    let end = |text: &str| format!("{text}{END}");
    let cases: [(&str, Given<'_>, SortRange); 12] = [
        ("O#{n:04}#{city}", &[("gte", "7")], between("O#0007", &end("O#"))),
        ("O#{n:04}#{city}", &[("gt", "7")], between(&end("O#0007"), &end("O#"))),
        ("O#{n:04}#{city}", &[("lt", "7")], until("O#", "O#0007")),
        ("O#{n:04}#{city}", &[("lte", "7")], between("O#", &end("O#0007"))),
        ("O#{n:04}#{city}", &[("gt", "7"), ("lte", "7")], SortRange::Every),
        ("O#{n:04}#{city}", &[("between", "7,9")], between("O#0007", &end("O#0009"))),
        ("O#{n:desc04}", &[("gt", "7")], until("O#", "O#9992")),
        ("O#{n:desc04}", &[("lte", "7")], between("O#9992", &end("O#"))),
        ("O#{n:04}#{city}", &[("eq", "7")], begins("O#0007#")),
        ("O#{city}#{n}", &[("eq", "a#")], begins("O#a%23#")),
        ("O#{city}", &[("eq", "a")], between("O#a", "O#a")),
        ("O#{city}#X", &[("eq", "a")], between("O#a#X", "O#a#X")),
    ];
    for (sort, given, expected) in cases {
        let given: Vec<_> = given.iter().map(|(name, text)| (*name, Some(*text))).collect();
        match asked(sort, &given) {
            Ok(range) => assert_eq!(written(range), expected, "{sort} {given:?}"),
            Err(error) => {
                let expected_error = "`lte`: expected more than `gt`";
                assert_eq!((error.as_str(), &expected), (expected_error, &SortRange::Every));
            }
        }
    }
}

#[test]
fn parameters_that_say_the_same_or_exclude_each_other_are_refused() {
    let cases: [(Given<'_>, &str); 5] = [
        (&[("from", "1"), ("gt", "1")], "`from`: goes without gt"),
        (&[("to", "1"), ("lte", "1")], "`to`: goes without lte"),
        (&[("eq", "1"), ("lt", "2")], "`eq`: goes without lt"),
        (&[("begins_with", "1"), ("between", "1,2")], "`begins_with`: goes without between"),
        (&[("between", "1")], "`between`: `1`, expected the least and the greatest"),
    ];
    for (given, expected) in cases {
        let given: Vec<_> = given.iter().map(|(name, text)| (*name, Some(*text))).collect();
        let error = asked("O#{n:04}", &given).expect_err(expected);
        assert!(error.starts_with(expected), "{error}");
    }
    let error = asked("ONE", &[("from", Some("1"))]).expect_err("nothing is open");
    assert!(error.starts_with("`from`: expected no range"), "{error}");
}

#[test]
fn a_range_of_instants_reads_the_keys_of_whole_seconds() {
    let end = |text: &str| format!("{text}{END}");
    let second = |text: &str| format!("O#{text}");
    let cases: [(Given<'_>, String, String, usize); 6] = [
        (
            &[("eq", "2026-11-20T06:40:54Z")],
            second("2026-11-20T06:40:54"),
            end("O#2026-11-20T06:40:54"),
            1,
        ),
        (&[("from", "2026-11")], second("2026-11-01T00:00:00"), end("O#"), 1),
        (&[("to", "2026-11")], "O#".to_owned(), end("O#2026-11-01T00:00:00"), 1),
        (
            &[("gt", "2026-11"), ("lte", "2026-12")],
            second("2026-11-01T00:00:00"),
            end("O#2026-12-01T00:00:00"),
            2,
        ),
        (
            &[("between", "2026-11,2026-12")],
            second("2026-11-01T00:00:00"),
            end("O#2026-12-01T00:00:00"),
            2,
        ),
        (
            &[("begins_with", "2026-11-20T06:40:54Z")],
            second("2026-11-20T06:40:54"),
            end("O#2026-11-20T06:40:54"),
            1,
        ),
    ];
    for (given, low, high, tests) in cases {
        let given: Vec<_> = given.iter().map(|(name, text)| (*name, Some(*text))).collect();
        let range =
            asked("O#{at}#{n}", &given).unwrap_or_else(|error| panic!("{given:?}: {error}"));
        assert_eq!(range.keys, SortRange::Between(low, high), "{given:?}");
        assert_eq!(range.instants.expect("instants").tests.len(), tests, "{given:?}");
    }
    for (sort, given) in [
        ("O#{at}", ("begins_with", "2026-11")),
        ("O#{at:month}", ("from", "2026-11")),
        ("O#{n:04}", ("from", "7")),
    ] {
        let range = asked(sort, &[(given.0, Some(given.1))]).expect("a range");
        assert_eq!(range.instants, None, "{sort} {given:?}");
    }
}

#[test]
fn no_range_is_answered_of_a_timestamp_with_any_offset() {
    for (name, text) in [("from", "2026-11"), ("eq", "2026-11-20T06:40:54Z")] {
        let refused = asked("O#{any}", &[(name, Some(text))]).expect_err("no order");
        let expected = format!("`{name}`: `any` is stored with any offset");
        assert!(refused.starts_with(&expected), "{refused}");
    }
    assert!(asked("O#{any}", &[]).is_ok());
}
