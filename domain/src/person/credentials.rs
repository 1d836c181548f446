//! Credentials: told, verified or rejected by another, taken away, run out.

use super::allow::nothing_to_do;
use super::check::{self, LEVEL_MAX, NAME_MAX, REASON_MAX};
use super::decide::Decision;
use super::moves::Move;
use super::timing::{after, begins, today};
use super::{
    CERTIFICATE_CLAIM, ClaimCredential, Credential, CredentialClaimed, CredentialExpired, CredentialRejected,
    CredentialRevoked, CredentialState, CredentialVerified, ExpireCredential, Person, RejectCredential,
    RevokeCredential, VerifyCredential,
};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::personal::Sensitive;
use crate::rejection::{Reason, Rejection};

impl Person {
    /// A certificate that this person holds already is not told again, unless it has run out: a renewed one often keeps
    /// its number.
    // rule: STF-04
    pub(super) fn claim_credential(
        &self,
        movement: &Move,
        command: &ClaimCredential,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.text("issuer", &command.issuer, NAME_MAX);
        check.text("number", command.number.expose(), NAME_MAX);
        check.text_if_some("level", command.level.as_deref(), LEVEL_MAX);
        check.not_in_future("issue_date", command.issue_date, context);
        check.ensure(
            command.expiry_date.is_none_or(|expiry| expiry > command.issue_date),
            "expiry_date",
            "STF-04",
            "must lie after the day of issue",
            "有效期截止日期须晚于发证日期",
        );
        check.sha256("sha256", command.sha256.as_deref());
        check.done()?;
        self.allow(movement)?;
        let certificate = context
            .digester
            .digest(CERTIFICATE_CLAIM, &command.canonical_certificate());
        let same = self.credentials.iter().find(|(_, known)| {
            known.certificate == certificate
                && matches!(known.state, CredentialState::Claimed | CredentialState::Verified)
        });
        if let Some((number, known)) = same {
            return Err(Rejection::new(
                Reason::AlreadyExists,
                format!(
                    "this is credential {number} of the person, which is {}",
                    known.state.code()
                ),
                format!("该证书已填报，编号{number}，状态为“{}”", known.state.zh()),
            )
            .with("credential", number.to_string())
            .with("state", known.state.code())
            .with("rule", "STF-04"));
        }
        let (policy, reference) = context.reference.staffing(self.home()?, today(context))?;
        if self.credentials.len() >= usize::try_from(policy.max_credentials).unwrap_or(usize::MAX) {
            return Err(Rejection::new(
                Reason::CapacityExceeded,
                format!("at most {} credentials are kept of one person", policy.max_credentials),
                format!("每人最多填报{}份证书", policy.max_credentials),
            )
            .with("limit", policy.max_credentials.to_string())
            .with("rule", "STF-04"));
        }
        let event = CredentialClaimed {
            credential: self.next_credential(),
            kind: command.kind,
            issuer: command.issuer.trim().to_owned(),
            number: command.number.of(check::subject(context.id)),
            certificate,
            level: command.level.as_ref().map(|level| level.trim().to_owned()),
            issue_date: command.issue_date,
            expiry_date: command.expiry_date,
            sha256: command.sha256.clone(),
        };
        Ok(vec![Decided {
            policies: vec![reference],
            ..Decided::plain(event)
        }])
    }

    // rule: STF-05
    pub(super) fn verify_credential(
        &self,
        movement: &Move,
        command: &VerifyCredential,
        context: &Context<'_>,
    ) -> Decision {
        let credential = self.credential(movement, command.credential)?;
        credential.by_another(context)?;
        if let Some(expiry) = credential.expiry_date.filter(|expiry| *expiry < today(context)) {
            return Err(credential
                .illegal(movement, &format!(" and ran out on {expiry}"))
                .with("expiry_date", expiry.to_string()));
        }
        let event = CredentialVerified {
            credential: command.credential,
            method: command.method,
        };
        Ok(vec![Decided {
            effective_from: credential.begins(context)?,
            ..Decided::plain(event)
        }])
    }

    // rule: STF-05
    pub(super) fn reject_credential(
        &self,
        movement: &Move,
        command: &RejectCredential,
        context: &Context<'_>,
    ) -> Decision {
        note(command.note.as_ref())?;
        let credential = self.credential(movement, command.credential)?;
        credential.by_another(context)?;
        let event = CredentialRejected {
            credential: command.credential,
            ground: command.ground,
            note: command.note.as_ref().map(|note| check::text(context.id, note)),
        };
        Ok(vec![Decided {
            effective_from: credential.begins(context)?,
            ..Decided::plain(event)
        }])
    }

    // rule: STF-06
    pub(super) fn revoke_credential(
        &self,
        movement: &Move,
        command: &RevokeCredential,
        context: &Context<'_>,
    ) -> Decision {
        note(command.note.as_ref())?;
        let credential = self.credential(movement, command.credential)?;
        let event = CredentialRevoked {
            credential: command.credential,
            ground: command.ground,
            note: command.note.as_ref().map(|note| check::text(context.id, note)),
        };
        Ok(vec![Decided {
            effective_from: credential.begins(context)?,
            ..Decided::plain(event)
        }])
    }

    /// However late it is recorded, the validity ended with its last day.
    // rule: STF-07
    pub(super) fn expire_credential(
        &self,
        movement: &Move,
        command: &ExpireCredential,
        context: &Context<'_>,
    ) -> Decision {
        let credential = self.credential(movement, command.credential)?;
        let Some(expiry_date) = credential.expiry_date.filter(|expiry| *expiry < today(context)) else {
            return Err(nothing_to_do(("credential", credential.state.code())).with(
                "expiry_date",
                credential.expiry_date.map_or_else(String::new, |day| day.to_string()),
            ));
        };
        let event = CredentialExpired {
            credential: command.credential,
            expiry_date,
        };
        Ok(vec![Decided {
            effective_from: Some(after(expiry_date)),
            ..Decided::plain(event)
        }])
    }

    fn next_credential(&self) -> u32 {
        self.credentials
            .last_key_value()
            .map_or(1, |(last, _)| last.saturating_add(1))
    }
}

impl Credential {
    /// Who told of a credential does not also say that it is right or wrong.
    // rule: STF-05
    fn by_another(&self, context: &Context<'_>) -> Result<(), Rejection> {
        if self.claimed_by != context.actor.id {
            return Ok(());
        }
        Err(Rejection::new(
            Reason::TwoPersonRule,
            "another account than the one that told of the credential must verify or reject it",
            "填报证书的人员不能核验该证书",
        )
        .with("rule", "STF-05"))
    }

    fn begins(&self, context: &Context<'_>) -> Result<Option<jiff::Timestamp>, Rejection> {
        begins(self.status_from, self.state.code(), context)
    }
}

fn note(note: Option<&Sensitive>) -> Result<(), Rejection> {
    let mut check = Check::default();
    check.text_if_some("note", note.map(Sensitive::expose), REASON_MAX);
    check.done()
}
