//! Decisions of the inspection family. Each command's rules stand in its own room.
//!
//! Order of checks: what is wrong with the request whatever the state (all violations at once), then the state machine,
//! then what depends on both.

use jiff::civil::Date;

use super::timing;
use super::{Inspection, InspectionCommand, InspectionEvent, Move, Status};
use crate::aggregate::{Access, Aggregate, Context, Decided, Facts, Need, Recorded};
use crate::envelope::{Classification, PolicyRef};
use crate::institution::Institution;
use crate::policy::InspectionPolicy;
use crate::rejection::{Reason, Rejection};
use crate::visits::Visit;

/// What a decision of one command gives.
pub(super) type Decision = Result<Vec<Decided<InspectionEvent>>, Rejection>;

impl Aggregate for Inspection {
    const CATEGORY: &'static str = "inspection";
    type Command = InspectionCommand;
    type Event = InspectionEvent;

    fn exists(&self) -> bool {
        self.status != Status::None
    }

    fn evolve(&mut self, event: &InspectionEvent, recorded: &Recorded<'_>) {
        self.apply(event, recorded);
    }

    fn decide(&self, facts: &Facts, command: &InspectionCommand, context: &Context<'_>) -> Decision {
        use InspectionCommand as C;
        timing::act_is_past(command, context)?;
        let movement = command.movement();
        match command {
            C::Plan(plan) => self.plan(movement, facts, plan, context),
            C::Approve(approve) => self.approve(movement, facts, approve, context),
            C::AssignInspectors(assign) => self.assign_inspectors(movement, facts, assign, context),
            C::RequestRecusal(request) => self.request_recusal(movement, request, context),
            C::DecideRecusal(decide) => self.decide_recusal(movement, decide, context),
            C::CheckIn(check_in) => self.check_in(movement, facts, check_in, context),
            C::BackfillCheckIn(backfill) => self.backfill_check_in(movement, facts, backfill, context),
            C::CountPresence(count) => self.count_presence(movement, facts, count, context),
            C::AnswerItems(answer) => self.answer_items(movement, facts, answer, context),
            C::CiteFinding(cite) => self.cite_finding(movement, facts, cite, context),
            C::GiveTechnicalAssistance(give) => self.give_technical_assistance(movement, facts, give, context),
            C::RecordCorrectedOnSite(record) => self.record_corrected_on_site(movement, facts, record, context),
            C::OrderCorrection(order) => self.order_correction(movement, facts, order, context),
            C::CompleteFieldwork(complete) => self.complete_fieldwork(movement, facts, complete, context),
            C::Abort(abort) => self.abort(movement, abort, context),
            C::Cancel(cancel) => self.cancel(movement, cancel, context),
            C::IssueDraft(issue) => self.issue_draft(movement, facts, issue, context),
            C::CommentOnDraft(comment) => self.comment_on_draft(movement, facts, comment, context),
            C::Finalize(finalize) => self.finalize(movement, facts, finalize, context),
            C::Publish(publish) => self.publish(movement, facts, publish, context),
            C::ClaimCorrection(claim) => self.claim_correction(movement, claim, context),
            C::VerifyCorrection(verify) => self.verify_correction(movement, verify, context),
            C::RejectCorrection(reject) => self.reject_correction(movement, facts, reject, context),
            C::ExtendCorrection(extend) => self.extend_correction(movement, facts, extend, context),
            C::MarkCorrectionOverdue(mark) => self.mark_correction_overdue(movement, mark, context),
            C::RecordImported(row) => self.record_imported(movement, facts, row, context),
        }
    }

    /// An approval counts a visit; see [`Inspection::approved_visit`].
    fn visit(
        &self,
        command: &InspectionCommand,
        facts: &Facts,
        context: &Context<'_>,
    ) -> Result<Option<Visit>, Rejection> {
        match command {
            InspectionCommand::Approve(_) => self.approved_visit(command.movement(), facts, context),
            _ => Ok(None),
        }
    }

    /// A plan creates an inspection. The first imported row of a visit creates it too, the next ones append to it.
    fn creates(command: &InspectionCommand) -> bool {
        matches!(
            command,
            InspectionCommand::Plan(_) | InspectionCommand::RecordImported(_)
        )
    }

    /// The institution always; the inspectors where their certificates count: when they are assigned, and again when
    /// they check in.
    fn needs(&self, command: &InspectionCommand) -> Vec<Need> {
        let institution = match command {
            InspectionCommand::Plan(plan) => Some(plan.institution),
            InspectionCommand::RecordImported(row) => Some(row.institution),
            _ => self.institution,
        };
        let mut needs: Vec<Need> = institution.map(Need::Institution).into_iter().collect();
        match command {
            InspectionCommand::AssignInspectors(assign) => {
                needs.extend(assign.inspectors.iter().map(|inspector| Need::Person(inspector.person)));
            }
            InspectionCommand::CheckIn(_) | InspectionCommand::BackfillCheckIn(_) => {
                needs.extend(self.inspectors.keys().map(|person| Need::Person(*person)));
            }
            _ => {}
        }
        needs
    }

    fn access(&self, _command: &InspectionCommand, facts: &Facts) -> Access {
        let mut access = facts
            .institution
            .as_ref()
            .map_or_else(Access::default, |institution| Access::of_institution(institution));
        if self.exists() && !self.is_told() {
            // Whoever is to be visited must not learn from a refusal that there is such a visit.
            access.organisations.clear();
        }
        access
    }
}

impl Inspection {
    /// Whether the institution knows of it: it was announced, or the inspectors have come, or a register told of it.
    fn is_told(&self) -> bool {
        self.announced || self.arrived_time.is_some() || self.imported_rows > 0
    }

    /// Who may see what happens around the visit itself, such as a recusal: what is not announced is for the regulator
    /// alone until the inspectors have come.
    pub(super) fn shown_to(&self) -> Classification {
        if self.is_told() {
            Classification::default()
        } else {
            Classification::Regulator
        }
    }
}

/// INS-01: the institution that the command is about must exist.
pub(super) fn institution(facts: &Facts) -> Result<&Institution, Rejection> {
    facts
        .institution
        .as_deref()
        .filter(|institution| institution.exists())
        .ok_or_else(|| Rejection::new(Reason::NotFound, "no such institution", "没有该机构"))
}

/// The policy of the institution's region on the day that a rule names. Every institution that exists has a region.
pub(super) fn policy<'a>(
    facts: &Facts,
    context: &Context<'a>,
    day: Date,
) -> Result<(&'a InspectionPolicy, PolicyRef), Rejection> {
    let region = institution(facts)?
        .region
        .as_ref()
        .ok_or_else(|| Rejection::new(Reason::NotFound, "the institution has no region", "该机构没有所在区划"))?;
    context.reference.inspection(region, day)
}

/// An event of a move, with the move's article.
pub(super) fn decided(movement: &Move, event: impl Into<InspectionEvent>) -> Decided<InspectionEvent> {
    Decided {
        legal_basis: movement.legal_basis().into_iter().collect(),
        ..Decided::plain(event)
    }
}
