//! Files that Weir writes: whole or not at all, and through a symbolic link only on request.
//!
//! A project from elsewhere may have a link where Weir writes, which leads to a file of its user's.
//! Of a relative path no part may be a link; of an absolute path the file and its folder may not,
//! and the rest is as its user named it (`/tmp` is a link on some systems).
//!
//! **Invariant:** a file has its old text or the new one, whenever the process ends.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{fs, process};

use tempfile::NamedTempFile;

/// Whether to write through symbolic links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// A link is an error.
    Reject,
    /// The file behind the link is written.
    Follow,
}

/// A file that is written beside the one whose name it takes when it is whole.
#[derive(Debug)]
pub(crate) enum Replacement {
    /// A temporary file, removed unless it is kept.
    Beside {
        /// The file.
        file: NamedTempFile,
        /// The file that it replaces.
        target: PathBuf,
        /// The permissions of that file, if it is there.
        permissions: Option<fs::Permissions>,
    },
    /// A device or a pipe, which has no place in a folder to give up.
    Device(fs::File),
}

/// Writes a file and makes its folder.
///
/// # Errors
/// A link that is not to be followed, by its path, or what the system says.
pub(crate) fn write(path: &Path, text: &str, links: Links) -> io::Result<()> {
    let mut replacement = Replacement::new(path, links)?;
    replacement.write_all(text.as_bytes())?;
    replacement.keep()
}

impl Replacement {
    /// Begins to write a file, and makes its folder.
    ///
    /// # Errors
    /// A link that is not to be followed, by its path, or what the system says.
    pub(crate) fn new(path: &Path, links: Links) -> io::Result<Self> {
        if links == Links::Reject {
            reject_links(path)?;
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            fs::create_dir_all(folder)?;
        }
        let target = match fs::canonicalize(path) {
            Ok(target) if links == Links::Follow => target,
            _ => path.to_path_buf(),
        };
        let there = fs::metadata(&target).ok();
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            return Ok(Self::Device(fs::File::create(&target)?));
        }
        Self::beside(target, there.map(|there| there.permissions()))
    }

    fn beside(target: PathBuf, permissions: Option<fs::Permissions>) -> io::Result<Self> {
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let prefix = format!(".{name}.{}.", process::id());
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        if let Some(permissions) = permissions.clone().or_else(new_permissions) {
            builder.permissions(permissions);
        }
        let file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
        Ok(Self::Beside { file, target, permissions })
    }

    /// Gives the file its name: a rename replaces a link, and does not follow it.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn keep(self) -> io::Result<()> {
        let Self::Beside { file, target, permissions } = self else { return Ok(()) };
        if let Some(permissions) = permissions {
            // The mask of the process was taken off.
            file.as_file().set_permissions(permissions)?;
        }
        file.persist(target).map(drop).map_err(|error| error.error)
    }

    fn file(&mut self) -> &mut fs::File {
        match self {
            Self::Beside { file, .. } => file.as_file_mut(),
            Self::Device(file) => file,
        }
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

/// Returns the permissions of a new file, from which the system takes the mask of the process.
#[cfg(unix)]
fn new_permissions() -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn new_permissions() -> Option<fs::Permissions> {
    None
}

fn reject_links(path: &Path) -> io::Result<()> {
    let checked = if path.is_absolute() { 2 } else { usize::MAX };
    let mut parts = path.ancestors().take(checked);
    match parts.find(|part| part.is_symlink()) {
        Some(link) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{} is a symbolic link, expected none (--follow-links allows it)", shown(link)),
        )),
        None => Ok(()),
    }
}

fn shown(link: &Path) -> String {
    let target: PathBuf = fs::read_link(link).unwrap_or_default();
    format!("{} (to {})", link.display(), target.display())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_link_is_neither_followed_nor_replaced_unless_it_may_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("secret"), "secret").expect("written");
        symlink(at("secret"), at("link.yaml")).expect("a link");
        fs::create_dir(at("real")).expect("a folder");
        symlink(at("real"), at("linked")).expect("a link");
        symlink(at("nowhere"), at("dangling.yaml")).expect("a link");
        for name in ["link.yaml", "linked/a.yaml", "dangling.yaml"] {
            let error = write(&at(name), "new", Links::Reject).expect_err(name).to_string();
            let link = at(name.split('/').next().expect("a name"));
            assert!(error.starts_with(&format!("{} (to ", link.display())), "{error}");
            assert!(
                error.ends_with("is a symbolic link, expected none (--follow-links allows it)")
            );
        }
        assert_eq!(fs::read_to_string(at("secret")).expect("there"), "secret");
        assert!(!at("real/a.yaml").exists() && !at("nowhere").exists());

        write(&at("link.yaml"), "new", Links::Follow).expect("written");
        write(&at("linked/a.yaml"), "new", Links::Follow).expect("written");
        assert_eq!(fs::read_to_string(at("secret")).expect("there"), "new");
        assert!(at("link.yaml").is_symlink());
        assert_eq!(fs::read_to_string(at("real/a.yaml")).expect("there"), "new");
    }

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_permissions() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("made/template.yaml");
        write(&path, "one", Links::Reject).expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        let plain = folder.path().join("plain");
        fs::write(&plain, "").expect("written");
        assert_eq!(mode(&path), mode(&plain));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        let before = fs::File::open(&path).expect("there");
        write(&path, "two", Links::Reject).expect("written");
        assert_eq!(fs::read_to_string(&path).expect("there"), "two");
        assert_eq!(mode(&path), 0o640);
        // A program that has it open still reads the whole old text.
        assert_eq!(io::read_to_string(before).expect("text"), "one");
        let names = fs::read_dir(path.parent().expect("a folder")).expect("a folder").count();
        assert_eq!(names, 1, "nothing is left beside it");
    }
}
