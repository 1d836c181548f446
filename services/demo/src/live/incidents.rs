//! An incident: notified, told to the guardians, triaged.

use uuid::Uuid;
use yujian_domain::incident::{Channel, Incident, IncidentCommand, Priority, TellGuardian, TriageIncident};
use yujian_domain::personal::Sensitive;

use super::{Site, Traffic};
use crate::incidents::notification;
use crate::world::officer;

/// The next child whose guardian is to be told; beyond the last one the triage.
pub(super) struct Next {
    case: Uuid,
    site: Site,
    child: u32,
    children: u32,
}

impl Traffic {
    pub(super) async fn notify(&mut self, site: Site) -> Option<Next> {
        let notification = notification(&mut self.dice, site.institution, self.clock.now());
        let children = u32::try_from(notification.children.len()).unwrap_or(0);
        let method = "yujian.incident.v1.IncidentService/NotifyIncident";
        let command = IncidentCommand::Notify(notification);
        let outcome = self.send::<Incident>(site.operator(), method, None, command).await?;
        Some(Next {
            case: outcome.id,
            site,
            child: 1,
            children,
        })
    }

    pub(super) async fn incident(&mut self, next: Next) -> Option<Next> {
        if next.child > next.children {
            let command = IncidentCommand::Triage(TriageIncident {
                priority: *self.dice.pick(&[Priority::P2, Priority::P3, Priority::P4]),
                regulatory: self.dice.percent(80),
                reason: Sensitive::new("值班人员研判"),
            });
            let method = "yujian.incident.v1.IncidentService/TriageIncident";
            let actor = officer(&next.site.county, 1);
            self.send::<Incident>(actor, method, Some(next.case), command).await?;
            return None;
        }
        let command = IncidentCommand::TellGuardian(TellGuardian {
            child: next.child,
            told_time: self.clock.now(),
            channel: Channel::Phone,
        });
        let method = "yujian.incident.v1.IncidentService/TellGuardian";
        self.send::<Incident>(next.site.operator(), method, Some(next.case), command)
            .await?;
        Some(Next {
            child: next.child + 1,
            ..next
        })
    }
}
