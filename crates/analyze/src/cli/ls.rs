//! `analyze ls`: what each file holds.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use archive::{Budget, Decoder, Form, Leaf, map_ordered};
use clap::Args;
use grouping::MaskedMessages;
use model::extract::Extractor;
use model::listing;
use pipeline::input::{FoundInputs, Input};
use pipeline::outcome::{FileFacts, FileOutcome};
use pipeline::survey::{Survey, survey};
use pipeline::worker::{JobRows, KeepBodies, Setting, Worker};
use pipeline::{roles, run};
use redact::Redactor;
use serde::Serialize;
use tables::MemoryEncoder;

use super::Exit;
use super::figures::{bytes, count};
use super::how;
use super::inputs::InputArgs;
use super::limits::LimitArgs;
use super::table::{Align, ColumnHeads, TextTable};
use super::terminal::{say, width, write_json};

/// What is in these files? Shows what each of them holds, writing nothing
///
/// One line for each file: its outcome, what it holds, its size on disk and as text, its numbers of members,
/// documents, exchanges and problems, its layers, and the log and run it belongs to.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LsCommand {
    #[command(flatten)]
    inputs: InputArgs,
    /// Shows the members of archives too, each on a line below its file
    #[arg(short = 'l', long = "members", id = "show_members")]
    members: bool,
    /// JSON lines instead of a table
    #[arg(long)]
    json: bool,
    /// Shows how the records of the files are read instead: for each distinct shape which field took which role, why,
    /// and what was left over
    #[arg(long, conflicts_with_all = ["show_members", "json"])]
    how: bool,
    /// Roles of your own for fields, in TOML: names and paths of fields, values that mean failure (docs/input.md)
    #[arg(long, value_name = "FILE")]
    roles: Option<PathBuf>,
    /// Worker threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    #[command(flatten)]
    limits: LimitArgs,
}

const EXAMPLES: &str = "\
Examples:
  analyze ls dump
  analyze ls dump/week.zip --members
  analyze ls dump/90123.txt --how
  analyze ls dump --json | jq -r 'select(.outcome == \"rejected\") | .file'

OUTCOME: decoded, partial (some of it could be read), listing (a page of GET /logs), empty, duplicate (the \
same bytes as an earlier file), rejected (nothing could be read), error_page (a saved error answer).
Exit codes: 0 done, 1 no log found, 2 not done.";

/// What one file holds.
#[derive(Debug, Serialize)]
struct FileLine {
    file: String,
    outcome: &'static str,
    shape: &'static str,
    bytes: u64,
    decoded_bytes: u64,
    members: u32,
    documents: u32,
    exchanges: u32,
    problems: usize,
    /// Its first problem.
    problem: Option<String>,
    layers: String,
    log_id: Option<String>,
    run_id: Option<String>,
    linked_by: Option<&'static str>,
    /// The file that it is a copy of.
    copy_of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contents: Option<Vec<MemberLine>>,
}

/// What one member of an archive holds.
#[derive(Debug, Serialize)]
struct MemberLine {
    member: String,
    shape: &'static str,
    packed_bytes: u64,
    decoded_bytes: u64,
    documents: u32,
    exchanges: u32,
    layers: String,
    whole: bool,
}

const COLUMNS: ColumnHeads = &[
    ("OUTCOME", Align::Left),
    ("SHAPE", Align::Left),
    ("SIZE", Align::Right),
    ("TEXT", Align::Right),
    ("RATIO", Align::Right),
    ("MEMBERS", Align::Right),
    ("DOCUMENTS", Align::Right),
    ("REQUESTS", Align::Right),
    ("PROBLEMS", Align::Right),
    ("LAYERS", Align::Left),
    ("LOG", Align::Left),
    ("RUN", Align::Left),
    ("FILE", Align::Address),
    ("COPY OF", Align::Address),
];

/// What a narrow terminal does not show, the first first.
const SPARE: [&str; 11] = [
    "RUN",
    "LOG",
    "COPY OF",
    "RATIO",
    "MEMBERS",
    "DOCUMENTS",
    "TEXT",
    "SHAPE",
    "LAYERS",
    "SIZE",
    "PROBLEMS",
];

impl LsCommand {
    /// Prints the lines; places that cannot be read are reported on stderr.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let limits = self.limits.limits();
        let roles = self.roles.as_deref().map(roles::read).transpose()?.unwrap_or_default();
        let threads = self.threads.map_or(0, usize::from);
        let FoundInputs { inputs, unread } = self.inputs.find(&limits, threads)?;
        for place in &unread {
            say(&format!("{}: {}", place.name, place.problem));
        }
        let pool = run::pool(threads)?;
        // A signal ends the program at once: there is nothing to clean up.
        let stop = AtomicBool::new(false);
        let budget = Budget::new(limits.in_flight_bytes, pool.current_num_threads());
        let extractor =
            Extractor::new(1 << 20, limits.json_depth as usize).with_roles(Arc::new(roles));
        if self.how {
            let mut out = BufWriter::new(io::stdout().lock());
            let found = how::print(&inputs, &limits, &budget, extractor, &mut out)?;
            out.flush()?;
            return Ok(if found { Exit::Done } else { nothing() });
        }
        let survey = survey(&pool, &inputs, &limits, &budget, &stop).unwrap_or_default();
        let setting = Setting {
            limits,
            budget: &budget,
            bodies: KeepBodies::None,
            survey: &survey,
            stop: &stop,
        };
        let lookers: Vec<Mutex<Looker>> = (0..pool.current_num_threads())
            .map(|_| {
                Mutex::new(Looker {
                    worker: Worker::new(
                        &limits,
                        extractor.fork(),
                        MaskedMessages::default(),
                        // No row is shown.
                        &Redactor::none(),
                    ),
                    decoder: Decoder::new(limits),
                    extractor: extractor.fork(),
                })
            })
            .collect();
        let work = |n: usize| {
            let looker = &lookers[rayon::current_thread_index().unwrap_or(0)];
            let mut looker = looker.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            looker.look(&inputs, n, &setting, &survey, self.members)
        };
        let mut out = BufWriter::new(io::stdout().lock());
        let mut table = TextTable::new(COLUMNS).without_room(&SPARE);
        let mut logs = false;
        let sink = |_: usize, line: FileLine| {
            logs |= line.exchanges > 0 || line.shape == "listing";
            if self.json {
                return write_json(&mut out, &line);
            }
            add(&mut table, &line);
            Ok(())
        };
        map_ordered(&pool, inputs.len(), 4 * lookers.len(), &stop, work, sink)?;
        if !table.is_empty() {
            for line in table.lines(io::stdout().is_terminal().then(width)) {
                writeln!(out, "{line}")?;
            }
        }
        out.flush()?;
        if logs {
            return Ok(Exit::Done);
        }
        Ok(nothing())
    }
}

fn nothing() -> Exit {
    say("error: no log was found in the input");
    Exit::Nothing
}

fn add(table: &mut TextTable, line: &FileLine) {
    let number = |n: u32| if n == 0 { "-".to_owned() } else { count(n) };
    table.row([
        line.outcome.to_owned(),
        line.shape.to_owned(),
        bytes(line.bytes),
        bytes(line.decoded_bytes),
        ratio(line.decoded_bytes, line.bytes),
        number(line.members),
        number(line.documents),
        number(line.exchanges),
        if line.problems == 0 { "-".to_owned() } else { count(line.problems as u64) },
        line.layers.clone(),
        line.log_id.clone().unwrap_or_default(),
        line.run_id.clone().unwrap_or_default(),
        line.file.clone(),
        line.copy_of.clone().unwrap_or_default(),
    ]);
    for member in line.contents.iter().flatten() {
        table.row([
            if member.whole { "" } else { "  cut" }.to_owned(),
            format!("  {}", member.shape),
            bytes(member.packed_bytes),
            bytes(member.decoded_bytes),
            ratio(member.decoded_bytes, member.packed_bytes),
            String::new(),
            number(member.documents),
            number(member.exchanges),
            String::new(),
            format!("  {}", member.layers),
            String::new(),
            String::new(),
            format!("  {}", member.member),
        ]);
    }
}

/// The size of the text divided by that on disk.
fn ratio(text: u64, disk: u64) -> String {
    if disk == 0 { String::new() } else { format!("{:.1}", text as f64 / disk as f64) }
}

/// The state of one worker.
struct Looker {
    worker: Worker,
    decoder: Decoder,
    extractor: Extractor,
}

impl Looker {
    fn look(
        &mut self,
        inputs: &[Input],
        number: usize,
        setting: &Setting<'_>,
        survey: &Survey,
        members: bool,
    ) -> FileLine {
        let input = &inputs[number];
        // Only the outcome and the counts are shown; the rows are dropped.
        let mut rows = JobRows::default();
        let mut facts = self.worker.file(input, number as u32, setting, &MemoryEncoder, &mut rows);
        self.worker.end_job(&MemoryEncoder, &mut rows);
        let shape = shape(&facts);
        let mut copy_of = facts.copied.first().copied();
        if let Some(original) = survey.copy_of.get(number).copied().flatten() {
            facts.outcome = FileOutcome::Duplicate;
            copy_of = Some(original);
        }
        let contents =
            (members && facts.members.total() > 0).then(|| self.members(input, number, setting));
        FileLine {
            file: input.name().to_owned(),
            outcome: facts.outcome.name(),
            shape,
            bytes: facts.bytes,
            decoded_bytes: facts.decoded_bytes,
            members: facts.members.total() as u32,
            documents: facts.documents,
            exchanges: facts.exchanges,
            problems: facts.problems.len(),
            problem: facts.problems.first().map(ToString::to_string),
            layers: facts.layers,
            log_id: facts.log_id,
            run_id: facts.run_id,
            linked_by: facts.linked_by.map(pipeline::link::LinkedBy::name),
            copy_of: copy_of.map(|of| inputs[of as usize].name().to_owned()),
            contents,
        }
    }

    /// Looks at each member by itself. The file is read again for that.
    fn members(&mut self, input: &Input, number: usize, setting: &Setting<'_>) -> Vec<MemberLine> {
        let Self { decoder, extractor, .. } = self;
        let mut buffer = Vec::new();
        let mut lines = Vec::new();
        let share = setting.budget.share(number as u64);
        if let Ok(payload) = input.read(&setting.limits, &share, &mut buffer) {
            let sink = &mut |leaf: Leaf<'_>| lines.push(member(&leaf, extractor));
            decoder.decode_within(&share, payload, sink);
        }
        lines
    }
}

fn member(leaf: &Leaf<'_>, extractor: &mut Extractor) -> MemberLine {
    let (mut documents, mut exchanges) = (0, 0);
    let shape = match leaf.form {
        Form::Blank => "empty",
        Form::Markup => "error page",
        Form::Text | Form::Binary => "unknown",
        Form::Json if listing::may_be_listing(leaf.text) && listing::parse(leaf.text).is_some() => {
            documents = 1;
            "listing"
        }
        Form::Json => {
            let found = extractor.extract(leaf.text, true, &mut |_| {});
            (documents, exchanges) = (found.documents, found.exchanges);
            match found {
                _ if exchanges > 0 => "exchanges",
                _ if found.error_pages > 0 => "error page",
                _ if found.unknown > 0 || !found.faults.is_empty() => "unknown",
                _ => "empty",
            }
        }
    };
    MemberLine {
        member: leaf.member.unwrap_or_default().to_owned(),
        shape,
        packed_bytes: leaf.packed,
        decoded_bytes: leaf.bytes,
        documents,
        exchanges,
        layers: leaf.layers.to_owned(),
        whole: leaf.whole,
    }
}

/// What a file is, in a word.
fn shape(facts: &FileFacts) -> &'static str {
    match facts.outcome {
        _ if facts.exchanges > 0 => "exchanges",
        // Partly read, and without exchanges: listing pages.
        FileOutcome::Listing | FileOutcome::Partial => "listing",
        FileOutcome::Empty => "empty",
        FileOutcome::ErrorPage => "error page",
        FileOutcome::Decoded | FileOutcome::Duplicate | FileOutcome::Rejected => "unknown",
    }
}
