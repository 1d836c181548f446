//! Request ids hold for ever.

use uuid::Uuid;
use yujian_domain::rejection::Reason;

use crate::house::{House, change, officer, reason, register};

const REQUEST: Uuid = Uuid::from_u128(0xa);
const OTHER: Uuid = Uuid::from_u128(0xb);

fn nth(number: u32) -> Uuid {
    Uuid::from_u128(0x1000 + u128::from(number))
}

#[tokio::test]
async fn a_repetition_is_answered_as_of_then_however_much_has_happened_since() {
    let house = House::new().await;
    let id = house.registered(1).await;
    let first = house.execute(change(1, id, REQUEST, "文一路1号")).await.unwrap();
    // Past a page of the fold.
    for number in 0..600 {
        house
            .execute(change(1, id, nth(number), &format!("文二路{number}号")))
            .await
            .unwrap();
    }
    let end = *yujian_eventlog::EventLog::head(house.log.as_ref()).borrow();
    for floor in [house.commands.clone(), house.another_floor().await] {
        let again = floor.execute(change(1, id, REQUEST, "文一路1号")).await.unwrap();
        assert!(again.repeated);
        assert_eq!(again.state.address.as_deref(), Some("文一路1号"));
        assert_eq!((again.revision, again.position), (first.revision, first.position));
        assert_eq!(again.event_types, first.event_types);
        let created = floor.execute(register(1, Uuid::from_u128(1))).await.unwrap();
        assert!(created.repeated && created.id == id && created.revision == 0);
    }
    assert_eq!(
        *yujian_eventlog::EventLog::head(house.log.as_ref()).borrow(),
        end,
        "a repetition appends nothing"
    );
}

#[tokio::test]
async fn the_same_id_with_another_body_is_refused() {
    let house = House::new().await;
    let id = house.registered(1).await;
    house.execute(change(1, id, REQUEST, "文一路1号")).await.unwrap();
    assert_eq!(
        reason(house.execute(change(1, id, REQUEST, "文一路2号")).await),
        Reason::RequestIdReused
    );
    let mut other_method = change(1, id, REQUEST, "文一路1号");
    other_method.method = "test/Other";
    assert_eq!(reason(house.execute(other_method).await), Reason::RequestIdReused);
}

#[tokio::test]
async fn a_request_id_belongs_to_an_organisation_and_a_target() {
    let house = House::new().await;
    let (id, neighbour) = (house.registered(1).await, house.registered(2).await);
    let first = house.execute(change(1, id, REQUEST, "文一路1号")).await.unwrap();
    // The same id from another organisation, and for another target, is another request.
    let mut by_officer = change(1, id, REQUEST, "文一路9号");
    by_officer.actor = officer("330106");
    assert!(!house.execute(by_officer).await.unwrap().repeated);
    assert!(
        !house
            .execute(change(2, neighbour, REQUEST, "文一路2号"))
            .await
            .unwrap()
            .repeated
    );
    // From a colleague within the organisation it is the same.
    let mut by_colleague = change(1, id, REQUEST, "文一路1号");
    by_colleague.actor.id = "colleague".to_owned();
    let again = house.execute(by_colleague).await.unwrap();
    assert!(again.repeated && again.revision == first.revision);
    // A creation's id hangs on the scope: two organisations never meet in one stream.
    assert_ne!(
        house.execute(register(3, OTHER)).await.unwrap().id,
        house.execute(register(4, OTHER)).await.unwrap().id
    );
}

#[tokio::test]
async fn fingerprints_of_older_key_epochs_are_still_known() {
    let house = House::new().await;
    let id = house.registered(1).await;
    house.execute(change(1, id, REQUEST, "文一路1号")).await.unwrap();
    house.keys.rotate_epoch().unwrap();
    let floor = house.another_floor().await;
    assert!(
        floor
            .execute(change(1, id, REQUEST, "文一路1号"))
            .await
            .unwrap()
            .repeated
    );
    assert_eq!(
        reason(floor.execute(change(1, id, REQUEST, "文一路2号")).await),
        Reason::RequestIdReused
    );
    assert!(!floor.execute(change(1, id, OTHER, "文一路3号")).await.unwrap().repeated);
}

#[tokio::test]
async fn a_refusal_is_decided_anew() {
    let house = House::new().await;
    let id = house.registered(1).await;
    let refused = house
        .execute(change(1, id, REQUEST, "浙江省杭州市西湖区文三路1号"))
        .await;
    assert_eq!(reason(refused), Reason::NothingToDo);
    house.execute(change(1, id, OTHER, "文一路1号")).await.unwrap();
    let now = house
        .execute(change(1, id, REQUEST, "浙江省杭州市西湖区文三路1号"))
        .await
        .unwrap();
    assert!(!now.repeated);
}

#[tokio::test]
async fn validate_only_decides_and_appends_nothing() {
    let house = House::new().await;
    let id = house.registered(1).await;
    let before = house.log.records().await.len();
    let mut creation = register(2, REQUEST);
    creation.validate_only = true;
    let preview = house.execute(creation).await.unwrap();
    assert_eq!((preview.position, preview.revision), (None, 0));
    assert_eq!(preview.state.name, "西湖测试托育园2");
    let mut changed = change(1, id, REQUEST, "文一路1号");
    changed.validate_only = true;
    let preview = house.execute(changed).await.unwrap();
    assert_eq!((preview.position, preview.revision), (None, 1));
    assert_eq!(preview.state.address.as_deref(), Some("文一路1号"));
    assert_eq!(house.log.records().await.len(), before, "no event, and no claim");
    // The id is still free, for whatever body.
    assert!(
        !house
            .execute(change(1, id, REQUEST, "文一路2号"))
            .await
            .unwrap()
            .repeated
    );
}
