//! What narrows a list: the fields that are set, in words, and the addresses that keep or drop them.

use uuid::Uuid;
use yujian_views::{Page, Scope};

use super::{Removable, Set, set};
use crate::Shared;
use crate::failure::{Failure, Thing};
use crate::html::{Markup, bdi, figure, number, text, url};
use crate::lang::Lang;
use crate::terms::codes::Coded;

/// The fields of a list that are set.
#[derive(Debug)]
pub(crate) struct Narrow {
    path: &'static str,
    lang: Lang,
    set: Vec<Set>,
}

impl Narrow {
    /// Nothing set, on the list at `path`.
    pub(crate) fn new(path: &'static str, lang: Lang) -> Self {
        Self {
            path,
            lang,
            set: Vec::new(),
        }
    }

    /// A region.
    pub(crate) fn region(&mut self, region: Option<&str>) {
        if let Some(region) = region {
            self.one("region", region.to_owned(), ("地区", "Region"), &bdi(region));
        }
    }

    /// An institution, by its name.
    pub(crate) fn institution(&mut self, id: Option<Uuid>, name: Option<&str>) {
        if let (Some(id), Some(name)) = (id, name) {
            self.one("institution", id.to_string(), ("机构", "Institution"), &bdi(name));
        }
    }

    /// Values of a closed list.
    pub(crate) fn codes<T: Coded>(&mut self, name: &'static str, (zh, en): (&str, &str), values: &[T]) {
        for value in values {
            let word = text(&self.lang.term(*value));
            self.one(name, value.code().to_owned(), (zh, en), &word);
        }
    }

    /// A tick that is set.
    pub(crate) fn tick(&mut self, name: &'static str, ticked: bool, (zh, en): (&str, &str)) {
        if ticked {
            self.set.push((name, "1".to_owned(), text(self.lang.say(zh, en))));
        }
    }

    /// Any other field.
    pub(crate) fn one(&mut self, name: &'static str, value: String, (zh, en): (&str, &str), shown: &Markup) {
        let what = self.lang.say(zh, en).to_owned();
        self.set.push(set(self.lang, name, value, &what, shown));
    }

    /// The address of the list from a place on, with all that is set.
    pub(crate) fn address(&self, after: Option<&str>) -> String {
        let mut fields: Vec<(&str, Option<&str>)> = self
            .set
            .iter()
            .map(|(name, value, _)| (*name, Some(value.as_str())))
            .collect();
        fields.push(("after", after));
        url(self.path, &fields)
    }

    /// What the page says of the list around its rows.
    pub(crate) fn listing<T>(&self, page: &Page<T>, after: Option<&str>) -> Listing {
        Listing {
            path: self.path,
            used: Removable::all(self.path, &self.set),
            total: figure("listed", self.path, page.total),
            shown: page.rows.len(),
            position: number(page.as_of.position.number),
            first: after.map(|_| self.address(None)),
            next: page.next.as_deref().map(|next| self.address(Some(next))),
        }
    }
}

/// A list around its rows.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Its address without any field.
    pub(crate) path: &'static str,
    /// What is set.
    pub(crate) used: Vec<Removable>,
    /// Rows in all.
    pub(crate) total: Markup,
    /// Rows on this page.
    pub(crate) shown: usize,
    /// Position of the views.
    pub(crate) position: String,
    /// The first page, on others.
    pub(crate) first: Option<String>,
    /// The next page.
    pub(crate) next: Option<String>,
}

/// The code that a select shows as chosen: of several, none.
pub(crate) fn only<T: Coded>(values: &[T]) -> Option<&'static str> {
    match values {
        [only] => Some(only.code()),
        _ => None,
    }
}

/// The name of the institution to which a list is narrowed.
pub(crate) async fn institution_name(shared: &Shared, id: Option<Uuid>) -> Result<Option<String>, Failure> {
    let Some(id) = id else { return Ok(None) };
    let found = shared.views.institution(&Scope::default(), id).await?;
    Ok(Some(found.ok_or(Failure::NoThing(Thing::Institution))?.name))
}
