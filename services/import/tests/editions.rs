//! A made register in two editions, untidy on purpose: `tests/data/register` and its mapping.
#![allow(clippy::unwrap_used)]

mod support;

use futures::FutureExt;
use std::collections::BTreeMap;
use support::register::{FIRST, SECOND, day, edition, first, mapping, mapping_text, reasons, second, try_edition};
use support::{Floor, options};
use yujian_command::Request;
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::institution::{
    ChangeDetails, CloseInstitution, Institution, InstitutionCommand, RegisterFact, Status,
};
use yujian_domain::personal::Sensitive;
use yujian_domain::time::start_of;
use yujian_import::{ChangeKind, ImportError, Mapping, Options, Report, import};

/// `number facts before>after` of each entry of a kind, without the numbers' common beginning.
fn listed(report: &Report, kind: ChangeKind) -> Vec<String> {
    let changes = &report.edition.as_ref().unwrap().changes;
    let found = changes.iter().filter(|change| change.what == kind).map(|change| {
        let number = change.number.strip_prefix("HZ-TY-").unwrap();
        let told = |places: Option<u64>| places.map_or("-".to_owned(), |places| places.to_string());
        let places = format!("{}>{}", told(change.places_before), told(change.places_after));
        format!("{number} {} {places}", change.facts.join("+"))
    });
    let mut found: Vec<String> = found.collect();
    found.sort();
    found
}

fn numbers(report: &Report, kind: ChangeKind) -> Vec<u32> {
    listed(report, kind)
        .iter()
        .map(|entry| entry.split(' ').next().unwrap().parse().unwrap())
        .collect()
}

/// The register's institutions as the log tells them, by the last four digits of their number.
async fn held(floor: &Floor) -> BTreeMap<u32, std::sync::Arc<Institution>> {
    let found = floor.commands.imported_from("示例市托育机构登记册").await.unwrap();
    let by_number = found.into_iter().map(|(_, institution)| {
        let number = institution.imported.as_ref().unwrap().external.number.clone();
        (number.strip_prefix("HZ-TY-").unwrap().parse().unwrap(), institution)
    });
    by_number.collect()
}

fn places(institution: &Institution) -> Vec<(&str, u32)> {
    let classes = institution.classes.iter();
    classes
        .map(|class| (class.class_type.code(), class.places.count()))
        .collect()
}

#[tokio::test]
async fn the_first_edition_creates_each_institution_once() {
    let floor = Floor::new().await;
    for check in [true, false] {
        let (report, [rejects, _]) = try_edition(&floor, &first(), FIRST, check).await.unwrap();
        assert_eq!(
            (report.rows, report.accepted, report.duplicates, report.rejected),
            (41, 35, 1, 5),
            "{report}"
        );
        assert_eq!((report.preamble, report.trailer, report.blank), (3, 2, 1), "{report}");
        assert_eq!(report.events, if check { 0 } else { 35 });
        let created: Vec<u32> = (1..=38).filter(|number| ![30, 33, 34].contains(number)).collect();
        assert_eq!(numbers(&report, ChangeKind::Created), created);
        assert_eq!(report.edition.as_ref().unwrap().changes.len(), 35, "{report}");
        // Both lines of a doubled key are named: the later in the list's first cell, the earlier in its text.
        assert_eq!(report.doubled, [(27, 9), (34, 16)]);
        assert_eq!(
            reasons(&rejects),
            [
                "27,机构编号,DOUBLED_ROW",
                "34,机构编号,DOUBLED_KEY",
                "37,统一社会信用代码,INVALID_FIELD",
                "40,机构类型,UNMAPPED",
                "41,托小班托位,BAD_NUMBER",
                "46,机构编号,KEY_BLANK",
            ]
        );
        assert!(
            rejects.contains("as line 9,") && rejects.contains("第16行"),
            "{rejects}"
        );
        assert!(report.renamed.is_empty() && report.absent.is_empty(), "{report}");
        assert_eq!(floor.records().await.is_empty(), check);
    }
    let held = held(&floor).await;
    assert_eq!(
        places(&held[&1]),
        [("infant", 10), ("younger_toddler", 15), ("older_toddler", 20)]
    );
    assert_eq!(places(&held[&7]), [("mixed", 5)], "full-width digits");
    assert_eq!(held[&7].credit_code.as_ref().unwrap().as_str(), "52330100MJ8702591Q");
    assert_eq!(places(&held[&12]), [("mixed", 5)], "the first row of a key counts");
    assert_eq!(held[&11].name, "银杏托育园");
    assert_eq!(held[&11].region.as_ref().unwrap().code(), "330102");
    assert!(held.values().all(|institution| institution.status == Status::Imported));
}

#[tokio::test]
async fn the_second_edition_tells_exactly_what_changed_and_closes_nothing() {
    let floor = Floor::new().await;
    edition(&floor, &first(), FIRST).await;
    let before = floor.streams().await;
    for check in [true, false] {
        let (report, [rejects, changes]) = try_edition(&floor, &second(), SECOND, check).await.unwrap();
        assert_eq!(numbers(&report, ChangeKind::Created), [30, 34, 39, 40, 41, 42]);
        assert_eq!(
            listed(&report, ChangeKind::CapacityChanged),
            [
                "0001 classes 45>65",
                "0008 classes 45>35",
                "0014 classes 70>88",
                "0020 classes 60>60",
                "0022 classes 55>75",
            ]
        );
        assert_eq!(
            listed(&report, ChangeKind::Changed),
            [
                "0002 name ->-",
                "0010 address ->-",
                "0015 register_status ->-",
                "0016 register_status ->-",
                "0022 name ->-",
                "0024 ownership ->-",
            ]
        );
        assert_eq!(
            listed(&report, ChangeKind::ClosureProposed),
            ["0003  65>-", "0015 register_status 65>-", "0017  5>-", "0026  110>-"]
        );
        assert_eq!(listed(&report, ChangeKind::NoLongerTold), ["0027 address ->-"]);
        assert!(listed(&report, ChangeKind::HeldOtherwise).is_empty(), "{report}");
        assert_eq!(
            reasons(&rejects),
            [
                "4,区划代码,BAD_REGION",
                "14,机构类型,UNMAPPED",
                "16,统一社会信用代码,INVALID_FIELD",
                "20,,NOT_A_ROW",
                "29,机构编号,DOUBLED_ROW",
                "46,机构编号,KEY_BLANK",
            ]
        );
        assert_eq!(report.doubled, [(29, 28)]);
        let told = report.edition.as_ref().unwrap();
        assert_eq!((told.known, told.unchanged, told.without_key), (35, 21, 2), "{report}");
        assert_eq!(
            (report.rows, report.accepted, report.duplicates, report.rejected),
            (43, 16, 22, 5),
            "{report}"
        );
        assert_eq!(report.events, if check { 0 } else { 16 });
        assert!(
            report.renamed.contains(&("区划代码".to_owned(), "所在区县".to_owned())) && report.renamed.len() == 13,
            "{report}"
        );
        assert_eq!(report.absent, ["核定日期"]);
        let text = report.to_string();
        assert!(text.contains("\"机构编号\" was read from \"备案编号\""), "{text}");
        assert!(changes.contains("乳儿班 10 -> 20; 托大班 20 -> 10"), "{changes}");
        assert_eq!(changes.lines().count(), 1 + told.changes.len());
    }

    // What a change holds from, and where it comes from.
    let held = held(&floor).await;
    assert_eq!(
        places(&held[&8]),
        [("younger_toddler", 15), ("older_toddler", 20)],
        "a class that is 0 is gone"
    );
    assert_eq!(held[&22].name, "海棠花托育园");
    assert_eq!(
        held[&27].address.as_deref(),
        Some("余杭区秋涛路189号"),
        "silence takes nothing"
    );
    assert_eq!(held[&1].imported.as_ref().unwrap().changed, [RegisterFact::Classes]);
    for number in [3, 15, 17, 26] {
        assert_eq!(held[&number].status, Status::Imported, "{number} is not closed");
    }
    let changed: Vec<_> = floor
        .records()
        .await
        .into_iter()
        .filter(|record| record.revision == 1)
        .map(|record| yujian_domain::envelope::parse_metadata(&record.metadata).unwrap())
        .collect();
    assert_eq!(changed.len(), 10);
    for metadata in changed {
        assert_eq!(metadata.effective_from, Some(start_of(day(SECOND))));
        assert_eq!(metadata.provenance.unwrap().source, "示例市托育机构登记册");
    }
    let after = floor.streams().await;
    assert_eq!(after.len(), before.len() + 6);
    assert!(before.iter().all(|(stream, told)| after[stream].starts_with(told)));
}

#[tokio::test]
async fn a_second_run_of_an_edition_adds_nothing() {
    let floor = Floor::new().await;
    for (file, date, rows) in [(first(), FIRST, 35), (second(), SECOND, 37)] {
        edition(&floor, &file, date).await;
        let records = floor.records().await.len();
        let again = edition(&floor, &file, date).await;
        assert_eq!((again.accepted, again.events), (0, 0), "{again}");
        assert_eq!(again.edition.as_ref().unwrap().unchanged, rows, "{again}");
        for kind in [ChangeKind::Created, ChangeKind::CapacityChanged, ChangeKind::Changed] {
            assert!(listed(&again, kind).is_empty(), "{again}");
        }
        assert_eq!(floor.records().await.len(), records);
    }
    // Still nobody has closed them.
    let again = edition(&floor, &second(), SECOND).await;
    assert_eq!(numbers(&again, ChangeKind::ClosureProposed), [3, 15, 17, 26]);
}

#[tokio::test]
async fn an_older_edition_is_refused_as_a_whole() {
    let floor = Floor::new().await;
    edition(&floor, &second(), SECOND).await;
    let before = floor.streams().await;
    for check in [true, false] {
        let error = try_edition(&floor, &first(), FIRST, check).await.unwrap_err();
        assert!(
            matches!(error, ImportError::OlderEdition { edition, recorded }
                if edition == day(FIRST) && recorded == day(SECOND)),
            "{error}"
        );
    }
    assert!(floor.streams().await == before);
}

#[tokio::test]
async fn an_interrupted_edition_is_finished_by_running_again() {
    let whole = Floor::new().await;
    edition(&whole, &first(), FIRST).await;
    let first_only = whole.streams().await;
    edition(&whole, &second(), SECOND).await;
    let both = whole.streams().await;

    for stop_at in [1, 9, 27] {
        let floor = Floor::new().await;
        for (file, date, streams) in [(first(), FIRST, &first_only), (second(), SECOND, &both)] {
            let mapping = mapping();
            // Over memory an import never waits, so it is stopped from within, with other rows on their way.
            let progress = |rows: u64, _: u64| assert!(rows < stop_at, "stopped here");
            let options = Options {
                edition_date: Some(day(date)),
                in_flight: 4,
                ..options(false, None, &progress)
            };
            let importing = import(&floor.commands, &mapping, &file, options);
            let stopped = std::panic::AssertUnwindSafe(importing).catch_unwind().await;
            assert!(stopped.is_err(), "it ended before it was stopped");
            assert!(floor.streams().await != *streams, "nothing is left to do");
            edition(&floor, &file, date).await;
            assert!(floor.streams().await == *streams, "stopped at row {stop_at} of {date}");
        }
    }
}

fn actor(id: &str, role: Role) -> Actor {
    Actor {
        id: id.to_owned(),
        role,
        organisation: None,
        jurisdiction: Some("33".to_owned()),
    }
}

async fn act(floor: &Floor, number: u32, command: impl Into<InstitutionCommand>) {
    let found = floor.commands.imported_from("示例市托育机构登记册").await.unwrap();
    let wanted = format!("HZ-TY-{number:04}");
    let (id, _) = found
        .iter()
        .find(|(_, held)| held.imported.as_ref().unwrap().external.number == wanted)
        .unwrap();
    let request_id = uuid::Uuid::from_u128(u128::from(number));
    let officer = actor("officer-1", Role::Officer);
    let request = Request::new(officer, request_id, "test", Some(*id), command.into());
    floor.commands.execute::<Institution>(request).await.unwrap();
}

#[tokio::test]
async fn what_was_done_here_since_is_listed_and_not_undone() {
    let floor = Floor::new().await;
    edition(&floor, &first(), FIRST).await;
    act(
        &floor,
        22,
        ChangeDetails {
            name: Some("海棠里托育园".to_owned()),
            ..ChangeDetails::default()
        },
    )
    .await;
    for number in [3, 4] {
        let closing = CloseInstitution {
            reason: Sensitive::new("停止办学"),
            closing_date: day("2026-05-31"),
            children_to_place: 0,
        };
        act(&floor, number, closing).await;
    }
    let report = edition(&floor, &second(), SECOND).await;
    assert_eq!(
        listed(&report, ChangeKind::HeldOtherwise),
        ["0004 status ->-", "0022 name ->-"]
    );
    assert_eq!(numbers(&report, ChangeKind::CapacityChanged), [1, 8, 14, 20, 22]);
    assert_eq!(
        numbers(&report, ChangeKind::ClosureProposed),
        [15, 17, 26],
        "3 is closed"
    );
    let held = held(&floor).await;
    assert_eq!(held[&22].name, "海棠里托育园");
    assert_eq!(held[&22].places(), 75);
    assert_eq!((held[&3].status, held[&4].status), (Status::Closed, Status::Closed));
}

#[tokio::test]
async fn another_register_is_another_world() {
    let floor = Floor::new().await;
    edition(&floor, &first(), FIRST).await;
    let other = Mapping::parse(&mapping_text().replace("示例市托育机构登记册", "另一登记册")).unwrap();
    let options = Options {
        edition_date: Some(day("2024-12-31")),
        ..options(false, None, &|_, _| {})
    };
    let report = import(&floor.commands, &other, &second(), options).await.unwrap();
    let told = report.edition.as_ref().unwrap();
    assert_eq!(
        (told.known, told.count(ChangeKind::ClosureProposed)),
        (0, 1),
        "0015 by its own word"
    );
    assert_eq!(told.count(ChangeKind::Created), 37);
}
