//! The two languages of the page. Both words of a thing stand side by side in the code, `say("机构", "Institution")`, so
//! that none can be missing and whoever changes one sees the other.
//!
//! Numbers are written alike in both; days, instants and spans of time are not. What a person or a foreign register
//! wrote, names of divisions and laws are never translated: they stand in `<bdi>`.

use jiff::Timestamp;
use jiff::civil::Date;
use yujian_domain::time::shanghai;

use crate::html::{self, Markup};
use crate::terms::codes::{Coded, english};

/// A language of the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Lang {
    /// Chinese, the language of the records.
    #[default]
    Zh,
    /// English.
    En,
}

/// Words that are kept until the language is known: of a refusal, for example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Both {
    zh: String,
    en: String,
}

impl Both {
    /// The Chinese words and the English ones.
    pub(crate) fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }
}

impl Lang {
    /// Every language.
    pub(crate) const ALL: [Self; 2] = [Self::Zh, Self::En];

    /// Its code in addresses and cookies.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// Reads a code.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// Its language tag (BCP 47).
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// The other language, with what it calls itself.
    pub(crate) const fn other(self) -> (Self, &'static str) {
        match self {
            Self::Zh => (Self::En, "English"),
            Self::En => (Self::Zh, "中文"),
        }
    }

    /// The language that a browser prefers of those that there are, by the weights of `Accept-Language`. `None` when it
    /// names neither.
    pub(crate) fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(Self, u32)> = None;
        for part in header.split(',') {
            let mut pieces = part.split(';').map(str::trim);
            let tag = pieces.next().unwrap_or_default();
            let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
            let weight = pieces
                .find_map(|piece| piece.strip_prefix("q="))
                .map_or(Some(1000), permille)
                .unwrap_or(0);
            if let Some(lang) = Self::from_code(&primary)
                && weight > best.map_or(0, |(_, most)| most)
            {
                best = Some((lang, weight));
            }
        }
        best.map(|(lang, _)| lang)
    }

    /// The words of this language.
    pub(crate) const fn say<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    /// The same of words that were kept.
    pub(crate) fn pick(self, both: &Both) -> &str {
        self.say(&both.zh, &both.en)
    }

    /// What a value of a closed list is called.
    pub(crate) fn term(self, value: impl Coded) -> String {
        match self {
            Self::Zh => value.zh().to_owned(),
            Self::En => english(value.code()),
        }
    }

    /// Between the members of an enumeration.
    pub(crate) const fn comma(self) -> &'static str {
        self.say("、", ", ")
    }

    /// Between statements.
    pub(crate) const fn semicolon(self) -> &'static str {
        self.say("；", "; ")
    }

    /// After a name that is explained.
    pub(crate) const fn colon(self) -> &'static str {
        self.say("：", ": ")
    }

    /// A legal day: `2026-11-24`, `24 Nov 2026`.
    pub(crate) fn day(self, day: Date) -> Markup {
        html::time(&day.to_string(), &self.date(day))
    }

    /// A legal day near another: without the year when both lie in one, `11-24`, `24 Nov`.
    pub(crate) fn near(self, day: Date, other: Date) -> Markup {
        if day.year() != other.year() {
            return self.day(day);
        }
        let shown = day.strftime(self.say("%m-%d", "%-d %b")).to_string();
        html::time(&day.to_string(), &shown)
    }

    /// A legal day, or a dash.
    pub(crate) fn day_or_dash(self, value: Option<Date>) -> Markup {
        value.map_or_else(html::dash, |day| self.day(day))
    }

    /// An instant as the clock in Shanghai shows it, to the second, with the UTC instant for machines:
    /// `2026-11-24 09:42:18`, `24 Nov 2026, 09:42:18`.
    pub(crate) fn moment(self, instant: Timestamp) -> Markup {
        let local = instant.to_zoned_datetime(shanghai());
        let shown = self.say("%Y-%m-%d %H:%M:%S", "%-d %b %Y, %H:%M:%S");
        html::time(&format!("{instant:.3}"), &local.strftime(shown).to_string())
    }

    /// An instant, or a dash.
    pub(crate) fn moment_or_dash(self, value: Option<Timestamp>) -> Markup {
        value.map_or_else(html::dash, |instant| self.moment(instant))
    }

    /// A day as words alone, for charts.
    pub(crate) fn date(self, day: Date) -> String {
        day.strftime(self.say("%Y-%m-%d", "%-d %b %Y")).to_string()
    }

    /// A span of time: `2 秒`, `12 分钟`, `3 小时 5 分`, `4 天`; `2 s`, `12 min`, `3 h 5 min`, `4 d`.
    pub(crate) fn span(self, seconds: u64) -> String {
        let (hour, minute) = (seconds / 3600, seconds % 3600 / 60);
        match seconds {
            0..60 => format!("{seconds} {}", self.say("秒", "s")),
            60..3600 => format!("{minute} {}", self.say("分钟", "min")),
            3600..86_400 if minute == 0 => format!("{hour} {}", self.say("小时", "h")),
            3600..86_400 => format!("{hour} {} {minute} {}", self.say("小时", "h"), self.say("分", "min")),
            _ => format!("{} {}", html::number(seconds / 86_400), self.say("天", "d")),
        }
    }

    /// How long ago: `12 分钟前`, `12 min ago`.
    pub(crate) fn ago(self, seconds: u64) -> String {
        format!("{}{}", self.span(seconds), self.say("前", " ago"))
    }
}

/// `0.85` as 850; `None` when it is no weight.
fn permille(weight: &str) -> Option<u32> {
    let (whole, rest) = weight.trim().split_once('.').unwrap_or((weight.trim(), ""));
    let digits = rest.len() <= 3 && rest.bytes().all(|digit| digit.is_ascii_digit());
    let value = whole.parse::<u32>().ok()?.checked_mul(1000)?;
    let part = format!("{rest:0<3}").parse::<u32>().ok()?;
    (digits && value + part <= 1000).then_some(value + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_heard_by_its_weights_and_the_unknown_is_passed_over() {
        for (header, lang) in [
            ("en-US,en;q=0.9", Some(Lang::En)),
            ("zh-CN,zh;q=0.9,en;q=0.8", Some(Lang::Zh)),
            ("en;q=0.2, zh-Hans-CN;q=0.7", Some(Lang::Zh)),
            ("fr, de;q=0.9, en;q=0.1", Some(Lang::En)),
            ("fr, *", None),
            ("en;q=0, zh;q=nonsense", None),
            ("EN", Some(Lang::En)),
            ("english", None),
            ("", None),
        ] {
            assert_eq!(Lang::accepted(header), lang, "{header}");
        }
    }

    #[test]
    fn instants_show_the_clock_in_shanghai_and_carry_utc() {
        let instant: Timestamp = "2026-11-02T16:00:03.5Z".parse().unwrap();
        let machine = "<time datetime=\"2026-11-02T16:00:03.500Z\">";
        for (lang, shown) in [(Lang::Zh, "2026-11-03 00:00:03"), (Lang::En, "3 Nov 2026, 00:00:03")] {
            assert_eq!(lang.moment(instant).to_string(), format!("{machine}{shown}</time>"));
        }
    }

    #[test]
    fn the_year_is_dropped_inside_one_year_only() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (other, zh, en) in [
            ("2026-01-01", "06-03", "3 Jun"),
            ("2025-12-31", "2026-06-03", "3 Jun 2026"),
        ] {
            for (lang, shown) in [(Lang::Zh, zh), (Lang::En, en)] {
                let expected = format!("<time datetime=\"2026-06-03\">{shown}</time>");
                assert_eq!(lang.near(day("2026-06-03"), day(other)).to_string(), expected);
            }
        }
    }

    #[test]
    fn spans_read_in_both_languages() {
        for (seconds, zh, en) in [
            (0, "0 秒", "0 s"),
            (59, "59 秒", "59 s"),
            (60, "1 分钟", "1 min"),
            (3_600, "1 小时", "1 h"),
            (11_100, "3 小时 5 分", "3 h 5 min"),
            (172_800, "2 天", "2 d"),
        ] {
            assert_eq!(
                (Lang::Zh.span(seconds), Lang::En.span(seconds)),
                (zh.to_owned(), en.to_owned())
            );
        }
        assert_eq!(
            (Lang::Zh.ago(5), Lang::En.ago(5)),
            ("5 秒前".to_owned(), "5 s ago".to_owned())
        );
    }
}
