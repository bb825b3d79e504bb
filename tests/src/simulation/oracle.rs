//! The rollups that must be there: a recount of the sales that are there in the end.
//!
//! It reads the world's own sales, not their images, and shares nothing with the algebra: it cuts
//! text, and adds with big decimals. Rows, and what counts them: `rows`.

mod rows;

use bigdecimal::{BigDecimal, RoundingMode, Zero};

use super::shop::{Cell, Sale};
use crate::recount::Rows;

/// Decimal places of an amount.
const AMOUNT_PLACES: i64 = 2;
/// Decimal places of a weight, which declares none.
const WEIGHT_PLACES: i64 = 9;
/// Numbers of this magnitude are not added up.
const TOO_LARGE: &str = "1e20";
/// Sales from this amount on are large.
const LARGE: i64 = 10;

/// A measured attribute: there and countable, or not there. What is there and not countable spoils
/// its item.
type Measured = Option<BigDecimal>;

/// Counts the sales again, for the rollups of these names.
pub(crate) fn recount<'a>(rollups: &[String], sales: impl IntoIterator<Item = &'a Sale>) -> Rows {
    let mut rows = Rows::new();
    for sale in sales.into_iter().filter(|sale| sale.entity == "sale") {
        let _ = by_shop_and_channel(sale, &mut rows);
        let _ = large_by_shop(sale, &mut rows);
        let _ = everything(sale, &mut rows);
        rows::add(sale, &mut rows);
    }
    rows.retain(|(partition, _), _| rollups.iter().any(|name| name == rollup_of(partition)));
    for row in rows.values_mut() {
        row.retain(|_, value| !value.is_zero());
    }
    rows.retain(|_, row| !row.is_empty());
    rows
}

/// Returns the rollup whose partition it is.
fn rollup_of(partition: &str) -> &str {
    let name = partition.split(['#', '.']).next().unwrap_or(partition);
    if name == "SHOP" { "beside" } else { name }
}

/// `None` for a sale that is not counted, here and below.
fn by_shop_and_channel(sale: &Sale, rows: &mut Rows) -> Option<()> {
    if !matches!(sale.status, Cell::Text("placed" | "paid")) {
        return None;
    }
    let (shop, channel, at) = (text(&sale.shop)?, text(&sale.channel)?, time(&sale.at)?);
    let measured = [
        ("amount", measured(&sale.amount, AMOUNT_PLACES)?),
        ("weight", measured(&sale.weight, WEIGHT_PLACES)?),
    ];
    let partition = format!("by_shop_and_channel#{}#{}", escape(shop), escape(channel));
    for bucket in [format!("day#{}", &at[..10]), "all".to_owned()] {
        add(rows, &partition, bucket, &measured);
    }
    Some(())
}

fn large_by_shop(sale: &Sale, rows: &mut Rows) -> Option<()> {
    let Cell::Number(amount) = sale.amount else { return None };
    if decimal(amount) < LARGE {
        return None;
    }
    let (shop, at) = (text(&sale.shop)?, time(&sale.at)?);
    let measured = [("amount", measured(&sale.amount, AMOUNT_PLACES)?)];
    let partition = format!("large_by_shop#{}", escape(shop));
    add(rows, &partition, format!("month#{}", &at[..7]), &measured);
    Some(())
}

fn everything(sale: &Sale, rows: &mut Rows) -> Option<()> {
    let measured = [("amount", measured(&sale.amount, AMOUNT_PLACES)?)];
    add(rows, "everything", "all".to_owned(), &measured);
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
        let rollups = ["everything", "large_by_shop", "beside"].map(str::to_owned);
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
