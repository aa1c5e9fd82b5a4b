use anju_store::testing::TestDatabase;

use super::{Client, Platform, Shapers, grant};

/// An entity of a site with its page, menu and role.
pub const VISITS: [&str; 5] = [
    "entity: site.visit\ntitle: 走访\nkey: no\ndisplay: \"{no} {person}\"\nscope: { shared: true }\nfields:\n  no: { title: 编号, type: text, required: true, unique: true }\n  person: { title: 对象, type: text, length_max: 20 }\n  count: { title: 次数, type: integer, default: 0 }\n  cost: { title: 费用, type: decimal, scale: 2 }\n",
    "page: site.visits\ntitle: 走访\nkind: list\nentity: site.visit\ncolumns: [{ field: no }, { field: person }]\n",
    "menu: site.main\ntitle: 走访管理\norder: 20\nitems: [{ title: 走访, page: site.visits }]\n",
    "role: site.visitor\ntitle: 走访员\nlevel: city\npermissions:\n  site.visit: { read: true, create: true, update: true }\nmenus: [site.main]\n",
    "page: site.visit\ntitle: 走访\nkind: form\nentity: site.visit\nsections: [{ title: 走访, fields: [no, person, count, cost] }]\n",
];

/// A platform with the entity in force, and somebody who works with it.
pub async fn with_visits(db: TestDatabase) -> (Platform, Shapers, Client) {
    let platform = Platform::on(db).await;
    grant(&platform, "何伟民", "platform.security_admin").await;
    let shapers = Shapers::of(&platform).await;
    shapers.publish(&VISITS).await;
    grant(&platform, "沈国平", "site.visitor").await;
    let visitor = platform.log_in("city").await;
    (platform, shapers, visitor)
}
