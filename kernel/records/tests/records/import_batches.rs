//! What rows of a batch ask of other records is asked once.

use std::sync::Arc;

use anju_records::{ImportFailure, ImportOptions, ImportRow, Importer};
use anju_store::{
    on_both_databases,
    testing::{Fault, TestDatabase},
};

use crate::{
    fixture::*,
    import::{Book, book},
};

on_both_databases!(the_same_question_is_asked_once, a_row_that_breaks_a_rule_over_others_is_named);

const PROJECT: &str = "bureau.project";
/// Only 东方公司 runs projects.
const RULE: &str = "rules:
  - code: east_only
    field: operator
    message: 该机构不运营项目
    exists:
      entity: bureau.organisation
      where: { and: [{ field: id, op: eq, value: \"=operator\" }, { field: code, op: eq, value: org-a }] }
";

async fn bureau_with_rule(db: TestDatabase) -> Bureau {
    let bureau = bureau(db).await;
    let next = catalog_with(|path, text| {
        Some(if path == "entities/project" { format!("{text}{RULE}") } else { text.to_owned() })
    });
    bureau.records.catalog().store(Arc::new(next));
    bureau
}

fn projects(operators: &[&str]) -> Book {
    let codes: Vec<String> = (0..operators.len()).map(|at| format!("P{at}")).collect();
    let rows: Vec<[&str; 3]> =
        codes.iter().zip(operators).map(|(code, operator)| [code, "浦东新区", operator]).collect();
    let rows: Vec<&[&str]> = rows.iter().map(<[&str; 3]>::as_slice).collect();
    book(&["项目编号", "区", "运营机构"], &rows)
}

fn begin(bureau: &Bureau, book: &Book) -> Importer {
    bureau.records.begin_import(&system(), PROJECT, ImportOptions::default(), &book.sheets).unwrap()
}

/// Judges and writes the rows, and undoes it.
async fn try_writing(
    bureau: &Bureau,
    importer: &mut Importer,
    rows: &[ImportRow],
    fault: Option<Fault>,
) -> Result<usize, ImportFailure> {
    let judged = bureau.records.judge_import(importer, rows).await.unwrap();
    assert_eq!((judged.ready_len(), judged.errors.len()), (rows.len(), 0));
    let mut tx = bureau.records.store().begin().await.unwrap();
    if let Some(fault) = fault {
        bureau.records.store().plan_fault(fault);
    }
    let written = bureau.records.write_import(&mut tx, importer.setup(), judged, None).await;
    // Rolling back is a call too, and the fault may be waiting for it.
    drop(tx);
    written.map(|counts| counts.created)
}

/// How often writing so many projects of 东方公司 calls the database.
async fn calls_for(bureau: &Bureau, rows: usize) -> u32 {
    let book = projects(&vec!["org-a"; rows]);
    for nth in 1.. {
        let written =
            try_writing(bureau, &mut begin(bureau, &book), &book.rows, Some(Fault::Call(nth))).await;
        if !bureau.records.store().end_fault() {
            assert_eq!(written.unwrap(), rows);
            return nth - 1;
        }
    }
    0
}

async fn the_same_question_is_asked_once(db: TestDatabase) {
    let bureau = bureau_with_rule(db).await;
    assert!(bureau.records.judges_alone(PROJECT).unwrap());
    assert_eq!(calls_for(&bureau, 2).await, calls_for(&bureau, 9).await);
}

async fn a_row_that_breaks_a_rule_over_others_is_named(db: TestDatabase) {
    let bureau = bureau_with_rule(db).await;
    let book = projects(&["org-a", "org-a", "org-b", "org-a", "org-b"]);
    match try_writing(&bureau, &mut begin(&bureau, &book), &book.rows, None).await {
        Err(ImportFailure::Row(error)) => {
            assert_eq!((error.row, error.field.as_str()), (4, "operator"));
            assert!(error.message.starts_with("该机构不运营项目"), "{}", error.message);
        }
        other => panic!("{other:?}"),
    }
}
