//! The primitives: AES-256-GCM with length-prefixed associated data, HMAC-SHA-256, base64.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::Hash;
use crate::entropy::Entropy;

/// 256 secret bits, wiped when dropped.
pub(super) type Secret = Zeroizing<[u8; 32]>;

/// Length of an AES-GCM nonce in bytes.
pub(super) const NONCE_BYTES: usize = 12;

/// Fresh secret bits.
pub(super) fn secret(entropy: &Entropy) -> Secret {
    let mut bytes = Zeroizing::new([0; 32]);
    entropy.fill(bytes.as_mut());
    bytes
}

/// Parts joined so that no two different lists give the same bytes: each part after its length (8 bytes, big-endian).
pub(super) fn length_prefixed(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        joined.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

/// Encrypts under a fresh random nonce. Answers nonce and ciphertext with tag.
pub(super) fn encrypt(key: &Secret, entropy: &Entropy, aad: &[u8], clear: &[u8]) -> ([u8; NONCE_BYTES], Vec<u8>) {
    let mut nonce = [0; NONCE_BYTES];
    entropy.fill(&mut nonce);
    let data = cipher(key)
        .encrypt(&Nonce::from(nonce), Payload { msg: clear, aad })
        .expect("AES-GCM takes up to 64 GiB, an event has at most 256 KiB");
    (nonce, data)
}

/// Decrypts; `None` when key, nonce, associated data or ciphertext do not belong together.
pub(super) fn decrypt(key: &Secret, nonce: &[u8], aad: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    cipher(key)
        .decrypt(&Nonce::from(nonce), Payload { msg: data, aad })
        .ok()
        .map(Zeroizing::new)
}

/// Wraps a secret under another one: nonce, then ciphertext with tag (60 bytes).
pub(super) fn wrap(kek: &Secret, entropy: &Entropy, aad: &[u8], secret: &Secret) -> Vec<u8> {
    let (nonce, data) = encrypt(kek, entropy, aad, secret.as_ref());
    [nonce.as_slice(), &data].concat()
}

/// Takes a wrapped secret out.
pub(super) fn unwrap(kek: &Secret, aad: &[u8], wrapped: &[u8]) -> Option<Secret> {
    let (nonce, data) = wrapped.split_at_checked(NONCE_BYTES)?;
    let clear = decrypt(kek, nonce, aad, data)?;
    let mut secret = Zeroizing::new([0; 32]);
    if clear.len() != secret.len() {
        return None;
    }
    secret.copy_from_slice(&clear);
    Some(secret)
}

/// HMAC-SHA-256 over length-prefixed kind and value, 64 lower-case hex digits.
pub(super) fn keyed_digest(key: &Secret, kind: &str, value: &[u8]) -> String {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_ref()).expect("HMAC takes a key of any length");
    mac.update(&length_prefixed(&[kind.as_bytes(), value]));
    Hash(mac.finalize().into_bytes().into()).to_hex()
}

/// First 16 hex digits of a subject's SHA-256: opens every key id of that subject, so that an erased subject is still
/// recognised when the store that knew its key ids is gone.
pub(super) fn subject_tag(subject: &str) -> String {
    let mut hex = Hash(Sha256::digest(subject.as_bytes()).into()).to_hex();
    hex.truncate(16);
    hex
}

/// A new key id: `<subject tag>.<16 random hex digits>`.
pub(super) fn new_key_id(entropy: &Entropy, subject: &str) -> String {
    let mut random = [0; 8];
    entropy.fill(&mut random);
    format!("{}.{:016x}", subject_tag(subject), u64::from_be_bytes(random))
}

/// Base64 of bytes.
pub(super) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Bytes of base64.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

fn cipher(key: &Secret) -> Aes256Gcm {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(**key))
}
