//! Conditions on a stored item, so that the keys of its indexes are what its attributes
//! make after an upsert, or an update that might have created it.
//!
//! Such a plan gives some attributes a value, others a value unless they have one, and does not
//! know the rest. So of a key it knows what it is for a new item, and for one that is there only in
//! these cases:
//!
//! | of the attributes that the key is made from | it is known if |
//! |---|---|
//! | all are given a value | always: it is rebuilt |
//! | all are given one unless they have one | they are all there, and the key; or none is |
//! | some are not given: a new item lacks the key | one of those is absent, or all others are there |
//!
//! **Invariant:** what is not known is refused, and the refusal names the attribute to give as
//! well.

use super::bound::Bound;
use crate::attribute::Attribute;
use crate::condition::Predicate;
use crate::entity::Entity;
use crate::field_error::FieldError;
use crate::filter::Test;
use crate::key_template::KeyTemplate;
use crate::path::Path;

/// The effect of a plan on an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// It gets a value.
    Value,
    /// It gets a value unless it has one.
    IfAbsent,
    /// Nothing.
    Nothing,
}

impl Entity {
    /// Returns the condition on an existing item for a key that a plan makes, or does not make.
    pub(super) fn kept_key(
        &self,
        template: &KeyTemplate,
        is_made: bool,
        given: impl Fn(&Attribute) -> Given,
    ) -> Option<Bound> {
        let names = template.template.attributes().into_iter();
        let others = names.filter(|name| !self.is_in_primary_key(name));
        let others: Vec<_> = others.filter_map(|name| self.attribute(name)).collect();
        let of = |wanted: Given| -> Vec<&Attribute> {
            others.iter().copied().filter(|attribute| given(attribute) == wanted).collect()
        };
        let (set, unless_there, unknown) =
            (of(Given::Value), of(Given::IfAbsent), of(Given::Nothing));
        let all = |attributes: &[&Attribute], are_there: bool| {
            let each =
                attributes.iter().map(|known| exists(&Path::from_attribute(known), are_there));
            Predicate::All(each.collect())
        };
        let must_have = unknown.iter().filter(|known| !template.template.may_lack(&known.name));
        let has_none: Vec<_> =
            must_have.map(|known| exists(&Path::from_attribute(known), false)).collect();
        let key = Path::stored(&template.key);
        let (holds, about) = match (set.is_empty(), unless_there.is_empty(), is_made) {
            (true, true, _) | (false, _, true) => return None,
            (true, false, true) => {
                let stays = all(&unless_there, true).and(exists(&key, true));
                let unless_there: Vec<_> = unless_there.iter().chain(&unknown).copied().collect();
                let is_new = all(&unless_there, false).and(exists(&key, false));
                (Predicate::Any(vec![stays, is_new]), unless_there[0])
            }
            (.., false) if has_none.is_empty() => return None,
            (false, ..) => (Predicate::Any(has_none), unknown[0]),
            (true, false, false) => {
                let mut any = has_none;
                any.push(all(&unless_there, true));
                (Predicate::Any(any), unless_there[0])
            }
        };
        let message = format!(
            "the key {} is made from it, and the item that is there does not have what a new one \
             would; update it instead",
            template.key
        );
        Some(Bound { holds, error: FieldError::new(&about.name, message) })
    }
}

fn exists(path: &Path, is_there: bool) -> Predicate {
    Predicate::Test(path.clone(), Test::Exists(is_there))
}
