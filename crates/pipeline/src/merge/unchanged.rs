//! Which reports keep all their exchanges and errors as they are, because nothing in the other reports changes a link, an
//! outcome or a copy of theirs. Their counts are merged as they are, and so are most of their row groups.

use tables::ReadError;
use tables::state::{LinkRow, Links, ListedFlows, ListedProjects, Snapshots};

use super::files::{Copies, MergedFile, MergedFiles};
use super::shard::Shard;
use crate::link;
use crate::survey::Survey;
use model::exchange::Exchange;
use model::listing::Listing;

/// Whether a report is as it was: for each report, in their order.
pub(super) fn unchanged(
    shards: &[Shard],
    files: &MergedFiles,
    copies: &Copies,
    survey: &Survey,
    snapshots: usize,
) -> Result<Vec<bool>, ReadError> {
    let listed = shards.iter().map(Listed::of).collect::<Result<Vec<_>, _>>()?;
    let all: Listed = listed.iter().fold(Listed::default(), |sum, one| Listed {
        snapshots: snapshots as u64,
        others: sum.others + one.others,
    });
    let mut results = Vec::with_capacity(shards.len());
    for (number, (shard, own)) in shards.iter().zip(&listed).enumerate() {
        let of_shard: Vec<(usize, &MergedFile)> =
            files.all.iter().enumerate().filter(|(_, file)| file.shard == number).collect();
        let same_copies = of_shard.iter().all(|(n, file)| copies_are_the_same(*n, file, copies));
        // What the report has is among what all have. So where it is as much, it is the same.
        let same_listing = *own == all;
        results.push(
            same_copies
                && (same_listing || links_are_the_same(shard, &of_shard, copies, &survey.listing)?),
        );
    }
    Ok(results)
}

/// How much a report has of the listing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Listed {
    /// Different snapshots of logs.
    snapshots: u64,
    /// Flows and projects.
    others: u64,
}

impl Listed {
    fn of(shard: &Shard) -> Result<Self, ReadError> {
        let flows = shard.report.table::<ListedFlows>()?.len();
        let projects = shard.report.table::<ListedProjects>()?.len();
        let snapshots = shard.report.table::<Snapshots>()?.len();
        Ok(Self { snapshots, others: flows + projects })
    }
}

/// Whether the same of a file are copies as in its report.
fn copies_are_the_same(n: usize, file: &MergedFile, copies: &Copies) -> bool {
    if copies.of_bytes[n].is_some() || file.is_left_out() {
        return copies.of_bytes[n].is_some() && file.is_left_out();
    }
    file.leaves.iter().all(|leaf| {
        let is_copy = copies.of_texts.contains_key(&(n, leaf.leaf));
        leaf.copied == (is_copy && leaf.exchanges > 0)
    })
}

/// Whether the links of all texts and exchanges lead to where they did.
fn links_are_the_same(
    shard: &Shard,
    files: &[(usize, &MergedFile)],
    copies: &Copies,
    listing: &Listing,
) -> Result<bool, ReadError> {
    let mut leaves = files.iter().flat_map(|(n, file)| {
        file.leaves.iter().filter(|leaf| !leaf.copied).map(move |leaf| {
            let is_copy = copies.of_texts.contains_key(&(*n, leaf.leaf));
            let link = (!is_copy)
                .then(|| link::by_names(listing, &file.name, leaf.member.as_deref()))
                .flatten();
            let same = link.as_ref().map(link::NameLink::hash) == leaf.linked;
            (link, leaf.links, same)
        })
    });
    let mut same = true;
    let mut of_leaf = (None, 0);
    shard.each::<Links>(|row| {
        while same && of_leaf.1 == 0 {
            let Some((link, links, as_before)) = leaves.next() else {
                same = false;
                return;
            };
            of_leaf = (link, links);
            same &= as_before;
        }
        if same {
            of_leaf.1 -= 1;
            let LinkRow { log_id, run_id, file_uuid, flow, step, linked } = row;
            let x = Exchange {
                log_id: log_id.map(|id| id.0),
                run_id: run_id.map(|id| id.0),
                file_uuid: file_uuid.map(|id| id.0),
                flow: flow.map(|name| name.0),
                step: step.map(|name| name.0),
                ..Exchange::default()
            };
            same = link::exchange(listing, &x, of_leaf.0.as_ref()).hash() == linked.0;
        }
    })?;
    Ok(same && leaves.all(|(_, links, as_before)| links == 0 && as_before))
}
