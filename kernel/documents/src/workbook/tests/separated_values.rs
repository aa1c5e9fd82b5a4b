//! Texts of separated values as they come from people's computers.

use encoding_rs::{GB18030, GBK};
use proptest::prelude::*;

use super::*;

fn rows_of(bytes: &[u8]) -> Vec<(u32, Vec<String>)> {
    let mut rows = Vec::new();
    let read = read_rows(Cursor::new(bytes), "房源清单.csv", &Limits::default(), &mut |piece| {
        match piece {
            Piece::Sheet(name) => assert_eq!(name, "房源清单"),
            Piece::Row(row) => rows.push((row.number, row.cells.iter().map(Cell::as_text).collect())),
        }
        Ok(())
    });
    read.expect("reads");
    rows
}

fn texts(bytes: &[u8]) -> Vec<Vec<String>> {
    rows_of(bytes).into_iter().map(|(_, row)| row).collect()
}

const TEXT: &str = "姓名,地址\r\n张三,\"浦东新区,张杨路\"\"100\"\"弄\"\r\n";

#[test]
fn every_encoding_of_a_chinese_office_is_understood() {
    let expected = [["姓名", "地址"], ["张三", "浦东新区,张杨路\"100\"弄"]];
    let utf16: Vec<u8> = format!("\u{feff}{TEXT}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16_big: Vec<u8> = format!("\u{feff}{TEXT}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    let encodings: [Vec<u8>; 6] = [
        TEXT.as_bytes().to_vec(),
        format!("\u{feff}{TEXT}").into_bytes(),
        GBK.encode(TEXT).0.into_owned(),
        GB18030.encode(TEXT).0.into_owned(),
        utf16,
        utf16_big,
    ];
    for bytes in encodings {
        assert_eq!(texts(&bytes), expected);
    }
    // Characters that only GB 18030 has, in four bytes.
    let rare = "姓名\n𬱖㛃\n";
    assert_eq!(texts(&GB18030.encode(rare).0), [["姓名"], ["𬱖㛃"]]);
}

#[test]
fn a_character_cut_by_the_end_of_a_read_stays_whole() {
    let long: String = std::iter::repeat_n("浦东新区张杨路", 40_000).collect();
    let text = format!("a,b\n1,{}\n", &long[..30_000 * 3]);
    for bytes in
        [text.clone().into_bytes(), GBK.encode(&text).0.into_owned(), format!(" {text}").into_bytes()]
    {
        assert_eq!(texts(&bytes)[1][1].chars().count(), 30_000);
    }
}

#[test]
fn rows_have_the_numbers_a_spreadsheet_shows() {
    let rows = rows_of("姓名,备注\n\n张三,\"两\n行\"\n,,\n李四\n".as_bytes());
    let numbers: Vec<u32> = rows.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 3, 5]);
    assert_eq!(rows[1].1, ["张三", "两\n行"]);
}

#[test]
fn tabs_and_semicolons_separate_too() {
    for separator in ["\t", ";"] {
        let text = format!("姓名{separator}地址{separator}电话\r张三{separator}a,b{separator}1");
        assert_eq!(texts(text.as_bytes()), [["姓名", "地址", "电话"], ["张三", "a,b", "1"]]);
    }
}

#[test]
fn a_number_that_lost_its_digits_is_not_believed() {
    let mut faulty = 0;
    read_rows(Cursor::new(b"id\n3.10101E+17\n1.5E+3\nE+20\n"), "a.csv", &Limits::default(), &mut |piece| {
        if let Piece::Row(row) = piece {
            faulty += row.cells.iter().filter(|cell| matches!(cell, Cell::Faulty(_))).count();
        }
        Ok(())
    })
    .expect("reads");
    assert_eq!(faulty, 1);
}

#[test]
fn what_cannot_be_understood_is_refused() {
    let read =
        |bytes: &[u8], limits: &Limits| read_rows(Cursor::new(bytes), "a.csv", limits, &mut |_| Ok(()));
    let ordinary = Limits::default();
    assert!(matches!(read(b"a,\"b\nc,d\n", &ordinary), Err(Error::Unreadable(_))), "a quote without end");
    assert!(
        matches!(read(b"\xEF\xBB\xBFa\xff\xff", &ordinary), Err(Error::Unreadable(_))),
        "not what its mark says"
    );
    let long = "长".repeat(32_768);
    assert!(matches!(read(long.as_bytes(), &ordinary), Err(Error::Refused(_))));
    let wide = ",".repeat(201);
    assert!(matches!(read(wide.as_bytes(), &ordinary), Err(Error::Refused(_))));
    let few = Limits { rows_max: 2, ..Limits::default() };
    assert!(matches!(read(b"a\nb\nc\n", &few), Err(Error::Refused(_))));
    let small = Limits { file_bytes_max: 3, ..Limits::default() };
    assert!(matches!(read(b"a\nb\n", &small), Err(Error::Refused(_))));
}

fn written(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = CsvWriter::new(Vec::new(), ["甲", "乙"]).expect("writes");
    for row in rows {
        let cells: Vec<Cell> = row.iter().map(|text| text.as_str().into()).collect();
        writer.row(&cells).expect("writes");
    }
    writer.finish().expect("writes")
}

#[test]
fn s05_what_looks_like_a_formula_gets_an_apostrophe() {
    let cells = ["=HYPERLINK(\"http://x\")", "-2+3", "＝1"].map(str::to_owned).to_vec();
    let bytes = written(std::slice::from_ref(&cells));
    let text = String::from_utf8(bytes.clone()).expect("UTF-8");
    assert!(text.starts_with("\u{feff}甲,乙\r\n"));
    assert!(text.contains("\"'=HYPERLINK(\"\"http://x\"\")\",'-2+3,'＝1\r\n"), "{text}");
    assert_eq!(texts(&bytes)[1], cells, "and loses it when it is read");
    let mut writer = CsvWriter::new(Vec::new(), ["金额"]).expect("writes");
    writer.row(&[Cell::Number("-12.50".to_owned())]).expect("writes");
    assert!(writer.finish().expect("writes").ends_with(b"\r\n-12.50\r\n"), "our own numbers stay numbers");
}

proptest! {
    #[test]
    fn what_is_written_as_separated_values_is_read_again(
        rows in prop::collection::vec(prop::collection::vec("[\\PC\n\t\r,;\"'=]{0,12}", 2), 0..6)
    ) {
        let readable = |text: &String| !text.trim().is_empty();
        let expected: Vec<Vec<String>> = rows
            .iter()
            .filter(|row| row.iter().any(readable))
            .map(|row| {
                let mut row: Vec<String> = row.iter().map(|text| if readable(text) { text.clone() } else { String::new() }).collect();
                while row.last().is_some_and(String::is_empty) {
                    row.pop();
                }
                row
            })
            .collect();
        prop_assert_eq!(&texts(&written(&rows))[1..], &expected[..]);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_rows(Cursor::new(bytes), "a.csv", &Limits::default(), &mut |_| Ok(()));
    }
}
