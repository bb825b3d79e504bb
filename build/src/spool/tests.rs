//! Spools of random images: their base is what a map in memory adds up to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use fastrand::Rng;
use weir_model::PrimaryKey;
use weir_rollups::{Accumulator, Amounts, Bookkeeping, Contribution, RollupKey};

use super::*;

const CUT: u32 = 1_795_153_254;

fn item(number: usize) -> KeyHash {
    KeyHash::new(&PrimaryKey { partition: format!("ITEM#{number}"), sort: None })
}

/// What an item of a group contributes: to the rollup item of the group, and to a detail item of
/// its own.
fn image(rollup: usize, group: usize, value: i128) -> Vec<RollupContribution> {
    let key = RollupKey::new(format!("sales#{group}"), "all");
    let mut amounts = Amounts::default();
    amounts.add(Accumulator::Items, 1);
    let detail = RollupKey::new(format!("sales.values(amount)#{group}"), format!("all#{value}"));
    let bookkeeping = Bookkeeping { item: Some(key.clone()), ..Bookkeeping::default() };
    let row = Contribution { key: detail, bookkeeping, amounts: amounts.clone() };
    amounts.add(Accumulator::Sum { attribute: "amount".to_owned(), scale: 2 }, value);
    let own = Contribution { key, bookkeeping: Bookkeeping::default(), amounts };
    [own, row].into_iter().map(|contribution| RollupContribution { rollup, contribution }).collect()
}

fn add(sums: &mut BTreeMap<(usize, RollupKey), Amounts>, image: &[RollupContribution]) {
    for RollupContribution { rollup, contribution } in image {
        sums.entry((*rollup, contribution.key.clone())).or_default().merge(&contribution.amounts);
    }
}

/// Reads all updates. Returns their sums, and how many calls there were.
fn read(mut base: Base) -> (BTreeMap<(usize, RollupKey), Amounts>, usize) {
    let (mut sums, mut calls) = (BTreeMap::new(), 0);
    loop {
        let updates = base.next_updates().expect("a spool that can be read");
        if updates.is_empty() {
            return (sums, calls);
        }
        calls += 1;
        for BaseUpdate { rollup, update } in updates {
            let known = sums.insert((rollup, update.key.clone()), update.amounts());
            assert_eq!(known, None, "{} has two updates", update.key);
            assert_eq!(update.last().seconds, CUT);
        }
    }
}

/// Records random images of so many items. Returns the spool, and what its base must be.
fn record(
    parent: &Path,
    items: usize,
    groups: usize,
) -> (Spool, BTreeMap<(usize, RollupKey), Amounts>, BaseCounts) {
    let spool = Spool::create(parent).expect("a spool");
    let mut rng = Rng::with_seed(46);
    let (mut expected, mut counts) = (BTreeMap::new(), BaseCounts::default());
    let mut captured = BTreeSet::new();
    // Captured and scanned images come in any order.
    for _ in 0..items * 2 {
        let number = rng.usize(0..items);
        let is_capture = rng.u8(0..4) == 0;
        if is_capture && !spool.has_captured_recently(&item(number)) {
            let old = match rng.bool() {
                true => image(rng.usize(0..2), rng.usize(0..groups), i128::from(rng.i64(0..900))),
                false => Vec::new(),
            };
            spool.add_captured(item(number), &old).expect("written");
            if captured.insert(number) {
                add(&mut expected, &old);
                counts.captured += 1;
            }
        }
    }
    let mut scanned = BTreeSet::new();
    for _ in 0..items * 2 {
        let number = rng.usize(0..items);
        let new = image(rng.usize(0..2), rng.usize(0..groups), i128::from(rng.i64(0..900)));
        spool.add_scanned(item(number), &new).expect("written");
        if captured.contains(&number) {
            counts.superseded += 1;
        } else if scanned.insert(number) {
            add(&mut expected, &new);
            counts.scanned += 1;
        } else {
            counts.repeated += 1;
        }
    }
    (spool, expected, counts)
}

#[test]
fn the_base_has_the_first_captured_image_of_each_item_or_its_scanned_one() {
    let parent = tempfile::tempdir().expect("a folder");
    let (spool, expected, counts) = record(parent.path(), 5_000, 40);
    let base = spool.join(CUT).expect("joined");
    assert_eq!(base.counts(), counts);
    assert!(read(base).0 == expected, "the sums differ");
    let left = std::fs::read_dir(parent.path()).expect("the folder").count();
    assert_eq!(left, 0, "the spool removes its files");
}

#[test]
fn a_partition_that_takes_too_much_memory_is_split() {
    let parent = tempfile::tempdir().expect("a folder");
    let (spool, expected, _) = record(parent.path(), 20_000, 3);
    let mut base = spool.join(CUT).expect("joined");
    base.limit_sums(20_000);
    let (sums, calls) = read(base);
    assert!(sums == expected, "the sums differ");
    assert!(calls > 1, "{calls}");
}

#[test]
fn a_spool_of_nothing_has_no_updates() {
    let parent = tempfile::tempdir().expect("a folder");
    let base = Spool::create(parent.path()).expect("a spool").join(CUT).expect("joined");
    assert_eq!(base.counts(), BaseCounts::default());
    assert_eq!(read(base), (BTreeMap::new(), 0));
}

#[test]
fn a_folder_that_is_missing_or_taken_away_is_named_with_what_to_do() {
    let parent = tempfile::tempdir().expect("a folder");
    let missing = parent.path().join("missing");
    let error = Spool::create(&missing).expect_err("no folder").to_string();
    assert!(error.contains(missing.to_str().expect("text")), "{error}");

    let spool = Spool::create(parent.path()).expect("a spool");
    spool.add_scanned(item(1), &image(0, 1, 1)).expect("in memory");
    std::fs::remove_dir_all(spool.folder.path()).expect("removed");
    let error = spool.join(CUT).expect_err("no folder").to_string();
    for part in ["scanned-", "after 0 bytes", "nothing was written to the rollups", "free space"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_file_that_was_cut_off_is_an_error() {
    let parent = tempfile::tempdir().expect("a folder");
    let spool = Spool::create(parent.path()).expect("a spool");
    for number in 0..1_000 {
        spool.add_scanned(item(number), &image(0, number, 1)).expect("written");
    }
    let folder = spool.folder.path().to_owned();
    let mut base = spool.join(CUT).expect("joined");
    let files = std::fs::read_dir(folder).expect("the folder");
    let mut paths = files.map(|file| file.expect("a file").path());
    let is_sums = |path: &PathBuf| path.to_string_lossy().contains("sums-");
    let path = paths.find(is_sums).expect("a file of sums");
    let length = std::fs::metadata(&path).expect("a file").len();
    let file = std::fs::OpenOptions::new().write(true).open(&path).expect("a file");
    file.set_len(length - 3).expect("cut off");
    let read = std::iter::from_fn(|| match base.next_updates() {
        Ok(updates) if updates.is_empty() => None,
        read => Some(read),
    });
    let error = read.filter_map(Result::err).next().expect("an error").to_string();
    assert!(error.contains("a record is incomplete"), "{error}");
    assert!(error.contains("are not added twice"), "{error}");
}
