//! A report on disk.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyList;
use tables::cell::Micros;
use tables::{CellRef, ChosenColumns, Column, Schema, Stored, rfc3339};

use crate::batches::Batches;
use crate::{error, raise, table_of};

/// A report on disk.
#[pyclass(frozen, module = "integrator_logs._native")]
pub(crate) struct StoredReport {
    stored: Stored,
}

#[pymethods]
impl StoredReport {
    /// Opens the report in a folder. Reads its `summary.json`.
    #[new]
    fn open(path: PathBuf) -> PyResult<Self> {
        let stored = Stored::open(&path).map_err(|fault| raise(error(&fault)))?;
        Ok(Self { stored })
    }

    /// The text of `summary.json`.
    fn summary(&self) -> PyResult<String> {
        let summary = self.stored.summary::<serde_json::Value>();
        summary.map(|summary| summary.to_string()).map_err(|fault| raise(error(&fault)))
    }

    /// How many rows a table has, from its footer.
    fn rows(&self, table: &str) -> PyResult<u64> {
        Ok(self.choose(table_of(table)?, &|_| false)?.rows())
    }

    /// The rows of a table, one row group after the other.
    #[pyo3(signature = (table, columns=None))]
    fn batches(&self, table: &str, columns: Option<Vec<String>>) -> PyResult<Batches> {
        let table = table_of(table)?;
        let columns = chosen(table, columns.as_deref())?;
        let mut rows = self.choose(table, &|column| columns.contains(&column))?;
        let groups = (0..rows.groups()).map(move |group| rows.read(group));
        let batches = groups.flat_map(|rows| {
            let rows = rows.map_err(|fault| error(&fault)).map(tables::ChosenRows::into_arrow);
            let (rows, fault) = match rows {
                Ok(rows) => (Some(rows), None),
                Err(fault) => (None, Some(Err(fault))),
            };
            rows.into_iter().flatten().map(|rows| Ok(Some(rows))).chain(fault)
        });
        Ok(Batches::new(columns, Box::new(batches)))
    }

    /// The first cells of each column but bodies, as Python values; times as text.
    fn head<'py>(
        &self,
        py: Python<'py>,
        table: &str,
        rows: usize,
    ) -> PyResult<Vec<(&'static str, Bound<'py, PyList>)>> {
        let mut chosen = self.choose(table_of(table)?, &|column| !column.body)?;
        let columns: Vec<_> =
            chosen.columns().iter().map(|column| (column.name, PyList::empty(py))).collect();
        if chosen.groups() > 0 {
            let group = py.detach(|| chosen.read(0)).map_err(|fault| raise(error(&fault)))?;
            for row in 0..rows.min(group.len()) {
                for (cell, (_, cells)) in group.row(row).zip(&columns) {
                    cells.append(python_value(py, &cell)?)?;
                }
            }
        }
        Ok(columns)
    }
}

impl StoredReport {
    fn choose(
        &self,
        table: &'static Schema,
        wanted: &dyn Fn(&Column) -> bool,
    ) -> PyResult<ChosenColumns> {
        self.stored.choose(table, wanted).map_err(|fault| raise(error(&fault)))
    }
}

/// The columns of these names, in the order of the table; all when there are no names.
pub(crate) fn chosen(
    table: &'static Schema,
    names: Option<&[String]>,
) -> PyResult<Vec<&'static Column>> {
    let Some(names) = names else { return Ok(table.columns.iter().collect()) };
    if let Some(name) = names.iter().find(|name| table.position(name).is_none()) {
        return Err(raise(format!("{name}: the table {} has no such column", table.name)));
    }
    let wanted = |column: &&Column| names.iter().any(|name| name == column.name);
    Ok(table.columns.iter().filter(wanted).collect())
}

fn python_value<'py>(py: Python<'py>, cell: &CellRef<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match cell {
        CellRef::Null => py.None().into_bound(py),
        CellRef::Text(text) => text.into_pyobject(py)?.into_any(),
        CellRef::Integer(value) => value.into_pyobject(py)?.into_any(),
        CellRef::Float(value) => value.into_pyobject(py)?.into_any(),
        CellRef::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        CellRef::Time(micros) => rfc3339(Micros(*micros)).into_pyobject(py)?.into_any(),
        CellRef::List(items) => items.clone().collect::<Vec<_>>().into_pyobject(py)?.into_any(),
    })
}
