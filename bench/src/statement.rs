//! A captured statement, taken apart as far as replaying it needs.

use anyhow::Context;

/// What a placeholder stands behind, such as `status =`, `case IN` or `LIMIT`; in the order of binding.
pub fn placeholders(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut quoted = false;
    for (at, character) in sql.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '?' | '$' if !quoted => found.push(place(&sql[..at])),
            _ => {}
        }
    }
    found
}

fn place(before: &str) -> String {
    let before = before.trim_end_matches([' ', '(']);
    let operator = before.rsplit(' ').next().unwrap_or_default();
    match operator {
        "LIMIT" | "OFFSET" => operator.to_owned(),
        _ => format!("{} {operator}", before.rsplit('"').nth(1).unwrap_or_default()),
    }
}

/// The columns of a SELECT: `name`, or `alias.name` when joined.
pub fn selected(sql: &str, table: &str) -> anyhow::Result<Vec<String>> {
    let list = sql.strip_prefix("SELECT ").and_then(|rest| rest.split_once(" FROM "));
    let (list, _) = list.with_context(|| format!("not a SELECT: {sql}"))?;
    let name = |column: &str| {
        let column = column.replace('"', "");
        column.strip_prefix(&format!("{table}.")).map(str::to_owned).unwrap_or(column)
    };
    Ok(list.split(", ").map(name).collect())
}

/// The table a SELECT or INSERT is about.
pub fn table(sql: &str) -> anyhow::Result<&str> {
    let at = sql.find(" FROM \"").or_else(|| sql.find(" INTO \""));
    let named = at.and_then(|at| sql[at..].split('"').nth(1));
    named.with_context(|| format!("no table in: {sql}"))
}

/// The columns of an INSERT and the number of its rows.
pub fn inserted(sql: &str) -> anyhow::Result<(Vec<String>, usize)> {
    let list = sql.split_once('(').and_then(|(_, rest)| rest.split_once(") VALUES "));
    let (columns, rows) = list.with_context(|| format!("not an INSERT: {sql}"))?;
    let columns: Vec<String> = columns.split(", ").map(|column| column.replace('"', "")).collect();
    Ok((columns, rows.matches("), (").count() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_is_named_by_what_it_stands_behind() {
        let sql = r#"SELECT "a"."x?" FROM "a" WHERE "a"."id" = ? AND "a"."case" IN (?) AND ("a"."s" IS NULL OR "a"."s" <> ?) LIMIT ? OFFSET ?"#;
        assert_eq!(placeholders(sql), ["id =", "case IN", "s <>", "LIMIT", "OFFSET"]);
        assert_eq!(placeholders(r#"WHERE "a"."id" = $1 AND "b" = $12"#), ["id =", "b ="]);
    }

    #[test]
    fn a_select_names_its_columns() {
        let sql = r#"SELECT "a"."id", "r1"."title" FROM "a" LEFT JOIN "b" AS "r1" ON "a"."b" = "r1"."id""#;
        assert_eq!(selected(sql, "a").unwrap(), ["id", "r1.title"]);
        assert_eq!(table(sql).unwrap(), "a");
        assert!(selected("UPDATE", "a").is_err());
    }

    #[test]
    fn an_insert_names_its_columns_and_counts_its_rows() {
        let sql = r#"INSERT INTO "t" ("id", "x") VALUES ($1, $2), ($3, $4) RETURNING "id""#;
        assert_eq!(inserted(sql).unwrap(), (vec!["id".to_owned(), "x".to_owned()], 2));
        assert_eq!(table(sql).unwrap(), "t");
        assert!(inserted("DELETE").is_err());
    }
}
