use anju_store::{ColumnKind, IndexSpec, TableSpec};

/// Records whose term has ended but that stay, without the values of the term: they are not done again.
pub(super) const DONE: &str = "sys_retention_done";
/// Records that nothing may be erased of, whatever their term.
pub(super) const HOLD: &str = "sys_legal_hold";

/// One row for each removed record, with what it stays counted by. Rows are only ever added.
pub(super) const REMOVED: &str = "sys_retention_removed";

pub(crate) fn tables() -> Vec<TableSpec> {
    vec![
        TableSpec::new(DONE)
            .column("entity", ColumnKind::Text)
            .column("record_id", ColumnKind::Text)
            .column("term", ColumnKind::Text)
            .column("at", ColumnKind::Int)
            .primary_key(["record_id", "entity", "term"])
            .authenticated(),
        TableSpec::new(HOLD)
            .column("entity", ColumnKind::Text)
            .column("record_id", ColumnKind::Text)
            .column("reason", ColumnKind::Text)
            .column("set_by", ColumnKind::Text)
            .column("set_by_name", ColumnKind::Text)
            .column("set_at", ColumnKind::Int)
            .primary_key(["record_id", "entity"])
            .index(IndexSpec::on(["entity", "set_at"]))
            .authenticated(),
        TableSpec::new(REMOVED)
            .column("id", ColumnKind::Serial)
            .column("entity", ColumnKind::Text)
            .column("term", ColumnKind::Text)
            .column("month", ColumnKind::Text)
            .column("grouped_by", ColumnKind::Text)
            .column("at", ColumnKind::Int)
            .primary_key(["id"])
            .index(IndexSpec::on(["entity", "term", "month"]))
            .append_only()
            .authenticated(),
    ]
}
