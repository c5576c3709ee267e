//! The summary that `report` prints at the end. Its numbers are those of `summary.json`.

use std::cmp::Reverse;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use pipeline::aggregate::{Top, TopName};
use pipeline::input::Input;
use pipeline::outcome::FileOutcome;
use pipeline::summary::Summary;
use query::group_title;
use tables::cell::Micros;
use tables::{Format, Formats, Stored};

use super::figures::{bytes, count, counted, minute, percent, span};
use super::outgoing::{self, Outgoing, SUMMARY_ROWS};
use super::problems;
use super::summarize::SummaryDetails;
use super::table::{Align, ColumnHeads, TextTable};
use super::terminal::{Style, columns, cut, cut_end, padded, safe, say_raw, shell};
use super::totals::Totals;
use super::zone;

/// Rows of a list without `--verbose`: all lists together fit on a screen.
const ROWS: usize = 5;

const WORST_FLOWS: ColumnHeads = &[
    ("RANK", Align::Right),
    ("FAILED", Align::Right),
    ("REQUESTS", Align::Right),
    ("SHARE", Align::Right),
    ("FLOW", Align::Left),
];
const WORST_ENDPOINTS: ColumnHeads = &[
    ("RANK", Align::Right),
    ("FAILED", Align::Right),
    ("REQUESTS", Align::Right),
    ("SHARE", Align::Right),
    ("ENDPOINT", Align::Address),
];

/// From this width on, tables have room for fingerprints; the lines below them have them anyway.
pub(crate) const ROOMY: usize = 110;

/// Below this width there is no room for trends.
const TRENDS: usize = 95;

/// What the summary of a finished report is made of.
pub(crate) struct Shown<'r> {
    /// The numbers.
    pub(crate) summary: &'r Summary,
    /// What is worst.
    pub(crate) top: &'r Top,
    /// What the tables say beside; nothing when they cannot be read.
    pub(crate) details: &'r SummaryDetails,
    /// What was read, where that is known.
    pub(crate) inputs: &'r [Input],
    /// Where the report is.
    pub(crate) out: &'r Path,
    /// What was written.
    pub(crate) formats: &'r Formats,
    /// How long the job took; `None` for the summary of an earlier one.
    pub(crate) elapsed: Option<Duration>,
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
    pub(crate) fn print(&self, report: &Stored) -> anyhow::Result<()> {
        say_raw(&outgoing::for_stderr(report, &self.text())?);
        Ok(())
    }

    /// Writes it to stdout.
    pub(crate) fn print_out(&self, report: &Stored) -> anyhow::Result<()> {
        let mut out = Outgoing::of(report, false)?;
        out.learn_messages(report, SUMMARY_ROWS)?;
        out.write_all(self.text().as_bytes())?;
        Ok(out.flush()?)
    }

    /// The whole text, one blank line between its parts.
    fn text(&self) -> String {
        let parts = [
            self.totals(),
            self.groups(),
            self.worst(
                "Worst flows, by failed requests",
                WORST_FLOWS,
                &self.top.flows,
                "(flow unknown)",
            ),
            self.worst(
                "Worst endpoints, by failed requests",
                WORST_ENDPOINTS,
                &self.top.endpoints,
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
        let s = self.summary;
        let mut lines = Totals::default();
        let mut sizes =
            format!("{} on disk, {} of text", bytes(s.bytes.read), bytes(s.bytes.decoded));
        if let Some(elapsed) = self.elapsed {
            sizes = format!("{sizes}, {}", span(elapsed.as_millis() as u64));
        }
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
                s.members.iter().filter(|(name, n)| *name != "total" && **n > 0).collect();
            parts.sort_by_key(|&(name, number)| (Reverse(*number), name));
            let parts: Vec<String> =
                parts.iter().map(|(name, number)| format!("{} {name}", count(**number))).collect();
            lines.total("Members", members, format!("files in archives: {}", parts.join(", ")));
        }
        let x = &s.exchanges;
        lines.total("Requests", x.total, "with their answers".to_owned());
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
        if s.rows.total > x.total {
            let failed = match s.rows.failed {
                0 => "none refused".to_owned(),
                failed => format!("{} refused or failed", count(failed)),
            };
            lines.part(
                "rows",
                s.rows.total,
                format!("{failed}; each row of a bulk request counts"),
            );
        }
        if s.errors.total > 0 {
            lines.total(
                "Errors",
                s.errors.total,
                format!("in {} of errors alike", counted(s.errors.groups, "group", "groups")),
            );
        }
        if s.keys.total > 0 {
            lines.total(
                "Orders and products",
                s.keys.total,
                "and the like, each by its key".to_owned(),
            );
            lines.part("open", s.keys.open, "the newest request failed".to_owned());
            lines.part(
                "resolved",
                s.keys.resolved,
                "failed before, the newest request succeeded".to_owned(),
            );
        }
        if s.runs > 0 {
            lines.total(
                "Runs",
                s.runs,
                "of flows, named by a listing page or a download".to_owned(),
            );
            let details = self.details;
            lines.part(
                "not saved",
                details.without_download,
                "named by a listing page, without a download".to_owned(),
            );
            lines.part(
                "missing",
                details.missing_runs,
                "planned by a schedule, but there was no run".to_owned(),
            );
        }
        if self.elapsed.is_none()
            && let Some(period) = &s.period
        {
            // Minutes are enough, and seconds would not fit.
            let minute = |text: &String| {
                let time = model::time::Timestamp::parse_text(text);
                time.map_or_else(|| text.clone(), |time| minute(Micros(time.0)))
            };
            let (from, to) = (minute(&period.from), minute(&period.to));
            let name = self.style.bold(&padded("Period", lines.named()));
            let zone = zone::short_name();
            let line = format!("{name}  {from} to {to} ({zone}), by the start of requests");
            let line = if columns(&line) > self.width {
                format!("Period  {from} to {to} ({zone})")
            } else {
                line
            };
            return [vec![line], lines.lines(self.style, self.width)].concat();
        }
        lines.lines(self.style, self.width)
    }

    fn groups(&self) -> Vec<String> {
        let top = &self.top.groups;
        let mut table = TextTable::new(&[
            ("RANK", Align::Right),
            ("ERRORS", Align::Right),
            ("TREND", Align::Left),
            ("OPEN KEYS", Align::Right),
            ("CLASS", Align::Left),
            ("SIDE", Align::Left),
            ("RETRY", Align::Left),
            ("GROUP", Align::Left),
            ("ERROR, <*> WHERE IT VARIES", Align::Left),
        ])
        .without_room(&["GROUP", "TREND", "RETRY", "OPEN KEYS", "SIDE"]);
        for (n, group) in top.iter().enumerate().take(self.rows()) {
            let trend = self.details.trends.get(n);
            let fingerprint = if self.verbose && self.width >= ROOMY {
                group.fingerprint.clone()
            } else {
                String::new()
            };
            let retry = if group.retryable { "may help" } else { "" };
            let cells = [
                trend.map(|_| count(n as u64 + 1)).unwrap_or_default(),
                count(group.count.unsigned_abs()),
                trend
                    .filter(|_| self.width >= TRENDS)
                    .map(|trend| sparkline(trend))
                    .unwrap_or_default(),
                count(group.open_keys.unsigned_abs()),
                group.class.clone(),
                group.side.clone().unwrap_or_default(),
                retry.to_owned(),
            ];
            let (name, code, field) = (&group.name, &group.code, &group.field);
            let title =
                group_title(name.as_deref(), code.as_deref(), field.as_deref(), &group.template);
            table.row(cells.into_iter().chain([fingerprint, title]));
        }
        let shown = top.len().min(self.rows()) as u64;
        let mut lines = self.list(
            &format!(
                "Most frequent errors ({} of {} groups)",
                count(shown),
                count(self.summary.errors.groups)
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
        let ranked = columns == WORST_ENDPOINTS && !self.details.trends.is_empty();
        // `endpoint` takes the ranks of those that have a name.
        let mut rank = 0_u64;
        for row in rows.iter().filter(|row| row.failed > 0).take(self.rows()) {
            rank += u64::from(row.name.is_some());
            let rank = if ranked && row.name.is_some() { count(rank) } else { String::new() };
            let name = row.name.clone().unwrap_or_else(|| unknown.to_owned());
            let (failed, all) = (row.failed.unsigned_abs(), row.exchanges.unsigned_abs());
            table.row([rank, count(failed), count(all), percent(row.share), name]);
        }
        self.list(heading, &table)
    }

    fn open_keys(&self) -> Vec<String> {
        let mut table = TextTable::new(&[
            ("KEY", Align::Left),
            ("TRIES", Align::Right),
            ("LAST TRY", Align::Time),
            ("FLOW", Align::Left),
            ("ITS ERROR", Align::Left),
        ])
        .without_room(&["FLOW", "TRIES", "LAST TRY"]);
        for key in self.top.open_keys.iter().take(self.rows()) {
            let short = |text: &str| cut(text, if self.width < 80 { 20 } else { 28 });
            table.row([
                short(&format!("{} {}", key.kind, key.key)),
                count(key.attempts.unsigned_abs()),
                key.last_seen.map(minute).unwrap_or_default(),
                short(key.flow.as_deref().unwrap_or_default()),
                key.message.clone().unwrap_or_default(),
            ]);
        }
        self.list(
            &format!(
                "Open orders and products, newest first ({} in all)",
                count(self.summary.keys.open)
            ),
            &table,
        )
    }

    fn problems(&self) -> Vec<String> {
        let mut kinds: Vec<_> =
            self.summary.problems.iter().filter(|(kind, _)| *kind != "total").collect();
        kinds.sort_by_key(|&(kind, number)| (Reverse(*number), kind));
        let mut table = TextTable::new(&[
            ("PROBLEMS", Align::Right),
            ("KIND", Align::Left),
            ("MEANING", Align::Left),
        ]);
        for (kind, number) in kinds {
            table.row([count(*number), kind.clone(), problems::meaning(kind).to_owned()]);
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
        // What a person opens.
        let format =
            [Format::Csv, Format::Xlsx].into_iter().find(|format| formats.contains(format));
        let format = format.or(formats.first().copied()).unwrap_or(Format::Csv);
        let table = |name: &str| shell(&self.out.join(format.file(name)).to_string_lossy());
        let s = self.summary;
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
                format!("analyze cat {} --record {record} --pretty", shell(&path)),
                "the record of the most frequent error, as it was logged".to_owned(),
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
        let longest = steps.iter().map(|(_, why)| columns(why)).max().unwrap_or(0);
        if wide + longest + 4 > self.width {
            for (step, why) in steps {
                lines.push(format!("  {}", self.style.cyan(&step)));
                let why = cut(&why, self.width.saturating_sub(6));
                lines.push(format!("      {}", self.style.dim(&why)));
            }
            return lines;
        }
        for (step, why) in steps {
            let room = padded("", wide.saturating_sub(columns(&step)));
            lines.push(format!("  {}{room}  {}", self.style.cyan(&step), self.style.dim(&why)));
        }
        lines
    }

    /// Path of the file with the sample of the most frequent error, and its record in the file.
    fn sample(&self) -> Option<(String, i32)> {
        let (name, record) = &self.top.groups.first()?.sample;
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

/// Counts as bars of eight heights, by the largest; a blank is none.
pub(super) fn sparkline(counts: &[u64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = counts.iter().copied().max().unwrap_or(0);
    let bar = |count: &u64| match count.checked_mul(8).map(|eighths| eighths.div_ceil(most.max(1)))
    {
        Some(0) => ' ',
        Some(eighths) => BARS[(eighths as usize).clamp(1, 8) - 1],
        None => BARS[7],
    };
    counts.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_has_a_bar_for_every_count() {
        assert_eq!(sparkline(&[0, 1, 8, 4, 0]), " ▁█▄ ");
        assert_eq!(sparkline(&[1, 1000]), "▁█");
        assert_eq!(sparkline(&[0, 0]), "  ");
        assert_eq!(sparkline(&[]), "");
    }
}
