//! An entity nobody prepared for: a foreign form of 150 fields with conditional requirements is defined, published to
//! the running platform, imported with validation and queried, without a line of Rust.

use anju_store::{on_both_databases, testing::TestDatabase};
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use crate::support::{Client, Platform, Shapers, grant};

const ENTITY: &str = "logement.application";

/// The parts of a file that begin with `-- name --`.
fn parts(text: &str) -> Vec<&str> {
    text.split("-- ").filter_map(|part| part.split_once(" --\n")).map(|(_, text)| text).collect()
}

async fn publish(platform: &Platform) -> Shapers {
    // The form comes with a role.
    grant(platform, "何伟民", "platform.security_admin").await;
    let shapers = Shapers::of(platform).await;
    let mut texts = vec![include_str!("foreign/application.yaml"), include_str!("foreign/occupant.yaml")];
    texts.extend(parts(include_str!("foreign/dictionaries.txt")));
    texts.extend(parts(include_str!("foreign/others.txt")));
    for text in texts {
        shapers.draft(text).await.ok();
    }
    let preview = shapers.preview().await;
    assert_eq!(
        (preview["publishable"].clone(), preview["problems"].clone()),
        (json!(true), json!([])),
        "{preview}"
    );
    shapers.publish_all("引入法国社会住房申请表").await.ok();
    shapers
}

/// A faultless application, changed by `with`.
fn application(number: usize, with: Value) -> Value {
    let mut values = json!({
        "filed_on": "2026-02-27", "filing_kind": "first", "district": "310115", "is_already_tenant": false,
        "applicant_title": "ms", "applicant_family_name": format!("Martin{number}"), "applicant_given_name": "Camille",
        "applicant_born_on": "1988-04-12", "applicant_nationality": "french",
        "social_security_no": format!("28804{number:08}"), "applicant_phone": "+33 6 12 34 56 78", "family_situation": "single",
        "mail_street": "12 rue des Lilas", "mail_postcode": "69003", "mail_town": "Lyon", "has_partner": false,
        "adults_count": 1, "children_count": 1, "applicant_occupation": "permanent", "applicant_job": "infirmière",
        "applicant_employer": "Hospices civils", "taxable_income_n2": "21500.00", "tax_filed_in_france": true,
        "monthly_income": "1890.50", "dwelling_kind": "private", "dwelling_since": "2019-09-01", "dwelling_type": "t1",
        "dwelling_area": "28.40", "dwelling_rent": "640.00", "owns_elsewhere": false, "main_reason": "overcrowded",
        "wanted_type": "t3", "rent_most": "700.00", "wanted_town_1": "Lyon", "accepts_other_towns": true,
        "has_disability": false, "agrees_sharing": true, "declares_true": true, "signed_on": "2026-02-26",
    });
    for (name, value) in with.as_object().expect("an object") {
        values[name] = value.clone();
    }
    values
}

/// The city's supervisor, who registers these applications too.
async fn registrar(platform: &Platform) -> Client {
    grant(platform, "沈国平", "logement.registrar").await;
    platform.log_in("city").await
}

/// A workbook of applications under the template's own titles; each row takes the values of an application.
async fn workbook(client: &Client, rows: &[Value]) -> Vec<u8> {
    let entity = client.get(&format!("/api/definitions/entity/{ENTITY}")).await.ok();
    let fields = entity["fields"].as_object().expect("fields").clone();
    let mut dictionaries = serde_json::Map::new();
    for key in fields.values().filter_map(|field| field["dictionary"].as_str()) {
        let dictionary = client.get(&format!("/api/definitions/dictionary/{key}")).await.ok();
        let titles = dictionary["items"].as_array().expect("items").iter();
        let titles =
            titles.map(|item| (item["code"].as_str().unwrap_or_default().to_owned(), item["title"].clone()));
        dictionaries.insert(key.to_owned(), Value::Object(titles.collect()));
    }
    let used: Vec<(&String, &Value)> =
        fields.iter().filter(|(name, _)| rows.iter().any(|row| row.get(*name).is_some())).collect();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("社会住房申请（法国 Cerfa 14069）").expect("a name");
    sheet.write_string(0, 0, "序号").expect("a cell");
    for (column, (_, field)) in used.iter().enumerate() {
        sheet
            .write_string(0, column as u16 + 1, field["title"].as_str().unwrap_or_default())
            .expect("a cell");
    }
    for (row, values) in rows.iter().enumerate() {
        sheet.write_string(row as u32 + 1, 0, (row + 1).to_string()).expect("a cell");
        for (column, (name, field)) in used.iter().enumerate() {
            let text = match &values[name.as_str()] {
                Value::Null => continue,
                Value::Bool(value) => (if *value { "是" } else { "否" }).to_owned(),
                Value::String(code) => {
                    let titles = field["dictionary"].as_str().map(|key| &dictionaries[key]);
                    let title = titles.and_then(|titles| titles[code.as_str()].as_str());
                    title.unwrap_or(code).to_owned()
                }
                other => other.to_string(),
            };
            sheet.write_string(row as u32 + 1, column as u16 + 1, text).expect("a cell");
        }
    }
    book.save_to_buffer().expect("a workbook")
}

async fn a_form_of_150_fields_is_published_imported_and_queried_without_code(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = publish(&platform).await;
    let client = registrar(&platform).await;
    let entity = client.get(&format!("/api/definitions/entity/{ENTITY}")).await.ok();
    assert_eq!(entity["fields"].as_object().map(|fields| fields.len()), Some(150));
    let menus = client.get("/api/session").await.ok()["menus"].clone();
    assert!(menus.as_array().expect("menus").iter().any(|menu| menu["title"] == "社会住房"), "{menus}");

    // Entered by hand: requirements follow what was answered, all at once.
    let path = format!("/api/records/{ENTITY}");
    let refused = client
        .post(&path, application(0, json!({
            "filing_kind": "renewal", "has_partner": true, "applicant_nationality": "other", "dwelling_kind": "hosted",
            "main_reason": "notice", "has_disability": true, "rent_most": "9000", "social_security_no": "99", "monthly_income": null,
        })))
        .await;
    let mut missing: Vec<String> = refused.body["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|e| {
            format!("{} {}", e["field"].as_str().unwrap_or_default(), e["code"].as_str().unwrap_or_default())
        })
        .collect();
    missing.sort();
    assert_eq!(
        missing,
        [
            "disability_kind required",
            "host_link required",
            "host_name required",
            "monthly_income required",
            "notice_ends_on required",
            "notice_received_on required",
            "partner_born_on required",
            "partner_family_name required",
            "partner_given_name required",
            "partner_link required",
            "partner_lives_together required",
            "partner_nationality required",
            "partner_occupation required",
            "previous_filed_on required",
            "previous_no required",
            "residence_title_no required",
            "residence_title_until required",
            "social_security_no length",
            "uses_wheelchair required",
        ]
    );
    let with_children = application(
        1,
        json!({ "occupants": [{ "name": "Léa Martin", "born_on": "2017-05-03", "link": "child" }] }),
    );
    let created = client.post(&path, with_children).await.ok();
    assert_eq!(
        (created["demand_no"].clone(), created["occupants"][0]["name"].clone()),
        (json!("2026310115000001"), json!("Léa Martin"))
    );
    assert_eq!(created["social_security_no"], "****");

    // Imported: good and bad rows.
    let towns = ["Lyon", "Villeurbanne", "Bron"];
    let row = |number: usize| {
        let (town, kind) = (towns[number % 3], ["t2", "t3"][number % 2]);
        let income = format!("{}.50", 1000 + number);
        application(number, json!({ "wanted_town_1": town, "wanted_type": kind, "monthly_income": income }))
    };
    let mut rows: Vec<Value> = (2..62).map(row).collect();
    rows[4]["mail_postcode"] = json!("6900");
    rows[9] = application(11, json!({ "filing_kind": "renewal" }));
    rows[20]["main_reason"] = json!("没有这个理由");
    rows[30]["rent_most"] = json!("5000.00");
    rows[40]["applicant_born_on"] = json!("2031-01-01");
    let bytes = workbook(&client, &rows).await;
    let import = async |options: &str| {
        let job =
            client.upload(&format!("{path}/import?{options}"), "demandes.xlsx", bytes.clone()).await.ok();
        platform.settle().await;
        let job = client.get(&format!("/api/jobs/{}", job["job"].as_str().expect("a job"))).await.ok();
        assert_eq!(job["state"], "done", "{job}");
        job["result"].clone()
    };
    let tried = import("dry_run=true").await;
    assert_eq!(
        (tried["rows"].clone(), tried["faulty"].clone(), tried["created"].clone()),
        (json!(60), json!(5), json!(0)),
        "{tried}"
    );
    let told: Vec<String> = tried["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|e| format!("{} {}", e["row"], e["field"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(
        told,
        [
            "6 mail_postcode",
            "11 previous_no",
            "11 previous_filed_on",
            "22 main_reason",
            "32 rent_most",
            "42 applicant_born_on"
        ]
    );
    let done = import("mode=skip_faulty").await;
    assert_eq!(done["created"], 55, "{done}");

    // Queried and counted.
    let well_off = json!({ "and": [{ "field": "wanted_town_1", "op": "eq", "value": "Bron" }, { "field": "monthly_income", "op": "gt", "value": "1040" }] });
    let found = client.find(ENTITY, well_off).await;
    assert!(!found.is_empty() && found.iter().all(|row| row["wanted_town_1"] == "Bron"));
    let by_number = client
        .find(ENTITY, json!({ "field": "social_security_no", "op": "eq", "value": "2880400000001" }))
        .await;
    assert_eq!(by_number.len(), 1, "found by blind index");
    let figures = json!({
        "group_by": [{ "field": "wanted_type" }],
        "measures": [{ "op": "count", "as": "count" }, { "op": "avg", "field": "monthly_income", "as": "income" }, { "op": "sum", "field": "children_count", "as": "children" }],
    });
    let figures = client.post(&format!("{path}/aggregate"), figures).await.ok();
    let total: i64 =
        figures["rows"].as_array().expect("rows").iter().filter_map(|row| row["count"].as_i64()).sum();
    assert_eq!((total, figures["rows"].as_array().map(Vec::len)), (56, Some(2)));
    let template = client.get(&format!("{path}/import-template")).await;
    assert!(template.status.is_success());

    // The form lives on: a field more, one wider, and nothing is lost.
    let grown = include_str!("foreign/application.yaml")
        .replace("mail_town: { title: 城镇, type: text, length_max: 80,", "mail_town: { title: 城镇, type: text, length_max: 120,")
        .replace("  # 三、共同申请人\n", "  mail_country: { title: 国家, type: text, required: true, default: 法国, number: B24, group: 申请人 }\n");
    shapers.publish(&[&grown]).await;
    let rows = client.find(ENTITY, json!({ "and": [] })).await;
    assert!(rows.len() == 56 && rows.iter().all(|row| row["mail_country"] == "法国"));
}

on_both_databases!(a_form_of_150_fields_is_published_imported_and_queried_without_code);
