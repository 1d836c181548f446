//! Decisions of the institution family, one file a room.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Institution, InstitutionCommand, InstitutionEvent, Status, evolve, machine};
use crate::aggregate::{Access, Aggregate, Claim, Context, Decided, Facts, Need, Recorded};
use crate::check::act_is_past;
use crate::personal::KeyedDigest;
use crate::rejection::{Reason, Rejection};
use crate::time::{Occurred, day_of, start_of};
use crate::values::CreditCode;

mod application;
mod case;
mod change;
mod classes;
mod clocking;
mod clocks;
mod conditions;
mod conformity;
mod correct;
mod ending;
mod entitled;
mod filing;
mod grant;
mod imported;
mod migration;
mod objection;
mod papers;
mod proposal;
mod register;
mod review;
mod service;
mod submission;
mod types;
mod verdict;

pub use filing::papers_came;

/// What a room answers.
type Decision = Result<Vec<Decided<InstitutionEvent>>, Rejection>;

/// The claim on a site: one legal person registers one site once.
#[must_use]
pub fn site_claim(credit_code: &CreditCode, site: &str) -> Claim {
    Claim {
        kind: "site",
        value: format!("{credit_code}|{}", site.trim()),
    }
}

impl Aggregate for Institution {
    const CATEGORY: &'static str = "institution";
    type Command = InstitutionCommand;
    type Event = InstitutionEvent;

    fn exists(&self) -> bool {
        self.status != Status::None
    }

    fn evolve(&mut self, event: &InstitutionEvent, recorded: &Recorded<'_>) {
        evolve::evolve(self, event, recorded);
    }

    fn decide(
        &self,
        facts: &Facts,
        command: &InstitutionCommand,
        context: &Context<'_>,
    ) -> Result<Vec<Decided<InstitutionEvent>>, Rejection> {
        let allowed = machine::check(self, command)?;
        occurred_in_the_past(command, context)?;
        let mut decided = match command {
            InstitutionCommand::Register(command) => register::register(command, context),
            InstitutionCommand::SubmitFiling(command) => filing::submit(self, command, context),
            InstitutionCommand::WithdrawFiling(command) => filing::withdraw(self, command, context),
            InstitutionCommand::IssueReceipt(command) => filing::issue_receipt(self, command, context),
            InstitutionCommand::NotifyNonconformity(command) => conformity::notify(self, command, context),
            InstitutionCommand::ConfirmConformity(command) => conformity::confirm(self, command, context),
            InstitutionCommand::ChangeDetails(command) => change::details(self, command, context),
            InstitutionCommand::ChangeClasses(command) => change::classes(self, command, context),
            InstitutionCommand::Suspend(command) => service::suspend(self, command, context),
            InstitutionCommand::Resume(command) => service::resume(self, command, context),
            InstitutionCommand::Close(command) => service::close(self, command, context),
            InstitutionCommand::CorrectFact(command) => correct::correct(self, command, context),
            InstitutionCommand::RecordImported(command) => imported::record(self, command, context),
            InstitutionCommand::SubmitApplication(command) => submission::submit(self, command, context),
            InstitutionCommand::ReturnApplication(command) => application::return_once(self, command, context),
            InstitutionCommand::AcceptApplication(command) => application::accept(self, command, context),
            InstitutionCommand::DismissApplication(command) => application::dismiss(self, command, context),
            InstitutionCommand::WithdrawApplication(command) => application::withdraw(self, command, context),
            InstitutionCommand::RequestInformation(command) => review::request_information(self, command, context),
            InstitutionCommand::ProvideInformation(command) => review::provide_information(self, command, context),
            InstitutionCommand::RecordRegistryCheck(command) => review::record_registry_check(self, command, context),
            InstitutionCommand::RecordSiteVerification(command) => {
                review::record_site_verification(self, command, context)
            }
            InstitutionCommand::ProposeDecision(command) => proposal::propose(self, command, context),
            InstitutionCommand::ReturnProposal(command) => proposal::send_back(self, command, context),
            InstitutionCommand::DecideApplication(command) => verdict::decide(self, command, context),
            InstitutionCommand::LodgeObjection(command) => objection::lodge(self, command, context),
            InstitutionCommand::DecideObjection(command) => objection::decide(self, command, context),
            InstitutionCommand::RefuseApplication(command) => objection::refuse(self, command, context),
            InstitutionCommand::IssueCertificate(command) => verdict::issue_certificate(self, command, context),
            InstitutionCommand::PauseClock(command) => clocks::pause_clock(self, command, context),
            InstitutionCommand::ResumeClock(command) => clocks::resume_clock(self, command, context),
            InstitutionCommand::ExtendClock(command) => clocks::extend_clock(self, command, context),
            InstitutionCommand::ExpireClock(command) => clocks::expire_clock(self, command, context),
            InstitutionCommand::RecomputeClocks(command) => clocks::recompute_clocks(self, command, context),
            InstitutionCommand::ImposeCondition(command) => conditions::impose_condition(self, command, context),
            InstitutionCommand::RecordConditionMet(command) => conditions::record_condition_met(self, command, context),
            InstitutionCommand::LiftCondition(command) => conditions::lift_condition(self, command, context),
            InstitutionCommand::MakeProvisional(command) => conditions::make_provisional(self, command, context),
            InstitutionCommand::RestoreStanding(command) => conditions::restore_standing(self, command, context),
            InstitutionCommand::RevokeAuthorization(command) => ending::revoke_authorization(self, command, context),
            InstitutionCommand::OpenCessation(command) => ending::open_cessation(self, command, context),
            InstitutionCommand::RecordPlacement(command) => ending::record_placement(self, command, facts, context),
            InstitutionCommand::CloseCessation(command) => ending::close_cessation(self, command, context),
            InstitutionCommand::StartMigration(command) => migration::start_migration(self, command, context),
        }?;
        if !matches!(command, InstitutionCommand::RecordImported(_)) {
            for decided in &mut decided {
                if decided.legal_basis.is_empty() {
                    decided.legal_basis.push(allowed.legal_basis());
                }
            }
        }
        Ok(decided)
    }

    fn creates(command: &InstitutionCommand) -> bool {
        matches!(
            command,
            InstitutionCommand::Register(_) | InstitutionCommand::RecordImported(_)
        )
    }

    // rule: ADM-07
    fn claim(command: &InstitutionCommand) -> Option<Claim> {
        match command {
            InstitutionCommand::Register(register) => Some(site_claim(&register.credit_code, &register.site)),
            _ => None,
        }
    }

    // rule: ADM-91
    fn needs(&self, command: &InstitutionCommand) -> Vec<Need> {
        match command {
            InstitutionCommand::RecordPlacement(placed) => {
                placed.institution.map(Need::Institution).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// A site is free again once its institution has closed for good.
    fn holds(&self, _kind: &str, _digest: &KeyedDigest) -> bool {
        self.exists() && self.status != Status::Closed
    }

    fn access(&self, command: &InstitutionCommand, _facts: &Facts) -> Access {
        match command {
            InstitutionCommand::Register(register) => Access {
                regions: vec![register.region.clone()],
                organisations: vec![register.credit_code.to_string()],
            },
            InstitutionCommand::RecordImported(row) if !self.exists() => Access {
                regions: vec![row.region.clone()],
                organisations: row.credit_code.iter().map(ToString::to_string).collect(),
            },
            _ => Access::of_institution(self),
        }
    }
}

/// Nothing may have happened in the future, and only imported history may not know when it happened.
// rule: GEN-01
fn occurred_in_the_past(command: &InstitutionCommand, context: &Context<'_>) -> Result<(), Rejection> {
    if context.occurred == Occurred::Unknown && matches!(command, InstitutionCommand::RecordImported(_)) {
        return Ok(());
    }
    act_is_past(context)
}

/// The legal day on which the request came in.
fn today(context: &Context<'_>) -> Date {
    day_of(context.now)
}

/// The legal day on which the caller says that it happened.
fn act_day(context: &Context<'_>) -> Date {
    context.occurred.day().unwrap_or_else(|| today(context))
}

/// The instant from which a new state holds that begins on `date`. States follow one another in legal time too: one
/// that would begin before the present state is refused, and on the same day it begins right after it.
// rule: GEN-08
fn begins(state: &Institution, field: &str, date: Date) -> Result<Timestamp, Rejection> {
    let Some(since) = state.status_from else {
        return Ok(start_of(date));
    };
    let since_date = day_of(since);
    if date < since_date {
        return Err(Rejection::field(
            field,
            "GEN-08",
            format!("the present state holds since {since_date}; the next one can't begin before that day"),
            format!("现状态自{since_date}起生效，新状态不能早于该日"),
        )
        .with("state", state.status.code())
        .with("since", since_date.to_string()));
    }
    Ok(if date == since_date { since } else { start_of(date) })
}

// rule: GEN-06
fn nothing_to_do() -> Rejection {
    Rejection::new(Reason::NothingToDo, "this would change nothing", "没有任何变化")
}
