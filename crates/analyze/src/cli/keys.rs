//! `analyze keys`: the orders and products of a report, for sending again.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use grouping::{Class, Side};
use query::{
    KeyFilter, KeyState, ListedKeyRow, ListedKeys, PayloadCounts, duplicates, find_group,
    group_aliases, groups, keys, write_payloads,
};
use tables::cell::Micros;
use tables::{Batch, CsvOptions, Stored, TextFormat, text};

use super::Exit;
use super::figures::{count, counted, minute};
use super::outgoing::{self, Outgoing};
use super::table::{Align, ColumnHeads, TextTable};
use super::terminal::{cut, safe_json, say, width};
use super::zone::{now, zone};

/// Columns of a key and of a flow in the table.
const SHORT: usize = 40;

/// Which orders and products have to be sent again? Lists those of a report, with their newest failure
///
/// A key is open when its newest attempt failed, and resolved when an earlier attempt failed and the newest one
/// succeeded; attempts with an unknown outcome do not count. The newest come first. CSV and JSON have the columns of
/// the table `keys`, then `state` (open, unknown, resolved, good; unknown is open, and tried again since with an unknown
/// outcome) and `failed_in_a_row`; `last_file` and `last_record` name the record of the newest failed attempt.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct KeysCommand {
    /// Folder that `analyze report` has written, Parquet among its formats
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// Only those whose newest attempt failed
    #[arg(long, help_heading = "Which keys")]
    open: bool,
    /// Only those with a failed attempt whose newest attempt succeeded; with --open, both
    #[arg(long, help_heading = "Which keys")]
    resolved: bool,
    /// Only those that failed and were tried again since with an unknown outcome
    #[arg(long, help_heading = "Which keys")]
    unknown: bool,
    /// Only those whose newest N attempts or more failed without a success between; attempts with an unknown outcome
    /// do not count. Those that failed most often in a row come first
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..),
        help_heading = "Which keys"
    )]
    failed_in_a_row: Option<u32>,
    /// Only those whose newest failure has an error of this group: its rank (1 is the most frequent), its fingerprint,
    /// the beginning of one, or words of its text
    #[arg(long, value_name = "GROUP", help_heading = "Which keys")]
    group: Option<String>,
    /// Only those whose newest error is of these classes: value, missing, connection, intermittent, `rate_limit`,
    /// `too_large`, parse, duplicate, permission, other
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(Class::ALL.map(Class::name)),
        help_heading = "Which keys",
        hide_possible_values = true
    )]
    class: Vec<String>,
    /// Only those whose newest error is on this side: integrator, omnitron, erp, mapping
    #[arg(
        long,
        value_name = "SIDE",
        value_parser = PossibleValuesParser::new(Side::ALL.map(Side::name)),
        help_heading = "Which keys",
        hide_possible_values = true
    )]
    side: Option<String>,
    /// Only those for which sending again may help: time-outs, broken connections, errors of the server, locks
    #[arg(long, help_heading = "Which keys")]
    retry: bool,
    /// Only those whose newest attempt began at this time or later: -3h, yesterday, 2026-10-24 or 2026-10-24T02:00
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = "Which keys")]
    since: Option<String>,
    /// Only those of this flow
    #[arg(long, value_name = "FLOW", help_heading = "Which keys")]
    flow: Option<String>,
    /// Only those of this kind: sku, order, `base_code`, barcode, record
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        help_heading = "Which keys",
        hide_possible_values = true
    )]
    kind: Option<KindArg>,
    /// table, csv, or json (JSON lines) [default: table on a terminal, csv otherwise]
    #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<KeysFormat>,
    /// Writes CSV cells that a spreadsheet would run (those that begin with =, +, -, @) without a ' before them
    #[arg(long)]
    raw_csv: bool,
    /// Writes the request body of the newest failed attempt of each key to this folder, which must be empty or absent:
    /// one file for each key, one of JSON lines for each endpoint with method, URL, headers and body, and index.csv.
    /// Needs --open, --unknown, --failed-in-a-row or --resolved; prints no list unless --format is given. Leaves out
    /// what the other side has already
    #[arg(long, value_name = "DIR")]
    payloads: Option<PathBuf>,
    /// With --payloads, writes also those whose newest error says that the other side has the record already
    #[arg(long, requires = "payloads")]
    with_duplicates: bool,
    /// Lists this many at most; 0 for all [default: 50 on a terminal, all otherwise]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Keys that a terminal shows.
const ON_TERMINAL: usize = 50;

const EXAMPLES: &str = "\
Examples:
  analyze keys report --open
  analyze keys report --open --flow price --kind sku --format csv > resend.csv
  analyze keys report --open --group 1 --payloads resend
  analyze keys report --open --retry --since 2026-10-24
  analyze keys report --open --class duplicate
  analyze keys report --failed-in-a-row 4 --kind sku
  analyze keys report --resolved --format json | jq -r .key

Payloads: files are named KIND-KEY-DIGEST with .json, .xml or .txt by what they hold. Of a bulk request the row \
of the key is written where it can be found, else the whole body; index.csv says which (`part`), where \
it was sent, and why there is no file (`missing`): left_out (by --bodies of `analyze report`), no_body (nothing was \
sent, or it is not in the log), unknown_record (the report does not name the record). Files named \
requests-ENDPOINT-DIGEST.jsonl have the same bodies with method, URL and headers, credentials left out.
Exit codes: 0 done, also when there is no such key, 2 not done.";

/// What a key names.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum KindArg {
    /// A sellable product variant
    Sku,
    /// An order
    Order,
    /// A product family
    BaseCode,
    /// A barcode
    Barcode,
    /// Any other record
    Record,
}

/// How keys are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeysFormat {
    /// Aligned columns
    Table,
    /// CSV
    Csv,
    /// JSON lines
    Json,
}

const COLUMNS: ColumnHeads = &[
    ("KEY", Align::Left),
    ("STATE", Align::Left),
    ("TRIES", Align::Right),
    ("FAILED", Align::Right),
    ("IN A ROW", Align::Right),
    ("LAST TRY", Align::Time),
    ("FLOW", Align::Left),
    ("FILE", Align::Left),
    ("RECORD", Align::Right),
    ("NEWEST ERROR", Align::Left),
];

/// Rows made [`safe_json`].
fn safe_lines(rows: &[u8]) -> Vec<u8> {
    safe_json(&String::from_utf8_lossy(rows)).into_bytes()
}

impl KeysCommand {
    /// Prints the list; with `--payloads` writes the bodies, and reports that on stderr.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let failed = self.open || self.resolved || self.unknown || self.failed_in_a_row.is_some();
        if self.payloads.is_some() && !failed {
            say(
                "error: --payloads needs --open or --resolved\nto write the bodies of what has to be sent again, add --open",
            );
            return Ok(Exit::NotDone);
        }
        let report = Stored::open(&self.report)?;
        let mut keys = keys(&report, &self.filter(&report)?)?;
        if self.failed_in_a_row.is_some() {
            let (known, unknown): (Vec<_>, Vec<_>) =
                keys.rows().partition(|key| key.failed_in_a_row.is_some());
            report_unknown_attempts(unknown.len());
            keys = batch(known);
        }
        let there = duplicates(&report)?;
        let is_there = |key: &ListedKeyRow<'_>| {
            key.open && key.last_fingerprint.is_some_and(|name| there.contains(name.0))
        };
        if let Some(dir) = &self.payloads {
            let (known, resend): (Vec<_>, Vec<_>) =
                keys.rows().partition(|key| !self.with_duplicates && is_there(key));
            let counts = write_payloads(&report, &batch(resend), dir, self.raw_csv)?;
            report_payloads(&counts, &dir.display().to_string());
            if counts.whole + counts.rows > 0 {
                outgoing::say_not_masked(&report);
            }
            report_duplicates(known.len(), &dir.display().to_string());
            report_unknown(&keys, &dir.display().to_string());
            if self.format.is_none() {
                return Ok(Exit::Done);
            }
        }
        let terminal = io::stdout().is_terminal();
        let usual = if terminal { KeysFormat::Table } else { KeysFormat::Csv };
        let options = CsvOptions { raw: self.raw_csv, ..CsvOptions::default() };
        let all = keys.len();
        let limit = self.limit.unwrap_or(if terminal { ON_TERMINAL } else { 0 });
        if limit > 0 && all > limit {
            keys = batch(keys.rows().take(limit));
        }
        let mut out = Outgoing::of(&report, false)?;
        out.learn_keys(&report, &keys)?;
        match self.format.unwrap_or(usual) {
            KeysFormat::Table => {
                let wide = terminal.then(width);
                for line in self.table(&keys, &is_there).lines(wide) {
                    writeln!(out, "{line}")?;
                }
            }
            KeysFormat::Csv => {
                let rows = text(&keys, TextFormat::Csv, options);
                // CSV has no escapes, so a program gets it as it is.
                let shown = if terminal { safe_lines(&rows) } else { rows };
                out.write_all(&shown)?;
            }
            KeysFormat::Json => {
                out.write_all(&safe_lines(&text(&keys, TextFormat::Json, options)))?;
            }
        }
        out.flush()?;
        if keys.len() < all {
            let rest = counted((all - keys.len()) as u64, "more key", "more keys");
            say(&format!("{rest}; --limit 0 shows all"));
        }
        Ok(Exit::Done)
    }

    fn filter(&self, report: &Stored) -> anyhow::Result<KeyFilter> {
        let states = [(self.open, KeyState::Open), (self.resolved, KeyState::Resolved)];
        let states = states.into_iter().filter(|(set, _)| *set).map(|(_, state)| state);
        let fingerprint = match &self.group {
            Some(name) => {
                let groups = groups(report)?;
                let (_, group) = find_group(&groups, &group_aliases(report)?, name)?;
                Some(group.fingerprint.0.to_owned())
            }
            None => None,
        };
        let kind = self.kind.and_then(|kind| kind.to_possible_value());
        Ok(KeyFilter {
            states: states.collect(),
            unknown: self.unknown,
            failed_in_a_row: self.failed_in_a_row.unwrap_or_default(),
            fingerprint,
            flow: self.flow.clone(),
            kind: kind.map(|kind| kind.get_name().to_owned()),
            classes: self.class.clone(),
            side: self.side.clone(),
            retryable: self.retry,
            since: self.since()?,
        })
    }

    fn since(&self) -> anyhow::Result<Option<Micros>> {
        let Some(text) = &self.since else { return Ok(None) };
        let span = query::grammar::time_span(text, now(), zone());
        let span = span.with_context(|| {
            format!(
                "--since {text}: not a time; write -3h, yesterday, 2026-10-24 or 2026-10-24T02:00"
            )
        })?;
        Ok(Some(span.start))
    }

    fn table(
        &self,
        keys: &Batch<ListedKeys>,
        is_there: &dyn Fn(&ListedKeyRow<'_>) -> bool,
    ) -> TextTable {
        let spare: &[&str] = match self.failed_in_a_row {
            Some(_) => &["FILE", "RECORD", "FLOW", "FAILED", "TRIES", "LAST TRY"],
            None => &["FILE", "RECORD", "FLOW", "IN A ROW", "FAILED", "TRIES", "LAST TRY"],
        };
        let mut table = TextTable::new(COLUMNS).without_room(spare);
        // With one of the flags all are in one state, which needs no column.
        let only_open = self.unknown || self.failed_in_a_row.is_some();
        let states = self.open == self.resolved && !only_open;
        for key in keys.rows() {
            let state = match key.state.0 {
                "open" | "unknown" if is_there(&key) => "there already",
                "unknown" => "failed, then unknown",
                state if states => state,
                _ => "",
            };
            table.row([
                cut(&format!("{} {}", key.key_kind.0, key.key.0), SHORT),
                state.to_owned(),
                count(key.attempts),
                count(key.failures),
                key.failed_in_a_row.map(count).unwrap_or_default(),
                key.last_seen.map(minute).unwrap_or_default(),
                cut(key.flow.map_or("", |flow| flow.0), SHORT),
                key.last_file.map_or("", |file| file.0).to_owned(),
                key.last_record.map(|record| record.to_string()).unwrap_or_default(),
                key.last_message.map_or("", |message| message.0).to_owned(),
            ]);
        }
        table
    }
}

/// The rows as a batch.
fn batch<'k>(rows: impl IntoIterator<Item = ListedKeyRow<'k>>) -> Batch<ListedKeys> {
    let mut batch = Batch::new();
    rows.into_iter().for_each(|row| batch.push(&row));
    batch
}

fn report_duplicates(number: usize, dir: &str) {
    if number > 0 {
        say(&format!(
            "{dir}: {} left out, which the other side has already by its newest error; --with-duplicates writes them too",
            counted(number as u64, "key", "keys")
        ));
    }
}

fn report_unknown(keys: &Batch<ListedKeys>, dir: &str) {
    let number = keys.rows().filter(|key| key.state.0 == "unknown").count() as u64;
    if number > 0 {
        say(&format!(
            "{dir}: of {} the newest attempt has an unknown outcome; look before you send them again (`state` in index.csv)",
            counted(number, "key", "keys")
        ));
    }
}

fn report_unknown_attempts(number: usize) {
    if number > 0 {
        say(&format!(
            "{} left out, of which the report does not have all attempts\n`analyze report --bodies all` keeps the rows of bulk requests",
            counted(number as u64, "key", "keys")
        ));
    }
}

fn report_payloads(counts: &PayloadCounts, dir: &str) {
    say(&format!(
        "{dir}: {} and {} of bulk requests written, listed in index.csv; with method, URL and headers in {}",
        counted(counts.whole, "request body", "request bodies"),
        counted(counts.rows, "row", "rows"),
        counted(counts.endpoints, "file of JSON lines", "files of JSON lines"),
    ));
    let missing = [
        (
            counts.left_out,
            "was left out of the report\n`analyze report --bodies all` keeps all bodies",
        ),
        (counts.no_body, "is not in the log, or nothing was sent"),
        (counts.unknown_record, "cannot be found: the report does not name its record"),
    ];
    for (number, why) in missing.into_iter().filter(|(number, _)| *number > 0) {
        say(&format!("{dir}: for {} the body {why}", counted(number, "key", "keys")));
    }
}
