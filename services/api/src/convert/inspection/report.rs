//! Corrections and the report: requests into commands.

use yujian_domain::inspection::{
    ClaimCorrection, CommentOnDraft, ExtendCorrection, FinalizeInspection, IssueDraft, OrderCorrection,
    PublishInspection, RejectCorrection, VerifyCorrection,
};
use yujian_proto::inspection::v1 as pb;

use super::{INSPECTIONS, Result};
use crate::parse::{Fields, Ground, optional_sensitive};

pub(crate) fn order_correction(request: pb::OrderCorrectionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let finding = f.ordinal("finding", request.finding);
    let due_date = f.date("due_date", request.due_date);
    f.command(header, target, || {
        let command = OrderCorrection {
            finding: finding?,
            due_date: due_date?,
        };
        Some(command.into())
    })
}

pub(crate) fn issue_draft(request: pb::IssueDraftRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let draft_sha256 = f.sha256("draft_sha256", request.draft_sha256);
    f.command(header, target, || {
        let command = IssueDraft {
            draft_sha256: draft_sha256?,
        };
        Some(command.into())
    })
}

pub(crate) fn comment_on_draft(request: pb::CommentOnDraftRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    f.command(header, target, || {
        let command = CommentOnDraft {
            comments: optional_sensitive(request.comments),
        };
        Some(command.into())
    })
}

pub(crate) fn finalize(request: pb::FinalizeInspectionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let conclusion = f.sensitive("conclusion", request.conclusion);
    let report_sha256 = f.sha256("report_sha256", request.report_sha256);
    f.command(header, target, || {
        let command = FinalizeInspection {
            conclusion: conclusion?,
            report_sha256: report_sha256?,
        };
        Some(command.into())
    })
}

pub(crate) fn publish(request: pb::PublishInspectionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let place = f.text("place", request.place);
    f.command(header, target, || {
        let command = PublishInspection { place: place? };
        Some(command.into())
    })
}

pub(crate) fn claim_correction(request: pb::ClaimCorrectionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let finding = f.ordinal("finding", request.finding);
    let description = f.sensitive("description", request.description);
    let evidence = f.list("evidence", request.evidence, Fields::sha256);
    f.command(header, target, || {
        let command = ClaimCorrection {
            finding: finding?,
            description: description?,
            evidence: evidence?,
        };
        Some(command.into())
    })
}

pub(crate) fn verify_correction(request: pb::VerifyCorrectionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let finding = f.ordinal("finding", request.finding);
    let check = f.code("check", request.check);
    f.command(header, target, || {
        let command = VerifyCorrection {
            finding: finding?,
            check: check?,
        };
        Some(command.into())
    })
}

pub(crate) fn reject_correction(request: pb::RejectCorrectionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let finding = f.ordinal("finding", request.finding);
    let check = f.code("check", request.check);
    let reason = f.sensitive("reason", request.reason);
    let due_date = f.date("due_date", request.due_date);
    f.command(header, target, || {
        let command = RejectCorrection {
            finding: finding?,
            check: check?,
            reason: reason?,
            due_date: due_date?,
        };
        Some(command.into())
    })
}

pub(crate) fn extend_correction(request: pb::ExtendCorrectionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INSPECTIONS, &request.name);
    let finding = f.ordinal("finding", request.finding);
    let due_date = f.date("due_date", request.due_date);
    let reason = f.sensitive("reason", request.reason);
    let approver = f.text("approver", request.approver);
    f.command(header, target, || {
        let command = ExtendCorrection {
            finding: finding?,
            due_date: due_date?,
            reason: reason?,
            approver: approver?,
        };
        Some(command.into())
    })
}
