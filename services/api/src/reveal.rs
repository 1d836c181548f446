//! Personal values in answers: opened with the subject's key, masked, and told apart when they can't be shown.

use serde_json::Value;
use yujian_domain::mask::{MaskKind, mask};
use yujian_domain::personal::{CLEAR_MARKER, SEALED_MARKER};
use yujian_eventlog::keys::{KeyProvider, Opened, SealedValue};
use yujian_proto::common::v1::{PersonalState, PersonalValue};

/// Takes every sealed value out of `value` (leaving `null`) and describes it, masked. `key` is the name under which the
/// value stands, e.g. a fact's key; it tells the kind of mask where the value itself is sealed.
pub(crate) fn reveal(keys: &dyn KeyProvider, key: &str, mut value: Value) -> (String, Vec<PersonalValue>) {
    let mut found = Vec::new();
    take(keys, key, "", &mut value, &mut found);
    (value.to_string(), found)
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
