//! Records that are written as a table: names in one place, values in another.
//!
//! Two rules hold for all exports: a list of names beside, or as the first of, rows of as many cells; and columns
//! of equal indexes, each under its name. A row becomes an object with these names, which is read as any other.

use super::look::is_likely_record;
use super::names::plural;
use super::{Inherited, Walk};
use crate::json::{Cursor, Type, Value};
use crate::json_text::is_json_text;
use crate::record::Field;
use crate::roles::Role;
use crate::scalar::{has_scheme, http_status, plain, timestamp};
use crate::slots::{REQUEST, RESPONSE, STATUS, Slots};

/// Columns of a table at most; wider ones are not read as tables.
const MAX_COLUMNS: usize = 256;

/// Bytes of the name of a column at most.
const NAME_BYTES: usize = 64;

/// A table: names, escaped as they stand, and rows.
pub(super) struct Table<'a> {
    names: Vec<&'a str>,
    /// The name of the field with the rows; `None` when the table is a list itself.
    field: Option<&'a str>,
    rows: Rows<'a>,
}

enum Rows<'a> {
    /// A list of rows, without the first so many.
    List(Value<'a>, usize),
    /// Lists of values, a column each, of one length.
    Columns(Vec<Vec<Value<'a>>>),
}

/// Names of cells of which nothing is known.
const OTHERS: [&str; 16] = [
    "cell_1", "cell_2", "cell_3", "cell_4", "cell_5", "cell_6", "cell_7", "cell_8", "cell_9",
    "cell_10", "cell_11", "cell_12", "cell_13", "cell_14", "cell_15", "cell_16",
];

/// What a cell says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellKind {
    Method,
    Url,
    Status,
    Time,
    Json,
    Other,
}

impl CellKind {
    fn of(cell: Value<'_>) -> Self {
        let text = cell.inner();
        match cell.ty {
            Type::Number | Type::String if http_status(cell).is_some() => Self::Status,
            Type::String if METHODS.contains(&text) => Self::Method,
            Type::String if is_json_text(cell) => Self::Json,
            Type::String if has_scheme(text) => Self::Url,
            Type::String if timestamp(cell).is_some() => Self::Time,
            _ => Self::Other,
        }
    }
}

/// Methods of HTTP as they stand in cells.
pub(super) const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

impl<'a> Table<'a> {
    /// The table in an object with these fields, if one may be there.
    pub(super) fn in_object(fields: &[Field<'a>], slots: &Slots<'a>) -> Option<Self> {
        let top = || fields.iter().filter(|field| field.parent.is_none());
        if top().any(|field| is_firm(field.role) && is_container(field.value)) {
            let maps: Vec<_> = top().filter(|field| field.value.ty == Type::Object).collect();
            let lists: Vec<_> = top().filter(|field| field.value.ty == Type::Array).collect();
            return Self::of_columns(&maps, 1).or_else(|| Self::of_columns(&lists, 2));
        }
        if slots.evidence & REQUEST != 0 && slots.evidence & (RESPONSE | STATUS) != 0 {
            return None;
        }
        if slots.evidence == 0
            && let Some(table) = Self::of_halves(fields)
        {
            return Some(table);
        }
        let rows = top().find(|field| first_row(field.value).is_some())?;
        let width = first_row(rows.value)?.len();
        let names = top()
            .filter(|field| !std::ptr::eq(*field, rows))
            .filter_map(|field| names_of(field.value))
            .find(|names| names.len() == width);
        match names {
            Some(names) => {
                Some(Self { names, field: Some(rows.key), rows: Rows::List(rows.value, 0) })
            }
            None => Self::of_rows(rows.value, Some(rows.key)),
        }
    }

    /// A list of rows alone: the first is their names, or their cells say what they are.
    pub(super) fn of_rows(list: Value<'a>, field: Option<&'a str>) -> Option<Self> {
        Self::with_head(list, field).or_else(|| Self::without_head(list, field))
    }

    /// A list of rows that have a method of HTTP and an address or a status, in the same places. Two texts of JSON
    /// in each are the bodies, in their order; what nothing is known of goes to `extra`.
    fn without_head(list: Value<'a>, field: Option<&'a str>) -> Option<Self> {
        let width = first_row(list)?.len();
        let mut kinds: Option<Vec<CellKind>> = None;
        let mut seen = 0;
        list.elements(|row| {
            let cells = cells_of(row).filter(|cells| cells.len() == width).unwrap_or_default();
            let row: Vec<_> = cells.iter().map(|cell| CellKind::of(plain_cell(*cell))).collect();
            let kinds = kinds.get_or_insert_with(|| row.clone());
            for (at, kind) in kinds.iter_mut().enumerate() {
                if row.get(at) != Some(kind) {
                    *kind = CellKind::Other;
                }
            }
            seen += 1;
            seen < 16
        });
        let kinds = kinds?;
        let count = |kind| kinds.iter().filter(|k| **k == kind).count();
        let sure = count(CellKind::Method) == 1
            && count(CellKind::Url) <= 1
            && count(CellKind::Status) <= 1
            && count(CellKind::Url) + count(CellKind::Status) > 0;
        if !sure || width > OTHERS.len() {
            return None;
        }
        let (mut bodies, mut times) = (["request_body", "response_body"].into_iter(), 0);
        let two = count(CellKind::Json) == 2;
        let names = kinds.iter().zip(OTHERS).map(|(kind, other)| match kind {
            CellKind::Method => "method",
            CellKind::Url => "url",
            CellKind::Status => "status_code",
            CellKind::Json if two => bodies.next().unwrap_or(other),
            CellKind::Time if times == 0 => {
                times += 1;
                "created_at"
            }
            _ => other,
        });
        Some(Self { names: names.collect(), field, rows: Rows::List(list, 0) })
    }

    /// A list of rows whose first is their names.
    fn with_head(list: Value<'a>, field: Option<&'a str>) -> Option<Self> {
        let mut head = Vec::new();
        for cell in first_row(list)? {
            head.push(Some(plain_cell(cell)).filter(|c| c.ty == Type::String)?.inner());
        }
        is_names(&head).then_some(Self { names: head, field, rows: Rows::List(list, 1) })
    }

    /// Requests and responses in two maps with the same indexes.
    fn of_halves(fields: &[Field<'a>]) -> Option<Self> {
        let mut halves = fields.iter().filter(|field| {
            field.value.ty == Type::Object && field.parent.is_none() && field.role == Role::None
        });
        let halves = [halves.next()?, halves.next()?];
        let [Some(Role::Request), Some(Role::Response)] = halves.map(|half| plural(half.key))
        else {
            return None;
        };
        let mut table = Self::of_columns(&halves, 1)?;
        table.names = vec!["request", "response"];
        matches!(&table.rows, Rows::Columns(columns) if columns.len() == 2).then_some(table)
    }

    /// Columns with the same indexes, of so many values at least.
    fn of_columns(columns: &[&Field<'a>], least: usize) -> Option<Self> {
        let mut table = Self { names: Vec::new(), field: None, rows: Rows::Columns(Vec::new()) };
        let mut cells: Vec<Vec<Value<'a>>> = Vec::new();
        let mut indexes: Option<Vec<&'a str>> = None;
        for column in columns {
            let (mut values, mut keys) = (Vec::new(), Vec::new());
            column.value.members(|key, value| {
                keys.push(key);
                values.push(value);
                true
            });
            column.value.elements(|value| {
                values.push(value);
                true
            });
            let same = indexes.get_or_insert_with(|| keys.clone()) == &keys
                && cells.first().is_none_or(|first| first.len() == values.len());
            if is_firm(column.role) && !values.iter().all(|value| !is_container(*value)) {
                return None;
            }
            if same {
                table.names.push(column.key);
                cells.push(values);
            } else if is_firm(column.role) {
                return None;
            }
        }
        let enough = cells.len() >= 2 && cells[0].len() >= least;
        table.field = table.names.first().copied();
        table.rows = Rows::Columns(cells);
        (enough && table.names.len() <= MAX_COLUMNS).then_some(table)
    }

    /// Calls `each` with the number and the cells of each row, in order, until it gives `false`.
    fn rows(&self, mut each: impl FnMut(usize, &[Value<'a>]) -> bool) {
        match &self.rows {
            Rows::List(list, head) => {
                let mut at = 0;
                list.elements(|row| {
                    at += 1;
                    at <= *head || cells_of(row).is_none_or(|cells| each(at - 1, &cells))
                });
            }
            Rows::Columns(columns) => {
                for at in 0..columns[0].len() {
                    let cells: Vec<_> = columns.iter().map(|column| column[at]).collect();
                    if !each(at, &cells) {
                        return;
                    }
                }
            }
        }
    }

    /// A row as an object with the names of the columns.
    fn object(&self, cells: &[Value<'a>], out: &mut String) {
        out.clear();
        for (name, cell) in self.names.iter().zip(cells) {
            out.push_str(if out.is_empty() { "{\"" } else { ",\"" });
            out.extend([name, "\":", plain_cell(*cell).raw]);
        }
        out.push('}');
    }
}

impl Walk<'_> {
    /// Whether the first rows of a table are records.
    pub(super) fn is_log_table(&mut self, table: &Table<'_>) -> bool {
        let (mut found, mut seen) = (false, 0);
        let mut object = String::new();
        table.rows(|_, cells| {
            table.object(cells, &mut object);
            let value = Value { ty: Type::Object, raw: &object };
            found = cells.len() == table.names.len() && self.is_plain(value, is_likely_record);
            seen += 1;
            !found && seen < 4
        });
        found
    }

    /// Reads the rows of a table as records, if they are such; whether they are.
    pub(super) fn table(&mut self, table: &Table<'_>, above: Inherited<'_>) -> bool {
        if above.depth >= super::MAX_CONTAINERS || !self.is_log_table(table) {
            return false;
        }
        let len = self.pointer.len();
        if let Some(field) = table.field {
            self.push_key(field);
        }
        let above = Inherited { in_list: true, depth: above.depth + 1, ..above };
        let mut object = String::new();
        table.rows(|at, cells| {
            table.object(cells, &mut object);
            let len = self.pointer.len();
            self.push_index(at);
            // Made of sound values.
            let _sound = self.value_at(&object, &mut Cursor::new(&object), above, None);
            self.pointer.truncate(len);
            true
        });
        self.pointer.truncate(len);
        true
    }
}

/// Roles whose value is a scalar in a record.
fn is_firm(role: Role) -> bool {
    matches!(role, Role::Method | Role::Url | Role::HttpStatus | Role::Status | Role::OriginStatus)
}

fn is_container(value: Value<'_>) -> bool {
    matches!(value.ty, Type::Object | Type::Array)
}

/// The table that the list at `start` of a text is, if its first row is one of names.
pub(super) fn begins_as_rows(text: &str, start: usize) -> Option<Table<'_>> {
    let mut cursor = Cursor::at(text, start);
    cursor.enter().ok()?;
    if !cursor.element(true).ok()? || cursor.peek().ok()? != Type::Array {
        return None;
    }
    Table::of_rows(Cursor::at(text, start).value().ok()?, None)
}

/// The cells of the first row of a list of rows.
fn first_row(list: Value<'_>) -> Option<Vec<Value<'_>>> {
    let mut cursor = Cursor::at(list.raw, 0);
    if list.ty != Type::Array || cursor.enter().is_err() || !cursor.element(true).ok()? {
        return None;
    }
    match cursor.peek().ok()? {
        Type::Array => {}
        // `{"f": [..]}`; the values of other objects are not looked at.
        Type::Object => {
            let mut inner = cursor.clone();
            inner.enter().ok()?;
            inner.key(true).ok()??;
            if inner.peek().ok()? != Type::Array {
                return None;
            }
        }
        _ => return None,
    }
    cells_of(cursor.value().ok()?).filter(|cells| (2..=MAX_COLUMNS).contains(&cells.len()))
}

/// The cells of a row: a list, alone in an object or not.
fn cells_of(row: Value<'_>) -> Option<Vec<Value<'_>>> {
    let mut list = row;
    if row.ty == Type::Object {
        let mut members = 0;
        row.members(|_, value| {
            list = value;
            members += 1;
            members < 2
        });
        if members != 1 {
            return None;
        }
    }
    if list.ty != Type::Array {
        return None;
    }
    let mut cells = Vec::new();
    list.elements(|cell| {
        cells.push(cell);
        cells.len() <= MAX_COLUMNS
    });
    Some(cells)
}

/// The value of a cell, which may stand alone in an object (`{"v": 400}`).
fn plain_cell(cell: Value<'_>) -> Value<'_> {
    let (mut only, mut members) = (cell, 0);
    if cell.ty == Type::Object {
        cell.members(|name, value| {
            members += 1;
            if name == "v" {
                only = value;
            }
            members < 2
        });
    }
    if members == 1 { plain(only) } else { cell }
}

/// The names of the columns: a list of names or of objects with one, by itself or alone in an object.
fn names_of(value: Value<'_>) -> Option<Vec<&str>> {
    let mut list = value;
    if value.ty == Type::Object {
        value.members(|name, inner| {
            if ["fields", "columns", "Fields", "Columns", "field"].contains(&name) {
                list = inner;
            }
            list.ty == Type::Object
        });
    }
    if list.ty != Type::Array {
        return None;
    }
    let mut names = Vec::new();
    list.elements(|element| {
        let mut name = Some(element).filter(|element| element.ty == Type::String);
        element.members(|key, value| {
            const NAMES: [&str; 7] =
                ["name", "Name", "columnName", "ColumnName", "label", "field", "text"];
            name = Some(value).filter(|v| v.ty == Type::String && NAMES.contains(&key));
            name.is_none()
        });
        names.extend(name.map(|name| name.inner()));
        name.is_some() && names.len() <= MAX_COLUMNS
    });
    is_names(&names).then_some(names)
}

/// Whether texts may be names of columns: short ones, all different.
fn is_names(names: &[&str]) -> bool {
    let name = |name: &&str| {
        !name.is_empty() && name.len() <= NAME_BYTES && !name.contains([':', '/', '\\', '{', '['])
    };
    (2..=MAX_COLUMNS).contains(&names.len())
        && names.iter().all(name)
        && names.iter().enumerate().all(|(at, name)| !names[..at].contains(name))
}
