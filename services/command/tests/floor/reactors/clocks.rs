//! Legal clocks that run out, are met late, stand still, run beyond the holiday table; and what the law says to an end.

use uuid::Uuid;
use yujian_domain::alert::{AcknowledgeAlert, Alert, LinkAlert, LinkTarget};
use yujian_domain::clock::{ApproverOffice, ClockKind, ClockRef, ExtensionReason, PauseReason};
use yujian_domain::institution::{
    ApplicationKind, ApplicationState, ConditionTerms, ExtendClock, NonconformityReason, PauseClock, QuestionInput,
    RequestInformation, ResumeClock, RevocationGround, RevokeAuthorization, Status, WithdrawFiling,
};
use yujian_domain::personal::Sensitive;
use yujian_domain::time::start_of;

use super::bench::{Bench, date, metadata, payload};
use super::licensing::{application, filing, receipt, text};
use crate::house::{officer, operator};

const EXPIRED: &str = "licensing.ClockExpired.v1";
const LAPSED: &str = "alert.AlertLapsed.v1";

impl Bench {
    async fn clock(&self, institution: Uuid, kind: ClockKind) -> ClockRef {
        let state = self.institution_now(institution).await;
        let of_kind = state.clocks.iter().filter(|(name, _)| name.kind == kind);
        of_kind.last().unwrap().0
    }

    /// The alert of a rule about an institution.
    async fn alert(&self, rule: &str, institution: Uuid) -> Uuid {
        let raised = self.records("alert.AlertRaised.v1").await;
        let about =
            |alert: &serde_json::Value| alert["rule"] == rule && alert["institution"] == institution.to_string();
        let found = raised.iter().find(|record| about(&payload(record)));
        found.unwrap().stream.id().parse().unwrap()
    }

    /// Nothing is appended when the reactors begin without their state.
    async fn nothing_new_without_state(&self) {
        let length = self.length().await;
        self.forget();
        let counts = self.react().await;
        assert_eq!((self.length().await, counts.done, counts.failed), (length, 0, 0));
    }
}

#[tokio::test]
async fn a_receipt_that_does_not_come_is_told_with_the_day_of_its_clock_however_late_that_is_found() {
    let bench = Bench::new().await;
    let institution = bench.files(1, filing()).await;
    bench.react().await;
    bench.end_of("2026-03-09");
    bench.react().await;
    assert!(bench.ends(institution).await.is_empty(), "the last day is still on");

    bench.noon("2026-04-20");
    bench.react().await;
    assert_eq!(bench.ends(institution).await, ["expired receipt"]);
    let expired = bench.one(institution, EXPIRED).await;
    assert_eq!(payload(&expired)["due_date"], "2026-03-09");
    let envelope = metadata(&expired);
    assert_eq!(envelope.effective_from, Some(start_of(date("2026-03-10"))));
    assert_eq!(envelope.occurred.day(), Some(date("2026-03-10")));
    assert_eq!(envelope.actor.id, "yujian");

    let clock = bench.clock(institution, ClockKind::Receipt).await;
    assert_eq!(
        bench.alerts("deadline_passed").await,
        [(institution, clock.to_string())]
    );
    let alert = bench.records("alert.AlertRaised.v1").await.remove(0);
    assert_eq!(metadata(&alert).causation, Some(expired.id));
    let alert = payload(&alert);
    assert_eq!(alert["since_date"], "2026-03-10");
    assert_eq!(alert["due_date"], "2026-03-09");
    assert_eq!(alert["threshold"], "working_days:5");
    assert_eq!(alert["application"], 1);
    assert_eq!(alert["rule_policy"]["id"], "cn-zj-admission");
    let evidence: Vec<u64> = alert["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fact| fact["revision"].as_u64().unwrap())
        .collect();
    assert_eq!(evidence, [clock.revision, expired.revision]);
    bench.nothing_new_without_state().await;
}

#[tokio::test]
async fn what_is_done_after_all_clears_the_alert_unless_somebody_looks_into_it() {
    let bench = Bench::new().await;
    let left = bench.files(1, filing()).await;
    let linked = bench.files(2, filing()).await;
    let in_time = bench.files(3, filing()).await;
    bench.noon("2026-03-12");
    bench.react().await;
    assert_eq!(bench.alerts("deadline_passed").await.len(), 3);
    let alert = bench.alert("deadline_passed", linked).await;
    let note = AcknowledgeAlert { note: None };
    bench
        .ask::<Alert>(officer("330106"), Some(alert), note.into())
        .await
        .unwrap();
    let link = LinkAlert {
        target: LinkTarget::Application(1),
    };
    bench
        .ask::<Alert>(officer("330106"), Some(alert), link.into())
        .await
        .unwrap();

    bench.act(officer("330106"), left, receipt("2026-03-12")).await;
    bench.act(officer("330106"), linked, receipt("2026-03-12")).await;
    // Issued on the last day, and told to Yujian three days later.
    bench.act(officer("330106"), in_time, receipt("2026-03-09")).await;
    bench.react().await;
    let lapsed = bench.records(LAPSED).await;
    let streams: Vec<_> = lapsed.iter().map(|record| record.stream.to_string()).collect();
    let mut cleared = Vec::new();
    for institution in [left, in_time] {
        cleared.push(format!("alert-{}", bench.alert("deadline_passed", institution).await));
    }
    assert_eq!(streams, cleared);
    assert_eq!(payload(&lapsed[0])["lapsed_date"], "2026-03-12");
    assert_eq!(payload(&lapsed[1])["lapsed_date"], "2026-03-09");
    let met = bench.one(left, "licensing.ClockMet.v1").await;
    assert_eq!(payload(&lapsed[0])["evidence"][0]["revision"], met.revision);
    assert_eq!(metadata(&lapsed[0]).causation, Some(met.id));
    bench.nothing_new_without_state().await;
}

#[tokio::test]
async fn a_clock_that_was_met_or_ended_with_its_matter_does_not_run_out() {
    let bench = Bench::new().await;
    let met = bench.files(1, filing()).await;
    bench.act(officer("330106"), met, receipt("2026-03-02")).await;
    let withdrawn = bench.files(2, filing()).await;
    let withdraw = WithdrawFiling {
        reason: Sensitive::new("另择场地"),
    };
    bench.act(operator(2), withdrawn, withdraw).await;
    bench.noon("2026-06-01");
    let counts = bench.react().await;
    assert!(counts.fired > 0, "the timers were there");
    assert!(bench.records(EXPIRED).await.is_empty());
    assert!(bench.records("alert.AlertRaised.v1").await.is_empty());
}

#[tokio::test]
async fn a_clock_that_stands_still_or_was_extended_runs_out_on_its_newest_last_day() {
    let bench = Bench::new().await;
    bench.licences_from("2026-03-01", &[]).await;
    let paused = bench.applies(1).await;
    bench.accepts(paused, 1).await;
    let extended = bench.applies(2).await;
    bench.accepts(extended, 1).await;
    bench.react().await;
    bench.noon("2026-03-16");
    let pause = PauseClock {
        clock: bench.clock(paused, ClockKind::Decision).await,
        reason: PauseReason::ExpertReview,
        from_date: date("2026-03-16"),
        told_date: date("2026-03-16"),
    };
    bench.act(officer("330106"), paused, pause).await;
    let extend = ExtendClock {
        clock: bench.clock(extended, ClockKind::Decision).await,
        reason: ExtensionReason::ComplexMatter,
        count: 10,
        approver: "head-1".to_owned(),
        approver_office: ApproverOffice::HeadOfAuthority,
        told_date: date("2026-03-16"),
    };
    bench.act(officer("330106"), extended, extend).await;
    // Twenty working days from 03-02 end on 03-30.
    bench.noon("2026-04-01");
    bench.react().await;
    let ends = ["met completeness".to_owned()];
    assert_eq!(bench.ends(paused).await, ends);
    assert_eq!(bench.ends(extended).await, ends);

    let resume = ResumeClock {
        clock: bench.clock(paused, ClockKind::Decision).await,
        on_date: date("2026-04-01"),
    };
    bench.act(officer("330106"), paused, resume).await;
    bench.noon("2026-06-01");
    bench.react().await;
    for institution in [paused, extended] {
        assert_eq!(bench.ends(institution).await, ["met completeness", "expired decision"]);
        let state = bench.institution_now(institution).await;
        let clock = bench.clock(institution, ClockKind::Decision).await;
        let due = state.clocks.get(clock).unwrap().due.due_date;
        assert!(due > date("2026-04-01"));
        let expired = bench.one(institution, EXPIRED).await;
        assert_eq!(payload(&expired)["due_date"], due.to_string());
    }
    let alert = payload(&bench.records("alert.AlertRaised.v1").await[0]);
    let threshold = |institution: Uuid| {
        let units = if institution == extended { 30 } else { 20 };
        format!("working_days:{units}")
    };
    assert_eq!(
        alert["threshold"],
        threshold(text(&alert["institution"]).parse().unwrap())
    );
    bench.nothing_new_without_state().await;
}

#[tokio::test]
async fn an_extension_told_in_time_that_arrives_late_takes_expiry_and_alert_back_and_the_clock_runs_out_again() {
    let bench = Bench::new().await;
    bench.licences_from("2026-03-01", &[]).await;
    let institution = bench.applies(1).await;
    bench.accepts(institution, 1).await;
    // Twenty working days from 03-02 end on 03-30.
    bench.noon("2026-04-01");
    bench.react().await;
    let clock = bench.clock(institution, ClockKind::Decision).await;
    assert_eq!(
        bench.alerts("deadline_passed").await,
        [(institution, clock.to_string())]
    );
    let extend = ExtendClock {
        clock,
        reason: ExtensionReason::ComplexMatter,
        count: 10,
        approver: "head-1".to_owned(),
        approver_office: ApproverOffice::HeadOfAuthority,
        told_date: date("2026-03-30"),
    };
    bench.act(officer("330106"), institution, extend).await;
    bench.react().await;
    let lapsed = bench.records(LAPSED).await;
    assert_eq!(lapsed.len(), 1);
    assert_eq!(payload(&lapsed[0])["lapsed_date"], "2026-03-30");
    let extended = bench.one(institution, "licensing.ClockExtended.v1").await;
    assert_eq!(metadata(&lapsed[0]).causation, Some(extended.id));

    bench.noon("2026-06-01");
    bench.react().await;
    let ends = bench.ends(institution).await;
    assert_eq!(ends, ["met completeness", "expired decision", "expired decision"]);
    let told = bench.alerts("deadline_passed").await;
    assert_eq!(
        told,
        [(institution, clock.to_string()), (institution, format!("{clock}+1"))]
    );
    assert_eq!(bench.records(LAPSED).await.len(), 1, "what it tells now holds");
    bench.nothing_new_without_state().await;
}

#[tokio::test]
async fn beyond_the_holiday_table_nothing_runs_out_until_it_is_counted_again_by_a_new_one() {
    let bench = Bench::new().await;
    bench.noon("2026-12-30");
    let institution = bench.files(1, filing()).await;
    let second_one = bench.files(2, filing()).await;
    for day in ["2026-12-31", "2027-01-07", "2027-02-01"] {
        bench.noon(day);
        bench.react().await;
        assert!(bench.ends(institution).await.is_empty(), "{day}");
    }
    bench.noon("2027-02-02");
    bench.holidays_of(2027).await;
    bench.react().await;
    // The table of 2027 has one day off in the first week.
    let due = "2027-01-07";
    for institution in [institution, second_one] {
        let recomputed = bench.one(institution, "licensing.ClockRecomputed.v1").await;
        let counted = payload(&recomputed);
        assert_eq!(counted["due"]["due_date"], due);
        assert_eq!(counted["due"]["provisional"], false);
        let reference = bench.house.commands.all().reference();
        assert_eq!(text(&counted["holidays_sha256"]), reference.holidays().unwrap().sha256);
        let expired = bench.one(institution, EXPIRED).await;
        assert_eq!(payload(&expired)["due_date"], due);
        assert_eq!(metadata(&expired).effective_from, Some(start_of(date("2027-01-08"))));
    }
    assert_eq!(bench.alerts("deadline_passed").await.len(), 2);
    bench.nothing_new_without_state().await;
}

#[tokio::test]
async fn an_authority_that_is_silent_has_accepted_from_the_day_of_the_papers_once() {
    let bench = Bench::new().await;
    bench.licences_from("2026-03-01", &[]).await;
    let institution = bench.applies(1).await;
    bench.noon("2026-05-20");
    bench.react().await;
    let deemed = bench.one(institution, "licensing.DeemedOutcomeApplied.v1").await;
    assert_eq!(payload(&deemed)["outcome"], "accepted");
    assert_eq!(payload(&deemed)["effective_date"], "2026-03-02");
    assert_eq!(metadata(&deemed).occurred.day(), Some(date("2026-03-10")));
    // The decision's clock ran from the day of the papers, so it is over by now as well.
    assert_eq!(
        bench.ends(institution).await,
        ["expired completeness", "expired decision"]
    );
    assert_eq!(bench.alerts("deadline_passed").await.len(), 2);
    let application = &bench.institution_now(institution).await.licence_applications[&1];
    assert_eq!(application.state, ApplicationState::Accepted);
    bench.nothing_new_without_state().await;
}

#[tokio::test]
async fn an_applicant_who_does_not_answer_has_let_the_application_lapse() {
    let bench = Bench::new().await;
    bench.licences_from("2026-03-01", &[]).await;
    let institution = bench.applies(1).await;
    bench.accepts(institution, 1).await;
    let question = RequestInformation {
        application: 1,
        questions: vec![QuestionInput {
            item: "papers.fire_safety".to_owned(),
            question: Sensitive::new("请补充验收意见"),
        }],
    };
    bench.act(officer("330106"), institution, question).await;
    bench.noon("2026-05-20");
    bench.react().await;
    let lapsed = bench.one(institution, "licensing.ApplicationLapsed.v1").await;
    assert_eq!(metadata(&lapsed).effective_from, Some(start_of(date("2026-03-17"))));
    assert_eq!(
        bench.ends(institution).await,
        ["met completeness", "expired information_reply", "cancelled decision"]
    );
    assert!(
        bench.alerts("deadline_passed").await.is_empty(),
        "the applicant's own loss is no failure of the authority"
    );
    bench.nothing_new_without_state().await;
}

#[tokio::test]
async fn a_licence_runs_out_or_is_renewed_by_law_and_either_once() {
    let bench = Bench::new().await;
    let values = [("term_months", "1"), ("renewal_ask_days", "10")];
    bench.licences_from("2026-03-01", &values).await;
    let silent = bench.licensed(1, Vec::new()).await;
    let asked = bench.licensed(2, Vec::new()).await;
    bench.noon("2026-03-10");
    bench
        .act(operator(2), asked, application(ApplicationKind::Renewal))
        .await;
    bench.accepts(asked, 2).await;
    bench.noon("2026-04-20");
    bench.react().await;

    let expired = bench.one(silent, "licensing.AuthorizationExpired.v1").await;
    assert_eq!(payload(&expired)["valid_to_date"], "2026-04-01");
    assert_eq!(metadata(&expired).effective_from, Some(start_of(date("2026-04-02"))));
    assert_eq!(bench.institution_now(silent).await.status, Status::Expired);

    let deemed = bench.one(asked, "licensing.DeemedOutcomeApplied.v1").await;
    assert_eq!(payload(&deemed)["outcome"], "renewed");
    assert_eq!(payload(&deemed)["effective_date"], "2026-04-02");
    let renewed = bench.one(asked, "licensing.LicenceRenewed.v1").await;
    assert_eq!(payload(&renewed)["valid_to_date"], "2026-05-01");
    assert_eq!(bench.institution_now(asked).await.status, Status::Licensed);
    for institution in [silent, asked] {
        let told = bench.alerts("deadline_passed").await;
        let renewal = |(about, period): &(Uuid, String)| *about == institution && period.starts_with("renewal");
        assert!(!told.iter().any(renewal), "the law itself says what follows");
    }
    bench.nothing_new_without_state().await;
}

#[tokio::test]
async fn a_condition_and_a_cessation_that_are_not_done_with_in_time_are_told() {
    let bench = Bench::new().await;
    bench.licences_from("2026-03-01", &[("cessation_days", "30")]).await;
    let terms = ConditionTerms {
        item: "papers.fire_safety".to_owned(),
        text: "补办消防安全检查合格证明".to_owned(),
        due_date: date("2026-03-20"),
        until_date: None,
    };
    let institution = bench.licensed(1, vec![terms]).await;
    let closing = bench.licensed(2, Vec::new()).await;
    bench.noon("2026-03-21");
    bench.react().await;
    let told = bench.alerts("condition_overdue").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, institution);
    let revoke = RevokeAuthorization {
        ground: RevocationGround::Breach,
        reasons: vec![NonconformityReason {
            item: "premises.floor".to_owned(),
            description: "活动用房位于四层".to_owned(),
        }],
        effective_date: date("2026-03-21"),
        children_to_place: 3,
        approver: "head-1".to_owned(),
    };
    bench.act(officer("330106"), closing, revoke).await;
    bench.noon("2026-06-01");
    bench.react().await;
    let told = bench.alerts("cessation_overdue").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, closing);
    bench.nothing_new_without_state().await;
}
