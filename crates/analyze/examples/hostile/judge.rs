//! Holds the decoder and the report against a manifest of odd and hostile inputs.
//!
//! A manifest is a list of rows: `file`, `layer` (`zip`: the container alone; `json`: the text alone;
//! `input`: a whole input; `vectors`: no input), `expect` (`decode`, `refuse`, `either`), `entries`
//! (name, size, SHA-256 of what stands in a container), `json` (which entry is the log),
//! `entries_alt` (other readings that real readers give).

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use analyze::input::Input;
use analyze::report::{Format, Formats};
use analyze::run::{self, Options, Progress};
use archive::{Decoded, Decoder, Form, Leaf, Limits};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What one file may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// What became of a row.
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
    /// Neither was done, or the bytes are wrong.
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
    member: Option<String>,
    layers: String,
    bytes: u64,
    /// None for a leaf whose bytes are not its text.
    digest: Option<String>,
    form: Form,
    whole: bool,
}

impl Seen {
    fn of(leaf: &Leaf<'_>) -> Self {
        // A byte order mark is not part of the text; digests of such files cannot be compared.
        let comparable = !leaf.reencoded && leaf.text.len() as u64 == leaf.bytes;
        Self {
            member: leaf.member.map(str::to_owned),
            layers: leaf.layers.to_owned(),
            bytes: leaf.bytes,
            digest: comparable.then(|| hex(&Sha256::digest(leaf.text))),
            form: leaf.form,
            whole: leaf.whole,
        }
    }

    fn is(&self, entry: &Value) -> bool {
        self.whole
            && Some(self.bytes) == entry["size"].as_u64()
            && self.digest.as_deref().is_none_or(|digest| Some(digest) == entry["sha256"].as_str())
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(u32::from(digit), 16);
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(digit).collect()
}

/// What the report says of a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reported {
    pub(crate) outcome: String,
    pub(crate) problems: u64,
    /// Kind of the first problem; empty when there is none.
    problem: String,
    digest: String,
}

impl Reported {
    /// Whether nothing was taken for a whole log, and something says why.
    pub(crate) fn kept_out(&self) -> bool {
        match self.outcome.as_str() {
            "rejected" | "error_page" | "partial" => self.problems > 0,
            "empty" => true,
            _ => false,
        }
    }
}

/// Judges every row of `dir/manifest.json`.
///
/// # Errors
/// When the manifest or a file of it cannot be read, or no report can be written to `out`.
pub(crate) fn judge(dir: &Path, out: &Path) -> Result<Judged, Box<dyn std::error::Error>> {
    let manifest = dir.join("manifest.json");
    let manifest = fs::read(&manifest).map_err(|e| format!("{}: {e}", manifest.display()))?;
    let manifest: Vec<Value> = serde_json::from_slice(&manifest)?;
    let reported = report(dir, &manifest, out)?;
    let mut decoder = Decoder::new(Limits::default());
    let mut judged = Judged::default();
    for row in &manifest {
        let file = row["file"].as_str().unwrap_or_default();
        let layer = row["layer"].as_str().unwrap_or_default();
        let bytes = fs::read(dir.join(file)).map_err(|e| format!("{file}: {e}"))?;
        let start = Instant::now();
        let mut leaves = Vec::new();
        let decoded = decoder.decode(&bytes, &mut |leaf| leaves.push(Seen::of(&leaf)));
        let took = start.elapsed();
        let mut long = decoded.problems.iter().any(|problem| {
            problem.message.len() >= 400 || problem.message.contains(char::is_control)
        });
        decoder.peek(&bytes, 4096, &mut |text| long |= text.len() > 4096);
        if took > judged.slowest.1 {
            judged.slowest = (file.to_owned(), took);
        }
        let told = reported.get(file).cloned().unwrap_or_default();
        let verdict = match layer {
            "vectors" => vectors(&bytes, &mut decoder),
            _ => verdict(row, &leaves, &decoded, &told),
        };
        let verdict = match verdict {
            Ok(_) if took > PATIENCE => Err(format!("took {took:?}")),
            Ok(_) if long => Err("a message or a peek is longer than it may be".to_owned()),
            other => other,
        };
        let verdict = verdict.unwrap_or_else(|fault| {
            let first = decoded.problems.first().map_or("none", |problem| &problem.message);
            judged.wrong.push(format!(
                "{file}: {layer}, {}: {fault}; outcome {:?}, {} problems, first: {first}",
                row["expect"].as_str().unwrap_or_default(),
                told.outcome,
                told.problems,
            ));
            Verdict::Wrong
        });
        *judged.counts.entry((layer.to_owned(), verdict)).or_default() += 1;
    }
    Ok(judged)
}

/// Runs the report over all files in one batch and reads back what it says of each.
fn report(
    dir: &Path,
    manifest: &[Value],
    out: &Path,
) -> Result<HashMap<String, Reported>, Box<dyn std::error::Error>> {
    let root = dir.to_str().ok_or("the folder's name is no text")?;
    let found = archive::discover(&[root.to_owned()])?;
    let inputs: Vec<_> = found.sources.into_iter().map(Input::File).collect();
    let options = Options { formats: Formats::new([Format::Json]), ..Options::default() };
    let never = AtomicBool::new(false);
    run::report(&inputs, &found.unread, out, &options, &Progress::default(), &never)?;
    let files = read_back(out)?;
    for row in manifest {
        let file = row["file"].as_str().unwrap_or_default();
        if !files.contains_key(file) {
            return Err(format!("{file}: the report does not list it").into());
        }
    }
    Ok(files)
}

/// What the report in `out`, which has JSON lines, says of each file. A copy is told as the first file
/// with its bytes.
///
/// # Errors
/// When the table cannot be read.
pub(crate) fn read_back(
    out: &Path,
) -> Result<HashMap<String, Reported>, Box<dyn std::error::Error>> {
    let mut files = HashMap::new();
    let mut first: HashMap<String, Reported> = HashMap::new();
    for line in fs::read_to_string(out.join("files.jsonl"))?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let text = |column: &str| row[column].as_str().unwrap_or_default().to_owned();
        let mut told = Reported {
            outcome: text("outcome"),
            problems: row["problems"].as_u64().unwrap_or_default(),
            problem: text("problem"),
            digest: text("digest"),
        };
        if told.outcome == "duplicate" {
            told = first.get(&told.digest).cloned().unwrap_or(told);
        } else {
            first.insert(told.digest.clone(), told.clone());
        }
        files.insert(text("file"), told);
    }
    Ok(files)
}

/// A verdict by what a row expects, or what is wrong.
fn verdict(
    row: &Value,
    leaves: &[Seen],
    decoded: &Decoded,
    told: &Reported,
) -> Result<Verdict, String> {
    let layer = row["layer"].as_str().unwrap_or_default();
    let whole = complete(row, leaves, decoded);
    wrong_bytes(row, leaves)?;
    // A container speaks for itself; of its members most are no logs, which the report says too.
    let sound = match layer {
        "zip" | "input" => decoded.problems.is_empty(),
        _ => decoded.problems.is_empty() && one_json(leaves),
    };
    let kept_out = told.kept_out();
    match row["expect"].as_str().unwrap_or_default() {
        "decode" if layer == "json" => {
            // Any value counts, so a report may find no log in it, but not that it is no JSON.
            let no_json = matches!(told.problem.as_str(), "bad_json" | "truncated" | "too_deep");
            let broken = told.outcome == "partial" || no_json || !sound;
            if broken {
                Err("a sound text is not read as one".to_owned())
            } else {
                Ok(Verdict::Decoded)
            }
        }
        "decode" if whole => Ok(Verdict::Decoded),
        "decode" => Err("an entry is missing or has other bytes".to_owned()),
        "refuse" if kept_out => Ok(Verdict::Refused),
        "refuse" => Err("it is not refused".to_owned()),
        "either" if whole && sound => Ok(Verdict::EitherDecoded),
        "either" if !decoded.problems.is_empty() || told.problems > 0 || kept_out => {
            Ok(Verdict::EitherRefused)
        }
        "either" if row["entries"].as_array().is_none() => Ok(Verdict::EitherDecoded),
        "either" => Err("something is missing, and nothing says so".to_owned()),
        other => Err(format!("an unknown expectation {other:?}")),
    }
}

fn one_json(leaves: &[Seen]) -> bool {
    matches!(leaves, [leaf] if leaf.whole && matches!(leaf.form, Form::Json))
}

/// Whether everything that the row binds was given.
fn complete(row: &Value, leaves: &[Seen], decoded: &Decoded) -> bool {
    // Archives in archives go on until a limit ends it; the row speaks of the outer one.
    let nested = row["kind"] == "nested"
        && decoded.problems.iter().any(|p| matches!(p.kind.name(), "too_deep" | "too_large"));
    let readings =
        std::iter::once(&row["entries"]).chain(row["entries_alt"].as_array().into_iter().flatten());
    let mut some = false;
    for (n, entries) in readings.enumerate() {
        let Some(entries) = entries.as_array() else { continue };
        some = true;
        let mut wanted = entries.iter().filter(|entry| {
            !entry["name"].as_str().is_some_and(|name| name.ends_with('/'))
                && (n > 0
                    || row["layer"] != "input"
                    || row["json"].is_null()
                    || entry["name"] == row["json"])
        });
        if wanted.all(|entry| holds(leaves, entry)) {
            return true;
        }
    }
    nested || !some
}

/// Whether the leaves hold an entry, as it is or taken apart further.
fn holds(leaves: &[Seen], entry: &Value) -> bool {
    let name = entry["name"].as_str().unwrap_or_default();
    leaves.iter().any(|leaf| {
        let inner = leaf.layers.rsplit_once("zip>").is_some()
            && leaf.member.as_deref().is_some_and(|member| member.starts_with(name));
        inner || leaf.is(entry)
    })
}

/// A member that is given as whole under a name of which the row knows the bytes must have these.
fn wrong_bytes(row: &Value, leaves: &[Seen]) -> Result<(), String> {
    let Some(entries) = row["entries"].as_array() else { return Ok(()) };
    let alternatives = row["entries_alt"].as_array().into_iter().flatten();
    let all: Vec<&Value> =
        entries.iter().chain(alternatives.filter_map(Value::as_array).flatten()).collect();
    for leaf in leaves.iter().filter(|leaf| leaf.whole && leaf.digest.is_some()) {
        let Some(member) = leaf.member.as_deref() else { continue };
        let mut same = all.iter().filter(|entry| entry["name"].as_str() == Some(member)).peekable();
        // Taken apart further: the bytes are those of what is inside.
        let inner = leaf.layers.rsplit('>').next() != Some("zip");
        if same.peek().is_some() && !inner && !all.iter().any(|entry| leaf.is(entry)) {
            return Err(format!("{member:?} has other bytes"));
        }
    }
    Ok(())
}

/// Pairs of a text and its base64: each is read as what it stands for, or left as the text it is.
fn vectors(table: &[u8], decoder: &mut Decoder) -> Result<Verdict, String> {
    let table: Value = serde_json::from_slice(table).map_err(|e| e.to_string())?;
    let mut pairs = Vec::new();
    strings(&table, &mut pairs);
    for text in pairs {
        let mut leaves = 0;
        let decoded = decoder.decode(text.as_bytes(), &mut |_| leaves += 1);
        if leaves == 0 && decoded.problems.is_empty() && !text.trim().is_empty() {
            return Err(format!("{text:?} vanishes without a word"));
        }
    }
    Ok(Verdict::EitherDecoded)
}

fn strings<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(list) => list.iter().for_each(|value| strings(value, found)),
        Value::Object(map) => map.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}

/// The most memory that this process had, in bytes; None where the system does not tell.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib << 10)
}
