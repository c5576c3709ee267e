//! Logs made for measuring, so that the figures of two machines can be compared.

use std::fs;
use std::sync::atomic::AtomicBool;

use archive::{Source, map_ordered};
use corpus::dump::{self, DumpFile};
use corpus::logs::Variety;
use pipeline::input::Input;
use pipeline::run;
use serde::Serialize;

use super::{Error, ScratchFolder};

/// Which logs are made. Equal values make equal files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct GeneratedLogs {
    /// Seed of all values in them.
    pub seed: u64,
    /// Whether every run repeats the bodies of the first. If not, no two bodies are equal. Logs that repeat are faster
    /// to report, so figures of the two kinds cannot be compared.
    pub repeats: bool,
}

/// Writes a dump with `bytes` bytes of JSON, or little more, to `scratch`: files until it is enough. Equal `logs` give
/// the same files for any number of `threads` (0 for one a core), and a smaller dump is the beginning of a larger
/// one. See [`corpus::dump`] for what is in it.
///
/// Costs about as much as compressing the JSON, and memory for a few files.
///
/// # Errors
/// [`Error::Io`] when a file cannot be written, [`Error::Interrupted`] when `stop` was set.
pub fn generate(
    bytes: u64,
    logs: GeneratedLogs,
    threads: usize,
    scratch: &ScratchFolder,
    stop: &AtomicBool,
) -> Result<Vec<Input>, Error> {
    let pool = run::pool(threads)?;
    let folder = scratch.path().join("dump");
    let (mut inputs, mut made) = (Vec::new(), 0);
    let mut write = |number: usize, file: DumpFile| {
        let path = folder.join(&file.name);
        let written = fs::create_dir_all(path.parent().unwrap_or(&folder))
            .and_then(|()| fs::write(&path, &file.download.text));
        if let Err(source) = written {
            return Err(LastFile::Failed(Error::Io { path, source }));
        }
        made += file.download.json.len() as u64;
        let bytes_on_disk = file.download.text.len() as u64;
        inputs.push(Input::File(Source {
            path,
            name: file.name,
            bytes: bytes_on_disk,
            link: false,
        }));
        debug_assert_eq!(inputs.len(), number + 1, "files come in the order of their numbers");
        if made < bytes { Ok(()) } else { Err(LastFile::Enough) }
    };
    let window = 4 * pool.current_num_threads();
    let variety = if logs.repeats { Variety::Repeating } else { Variety::Unique };
    let make = |number: usize| dump::file(logs.seed, number as u64, variety);
    match map_ordered(&pool, usize::MAX, window, stop, make, &mut write) {
        Err(LastFile::Enough) => Ok(inputs),
        Err(LastFile::Failed(error)) => Err(error),
        Ok(_) => Err(Error::Interrupted),
    }
}

/// Why no more files are made.
enum LastFile {
    Enough,
    Failed(Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_files_for_any_number_of_threads() {
        let parent = tempfile::tempdir().unwrap();
        let made = |bytes, seed, threads| -> Vec<(String, Vec<u8>)> {
            let scratch = ScratchFolder::create(parent.path()).unwrap();
            let never = AtomicBool::new(false);
            let logs = GeneratedLogs { seed, repeats: false };
            let inputs = generate(bytes, logs, threads, &scratch, &never).unwrap();
            let read = |input: &Input| {
                let Input::File(source) = input else { panic!("files are written") };
                (source.name.clone(), fs::read(&source.path).unwrap())
            };
            inputs.iter().map(read).collect()
        };
        let one = made(300_000, 1, 1);
        assert_eq!(one, made(300_000, 1, 3));
        assert!(made(1_000, 1, 2).len() < one.len());
        assert!(one.starts_with(&made(1_000, 1, 2)));
        assert_ne!(one, made(300_000, 2, 1));
    }
}
