//! `analyze diff`: what has changed from one report to another.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use query::{ChangeKind, Coverage, GroupChange, KeyChange, Thresholds, Warning};
use tables::Stored;

use super::Exit;
use super::figures::{count, counted, minute};
use super::markdown;
use super::outgoing::{self, LIST_ROWS, NOT_MASKED, Outgoing};
use super::table::{Align, ColumnHeads, TextTable};
use super::terminal::{cut, safe, say, width, write_json_pretty};
use super::title::title;
use super::zone::{self, zone};

/// Keys that are listed of each kind; JSON has all.
const KEYS_SHOWN: usize = 10;

/// Compares two reports: groups that are new, gone, back again, more or less frequent, and keys newly open or resolved
///
/// Groups are compared by rate: errors for each exchange of their flows. So the periods may differ in length. A group
/// is more or less frequent when three things hold: its rate has changed by --ratio, the change is larger than chance
/// (two standard deviations), and it has --min-count errors in one of the reports.
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
    /// Exits with 1 when there are any of these: new (new groups), worse (new groups, or groups that are back again or
    /// more frequent), open (keys newly open). Separate several with a comma
    #[arg(
        long,
        value_enum,
        value_name = "LIST",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    fail_on: Vec<FailOn>,
    /// Errors that a group must have in one of the reports to be shown
    #[arg(
        long,
        value_name = "N",
        default_value_t = Thresholds::default().min_count,
        value_parser = clap::value_parser!(i64).range(0..)
    )]
    min_count: i64,
    /// How many times as frequent, or as rare, a group must be to be shown
    #[arg(long, value_name = "R", default_value_t = Thresholds::default().ratio, value_parser = ratio)]
    ratio: f64,
}

const EXAMPLES: &str = "\
Examples:
  analyze diff yesterday today
  analyze diff last-week this-week --format markdown > changes.md
  analyze diff baseline nightly --fail-on new,open --min-count 5
  analyze diff yesterday today --format json | jq '.keys.opened[].key'

New: not in OLD. Back again: in OLD without an open key and in NEW with one; or not in OLD, and NEW has errors of it \
both before OLD begins and since. Gone: not in NEW. A note says when the flows of a group did not run in the report \
without it.
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
    /// New groups, groups that are back, more frequent groups
    Worse,
    /// Keys newly open
    Open,
}

fn ratio(text: &str) -> Result<f64, String> {
    let read = text.parse().ok().filter(|ratio: &f64| ratio.is_finite() && *ratio > 1.0);
    read.ok_or_else(|| "not a number above 1".to_owned())
}

const COVERAGE: ColumnHeads = &[("", Align::Left), ("OLD", Align::Left), ("NEW", Align::Left)];

const GROUPS: ColumnHeads = &[
    ("OLD", Align::Right),
    ("NEW", Align::Right),
    ("OLD PER 1000", Align::Right),
    ("NEW PER 1000", Align::Right),
    ("TIMES", Align::Right),
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
        let thresholds = Thresholds { min_count: self.min_count, ratio: self.ratio };
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
                for (n, section) in self.sections(&diff).iter().enumerate() {
                    if n > 0 {
                        writeln!(out)?;
                    }
                    if !section.title.is_empty() {
                        writeln!(out, "{}", safe(&section.title))?;
                    }
                    let lines = if section.table.is_empty() {
                        Vec::new()
                    } else {
                        section.table.lines(wide)
                    };
                    for line in lines {
                        writeln!(out, "  {line}")?;
                    }
                }
            }
            DiffFormat::Markdown => {
                if outgoing::shows_secrets() {
                    writeln!(out, "> {NOT_MASKED}\n")?;
                }
                writeln!(
                    out,
                    "## Changes from {} to {}",
                    markdown::text(&self.old.to_string_lossy()),
                    markdown::text(&self.new.to_string_lossy())
                )?;
                for section in self.sections(&diff) {
                    let level = if section.table.is_empty() { "" } else { "### " };
                    if !section.title.is_empty() {
                        writeln!(out, "\n{level}{}", markdown::text(&section.title))?;
                    }
                    if !section.table.is_empty() {
                        writeln!(out, "\n{}", markdown::table(&section.table).trim_end())?;
                    }
                }
            }
        }
        out.flush()?;
        Ok(if self.fails(&diff) { Exit::FAILED_ON } else { Exit::Done })
    }

    fn fails(&self, diff: &query::ReportDiff) -> bool {
        let any = |changes: &[ChangeKind]| {
            diff.groups.iter().any(|group| changes.contains(&group.change))
        };
        self.fail_on.iter().any(|what| match what {
            FailOn::New => any(&[ChangeKind::New]),
            FailOn::Worse => any(&[ChangeKind::New, ChangeKind::Back, ChangeKind::More]),
            FailOn::Open => !diff.keys.opened.is_empty(),
        })
    }

    fn sections(&self, diff: &query::ReportDiff) -> Vec<DiffSection> {
        let mut sections =
            vec![DiffSection { title: String::new(), table: coverage(&diff.old, &diff.new) }];
        for (change, title) in [
            (ChangeKind::New, "New"),
            (ChangeKind::Back, "Back again"),
            (ChangeKind::More, "More frequent"),
            (ChangeKind::Less, "Less frequent"),
            (ChangeKind::Gone, "Gone"),
        ] {
            let mut table = TextTable::new(GROUPS);
            for group in diff.of(change) {
                table.row(cells(group));
            }
            let number = diff.of(change).count() as u64;
            if number > 0 {
                let title = format!("{title}: {}", counted(number, "group", "groups"));
                sections.push(DiffSection { title, table });
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
        let none = if diff.is_empty() { "Nothing has changed. " } else { "" };
        let rest = format!(
            "{none}Left out: {} about as frequent as before, {} new or gone with fewer than {} errors. Open in both: {}.",
            counted(diff.steady_groups, "group", "groups"),
            count(diff.few_groups),
            self.min_count,
            counted(keys.still_open, "key", "keys"),
        );
        sections.push(DiffSection { title: rest, table: TextTable::new(KEYS) });
        sections
    }
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
    row("exchanges", &|report| count(report.exchanges));
    row("errors", &|report| count(report.errors));
    row("groups", &|report| count(report.groups));
    row("open keys", &|report| count(report.open_keys));
    table
}

fn cells(group: &GroupChange) -> [String; 11] {
    let compared = !matches!(group.change, ChangeKind::New | ChangeKind::Gone);
    let rate = |rate: Option<f64>| {
        rate.filter(|_| compared).map(|rate| significant(rate * 1000.0)).unwrap_or_default()
    };
    let errors = |number: i64| if number == 0 { String::new() } else { count(number) };
    [
        errors(group.old_count),
        errors(group.new_count),
        rate(group.old_rate),
        rate(group.new_rate),
        group.ratio.map(significant).unwrap_or_default(),
        if group.change == ChangeKind::Gone { String::new() } else { count(group.new_open_keys) },
        group.class.clone(),
        group.first_seen.filter(|_| !compared).map(minute).unwrap_or_default(),
        if group.flow_did_not_run() { "its flow did not run".to_owned() } else { String::new() },
        group.fingerprint.clone(),
        title(
            group.name.as_deref(),
            group.code.as_deref(),
            group.field.as_deref(),
            &group.template,
        ),
    ]
}

fn listed(keys: &[KeyChange]) -> TextTable {
    let mut table = TextTable::new(KEYS);
    for key in keys.iter().take(KEYS_SHOWN) {
        table.row([
            cut(&format!("{} {}", key.key_kind, key.key), 40),
            key.last_seen.map(minute).unwrap_or_default(),
            key.flow.clone().unwrap_or_default(),
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
    fn a_ratio_is_above_one() {
        assert_eq!(ratio("1.5"), Ok(1.5));
        for wrong in ["1", "0", "-2", "inf", "NaN", "twice"] {
            assert!(ratio(wrong).is_err(), "{wrong}");
        }
    }
}
