//! The programs that a deployment runs: where they are, and how they are installed.
//!
//! **Invariant:** a missing tool is reported before anything is done, with how to install it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The endings that a program's file may have: on Windows, tools made with Python are scripts.
const ENDINGS: &[&str] = if cfg!(windows) { &[".exe", ".cmd"] } else { &[""] };

/// A program that a deployment runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// This program.
    Weir,
    /// Cargo, which runs cargo-lambda.
    Cargo,
    /// The builder of Lambda functions.
    CargoLambda,
    /// The AWS CLI.
    Aws,
    /// The SAM CLI.
    Sam,
}

impl Tool {
    /// Returns the name that it is called by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Weir => "weir",
            Self::Cargo => "cargo",
            Self::CargoLambda => "cargo-lambda",
            Self::Aws => "aws",
            Self::Sam => "sam",
        }
    }

    /// Returns how it is installed, or how to do without it.
    fn remedy(self) -> &'static str {
        match self {
            Self::Weir => "cargo install --path infra",
            Self::Cargo => "https://rustup.rs installs it",
            Self::CargoLambda => {
                "`pip install cargo-lambda` installs it, https://www.cargo-lambda.info knows \
                 other ways; functions that \
                 are built already need none: --skip-build"
            }
            Self::Aws => {
                "the AWS CLI is installed as \
                 https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html says"
            }
            Self::Sam => "`pip install aws-sam-cli` installs the SAM CLI",
        }
    }
}

/// A program that is not installed.
#[derive(Debug, Error)]
#[error("{tool} is not on the PATH; {remedy}")]
pub struct MissingTool {
    /// Its name.
    tool: &'static str,
    /// How it is installed.
    remedy: &'static str,
}

/// The folders in which programs are looked for.
#[derive(Debug)]
pub(crate) struct Tools {
    path: OsString,
}

impl Tools {
    /// Returns the folders of the variable PATH.
    pub(crate) fn from_env() -> Self {
        Self { path: std::env::var_os("PATH").unwrap_or_default() }
    }

    /// Returns the file of a program.
    ///
    /// # Errors
    /// [`MissingTool`] if there is none.
    pub(crate) fn find(&self, tool: Tool) -> Result<PathBuf, MissingTool> {
        let missing = || MissingTool { tool: tool.name(), remedy: tool.remedy() };
        if tool == Tool::Weir {
            return std::env::current_exe().map_err(|_| missing());
        }
        let files = |folder: PathBuf| {
            ENDINGS.iter().map(move |ending| folder.join(format!("{}{ending}", tool.name())))
        };
        let mut files = std::env::split_paths(&self.path).flat_map(files);
        files.find(|file| is_program(file)).ok_or_else(missing)
    }

    /// Returns whether a program is installed.
    pub(crate) fn has(&self, tool: Tool) -> bool {
        self.find(tool).is_ok()
    }
}

/// Returns whether a shell would start a file.
#[cfg(unix)]
pub(crate) fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    const EXECUTABLE: u32 = 0o111;
    let is =
        |found: std::fs::Metadata| found.is_file() && found.permissions().mode() & EXECUTABLE != 0;
    file.metadata().is_ok_and(is)
}

/// Returns whether a shell would start a file.
#[cfg(not(unix))]
pub(crate) fn is_program(file: &Path) -> bool {
    file.is_file()
}
