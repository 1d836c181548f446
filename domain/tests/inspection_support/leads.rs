//! Desks led to a state by commands alone.

use yujian_domain::inspection::*;

use super::commands::*;
use super::{Desk, PLAIN};

/// A desk whose inspection stands in `status`, reached by commands alone, all on the first day.
pub fn desk_at(status: Status) -> Desk {
    desk_with(status, &plan(), &|_| {})
}

/// The same for another plan, with something done at the site. An emergency is not approved.
pub fn desk_with(status: Status, plan: &PlanInspection, at_site: &dyn Fn(&mut Desk)) -> Desk {
    let before = |status| desk_with(status, plan, at_site);
    let desk = match status {
        Status::None => Desk::new(),
        Status::Planned => {
            let mut desk = before(Status::None);
            desk.done("officer-1", plan.clone());
            desk
        }
        Status::Approved => {
            let mut desk = before(Status::Planned);
            desk.done("officer-2", approve());
            desk
        }
        Status::Assigned => {
            let mut desk = before(if plan.emergency {
                Status::Planned
            } else {
                Status::Approved
            });
            desk.done("officer-1", assign(&[1, 2]));
            desk
        }
        Status::CheckedIn => {
            let mut desk = before(Status::Assigned);
            desk.done("inspector-1", check_in());
            at_site(&mut desk);
            desk
        }
        Status::FieldworkCompleted => {
            let mut desk = before(Status::CheckedIn);
            desk.done("inspector-1", complete());
            desk
        }
        Status::DraftIssued => {
            let mut desk = before(Status::FieldworkCompleted);
            desk.done("officer-1", draft());
            desk
        }
        Status::Commented => {
            let mut desk = before(Status::DraftIssued);
            desk.done("operator-1", comment());
            desk
        }
        Status::Finalized => {
            let mut desk = before(Status::Commented);
            desk.done("officer-1", finalize());
            desk
        }
        Status::Published => {
            let mut desk = before(Status::Finalized);
            desk.done("officer-1", publish());
            desk
        }
        Status::Cancelled => {
            let mut desk = before(Status::Planned);
            desk.done("officer-1", cancel());
            desk
        }
        Status::Aborted => {
            let mut desk = before(Status::CheckedIn);
            desk.done("inspector-1", abort());
            desk
        }
        Status::Imported => {
            let mut desk = before(Status::None);
            desk.done("officer-1", row(1));
            desk
        }
    };
    assert_eq!(desk.state.status, status);
    desk
}

/// Cites finding 1, a minor one, at the site and leads it to `state`; an ordered correction is due on that very day.
pub fn lead_finding_to(desk: &mut Desk, state: FindingState) {
    desk.done("inspector-1", answer(PLAIN, Answer::Noncompliant));
    desk.done("inspector-1", cite(PLAIN, Weight::Minor));
    let due = desk.today();
    let ordered = |desk: &mut Desk| {
        desk.done("inspector-1", order(1, due));
    };
    match state {
        FindingState::Cited => {}
        FindingState::CorrectedOnSite => {
            desk.done("inspector-1", on_site(1));
        }
        FindingState::CorrectionDue => ordered(desk),
        FindingState::CorrectionClaimed => {
            ordered(desk);
            desk.done("operator-1", claim(1));
        }
        FindingState::Verified => {
            ordered(desk);
            desk.done("operator-1", claim(1));
            desk.done("officer-1", verify(1));
        }
        FindingState::Overdue => {
            ordered(desk);
            desk.later(24 * 60).done("yujian", overdue(1, due));
        }
        FindingState::Imported => panic!("nothing leads there from a visit"),
    }
    assert_eq!(desk.state.findings[&1].state, state);
}
