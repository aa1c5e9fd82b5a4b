use std::process::Command;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::json;

use crate::{DocumentMaker, Error, Template, qr_svg};

static MAKER: LazyLock<DocumentMaker> = LazyLock::new(DocumentMaker::new);

const NOTICE: &str = r##"
#import "anju.typ": *
#let data = json("data.json")
#set document(title: "受理通知书")
#set page(width: 210mm, height: 297mm, margin: 28mm)
#set text(font: (serif,), size: 14pt, lang: "zh", region: "cn")
#align(center, text(font: (sans, serif), weight: "bold", size: 20pt)[公共租赁住房申请受理通知书])
#data.applicant（#masked-id(data.id_no)）：

你户于#chinese-date(data.accepted_on)提出的申请，经审查予以受理。

#align(right)[#datetime.today().display("[year]年[month padding:none]月[day padding:none]日")]
#qr-code(data.qr)
#place(bottom + right, seal("上海市黄浦区住房保障中心", use: "受理专用章"))
"##;

fn template(source: &str) -> Template<'_> {
    Template { name: "notice.typ", source }
}

fn noon() -> Timestamp {
    "2026-03-05T12:00:00+08:00".parse().expect("a literal time")
}

fn notice(applicant: &str) -> Result<Vec<u8>, Error> {
    let data = json!({
        "applicant": applicant, "id_no": "310101199003074518", "accepted_on": "2026-03-04",
        "qr": qr_svg("https://zfbz.example.gov.cn/verify/7K2M-9QXA").expect("short text"),
    });
    MAKER.render_pdf(template(NOTICE), &data, noon())
}

/// Runs a tool of poppler-utils or zbar-tools over a file and gives back what it printed.
fn run(program: &str, arguments: &[&str]) -> String {
    let output =
        Command::new(program).args(arguments).output().expect("poppler-utils and zbar-tools are installed");
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("tools print UTF-8")
}

#[test]
fn a_notice_says_what_its_template_and_data_say() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("notice.pdf");
    std::fs::write(&file, notice("张伟").expect("renders")).expect("writes");
    let text = run("pdftotext", &["-layout", "-l", "1", &file.to_string_lossy(), "-"]);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    insta::assert_snapshot!(lines[..4].join("\n"));
}

#[test]
fn the_code_on_a_printed_notice_leads_to_its_verification() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("notice.pdf");
    std::fs::write(&file, notice("张伟").expect("renders")).expect("writes");
    let picture = directory.path().join("page");
    run(
        "pdftoppm",
        &["-r", "150", "-png", "-singlefile", &file.to_string_lossy(), &picture.to_string_lossy()],
    );
    let code = run("zbarimg", &["-q", "--raw", &picture.with_extension("png").to_string_lossy()]);
    assert_eq!(code.trim(), "https://zfbz.example.gov.cn/verify/7K2M-9QXA");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(notice("张伟").expect("renders"), notice("张伟").expect("renders"));
    assert_ne!(notice("张伟").expect("renders"), notice("张玮").expect("renders"));
}

#[test]
fn rare_name_characters_of_the_standard_table_are_printed() {
    // 通用规范汉字表 level three, two of them beyond the basic plane, and traditional characters.
    notice("王喆堃禤䶮𬱖𫖯陳國華").expect("the embedded fonts have them");
}

#[test]
fn a_character_without_a_glyph_stops_the_document_and_is_named() {
    let error = notice("张\u{20BB7}\u{2A6D6}").expect_err("no font has them");
    insta::assert_snapshot!(error);
}

#[test]
fn errors_name_the_line_of_the_template_and_the_cause() {
    let source = "#let data = json(\"data.json\")\n\n申请人：#data.applicant_name\n";
    let error =
        MAKER.render_pdf(template(source), &json!({"applicant": "张伟"}), noon()).expect_err("no such entry");
    insta::assert_snapshot!(error, @r#"文书模板有错误：notice.typ 第 3 行第 11 列：dictionary does not contain key "applicant_name""#);
}

#[test]
fn an_error_inside_a_helper_is_shown_where_the_template_called_it() {
    let source = "#import \"anju.typ\": *\n\n#qr-code(17)\n";
    let error = MAKER.render_pdf(template(source), &json!({}), noon()).expect_err("not an SVG");
    insta::assert_snapshot!(error, @"文书模板有错误：notice.typ 第 3 行第 2 列：expected string, array, or bytes, found integer");
}

#[test]
fn a_template_sees_no_files_and_no_packages() {
    for source in ["#read(\"/etc/passwd\")", "#import \"@preview/cetz:0.3.0\"", "#read(\"../Cargo.toml\")"] {
        let error =
            MAKER.render_pdf(template(source), &json!({}), noon()).expect_err("nothing outside is there");
        assert!(matches!(error, Error::Template(_)), "{source}: {error}");
    }
}

#[test]
fn a_document_of_too_many_pages_is_refused() {
    let error = MAKER.render_pdf(template("#for _ in range(250) { pagebreak() }"), &json!({}), noon());
    assert!(matches!(error, Err(Error::TooLarge(_))));
}

#[test]
fn template_and_data_are_bounded() {
    let long = "x".repeat(crate::TEMPLATE_BYTES_MAX + 1);
    assert!(matches!(MAKER.render_pdf(template(&long), &json!({}), noon()), Err(Error::TooLarge(_))));
    let large = json!("x".repeat(crate::DATA_BYTES_MAX));
    assert!(matches!(MAKER.render_pdf(template("x"), &large, noon()), Err(Error::TooLarge(_))));
}

fn list(rows: usize) -> crate::PdfTable {
    use crate::{PdfAlign, PdfColumn};
    let column = |title: &str, share, align| PdfColumn { title: title.to_owned(), share, align };
    crate::PdfTable {
        title: "资格案件".to_owned(),
        watermark: crate::workbook::Watermark {
            name: "陈静怡".to_owned(),
            account: "pudong-clerk".to_owned(),
            time: "2026-03-05 12:00".to_owned(),
        },
        notes: vec!["筛选条件：办理状态 等于 受理".to_owned()],
        columns: vec![
            column("受理编号", 3, PdfAlign::Start),
            column("主申请人", 2, PdfAlign::Start),
            column("面积", 1, PdfAlign::End),
        ],
        rows: (0..rows)
            .map(|n| vec![format!("GZ-{n:06}"), "#strong[张伟] =1".to_owned(), "56.30".to_owned()])
            .collect(),
    }
}

fn text_of(pdf: &[u8]) -> String {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("list.pdf");
    std::fs::write(&file, pdf).expect("writes");
    run("pdftotext", &["-raw", &file.to_string_lossy(), "-"])
}

#[test]
fn a72_a_list_on_paper_repeats_its_titles_and_its_watermark() {
    let text = text_of(&MAKER.render_table(&list(120), noon()).expect("renders"));
    let pages: Vec<&str> = text.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
    assert!(pages.len() > 2, "{}", pages.len());
    for page in &pages {
        assert!(page.contains("受理编号"), "{page}");
        let marks = page.matches("\npudong-clerk 2026-03-05 12:00").count();
        assert!(marks > 5, "slanted text comes in pieces, but comes: {page}");
        assert!(page.contains("导出人：陈静怡（pudong-clerk）"), "{page}");
    }
    assert!(pages[0].contains("筛选条件：办理状态 等于 受理") && text.contains("GZ-000119"));
    assert!(text.contains("#strong[张伟]"), "a text is no markup");
}

#[test]
fn a_list_on_paper_names_what_it_cannot_print() {
    let mut table = list(1);
    table.rows[0][1] = "李\u{20000}".to_owned();
    let text = text_of(&MAKER.render_table(&table, noon()).expect("renders"));
    assert!(text.contains("李〓") && text.contains("以电子表格为准"), "{text}");
    let long = list(crate::PDF_CELLS_MAX / 3 + 1);
    assert!(matches!(MAKER.render_table(&long, noon()), Err(Error::TooLarge(_))));
}
