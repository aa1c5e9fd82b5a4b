//! Faulty definitions keep the kernel from starting, each fault told where it stands; nothing is touched before.

use std::sync::Arc;

use anju_calendar::SystemClock;
use anju_crypto::OsRandom;
use anju_definitions::Source;
use anju_runtime::{App, Error, Registry, Runtime, Settings, StartUp, verify_definitions};

const BOOK: &str = "\
entity: library.book
title: 书
display: \"{title}\"
fields:
  title: { title: 书名, type: text, required: true }
  shelf: { title: 书架, type: ref, to: library.shelve }
actions:
  lend:
    title: 借出
    effects:
      - set: { title: 已借出 }
      - command: { command: library.lend }
";
const SHELF: &str = "\
entity: library.shelf
title: 书架
display: \"{code}\"
fields:
  code: { title: 编号, type: text, required: true }
";

/// A library whose books refer to what is not there: an entity, and a command nobody has registered.
struct Library;

impl App for Library {
    fn name(&self) -> &'static str {
        "library"
    }

    fn sources(&self) -> Vec<Source> {
        let file = |name: &str, text: &str| {
            Source::new(format!("apps/library/definitions/entities/{name}.yaml"), text)
        };
        vec![file("book", BOOK), file("shelf", SHELF)]
    }

    fn register(&self, _registry: &mut Registry) {}
}

#[test]
fn a_dangling_reference_is_told_with_file_line_and_cause() {
    let report = verify_definitions(&[Box::new(Library)]);
    assert_eq!(
        report.errors,
        [
            "apps/library/definitions/entities/book.yaml:6: 没有实体“library.shelve”，是否为“library.shelf”？",
            "apps/library/definitions/entities/book.yaml:12: 没有命令“library.lend”",
        ]
    );
}

#[tokio::test]
async fn nothing_is_touched_by_a_start_on_faulty_definitions() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let start_up = StartUp {
        apps: vec![Box::new(Library)],
        clock: Arc::new(SystemClock),
        randomness: Arc::new(OsRandom),
        upgrades: true,
    };
    let refused = Runtime::start(Settings::embedded(&data), start_up).await;
    match refused {
        Err(Error::Definitions(lines)) => assert!(lines.contains("book.yaml:6"), "{lines}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the kernel starts"),
    }
    assert!(!data.exists());
}
