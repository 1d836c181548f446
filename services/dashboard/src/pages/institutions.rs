//! `/institutions`: the list (机构名录), searched, filtered, page by page.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use yujian_domain::institution::{InstitutionType, Status};
use yujian_domain::time::day_of;
use yujian_views::{InstitutionQuery, InstitutionRow};

use super::marks::Count;
use super::{Choice, Removable, Set, choices, deadline, set, status_badge};
use crate::Shared;
use crate::csv::{self, Cell, Lines};
use crate::failure::{Failure, answer};
use crate::html::{self, Markup, bdi, number, text, url};
use crate::lang::Lang;
use crate::query::Fields;
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;
use crate::visit::Visit;

/// Rows on one page.
const ROWS: u32 = 50;
/// Rows read at once for a file.
const AT_ONCE: u32 = 500;
/// Fields that the page knows.
const KNOWN: [&str; 6] = ["q", "region", "status", "type", "damaged", "after"];

#[derive(Debug)]
struct Row {
    href: String,
    name: Markup,
    code: Markup,
    region: Markup,
    kind: String,
    mode: String,
    places: Markup,
    status: Markup,
    since: Option<Markup>,
    receipt: Markup,
    open_incidents: Count,
    damaged: bool,
    imported: bool,
}

#[derive(Template)]
#[template(path = "institutions.html")]
struct InstitutionsPage {
    shell: Shell,
    search: String,
    region: String,
    statuses: Vec<Choice>,
    types: Vec<Choice>,
    damaged: bool,
    used: Vec<Removable>,
    total: Markup,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
    position: String,
    file: String,
}

/// What was asked for.
struct Asked {
    query: InstitutionQuery,
    status: Option<String>,
    kind: Option<String>,
}

impl Asked {
    fn read(fields: &Fields) -> Result<Self, Failure> {
        let statuses = fields.codes("status", Status::from_code)?;
        let types = fields.codes("type", InstitutionType::from_code)?;
        Ok(Self {
            status: (statuses.len() == 1).then(|| statuses[0].code().to_owned()),
            kind: (types.len() == 1).then(|| types[0].code().to_owned()),
            query: InstitutionQuery {
                search: fields.words("q", 100)?,
                region: fields.region("region")?,
                statuses,
                types,
                damaged_only: fields.tick("damaged")?,
                after: fields.words("after", 4096)?,
                limit: ROWS,
                ..InstitutionQuery::default()
            },
        })
    }

    /// Every field that is set, but the place in the list.
    fn set(&self, lang: Lang) -> Vec<Set> {
        let mut all = Vec::new();
        if let Some(search) = &self.query.search {
            let what = lang.say("名称或代码", "Name or code");
            all.push(set(lang, "q", search.clone(), what, &bdi(search)));
        }
        if let Some(region) = &self.query.region {
            let what = lang.say("地区", "Region");
            all.push(set(lang, "region", region.clone(), what, &bdi(region)));
        }
        for status in &self.query.statuses {
            let (what, word) = (lang.say("状态", "Status"), text(&lang.term(*status)));
            all.push(set(lang, "status", status.code().to_owned(), what, &word));
        }
        for kind in &self.query.types {
            let (what, word) = (lang.say("类型", "Type"), text(&lang.term(*kind)));
            all.push(set(lang, "type", kind.code().to_owned(), what, &word));
        }
        if self.query.damaged_only {
            let word = text(lang.say("只看数据受损", "Damaged only"));
            all.push(("damaged", "1".to_owned(), word));
        }
        all
    }
}

/// `GET /institutions`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let asked = Asked::read(&visit.fields(&KNOWN)?)?;
    let (lang, now) = (visit.lang, shared.clock.now());
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let found = shared.views.institutions(asked.query.clone()).await?;
    let set = asked.set(lang);
    let fields: Vec<(&str, Option<&str>)> = set
        .iter()
        .map(|(name, value, _)| (*name, Some(value.as_str())))
        .collect();
    let with_after = |after: &str| {
        url(
            "/institutions",
            &[fields.as_slice(), &[("after", Some(after))]].concat(),
        )
    };
    let here = match &asked.query.after {
        Some(after) => with_after(after),
        None => url("/institutions", &fields),
    };
    let region = asked.query.region.clone();
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, region.as_deref());
    let title = lang.say("机构名录", "Institutions");
    crumbs.push(Crumb::here(text(title)));
    let shell = Shell::new(shared, visit, title, "/institutions", here)
        .under(crumbs)
        .live(&found.as_of, now, url("/events", &[("region", region.as_deref())]));
    let at = day_of(now);
    let page = InstitutionsPage {
        shell,
        search: asked.query.search.clone().unwrap_or_default(),
        region: region.unwrap_or_default(),
        statuses: choices(
            lang,
            Status::ALL.iter().copied().filter(|status| *status != Status::None),
            asked.status.as_deref(),
        ),
        types: choices(lang, InstitutionType::ALL.iter().copied(), asked.kind.as_deref()),
        damaged: asked.query.damaged_only,
        used: Removable::all("/institutions", &set),
        total: html::figure("listed", "/institutions", found.total),
        first: asked.query.after.is_some().then(|| url("/institutions", &fields)),
        next: found.next.as_deref().map(with_after),
        position: number(found.as_of.position.number),
        file: url("/institutions.csv", &fields),
        rows: found
            .rows
            .iter()
            .map(|row| line(&terms, &reference.calendar, row, at))
            .collect(),
    };
    Ok(page.render()?)
}

fn line(terms: &Terms, calendar: &yujian_domain::calendar::Calendar, row: &InstitutionRow, at: Date) -> Row {
    let lang = terms.lang;
    let receipt = match (&row.receipt_number, row.receipt_due) {
        (_, Some(due)) if row.status == Status::Accepted => text(lang.say("应于 ", "due "))
            .then(&lang.day(due))
            .then(&text(lang.say(" 前 ", " ")))
            .then(&deadline(lang, calendar, due, at)),
        (Some(number), _) => bdi(number),
        _ => html::dash(),
    };
    let id = row.id.to_string();
    Row {
        href: format!("/institutions/{id}"),
        name: bdi(&row.name),
        code: match (&row.credit_code, &row.external) {
            (Some(code), _) => html::code(code),
            (None, Some((register, number))) => bdi(&format!("{register} {number}")),
            (None, None) => html::dash(),
        },
        region: terms.region(&row.region),
        kind: lang.term(row.institution_type),
        mode: lang.term(row.mode),
        places: html::figure("institution_places", &id, row.places),
        status: status_badge(lang, row.status),
        since: row.status_since.map(|day| lang.day(day)),
        receipt,
        open_incidents: Count::new(
            "institution_open_incidents",
            &id,
            row.open_incidents,
            url("/incidents", &[("institution", Some(&id))]),
        ),
        damaged: row.damaged,
        imported: row.imported,
    }
}

/// `GET /institutions.csv`: the list with the same fields, to its end.
pub(crate) async fn file(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = export(&shared, &visit).await;
    made.unwrap_or_else(|failure| failure.answer(&shared, &visit).into_response())
}

async fn export(shared: &Arc<Shared>, visit: &Visit) -> Result<Response, Failure> {
    let (lang, at) = (visit.lang, day_of(shared.clock.now()));
    let query = InstitutionQuery {
        limit: AT_ONCE,
        ..Asked::read(&visit.fields(&KNOWN)?)?.query
    };
    let header = [
        lang.say("机构", "Institution"),
        lang.say("机构编号", "Institution id"),
        lang.say("统一社会信用代码", "Credit code"),
        lang.say("地区代码", "Region code"),
        lang.say("地址", "Address"),
        lang.say("机构类型", "Institution type"),
        lang.say("服务模式", "Mode of service"),
        lang.say("举办性质", "Ownership"),
        lang.say("托位", "Places"),
        lang.say("状态", "Status"),
        lang.say("状态自", "Status since"),
        lang.say("备案回执号", "Filing receipt"),
        lang.say("回执日期", "Date of receipt"),
        lang.say("回执时限", "Receipt due"),
        lang.say("未结事件", "Open incidents"),
        lang.say("外部登记", "Foreign register"),
        lang.say("数据受损", "Damaged"),
    ];
    let shared = Arc::clone(shared);
    csv::answer("institutions", at, &header, move |after| {
        let shared = Arc::clone(&shared);
        let query = InstitutionQuery {
            after: after.or_else(|| query.after.clone()),
            ..query.clone()
        };
        async move {
            let found = shared.views.institutions(query).await?;
            Ok::<Lines, Failure>((found.rows.iter().map(|row| cells(lang, row)).collect(), found.next))
        }
    })
    .await
}

fn cells(lang: Lang, row: &InstitutionRow) -> Vec<Cell> {
    vec![
        row.name.as_str().into(),
        row.id.to_string().into(),
        row.credit_code.clone().into(),
        row.region.as_str().into(),
        row.address.clone().into(),
        lang.term(row.institution_type).into(),
        lang.term(row.mode).into(),
        lang.term(row.ownership).into(),
        row.places.into(),
        lang.term(row.status).into(),
        row.status_since.into(),
        row.receipt_number.clone().into(),
        row.receipt_date.into(),
        row.receipt_due.into(),
        row.open_incidents.into(),
        row.external
            .as_ref()
            .map(|(register, number)| format!("{register} {number}"))
            .into(),
        if row.damaged {
            lang.say("是", "yes")
        } else {
            lang.say("否", "no")
        }
        .into(),
    ]
}
