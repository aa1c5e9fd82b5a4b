//! Strapi: a project with the entity and a route middleware as row rule (`bench/peers/strapi`).

use anju_bench::client::Answer;
use anyhow::Context;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    dialect::{Ask, Dialect, Listing},
    server::{Server, free_address},
    system::{CITY, CLERK, PASSWORD, Place, System, npm_version},
    tenancy::{LISTED, OWN, PAGE, Tenancy},
};

/// What asks for the name of the office.
const OFFICE: &str = "populate[office][fields][0]=name";

pub struct Strapi {
    /// Whether answers name the office, which they do only when asked.
    pub names: bool,
}

/// Starts it on an empty database; the project makes its people itself.
pub async fn start(place: &Place) -> anyhow::Result<System> {
    let folder = place.folder.join("strapi");
    let address = free_address()?;
    let mut command = Command::new("node");
    command.current_dir(&folder).args(["node_modules/@strapi/strapi/bin/strapi.js", "start"]).envs([
        ("NODE_ENV", "production".to_owned()),
        ("HOST", address.ip().to_string()),
        ("PORT", address.port().to_string()),
        ("DATABASE_URL", place.database_url("strapi")),
        ("APP_KEYS", "key-of-the-benchmark,another-key".to_owned()),
        ("API_TOKEN_SALT", "salt-of-the-benchmark".to_owned()),
        ("TRANSFER_TOKEN_SALT", "salt-of-the-benchmark".to_owned()),
        ("ADMIN_JWT_SECRET", "secret-of-the-benchmark".to_owned()),
        ("JWT_SECRET", "secret-of-the-benchmark".to_owned()),
        ("ENCRYPTION_KEY", "0123456789abcdef0123456789abcdef".to_owned()),
        // Reports to its makers have no place in a measurement.
        ("STRAPI_TELEMETRY_DISABLED", "true".to_owned()),
        ("PEER_PEOPLE", people().to_string()),
    ]);
    let server = Server::start(command, address, &place.log("strapi"), "/_health").await?;
    let version = npm_version(&folder, "@strapi/strapi")?;
    Ok(System::new("strapi", version, dialect(place.names), server, CITY, CLERK, "tenancies"))
}

fn dialect(names: bool) -> &'static Strapi {
    if names { &Strapi { names: true } } else { &Strapi { names: false } }
}

fn people() -> Value {
    let tenancy = ["find", "findOne", "create"].map(|action| format!("api::tenancy.tenancy.{action}"));
    let reading = ["api::office.office.find", "api::office.office.findOne"].map(str::to_owned);
    let clerk = [&tenancy[..], &reading].concat();
    let city = [&clerk[..], &["api::office.office.create".to_owned()]].concat();
    json!({
        "clerk": { "email": CLERK, "password": PASSWORD, "district": OWN, "actions": clerk },
        "city": { "email": CITY, "password": PASSWORD, "district": null, "actions": city },
    })
}

impl Dialect for Strapi {
    fn indexes_missing(&self) -> &'static [&'static str] {
        // It looks for a unique value without any index.
        &["number", "district", "district, state, signed_on"]
    }

    fn log_in(&self, account: &str, password: &str) -> Ask {
        Ask::post("/api/auth/local", json!({ "identifier": account, "password": password }))
    }

    fn session(&self, answer: &Answer<'_>) -> anyhow::Result<Vec<String>> {
        let answer = answer.json(200)?;
        let token = answer["jwt"].as_str().context("no token")?;
        Ok(vec![format!("authorization: Bearer {token}")])
    }

    fn create_office(&self, name: &str) -> Ask {
        Ask::post("/api/offices", json!({ "data": { "name": name } }))
    }

    fn create(&self, row: &Tenancy, office: &Value) -> Ask {
        let area = row.floor_area as f64 / 100.0;
        Ask::post("/api/tenancies", json!({ "data": row.to_json(json!(area), office) }))
    }

    fn read(&self, id: &str) -> Ask {
        let office = if self.names { format!("?{OFFICE}") } else { String::new() };
        Ask::get(format!("/api/tenancies/{id}{office}"))
    }

    fn list(&self, listing: Listing<'_>) -> Ask {
        let mut path = format!(
            "/api/tenancies?sort=signed_on:desc&pagination[page]=1&pagination[pageSize]={PAGE}\
             &pagination[withCount]=false"
        );
        if self.names {
            path.push_str(&format!("&{OFFICE}"));
        }
        for (at, field) in LISTED.iter().enumerate() {
            path.push_str(&format!("&fields[{at}]={field}"));
        }
        for (field, value) in listing.filters() {
            path.push_str(&format!("&filters[{field}][$eq]={value}"));
        }
        Ask::get(path)
    }

    fn created_status(&self) -> u16 {
        201
    }

    fn record<'a>(&self, answer: &'a Value) -> &'a Value {
        &answer["data"]
    }

    fn rows<'a>(&self, answer: &'a Value) -> &'a Value {
        &answer["data"]
    }

    fn id<'a>(&self, record: &'a Value) -> &'a Value {
        &record["documentId"]
    }

    fn office_name<'a>(&self, record: &'a Value) -> &'a Value {
        &record["office"]["name"]
    }
}
