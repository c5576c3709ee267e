//! The state beside a report: what the tables do not tell and a merge needs, as tables in the folder `state`.
//!
//! They are Parquet whatever the formats of the report are; docs/state.md is held against them by a test.

use crate::cell::{
    BodyDigest, BodyKindWord, BodySideWord, ClassWord, CountText, EvidenceWord, ExtraFields,
    FileName, FileOutcomeWord, FileUuid, Fingerprint, FlagText, FlowName, FlowStateText,
    FlowTypeText, KeyKindWord, KeyValue, LogId, LogStateWord, LogStatusWord, LogTypeWord,
    MaskedText, MeasureWord, MemberName, MessageHash, MessageText, Micros, OccurrenceWord,
    OutcomeWord, ParentGroupId, ParentLogId, ProcessGroupId, ProcessGroupName, RedactionPlace,
    RedactionRuleWord, RunId, ScheduleText, SettingText, ShapeHash, ShapePath, SideWord, StepName,
    TableName, TextHash, TriggeredBy,
};
use crate::schema::Schema;

/// Version of the state. Raised with every change of a table below, and where a column changes its meaning.
pub const STATE_VERSION: u32 = 3;

/// The folder of the state in that of a report.
pub const STATE_FOLDER: &str = "state";

/// Every table of the state, in the order of docs/state.md.
pub static STATE_TABLES: [&Schema; 22] = [
    &SETTINGS,
    &FILE_STATES,
    &LEAVES,
    &LINKS,
    &EXCHANGE_STATES,
    &ERROR_STATES,
    &MASKED_MESSAGES,
    &OCCURRENCE_STATES,
    &GROUP_ALIASES,
    &SHAPES,
    &CALL_STATES,
    &MEASURE_STATES,
    &BODY_STATES,
    &DIGEST_STATES,
    &KEY_STATES,
    &RUN_STATES,
    &DOWNLOAD_STATES,
    &SNAPSHOTS,
    &LISTED_FLOWS,
    &LISTED_PROJECTS,
    &REDACTION_STATES,
    &TEXT_GROUPS,
];

crate::table! {
    /// How the report was made: one row. Reports are merged only when these are equal.
    pub table Settings, SETTINGS = "state/settings" of SettingRow<'b> {
        /// version of the state
        state_version: i32,
        /// version of the program
        program: SettingText<'b>,
        /// version of the rules that make error groups
        rules_version: i32,
        /// digest of the user's rules for groups; null without
        user_rules: Option<SettingText<'b>>,
        /// digest of the user's roles; null without
        user_roles: Option<SettingText<'b>>,
        /// digest of the limits
        limits: SettingText<'b>,
        /// `all`, `failed`, `none`, as in `--bodies`
        bodies: SettingText<'b>,
        /// `none`, `secrets`, `personal`, as in `--redact`
        redaction: SettingText<'b>,
        /// formats of the tables, as in `--format`; behind `csv` `+raw` and `+bodies`, as in `--raw-csv` and `--csv-bodies`. Reports are merged whatever their formats
        formats: Option<SettingText<'b>>,
        /// a check value of the key of pseudonyms; null where there are none. The key cannot be found from it
        redaction_key: Option<SettingText<'b>>,
    }
}

crate::table! {
    /// One row for each row of `files`, in the same order.
    pub table FileStates, FILE_STATES = "state/files" of FileStateRow<'b> {
        /// as in `files`
        file: FileName<'b>,
        /// when it was last changed, as the file system says; null when it does not say, or for standard input
        modified: Option<Micros>,
        /// some of its text could not be read
        lossy: bool,
        /// listing pages in it
        pages: i32,
        /// saved error answers in it
        error_pages: i32,
        /// texts and documents in it that are no logs
        others: i32,
        /// how many of its members ended in each outcome of a file, in the order of docs/tables.md, and how many are archives
        members: Vec<CountText<'b>>,
    }
}

crate::table! {
    /// One row for each text that was read as a log, in the order of (file, leaf). Copies of texts are found by it.
    pub table Leaves, LEAVES = "state/leaves" of LeafRow<'b> {
        /// its file
        file: FileName<'b>,
        /// its place among the texts of the file, from 0
        leaf: i32,
        /// its member
        member: Option<MemberName<'b>>,
        /// hash of its first 1,024 bytes that are no blanks; null when it is short or no JSON
        begin: Option<TextHash>,
        /// XXH3-128 of its bytes
        digest: BodyDigest,
        /// XXH3-128 of its bytes that are no blanks; null where `begin` is
        dense: Option<BodyDigest>,
        /// exchanges in it; those of a copy are not in the report
        exchanges: i32,
        /// it is a copy of a text of an earlier file or member
        copied: bool,
        /// its outcome, one of those of a file
        outcome: FileOutcomeWord<'b>,
        /// hash of the log and run that its name or that of its file leads to; null when there is none
        linked: Option<TextHash>,
        /// its rows in `state/links`
        links: i32,
        /// its rows in `errors`
        errors: i32,
    }
}

crate::table! {
    /// By what the exchanges of a text are linked to the listing, in the order of the exchanges: one row for the exchanges behind one another that have the same. The rows of a text follow those of the text before.
    pub table Links, LINKS = "state/links" of LinkRow<'b> {
        /// id of the log in the document
        log_id: Option<LogId<'b>>,
        /// execution id of the run in the document
        run_id: Option<RunId<'b>>,
        /// the log's own file id in the document
        file_uuid: Option<FileUuid<'b>>,
        /// name or id of the flow in the document
        flow: Option<FlowName<'b>>,
        /// slug or title of the step in the document
        step: Option<StepName<'b>>,
        /// hash of log, run, flow and step that this leads to, and of whether the log failed
        linked: TextHash,
    }
}

crate::table! {
    /// One row for each row of `exchanges`, in the same order: what the document itself says, without the listing.
    pub table ExchangeStates, EXCHANGE_STATES = "state/exchanges" of ExchangeStateRow<'b> {
        /// its leaf, as in `leaves`
        leaf: i32,
        /// the place of its link among those of its leaf, from 0
        link: i32,
        /// as in `exchanges`
        outcome: OutcomeWord<'b>,
        /// as in `exchanges`
        evidence: Option<EvidenceWord<'b>>,
        /// bytes of the body of the request, as logged
        request_bytes: Option<i64>,
        /// its shape, as in `bodies`
        request_shape: Option<ShapeHash>,
        /// its format, as in `bodies`
        request_kind: Option<BodyKindWord<'b>>,
        /// the same of the response
        response_bytes: Option<i64>,
        /// the same of the response
        response_shape: Option<ShapeHash>,
        /// the same of the response
        response_kind: Option<BodyKindWord<'b>>,
        /// kinds of the keys of the rows of a bulk request; empty for any other
        row_kinds: Vec<KeyKindWord<'b>>,
        /// the keys of these rows
        row_keys: Vec<KeyValue<'b>>,
        /// for each of these rows `1` when it failed, else `0`
        row_failed: Vec<FlagText<'b>>,
        /// rows of `errors` that it has
        errors: i32,
        /// errors of the document that are not in `errors`, because the exchange failed by the listing
        unlisted: i32,
    }
}

crate::table! {
    /// One row for each row of `errors`, in the same order: what is said of it before the rules of the user and without the listing.
    pub table ErrorStates, ERROR_STATES = "state/errors" of ErrorStateRow<'b> {
        /// its masked message
        message: MessageHash,
        /// as in `errors`
        class: ClassWord<'b>,
        /// as in `errors`
        side: Option<SideWord<'b>>,
    }
}

crate::table! {
    /// The distinct masked messages, by their ids: error texts with their variables masked, from which groups are made.
    pub table MessageStates, MASKED_MESSAGES = "state/masked_messages" of MaskedMessageRow<'b> {
        /// its id
        message: MessageHash,
        /// code, field, `c` when cut, text, and name of a split rule, with U+0002 between them and U+0001 for a variable; redacted as the report is
        text: MaskedText<'b>,
        /// the file of the first error with it
        file: FileName<'b>,
        /// the record of that error
        record: i32,
        /// the place of that error in its exchange
        error: i32,
        /// the fingerprint of its group
        fingerprint: Fingerprint<'b>,
        /// message of that error, cut off after 4,096 bytes
        sample_message: MessageText<'b>,
        /// errors with it
        count: i64,
        /// those for which `retryable` holds, as in `error_groups`
        retryable: i64,
        /// the classes of these errors
        classes: Vec<ClassWord<'b>>,
        /// how many errors have each of `classes`
        class_counts: Vec<CountText<'b>>,
        /// the sides of these errors, where they are known
        sides: Vec<SideWord<'b>>,
        /// how many errors have each of `sides`
        side_counts: Vec<CountText<'b>>,
        /// start of the first exchange with it
        first_seen: Option<Micros>,
        /// start of the last exchange with it
        last_seen: Option<Micros>,
        /// exchanges of which each error has it
        alone: i64,
    }
}

crate::table! {
    /// Where errors with a masked message occurred: one row for each (`place`, `message`, `number`, `status`), in that order.
    pub table OccurrenceStates, OCCURRENCE_STATES = "state/occurrences" of OccurrenceStateRow<'b> {
        /// what `number` is: `file`; `run`; `key`; `open_key`, a key that was left open by them; `call`; `exchange`, a set of masked messages that exchanges have together
        place: OccurrenceWord<'b>,
        /// the row of `state/masked_messages`, from 0, as all rows here
        message: i32,
        /// the row of `files`, `state/runs`, `state/keys` or `endpoints`; for an `exchange` the number of the set
        number: i32,
        /// of a `call`, the HTTP status of its answer
        status: Option<i32>,
        /// of a `call`, errors there; of an `exchange`, exchanges with this set; else null
        count: Option<i64>,
    }
}

crate::table! {
    /// Fingerprints that error groups had in the reports that were merged or updated, and have no longer, by (`old`, `new`). It tells of the past: a report that was made in one run has none.
    pub table GroupAliases, GROUP_ALIASES = "state/group_aliases" of GroupAliasRow<'b> {
        /// an earlier fingerprint
        old: Fingerprint<'b>,
        /// the fingerprint of the group in which errors of that group are now
        new: Fingerprint<'b>,
    }
}

crate::table! {
    /// The distinct shapes of bodies, by their hashes.
    pub table Shapes, SHAPES = "state/shapes" of ShapeRow<'b> {
        /// as in `bodies`
        shape: ShapeHash,
        /// as in `bodies`
        kind: BodyKindWord<'b>,
        /// as in `bodies`
        paths: Vec<ShapePath<'b>>,
    }
}

crate::table! {
    /// One row for each row of `endpoints`, in the same order: what is counted of its exchanges beside what that row says.
    pub table CallStates, CALL_STATES = "state/calls" of CallStateRow<'b> {
        /// start of the first exchange
        first_seen: Option<Micros>,
        /// start of the last exchange
        last_seen: Option<Micros>,
        /// how many exchanges have each of `statuses`
        status_counts: Vec<CountText<'b>>,
        /// what the exchanges took together, microseconds
        duration_sum: i64,
        /// what the longest took, microseconds
        duration_max: i64,
    }
}

crate::table! {
    /// How large the bodies of a call were and how long its exchanges took: one row for each (`call`, `measure`, `number`), in that order.
    pub table MeasureStates, MEASURE_STATES = "state/measures" of MeasureStateRow<'b> {
        /// the row of `endpoints`, from 0
        call: i32,
        /// `request_bytes`, `response_bytes`, `duration`
        measure: MeasureWord<'b>,
        /// bytes or microseconds; where a call has more than 64, the smallest number of a range of about 1 %. A number from 2^63 on is stored less 2^64
        number: i64,
        /// how many bodies or exchanges
        count: i64,
    }
}

crate::table! {
    /// Counts of bodies: one row for each (`call`, `side`, `shape`), in that order.
    pub table BodyStates, BODY_STATES = "state/bodies" of BodyStateRow<'b> {
        /// the row of `endpoints`, from 0
        call: i32,
        /// as in `bodies`
        side: BodySideWord<'b>,
        /// the row of `state/shapes`, from 0
        shape: i32,
        /// as in `bodies`
        count: i64,
        /// as in `bodies`
        failed: i64,
        /// as in `bodies`: rows of `state/digests`
        distinct: i32,
        /// as in `bodies`
        bytes_sum: i64,
        /// as in `bodies`
        bytes_max: i64,
        /// the row of `files` with the first such body, from 0
        sample_file: i32,
        /// record of that exchange
        sample_record: i32,
    }
}

crate::table! {
    /// One row for each different body of each row of `state/bodies`, in the order of these rows, then of digests.
    pub table DigestStates, DIGEST_STATES = "state/digests" of DigestStateRow<'b> {
        /// as in `bodies`
        side: BodySideWord<'b>,
        /// the last 16 digits of its digest in `exchanges`, less 2^64 from 2^63 on
        digest: i64,
    }
}

crate::table! {
    /// One row for each row of `keys`, in the same order: which attempts and errors that row is about. Then one for each key that only errors name, in the order of (`flow`, `key_kind`, `key`).
    pub table KeyStates, KEY_STATES = "state/keys" of KeyStateRow<'b> {
        /// as in `keys`, for a key that only errors name; else null, as the next two
        flow: Option<FlowName<'b>>,
        /// as in `keys`
        key_kind: Option<KeyKindWord<'b>>,
        /// as in `keys`
        key: Option<KeyValue<'b>>,
        /// the row of `files` of the newest attempt, from 0, as all rows here; null for a key that only errors name, as the next two
        newest_file: Option<i32>,
        /// record of the newest attempt
        newest_record: Option<i32>,
        /// the place of the newest attempt among the rows of a bulk request, else 0
        newest_row: Option<i32>,
        /// start of the newest attempt with a known outcome; null where that is the newest or there is none, as the next three
        decided_at: Option<Micros>,
        /// row of `files` of that attempt
        decided_file: Option<i32>,
        /// record of that attempt
        decided_record: Option<i32>,
        /// the place of that attempt among the rows of a bulk request, else 0
        decided_row: Option<i32>,
        /// start of the newest attempt that failed; null where that is one of the two above or there is none, as the next three
        failed_at: Option<Micros>,
        /// row of `files` of that attempt
        failed_file: Option<i32>,
        /// record of that attempt
        failed_record: Option<i32>,
        /// the place of that attempt among the rows of a bulk request, else 0
        failed_row: Option<i32>,
        /// the row of `state/masked_messages` of the newest error; null where there is none, as the next four
        message: Option<i32>,
        /// the place of that error among those of its exchange
        error: Option<i32>,
        /// start of its exchange; null where that is the newest attempt that failed, as the next two
        error_at: Option<Micros>,
        /// row of `files` of that exchange
        error_file: Option<i32>,
        /// record of that exchange
        error_record: Option<i32>,
    }
}

crate::table! {
    /// Counts of the runs that downloads name, beside what `runs` says, in the order of `run`.
    pub table RunStates, RUN_STATES = "state/runs" of RunStateRow<'b> {
        /// the row of `runs`, from 0
        run: i32,
        /// exchanges that succeeded
        succeeded: i64,
        /// start of the first exchange
        first_seen: Option<Micros>,
        /// the latest end of an exchange, or start where its duration is not known
        last_seen: Option<Micros>,
        /// the flow of the first exchange that names one
        flow: Option<FlowName<'b>>,
        /// the row of `files` of that exchange, from 0
        flow_file: Option<i32>,
        /// record of that exchange
        flow_record: Option<i32>,
        /// the first flow in the alphabet that a download without exchanges names
        download_flow: Option<FlowName<'b>>,
        /// downloads without exchanges that name no log
        without_log: i64,
    }
}

crate::table! {
    /// Which logs of which runs were downloaded: one row for each (`run`, `log`, `file`), in that order.
    pub table DownloadStates, DOWNLOAD_STATES = "state/downloads" of DownloadStateRow<'b> {
        /// the row of `state/runs`, from 0; null where no run is named
        run: Option<i32>,
        /// id of the log; null where exchanges name none
        log: Option<LogId<'b>>,
        /// the row of `files` of exchanges that name no log, from 0; else null
        file: Option<i32>,
    }
}

crate::table! {
    /// The different snapshots of logs on the pages of `GET /logs`, sorted by all columns.
    pub table Snapshots, SNAPSHOTS = "state/snapshots" of SnapshotRow<'b> {
        /// as in `logs`
        id: LogId<'b>,
        /// as in `logs`
        log_type: Option<LogTypeWord<'b>>,
        /// as in `logs`
        process_group_id: Option<ProcessGroupId<'b>>,
        /// as in `logs`
        process_group_name: Option<ProcessGroupName<'b>>,
        /// as in `logs`
        parent_process_group_id: Option<ParentGroupId<'b>>,
        /// as in `logs`
        original_filename_uuid: Option<RunId<'b>>,
        /// as in `logs`
        filename_uuid: Option<FileUuid<'b>>,
        /// as in `logs`
        state: Option<LogStateWord<'b>>,
        /// as in `logs`
        status: Option<LogStatusWord<'b>>,
        /// as in `logs`
        created: Option<Micros>,
        /// as in `logs`
        finished: Option<Micros>,
        /// as in `logs`
        process_count: Option<i64>,
        /// as in `logs`
        success_count: Option<i64>,
        /// as in `logs`
        fail_count: Option<i64>,
        /// as in `logs`
        fragment_count: Option<i64>,
        /// as in `logs`
        row_num: Option<i64>,
        /// as in `logs`
        flow_order: Option<i64>,
        /// as in `logs`
        in_bound: Option<bool>,
        /// as in `logs`
        schedule: Option<ScheduleText<'b>>,
        /// as in `logs`
        is_triggered: Option<bool>,
        /// as in `logs`
        triggered_by: Option<TriggeredBy<'b>>,
        /// as in `logs`
        is_send_s3: Option<bool>,
        /// as in `logs`
        parent_id: Option<ParentLogId<'b>>,
        /// as in `logs`
        extra: Option<ExtraFields<'b>>,
    }
}

crate::table! {
    /// The flows of saved flow lists, by their ids.
    pub table ListedFlows, LISTED_FLOWS = "state/flows" of ListedFlowRow<'b> {
        /// the file of the list
        file: FileName<'b>,
        /// id of the process group
        id: ProcessGroupId<'b>,
        /// id of its component
        component_id: Option<ProcessGroupId<'b>>,
        /// the variable `!flowId`
        flow_id: Option<ProcessGroupId<'b>>,
        /// the name people see
        name: Option<FlowName<'b>>,
        /// the variable `!flowSlug`
        slug: Option<FlowName<'b>>,
        /// as in `flows`
        flow_type: Option<FlowTypeText<'b>>,
        /// as in `flows`
        inbound: Option<bool>,
        /// as in `flows`
        state: Option<FlowStateText<'b>>,
        /// the variable `!schedulingStrategy`
        scheduling_strategy: Option<ScheduleText<'b>>,
        /// the variable `!schedulingPeriod`
        scheduling_period: Option<ScheduleText<'b>>,
        /// id of the process group around it
        parent_group_id: Option<ParentGroupId<'b>>,
    }
}

crate::table! {
    /// The projects of saved project lists, by their ids.
    pub table ListedProjects, LISTED_PROJECTS = "state/projects" of ListedProjectRow<'b> {
        /// the file of the list
        file: FileName<'b>,
        /// id of the process group
        id: ProcessGroupId<'b>,
        /// the variable `!projectId`
        project_id: Option<ProcessGroupId<'b>>,
        /// the name people see
        name: Option<ProcessGroupName<'b>>,
        /// the variable `!projectSlug`
        slug: Option<ProcessGroupName<'b>>,
        /// when it was made
        created: Option<Micros>,
        /// number of its flows
        flow_count: Option<i64>,
        /// `RUNNING` or `STOPPED`
        state: Option<FlowStateText<'b>>,
    }
}

crate::table! {
    /// How often a rule masked something in the texts of one file, or in the texts of one thing in the small tables.
    pub table RedactionStates, REDACTION_STATES = "state/redactions" of RedactionStateRow<'b> {
        /// the file; null for a text of the small tables
        file: Option<FileName<'b>>,
        /// the id of what the text belongs to: a masked message, a group, a shape or a log (XXH3-64 of fingerprint or id); null for a file
        text: Option<TextHash>,
        /// as in `redactions`
        place: RedactionPlace<'b>,
        /// as in `redactions`
        rule: RedactionRuleWord<'b>,
        /// as in `redactions`
        count: i64,
    }
}

crate::table! {
    /// How many bytes the rows of each row group take in CSV and JSON lines: one row for each table, format and row group, in this order. Row groups follow each other in the file, in CSV after the header.
    pub table TextGroups, TEXT_GROUPS = "state/text_groups" of TextGroupRow<'b> {
        /// name of the table
        table: TableName<'b>,
        /// the format, as in `formats` of `state/settings`: `csv`, `csv+raw`, `json`
        format: SettingText<'b>,
        /// bytes of its rows
        bytes: i64,
        /// XXH3-64 of these bytes
        digest: TextHash,
    }
}
