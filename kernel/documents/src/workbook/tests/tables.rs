//! Tables of any length.

use super::*;

fn spec(watermark: bool) -> TableSpec {
    TableSpec {
        name: "资格案件".to_owned(),
        columns: vec![
            column("姓名", ColumnKind::Text),
            column("面积", ColumnKind::Decimal { scale: 2 }),
            column("出生日期", ColumnKind::Date),
            column("备注", ColumnKind::Text),
        ],
        watermark: watermark.then(|| Watermark {
            name: "陈静怡".to_owned(),
            account: "pudong-clerk".to_owned(),
            time: "2026-03-05 12:00".to_owned(),
        }),
        made_at: noon(),
    }
}

fn cells(name: &str, remark: &str) -> Vec<Cell> {
    let born = Cell::Date(jiff::civil::date(1990, 3, 7));
    vec![name.into(), Cell::Number("56.30".to_owned()), born, remark.into()]
}

fn table(watermark: bool, rows: &[Vec<Cell>]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut writer = TableWriter::new(&spec(watermark), folder.path()).expect("begins");
    for row in rows {
        writer.row(row).expect("writes");
    }
    let path = folder.path().join("table.xlsx");
    writer.save(&[("筛选条件".to_owned(), "=姓名 等于 张三".to_owned())], &path).expect("saves");
    std::fs::read(path).expect("a file")
}

fn parts(bytes: Vec<u8>) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    (0..archive.len())
        .map(|index| {
            let mut text = String::new();
            let mut entry = archive.by_index(index).expect("an entry");
            std::io::Read::read_to_string(&mut entry, &mut text).expect("XML");
            (entry.name().expect("a name").to_string(), text)
        })
        .collect()
}

#[test]
fn a_table_is_read_again_without_its_watermark() {
    for watermark in [false, true] {
        let book = read_all(&table(watermark, &[cells("张伟", "备注"), cells("李娜", "")])).expect("reads");
        let sheet = &book.sheets[0];
        assert_eq!((sheet.name.as_str(), sheet.header_row), ("资格案件", 1 + u32::from(watermark)));
        assert_eq!(sheet.header, ["姓名", "面积", "出生日期", "备注"]);
        let texts: Vec<String> = sheet.rows[1].cells.iter().map(Cell::as_text).collect();
        assert_eq!(texts, ["李娜", "56.3", "1990-03-07", ""]);
        assert_eq!(book.sheets[1].name, "导出说明");
    }
}

#[test]
fn a72_the_watermark_stands_above_on_paper_and_in_the_properties() {
    let parts = parts(table(true, &[cells("张伟", "")]));
    let part = |name: &str| &parts.iter().find(|(found, _)| found == name).expect("the part").1;
    let sheet = part("xl/worksheets/sheet1.xml");
    let line = "导出人：陈静怡（pudong-clerk）　导出时间：2026-03-05 12:00";
    assert!(sheet.contains(line));
    assert!(sheet.contains(&format!("<oddHeader>&amp;C{line}")), "{sheet}");
    assert!(sheet.contains("ySplit=\"2\""));
    assert!(part("docProps/core.xml").contains(line));
}

#[test]
fn s05_no_text_becomes_a_formula_in_a_table() {
    let rows: Vec<Vec<Cell>> =
        ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"].iter().map(|text| cells(text, text)).collect();
    let bytes = table(true, &rows);
    for (name, text) in parts(bytes.clone()) {
        assert!(!text.contains("<f>") && !text.contains("<f "), "{name}");
        if name == "xl/styles.xml" {
            assert!(text.contains("quotePrefix=\"1\""), "editing the cell keeps it a text");
        }
    }
    let book = read_all(&bytes).expect("reads");
    assert_eq!(book.sheets[0].rows[0].cells[0], "=1+1".into());
}

#[test]
fn a_long_table_is_read_row_by_row() {
    const ROWS: u32 = 20_000;
    let rows: Vec<Vec<Cell>> = (0..ROWS).map(|n| cells(&format!("张{n}"), "")).collect();
    let bytes = table(true, &rows);
    let (mut count, mut last) = (0, 0);
    read_rows(Cursor::new(bytes), "a.xlsx", &Limits::default(), &mut |piece| {
        if let Piece::Row(row) = piece {
            count += 1;
            last = last.max(row.number);
        }
        Ok(())
    })
    .expect("reads");
    assert_eq!((count, last), (ROWS + 2, ROWS + 2), "titles, rows and one line of notes");
}
