//! Legal clocks as the pages of admission show them: badges, lines of a list, drawings with their tables.

use jiff::civil::Date;
use yujian_domain::calendar::Calendar;
use yujian_domain::clock::{ClockState, ExtensionReason, PauseReason, Unit};
use yujian_views::{CLOCK_SOON_WORKING_DAYS, ClockBucket, ClockHistory, ClockRow, ClockStep, ClockStepKind};

use super::applications::application_href;
use crate::html::{self, Markup, Tone, badge, number, text};
use crate::lang::Lang;
use crate::terms::{self, Terms};
use crate::ticks::Ticks;

/// The last day that counts as due soon at a day.
pub(crate) fn soon(calendar: &Calendar, at: Date) -> Date {
    calendar.add_working_days(at, CLOCK_SOON_WORKING_DAYS).date
}

/// What a bucket is called at the head of a column.
pub(crate) fn bucket_word(lang: Lang, bucket: ClockBucket) -> String {
    match bucket {
        ClockBucket::None => lang.say(bucket.zh(), "No clock").to_owned(),
        bucket => lang.term(bucket),
    }
}

/// How a bucket weighs.
pub(crate) const fn tone(bucket: ClockBucket) -> Tone {
    match bucket {
        ClockBucket::Overdue => Tone::Bad,
        ClockBucket::DueSoon => Tone::Warn,
        ClockBucket::Paused => Tone::Hold,
        ClockBucket::Ample => Tone::Info,
        ClockBucket::None => Tone::Off,
    }
}

/// Class of a bucket in a bar.
pub(crate) const fn class(bucket: ClockBucket) -> &'static str {
    match bucket {
        ClockBucket::Overdue => "fbad",
        ClockBucket::DueSoon => "fwarn",
        ClockBucket::Paused => "fpause",
        ClockBucket::Ample => "f1",
        ClockBucket::None => "fend",
    }
}

/// Days in the unit of a clock: `5 个工作日`, `5 wd`, `30 天`, `30 d`.
pub(crate) fn days(lang: Lang, unit: Unit, days: u64) -> String {
    let shown = number(days);
    match unit {
        Unit::WorkingDays => lang
            .say(&format!("{shown} 个工作日"), &format!("{shown} wd"))
            .to_owned(),
        Unit::CalendarDays | Unit::FixedDay => lang.say(&format!("{shown} 天"), &format!("{shown} d")).to_owned(),
    }
}

/// What is left of a clock at a day, as a badge.
pub(crate) fn left(lang: Lang, row: &ClockRow, at: Date, calendar: &Calendar) -> Markup {
    let bucket = row.bucket(at, soon(calendar, at));
    let Some(left) = row.days_left(at, calendar) else {
        return ended(lang, row);
    };
    let shown = days(lang, row.unit, left.unsigned_abs());
    let words = match (bucket, left) {
        (ClockBucket::Paused, _) => lang
            .say(&format!("暂停，剩 {shown}"), &format!("paused, {shown} left"))
            .to_owned(),
        (ClockBucket::Overdue, _) => lang.say(&format!("超 {shown}"), &format!("{shown} over")).to_owned(),
        (_, ..0) => lang.say("暂定期限已过", "provisional day passed").to_owned(),
        (_, 0) => lang.say("今日到期", "due today").to_owned(),
        _ => lang.say(&format!("剩 {shown}"), &format!("{shown} left")).to_owned(),
    };
    badge(tone(bucket), &words)
}

/// How a clock ended.
fn ended(lang: Lang, row: &ClockRow) -> Markup {
    let (tone, words) = match (row.state, row.late) {
        (ClockState::Met, false) => (Tone::Ok, lang.say("按时完成", "met in time")),
        (ClockState::Met, true) => (Tone::Warn, lang.say("逾期完成", "met late")),
        (ClockState::Expired, _) => (
            Tone::Hold,
            lang.say("届满，结果已生效", "ran out, what follows has followed"),
        ),
        _ => (Tone::Off, lang.say("终止", "ended with its matter")),
    };
    badge(tone, words)
}

/// How long a clock is: `5 个工作日`, with what an extension added; empty for a fixed day.
pub(crate) fn length(lang: Lang, row: &ClockRow) -> String {
    if row.count == 0 {
        return String::new();
    }
    let own = days(lang, row.unit, row.count.into());
    if row.extension == 0 {
        own
    } else {
        format!("{own} + {}", days(lang, row.unit, row.extension.into()))
    }
}

/// A row of the table of a clock's events.
#[derive(Debug)]
pub(crate) struct StepLine {
    pub(crate) what: String,
    pub(crate) date: Markup,
    pub(crate) reason: String,
    pub(crate) due: Markup,
    pub(crate) provisional: bool,
    pub(crate) revision: u64,
}

fn step(lang: Lang, step: &ClockStep) -> StepLine {
    let reason = step.reason.as_deref();
    let reason = reason
        .and_then(PauseReason::from_code)
        .map(|reason| lang.term(reason))
        .or_else(|| {
            reason
                .and_then(ExtensionReason::from_code)
                .map(|reason| lang.term(reason))
        });
    StepLine {
        what: lang.term(step.kind),
        date: lang.day_or_dash(step.date),
        reason: reason.unwrap_or_default(),
        due: lang.day_or_dash(step.due_date.filter(|_| step.kind != ClockStepKind::Paused)),
        provisional: step.provisional,
        revision: step.revision,
    }
}

/// A clock with its drawing and its events.
#[derive(Debug)]
pub(crate) struct ClockBlock {
    /// Distinguishes it on the page.
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) owner: String,
    pub(crate) length: String,
    pub(crate) left: Markup,
    pub(crate) from: Markup,
    pub(crate) due: Markup,
    pub(crate) provisional: bool,
    pub(crate) implied: bool,
    pub(crate) policy: Markup,
    /// The application that it belongs to.
    pub(crate) application: Option<Markup>,
    pub(crate) ticks: Option<Ticks>,
    pub(crate) steps: Vec<StepLine>,
}

/// A clock as a block of a page.
pub(crate) fn block(terms: &Terms, history: &ClockHistory, at: Date, calendar: &Calendar) -> ClockBlock {
    let (lang, row) = (terms.lang, &history.row);
    ClockBlock {
        id: format!("c-{}-{}", row.clock.kind.code(), row.clock.revision),
        kind: lang.term(row.clock.kind),
        owner: lang.term(row.owner),
        length: length(lang, row),
        left: left(lang, row, at, calendar),
        from: lang.day(row.from_date),
        due: if row.state == ClockState::Paused {
            text(lang.say("恢复后再定", "told when it runs again"))
        } else {
            lang.day(row.due_date)
        },
        provisional: row.provisional,
        implied: row.implied,
        policy: terms::policy(lang, &row.policy.0, row.policy.1),
        application: row.application.map(|number| {
            let words = lang
                .say(&format!("第 {number} 号申请"), &format!("application no. {number}"))
                .to_owned();
            html::link(&application_href(row.institution, number), &text(&words))
        }),
        ticks: Ticks::new(lang, history, at, calendar),
        steps: history.steps.iter().map(|of| step(lang, of)).collect(),
    }
}
