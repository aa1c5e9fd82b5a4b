//! B-09: a nonce is used once, whatever happens to the process. A process that is killed leaves nothing behind that a
//! later one could repeat: each draws its own prefix.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use anju_crypto::{Keyring, OsRandom, Place};

const CHILD: &str = "ANJU_TEST_NONCES_OF";
const RESTARTS: usize = 100;
/// Values sealed before a process is killed.
const SEALED: usize = 200;
const PLACE: Place<'_> = Place { table: "t", column: "c", row: "r" };

/// Format and key version come before the nonce.
fn nonce(sealed: &[u8]) -> String {
    sealed[5..17].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Seals without end when it is told a key file; run by the test below in processes of its own.
#[test]
fn a_process_that_is_killed() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let keyring = Keyring::open_or_create(path.as_ref(), &OsRandom).expect("the key file opens");
    let mut out = std::io::stdout().lock();
    while writeln!(out, "nonce {}", nonce(&keyring.seal(&PLACE, b"value").unwrap())).is_ok() {}
}

#[test]
fn b09_no_nonce_is_used_twice_over_a_hundred_kills() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let keys = folder.path().join("keys");
    let mut seen = HashSet::new();
    for restart in 0..RESTARTS {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["a_process_that_is_killed", "--exact", "--nocapture"])
            .env(CHILD, &keys)
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let nonces = lines.map_while(Result::ok).filter_map(|line| {
            let (_, nonce) = line.split_once("nonce ")?;
            Some(nonce.to_owned())
        });
        for nonce in nonces.take(SEALED) {
            assert!(seen.insert(nonce), "a nonce was used again after restart {restart}");
        }
        // SIGKILL
        child.kill().expect("is killed");
        child.wait().expect("ends");
    }
    assert_eq!(seen.len(), RESTARTS * SEALED);
}
