//! Rows on their way to Python.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use tables::Column;
use tables::arrow::{self, ArrowBatch};

use crate::stored::chosen;
use crate::{raise, table_of};

/// Yields batches, and `None` now and then while there is none yet.
pub(crate) type Source = Box<dyn Iterator<Item = Result<Option<ArrowBatch>, String>> + Send>;

/// Batches of rows, read while they are taken. An iterator, and an Arrow stream of the batches that are left.
#[pyclass(frozen, module = "integrator_logs._native")]
pub(crate) struct Batches {
    columns: Vec<&'static Column>,
    source: Mutex<Option<Source>>,
}

impl Batches {
    pub(crate) fn new(columns: Vec<&'static Column>, source: Source) -> Self {
        Self { columns, source: Mutex::new(Some(source)) }
    }
}

#[pymethods]
impl Batches {
    fn __iter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Batch>> {
        loop {
            let next = py.detach(|| {
                let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
                source.as_mut().and_then(Iterator::next)
            });
            match next.transpose().map_err(raise)? {
                None => return Ok(None),
                Some(Some(rows)) => return Ok(Some(Batch { columns: self.columns.clone(), rows })),
                Some(None) => py.check_signals()?,
            }
        }
    }

    /// Takes the batches that are left.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // Other types than those of the table are not offered, as the interface allows.
        drop(requested_schema);
        let source = self.source.lock().unwrap_or_else(PoisonError::into_inner).take();
        let batches = source.into_iter().flatten().filter_map(Result::transpose);
        stream(py, &self.columns, batches)
    }
}

/// Some rows of a table.
#[pyclass(frozen, module = "integrator_logs._native")]
pub(crate) struct Batch {
    columns: Vec<&'static Column>,
    rows: ArrowBatch,
}

#[pymethods]
impl Batch {
    fn __len__(&self) -> usize {
        self.rows.len()
    }

    /// Names of the columns, in their order.
    #[getter]
    fn column_names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|column| column.name).collect()
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        stream(py, &self.columns, std::iter::once(Ok(self.rows.clone())))
    }

    fn __repr__(&self) -> String {
        format!("Batch({} rows, {} columns)", self.rows.len(), self.columns.len())
    }
}

fn stream<'py>(
    py: Python<'py>,
    columns: &[&'static Column],
    batches: impl Iterator<Item = Result<ArrowBatch, String>> + Send + 'static,
) -> PyResult<Bound<'py, PyCapsule>> {
    // The capsule owns the stream and releases it, unless a consumer has moved it out.
    PyCapsule::new_with_value(py, arrow::arrow_stream(columns, batches), c"arrow_array_stream")
}

/// The type of the rows of a table.
#[pyfunction]
#[pyo3(signature = (table, columns=None))]
pub(crate) fn schema<'py>(
    py: Python<'py>,
    table: &str,
    columns: Option<Vec<String>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let columns = chosen(table_of(table)?, columns.as_deref())?;
    PyCapsule::new_with_value(py, arrow::arrow_schema(&columns), c"arrow_schema")
}
