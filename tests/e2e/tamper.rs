//! What was altered is named, never served, and what it touches says so.

use std::path::Path;

use rusqlite::Connection;
use tonic::Code;
use tonic_types::StatusExt;
use yujian_proto::audit::v1 as audit;
use yujian_proto::audit::v1::audit_service_client::AuditServiceClient;
use yujian_proto::audit::v1::replay_institution_reply::Part;
use yujian_proto::incident::v1::incident_service_client::IncidentServiceClient;
use yujian_proto::licensing::v1 as licensing;
use yujian_proto::supervision::v1 as supervision;

use crate::small;
use crate::support::{AUDITOR, PROVINCE, Server, by, header};

/// What `verify` finds, as (position, problem, the whole problem).
fn problems(data: &Path) -> Vec<(u64, String, serde_json::Value)> {
    let done = small::run("verify", data, &["--json"]);
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let problems = report["problems"].as_array().unwrap();
    assert_eq!(
        done.status.code(),
        Some(if problems.is_empty() { 0 } else { 2 }),
        "{report}"
    );
    problems
        .iter()
        .map(|one| {
            (
                one["position"].as_u64().unwrap_or(0),
                one["problem"].as_str().unwrap().to_owned(),
                one.clone(),
            )
        })
        .collect()
}

/// Position, revision and stream of the last receipt but some, and the name of its institution.
fn receipt(data: &Path) -> (i64, String, String) {
    let log = small::log(data);
    // Of an institution that is still filed: another name needs no application there.
    let closed: Vec<String> = ["licensing.InstitutionClosed.v1", "licensing.LicenceGranted.v1"]
        .into_iter()
        .flat_map(|kind| small::records(&log, kind))
        .map(|(_, _, stream)| stream)
        .collect();
    let mut receipts = small::records(&log, "licensing.FilingReceiptIssued.v1");
    receipts.retain(|(_, _, stream)| !closed.contains(stream));
    let (position, _, stream) = receipts[receipts.len() / 2].clone();
    let name = stream.replacen("institution-", "institutions/", 1);
    (position, stream, name)
}

/// Another digit for the first digit of the receipt's number.
fn alter_payload(log: &Connection, position: i64) {
    let payload: String = log
        .query_row("SELECT payload FROM record WHERE position = ?1", [position], |row| {
            row.get(0)
        })
        .unwrap();
    let at = payload.find("receipt_number").unwrap();
    let at = at + payload[at..].find(|c: char| c.is_ascii_digit()).unwrap();
    let mut bytes = payload.into_bytes();
    bytes[at] = if bytes[at] == b'9' { b'8' } else { b'9' };
    let altered = String::from_utf8(bytes).unwrap();
    log.execute(
        "UPDATE record SET payload = ?2 WHERE position = ?1",
        (position, altered),
    )
    .unwrap();
}

#[test]
fn verify_names_each_alteration_with_its_place() {
    let (_home, data) = small::copy();
    assert_eq!(problems(&data), []);
    let (position, stream, _) = receipt(&data);
    let place = u64::try_from(position).unwrap();

    // One byte of a payload, one of metadata.
    for change in [
        "UPDATE record SET payload = replace(payload, 'receipt_number', 'receipt_numbes') WHERE position = ?1",
        "UPDATE record SET metadata = replace(metadata, '\"role\":\"officer\"', '\"role\":\"Officer\"') WHERE position = ?1",
    ] {
        let (_home, data) = small::copy();
        assert_eq!(small::log(&data).execute(change, [position]).unwrap(), 1);
        let found = problems(&data);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].0, found[0].1.as_str()), (place, "altered"));
        assert_eq!(found[0].2["stream"], stream.as_str());
        let said = small::said(&small::run("verify", &data, &[]));
        assert!(
            said.contains(&format!("position {position}, stream {stream}")),
            "{said}"
        );
    }

    // The contents of two rows exchanged, the rows themselves exchanged.
    let (_home, data) = small::copy();
    small::log(&data)
        .execute_batch(
            "CREATE TEMP TABLE kept AS SELECT * FROM record WHERE position IN (200, 300);
             UPDATE record SET (event_id, type, metadata, payload) =
               (SELECT event_id, type, metadata, payload FROM kept WHERE kept.position = 500 - record.position)
             WHERE position IN (200, 300)",
        )
        .unwrap();
    let found = problems(&data);
    assert_eq!(
        found.iter().map(|one| one.0).collect::<Vec<_>>(),
        [200, 300],
        "{found:?}"
    );
    assert_eq!(
        (&found[0].1[..], &found[0].2["with"]),
        ("contents_swapped", &300.into()),
        "{found:?}"
    );
    let (_home, data) = small::copy();
    small::log(&data)
        .execute_batch(
            "UPDATE record SET position = -1 WHERE position = 200; UPDATE record SET position = 200 WHERE position = 300;
             UPDATE record SET position = 300 WHERE position = -1",
        )
        .unwrap();
    let found = problems(&data);
    assert!(
        found
            .iter()
            .any(|one| one.0 == 200 && one.1 == "positions_swapped" && one.2["with"] == 300),
        "{found:?}"
    );

    // A row taken out of the middle of its stream.
    let (_home, data) = small::copy();
    small::log(&data)
        .execute("DELETE FROM record WHERE position = ?1", [position])
        .unwrap();
    let found = problems(&data);
    assert!(
        found
            .iter()
            .any(|one| one.1 == "missing" && one.2["from"] == place && one.2["to"] == place),
        "{found:?}"
    );
}

#[test]
fn a_cut_tail_is_named_and_not_served() {
    let (_home, data) = small::copy();
    let end: i64 = small::log(&data)
        .query_row("SELECT max(position) FROM record", [], |row| row.get(0))
        .unwrap();
    small::log(&data)
        .execute("DELETE FROM record WHERE position > ?1", [end - 3])
        .unwrap();
    let found = problems(&data);
    let cut = found.iter().find(|one| one.1 == "tail_cut").unwrap();
    assert_eq!(
        (&cut.2["end"], &cut.2["seen"]),
        (&(end - 3).into(), &end.into()),
        "{found:?}"
    );
    let refused = small::demo(&data, &[], &[]);
    assert!(!refused.status.success());
    let said = small::said(&refused);
    assert!(
        said.contains(&format!("ends at 1.{}", end - 3)) || said.contains("tail of the log was cut off"),
        "{said}"
    );
}

async fn dossier(server: &Server, name: &str) -> supervision::GetDossierReply {
    let query = supervision::GetDossierRequest {
        name: name.to_owned(),
        ..supervision::GetDossierRequest::default()
    };
    server
        .supervision()
        .await
        .get_dossier(by(AUDITOR, query))
        .await
        .unwrap()
        .into_inner()
}

async fn timeline(server: &Server, name: &str) -> Vec<supervision::TimelineEvent> {
    let query = supervision::ListTimelineRequest {
        institution: name.to_owned(),
        page_size: 500,
        ..supervision::ListTimelineRequest::default()
    };
    server
        .supervision()
        .await
        .list_timeline(by(AUDITOR, query))
        .await
        .unwrap()
        .into_inner()
        .events
}

/// The records and damaged records of a replay.
async fn replayed(server: &Server, name: &str) -> (Vec<audit::ReplayedRecord>, Vec<supervision::DamagedRecord>) {
    let query = audit::ReplayInstitutionRequest {
        name: name.to_owned(),
        ..audit::ReplayInstitutionRequest::default()
    };
    let mut client = AuditServiceClient::new(server.channel().await);
    let mut parts = client
        .replay_institution(by(AUDITOR, query))
        .await
        .unwrap()
        .into_inner();
    let (mut records, mut damaged) = (Vec::new(), Vec::new());
    while let Some(reply) = parts.message().await.unwrap() {
        match reply.part.unwrap() {
            Part::Start(_) => {}
            Part::Page(page) => records.extend(page.records),
            Part::Dossier(dossier) => damaged = dossier.damaged,
        }
    }
    (records, damaged)
}

async fn rename(server: &Server, name: &str) -> Result<(), tonic::Status> {
    let request = licensing::ChangeDetailsRequest {
        header: header(),
        name: name.to_owned(),
        display_name: Some("改名后的园".to_owned()),
        ..licensing::ChangeDetailsRequest::default()
    };
    server
        .licensing()
        .await
        .change_details(by(PROVINCE, request))
        .await
        .map(|_| ())
}

fn reason(status: &tonic::Status) -> String {
    status.get_details_error_info().unwrap().reason
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_record_is_never_served_and_everything_that_it_touches_says_so() {
    let (_home, data) = small::copy();
    let (position, stream, name) = receipt(&data);
    let log = small::log(&data);
    alter_payload(&log, position);
    let payload: String = log
        .query_row("SELECT payload FROM record WHERE position = ?1", [position], |row| {
            row.get(0)
        })
        .unwrap();
    let altered = serde_json::from_str::<serde_json::Value>(&payload).unwrap()["receipt_number"]
        .as_str()
        .unwrap()
        .to_owned();
    drop(log);
    // The views must not remember what stood there before either.
    for file in ["views.db", "views.db-wal"] {
        std::fs::remove_file(data.join(file)).unwrap();
    }
    let server = small::serve(&data, &["--quiet"]);

    let live = dossier(&server, &name).await;
    assert_eq!(live.damaged.len(), 1);
    assert_eq!(
        (live.damaged[0].stream.as_str(), live.as_of.unwrap().damaged),
        (stream.as_str(), 1)
    );
    assert!(!String::from_utf8(live.canonical).unwrap().contains(&altered));
    let (records, damaged) = replayed(&server, &name).await;
    assert_eq!((damaged.len(), damaged[0].stream.as_str()), (1, stream.as_str()));
    assert!(
        !records
            .iter()
            .any(|record| String::from_utf8_lossy(&record.payload).contains(&altered))
    );
    let events = timeline(&server, &name).await;
    let marked: Vec<_> = events.iter().filter(|event| !event.damaged.is_empty()).collect();
    assert_eq!(marked.len(), 1);
    assert_eq!(marked[0].stream, stream);
    assert!(!events.iter().any(|event| event.payload_json.contains(&altered)));
    let path = format!("/{name}");
    let page = small::page(&server, &path);
    assert!(page.contains("此处数据受损") && page.contains(&stream) && !page.contains(&altered));

    // Figures say how many institutions lack a record, and which.
    let query = supervision::GetRollUpRequest::default();
    let figures = server
        .supervision()
        .await
        .get_roll_up(by(AUDITOR, query))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (figures.region.unwrap().damaged, figures.as_of.unwrap().damaged),
        (1, 1)
    );
    let query = supervision::ListInstitutionsRequest {
        damaged_only: true,
        ..Default::default()
    };
    let rows = server
        .supervision()
        .await
        .list_institutions(by(AUDITOR, query))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        rows.institutions.iter().map(|row| &row.name).collect::<Vec<_>>(),
        [&name]
    );
    let overview = small::page(&server, "/");
    assert!(overview.contains("<data value=\"1\" data-figure=\"damaged_records\"") && overview.contains("条记录受损"));

    // Its stream takes no writes. Other streams do, an incident's too: what happens to children must still be notified.
    let refused = rename(&server, &name).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::DataLoss, "RECORD_DAMAGED")
    );
    let mut incidents = IncidentServiceClient::new(server.channel().await);
    incidents
        .notify_incident(by(PROVINCE, small::notification(&name)))
        .await
        .unwrap();
    let other = small::institutions(&server)
        .await
        .into_iter()
        .find(|row| row.name != name && row.state() == licensing::InstitutionState::Filed);
    rename(&server, &other.unwrap().name).await.unwrap();

    // The command line's replay shows what is left and says what is not.
    let line = small::run("replay", &data, &[name.trim_start_matches("institutions/")]);
    assert_eq!(line.status.code(), Some(2));
    let said = small::said(&line);
    assert!(
        said.contains(&format!("position 1.{position}")) && !said.contains(&altered),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_altered_while_it_is_served_is_refused_at_the_next_read() {
    let (_home, data) = small::copy();
    let (position, stream, name) = receipt(&data);
    let server = small::serve(&data, &["--quiet"]);
    assert!(replayed(&server, &name).await.1.is_empty());
    alter_payload(&small::log(&data), position);
    let (records, damaged) = replayed(&server, &name).await;
    assert_eq!(
        damaged.iter().map(|one| one.stream.as_str()).collect::<Vec<_>>(),
        [stream.as_str()]
    );
    assert!(!records.iter().any(|record| record.position == format!("1.{position}")));
    // No aggregate was in memory: the decision reads the stream and refuses.
    let refused = rename(&server, &name).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::DataLoss, "RECORD_DAMAGED")
    );
    assert_eq!(problems(&data).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_were_deleted_are_rebuilt_with_the_same_answers() {
    let (_home, data) = small::copy();
    let before = small::digests(&data);
    let name = receipt(&data).2;
    for entry in std::fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with("heads.db") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    let said = small::said(&small::run("verify", &data, &[]));
    assert!(said.contains("heads.db is absent") && said.contains("sound"), "{said}");
    let server = small::serve(&data, &["--quiet"]);
    rename(&server, &name).await.unwrap();
    let first = dossier(&server, &name).await.canonical;
    assert!(String::from_utf8(first).unwrap().contains("改名后的园"));
    // What the heads hold is written up to half a second after the log.
    crate::support::eventually("heads.db", async || {
        small::said(&small::run("verify", &data, &[])).contains("heads.db compared")
    })
    .await;
    server.kill();
    assert_eq!(problems(&data), []);
    assert_ne!(small::digests(&data), before, "one change came in");
}
