//! What an import template looks like.

use anju_documents::workbook::{Cell, ColumnKind, ColumnSpec, SheetSpec, WorkbookSpec};
use anju_records::{TemplateColumn, TemplateSheet, TemplateSpec};
use jiff::Timestamp;

const WIDTH: f64 = 18.0;
/// The sheet that explains the others; an import leaves it aside.
const GUIDE: &str = "填写说明";
const GUIDE_COLUMNS: [(&str, f64); 6] = [
    ("工作表", 16.0),
    ("列", 24.0),
    ("是否必填", 10.0),
    ("填写要求", 44.0),
    ("示例", 24.0),
    ("可选项", 60.0),
];
/// Choices told in the guide; longer lists are offered in the cells.
const CHOICES_TOLD_MAX: usize = 30;

/// An empty workbook with titled columns, and a sheet that explains each.
pub(super) fn template_workbook(template: &TemplateSpec, made_at: Timestamp) -> WorkbookSpec {
    let mut sheets: Vec<SheetSpec> = template.sheets.iter().map(sheet).collect();
    sheets.push(guide(template));
    WorkbookSpec { sheets, made_at }
}

fn sheet(sheet: &TemplateSheet) -> SheetSpec {
    let column = |column: &TemplateColumn| ColumnSpec {
        title: column.title.clone(),
        width: WIDTH,
        kind: ColumnKind::Text,
        choices: column.choices.clone(),
        required: column.required,
        help: Some(column.help.clone()).filter(|help| !help.is_empty()),
    };
    SheetSpec {
        name: sheet.name.clone(),
        columns: sheet.columns.iter().map(column).collect(),
        rows: Vec::new(),
    }
}

fn guide(template: &TemplateSpec) -> SheetSpec {
    let column = |(title, width): (&str, f64)| ColumnSpec {
        title: title.to_owned(),
        width,
        kind: ColumnKind::Text,
        choices: Vec::new(),
        required: false,
        help: None,
    };
    let line = |sheet: &TemplateSheet, column: &TemplateColumn| -> Vec<Cell> {
        let duty = if column.required { "必填" } else { "选填" };
        let choices = column.choices.iter().take(CHOICES_TOLD_MAX).cloned().collect::<Vec<_>>().join("、");
        let more = if column.choices.len() > CHOICES_TOLD_MAX { "…" } else { "" };
        let texts = [
            sheet.name.as_str(),
            &column.title,
            duty,
            &column.help,
            &column.example,
            &format!("{choices}{more}"),
        ];
        texts.map(Cell::from).to_vec()
    };
    let rows =
        template.sheets.iter().flat_map(|sheet| sheet.columns.iter().map(move |column| line(sheet, column)));
    SheetSpec { name: GUIDE.to_owned(), columns: GUIDE_COLUMNS.map(column).to_vec(), rows: rows.collect() }
}
