//! The error groups of the page.

use query::group_title;
use serde::Serialize;
use tables::Batch;
use tables::rows::ErrorGroups;

use crate::counts::CountedNames;
use crate::shown::{Masker, ShownText, plain};

/// Of the text of a group the first so many bytes are in the page.
const TITLE_BYTES: usize = 600;

/// All groups, the most frequent first. One list for each column.
#[derive(Debug, Default, Serialize)]
pub(crate) struct GroupColumns {
    pub(crate) fingerprint: Vec<ShownText<'static>>,
    pub(crate) title: Vec<ShownText<'static>>,
    pub(crate) class: Vec<i32>,
    pub(crate) side: Vec<i32>,
    pub(crate) retryable: Vec<bool>,
    /// Errors.
    pub(crate) count: Vec<i64>,
    /// Requests with such an error.
    pub(crate) requests: Vec<i64>,
    pub(crate) keys: Vec<i64>,
    pub(crate) open: Vec<i64>,
    pub(crate) resolved: Vec<i64>,
    /// Microseconds since 1970.
    pub(crate) first: Vec<Option<i64>>,
    pub(crate) last: Vec<Option<i64>>,
    /// The most frequent flows, three at most.
    pub(crate) flows: Vec<Vec<i32>>,
}

impl GroupColumns {
    /// The columns of these groups.
    pub(crate) fn of(
        groups: &Batch<ErrorGroups>,
        names: &mut CountedNames,
        masker: &Masker,
    ) -> Self {
        let mut columns = Self::default();
        for group in groups.rows() {
            columns.fingerprint.push(plain(group.fingerprint.0).into_owned());
            let [name, code, field] = [
                group.name.map(|name| name.0),
                group.code.map(|code| code.0),
                group.field.map(|field| field.0),
            ];
            let title = group_title(name, code, field, group.template.0);
            columns.title.push(masker.shown(&title).cut(TITLE_BYTES));
            columns.class.push(names.classes.place(Some(group.class.0)));
            columns.side.push(names.sides.place(group.side.map(|side| side.0)));
            columns.retryable.push(group.retryable);
            columns.count.push(group.count);
            columns.requests.push(group.exchanges);
            columns.keys.push(group.keys);
            columns.open.push(group.open_keys);
            columns.resolved.push(group.resolved_keys);
            columns.first.push(group.first_seen.map(|at| at.0));
            columns.last.push(group.last_seen.map(|at| at.0));
            let flows = group.flows.iter().take(3);
            columns.flows.push(flows.map(|flow| names.flows.place(Some(flow.0))).collect());
        }
        columns
    }
}
