//! Inspections, findings, visits and alerts against the reference model: rows, scopes, pages, figures, and the SQL that
//! the views' comments print.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rusqlite::{Connection, OpenFlags};
use yujian_domain::alert::{AlertEvent, AlertRule};
use yujian_domain::divisions::Divisions;
use yujian_domain::envelope::Classification;
use yujian_domain::inspection::{self, FindingState, InspectionEvent, Purpose, Weight};
use yujian_domain::reference::Reference;
use yujian_domain::visits::{VisitCounted, VisitsEvent, visits_stream};
use yujian_views::{
    AlertQuery, ConductFiguresRow, CorrectionFigures, FindingQuery, InspectionQuery, PostFigures, Scope, Views,
    VisitFigures,
};

use crate::lists::{runtime, scopes, sees};
use crate::model::Model;
use crate::support::{self, World, credit_code, day, institution};
use crate::work::{cited, inspection as id_of, long_history, of_inspection, person, planned, raised, walk, worked};
use crate::work_model::Visited;

const CODES: [Option<&str>; 6] = [
    None,
    Some("33"),
    Some("3301"),
    Some("330106001"),
    Some("US-48"),
    Some("11"),
];

fn counted(codes: impl Iterator<Item = &'static str>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for code in codes {
        *counts.entry(code.to_owned()).or_default() += 1;
    }
    counts
}

/// The figures of a region by loops over what was recorded.
fn figures(model: &Model, code: Option<&str>, at: jiff::civil::Date) -> ConductFiguresRow {
    let visited = model.visited(code);
    let inside = |id: &uuid::Uuid| code.is_none_or(|code| model.home(*id).within(code));
    let mut row = ConductFiguresRow {
        by_status: counted(visited.iter().map(|visited| visited.state.status.code())),
        by_purpose: counted(
            visited
                .iter()
                .map(|visited| visited.state.purpose.unwrap_or(Purpose::Unknown).code()),
        ),
        operating: model
            .institutions
            .iter()
            .filter(|(id, known)| inside(id) && known.operating())
            .count() as u64,
        inspected: model.inspected(code, at).len() as u64,
        ..ConductFiguresRow::default()
    };
    for of in &visited {
        row.assistance += of.state.assistance.len() as u64;
        row.ratio_exceeded += u64::from(of.ratio_exceeded);
        row.backfilled += u64::from(of.backfilled.is_some());
        row.backfilled_late += u64::from(of.backfilled == Some(true));
        row.approvals_late += u64::from(of.approved_late);
        row.approvals_due += u64::from(of.state.approval_due.is_some());
        row.approvals_overdue += u64::from(of.state.approval_due.as_ref().is_some_and(|due| due.due_date < at));
        for (number, finding) in &of.state.findings {
            *row.findings_by_state
                .entry(finding.state.code().to_owned())
                .or_default() += 1;
            let key = (of.cited[number].1.clone(), finding.weight.code().to_owned());
            *row.findings.entry(key).or_default() += 1;
            let CorrectionFigures {
                due,
                overdue,
                claimed,
                verified,
                on_site,
                rejected,
                extended,
            } = &mut row.corrections;
            match finding.state {
                FindingState::CorrectionDue | FindingState::Overdue
                    if finding.due_date.is_some_and(|last| last < at) =>
                {
                    *overdue += 1;
                }
                FindingState::CorrectionDue | FindingState::Overdue => *due += 1,
                FindingState::CorrectionClaimed => *claimed += 1,
                FindingState::Verified => *verified += 1,
                FindingState::CorrectedOnSite => *on_site += 1,
                FindingState::Cited | FindingState::Imported => {}
            }
            *rejected += u64::from(finding.rejected);
            *extended += u64::from(finding.extended > 0);
        }
    }
    for ((_, year), held) in model.work.visits.iter().filter(|((id, _), _)| inside(id)) {
        if *year == at.year() {
            let counts = held.iter().filter(|visit| visit.counts).count() as u64;
            let cap = held.iter().rev().find_map(|visit| visit.cap);
            row.visits.counted += counts;
            row.visits.noted += held.len() as u64 - counts;
            row.visits.at_cap += u64::from(cap.is_some_and(|cap| counts >= u64::from(cap)));
        }
    }
    row
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_inspection_is_what_the_domain_folds(steps in long_history(220)) {
        runtime().block_on(async {
            let world = worked(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            let checklist = Reference::shipped_checklists().remove(0).checklist;
            for (id, visited) in &model.work.inspections {
                let state = &visited.state;
                let detail = views.inspection(&Scope::default(), *id).await.unwrap().unwrap();
                let row = &detail.row;
                assert_eq!((row.status, row.revision, Some(row.institution)), (state.status, visited.revision, state.institution));
                assert_eq!(row.purpose, state.purpose.unwrap_or(Purpose::Unknown));
                assert_eq!((row.window, &row.checklist, row.finalized_date), (state.window, &state.checklist, state.finalized_date));
                assert_eq!((row.arrived_time, row.visited_date), (state.arrived_time, visited.day));
                assert_eq!((row.approved_late, row.backfilled), (visited.approved_late, visited.backfilled.is_some()));
                assert_eq!(&row.approval_due, &state.approval_due);
                assert_eq!(&row.comments_due, &state.comments_due);
                assert_eq!(row.answers, counted(state.answers.values().map(|answer| answer.code())));
                assert_eq!((row.findings, row.open_findings), (state.findings.len() as u64, visited.open_findings() as u64));
                assert_eq!((row.assistance, row.imported_rows), (state.assistance.len() as u64, u64::from(state.imported_rows)));
                assert_eq!(row.external, state.register);
                assert_eq!(!row.ratio_exceeded.is_empty(), visited.ratio_exceeded);
                let inspectors: Vec<_> = detail.inspectors.iter().map(|of| (of.person, of.recusal)).collect();
                let expected: Vec<_> = state.inspectors.keys()
                    .map(|id| (*id, state.recusals.get(id).map(|(ground, _)| *ground))).collect();
                assert_eq!((inspectors, &detail.recused), (expected, &state.recused));
                for finding in &detail.findings {
                    let known = &state.findings[&finding.finding];
                    assert_eq!((finding.state, finding.weight, finding.due_date), (known.state, known.weight, known.due_date));
                    assert_eq!((finding.rejected, finding.extended), (known.rejected, known.extended));
                    let (day, dimension) = &visited.cited[&finding.finding];
                    assert_eq!((&finding.cited_date, &finding.dimension), (day, dimension));
                }
                assert_eq!(detail.findings.len(), state.findings.len());
                for answer in &detail.answers {
                    let item = checklist.item(&answer.item).filter(|_| state.checklist.is_some());
                    assert_eq!(answer.answer, state.answers[&answer.item]);
                    assert_eq!(answer.dimension.as_ref(), item.map(|item| &item.dimension));
                    assert_eq!(answer.points, item.map(|item| item.points));
                }
                if state.checklist.is_some() {
                    let points: u64 = state.answers.iter().filter(|(_, answer)| **answer == inspection::Answer::Compliant)
                        .map(|(item, _)| u64::from(checklist.item(item).unwrap().points)).sum();
                    assert_eq!(detail.results.iter().map(|result| result.points).sum::<u64>(), points);
                    let items = detail.results.iter()
                        .map(|of| of.compliant + of.noncompliant + of.not_applicable + of.not_checked).sum::<u64>();
                    assert_eq!(items, checklist.items.len() as u64);
                    let order: Vec<_> = detail.results.iter().map(|result| result.dimension.as_str()).collect();
                    assert_eq!(order, checklist.dimensions.iter().map(|of| of.code.as_str()).collect::<Vec<_>>());
                }
                let year = visited.day.or(state.window.map(|(from, _)| from)).map(jiff::civil::Date::year);
                let held = year.and_then(|year| model.work.visits.get(&(row.institution, year)));
                let held: Vec<_> = held.into_iter().flatten().map(|visit| (visit.inspection, visit.counts)).collect();
                assert_eq!(detail.visits.iter().map(|visit| (visit.inspection, visit.counts)).collect::<Vec<_>>(), held);
            }
        });
    }

    #[test]
    fn lists_of_conduct_are_scoped_filtered_and_paged(steps in long_history(220), size in 1_u32..5, offset in 0_i64..120) {
        runtime().block_on(async {
            let world = worked(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            let at = day(offset);
            for scope in scopes() {
                let own = |of: &Visited| sees(&scope, model.home(of.state.institution.unwrap()))
                    && (scope.organisation.is_none() || of.told);
                let query = || InspectionQuery { scope: scope.clone(), limit: size, ..Default::default() };
                type Passes = Box<dyn Fn(&Visited) -> bool>;
                let variants: [(InspectionQuery, Passes); 4] = [
                    (query(), Box::new(|_| true)),
                    (InspectionQuery { purposes: vec![Purpose::Random, Purpose::Special], ..query() },
                     Box::new(|of| matches!(of.state.purpose, Some(Purpose::Random | Purpose::Special)))),
                    (InspectionQuery { inspector: Some(person(1)), ..query() },
                     Box::new(|of| of.state.inspectors.contains_key(&person(1)))),
                    (InspectionQuery { visited_between: Some((day(3), at)), ..query() },
                     Box::new(move |of| of.day.is_some_and(|of| day(3) <= of && of <= at))),
                ];
                for (query, passes) in variants {
                    let mut expected: Vec<_> = model.work.inspections.iter().filter(|(_, of)| own(of) && passes(of))
                        .map(|(id, of)| (of.ordered_by(), *id)).collect();
                    expected.sort();
                    expected.reverse();
                    let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
                    let (mut found, mut after) = (Vec::new(), None);
                    loop {
                        let page = views.inspections(InspectionQuery { after, ..query.clone() }).await.unwrap();
                        assert_eq!(page.total, expected.len() as u64);
                        found.extend(page.rows.iter().map(|row| row.id));
                        after = page.next;
                        if after.is_none() { break }
                    }
                    assert_eq!(found, expected);
                }
                for (id, of) in &model.work.inspections {
                    assert_eq!(views.inspection(&scope, *id).await.unwrap().is_some(), own(of));
                }
                let findings: Vec<_> = model.work.inspections.iter()
                    .filter(|(_, of)| sees(&scope, model.home(of.state.institution.unwrap())))
                    .flat_map(|(id, of)| of.state.findings.iter()
                        .map(|(number, finding)| (of.cited[number].0.map(|day| day.to_string()), *id, *number, finding)))
                    .collect();
                let query = || FindingQuery { scope: scope.clone(), limit: size, ..Default::default() };
                type Keeps = Box<dyn Fn(&inspection::Finding) -> bool>;
                let variants: [(FindingQuery, Keeps); 4] = [
                    (query(), Box::new(|_| true)),
                    (FindingQuery { overdue_at: Some(at), ..query() },
                     Box::new(move |of| matches!(of.state, FindingState::CorrectionDue | FindingState::Overdue)
                        && of.due_date.is_some_and(|due| due < at))),
                    (FindingQuery { weights: vec![Weight::Veto], imported: Some(false), ..query() },
                     Box::new(|of| of.weight == Weight::Veto && of.state != FindingState::Imported)),
                    (FindingQuery { states: vec![FindingState::Verified, FindingState::Imported], ..query() },
                     Box::new(|of| matches!(of.state, FindingState::Verified | FindingState::Imported))),
                ];
                for (query, keeps) in variants {
                    let mut expected: Vec<_> = findings.iter().filter(|(.., finding)| keeps(finding))
                        .map(|(day, id, number, _)| (day.clone(), *id, *number)).collect();
                    expected.sort();
                    expected.reverse();
                    let (mut found, mut after) = (Vec::new(), None);
                    loop {
                        let page = views.findings(FindingQuery { after, ..query.clone() }).await.unwrap();
                        assert_eq!(page.total, expected.len() as u64);
                        found.extend(page.rows.iter().map(|row| {
                            (row.cited_date.map(|day| day.to_string()), row.inspection, row.finding)
                        }));
                        after = page.next;
                        if after.is_none() { break }
                    }
                    assert_eq!(found, expected, "{query:?}");
                }
                let mut expected: Vec<_> = model.work.alerts.iter()
                    .filter(|(_, told)| scope.organisation.is_none() && sees(&scope, model.home(told.raised.institution)))
                    .map(|(id, told)| (told.raised_time, *id)).collect();
                expected.sort();
                expected.reverse();
                let (mut found, mut after) = (Vec::new(), None);
                loop {
                    let query = AlertQuery { scope: scope.clone(), limit: size, after, ..Default::default() };
                    let page = views.alerts(query).await.unwrap();
                    assert_eq!(page.total, expected.len() as u64);
                    found.extend(page.rows.iter().map(|row| (row.raised_time, row.id)));
                    after = page.next;
                    if after.is_none() { break }
                }
                assert_eq!(found, expected);
            }
        });
    }

    #[test]
    fn figures_of_conduct_are_counts_over_what_was_recorded(steps in long_history(260), offset in -20_i64..420) {
        runtime().block_on(async {
            let world = worked(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            // Besides any day, those on which a correction is due, and the days after them.
            let due = model.work.inspections.values().flat_map(|of| of.state.findings.values())
                .filter_map(|finding| finding.due_date).take(2).flat_map(|due| [due, due.tomorrow().unwrap()]);
            for (at, code) in due.chain([day(offset)]).flat_map(|at| CODES.map(|code| (at, code))) {
                let shown = views.conduct_figures(&Scope::default(), code, at).await.unwrap();
                let expected = figures(&model, code, at);
                let labelled = ConductFiguresRow {
                    code: shown.region.code.clone(),
                    name: shown.region.name.clone(),
                    has_children: shown.region.has_children,
                    ..expected
                };
                assert_eq!(shown.region, labelled);
                let findings = labelled.findings_by_weight().values().sum::<u64>();
                assert_eq!(findings, labelled.findings_by_dimension().values().sum::<u64>());
                for part in &shown.parts {
                    let own = views.conduct_figures(&Scope::default(), Some(&part.code), at).await.unwrap();
                    assert_eq!((&own.region, own.parts.is_empty()), (part, !part.has_children));
                }
                let visited = model.visited(code);
                let done = visited.iter().filter(|of| of.done() && of.day.is_some_and(|of| of <= at)
                    && of.day >= Some(at.first_of_month().checked_sub(jiff::Span::new().months(23)).unwrap())).count();
                assert_eq!(shown.visits_by_month.iter().map(|(_, count)| count).sum::<u64>(), done as u64);
                let overview = views.roll_up(&Scope::default(), code, at).await.unwrap().region;
                assert_eq!(overview.inspections, visited.len() as u64);
                assert_eq!(overview.inspected_institutions, shown.region.inspected);
                assert_eq!(overview.open_findings, visited.iter().map(|of| of.open_findings() as u64).sum::<u64>());
                assert_eq!(overview.overdue_corrections, visited.iter().map(|of| of.overdue(at) as u64).sum::<u64>());
                let alerts = model.work.alerts.values()
                    .filter(|told| code.is_none_or(|code| model.home(told.raised.institution).within(code))).count();
                assert_eq!(overview.alerts, alerts as u64);
            }
        });
    }
}

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

#[tokio::test]
async fn whoever_is_to_be_visited_hears_of_it_when_the_inspectors_have_come() {
    let mut world = World::new();
    world
        .of_institution(1, support::registered(1, "园", 0, 3), 0, None)
        .await;
    let regulator = Classification::Regulator;
    let plan = InspectionEvent::from(planned(institution(1), Purpose::Random, 5, false));
    world.event_for(&of_inspection(1), &plan, 1, None, regulator).await;
    let counted = VisitsEvent::from(VisitCounted {
        inspection: id_of(1),
        purpose: Purpose::Random,
        counts: true,
        cap: Some(4),
    });
    let counter = visits_stream(institution(1), 2025);
    world.event_for(&counter, &counted, 1, None, regulator).await;
    let alert = AlertEvent::from(raised(AlertRule::ApprovalOverdue, institution(1), None, "1", 1));
    let alerted = format!("alert-{}", uuid::Uuid::from_u128(1));
    world.event_for(&alerted, &alert, 1, None, regulator).await;
    let operator = Scope {
        organisation: Some(credit_code(1).to_string()),
        ..Scope::default()
    };
    let views = world.views().await;
    let seen = async |views: &Views, scope: &Scope| {
        let query = InspectionQuery {
            scope: scope.clone(),
            limit: 9,
            ..Default::default()
        };
        let listed = views.inspections(query).await.unwrap().total;
        let conduct = views.conduct_figures(scope, None, day(9)).await.unwrap().region;
        let overview = views.roll_up(scope, None, day(9)).await.unwrap().region;
        let events = views.timeline(scope, institution(1), None, 9).await.unwrap().total;
        let one = u64::from(views.inspection(scope, id_of(1)).await.unwrap().is_some());
        let statuses = conduct.by_status.values().sum::<u64>();
        [
            listed,
            one,
            statuses,
            conduct.visits.counted,
            overview.inspections,
            overview.alerts,
            events,
        ]
    };
    assert_eq!(seen(&views, &operator).await, [0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(seen(&views, &Scope::default()).await, [1, 1, 1, 1, 1, 1, 2]);
    let facts = views.dossier(&operator, institution(1)).await.unwrap().unwrap().facts;
    assert!(facts.iter().all(|stored| !stored.fact.key.starts_with("inspection.")));
    let came = InspectionEvent::from(inspection::InspectorCheckedIn {
        method: inspection::CheckInMethod::VisitCode,
        point: None,
        approval_due: None,
    });
    world.event(&of_inspection(1), &came, 5, None).await;
    let views = world.views().await;
    assert_eq!(seen(&views, &operator).await, [1, 1, 1, 1, 1, 0, 2]);
}

#[tokio::test]
async fn an_inspection_whose_first_record_is_damaged_is_found_by_a_later_row() {
    let mut world = World::new();
    world
        .of_institution(1, support::registered(1, "园", 0, 3), 0, None)
        .await;
    for number in [1, 2] {
        let row = InspectionEvent::from(crate::work::imported(institution(1), 3, number, 2));
        world.event(&of_inspection(3), &row, 1, None).await;
    }
    let finding = InspectionEvent::from(cited(3, "safety", Weight::Grave));
    world.event(&of_inspection(3), &finding, 2, None).await;
    let window = support::Window::at(&world.log, world.written);
    window.damage(2, Some(&of_inspection(3)), Some(0));
    let views = support::open(window.clone()).await;
    let detail = views.inspection(&Scope::default(), id_of(3)).await.unwrap().unwrap();
    assert!(detail.row.damaged);
    assert_eq!(
        (detail.row.imported_rows, detail.findings.len(), detail.damaged.len()),
        (1, 2, 1)
    );
    assert!(detail.findings.iter().all(|finding| finding.damaged));
    let home = views
        .institution(&Scope::default(), institution(1))
        .await
        .unwrap()
        .unwrap();
    assert!(home.damaged);
    let conduct = views.conduct_figures(&Scope::default(), None, day(9)).await.unwrap();
    assert_eq!(conduct.region.damaged, 1);
    let replayed = yujian_audit::replay_all(&*window, None, None, None).await.unwrap();
    assert_eq!(replayed.institutions[&institution(1)].damaged.len(), 1);
}

#[tokio::test]
async fn a_damaged_record_of_a_visit_that_is_not_announced_tells_the_operator_nothing() {
    let mut world = World::new();
    world
        .of_institution(1, support::registered(1, "园", 0, 3), 0, None)
        .await;
    let regulator = Classification::Regulator;
    let plan = InspectionEvent::from(planned(institution(1), Purpose::Random, 5, false));
    for at in [1, 2] {
        world.event_for(&of_inspection(1), &plan, at, None, regulator).await;
    }
    let window = support::Window::at(&world.log, world.written);
    window.damage(3, Some(&of_inspection(1)), Some(1));
    let views = support::open(window).await;
    let operator = Scope {
        organisation: Some(credit_code(1).to_string()),
        ..Scope::default()
    };
    let damaged = async |scope: &Scope| {
        views
            .dossier(scope, institution(1))
            .await
            .unwrap()
            .unwrap()
            .damaged
            .len()
    };
    assert_eq!(damaged(&Scope::default()).await, 1);
    assert_eq!(damaged(&operator).await, 0);
}
