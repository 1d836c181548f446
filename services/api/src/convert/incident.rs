//! IncidentService: requests into commands, states into answers.

use yujian_command::Outcome;
use yujian_domain::incident::{
    ChildInput, ChildSeverity, CompleteInvestigation, ConcludeIncident, Incident, IncidentCommand, NotifyIncident,
    OpenInvestigation, ReopenIncident, SupplementIncident, TellGuardian, TriageIncident,
};
use yujian_domain::rejection::Rejection;
use yujian_domain::values::AgeMonths;
use yujian_proto::incident::v1 as pb;

use crate::codes::{Coded, number_of};
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::{command_reply, deadline, time};
use crate::parse::{Fields, Ground, Parsed, optional_sensitive};

type Result = std::result::Result<Parsed<IncidentCommand>, Rejection>;

/// Collection of incidents in resource names.
pub(crate) const INCIDENTS: &str = "incidents";

pub(crate) fn notify(request: pb::NotifyIncidentRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let told_when = request.header.as_ref().is_some_and(|header| header.occurred.is_some());
    let header = f.header(request.header, ground);
    if !told_when {
        f.wrong(
            "header.occurred_time",
            "REQUIRED",
            "is required here, or header.occurred_date",
            "必填：发生时间或日期",
        );
    }
    let institution = f.name("institution", INSTITUTIONS, &request.institution);
    let category = f.code("category", request.category);
    let awareness_time = f.time("awareness_time", request.awareness_time);
    let place = f.text("place", request.place);
    let children = f.list("children", request.children, child);
    let narrative = f.sensitive("narrative", request.narrative);
    f.finish(|| {
        let header = header?;
        let command = NotifyIncident {
            institution: institution?,
            category: category?,
            awareness_time: awareness_time?,
            occurred: header.occurred?,
            place: place?,
            children: children?,
            children_present: request.children_present,
            staff_present: request.staff_present,
            emergency_services: request.emergency_services,
            video_preserved: request.video_preserved,
            narrative: narrative?,
            first_actions: optional_sensitive(request.first_actions),
            reporter: optional_sensitive(request.reporter),
        };
        Some(Parsed {
            header,
            target: None,
            command: IncidentCommand::Notify(command),
        })
    })
}

pub(crate) fn supplement(request: pb::SupplementIncidentRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INCIDENTS, &request.name);
    let children = f.list("children", request.children, child);
    let category = f.optional_code("category", request.category);
    let severities = f.list("severities", request.severities, |f, at, known| {
        let child = f.ordinal(&format!("{at}.child"), known.child);
        let severity = f.code(&format!("{at}.severity"), known.severity);
        Some(ChildSeverity {
            child: child?,
            severity: severity?,
        })
    });
    f.finish(|| {
        let command = SupplementIncident {
            narrative: optional_sensitive(request.narrative),
            children: children?,
            category,
            severities: severities?,
        };
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command: IncidentCommand::Supplement(command),
        })
    })
}

pub(crate) fn tell_guardian(request: pb::TellGuardianRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INCIDENTS, &request.name);
    let child = f.ordinal("child", request.child);
    let told_time = f.time("told_time", request.told_time);
    let channel = f.code("channel", request.channel);
    f.finish(|| {
        let command = TellGuardian {
            child: child?,
            told_time: told_time?,
            channel: channel?,
        };
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command: IncidentCommand::TellGuardian(command),
        })
    })
}

pub(crate) fn triage(request: pb::TriageIncidentRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INCIDENTS, &request.name);
    let priority = f.code("priority", request.priority);
    let regulatory = f.some("regulatory", request.regulatory);
    let reason = f.sensitive("reason", request.reason);
    f.finish(|| {
        let command = TriageIncident {
            priority: priority?,
            regulatory: regulatory?,
            reason: reason?,
        };
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command: IncidentCommand::Triage(command),
        })
    })
}

pub(crate) fn open_investigation(request: pb::OpenInvestigationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INCIDENTS, &request.name);
    let lead = f.text("lead", request.lead);
    f.finish(|| {
        let command = OpenInvestigation {
            lead: lead?,
            plan: optional_sensitive(request.plan),
        };
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command: IncidentCommand::OpenInvestigation(command),
        })
    })
}

pub(crate) fn complete_investigation(request: pb::CompleteInvestigationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INCIDENTS, &request.name);
    let outcome = f.code("outcome", request.outcome);
    let root_causes = f.list("root_causes", request.root_causes, Fields::code);
    let findings = f.sensitive("findings", request.findings);
    f.finish(|| {
        let command = CompleteInvestigation {
            outcome: outcome?,
            root_causes: root_causes?,
            findings: findings?,
        };
        let command = IncidentCommand::CompleteInvestigation(command);
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command,
        })
    })
}

pub(crate) fn conclude(request: pb::ConcludeIncidentRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INCIDENTS, &request.name);
    let outcome = f.code("outcome", request.outcome);
    let actions = f.list("actions", request.actions, Fields::sensitive);
    f.finish(|| {
        let command = ConcludeIncident {
            outcome: outcome?,
            actions: actions?,
            advice: optional_sensitive(request.advice),
        };
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command: IncidentCommand::Conclude(command),
        })
    })
}

pub(crate) fn reopen(request: pb::ReopenIncidentRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", INCIDENTS, &request.name);
    let reason = f.sensitive("reason", request.reason);
    f.finish(|| {
        let command = IncidentCommand::Reopen(ReopenIncident { reason: reason? });
        Some(Parsed {
            header: header?,
            target: Some(target?),
            command,
        })
    })
}

fn child(f: &mut Fields, at: &str, told: pb::ChildInput) -> Option<ChildInput> {
    let age_months = told
        .age_months
        .and_then(|age| f.value(&format!("{at}.age_months"), AgeMonths::new(age)));
    let injury = f.code(&format!("{at}.injury"), told.injury);
    let severity = f.code(&format!("{at}.severity"), told.severity);
    Some(ChildInput {
        name: optional_sensitive(told.name),
        age_months,
        injury: injury?,
        severity: severity?,
        treatment: optional_sensitive(told.treatment),
    })
}

/// The answer to a command.
pub(crate) fn reply(outcome: &Outcome<Incident>) -> pb::IncidentReply {
    let state = &outcome.state;
    let incident = pb::Incident {
        name: format!("{INCIDENTS}/{}", outcome.id),
        institution: state
            .institution
            .map(|id| format!("{INSTITUTIONS}/{id}"))
            .unwrap_or_default(),
        state: state.status.number(),
        category: number_of(state.category),
        awareness_time: state.awareness_time.map(time),
        children: state
            .children
            .iter()
            .map(|(child, severity)| pb::ChildState {
                child: *child,
                severity: severity.number(),
                guardian_told: state.told.contains(child),
            })
            .collect(),
        guardians_due: state.guardians_due,
        investigation_due: state.investigation_due.as_ref().map(deadline),
        outcome: number_of(state.outcome),
        regulatory: state.regulatory,
    };
    pb::IncidentReply {
        incident: Some(incident),
        command: Some(command_reply(outcome)),
    }
}
