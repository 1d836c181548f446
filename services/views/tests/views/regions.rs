//! Roll-ups against the reference model.

use std::collections::BTreeMap;

use proptest::prelude::*;
use yujian_domain::incident::Category;
use yujian_views::{RegionRow, Scope};

use crate::lists::{history, runtime, written};
use crate::model::Model;
use crate::support::{World, day, institution, notified, registered, sealed};

fn sums(row: &RegionRow) -> [u64; 9] {
    [
        row.institutions,
        row.operating,
        row.places,
        row.incidents,
        row.open_incidents,
        row.late_notifications,
        row.receipts_late,
        row.receipts_issued,
        row.by_status.values().sum(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn figures_are_sums_over_what_lies_in_a_region(steps in history(120), offset in -20_i64..140) {
        runtime().block_on(async {
            let world = written(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            let codes = [None, Some("33"), Some("3301"), Some("330106"), Some("330106001"), Some("11"), Some("US-48"),
                         Some("US-48/HARRIS"), Some("US-4"), Some("55")];
            for code in codes {
                let roll_up = views.roll_up(&Scope::default(), code, day(offset)).await.unwrap();
                let inside: Vec<_> = model.institutions.iter()
                    .filter(|(_, known)| code.is_none_or(|code| known.within(code))).collect();
                let mut by_status: BTreeMap<String, u64> = BTreeMap::new();
                for (_, known) in &inside {
                    *by_status.entry(known.status().code().to_owned()).or_default() += 1;
                }
                let row = &roll_up.region;
                assert_eq!(row.by_status, by_status);
                let operating: Vec<_> = inside.iter().filter(|(_, known)| known.operating()).collect();
                assert_eq!(row.operating, operating.len() as u64);
                assert_eq!(row.places,
                    operating.iter().map(|(_, known)| known.places(Some(day(offset)))).sum::<u64>());
                let closed = by_status.get("closed").copied().unwrap_or(0);
                assert_eq!(row.institutions, inside.len() as u64 - closed);
                let receipts: Vec<_> = inside.iter().flat_map(|(_, known)| known.receipts.values()).collect();
                assert_eq!(row.receipts_issued, receipts.len() as u64);
                assert_eq!(row.receipts_late, receipts.iter().filter(|(_, late)| *late).count() as u64);
                let cases = model.cases(|known| code.is_none_or(|code| known.within(code)));
                assert_eq!(row.incidents, cases.len() as u64);
                assert_eq!(row.open_incidents, cases.iter().filter(|(_, case)| case.open()).count() as u64);
                assert_eq!(row.late_notifications, cases.iter().filter(|(_, case)| case.state.late).count() as u64);
                assert_eq!(roll_up.incidents_by_category.values().sum::<u64>(), cases.len() as u64);
                // Parts and what lies in the region itself, in none of its parts, make up the whole.
                let alone = Scope::default();
                let mut parts = [0; 9];
                for part in &roll_up.parts {
                    let own = views.roll_up(&alone, Some(&part.code), day(offset)).await.unwrap();
                    assert_eq!(&own.region, part);
                    assert_eq!(part.has_children, !own.parts.is_empty());
                    for (sum, figure) in parts.iter_mut().zip(sums(part)) { *sum += figure }
                }
                let itself = inside.iter()
                    .filter(|(_, known)| code.is_some_and(|code| known.region() == code)).count() as u64;
                assert_eq!(parts[8] + itself, inside.len() as u64);
                // The series ends with the month asked for and counts nothing after the day.
                assert_eq!(roll_up.incidents_by_month.len(), 24);
                assert_eq!(roll_up.incidents_by_month[23].0, day(offset).to_string()[..7]);
                let in_time = cases.iter().filter_map(|(_, case)| case.aware)
                    .filter(|aware| yujian_domain::time::day_of(*aware) <= day(offset)).count() as u64;
                assert_eq!(roll_up.incidents_by_month.iter().map(|(_, count)| count).sum::<u64>(), in_time);
            }
        });
    }
}

#[tokio::test]
async fn a_foreign_tree_is_walked_part_by_part() {
    let mut world = World::new();
    for n in 0..9 {
        world
            .of_institution(n, registered(n, &format!("n{n}"), n, 3), 0, None)
            .await;
    }
    let views = world.views().await;
    let country = views.roll_up(&Scope::default(), None, day(9)).await.unwrap();
    let parts: Vec<(&str, &str)> = country
        .parts
        .iter()
        .map(|part| (part.code.as_str(), part.level.as_str()))
        .collect();
    assert_eq!(
        parts,
        [
            ("11", "province"),
            ("33", "province"),
            ("US-4", "foreign"),
            ("US-48", "foreign")
        ]
    );
    assert_eq!((country.region.level.as_str(), country.path.len()), ("country", 0));
    let state = views.roll_up(&Scope::default(), Some("US-48"), day(9)).await.unwrap();
    let codes: Vec<&str> = state.parts.iter().map(|part| part.code.as_str()).collect();
    assert_eq!(codes, ["US-48/HARRIS", "US-48/HARRISON"]);
    let county = views
        .roll_up(&Scope::default(), Some("US-48/HARRIS"), day(9))
        .await
        .unwrap();
    assert_eq!((county.region.institutions, county.parts.len()), (1, 0));
    assert_eq!(county.path.last().unwrap().0, "US-48/HARRIS");
}

#[tokio::test]
async fn a_scope_narrows_figures_and_gives_no_ratio_that_would_mislead() {
    let mut world = World::new();
    world.of_institution(1, registered(1, "云朵托育", 0, 3), 0, None).await;
    world.of_institution(2, registered(2, "彩虹桥", 3, 3), 0, None).await;
    world
        .of_incident(1, notified(institution(2), Category::MinorInjury, 2, true), 2)
        .await;
    let views = world.views().await;
    let scope = Scope {
        domestic_only: false,
        jurisdiction: Some("3301".into()),
        organisation: None,
    };
    let province = views.roll_up(&scope, Some("33"), day(9)).await.unwrap();
    assert_eq!((province.region.institutions, province.region.incidents), (1, 0));
    assert_eq!(province.region.places_per_thousand, None);
    assert!(province.incidents_by_category.is_empty());
    let other = views.roll_up(&scope, Some("3302"), day(9)).await.unwrap();
    assert_eq!(sums(&other.region), [0; 9]);
}

#[tokio::test]
async fn a_county_shows_places_per_thousand_inhabitants_and_covered_townships() {
    let divisions = yujian_domain::divisions::Divisions::shipped();
    let county = divisions.get("330106").unwrap();
    let townships = divisions.children("330106");
    let mut world = World::new();
    let mut record = registered(1, "云朵托育", 0, 3);
    record.region = townships[0].id.clone();
    world.of_institution(1, record, 0, None).await;
    let resumed = yujian_domain::institution::InstitutionResumed {
        from_date: day(1),
        statement: sealed(9),
        status: yujian_domain::institution::Status::Filed,
    };
    world.of_institution(1, resumed, 1, None).await;
    let views = world.views().await;
    let roll_up = views.roll_up(&Scope::default(), Some("330106"), day(9)).await.unwrap();
    let row = &roll_up.region;
    assert_eq!(
        (row.name.as_str(), row.level.as_str()),
        (county.name.as_str(), "county")
    );
    assert_eq!((row.townships, row.townships_covered), (townships.len() as u64, 1));
    let inhabitants = county.inhabitants.unwrap();
    assert_eq!(row.places_per_thousand, Some((row.places * 1_000, inhabitants)));
    assert!(row.places > 0);
    assert_eq!(roll_up.parts.len(), townships.len());
    assert_eq!(roll_up.parts[0].institutions, 1);
    let path: Vec<&str> = roll_up.path.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(path, ["33", "3301", "330106"]);
}
