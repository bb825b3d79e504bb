//! Measures a spool: `cargo run --release -p weir-build --example spool -- ITEMS GROUPS`.
//!
//! Each item contributes to two buckets of a group and to a value of its own, as an item of a
//! rollup with `distinct` does. The peak memory of the process is printed at the end (Linux only).

use std::io::{self, Write};
use std::time::Instant;

use weir_build::{KeyHash, RollupContribution, Spool};
use weir_model::PrimaryKey;
use weir_rollups::{Accumulator, Amounts, Bookkeeping, Contribution, RollupKey};

fn contributions(number: u64, groups: u64) -> Vec<RollupContribution> {
    let group = number % groups;
    let mut amounts = Amounts::default();
    amounts.add(Accumulator::Items, 1);
    let key = |bucket: &str| RollupKey::new(format!("sales#{group}"), bucket);
    let row = Contribution {
        key: RollupKey::new(format!("sales.values(user)#{group}"), format!("all#user-{number}")),
        bookkeeping: Bookkeeping { item: Some(key("all")), ..Bookkeeping::default() },
        amounts: amounts.clone(),
    };
    for attribute in ["total", "tax"] {
        amounts.add(Accumulator::Present { attribute: attribute.to_owned() }, 1);
        let sum = Accumulator::Sum { attribute: attribute.to_owned(), scale: 2 };
        amounts.add(sum, i128::from(number % 10_000));
    }
    let bookkeeping = Bookkeeping::default();
    let day = format!("day#2026-11-{:02}", 1 + number % 28);
    let own = [key("all"), key(&day)].map(|key| Contribution {
        key,
        bookkeeping: bookkeeping.clone(),
        amounts: amounts.clone(),
    });
    let all = own.into_iter().chain([row]);
    all.map(|contribution| RollupContribution { rollup: 0, contribution }).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (items, groups) = (number(10_000_000)?, number(1_000)?);
    let mut out = io::stdout();
    let started = Instant::now();
    let spool = Spool::create(&std::env::temp_dir())?;
    for number in 0..items {
        let key = PrimaryKey { partition: format!("ORDER#{number}"), sort: None };
        let hash = KeyHash::new(&key);
        match number % 10 {
            0 => spool.add_captured(hash, &contributions(number, groups))?,
            _ => spool.add_scanned(hash, &contributions(number, groups))?,
        }
    }
    writeln!(out, "recorded {items} items after {:?}", started.elapsed())?;
    let mut base = spool.join(1_795_153_254)?;
    writeln!(out, "joined after {:?}: {:?}", started.elapsed(), base.counts())?;
    let (mut updates, mut most) = (0, 0);
    loop {
        let next = base.next_updates()?.len();
        if next == 0 {
            break;
        }
        updates += next;
        most = most.max(next);
    }
    writeln!(out, "{updates} updates after {:?}, at most {most} at a time", started.elapsed())?;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
