//! What the listing pages of reports say.

use std::collections::BTreeSet;

use model::listing::{Flow, Listing, LogEntry, LogType, Page, Project, State, Status};
use model::time::Timestamp;
use tables::ReadError;
use tables::state::{ListedFlows, ListedProjects, Snapshots};

use super::shard::Shard;

/// The listing pages of reports.
pub(super) struct MergedPages {
    /// What they say, not finished.
    pub(super) listing: Listing,
    /// The files of flow and project lists, in name order. The places in `listing` are places here.
    files: Vec<String>,
}

impl MergedPages {
    /// The name of the file of a flow or project list.
    pub(super) fn file(&self, place: u64) -> &str {
        &self.files[place as usize]
    }
}

/// How many rows of the listing a report has: different snapshots of logs, flows, projects.
pub(super) fn listed_rows(shard: &Shard) -> Result<u64, ReadError> {
    let flows = shard.report.table::<ListedFlows>()?.len();
    let projects = shard.report.table::<ListedProjects>()?.len();
    Ok(flows + projects + shard.report.table::<Snapshots>()?.len())
}

/// The listing pages of all these reports.
pub(super) fn merged_pages(shards: &[Shard]) -> Result<MergedPages, ReadError> {
    let mut names = BTreeSet::new();
    for shard in shards {
        shard.each::<ListedFlows>(|row| names.extend([row.file.0.to_owned()]))?;
        shard.each::<ListedProjects>(|row| names.extend([row.file.0.to_owned()]))?;
    }
    let files: Vec<String> = names.into_iter().collect();
    let place = |file: &str| files.partition_point(|name| name.as_str() < file) as u64;
    let mut listing = Listing::default();
    for shard in shards {
        shard.each::<Snapshots>(|row| {
            let owned = |text: &str| Some(text.to_owned());
            let entry = LogEntry {
                id: row.id.0.to_owned(),
                log_type: row.log_type.and_then(|w| {
                    [LogType::Main, LogType::Sub, LogType::Line]
                        .into_iter()
                        .find(|t| t.name() == w.0)
                }),
                process_group_id: row.process_group_id.and_then(|t| owned(t.0)),
                process_group_name: row.process_group_name.and_then(|t| owned(t.0)),
                parent_process_group_id: row.parent_process_group_id.and_then(|t| owned(t.0)),
                original_filename_uuid: row.original_filename_uuid.and_then(|t| owned(t.0)),
                filename_uuid: row.filename_uuid.and_then(|t| owned(t.0)),
                state: row.state.and_then(|w| {
                    [State::Start, State::InProgress, State::Finished]
                        .into_iter()
                        .find(|s| s.name() == w.0)
                }),
                status: row.status.and_then(|w| {
                    [Status::InProgress, Status::Success, Status::Failed, Status::Empty]
                        .into_iter()
                        .find(|s| s.name() == w.0)
                }),
                created: row.created.map(|at| Timestamp(at.0)),
                finished: row.finished.map(|at| Timestamp(at.0)),
                process_count: row.process_count,
                success_count: row.success_count,
                fail_count: row.fail_count,
                fragment_count: row.fragment_count,
                row_num: row.row_num,
                flow_order: row.flow_order,
                in_bound: row.in_bound,
                schedule: row.schedule.and_then(|t| owned(t.0)),
                is_triggered: row.is_triggered,
                triggered_by: row.triggered_by.and_then(|t| owned(t.0)),
                is_send_s3: row.is_send_s3,
                parent_id: row.parent_id.and_then(|t| owned(t.0)),
                extra: row.extra.and_then(|t| owned(t.0)),
            };
            listing.add(Page { entries: vec![entry], ..Page::default() }, 0);
        })?;
        shard.each::<ListedFlows>(|row| {
            let flow = Flow {
                id: row.id.0.to_owned(),
                component_id: row.component_id.map(|t| t.0.to_owned()),
                flow_id: row.flow_id.map(|t| t.0.to_owned()),
                name: row.name.map(|t| t.0.to_owned()),
                slug: row.slug.map(|t| t.0.to_owned()),
                flow_type: row.flow_type.map(|t| t.0.to_owned()),
                inbound: row.inbound,
                state: row.state.map(|t| t.0.to_owned()),
                scheduling_strategy: row.scheduling_strategy.map(|t| t.0.to_owned()),
                scheduling_period: row.scheduling_period.map(|t| t.0.to_owned()),
                parent_group_id: row.parent_group_id.map(|t| t.0.to_owned()),
            };
            listing.add(Page { flows: vec![flow], ..Page::default() }, place(row.file.0));
        })?;
        shard.each::<ListedProjects>(|row| {
            let project = Project {
                id: row.id.0.to_owned(),
                project_id: row.project_id.map(|t| t.0.to_owned()),
                name: row.name.map(|t| t.0.to_owned()),
                slug: row.slug.map(|t| t.0.to_owned()),
                created: row.created.map(|at| Timestamp(at.0)),
                flow_count: row.flow_count,
                state: row.state.map(|t| t.0.to_owned()),
            };
            listing.add(Page { projects: vec![project], ..Page::default() }, place(row.file.0));
        })?;
    }
    Ok(MergedPages { listing, files })
}
