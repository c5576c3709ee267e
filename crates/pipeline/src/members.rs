//! The outcomes of the members of archives.

use crate::outcome::FileOutcome;

/// How many members of archives had each outcome. Each member counts once; a member that is an archive counts as
/// `archive`, and its own members count as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemberCounts {
    by_outcome: [u64; FileOutcome::ALL.len()],
    archives: u64,
}

impl MemberCounts {
    /// Counts members with an outcome.
    pub fn add(&mut self, outcome: FileOutcome, more: u32) {
        self.by_outcome[outcome as usize] += u64::from(more);
    }

    /// Counts members that are archives.
    pub fn add_archives(&mut self, more: u32) {
        self.archives += u64::from(more);
    }

    /// Adds the counts of another file.
    pub fn merge(&mut self, other: &Self) {
        for (all, more) in self.by_outcome.iter_mut().zip(other.by_outcome) {
            *all += more;
        }
        self.archives += other.archives;
    }

    /// The numbers of [`parts`](Self::parts).
    pub(crate) fn counts(&self) -> impl Iterator<Item = u64> {
        self.parts().map(|(_, count)| count)
    }

    /// The counts with these numbers.
    pub(crate) fn of_counts(counts: impl IntoIterator<Item = u64>) -> Self {
        let mut members = Self::default();
        let all = members.by_outcome.iter_mut().chain([&mut members.archives]);
        all.zip(counts).for_each(|(all, count)| *all = count);
        members
    }

    /// Moves a member from one outcome to another.
    pub(crate) fn change(&mut self, from: FileOutcome, to: FileOutcome) {
        let count = &mut self.by_outcome[from as usize];
        *count = count.saturating_sub(1);
        self.by_outcome[to as usize] += 1;
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.parts().map(|(_, count)| count).sum()
    }

    /// The word of each outcome and how many ended in it, `archive` last.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        FileOutcome::ALL
            .into_iter()
            .map(|outcome| (outcome.name(), self.by_outcome[outcome as usize]))
            .chain([("archive", self.archives)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_counts_once() {
        let mut members = MemberCounts::default();
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
