//! A folder for what is written while measuring.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Error;

/// A new folder that is removed with all that is in it when this value is dropped. Other users of the machine cannot
/// read it, since a report holds whatever the logs hold.
#[derive(Debug)]
pub struct ScratchFolder {
    path: PathBuf,
}

impl ScratchFolder {
    /// Creates the folder in `parent`: `analyze-bench-PROCESS-NUMBER`.
    ///
    /// # Errors
    /// [`Error::Io`] when `parent` does not exist or cannot be written to.
    pub fn create(parent: &Path) -> Result<Self, Error> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let mut number = 0_u32;
        loop {
            // A killed process may have left a folder of this name.
            let path = parent.join(format!("analyze-bench-{}-{number}", std::process::id()));
            match builder.create(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(source) => return Err(Error::Io { path, source }),
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        // What cannot be removed is left; its name says what it is.
        let _removed = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_folder_is_removed_and_two_do_not_meet() {
        let parent = tempfile::tempdir().unwrap();
        let (one, two) = (
            ScratchFolder::create(parent.path()).unwrap(),
            ScratchFolder::create(parent.path()).unwrap(),
        );
        fs::write(one.path().join("file"), "text").unwrap();
        assert_ne!(one.path(), two.path());
        drop((one, two));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_missing_parent_is_named_in_the_error() {
        let error = ScratchFolder::create(Path::new("absent/folder")).unwrap_err();
        assert!(error.to_string().starts_with("absent/folder"), "{error}");
    }
}
