//! Where the stages meet: a few files become rows. The only module that sees `archive`, `model` and
//! `grouping` at work together.
//!
//! ```text
//!   bytes ──archive──► leaves ──model──► exchanges ──grouping──► rows of files, problems, exchanges, errors
//!                                            └────────────────► Accumulator (the in-memory tables)
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use archive::{Budget, Decoder, Digest, Form, Leaf, Limits, Problem, ProblemKind, Stage};
use grouping::{Circumstances, ErrorRef, Skeletons, classify, retryable, side};
use model::endpoint::Endpoints;
use model::exchange::{Body, ErrorSource, ErrorText, Evidence, Exchange, Outcome};
use model::extract::{Extracted, Extractor, Memo};
use model::json::FaultKind;
use model::listing::{self, LogType, Status};

use crate::aggregate::{Accumulator, Place, Seen, SeenBody, SeenError, Side};
use crate::input::Input;
use crate::link::{self, Linked, LinkedBy, NameLink};
use crate::members::Members;
use crate::outcome::{FileOutcome, FileRow};
use crate::survey::{Survey, Unpacked};
use tables::Batch;

/// For which exchanges the two body columns are filled; digests and statistics cover all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bodies {
    /// For all.
    #[default]
    All,
    /// For the failed ones.
    Failed,
    /// For none.
    None,
}

/// A row group of `exchanges` is cut at this size in memory, in bytes, of equal bodies counting one:
/// large enough for retries to meet, small enough that each worker can hold one.
const ROW_GROUP_BYTES: usize = 48 << 20;

/// What does not change during a run.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'s> {
    /// Bounds on what one input may make the decoder do.
    pub limits: Limits,
    /// The memory that all workers share.
    pub budget: &'s Budget,
    /// Which bodies are kept.
    pub bodies: Bodies,
    /// What the first look at the files found.
    pub survey: &'s Survey,
    /// When set, the rest of a file is passed over quickly, and its row tells nothing.
    pub stop: &'s AtomicBool,
}

impl Setting<'_> {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Exchanges and errors of some files, as rows whose running numbers begin at 0.
#[derive(Debug, Default)]
pub struct Rows {
    /// Row groups of `exchanges`, in order.
    pub exchanges: Vec<Batch>,
    /// Rows of `errors`; the group is the skeleton's id until the end of the run, and class and side are
    /// without the rules of the user.
    pub errors: Option<Batch>,
    /// Exchanges by outcome: success, failed, unknown.
    pub outcomes: [u64; 3],
}

impl Rows {
    /// How many exchanges there are.
    pub fn exchange_count(&self) -> u64 {
        self.outcomes.iter().sum()
    }
}

/// The state of one worker: buffers, what it learned about names, and what it counted.
#[derive(Debug)]
pub struct Worker {
    decoder: Decoder,
    extractor: Extractor,
    buffer: Vec<u8>,
    unpacked: Unpacked,
    /// What it counted for the in-memory tables.
    pub accumulator: Accumulator,
    /// The distinct error texts it met. Others may take its place before the first file, not after: what the
    /// worker remembers of exchanges names skeletons of these.
    pub skeletons: Skeletons,
    text: Scratch,
    /// A batch of `exchanges` that was written, for the memory it has.
    spare: Option<Batch>,
}

#[derive(Debug, Default)]
struct Scratch {
    endpoints: Endpoints,
    endpoint: String,
    /// A digest or the id of a masked message, on its way to a cell.
    hex: String,
}

impl Worker {
    /// A worker that has seen nothing. `memo`: what all workers remember of bodies.
    pub fn new(limits: &Limits, memo: Arc<Memo>) -> Self {
        Self {
            decoder: Decoder::new(*limits),
            extractor: Extractor::sharing(memo, limits.json_depth as usize),
            buffer: Vec::new(),
            unpacked: Unpacked::default(),
            accumulator: Accumulator::default(),
            skeletons: Skeletons::default(),
            text: Scratch::default(),
            spare: None,
        }
    }

    /// Takes an empty batch of `exchanges` to be filled again.
    pub fn give_back(&mut self, batch: Batch) {
        self.spare = Some(batch);
    }

    /// Gives its buffers back. What it remembers of exchanges is left: many small pieces, which take longer.
    pub fn into_extractor(self) -> Extractor {
        self.extractor
    }

    /// Reads one file; its exchanges and errors go to `rows`. `number`: its place in name order.
    pub fn file(
        &mut self,
        input: &Input,
        number: u32,
        setting: &Setting<'_>,
        rows: &mut Rows,
    ) -> FileRow {
        let Self { decoder, extractor, buffer, unpacked, accumulator, skeletons, text, spare } =
            self;
        let mut file = Reading {
            name: input.name(),
            number,
            setting,
            rows,
            accumulator,
            skeletons,
            text,
            spare,
            records: 0,
            found: Found::default(),
            linked: None,
        };
        let n = number as usize;
        if let Some((leaf, decoded)) = setting.survey.kept.take(n, unpacked) {
            if !setting.stopped() {
                file.leaf(&leaf, extractor);
            }
            let (bytes, digest) = (setting.survey.bytes[n], setting.survey.digests[n]);
            return file.row_of(bytes, (digest, true), decoded);
        }
        let share = setting.budget.share(number.into());
        let bytes = match input.read(&setting.limits, &share, buffer) {
            Ok(bytes) => bytes,
            Err(problem) => {
                let problems = vec![problem];
                return FileRow::bare(FileOutcome::Rejected, input.bytes(), None, problems);
            }
        };
        let size = bytes.len() as u64;
        let (digest, same) = setting.survey.digest(n, bytes);
        let decoded = decoder.decode_within(&share, bytes, &mut |leaf| {
            if !setting.stopped() {
                file.leaf(&leaf, extractor);
            }
        });
        let row = file.row_of(size, (Some(digest), same), decoded);
        buffer.clear();
        buffer.shrink_to(setting.budget.keep());
        row
    }
}

/// What the leaves of a file came to.
#[derive(Debug, Default)]
struct Found {
    leaves: u32,
    pages: u32,
    documents: u32,
    empty: u32,
    error_pages: u32,
    /// Leaves and documents that are no logs.
    others: u32,
    /// Some text was lost.
    lossy: bool,
    layers: Option<String>,
    members: Members,
    problems: Vec<Problem>,
    /// Problems beyond the limit.
    untold: u32,
}

#[derive(Debug, Clone)]
struct FileLink {
    log_id: Option<String>,
    run_id: Option<String>,
    by: Option<LinkedBy>,
}

/// One file on its way.
struct Reading<'f> {
    name: &'f str,
    number: u32,
    setting: &'f Setting<'f>,
    rows: &'f mut Rows,
    accumulator: &'f mut Accumulator,
    skeletons: &'f mut Skeletons,
    text: &'f mut Scratch,
    spare: &'f mut Option<Batch>,
    records: u32,
    found: Found,
    linked: Option<FileLink>,
}

impl Reading<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>, extractor: &mut Extractor) {
        self.found.leaves += 1;
        let mut word = match leaf.form {
            Form::Json => "json",
            Form::Markup => "markup",
            Form::Text => "text",
            Form::Binary => "binary",
            Form::Blank => "",
        };
        let outcome = match leaf.form {
            Form::Blank => {
                self.found.empty += 1;
                FileOutcome::Empty
            }
            Form::Binary => {
                self.found.others += 1;
                // Of a file that is nothing else the decoder has told it.
                if leaf.member.is_some() {
                    let kind = ProblemKind::NotAnArchive;
                    self.problem(leaf, 0, Stage::Text, kind, "neither text nor an archive");
                }
                FileOutcome::Rejected
            }
            Form::Text if is_refusal(leaf.text) => {
                self.error_page(leaf, &format!("a saved answer instead of a log: {}", start(leaf)))
            }
            Form::Text => {
                self.no_log(leaf, ProblemKind::BadJson, "no JSON in it");
                FileOutcome::Rejected
            }
            Form::Markup => {
                let title = page_title(leaf.text);
                self.error_page(leaf, &format!("a saved page instead of a log: {title}"))
            }
            Form::Json => {
                // Most files hold no page, and need not be read as one.
                let pages = self.setting.survey.pages.get(self.number as usize).copied();
                let may_be = pages.unwrap_or(true) && listing::may_be_listing(leaf.text);
                if let Some(page) = may_be.then(|| listing::parse(leaf.text)).flatten() {
                    self.found.pages += 1;
                    self.found.documents += 1;
                    let broken = page.broken_at;
                    if let Some(at) = broken {
                        self.found.lossy = true;
                        let fault = format!(
                            "the page breaks off, {} logs before that were read",
                            page.entries.len()
                        );
                        self.problem(leaf, at, Stage::Json, ProblemKind::Truncated, &fault);
                    }
                    broken.map_or(FileOutcome::Listing, |_| FileOutcome::Partial)
                } else {
                    let (several, outcome) = self.json(leaf, extractor);
                    if several {
                        word = "ndjson";
                    }
                    outcome
                }
            }
        };
        if leaf.member.is_some() {
            self.found.members.add(outcome, 1);
        }
        if self.found.layers.is_none() {
            self.found.layers = Some(match (leaf.layers, word) {
                ("", word) => word.to_owned(),
                (layers, "") => layers.to_owned(),
                (layers, word) => format!("{layers}>{word}"),
            });
        }
    }

    /// Takes the exchanges out of a leaf. Whether it holds several documents, and what became of it.
    fn json(&mut self, leaf: &Leaf<'_>, extractor: &mut Extractor) -> (bool, FileOutcome) {
        let link = link::by_names(&self.setting.survey.listing, self.name, leaf.member);
        let extracted = extractor.extract(leaf.text, !leaf.layers.is_empty(), &mut |x| {
            self.exchange(x, leaf.member, link.as_ref());
        });
        if self.linked.is_none() {
            self.linked = link.map(|link| FileLink {
                log_id: link.log_id,
                run_id: link.run_id,
                by: Some(link.by),
            });
        }
        self.account(leaf, &extracted);
        let lossy = !extracted.faults.is_empty();
        let outcome = match extracted {
            Extracted { exchanges: 1.., error_pages: 0, .. } if !lossy && leaf.whole => {
                FileOutcome::Decoded
            }
            Extracted { exchanges: 1.., .. } => FileOutcome::Partial,
            Extracted { error_pages: 1.., .. } => FileOutcome::ErrorPage,
            Extracted { unknown: 1.., .. } => FileOutcome::Rejected,
            _ if lossy => FileOutcome::Rejected,
            _ => FileOutcome::Empty,
        };
        (extracted.documents > 1, outcome)
    }

    fn account(&mut self, leaf: &Leaf<'_>, extracted: &Extracted) {
        self.found.documents += extracted.documents;
        self.found.empty += extracted.empty;
        let deep = format!("JSON nested deeper than {} levels", self.setting.limits.json_depth);
        for broken in &extracted.faults {
            let (kind, fault) = match broken.fault.kind {
                FaultKind::Truncated => (ProblemKind::Truncated, "the JSON ends inside a value"),
                FaultKind::TooDeep => (ProblemKind::TooDeep, deep.as_str()),
                _ => (ProblemKind::BadJson, "not JSON"),
            };
            self.found.lossy = true;
            let fault = format!(
                "{fault}; {} exchanges before it were read, {} bytes were left over",
                extracted.exchanges, broken.left_over
            );
            self.problem(leaf, broken.fault.offset as u64, Stage::Json, kind, &fault);
        }
        self.found.untold += extracted.more_faults;
        self.found.lossy |= extracted.more_faults > 0;
        if extracted.error_pages > 0 {
            self.error_page(leaf, &format!("an error answer instead of a log: {}", start(leaf)));
        }
        if extracted.unknown > 0 {
            self.no_log(
                leaf,
                ProblemKind::UnknownShape,
                &format!("{} JSON documents that show no sign of a log", extracted.unknown),
            );
        }
    }

    fn error_page(&mut self, leaf: &Leaf<'_>, fault: &str) -> FileOutcome {
        self.found.error_pages += 1;
        self.no_log(leaf, ProblemKind::HttpError, fault);
        FileOutcome::ErrorPage
    }

    fn no_log(&mut self, leaf: &Leaf<'_>, kind: ProblemKind, fault: &str) {
        self.found.others += 1;
        self.problem(leaf, 0, Stage::Model, kind, fault);
    }

    fn problem(
        &mut self,
        leaf: &Leaf<'_>,
        offset: u64,
        stage: Stage,
        kind: ProblemKind,
        fault: &str,
    ) {
        if self.found.problems.len() >= self.setting.limits.problems as usize {
            self.found.untold += 1;
            return;
        }
        self.found.problems.push(Problem::new(leaf.member, offset, stage, kind, fault));
    }

    fn exchange(&mut self, x: &Exchange<'_>, member: Option<&str>, name: Option<&NameLink>) {
        if self.setting.stopped() {
            return;
        }
        let linked = link::exchange(&self.setting.survey.listing, x, name);
        if self.records == 0 {
            self.linked = Some(FileLink {
                log_id: linked.log_id.map(str::to_owned),
                run_id: linked.run_id.map(str::to_owned),
                by: linked.by,
            });
        }
        let verdict = last_word(x, &linked);
        let listed = [ErrorText {
            code: None,
            field: None,
            message: "the listing says that the log failed",
            source: ErrorSource::Listing,
            key: None,
            cut: false,
        }];
        let own = verdict.1 != Some(Evidence::Listing);
        let errors = if own { x.errors } else { &listed };
        self.rows.outcomes[verdict.0 as usize] += 1;
        let exchange = self.rows.exchange_count() - 1;
        let mut endpoint = std::mem::take(&mut self.text.endpoint);
        self.text.endpoints.of(x.method, x.url.unwrap_or("")).clone_into(&mut endpoint);
        self.errors(x, errors, &endpoint, &linked, verdict.0, exchange);
        self.row(x, member, &linked, &endpoint, verdict);
        self.text.endpoint = endpoint;
        self.records += 1;
    }

    /// Writes the rows of the errors, and counts the exchange.
    fn errors(
        &mut self,
        x: &Exchange<'_>,
        errors: &[ErrorText<'_>],
        endpoint: &str,
        linked: &Linked<'_>,
        outcome: Outcome,
        exchange: u64,
    ) {
        let mut seen = Vec::with_capacity(errors.len());
        for error in errors {
            let what = ErrorRef {
                code: error.code,
                field: error.field,
                message: error.message,
                status: x.status,
                cut: error.cut,
            };
            let skeleton = self.skeletons.add(what);
            let class = classify(&what);
            let raised = error.source == ErrorSource::Exception;
            let side = side(&what, class, &Circumstances { step: linked.step, url: x.url, raised });
            let key = error.key.or(x.key);
            let batch = self.rows.errors.get_or_insert_with(|| Batch::new(&tables::ERRORS));
            self.text.hex.clear();
            push_hex(skeleton.0.to_be_bytes(), &mut self.text.hex);
            batch
                .row()
                .u64(None)
                .u64(Some(exchange))
                .text(Some(self.name))
                .u32(Some(self.records))
                .text(Some(&self.text.hex))
                .text(Some(class.name()))
                .text(error.code)
                .text(error.field)
                .text(Some(error.message))
                .text(Some(error.source.name()))
                .text(key.map(|key| key.kind.name()))
                .text(key.map(|key| key.value))
                .text(side.map(grouping::Side::name));
            seen.push(SeenError {
                skeleton,
                class,
                side,
                retryable: retryable(class, x.status),
                key,
                message: error.message,
            });
        }
        let body = |body: Option<Body<'_>>| {
            body.map(|body| SeenBody {
                digest: body.digest,
                bytes: body.text.len() as u64,
                shape: body.shape,
                kind: body.kind,
            })
        };
        let counted = Seen {
            place: Place { file: self.number, record: self.records },
            exchange: x,
            run_id: linked.run_id,
            flow: linked.flow,
            step: linked.step,
            log_id: linked.log_id,
            endpoint,
            outcome,
            request: body(x.request),
            response: body(x.response),
            errors: &seen,
        };
        self.accumulator.add(&counted, &mut |side| {
            let body = if side == Side::Request { &x.request } else { &x.response };
            body.as_ref().map(model::body::paths).unwrap_or_default()
        });
    }

    fn row(
        &mut self,
        x: &Exchange<'_>,
        member: Option<&str>,
        linked: &Linked<'_>,
        endpoint: &str,
        (outcome, evidence): (Outcome, Option<Evidence>),
    ) {
        let keep = match self.setting.bodies {
            Bodies::All => true,
            Bodies::Failed => outcome == Outcome::Failed,
            Bodies::None => false,
        };
        let groups = &mut self.rows.exchanges;
        if groups.last().is_none_or(|batch| batch.bytes() >= ROW_GROUP_BYTES) {
            groups.push(self.spare.take().unwrap_or_else(|| Batch::new(&tables::EXCHANGES)));
        }
        let Some(batch) = groups.last_mut() else { return };
        let hex = &mut self.text.hex;
        let mut row = batch.row();
        row.u64(None)
            .text(Some(self.name))
            .text(member)
            .text(Some(x.pointer))
            .u32(Some(self.records))
            .text(linked.log_id)
            .text(linked.run_id)
            .text(linked.flow)
            .text(linked.step)
            .i64(x.row_num)
            .text(x.key.map(|key| key.kind.name()))
            .text(x.key.map(|key| key.value))
            .time(x.started_at.map(|at| at.0))
            .f64(x.duration_ms)
            .text(x.method)
            .text(x.url)
            .text(filled(endpoint))
            .u16(x.status)
            .text(Some(outcome.name()))
            .text(evidence.map(Evidence::name))
            .body(x.request.filter(|_| keep).map(body_cell))
            .body(x.response.filter(|_| keep).map(body_cell));
        for body in [x.request, x.response] {
            hex.clear();
            if let Some(body) = body {
                push_hex(body.digest.to_be_bytes(), hex);
            }
            row.text(body.map(|_| hex.as_str()));
        }
        row.bool(Some(x.response_truncated)).text(x.extra);
    }

    /// The row of the file. When the run is to stop, it tells nothing.
    fn row_of(
        self,
        bytes: u64,
        (digest, same): (Option<Digest>, bool),
        decoded: archive::Decoded,
    ) -> FileRow {
        if self.setting.stopped() {
            FileRow::copy(bytes, digest)
        } else {
            FileRow { bytes, digest, same, ..self.finish(decoded) }
        }
    }

    fn finish(self, decoded: archive::Decoded) -> FileRow {
        let Found {
            leaves,
            pages,
            documents,
            empty,
            error_pages,
            others,
            lossy,
            layers,
            mut members,
            problems,
            untold,
        } = self.found;
        members.add_archives(decoded.archives);
        members.add(FileOutcome::Rejected, decoded.unread);
        debug_assert_eq!(members.total(), u64::from(decoded.members), "a member has one outcome");
        // What only says how a text was written costs none of it. A member that is no log costs no log,
        // but a saved error answer stands where one should.
        let lost = lossy
            || error_pages > 0
            || decoded.problems.iter().any(|problem| problem.kind != ProblemKind::BadEncoding);
        let mut all = decoded.problems;
        let beyond =
            (all.len() + problems.len()).saturating_sub(self.setting.limits.problems as usize);
        let beyond = beyond.min(problems.len());
        all.extend(problems);
        if beyond > 0 || untold > 0 {
            all.truncate(all.len() - beyond);
            let fault = format!("{} more problems in this file", beyond as u64 + u64::from(untold));
            let kind = ProblemKind::TooManyProblems;
            all.push(Problem::new(None, 0, Stage::Model, kind, &fault));
        }
        let outcome = if self.records > 0 || pages > 0 {
            match (lost, self.records) {
                (true, _) => FileOutcome::Partial,
                (false, 0) => FileOutcome::Listing,
                (false, _) => FileOutcome::Decoded,
            }
        } else if error_pages > 0 {
            FileOutcome::ErrorPage
        } else if lost || others > 0 {
            FileOutcome::Rejected
        } else {
            debug_assert!(
                empty > 0 || leaves == 0,
                "a leaf is a page, a log, empty, an error page or no log"
            );
            FileOutcome::Empty
        };
        if let Some(link) = &self.linked
            && self.records == 0
            && pages == 0
        {
            self.accumulator.file_linked(link.log_id.as_deref(), link.run_id.as_deref(), None);
        }
        let linked = self.linked.filter(|link| link.log_id.is_some() || link.run_id.is_some());
        FileRow {
            outcome,
            bytes: 0,
            digest: None,
            same: false,
            layers: layers.unwrap_or(decoded.layers),
            members,
            documents,
            exchanges: self.records,
            decoded_bytes: decoded.bytes,
            problems: all,
            linked_by: linked.as_ref().and_then(|link| link.by),
            run_id: linked.as_ref().and_then(|link| link.run_id.clone()),
            log_id: linked.and_then(|link| link.log_id),
        }
    }
}

/// A body as a cell: its text, and a hash of it.
fn body_cell(body: Body<'_>) -> (&str, u64) {
    (body.text, body.digest as u64)
}

/// Appends bytes in hex. `format!` takes some 100 ns for each digest, of which every exchange has two.
fn push_hex<const BYTES: usize>(bytes: [u8; BYTES], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    out.push_str(std::str::from_utf8(digits.as_flattened()).unwrap_or_default());
}

/// Absent is null in the tables, never `""`.
fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// The verdict after the listing had its say, which is the weakest: a failed *line* log speaks of its
/// one row, a failed run or step of some row in it.
fn last_word(x: &Exchange<'_>, linked: &Linked<'_>) -> (Outcome, Option<Evidence>) {
    let failed = linked.log.is_some_and(|log| {
        log.entry.log_type == Some(LogType::Line) && log.entry.status == Some(Status::Failed)
    });
    let alone =
        || x.pointer.matches('/').count() <= 1 && !x.pointer.bytes().any(|b| b.is_ascii_digit());
    if x.outcome != Outcome::Failed && failed && alone() {
        return (Outcome::Failed, Some(Evidence::Listing));
    }
    (x.outcome, x.evidence)
}

/// Whether a text is an HTTP answer, head and all, that does not bring what was asked for.
fn is_refusal(text: &str) -> bool {
    let head = text.strip_prefix("HTTP/").unwrap_or_default();
    let status = head.split_ascii_whitespace().nth(1).and_then(|code| code.parse::<u16>().ok());
    status.is_some_and(|status| status >= 300)
}

/// The beginning of a leaf that is no log, for its problem.
fn start(leaf: &Leaf<'_>) -> String {
    leaf.text.trim().chars().take(120).collect()
}

/// What a saved page says of itself.
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
