//! A dump of any size, download by download.

use crate::Random;
use crate::logs::{LogShape, Variety, document, exchanges_of_run};
use crate::wrap::Download;

/// Downloads of one run; those of the next run have the same exchanges again, with other digits or with
/// the same. About 13 MB of JSON, so that a sample of a few hundred megabytes holds a few dozen runs.
pub const FILES_OF_A_RUN: u64 = 200;

/// One download of a dump.
#[derive(Debug, Clone)]
pub struct DumpFile {
    /// Its path in the dump, `/` between the parts; in the order of the numbers.
    pub name: String,
    /// Exchanges in it.
    pub exchanges: usize,
    /// Its bytes, in every layer.
    pub download: Download,
}

/// The download of this number in the dump of this seed: a function of its arguments, so a dump can be
/// made in any order, on any number of threads, and ends where its reader has enough.
///
/// Three of four are row logs of one exchange, one of sixteen is the log of a busy step with hundreds
/// of exchanges, about a megabyte of JSON, and holds most of the bytes. The three shapes take turns.
/// With [`Variety::Repeating`] the bodies of the first [`FILES_OF_A_RUN`] downloads come in every run; with
/// [`Variety::Unique`] no body comes twice, and each document is as long as the repeating one.
/// No two downloads are equal. The bytes are the same on every machine, as long as the same version of the
/// compressor makes them.
pub fn file(seed: u64, number: u64, variety: Variety) -> DumpFile {
    let (run, place) = (number / FILES_OF_A_RUN, number % FILES_OF_A_RUN);
    // Mixed before the place comes in: seeds that follow each other have no rows in common.
    let mut random = Random::new(Random::new(seed).bits() ^ place);
    let exchanges = match random.below(16) {
        0 => 400 + random.below(800),
        1..4 => 10 + random.below(90),
        _ => 1,
    } as usize;
    let shape = LogShape::ALL[random.below(LogShape::ALL.len() as u64) as usize];
    let json = document(shape, &exchanges_of_run(exchanges, random.bits(), run, variety));
    let log = 90_000 + number;
    DumpFile {
        name: format!("{:06}/{log:08}.txt", number / 1_000),
        exchanges,
        download: Download::of(json, &format!("{log}.json")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unique(seed: u64, number: u64) -> DumpFile {
        file(seed, number, Variety::Unique)
    }

    #[test]
    fn a_file_depends_on_its_arguments_alone() {
        let text = |seed, number| unique(seed, number).download.text;
        assert_eq!(text(1, 7), text(1, 7));
        assert_ne!(text(1, 7), text(1, 8));
        assert_ne!(text(1, 7), text(2, 7));
    }

    #[test]
    fn the_next_run_is_as_large_and_never_the_same_file() {
        for place in [3, 4, 5, 60] {
            let json = |run, variety| file(1, run * FILES_OF_A_RUN + place, variety).download.json;
            let first = json(0, Variety::Unique);
            assert_eq!(first, json(0, Variety::Repeating));
            for variety in [Variety::Unique, Variety::Repeating] {
                assert_eq!(json(3, variety).len(), first.len(), "{place} {variety:?}");
                assert_ne!(json(3, variety), first, "{place} {variety:?}");
            }
        }
    }

    #[test]
    fn most_files_are_small_and_most_bytes_are_in_large_ones() {
        let files: Vec<DumpFile> = (0..150).map(|number| unique(3, number)).collect();
        let bytes = |of: &dyn Fn(&&DumpFile) -> bool| -> usize {
            files.iter().filter(of).map(|file| file.download.json.len()).sum()
        };
        let single = files.iter().filter(|file| file.exchanges == 1).count();
        assert!((95..130).contains(&single), "{single}");
        let (large, all) = (bytes(&|file| file.exchanges >= 400), bytes(&|_| true));
        assert!(large > all / 2, "{large} of {all}");
    }

    #[test]
    fn names_are_in_the_order_of_the_numbers() {
        let names: Vec<String> = [0, 1, 9, 999, 1_000].map(|number| unique(1, number).name).into();
        assert!(names.is_sorted(), "{names:?}");
    }
}
