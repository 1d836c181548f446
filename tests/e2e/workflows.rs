//! The workflows, walked by a client that has nothing but the .proto files.

use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;
use yujian_command::{ActivationRequest, Commands};
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::reference::Reference;
use yujian_eventlog::EventLog;
use yujian_eventlog::clock::{Clock, SystemClock};
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::FileKeys;
use yujian_eventlog::sqlite::{OpenOptions, SqliteLog};

use crate::support::{Server, credit_code, directory, python};

/// Puts licences in force in a district since the beginning of 2026, before anything is served.
fn activate_licences(data: &Path, region: &str) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let entropy = Arc::new(Entropy::Os);
    let keys = FileKeys::open(data, None, true, entropy.clone(), clock.clone()).unwrap();
    let options = OpenOptions {
        check_values: keys.check_values(),
        ..OpenOptions::new(clock.clone())
    };
    let log: Arc<dyn EventLog> = SqliteLog::open(data, options).unwrap();
    let mut shipped = Reference::shipped_policies().into_iter();
    let licence = shipped.find(|policy| policy.id == "cn-licence").unwrap();
    let document = licence
        .document
        .replace("id = \"cn-licence\"", &format!("id = \"licence-{region}\""))
        .replace("region = \"CN\"", &format!("region = \"{region}\""))
        .replace(
            &format!("effective_date = \"{}\"", licence.effective_date),
            "effective_date = \"2026-01-01\"",
        );
    let request = ActivationRequest {
        actor: Actor {
            id: "root-01".to_owned(),
            role: Role::Administrator,
            organisation: None,
            jurisdiction: None,
        },
        request_id: Uuid::from_u128(1),
        method: "test/ActivatePolicy",
        approver: Some("root-02".to_owned()),
        validate_only: false,
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let commands = Commands::open(log, keys, clock, entropy, false).await.unwrap();
        commands.activate_policy(request, &document).await.unwrap();
    });
}

#[test]
fn a_client_that_is_not_ours_walks_every_workflow_from_the_proto_files_alone() {
    let Some(python) = python() else { return };
    let data = directory();
    activate_licences(data.path(), "330108");
    let server = Server::start(data.path());
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let done = std::process::Command::new(python)
        .arg(format!("{root}/tests/clients/workflows.py"))
        .args([&server.address, &credit_code(4), &format!("{root}/proto/proto")])
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{printed}\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(
        printed.lines().collect::<Vec<_>>(),
        [
            "licensing: filed with receipt",
            "licence: granted, taken away, children placed",
            "staffing: engaged and barred",
            "inspection: published",
            "incident: concluded"
        ]
    );
}
