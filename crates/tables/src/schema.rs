//! The tables of a report: names, columns, types and their order.
//!
//! These are a promise to readers of the files. New columns go after the ones here, and a change of
//! meaning raises [`SCHEMA_VERSION`].

/// Version of the tables and of `summary.json`, which carries it as `schema_version`.
pub const SCHEMA_VERSION: u32 = 1;

/// What the cells of a column hold. Any cell but a list can be null, which means absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Type {
    /// UTF-8 text. Ids, keys and codes are text, even when they look like numbers.
    Text,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 64 bits.
    U64,
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

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Column {
    /// Its name, in every format.
    pub name: &'static str,
    /// What its cells hold.
    pub kind: Type,
    /// A request or response body: large, rarely equal to another, cut in CSV.
    pub body: bool,
}

/// The shape of one table.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Schema {
    /// Name of the table, and of its file without the extension.
    pub name: &'static str,
    /// In the order of the files.
    pub columns: &'static [Column],
}

impl Schema {
    /// The place of a column, for [`Batch::number`](super::Batch::number) and
    /// [`Batch::shift`](super::Batch::shift). `None` when the table has no such column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// Every table of a report.
pub static TABLES: [&Schema; 10] = [
    &FILES,
    &PROBLEMS,
    &LOGS,
    &EXCHANGES,
    &ERRORS,
    &ERROR_GROUPS,
    &KEYS,
    &ENDPOINTS,
    &RUNS,
    &BODIES,
];

/// Every input file, once, in name order.
pub static FILES: Schema = Schema {
    name: "files",
    columns: &[
        text("file"),
        u64("bytes"),
        u64("decoded_bytes"),
        text("digest"),
        text("layers"),
        u32("members"),
        u32("documents"),
        u32("exchanges"),
        u32("problems"),
        text("outcome"),
        text("problem"),
        text("log_id"),
        text("run_id"),
        text("linked_by"),
    ],
};

/// Everything that could not be read as it should, in (file, member, offset) order.
pub static PROBLEMS: Schema = Schema {
    name: "problems",
    columns: &[
        text("file"),
        text("member"),
        u64("offset"),
        text("stage"),
        text("kind"),
        text("message"),
    ],
};

/// What the listing pages say: one row per log id, the newest snapshot of it.
///
/// The first columns are the fields of the API under its own names, `is_send_S3` with its odd
/// capital included. `state`, `status` and `log_type` are words; `created` and `finished` are times
/// whichever way the record writes them; `is_send_S3` is the 0 or 1 of the API as a bool.
/// `fragment_count` and `schedule` are text, because the API has only ever been seen to leave them
/// null. A record nested under another's `sub_flows` is a row of its own with `parent_id` set.
pub static LOGS: Schema = Schema {
    name: "logs",
    columns: &[
        text("id"),
        text("log_type"),
        text("process_group_id"),
        text("process_group_name"),
        text("parent_process_group_id"),
        text("original_filename_uuid"),
        text("filename_uuid"),
        text("state"),
        text("status"),
        time("created"),
        time("finished"),
        i64("process_count"),
        i64("success_count"),
        i64("fail_count"),
        text("fragment_count"),
        i64("row_num"),
        i64("flow_order"),
        bool("in_bound"),
        text("schedule"),
        bool("is_triggered"),
        text("triggered_by"),
        bool("is_send_S3"),
        text("flow"),
        text("step"),
        text("run_id"),
        text("effective_status"),
        f64("duration_ms"),
        u32("snapshots"),
        bool("downloaded"),
        text("extra"),
        text("parent_id"),
    ],
};

/// One row per request/response pair, or per row that has only one of the two or only an error, in
/// (file, member, record) order.
pub static EXCHANGES: Schema = Schema {
    name: "exchanges",
    columns: &[
        u64("exchange"),
        text("file"),
        text("member"),
        text("pointer"),
        u32("record"),
        text("log_id"),
        text("run_id"),
        text("flow"),
        text("step"),
        i64("row_num"),
        text("key_kind"),
        text("key"),
        time("started_at"),
        f64("duration_ms"),
        text("method"),
        text("url"),
        text("endpoint"),
        u16("status"),
        text("outcome"),
        text("evidence"),
        body("request_body"),
        body("response_body"),
        text("request_digest"),
        text("response_digest"),
        bool("response_truncated"),
        text("extra"),
    ],
};

/// One row per error met in an exchange, in the order of the exchanges.
pub static ERRORS: Schema = Schema {
    name: "errors",
    columns: &[
        u64("error"),
        u64("exchange"),
        text("file"),
        u32("record"),
        text("group"),
        text("class"),
        text("code"),
        text("field"),
        text("message"),
        text("source"),
        text("key_kind"),
        text("key"),
        text("side"),
    ],
};

/// One row per group of errors, most frequent first. `keys` counts distinct keys.
pub static ERROR_GROUPS: Schema = Schema {
    name: "error_groups",
    columns: &[
        text("group"),
        text("template"),
        text("class"),
        bool("retryable"),
        u64("count"),
        u64("exchanges"),
        u64("files"),
        u64("runs"),
        u64("keys"),
        u64("open_keys"),
        list("flows"),
        list("steps"),
        list("endpoints"),
        list("statuses"),
        time("first_seen"),
        time("last_seen"),
        text("sample_file"),
        u32("sample_record"),
        text("sample_message"),
        u64("healed_keys"),
        text("side"),
        text("code"),
        text("field"),
        text("name"),
    ],
};

/// One row per (flow, key kind, key).
pub static KEYS: Schema = Schema {
    name: "keys",
    columns: &[
        text("flow"),
        text("key_kind"),
        text("key"),
        u64("attempts"),
        u64("failures"),
        time("first_seen"),
        time("last_seen"),
        text("last_outcome"),
        bool("open"),
        text("last_group"),
        text("last_message"),
        text("last_file"),
        u32("last_record"),
    ],
};

/// One row per (endpoint, flow, step). The sizes are of bodies, in bytes; p50 and p95 come from a
/// sketch.
pub static ENDPOINTS: Schema = Schema {
    name: "endpoints",
    columns: &[
        text("endpoint"),
        text("flow"),
        text("step"),
        u64("exchanges"),
        u64("failed"),
        list("statuses"),
        u64("request_bytes_sum"),
        u64("request_bytes_p50"),
        u64("request_bytes_p95"),
        u64("request_bytes_max"),
        u64("response_bytes_sum"),
        u64("response_bytes_p50"),
        u64("response_bytes_p95"),
        u64("response_bytes_max"),
        u64("distinct_requests"),
        u64("distinct_responses"),
        f64("duration_p50_ms"),
        f64("duration_p95_ms"),
        f64("duration_max_ms"),
    ],
};

/// One row per run. `logs`, `downloaded`, `exchanges`, `failed` and `groups` are counts,
/// `error_rate` is failed exchanges by all exchanges, 0 to 1.
pub static RUNS: Schema = Schema {
    name: "runs",
    columns: &[
        text("run_id"),
        text("flow"),
        time("started_at"),
        time("finished_at"),
        f64("duration_ms"),
        text("status"),
        u64("logs"),
        u64("downloaded"),
        u64("exchanges"),
        u64("failed"),
        f64("error_rate"),
        u64("groups"),
    ],
};

/// One row per (endpoint, side, shape), the shape being the set of JSON paths with their types.
pub static BODIES: Schema = Schema {
    name: "bodies",
    columns: &[
        text("endpoint"),
        text("side"),
        text("shape"),
        text("kind"),
        u64("count"),
        u64("failed"),
        u64("distinct"),
        u64("bytes_sum"),
        u64("bytes_max"),
        list("paths"),
        text("sample_file"),
        u32("sample_record"),
    ],
};

const fn column(name: &'static str, kind: Type) -> Column {
    Column { name, kind, body: false }
}

const fn text(name: &'static str) -> Column {
    column(name, Type::Text)
}

const fn u16(name: &'static str) -> Column {
    column(name, Type::U16)
}

const fn u32(name: &'static str) -> Column {
    column(name, Type::U32)
}

const fn u64(name: &'static str) -> Column {
    column(name, Type::U64)
}

const fn i64(name: &'static str) -> Column {
    column(name, Type::I64)
}

const fn f64(name: &'static str) -> Column {
    column(name, Type::F64)
}

const fn bool(name: &'static str) -> Column {
    column(name, Type::Bool)
}

const fn time(name: &'static str) -> Column {
    column(name, Type::Time)
}

const fn list(name: &'static str) -> Column {
    column(name, Type::List)
}

const fn body(name: &'static str) -> Column {
    Column { name, kind: Type::Text, body: true }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_within_a_table_and_among_tables() {
        let tables: BTreeSet<_> = TABLES.iter().map(|table| table.name).collect();
        assert_eq!(tables.len(), TABLES.len());
        for table in TABLES {
            let names: BTreeSet<_> = table.columns.iter().map(|column| column.name).collect();
            assert_eq!(names.len(), table.columns.len(), "{}", table.name);
        }
    }

    #[test]
    fn a_column_is_found_by_its_name() {
        assert_eq!(ERRORS.position("exchange"), Some(1));
        assert_eq!(ERRORS.position("exchanges"), None);
    }
}
