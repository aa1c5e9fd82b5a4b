//! The tables of publishing. Texts and publications are only ever added to.

use anju_store::{ColumnKind, IndexSpec, TableSpec};

/// Texts of definitions, each kept once, by their digest.
pub(super) const TEXT: &str = "sys_definition_text";
/// What designers work on.
pub(super) const DRAFT: &str = "sys_definition_draft";
/// What was published, by number.
pub(super) const PUBLICATION: &str = "sys_publication";

pub(crate) fn tables() -> Vec<TableSpec> {
    use ColumnKind::{Int, Text};
    vec![
        TableSpec::new(TEXT)
            .column("digest", Text)
            .column("text", Text)
            .primary_key(["digest"])
            .append_only()
            .authenticated(),
        TableSpec::new(DRAFT)
            .column("kind", Text)
            .column("key", Text)
            // Absent: the site's definition is to go.
            .nullable("text", Text)
            .column("files", Text)
            .nullable("base", Text)
            .column("revision", Int)
            .column("updated_at", Int)
            .column("updated_by", Text)
            .column("updated_by_name", Text)
            .primary_key(["kind", "key"])
            .authenticated(),
        TableSpec::new(PUBLICATION)
            .column("number", Int)
            .column("kind", Text)
            .column("at", Int)
            .column("account_id", Text)
            .column("actor_name", Text)
            .column("reason", Text)
            .column("shipped_digest", Text)
            .column("manifest", Text)
            .column("generations", Text)
            .column("catalog_version", Text)
            .column("drafts", Text)
            .column("effects", Text)
            .column("conflicts", Text)
            .primary_key(["number"])
            .index(IndexSpec::on(["at"]))
            .append_only()
            .authenticated(),
    ]
}
