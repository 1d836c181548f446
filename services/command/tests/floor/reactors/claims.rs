//! Claims on certificates, and claims that are given back.

use jiff::SignedDuration;
use uuid::Uuid;
use yujian_command::{CommandError, Request};
use yujian_domain::person::Person;
use yujian_domain::rejection::{Reason, Rejection};

use super::bench::{Bench, certificate, metadata};
use crate::house::{officer, reason, register};

fn refused<T: std::fmt::Debug>(outcome: Result<T, CommandError>) -> Rejection {
    match outcome {
        Err(CommandError::Rejected(rejection)) => *rejection,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn the_site_of_an_institution_that_closed_is_released_once_and_free_at_once() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let other = bench.house.registered(2).await;
    bench.closed(institution).await;
    bench.react().await;
    bench.forget();
    bench.react().await;
    let released = bench.records("key.Released.v1").await;
    assert_eq!(released.len(), 1, "{other} keeps its claim");
    let closed = bench.records("licensing.InstitutionClosed.v1").await;
    assert_eq!(metadata(&released[0]).causation, Some(closed[0].id));
    let again = Uuid::from_u128(0xb);
    bench.house.execute(register(1, again)).await.unwrap();
    assert_eq!(
        reason(bench.house.execute(register(1, Uuid::from_u128(0xc))).await),
        Reason::DuplicateClaim
    );

    // The release is done with: the new owner's claim stands, however often the old cause is seen.
    bench.forget();
    bench.react().await;
    assert_eq!(bench.records("key.Released.v1").await.len(), 1);
}

#[tokio::test]
async fn a_site_is_free_again_before_any_reactor_came() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    bench.closed(institution).await;
    bench.house.execute(register(1, Uuid::from_u128(0xb))).await.unwrap();
    bench.react().await;
    assert!(bench.records("key.Released.v1").await.is_empty(), "it is another one's");
    assert_eq!(
        reason(bench.house.execute(register(1, Uuid::from_u128(0xc))).await),
        Reason::DuplicateClaim
    );
}

#[tokio::test]
async fn an_identity_is_registered_once_and_the_refusal_says_as_whom() {
    let bench = Bench::new().await;
    let person = bench.registered(1).await;
    let records = bench.records("staffing.PersonRegistered.v1").await;
    assert_eq!(records.len(), 1);
    let again = refused(bench.try_registered(1).await);
    assert_eq!(again.reason, Reason::DuplicateClaim);
    assert_eq!(again.metadata["resource"], format!("persons/{person}"));
    assert!(!format!("{again:?}").contains("E00000001"), "no number in a refusal");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_thirty_two_who_tell_of_one_certificate_at_once_one_gets_it() {
    let bench = Bench::new().await;
    let mut persons = Vec::new();
    for number in 0..32 {
        persons.push(bench.registered(number).await);
    }
    let other = bench.house.another_floor().await;
    let mut rivals = tokio::task::JoinSet::new();
    for (index, person) in persons.into_iter().enumerate() {
        let floor = if index % 2 == 0 {
            bench.house.commands.clone()
        } else {
            other.clone()
        };
        let request = Request::new(
            officer("33"),
            bench.request(),
            "test/Claim",
            Some(person),
            certificate(1, None).into(),
        );
        rivals.spawn(async move { floor.all().execute::<Person>(request).await });
    }
    let (done, lost): (Vec<_>, Vec<_>) = rivals.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for lost in lost {
        let reason = refused(lost).reason;
        assert!(
            matches!(reason, Reason::ClaimPending | Reason::DuplicateClaim),
            "{reason:?}"
        );
    }
    assert_eq!(bench.records("staffing.CredentialClaimed.v1").await.len(), 1);
}

#[tokio::test]
async fn a_certificate_that_a_dead_command_claimed_is_pending_and_then_taken_over() {
    let bench = Bench::new().await;
    let (first, second) = (bench.registered(1).await, bench.registered(2).await);
    bench.house.log.fail_next("person");
    assert!(matches!(bench.told(first, 1, None).await, Err(CommandError::Log(_))));
    assert_eq!(refused(bench.told(second, 1, None).await).reason, Reason::ClaimPending);
    // Asking only says the same, and changes nothing.
    let length = bench.length().await;
    let mut asked = Request::new(
        officer("33"),
        bench.request(),
        "test/Claim",
        Some(second),
        certificate(1, None).into(),
    );
    asked.validate_only = true;
    let asked = bench.house.commands.all().execute::<Person>(asked).await;
    assert_eq!(refused(asked).reason, Reason::ClaimPending);
    assert_eq!(bench.length().await, length);

    bench.house.pass(SignedDuration::from_secs(10 * 60 + 1));
    bench.told(second, 1, None).await.unwrap();
    // The first one is late, and is told so.
    assert_eq!(refused(bench.told(first, 1, None).await).reason, Reason::DuplicateClaim);
    assert_eq!(
        bench.records("key.Claimed.v1").await.len(),
        2 + 2,
        "two persons, two claims"
    );
}

#[tokio::test]
async fn who_comes_back_in_time_keeps_the_certificate() {
    let bench = Bench::new().await;
    let (first, second) = (bench.registered(1).await, bench.registered(2).await);
    bench.house.log.fail_next("person");
    assert!(bench.told(first, 1, None).await.is_err());
    bench.house.pass(SignedDuration::from_mins(9));
    bench.told(first, 1, None).await.unwrap();
    bench.days(400);
    assert_eq!(
        refused(bench.told(second, 1, None).await).reason,
        Reason::DuplicateClaim
    );
}

#[tokio::test]
async fn a_rejected_or_revoked_certificate_is_released_and_free_at_once() {
    let bench = Bench::new().await;
    let (first, second) = (bench.registered(1).await, bench.registered(2).await);
    bench.told(first, 1, None).await.unwrap();
    bench.rejected(first, 1).await;
    bench.react().await;
    bench.verified(second, 1, None).await;
    bench.revoked(second, 1).await;
    bench.react().await;
    bench.told(first, 1, None).await.unwrap();
    assert_eq!(bench.records("key.Released.v1").await.len(), 2);
    bench.forget();
    bench.react().await;
    assert_eq!(bench.records("key.Released.v1").await.len(), 2);
    assert_eq!(
        refused(bench.told(second, 1, None).await).reason,
        Reason::DuplicateClaim
    );
}

#[tokio::test]
async fn a_release_gives_way_to_a_claim_that_its_owner_has_made_anew() {
    let bench = Bench::new().await;
    let person = bench.registered(1).await;
    bench.told(person, 1, None).await.unwrap();
    bench.rejected(person, 1).await;
    // Told again, and dead between claim and event: the claim is newer than the rejection.
    bench.house.log.fail_next("person");
    assert!(bench.told(person, 1, None).await.is_err());
    bench.react().await;
    assert!(bench.records("key.Released.v1").await.is_empty());
    bench.told(person, 1, None).await.unwrap();
}
