use anju_records::{
    AfterEach, Error, ImportCell, ImportChildRow, ImportCounts, ImportError, ImportFailure, ImportOptions,
    ImportRow, ImportSheet, ImportWrite, Importer, Record, Result,
};
use anju_store::{Tx, on_both_databases, testing::TestDatabase};
use async_trait::async_trait;
use serde_json::json;

use crate::fixture::*;

on_both_databases!(
    good_rows_become_records_with_their_child_rows,
    every_faulty_row_is_explained_where_it_stands,
    rows_are_held_against_earlier_batches,
    wrong_columns_are_told_before_any_row,
    only_those_with_the_right_import,
    a_row_taken_in_the_meantime_is_refused,
    each_record_can_be_followed_up,
    what_is_written_together_leaves_the_same_trail,
    numbers_are_drawn_in_the_order_of_the_rows,
);

const HEADER: [&str; 8] =
    ["序号", "姓名*", "证件类型", "证件号码", "区", "押金（元）", "出生日期", "运营机构"];

/// A workbook as an import sees it.
pub struct Book {
    pub sheets: Vec<ImportSheet>,
    pub rows: Vec<ImportRow>,
}

pub fn cells(row: &[&str]) -> Vec<ImportCell> {
    row.iter().map(|cell| ImportCell::Text((*cell).to_owned())).collect()
}

fn sheet(name: &str, header: &[&str], has_rows: bool) -> ImportSheet {
    let header = header.iter().map(|title| (*title).to_owned()).collect();
    ImportSheet { name: name.to_owned(), header, has_rows }
}

/// Cases alone.
pub fn book(header: &[&str], rows: &[&[&str]]) -> Book {
    let rows =
        (2..).zip(rows).map(|(number, row)| ImportRow { number, cells: cells(row), children: Vec::new() });
    Book { sheets: vec![sheet("案件", header, true)], rows: rows.collect() }
}

impl Book {
    /// Adds members: each belongs to the row of the main sheet with this place.
    fn with_members(mut self, members: &[(usize, &[&str])]) -> Self {
        self.sheets.push(sheet("家庭成员", &["序号", "姓名", "证件号码", "份额"], true));
        for (number, (parent, row)) in (2..).zip(members) {
            let child = ImportChildRow { sheet: 1, number, cells: cells(row) };
            self.rows[*parent].children.push(child);
        }
        self
    }
}

pub async fn begin(bureau: &Bureau, book: &Book, write: ImportWrite) -> Result<Importer> {
    let options = ImportOptions { write, ..ImportOptions::default() };
    bureau.records.begin_import(&city(), CASE, options, &book.sheets)
}

/// Judges and writes all rows; what was written, and what was faulty.
pub async fn import(
    bureau: &Bureau,
    book: &Book,
    write: ImportWrite,
) -> Result<(ImportCounts, usize, Vec<ImportError>), ImportFailure> {
    let mut importer = begin(bureau, book, write).await?;
    let judged = bureau.records.judge_import(&mut importer, &book.rows).await?;
    let (errors, unchanged) = (judged.errors.clone(), judged.unchanged);
    let mut tx = bureau.records.store().begin().await.map_err(Error::from)?;
    let counts = bureau.records.write_import(&mut tx, importer.setup(), judged, None).await?;
    tx.commit().await.map_err(Error::from)?;
    Ok((counts, unchanged, errors))
}

async fn good_rows_become_records_with_their_child_rows(db: TestDatabase) {
    let bureau = bureau(db).await;
    let book = book(
        &HEADER,
        &[
            &["1", "赵一", "居民身份证", ID_NO, "浦东新区", "1234.50", "1949/12/31", "org-a"],
            &["2", "钱二", "passport", "e12345678", "310101", "", "19900101", ""],
        ],
    )
    .with_members(&[(1, &["2", "甲", OTHER_ID_NO, "0.5"]), (0, &["1", "乙", "", ""]), (1, &["2", "丙"])]);
    let (counts, _, errors) = import(&bureau, &book, ImportWrite::Insert).await.unwrap();
    assert_eq!((counts, errors), (ImportCounts { created: 2, updated: 0 }, vec![]));
    let page = bureau
        .list(&system(), json!({"select": ["name", "deposit", "born_on", "operator", "members", "id_no"], "sort": [{"field": "name"}]}))
        .await
        .unwrap();
    let by_name = |name: &str| page.items.iter().find(|item| item.text("name") == Some(name)).unwrap();
    let (first, second) = (by_name("赵一"), by_name("钱二"));
    assert_eq!(first.get("deposit"), &json!(123_450));
    assert_eq!(first.text("born_on"), Some("1949-12-31"));
    assert_eq!(first.get("$refs"), &json!({"operator": "东方公司"}));
    assert_eq!(second.text("id_no"), Some("E12345678"));
    let names: Vec<_> = second.rows("members").iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["甲", "丙"]);
}

async fn every_faulty_row_is_explained_where_it_stands(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau.a_case(json!({"id_no": OTHER_ID_NO})).await;
    let mut book = book(
        &HEADER,
        &[
            &["1", "赵一", "", ID_NO, "浦东新区", "", "", ""],
            &["2", "", "身份证件", ID_NO, "火星区", "1.234", "2027-01-01", "org-x"],
            &["3", "孙三", "", OTHER_ID_NO, "浦东新区", "", "", ""],
            &["4", "李四", "护照", "E12345678", "浦东新区", "", "", ""],
            &["5", "周五", "", ID_NO, "浦东新区", "", "", ""],
            &["6", "吴六", "", "", "浦东新区", "", "", ""],
        ],
    )
    .with_members(&[(3, &["4", "", "1", "0.55"])]);
    book.rows[5].cells[3] = ImportCell::Unreadable("数字超过 15 位".to_owned());
    let (counts, _, errors) = import(&bureau, &book, ImportWrite::Insert).await.unwrap();
    let mut told: Vec<String> =
        errors.iter().map(|e| format!("{}!{} {}: {}", e.sheet, e.row, e.column, e.message)).collect();
    told.sort();
    let mut expected = vec![
        "案件!3 姓名: 请填写姓名",
        "案件!3 证件类型: 没有“身份证件”这个选项",
        "案件!3 区: 没有“火星区”这个选项",
        "案件!3 押金（元）: 应为金额，单位元，最多两位小数",
        "案件!3 出生日期: 不能晚于 2026-11-24",
        "案件!3 运营机构: 没有找到“org-x”，或无权使用",
        "案件!3 证件号码: 证件号码与第 2 行重复",
        "案件!4 证件号码: 已有相同证件号码的案件",
        "案件!6 证件号码: 证件号码与第 2 行重复",
        "案件!7 证件号码: 数字超过 15 位",
        "家庭成员!2 姓名: 请填写姓名",
        "家庭成员!2 证件号码: 身份证号码应为 18 位，前 17 位为数字，末位为数字或 X",
        "家庭成员!2 份额: 最多 1 位小数",
    ];
    expected.sort_unstable();
    assert_eq!(told, expected);
    assert!(errors.iter().filter(|error| error.sheet == "家庭成员").all(|error| error.main_row == 5));
    assert_eq!(counts, ImportCounts { created: 1, updated: 0 });
}

async fn rows_are_held_against_earlier_batches(db: TestDatabase) {
    let bureau = bureau(db).await;
    let book =
        book(&["姓名", "证件号码", "区"], &[&["赵一", ID_NO, "浦东新区"], &["钱二", ID_NO, "浦东新区"]]);
    let mut importer = begin(&bureau, &book, ImportWrite::Insert).await.unwrap();
    bureau.records.judge_import(&mut importer, &book.rows[..1]).await.unwrap();
    let second = bureau.records.judge_import(&mut importer, &book.rows[1..]).await.unwrap();
    assert_eq!(second.errors[0].message, "证件号码与第 2 行重复");
    // The same holds for an attempt that takes up where another was lost, and a row is no repetition of itself.
    let mut importer = begin(&bureau, &book, ImportWrite::Insert).await.unwrap();
    bureau.records.recall_import(&mut importer, &book.rows[..1]).await.unwrap();
    let second = bureau.records.judge_import(&mut importer, &book.rows[1..]).await.unwrap();
    assert_eq!(second.errors[0].message, "证件号码与第 2 行重复");
    let first = bureau.records.judge_import(&mut importer, &book.rows[..1]).await.unwrap();
    assert_eq!((first.errors.len(), first.ready_len()), (0, 1));
}

async fn wrong_columns_are_told_before_any_row(db: TestDatabase) {
    let bureau = bureau(db).await;
    let book = Book {
        sheets: vec![
            sheet("案件", &["姓名", "姓名", "评分", "编号"], true),
            sheet("家庭成员", &["份额"], true),
            sheet("别的", &["a"], true),
            sheet("填写说明", &["b"], true),
        ],
        rows: Vec::new(),
    };
    let error = begin(&bureau, &book, ImportWrite::Insert).await.err().unwrap();
    let messages: Vec<String> = faults(error).into_iter().map(|fault| fault.message).collect();
    assert_eq!(
        messages,
        [
            "工作表“案件”缺少列：证件号码",
            "工作表“案件”有无法识别的列：评分、编号",
            "工作表“案件”有重复的列：姓名",
            "工作表“家庭成员”缺少列：序号、姓名",
            "第 3 个工作表“别的”无法识别",
        ]
    );
    let nothing = Book { sheets: Vec::new(), rows: Vec::new() };
    assert!(begin(&bureau, &nothing, ImportWrite::Insert).await.is_err());
}

async fn only_those_with_the_right_import(db: TestDatabase) {
    let bureau = bureau(db).await;
    let rows: &[&[&str]] = &[&["1", "赵一", "", ID_NO, "黄浦区", "", "", ""]];
    let whole = book(&HEADER, rows);
    let options = ImportOptions::default();
    let clerk = person("subdistrict_clerk", anju_definitions::Level::Subdistrict, "310115004");
    let refused = bureau.records.begin_import(&clerk, CASE, options, &whole.sheets);
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
    assert!(bureau.records.import_template(&clerk, CASE).is_err());
    // The district officer may not write the deposit, so the column is not theirs.
    let error = bureau.records.begin_import(&pudong(), CASE, options, &whole.sheets).err().unwrap();
    assert!(faults(error)[0].message.contains("押金"));
    let header: Vec<&str> = HEADER.iter().copied().filter(|title| !title.starts_with("押金")).collect();
    let own = book(&header, &[&["1", "赵一", "", ID_NO, "黄浦区", "", ""]]);
    let mut importer = bureau.records.begin_import(&pudong(), CASE, options, &own.sheets).unwrap();
    let judged = bureau.records.judge_import(&mut importer, &own.rows).await.unwrap();
    assert_eq!(judged.errors[0].message, "不在您的管理范围内");
}

async fn a_row_taken_in_the_meantime_is_refused(db: TestDatabase) {
    let bureau = bureau(db).await;
    let book = book(&HEADER, &[&["1", "赵一", "", ID_NO, "浦东新区", "", "", ""]]);
    let mut importer = begin(&bureau, &book, ImportWrite::Insert).await.unwrap();
    let judged = bureau.records.judge_import(&mut importer, &book.rows).await.unwrap();
    bureau.a_case(json!({})).await;
    let mut tx = bureau.records.store().begin().await.unwrap();
    match bureau.records.write_import(&mut tx, importer.setup(), judged, None).await {
        Err(ImportFailure::SomeRow(message)) => assert_eq!(message, "已有相同证件号码的案件"),
        other => panic!("{other:?}"),
    }
    tx.rollback().await.unwrap();
    // Judged anew by itself, the row is named.
    let judged = bureau.records.judge_import(&mut importer, &book.rows).await.unwrap();
    assert_eq!((judged.errors[0].row, judged.errors[0].field.as_str()), (2, "id_no"));
}

struct Counter(usize);

#[async_trait]
impl AfterEach for Counter {
    async fn created(&mut self, _tx: &mut Tx, record: &Record) -> Result<()> {
        self.0 += 1;
        match record.text("name") {
            Some("钱二") => Err(Error::conflict("no", "不予受理")),
            _ => Ok(()),
        }
    }
}

async fn each_record_can_be_followed_up(db: TestDatabase) {
    let bureau = bureau(db).await;
    let book = book(
        &["姓名", "证件类型", "证件号码", "区"],
        &[&["赵一", "", ID_NO, "浦东新区"], &["钱二", "护照", "E12345678", "浦东新区"]],
    );
    let mut importer = begin(&bureau, &book, ImportWrite::Insert).await.unwrap();
    let judged = bureau.records.judge_import(&mut importer, &book.rows).await.unwrap();
    let mut counter = Counter(0);
    let mut tx = bureau.records.store().begin().await.unwrap();
    match bureau.records.write_import(&mut tx, importer.setup(), judged, Some(&mut counter)).await {
        Err(ImportFailure::Row(error)) => {
            assert_eq!((error.row, error.main_row, error.message.as_str()), (3, 3, "不予受理"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(counter.0, 2);
}

/// Creating records one by one and importing them leave the same rows, history, audit entries and events.
async fn what_is_written_together_leaves_the_same_trail(db: TestDatabase) {
    let bureau = bureau(db).await;
    let single = bureau.create(&city(), CASE, case(json!({ "deposit": 100 }))).await.unwrap();
    let before = bureau.records.store().pending_events(100).await.unwrap().len();
    let book = book(
        &["姓名", "证件类型", "证件号码", "电话", "区", "押金（元）"],
        &[
            &["张三", "居民身份证", OTHER_ID_NO, PHONE, "浦东新区", "1"],
            &["张三", "护照", "E12345678", PHONE, "浦东新区", "1"],
        ],
    );
    import(&bureau, &book, ImportWrite::Insert).await.unwrap();
    let page = bureau.list(&city(), json!({ "sort": [{ "field": "created_at" }] })).await.unwrap();
    assert_eq!(page.items.len(), 3);
    let imported = page.items.iter().find(|item| item.id != single.id).unwrap();
    let mut names: Vec<&String> = imported.values.keys().collect();
    let mut expected: Vec<&String> =
        page.items.iter().find(|item| item.id == single.id).unwrap().values.keys().collect();
    names.sort();
    expected.sort();
    assert_eq!(names, expected);
    let history = bureau.records.history(&city(), CASE, &imported.id).await.unwrap();
    let of_single = bureau.records.history(&city(), CASE, &single.id).await.unwrap();
    assert_eq!((history[0].action.as_str(), history[0].why.as_deref()), ("created", Some("导入")));
    let fields = |entry: &anju_records::HistoryEntry| -> Vec<String> {
        entry.changes.iter().map(|change| change.field.clone()).collect()
    };
    assert_eq!(fields(&history[0]), fields(&of_single[0]));
    let events = bureau.records.store().pending_events(100).await.unwrap();
    let new = &events[before..];
    assert_eq!(new.len(), 2);
    assert!(new.iter().all(|event| event.topic == "record.created" && event.entity == CASE));
    assert_eq!(new[0].payload["changed"], events[before - 1].payload["changed"]);
    assert_eq!(bureau.audited("record.created", &imported.id).await, 1);
}

async fn numbers_are_drawn_in_the_order_of_the_rows(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau.a_case(json!({})).await;
    let rows: Vec<Vec<String>> = (0..30)
        .map(|n| vec![format!("赵{n:02}"), "护照".to_owned(), format!("E{n:08}"), "浦东新区".to_owned()])
        .collect();
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    import(&bureau, &book(&["姓名", "证件类型", "证件号码", "区"], &rows), ImportWrite::Insert)
        .await
        .unwrap();
    let page = bureau
        .list(&city(), json!({ "where": { "field": "name", "op": "starts_with", "value": "赵" }, "select": ["name", "case_no"], "sort": [{ "field": "case_no" }], "page": { "size": 100 } }))
        .await
        .unwrap();
    let names: Vec<&str> = page.items.iter().filter_map(|item| item.text("name")).collect();
    assert_eq!(names.len(), 30);
    assert!(names.is_sorted(), "{names:?}");
}

#[tokio::test]
async fn a_template_has_the_columns_a_person_fills_in() {
    let bureau = bureau(TestDatabase::sqlite().await).await;
    let template = bureau.records.import_template(&city(), CASE).unwrap();
    let titles: Vec<_> = template.sheets[0].columns.iter().map(|column| column.title.as_str()).collect();
    assert_eq!(&titles[..5], ["序号", "状态", "姓名", "证件类型", "证件号码"]);
    assert!(titles.contains(&"押金（元）") && !titles.contains(&"评分") && !titles.contains(&"编号"));
    let kind = &template.sheets[0].columns[3];
    assert_eq!(kind.choices, ["居民身份证", "护照", "港澳居民来往内地通行证"]);
    assert_eq!(kind.example, "居民身份证");
    assert!(template.sheets[0].columns[2].required && !kind.required);
    assert_eq!(template.sheets[1].name, "家庭成员");
}
