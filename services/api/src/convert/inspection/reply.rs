//! The state of an inspection as it goes out.

use uuid::Uuid;
use yujian_command::Outcome;
use yujian_domain::inspection::{ChecklistRef, Finding, Inspection};
use yujian_proto::inspection::v1 as pb;

use super::INSPECTIONS;
use crate::codes::{Coded, number_of};
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::staffing::PERSONS;
use crate::convert::{command_reply, date, deadline, time};

/// The answer to a command.
pub(crate) fn reply(outcome: &Outcome<Inspection>) -> pb::InspectionReply {
    pb::InspectionReply {
        inspection: Some(inspection(outcome.id, &outcome.state)),
        command: Some(command_reply(outcome)),
    }
}

/// A version of a checklist as it goes out.
pub(crate) fn checklist_out(checklist: &ChecklistRef) -> pb::ChecklistVersion {
    pb::ChecklistVersion {
        id: checklist.id.clone(),
        version: checklist.version,
    }
}

fn inspection(id: Uuid, state: &Inspection) -> pb::Inspection {
    pb::Inspection {
        name: format!("{INSPECTIONS}/{id}"),
        institution: state
            .institution
            .map(|id| format!("{INSTITUTIONS}/{id}"))
            .unwrap_or_default(),
        state: state.status.number(),
        purpose: number_of(state.purpose),
        emergency: state.emergency,
        ordered_from_above: state.ordered_from_above,
        checklist: state.checklist.as_ref().map(checklist_out),
        dimensions: state.dimensions.clone(),
        from_date: state.window.map(|(from, _)| date(from)),
        to_date: state.window.map(|(_, to)| date(to)),
        approved: state.approved,
        approval_due: state.approval_due.as_ref().map(deadline),
        inspectors: state
            .inspectors
            .values()
            .map(|inspector| pb::InspectorStanding {
                person: format!("{PERSONS}/{}", inspector.person),
                account: inspector.account.clone(),
                credential: inspector.credential,
                expiry_date: inspector.expiry_date.map(date),
            })
            .collect(),
        recusals: state
            .recusals
            .iter()
            .map(|(person, (ground, _))| pb::RecusalStanding {
                person: format!("{PERSONS}/{person}"),
                ground: ground.number(),
            })
            .collect(),
        arrived_time: state.arrived_time.map(time),
        answers: state
            .answers
            .iter()
            .map(|(item, answer)| pb::AnswerStanding {
                item: item.clone(),
                answer: answer.number(),
            })
            .collect(),
        findings: state
            .findings
            .iter()
            .map(|(number, found)| finding(*number, found))
            .collect(),
        assistance: state
            .assistance
            .iter()
            .map(|(number, item)| pb::AssistanceStanding {
                number: *number,
                item: item.clone(),
            })
            .collect(),
        comments_due: state.comments_due.as_ref().map(deadline),
        finalized_date: state.finalized_date.map(date),
    }
}

fn finding(number: u32, finding: &Finding) -> pb::FindingStanding {
    pb::FindingStanding {
        finding: number,
        item: finding.item.clone(),
        weight: finding.weight.number(),
        state: finding.state.number(),
        due_date: finding.due_date.map(date),
        times_rejected: finding.rejected,
        times_extended: finding.extended,
    }
}
