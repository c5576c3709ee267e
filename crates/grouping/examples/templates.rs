//! Groups labelled log lines, to measure the quality of templates.
//!
//! `templates IN_DIR OUT_DIR`: for each CSV of `IN_DIR` with columns `LineId` and `Content`, writes
//! a CSV of the same name with `LineId,GroupId,Template` to `OUT_DIR`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use grouping::{ErrorRef, MaskedMessages};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        return Err("usage: templates IN_DIR OUT_DIR".into());
    };
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(&from)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "csv") {
            let name = path.file_name().ok_or("a file without a name")?;
            fs::write(Path::new(&to).join(name), grouped(&fs::read_to_string(&path)?)?)?;
        }
    }
    Ok(())
}

/// The lines of one CSV with their groups, as CSV.
fn grouped(text: &str) -> Result<String, String> {
    let mut rows = records(text).into_iter();
    let header = rows.next().unwrap_or_default();
    let column = |name: &str| {
        header
            .iter()
            .position(|cell| cell.trim_start_matches('\u{feff}') == name)
            .ok_or(format!("no column {name}"))
    };
    let (line, content) = (column("LineId")?, column("Content")?);
    let mut messages = MaskedMessages::default();
    let mut lines = Vec::new();
    for row in rows {
        let (Some(line), Some(message)) = (row.get(line), row.get(content)) else { continue };
        lines.push((line.clone(), messages.add(ErrorRef { message, ..ErrorRef::default() })));
    }
    let groups = messages.finish();
    let mut out = String::from("LineId,GroupId,Template\n");
    for (line, id) in lines {
        let group = groups.of(id);
        let template = group.template.replace('"', "\"\"");
        writeln!(out, "{line},{},\"{template}\"", group.fingerprint)
            .map_err(|error| error.to_string())?;
    }
    Ok(out)
}

/// CSV (RFC 4180): quoted cells may hold commas, doubled quotes and line ends.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            other => cell.push(other),
        }
    }
    if !(row.is_empty() && cell.is_empty()) {
        row.push(cell);
        rows.push(row);
    }
    rows
}
