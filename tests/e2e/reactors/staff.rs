//! Staff under load and kills: who is barred goes off duty everywhere and each institution is told once; who is engaged
//! for more than full time is flagged once at each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tonic::Status;
use tonic::transport::Channel;
use uuid::Uuid;
use yujian_proto::licensing::v1::licensing_service_client::LicensingServiceClient;
use yujian_proto::staffing::v1 as staffing;
use yujian_proto::staffing::v1::staffing_service_client::StaffingServiceClient;

use super::claims::today;
use super::history::History;
use super::{idle, serve};
use crate::crash::Dice;
use crate::crash::ledger::gone;
use crate::small;
use crate::support::{PROVINCE, by, directory, header_of, knob, registration};

/// Clients, each with one command in flight.
const CLIENTS: u32 = 24;

/// One client with its two institutions, which hires one person after another and bars each.
struct Employer {
    number: u32,
    institutions: Vec<String>,
    hired: u32,
    person: String,
    /// Steps done with the present person.
    step: u32,
    /// Request id of the command that was not answered.
    pending: Option<Uuid>,
}

impl Employer {
    fn new(number: u32) -> Self {
        Self {
            number,
            institutions: Vec::new(),
            hired: 0,
            person: String::new(),
            step: 0,
            pending: None,
        }
    }

    /// Works until the server is gone.
    async fn work(&mut self, channel: &Channel) {
        loop {
            if let Err(status) = self.step(channel).await {
                return gone(&status);
            }
        }
    }

    /// Finishes what was begun with the present person.
    async fn settle(&mut self, channel: &Channel) {
        while self.pending.is_some() || self.step > 0 {
            self.step(channel).await.unwrap();
        }
    }

    /// Sends the next command, or again the one that was left open.
    async fn step(&mut self, channel: &Channel) -> Result<(), Status> {
        let id = *self.pending.get_or_insert_with(Uuid::new_v4);
        if self.institutions.len() < 2 {
            let mut client = LicensingServiceClient::new(channel.clone());
            let institution = u32::try_from(self.institutions.len()).unwrap();
            let register = registration(5_000 + 2 * self.number + institution, id);
            let reply = client.register_institution(by(PROVINCE, register)).await?.into_inner();
            self.institutions.push(reply.institution.unwrap().name);
        } else {
            self.person = self.with_person(channel, id).await?.person.unwrap().name;
            self.step = (self.step + 1) % 6;
            self.hired += u32::from(self.step == 0);
        }
        self.pending = None;
        Ok(())
    }

    async fn with_person(&self, channel: &Channel, id: Uuid) -> Result<staffing::PersonReply, Status> {
        let mut client = StaffingServiceClient::new(channel.clone());
        let (header, name) = (header_of(id), self.person.clone());
        let reply = match self.step {
            0 => {
                let register = staffing::RegisterPersonRequest {
                    header,
                    institution: self.institutions[0].clone(),
                    identity_kind: staffing::IdentityKind::Passport.into(),
                    identity: format!("E{:03}{:05}", self.number, self.hired),
                    display_name: "欧阳小满".to_owned(),
                    proofing: staffing::Proofing::Counter.into(),
                    ..staffing::RegisterPersonRequest::default()
                };
                client.register_person(by(PROVINCE, register)).await
            }
            1 => {
                let health = staffing::RecordHealthCertificateRequest {
                    header,
                    name,
                    issuer: "西湖区妇幼保健院".to_owned(),
                    issue_date: today(),
                    passed: Some(true),
                    ..staffing::RecordHealthCertificateRequest::default()
                };
                client.record_health_certificate(by(PROVINCE, health)).await
            }
            2 => {
                let query = staffing::RecordQueryRequest {
                    header,
                    name,
                    occasion: staffing::QueryOccasion::Hiring.into(),
                    queried_of: staffing::QueriedOf::Police.into(),
                    query_date: today(),
                    found: Vec::new(),
                };
                client.record_query(by(PROVINCE, query)).await
            }
            3 | 4 => {
                let engage = staffing::EngagePersonRequest {
                    header,
                    name,
                    institution: self.institutions[usize::from(self.step == 4)].clone(),
                    post: staffing::Post::Carer.into(),
                    employment: staffing::Employment::Direct.into(),
                    share_permille: 600,
                    start_date: today(),
                };
                client.engage_person(by(PROVINCE, engage)).await
            }
            _ => {
                let bar = staffing::BarPersonRequest {
                    header,
                    name,
                    ground: staffing::BarGround::Order.into(),
                    from_date: today(),
                    decision_number: "杭卫禁〔2026〕1号".to_owned(),
                    reason: "依裁判".to_owned(),
                    ..staffing::BarPersonRequest::default()
                };
                client.bar_person(by(PROVINCE, bar)).await
            }
        };
        reply.map(tonic::Response::into_inner)
    }
}

/// What the log says of staff, folded naively.
#[derive(Default)]
struct Staff {
    /// Bar by person's stream.
    bars: BTreeMap<String, String>,
    /// Institution of each engagement and revision of its beginning, by person's stream and number.
    engagements: BTreeMap<(String, u64), (String, u64)>,
    /// The bar that caused it, of each engagement that was taken off duty.
    off_duty: BTreeMap<(String, u64), String>,
    /// Alerts as (rule, institution, person, period).
    alerts: BTreeSet<(String, String, String, String)>,
}

impl Staff {
    /// Reads the log; nothing may stand there twice.
    fn read(data: &Path) -> Self {
        let log = Connection::open_with_flags(data.join("log.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut statement = log
            .prepare(
                "SELECT s.name, r.type, lower(hex(r.event_id)), r.payload, json_extract(r.metadata, '$.causation'),
                        r.revision
                 FROM record r JOIN stream s ON s.number = r.stream
                 WHERE r.type LIKE 'staffing.%' OR r.type LIKE 'alert.%' ORDER BY r.position",
            )
            .unwrap();
        let mut staff = Self::default();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (stream, event_type, id): (String, String, String) =
                (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
            let payload: Value = serde_json::from_str(&row.get::<_, String>(3).unwrap()).unwrap();
            let text = |member: &str| payload[member].as_str().unwrap_or_default().to_owned();
            let engagement = (stream.clone(), payload["engagement"].as_u64().unwrap_or(0));
            match event_type.as_str() {
                "staffing.PersonBarred.v1" => assert_eq!(staff.bars.insert(stream, id), None),
                "staffing.EngagementStarted.v1" => {
                    let began = (text("institution"), row.get::<_, u32>(5).unwrap().into());
                    staff.engagements.insert(engagement, began);
                }
                "staffing.TakenOffDuty.v1" => {
                    let cause: String = row.get(4).unwrap();
                    let twice = staff.off_duty.insert(engagement, cause.replace('-', ""));
                    assert_eq!(twice, None, "{stream} was taken off duty twice");
                }
                "alert.AlertRaised.v1" => {
                    let period = text("period").replace('-', "");
                    let person = format!("person-{}", text("person"));
                    let alert = (text("rule"), text("institution"), person, period);
                    assert!(staff.alerts.insert(alert.clone()), "raised twice: {alert:?}");
                }
                _ => {}
            }
        }
        staff
    }

    /// Everything that had to follow has followed, and nothing else.
    fn check(&self) {
        let mut alerts = BTreeSet::new();
        for ((person, number), (institution, _)) in &self.engagements {
            let Some(bar) = self.bars.get(person) else { continue };
            let cause = self.off_duty.get(&(person.clone(), *number));
            assert_eq!(cause, Some(bar), "{person} {number}");
            let told =
                |rule: &str, period: &str| (rule.to_owned(), institution.clone(), person.clone(), period.to_owned());
            alerts.insert(told("barred_engaged", bar));
            let (_, second) = self.engagements[&(person.clone(), 2)];
            alerts.insert(told("double_engagement", &format!("1,2@{second}")));
        }
        assert_eq!(self.alerts, alerts);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_twenty_kills_every_barred_person_is_off_duty_and_told_once_everywhere() {
    let rounds = knob("REACTOR_ROUNDS", 20);
    let mut dice = Dice(knob("REACTOR_SEED", 2));
    let data = directory();
    let mut employers: Vec<Employer> = (0..CLIENTS).map(Employer::new).collect();
    for _ in 0..rounds {
        let server = serve(data.path(), "on");
        let channel = server.channel().await;
        let mut work = tokio::task::JoinSet::new();
        for mut employer in employers.drain(..) {
            let channel = channel.clone();
            work.spawn(async move {
                employer.work(&channel).await;
                employer
            });
        }
        tokio::time::sleep(Duration::from_millis(50 + dice.roll(600))).await;
        server.kill();
        employers = work.join_all().await;
        Staff::read(data.path());
    }

    let server = serve(data.path(), "on");
    let channel = server.channel().await;
    for employer in &mut employers {
        employer.settle(&channel).await;
    }
    idle(data.path()).await;
    let staff = Staff::read(data.path());
    staff.check();
    println!(
        "reactors: {rounds} rounds, {} persons barred, {} taken off duty, {} alerts",
        staff.bars.len(),
        staff.off_duty.len(),
        staff.alerts.len()
    );
    assert!(!staff.bars.is_empty());
    server.kill();

    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(data.path().join(file));
    }
    let before = History::length(data.path());
    let server = serve(data.path(), "on");
    idle(data.path()).await;
    assert_eq!(History::length(data.path()), before);
    server.kill();
    let verified = small::run("verify", data.path(), &[]);
    assert!(verified.status.success(), "{}", small::said(&verified));
}
