//! Uploads: contents once, a row for each.

use std::path::{Path, PathBuf};

use anju_store::testing::TestDatabase;
use anju_store::{Error, Store, StoreConfig};

use super::at;

anju_store::on_both_databases!(
    an_upload_comes_back,
    the_same_contents_are_kept_once,
    an_upload_commits_with_its_step,
    a_file_too_large_is_refused,
    damaged_contents_are_noticed,
    removed_contents_are_gone_unless_another_upload_has_them,
    a_removal_that_is_undone_leaves_the_contents,
    contents_removed_before_they_are_referred_to_can_be_sent_again,
);

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

async fn an_upload_comes_back(db: TestDatabase) {
    let store = db.store();
    let meta =
        store.put_file("安居".as_bytes(), "../证明.pdf", "application/pdf", "someone", at(7)).await.unwrap();
    let (found, bytes) = store.get_file(&meta.id).await.unwrap();
    assert_eq!(found, meta);
    assert_eq!(bytes, "安居".as_bytes());
    assert_eq!((meta.size, meta.name.as_str(), meta.created_at), (6, "../证明.pdf", at(7)));
    assert!(matches!(store.get_file("../../etc/passwd").await, Err(Error::NotFound)));
    let digest = &meta.digest;
    let path = db.config().files_dir.join(&digest[..2]).join(&digest[2..4]).join(digest);
    assert_eq!(files_below(&db.config().files_dir), [path]);
}

async fn the_same_contents_are_kept_once(db: TestDatabase) {
    let store = db.store();
    let first = store.put_file(b"same".to_vec(), "a", "text/plain", "one", at(1)).await.unwrap();
    let second = store.put_file(b"same".to_vec(), "b", "text/plain", "two", at(2)).await.unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(first.digest, second.digest);
    assert_eq!(files_below(&db.config().files_dir).len(), 1);
    assert_eq!(store.file_meta(&second.id).await.unwrap().name, "b");
}

async fn an_upload_commits_with_its_step(db: TestDatabase) {
    let store = db.store();
    let contents = store.write_contents(b"draft".to_vec()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let meta = tx.put_file(&contents, "a", "text/plain", "one", at(1)).await.unwrap();
    assert_eq!(tx.file_meta(&meta.id).await.unwrap(), meta);
    tx.rollback().await.unwrap();
    assert!(matches!(store.file_meta(&meta.id).await, Err(Error::NotFound)));
}

async fn a_file_too_large_is_refused(db: TestDatabase) {
    let config = StoreConfig { file_bytes_max: 3, ..db.config().clone() };
    let store = Store::open(&config).await.unwrap();
    store.write_contents(b"123".to_vec()).await.unwrap();
    assert!(matches!(
        store.write_contents(b"1234".to_vec()).await,
        Err(Error::TooLarge { size: 4, limit: 3 })
    ));
}

async fn damaged_contents_are_noticed(db: TestDatabase) {
    let store = db.store();
    let meta = store.put_file(b"evidence".to_vec(), "a", "text/plain", "one", at(1)).await.unwrap();
    std::fs::write(&files_below(&db.config().files_dir)[0], b"Evidence").unwrap();
    assert!(matches!(store.get_file(&meta.id).await, Err(Error::Io(_))));
}

async fn removed_contents_are_gone_unless_another_upload_has_them(db: TestDatabase) {
    let (store, directory) = (db.store(), db.config().files_dir.clone());
    let put = |bytes: &'static str| store.put_file(bytes.as_bytes(), "a.txt", "text/plain", "someone", at(7));
    let (first, second, other) =
        (put("同样").await.unwrap(), put("同样").await.unwrap(), put("别的").await.unwrap());
    let remove = |ids: Vec<String>| async move {
        let mut tx = store.begin().await.unwrap();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let removed = tx.remove_files(&ids).await.unwrap();
        tx.commit().await.unwrap();
        store.remove_contents(&removed.contents).await.unwrap();
        removed.uploads
    };
    assert_eq!(remove(vec![first.id.clone(), "unknown".to_owned()]).await, 1);
    assert_eq!(store.get_file(&second.id).await.unwrap().1, "同样".as_bytes());
    assert_eq!(remove(vec![second.id, other.id]).await, 2);
    assert_eq!(files_below(&directory), Vec::<PathBuf>::new());
    assert_eq!(remove(vec![first.id]).await, 0);
}

async fn a_removal_that_is_undone_leaves_the_contents(db: TestDatabase) {
    let store = db.store();
    let kept = store.put_file("证据".as_bytes(), "a.txt", "text/plain", "someone", at(7)).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let removed = tx.remove_files(&[kept.id.as_str()]).await.unwrap();
    assert_eq!(removed.contents, [kept.digest.clone()]);
    tx.rollback().await.unwrap();
    store.remove_contents(&removed.contents).await.unwrap();
    assert_eq!(store.get_file(&kept.id).await.unwrap().1, "证据".as_bytes());
}

async fn contents_removed_before_they_are_referred_to_can_be_sent_again(db: TestDatabase) {
    let store = db.store();
    let earlier = store.put_file("同样".as_bytes(), "a.txt", "text/plain", "someone", at(7)).await.unwrap();
    let contents = store.write_contents("同样".as_bytes()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let removed = tx.remove_files(&[earlier.id.as_str()]).await.unwrap();
    tx.commit().await.unwrap();
    store.remove_contents(&removed.contents).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let late = tx.put_file(&contents, "b.txt", "text/plain", "someone", at(8)).await;
    assert!(matches!(late, Err(Error::Retry(_))), "{late:?}");
}
