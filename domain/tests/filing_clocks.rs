//! Clocks of the filing track (国卫办人口发〔2019〕25号 §9): the receipt within 5 working days, the notice within 15.

use crate::institution_support::licence::*;
use crate::institution_support::*;
use yujian_domain::aggregate::Decided;
use yujian_domain::clock::*;
use yujian_domain::envelope::Role;
use yujian_domain::institution::*;
use yujian_domain::personal::Sensitive;

fn started(events: &[InstitutionEvent]) -> Vec<&ClockStarted> {
    let clocks = events.iter().filter_map(|event| match event {
        InstitutionEvent::ClockStarted(clock) => Some(clock),
        _ => None,
    });
    clocks.collect()
}

/// Accepted under a policy that counts the notice from the papers.
fn counted_from_papers() -> Desk {
    let mut desk = Desk::registered();
    desk.reference = papers_reference();
    desk.run(filing()).unwrap();
    desk
}

#[test]
fn an_accepted_filing_starts_the_receipts_clock_from_the_day_of_the_papers() {
    let mut desk = Desk::registered();
    desk.on("2026-03-12").occurred_on("2026-03-03");
    let events = desk.run(filing()).unwrap();
    let [clock] = started(&events)[..] else {
        panic!("one clock: {events:?}")
    };
    assert_eq!((clock.kind, clock.application), (ClockKind::Receipt, Some(1)));
    assert_eq!((clock.unit, clock.count), (Unit::WorkingDays, 5));
    assert_eq!(clock.from_date, day("2026-03-03"));
    assert_eq!(clock.due.due_date, day("2026-03-10"));
}

#[test]
fn a_returned_filing_starts_no_clock() {
    assert!(Desk::returned().open_clocks().is_empty());
}

#[test]
fn where_policy_counts_from_the_papers_the_notices_clock_starts_too() {
    let desk = counted_from_papers();
    assert_eq!(desk.open_clocks(), [ClockKind::Receipt, ClockKind::Nonconformity]);
    let clock = desk.state.clocks.get(desk.clock(ClockKind::Nonconformity)).unwrap();
    assert_eq!(clock.due.due_date, day("2026-03-23"));
}

#[test]
fn the_receipt_meets_its_clock_and_ends_that_of_the_notice() {
    let mut desk = counted_from_papers();
    desk.on("2026-03-10");
    let events = desk.run(receipt(day("2026-03-10"))).unwrap();
    assert_eq!(names(&events), ["FilingReceiptIssued", "ClockMet", "ClockCancelled"]);
    let receipt = desk.state.clocks.get(desk.clock(ClockKind::Receipt)).unwrap();
    assert_eq!((receipt.state, receipt.late), (ClockState::Met, true), "due on 9 March");
    assert_eq!(desk.clock_state(ClockKind::Nonconformity), ClockState::Cancelled);
    assert!(desk.open_clocks().is_empty());
}

#[test]
fn a_notice_meets_its_clock_and_ends_the_receipts() {
    let mut desk = counted_from_papers();
    desk.on("2026-03-05");
    let events = desk.run(nonconformity(day("2026-03-04"))).unwrap();
    assert_eq!(names(&events), ["NonconformityNotified", "ClockMet", "ClockCancelled"]);
    assert_eq!(desk.clock_state(ClockKind::Nonconformity), ClockState::Met);
    assert_eq!(desk.clock_state(ClockKind::Receipt), ClockState::Cancelled);
}

#[test]
fn a_notice_that_counts_from_the_finding_ends_the_receipts_clock_alone() {
    let mut desk = Desk::accepted();
    desk.on("2026-03-05");
    let events = desk.run(nonconformity(day("2026-03-04"))).unwrap();
    assert_eq!(names(&events), ["NonconformityNotified", "ClockCancelled"]);
}

#[test]
fn confirmed_conformity_without_a_receipt_starts_the_receipts_clock_anew() {
    let mut desk = Desk::accepted();
    desk.on("2026-03-05").run(nonconformity(day("2026-03-04"))).unwrap();
    desk.on("2026-04-01");
    let events = desk.run(conformity()).unwrap();
    assert_eq!(names(&events), ["ConformityConfirmed", "ClockStarted"]);
    // 2, 3, 7, 8 and 9 April: the Qingming holiday does not count.
    let due = desk.state.application.as_ref().unwrap().receipt_due.clone().unwrap();
    assert_eq!(due.due_date, day("2026-04-09"));
    desk.on("2026-04-09");
    let InstitutionEvent::FilingReceiptIssued(issued) = &desk.run(receipt(day("2026-04-09"))).unwrap()[0] else {
        panic!("no receipt")
    };
    assert!(!issued.late, "the first clock ended with the notice");
}

#[test]
fn confirmed_conformity_of_a_filed_institution_starts_no_clock() {
    let mut desk = Desk::nonconforming();
    assert_eq!(names(&desk.run(conformity()).unwrap()), ["ConformityConfirmed"]);
}

#[test]
fn what_is_found_after_conformity_was_confirmed_counts_from_its_own_finding() {
    let mut desk = counted_from_papers();
    desk.on("2026-03-05").run(nonconformity(day("2026-03-04"))).unwrap();
    desk.on("2026-04-01").run(conformity()).unwrap();
    desk.on("2026-04-10");
    let events = desk.run(nonconformity(day("2026-04-08"))).unwrap();
    let InstitutionEvent::NonconformityNotified(notified) = &events[0] else {
        panic!("not notified")
    };
    assert!(!notified.late);
    assert_eq!(notified.notice_due.due_date, day("2026-04-29"));
}

#[test]
fn a_withdrawn_filing_ends_its_clocks() {
    let mut desk = counted_from_papers();
    desk.on("2026-03-04");
    let events = desk
        .run(WithdrawFiling {
            reason: Sensitive::new("资料有变"),
        })
        .unwrap();
    assert_eq!(names(&events), ["FilingWithdrawn", "ClockCancelled", "ClockCancelled"]);
    assert!(desk.open_clocks().is_empty());
}

#[test]
fn an_institution_that_closes_ends_the_clocks_of_its_filing() {
    let mut desk = Desk::accepted();
    desk.run(CloseInstitution {
        children_to_place: 0,
        ..closing(day("2026-03-02"))
    })
    .unwrap();
    assert_eq!(desk.clock_state(ClockKind::Receipt), ClockState::Cancelled);
}

/// Accepted as older logs hold it, without clocks.
fn accepted_without_clocks() -> Desk {
    let mut desk = Desk::registered();
    for decided in desk.decide(filing()).unwrap() {
        if !matches!(decided.event, InstitutionEvent::ClockStarted(_)) {
            desk.record(&decided);
        }
    }
    assert!(desk.open_clocks().is_empty());
    desk
}

#[test]
fn a_filing_that_was_accepted_before_there_were_clocks_goes_on_as_it_did() {
    let mut desk = accepted_without_clocks();
    desk.on("2026-03-10");
    let events = desk.clone().run(receipt(day("2026-03-10"))).unwrap();
    let [InstitutionEvent::FilingReceiptIssued(issued)] = &events[..] else {
        panic!("the receipt alone: {events:?}")
    };
    assert!(issued.late, "due on 9 March by the acceptance");
    let told = desk.clone().run(nonconformity(day("2026-03-09"))).unwrap();
    assert_eq!(names(&told), ["NonconformityNotified"]);
    let withdrawn = desk.run(WithdrawFiling {
        reason: Sensitive::new("资料有变"),
    });
    assert_eq!(names(&withdrawn.unwrap()), ["FilingWithdrawn"]);
}

#[test]
fn an_old_filing_whose_conformity_is_confirmed_gets_a_clock() {
    let mut desk = accepted_without_clocks();
    desk.run(nonconformity(day("2026-03-02"))).unwrap();
    let events = desk.run(conformity()).unwrap();
    assert_eq!(names(&events), ["ConformityConfirmed", "ClockStarted"]);
}

#[test]
fn lateness_goes_by_the_newest_count() {
    let mut desk = Desk::registered();
    desk.on("2026-12-30");
    let mut filing = filing();
    for paper in &mut filing.papers {
        paper.expiry_date = Some(day("2030-01-04"));
    }
    desk.run(filing).unwrap();
    let due = |desk: &Desk| desk.state.application.as_ref().unwrap().receipt_due.clone().unwrap();
    assert_eq!(due(&desk).due_date, day("2027-01-06"));
    assert!(due(&desk).provisional);
    // The notice for 2027 comes: 1 January is off, and the last day is a day later.
    desk.reference = licence_reference_2027();
    desk.by("system", Role::System);
    let events = desk
        .run(RecomputeClocks {
            holidays_sha256: "ab".repeat(32),
        })
        .unwrap();
    assert_eq!(names(&events), ["ClockRecomputed"]);
    assert_eq!(
        (due(&desk).due_date, due(&desk).provisional),
        (day("2027-01-07"), false)
    );
    desk.on("2027-01-08").by("officer-1", Role::Officer);
    let late = |on: &str| match &desk.decide(receipt(day(on))).unwrap()[..] {
        [
            Decided {
                event: InstitutionEvent::FilingReceiptIssued(issued),
                ..
            },
            _,
        ] => issued.late,
        other => panic!("no receipt: {other:?}"),
    };
    assert!(!late("2027-01-07"));
    assert!(late("2027-01-08"));
}
