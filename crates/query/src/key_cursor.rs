//! The rows of the table `keys` one after the other, in their order.

use tables::cell::{Fingerprint, FlowName, KeyKindWord, KeyValue, MessageText, Micros};
use tables::rows::Keys;
use tables::{ReadError, Stored, StoredRows, StoredTable};

tables::select! {
    /// What a comparison reads of a key.
    pub(crate) struct ComparedKey<'b> from Keys {
        flow: Option<FlowName<'b>>,
        key_kind: KeyKindWord<'b>,
        key: KeyValue<'b>,
        last_seen: Option<Micros>,
        open: bool,
        last_fingerprint: Option<Fingerprint<'b>>,
        last_message: Option<MessageText<'b>>,
    }
}

impl<'b> ComparedKey<'b> {
    /// What the table is sorted by; an absent flow comes first.
    pub(crate) fn name(&self) -> (Option<FlowName<'b>>, KeyKindWord<'b>, KeyValue<'b>) {
        (self.flow, self.key_kind, self.key)
    }
}

/// A row of the table. One row group is in memory at a time.
#[derive(Debug)]
pub(crate) struct KeyCursor {
    table: StoredTable<Keys>,
    next_group: usize,
    /// `None` after the last row.
    rows: Option<StoredRows<ComparedKey<'static>>>,
    row: usize,
}

impl KeyCursor {
    /// At the first row.
    pub(crate) fn new(report: &Stored) -> Result<Self, ReadError> {
        let table = report.table::<Keys>()?;
        let mut cursor = Self { table, next_group: 0, rows: None, row: 0 };
        cursor.load()?;
        Ok(cursor)
    }

    /// The row; `None` after the last one.
    pub(crate) fn row(&self) -> Option<ComparedKey<'_>> {
        self.rows.as_ref().map(|rows| rows.get(self.row))
    }

    /// Goes to the next row.
    pub(crate) fn advance(&mut self) -> Result<(), ReadError> {
        self.row += 1;
        if self.rows.as_ref().is_some_and(|rows| self.row >= rows.len()) {
            self.load()?;
        }
        Ok(())
    }

    /// Reads the next row group that has a row.
    fn load(&mut self) -> Result<(), ReadError> {
        self.row = 0;
        self.rows = None;
        while self.rows.is_none() && self.next_group < self.table.groups() {
            let rows = self.table.read::<ComparedKey<'_>>(self.next_group)?;
            self.next_group += 1;
            self.rows = Some(rows).filter(|rows| !rows.is_empty());
        }
        Ok(())
    }
}
