use anju_records::{Actor, FieldError};
use anju_store::{Condition, SqlValue, Tx};

use super::reason;
use crate::rows::Task;
use crate::run::Run;
use crate::tables::TASK;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result, access, task_rows};

impl Processes {
    /// Urges whoever has the task to do (催办), once in a working day at most. Whoever may see the record may urge, but
    /// for those who have it to do themselves.
    ///
    /// # Errors
    /// [`Error::Conflict`] `urged` when it was urged today; `task_not_open`, `suspended`; [`Error::NotFound`] when the
    /// actor may not see the record.
    pub async fn urge(&self, tx: &mut Tx, actor: &Actor, task_id: &str, note: Option<&str>) -> Result<()> {
        let note = note.map(str::trim).filter(|note| !note.is_empty()).map(reason).transpose()?;
        let task = Task::find(tx, task_id).await?.ok_or(Error::NotFound)?;
        self.records().read_in(tx, actor, &task.entity, &task.record_id).await?;
        let mut run = Run::open(self, tx, actor, &task.instance_id).await?;
        let task = Task::find(run.tx, task_id).await?.ok_or(Error::NotFound)?;
        if !task.state.is_live() {
            return Err(task_rows::not_open());
        }
        let candidates = task_rows::candidates(run.tx, task_id).await?;
        if access::may_take(&access::Hands::of(actor), &task, &candidates).is_ok() && !actor.is_system() {
            let message = "此任务由您办理，无须催办";
            return Err(Error::Invalid(vec![FieldError::new("task", "own", message)]));
        }
        let today = self.today();
        let (last, times) = task.urged.clone().unwrap_or_default();
        let since = last.parse().ok().map(|day| self.calendar().working_days_between(day, today));
        if since.is_some_and(|days| days < 1) {
            return Err(Error::conflict("urged", "本工作日已催办，请下一工作日再催"));
        }
        let sets: Vec<(&str, SqlValue)> =
            vec![("urged_on", today.to_string().into()), ("urges", (times + 1).into())];
        run.tx.update(TASK, sets, Condition::eq(TASK, "id", task_id)).await?;
        let entry = Entry { opinion: note, ..Entry::new(TrailKind::Urged, &task.step, task.title.clone()) };
        run.note(entry).await?;
        run.finish().await.map(drop)
    }
}
