use anju_records::{Actor, Object};
use anju_store::{ColumnKind, Condition, Fetch, Select, Tx};
use serde_json::json;

use crate::rows::Instance;
use crate::run::{Run, put_aside_told};
use crate::tables::TOKEN;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result};

impl Processes {
    /// Tells a waiting service task that its work is done, and carries the process on; a suspended one hears of it
    /// when it goes on.
    ///
    /// # Errors
    /// [`Error::Conflict`] `not_waiting` when nothing waits there (any more): a repeated answer is harmless.
    pub async fn signal(&self, tx: &mut Tx, instance_id: &str, element: &str, vars: Object) -> Result<()> {
        let system = Actor::system("系统");
        let found = Instance::find(tx, instance_id).await?.ok_or(Error::NotFound)?;
        if found.suspended_at.is_some() {
            let payload = json!({ "instance": instance_id, "answered": element, "vars": vars });
            return put_aside_told(tx, instance_id, &payload, self.now()).await;
        }
        let mut run = Run::open(self, tx, &system, instance_id).await?;
        let select = Select::from(TOKEN)
            .column("id", ColumnKind::Text)
            .column("visit", ColumnKind::Int)
            .filter(Condition::eq(TOKEN, "instance_id", instance_id))
            .filter(Condition::eq(TOKEN, "element", element))
            .filter(Condition::eq(TOKEN, "waiting", true))
            .limit(1);
        let waiting = run.tx.fetch_optional(&select).await?;
        let waiting = waiting.ok_or_else(|| Error::conflict("not_waiting", "该环节没有在等待结果"))?;
        let (token, visit) = (waiting.text(0)?.to_owned(), waiting.int(1)?);
        run.merge(vars)?;
        let title = run.plan.title(element);
        run.note(Entry { token: Some((&token, visit)), ..Entry::new(TrailKind::Signalled, element, title) })
            .await?;
        run.done(&token).await?;
        run.settle().await?;
        run.finish().await.map(drop)
    }
}
