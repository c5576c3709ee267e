//! The outcome of each leaf of a file, and of the file as a whole; problems and counts.

use archive::{Decoded, Digest, Form, Leaf, ProblemKind};
use model::extract::{Extracted, Extractor};
use model::json::FaultKind;
use model::listing;
use model::mend::may_be_json;
use redact::Counts;
use tables::Encoder;

use crate::earlier;
use crate::link::{self, NameLink};
use crate::members::MemberCounts;
use crate::outcome::{FileFacts, FileOutcome, OutcomeSigns};
use crate::problem::{FileProblem, LogFault};
use crate::records::RecordRows;
use crate::state::KeptLeaf;
use crate::survey::LeafHashes;
use crate::worker::Setting;

/// Reads the leaves of one file.
pub(crate) struct LeafReader<'f, E: Encoder> {
    records: RecordRows<'f, E>,
    setting: &'f Setting<'f>,
    leaves: LeafCounts,
}

/// Counts of the leaves of a file.
#[derive(Debug, Default)]
struct LeafCounts {
    leaves: u32,
    pages: u32,
    documents: u32,
    empty: u32,
    error_pages: u32,
    /// Leaves and documents that are no logs.
    others: u32,
    /// Copies of texts of earlier files or members.
    copies: u32,
    /// The files that hold the first of these texts, each once.
    copied: Vec<u32>,
    /// Some of the text could not be read.
    lossy: bool,
    layers: Option<String>,
    members: MemberCounts,
    problems: Vec<FileProblem>,
    /// Problems beyond the limit.
    unreported: u32,
}

impl<'f, E: Encoder> LeafReader<'f, E> {
    pub(crate) fn new(records: RecordRows<'f, E>, setting: &'f Setting<'f>) -> Self {
        Self { records, setting, leaves: LeafCounts::default() }
    }

    /// Reads one leaf.
    pub(crate) fn leaf(&mut self, leaf: &Leaf<'_>, extractor: &mut Extractor) {
        if self.setting.stopped() {
            return;
        }
        self.leaves.leaves += 1;
        let mut word = match leaf.form {
            Form::Json => "json",
            Form::Markup => "markup",
            Form::Text => "text",
            Form::Binary => "binary",
            Form::Blank => "",
        };
        let outcome = match leaf.form {
            Form::Blank => {
                self.leaves.empty += 1;
                FileOutcome::Empty
            }
            Form::Binary => {
                self.leaves.others += 1;
                // When the whole file is binary, the decoder has reported it.
                if leaf.member.is_some() {
                    let fault = "neither text nor an archive";
                    self.problem(leaf, 0, LogFault::NotAnArchive, fault);
                }
                FileOutcome::Rejected
            }
            Form::Text if is_refusal(leaf.text) => {
                let fault = format!("a saved answer instead of a log: {}", start(leaf));
                self.error_page(leaf, &fault)
            }
            Form::Text if !may_be_json(leaf.text) => {
                self.no_log(leaf, LogFault::NoJson, "no JSON in it");
                FileOutcome::Rejected
            }
            Form::Markup => {
                let title = page_title(leaf.text);
                self.error_page(leaf, &format!("a saved page instead of a log: {title}"))
            }
            Form::Json | Form::Text => {
                if let Some(table) = earlier::table_in(leaf.text) {
                    let fault = format!("the table `{table}` of an earlier report, not read");
                    self.no_log(leaf, LogFault::EarlierReport, &fault);
                    FileOutcome::Rejected
                } else if let Some(outcome) = self.listing_page(leaf) {
                    outcome
                } else {
                    let (several, outcome) = self.log(leaf, extractor);
                    if several {
                        word = "ndjson";
                    }
                    outcome
                }
            }
        };
        if leaf.member.is_some() {
            self.leaves.members.add(outcome, 1);
        }
        if self.leaves.layers.is_none() {
            self.leaves.layers = Some(match (leaf.layers, word) {
                ("", word) => word.to_owned(),
                (layers, "") => layers.to_owned(),
                (layers, word) => format!("{layers}>{word}"),
            });
        }
    }

    /// The outcome of a leaf that is a listing page; `None` when it is none.
    fn listing_page(&mut self, leaf: &Leaf<'_>) -> Option<FileOutcome> {
        // Most files hold no page; the survey has seen which may.
        let pages = self.setting.survey.pages.get(self.records.number as usize).copied();
        let may_be = pages.unwrap_or(true) && listing::may_be_listing(leaf.text);
        let page = may_be.then(|| listing::parse(leaf.text)).flatten()?;
        self.leaves.pages += 1;
        self.leaves.documents += 1;
        let Some(at) = page.broken_at else { return Some(FileOutcome::Listing) };
        self.leaves.lossy = true;
        let read = page.entries.len();
        let fault = format!("the page breaks off, {read} logs before that were read");
        self.problem(leaf, at, LogFault::Truncated, &fault);
        Some(FileOutcome::Partial)
    }

    /// Extracts the exchanges of a leaf. Returns whether it holds several documents, and its outcome.
    fn log(&mut self, leaf: &Leaf<'_>, extractor: &mut Extractor) -> (bool, FileOutcome) {
        let place = (self.records.number, self.leaves.leaves - 1);
        if let Some(original) = self.setting.survey.texts.original(place, leaf.text) {
            return self.copy(leaf, original, extractor);
        }
        let records = &mut self.records;
        records.leaf = place.1;
        let link = link::by_names(&self.setting.survey.listing, records.file, leaf.member);
        let extracted = extractor.extract(leaf.text, !leaf.layers.is_empty(), &mut |x| {
            records.add(x, leaf.member, link.as_ref());
        });
        records.link_by_name(link.as_ref());
        self.documents(leaf, &extracted);
        let outcome = outcome(leaf, &extracted);
        self.keep_state(leaf, extracted.exchanges, false, outcome, link.as_ref());
        (extracted.documents > 1, outcome)
    }

    /// Adds a leaf to the state.
    fn keep_state(
        &mut self,
        leaf: &Leaf<'_>,
        exchanges: u32,
        copied: bool,
        outcome: FileOutcome,
        link: Option<&NameLink>,
    ) {
        if self.records.counts.state.is_none() {
            return;
        }
        self.records.keep_leaf(&KeptLeaf {
            leaf: self.leaves.leaves - 1,
            member: leaf.member,
            hashes: LeafHashes::of(leaf.text, leaf.form == Form::Json),
            exchanges,
            copied,
            outcome,
            link,
        });
    }

    /// Reads a leaf that holds the same text as one of the file `original`; what is no log is no copy.
    fn copy(
        &mut self,
        leaf: &Leaf<'_>,
        original: u32,
        extractor: &mut Extractor,
    ) -> (bool, FileOutcome) {
        let extracted = extractor.extract(leaf.text, !leaf.layers.is_empty(), &mut |_| {});
        self.documents(leaf, &extracted);
        let mut outcome = outcome(leaf, &extracted);
        if extracted.exchanges > 0 {
            outcome = FileOutcome::Duplicate;
            self.leaves.copies += 1;
            if !self.leaves.copied.contains(&original) {
                self.leaves.copied.push(original);
            }
        }
        let exchanges = extracted.exchanges;
        self.keep_state(leaf, exchanges, exchanges > 0, outcome, None);
        (extracted.documents > 1, outcome)
    }

    /// Counts the documents of a leaf and reports what is wrong with them.
    fn documents(&mut self, leaf: &Leaf<'_>, extracted: &Extracted) {
        self.leaves.documents += extracted.documents;
        self.leaves.empty += extracted.empty;
        let deep = format!("JSON nested deeper than {} levels", self.setting.limits.json_depth);
        if let Some(first) = extracted.repairs.first() {
            let fault = format!("not strict JSON, repaired: {}", extracted.repairs);
            self.problem(leaf, first as u64, LogFault::RepairedJson, &fault);
        }
        for broken in &extracted.faults {
            let (kind, fault) = match broken.fault.kind {
                FaultKind::Truncated => (LogFault::Truncated, "the JSON ends inside a value"),
                FaultKind::TooDeep => (LogFault::TooDeep, deep.as_str()),
                _ => (LogFault::BadJson, "not JSON"),
            };
            self.leaves.lossy = true;
            let places = match broken.places {
                1 => String::new(),
                places => format!(" in {places} places, of which this is the first"),
            };
            // Behind a syntax fault reading goes on.
            let before = if kind == LogFault::BadJson { "" } else { " before it" };
            let fault = format!(
                "{fault}{places}; {} exchanges{before} were read, {} bytes were left over",
                extracted.exchanges, broken.left_over
            );
            self.problem(leaf, broken.fault.offset as u64, kind, &fault);
        }
        if let Some(unread) = extracted.unread.as_ref().filter(|_| extracted.exchanges > 0) {
            self.leaves.lossy = true;
            let (count, pointer) = (unread.count, &unread.pointer);
            let fault =
                format!("{count} values that look like calls were not read, at {pointer:?}");
            self.problem(leaf, 0, LogFault::UnknownShape, &fault);
        }
        if extracted.error_pages > 0 {
            self.error_page(leaf, &format!("an error answer instead of a log: {}", start(leaf)));
        }
        if extracted.unknown > 0 {
            let fault = format!("{} JSON documents that show no sign of a log", extracted.unknown);
            self.no_log(leaf, LogFault::UnknownShape, &fault);
        }
    }

    fn error_page(&mut self, leaf: &Leaf<'_>, fault: &str) -> FileOutcome {
        self.leaves.error_pages += 1;
        self.no_log(leaf, LogFault::HttpError, fault);
        FileOutcome::ErrorPage
    }

    fn no_log(&mut self, leaf: &Leaf<'_>, kind: LogFault, fault: &str) {
        self.leaves.others += 1;
        self.problem(leaf, 0, kind, fault);
    }

    fn problem(&mut self, leaf: &Leaf<'_>, byte: u64, kind: LogFault, fault: &str) {
        if self.leaves.problems.len() >= self.setting.limits.problems as usize {
            self.leaves.unreported += 1;
            return;
        }
        self.leaves.problems.push(FileProblem::new(leaf.member, byte, kind, fault));
    }

    /// The facts about the file. `same`: it has the same bytes as in the survey. When the job is stopped, they are not used.
    pub(crate) fn finish(
        self,
        bytes: u64,
        (digest, same): (Option<Digest>, bool),
        decoded: Decoded,
    ) -> FileFacts {
        if self.setting.stopped() {
            return FileFacts::copy(bytes, digest);
        }
        let Self { records, setting, leaves } = self;
        let mut members = leaves.members;
        members.add_archives(decoded.archives);
        members.add(FileOutcome::Rejected, decoded.unread);
        debug_assert_eq!(members.total(), u64::from(decoded.members), "a member has one outcome");
        let lossy = leaves.lossy
            || decoded.problems.iter().any(|problem| problem.kind != ProblemKind::BadEncoding);
        let LeafCounts { pages, error_pages, others, .. } = leaves;
        let signs = OutcomeSigns { lossy, pages, error_pages, others };
        let outcome = signs.outcome(records.records, leaves.copies);
        debug_assert!(
            outcome != FileOutcome::Empty || leaves.empty > 0 || leaves.leaves == 0,
            "a leaf is a page, a log, a copy, empty, an error page or no log"
        );
        if let Some(link) = &records.linked
            && records.records == 0
            && leaves.pages == 0
        {
            let (log, run) = (link.log_id.as_deref(), link.run_id.as_deref());
            records.counts.accumulator.file_linked(log, run, None);
        }
        let of_decoder = decoded.problems.into_iter().map(FileProblem::from).collect();
        let most = setting.limits.problems as usize;
        let linked = records.linked.filter(|link| link.log_id.is_some() || link.run_id.is_some());
        FileFacts {
            outcome,
            bytes,
            digest,
            same,
            layers: leaves.layers.unwrap_or(decoded.layers),
            members,
            copied: leaves.copied,
            documents: leaves.documents,
            exchanges: records.records,
            decoded_bytes: decoded.bytes,
            problems: limited(of_decoder, leaves.problems, leaves.unreported, most),
            linked_by: linked.as_ref().and_then(|link| link.by),
            run_id: linked.as_ref().and_then(|link| link.run_id.clone()),
            log_id: linked.and_then(|link| link.log_id),
            masked: Counts::default(),
            modified: None,
            signs,
        }
    }
}

/// The outcome of a leaf by what was extracted.
fn outcome(leaf: &Leaf<'_>, extracted: &Extracted) -> FileOutcome {
    let lossy = !extracted.faults.is_empty() || extracted.unread.is_some();
    match extracted {
        Extracted { exchanges: 1.., error_pages: 0, .. } if !lossy && leaf.whole => {
            FileOutcome::Decoded
        }
        Extracted { exchanges: 1.., .. } => FileOutcome::Partial,
        Extracted { error_pages: 1.., .. } => FileOutcome::ErrorPage,
        Extracted { unknown: 1.., .. } => FileOutcome::Rejected,
        _ if lossy => FileOutcome::Rejected,
        _ => FileOutcome::Empty,
    }
}

/// The problems of the decoder and of the leaves, at most `most`, and at the end one that counts the others.
fn limited(
    mut all: Vec<FileProblem>,
    of_leaves: Vec<FileProblem>,
    unreported: u32,
    most: usize,
) -> Vec<FileProblem> {
    let beyond = (all.len() + of_leaves.len()).saturating_sub(most).min(of_leaves.len());
    all.extend(of_leaves);
    if beyond > 0 || unreported > 0 {
        all.truncate(all.len() - beyond);
        let fault = format!("{} more problems in this file", beyond as u64 + u64::from(unreported));
        all.push(FileProblem::new(None, 0, LogFault::TooManyProblems, &fault));
    }
    all
}

/// Whether a text is an HTTP answer with its head, and with a status of 300 or more.
fn is_refusal(text: &str) -> bool {
    let head = text.strip_prefix("HTTP/").unwrap_or_default();
    let status = head.split_ascii_whitespace().nth(1).and_then(|code| code.parse::<u16>().ok());
    status.is_some_and(|status| status >= 300)
}

/// The beginning of a leaf that is no log, for its problem.
fn start(leaf: &Leaf<'_>) -> String {
    leaf.text.trim().chars().take(120).collect()
}

/// The title or first message of a saved page.
fn page_title(text: &str) -> String {
    let mut title = String::new();
    let mut scratch = String::new();
    model::fault::read(text, &mut scratch, &mut |found| {
        if title.is_empty() {
            title.push_str(found.message);
        }
    });
    let end = title.char_indices().nth(120).map_or(title.len(), |(at, _)| at);
    title.truncate(end);
    title
}
