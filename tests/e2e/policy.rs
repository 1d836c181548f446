//! `yujian policy` and `yujian calendar` on a data directory, beside a server, and through it.

use std::path::Path;
use std::process::Output;

use yujian_domain::reference::Reference;
use yujian_proto::licensing::v1 as licensing;
use yujian_proto::licensing::v1::policy_service_client::PolicyServiceClient;

use crate::support::{Server, by, directory, yujian};

fn run(data: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut all = arguments.to_vec();
    all.extend(["--data-dir", data.to_str().unwrap(), "--log-level", "warn"]);
    let Output { status, stdout, stderr } = yujian(&all).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// The national staffing rules in their next version, from a day far ahead on.
fn next_version() -> String {
    let shipped = Reference::shipped_policies();
    let latest = shipped.iter().rfind(|policy| policy.id == "cn-staffing").unwrap();
    latest
        .document
        .replacen("version = 2", "version = 3", 1)
        .replacen("effective_date = \"2024-04-01\"", "effective_date = \"2199-01-01\"", 1)
        .replacen("value = 31", "value = 40", 1)
}

#[test]
fn a_document_is_checked_activated_once_and_listed() {
    let (data, files) = (directory(), directory());
    let file = files.path().join("staffing.toml");
    std::fs::write(&file, next_version()).unwrap();
    let file = file.to_str().unwrap();

    let (code, printed, noted) = run(data.path(), &["policy", "list"]);
    assert_eq!(code, Some(0), "{noted}");
    assert!(noted.contains("no log yet"), "{noted}");
    let line = |printed: &str, id: &str| printed.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
    assert!(line(&printed, "cn-licence").ends_with("shipped, not activated"));
    assert!(line(&printed, "cn-sh-admission").ends_with("active from the first start"));

    let (code, printed, _) = run(data.path(), &["policy", "check", file]);
    assert_eq!(code, Some(0));
    assert!(printed.contains("cn-staffing version 3"), "{printed}");
    assert!(printed.contains("values.start_ahead_days: 31 -> 40"), "{printed}");

    let (code, printed, noted) = run(data.path(), &["policy", "activate", file]);
    assert_eq!(code, Some(0), "{noted}");
    assert!(
        printed.starts_with("active: cn-staffing version 3, from 2199-01-01"),
        "{printed}"
    );
    let (code, again, _) = run(data.path(), &["policy", "activate", file]);
    assert_eq!((code, again), (Some(0), printed), "the same request again");
    let (code, _, noted) = run(data.path(), &["policy", "activate", file, "--account", "other"]);
    assert_eq!(code, Some(2));
    assert!(noted.contains("NOTHING_TO_DO"), "{noted}");

    let (_, printed, _) = run(data.path(), &["policy", "list"]);
    let listed = printed.lines().rfind(|line| line.starts_with("cn-staffing"));
    assert!(listed.unwrap().contains("by command-line"), "{printed}");
    let (_, printed, _) = run(
        data.path(),
        &["policy", "show", "cn-staffing", "--value", "values.start_ahead_days"],
    );
    assert!(printed.starts_with("40\nassumed: "), "{printed}");
    let (_, printed, _) = run(data.path(), &["policy", "show", "cn-staffing", "--version", "1"]);
    assert!(printed.contains("values.start_ahead_days = 31"), "{printed}");
    let (code, ..) = run(data.path(), &["policy", "show", "cn-nothing"]);
    assert_eq!(code, Some(1));
}

#[test]
fn what_is_wrong_with_a_document_is_told_with_its_path() {
    let (data, files) = (directory(), directory());
    let file = files.path().join("staffing.toml");
    std::fs::write(
        &file,
        next_version().replace("[values.max_credentials]", "[values.max_credential]"),
    )
    .unwrap();
    for verb in ["check", "activate"] {
        let (code, printed, noted) = run(data.path(), &["policy", verb, file.to_str().unwrap()]);
        assert_eq!((code, printed.as_str()), (Some(2), ""), "{noted}");
        assert!(noted.contains("document.values.max_credential (POL-01)"), "{noted}");
    }
    std::fs::write(&file, next_version().replace("2199-01-01", "2024-05-01")).unwrap();
    let file = file.to_str().unwrap();
    let (code, _, noted) = run(data.path(), &["policy", "activate", file]);
    assert_eq!(code, Some(2));
    assert!(noted.contains("approver (POL-03)"), "{noted}");
    let (code, ..) = run(data.path(), &["policy", "activate", file, "--approver", "director-7"]);
    assert_eq!(code, Some(0));
}

#[test]
fn the_rule_of_the_act_is_printed_beside_the_later_one() {
    let data = directory();
    let compare = |kind: &str, act: &str| {
        let days = ["--act-date", act, "--decision-date", "2026-03-02"];
        let mut all = vec!["policy", "compare", "--kind", kind, "--region", "330106"];
        all.extend(days);
        run(data.path(), &all)
    };
    let (code, printed, _) = compare("staffing", "2023-05-01");
    assert_eq!(code, Some(0));
    assert!(
        printed.contains("act on 2023-05-01: cn-staffing version 1"),
        "{printed}"
    );
    assert!(
        printed.contains("posts.person_in_charge.management_hours: 0 -> 60"),
        "{printed}"
    );
    assert!(printed.contains("§37"), "{printed}");
    let (code, _, noted) = compare("licence", "2023-05-01");
    assert_eq!(code, Some(2));
    assert!(noted.contains("POLICY_NOT_IN_FORCE"), "{noted}");
    let (code, _, noted) = compare("nothing", "2023-05-01");
    assert_eq!(code, Some(1));
    assert!(noted.contains("admission, incident"), "{noted}");
}

#[test]
fn the_next_notice_is_imported() {
    let (data, files) = (directory(), directory());
    let file = files.path().join("2027.csv");
    let table = format!("{}2027-01-01,元旦,off,2027\n", Reference::shipped_holidays().document);
    std::fs::write(&file, table).unwrap();
    let (_, printed, _) = run(data.path(), &["calendar", "show", "2027"]);
    assert!(printed.contains("provisional"), "{printed}");
    let import = ["calendar", "import", file.to_str().unwrap(), "--source", "2026年通知"];
    let (code, printed, noted) = run(data.path(), &import);
    assert_eq!(code, Some(0), "{noted}");
    assert!(printed.contains("end of 2027"), "{printed}");
    let (_, printed, _) = run(data.path(), &["calendar", "show", "2027"]);
    assert!(printed.starts_with("2027-01-01  off   元旦\n"), "{printed}");
    assert!(
        printed.contains("2026年通知") && printed.contains("by command-line"),
        "{printed}"
    );
    std::fs::write(&file, "date,name,kind,notice_year\n2027-13-01,元旦,off,2027\n").unwrap();
    let (code, _, noted) = run(data.path(), &import);
    assert_eq!(code, Some(2));
    assert!(noted.contains("line 2"), "{noted}");
}

#[tokio::test]
async fn beside_a_server_documents_are_read_and_activated_through_it() {
    let data = directory();
    let server = Server::start(data.path());
    let files = directory();
    let file = files.path().join("staffing.toml");
    std::fs::write(&file, next_version()).unwrap();
    let (code, _, noted) = run(data.path(), &["policy", "activate", file.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(noted.contains("PolicyService"), "{noted}");

    let request = licensing::ActivatePolicyRequest {
        request_id: "00000000-0000-0000-0000-0000000000a1".to_owned(),
        document: next_version(),
        ..Default::default()
    };
    let mut client = PolicyServiceClient::new(server.channel().await);
    client
        .activate_policy(by("role=administrator; id=root-01", request))
        .await
        .unwrap();
    let (code, printed, _) = run(data.path(), &["policy", "list"]);
    assert_eq!(code, Some(0));
    assert!(printed.contains("by root-01"), "{printed}");
}
