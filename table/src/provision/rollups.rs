//! The table of rollups: its keys, and the index that orders its items, where a rollup needs one.
//!
//! | index `ranks` | |
//! |---|---|
//! | partition key `rank`, a text | what is ordered together |
//! | sort key `score`, a number | by what |
//! | projection | the keys alone: an item is read by them, as it is now |

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    BillingMode, GlobalSecondaryIndex, KeyType, Projection, ProjectionType, ScalarAttributeType,
    TableDescription,
};
use weir_model::table::{RANK, RANKS_INDEX, ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY, SCORE};

use super::{attribute, key_schema, other, text_attribute};
use crate::error::Error;

/// The request that makes the table.
pub(super) fn table(client: &Client, name: &str, is_ranked: bool) -> CreateTableFluentBuilder {
    let keys = [ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY];
    let request = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(key_schema(keys[0], Some(keys[1]))))
        .set_attribute_definitions(Some(keys.into_iter().map(text_attribute).collect()));
    if !is_ranked {
        return request;
    }
    request
        .attribute_definitions(text_attribute(RANK))
        .attribute_definitions(attribute(SCORE, ScalarAttributeType::N))
        .global_secondary_indexes(ranks())
}

/// Refuses a table that is there without the index, where one is needed.
pub(super) fn check_ranks(
    name: &str,
    table: &TableDescription,
    is_ranked: bool,
) -> Result<(), Error> {
    if !is_ranked {
        return Ok(());
    }
    let expected = format!(
        "expected one of the partition key `{RANK}` (S), the sort key `{SCORE}` (N) and the \
         projection KEYS_ONLY"
    );
    let mut indexes = table.global_secondary_indexes().iter();
    let Some(index) = indexes.find(|index| index.index_name() == Some(RANKS_INDEX)) else {
        let mismatch = format!(
            "it lacks the index `{RANKS_INDEX}`, by which rollups with ranks are read; {expected}: \
             add it, or begin with a table of rollups that is not there yet"
        );
        return Err(other(name, &mismatch));
    };
    let has = |key: &str, of: KeyType, kind: ScalarAttributeType| {
        let mut keys = index.key_schema().iter();
        let mut attributes = table.attribute_definitions().iter();
        keys.any(|element| element.attribute_name == key && element.key_type == of)
            && attributes.any(|known| known.attribute_name == key && known.attribute_type == kind)
    };
    if has(RANK, KeyType::Hash, ScalarAttributeType::S)
        && has(SCORE, KeyType::Range, ScalarAttributeType::N)
    {
        return Ok(());
    }
    Err(other(name, &format!("its index `{RANKS_INDEX}` has other keys; {expected}")))
}

/// The index that orders rollup items.
pub(super) fn ranks() -> GlobalSecondaryIndex {
    let index = GlobalSecondaryIndex::builder()
        .index_name(RANKS_INDEX)
        .set_key_schema(Some(key_schema(RANK, Some(SCORE))))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
    index.build().expect("name and keys are set")
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::config::BehaviorVersion;
    use aws_sdk_dynamodb::types::{AttributeDefinition, GlobalSecondaryIndexDescription};

    use super::*;

    fn client() -> Client {
        let config =
            aws_sdk_dynamodb::Config::builder().behavior_version(BehaviorVersion::latest());
        Client::from_conf(config.build())
    }

    #[test]
    fn the_table_has_the_index_only_where_a_rollup_needs_it() {
        let made = |is_ranked| table(&client(), "shop-rollups", is_ranked);
        let (plain, ranked) = (made(false), made(true));
        let attributes = |made: &CreateTableFluentBuilder| {
            let attributes = made.get_attribute_definitions().clone().expect("attributes");
            attributes
                .into_iter()
                .map(|known| format!("{} {}", known.attribute_name, known.attribute_type))
                .collect::<Vec<_>>()
        };
        assert_eq!(plain.get_global_secondary_indexes(), &None);
        assert_eq!(attributes(&plain), ["PK S", "SK S"]);
        assert_eq!(ranked.get_global_secondary_indexes(), &Some(vec![ranks()]));
        assert_eq!(attributes(&ranked), ["PK S", "SK S", "rank S", "score N"]);
    }

    fn described(index: Option<&str>, score: ScalarAttributeType) -> TableDescription {
        let kinds = [(RANK, ScalarAttributeType::S), (SCORE, score)];
        let attributes = kinds.map(|(name, kind)| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()
        });
        let index = index.map(|name| {
            let keys = Some(key_schema(RANK, Some(SCORE)));
            GlobalSecondaryIndexDescription::builder().index_name(name).set_key_schema(keys).build()
        });
        let attributes = attributes.map(|known| known.expect("both fields are set"));
        TableDescription::builder()
            .set_attribute_definitions(Some(attributes.into()))
            .set_global_secondary_indexes(index.map(|index| vec![index]))
            .build()
    }

    #[test]
    fn a_table_without_the_index_is_refused_only_where_a_rollup_needs_it() {
        use ScalarAttributeType::{N, S};
        let check =
            |table: &TableDescription, is_ranked| check_ranks("shop-rollups", table, is_ranked);
        for index in [None, Some("other")] {
            check(&described(index, N), false).expect("it is not needed");
            let refused = check(&described(index, N), true).expect_err("refused").to_string();
            for part in ["`shop-rollups`", "lacks the index `ranks`", "`score` (N)", "add it"] {
                assert!(refused.contains(part), "{refused}");
            }
        }
        check(&described(Some(RANKS_INDEX), N), true).expect("it is there");
        let refused = check(&described(Some(RANKS_INDEX), S), true).expect_err("refused");
        assert!(refused.to_string().contains("has other keys"), "{refused}");
    }
}
