//! The table `logs`: what the listing says, and whether the log's download is in the dump.

use hashbrown::HashSet;
use model::listing::{Listing, Log};

/// One row of the table; the columns are the fields of the log.
#[derive(Debug)]
pub(super) struct LogRow<'a> {
    pub(super) log: &'a Log,
    pub(super) downloaded: bool,
}

/// Rows in the order of the listing: by id, numbers before texts.
pub(super) fn rows<'a>(listing: &'a Listing, downloaded: &HashSet<&str>) -> Vec<LogRow<'a>> {
    let row = |log: &'a Log| LogRow { log, downloaded: downloaded.contains(log.entry.id.as_str()) };
    listing.logs().map(row).collect()
}
