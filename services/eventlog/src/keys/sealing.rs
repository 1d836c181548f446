//! Walks a payload and replaces what is personal. The marker objects are a contract with `yujian-domain`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::crypto::{Secret, decrypt, encrypt, from_base64, length_prefixed, to_base64};
use super::{Opened, SealedValue};
use crate::LogError;
use crate::entropy::Entropy;

const CLEAR: &str = "$personal";
const SEALED: &str = "$sealed";

/// Subjects of all clear values of a payload.
pub(super) fn subjects(payload: &Value) -> Result<BTreeSet<String>, LogError> {
    let mut found = BTreeSet::new();
    collect(payload, &mut found)?;
    Ok(found)
}

fn collect(value: &Value, found: &mut BTreeSet<String>) -> Result<(), LogError> {
    match value {
        Value::Object(members) if members.contains_key(CLEAR) => {
            let malformed = || LogError::Invalid("a $personal must be {\"subject\":text,\"clear\":value}".to_owned());
            let body = members.get(CLEAR).and_then(Value::as_object).ok_or_else(malformed)?;
            let subject = body.get("subject").and_then(Value::as_str).ok_or_else(malformed)?;
            if members.len() != 1 || body.len() != 2 || !body.contains_key("clear") || subject.is_empty() {
                return Err(malformed());
            }
            found.insert(subject.to_owned());
            Ok(())
        }
        Value::Object(members) => members.values().try_for_each(|member| collect(member, found)),
        Value::Array(items) => items.iter().try_for_each(|item| collect(item, found)),
        _ => Ok(()),
    }
}

/// A subject's data key with its id.
#[derive(Clone)]
pub(super) struct DataKey {
    /// Key id.
    pub(super) id: String,
    /// The key.
    pub(super) secret: Secret,
}

/// Seals every clear value in place. `keys` has one for every subject that [`subjects`] found.
pub(super) fn seal(value: &mut Value, event: Uuid, entropy: &Entropy, keys: &BTreeMap<String, DataKey>) {
    walk(
        value,
        &mut Sealer {
            event,
            entropy,
            keys,
            ordinal: 0,
        },
    );
}

struct Sealer<'a> {
    event: Uuid,
    entropy: &'a Entropy,
    keys: &'a BTreeMap<String, DataKey>,
    ordinal: u32,
}

fn walk(value: &mut Value, sealer: &mut Sealer<'_>) {
    match value {
        Value::Object(members) => {
            if let Some(body) = members.get_mut(CLEAR) {
                let sealed = sealer.seal(body);
                *value = json!({ SEALED: sealed });
                return;
            }
            // Sorted here and not left to the map: with serde_json's `preserve_order` switched on by any crate of the
            // build, the map keeps the order of insertion and ordinals would differ between builds.
            let mut members: Vec<_> = members.iter_mut().collect();
            members.sort_by(|left, right| left.0.cmp(right.0));
            for (_, member) in members {
                walk(member, sealer);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, sealer)),
        _ => {}
    }
}

impl Sealer<'_> {
    fn seal(&mut self, body: &mut Value) -> SealedValue {
        let key = body["subject"]
            .as_str()
            .and_then(|subject| self.keys.get(subject))
            .expect("a key for each subject");
        let clear = Zeroizing::new(body["clear"].to_string().into_bytes());
        let ordinal = self.ordinal;
        self.ordinal += 1;
        let aad = associated_data(&key.id, self.event, ordinal);
        let (nonce, data) = encrypt(&key.secret, self.entropy, &aad, &clear);
        SealedValue {
            key: key.id.clone(),
            nonce: to_base64(&nonce),
            event: self.event,
            ordinal,
            data: to_base64(&data),
        }
    }
}

/// Opens a sealed value with its key.
pub(super) fn open(sealed: &SealedValue, secret: &Secret) -> Opened {
    let opened = || {
        let nonce = from_base64(&sealed.nonce)?;
        let data = from_base64(&sealed.data)?;
        let clear = decrypt(
            secret,
            &nonce,
            &associated_data(&sealed.key, sealed.event, sealed.ordinal),
            &data,
        )?;
        serde_json::from_slice(&clear).ok()
    };
    opened().map_or(Opened::Damaged, Opened::Clear)
}

/// What a sealed value is bound to: key, event and place in the event, not the member's name or path, so that
/// upcasters may rename and move it.
fn associated_data(key: &str, event: Uuid, ordinal: u32) -> Vec<u8> {
    length_prefixed(&[
        b"yujian sealed value 1",
        key.as_bytes(),
        event.as_bytes(),
        &ordinal.to_be_bytes(),
    ])
}
