//! AlertService: requests into commands, states into answers.

use yujian_command::Outcome;
use yujian_domain::alert::{AcknowledgeAlert, Alert, AlertCommand, ConfirmAlert, DismissAlert, LinkAlert, LinkTarget};
use yujian_domain::rejection::Rejection;
use yujian_proto::supervision::v1 as pb;
use yujian_proto::supervision::v1::alert_link::Target;

use crate::codes::{Coded, number_of};
use crate::convert::command_reply;
use crate::convert::incident::INCIDENTS;
use crate::convert::inspection::INSPECTIONS;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::supervision::ALERTS;
use crate::parse::{Fields, Ground, Parsed, optional_sensitive};

type Result = std::result::Result<Parsed<AlertCommand>, Rejection>;

pub(crate) fn acknowledge(request: pb::AcknowledgeAlertRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", ALERTS, &request.name);
    let note = optional_sensitive(request.note);
    f.command(header, target, || Some(AcknowledgeAlert { note }.into()))
}

pub(crate) fn link(request: pb::LinkAlertRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", ALERTS, &request.name);
    let link = f.some("link", request.link.and_then(|link| link.target));
    let link = link.and_then(|link| match link {
        Target::Inspection(name) => f
            .name("link.inspection", INSPECTIONS, &name)
            .map(LinkTarget::Inspection),
        Target::Application(number) => f.ordinal("link.application", number).map(LinkTarget::Application),
        Target::Incident(name) => f.name("link.incident", INCIDENTS, &name).map(LinkTarget::Incident),
    });
    f.command(header, target, || Some(LinkAlert { target: link? }.into()))
}

pub(crate) fn dismiss(request: pb::DismissAlertRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", ALERTS, &request.name);
    let reason = f.code("reason", request.reason);
    let note = f.sensitive("note", request.note);
    f.command(header, target, || {
        let command = DismissAlert {
            reason: reason?,
            note: note?,
        };
        Some(command.into())
    })
}

pub(crate) fn confirm(request: pb::ConfirmAlertRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", ALERTS, &request.name);
    let statement = f.sensitive("statement", request.statement);
    f.command(header, target, || {
        let statement = statement?;
        Some(ConfirmAlert { statement }.into())
    })
}

/// Where an alert is looked into, as it goes out.
pub(crate) fn link_out(target: LinkTarget) -> pb::AlertLink {
    let target = match target {
        LinkTarget::Inspection(id) => Target::Inspection(format!("{INSPECTIONS}/{id}")),
        LinkTarget::Application(number) => Target::Application(number),
        LinkTarget::Incident(id) => Target::Incident(format!("{INCIDENTS}/{id}")),
    };
    pb::AlertLink { target: Some(target) }
}

/// The answer to a command.
pub(crate) fn reply(outcome: &Outcome<Alert>) -> pb::AlertReply {
    let state = &outcome.state;
    pb::AlertReply {
        alert: Some(pb::Alert {
            name: format!("{ALERTS}/{}", outcome.id),
            rule: number_of(state.rule),
            institution: state
                .institution
                .map(|id| format!("{INSTITUTIONS}/{id}"))
                .unwrap_or_default(),
            state: state.status.number(),
            link: state.link.map(link_out),
        }),
        command: Some(command_reply(outcome)),
    }
}
