//! The workbook that goes back.

use super::*;

fn marked(rows: &[Row], titles: &[String], faults: &[RowFault<'_>]) -> Workbook {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut writer = MarkedWriter::new(folder.path(), noon()).expect("begins");
    writer.sheet("家庭成员", 1, titles).expect("a sheet");
    for row in rows {
        writer.row(row.number, &row.cells, if row.number == 3 { faults } else { &[] }).expect("a row");
    }
    writer.sheet("住房", 1, titles).expect("another sheet");
    let path = folder.path().join("marked.xlsx");
    writer.save(&path).expect("saves");
    read_all(&std::fs::read(path).expect("a file")).expect("reads")
}

#[test]
fn errors_are_marked_in_their_places_and_the_file_can_be_sent_again() {
    let book = read_all(&write(&households()).expect("writes")).expect("reads");
    let sheet = &book.sheets[0];
    let faults = [
        RowFault { column: Some("证件号码"), message: "证件号码应为 18 位" },
        RowFault { column: Some("签收时间"), message: "请填写签收时间" },
        RowFault { column: None, message: "与第 2 行重复" },
    ];
    let once = marked(&sheet.rows, &sheet.header, &faults);
    let found = &once.sheets[0];
    assert_eq!(found.header.last().map(String::as_str), Some(MESSAGES_TITLE));
    assert_eq!(found.rows[0].cells[..6], sheet.rows[0].cells[..]);
    let messages = "证件号码：证件号码应为 18 位\n签收时间：请填写签收时间\n与第 2 行重复";
    assert_eq!(found.rows[1].cells[6], messages.into());
    let again = marked(&found.rows, &found.header, &[]);
    assert_eq!(again.sheets[0].header.iter().filter(|title| *title == MESSAGES_TITLE).count(), 1);
    assert_eq!(again.sheets[0].rows[1].cells[..6], found.rows[1].cells[..6]);
}
