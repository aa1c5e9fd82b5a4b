//! Workbooks made to flood the reader (S-07).

use super::*;

#[test]
fn s07_a_bomb_is_refused_by_its_directory() {
    let bomb = raw_parts(b"", &[("xl/media/zero.bin", vec![0; 8 * 1024 * 1024])]);
    assert!(bomb.len() < 64 * 1024);
    assert!(matches!(read_all(&bomb), Err(Error::Refused(_))));
}

#[test]
fn s07_a_directory_that_lies_about_sizes_is_found_out() {
    let mut bomb = raw_parts(b"", &[("xl/media/zero.bin", vec![0; 8 * 1024 * 1024])]);
    let size = u32::to_le_bytes(8 * 1024 * 1024);
    let places: Vec<usize> = (0..bomb.len() - 4).filter(|&at| bomb[at..at + 4] == size).collect();
    assert!(!places.is_empty());
    for at in places {
        bomb[at..at + 4].copy_from_slice(&1000_u32.to_le_bytes());
    }
    let error = read_all(&bomb).expect_err("eight megabytes in a few kilobytes");
    assert!(matches!(error, Error::Refused(_) | Error::Unreadable(_)), "{error}");
}

#[test]
fn s07_one_cell_in_the_last_corner_does_not_make_a_table_of_billions() {
    let corner = raw_workbook(
        r#"<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c></row>
        <row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#,
    );
    assert!(matches!(read_all(&corner), Err(Error::Refused(_))));
}

#[test]
fn s07_too_many_entries_are_refused() {
    let names: Vec<String> = (0..2_100).map(|n| format!("xl/media/{n}.png")).collect();
    let more: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (name.as_str(), vec![0])).collect();
    assert!(matches!(read_all(&raw_parts(b"", &more)), Err(Error::Refused(_))));
}

/// Makes room only for what is there: a count that lies must not end the program.
#[test]
fn s07_a_count_of_texts_that_lies_is_refused() {
    let lying = |head: &str| {
        let texts = format!("{head}<si><t>a</t></si></sst>");
        read_all(&raw_parts(b"", &[("xl/sharedStrings.xml", texts.into_bytes())]))
    };
    const NAMESPACE: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
    assert!(lying(&format!("<sst {NAMESPACE} uniqueCount=\"1\">")).is_ok());
    for count in ["99999999999999", "18446744073709551615", "2000001"] {
        let refused = lying(&format!("<sst {NAMESPACE} uniqueCount=\"{count}\">"));
        assert!(matches!(refused, Err(Error::Refused(_))), "{count}");
    }
    let padding = " ".repeat(100_000);
    assert!(lying(&format!("<sst {NAMESPACE}{padding}uniqueCount=\"99999999999999\">")).is_err());
}

#[test]
fn s07_texts_beyond_what_memory_should_hold_are_refused() {
    let mut texts = b"<sst>".to_vec();
    for number in 0..2_000_010_u32 {
        // Not alike, so that the ratio stays ordinary.
        texts.extend_from_slice(
            format!("<si><t>{:x}</t></si>", number.wrapping_mul(2_654_435_761)).as_bytes(),
        );
    }
    texts.extend_from_slice(b"</sst>");
    let error = read_all(&raw_parts(b"", &[("xl/sharedStrings.xml", texts)])).expect_err("too many texts");
    assert!(error.to_string().contains("文本单元格过多"), "{error}");
}

#[test]
fn s07_other_encodings_cannot_hide_what_is_looked_for() {
    let utf16: Vec<u8> =
        "\u{feff}<sst uniqueCount='99999999999'/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for texts in [
        utf16,
        b"<?xml version=\"1.0\" encoding=\"ISO-2022-JP\"?><sst unique\x1b(BCount=\"99999999999\"></sst>"
            .to_vec(),
        b"<?xml version=\"1.0\" encoding=\"gb18030\"?><sst></sst>".to_vec(),
    ] {
        let result = read_all(&raw_parts(b"", &[("xl/sharedStrings.xml", texts)]));
        assert!(matches!(result, Err(Error::Unreadable(_))), "{result:?}");
    }
}

#[test]
fn s07_a_document_type_expands_nothing() {
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
        <sst><si><t>&b;</t></si></sst>"#;
    let cell = br#"<row r="1"><c r="A1" t="s"><v>0</v></c></row>"#;
    let read = read_all(&raw_parts(cell, &[("xl/sharedStrings.xml", bomb.as_bytes().to_vec())]));
    let harmless = match &read {
        Err(_) => true,
        Ok(book) => book.sheets.iter().all(|sheet| sheet.header.iter().all(|title| title.len() < 10)),
    };
    assert!(harmless, "{read:?}");
}
