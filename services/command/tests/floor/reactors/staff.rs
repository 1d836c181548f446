//! Bars, double engagements, credentials that end.

use jiff::SignedDuration;
use yujian_command::{CommandError, Request};
use yujian_domain::person::{
    Bar, BarGround, ChangePost, CredentialState, EndEngagement, EndGround, EngagementState, IdentityKind, LiftBar,
    Person, Post, Proofing, RecordHealthCertificate, RegisterPerson, ReturnToDuty,
};
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::Reason;
use yujian_domain::time::{Occurred, end_of, start_of};

use super::bench::{Bench, date, metadata, payload, reactors};
use crate::house::{officer, operator};

#[tokio::test]
async fn who_is_barred_is_taken_off_duty_everywhere_and_told_once_to_each_institution() {
    let bench = Bench::new().await;
    let (first, second, third) = (
        bench.house.registered(1).await,
        bench.house.registered(2).await,
        bench.house.registered(3).await,
    );
    let person = bench.person(1).await;
    for institution in [first, second, third] {
        bench.engage(person, institution, Post::Carer, 300).await;
    }
    let end = EndEngagement {
        engagement: 3,
        end_date: date("2026-03-02"),
        ground: EndGround::Resigned,
    };
    bench.on(person, end).await.unwrap();
    bench.bar(person).await;
    bench.react().await;

    let state = bench.person_now(person).await;
    let states: Vec<_> = state.engagements.values().map(|engagement| engagement.state).collect();
    assert_eq!(
        states,
        [
            EngagementState::OffDuty,
            EngagementState::OffDuty,
            EngagementState::Ended
        ]
    );
    let bar = bench.records("staffing.PersonBarred.v1").await.remove(0);
    let taken = bench.records("staffing.TakenOffDuty.v1").await;
    assert_eq!(taken.len(), 2);
    for record in &taken {
        assert!(record.position > bar.position);
        assert_eq!(payload(record)["ground"], "barred");
        let metadata = metadata(record);
        assert_eq!(metadata.causation, Some(bar.id), "the cause is named");
        assert_eq!(metadata.actor.role.as_str(), "system");
    }
    let mut expected = vec![(first, bar.id.to_string()), (second, bar.id.to_string())];
    expected.sort();
    assert_eq!(bench.alerts("barred_engaged").await, expected);

    // Whatever is lost of the state, and on however many nodes they run, nothing is done twice.
    let length = bench.length().await;
    bench.react().await;
    bench.forget();
    let counts = bench.react().await;
    let elsewhere = tempfile::tempdir().unwrap();
    reactors(&bench.house, elsewhere.path())
        .await
        .run_until_idle()
        .await
        .unwrap();
    assert_eq!(bench.length().await, length);
    assert_eq!((counts.done, counts.failed), (0, 0));
}

#[tokio::test]
async fn a_bar_told_ahead_takes_off_duty_on_its_first_day_whoever_came_or_came_back_until_then() {
    let bench = Bench::new().await;
    let (first, second) = (bench.house.registered(1).await, bench.house.registered(2).await);
    let person = bench.person(1).await;
    bench.engage(person, first, Post::Carer, 500).await;
    let bar = Bar {
        ground: BarGround::Order,
        from_date: date("2026-03-20"),
        until_date: None,
        decision_number: "杭卫禁〔2026〕1号".to_owned(),
        reason: Sensitive::new("依裁判"),
    };
    bench.on(person, bar).await.unwrap();
    let mut reactors = reactors(&bench.house, bench.directory.path()).await;
    reactors.run_until_idle().await.unwrap();
    bench.on(person, ReturnToDuty { engagement: 1 }).await.unwrap();
    bench.engage(person, second, Post::Carer, 500).await;
    bench.house.clock.set(end_of(date("2026-03-19")));
    reactors.run_until_idle().await.unwrap();
    let active = |state: &Person| {
        state
            .engagements
            .values()
            .filter(|one| one.state == EngagementState::Active)
            .count()
    };
    assert_eq!(
        active(bench.person_now(person).await.as_ref()),
        2,
        "lawful until the day before"
    );
    // Two days late.
    bench.house.clock.set(start_of(date("2026-03-22")));
    reactors.run_until_idle().await.unwrap();
    assert_eq!(active(bench.person_now(person).await.as_ref()), 0);
    let cause = bench.records("staffing.PersonBarred.v1").await.remove(0);
    let taken = bench.records("staffing.TakenOffDuty.v1").await;
    for record in &taken[1..] {
        let metadata = metadata(record);
        assert_eq!(
            metadata.occurred,
            Occurred::Instant {
                time: start_of(date("2026-03-20"))
            }
        );
        assert_eq!(metadata.causation, Some(cause.id));
    }
    let mut told = vec![(first, cause.id.to_string()), (second, cause.id.to_string())];
    told.sort();
    assert_eq!(bench.alerts("barred_engaged").await, told);

    let length = bench.length().await;
    bench.forget();
    let counts = bench.react().await;
    assert_eq!((bench.length().await, counts.done, counts.failed), (length, 0, 0));
}

#[tokio::test]
async fn an_end_that_is_told_again_is_answered_again_and_nobody_else_may_tell_it() {
    let bench = Bench::new().await;
    let (registrar, employer) = (bench.house.registered(1).await, bench.house.registered(2).await);
    let register = RegisterPerson {
        institution: Some(registrar),
        region: None,
        identity_kind: IdentityKind::Passport,
        identity: Sensitive::new("E00000077"),
        name: Sensitive::new("欧阳小满"),
        phone: None,
        proofing: Proofing::Counter,
        birth_date: None,
        account: None,
    };
    let person = bench
        .ask::<Person>(operator(1), None, register.into())
        .await
        .unwrap()
        .id;
    let health = RecordHealthCertificate {
        issuer: "西湖区妇幼保健院".to_owned(),
        issue_date: date("2026-02-20"),
        passed: true,
        sha256: None,
    };
    bench.on(person, health).await.unwrap();
    bench.queried(person, false).await;
    bench.engage(person, employer, Post::Carer, 1_000).await;
    let end = EndEngagement {
        engagement: 1,
        end_date: date("2026-03-02"),
        ground: EndGround::Resigned,
    };
    let foreign = bench.ask::<Person>(operator(1), Some(person), end.clone().into()).await;
    let Err(CommandError::Rejected(refused)) = foreign else {
        panic!("another's engagement was ended: {foreign:?}");
    };
    assert_eq!(refused.reason, Reason::NotFound);
    let request = Request::new(operator(2), bench.request(), "test/End", Some(person), end.into());
    let floor = bench.house.commands.all();
    let told = floor.execute::<Person>(request.clone()).await.unwrap();
    let again = floor.execute::<Person>(request).await.unwrap();
    assert!(again.repeated);
    assert_eq!((again.revision, again.state), (told.revision, told.state));
}

#[tokio::test]
async fn a_record_that_was_found_takes_off_duty_as_a_bar_does() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let person = bench.person(1).await;
    bench.engage(person, institution, Post::Carer, 1_000).await;
    bench.react().await;
    assert!(
        bench.alerts("barred_engaged").await.is_empty(),
        "a clear query is no record"
    );
    bench.queried(person, true).await;
    bench.react().await;
    let state = bench.person_now(person).await;
    assert_eq!(state.engagements[&1].state, EngagementState::OffDuty);
    let query = bench.records("staffing.RecordQueried.v1").await.pop().unwrap();
    assert_eq!(
        bench.alerts("barred_engaged").await,
        [(institution, query.id.to_string())]
    );
}

#[tokio::test]
async fn whoever_was_cleared_before_the_reactor_came_is_not_taken_off_duty_late() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let person = bench.person(1).await;
    bench.engage(person, institution, Post::Carer, 1_000).await;
    bench.bar(person).await;
    let lift = LiftBar {
        decision_number: "杭卫复〔2026〕1号".to_owned(),
        reason: Sensitive::new("撤销"),
    };
    let lifted = bench
        .ask::<yujian_domain::person::Person>(officer("3301"), Some(person), lift.into())
        .await;
    lifted.unwrap();
    let counts = bench.react().await;
    assert!(bench.records("staffing.TakenOffDuty.v1").await.is_empty());
    assert_eq!(
        bench.alerts("barred_engaged").await.len(),
        1,
        "that it was so stays told"
    );
    assert_eq!(counts.failed, 0);
}

#[tokio::test]
async fn more_than_full_time_and_two_houses_in_charge_are_flagged_at_each_institution() {
    let bench = Bench::new().await;
    let mut institutions = [bench.house.registered(1).await, bench.house.registered(2).await];
    institutions.sort();
    let flagged = |period: &str| -> Vec<_> { institutions.iter().map(|one| (*one, period.to_owned())).collect() };

    // As much as full time, in two posts: nothing to say.
    let honest = bench.person(1).await;
    bench.engage(honest, institutions[0], Post::Carer, 500).await;
    bench.engage(honest, institutions[1], Post::Carer, 500).await;
    bench.react().await;
    assert!(bench.alerts("double_engagement").await.is_empty());

    // A permille more, by a change of post.
    let change = ChangePost {
        engagement: 2,
        post: Post::Carer,
        share_permille: 501,
        from_date: date("2026-03-02"),
    };
    bench.on(honest, change).await.unwrap();
    bench.react().await;
    assert_eq!(bench.alerts("double_engagement").await, flagged("1,2@5"));

    // Put right, and wrong again: told again. Another post with as much changes nothing.
    for (post, share_permille) in [(Post::Carer, 500), (Post::Carer, 502), (Post::Cook, 502)] {
        let change = ChangePost {
            engagement: 2,
            post,
            share_permille,
            from_date: date("2026-03-02"),
        };
        bench.on(honest, change).await.unwrap();
    }
    bench.react().await;
    let mut both = [flagged("1,2@5"), flagged("1,2@7")].concat();
    both.sort();
    assert_eq!(bench.alerts("double_engagement").await, both);

    // In charge of two, whatever the shares; a third engagement in another post has no part in it.
    let in_charge = bench.person(2).await;
    let third = bench.house.registered(3).await;
    bench.engage(in_charge, third, Post::Cook, 100).await;
    bench
        .engage(in_charge, institutions[0], Post::PersonInCharge, 100)
        .await;
    bench
        .engage(in_charge, institutions[1], Post::PersonInCharge, 100)
        .await;
    bench.react().await;
    let all = bench.alerts("double_engagement").await;
    let second: Vec<_> = all.into_iter().filter(|(_, period)| period == "2,3@5").collect();
    assert_eq!(second, flagged("2,3@5"));

    let length = bench.length().await;
    bench.forget();
    bench.react().await;
    assert_eq!(bench.length().await, length);
}

#[tokio::test]
async fn a_credential_that_ends_is_flagged_where_a_post_rests_on_it() {
    let bench = Bench::new().await;
    let (first, second) = (bench.house.registered(1).await, bench.house.registered(2).await);
    let person = bench.person(1).await;
    let credential = bench.verified(person, 1, None).await;
    let spare = bench.verified(person, 2, None).await;
    bench.engage(person, first, Post::Carer, 500).await;
    bench.engage(person, second, Post::Cook, 500).await;
    bench.revoked(person, credential).await;
    bench.react().await;
    assert!(
        bench.alerts("credential_ended").await.is_empty(),
        "the other certificate serves as well"
    );
    bench.revoked(person, spare).await;
    bench.react().await;
    // The cook's post asks for none.
    assert_eq!(bench.alerts("credential_ended").await, [(first, spare.to_string())]);
}

#[tokio::test]
async fn a_credential_expires_on_the_day_after_its_last_however_late_anybody_wakes() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let person = bench.person(1).await;
    let credential = bench.verified(person, 1, Some("2026-03-04")).await;
    let unverified = bench.told(person, 2, Some("2026-03-04")).await.unwrap();
    bench.engage(person, institution, Post::Carer, 1_000).await;
    let mut reactors = reactors(&bench.house, bench.directory.path()).await;
    // 2026-03-02 10:00 in Shanghai until the last instant of the 4th.
    reactors.run_until_idle().await.unwrap();
    bench
        .house
        .pass(SignedDuration::from_hours(62) - SignedDuration::from_secs(1));
    reactors.run_until_idle().await.unwrap();
    assert!(bench.records("staffing.CredentialExpired.v1").await.is_empty());
    // Three days late.
    bench.days(3);
    reactors.run_until_idle().await.unwrap();
    let expired = bench.records("staffing.CredentialExpired.v1").await;
    assert_eq!(expired.len(), 1);
    assert_eq!(
        metadata(&expired[0]).effective_from,
        Some(start_of(date("2026-03-05"))),
        "the effect is that of its time"
    );
    let verified = bench.records("staffing.CredentialVerified.v1").await;
    assert_eq!(metadata(&expired[0]).causation, Some(verified[0].id));
    let state = bench.person_now(person).await;
    assert_eq!(state.credentials[&credential].state, CredentialState::Expired);
    assert_eq!(
        state.credentials.last_key_value().unwrap().1.state,
        CredentialState::Claimed,
        "what was never verified does not expire: {:?}",
        unverified.event_types
    );
    assert_eq!(
        bench.alerts("credential_ended").await,
        [(institution, credential.to_string())]
    );

    let length = bench.length().await;
    bench.forget();
    let counts = bench.react().await;
    assert_eq!((bench.length().await, counts.failed), (length, 0));
    assert!(counts.fired > 0, "the timers are set anew, and find nothing to do");
}
