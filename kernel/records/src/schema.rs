use anju_definitions::Catalog;
use anju_store::{ColumnKind, IndexSpec, TableSpec};

use crate::{
    Result,
    plan::{EntityPlan, Plans},
    retention,
    write::confirmation_table,
};

/// History: one row per change of a record. Rows are only added, until a term of retention ends.
pub(crate) const HISTORY: &str = "sys_history";
/// Audit: who did what, when, with what result. Rows are only ever added.
pub(crate) const AUDIT: &str = "sys_audit";
/// How far the search tokens of each entity's records are made.
pub(crate) const SEARCH: &str = "sys_search";
/// Column of a record's search tokens.
pub(crate) const TOKENS: &str = "search_tokens";
/// Column with the id of the record whose deletion took this one along; absent for those deleted by themselves.
pub(crate) const DELETED_WITH: &str = "deleted_with";

/// All tables of a catalog's entities, and of their history, audit and confirmations.
///
/// # Errors
/// [`crate::Error::Internal`] for definitions that contradict themselves.
pub fn tables(catalog: &Catalog) -> Result<Vec<TableSpec>> {
    let plans = Plans::compile(std::sync::Arc::new(catalog.clone()))?;
    let mut tables = Vec::with_capacity(catalog.entities.len() + 3);
    for key in catalog.entities.keys() {
        tables.push(entity_table(plans.entity(key)?));
    }
    tables.push(search_table());
    tables.push(history_table());
    tables.push(audit_table());
    tables.extend(retention::tables());
    tables.push(confirmation_table());
    Ok(tables)
}

fn entity_table(plan: &EntityPlan) -> TableSpec {
    let mut table = TableSpec::new(&plan.table)
        .column("id", ColumnKind::Text)
        .column("version", ColumnKind::Int)
        .column("created_at", ColumnKind::Int)
        .column("created_by", ColumnKind::Text)
        .column("updated_at", ColumnKind::Int)
        .column("updated_by", ColumnKind::Text)
        .nullable("deleted_at", ColumnKind::Int)
        .nullable(DELETED_WITH, ColumnKind::Text)
        .primary_key(["id"])
        .index(IndexSpec::on([DELETED_WITH, "deleted_at", "id"]).deleted_only());
    if plan.parent().is_some() {
        table = table.column("position", ColumnKind::Int);
    }
    for field in plan.fields.iter().filter(|field| field.is_stored()) {
        table = table.nullable(&field.name, field.sql);
        if let Some(index) = &field.index_column {
            table = table.nullable(index, ColumnKind::Bytes);
        }
    }
    for index in indexes(plan) {
        table = table.index(index);
    }
    if !plan.search.is_empty() {
        table =
            table.nullable(TOKENS, ColumnKind::Text).index(IndexSpec::of_tokens("id", TOKENS).live_only());
    }
    table.authenticated()
}

/// Indexes of live records, those of tokens aside.
pub(crate) fn indexes(plan: &EntityPlan) -> Vec<IndexSpec> {
    let columns =
        |group: &[usize]| group.iter().map(|at| plan.fields[*at].equality_column().to_owned()).collect();
    let mut indexed: Vec<Vec<String>> = Vec::new();
    let mut indexes = Vec::new();
    for group in &plan.uniques {
        let columns: Vec<String> = columns(group);
        indexes.push(IndexSpec::unique_on(columns.clone()).live_only());
        indexed.push(columns);
    }
    let declared =
        plan.entity.indexes.iter().map(|group| group.iter().filter_map(|f| plan.position(f)).collect());
    let parent = plan.parent().and_then(|parent| plan.position(&parent.field)).map(|at| vec![at]);
    let scope = &plan.entity.scope;
    let own = [&scope.district, &scope.subdistrict, &scope.operator, &scope.owner];
    let own = own.into_iter().flatten().filter_map(|path| plan.position(path)).map(|at| vec![at]);
    let found = plan
        .fields
        .iter()
        .enumerate()
        .filter(|(_, f)| f.index_column.is_some() || f.kind == anju_definitions::FieldType::Ref);
    let groups: Vec<Vec<usize>> =
        parent.into_iter().chain(own).chain(declared).chain(found.map(|(at, _)| vec![at])).collect();
    for group in groups {
        let columns: Vec<String> = columns(&group);
        if !columns.is_empty() && !indexed.contains(&columns) {
            // With the id at its end an index also serves the order of lists, the newest first.
            let ordered = columns.iter().map(String::as_str).chain(["id"]);
            indexes.push(IndexSpec::on(ordered).live_only());
            indexed.push(columns);
        }
    }
    indexes
}

fn search_table() -> TableSpec {
    TableSpec::new(SEARCH)
        .column("entity", ColumnKind::Text)
        .column("signature", ColumnKind::Text)
        .nullable("reached", ColumnKind::Text)
        .column("done", ColumnKind::Bool)
        .primary_key(["entity"])
}

fn history_table() -> TableSpec {
    TableSpec::new(HISTORY)
        .column("id", ColumnKind::Serial)
        .column("entity", ColumnKind::Text)
        .column("record_id", ColumnKind::Text)
        .column("version", ColumnKind::Int)
        .column("at", ColumnKind::Int)
        .column("actor_id", ColumnKind::Text)
        .column("actor_name", ColumnKind::Text)
        .column("action", ColumnKind::Text)
        .nullable("why", ColumnKind::Text)
        .column("changes", ColumnKind::Text)
        .primary_key(["id"])
        .index(IndexSpec::on(["record_id", "version"]))
        .erasable()
        .authenticated()
}

fn audit_table() -> TableSpec {
    TableSpec::new(AUDIT)
        .column("seq", ColumnKind::Serial)
        .column("at", ColumnKind::Int)
        .column("account_id", ColumnKind::Text)
        .column("actor_name", ColumnKind::Text)
        .column("actor_kind", ColumnKind::Text)
        .nullable("org_id", ColumnKind::Text)
        .nullable("roles", ColumnKind::Text)
        .nullable("session_digest", ColumnKind::Text)
        .nullable("ip", ColumnKind::Text)
        .nullable("request_id", ColumnKind::Text)
        .column("event", ColumnKind::Text)
        .nullable("entity", ColumnKind::Text)
        .nullable("record_id", ColumnKind::Text)
        .column("result", ColumnKind::Text)
        .nullable("reason", ColumnKind::Text)
        .nullable("changes_digest", ColumnKind::Text)
        .column("policy_version", ColumnKind::Text)
        .primary_key(["seq"])
        .index(IndexSpec::on(["record_id"]))
        .index(IndexSpec::on(["account_id", "at"]))
        .append_only()
        .authenticated()
}
