//! `analyze show`: what was sent and answered, for a key, a request or an error group.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::Args;
use query::{Attempts, LoggedRequests, NamedTarget, attempts, find_named, newest_of_group};
use tables::Stored;

use super::Exit;
use super::cards::{Cards, ShownBodies};
use super::curl::curl;
use super::figures::counted;
use super::outgoing::Outgoing;
use super::terminal::{Color, Style, safe, width, write_json, write_json_pretty};

/// What was sent for an order or product, and what was answered? Shows every request of a key with its response
///
/// A key shows all its attempts, oldest first: request beside response on a wide terminal, with status, time,
/// duration, outcome and errors. Of a bulk request only the row of the key is shown, with what the answer says about
/// that row. A number shows one request, the 16 digits of an error group its newest requests.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ShowCommand {
    /// Folder that `analyze report` has written, Parquet among its formats
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// A key as it is written (of several kinds: `sku:KEY`), the number of a request (column `exchange`), or the
    /// fingerprint of an error group
    #[arg(value_name = "KEY|EXCHANGE|GROUP")]
    name: String,
    /// At most so many requests, the newest; 0 for all
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// As a command for a shell that sends the request again; of a key its newest attempt
    #[arg(long, group = "form", help_heading = "Other forms")]
    curl: bool,
    /// As JSON lines: the columns of `exchanges`, with the errors
    #[arg(long, group = "form", help_heading = "Other forms")]
    json: bool,
    /// As HAR, which browsers and HTTP tools open
    #[arg(long, group = "form", help_heading = "Other forms")]
    har: bool,
}

const EXAMPLES: &str = "\
Examples:
  analyze show report TR0011111M
  analyze show report order:000123 --har > order.har
  analyze show report TR0011111M --curl > resend.sh
  analyze show report 38be45239f711c6a --limit 3

--curl: every argument is quoted, credentials are the word CREDENTIALS. Look at the command before you run it: it \
sends the request again.
Exit codes: 0 done, 2 not done: no such name, several things with this name, no report.";

impl ShowCommand {
    /// Prints the requests.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let report = Stored::open(&self.report)?;
        let named = find_named(&report, &self.name)?;
        let limit = if self.limit == 0 { usize::MAX } else { self.limit };
        let (ids, title, key) = match &named {
            NamedTarget::Exchange(id) => (vec![*id], None, None),
            NamedTarget::Group(fingerprint) => {
                let ids = newest_of_group(&report, fingerprint, limit)?;
                let shown = counted(ids.len() as u64, "request", "requests");
                (ids, Some(format!("Group {fingerprint}: the newest {shown}")), None)
            }
            NamedTarget::Key { kind, key } => {
                let attempts = attempts(&report, kind, key)?;
                let limit = if self.curl { 1 } else { limit };
                let first = attempts.ids.len().saturating_sub(limit);
                let title = key_title(kind, key, &attempts, first);
                (attempts.ids[first..].to_vec(), Some(title), Some(key.as_str()))
            }
        };
        let mut out = Outgoing::of(&report, false)?;
        let requests = out.requests(LoggedRequests::read(&report, &ids, true)?);
        if self.har {
            write_json_pretty(&mut out, &requests.har())?;
        } else if self.json {
            for request in requests.iter() {
                write_json(&mut out, &request.json())?;
                out.end()?;
            }
        } else if self.curl {
            write_curl(&mut out, &requests)?;
        } else {
            let cards = Cards {
                style: Style::stdout(Color::Auto),
                width: io::stdout().is_terminal().then(width),
                bodies: ShownBodies::Full,
                highlights: Vec::new(),
                key,
            };
            let mut blank =
                title.map(|title| writeln!(out, "{}", safe(&title))).transpose()?.is_some();
            for request in requests.iter() {
                if blank {
                    writeln!(out)?;
                }
                blank = true;
                for line in cards.lines(&request) {
                    writeln!(out, "{line}")?;
                }
                out.end()?;
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}

/// A command for each request, with blank lines between them.
pub(crate) fn write_curl(out: &mut impl io::Write, requests: &LoggedRequests) -> io::Result<()> {
    for (n, request) in requests.iter().enumerate() {
        let blank = if n > 0 { "\n" } else { "" };
        write!(out, "{blank}{}", curl(&request))?;
    }
    Ok(())
}

/// What the key is, its attempts and its state; how many older ones are not shown.
fn key_title(kind: &str, key: &str, attempts: &Attempts, hidden: usize) -> String {
    let tried = counted(attempts.attempts, "attempt", "attempts");
    let failed = attempts.failures;
    let state = attempts.state.map(|state| format!(", {}", state.word())).unwrap_or_default();
    let hidden = match hidden {
        0 => String::new(),
        _ => format!(
            "; {} not shown (--limit)",
            counted(hidden as u64, "older request", "older requests")
        ),
    };
    format!("{kind} {key}: {tried}, {failed} failed{state}{hidden}")
}
