//! What the state of the code under test has in common with the model: all that the model knows.

use yujian_domain::institution::*;
use yujian_domain::values::CreditCode;

use super::model::Model;
use crate::institution_support::*;

/// The state of the code under test is what the model says.
pub fn compare(desk: &Desk, model: &Model<'_>) {
    let state = &desk.state;
    assert_eq!(state.status.code(), model.at);
    assert_eq!(state.status_from.map(yujian_domain::time::day_of), Some(model.since));
    assert_eq!(state.barred_until, model.barred);
    let stopped = state.suspension.as_ref();
    assert_eq!(
        stopped.map(|one| (one.before.code(), one.kind == SuspensionKind::Ordered)),
        model.stopped
    );
    let held = state.authorization.as_ref();
    assert_eq!(
        held.map(|held| (held.valid_from_date, held.valid_to_date, held.ended.is_none())),
        model.term.map(|term| (term.first, Some(term.last), term.holds))
    );
    let code = if model.code == 0 {
        "91350100M000100Y43"
    } else {
        "91330106MA2B3C4D5D"
    };
    assert_eq!(state.credit_code, Some(CreditCode::parse(code).unwrap()));
    assert_eq!(state.classes.len(), if model.classes == 0 { 2 } else { 1 });
    assert_eq!(state.licence_applications.len(), model.cases.len());
    for ((number, application), (index, case)) in state.licence_applications.iter().zip(model.cases.iter().enumerate())
    {
        assert_eq!(usize::try_from(*number).unwrap(), index + 1, "numbered without gaps");
        let found = (application.kind.code(), application.state.code(), application.since);
        assert_eq!(found, (case.kind, case.at, Some(case.since)), "application {number}");
        assert_eq!(
            (application.first_date, application.submitted.date),
            (Some(case.first), Some(case.came))
        );
        assert_eq!(application.accepted_date, case.accepted);
        assert_eq!(application.proposal.is_some(), case.plan.is_some());
        assert_eq!(application.hearing_asked, case.heard);
        assert_eq!(application.deemed.is_some(), case.silent.is_some());
        assert_eq!(application.certificate_issued, case.handed_over);
        assert_eq!(
            application.verification.as_ref().map(|found| found.verified.visit_date),
            case.visit.map(|(day, _)| day)
        );
        let told = application.checks.values().next();
        assert_eq!(
            told.map(|told| (told.record_date, told.outcome == RegistryOutcome::Matches)),
            case.register
        );
    }
    compare_clocks(desk, model);
}

pub fn compare_clocks(desk: &Desk, model: &Model<'_>) {
    let mut clocks: Vec<_> = desk.state.clocks.iter().collect();
    clocks.sort_by_key(|(name, _)| name.revision);
    let found: Vec<_> = clocks
        .into_iter()
        .map(|(name, clock)| {
            let due = (clock.due.due_date, !clock.due.provisional);
            let of = clock.application.unwrap_or(0);
            (
                name.kind.code(),
                of,
                clock.from_date,
                due,
                clock.state.code(),
                clock.late,
            )
        })
        .collect();
    let expected: Vec<_> = model
        .watches
        .iter()
        .map(|watch| {
            let due = (watch.last.day, watch.last.certain);
            (watch.kind, watch.of, watch.from, due, watch.at, watch.late)
        })
        .collect();
    assert_eq!(found, expected);
}

/// The dossier stands where the state stands.
pub fn compare_dossier(desk: &Desk, model: &Model<'_>) {
    let facts = desk.dossier().resolve(None, None);
    let value = |key: &str| facts.iter().find(|fact| fact.key == key).map(|fact| fact.value.clone());
    assert_eq!(value("status"), Some(serde_json::json!(model.at)));
    let last = model.term.map(|term| serde_json::json!(term.last));
    assert_eq!(value("licence.valid_to_date"), last);
}
