//! The course of an application: its steps, papers, what was returned, checked, verified, asked and proposed.

use jiff::civil::Date;
use serde_json::json;
use yujian_domain::institution::{
    ApplicationKind, ApplicationState, Paper, RegistryChecked, RegistryOutcome, SiteVerified, VerificationOutcome,
};
use yujian_views::{ApplicationDetail, ReturnedItemRow};

use crate::html::{Markup, Tone, badge, bdi, code, dash, text};
use crate::lang::Lang;
use crate::terms::labels::label;
use crate::terms::{self, Terms};

/// A step of the course.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) word: &'static str,
    pub(super) time: Markup,
    pub(super) done: bool,
    pub(super) current: bool,
}

/// The steps: what was done first stands with its day, what was not says so.
pub(super) fn steps(lang: Lang, found: &ApplicationDetail) -> Vec<Step> {
    use ApplicationState as S;
    let row = &found.row;
    let day = |types: &[&str]| -> Option<Markup> {
        let step = found.steps.iter().filter(|step| step.damaged.is_none()).find(|step| {
            types
                .iter()
                .any(|name| step.event_type.ends_with(&format!(".{name}.v1")))
        })?;
        Some(match (step.occurred_time, step.occurred_date) {
            (Some(time), _) => lang.day(yujian_domain::time::day_of(time)),
            (None, day) => lang.day_or_dash(day),
        })
    };
    let missing = if row.state.is_final() {
        lang.say("未进行", "not taken")
    } else {
        lang.say("未到", "not yet")
    };
    let step = |word, types: &[&str], at: &[S]| {
        let time = day(types);
        Step {
            word,
            done: time.is_some(),
            current: at.contains(&row.state),
            time: time.unwrap_or_else(|| text(missing)),
        }
    };
    let mut steps = vec![step(
        lang.say("收件", "Received"),
        &["FilingSubmitted", "ApplicationSubmitted"],
        &[S::Submitted],
    )];
    if row.returned > 0 {
        steps.push(step(
            lang.say("一次告知", "Returned once"),
            &["FilingReturned", "ApplicationReturned"],
            &[S::Returned],
        ));
    }
    steps.push(step(
        lang.say("受理", "Accepted"),
        &["FilingAccepted", "ApplicationAccepted", "DeemedOutcomeApplied"],
        &[S::Accepted, S::AwaitingInformation],
    ));
    if row.kind == Some(ApplicationKind::Filing) {
        steps.push(step(
            lang.say("出具回执", "Receipt"),
            &["FilingReceiptIssued"],
            &[S::Granted],
        ));
    } else {
        steps.extend([
            step(lang.say("现场核查", "Site verified"), &["SiteVerified"], &[]),
            step(
                lang.say("拟定决定", "Proposed"),
                &["DecisionProposed"],
                &[S::DecisionProposed],
            ),
        ]);
        if day(&["RefusalIntended"]).is_some() {
            steps.push(step(
                lang.say("拟不予，可申辩", "Refusal intended"),
                &["RefusalIntended"],
                &[S::RefusalIntended, S::Objected],
            ));
        }
        steps.extend([
            step(
                lang.say("决定", "Decided"),
                &["ApplicationGranted", "ApplicationRefused"],
                &[S::Granted, S::Refused],
            ),
            step(lang.say("发证", "Certificate"), &["CertificateIssued"], &[]),
        ]);
    }
    let ended = [S::Withdrawn, S::Lapsed, S::NotRequired, S::OutOfJurisdiction];
    if ended.contains(&row.state) {
        steps.push(step(
            lang.say("终止", "Ended"),
            &[
                "FilingWithdrawn",
                "ApplicationWithdrawn",
                "ApplicationLapsed",
                "ApplicationDismissed",
            ],
            &ended,
        ));
    }
    steps
}

/// An item that a return named.
#[derive(Debug)]
pub(super) struct ItemLine {
    pub(super) item: String,
    pub(super) rule: Markup,
    pub(super) problem: String,
    pub(super) returned: u32,
    pub(super) date: Markup,
    pub(super) now: Markup,
}

pub(super) fn item(terms: &Terms, found: &ApplicationDetail, item: &ReturnedItemRow) -> ItemLine {
    let lang = terms.lang;
    let still = found.row.state == ApplicationState::Returned && item.return_number == found.row.returned;
    ItemLine {
        item: terms::item(lang, &item.item).into_owned(),
        rule: code(&item.rule),
        problem: lang.term(item.problem),
        returned: item.return_number,
        date: lang.day_or_dash(item.returned_date),
        now: if still {
            badge(Tone::Bad, lang.say("待补", "to be completed"))
        } else {
            badge(Tone::Off, lang.say("已重新提交", "handed in again"))
        },
    }
}

/// A paper, with what its register said.
#[derive(Debug)]
pub(super) struct PaperLine {
    pub(super) kind: String,
    pub(super) issuer: Markup,
    pub(super) number: Markup,
    pub(super) dates: Markup,
    pub(super) checked: Markup,
    pub(super) state: Markup,
    pub(super) digest: Markup,
}

pub(super) fn papers(terms: &Terms, found: &ApplicationDetail, at: Date) -> Vec<PaperLine> {
    let lang = terms.lang;
    let papers = found.submission.iter().flat_map(|submission| &submission.papers);
    let line = |paper: &Paper| {
        let item = format!("papers.{}", paper.kind.code());
        let checked = found.checks.iter().rev().find(|(_, check)| check.item == item);
        PaperLine {
            kind: lang.term(paper.kind),
            issuer: paper.issuer.as_deref().map_or_else(dash, bdi),
            number: paper.number.as_deref().map_or_else(dash, bdi),
            dates: lang
                .day_or_dash(paper.issue_date)
                .then(&text(lang.say(" 至 ", " to ")))
                .then(
                    &paper
                        .expiry_date
                        .map_or_else(|| text(lang.say("长期", "no last day")), |day| lang.day(day)),
                ),
            checked: checked.map_or_else(
                || text(lang.say("未核对", "not checked")),
                |(_, check)| registry_badge(lang, check.outcome),
            ),
            state: paper_state(lang, paper, at),
            digest: paper
                .sha256
                .as_deref()
                .map_or_else(dash, |digest| code(&terms::short(digest))),
        }
    };
    papers.map(line).collect()
}

fn paper_state(lang: Lang, paper: &Paper, at: Date) -> Markup {
    match (paper.passed, paper.expiry_date) {
        (Some(false), _) => badge(Tone::Bad, lang.say("结论不合格", "not a pass")),
        (_, Some(last)) if last < at => badge(Tone::Bad, lang.say("已过期", "expired")),
        (Some(true), _) => badge(Tone::Ok, lang.say("结论合格", "a pass")),
        _ => badge(Tone::Off, lang.say("已交", "handed in")),
    }
}

fn registry_badge(lang: Lang, outcome: RegistryOutcome) -> Markup {
    let tone = match outcome {
        RegistryOutcome::Matches => Tone::Ok,
        RegistryOutcome::Differs | RegistryOutcome::NotFound => Tone::Warn,
        RegistryOutcome::Revoked => Tone::Bad,
    };
    badge(tone, &lang.term(outcome))
}

/// A register that was asked.
#[derive(Debug)]
pub(super) struct CheckLine {
    pub(super) source: String,
    pub(super) item: String,
    pub(super) number: Markup,
    pub(super) outcome: Markup,
    pub(super) record: Markup,
    pub(super) valid: Markup,
    pub(super) digest: Markup,
    pub(super) revision: u64,
}

pub(super) fn check(terms: &Terms, (revision, check): &(u64, RegistryChecked)) -> CheckLine {
    let lang = terms.lang;
    CheckLine {
        source: lang.term(check.source),
        item: terms::item(lang, &check.item).into_owned(),
        number: check.number.as_deref().map_or_else(dash, bdi),
        outcome: registry_badge(lang, check.outcome),
        record: lang.day(check.record_date),
        valid: lang.day_or_dash(check.valid_to_date),
        digest: code(&terms::short(&check.response_sha256)),
        revision: *revision,
    }
}

/// A verification on site.
#[derive(Debug)]
pub(super) struct VerificationLine {
    pub(super) date: Markup,
    pub(super) verifiers: Markup,
    pub(super) outcome: Markup,
    pub(super) items: Markup,
}

pub(super) fn verification(terms: &Terms, verified: &SiteVerified) -> VerificationLine {
    let lang = terms.lang;
    let tone = match verified.outcome {
        VerificationOutcome::Meets => Tone::Ok,
        VerificationOutcome::FallsShort => Tone::Bad,
    };
    let items = verified.items.iter().map(|item| {
        text(&format!(
            "{}{}{}",
            terms::item(lang, &item.item),
            lang.colon(),
            lang.term(item.problem)
        ))
    });
    VerificationLine {
        date: lang.day(verified.visit_date),
        verifiers: Markup::join(
            verified.verifiers.iter().map(|verifier| bdi(&verifier.account)),
            lang.comma(),
        ),
        outcome: badge(tone, &lang.term(verified.outcome)),
        items: if verified.items.is_empty() {
            dash()
        } else {
            Markup::join(items, lang.semicolon())
        },
    }
}

/// What is asked besides the papers.
pub(super) fn asked(terms: &Terms, found: &ApplicationDetail) -> Vec<(String, Markup)> {
    let Some(submission) = &found.submission else {
        return Vec::new();
    };
    let lang = terms.lang;
    let mut asked = vec![(
        label(lang, "makes_meals").into_owned(),
        terms.value("makes_meals", &json!(submission.makes_meals)),
    )];
    for (name, value) in [
        ("premises", submission.premises.as_ref().map(|of| json!(of))),
        ("change", submission.change.as_ref().map(|of| json!(of))),
        ("transfer", submission.transfer.as_ref().map(|of| json!(of))),
        ("waiver", submission.waiver.as_ref().map(|of| json!(of))),
        ("closing", submission.closing.as_ref().map(|of| json!(of))),
    ] {
        if let Some(value) = value {
            asked.push((label(lang, name).into_owned(), terms.value(name, &value)));
        }
    }
    asked
}

/// What is proposed, with its conditions and reasons.
pub(super) fn proposal(terms: &Terms, found: &ApplicationDetail) -> Vec<(String, Markup)> {
    let Some(proposal) = &found.proposal else {
        return Vec::new();
    };
    let lang = terms.lang;
    let mut said = vec![(
        label(lang, "decision_outcome").into_owned(),
        terms.value("decision_outcome", &json!(proposal.outcome)),
    )];
    if !proposal.conditions.is_empty() {
        said.push((
            label(lang, "conditions").into_owned(),
            terms.value("conditions", &json!(proposal.conditions)),
        ));
    }
    if !proposal.reasons.is_empty() {
        said.push((
            lang.say("理由", "Reasons").to_owned(),
            terms.value("reasons", &json!(proposal.reasons)),
        ));
    }
    if let Some(deceit) = proposal.deceit {
        said.push((label(lang, "deceit").into_owned(), text(&lang.term(deceit))));
    }
    said
}
