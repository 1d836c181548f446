//! Those who hold a licence: what befalls them, how their terms end, and how they cease in order.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use yujian_domain::inspection::Purpose;
use yujian_domain::institution::{
    ApplicationKind, ChangeRequest, CloseCessation, CloseInstitution, ClosingAsked, ConditionState, ConditionTerms,
    ImposeCondition, Institution, InstitutionCommand, LiftCondition, MakeProvisional, NonconformityReason,
    OpenCessation, RecordConditionMet, RecordPlacement, RestoreStanding, RevocationGround, RevokeAuthorization, Status,
    SuspendInstitution, SuspensionKind, TransferRequest, WaiverAsked,
};
use yujian_domain::personal::Sensitive;

use crate::agenda::{Licence, Task, Visit};
use crate::applying::{may_ask, method};
use crate::story::{DemoError, Story};
use crate::ways::{self, Lot, Term, Way};
use crate::world::classes;

/// Days before the end of a licence on which its renewal is asked for in time: thirty are the least.
const ASKS_AHEAD: (u64, u64) = (33, 42);

impl Story<'_> {
    pub(crate) async fn licence_step(&mut self, step: Licence) -> Result<(), DemoError> {
        match step {
            Licence::Apply(index) => self.apply(index).await,
            Licence::Matter { matter, step } => self.matter_step(matter, step).await,
            Licence::Lot(index) => self.lot(index).await,
            Licence::Meet(index) => self.meet(index).await.map(|_| ()),
            Licence::Lift(index) => self.lift_condition(index).await,
            Licence::Restore(index) => self.restore(index).await,
            Licence::Renew { institution, late } => self.renew_licence(institution, late).await,
            Licence::Revoke {
                institution,
                in_disorder,
            } => self.revoke_licence(institution, in_disorder).await,
            Licence::RanOut(index) => self.has_run_out(index).await,
            Licence::Place(index) => self.place(index).await,
            Licence::Deregister(index) => self.deregister(index).await,
        }
    }

    /// An officer's act about an institution.
    async fn direct(
        &mut self,
        index: usize,
        method: &'static str,
        command: impl Into<InstitutionCommand>,
    ) -> Result<Arc<Institution>, DemoError> {
        let officer = self.members[index].officer(1);
        self.institution(index, officer, method, command.into()).await
    }

    fn terms(&mut self, low: u64, high: u64) -> ConditionTerms {
        let days = i64::try_from(self.dice.between(low, high)).unwrap_or(30);
        let (item, text) = *self.dice.pick(&[
            ("staff.ratio", "按班级配齐保育人员"),
            ("papers.fire_safety", "更换二层疏散指示标志"),
            ("outdoor", "落实每日户外活动场地"),
        ]);
        ConditionTerms {
            item: item.to_owned(),
            text: text.to_owned(),
            due_date: self.today().saturating_add(days.days()),
            until_date: None,
        }
    }

    /// What is particular to a holder comes about.
    async fn lot(&mut self, index: usize) -> Result<(), DemoError> {
        let Some(state) = self.standing_of(index).await? else {
            return Ok(());
        };
        match state.status {
            Status::Licensed => {}
            Status::Suspended => {
                self.plan(5, 12, Task::Licence(Licence::Lot(index)));
                return Ok(());
            }
            _ => return Ok(()),
        }
        let lot = Lot::of(self.lots);
        self.lots += 1;
        match lot {
            Lot::Quiet => Ok(()),
            Lot::Condition => self.impose(index, (30, 60), (8, 25), Licence::Meet(index)).await,
            Lot::Lifted => self.impose(index, (30, 60), (6, 15), Licence::Lift(index)).await,
            Lot::Overdue => self.impose(index, (8, 14), (25, 45), Licence::Meet(index)).await,
            Lot::Provisional => self.provisional(index, &state).await,
            Lot::Emergency => self.suspend_at_once(index).await,
            Lot::Ordered => {
                self.ordered(index, SuspensionKind::Ordered).await?;
                self.plan(8, 25, Task::Resume(index));
                Ok(())
            }
            Lot::Revoked | Lot::RevokedInDisorder => {
                let waiver = self.waiver();
                self.ask_under_licence(index, &state, ApplicationKind::Waiver, |asked| {
                    asked.waiver = Some(waiver);
                })
                .await?;
                let revoke = Licence::Revoke {
                    institution: index,
                    in_disorder: lot == Lot::RevokedInDisorder,
                };
                self.plan(1, 3, Task::Licence(revoke));
                Ok(())
            }
            Lot::Waiver => {
                let waiver = self.waiver();
                self.ask_under_licence(index, &state, ApplicationKind::Waiver, |asked| {
                    asked.waiver = Some(waiver);
                })
                .await
            }
            Lot::Name | Lot::Classes => {
                let change = self.change(index, lot);
                self.ask_under_licence(index, &state, ApplicationKind::Change, |asked| {
                    asked.change = Some(change);
                })
                .await
            }
            Lot::Transfer => {
                let (county, registrar) = (self.members[index].county.clone(), self.members[index].registrar);
                let transfer = TransferRequest {
                    credit_code: self.dice.credit_code(&county, registrar),
                    representative: self.representative(&county),
                };
                self.ask_under_licence(index, &state, ApplicationKind::Transfer, |asked| {
                    asked.transfer = Some(transfer);
                })
                .await
            }
            Lot::Closes => self.closes(index).await,
        }
    }

    /// Asks for something under the licence.
    async fn ask_under_licence(
        &mut self,
        index: usize,
        state: &Institution,
        kind: ApplicationKind,
        with: impl FnOnce(&mut yujian_domain::institution::SubmitApplication),
    ) -> Result<(), DemoError> {
        if !may_ask(state, kind) {
            return Ok(());
        }
        let mut command = self.application(index, kind, true);
        with(&mut command);
        self.hand_in(index, Way::Plain, command).await
    }

    fn waiver(&mut self) -> WaiverAsked {
        let days = i64::try_from(self.dice.between(50, 110)).unwrap_or(60);
        WaiverAsked {
            item: "premises.outdoor_area".to_owned(),
            until_date: self.today().saturating_add(days.days()),
        }
    }

    fn change(&mut self, index: usize, lot: Lot) -> ChangeRequest {
        let member = &self.members[index];
        let name = format!("{}（{}分园）", member.name, self.dice.brand());
        let wanted = classes(&mut self.dice, self.members[index].institution_type);
        if lot == Lot::Classes && wanted != self.members[index].classes {
            return ChangeRequest {
                name: None,
                classes: Some(wanted),
            };
        }
        ChangeRequest {
            name: Some(name),
            classes: None,
        }
    }

    /// The operator gives up in order: by an application, with the children placed elsewhere.
    pub(crate) async fn closes(&mut self, index: usize) -> Result<(), DemoError> {
        let Some(state) = self.standing_of(index).await? else {
            return Ok(());
        };
        let days = i64::try_from(self.dice.between(18, 25)).unwrap_or(20);
        let closing = ClosingAsked {
            closing_date: self.today().saturating_add(days.days()),
            children_to_place: u32::try_from(self.dice.between(2, 9)).unwrap_or(2),
        };
        self.ask_under_licence(index, &state, ApplicationKind::Closing, |asked| {
            asked.closing = Some(closing);
        })
        .await
    }

    async fn impose(
        &mut self,
        index: usize,
        due: (u64, u64),
        after: (u64, u64),
        next: Licence,
    ) -> Result<(), DemoError> {
        let terms = self.terms(due.0, due.1);
        self.direct(index, method!("ImposeCondition"), ImposeCondition { terms })
            .await?;
        self.plan(after.0, after.1, Task::Licence(next));
        Ok(())
    }

    async fn provisional(&mut self, index: usize, state: &Institution) -> Result<(), DemoError> {
        if state
            .authorization
            .as_ref()
            .is_some_and(|held| held.provisional_until.is_some())
        {
            return Ok(());
        }
        let command = MakeProvisional {
            reasons: vec![NonconformityReason {
                item: "staff.ratio".to_owned(),
                description: "保育人员配备未达到班级最低要求".to_owned(),
            }],
            conditions: vec![self.terms(20, 40)],
        };
        self.direct(index, method!("MakeProvisional"), command).await?;
        self.plan(10, 30, Task::Licence(Licence::Restore(index)));
        Ok(())
    }

    /// The conditions that are open under the licence.
    async fn open_conditions(&self, index: usize) -> Result<Vec<u32>, DemoError> {
        let state = self.standing_of(index).await?;
        let holds = state.filter(|state| matches!(state.status, Status::Licensed | Status::Suspended));
        let held = holds.and_then(|state| state.authorization.clone());
        let conditions = held.map(|held| held.conditions).unwrap_or_default();
        let open = conditions
            .into_iter()
            .filter(|(_, condition)| condition.state == ConditionState::Open);
        Ok(open.map(|(number, _)| number).collect())
    }

    /// Whatever is open is found met.
    async fn meet(&mut self, index: usize) -> Result<(), DemoError> {
        for condition in self.open_conditions(index).await? {
            let command = RecordConditionMet {
                condition,
                on_date: self.today(),
                statement: Sensitive::new("现场复核，已按要求落实"),
            };
            self.direct(index, method!("RecordConditionMet"), command).await?;
        }
        Ok(())
    }

    async fn lift_condition(&mut self, index: usize) -> Result<(), DemoError> {
        let Some(condition) = self.open_conditions(index).await?.pop() else {
            return Ok(());
        };
        let command = LiftCondition {
            condition,
            reason: Sensitive::new("相关班级已调整，无需继续履行"),
        };
        self.direct(index, method!("LiftCondition"), command).await.map(|_| ())
    }

    async fn restore(&mut self, index: usize) -> Result<(), DemoError> {
        self.meet(index).await?;
        let state = self.standing_of(index).await?;
        let provisional = state.as_ref().is_some_and(|state| {
            state.status == Status::Licensed
                && state
                    .authorization
                    .as_ref()
                    .is_some_and(|held| held.provisional_until.is_some())
        });
        if !provisional {
            return Ok(());
        }
        let command = RestoreStanding {
            statement: Sensitive::new("问题已整改，恢复正常许可"),
        };
        self.direct(index, method!("RestoreStanding"), command)
            .await
            .map(|_| ())
    }

    async fn ordered(&mut self, index: usize, kind: SuspensionKind) -> Result<(), DemoError> {
        let command = InstitutionCommand::Suspend(SuspendInstitution {
            kind,
            reason: Sensitive::new("存在安全隐患，责令停业整改"),
            from_date: self.today(),
            until_date: None,
        });
        let method = "yujian.licensing.v1.LicensingService/SuspendInstitution";
        self.direct(index, method, command).await?;
        self.members[index].open = false;
        Ok(())
    }

    /// Children are in danger: suspended at once, and their places are sought until service goes on.
    async fn suspend_at_once(&mut self, index: usize) -> Result<(), DemoError> {
        self.ordered(index, SuspensionKind::Emergency).await?;
        self.opens_cessation(index).await?;
        self.plan(8, 20, Task::Resume(index));
        Ok(())
    }

    async fn opens_cessation(&mut self, index: usize) -> Result<(), DemoError> {
        let command = OpenCessation {
            children_to_place: u32::try_from(self.dice.between(2, 9)).unwrap_or(2),
            enrolment_frozen_date: self.today(),
        };
        self.direct(index, method!("OpenCessation"), command).await.map(|_| ())
    }

    /// How the term that a licence has now will end.
    pub(crate) fn term(&mut self, index: usize, last_day: Date) {
        let term = ways::term(self.terms_begun);
        self.terms_begun += 1;
        let (ahead, late) = match term {
            Term::Renews => (self.dice.between(ASKS_AHEAD.0, ASKS_AHEAD.1), false),
            Term::Late => (self.dice.between(6, 20), true),
            Term::RunsOut => return,
        };
        let left = u64::try_from((last_day - self.today()).get_days()).unwrap_or(0);
        if let Some(wait) = left.checked_sub(ahead) {
            let renew = Licence::Renew {
                institution: index,
                late,
            };
            self.plan(wait, wait, Task::Licence(renew));
        }
    }

    async fn renew_licence(&mut self, index: usize, late: bool) -> Result<(), DemoError> {
        let Some(state) = self
            .standing_of(index)
            .await?
            .filter(|state| state.status == Status::Licensed)
        else {
            return Ok(());
        };
        let kind = ApplicationKind::Renewal;
        // A decision that was recorded late told of the same term twice.
        let last_day = state.authorization.as_ref().and_then(|held| held.valid_to_date);
        let ends = last_day
            .is_some_and(|last| u64::try_from((last - self.today()).get_days()).is_ok_and(|left| left <= ASKS_AHEAD.1));
        if !ends || !may_ask(&state, kind) {
            return Ok(());
        }
        let way = if late {
            Way::Undecided
        } else {
            self.renewals += 1;
            Way::of_renewal(self.renewals - 1)
        };
        let command = self.application(index, kind, true);
        self.hand_in(index, way, command).await
    }

    async fn revoke_licence(&mut self, index: usize, in_disorder: bool) -> Result<(), DemoError> {
        let state = self.standing_of(index).await?;
        let today = self.today();
        let holds = state.is_some_and(|state| {
            matches!(state.status, Status::Licensed | Status::Suspended)
                && state
                    .authorization
                    .as_ref()
                    .and_then(|held| held.valid_to_date)
                    .is_some_and(|last| today < last)
        });
        if !holds {
            return Ok(());
        }
        let command = RevokeAuthorization {
            ground: *self.dice.pick(&[
                RevocationGround::Breach,
                RevocationGround::Breach,
                RevocationGround::NotEligible,
                RevocationGround::Fraud,
            ]),
            reasons: vec![NonconformityReason {
                item: "fire_safety".to_owned(),
                description: "疏散通道长期占用，拒不改正".to_owned(),
            }],
            // Whoever was there today was there under the licence.
            effective_date: today.saturating_add(1.day()),
            children_to_place: u32::try_from(self.dice.between(3, 11)).unwrap_or(3),
            approver: self.members[index].officer(2).id,
        };
        self.direct(index, method!("RevokeAuthorization"), command).await?;
        self.members[index].open = false;
        let (low, high) = if in_disorder { (36, 45) } else { (2, 8) };
        self.plan(low, high, Task::Licence(Licence::Place(index)));
        self.plan(55, 80, Task::Licence(Licence::Deregister(index)));
        Ok(())
    }

    /// Some of the children who are left are placed; when none is, the cessation is closed.
    async fn place(&mut self, index: usize) -> Result<(), DemoError> {
        let state = self.standing_of(index).await?;
        let running = state
            .and_then(|state| state.cessation.clone())
            .filter(|one| one.closed.is_none());
        let Some(cessation) = running else {
            return Ok(());
        };
        let on_date = self.today();
        let left = cessation.children.saturating_sub(cessation.placed);
        if left == 0 {
            self.direct(index, method!("CloseCessation"), CloseCessation { on_date })
                .await?;
            return Ok(());
        }
        let children = u32::try_from(self.dice.between(1, u64::from(left))).unwrap_or(1);
        let near = self.neighbour(index).filter(|_| children > 1);
        let command = RecordPlacement {
            children,
            institution: near.and_then(|near| self.members[near].id),
            on_date,
        };
        self.direct(index, method!("RecordPlacement"), command).await?;
        self.plan(1, 6, Task::Licence(Licence::Place(index)));
        Ok(())
    }

    /// A licence or receipt has run out: children are looked for, and it is applied for anew or the end is put in order.
    async fn has_run_out(&mut self, index: usize) -> Result<(), DemoError> {
        let state = self.standing_of(index).await?;
        if state.is_none_or(|state| state.status != Status::Expired) {
            return Ok(());
        }
        let purpose = Purpose::Case;
        self.plan(
            1,
            6,
            Task::Visit(Visit::Plan {
                institution: index,
                purpose,
            }),
        );
        self.expiries += 1;
        if self.expiries % 2 == 1 {
            self.plan(4, 25, Task::Licence(Licence::Apply(index)));
            return Ok(());
        }
        self.plan(55, 80, Task::Licence(Licence::Deregister(index)));
        self.opens_cessation(index).await?;
        let (low, high) = if self.expiries.is_multiple_of(4) {
            (33, 45)
        } else {
            (2, 9)
        };
        self.plan(low, high, Task::Licence(Licence::Place(index)));
        Ok(())
    }

    /// The authority removes from the register what was revoked or has run out.
    async fn deregister(&mut self, index: usize) -> Result<(), DemoError> {
        let state = self.standing_of(index).await?;
        if !state.is_some_and(|state| matches!(state.status, Status::Revoked | Status::Expired)) {
            return Ok(());
        }
        let command = InstitutionCommand::Close(CloseInstitution {
            reason: Sensitive::new("许可终止，依法注销"),
            closing_date: self.today(),
            children_to_place: 0,
        });
        let method = "yujian.licensing.v1.LicensingService/CloseInstitution";
        self.direct(index, method, command).await?;
        self.closed(index);
        Ok(())
    }
}
