//! Steps that publish another definition.

use crate::play::Play;

impl Play {
    pub async fn publish(&mut self) {}
}
