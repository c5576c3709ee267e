//! A folder for what is written while measuring.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Error;

/// A folder of its own that goes away with its owner, all in it included. Others cannot look into it: a
/// report holds whatever the logs hold.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes one in the folder `parent`: `analyze-bench-PROCESS-NUMBER`.
    ///
    /// # Errors
    /// [`Error::Io`] when `parent` is not there or cannot be written to.
    pub fn create(parent: &Path) -> Result<Self, Error> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let mut number = 0_u32;
        loop {
            // What a killed process left may have the name.
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

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed stays, and its name says what it is.
        let _removed = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_goes_with_its_owner_and_two_are_apart() {
        let parent = tempfile::tempdir().unwrap();
        let (one, two) =
            (Scratch::create(parent.path()).unwrap(), Scratch::create(parent.path()).unwrap());
        fs::write(one.path().join("file"), "text").unwrap();
        assert_ne!(one.path(), two.path());
        drop((one, two));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_parent_that_is_not_there_is_named() {
        let error = Scratch::create(Path::new("absent/folder")).unwrap_err();
        assert!(error.to_string().starts_with("absent/folder"), "{error}");
    }
}
