//! The table `logs`: what the listing says, and whether the log's download is in the dump.

use super::small::{LogTexts, SmallTexts, micros};
use hashbrown::HashSet;
use model::listing::{Listing, Log, LogType, State, Status};
use tables::cell::{
    FileUuid, FlowName, LogId, LogStateWord, LogStatusWord, LogTypeWord, ParentGroupId,
    ParentLogId, ProcessGroupId, ProcessGroupName, RunId, ScheduleText, StepName,
};
use tables::rows::LogRow;
use xxhash_rust::xxh3::xxh3_64;

use crate::log_text;
use crate::state::TextRedaction;

/// Rows in the order of the listing: by id, numbers before texts.
pub(super) fn rows<'a>(
    listing: &'a Listing,
    texts: &'a SmallTexts<'a>,
    downloaded: &HashSet<&str>,
) -> Vec<LogRow<'a>> {
    let row = |(log, texts): (&'a Log, &'a LogTexts<'a>)| {
        let entry = &log.entry;
        LogRow {
            id: LogId(&entry.id),
            log_type: entry.log_type.map(LogType::name).map(LogTypeWord),
            process_group_id: entry.process_group_id.as_deref().map(ProcessGroupId),
            process_group_name: entry.process_group_name.as_deref().map(ProcessGroupName),
            parent_process_group_id: entry.parent_process_group_id.as_deref().map(ParentGroupId),
            original_filename_uuid: entry.original_filename_uuid.as_deref().map(RunId),
            filename_uuid: entry.filename_uuid.as_deref().map(FileUuid),
            state: entry.state.map(State::name).map(LogStateWord),
            status: entry.status.map(Status::name).map(LogStatusWord),
            created: micros(entry.created),
            finished: micros(entry.finished),
            process_count: entry.process_count,
            success_count: entry.success_count,
            fail_count: entry.fail_count,
            fragment_count: entry.fragment_count,
            row_num: entry.row_num,
            flow_order: entry.flow_order,
            in_bound: entry.in_bound,
            schedule: entry.schedule.as_deref().map(ScheduleText),
            is_triggered: entry.is_triggered,
            triggered_by: texts.triggered_by.as_ref().map(log_text::triggered_by),
            is_send_s3: entry.is_send_s3,
            flow: log.flow.as_deref().map(FlowName),
            step: log.step.as_deref().map(StepName),
            run_id: log.run_id.as_deref().map(RunId),
            effective_status: log.effective_status.map(Status::name).map(LogStatusWord),
            duration_ms: log.duration_ms,
            snapshots: log.snapshots.cast_signed(),
            downloaded: downloaded.contains(entry.id.as_str()),
            extra: texts.extra.as_ref().map(log_text::extra),
            parent_id: entry.parent_id.as_deref().map(ParentLogId),
        }
    };
    listing.logs().zip(&texts.logs).map(row).collect()
}

/// The texts of the rows, in their order.
pub(super) fn texts<'a>(
    listing: &'a Listing,
    redaction: &mut TextRedaction<'_>,
) -> Vec<LogTexts<'a>> {
    let texts = listing.logs().map(|log| {
        redaction.scope().begin();
        let id = xxh3_64(log.entry.id.as_bytes());
        let extra = log.entry.extra.as_deref();
        let by = log.entry.triggered_by.as_deref();
        redaction.scope().learn(extra.unwrap_or_default());
        LogTexts {
            triggered_by: by.map(|by| {
                // Who started it is a person, unless the schedule did.
                let name = if by.trim() == "System" { "" } else { "username" };
                redaction.text(id, |scope| scope.value("logs.triggered_by", name, by))
            }),
            extra: extra.map(|extra| redaction.text(id, |scope| scope.text("logs.extra", extra))),
        }
    });
    texts.collect()
}
