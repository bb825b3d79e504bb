//! Auth: addresses and accounts that many want at once, sessions that expire, tokens that are used
//! once.

use fastrand::Rng;
use futures::future::join_all;
use serde_json::{Value, json};
use weir_testing::example::Example;
use weir_testing::recount::{DAY_MONTH_ALL, Rollup};
use weir_testing::tour;

use crate::examples::SEEDS;

/// A second of 2099, when no session of these tests has expired.
const LATER: u64 = 4_097_174_400;
/// One of 2026, when every session that was to end by then has.
const EARLIER: u64 = 1_795_168_800;

const ROLLUPS: [Rollup<'_>; 3] = {
    let sign_ins = Rollup {
        name: "sign_ins",
        by: &["provider"],
        time: "signed_in_at",
        buckets: DAY_MONTH_ALL,
        measured: &[],
        admits: |item| item["_et"]["S"] == "sign_in",
    };
    let sessions = Rollup {
        name: "active_sessions",
        by: &["user_id"],
        time: "",
        buckets: &["all"],
        admits: |item| item["_et"]["S"] == "session",
        ..sign_ins
    };
    let users = Rollup {
        name: "users",
        by: &[],
        time: "created_at",
        admits: |item| item["_et"]["S"] == "user",
        ..sign_ins
    };
    [sessions, sign_ins, users]
};

/// A user with an account, created together.
fn sign_up(id: &str, email: &str, account: &str) -> Value {
    json!([
        { "action": "create", "entity": "user", "item": { "user_id": id, "email": email } },
        { "action": "create", "entity": "account",
          "item": { "user_id": id, "provider": "github", "provider_account_id": account } },
    ])
}

fn session(user: &str, token: &str, expires_at: u64) -> Value {
    json!({ "token_hash": format!("token-of-a-session-{token}"), "user_id": user,
        "expires_at": expires_at })
}

async fn post(example: &Example, path: &str, body: &Value) -> (u16, Value) {
    example.system.http.send("POST", path, Some(body)).await
}

/// How many items there are of an entity.
async fn count(example: &Example, entity: &str) -> usize {
    example.items().await.iter().filter(|item| item["_et"]["S"] == entity).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_is_answered_as_it_is_printed() {
    tour::take("auth").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_who_sign_up_with_one_address_one_is_a_user_and_nothing_is_left_of_the_others() {
    let example = Example::start("auth").await;
    let one = async |number: usize| {
        let email = ["ann@example.com", " Ann@Example.COM"][number % 2];
        let id = number.to_string();
        post(&example, "/transactions", &sign_up(&id, email, &id)).await
    };
    let answers = join_all((0..10).map(one)).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1, "{answers:?}");
    for (status, problem) in answers.iter().filter(|(status, _)| *status != 200) {
        assert_eq!((*status, &problem["type"]), (409, &json!("/problems/duplicate")), "{problem}");
        assert_eq!(
            (&problem["action"], &problem["errors"][0]["field"]),
            (&json!(0), &json!("email"))
        );
    }
    assert_eq!((count(&example, "user").await, count(&example, "account").await), (1, 1));
    let (status, winner) = example.system.http.get("/unique/user/email/ann@example.com").await;
    assert_eq!(status, 200, "{winner}");
    let id = winner["user_id"].as_str().expect("an id");
    let found = format!("/unique/account/provider+provider_account_id/GitHub/{id}");
    assert_eq!(example.system.http.get(&found).await.1["user_id"], id);
    example.deliver(&mut Rng::with_seed(1)).await;
    example.assert_exact(&ROLLUPS).await;
    example.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_who_link_one_account_one_has_it_and_the_others_are_no_users() {
    let example = Example::start("auth").await;
    let one = async |number: usize| {
        let (id, email) = (number.to_string(), format!("{number}@example.com"));
        post(&example, "/transactions", &sign_up(&id, &email, "583231")).await
    };
    let answers = join_all((0..10).map(one)).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1, "{answers:?}");
    for (_, problem) in answers.iter().filter(|(status, _)| *status != 200) {
        assert_eq!(
            (&problem["type"], &problem["action"]),
            (&json!("/problems/duplicate"), &json!(1))
        );
    }
    assert_eq!((count(&example, "user").await, count(&example, "account").await), (1, 1));
    example.deliver(&mut Rng::with_seed(2)).await;
    example.assert_exact(&ROLLUPS).await;
    example.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_changed_or_whose_user_goes_is_taken_by_one_of_those_who_want_it() {
    let example = Example::start("auth").await;
    let http = &example.system.http;
    for (round, leaves) in [false, true].into_iter().enumerate() {
        let (address, first) = (format!("{round}@example.com"), format!("first-{round}"));
        let (status, _) = post(&example, "/transactions", &sign_up(&first, &address, &first)).await;
        assert_eq!(status, 200);
        let want = async |number: usize| {
            let user = json!({ "user_id": format!("{round}-{number}"), "email": address });
            loop {
                match post(&example, "/user", &user).await {
                    (201, _) => return true,
                    (409, _) => {}
                    other => panic!("{other:?}"),
                }
                let path = format!("/unique/user/email/{address}");
                let (status, owner) = http.get(&path).await;
                if status == 200 && owner["user_id"] != json!(first) {
                    return false;
                }
            }
        };
        let give = async {
            let path = format!("/user/{first}");
            let (status, answer) = match leaves {
                true => http.send("DELETE", &path, None).await,
                false => {
                    let other = json!({ "set": { "email": format!("other-{address}") } });
                    http.send("PATCH", &path, Some(&other)).await
                }
            };
            assert!([200, 204].contains(&status), "{answer}");
        };
        let (wanted, ()) = tokio::join!(join_all((0..5).map(want)), give);
        assert_eq!(wanted.into_iter().filter(|won| *won).count(), 1);
    }
    example.deliver(&mut Rng::with_seed(3)).await;
    example.assert_exact(&ROLLUPS).await;
    example.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_expire_leave_the_count_and_sign_ins_stay() {
    let example = Example::start("auth").await;
    let processor = example.system.process(example.system.processor(), 100);
    for (token, expires_at) in [("1", EARLIER), ("2", LATER), ("3", LATER)] {
        let actions = json!([
            { "action": "create", "entity": "session", "item": session("u1", token, expires_at) },
            { "action": "create", "entity": "sign_in", "item": { "user_id": "u1",
              "provider": "github" } },
        ]);
        assert_eq!(post(&example, "/transactions", &actions).await.0, 200);
    }
    example.system.expired("/session/token-of-a-session-1").await;
    let ended = example.system.http.send("DELETE", "/session/token-of-a-session-3", None).await;
    assert_eq!(ended.0, 204);
    processor.catch_up().await;
    let (_, active) = example.system.http.get("/rollups/active_sessions?user_id=u1").await;
    assert_eq!(active["points"][0]["sessions"], 1, "{active}");
    let (_, sign_ins) = example.system.http.get("/rollups/sign_ins?provider=github").await;
    assert_eq!(sign_ins["points"][0]["sign_ins"], 3, "{sign_ins}");
    example.assert_exact(&ROLLUPS).await;
    processor.stop().await;
    example.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_used_by_one_of_those_who_have_it_and_by_nobody_when_it_has_expired() {
    let example = Example::start("auth").await;
    let path = "/verification/ann%40example.com/token-of-an-address";
    let token = |expires_at: u64| {
        json!({ "email": "ann@example.com",
        "token_hash": "token-of-an-address", "expires_at": expires_at })
    };
    let use_it = async |now: u64| {
        let condition = format!("%7B%22expires_at%22%3A%7B%22gt%22%3A{now}%7D%7D");
        let path = format!("{path}?return=item&where={condition}");
        example.system.http.send("DELETE", &path, None).await
    };
    assert_eq!(post(&example, "/verification", &token(LATER)).await.0, 201);
    let (status, problem) = use_it(LATER).await;
    assert_eq!((status, &problem["current"]["expires_at"]), (412, &json!(LATER)), "{problem}");
    let answers = join_all((0..10).map(|_| use_it(EARLIER))).await;
    let used: Vec<_> = answers.iter().filter(|(status, _)| *status == 200).collect();
    assert_eq!(used.len(), 1, "{answers:?}");
    assert_eq!(used[0].1, token(LATER));
    assert!(answers.iter().all(|(status, _)| [200, 404].contains(status)), "{answers:?}");
    example.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_users_every_lock_list_and_count_is_that_of_a_recount() {
    for seed in SEEDS {
        let mut random = Rng::with_seed(seed);
        let example = Example::start("auth").await;
        for _ in 0..2 {
            for _ in 0..60 {
                change(&example, &mut random).await;
            }
            example.deliver(&mut random).await;
            example.assert_exact(&ROLLUPS).await;
        }
        example.end().await;
    }
}

/// Does something to one of a few users, accounts and sessions: often it is not there, or another
/// has what is unique.
async fn change(example: &Example, random: &mut Rng) {
    let user = format!("u{}", random.u8(0..4));
    let email = *random.choice(&["a@x", "A@X ", "b#%@x", "c@x"]).expect("some");
    let account = random.u8(0..4).to_string();
    let token = random.u8(0..6).to_string();
    let time = format!("2026-{:02}-{:02}T12:00:00Z", random.u8(9..12), random.u8(1..4));
    let (of_user, of_account) =
        (format!("/user/{user}"), format!("/account/{user}/github/{account}"));
    let (method, path, body) = match random.u8(0..12) {
        0 | 1 => ("POST", "/transactions".to_owned(), sign_up(&user, email, &account)),
        2 => ("PUT", of_user, json!({ "email": email, "created_at": time })),
        3 => ("PATCH", of_user, json!({ "set": { "email": email, "name": "n" } })),
        4 => ("DELETE", of_user, Value::Null),
        5 => {
            let linked =
                json!({ "user_id": user, "provider": "github", "provider_account_id": account });
            ("POST", "/account".to_owned(), linked)
        }
        6 => ("DELETE", of_account, Value::Null),
        7 => {
            let actions = json!([
                { "action": "remove", "entity": "user", "key": { "user_id": user } },
                { "action": "delete", "entity": "account",
                  "key": { "user_id": user, "provider": "github",
                  "provider_account_id": account } },
            ]);
            ("POST", "/transactions".to_owned(), actions)
        }
        8 | 9 => ("POST", "/session".to_owned(), session(&user, &token, LATER)),
        10 => ("DELETE", format!("/session/token-of-a-session-{token}"), Value::Null),
        _ => {
            let provider = *random.choice(&["github", "google"]).expect("some");
            let sign_in = json!({ "user_id": user, "provider": provider, "signed_in_at": time });
            ("POST", "/sign_in".to_owned(), sign_in)
        }
    };
    let body = Some(&body).filter(|body| !body.is_null());
    let (status, answer) = example.system.http.send(method, &path, body).await;
    assert!([200, 201, 204, 404, 409].contains(&status), "{method} {path}: {status} {answer}");
}
