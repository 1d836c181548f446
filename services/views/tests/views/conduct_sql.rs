//! Figures of conduct and of staff by the SQL that is printed beside them.

use std::collections::BTreeMap;

use rusqlite::{Connection, OpenFlags};
use yujian_domain::divisions::Divisions;
use yujian_views::{CorrectionFigures, PostFigures, Scope, Views, VisitFigures};

use crate::support::day;
use crate::work::{walk, worked};

/// The statements that a file's comment prints, in order.
fn printed(source: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut inside = false;
    let mut text = String::new();
    for line in source.lines() {
        let Some(line) = line.strip_prefix("//!").map(str::trim) else {
            continue;
        };
        match line {
            "```sql" => inside = true,
            "```" => inside = false,
            _ if inside => {
                text.push_str(line);
                text.push(' ');
            }
            _ => {}
        }
    }
    for statement in text.split_inclusive(';') {
        if !statement.trim().is_empty() {
            statements.push(statement.trim().to_owned());
        }
    }
    statements
}

/// Rows of a statement at a day, as texts.
fn run(connection: &Connection, sql: &str, at: jiff::civil::Date) -> Vec<Vec<String>> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let text = |row: &rusqlite::Row<'_>, column| match row.get_ref(column).unwrap() {
        rusqlite::types::ValueRef::Null => "0".to_owned(),
        rusqlite::types::ValueRef::Integer(number) => number.to_string(),
        other => other.as_str().unwrap().to_owned(),
    };
    if statement.parameter_count() > 0 {
        statement.raw_bind_parameter(":at", at.to_string()).unwrap();
    }
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        found.push((0..columns).map(|column| text(row, column)).collect());
    }
    found
}

fn pairs(rows: Vec<Vec<String>>) -> BTreeMap<String, u64> {
    rows.into_iter()
        .map(|row| (row[0].clone(), row[1].parse().unwrap()))
        .collect()
}

#[tokio::test]
async fn every_figure_equals_the_sql_that_is_printed_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    // A fixed walk through the steps, long enough that no figure is nothing.
    let steps: Vec<_> = (0..1_500).map(walk).collect();
    let world = worked(&steps).await;
    let views = Views::open(
        Some(directory.path()),
        world.log.clone(),
        Divisions::shipped().clone(),
        |_| {},
    )
    .await
    .unwrap();
    let at = day(300);
    let connection =
        Connection::open_with_flags(directory.path().join("views.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let staff = views.staff_figures(&Scope::default(), None, at).await.unwrap();
    let conduct = views.conduct_figures(&Scope::default(), None, at).await.unwrap();
    let overview = views.roll_up(&Scope::default(), None, at).await.unwrap().region;
    let ask = |source: &str, n: usize| run(&connection, &printed(source)[n], at);

    let source = include_str!("../../src/view/staff_figures.rs");
    let by_post: BTreeMap<String, PostFigures> = ask(source, 0)
        .into_iter()
        .map(|row| {
            let figure = |column: usize| row[column].parse().unwrap();
            let figures = PostFigures {
                engaged: figure(1),
                off_duty: figure(2),
                qualified: figure(3),
                healthy: figure(4),
                queried: figure(5),
                barred: figure(6),
            };
            (row[0].clone(), figures)
        })
        .collect();
    assert_eq!(by_post, staff.region.by_post);
    let total = staff.region.total();
    assert!(
        total.engaged > 3 && total.qualified > 0 && total.off_duty > 0,
        "the history is too thin: {total:?}"
    );
    let mut certificates: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for row in ask(source, 1) {
        certificates
            .entry(row[0].clone())
            .or_default()
            .insert(row[1].clone(), row[2].parse().unwrap());
    }
    assert_eq!(certificates, staff.region.certificates);
    assert!(!certificates.is_empty());
    let barred = ask(include_str!("../../src/view/person.rs"), 0);
    assert_eq!(barred[0][1], staff.barred_engaged.to_string());
    let twice = ask(include_str!("../../src/view/engagement.rs"), 0);
    assert_eq!(twice.len() as u64, staff.engaged_twice);

    let source = include_str!("../../src/view/inspection.rs");
    assert_eq!(pairs(ask(source, 0)), conduct.region.by_status);
    assert_eq!(pairs(ask(source, 1)), conduct.region.by_purpose);
    assert_eq!(ask(source, 2)[0][0], conduct.region.ratio_exceeded.to_string());
    let source = include_str!("../../src/view/conduct_figures.rs");
    let CorrectionFigures {
        due,
        overdue,
        claimed,
        verified,
        on_site,
        rejected,
        extended,
    } = conduct.region.corrections;
    assert_eq!(
        ask(source, 0)[0],
        [due, overdue, claimed, verified, on_site, rejected, extended].map(|n| n.to_string())
    );
    assert!(due + overdue + claimed > 0);
    let VisitFigures { counted, noted, .. } = views
        .conduct_figures(&Scope::default(), None, day(9))
        .await
        .unwrap()
        .region
        .visits;
    assert!(counted > 0 && noted > 0);
    assert_eq!(
        run(&connection, &printed(source)[1], day(9))[0],
        [counted.to_string(), noted.to_string()]
    );
    let source = include_str!("../../src/view/finding.rs");
    assert_eq!(ask(source, 0)[0][0], overdue.to_string());
    let findings: BTreeMap<_, u64> = ask(source, 1)
        .into_iter()
        .map(|row| ((row[0].clone(), row[1].clone()), row[2].parse().unwrap()))
        .collect();
    assert_eq!(findings, conduct.region.findings);

    let source = include_str!("../../src/view/region.rs");
    let sum = |n: usize, column: usize| -> u64 {
        ask(source, n)
            .iter()
            .map(|row| row[column].parse::<u64>().unwrap())
            .sum()
    };
    assert_eq!((sum(0, 1), sum(0, 2)), (overview.staff, overview.qualified_staff));
    assert_eq!(
        (sum(1, 1), sum(1, 2)),
        (overview.open_findings, overview.overdue_corrections)
    );
    assert_eq!(
        (sum(2, 1), sum(2, 2)),
        (overview.operating, overview.inspected_institutions)
    );
    assert_eq!(sum(3, 1), overview.alerts);
    assert!(overview.alerts > 0);
    let source = include_str!("../../src/view/alert.rs");
    let alerts = views.alert_figures(&Scope::default(), None).await.unwrap().region;
    let open: BTreeMap<_, u64> = ask(source, 0)
        .into_iter()
        .map(|row| ((row[0].clone(), row[1].clone()), row[2].parse().unwrap()))
        .collect();
    assert_eq!(open, alerts.open);
    assert!(alerts.total_open() > 0 && alerts.by_status.len() > 4, "{alerts:?}");
    let precision = views.alert_precision(&Scope::default(), None, None).await.unwrap().rows;
    let shown: Vec<Vec<String>> = precision
        .iter()
        .map(|row| {
            let (id, version) = row.policy.clone().unwrap_or(("0".to_owned(), 0));
            let counts = [
                row.raised,
                row.acknowledged,
                row.open,
                row.dismissed,
                row.confirmed,
                row.lapsed,
            ];
            let counts = counts.iter().map(u64::to_string);
            [row.rule.code().to_owned(), id, version.to_string()]
                .into_iter()
                .chain(counts)
                .collect()
        })
        .collect();
    assert_eq!(ask(source, 1), shown);
    // Versions share few alerts here: what matters is that every count is met.
    let met = |count: fn(&yujian_views::AlertPrecisionRow) -> u64| precision.iter().map(count).sum::<u64>() > 0;
    assert!(
        met(|row| row.confirmed) && met(|row| row.dismissed) && met(|row| row.lapsed),
        "{precision:?}"
    );
    assert!(precision.iter().any(|row| row.policy.is_some()));
    // The statements that no figure of ours answers must at least run.
    for source in [
        include_str!("../../src/view/credential.rs"),
        include_str!("../../src/view/record.rs"),
        include_str!("../../src/view/visits.rs"),
    ] {
        assert!(!printed(source).is_empty());
        for statement in printed(source) {
            run(&connection, &statement, at);
        }
    }
}
