//! What is done before everybody falls silent.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use tonic::transport::Channel;
use uuid::Uuid;
use yujian_domain::reference::Reference;
use yujian_domain::time::day_of;
use yujian_proto::licensing::v1 as pb;
use yujian_proto::licensing::v1::authorization_service_client::AuthorizationServiceClient;
use yujian_proto::licensing::v1::licensing_service_client::LicensingServiceClient;
use yujian_proto::licensing::v1::policy_service_client::PolicyServiceClient;

use super::check::Told;
use super::fake::Faketime;
use crate::support::{ADMINISTRATOR, Server, by, credit_code, day, filing, header, operator, papers, registration};

/// Who looks at applications, and who decides.
const OFFICER: &str = "role=officer; id=zhang-07; organisation=health-330106; jurisdiction=330106";
const SECOND: &str = "role=officer; id=wu-09; organisation=health-330106; jurisdiction=330106";

/// Terms that a month is long enough for.
const VALUES: [(&str, &str); 4] = [
    ("term_months", "1"),
    ("renewal_ask_days", "20"),
    ("migration_months", "1"),
    ("paper_warning_days", "[5]"),
];

/// Lets `each` institutions of each fate act, on the last day of filings and on the first day of licences, without reactors.
pub async fn everybody_is_silent(fake: &Faketime, data: &Path, filings: Timestamp, licences: Timestamp, each: u32) {
    let server = Server::spawn(fake.serve(data, filings, "off"));
    let mut desk = Desk::at(&server).await;
    for _ in 0..each {
        // The receipt never comes.
        desk.files().await;
        // It came, and licences begin the day after.
        let (_, name) = desk.files().await;
        desk.receipt(&name).await;
        desk.is_returned_twice().await;
    }
    let next = desk.next;
    let request = pb::ActivatePolicyRequest {
        request_id: Uuid::new_v4().to_string(),
        document: licence_policy(day_of(licences)),
        ..pb::ActivatePolicyRequest::default()
    };
    let mut policies = PolicyServiceClient::new(server.channel().await);
    policies.activate_policy(by(ADMINISTRATOR, request)).await.unwrap();
    server.kill();

    let server = Server::spawn(fake.serve(data, licences, "off"));
    let mut desk = Desk::at(&server).await;
    desk.next = next;
    for _ in 0..each {
        // Nobody looks whether it is complete, and its health certificates run out.
        desk.applies("2026-03-02").await;
        // Information is asked for and never provided.
        let (_, name) = desk.applies("2099-01-01").await;
        desk.accepts(&name, 1).await;
        desk.asks(&name).await;
        // Its licence runs out, a condition unmet.
        desk.licensed(true).await;
        // Its renewal is not decided.
        let (number, name) = desk.licensed(false).await;
        desk.submits(number, &name, pb::ApplicationKind::Renewal, "2099-01-01")
            .await;
        desk.accepts(&name, 2).await;
    }
    server.kill();
}

/// The national licence policy in force from a day on.
fn licence_policy(first: Date) -> String {
    let shipped = Reference::shipped_policies();
    let shipped = shipped.into_iter().find(|policy| policy.id == "cn-licence").unwrap();
    let mut document = shipped.document.replace(
        &format!("effective_date = \"{}\"", shipped.effective_date),
        &format!("effective_date = \"{first}\""),
    );
    for (member, value) in VALUES {
        let header = format!("[values.{member}]\nvalue = ");
        let begin = document.find(&header).unwrap() + header.len();
        let end = begin + document[begin..].find('\n').unwrap();
        document.replace_range(begin..end, value);
    }
    document
}

/// The boundary, and the number of the next institution.
struct Desk {
    licensing: LicensingServiceClient<Channel>,
    authorization: AuthorizationServiceClient<Channel>,
    next: u32,
}

impl Desk {
    async fn at(server: &Server) -> Self {
        let channel = server.channel().await;
        Self {
            licensing: LicensingServiceClient::new(channel.clone()),
            authorization: AuthorizationServiceClient::new(channel),
            next: 1,
        }
    }

    async fn registers(&mut self) -> (u32, String) {
        let number = self.next;
        self.next += 1;
        let me = operator(&credit_code(number));
        let request = by(&me, registration(number, Uuid::new_v4()));
        let reply = self.licensing.register_institution(request).await.unwrap();
        (number, reply.into_inner().institution.unwrap().name)
    }

    async fn files(&mut self) -> (u32, String) {
        let (number, name) = self.registers().await;
        let request = filing(&name, papers(), Uuid::new_v4());
        let me = operator(&credit_code(number));
        self.licensing.submit_filing(by(&me, request)).await.unwrap();
        (number, name)
    }

    async fn receipt(&mut self, name: &str) {
        let request = pb::IssueReceiptRequest {
            header: header(),
            name: name.to_owned(),
            receipt_number: "浙托备330106-1".to_owned(),
            issue_date: day(2026, 2, 5),
        };
        self.licensing.issue_receipt(by(OFFICER, request)).await.unwrap();
    }

    async fn is_returned_twice(&mut self) {
        let (number, name) = self.registers().await;
        let me = operator(&credit_code(number));
        let mut papers = papers();
        papers.retain(|paper| paper.kind() != pb::PaperKind::FireSafety);
        for form in ["Z-1", "Z-2"] {
            papers[0].number = form.to_owned();
            let request = filing(&name, papers.clone(), Uuid::new_v4());
            self.licensing.submit_filing(by(&me, request)).await.unwrap();
        }
    }

    async fn submits(&mut self, number: u32, name: &str, kind: pb::ApplicationKind, health_until: &str) {
        let pb::SubmitFilingRequest {
            mut papers, premises, ..
        } = filing(name, papers(), Uuid::new_v4());
        let until: jiff::civil::Date = health_until.parse().unwrap();
        for paper in papers.iter_mut().filter(|paper| paper.expiry_date.is_some()) {
            paper.expiry_date = day(
                i32::from(until.year()),
                i32::from(until.month()),
                i32::from(until.day()),
            );
        }
        let request = pb::SubmitApplicationRequest {
            header: header(),
            name: name.to_owned(),
            kind: kind.into(),
            papers,
            premises,
            ..pb::SubmitApplicationRequest::default()
        };
        let me = operator(&credit_code(number));
        self.authorization.submit_application(by(&me, request)).await.unwrap();
    }

    async fn applies(&mut self, health_until: &str) -> (u32, String) {
        let (number, name) = self.registers().await;
        self.submits(number, &name, pb::ApplicationKind::Licence, health_until)
            .await;
        (number, name)
    }

    async fn accepts(&mut self, name: &str, application: u32) {
        let request = pb::AcceptApplicationRequest {
            header: header(),
            name: name.to_owned(),
            application,
            joint: false,
        };
        let request = by(OFFICER, request);
        self.authorization.accept_application(request).await.unwrap();
    }

    async fn asks(&mut self, name: &str) {
        let request = pb::RequestInformationRequest {
            header: header(),
            name: name.to_owned(),
            application: 1,
            questions: vec![pb::Question {
                item: "papers.fire_safety".to_owned(),
                question: "请说明疏散通道".to_owned(),
            }],
        };
        let request = by(OFFICER, request);
        self.authorization.request_information(request).await.unwrap();
    }

    async fn licensed(&mut self, condition: bool) -> (u32, String) {
        let (number, name) = self.applies("2099-01-01").await;
        self.accepts(&name, 1).await;
        let verifier = |account: &str| pb::Verifier {
            account: account.to_owned(),
            certificate: format!("E-{account}"),
        };
        let verification = pb::RecordSiteVerificationRequest {
            header: header(),
            name: name.clone(),
            application: 1,
            visit_date: day(2026, 2, 6),
            verifiers: vec![verifier("li-01"), verifier("wang-02")],
            outcome: pb::VerificationOutcome::Meets.into(),
            ..pb::RecordSiteVerificationRequest::default()
        };
        let request = by(OFFICER, verification);
        self.authorization.record_site_verification(request).await.unwrap();
        let terms = pb::ConditionTerms {
            item: "papers.fire_safety".to_owned(),
            text: "按期补办".to_owned(),
            due_date: day(2026, 2, 20),
            until_date: None,
        };
        let proposal = pb::ProposeDecisionRequest {
            header: header(),
            name: name.clone(),
            application: 1,
            outcome: pb::ProposedOutcome::Grant.into(),
            conditions: condition.then_some(terms).into_iter().collect(),
            ..pb::ProposeDecisionRequest::default()
        };
        let request = by(OFFICER, proposal);
        self.authorization.propose_decision(request).await.unwrap();
        let decision = pb::DecideApplicationRequest {
            header: header(),
            name: name.clone(),
            application: 1,
            licence_number: format!("浙托许330106-{number:04}"),
            effective_date: None,
        };
        let request = by(SECOND, decision);
        self.authorization.decide_application(request).await.unwrap();
        (number, name)
    }
}

/// The month was one in which everything happened that the test is about.
pub fn everything_came_about(told: &Told, each: u32) {
    let each = each as usize;
    for (what, times) in [
        // Receipts; silent completeness and decision; information; condition, certificate, asking, last day; certificate,
        // decision, last day of who renews, once; the last day of filings for who had a receipt.
        ("licensing.ClockExpired.v1 receipt", each),
        ("licensing.ClockExpired.v1 completeness", each),
        ("licensing.ClockExpired.v1 information_reply", each),
        ("licensing.ClockExpired.v1 condition", each),
        ("licensing.ClockExpired.v1 migration", each),
        ("licensing.ClockStarted.v1 migration", each),
        ("licensing.DeemedOutcomeApplied.v1 accepted", each),
        ("licensing.DeemedOutcomeApplied.v1 renewed", each),
        ("licensing.LicenceRenewed.v1", each),
        ("licensing.ApplicationLapsed.v1", each),
        ("licensing.AuthorizationExpired.v1 licence", each),
        ("licensing.AuthorizationExpired.v1 receipt", each),
        ("alert.AlertRaised.v1 returned_twice", each),
        ("alert.AlertRaised.v1 condition_overdue", each),
        ("alert.AlertRaised.v1 paper_expiring", each),
        ("alert.AlertRaised.v1 paper_expired", each),
    ] {
        assert_eq!(told.count(what), times, "{what}");
    }
}
