//! Alerts that clear by themselves.

use uuid::Uuid;
use yujian_command::Request;
use yujian_domain::alert::{AcknowledgeAlert, Alert, AlertCommand, LinkAlert, LinkTarget, Status};
use yujian_domain::inspection::{CorrectionCheck, CorrectionRejected, CorrectionVerified};
use yujian_domain::personal::Personal;
use yujian_domain::time::start_of;
use yujian_eventlog::Record;

use super::bench::{Bench, date, metadata, payload};
use crate::house::officer;

#[tokio::test]
async fn a_judged_correction_clears_its_alert_unless_an_officer_looks_into_it() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let mut inspections = Vec::new();
    for number in 1..=4 {
        inspections.push(bench.ordered(number, institution, date("2026-03-05")).await);
    }
    let [verified, rejected, linked, untouched] = inspections[..] else {
        panic!("four inspections")
    };
    bench.react().await;
    bench.house.clock.set(start_of(date("2026-03-10")));
    bench.react().await;
    let raised = bench.records("alert.AlertRaised.v1").await;
    assert_eq!(raised.len(), 4);
    let alert_of = |inspection: Uuid| -> Uuid {
        let of = |record: &&Record| payload(record)["inspection"] == inspection.to_string();
        raised.iter().find(of).unwrap().stream.id().parse().unwrap()
    };
    let officer = officer("3301");
    for command in [
        AlertCommand::from(AcknowledgeAlert { note: None }),
        AlertCommand::from(LinkAlert {
            target: LinkTarget::Inspection(linked),
        }),
    ] {
        let target = Some(alert_of(linked));
        let request = Request::new(officer.clone(), bench.request(), "test/Alert", target, command);
        bench.house.commands.all().execute::<Alert>(request).await.unwrap();
    }
    for inspection in [verified, linked] {
        let event = CorrectionVerified {
            finding: 1,
            check: CorrectionCheck::Visit,
        };
        bench.happened(inspection, event).await;
    }
    let rejection = CorrectionRejected {
        finding: 1,
        check: CorrectionCheck::Documents,
        reason: Personal::clear(format!("inspection-{rejected}.text"), "整改不到位".to_owned()),
        due_date: date("2026-03-20"),
        times: 1,
    };
    bench.happened(rejected, rejection).await;
    bench.react().await;
    let status = async |inspection: Uuid| {
        let loaded = bench.house.commands.all().load::<Alert>(alert_of(inspection)).await;
        loaded.unwrap().unwrap().0.status
    };
    assert_eq!(status(verified).await, Status::Lapsed);
    assert_eq!(status(rejected).await, Status::Lapsed);
    assert_eq!(status(linked).await, Status::Linked, "for the officer to conclude");
    assert_eq!(status(untouched).await, Status::Raised);
    let lapsed = bench.records("alert.AlertLapsed.v1").await;
    assert_eq!(payload(&lapsed[0])["lapsed_date"], "2026-03-10");
    let causes = bench.records("inspection.CorrectionVerified.v1").await;
    assert!(
        lapsed
            .iter()
            .any(|record| metadata(record).causation == Some(causes[0].id))
    );

    // The new last day passes too: another alert, which nothing has cleared.
    bench.house.clock.set(start_of(date("2026-03-21")));
    bench.react().await;
    assert_eq!(bench.alerts("correction_overdue").await.len(), 5);
    let length = bench.length().await;
    bench.forget();
    let counts = bench.react().await;
    assert_eq!((bench.length().await, counts.done, counts.failed), (length, 0, 0));
}
