//! The rows of the table `keys` one after the other, in their order.

use model::time::Timestamp;

use tables::{KEYS, ReadError, Stored, StoredRows, StoredTable};

const COLUMNS: [&str; 7] =
    ["flow", "key_kind", "key", "last_seen", "open", "last_group", "last_message"];

/// What the table is sorted by; an absent flow comes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyName<'r> {
    pub(super) flow: Option<&'r str>,
    pub(super) kind: &'r str,
    pub(super) key: &'r str,
}

/// A place in the table. One row group is in memory at a time.
#[derive(Debug)]
pub(super) struct KeyCursor {
    table: StoredTable,
    next_group: usize,
    /// `None` behind the last row.
    rows: Option<StoredRows>,
    row: usize,
}

impl KeyCursor {
    /// At the first row.
    pub(super) fn new(report: &Stored) -> Result<Self, ReadError> {
        let mut cursor = Self { table: report.table(&KEYS)?, next_group: 0, rows: None, row: 0 };
        cursor.load()?;
        Ok(cursor)
    }

    /// Goes to the next row.
    pub(super) fn next(&mut self) -> Result<(), ReadError> {
        self.row += 1;
        if self.rows.as_ref().is_some_and(|rows| self.row >= rows.len()) {
            self.load()?;
        }
        Ok(())
    }

    /// The key of the row; `None` behind the last.
    pub(super) fn name(&self) -> Option<KeyName<'_>> {
        self.rows.as_ref().map(|_| KeyName {
            flow: self.text("flow"),
            kind: self.text("key_kind").unwrap_or_default(),
            key: self.text("key").unwrap_or_default(),
        })
    }

    /// Whether its newest attempt failed.
    pub(super) fn open(&self) -> bool {
        let open = self.rows.as_ref().and_then(|rows| rows.column("open").bool(self.row));
        open.unwrap_or_default()
    }

    /// Its newest attempt.
    pub(super) fn last_seen(&self) -> Option<Timestamp> {
        self.rows.as_ref()?.column("last_seen").time(self.row).map(Timestamp)
    }

    /// One of the columns of text.
    pub(super) fn text(&self, column: &str) -> Option<&str> {
        self.rows.as_ref()?.column(column).text(self.row)
    }

    /// The next row group that has a row.
    fn load(&mut self) -> Result<(), ReadError> {
        self.row = 0;
        self.rows = None;
        while self.rows.is_none() && self.next_group < self.table.groups() {
            let rows = self.table.rows(self.next_group, &COLUMNS)?;
            self.next_group += 1;
            self.rows = Some(rows).filter(|rows| !rows.is_empty());
        }
        Ok(())
    }
}
