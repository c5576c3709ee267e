//! Which files are left out as copies, even when files change between the two passes.
//!
//! The survey finds copies by their bytes; the main pass reads only the first file of each set. When that file has
//! changed or gone meanwhile, a later copy replaces it. A copy that was already left out by then is reported as lost.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::outcome::{FileFacts, FileOutcome};
use crate::survey::Survey;

/// It was not read yet, or has the same bytes as its copies.
const GOOD: u8 = 0;
/// It had other bytes than its copies when it was read, or could not be read.
const LOST: u8 = 1;
/// One of its copies replaces it.
const REPLACED: u8 = 2;

/// The states of files that have copies, shared by the workers.
#[derive(Debug)]
pub(crate) struct Originals(Vec<AtomicU8>);

impl Originals {
    /// For this number of files.
    pub(crate) fn new(files: usize) -> Self {
        Self((0..files).map(|_| AtomicU8::new(GOOD)).collect())
    }

    /// Whether file `n` is left out as a copy.
    pub(crate) fn is_left_out(&self, n: usize, survey: &Survey) -> bool {
        let Some(original) = survey.copy_of[n] else { return false };
        let state = &self.0[original as usize];
        state.compare_exchange(LOST, REPLACED, Ordering::Relaxed, Ordering::Relaxed).is_err()
    }

    /// Records that a file was read.
    pub(crate) fn was_read(&self, n: usize, survey: &Survey, row: &FileFacts) {
        if !row.same {
            let original = survey.copy_of[n].map_or(n, |original| original as usize);
            self.0[original].store(LOST, Ordering::Relaxed);
        }
    }
}

/// For each set of copies, whether the report has its bytes. Used in the order of the files.
#[derive(Debug)]
pub(crate) struct SetsInReport(Vec<bool>);

impl SetsInReport {
    /// For this number of files.
    pub(crate) fn new(files: usize) -> Self {
        Self(vec![false; files])
    }

    /// Whether the bytes of file `n`, or of a copy of it, are in the report. Files after those already recorded are not.
    pub(crate) fn has(&self, n: u32, survey: &Survey) -> bool {
        let n = n as usize;
        self.0[survey.copy_of[n].map_or(n, |original| original as usize)]
    }

    /// Records the facts of file `n`. When it was left out as a copy and no earlier file was read with its bytes,
    /// returns the file that it was a copy of.
    pub(crate) fn missing(&mut self, n: usize, survey: &Survey, row: &FileFacts) -> Option<usize> {
        let original = survey.copy_of[n].map_or(n, |original| original as usize);
        // A file with the logs of another in another wrap was read.
        if row.outcome != FileOutcome::Duplicate || row.same {
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
        let (originals, mut in_report) = (Originals::new(3), SetsInReport::new(3));
        assert!(!originals.is_left_out(0, &survey));
        originals.was_read(0, &survey, &read("same"));
        assert!(originals.is_left_out(1, &survey) && originals.is_left_out(2, &survey));
        assert_eq!(in_report.missing(0, &survey, &read("same")), None);
        assert_eq!(
            in_report.missing(1, &survey, &FileFacts::copy(9, Some(Digest::of(b"same")))),
            None
        );
    }

    #[test]
    fn one_copy_replaces_an_original_that_changed() {
        let survey = survey();
        let (originals, mut in_report) = (Originals::new(3), SetsInReport::new(3));
        originals.was_read(0, &survey, &read("other"));
        assert!(!originals.is_left_out(1, &survey));
        originals.was_read(1, &survey, &read("same"));
        assert!(originals.is_left_out(2, &survey));
        assert_eq!(in_report.missing(0, &survey, &read("other")), None);
        assert_eq!(in_report.missing(1, &survey, &read("same")), None);
        assert_eq!(
            in_report.missing(2, &survey, &FileFacts::copy(9, Some(Digest::of(b"same")))),
            None
        );
    }

    #[test]
    fn when_the_first_copy_is_gone_too_the_next_is_read() {
        let survey = survey();
        let originals = Originals::new(3);
        originals.was_read(0, &survey, &read(""));
        assert!(!originals.is_left_out(1, &survey));
        originals.was_read(1, &survey, &read(""));
        assert!(!originals.is_left_out(2, &survey));
    }

    #[test]
    fn a_copy_that_was_left_out_too_early_is_reported_as_lost() {
        let survey = survey();
        let mut in_report = SetsInReport::new(3);
        assert_eq!(in_report.missing(0, &survey, &read("other")), None);
        let copy = FileFacts::copy(9, Some(Digest::of(b"same")));
        assert_eq!(in_report.missing(1, &survey, &copy), Some(0));
        let lost = FileFacts::lost_copy(9, Some(Digest::of(b"same")), "1.json");
        assert_eq!((lost.outcome, lost.problems.len()), (FileOutcome::Rejected, 1));
    }
}
