//! Standard opinions that people keep for themselves (常用意见).

use anju_records::{Actor, FieldError};
use anju_store::{ColumnKind, Condition, Direction, Fetch, Select, Tx};

use crate::tables::PHRASE;
use crate::{Error, Processes, Result};

const PHRASES_MAX: usize = 50;
const CHARS_MAX: usize = 500;

impl Processes {
    /// The actor's own standard opinions, in their order.
    pub async fn opinions(&self, actor: &Actor) -> Result<Vec<String>> {
        let select = Select::from(PHRASE)
            .column("text", ColumnKind::Text)
            .filter(Condition::eq(PHRASE, "account", actor.account_id.as_str()))
            .order_by("position", Direction::Ascending);
        let rows = self.reader().fetch_all(&select).await?;
        rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
    }

    /// Replaces the actor's own standard opinions.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `opinions`.
    pub async fn set_opinions(&self, tx: &mut Tx, actor: &Actor, opinions: &[String]) -> Result<()> {
        let fault = |code: &str, message: String| FieldError::new("opinions", code, message);
        let texts: Vec<&str> = opinions.iter().map(|text| text.trim()).collect();
        let mut errors = Vec::new();
        if texts.len() > PHRASES_MAX {
            errors.push(fault("count", format!("最多 {PHRASES_MAX} 条常用意见")));
        }
        if texts.iter().any(|text| text.is_empty() || text.chars().count() > CHARS_MAX) {
            errors.push(fault("length", format!("每条意见应为 1 至 {CHARS_MAX} 个字")));
        }
        if !errors.is_empty() {
            return Err(Error::Invalid(errors));
        }
        tx.delete(PHRASE, Condition::eq(PHRASE, "account", actor.account_id.as_str())).await?;
        let rows = texts.iter().zip(0_i64..);
        let rows = rows.map(|(text, at)| vec![actor.account_id.as_str().into(), at.into(), (*text).into()]);
        tx.insert_many(PHRASE, &["account", "position", "text"], rows.collect()).await?;
        Ok(())
    }
}
