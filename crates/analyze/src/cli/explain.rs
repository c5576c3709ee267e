//! `analyze explain`: what is behind one error group.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use query::{
    DifferenceKind, Differences, Explained, ExplainedError, LoggedRequest, LoggedRequests,
    PeriodCount, Values, find_group, group_aliases, groups,
};
use tables::Stored;

use super::Exit;
use super::cards::{Cards, ShownBodies};
use super::figures::{count, counted, minute};
use super::outgoing::Outgoing;
use super::table::{Align, ColumnHeads, TextTable};
use super::terminal::{
    Color, Style, columns, cut, cut_address, cut_end, safe, shell, width, write_json_pretty,
};
use super::zone::zone;

/// Columns of a value in a table.
const VALUE: usize = 48;

/// What stands before the values in a table, in columns.
const VALUE_COLUMN: usize = 31;

/// Lines of a body around the middle of a snippet, of which there is none: twice so many, and one more.
const SNIPPET: usize = 3;

/// Periods that are shown: the newest.
const PERIODS: usize = 12;

/// What is behind this error, since when, where, and what do its requests have in common? Explains an error group
///
/// The text of the group is what all its messages have in common. The variables in it are numbered, <1> and so on, and
/// their values are counted. Samples are chosen to differ in endpoint, status, flow, field, file and values; they are shown
/// with their requests and the commands that show the whole.
///
/// What differs: fields and values that are more frequent in the requests of the group than in those that went well at
/// the same endpoint and flow. What chance may explain is not shown (Fisher's exact test at one in a thousand for all
/// fields together). Of bulk requests the rows are compared.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExplainCommand {
    /// Folder that `analyze report` has written, Parquet among its formats
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// The group: its rank (1 is the most frequent), its fingerprint, the beginning of one, or words of its text
    #[arg(value_name = "GROUP")]
    group: String,
    /// How many of the most frequent values are shown
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: usize,
    /// How many errors are shown
    #[arg(long, value_name = "N", default_value_t = 3)]
    samples: usize,
    /// The folder that the report was made of, for the commands that print a record of its files
    #[arg(long, value_name = "FOLDER")]
    dump: Option<PathBuf>,
    /// text, or json (one object)
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    format: ExplainFormat,
}

const EXAMPLES: &str = "\
Examples:
  analyze explain report 1
  analyze explain report 38be --samples 10 --top 20
  analyze explain report 'does not exist' --dump dump
  analyze explain report 38be45239f711c6a --format json | jq '.variables[0].top'

Exit codes: 0 done, 2 not done: no such group, several groups that begin so, no report.";

/// How the explanation is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExplainFormat {
    /// For people
    Text,
    /// JSON
    Json,
}

const VALUES: ColumnHeads = &[
    ("", Align::Left),
    ("DIFFERENT", Align::Right),
    ("ERRORS", Align::Right),
    ("MOST FREQUENT", Align::Left),
];

const DIFFERENCES: ColumnHeads =
    &[("FAILED", Align::Right), ("WENT WELL", Align::Right), ("IN THE REQUEST", Align::Left)];

impl ExplainCommand {
    /// Prints the explanation.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let report = Stored::open(&self.report)?;
        let groups = groups(&report)?;
        let (rank, group) = find_group(&groups, &group_aliases(&report)?, &self.group)?;
        let explained = query::explain(&report, group, self.top, self.samples, zone())?;
        let ids: Vec<i64> = explained.samples.iter().map(|sample| sample.exchange).collect();
        let mut out = Outgoing::of(&report, false)?;
        let requests = LoggedRequests::read(&report, &ids, true)?;
        let requests = out.samples(requests);
        out.learn_paths(explained.differs.found.iter().filter_map(|found| match &found.what {
            DifferenceKind::Value(value) => Some((found.field.as_str(), value.as_str())),
            DifferenceKind::Present | DifferenceKind::Absent => None,
        }));
        match self.format {
            ExplainFormat::Json => {
                let mut object = serde_json::to_value(&explained)?;
                for (n, request) in requests_of(&explained, &requests).into_iter().enumerate() {
                    object["samples"][n]["request"] =
                        request.map_or(serde_json::Value::Null, |request| request.json());
                }
                write_json_pretty(&mut out, &object)?;
            }
            ExplainFormat::Text => {
                let text = ExplainedText {
                    of: &explained,
                    requests: requests_of(&explained, &requests),
                    report: &self.report,
                    dump: self.dump.as_deref(),
                    wide: io::stdout().is_terminal().then(width),
                };
                for line in text.lines(rank, groups.len()) {
                    writeln!(out, "{line}")?;
                }
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}

/// The request of each sample; several samples can have the same.
fn requests_of<'r>(
    explained: &Explained<'_>,
    requests: &'r LoggedRequests,
) -> Vec<Option<LoggedRequest<'r>>> {
    let all: Vec<LoggedRequest<'r>> = requests.iter().collect();
    let of = |sample: &ExplainedError| {
        all.iter().find(|request| request.exchange.exchange == sample.exchange).cloned()
    };
    explained.samples.iter().map(of).collect()
}

struct ExplainedText<'e> {
    of: &'e Explained<'e>,
    /// Of each sample.
    requests: Vec<Option<LoggedRequest<'e>>>,
    report: &'e Path,
    dump: Option<&'e Path>,
    /// Columns of the terminal; `None` when the output is no terminal.
    wide: Option<usize>,
}

impl ExplainedText<'_> {
    fn lines(&self, rank: usize, groups: usize) -> Vec<String> {
        let group = &self.of.group;
        let name = group.name.map(|name| format!(": {}", safe(name.0)));
        let mut lines = vec![format!(
            "Group {}, {rank} of {groups}{}",
            safe(group.fingerprint.0),
            name.unwrap_or_default()
        )];
        let room = self.wide.map_or(usize::MAX, |wide| wide - 2);
        let template = numbered(group.template.0);
        lines.extend(template.lines().flat_map(|line| wrapped(&safe(line), room)));
        lines.push(String::new());
        lines.extend(self.common());
        lines.push(String::new());
        lines.extend(self.counts());
        let mut what = TextTable::new(VALUES);
        for (n, values) in (1..).zip(&self.of.variables) {
            rows(&mut what, &format!("<{n}>"), values);
        }
        if group.field.is_none() {
            rows(&mut what, "field", &self.of.fields);
        }
        rows(&mut what, "key", &self.of.keys);
        self.part(&mut lines, "What varies", &what);
        if self.of.unaligned > 0 {
            let messages = counted(self.of.unaligned, "message", "messages");
            let why = if group.name.is_some() { "other wording, " } else { "" };
            lines.push(format!("  not counted: {messages} ({why}too long, or cut)"));
        }
        let mut place = TextTable::new(VALUES);
        for (name, values) in [
            ("flow", &self.of.flows),
            ("step", &self.of.steps),
            ("endpoint", &self.with_ends(&self.of.endpoints)),
            ("status", &self.of.statuses),
            ("run", &self.of.runs),
            ("file", &self.with_ends(&self.of.files)),
        ] {
            rows(&mut place, name, values);
        }
        self.part(&mut lines, "Where", &place);
        self.part(&mut lines, &format!("When, {}", zone().name()), &periods(&self.of.periods));
        self.differs(&mut lines);
        if let Some(wide) = self.wide {
            for line in &mut lines {
                *line = cut_end(line, wide);
            }
        }
        for (n, sample) in self.of.samples.iter().enumerate() {
            lines.push(String::new());
            lines.extend(self.sample(n, sample));
        }
        lines.extend(self.advice());
        lines
    }

    /// What makes the errors one group, and the kind of cause.
    fn common(&self) -> Vec<String> {
        let group = &self.of.group;
        let text = if group.name.is_some() { "name from --rules" } else { "masked message" };
        let mut common = vec![text.to_owned()];
        common.extend(group.code.map(|code| format!("code {}", safe(code.0))));
        common.extend(group.field.map(|field| format!("field {}", safe(field.0))));
        let retry =
            if group.retryable { "resending may help" } else { "resending will probably not help" };
        let mut lines = vec![
            format!("In common  {}", common.join(", ")),
            format!("Class      {}; {retry}", safe(group.class.0)),
        ];
        lines.extend(group.side.map(|side| format!("Side       {}", safe(side.0))));
        // A field that is not common to the group is listed with what varies.
        let fields = group.field.map(|_| ("Fields", &self.of.fields));
        for (name, values) in [("Codes", &self.of.codes)]
            .into_iter()
            .chain(fields)
            .chain([("Source", &self.of.sources)])
        {
            if !values.top.is_empty() {
                lines.push(format!("{name:<11}{}", listed(values)));
            }
        }
        lines
    }

    fn counts(&self) -> Vec<String> {
        let group = &self.of.group;
        let mut lines = vec![format!(
            "Errors     {} in {}, {}, {}",
            count(group.count),
            counted(group.exchanges, "request", "requests"),
            counted(group.files, "file", "files"),
            counted(group.runs, "run", "runs"),
        )];
        if group.keys > 0 {
            lines.push(format!(
                "Keys       {}: {} open, {} resolved",
                count(group.keys),
                count(group.open_keys),
                count(group.resolved_keys),
            ));
        }
        if let (Some(first), Some(last)) = (group.first_seen, group.last_seen) {
            lines.push(format!(
                "Seen       {} to {} ({})",
                minute(first),
                minute(last),
                zone().name()
            ));
        }
        lines
    }

    /// What the failed requests have more often than those that went well.
    fn differs(&self, lines: &mut Vec<String>) {
        let Differences { failed_requests, good_requests, found } = &self.of.differs;
        let mut table = TextTable::new(DIFFERENCES);
        for difference in found {
            let field = safe(&difference.field);
            let what = match &difference.what {
                DifferenceKind::Present => format!("{field} is there"),
                DifferenceKind::Absent => format!("{field} is missing"),
                DifferenceKind::Value(value) => format!("{field} is {}", safe(value)),
            };
            table.row([
                format!("{} of {}", count(difference.failed), count(*failed_requests)),
                format!("{} of {}", count(difference.good), count(*good_requests)),
                what,
            ]);
        }
        let heading = "What differs from requests that went well, at the same endpoint and flow";
        self.part(lines, heading, &table);
    }

    /// Endpoints and files as their column has room for them: their ends tell them apart.
    fn with_ends(&self, values: &Values) -> Values {
        let mut values = values.clone();
        if let Some(wide) = self.wide {
            for value in &mut values.top {
                value.value = cut_address(&value.value, wide.saturating_sub(VALUE_COLUMN).max(20));
            }
        }
        values
    }

    fn part(&self, lines: &mut Vec<String>, heading: &str, table: &TextTable) {
        if !table.is_empty() {
            lines.push(String::new());
            lines.push(heading.to_owned());
            let wide = self.wide.map(|wide| wide.saturating_sub(2));
            lines.extend(table.lines(wide).iter().map(|line| format!("  {line}")));
        }
    }

    /// The request of a sample, and the commands that show more of it.
    fn sample(&self, n: usize, sample: &ExplainedError) -> Vec<String> {
        let mut lines = vec![format!("Sample {}", n + 1)];
        if let Some(request) = &self.requests[n] {
            let cards = Cards {
                style: Style::stdout(Color::Never),
                width: self.wide.map(|wide| wide - 2),
                bodies: ShownBodies::Snippets(SNIPPET),
                highlights: Vec::new(),
                key: sample.key.as_deref(),
            };
            lines.extend(cards.lines(request).iter().map(|line| format!("  {line}")));
            if let Some(url) = request.exchange.url {
                let room = self.wide.map_or(usize::MAX, |wide| wide - 4);
                lines.insert(2, format!("    {}", cut_end(url.0, room)));
            }
        }
        // A command is copied whole, so it is not cut.
        let report = path(self.report);
        lines.push(format!("  analyze show {report} exchange:{}", sample.exchange));
        if let Some(file) = self.file(sample) {
            let record = sample.record;
            lines.push(format!("  analyze cat {} --record {record} --pretty", path(&file)));
        }
        lines
    }

    /// The file of a sample, when it can be read from here.
    fn file(&self, sample: &ExplainedError) -> Option<PathBuf> {
        let name = Path::new(&sample.file);
        let inside = self.dump.map(|dump| dump.join(name));
        inside.into_iter().chain([name.to_owned()]).find(|path| path.is_file())
    }

    /// What is to be done so that all samples have their commands.
    fn advice(&self) -> Vec<String> {
        let missing = self.of.samples.iter().find(|sample| self.file(sample).is_none());
        let lines = match (missing, self.dump) {
            (None, _) => return Vec::new(),
            (Some(_), None) => [
                "--dump FOLDER adds the command that prints each record;".to_owned(),
                "FOLDER is what the report was made of".to_owned(),
            ],
            (Some(missing), Some(dump)) => [
                format!("{}: not the folder that the report was made of:", path(dump)),
                format!("{} is not in it", shell(&missing.file)),
            ],
        };
        [String::new()].into_iter().chain(lines).collect()
    }
}

/// A path as a shell takes it, not for a home folder, and a command not for a flag.
fn path(path: &Path) -> String {
    let path = path.to_string_lossy();
    let before = if path.starts_with(['-', '~']) { "./" } else { "" };
    shell(&format!("{before}{path}"))
}

/// A text in lines of at most `room` columns, broken between words and indented.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::from(" ")];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| columns(line));
        if last > 1 && last + 1 + columns(word) > room.saturating_add(2) {
            lines.push(String::from(" "));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines
}

/// A template with its variables numbered.
fn numbered(template: &str) -> String {
    let mut parts = template.split("<*>");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for (n, part) in (1..).zip(parts) {
        // Writing to a String does not fail.
        let _never = write!(out, "<{n}>{part}");
    }
    out
}

/// The values in one line.
fn listed(values: &Values) -> String {
    let mut shown: Vec<String> = values
        .top
        .iter()
        .map(|value| format!("{} ({})", cut(&value.value, VALUE), count(value.count)))
        .collect();
    let more = values.distinct - values.top.len() as u64;
    if more > 0 {
        shown.push(format!("{} more", count(more)));
    }
    shown.join(", ")
}

/// The values as rows, the first with their name and how many there are.
fn rows(table: &mut TextTable, name: &str, values: &Values) {
    let distinct = format!("{}{}", count(values.distinct), if values.at_least { "+" } else { "" });
    for (n, value) in values.top.iter().enumerate() {
        let (name, distinct) = if n == 0 { (name, distinct.as_str()) } else { ("", "") };
        table.row([name.to_owned(), distinct.to_owned(), count(value.count), value.value.clone()]);
    }
}

fn periods(periods: &[PeriodCount]) -> TextTable {
    let mut table = TextTable::new(&[("FROM", Align::Left), ("ERRORS", Align::Right)]);
    for period in periods.iter().skip(periods.len().saturating_sub(PERIODS)) {
        let from = minute(period.from);
        let from =
            if period.day { from.split(' ').next().unwrap_or_default().to_owned() } else { from };
        table.row([from, count(period.count)]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_between_words() {
        assert_eq!(wrapped("one two three", 7), ["  one two", "  three"]);
        assert_eq!(wrapped("one  two", usize::MAX), ["  one  two"]);
        assert_eq!(wrapped("longer-than-that one", 5), ["  longer-than-that", "  one"]);
    }

    #[test]
    fn variables_are_numbered_in_their_order() {
        assert_eq!(numbered("<*> of <*>"), "<1> of <2>");
        assert_eq!(numbered("none"), "none");
    }
}
