//! Clients that remember: each has one command in flight, keeps what was answered, and repeats after a restart what was
//! not, under the same request id.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;
use yujian_proto::common::v1::CommandReply;
use yujian_proto::common::v1::command_header::Occurred;
use yujian_proto::incident::v1 as incident;
use yujian_proto::incident::v1::incident_service_client::IncidentServiceClient;
use yujian_proto::licensing::v1 as licensing;
use yujian_proto::licensing::v1::licensing_service_client::LicensingServiceClient;

use crate::support::{by, credit_code, filing, header_of, operator, papers, registration};

/// A command as it is sent, and sent again.
#[derive(Debug, Clone)]
pub enum Ask {
    Register(licensing::RegisterInstitutionRequest),
    Change(licensing::ChangeDetailsRequest),
    File(licensing::SubmitFilingRequest),
    Notify(incident::NotifyIncidentRequest),
    Tell(incident::TellGuardianRequest),
}

/// What it was answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Institution(licensing::InstitutionReply),
    Incident(incident::IncidentReply),
}

impl Answer {
    pub fn command(&self) -> &CommandReply {
        match self {
            Self::Institution(reply) => reply.command.as_ref().unwrap(),
            Self::Incident(reply) => reply.command.as_ref().unwrap(),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Institution(reply) => &reply.institution.as_ref().unwrap().name,
            Self::Incident(reply) => &reply.incident.as_ref().unwrap().name,
        }
    }
}

/// A command with its request id and who sends it.
#[derive(Debug, Clone)]
pub struct Sent {
    pub request: Uuid,
    pub actor: String,
    pub ask: Ask,
}

impl Sent {
    /// Sends it, once.
    pub async fn send(&self, channel: &Channel) -> Result<Answer, Status> {
        let actor = self.actor.as_str();
        let mut licensing = LicensingServiceClient::new(channel.clone());
        let mut incidents = IncidentServiceClient::new(channel.clone());
        let institution = |reply: tonic::Response<_>| Answer::Institution(reply.into_inner());
        let incident = |reply: tonic::Response<_>| Answer::Incident(reply.into_inner());
        match self.ask.clone() {
            Ask::Register(ask) => licensing.register_institution(by(actor, ask)).await.map(institution),
            Ask::Change(ask) => licensing.change_details(by(actor, ask)).await.map(institution),
            Ask::File(ask) => licensing.submit_filing(by(actor, ask)).await.map(institution),
            Ask::Notify(ask) => incidents.notify_incident(by(actor, ask)).await.map(incident),
            Ask::Tell(ask) => incidents.tell_guardian(by(actor, ask)).await.map(incident),
        }
    }
}

/// One client with its ledger.
pub struct Client {
    /// First of the numbers of its institutions; no other client uses them.
    first: u32,
    cycle: u32,
    step: u32,
    institution: String,
    incident: String,
    pending: Option<Sent>,
    /// Everything that was acknowledged, in order.
    pub acknowledged: Vec<(Sent, Answer)>,
}

impl Client {
    pub fn new(index: u32) -> Self {
        Self {
            first: index * 100_000,
            cycle: 0,
            step: 0,
            institution: String::new(),
            incident: String::new(),
            pending: None,
            acknowledged: Vec::new(),
        }
    }

    /// Works until the server is gone. With `registrations_only` every command is a claim and a creation.
    pub async fn work(&mut self, channel: &Channel, registrations_only: bool, in_flight: &Arc<AtomicUsize>) {
        loop {
            in_flight.fetch_add(1, Ordering::SeqCst);
            match self.step(channel, registrations_only).await {
                Ok(()) => in_flight.fetch_sub(1, Ordering::SeqCst),
                // Still counted: nobody told this client what became of its command.
                Err(status) => return gone(&status),
            };
        }
    }

    /// Sends the next command, or again the one that was left open. It is left open when it is not answered.
    pub async fn step(&mut self, channel: &Channel, registrations_only: bool) -> Result<(), Status> {
        let sent = match self.pending.take() {
            Some(sent) => sent,
            None => self.next(registrations_only),
        };
        match sent.send(channel).await {
            Ok(answer) => {
                self.note(sent, answer);
                Ok(())
            }
            Err(status) => {
                self.pending = Some(sent);
                Err(status)
            }
        }
    }

    /// Repeats what was left open, and answers how many that were.
    pub async fn settle(&mut self, channel: &Channel) -> usize {
        let Some(sent) = self.pending.take() else { return 0 };
        let answer = sent.send(channel).await.unwrap();
        self.note(sent, answer);
        1
    }

    fn note(&mut self, sent: Sent, answer: Answer) {
        match &sent.ask {
            Ask::Register(_) => self.institution = answer.name().to_owned(),
            Ask::Notify(_) => self.incident = answer.name().to_owned(),
            Ask::Change(_) | Ask::File(_) | Ask::Tell(_) => {}
        }
        self.acknowledged.push((sent, answer));
    }

    /// The next command of its story: register, change, file with too little, file, notify, tell, change, and anew.
    fn next(&mut self, registrations_only: bool) -> Sent {
        if registrations_only || self.step == 7 {
            self.step = 0;
        }
        let request = Uuid::new_v4();
        if self.step == 0 {
            self.cycle += 1;
        }
        let number = self.first + self.cycle;
        let institution = self.institution.clone();
        let ask = match self.step {
            0 => Ask::Register(registration(number, request)),
            1 | 6 => Ask::Change(licensing::ChangeDetailsRequest {
                header: header_of(request),
                name: institution,
                address: Some(format!("浙江省杭州市西湖区文三路{}号", 100 + self.step)),
                ..licensing::ChangeDetailsRequest::default()
            }),
            2 => Ask::File(filing(&institution, papers().split_off(3), request)),
            3 => Ask::File(filing(&institution, papers(), request)),
            4 => Ask::Notify(fall(institution, request)),
            _ => Ask::Tell(incident::TellGuardianRequest {
                header: header_of(request),
                name: self.incident.clone(),
                child: 1,
                told_time: ago(10),
                channel: incident::Channel::Phone.into(),
            }),
        };
        self.step += 1;
        Sent {
            request,
            actor: operator(&credit_code(number)),
            ask,
        }
    }
}

/// Only a server that is gone may leave a command unanswered; a refusal is a fault of this test or of the server.
pub fn gone(status: &Status) {
    let refused = status.get_details_error_info().is_some();
    let transport = matches!(
        status.code(),
        Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled
    );
    assert!(!refused && transport, "a command was refused: {status:?}");
}

/// Seconds ago, whole.
fn ago(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp {
        seconds: Timestamp::now().as_second() - seconds,
        nanos: 0,
    })
}

/// A child fell.
fn fall(institution: String, request: Uuid) -> incident::NotifyIncidentRequest {
    let mut header = header_of(request);
    header.as_mut().unwrap().occurred = ago(120).map(Occurred::OccurredTime);
    incident::NotifyIncidentRequest {
        header,
        institution,
        category: incident::Category::MinorInjury.into(),
        awareness_time: ago(60),
        place: "活动室".to_owned(),
        children: vec![incident::ChildInput {
            name: "欧阳小满".to_owned(),
            age_months: Some(26),
            injury: incident::Injury::Fall.into(),
            severity: incident::Severity::Minor.into(),
            treatment: "冰敷".to_owned(),
        }],
        children_present: 12,
        staff_present: 3,
        narrative: "户外活动时跌倒".to_owned(),
        ..incident::NotifyIncidentRequest::default()
    }
}
