//! Directus: set up over its API, as an administrator does in its panel.

use anju_bench::{
    client::{Answer, Connection},
    server::{Server, finish, free_address},
};
use anyhow::Context;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    dialect::{Ask, Dialect, Listing, Shape},
    system::{CITY, CLERK, PASSWORD, Place, System, ask, npm_version},
    tenancy::{DISTRICTS, LISTED, OWN, STATES, Tenancy},
};

pub struct Directus {
    /// Whether answers name the office, which they do only when asked.
    pub names: bool,
}

/// Starts it on an empty database, with the entity, a role whose row rule names the caller's district, and a clerk.
pub async fn start(place: &Place) -> anyhow::Result<System> {
    let folder = place.folder.join("directus");
    let address = free_address()?;
    let command = |action: &str| {
        let mut command = Command::new("node");
        command.current_dir(&folder).args(["node_modules/directus/cli.js", action]).envs([
            ("NODE_ENV", "production".to_owned()),
            ("HOST", address.ip().to_string()),
            ("PORT", address.port().to_string()),
            ("PUBLIC_URL", format!("http://{address}")),
            ("DB_CLIENT", "pg".to_owned()),
            ("DB_CONNECTION_STRING", place.database_url("directus")),
            ("KEY", "directus-of-the-benchmark".to_owned()),
            ("SECRET", "secret-of-the-benchmark".to_owned()),
            ("ADMIN_EMAIL", CITY.to_owned()),
            ("ADMIN_PASSWORD", PASSWORD.to_owned()),
            // Reports to its makers have no place in a measurement.
            ("TELEMETRY", "false".to_owned()),
        ]);
        command
    };
    finish(command("bootstrap"), &place.log("directus-bootstrap")).await?;
    let server = Server::start(command("start"), address, &place.log("directus"), "/server/ping").await?;
    let system = System {
        name: "directus",
        version: npm_version(&folder, "directus")?,
        dialect: Box::new(Directus { names: place.names }),
        shape: Shape { created: 200, record: "/data", rows: "/data", id: "/id", office_name: "/office/name" },
        server,
        city: CITY,
        clerk: CLERK,
        table: "tenancy",
        indexes_missing: &["district", "district, state, signed_on"],
    };
    let city = system.session(CITY).await?;
    let mut connection = Connection::open(address).await?;
    for step in entity() {
        ask(&mut connection, &step, &city).await?;
    }
    let role = json!({ "name": "Clerk", "app_access": false, "admin_access": false });
    let role = ask(&mut connection, &Ask::post("/roles", role), &city).await?["data"]["id"].clone();
    ask(&mut connection, &Ask::post("/permissions", permissions(&role)), &city).await?;
    let clerk = json!({ "email": CLERK, "password": PASSWORD, "role": role, "district": OWN });
    ask(&mut connection, &Ask::post("/users", clerk), &city).await?;
    Ok(system)
}

fn entity() -> Vec<Ask> {
    let text = |name: &str, length: u32| {
        field(name, "string", json!({ "max_length": length, "is_nullable": false }))
    };
    let required = |name: &str, kind: &str| field(name, kind, json!({ "is_nullable": false }));
    let choice = |name: &str, codes: &[&str]| {
        let choices: Vec<Value> = codes.iter().map(|code| json!({ "text": code, "value": code })).collect();
        json!({
            "field": name, "type": "string", "schema": { "max_length": 20, "is_nullable": false },
            "meta": { "interface": "select-dropdown", "options": { "choices": choices } },
        })
    };
    let office = json!({
        "collection": "office", "schema": {}, "meta": {},
        "fields": [id(), text("name", 100)],
    });
    let tenancy = json!({
        "collection": "tenancy", "schema": {}, "meta": {},
        "fields": [
            id(),
            field("number", "string", json!({ "max_length": 20, "is_nullable": false, "is_unique": true })),
            text("tenant_name", 40),
            text("address", 200),
            choice("district", &DISTRICTS),
            choice("state", &STATES),
            field("floor_area", "decimal", json!({
                "numeric_precision": 10, "numeric_scale": 2, "is_nullable": false,
            })),
            field("rooms", "integer", json!({})),
            required("rent_monthly", "integer"),
            field("deposit", "integer", json!({})),
            required("signed_on", "date"),
            required("starts_on", "date"),
            required("ends_on", "date"),
            field("furnished", "boolean", json!({})),
            field("office", "integer", json!({})),
        ],
    });
    let relation = json!({
        "collection": "tenancy", "field": "office", "related_collection": "office", "schema": {}, "meta": {},
    });
    vec![
        Ask::post("/collections", office),
        Ask::post("/collections", tenancy),
        Ask::post("/relations", relation),
        Ask::post("/fields/directus_users", field("district", "string", json!({ "max_length": 6 }))),
    ]
}

fn id() -> Value {
    json!({
        "field": "id", "type": "integer", "meta": { "hidden": true, "readonly": true },
        "schema": { "is_primary_key": true, "has_auto_increment": true },
    })
}

fn field(name: &str, kind: &str, schema: Value) -> Value {
    json!({ "field": name, "type": kind, "schema": schema, "meta": {} })
}

/// The row rule: one's own district, when reading and when creating.
fn permissions(role: &Value) -> Value {
    let own = json!({ "district": { "_eq": "$CURRENT_USER.district" } });
    json!([
        { "role": role, "collection": "tenancy", "action": "read", "fields": ["*"], "permissions": own },
        { "role": role, "collection": "tenancy", "action": "create", "fields": ["*"], "validation": own },
        { "role": role, "collection": "office", "action": "read", "fields": ["*"], "permissions": {} },
    ])
}

impl Dialect for Directus {
    fn log_in(&self, account: &str) -> Ask {
        Ask::post("/auth/login", json!({ "email": account, "password": PASSWORD }))
    }

    fn session(&self, answer: &Answer<'_>) -> anyhow::Result<Vec<String>> {
        let answer = answer.json(200)?;
        let token = answer["data"]["access_token"].as_str().context("no access token")?;
        Ok(vec![format!("authorization: Bearer {token}")])
    }

    fn create_office(&self, name: &str) -> Ask {
        Ask::post("/items/office", json!({ "name": name }))
    }

    fn create(&self, row: &Tenancy, office: &Value) -> Ask {
        Ask::post("/items/tenancy", row.to_json(json!(row.floor_area_text()), office))
    }

    fn read(&self, id: &str) -> Ask {
        let fields = if self.names { "?fields=*,office.name" } else { "" };
        Ask::get(format!("/items/tenancy/{id}{fields}"))
    }

    fn list(&self, listing: Listing<'_>) -> Ask {
        let (fields, office) = (LISTED.join(","), if self.names { "office.name" } else { "office" });
        let mut path = format!("/items/tenancy?fields={fields},{office}&sort=-signed_on&limit=20");
        for (field, value) in listing.filters() {
            path.push_str(&format!("&filter[{field}][_eq]={value}"));
        }
        Ask::get(path)
    }
}
