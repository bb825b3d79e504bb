//! `weir dev` follows its definition file: one test for each kind of change, with items that are
//! written meanwhile, and the oracle is a recount of the items.

mod building;
mod case;
mod dev;
mod endpoint;
mod kinds;
mod order;
mod rejected;
mod tables;

/// The definition at the start.
const DEFINITION: &str = r##"
[table]
name = "shop"
[entities.order]
PK = "ORDER#{id}"
SK = "ORDER"
[entities.order.attributes]
id = { type = "string", required = true }
shop = { type = "string", required = true }
state = { type = "enum", values = ["open", "paid"], required = true }
total = { type = "decimal", scale = 2, required = true }
net = { type = "integer", required = true }
at = { type = "timestamp", precision = "second", required = true }
until = { type = "timestamp", format = "epoch" }
[rollups.sales]
of = "order"
by = ["shop"]
time = "at"
buckets = ["day", "all"]
measures = { orders = "count", revenue = "sum(total)" }
[rollups.states]
of = "order"
by = ["state"]
measures = { orders = "count" }
"##;

/// Returns the definition with some edits.
fn edited(edits: &[(&str, &str)]) -> String {
    let mut text = DEFINITION.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "the definition has no `{from}`");
        text = text.replace(from, to);
    }
    text
}
