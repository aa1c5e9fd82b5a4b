//! Publications as they lie in the database.

use std::collections::HashMap;

use anju_definitions::overlay::Conflict;
use anju_store::{ColumnKind, Condition, Direction, Error, Fetch, Result, Row, Select, SqlValue, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{tables::PUBLICATION, texts::Manifest};

/// How a publication came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicationKind {
    /// The first start.
    Initial,
    /// Drafts were published.
    Drafts,
    /// Items of a dictionary were changed.
    Dictionary,
    /// A program with other shipped definitions was started.
    Release,
    /// An earlier publication was restored.
    Restored,
}

/// What is known of a publication.
#[derive(Debug, Clone, Serialize)]
pub struct PublicationSummary {
    pub number: i64,
    pub kind: PublicationKind,
    /// RFC 3339.
    pub at: String,
    pub account_id: String,
    pub actor_name: String,
    pub reason: String,
    pub catalog_version: String,
    /// `kind key` of the drafts that were published.
    pub drafts: Vec<String>,
    /// What it did to the data.
    pub effects: Value,
    /// Where a release and the site had changed the same thing.
    pub conflicts: Value,
}

/// A publication with all that is needed to load it.
#[derive(Debug, Clone)]
pub(crate) struct Publication {
    pub manifest: Manifest,
    pub generations: HashMap<String, u32>,
}

/// A publication to be recorded.
pub(crate) struct NewPublication<'a> {
    pub number: i64,
    pub kind: PublicationKind,
    pub at: jiff::Timestamp,
    pub account_id: &'a str,
    pub actor_name: &'a str,
    pub reason: &'a str,
    pub manifest: &'a Manifest,
    pub generations: &'a HashMap<String, u32>,
    pub catalog_version: &'a str,
    pub drafts: &'a [String],
    pub effects: Value,
    pub conflicts: &'a [Conflict],
}

/// Number of the newest publication; 0 before the first.
pub(crate) async fn newest_number(source: &mut (dyn Fetch + '_)) -> Result<i64> {
    let select = Select::from(PUBLICATION)
        .column("number", ColumnKind::Int)
        .order_by("number", Direction::Descending)
        .limit(1);
    source.fetch_optional(&select).await?.map_or(Ok(0), |row| row.int(0))
}

/// The publication of this number; [`Error::NotFound`] if there is none.
pub(crate) async fn read(source: &mut (dyn Fetch + '_), number: i64) -> Result<Publication> {
    let select = Select::from(PUBLICATION)
        .column("manifest", ColumnKind::Text)
        .column("generations", ColumnKind::Text)
        .filter(Condition::eq(PUBLICATION, "number", number));
    let row = source.fetch_optional(&select).await?.ok_or(Error::NotFound)?;
    Ok(Publication { manifest: json(row.text(0)?)?, generations: json(row.text(1)?)? })
}

const SUMMARY: [(&str, ColumnKind); 10] = [
    ("number", ColumnKind::Int),
    ("kind", ColumnKind::Text),
    ("at", ColumnKind::Int),
    ("account_id", ColumnKind::Text),
    ("actor_name", ColumnKind::Text),
    ("reason", ColumnKind::Text),
    ("catalog_version", ColumnKind::Text),
    ("drafts", ColumnKind::Text),
    ("effects", ColumnKind::Text),
    ("conflicts", ColumnKind::Text),
];

fn summaries() -> Select {
    SUMMARY.into_iter().fold(Select::from(PUBLICATION), |select, (name, kind)| select.column(name, kind))
}

/// The newest first, those before `before` if given.
pub(crate) async fn list(
    source: &mut (dyn Fetch + '_),
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<PublicationSummary>> {
    let mut select = summaries().order_by("number", Direction::Descending).limit(limit);
    if let Some(before) = before {
        let column = select.own("number");
        select = select.filter(Condition::compare(column, anju_store::Operator::Lt, before));
    }
    source.fetch_all(&select).await?.iter().map(summary).collect()
}

pub(crate) async fn summary_of(source: &mut (dyn Fetch + '_), number: i64) -> Result<PublicationSummary> {
    let select = summaries().filter(Condition::eq(PUBLICATION, "number", number));
    source.fetch_optional(&select).await?.as_ref().map_or(Err(Error::NotFound), summary)
}

fn summary(row: &Row) -> Result<PublicationSummary> {
    let text = |at: usize| -> Result<String> { Ok(row.text(at)?.to_owned()) };
    Ok(PublicationSummary {
        number: row.int(0)?,
        kind: serde_json::from_value(Value::from(row.text(1)?)).map_err(damaged)?,
        at: shown(row.int(2)?)?,
        account_id: text(3)?,
        actor_name: text(4)?,
        reason: text(5)?,
        catalog_version: text(6)?,
        drafts: json(row.text(7)?)?,
        effects: json(row.text(8)?)?,
        conflicts: json(row.text(9)?)?,
    })
}

/// An instant as people here read it.
pub(super) fn shown(ms: i64) -> Result<String> {
    let instant =
        jiff::Timestamp::from_millisecond(ms).map_err(|error| Error::Database(error.to_string()))?;
    Ok(instant.display_with_offset(jiff::tz::offset(8)).to_string())
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(damaged)
}

fn damaged(error: serde_json::Error) -> Error {
    Error::Database(format!("a publication is damaged: {error}"))
}

/// [`Error::Unique`] when somebody has published under this number already.
pub(crate) async fn add(tx: &mut Tx, new: &NewPublication<'_>) -> Result<()> {
    let kind = serde_json::to_value(new.kind).unwrap_or_default();
    let row = vec![
        ("number", new.number.into()),
        ("kind", kind.as_str().unwrap_or_default().into()),
        ("at", new.at.into()),
        ("account_id", new.account_id.into()),
        ("actor_name", new.actor_name.into()),
        ("reason", new.reason.into()),
        ("shipped_digest", new.manifest.shipped_digest().into()),
        ("manifest", text(new.manifest)),
        ("generations", text(new.generations)),
        ("catalog_version", new.catalog_version.into()),
        ("drafts", text(new.drafts)),
        ("effects", new.effects.to_string().into()),
        ("conflicts", text(new.conflicts)),
    ];
    tx.insert(PUBLICATION, row).await
}

/// Maps with text keys and lists only: that cannot fail.
fn text<T: Serialize + ?Sized>(value: &T) -> SqlValue {
    SqlValue::Text(serde_json::to_string(value).unwrap_or_default())
}
