//! The shipped checklist, what a document must be, and that a published version is never altered.

use std::collections::BTreeMap;

use jiff::civil::date;
use yujian_domain::checklist::Checklist;
use yujian_domain::inspection::{ChecklistRef, Weight};
use yujian_domain::policy::Source;
use yujian_domain::reference::{Reference, ReferenceError};
use yujian_domain::rejection::Reason;
use yujian_domain::system::{ChecklistPublished, checklist_stream, reference_stream};

fn shipped() -> ChecklistPublished {
    let mut shipped = Reference::shipped_checklists();
    assert_eq!(shipped.len(), 1);
    shipped.remove(0).into()
}

fn wst_821() -> Checklist {
    Checklist::parse(&shipped().document).unwrap()
}

#[test]
fn the_standards_seven_dimensions_have_its_thousand_points() {
    let checklist = wst_821();
    let dimensions: Vec<(&str, u32)> = checklist
        .dimensions
        .iter()
        .map(|dimension| (dimension.zh.as_str(), dimension.points))
        .collect();
    assert_eq!(
        dimensions,
        [
            ("办托条件", 100),
            ("托育队伍", 140),
            ("保育照护", 200),
            ("卫生保健", 210),
            ("养育支持", 80),
            ("安全保障", 200),
            ("机构管理", 70),
        ]
    );
    let mut sums: BTreeMap<&str, u32> = BTreeMap::new();
    for item in &checklist.items {
        *sums.entry(&item.dimension).or_default() += item.points;
    }
    for dimension in &checklist.dimensions {
        assert_eq!(sums[dimension.code.as_str()], dimension.points, "{}", dimension.code);
    }
    assert_eq!(sums.values().sum::<u32>(), 1000);
    assert_eq!(checklist.effective_date, date(2024, 4, 1));
    assert!((45..=60).contains(&checklist.items.len()));
}

#[test]
fn sixteen_items_exclude_any_grade() {
    let checklist = wst_821();
    assert_eq!(checklist.items.iter().filter(|item| item.veto).count(), 16);
    for item in &checklist.items {
        assert_eq!(item.veto, item.weight == Weight::Veto, "{}", item.code);
    }
}

#[test]
fn every_item_says_in_two_languages_what_it_asks_and_where_that_is_known_from() {
    let checklist = wst_821();
    for item in &checklist.items {
        assert!(
            !item.zh.is_empty() && item.en.is_ascii() && item.points > 0,
            "{}",
            item.code
        );
        let mark = &item.mark;
        assert!(
            mark.legal_basis.is_some() || mark.source == Source::Assumed,
            "{}",
            item.code
        );
        assert!(mark.note.is_some() || mark.source != Source::Assumed, "{}", item.code);
    }
    assert_eq!(checklist.marks["item_points"].source, Source::Assumed);
    assert_eq!(checklist.marks["total_points"].source, Source::Ministry);
}

#[test]
fn items_are_chosen_by_dimension() {
    let checklist = wst_821();
    assert_eq!(checklist.chosen(&[]).count(), checklist.items.len());
    let chosen = ["parenting".to_owned(), "care".to_owned()];
    let codes: Vec<&str> = checklist.chosen(&chosen).map(|item| item.code.as_str()).collect();
    assert_eq!(codes.len(), 12);
    assert_eq!((codes[0], codes[11]), ("3.1", "5.4"), "in the order of the document");
    assert!(checklist.item("3.1").is_some() && checklist.item("8.1").is_none());
    assert!(checklist.dimension("care").is_some() && checklist.dimension("kitchen").is_none());
}

#[test]
fn what_is_wrong_in_a_document_is_refused_with_its_path() {
    let good = shipped().document;
    let path = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        Checklist::parse(&good.replacen(from, to, 1))
            .map(|_| ())
            .unwrap_err()
            .path
    };
    assert_eq!(path("title_en =", "titel ="), "titel");
    assert_eq!(path("\nevidence = true", "\nevidense = true"), "items[0].evidense");
    assert_eq!(path("veto = true", "veto = false"), "items[0].weight");
    assert_eq!(path("weight = \"veto\"", "weight = \"unknown\""), "items[0].weight");
    assert_eq!(path("code = \"1.2\"", "code = \"1.1\""), "items[1].code");
    assert_eq!(path("code = \"team\"", "code = \"conditions\""), "dimensions[1].code");
    assert_eq!(
        path("dimension = \"conditions\"", "dimension = \"house\""),
        "items[0].dimension"
    );
    assert_eq!(path("points = 15", "points = 16"), "dimensions[0].points");
    assert_eq!(path("points = 100", "points = 101"), "total_points");
    assert_eq!(path("value = 1000", "value = 999"), "total_points");
    assert_eq!(path("value = 16", "value = 15"), "veto_items");
    assert_eq!(path("version = 1", "version = 0"), "version");
    assert_eq!(path("id = \"wst-821\"", "id = \"WS/T\""), "id");
    assert_eq!(path("law = \"人口与计划生育法\"\n", ""), "items[0].source");
    let no_note = "note = \"The points of the dimensions are the standard's; their division among the items is ours.\"";
    assert_eq!(path(no_note, ""), "item_points");
}

#[test]
fn a_published_version_is_never_altered() {
    let good = shipped();
    let reference = Reference::default()
        .with_checklists(&[good.clone(), good.clone()])
        .unwrap();
    assert_eq!(reference.checklists().count(), 1);
    let mut reworded = good.clone();
    reworded.document.push_str("# a comment\n");
    reworded.sha256 = Checklist::parse(&reworded.document).unwrap().sha256;
    let twice = Reference::default().with_checklists(&[good, reworded]);
    assert!(matches!(twice, Err(ReferenceError::PublishedTwice { version: 1, .. })));
}

#[test]
fn a_publication_must_be_what_its_document_is() {
    let spoiled = |change: fn(&mut ChecklistPublished)| {
        let mut published = shipped();
        change(&mut published);
        match Reference::default().with_checklists(&[published]) {
            Err(ReferenceError::Publication { member, .. }) => member,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(spoiled(|published| published.document.push('\n')), "sha256");
    assert_eq!(spoiled(|published| published.checklist = "other".into()), "checklist");
    assert_eq!(spoiled(|published| published.version = 2), "version");
    assert_eq!(
        spoiled(|published| published.effective_date = date(2020, 1, 1)),
        "effective_date"
    );
    let mut broken = shipped();
    broken.document.push_str("[broken\n");
    let refused = Reference::default().with_checklists(&[broken]);
    assert!(matches!(refused, Err(ReferenceError::Checklist { .. })));
}

#[test]
fn a_version_that_was_not_published_is_unknown() {
    let wanted = ChecklistRef {
        id: "wst-821".to_owned(),
        version: 1,
    };
    assert_eq!(Reference::shipped().checklist(&wanted).unwrap().reference, wanted);
    let refusal = Reference::default().checklist(&wanted).unwrap_err();
    assert_eq!(refusal.reason, Reason::ChecklistVersionUnknown);
}

#[test]
fn every_installation_agrees_on_the_stream() {
    assert_eq!(
        checklist_stream("wst-821"),
        "checklist-317e5327-3090-5106-a934-a65f9fb61a9b"
    );
    assert_ne!(
        checklist_stream("wst-821").strip_prefix("checklist-"),
        reference_stream("cn-inspection").strip_prefix("policy-")
    );
}
