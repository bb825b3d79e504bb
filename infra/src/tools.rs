//! The programs of others that deploying takes: where they are, and where they are to be had.
//!
//! **Invariant:** a tool that is not there is named before anything is done, with how to install it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::steps::Error;

/// What a program's file may be called beside its name: on Windows, tools made with Python are scripts.
const ENDINGS: &[&str] = if cfg!(windows) { &[".exe", ".cmd"] } else { &[""] };

/// A program, by the name it is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// This very program.
    Weir,
    /// Cargo, which runs cargo-lambda.
    Cargo,
    /// What makes functions for Lambda out of crates.
    CargoLambda,
    /// The AWS CLI.
    Aws,
    /// The SAM CLI.
    Sam,
}

impl Tool {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Weir => "weir",
            Self::Cargo => "cargo",
            Self::CargoLambda => "cargo-lambda",
            Self::Aws => "aws",
            Self::Sam => "sam",
        }
    }

    /// How it is installed, or done without.
    fn remedy(self) -> &'static str {
        match self {
            Self::Weir => "cargo install --path infra",
            Self::Cargo => "https://rustup.rs installs it",
            Self::CargoLambda => {
                "`pip install cargo-lambda` installs it, https://www.cargo-lambda.info knows other ways; functions that \
                 are built already need none: --skip-build"
            }
            Self::Aws => {
                "the AWS CLI is installed as https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html says"
            }
            Self::Sam => "`pip install aws-sam-cli` installs the SAM CLI",
        }
    }
}

/// Where programs are looked for.
#[derive(Debug)]
pub(crate) struct Tools {
    path: OsString,
}

impl Tools {
    /// The folders of the variable PATH.
    pub(crate) fn from_env() -> Self {
        Self { path: std::env::var_os("PATH").unwrap_or_default() }
    }

    /// The file of a program.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is none.
    pub(crate) fn find(&self, tool: Tool) -> Result<PathBuf, Error> {
        let missing = || Error::Missing { tool: tool.name(), remedy: tool.remedy() };
        if tool == Tool::Weir {
            return std::env::current_exe().map_err(|_| missing());
        }
        let files = |folder: PathBuf| {
            ENDINGS.iter().map(move |ending| folder.join(format!("{}{ending}", tool.name())))
        };
        let mut files = std::env::split_paths(&self.path).flat_map(files);
        files.find(|file| is_program(file)).ok_or_else(missing)
    }

    /// Whether a program is there.
    pub(crate) fn has(&self, tool: Tool) -> bool {
        self.find(tool).is_ok()
    }
}

/// Whether a shell would start it.
#[cfg(unix)]
pub(crate) fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    const EXECUTABLE: u32 = 0o111;
    let is =
        |found: std::fs::Metadata| found.is_file() && found.permissions().mode() & EXECUTABLE != 0;
    file.metadata().is_ok_and(is)
}

/// Whether a shell would start it.
#[cfg(not(unix))]
pub(crate) fn is_program(file: &Path) -> bool {
    file.is_file()
}
