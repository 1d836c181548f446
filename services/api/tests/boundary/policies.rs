//! PolicyService: every method with a caller who may and with what it refuses. Who may not is turned away in `every`.

use prost::Message;
use tonic::Code;
use yujian_domain::reference::Reference;
use yujian_proto::licensing::v1 as licensing;
use yujian_proto::supervision::v1::Source;

use crate::house::*;

const REQUEST: &str = "00000000-0000-0000-0000-0000000000a1";
const OTHER_REQUEST: &str = "00000000-0000-0000-0000-0000000000a2";

/// The national admission rules in a next version, from a day on; the house's today is 2026-03-02.
fn next_version(from: &str) -> String {
    let shipped = Reference::shipped_policies();
    let latest = shipped.iter().rfind(|policy| policy.id == "cn-admission").unwrap();
    latest
        .document
        .replacen("version = 3", "version = 4", 1)
        .replacen(
            "effective_date = \"2025-06-01\"",
            &format!("effective_date = \"{from}\""),
            1,
        )
        .replacen("value = 5\n", "value = 4\n", 1)
}

fn activation(document: String) -> licensing::ActivatePolicyRequest {
    licensing::ActivatePolicyRequest {
        request_id: REQUEST.to_owned(),
        document,
        ..Default::default()
    }
}

async fn listed(house: &House, request: licensing::ListPoliciesRequest) -> Vec<licensing::Policy> {
    let reply = house.policies().list_policies(by(OFFICER, request)).await.unwrap();
    reply.into_inner().policies
}

#[tokio::test]
async fn documents_are_listed_with_how_they_became_active() {
    let house = House::start().await;
    let all = listed(&house, Default::default()).await;
    assert_eq!(all.len(), Reference::shipped_policies().len());
    let licence = all.iter().find(|policy| policy.id == "cn-licence").unwrap();
    assert_eq!((licence.kind(), licence.version), (licensing::PolicyKind::Licence, 1));
    assert_eq!(licence.activation, None, "shipped, not active");
    let admission = all.iter().find(|policy| policy.id == "cn-admission").unwrap();
    let first = admission.activation.as_ref().unwrap();
    assert_eq!((first.account.as_str(), first.approver.as_str()), ("yujian", ""));
    assert_eq!(first.time.unwrap().seconds, 1_772_413_200, "2026-03-02T01:00:00Z");
    let kind = Some(licensing::PolicyKind::Admission.into());
    let shanghai = licensing::ListPoliciesRequest {
        kind,
        region_code: "310000".to_owned(),
    };
    let ids: Vec<String> = listed(&house, shanghai)
        .await
        .into_iter()
        .map(|policy| policy.id)
        .collect();
    assert_eq!(ids, ["cn-sh-admission"]);
    let nation = licensing::ListPoliciesRequest {
        kind,
        region_code: "CN".to_owned(),
    };
    let versions: Vec<u32> = listed(&house, nation)
        .await
        .iter()
        .map(|policy| policy.version)
        .collect();
    assert_eq!(versions, [1, 2, 3]);
}

#[tokio::test]
async fn a_document_is_shown_with_its_values_and_their_marks() {
    let house = House::start().await;
    let get = |id: &str, version| licensing::GetPolicyRequest {
        id: id.to_owned(),
        version,
    };
    let latest = house
        .policies()
        .get_policy(by(OFFICER, get("cn-admission", None)))
        .await;
    let latest = latest.unwrap().into_inner();
    assert_eq!(latest.policy.unwrap().version, 3);
    let first = house
        .policies()
        .get_policy(by(AUDITOR, get("cn-admission", Some(1))))
        .await;
    let first = first.unwrap().into_inner();
    assert!(first.document.contains("version = 1"));
    let receipt = first
        .values
        .iter()
        .find(|value| value.path == "values.receipt_working_days")
        .unwrap();
    assert_eq!((receipt.value.as_str(), receipt.source()), ("5", Source::Ministry));
    assert_eq!(receipt.article, "§9");
    for absent in [get("cn-admission", Some(9)), get("cn-nothing", None)] {
        let refused = house.policies().get_policy(by(OFFICER, absent)).await.unwrap_err();
        assert_eq!(why(&refused), is(Code::NotFound, "NOT_FOUND"));
    }
    let unnamed = house
        .policies()
        .get_policy(by(OFFICER, get("", None)))
        .await
        .unwrap_err();
    assert_eq!(why(&unnamed), is(Code::InvalidArgument, "INVALID_FIELD"));
}

#[tokio::test]
async fn a_document_that_is_being_written_is_checked_and_compared() {
    let house = House::start().await;
    let end = house.head();
    let check = |document: String| licensing::CheckPolicyRequest { document };
    let reply = house
        .policies()
        .check_policy(by(OFFICER, check(next_version("2026-05-01"))))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.policy.unwrap().version, 4);
    assert_eq!(reply.in_force.unwrap().version, 3);
    let paths: Vec<&str> = reply.differences.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["values.receipt_working_days"]);
    assert_eq!(reply.differences[0].after.as_deref(), Some("4"));
    assert!(reply.values.len() > 50);
    let wrong = next_version("2026-05-01").replace("[values.max_returns]", "[values.max_return]");
    let refused = house
        .policies()
        .check_policy(by(OFFICER, check(wrong)))
        .await
        .unwrap_err();
    assert_eq!(fields(&refused)[0], "document.values.max_return");
    assert_eq!(house.head(), end, "nothing is stored");
}

#[tokio::test]
async fn a_document_is_tried_activated_and_repeated() {
    let house = House::start().await;
    let request = activation(next_version("2026-03-03"));
    let end = house.head();
    let tried = licensing::ActivatePolicyRequest {
        validate_only: true,
        ..request.clone()
    };
    let tried = house
        .policies()
        .activate_policy(by(ADMINISTRATOR, tried))
        .await
        .unwrap();
    let tried = tried.into_inner();
    assert_eq!((tried.position.as_str(), tried.policy.unwrap().activation), ("", None));
    assert_eq!(house.head(), end, "validate_only appends nothing");

    let done = house
        .policies()
        .activate_policy(by(ADMINISTRATOR, request.clone()))
        .await;
    let done = done.unwrap().into_inner();
    assert_eq!(done.position, house.head());
    let activation = done.policy.clone().unwrap().activation.unwrap();
    assert_eq!(
        (activation.account.as_str(), activation.position.clone()),
        ("root-01", done.position.clone())
    );
    let again = house
        .policies()
        .activate_policy(by(ADMINISTRATOR, request.clone()))
        .await;
    let again = again.unwrap().into_inner();
    assert_eq!(
        again.encode_to_vec(),
        done.encode_to_vec(),
        "a repetition gets the first answer"
    );
    assert_eq!(house.head(), done.position);

    let other = licensing::ActivatePolicyRequest {
        document: next_version("2026-03-04"),
        ..request.clone()
    };
    let refused = house
        .policies()
        .activate_policy(by(ADMINISTRATOR, other.clone()))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "REQUEST_ID_REUSED"));
    let altered = licensing::ActivatePolicyRequest {
        request_id: OTHER_REQUEST.to_owned(),
        ..other
    };
    let refused = house
        .policies()
        .activate_policy(by(ADMINISTRATOR, altered))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::AlreadyExists, "ALREADY_EXISTS"));
    let twice = licensing::ActivatePolicyRequest {
        request_id: OTHER_REQUEST.to_owned(),
        ..request
    };
    let refused = house
        .policies()
        .activate_policy(by(ADMINISTRATOR, twice))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::FailedPrecondition, "NOTHING_TO_DO"));
}

#[tokio::test]
async fn what_reaches_back_takes_another_person() {
    let house = House::start().await;
    let request = activation(next_version("2026-03-02"));
    let alone = house
        .policies()
        .activate_policy(by(ADMINISTRATOR, request.clone()))
        .await
        .unwrap_err();
    assert_eq!(why(&alone), is(Code::InvalidArgument, "INVALID_FIELD"));
    assert_eq!(fields(&alone)[0], "approver");
    let approved_by = |approver: &str| licensing::ActivatePolicyRequest {
        approver: approver.to_owned(),
        ..request.clone()
    };
    let same = house
        .policies()
        .activate_policy(by(ADMINISTRATOR, approved_by("root-01")))
        .await;
    assert_eq!(why(&same.unwrap_err()), is(Code::FailedPrecondition, "TWO_PERSON_RULE"));
    let done = house
        .policies()
        .activate_policy(by(ADMINISTRATOR, approved_by("director-7")))
        .await;
    let policy = done.unwrap().into_inner().policy.unwrap();
    assert_eq!(policy.activation.unwrap().approver, "director-7");
}

#[tokio::test]
async fn the_rule_of_the_act_stands_beside_that_of_the_decision() {
    let house = House::start().await;
    let compare = |act: Option<yujian_proto::common::v1::Date>| licensing::ComparePoliciesRequest {
        kind: licensing::PolicyKind::Staffing.into(),
        region_code: "330106".to_owned(),
        act_date: act,
        decision_date: day(2026, 3, 2),
    };
    let reply = house
        .policies()
        .compare_policies(by(OFFICER, compare(day(2023, 5, 1))))
        .await;
    let reply = reply.unwrap().into_inner();
    assert_eq!(
        (reply.at_act.unwrap().version, reply.at_decision.unwrap().version),
        (1, 2)
    );
    let paths: Vec<&str> = reply.differences.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["posts.person_in_charge.management_hours"]);
    let one = &reply.differences[0];
    assert_eq!((one.before.as_deref(), one.after.as_deref()), (Some("0"), Some("60")));

    let before_all = house
        .policies()
        .compare_policies(by(OFFICER, compare(day(2020, 1, 1))))
        .await;
    let before_all = before_all.unwrap().into_inner();
    assert_eq!(before_all.at_act, None);
    assert!(before_all.at_decision.is_some());
    let never = licensing::ComparePoliciesRequest {
        kind: licensing::PolicyKind::Licence.into(),
        ..compare(day(2023, 5, 1))
    };
    let refused = house.policies().compare_policies(by(OFFICER, never)).await.unwrap_err();
    assert_eq!(why(&refused), is(Code::FailedPrecondition, "POLICY_NOT_IN_FORCE"));
    let empty = house
        .policies()
        .compare_policies(by(OFFICER, Default::default()))
        .await
        .unwrap_err();
    let fields = fields(&empty);
    assert_eq!(fields, ["kind", "region_code", "act_date", "decision_date"]);
}

#[tokio::test]
async fn the_next_holiday_table_is_activated_and_listed() {
    let house = House::start().await;
    let list = |year| licensing::ListHolidaysRequest { year };
    let holidays = |year| {
        let mut client = house.policies();
        async move {
            client
                .list_holidays(by(OFFICER, list(year)))
                .await
                .unwrap()
                .into_inner()
        }
    };
    let before = holidays(Some(2026)).await;
    assert_eq!(before.covered_until, day(2026, 12, 31));
    assert_eq!(before.tables.len(), 1);
    let off = before.days.iter().filter(|day| day.off).count();
    assert!(off > 20 && before.days.iter().any(|day| !day.off && day.name == "春节"));
    assert!(before.days.iter().all(|day| day.date.unwrap().year == 2026));

    let table = format!("{}2027-01-01,元旦,off,2027\n", Reference::shipped_holidays().document);
    let request = licensing::ActivateHolidaysRequest {
        request_id: REQUEST.to_owned(),
        table,
        source: "国办发明电〔2026〕7号".to_owned(),
        ..Default::default()
    };
    let tried = licensing::ActivateHolidaysRequest {
        validate_only: true,
        ..request.clone()
    };
    let tried = house
        .policies()
        .activate_holidays(by(ADMINISTRATOR, tried))
        .await
        .unwrap();
    let tried = tried.into_inner().table.unwrap();
    assert_eq!((tried.last_year, tried.activation), (2027, None));
    let done = house
        .policies()
        .activate_holidays(by(ADMINISTRATOR, request.clone()))
        .await;
    let done = done.unwrap().into_inner();
    assert_eq!(done.position, house.head());
    let again = house
        .policies()
        .activate_holidays(by(ADMINISTRATOR, request.clone()))
        .await;
    assert_eq!(again.unwrap().into_inner().encode_to_vec(), done.encode_to_vec());
    let after = holidays(Some(2027)).await;
    assert_eq!(
        (after.covered_until, after.days.len(), after.tables.len()),
        (day(2027, 12, 31), 1, 2)
    );
    assert_eq!(after.tables[1].source, "国办发明电〔2026〕7号");

    let wrong = licensing::ActivateHolidaysRequest {
        request_id: OTHER_REQUEST.to_owned(),
        table: "date,name\n".to_owned(),
        ..Default::default()
    };
    let refused = house
        .policies()
        .activate_holidays(by(ADMINISTRATOR, wrong))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "INVALID_FIELD"));
    let empty = house
        .policies()
        .activate_holidays(by(ADMINISTRATOR, Default::default()))
        .await
        .unwrap_err();
    let told = fields(&empty);
    assert_eq!(told, ["request_id", "table"]);
}
