//! Canonical JSON for request fingerprints: sorted members, defaults left out.
//!
//! A request id holds for ever, so the bytes that it stands for must be the same in every later version: members are
//! sorted, and a member that says nothing (`null`, `""`, `[]`, `{}`, `false`) is left out, so that a new optional field
//! breaks no old id. Numbers and elements of lists are always kept: 0 says something, and so does a place in a list.

use serde_json::{Map, Value};

/// Canonical bytes of a method (its full name) and its request: `{"method":…,"request":…}`. The keyed digest of these
/// bytes is the fingerprint; the bytes themselves may hold personal data and are never stored.
#[must_use]
pub fn canonical(method: &str, request: &Value) -> Vec<u8> {
    let mut whole = Map::new();
    whole.insert("method".to_owned(), Value::String(method.to_owned()));
    whole.insert("request".to_owned(), strip(request));
    let mut bytes = Vec::new();
    write(&Value::Object(whole), &mut bytes);
    bytes
}

/// Leaves out the members that say nothing, from the inside out.
fn strip(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, member)| (name.clone(), strip(member)))
                .filter(|(_, member)| !says_nothing(member))
                .collect(),
        ),
        Value::Array(elements) => Value::Array(elements.iter().map(strip).collect()),
        other => other.clone(),
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// Compact JSON with sorted members, whatever order the map type keeps.
fn write(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<_> = members.iter().collect();
            names.sort_by_key(|(name, _)| name.as_bytes());
            bytes.push(b'{');
            for (index, (name, member)) in names.into_iter().enumerate() {
                if index > 0 {
                    bytes.push(b',');
                }
                bytes.extend_from_slice(Value::String(name.clone()).to_string().as_bytes());
                bytes.push(b':');
                write(member, bytes);
            }
            bytes.push(b'}');
        }
        Value::Array(elements) => {
            bytes.push(b'[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    bytes.push(b',');
                }
                write(element, bytes);
            }
            bytes.push(b']');
        }
        Value::Number(number) => {
            // The same number has one form: 3.0 and 3 are the same request.
            let text = number.to_string();
            let shortest = text.strip_suffix(".0").unwrap_or(&text);
            bytes.extend_from_slice(if shortest == "-0" { b"0" } else { shortest.as_bytes() });
        }
        other => bytes.extend_from_slice(other.to_string().as_bytes()),
    }
}
