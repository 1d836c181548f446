//! What authorizes an institution as it stands now, and what authorized it before: terms, conditions, waivers,
//! cessations, applications and clocks.

use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::institution::ConditionState;
use yujian_domain::reference::Reference;
use yujian_domain::time::day_of;
use yujian_views::{
    ApplicationQuery, AuthorizationRow, AuthorizationState, CessationRow, ConditionRow, Scope, WaiverRow,
};

use super::super::applications::{application_href, kind, state_badge};
use super::super::clocks::{self, ClockBlock};
use crate::Shared;
use crate::failure::{Failure, Thing};
use crate::html::{Markup, Tone, badge, bdi, dash, figure, text, url};
use crate::lang::Lang;
use crate::terms::{self, Terms};

/// Applications shown; the rest stands in their list.
const SHOWN: u32 = 6;

/// A term of an authorization.
#[derive(Debug)]
pub(super) struct TermLine {
    pub(super) kind: String,
    pub(super) number: Markup,
    pub(super) basis: String,
    pub(super) href: String,
    pub(super) from: Markup,
    pub(super) to: Markup,
    pub(super) state: Markup,
    pub(super) more: Markup,
}

/// A condition.
#[derive(Debug)]
pub(super) struct ConditionLine {
    pub(super) number: u32,
    pub(super) item: String,
    pub(super) words: Markup,
    pub(super) due: Markup,
    pub(super) state: Markup,
    pub(super) ended: Markup,
}

/// A waiver.
#[derive(Debug)]
pub(super) struct WaiverLine {
    pub(super) item: String,
    pub(super) href: String,
    pub(super) from: Markup,
    pub(super) until: Markup,
    pub(super) state: Markup,
}

/// A cessation.
#[derive(Debug)]
pub(super) struct CessationLine {
    pub(super) cause: String,
    pub(super) opened: Markup,
    pub(super) frozen: Markup,
    pub(super) placed: Markup,
    pub(super) children: Markup,
    pub(super) closed: Markup,
}

/// An application.
#[derive(Debug)]
pub(super) struct ApplicationLine {
    pub(super) href: String,
    pub(super) word: String,
    pub(super) state: Markup,
    pub(super) since: Markup,
}

/// The section.
#[derive(Debug)]
pub(super) struct Authorization {
    pub(super) terms: Vec<TermLine>,
    pub(super) conditions: Vec<ConditionLine>,
    pub(super) waivers: Vec<WaiverLine>,
    pub(super) cessations: Vec<CessationLine>,
    pub(super) applications: Vec<ApplicationLine>,
    pub(super) applications_total: Markup,
    pub(super) applications_href: String,
    pub(super) clocks: Vec<ClockBlock>,
    /// Clocks that have ended.
    pub(super) ended: Vec<ClockBlock>,
    pub(super) deadlines_href: String,
}

impl Authorization {
    /// Whether there is nothing to show.
    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
            && self.conditions.is_empty()
            && self.waivers.is_empty()
            && self.cessations.is_empty()
            && self.applications.is_empty()
            && self.clocks.is_empty()
            && self.ended.is_empty()
    }
}

/// Reads the section.
pub(super) async fn load(
    shared: &Shared,
    terms: &Terms,
    reference: &Reference,
    institution: Uuid,
) -> Result<Authorization, Failure> {
    let (lang, at) = (terms.lang, day_of(shared.clock.now()));
    let own = institution.to_string();
    let found = shared.views.authorizations(&Scope::default(), institution).await?;
    let found = found.ok_or(Failure::NoThing(Thing::Institution))?;
    let query = ApplicationQuery {
        institution: Some(institution),
        limit: SHOWN,
        ..ApplicationQuery::default()
    };
    let applied = shared.views.applications(query).await?;
    let (running, ended): (Vec<_>, Vec<_>) = found.clocks.iter().partition(|history| history.row.waiting);
    let blocks = |list: Vec<&yujian_views::ClockHistory>| {
        list.into_iter()
            .map(|history| clocks::block(terms, history, at, &reference.calendar))
            .collect()
    };
    Ok(Authorization {
        terms: found
            .authorizations
            .iter()
            .rev()
            .map(|row| term(lang, institution, row, at))
            .collect(),
        conditions: found.conditions.iter().map(|row| condition(lang, row, at)).collect(),
        waivers: found
            .waivers
            .iter()
            .map(|row| waiver(lang, institution, row, at))
            .collect(),
        cessations: found
            .cessations
            .iter()
            .map(|row| cessation(lang, institution, row))
            .collect(),
        applications: applied
            .rows
            .iter()
            .map(|row| {
                let kind = kind(lang, row.kind);
                ApplicationLine {
                    href: application_href(institution, row.number),
                    word: lang
                        .say(
                            &format!("{kind} 第 {} 号", row.number),
                            &format!("{kind} no. {}", row.number),
                        )
                        .to_owned(),
                    state: state_badge(lang, row.state),
                    since: lang.day_or_dash(row.state_since),
                }
            })
            .collect(),
        applications_total: figure("institution_applications", &own, applied.total),
        applications_href: url("/applications", &[("institution", Some(&own))]),
        clocks: blocks(running),
        ended: blocks(ended),
        deadlines_href: url("/deadlines", &[("institution", Some(&own)), ("ended", Some("1"))]),
    })
}

fn term(lang: Lang, institution: Uuid, row: &AuthorizationRow, at: Date) -> TermLine {
    let past = row.valid_to_date.is_some_and(|last| last < at);
    let state = match row.state {
        // Nobody may have noted yet that the term has passed.
        AuthorizationState::Active | AuthorizationState::Provisional if past => {
            badge(Tone::Bad, lang.say("有效期已过", "term has passed"))
        }
        state => badge(
            match state {
                AuthorizationState::Active => Tone::Ok,
                AuthorizationState::Provisional | AuthorizationState::Suspended => Tone::Warn,
                AuthorizationState::Revoked => Tone::Bad,
                AuthorizationState::Expired => Tone::Hold,
                AuthorizationState::Closed | AuthorizationState::Superseded | AuthorizationState::Reversed => Tone::Off,
            },
            &lang.term(state),
        ),
    };
    let mut more = Vec::new();
    if let Some(until) = row.provisional_until {
        more.push(text(lang.say("暂准至 ", "provisional until ")).then(&lang.day(until)));
    }
    if let Some(ended) = row.ended_date {
        more.push(text(lang.say("终止于 ", "ended on ")).then(&lang.day(ended)));
    }
    if let Some(ground) = row.ground {
        more.push(text(&lang.term(ground)));
    }
    TermLine {
        kind: lang.term(row.kind),
        number: row.number.as_deref().map_or_else(dash, bdi),
        basis: lang.term(row.basis),
        href: application_href(institution, row.application),
        from: lang.day(row.valid_from_date),
        to: row
            .valid_to_date
            .map_or_else(|| text(lang.say("长期", "no last day")), |last| lang.day(last)),
        state,
        more: Markup::join(more, lang.semicolon()),
    }
}

fn condition(lang: Lang, row: &ConditionRow, at: Date) -> ConditionLine {
    let state = match (row.state, row.late) {
        (ConditionState::Open, _) if row.terms.due_date < at => badge(Tone::Bad, lang.say("逾期未履行", "overdue")),
        (ConditionState::Open, _) => badge(Tone::Warn, &lang.term(row.state)),
        (ConditionState::Met, true) => badge(Tone::Hold, lang.say("逾期履行", "met late")),
        (ConditionState::Met, false) => badge(Tone::Ok, &lang.term(row.state)),
        (ConditionState::Lifted, _) => badge(Tone::Off, &lang.term(row.state)),
    };
    ConditionLine {
        number: row.condition,
        item: terms::item(lang, &row.terms.item).into_owned(),
        words: bdi(&row.terms.text),
        due: lang.day(row.terms.due_date),
        state,
        ended: lang.day_or_dash(row.ended_date),
    }
}

fn waiver(lang: Lang, institution: Uuid, row: &WaiverRow, at: Date) -> WaiverLine {
    WaiverLine {
        item: terms::item(lang, &row.item).into_owned(),
        href: application_href(institution, row.application),
        from: lang.day(row.from_date),
        until: lang.day(row.until_date),
        state: if row.until_date < at {
            badge(Tone::Off, lang.say("已届满", "ended"))
        } else if row.from_date > at {
            badge(Tone::Info, lang.say("未生效", "not yet in effect"))
        } else {
            badge(Tone::Info, lang.say("有效", "in effect"))
        },
    }
}

fn cessation(lang: Lang, institution: Uuid, row: &CessationRow) -> CessationLine {
    let of = format!("{institution}/{}", row.ordinal);
    CessationLine {
        cause: lang.term(row.cause),
        opened: lang.day_or_dash(row.opened_date),
        frozen: lang.day(row.enrolment_frozen_date),
        placed: figure("children_placed", &of, u64::from(row.placed)),
        children: figure("children_to_place", &of, u64::from(row.children)),
        closed: row.closed_date.map_or_else(
            || badge(Tone::Warn, lang.say("安置中", "children being placed")),
            |day| lang.day(day),
        ),
    }
}
