//! The check of functions that were built before: that they exist, and are programs for arm64.
//!
//! Lambda accepts any archive, and fails only when it starts the function, maybe hours later.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::error::Error;
use crate::synth::function::Function;
use crate::tools::is_program;

/// The first bytes of a program for Linux, and the place of its processor architecture.
const ELF: &[u8] = b"\x7fELF";
const MACHINE: std::ops::Range<usize> = 18..20;
/// The architecture of the template's functions, arm64.
const AARCH64: [u8; 2] = [183, 0];
/// The section of `Cargo.toml` with the profile of the build.
const PROFILE: &str = "[profile.lambda]";

/// Rejects a folder that lacks a function, or has one that Lambda could not start.
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
            Ok(0) => format!("is empty; expected the built {name}"),
            Ok(_) if !is_program(&file) => "is not executable; expected a program".to_owned(),
            Ok(_) if !any_architecture && !is_for_arm64(&head) => {
                "is not a program for arm64; expected a program for arm64, or --any-architecture"
                    .to_owned()
            }
            Ok(_) => continue,
        };
        return Err(Error::Argument(format!("{} {problem}", file.display())));
    }
    Ok(())
}

/// Rejects a working directory in which the functions cannot be built.
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
            "cannot build the functions in this folder, which has {lacks}; expected the folder of \
             Weir's sources, or --code FOLDER with functions that are built already"
        ))),
    }
}

fn is_for_arm64(head: &[u8]) -> bool {
    head.starts_with(ELF) && head.get(MACHINE) == Some(&AARCH64)
}
