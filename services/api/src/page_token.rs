//! Page tokens: the key of the last row with a MAC over it and over the arguments, so that a token made up, altered, or used
//! with other arguments is refused. A token is no authorization: the scope is applied anew to each page.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;
use sha2::{Digest, Sha256};
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::KeyProvider;

/// Purpose of the keyed digest.
const KIND: &str = "page-token";
const MAC_BYTES: usize = 64;

/// The arguments that must be the same on every page of one list.
pub(crate) struct Arguments([u8; 32]);

impl Arguments {
    /// `request` with its page size, page token and minimal position taken out.
    pub(crate) fn of(method: &str, request: &impl Message) -> Self {
        let mut hash = Sha256::new();
        hash.update(method.as_bytes());
        hash.update([0]);
        hash.update(request.encode_to_vec());
        Self(hash.finalize().into())
    }

    fn bound_to(&self, key: &str) -> Vec<u8> {
        [self.0.as_slice(), key.as_bytes()].concat()
    }
}

/// Epoch of tokens made while there are no keys: lists must go on without them.
const NO_KEYS: u32 = 0;

fn sign(keys: &dyn KeyProvider, bound: &[u8]) -> (u32, String) {
    let digest = keys.digest(KIND, bound);
    let mac = if digest.epoch == NO_KEYS {
        of_this_process(bound)
    } else {
        digest.hex
    };
    (digest.epoch, mac)
}

/// A code under a key that ends with the process. Hashed twice, so that nothing can be appended to what was signed.
fn of_this_process(bound: &[u8]) -> String {
    static KEY: OnceLock<[u8; 32]> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let mut key = [0; 32];
        Entropy::Os.fill(&mut key);
        key
    });
    let inner = Sha256::new().chain_update(key).chain_update(bound).finalize();
    yujian_eventlog::Hash(Sha256::new().chain_update(key).chain_update(inner).finalize().into()).to_hex()
}

/// Makes a token; empty at the end of the list.
pub(crate) fn issue(keys: &dyn KeyProvider, arguments: &Arguments, next: Option<&str>) -> String {
    let Some(key) = next else { return String::new() };
    let (epoch, mac) = sign(keys, &arguments.bound_to(key));
    let bytes = [epoch.to_be_bytes().as_slice(), mac.as_bytes(), key.as_bytes()].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a token: the key, or `None` for the first page.
///
/// # Errors
/// When it is not ours or belongs to other arguments.
pub(crate) fn redeem(
    keys: &dyn KeyProvider,
    arguments: &Arguments,
    token: &str,
) -> Result<Option<String>, InvalidToken> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| InvalidToken)?;
    let (epoch, rest) = bytes.split_first_chunk::<4>().ok_or(InvalidToken)?;
    let (mac, key) = rest.split_at_checked(MAC_BYTES).ok_or(InvalidToken)?;
    let key = std::str::from_utf8(key).map_err(|_| InvalidToken)?;
    let bound = arguments.bound_to(key);
    let expected = match u32::from_be_bytes(*epoch) {
        NO_KEYS => of_this_process(&bound),
        epoch => keys.digest_at(epoch, KIND, &bound).ok_or(InvalidToken)?.hex,
    };
    if same(mac, expected.as_bytes()) {
        Ok(Some(key.to_owned()))
    } else {
        Err(InvalidToken)
    }
}

/// The token is not ours, or not for these arguments.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidToken;

/// Compares without telling by the time taken where the first difference lies.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
