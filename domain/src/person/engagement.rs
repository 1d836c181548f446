//! Engagements: begun, moved to another post, ended.

use jiff::ToSpan;

use super::decide::{Decision, open_institution};
use super::moves::Move;
use super::timing::{after, today};
use super::{ChangePost, EndEngagement, EndGround, Engage, EngagementEnded, EngagementStarted, OffDutyGround};
use super::{Person, PostChanged};
use crate::aggregate::{Context, Decided, Facts};
use crate::check::Check;
use crate::rejection::{Reason, Rejection};
use crate::time::start_of;

/// Share of full time in permille, least and most.
const SHARE: (u32, u32) = (1, 1_000);

impl Person {
    /// Staff may have begun before they were registered here. That the shares of several engagements make more than full
    /// time is flagged by a reactor and not refused: the other employer may have forgotten to tell the end.
    // rule: STF-12
    pub(super) fn engage(&self, movement: &Move, facts: &Facts, command: &Engage, context: &Context<'_>) -> Decision {
        let mut check = Check::default();
        check.between("share_permille", movement, command.share_permille, SHARE);
        check.done()?;
        self.allow(movement)?;
        let (region, organisation) = open_institution(facts, movement)?;
        let today = today(context);
        let day = command.start_date.max(today);
        let (policy, reference) = context.reference.staffing(&region, today)?;
        let latest = today.saturating_add(i64::from(policy.start_ahead_days).days());
        if command.start_date > latest {
            return Err(Rejection::field(
                "start_date",
                "STF-12",
                format!("an engagement may be told at most until {latest}"),
                format!("聘用起始日期最晚为{latest}"),
            )
            .with("latest", latest.to_string()));
        }
        let same = self
            .standing()
            .find(|(_, engagement)| engagement.institution == command.institution);
        if let Some((number, engagement)) = same {
            return Err(Rejection::new(
                Reason::AlreadyExists,
                format!("the person is engaged at this institution already, as engagement {number}; change the post"),
                format!("该人员已在该机构任职（编号{number}），请办理岗位调整"),
            )
            .with("engagement", number.to_string())
            .with("state", engagement.state.code())
            .with("rule", "STF-12"));
        }
        self.eligible(movement, command.start_date, context)?;
        let event = EngagementStarted {
            engagement: self.next_engagement(),
            institution: command.institution,
            region,
            organisation,
            post: command.post,
            employment: command.employment,
            share_permille: command.share_permille,
            start_date: command.start_date,
            qualified: self.is_qualified(command.post, day, policy),
        };
        Ok(vec![Decided {
            effective_from: Some(start_of(command.start_date)),
            policies: vec![reference],
            ..Decided::plain(event)
        }])
    }

    /// A new post is taken up by who may work with children, on a day that has come and not before the present post.
    // rule: STF-15
    pub(super) fn change_post(&self, movement: &Move, command: &ChangePost, context: &Context<'_>) -> Decision {
        let mut check = Check::default();
        check.between("share_permille", movement, command.share_permille, SHARE);
        check.not_in_future("from_date", command.from_date, context);
        check.done()?;
        let engagement = self.engagement(movement, command.engagement)?;
        if command.from_date < engagement.since {
            return Err(before_present("from_date", engagement.since));
        }
        if (command.post, command.share_permille) == (engagement.post, engagement.share_permille) {
            return Err(super::allow::nothing_to_do(("post", engagement.post.code())));
        }
        self.eligible(movement, command.from_date, context)?;
        let today = today(context);
        let (policy, reference) = context.reference.staffing(&engagement.region, today)?;
        let event = PostChanged {
            engagement: command.engagement,
            institution: engagement.institution,
            post: command.post,
            share_permille: command.share_permille,
            from_date: command.from_date,
            qualified: self.is_qualified(command.post, today, policy),
        };
        Ok(vec![Decided {
            effective_from: Some(start_of(command.from_date)),
            policies: vec![reference],
            ..Decided::plain(event)
        }])
    }

    /// The last day has come; an engagement that is still to begin ends on its first day. Until its end is told, an
    /// engagement stands under every check and bar, so none ends ahead.
    // rule: STF-18
    pub(super) fn end_engagement(&self, movement: &Move, command: &EndEngagement, context: &Context<'_>) -> Decision {
        let engagement = self.engagement(movement, command.engagement)?;
        if command.end_date < engagement.since {
            return Err(before_present("end_date", engagement.since));
        }
        let mut check = Check::default();
        if command.end_date != engagement.start_date {
            check.not_in_future("end_date", command.end_date, context);
        }
        check.ensure(
            command.ground != EndGround::Barred || self.ground_holds(OffDutyGround::Barred, today(context)),
            "ground",
            "STF-18",
            "the person is not barred",
            "该人员未被从业禁止",
        );
        check.done()?;
        let event = EngagementEnded {
            engagement: command.engagement,
            institution: engagement.institution,
            end_date: command.end_date,
            ground: command.ground,
        };
        let barred = Self::basis_of(OffDutyGround::Barred);
        Ok(vec![Decided {
            effective_from: Some(after(command.end_date)),
            legal_basis: barred
                .filter(|_| command.ground == EndGround::Barred)
                .into_iter()
                .collect(),
            ..Decided::plain(event)
        }])
    }

    fn next_engagement(&self) -> u32 {
        self.engagements
            .last_key_value()
            .map_or(1, |(last, _)| last.saturating_add(1))
    }
}

// rule: GEN-08
fn before_present(field: &str, since: jiff::civil::Date) -> Rejection {
    Rejection::field(
        field,
        "GEN-08",
        format!("the present state holds since {since}; the next one can't begin before that day"),
        format!("现状态自{since}起生效，新状态不能早于该日"),
    )
    .with("since", since.to_string())
}
