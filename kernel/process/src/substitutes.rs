//! Substitutes during absence (代理): somebody names who may do their tasks for a time.

use anju_records::{Actor, FieldError};
use anju_store::{ColumnRef, Condition, Direction, Fetch, Operator, SqlValue, Tx};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::Hands;
use crate::rows::new_id;
use crate::tables::{self, SUBSTITUTE, SUBSTITUTE_COLUMNS};
use crate::{Error, Processes, Result};

/// Longest time that somebody may be stood in for, in days.
const DAYS_MAX: i32 = 366;
/// People whom one person may stand in for at a time.
const ABSENT_MAX: u64 = 20;
/// Absences that are listed.
const LISTED_MAX: u64 = 100;
const REASON_CHARS_MAX: usize = 200;

/// A time of absence, as somebody makes it known.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Absence {
    /// Account of the substitute.
    pub account: String,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    pub reason: String,
}

impl Processes {
    /// Names a substitute for the actor. Gives the id.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `account`, `from`, `to`, `reason`; [`Error::Conflict`] `substituted` when the same person
    /// stands in for the actor in that time already.
    pub async fn substitute(&self, tx: &mut Tx, actor: &Actor, absence: &Absence) -> Result<String> {
        let mut errors = self.faults(absence);
        let found = self.somebody_else(tx, actor, &absence.account).await;
        let substitute = match found {
            Ok(posts) => posts.into_iter().next(),
            Err(Error::Invalid(faults)) => {
                errors.extend(faults);
                None
            }
            Err(error) => return Err(error),
        };
        let (Some(substitute), true) = (substitute, errors.is_empty()) else {
            return Err(Error::Invalid(errors));
        };
        let known = in_force(&absence.from.to_string(), &absence.to.to_string())
            .and(Condition::eq(SUBSTITUTE, "account", actor.account_id.as_str()))
            .and(Condition::eq(SUBSTITUTE, "substitute", absence.account.as_str()));
        if tx.fetch_optional(&tables::select(SUBSTITUTE, SUBSTITUTE_COLUMNS).filter(known)).await?.is_some() {
            return Err(Error::conflict("substituted", format!("{}在此期间已是您的代理人", substitute.name)));
        }
        let id = new_id();
        let values = vec![
            ("id", id.as_str().into()),
            ("account", actor.account_id.as_str().into()),
            ("account_name", actor.name.as_str().into()),
            ("substitute", substitute.account_id.into()),
            ("substitute_name", substitute.name.into()),
            ("from_day", absence.from.to_string().into()),
            ("to_day", absence.to.to_string().into()),
            ("reason", absence.reason.trim().into()),
        ];
        tx.insert(SUBSTITUTE, values).await?;
        Ok(id)
    }

    fn faults(&self, absence: &Absence) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let days = absence.from.until(absence.to).map_or(i32::MAX, |span| span.get_days());
        if absence.to < absence.from || absence.to < self.today() {
            errors.push(FieldError::new("to", "range", "截止日不得早于起始日和今天"));
        } else if days > DAYS_MAX {
            errors.push(FieldError::new("to", "range", format!("代理期限不能超过 {DAYS_MAX} 天")));
        }
        let reason = absence.reason.trim();
        if reason.is_empty() {
            errors.push(FieldError::new("reason", "required", "请填写原因"));
        } else if reason.chars().count() > REASON_CHARS_MAX {
            errors.push(FieldError::new("reason", "length", format!("不能超过 {REASON_CHARS_MAX} 个字")));
        }
        errors
    }

    /// Ends a substitution before its time, by whoever is stood in for or stands in.
    ///
    /// # Errors
    /// [`Error::NotFound`] for what is none of the actor's; [`Error::Conflict`] `ended`.
    pub async fn end_substitution(&self, tx: &mut Tx, actor: &Actor, id: &str) -> Result<()> {
        let own = Condition::eq(SUBSTITUTE, "id", id).and(of_actor(actor));
        let select = tables::select(SUBSTITUTE, SUBSTITUTE_COLUMNS).filter(own).for_update();
        let row = tx.fetch_optional(&select).await?.ok_or(Error::NotFound)?;
        if row.opt_int(8)?.is_some() {
            return Err(Error::conflict("ended", "代理已经结束"));
        }
        let sets: Vec<(&str, SqlValue)> = vec![("ended_at", self.now().into())];
        tx.update(SUBSTITUTE, sets, Condition::eq(SUBSTITUTE, "id", id)).await?;
        Ok(())
    }

    /// For whom the actor stands in and who stands in for them, the latest first.
    pub async fn substitutions(&self, actor: &Actor) -> Result<Vec<Value>> {
        let select = tables::select(SUBSTITUTE, SUBSTITUTE_COLUMNS)
            .filter(of_actor(actor))
            .order_by("id", Direction::Descending)
            .limit(LISTED_MAX);
        let today = self.today().to_string();
        let view = |row: &anju_store::Row| {
            let open = row.opt_int(8)?.is_none();
            Ok(json!({
                "id": row.text(0)?, "account": row.text(1)?, "account_name": row.text(2)?,
                "substitute": row.text(3)?, "substitute_name": row.text(4)?,
                "from": row.text(5)?, "to": row.text(6)?, "reason": row.text(7)?,
                "in_force": open && row.text(5)? <= today.as_str() && today.as_str() <= row.text(6)?,
                "ended": !open,
            }))
        };
        self.reader().fetch_all(&select).await?.iter().map(view).collect()
    }

    /// In whose place somebody acts today.
    pub(crate) async fn hands(&self, from: &mut impl Fetch, actor: &Actor) -> Result<Hands> {
        let mut hands = Hands::of(actor);
        if actor.is_system() || self.people.is_none() {
            return Ok(hands);
        }
        let today = self.today().to_string();
        let select = tables::select(SUBSTITUTE, SUBSTITUTE_COLUMNS)
            .filter(Condition::eq(SUBSTITUTE, "substitute", actor.account_id.as_str()))
            .filter(in_force(&today, &today))
            .order_by("id", Direction::Ascending)
            .limit(ABSENT_MAX);
        for row in from.fetch_all(&select).await? {
            hands.absent.extend(self.at_posts(from, row.text(1)?).await?);
        }
        Ok(hands)
    }
}

/// Those in force on one of the days at least.
fn in_force(from: &str, to: &str) -> Condition {
    let column = |name: &str| ColumnRef::new(SUBSTITUTE, name);
    Condition::IsNull(column("ended_at"))
        .and(Condition::compare(column("from_day"), Operator::Le, to))
        .and(Condition::compare(column("to_day"), Operator::Ge, from))
}

fn of_actor(actor: &Actor) -> Condition {
    Condition::Any(vec![
        Condition::eq(SUBSTITUTE, "account", actor.account_id.as_str()),
        Condition::eq(SUBSTITUTE, "substitute", actor.account_id.as_str()),
    ])
}
