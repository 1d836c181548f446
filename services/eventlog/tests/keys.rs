//! Sealing, erasure, keyed digests and the files behind them.
#![allow(clippy::unwrap_used)]

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;
use yujian_eventlog::LogError;
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::{FileKeys, KEK_FILE, KEYS_FILE, KeyError, KeyProvider, MemoryKeys, Opened, SealedValue};

const EVENT: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
const OTHER_EVENT: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002);

fn clock() -> Arc<SimulatedClock> {
    Arc::new(SimulatedClock::new(
        "2026-03-01T00:00:00Z".parse::<Timestamp>().unwrap(),
    ))
}

fn open(directory: &Path, create: bool) -> Result<Arc<FileKeys>, KeyError> {
    FileKeys::open(directory, None, create, Arc::new(Entropy::Os), clock())
}

fn personal(subject: &str, clear: impl Into<Value>) -> Value {
    json!({"$personal": {"subject": subject, "clear": clear.into()}})
}

fn sealed(value: &Value) -> SealedValue {
    serde_json::from_value(value["$sealed"].clone()).unwrap()
}

async fn seal_one(keys: &dyn KeyProvider, event: Uuid, subject: &str, clear: &str) -> SealedValue {
    let mut payload = json!({ "field": personal(subject, clear) });
    keys.seal(event, &mut payload).await.unwrap();
    sealed(&payload["field"])
}

/// Whether a file of the directory holds the bytes.
fn stands_in_files(directory: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(directory).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[tokio::test]
async fn seals_what_is_personal_in_sorted_order_and_nothing_else() {
    let keys = MemoryKeys::new(Arc::new(Entropy::seeded(1)));
    let mut payload = json!({
        "z": personal("child-2", "小红"),
        "a": [1, personal("child-1", "小明"), {"deep": personal("child-1", json!({"phone": "13800000000"}))}],
        "open": {"places": 60},
    });
    let subjects = keys.seal(EVENT, &mut payload).await.unwrap();

    assert_eq!(subjects, ["child-1", "child-2"]);
    assert_eq!(payload["open"], json!({"places": 60}));
    let text = payload.to_string();
    assert!(
        !text.contains("小") && !text.contains("138") && !text.contains("$personal"),
        "{text}"
    );
    let found = [&payload["a"][1], &payload["a"][2]["deep"], &payload["z"]].map(sealed);
    assert_eq!(found.each_ref().map(|value| value.ordinal), [0, 1, 2]);
    assert!(found.iter().all(|value| value.event == EVENT));
    assert_eq!(found[0].key, found[1].key, "one key per subject");
    assert_ne!(found[0].key, found[2].key);
    assert_eq!(keys.open(&found[0]), Opened::Clear(json!("小明")));
    assert_eq!(keys.open(&found[1]), Opened::Clear(json!({"phone": "13800000000"})));
    assert_eq!(keys.open(&found[2]), Opened::Clear(json!("小红")));
}

#[tokio::test]
async fn a_seeded_sealing_gives_the_golden_bytes() {
    let keys = MemoryKeys::new(Arc::new(Entropy::seeded(42)));
    let mut payload = json!({"name": personal("child-1", "王小明"), "birth_month": "2024-05"});
    keys.seal(EVENT, &mut payload).await.unwrap();
    assert_eq!(payload.to_string(), include_str!("golden/sealed.json").trim_end());

    let digest = keys.digest("person_identity", b"11010519491231002X");
    assert_eq!(
        (digest.epoch, digest.hex.as_str()),
        (1, include_str!("golden/digest.txt").trim_end())
    );
}

#[tokio::test]
async fn a_moved_or_renamed_value_still_opens_a_swapped_one_does_not() {
    let keys = MemoryKeys::new(Arc::new(Entropy::Os));
    let mut payload = json!({"name": personal("a", "first"), "other": personal("a", "second")});
    keys.seal(EVENT, &mut payload).await.unwrap();
    let (first, second) = (sealed(&payload["name"]), sealed(&payload["other"]));

    // The path within the payload is no part of the binding.
    let moved = json!({"renamed": [payload["name"].clone()]});
    assert_eq!(keys.open(&sealed(&moved["renamed"][0])), Opened::Clear(json!("first")));

    let elsewhere = seal_one(&keys, OTHER_EVENT, "a", "third").await;
    let other_event = SealedValue {
        event: OTHER_EVENT,
        ..first.clone()
    };
    let other_ordinal = SealedValue {
        ordinal: 1,
        ..first.clone()
    };
    let other_data = SealedValue {
        nonce: elsewhere.nonce,
        data: elsewhere.data,
        ..first.clone()
    };
    let other_nonce = SealedValue {
        nonce: second.nonce.clone(),
        ..first.clone()
    };
    let no_base64 = SealedValue {
        data: "%".to_owned(),
        ..first
    };
    for broken in [other_event, other_ordinal, other_data, other_nonce, no_base64] {
        assert_eq!(keys.open(&broken), Opened::Damaged);
    }
    // Another subject's key does not open it, not even with that key's id written in.
    let of_b = seal_one(&keys, EVENT, "b", "fourth").await;
    assert_eq!(
        keys.open(&SealedValue {
            key: of_b.key,
            ..second
        }),
        Opened::Damaged
    );
}

#[tokio::test]
async fn malformed_markers_are_refused_and_the_payload_stays() {
    let keys = MemoryKeys::new(Arc::new(Entropy::Os));
    for marker in [
        json!({"$personal": "x"}),
        json!({"$personal": {"subject": "a"}}),
        json!({"$personal": {"subject": "", "clear": 1}}),
        json!({"$personal": {"subject": 1, "clear": 1}}),
        json!({"$personal": {"subject": "a", "clear": 1, "more": 2}}),
        json!({"$personal": {"subject": "a", "clear": 1}, "beside": 2}),
    ] {
        let mut payload = json!({"a": personal("s", "kept"), "b": marker});
        let before = payload.clone();
        let refused = keys.seal(EVENT, &mut payload).await;
        assert!(matches!(refused, Err(LogError::Invalid(_))), "{before}");
        assert_eq!(payload, before);
    }
}

#[tokio::test]
async fn keys_are_on_disk_when_seal_returns_and_never_in_clear() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(directory.path(), true).unwrap();
    let name = seal_one(&*keys, EVENT, "child-1", "王小明").await;
    let epoch = keys.digest("kind", b"value");

    // A copy of the files as they are now, while the first owner still has them open: what a crash leaves behind.
    let crashed = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), crashed.path().join(file.file_name())).unwrap();
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
    let after = open(crashed.path(), false).unwrap();
    assert_eq!(after.open(&name), Opened::Clear(json!("王小明")));
    assert_eq!(after.digest("kind", b"value"), epoch);
    assert!(!stands_in_files(crashed.path(), "王小明".as_bytes()));
    // The same subject keeps its key.
    assert_eq!(seal_one(&*after, OTHER_EVENT, "child-1", "x").await.key, name.key);
}

#[tokio::test]
async fn erased_missing_and_damaged_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(directory.path(), true).unwrap();
    let gone = seal_one(&*keys, EVENT, "child-1", "a").await;
    let kept = seal_one(&*keys, EVENT, "child-2", "b").await;
    let foreign = seal_one(&MemoryKeys::new(Arc::new(Entropy::Os)), EVENT, "child-3", "c").await;

    assert_eq!(keys.erase("child-1").await, Ok(1));
    assert_eq!(keys.erase("child-1").await, Ok(0), "may run twice");
    assert_eq!(keys.erase("nobody").await, Ok(0));
    for keys in [&*keys, &*{ open(directory.path(), false).unwrap() }] {
        assert_eq!(keys.open(&gone), Opened::Erased);
        assert_eq!(keys.open(&kept), Opened::Clear(json!("b")));
        assert_eq!(keys.open(&foreign), Opened::KeyMissing);
    }
    // An erased subject takes nothing new: the next start would destroy it again.
    let mut payload = personal("child-1", "again");
    assert!(matches!(
        keys.seal(EVENT, &mut payload).await,
        Err(LogError::SubjectErased)
    ));
}

#[tokio::test]
async fn an_erased_key_leaves_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(directory.path(), true).unwrap();
    let value = seal_one(&*keys, EVENT, "child-1", "a").await;
    let wrapped: Vec<u8> = {
        let connection = rusqlite::Connection::open(directory.path().join(KEYS_FILE)).unwrap();
        connection
            .query_row("SELECT wrapped FROM data_key WHERE id = ?1", [&value.key], |row| {
                row.get(0)
            })
            .unwrap()
    };
    assert!(stands_in_files(directory.path(), &wrapped));
    keys.erase("child-1").await.unwrap();
    assert!(!stands_in_files(directory.path(), &wrapped));
}

#[tokio::test]
async fn an_older_key_store_loses_erased_subjects_again() {
    let (directory, older) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let keys = open(directory.path(), true).unwrap();
    let value = seal_one(&*keys, EVENT, "child-1", "a").await;
    drop(keys);
    for file in [KEYS_FILE, KEK_FILE] {
        std::fs::copy(directory.path().join(file), older.path().join(file)).unwrap();
    }
    let keys = open(directory.path(), false).unwrap();
    let later = seal_one(&*keys, EVENT, "child-2", "b").await;
    keys.erase("child-1").await.unwrap();
    keys.erase("child-2").await.unwrap();

    let restored = open(older.path(), false).unwrap();
    assert_eq!(
        restored.open(&value),
        Opened::Clear(json!("a")),
        "the old copy still has the key"
    );
    assert_eq!(restored.reapply_erasures(["child-1", "child-2"]).unwrap(), 1);
    assert_eq!(restored.open(&value), Opened::Erased);
    // Its key was made after the copy; that it was erased is still known.
    assert_eq!(restored.open(&later), Opened::Erased);
    assert_eq!(restored.reapply_erasures(["child-1", "child-2"]).unwrap(), 0);
}

#[tokio::test]
async fn without_keys_reads_go_on_and_sealing_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let value = seal_one(&MemoryKeys::new(Arc::new(Entropy::Os)), EVENT, "child-1", "a").await;
    let keys = open(directory.path(), false).unwrap();

    assert!(!keys.available());
    assert_eq!(keys.open(&value), Opened::KeyMissing);
    assert_eq!(keys.check_values(), []);
    assert_eq!(keys.digest_all("kind", b"x"), []);
    assert_eq!(keys.digest("kind", b"x").epoch, 0);
    assert!(matches!(
        keys.seal(EVENT, &mut personal("a", "b")).await,
        Err(LogError::ReadOnly(_))
    ));
    assert_eq!(keys.reapply_erasures(["child-1"]).unwrap(), 0);
    assert_eq!(keys.open(&value), Opened::Erased);
    assert_eq!(
        std::fs::read_dir(directory.path()).unwrap().count(),
        0,
        "nothing is made"
    );
}

#[test]
fn key_files_that_do_not_fit_are_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let kek = directory.path().join(KEK_FILE);
    drop(open(directory.path(), true).unwrap());
    let good = std::fs::read(&kek).unwrap();

    std::fs::set_permissions(&kek, Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(
        open(directory.path(), false),
        Err(KeyError::Exposed { mode: 0o640, .. })
    ));
    std::fs::set_permissions(&kek, Permissions::from_mode(0o600)).unwrap();

    std::fs::write(&kek, "c2hvcnQ=\n").unwrap();
    assert!(matches!(
        open(directory.path(), false),
        Err(KeyError::KekMalformed { .. })
    ));
    std::fs::write(&kek, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    let wrong = open(directory.path(), false).unwrap_err();
    assert!(matches!(wrong, KeyError::WrongKek { .. }));
    assert!(wrong.to_string().contains("belongs to other keys"));
    std::fs::remove_file(&kek).unwrap();
    assert!(
        matches!(open(directory.path(), true), Err(KeyError::KekMissing { .. })),
        "never replaced by a new one"
    );

    std::fs::write(&kek, &good).unwrap();
    std::fs::set_permissions(&kek, Permissions::from_mode(0o600)).unwrap();
    open(directory.path(), false).unwrap();
    std::fs::set_permissions(directory.path().join(KEYS_FILE), Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(
        open(directory.path(), false),
        Err(KeyError::Exposed { mode: 0o644, .. })
    ));
}

#[test]
fn a_configured_key_file_is_used_and_never_made() {
    let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let kek = elsewhere.path().join("secret");
    let open = || FileKeys::open(directory.path(), Some(&kek), true, Arc::new(Entropy::Os), clock());
    assert!(matches!(open(), Err(KeyError::KekMissing { .. })));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    std::fs::write(&kek, "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").unwrap();
    std::fs::set_permissions(&kek, Permissions::from_mode(0o400)).unwrap();
    open().unwrap();
    assert!(!directory.path().join(KEK_FILE).exists());
}

#[test]
fn digests_differ_by_kind_value_and_epoch_and_old_epochs_stay() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(directory.path(), true).unwrap();
    let old = keys.digest("person", b"1");
    assert_eq!((old.epoch, old.hex.len()), (1, 64));
    assert_eq!(keys.digest("person", b"1"), old);
    assert_ne!(keys.digest("person", b"2"), old);
    // Length-prefixed: what moves from kind to value is another digest.
    assert_ne!(keys.digest("perso", b"n1"), old);

    let first = keys.check_values();
    let (epoch, check) = keys.rotate_epoch().unwrap();
    assert_eq!(epoch, 2);
    assert_eq!(keys.check_values(), [first[0].clone(), (2, check)]);
    let both = keys.digest_all("person", b"1");
    assert_eq!(
        both.iter().map(|digest| digest.epoch).collect::<Vec<_>>(),
        [2, 1],
        "newest first"
    );
    assert_eq!(both[1], old);
    assert_eq!(keys.digest_at(1, "person", b"1"), Some(old));
    assert_eq!(keys.digest_at(3, "person", b"1"), None);
    assert_eq!(
        open(directory.path(), false).unwrap().check_values(),
        keys.check_values()
    );
}

#[tokio::test]
async fn a_bulk_is_durable_when_it_commits_and_given_up_otherwise() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(directory.path(), true).unwrap();
    keys.begin_bulk().unwrap();
    let first = seal_one(&*keys, EVENT, "child-1", "a").await;
    assert_eq!(open(directory.path(), false).unwrap().open(&first), Opened::KeyMissing);
    keys.commit_bulk().unwrap();
    assert_eq!(
        open(directory.path(), false).unwrap().open(&first),
        Opened::Clear(json!("a"))
    );

    keys.begin_bulk().unwrap();
    let lost = seal_one(&*keys, EVENT, "child-2", "b").await;
    keys.erase("child-1").await.unwrap();
    let other = open(directory.path(), false).unwrap();
    assert_eq!(
        other.open(&first),
        Opened::Erased,
        "an erasure does not wait for the bulk"
    );
    let later = seal_one(&*keys, EVENT, "child-3", "c").await;
    drop(keys);
    let reopened = open(directory.path(), false).unwrap();
    assert_eq!(reopened.open(&later), Opened::KeyMissing);
    // Committed with the erasure.
    assert_eq!(reopened.open(&lost), Opened::Clear(json!("b")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_sealers_at_once_agree_on_one_key_per_subject() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(directory.path(), true).unwrap();
    let tasks: Vec<_> = (0..32)
        .map(|task| {
            let keys = Arc::clone(&keys);
            tokio::spawn(async move { seal_one(&*keys, EVENT, &format!("child-{}", task % 4), "x").await })
        })
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for task in tasks {
        let value = task.await.unwrap();
        assert_eq!(keys.open(&value), Opened::Clear(json!("x")));
        ids.insert(value.key);
    }
    assert_eq!(ids.len(), 4);
}

#[test]
fn no_debug_output_shows_a_key() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(directory.path(), true).unwrap();
    assert_eq!(format!("{keys:?}"), "FileKeys { available: true, .. }");
}

/// JSON with personal values of some subjects anywhere in it.
fn payloads() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "[a-z\\u{4e00}-\\u{4eff}\"\\\\$]{0,6}".prop_map(Value::from),
        (0..4_u8, "[a-z\\u{4e00}-\\u{4eff}]{0,6}").prop_map(|(subject, clear)| personal(&format!("s{subject}"), clear)),
        (0..4_u8, any::<i32>()).prop_map(|(subject, clear)| personal(&format!("s{subject}"), json!({"n": [clear]}))),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-d]{1,2}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Replaces each personal value by its clear one, and lists the subjects.
fn cleared(value: &Value, subjects: &mut std::collections::BTreeSet<String>) -> Value {
    match value {
        Value::Object(members) => match members.get("$personal") {
            Some(body) => {
                subjects.insert(body["subject"].as_str().unwrap().to_owned());
                body["clear"].clone()
            }
            None => members
                .iter()
                .map(|(name, member)| (name.clone(), cleared(member, subjects)))
                .collect(),
        },
        Value::Array(items) => items.iter().map(|item| cleared(item, subjects)).collect(),
        other => other.clone(),
    }
}

/// Replaces each sealed value by what opening it gives, and lists the ordinals in the order met.
fn opened(value: &Value, keys: &MemoryKeys, ordinals: &mut Vec<u32>) -> Value {
    match value {
        Value::Object(members) if members.contains_key("$sealed") => {
            let value = sealed(value);
            ordinals.push(value.ordinal);
            match keys.open(&value) {
                Opened::Clear(clear) => clear,
                other => panic!("{other:?}"),
            }
        }
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), opened(member, keys, ordinals)))
            .collect(),
        Value::Array(items) => items.iter().map(|item| opened(item, keys, ordinals)).collect(),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_opens_again_wherever_it_stood(payload in payloads()) {
        let keys = MemoryKeys::new(Arc::new(Entropy::seeded(7)));
        let mut subjects = std::collections::BTreeSet::new();
        let clear = cleared(&payload, &mut subjects);
        let mut stored = payload;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let named = runtime.block_on(keys.seal(EVENT, &mut stored)).unwrap();
        prop_assert_eq!(named, subjects.into_iter().collect::<Vec<_>>());
        prop_assert!(!stored.to_string().contains("$personal"));
        let mut ordinals = Vec::new();
        prop_assert_eq!(opened(&stored, &keys, &mut ordinals), clear);
        // Maps are sorted here, so the order met is the order of sealing.
        prop_assert!(ordinals.iter().copied().eq((0..).take(ordinals.len())));
    }
}
