//! What is sent to DynamoDB, which compares text, against what holds of the instants.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Text in the declared form, in other forms, and what is not a timestamp.
const TEXTS: [&str; 9] = [
    "2026-03-01T12:00:00.000Z",
    "2026-03-01T12:00:00.250Z",
    "2026-03-01T12:00:00Z",
    "2026-03-01T12:00:00+00:00",
    "2026-03-01T12:00:00+0000",
    "2026-03-01T11:00:00-0100",
    "2026-03-01T14:00:00.250+02:00",
    "2026-03-01T12:00:00.2504Z",
    "at noon",
];

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn values() -> impl Strategy<Value = Option<AttributeValue>> {
    prop_oneof![
        8 => select(&TEXTS[..]).prop_map(|text| Some(s(text))),
        1 => Just(None),
        1 => Just(Some(AttributeValue::Null(true))),
        1 => Just(Some(AttributeValue::N("5".to_owned()))),
    ]
}

fn item(at: Option<AttributeValue>, note: bool) -> Item {
    let at = at.map(|at| ("at".to_owned(), at));
    let note = note.then(|| ("note".to_owned(), s("x")));
    at.into_iter().chain(note).collect::<HashMap<_, _>>().into()
}

fn tests() -> impl Strategy<Value = Test> {
    // Operands are encoded in the declared form.
    let operand = || select(&TEXTS[..2]).prop_map(s);
    prop_oneof![
        prop::collection::vec(operand(), 1..3).prop_map(Test::In),
        operand().prop_map(Test::Ne),
        operand().prop_map(Test::Gt),
        operand().prop_map(Test::Gte),
        operand().prop_map(Test::Lt),
        operand().prop_map(Test::Lte),
        Just(Test::Between(s(TEXTS[0]), s(TEXTS[1]))),
    ]
}

fn predicates() -> impl Strategy<Value = Predicate> {
    let note = Predicate::Test(Path::stored("note"), Test::Exists(true));
    let timed = tests()
        .prop_map(|test| Predicate::Time(Path::stored("at"), test, TimestampFormat::rfc3339(3)));
    prop_oneof![4 => timed, 1 => Just(note)].prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Predicate::All),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Predicate::Any),
            inner.prop_map(|part| Predicate::Not(Box::new(part))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn what_is_sent_decides_as_instants_do(
        predicate in predicates(), at in values(), note in any::<bool>(), other in values(),
    ) {
        let (stored, holds) = {
            let stored = item(at.clone(), note);
            let holds = predicate.holds(&stored);
            (stored, holds)
        };
        prop_assert!(!predicate.for_reading().is_timed() && !predicate.for_writing().is_timed());
        prop_assert!(!holds || predicate.for_reading().holds(&stored), "an item is not read");
        prop_assert!(holds || !predicate.for_writing().holds(&stored), "an item is written");
        let known = predicate.for_writing_of(&stored);
        prop_assert_eq!(known.holds(&stored), holds);
        // Whoever changes the item meanwhile is not overlooked.
        let changed = item(other, note);
        prop_assert!(!known.holds(&changed) || predicate.holds(&changed));
    }
}
