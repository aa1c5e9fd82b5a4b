//! B-09: blocks are never enciphered one by one. The only mode in the workspace is GCM, in one file.

use std::fs;
use std::path::{Path, PathBuf};

/// Words by which code would ask for single blocks, or for the mode made of them.
const BANNED: [&str; 6] =
    ["ecb", "encrypt_block", "encrypt_blocks", "BlockCipherEncrypt", "BlockEncrypt", "BlockModeEncrypt"];
const SKIPPED: [&str; 5] = ["target", "node_modules", ".git", "docs", "pictures"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() && !SKIPPED.contains(&name.as_str()) {
            files(&path, found);
        } else if matches!(
            path.extension().and_then(|ending| ending.to_str()),
            Some("rs" | "ts" | "tsx" | "toml")
        ) {
            found.push(path);
        }
    }
}

#[test]
fn b09_no_code_enciphers_single_blocks() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    files(&workspace, &mut found);
    assert!(found.len() > 300, "the workspace is looked through");
    let own = Path::new(file!()).file_name().expect("a name");
    for path in found.iter().filter(|path| path.file_name() != Some(own)) {
        let text = fs::read_to_string(path).expect("a text");
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        let banned = words.find(|word| BANNED.iter().any(|banned| word.eq_ignore_ascii_case(banned)));
        assert_eq!(banned, None, "{}", path.display());
    }
}
