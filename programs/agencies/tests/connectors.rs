//! The connectors that the applications ship understand the sandbox: every operation, many people.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anju_calendar::SystemClock;
use anju_connectors::{Connectors, Object};
use anju_crypto::Keyring;
use anju_definitions::{Source, load};
use anju_store::{Store, StoreConfig};
use arc_swap::ArcSwap;
use serde_json::{Value, json};

const PEOPLE: usize = 60;

fn shipped() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps");
    let mut sources = Vec::new();
    for app in ["eligibility", "platform"] {
        let folder = root.join(app).join("definitions/connectors");
        for entry in std::fs::read_dir(folder).expect("the connectors' folder") {
            let entry = entry.expect("a file");
            let name = entry.file_name().into_string().expect("a name in ASCII");
            let text = std::fs::read_to_string(entry.path()).expect("a readable file");
            sources.push(Source { path: format!("apps/{app}/definitions/connectors/{name}"), text });
        }
    }
    sources
}

/// Valid identity numbers, found by trying check characters.
fn people() -> impl Iterator<Item = Object> {
    (0..PEOPLE).map(|number| {
        let digits = format!("310115{}0{}1{}{:03}", 1950 + number, 1 + number % 9, number % 9, number * 7);
        let id_no = ('0'..='9')
            .chain(['X'])
            .map(|check| format!("{digits}{check}"))
            .find(|id_no| anju_agencies::is_valid_id_number(id_no));
        object([("id_no", json!(id_no.expect("one check character fits"))), ("name", json!("张三"))])
    })
}

fn object<const N: usize>(pairs: [(&str, Value); N]) -> Object {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[tokio::test]
async fn every_shipped_operation_is_understood() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let options =
        anju_agencies::Options { day: std::time::Duration::ZERO, ..anju_agencies::Options::default() };
    tokio::spawn(async move { anju_agencies::serve(listener, options).await });

    let (catalog, problems) = load(&shipped());
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(anju_connectors::check(&catalog), []);
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let store =
        Store::open(&StoreConfig::new(url, folder.path().join("files"), anju_store::RowKey::for_tests(1)))
            .await
            .expect("a store");
    store.sync_schema(&anju_connectors::tables()).await.expect("tables");
    let endpoints = BTreeMap::from([("agencies".to_owned(), base)]);
    let keyring = Arc::new(Keyring::for_tests(1));
    let catalog = Arc::new(ArcSwap::from_pointee(catalog));
    let connectors =
        Connectors::new(store, catalog, endpoints, Arc::new(SystemClock), keyring).expect("connectors");

    let mut key = 0;
    let mut call = async |operation: &str, values: &Object| {
        key += 1;
        let answer = connectors.call(operation, values, &key.to_string()).await;
        answer.unwrap_or_else(|error| panic!("{operation} {values:?}: {error}"))
    };
    for person in people() {
        call("eligibility.registry.check_now", &person).await;
        call("eligibility.public_housing.check", &person).await;
        call("eligibility.marriage.query", &person).await;
        call("eligibility.social_insurance.query", &person).await;
        for agency in ["registry", "public_housing"] {
            let accepted = call(&format!("eligibility.{agency}.submit_batch"), &person).await;
            let receipt = object([("receipt", accepted["data"]["receipt"].clone())]);
            let done = call(&format!("eligibility.{agency}.fetch_batch"), &receipt).await;
            assert_eq!(done["data"]["results"][0]["id_no"], person["id_no"]);
        }
    }
    let sent =
        call("platform.sms.send", &object([("phone", json!("13800000001")), ("text", json!("您好"))])).await;
    let receipt = object([("receipt", sent["data"]["id"].clone())]);
    assert_eq!(call("platform.sms.track", &receipt).await["data"]["id"], receipt["receipt"]);
    assert_eq!(call("platform.sms.delivery", &receipt).await["data"]["state"], "已送达");
}
