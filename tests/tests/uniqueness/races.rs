//! Many callers at once: one of them gets a value, and the locks stay those of the items.

use std::collections::BTreeSet;

use fastrand::Rng;
use futures::future::join_all;
use serde_json::json;
use weir_model::{AttributeValue, Update};
use weir_table::Error;

use crate::uniqueness::club::{Club, duplicate};

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_creators_of_the_same_user_wins_and_nothing_else_is_left() {
    for many in [10, 100] {
        let club = Club::open().await;
        let create = |number: usize| {
            club.create(json!({ "id": number.to_string(), "email": "a@x", "tenant": "t",
                "number": number }))
        };
        let created = join_all((0..many).map(create)).await;
        let won = created.iter().filter(|created| created.is_ok()).count();
        assert_eq!(won, 1);
        for lost in created.into_iter().filter(|created| created.is_err()) {
            assert_eq!(duplicate(lost), ["email"]);
        }
        assert_eq!(club.recount().await, (1, 2), "{many}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_changes_to_the_same_value_wins_and_the_others_keep_theirs() {
    let club = Club::open().await;
    for number in 0..40 {
        let user = json!({ "id": number.to_string(), "email": format!("{number}@x") });
        club.create(user).await.expect("created");
    }
    let change = async |number: usize| match number % 2 {
        0 => club.patch(&number.to_string(), Update::new().set("email", "new@x")).await,
        _ => club.put(json!({ "id": number.to_string(), "email": "new@x" })).await,
    };
    let changed = join_all((0..40).map(change)).await;
    assert_eq!(changed.iter().filter(|changed| changed.is_ok()).count(), 1);
    assert_eq!(club.recount().await, (40, 40));
}

/// Writes a user at random.
async fn write_at_random(club: &Club, random: &mut Rng) -> Result<(), Error> {
    let id = random.u8(0..4).to_string();
    let email = format!("{}@x", random.u8(0..4));
    let number = random.u8(0..3);
    let user = json!({ "id": id, "email": email, "tenant": "t", "number": number });
    match random.u8(0..6) {
        0 => club.create(user).await.map(drop),
        1 => club.put(user).await.map(drop),
        2 => club.patch(&id, Update::new().set("email", email)).await.map(drop),
        3 => {
            let update = Update::new().remove("email").set("number", number);
            club.patch(&id, update).await.map(drop)
        }
        4 => club.patch(&id, Update::new().set("name", email)).await.map(drop),
        _ => club.delete(&id).await.map(drop),
    }
}

/// Returns the name of an error with which a write may fail if others write too.
fn expected_error(error: &Error) -> String {
    let is_expected = matches!(
        error,
        Error::Duplicate { .. }
            | Error::AlreadyExists { .. }
            | Error::NotFound { .. }
            | Error::Conflict { .. }
    );
    let shown = format!("{error:?}");
    assert!(is_expected, "{shown}");
    shown.split([' ', '(']).next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_locks_are_those_of_the_items_after_any_concurrent_writes() {
    let club = Club::open().await;
    let work = async |worker: u64| {
        let mut random = Rng::with_seed(worker);
        let mut results = Vec::new();
        for _ in 0..25 {
            results.push(write_at_random(&club, &mut random).await);
        }
        results
    };
    let results: Vec<_> = join_all((0..12).map(work)).await.into_iter().flatten().collect();
    let done = results.iter().filter(|result| result.is_ok()).count();
    assert!(done > 50, "{done} were done");
    let errors: BTreeSet<_> =
        results.iter().filter_map(|result| result.as_ref().err()).map(expected_error).collect();
    assert!(errors.contains("Duplicate"), "{errors:?}");
    club.recount().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_given_back_is_taken_by_one_of_many_callers() {
    for _ in 0..10 {
        let club = Club::open().await;
        club.create(json!({ "id": "ann", "email": "a@x" })).await.expect("created");
        let (deleted, created) = futures::join!(
            club.delete("ann"),
            join_all((0..4).map(|id| create_unless_taken(&club, id)))
        );
        deleted.expect("deleted");
        assert_eq!(created.into_iter().filter(|is_created| *is_created).count(), 1);
        assert_eq!(club.recount().await, (1, 1));
    }
}

/// Creates a user with the email of ann as soon as it is free. Returns whether it did, and another
/// caller did not.
async fn create_unless_taken(club: &Club, id: usize) -> bool {
    let ann = AttributeValue::S("ann".into());
    loop {
        match club.create(json!({ "id": id.to_string(), "email": "a@x" })).await {
            Err(Error::Duplicate { .. }) => {
                let owner = club.table.find_by(club.user(), &[("email", "a@x")]).await;
                let owner = owner.expect("looked");
                if owner.is_some_and(|item| item.get("id") != Some(&ann)) {
                    return false;
                }
            }
            created => return created.map(|_| true).expect("created"),
        }
    }
}
