//! How inspections come about: ordinary ones, draws, special actions, complaints; approval, inspectors, recusals.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use yujian_domain::checklist::Checklist;
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::inspection::{
    ApproveInspection, AssignInspectors, CancelInspection, CancelReason, ChecklistRef, DecideRecusal, Inspection,
    InspectionCommand, InspectorInput, PlanInspection, Purpose, RecusalGround, RequestRecusal, Status,
};
use yujian_domain::personal::Sensitive;
use yujian_domain::reference::Reference;
use yujian_domain::rejection::Reason;

use crate::agenda::{Task, Visit, office};
use crate::story::{DemoError, Story};
use crate::visits::{self, Call, Way};
use crate::world::officer;

/// Every so many institutions, one is visited until its yearly cap is reached.
const WATCHED: usize = 25;

/// The checklist that the story's inspectors use.
pub(crate) fn checklist(reference: &Reference) -> Option<&Checklist> {
    reference
        .checklist(&ChecklistRef {
            id: "wst-821".to_owned(),
            version: 1,
        })
        .ok()
}

/// An inspector of a county, by account.
pub(crate) fn inspector(county: &str, account: &str) -> Actor {
    Actor {
        id: account.to_owned(),
        role: Role::Inspector,
        ..officer(county, 1)
    }
}

impl Story<'_> {
    pub(crate) async fn visit_step(&mut self, step: Visit) -> Result<(), DemoError> {
        match step {
            Visit::Routine(institution) => self.routine(institution).await,
            Visit::Draw => {
                self.draw();
                Ok(())
            }
            Visit::Campaign => {
                self.campaign();
                Ok(())
            }
            Visit::Plan { institution, purpose } => self.plan_visit(institution, purpose).await,
            Visit::Approve(visit) => self.approve(visit).await,
            Visit::Assign(visit) => self.assign(visit).await,
            Visit::Recuse(visit) => self.recuse(visit).await,
            Visit::Decide(visit) => self.decide_recusal(visit).await,
            Visit::Cancel { visit, reason } => self.cancel(visit, reason).await,
            step => self.site_step(step).await,
        }
    }

    /// Draws every month, special actions every year in May and October, and a first team in each county.
    pub(crate) fn open_visits(&mut self, first: Date, until: Date) {
        let mut day = first.saturating_add(14.days());
        while day <= until {
            let at = office(&mut self.dice, day);
            self.agenda.add(at, Task::Visit(Visit::Draw));
            if matches!(day.month(), 5 | 10) {
                let at = office(&mut self.dice, day);
                self.agenda.add(at, Task::Visit(Visit::Campaign));
            }
            day = day.saturating_add(1.month());
        }
    }

    /// The first ordinary visit after the receipt, and those that follow from it.
    pub(crate) fn begin_visits(&mut self, index: usize) {
        self.members[index].visited = true;
        let (low, high) = self.span();
        let high = high.min(120).max(low);
        self.plan(low, high, Task::Visit(Visit::Routine(index)));
    }

    async fn routine(&mut self, index: usize) -> Result<(), DemoError> {
        if self.members[index].closed {
            return Ok(());
        }
        if index % WATCHED == 3 {
            self.plan(35, 55, Task::Visit(Visit::Routine(index)));
        } else {
            self.plan(85, 175, Task::Visit(Visit::Routine(index)));
        }
        if !self.members[index].open {
            return Ok(());
        }
        if self.dice.percent(16) {
            let purpose = if self.dice.percent(75) {
                Purpose::Complaint
            } else {
                Purpose::Case
            };
            self.plan(
                10,
                90,
                Task::Visit(Visit::Plan {
                    institution: index,
                    purpose,
                }),
            );
        }
        self.plan_visit(index, Purpose::Routine).await
    }

    fn draw(&mut self) {
        self.choose(4, Purpose::Random);
    }

    fn campaign(&mut self) {
        self.choose(18, Purpose::Special);
    }

    /// Chooses a share of the institutions that operate.
    fn choose(&mut self, percent: u64, purpose: Purpose) {
        for institution in 0..self.members.len() {
            if self.members[institution].open && self.dice.percent(percent) {
                self.plan(0, 10, Task::Visit(Visit::Plan { institution, purpose }));
            }
        }
    }

    async fn plan_visit(&mut self, index: usize, purpose: Purpose) -> Result<(), DemoError> {
        let member = &self.members[index];
        let Some(institution) = member.id.filter(|_| !member.closed || purpose == Purpose::ClosureCheck) else {
            return Ok(());
        };
        let number = self.calls.len();
        let way = match (purpose, Way::of(number)) {
            (Purpose::ClosureCheck | Purpose::PreAuthorization | Purpose::FollowUp, way) if way.emergency() => {
                Way::Ordinary
            }
            (Purpose::ClosureCheck, _) => Way::Ordinary,
            (_, way) => way,
        };
        let reference = self.commands.reference();
        let Some(checklist) = checklist(&reference) else {
            return Ok(());
        };
        let dimensions = match self.follow.remove(&index).filter(|_| purpose == Purpose::FollowUp) {
            Some(dimensions) => dimensions,
            None => visits::dimensions(&mut self.dice, checklist, purpose),
        };
        let (failing, advised) = if purpose == Purpose::ClosureCheck {
            (Vec::new(), Vec::new())
        } else {
            visits::outcome(&mut self.dice, checklist.chosen(&dimensions))
        };
        let today = self.today();
        let (from_date, to_date) = if way.emergency() {
            (today, today.saturating_add(1.day()))
        } else {
            (today.saturating_add(6.days()), today.saturating_add(27.days()))
        };
        let command = InspectionCommand::Plan(PlanInspection {
            institution,
            purpose,
            emergency: way.emergency(),
            ordered_from_above: purpose == Purpose::Special && self.dice.percent(50),
            checklist: checklist.reference.clone(),
            dimensions,
            from_date,
            to_date,
            // An institution that asks for a recusal has been told who comes.
            announced: matches!(purpose, Purpose::PreAuthorization | Purpose::FollowUp)
                || matches!(way, Way::Recused | Way::NotRecused),
            joint_bodies: if self.dice.percent(15) {
                vec![(*self.dice.pick(&["市场监督管理局", "消防救援大队", "教育局"])).to_owned()]
            } else {
                Vec::new()
            },
        });
        let actor = self.members[index].officer(1);
        let method = "yujian.inspection.v1.InspectionService/PlanInspection";
        let outcome = self.run::<Inspection>(actor, method, None, command).await?;
        self.calls.push(Call {
            id: outcome.id,
            institution: index,
            purpose,
            way,
            lead: String::new(),
            failing,
            advised,
            corrections: BTreeMap::new(),
        });
        if way.emergency() {
            self.soon(5, 40, Task::Visit(Visit::Assign(number)));
        } else {
            self.plan(1, 3, Task::Visit(Visit::Approve(number)));
        }
        Ok(())
    }

    /// Runs a command about a visit.
    pub(crate) async fn inspection(
        &mut self,
        visit: usize,
        actor: Actor,
        name: &'static str,
        command: impl Into<InspectionCommand>,
    ) -> Result<Arc<Inspection>, DemoError> {
        let id = self.calls[visit].id;
        Ok(self
            .run::<Inspection>(actor, name, Some(id), command.into())
            .await?
            .state)
    }

    /// What the log says of a visit.
    pub(crate) async fn seen(&self, visit: usize) -> Result<Arc<Inspection>, DemoError> {
        let id = self.calls[visit].id;
        Ok(self.state::<Inspection>(id).await?.unwrap_or_default())
    }

    pub(crate) fn bureau(&self, visit: usize, which: u32) -> Actor {
        self.members[self.calls[visit].institution].officer(which)
    }

    /// Approves; where the yearly cap is reached the visit is given up.
    async fn approve(&mut self, visit: usize) -> Result<(), DemoError> {
        if self.moot(visit).await? {
            return Ok(());
        }
        let early = match self.calls[visit].way {
            Way::NotApproved => Some(CancelReason::NotApproved),
            Way::Duplicate => Some(CancelReason::Duplicate),
            _ => None,
        };
        if let Some(reason) = early {
            self.plan(1, 4, Task::Visit(Visit::Cancel { visit, reason }));
            return Ok(());
        }
        let approval = ApproveInspection {
            approval_number: format!("浙卫检批〔{}〕{:05}号", self.today().year(), visit + 1),
        };
        let (actor, id) = (self.bureau(visit, 2), self.calls[visit].id);
        let method = "yujian.inspection.v1.InspectionService/ApproveInspection";
        let refused = self
            .ask::<Inspection>(actor, method, Some(id), InspectionCommand::from(approval))
            .await?
            .err();
        if refused == Some(Reason::FrequencyCapReached) {
            let reason = CancelReason::NotApproved;
            self.plan(1, 3, Task::Visit(Visit::Cancel { visit, reason }));
        } else if self.calls[visit].way == Way::Merged {
            let reason = CancelReason::Merged;
            self.plan(1, 4, Task::Visit(Visit::Cancel { visit, reason }));
        } else if !self.calls[visit].way.emergency() {
            self.plan(1, 2, Task::Visit(Visit::Assign(visit)));
        }
        Ok(())
    }

    /// Whether a visit that has not begun has lost its sense: it is cancelled then.
    async fn moot(&mut self, visit: usize) -> Result<bool, DemoError> {
        let call = &self.calls[visit];
        if !self.members[call.institution].closed || call.purpose == Purpose::ClosureCheck {
            return Ok(false);
        }
        if matches!(
            self.seen(visit).await?.status,
            Status::Planned | Status::Approved | Status::Assigned
        ) {
            self.cancel(visit, CancelReason::InstitutionClosed).await?;
            return Ok(true);
        }
        Ok(false)
    }

    async fn assign(&mut self, visit: usize) -> Result<(), DemoError> {
        if self.moot(visit).await? {
            return Ok(());
        }
        let state = self.seen(visit).await?;
        let today = self.today();
        let (from, to) = state.window.unwrap_or((today, today));
        let county = self.members[self.calls[visit].institution].county.clone();
        let mut free: Vec<(uuid::Uuid, String)> = self
            .teams
            .iter()
            .filter(|team| team.region.code() == county)
            .flat_map(|team| &team.inspectors)
            .filter(|one| one.certified([from, to]) && !state.recused.contains(&one.id))
            .map(|one| (one.id, one.account.clone()))
            .collect();
        if free.len() > 2 {
            let gone = usize::try_from(self.dice.below(free.len() as u64)).unwrap_or(0);
            free.remove(gone);
        }
        if free.len() < 2 || self.calls[visit].way == Way::NoInspectors {
            let reason = CancelReason::NoInspectors;
            self.plan(1, 3, Task::Visit(Visit::Cancel { visit, reason }));
            return Ok(());
        }
        self.calls[visit].lead.clone_from(&free[0].1);
        let command = AssignInspectors {
            inspectors: free
                .into_iter()
                .map(|(person, _)| InspectorInput {
                    person,
                    no_conflict: true,
                })
                .collect(),
        };
        let method = "yujian.inspection.v1.InspectionService/AssignInspectors";
        self.inspection(visit, self.bureau(visit, 1), method, command).await?;
        let wants_recusal = matches!(self.calls[visit].way, Way::Recused | Way::NotRecused) && state.recused.is_empty();
        if wants_recusal {
            self.soon(20, 200, Task::Visit(Visit::Recuse(visit)));
        } else if self.calls[visit].way.emergency() {
            self.soon(30, 120, Task::Visit(Visit::Arrive(visit)));
        } else {
            let ahead = u64::try_from((from - today).get_days()).unwrap_or(0);
            self.plan(ahead.max(1), ahead.max(1) + 9, Task::Visit(Visit::Arrive(visit)));
        }
        Ok(())
    }

    async fn recuse(&mut self, visit: usize) -> Result<(), DemoError> {
        let state = self.seen(visit).await?;
        let Some(person) = state.inspectors.keys().next().copied() else {
            return Ok(());
        };
        let command = RequestRecusal {
            person,
            ground: *self.dice.pick(&[
                RecusalGround::Kinship,
                RecusalGround::Interest,
                RecusalGround::Employment,
                RecusalGround::Other,
            ]),
            note: Some(Sensitive::new("与被检查机构存在可能影响公正的关系")),
        };
        let institution = self.calls[visit].institution;
        let method = "yujian.inspection.v1.InspectionService/RequestRecusal";
        self.inspection(visit, self.members[institution].operator(), method, command)
            .await?;
        self.soon(60, 300, Task::Visit(Visit::Decide(visit)));
        Ok(())
    }

    async fn decide_recusal(&mut self, visit: usize) -> Result<(), DemoError> {
        let state = self.seen(visit).await?;
        let Some(person) = state.recusals.keys().next().copied() else {
            return Ok(());
        };
        let granted = self.calls[visit].way == Way::Recused;
        let command = DecideRecusal { person, granted };
        let method = "yujian.inspection.v1.InspectionService/DecideRecusal";
        self.inspection(visit, self.bureau(visit, 2), method, command).await?;
        if granted {
            self.soon(10, 120, Task::Visit(Visit::Assign(visit)));
        } else {
            self.plan(4, 10, Task::Visit(Visit::Arrive(visit)));
        }
        Ok(())
    }

    pub(crate) async fn cancel(&mut self, visit: usize, reason: CancelReason) -> Result<(), DemoError> {
        let waits = matches!(
            self.seen(visit).await?.status,
            Status::Planned | Status::Approved | Status::Assigned
        );
        if !waits {
            return Ok(());
        }
        let method = "yujian.inspection.v1.InspectionService/CancelInspection";
        self.inspection(visit, self.bureau(visit, 1), method, CancelInspection { reason })
            .await
            .map(|_| ())
    }
}
