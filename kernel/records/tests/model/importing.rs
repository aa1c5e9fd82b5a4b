//! Steps that import rows of a sheet.

use crate::play::Play;

impl Play {
    pub async fn import(&mut self) {}
}
