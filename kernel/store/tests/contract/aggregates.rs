//! Figures by group.

use anju_store::testing::TestDatabase;
use anju_store::{
    Aggregate, ColumnKind, Condition, Fetch, Grain, Group, Measure, MeasureOp, Operator, Quantile, Rank,
    Spans, SqlValue, Store,
};

use super::{add_unit, unit, with_units};

anju_store::on_both_databases!(
    figures_by_group,
    figures_over_everything,
    averages_are_exact,
    dates_and_instants_fall_into_shanghai_days,
    weeks_and_quarters_follow_the_calendar,
    a_figure_may_count_some_rows_only,
    every_figure_by_time,
    quantiles_are_exact,
    times_between_instants,
    groups_are_limited_in_order,
);

fn measure(op: MeasureOp, column: Option<&str>, kind: ColumnKind) -> Measure {
    Measure {
        op,
        column: column.map(unit),
        kind,
        alias: format!("{op:?}_{}", column.unwrap_or("rows")),
        filter: Condition::True,
    }
}

fn of_units(group: Vec<Group>, measures: Vec<Measure>) -> Aggregate {
    let from = "supply_unit".to_owned();
    Aggregate { from, joins: vec![], filter: Condition::True, group, measures, limit: None, within: None }
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

/// Days around the turns of years, ISO years with 53 weeks among them, as dates and as instants.
async fn weeks_and_quarters_follow_the_calendar(db: TestDatabase) {
    let store = with_units(&db).await;
    let days = [
        ("2015-12-31", "2015-W53", "2015-Q4"),
        ("2016-01-03", "2015-W53", "2016-Q1"),
        ("2016-01-04", "2016-W01", "2016-Q1"),
        ("2019-12-30", "2020-W01", "2019-Q4"),
        ("2020-03-31", "2020-W14", "2020-Q1"),
        ("2020-04-01", "2020-W14", "2020-Q2"),
        ("2026-07-01", "2026-W27", "2026-Q3"),
        ("2026-10-01", "2026-W40", "2026-Q4"),
    ];
    for (day, _, _) in days {
        let midnight = format!("{day}T00:00:00+08:00").parse::<jiff::Timestamp>().unwrap();
        let instant = midnight.as_millisecond();
        add_unit(store, day, vec![("code", day.into()), ("rent", instant.into())]).await;
        add_unit(store, &format!("{day}e"), vec![("rent", (instant + 86_399_999).into())]).await;
    }
    let count = || vec![measure(MeasureOp::Count, None, ColumnKind::Int)];
    for (grain, wanted) in [(Grain::Week, 1), (Grain::Quarter, 2)] {
        let mut expected: Vec<&str> = days.iter().map(|day| [day.0, day.1, day.2][wanted]).collect();
        expected.sort_unstable();
        for (column, kind, each) in [("code", ColumnKind::Text, 1), ("rent", ColumnKind::Int, 2)] {
            let mut query = of_units(vec![by(column, kind, Some(grain))], count());
            query.filter = Condition::NotNull(unit(column));
            let found = figures(store, &query).await;
            let told = found.iter().flat_map(|row| match row.as_slice() {
                [SqlValue::Text(label), SqlValue::Int(count)] => {
                    vec![label.as_str(); (*count / each) as usize]
                }
                other => panic!("{other:?}"),
            });
            assert_eq!(told.collect::<Vec<_>>(), expected, "{grain:?} of {column}");
        }
    }
}

async fn a_figure_may_count_some_rows_only(db: TestDatabase) {
    let store = projects(&db).await;
    use MeasureOp::{Avg, Count, CountDistinct, Max, Sum};
    let of_p = |op, column: Option<&str>| Measure {
        filter: Condition::eq("supply_unit", "project", "p"),
        ..measure(op, column, ColumnKind::Int)
    };
    let measures = vec![
        of_p(Count, None),
        of_p(Count, Some("rent")),
        of_p(CountDistinct, Some("rent")),
        of_p(Sum, Some("rent")),
        of_p(Max, Some("rent")),
        of_p(Avg, Some("rent")),
        measure(Count, None, ColumnKind::Int),
    ];
    use SqlValue::{Int, Null};
    let found = figures(store, &of_units(vec![], measures.clone())).await;
    assert_eq!(found, [[Int(2), Int(2), Int(2), Int(25), Int(15), Int(125_000), Int(4)]]);
    let mut others = of_units(vec![], measures);
    others.filter = Condition::compare(unit("project"), Operator::Ne, "p");
    assert_eq!(figures(store, &others).await, [[Int(0), Int(0), Int(0), Null, Null, Null, Int(1)]]);
}

async fn every_figure_by_time(db: TestDatabase) {
    let store = with_units(&db).await;
    let (end, start) = (1_735_660_799_999_i64, 1_735_660_800_000_i64);
    let units = [
        ("1", Some("p"), Some(end), Some("a")),
        ("2", Some("p"), Some(start), Some("b")),
        ("3", Some("p"), Some(start), Some("c")),
        ("4", None, Some(start), None),
        ("5", None, None, Some("d")),
    ];
    for (id, project, rent, code) in units {
        let columns = vec![("project", project.into()), ("rent", rent.into()), ("code", code.into())];
        add_unit(store, id, columns).await;
    }
    use MeasureOp::{Avg, Count, CountDistinct, Max, Min, Sum};
    let some = |measure: Measure, alias: &str| Measure {
        filter: Condition::compare(unit("id"), Operator::Ge, "3"),
        alias: alias.to_owned(),
        ..measure
    };
    let (int, rows) = (ColumnKind::Int, measure(Count, None, ColumnKind::Int));
    let measures = vec![
        rows.clone(),
        some(rows, "later"),
        measure(Count, Some("code"), ColumnKind::Text),
        measure(CountDistinct, Some("rent"), int),
        measure(Sum, Some("rent"), int),
        measure(Min, Some("id"), ColumnKind::Text),
        some(measure(Max, Some("id"), ColumnKind::Text), "last"),
        measure(Avg, Some("rent"), int),
    ];
    let groups = vec![by("project", ColumnKind::Text, None), by("rent", int, Some(Grain::Month))];
    // a measure over the column of a group, under another name
    let mut wanted = of_units(groups, measures);
    wanted.group[1].alias = "month".to_owned();
    use SqlValue::{Int, Null, Text};
    let text = |text: &str| Text(text.to_owned());
    let of =
        |project, month, counts: [i64; 4], sum: SqlValue, first: &str, last: SqlValue, average: SqlValue| {
            let mut row = vec![project, month];
            row.extend(counts.map(Int));
            row.extend([sum, text(first), last, average]);
            row
        };
    let (old, new) = (text("2024-12"), text("2025-01"));
    let expected = [
        of(text("p"), old, [1, 0, 1, 1], Int(end), "1", Null, Int(end * 10_000)),
        of(text("p"), new.clone(), [2, 1, 2, 1], Int(2 * start), "2", text("3"), Int(start * 10_000)),
        of(Null, new, [1, 1, 0, 1], Int(start), "4", text("4"), Int(start * 10_000)),
        of(Null, Null, [1, 1, 1, 0], Null, "5", text("5"), Null),
    ];
    assert_eq!(figures(store, &wanted).await, expected);
    wanted.limit = Some(1);
    assert_eq!(figures(store, &wanted).await, expected[..1]);
}

async fn quantiles_are_exact(db: TestDatabase) {
    let store = with_units(&db).await;
    let rents = [("a", 3), ("a", 1), ("a", 2), ("b", (1 << 53) + 1), ("b", (1 << 53) + 2), ("c", -5)];
    for (i, (project, rent)) in rents.into_iter().enumerate() {
        let values = vec![("project", project.into()), ("rent", SqlValue::Int(rent))];
        add_unit(store, &i.to_string(), values).await;
    }
    add_unit(store, "none", vec![("project", "d".into())]).await;
    let mut query = Quantile {
        from: "supply_unit".to_owned(),
        joins: vec![],
        filter: Condition::True,
        group: vec![by("project", ColumnKind::Text, None)],
        column: unit("rent"),
        kind: ColumnKind::Int,
        rank: Rank::Nearest { numerator: 1, denominator: 2 },
        limit: None,
        within: None,
    };
    let row = |project: &str, value: i64| vec![SqlValue::Text(project.to_owned()), SqlValue::Int(value)];
    let found = |query: Quantile| async move {
        let rows = store.reader().quantile(&query).await.unwrap();
        rows.into_iter().map(|row| row.into_values()).collect::<Vec<_>>()
    };
    assert_eq!(found(query.clone()).await, [row("a", 2), row("b", (1 << 53) + 1), row("c", -5)]);
    query.rank = Rank::Nearest { numerator: 7, denominator: 10 };
    assert_eq!(found(query.clone()).await[0], row("a", 3));
    query.rank = Rank::Median;
    query.filter = Condition::compare(unit("project"), Operator::Ne, "b");
    assert_eq!(found(query.clone()).await, [row("a", 20_000), row("c", -50_000)]);
    query.group.clear();
    assert_eq!(found(query.clone()).await, [[SqlValue::Int(15_000)]], "between 1 and 2");
    query.filter = Condition::eq("supply_unit", "project", "b");
    let too_large = store.reader().quantile(&query).await;
    assert!(too_large.is_err(), "90071992547409935000 exceeds 64 bits");
    query.filter = Condition::False;
    assert_eq!(found(query).await, [[SqlValue::Null]]);
}

async fn times_between_instants(db: TestDatabase) {
    let store = with_units(&db).await;
    // Where it does not end, the version says when instead: at 1.
    let units = [
        ("p", Some(10), Some(30)),
        ("p", Some(10), None),
        ("p", Some(10), Some(11)),
        ("q", None, Some(5)),
        ("q", Some(1), None),
    ];
    for (i, (project, since, until)) in units.into_iter().enumerate() {
        let values = vec![("project", project.into()), ("rent", since.into()), ("deleted_at", until.into())];
        add_unit(store, &i.to_string(), values).await;
    }
    let mut spans = Spans {
        from: "supply_unit".to_owned(),
        joins: vec![],
        filter: Condition::True,
        group: vec![by("project", ColumnKind::Text, None)],
        since: unit("rent"),
        until: vec![unit("deleted_at"), unit("version")],
        limit: None,
        within: None,
    };
    let text = |text: &str| SqlValue::Text(text.to_owned());
    let int = SqlValue::Int;
    let total = |spans: Spans| async move {
        let rows = store.reader().spans_total(&spans).await.unwrap();
        rows.into_iter().map(|row| row.into_values()).collect::<Vec<_>>()
    };
    let of_p = vec![text("p"), int(3), int(20 - 9 + 1)];
    assert_eq!(total(spans.clone()).await, [of_p, vec![text("q"), int(1), int(0)]]);
    let quantile = |spans: Spans, rank| async move {
        let rows = store.reader().spans_quantile(&spans, rank).await.unwrap();
        rows.into_iter().map(|row| row.into_values()).collect::<Vec<_>>()
    };
    assert_eq!(quantile(spans.clone(), Rank::Median).await, [[text("p"), int(10_000)], [text("q"), int(0)]]);
    let p90 = Rank::Nearest { numerator: 9, denominator: 10 };
    assert_eq!(quantile(spans.clone(), p90).await, [[text("p"), int(20)], [text("q"), int(0)]]);
    spans.until.pop();
    let of_q = vec![text("q"), int(0), SqlValue::Null];
    assert_eq!(total(spans.clone()).await, [vec![text("p"), int(2), int(21)], of_q]);
    spans.group.clear();
    assert_eq!(quantile(spans, Rank::Median).await, [[int(105_000)]]);
}

async fn groups_are_limited_in_order(db: TestDatabase) {
    let store = projects(&db).await;
    let mut first = of_units(vec![by("project", ColumnKind::Text, None)], vec![]);
    first.limit = Some(1);
    assert_eq!(figures(store, &first).await, [[SqlValue::Text("p".to_owned())]]);
}
