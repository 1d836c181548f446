//! Rules of registration.

use crate::institution_support::*;
use yujian_domain::aggregate::Aggregate;
use yujian_domain::event::EventFamily;
use yujian_domain::institution::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::Reason;
use yujian_domain::time::{Occurred, start_of};
use yujian_domain::values::{ClassType, CreditCode, RegionId};

fn found(field: &str, rule: &str) -> (String, String) {
    (field.to_owned(), rule.to_owned())
}

#[test]
fn a_right_registration_is_recorded_with_effect_from_the_registrars_day() {
    let mut desk = Desk::new();
    let decided = desk.decide(register()).unwrap();
    assert_eq!(decided[0].effective_from, Some(start_of(day("2026-02-02"))));
    assert_eq!(decided[0].policies[0].id, "cn-zj-admission");
    assert!(!decided[0].legal_basis.is_empty());
    desk.run(register()).unwrap();
    assert_eq!(desk.state.status, Status::Registered);
    assert_eq!(desk.state.places(), 35);
}

#[test]
fn every_violation_is_told_at_once() {
    let wrong = RegisterInstitution {
        name: "  ".to_owned(),
        site: "总\u{7}部".to_owned(),
        address: "路".repeat(501),
        region: RegionId::parse("33", 1980).unwrap(),
        institution_type: InstitutionType::Unknown,
        also_types: Vec::new(),
        mode: Mode::Unknown,
        ownership: Ownership::Unknown,
        registrar: Registrar::CivilAffairs,
        registration_date: day("2026-03-03"),
        representative: RepresentativeInput {
            name: Sensitive::new(" "),
            identity: None,
            phone: Sensitive::new("call me"),
        },
        classes: vec![class("班", ClassType::Unknown, 5), class("班", ClassType::Infant, 11)],
        ..register()
    };
    assert_eq!(
        Desk::new().violations(wrong),
        [
            found("name", "GEN-03"),
            found("site", "GEN-03"),
            found("address", "GEN-03"),
            found("region", "ADM-02"),
            found("institution_type", "ADM-01"),
            found("mode", "ADM-01"),
            found("ownership", "ADM-01"),
            found("registration_date", "ADM-06"),
            found("registrar", "ADM-08"),
            found("representative.name", "GEN-03"),
            found("representative.phone", "GEN-03"),
            found("classes[0].class_type", "ADM-03"),
            found("classes[1].name", "ADM-03"),
            found("classes[1].places", "ADM-04"),
        ]
    );
}

#[test]
fn the_credit_code_begins_with_the_registrars_department() {
    let codes = ["12330106400000000", "52330106400000000", "91330106400000000"].map(|body| {
        let check = CreditCode::check_character(body.as_bytes()).unwrap();
        CreditCode::parse(&format!("{body}{}", char::from(check))).unwrap()
    });
    let registrars = [
        Registrar::EstablishmentOffice,
        Registrar::CivilAffairs,
        Registrar::MarketSupervision,
    ];
    for (own, registrar) in registrars.into_iter().enumerate() {
        for (other, credit_code) in codes.iter().enumerate() {
            let with = RegisterInstitution {
                registrar,
                credit_code: credit_code.clone(),
                ..register()
            };
            if own == other {
                assert!(Desk::new().decide(with).is_ok(), "{}", registrar.code());
            } else {
                assert_eq!(Desk::new().violations(with), [found("registrar", "ADM-08")]);
            }
        }
    }
}

#[test]
fn a_registration_needs_a_class() {
    let wrong = RegisterInstitution {
        classes: Vec::new(),
        ..register()
    };
    assert_eq!(Desk::new().violations(wrong), [found("classes", "ADM-03")]);
}

#[test]
fn each_class_type_has_its_limit() {
    for (class_type, limit) in [
        (ClassType::Infant, 10),
        (ClassType::YoungerToddler, 15),
        (ClassType::OlderToddler, 20),
        (ClassType::Mixed, 18),
    ] {
        let with = |count| RegisterInstitution {
            classes: vec![class("班", class_type, count)],
            ..register()
        };
        assert!(Desk::new().decide(with(limit)).is_ok(), "{}", class_type.code());
        let refused = Desk::new().refusal(with(limit + 1));
        assert_eq!(refused.reason, Reason::CapacityExceeded);
        assert_eq!(refused.violations[0].rule, "ADM-04");
        assert!(refused.violations[0].message.contains("§19"));
    }
}

#[test]
fn a_family_childcare_point_has_at_most_five_places() {
    let with = |count| RegisterInstitution {
        institution_type: InstitutionType::FamilyPoint,
        classes: vec![class("班", ClassType::Mixed, count)],
        ..register()
    };
    assert!(Desk::new().decide(with(5)).is_ok());
    let refused = Desk::new().refusal(with(6));
    assert_eq!(refused.reason, Reason::CapacityExceeded);
    assert_eq!(refused.violations[0].rule, "ADM-05");
}

#[test]
fn a_site_lies_in_a_county_or_township_of_the_tables_under_its_year_of_entry() {
    let county = region("330106");
    let wrong_year = RegionId::parse("330106", if county.entered() == 1950 { 1951 } else { 1950 }).unwrap();
    for wrong in [
        RegionId::parse("3301", 1980).unwrap(),
        RegionId::parse("339999", 1980).unwrap(),
        wrong_year,
    ] {
        let command = RegisterInstitution {
            region: wrong,
            ..register()
        };
        assert_eq!(Desk::new().violations(command), [found("region", "ADM-02")]);
    }
    let township = reference().divisions.children("330106")[0].id.clone();
    assert!(
        Desk::new()
            .decide(RegisterInstitution {
                region: township,
                ..register()
            })
            .is_ok()
    );
}

#[test]
fn the_same_code_at_the_same_site_claims_the_same_thing() {
    let claim = |site: &str| {
        Institution::claim(
            &RegisterInstitution {
                site: site.to_owned(),
                ..register()
            }
            .into(),
        )
        .unwrap()
        .value
    };
    assert_eq!(claim("总部"), claim(" 总部 "));
    assert_ne!(claim("总部"), claim("分部"));
    assert!(Institution::claim(&filing().into()).is_none());
    assert!(Institution::creates(&register().into()) && Institution::creates(&row().into()));
}

#[test]
fn personal_values_leave_the_decision_under_the_institutions_subject_and_never_reach_the_state() {
    let mut desk = Desk::new();
    let decided = desk.decide(register()).unwrap();
    let payload = decided[0].event.payload();
    for field in ["name", "phone", "identity"] {
        let subject = payload["representative"][field]["$personal"]["subject"]
            .as_str()
            .unwrap();
        assert_eq!(subject, format!("institution-{ID}.representative-1"));
    }
    assert_eq!(payload["representative"]["identity_digest"]["epoch"], 1);
    assert!(!format!("{decided:?}").contains("张三"));
    desk.run(register()).unwrap();
    let state = format!("{:?}", desk.state);
    for secret in ["张三", "139-1234-5678", "11010519491231002X"] {
        assert!(!state.contains(secret));
    }
}

#[test]
fn access_is_by_the_command_before_creation_and_by_the_state_after_it() {
    let facts = yujian_domain::aggregate::Facts::default();
    let before = Institution::default().access(&register().into(), &facts);
    let after = Desk::registered().state.access(&filing().into(), &facts);
    assert_eq!(before, after);
    assert_eq!(after.regions, [region("330106")]);
    assert_eq!(after.organisations, ["91350100M000100Y43"]);
}

#[test]
fn nothing_may_have_happened_in_the_future_or_at_an_unknown_time() {
    let mut desk = Desk::new();
    for wrong in [
        Occurred::Unknown,
        Occurred::Day {
            date: day("2026-03-03"),
        },
        Occurred::Instant {
            time: at("2026-03-02T02:05:01Z"),
        },
    ] {
        desk.occurred(wrong);
        assert_eq!(desk.violations(register()), [found("occurred", "GEN-01")]);
    }
    desk.occurred(Occurred::Instant {
        time: at("2026-03-02T02:04:59Z"),
    });
    assert!(
        desk.decide(register()).is_ok(),
        "clocks of callers may differ by some minutes"
    );
}
