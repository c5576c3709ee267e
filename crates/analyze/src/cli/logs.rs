//! `analyze logs`: the call List Logs, answered from a dump.

use std::io::{self, BufWriter, IsTerminal as _, Write};

use anyhow::{Context as _, bail};
use api::dump::SavedLogs;
use api::protocol::{AskedAt, LIST_PATH, ListQuery, Parameters, envelope};
use api::query::{self, Selected};
use clap::{Args, ValueEnum};
use model::json::{Type, Value, unescape};
use tables::cell::Micros;

use super::Exit;
use super::dump::DumpArgs;
use super::table::{Align, ColumnHeads, TextTable};
use super::terminal::{say, width};
use super::zone::zone;

/// Which logs are there? Lists those of a dump as `GET /logs` of the API does, with the same parameters
///
/// Answers from saved pages and from downloads: of each log the newest saved record, as it was saved. A log that is
/// known from its download only has the fields that the download shows. The newest logs come first.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LogsCommand {
    /// Query string of the API, `projectId=1&flowId=2&log_type=3`, or a whole URL with one, in quotes. Flags add to it
    #[arg(value_name = "QUERY", index = 2)]
    query: Option<String>,
    /// Parameter `projectId`. A dump mostly does not say its project; then any fits
    #[arg(long, value_name = "ID", help_heading = "Which logs")]
    project_id: Option<String>,
    /// Parameter `flowId`: only logs of this flow
    #[arg(long, value_name = "ID", help_heading = "Which logs")]
    flow_id: Option<String>,
    /// Parameter `log_type`: 1 main logs, 2 sub logs (steps), 3 line logs (rows)
    #[arg(long, value_name = "1|2|3", help_heading = "Which logs")]
    log_type: Option<String>,
    /// Parameter `filename_uuid`: the main log of this execution
    #[arg(long, value_name = "UUID", help_heading = "Which logs")]
    filename_uuid: Option<String>,
    /// Parameter `original_filename_uuid`: the line logs of this execution; with --log-type its logs of that type
    #[arg(long, value_name = "UUID", help_heading = "Which logs")]
    original_filename_uuid: Option<String>,
    /// Parameters `search_field.N` and `search_value.N`: only line logs with this field, in their record or their
    /// download. Repeat it for logs that have all of several fields. Needs --log-type 3
    #[arg(long, value_name = "FIELD=VALUE", help_heading = "Which logs")]
    search: Vec<String>,
    /// Parameter `limit`: rows of a page, 1 to 100 [default: 25]
    #[arg(long, value_name = "N", help_heading = "Pages")]
    limit: Option<String>,
    /// Parameter `page`, from 1 [default: 1]
    #[arg(long, value_name = "N", help_heading = "Pages")]
    page: Option<String>,
    /// All pages, from the first. With json, each page is on a line of its own
    #[arg(long, conflicts_with = "page", help_heading = "Pages")]
    all: bool,
    /// json (the answer of the API), ndjson (one record on each line), csv, table [default: table on a terminal, json
    /// otherwise]
    #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<LogsFormat>,
    /// Writes CSV cells that a spreadsheet would run (those that begin with =, +, -, @) without a ' before them
    #[arg(long)]
    raw_csv: bool,
    #[command(flatten)]
    dump: DumpArgs,
}

const EXAMPLES: &str = "\
Examples:
  analyze logs dump --flow-id 3fb1a1d2 --log-type 1
  analyze logs dump 'projectId=12&flowId=3fb1a1d2&log_type=3'
  analyze logs dump --flow-id 3fb1a1d2 --log-type 3 --search sku=A-1
  analyze logs dump --flow-id 3fb1a1d2 --all --format csv > logs.csv

docs/api.md explains the parameters. `analyze serve` answers the same over HTTP.
Exit codes: 0 done, 1 nothing found (404 of the API), 2 a parameter is missing or wrong (400 of the API), or not done.";

/// How logs are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogsFormat {
    /// The answer of the API
    Json,
    /// One record on each line
    Ndjson,
    /// CSV
    Csv,
    /// Aligned columns
    Table,
}

/// The documented fields of a record, in the order of the documents.
const FIELDS: [&str; 22] = [
    "id",
    "log_type",
    "process_group_id",
    "process_group_name",
    "parent_process_group_id",
    "original_filename_uuid",
    "filename_uuid",
    "state",
    "status",
    "created",
    "finished",
    "process_count",
    "success_count",
    "fail_count",
    "fragment_count",
    "row_num",
    "flow_order",
    "in_bound",
    "schedule",
    "is_triggered",
    "triggered_by",
    "is_send_S3",
];

const COLUMNS: ColumnHeads = &[
    ("ID", Align::Right),
    ("TYPE", Align::Left),
    ("CREATED", Align::Time),
    ("STATE", Align::Left),
    ("STATUS", Align::Left),
    ("ROW", Align::Right),
    ("RUN", Align::Left),
    ("GROUP", Align::Left),
];

impl LogsCommand {
    /// Prints one page, or all.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let asked = self.asked()?;
        // What is wrong is reported before the dump is read; what the dump would fill in comes later.
        if self.query.is_some() {
            check(&asked)?;
        }
        let dump = self.dump.read()?;
        let asked = self.filled(asked, &dump)?;
        let query = check(&asked)?;
        for name in asked.parameters.unknown() {
            say(&format!("{name}: no parameter of {LIST_PATH}; ignored, as the API does"));
        }
        let selected = query::select(&dump, &query);
        if selected.rows.is_empty() {
            say(&query::nothing(&dump, &query, selected.count));
            return Ok(Exit::Nothing);
        }
        let terminal = io::stdout().is_terminal();
        let usual = if terminal { LogsFormat::Table } else { LogsFormat::Json };
        let format = self.format.unwrap_or(usual);
        let mut out = BufWriter::new(io::stdout().lock());
        let mut table = TextTable::new(COLUMNS);
        if format == LogsFormat::Csv {
            writeln!(out, "{}", FIELDS.join(","))?;
        }
        let pages = selected.count.div_ceil(u64::from(query.limit));
        let last = if self.all { pages } else { query.page };
        for page in query.page..=last {
            let query = ListQuery { page, ..query.clone() };
            let Selected { count, rows } = query::select(&dump, &query);
            match format {
                LogsFormat::Json => {
                    let answer = envelope(&query, &asked, count, &rows);
                    out.write_all(answer.as_bytes())?;
                    if self.all || terminal {
                        writeln!(out)?;
                    }
                }
                LogsFormat::Ndjson => {
                    for row in rows {
                        writeln!(out, "{}", one_line(row))?;
                    }
                }
                LogsFormat::Csv => {
                    for row in rows {
                        self.csv_row(row, &mut out)?;
                    }
                }
                LogsFormat::Table => rows.iter().for_each(|row| add_row(&mut table, row)),
            }
        }
        if format == LogsFormat::Table {
            for line in table.lines(terminal.then(width)) {
                writeln!(out, "{line}")?;
            }
            if last < pages && terminal {
                say(&format!("page {last} of {pages}; --page {} is the next one", last + 1));
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }

    /// The query as typed.
    fn asked(&self) -> anyhow::Result<AskedAt> {
        let mut asked = match &self.query {
            Some(query) => of_text(query)?,
            None => {
                AskedAt { origin: DEFAULT_ORIGIN.to_owned(), parameters: Parameters::default() }
            }
        };
        for (name, value) in [
            ("projectId", &self.project_id),
            ("flowId", &self.flow_id),
            ("limit", &self.limit),
            ("page", &self.page),
            ("log_type", &self.log_type),
            ("filename_uuid", &self.filename_uuid),
            ("original_filename_uuid", &self.original_filename_uuid),
        ] {
            if let Some(value) = value {
                asked.parameters.push(name, value);
            }
        }
        for (n, pair) in (1..).zip(&self.search) {
            let Some((field, value)) = pair.split_once('=') else {
                bail!("--search {pair}: write it as FIELD=VALUE, such as sku=A-1");
            };
            asked.parameters.push(&format!("search_field.{n}"), field);
            asked.parameters.push(&format!("search_value.{n}"), value);
        }
        Ok(asked)
    }

    /// Fills in the project, which a dump hardly knows and a person need not type.
    fn filled(&self, mut asked: AskedAt, dump: &SavedLogs) -> anyhow::Result<AskedAt> {
        if self.query.is_none() && self.project_id.is_none() {
            let project = dump.projects().first().map_or("-", |(id, _)| id.as_str());
            asked.parameters.push("projectId", project);
        }
        if self.query.is_none() && self.flow_id.is_none() {
            bail!(
                "flowId: missing; this call needs it\nname a flow of {} with --flow-id: this is a dump {}",
                self.dump.name(),
                query::known_flows(dump)
            );
        }
        Ok(asked)
    }

    fn csv_row(&self, record: &str, out: &mut impl Write) -> io::Result<()> {
        let cells = cells(record);
        let line: Vec<String> = cells.iter().map(|cell| csv_cell(cell, self.raw_csv)).collect();
        writeln!(out, "{}", line.join(","))
    }
}

/// Where `analyze serve` answers when nothing else is said.
const DEFAULT_ORIGIN: &str = "http://127.0.0.1:3000";

fn check(asked: &AskedAt) -> anyhow::Result<ListQuery> {
    ListQuery::of(&asked.parameters).context("400 (bad query)")
}

/// A query string, or the one of a URL, whose origin is kept.
fn of_text(text: &str) -> anyhow::Result<AskedAt> {
    let (before, query) = match text.split_once('?') {
        Some((before, query)) => (before, query),
        None if text.contains('=') => ("", text),
        None => bail!(
            "{text}: not a query of {LIST_PATH}\nwrite it like 'projectId=1&flowId=2', or as a whole URL, in quotes"
        ),
    };
    let (origin, path) = match before.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split('/').next().unwrap_or(rest);
            (format!("{scheme}://{host}"), &rest[host.len()..])
        }
        None => (DEFAULT_ORIGIN.to_owned(), before),
    };
    if !matches!(path.trim_end_matches('/'), "" | LIST_PATH) {
        bail!("{path}: this command answers {LIST_PATH}\n`analyze cat` shows a download");
    }
    let query = query.split('#').next().unwrap_or(query);
    Ok(AskedAt { origin, parameters: Parameters::of(query) })
}

/// The documented fields of a record as text, as they are written; empty where one is absent or null.
fn cells(record: &str) -> Vec<String> {
    let mut cells = vec![String::new(); FIELDS.len()];
    if let Some(object) = Value::of(record) {
        object.members(|key, value| {
            let place = FIELDS.iter().position(|field| field.eq_ignore_ascii_case(key));
            if let Some(place) = place.filter(|_| value.ty != Type::Null) {
                cells[place].clear();
                if value.ty == Type::String {
                    unescape(value.inner(), &mut cells[place]);
                } else {
                    cells[place].push_str(value.raw);
                }
            }
            true
        });
    }
    cells
}

fn csv_cell(text: &str, raw: bool) -> String {
    let runs = !raw && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if runs { "'" } else { "" };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}

fn add_row(table: &mut TextTable, record: &str) {
    let cells = cells(record);
    let cell = |name: &str| {
        let place = FIELDS.iter().position(|field| *field == name);
        place.map(|place| cells[place].trim().to_owned()).unwrap_or_default()
    };
    let word = |name: &str, words: &[&str]| {
        let number: Option<usize> = cell(name).parse().ok();
        let word = number.and_then(|n| words.get(n.checked_sub(1)?));
        word.map_or_else(|| cell(name), |word| (*word).to_owned())
    };
    table.row([
        cell("id"),
        word("log_type", &["main", "sub", "line"]),
        created(&cell("created")),
        word("state", &["start", "in progress", "finished"]),
        word("status", &["in progress", "success", "failed", "empty"]),
        cell("row_num"),
        cell("original_filename_uuid"),
        cell("process_group_name"),
    ]);
}

/// A time to the second; as it is written where it is none.
fn created(text: &str) -> String {
    let time = model::time::Timestamp::parse_text(text).filter(|time| time.is_plausible());
    time.map_or_else(|| text.to_owned(), |time| zone().wall(Micros(time.0))[..19].to_owned())
}

/// A record without line ends between its fields. Those inside of strings are escaped in JSON.
fn one_line(record: &str) -> String {
    record.replace(['\n', '\r'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_found_in_what_people_copy() {
        let check = |text: &str, origin: &str, query: &str| {
            let asked = of_text(text).unwrap();
            assert_eq!((asked.origin.as_str(), asked.parameters.query().as_str()), (origin, query));
        };
        check("projectId=1&flowId=2", DEFAULT_ORIGIN, "projectId=1&flowId=2");
        check("?projectId=1", DEFAULT_ORIGIN, "projectId=1");
        check("/logs?projectId=1", DEFAULT_ORIGIN, "projectId=1");
        check("https://h.example:3000/logs?projectid=1#x", "https://h.example:3000", "projectid=1");
        for wrong in ["price", "http://h/logs/download?id=1", "/other?a=b"] {
            assert!(of_text(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_defused_unless_raw() {
        assert_eq!(csv_cell("=1+1", false), "'=1+1");
        assert_eq!(csv_cell("=1+1", true), "=1+1");
        assert_eq!(csv_cell("a,\"b\"", false), "\"a,\"\"b\"\"\"");
    }
}
