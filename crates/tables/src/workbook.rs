//! The small tables as one workbook for people: `report.xlsx`, a sheet for each table.
//!
//! Ids, keys and codes are text cells with the format of text, so that a spreadsheet keeps their zeros. Times are times,
//! in UTC. Lists are joined by `|`. The first line is frozen and has filters.

use std::fmt;
use std::path::Path;

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, Workbook as Book, Worksheet, XlsxError,
};

use crate::batch::Columns;
use crate::columns::CellRef;
use crate::error::Error;
use crate::rows::{BODIES, ENDPOINTS, ERROR_GROUPS, FILES, FLOWS, KEYS, LOGS, PROBLEMS, RUNS};
use crate::schema::{ColumnType, Schema};

/// Name of the file.
pub(super) const WORKBOOK: &str = "report.xlsx";

/// The tables in it, in the order of its sheets. `exchanges` and `errors` have too many rows for spreadsheets.
static SHEETS: [&Schema; 9] =
    [&ERROR_GROUPS, &KEYS, &ENDPOINTS, &RUNS, &FLOWS, &BODIES, &LOGS, &FILES, &PROBLEMS];

/// Rows of a sheet, its first line included: a limit of the format.
const ROWS: u32 = 1 << 20;

/// Characters of a text; a longer one ends in `...`. The format allows 32,767 UTF-16 units.
const CHARACTERS: usize = 16_000;

/// Whole numbers from here on are text, since a cell holds a double.
const EXACT: i64 = 1 << 53;

const MICROS_A_DAY: f64 = 86_400_000_000.0;

/// Days from the first day of spreadsheets to 1970.
const EPOCH: f64 = 25_569.0;

/// A workbook that is being written. Rows go to scratch files as they come.
pub(super) struct Workbook {
    book: Book,
    /// Of each table the sheet that is being filled, and the next row in it.
    sheets: Vec<(usize, u32)>,
    formats: CellFormats,
}

struct CellFormats {
    head: Format,
    text: Format,
    time: Format,
}

impl fmt::Debug for Workbook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workbook").field("sheets", &self.sheets).finish_non_exhaustive()
    }
}

/// Whether the rows of a table go into the workbook.
pub(super) fn holds(schema: &Schema) -> bool {
    SHEETS.contains(&schema)
}

impl Workbook {
    /// An empty workbook whose scratch files are in `folder`.
    ///
    /// # Errors
    /// When they cannot be made.
    pub(super) fn create(folder: &Path) -> Result<Self, Error> {
        let mut book = Book::new();
        let failed = Error::workbook(folder);
        book.set_tempdir(folder).map_err(&failed)?;
        // The same rows give the same bytes.
        let made = ExcelDateTime::from_ymd(2000, 1, 1).map_err(&failed)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&made));
        let formats = CellFormats {
            head: Format::new().set_bold().set_align(FormatAlign::Left),
            text: Format::new().set_num_format("@"),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        };
        let mut sheets = Vec::new();
        for (place, schema) in SHEETS.iter().enumerate() {
            let sheet = book.add_worksheet_with_constant_memory().map_err(&failed)?;
            begin(sheet, schema, schema.name, &formats).map_err(&failed)?;
            sheets.push((place, 1));
        }
        Ok(Self { book, sheets, formats })
    }

    /// Appends the rows of one of its tables. A table with more rows than a sheet has goes on in a further sheet.
    ///
    /// # Errors
    /// When a scratch file takes no more.
    pub(super) fn append(&mut self, rows: &Columns, folder: &Path) -> Result<(), Error> {
        let failed = Error::workbook(folder);
        let schema = rows.schema();
        let Some(place) = SHEETS.iter().position(|sheet| *sheet == schema) else { return Ok(()) };
        for row in 0..rows.len() {
            if self.sheets[place].1 == ROWS {
                let number = self.book.worksheets().len();
                let name = format!("{} {}", schema.name, number - SHEETS.len() + 2);
                let sheet = self.book.add_worksheet_with_constant_memory().map_err(&failed)?;
                begin(sheet, schema, &name, &self.formats).map_err(&failed)?;
                self.sheets[place] = (number, 1);
            }
            let (number, line) = self.sheets[place];
            let sheet = self.book.worksheet_from_index(number).map_err(&failed)?;
            for column in 0..schema.columns.len() {
                write(sheet, line, column as u16, &rows.cell(row, column), &self.formats)
                    .map_err(&failed)?;
            }
            self.sheets[place].1 += 1;
        }
        Ok(())
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When the file system refuses.
    pub(super) fn finish(mut self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(WORKBOOK);
        for (number, rows) in &self.sheets {
            let sheet = self.book.worksheet_from_index(*number).map_err(Error::workbook(&path))?;
            let last = SHEETS.iter().find(|schema| sheet.name().starts_with(schema.name));
            let last = last.map_or(0, |schema| schema.columns.len().saturating_sub(1));
            sheet
                .autofilter(0, 0, rows.saturating_sub(1), last as u16)
                .map_err(Error::workbook(&path))?;
        }
        self.book.save(&path).map_err(Error::workbook(&path))
    }
}

/// Names a sheet, and writes the line of its column names.
fn begin(
    sheet: &mut Worksheet,
    schema: &Schema,
    name: &str,
    formats: &CellFormats,
) -> Result<(), XlsxError> {
    sheet.set_name(name)?.set_freeze_panes(1, 0)?;
    for (place, column) in (0..).zip(schema.columns) {
        let wide = match column.kind {
            ColumnType::Time => 20,
            ColumnType::Text if column.name.contains("message") || column.name == "template" => 60,
            ColumnType::Text | ColumnType::List => 24,
            ColumnType::I32 | ColumnType::I64 | ColumnType::F64 | ColumnType::Bool => 12,
        };
        sheet.set_column_width(place, wide.max(column.name.len() as u16 + 4))?;
        sheet.write_string_with_format(0, place, column.name, &formats.head)?;
    }
    Ok(())
}

fn write(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &CellRef<'_>,
    formats: &CellFormats,
) -> Result<(), XlsxError> {
    match cell {
        CellRef::Null => return Ok(()),
        CellRef::Text(text) => {
            sheet.write_string_with_format(row, column, cut(text), &formats.text)?
        }
        CellRef::Integer(value) if value.abs() < EXACT => {
            sheet.write_number(row, column, *value as f64)?
        }
        CellRef::Integer(value) => {
            sheet.write_string_with_format(row, column, value.to_string(), &formats.text)?
        }
        CellRef::Float(value) if value.is_finite() => sheet.write_number(row, column, *value)?,
        CellRef::Float(value) => sheet.write_string(row, column, value.to_string())?,
        CellRef::Bool(value) => sheet.write_boolean(row, column, *value)?,
        // Spreadsheets have no time before 1900.
        CellRef::Time(micros) if *micros > (1.0 - EPOCH) as i64 * MICROS_A_DAY as i64 => {
            let days = *micros as f64 / MICROS_A_DAY + EPOCH;
            sheet.write_number_with_format(row, column, days, &formats.time)?
        }
        CellRef::Time(micros) => {
            sheet.write_string(row, column, crate::rfc3339(crate::cell::Micros(*micros)))?
        }
        CellRef::List(items) => {
            let joined = items.clone().collect::<Vec<_>>().join("|");
            sheet.write_string_with_format(row, column, cut(&joined), &formats.text)?
        }
    };
    Ok(())
}

/// A text that fits into a cell.
fn cut(text: &str) -> String {
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use calamine::{Data, Reader as _, Xlsx, open_workbook};
    use tempfile::TempDir;

    use super::*;
    use crate::Batch;
    use crate::cell::{
        FileName, KeyKindWord, KeyValue, MessageText, Micros, ProblemKindWord, StageWord,
    };
    use crate::rows::{KeyRow, Keys, ProblemRow, Problems};

    fn key(key: &str) -> KeyRow<'_> {
        KeyRow {
            flow: None,
            key_kind: KeyKindWord("sku"),
            key: KeyValue(key),
            attempts: 3,
            failures: 1,
            first_seen: None,
            last_seen: Some(Micros(1_792_800_000_500_000)),
            last_outcome: crate::cell::OutcomeWord("failed"),
            open: true,
            last_fingerprint: None,
            last_message: Some(MessageText("=1+1\u{1}")),
            last_file: None,
            last_record: None,
        }
    }

    fn written(place: &TempDir, keys: &[&str]) -> Vec<u8> {
        let mut book = Workbook::create(place.path()).unwrap();
        let mut batch = Batch::<Keys>::new();
        for name in keys {
            batch.push(&key(name));
        }
        book.append(&batch, place.path()).unwrap();
        let mut problems = Batch::<Problems>::new();
        problems.push(&ProblemRow {
            file: FileName("f"),
            member: None,
            byte: i64::MAX,
            stage: StageWord("zip"),
            kind: ProblemKindWord("truncated"),
            message: MessageText(&"ş".repeat(40_000)),
        });
        book.append(&problems, place.path()).unwrap();
        book.finish(place.path()).unwrap();
        let path = place.path().join(WORKBOOK);
        let bytes = std::fs::read(&path).unwrap();
        let files = std::fs::read_dir(place.path()).unwrap().count();
        assert_eq!(files, 1, "a scratch file is left");
        bytes
    }

    #[test]
    fn keys_are_text_times_are_times_and_nothing_is_a_formula() {
        let place = TempDir::new().unwrap();
        let bytes = written(&place, &["007", "1e5", "="]);
        assert_eq!(
            bytes,
            written(&place, &["007", "1e5", "="]),
            "the same rows give the same bytes"
        );
        let mut book: Xlsx<_> = open_workbook(place.path().join(WORKBOOK)).unwrap();
        assert_eq!(book.sheet_names(), SHEETS.map(|schema| schema.name));
        let sheet = book.worksheet_range("keys").unwrap();
        let column = |name: &str| KEYS.position(name).unwrap() as u32;
        for (row, expected) in (1..).zip(["007", "1e5", "="]) {
            let cell = sheet.get_value((row, column("key"))).unwrap();
            assert_eq!(cell, &Data::String(expected.to_owned()));
        }
        let time = sheet.get_value((1, column("last_seen"))).unwrap();
        let Data::DateTime(time) = time else { panic!("{time:?}") };
        assert!((time.as_f64() - 46_319.0).abs() < 1.0, "{time:?}");
        assert_eq!(sheet.get_value((1, column("attempts"))), Some(&Data::Float(3.0)));
        assert_eq!(sheet.get_value((1, column("open"))), Some(&Data::Bool(true)));
        let message = sheet.get_value((1, column("last_message"))).unwrap();
        assert!(matches!(message, Data::String(text) if text.starts_with("=1+1")), "{message:?}");
        let formulas = book.worksheet_formula("keys").unwrap();
        assert_eq!(formulas.used_cells().count(), 0);
        let problems = book.worksheet_range("problems").unwrap();
        let cells: Vec<_> = problems.rows().nth(1).unwrap().iter().collect();
        assert_eq!(cells[2], &Data::String(i64::MAX.to_string()));
        assert!(matches!(cells[5], Data::String(text) if text.ends_with("ş...")));
    }

    #[test]
    fn a_table_with_more_rows_than_a_sheet_goes_on_in_a_further_one() {
        let place = TempDir::new().unwrap();
        let mut book = Workbook::create(place.path()).unwrap();
        let mut batch = Batch::<Keys>::new();
        batch.push(&key("A"));
        let place_of_keys = SHEETS.iter().position(|schema| schema.name == "keys").unwrap();
        book.sheets[place_of_keys].1 = ROWS;
        book.append(&batch, place.path()).unwrap();
        book.finish(place.path()).unwrap();
        let mut book: Xlsx<_> = open_workbook(place.path().join(WORKBOOK)).unwrap();
        assert_eq!(book.worksheet_range("keys 2").unwrap().height(), 2);
    }
}
