//! The summary of a relation: where it leads, by what, and where a long list of related items
//! continues.

use weir_http::EntityPaths;
use weir_http::paths::pattern_path;
use weir_model::relation::{Binding, Listing, RelationKind};
use weir_model::{Entity, Include, Model, Relation};

/// Returns a relation as a row: its name, what it leads to, and how.
pub(super) fn row(model: &Model, entity: &Entity, relation: &Relation) -> Vec<String> {
    let leads = if relation.is_many() { "many" } else { "one" };
    let listed = Include::new(model, entity, relation).listing();
    let mut said = Vec::new();
    match &relation.kind {
        RelationKind::One(bindings) => said.extend(made("", bindings, "")),
        RelationKind::Many(listing) => said.extend(made("", &listing.bindings, "")),
        RelationKind::Through { link, links, key } => {
            let of_link = format!("{link}.");
            said.push(format!("through {link}"));
            said.extend(made(&of_link, &links.bindings, ""));
            said.extend(made("", key, &of_link));
        }
    }
    if let Some((listing, of)) = listed {
        said.push(format!("{} at once, then {}", listing.limit, goes_on(listing, of)));
    }
    super::row([&relation.name, &format!("{leads} {}", relation.to), &said.join("; ")])
}

/// Returns how the key is made from attributes; empty if there is nothing to make.
fn made(of: &str, bindings: &[Binding], by: &str) -> Option<String> {
    let each =
        bindings.iter().map(|binding| format!("{of}{} = {by}{}", binding.attribute, binding.from));
    let each: Vec<_> = each.collect();
    (!each.is_empty()).then(|| each.join(", "))
}

/// Returns where a list of many related items, or of the links to them, continues.
fn goes_on(listing: &Listing, of: &Entity) -> String {
    let pattern = &listing.pattern;
    let path = if of.patterns.contains(pattern) {
        pattern_path(of, pattern)
    } else {
        EntityPaths::new(of).partition
    };
    match (listing.descending, pattern.descending) {
        (true, false) => format!("{path}?order=desc"),
        (false, true) => format!("{path}?order=asc"),
        _ => path,
    }
}
