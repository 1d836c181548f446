//! Papers and leases that run out.

use yujian_domain::institution::{CloseInstitution, PaperKind, SubmitFiling};
use yujian_domain::personal::Sensitive;

use super::bench::{Bench, date, payload};
use super::licensing::{filing, leased, paper, papers, receipt};
use crate::house::{officer, operator};

const RAISED: &str = "alert.AlertRaised.v1";
const RULES: [&str; 3] = ["paper_expiring", "paper_expired", "lease_ending"];

/// A filing whose health certificates are valid until a day, with the lease as long as a lease must be.
fn with_health_until(day: &str) -> SubmitFiling {
    SubmitFiling {
        papers: papers(day),
        ..filing()
    }
}

impl Bench {
    /// Rules and periods of the alerts about papers.
    async fn told_of_papers(&self) -> Vec<String> {
        let mut told = Vec::new();
        for rule in RULES {
            for (_, period) in self.alerts(rule).await {
                told.push(format!("{rule} {period}"));
            }
        }
        told
    }
}

#[tokio::test]
async fn a_paper_is_told_of_once_ahead_and_once_when_it_has_run_out() {
    let bench = Bench::new().await;
    bench.warns_of_papers_from("2026-03-01", "[30]").await;
    let institution = bench.files(1, with_health_until("2026-06-30")).await;
    bench.act(officer("330106"), institution, receipt("2026-03-02")).await;
    bench.end_of("2026-05-30");
    bench.react().await;
    assert!(bench.told_of_papers().await.is_empty(), "thirty-one days are left");
    bench.noon("2026-05-31");
    bench.react().await;
    let expiring = "paper_expiring papers.staff_health_certificates@2026-06-30";
    assert_eq!(bench.told_of_papers().await, [expiring]);
    let alert = payload(&bench.records(RAISED).await[0]);
    assert_eq!(alert["since_date"], "2026-05-31");
    assert_eq!(alert["due_date"], "2026-06-30");
    assert_eq!(alert["threshold"], "days:30");
    assert_eq!(alert["application"], 1);
    assert_eq!(alert["rule_policy"]["version"], 90);
    let submitted = bench.one(institution, "licensing.FilingSubmitted.v1").await;
    assert_eq!(alert["evidence"][0]["revision"], submitted.revision);

    bench.end_of("2026-06-30");
    bench.react().await;
    assert_eq!(
        bench.told_of_papers().await.len(),
        1,
        "it is good to the end of its last day"
    );
    bench.noon("2026-08-01");
    bench.react().await;
    let expired = "paper_expired papers.staff_health_certificates@2026-06-30";
    assert_eq!(bench.told_of_papers().await, [expiring, expired]);
    let alert = payload(&bench.records(RAISED).await[1]);
    assert_eq!(alert["since_date"], "2026-07-01");
    let length = bench.length().await;
    bench.forget();
    bench.react().await;
    assert_eq!(bench.length().await, length);
}

#[tokio::test]
async fn a_paper_that_comes_in_short_of_its_end_is_told_of_from_the_day_on_which_it_came() {
    let bench = Bench::new().await;
    bench.warns_of_papers_from("2026-03-01", "[90]").await;
    bench.files(1, with_health_until("2026-03-20")).await;
    bench.react().await;
    let alert = payload(&bench.records(RAISED).await[0]);
    assert_eq!(alert["rule"], "paper_expiring");
    assert_eq!(alert["since_date"], "2026-03-02");
    assert_eq!(alert["threshold"], "days:90");
}

#[tokio::test]
async fn a_lease_is_told_of_ahead_and_own_premises_have_none() {
    let bench = Bench::new().await;
    bench.warns_of_papers_from("2026-03-01", "[30]").await;
    let ending = SubmitFiling {
        premises: Some(leased("2027-01-31")),
        ..filing()
    };
    let institution = bench.files(1, ending).await;
    let owned = SubmitFiling {
        premises: Some(yujian_domain::institution::Premises {
            tenure: yujian_domain::institution::Tenure::Owned,
            ..leased("2027-01-31")
        }),
        ..filing()
    };
    bench.files(2, owned).await;
    bench.noon("2027-01-15");
    bench.react().await;
    let period = "premises.lease_end_date@2027-01-31".to_owned();
    assert_eq!(bench.alerts("lease_ending").await, [(institution, period)]);
    assert_eq!(
        payload(&bench.alert_of("lease_ending").await)["since_date"],
        "2027-01-01"
    );
}

impl Bench {
    /// The one alert of a rule.
    async fn alert_of(&self, rule: &str) -> yujian_eventlog::Record {
        let raised = self.records(RAISED).await;
        let mut of_rule = raised.into_iter().filter(|record| payload(record)["rule"] == rule);
        let found = of_rule.next().unwrap();
        assert!(of_rule.next().is_none());
        found
    }
}

#[tokio::test]
async fn the_shipped_rules_warn_ninety_days_ahead() {
    let bench = Bench::new().await;
    bench.files(1, with_health_until("2026-09-01")).await;
    bench.end_of("2026-06-02");
    bench.react().await;
    assert!(bench.told_of_papers().await.is_empty());
    bench.noon("2026-06-03");
    bench.react().await;
    let expiring = "paper_expiring papers.staff_health_certificates@2026-09-01".to_owned();
    assert_eq!(bench.told_of_papers().await, [expiring]);
}

#[tokio::test]
async fn where_no_rule_warns_nothing_is_told() {
    let bench = Bench::new().await;
    bench.warns_of_papers_from("2026-03-01", "[]").await;
    bench.files(1, with_health_until("2026-03-20")).await;
    bench.noon("2026-06-01");
    bench.react().await;
    assert!(bench.told_of_papers().await.is_empty());
}

#[tokio::test]
async fn a_newer_paper_takes_the_place_of_the_older_and_clears_what_was_told_of_it() {
    let bench = Bench::new().await;
    bench.warns_of_papers_from("2026-03-01", "[30]").await;
    // Returned for its fire safety; its health certificates are told of while it is put right.
    let mut incomplete = with_health_until("2026-03-20");
    incomplete.papers.retain(|paper| paper.kind != PaperKind::FireSafety);
    let institution = bench.files(1, incomplete).await;
    bench.react().await;
    assert_eq!(bench.told_of_papers().await.len(), 1);

    bench.noon("2026-03-10");
    bench
        .act(operator(1), institution, with_health_until("2027-03-01"))
        .await;
    bench.react().await;
    let lapsed = bench.records("alert.AlertLapsed.v1").await;
    assert_eq!(lapsed.len(), 1);
    assert_eq!(lapsed[0].stream, bench.alert_of("paper_expiring").await.stream);
    assert_eq!(payload(&lapsed[0])["lapsed_date"], "2026-03-10");
    // The older one's end tells nobody anything any more; the newer one is told of in its time.
    bench.noon("2026-06-01");
    bench.react().await;
    assert_eq!(bench.told_of_papers().await.len(), 1);
    bench.noon("2027-03-02");
    bench.react().await;
    let newer = "papers.staff_health_certificates@2027-03-01";
    assert_eq!(
        bench.told_of_papers().await,
        [
            "paper_expiring papers.staff_health_certificates@2026-03-20".to_owned(),
            format!("paper_expiring {newer}"),
            format!("paper_expired {newer}"),
        ]
    );
    let length = bench.length().await;
    bench.forget();
    bench.react().await;
    assert_eq!(bench.length().await, length);
}

#[tokio::test]
async fn of_several_other_papers_each_is_told_of_by_its_own_end() {
    let bench = Bench::new().await;
    bench.warns_of_papers_from("2026-03-01", "[5]").await;
    let mut filing = filing();
    for end in ["2026-04-10", "2026-05-10"] {
        filing.papers.push(paper(PaperKind::Other, Some(end)));
    }
    bench.files(1, filing).await;
    bench.noon("2026-06-01");
    bench.react().await;
    assert_eq!(bench.alerts("paper_expired").await.len(), 2);
    assert_eq!(bench.alerts("paper_expiring").await.len(), 2);
}

#[tokio::test]
async fn nobody_is_told_of_the_papers_of_an_institution_that_closed() {
    let bench = Bench::new().await;
    bench.warns_of_papers_from("2026-03-01", "[30]").await;
    let institution = bench.files(1, with_health_until("2026-06-30")).await;
    bench.act(officer("330106"), institution, receipt("2026-03-02")).await;
    let close = CloseInstitution {
        reason: Sensitive::new("停办"),
        closing_date: date("2026-03-02"),
        children_to_place: 0,
    };
    bench.act(operator(1), institution, close).await;
    bench.noon("2026-08-01");
    bench.react().await;
    assert!(bench.told_of_papers().await.is_empty());
}
