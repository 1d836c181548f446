//! AuthorizationService: requests about applications into commands. Those about clocks, conditions, standing and cessation stand
//! in `standing.rs`.

use uuid::Uuid;
use yujian_domain::institution::licence::{
    AcceptApplication, ChangeRequest, DecideApplication, DecideObjection, DismissApplication, IssueCertificate,
    LodgeObjection, ProposeDecision, ProvideInformation, QuestionInput, RecordRegistryCheck, RecordSiteVerification,
    RefuseApplication, RequestInformation, ReturnApplication, ReturnProposal, SubmitApplication, TransferRequest,
    WithdrawApplication,
};
use yujian_domain::institution::{
    ApplicationKind, ClosingAsked, ConditionTerms, InstitutionCommand, ReturnedItem, Verifier, WaiverAsked,
};
use yujian_domain::rejection::Rejection;
use yujian_domain::values::CreditCode;
use yujian_proto::common::v1 as common;
use yujian_proto::licensing::v1 as pb;

use crate::codes::Coded;
use crate::convert::inspection::INSPECTIONS;
use crate::convert::licensing::{INSTITUTIONS, class, paper, premises, reason, representative};
use crate::parse::{Fields, Ground, Header, Parsed, optional_sensitive, optional_text};

pub(crate) type Result = std::result::Result<Parsed<InstitutionCommand>, Rejection>;

/// Head and target of a command on an institution.
pub(crate) fn open(
    f: &mut Fields,
    header: Option<common::CommandHeader>,
    name: &str,
    ground: Ground<'_>,
) -> (Option<Header>, Option<Uuid>) {
    (f.header(header, ground), f.name("name", INSTITUTIONS, name))
}

pub(crate) fn submit(request: pb::SubmitApplicationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let kind = f.code("kind", request.kind);
    if kind == Some(ApplicationKind::Filing) {
        f.wrong(
            "kind",
            "ENUM",
            "is filed by LicensingService/SubmitFiling",
            "备案请使用LicensingService/SubmitFiling",
        );
    }
    let papers = f.list("papers", request.papers, paper);
    let premises = request.premises.and_then(|told| premises(&mut f, &told));
    let change = request.change.and_then(|asked| change(&mut f, asked));
    let transfer = request.transfer.and_then(|asked| transfer(&mut f, asked));
    let waiver = request.waiver.and_then(|asked| {
        let item = f.text("waiver.item", asked.item);
        let until_date = f.date("waiver.until_date", asked.until_date);
        Some(WaiverAsked {
            item: item?,
            until_date: until_date?,
        })
    });
    let closing = request.closing.and_then(|asked| {
        let closing_date = f.date("closing.closing_date", asked.closing_date);
        Some(ClosingAsked {
            closing_date: closing_date?,
            children_to_place: asked.children_to_place,
        })
    });
    f.command(header, target, || {
        let command = SubmitApplication {
            kind: kind?,
            papers: papers?,
            makes_meals: request.makes_meals,
            premises,
            change,
            transfer,
            waiver,
            closing,
        };
        Some(command.into())
    })
}

fn change(f: &mut Fields, asked: pb::ChangeAsked) -> Option<ChangeRequest> {
    let name = asked.display_name.and_then(|name| f.text("change.display_name", name));
    if asked.without_classes && !asked.classes.is_empty() {
        f.wrong(
            "change.without_classes",
            "CLASSES",
            "can't be set together with classes",
            "不能同时填写班级",
        );
    }
    let classes = f.list("change.classes", asked.classes, class)?;
    Some(ChangeRequest {
        name,
        classes: Some(classes).filter(|classes| asked.without_classes || !classes.is_empty()),
    })
}

fn transfer(f: &mut Fields, asked: pb::TransferAsked) -> Option<TransferRequest> {
    let credit_code = f.value("transfer.credit_code", CreditCode::parse(&asked.credit_code));
    let told = f.some("transfer.representative", asked.representative);
    let representative = told.and_then(|told| representative(f, "transfer.representative", told));
    Some(TransferRequest {
        credit_code: credit_code?,
        representative: representative?,
    })
}

/// What is missing or wrong, as an officer names it under `at`.
fn returned_item(f: &mut Fields, at: &str, told: pb::ReturnedItem) -> Option<ReturnedItem> {
    let item = f.text(&format!("{at}.item"), told.item);
    let rule = f.text(&format!("{at}.rule"), told.rule);
    let problem = f.code(&format!("{at}.problem"), told.problem);
    Some(ReturnedItem {
        item: item?,
        rule: rule?,
        problem: problem?,
    })
}

/// Terms of a condition under `at`.
pub(crate) fn condition(f: &mut Fields, at: &str, told: pb::ConditionTerms) -> Option<ConditionTerms> {
    let item = f.text(&format!("{at}.item"), told.item);
    let text = f.text(&format!("{at}.text"), told.text);
    let due_date = f.date(&format!("{at}.due_date"), told.due_date);
    let until_date = f.optional_date(&format!("{at}.until_date"), told.until_date);
    Some(ConditionTerms {
        item: item?,
        text: text?,
        due_date: due_date?,
        until_date,
    })
}

pub(crate) fn return_once(request: pb::ReturnApplicationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    let items = f.list("items", request.items, returned_item);
    f.command(header, target, || {
        let command = ReturnApplication {
            application: application?,
            items: items?,
        };
        Some(command.into())
    })
}

pub(crate) fn accept(request: pb::AcceptApplicationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    f.command(header, target, || {
        let command = AcceptApplication {
            application: application?,
            joint: request.joint,
        };
        Some(command.into())
    })
}

pub(crate) fn dismiss(request: pb::DismissApplicationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    let reasoned = f.code("ground", request.ground);
    f.command(header, target, || {
        let command = DismissApplication {
            application: application?,
            ground: reasoned?,
            competent_authority: optional_text(request.competent_authority),
        };
        Some(command.into())
    })
}

pub(crate) fn withdraw(request: pb::WithdrawApplicationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    let reason = f.sensitive("reason", request.reason);
    f.command(header, target, || {
        let command = WithdrawApplication {
            application: application?,
            reason: reason?,
        };
        Some(command.into())
    })
}

pub(crate) fn request_information(request: pb::RequestInformationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    let questions = f.list("questions", request.questions, |f, at, asked: pb::Question| {
        let item = f.text(&format!("{at}.item"), asked.item);
        let question = f.sensitive(&format!("{at}.question"), asked.question);
        Some(QuestionInput {
            item: item?,
            question: question?,
        })
    });
    f.command(header, target, || {
        let command = RequestInformation {
            application: application?,
            questions: questions?,
        };
        Some(command.into())
    })
}

pub(crate) fn provide_information(request: pb::ProvideInformationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    let papers = f.list("papers", request.papers, paper);
    f.command(header, target, || {
        let command = ProvideInformation {
            application: application?,
            papers: papers?,
            statement: optional_sensitive(request.statement),
        };
        Some(command.into())
    })
}

pub(crate) fn record_registry_check(request: pb::RecordRegistryCheckRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = request.application.and_then(|number| f.ordinal("application", number));
    let source = f.code("source", request.source);
    let item = f.text("item", request.item);
    let outcome = f.code("outcome", request.outcome);
    let valid_to_date = f.optional_date("valid_to_date", request.valid_to_date);
    let record_date = f.date("record_date", request.record_date);
    let response_sha256 = f.sha256("response_sha256", request.response_sha256);
    f.command(header, target, || {
        let command = RecordRegistryCheck {
            application,
            source: source?,
            item: item?,
            number: optional_text(request.number),
            outcome: outcome?,
            valid_to_date,
            record_date: record_date?,
            response_sha256: response_sha256?,
        };
        Some(command.into())
    })
}

pub(crate) fn record_site_verification(request: pb::RecordSiteVerificationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    let visit_date = f.date("visit_date", request.visit_date);
    let verifiers = f.list("verifiers", request.verifiers, |f, at, told: pb::Verifier| {
        let account = f.text(&format!("{at}.account"), told.account);
        let certificate = f.text(&format!("{at}.certificate"), told.certificate);
        Some(Verifier {
            account: account?,
            certificate: certificate?,
        })
    });
    let outcome = f.code("outcome", request.outcome);
    let items = f.list("items", request.items, returned_item);
    let inspection = optional_text(request.inspection).and_then(|name| f.name("inspection", INSPECTIONS, &name));
    f.command(header, target, || {
        let command = RecordSiteVerification {
            application: application?,
            visit_date: visit_date?,
            verifiers: verifiers?,
            outcome: outcome?,
            items: items?,
            inspection,
        };
        Some(command.into())
    })
}

pub(crate) fn propose_decision(request: pb::ProposeDecisionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    let outcome = f.code("outcome", request.outcome);
    let conditions = f.list("conditions", request.conditions, condition);
    let reasons = f.list("reasons", request.reasons, reason);
    let deceit = given(&mut f, "deceit", request.deceit);
    f.command(header, target, || {
        let command = ProposeDecision {
            application: application?,
            outcome: outcome?,
            conditions: conditions?,
            reasons: reasons?,
            deceit,
        };
        Some(command.into())
    })
}

/// A value of a closed list that may be left out, where the wire writes 0 for that.
pub(crate) fn given<T: Coded>(f: &mut Fields, field: &str, number: i32) -> Option<T> {
    f.optional_code(field, Some(number).filter(|number| *number != 0))
}

pub(crate) fn return_proposal(request: pb::ReturnProposalRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    let reason = f.sensitive("reason", request.reason);
    f.command(header, target, || {
        let command = ReturnProposal {
            application: application?,
            reason: reason?,
        };
        Some(command.into())
    })
}

pub(crate) fn decide(request: pb::DecideApplicationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    let effective_date = f.optional_date("effective_date", request.effective_date);
    f.command(header, target, || {
        let command = DecideApplication {
            application: application?,
            licence_number: optional_text(request.licence_number),
            effective_date,
        };
        Some(command.into())
    })
}

pub(crate) fn lodge_objection(request: pb::LodgeObjectionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    let grounds = f.sensitive("grounds", request.grounds);
    f.command(header, target, || {
        let command = LodgeObjection {
            application: application?,
            grounds: grounds?,
            hearing: request.hearing,
        };
        Some(command.into())
    })
}

pub(crate) fn decide_objection(request: pb::DecideObjectionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    let upheld = f.some("upheld", request.upheld);
    let hearing_date = f.optional_date("hearing_date", request.hearing_date);
    let statement = f.sensitive("statement", request.statement);
    f.command(header, target, || {
        let command = DecideObjection {
            application: application?,
            upheld: upheld?,
            hearing_date,
            statement: statement?,
        };
        Some(command.into())
    })
}

pub(crate) fn refuse(request: pb::RefuseApplicationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    f.command(header, target, || {
        let command = RefuseApplication {
            application: application?,
        };
        Some(command.into())
    })
}

pub(crate) fn issue_certificate(request: pb::IssueCertificateRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let application = f.ordinal("application", request.application);
    let issue_date = f.date("issue_date", request.issue_date);
    f.command(header, target, || {
        let command = IssueCertificate {
            application: application?,
            issue_date: issue_date?,
        };
        Some(command.into())
    })
}
