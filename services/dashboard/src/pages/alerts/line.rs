//! How an alert reads wherever it stands: its rule with the version, what it measures against, the events that show it, and
//! what became of it.

use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::alert::{AlertSeverity, LinkTarget, Status};
use yujian_domain::envelope::FactRef;
use yujian_views::AlertRow;

use crate::html::{Markup, Tone, badge, bdi, code, link, number, text};
use crate::lang::Lang;
use crate::pages::timeline;
use crate::terms::labels::role;
use crate::terms::{self, Terms, short};

/// One alert.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) anchor: String,
    pub(crate) href: String,
    pub(crate) rule: Markup,
    pub(crate) severity: Markup,
    /// Policy with its version, and threshold.
    pub(crate) explained: Vec<Markup>,
    pub(crate) institution: Markup,
    pub(crate) institution_href: String,
    pub(crate) region: Markup,
    pub(crate) about: Vec<Markup>,
    pub(crate) since: Markup,
    pub(crate) due: Option<Markup>,
    pub(crate) raised: Markup,
    pub(crate) state: Markup,
    /// What became of it, and who did it when.
    pub(crate) fate: Vec<Markup>,
    pub(crate) days: String,
    pub(crate) evidence: Markup,
    pub(crate) damaged: bool,
}

/// How an alert weighs.
pub(crate) fn severity_badge(lang: Lang, severity: AlertSeverity) -> Markup {
    let tone = match severity {
        AlertSeverity::Grave => Tone::Bad,
        AlertSeverity::Warning => Tone::Warn,
        AlertSeverity::Notice => Tone::Info,
    };
    badge(tone, &lang.term(severity))
}

/// Where an alert stands.
pub(crate) fn state_badge(lang: Lang, status: Status) -> Markup {
    let tone = match status {
        Status::Raised => Tone::Warn,
        Status::Acknowledged | Status::Linked => Tone::Info,
        Status::Confirmed => Tone::Bad,
        Status::None | Status::Dismissed | Status::Lapsed => Tone::Off,
    };
    badge(tone, &lang.term(status))
}

/// What an alert measures against: `days:30` as `30 天`; a unit without a word here stays as it was written.
pub(crate) fn threshold(lang: Lang, stored: &str) -> Markup {
    let Some((unit, count)) = stored.split_once(':') else {
        return bdi(stored);
    };
    let (zh, en) = match unit {
        "days" => ("天", "d"),
        "working_days" => ("个工作日", "wd"),
        "months" => ("个月", "months"),
        "permille" => ("‰", "‰"),
        "times" => ("次", "times"),
        "children" => ("人", "children"),
        _ => return bdi(stored),
    };
    let count = count
        .parse()
        .map_or_else(|_| count.to_owned(), |count: u64| number(count));
    text(&format!("{count} {}", lang.say(zh, en)))
}

/// Policy with its version, as `id 第 2 版`.
pub(crate) fn policy(lang: Lang, row: &AlertRow) -> Option<Markup> {
    let (id, version) = row.policy.as_ref()?;
    Some(terms::policy(lang, id, version))
}

/// A named link to something by its id.
fn to(path: &str, id: Uuid, word: &str) -> Markup {
    let label = text(word).then(&text(" ")).then(&code(&short(&id.to_string())));
    link(&format!("/{path}/{id}"), &label)
}

/// An event that shows the fact: a link to its place on the page of what it is about.
pub(crate) fn fact(fact: &FactRef) -> Markup {
    let (kind, id) = fact.stream.split_once('-').unwrap_or((&fact.stream, ""));
    let label = code(&format!("{kind}-{}@{}", short(id), fact.revision));
    let page = match kind {
        "institution" => "institutions",
        "incident" => "incidents",
        "inspection" => "inspections",
        "person" => "persons",
        _ => return label,
    };
    if Uuid::parse_str(id).is_err() {
        return label;
    }
    let anchor = timeline::anchor(&fact.stream, fact.revision);
    link(&format!("/{page}/{id}#{anchor}"), &label)
}

/// Where an alert is looked into.
pub(crate) fn target(lang: Lang, institution: Uuid, target: LinkTarget) -> Markup {
    match target {
        LinkTarget::Inspection(id) => to("inspections", id, lang.say("检查", "inspection")),
        LinkTarget::Incident(id) => to("incidents", id, lang.say("事件", "incident")),
        LinkTarget::Application(number) => application(lang, institution, number),
    }
}

fn application(lang: Lang, institution: Uuid, number: u32) -> Markup {
    let word = format!("{} {number}", lang.say("备案申请", "filing"));
    link(&format!("/institutions/{institution}"), &text(&word))
}

/// Whom and what an alert is about, beside its institution.
pub(crate) fn about(lang: Lang, row: &AlertRow) -> Vec<Markup> {
    let person = row.person.map(|id| to("persons", id, lang.say("人员", "person")));
    let inspection = row
        .inspection
        .map(|id| to("inspections", id, lang.say("检查", "inspection")));
    let filing = row.application.map(|number| application(lang, row.institution, number));
    [person, inspection, filing].into_iter().flatten().collect()
}

/// Days that an alert has been open, or was.
pub(crate) fn days(lang: Lang, row: &AlertRow, at: Date) -> String {
    format!("{} {}", number(row.days_open(at)), lang.say("天", "d"))
}

/// Who acted on it last, and when.
pub(crate) fn handled(lang: Lang, row: &AlertRow) -> Option<Markup> {
    let ((account, who), time) = (row.handled_by.as_ref()?, row.handled_time?);
    Some(
        text(role(lang, who))
            .then(&text(" "))
            .then(&bdi(account))
            .then(&text(lang.say("，", ", ")))
            .then(&lang.moment(time)),
    )
}

/// A line, with the way to whom and what it concerns and to the events that show it.
pub(crate) fn line(terms: &Terms, row: &AlertRow, at: Date) -> Row {
    let lang = terms.lang;
    let measured = row
        .threshold
        .as_deref()
        .map(|stored| text(lang.say("阈值 ", "threshold ")).then(&threshold(lang, stored)));
    let reason = row.dismissal.map(|reason| text(&lang.term(reason)));
    let linked = row.link.map(|link| target(lang, row.institution, link));
    Row {
        anchor: format!("a-{}", row.id),
        href: format!("/alerts/{}", row.id),
        rule: text(&lang.term(row.rule)),
        severity: severity_badge(lang, row.severity),
        explained: policy(lang, row).into_iter().chain(measured).collect(),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        region: terms.region(&row.region),
        about: about(lang, row),
        since: lang.day(row.since_date),
        due: row.due_date.map(|day| lang.day(day)),
        raised: lang.moment(row.raised_time),
        state: state_badge(lang, row.status),
        fate: reason.into_iter().chain(linked).chain(handled(lang, row)).collect(),
        days: days(lang, row, at),
        evidence: Markup::join(row.evidence.iter().map(fact), lang.comma()),
        damaged: row.damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_read_in_both_languages_and_unknown_units_stay() {
        for (stored, zh, en) in [
            ("days:30", "30 天", "30 d"),
            ("permille:1000", "1,000 ‰", "1,000 ‰"),
            ("working_days:15", "15 个工作日", "15 wd"),
            ("parsecs:2", "<bdi>parsecs:2</bdi>", "<bdi>parsecs:2</bdi>"),
            ("none", "<bdi>none</bdi>", "<bdi>none</bdi>"),
        ] {
            assert_eq!(threshold(Lang::Zh, stored).to_string(), zh);
            assert_eq!(threshold(Lang::En, stored).to_string(), en);
        }
    }

    #[test]
    fn a_fact_leads_to_its_event_where_it_has_a_page() {
        let id = "01900000-0000-7000-8000-000000000001";
        let shown = |stream: String| fact(&FactRef { stream, revision: 4 }).to_string();
        let href = format!("/persons/{id}#e-person-{id}-4");
        assert!(shown(format!("person-{id}")).contains(&href));
        assert!(!shown("visits-x".to_owned()).contains("href"));
        assert!(!shown("person-<b>".to_owned()).contains("<b>"));
    }
}
