//! Filings that are returned again, children where nobody may take any, and the way of the filed into the licence regime.

use std::collections::BTreeMap;

use uuid::Uuid;
use yujian_domain::envelope::PolicyRef;
use yujian_domain::incident::{Category, IncidentEvent, IncidentNotified};
use yujian_domain::inspection::{
    CheckInMethod, ChecklistRef, InspectionEvent, InspectionPlanned, InspectorCheckedIn, PresenceCounted, Purpose,
};
use yujian_domain::institution::{ApplicationKind, CloseInstitution, Deadline, PaperKind};
use yujian_domain::personal::{Personal, Sensitive};
use yujian_domain::time::{Occurred, end_of, start_of};
use yujian_domain::values::ClassType;

use super::bench::{Bench, date, metadata, payload};
use super::licensing::{application, filing, receipt};
use crate::house::{officer, operator, row};

const STARTED: &str = "licensing.ClockStarted.v1";

impl Bench {
    /// An inspection of an institution counts children on a day.
    pub async fn counted(&self, number: u32, institution: Uuid, children: u32, day: &str) {
        let stream = format!("inspection-{}", Uuid::from_u128(0x2_0000 + u128::from(number)));
        let occurred = Occurred::Day { date: date(day) };
        let planned = InspectionPlanned {
            institution,
            purpose: Purpose::Routine,
            emergency: false,
            ordered_from_above: false,
            checklist: ChecklistRef {
                id: "wst-821".to_owned(),
                version: 1,
            },
            checklist_sha256: "0".repeat(64),
            dimensions: Vec::new(),
            from_date: date(day),
            to_date: date(day),
            announced: false,
            joint_bodies: Vec::new(),
        };
        self.append::<InspectionEvent>(&stream, planned, occurred).await;
        let arrived = InspectorCheckedIn {
            method: CheckInMethod::WrittenNotice,
            point: None,
            approval_due: None,
        };
        self.append::<InspectionEvent>(&stream, arrived, occurred).await;
        let counted = PresenceCounted {
            children: BTreeMap::from([(ClassType::OlderToddler, children)]),
            carers: BTreeMap::new(),
            staff: BTreeMap::new(),
            ratio_exceeded: Vec::new(),
        };
        self.append::<InspectionEvent>(&stream, counted, occurred).await;
    }

    /// An institution tells of an incident with children present on a day.
    async fn incident(&self, number: u32, institution: Uuid, children_present: u32, day: &str) {
        let id = Uuid::from_u128(0x3_0000 + u128::from(number));
        let occurred = Occurred::Day { date: date(day) };
        let event = IncidentNotified {
            institution,
            category: Category::Death,
            awareness_time: start_of(date(day)),
            occurred,
            place: "活动室".to_owned(),
            children: Vec::new(),
            children_present,
            staff_present: 2,
            emergency_services: false,
            video_preserved: true,
            narrative: Personal::clear(format!("incident-{id}.text"), "磕碰".to_owned()),
            first_actions: None,
            reporter: None,
            notification_due: Deadline {
                due_date: date(day),
                due_time: end_of(date(day)),
                provisional: false,
                policy: PolicyRef {
                    id: "cn-incident".to_owned(),
                    version: 1,
                    sha256: "0".repeat(64),
                },
            },
            late: false,
            guardians_due: false,
        };
        self.append::<IncidentEvent>(&format!("incident-{id}"), event, occurred)
            .await;
    }

    /// First days of the migration clocks of an institution.
    async fn migrations(&self, institution: Uuid) -> Vec<String> {
        let records = self.of(institution).await;
        let started = records
            .iter()
            .filter(|record| record.event_type == STARTED)
            .map(payload);
        let of_migration = started.filter(|clock| clock["kind"] == "migration");
        of_migration
            .map(|clock| clock["from_date"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[tokio::test]
async fn a_filing_that_is_returned_again_is_told_once_whatever_its_returns_cite() {
    let bench = Bench::new().await;
    let mut first = filing();
    first.papers.retain(|paper| paper.kind != PaperKind::FireSafety);
    let institution = bench.files(1, first.clone()).await;
    bench.react().await;
    assert!(bench.alerts("returned_twice").await.is_empty());
    // A third time as well: still without fire safety, with other papers each time.
    for number in ["Z-2", "Z-3"] {
        first.papers[0].number = Some(number.to_owned());
        bench.act(operator(1), institution, first.clone()).await;
    }
    bench.react().await;
    assert_eq!(bench.alerts("returned_twice").await, [(institution, "1".to_owned())]);
    let alert = payload(&bench.records("alert.AlertRaised.v1").await[0]);
    let returns: Vec<u64> = bench
        .of(institution)
        .await
        .iter()
        .filter(|record| record.event_type == "licensing.FilingReturned.v1")
        .map(|record| record.revision)
        .collect();
    assert_eq!(returns.len(), 3);
    assert_eq!(alert["evidence"][0]["revision"], returns[1]);
    assert_eq!(alert["threshold"], "returns:2");
    assert_eq!(alert["rule_policy"]["id"], "cn-zj-admission");
    let length = bench.length().await;
    bench.forget();
    bench.react().await;
    assert_eq!(bench.length().await, length);
}

#[tokio::test]
async fn an_application_for_a_licence_that_is_returned_again_is_told_too() {
    let bench = Bench::new().await;
    bench.licences_from("2026-03-01", &[]).await;
    let institution = bench.house.registered(1).await;
    let mut first = application(ApplicationKind::Licence);
    first.papers.retain(|paper| paper.kind != PaperKind::FireSafety);
    bench.act(operator(1), institution, first.clone()).await;
    first.papers[0].number = Some("Z-2".to_owned());
    bench.act(operator(1), institution, first).await;
    bench.react().await;
    assert_eq!(bench.alerts("returned_twice").await, [(institution, "1".to_owned())]);
    let alert = payload(&bench.records("alert.AlertRaised.v1").await[0]);
    assert_eq!(alert["rule_policy"]["id"], "cn-licence");
}

#[tokio::test]
async fn children_without_a_receipt_are_told_once_a_month_from_a_count_or_an_incident() {
    let bench = Bench::new().await;
    let without = bench.house.registered(1).await;
    bench.counted(1, without, 5, "2026-03-02").await;
    bench.incident(1, without, 3, "2026-03-02").await;
    bench.noon("2026-04-07");
    bench.incident(2, without, 3, "2026-04-07").await;
    let empty = bench.house.registered(2).await;
    bench.counted(2, empty, 0, "2026-04-07").await;
    bench.react().await;
    assert_eq!(
        bench.alerts("children_without_receipt").await,
        [(without, "2026-03".to_owned()), (without, "2026-04".to_owned())]
    );
    let raised = bench.records("alert.AlertRaised.v1").await;
    let first = payload(&raised[0]);
    assert_eq!(first["since_date"], "2026-03-02");
    assert_eq!(first["threshold"], "children:1");
    let counted = bench.records("inspection.PresenceCounted.v1").await.remove(0);
    assert_eq!(first["evidence"][0]["stream"], counted.stream.as_str());
    assert_eq!(first["evidence"][0]["revision"], counted.revision);
}

#[tokio::test]
async fn who_may_take_children_on_that_day_is_not_told_of_whatever_came_before_or_after() {
    let bench = Bench::new().await;
    let values = [("term_months", "1"), ("renewal_ask_days", "10")];
    let filed = bench.files(1, filing()).await;
    bench.act(officer("330106"), filed, receipt("2026-03-02")).await;
    let waiting = bench.files(2, filing()).await;
    bench.licences_from("2026-03-10", &values).await;
    bench.noon("2026-03-10");
    let licensed = bench.licensed(3, Vec::new()).await;
    let imported = bench.house.execute(row("texas", "7")).await.unwrap().id;

    bench.noon("2026-03-12");
    bench.counted(1, filed, 5, "2026-03-12").await;
    bench.counted(2, licensed, 5, "2026-03-12").await;
    bench.counted(3, imported, 5, "2026-03-12").await;
    bench.act(officer("330106"), waiting, receipt("2026-03-12")).await;
    // One day before its receipt, told of after it.
    bench.counted(4, waiting, 5, "2026-03-11").await;
    bench.counted(5, waiting, 5, "2026-03-12").await;
    // Its licence is renewed by law, later.
    bench
        .act(operator(3), licensed, application(ApplicationKind::Renewal))
        .await;
    bench.accepts(licensed, 2).await;
    bench.react().await;
    let told = [(waiting, "2026-03".to_owned())];
    assert_eq!(bench.alerts("children_without_receipt").await, told);

    bench.noon("2026-04-20");
    // Its renewal is found below, after this count was looked at.
    bench.counted(6, licensed, 5, "2026-04-20").await;
    bench.react().await;
    assert_eq!(
        bench.one(licensed, "licensing.LicenceRenewed.v1").await.event_type,
        "licensing.LicenceRenewed.v1"
    );
    bench.forget();
    bench.react().await;
    assert_eq!(
        bench.alerts("children_without_receipt").await,
        told,
        "nor once it is all looked at again"
    );
    bench.noon("2026-06-10");
    bench.counted(7, licensed, 5, "2026-06-10").await;
    bench.react().await;
    assert_eq!(
        bench.alerts("children_without_receipt").await.len(),
        2,
        "the renewed term has run out"
    );
}

#[tokio::test]
async fn a_closing_that_is_told_late_makes_no_earlier_count_wrong_however_late_it_is_looked_at() {
    let bench = Bench::new().await;
    let filed = bench.files(1, filing()).await;
    bench.act(officer("330106"), filed, receipt("2026-03-02")).await;
    bench.noon("2026-03-12");
    bench.counted(1, filed, 5, "2026-03-12").await;
    // Known on the 16th: the last day of service was the 10th.
    bench.noon("2026-03-16");
    let close = CloseInstitution {
        reason: Sensitive::new("停办"),
        closing_date: date("2026-03-10"),
        children_to_place: 0,
    };
    bench.act(officer("330106"), filed, close).await;
    bench.react().await;
    assert_eq!(bench.alerts("children_without_receipt").await, []);
    // What is counted once that is known is another matter, also of a day before it.
    bench.counted(2, filed, 5, "2026-03-12").await;
    bench.react().await;
    let told = [(filed, "2026-03".to_owned())];
    assert_eq!(bench.alerts("children_without_receipt").await, told);
}

#[tokio::test]
async fn who_has_filed_goes_over_to_licences_on_their_first_day() {
    let bench = Bench::new().await;
    let filed = bench.files(1, filing()).await;
    bench.act(officer("330106"), filed, receipt("2026-03-02")).await;
    let without = bench.house.registered(2).await;
    bench.react().await;
    bench.noon("2026-03-10");
    bench.licences_from("2026-04-01", &[]).await;
    // After the activation and before the first day of licences.
    let later = bench.files(3, filing()).await;
    bench.act(officer("330106"), later, receipt("2026-03-10")).await;
    // Accepted under the old regime, with its receipt under the new one.
    bench.noon("2026-03-30");
    let across = bench.files(4, filing()).await;
    bench.react().await;
    bench.end_of("2026-03-31");
    bench.react().await;
    for institution in [filed, later, across] {
        assert!(
            bench.migrations(institution).await.is_empty(),
            "it files to the last day"
        );
    }
    bench.noon("2026-04-02");
    bench.act(officer("330106"), across, receipt("2026-04-02")).await;
    bench.react().await;
    for institution in [filed, later, across] {
        assert_eq!(bench.migrations(institution).await, ["2026-04-01"]);
    }
    assert!(bench.migrations(without).await.is_empty(), "it never filed");
    let records = bench.of(filed).await;
    let started = records.iter().rfind(|record| record.event_type == STARTED).unwrap();
    assert_eq!(payload(started)["due"]["due_date"], "2027-04-01");
    assert_eq!(metadata(started).occurred.day(), Some(date("2026-04-01")));
    let length = bench.length().await;
    bench.forget();
    bench.react().await;
    assert_eq!(bench.length().await, length);
}

#[tokio::test]
async fn a_change_of_other_rules_moves_nobody() {
    let bench = Bench::new().await;
    let filed = bench.files(1, filing()).await;
    bench.act(officer("330106"), filed, receipt("2026-03-02")).await;
    bench.warns_of_papers_from("2026-03-10", "[30]").await;
    bench.noon("2026-06-01");
    bench.react().await;
    assert!(bench.migrations(filed).await.is_empty());
}
