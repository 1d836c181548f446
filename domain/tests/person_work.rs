//! Checks, training, engagements and posts of staff.

use crate::person_support::*;
use yujian_domain::person::*;
use yujian_domain::rejection::{LegalBasis, Reason};
use yujian_domain::time::start_of;
use yujian_domain::values::RegionId;

fn cites(basis: &[LegalBasis], law: &str, article: &str) -> bool {
    basis.contains(&LegalBasis::new(law, article))
}

#[test]
fn a_health_certificate_counts_for_twelve_months_by_the_policy_of_its_day() {
    let mut desk = Desk::registered();
    let decided = desk.one(health(day("2026-02-28"), true));
    let PersonEvent::HealthCertificateRecorded(event) = &decided.event else {
        panic!()
    };
    assert_eq!(event.expiry_date, day("2027-02-28"));
    assert_eq!(decided.effective_from, Some(start_of(day("2026-02-28"))));
    assert_eq!(
        (decided.policies[0].id.as_str(), decided.policies[0].version),
        ("cn-staffing", 2)
    );
    assert!(cites(&decided.legal_basis, "卫生部令第76号", "§14"));
    let mut old = Desk::registered();
    assert_eq!(old.one(health(day("2024-03-31"), true)).policies[0].version, 1);
    assert_eq!(
        Desk::registered().reason(health(day("2021-05-31"), true)),
        Reason::PolicyNotInForce
    );
    let tomorrow = desk.days(1);
    assert_eq!(
        desk.violations(health(tomorrow, true)),
        [violation("GEN-02", "issue_date")]
    );
}

#[test]
fn only_the_newest_certificate_counts() {
    let mut desk = Desk::registered();
    desk.one(health(day("2026-02-01"), true));
    assert_eq!(
        desk.violations(health(day("2026-01-31"), false)),
        [violation("STF-08", "issue_date")]
    );
    assert_eq!(desk.reason(health(day("2026-02-01"), true)), Reason::NothingToDo);
    desk.one(health(day("2026-02-01"), false));
    assert!(!desk.state.health.as_ref().unwrap().passed);
    desk.one(health(day("2026-03-01"), true));
    assert!(desk.state.health.as_ref().unwrap().passed);
}

#[test]
fn who_is_unfit_goes_off_duty_everywhere_in_the_same_decision() {
    let mut desk = Desk::engaged();
    let today = desk.today();
    desk.one(engage(2, Post::Cook, today));
    desk.one(engage(3, Post::Cook, desk.days(10)));
    desk.one(end(2, today));
    let decided = desk.run(health(today, false)).unwrap();
    let off: Vec<(u32, OffDutyGround)> = decided[1..]
        .iter()
        .map(|one| match &one.event {
            PersonEvent::TakenOffDuty(event) => (event.engagement, event.ground),
            other => panic!("{other:?}"),
        })
        .collect();
    let ground = OffDutyGround::NoHealthCertificate;
    assert_eq!(off, [(1, ground), (3, ground)], "the ended one stays ended");
    assert!(cites(&decided[1].legal_basis, "卫生部令第76号", "§14"));
    assert_eq!(decided[1].effective_from, None, "at once");
    assert_eq!(
        decided[2].effective_from,
        Some(start_of(desk.days(10))),
        "from its first day"
    );
    assert_eq!(desk.state.engagements[&3].since, desk.days(10));
    assert_eq!(desk.state.engagements[&1].off_duty, Some(ground));
}

#[test]
fn the_record_is_asked_for_every_year() {
    let mut desk = Desk::registered();
    let decided = desk.one(query(day("2026-03-01"), &[]));
    let PersonEvent::RecordQueried(event) = &decided.event else {
        panic!()
    };
    assert!(event.clear);
    assert_eq!(event.valid_until, day("2027-03-01"));
    assert!(shown_to_employer(&decided));
    assert!(cites(&decided.legal_basis, "未成年人保护法", "§62"));
    assert_eq!(
        desk.violations(query(day("2026-02-01"), &[])),
        [violation("STF-09", "query_date")]
    );
    let twice = query(desk.today(), &[Offence::Abuse, Offence::Drugs, Offence::Abuse]);
    assert_eq!(desk.violations(twice), [violation("STF-09", "found[2]")]);
}

#[test]
fn a_record_that_was_found_takes_off_duty_at_once_and_is_for_the_regulator() {
    let mut desk = Desk::engaged();
    desk.one(engage(2, Post::Cook, desk.today()));
    let decided = desk.run(query(desk.today(), &[Offence::Gambling])).unwrap();
    assert_eq!(decided.len(), 3);
    assert!(!shown_to_employer(&decided[0]));
    for one in &decided[1..] {
        assert!(shown_to_employer(one));
        let PersonEvent::TakenOffDuty(event) = &one.event else {
            panic!()
        };
        assert_eq!(event.ground, OffDutyGround::Barred, "not why");
    }
    assert!(
        desk.state
            .engagements
            .values()
            .all(|one| one.state == EngagementState::OffDuty)
    );
    assert_eq!(desk.state.hindrances(desk.today()), [OffDutyGround::Barred]);
}

#[test]
fn an_employer_does_not_clear_whom_an_earlier_answer_did_not() {
    let mut desk = Desk::eligible();
    desk.run(query(desk.today(), &[Offence::Abuse])).unwrap();
    desk.days_later(1);
    let clear = query(desk.today(), &[]);
    assert_eq!(desk.reason(clear.clone()), Reason::RoleNotAllowed);
    desk.run(query(desk.today(), &[Offence::Abuse, Offence::Drugs]))
        .unwrap();
    desk.by_officer().one(clear);
    assert_eq!(desk.state.hindrances(desk.today()), []);
}

#[test]
fn training_has_hours_and_is_over() {
    let mut desk = Desk::registered();
    let wrong = RecordTraining {
        provider: " ".to_owned(),
        ..training(TrainingKind::FirstAid, 501, desk.days(1))
    };
    let expected = [
        violation("STF-11", "hours"),
        violation("GEN-03", "provider"),
        violation("GEN-02", "completed_date"),
    ];
    assert_eq!(desk.violations(wrong), expected);
    assert_eq!(
        desk.violations(training(TrainingKind::FirstAid, 0, desk.today())),
        [violation("STF-11", "hours")]
    );
    desk.one(training(TrainingKind::FirstAid, 8, day("2025-12-31")));
    desk.one(training(TrainingKind::FirstAid, 4, day("2026-01-01")));
    desk.one(training(TrainingKind::FirstAid, 5, day("2026-02-01")));
    assert_eq!(desk.state.training[&(2025, TrainingKind::FirstAid)], 8);
    assert_eq!(desk.state.training[&(2026, TrainingKind::FirstAid)], 9);
}

#[test]
fn nobody_is_engaged_without_checks_and_the_refusal_says_what_is_missing_and_who_acts() {
    let desk = Desk::registered();
    let rejection = desk.refused(engage(1, Post::Carer, desk.today()));
    assert_eq!(rejection.reason, Reason::PersonIneligible);
    assert_eq!(rejection.metadata["missing"], "no_record_query, no_health_certificate");
    assert_eq!(
        rejection.metadata["possible"],
        "record_query (operator, officer, bureau); record_health_certificate (operator, officer)"
    );
    assert!(cites(&rejection.legal_basis, "未成年人保护法", "§62"));
    assert!(cites(&rejection.legal_basis, "卫生部令第76号", "§14"));
    assert_eq!(rejection.metadata["date"], "2026-03-02");
}

#[test]
fn checks_hold_on_the_first_day() {
    let mut desk = Desk::registered();
    desk.one(health(day("2025-03-20"), true));
    desk.one(query(day("2025-03-25"), &[]));
    let missing = |start: &str| match desk.decide(engage(1, Post::Cook, day(start))) {
        Ok(_) => String::new(),
        Err(rejection) => rejection.metadata["missing"].clone(),
    };
    assert_eq!(missing("2026-03-20"), "");
    assert_eq!(missing("2026-03-21"), "no_health_certificate");
    assert_eq!(missing("2026-03-26"), "no_record_query, no_health_certificate");
}

#[test]
fn for_a_day_that_has_passed_checks_hold_today() {
    let mut desk = Desk::registered();
    desk.one(health(day("2025-02-20"), true));
    desk.one(query(day("2025-02-25"), &[]));
    let rejection = desk.refused(engage(1, Post::Cook, day("2026-01-05")));
    assert_eq!(rejection.reason, Reason::PersonIneligible, "they held on that day");
    assert_eq!(rejection.metadata["date"], "2026-03-02");
    assert_eq!(rejection.metadata["missing"], "no_record_query, no_health_certificate");
}

#[test]
fn staff_may_have_begun_long_ago_and_at_most_a_month_ahead() {
    let mut desk = Desk::eligible();
    let decided = desk.one(engage(1, Post::Cook, day("2015-09-01")));
    assert_eq!(decided.effective_from, Some(start_of(day("2015-09-01"))));
    assert_eq!(decided.policies[0].id, "cn-staffing");
    let latest = desk.days(31);
    assert_eq!(
        desk.violations(engage(2, Post::Cook, desk.days(32))),
        [violation("STF-12", "start_date")]
    );
    desk.one(engage(2, Post::Cook, latest));
}

#[test]
fn a_share_is_a_part_of_full_time_and_more_than_full_time_together_stands() {
    let mut desk = Desk::engaged();
    for share_permille in [0, 1001] {
        let wrong = Engage {
            share_permille,
            ..engage(2, Post::Cook, desk.today())
        };
        assert_eq!(desk.violations(wrong), [violation("STF-12", "share_permille")]);
    }
    desk.one(engage(2, Post::Cook, desk.today()));
    let total: u32 = desk.state.standing().map(|(_, one)| one.share_permille).sum();
    assert_eq!(total, 2000, "flagged after the fact, not refused");
}

#[test]
fn one_engagement_stands_at_an_institution() {
    let mut desk = Desk::engaged();
    let rejection = desk.refused(engage(1, Post::Cook, desk.today()));
    assert_eq!(rejection.reason, Reason::AlreadyExists);
    assert_eq!(rejection.metadata["engagement"], "1");
    desk.one(end(1, desk.today()));
    desk.one(engage(1, Post::Cook, desk.today()));
    assert_eq!(desk.state.engagements.len(), 2);
}

#[test]
fn a_carer_is_qualified_by_a_verified_certificate_that_is_valid_that_day() {
    let qualified = |desk: &mut Desk| {
        let today = desk.today();
        let PersonEvent::EngagementStarted(event) = desk.one(engage(1, Post::Carer, today)).event else {
            panic!()
        };
        event.qualified
    };
    for (state, expected) in [
        (CredentialState::Claimed, false),
        (CredentialState::Verified, true),
        (CredentialState::Rejected, false),
        (CredentialState::Revoked, false),
        (CredentialState::Expired, false),
    ] {
        let mut desk = Desk::with_credential(state);
        desk.by_employer();
        desk.one(health(desk.today(), true));
        desk.one(query(desk.today(), &[]));
        assert_eq!(qualified(&mut desk), expected, "{state:?}");
    }
    let mut unrecorded = Desk::with_credential(CredentialState::Verified);
    unrecorded.days_later(91).by_employer();
    unrecorded.one(health(unrecorded.today(), true));
    unrecorded.one(query(unrecorded.today(), &[]));
    assert!(!qualified(&mut unrecorded), "run out, though nobody recorded it");
}

#[test]
fn each_post_asks_for_its_own_credential() {
    let mut desk = Desk::registered();
    for (number, kind) in CredentialKind::ALL.iter().enumerate() {
        desk.one(claim(*kind, &format!("N-{number}")));
    }
    desk.by_officer();
    let region = RegionId::parse("330106", 2020).unwrap();
    let reference = desk.reference.clone();
    let (policy, _) = reference.staffing(&region, desk.today()).unwrap();
    let today = desk.today();
    let posts = |desk: &Desk| -> Vec<Post> {
        Post::ALL
            .iter()
            .copied()
            .filter(|post| desk.state.is_qualified(*post, today, policy))
            .collect()
    };
    assert_eq!(posts(&desk), [Post::Cook, Post::Other], "nothing is verified");
    let mut by_kind = Vec::new();
    for number in 1..=u32::try_from(CredentialKind::ALL.len()).unwrap() {
        let mut one = Desk::registered();
        one.state = desk.state.clone();
        one.by_officer().one(verify(number));
        for post in posts(&one) {
            if !matches!(post, Post::Cook | Post::Other) {
                by_kind.push((one.state.credentials[&number].kind, post));
            }
        }
    }
    let expected = [
        (CredentialKind::InfantCare, Post::Carer),
        (CredentialKind::ChildcareWorker, Post::Carer),
        (CredentialKind::HealthWorkerTraining, Post::HealthWorker),
        (CredentialKind::SecurityGuard, Post::Guard),
    ];
    assert_eq!(by_kind, expected, "a person in charge needs hours too");
}

#[test]
fn a_person_in_charge_needs_certificate_and_sixty_hours() {
    let mut desk = Desk::registered();
    desk.one(claim(CredentialKind::PersonInChargeTraining, "P-1"));
    desk.by_officer().one(verify(1));
    let region = RegionId::parse("330106", 2020).unwrap();
    let qualified = |desk: &Desk, on: &str| {
        let (policy, _) = desk.reference.staffing(&region, day(on)).unwrap();
        desk.state.is_qualified(Post::PersonInCharge, day(on), policy)
    };
    desk.one(training(TrainingKind::Management, 40, day("2025-06-01")));
    desk.one(training(TrainingKind::InService, 40, day("2026-01-10")));
    desk.one(training(TrainingKind::Management, 19, day("2026-01-20")));
    assert!(!qualified(&desk, "2026-03-02"));
    desk.one(training(TrainingKind::Management, 1, day("2026-02-01")));
    assert!(qualified(&desk, "2026-03-02"));
    assert!(!qualified(&desk, "2025-12-31"), "the hours of 2026 came later");
}

#[test]
fn a_new_post_is_taken_up_after_the_present_one_by_who_may_work() {
    let mut desk = Desk::engaged();
    desk.days_later(5);
    let today = desk.today();
    assert_eq!(
        desk.violations(change_post(1, Post::Cook, day("2026-03-01"))),
        [violation("GEN-08", "from_date")]
    );
    assert_eq!(
        desk.violations(change_post(1, Post::Cook, desk.days(1))),
        [violation("GEN-02", "from_date")]
    );
    assert_eq!(
        desk.violations(change_post(2, Post::Cook, today)),
        [violation("STF-15", "engagement")]
    );
    let PersonEvent::PostChanged(event) = desk.one(change_post(1, Post::Cook, today)).event else {
        panic!()
    };
    assert!(event.qualified);
    assert_eq!(desk.reason(change_post(1, Post::Cook, today)), Reason::NothingToDo);
    desk.days_later(400);
    let late = desk.refused(change_post(1, Post::Carer, desk.today()));
    assert_eq!(late.reason, Reason::PersonIneligible);
    assert_eq!(late.metadata["command"], "change_post");
}

#[test]
fn a_record_that_was_found_counts_however_late_its_answer_comes() {
    let mut desk = Desk::engaged();
    let earlier = desk.days(-30);
    let decided = desk.by_officer().run(query(earlier, &[Offence::Abuse])).unwrap();
    assert_eq!(decided.len(), 2, "and off duty at once");
    assert_eq!(
        desk.state.hindrances(desk.today()),
        [OffDutyGround::Barred],
        "the clear answer of a later day takes nothing away"
    );
    let facts = desk.dossier(true).resolve(None, None);
    let known = facts.iter().find(|fact| fact.key == "query").unwrap();
    assert_eq!(known.value["clear"], false, "nor in the dossier");
    assert_eq!(
        desk.violations(query(desk.days(-40), &[Offence::Abuse])),
        [violation("STF-09", "query_date")],
        "an older record than the one that stands is no news"
    );
}

#[test]
fn an_engagement_is_its_own_institutions_ended_or_not() {
    use yujian_domain::aggregate::{Aggregate, Facts};
    let mut desk = Desk::eligible();
    let registrar = "91350100M000100Y43".to_owned();
    let body = "91330106000000001";
    let check = yujian_domain::values::CreditCode::check_character(body.as_bytes()).unwrap();
    let employer = format!("{body}{}", char::from(check));
    desk.facts.institution = desk.facts.institution.take().map(|known| {
        let mut other = (*known).clone();
        other.credit_code = Some(yujian_domain::values::CreditCode::parse(&employer).unwrap());
        other.into()
    });
    desk.one(engage(2, Post::Cook, desk.today()));
    let may = |desk: &Desk, command: PersonCommand| desk.state.access(&command, &Facts::default()).organisations;
    let commands = || -> [PersonCommand; 4] {
        [
            change_post(1, Post::Other, day("2026-03-02")).into(),
            off(1, OffDutyGround::Infectious).into(),
            back(1).into(),
            end(1, day("2026-03-02")).into(),
        ]
    };
    for command in commands() {
        assert_eq!(may(&desk, command), [employer.as_str()], "not the registrar's");
    }
    assert_eq!(
        may(&Desk::eligible(), details().into()),
        [registrar.as_str()],
        "nobody has engaged the person yet"
    );
    assert_eq!(may(&desk, details().into()), [employer.as_str()]);
    desk.one(end(1, desk.today()));
    for command in commands() {
        assert_eq!(may(&desk, command), [employer.as_str()], "a repetition finds its way");
    }
    assert!(
        may(&desk, details().into()).is_empty(),
        "who registered keeps no hold of whom another engaged"
    );
}

#[test]
fn who_registered_somebody_acts_before_the_first_engagement_and_while_one_of_its_own_stands() {
    use yujian_domain::aggregate::{Aggregate, Facts};
    let checks = |desk: &Desk| {
        let command = PersonCommand::from(health(desk.today(), true));
        desk.state.access(&command, &Facts::default())
    };
    let registrar = ["91350100M000100Y43"];
    let mut desk = Desk::eligible();
    assert_eq!(checks(&desk).organisations, registrar);
    desk.one(engage(1, Post::Carer, desk.today()));
    assert_eq!(checks(&desk).organisations, registrar, "at work there");
    desk.one(end(1, desk.today()));
    assert!(checks(&desk).organisations.is_empty(), "has left");
    assert_eq!(checks(&desk).regions.len(), 1, "the authority of the place keeps sight");
}
