//! Personal values in answers: opened with the subject's key, masked, and told apart when they can't be shown.

use serde_json::Value;
use yujian_domain::mask::{MaskKind, mask};
use yujian_domain::personal::{CLEAR_MARKER, Personal, SEALED_MARKER};
use yujian_eventlog::keys::{KeyProvider, Opened, SealedValue};
use yujian_proto::common::v1::{PersonalState, PersonalValue};

/// Takes every sealed value out of `value` (leaving `null`) and describes it, masked. `key` is the name under which the
/// value stands, e.g. a fact's key; it tells the kind of mask where the value itself is sealed.
pub(crate) fn reveal(keys: &dyn KeyProvider, key: &str, mut value: Value) -> (String, Vec<PersonalValue>) {
    let mut found = Vec::new();
    take(keys, key, "", &mut value, &mut found);
    (value.to_string(), found)
}

/// One sealed value, masked. `member` is the name under which it stands in its event: it tells the kind of mask.
pub(crate) fn masked(keys: &dyn KeyProvider, member: &str, value: &Personal) -> PersonalValue {
    let sealed = value.sealed().and_then(|sealed| serde_json::to_value(sealed).ok());
    describe(keys, member, "", sealed.as_ref())
}

fn take(keys: &dyn KeyProvider, key: &str, path: &str, value: &mut Value, found: &mut Vec<PersonalValue>) {
    match value {
        Value::Object(members) if members.contains_key(SEALED_MARKER) || members.contains_key(CLEAR_MARKER) => {
            found.push(describe(keys, key, path, members.get(SEALED_MARKER)));
            *value = Value::Null;
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                take(keys, key, &format!("{path}/{name}"), member, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                take(keys, key, &format!("{path}/{index}"), item, found);
            }
        }
        _ => {}
    }
}

fn describe(keys: &dyn KeyProvider, key: &str, path: &str, sealed: Option<&Value>) -> PersonalValue {
    let opened = sealed
        .and_then(|sealed| serde_json::from_value::<SealedValue>(sealed.clone()).ok())
        .map_or(Opened::Damaged, |sealed| keys.open(&sealed));
    let (state, masked) = match opened {
        Opened::Clear(Value::String(text)) => (
            PersonalState::Masked,
            mask(MaskKind::of_path(&format!("{key}{path}")), &text),
        ),
        Opened::Clear(other) => (PersonalState::Masked, mask(MaskKind::Text, &other.to_string())),
        Opened::Erased => (PersonalState::Erased, String::new()),
        Opened::KeyMissing => (PersonalState::KeyMissing, String::new()),
        Opened::Damaged => (PersonalState::Damaged, String::new()),
    };
    PersonalValue {
        path: path.to_owned(),
        state: state.into(),
        masked,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use yujian_eventlog::entropy::Entropy;
    use yujian_eventlog::keys::MemoryKeys;

    use super::*;

    fn keys(seed: u64) -> MemoryKeys {
        MemoryKeys::new(Arc::new(Entropy::seeded(seed)))
    }

    async fn sealed(keys: &MemoryKeys) -> Value {
        let mut payload = json!({
            "name": "阳光托育",
            "children": [{"name": {"$personal": {"subject": "s1", "clear": "小明"}}}],
            "a/b~c": {"$personal": {"subject": "s2", "clear": "跌倒"}},
        });
        keys.seal(uuid::Uuid::from_u128(1), &mut payload).await.unwrap();
        payload
    }

    fn states(found: &[PersonalValue]) -> Vec<(&str, PersonalState, &str)> {
        found
            .iter()
            .map(|value| (value.path.as_str(), value.state(), value.masked.as_str()))
            .collect()
    }

    #[tokio::test]
    async fn sealed_values_are_masked_in_their_place() {
        let keys = keys(1);
        let (json, found) = reveal(&keys, "", sealed(&keys).await);
        assert_eq!(json, r#"{"a/b~c":null,"children":[{"name":null}],"name":"阳光托育"}"#);
        assert_eq!(
            states(&found),
            [
                ("/a~1b~0c", PersonalState::Masked, "＊＊＊（2字）"),
                ("/children/0/name", PersonalState::Masked, "小*"),
            ]
        );
    }

    #[tokio::test]
    async fn erased_and_key_missing_are_told_apart() {
        let keys = keys(1);
        let payload = sealed(&keys).await;
        keys.erase("s1").await.unwrap();
        let (_, found) = reveal(&keys, "", payload.clone());
        assert_eq!(found[1].state(), PersonalState::Erased);
        let (_, found) = reveal(&self::keys(2), "", payload);
        assert_eq!(found[0].state(), PersonalState::KeyMissing);
    }

    #[tokio::test]
    async fn what_is_no_sealed_value_is_never_shown() {
        let value = json!({"x": {"$sealed": {"key": 1}}, "y": {"$personal": {"subject": "s", "clear": "张三"}}});
        let (json, found) = reveal(&keys(1), "", value);
        assert_eq!(json, r#"{"x":null,"y":null}"#);
        assert!(
            found
                .iter()
                .all(|value| value.state() == PersonalState::Damaged && value.masked.is_empty())
        );
    }
}
