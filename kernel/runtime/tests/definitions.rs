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

/// A sound library, in two releases.
struct Shelves {
    title: &'static str,
}

impl App for Shelves {
    fn name(&self) -> &'static str {
        "library"
    }

    fn sources(&self) -> Vec<Source> {
        let text = SHELF.replace("书架", self.title);
        vec![Source::new("apps/library/definitions/entities/shelf.yaml".to_owned(), text)]
    }

    fn register(&self, _registry: &mut Registry) {}
}

fn start_up(app: impl App + 'static, upgrades: bool) -> StartUp {
    StartUp {
        apps: vec![Box::new(app)],
        clock: Arc::new(SystemClock),
        randomness: Arc::new(OsRandom),
        upgrades,
    }
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
    let refused = Runtime::start(Settings::embedded(&data), start_up(Library, true)).await;
    match refused {
        Err(Error::Definitions(lines)) => assert!(lines.contains("book.yaml:6"), "{lines}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the kernel starts"),
    }
    assert!(!data.exists());
}

#[tokio::test]
async fn a_program_told_to_leave_the_database_alone_refuses_that_of_another_release() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings::embedded(folder.path());
    let start = |title, upgrades| Runtime::start(settings.clone(), start_up(Shelves { title }, upgrades));
    let first = start("书架", true).await.expect("the first release starts");
    first.store.close().await;
    let same = start("书架", false).await.expect("the same release starts");
    same.store.close().await;
    assert!(matches!(start("书柜", false).await.err(), Some(Error::Release)));
    let title = |runtime: &Runtime| runtime.catalog.load().entities["library.shelf"].title.clone();
    let still = start("书架", false).await.expect("nothing was put in force");
    assert_eq!(title(&still), "书架");
    still.store.close().await;
    let next = start("书柜", true).await.expect("the next release starts");
    assert_eq!(title(&next), "书柜");
}
