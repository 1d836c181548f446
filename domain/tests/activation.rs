//! What may become active by command: policy documents and holiday tables.

use crate::policy_support::shipped;
use jiff::civil::{Date, date};
use yujian_domain::activation::{Activating, holidays, policy};
use yujian_domain::reference::Reference;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::system::{HolidaysActivated, PolicyActivated};
use yujian_domain::values::RegionId;

const TODAY: Date = date(2026, 3, 2);

fn by<'a>(actor: &'a str, approver: Option<&'a str>) -> Activating<'a> {
    Activating {
        actor,
        approver,
        today: TODAY,
    }
}

fn alone() -> Activating<'static> {
    by("admin", None)
}

/// The nation's admission document with members changed.
fn changed(changes: &[(&str, &str)]) -> String {
    let mut document = shipped("cn-admission", 2).document;
    for (from, to) in changes {
        assert!(document.contains(from), "{from}");
        document = document.replacen(from, to, 1);
    }
    document
}

/// A next version of the nation's admission document, from a day on.
fn next_version(day: &str) -> String {
    changed(&[
        ("version = 2", "version = 9"),
        ("2023-10-16", day),
        ("value = 5\n", "value = 4\n"),
    ])
}

fn refused(document: &str, by: &Activating<'_>) -> Rejection {
    policy(&Reference::shipped(), document, by).unwrap_err()
}

fn fields(rejection: &Rejection) -> Vec<(&str, &str)> {
    let violations = rejection.violations.iter();
    violations
        .map(|violation| (violation.field.as_str(), violation.rule.as_str()))
        .collect()
}

#[test]
fn a_document_that_does_not_parse_is_refused_with_the_path_of_the_key() {
    let misspelt = changed(&[("[values.max_returns]", "[values.max_return]")]);
    assert_eq!(
        fields(&refused(&misspelt, &alone())),
        [("document.values.max_return", "POL-01")]
    );
    assert_eq!(fields(&refused("id =", &alone())), [("document", "POL-01")]);
    assert_eq!(fields(&refused(" ", &alone())), [("document", "GEN-03")]);
    let long = format!("{}#{}", next_version("2026-03-03"), "x".repeat(200_000));
    assert_eq!(fields(&refused(&long, &alone())), [("document", "GEN-03")]);
}

#[test]
fn an_active_version_is_never_altered_and_the_same_text_is_nothing_to_do() {
    let same = refused(&shipped("cn-admission", 2).document, &alone());
    assert_eq!(same.reason, Reason::NothingToDo);
    let reworded = changed(&[("2023-10-16", "2026-03-03")]);
    let altered = refused(&reworded, &by("admin", Some("director")));
    assert_eq!(altered.reason, Reason::AlreadyExists);
    assert_eq!(
        (
            altered.metadata["policy"].as_str(),
            altered.metadata["version"].as_str()
        ),
        ("cn-admission", "2")
    );
}

#[test]
fn a_document_applies_from_tomorrow_or_a_second_person_approves() {
    let tomorrow = policy(&Reference::shipped(), &next_version("2026-03-03"), &alone()).unwrap();
    assert_eq!(
        (
            tomorrow.version,
            tomorrow.effective_date,
            &tomorrow.retroactive_approver
        ),
        (9, date(2026, 3, 3), &None)
    );
    for day in ["2026-03-02", "2025-01-01"] {
        let document = next_version(day);
        assert_eq!(fields(&refused(&document, &alone())), [("approver", "POL-03")], "{day}");
        assert_eq!(
            refused(&document, &by("admin", Some("admin "))).reason,
            Reason::TwoPersonRule
        );
        let approved = policy(&Reference::shipped(), &document, &by("admin", Some("director"))).unwrap();
        assert_eq!(approved.retroactive_approver.as_deref(), Some("director"));
    }
    // Who approves what needs nobody's approval is not written down as if it had been needed.
    let ahead = policy(
        &Reference::shipped(),
        &next_version("2026-03-03"),
        &by("admin", Some("director")),
    );
    assert_eq!(ahead.unwrap().retroactive_approver, None);
    assert_eq!(
        fields(&refused(&next_version("2026-03-03"), &by("admin", Some(" ")))),
        [("approver", "GEN-03")]
    );
}

#[test]
fn a_document_holds_in_a_region_that_exists() {
    let own = |region: &str| {
        changed(&[
            ("\"cn-admission\"", "\"own-admission\""),
            ("region = \"CN\"", &format!("region = \"{region}\"")),
            ("2023-10-16", "2026-04-01"),
        ])
    };
    assert_eq!(
        fields(&refused(&own("330199"), &alone())),
        [("document.region", "POL-04")]
    );
    let county = policy(&Reference::shipped(), &own("330106"), &alone()).unwrap();
    assert_eq!((county.policy.as_str(), county.version), ("own-admission", 2));
}

#[test]
fn a_region_has_one_document_of_a_kind_and_an_id_one_kind_and_region() {
    let second = changed(&[("\"cn-admission\"", "\"cn-filing\""), ("2023-10-16", "2026-04-01")]);
    let rival = refused(&second, &alone());
    assert_eq!(fields(&rival), [("document.id", "POL-05")]);
    assert!(rival.violations[0].message.contains("cn-admission"));
    let moved = changed(&[
        ("region = \"CN\"", "region = \"330106\""),
        ("version = 2", "version = 9"),
        ("2023-10-16", "2026-04-01"),
    ]);
    assert_eq!(fields(&refused(&moved, &alone())), [("document.id", "POL-05")]);
    let other_kind = shipped("cn-licence", 1)
        .document
        .replacen("\"cn-licence\"", "\"cn-admission\"", 1);
    let other_kind = other_kind.replacen("version = 1", "version = 9", 1);
    assert_eq!(fields(&refused(&other_kind, &alone())), [("document.id", "POL-05")]);
}

#[test]
fn what_ships_inactive_is_activated_like_any_other() {
    let activated = policy(&Reference::shipped(), &shipped("cn-licence", 1).document, &alone()).unwrap();
    let mut policies: Vec<PolicyActivated> = Reference::shipped_policies()
        .into_iter()
        .filter(|policy| policy.at_first_start)
        .map(Into::into)
        .collect();
    policies.push(activated);
    let active = Reference::from_activations(&policies, None, Reference::shipped().divisions).unwrap();
    let county = RegionId::parse("330106", 1949).unwrap();
    assert!(active.licence(&county, date(2027, 6, 30)).is_err());
    assert!(active.licence(&county, date(2027, 7, 1)).is_ok());
}

fn table() -> String {
    Reference::shipped_holidays().document.to_owned()
}

const NOTICE_2027: &str = "2027-01-01,元旦,off,2027\n2027-02-06,春节,off,2027\n2027-02-20,春节,work,2027\n";

#[test]
fn the_next_notice_covers_the_next_year() {
    let next = table() + NOTICE_2027;
    let activated = holidays(&Reference::shipped(), &next, Some(" 国办发明电〔2026〕7号"), &alone()).unwrap();
    assert_eq!((activated.last_year, &activated.retroactive_approver), (2027, &None));
    assert_eq!(activated.source.as_deref(), Some("国办发明电〔2026〕7号"));
    let policies: [PolicyActivated; 0] = [];
    let active = Reference::from_activations(&policies, Some(&activated), Reference::shipped().divisions).unwrap();
    let due = active.calendar.add_working_days(date(2026, 12, 31), 1);
    assert_eq!(
        (due.date, due.provisional),
        (date(2027, 1, 4), false),
        "firm from the notice on"
    );
    let again = holidays(&active, &next, None, &alone()).unwrap_err();
    assert_eq!(again.reason, Reason::NothingToDo);
    let shorter = holidays(&active, &table(), None, &by("admin", Some("director"))).unwrap_err();
    assert_eq!(fields(&shorter), [("table", "CAL-02")]);
}

#[test]
fn every_line_of_a_table_that_is_wrong_is_told() {
    let told = |rows: &str| {
        let refused = holidays(&Reference::shipped(), &(table() + rows), None, &alone()).unwrap_err();
        assert!(refused.violations.iter().all(|wrong| wrong.rule == "CAL-01"));
        refused.violations
    };
    let lines = table().lines().count();
    let wrong = told("2026-01-01,元旦,off,2026\n2027-01-01,,off,2027\n2025-01-02,元旦,off,2027\n");
    let at = |offset: usize| format!("line {}: ", lines + offset);
    for (violation, (offset, word)) in wrong
        .iter()
        .zip([(1, "stands here twice"), (2, "no name"), (3, "of its year")])
    {
        assert!(violation.message.starts_with(&at(offset)), "{}", violation.message);
        assert!(violation.message.contains(word), "{}", violation.message);
        assert!(violation.message_zh.starts_with(&format!("第{}行", lines + offset)));
    }
    assert_eq!(wrong.len(), 3);
    let gap = told("2028-01-01,元旦,off,2028\n");
    assert!(gap.iter().any(|wrong| wrong.message.contains("no notice for 2027")));
    for (from, to, what) in [
        ("date,name", "day,name", "header"),
        ("2019-01-01,元旦,off,2019", "2019-01-01,元旦,2019", "four cells"),
        ("2019-01-01", "2019-13-01", "the date"),
        ("2019-01-01,元旦,off", "2019-01-01,元旦,free", "off or work"),
    ] {
        let spoiled = table().replacen(from, to, 1);
        let refused = holidays(&Reference::shipped(), &spoiled, None, &alone()).unwrap_err();
        assert!(refused.violations[0].message.contains(what), "{what}");
    }
    let empty = holidays(&Reference::default(), "date,name,kind,notice_year\n", None, &alone()).unwrap_err();
    assert!(empty.violations[0].message.contains("no day"));
}

#[test]
fn days_that_have_passed_change_only_with_a_second_person() {
    let past = table().replacen("2026-01-01,元旦,off,2026\r\n", "", 1);
    assert_ne!(past, table());
    let refused = holidays(&Reference::shipped(), &past, None, &alone()).unwrap_err();
    assert_eq!(fields(&refused), [("approver", "CAL-03")]);
    assert!(refused.violations[0].message.contains("2026-01-01"));
    let same = holidays(&Reference::shipped(), &past, None, &by("admin", Some("admin"))).unwrap_err();
    assert_eq!(same.reason, Reason::TwoPersonRule);
    let approved = holidays(&Reference::shipped(), &past, None, &by("admin", Some("director"))).unwrap();
    assert_eq!(approved.retroactive_approver.as_deref(), Some("director"));
    // A day that is to come moves without one, as notices do.
    let ahead = table().replacen("2026-10-01,", "2026-10-11,", 1);
    assert_ne!(ahead, table());
    assert!(holidays(&Reference::shipped(), &ahead, None, &alone()).is_ok());
}

#[test]
fn the_shipped_table_may_become_active_in_an_empty_log() {
    let first = holidays(&Reference::default(), &table(), None, &alone()).unwrap();
    let shipped = HolidaysActivated::from(Reference::shipped_holidays());
    assert_eq!(first, shipped);
}
