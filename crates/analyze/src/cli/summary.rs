//! The summary that `report` prints at the end. Its numbers are those of `summary.json`.

use std::cmp::Reverse;
use std::path::Path;
use std::time::Duration;

use pipeline::aggregate::TopName;
use pipeline::input::Input;
use pipeline::outcome::FileOutcome;
use pipeline::run::Done;
use tables::{Format, Formats};

use super::figures::{bytes, count, counted, minute, percent, span};
use super::problems;
use super::table::{Align, ColumnHeads, TextTable};
use super::terminal::{Style, columns, cut, cut_end, padded, safe, say_raw, shell};
use super::title::title;
use super::totals::Totals;

/// Rows of a list without `--verbose`: all lists together fit on a screen.
const ROWS: usize = 5;

const WORST_FLOWS: ColumnHeads = &[
    ("FAILED", Align::Right),
    ("EXCHANGES", Align::Right),
    ("SHARE", Align::Right),
    ("FLOW", Align::Left),
];
const WORST_ENDPOINTS: ColumnHeads = &[
    ("FAILED", Align::Right),
    ("EXCHANGES", Align::Right),
    ("SHARE", Align::Right),
    ("ENDPOINT", Align::Left),
];

/// From this width on, tables have room for fingerprints; the lines below them have them anyway.
const ROOMY: usize = 110;

/// What the summary of a finished report is made of.
pub(crate) struct Shown<'r> {
    /// The result of the job.
    pub(crate) done: &'r Done,
    /// What was read.
    pub(crate) inputs: &'r [Input],
    /// Where the report is.
    pub(crate) out: &'r Path,
    /// What was written.
    pub(crate) formats: &'r Formats,
    /// How long the job took.
    pub(crate) elapsed: Duration,
    /// All ten rows of each list instead of five, and a sample of each group.
    pub(crate) verbose: bool,
    /// Colours.
    pub(crate) style: Style,
    /// Columns of the terminal.
    pub(crate) width: usize,
}

/// What the outcome of a file means.
fn meaning(outcome: FileOutcome) -> &'static str {
    match outcome {
        FileOutcome::Decoded => "read in full",
        FileOutcome::Partial => "some of it could be read",
        FileOutcome::Listing => "saved pages of GET /logs, or of flows or projects",
        FileOutcome::Empty => "nothing in it, or an empty log",
        FileOutcome::Duplicate => "the same bytes as an earlier file; counted once",
        FileOutcome::Rejected => "nothing could be read",
        FileOutcome::ErrorPage => "a saved error answer instead of a log",
    }
}

impl Shown<'_> {
    /// Writes it to stderr.
    pub(crate) fn print(&self) {
        say_raw(&self.text());
    }

    /// The whole text, one blank line between its parts.
    fn text(&self) -> String {
        let parts = [
            self.totals(),
            self.groups(),
            self.worst(
                "Worst flows, by failed exchanges",
                WORST_FLOWS,
                &self.done.top.flows,
                "(flow unknown)",
            ),
            self.worst(
                "Worst endpoints, by failed exchanges",
                WORST_ENDPOINTS,
                &self.done.top.endpoints,
                "(address unknown)",
            ),
            self.open_keys(),
            self.problems(),
            self.next(),
        ];
        let parts: Vec<String> =
            parts.into_iter().filter(|part| !part.is_empty()).map(|part| part.join("\n")).collect();
        parts.join("\n\n") + "\n"
    }

    fn rows(&self) -> usize {
        if self.verbose { usize::MAX } else { ROWS }
    }

    fn totals(&self) -> Vec<String> {
        let s = &self.done.summary;
        let mut lines = Totals::default();
        let sizes = format!(
            "{} on disk, {} of text, {}",
            bytes(s.bytes.read),
            bytes(s.bytes.decoded),
            span(self.elapsed.as_millis() as u64)
        );
        lines.total("Files", s.files.get("total").copied().unwrap_or(0), sizes);
        for outcome in FileOutcome::ALL {
            lines.part(
                outcome.name(),
                s.files.get(outcome.name()).copied().unwrap_or(0),
                meaning(outcome).to_owned(),
            );
        }
        let members = s.members.get("total").copied().unwrap_or(0);
        if members > 0 {
            let mut parts: Vec<_> =
                s.members.iter().filter(|(name, n)| **name != "total" && **n > 0).collect();
            parts.sort_by_key(|&(name, number)| (Reverse(*number), *name));
            let parts: Vec<String> =
                parts.iter().map(|(name, number)| format!("{} {name}", count(**number))).collect();
            lines.total("Members", members, format!("of archives: {}", parts.join(", ")));
        }
        let x = &s.exchanges;
        lines.total("Exchanges", x.total, "requests and their answers".to_owned());
        for (name, number, note) in [
            ("success", x.success, ""),
            ("failed", x.failed, ""),
            ("unknown", x.unknown, ", nothing shows how they ended"),
        ] {
            lines.part(
                name,
                number,
                format!("{}{note}", percent(number as f64 / x.total.max(1) as f64)),
            );
        }
        if s.errors.total > 0 {
            lines.total(
                "Errors",
                s.errors.total,
                format!("in {}", counted(s.errors.groups, "group", "groups")),
            );
        }
        if s.keys.total > 0 {
            lines.total("Keys", s.keys.total, "orders, products and the like".to_owned());
            lines.part("open", s.keys.open, "the newest attempt failed".to_owned());
            lines.part(
                "resolved",
                s.keys.resolved,
                "failed before, the newest succeeded".to_owned(),
            );
        }
        if s.runs > 0 {
            lines.total(
                "Runs",
                s.runs,
                "of flows, named by a listing page or a download".to_owned(),
            );
        }
        lines.lines(self.style)
    }

    fn groups(&self) -> Vec<String> {
        let top = &self.done.top.groups;
        let mut table = TextTable::new(&[
            ("ERRORS", Align::Right),
            ("OPEN KEYS", Align::Right),
            ("CLASS", Align::Left),
            ("SIDE", Align::Left),
            ("RETRY", Align::Left),
            ("GROUP", Align::Left),
            ("ERROR, <*> WHERE IT VARIES", Align::Left),
        ]);
        for group in top.iter().take(self.rows()) {
            let fingerprint = if self.verbose && self.width >= ROOMY {
                group.fingerprint.clone()
            } else {
                String::new()
            };
            let retry = if group.retryable { "may help" } else { "" };
            let cells = [
                count(group.count.unsigned_abs()),
                count(group.open_keys.unsigned_abs()),
                group.class.clone(),
                group.side.clone().unwrap_or_default(),
                retry.to_owned(),
            ];
            let (name, code, field) = (&group.name, &group.code, &group.field);
            let title = title(name.as_deref(), code.as_deref(), field.as_deref(), &group.template);
            table.row(cells.into_iter().chain([fingerprint, title]));
        }
        let shown = top.len().min(self.rows()) as u64;
        let mut lines = self.list(
            &format!(
                "Most frequent errors ({} of {} groups)",
                count(shown),
                count(self.done.summary.errors.groups)
            ),
            &table,
        );
        if self.verbose {
            let samples = top.iter().map(|group| {
                let (file, record) = &group.sample;
                let sample = format!(
                    "  {}  {}, record {record}: {}",
                    group.fingerprint, file, group.sample_message
                );
                self.style.dim(&cut_end(&sample, self.width))
            });
            lines.extend(samples);
        }
        lines
    }

    fn worst(
        &self,
        heading: &str,
        columns: ColumnHeads,
        rows: &[TopName],
        unknown: &str,
    ) -> Vec<String> {
        let mut table = TextTable::new(columns);
        for row in rows.iter().filter(|row| row.failed > 0).take(self.rows()) {
            let name = row.name.clone().unwrap_or_else(|| unknown.to_owned());
            let (failed, all) = (row.failed.unsigned_abs(), row.exchanges.unsigned_abs());
            table.row([count(failed), count(all), percent(row.share), name]);
        }
        self.list(heading, &table)
    }

    fn open_keys(&self) -> Vec<String> {
        let mut table = TextTable::new(&[
            ("KEY", Align::Left),
            ("TRIES", Align::Right),
            ("LAST TRY (UTC)", Align::Left),
            ("FLOW", Align::Left),
            ("ITS ERROR", Align::Left),
        ]);
        for key in self.done.top.open_keys.iter().take(self.rows()) {
            let short = |text: &str| cut(text, 28);
            table.row([
                short(&format!("{} {}", key.kind, key.key)),
                count(key.attempts.unsigned_abs()),
                key.last_seen.map(minute).unwrap_or_default(),
                short(key.flow.as_deref().unwrap_or_default()),
                key.message.clone().unwrap_or_default(),
            ]);
        }
        self.list(
            &format!("Open keys, newest first ({} in all)", count(self.done.summary.keys.open)),
            &table,
        )
    }

    fn problems(&self) -> Vec<String> {
        let mut kinds: Vec<_> =
            self.done.summary.problems.iter().filter(|(kind, _)| **kind != "total").collect();
        kinds.sort_by_key(|&(kind, number)| (Reverse(*number), *kind));
        let mut table = TextTable::new(&[
            ("PROBLEMS", Align::Right),
            ("KIND", Align::Left),
            ("MEANING", Align::Left),
        ]);
        for (kind, number) in kinds {
            table.row([count(*number), (*kind).to_owned(), problems::meaning(kind).to_owned()]);
        }
        self.list("What could not be read as it should", &table)
    }

    fn next(&self) -> Vec<String> {
        let formats: Vec<_> = self.formats.iter().collect();
        let names: Vec<&str> = formats.iter().map(|format| format.name()).collect();
        let mut lines = vec![format!(
            "{}  {}  ({})",
            self.style.bold("Report"),
            safe(&self.out.display().to_string()),
            names.join(", ")
        )];
        let csv = formats.iter().find(|format| format.name() == "csv").or(formats.first());
        let extension = csv.map_or("csv", |format| format.extension());
        let table =
            |name: &str| shell(&self.out.join(format!("{name}.{extension}")).to_string_lossy());
        let s = &self.done.summary;
        let mut steps: Vec<(String, String)> = Vec::new();
        if s.errors.total > 0 {
            steps.push((
                table("error_groups"),
                "every error group: how often, since when, in which flows".to_owned(),
            ));
        }
        // The other commands read Parquet.
        let commands = formats.contains(&Format::Parquet);
        let out = shell(&self.out.to_string_lossy());
        if commands && s.errors.total > 0 {
            steps.push((
                format!("analyze explain {out} 1"),
                "the most frequent error: what varies in it, where, since when".to_owned(),
            ));
        }
        if s.keys.open > 0 {
            steps.push((
                if commands { format!("analyze keys {out} --open") } else { table("keys") },
                "the orders and products that are open and have to be sent again".to_owned(),
            ));
        }
        if let Some((path, record)) = self.sample() {
            steps.push((
                format!("analyze cat {} --pretty", shell(&path)),
                format!("the most frequent error, in record {record} of the file"),
            ));
        }
        if s.problems.get("total").is_some_and(|total| *total > 0) {
            steps.push((table("problems"), "which file, which byte, what is wrong".to_owned()));
        }
        if steps.is_empty() {
            steps.push((table("files"), "the outcome of every file".to_owned()));
        }
        lines.push(self.style.bold("Next"));
        let wide = steps.iter().map(|(step, _)| columns(step)).max().unwrap_or(0).min(60);
        for (step, why) in steps {
            let room = padded("", wide.saturating_sub(columns(&step)));
            lines.push(format!("  {}{room}  {}", self.style.cyan(&step), self.style.dim(&why)));
        }
        lines
    }

    /// Path of the file with the sample of the most frequent error, and its record in the file.
    fn sample(&self) -> Option<(String, i32)> {
        let (name, record) = &self.done.top.groups.first()?.sample;
        let input = self.inputs.iter().find(|input| input.name() == name)?;
        match input {
            Input::File(source) => Some((source.path.to_string_lossy().into_owned(), *record)),
            Input::Memory { .. } => None,
        }
    }

    /// A heading and a table; nothing when the table is empty.
    fn list(&self, heading: &str, table: &TextTable) -> Vec<String> {
        if table.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![self.style.bold(heading)];
        for (n, line) in table.lines(Some(self.width - 2)).iter().enumerate() {
            let line = if n == 0 { self.style.dim(line) } else { line.clone() };
            lines.push(format!("  {line}"));
        }
        lines
    }
}
