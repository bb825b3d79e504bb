//! The rollups that must be there: a recount of the sales that are there in the end.
//!
//! It reads the world's own sales, not their images, and shares nothing with the algebra: it cuts
//! text, and adds with big decimals. Rows, and what counts them: `rows`.

mod rows;

use bigdecimal::{BigDecimal, RoundingMode, Zero};

use super::definition::{Counted, Variant};
use super::shop::{Cell, Sale};
use crate::recount::Rows;

/// Decimal places of an amount.
const AMOUNT_PLACES: i64 = 2;
/// Decimal places of a weight, which declares none.
const WEIGHT_PLACES: i64 = 9;
/// Numbers of this magnitude are not added up.
const TOO_LARGE: &str = "1e20";
/// Sales from these amounts on are large.
const LARGE: i64 = 10;
const VERY_LARGE: i64 = 100;

/// A measured attribute: there and countable, or not there. What is there and not countable spoils
/// its item.
type Measured = Option<BigDecimal>;

/// Counts the sales again, for rollups in their variants.
pub(crate) fn recount<'a>(rollups: &[Counted], sales: impl IntoIterator<Item = &'a Sale>) -> Rows {
    let mut rows = Rows::new();
    for sale in sales.into_iter().filter(|sale| sale.entity == "sale") {
        for Counted { rollup, variant } in rollups {
            let _ = match rollup.as_str() {
                "by_shop_and_channel" => by_shop_and_channel(sale, *variant, &mut rows),
                "large_by_shop" => large_by_shop(sale, *variant, &mut rows),
                "everything" => everything(sale, *variant, &mut rows),
                "recent" => recent(sale, *variant, &mut rows),
                _ => rows::add(rollup, sale, *variant, &mut rows),
            };
        }
    }
    for row in rows.values_mut() {
        row.retain(|_, value| !value.is_zero());
    }
    rows.retain(|_, row| !row.is_empty());
    rows
}

/// `None` for a sale that is not counted, here and below.
fn by_shop_and_channel(sale: &Sale, variant: Variant, rows: &mut Rows) -> Option<()> {
    let statuses: &[&str] = match variant {
        Variant::First => &["placed", "paid"],
        Variant::Second => &["paid"],
    };
    text(&sale.status).filter(|status| statuses.contains(status))?;
    let (shop, at) = (text(&sale.shop)?, time(&sale.at)?);
    let amount = ("amount", measured(&sale.amount, AMOUNT_PLACES)?);
    let all = "all".to_owned();
    if variant == Variant::Second {
        for bucket in [format!("month#{}", &at[..7]), all] {
            let partition = format!("by_shop_and_channel#{}", escape(shop));
            add(rows, &partition, bucket, std::slice::from_ref(&amount));
        }
        return Some(());
    }
    let channel = text(&sale.channel)?;
    let measured = [amount, ("weight", measured(&sale.weight, WEIGHT_PLACES)?)];
    let partition = format!("by_shop_and_channel#{}#{}", escape(shop), escape(channel));
    for bucket in [format!("day#{}", &at[..10]), all] {
        add(rows, &partition, bucket, &measured);
    }
    Some(())
}

fn large_by_shop(sale: &Sale, variant: Variant, rows: &mut Rows) -> Option<()> {
    let Cell::Number(amount) = sale.amount else { return None };
    let (least, places) = match variant {
        Variant::First => (LARGE, 7),
        Variant::Second => (VERY_LARGE, 10),
    };
    if decimal(amount) < least {
        return None;
    }
    let (shop, at) = (text(&sale.shop)?, time(&sale.at)?);
    let mut measured_of = vec![("amount", measured(&sale.amount, AMOUNT_PLACES)?)];
    if variant == Variant::Second {
        measured_of.push(("weight", measured(&sale.weight, WEIGHT_PLACES)?));
    }
    let bucket = if variant == Variant::First { "month" } else { "day" };
    let partition = format!("large_by_shop#{}", escape(shop));
    add(rows, &partition, format!("{bucket}#{}", &at[..places]), &measured_of);
    Some(())
}

fn everything(sale: &Sale, variant: Variant, rows: &mut Rows) -> Option<()> {
    if variant == Variant::Second {
        text(&sale.status).filter(|status| ["placed", "cancelled"].contains(status))?;
    }
    let measured = [("amount", measured(&sale.amount, AMOUNT_PLACES)?)];
    add(rows, "everything", "all".to_owned(), &measured);
    Some(())
}

fn recent(sale: &Sale, variant: Variant, rows: &mut Rows) -> Option<()> {
    if variant == Variant::Second {
        text(&sale.status).filter(|status| *status == "paid")?;
    }
    let (shop, at) = (text(&sale.shop)?, time(&sale.at)?);
    for bucket in [format!("day#{}", &at[..10]), "all".to_owned()] {
        add(rows, &format!("recent#{}", escape(shop)), bucket, &[]);
    }
    Some(())
}

fn add(rows: &mut Rows, partition: &str, bucket: String, measured: &[(&str, Measured)]) {
    let row = rows.entry((partition.to_owned(), bucket)).or_default();
    *row.entry("count".to_owned()).or_default() += 1;
    for (name, value) in measured {
        let Some(value) = value else { continue };
        *row.entry(format!("count({name})")).or_default() += 1;
        *row.entry(format!("sum({name})")).or_default() += value;
    }
}

fn text(cell: &Cell) -> Option<&'static str> {
    match cell {
        Cell::Text(text) => Some(text),
        Cell::Absent | Cell::Number(_) | Cell::Set(_) => None,
    }
}

fn time(cell: &Cell) -> Option<&'static str> {
    text(cell).filter(|text| text.ends_with('Z'))
}

/// Returns the status of a sale, if it has one; `None` for a text that the enum does not have.
fn status(cell: &Cell) -> Option<Option<&'static str>> {
    match cell {
        Cell::Absent => Some(None),
        Cell::Text(text @ ("placed" | "paid" | "cancelled")) => Some(Some(text)),
        Cell::Text(_) | Cell::Number(_) | Cell::Set(_) => None,
    }
}

/// `None` for what is there and cannot be counted: an amount of more decimal places than it
/// declares is foreign, a weight is rounded.
fn measured(cell: &Cell, places: i64) -> Option<Measured> {
    match cell {
        Cell::Absent => Some(None),
        Cell::Text(_) | Cell::Set(_) => None,
        Cell::Number(number) => {
            let rounded = decimal(number).with_scale_round(places, RoundingMode::HalfEven);
            if places == AMOUNT_PLACES && rounded != decimal(number) {
                return None;
            }
            (rounded.abs() < decimal(TOO_LARGE)).then_some(Some(rounded))
        }
    }
}

fn decimal(text: &str) -> BigDecimal {
    text.parse().expect(text)
}

fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('#', "%23")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sale_is_counted_where_it_can_be() {
        let sale = Sale {
            entity: "sale",
            shop: Cell::Text("a#1"),
            channel: Cell::Absent,
            status: Cell::Text("paid"),
            amount: Cell::Number("250.74"),
            weight: Cell::Text("12"),
            labels: Cell::Text("new"),
            at: Cell::Text("2026-02-28T23:59:59Z"),
        };
        let first = |rollup: &str| Counted { rollup: rollup.into(), variant: Variant::First };
        let rollups = ["everything", "large_by_shop", "beside"].map(first);
        let rows = recount(&rollups, [&sale, &sale]);
        let keys: Vec<_> = rows.keys().map(|(pk, sk)| format!("{pk} {sk}")).collect();
        assert_eq!(
            keys,
            ["SHOP#a%231 STATS#2026-02", "everything all", "large_by_shop#a%231 month#2026-02",]
        );
        let sums = rows.values().filter_map(|row| row.get("sum(amount)"));
        assert_eq!(sums.collect::<Vec<_>>(), [&decimal("501.48"); 2]);
    }
}
