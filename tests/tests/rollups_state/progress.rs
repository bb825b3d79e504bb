//! How far the rollups have counted is stored, and answered.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use weir_testing::running::PATIENCE;

use crate::rollups_state::shop::Shop;

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str().map(|text| text.parse().expect("RFC 3339"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_up_to_when_every_change_is_counted() {
    let shop = Shop::new().await;
    let (.., before) = shop.answered().await;
    assert_eq!(before["complete_through"], Value::Null, "nobody has counted: {before}");
    let running = shop.process().await;
    for number in 1..=20 {
        shop.order(&number.to_string(), 10).await;
        let written = Timestamp::now();
        let asked = Instant::now();
        // Whenever an answer is complete through the write, it has the write.
        loop {
            let (orders, revenue, answer) = shop.answered().await;
            if time(&answer["complete_through"]).is_some_and(|through| through >= written) {
                assert_eq!((orders, revenue), (number, 10 * number), "{answer}");
                break;
            }
            assert!(asked.elapsed() < PATIENCE, "{answer}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if asked.elapsed() > Duration::from_secs(20) {
            break;
        }
    }
    running.stop().await;
    let (_, list) = shop.send("GET", "/rollups", None).await;
    assert!(time(&list["complete_through"]).is_some(), "{list}");
    assert!(list["records_counted"].as_u64().is_some_and(|records| records > 0), "{list}");
}
