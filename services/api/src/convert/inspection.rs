//! InspectionService: requests into commands.

use std::collections::BTreeMap;

use yujian_domain::inspection::{
    AbortInspection, AnswerItems, ApproveInspection, AssignInspectors, BackfillCheckIn, CancelInspection, CheckIn,
    ChecklistRef, CiteFinding, CompleteFieldwork, CountPresence, DecideRecusal, GiveTechnicalAssistance,
    InspectionCommand, InspectorInput, ItemAnswer, PlanInspection, RecordCorrectedOnSite, RequestRecusal,
};
use yujian_domain::rejection::Rejection;
use yujian_proto::inspection::v1 as pb;

use crate::codes::Coded;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::staffing::PERSONS;
use crate::parse::{Fields, Ground, Parsed, optional_sensitive};

mod reply;
mod report;

pub(crate) use reply::{checklist_out, reply};
pub(crate) use report::{
    claim_correction, comment_on_draft, extend_correction, finalize, issue_draft, order_correction, publish,
    reject_correction, verify_correction,
};

type Result = std::result::Result<Parsed<InspectionCommand>, Rejection>;

/// Collection of inspections in resource names.
pub(crate) const INSPECTIONS: &str = "inspections";

pub(crate) fn plan(request: pb::PlanInspectionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let institution = f.name("institution", INSTITUTIONS, &request.institution);
    let purpose = f.code("purpose", request.purpose);
    let told = f.some("checklist", request.checklist);
    let checklist = told.and_then(|told| checklist(&mut f, told));
    let dimensions = f.list("dimensions", request.dimensions, Fields::text);
    let from_date = f.date("from_date", request.from_date);
    let to_date = f.date("to_date", request.to_date);
    let joint_bodies = f.list("joint_bodies", request.joint_bodies, Fields::text);
    f.finish(|| {
        let command = PlanInspection {
            institution: institution?,
            purpose: purpose?,
            emergency: request.emergency,
            ordered_from_above: request.ordered_from_above,
            checklist: checklist?,
            dimensions: dimensions?,
            from_date: from_date?,
            to_date: to_date?,
            announced: request.announced,
            joint_bodies: joint_bodies?,
        };
        Some(Parsed {
            header: header?,
            target: None,
            command: command.into(),
        })
    })
}

pub(crate) fn approve(request: pb::ApproveInspectionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let approval_number = f.text("approval_number", request.approval_number);
    f.command(header, target, || {
        let command = ApproveInspection {
            approval_number: approval_number?,
        };
        Some(command.into())
    })
}

pub(crate) fn assign_inspectors(request: pb::AssignInspectorsRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let inspectors = f.list("inspectors", request.inspectors, inspector);
    f.command(header, target, || {
        let command = AssignInspectors {
            inspectors: inspectors?,
        };
        Some(command.into())
    })
}

pub(crate) fn request_recusal(request: pb::RequestRecusalRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let person = f.name("person", PERSONS, &request.person);
    let cause = f.code("ground", request.ground);
    f.command(header, target, || {
        let command = RequestRecusal {
            person: person?,
            ground: cause?,
            note: optional_sensitive(request.note),
        };
        Some(command.into())
    })
}

pub(crate) fn decide_recusal(request: pb::DecideRecusalRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let person = f.name("person", PERSONS, &request.person);
    let granted = f.some("granted", request.granted);
    f.command(header, target, || {
        let command = DecideRecusal {
            person: person?,
            granted: granted?,
        };
        Some(command.into())
    })
}

pub(crate) fn check_in(request: pb::CheckInRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let method = f.code("method", request.method);
    let point = f.point("point", request.point);
    f.command(header, target, || {
        let command = CheckIn { method: method?, point };
        Some(command.into())
    })
}

pub(crate) fn backfill_check_in(request: pb::BackfillCheckInRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let arrived_time = f.time("arrived_time", request.arrived_time);
    let reason = f.code("reason", request.reason);
    f.command(header, target, || {
        let command = BackfillCheckIn {
            arrived_time: arrived_time?,
            reason: reason?,
        };
        Some(command.into())
    })
}

pub(crate) fn count_presence(request: pb::CountPresenceRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let children = counts(&mut f, "children", request.children, class_count);
    let carers = counts(&mut f, "carers", request.carers, class_count);
    let staff = counts(&mut f, "staff", request.staff, post_count);
    f.command(header, target, || {
        let command = CountPresence {
            children: children?,
            carers: carers?,
            staff: staff?,
        };
        Some(command.into())
    })
}

pub(crate) fn answer_items(request: pb::AnswerItemsRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let answers = f.list("answers", request.answers, answer);
    f.command(header, target, || {
        let command = AnswerItems { answers: answers? };
        Some(command.into())
    })
}

pub(crate) fn cite_finding(request: pb::CiteFindingRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let item = f.text("item", request.item);
    let weight = f.code("weight", request.weight);
    let extent = f.code("extent", request.extent);
    let measure = f.optional_code("measure", request.measure);
    let description = f.sensitive("description", request.description);
    f.command(header, target, || {
        let command = CiteFinding {
            item: item?,
            weight: weight?,
            extent: extent?,
            children_at_risk: request.children_at_risk,
            measure,
            description: description?,
        };
        Some(command.into())
    })
}

pub(crate) fn give_technical_assistance(request: pb::GiveTechnicalAssistanceRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let item = f.text("item", request.item);
    let advice = f.sensitive("advice", request.advice);
    f.command(header, target, || {
        let command = GiveTechnicalAssistance {
            item: item?,
            advice: advice?,
        };
        Some(command.into())
    })
}

pub(crate) fn record_corrected_on_site(request: pb::RecordCorrectedOnSiteRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let finding = f.ordinal("finding", request.finding);
    f.command(header, target, || {
        let command = RecordCorrectedOnSite { finding: finding? };
        Some(command.into())
    })
}

pub(crate) fn complete_fieldwork(request: pb::CompleteFieldworkRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let record_sha256 = f.sha256("record_sha256", request.record_sha256);
    let signature = f.code("signature", request.signature);
    f.command(header, target, || {
        let command = CompleteFieldwork {
            record_sha256: record_sha256?,
            signature: signature?,
            witness: optional_sensitive(request.witness),
            statement: optional_sensitive(request.statement),
        };
        Some(command.into())
    })
}

pub(crate) fn abort(request: pb::AbortInspectionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let reason = f.code("reason", request.reason);
    f.command(header, target, || {
        let command = AbortInspection {
            reason: reason?,
            note: optional_sensitive(request.note),
        };
        Some(command.into())
    })
}

pub(crate) fn cancel(request: pb::CancelInspectionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let reason = f.code("reason", request.reason);
    f.command(header, target, || {
        let command = CancelInspection { reason: reason? };
        Some(command.into())
    })
}

/// A version of a checklist under `checklist`.
pub(crate) fn checklist(f: &mut Fields, told: pb::ChecklistVersion) -> Option<ChecklistRef> {
    let id = f.text("checklist.id", told.id);
    let version = f.ordinal("checklist.version", told.version);
    Some(ChecklistRef {
        id: id?,
        version: version?,
    })
}

fn inspector(f: &mut Fields, at: &str, told: pb::InspectorInput) -> Option<InspectorInput> {
    let person = f.name(&format!("{at}.person"), PERSONS, &told.person);
    Some(InspectorInput {
        person: person?,
        no_conflict: told.no_conflict,
    })
}

fn answer(f: &mut Fields, at: &str, told: pb::ItemAnswer) -> Option<ItemAnswer> {
    let item = f.text(&format!("{at}.item"), told.item);
    let answer = f.code(&format!("{at}.answer"), told.answer);
    let evidence = f.list(&format!("{at}.evidence"), told.evidence, Fields::sha256);
    Some(ItemAnswer {
        item: item?,
        answer: answer?,
        observation: optional_sensitive(told.observation),
        evidence: evidence?,
    })
}

fn class_count(told: &pb::ClassCount) -> (i32, &'static str, u32) {
    (told.class_type, "class_type", told.count)
}

fn post_count(told: &pb::PostCount) -> (i32, &'static str, u32) {
    (told.post, "post", told.count)
}

/// Counts by a closed list, each of its values at most once.
fn counts<W, K: Coded + Ord>(
    f: &mut Fields,
    field: &str,
    told: Vec<W>,
    parts: fn(&W) -> (i32, &'static str, u32),
) -> Option<BTreeMap<K, u32>> {
    let mut counted = BTreeMap::new();
    f.list(field, told, |f, at, told| {
        let (key, member, count) = parts(&told);
        let path = format!("{at}.{member}");
        let key = f.code(&path, key)?;
        if counted.insert(key, count).is_some() {
            f.wrong(path, "LIST", "is given twice", "重复填写");
            return None;
        }
        Some(())
    })?;
    Some(counted)
}
