//! Backup under load; restore with keys, without, and with keys from before an erasure.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;
use tonic_types::StatusExt;
use uuid::Uuid;
use yujian_proto::audit::v1 as audit;
use yujian_proto::audit::v1::audit_service_client::AuditServiceClient;
use yujian_proto::common::v1::PersonalState;
use yujian_proto::licensing::v1 as licensing;
use yujian_proto::supervision::v1 as supervision;

use crate::small;
use crate::support::{ADMINISTRATOR, AUDITOR, Server, by, credit_code, directory, operator, registration, yujian};

async fn register(server: &Server, number: u32, request: Uuid) -> Result<licensing::InstitutionReply, tonic::Status> {
    let me = operator(&credit_code(number));
    server
        .licensing()
        .await
        .register_institution(by(&me, registration(number, request)))
        .await
        .map(tonic::Response::into_inner)
}

fn reason(status: &tonic::Status) -> String {
    status.get_details_error_info().unwrap().reason
}

/// How the personal values of an institution's dossier are shown, and the dossier as stored.
async fn shown(server: &Server, name: &str) -> (Vec<PersonalState>, Vec<u8>) {
    let query = supervision::GetDossierRequest {
        name: name.to_owned(),
        ..supervision::GetDossierRequest::default()
    };
    let reply = server
        .supervision()
        .await
        .get_dossier(by(AUDITOR, query))
        .await
        .unwrap()
        .into_inner();
    let mut states: Vec<_> = reply
        .facts
        .iter()
        .flat_map(|fact| &fact.personal)
        .map(yujian_proto::common::v1::PersonalValue::state)
        .collect();
    states.dedup();
    (states, reply.canonical)
}

async fn erase(server: &Server, data: &Path, institution: &str) {
    let sql = "SELECT metadata FROM record JOIN stream ON number = stream WHERE name = ?1 AND revision = 0";
    let stream = institution.replacen("institutions/", "institution-", 1);
    let metadata: String = small::log(data).query_row(sql, [stream], |row| row.get(0)).unwrap();
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let request = audit::EraseSubjectRequest {
        request_id: Uuid::new_v4().to_string(),
        subject: metadata["subjects"][0].as_str().unwrap().to_owned(),
        ground: yujian_proto::audit::v1::ErasureGround::RetentionEnded.into(),
        approver: "admin-2".to_owned(),
    };
    AuditServiceClient::new(server.channel().await)
        .erase_subject(by(ADMINISTRATOR, request))
        .await
        .unwrap();
}

fn backup(data: &Path, to: &Path, more: &[&str]) {
    let mut arguments = vec!["--to", to.to_str().unwrap()];
    arguments.extend(more);
    let done = small::run("backup", data, &arguments);
    assert!(done.status.success(), "{}", small::said(&done));
}

fn restore(from: &Path, keys: Option<&Path>, into: &Path) -> std::process::Output {
    let mut command = yujian(&[
        "restore",
        "--data-dir",
        into.to_str().unwrap(),
        "--from",
        from.to_str().unwrap(),
    ]);
    if let Some(keys) = keys {
        command.arg("--keys").arg(keys);
    }
    command.output().unwrap()
}

/// A server that was backed up while commands came in: two institutions, of which one was erased between two copies of
/// the keys.
struct House {
    home: TempDir,
    kept: String,
    erased: String,
    /// Their dossiers as stored.
    dossiers: [Vec<u8>; 2],
    /// A position that the server gave out.
    position: String,
    request: Uuid,
}

impl House {
    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    async fn make() -> Self {
        let home = directory();
        let at = |name: &str| home.path().join(name);
        let data = at("data");
        let server = Server::start(&data);
        let request = Uuid::new_v4();
        let first = register(&server, 1, request).await.unwrap();
        let second = register(&server, 2, Uuid::new_v4()).await.unwrap();
        let (kept, erased) = (first.institution.unwrap().name, second.institution.unwrap().name);
        backup(&data, &at("old-keys"), &["--keys"]);
        erase(&server, &data, &erased).await;

        // Commands come in all the while that the copies are made.
        let stop = Arc::new(AtomicBool::new(false));
        let (client, until) = (server.licensing().await, stop.clone());
        let load = tokio::spawn(async move {
            let mut accepted = 0;
            for number in 100_u32.. {
                if until.load(Ordering::SeqCst) {
                    break;
                }
                let request = by(&operator(&credit_code(number)), registration(number, Uuid::new_v4()));
                client.clone().register_institution(request).await.unwrap();
                accepted += 1;
            }
            accepted
        });
        let (source, to, keys) = (data.clone(), at("backup"), at("keys"));
        tokio::task::spawn_blocking(move || {
            backup(&source, &to, &[]);
            backup(&source, &keys, &["--keys"]);
        })
        .await
        .unwrap();
        stop.store(true, Ordering::SeqCst);
        assert!(load.await.unwrap() > 0);
        let position = register(&server, 3, Uuid::new_v4())
            .await
            .unwrap()
            .command
            .unwrap()
            .position;
        let dossiers = [shown(&server, &kept).await.1, shown(&server, &erased).await.1];
        server.kill();
        Self {
            home,
            kept,
            erased,
            dossiers,
            position,
            request,
        }
    }

    /// The stored dossiers are as they were, whatever keys there are; answers how the two representatives are shown.
    async fn as_before(&self, server: &Server) -> [Vec<PersonalState>; 2] {
        let (kept, first) = shown(server, &self.kept).await;
        let (erased, second) = shown(server, &self.erased).await;
        assert!([first, second] == self.dossiers);
        [kept, erased]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_under_load_is_restored_with_without_and_with_older_keys() {
    let house = House::make().await;
    assert!(!house.at("backup").join("keys.db").exists() && !house.at("keys").join("log.db").exists());

    // With keys: everything as before, in a new epoch.
    let into = house.at("with");
    let done = restore(&house.at("backup"), Some(&house.at("keys")), &into);
    assert!(
        done.status.success() && small::said(&done).contains("epoch 2"),
        "{}",
        small::said(&done)
    );
    assert!(small::run("verify", &into, &[]).status.success());
    let server = Server::start(&into);
    assert_eq!(
        house.as_before(&server).await,
        [vec![PersonalState::Masked], vec![PersonalState::Erased]]
    );
    let again = register(&server, 1, house.request).await.unwrap();
    assert_eq!(again.institution.unwrap().name, house.kept, "an old request is known");
    let new = register(&server, 4, Uuid::new_v4())
        .await
        .unwrap()
        .command
        .unwrap()
        .position;
    assert!(new.starts_with("2."), "{new}");
    let query = supervision::GetFreshnessRequest {
        min_position: house.position.clone(),
    };
    let refused = server.supervision().await.get_freshness(query).await.unwrap_err();
    assert_eq!(reason(&refused), "POSITION_FOREIGN");
    drop(server);

    // Without: all but what is personal, and no writes.
    let into = house.at("without");
    let done = restore(&house.at("backup"), None, &into);
    assert!(
        done.status.success() && small::said(&done).contains("without keys"),
        "{}",
        small::said(&done)
    );
    let server = Server::start(&into);
    assert_eq!(
        house.as_before(&server).await,
        [vec![PersonalState::KeyMissing], vec![PersonalState::Erased]]
    );
    assert_eq!(
        reason(&register(&server, 5, Uuid::new_v4()).await.unwrap_err()),
        "LOG_READ_ONLY"
    );
    assert!(!into.join("keys.db").exists());
    drop(server);

    // With keys from before the erasure: the log knows, and what was erased stays erased.
    let into = house.at("older");
    let done = restore(&house.at("backup"), Some(&house.at("old-keys")), &into);
    assert!(done.status.success(), "{}", small::said(&done));
    let server = Server::start(&into);
    assert_eq!(
        house.as_before(&server).await,
        [vec![PersonalState::Masked], vec![PersonalState::Erased]]
    );
    register(&server, 6, Uuid::new_v4()).await.unwrap();
    drop(server);

    // A directory that holds something, a backup that is not what was made: refused, and nothing is left behind.
    let refused = restore(&house.at("backup"), None, &house.at("data"));
    assert!(
        !refused.status.success() && small::said(&refused).contains("not empty"),
        "{}",
        small::said(&refused)
    );
    let copy = house.at("backup").join("log.db");
    let mut bytes = std::fs::read(&copy).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&copy, bytes).unwrap();
    let refused = restore(&house.at("backup"), None, &house.at("damaged"));
    assert!(!refused.status.success() && small::said(&refused).contains("the backup is damaged"));
    assert!(!house.at("damaged").exists());
}
