//! What officers make of the alerts that the reactors raise: most are looked at, some wait, a part lapses by itself.

use uuid::Uuid;
use yujian_domain::alert::{
    AcknowledgeAlert, Alert, AlertCommand, AlertEvent, AlertRule, ConfirmAlert, DismissAlert, DismissalReason,
    LinkAlert, LinkTarget, Status,
};
use yujian_domain::event::EventFamily;
use yujian_domain::institution::InstitutionEvent;
use yujian_domain::personal::Sensitive;
use yujian_eventlog::{EventLog, Item, Record};

use crate::agenda::{self, Licence, Task};
use crate::story::{DemoError, Story};

/// Records read at once.
const PAGE: usize = 2_000;

/// An alert of the story.
pub(crate) struct Lead {
    pub id: Uuid,
    pub institution: usize,
    pub fate: Fate,
}

/// What officers make of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nobody has looked at it yet.
    Waits,
    /// Noted, and no more so far.
    Noted,
    /// Still being looked into.
    LookedInto,
    /// Looked into, then confirmed.
    FoundSo,
    /// Confirmed from the papers.
    PlainlySo,
    /// Dismissed from the papers.
    NotSo,
    /// Looked into, then dismissed.
    FoundNotSo,
}

/// Fates of the alerts of one rule in turn.
const FATES: [Fate; 12] = [
    Fate::Waits,
    Fate::FoundSo,
    Fate::NotSo,
    Fate::LookedInto,
    Fate::PlainlySo,
    Fate::Waits,
    Fate::FoundSo,
    Fate::Noted,
    Fate::FoundNotSo,
    Fate::PlainlySo,
    Fate::Waits,
    Fate::FoundSo,
];

impl Fate {
    /// The fate of the `number`-th alert of a rule. Rules begin at different places, so that a story with few alerts has
    /// every fate all the same.
    fn of(rule: AlertRule, number: usize) -> Self {
        let place = AlertRule::ALL.iter().position(|one| *one == rule).unwrap_or(0);
        // 5 has no factor in common with 12.
        FATES[(number * 5 + place) % FATES.len()]
    }

    fn is_linked(self) -> bool {
        matches!(self, Self::LookedInto | Self::FoundSo | Self::FoundNotSo)
    }
}

/// Claims, counted visits and reference data, which come besides what the story tells.
fn is_aside(event_type: &str) -> bool {
    event_type.starts_with("reference.") || matches!(event_type, "key.Claimed.v1" | "visits.VisitCounted.v1")
}

impl Story<'_> {
    /// Counts what came into the log since it was last read, takes up its alerts, and what the law brought about.
    pub(crate) async fn look_into_the_log(&mut self, log: &dyn EventLog) -> Result<(), DemoError> {
        loop {
            let page = log.read_all(self.read, PAGE).await?;
            self.read = page.next;
            for item in page.items {
                let Item::Record(record) = item else { continue };
                self.events += u64::from(!is_aside(&record.event_type));
                self.notice(&record);
                let event = AlertEvent::decode(&record.event_type, &record.payload);
                if let Ok(Some(AlertEvent::AlertRaised(raised))) = event
                    && let Ok(id) = Uuid::parse_str(record.stream.id())
                {
                    self.take_up(id, raised.institution, raised.rule);
                }
            }
            if page.caught_up {
                return Ok(());
            }
        }
    }

    /// What the law alone brought about, and what the story goes on from.
    fn notice(&mut self, record: &Record) {
        let found = Uuid::parse_str(record.stream.id()).ok();
        let about = |story: &Self| story.members.iter().position(|member| member.id == found);
        let Ok(Some(event)) = InstitutionEvent::decode(&record.event_type, &record.payload) else {
            return;
        };
        match (event, about(self)) {
            (InstitutionEvent::AuthorizationExpired(_), Some(index)) => {
                self.members[index].open = false;
                self.plan(0, 2, Task::Licence(Licence::RanOut(index)));
            }
            (InstitutionEvent::ApplicationLapsed(lapsed), Some(index)) => {
                let mut matters = self.matters.iter();
                let lapsed = matters.position(|one| one.institution == index && one.number == lapsed.application);
                if let Some(matter) = lapsed {
                    self.tries_again(matter);
                }
            }
            (InstitutionEvent::LicenceRenewed(renewed), Some(index)) => self.term(index, renewed.valid_to_date),
            _ => {}
        }
    }

    fn take_up(&mut self, id: Uuid, institution: Uuid, rule: AlertRule) {
        let Some(institution) = self.members.iter().position(|member| member.id == Some(institution)) else {
            return;
        };
        let number = self.raised.entry(rule).or_default();
        let fate = Fate::of(rule, *number);
        *number += 1;
        let lead = self.leads.len();
        self.leads.push(Lead { id, institution, fate });
        if fate != Fate::Waits {
            self.plan_within(0, 9, Task::Alert(agenda::Alert::Acknowledge(lead)));
        }
    }

    pub(crate) async fn alert_step(&mut self, step: agenda::Alert) -> Result<(), DemoError> {
        match step {
            agenda::Alert::Acknowledge(lead) => self.acknowledge(lead).await,
            agenda::Alert::Link(lead) => self.link(lead).await,
            agenda::Alert::Dismiss(lead) => self.dismiss(lead).await,
            agenda::Alert::Confirm(lead) => self.confirm(lead).await,
        }
    }

    /// Where an alert stands now: it may have lapsed since the step was planned.
    async fn standing(&self, lead: usize) -> Result<Status, DemoError> {
        let state = self.state::<Alert>(self.leads[lead].id).await?;
        Ok(state.map_or(Status::None, |state| state.status))
    }

    async fn handle(
        &mut self,
        lead: usize,
        method: &'static str,
        command: impl Into<AlertCommand>,
    ) -> Result<(), DemoError> {
        let Lead { id, institution, .. } = self.leads[lead];
        let officer = self.members[institution].officer(1);
        self.run::<Alert>(officer, method, Some(id), command.into())
            .await
            .map(|_| ())
    }

    async fn acknowledge(&mut self, lead: usize) -> Result<(), DemoError> {
        if self.standing(lead).await? != Status::Raised {
            return Ok(());
        }
        let note = self
            .dice
            .percent(60)
            .then(|| Sensitive::new("已电话联系机构负责人，要求说明情况"));
        let method = "yujian.supervision.v1.AlertService/AcknowledgeAlert";
        self.handle(lead, method, AcknowledgeAlert { note }).await?;
        let next = match self.leads[lead].fate {
            Fate::Waits | Fate::Noted => return Ok(()),
            fate if fate.is_linked() => agenda::Alert::Link(lead),
            Fate::NotSo => agenda::Alert::Dismiss(lead),
            _ => agenda::Alert::Confirm(lead),
        };
        self.plan_within(1, 12, Task::Alert(next));
        Ok(())
    }

    /// The latest inspection or incident of the institution, else its latest application; none where nothing has been
    /// handed in yet.
    async fn where_to_look(&self, institution: usize) -> Result<Option<LinkTarget>, DemoError> {
        let visit = self.calls.iter().rev().find(|call| call.institution == institution);
        let case = self.cases.iter().rev().find(|case| case.institution == institution);
        Ok(match (visit.map(|call| call.id), case) {
            (Some(id), _) => Some(LinkTarget::Inspection(id)),
            (None, Some(case)) => Some(LinkTarget::Incident(case.id)),
            (None, None) => {
                let applications = self.standing_of(institution).await?.map(|state| state.applications);
                applications.filter(|latest| *latest > 0).map(LinkTarget::Application)
            }
        })
    }

    async fn link(&mut self, lead: usize) -> Result<(), DemoError> {
        if self.standing(lead).await? != Status::Acknowledged {
            return Ok(());
        }
        let Some(target) = self.where_to_look(self.leads[lead].institution).await? else {
            self.plan(5, 15, Task::Alert(agenda::Alert::Link(lead)));
            return Ok(());
        };
        let method = "yujian.supervision.v1.AlertService/LinkAlert";
        self.handle(lead, method, LinkAlert { target }).await?;
        let next = match self.leads[lead].fate {
            Fate::FoundSo => agenda::Alert::Confirm(lead),
            Fate::FoundNotSo => agenda::Alert::Dismiss(lead),
            _ => return Ok(()),
        };
        self.plan_within(3, 30, Task::Alert(next));
        Ok(())
    }

    async fn dismiss(&mut self, lead: usize) -> Result<(), DemoError> {
        if !matches!(self.standing(lead).await?, Status::Acknowledged | Status::Linked) {
            return Ok(());
        }
        let reason = DismissalReason::ALL[lead % DismissalReason::ALL.len()];
        let note = match reason {
            DismissalReason::FalseAlarm => "核对后与实际情况不符",
            DismissalReason::Duplicate => "与本机构另一预警为同一事项",
            DismissalReason::HandledElsewhere => "已由其他部门依职责办理",
            DismissalReason::DataError => "登记信息有误，已另行更正",
        };
        let command = DismissAlert {
            reason,
            note: Sensitive::new(note),
        };
        self.handle(lead, "yujian.supervision.v1.AlertService/DismissAlert", command)
            .await
    }

    async fn confirm(&mut self, lead: usize) -> Result<(), DemoError> {
        if !matches!(self.standing(lead).await?, Status::Acknowledged | Status::Linked) {
            return Ok(());
        }
        let command = ConfirmAlert {
            statement: Sensitive::new("经核实情况属实，已责令机构改正"),
        };
        self.handle(lead, "yujian.supervision.v1.AlertService/ConfirmAlert", command)
            .await
    }
}
