//! Decisions of the person family.

use super::{CredentialState, EngagementState, Person, PersonCommand, PersonEvent, Status};
use crate::aggregate::{Access, Aggregate, Claim, Context, Decided, Facts, Need, Recorded};
use crate::personal::KeyedDigest;
use crate::rejection::{Reason, Rejection};

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

    fn decide(
        &self,
        _facts: &Facts,
        _command: &PersonCommand,
        _context: &Context<'_>,
    ) -> Result<Vec<Decided<PersonEvent>>, Rejection> {
        Err(Rejection::new(Reason::NotFound, "not decided yet", "尚未实现"))
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

    /// Who registers or engages acts for the institution that does; everything else is for whoever registered the person
    /// or has the person at work.
    fn access(&self, command: &PersonCommand, facts: &Facts) -> Access {
        match (command, &facts.institution) {
            (PersonCommand::Register(_) | PersonCommand::Engage(_), Some(institution)) => {
                Access::of_institution(institution)
            }
            (PersonCommand::Register(register), None) => Access {
                regions: register.region.iter().cloned().collect(),
                organisations: Vec::new(),
            },
            _ => {
                let standing = || {
                    self.engagements
                        .values()
                        .filter(|engagement| engagement.state != EngagementState::Ended)
                };
                Access {
                    regions: self
                        .region
                        .iter()
                        .cloned()
                        .chain(standing().map(|engagement| engagement.region.clone()))
                        .collect(),
                    organisations: self
                        .organisation
                        .iter()
                        .cloned()
                        .chain(standing().filter_map(|engagement| engagement.organisation.clone()))
                        .collect(),
                }
            }
        }
    }
}
