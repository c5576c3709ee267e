//! Holds the decoder and the report against a manifest of odd and hostile inputs.
//!
//! A manifest is a list of rows: `file`, `layer` (`zip`: the container alone; `json`: the text alone;
//! `input`: a whole input; `vectors`: no input), `expect` (`decode`, `refuse`, `either`), `entries`
//! (name, size, SHA-256 of the content of a container), `json` (which entry is the log),
//! `entries_alt` (other readings that real readers give), `kind` (the class of the fault).
//!
//! What the decoder gives is compared by content: other readers write the names of members in other ways.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use archive::{Budget, Decoded, Decoder, Form, Leaf, Limits};
use grouping::{MaskedMessages, RULES_VERSION};
use model::extract::Extractor;
use pipeline::input::{self, Input};
use pipeline::problem::FileProblem;
use pipeline::run::{self, Options, Progress};
use pipeline::survey::Survey;
use pipeline::worker::{JobRows, KeepBodies, Setting, Worker};
use redact::Redactor;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tables::{Folder, Format, Formats, Metadata};

use crate::kinds::{EMPTY, fitting};
use crate::vectors;

/// What one file may take, decoded, and again as rows of a report.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The verdict on a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// It had to decode and did.
    Decoded,
    /// It had to be refused and was.
    Refused,
    /// Both were right.
    EitherDecoded,
    /// Both were right.
    EitherRefused,
    /// Neither, or the bytes are wrong.
    Wrong,
}

impl Verdict {
    /// All, in the order of the table.
    pub(crate) const ALL: [Self; 5] =
        [Self::Decoded, Self::Refused, Self::EitherDecoded, Self::EitherRefused, Self::Wrong];

    /// Its name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Decoded => "decoded",
            Self::Refused => "refused",
            Self::EitherDecoded => "either, decoded",
            Self::EitherRefused => "either, refused",
            Self::Wrong => "wrong",
        }
    }
}

/// All rows, judged.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// Rows by layer and verdict.
    pub(crate) counts: BTreeMap<(String, Verdict), u32>,
    /// What is wrong: file, expectation, what happened.
    pub(crate) wrong: Vec<String>,
    /// The file that took longest, and how long.
    pub(crate) slowest: (String, Duration),
}

/// One leaf, as far as it is judged.
struct Seen {
    layers: String,
    digest: String,
    form: Form,
    whole: bool,
}

impl Seen {
    fn of(leaf: &Leaf<'_>) -> Self {
        Self {
            layers: leaf.layers.to_owned(),
            digest: sha256(leaf.raw),
            form: leaf.form,
            whole: leaf.whole,
        }
    }

    /// Whether more was taken off than the outermost archive, whose members the manifest lists.
    fn is_inside_a_member(&self) -> bool {
        self.layers.split('>').skip_while(|layer| *layer != "zip").count() > 1
    }
}

fn sha256(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(u32::from(digit), 16);
    let digest = Sha256::digest(bytes);
    digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(digit).collect()
}

/// What the report says of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reported {
    pub(crate) outcome: String,
    members: u64,
    digest: String,
    /// Kind and message of each problem.
    problems: Vec<(String, String)>,
}

impl Reported {
    /// Whether no whole log was read, and a problem of a kind that fits the row gives the reason.
    pub(crate) fn refuses(&self, row: &Value) -> Result<(), String> {
        match self.outcome.as_str() {
            "rejected" | "error_page" | "partial" | "empty" => self.gives_a_reason(row),
            other => Err(format!("it is not refused, but {other}")),
        }
    }

    /// Whether a problem of the file has a fitting kind and a message.
    fn gives_a_reason(&self, row: &Value) -> Result<(), String> {
        let reported = self.problems.iter().filter(|(_, message)| !message.trim().is_empty());
        let mut reported: Vec<&str> = reported.map(|(kind, _)| kind.as_str()).collect();
        if self.outcome == EMPTY {
            reported.push(EMPTY);
        }
        if reported.is_empty() {
            return Err("nothing says why".to_owned());
        }
        let class = row["kind"].as_str().unwrap_or_default();
        match fitting(class) {
            Some(lists)
                if !reported.iter().any(|kind| lists.iter().any(|list| list.contains(kind))) =>
            {
                Err(format!("no problem fits the class {class}: {reported:?}"))
            }
            _ => Ok(()),
        }
    }

    fn reports_one_of(&self, kinds: &[&str]) -> bool {
        self.problems.iter().any(|(kind, _)| kinds.contains(&kind.as_str()))
    }
}

/// Judges every row of `dir/manifest.json`. Reports are made in `scratch`.
///
/// # Errors
/// When the manifest or a file of it cannot be read, or no report can be written.
pub(crate) fn judge(dir: &Path, scratch: &Path) -> Result<Judged, Box<dyn std::error::Error>> {
    let manifest = dir.join("manifest.json");
    let manifest = fs::read(&manifest).map_err(|e| format!("{}: {e}", manifest.display()))?;
    let manifest: Vec<Value> = serde_json::from_slice(&manifest)?;
    let batch = scratch.join("batch");
    report(dir, &batch)?;
    let batch = read_back(&batch)?;
    let mut decoder = Decoder::new(Limits::default());
    let mut judged = Judged::default();
    for row in &manifest {
        let file = row["file"].as_str().unwrap_or_default();
        let layer = row["layer"].as_str().unwrap_or_default();
        let bytes = fs::read(dir.join(file)).map_err(|e| format!("{file}: {e}"))?;
        if row["sha256"].as_str().is_some_and(|digest| digest != sha256(&bytes)) {
            return Err(format!("{file}: not the file of the manifest").into());
        }
        let reported =
            batch.get(file).ok_or_else(|| format!("{file}: the report does not list it"))?;

        let start = Instant::now();
        let mut leaves = Vec::new();
        let decoded = decoder.decode(&bytes, &mut |leaf| leaves.push(Seen::of(&leaf)));
        let mut took = start.elapsed();
        let start = Instant::now();
        let alone = alone(bytes.clone())?;
        took = took.max(start.elapsed());
        if took > judged.slowest.1 {
            judged.slowest = (file.to_owned(), took);
        }

        let verdict = match layer {
            "vectors" => vectors::compare(&String::from_utf8_lossy(&bytes), &mut decoder)
                .map(|()| Verdict::EitherDecoded),
            _ => verdict(row, &leaves, &decoded, reported),
        };
        let mut long = reported
            .problems
            .iter()
            .any(|(_, message)| message.len() >= 400 || message.contains(char::is_control));
        decoder.peek(&bytes, 4096, &mut |text| long |= text.len() > 4096);
        let verdict = match verdict {
            Ok(_) if took > PATIENCE => Err(format!("took {took:?}")),
            Ok(_) if long => Err("a message or a peek is longer than it may be".to_owned()),
            Ok(_) if alone != *reported => {
                Err(format!("among others it is something else than alone, {:?}", alone.outcome))
            }
            other => other,
        };
        let verdict = verdict.unwrap_or_else(|fault| {
            let first = reported.problems.first().map_or("none", |(_, message)| message);
            judged.wrong.push(format!(
                "{file}: {layer}, {}: {fault}; outcome {:?}, {} problems, first: {first}",
                row["expect"].as_str().unwrap_or_default(),
                reported.outcome,
                reported.problems.len(),
            ));
            Verdict::Wrong
        });
        *judged.counts.entry((layer.to_owned(), verdict)).or_default() += 1;
    }
    Ok(judged)
}

/// Makes the report of a folder, in JSON lines.
fn report(of: &Path, out: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let found = input::find(&[of.to_str().ok_or("the path is no text")?.to_owned()])?;
    let metadata = Metadata { rules_version: RULES_VERSION, redaction: "none" };
    let folder = Folder::create(out, false, Formats::new([Format::Json]), &metadata)?;
    let (options, progress) = (Options::default(), Progress::default());
    let never = AtomicBool::new(false);
    run::report(&found.inputs, &found.unread, folder, &options, &progress, &never)?;
    Ok(())
}

/// Makes the rows of one file as a report has them, and encodes them, but writes nothing. Returns what they say of
/// the file.
fn alone(bytes: Vec<u8>) -> Result<Reported, Box<dyn std::error::Error>> {
    let (limits, survey, stop) = (Limits::default(), Survey::default(), AtomicBool::new(false));
    let budget = Budget::new(limits.in_flight_bytes, 1);
    let setting =
        Setting { limits, budget: &budget, bodies: KeepBodies::All, survey: &survey, stop: &stop };
    let input = Input::Memory { name: "alone".to_owned(), bytes };
    let extractor = Extractor::new(1 << 20, limits.json_depth as usize);
    let mut worker = Worker::new(&limits, extractor, MaskedMessages::default(), &Redactor::none());
    let (formats, mut rows) = (Formats::default(), JobRows::default());
    let file = worker.file(&input, 0, &setting, &formats, &mut rows);
    worker.end_job(&formats, &mut rows);
    if let Some(error) = rows.failed {
        return Err(error.into());
    }
    let reported = |problem: &FileProblem| (problem.kind.to_owned(), problem.message.clone());
    Ok(Reported {
        outcome: file.outcome.name().to_owned(),
        members: file.members.total(),
        problems: file.problems.iter().map(reported).collect(),
        digest: file.digest.map(|digest| digest.to_string()).unwrap_or_default(),
    })
}

/// What the report in `out`, which has JSON lines, says of each file. A copy gets what is said of the first file with
/// its bytes.
///
/// # Errors
/// When a table cannot be read.
pub(crate) fn read_back(
    out: &Path,
) -> Result<HashMap<String, Reported>, Box<dyn std::error::Error>> {
    let rows = |table: &str| -> Result<Vec<Value>, Box<dyn std::error::Error>> {
        let text = fs::read_to_string(out.join(table))?;
        Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    };
    let text = |row: &Value, column: &str| row[column].as_str().unwrap_or_default().to_owned();
    let mut problems: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for row in rows("problems.jsonl")? {
        let of = problems.entry(text(&row, "file")).or_default();
        of.push((text(&row, "kind"), text(&row, "message")));
    }
    let mut files = HashMap::new();
    let mut first: HashMap<String, Reported> = HashMap::new();
    for row in rows("files.jsonl")? {
        let file = text(&row, "file");
        let mut reported = Reported {
            outcome: text(&row, "outcome"),
            members: row["members"].as_u64().unwrap_or_default(),
            digest: text(&row, "digest"),
            problems: problems.remove(&file).unwrap_or_default(),
        };
        if reported.outcome == "duplicate" {
            reported = first.get(&reported.digest).cloned().unwrap_or(reported);
        } else {
            first.insert(reported.digest.clone(), reported.clone());
        }
        files.insert(file, reported);
    }
    Ok(files)
}

/// A verdict by what a row expects, or what is wrong.
fn verdict(
    row: &Value,
    leaves: &[Seen],
    decoded: &Decoded,
    reported: &Reported,
) -> Result<Verdict, String> {
    wrong_bytes(row, leaves)?;
    let layer = row["layer"].as_str().unwrap_or_default();
    let complete = complete(row, leaves, decoded);
    match row["expect"].as_str().unwrap_or_default() {
        "decode" if layer == "json" => {
            // Any value counts, so a report may find no log in it, but not that it is no JSON.
            let broken = reported.outcome == "partial"
                || reported.reports_one_of(&["bad_json", "truncated", "too_deep"]);
            if broken || !decoded.problems.is_empty() || !one_json(leaves) {
                return Err("a sound text is not read as one".to_owned());
            }
            Ok(Verdict::Decoded)
        }
        "decode" => {
            complete?;
            // A report has to know of every member, whether it is a log or not.
            let entries = row["entries"].as_array().map_or(0, |entries| files(entries).count());
            if layer == "zip" && reported.members < entries as u64 {
                return Err(format!(
                    "{} members in the report, {entries} are there",
                    reported.members
                ));
            }
            Ok(Verdict::Decoded)
        }
        "refuse" => reported.refuses(row).map(|()| Verdict::Refused),
        "either" => {
            // Only the container counts here: most of its members are no logs, and the report says so.
            let sound = decoded.problems.is_empty() && (layer != "json" || one_json(leaves));
            match complete {
                Ok(()) if sound => Ok(Verdict::EitherDecoded),
                _ => reported.gives_a_reason(row).map(|()| Verdict::EitherRefused),
            }
        }
        other => Err(format!("an unknown expectation {other:?}")),
    }
}

fn one_json(leaves: &[Seen]) -> bool {
    matches!(leaves, [leaf] if leaf.whole && matches!(leaf.form, Form::Json))
}

/// The readings that a row allows: its entries, and what other readers make of the archive.
fn readings(row: &Value) -> impl Iterator<Item = &Vec<Value>> {
    let alternatives = row["entries_alt"].as_array().into_iter().flatten();
    row["entries"].as_array().into_iter().chain(alternatives.filter_map(Value::as_array))
}

/// The entries of a reading that are no folders.
fn files(entries: &[Value]) -> impl Iterator<Item = &Value> {
    let is_folder = |entry: &Value| {
        let name = entry["name"].as_str().unwrap_or_default();
        name.ends_with('/') || (name.ends_with('\\') && entry["size"] == 0)
    };
    entries.iter().filter(move |entry| !is_folder(entry))
}

/// Whether all entries of one of the readings were decoded, each as often as the reading lists it, as a leaf or as an
/// archive with leaves.
fn complete(row: &Value, leaves: &[Seen], decoded: &Decoded) -> Result<(), String> {
    let mut fault = Ok(());
    for (n, entries) in readings(row).enumerate() {
        let log_alone = n == 0 && row["layer"] == "input" && !row["json"].is_null();
        let mut given: Vec<&str> =
            leaves.iter().filter(|leaf| leaf.whole).map(|leaf| leaf.digest.as_str()).collect();
        let mut missing = Vec::new();
        for entry in files(entries).filter(|entry| !log_alone || entry["name"] == row["json"]) {
            match given.iter().position(|digest| Some(*digest) == entry["sha256"].as_str()) {
                Some(place) => drop(given.swap_remove(place)),
                None => missing.push(&entry["name"]),
            }
        }
        // Each layer in a member stands for one entry.
        let opened = leaves.iter().filter(|leaf| leaf.whole && leaf.is_inside_a_member()).count();
        if missing.len() <= opened + decoded.archives as usize {
            return Ok(());
        }
        fault = Err(format!("entries are missing or have other bytes: {missing:?}"));
    }
    fault
}

/// What is given as whole has the bytes of an entry, or of the file itself where nothing was taken off, or it
/// comes out of an entry that was taken apart.
fn wrong_bytes(row: &Value, leaves: &[Seen]) -> Result<(), String> {
    let known: Vec<&str> =
        readings(row).flatten().filter_map(|entry| entry["sha256"].as_str()).collect();
    let is_given = |digest: &&&str| leaves.iter().any(|leaf| leaf.digest == **digest);
    let taken_apart = known.iter().filter(|digest| !is_given(digest)).count();
    for leaf in leaves.iter().filter(|leaf| leaf.whole) {
        let wrong = if leaf.layers.is_empty() {
            row["sha256"].as_str().is_some_and(|digest| digest != leaf.digest)
        } else if leaf.is_inside_a_member() {
            !known.is_empty() && taken_apart == 0
        } else {
            !known.is_empty() && !known.contains(&leaf.digest.as_str())
        };
        if wrong {
            return Err(format!("a leaf ({}) has bytes that are not the manifest's", leaf.layers));
        }
    }
    Ok(())
}

/// The most memory that this process had, in bytes; None where the system does not say.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib << 10)
}
