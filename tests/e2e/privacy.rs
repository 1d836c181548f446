//! What was told in confidence stands in clear nowhere, and what was erased can be read by nobody.

use std::path::Path;
use std::process::Command;

use tonic::Code;
use tonic_types::StatusExt;
use uuid::Uuid;
use yujian_proto::audit::v1 as audit;
use yujian_proto::audit::v1::audit_service_client::AuditServiceClient;
use yujian_proto::audit::v1::replay_institution_reply::Part;
use yujian_proto::common::v1::{PersonalState, PersonalValue};
use yujian_proto::incident::v1 as incident;
use yujian_proto::incident::v1::incident_service_client::IncidentServiceClient;
use yujian_proto::licensing::v1 as licensing;
use yujian_proto::supervision::v1 as supervision;

use crate::small;
use crate::support::{
    ADMINISTRATOR, AUDITOR, PROVINCE, Server, binary, by, credit_code, directory, header, operator, registration,
};

/// What is planted: found again only if it stands in clear. Each is its own, so that a find says which it was.
const NAME: &str = "澹台霁雪岚";
const IDENTITY: &str = "11010519491231002X";
const PHONE: &str = "13871940265";
const CHILD: &str = "濮阳蕴玉瑾";
const TREATMENT: &str = "敷药旃檀榕一七三";
const NARRATIVE: &str = "午睡起身时额角碰到床栏鹡鸰四零二";
const ACTIONS: &str = "冰敷并通知鸬鹚五一六";
const REPORTER: &str = "闾丘芷汀溪";
const SUPPLEMENT: &str = "复诊记录鹪鹩七八三";
const PLANTED: [&str; 9] = [
    NAME, IDENTITY, PHONE, CHILD, TREATMENT, NARRATIVE, ACTIONS, REPORTER, SUPPLEMENT,
];

/// Whether the bytes hold one of the planted values, as UTF-8, UTF-16 or escaped as JSON may.
fn found(bytes: &[u8]) -> Option<&'static str> {
    PLANTED.into_iter().find(|planted| {
        let wide: Vec<u8> = planted.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let escaped: String = planted
            .encode_utf16()
            .map(|unit| match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
                _ => format!("\\u{unit:04x}"),
            })
            .collect();
        [planted.as_bytes(), &wide, escaped.as_bytes()]
            .iter()
            .any(|needle| bytes.windows(needle.len()).any(|window| window == *needle))
    })
}

/// Asserts that no file of a directory holds a planted value; answers the names of the files.
fn no_file_holds_any(data: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(data).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert_eq!(found(&std::fs::read(entry.path()).unwrap()), None, "{name}");
        names.push(name);
    }
    names
}

/// A case with everything personal that the API takes; answers institution and incident.
async fn plant(server: &Server) -> (String, String) {
    let mut request = registration(7, Uuid::new_v4());
    request.representative = Some(licensing::Representative {
        name: NAME.to_owned(),
        identity_number: IDENTITY.to_owned(),
        phone: PHONE.to_owned(),
    });
    let me = operator(&credit_code(7));
    let reply = server
        .licensing()
        .await
        .register_institution(by(&me, request))
        .await
        .unwrap()
        .into_inner();
    let institution = reply.institution.unwrap().name;
    let mut notification = small::notification(&institution);
    notification.children[0].name = CHILD.to_owned();
    notification.children[0].treatment = TREATMENT.to_owned();
    notification.narrative = NARRATIVE.to_owned();
    notification.first_actions = ACTIONS.to_owned();
    notification.reporter = REPORTER.to_owned();
    let mut incidents = IncidentServiceClient::new(server.channel().await);
    let reply = incidents.notify_incident(by(&me, notification)).await.unwrap();
    assert_eq!(found(format!("{reply:?}").as_bytes()), None);
    let case = reply.into_inner().incident.unwrap().name;
    let supplement = incident::SupplementIncidentRequest {
        header: header(),
        name: case.clone(),
        narrative: SUPPLEMENT.to_owned(),
        ..incident::SupplementIncidentRequest::default()
    };
    incidents.supplement_incident(by(&me, supplement)).await.unwrap();

    // Refused requests must not tell either: a phone that is none, an identity number that does not check.
    let mut wrong = registration(8, Uuid::new_v4());
    wrong.representative = Some(licensing::Representative {
        name: NAME.to_owned(),
        identity_number: format!("{}0", &IDENTITY[..17]),
        phone: format!("{PHONE}电话{NAME}"),
    });
    let refused = server
        .licensing()
        .await
        .register_institution(by(&operator(&credit_code(8)), wrong))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(
        found(refused.message().as_bytes()).or(found(refused.details())),
        None,
        "{refused:?}"
    );
    (institution, case)
}

/// Everything that the server tells about the case: replies of gRPC and pages.
struct Told {
    personal: Vec<(String, PersonalValue)>,
    pages: Vec<String>,
    live: Vec<u8>,
    replayed: Vec<u8>,
}

impl Told {
    async fn by(server: &Server, institution: &str, case: &str) -> Self {
        let mut supervision = server.supervision().await;
        let query = supervision::ListTimelineRequest {
            institution: institution.to_owned(),
            page_size: 500,
            ..supervision::ListTimelineRequest::default()
        };
        let timeline = supervision
            .list_timeline(by(AUDITOR, query))
            .await
            .unwrap()
            .into_inner();
        let query = supervision::GetDossierRequest {
            name: institution.to_owned(),
            ..supervision::GetDossierRequest::default()
        };
        let dossier = supervision.get_dossier(by(AUDITOR, query)).await.unwrap().into_inner();
        let query = supervision::GetIncidentRequest {
            name: case.to_owned(),
            ..supervision::GetIncidentRequest::default()
        };
        let view = supervision.get_incident(by(AUDITOR, query)).await.unwrap().into_inner();
        let query = supervision::GetInstitutionRequest {
            name: institution.to_owned(),
            ..supervision::GetInstitutionRequest::default()
        };
        let row = supervision
            .get_institution(by(AUDITOR, query))
            .await
            .unwrap()
            .into_inner();
        let query = audit::ReplayInstitutionRequest {
            name: institution.to_owned(),
            ..audit::ReplayInstitutionRequest::default()
        };
        let mut audit = AuditServiceClient::new(server.channel().await);
        let mut parts = audit.replay_institution(by(AUDITOR, query)).await.unwrap().into_inner();
        let mut replayed = Vec::new();
        while let Some(reply) = parts.message().await.unwrap() {
            match reply.part.unwrap() {
                Part::Page(page) => {
                    for record in page.records {
                        assert_eq!(found(&record.payload).or(found(&record.metadata)), None);
                    }
                }
                Part::Dossier(dossier) => replayed = dossier.canonical,
                Part::Start(_) => {}
            }
        }
        assert_eq!(found(&dossier.canonical), None);
        assert_eq!(
            found(format!("{timeline:?}{dossier:?}{view:?}{row:?}").as_bytes()),
            None
        );
        let pages: Vec<_> = [
            "/",
            "/institutions",
            "/incidents",
            "/status",
            &format!("/{institution}"),
            &format!("/{case}"),
        ]
        .map(|path| small::page(server, path))
        .into();
        for page in &pages {
            assert_eq!(found(page.as_bytes()), None);
        }
        let facts = dossier
            .facts
            .into_iter()
            .flat_map(|fact| fact.personal.into_iter().map(move |one| (fact.key.clone(), one)));
        let events = timeline.events.into_iter();
        let events = events.flat_map(|event| {
            event
                .personal
                .into_iter()
                .map(move |one| (event.event_type.clone(), one))
        });
        Self {
            personal: facts.chain(events).collect(),
            pages,
            live: dossier.canonical,
            replayed,
        }
    }

    fn states(&self) -> Vec<PersonalState> {
        let mut states: Vec<_> = self.personal.iter().map(|(_, value)| value.state()).collect();
        states.sort();
        states.dedup();
        states
    }

    fn dossier_page(&self) -> &str {
        &self.pages[4]
    }
}

async fn erase(server: &Server, subject: &str, approver: &str) -> Result<(), tonic::Status> {
    let request = audit::EraseSubjectRequest {
        request_id: Uuid::new_v4().to_string(),
        subject: subject.to_owned(),
        ground: yujian_proto::audit::v1::ErasureGround::RetentionEnded.into(),
        approver: approver.to_owned(),
    };
    AuditServiceClient::new(server.channel().await)
        .erase_subject(by(ADMINISTRATOR, request))
        .await
        .map(|_| ())
}

/// The label under which the representative's values are sealed, as the registration lists it.
fn representative(data: &Path, institution: &str) -> String {
    let sql = "SELECT metadata FROM record JOIN stream ON number = stream WHERE name = ?1 AND revision = 0";
    let stream = institution.replacen("institutions/", "institution-", 1);
    let metadata: String = small::log(data).query_row(sql, [stream], |row| row.get(0)).unwrap();
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    metadata["subjects"][0].as_str().unwrap().to_owned()
}

/// A server that logs everything into a file.
fn tracing(data: &Path, log: &Path, format: &str) -> Server {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", r#"log="$0"; exec "$@" 2>"$log""#])
        .arg(log)
        .arg(binary());
    shell
        .args([
            "serve",
            "--port",
            "0",
            "--log-level",
            "trace",
            "--log-format",
            format,
            "--data-dir",
        ])
        .arg(data);
    Server::spawn(shell)
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_values_stand_in_clear_in_no_file_log_line_page_or_reply() {
    for format in ["text", "json"] {
        let home = directory();
        let data = home.path().join("data");
        let log = home.path().join("trace.log");
        let mut server = tracing(&data, &log, format);
        let (institution, case) = plant(&server).await;
        let told = Told::by(&server, &institution, &case).await;
        assert_eq!(told.states(), [PersonalState::Masked]);
        assert!(told.personal.len() > 8, "{:?}", told.personal);
        assert_eq!(told.live, told.replayed);
        let masks: Vec<_> = told.personal.iter().map(|(_, value)| value.masked.as_str()).collect();
        assert!(
            masks.iter().any(|mask| mask.starts_with('澹')) && masks.iter().any(|mask| mask.ends_with("0265")),
            "{masks:?}"
        );
        assert!(told.dossier_page().contains("澹"), "the page shows the mask");
        let files = no_file_holds_any(&data);
        assert!(
            ["log.db", "log.db-wal", "views.db", "keys.db"]
                .iter()
                .all(|name| files.iter().any(|file| file == name)),
            "{files:?}"
        );

        assert!(server.interrupt().1);
        let lines = std::fs::read(&log).unwrap();
        assert!(lines.len() > 2_000, "{} bytes were logged", lines.len());
        assert_eq!(found(&lines), None);
        // And in the files as they are once everything stands in its table.
        for file in ["log.db", "views.db", "keys.db"] {
            let connection = rusqlite::Connection::open(data.join(file)).unwrap();
            connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .unwrap();
        }
        no_file_holds_any(&data);
        assert!(small::run("verify", &data, &[]).status.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_subject_is_told_apart_from_missing_keys_and_proofs_stay_valid() {
    let home = directory();
    let data = home.path().join("data");
    let server = Server::start(&data);
    let (institution, case) = plant(&server).await;
    let before = Told::by(&server, &institution, &case).await;
    let subject = representative(&data, &institution);

    // Two persons: the second is neither missing nor the first.
    let refused = erase(&server, &subject, "admin-1").await.unwrap_err();
    assert_eq!(refused.get_details_error_info().unwrap().reason, "TWO_PERSON_RULE");
    assert_eq!(
        Told::by(&server, &institution, &case).await.states(),
        [PersonalState::Masked]
    );
    erase(&server, &subject, "admin-2").await.unwrap();

    let after = Told::by(&server, &institution, &case).await;
    assert_eq!(after.states(), [PersonalState::Masked, PersonalState::Erased]);
    let erased: Vec<_> = after
        .personal
        .iter()
        .filter(|(_, value)| value.state() == PersonalState::Erased)
        .collect();
    assert!(
        erased.iter().all(|(_, value)| value.masked.is_empty()) && erased.len() >= 3,
        "{erased:?}"
    );
    assert!(after.dossier_page().contains("已删除") && !before.dossier_page().contains("已删除"));
    assert_eq!(
        (&after.live, &after.replayed),
        (&before.live, &before.replayed),
        "what is stored stays as it was"
    );
    server.kill();
    assert!(small::run("verify", &data, &[]).status.success());

    // Keys that are not there are another matter than a key that was destroyed.
    for file in ["keys.db", "keys.db-wal", "keys.db-shm", "keys.kek"] {
        let _ = std::fs::remove_file(data.join(file));
    }
    let server = Server::start(&data);
    let without = Told::by(&server, &institution, &case).await;
    assert_eq!(without.states(), [PersonalState::Erased, PersonalState::KeyMissing]);
    assert_eq!((&without.live, &without.replayed), (&before.live, &before.replayed));
    let request = registration(9, Uuid::new_v4());
    let refused = server
        .licensing()
        .await
        .register_institution(by(&operator(&credit_code(9)), request))
        .await
        .unwrap_err();
    assert_eq!(refused.get_details_error_info().unwrap().reason, "LOG_READ_ONLY");
    let rename = licensing::ChangeDetailsRequest {
        header: header(),
        name: institution,
        display_name: Some("别的名字".to_owned()),
        ..licensing::ChangeDetailsRequest::default()
    };
    let refused = server
        .licensing()
        .await
        .change_details(by(PROVINCE, rename))
        .await
        .unwrap_err();
    assert_eq!(refused.get_details_error_info().unwrap().reason, "LOG_READ_ONLY");
}
