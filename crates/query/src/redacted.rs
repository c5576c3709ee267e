//! Requests with their texts masked, for output that leaves the machine.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use redact::{Redacted, Scope};
use tables::cell::{
    BodyText, EndpointName, ErrorCode, ExtraFields, FieldPath, FileName, LoggedUrl, MessageText,
    Micros,
};
use tables::rows::{ErrorGroups, ErrorRow, ExchangeRow, Files, Keys};
use tables::{Batch, ReadError, Stored};

use crate::keys::ListedKeyRow;
use crate::requests::{LoggedRequest, LoggedRequests};

tables::select! {
    /// Where the sample of a group stands.
    struct GroupSample<'b> from ErrorGroups {
        sample_file: FileName<'b>,
        sample_record: i32,
    }
}

tables::select! {
    /// Where the newest failure of a key stands.
    struct KeyFailure<'b> from Keys {
        open: bool,
        last_seen: Option<Micros>,
        last_file: Option<FileName<'b>>,
        last_record: Option<i32>,
    }
}

tables::select! {
    /// The names of files.
    struct FileNames<'b> from Files {
        file: FileName<'b>,
    }
}

impl LoggedRequests {
    /// The requests whose messages the tables `error_groups` and `keys` repeat, with their bodies: the samples of the `most`
    /// most frequent groups, and the newest failures of `most` keys, open and newest ones first. They show what is masked
    /// in these messages.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub fn behind_messages(report: &Stored, most: usize) -> Result<Self, ReadError> {
        let mut records: HashMap<String, BTreeSet<i32>> = HashMap::new();
        let mut table = report.table::<ErrorGroups>()?;
        let mut groups = 0;
        for group in 0..table.groups() {
            let rows = table.read::<GroupSample<'_>>(group)?;
            for row in rows.iter().take(most - groups) {
                records.entry(row.sample_file.0.to_owned()).or_default().insert(row.sample_record);
                groups += 1;
            }
        }
        let mut failures = Vec::new();
        let mut table = report.table::<Keys>()?;
        for group in 0..table.groups() {
            let rows = table.read::<KeyFailure<'_>>(group)?;
            failures.extend(rows.iter().filter_map(|row| {
                let order = Reverse((row.open, row.last_seen));
                Some((order, row.last_file?.0.to_owned(), row.last_record?))
            }));
            failures.sort_unstable();
            failures.truncate(most);
        }
        for (_, file, record) in failures {
            records.entry(file).or_default().insert(record);
        }
        Self::at_records(report, &records)
    }

    /// The requests with the newest failures of these keys, with their bodies: they show what is masked in the messages of
    /// the keys.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub fn behind_keys(report: &Stored, keys: &[ListedKeyRow<'_>]) -> Result<Self, ReadError> {
        let mut records: HashMap<String, BTreeSet<i32>> = HashMap::new();
        for key in keys {
            if let (Some(file), Some(record)) = (key.last_file, key.last_record) {
                records.entry(file.0.to_owned()).or_default().insert(record);
            }
        }
        Self::at_records(report, &records)
    }

    /// The requests in these records of files.
    fn at_records(
        report: &Stored,
        records: &HashMap<String, BTreeSet<i32>>,
    ) -> Result<Self, ReadError> {
        let mut ids = Vec::new();
        let mut table = report.table::<Files>()?;
        let mut number = 0_i64;
        for group in 0..table.groups() {
            for row in table.read::<FileNames<'_>>(group)?.iter() {
                let records = records.get(row.file.0).into_iter().flatten();
                // As the column `exchange` is made.
                ids.extend(records.map(|record| number << 32 | i64::from(*record)));
                number += 1;
            }
        }
        Self::read(report, &ids, true)
    }

    /// The same requests with their texts masked, each by what its own bodies, URL and messages show. They should have
    /// been read with their bodies.
    #[must_use]
    pub fn redacted(&self, scope: &mut Scope) -> Self {
        let (mut exchanges, mut errors) = (Batch::new(), Batch::new());
        for request in self.iter() {
            scope.begin();
            request.learned_by(scope);
            let row = request.exchange;
            let url = masked(scope, row.url.map(|url| url.0));
            let endpoint = masked(scope, row.endpoint.map(|endpoint| endpoint.0));
            let sent = masked(scope, row.request_body.map(|body| body.text));
            let answered = masked(scope, row.response_body.map(|body| body.text));
            let extra = masked(scope, row.extra.map(|extra| extra.0));
            exchanges.push(&ExchangeRow {
                url: cell(url.as_ref(), LoggedUrl),
                endpoint: cell(endpoint.as_ref(), EndpointName),
                request_body: cell(sent.as_ref(), body),
                response_body: cell(answered.as_ref(), body),
                extra: cell(extra.as_ref(), ExtraFields),
                ..row
            });
            for row in request.errors {
                let message = scope.text("message", row.message.0);
                let code = masked(scope, row.code.map(|code| code.0));
                let field = masked(scope, row.field.map(|field| field.0));
                errors.push(&ErrorRow {
                    message: MessageText(message.as_str()),
                    code: cell(code.as_ref(), ErrorCode),
                    field: cell(field.as_ref(), FieldPath),
                    endpoint: cell(endpoint.as_ref(), EndpointName),
                    ..row
                });
            }
        }
        self.with_rows(exchanges, errors)
    }
}

impl LoggedRequest<'_> {
    /// Lets `scope` learn what is masked in its texts.
    pub fn learned_by(&self, scope: &mut Scope) {
        let row = &self.exchange;
        let bodies =
            [row.request_body, row.response_body].into_iter().flatten().map(|body| body.text);
        let others =
            [row.url.map(|url| url.0), row.extra.map(|extra| extra.0)].into_iter().flatten();
        let messages = self.errors.iter().map(|error| error.message.0);
        bodies.chain(others).chain(messages).for_each(|text| scope.learn(text));
    }
}

fn masked<'t>(scope: &mut Scope, text: Option<&'t str>) -> Option<Redacted<'t>> {
    text.map(|text| scope.text("request", text))
}

fn cell<'t, C>(text: Option<&'t Redacted<'_>>, cell: impl Fn(&'t str) -> C) -> Option<C> {
    text.map(|text| cell(text.as_str()))
}

fn body(text: &str) -> BodyText<'_> {
    BodyText { text, hash: xxhash_rust::xxh3::xxh3_64(text.as_bytes()) }
}
