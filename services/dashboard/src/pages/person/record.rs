//! What is on record of a person, as tables and lanes.

use jiff::civil::Date;
use serde_json::json;
use yujian_domain::person::{CredentialState, EngagementState, Status};
use yujian_views::{BarRow, EngagementRow, PersonDetail, PersonRow, TrainingRow};

use super::super::marks::{credential_badge, days_left, engagement_badge, health_badge, query_badge};
use super::super::staff_list::{period, qualified};
use crate::html::{self, Markup, Tone, badge, bdi, number, text};
use crate::lanes::{Lanes, Span, overlaps};
use crate::lang::Lang;
use crate::terms::Terms;

/// An engagement.
#[derive(Debug)]
pub(super) struct EngagementLine {
    pub(super) number: u32,
    pub(super) institution: Markup,
    pub(super) href: String,
    pub(super) post: String,
    pub(super) how: String,
    pub(super) period: Markup,
    pub(super) why: Option<String>,
    pub(super) qualified: Markup,
    pub(super) state: Markup,
}

/// A credential, health certificate or record query.
#[derive(Debug)]
pub(super) struct PaperLine {
    pub(super) lane: String,
    pub(super) word: String,
    pub(super) under: Markup,
    pub(super) number: Option<Markup>,
    pub(super) from: Markup,
    pub(super) to: Markup,
    pub(super) state: Markup,
}

/// A training.
#[derive(Debug)]
pub(super) struct TrainingLine {
    pub(super) kind: String,
    pub(super) hours: String,
    pub(super) provider: Markup,
    pub(super) completed: Markup,
}

/// A bar.
#[derive(Debug)]
pub(super) struct BarLine {
    pub(super) ground: String,
    pub(super) period: Markup,
    pub(super) decision: Markup,
    pub(super) reason: Markup,
    pub(super) state: Markup,
}

/// How the person stands on a day.
pub(super) fn badges(lang: Lang, row: &PersonRow, alerts: u64, at: Date) -> Vec<Markup> {
    let mut badges = Vec::new();
    let barred = row.bar.is_some_and(|bar| bar.bars_on(at));
    badges.push(if barred {
        badge(Tone::Bad, &lang.term(Status::Barred))
    } else {
        badge(Tone::Ok, lang.say("可以从业", "may work with children"))
    });
    badges.push(match row.engagements {
        0 => badge(Tone::Off, lang.say("未任职", "not engaged")),
        1 => badge(Tone::Info, lang.say("在任职", "engaged")),
        more => badge(
            Tone::Warn,
            lang.say(&format!("同时 {more} 处任职"), &format!("engaged at {more} places")),
        ),
    });
    if alerts > 0 {
        let count = number(alerts);
        badges.push(badge(
            Tone::Warn,
            lang.say(&format!("未办结预警 {count} 条"), &format!("open alerts: {count}")),
        ));
    }
    if row.damaged {
        badges.push(badge(Tone::Bad, lang.say("有记录受损", "damaged record")));
    }
    badges
}

/// Identity, masked.
pub(super) fn about(terms: &Terms, row: &PersonRow) -> Vec<(&'static str, Markup)> {
    let lang = terms.lang;
    let kind = row.identity_kind.map_or_else(html::dash, |kind| text(&lang.term(kind)));
    let sealed = |name: &str, value: &Option<yujian_domain::personal::Personal>| {
        value
            .as_ref()
            .map_or_else(html::dash, |value| terms.value(name, &json!(value)))
    };
    vec![
        (lang.say("证件种类", "Document"), kind),
        (lang.say("证件号码", "Its number"), sealed("identity", &row.identity)),
        (
            lang.say("身份核验", "Identity verified"),
            row.proofing.map_or_else(html::dash, |how| text(&lang.term(how))),
        ),
        (lang.say("电话", "Phone"), sealed("phone", &row.phone)),
        (
            lang.say("出生年份", "Year of birth"),
            row.birth_year.map_or_else(html::dash, |year| text(&year.to_string())),
        ),
        (
            lang.say("登记地", "Registered in"),
            if row.region.is_empty() {
                html::dash()
            } else {
                terms.region(&row.region)
            },
        ),
        (
            lang.say("登记日", "Registered on"),
            lang.day_or_dash(row.registered_date),
        ),
    ]
}

/// The last day of an engagement, as far as it is drawn.
fn last(row: &EngagementRow, at: Date) -> Date {
    row.end_date.unwrap_or(at).max(row.start_date)
}

/// Lanes of the engagements: what is over is grey, what overlaps another stands out.
pub(super) fn work(engagements: &[EngagementRow], at: Date) -> Option<Lanes> {
    let lanes: Vec<(String, Vec<Span>)> = engagements
        .iter()
        .map(|row| {
            let to = last(row, at);
            let class = if row.state == EngagementState::Ended {
                "fend"
            } else {
                "f1"
            };
            let others: Vec<(Date, Date)> = engagements
                .iter()
                .filter(|other| other.engagement != row.engagement)
                .map(|other| (other.start_date, last(other, at)))
                .collect();
            let mut spans = vec![Span {
                from: row.start_date,
                to: Some(to),
                class,
            }];
            spans.extend(overlaps(row.start_date, to, &others, "fwarn"));
            (row.engagement.to_string(), spans)
        })
        .collect();
    Lanes::new(&lanes, at)
}

pub(super) fn engagements(lang: Lang, rows: &[EngagementRow], at: Date) -> Vec<EngagementLine> {
    rows.iter()
        .map(|row| EngagementLine {
            number: row.engagement,
            institution: bdi(&row.institution_name),
            href: format!("/institutions/{}", row.institution),
            post: lang.term(row.post),
            how: format!(
                "{}{}{}",
                lang.term(row.employment),
                lang.comma(),
                share(lang, row.share_permille)
            ),
            period: period(lang, row),
            why: row
                .end_ground
                .map(|ground| lang.term(ground))
                .or_else(|| row.off_duty.map(|ground| lang.term(ground))),
            qualified: qualified(lang, row, at),
            state: engagement_badge(lang, row.state),
        })
        .collect()
}

/// Share of full time.
fn share(lang: Lang, permille: u32) -> String {
    match permille {
        1000 => lang.say("全时", "full time").to_owned(),
        part => {
            let shown = html::percent(u64::from(part), 1000).unwrap_or_default();
            lang.say(&format!("工时 {shown}"), &format!("{shown} of full time"))
                .to_owned()
        }
    }
}

/// Lanes of the papers: a credential each, then the health certificates and the record queries, a line for each kind.
pub(super) fn validity(person: &PersonDetail, at: Date) -> Option<Lanes> {
    let mut lanes: Vec<(String, Vec<Span>)> = person
        .credentials
        .iter()
        .map(|row| {
            let class = match row.state {
                CredentialState::Verified | CredentialState::Expired => "fok",
                CredentialState::Claimed => "fend",
                CredentialState::Rejected | CredentialState::Revoked => "fbad",
            };
            let span = Span {
                from: row.issue_date,
                to: row.expiry_date,
                class,
            };
            (row.credential.to_string(), vec![span])
        })
        .collect();
    let health = person.health.iter().map(|row| Span {
        from: row.health.issue_date,
        to: Some(row.health.expiry_date),
        class: if row.health.passed { "fok" } else { "fbad" },
    });
    lanes.push(("H".to_owned(), health.collect()));
    let queries = person.queries.iter().map(|row| Span {
        from: row.query.query_date,
        to: Some(row.query.valid_until),
        class: if row.query.clear { "fok" } else { "fbad" },
    });
    lanes.push(("Q".to_owned(), queries.collect()));
    Lanes::new(&lanes, at)
}

pub(super) fn papers(terms: &Terms, person: &PersonDetail, at: Date) -> Vec<PaperLine> {
    let lang = terms.lang;
    let credentials = person.credentials.iter().map(|row| PaperLine {
        lane: row.credential.to_string(),
        word: lang.term(row.kind),
        under: match &row.level {
            Some(level) => bdi(&row.issuer).then(&text(" · ")).then(&bdi(level)),
            None => bdi(&row.issuer),
        },
        number: Some(terms.value("number", &json!(row.number))),
        from: lang.day(row.issue_date),
        to: row
            .expiry_date
            .map_or_else(|| text(lang.say("长期", "no end")), |day| lang.day(day)),
        state: match (row.state, row.expiry_date) {
            (CredentialState::Verified, Some(day)) if day >= at => {
                credential_badge(lang, row.state, row.expiry_date, at)
                    .then(&text(" "))
                    .then(&days_left(lang, day, at))
            }
            _ => credential_badge(lang, row.state, row.expiry_date, at),
        },
    });
    let latest = |index: usize, now: Markup, then: &'static str| {
        if index == 0 { now } else { badge(Tone::Off, then) }
    };
    let earlier = lang.say("较早", "earlier");
    let health = person.health.iter().enumerate().map(|(index, row)| PaperLine {
        lane: "H".to_owned(),
        word: lang.say("健康证明", "Health certificate").to_owned(),
        under: bdi(&row.issuer),
        number: None,
        from: lang.day(row.health.issue_date),
        to: lang.day(row.health.expiry_date),
        state: latest(index, health_badge(lang, Some(row.health), at), earlier),
    });
    let queries = person.queries.iter().enumerate().map(|(index, row)| {
        let found: Vec<String> = row.found.iter().map(|offence| lang.term(*offence)).collect();
        PaperLine {
            lane: "Q".to_owned(),
            word: lang.term(row.occasion),
            under: text(&lang.term(row.queried_of)),
            number: (!found.is_empty()).then(|| text(&found.join(lang.comma()))),
            from: lang.day(row.query.query_date),
            to: lang.day(row.query.valid_until),
            state: latest(index, query_badge(lang, Some(row.query), at), earlier),
        }
    });
    credentials.chain(health).chain(queries).collect()
}

pub(super) fn trainings(lang: Lang, rows: &[TrainingRow]) -> Vec<TrainingLine> {
    rows.iter()
        .map(|row| TrainingLine {
            kind: lang.term(row.kind),
            hours: number(u64::from(row.hours)),
            provider: bdi(&row.provider),
            completed: lang.day(row.completed_date),
        })
        .collect()
}

pub(super) fn bars(terms: &Terms, rows: &[BarRow], at: Date) -> Vec<BarLine> {
    let lang = terms.lang;
    rows.iter()
        .map(|row| {
            let from = lang.day(row.bar.from_date).then(&text(lang.say(" 至 ", " to ")));
            BarLine {
                ground: lang.term(row.bar.ground),
                period: match row.bar.until_date {
                    Some(until) => from.then(&lang.day(until)),
                    None => from.then(&text(lang.say("终身", "life"))),
                },
                decision: bdi(&row.decision_number),
                reason: row
                    .reason
                    .as_ref()
                    .map_or_else(html::dash, |reason| terms.value("reason", &json!(reason))),
                state: match &row.lifted {
                    Some((day, decision)) => badge(Tone::Off, lang.say("已解除", "lifted"))
                        .then(&text(" "))
                        .then(&lang.day_or_dash(*day))
                        .then(&text(" "))
                        .then(&bdi(decision)),
                    None if row.bar.bars_on(at) => badge(Tone::Bad, lang.say("禁止中", "in force")),
                    None if row.bar.from_date > at => badge(Tone::Warn, lang.say("尚未生效", "not yet in force")),
                    None => badge(Tone::Off, lang.say("已期满", "run out")),
                },
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_time_is_said_in_words() {
        assert_eq!(share(Lang::En, 1000), "full time");
        assert_eq!(share(Lang::Zh, 500), "工时 50.0%");
    }
}
