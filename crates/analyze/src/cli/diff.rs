//! `analyze diff`: what has changed from one report to another.

use std::cmp::Reverse;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use query::{
    BlockKind, ChangeKind, Coverage, GroupChange, KeyChange, Thresholds, Warning, group_title,
};
use tables::Stored;

use super::Exit;
use super::figures::{count, counted, minute};
use super::markdown;
use super::outgoing::{self, LIST_ROWS, NOT_MASKED, Outgoing};
use super::table::{Align, ColumnHeads, TextTable};
use super::terminal::{cut, safe, say, width, write_json_pretty};
use super::zone::{self, zone};

/// Keys that are listed of each kind; JSON has all.
const KEYS_SHOWN: usize = 10;

/// What has changed since? Compares two reports: groups that are new, gone or back, that grew or shrank, and keys newly
/// open or resolved
///
/// Groups are compared by rate: errors for each request of the flows in which they occur. So the periods may differ in
/// length. A group grew or shrank when three things hold: its rate has changed by --ratio, chance does not explain the
/// change, and it has --min-count errors in one of the reports. Where only its share of all requests has changed so, a
/// note says how many times the requests its flows had. Chance is judged by shuffling whole hours between the
/// reports (docs/diff.md), so that a burst of errors is not taken for a change.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DiffCommand {
    /// The report to compare with, Parquet among its formats
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The newer report
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// table, json (everything, in one object), or markdown
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "table",
        hide_possible_values = true
    )]
    format: DiffFormat,
    /// Exits with 1 when there are any of these: new (new groups), worse (new groups, or groups that are back or grew),
    /// open (keys newly open). A group that grew only because its flows had more requests is none. Separate several with
    /// a comma
    #[arg(
        long,
        value_enum,
        value_name = "LIST",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    fail_on: Vec<FailOn>,
    /// Errors that a group must have in one of the reports to be shown [default: 3; with --all 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    min_count: Option<i64>,
    /// How many times as frequent, or as rare, a group must be to be shown; 1 shows whatever chance does not explain
    #[arg(long, value_name = "R", default_value_t = Thresholds::default().ratio, value_parser = ratio)]
    ratio: f64,
    /// Shows all groups, those that have not changed too, and how probable each difference is by chance
    #[arg(long)]
    all: bool,
}

const EXAMPLES: &str = "\
Examples:
  analyze diff yesterday today
  analyze diff last-week this-week --format markdown > changes.md
  analyze diff baseline nightly --fail-on new,open --min-count 5
  analyze diff yesterday today --format json | jq '.keys.opened[].key'

NEW: not in OLD. BACK: in OLD without an open key and in NEW with one; or not in OLD, and NEW has errors of it both \
before OLD begins and since. GREW, SHRANK: the rate differs more than chance explains. PERHAPS: it differs, but \
bursts of errors may explain it. GONE: not in NEW. A note says when the flows of a group did not run in the report without \
it. New groups whose texts differ in one word only are one line, and so are those that are gone.
Newly open keys are open in NEW and not in OLD. Resolved keys are open in OLD and no longer in NEW. Keys that are open \
in OLD and not tried in NEW are listed apart.
Warnings go to stderr: an empty report, periods that overlap or are in the wrong order, different rules. In JSON they \
are in `warnings`.
Exit codes: 0 done, 1 done, and something that --fail-on names was found, 2 not done.";

/// How the changes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// Aligned columns
    Table,
    /// JSON
    Json,
    /// Markdown
    Markdown,
}

/// What makes the program exit with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// New groups
    New,
    /// New groups, groups that are back, groups that grew
    Worse,
    /// Keys newly open
    Open,
}

fn ratio(text: &str) -> Result<f64, String> {
    let read = text.parse().ok().filter(|ratio: &f64| ratio.is_finite() && *ratio >= 1.0);
    read.ok_or_else(|| "not a number of 1 or above".to_owned())
}

const COVERAGE: ColumnHeads = &[("", Align::Left), ("OLD", Align::Left), ("NEW", Align::Left)];

const GROUPS: ColumnHeads = &[
    ("BEFORE", Align::Right),
    ("AFTER", Align::Right),
    ("PER 1000", Align::Left),
    ("TIMES", Align::Right),
    ("CHANCE", Align::Right),
    ("OPEN KEYS", Align::Right),
    ("CLASS", Align::Left),
    ("FIRST SEEN", Align::Time),
    ("NOTE", Align::Left),
    ("GROUP", Align::Left),
    ("ERROR, <*> WHERE IT VARIES", Align::Left),
];

const KEYS: ColumnHeads = &[
    ("KEY", Align::Left),
    ("LAST TRY", Align::Time),
    ("FLOW", Align::Left),
    ("NEWEST ERROR", Align::Left),
];

impl DiffCommand {
    /// Prints the changes; warnings go to stderr.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let usual = if self.all { 1 } else { Thresholds::default().min_count };
        let thresholds = Thresholds {
            min_count: self.min_count.unwrap_or(usual),
            ratio: self.ratio,
            unchanged: self.all,
        };
        let (old, new) = (Stored::open(&self.old)?, Stored::open(&self.new)?);
        let diff = query::diff(&old, &new, &thresholds)?;
        for warning in &diff.warnings {
            say(&format!("warning: {}", words(warning)));
        }
        let mut out = Outgoing::of(&new, self.format == DiffFormat::Markdown)?;
        out.learn_messages(&old, LIST_ROWS)?;
        out.learn_messages(&new, LIST_ROWS)?;
        match self.format {
            DiffFormat::Json => {
                write_json_pretty(&mut out, &diff)?;
            }
            DiffFormat::Table => {
                let wide = io::stdout().is_terminal().then(|| width().saturating_sub(2));
                for section in self.sections(&diff) {
                    if !section.title.is_empty() {
                        writeln!(out, "{}", safe(&section.title))?;
                    }
                    for line in section.table.lines(wide) {
                        writeln!(out, "  {line}")?;
                    }
                    writeln!(out)?;
                }
                for note in notes(&diff, thresholds.min_count) {
                    writeln!(out, "{note}")?;
                }
            }
            DiffFormat::Markdown => {
                if outgoing::shows_secrets() {
                    writeln!(out, "> {NOT_MASKED}\n")?;
                }
                writeln!(
                    out,
                    "## Changes from {} to {}\n",
                    markdown::text(&self.old.to_string_lossy()),
                    markdown::text(&self.new.to_string_lossy())
                )?;
                for section in self.sections(&diff) {
                    if !section.title.is_empty() {
                        writeln!(out, "### {}\n", markdown::text(&section.title))?;
                    }
                    writeln!(out, "{}\n", markdown::table(&section.table).trim_end())?;
                }
                for note in notes(&diff, thresholds.min_count) {
                    writeln!(out, "- {}", markdown::text(&note))?;
                }
            }
        }
        out.flush()?;
        Ok(if self.fails(&diff) { Exit::FAILED_ON } else { Exit::Done })
    }

    fn fails(&self, diff: &query::ReportDiff) -> bool {
        let any = |changes: &[ChangeKind]| {
            let found =
                |group: &GroupChange| changes.contains(&group.change) && !group.with_traffic;
            diff.groups.iter().any(found)
        };
        self.fail_on.iter().any(|what| match what {
            FailOn::New => any(&[ChangeKind::New]),
            FailOn::Worse => any(&[ChangeKind::New, ChangeKind::Back, ChangeKind::Grew]),
            FailOn::Open => !diff.keys.opened.is_empty(),
        })
    }

    fn sections(&self, diff: &query::ReportDiff) -> Vec<DiffSection> {
        let mut sections =
            vec![DiffSection { title: String::new(), table: coverage(&diff.old, &diff.new) }];
        for (change, title) in [
            (ChangeKind::New, "NEW"),
            (ChangeKind::Back, "BACK"),
            (ChangeKind::Grew, "GREW"),
            (ChangeKind::Shrank, "SHRANK"),
            (ChangeKind::Unclear, "PERHAPS (bursts of errors may explain it)"),
            (ChangeKind::Gone, "GONE"),
            (ChangeKind::Unchanged, "UNCHANGED"),
        ] {
            let groups: Vec<_> = diff.of(change).collect();
            let lines = lines_of(&groups);
            let mut table = TextTable::new(GROUPS).without_room(&[
                "CLASS",
                "OPEN KEYS",
                "FIRST SEEN",
                "CHANCE",
                "PER 1000",
                "GROUP",
            ]);
            for line in &lines {
                table.row(self.cells(line));
            }
            if !groups.is_empty() {
                let number = counted(groups.len() as u64, "group", "groups");
                let in_lines = if lines.len() < groups.len() {
                    format!(" in {}", counted(lines.len() as u64, "line", "lines"))
                } else {
                    String::new()
                };
                sections.push(DiffSection { title: format!("{title}: {number}{in_lines}"), table });
            }
        }
        let keys = &diff.keys;
        for (list, title) in [
            (&keys.opened, "Newly open"),
            (&keys.resolved, "Resolved"),
            (&keys.untried, "Open in OLD, not tried in NEW"),
        ] {
            if list.is_empty() {
                continue;
            }
            let number = list.len() as u64;
            let more = list.len() > KEYS_SHOWN;
            let cut = if more { format!(", the newest {KEYS_SHOWN}") } else { String::new() };
            let title = format!("{title}: {}{cut}", counted(number, "key", "keys"));
            sections.push(DiffSection { title, table: listed(list) });
        }
        sections
    }

    /// A line of the table; an empty column is not shown.
    fn cells(&self, groups: &[&GroupChange]) -> [String; 11] {
        let group = groups[0];
        let compared = !matches!(group.change, ChangeKind::New | ChangeKind::Gone);
        let sum = |number: &dyn Fn(&GroupChange) -> i64| -> i64 {
            groups.iter().map(|group| number(group)).sum()
        };
        let errors = |number: i64| if number == 0 { String::new() } else { count(number) };
        let rates = group.old_rate.zip(group.new_rate).filter(|_| compared).map(|(old, new)| {
            format!("{} -> {}", significant(old * 1000.0), significant(new * 1000.0))
        });
        let chance = group.chance.filter(|_| self.all).map(significant);
        let open_keys = sum(&|group| group.new_open_keys);
        let note = match groups.len() {
            1 if group.flow_did_not_run() => "its flow did not run".to_owned(),
            1 if group.with_traffic => format!(
                "its flows had {} times the requests",
                significant(group.new_requests as f64 / group.old_requests as f64)
            ),
            1 => String::new(),
            several => format!("{} like it", several - 1),
        };
        let first_seen = groups.iter().filter_map(|group| group.first_seen).min();
        [
            errors(sum(&|group| group.old_count)),
            errors(sum(&|group| group.new_count)),
            rates.unwrap_or_default(),
            group.ratio.map(significant).unwrap_or_default(),
            chance.unwrap_or_default(),
            if group.change == ChangeKind::Gone { String::new() } else { count(open_keys) },
            group.class.clone(),
            first_seen.filter(|_| !compared).map(minute).unwrap_or_default(),
            note,
            group.fingerprint.clone(),
            group_title(
                group.name.as_deref(),
                group.code.as_deref(),
                group.field.as_deref(),
                &group.template,
            ),
        ]
    }
}

/// The groups line by line, those with most errors first: groups that are like one another are one line.
fn lines_of<'g>(groups: &[&'g GroupChange]) -> Vec<Vec<&'g GroupChange>> {
    let mut lines: Vec<Vec<&GroupChange>> = Vec::new();
    for &group in groups {
        match lines.iter_mut().find(|line| line[0].like == group.like) {
            Some(line) => line.push(group),
            None => lines.push(vec![group]),
        }
    }
    let errors = |line: &Vec<&GroupChange>| {
        let sum =
            |count: fn(&GroupChange) -> i64| line.iter().map(|group| count(group)).sum::<i64>();
        sum(|group| group.old_count).max(sum(|group| group.new_count))
    };
    lines.sort_by_key(|line| Reverse(errors(line)));
    lines
}

/// What the tables do not list.
fn notes(diff: &query::ReportDiff, min_count: i64) -> Vec<String> {
    let mut notes = Vec::new();
    if diff.is_empty() {
        notes.push("Nothing has changed.".to_owned());
    }
    let rates = diff.of(ChangeKind::Grew).chain(diff.of(ChangeKind::Shrank)).next();
    if diff.blocks == BlockKind::Part && rates.is_some() {
        notes.push(
            "There are too few hours and runs to tell bursts of errors from changes.".to_owned(),
        );
    }
    let unchanged = counted(diff.unchanged_groups, "group", "groups");
    let listed = diff.of(ChangeKind::Unchanged).next().is_some() || diff.unchanged_groups == 0;
    notes.push(format!("Unchanged: {unchanged}{}", if listed { "" } else { "; --all lists them" }));
    if diff.few_groups > 0 {
        notes.push(format!(
            "New or gone with fewer than {min_count} errors: {}",
            counted(diff.few_groups, "group", "groups")
        ));
    }
    notes.push(format!("Open in both: {}", counted(diff.keys.still_open, "key", "keys")));
    notes
}

/// A heading and the table below it.
struct DiffSection {
    title: String,
    table: TextTable,
}

fn coverage(old: &Coverage, new: &Coverage) -> TextTable {
    let mut table = TextTable::new(COVERAGE);
    let mut row = |name: &str, cell: &dyn Fn(&Coverage) -> String| {
        table.row([name.to_owned(), cell(old), cell(new)]);
    };
    row(&format!("from ({})", zone::short_name()), &|report| {
        report.from.map_or_else(|| "unknown".to_owned(), minute)
    });
    row("to", &|report| report.to.map_or_else(|| "unknown".to_owned(), minute));
    row("requests", &|report| count(report.exchanges));
    row("errors", &|report| count(report.errors));
    row("groups", &|report| count(report.groups));
    row("open keys", &|report| count(report.open_keys));
    table
}

fn listed(keys: &[KeyChange]) -> TextTable {
    let mut table = TextTable::new(KEYS).without_room(&["FLOW", "LAST TRY"]);
    for key in keys.iter().take(KEYS_SHOWN) {
        table.row([
            cut(&format!("{} {}", key.key_kind, key.key), 24),
            key.last_seen.map(minute).unwrap_or_default(),
            cut(key.flow.as_deref().unwrap_or_default(), 36),
            key.last_message.clone().unwrap_or_default(),
        ]);
    }
    table
}

/// Two significant digits, and no exponent: `0.052`, `5.2`, `52`, `520`.
fn significant(number: f64) -> String {
    let size = number.abs();
    // How many of these bounds the number is below is how many decimals show two digits of it.
    let bounds = [10.0, 1.0, 0.1, 0.01, 0.001, 0.0001];
    let digits = bounds.iter().filter(|bound| size > 0.0 && size < **bound).count();
    format!("{number:.digits$}")
}

fn words(warning: &Warning) -> String {
    let version = |version: Option<u64>| version.map_or("unknown".to_owned(), |v| v.to_string());
    match warning {
        Warning::EmptyBaseline => {
            "the old report holds no request, so everything is new against it".to_owned()
        }
        Warning::EmptyNew => {
            "the new report holds no request, so everything is gone in it".to_owned()
        }
        Warning::Overlap { from, to } => format!(
            "both reports cover {} to {} ({}); what happened then counts in both",
            minute(*from),
            minute(*to),
            zone().name()
        ),
        Warning::Reversed => {
            "the new report ends before the old one begins; are the two in the wrong order?"
                .to_owned()
        }
        Warning::NoTimes => {
            "a report has no times, so whether the two overlap is not known".to_owned()
        }
        Warning::Rules { old, new } => format!(
            "the groups were made by rules of version {} and {}; what seems new and gone may be the same\nmake both reports with one version of the program",
            version(*old),
            version(*new)
        ),
        Warning::UserRules { .. } => {
            "the reports were made with different --rules; what seems new and gone may be the same\nmake both with the same file"
                .to_owned()
        }
        _ => "these reports may not be comparable".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_two_significant_digits() {
        let check = |number: f64, expected: &str| assert_eq!(significant(number), expected);
        check(0.0, "0");
        check(0.0521, "0.052");
        check(1.0, "1.0");
        check(9.96, "10.0");
        check(52.4, "52");
        check(1234.5, "1234");
    }

    #[test]
    fn a_ratio_is_one_or_above() {
        assert_eq!((ratio("1.5"), ratio("1")), (Ok(1.5), Ok(1.0)));
        for wrong in ["0.99", "0", "-2", "inf", "NaN", "twice"] {
            assert!(ratio(wrong).is_err(), "{wrong}");
        }
    }
}
