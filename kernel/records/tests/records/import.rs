use anju_records::{AfterEach, Error, Import, ImportFailure, Record, Result, SheetData, UnreadableCell};
use anju_store::{Tx, on_both_databases, testing::TestDatabase};
use async_trait::async_trait;
use serde_json::json;

use crate::fixture::*;

on_both_databases!(
    good_rows_become_records_with_their_child_rows,
    every_faulty_row_is_explained_where_it_stands,
    wrong_columns_are_told_before_any_row,
    only_those_with_the_right_import,
    a_row_taken_in_the_meantime_is_named,
    a_cell_that_cannot_be_trusted_is_told_instead_of_taken_for_empty,
    an_import_goes_on_where_it_was_broken_off,
);

const HEADER: [&str; 8] =
    ["序号", "姓名*", "证件类型", "证件号码", "区", "押金（元）", "出生日期", "运营机构"];

fn sheet(name: &str, header: &[&str], rows: &[&[&str]]) -> SheetData {
    let owned = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
    SheetData {
        name: name.to_owned(),
        header: owned(header),
        rows: rows.iter().map(|row| owned(row)).collect(),
        unreadable: Vec::new(),
    }
}

fn members(rows: &[&[&str]]) -> SheetData {
    sheet("家庭成员", &["序号", "姓名", "证件号码", "份额"], rows)
}

struct Counter(usize);

#[async_trait]
impl AfterEach for Counter {
    async fn created(&mut self, _tx: &mut Tx, _record: &Record) -> Result<()> {
        self.0 += 1;
        Ok(())
    }
}

async fn write(bureau: &Bureau, import: &Import) -> Result<usize, ImportFailure> {
    let mut tx = bureau.records.store().begin().await.map_err(Error::from)?;
    let mut counter = Counter(0);
    let written =
        bureau.records.write_import(&mut tx, &city(), import, 0..import.ready_len(), &mut counter).await?;
    assert_eq!(written, counter.0);
    tx.commit().await.map_err(Error::from)?;
    Ok(written)
}

async fn good_rows_become_records_with_their_child_rows(db: TestDatabase) {
    let bureau = bureau(db).await;
    let main = sheet(
        "案件",
        &HEADER,
        &[
            &["1", "赵一", "居民身份证", ID_NO, "浦东新区", "1234.50", "1949/12/31", "org-a"],
            &["", "", "", "", "", "", "", ""],
            &["2", "钱二", "passport", "e12345678", "310101", "", "19900101", ""],
        ],
    );
    let children = members(&[&["2", "甲", OTHER_ID_NO, "0.5"], &["1", "乙", "", ""], &["2", "丙", "", ""]]);
    let import = bureau.records.check_import(&city(), CASE, vec![main, children]).await.unwrap();
    assert_eq!((import.rows, import.faulty(), import.ready_len()), (2, 0, 2), "{:?}", import.errors);
    assert_eq!(write(&bureau, &import).await.unwrap(), 2);
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
    let main = sheet(
        "案件",
        &HEADER,
        &[
            &["1", "赵一", "", ID_NO, "浦东新区", "", "", ""],
            &["2", "", "身份证件", ID_NO, "火星区", "1.234", "2027-01-01", "org-x"],
            &["3", "孙三", "", OTHER_ID_NO, "浦东新区", "", "", ""],
            &["4", "李四", "护照", "E12345678", "浦东新区", "", "", ""],
            &["5", "周五", "", ID_NO, "浦东新区", "", "", ""],
        ],
    );
    let children = members(&[&["4", "", "1", "0.55"], &["9", "丙", "", ""]]);
    let import = bureau.records.check_import(&city(), CASE, vec![main, children]).await.unwrap();
    let mut told: Vec<String> =
        import.errors.iter().map(|e| format!("{}!{} {}: {}", e.sheet, e.row, e.column, e.message)).collect();
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
        "家庭成员!2 姓名: 请填写姓名",
        "家庭成员!2 证件号码: 身份证号码应为 18 位，前 17 位为数字，末位为数字或 X",
        "家庭成员!2 份额: 最多 1 位小数",
        "家庭成员!3 : 序号在工作表“案件”中不存在",
    ];
    expected.sort_unstable();
    assert_eq!(told, expected);
    assert_eq!((import.rows, import.faulty(), import.ready_len()), (5, 4, 1));
    assert_eq!(write(&bureau, &import).await.unwrap(), 1);
}

async fn wrong_columns_are_told_before_any_row(db: TestDatabase) {
    let bureau = bureau(db).await;
    let main = sheet("案件", &["姓名", "姓名", "评分", "编号"], &[&["x", "", "", ""]]);
    let child = sheet("家庭成员", &["份额"], &[]);
    let strange = sheet("别的", &["a"], &[&["b"]]);
    let error = bureau.records.check_import(&city(), CASE, vec![main, child, strange]).await.unwrap_err();
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
    assert!(bureau.records.check_import(&city(), CASE, vec![]).await.is_err());
}

async fn only_those_with_the_right_import(db: TestDatabase) {
    let bureau = bureau(db).await;
    let rows: &[&[&str]] = &[&["1", "赵一", "", ID_NO, "黄浦区", "", "", ""]];
    let main = || vec![sheet("案件", &HEADER, rows)];
    let clerk = person("subdistrict_clerk", anju_definitions::Level::Subdistrict, "310115004");
    assert!(matches!(bureau.records.check_import(&clerk, CASE, main()).await, Err(Error::Forbidden { .. })));
    assert!(bureau.records.import_template(&clerk, CASE).is_err());
    // The district officer may not write the deposit, so the column is not theirs.
    let error = bureau.records.check_import(&pudong(), CASE, main()).await.unwrap_err();
    assert!(faults(error)[0].message.contains("押金"));
    let header: Vec<&str> = HEADER.iter().copied().filter(|title| !title.starts_with("押金")).collect();
    let main = sheet("案件", &header, &[&["1", "赵一", "", ID_NO, "黄浦区", "", ""]]);
    let import = bureau.records.check_import(&pudong(), CASE, vec![main]).await.unwrap();
    assert_eq!(import.errors[0].message, "不在您的管理范围内");
}

async fn a_row_taken_in_the_meantime_is_named(db: TestDatabase) {
    let bureau = bureau(db).await;
    let main = sheet("案件", &HEADER, &[&["1", "赵一", "", ID_NO, "浦东新区", "", "", ""]]);
    let import = bureau.records.check_import(&city(), CASE, vec![main]).await.unwrap();
    bureau.a_case(json!({})).await;
    match write(&bureau, &import).await {
        Err(ImportFailure::Row(error)) => assert_eq!((error.row, error.field.as_str()), (2, "id_no")),
        other => panic!("{other:?}"),
    }
}

async fn a_cell_that_cannot_be_trusted_is_told_instead_of_taken_for_empty(db: TestDatabase) {
    let bureau = bureau(db).await;
    let reason = "数字超过 15 位";
    let main = SheetData {
        unreadable: vec![UnreadableCell { row: 0, column: 3, reason: reason.to_owned() }],
        ..sheet("案件", &HEADER, &[&["1", "赵一", "", "", "浦东新区", "", "", ""]])
    };
    let import = bureau.records.check_import(&city(), CASE, vec![main]).await.unwrap();
    let told: Vec<_> = import.errors.iter().map(|e| (e.row, e.field.as_str(), e.message.as_str())).collect();
    assert_eq!(told, [(2, "id_no", reason)]);
}

async fn an_import_goes_on_where_it_was_broken_off(db: TestDatabase) {
    let bureau = bureau(db).await;
    let main = || {
        sheet(
            "案件",
            &HEADER,
            &[
                &["1", "赵一", "", ID_NO, "浦东新区", "", "", ""],
                &["2", "钱二", "", "1", "浦东新区", "", "", ""],
                &["3", "孙三", "", OTHER_ID_NO, "浦东新区", "", "", ""],
                &["4", "李四", "", "2", "浦东新区", "", "", ""],
            ],
        )
    };
    let whole = bureau.records.check_import(&city(), CASE, vec![main()]).await.unwrap();
    assert_eq!((whole.ready_len(), whole.row_of(1), whole.faulty()), (2, Some(4), 2));
    let mut tx = bureau.records.store().begin().await.unwrap();
    bureau.records.write_import(&mut tx, &city(), &whole, 0..1, &mut Counter(0)).await.unwrap();
    tx.commit().await.unwrap();

    let again = bureau.records.check_import(&city(), CASE, vec![main()]).await.unwrap();
    assert_eq!(again.faulty(), 3, "the record that is there collides with its own row");
    let rest = again.after(3);
    assert_eq!((rest.rows, rest.ready_len(), rest.row_of(0), rest.faulty()), (4, 1, Some(4), 1));
    assert_eq!(rest.errors.iter().map(|error| error.main_row).collect::<Vec<_>>(), [5]);
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
    assert!(template.sheets[0].columns[2].required && !kind.required);
    assert_eq!(template.sheets[1].name, "家庭成员");
}

#[tokio::test]
async fn twenty_thousand_rows_are_judged_in_seconds() {
    let bureau = bureau(TestDatabase::sqlite().await).await;
    let rows: Vec<Vec<String>> = (0..20_000)
        .map(|n| {
            let number = if n % 7_000 == 0 { "E1".to_owned() } else { format!("E{n:08}") };
            ["", "赵一", "护照", &number, "浦东新区", "12.5", "1990-01-01", "org-a"]
                .map(str::to_owned)
                .to_vec()
        })
        .collect();
    let header = HEADER.iter().map(|title| (*title).to_owned()).collect();
    let main = SheetData { name: "案件".to_owned(), header, rows, unreadable: Vec::new() };
    let started = std::time::Instant::now();
    let import = bureau.records.check_import(&city(), CASE, vec![main]).await.unwrap();
    let took = started.elapsed();
    assert_eq!((import.rows, import.faulty()), (20_000, 3));
    assert!(took.as_secs() < 60, "{took:?} even without optimisation");
}
