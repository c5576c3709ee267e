//! `analyze search`: the requests of a report that match a query.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};
use query::grammar::{Query, QueryError};
use query::{CountBy, LoggedRequests, count, count_by, groups, search};
use serde_json::json;
use tables::{CsvOptions, Stored};

use super::Exit;
use super::cards::{Cards, ShownBodies};
use super::figures;
use super::outgoing::{LIST_ROWS, Outgoing};
use super::show::write_curl;
use super::table::{Align, ColumnHeads, TextTable};
use super::terminal::{
    Color, Style, columns, cut, safe, safe_json, say, width, write_json, write_json_pretty,
};
use super::zone::{now, zone};

/// Below this width a table shows the error of a failure without its endpoint.
const WIDE_TABLE: usize = 120;

/// Which requests match? Finds requests by key, status, time, flow, error or any text that was sent or answered
///
/// Shows the newest first: when, how it ended, where it went, its key and whether that is open, its errors, and the
/// places in the bodies that match.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SearchCommand {
    /// Folder that `analyze report` has written, Parquet among its formats
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// What is searched for, see below; all requests when absent. A query that begins with - stands after --
    #[arg(value_name = "QUERY")]
    query: Vec<String>,
    /// At most so many requests, the newest; 0 for all
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// How much of the bodies is shown: none, snip (the places that match), full
    #[arg(
        long,
        value_enum,
        value_name = "HOW",
        default_value = "snip",
        hide_possible_values = true
    )]
    show: ShownBodiesArg,
    /// Lines shown before and after each place that matches
    #[arg(short = 'C', long, value_name = "N", default_value_t = 2)]
    context: usize,
    /// Prints only how many requests match
    #[arg(long, conflicts_with = "by")]
    count: bool,
    /// Counts the requests that match by group, flow, status, key or hour
    #[arg(long, value_enum, value_name = "WHAT", hide_possible_values = true)]
    by: Option<ByArg>,
    /// cards, table, jsonl (JSON lines with bodies and errors), csv, har, or curl (commands that send the requests
    /// again); with --by table, jsonl or csv
    #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<SearchFormat>,
    /// Writes CSV cells that a spreadsheet would run (those that begin with =, +, -, @) without a ' before them
    #[arg(long)]
    raw_csv: bool,
}

const EXAMPLES: &str = "\
Examples:
  analyze search report TR0011111M
  analyze search report 'flow:price status:5xx since:-2h'
  analyze search report 'is:open class:missing' --by flow
  analyze search report '\"does not exist\" -url:bulk' --show full --limit 3
  analyze search report 'side:erp is:failed' --format csv > erp.csv

Queries:
  word  \"a phrase\"  /regex/
      in keys, messages, URLs and bodies
  a b    a OR b    -a    (a b)
      all, any, not, together
  field:value  field:a,b  field:*
      the field has the value, one of them, any
  status:404 status:4xx status:>=400 status:400..499
  duration:>2s
  since:-3h until:yesterday since:2026-10-24T02:00
      in UTC, or --tz
  is:open is:resolved is:failed is:truncated

Fields: key sku order flow step run endpoint method url status outcome class side group code field msg req res \
duration since until file. Text without a capital letter matches in any case.
Exit codes: 0 some request matches, 1 none does, 2 not done.";

/// How much of the bodies is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ShownBodiesArg {
    /// Nothing
    None,
    /// The places that match
    Snip,
    /// All
    Full,
}

/// What requests are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ByArg {
    /// Error group
    Group,
    /// Flow
    Flow,
    /// HTTP status
    Status,
    /// Order, product and so on
    Key,
    /// Hour of the start
    Hour,
}

/// How requests are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SearchFormat {
    /// A card for each
    Cards,
    /// A line for each
    Table,
    /// JSON lines
    Jsonl,
    /// CSV
    Csv,
    /// HTTP archive
    Har,
    /// Commands
    Curl,
}

const REQUESTS: ColumnHeads = &[
    ("TIME", Align::Time),
    ("STATUS", Align::Right),
    ("REQUEST", Align::Right),
    ("OUTCOME", Align::Left),
    ("KEY", Align::Left),
    ("STATE", Align::Left),
    ("FLOW", Align::Left),
    ("ENDPOINT AND ERROR", Align::Left),
];

const COUNTS: ColumnHeads =
    &[("REQUESTS", Align::Right), ("", Align::Left), ("ERROR", Align::Left)];

impl ByArg {
    fn count_by(self) -> CountBy {
        match self {
            Self::Group => CountBy::Group,
            Self::Flow => CountBy::Flow,
            Self::Status => CountBy::Status,
            Self::Key => CountBy::Key,
            Self::Hour => CountBy::Hour,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Flow => "flow",
            Self::Status => "status",
            Self::Key => "key",
            Self::Hour => "hour",
        }
    }
}

impl SearchCommand {
    /// Prints the requests, or their counts.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let text = self.query.join(" ");
        let query = match Query::parse(&text, now(), zone()) {
            Ok(query) => query,
            Err(error) => {
                say(&query_message(&text, &error));
                return Ok(Exit::NotDone);
            }
        };
        let report = Stored::open(&self.report)?;
        let mut out = Outgoing::of(&report, false)?;
        let found = if self.count {
            let count = count(&report, &query)?;
            writeln!(out, "{count}")?;
            count > 0
        } else if let Some(by) = self.by {
            self.print_counts(&mut out, &report, &query, by)?
        } else {
            self.print_requests(&mut out, &report, &query)?
        };
        out.flush()?;
        Ok(if found { Exit::Done } else { Exit::Nothing })
    }

    fn print_requests(
        &self,
        out: &mut Outgoing,
        report: &Stored,
        query: &Query,
    ) -> anyhow::Result<bool> {
        let limit = (self.limit > 0).then_some(self.limit);
        // One more, to know whether there are more.
        let mut ids = search(report, query, limit.map(|limit| limit.saturating_add(1)))?;
        let more = limit.is_some_and(|limit| ids.len() > limit);
        ids.truncate(limit.unwrap_or(usize::MAX));
        let format = self.format.unwrap_or(SearchFormat::Cards);
        let with_bodies = match format {
            SearchFormat::Cards => self.show != ShownBodiesArg::None,
            SearchFormat::Table | SearchFormat::Csv => false,
            SearchFormat::Jsonl | SearchFormat::Har | SearchFormat::Curl => true,
        };
        // Bodies show what is masked in messages too.
        let requests = LoggedRequests::read(report, &ids, with_bodies || out.masks())?;
        let requests = out.requests(requests);
        let terminal = io::stdout().is_terminal();
        match format {
            SearchFormat::Cards => {
                let cards = Cards {
                    style: Style::stdout(Color::Auto),
                    width: terminal.then(width),
                    bodies: match self.show {
                        ShownBodiesArg::None => ShownBodies::None,
                        ShownBodiesArg::Snip => ShownBodies::Snippets(self.context),
                        ShownBodiesArg::Full => ShownBodies::Full,
                    },
                    highlights: query.highlights(),
                    key: None,
                };
                for (n, request) in requests.iter().enumerate() {
                    if n > 0 {
                        writeln!(out)?;
                    }
                    for line in cards.lines(&request) {
                        writeln!(out, "{line}")?;
                    }
                    out.end()?;
                }
            }
            SearchFormat::Table => {
                let wide = terminal.then(width);
                for line in request_table(&requests, wide).lines(wide) {
                    writeln!(out, "{line}")?;
                }
            }
            SearchFormat::Jsonl => {
                for request in requests.iter() {
                    write_json(out, &request.json())?;
                    out.end()?;
                }
            }
            SearchFormat::Csv => {
                let rows = requests.csv(CsvOptions { raw: self.raw_csv, ..CsvOptions::default() });
                // CSV has no escapes, so a program gets it as it is.
                let shown = if terminal {
                    safe_json(&String::from_utf8_lossy(&rows)).into_bytes()
                } else {
                    rows
                };
                out.write_all(&shown)?;
            }
            SearchFormat::Har => write_json_pretty(out, &requests.har())?,
            SearchFormat::Curl => write_curl(out, &requests)?,
        }
        out.flush()?;
        if more {
            say("more requests match than are shown: --limit, --count, --by");
        }
        Ok(!requests.is_empty())
    }

    fn print_counts(
        &self,
        out: &mut Outgoing,
        report: &Stored,
        query: &Query,
        by: ByArg,
    ) -> anyhow::Result<bool> {
        let counts = count_by(report, query, by.count_by(), zone())?;
        out.learn_messages(report, LIST_ROWS)?;
        match self.format.unwrap_or(SearchFormat::Table) {
            SearchFormat::Table | SearchFormat::Cards => {
                let groups = match by {
                    ByArg::Group => groups(report)?,
                    _ => tables::Batch::new(),
                };
                let mut table = TextTable::new(COUNTS);
                for (value, count) in &counts {
                    let template =
                        groups.rows().find(|row| Some(row.fingerprint.0) == value.as_deref());
                    let template = template.map(|row| row.template.0.to_owned());
                    let value = value.as_deref().unwrap_or("none");
                    table.row([
                        figures::count(*count),
                        cut(value, 48),
                        template.unwrap_or_default(),
                    ]);
                }
                for line in table.lines(io::stdout().is_terminal().then(width)) {
                    writeln!(out, "{line}")?;
                }
            }
            SearchFormat::Jsonl => {
                for (value, count) in &counts {
                    write_json(out, &json!({ by.name(): value, "requests": count }))?;
                }
            }
            SearchFormat::Csv => {
                writeln!(out, "{},requests", by.name())?;
                for (value, count) in &counts {
                    writeln!(out, "{},{count}", self.csv_cell(value.as_deref()))?;
                }
            }
            SearchFormat::Har | SearchFormat::Curl => {
                bail!("--by: counts have no such format\nuse --format table, jsonl or csv")
            }
        }
        Ok(!counts.is_empty())
    }

    /// A quoted cell; null is empty.
    fn csv_cell(&self, value: Option<&str>) -> String {
        let Some(value) = value else { return String::new() };
        let runs = !self.raw_csv && value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
        let mark = if runs { "'" } else { "" };
        format!("\"{mark}{}\"", value.replace('"', "\"\""))
    }
}

fn request_table(requests: &LoggedRequests, wide: Option<usize>) -> TextTable {
    let spare = &["REQUEST", "OUTCOME", "STATE", "FLOW"];
    // Of a failure the error tells more.
    let narrow = wide.is_some_and(|wide| wide < WIDE_TABLE);
    let mut table = TextTable::new(REQUESTS).without_room(spare);
    for request in requests.iter() {
        let exchange = &request.exchange;
        let key = exchange.key_kind.zip(exchange.key).map(|(_, key)| key.0);
        let endpoint = exchange.endpoint.map_or("", |endpoint| endpoint.0);
        let error = request.errors.first().map(|error| error.message.0);
        table.row([
            exchange.started_at.map(figures::minute).unwrap_or_default(),
            exchange.status.map(|status| status.to_string()).unwrap_or_default(),
            exchange.exchange.to_string(),
            exchange.outcome.0.to_owned(),
            cut(key.unwrap_or_default(), 18),
            request.state.map(query::KeyState::word).unwrap_or_default().to_owned(),
            cut(exchange.flow.map_or("", |flow| flow.0), 14),
            match error {
                Some(error) if narrow => error.to_owned(),
                Some(error) => format!("{endpoint}: {error}"),
                None => endpoint.to_owned(),
            },
        ]);
    }
    table
}

/// What is wrong with a query, the query, and a mark under the place.
fn query_message(text: &str, error: &QueryError) -> String {
    let shown = safe(text);
    let before = columns(&safe(&text[..error.span.start]));
    let marked = columns(&safe(&text[error.span.clone()])).max(1);
    format!("error: {error}\n  {shown}\n  {}{}", " ".repeat(before), "^".repeat(marked))
}

#[cfg(test)]
mod tests {
    use tables::cell::Micros;

    use super::*;

    #[test]
    fn the_place_of_a_mistake_is_marked() {
        let text = "ş\t(status:x)";
        let error = Query::parse(text, Micros(0), zone()).unwrap_err();
        let message = query_message(text, &error);
        let lines: Vec<&str> = message.lines().collect();
        assert_eq!(lines[1..], [r"  ş\t(status:x)", "             ^"]);
    }
}
