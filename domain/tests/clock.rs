//! Legal clocks: what stops, lengthens and ends them.

use crate::clock_support::{Run, deadline, shipped, started};
use jiff::civil::{Date, date};
use yujian_domain::calendar::{Calendar, Due};
use yujian_domain::clock::*;

/// Twenty working days from Monday 2 March 2026: to Monday 30 March, as D30 of `data/deadlines.csv` counts.
fn decision() -> Run {
    Run::working(ClockKind::Decision, date(2026, 3, 2), 20)
}

/// The shipped table with a notice for 2027 that makes New Year's Day a day off.
fn with_notice_of_2027() -> Calendar {
    let shipped = include_str!("../../deploy/reference/cn-holidays.csv");
    Calendar::from_csv(&format!("{}\n2027-01-01,元旦,off,2027\n", shipped.trim_end())).unwrap()
}

#[test]
fn the_law_s_list_of_pauses_has_no_site_verification() {
    let codes: Vec<&str> = PauseReason::ALL.iter().map(|reason| reason.code()).collect();
    assert_eq!(
        codes,
        [
            "test",
            "instrument_inspection",
            "appraisal",
            "expert_review",
            "hearing",
            "information_awaited"
        ]
    );
}

#[test]
fn each_clock_has_somebody_who_must_act() {
    let of = |owner| -> Vec<&str> {
        let kinds = ClockKind::ALL.iter().filter(|kind| kind.owner() == owner);
        kinds.map(|kind| kind.code()).collect()
    };
    assert_eq!(
        of(ClockOwner::Authority),
        [
            "receipt",
            "nonconformity",
            "completeness",
            "decision",
            "joint_decision",
            "certificate",
            "hearing",
            "renewal"
        ]
    );
    assert_eq!(
        of(ClockOwner::Applicant),
        [
            "hearing_request",
            "information_reply",
            "correction_reply",
            "renewal_ask",
            "condition",
            "waiver",
            "migration",
            "cessation"
        ]
    );
}

#[test]
fn only_the_decision_itself_may_stand_still() {
    let day = date(2026, 3, 3);
    for kind in ClockKind::ALL {
        let mut run = Run::working(*kind, date(2026, 3, 2), 20);
        let paused = run.pause(day);
        if matches!(kind, ClockKind::Decision | ClockKind::JointDecision) {
            assert_eq!(paused, Ok(()), "{}", kind.code());
        } else {
            assert_eq!(paused, Err(ClockProblem::NotPausable { kind: *kind }));
        }
    }
}

#[test]
fn a_clock_that_stands_still_has_no_end_and_nothing_is_late() {
    let mut run = decision();
    run.pause(date(2026, 3, 30)).unwrap();
    assert_eq!(run.clock().recount(&run.calendar), None);
    assert_eq!(run.clock().due_when_extended(10, &run.calendar), None);
    assert!(!run.clock().is_late(date(2026, 6, 1)));
    assert_eq!(
        run.clock().can_expire(date(2026, 6, 1)),
        Err(ClockProblem::NotRunning {
            state: ClockState::Paused
        })
    );
    assert_eq!(
        run.pause(date(2026, 3, 31)),
        Err(ClockProblem::NotRunning {
            state: ClockState::Paused
        })
    );
    // The one day that was left is the day on which it is resumed.
    run.resume(date(2026, 4, 8)).unwrap();
    assert_eq!(run.due(), (date(2026, 4, 8), false));
    assert_eq!(run.clock().pauses[0].to_date, Some(date(2026, 4, 8)));
}

#[test]
fn what_happens_to_a_clock_happens_in_the_order_of_its_states() {
    let mut run = decision();
    let too_early = |field, not_before| Err(ClockProblem::TooEarly { field, not_before });
    assert_eq!(
        run.pause(date(2026, 3, 1)),
        too_early("from_date", date(2026, 3, 2)),
        "before it began"
    );
    assert_eq!(
        run.resume(date(2026, 3, 10)),
        Err(ClockProblem::NotPaused {
            state: ClockState::Running
        })
    );
    run.pause(date(2026, 3, 10)).unwrap();
    assert_eq!(
        run.resume(date(2026, 3, 9)),
        too_early("on_date", date(2026, 3, 10)),
        "before it was paused"
    );
    run.resume(date(2026, 3, 12)).unwrap();
    assert_eq!(
        run.pause(date(2026, 3, 11)),
        too_early("from_date", date(2026, 3, 12)),
        "before it was resumed"
    );
    assert_eq!(run.meet(date(2026, 3, 1)), too_early("on_date", date(2026, 3, 2)));
    run.meet(date(2026, 3, 20)).unwrap();
    let met = ClockState::Met;
    assert_eq!(run.meet(date(2026, 3, 21)), Err(ClockProblem::Ended { state: met }));
    assert_eq!(
        run.pause(date(2026, 3, 21)),
        Err(ClockProblem::NotRunning { state: met })
    );
    assert_eq!((run.clock().late, run.clock().ended), (false, Some(date(2026, 3, 20))));
}

#[test]
fn a_period_that_has_ended_is_neither_paused_nor_extended() {
    let mut run = decision();
    let (last, next) = (date(2026, 3, 30), date(2026, 3, 31));
    let passed = |field| Err(ClockProblem::Passed { field, due_date: last });
    assert_eq!(run.pause(next), passed("from_date"));
    assert_eq!(
        run.extend(10, ApproverOffice::HeadOfAuthority, next),
        passed("told_date")
    );
    assert_eq!(
        run.extend(10, ApproverOffice::HeadOfAuthority, last),
        Ok(()),
        "on the last day it is in time"
    );
    assert_eq!(run.due(), (date(2026, 4, 14), false));
}

#[test]
fn what_was_told_in_time_and_is_known_late_lets_a_decision_that_ran_out_go_on() {
    let head = ApproverOffice::HeadOfAuthority;
    let (last, next) = (date(2026, 3, 30), date(2026, 3, 31));
    let ran_out = {
        let mut run = decision();
        run.run_out();
        run
    };
    assert_eq!(
        (ran_out.clock().state, ran_out.clock().late),
        (ClockState::Expired, true)
    );
    let mut late = ran_out.clone();
    assert_eq!(
        late.extend(10, head, next),
        Err(ClockProblem::Passed {
            field: "told_date",
            due_date: last
        })
    );

    let mut extended = ran_out.clone();
    extended.extend(10, head, last).unwrap();
    let clock = extended.clock();
    assert_eq!(
        (clock.state, clock.ended, clock.late),
        (ClockState::Running, None, false)
    );
    assert_eq!((extended.due(), clock.taken_back), ((date(2026, 4, 14), false), 1));

    let mut paused = ran_out;
    paused.pause(date(2026, 3, 20)).unwrap();
    assert_eq!((paused.clock().state, paused.clock().late), (ClockState::Paused, false));
    paused.resume(date(2026, 4, 1)).unwrap();
    assert_eq!(
        (paused.clock().state, paused.clock().taken_back),
        (ClockState::Running, 1)
    );
    assert!(paused.clock().due.due_date > next);

    // When what the applicant owes has run out, the law has drawn its consequence.
    let mut owed = Run::working(ClockKind::InformationReply, date(2026, 3, 2), 20);
    owed.run_out();
    assert_eq!(
        owed.extend(5, head, date(2026, 3, 20)),
        Err(ClockProblem::NotRunning {
            state: ClockState::Expired
        })
    );
}

#[test]
fn the_head_extends_a_decision_and_the_government_a_joint_one() {
    let day = date(2026, 3, 20);
    let (head, government) = (ApproverOffice::HeadOfAuthority, ApproverOffice::PeoplesGovernment);
    let mut joint = Run::working(ClockKind::JointDecision, date(2026, 3, 2), 45);
    assert_eq!(
        joint.extend(15, head, day),
        Err(ClockProblem::OtherOffice { office: government })
    );
    assert_eq!(joint.extend(15, government, day), Ok(()));
    assert_eq!(
        decision().extend(10, government, day),
        Err(ClockProblem::OtherOffice { office: head })
    );
    assert_eq!(decision().extend(0, head, day), Err(ClockProblem::NothingAdded));
    let receipt = ClockKind::Receipt;
    assert_eq!(
        Run::working(receipt, date(2026, 3, 2), 5).extend(5, head, date(2026, 3, 4)),
        Err(ClockProblem::NotExtendable { kind: receipt })
    );
}

#[test]
fn an_authority_extends_its_own_period_once_and_an_applicant_s_again() {
    let (head, day) = (ApproverOffice::HeadOfAuthority, date(2026, 3, 20));
    let mut own = decision();
    own.extend(10, head, day).unwrap();
    assert_eq!(
        own.extend(10, head, day),
        Err(ClockProblem::AlreadyExtended { extension: 10 })
    );
    let mut applicant = Run::working(ClockKind::CorrectionReply, date(2026, 3, 2), 20);
    applicant.extend(5, head, day).unwrap();
    applicant.extend(5, head, day).unwrap();
    assert_eq!(applicant.clock().extension, 10);
    assert_eq!(
        applicant.due(),
        own.due(),
        "two extensions are as long as one of their sum"
    );
}

#[test]
fn only_a_provisional_end_is_counted_anew() {
    let later = with_notice_of_2027();
    // 28, 29, 30, 31 December and then 1 January by the week; the notice makes it Monday 4.
    let mut provisional = Run::working(ClockKind::Receipt, date(2026, 12, 25), 5);
    assert_eq!(provisional.due(), (date(2027, 1, 1), true));
    assert_eq!(
        provisional.clock().due_when_recomputed(&provisional.calendar),
        None,
        "by the same table there is no news"
    );
    let news = provisional.clock().due_when_recomputed(&later).unwrap();
    assert_eq!((news.date, news.provisional), (date(2027, 1, 4), false));
    provisional.clocks.apply(&ClockRecomputed {
        clock: provisional.name,
        due: deadline(news),
        holidays_sha256: "1".repeat(64),
    });
    assert_eq!(provisional.due(), (date(2027, 1, 4), false));
    assert_eq!(provisional.clock().due_when_recomputed(&later), None, "it is firm now");

    // The same day, now firm, is news too.
    let mut sure = Run::working(ClockKind::Receipt, date(2027, 1, 4), 5);
    assert_eq!(sure.due(), (date(2027, 1, 11), true));
    let news = sure.clock().due_when_recomputed(&later).unwrap();
    assert_eq!((news.date, news.provisional), (date(2027, 1, 11), false));
    sure.meet(date(2027, 1, 5)).unwrap();
    assert_eq!(sure.clock().due_when_recomputed(&later), None, "it has ended");

    // A table that takes back what it said moves no firm end.
    let firm = Run::working(ClockKind::Receipt, date(2026, 9, 30), 5);
    let other = Calendar::from_csv("date,name,kind,notice_year\n2026-10-13,x,off,2026\n").unwrap();
    assert_ne!(firm.clock().recount(&other).unwrap().date, firm.due().0);
    assert_eq!(firm.clock().due_when_recomputed(&other), None);
}

#[test]
fn nothing_expires_and_nothing_is_late_by_a_provisional_end() {
    let provisional = Run::working(ClockKind::Completeness, date(2026, 12, 25), 5);
    let after = date(2027, 3, 1);
    assert!(!provisional.clock().is_late(after));
    assert_eq!(
        provisional.clock().can_expire(after),
        Err(ClockProblem::NotPassed {
            due_date: date(2027, 1, 1)
        })
    );
    assert_eq!(provisional.clock().days(after, &provisional.calendar).overdue, 0);

    let firm = decision();
    assert!(!firm.clock().is_late(date(2026, 3, 30)));
    assert!(firm.clock().is_late(date(2026, 3, 31)));
    assert!(
        firm.clock().can_expire(date(2026, 3, 30)).is_err(),
        "the last day counts to its end"
    );
    assert_eq!(firm.clock().can_expire(date(2026, 3, 31)), Ok(()));
}

#[test]
fn an_act_in_time_that_arrives_late_takes_an_expiry_back() {
    let mut run = decision();
    run.clocks.apply(&ClockExpired {
        clock: run.name,
        due_date: date(2026, 3, 30),
    });
    let expired = run.clock();
    assert_eq!((expired.state, expired.late), (ClockState::Expired, true));
    assert_eq!(expired.ended, Some(date(2026, 3, 30)));
    assert!(!expired.is_open());

    let mut in_time = run.clone();
    in_time.meet(date(2026, 3, 27)).unwrap();
    assert_eq!((in_time.clock().state, in_time.clock().late), (ClockState::Met, false));
    run.meet(date(2026, 4, 1)).unwrap();
    assert_eq!((run.clock().state, run.clock().late), (ClockState::Met, true));
}

#[test]
fn a_fixed_day_is_as_it_was_set() {
    // A Saturday, and a day that no notice covers yet.
    for day in [date(2026, 7, 4), date(2030, 1, 1)] {
        let event = ClockStarted {
            application: None,
            kind: ClockKind::Condition,
            from_date: date(2026, 3, 2),
            unit: Unit::FixedDay,
            count: 0,
            due: deadline(Due {
                date: day,
                provisional: false,
            }),
        };
        let run = Run::start(&event, &shipped());
        let expected = Due {
            date: day,
            provisional: false,
        };
        assert_eq!(run.clock().recount(&run.calendar), Some(expected));
        assert_eq!(run.clock().due_when_recomputed(&run.calendar), None);
        assert_eq!(
            run.clock()
                .can_extend(5, ApproverOffice::HeadOfAuthority, date(2026, 3, 3)),
            Err(ClockProblem::NotExtendable {
                kind: ClockKind::Condition
            })
        );
        assert_eq!(Unit::FixedDay.due_after(date(2026, 3, 2), 5, &run.calendar), None);
    }
    let fixed_decision = ClockStarted {
        kind: ClockKind::Decision,
        unit: Unit::FixedDay,
        ..started(ClockKind::Decision, date(2026, 3, 2), Unit::WorkingDays, 5, &shipped())
    };
    assert!(matches!(
        Run::start(&fixed_decision, &shipped()).pause(date(2026, 3, 3)),
        Err(ClockProblem::NotPausable { .. })
    ));
}

#[test]
fn a_day_tells_what_is_used_left_and_overdue() {
    let days = |run: &Run, on: Date| {
        let days = run.clock().days(on, &run.calendar);
        (days.used, days.left, days.overdue)
    };
    let mut run = decision();
    assert_eq!(days(&run, date(2026, 3, 2)), (0, 20, 0), "the first day is not counted");
    assert_eq!(days(&run, date(2026, 2, 1)), (0, 20, 0), "before it began");
    assert_eq!(days(&run, date(2026, 3, 8)), (4, 16, 0), "a Sunday is as its Friday");
    assert_eq!(days(&run, date(2026, 3, 30)), (20, 0, 0), "the last day is not overdue");
    assert_eq!(
        days(&run, date(2026, 4, 7)),
        (20, 0, 5),
        "31, 1, 2, 3 and after Qingming 7"
    );

    run.pause(date(2026, 3, 10)).unwrap();
    assert_eq!(days(&run, date(2026, 3, 9)), (5, 15, 0));
    assert_eq!(days(&run, date(2026, 5, 29)), (5, 15, 0), "standing still uses nothing");
    run.resume(date(2026, 3, 16)).unwrap();
    assert_eq!(days(&run, date(2026, 3, 13)), (5, 15, 0));
    assert_eq!(days(&run, date(2026, 3, 16)), (6, 14, 0));
    run.meet(date(2026, 3, 17)).unwrap();
    assert_eq!(days(&run, date(2026, 9, 1)), (7, 13, 0), "as it was when it was met");

    let calendar = shipped();
    // Fifteen days from 2 February end within the festival, on 17, and move to 24.
    let fine = started(
        ClockKind::CorrectionReply,
        date(2026, 2, 2),
        Unit::CalendarDays,
        15,
        &calendar,
    );
    let fine = Run::start(&fine, &calendar);
    assert_eq!(
        days(&fine, date(2026, 2, 12)),
        (10, 12, 0),
        "left is up to the last day"
    );
    assert_eq!(days(&fine, date(2026, 2, 20)), (15, 4, 0));
    assert_eq!(
        days(&fine, date(2026, 2, 28)),
        (15, 0, 4),
        "calendar days are overdue in them"
    );
}

#[test]
fn an_expired_clock_goes_on_being_overdue_until_it_is_met() {
    let mut run = decision();
    run.clocks.apply(&ClockExpired {
        clock: run.name,
        due_date: date(2026, 3, 30),
    });
    assert_eq!(run.clock().days(date(2026, 4, 7), &run.calendar).overdue, 5);
    run.meet(date(2026, 4, 1)).unwrap();
    assert_eq!(run.clock().days(date(2026, 4, 7), &run.calendar).overdue, 2);
}

#[test]
fn a_problem_names_field_and_rule_in_both_languages() {
    let day = date(2026, 3, 2);
    let state = ClockState::Met;
    let kind = ClockKind::Receipt;
    let cases = [
        (ClockProblem::NotRunning { state }, "clock", "CLK-12"),
        (ClockProblem::NotPaused { state }, "clock", "CLK-12"),
        (ClockProblem::Ended { state }, "clock", "CLK-12"),
        (ClockProblem::NotPausable { kind }, "clock", "CLK-05"),
        (ClockProblem::NotExtendable { kind }, "clock", "CLK-06"),
        (
            ClockProblem::OtherOffice {
                office: ApproverOffice::PeoplesGovernment,
            },
            "approver_office",
            "CLK-06",
        ),
        (ClockProblem::AlreadyExtended { extension: 10 }, "clock", "CLK-06"),
        (ClockProblem::NothingAdded, "count", "CLK-06"),
        (
            ClockProblem::TooEarly {
                field: "on_date",
                not_before: day,
            },
            "on_date",
            "CLK-12",
        ),
        (
            ClockProblem::Passed {
                field: "told_date",
                due_date: day,
            },
            "told_date",
            "CLK-12",
        ),
        (ClockProblem::NotPassed { due_date: day }, "clock", "CLK-08"),
    ];
    for (problem, field, rule) in cases {
        let violation = problem.violation();
        assert_eq!((violation.field.as_str(), violation.rule.as_str()), (field, rule));
        assert!(violation.message.is_ascii() && !violation.message.is_empty());
        assert!(!violation.message_zh.is_ascii(), "{}", violation.message_zh);
    }
}
