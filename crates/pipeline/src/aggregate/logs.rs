//! The table `logs`: what the listing says, and whether the log's download is in the dump.

use super::small::micros;
use hashbrown::HashSet;
use model::listing::{Listing, Log, LogType, State, Status};
use tables::cell::{
    ExtraFields, FileUuid, FlowName, LogId, LogStateWord, LogStatusWord, LogTypeWord,
    ParentGroupId, ParentLogId, ProcessGroupId, ProcessGroupName, RunId, ScheduleText, StepName,
    TriggeredBy,
};
use tables::rows::LogRow;

/// Rows in the order of the listing: by id, numbers before texts.
pub(super) fn rows<'a>(listing: &'a Listing, downloaded: &HashSet<&str>) -> Vec<LogRow<'a>> {
    let row = |log: &'a Log| {
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
            triggered_by: entry.triggered_by.as_deref().map(TriggeredBy),
            is_send_s3: entry.is_send_s3,
            flow: log.flow.as_deref().map(FlowName),
            step: log.step.as_deref().map(StepName),
            run_id: log.run_id.as_deref().map(RunId),
            effective_status: log.effective_status.map(Status::name).map(LogStatusWord),
            duration_ms: log.duration_ms,
            snapshots: log.snapshots.cast_signed(),
            downloaded: downloaded.contains(entry.id.as_str()),
            extra: entry.extra.as_deref().map(ExtraFields),
            parent_id: entry.parent_id.as_deref().map(ParentLogId),
        }
    };
    listing.logs().map(row).collect()
}
