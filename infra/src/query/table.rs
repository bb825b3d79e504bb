//! An answer for people: a table of points or ranks, a list of a total's measures, or sparklines;
//! and how far to trust it.

use serde_json::Value;

use super::Chart;
use super::answer::{Listed, QueryAnswer};
use super::cells::{Cell, of_group, of_point};
use super::chart::{bars, sparkline};
use crate::grid::{Align, grid};

/// Returns the answer as text, drawn as a chart where that was asked for.
///
/// # Errors
/// That there is no such measure to draw.
pub(super) fn text(
    answer: &QueryAnswer,
    chart: Chart,
    chart_of: Option<&str>,
) -> Result<String, String> {
    let rows = rows(answer);
    let drawn = drawn(answer, &rows, chart_of)?;
    let body = match (rows.as_slice(), chart) {
        ([], _) => "nothing is counted in this group and range\n".to_owned(),
        ([only], _) if is_total(answer) => total(only),
        (_, Chart::Sparkline) if drawn.is_none() => "no measure is a number to draw\n".to_owned(),
        (_, Chart::Sparkline) => sparklines(answer),
        (rows, Chart::Bars) => table(rows, drawn.as_deref()),
        (rows, _) => table(rows, None),
    };
    Ok(body + &footer(answer))
}

/// Returns the cells of each point; with the group where there are several.
fn rows(answer: &QueryAnswer) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for group in &answer.groups {
        for point in &group.points {
            let cells = of_point(point);
            let (rank, rest): (Vec<_>, Vec<_>) =
                cells.into_iter().partition(|cell| cell.name == "rank");
            let dimensions = match answer.listed {
                Listed::Points => Vec::new(),
                Listed::Groups => of_group(&group.dimensions),
                Listed::Ranks => point
                    .get("dimensions")
                    .and_then(Value::as_object)
                    .map(of_group)
                    .unwrap_or_default(),
            };
            rows.push([rank, dimensions, rest].concat());
        }
    }
    rows
}

/// Returns the measure whose bars are drawn: what was asked for, what ranks, or the first that is a
/// number.
fn drawn(
    answer: &QueryAnswer,
    rows: &[Vec<Cell>],
    chart_of: Option<&str>,
) -> Result<Option<String>, String> {
    let is_drawn = |cell: &&Cell| cell.number.is_some() && cell.is_measured();
    let mut names: Vec<&str> = Vec::new();
    for cell in rows.iter().flatten().filter(is_drawn) {
        if !names.contains(&cell.name.as_str()) {
            names.push(&cell.name);
        }
    }
    let ranked_by = answer.about.get("ranked_by").and_then(Value::as_str);
    let ranked_by = ranked_by.filter(|name| names.contains(name));
    match chart_of {
        Some(name) if !rows.is_empty() && !names.contains(&name) => {
            let names =
                if names.is_empty() { "there is none".to_owned() } else { names.join(", ") };
            Err(format!("--chart-of is `{name}`, expected a measure that is a number: {names}"))
        }
        Some(name) => Ok(Some(name.to_owned())),
        None => Ok(ranked_by.or(names.first().copied()).map(str::to_owned)),
    }
}

/// Aligned columns under their names, and bars at their right.
fn table(rows: &[Vec<Cell>], drawn: Option<&str>) -> String {
    let names = names(rows);
    let find = |row: &'_ [Cell], name: &str| row.iter().find(|cell| cell.name == name).cloned();
    let mut lines = vec![names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()];
    for row in rows {
        let text = |name: &&str| find(row, name).map(|cell| cell.text).unwrap_or_default();
        lines.push(names.iter().map(text).collect());
    }
    let is_text =
        |name: &&str| rows.iter().flatten().any(|cell| cell.name == *name && cell.is_text);
    let align = |name| if is_text(&name) { Align::Left } else { Align::Right };
    let align: Vec<Align> = names.iter().copied().map(align).collect();
    if let Some(drawn) = drawn.filter(|_| rows.len() > 1) {
        let numbers: Vec<Option<f64>> = rows.iter().map(|row| find(row, drawn)?.number).collect();
        let column = std::iter::once(drawn.to_owned()).chain(bars(&numbers));
        lines.iter_mut().zip(column).for_each(|(line, cell)| line.push(cell));
    }
    grid(&lines, &align)
}

/// Returns the names of the cells, in order; what only some rows have comes last. A measure of
/// several cells that a point has not is `null` there, and no cell of its own.
fn names(rows: &[Vec<Cell>]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for cell in rows.iter().flatten() {
        if !names.contains(&cell.name.as_str()) {
            names.push(&cell.name);
        }
    }
    let is_part_of = |part: &str, whole: &str| {
        part.strip_prefix(whole).is_some_and(|rest| rest.starts_with('.'))
    };
    let is_empty =
        |name: &str| rows.iter().flatten().all(|cell| cell.name != name || cell.text.is_empty());
    let all = names.clone();
    names.retain(|name| !is_empty(name) || !all.iter().any(|part| is_part_of(part, name)));
    names
}

/// Returns whether there is one number for each measure, rather than a series.
fn is_total(answer: &QueryAnswer) -> bool {
    let every = answer.about.get("every").unwrap_or(&Value::Null);
    answer.listed == Listed::Points && (every.is_null() || every == "all")
}

/// Returns the cells below one another, each beside its name.
fn total(cells: &[Cell]) -> String {
    let lines: Vec<_> =
        cells.iter().map(|cell| vec![cell.name.clone(), cell.text.clone()]).collect();
    grid(&lines, &[])
}

/// Returns a line for each group and measure.
fn sparklines(answer: &QueryAnswer) -> String {
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut groups: Vec<&str> = Vec::new();
    for group in &answer.groups {
        let dimensions = match answer.listed {
            Listed::Groups => of_group(&group.dimensions),
            _ => Vec::new(),
        };
        groups = group.dimensions.keys().map(String::as_str).take(dimensions.len()).collect();
        let points: Vec<Vec<Cell>> = group.points.iter().map(of_point).collect();
        for name in names(&points) {
            let cells: Vec<Option<&Cell>> =
                points.iter().map(|point| point.iter().find(|cell| cell.name == name)).collect();
            let is_drawn = |cell: &&Cell| cell.is_measured() && cell.number.is_some();
            let known: Vec<&Cell> = cells.iter().copied().flatten().filter(is_drawn).collect();
            let by_number = |left: &&&Cell, right: &&&Cell| {
                left.number.partial_cmp(&right.number).expect("no number of JSON is NaN")
            };
            let (Some(least), Some(most)) =
                (known.iter().min_by(by_number), known.iter().max_by(by_number))
            else {
                continue;
            };
            let numbers: Vec<Option<f64>> =
                cells.iter().map(|cell| cell.as_ref()?.number).collect();
            let mut line: Vec<String> = dimensions.iter().map(|cell| cell.text.clone()).collect();
            line.extend([
                name.to_owned(),
                sparkline(&numbers),
                least.text.clone(),
                most.text.clone(),
            ]);
            lines.push(line);
        }
    }
    let header: Vec<String> =
        groups.into_iter().chain(["measure", "", "least", "most"]).map(str::to_owned).collect();
    let mut align = vec![Align::Left; header.len()];
    let columns = align.len();
    align[columns - 2..].fill(Align::Right);
    lines.insert(0, header);
    grid(&lines, &align)
}

/// Returns the footer: whether there is more, by what it is ranked, what it is compared with, and
/// how far to trust it.
fn footer(answer: &QueryAnswer) -> String {
    let field = |name: &str| answer.about.get(name).unwrap_or(&Value::Null);
    let what = if answer.listed == Listed::Ranks { "ranks" } else { "points" };
    let more = answer.cursor.is_string().then(|| format!("there are more {what} behind --limit\n"));
    let within = field("within").as_object().into_iter().flat_map(of_group);
    let within: String = within.map(|cell| format!(" in {} {}", cell.name, cell.text)).collect();
    let ranked = field("ranked_by").as_str().map(|name| format!("ranked by {name}{within}"));
    let bucket = field("start").as_str().zip(field("end").as_str());
    let bucket = bucket.map(|(start, end)| format!("from {start} to {end}"));
    let compared = field("compared");
    let edge = |name: &str| compared.get(name).and_then(Value::as_str);
    let compared = edge("from").zip(edge("to"));
    let compared = compared.map(|(from, to)| format!("compared with {from} to {to}"));
    let read = field("items_read").as_u64().map(|count| match count {
        1 => "1 item read".to_owned(),
        _ => format!("{count} items read"),
    });
    let fresh = field("freshness").as_str().map(|instant| format!("counted up to {instant}"));
    let after = field("after").as_str().map(|state| match state {
        "counted" => "the write is counted".to_owned(),
        "pending" => "the write is not counted yet".to_owned(),
        _ => "it is unknown whether the write is counted".to_owned(),
    });
    let bounds = field("error_bounds").as_object().into_iter().flatten();
    let bounds = bounds
        .filter_map(|(name, bound)| Some(format!("{name} within {} %", percent(bound.as_f64()?))));
    let mut points = answer.groups.iter().flat_map(|group| &group.points);
    let is_parked = points.any(|point| {
        let earlier = point.get("previous").and_then(|previous| previous.get("parked"));
        point.contains_key("parked") || earlier.is_some()
    });
    let parked = is_parked.then(|| "parked values may be wrong until they are repaired".to_owned());
    let parts = [ranked, bucket, compared, read, fresh, after].into_iter().flatten();
    let notes: Vec<String> = parts.chain(bounds).chain(parked).collect();
    let notes = if notes.is_empty() { String::new() } else { format!("\n{}\n", notes.join(", ")) };
    more.unwrap_or_default() + &notes
}

/// Returns a part of one in percent, without the noise of floating point.
fn percent(part: f64) -> f64 {
    (part * 1e6).round() / 1e4
}

#[cfg(test)]
mod tests;
