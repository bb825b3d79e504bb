//! The cost of changes as text: a table of the rollups and their parts, what was assumed, and what
//! would be cheaper.

use std::fmt::{self, Formatter};

use weir_model::shorten::listed;
use weir_rollups::cost::ChangeKind;

use super::report::{Amount, EntityCost, KindUnits, Report, RollupCost};
use crate::grid::{Align, grid};
use crate::prices::Dollars;

/// The most savings that are printed.
const MAX_SAVINGS: usize = 10;
/// The width of the first column of the notes.
const LABEL: usize = 9;

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let source = match self.source {
            "definition" => "from the definition alone; sizes are assumed".to_owned(),
            "file" => format!("estimated from {}", listed(&self.sampled)),
            _ => "estimated from a sample of the table".to_owned(),
        };
        writeln!(formatter, "cost of the rollups of `{}`, {source}\n", self.table)?;
        write!(formatter, "{}", self.costs())?;
        self.write_notes(formatter)?;
        self.write_cheaper(formatter)
    }
}

impl Report {
    /// Returns the table of rollups, parts and sums.
    fn costs(&self) -> String {
        let kinds: Vec<_> =
            ChangeKind::EVERY.into_iter().filter(|kind| self.mix.get(*kind) > 0).collect();
        let has_sample = self.source != "definition";
        let mut heading = vec![String::new()];
        heading.extend(has_sample.then(|| "counted".to_owned()));
        heading.extend(kinds.iter().map(ToString::to_string));
        heading.extend(["mean", "$ per million"].map(str::to_owned));
        heading.extend(self.writes_per_second.map(|_| "$ per month".to_owned()));
        let row = |name: String, counted: String, units: Option<&KindUnits>, amount: &Amount| {
            let mut cells = vec![name];
            cells.extend(has_sample.then_some(counted));
            cells.extend(kinds.iter().map(|kind| {
                let units = units.and_then(|units| units.get(*kind));
                units.map(hundredths).unwrap_or_default()
            }));
            cells.push(hundredths(amount.write_units_per_change));
            cells.push(dollars(amount.dollars_per_million_changes));
            cells.extend(amount.dollars_per_month.map(dollars));
            cells
        };
        let mut rows = vec![heading];
        for rollup in &self.rollups {
            let counted = self.counted(rollup);
            rows.push(row(
                rollup.rollup.clone(),
                counted,
                Some(&rollup.write_units),
                &rollup.amount,
            ));
            for part in rollup.parts.iter().filter(|_| rollup.parts.len() > 1) {
                let measures = match part.measures.as_slice() {
                    [] => String::new(),
                    measures => format!(": {}", listed(measures)),
                };
                let name = format!("  {}{measures}", part.part);
                rows.push(row(name, String::new(), Some(&part.write_units), &part.amount));
            }
        }
        let processor = "processor: state, progress".to_owned();
        rows.push(row(processor, String::new(), None, &self.processor.amount));
        let total = match self.entities.as_slice() {
            [_] => "total".to_owned(),
            _ => "total, by the shares of entities".to_owned(),
        };
        rows.push(row(total, String::new(), None, &self.total));
        let columns = rows[0].len();
        let align: Vec<_> = std::iter::once(Align::Left)
            .chain(std::iter::repeat_n(Align::Right, columns - 1))
            .collect();
        grid(&rows, &align)
    }

    /// Returns the percentage of the sampled items that a rollup counts.
    fn counted(&self, rollup: &RollupCost) -> String {
        let entity = self.entities.iter().find(|known| known.entity == rollup.entity);
        let items = entity.map_or(0, |entity| entity.sampled_items);
        match rollup.counted {
            Some(counted) if items > 0 => percent(counted as f64 / items as f64),
            _ => String::new(),
        }
    }

    fn write_notes(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        writeln!(formatter)?;
        let weights = ChangeKind::EVERY.into_iter().filter(|kind| self.mix.get(*kind) > 0);
        let sum: u32 = ChangeKind::EVERY.into_iter().map(|kind| self.mix.get(kind)).sum();
        let share = |kind: ChangeKind| {
            format!("{} {kind}", percent(f64::from(self.mix.get(kind)) / f64::from(sum)))
        };
        let mix: Vec<_> = weights.map(share).collect();
        let mix = format!("write units; a change is one of {} (--mix)", mix.join(", "));
        note(formatter, "units", &mix)?;
        self.write_entities(formatter)?;
        let batches = match self.batch {
            1 => "each change is alone in its batch, which costs the most (--batch)".to_owned(),
            batch => match self.source {
                "definition" => format!(
                    "{batch} changes each; the definition alone does not say which share writes"
                ),
                _ => format!(
                    "{batch} changes each, drawn from the whole sample; changes that come together \
                     usually share more writes"
                ),
            },
        };
        note(formatter, "batches", &batches)?;
        let processor = "for each batch, 1 read unit for the state, and 1 write unit for the \
                         progress, at most once a second and shard";
        note(formatter, "processor", processor)?;
        let shards = match self.shards {
            1 => "1 open shard".to_owned(),
            shards => format!("{shards} open shards"),
        };
        let sizes = match self.source {
            "definition" => "items below 1 KB, sets of one member, and filters that admit each \
                             item; --data or --table estimates them"
                .to_owned(),
            _ => format!(
                "those of the sample, with the watermarks of {shards} in three days (--shards)"
            ),
        };
        note(formatter, "sizes", &sizes)?;
        let PricesText { write, read, from } = self.prices_text();
        let prices = format!("${write} for a million write units, ${read} for read units{from}");
        note(formatter, "prices", &prices)?;
        if let Some(writes) = self.writes_per_second {
            note(formatter, "month", &format!("730 hours of {writes} changes a second"))?;
        }
        Ok(())
    }

    /// Writes the entities: their shares, and what is left out of the sample.
    fn write_entities(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if self.entities.len() > 1 {
            let share =
                |entity: &EntityCost| format!("{} {}", percent(entity.share), entity.entity);
            let shares: Vec<_> = self.entities.iter().map(share).collect();
            let from = match self.source {
                "definition" => "assumed; a sample has others",
                _ => "as in the sample",
            };
            note(formatter, "entities", &format!("{} of the changes, {from}", shares.join(", ")))?;
        }
        for entity in self.entities.iter().filter(|entity| entity.sampled_items > 0) {
            let EntityCost { entity: name, sampled_items, items, .. } = entity;
            let (about, noun) = match self.source {
                "file" => ("", "rows"),
                _ => ("about ", "items"),
            };
            let all = items.filter(|items| items > sampled_items);
            let all = all.map(|items| format!(" of {about}{items}")).unwrap_or_default();
            note(formatter, "sample", &format!("{sampled_items}{all} {noun} of `{name}`"))?;
            if let Some(reason) = &entity.rejection {
                let rejected = entity.rejected_rows;
                let text = format!("without {rejected} rows that cannot be stored: {reason}");
                note(formatter, "", &text)?;
            }
        }
        for rollup in self.rollups.iter().filter(|rollup| rollup.skipped > 0) {
            let RollupCost { rollup: name, skipped, skipped_reason, .. } = rollup;
            let reason = skipped_reason.as_deref().unwrap_or_default();
            let text = format!("`{name}` does not count {skipped} sampled items: {reason}");
            note(formatter, "skipped", &text)?;
        }
        if !self.left_out.is_empty() {
            let entities = listed(self.left_out.iter().map(|name| format!("`{name}`")));
            let text = format!("rollups of {entities} are not included: the sample has no items");
            note(formatter, "left out", &text)?;
        }
        Ok(())
    }

    fn write_cheaper(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if self.cheaper.is_empty() {
            return Ok(());
        }
        let unit = match self.writes_per_second {
            Some(_) => "for a month",
            None => "for a million changes",
        };
        writeln!(formatter, "\ncheaper, in dollars {unit}")?;
        let saving = |saving: &super::report::Saving| {
            let saved = saving.dollars_per_month.unwrap_or(saving.dollars_per_million_changes);
            let rollup = saving.rollup.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            vec![format!("  {}", dollars(saved)), format!("{rollup}{}", saving.change)]
        };
        let rows: Vec<_> = self.cheaper.iter().take(MAX_SAVINGS).map(saving).collect();
        write!(formatter, "{}", grid(&rows, &[Align::Right, Align::Left]))?;
        match self.cheaper.len().saturating_sub(MAX_SAVINGS) {
            0 => Ok(()),
            more => writeln!(formatter, "  and {more} more in the output of --json"),
        }
    }

    fn prices_text(&self) -> PricesText {
        PricesText {
            write: self.prices.per_million_write_units,
            read: self.prices.per_million_read_units,
            from: match &self.prices.from {
                Some(from) => format!(", on demand in {from}"),
                None => String::new(),
            },
        }
    }
}

/// The prices, as the text has them.
struct PricesText {
    write: f64,
    read: f64,
    from: String,
}

fn note(formatter: &mut Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    writeln!(formatter, "  {label:LABEL$} {text}")
}

fn hundredths(units: f64) -> String {
    format!("{units:.2}")
}

fn dollars(amount: f64) -> String {
    Dollars::from_f64(amount).to_string()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
