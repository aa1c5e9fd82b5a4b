//! Figures by group.

use anju_store::testing::TestDatabase;
use anju_store::{
    Aggregate, ColumnKind, Condition, Fetch, Grain, Group, Measure, MeasureOp, Operator, SqlValue, Store,
};

use super::{add_unit, unit, with_units};

anju_store::on_both_databases!(
    figures_by_group,
    figures_over_everything,
    averages_are_exact,
    dates_and_instants_fall_into_shanghai_days,
    groups_are_limited_in_order,
);

fn measure(op: MeasureOp, column: Option<&str>, kind: ColumnKind) -> Measure {
    Measure { op, column: column.map(unit), kind, alias: format!("{op:?}_{}", column.unwrap_or("rows")) }
}

fn of_units(group: Vec<Group>, measures: Vec<Measure>) -> Aggregate {
    let from = "supply_unit".to_owned();
    Aggregate { from, joins: vec![], filter: Condition::True, group, measures, limit: None }
}

fn by(column: &str, kind: ColumnKind, grain: Option<Grain>) -> Group {
    Group { column: unit(column), kind, alias: column.to_owned(), grain }
}

async fn figures(store: &Store, aggregate: &Aggregate) -> Vec<Vec<SqlValue>> {
    let rows = store.reader().aggregate(aggregate).await.unwrap();
    rows.into_iter().map(|row| row.into_values()).collect()
}

async fn projects(db: &TestDatabase) -> &Store {
    let store = with_units(db).await;
    let units = [
        ("1", Some("p"), Some(10)),
        ("2", Some("p"), Some(15)),
        ("3", Some("q"), None),
        ("4", None, Some(7)),
    ];
    for (id, project, rent) in units {
        add_unit(store, id, vec![("project", project.into()), ("rent", rent.into())]).await;
    }
    store
}

async fn figures_by_group(db: TestDatabase) {
    let store = projects(&db).await;
    use MeasureOp::{Avg, Count, CountDistinct, Max, Min, Sum};
    let measures = vec![
        measure(Avg, Some("rent"), ColumnKind::Int),
        measure(Count, None, ColumnKind::Int),
        measure(Count, Some("rent"), ColumnKind::Int),
        measure(CountDistinct, Some("rent"), ColumnKind::Int),
        measure(Sum, Some("rent"), ColumnKind::Int),
        measure(Min, Some("id"), ColumnKind::Text),
        measure(Max, Some("rent"), ColumnKind::Int),
    ];
    let found = figures(store, &of_units(vec![by("project", ColumnKind::Text, None)], measures)).await;
    use SqlValue::{Int, Null, Text};
    let text = |text: &str| Text(text.to_owned());
    assert_eq!(
        found,
        [
            vec![text("p"), Int(125_000), Int(2), Int(2), Int(2), Int(25), text("1"), Int(15)],
            vec![text("q"), Null, Int(1), Int(0), Int(0), Null, text("3"), Null],
            vec![Null, Int(70_000), Int(1), Int(1), Int(1), Int(7), text("4"), Int(7)],
        ]
    );
}

async fn figures_over_everything(db: TestDatabase) {
    let store = projects(&db).await;
    let count = vec![measure(MeasureOp::Count, None, ColumnKind::Int)];
    let mut all = of_units(vec![], count);
    assert_eq!(figures(store, &all).await, [[SqlValue::Int(4)]]);
    all.filter = Condition::compare(unit("rent"), Operator::Ge, 10);
    assert_eq!(figures(store, &all).await, [[SqlValue::Int(2)]]);
}

async fn averages_are_exact(db: TestDatabase) {
    let store = with_units(&db).await;
    // more than a double holds: 3 and 4 units above 2^53
    for (id, rent) in [("1", (1_i64 << 53) + 3), ("2", (1_i64 << 53) + 4)] {
        add_unit(store, id, vec![("rent", rent.into())]).await;
    }
    let average = of_units(vec![], vec![measure(MeasureOp::Avg, Some("rent"), ColumnKind::Int)]);
    assert!(store.reader().aggregate(&average).await.is_err(), "90071992547409955000 exceeds 64 bits");
    add_unit(store, "3", vec![("rent", (-(1_i64 << 54) - 9).into())]).await;
    assert_eq!(figures(store, &average).await, [[SqlValue::Int(-6_667)]], "-2/3, away from zero");
}

async fn dates_and_instants_fall_into_shanghai_days(db: TestDatabase) {
    let store = with_units(&db).await;
    let instants = [("1", 1_735_660_799_999_i64), ("2", 1_735_660_800_000), ("3", -1)];
    for (id, instant) in instants {
        add_unit(store, id, vec![("rent", instant.into()), ("code", "2024-02-29".into())]).await;
    }
    let days = |column: &str, kind, grain| {
        of_units(vec![by(column, kind, Some(grain))], vec![measure(MeasureOp::Count, None, ColumnKind::Int)])
    };
    let row = |text: &str, count: i64| vec![SqlValue::Text(text.to_owned()), SqlValue::Int(count)];
    let int = ColumnKind::Int;
    let expected = [row("1970-01-01", 1), row("2024-12-31", 1), row("2025-01-01", 1)];
    assert_eq!(figures(store, &days("rent", int, Grain::Day)).await, expected);
    let expected = [row("1970-01", 1), row("2024-12", 1), row("2025-01", 1)];
    assert_eq!(figures(store, &days("rent", int, Grain::Month)).await, expected);
    let expected = [row("1970", 1), row("2024", 1), row("2025", 1)];
    assert_eq!(figures(store, &days("rent", int, Grain::Year)).await, expected);
    let text = ColumnKind::Text;
    assert_eq!(figures(store, &days("code", text, Grain::Day)).await, [row("2024-02-29", 3)]);
    assert_eq!(figures(store, &days("code", text, Grain::Month)).await, [row("2024-02", 3)]);
    assert_eq!(figures(store, &days("code", text, Grain::Year)).await, [row("2024", 3)]);
}

async fn groups_are_limited_in_order(db: TestDatabase) {
    let store = projects(&db).await;
    let mut first = of_units(vec![by("project", ColumnKind::Text, None)], vec![]);
    first.limit = Some(1);
    assert_eq!(figures(store, &first).await, [[SqlValue::Text("p".to_owned())]]);
}
