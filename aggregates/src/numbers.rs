//! The numbers of a rollup item that measures keep of one value: their accumulators, and the
//! amounts that an item adds to them.
//!
//! **Invariant:** an item adds to accumulators of [`Numbers::accumulators`] only.

use weir_model::rollup::Source;
use weir_model::template::scalar_text;
use weir_model::{Item, Number};

use crate::amounts::{Accumulator, square, units};
use crate::skip::{Part, Skip, typed};

/// The numbers that a measure keeps in a rollup item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Numbers<'a> {
    /// None: the measure is read from detail items, or from other measures.
    None,
    /// The number of items.
    Items,
    /// The number of items that have a value.
    Present(&'a Source),
    /// The same, and the sum of the values.
    Sum(&'a Source),
    /// The same, and the sum of their squares.
    Squares(&'a Source),
    /// The number of items with each of a few values.
    EachValue(&'a Source),
    /// The number of values in each bin between two edges.
    Bins(&'a Source, &'a [Number]),
    /// The number of different values. Items do not add to it: it changes with the detail items.
    Distinct(&'a Source),
}

impl Numbers<'_> {
    /// Returns their accumulators.
    pub(crate) fn accumulators(&self) -> Vec<Accumulator> {
        match self {
            Self::None => Vec::new(),
            Self::Items => vec![Accumulator::Items],
            Self::Present(of) => vec![Accumulator::present(of)],
            Self::Sum(of) => vec![Accumulator::present(of), Accumulator::sum(of)],
            Self::Squares(of) => {
                let [low, high] = Accumulator::squares(of);
                vec![Accumulator::present(of), Accumulator::sum(of), low, high]
            }
            Self::EachValue(of) => {
                let values = of.kind().values_of_few().into_iter();
                values.map(|value| Accumulator::equal(of, value)).collect()
            }
            Self::Bins(of, edges) => Accumulator::bins(of, edges),
            Self::Distinct(of) => vec![Accumulator::distinct(of)],
        }
    }

    /// Returns the amounts that an item adds.
    ///
    /// # Errors
    /// The measured value that cannot be counted.
    pub(crate) fn amounts(&self, item: &Item) -> Result<Vec<(Accumulator, i128)>, Skip> {
        let amounts = match self {
            Self::None | Self::Distinct(_) => Vec::new(),
            Self::Items => vec![(Accumulator::Items, 1)],
            Self::Present(of) => typed(Part::Measure, of, item)?
                .map(|_| (Accumulator::present(of), 1))
                .into_iter()
                .collect(),
            Self::Sum(of) => match number(of, item)? {
                Some(units) => vec![(Accumulator::present(of), 1), (Accumulator::sum(of), units)],
                None => Vec::new(),
            },
            Self::Squares(of) => match number(of, item)? {
                Some(units) => {
                    let squares = Accumulator::squares(of).into_iter().zip(square(units));
                    let [present, sum] = [Accumulator::present(of), Accumulator::sum(of)];
                    [(present, 1), (sum, units)].into_iter().chain(squares).collect()
                }
                None => Vec::new(),
            },
            Self::EachValue(of) => {
                let value = typed(Part::Measure, of, item)?;
                let text = value.and_then(|value| scalar_text(of.kind(), value));
                text.map(|text| (Accumulator::equal(of, text), 1)).into_iter().collect()
            }
            Self::Bins(of, edges) => match number(of, item)? {
                Some(units) => {
                    // As decimals: an edge may be beyond all units.
                    let value = Number::from_units(units, of.attribute.scale());
                    let position = edges.iter().take_while(|edge| **edge <= value).count();
                    vec![(Accumulator::between(of, edges, position), 1)]
                }
                None => Vec::new(),
            },
        };
        Ok(amounts)
    }
}

/// Returns the number that an item has, in units of the attribute's scale.
fn number(of: &Source, item: &Item) -> Result<Option<i128>, Skip> {
    let Some(value) = typed(Part::Measure, of, item)? else { return Ok(None) };
    let too_large = || Skip::MeasureRange(of.name().to_owned());
    units(&of.attribute, value).ok_or_else(too_large).map(Some)
}
