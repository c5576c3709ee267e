//! Which reports keep all their exchanges and errors as they are, because nothing in the other reports changes a link, an
//! outcome or a copy of theirs. Their counts are merged as they are, and so are most of their row groups.

use tables::ReadError;
use tables::state::{LinkRow, Links};

use super::files::{Copies, MergedFile, MergedFiles};
use super::listing::listed_rows;
use super::shard::Shard;
use crate::link;
use model::exchange::Exchange;
use model::listing::Listing;

/// Whether a report is as it was: for each report, in their order. `listing`: that by which links are made; `listed`: how
/// many rows it was made of.
pub(super) fn unchanged(
    shards: &[Shard],
    files: &MergedFiles,
    copies: &Copies,
    listing: &Listing,
    listed: u64,
) -> Result<Vec<bool>, ReadError> {
    let mut results = Vec::with_capacity(shards.len());
    for (number, shard) in shards.iter().enumerate() {
        let of_shard = || files.of_shard(number);
        let same_copies = of_shard().all(|(n, file)| copies_are_the_same(n, file, copies));
        let is_same = same_copies
            && (listed_rows(shard)? == listed
                || links_are_the_same(shard, of_shard(), copies, listing)?);
        results.push(is_same);
    }
    Ok(results)
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
fn links_are_the_same<'f>(
    shard: &Shard,
    files: impl Iterator<Item = (usize, &'f MergedFile)>,
    copies: &Copies,
    listing: &Listing,
) -> Result<bool, ReadError> {
    let mut leaves = files.flat_map(|(n, file)| {
        file.leaves.iter().filter(|leaf| !leaf.copied).map(move |leaf| {
            let is_copy = copies.of_texts.contains_key(&(n, leaf.leaf));
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
