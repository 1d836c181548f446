//! The canonical bytes behind request fingerprints. Request ids hold for ever, so the golden values may never change.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use yujian_domain::fingerprint::canonical;

#[test]
fn golden_values_hold() {
    macro_rules! golden {
        ($($name:literal),* $(,)?) => {[$((
            include_str!(concat!("golden/fingerprints/", $name, ".request.json")),
            include_str!(concat!("golden/fingerprints/", $name, ".canonical")),
        )),*]};
    }
    for (request, expected) in golden![
        "register",
        "empty",
        "numbers",
        "lists",
        "texts",
        "register_person",
        "engage",
        "inspection"
    ] {
        let expected = expected.strip_suffix('\n').unwrap();
        let parsed: Value = serde_json::from_str(expected).unwrap();
        let method = parsed["method"].as_str().unwrap();
        let found = canonical(method, &serde_json::from_str(request).unwrap());
        assert_eq!(String::from_utf8(found).unwrap(), expected);
    }
}

#[test]
fn the_answers_of_an_inspection_have_the_golden_form() {
    use yujian_domain::inspection::{Answer, AnswerItems, InspectionCommand, ItemAnswer};
    use yujian_domain::personal::Sensitive;
    let answer = |item: &str, answer, observation: Option<&str>, evidence: &[&str]| ItemAnswer {
        item: item.to_owned(),
        answer,
        observation: observation.map(Sensitive::new),
        evidence: evidence.iter().map(|digest| (*digest).to_owned()).collect(),
    };
    let command = InspectionCommand::from(AnswerItems {
        answers: vec![
            answer("5.1", Answer::Noncompliant, Some("未开展"), &[]),
            answer("1.2", Answer::Compliant, None, &["cd".repeat(32).as_str()]),
        ],
    });
    let golden = include_str!("golden/fingerprints/inspection.canonical").trim_end();
    let found = canonical(
        "yujian.inspection.v1.InspectionService/AnswerItems",
        &serde_json::to_value(&command).unwrap(),
    );
    assert_eq!(String::from_utf8(found).unwrap(), golden);
}

#[test]
fn the_method_is_part_of_it() {
    let request = json!({"a": 1});
    assert_ne!(canonical("one", &request), canonical("other", &request));
}

#[test]
fn what_says_something_stays() {
    let bytes = |request: Value| canonical("m", &request);
    assert_ne!(bytes(json!({"a": 0})), bytes(json!({})));
    assert_ne!(bytes(json!({"a": true})), bytes(json!({})));
    assert_ne!(bytes(json!({"a": [""]})), bytes(json!({"a": []})));
    assert_ne!(bytes(json!({"a": [{}, 1]})), bytes(json!({"a": [1]})));
    assert_ne!(bytes(json!({"a": "1"})), bytes(json!({"a": 1})));
    assert_ne!(bytes(json!({"a": {"b": 1}})), bytes(json!({"a.b": 1})));
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ]
}

fn a_value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn a_request() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[a-z]{1,3}", a_value(), 0..6).prop_map(|members| members.into_iter().collect())
}

/// A member that says nothing.
fn a_default() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        Just(json!([])),
        Just(json!({})),
        Just(json!(false)),
        Just(json!({"inner": {"empty": null}})),
    ]
}

/// The same text of JSON with its members in the opposite order, at every depth.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .rev()
                .map(|(name, member)| format!("{}: {}", json!(name), reversed(member)))
                .collect();
            format!("{{ {} }}", members.join(" , "))
        }
        Value::Array(elements) => format!("[ {} ]", elements.iter().map(reversed).collect::<Vec<_>>().join(" ,")),
        other => other.to_string(),
    }
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.values().all(is_default),
        _ => false,
    }
}

proptest! {
    #[test]
    fn order_and_white_space_do_not_matter(request in a_request()) {
        let request = Value::Object(request);
        let other: Value = serde_json::from_str(&reversed(&request)).unwrap();
        prop_assert_eq!(canonical("m", &request), canonical("m", &other));
    }

    #[test]
    fn added_members_that_say_nothing_do_not_matter(request in a_request(), name in "[A-Z]{1,4}", default in a_default()) {
        let mut longer = request.clone();
        longer.insert(name, default);
        prop_assert_eq!(canonical("m", &Value::Object(request)), canonical("m", &Value::Object(longer)));
    }

    #[test]
    fn another_value_of_a_member_matters(request in a_request(), name in "[A-Z]{1,4}", one in a_value(), other in a_value()) {
        let with = |value: &Value| {
            let mut members = request.clone();
            members.insert(name.clone(), value.clone());
            canonical("m", &Value::Object(members))
        };
        // Members that say nothing inside the values make them equal too; so compare what remains of them.
        let alone = |value: &Value| canonical("m", &json!({"a": value}));
        prop_assert_eq!(with(&one) == with(&other), alone(&one) == alone(&other));
        if !is_default(&one) {
            prop_assert_ne!(with(&one), canonical("m", &Value::Object(request.clone())));
        }
        if one.is_number() || one.is_string() {
            prop_assert_eq!(with(&one) == with(&other), one == other || (is_default(&one) && is_default(&other)));
        }
    }

    #[test]
    fn it_is_json_and_canonical_already(request in a_request()) {
        let bytes = canonical("m", &Value::Object(request));
        let parsed: Value = serde_json::from_slice(&bytes).unwrap();
        let inner = parsed.get("request").cloned().unwrap_or_else(|| json!({}));
        prop_assert_eq!(canonical("m", &inner), bytes);
    }
}
