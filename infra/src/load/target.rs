//! A file of items on the command line, `[ENTITY=]FILE`: the entity, and the path.

use std::path::PathBuf;

use weir_model::Model;
use weir_model::shorten::listed;

use super::unknown_entity;

/// Parses an argument that names a file of items. Its entity is the one that is named, the only one
/// of the definition, or the one that the file is named for.
///
/// # Errors
/// What is allowed.
pub(crate) fn target(model: &Model, given: &str) -> Result<(String, PathBuf), String> {
    let parted = given.split_once('=');
    if let Some((entity, file)) = parted.filter(|(entity, _)| model.entity(entity).is_some()) {
        return Ok((entity.to_owned(), file.into()));
    }
    let path = PathBuf::from(given);
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    match (model.entities.as_slice(), model.entity(stem)) {
        ([only], _) => Ok((only.name.clone(), path)),
        (_, Some(entity)) => Ok((entity.name.clone(), path)),
        _ => match parted.filter(|_| !path.exists()) {
            Some((entity, _)) => Err(unknown_entity(model, entity)),
            None => {
                let names: Vec<_> =
                    model.entities.iter().map(|entity| entity.name.as_str()).collect();
                let names = listed(&names);
                Err(format!("expected ENTITY=FILE, where ENTITY is one of {names}"))
            }
        },
    }
}
