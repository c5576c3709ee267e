//! Tables of a report into a database.

use std::fmt::Write as _;

use rusqlite::types::Null;
use rusqlite::{Connection, Statement};
use tables::cell::Micros;
use tables::{CellRef, Column, ColumnType, Schema, Stored, rfc3339};

use crate::error::SqlError;

/// The column that names a row for others, and is therefore the row id in SQLite: a join looks rows up.
const ROW_ID: (&str, &str) = ("exchanges", "exchange");

/// Creates a table without rows.
pub(crate) fn create(connection: &Connection, table: &Schema) -> Result<(), SqlError> {
    let mut sql = format!("create table {} (", table.name);
    for (place, column) in table.columns.iter().enumerate() {
        let kind = match column.kind {
            ColumnType::I32 | ColumnType::I64 | ColumnType::Bool => "integer",
            ColumnType::F64 => "real",
            // Times and lists too.
            _ => "text",
        };
        let comma = if place > 0 { ", " } else { "" };
        let key = if (table.name, column.name) == ROW_ID { " primary key" } else { "" };
        let _never = write!(sql, "{comma}\"{}\" {kind}{key}", column.name);
    }
    sql.push(')');
    connection.execute_batch(&sql)?;
    Ok(())
}

/// Inserts all rows of a table, with the wanted columns; the others are null. `go_on` is asked after each row group.
/// Returns the number of rows.
pub(crate) fn fill(
    connection: &Connection,
    report: &Stored,
    table: &'static Schema,
    wanted: impl Fn(&Column) -> bool,
    mut go_on: impl FnMut() -> Result<(), SqlError>,
) -> Result<u64, SqlError> {
    let mut stored = report.choose(table, wanted)?;
    let mut names =
        stored.columns().iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>();
    let mut marks = vec!["?"; names.len()];
    if names.is_empty() {
        // `count(*)` reads rows, but no column.
        names.push("rowid".to_owned());
        marks.push("null");
    }
    let sql =
        format!("insert into {} ({}) values ({})", table.name, names.join(","), marks.join(","));
    let mut insert = connection.prepare(&sql)?;
    let mut text = String::new();
    let mut rows = 0;
    for group in 0..stored.groups() {
        let group = stored.read(group)?;
        for row in 0..group.len() {
            for (place, cell) in (1..).zip(group.row(row)) {
                bind(&mut insert, place, cell, &mut text)?;
            }
            insert.raw_execute()?;
        }
        rows += group.len() as u64;
        go_on()?;
    }
    Ok(rows)
}

fn bind(
    insert: &mut Statement<'_>,
    place: usize,
    cell: CellRef<'_>,
    list: &mut String,
) -> rusqlite::Result<()> {
    match cell {
        CellRef::Null => insert.raw_bind_parameter(place, Null),
        CellRef::Text(text) => insert.raw_bind_parameter(place, text),
        CellRef::Integer(value) => insert.raw_bind_parameter(place, value),
        CellRef::Float(value) => insert.raw_bind_parameter(place, value),
        CellRef::Bool(value) => insert.raw_bind_parameter(place, value),
        CellRef::Time(micros) => insert.raw_bind_parameter(place, rfc3339(Micros(micros))),
        CellRef::List(items) => {
            list.clear();
            json_array(items, list);
            insert.raw_bind_parameter(place, list.as_str())
        }
    }
}

/// Writes a JSON array of strings (RFC 8259).
fn json_array<'i>(items: impl Iterator<Item = &'i str>, out: &mut String) {
    out.push('[');
    for (place, item) in items.enumerate() {
        out.push_str(if place > 0 { ",\"" } else { "\"" });
        for c in item.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                c if c < ' ' => {
                    let _never = write!(out, "\\u{:04x}", u32::from(c));
                }
                c => out.push(c),
            }
        }
        out.push('"');
    }
    out.push(']');
}
