use super::*;
use crate::{Keyring, OsRandom, Place, SeededRandom};

const PLACE: Place<'_> = Place { table: "case", column: "id_no", row: "1" };

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn b11_a_new_file_is_private_and_opens_again() {
    let folder = folder();
    let path = folder.path().join("keys.json");
    let sealed = Keyring::open_or_create(&path, &OsRandom).unwrap().seal(&PLACE, b"secret").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(Keyring::open_or_create(&path, &OsRandom).unwrap().open(&PLACE, &sealed).unwrap(), b"secret");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn b11_data_keys_do_not_stand_in_the_file_in_clear() {
    let folder = folder();
    let path = folder.path().join("keys.json");
    let secrets = open_or_create(&path, &SeededRandom::new(1)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&STANDARD.encode(secrets.data_keys[&1].as_ref())));
    assert!(!text.contains(&STANDARD.encode(secrets.pepper.as_ref())));
}

#[test]
fn b11_a_damaged_file_is_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join("keys.json");
    for content in ["", "{}", "nonsense"] {
        write_private(&path, content);
        let refused = Keyring::open_or_create(&path, &OsRandom).unwrap_err();
        assert!(matches!(refused, Error::KeyFileDamaged { .. }), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn b11_a_wrapped_key_cannot_take_anothers_place() {
    let folder = folder();
    let path = folder.path().join("keys.json");
    Keyring::open_or_create(&path, &OsRandom).unwrap();
    let mut file: KeyFile = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let index = file.keys.iter().position(|key| key.purpose == KeyPurpose::Index).unwrap();
    let pepper = file.keys.iter().position(|key| key.purpose == KeyPurpose::Pepper).unwrap();
    let moved = file.keys[index].wrapped.clone();
    file.keys[index].wrapped = std::mem::replace(&mut file.keys[pepper].wrapped, moved);
    write_private(&path, &serde_json::to_string(&file).unwrap());
    let refused = Keyring::open_or_create(&path, &OsRandom).unwrap_err();
    assert!(matches!(refused, Error::KeyFileDamaged { reason: "a key does not unwrap", .. }), "{refused}");
}

#[test]
fn b11_a_file_open_to_others_is_refused() {
    let folder = folder();
    let path = folder.path().join("keys.json");
    Keyring::open_or_create(&path, &OsRandom).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = Keyring::open_or_create(&path, &OsRandom).unwrap_err();
    assert!(matches!(refused, Error::KeyFileExposed { mode: 0o640, .. }), "{refused}");
}

#[test]
fn b11_processes_that_start_at_once_share_one_file() {
    let folder = folder();
    let path = folder.path().join("keys.json");
    let public_keys: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Keyring::open_or_create(&path, &OsRandom).unwrap().public_key()))
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(public_keys.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn b11_after_a_rotation_old_values_open_and_new_ones_use_the_new_key() {
    let folder = folder();
    let path = folder.path().join("keys.json");
    let before = Keyring::open_or_create(&path, &OsRandom).unwrap();
    let old = before.seal(&PLACE, b"old").unwrap();
    let after = Keyring::rotate(&path, &OsRandom).unwrap();
    let new = after.seal(&PLACE, b"new").unwrap();
    assert_eq!(after.open(&PLACE, &old).unwrap(), b"old");
    assert_eq!(Keyring::open_or_create(&path, &OsRandom).unwrap().open(&PLACE, &new).unwrap(), b"new");
    assert!(matches!(before.open(&PLACE, &new), Err(Error::UnknownKeyVersion(2))));
    assert_eq!(before.public_key(), after.public_key());
}

#[test]
fn b14_impossible_private_keys_are_refused() {
    let order_less_one =
        hex::decode("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122").unwrap();
    assert!(signing_key_from(&order_less_one).is_none());
    assert!(signing_key_from(&[0; 32]).is_none());
    assert!(signing_key_from(&[0xff; 32]).is_none());
}

fn write_private(path: &Path, content: &str) {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
    file.write_all(content.as_bytes()).unwrap();
}
