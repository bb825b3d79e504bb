//! A stack whose tables exist: their rollups are registered, and a test changes the definition.

use serde_json::json;
use tokio::runtime::Handle;
use weir_model::Model;
use weir_table::{RollupsState, Table};
use weir_testing::dynamodb::with_own_tables;
use weir_testing::http::Client;

use crate::process::Ended;
use crate::world::{DEFINITION, DYNAMODB, EVERY_TOOL, World};

/// The rollups that are counted, and those of a definition that needs other records too.
pub(crate) const BEFORE: &str = r#"
[rollups.orders]
of = "order"
where = { state = "paid" }
measures = { orders = "count" }
"#;
pub(crate) const AFTER: &str = r#"
[rollups.orders]
of = "order"
where = { state = "open" }
measures = { orders = "count" }
[rollups.users]
of = "order"
by = ["user"]
where = { state = "sent" }
measures = { orders = "count" }
"#;

/// The items of the table.
const ITEMS: usize = 20;

/// A world whose stack has tables with items and rollups.
pub(crate) struct Shop {
    pub(crate) world: World,
    table: Table,
}

/// Returns the threads that serve DynamoDB.
fn threads() -> &'static Handle {
    DYNAMODB.0.handle()
}

fn with_rollups(rollups: &str) -> String {
    format!("{DEFINITION}state = {{ type = \"string\" }}\n{rollups}")
}

impl Shop {
    /// Creates the tables with the rollups [`BEFORE`]; the definition file has [`AFTER`].
    pub(crate) fn new() -> Self {
        let definition = with_rollups(BEFORE).parse().expect("a definition");
        let model: Model = with_own_tables(definition);
        let name = model.table.name.clone();
        let table = threads().block_on(async {
            let dynamodb = &DYNAMODB.1;
            let table = Table::new(&dynamodb.connect().await, model.into());
            table.provision().await.expect("tables");
            let client = Client::new(&dynamodb.url);
            for number in 0..ITEMS {
                let state = ["paid", "open", "sent"][number % 3];
                let item = json!({
                    "PK": { "S": format!("USER#{number}") }, "SK": { "S": "ORDER" },
                    "_et": { "S": "order" }, "user": { "S": number.to_string() },
                    "state": { "S": state },
                });
                let request = json!({ "TableName": table.name(), "Item": item });
                client.dynamodb("PutItem", &request).await;
            }
            table
        });
        let world = World::new(&EVERY_TOOL).with("TABLE_FOUND", &name).with("LOG_FILTERS", "yes");
        let shop = Self { world, table };
        shop.save(AFTER);
        shop
    }

    /// The name of the table of items, and of the stack.
    pub(crate) fn name(&self) -> &str {
        self.table.name()
    }

    /// Changes the rollups of the definition file.
    pub(crate) fn save(&self, rollups: &str) {
        self.save_text(&with_rollups(rollups));
    }

    /// Changes the definition file; its table is named `shop`.
    pub(crate) fn save_text(&self, definition: &str) {
        let named = format!("name = \"{}\"", self.name());
        self.world.write("weir.toml", &definition.replace("name = \"shop\"", &named));
    }

    /// Deploys functions that are built already.
    pub(crate) fn deploy(&self, arguments: &str) -> Ended {
        self.world.weir(&self.line(arguments))
    }

    /// The command line of [`Shop::deploy`].
    pub(crate) fn line(&self, arguments: &str) -> String {
        format!("deploy --code own --s3-bucket artifacts {arguments}")
    }

    /// The state of the rollups.
    pub(crate) fn state(&self) -> RollupsState {
        let state = threads().block_on(self.table.read_rollups_state());
        state.expect("read").expect("registered")
    }

    /// The revisions with their states, such as `orders@1 retired`.
    pub(crate) fn revisions(&self) -> Vec<String> {
        let revisions = self.state().revisions;
        revisions.iter().map(|revision| format!("{revision} {}", revision.state)).collect()
    }

    /// The ARN of the stream of the table of items.
    pub(crate) fn stream_arn(&self) -> String {
        let described = threads().block_on(self.table.describe()).expect("described");
        described.stream_arn().expect("a stream").to_owned()
    }

    /// A text with `shop` in the place of the name, and without times.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let text = text.replace(self.name(), "shop");
        let is_time = |word: &str| word.contains("T") && word.ends_with('Z');
        let words = text.split(' ').map(|word| {
            let lines = word.split('\n');
            let lines = lines.map(|word| match word {
                word if is_time(word.trim_end_matches(['.', ','])) => "TIME",
                word if word.parse::<f64>().is_ok() && word.contains('.') => "SECONDS",
                word => word,
            });
            lines.collect::<Vec<_>>().join("\n")
        });
        words.collect::<Vec<_>>().join(" ")
    }
}
