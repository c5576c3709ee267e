//! The files of all reports in one order, and which of them are copies.

use std::collections::HashMap;

use model::listing::Listing;
use tables::rows::{Files, Problems};
use tables::state::{FileStates, Leaves};

use super::MergeError;
use super::shard::Shard;
use crate::link::{self, LinkedBy};
use crate::members::MemberCounts;
use crate::outcome::{FileFacts, FileOutcome, OutcomeSigns};
use crate::problem::FileProblem;
use crate::survey::LeafHashes;

/// A file of one of the reports.
pub(super) struct MergedFile {
    pub(super) name: String,
    pub(super) shard: usize,
    pub(super) facts: FileFacts,
    pub(super) leaves: Vec<MergedLeaf>,
    /// Its place among the files of its report.
    pub(super) place: usize,
    /// Its first rows there.
    pub(super) first: FirstRows,
}

/// Rows of tables, by their numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FirstRows {
    pub(super) exchange: u64,
    pub(super) error: u64,
    pub(super) leaf: u64,
    pub(super) link: u64,
}

impl MergedFile {
    /// The rows behind its last ones.
    pub(super) fn end(&self) -> FirstRows {
        let sum = |of: fn(&MergedLeaf) -> u32| -> u64 {
            self.leaves.iter().map(|leaf| u64::from(of(leaf))).sum()
        };
        FirstRows {
            exchange: self.first.exchange + u64::from(self.facts.exchanges),
            error: self.first.error + sum(|leaf| leaf.errors),
            leaf: self.first.leaf + self.leaves.len() as u64,
            link: self.first.link + sum(|leaf| leaf.links),
        }
    }

    /// It was left out as a copy of another file of its report.
    pub(super) fn is_left_out(&self) -> bool {
        self.facts.outcome == FileOutcome::Duplicate && self.leaves.is_empty()
    }
}

/// A text that was read as a log.
pub(super) struct MergedLeaf {
    pub(super) leaf: u32,
    pub(super) member: Option<String>,
    pub(super) hashes: LeafHashes,
    pub(super) exchanges: u32,
    pub(super) copied: bool,
    pub(super) outcome: FileOutcome,
    /// Hash of the link by its name.
    pub(super) linked: Option<u64>,
    /// Its rows in the tables of these names.
    pub(super) links: u32,
    pub(super) errors: u32,
}

/// The files of all reports, in name order.
#[derive(Default)]
pub(super) struct MergedFiles {
    pub(super) all: Vec<MergedFile>,
    pub(super) number: HashMap<String, usize>,
    /// The numbers of the files of each report.
    pub(super) of_shards: Vec<Vec<u32>>,
    /// Places that were not read, with the number of a report that says so, in name order.
    pub(super) unread: Vec<(usize, String, FileProblem)>,
}

pub(super) fn outcome_of(word: &str) -> FileOutcome {
    let all = FileOutcome::ALL.into_iter();
    all.into_iter().find(|outcome| outcome.name() == word).unwrap_or(FileOutcome::Rejected)
}

impl MergedFiles {
    pub(super) fn of(shards: &[Shard]) -> Result<Self, MergeError> {
        let (mut all, mut unread) = (Vec::new(), Vec::new());
        for (number, shard) in shards.iter().enumerate() {
            let mut files: Vec<MergedFile> = Vec::new();
            shard.each::<Files>(|row| {
                let mut facts = FileFacts::bare(
                    outcome_of(row.outcome.0),
                    row.bytes.unsigned_abs(),
                    row.digest.map(|digest| archive::Digest::from_bytes(digest.0)),
                    Vec::new(),
                );
                row.layers.0.clone_into(&mut facts.layers);
                facts.documents = row.documents.unsigned_abs();
                facts.exchanges = row.exchanges.unsigned_abs();
                facts.decoded_bytes = row.decoded_bytes.unsigned_abs();
                facts.log_id = row.log_id.map(|id| id.0.to_owned());
                facts.run_id = row.run_id.map(|id| id.0.to_owned());
                facts.linked_by = row.linked_by.and_then(|by| LinkedBy::of_name(by.0));
                files.push(MergedFile {
                    name: row.file.0.to_owned(),
                    shard: number,
                    facts,
                    leaves: Vec::new(),
                    place: files.len(),
                    first: FirstRows::default(),
                });
            })?;
            let places: HashMap<String, usize> =
                files.iter().enumerate().map(|(n, file)| (file.name.clone(), n)).collect();
            let mut place = 0;
            shard.each::<FileStates>(|row| {
                let facts = &mut files[place].facts;
                facts.modified = row.modified.map(|at| at.0);
                facts.members = MemberCounts::of_counts(
                    row.members.iter().map(|count| count.0.parse().unwrap_or(0)),
                );
                facts.signs = OutcomeSigns {
                    lossy: row.lossy,
                    pages: row.pages.unsigned_abs(),
                    error_pages: row.error_pages.unsigned_abs(),
                    others: row.others.unsigned_abs(),
                };
                place += 1;
            })?;
            shard.each::<Leaves>(|row| {
                let Some(place) = places.get(row.file.0) else { return };
                files[*place].leaves.push(MergedLeaf {
                    leaf: row.leaf.unsigned_abs(),
                    member: row.member.map(|member| member.0.to_owned()),
                    hashes: LeafHashes {
                        digest: row.digest.0,
                        dense: row.begin.zip(row.dense).map(|(begin, dense)| (begin.0, dense.0)),
                    },
                    exchanges: row.exchanges.unsigned_abs(),
                    copied: row.copied,
                    outcome: outcome_of(row.outcome.0),
                    linked: row.linked.map(|hash| hash.0),
                    links: row.links.unsigned_abs(),
                    errors: row.errors.unsigned_abs(),
                });
            })?;
            shard.each::<Problems>(|row| {
                let problem = FileProblem::stored(
                    row.member.map(|member| member.0),
                    row.byte.unsigned_abs(),
                    row.stage.0,
                    row.kind.0,
                    row.message.0,
                );
                match places.get(row.file.0) {
                    Some(place) => files[*place].facts.problems.push(problem),
                    None => unread.push((number, row.file.0.to_owned(), problem)),
                }
            })?;
            let mut first = FirstRows::default();
            for file in &mut files {
                file.first = first;
                first = file.end();
            }
            all.extend(files);
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        unread.sort_by(|a, b| a.1.cmp(&b.1));
        if let Some(twice) = all.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(MergeError::Twice { file: twice[0].name.clone() });
        }
        let number = all.iter().enumerate().map(|(n, file)| (file.name.clone(), n)).collect();
        let mut of_shards = vec![Vec::new(); shards.len()];
        for (n, file) in (0..).zip(&all) {
            of_shards[file.shard].push(n);
        }
        Ok(Self { all, number, of_shards, unread })
    }

    /// The files of a report, with their numbers here.
    pub(super) fn of_shard(
        &self,
        shard: usize,
    ) -> impl Iterator<Item = (usize, &MergedFile)> + Clone {
        self.of_shards[shard].iter().map(|n| (*n as usize, &self.all[*n as usize]))
    }

    /// Whether what was masked in a place of a file counts: not in logs that are left out as copies here and were not in
    /// the report of the file. In files with other logs too, it is not known what was masked in which.
    pub(super) fn counts_of(
        &self,
        n: usize,
        copies: &Copies,
        place: &str,
    ) -> Result<bool, MergeError> {
        if copies.of_bytes[n].is_some() {
            return Ok(false);
        }
        let file = &self.all[n];
        let logs = || file.leaves.iter().filter(|leaf| leaf.exchanges > 0 && !leaf.copied);
        let left_out = logs().filter(|leaf| copies.of_texts.contains_key(&(n, leaf.leaf))).count();
        if left_out == 0 || place == "problems.message" {
            return Ok(true);
        }
        if left_out < logs().count() {
            return Err(MergeError::NeedsFiles {
                file: file.name.clone(),
                reason: "some of its logs are copies of those in another report, and what was masked in them is not counted apart",
            });
        }
        Ok(false)
    }

    /// The facts of a file whose exchanges stay as they are.
    pub(super) fn facts_as_stored(&self, n: usize, copies: &Copies) -> FileFacts {
        let file = &self.all[n];
        let mut facts = file.facts.clone();
        for leaf in file.leaves.iter().filter(|leaf| leaf.copied) {
            if let Some(original) = copies.of_texts.get(&(n, leaf.leaf)) {
                let original = *original as u32;
                if !facts.copied.contains(&original) {
                    facts.copied.push(original);
                }
            }
        }
        facts
    }

    /// Which files and texts are copies.
    pub(super) fn copies(&self, listing: &Listing) -> Result<Copies, MergeError> {
        let mut first = HashMap::new();
        let of_bytes: Vec<Option<usize>> = (0..self.all.len())
            .map(|n| {
                let facts = &self.all[n].facts;
                let digest = facts.digest.filter(|_| facts.bytes > 0)?;
                let original = *first.entry(digest).or_insert(n);
                (original != n).then_some(original)
            })
            .collect();
        let log_of = |n: usize, member: Option<&str>| {
            link::by_names(listing, &self.all[n].name, member)?.log_id
        };
        let mut equal: HashMap<u128, Vec<(usize, Option<String>)>> = HashMap::new();
        let mut same_log: HashMap<(String, u128), usize> = HashMap::new();
        let mut of_texts = HashMap::new();
        for (n, file) in self.all.iter().enumerate().filter(|(n, _)| of_bytes[*n].is_none()) {
            for leaf in &file.leaves {
                let Some((_, dense)) = leaf.hashes.dense else { continue };
                let log = log_of(n, leaf.member.as_deref());
                let known = equal.entry(leaf.hashes.digest).or_default();
                let agrees =
                    |other: &Option<String>| other.is_none() || log.is_none() || *other == log;
                let original = known.iter().find(|(_, other)| agrees(other)).map(|(n, _)| *n);
                if let Some(original) = original {
                    of_texts.insert((n, leaf.leaf), original);
                    continue;
                }
                let same = log.clone().and_then(|log| same_log.get(&(log, dense)).copied());
                if let Some(other) = same {
                    if leaf.copied {
                        of_texts.insert((n, leaf.leaf), other);
                        continue;
                    }
                    if self.all[other].shard != file.shard {
                        return Err(MergeError::NeedsFiles {
                            file: file.name.clone(),
                            reason: "another report has a file of the same log that may differ in blanks only",
                        });
                    }
                }
                if leaf.copied {
                    return Err(MergeError::NeedsFiles {
                        file: file.name.clone(),
                        reason: "left out as a copy of a file that is itself a copy here",
                    });
                }
                if let Some(log) = log.clone() {
                    same_log.entry((log, dense)).or_insert(n);
                }
                known.push((n, log));
            }
        }
        Ok(Copies { of_bytes, of_texts })
    }
}

/// What is left out as a copy, by the numbers of files.
pub(super) struct Copies {
    pub(super) of_bytes: Vec<Option<usize>>,
    /// The file with the first such text, for the file and place of each copy.
    pub(super) of_texts: HashMap<(usize, u32), usize>,
}
