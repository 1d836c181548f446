//! Uniqueness across streams, also when a process dies between a claim and the creation that it is for.

use jiff::SignedDuration;
use uuid::Uuid;
use yujian_command::CommandError;
use yujian_domain::rejection::Reason;

use crate::house::{House, Outcomes, officer, reason, register};

const FIRST: Uuid = Uuid::from_u128(0xa);
const SECOND: Uuid = Uuid::from_u128(0xb);
const THIRD: Uuid = Uuid::from_u128(0xc);

fn died(outcome: Outcomes) {
    assert!(matches!(outcome, Err(CommandError::Log(_))), "{outcome:?}");
}

/// A house in which the first request for site 1 claimed it and died before the creation.
async fn house_with_an_orphaned_claim() -> House {
    let house = House::new().await;
    house.log.fail_next("institution");
    died(house.execute(register(1, FIRST)).await);
    assert_eq!(house.log.types("key-").await, ["key.Claimed.v1"]);
    assert!(house.log.types("institution-").await.is_empty());
    house
}

#[tokio::test]
async fn a_living_owner_keeps_its_claim_for_ever() {
    let house = House::new().await;
    house.registered(1).await;
    assert_eq!(reason(house.execute(register(1, SECOND)).await), Reason::DuplicateClaim);
    house.pass(SignedDuration::from_hours(24 * 400));
    let mut asked_by_another = register(1, SECOND);
    asked_by_another.actor = officer("330106");
    assert_eq!(reason(house.execute(asked_by_another).await), Reason::DuplicateClaim);
    assert_eq!(house.log.types("institution-").await.len(), 1);
}

#[tokio::test]
async fn a_retry_finds_its_own_claim_whenever_it_comes() {
    let house = house_with_an_orphaned_claim().await;
    house.pass(SignedDuration::from_hours(24));
    let outcome = house.another_floor().await.execute(register(1, FIRST)).await.unwrap();
    assert_eq!((outcome.revision, outcome.repeated), (0, false));
    assert_eq!(house.log.types("key-").await, ["key.Claimed.v1"], "claimed once");
    assert_eq!(reason(house.execute(register(1, SECOND)).await), Reason::DuplicateClaim);
}

#[tokio::test]
async fn a_claim_without_owner_is_pending_for_ten_minutes_and_then_taken_over() {
    let house = house_with_an_orphaned_claim().await;
    assert_eq!(reason(house.execute(register(1, SECOND)).await), Reason::ClaimPending);
    house.pass(SignedDuration::from_secs(10 * 60 - 1));
    assert_eq!(reason(house.execute(register(1, SECOND)).await), Reason::ClaimPending);
    // A second more: recorded times lie nanoseconds after a clock that stands still.
    house.pass(SignedDuration::from_secs(2));
    let taken = house.execute(register(1, SECOND)).await.unwrap();
    assert_eq!(taken.event_types, ["licensing.InstitutionRegistered.v1"]);
    assert_eq!(house.log.types("key-").await, ["key.Claimed.v1", "key.Claimed.v1"]);

    // The late owner can't appear any more, on whichever node it asks; the new one lives.
    assert_eq!(
        reason(house.execute(register(1, FIRST)).await),
        Reason::RequestAbandoned
    );
    let elsewhere = house.another_floor().await;
    assert_eq!(
        reason(elsewhere.execute(register(1, FIRST)).await),
        Reason::RequestAbandoned
    );
    assert_eq!(reason(house.execute(register(1, THIRD)).await), Reason::DuplicateClaim);
    let again = house.execute(register(1, SECOND)).await.unwrap();
    assert!(again.repeated && again.id == taken.id && again.position == taken.position);
}

#[tokio::test]
async fn a_take_over_that_dies_half_way_is_finished_by_its_retry() {
    let house = house_with_an_orphaned_claim().await;
    house.pass(SignedDuration::from_mins(11));
    // Abandoned, and dead before the claim changed hands.
    house.log.fail_next("key");
    died(house.execute(register(1, SECOND)).await);
    assert_eq!(house.log.types("institution-").await, ["key.CreationAbandoned.v1"]);
    assert_eq!(
        reason(house.execute(register(1, FIRST)).await),
        Reason::RequestAbandoned
    );
    // The claim has changed hands, and dead before the creation.
    house.log.fail_next("institution");
    died(house.execute(register(1, SECOND)).await);
    // Its ten minutes begin with its own claim.
    house.pass(SignedDuration::from_mins(9));
    assert_eq!(reason(house.execute(register(1, THIRD)).await), Reason::ClaimPending);
    house.execute(register(1, SECOND)).await.unwrap();
    let types = house.log.types("institution-").await;
    assert_eq!(
        types,
        ["key.CreationAbandoned.v1", "licensing.InstitutionRegistered.v1"]
    );
}

#[tokio::test]
async fn claims_of_older_key_epochs_are_found() {
    let house = house_with_an_orphaned_claim().await;
    house.keys.rotate_epoch().unwrap();
    house.registered(2).await;
    house.keys.rotate_epoch().unwrap();
    // The orphan's own retry, a rival of a living owner, and a take-over: each finds the claim where it stands.
    assert_eq!(reason(house.execute(register(2, SECOND)).await), Reason::DuplicateClaim);
    assert_eq!(reason(house.execute(register(1, SECOND)).await), Reason::ClaimPending);
    house.pass(SignedDuration::from_secs(10 * 60 + 1));
    house.execute(register(1, SECOND)).await.unwrap();
    assert_eq!(
        reason(house.execute(register(1, FIRST)).await),
        Reason::RequestAbandoned
    );
    let records = house.log.records().await;
    let mut streams: Vec<&str> = records.iter().map(|record| record.stream.as_str()).collect();
    streams.retain(|stream| stream.starts_with("key-"));
    streams.sort_unstable();
    streams.dedup();
    assert_eq!(streams.len(), 2, "one stream a site, whatever the epoch: {streams:?}");
    assert!(streams[0].starts_with("key-site.e1.") && streams[1].starts_with("key-site.e2."));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_rivals_at_once_one_registers() {
    let house = House::new().await;
    let other = house.another_floor().await;
    let mut rivals = tokio::task::JoinSet::new();
    for number in 0..32 {
        let floor = if number % 2 == 0 {
            house.commands.clone()
        } else {
            other.clone()
        };
        rivals.spawn(async move { floor.execute(register(1, Uuid::from_u128(100 + number))).await });
    }
    let (done, refused): (Vec<Outcomes>, Vec<_>) = rivals.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for refused in refused {
        let reason = reason(refused);
        assert!(
            matches!(reason, Reason::ClaimPending | Reason::DuplicateClaim),
            "{reason:?}"
        );
    }
    assert_eq!(
        house.log.types("institution-").await,
        ["licensing.InstitutionRegistered.v1"]
    );
}
