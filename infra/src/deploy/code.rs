//! Functions that were built before: whether they are there, and for the processors that they will run on.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::command::Error;
use crate::synth::functions::Function;

/// How the file of a program for Linux begins, and where in it the kind of processor is named.
const ELF: &[u8] = b"\x7fELF";
const MACHINE: std::ops::Range<usize> = 18..20;
/// The kind of the template's functions, arm64.
const AARCH64: [u8; 2] = [183, 0];

/// Refuses a folder that lacks a function. One for other processors than the template's is pointed out: Lambda would start
/// it in vain.
pub(super) fn check(folder: &Path) -> Result<(), Error> {
    for function in Function::EVERY {
        let file = folder.join(function.crate_name()).join("bootstrap");
        let mut head = [0; MACHINE.end];
        let read = File::open(&file).and_then(|mut file| file.read_exact(&mut head));
        match read {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                let file = file.display();
                return Err(Error::Argument(format!(
                    "{file} cannot be read: {error}; expected the built {}",
                    function.crate_name()
                )));
            }
            _ if head.starts_with(ELF) && head[MACHINE] != AARCH64 => {
                let file = file.display();
                // Where standard error is gone there is nobody left to tell.
                let _ = writeln!(
                    io::stderr(),
                    "weir: {file} is not built for arm64, which the template's functions run on"
                );
            }
            _ => {}
        }
    }
    Ok(())
}
