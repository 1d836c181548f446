//! A demonstration history with hostile names in it, the page over it, and how to ask it.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, Request as HttpRequest, StatusCode};
use jiff::civil::date;
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;
use yujian_command::{Commands, Reactors, Request};
use yujian_dashboard::Page;
use yujian_demo::{Batch, Plan, build, clock_start};
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::inspection::{ImportedKind, Inspection, InspectionCommand, RecordImportedInspection, Weight};
use yujian_domain::institution::{
    Institution, InstitutionCommand, InstitutionType, Mode, Ownership, RecordImportedInstitution,
};
use yujian_domain::person::{
    ClaimCredential, CredentialKind, IdentityKind, Person, PersonCommand, Proofing, RegisterPerson,
};
use yujian_domain::personal::Sensitive;
use yujian_domain::time::{Occurred, day_of};
use yujian_domain::values::{ExternalId, RegionId};
use yujian_eventlog::LogError;
use yujian_eventlog::checkpoint::StateFile;
use yujian_eventlog::clock::{Clock, SimulatedClock};
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::MemoryKeys;
use yujian_eventlog::memory::MemoryLog;
use yujian_views::{
    AlertQuery, ApplicationQuery, ApplicationRow, IncidentQuery, InspectionQuery, InstitutionQuery, PersonQuery, Views,
};

/// Names that break pages which do not escape, or that reorder what stands beside them.
pub const NASTY: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'; DROP TABLE institution; --",
    "</title></head><body onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "园\u{202E}gnihtemos",
    "&lt;b&gt;甲&amp;乙",
    "\u{2066}甲\u{FEFF}乙<!--",
];

struct Nothing;

#[async_trait]
impl Batch for Nothing {
    async fn begin(&self) -> Result<(), LogError> {
        Ok(())
    }
    async fn commit(&self) -> Result<(), LogError> {
        Ok(())
    }
}

pub struct House {
    pub router: Router,
    pub views: Views,
    pub commands: Commands,
    pub clock: Arc<SimulatedClock>,
    pub stop: CancellationToken,
    pub nasty: Vec<Uuid>,
    /// Persons and inspections whose texts are hostile too.
    pub nasty_pages: Vec<String>,
    _follow: watch::Sender<bool>,
}

pub async fn house() -> House {
    let plan = Plan {
        seed: 3,
        until: date(2026, 6, 30),
        institutions: 24,
        months: 6,
    };
    let clock = Arc::new(SimulatedClock::new(clock_start(plan).unwrap()));
    let log = MemoryLog::new(clock.clone());
    let entropy = Arc::new(Entropy::seeded(plan.seed));
    let keys = Arc::new(MemoryKeys::new(entropy.clone()));
    let commands = Commands::open(log.clone(), keys.clone(), clock.clone(), entropy, true)
        .await
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let state = Arc::new(StateFile::open_for_build(directory.path()).unwrap());
    let mut reactors = Reactors::open(commands.clone(), state).await.unwrap();
    build(
        &commands,
        log.as_ref(),
        &mut reactors,
        &clock,
        &Nothing,
        plan,
        |_, _| {},
    )
    .await
    .unwrap();
    let (mut nasty, mut nasty_pages) = (Vec::new(), Vec::new());
    for (number, name) in NASTY.iter().enumerate() {
        let institution = import(&commands, name, number).await;
        nasty_pages.extend(staff(&commands, name, number, &clock).await);
        if let Some(institution) = institution {
            nasty_pages.extend(visit(&commands, institution, name, number).await);
            nasty.push(institution);
        }
    }
    let views = Views::open(None, log, commands.reference().divisions.clone(), |_| {})
        .await
        .unwrap();
    let (follow, stopped) = watch::channel(false);
    let follower = views.clone();
    tokio::spawn(async move { follower.follow(stopped).await });
    let stop = CancellationToken::new();
    let reference = commands.clone();
    let page = Page::new(
        views.clone(),
        keys,
        clock.clone(),
        Arc::new(move || reference.reference()),
        stop.clone(),
        true,
    );
    House {
        router: page.router(),
        views,
        commands,
        clock,
        stop,
        nasty,
        nasty_pages,
        _follow: follow,
    }
}

/// Imports a row with a name as a foreign register may hold it; `None` when the domain refuses the name.
pub async fn import(commands: &Commands, name: &str, number: usize) -> Option<Uuid> {
    let actor = Actor {
        id: "importer".to_owned(),
        role: Role::Administrator,
        organisation: Some("register".to_owned()),
        jurisdiction: None,
    };
    let command = InstitutionCommand::RecordImported(RecordImportedInstitution {
        external: ExternalId {
            register: "nasty".to_owned(),
            number: number.to_string(),
        },
        name: name.to_owned(),
        address: Some(name.to_owned()),
        region: RegionId::parse("330106", 2020).unwrap(),
        credit_code: None,
        institution_type: InstitutionType::Unknown,
        register_type: None,
        register_status: None,
        mode: Mode::Unknown,
        ownership: Ownership::Unknown,
        classes: Vec::new(),
        valid_from_date: None,
        edition_date: None,
    });
    let request = Request::new(actor, Uuid::from_u128(number as u128 + 1), "test/Import", None, command);
    commands
        .execute::<Institution>(request)
        .await
        .ok()
        .map(|outcome| outcome.id)
}

fn officer() -> Actor {
    Actor {
        id: "officer-1".to_owned(),
        role: Role::Officer,
        organisation: Some("health-330106".to_owned()),
        jurisdiction: Some("330106".to_owned()),
    }
}

/// Registers a person of a name, with a credential whose issuer and level read alike. The address of the page.
async fn staff(commands: &Commands, name: &str, number: usize, clock: &SimulatedClock) -> Option<String> {
    let now = clock.now();
    let request = |id: u128, target: Option<Uuid>, command: PersonCommand| {
        let mut request = Request::new(officer(), Uuid::from_u128(id), "test/Staff", target, command);
        request.occurred = Some(Occurred::Instant { time: now });
        request
    };
    let number = number as u128;
    let command = PersonCommand::Register(RegisterPerson {
        institution: None,
        region: Some(RegionId::parse("330106", 2020).unwrap()),
        identity_kind: IdentityKind::Passport,
        identity: Sensitive::new(format!("E1234567{number}")),
        name: Sensitive::new(name.to_owned()),
        phone: None,
        proofing: Proofing::Counter,
        birth_date: None,
        account: None,
    });
    let registered = commands
        .execute::<Person>(request(1000 + number, None, command))
        .await
        .ok()?;
    let command = PersonCommand::ClaimCredential(ClaimCredential {
        kind: CredentialKind::Other,
        issuer: name.to_owned(),
        number: Sensitive::new(format!("N-{number}")),
        level: Some(name.to_owned()),
        issue_date: day_of(now),
        expiry_date: None,
        sha256: None,
    });
    commands
        .execute::<Person>(request(2000 + number, Some(registered.id), command))
        .await
        .ok()?;
    Some(format!("/persons/{}", registered.id))
}

/// Imports a finding that cites a standard of a name. The address of the page.
async fn visit(commands: &Commands, institution: Uuid, name: &str, number: usize) -> Option<String> {
    let command = InspectionCommand::RecordImported(RecordImportedInspection {
        institution,
        external: ExternalId {
            register: "nasty".to_owned(),
            number: format!("v{number}"),
        },
        ordinal: 1,
        visit_date: None,
        kind: ImportedKind::Finding,
        standard: name.to_owned(),
        weight: Weight::Unknown,
        corrected_date: None,
        details: std::collections::BTreeMap::new(),
        narrative: None,
    });
    let actor = Actor {
        id: "importer".to_owned(),
        role: Role::Administrator,
        organisation: Some("register".to_owned()),
        jurisdiction: None,
    };
    let id = Uuid::from_u128(0x7000 + number as u128);
    let mut request = Request::new(
        actor,
        Uuid::from_u128(3000 + number as u128),
        "test/Visit",
        Some(id),
        command,
    );
    request.occurred = Some(Occurred::Unknown);
    commands
        .execute::<Inspection>(request)
        .await
        .ok()
        .map(|outcome| format!("/inspections/{}", outcome.id))
}

pub async fn get(router: &Router, path: &str) -> (StatusCode, HeaderMap, String) {
    ask(router, path, &[]).await
}

pub async fn ask(router: &Router, path: &str, headers: &[(HeaderName, &str)]) -> (StatusCode, HeaderMap, String) {
    let mut request = HttpRequest::get(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 8 * 1024 * 1024).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
}

/// One history for the tests that only read.
/// Markup without the marks of figures: what a reader sees of a number and what stands beside it.
pub fn plain(html: &str) -> String {
    let mut parts = html.split("<data ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('>').unwrap().1);
    }
    plain.replace("</data>", "")
}

pub async fn shared() -> &'static House {
    static HOUSE: OnceCell<House> = OnceCell::const_new();
    HOUSE.get_or_init(house).await
}

pub async fn every_page(house: &House) -> Vec<String> {
    let institutions = house
        .views
        .institutions(InstitutionQuery {
            limit: 500,
            ..Default::default()
        })
        .await
        .unwrap();
    let incidents = house
        .views
        .incidents(IncidentQuery {
            limit: 500,
            ..Default::default()
        })
        .await
        .unwrap();
    let persons = house
        .views
        .persons(PersonQuery {
            limit: 500,
            ..Default::default()
        })
        .await
        .unwrap();
    let inspections = house
        .views
        .inspections(InspectionQuery {
            limit: 500,
            ..Default::default()
        })
        .await
        .unwrap();
    let alerts = house
        .views
        .alerts(AlertQuery {
            limit: 500,
            ..Default::default()
        })
        .await
        .unwrap();
    let fixed = [
        "/staff",
        "/staff?region=3301",
        "/staff/list",
        "/staff/list?state=active&state=off_duty&within=90",
        "/staff/list?barred=1&unqualified=1&post=carer",
        "/credentials",
        "/credentials?kind=childcare_worker&state=verified&left=more&engaged=1",
        "/conduct",
        "/conduct?region=3301",
        "/inspections",
        "/inspections?purpose=random&open=1&from=2026-01-01&to=2026-06-30",
        "/findings",
        "/findings?overdue=1",
        "/findings?dimension=safety&weight=grave&open=1",
        "/alerts",
        "/alerts?rule=double_engagement",
        "/alerts?open=1&severity=grave",
        "/alerts?region=3301&state=raised&state=confirmed",
        "/",
        "/?region=33",
        "/?region=3301",
        "/?region=330106",
        "/institutions",
        "/institutions?q=%E5%9B%AD",
        "/incidents",
        "/incidents?open=1",
        "/admission",
        "/admission?region=3301",
        "/applications",
        "/applications?kind=filing&open=1&left=overdue",
        "/applications?item=papers.fire_safety",
        "/deadlines",
        "/deadlines?ended=1&kind=receipt&owner=authority",
        "/status",
        "/status?digest=1",
    ];
    let mut pages: Vec<String> = fixed.iter().map(|path| (*path).to_owned()).collect();
    pages.extend(institutions.rows.iter().map(|row| format!("/institutions/{}", row.id)));
    pages.extend(
        institutions
            .rows
            .iter()
            .map(|row| format!("/institutions/{}?as_of=2026-04-15&known_at=2026-05-01", row.id)),
    );
    pages.extend(
        incidents
            .rows
            .iter()
            .take(60)
            .map(|row| format!("/incidents/{}", row.id)),
    );
    let township = institutions.rows.iter().find(|row| row.region.len() == 9).unwrap();
    for path in ["/", "/staff", "/conduct", "/admission"] {
        pages.push(format!("{path}?region={}", township.region));
    }
    pages.extend(persons.rows.iter().take(120).map(|row| format!("/persons/{}", row.id)));
    let about = alerts.rows.iter().filter_map(|row| row.person);
    pages.extend(about.take(30).map(|id| format!("/persons/{id}")));
    pages.extend(inspections.rows.iter().map(|row| format!("/inspections/{}", row.id)));
    pages.extend(alerts.rows.iter().take(60).map(|row| format!("/alerts/{}", row.id)));
    let applied = ApplicationQuery {
        limit: 500,
        ..Default::default()
    };
    let applied = house.views.applications(applied).await.unwrap();
    let of = |row: &ApplicationRow| format!("/applications/{}/{}", row.institution, row.number);
    pages.extend(applied.rows.iter().map(of));
    pages
}
