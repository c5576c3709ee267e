//! `analyze keys`: the orders and products of a report, for sending again.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use query::{
    KeyState, Payloads, StoredKey, Wanted, find_group, groups, key_batch, keys, write_payloads,
};
use tables::{Stored, TextFormat, text};

use super::Exit;
use super::figures::{count, counted};
use super::summary::minute;
use super::table::{Align, Columns, Table};
use super::terminal::{cut, tell, width};

/// Columns of a file name and of a key in the table.
const SHORT: usize = 40;

/// Lists the orders and products of a report: which are open, where their newest failure stands
///
/// A key is open when its newest attempt failed, and has healed when it failed before and the newest
/// attempt went well. The newest come first. CSV and JSON have the columns of the table `keys`;
/// `last_file` and `last_record` say where the newest failed attempt stands.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Keys {
    /// Folder that `analyze report` has written, Parquet among its formats
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// Only those whose newest attempt failed
    #[arg(long, help_heading = "Which keys")]
    open: bool,
    /// Only those that failed and whose newest attempt went well; with --open, these too
    #[arg(long, help_heading = "Which keys")]
    healed: bool,
    /// Only those whose newest failure has an error of this group: its fingerprint, the beginning of
    /// one, or its rank (1 is the most frequent)
    #[arg(long, value_name = "GROUP", help_heading = "Which keys")]
    group: Option<String>,
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
    format: Option<FormatArg>,
    /// Leaves CSV cells that a spreadsheet would run (=, +, -, @ first) without the ' that stops it
    #[arg(long)]
    raw_csv: bool,
    /// Writes the request body of the newest failed attempt of each key to this folder, which must be
    /// empty or absent: a file a key, and index.csv. Needs --open or --healed; lists nothing unless
    /// --format is given
    #[arg(long, value_name = "DIR")]
    payloads: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  analyze keys report --open
  analyze keys report --open --flow price --kind sku --format csv > resend.csv
  analyze keys report --open --group 1 --payloads resend
  analyze keys report --healed --format json | jq -r .key

Payloads: files are named KIND-KEY-DIGEST with .json, .xml or .txt by what they hold. Of a bulk request the row \
of the key is written where it can be told apart, else the whole body; index.csv says which (`part`), where \
it was sent, and why there is no body (`without`): left_out (by --bodies of `analyze report`), no_body, no_place.
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
enum FormatArg {
    /// Aligned columns
    Table,
    /// CSV
    Csv,
    /// JSON lines
    Json,
}

const COLUMNS: Columns = &[
    ("KEY", Align::Left),
    ("STATE", Align::Left),
    ("TRIES", Align::Right),
    ("FAILED", Align::Right),
    ("LAST TRY (UTC)", Align::Left),
    ("FLOW", Align::Left),
    ("FILE", Align::Left),
    ("RECORD", Align::Right),
    ("ITS NEWEST ERROR", Align::Left),
];

impl Keys {
    /// Lists; with `--payloads` writes too, and tells about it on stderr.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        if self.payloads.is_some() && !self.open && !self.healed {
            tell(
                "error: --payloads needs --open or --healed\nto write the bodies of what has to be sent again, add --open",
            );
            return Ok(Exit::NotDone);
        }
        let report = Stored::open(&self.report)?;
        let found = keys(&report, &self.wanted(&report)?)?;
        if let Some(dir) = &self.payloads {
            let written = write_payloads(&report, &found, dir, self.raw_csv)?;
            tell_payloads(&written, &dir.display().to_string());
            if self.format.is_none() {
                return Ok(Exit::Done);
            }
        }
        let terminal = io::stdout().is_terminal();
        let usual = if terminal { FormatArg::Table } else { FormatArg::Csv };
        let mut out = io::stdout().lock();
        match self.format.unwrap_or(usual) {
            FormatArg::Table => {
                for line in self.table(&found).lines(terminal.then(width)) {
                    writeln!(out, "{line}")?;
                }
            }
            FormatArg::Csv => {
                out.write_all(&text(&key_batch(&found), TextFormat::Csv, self.raw_csv))?;
            }
            FormatArg::Json => {
                out.write_all(&text(&key_batch(&found), TextFormat::Json, false))?;
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }

    fn wanted(&self, report: &Stored) -> anyhow::Result<Wanted> {
        let states = [(self.open, KeyState::Open), (self.healed, KeyState::Healed)];
        let states = states.into_iter().filter(|(asked, _)| *asked).map(|(_, state)| state);
        let group = match &self.group {
            Some(name) => {
                let mut groups = groups(report)?;
                let place = find_group(&groups, name)?;
                Some(groups.swap_remove(place).group)
            }
            None => None,
        };
        let kind = self.kind.and_then(|kind| kind.to_possible_value());
        Ok(Wanted {
            states: states.collect(),
            group,
            flow: self.flow.clone(),
            kind: kind.map(|kind| kind.get_name().to_owned()),
        })
    }

    fn table(&self, keys: &[StoredKey]) -> Table {
        let mut table = Table::new(COLUMNS);
        // Where all are in one state the flags have said so.
        let states = self.open == self.healed;
        for key in keys {
            let state = match key.state() {
                _ if !states => "",
                KeyState::Open => "open",
                KeyState::Healed => "healed",
                KeyState::Good => "good",
            };
            table.row([
                cut(&format!("{} {}", key.key_kind, key.key), SHORT),
                state.to_owned(),
                count(key.attempts),
                count(key.failures),
                key.last_seen.map(minute).unwrap_or_default(),
                cut(key.flow.as_deref().unwrap_or_default(), SHORT),
                key.last_file.clone().unwrap_or_default(),
                key.last_record.map(|record| record.to_string()).unwrap_or_default(),
                key.last_message.clone().unwrap_or_default(),
            ]);
        }
        table
    }
}

fn tell_payloads(written: &Payloads, dir: &str) {
    tell(&format!(
        "{dir}: {} and {} of bulk requests written, listed in index.csv",
        counted(written.whole, "request body", "request bodies"),
        counted(written.rows, "row", "rows"),
    ));
    let missing = [
        (
            written.left_out,
            "was left out of the report\nmake it with --bodies all to have them all",
        ),
        (written.no_body, "is not in the log, or nothing was sent"),
        (written.no_place, "cannot be found: the report does not say where it stands"),
    ];
    for (number, why) in missing.into_iter().filter(|(number, _)| *number > 0) {
        tell(&format!("{dir}: for {} the body {why}", counted(number, "key", "keys")));
    }
}
