//! The finished rows, and how they become the batches that writers take.
//!
//! The order of the cells is that of the schemas in `report`, which refuse a row that does not fit.

use super::bodies::BodyRow;
use super::endpoints::{EndpointRow, Sizes};
use super::groups::GroupRow;
use super::keys::KeyRow;
use super::logs::LogRow;
use super::runs::RunRow;
use ::tables::{BODIES, Batch, ENDPOINTS, ERROR_GROUPS, KEYS, LOGS, RUNS, RowWriter};
use model::listing::{LogType, State, Status};
use model::time::Timestamp;

/// The tables as rows.
#[derive(Debug)]
pub(super) struct Tables<'a> {
    pub(super) error_groups: Vec<GroupRow<'a>>,
    pub(super) keys: Vec<KeyRow<'a>>,
    pub(super) endpoints: Vec<EndpointRow<'a>>,
    pub(super) runs: Vec<RunRow<'a>>,
    pub(super) bodies: Vec<BodyRow<'a>>,
    pub(super) logs: Vec<LogRow<'a>>,
}

impl Tables<'_> {
    pub(super) fn error_groups<'f>(&self, file_name: &dyn Fn(u32) -> &'f str) -> Batch {
        let mut batch = Batch::new(&ERROR_GROUPS);
        for row in &self.error_groups {
            batch
                .row()
                .text(Some(row.group))
                .text(Some(row.template))
                .text(Some(row.class))
                .bool(Some(row.retryable))
                .u64(Some(row.count))
                .u64(Some(row.exchanges))
                .u64(Some(row.files))
                .u64(Some(row.runs))
                .u64(Some(row.keys))
                .u64(Some(row.open_keys))
                .list(&row.flows)
                .list(&row.steps)
                .list(&row.endpoints)
                .list(&texts(&row.statuses))
                .time(micros(row.first_seen))
                .time(micros(row.last_seen))
                .text(Some(file_name(row.sample.file)))
                .u32(Some(row.sample.record))
                .text(Some(row.sample_message))
                .u64(Some(row.healed_keys))
                .text(row.side)
                .text(row.code)
                .text(row.field)
                .text(row.name);
        }
        batch
    }

    pub(super) fn keys<'f>(&self, file_name: &dyn Fn(u32) -> &'f str) -> Batch {
        let mut batch = Batch::new(&KEYS);
        for row in &self.keys {
            batch
                .row()
                .text(row.flow)
                .text(Some(row.kind))
                .text(Some(row.key))
                .u64(Some(row.attempts))
                .u64(Some(row.failures))
                .time(micros(row.first_seen))
                .time(micros(row.last_seen))
                .text(Some(row.last_outcome.name()))
                .bool(Some(row.open))
                .text(row.last_group)
                .text(row.last_message)
                .text(row.last_failed.map(|place| file_name(place.file)))
                .u32(row.last_failed.map(|place| place.record));
        }
        batch
    }

    pub(super) fn endpoints(&self) -> Batch {
        let mut batch = Batch::new(&ENDPOINTS);
        for row in &self.endpoints {
            let mut cells = batch.row();
            cells
                .text(row.endpoint)
                .text(row.flow)
                .text(row.step)
                .u64(Some(row.exchanges))
                .u64(Some(row.failed))
                .list(&texts(&row.statuses));
            sizes(&mut cells, row.request_bytes);
            sizes(&mut cells, row.response_bytes);
            cells
                .u64(Some(row.distinct_requests))
                .u64(Some(row.distinct_responses))
                .f64(milliseconds(row.duration_us.p50))
                .f64(milliseconds(row.duration_us.p95))
                .f64(milliseconds(row.duration_us.max));
        }
        batch
    }

    pub(super) fn runs(&self) -> Batch {
        let mut batch = Batch::new(&RUNS);
        for row in &self.runs {
            batch
                .row()
                .text(Some(row.run_id))
                .text(row.flow)
                .time(micros(row.started_at))
                .time(micros(row.finished_at))
                .f64(row.duration_ms)
                .text(row.status)
                .u64(Some(row.logs))
                .u64(Some(row.downloaded))
                .u64(Some(row.exchanges))
                .u64(Some(row.failed))
                .f64(row.error_rate)
                .u64(Some(row.groups));
        }
        batch
    }

    pub(super) fn bodies<'f>(&self, file_name: &dyn Fn(u32) -> &'f str) -> Batch {
        let mut batch = Batch::new(&BODIES);
        for row in &self.bodies {
            batch
                .row()
                .text(row.endpoint)
                .text(Some(row.side.name()))
                .text(Some(&format!("{:016x}", row.shape)))
                .text(Some(row.kind.name()))
                .u64(Some(row.count))
                .u64(Some(row.failed))
                .u64(Some(row.distinct))
                .u64(Some(row.bytes_sum))
                .u64(Some(row.bytes_max))
                .list(row.paths)
                .text(Some(file_name(row.sample.file)))
                .u32(Some(row.sample.record));
        }
        batch
    }

    pub(super) fn logs(&self) -> Batch {
        let mut batch = Batch::new(&LOGS);
        for LogRow { log, downloaded } in &self.logs {
            let entry = &log.entry;
            batch
                .row()
                .text(Some(&entry.id))
                .text(entry.log_type.map(LogType::name))
                .text(entry.process_group_id.as_deref())
                .text(entry.process_group_name.as_deref())
                .text(entry.parent_process_group_id.as_deref())
                .text(entry.original_filename_uuid.as_deref())
                .text(entry.filename_uuid.as_deref())
                .text(entry.state.map(State::name))
                .text(entry.status.map(Status::name))
                .time(micros(entry.created))
                .time(micros(entry.finished))
                .i64(entry.process_count)
                .i64(entry.success_count)
                .i64(entry.fail_count)
                .text(entry.fragment_count.map(|count| count.to_string()).as_deref())
                .i64(entry.row_num)
                .i64(entry.flow_order)
                .bool(entry.in_bound)
                .text(entry.schedule.as_deref())
                .bool(entry.is_triggered)
                .text(entry.triggered_by.as_deref())
                .bool(entry.is_send_s3)
                .text(log.flow.as_deref())
                .text(log.step.as_deref())
                .text(log.run_id.as_deref())
                .text(log.effective_status.map(Status::name))
                .f64(log.duration_ms)
                .u32(Some(log.snapshots))
                .bool(Some(*downloaded))
                .text(entry.extra.as_deref())
                .text(entry.parent_id.as_deref());
        }
        batch
    }
}

fn sizes(cells: &mut RowWriter<'_>, of: Sizes) {
    cells.u64(of.sum).u64(of.p50).u64(of.p95).u64(of.max);
}

fn texts(statuses: &[u16]) -> Vec<String> {
    statuses.iter().map(u16::to_string).collect()
}

fn micros(at: Option<Timestamp>) -> Option<i64> {
    at.map(|at| at.0)
}

fn milliseconds(micros: Option<u64>) -> Option<f64> {
    micros.map(|micros| micros as f64 / 1000.0)
}
