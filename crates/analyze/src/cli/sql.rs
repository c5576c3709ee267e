//! `analyze sql`: queries in SQL to the tables of a report.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use sql::{LoadedQuery, SqlError, SqlValue, duckdb_views, save};
use tables::{Schema, Stored, TABLES, csv_cell};

use super::Exit;
use super::figures::{count, counted};
use super::interrupt::Watch;
use super::outgoing::{self, Outgoing};
use super::table::{Align, ColumnHeads, TextTable};
use super::terminal::{columns, cut, cut_address, cut_end, padded, safe, safe_json, say, width};

/// What else do you want to know? Answers a query in SQL over the tables of a report
///
/// Without QUERY lists the tables and their columns, which docs/tables.md describes. SQLite is built in: only the columns that
/// the query names are loaded, so name columns rather than *, which loads the bodies too. The report is never changed. Times
/// are texts in UTC such as 2026-10-24T02:00:00.000000Z; lists are JSON arrays, for `json_each`; true is 1.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SqlCommand {
    /// Folder that `analyze report` has written, Parquet among its formats
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// A query: select, with or values
    #[arg(value_name = "QUERY", conflicts_with = "save")]
    query: Option<String>,
    /// table, csv or jsonl (JSON lines); table on a terminal, csv otherwise
    #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    format: Option<SqlFormat>,
    /// At most so many rows; 0 for all. 200 for a table, all otherwise
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Writes CSV cells that a spreadsheet would run (those that begin with =, +, -, @) without a ' before them
    #[arg(long)]
    raw_csv: bool,
    /// Only these tables, for the list and for --save
    #[arg(long, value_name = "TABLE", value_delimiter = ',', conflicts_with = "query")]
    table: Vec<String>,
    /// Writes the tables to a SQLite file, for other programs
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Replaces the file of --save
    #[arg(long, requires = "save")]
    force: bool,
    /// sqlite, or duckdb: the program of that name answers, from the Parquet files; without QUERY it reads queries
    #[arg(
        long,
        value_enum,
        value_name = "ENGINE",
        default_value = "sqlite",
        hide_possible_values = true,
        conflicts_with_all = ["save", "table", "limit", "raw_csv"]
    )]
    engine: Engine,
}

const EXAMPLES: &str = "\
Examples:
  analyze sql report
  analyze sql report \"select flow, count(*) from exchanges
      where outcome = 'failed' group by flow\"
  analyze sql report \"select key, message from errors
      where message regexp 'kod(lu|u)' limit 20\"
  analyze sql report 'select endpoint, quantile(duration_ms, 0.95)
      from exchanges group by 1'
  analyze sql report --save report.sqlite --table errors,error_groups,keys
  analyze sql report --engine duckdb

Functions beside those of SQLite: text regexp pattern, median(x), quantile(x, q).
docs/sql.md has a query for each of the usual questions.
Exit codes: 0 done, also when no row matches, 2 not done.";

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SqlFormat {
    /// Aligned columns
    Table,
    /// CSV
    Csv,
    /// JSON lines
    Jsonl,
}

/// What answers a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// Built in
    Sqlite,
    /// A program of the user
    Duckdb,
}

/// Rows of a table unless --limit says otherwise: it stands in memory, and a person reads it.
const TABLE_ROWS: usize = 200;

/// No column of a table is made narrower than this.
const NARROWEST: usize = 20;

/// The widest cell of a table that does not go to a terminal.
const WIDEST: usize = 200;

const COLUMNS: ColumnHeads =
    &[("COLUMN", Align::Left), ("TYPE", Align::Left), ("MEANING", Align::Left)];

impl SqlCommand {
    /// Answers the query, lists the tables, or saves them.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let report = Stored::open(&self.report)?;
        if self.engine == Engine::Duckdb {
            outgoing::say_not_masked(&report);
            return self.run_duckdb();
        }
        if let Some(path) = &self.save {
            return self.save(&report, path);
        }
        let Some(query) = &self.query else {
            return self.print_tables();
        };
        match LoadedQuery::load(&report, query)
            .map_err(Into::into)
            .and_then(|loaded| self.print(&report, &loaded))
        {
            Ok(()) => Ok(Exit::Done),
            Err(error) => match error.downcast::<SqlError>()? {
                fault @ SqlError::Query { .. } => {
                    say(&query_message(query, &fault));
                    Ok(Exit::NotDone)
                }
                other => Err(other.into()),
            },
        }
    }

    fn print(&self, report: &Stored, query: &LoadedQuery) -> anyhow::Result<()> {
        let terminal = io::stdout().is_terminal();
        let format =
            self.format.unwrap_or(if terminal { SqlFormat::Table } else { SqlFormat::Csv });
        if format == SqlFormat::Table {
            return self.print_table(report, query, terminal.then(width));
        }
        let mut out = io::BufWriter::new(Outgoing::of(report, false)?);
        let limit = self.limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        let names = unique(query.columns());
        let mut line = Vec::new();
        // The head comes with the first row, so that a query that fails prints nothing.
        let mut head = format == SqlFormat::Csv;
        let mut write_head = |out: &mut io::BufWriter<_>, line: &mut Vec<u8>| {
            if std::mem::take(&mut head) {
                let names = query.columns().iter().map(|name| SqlValue::Text(name));
                csv_line(names, self.raw_csv, line);
                write_line(out, line, terminal)?;
            }
            io::Result::Ok(())
        };
        let mut rows = 0;
        query.rows(|cells| {
            if rows == limit {
                return Ok(ControlFlow::Break(()));
            }
            rows += 1;
            write_head(&mut out, &mut line)?;
            line.clear();
            match format {
                SqlFormat::Jsonl => json_line(&names, cells, &mut line),
                _ => csv_line(cells.iter().copied(), self.raw_csv, &mut line),
            }
            write_line(&mut out, &line, terminal)?;
            if out.get_ref().masks() {
                // A row is a record.
                out.flush()?;
            }
            anyhow::Ok(ControlFlow::Continue(()))
        })?;
        write_head(&mut out, &mut line)?;
        out.flush()?;
        Ok(())
    }

    fn print_table(
        &self,
        report: &Stored,
        query: &LoadedQuery,
        wide: Option<usize>,
    ) -> anyhow::Result<()> {
        let limit =
            self.limit.map_or(TABLE_ROWS, |limit| if limit == 0 { usize::MAX } else { limit });
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut numbers = vec![true; query.columns().len()];
        let mut more = false;
        query.rows(|cells| {
            more = rows.len() == limit;
            if more {
                return Ok(ControlFlow::Break(()));
            }
            for (number, cell) in numbers.iter_mut().zip(cells) {
                *number &=
                    matches!(cell, SqlValue::Null | SqlValue::Integer(_) | SqlValue::Real(_));
            }
            // More than is shown, since some are cut at their beginning.
            let most = wide.unwrap_or(WIDEST).max(WIDEST);
            rows.push(cells.iter().map(|cell| shown(cell, most)).collect());
            anyhow::Ok(ControlFlow::Continue(()))
        })?;
        if rows.is_empty() {
            say("no rows");
            return Ok(());
        }
        let names: Vec<String> = query.columns().iter().map(|name| safe(name)).collect();
        let lines = match rooms(&names, &rows, wide) {
            Some(rooms) => row_lines(&names, &rows, &numbers, &rooms),
            None => cell_lines(&names, &rows, wide.unwrap_or(WIDEST)),
        };
        let mut out = Outgoing::of(report, false)?;
        for line in lines {
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        if more {
            let limit = count(limit as u64);
            say(&format!("there are more rows than these {limit}; --limit 0 shows all"));
        }
        Ok(())
    }

    /// The tables of `--table`, or all.
    fn tables(&self) -> anyhow::Result<Vec<&'static Schema>> {
        if self.table.is_empty() {
            return Ok(TABLES.to_vec());
        }
        let table = |name: &String| {
            let names = || TABLES.map(|table| table.name).join(", ");
            let found = TABLES.iter().find(|table| table.name == name);
            found
                .copied()
                .with_context(|| format!("{name}: no such table\nthe tables are {}", names()))
        };
        self.table.iter().map(table).collect()
    }

    fn print_tables(&self) -> anyhow::Result<Exit> {
        let wide = io::stdout().is_terminal().then(width);
        let mut out = io::stdout().lock();
        for (place, table) in self.tables()?.into_iter().enumerate() {
            if place > 0 {
                writeln!(out)?;
            }
            let head = format!("{}: {}", table.name, table.doc.trim());
            writeln!(out, "{}", wide.map_or_else(|| head.clone(), |wide| cut(&head, wide)))?;
            let mut columns = TextTable::new(COLUMNS);
            for column in table.columns {
                columns
                    .row([column.name, column.kind.name(), column.doc.trim()].map(str::to_owned));
            }
            for line in columns.lines(wide.map(|wide| wide - 2)) {
                writeln!(out, "  {line}")?;
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }

    fn save(&self, report: &Stored, path: &Path) -> anyhow::Result<Exit> {
        let tables = self.tables()?;
        let watch = Watch::begin()?;
        watch.working();
        match save(report, &tables, path, self.force, watch.stop()) {
            Ok(rows) => {
                let tables = counted(tables.len() as u64, "table", "tables");
                say(&format!("{}: {tables}, {}", path.display(), counted(rows, "row", "rows")));
                outgoing::say_not_masked(report);
                Ok(Exit::Done)
            }
            Err(stopped @ SqlError::Stopped) => {
                say(&stopped.to_string());
                Ok(Exit::Interrupted)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Runs the program `duckdb` with a view for each table.
    fn run_duckdb(&self) -> anyhow::Result<Exit> {
        let folder = std::path::absolute(&self.report)?;
        let mut duckdb = Command::new("duckdb");
        duckdb.arg("-cmd").arg(duckdb_views(&folder));
        if let Some(query) = &self.query {
            let terminal = io::stdout().is_terminal();
            match self.format.unwrap_or(if terminal { SqlFormat::Table } else { SqlFormat::Csv }) {
                SqlFormat::Table => {}
                SqlFormat::Csv => drop(duckdb.arg("-csv")),
                SqlFormat::Jsonl => drop(duckdb.arg("-jsonlines")),
            }
            duckdb.arg("-c").arg(query).stdin(Stdio::null());
        }
        match duckdb.status() {
            Ok(status) if status.success() => Ok(Exit::Done),
            // It has said why.
            Ok(_) => Ok(Exit::NotDone),
            Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
                "--engine duckdb: there is no program duckdb in the PATH\n\
                 `pip install duckdb-cli` gets it, or see duckdb.org/install; without --engine SQLite answers"
            ),
            Err(error) => Err(error).context("duckdb cannot be run"),
        }
    }
}

/// The message, with the place below the query when that is one line.
fn query_message(query: &str, fault: &SqlError) -> String {
    let message = format!("error: {fault}");
    let SqlError::Query { offset: Some(offset), .. } = fault else { return message };
    match query.get(..*offset) {
        Some(before) if !query.contains('\n') => {
            let before = " ".repeat(columns(&safe(before)));
            format!("{message}\n  {}\n  {before}^", safe(query))
        }
        _ => message,
    }
}

/// A cell of a table on a terminal, no wider than `most`. Null is a word, to be told from an empty text.
fn shown(cell: &SqlValue<'_>, most: usize) -> String {
    match cell {
        SqlValue::Null => "null".to_owned(),
        SqlValue::Text(text) => cut_end(text, most),
        SqlValue::Integer(_) | SqlValue::Real(_) | SqlValue::Bytes(_) => cut(&plain(cell), most),
    }
}

/// Numbers as their digits, bytes as hex.
fn plain(cell: &SqlValue<'_>) -> String {
    match cell {
        SqlValue::Null => String::new(),
        SqlValue::Integer(value) => value.to_string(),
        SqlValue::Real(value) => format!("{value:?}"),
        SqlValue::Text(text) => (*text).to_owned(),
        SqlValue::Bytes(bytes) => bytes.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a String does not fail.
            let _never = write!(hex, "{byte:02x}");
            hex
        }),
    }
}

/// How wide each column may be, so that a line has `wide` columns at most: the widest ones are cut, all to the same width.
/// `None` when there are too many columns for that.
fn rooms(names: &[String], rows: &[Vec<String>], wide: Option<usize>) -> Option<Vec<usize>> {
    let mut rooms: Vec<usize> = names.iter().map(|name| columns(name)).collect();
    for row in rows {
        for (room, cell) in rooms.iter_mut().zip(row) {
            *room = columns(cell).max(*room);
        }
    }
    let Some(wide) = wide else { return Some(rooms) };
    let between = 2 * rooms.len().saturating_sub(1);
    let fits =
        |most: usize| between + rooms.iter().map(|room| *room.min(&most)).sum::<usize>() <= wide;
    let most = (NARROWEST..=wide).rev().find(|most| fits(*most))?;
    Some(rooms.into_iter().map(|room| room.min(most)).collect())
}

/// A line for each row, below the names of the columns.
fn row_lines(
    names: &[String],
    rows: &[Vec<String>],
    numbers: &[bool],
    rooms: &[usize],
) -> Vec<String> {
    let align = |number: &bool| if *number { Align::Right } else { Align::Left };
    let heads = names.iter().zip(rooms).map(|(name, room)| cut_end(name, *room));
    // The heads of tables live as long as the program, which prints one table here.
    let heads = heads.zip(numbers).map(|(name, number)| (&*name.leak(), align(number)));
    let mut table = TextTable::new(heads.collect::<Vec<(&'static str, Align)>>().leak());
    for row in rows {
        let cells = names.iter().zip(row).zip(rooms);
        table.row(cells.map(|((name, cell), room)| cut_cell(name, cell, *room)));
    }
    table.lines(None)
}

/// A cell cut to `room` columns; of addresses and paths the end tells most.
fn cut_cell(name: &str, cell: &str, room: usize) -> String {
    match name {
        "endpoint" | "url" | "file" | "sample_file" | "last_file" => cut_address(cell, room),
        _ => cut_end(cell, room),
    }
}

/// A line for each cell, with a blank line between rows: for more columns than a terminal has room for.
fn cell_lines(names: &[String], rows: &[Vec<String>], wide: usize) -> Vec<String> {
    let most = names.iter().map(|name| columns(name)).max().unwrap_or(0).min(wide / 2);
    let room = wide.saturating_sub(most + 2);
    let mut lines = Vec::new();
    for row in rows {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        for (name, cell) in names.iter().zip(row) {
            let name = padded(&cut_end(name, most), most);
            lines.push(format!("{name}  {}", cut_cell(name.trim_end(), cell, room)));
        }
    }
    lines
}

/// The names as JSON texts, of which equal ones are numbered: `key`, `key_2`.
fn unique(names: &[String]) -> Vec<String> {
    let mut seen = HashMap::new();
    let mut numbered = |name: &String| {
        let times = seen.entry(name.clone()).and_modify(|times| *times += 1).or_insert(1);
        if *times == 1 { json_text(name) } else { json_text(&format!("{name}_{times}")) }
    };
    names.iter().map(&mut numbered).collect()
}

fn csv_line<'c>(cells: impl Iterator<Item = SqlValue<'c>>, raw: bool, line: &mut Vec<u8>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            line.push(b',');
        }
        match cell {
            SqlValue::Text(text) => csv_cell(text, raw, line),
            other => line.extend_from_slice(plain(&other).as_bytes()),
        }
    }
}

/// `names` are JSON texts.
fn json_line(names: &[String], cells: &[SqlValue<'_>], line: &mut Vec<u8>) {
    for (place, (name, cell)) in names.iter().zip(cells).enumerate() {
        line.push(if place == 0 { b'{' } else { b',' });
        line.extend_from_slice(name.as_bytes());
        line.push(b':');
        let value = match cell {
            SqlValue::Null => "null".to_owned(),
            SqlValue::Real(value) if !value.is_finite() => "null".to_owned(),
            SqlValue::Integer(_) | SqlValue::Real(_) => plain(cell),
            SqlValue::Text(_) | SqlValue::Bytes(_) => json_text(&plain(cell)),
        };
        line.extend_from_slice(value.as_bytes());
    }
    line.push(b'}');
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// On a terminal, what would act on it is escaped.
fn write_line(out: &mut impl io::Write, line: &[u8], terminal: bool) -> io::Result<()> {
    if terminal {
        return writeln!(out, "{}", safe_json(&String::from_utf8_lossy(line)));
    }
    out.write_all(line)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn the_widest_columns_of_a_table_are_cut_alike() {
        let names = texts(&["key", "request", "answer"]);
        let rows = [texts(&["17", &"ş".repeat(90), &"日".repeat(45)])];
        let rooms_of = |wide| rooms(&names, &rows, wide);
        assert_eq!(rooms_of(None), Some(vec![3, 90, 90]));
        assert_eq!(rooms_of(Some(187)), Some(vec![3, 90, 90]));
        assert_eq!(rooms_of(Some(60)), Some(vec![3, 26, 26]));
        assert_eq!(rooms_of(Some(46)), None);
        let lines = row_lines(&names, &rows, &[true, false, false], &[3, 26, 26]);
        assert_eq!(lines[0], "key  request                     answer");
        assert_eq!(lines[1], format!(" 17  {}…  {}…", "ş".repeat(25), "日".repeat(12)));
        assert!(columns(&lines[1]) <= 60);
        assert_eq!(cut_cell("url", "https://host/a/b", 8), "…ost/a/b");
    }

    #[test]
    fn where_columns_have_no_room_each_cell_has_a_line() {
        let names = texts(&["key", "answer"]);
        let rows = [texts(&["1", "a text that is too long"]), texts(&["2", "null"])];
        let expected = ["key     1", "answer  a text tha…", "", "key     2", "answer  null"];
        assert_eq!(cell_lines(&names, &rows, 19), expected);
    }

    #[test]
    fn the_place_of_a_fault_is_marked() {
        let fault = |offset| SqlError::Query { message: "no".into(), nearest: None, offset };
        assert_eq!(query_message("ş\t x", &fault(Some(4))), "error: no\n  ş\\t x\n      ^");
        assert_eq!(query_message("a\nb", &fault(Some(2))), "error: no");
        assert_eq!(query_message("a", &fault(None)), "error: no");
    }
}
