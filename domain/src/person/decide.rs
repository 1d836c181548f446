//! Decisions of the person family. Each command's rules stand in its own room.
//!
//! Order of checks: what is wrong with the request whatever the state (all violations at once), then the state machine,
//! then what depends on both.

use super::moves::Move;
use super::{CredentialState, Person, PersonCommand, PersonEvent, Status};
use crate::aggregate::{Access, Aggregate, Claim, Context, Decided, Facts, Need, Recorded};
use crate::check::act_is_past;
use crate::institution;
use crate::personal::KeyedDigest;
use crate::rejection::{Reason, Rejection};
use crate::values::RegionId;

/// What a decision of one command gives.
pub(super) type Decision = Result<Vec<Decided<PersonEvent>>, Rejection>;

/// Kind of the claim on an identity.
pub const IDENTITY_CLAIM: &str = "person";
/// Kind of the claim on a certificate.
pub const CERTIFICATE_CLAIM: &str = "certificate";

impl Aggregate for Person {
    const CATEGORY: &'static str = "person";
    type Command = PersonCommand;
    type Event = PersonEvent;

    fn exists(&self) -> bool {
        self.status != Status::None
    }

    fn evolve(&mut self, event: &PersonEvent, recorded: &Recorded<'_>) {
        self.apply(event, recorded);
    }

    fn decide(&self, facts: &Facts, command: &PersonCommand, context: &Context<'_>) -> Decision {
        act_is_past(context)?;
        let movement = Move::of(command);
        let mut decided = match command {
            PersonCommand::Register(register) => self.register(movement, facts, register, context),
            PersonCommand::ChangeDetails(change) => self.change_details(movement, change, context),
            PersonCommand::ClaimCredential(claim) => self.claim_credential(movement, claim, context),
            PersonCommand::VerifyCredential(verify) => self.verify_credential(movement, verify, context),
            PersonCommand::RejectCredential(reject) => self.reject_credential(movement, reject, context),
            PersonCommand::RevokeCredential(revoke) => self.revoke_credential(movement, revoke, context),
            PersonCommand::ExpireCredential(expire) => self.expire_credential(movement, expire, context),
            PersonCommand::RecordHealthCertificate(record) => self.record_health_certificate(movement, record, context),
            PersonCommand::RecordQuery(record) => self.record_query(movement, record, context),
            PersonCommand::RecordTraining(record) => self.record_training(movement, record, context),
            PersonCommand::Engage(engage) => self.engage(movement, facts, engage, context),
            PersonCommand::ChangePost(change) => self.change_post(movement, change, context),
            PersonCommand::TakeOffDuty(take) => self.take_off_duty(movement, take, context),
            PersonCommand::ReturnToDuty(back) => self.return_to_duty(movement, back, context),
            PersonCommand::EndEngagement(end) => self.end_engagement(movement, end, context),
            PersonCommand::Bar(bar) => self.bar(movement, bar, context),
            PersonCommand::LiftBar(lift) => self.lift_bar(movement, lift, context),
        }?;
        // The first event is the command's own; where it has no ground of its own, it rests on the command's article.
        if !matches!(command, PersonCommand::Bar(_))
            && let Some(first) = decided.first_mut().filter(|first| first.legal_basis.is_empty())
        {
            first.legal_basis.extend(movement.legal_basis());
        }
        Ok(decided)
    }

    fn creates(command: &PersonCommand) -> bool {
        matches!(command, PersonCommand::Register(_))
    }

    fn claim(command: &PersonCommand) -> Option<Claim> {
        match command {
            PersonCommand::Register(register) => Some(Claim {
                kind: IDENTITY_CLAIM,
                value: register.canonical_identity(),
            }),
            PersonCommand::ClaimCredential(claim) => Some(Claim {
                kind: CERTIFICATE_CLAIM,
                value: claim.canonical_certificate(),
            }),
            _ => None,
        }
    }

    fn holds(&self, kind: &str, digest: &KeyedDigest) -> bool {
        if kind == CERTIFICATE_CLAIM {
            self.credentials.values().any(|credential| {
                credential.certificate == *digest
                    && !matches!(credential.state, CredentialState::Rejected | CredentialState::Revoked)
            })
        } else {
            self.exists()
        }
    }

    fn needs(&self, command: &PersonCommand) -> Vec<Need> {
        let institution = match command {
            PersonCommand::Register(register) => register.institution,
            PersonCommand::Engage(engage) => Some(engage.institution),
            _ => None,
        };
        institution.map(Need::Institution).into_iter().collect()
    }

    /// Who registers or engages acts for the institution that does. An engagement is its own institution's, ended or not,
    /// so that its end is answered again as it was; everything else is for the authority where the person was registered,
    /// for whoever has the person at work, and, until somebody has for the first time, for the institution that registered.
    // rule: STF-21
    fn access(&self, command: &PersonCommand, facts: &Facts) -> Access {
        match (command, &facts.institution) {
            (PersonCommand::Register(_) | PersonCommand::Engage(_), Some(institution)) => {
                Access::of_institution(institution)
            }
            (PersonCommand::Register(register), None) => Access {
                regions: register.region.iter().cloned().collect(),
                organisations: Vec::new(),
            },
            _ if let Some(engagement) = command.engagement().and_then(|number| self.engagements.get(&number)) => {
                Access {
                    regions: vec![engagement.region.clone()],
                    organisations: engagement.organisation.iter().cloned().collect(),
                }
            }
            _ => Access {
                regions: self
                    .region
                    .iter()
                    .cloned()
                    .chain(self.standing().map(|(_, engagement)| engagement.region.clone()))
                    .collect(),
                organisations: self
                    .organisation
                    .iter()
                    .filter(|_| self.engagements.is_empty())
                    .cloned()
                    .chain(
                        self.standing()
                            .filter_map(|(_, engagement)| engagement.organisation.clone()),
                    )
                    .collect(),
            },
        }
    }
}

impl Person {
    /// The region whose policies apply to the person: that of who registered. Every person that exists has one.
    pub(super) fn home(&self) -> Result<&RegionId, Rejection> {
        self.region
            .as_ref()
            .ok_or_else(|| Rejection::new(Reason::NotFound, "the person has no region", "该人员没有所在区划"))
    }
}

/// Division and credit code of the institution that the command is about. It exists and has not closed; one that is known
/// from a foreign register alone employs people too.
// rule: STF-01, STF-12
pub(super) fn open_institution(facts: &Facts, movement: &Move) -> Result<(RegionId, Option<String>), Rejection> {
    let absent = || Rejection::new(Reason::NotFound, "no such institution", "没有该机构");
    let institution = facts.institution.as_deref().ok_or_else(absent)?;
    let region = institution
        .region
        .clone()
        .filter(|_| institution.exists())
        .ok_or_else(absent)?;
    if institution.status == institution::Status::Closed {
        return Err(Rejection::new(
            Reason::IllegalTransition,
            format!("{} is not possible at an institution that is closed", movement.command),
            format!("机构已注销，不能{}", movement.command_zh),
        )
        .with("institution_state", institution.status.code())
        .with("command", movement.command)
        .with("rule", movement.rule));
    }
    Ok((region, institution.credit_code.as_ref().map(ToString::to_string)))
}
