//! The visit itself: check-in, presence, answers, findings, advice, orders, the signed record, or breaking off.

use jiff::{SignedDuration, ToSpan};
use yujian_domain::envelope::Actor;
use yujian_domain::inspection::{
    AbortInspection, AbortReason, AnswerItems, BackfillCheckIn, BackfillReason, CheckIn, CheckInMethod,
    CompleteFieldwork, ImmediateMeasure, Inspection, OrderCorrection, Purpose, RecordCorrectedOnSite, Signature,
    Status, Weight,
};
use yujian_domain::personal::Sensitive;
use yujian_domain::time::start_of;

use crate::agenda::{Task, Visit};
use crate::planning::{checklist, inspector};
use crate::story::{DemoError, Story};
use crate::visits::{self, Correction, Way};

impl Story<'_> {
    pub(crate) async fn site_step(&mut self, step: Visit) -> Result<(), DemoError> {
        match step {
            Visit::Arrive(visit) => self.arrive(visit).await,
            Visit::Count(visit) => self.count(visit).await,
            Visit::Answer { visit, part } => self.answer(visit, part).await,
            Visit::Cite { visit, number } => self.cite(visit, number).await,
            Visit::Leave(visit) => self.complete(visit).await,
            Visit::Abort { visit, reason } => self.abort(visit, reason).await,
            step => self.report_step(step).await,
        }
    }

    /// The inspector who leads the visit.
    pub(crate) fn lead(&self, visit: usize) -> Actor {
        let call = &self.calls[visit];
        inspector(&self.members[call.institution].county, &call.lead)
    }

    async fn arrive(&mut self, visit: usize) -> Result<(), DemoError> {
        let state = self.seen(visit).await?;
        if state.status != Status::Assigned {
            return Ok(());
        }
        let call = &self.calls[visit];
        let (way, purpose, institution) = (call.way, call.purpose, call.institution);
        if self.members[institution].closed && purpose != Purpose::ClosureCheck {
            let reason = yujian_domain::inspection::CancelReason::InstitutionClosed;
            return self.cancel(visit, reason).await;
        }
        if matches!(way, Way::Backfilled | Way::BackfilledLate) {
            let done = self.backfill(visit, way == Way::BackfilledLate, &state).await?;
            if !done {
                return Ok(());
            }
        } else {
            let methods = [
                CheckInMethod::InstitutionCode,
                CheckInMethod::InstitutionCode,
                CheckInMethod::VisitCode,
                CheckInMethod::WrittenNotice,
            ];
            let command = CheckIn {
                method: *self.dice.pick(&methods),
                point: None,
            };
            let method = "yujian.inspection.v1.InspectionService/CheckIn";
            self.inspection(visit, self.lead(visit), method, command).await?;
        }
        match way {
            Way::Emergency => self.plan(1, 1, Task::Visit(Visit::Approve(visit))),
            Way::ApprovedLate => self.plan(12, 18, Task::Visit(Visit::Approve(visit))),
            _ => {}
        }
        let broken = match way {
            _ if purpose == Purpose::ClosureCheck => self.dice.percent(60).then_some(AbortReason::Closed),
            Way::NoChildren => Some(AbortReason::NoChildren),
            Way::Denied => Some(AbortReason::DeniedEntry),
            Way::Unsafe => Some(AbortReason::Unsafe),
            _ => None,
        };
        match broken {
            Some(reason) => self.soon(10, 40, Task::Visit(Visit::Abort { visit, reason })),
            None if purpose == Purpose::ClosureCheck => {
                self.soon(5, 15, Task::Visit(Visit::Answer { visit, part: 0 }));
            }
            None => self.soon(5, 15, Task::Visit(Visit::Count(visit))),
        }
        Ok(())
    }

    /// The check-in is filled in after some hours or days; `false`: it is not yet time to.
    async fn backfill(&mut self, visit: usize, late: bool, state: &Inspection) -> Result<bool, DemoError> {
        let hours = if late {
            self.dice.between(11 * 24, 12 * 24)
        } else {
            self.dice.between(2, 40)
        };
        let hours = SignedDuration::from_hours(i64::try_from(hours).unwrap_or(2));
        // The approval is for its window, and the visit comes after the assignment.
        let opens = state
            .window
            .map_or(self.at, |(from, _)| start_of(from) + SignedDuration::from_hours(7));
        let earliest = state.status_from.map_or(opens, |since| opens.max(since));
        let arrived = (self.at - hours).max(earliest);
        if late && self.at.duration_since(arrived) < hours {
            self.plan(3, 5, Task::Visit(Visit::Arrive(visit)));
            return Ok(false);
        }
        let command = BackfillCheckIn {
            arrived_time: arrived,
            reason: *self.dice.pick(&[
                BackfillReason::Network,
                BackfillReason::Device,
                BackfillReason::NoCode,
                BackfillReason::Emergency,
            ]),
        };
        let method = "yujian.inspection.v1.InspectionService/BackfillCheckIn";
        self.inspection(visit, self.lead(visit), method, command).await?;
        Ok(true)
    }

    async fn count(&mut self, visit: usize) -> Result<(), DemoError> {
        if self.seen(visit).await?.status != Status::CheckedIn {
            return Ok(());
        }
        let member = &self.members[self.calls[visit].institution];
        if !member.classes.is_empty() && self.calls[visit].purpose != Purpose::PreAuthorization {
            let (classes, makes_meals) = (member.classes.clone(), member.makes_meals);
            let command = visits::presence(&mut self.dice, &classes, makes_meals);
            let method = "yujian.inspection.v1.InspectionService/CountPresence";
            self.inspection(visit, self.lead(visit), method, command).await?;
        }
        self.soon(10, 40, Task::Visit(Visit::Answer { visit, part: 0 }));
        Ok(())
    }

    async fn answer(&mut self, visit: usize, part: usize) -> Result<(), DemoError> {
        let state = self.seen(visit).await?;
        if state.status != Status::CheckedIn {
            return Ok(());
        }
        let reference = self.commands.reference();
        let Some(checklist) = checklist(&reference) else {
            return Ok(());
        };
        let items = checklist.chosen(&state.dimensions);
        let answers = visits::answers(&mut self.dice, items, part, &self.calls[visit].failing);
        if !answers.is_empty() {
            let method = "yujian.inspection.v1.InspectionService/AnswerItems";
            self.inspection(visit, self.lead(visit), method, AnswerItems { answers })
                .await?;
        }
        let next = if part + 1 < visits::parts(checklist.chosen(&state.dimensions).count()) {
            Visit::Answer { visit, part: part + 1 }
        } else {
            Visit::Cite { visit, number: 0 }
        };
        self.soon(15, 45, Task::Visit(next));
        Ok(())
    }

    /// Cites the next item that was not met, and says what follows from it; then gives advice.
    async fn cite(&mut self, visit: usize, number: usize) -> Result<(), DemoError> {
        if self.seen(visit).await?.status != Status::CheckedIn {
            return Ok(());
        }
        let reference = self.commands.reference();
        let Some(checklist) = checklist(&reference) else {
            return Ok(());
        };
        let cited = self.calls[visit].failing.len();
        if let Some(item) = self.calls[visit].failing.get(number).cloned() {
            if let Some(citation) = visits::citation(&mut self.dice, checklist, &item) {
                let (weight, measure) = (citation.weight, citation.measure);
                let method = "yujian.inspection.v1.InspectionService/CiteFinding";
                let state = self.inspection(visit, self.lead(visit), method, citation).await?;
                if let Some(finding) = state.findings.keys().next_back().copied() {
                    self.order(visit, finding, weight, measure).await?;
                }
            }
        } else if let Some(item) = self.calls[visit].advised.get(number - cited).cloned() {
            if let Some(advice) = visits::advice(checklist, &item) {
                let method = "yujian.inspection.v1.InspectionService/GiveTechnicalAssistance";
                self.inspection(visit, self.lead(visit), method, advice).await?;
            }
        } else {
            self.soon(10, 40, Task::Visit(Visit::Leave(visit)));
            return Ok(());
        }
        let number = number + 1;
        self.soon(3, 12, Task::Visit(Visit::Cite { visit, number }));
        Ok(())
    }

    /// Has a finding put right at once, or orders its correction.
    async fn order(
        &mut self,
        visit: usize,
        finding: u32,
        weight: Weight,
        measure: Option<ImmediateMeasure>,
    ) -> Result<(), DemoError> {
        let correction = Correction::of(self.findings);
        self.findings += 1;
        let correction = match correction {
            Correction::OnSite if measure.is_some() => Correction::ByVisit,
            // There is no time in between to give.
            Correction::Extended if weight == Weight::Veto => Correction::ByVisit,
            other => other,
        };
        self.calls[visit].corrections.insert(finding, correction);
        if correction == Correction::OnSite {
            let method = "yujian.inspection.v1.InspectionService/RecordCorrectedOnSite";
            let command = RecordCorrectedOnSite { finding };
            self.inspection(visit, self.lead(visit), method, command).await?;
            return Ok(());
        }
        let most = self.correction_days(visit, weight);
        let due = self.dice.between((most / 2).max(1), most);
        let due_date = self.today().saturating_add(i64::try_from(due).unwrap_or(1).days());
        let method = "yujian.inspection.v1.InspectionService/OrderCorrection";
        let command = OrderCorrection { finding, due_date };
        self.inspection(visit, self.lead(visit), method, command).await?;
        match correction {
            Correction::Never => {}
            Correction::Late => self.plan(due + 3, due + 15, Task::Visit(Visit::Claim { visit, finding })),
            Correction::Extended => {
                let half = (due / 2).max(1);
                self.plan(half, (due - 1).max(half), Task::Visit(Visit::Extend { visit, finding }));
            }
            _ => self.plan(due / 2, due - due / 8, Task::Visit(Visit::Claim { visit, finding })),
        }
        Ok(())
    }

    /// Most days of a correction, by the policy of the institution's region today.
    pub(crate) fn correction_days(&self, visit: usize, weight: Weight) -> u64 {
        let reference = self.commands.reference();
        let region = &self.members[self.calls[visit].institution].region;
        reference
            .inspection(region, self.today())
            .ok()
            .and_then(|(policy, _)| policy.correction_days(weight))
            .map_or(1, u64::from)
    }

    async fn complete(&mut self, visit: usize) -> Result<(), DemoError> {
        if self.seen(visit).await?.status != Status::CheckedIn {
            return Ok(());
        }
        let refuses = self.calls[visit].way == Way::Refuses;
        let command = CompleteFieldwork {
            record_sha256: self.dice.sha256(),
            signature: if refuses { Signature::Refused } else { Signature::Signed },
            witness: refuses.then(|| Sensitive::new(self.dice.name())),
            statement: self
                .dice
                .percent(30)
                .then(|| Sensitive::new("对检查情况无异议，将按期整改")),
        };
        let method = "yujian.inspection.v1.InspectionService/CompleteFieldwork";
        self.inspection(visit, self.lead(visit), method, command).await?;
        match self.calls[visit].way {
            Way::NeverApproved => {}
            Way::ApprovedLate => self.plan(20, 25, Task::Visit(Visit::Draft(visit))),
            _ => self.plan(2, 7, Task::Visit(Visit::Draft(visit))),
        }
        Ok(())
    }

    async fn abort(&mut self, visit: usize, reason: AbortReason) -> Result<(), DemoError> {
        if self.seen(visit).await?.status != Status::CheckedIn {
            return Ok(());
        }
        let command = AbortInspection {
            reason,
            note: Some(Sensitive::new("现场情况已记录并拍照")),
        };
        let method = "yujian.inspection.v1.InspectionService/AbortInspection";
        self.inspection(visit, self.lead(visit), method, command)
            .await
            .map(|_| ())
    }
}
