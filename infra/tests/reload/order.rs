//! The orders of the tests: those that are there before, and those that are written all the time.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::reload::dev::Dev;

/// The orders that are there before the definition is changed.
pub(crate) const BEFORE: u32 = 30;
/// The ids of the orders that are written meanwhile.
const MEANWHILE: std::ops::Range<u32> = 10..60;
/// The time between two writes.
const WRITE_PAUSE: Duration = Duration::from_millis(20);

/// An order as the table has it.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) shop: String,
    pub(crate) state: String,
    pub(crate) total: f64,
    pub(crate) net: f64,
    pub(crate) at: String,
}

impl Order {
    /// Reads an item as DynamoDB's JSON has it; `None` for another one.
    pub(crate) fn read(item: &Value) -> Option<Self> {
        let text = |name: &str| Some(item[name]["S"].as_str()?.to_owned());
        let number = |name: &str| item[name]["N"].as_str()?.parse().ok();
        text("PK")?.starts_with("ORDER#").then_some(())?;
        let (shop, state, at) = (text("shop")?, text("state")?, text("at")?);
        Some(Self { shop, state, total: number("total")?, net: number("net")?, at })
    }
}

/// Returns an order whose sums are exact in binary.
pub(crate) fn order(number: u32) -> Value {
    json!({
        "shop": if number.is_multiple_of(2) { "a" } else { "b" },
        "state": if number.is_multiple_of(3) { "open" } else { "paid" },
        "total": f64::from(number) + 0.25,
        "net": number,
        "at": format!("2026-03-0{}T1{}:00:00Z", 1 + number % 3, number % 2),
    })
}

/// Puts the orders that are there before.
pub(crate) async fn put_orders(dev: &Dev) {
    for id in 0..BEFORE {
        dev.put(&format!("/order/{id}"), &order(id)).await;
    }
}

/// Puts and deletes orders until it is stopped. Returns the number of writes.
pub(crate) fn write_all_the_time(dev: &Arc<Dev>) -> (watch::Sender<bool>, JoinHandle<u32>) {
    let (stop, stopped) = watch::channel(false);
    let dev = Arc::clone(dev);
    let writing = async move {
        let mut rng = Rng::with_seed(16);
        let mut writes = 0;
        while !*stopped.borrow() {
            let path = format!("/order/{}", rng.u32(MEANWHILE));
            if rng.u8(0..4) == 0 {
                let (status, answer) = dev.http.send("DELETE", &path, None).await;
                assert!(status == 204 || status == 404, "{path}: {status} {answer}");
            } else {
                dev.put(&path, &order(rng.u32(0..1_000))).await;
            }
            writes += 1;
            tokio::time::sleep(WRITE_PAUSE).await;
        }
        writes
    };
    (stop, tokio::spawn(writing))
}
