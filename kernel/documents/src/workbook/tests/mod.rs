mod bombs;
mod marking;
mod separated_values;
mod tables;

use std::io::{Cursor, Write};

use jiff::Timestamp;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::Error;

fn noon() -> Timestamp {
    "2026-03-05T12:00:00+08:00".parse().expect("a literal time")
}

fn column(title: &str, kind: ColumnKind) -> ColumnSpec {
    ColumnSpec {
        title: title.to_owned(),
        width: 20.0,
        kind,
        choices: Vec::new(),
        required: false,
        help: None,
    }
}

fn households() -> WorkbookSpec {
    WorkbookSpec {
        sheets: vec![SheetSpec {
            name: "家庭成员".to_owned(),
            columns: vec![
                ColumnSpec {
                    required: true,
                    help: Some("与证件一致".to_owned()),
                    ..column("姓名", ColumnKind::Text)
                },
                column("证件号码", ColumnKind::Text),
                ColumnSpec {
                    choices: vec!["配偶".to_owned(), "子女, 未成年".to_owned()],
                    ..column("关系", ColumnKind::Text)
                },
                column("面积", ColumnKind::Decimal { scale: 2 }),
                column("出生日期", ColumnKind::Date),
                column("签收时间", ColumnKind::DateTime),
            ],
            rows: vec![
                vec![
                    "张伟".into(),
                    "310101199003074518".into(),
                    "配偶".into(),
                    Cell::Number("56.30".to_owned()),
                    Cell::Date(jiff::civil::date(1990, 3, 7)),
                    Cell::DateTime(jiff::civil::date(2026, 3, 5).at(9, 30, 15, 0)),
                ],
                vec![
                    "=HYPERLINK(\"http://x\")".into(),
                    "007".into(),
                    Cell::Empty,
                    Cell::Number("0.1".to_owned()),
                ],
            ],
        }],
        made_at: noon(),
    }
}

fn read_all(bytes: &[u8]) -> Result<Workbook, Error> {
    read(bytes, &Limits::default())
}

/// A workbook of one sheet whose cells are the given XML.
fn raw_workbook(sheet_data: &str) -> Vec<u8> {
    raw_parts(sheet_data.as_bytes(), &[])
}

fn raw_parts(sheet_data: &[u8], more: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let sheet = [
        br#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#
            .as_slice(),
        sheet_data,
        b"</sheetData></worksheet>",
    ]
    .concat();
    let mut parts: Vec<(&str, Vec<u8>)> = vec![
        ("[Content_Types].xml", br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#.to_vec()),
        ("_rels/.rels", br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#.to_vec()),
        ("xl/workbook.xml", br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>"#.to_vec()),
        ("xl/_rels/workbook.xml.rels", br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#.to_vec()),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    parts.extend_from_slice(more);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        archive.start_file(name, SimpleFileOptions::default()).expect("a new entry");
        archive.write_all(&content).expect("writes to memory");
    }
    archive.finish().expect("finishes").into_inner()
}

#[test]
fn what_is_written_is_read_again() {
    let workbook = read_all(&write(&households()).expect("writes")).expect("reads");
    assert_eq!(workbook.sheets.len(), 1, "the hidden sheet of choices is not data");
    let sheet = &workbook.sheets[0];
    assert_eq!(sheet.header, ["姓名", "证件号码", "关系", "面积", "出生日期", "签收时间"]);
    assert_eq!(
        sheet.rows,
        [
            Row {
                number: 2,
                cells: vec![
                    "张伟".into(),
                    "310101199003074518".into(),
                    "配偶".into(),
                    Cell::Number("56.3".to_owned()),
                    Cell::Date(jiff::civil::date(1990, 3, 7)),
                    Cell::DateTime(jiff::civil::date(2026, 3, 5).at(9, 30, 15, 0)),
                ],
            },
            Row {
                number: 3,
                cells: vec![
                    "=HYPERLINK(\"http://x\")".into(),
                    "007".into(),
                    Cell::Empty,
                    Cell::Number("0.1".to_owned()),
                    Cell::Empty,
                    Cell::Empty,
                ],
            },
        ]
    );
}

#[test]
fn the_same_rows_give_the_same_file() {
    assert_eq!(write(&households()).expect("writes"), write(&households()).expect("writes"));
}

#[test]
fn no_formula_is_ever_written() {
    let bytes = write(&households()).expect("writes");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    for index in 0..archive.len() {
        let mut text = String::new();
        let mut entry = archive.by_index(index).expect("an entry");
        if entry.name().expect("a name").starts_with("xl/worksheets/sheet") {
            std::io::Read::read_to_string(&mut entry, &mut text).expect("XML");
            assert!(!text.contains("<f>"));
        }
    }
}

#[test]
fn choices_become_a_list_and_a_title_tells_its_rules() {
    let bytes = write(&households()).expect("writes");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let mut part = |name: &str| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name(name).expect("the part"), &mut text).expect("XML");
        text
    };
    let sheet = part("xl/worksheets/sheet1.xml");
    assert!(sheet.contains("<formula1>选项!$A$1:$A$2</formula1>") && sheet.contains("sqref=\"C2:C10001\""));
    assert!(sheet.contains("ySplit=\"1\"") && sheet.contains("state=\"frozen\""));
    assert!(part("xl/comments1.xml").contains("必填；文本。"));
}

#[test]
fn numbers_lose_the_noise_of_their_storage() {
    let workbook = read_all(&raw_workbook(
        r#"<row r="1"><c r="A1" t="inlineStr"><is><t>面积</t></is></c></row>
        <row r="2"><c r="A2"><v>56.300000000000004</v></c><c r="B2"><v>0.30000000000000004</v></c>
        <c r="C2"><v>1E-7</v></c><c r="D2"><v>123456789012345</v></c><c r="E2"><v>-0</v></c></row>"#,
    ))
    .expect("reads");
    let texts: Vec<String> = workbook.sheets[0].rows[0].cells.iter().map(Cell::as_text).collect();
    assert_eq!(texts, ["56.3", "0.3", "0.0000001", "123456789012345", "0"]);
}

#[test]
fn an_identity_number_that_excel_has_rounded_is_not_believed() {
    let workbook = read_all(&raw_workbook(
        r#"<row r="1"><c r="A1" t="inlineStr"><is><t>证件号码</t></is></c></row>
        <row r="2"><c r="A2"><v>310101199003074500</v></c><c r="B2" t="e"><v>#N/A</v></c></row>"#,
    ))
    .expect("reads");
    assert!(workbook.sheets[0].rows[0].cells.iter().all(|cell| matches!(cell, Cell::Faulty(_))));
}

#[test]
fn rows_and_columns_are_bounded() {
    let bytes = write(&households()).expect("writes");
    for limits in [
        Limits { rows_max: 2, ..Limits::default() },
        Limits { columns_max: 3, ..Limits::default() },
        Limits { inflated_bytes_max: 1000, ..Limits::default() },
        Limits { file_bytes_max: 1000, ..Limits::default() },
    ] {
        assert!(matches!(read(&bytes, &limits), Err(Error::Refused(_))), "{limits:?}");
    }
}

#[test]
fn what_is_no_workbook_is_said_to_be_none() {
    for bytes in [
        b"".as_slice(),
        b"name\0id",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n\xff\xff",
        &[0xD0, 0xCF, 0x11, 0xE0, 0, 0, 0, 0],
        b"PK\x03\x04broken",
    ] {
        assert!(matches!(read_all(bytes), Err(Error::Unreadable(_))));
    }
}
