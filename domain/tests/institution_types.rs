//! What differs by institution type, mode, ownership and region: a table that was written by hand, walked cell by cell.

use crate::institution_support::*;
use yujian_domain::institution::*;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::values::*;

/// A county in a province that has no document of its own, so the nation's decides.
const NATION: &str = "360102";
const SHANGHAI: &str = "310101";
const SHENZHEN: &str = "440303";
const HAINAN: &str = "460105";

const MODES: [Mode; 5] = [
    Mode::Private,
    Mode::Community,
    Mode::KindergartenIntegrated,
    Mode::Workplace,
    Mode::MedicalChildcare,
];
const OWNERSHIP: [Ownership; 5] = [
    Ownership::Public,
    Ownership::PublicBuiltPrivatelyRun,
    Ownership::PrivateSupported,
    Ownership::PurchasedService,
    Ownership::Private,
];
const CLASSES: [ClassType; 4] = [
    ClassType::Infant,
    ClassType::YoungerToddler,
    ClassType::OlderToddler,
    ClassType::Mixed,
];

/// One row of the table.
struct Row {
    kind: InstitutionType,
    modes: Vec<bool>,
    ownership: Vec<bool>,
    classes: Vec<bool>,
    needs_places: bool,
    authority: String,
    shares: Option<InstitutionType>,
}

fn rows() -> Vec<Row> {
    let lines = include_str!("data/institution_types.txt").lines();
    let rows = lines
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let cells: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(cells.len(), 18, "{line}");
            let marks = |from: usize, count: usize| cells[from..from + count].iter().map(|mark| *mark == "y").collect();
            Row {
                kind: InstitutionType::from_code(cells[0]).unwrap(),
                modes: marks(1, 5),
                ownership: marks(6, 5),
                classes: marks(11, 4),
                needs_places: cells[15] == "y",
                authority: cells[16].to_owned(),
                shares: InstitutionType::from_code(cells[17]),
            }
        });
    let rows: Vec<Row> = rows.collect();
    assert_eq!(rows.len(), 11);
    rows
}

impl Row {
    /// A registration of this type that is right.
    fn right(&self) -> RegisterInstitution {
        let first = |marks: &[bool]| marks.iter().position(|mark| *mark).unwrap();
        RegisterInstitution {
            region: region(NATION),
            institution_type: self.kind,
            mode: MODES[first(&self.modes)],
            ownership: OWNERSHIP[first(&self.ownership)],
            classes: vec![class("一班", CLASSES[first(&self.classes)], 5)],
            ..register()
        }
    }
}

fn broken(refused: &Rejection) -> Vec<(&str, &str)> {
    let violations = refused.violations.iter();
    violations
        .map(|violation| (violation.field.as_str(), violation.rule.as_str()))
        .collect()
}

/// Registers, and answers what is broken.
fn told(command: RegisterInstitution) -> Vec<(String, String)> {
    match Desk::new().decide(command) {
        Ok(_) => Vec::new(),
        Err(refused) => owned(&broken(&refused)),
    }
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(field, rule)| ((*field).to_owned(), (*rule).to_owned()))
        .collect()
}

#[test]
fn each_type_has_its_modes_ownership_and_classes() {
    let mut cells = 0;
    for row in rows() {
        assert_eq!(told(row.right()), [], "{:?}", row.kind);
        for (mode, allowed) in MODES.into_iter().zip(&row.modes) {
            let found = told(RegisterInstitution { mode, ..row.right() });
            let expected = if *allowed { vec![] } else { owned(&[("mode", "ADM-26")]) };
            assert_eq!(found, expected, "{:?} {mode:?}", row.kind);
            cells += 1;
        }
        for (ownership, allowed) in OWNERSHIP.into_iter().zip(&row.ownership) {
            let found = told(RegisterInstitution {
                ownership,
                ..row.right()
            });
            let expected = if *allowed {
                vec![]
            } else {
                owned(&[("ownership", "ADM-28")])
            };
            assert_eq!(found, expected, "{:?} {ownership:?}", row.kind);
            cells += 1;
        }
        for (class_type, allowed) in CLASSES.into_iter().zip(&row.classes) {
            let classes = vec![class("一班", class_type, 5)];
            let found = told(RegisterInstitution { classes, ..row.right() });
            let expected = if *allowed {
                vec![]
            } else {
                owned(&[("classes[0].class_type", "ADM-27")])
            };
            assert_eq!(found, expected, "{:?} {class_type:?}", row.kind);
            cells += 1;
        }
    }
    assert_eq!(cells, 11 * 14);
}

#[test]
fn some_types_may_have_no_places() {
    for row in rows() {
        let command = RegisterInstitution {
            classes: Vec::new(),
            ..row.right()
        };
        let expected = if row.needs_places {
            owned(&[("classes", "ADM-03")])
        } else {
            vec![]
        };
        assert_eq!(told(command), expected, "{:?}", row.kind);
    }
    // And file so, and give their places up again.
    let station = rows()
        .into_iter()
        .find(|row| row.kind == InstitutionType::Station)
        .unwrap();
    let mut desk = Desk::new();
    desk.run(station.right()).unwrap();
    desk.run(ChangeClasses {
        classes: Vec::new(),
        effective_date: desk.today(),
    })
    .unwrap();
    desk.run(filing()).unwrap();
    assert_eq!((desk.state.status, desk.state.places()), (Status::Accepted, 0));
}

#[test]
fn each_type_is_supervised_by_its_authority() {
    for row in rows() {
        let on = day("2026-03-02");
        let (policy, _) = reference().admission(&region(NATION), on).unwrap();
        assert_eq!(policy.authority(row.kind), row.authority, "{:?}", row.kind);
        let (shanghai, _) = reference().admission(&region(SHANGHAI), on).unwrap();
        assert_eq!(shanghai.authority(row.kind), "区教育部门", "{:?}", row.kind);
        let (before, _) = reference().admission(&region(NATION), day("2025-05-31")).unwrap();
        assert_eq!(before.authority(row.kind), "县级卫生健康部门", "{:?}", row.kind);
    }
}

#[test]
fn a_place_is_shared_only_by_types_that_may() {
    for row in rows() {
        for other in InstitutionType::ALL {
            let command = RegisterInstitution {
                also_types: vec![*other],
                mode: Mode::Community,
                ownership: Ownership::Public,
                classes: Vec::new(),
                ..row.right()
            };
            let found = told(command);
            let refused = found.iter().any(|(_, rule)| rule == "ADM-33");
            assert_eq!(!refused, row.shares == Some(*other), "{:?} {other:?}", row.kind);
        }
    }
    let centre = rows()
        .into_iter()
        .find(|row| row.kind == InstitutionType::ServiceCentre)
        .unwrap();
    let both = |also_types: Vec<InstitutionType>, ownership| RegisterInstitution {
        also_types,
        ownership,
        ..centre.right()
    };
    let base = InstitutionType::TrainingBase;
    assert_eq!(
        told(both(vec![base, base], Ownership::Public)),
        owned(&[("also_types[1]", "ADM-33")])
    );
    // Private ownership is a base's to have and not a centre's: the place is held to the rules of both.
    assert_eq!(
        told(both(vec![base], Ownership::Private)),
        owned(&[("ownership", "ADM-28")])
    );
    let mut desk = Desk::new();
    desk.run(both(vec![base], Ownership::Public)).unwrap();
    assert_eq!(desk.state.also_types, [base]);
    let said = desk
        .changes()
        .into_iter()
        .any(|change| format!("{change:?}").contains("also_types"));
    assert!(said, "the dossier tells of it");
}

#[test]
fn a_document_without_rules_of_types_has_none() {
    // Recorded for a day before the national document that has them.
    for mode in MODES {
        let mut desk = Desk::new();
        desk.occurred = Some(yujian_domain::time::Occurred::Day {
            date: day("2025-05-30"),
        });
        let command = RegisterInstitution {
            region: region(NATION),
            institution_type: InstitutionType::KindergartenNurseryClass,
            mode,
            registration_date: day("2025-05-01"),
            ..register()
        };
        assert!(desk.decide(command).is_ok(), "{mode:?}");
    }
}

#[test]
fn a_change_keeps_to_the_type_from_its_day_on() {
    let nursery = rows()
        .into_iter()
        .find(|row| row.kind == InstitutionType::KindergartenNurseryClass)
        .unwrap();
    let mut desk = Desk::new();
    desk.run(nursery.right()).unwrap();
    let to = |mode| ChangeDetails {
        mode: Some(mode),
        ..ChangeDetails::default()
    };
    let refused = desk.decide(to(Mode::Private)).unwrap_err();
    assert_eq!(broken(&refused), [("mode", "ADM-26")]);
    assert!(refused.violations[0].message.contains("kindergarten_integrated"));
    assert!(refused.violations[0].message_zh.contains("托幼一体"));
    let point = rows()
        .into_iter()
        .find(|row| row.kind == InstitutionType::FamilyPoint)
        .unwrap();
    let mut desk = Desk::new();
    desk.run(point.right()).unwrap();
    let public = ChangeDetails {
        ownership: Some(Ownership::Public),
        ..ChangeDetails::default()
    };
    assert_eq!(broken(&desk.decide(public).unwrap_err()), [("ownership", "ADM-28")]);
    let decided = desk.decide(to(Mode::Community)).unwrap();
    assert_eq!(
        decided[0].policies[0].version, 3,
        "the rule that was asked stands in the event"
    );
    let mut desk = Desk::new();
    desk.run(nursery.right()).unwrap();
    let infants = ChangeClasses {
        classes: vec![class("乳儿班", ClassType::Infant, 5)],
        effective_date: desk.today(),
    };
    assert_eq!(
        broken(&desk.decide(infants).unwrap_err()),
        [("classes[0].class_type", "ADM-27")]
    );
}

/// Items of the return of a filing, without those of its papers.
fn returned(mut desk: Desk, filing: SubmitFiling) -> Vec<(String, String)> {
    let events = desk.run(filing).unwrap();
    let items = events.iter().find_map(|event| match event {
        InstitutionEvent::FilingReturned(event) => Some(event.items.clone()),
        _ => None,
    });
    let items = items.unwrap_or_default().into_iter();
    items
        .map(|item| (item.item, item.rule))
        .filter(|(item, _)| !item.starts_with("papers."))
        .collect()
}

#[test]
fn a_filing_is_held_to_the_type_too() {
    // Registered under the rules of an earlier day, filed under those of a later one.
    let mut desk = Desk::new();
    desk.occurred = Some(yujian_domain::time::Occurred::Day {
        date: day("2025-05-30"),
    });
    desk.run(RegisterInstitution {
        region: region(NATION),
        institution_type: InstitutionType::KindergartenNurseryClass,
        also_types: vec![InstitutionType::TrainingBase],
        registration_date: day("2025-05-01"),
        ..register()
    })
    .unwrap();
    desk.occurred = None;
    assert_eq!(
        returned(desk, filing()),
        owned(&[
            ("mode", "ADM-26"),
            ("also_types[0]", "ADM-33"),
            ("classes[0].class_type", "ADM-27"),
        ])
    );
}

fn in_region(code: &str) -> Desk {
    let mut desk = Desk::new();
    desk.run(RegisterInstitution {
        region: region(code),
        ..register()
    })
    .unwrap();
    desk
}

fn with_premises(change: impl Fn(&mut Premises)) -> SubmitFiling {
    let mut filing = filing();
    change(filing.premises.as_mut().unwrap());
    filing
}

#[test]
fn shenzhen_asks_for_area_and_low_floors() {
    // 35 places: 210 m2, or 280 m2 without outdoor ground.
    let area = |area, outdoor, floor| {
        with_premises(|premises| {
            premises.area_cm2 = area;
            premises.outdoor_area_cm2 = outdoor;
            premises.highest_floor = floor;
        })
    };
    let below = owned(&[("premises.area_cm2", "ADM-29")]);
    for (filed, expected) in [
        (area(Some(2_100_000), Some(500_000), 2), vec![]),
        (area(Some(2_099_999), Some(500_000), 2), below.clone()),
        (area(Some(2_800_000), Some(0), 2), vec![]),
        (area(Some(2_799_999), Some(0), 2), below.clone()),
        (area(None, Some(0), 2), below),
        (
            area(Some(2_800_000), None, 2),
            owned(&[("premises.outdoor_area_cm2", "ADM-29")]),
        ),
        (
            area(Some(2_800_000), Some(0), 3),
            owned(&[("premises.highest_floor", "ADM-32")]),
        ),
    ] {
        assert_eq!(returned(in_region(SHENZHEN), filed.clone()), expected, "{filed:?}");
        // The nation asks for none of it.
        assert_eq!(returned(in_region(NATION), filed), []);
    }
    // Without older toddlers the ground floor is the highest.
    let mut desk = Desk::new();
    desk.run(RegisterInstitution {
        region: region(SHENZHEN),
        classes: vec![class("乳儿班", ClassType::Infant, 10)],
        ..register()
    })
    .unwrap();
    assert_eq!(
        returned(desk, area(Some(2_800_000), Some(0), 2)),
        owned(&[("premises.highest_floor", "ADM-14")])
    );
}

#[test]
fn shenzhen_has_at_most_ten_classes_and_120_places() {
    let with = |count: u32, size: u32| RegisterInstitution {
        region: region(SHENZHEN),
        classes: (0..count)
            .map(|number| class(&format!("{number}班"), ClassType::OlderToddler, size))
            .collect(),
        ..register()
    };
    assert_eq!(told(with(10, 12)), []);
    assert_eq!(told(with(11, 5)), owned(&[("classes", "ADM-30")]));
    assert_eq!(told(with(7, 18)), owned(&[("classes", "ADM-31")]));
    let refused = Desk::new().decide(with(11, 20)).unwrap_err();
    assert_eq!(refused.reason, Reason::CapacityExceeded);
    let elsewhere = RegisterInstitution {
        region: region(NATION),
        ..with(11, 20)
    };
    assert_eq!(told(elsewhere), []);
}

#[test]
fn shanghai_asks_for_eight_square_metres_built_for_each_child() {
    let built = |area| with_premises(|premises| premises.built_area_cm2 = area);
    let wrong = owned(&[("premises.built_area_cm2", "ADM-29")]);
    assert_eq!(returned(in_region(SHANGHAI), built(Some(2_800_000))), []);
    assert_eq!(returned(in_region(SHANGHAI), built(Some(2_799_999))), wrong);
    assert_eq!(returned(in_region(SHANGHAI), built(None)), wrong);
    assert_eq!(returned(in_region(NATION), built(None)), []);
}

#[test]
fn hainans_hygiene_report_is_the_institutions_own() {
    let mut own = filing();
    for paper in &mut own.papers {
        if paper.kind == PaperKind::HygieneEvaluation {
            paper.issuer = None;
            paper.number = None;
        }
    }
    let accepted = |code, filing: SubmitFiling| {
        let mut desk = in_region(code);
        desk.run(filing).unwrap();
        desk.state.status == Status::Accepted
    };
    assert!(accepted(HAINAN, own.clone()));
    assert!(!accepted(NATION, own.clone()));
    for paper in &mut own.papers {
        if paper.kind == PaperKind::HygieneEvaluation {
            paper.passed = Some(false);
        }
    }
    assert!(
        !accepted(HAINAN, own),
        "it must say that the standard is met all the same"
    );
}

#[test]
fn a_return_cites_the_article_of_the_value_that_is_broken() {
    let desk = in_region(SHENZHEN);
    let decided = desk
        .decide(with_premises(|premises| {
            premises.area_cm2 = Some(1);
            premises.outdoor_area_cm2 = Some(0);
        }))
        .unwrap();
    let cited: Vec<&str> = decided[1]
        .legal_basis
        .iter()
        .map(|basis| basis.article.as_str())
        .collect();
    assert!(cited.contains(&"深圳市执行标准"), "{cited:?}");
    assert_eq!(decided[1].policies[0].id, "cn-sz-admission");
}

#[test]
fn each_region_decides_by_its_own_document() {
    for (code, id, version) in [
        (NATION, "cn-admission", 3),
        (SHANGHAI, "cn-sh-admission", 1),
        (SHENZHEN, "cn-sz-admission", 1),
        ("440103", "cn-admission", 3),
        (HAINAN, "cn-hi-admission", 1),
        ("330106", "cn-zj-admission", 1),
    ] {
        let decided = Desk::new()
            .decide(RegisterInstitution {
                region: region(code),
                ..register()
            })
            .unwrap();
        let used = &decided[0].policies[0];
        assert_eq!((used.id.as_str(), used.version), (id, version), "{code}");
        let before = reference().admission(&region(code), day("2025-05-31")).unwrap().1;
        assert_eq!((before.id.as_str(), before.version), ("cn-admission", 2), "{code}");
    }
}
