//! Off duty and back, ends of engagements, and bars of staff.

use crate::person_support::*;
use yujian_domain::envelope::Role;
use yujian_domain::person::*;
use yujian_domain::rejection::{LegalBasis, Reason};
use yujian_domain::time::{Occurred, start_of};

fn cites(basis: &[LegalBasis], law: &str, article: &str) -> bool {
    basis.contains(&LegalBasis::new(law, article))
}

#[test]
fn the_ground_for_taking_off_duty_holds() {
    let mut desk = Desk::engaged();
    for ground in [
        OffDutyGround::Barred,
        OffDutyGround::NoHealthCertificate,
        OffDutyGround::NoRecordQuery,
    ] {
        assert_eq!(
            desk.violations(off(1, ground)),
            [violation("STF-16", "ground")],
            "{ground:?}"
        );
    }
    assert!(desk.decide(off(1, OffDutyGround::Investigation)).is_ok());
    desk.days_later(366);
    assert!(desk.decide(off(1, OffDutyGround::NoRecordQuery)).is_ok());
    let decided = desk.one(off(1, OffDutyGround::NoHealthCertificate));
    assert!(cites(&decided.legal_basis, "卫生部令第76号", "§14"));
    assert_eq!(desk.reason(off(1, OffDutyGround::NoRecordQuery)), Reason::NothingToDo);
}

#[test]
fn yujian_takes_a_barred_person_off_duty_also_before_the_bar_or_the_engagement_begins() {
    let mut desk = Desk::engaged();
    desk.one(engage(2, Post::Cook, desk.days(20)));
    desk.by_officer();
    desk.one(bar(BarGround::Order, desk.days(30), None));
    desk.by("yujian", Role::System);
    let decided = desk.one(off(1, OffDutyGround::Barred));
    assert_eq!(decided.effective_from, None);
    let decided = desk.one(off(2, OffDutyGround::Barred));
    assert_eq!(decided.effective_from, Some(start_of(desk.days(20))));
    assert_eq!(desk.reason(off(1, OffDutyGround::Barred)), Reason::NothingToDo);
}

#[test]
fn back_on_duty_only_when_nothing_stands_in_the_way() {
    let mut desk = Desk::engaged();
    desk.days_later(370);
    desk.one(off(1, OffDutyGround::NoHealthCertificate));
    let rejection = desk.refused(back(1));
    assert_eq!(rejection.reason, Reason::PersonIneligible);
    assert_eq!(rejection.metadata["missing"], "no_record_query, no_health_certificate");
    desk.one(health(desk.today(), true));
    assert_eq!(desk.refused(back(1)).metadata["missing"], "no_record_query");
    desk.one(query(desk.today(), &[]));
    desk.one(back(1));
    assert_eq!(desk.state.engagements[&1].state, EngagementState::Active);
    assert_eq!(desk.reason(back(1)), Reason::NothingToDo);
}

#[test]
fn after_an_infectious_disease_a_new_examination_is_needed() {
    let mut desk = Desk::engaged();
    desk.days_later(3).one(off(1, OffDutyGround::Infectious));
    desk.days_later(10);
    let rejection = desk.refused(back(1));
    assert_eq!(rejection.reason, Reason::PersonIneligible);
    assert_eq!(rejection.metadata["missing"], "infectious");
    desk.one(health(desk.today(), true));
    desk.one(back(1));
}

#[test]
fn states_of_an_engagement_follow_one_another_in_legal_time() {
    let mut desk = Desk::engaged();
    desk.days_later(5);
    let off_duty = desk.now;
    desk.one(off(1, OffDutyGround::Investigation));
    desk.occurred_on("2026-03-06");
    assert_eq!(desk.violations(back(1)), [violation("GEN-08", "occurred")]);
    desk.said = Some(Occurred::Day { date: desk.today() });
    assert_eq!(desk.one(back(1)).effective_from, Some(off_duty), "right after it");
    assert_eq!(
        desk.violations(end(1, day("2026-03-06"))),
        [violation("GEN-08", "end_date")]
    );
}

#[test]
fn an_engagement_ends_on_a_day_that_has_come() {
    let mut desk = Desk::engaged();
    assert_eq!(desk.violations(end(1, desk.days(1))), [violation("GEN-02", "end_date")]);
    assert_eq!(
        desk.violations(end(1, desk.days(-1))),
        [violation("GEN-08", "end_date")]
    );
    let barred = EndEngagement {
        ground: EndGround::Barred,
        ..end(1, desk.today())
    };
    assert_eq!(desk.violations(barred), [violation("STF-18", "ground")]);
    let decided = desk.one(end(1, desk.today()));
    assert_eq!(
        decided.effective_from,
        Some(start_of(desk.days(1))),
        "after its last day"
    );
    assert_eq!(desk.reason(end(1, desk.today())), Reason::IllegalTransition);
    desk.one(engage(2, Post::Cook, desk.days(10)));
    desk.one(EndEngagement {
        ground: EndGround::Error,
        ..end(2, desk.days(10))
    });
}

#[test]
fn a_bar_holds_from_its_first_to_its_last_day() {
    let mut desk = Desk::eligible();
    desk.by_officer();
    let decided = desk.one(bar(BarGround::Order, day("2026-03-10"), Some(day("2026-03-20"))));
    assert_eq!(decided.effective_from, Some(start_of(day("2026-03-10"))));
    assert!(decided.legal_basis.is_empty(), "an order names its own");
    let barred = |on: &str| desk.state.barred_on(day(on));
    assert!(!barred("2026-03-09") && barred("2026-03-10") && barred("2026-03-20") && !barred("2026-03-21"));
    for (start, allowed) in [("2026-03-09", true), ("2026-03-10", false), ("2026-03-21", true)] {
        let decision = desk.decide(engage(1, Post::Cook, day(start)));
        assert_eq!(decision.is_ok(), allowed, "{start}");
    }
    desk.on("2026-03-25");
    let rejection = desk.refused(engage(1, Post::Cook, day("2026-03-15")));
    assert_eq!(rejection.metadata["missing"], "barred", "barred on the first day");
}

#[test]
fn a_bar_for_abuse_is_for_life() {
    let mut desk = Desk::eligible();
    desk.by_officer();
    let ends = bar(BarGround::ChildAbuse, desk.today(), Some(desk.days(1000)));
    assert_eq!(desk.violations(ends), [violation("STF-19", "until_date")]);
    let decided = desk.one(bar(BarGround::ChildAbuse, day("2025-12-01"), None));
    assert!(cites(&decided.legal_basis, "人口与计划生育法", "§41"));
    assert_eq!(
        decided.effective_from,
        Some(desk.now),
        "the register knows the person since then"
    );
    assert!(desk.state.barred_on(day("2125-01-01")));
    let rejection = desk.refused(engage(1, Post::Cook, desk.today()));
    assert_eq!(rejection.metadata["missing"], "barred");
    assert_eq!(rejection.metadata["possible"], "lift_bar (officer)");
}

#[test]
fn neither_a_refusal_nor_a_duty_tells_an_employer_why_somebody_is_barred() {
    let told = |ground: BarGround| {
        let mut desk = Desk::engaged();
        desk.by_officer();
        desk.one(bar(ground, desk.today(), None));
        let off = desk.one(off(1, OffDutyGround::Barred));
        let mut other = Desk::eligible();
        other.by_officer();
        other.one(bar(ground, other.today(), None));
        let refused = other.refused(engage(1, Post::Cook, other.today()));
        (off.legal_basis, refused.legal_basis, refused.message, refused.metadata)
    };
    let order = told(BarGround::Order);
    assert!(cites(&order.1, "未成年人保护法", "§62"));
    for ground in [BarGround::ChildAbuse, BarGround::Record, BarGround::Health] {
        assert_eq!(told(ground), order, "{ground:?}");
    }
}

#[test]
fn engagements_of_a_barred_person_are_left_to_the_reactor() {
    let mut desk = Desk::engaged();
    desk.by_officer();
    desk.one(bar(BarGround::ChildAbuse, desk.today(), None));
    assert_eq!(desk.state.engagements[&1].state, EngagementState::Active);
    desk.by("yujian", Role::System).one(off(1, OffDutyGround::Barred));
    assert_eq!(desk.by_employer().reason(back(1)), Reason::PersonIneligible);
    desk.one(EndEngagement {
        ground: EndGround::Barred,
        ..end(1, desk.today())
    });
}

#[test]
fn one_bar_at_a_time_that_has_not_ended() {
    let mut desk = Desk::registered();
    desk.by_officer();
    let today = desk.today();
    let over = bar(BarGround::Order, desk.days(-20), Some(desk.days(-1)));
    assert_eq!(desk.violations(over), [violation("STF-19", "until_date")]);
    let backwards = bar(BarGround::Order, desk.days(5), Some(desk.days(4)));
    assert_eq!(desk.violations(backwards), [violation("STF-19", "until_date")]);
    desk.one(bar(BarGround::Order, today, Some(desk.days(10))));
    let rejection = desk.refused(bar(BarGround::Order, desk.days(11), None));
    assert_eq!(
        rejection.reason,
        Reason::IllegalTransition,
        "it would leave ten days open"
    );
    assert_eq!(rejection.metadata["until_date"], "2026-03-12");
    desk.days_later(11);
    desk.one(bar(BarGround::Record, desk.today(), None));
    assert!(desk.state.barred_on(desk.today()));
}

#[test]
fn another_account_lifts_a_bar() {
    let mut desk = Desk::registered();
    assert_eq!(desk.reason(lift()), Reason::IllegalTransition);
    desk.by_officer();
    desk.one(bar(BarGround::Health, desk.days(3), None));
    assert_eq!(desk.reason(lift()), Reason::TwoPersonRule);
    let decided = desk.by("officer-2", Role::Officer).one(lift());
    assert_eq!(decided.effective_from, Some(start_of(desk.days(3))), "before it began");
    assert_eq!(desk.state.status, Status::Registered);
    assert!(!desk.state.barred_on(desk.days(3)));
}

#[test]
fn decisions_give_number_and_reasons() {
    let desk = Desk::registered();
    let blank = Bar {
        decision_number: " ".to_owned(),
        reason: yujian_domain::personal::Sensitive::new(""),
        ..bar(BarGround::Order, desk.today(), None)
    };
    let expected = [violation("GEN-03", "decision_number"), violation("GEN-03", "reason")];
    assert_eq!(desk.violations(blank), expected);
}

#[test]
fn what_an_officer_ordered_for_an_investigation_the_employer_does_not_end() {
    let mut desk = Desk::engaged();
    desk.by_officer().one(off(1, OffDutyGround::Investigation));
    let rejection = desk.by_employer().refused(back(1));
    assert_eq!(rejection.reason, Reason::RoleNotAllowed);
    assert_eq!(rejection.metadata["rule"], "STF-17");
    desk.by_officer().one(back(1));
    // What the employer began of its own accord it ends.
    desk.by_employer().one(off(1, OffDutyGround::Investigation));
    desk.one(back(1));
}

#[test]
fn no_article_tells_an_employer_why_somebody_is_barred() {
    let told = |ground: BarGround| {
        let mut desk = Desk::engaged();
        let today = desk.today();
        desk.by_officer().one(bar(ground, today, None));
        let refused = desk.by_employer().refused(engage(2, Post::Cook, today));
        let taken = desk.by("yujian", Role::System).one(off(1, OffDutyGround::Barred));
        let ended = desk.by_employer().one(EndEngagement {
            ground: EndGround::Barred,
            ..end(1, today)
        });
        (
            refused.to_string(),
            refused.legal_basis,
            taken.legal_basis,
            ended.legal_basis,
        )
    };
    let any = told(BarGround::Order);
    for ground in [BarGround::ChildAbuse, BarGround::Record, BarGround::Health] {
        assert_eq!(told(ground), any, "{ground:?}");
    }
}
