//! Fixed bytes and hashes of format 1. They may never change: stored records carry them.

use uuid::Uuid;
use yujian_eventlog::record::{Checked, check};
use yujian_eventlog::{Hash, LogPosition, NewEvent, Record, StreamName};

const HASH: &str = "c0464609ad08637834597e95e7cdb32f3bd43431ba101838c81a15e44ca455b7";
const BARE_HASH: &str = "4e3eb090564d850b6c14f68f1bab9feb36f94bcf10950167ac518a91f960061f";
const METADATA: &str = concat!(
    r#"{"format":1,"hash":"sha256:c0464609ad08637834597e95e7cdb32f3bd43431ba101838c81a15e44ca455b7","#,
    r#""prev":"abababababababababababababababababababababababababababababababab","#,
    r#""recorded_time":"2026-03-01T08:30:00.000000001Z","#,
    r#""occurred":{"precision":"unknown"},"actor":{"id":"u-1","role":"officer"}}"#
);
const PAYLOAD: &str = r#"{"name":"小太阳","places":40}"#;

fn sealed(revision: u64, prev: Hash, metadata: &str, payload: &str) -> Record {
    let event = NewEvent {
        id: Uuid::parse_str("01956f0e-7b00-7000-8000-000000000001").unwrap(),
        event_type: "licensing.FilingAccepted.v1".to_owned(),
        metadata: metadata.as_bytes().to_vec(),
        payload: payload.as_bytes().to_vec(),
    };
    let position = LogPosition { epoch: 1, number: 1 };
    let stream = StreamName::parse("institution-0f7c").unwrap();
    let time = "2026-03-01T08:30:00.000000001Z".parse().unwrap();
    Checked::new(event)
        .unwrap()
        .seal(position, &stream, revision, prev, time)
        .unwrap()
}

fn golden() -> Record {
    let rest = r#"{"occurred":{"precision":"unknown"},"actor":{"id":"u-1","role":"officer"}}"#;
    sealed(7, Hash([0xab; 32]), rest, PAYLOAD)
}

fn problem(record: &Record) -> Result<yujian_eventlog::record::Parsed, &'static str> {
    let stream = record.stream.as_str();
    check(
        stream,
        record.revision,
        record.id,
        &record.event_type,
        &record.metadata,
        &record.payload,
    )
}

#[test]
fn format_1_has_these_bytes_and_this_hash() {
    let record = golden();
    assert_eq!(std::str::from_utf8(&record.metadata).unwrap(), METADATA);
    assert_eq!(record.hash.to_hex(), HASH);
    let parsed = problem(&record).unwrap();
    assert_eq!(
        (parsed.hash, parsed.prev, parsed.recorded_time),
        (record.hash, record.prev, record.recorded_time)
    );
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/log-format.md")).unwrap();
    assert!(page.contains(HASH), "docs/log-format.md shows the same example");
}

#[test]
fn metadata_without_members_of_its_own_closes_after_the_time() {
    for empty in ["{}", "{ }"] {
        let record = sealed(0, Hash::ZERO, empty, "{}");
        assert_eq!(record.hash.to_hex(), BARE_HASH);
        assert!(
            std::str::from_utf8(&record.metadata)
                .unwrap()
                .ends_with(r#"00.000000001Z"}"#)
        );
        problem(&record).unwrap();
    }
}

#[test]
fn any_changed_byte_of_any_part_is_found() {
    let sound = golden();
    for place in 0..sound.metadata.len() {
        let mut bytes = sound.metadata.to_vec();
        bytes[place] ^= 1;
        assert!(
            problem(&Record {
                metadata: bytes.into(),
                ..sound.clone()
            })
            .is_err(),
            "metadata byte {place}"
        );
    }
    for place in 0..sound.payload.len() {
        let mut bytes = sound.payload.to_vec();
        bytes[place] ^= 1;
        assert!(
            problem(&Record {
                payload: bytes.into(),
                ..sound.clone()
            })
            .is_err(),
            "payload byte {place}"
        );
    }
    for length in 0..sound.metadata.len() {
        let cut = sound.metadata[..length].into();
        assert!(
            problem(&Record {
                metadata: cut,
                ..sound.clone()
            })
            .is_err(),
            "metadata cut to {length}"
        );
    }
    assert!(
        problem(&Record {
            revision: 8,
            ..sound.clone()
        })
        .is_err()
    );
    assert!(
        problem(&Record {
            id: Uuid::nil(),
            ..sound.clone()
        })
        .is_err()
    );
    assert!(
        problem(&Record {
            event_type: "licensing.FilingAccepted.v2".to_owned(),
            ..sound.clone()
        })
        .is_err()
    );
    assert!(
        problem(&Record {
            stream: StreamName::parse("institution-0f7d").unwrap(),
            ..sound
        })
        .is_err()
    );
}
