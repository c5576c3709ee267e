//! The table `flows`: what saved flow lists say.

use model::listing::Listing;
use tables::cell::{FlowName, FlowStateText, FlowTypeText, ProcessGroupId, ScheduleText};
use tables::rows::FlowRow;

/// Rows in the order of their ids.
pub(super) fn rows(listing: &Listing) -> Vec<FlowRow<'_>> {
    let rows = listing.flows().map(|flow| FlowRow {
        flow_id: ProcessGroupId(&flow.id),
        flow: listing.flow_name(&flow.id).map(FlowName),
        flow_type: flow.flow_type.as_deref().map(FlowTypeText),
        inbound: flow.inbound,
        state: flow.state.as_deref().map(FlowStateText),
        scheduling_strategy: flow.scheduling_strategy.as_deref().map(ScheduleText),
        scheduling_period: flow.scheduling_period.as_deref().map(ScheduleText),
    });
    rows.collect()
}
