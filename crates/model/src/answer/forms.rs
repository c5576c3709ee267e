//! Answers in parts and rows that are no JSON as a whole: lines of JSON, tables, parts of a batch.
//!
//! Each becomes what an answer in JSON would be, so that the same rules decide.

use super::names::Says;
use super::statement::Place;
use crate::exchange::ErrorSource;
use crate::failure::ErrorCollector;
use crate::json::{Type, Value};
use crate::reason::phrase;

/// The signs between the cells of a table.
const SEPARATORS: [char; 4] = [';', '\t', '|', ','];

impl<'r> ErrorCollector<'_, 'r> {
    /// Errors in an answer of parts or rows; whether some failed. `None` when it is no such answer.
    pub(crate) fn parts_of_text(&mut self, text: &'r str, level: u8) -> Option<bool> {
        if self.source != ErrorSource::Response || !text.contains('\n') {
            return None;
        }
        if text.starts_with("--") && text.contains("HTTP/1.") {
            Some(self.batch(text, level))
        } else if text.starts_with('{') {
            self.json_lines(text, level)
        } else {
            self.table(text, level)
        }
    }

    /// A batch of `OData` and others: HTTP answers between boundaries.
    fn batch(&mut self, text: &'r str, level: u8) -> bool {
        let mut failed = false;
        for part in text.split("HTTP/1.").skip(1) {
            let status = part.get(2..5).and_then(|status| status.parse().ok()).unwrap_or(0_u16);
            let body = part.split_once("\n\r\n").or_else(|| part.split_once("\n\n"));
            let body = body.map_or("", |(_, body)| body);
            let end = if body.starts_with("--") { Some(0) } else { body.find("\n--") };
            let body = body[..end.unwrap_or(body.len())].trim();
            let before = self.out.len();
            if status >= 400 {
                self.text(body, None, level + 1);
                if self.out.len() == before {
                    let message = format!("HTTP {status} {}", phrase(status));
                    self.push(None, None, self.arena.alloc_str(message.trim_end()));
                }
                failed = true;
            } else if let Some(value) = Value::of(body) {
                failed |= self.parts_that_failed(value, Place::Answer, level + 1);
            }
        }
        failed
    }

    /// An answer a line.
    fn json_lines(&mut self, text: &'r str, level: u8) -> Option<bool> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let object = |line| Value::of(line).filter(|value| value.ty == Type::Object);
        let mut failed = false;
        let first = object(lines.next()?)?;
        for value in std::iter::once(first).chain(lines.map_while(object)) {
            let before = self.out.len();
            failed |= self.parts_that_failed(value, Place::Answer, level + 1);
            self.name_row(value, before);
        }
        Some(failed)
    }

    /// A table whose head names a column with the outcome of a row.
    fn table(&mut self, text: &'r str, level: u8) -> Option<bool> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let head = lines.next().filter(|head| head.len() < 2000)?;
        let separator = SEPARATORS.into_iter().find(|sign| head.contains(*sign))?;
        let names: Vec<String> = cells(head, separator);
        let tells = names.iter().any(|name| {
            matches!(
                self.names.in_answer(name).says,
                Says::Status | Says::Result | Says::Severity | Says::Well | Says::Failed
            ) || self.names.in_answer(name).holds_errors()
        });
        if !tells || names.iter().any(|name| name.len() > 40) {
            return None;
        }
        let mut rows = Vec::new();
        for line in lines {
            let row = cells(line, separator);
            if row.len() != names.len() {
                return None;
            }
            let members = names.iter().cloned().zip(row.into_iter().map(Into::into));
            rows.push(serde_json::Value::Object(members.collect()));
        }
        let json = self.arena.alloc_str(&serde_json::Value::from(rows).to_string());
        Some(self.parts_that_failed(Value::of(json)?, Place::Answer, level + 1))
    }
}

/// The cells of a line; a quoted one may hold the separator.
fn cells(line: &str, separator: char) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.trim_end_matches('\r').chars() {
        if c == '"' {
            quoted = !quoted;
        } else if c == separator && !quoted {
            cells.push(std::mem::take(&mut cell).trim().to_owned());
        } else {
            cell.push(c);
        }
    }
    cells.push(cell.trim().to_owned());
    cells
}
