//! Lines of a timeline, for a dossier, an incident, an inspection and a person.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use uuid::Uuid;
use yujian_domain::time::day_of;
use yujian_views::{AsOf, Scope, TimelineRow};

use crate::Shared;
use crate::failure::Failure;
use crate::html::{self, Markup, Tone, badge, bdi, code, law, link, message, text, url};
use crate::lang::Lang;
use crate::terms::events::{event, member};
use crate::terms::labels::{label, role};
use crate::terms::{self, Terms};

/// Rows of an institution's timeline read at once while those of one stream are looked for.
const ROWS: u32 = 500;
/// Most readings: a stream holds 10,000 events at most.
const READINGS: usize = 60;

/// One event as shown.
#[derive(Debug)]
pub(crate) struct Line {
    /// Anchor.
    pub(crate) anchor: String,
    /// Class of its mark.
    pub(crate) tone: &'static str,
    /// Icon of its mark.
    pub(crate) icon: &'static str,
    /// What happened.
    pub(crate) title: &'static str,
    /// Type as stored.
    pub(crate) event_type: String,
    /// Link to the incident, inspection or person whose event it is, on another's page.
    pub(crate) of: Option<Markup>,
    /// When it happened.
    pub(crate) occurred: Markup,
    /// From when it has effect, when that is another time.
    pub(crate) effective: Option<Markup>,
    /// When it came in.
    pub(crate) received: Markup,
    /// When it was recorded.
    pub(crate) recorded: Markup,
    /// Remarks: late, not known then, damaged.
    pub(crate) remarks: Vec<Markup>,
    /// Who did it.
    pub(crate) actor: Markup,
    /// Articles relied on.
    pub(crate) basis: Vec<Markup>,
    /// Policy versions.
    pub(crate) policies: Option<Markup>,
    /// Place in its stream.
    pub(crate) place: String,
    /// Hash of the record, short and whole.
    pub(crate) hash: Option<(String, String)>,
    /// Source of imported history.
    pub(crate) provenance: Option<Markup>,
    /// Damage.
    pub(crate) damaged: Option<Markup>,
    /// What it says.
    pub(crate) details: Vec<(String, Markup)>,
    /// Whether it lies outside of the two times asked for.
    pub(crate) unseen: bool,
}

/// The two times asked for; `None`: the present.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moments {
    /// As of the end of this legal day.
    pub(crate) as_of: Option<Date>,
    /// Known at the end of this legal day.
    pub(crate) known_at: Option<Date>,
}

/// Days to look at with one click: known then, as of then.
pub(crate) fn presets(lang: Lang, path: &str, today: Date) -> Vec<(&'static str, String)> {
    let days = [
        (lang.say("30 天前", "30 days ago"), today.checked_sub(30.days()).ok()),
        (lang.say("今年年初", "1 January"), Date::new(today.year(), 1, 1).ok()),
        (lang.say("一年前", "a year ago"), today.checked_sub(1.year()).ok()),
    ];
    days.into_iter()
        .filter_map(|(word, day)| {
            let day = day?.to_string();
            Some((word, url(path, &[("as_of", Some(&day)), ("known_at", Some(&day))])))
        })
        .collect()
}

/// Anchor of an event on a page.
pub(crate) fn anchor(stream: &str, revision: u64) -> String {
    format!("e-{stream}-{revision}")
}

/// The events of one stream, oldest first, picked from the timeline of the institution that it concerns.
pub(crate) async fn own(
    shared: &Shared,
    scope: &Scope,
    institution: Uuid,
    stream: &str,
) -> Result<Option<(Vec<TimelineRow>, AsOf)>, Failure> {
    let mut own = Vec::new();
    let mut after = None;
    let mut fresh = None;
    for _ in 0..READINGS {
        let page = shared.views.timeline(scope, institution, after, ROWS).await?;
        fresh.get_or_insert(page.as_of);
        let reached = page.rows.iter().any(|line| line.stream == stream && line.revision == 0);
        own.extend(page.rows.into_iter().filter(|line| line.stream == stream));
        after = page.next;
        if reached || after.is_none() {
            break;
        }
    }
    own.sort_by_key(|line| line.revision);
    own.dedup_by_key(|line| line.revision);
    Ok(fresh.map(|as_of| (own, as_of)))
}

/// Makes a line. `own` is the stream whose page it is: events of other streams get a link.
pub(crate) fn line(terms: &Terms, row: &TimelineRow, own: &str, moments: Moments) -> Line {
    let lang = terms.lang;
    let (title, tone, icon) = event(lang, &row.event_type);
    let (title, tone, icon) = if row.damaged.is_some() {
        (lang.say("此处数据受损", "Damaged here"), Tone::Bad, "crack")
    } else {
        (title, tone, icon)
    };
    let happened = row.occurred_time.map(day_of).or(row.occurred_date);
    let begins = row.effective_from.map(day_of).or(happened);
    let mut remarks = Vec::new();
    if row.provenance.is_some() {
        remarks.push(badge(Tone::Off, lang.say("导入", "imported")));
    } else if let Some(days) = happened.and_then(|happened| days_between(happened, day_of(row.received_time))) {
        remarks.push(badge(
            Tone::Warn,
            lang.say(&format!("迟到 {days} 天"), &format!("{days} d late")),
        ));
    }
    let later = moments.as_of.zip(begins).is_some_and(|(asked, begins)| begins > asked);
    let unknown = moments.known_at.is_some_and(|asked| day_of(row.recorded_time) > asked);
    if later {
        remarks.push(badge(Tone::Hold, lang.say("截至日之后", "after the day asked for")));
    }
    if unknown {
        remarks.push(badge(Tone::Hold, lang.say("已知日尚未知悉", "not known then")));
    }
    Line {
        anchor: anchor(&row.stream, row.revision),
        tone: tone.name(),
        icon,
        title,
        event_type: row.event_type.clone(),
        of: (row.stream != own).then(|| belongs_to(lang, &row.stream)).flatten(),
        occurred: occurred(lang, row.occurred_time, row.occurred_date),
        effective: row
            .effective_from
            .filter(|_| begins != happened)
            .map(|from| lang.day(day_of(from))),
        received: lang.moment(row.received_time),
        recorded: lang.moment(row.recorded_time),
        remarks,
        actor: actor(lang, row),
        basis: row
            .legal_basis
            .iter()
            .map(|(name, article)| law(&format!("{name} {article}")))
            .collect(),
        policies: policies(lang, &row.policies),
        place: format!("{}@{}", row.stream, row.revision),
        hash: (!row.hash.is_empty()).then(|| (terms::short(&row.hash), row.hash.clone())),
        provenance: row.provenance.as_deref().map(bdi),
        damaged: row.damaged.as_deref().map(message),
        details: details(terms, row),
        unseen: later || unknown,
    }
}

/// Link to the page of a stream's subject.
fn belongs_to(lang: Lang, stream: &str) -> Option<Markup> {
    let (kind, id) = stream.split_once('-')?;
    let (pages, word) = match kind {
        "incident" => ("incidents", lang.say("事件", "incident")),
        "inspection" => ("inspections", lang.say("检查", "inspection")),
        "person" => ("persons", lang.say("人员", "person")),
        _ => return None,
    };
    Some(link(&format!("/{pages}/{id}"), &text(word)))
}

fn occurred(lang: Lang, time: Option<Timestamp>, date: Option<Date>) -> Markup {
    match (time, date) {
        (Some(time), _) => lang.moment(time),
        (None, Some(date)) => lang.day(date),
        (None, None) => text(lang.say("发生时间不详", "time of occurrence unknown")),
    }
}

/// Versions of the policies relied on, `id@version`.
fn policies(lang: Lang, stored: &[String]) -> Option<Markup> {
    let one = |policy: &String| match policy.rsplit_once('@') {
        Some((id, version)) => terms::policy(lang, id, version),
        None => code(policy),
    };
    (!stored.is_empty()).then(|| Markup::join(stored.iter().map(one), lang.comma()))
}

/// Whole days from `from` to `to`, when there are any.
fn days_between(from: Date, to: Date) -> Option<i32> {
    from.until(to).ok().map(|span| span.get_days()).filter(|days| *days > 0)
}

/// Who did it: role, account and organisation.
pub(crate) fn actor(lang: Lang, row: &TimelineRow) -> Markup {
    if row.actor_id.is_empty() {
        return html::dash();
    }
    let who = text(role(lang, &row.actor_role))
        .then(&text(" "))
        .then(&bdi(&row.actor_id));
    match &row.actor_organisation {
        Some(organisation) => who.then(&text(lang.say("，", ", "))).then(&bdi(organisation)),
        None => who,
    }
}

fn details(terms: &Terms, row: &TimelineRow) -> Vec<(String, Markup)> {
    let lang = terms.lang;
    let Some(members) = row.payload.as_object() else {
        return Vec::new();
    };
    members
        .iter()
        .filter(|(name, value)| {
            !value.is_null() && !["institution", "identity_digest", "certificate"].contains(&name.as_str())
        })
        .map(|(name, value)| {
            let shown = if name == "value" && row.event_type.contains("FactCorrected") {
                let key = members
                    .get("key")
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or("value");
                terms.value(key.rsplit('.').next().unwrap_or(key), value)
            } else {
                terms.value(member(&row.event_type, name), value)
            };
            (label(lang, member(&row.event_type, name)).into_owned(), shown)
        })
        .chain(std::iter::once((
            lang.say("事件编号", "Event id").to_owned(),
            code(&row.event_id.to_string()),
        )))
        .collect()
}
