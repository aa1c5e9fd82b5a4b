//! Importing records that are there: found by their key, changed, left alone.

use anju_records::{BlankCells, ImportCounts, ImportFailure, ImportOptions, ImportWrite, Record};
use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::fixture::*;
use crate::import::{begin, book, import};

on_both_databases!(
    records_are_found_by_their_key_and_changed,
    equal_rows_change_nothing,
    unknown_keys_are_new_records_only_where_that_is_wanted,
    an_empty_cell_keeps_or_clears,
    what_may_not_be_changed_is_told,
    columns_that_cannot_be_written_are_left_aside,
    nobody_changes_records_of_others_by_import,
    a_record_changed_in_the_meantime_is_refused,
);

async fn cases(bureau: &Bureau) -> Vec<Record> {
    let mut cases = vec![bureau.a_case(json!({ "deposit": 100, "remark": "原备注" })).await];
    cases.push(bureau.a_case(json!({ "name": "李四", "id_no": OTHER_ID_NO, "deposit": 200 })).await);
    cases
}

fn number(record: &Record) -> &str {
    record.text("case_no").unwrap()
}

async fn read(bureau: &Bureau, record: &Record) -> Record {
    bureau.records.read(&system(), CASE, &record.id).await.unwrap()
}

async fn records_are_found_by_their_key_and_changed(db: TestDatabase) {
    let bureau = bureau(db).await;
    let cases = cases(&bureau).await;
    let book = book(
        &["编号", "押金（元）", "备注"],
        &[&[number(&cases[0]), "5.00", "新备注"], &[number(&cases[1]), "2.00", "另一个"]],
    );
    let (counts, unchanged, errors) = import(&bureau, &book, ImportWrite::Update).await.unwrap();
    assert_eq!((counts, unchanged, errors), (ImportCounts { created: 0, updated: 2 }, 0, vec![]));
    let first = read(&bureau, &cases[0]).await;
    assert_eq!((first.get("deposit"), first.text("remark")), (&json!(500), Some("新备注")));
    assert_eq!((first.version, first.text("id_no")), (2, Some(ID_NO)));
    let second = read(&bureau, &cases[1]).await;
    assert_eq!((second.get("deposit"), second.text("remark")), (&json!(200), Some("另一个")));
    let history = bureau.records.history(&city(), CASE, &cases[1].id).await.unwrap();
    let fields: Vec<&str> = history[0].changes.iter().map(|change| change.field.as_str()).collect();
    assert_eq!((history[0].action.as_str(), fields), ("updated", vec!["remark"]));
}

async fn equal_rows_change_nothing(db: TestDatabase) {
    let bureau = bureau(db).await;
    let cases = cases(&bureau).await;
    let events = bureau.records.store().pending_events(100).await.unwrap().len();
    let book = book(
        &["编号", "姓名", "证件号码", "押金（元）", "备注"],
        &[
            &[number(&cases[0]), "张三", "110***********002X", "1", "原备注"],
            &[number(&cases[1]), "李四", "", "2.00", ""],
        ],
    );
    let (counts, unchanged, errors) = import(&bureau, &book, ImportWrite::Update).await.unwrap();
    assert_eq!((counts, unchanged, errors), (ImportCounts::default(), 2, vec![]));
    assert_eq!(read(&bureau, &cases[0]).await.version, 1);
    assert_eq!(bureau.records.store().pending_events(100).await.unwrap().len(), events);
}

async fn unknown_keys_are_new_records_only_where_that_is_wanted(db: TestDatabase) {
    let bureau = bureau(db).await;
    let cases = cases(&bureau).await;
    let rows: &[&[&str]] = &[
        &[number(&cases[0]), "张三", ID_NO, "浦东新区"],
        &["", "新人", "310115199001011240", "浦东新区"],
        &["不存在", "旧人", "", "浦东新区"],
    ];
    let book = crate::import::book(&["编号", "姓名", "证件号码", "区"], rows);
    let told = |errors: Vec<anju_records::ImportError>| -> Vec<(u32, String)> {
        errors.into_iter().map(|error| (error.row, error.message)).collect()
    };
    let (counts, unchanged, errors) = import(&bureau, &book, ImportWrite::Update).await.unwrap();
    assert_eq!((counts, unchanged), (ImportCounts::default(), 1));
    let mut errors = told(errors);
    errors.retain(|(_, message)| message.contains("编号"));
    assert_eq!(
        errors,
        [(3, "请填写编号".to_owned()), (4, "没有编号为“不存在”的案件，或无权修改".to_owned())]
    );
    let rows: &[&[&str]] =
        &[&[number(&cases[0]), "改名", "", "", ""], &["", "新人", "护照", "E12345678", "浦东新区"]];
    let book = crate::import::book(&["编号", "姓名", "证件类型", "证件号码", "区"], rows);
    let (counts, _, errors) = import(&bureau, &book, ImportWrite::Upsert).await.unwrap();
    assert_eq!((counts, errors), (ImportCounts { created: 1, updated: 1 }, vec![]));
    assert_eq!(read(&bureau, &cases[0]).await.text("name"), Some("改名"));
}

async fn an_empty_cell_keeps_or_clears(db: TestDatabase) {
    let bureau = bureau(db).await;
    let cases = cases(&bureau).await;
    let book = book(&["编号", "备注"], &[&[number(&cases[0]), ""]]);
    let (_, unchanged, _) = import(&bureau, &book, ImportWrite::Update).await.unwrap();
    assert_eq!((unchanged, read(&bureau, &cases[0]).await.text("remark")), (1, Some("原备注")));
    let options = ImportOptions { write: ImportWrite::Update, blanks: BlankCells::Clear };
    let mut importer = bureau.records.begin_import(&city(), CASE, options, &book.sheets).unwrap();
    let judged = bureau.records.judge_import(&mut importer, &book.rows).await.unwrap();
    let mut tx = bureau.records.store().begin().await.unwrap();
    bureau.records.write_import(&mut tx, importer.setup(), judged, None).await.unwrap();
    tx.commit().await.unwrap();
    let cleared = read(&bureau, &cases[0]).await;
    assert_eq!((cleared.get("remark"), cleared.text("name")), (&Value::Null, Some("张三")));
}

async fn what_may_not_be_changed_is_told(db: TestDatabase) {
    let bureau = bureau(db).await;
    let cases = cases(&bureau).await;
    let with_origin =
        bureau.a_case(json!({ "id_type": "passport", "id_no": "E1234567", "origin": "窗口" })).await;
    let book = book(
        &["编号", "状态", "来源", "押金（元）"],
        &[
            &[number(&cases[0]), "已批准", "", ""],
            &[number(&with_origin), "", "网上", ""],
            &[number(&cases[1]), "", "", "-1"],
        ],
    );
    let (counts, _, errors) = import(&bureau, &book, ImportWrite::Update).await.unwrap();
    assert_eq!(counts, ImportCounts::default());
    let columns: Vec<(u32, &str)> = errors.iter().map(|error| (error.row, error.column.as_str())).collect();
    assert_eq!(columns, [(2, "状态"), (3, "来源"), (4, "押金（元）")]);
    assert!(errors[1].message.contains("创建后不能修改"));
}

async fn columns_that_cannot_be_written_are_left_aside(db: TestDatabase) {
    let bureau = bureau(db).await;
    let cases = cases(&bureau).await;
    let row: &[&str] = &[number(&cases[0]), "99", "新备注"];
    let update = book(&["编号", "评分", "备注"], &[row]);
    let importer = begin(&bureau, &update, ImportWrite::Update).await.unwrap();
    assert_eq!(importer.setup().ignored_columns(), ["编号", "评分"]);
    import(&bureau, &update, ImportWrite::Update).await.unwrap();
    let changed = read(&bureau, &cases[0]).await;
    assert_eq!((changed.text("remark"), changed.get("score")), (Some("新备注"), &Value::Null));
    let without_key = book(&["备注"], &[&["x"]]);
    let refused = begin(&bureau, &without_key, ImportWrite::Update).await.err().unwrap();
    assert_eq!(faults(refused)[0].message, "工作表“案件”缺少列：编号");
    let unknown = book(&["编号", "胡写"], &[&["x", "y"]]);
    assert!(begin(&bureau, &unknown, ImportWrite::Update).await.is_err());
}

async fn nobody_changes_records_of_others_by_import(db: TestDatabase) {
    let bureau = bureau(db).await;
    let cases = cases(&bureau).await;
    let book = book(&["编号", "备注"], &[&[number(&cases[0]), "越权"]]);
    let options = ImportOptions { write: ImportWrite::Update, ..ImportOptions::default() };
    let mut importer = bureau.records.begin_import(&huangpu(), CASE, options, &book.sheets).unwrap();
    let judged = bureau.records.judge_import(&mut importer, &book.rows).await.unwrap();
    assert_eq!((judged.ready_len(), judged.errors.len()), (0, 1));
    assert!(judged.errors[0].message.contains("无权修改"));
}

async fn a_record_changed_in_the_meantime_is_refused(db: TestDatabase) {
    let bureau = bureau(db).await;
    let cases = cases(&bureau).await;
    let book = book(&["编号", "备注"], &[&[number(&cases[0]), "晚了"], &[number(&cases[1]), "晚了"]]);
    let mut importer = begin(&bureau, &book, ImportWrite::Update).await.unwrap();
    let judged = bureau.records.judge_import(&mut importer, &book.rows).await.unwrap();
    bureau.patch(&city(), &cases[1], json!({ "remark": "先到" })).await.unwrap();
    let mut tx = bureau.records.store().begin().await.unwrap();
    let refused = bureau.records.write_import(&mut tx, importer.setup(), judged, None).await;
    assert!(matches!(refused, Err(ImportFailure::SomeRow(_))), "{refused:?}");
    tx.rollback().await.unwrap();
    assert_eq!(read(&bureau, &cases[0]).await.text("remark"), Some("原备注"));
}
