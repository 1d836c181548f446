//! Request ids: scope, derived ids, fingerprints.

use serde_json::json;
use uuid::Uuid;
use yujian_domain::envelope::Actor;
use yujian_domain::fingerprint;
use yujian_domain::personal::KeyedDigest;
use yujian_eventlog::LogError;
use yujian_eventlog::keys::KeyProvider;

use crate::api::Request;

/// Namespace of ids derived from requests.
const DERIVED: Uuid = Uuid::from_u128(0x51b5_6a0e_64d4_4d6f_8f0b_1d5c_3a55_90c2);
/// Purpose of the fingerprint's HMAC.
const FINGERPRINT: &str = "request-fingerprint";

/// Within which a request id is unique: the caller's organisation, or the account of one that has none.
#[must_use]
pub fn scope_of(actor: &Actor) -> String {
    match &actor.organisation {
        Some(organisation) => format!("organisation/{organisation}"),
        None => format!("account/{}", actor.id),
    }
}

/// Id of the `ordinal`-th thing that a request creates: the same for every repetition, so a repeated create finds its
/// own stream.
#[must_use]
pub fn derived_id(scope: &str, request_id: Uuid, ordinal: u32) -> Uuid {
    Uuid::new_v5(&DERIVED, format!("{scope}|{request_id}|{ordinal}").as_bytes())
}

/// What of a request its id stands for, canonically.
pub(crate) fn canonical<C: serde::Serialize>(request: &Request<C>) -> Result<Vec<u8>, LogError> {
    let body = json!({
        "target": request.target,
        "occurred": request.occurred,
        "on_behalf_of": request.on_behalf_of,
        "device": request.device,
        "command": serde_json::to_value(&request.command)
            .map_err(|error| LogError::Invalid(format!("the command does not serialise: {error}")))?,
    });
    Ok(fingerprint::canonical(request.method, &body))
}

/// Fingerprint under the current epoch.
pub(crate) fn fingerprint(keys: &dyn KeyProvider, canonical: &[u8]) -> KeyedDigest {
    let digest = keys.digest(FINGERPRINT, canonical);
    KeyedDigest {
        epoch: digest.epoch,
        hex: digest.hex,
    }
}

/// Whether a remembered fingerprint, of whatever epoch, is this request's. An error when that epoch's key is not here:
/// nobody can tell then.
pub(crate) fn same(keys: &dyn KeyProvider, remembered: &KeyedDigest, canonical: &[u8]) -> Result<bool, LogError> {
    keys.digest_at(remembered.epoch, FINGERPRINT, canonical)
        .map(|digest| digest.hex == remembered.hex)
        .ok_or_else(|| LogError::ReadOnly(format!("the key of HMAC epoch {} is missing", remembered.epoch)))
}
