//! Which log and run a download belongs to, and how that was found.
//!
//! In this order: an id or file id in the document; an id in the name of the archive's member; an id in the name of the
//! file, then of the folders around it. Names that the listing has go before names that only look like ids. A download
//! without any of these is not linked.

use model::exchange::{Exchange, cut};
use model::listing::{Listing, Log, LogType, Status, numbers_in, only_number_in, uuids_in};
use xxhash_rust::xxh3::xxh3_64;

/// How a link was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkedBy {
    /// By an id in the document.
    Document,
    /// By the name of the member.
    Member,
    /// By the name of the file or of a folder around it.
    FileName,
}

impl LinkedBy {
    /// That with this word.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [Self::Document, Self::Member, Self::FileName].into_iter().find(|by| by.name() == name)
    }

    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Member => "member",
            Self::FileName => "file_name",
        }
    }
}

/// The log and run that a name leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameLink {
    /// Id of the log; `None` when the name is that of a run.
    pub log_id: Option<String>,
    /// Id of the run, where the listing has it.
    pub run_id: Option<String>,
    /// Which name it is.
    pub by: LinkedBy,
}

impl NameLink {
    /// A hash of all of it. Equal links have equal hashes, in every report.
    pub(crate) fn hash(&self) -> u64 {
        hash_of([self.log_id.as_deref(), self.run_id.as_deref(), Some(self.by.name())])
    }
}

fn hash_of<const N: usize>(parts: [Option<&str>; N]) -> u64 {
    let mut text = String::new();
    for part in parts {
        text.push_str(part.unwrap_or("\u{1}"));
        text.push('\u{2}');
    }
    xxh3_64(text.as_bytes())
}

/// The link by the name of the member, or else of the file.
pub fn by_names(listing: &Listing, file: &str, member: Option<&str>) -> Option<NameLink> {
    let from_member = member.and_then(|member| by_path(listing, member, LinkedBy::Member));
    from_member.or_else(|| by_path(listing, file, LinkedBy::FileName))
}

fn by_path(listing: &Listing, path: &str, by: LinkedBy) -> Option<NameLink> {
    let mut parts = path.rsplit('/');
    let last = parts.next()?;
    known(listing, last, by).or_else(|| parts.find_map(|part| known(listing, part, by))).or_else(
        || {
            let number = only_number_in(last)?;
            Some(NameLink { log_id: Some(number.to_owned()), run_id: None, by })
        },
    )
}

/// The link by a part of a path that the listing has as log id, file id or run id.
fn known(listing: &Listing, part: &str, by: LinkedBy) -> Option<NameLink> {
    let link =
        |log: &Log| NameLink { log_id: Some(log.entry.id.clone()), run_id: log.run_id.clone(), by };
    let stem = part.split('.').next().unwrap_or(part);
    if let Some(log) = listing.by_id(stem) {
        return Some(link(log));
    }
    for uuid in uuids_in(part) {
        if let Some(log) = listing.by_filename_uuid(uuid) {
            return Some(link(log));
        }
        if listing.run(uuid).is_some() {
            return Some(NameLink { log_id: None, run_id: Some(uuid.to_owned()), by });
        }
    }
    numbers_in(part).filter(|n| n.len() >= 2).find_map(|number| listing.by_id(number)).map(link)
}

/// Log, run, flow and step of one exchange.
#[derive(Debug, Clone, Copy, Default)]
pub struct Linked<'a> {
    /// The log.
    pub log_id: Option<&'a str>,
    /// The run.
    pub run_id: Option<&'a str>,
    /// Name of the flow.
    pub flow: Option<&'a str>,
    /// Slug of the step.
    pub step: Option<&'a str>,
    /// How the log or run was found.
    pub by: Option<LinkedBy>,
    /// The listing's row of the log.
    pub log: Option<&'a Log>,
}

impl Linked<'_> {
    /// Whether the log is that of one row, and failed by the listing.
    pub(crate) fn line_failed(&self) -> bool {
        self.log.is_some_and(|log| {
            log.entry.log_type == Some(LogType::Line) && log.entry.status == Some(Status::Failed)
        })
    }

    /// A hash of all that the rows of an exchange have of it. Equal links have equal hashes, in every report.
    pub(crate) fn hash(&self) -> u64 {
        let by = self.by.map(LinkedBy::name);
        let failed = self.line_failed().then_some("failed");
        hash_of([self.log_id, self.run_id, self.flow, self.step, by, failed])
    }
}

/// Links an exchange to its log: by its document, else by `name`. The listing fills in what is missing.
pub fn exchange<'a>(
    listing: &'a Listing,
    x: &Exchange<'a>,
    name: Option<&'a NameLink>,
) -> Linked<'a> {
    let by_uuid = x.file_uuid.and_then(|uuid| listing.by_filename_uuid(uuid));
    let own_id = x.log_id.or_else(|| by_uuid.map(|log| log.entry.id.as_str()));
    let in_document = own_id.is_some() || x.run_id.is_some();
    let log_id = own_id.or_else(|| name.and_then(|name| name.log_id.as_deref()));
    let log = by_uuid.or_else(|| log_id.and_then(|id| listing.by_id(id)));
    let run_id = x
        .run_id
        .or_else(|| log.and_then(|log| log.run_id.as_deref()))
        .or_else(|| x.file_uuid.filter(|uuid| listing.run(uuid).is_some()))
        .or_else(|| name.and_then(|name| name.run_id.as_deref()));
    let by = if own_id.is_some() {
        Some(LinkedBy::Document)
    } else {
        name.map(|name| name.by).or(in_document.then_some(LinkedBy::Document))
    };
    let flow = x
        .flow
        .map(|flow| listing.flow_name(flow).unwrap_or(flow))
        .filter(|flow| uuids_in(flow).next().is_none())
        .or_else(|| log.and_then(|log| log.flow.as_deref()))
        .or_else(|| run_id.and_then(|id| listing.run(id)).and_then(|run| run.flow.as_deref()))
        .or(x.flow);
    let step = x.step.or_else(|| log.and_then(|log| log.step.as_deref()));
    // Texts of the document are cut already; those of the listing can be too long as well.
    Linked {
        log_id: log_id.map(cut),
        run_id: run_id.map(cut),
        flow: flow.map(cut),
        step: step.map(cut),
        by,
        log,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing() -> Listing {
        let page = r#"{"count":1,"limit":25,"page":1,"previous":"","next":"","results":[
            {"id":90123,"log_type":1,"process_group_id":"0d5b8c1e-0000-4000-8000-000000000001","process_group_name":"price","parent_process_group_id":null,
             "original_filename_uuid":"11111111-2222-4333-8444-555555555555","filename_uuid":"11111111-2222-4333-8444-555555555555","state":3,"status":2,
             "created":"1687519997186","finished":null}]}"#;
        let mut listing = Listing::default();
        listing.add(model::listing::parse(page).expect("a page"), 0);
        listing.finish();
        listing
    }

    fn id(file: &str, member: Option<&str>) -> Option<(Option<String>, &'static str)> {
        by_names(&listing(), file, member).map(|link| (link.log_id, link.by.name()))
    }

    #[test]
    fn names_are_read_for_ids() {
        let some = |id: &str, by| Some((Some(id.to_owned()), by));
        assert_eq!(id("d/90123.txt", None), some("90123", "file_name"));
        assert_eq!(id("d/log-90123 (1).b64", None), some("90123", "file_name"));
        assert_eq!(id("90123/data.txt", None), some("90123", "file_name"));
        assert_eq!(id("x.txt", Some("90123.json")), some("90123", "member"));
        assert_eq!(
            id("x-11111111-2222-4333-8444-555555555555.txt", None),
            some("90123", "file_name")
        );
        // The listing does not have it, but it can only be an id.
        assert_eq!(id("10090123.txt", None), some("10090123", "file_name"));
        assert_eq!(id("shop.10090123.log.gz", None), some("10090123", "file_name"));
        assert_eq!(id("data.txt", Some("data.json")), None);
        assert_eq!(id("2026-11-22 1030.txt", None), None);
    }
}
