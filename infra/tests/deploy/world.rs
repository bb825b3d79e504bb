//! The folder in which a test runs `weir`: a definition, built functions, and simulated tools.
//!
//! The tools are the shell scripts beside this file. They log their arguments, and answer as the
//! variables say that a test sets (`World::with`). The tables are in an embedded DynamoDB that all
//! tests share; it has no table of the definition `weir.toml`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use weir_testing::dynamodb::TestDynamo;

use crate::process::{Ended, hold_forks, run};

pub(crate) const DEFINITION: &str = include_str!("weir.toml");
pub(crate) const EVERY_TOOL: [&str; 4] = ["aws", "sam", "cargo", "cargo-lambda"];
/// A build that waits until a test lets it end.
pub(crate) const CARGO_AT_GATE: &str = include_str!("cargo_at_gate.sh");

/// The part that the scripts of all tools read.
const SHARED_BY_TOOLS: &str = include_str!("tool.sh");

/// The command under test.
const WEIR: &str = env!("CARGO_BIN_EXE_weir");

/// The kinds of processor that programs are for, as ELF numbers them.
pub(crate) const AARCH64: u8 = 183;
pub(crate) const X86_64: u8 = 62;

/// The DynamoDB of all tests, and the threads that serve it.
pub(crate) static DYNAMODB: LazyLock<(Runtime, TestDynamo)> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("threads");
    let dynamodb = runtime.block_on(TestDynamo::start());
    (runtime, dynamodb)
});

/// Returns the beginning of a program for Linux.
pub(crate) fn elf_header(machine: u8) -> Vec<u8> {
    let mut head = [0; 64];
    head[..4].copy_from_slice(b"\x7fELF");
    head[18] = machine;
    head.to_vec()
}

/// Returns the script that simulates a tool.
fn script(tool: &str) -> &'static str {
    match tool {
        "aws" => include_str!("aws.sh"),
        "sam" => include_str!("sam.sh"),
        _ => include_str!("cargo.sh"),
    }
}

/// A folder with a definition, built functions, and these tools alone on its PATH.
pub(crate) struct World {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl World {
    pub(crate) fn new(tools: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let world = Self { folder, variables: Vec::new() };
        world.write("weir.toml", DEFINITION);
        world.write("bin/tool.sh", SHARED_BY_TOOLS);
        for tool in tools {
            world.write_program(&format!("bin/{tool}"), script(tool));
        }
        world.write("Cargo.toml", "[profile.lambda]\n");
        for function in ["writer", "reader", "processor"] {
            world.write(&format!("{function}/Cargo.toml"), "");
            let program = format!("own/{function}/bootstrap");
            world.write_program(&program, "");
            fs::write(world.path(&program), elf_header(AARCH64)).expect("written");
        }
        world
    }

    /// Sets a variable of the simulated tools.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().expect("a folder")).expect("made");
        fs::write(self.path(path), text).expect("written");
    }

    /// Writes a file that can be executed.
    pub(crate) fn write_program(&self, path: &str, text: &str) {
        let _alone = hold_forks();
        self.write(path, text);
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o755)).expect("permitted");
    }

    /// Puts `weir` on the PATH, for scripts that call it.
    pub(crate) fn link_weir(&self) {
        symlink(WEIR, self.path("bin/weir")).expect("linked");
    }

    /// Returns a command that runs in the folder, with the tools alone in its environment.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env_clear();
        command.envs([("PATH", self.path("bin")), ("LOG", self.path("log"))]);
        command.env("AWS_ENDPOINT_URL", &DYNAMODB.1.url);
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command
    }

    /// Returns `weir` with the arguments of a line, to be run.
    pub(crate) fn weir_command(&self, line: &str) -> Command {
        let mut command = self.command(Path::new(WEIR));
        command.args(line.split_whitespace());
        command
    }

    /// Runs `weir` with the arguments of a line.
    pub(crate) fn weir(&self, line: &str) -> Ended {
        self.weir_typed(line, "")
    }

    /// Runs `weir` with the arguments of a line, and types a text.
    pub(crate) fn weir_typed(&self, line: &str, typed: &str) -> Ended {
        run(self.weir_command(line), typed)
    }

    /// Runs a shell script, and types a text.
    pub(crate) fn shell_typed(&self, script: &str, typed: &str) -> Ended {
        let mut command = self.command(Path::new("/bin/sh"));
        command.args(["-c", script]);
        run(command, typed)
    }

    /// Returns the calls of tools, a line each, or nothing if none was called.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Returns the calls of tools without the question about the stack that `weir` begins with and
    /// a script does not.
    pub(crate) fn log_of_steps(&self) -> String {
        let log = self.log();
        let is_question =
            |line: &str| line.contains("[Stacks[0].Outputs]") || line.contains("[stack-outputs]");
        match log.split_once('\n') {
            Some((first, rest)) if is_question(first) => rest.to_owned(),
            _ => log,
        }
    }

    /// Forgets the calls of tools, and that the mapping was ever read.
    pub(crate) fn clear_log(&self) {
        for file in ["log", "log.enabled"] {
            let _ = fs::remove_file(self.path(file));
        }
    }
}
