//! Tests of what is loaded, and from where on.

use super::*;

const SHOP: &str = r#"
[table]
name = "shop"
[entities.order]
PK = "ORDER"
SK = "ORDER"
[entities.customer]
PK = "CUSTOMER"
SK = "CUSTOMER"
[dev]
load = [{ entity = "order", file = "orders.csv" }]
"#;

fn load(entity: &str, path: &str, once: Option<&str>) -> Load {
    Load { entity: entity.to_owned(), path: path.into(), once: once.map(str::to_owned) }
}

#[test]
fn files_of_the_definition_lie_beside_it() {
    let model: Model = SHOP.parse().expect("a definition");
    let given = ["customer=a=b.csv".to_owned()];
    let loads = Loads::new(&model, Path::new("shop/weir.toml"), &given).expect("loads");
    let expected =
        [load("order", "shop/orders.csv", Some("orders.csv")), load("customer", "a=b.csv", None)];
    assert_eq!(loads.0, expected);
}

#[test]
fn a_file_is_of_the_entity_that_is_named_or_that_its_name_says() {
    let model: Model = SHOP.parse().expect("a definition");
    let cases = [
        ("customer=x.json", Ok("customer")),
        ("data/order.ndjson", Ok("order")),
        ("ordr=x.json", Err("--load ordr=x.json: `ordr` is no entity; did you mean `order`?")),
        (
            "x.json",
            Err("--load x.json: expected ENTITY=FILE, where ENTITY is one of order, customer"),
        ),
    ];
    for (given, expected) in cases {
        let found =
            target(&model, given).map(|(entity, _)| entity).map_err(|error| error.to_string());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{given}");
    }
}

#[test]
fn a_definition_of_one_entity_needs_no_name() {
    let model: Model =
        SHOP.split("[entities.customer]").next().expect("a part").parse().expect("a definition");
    assert_eq!(target(&model, "x.json").expect("a load"), ("order".to_owned(), "x.json".into()));
}

#[test]
fn a_load_that_was_cut_off_goes_on_and_a_whole_one_is_not_repeated() {
    let file = load("order", "orders.csv", Some("orders.csv"));
    let known = |rows: &str, done| {
        let (shard_id, sequence_number) = ("orders.csv".to_owned(), Some(rows.to_owned()));
        vec![Checkpoint { shard_id, sequence_number, done, ..Checkpoint::default() }]
    };
    assert_eq!(file.begin(true, &known("500", true)), Some(0), "the table was made anew");
    assert_eq!(file.begin(false, &known("500", false)), Some(500));
    assert_eq!(file.begin(false, &known("500", true)), None);
    assert_eq!(file.begin(false, &[]), None, "the table was made by others");
    assert_eq!(load("order", "orders.csv", None).begin(false, &known("500", true)), Some(0));
}
