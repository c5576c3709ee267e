//! Which files are left out as copies, when files change between the two looks at them.
//!
//! The survey finds copies by their bytes; the main pass reads the first of them only. Should that one
//! have changed or gone by then, a copy that comes later is read in its stead. A copy that was
//! already passed over is told as lost: nothing is ever left out in silence.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::outcome::{FileFacts, FileOutcome};
use crate::survey::Survey;

/// It is still to be read, or was read with the bytes that its copies have.
const GOOD: u8 = 0;
/// It had other bytes than its copies when it was read.
const LOST: u8 = 1;
/// One of its copies is being read in its stead.
const REPLACED: u8 = 2;

/// What became of files that have copies. Workers share it.
#[derive(Debug)]
pub(crate) struct Originals(Vec<AtomicU8>);

impl Originals {
    /// For so many files.
    pub(crate) fn new(files: usize) -> Self {
        Self((0..files).map(|_| AtomicU8::new(GOOD)).collect())
    }

    /// Whether file `n` need not be read, because another one stands for it.
    pub(crate) fn stands_for(&self, n: usize, survey: &Survey) -> bool {
        let Some(original) = survey.copy_of[n] else { return false };
        let state = &self.0[original as usize];
        state.compare_exchange(LOST, REPLACED, Ordering::Relaxed, Ordering::Relaxed).is_err()
    }

    /// Takes note of a file that was read.
    pub(crate) fn was_read(&self, n: usize, survey: &Survey, row: &FileFacts) {
        if !row.same {
            let original = survey.copy_of[n].map_or(n, |original| original as usize);
            self.0[original].store(LOST, Ordering::Relaxed);
        }
    }
}

/// Which files' bytes stand in the report. Asked in the order of the files.
#[derive(Debug)]
pub(crate) struct Whole(Vec<bool>);

impl Whole {
    /// For so many files.
    pub(crate) fn new(files: usize) -> Self {
        Self(vec![false; files])
    }

    /// Takes note of the row of file `n`. When it was left out as a copy and no file before it was
    /// read with its bytes: the file it was held to be a copy of.
    pub(crate) fn missing(&mut self, n: usize, survey: &Survey, row: &FileFacts) -> Option<usize> {
        let original = survey.copy_of[n].map_or(n, |original| original as usize);
        if row.outcome != FileOutcome::Duplicate {
            self.0[original] |= row.same;
            return None;
        }
        (!self.0[original]).then_some(original)
    }
}

#[cfg(test)]
mod tests {
    use archive::Digest;

    use super::*;

    /// Three files with the same bytes.
    fn survey() -> Survey {
        Survey {
            digests: vec![Some(Digest::of(b"same")); 3],
            bytes: vec![9; 3],
            copy_of: vec![None, Some(0), Some(0)],
            ..Survey::default()
        }
    }

    fn read(bytes: &str) -> FileFacts {
        let row = FileFacts::copy(9, Some(Digest::of(bytes.as_bytes())));
        FileFacts { outcome: FileOutcome::Decoded, same: bytes == "same", ..row }
    }

    #[test]
    fn copies_are_left_out_while_their_original_is_good() {
        let survey = survey();
        let (originals, mut whole) = (Originals::new(3), Whole::new(3));
        assert!(!originals.stands_for(0, &survey));
        originals.was_read(0, &survey, &read("same"));
        assert!(originals.stands_for(1, &survey) && originals.stands_for(2, &survey));
        assert_eq!(whole.missing(0, &survey, &read("same")), None);
        assert_eq!(whole.missing(1, &survey, &FileFacts::copy(9, Some(Digest::of(b"same")))), None);
    }

    #[test]
    fn one_copy_is_read_in_the_stead_of_an_original_that_changed() {
        let survey = survey();
        let (originals, mut whole) = (Originals::new(3), Whole::new(3));
        originals.was_read(0, &survey, &read("other"));
        assert!(!originals.stands_for(1, &survey));
        originals.was_read(1, &survey, &read("same"));
        assert!(originals.stands_for(2, &survey));
        assert_eq!(whole.missing(0, &survey, &read("other")), None);
        assert_eq!(whole.missing(1, &survey, &read("same")), None);
        assert_eq!(whole.missing(2, &survey, &FileFacts::copy(9, Some(Digest::of(b"same")))), None);
    }

    #[test]
    fn when_the_first_copy_is_gone_too_the_next_is_read() {
        let survey = survey();
        let originals = Originals::new(3);
        originals.was_read(0, &survey, &read(""));
        assert!(!originals.stands_for(1, &survey));
        originals.was_read(1, &survey, &read(""));
        assert!(!originals.stands_for(2, &survey));
    }

    #[test]
    fn a_copy_that_was_passed_over_too_early_is_told_as_lost() {
        let survey = survey();
        let mut whole = Whole::new(3);
        assert_eq!(whole.missing(0, &survey, &read("other")), None);
        let copy = FileFacts::copy(9, Some(Digest::of(b"same")));
        assert_eq!(whole.missing(1, &survey, &copy), Some(0));
        let lost = FileFacts::lost_copy(9, Some(Digest::of(b"same")), "1.json");
        assert_eq!((lost.outcome, lost.problems.len()), (FileOutcome::Rejected, 1));
    }
}
