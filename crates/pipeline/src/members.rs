//! What became of the members of archives.

use crate::outcome::FileOutcome;

/// Members of archives, each counted under exactly one outcome: those of a file, and one more for
/// archives in archives, whose own members count for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Members {
    by_outcome: [u64; FileOutcome::ALL.len()],
    archives: u64,
}

impl Members {
    /// Counts members that were read, or of which nothing could be.
    pub fn add(&mut self, outcome: FileOutcome, more: u32) {
        self.by_outcome[outcome as usize] += u64::from(more);
    }

    /// Counts members that are archives.
    pub fn add_archives(&mut self, more: u32) {
        self.archives += u64::from(more);
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: &Self) {
        for (all, more) in self.by_outcome.iter_mut().zip(other.by_outcome) {
            *all += more;
        }
        self.archives += other.archives;
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.parts().map(|(_, count)| count).sum()
    }

    /// The word of each outcome and how many ended in it, `archive` last. A member is never a
    /// `duplicate`: copies are looked for among files.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let outcomes = FileOutcome::ALL.into_iter().filter(|o| *o != FileOutcome::Duplicate);
        outcomes
            .map(|outcome| (outcome.name(), self.by_outcome[outcome as usize]))
            .chain([("archive", self.archives)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_counts_once() {
        let mut members = Members::default();
        members.add(FileOutcome::Decoded, 2);
        members.add(FileOutcome::Rejected, 1);
        members.add_archives(3);
        let mut all = members;
        all.merge(&members);
        assert_eq!(all.total(), 12);
        let parts: Vec<_> = all.parts().filter(|(_, count)| *count > 0).collect();
        assert_eq!(parts, [("decoded", 4), ("rejected", 2), ("archive", 6)]);
    }
}
