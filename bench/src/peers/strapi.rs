//! Strapi: a project with the entity and a route middleware as row rule (`bench/peers/strapi`).

use anju_bench::{
    client::Answer,
    server::{Server, free_address},
};
use anyhow::Context;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    dialect::{Ask, Dialect, Listing, Shape},
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
    Ok(System {
        name: "strapi",
        version: npm_version(&folder, "@strapi/strapi")?,
        dialect: Box::new(Strapi { names: place.names }),
        shape: Shape {
            created: 201,
            record: "/data",
            rows: "/data",
            id: "/documentId",
            office_name: "/office/name",
        },
        server,
        city: CITY,
        clerk: CLERK,
        table: "tenancies",
        // It looks for a unique value without any index.
        indexes_missing: &["number", "district", "district, state, signed_on"],
    })
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
    fn log_in(&self, account: &str) -> Ask {
        Ask::post("/api/auth/local", json!({ "identifier": account, "password": PASSWORD }))
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
}
