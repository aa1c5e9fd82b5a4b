//! Commands that look at definitions without starting the platform.

use std::{io::Write, path::Path};

use anju_runtime::{definitions, verify_definitions};
use anyhow::{Context, bail};

use crate::apps;

/// Prints every problem; fails when one is an error.
pub fn check_definitions() -> anyhow::Result<()> {
    let report = verify_definitions(&apps());
    let mut out = std::io::stdout().lock();
    for line in report.errors.iter().chain(&report.warnings) {
        writeln!(out, "{line}")?;
    }
    writeln!(
        out,
        "{} definitions, {} errors, {} warnings",
        report.definitions,
        report.errors.len(),
        report.warnings.len()
    )?;
    if report.errors.is_empty() { Ok(()) } else { bail!("the definitions are faulty") }
}

pub fn print_openapi() -> anyhow::Result<()> {
    let document = serde_json::to_string_pretty(&anju_http::api_document())?;
    writeln!(std::io::stdout(), "{document}")?;
    Ok(())
}

/// One `<kind>.schema.json` for each kind of definition.
pub fn write_schemas(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (kind, schema) in definitions::schemas() {
        let path = folder.join(format!("{kind}.schema.json"));
        let text = serde_json::to_string_pretty(&schema)? + "\n";
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use anju_runtime::definitions;

    #[test]
    fn the_schemas_for_editors_are_those_of_the_code() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
        for (kind, schema) in definitions::schemas() {
            let path = folder.join(format!("{kind}.schema.json"));
            let written = std::fs::read_to_string(&path).unwrap_or_default();
            let current = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
            assert!(written == current, "{} is out of date: run `make schemas`", path.display());
        }
    }
}
