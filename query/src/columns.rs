//! The columns of an answer. They follow from the definition and the question, whatever the points
//! hold.
//!
//! ```text
//! [rank,] dimension…, [every,] start, end, measure…
//!     [, previous.start, previous.end, previous.<measure>…, previous.parked, change.<measure>…]
//!     [, filled] , parked
//! ```
//!
//! | a measure | its columns |
//! |---|---|
//! | a number, or a value | `revenue` |
//! | `top`, `smallest`, `largest` | `products`: the list, as JSON |
//! | `count_by` | `statuses.placed`, `statuses.paid` |
//! | `histogram` | `sizes.<0`, `sizes.0..10`, `sizes.>=10` |
//!
//! **Invariant:** `parked` is always there, and `previous.parked` in a comparison: a column that
//! came with the first point that has it would not be on the pages before.

use serde_json::{Map, Value};
use weir_model::Rollup;
use weir_model::rollup::{AnswerShape, NamedMeasure};

/// The fields of a point that are the edges of its period.
const EDGES: [&str; 2] = ["start", "end"];

/// The columns of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns(Vec<Column>);

/// A measure, and the shape of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasureColumn {
    /// Its name in answers.
    pub name: String,
    /// The shape of its values.
    pub shape: Shape,
}

/// The shape of the values of a measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number, whose change since an earlier period is a number.
    Number,
    /// A value of an attribute.
    Value,
    /// A list of values with their counts.
    List,
    /// A count for each of these.
    Keys(Vec<String>),
    /// A count for each bin between two of these edges, and for those below and above.
    Bins(Vec<String>),
}

/// A column, and the place of its value in a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    place: Place,
}

/// The place of the value of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// In the group.
    Dimension(String),
    /// In the point, or in its part of another period.
    Field { within: Option<&'static str>, name: String, part: Part },
}

/// The part of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Key(String),
    /// The count of the bin at that position.
    Bin(usize),
}

impl Columns {
    /// Returns the columns of points.
    pub fn for_points(dimensions: Vec<String>, measures: Vec<MeasureColumn>) -> Self {
        Self::build(&[], dimensions, &EDGES, &measures, false, false)
    }

    /// Returns the columns of points that are compared with those of another period, or may be
    /// filled.
    pub fn for_series(
        dimensions: Vec<String>,
        measures: Vec<MeasureColumn>,
        compared: bool,
        filled: bool,
    ) -> Self {
        Self::build(&[], dimensions, &EDGES, &measures, compared, filled)
    }

    /// Returns the columns of the rows of an export: points of several granularities. No dimension
    /// and no measure has the name `every`.
    pub fn for_export(dimensions: Vec<String>, measures: &[MeasureColumn]) -> Self {
        let [start, end] = EDGES;
        Self::build(&[], dimensions, &["every", start, end], measures, false, false)
    }

    /// Returns the columns of ranks.
    pub fn for_ranks(dimensions: Vec<String>, measures: Vec<MeasureColumn>) -> Self {
        Self::build(&["rank"], dimensions, &[], &measures, false, false)
    }

    /// Returns the names of a rollup's dimensions.
    pub fn dimensions(rollup: &Rollup) -> Vec<String> {
        rollup.dimensions.iter().map(|dimension| dimension.name().to_owned()).collect()
    }

    fn build(
        first: &[&str],
        dimensions: Vec<String>,
        edges: &[&str],
        measures: &[MeasureColumn],
        compared: bool,
        filled: bool,
    ) -> Self {
        let whole = |name: &&str| Column::in_field(None, name, Part::Whole);
        let mut columns: Vec<Column> = first.iter().map(whole).collect();
        columns.extend(dimensions.into_iter().map(Column::dimension));
        columns.extend(edges.iter().map(whole));
        columns.extend(measures.iter().flat_map(|measure| measure.columns(None)));
        if compared {
            let previous = Some("previous");
            columns.extend(EDGES.map(|name| Column::in_field(previous, name, Part::Whole)));
            columns.extend(measures.iter().flat_map(|measure| measure.columns(previous)));
            columns.push(Column::in_field(previous, "parked", Part::Whole));
            let change = measures.iter().filter(|measure| measure.shape == Shape::Number);
            columns.extend(change.flat_map(|measure| measure.columns(Some("change"))));
        }
        columns.extend(filled.then(|| whole(&"filled")));
        columns.push(whole(&"parked"));
        Self(columns)
    }

    /// Returns the columns in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Column> {
        self.0.iter()
    }
}

impl Column {
    fn dimension(name: String) -> Self {
        Self { name: name.clone(), place: Place::Dimension(name) }
    }

    fn in_field(within: Option<&'static str>, name: &str, part: Part) -> Self {
        let inside = within.map(|within| format!("{within}.")).unwrap_or_default();
        let place = Place::Field { within, name: name.to_owned(), part };
        Self { name: format!("{inside}{name}"), place }
    }

    /// Returns the value of a point of a group, if it has one.
    pub fn value<'a>(
        &self,
        group: &'a Map<String, Value>,
        point: &'a Map<String, Value>,
    ) -> Option<&'a Value> {
        let (within, name, part) = match &self.place {
            Place::Dimension(name) => return group.get(name),
            Place::Field { within, name, part } => (within, name, part),
        };
        let fields = match within {
            Some(within) => point.get(*within)?.as_object()?,
            None => point,
        };
        let value = fields.get(name)?;
        match part {
            Part::Whole => Some(value),
            Part::Key(key) => value.get(key),
            Part::Bin(position) => value.get(position)?.get("count"),
        }
    }
}

impl MeasureColumn {
    /// Returns the column of a measure.
    pub fn new(known: &NamedMeasure) -> Self {
        let shape = match known.measure.shape().answer {
            answer @ (AnswerShape::Number { .. } | AnswerShape::Value(_)) => {
                if answer.is_numeric() { Shape::Number } else { Shape::Value }
            }
            AnswerShape::List(_) => Shape::List,
            AnswerShape::Counts(of) => {
                Shape::Keys(of.kind().values_of_few().into_iter().map(str::to_owned).collect())
            }
            AnswerShape::Bins(edges) => {
                Shape::Bins(edges.iter().map(ToString::to_string).collect())
            }
        };
        Self { name: known.name.clone(), shape }
    }

    fn columns(&self, within: Option<&'static str>) -> Vec<Column> {
        let part = |label: &str, part: Part| {
            let mut column = Column::in_field(within, &self.name, part);
            column.name = format!("{}.{label}", column.name);
            column
        };
        match &self.shape {
            Shape::Number | Shape::Value | Shape::List => {
                vec![Column::in_field(within, &self.name, Part::Whole)]
            }
            Shape::Keys(keys) => keys.iter().map(|key| part(key, Part::Key(key.clone()))).collect(),
            Shape::Bins(edges) => {
                let labels = bin_labels(edges).into_iter().enumerate();
                labels.map(|(position, label)| part(&label, Part::Bin(position))).collect()
            }
        }
    }
}

/// Returns the name of a bin between two edges: `<0`, `0..10`, `>=10`.
pub fn bin_label(from: Option<&str>, to: Option<&str>) -> String {
    match (from, to) {
        (None, None) => "all".to_owned(),
        (None, Some(to)) => format!("<{to}"),
        (Some(from), None) => format!(">={from}"),
        (Some(from), Some(to)) => format!("{from}..{to}"),
    }
}

/// Returns the names of the bins between these edges, and of those below and above.
fn bin_labels(edges: &[String]) -> Vec<String> {
    let edges = || edges.iter().map(|edge| Some(edge.as_str()));
    let from = std::iter::once(None).chain(edges());
    let to = edges().chain([None]);
    from.zip(to).map(|(from, to)| bin_label(from, to)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_has_its_columns() {
        let model: weir_model::Model = r##"
            [table]
            name = "shop"
            [entities.order]
            PK = "ORDER#{order}"
            SK = "ORDER"
            [entities.order.attributes]
            order = { type = "string", required = true }
            placed = { type = "timestamp", required = true }
            status = { type = "enum", values = ["placed", "paid"], required = true }
            gift = { type = "boolean" }
            total = { type = "decimal", scale = 2 }
            [rollups.sales]
            of = "order"
            by = ["gift"]
            time = "placed"
            buckets = ["day"]
            [rollups.sales.measures]
            orders = "count"
            revenue = "sum(total)"
            rate = "ratio(revenue, orders)"
            most = "max(total)"
            newest = "last(status)"
            closing = "last(total)"
            products = "top(order, 5)"
            dearest = "largest(total, 3)"
            statuses = "count_by(status)"
            gifts = "count_by(gift)"
            sizes = "histogram(total, 0, 10.50)"
            p95 = "p95(total)"
        "##
        .parse()
        .expect("a definition");
        let rollup = model.rollup("sales").expect("it is defined");
        let measures = rollup.measures.iter().map(MeasureColumn::new).collect();
        let columns = Columns::for_series(Columns::dimensions(rollup), measures, true, false);
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        insta::assert_snapshot!(names.join("\n"), @r"
        gift
        start
        end
        orders
        revenue
        rate
        most
        newest
        closing
        products
        dearest
        statuses.placed
        statuses.paid
        gifts.false
        gifts.true
        sizes.<0
        sizes.0..10.5
        sizes.>=10.5
        p95
        previous.start
        previous.end
        previous.orders
        previous.revenue
        previous.rate
        previous.most
        previous.newest
        previous.closing
        previous.products
        previous.dearest
        previous.statuses.placed
        previous.statuses.paid
        previous.gifts.false
        previous.gifts.true
        previous.sizes.<0
        previous.sizes.0..10.5
        previous.sizes.>=10.5
        previous.p95
        previous.parked
        change.orders
        change.revenue
        change.rate
        change.most
        change.closing
        change.p95
        parked
        ");
    }

    #[test]
    fn bins_are_named_by_their_edges() {
        let edges = ["0", "10", "100"].map(str::to_owned);
        assert_eq!(bin_labels(&edges), ["<0", "0..10", "10..100", ">=100"]);
        assert_eq!(bin_labels(&[]), ["all"]);
    }
}
