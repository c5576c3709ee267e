//! Flows and projects, as saved lists of them describe `NiFi` process groups.

use std::borrow::Cow;

use super::fields::{self, ListingField};
use crate::json::Value;
use crate::time::Timestamp;

/// One flow of a saved flow list.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// Id of the process group; never empty.
    pub id: String,
    /// Id of its component; usually the same.
    pub component_id: Option<String>,
    /// The variable `!flowId`; usually the same too.
    pub flow_id: Option<String>,
    /// The name people see.
    pub name: Option<String>,
    /// The variable `!flowSlug`.
    pub slug: Option<String>,
    /// The variable `!flowType`: `Product`, `Order` and so on.
    pub flow_type: Option<String>,
    /// Whether the flow pulls on a schedule rather than being posted to (`!inbound`, else not `!outbound`).
    pub inbound: Option<bool>,
    /// `RUNNING` or `STOPPED`.
    pub state: Option<String>,
    /// The variable `!schedulingStrategy`: `CRON_DRIVEN` and others.
    pub scheduling_strategy: Option<String>,
    /// The variable `!schedulingPeriod`: of cron flows a Quartz expression of seven fields.
    pub scheduling_period: Option<String>,
    /// Id of the process group around it.
    pub parent_group_id: Option<String>,
}

/// One project of a saved project list.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Project {
    /// Id of the process group; never empty.
    pub id: String,
    /// The variable `!projectId`.
    pub project_id: Option<String>,
    /// The name people see.
    pub name: Option<String>,
    /// The variable `!projectSlug`.
    pub slug: Option<String>,
    /// When it was made (`!createdDate`).
    pub created: Option<Timestamp>,
    /// Number of its flows.
    pub flow_count: Option<i64>,
    /// `RUNNING` or `STOPPED`.
    pub state: Option<String>,
}

/// A process group is one of the two.
pub(super) enum ProcessGroup {
    Flow(Flow),
    Project(Project),
}

/// Reads a process group; `None` when the record is none.
///
/// It is one when it has a `component` that is an object with an id or a name, and besides either
/// variables named `!...` or at least two more fields of a process group. Both lists have the same form;
/// they differ in their variables and in the count of flows.
pub(super) fn group(record: &[ListingField<'_>]) -> Option<ProcessGroup> {
    let component = fields::of_object(get(record, "component")?)?;
    let variables = [get(&component, "variables"), get(record, "variables")];
    let variables: Vec<ListingField<'_>> =
        variables.into_iter().flatten().filter_map(fields::of_object).flatten().collect();
    let marks = variables.iter().filter(|variable| variable.name.starts_with('!')).count();
    let traits = [
        get(record, "state").is_some(),
        get(record, "revision").is_some(),
        get(record, "flowCount").is_some(),
        get(&component, "parentGroupId").is_some(),
    ];
    if marks == 0 && traits.into_iter().filter(|&found| found).count() < 2 {
        return None;
    }
    let id = owned(record, "id").or_else(|| owned(&component, "id"))?;
    let name = owned(&component, "name");
    let state = owned(record, "state");
    let is_flow = variables.iter().any(|variable| variable.name.starts_with("!flow"));
    let is_project = get(record, "flowCount").is_some()
        || variables.iter().any(|variable| variable.name.starts_with("!project"));
    if is_project && !is_flow {
        return Some(ProcessGroup::Project(Project {
            id,
            project_id: owned(&variables, "!projectId"),
            name,
            slug: owned(&variables, "!projectSlug"),
            created: get(&variables, "!createdDate").and_then(fields::time),
            flow_count: get(record, "flowCount").and_then(fields::integer),
            state,
        }));
    }
    Some(ProcessGroup::Flow(Flow {
        id,
        component_id: owned(&component, "id"),
        flow_id: owned(&variables, "!flowId"),
        name,
        slug: owned(&variables, "!flowSlug"),
        flow_type: owned(&variables, "!flowType"),
        inbound: get(&variables, "!inbound")
            .and_then(fields::flag)
            .or_else(|| get(&variables, "!outbound").and_then(fields::flag).map(|out| !out)),
        state,
        scheduling_strategy: owned(&variables, "!schedulingStrategy"),
        scheduling_period: owned(&variables, "!schedulingPeriod"),
        parent_group_id: owned(&component, "parentGroupId"),
    }))
}

fn get<'t>(fields: &[ListingField<'t>], name: &str) -> Option<Value<'t>> {
    fields.iter().rev().find(|field| field.name == name).map(|field| field.value)
}

fn owned(fields: &[ListingField<'_>], name: &str) -> Option<String> {
    get(fields, name).and_then(fields::text).map(Cow::into_owned)
}
