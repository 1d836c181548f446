//! StaffingService: requests into commands, states into answers.

use yujian_command::Outcome;
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::person::{
    Bar, ChangePersonDetails, ChangePost, ClaimCredential, EndEngagement, Engage, Engagement, EngagementState,
    IdentityKind, LiftBar, Person, PersonCommand, RecordHealthCertificate, RecordQuery, RecordTraining, RegisterPerson,
    RejectCredential, ReturnToDuty, RevokeCredential, TakeOffDuty, VerifyCredential,
};
use yujian_domain::rejection::Rejection;
use yujian_domain::values::IdentityNumber;
use yujian_proto::staffing::v1 as pb;

use crate::codes::{Coded, number_of};
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::{command_reply, date, region};
use crate::parse::{Fields, Ground, Parsed, optional_sensitive, optional_text};

type Result = std::result::Result<Parsed<PersonCommand>, Rejection>;

/// Type of the event by which somebody is engaged.
const ENGAGED: &str = "staffing.EngagementStarted.v1";

/// Collection of persons in resource names.
pub(crate) const PERSONS: &str = "persons";

pub(crate) fn register(request: pb::RegisterPersonRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let institution = optional_text(request.institution).and_then(|name| f.name("institution", INSTITUTIONS, &name));
    let region = request.region.and_then(|region| f.region("region", region, ground));
    let identity_kind = f.code("identity_kind", request.identity_kind);
    let identity = f.sensitive("identity", request.identity);
    if let (Some(IdentityKind::ResidentId), Some(identity)) = (identity_kind, &identity) {
        f.value("identity", IdentityNumber::parse(identity.expose()));
    }
    let name = f.sensitive("display_name", request.display_name);
    let phone = optional_text(request.phone).and_then(|phone| f.phone("phone", phone));
    let proofing = f.code("proofing", request.proofing);
    let birth_date = f.optional_date("birth_date", request.birth_date);
    f.finish(|| {
        let command = RegisterPerson {
            institution,
            region,
            identity_kind: identity_kind?,
            identity: identity?,
            name: name?,
            phone,
            proofing: proofing?,
            birth_date,
            account: optional_text(request.account),
        };
        Some(Parsed {
            header: header?,
            target: None,
            command: command.into(),
        })
    })
}

pub(crate) fn change_details(request: pb::ChangePersonDetailsRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let name = request.display_name.and_then(|name| f.sensitive("display_name", name));
    let phone = request.phone.and_then(|phone| f.phone("phone", phone));
    let account = request.account.and_then(|account| f.text("account", account));
    f.command(header, target, || {
        Some(ChangePersonDetails { name, phone, account }.into())
    })
}

pub(crate) fn claim_credential(request: pb::ClaimCredentialRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let kind = f.code("kind", request.kind);
    let issuer = f.text("issuer", request.issuer);
    let number = f.sensitive("number", request.number);
    let issue_date = f.date("issue_date", request.issue_date);
    let expiry_date = f.optional_date("expiry_date", request.expiry_date);
    let sha256 = f.optional_sha256("sha256", request.sha256);
    f.command(header, target, || {
        let command = ClaimCredential {
            kind: kind?,
            issuer: issuer?,
            number: number?,
            level: optional_text(request.level),
            issue_date: issue_date?,
            expiry_date,
            sha256,
        };
        Some(command.into())
    })
}

pub(crate) fn verify_credential(request: pb::VerifyCredentialRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let credential = f.ordinal("credential", request.credential);
    let method = f.code("method", request.method);
    f.command(header, target, || {
        let command = VerifyCredential {
            credential: credential?,
            method: method?,
        };
        Some(command.into())
    })
}

pub(crate) fn reject_credential(request: pb::RejectCredentialRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let credential = f.ordinal("credential", request.credential);
    let reason = f.code("ground", request.ground);
    f.command(header, target, || {
        let command = RejectCredential {
            credential: credential?,
            ground: reason?,
            note: optional_sensitive(request.note),
        };
        Some(command.into())
    })
}

pub(crate) fn revoke_credential(request: pb::RevokeCredentialRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let credential = f.ordinal("credential", request.credential);
    let reason = f.code("ground", request.ground);
    f.command(header, target, || {
        let command = RevokeCredential {
            credential: credential?,
            ground: reason?,
            note: optional_sensitive(request.note),
        };
        Some(command.into())
    })
}

pub(crate) fn record_health_certificate(request: pb::RecordHealthCertificateRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let issuer = f.text("issuer", request.issuer);
    let issue_date = f.date("issue_date", request.issue_date);
    let passed = f.some("passed", request.passed);
    let sha256 = f.optional_sha256("sha256", request.sha256);
    f.command(header, target, || {
        let command = RecordHealthCertificate {
            issuer: issuer?,
            issue_date: issue_date?,
            passed: passed?,
            sha256,
        };
        Some(command.into())
    })
}

pub(crate) fn record_query(request: pb::RecordQueryRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let occasion = f.code("occasion", request.occasion);
    let queried_of = f.code("queried_of", request.queried_of);
    let query_date = f.date("query_date", request.query_date);
    let found = f.list("found", request.found, Fields::code);
    f.command(header, target, || {
        let command = RecordQuery {
            occasion: occasion?,
            queried_of: queried_of?,
            query_date: query_date?,
            found: found?,
        };
        Some(command.into())
    })
}

pub(crate) fn record_training(request: pb::RecordTrainingRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let kind = f.code("kind", request.kind);
    let hours = f.ordinal("hours", request.hours);
    let provider = f.text("provider", request.provider);
    let completed_date = f.date("completed_date", request.completed_date);
    f.command(header, target, || {
        let command = RecordTraining {
            kind: kind?,
            hours: hours?,
            provider: provider?,
            completed_date: completed_date?,
        };
        Some(command.into())
    })
}

pub(crate) fn engage(request: pb::EngagePersonRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let institution = f.name("institution", INSTITUTIONS, &request.institution);
    let post = f.code("post", request.post);
    let employment = f.code("employment", request.employment);
    let share_permille = f.ordinal("share_permille", request.share_permille);
    let start_date = f.date("start_date", request.start_date);
    f.command(header, target, || {
        let command = Engage {
            institution: institution?,
            post: post?,
            employment: employment?,
            share_permille: share_permille?,
            start_date: start_date?,
        };
        Some(command.into())
    })
}

pub(crate) fn change_post(request: pb::ChangePostRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let engagement = f.ordinal("engagement", request.engagement);
    let post = f.code("post", request.post);
    let share_permille = f.ordinal("share_permille", request.share_permille);
    let from_date = f.date("from_date", request.from_date);
    f.command(header, target, || {
        let command = ChangePost {
            engagement: engagement?,
            post: post?,
            share_permille: share_permille?,
            from_date: from_date?,
        };
        Some(command.into())
    })
}

pub(crate) fn take_off_duty(request: pb::TakeOffDutyRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let engagement = f.ordinal("engagement", request.engagement);
    let reason = f.code("ground", request.ground);
    f.command(header, target, || {
        let command = TakeOffDuty {
            engagement: engagement?,
            ground: reason?,
        };
        Some(command.into())
    })
}

pub(crate) fn return_to_duty(request: pb::ReturnToDutyRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let engagement = f.ordinal("engagement", request.engagement);
    f.command(header, target, || {
        Some(
            ReturnToDuty {
                engagement: engagement?,
            }
            .into(),
        )
    })
}

pub(crate) fn end_engagement(request: pb::EndEngagementRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let engagement = f.ordinal("engagement", request.engagement);
    let end_date = f.date("end_date", request.end_date);
    let reason = f.code("ground", request.ground);
    f.command(header, target, || {
        let command = EndEngagement {
            engagement: engagement?,
            end_date: end_date?,
            ground: reason?,
        };
        Some(command.into())
    })
}

pub(crate) fn bar(request: pb::BarPersonRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let cause = f.code("ground", request.ground);
    let from_date = f.date("from_date", request.from_date);
    let until_date = f.optional_date("until_date", request.until_date);
    let decision_number = f.text("decision_number", request.decision_number);
    let reason = f.sensitive("reason", request.reason);
    f.command(header, target, || {
        let command = Bar {
            ground: cause?,
            from_date: from_date?,
            until_date,
            decision_number: decision_number?,
            reason: reason?,
        };
        Some(command.into())
    })
}

pub(crate) fn lift_bar(request: pb::LiftBarRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let header = f.header(request.header, ground);
    let target = f.name("name", PERSONS, &request.name);
    let decision_number = f.text("decision_number", request.decision_number);
    let reason = f.sensitive("reason", request.reason);
    f.command(header, target, || {
        let command = LiftBar {
            decision_number: decision_number?,
            reason: reason?,
        };
        Some(command.into())
    })
}

/// The answer to a command, as `actor` may see it. Whoever repeats the request has the same organisation, and so gets the
/// same answer.
pub(crate) fn reply(outcome: &Outcome<Person>, actor: &Actor) -> pb::PersonReply {
    let mut told = person(outcome.id, &outcome.state, actor);
    if is_strangers(outcome, actor) {
        told = pb::Person {
            name: told.name,
            engagements: told.engagements,
            ..Default::default()
        };
    }
    pb::PersonReply {
        person: Some(told),
        command: Some(command_reply(outcome)),
    }
}

/// Whether an operator only tries out to engage somebody who is not its own: that leaves no trace, and so it must not
/// show what the register holds of a person.
fn is_strangers(outcome: &Outcome<Person>, actor: &Actor) -> bool {
    let tried = actor.role == Role::Operator && outcome.position.is_none();
    let started = outcome.event_types.iter().filter(|name| *name == ENGAGED).count();
    let own = |organisation: &Option<String>| *organisation == actor.organisation;
    let employed =
        |engagement: &Engagement| own(&engagement.organisation) && engagement.state != EngagementState::Ended;
    tried && !own(&outcome.state.organisation) && !outcome.state.engagements.values().rev().skip(started).any(employed)
}

fn person(id: uuid::Uuid, state: &Person, actor: &Actor) -> pb::Person {
    let seen = |engagement: &Engagement| actor.role != Role::Operator || engagement.organisation == actor.organisation;
    pb::Person {
        name: format!("{PERSONS}/{id}"),
        state: state.status.number(),
        region: state.region.as_ref().map(region),
        identity_kind: number_of(state.identity_kind),
        account: state.account.clone().unwrap_or_default(),
        credentials: state
            .credentials
            .iter()
            .map(|(number, credential)| pb::CredentialStanding {
                credential: *number,
                kind: credential.kind.number(),
                state: credential.state.number(),
                issue_date: Some(date(credential.issue_date)),
                expiry_date: credential.expiry_date.map(date),
            })
            .collect(),
        health: state.health.as_ref().map(|health| pb::HealthStanding {
            issue_date: Some(date(health.issue_date)),
            expiry_date: Some(date(health.expiry_date)),
            passed: health.passed,
        }),
        query: state.query.as_ref().map(|query| pb::QueryStanding {
            query_date: Some(date(query.query_date)),
            valid_until_date: Some(date(query.valid_until)),
            clear: query.clear,
        }),
        training: state
            .training
            .iter()
            .map(|((year, kind), hours)| pb::TrainingHours {
                year: (*year).into(),
                kind: kind.number(),
                hours: *hours,
            })
            .collect(),
        engagements: state
            .engagements
            .iter()
            .filter(|(_, engagement)| seen(engagement))
            .map(|(number, engagement)| standing(*number, engagement))
            .collect(),
        bar: state.bar.as_ref().map(|bar| pb::BarStanding {
            ground: if actor.role == Role::Operator {
                0
            } else {
                bar.ground.number()
            },
            from_date: Some(date(bar.from_date)),
            until_date: bar.until_date.map(date),
        }),
    }
}

fn standing(number: u32, engagement: &Engagement) -> pb::EngagementStanding {
    pb::EngagementStanding {
        engagement: number,
        institution: format!("{INSTITUTIONS}/{}", engagement.institution),
        post: engagement.post.number(),
        share_permille: engagement.share_permille,
        state: engagement.state.number(),
        start_date: Some(date(engagement.start_date)),
        end_date: engagement.end_date.map(date),
        off_duty_ground: number_of(engagement.off_duty),
        qualified: engagement.qualified,
    }
}
