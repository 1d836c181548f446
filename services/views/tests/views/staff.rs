//! Persons, staff and certificates against the reference model: rows, scopes, pages, figures, dossiers, pushes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use yujian_audit::{PersonReplayQuery, replay_all, replay_person};
use yujian_domain::dossier::{Dossier, canonical};
use yujian_domain::person::{self, CredentialState, EngagementState, Post};
use yujian_domain::values::RegionId;
use yujian_views::{Bucket, CredentialQuery, PersonQuery, PostFigures, Scope, StaffQuery, StoredFact, Views};

use crate::lists::{runtime, scopes, sees};
use crate::model::Model;
use crate::support::day;
use crate::work::{long_history, worked};

const CODES: [Option<&str>; 7] = [
    None,
    Some("33"),
    Some("3301"),
    Some("330106001"),
    Some("US-48"),
    Some("US-4"),
    Some("55"),
];

pub fn resolved(facts: Vec<StoredFact>) -> Vec<u8> {
    let mut dossier = Dossier::new();
    for stored in facts {
        dossier.insert(stored.fact, stored.withdrawn);
    }
    canonical(&dossier.resolve(None, None))
}

async fn staff_of(views: &Views, query: &StaffQuery) -> (Vec<(uuid::Uuid, u32)>, u64) {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = views.staff(StaffQuery { after, ..query.clone() }).await.unwrap();
        assert!(page.rows.len() <= query.limit as usize);
        found.extend(page.rows.iter().map(|row| (row.person, row.engagement)));
        after = page.next;
        if after.is_none() {
            return (found, page.total);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_person_is_what_the_domain_folds(steps in long_history(160)) {
        runtime().block_on(async {
            let world = worked(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            for (id, worker) in &model.work.persons {
                let state = &worker.state;
                let detail = views.person(&Scope::default(), *id, day(20)).await.unwrap().unwrap();
                let row = &detail.row;
                assert_eq!((row.status, row.revision), (state.status, worker.revision));
                assert_eq!(Some(row.region.as_str()), state.region.as_ref().map(RegionId::code));
                assert_eq!((&row.organisation, &row.account), (&state.organisation, &state.account));
                assert_eq!(row.registered_date, worker.registered);
                assert_eq!(row.bar.map(|bar| (bar.ground, bar.from_date, bar.until_date)),
                    state.bar.as_ref().map(|bar| (bar.ground, bar.from_date, bar.until_date)));
                assert_eq!(row.health.map(|health| (health.issue_date, health.expiry_date, health.passed)),
                    state.health.as_ref().map(|health| (health.issue_date, health.expiry_date, health.passed)));
                assert_eq!(row.query.map(|query| (query.query_date, query.valid_until, query.clear)),
                    state.query.as_ref().map(|query| (query.query_date, query.valid_until, query.clear)));
                assert_eq!(row.engagements, worker.standing().count() as u64);
                assert_eq!(row.next_expiry, worker.next_expiry());
                let verified = state.credentials.values().filter(|c| c.state == CredentialState::Verified).count();
                assert_eq!(row.credentials, verified as u64);
                let numbers: Vec<u32> = detail.credentials.iter().map(|credential| credential.credential).collect();
                assert_eq!(numbers, state.credentials.keys().copied().collect::<Vec<_>>());
                for shown in &detail.credentials {
                    let credential = &state.credentials[&shown.credential];
                    assert_eq!((shown.kind, shown.state, shown.issue_date, shown.expiry_date),
                        (credential.kind, credential.state, credential.issue_date, credential.expiry_date));
                    assert_eq!(shown.days_left, credential.expiry_date.map(|last| (last - day(20)).get_days()));
                    let at: BTreeSet<_> = worker.standing().map(|(_, engagement)| engagement.institution).collect();
                    assert_eq!(shown.institutions.iter().map(|(id, _)| *id).collect::<BTreeSet<_>>(), at);
                }
                for shown in &detail.engagements {
                    let engagement = &state.engagements[&shown.engagement];
                    assert_eq!((shown.institution, shown.post, shown.share_permille, shown.state, shown.qualified),
                        (engagement.institution, engagement.post, engagement.share_permille, engagement.state,
                         engagement.qualified));
                    assert_eq!((shown.start_date, shown.end_date, shown.off_duty),
                        (engagement.start_date, engagement.end_date, engagement.off_duty));
                    let others = worker.standing().filter(|(number, _)| **number != shown.engagement).count();
                    assert_eq!(shown.others, others as u64);
                    assert_eq!((shown.health, shown.query, shown.bar, shown.next_expiry),
                        (row.health, row.query, row.bar, row.next_expiry));
                }
                assert_eq!(detail.engagements.len(), state.engagements.len());
                assert_eq!(detail.health.iter().map(|row| row.health.expiry_date).collect::<Vec<_>>(),
                    worker.health.iter().map(|event| event.expiry_date).collect::<Vec<_>>());
                assert_eq!(detail.queries.iter().map(|row| (row.query.valid_until, row.found.clone())).collect::<Vec<_>>(),
                    worker.queries.iter().map(|event| (event.valid_until, event.found.clone())).collect::<Vec<_>>());
                assert_eq!(detail.trainings.iter().map(|row| row.hours).collect::<Vec<_>>(),
                    worker.trainings.iter().map(|event| event.hours).collect::<Vec<_>>());
                assert_eq!(
                    detail.bars.iter().map(|row| (row.decision_number.clone(), row.lifted.clone().map(|(_, by)| by)))
                        .collect::<Vec<_>>(),
                    worker.bars.iter()
                        .map(|(bar, by)| (bar.decision_number.clone(), by.as_ref().map(|by| by.decision_number.clone())))
                        .collect::<Vec<_>>());
            }
        });
    }

    #[test]
    fn lists_of_staff_are_scoped_filtered_and_paged(steps in long_history(160), size in 1_u32..6, offset in 0_i64..60) {
        runtime().block_on(async {
            let world = worked(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            let last = day(offset + 30);
            for scope in scopes() {
                let mut all: Vec<_> = Vec::new();
                for (id, worker) in &model.work.persons {
                    for (number, engagement) in &worker.state.engagements {
                        let home = model.home(engagement.institution);
                        if sees(&scope, home) && model.sees_person(&scope, worker) {
                            all.push((home.name(engagement.institution), engagement.institution, *id, *number));
                        }
                    }
                }
                all.sort();
                type Passes<'a> = Box<dyn Fn(&crate::work_model::Worker, &person::Engagement) -> bool + 'a>;
                let query = || StaffQuery { scope: scope.clone(), limit: size, ..Default::default() };
                let variants: [(StaffQuery, Passes); 6] = [
                    (query(), Box::new(|_, _| true)),
                    (StaffQuery { region: Some("3301".into()), ..query() },
                     Box::new(|_, engagement| model.home(engagement.institution).within("3301"))),
                    (StaffQuery { posts: vec![Post::Carer, Post::Cook], unqualified_only: true, ..query() },
                     Box::new(|_, engagement| matches!(engagement.post, Post::Carer | Post::Cook) && !engagement.qualified)),
                    (StaffQuery { states: vec![EngagementState::Active, EngagementState::OffDuty], ..query() },
                     Box::new(|_, engagement| engagement.state != EngagementState::Ended)),
                    (StaffQuery { barred_at: Some(day(offset)), ..query() },
                     Box::new(|worker, _| worker.barred_on(day(offset)))),
                    (StaffQuery { expiring_within: Some((day(offset), 30)), ..query() },
                     Box::new(|worker, _| worker.ends_by(last))),
                ];
                for (query, passes) in variants {
                    let expected: Vec<_> = all.iter()
                        .filter(|(_, _, id, number)| {
                            let worker = &model.work.persons[id];
                            passes(worker, &worker.state.engagements[number])
                        })
                        .map(|(_, _, id, number)| (*id, *number)).collect();
                    let (found, total) = staff_of(&views, &query).await;
                    assert_eq!((&found, total), (&expected, expected.len() as u64), "{query:?}");
                }
            }
        });
    }

    #[test]
    fn nobody_is_reached_from_outside_the_scope(steps in long_history(160), size in 1_u32..4) {
        runtime().block_on(async {
            let world = worked(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            for scope in scopes() {
                let mut expected: Vec<_> = model.work.persons.iter()
                    .filter(|(_, worker)| model.sees_person(&scope, worker))
                    .map(|(id, worker)| (worker.registered, *id)).collect();
                expected.sort();
                expected.reverse();
                let (mut found, mut after) = (Vec::new(), None);
                loop {
                    let query = PersonQuery { scope: scope.clone(), limit: size, after, ..Default::default() };
                    let page = views.persons(query).await.unwrap();
                    assert_eq!(page.total, expected.len() as u64);
                    found.extend(page.rows.iter().map(|row| (row.registered_date, row.id)));
                    after = page.next;
                    if after.is_none() { break }
                }
                assert_eq!(found, expected);
                for (id, worker) in &model.work.persons {
                    let visible = model.sees_person(&scope, worker);
                    let detail = views.person(&scope, *id, day(0)).await.unwrap();
                    assert_eq!(detail.is_some(), visible);
                    assert_eq!(views.person_dossier(&scope, *id).await.unwrap().is_some(), visible);
                    let own = |institution| sees(
                        &Scope { organisation: scope.organisation.clone(), ..Scope::default() }, model.home(institution));
                    let shown = worker.events.iter().filter(|(at, shown)| scope.organisation.is_none()
                        || (*shown && at.is_none_or(&own))).count();
                    let timeline = views.timeline_of_person(&scope, *id, None, 500).await.unwrap();
                    assert_eq!(timeline.total, if visible { shown as u64 } else { 0 });
                    if let Some(detail) = detail && scope.organisation.is_some() {
                        assert!(detail.queries.iter().all(|query| query.found.is_empty()));
                        assert!(detail.bars.iter().all(|bar| bar.reason.is_none()));
                        assert!(detail.engagements.iter().all(|engagement| own(engagement.institution)));
                    }
                }
                for query in [
                    CredentialQuery { at: day(9), ..Default::default() },
                    CredentialQuery { at: day(9), buckets: vec![Bucket::Expired, Bucket::None], ..Default::default() },
                    CredentialQuery { at: day(9), buckets: vec![Bucket::Within7, Bucket::Within30], ..Default::default() },
                    CredentialQuery { at: day(9), buckets: vec![Bucket::Within90, Bucket::More],
                        states: vec![CredentialState::Verified], ..Default::default() },
                ] {
                    let query = CredentialQuery { scope: scope.clone(), limit: 500, ..query };
                    let mut expected = Vec::new();
                    for (id, worker) in model.work.persons.iter().filter(|(_, worker)| model.sees_person(&scope, worker)) {
                        for (number, credential) in &worker.state.credentials {
                            let bucket = Bucket::of(credential.expiry_date, day(9));
                            if (query.buckets.is_empty() || query.buckets.contains(&bucket))
                                && (query.states.is_empty() || query.states.contains(&credential.state)) {
                                expected.push((credential.expiry_date.is_none(), credential.expiry_date, *id, *number));
                            }
                        }
                    }
                    expected.sort();
                    let page = views.credentials(query).await.unwrap();
                    let found: Vec<_> = page.rows.iter()
                        .map(|row| (row.expiry_date.is_none(), row.expiry_date, row.person, row.credential)).collect();
                    assert_eq!((found, page.total), (expected.clone(), expected.len() as u64));
                }
            }
        });
    }

    #[test]
    fn figures_of_staff_are_counts_over_engagements_that_stand(steps in long_history(200), offset in -20_i64..200) {
        runtime().block_on(async {
            let world = worked(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            let at = day(offset);
            for code in CODES {
                let figures = views.staff_figures(&Scope::default(), code, at).await.unwrap();
                let inside = model.at_work(code);
                let mut by_post: BTreeMap<String, PostFigures> = BTreeMap::new();
                let mut certificates: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
                let (mut health, mut queries) = (BTreeMap::new(), BTreeMap::new());
                for (_, worker, engagement) in &inside {
                    let state = &worker.state;
                    let valid = |until: jiff::civil::Date| until >= at;
                    by_post.entry(engagement.post.code().to_owned()).or_default().add(PostFigures {
                        engaged: 1,
                        off_duty: u64::from(engagement.state == EngagementState::OffDuty),
                        qualified: u64::from(engagement.qualified),
                        healthy: u64::from(state.health.as_ref().is_some_and(|of| of.passed && valid(of.expiry_date))),
                        queried: u64::from(state.query.as_ref().is_some_and(|of| of.clear && valid(of.valid_until))),
                        barred: u64::from(worker.barred_on(at)),
                    });
                    for credential in state.credentials.values() {
                        if matches!(credential.state, CredentialState::Verified | CredentialState::Expired) {
                            let kind = certificates.entry(credential.kind.code().to_owned()).or_default();
                            *kind.entry(Bucket::of(credential.expiry_date, at).code().to_owned()).or_default() += 1;
                        }
                    }
                    let passed = state.health.as_ref().filter(|health| health.passed).map(|health| health.expiry_date);
                    *health.entry(Bucket::of(passed, at).code().to_owned()).or_default() += 1;
                    let until = state.query.as_ref().map(|query| query.valid_until);
                    *queries.entry(Bucket::of(until, at).code().to_owned()).or_default() += 1;
                }
                let row = &figures.region;
                assert_eq!((&row.by_post, &row.certificates), (&by_post, &certificates));
                assert_eq!((&row.health, &row.queries), (&health, &queries));
                let barred: BTreeSet<_> = inside.iter().filter(|(_, of, _)| of.barred_on(at)).map(|(id, ..)| *id).collect();
                let mut posts: BTreeMap<_, u64> = BTreeMap::new();
                for (id, ..) in &inside { *posts.entry(*id).or_default() += 1 }
                assert_eq!(figures.barred_engaged, barred.len() as u64);
                assert_eq!(figures.engaged_twice, posts.values().filter(|posts| **posts > 1).count() as u64);
                for part in &figures.parts {
                    let own = views.staff_figures(&Scope::default(), Some(&part.code), at).await.unwrap();
                    assert_eq!((&own.region, own.parts.is_empty()), (part, !part.has_children));
                }
                let overview = views.roll_up(&Scope::default(), code, at).await.unwrap().region;
                let total = row.total();
                assert_eq!((overview.staff, overview.qualified_staff), (total.engaged, total.qualified));
            }
        });
    }

    #[test]
    fn live_dossiers_and_replays_say_the_same(steps in long_history(120)) {
        runtime().block_on(async {
            let world = worked(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            let all = replay_all(&*world.log, None, None, None).await.unwrap();
            assert_eq!(all.persons.len(), model.work.persons.len());
            for (id, replayed) in &all.persons {
                let live = views.person_dossier(&Scope::default(), *id).await.unwrap().unwrap();
                assert_eq!(resolved(live.facts), replayed.dossier);
                let query = PersonReplayQuery { person: *id, as_of: None, known_at: None, until: None };
                let one = replay_person(&*world.log, query).await.unwrap();
                assert_eq!(one.dossier, replayed.dossier);
                assert_eq!(one.records.len() as u64, views.timeline_of_person(&Scope::default(), *id, None, 1).await.unwrap().total);
                assert_eq!(canonical(&model.work.persons[id].dossier.resolve(None, None)), replayed.dossier);
            }
            for (id, replayed) in &all.institutions {
                let live = views.dossier(&Scope::default(), *id).await.unwrap().unwrap();
                assert_eq!(resolved(live.facts), replayed.dossier);
                let query = yujian_audit::ReplayQuery { institution: *id, as_of: None, known_at: None, until: None };
                let one = yujian_audit::replay(&*world.log, query).await.unwrap();
                assert_eq!(one.dossier, replayed.dossier);
                assert_eq!(one.records.len() as u64, views.timeline(&Scope::default(), *id, None, 1).await.unwrap().total);
            }
        });
    }
}
