//! Sending a case to another step: back by whoever handles it, anywhere by an administrator.

use super::Run;
use crate::machine::{self, Event};
use crate::rows::new_id;
use crate::{Error, Result};

impl Run<'_> {
    /// Sends a token to an activity; with `back` it returns directly when that is done. What was open for it is called
    /// off.
    ///
    /// # Errors
    /// [`Error::Conflict`] `cannot_send` when it cannot be sent there, or could not return.
    pub(crate) async fn send(&mut self, token: &str, element: &str, back: bool) -> Result<()> {
        if !self.can_send(token, element, back) {
            let title = self.plan.title(element);
            let message = match self.can_send(token, element, false) {
                true => format!("其他分支已从“{title}”继续办理，不能直接返回本环节，请选择重新办理中间环节"),
                false => format!("不能从当前环节转到“{title}”：它不是可办理的环节，或在另一个子流程中"),
            };
            return Err(Error::conflict("cannot_send", message));
        }
        self.cancel_task(token).await?;
        self.happen(&Event::Send { token, element, back }).await
    }

    fn can_send(&self, token: &str, element: &str, back: bool) -> bool {
        let event = Event::Send { token, element, back };
        machine::step(&self.plan.graph, &self.marking, &event, &mut new_id).is_ok()
    }
}
