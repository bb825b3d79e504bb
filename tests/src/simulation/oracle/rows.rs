//! The rows that must be there, and the counts of them: each row is there while some sale is in
//! it, and a rollup item's `distinct(a)` is how many of its rows of `a` there are.

use bigdecimal::BigDecimal;

use super::{AMOUNT_PLACES, Measured, add as add_item, escape, measured, status, text, time};
use crate::recount::{Rows, ordered};
use crate::simulation::definition::Variant;
use crate::simulation::shop::{Cell, Sale};

/// Cells of an octave of a sketch.
const CELLS: u128 = 50;
/// When the times of sales are, in seconds since 1970.
const SECONDS: [(&str, i128); 2] =
    [("2026-02-28T23:59:59Z", 1_772_323_199), ("2026-03-01T00:00:00Z", 1_772_323_200)];

/// Adds a sale to the rows of a rollup that has some; `None` for one that is not counted.
pub(super) fn add(rollup: &str, sale: &Sale, variant: Variant, rows: &mut Rows) -> Option<()> {
    match (rollup, variant) {
        ("figures", Variant::First) => figures(sale, rows),
        ("figures", Variant::Second) => figures_of_shops(sale, rows),
        ("spread", _) => spread(sale, variant, rows),
        ("beside", _) => beside(sale, variant, rows),
        _ => None,
    }
}

fn figures(sale: &Sale, rows: &mut Rows) -> Option<()> {
    let (shop, labels, at) = (text(&sale.shop)?, members(&sale.labels)?, time(&sale.at)?);
    let (channel, status) = (optional(&sale.channel)?, status(&sale.status)?);
    let amount = measured(&sale.amount, AMOUNT_PLACES)?;
    for label in labels {
        let group = format!("#{}#{}", escape(shop), escape(label));
        for bucket in [format!("day#{}", &at[..10]), "all".to_owned()] {
            let item = (format!("figures{group}"), bucket.clone());
            count(rows, &item, "count");
            if let Some(status) = status {
                count(rows, &item, &format!("count(status={status})"));
            }
            if let Some(channel) = channel {
                let row =
                    (format!("figures.values(channel){group}"), format!("{bucket}#{channel}"));
                if !rows.contains_key(&row) {
                    // It is ranked by how many there are.
                    count(rows, &item, "distinct(channel)");
                    count(rows, &item, "score");
                }
                count(rows, &row, "count");
                count(rows, &row, "score");
            }
            if let Some(amount) = &amount {
                let text = ordered(units(amount));
                let row = (format!("figures.values(amount){group}"), format!("{bucket}#{text}"));
                count(rows, &row, "count");
            }
        }
    }
    Some(())
}

fn figures_of_shops(sale: &Sale, rows: &mut Rows) -> Option<()> {
    let (shop, at) = (escape(text(&sale.shop)?), time(&sale.at)?);
    let (channel, status) = (optional(&sale.channel)?, status(&sale.status)?);
    let amount = measured(&sale.amount, AMOUNT_PLACES)?;
    let bucket = format!("month#{}", &at[..7]);
    let item = (format!("figures#{shop}"), bucket.clone());
    count(rows, &item, "count");
    if let Some(status) = status {
        count(rows, &item, &format!("count(status={status})"));
    }
    if let Some(channel) = channel {
        let row = (format!("figures.values(channel)#{shop}"), format!("{bucket}#{channel}"));
        if !rows.contains_key(&row) {
            count(rows, &item, "distinct(channel)");
            count(rows, &item, "score");
        }
        count(rows, &row, "count");
    }
    if let Some(amount) = &amount {
        let text = ordered(units(amount));
        count(
            rows,
            &(format!("figures.values(amount)#{shop}"), format!("{bucket}#{text}")),
            "count",
        );
    }
    Some(())
}

fn spread(sale: &Sale, variant: Variant, rows: &mut Rows) -> Option<()> {
    let (shop, at, labels) = (text(&sale.shop)?, time(&sale.at)?, members(&sale.labels)?);
    let amount: Measured = measured(&sale.amount, AMOUNT_PLACES)?;
    let bucket = match variant {
        Variant::First => format!("month#{}", &at[..7]),
        Variant::Second => format!("day#{}", &at[..10]),
    };
    let shop = escape(shop);
    let item = (format!("spread#{shop}"), bucket.clone());
    count(rows, &item, "count");
    for label in labels {
        let row = (format!("spread.values(labels)#{shop}"), format!("{bucket}#{label}"));
        if !rows.contains_key(&row) {
            count(rows, &item, "distinct(labels)");
        }
        count(rows, &row, "count");
    }
    let Some(units) = amount.as_ref().map(units) else { return Some(()) };
    let (octave, cell) = bin(units);
    let row = (format!("spread.sketch(amount)#{shop}"), format!("{bucket}#{octave}"));
    count(rows, &row, "count");
    count(rows, &row, &format!("{cell:02}"));
    if variant == Variant::First {
        let (_, seconds) = SECONDS.iter().find(|(text, _)| *text == at).expect("a time of sales");
        let (time, value) = (ordered(seconds * 1_000_000_000), ordered(units));
        let row = (format!("spread.times(amount@at)#{shop}"), format!("{bucket}#{time}#{value}"));
        count(rows, &row, "count");
    }
    Some(())
}

fn beside(sale: &Sale, variant: Variant, rows: &mut Rows) -> Option<()> {
    let (shop, at) = (escape(text(&sale.shop)?), time(&sale.at)?);
    let month = &at[..7];
    let item = (format!("SHOP#{shop}"), format!("STATS#{month}"));
    if variant == Variant::Second {
        let amount = ("amount", measured(&sale.amount, AMOUNT_PLACES)?);
        add_item(rows, &item.0, item.1, &[amount]);
        return Some(());
    }
    let channel = optional(&sale.channel)?;
    count(rows, &item, "count");
    if let Some(channel) = channel {
        let row = (format!("beside.values(channel)#{shop}"), format!("month#{month}#{channel}"));
        if !rows.contains_key(&row) {
            count(rows, &item, "distinct(channel)");
        }
        count(rows, &row, "count");
    }
    Some(())
}

fn count(rows: &mut Rows, key: &(String, String), name: &str) {
    *rows.entry(key.clone()).or_default().entry(name.to_owned()).or_default() += 1;
}

/// Returns a text that is there or not; `None` for what is none, and spoils its item.
fn optional(cell: &Cell) -> Option<Option<&'static str>> {
    match cell {
        Cell::Absent => Some(None),
        other => text(other).map(Some),
    }
}

/// Returns the members of a set, none of one that is absent.
fn members(cell: &Cell) -> Option<&'static [&'static str]> {
    match cell {
        Cell::Absent => Some(&[]),
        Cell::Set(members) => Some(members),
        Cell::Text(_) | Cell::Number(_) => None,
    }
}

/// Returns a number in units of its last place.
fn units(number: &BigDecimal) -> i128 {
    let (digits, _) = number.with_scale(AMOUNT_PLACES).into_bigint_and_exponent();
    digits.to_string().parse().expect("amounts are below 10^20")
}

/// Returns the octave of a number in a key, and its cell of it.
fn bin(units: i128) -> (String, u128) {
    let magnitude = units.unsigned_abs();
    if magnitude == 0 {
        return ("0".to_owned(), 0);
    }
    let power = (0..127).rfind(|power| 1_u128 << power <= magnitude).expect("at least one");
    let sign = if units > 0 { '+' } else { '-' };
    (format!("{sign}{power:02}"), magnitude * CELLS / (1 << power) - CELLS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_bins() {
        assert_eq!(bin(1250), ("+10".to_owned(), 11));
        assert_eq!(bin(-1), ("-00".to_owned(), 0));
        assert_eq!(bin(0), ("0".to_owned(), 0));
    }
}
