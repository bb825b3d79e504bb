//! The modules of a crate, and the names that their files use of each other.
//!
//! A path is resolved as the compiler does: through the modules, and through `use` and `pub use` to
//! the file that defines the item. An import of a module is no edge; what is named through it is.
//!
//! **Invariant:** comments, strings and `#[cfg(test)]` items name nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::{Source, without_tests};
use crate::tokens::{Leaf, Names};

/// How many imports a path is followed through.
const MAX_HOPS: usize = 16;

/// The path of a module from the root of its crate.
pub(crate) type ModulePath = Vec<String>;

/// The modules of a crate that have files of their own.
pub(crate) struct Modules {
    names: BTreeMap<ModulePath, Names>,
}

/// The item or module that a path leads to.
#[derive(PartialEq)]
enum Target {
    Module(ModulePath),
    Item(ModulePath),
}

impl Modules {
    /// Reads the modules of a crate from its files, by their paths below `src`.
    pub(crate) fn new<'a>(files: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let mut names = BTreeMap::new();
        let mut of_tests: Vec<ModulePath> = Vec::new();
        for (path, text) in files {
            let Some(module) = module_path(path) else { continue };
            let (code, modules) = without_tests(&Source::new(&text).code);
            of_tests.extend(modules.into_iter().map(|name| [&module[..], &[name]].concat()));
            names.insert(module, Names::new(&code));
        }
        names.retain(|module, _| !of_tests.iter().any(|tests| module.starts_with(tests)));
        Self { names }
    }

    /// Returns the edges between modules that are not parent and child, each with a path that
    /// makes it.
    pub(crate) fn edges(&self) -> BTreeMap<(ModulePath, ModulePath), String> {
        let mut edges = BTreeMap::new();
        for (module, names) in &self.names {
            let leaves = names.leaves.iter().map(|leaf| (&leaf.path, leaf.is_glob));
            let paths = names.paths.iter().map(|path| (path, false));
            for (path, is_glob) in leaves.chain(paths) {
                let to = match self.resolve(module, path, 0) {
                    Some(Target::Item(to)) => to,
                    Some(Target::Module(to)) if is_glob => to,
                    _ => continue,
                };
                if !module.starts_with(&to) && !to.starts_with(module) {
                    edges.entry((module.clone(), to)).or_insert_with(|| path.join("::"));
                }
            }
        }
        edges
    }

    fn resolve(&self, from: &ModulePath, path: &[String], hops: usize) -> Option<Target> {
        if hops > MAX_HOPS {
            return None;
        }
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => ModulePath::new(),
            "self" => from.clone(),
            "super" => parent(from),
            name if self.child(from, name).is_some() => self.child(from, name)?,
            name => return self.resolve_import(from, name, rest, hops),
        };
        while let Some((name, after)) = rest.split_first() {
            if name == "super" {
                at = parent(&at);
            } else if let Some(child) = self.child(&at, name) {
                at = child;
            } else if self.names.get(&at)?.defined.contains(name) {
                return Some(Target::Item(at));
            } else {
                return self.resolve_import(&at, name, after, hops);
            }
            rest = after;
        }
        Some(Target::Module(at))
    }

    /// Follows a name through the imports of a module.
    fn resolve_import(
        &self,
        module: &ModulePath,
        name: &str,
        rest: &[String],
        hops: usize,
    ) -> Option<Target> {
        let imports = &self.names.get(module)?.leaves;
        let is_named = |leaf: &&Leaf| leaf.name.as_deref() == Some(name);
        if let Some(leaf) = imports.iter().find(is_named) {
            // `use metrics::{self}` of another crate names itself.
            let is_itself = leaf.path.len() == 1 && leaf.path[0] == name;
            let path: Vec<String> = leaf.path.iter().chain(rest).cloned().collect();
            return if is_itself { None } else { self.resolve(module, &path, hops + 1) };
        }
        imports.iter().filter(|leaf| leaf.is_glob).find_map(|leaf| {
            let Some(Target::Module(to)) = self.resolve(module, &leaf.path, hops + 1) else {
                return None;
            };
            if to == *module {
                return None;
            }
            let path: Vec<String> =
                ["self", name].map(str::to_owned).into_iter().chain(rest.to_owned()).collect();
            self.resolve(&to, &path, hops + 1)
        })
    }

    fn child(&self, module: &ModulePath, name: &str) -> Option<ModulePath> {
        let child = [&module[..], &[name.to_owned()]].concat();
        self.names.contains_key(&child).then_some(child)
    }
}

fn parent(module: &ModulePath) -> ModulePath {
    module[..module.len().saturating_sub(1)].to_owned()
}

/// Returns the module of a file; none for the root of a program, which uses the library.
fn module_path(path: &str) -> Option<ModulePath> {
    let path = path.strip_suffix(".rs")?;
    match path {
        "lib" => Some(ModulePath::new()),
        "main" => None,
        path => Some(path.split('/').map(str::to_owned).collect()),
    }
}

/// Returns the groups of modules that name each other in a circle.
pub(crate) fn circles(
    edges: &BTreeMap<(ModulePath, ModulePath), String>,
) -> BTreeSet<BTreeSet<ModulePath>> {
    let mut reached: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = BTreeMap::new();
    for (from, _) in edges.keys() {
        let mut found = BTreeSet::new();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            let next = edges.keys().filter(|(from, _)| from == at).map(|(_, to)| to);
            open.extend(next.filter(|to| found.insert(*to)));
        }
        reached.insert(from, found);
    }
    let reaches = |from: &ModulePath, to: &ModulePath| {
        reached.get(from).is_some_and(|found| found.contains(to))
    };
    let in_circle = reached.keys().copied().filter(|module| reaches(module, module));
    in_circle
        .map(|module| {
            let others = reached[module].iter().filter(|other| reaches(other, module));
            others.map(|other| (*other).clone()).collect()
        })
        .collect()
}
