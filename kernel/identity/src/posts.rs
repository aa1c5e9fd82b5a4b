//! The posts of an account, and the actor that works from one.

use anju_definitions::{Catalog, FieldTest, Filter, FilterOp, Level};
use anju_records::{Actor, ActorKind, Object, PageRequest, Post, Query, Record, Records, Result};
use anju_store::Fetch;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::{ACCOUNT, Identity, ORGANISATION, POST};

/// Roles that exclude each other (三权分立, A-12), and whose holders have stricter limits.
pub(crate) const ADMINISTRATORS: [&str; 3] =
    ["platform.system_admin", "platform.security_admin", "platform.auditor"];
/// More posts than one person has.
const POSTS_MAX: u32 = 100;

/// A post with its roles.
#[derive(Debug, Clone)]
pub(crate) struct HeldPost {
    pub(crate) post: Post,
    pub(crate) title: String,
    pub(crate) roles: Vec<String>,
}

pub(crate) fn is_administrator(roles: &[String]) -> bool {
    roles.iter().any(|role| ADMINISTRATORS.contains(&role.as_str()))
}

pub(crate) fn system() -> Actor {
    Actor::system("identity")
}

/// The role keys of a post's record.
pub(crate) fn roles_of(values: &Object) -> Vec<String> {
    let roles = values.get("roles").and_then(Value::as_array);
    roles.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

pub(crate) fn level_of(organisation: &Record) -> Option<Level> {
    match organisation.text("level")? {
        "city" => Some(Level::City),
        "district" => Some(Level::District),
        "subdistrict" => Some(Level::Subdistrict),
        "operator" => Some(Level::Operator),
        _ => None,
    }
}

pub(crate) fn level_key(level: Level) -> &'static str {
    match level {
        Level::City => "city",
        Level::District => "district",
        Level::Subdistrict => "subdistrict",
        Level::Operator => "operator",
        Level::Public => "public",
    }
}

/// Records of an entity whose field has the value.
pub(crate) async fn find(
    records: &Records,
    source: &mut (dyn Fetch + '_),
    entity: &str,
    field: &str,
    value: &str,
) -> Result<Vec<Record>> {
    let test = FieldTest { field: field.to_owned(), op: FilterOp::Eq, value: json!(value) };
    let query = Query {
        filter: Some(Filter::Test(test)),
        page: PageRequest { size: POSTS_MAX, ..PageRequest::default() },
        ..Query::default()
    };
    Ok(records.query_from(source, &system(), entity, &query).await?.items)
}

impl Identity {
    /// The account of this name.
    pub(crate) async fn account_named(
        &self,
        source: &mut (dyn Fetch + '_),
        name: &str,
    ) -> Result<Option<Record>> {
        Ok(find(self.records(), source, ACCOUNT, "account", name).await?.into_iter().next())
    }

    /// The actor that a person is today at a post, for work that goes on without a session; `None` when the account is
    /// not active, does not hold the post, or a row behind its rights is damaged.
    pub async fn actor_at_post(&self, account_id: &str, post_id: &str) -> Result<Option<Actor>> {
        let actors = self.actors_of(&mut self.store().reader(), account_id).await?;
        Ok(actors.into_iter().find(|actor| actor.post.as_ref().is_some_and(|post| post.id == post_id)))
    }

    /// As [`Identity::actor_at_post`], at each of the account's posts, the oldest first.
    pub async fn actors_of(&self, source: &mut (dyn Fetch + '_), account_id: &str) -> Result<Vec<Actor>> {
        let accounts = find(self.records(), source, ACCOUNT, "id", account_id).await?;
        let Some(account) = accounts.first().filter(|account| account.text("status") == Some("active"))
        else {
            return Ok(Vec::new());
        };
        if self.damaged_grant(source, account_id).await?.is_some() {
            return Ok(Vec::new());
        }
        let posts = self.posts_of(source, account_id).await?;
        Ok(posts.iter().map(|held| Actor { session_id: None, ..actor_at(account, Some(held), "") }).collect())
    }

    /// Id of the organisation above another.
    pub async fn organisation_above(
        &self,
        source: &mut (dyn Fetch + '_),
        organisation_id: &str,
    ) -> Result<Option<String>> {
        let found = find(self.records(), source, ORGANISATION, "id", organisation_id).await?;
        Ok(found.first().and_then(|organisation| organisation.text("parent")).map(str::to_owned))
    }

    /// The posts an account holds today, the oldest first.
    pub(crate) async fn posts_of(
        &self,
        source: &mut (dyn Fetch + '_),
        account_id: &str,
    ) -> Result<Vec<HeldPost>> {
        let mut posts = Vec::new();
        let catalog = self.catalog();
        for record in find(self.records(), source, POST, "account", account_id).await? {
            if !is_held_on(&record, self.today()) {
                continue;
            }
            let Some(organisation) = record.text("organisation") else { continue };
            let found = find(self.records(), source, ORGANISATION, "id", organisation).await?;
            posts.extend(found.first().and_then(|organisation| held_post(&catalog, &record, organisation)));
        }
        posts.sort_by(|a, b| a.post.id.cmp(&b.post.id));
        Ok(posts)
    }
}

/// The actor that a person is at a post; without any rights when they hold none.
pub(crate) fn actor_at(account: &Record, post: Option<&HeldPost>, session_id: &str) -> Actor {
    Actor {
        account_id: account.id.clone(),
        name: account.text("name").unwrap_or_default().to_owned(),
        kind: ActorKind::Person,
        post: post.map(|held| held.post.clone()),
        roles: post.map(|held| held.roles.clone()).unwrap_or_default(),
        session_id: Some(session_id.to_owned()),
        ip: None,
        request_id: None,
    }
}

fn is_held_on(post: &Record, today: Date) -> bool {
    let day = |field: &str| post.text(field).and_then(|text| text.parse::<Date>().ok());
    day("from").is_none_or(|from| from <= today) && day("to").is_none_or(|to| today <= to)
}

/// `None` for an organisation that is stopped. Roles that no longer exist, or belong to another level, are
/// not held.
fn held_post(catalog: &Catalog, record: &Record, organisation: &Record) -> Option<HeldPost> {
    let level = level_of(organisation)?;
    if organisation.text("status") == Some("stopped") {
        return None;
    }
    let text = |field: &str| organisation.text(field).map(str::to_owned);
    let mut roles = roles_of(&record.values);
    roles.retain(|role| catalog.role(role).is_some_and(|role| role.level == level));
    let post = Post {
        id: record.id.clone(),
        org_id: organisation.id.clone(),
        org_title: text("title").unwrap_or_default(),
        level,
        district: text("district"),
        subdistrict: text("subdistrict"),
        operator: (level == Level::Operator).then(|| organisation.id.clone()),
    };
    Some(HeldPost { post, title: record.text("title").unwrap_or_default().to_owned(), roles })
}
