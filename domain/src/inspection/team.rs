//! Who inspects: assignment with certificates, and recusal (回避).

use std::collections::BTreeSet;

use jiff::civil::Date;
use uuid::Uuid;

use super::check::{self, Check};
use super::decide::{Decision, decided, policy};
use super::timing::act_day;
use super::{
    AssignInspectors, DecideRecusal, Inspection, Inspector, InspectorsAssigned, Move, RecusalDecided, RecusalRequested,
    RequestRecusal, Status,
};
use crate::aggregate::{Context, Decided, Facts};
use crate::envelope::{Classification, PolicyRef, Role};
use crate::person::{Credential, CredentialKind, CredentialState, EngagementState, Person};
use crate::rejection::{LegalBasis, Reason, Rejection};

/// Most inspectors of one visit.
const INSPECTORS_MAX: usize = 20;

impl Inspection {
    /// INS-08, INS-09: who is assigned may inspect, here and on the day. Once inspectors are at the site a replacement
    /// is judged by the day on which it comes.
    pub(super) fn assign_inspectors(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &AssignInspectors,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        let mut seen = BTreeSet::new();
        for (index, inspector) in command.inspectors.iter().enumerate() {
            if !seen.insert(inspector.person) {
                check.twice(format!("inspectors[{index}].person"), "INS-08");
            }
        }
        if command.inspectors.len() > INSPECTORS_MAX {
            check.refuse("inspectors", "INS-08", "at most 20 inspectors", "最多20名执法人员");
        }
        check.finish()?;
        self.allow(movement)?;
        if self.status == Status::Planned && !self.emergency {
            return Err(self.illegal(movement, " and not approved", "且尚未批准"));
        }
        let (from_date, _) = self.window.unwrap_or((act_day(context), act_day(context)));
        let day = from_date.max(act_day(context));
        let (rules, reference) = policy(facts, context, day)?;

        let mut check = Check::default();
        let mut inspectors: Vec<Inspector> = Vec::new();
        for (index, input) in command.inspectors.iter().enumerate() {
            let field = format!("inspectors[{index}]");
            if !input.no_conflict {
                check.refuse(
                    format!("{field}.no_conflict"),
                    "INS-09",
                    "declares a conflict of interest",
                    "声明存在利害关系",
                );
            }
            if self.recusals.contains_key(&input.person) {
                check.refuse(
                    format!("{field}.person"),
                    "INS-10",
                    "a recusal is asked for and not decided",
                    "回避申请尚未决定",
                );
            }
            let inspector = self.certified(&mut check, &format!("{field}.person"), input.person, facts, day);
            let Some(inspector) = inspector else { continue };
            if inspectors.iter().any(|other| other.account == inspector.account) {
                check.refuse(
                    format!("{field}.person"),
                    "INS-08",
                    "has the account of another inspector",
                    "与另一名执法人员使用同一账号",
                );
            }
            inspectors.push(inspector);
        }
        if !enough(command.inspectors.len(), rules.inspectors_min) {
            too_few(&mut check, "inspectors", "INS-08", rules.inspectors_min);
        }
        finish(check, movement)?;
        if inspectors.len() == self.inspectors.len()
            && inspectors
                .iter()
                .all(|inspector| self.inspectors.get(&inspector.person) == Some(inspector))
        {
            return Err(Rejection::new(
                Reason::NothingToDo,
                "these inspectors are assigned already",
                "上述执法人员已指派",
            )
            .with("rule", "GEN-06"));
        }
        Ok(vec![Decided {
            policies: vec![reference],
            classification: Classification::Regulator,
            effective_from: self.begins(context)?,
            ..decided(movement, InspectorsAssigned { inspectors })
        }])
    }

    /// INS-08, INS-09: the person as an inspector of this institution on a day, or what stands against it.
    fn certified(
        &self,
        check: &mut Check,
        field: &str,
        person_id: Uuid,
        facts: &Facts,
        day: Date,
    ) -> Option<Inspector> {
        let Some(person) = facts.persons.get(&person_id).filter(|person| is_registered(person)) else {
            check.refuse(field, "INS-08", "no such person", "没有该人员");
            return None;
        };
        if self.recused.contains(&person_id) {
            check.refuse(
                field,
                "INS-09",
                "stood aside from this inspection",
                "已回避本次检查，不能再次指派",
            );
        }
        let works_here = person.engagements.values().any(|engagement| {
            engagement.state != EngagementState::Ended && Some(engagement.institution) == self.institution
        });
        if works_here {
            check.refuse(
                field,
                "INS-09",
                "works at the institution and must stand aside by law",
                "在该机构任职，依法应当回避",
            );
        }
        if person.account.is_none() {
            check.refuse(field, "INS-08", "has no account", "没有账号");
        }
        let credential = enforcement_certificate(person, day);
        if credential.is_none() {
            check.refuse(
                field,
                "INS-08",
                &format!("has no verified enforcement certificate that is valid on {day}"),
                &format!("在{day}没有经核验的有效行政执法证"),
            );
        }
        let ((number, credential), account) = (credential?, person.account.clone()?);
        Some(Inspector {
            person: person_id,
            account,
            credential: number,
            expiry_date: credential.expiry_date,
        })
    }

    /// INS-11: on the day of the visit there are enough inspectors, each of them certified and free to inspect on that
    /// day, and no recusal is open.
    pub(super) fn team_on(
        &self,
        movement: &Move,
        facts: &Facts,
        day: Date,
        inspectors_min: u32,
    ) -> Result<(), Rejection> {
        let mut check = Check::default();
        for person in self.inspectors.keys() {
            let _ = self.certified(&mut check, &format!("inspectors.{person}"), *person, facts, day);
        }
        for person in self.recusals.keys() {
            check.refuse(
                format!("inspectors.{person}"),
                "INS-11",
                "a recusal is asked for and not decided",
                "回避申请尚未决定",
            );
        }
        if !enough(self.inspectors.len(), inspectors_min) {
            too_few(&mut check, "inspectors", "INS-11", inspectors_min);
        }
        finish(check, movement)
    }

    /// INS-11, INS-13: the caller is one of the assigned inspectors.
    pub(super) fn is_inspector(&self, movement: &Move, context: &Context<'_>) -> Result<(), Rejection> {
        let mut check = Check::default();
        let assigned = |inspector: &Inspector| inspector.account == context.actor.id;
        if !self.inspectors.values().any(assigned) {
            check.refuse(
                "actor",
                movement.rule,
                "is not an assigned inspector's account",
                "当前账号不是被指派的执法人员",
            );
        }
        finish(check, movement)
    }

    /// INS-13: work at the site is recorded by an assigned inspector, and goes on only with enough of them: one who
    /// stood aside is replaced first. An open recusal does not stop it (行政处罚法 §43). Gives the policy that says how
    /// many are enough.
    pub(super) fn at_work(
        &self,
        movement: &Move,
        facts: &Facts,
        context: &Context<'_>,
    ) -> Result<PolicyRef, Rejection> {
        self.is_inspector(movement, context)?;
        let (rules, reference) = policy(facts, context, act_day(context))?;
        let mut check = Check::default();
        if !enough(self.inspectors.len(), rules.inspectors_min) {
            too_few(&mut check, "inspectors", "INS-13", rules.inspectors_min);
        }
        finish(check, movement)?;
        Ok(reference)
    }

    /// INS-10: the institution, or an inspector, asks.
    pub(super) fn request_recusal(&self, movement: &Move, command: &RequestRecusal, context: &Context<'_>) -> Decision {
        let mut check = Check::default();
        check.optional_narrative("note", "INS-10", command.note.as_ref());
        check.finish()?;
        self.allow(movement)?;
        if !matches!(context.actor.role, Role::Operator | Role::Inspector) {
            return Err(Rejection::new(
                Reason::RoleNotAllowed,
                "a recusal is asked for by the institution or by an inspector",
                "回避由机构或者执法人员提出",
            )
            .with("rule", "INS-10"));
        }
        if !self.inspectors.contains_key(&command.person) {
            return Err(Rejection::field(
                "person",
                "INS-10",
                "is not assigned to this inspection",
                "未被指派参加本次检查",
            ));
        }
        if self.recusals.contains_key(&command.person) {
            return Err(Rejection::new(
                Reason::NothingToDo,
                "a recusal of this inspector was asked for already",
                "已有针对该执法人员的回避申请",
            )
            .with("rule", "GEN-06"));
        }
        let event = RecusalRequested {
            person: command.person,
            ground: command.ground,
            note: command
                .note
                .as_ref()
                .map(|note| note.of(check::text_subject(context.id))),
        };
        Ok(vec![Decided {
            classification: self.shown_to(),
            ..decided(movement, event)
        }])
    }

    /// INS-10: neither who asked nor the inspector concerned decides.
    pub(super) fn decide_recusal(&self, movement: &Move, command: &DecideRecusal, context: &Context<'_>) -> Decision {
        self.allow(movement)?;
        let Some((_, asked_by)) = self.recusals.get(&command.person) else {
            return Err(Rejection::field(
                "person",
                "INS-10",
                "no recusal of this inspector is open",
                "没有针对该执法人员的待决回避申请",
            ));
        };
        let actor = &context.actor.id;
        let concerned = self.inspectors.get(&command.person);
        if actor == asked_by || concerned.is_some_and(|inspector| inspector.account == *actor) {
            return Err(Rejection::new(
                Reason::TwoPersonRule,
                "neither who asked nor the inspector concerned decides on a recusal",
                "回避申请不能由申请人或者被申请回避的执法人员决定",
            )
            .with("rule", "INS-10"));
        }
        let event = RecusalDecided {
            person: command.person,
            granted: command.granted,
        };
        Ok(vec![Decided {
            classification: self.shown_to(),
            ..decided(movement, event)
        }])
    }
}

fn is_registered(person: &Person) -> bool {
    person.status != crate::person::Status::None
}

/// The enforcement certificate (行政执法证) that counts on a day: verified, issued by then and valid; of several the one
/// that is valid longest. One that has run out since counted on its days: a check-in may be filled in after them.
fn enforcement_certificate(person: &Person, day: Date) -> Option<(u32, &Credential)> {
    person
        .credentials
        .iter()
        .filter(|(_, credential)| {
            credential.kind == CredentialKind::Enforcement
                && matches!(credential.state, CredentialState::Verified | CredentialState::Expired)
                && credential.issue_date <= day
                && credential.expiry_date.is_none_or(|last| last >= day)
        })
        .max_by_key(|(_, credential)| credential.expiry_date.unwrap_or(Date::MAX))
        .map(|(number, credential)| (*number, credential))
}

fn enough(inspectors: usize, min: u32) -> bool {
    u32::try_from(inspectors).is_ok_and(|count| count >= min)
}

fn too_few(check: &mut Check, field: &str, rule: &str, min: u32) {
    check.refuse(
        field,
        rule,
        &format!("at least {min} certified inspectors"),
        &format!("执法人员不得少于{min}人"),
    );
}

fn finish(check: Check, movement: &Move) -> Result<(), Rejection> {
    check
        .finish_as(
            Reason::NotCertifiedInspector,
            "not every inspector may inspect this institution on that day",
            "执法人员不符合检查要求",
        )
        .map_err(|rejection| {
            rejection
                .with("command", movement.command)
                .citing(LegalBasis::new("行政处罚法", "§42"))
        })
}
