//! The platform itself: its own program, the entity published to it while it runs.

use std::{path::Path, sync::Arc};

use anju::demo::directory;
use anju_bench::{
    client::{Answer, Connection},
    server::{PLATFORM_READY, Server, free_address},
    session,
};
use anju_calendar::SystemClock;
use anju_crypto::OsRandom;
use anju_runtime::{Runtime, Settings, StartUp, records::Actor};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    dialect::{Ask, Dialect, Listing, Shape},
    system::{Place, System, ask},
    tenancy::{LISTED, PAGE, Tenancy},
};

/// Enough for credentials that live for minutes; logging in is not what is measured.
const PASSWORD_ROUNDS: u32 = 1_000;
/// The clerk's account of the demonstration: works in the first of the districts.
const CLERK: &str = "pudong-district";
const CITY: &str = "city";
const DEFINITIONS: [(&str, &str); 5] = [
    ("dictionary/site.tenancy_state", include_str!("../../peers/anju/state.yaml")),
    ("entity/site.office", include_str!("../../peers/anju/office.yaml")),
    ("entity/site.tenancy", include_str!("../../peers/anju/tenancy.yaml")),
    ("role/site.tenancy_clerk", include_str!("../../peers/anju/clerk.yaml")),
    ("role/site.tenancy_supervisor", include_str!("../../peers/anju/supervisor.yaml")),
];

pub struct Anju;

/// Starts the program on an empty database and publishes the entity and two roles to it.
pub async fn start(place: &Place, program: &Path) -> anyhow::Result<System> {
    let data = place.folder.join("anju");
    let url = place.database_url("anju");
    people(&data, &url).await?;
    let address = free_address()?;
    let mut command = Command::new(program);
    command.arg("serve").args(["--listen", &address.to_string(), "--database", &url]);
    command.arg("--data").arg(&data).args(["--web", "none"]);
    let server = Server::start(command, address, &place.log("anju"), PLATFORM_READY).await?;
    let system = System {
        name: "anju",
        version: env!("CARGO_PKG_VERSION").to_owned(),
        dialect: Box::new(Anju),
        shape: Shape { created: 201, record: "", rows: "/items", id: "/id", office_name: "/$refs/office" },
        server,
        city: CITY,
        clerk: CLERK,
        table: "site_tenancy",
        indexes_missing: &[],
    };
    let mut connection = Connection::open(address).await?;
    let designer = system.session("designer").await?;
    for (name, text) in DEFINITIONS {
        let path = format!("/api/definitions/drafts/{name}");
        let draft = Ask { method: "PUT", path, body: Some(json!({ "text": text })) };
        ask(&mut connection, &draft, &designer).await?;
    }
    let publisher = system.session("publisher").await?;
    let publish = Ask::post("/api/definitions/publish", json!({ "reason": "tenancies to be measured" }));
    ask(&mut connection, &publish, &publisher).await?;
    for (account, role) in [(CLERK, "site.tenancy_clerk"), (CITY, "site.tenancy_supervisor")] {
        grant(&mut connection, &publisher, account, role).await?;
    }
    Ok(system)
}

/// Organisations and people of the demonstration, without cases; the publisher may grant roles.
async fn people(data: &Path, url: &str) -> anyhow::Result<()> {
    std::fs::create_dir_all(data)?;
    let settings = Settings {
        database_url: url.to_owned(),
        password_rounds: PASSWORD_ROUNDS,
        ..Settings::embedded(data)
    };
    let start_up = StartUp {
        apps: anju::apps(),
        clock: Arc::new(SystemClock),
        randomness: Arc::new(OsRandom),
        upgrades: true,
    };
    let runtime = Runtime::start(settings, start_up).await?;
    let staff = directory::create(&runtime).await?;
    let post = staff.actor("publisher")?.post.as_ref().context("the publisher has no post")?;
    let change = json!({ "roles": ["platform.publisher", "platform.security_admin"] });
    let change = change.as_object().cloned().context("an object")?;
    let mut tx = runtime.store.begin().await?;
    runtime
        .records
        .patch(&mut tx, &Actor::system("bench"), "platform.post", &post.id, None, change, None)
        .await?;
    tx.commit().await?;
    runtime.store.close().await;
    Ok(())
}

async fn grant(
    connection: &mut Connection,
    publisher: &[String],
    account: &str,
    role: &str,
) -> anyhow::Result<()> {
    let of_account = json!({
        "where": { "field": "account.account", "op": "eq", "value": account }, "page": { "size": 2 },
    });
    let posts =
        ask(connection, &Ask::post("/api/records/platform.post/query", of_account), publisher).await?;
    ensure!(posts["items"].as_array().is_some_and(|posts| posts.len() == 1), "{account}: {posts}");
    let post = &posts["items"][0];
    let mut roles = post["roles"].as_array().cloned().unwrap_or_default();
    roles.push(json!(role));
    let path = format!("/api/records/platform.post/{}", post["id"].as_str().context("no id")?);
    let change = Ask { method: "PATCH", path, body: Some(json!({ "roles": roles })) };
    let headers = [publisher, &[format!("if-match: {}", post["version"])]].concat();
    ask(connection, &change, &headers).await?;
    Ok(())
}

impl Dialect for Anju {
    fn log_in(&self, account: &str) -> Ask {
        Ask::post(session::PATH, session::credentials(account))
    }

    fn session(&self, answer: &Answer<'_>) -> anyhow::Result<Vec<String>> {
        session::headers(answer)
    }

    fn create_office(&self, name: &str) -> Ask {
        Ask::post("/api/records/site.office", json!({ "name": name }))
    }

    fn create(&self, row: &Tenancy, office: &Value) -> Ask {
        Ask::post("/api/records/site.tenancy", row.to_json(json!(row.floor_area_text()), office))
    }

    fn read(&self, id: &str) -> Ask {
        Ask::get(format!("/api/records/site.tenancy/{id}"))
    }

    fn list(&self, listing: Listing<'_>) -> Ask {
        let tests: Vec<Value> = listing
            .filters()
            .map(|(field, value)| json!({ "field": field, "op": "eq", "value": value }))
            .collect();
        let select: Vec<&str> = LISTED.into_iter().chain(["office"]).collect();
        let mut query = json!({
            "select": select,
            "sort": [{ "field": "signed_on", "dir": "desc" }],
            "page": { "size": PAGE },
        });
        if !tests.is_empty() {
            query["where"] = json!({ "and": tests });
        }
        Ask::post("/api/records/site.tenancy/query", query)
    }
}
