//! LicensingService: requests into commands.

use serde_json::Value;
use yujian_domain::institution::{
    ChangeClasses, ChangeDetails, Class, CloseInstitution, ConfirmConformity, CorrectFact, IdentityInput,
    InstitutionCommand, IssueReceipt, NonconformityReason, NotifyNonconformity, Paper, Premises, RegisterInstitution,
    RepresentativeInput, ResumeInstitution, SubmitFiling, SuspendInstitution, WithdrawFiling,
};
use yujian_domain::rejection::Rejection;
use yujian_domain::values::{CreditCode, IdentityNumber, Places};
use yujian_proto::licensing::v1 as pb;

use crate::parse::{Fields, Ground, Parsed, optional_text};

type Result = std::result::Result<Parsed<InstitutionCommand>, Rejection>;

/// Collection of institutions in resource names.
pub(crate) const INSTITUTIONS: &str = "institutions";
/// Longest JSON value of a correction in bytes.
const MAX_VALUE_BYTES: usize = 16 * 1024;

pub(crate) fn register(request: pb::RegisterInstitutionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let name = f.text("display_name", request.display_name);
    let credit_code = f.value("credit_code", CreditCode::parse(&request.credit_code));
    let site = f.text("site", request.site);
    let address = f.text("address", request.address);
    let region = f
        .some("region", request.region)
        .and_then(|region| f.region("region", region, ground));
    let point = f.point("point", request.point);
    let institution_type = f.code("institution_type", request.institution_type);
    let also_types = f.list("also_types", request.also_types, Fields::code);
    let mode = f.code("mode", request.mode);
    let ownership = f.code("ownership", request.ownership);
    let registrar = f.code("registrar", request.registrar);
    let registration_date = f.date("registration_date", request.registration_date);
    let told = f.some("representative", request.representative);
    let representative = told.and_then(|told| representative(&mut f, "representative", told));
    let classes = f.list("classes", request.classes, class);
    f.finish(|| {
        let command = RegisterInstitution {
            name: name?,
            credit_code: credit_code?,
            site: site?,
            address: address?,
            region: region?,
            point,
            institution_type: institution_type?,
            also_types: also_types?,
            mode: mode?,
            ownership: ownership?,
            registrar: registrar?,
            registration_date: registration_date?,
            representative: representative?,
            classes: classes?,
        };
        Some(Parsed {
            header: header?,
            target: None,
            command: InstitutionCommand::Register(command),
        })
    })
}

pub(crate) fn submit_filing(request: pb::SubmitFilingRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSTITUTIONS, &request.name);
    let papers = f.list("papers", request.papers, paper);
    let premises = request.premises.and_then(|told| premises(&mut f, &told));
    f.finish(|| {
        let command = SubmitFiling {
            papers: papers?,
            makes_meals: request.makes_meals,
            premises,
        };
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command: InstitutionCommand::SubmitFiling(command),
        })
    })
}

pub(crate) fn withdraw_filing(request: pb::WithdrawFilingRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSTITUTIONS, &request.name);
    let reason = f.sensitive("reason", request.reason);
    f.finish(|| {
        let command = InstitutionCommand::WithdrawFiling(WithdrawFiling { reason: reason? });
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command,
        })
    })
}

pub(crate) fn issue_receipt(request: pb::IssueReceiptRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSTITUTIONS, &request.name);
    let receipt_number = f.text("receipt_number", request.receipt_number);
    let issue_date = f.date("issue_date", request.issue_date);
    f.finish(|| {
        let command = IssueReceipt {
            receipt_number: receipt_number?,
            issue_date: issue_date?,
        };
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command: InstitutionCommand::IssueReceipt(command),
        })
    })
}

pub(crate) fn notify_nonconformity(request: pb::NotifyNonconformityRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSTITUTIONS, &request.name);
    let reasons = f.list("reasons", request.reasons, reason);
    let finding_date = f.date("finding_date", request.finding_date);
    f.finish(|| {
        let command = NotifyNonconformity {
            reasons: reasons?,
            finding_date: finding_date?,
        };
        let command = InstitutionCommand::NotifyNonconformity(command);
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command,
        })
    })
}

pub(crate) fn confirm_conformity(request: pb::ConfirmConformityRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSTITUTIONS, &request.name);
    let statement = f.sensitive("statement", request.statement);
    f.finish(|| {
        let command = InstitutionCommand::ConfirmConformity(ConfirmConformity { statement: statement? });
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command,
        })
    })
}

pub(crate) fn change_details(request: pb::ChangeDetailsRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSTITUTIONS, &request.name);
    let name = request.display_name.and_then(|name| f.text("display_name", name));
    let address = request.address.and_then(|address| f.text("address", address));
    let region = request.region.and_then(|region| f.region("region", region, ground));
    let point = f.point("point", request.point);
    let mode = f.optional_code("mode", request.mode);
    let ownership = f.optional_code("ownership", request.ownership);
    let representative = request
        .representative
        .and_then(|told| representative(&mut f, "representative", told));
    let effective_date = f.optional_date("effective_date", request.effective_date);
    f.finish(|| {
        let command = ChangeDetails {
            name,
            address,
            region,
            point,
            mode,
            ownership,
            representative,
            moves_site: request.moves_site,
            effective_date,
        };
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command: InstitutionCommand::ChangeDetails(command),
        })
    })
}

pub(crate) fn change_classes(request: pb::ChangeClassesRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSTITUTIONS, &request.name);
    let classes = f.list("classes", request.classes, class);
    let effective_date = f.date("effective_date", request.effective_date);
    f.finish(|| {
        let command = ChangeClasses {
            classes: classes?,
            effective_date: effective_date?,
        };
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command: InstitutionCommand::ChangeClasses(command),
        })
    })
}

pub(crate) fn suspend(request: pb::SuspendInstitutionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSTITUTIONS, &request.name);
    let kind = f.code("kind", request.kind);
    let reason = f.sensitive("reason", request.reason);
    let from_date = f.date("from_date", request.from_date);
    let until_date = f.optional_date("until_date", request.until_date);
    f.finish(|| {
        let command = SuspendInstitution {
            kind: kind?,
            reason: reason?,
            from_date: from_date?,
            until_date,
        };
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command: InstitutionCommand::Suspend(command),
        })
    })
}

pub(crate) fn resume(request: pb::ResumeInstitutionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSTITUTIONS, &request.name);
    let from_date = f.date("from_date", request.from_date);
    let statement = f.sensitive("statement", request.statement);
    f.finish(|| {
        let command = ResumeInstitution {
            from_date: from_date?,
            statement: statement?,
        };
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command: InstitutionCommand::Resume(command),
        })
    })
}

pub(crate) fn close(request: pb::CloseInstitutionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSTITUTIONS, &request.name);
    let reason = f.sensitive("reason", request.reason);
    let closing_date = f.date("closing_date", request.closing_date);
    f.finish(|| {
        let command = CloseInstitution {
            reason: reason?,
            closing_date: closing_date?,
            children_to_place: request.children_to_place,
        };
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command: InstitutionCommand::Close(command),
        })
    })
}

pub(crate) fn correct_fact(request: pb::CorrectFactRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSTITUTIONS, &request.name);
    let revision = f.some("revision", request.revision);
    let key = f.text("key", request.key);
    let value = request.value_json.and_then(|json| json_value(&mut f, &json));
    let valid_from_date = f.date("valid_from_date", request.valid_from_date);
    let reason = f.sensitive("reason", request.reason);
    let approver = f.text("approver", request.approver);
    f.finish(|| {
        let command = CorrectFact {
            revision: revision?,
            key: key?,
            value,
            valid_from_date: valid_from_date?,
            reason: reason?,
            approver: approver?,
        };
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command: InstitutionCommand::CorrectFact(command),
        })
    })
}

/// The right value of a fact. Member names that open with `$` are the house's own marks of sealed values.
fn json_value(f: &mut Fields, json: &str) -> Option<Value> {
    let value = Some(json)
        .filter(|json| json.len() <= MAX_VALUE_BYTES)
        .and_then(|json| serde_json::from_str(json).ok());
    let value = value.filter(|value| !holds_marker(value));
    if value.is_none() {
        f.wrong(
            "value_json",
            "JSON",
            "is no JSON value of at most 16 KiB without $-members",
            "不是有效的JSON值",
        );
    }
    value
}

fn holds_marker(value: &Value) -> bool {
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| name.starts_with('$') || holds_marker(member)),
        Value::Array(items) => items.iter().any(holds_marker),
        _ => false,
    }
}

/// A reason for publication under its path.
pub(crate) fn reason(f: &mut Fields, at: &str, told: pb::NonconformityReason) -> Option<NonconformityReason> {
    let item = f.text(&format!("{at}.item"), told.item);
    let description = f.text(&format!("{at}.description"), told.description);
    Some(NonconformityReason {
        item: item?,
        description: description?,
    })
}

/// A legal representative whose fields stand under `at`.
pub(crate) fn representative(f: &mut Fields, at: &str, told: pb::Representative) -> Option<RepresentativeInput> {
    let name = f.sensitive(&format!("{at}.name"), told.name);
    let phone = f.phone(&format!("{at}.phone"), told.phone);
    let identity = optional_text(told.identity_number).and_then(|number| {
        f.value(&format!("{at}.identity_number"), IdentityNumber::parse(&number))
            .map(IdentityInput)
    });
    Some(RepresentativeInput {
        name: name?,
        identity,
        phone: phone?,
    })
}

/// A class under its path.
pub(crate) fn class(f: &mut Fields, at: &str, told: pb::Class) -> Option<Class> {
    let name = f.text(&format!("{at}.name"), told.name);
    let class_type = f.code(&format!("{at}.class_type"), told.class_type);
    let places = f.value(&format!("{at}.places"), Places::new(told.places));
    Some(Class {
        name: name?,
        class_type: class_type?,
        places: places?,
    })
}

/// A paper under its path.
pub(crate) fn paper(f: &mut Fields, at: &str, told: pb::Paper) -> Option<Paper> {
    let kind = f.code(&format!("{at}.kind"), told.kind);
    let issue_date = f.optional_date(&format!("{at}.issue_date"), told.issue_date);
    let expiry_date = f.optional_date(&format!("{at}.expiry_date"), told.expiry_date);
    let sha256 = f.optional_sha256(&format!("{at}.sha256"), told.sha256);
    Some(Paper {
        kind: kind?,
        issuer: optional_text(told.issuer),
        number: optional_text(told.number),
        issue_date,
        expiry_date,
        sha256,
        passed: told.passed,
    })
}

/// The premises of a request.
pub(crate) fn premises(f: &mut Fields, told: &pb::Premises) -> Option<Premises> {
    let tenure = f.code("premises.tenure", told.tenure);
    let lease_start_date = f.optional_date("premises.lease_start_date", told.lease_start_date);
    let lease_end_date = f.optional_date("premises.lease_end_date", told.lease_end_date);
    let highest_floor = f.some("premises.highest_floor", told.highest_floor);
    let lowest_floor = f.some("premises.lowest_floor", told.lowest_floor);
    Some(Premises {
        tenure: tenure?,
        lease_end_date,
        lease_start_date,
        highest_floor: highest_floor?,
        lowest_floor: lowest_floor?,
        area_cm2: told.area_cm2,
        built_area_cm2: told.built_area_cm2,
        outdoor_area_cm2: told.outdoor_area_cm2,
    })
}
