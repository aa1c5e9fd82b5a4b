//! Instances whose tokens all wait at gateways that nothing will come to any more.

use anju_store::{ColumnRef, Condition, Direction, Fetch, Select};
use jiff::Timestamp;

use crate::migration::Standing;
use crate::plan::Plan;
use crate::rows::Instance;
use crate::tables::{self, INSTANCE, INSTANCE_COLUMNS, TASK, TOKEN, WAIT};
use crate::{InstanceState, Processes, Result, machine};

/// Instances without anything to do that are looked at, the longest running first.
const LOOKED_AT_MAX: u64 = 500;

/// An instance with the gateway where it waits, and since when.
pub(super) struct DeadJoin {
    pub instance: Instance,
    pub gateway: String,
    pub title: String,
    pub process_title: String,
    pub since: Timestamp,
}

impl Processes {
    pub(super) async fn dead_joins(&self, process: Option<&str>) -> Result<Vec<DeadJoin>> {
        let mut reader = self.reader();
        let mut found = Vec::new();
        for row in reader.fetch_all(&idle(process)).await? {
            let instance = Instance::read(&row)?;
            let plan = self.plan_of(&mut reader, &instance).await?;
            let standing = Standing::of(&mut reader, &instance, &plan).await?;
            let Some((gateway, since)) = dead_join(&plan, &standing) else { continue };
            let (title, process_title) = (plan.title(&gateway), plan.definition.title.clone());
            found.push(DeadJoin { instance, gateway, title, process_title, since });
        }
        Ok(found)
    }
}

/// Running instances with a token that came by a flow, and without tasks, services or events that are waited for.
fn idle(process: Option<&str>) -> Select {
    let of_instance = |table: &str| {
        let own = ColumnRef::new(table, "instance_id");
        Select::from(table).filter(Condition::ColumnsEqual(own, ColumnRef::new(INSTANCE, "id")))
    };
    let none = |select: Select| Condition::Not(Box::new(Condition::Exists(Box::new(select))));
    let open_task = of_instance(TASK).filter(Condition::NotNull(ColumnRef::new(TASK, "open_token")));
    let waiting = of_instance(TOKEN).filter(Condition::eq(TOKEN, "waiting", true));
    let came = of_instance(TOKEN).filter(Condition::NotNull(ColumnRef::new(TOKEN, "via")));
    let mut select = tables::select(INSTANCE, INSTANCE_COLUMNS)
        .filter(Condition::eq(INSTANCE, "state", InstanceState::Running.as_str()))
        .filter(Condition::Exists(Box::new(came)))
        .filter(none(open_task))
        .filter(none(waiting))
        .filter(none(of_instance(WAIT)));
    if let Some(process) = process {
        select = select.filter(Condition::eq(INSTANCE, "process", process));
    }
    select
        .order_by("started_at", Direction::Ascending)
        .order_by("id", Direction::Ascending)
        .limit(LOOKED_AT_MAX)
}

/// The gateway that waits the longest, if all tokens wait at gateways and no timer will change that.
fn dead_join(plan: &Plan, standing: &Standing) -> Option<(String, Timestamp)> {
    if !standing.timers.is_empty() {
        return None;
    }
    let marking = &standing.marking;
    let mut waiting = Vec::new();
    for token in marking.tokens.iter().filter(|token| marking.within(Some(&token.id)).next().is_none()) {
        let element = plan.graph.element(&token.element)?;
        if !machine::waits_to_join(element, token) {
            return None;
        }
        waiting.push((*standing.arrived.get(&token.id)?, token.element.clone()));
    }
    waiting.into_iter().min().map(|(since, gateway)| (gateway, since))
}
