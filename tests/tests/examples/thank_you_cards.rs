//! Thank-you cards: what a transaction counts beside a card, what the rollups count of the cards,
//! and a recount, are the same.

use std::collections::BTreeMap;

use fastrand::Rng;
use futures::future::join_all;
use serde_json::{Map, Value, json};
use weir_testing::example::Example;
use weir_testing::recount::Rollup;
use weir_testing::tour;

use crate::examples::SEEDS;

const COMPETENCIES: [&str; 4] = ["integrity", "courage", "patience", "a#b%"];
const USERS: [&str; 3] = ["ann", "bob", "cy"];

const ROLLUPS: [Rollup<'_>; 3] = {
    let received = Rollup {
        name: "cards_received",
        by: &["receiver"],
        time: "sent_at",
        buckets: &["month", "all"],
        measured: &[],
        admits: |item| item["_et"]["S"] == "card",
    };
    let sent = Rollup { name: "cards_sent", by: &["sender"], ..received };
    let competencies =
        Rollup { name: "competencies", by: &["receiver", "competencies"], ..received };
    [received, sent, competencies]
};

/// A card and the counters beside it: all that is sent, or taken back, in one transaction.
#[derive(Clone, Debug)]
struct Card {
    id: usize,
    sender: &'static str,
    receiver: &'static str,
    competencies: Vec<&'static str>,
    sent_at: String,
}

impl Card {
    fn random(id: usize, random: &mut Rng) -> Self {
        let (from, steps) = (random.usize(0..USERS.len()), random.usize(1..USERS.len()));
        let mut competencies = COMPETENCIES.to_vec();
        random.shuffle(&mut competencies);
        competencies.truncate(random.usize(1..4));
        let sent_at = format!("2026-{:02}-{:02}T09:30:00Z", random.u8(9..12), random.u8(1..28));
        let (sender, receiver) = (USERS[from], USERS[(from + steps) % USERS.len()]);
        Self { id, sender, receiver, competencies, sent_at }
    }

    fn sending(&self) -> Value {
        let item = json!({
            "card_id": self.id.to_string(), "sender": self.sender, "receiver": self.receiver,
            "sent_at": self.sent_at, "message": "Thank you.", "competencies": self.competencies,
        });
        self.counting("add", json!({ "action": "create", "entity": "card", "item": item }))
    }

    fn taking_back(&self) -> Value {
        let key = json!({ "receiver": self.receiver, "sent_at": self.sent_at,
            "card_id": self.id.to_string() });
        self.counting("subtract", json!({ "action": "remove", "entity": "card", "key": key }))
    }

    fn counting(&self, verb: &str, of_card: Value) -> Value {
        let mut counted: Map<String, Value> = self
            .competencies
            .iter()
            .map(|name| (format!("competencies.{name}"), json!(1)))
            .collect();
        counted.insert("received".to_owned(), json!(1));
        let user = |id: &str, counted: Value| {
            json!({ "action": "patch", "entity": "user",
            "key": { "user_id": id }, verb: counted })
        };
        let sent = user(self.sender, json!({ "sent": 1 }));
        json!([of_card, user(self.receiver, counted.into()), sent])
    }
}

/// Sends a transaction until it is answered otherwise than that others were at the same items.
/// Returns the status.
async fn transact(example: &Example, key: &str, actions: &Value) -> u16 {
    let key = format!("{}-{key}", tour::run(&example.system));
    let headers = [("Idempotency-Key", key.as_str())];
    loop {
        let http = &example.system.http;
        match http.send_with(&headers, "POST", "/transactions", Some(actions)).await {
            (409, problem) if problem["type"] == "/problems/conflict" => {}
            (status, answer) => {
                assert!([200, 404, 409].contains(&status), "{status}: {answer}");
                return status;
            }
        }
    }
}

/// Compares the counters of every profile with the cards that there are.
async fn assert_counters_exact(example: &Example) {
    let items = example.items().await;
    let of = |entity: &'static str| items.iter().filter(move |item| item["_et"]["S"] == entity);
    let mut expected: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for card in of("card") {
        let text = |name: &str| card[name]["S"].as_str().expect(name).to_owned();
        *expected.entry(text("sender")).or_default().entry("sent".to_owned()).or_default() += 1;
        let received = expected.entry(text("receiver")).or_default();
        *received.entry("received".to_owned()).or_default() += 1;
        for name in card["competencies"]["SS"].as_array().expect("a set") {
            let name = format!("competencies.{}", name.as_str().expect("text"));
            *received.entry(name).or_default() += 1;
        }
    }
    for user in of("user") {
        let number = |value: &Value| value["N"].as_str().and_then(|text| text.parse::<i64>().ok());
        let plain = ["sent", "received"].map(|name| (name.to_owned(), number(&user[name])));
        let members = user["competencies"]["M"].as_object();
        let nested = members.into_iter().flatten();
        let nested = nested.map(|(name, value)| (format!("competencies.{name}"), number(value)));
        let counted =
            plain.into_iter().chain(nested).map(|(name, value)| (name, value.expect("a number")));
        let counted: BTreeMap<_, _> = counted.filter(|(_, value)| *value != 0).collect();
        let id = user["user_id"]["S"].as_str().expect("an id");
        assert_eq!(counted, expected.remove(id).unwrap_or_default(), "{id}");
    }
    assert!(expected.is_empty(), "cards of nobody: {expected:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_is_answered_as_it_is_printed() {
    tour::take("thank_you_cards").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_cards_counters_rollups_and_a_recount_agree() {
    for seed in SEEDS {
        let mut random = Rng::with_seed(seed);
        let example = Example::loaded("thank_you_cards").await;
        let mut cards: Vec<Card> = Vec::new();
        for round in 0..2 {
            for step in 0..40 {
                let key = format!("{round}-{step}");
                // Often what is done already, or was undone; and now and then to nobody.
                let again = cards.get(random.usize(0..cards.len().max(1)).min(12)).cloned();
                let (actions, card) = match (random.u8(0..8), again) {
                    (0 | 1, Some(card)) => (card.taking_back(), None),
                    (2, Some(card)) => (card.sending(), None),
                    (3, Some(card)) => (Card { receiver: "nobody", ..card }.sending(), None),
                    _ => {
                        let card = Card::random(cards.len(), &mut random);
                        (card.sending(), Some(card))
                    }
                };
                cards.extend(card);
                let status = transact(&example, &key, &actions).await;
                if status == 200 && random.bool() {
                    assert_eq!(transact(&example, &key, &actions).await, 200, "the same again");
                }
            }
            assert_counters_exact(&example).await;
            example.deliver(&mut random).await;
            example.assert_exact(&ROLLUPS).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_cards_at_once_each_sent_twice_count_once() {
    const CARDS: usize = 30;
    let example = Example::loaded("thank_you_cards").await;
    let mut random = Rng::with_seed(7);
    let cards: Vec<Card> = (0..CARDS).map(|id| Card::random(id, &mut random)).collect();
    let send = async |number: usize| {
        let card = &cards[number % CARDS];
        transact(&example, &card.id.to_string(), &card.sending()).await
    };
    let statuses = join_all((0..2 * CARDS).map(send)).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_counters_exact(&example).await;
    let sent = example.items().await.iter().filter(|item| item["_et"]["S"] == "card").count();
    assert_eq!(sent, CARDS);
    example.deliver(&mut random).await;
    example.assert_exact(&ROLLUPS).await;
}
