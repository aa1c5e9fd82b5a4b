//! The SQL of every kind of query, for both databases, as snapshots to read.

use std::fmt::Write;

use super::{
    Statement, aggregate, condition, count, delete, ids_with_tokens, insert, insert_arrays, insert_or_ignore,
    insert_rows, quantile, rows_estimate, select, update, update_arrays, update_row,
};
use crate::bulk::Column;
use crate::store::RequiredColumns;
use crate::{
    Aggregate, ColumnKind, ColumnRef, Condition, Dialect, Direction, Grain, Group, Join, Lock, Measure,
    MeasureOp, Operator, Quantile, Rank, Select, SqlValue,
};

/// One query in both dialects.
fn both(name: &str, make: impl Fn(Dialect) -> Statement) -> String {
    let mut text = format!("{name}\n");
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let Statement { sql, values, .. } = make(dialect);
        writeln!(text, "  {dialect:?}: {sql}").unwrap();
        if dialect == Dialect::Postgres {
            writeln!(text, "  values: {values:?}").unwrap();
        }
    }
    text
}

fn unit(column: &str) -> ColumnRef {
    ColumnRef::new("unit", column)
}

fn project() -> Join {
    let on = (unit("project"), ColumnRef::new("p1", "id"));
    Join { table: "project".to_owned(), alias: "p1".to_owned(), on }
}

fn every_condition() -> Vec<(&'static str, Condition)> {
    use Condition::{
        All, Any, Between, ColumnsEqual, Contains, ContainsInOrder, Exists, IsNull, Not, NotIn, NotNull,
        OneOfFew, RowIn, StartsWith, Tokens,
    };
    let phrases = || vec![vec!["静安".to_owned(), "安路".to_owned()], vec!["张三".to_owned()]];
    let compare = |op| Condition::compare(unit("rent"), op, 100);
    let text = "50%_\\'".to_owned();
    let visits = Select::from("visit").filter(ColumnsEqual(ColumnRef::new("visit", "unit"), unit("id")));
    vec![
        ("True", Condition::True),
        ("False", Condition::False),
        ("All", All(vec![compare(Operator::Ge), Any(vec![IsNull(unit("a")), NotNull(unit("b"))])])),
        ("All of nothing", All(vec![])),
        ("Any", Any(vec![compare(Operator::Eq), All(vec![IsNull(unit("a")), NotNull(unit("b"))])])),
        ("Any of nothing", Any(vec![])),
        ("Not", Not(Box::new(Any(vec![compare(Operator::Eq), IsNull(unit("a"))])))),
        ("Not not", Not(Box::new(Not(Box::new(Contains { column: unit("code"), text: "a".to_owned() }))))),
        ("Compare Eq", compare(Operator::Eq)),
        ("Compare Ne", compare(Operator::Ne)),
        ("Compare Lt", compare(Operator::Lt)),
        ("Compare Le", compare(Operator::Le)),
        ("Compare Gt", compare(Operator::Gt)),
        ("Compare Ge", compare(Operator::Ge)),
        ("Compare with null", Condition::compare(unit("rent"), Operator::Eq, SqlValue::Null)),
        ("Compare not with null", Condition::compare(unit("rent"), Operator::Ne, SqlValue::Null)),
        ("Compare less than null", Condition::compare(unit("rent"), Operator::Lt, SqlValue::Null)),
        ("In", Condition::is_in("unit", "code", ["a", "b"])),
        ("In nothing", Condition::In { column: unit("code"), values: vec![] }),
        (
            "RowIn",
            RowIn {
                columns: vec![unit("code"), unit("rent")],
                rows: vec![vec!["FY1".into(), 1.into()], vec!["FY2".into(), 2.into()]],
            },
        ),
        ("RowIn nothing", RowIn { columns: vec![unit("rent")], rows: vec![] }),
        ("NotIn", NotIn { column: unit("rent"), values: vec![1.into(), 2.into()] }),
        ("NotIn nothing", NotIn { column: unit("rent"), values: vec![] }),
        ("Between", Between { column: unit("rent"), low: 1.into(), high: 2.into() }),
        ("Contains", Contains { column: unit("code"), text: text.clone() }),
        (
            "ContainsInOrder",
            ContainsInOrder { column: unit("code"), texts: vec!["a".to_owned(), text.clone()] },
        ),
        ("StartsWith", StartsWith { column: unit("code"), text }),
        ("StartsWith nothing", StartsWith { column: unit("code"), text: String::new() }),
        ("Tokens", Tokens { column: unit("words"), phrases: phrases() }),
        ("Tokens, none", Tokens { column: unit("words"), phrases: vec![] }),
        ("OneOfFew", OneOfFew { column: unit("id"), ids: vec!["a".to_owned(), "b'\"".to_owned()] }),
        ("OneOfFew, none", OneOfFew { column: unit("id"), ids: vec![] }),
        ("IsNull", IsNull(unit("code"))),
        ("NotNull", NotNull(unit("code"))),
        ("Exists", Exists(Box::new(visits))),
        ("ColumnsEqual", ColumnsEqual(unit("a"), unit("b"))),
    ]
}

#[test]
fn every_condition_in_both_dialects() {
    let text: String = every_condition()
        .into_iter()
        .map(|(name, filter)| {
            both(name, |dialect| {
                let mut query = sea_query::SelectStatement::new();
                query.expr(sea_query::Expr::cust("1")).and_where(condition(dialect, &filter));
                super::render(dialect, &query)
            })
        })
        .collect();
    insta::assert_snapshot!(text);
}

#[test]
fn selects_in_both_dialects() {
    let required = RequiredColumns::from([("unit".to_owned(), ["id".to_owned()].into())]);
    let full = Select::from("unit")
        .column("id", ColumnKind::Text)
        .column_of(ColumnRef::new("p1", "name"), ColumnKind::Text)
        .join(project())
        .filter(Condition::eq("p1", "district", "310115"))
        .order_by("rent", Direction::Descending)
        .order_by("id", Direction::Ascending)
        .limit(20)
        .offset(40)
        .for_update();
    let offset = Select::from("unit").column("id", ColumnKind::Text).offset(5);
    let locked = |lock| Select { lock: Some(lock), ..offset.clone() };
    let text = [
        both("everything", |dialect| select(dialect, &required, &full)),
        both("offset alone", |dialect| select(dialect, &required, &offset)),
        both("no columns", |dialect| select(dialect, &required, &Select::from("unit"))),
        both("locked for removal", |dialect| select(dialect, &required, &locked(Lock::Removal))),
        both("locked in place", |dialect| select(dialect, &required, &locked(Lock::Presence))),
        both("explained", |dialect| select(dialect, &required, &offset).explained(dialect)),
        both("count by tokens", |dialect| {
            ids_with_tokens(dialect, &unit("words"), &[vec!["静安".to_owned()]], 10)
        }),
        both("rows of a table", |dialect| rows_estimate(dialect, "unit")),
        both("skipping locked rows", |dialect| super::select_skipping_locked(dialect, &offset)),
        both("count", |dialect| count(dialect, &full, None)),
        both("count at most", |dialect| count(dialect, &full, Some(1_000))),
        both("a name with a quote", |dialect| {
            let odd = Select::from("a\"b").column("c\"d", ColumnKind::Text);
            select(dialect, &required, &odd.order_by("c\"d", Direction::Ascending))
        }),
    ];
    insta::assert_snapshot!(text.concat());
}

#[test]
fn changes_in_both_dialects() {
    let one_row = || vec![SqlValue::Text("1".to_owned()), 5.into()];
    let filter = Condition::eq("unit", "id", "1").and(Condition::eq("unit", "version", 3));
    let sets = || vec![("rent", SqlValue::Int(9)), ("code", SqlValue::Null)];
    let text = [
        both("insert", |dialect| insert(dialect, "unit", &["id", "rent"], one_row(), None)),
        both("insert returning", |dialect| insert(dialect, "unit", &["id", "rent"], one_row(), Some("id"))),
        both("insert or ignore", |dialect| {
            insert_or_ignore(dialect, "unit", &["id", "rent"], one_row(), Some("id"))
        }),
        both("update", |dialect| update(dialect, "unit", sets(), &filter)),
        both("delete", |dialect| delete(dialect, "unit", &filter)),
    ];
    insta::assert_snapshot!(text.concat());
}

#[test]
fn many_rows_in_both_dialects() {
    let arrays = [Column::Text(vec![]), Column::Int(vec![]), Column::Bool(vec![]), Column::Bytes(vec![])];
    insta::assert_snapshot!(
        [
            insert_rows("unit", &["id", "rent"], 3),
            update_row("unit", &["id", "version"], &["rent", "code"]),
            insert_arrays("unit", &["id", "rent", "vacant", "sea\"led"], &arrays),
            update_arrays("unit", &["id"], &["rent", "vacant", "sealed"], &["code"], &arrays),
        ]
        .join("\n")
    );
}

#[test]
fn aggregates_in_both_dialects() {
    use MeasureOp::{Avg, Count, CountDistinct, Max, Min, Sum};
    let group = |name: &str, kind, grain| Group { column: unit(name), kind, alias: name.to_owned(), grain };
    let mut measures = vec![Measure {
        op: Count,
        column: None,
        kind: ColumnKind::Int,
        alias: "rows".to_owned(),
        filter: Condition::True,
    }];
    measures.extend([Count, CountDistinct, Sum, Min, Max, Avg].map(|op| Measure {
        op,
        column: Some(unit("rent")),
        kind: ColumnKind::Int,
        alias: format!("{op:?}").to_lowercase(),
        filter: Condition::True,
    }));
    let full = Aggregate {
        from: "unit".to_owned(),
        joins: vec![project()],
        filter: Condition::eq("p1", "district", "310115"),
        group: vec![group("status", ColumnKind::Text, None)],
        measures,
        limit: Some(100),
        within: None,
    };
    let by_time = |kind, grain| Aggregate {
        group: vec![group("at", kind, Some(grain))],
        measures: vec![],
        joins: vec![],
        filter: Condition::True,
        limit: None,
        ..full.clone()
    };
    let mut text = both("everything", |dialect| aggregate(dialect, &full));
    for kind in [ColumnKind::Int, ColumnKind::Text] {
        for grain in [Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::Year] {
            text +=
                &both(&format!("{kind:?} by {grain:?}"), |dialect| aggregate(dialect, &by_time(kind, grain)));
        }
    }
    let counted =
        |measure: &Measure| Measure { filter: Condition::eq("unit", "vacant", true), ..measure.clone() };
    let of_vacant = Aggregate {
        group: vec![],
        measures: full.measures.iter().map(counted).collect(),
        joins: vec![],
        filter: Condition::True,
        limit: None,
        ..full.clone()
    };
    text += &both("each measure with its own rows", |dialect| aggregate(dialect, &of_vacant));
    let of_vacant = Measure { alias: "vacant".to_owned(), ..counted(&full.measures[0]) };
    let by_status_and_month = Aggregate {
        group: vec![
            group("status", ColumnKind::Text, None),
            group("at", ColumnKind::Int, Some(Grain::Month)),
        ],
        measures: full.measures.iter().cloned().chain([of_vacant]).collect(),
        ..full.clone()
    };
    text += &both("everything by time", |dialect| aggregate(dialect, &by_status_and_month));
    insta::assert_snapshot!(text);
}

#[test]
fn quantiles_in_both_dialects() {
    let of = |group: Vec<Group>, rank| Quantile {
        from: "unit".to_owned(),
        joins: vec![project()],
        filter: Condition::eq("p1", "district", "310115"),
        group,
        column: unit("rent"),
        kind: ColumnKind::Int,
        rank,
        limit: Some(100),
        within: None,
    };
    let by = |name: &str, grain| Group {
        column: unit(name),
        kind: ColumnKind::Text,
        alias: name.to_owned(),
        grain,
    };
    let groups = || vec![by("status", None), by("at", Some(Grain::Quarter))];
    let nearest = Rank::Nearest { numerator: 9, denominator: 10 };
    let least = Rank::Nearest { numerator: 0, denominator: 10 };
    let text = [
        both("median by group", |dialect| quantile(dialect, &of(groups(), Rank::Median))),
        both("nearest rank by group", |dialect| quantile(dialect, &of(groups(), nearest))),
        both("smallest of all", |dialect| quantile(dialect, &of(vec![], least))),
    ];
    insta::assert_snapshot!(text.concat());
}
