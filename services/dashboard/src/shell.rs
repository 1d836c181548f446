//! What stands around every page: title, navigation, path, freshness.

use jiff::Timestamp;
use yujian_views::AsOf;

use crate::Shared;
use crate::assets::{ASSETS, Assets};
use crate::html::{self, Markup};

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
    pub(crate) fn new(as_of: &AsOf, now: Timestamp) -> Self {
        let position = html::number(as_of.position.number);
        let age = as_of.recorded_time.map(|recorded| html::seconds_between(recorded, now));
        Self {
            token: as_of.position.to_string(),
            position: if as_of.position.epoch > 1 {
                format!("{position}（第 {} 纪元）", as_of.position.epoch)
            } else {
                position
            },
            recorded: as_of.recorded_time.map(html::moment),
            age: age.map_or_else(String::new, |seconds| seconds.to_string()),
            age_words: age.map_or_else(|| "尚无记录".to_owned(), |seconds| format!("{}前", html::span(seconds))),
            lag: as_of.lag,
            lag_words: lag_words(as_of),
            made: html::moment(now),
            damaged: as_of.damaged,
            unknown: as_of.unknown,
        }
    }
}

/// How many records are not folded yet, in words; how many exactly only an engine without gaps can tell.
pub(crate) fn lag_words(as_of: &AsOf) -> String {
    match (as_of.lag, as_of.lag_exact) {
        (0, _) => "没有".to_owned(),
        (lag, true) => format!("{} 条", html::number(lag)),
        (_, false) => "有新记录".to_owned(),
    }
}

/// The frame of one page.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    /// Title of the page.
    pub(crate) title: String,
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

/// Entries of the navigation: path and word.
const SECTIONS: [(&str, &str); 4] = [
    ("/", "监管总览"),
    ("/institutions", "机构名录"),
    ("/incidents", "安全事件"),
    ("/status", "系统状态"),
];

impl Shell {
    /// A frame without freshness.
    pub(crate) fn new(
        shared: &Shared,
        title: impl Into<String>,
        section: &'static str,
        here: impl Into<String>,
    ) -> Self {
        Self {
            title: title.into(),
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
        self.fresh = Some(Fresh::new(as_of, now));
        self.events = events;
        self
    }

    /// Entries of the navigation.
    pub(crate) fn sections(&self) -> &'static [(&'static str, &'static str)] {
        &SECTIONS
    }

    /// Where the live stream goes on.
    pub(crate) fn token(&self) -> &str {
        self.fresh.as_ref().map_or("", |fresh| fresh.token.as_str())
    }
}
