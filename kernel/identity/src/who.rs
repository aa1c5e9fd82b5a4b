//! What the front end shows around its pages: who, from which post, with which menus and rights.

use std::collections::BTreeSet;

use anju_definitions::{Catalog, Menu, PageBody, Role};
use anju_records::{Actor, Result};
use serde_json::{Value, json};

use crate::{
    Identity, SessionInfo,
    posts::{HeldPost, level_key},
};

impl Identity {
    /// The answer of `GET /api/session`.
    pub async fn who_am_i(&self, actor: &Actor, session: &SessionInfo) -> Result<Value> {
        let posts = self.posts_of(&mut self.store().reader(), &actor.account_id).await?;
        let current = actor.post.as_ref().and_then(|post| posts.iter().find(|held| held.post.id == post.id));
        let catalog = self.catalog();
        let roles: Vec<&Role> = actor.roles.iter().filter_map(|key| Some(&**catalog.role(key)?)).collect();
        let menus = self.menus_of(&catalog, actor, &roles);
        let rights: BTreeSet<&String> = roles.iter().flat_map(|role| &role.rights).collect();
        Ok(json!({
            "account": session.account,
            "name": actor.name,
            "posts": posts.iter().map(post_json).collect::<Vec<_>>(),
            "post": current.map(post_json),
            "roles": roles.iter().map(|role| json!({ "key": role.role, "title": role.title })).collect::<Vec<_>>(),
            "menus": menus.iter().map(menu_json).collect::<Vec<_>>(),
            "rights": rights,
            "csrf": session.csrf,
            "today": self.today().to_string(),
            "must_change_password": session.must_change_password,
            "home": home(&catalog, &menus),
        }))
    }

    /// The menus of the roles in their order, with the items whose page may be seen.
    fn menus_of(&self, catalog: &Catalog, actor: &Actor, roles: &[&Role]) -> Vec<Menu> {
        let keys: BTreeSet<&String> = roles.iter().flat_map(|role| &role.menus).collect();
        let mut menus: Vec<Menu> =
            keys.into_iter().filter_map(|key| Some((**catalog.menu(key)?).clone())).collect();
        for menu in &mut menus {
            menu.items.retain(|item| self.may_see(catalog, actor, &item.page));
        }
        menus.retain(|menu| !menu.items.is_empty());
        menus.sort_by_key(|menu| menu.order);
        menus
    }

    fn may_see(&self, catalog: &Catalog, actor: &Actor, page: &str) -> bool {
        let Some(page) = catalog.page(page) else { return false };
        page.entity().is_none_or(|entity| self.records().may_read(actor, entity))
    }
}

/// The first dashboard of the menus, otherwise their first page.
fn home<'m>(catalog: &Catalog, menus: &'m [Menu]) -> Option<&'m str> {
    let pages = || menus.iter().flat_map(|menu| &menu.items).map(|item| item.page.as_str());
    let is_dashboard =
        |key: &&str| catalog.page(key).is_some_and(|page| matches!(page.body, PageBody::Dashboard(_)));
    pages().find(is_dashboard).or_else(|| pages().next())
}

fn post_json(held: &HeldPost) -> Value {
    let post = &held.post;
    json!({
        "id": post.id,
        "title": held.title,
        "org_id": post.org_id,
        "org_title": post.org_title,
        "level": level_key(post.level),
        "district": post.district,
        "subdistrict": post.subdistrict,
    })
}

fn menu_json(menu: &Menu) -> Value {
    json!({ "key": menu.menu, "title": menu.title, "icon": menu.icon, "items": menu.items })
}
