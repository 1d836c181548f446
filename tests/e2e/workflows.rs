//! The four workflows, walked by a client that has nothing but the .proto files.

use crate::support::{Server, credit_code, directory, python};

#[test]
fn a_client_that_is_not_ours_walks_all_four_workflows_from_the_proto_files_alone() {
    let Some(python) = python() else { return };
    let data = directory();
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
            "staffing: engaged and barred",
            "inspection: published",
            "incident: concluded"
        ]
    );
}
