//! What a table is: its name, its columns, their types and meanings.
//!
//! Schemas are made from the row types in [`rows`](crate::rows), nowhere else.

/// Version of the tables and of `summary.json`, which carries it as `schema_version`; also in the metadata of each
/// Parquet file. Raised when a column changes its name or meaning; new columns do not raise it.
pub const SCHEMA_VERSION: u32 = 2;

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnType {
    /// UTF-8 text. Ids, keys and codes are text, even when they look like numbers.
    Text,
    /// Signed, 32 bits.
    I32,
    /// Signed, 64 bits.
    I64,
    /// IEEE 754 double.
    F64,
    /// True or false.
    Bool,
    /// A point in time: microseconds since 1970-01-01 UTC.
    Time,
    /// A list of text. Never null; a list without items is empty.
    List,
}

impl ColumnType {
    /// The word for it in the documentation of columns.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F64 => "f64",
            Self::Bool => "bool",
            Self::Time => "time",
            Self::List => "list",
        }
    }
}

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Column {
    /// Its name, in every format.
    pub name: &'static str,
    /// What its cells hold.
    pub kind: ColumnType,
    /// Whether a cell may be null, which means absent.
    pub nullable: bool,
    /// A request or response body: large, and not in CSV unless [`CsvOptions::bodies`](crate::CsvOptions::bodies) is set.
    pub body: bool,
    /// Its meaning, one line of Markdown.
    pub doc: &'static str,
}

/// The shape of one table.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Schema {
    /// Name of the table, and of its file without the extension.
    pub name: &'static str,
    /// What a row is, and the order of the rows.
    pub doc: &'static str,
    /// In the order of the files.
    pub columns: &'static [Column],
}

impl Schema {
    /// Whether it is a table of the state beside a report.
    pub fn is_state(&self) -> bool {
        self.name.starts_with("state/")
    }

    /// The place of a column; `None` when the table has no such column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The columns as a Markdown table: name, type, meaning, as docs/tables.md has it.
    pub fn markdown(&self) -> String {
        let mut out = String::from("| column | type | meaning |\n|---|---|---|\n");
        for Column { name, kind, doc, .. } in self.columns {
            out.extend(["| `", name, "` | ", kind.name(), " |", doc, " |\n"]);
        }
        out
    }
}
