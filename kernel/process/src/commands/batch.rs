use anju_records::FieldError;
use anju_store::{Condition, Fetch};

use crate::rows::Task;
use crate::tables::{self, TASK, TASK_COLUMNS};
use crate::{Error, Processes, Result};

/// Tasks that one request may complete.
const TASKS_MAX: usize = 200;

impl Processes {
    /// Checks that tasks may be completed together: all of one step of one process. Each is then completed in a
    /// transaction of its own.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `ids`, [`Error::TooMuch`].
    pub async fn may_batch(&self, ids: &[String]) -> Result<()> {
        let wrong = |code: &str, message: &str| Error::Invalid(vec![FieldError::new("ids", code, message)]);
        if ids.is_empty() {
            return Err(wrong("required", "请选择任务"));
        }
        if ids.len() > TASKS_MAX {
            return Err(Error::TooMuch { message: format!("一次最多办理 {TASKS_MAX} 项任务") });
        }
        let select = tables::select(TASK, TASK_COLUMNS);
        let some = Condition::is_in(TASK, "id", ids.iter().map(String::as_str));
        let rows = self.reader().fetch_all(&select.filter(some)).await?;
        let tasks = rows.iter().map(Task::read).collect::<Result<Vec<_>>>()?;
        let step = |task: &Task| (task.process.clone(), task.step.clone());
        match tasks.windows(2).all(|two| step(&two[0]) == step(&two[1])) {
            true => Ok(()),
            false => Err(wrong("steps", "批量办理的任务须属于同一流程的同一环节")),
        }
    }
}
