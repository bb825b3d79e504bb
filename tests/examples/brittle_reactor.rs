//! The processor with a reactor that panics the first time it meets a flight that is 666 minutes
//! late, as a function of its own. Not a program to learn from, but one to test with: what becomes
//! of a function whose user's code panics.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::{Arc, Mutex};

use weir_processor::{Changes, Processor, StreamChange};
use weir_startup::Environment;
use weir_telemetry::log::Format;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    weir_telemetry::start("brittle reactor", Format::Json);
    let environment = Environment::from_process();
    let model = environment.model()?;
    let rollups = environment.open(&model).await.rollups;
    let met = Arc::new(Mutex::new(BTreeSet::new()));
    let brittle = move |changes: Changes| {
        let met = Arc::clone(&met);
        changes.try_for_each(move |record| {
            let is_new = met.lock().expect("it panics elsewhere").insert(record.event_id.clone());
            assert!(!(is_new && is_terrible(&record)), "666 minutes are too many");
            std::future::ready(Ok::<_, std::io::Error>(()))
        })
    };
    Ok(Processor::new(model).rollups(rollups).react("brittle", brittle).run().await?)
}

fn is_terrible(record: &StreamChange) -> bool {
    let delay = record.change.image.new_image().and_then(|item| item.get("delay"));
    matches!(delay, Some(weir_model::AttributeValue::N(minutes)) if minutes == "666")
}
