//! The three functions: their names in the template, their limits, their order.

use super::logical_ids::MAPPING;

/// An HTTP API waits 30 seconds for an answer. The SDK gives up after 25, so that the caller gets
/// the reason.
const HTTP_TIMEOUT_S: u32 = 29;
/// Several times the SDK's 25 seconds. The next invocation continues where one is cut off.
pub(super) const PROCESSOR_TIMEOUT_S: u32 = 300;
/// A function's share of a processor grows with its memory: 1,769 MB get a whole one.
const HTTP_MEMORY_MB: u32 = 256;
const PROCESSOR_MEMORY_MB: u32 = 512;

/// One of the three functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// HTTP mutations.
    Writer,
    /// HTTP reads.
    Reader,
    /// The table's changes, into rollups.
    Processor,
}

impl Function {
    /// All three.
    pub const EVERY: [Self; 3] = [Self::Writer, Self::Reader, Self::Processor];
    /// Those that only read the table of items.
    pub const READING: [Self; 2] = [Self::Reader, Self::Processor];

    /// Returns its logical id.
    pub fn logical_id(self) -> &'static str {
        match self {
            Self::Writer => "Writer",
            Self::Reader => "Reader",
            Self::Processor => "Processor",
        }
    }

    /// Returns the name of its program, which is also that of the folder of its sources, and of the
    /// folder of its `bootstrap`.
    pub fn program(self) -> &'static str {
        match self {
            Self::Writer => "writer",
            Self::Reader => "reader",
            Self::Processor => "processor",
        }
    }

    /// Returns the name of its package, by which Cargo builds its program.
    pub fn package(self) -> &'static str {
        match self {
            Self::Writer => "weir-writer",
            Self::Reader => "weir-reader",
            Self::Processor => "weir-processor",
        }
    }

    /// Returns the logical id of its log group.
    pub(super) fn logs(self) -> String {
        format!("{}Logs", self.logical_id())
    }

    /// Returns the logical id of its role.
    pub(super) fn role(self) -> String {
        format!("{}Role", self.logical_id())
    }

    /// Returns the description of the function and of its role.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Writer => "Weir: creates, replaces and deletes items",
            Self::Reader => "Weir: answers with items and rollups",
            Self::Processor => "Weir: brings each change of the table into its rollups, once",
        }
    }

    /// Returns how long an invocation may take, in seconds.
    pub(super) fn timeout_s(self) -> u32 {
        match self {
            Self::Writer | Self::Reader => HTTP_TIMEOUT_S,
            Self::Processor => PROCESSOR_TIMEOUT_S,
        }
    }

    /// Returns its memory, in MB.
    pub(super) fn memory_mb(self) -> u32 {
        match self {
            Self::Writer | Self::Reader => HTTP_MEMORY_MB,
            Self::Processor => PROCESSOR_MEMORY_MB,
        }
    }

    /// Returns the resource that is created before it: nothing can be written through the writer
    /// until its changes are read.
    pub(super) fn after(self) -> Option<&'static str> {
        (self == Self::Writer).then_some(MAPPING)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_package_is_the_one_in_the_folder_of_the_program() {
        for function in Function::EVERY {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(function.program());
            let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a package");
            for name in [function.package(), function.program()] {
                assert!(manifest.contains(&format!("\nname = \"{name}\"\n")), "{name}");
            }
        }
    }
}
