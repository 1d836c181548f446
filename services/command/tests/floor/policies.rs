//! Policy documents and holiday tables that become active while the floor works.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::{Date, date};
use tokio::sync::watch;
use uuid::Uuid;
use yujian_command::{Activated, ActivationRequest, CommandError, Commands, Request};
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::institution::{Class, InstitutionCommand};
use yujian_domain::policy::PolicyKind;
use yujian_domain::reference::Reference;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::system::PolicyActivated;
use yujian_domain::time::Occurred;
use yujian_domain::values::{ClassType, Places, RegionId};

use crate::house::{House, reason, register};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const METHOD: &str = "yujian.licensing.v1.PolicyService/ActivatePolicy";

fn request(number: u128, approver: Option<&str>) -> ActivationRequest {
    ActivationRequest {
        actor: Actor {
            id: "admin".to_owned(),
            role: Role::Administrator,
            organisation: None,
            jurisdiction: None,
        },
        request_id: Uuid::from_u128(0xac_0000 + number),
        method: METHOD,
        approver: approver.map(str::to_owned),
        validate_only: false,
    }
}

fn county(commands: &Commands) -> RegionId {
    commands.reference().divisions.get("330106").unwrap().id.clone()
}

/// The admission rules of the county in their next version: from a day on, with at most `places` in an infant class.
fn next_version(commands: &Commands, from: Date, places: u32) -> String {
    let reference = commands.reference();
    let today = date(2026, 3, 2);
    let active = reference
        .in_force(PolicyKind::Admission, &county(commands), today)
        .unwrap();
    let document = &active.document;
    let text = active
        .text
        .replacen(&format!("version = {}", document.version), "version = 90", 1)
        .replacen(
            &format!("effective_date = \"{}\"", document.effective_date),
            &format!("effective_date = \"{from}\""),
            1,
        )
        .replacen(
            "[class_limits.infant]\nvalue = 10",
            &format!("[class_limits.infant]\nvalue = {places}"),
            1,
        );
    assert_ne!(text, active.text);
    text
}

/// Registers an institution with one infant class of ten places.
fn with_ten_infants(number: u32) -> Request<InstitutionCommand> {
    let mut asked = register(number, Uuid::from_u128(0x100 + u128::from(number)));
    let InstitutionCommand::Register(command) = &mut asked.command else {
        panic!("not a registration")
    };
    command.classes = vec![Class {
        name: "乳儿班".to_owned(),
        class_type: ClassType::Infant,
        places: Places::new(10).unwrap(),
    }];
    asked
}

fn refusal(outcome: Result<Activated<PolicyActivated>, CommandError>) -> Rejection {
    match outcome {
        Err(CommandError::Rejected(refused)) => *refused,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_policy_changes_decisions_from_its_day_on_and_no_earlier_one() {
    let house = House::new().await;
    let floor = house.commands.all().clone();
    let tomorrow = date(2026, 3, 3);
    let done = floor
        .activate_policy(request(1, None), &next_version(&floor, tomorrow, 8))
        .await
        .unwrap();
    assert_eq!((done.event.version, done.event.effective_date), (90, tomorrow));
    assert!(done.position.is_some());

    house.execute(with_ten_infants(1)).await.unwrap();
    house.pass(DAY);
    assert_eq!(
        reason(house.execute(with_ten_infants(2)).await),
        Reason::CapacityExceeded
    );
    // What happened yesterday is decided by yesterday's rule, today as well.
    let mut late = with_ten_infants(3);
    late.occurred = Some(Occurred::Day { date: date(2026, 3, 2) });
    house.execute(late).await.unwrap();
    // After a restart it is the same.
    let restarted = house.another_floor().await;
    assert_eq!(
        reason(restarted.execute(with_ten_infants(4)).await),
        Reason::CapacityExceeded
    );
}

#[tokio::test]
async fn an_activation_that_reaches_back_names_who_approved() {
    let house = House::new().await;
    let floor = house.commands.all().clone();
    let document = next_version(&floor, date(2026, 3, 2), 8);
    let alone = refusal(floor.activate_policy(request(1, None), &document).await);
    assert_eq!(alone.violations[0].field, "approver");
    let same = refusal(floor.activate_policy(request(2, Some("admin")), &document).await);
    assert_eq!(same.reason, Reason::TwoPersonRule);
    let done = floor
        .activate_policy(request(3, Some("director")), &document)
        .await
        .unwrap();
    assert_eq!(done.event.retroactive_approver.as_deref(), Some("director"));
    assert_eq!(
        reason(house.execute(with_ten_infants(1)).await),
        Reason::CapacityExceeded
    );
}

#[tokio::test]
async fn a_repeated_activation_is_answered_as_the_first_time_and_the_same_text_again_is_nothing_to_do() {
    let house = House::new().await;
    let floor = house.commands.all().clone();
    let document = next_version(&floor, date(2026, 3, 3), 8);
    let first = floor.activate_policy(request(1, None), &document).await.unwrap();
    let end = house.log.records().await.len();
    for again in [floor.clone(), house.another_floor().await.0] {
        // A week later it would need an approver; the request was accepted then.
        house.pass(DAY * 7);
        assert_eq!(again.activate_policy(request(1, None), &document).await.unwrap(), first);
        let other_body = next_version(&house.commands.0, date(2026, 4, 1), 7);
        let reused = refusal(again.activate_policy(request(1, None), &other_body).await);
        assert_eq!(reused.reason, Reason::RequestIdReused);
        let twice = refusal(again.activate_policy(request(2, None), &document).await);
        assert_eq!(twice.reason, Reason::NothingToDo);
    }
    assert_eq!(house.log.records().await.len(), end);
}

#[tokio::test]
async fn an_activation_that_is_only_tried_leaves_no_trace() {
    let house = House::new().await;
    let floor = house.commands.all().clone();
    let end = house.log.records().await.len();
    let mut tried = request(1, None);
    tried.validate_only = true;
    let document = next_version(&floor, date(2026, 3, 3), 8);
    let would = floor.activate_policy(tried, &document).await.unwrap();
    assert_eq!((would.event.version, would.position), (90, None));
    assert_eq!(house.log.records().await.len(), end);
    house.pass(DAY);
    house.execute(with_ten_infants(1)).await.unwrap();
}

#[tokio::test]
async fn another_node_follows_what_is_activated() {
    let house = House::new().await;
    let other = house.another_floor().await;
    let (ending, ended) = watch::channel(false);
    let following = tokio::spawn(other.0.clone().follow_reference(ended));
    let floor = house.commands.all().clone();
    let document = next_version(&floor, date(2026, 3, 3), 8);
    floor.activate_policy(request(1, None), &document).await.unwrap();
    let knows = |commands: &Commands| {
        let active = commands.active_reference();
        active.policies.iter().any(|known| known.event.version == 90)
    };
    for _ in 0..500 {
        if knows(&other.0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(knows(&other.0));
    ending.send_replace(true);
    following.await.unwrap();
}

#[tokio::test]
async fn what_a_newer_program_ships_is_not_active_in_a_log_that_began_before_it() {
    let house = House::new().await;
    let older = house.copied_without("cn-staffing").await;
    let floor = older.commands.all().clone();
    let active = floor.active_reference();
    let ids = |id: &str| active.policies.iter().filter(|known| known.event.policy == id).count();
    assert_eq!(ids("cn-staffing"), 0);
    assert_ne!(ids("cn-admission"), 0);
    assert!(floor.reference().staffing(&county(&floor), date(2026, 3, 2)).is_err());
    // It waits for a command, which reaches back and so takes two persons.
    let shipped = Reference::shipped_policies();
    let staffing = shipped.iter().rfind(|policy| policy.id == "cn-staffing").unwrap();
    floor
        .activate_policy(request(1, Some("director")), staffing.document)
        .await
        .unwrap();
    assert!(floor.reference().staffing(&county(&floor), date(2026, 3, 2)).is_ok());
}

#[tokio::test]
async fn a_first_start_that_was_cut_off_is_finished_by_the_next() {
    let house = House::new().await;
    let whole = house.log.types("policy-").await.len();
    // The holiday table is the last of a first start: a log without it has not had one.
    let cut_off = house.copied_without("notice_year").await;
    assert_eq!(cut_off.log.types("policy-").await.len(), whole);
    let both = house.copied_without("cn-inspection").await;
    assert!(both.log.types("policy-").await.len() < whole);
}

#[tokio::test]
async fn the_last_holiday_table_counts() {
    let house = House::new().await;
    let floor = house.commands.all().clone();
    let shipped = Reference::shipped_holidays().document;
    let next = format!("{shipped}2027-01-01,元旦,off,2027\n");
    let done = floor
        .activate_holidays(request(1, None), &next, Some("国办发明电〔2026〕7号"))
        .await
        .unwrap();
    assert_eq!(done.event.last_year, 2027);
    for floor in [floor.clone(), house.another_floor().await.0] {
        assert_eq!(floor.reference().calendar.covered_until(), Some(date(2027, 12, 31)));
        let active = floor.active_reference();
        let accounts: Vec<&str> = active.holidays.iter().map(|table| table.by.as_str()).collect();
        assert_eq!(accounts, ["yujian", "admin"]);
    }
    let again = floor.activate_holidays(request(2, None), &next, None).await;
    let refused = again.unwrap_err();
    assert!(
        matches!(&refused, CommandError::Rejected(why) if why.reason == Reason::NothingToDo),
        "{refused}"
    );
}
