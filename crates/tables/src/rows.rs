//! Every table of a report as one row type. The columns, the writers, the readers and the documentation of the
//! columns come from here; docs/tables.md is held against it by a test.

use crate::cell::{
    BodyDigest, BodyKindWord, BodySideWord, BodyText, ClassWord, EndpointName, ErrorCode,
    EvidenceWord, ExtraFields, FieldPath, FileDigest, FileName, FileOutcomeWord, FileUuid,
    Fingerprint, FlowName, FlowStateText, FlowTypeText, GroupName, HttpMethod, KeyKindWord,
    KeyValue, LayerNames, LinkedByWord, LogId, LogStateWord, LogStatusWord, LogTypeWord, LoggedUrl,
    MemberName, MessageText, Micros, OutcomeWord, ParentGroupId, ParentLogId, ProblemKindWord,
    ProcessGroupId, ProcessGroupName, RecordPointer, RedactionPlace, RedactionRuleWord, RunId,
    ScheduleText, ShapeHash, ShapePath, SideWord, SourceWord, StageWord, StatusText, StepName,
    TemplateText, TriggeredBy,
};
use crate::schema::Schema;

/// Every table of a report, in the order of docs/tables.md.
pub static TABLES: [&Schema; 12] = [
    &FILES,
    &PROBLEMS,
    &LOGS,
    &EXCHANGES,
    &ERRORS,
    &ERROR_GROUPS,
    &KEYS,
    &ENDPOINTS,
    &RUNS,
    &FLOWS,
    &BODIES,
    &REDACTIONS,
];

crate::table! {
    /// Every input file, once, in name order.
    pub table Files, FILES = "files" of FileRow<'b> {
        /// the path as given, relative to the input when that is a folder; `/` between the parts
        file: FileName<'b>,
        /// size on disk at the time it was read
        bytes: i64,
        /// bytes of text in it, after all layers are taken off
        decoded_bytes: i64,
        /// BLAKE3 of its bytes, hex; null when it could not be read
        digest: Option<FileDigest>,
        /// layers taken off, outermost first: `base64>zip>json`; empty when nothing was recognised
        layers: LayerNames<'b>,
        /// members of the archives in it, unreadable ones and those of archives in archives included
        members: i32,
        /// texts in it that were read as JSON
        documents: i32,
        /// its rows in `exchanges`
        exchanges: i32,
        /// its rows in `problems`
        problems: i32,
        /// one of the outcomes below
        outcome: FileOutcomeWord<'b>,
        /// kind of its first problem
        problem: Option<ProblemKindWord<'b>>,
        /// the log it belongs to; null when that is not known
        log_id: Option<LogId<'b>>,
        /// the run it belongs to; null when that is not known
        run_id: Option<RunId<'b>>,
        /// how its log was found: `document` (an id in the JSON), `member` (the name of the archive's member), `file_name` (the file's name or a folder's)
        linked_by: Option<LinkedByWord<'b>>,
        /// the earlier file that it is a copy of: with the same bytes, or with the same log in another wrap. Of an archive, the file of its first member that is a copy; null when nothing in it is one
        copy_of: Option<FileName<'b>>,
    }
}

crate::table! {
    /// Everything that could not be read as it should, in the order of (file, member, byte).
    pub table Problems, PROBLEMS = "problems" of ProblemRow<'b> {
        /// as in `files`, or a folder or link that could not be read
        file: FileName<'b>,
        /// path inside the archive; null when the fault is the file's own
        member: Option<MemberName<'b>>,
        /// the byte, from the start of the layer that the stage reads
        byte: i64,
        /// the stage that reports it: `read`, `text`, `base64`, `zip`, `inflate`, `json`, `model`
        stage: StageWord<'b>,
        /// one of the kinds below
        kind: ProblemKindWord<'b>,
        /// place, fault, numbers
        message: MessageText<'b>,
    }
}

crate::table! {
    /// What the pages of `GET /logs` say: one row for each log id, its newest snapshot.
    pub table Logs, LOGS = "logs" of LogRow<'b> {
        /// id of the log
        id: LogId<'b>,
        /// `main` (a run), `sub` (a step), `line` (a row)
        log_type: Option<LogTypeWord<'b>>,
        /// flow id of a main log, step slug of a sub log
        process_group_id: Option<ProcessGroupId<'b>>,
        /// flow name of a main log, step title of a sub log
        process_group_name: Option<ProcessGroupName<'b>>,
        /// flow id above a sub log
        parent_process_group_id: Option<ParentGroupId<'b>>,
        /// execution id
        original_filename_uuid: Option<RunId<'b>>,
        /// the log's own id
        filename_uuid: Option<FileUuid<'b>>,
        /// `start`, `in_progress`, `finished`
        state: Option<LogStateWord<'b>>,
        /// `in_progress`, `success`, `failed`, `empty`
        status: Option<LogStatusWord<'b>>,
        /// as the API says
        created: Option<Micros>,
        /// as the API says; that of steps is not trustworthy
        finished: Option<Micros>,
        /// as the API says; the three counts need not add up
        process_count: Option<i64>,
        /// as the API says
        success_count: Option<i64>,
        /// as the API says
        fail_count: Option<i64>,
        /// as the API says
        fragment_count: Option<i64>,
        /// as the API says
        row_num: Option<i64>,
        /// as the API says
        flow_order: Option<i64>,
        /// as the API says
        in_bound: Option<bool>,
        /// as the API says
        schedule: Option<ScheduleText<'b>>,
        /// as the API says
        is_triggered: Option<bool>,
        /// who started it
        triggered_by: Option<TriggeredBy<'b>>,
        /// as the API says, 0 or 1 there
        is_send_s3 = "is_send_S3": Option<bool>,
        /// the flow, worked out from the fields above
        flow: Option<FlowName<'b>>,
        /// the step, worked out from the fields above
        step: Option<StepName<'b>>,
        /// the run, worked out from the fields above
        run_id: Option<RunId<'b>>,
        /// the status, corrected by the logs below it
        effective_status: Option<LogStatusWord<'b>>,
        /// `finished` minus `created`, milliseconds
        duration_ms: Option<f64>,
        /// how many different snapshots of it the pages hold
        snapshots: i32,
        /// its download is in the dump
        downloaded: bool,
        /// JSON object of fields that the API has not had so far
        extra: Option<ExtraFields<'b>>,
        /// the log that has it in its `sub_flows`
        parent_id: Option<ParentLogId<'b>>,
    }
}

crate::table! {
    /// One row for each request with its answer, or for a record that has only one of the two, or only an error. In the order of (`file`, `record`).
    pub table Exchanges, EXCHANGES = "exchanges" of ExchangeRow<'b> {
        /// its id in this report: the place of its file in `files` (from 0) times 2^32, plus `record`; ascending
        exchange: i64,
        /// its file
        file: FileName<'b>,
        /// the member of an archive that it is in
        member: Option<MemberName<'b>>,
        /// JSON Pointer (RFC 6901) of its record in the document
        pointer: RecordPointer<'b>,
        /// its place among the exchanges of the file, from 0
        record: i32,
        /// the log, from the document, the link of its file (`files.log_id`), or the listing
        log_id: Option<LogId<'b>>,
        /// the run, from the same places
        run_id: Option<RunId<'b>>,
        /// the flow, from the same places
        flow: Option<FlowName<'b>>,
        /// the step, from the same places
        step: Option<StepName<'b>>,
        /// row number, as logged
        row_num: Option<i64>,
        /// `sku`, `order`, `base_code`, `barcode`, `record`
        key_kind: Option<KeyKindWord<'b>>,
        /// the business key as it is written, leading zeros included: from the record, else from the request, else from the response
        key: Option<KeyValue<'b>>,
        /// when it began
        started_at: Option<Micros>,
        /// how long it took, milliseconds
        duration_ms: Option<f64>,
        /// HTTP method, as logged
        method: Option<HttpMethod<'b>>,
        /// URL, as logged
        url: Option<LoggedUrl<'b>>,
        /// method, host and path with ids masked and the query dropped
        endpoint: Option<EndpointName<'b>>,
        /// HTTP status
        status: Option<i32>,
        /// `success`, `failed`, `unknown` (the log does not say)
        outcome: OutcomeWord<'b>,
        /// why it counts as failed, the strongest first: `flag` (the record says so), `errors` (it has errors), `body` (the answer says so), `status` (400 or above), `exception`, `listing`; null otherwise
        evidence: Option<EvidenceWord<'b>>,
        /// the body of the request: the content of a string, or the JSON text of an object or array as written in the document; null when absent or empty, or left out by `--bodies`
        request_body: Option<BodyText<'b>>,
        /// the same of the response
        response_body: Option<BodyText<'b>>,
        /// XXH3-128 of the body's bytes as they are written, hex: equal bodies, equal digests; for every body, whatever `--bodies` says
        request_digest: Option<BodyDigest>,
        /// the same of the response
        response_digest: Option<BodyDigest>,
        /// the platform cut the response
        response_truncated: bool,
        /// JSON object of the fields of the record that no column carries
        extra: Option<ExtraFields<'b>>,
    }
}

crate::table! {
    /// One row for each error in an exchange, in the order of (`exchange`, `error`).
    pub table Errors, ERRORS = "errors" of ErrorRow<'b> {
        /// its place among the errors of its exchange, from 0
        error: i32,
        /// the row of `exchanges`
        exchange: i64,
        /// the file of that exchange
        file: FileName<'b>,
        /// the record of that exchange
        record: i32,
        /// its group, the row of `error_groups`
        fingerprint: Fingerprint<'b>,
        /// kind of error: `value`, `missing`, `connection`, `intermittent`, `rate_limit`, `too_large`, `parse`, `duplicate`, `permission`, `other`
        class: ClassWord<'b>,
        /// error code or class of exception, as written
        code: Option<ErrorCode<'b>>,
        /// the field that it is about, dots between names
        field: Option<FieldPath<'b>>,
        /// what a person would read
        message: MessageText<'b>,
        /// where the text came from: `errors`, `response`, `exception`, `status`, `flag`, `listing`
        source: SourceWord<'b>,
        /// what `key` is, as in `exchanges`
        key_kind: Option<KeyKindWord<'b>>,
        /// the key that it is about: in the answer to a bulk request that of the row at the same place, else that of the exchange
        key: Option<KeyValue<'b>>,
        /// on which side it arose, where that can be said: `integrator`, `omnitron`, `erp`, `mapping` ([how](groups.md#class-retry-side))
        side: Option<SideWord<'b>>,
        /// as in `exchanges`; this column and the next four are repeated here, so that the usual questions need no join
        started_at: Option<Micros>,
        /// as in `exchanges`
        flow: Option<FlowName<'b>>,
        /// as in `exchanges`
        step: Option<StepName<'b>>,
        /// as in `exchanges`
        endpoint: Option<EndpointName<'b>>,
        /// as in `exchanges`
        status: Option<i32>,
    }
}

crate::table! {
    /// Errors that differ only in ids, numbers, names and the like; the most frequent first.
    pub table ErrorGroups, ERROR_GROUPS = "error_groups" of ErrorGroupRow<'b> {
        /// name of the group; depends on the template and the version of the rules alone, so the same cause has the same name in every report
        fingerprint: Fingerprint<'b>,
        /// the text, with `<*>` where it varies
        template: TemplateText<'b>,
        /// as in `errors`; the most frequent
        class: ClassWord<'b>,
        /// sending it again may help: server errors, 408, 425, 429, time-outs, broken connections
        retryable: bool,
        /// number of errors
        count: i64,
        /// exchanges with such an error
        exchanges: i64,
        /// files with such an error
        files: i64,
        /// runs with such an error
        runs: i64,
        /// distinct keys with such an error
        keys: i64,
        /// keys whose newest attempt failed with it
        open_keys: i64,
        /// flows in which it occurs, most frequent first, 20 at most
        flows: Vec<FlowName<'b>>,
        /// steps, likewise
        steps: Vec<StepName<'b>>,
        /// endpoints, likewise
        endpoints: Vec<EndpointName<'b>>,
        /// HTTP statuses, likewise
        statuses: Vec<StatusText<'b>>,
        /// start of the first exchange with it
        first_seen: Option<Micros>,
        /// start of the last exchange with it
        last_seen: Option<Micros>,
        /// file of its first error in the order of `errors`
        sample_file: FileName<'b>,
        /// record of that error
        sample_record: i32,
        /// message of that error
        sample_message: MessageText<'b>,
        /// keys that had such an error and whose newest attempt succeeded
        resolved_keys: i64,
        /// as in `errors`; that of at least four in five of them, else null
        side: Option<SideWord<'b>>,
        /// the code that all its errors share, when it is a part of what makes them one group
        code: Option<ErrorCode<'b>>,
        /// the field that all its errors share, when it is a part of what makes them one group
        field: Option<FieldPath<'b>>,
        /// what a rule of `--rules` calls it
        name: Option<GroupName<'b>>,
    }
}

crate::table! {
    /// One row for each (`flow`, `key_kind`, `key`), in that order: an order or a product as one flow sees it. Each row of a bulk request is an attempt of its own.
    pub table Keys, KEYS = "keys" of KeyRow<'b> {
        /// the flow
        flow: Option<FlowName<'b>>,
        /// as in `exchanges`
        key_kind: KeyKindWord<'b>,
        /// as in `exchanges`
        key: KeyValue<'b>,
        /// number of attempts
        attempts: i64,
        /// number of those that failed
        failures: i64,
        /// start of its first attempt
        first_seen: Option<Micros>,
        /// start of its newest attempt
        last_seen: Option<Micros>,
        /// outcome of the newest attempt
        last_outcome: OutcomeWord<'b>,
        /// the newest attempt with a known outcome failed: it has to be sent again
        open: bool,
        /// `fingerprint` of the group of its newest error; null when there was none
        last_fingerprint: Option<Fingerprint<'b>>,
        /// message of that error
        last_message: Option<MessageText<'b>>,
        /// file of the newest attempt that failed; null when none failed
        last_file: Option<FileName<'b>>,
        /// record of that attempt
        last_record: Option<i32>,
    }
}

crate::table! {
    /// One row for each (`endpoint`, `flow`, `step`), in that order.
    pub table Endpoints, ENDPOINTS = "endpoints" of EndpointRow<'b> {
        /// as in `exchanges`
        endpoint: Option<EndpointName<'b>>,
        /// as in `exchanges`
        flow: Option<FlowName<'b>>,
        /// as in `exchanges`
        step: Option<StepName<'b>>,
        /// exchanges with it
        exchanges: i64,
        /// those that failed
        failed: i64,
        /// rows of bulk requests; any other exchange is one row
        rows: i64,
        /// rows that were refused; of an ordinary exchange that failed, its one row
        rows_failed: i64,
        /// HTTP statuses, most frequent first
        statuses: Vec<StatusText<'b>>,
        /// bytes of all request bodies; null when there is none, as in the next three
        request_bytes_sum: Option<i64>,
        /// median; exact up to 64 bodies, beyond that within 0.8 %, as all percentiles here
        request_bytes_p50: Option<i64>,
        /// 95th percentile
        request_bytes_p95: Option<i64>,
        /// the largest
        request_bytes_max: Option<i64>,
        /// bytes of all response bodies; null when there is none, as in the next three
        response_bytes_sum: Option<i64>,
        /// median
        response_bytes_p50: Option<i64>,
        /// 95th percentile
        response_bytes_p95: Option<i64>,
        /// the largest
        response_bytes_max: Option<i64>,
        /// different request bodies
        distinct_requests: i64,
        /// different response bodies
        distinct_responses: i64,
        /// median, milliseconds; null when no exchange states its duration, as in the next two
        duration_p50_ms: Option<f64>,
        /// 95th percentile
        duration_p95_ms: Option<f64>,
        /// the longest
        duration_max_ms: Option<f64>,
    }
}

crate::table! {
    /// One row for each run that a listing page or a download names, in the order of its id.
    pub table Runs, RUNS = "runs" of RunRow<'b> {
        /// execution id
        run_id: RunId<'b>,
        /// name of the flow
        flow: Option<FlowName<'b>>,
        /// by the listing, else by the exchanges
        started_at: Option<Micros>,
        /// by the listing, else by the exchanges
        finished_at: Option<Micros>,
        /// milliseconds between the two
        duration_ms: Option<f64>,
        /// `in_progress`, `success`, `failed`, `empty`: the listing's, or what its steps say when it lags behind
        status: Option<LogStatusWord<'b>>,
        /// logs of it that the listing names
        logs: i64,
        /// logs of it whose download is in the dump
        downloaded: i64,
        /// exchanges of it
        exchanges: i64,
        /// those that failed
        failed: i64,
        /// failed by all exchanges, 0 to 1; null when there are none
        error_rate: Option<f64>,
        /// error groups that occur in it
        groups: i64,
    }
}

crate::table! {
    /// One row for each flow of saved flow lists, in the order of its id. Empty when there is no such list in the input.
    pub table Flows, FLOWS = "flows" of FlowRow<'b> {
        /// id of its process group
        flow_id: ProcessGroupId<'b>,
        /// the name that its runs have in the other tables
        flow: Option<FlowName<'b>>,
        /// `Product`, `Order` and so on, as written
        flow_type: Option<FlowTypeText<'b>>,
        /// whether it pulls on a schedule rather than being posted to
        inbound: Option<bool>,
        /// `RUNNING` or `STOPPED`, as written
        state: Option<FlowStateText<'b>>,
        /// `CRON_DRIVEN`, `TIMER_DRIVEN` and others, as written
        scheduling_strategy: Option<ScheduleText<'b>>,
        /// of a cron flow a Quartz expression of seven fields, of a timer a time such as `5 min`
        scheduling_period: Option<ScheduleText<'b>>,
    }
}

crate::table! {
    /// One row for each (`endpoint`, `side`, `shape`): which shapes of data are sent and answered. By endpoint and side, the most frequent first.
    pub table Bodies, BODIES = "bodies" of BodyRow<'b> {
        /// as in `exchanges`
        endpoint: Option<EndpointName<'b>>,
        /// `request`, `response`
        side: BodySideWord<'b>,
        /// name of the shape: the set of JSON paths with their types, values left out
        shape: ShapeHash,
        /// `json`, `xml`, `form`, `html`, `text`, `empty`
        kind: BodyKindWord<'b>,
        /// number of bodies
        count: i64,
        /// those of failed exchanges
        failed: i64,
        /// different bodies
        distinct: i64,
        /// bytes of all of them
        bytes_sum: i64,
        /// the largest
        bytes_max: i64,
        /// the paths with their types
        paths: Vec<ShapePath<'b>>,
        /// file of the first such body in the order of `exchanges`
        sample_file: FileName<'b>,
        /// record of that exchange
        sample_record: i32,
    }
}

crate::table! {
    /// What was masked on its way into the report: one row for each (`place`, `rule`), in that order. Never what it was. Empty with `--redact none`.
    pub table Redactions, REDACTIONS = "redactions" of RedactionRow<'b> {
        /// the column in which it was masked first, as `table.column`; columns of other tables repeat it
        place: RedactionPlace<'b>,
        /// why it was masked: `password`, `token`, `email`, `phone` and others
        rule: RedactionRuleWord<'b>,
        /// how many pieces of text were masked
        count: i64,
    }
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
    fn the_documentation_has_every_table_and_column() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tables.md");
        let page = std::fs::read_to_string(path).unwrap();
        for table in TABLES {
            let wanted =
                format!("## {}\n\n{}\n\n{}", table.name, table.doc.trim(), table.markdown());
            assert!(
                page.contains(&wanted),
                "docs/tables.md does not have:\n{wanted}\nIt is made from the row types in rows.rs."
            );
        }
    }
}
