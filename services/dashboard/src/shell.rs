//! What stands around every page: title, navigation, path, freshness.

use jiff::Timestamp;
use yujian_views::AsOf;

use crate::Shared;
use crate::assets::{ASSETS, Assets};
use crate::html::{self, Markup};
use crate::lang::Lang;
use crate::visit::{Theme, Visit, choose};

/// One step of the path above a page.
#[derive(Debug, Clone)]
pub(crate) struct Crumb {
    /// What it is called.
    pub(crate) label: Markup,
    /// Where it leads; `None`: this page.
    pub(crate) href: Option<String>,
}

impl Crumb {
    /// A step that leads somewhere.
    pub(crate) fn to(label: Markup, href: impl Into<String>) -> Self {
        Self {
            label,
            href: Some(href.into()),
        }
    }

    /// The page itself.
    pub(crate) fn here(label: Markup) -> Self {
        Self { label, href: None }
    }
}

/// How fresh the figures are.
#[derive(Debug, Clone)]
pub(crate) struct Fresh {
    /// Position as text, also the token from which the live stream goes on.
    pub(crate) token: String,
    /// Position to read.
    pub(crate) position: String,
    /// When the newest record was written.
    pub(crate) recorded: Option<Markup>,
    /// Its age in seconds when the page was made; empty without records.
    pub(crate) age: String,
    /// The same in words.
    pub(crate) age_words: String,
    /// Records not folded yet.
    pub(crate) lag: u64,
    /// The same in words.
    pub(crate) lag_words: String,
    /// When the page was made.
    pub(crate) made: Markup,
    /// Damaged records.
    pub(crate) damaged: u64,
    /// Events of types that this version can't read.
    pub(crate) unknown: u64,
}

impl Fresh {
    /// From what the views say, as of `now`.
    pub(crate) fn new(lang: Lang, as_of: &AsOf, now: Timestamp) -> Self {
        let age = as_of.recorded_time.map(|recorded| html::seconds_between(recorded, now));
        Self {
            token: as_of.position.to_string(),
            position: position(lang, as_of),
            recorded: as_of.recorded_time.map(|time| lang.moment(time)),
            age: age.map_or_else(String::new, |seconds| seconds.to_string()),
            age_words: age_words(lang, as_of, now),
            lag: as_of.lag,
            lag_words: lag_words(lang, as_of),
            made: lang.moment(now),
            damaged: as_of.damaged,
            unknown: as_of.unknown,
        }
    }
}

/// A position to read; the epoch of the log only where there was more than one.
fn position(lang: Lang, as_of: &AsOf) -> String {
    let number = html::number(as_of.position.number);
    match as_of.position.epoch {
        0 | 1 => number,
        epoch => lang
            .say(
                &format!("{number}（第 {epoch} 纪元）"),
                &format!("{number} (epoch {epoch})"),
            )
            .to_owned(),
    }
}

/// How old the newest record is, in words.
pub(crate) fn age_words(lang: Lang, as_of: &AsOf, now: Timestamp) -> String {
    match as_of.recorded_time {
        Some(recorded) => lang.ago(html::seconds_between(recorded, now)),
        None => lang.say("尚无记录", "no record yet").to_owned(),
    }
}

/// How many records are not folded yet, in words; how many exactly only an engine without gaps can tell.
pub(crate) fn lag_words(lang: Lang, as_of: &AsOf) -> String {
    match (as_of.lag, as_of.lag_exact) {
        (0, _) => lang.say("没有", "none").to_owned(),
        (lag, true) => format!("{} {}", html::number(lag), lang.say("条", "records")),
        (_, false) => lang.say("有新记录", "new records").to_owned(),
    }
}

/// The frame of one page.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    /// Title of the page.
    pub(crate) title: String,
    /// Its language.
    pub(crate) lang: Lang,
    /// Its colours.
    pub(crate) theme: Theme,
    /// Whether it hangs on a wall.
    pub(crate) wall: bool,
    /// Path of the navigation entry to which the page belongs.
    pub(crate) section: &'static str,
    /// Path above the page.
    pub(crate) crumbs: Vec<Crumb>,
    /// Freshness; `None` on pages without figures.
    pub(crate) fresh: Option<Fresh>,
    /// Address of the live stream; empty on pages that do not change.
    pub(crate) events: String,
    /// Address of this page, to read it again.
    pub(crate) here: String,
    /// Whether the data is invented.
    pub(crate) demo: bool,
    /// Files.
    pub(crate) assets: &'static Assets,
}

/// Entries of the navigation: path, and word in Chinese and English.
const SECTIONS: [(&str, &str, &str); 9] = [
    ("/", "监管总览", "Overview"),
    ("/institutions", "机构名录", "Institutions"),
    ("/admission", "机构准入", "Admission"),
    ("/deadlines", "时限", "Deadlines"),
    ("/staff", "人员资质", "Staff"),
    ("/conduct", "执业规范", "Conduct"),
    ("/incidents", "安全事件", "Incidents"),
    ("/alerts", "预警", "Alerts"),
    ("/status", "系统状态", "System"),
];

/// A choice of how the pages look.
#[derive(Debug)]
pub(crate) struct Look {
    /// Its name.
    pub(crate) word: &'static str,
    /// The address that sets it.
    pub(crate) href: String,
    /// Whether it holds.
    pub(crate) chosen: bool,
}

impl Shell {
    /// A frame without freshness, for somebody's visit.
    pub(crate) fn new(
        shared: &Shared,
        visit: &Visit,
        title: impl Into<String>,
        section: &'static str,
        here: impl Into<String>,
    ) -> Self {
        Self {
            title: title.into(),
            lang: visit.lang,
            theme: visit.theme,
            wall: visit.wall,
            section,
            crumbs: Vec::new(),
            fresh: None,
            events: String::new(),
            here: here.into(),
            demo: shared.demo,
            assets: &ASSETS,
        }
    }

    /// With the path above the page.
    pub(crate) fn under(mut self, crumbs: Vec<Crumb>) -> Self {
        self.crumbs = crumbs;
        self
    }

    /// With freshness, and live updates from `events`.
    pub(crate) fn live(mut self, as_of: &AsOf, now: Timestamp, events: String) -> Self {
        self.fresh = Some(Fresh::new(self.lang, as_of, now));
        self.events = events;
        self
    }

    /// The words of the page's language.
    pub(crate) fn say<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.lang.say(zh, en)
    }

    /// Entries of the navigation: path and word.
    pub(crate) fn sections(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        SECTIONS.iter().map(|(path, zh, en)| (*path, self.lang.say(zh, en)))
    }

    /// What the section of the page is called; empty outside of every section.
    pub(crate) fn section_word(&self) -> &'static str {
        self.sections()
            .find(|(path, _)| *path == self.section)
            .map_or("", |(_, word)| word)
    }

    /// The other language: what it calls itself, its tag, and the address that chooses it.
    pub(crate) fn other_language(&self) -> (&'static str, &'static str, String) {
        let (other, name) = self.lang.other();
        (name, other.tag(), choose("lang", other.code(), &self.here))
    }

    /// The colours that can be chosen.
    pub(crate) fn themes(&self) -> [Look; 3] {
        Theme::ALL.map(|theme| Look {
            word: theme.word(self.lang),
            href: choose("theme", theme.code(), &self.here),
            chosen: theme == self.theme,
        })
    }

    /// Where the live stream goes on.
    pub(crate) fn token(&self) -> &str {
        self.fresh.as_ref().map_or("", |fresh| fresh.token.as_str())
    }
}
