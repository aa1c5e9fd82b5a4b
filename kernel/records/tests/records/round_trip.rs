//! Exporting records and importing them again by their key changes nothing, whatever is in them.

use anju_records::{
    ExportCell, ExportRequest, ImportCell, ImportOptions, ImportRow, ImportSheet, ImportWrite, Object,
};
use anju_store::testing::TestDatabase;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::*;

/// As a spreadsheet program would show the cell, and a person would leave it.
fn typed(cell: ExportCell) -> ImportCell {
    ImportCell::Text(match cell {
        ExportCell::Empty => String::new(),
        ExportCell::Text(text) | ExportCell::Number(text) => text,
        ExportCell::Date(date) => date.to_string(),
        ExportCell::Instant(at) => at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    })
}

async fn exported(bureau: &Bureau) -> (ImportSheet, Vec<ImportRow>) {
    let actor = city();
    let mut export = bureau.records.begin_export(&actor, CASE, &ExportRequest::default()).unwrap();
    let header = export.columns().map(|column| column.title.clone()).collect();
    let mut rows = Vec::new();
    loop {
        let page = bureau.records.export_page(&actor, &mut export).await.unwrap();
        if page.is_empty() {
            return (ImportSheet { name: "案件".to_owned(), header, has_rows: true }, rows);
        }
        for row in page {
            let cells = row.into_iter().map(typed).collect();
            rows.push(ImportRow { number: rows.len() as u32 + 2, cells, children: Vec::new() });
        }
    }
}

async fn everything(bureau: &Bureau) -> Vec<Object> {
    let query = json!({ "sort": [{ "field": "id" }], "page": { "size": 500 } });
    bureau.list(&system(), query).await.unwrap().items.into_iter().map(|record| record.values).collect()
}

async fn nothing_changes(cases: Vec<Value>) {
    let bureau = bureau(TestDatabase::sqlite().await).await;
    let operator = bureau.organisation("org-b").await;
    let project = object(json!({ "code": "P-1", "district": "310115", "operator": operator }));
    let project = bureau.create(&system(), "bureau.project", project).await.unwrap();
    for (number, with) in cases.into_iter().enumerate() {
        let mut input = case(json!({ "id_type": "passport", "id_no": format!("E{number:08}") }));
        input.extend(object(with));
        for (field, id) in [("operator", &operator), ("project", &project.id)] {
            if input.get(field) == Some(&json!(true)) {
                input.insert(field.to_owned(), json!(id));
            }
        }
        bureau.create(&system(), CASE, input).await.unwrap();
    }
    let before = everything(&bureau).await;
    let (sheet, rows) = exported(&bureau).await;
    let options = ImportOptions { write: ImportWrite::Upsert, ..ImportOptions::default() };
    let mut importer = bureau.records.begin_import(&city(), CASE, options, &[sheet]).unwrap();
    let judged = bureau.records.judge_import(&mut importer, &rows).await.unwrap();
    assert_eq!(judged.errors, []);
    assert_eq!((judged.unchanged, judged.ready_len()), (rows.len(), 0));
    let mut tx = bureau.records.store().begin().await.unwrap();
    bureau.records.write_import(&mut tx, importer.setup(), judged, None).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(everything(&bureau).await, before);
}

/// A text as a record may hold it: trimmed, without invisible characters.
fn a_text(lines: bool) -> BoxedStrategy<Option<String>> {
    let characters = if lines { "[ \n'\"=+@,;＝安居a0-]{1,12}" } else { "[ '\"=+@,;＝安居a0-]{1,12}" };
    let texts = prop_oneof![3 => characters.prop_map(String::from), 1 => "\\PC{1,12}".prop_map(String::from)];
    let kept = texts.prop_map(|text| text.trim().to_owned());
    prop::option::of(kept.prop_filter("not blank", |text| !text.is_empty())).boxed()
}

fn a_random_case() -> impl Strategy<Value = Value> {
    let texts = (a_text(true), a_text(false), prop::option::of("沪[A-Z][A-Z0-9]{5}"));
    let numbers = (
        prop::option::of(0i64..=10_000_000),
        prop::option::of((4_500i64..=50_000).prop_map(|area| format!("{}.{:02}", area / 100, area % 100))),
        prop::option::of(1i64..=9),
        prop::option::of(0i64..1_000_000),
    );
    let times = (prop::option::of(0i64..20_000), prop::option::of(0i64..1_700_000_000_000));
    let choices = (
        prop::option::of(any::<bool>()),
        prop::sample::subsequence(vec!["veteran", "disabled"], 0..=2),
        prop::option::of(Just("310115004")),
        any::<(bool, bool)>(),
    );
    (texts, numbers, times, choices).prop_map(
        |((remark, reason, plate), (deposit, area, rooms, income), (day, at), (urgent, tags, street, points))| {
            let born = day.map(|days| {
                let first = jiff::civil::date(1950, 1, 1);
                first.checked_add(jiff::Span::new().days(days)).expect("a day").to_string()
            });
            let at = at.map(|ms| jiff::Timestamp::from_millisecond(ms).expect("an instant").to_string());
            json!({
                "remark": remark, "reason": if urgent == Some(true) { reason.or(Some("急".to_owned())) } else { reason },
                "plate": plate, "deposit": deposit, "area": area, "rooms": rooms, "income": income, "born_on": born,
                "applied_at": at, "urgent": urgent, "tags": if tags.is_empty() { Value::Null } else { json!(tags) },
                "subdistrict": street, "operator": if points.0 { json!(true) } else { Value::Null },
                "project": if points.1 { json!(true) } else { Value::Null },
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_was_exported_changes_nothing_when_it_is_imported(cases in prop::collection::vec(a_random_case(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(nothing_changes(cases));
    }
}

#[test]
fn texts_that_look_like_formulas_come_back_unchanged() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let cases =
        ["=1+1", "'=1", "-2", "＝x", "@a", "+86"].map(|text| json!({ "remark": text, "reason": text }));
    runtime.block_on(nothing_changes(cases.to_vec()));
}
