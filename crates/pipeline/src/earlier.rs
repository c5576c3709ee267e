//! Earlier reports in the input: they repeat what the logs say, so they are not read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use archive::Source;
use model::json::Cursor;
use tables::{Output, Schema, TABLES};

use crate::input::UnreadPlace;
use crate::problem::{FileProblem, LogFault};

/// Removes the files of reports from `sources`, and returns a place for each report.
pub(crate) fn remove(sources: &mut Vec<Source>) -> Vec<UnreadPlace> {
    let mut reports = BTreeMap::<PathBuf, (String, u32)>::new();
    sources.retain(|source| {
        let resolved = source.link.then(|| source.path.canonicalize().ok()).flatten();
        let report = Output::report_of(resolved.as_deref().unwrap_or(&source.path));
        if let Some(report) = report {
            let (path, name) = if source.link {
                (source.path.as_path(), source.name.as_str())
            } else {
                let below = source.path.strip_prefix(report).map_or(1, |path| path.iter().count());
                let name = source.name.rsplitn(below + 1, '/').nth(below);
                (report, name.unwrap_or("."))
            };
            reports.entry(path.to_owned()).or_insert_with(|| (name.to_owned(), 0)).1 += 1;
        }
        report.is_none()
    });
    let places = reports.into_iter().map(|(path, (name, files))| {
        let fault = match files {
            1 => "a file of an earlier report, not read".to_owned(),
            files => format!("{files} files of an earlier report, not read"),
        };
        let problem = FileProblem::new(None, 0, LogFault::EarlierReport, &fault);
        UnreadPlace { name, problem, report: Some(path) }
    });
    places.collect()
}

/// The name of the table of a report that a text is, in JSON lines: the first row has all columns, in order.
pub(crate) fn table_in(text: &str) -> Option<&'static str> {
    let first = |schema: &Schema| {
        text.strip_prefix("{\"")
            .and_then(|text| text.strip_prefix(schema.columns[0].name))
            .is_some_and(|text| text.starts_with("\":"))
    };
    let schema = TABLES.iter().filter(|schema| first(schema)).find(|schema| {
        let mut columns = schema.columns.iter().map(|column| column.name);
        let Ok(row) = Cursor::new(text).value() else { return false };
        let mut same = true;
        row.members(|name, _| {
            same = columns.next() == Some(name);
            same
        });
        same && columns.next().is_none()
    });
    schema.map(|schema| schema.name)
}
