//! Comparing the four sources over one history.

mod single;

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;
use tonic::transport::Channel;
use yujian_domain::divisions::Divisions;
use yujian_domain::reference::Reference;

use super::admission::{self, Admissions};
use super::alerts;
use super::counts::{Counted, Figures, parts};
use super::grpc::Client;
use super::naive::{Institution, World};
use super::page::{self, get, of_region, shown};
use super::pages::{LISTS, NOT_THE_LIST, OF_ADMISSION, OF_ALERTS, OF_LISTS, OF_THE_FRAME, PAGES, Page};
use super::sql::Rows;

/// Working days within which a clock counts as due soon.
const CLOCK_SOON: u32 = 3;

/// What is the same in one history for all days.
pub struct History {
    what: String,
    address: String,
    world: World,
    rows: Rows,
    client: Client,
    divisions: &'static Divisions,
    /// Figures that were seen to be more than zero.
    pub seen: BTreeSet<String>,
    /// What the other sources say of rows, once read.
    beside: Vec<(&'static str, Figures)>,
    /// The day that is shown.
    at: Date,
}

/// Asserts that all four are equal, and tells the first that are not.
fn equal(what: &str, four: [(&str, Figures); 4]) {
    let keys: BTreeSet<&(String, String)> = four.iter().flat_map(|(_, figures)| figures.keys()).collect();
    let mut wrong = Vec::new();
    for key in keys {
        let told: Vec<Option<&String>> = four.iter().map(|(_, figures)| figures.get(key)).collect();
        if told.iter().any(|value| *value != told[0]) {
            let each: Vec<String> = four
                .iter()
                .zip(&told)
                .map(|((source, _), value)| format!("{source} {}", value.map_or("0", String::as_str)))
                .collect();
            wrong.push(format!("{} of {:?}: {}", key.0, key.1, each.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{what}: {} differ\n{}", wrong.len(), wrong.join("\n"));
}

impl History {
    /// A history that is served at an address, over the data of a directory.
    pub fn new(what: String, address: &str, channel: Channel, data: &Path, world: World) -> Self {
        let divisions = Divisions::shipped();
        let named = world.institutions.values().map(Institution::region).collect();
        let tops = parts(divisions, "", &named).into_iter().collect();
        Self {
            what,
            address: address.to_owned(),
            world,
            rows: Rows::of(data),
            client: Client::new(channel, tops),
            divisions,
            seen: BTreeSet::new(),
            beside: Vec::new(),
            at: Date::MIN,
        }
    }

    /// The figures of a page, without those in the frame of every page, which are looked at here.
    fn figures(&self, path: &str, html: &str) -> Figures {
        let mut figures = page::figures(path, html);
        let status = self.world.of_status();
        for name in OF_THE_FRAME {
            let key = (name.to_owned(), String::new());
            if let Some(value) = figures.remove(&key) {
                assert_eq!(status.get(&key), Some(&value), "{path}: {name}");
            }
        }
        figures
    }

    /// The pages of figures of a division at a day.
    async fn pages(&mut self, region: &str, at: Date, sql: &Counted, fold: &Counted) {
        let told = self.client.figures(region, at).await;
        for page in &PAGES {
            let path = of_region(page.path, region);
            let html = get(&self.address, &path);
            let what = format!("{}: {path} on {at}", self.what);
            let here = self.figures(&what, &html);
            let unnamed = page::unnamed_numbers(&html, page.says);
            assert!(unnamed.is_empty(), "{what}: numbers that are no figures: {unnamed:?}");
            let of_page = self.province_for(region);
            let mut told = &told;
            let province;
            if of_page != region {
                province = self.client.figures(&of_page, at).await;
                told = &province;
            }
            let region = of_page;
            let below = parts(self.divisions, &region, &sql.named());
            let (counts, institutions) = match page.path {
                "/" => (&told.overview, below.is_empty()),
                "/staff" => (&told.staff, false),
                _ => (&told.conduct, false),
            };
            let mut own = here.clone();
            own.retain(|(name, _), _| !OF_LISTS.contains(&name.as_str()));
            self.note(page, &region, &own);
            let expected =
                |counted: &Counted| page.expected(&region, &below, at, |code| counted.within(self.divisions, code));
            let replied = page.expected(&region, &below, at, |code| {
                counts.get(code).cloned().unwrap_or_default()
            });
            equal(
                &what,
                [
                    ("page", own),
                    ("gRPC", replied),
                    ("SQL", expected(sql)),
                    ("fold", expected(fold)),
                ],
            );
            if institutions {
                self.beside(&what, &here).await;
            }
            self.lists_behind(&what, &html, &region);
        }
    }

    /// A figure that is not listed for its page is a gap of this test.
    fn note(&mut self, page: &Page, region: &str, figures: &Figures) {
        for key in figures.keys() {
            let name = &key.0;
            assert!(
                page.shows(region, key) || page.parts.contains(&name.as_str()),
                "{} shows {name}, which this test does not know",
                page.path
            );
            self.seen.insert(name.clone());
        }
    }

    /// Figures beside rows, on the day that is shown.
    async fn of_lists(&mut self) -> Vec<(&'static str, Figures)> {
        let (mut rows, mut fold) = (self.rows.of_lists(), self.world.of_lists());
        rows.extend(self.rows.days_in_state(self.at));
        fold.extend(self.world.days_in_state(self.at));
        vec![("gRPC", self.client.of_lists().await), ("SQL", rows), ("fold", fold)]
    }

    /// Figures beside the rows of a page equal those of the same rows elsewhere.
    async fn beside(&mut self, what: &str, here: &Figures) {
        if self.beside.is_empty() {
            self.beside = self.of_lists().await;
        }
        for (source, figures) in &self.beside {
            for (key, value) in here.iter().filter(|((name, _), _)| OF_LISTS.contains(&name.as_str())) {
                assert_eq!(figures.get(key), Some(value), "{what}: {key:?} by {source}");
            }
        }
    }

    /// A figure of the division that leads to a list counts its rows. Those of the parts do so on their own pages.
    fn lists_behind(&self, what: &str, html: &str, region: &str) {
        let mut known = BTreeSet::new();
        for one in shown(html) {
            if one.of.split('/').next() != region.split('/').next() || !known.insert(one.list.clone()) {
                continue;
            }
            let Some(list) = one.list.filter(|list| list.starts_with('/')) else {
                continue;
            };
            let path = list.split('?').next().unwrap();
            if !LISTS.contains(&path) || NOT_THE_LIST.contains(&one.name.as_str()) || one.value.contains(['%', '.']) {
                continue;
            }
            let rows = self.figures(&list, &get(&self.address, &list));
            let total = rows
                .get(&("listed".to_owned(), path.to_owned()))
                .map_or("0", String::as_str);
            assert_eq!(total, one.value, "{what}: {} of {:?} leads to {list}", one.name, one.of);
        }
    }

    /// The page of admission of a division at a day.
    async fn admission(&mut self, region: &str, at: Date, sql: &Admissions, fold: &Admissions) {
        let path = of_region("/admission", region);
        let html = get(&self.address, &path);
        let what = format!("{}: {path} on {at}", self.what);
        let here = self.figures(&what, &html);
        let unnamed = page::unnamed_numbers(&html, &[]);
        assert!(unnamed.is_empty(), "{what}: numbers that are no figures: {unnamed:?}");
        for (name, _) in here.keys() {
            let known = OF_ADMISSION.contains(&name.as_str()) || OF_LISTS.contains(&name.as_str());
            assert!(known, "{what} shows {name}, which this test does not know");
            self.seen.insert(name.clone());
        }
        let region = self.province_for(region);
        let parts = parts(self.divisions, &region, &self.named());
        let calendar = &Reference::shipped().calendar;
        let figures = |of: &Admissions| of.figures(&region, &parts, at, calendar);
        let replied = self.client.of_admission(&region, at).await;
        self.beside(&what, &here).await;
        let own = here
            .into_iter()
            .filter(|((name, _), _)| !OF_LISTS.contains(&name.as_str()));
        equal(
            &what,
            [
                ("page", own.collect()),
                ("gRPC", replied),
                ("SQL", figures(sql)),
                ("fold", figures(fold)),
            ],
        );
        self.lists_behind(&what, &html, &region);
    }

    /// Divisions that institutions name.
    fn named(&self) -> BTreeSet<String> {
        self.world.institutions.values().map(Institution::region).collect()
    }

    /// Where everything lies in one province, the page of the whole is that province's.
    fn province_for(&self, region: &str) -> String {
        let tops = parts(self.divisions, "", &self.named());
        match tops.first() {
            Some(only) if region.is_empty() && tops.len() == 1 && only.len() == 2 => only.clone(),
            _ => region.to_owned(),
        }
    }

    /// Each clock that waits, with its last day and what is left of it, as the file of the list has it.
    async fn deadlines(&mut self, region: &str, at: Date, sql: &Admissions, fold: &Admissions) {
        let path = of_region("/deadlines.csv", region);
        let calendar = &Reference::shipped().calendar;
        let replied = self.client.deadlines(region, at).await;
        equal(
            &format!("{}: {path} on {at}", self.what),
            [
                ("page", admission::in_file(&page::file(&self.address, &path))),
                ("gRPC", replied),
                ("SQL", sql.deadlines(region, at, calendar)),
                ("fold", fold.deadlines(region, at, calendar)),
            ],
        );
    }

    /// Lists of a division: how many rows they have.
    async fn lists(&mut self, region: &str, at: Date, sql: &Counted, fold: &Counted, admitted: [&Admissions; 2]) {
        let total = |counted: &Counted, path: &str, history: &Self| {
            let counts = counted.within(history.divisions, region);
            let sum = |name: &str| -> u64 { counts.iter().filter(|((one, _), _)| *one == name).map(|(_, n)| n).sum() };
            match path {
                "/institutions" => sum("institutions_by_status"),
                "/incidents" => sum("incidents_by_category"),
                "/inspections" => sum("inspections_by_status"),
                "/findings" => sum("findings_by_state"),
                "/alerts" => sum("alerts_by_rule"),
                _ => sum("engaged") + sum("engaged_before"),
            }
        };
        for path in LISTS {
            let here = of_region(path, region);
            let html = get(&self.address, &here);
            let shown = self.figures(&here, &html);
            for (name, _) in shown.keys() {
                let of_alerts = path == "/alerts" && OF_ALERTS.contains(&name.as_str());
                assert!(
                    of_alerts || name == "listed" || OF_LISTS.contains(&name.as_str()),
                    "{here} shows {name}"
                );
                self.seen.insert(name.clone());
            }
            if path == "/alerts" {
                let own = shown.clone().into_iter().filter(|((name, _), _)| name != "listed");
                self.alerts(&here, region, own.collect()).await;
            }
            let key = ("listed".to_owned(), path.to_owned());
            let shown: u64 = shown.get(&key).map_or(0, |value| value.parse().unwrap());
            let replied = self.client.listed(path, region, at).await;
            let what = format!("{}: {here}", self.what);
            let [sql, fold] = if ["/applications", "/deadlines"].contains(&path) {
                admitted.map(|all| all.listed(path, region))
            } else {
                [sql, fold].map(|counted| total(counted, path, self))
            };
            assert_eq!(shown, replied, "{what}: page and gRPC");
            assert_eq!(shown, sql, "{what}: page and SQL");
            assert_eq!(shown, fold, "{what}: page and fold");
        }
        self.deadlines(region, at, admitted[0], admitted[1]).await;
        self.credentials(region, at).await;
    }

    /// Open alerts of a division and its parts, and how precise each version of a rule is.
    async fn alerts(&mut self, here: &str, region: &str, shown: Figures) {
        let parts = parts(self.divisions, region, &self.named());
        let replied = self.client.of_alerts(region).await;
        let of = |told: &[alerts::Alert]| alerts::figures(told, region, &parts);
        equal(
            &format!("{}: {here}", self.what),
            [
                ("page", shown),
                ("gRPC", replied),
                ("SQL", of(&self.rows.told_alerts())),
                ("fold", of(&self.world.told_alerts())),
            ],
        );
    }

    /// The list of credentials: all, those that have ended, those of persons at work.
    async fn credentials(&mut self, region: &str, at: Date) {
        let mut shown = [0; 3];
        for (count, path) in
            shown
                .iter_mut()
                .zip(["/credentials", "/credentials?left=expired", "/credentials?engaged=1"])
        {
            let here = of_region(path, region);
            let figures = self.figures(&here, &get(&self.address, &here));
            let key = ("listed".to_owned(), "/credentials".to_owned());
            assert!(figures.keys().all(|known| *known == key), "{here} shows {figures:?}");
            *count = figures.get(&key).map_or(0, |value| value.parse().unwrap());
        }
        let what = format!(
            "{}: credentials of {region:?}: all, ended, of persons at work",
            self.what
        );
        assert_eq!(
            shown,
            self.client.credentials(region, at).await,
            "{what}: page and gRPC"
        );
        assert_eq!(shown, self.rows.credentials(region, at), "{what}: page and SQL");
        assert_eq!(shown, self.world.credentials(region, at), "{what}: page and fold");
    }

    /// Every row of the lists of institutions, applications, inspections and incidents, page by page.
    pub async fn lists_row_by_row(&mut self) {
        let mut here = Figures::new();
        for list in ["/institutions", "/applications", "/inspections", "/incidents"] {
            let mut path = list.to_owned();
            loop {
                let html = get(&self.address, &path);
                here.extend(self.figures(&path, &html));
                let Some(next) = html.split("rel=\"next\" href=\"").nth(1) else {
                    break;
                };
                path = next.split('"').next().unwrap().replace("&#38;", "&");
            }
        }
        here.retain(|(name, _), _| name != "listed");
        let what = format!("{}: rows of lists", self.what);
        self.seen.extend(here.keys().map(|(name, _)| name.clone()));
        let mut all = vec![("page", here)];
        all.extend(self.of_lists().await);
        equal(&what, all.try_into().unwrap());
    }

    /// Everything at a day, of divisions whose code is no longer than this.
    pub async fn all(&mut self, at: Date, longest: usize) {
        self.at = at;
        self.beside.clear();
        let soon = Reference::shipped().calendar.add_working_days(at, 2).date;
        let (sql, fold) = (self.rows.count(at, soon), self.world.count(at, soon));
        let soon = Reference::shipped().calendar.add_working_days(at, CLOCK_SOON).date;
        let admitted = (self.rows.admissions(at, soon), self.world.admissions(at, soon));
        let named = sql.named();
        let mut regions = BTreeSet::from([String::new()]);
        for code in &named {
            let lengths: Vec<usize> = if code.starts_with(|first: char| first.is_ascii_digit()) {
                vec![2, 4, 6, 9]
            } else {
                code.match_indices('/')
                    .map(|(end, _)| end)
                    .chain([code.len()])
                    .collect()
            };
            let within = lengths.into_iter().filter(|length| *length <= code.len().min(longest));
            regions.extend(within.map(|length| code[..length].to_owned()));
        }
        for region in &regions {
            self.pages(region, at, &sql, &fold).await;
            self.admission(region, at, &admitted.0, &admitted.1).await;
        }
        for region in regions.iter().filter(|region| region.len() <= 4) {
            self.lists(region, at, &sql, &fold, [&admitted.0, &admitted.1]).await;
        }
    }
}
