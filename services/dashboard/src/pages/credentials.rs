//! `/credentials`: certificates by what is left of them, page by page.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use yujian_domain::person::{CredentialKind, CredentialState};
use yujian_domain::time::day_of;
use yujian_views::{Bucket, CredentialQuery, CredentialRow};

use super::marks::{self, credential_badge, days_left};
use super::narrow::{Listing, Narrow, institution_name, only};
use super::staff::bucket_word;
use super::{Choice, choices};
use crate::Shared;
use crate::failure::{Failure, answer};
use crate::html::{self, Markup, bdi, link, text, url};
use crate::lang::Lang;
use crate::query::Fields;
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;
use crate::visit::Visit;

/// Rows on one page.
const ROWS: u32 = 50;
/// Fields that the page knows.
const KNOWN: [&str; 7] = ["region", "institution", "kind", "state", "left", "engaged", "after"];

#[derive(Debug)]
struct Row {
    key: String,
    href: String,
    name: Markup,
    kind: String,
    level: Option<Markup>,
    issuer: Markup,
    issued: Markup,
    expiry: Markup,
    left: Markup,
    state: Markup,
    institutions: Markup,
}

#[derive(Template)]
#[template(path = "credentials.html")]
struct CredentialsPage {
    shell: Shell,
    region: String,
    institution: String,
    kinds: Vec<Choice>,
    states: Vec<Choice>,
    left: Vec<Choice>,
    engaged: bool,
    list: Listing,
    rows: Vec<Row>,
}

/// `GET /credentials`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

fn bucket(code: &str) -> Option<Bucket> {
    Bucket::ALL.iter().copied().find(|bucket| bucket.code() == code)
}

fn read(fields: &Fields, at: Date) -> Result<CredentialQuery, Failure> {
    Ok(CredentialQuery {
        region: fields.region("region")?,
        institution: fields.id("institution")?,
        kinds: fields.codes("kind", CredentialKind::from_code)?,
        states: fields.codes("state", CredentialState::from_code)?,
        at,
        buckets: fields.codes("left", bucket)?,
        engaged_only: fields.tick("engaged")?,
        after: fields.words("after", 4096)?,
        limit: ROWS,
        ..CredentialQuery::default()
    })
}

fn narrow(lang: Lang, query: &CredentialQuery, institution: Option<&str>) -> Narrow {
    let mut narrow = Narrow::new("/credentials", lang);
    narrow.region(query.region.as_deref());
    narrow.institution(query.institution, institution);
    narrow.codes("kind", ("种类", "Kind"), &query.kinds);
    narrow.codes("state", ("状态", "Status"), &query.states);
    for bucket in &query.buckets {
        let word = text(bucket_word(lang, *bucket));
        narrow.one("left", bucket.code().to_owned(), ("剩余", "Left"), &word);
    }
    narrow.tick("engaged", query.engaged_only, ("只看在任职者", "Of those engaged only"));
    narrow
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let (lang, now) = (visit.lang, shared.clock.now());
    let at = day_of(now);
    let query = read(&visit.fields(&KNOWN)?, at)?;
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let institution = institution_name(shared, query.institution).await?;
    let found = shared.views.credentials(query.clone()).await?;
    let narrow = narrow(lang, &query, institution.as_deref());
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, query.region.as_deref());
    if let (Some(id), Some(name)) = (query.institution, &institution) {
        crumbs.push(Crumb::to(bdi(name), format!("/institutions/{id}")));
    }
    crumbs.push(Crumb::to(
        text(lang.say("人员资质", "Staff")),
        url("/staff", &[("region", query.region.as_deref())]),
    ));
    let title = lang.say("资质证书", "Credentials");
    crumbs.push(Crumb::here(text(title)));
    let own = query.institution.map(|id| id.to_string());
    let events = url(
        "/events",
        &[("region", query.region.as_deref()), ("institution", own.as_deref())],
    );
    let here = narrow.address(query.after.as_deref());
    let page = CredentialsPage {
        shell: Shell::new(shared, visit, title, "/staff", here)
            .under(crumbs)
            .live(&found.as_of, now, events),
        region: query.region.clone().unwrap_or_default(),
        institution: own.unwrap_or_default(),
        kinds: choices(lang, CredentialKind::ALL.iter().copied(), only(&query.kinds)),
        states: choices(lang, CredentialState::ALL.iter().copied(), only(&query.states)),
        left: Bucket::ALL
            .iter()
            .map(|bucket| Choice {
                code: bucket.code(),
                word: bucket_word(lang, *bucket).to_owned(),
                chosen: query.buckets == [*bucket],
            })
            .collect(),
        engaged: query.engaged_only,
        list: narrow.listing(&found, query.after.as_deref()),
        rows: found.rows.iter().map(|row| line(&terms, row, at)).collect(),
    };
    Ok(page.render()?)
}

fn line(terms: &Terms, row: &CredentialRow, at: Date) -> Row {
    let lang = terms.lang;
    let places = row
        .institutions
        .iter()
        .map(|(id, name)| link(&format!("/institutions/{id}"), &bdi(name)));
    Row {
        key: format!("{}.{}", row.person, row.credential),
        href: format!("/persons/{}", row.person),
        name: marks::name(terms, row.name.as_ref()),
        kind: lang.term(row.kind),
        level: row.level.as_deref().map(bdi),
        issuer: bdi(&row.issuer),
        issued: lang.day(row.issue_date),
        expiry: row
            .expiry_date
            .map_or_else(|| text(lang.say("长期", "no end")), |day| lang.day(day)),
        left: row.expiry_date.map_or_else(html::dash, |day| days_left(lang, day, at)),
        state: credential_badge(lang, row.state, row.expiry_date, at),
        institutions: if row.institutions.is_empty() {
            text(lang.say("未任职", "not engaged"))
        } else {
            Markup::join(places, lang.comma())
        },
    }
}
