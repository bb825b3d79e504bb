//! Functions that were built before: whether they are there, and for the processors that they will
//! run on.
//!
//! Lambda takes any archive, and fails when it is to start what is in it: hours later, if nobody
//! asks the API.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::error::Error;
use crate::synth::function::Function;
use crate::tools::is_program;

/// How the file of a program for Linux begins, and where in it the kind of processor is named.
const ELF: &[u8] = b"\x7fELF";
const MACHINE: std::ops::Range<usize> = 18..20;
/// The kind of the template's functions, arm64.
const AARCH64: [u8; 2] = [183, 0];
/// The folders that the build is made of, beside the `Cargo.toml` with its profile.
const PROFILE: &str = "[profile.lambda]";

/// Refuses a folder that lacks a function, or has one that Lambda could not start.
pub(super) fn check(
    folder: &Path,
    functions: &[Function],
    any_architecture: bool,
) -> Result<(), Error> {
    for function in functions {
        let name = function.program();
        let file = folder.join(name).join("bootstrap");
        let mut head = Vec::new();
        let read =
            File::open(&file).and_then(|file| file.take(MACHINE.end as u64).read_to_end(&mut head));
        let problem = match read {
            Err(error) => format!("cannot be read: {error}; expected the built {name}"),
            Ok(0) => format!("is empty, expected the built {name}"),
            Ok(_) if !is_program(&file) => "is not executable, expected a program".to_owned(),
            Ok(_) if !any_architecture && !is_for_arm64(&head) => {
                "is no program for arm64, which the template's functions run on; \
                 --any-architecture deploys it all the same"
                    .to_owned()
            }
            Ok(_) => continue,
        };
        return Err(Error::Argument(format!("{} {problem}", file.display())));
    }
    Ok(())
}

/// Refuses a working directory in which the functions cannot be built.
pub(super) fn check_sources() -> Result<(), Error> {
    let manifest = std::fs::read_to_string("Cargo.toml").or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(String::new()),
        _ => Err(error),
    })?;
    let lacks = if manifest.is_empty() {
        Some("no Cargo.toml".to_owned())
    } else if !manifest.lines().any(|line| line.trim() == PROFILE) {
        Some(format!("no {PROFILE} in its Cargo.toml"))
    } else {
        let names = Function::EVERY.map(Function::program).into_iter();
        let mut names = names.map(|name| format!("{name}/Cargo.toml"));
        names.find(|name| !Path::new(name).is_file()).map(|name| format!("no {name}"))
    };
    match lacks {
        None => Ok(()),
        Some(lacks) => Err(Error::Argument(format!(
            "the functions are built in the folder of Weir's sources, and this one has {lacks}; \
             --code FOLDER deploys \
             functions that are built already"
        ))),
    }
}

fn is_for_arm64(head: &[u8]) -> bool {
    head.starts_with(ELF) && head.get(MACHINE) == Some(&AARCH64)
}
