//! A query of the user: what it reads is loaded, then it runs.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};
use tables::{Stored, TABLES};

use crate::error::SqlError;
use crate::{functions, load};

/// How much of the tables is held in memory, in KiB; what is more goes to a file without a name, which SQLite removes.
const MEMORY_KIB: i64 = 1 << 20;

/// A query with what it reads of a report.
#[derive(Debug)]
pub struct LoadedQuery {
    connection: Connection,
    sql: String,
    columns: Vec<String>,
}

/// A cell of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SqlValue<'r> {
    /// No value.
    Null,
    /// A whole number; true is 1.
    Integer(i64),
    /// A number; not NaN, which SQLite makes null.
    Real(f64),
    /// A text.
    Text(&'r str),
    /// Bytes, as the query makes them: no table has any.
    Bytes(&'r [u8]),
}

/// Tables and columns that a query reads, by name.
type ColumnsRead = HashSet<(String, String)>;

impl LoadedQuery {
    /// Loads the columns that the query reads. Time and memory are those of these columns.
    ///
    /// # Errors
    /// When the query is no query of these tables, or the report cannot be read.
    pub fn load(report: &Stored, sql: &str) -> Result<Self, SqlError> {
        // A name that is empty: a private database that may go to disk.
        let mut connection = Connection::open("")?;
        connection.pragma_update(None, "cache_size", -MEMORY_KIB)?;
        connection.execute_batch("pragma journal_mode = off; pragma synchronous = off")?;
        // Else "staus" in double quotes would be a text where no column has that name.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        functions::add(&connection)?;
        for table in TABLES {
            load::create(&connection, table)?;
        }

        let read = Arc::new(Mutex::new(ColumnsRead::new()));
        let noted = Arc::clone(&read);
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            if let AuthAction::Read { table_name, column_name } = context.action {
                let mut read = noted.lock().unwrap_or_else(PoisonError::into_inner);
                read.insert((table_name.to_owned(), column_name.to_owned()));
            }
            permitted(&context)
        }))?;
        let columns = prepared(&connection, sql)?.column_names().map(str::to_owned).collect();
        connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;

        let read = std::mem::take(&mut *read.lock().unwrap_or_else(PoisonError::into_inner));
        connection.execute_batch("begin")?;
        for table in TABLES {
            let columns: HashSet<&str> = read
                .iter()
                .filter(|(of, _)| of == table.name)
                .map(|(_, column)| column.as_str())
                .collect();
            if !columns.is_empty() {
                load::fill(
                    &connection,
                    report,
                    table,
                    |column| columns.contains(column.name),
                    || Ok(()),
                )?;
            }
        }
        connection.execute_batch("commit")?;
        connection.authorizer(Some(|context: AuthContext<'_>| permitted(&context)))?;
        Ok(Self { connection, sql: sql.to_owned(), columns })
    }

    /// Names of the columns of the answer.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Runs the query and hands out one row after the other, each with a cell for each column, until the caller breaks.
    ///
    /// # Errors
    /// What SQLite fails with, and what `each` returns.
    pub fn rows<E: From<SqlError>>(
        &self,
        mut each: impl FnMut(&[SqlValue<'_>]) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let mut statement = prepared(&self.connection, &self.sql)?;
        let mut rows = statement.query([]).map_err(SqlError::from)?;
        while let Some(row) = rows.next().map_err(SqlError::from)? {
            let cells = (0..self.columns.len()).map(|place| Ok(SqlValue::of(row.get_ref(place)?)));
            let cells: rusqlite::Result<Vec<_>> = cells.collect();
            if each(&cells.map_err(SqlError::from)?)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl<'r> SqlValue<'r> {
    fn of(value: ValueRef<'r>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Real(value) => Self::Real(value),
            ValueRef::Text(bytes) => {
                std::str::from_utf8(bytes).map_or(Self::Bytes(bytes), Self::Text)
            }
            ValueRef::Blob(bytes) => Self::Bytes(bytes),
        }
    }
}

/// The statement, when it is one and returns rows.
fn prepared<'c>(connection: &'c Connection, sql: &str) -> Result<Statement<'c>, SqlError> {
    let statement = connection.prepare(sql).map_err(|error| SqlError::of_query(error, sql))?;
    if statement.column_count() == 0 || !statement.readonly() {
        return Err(SqlError::NotAQuery);
    }
    Ok(statement)
}

/// Reading, functions, and queries that name themselves; nothing that writes, attaches, or sets anything.
fn permitted(context: &AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select
        | AuthAction::Read { .. }
        | AuthAction::Function { .. }
        | AuthAction::Recursive => Authorization::Allow,
        _ => Authorization::Deny,
    }
}
