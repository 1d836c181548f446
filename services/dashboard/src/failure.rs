//! Answers that are not the page asked for: what happened, where, and what to do.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use yujian_views::ViewError;

use crate::Shared;
use crate::html::{Markup, text};
use crate::lang::Lang;
use crate::query::BadField;
use crate::shell::Shell;
use crate::visit::Visit;

/// Why a page could not be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A field of the address can't be used.
    Field(BadField),
    /// No such page.
    NoPage,
    /// No such thing, or not to be seen.
    NoThing(Thing),
    /// Something other than GET or HEAD.
    NotReading,
    /// The views can't answer now.
    Unavailable,
    /// Too many event streams.
    Crowded,
    /// The page itself failed.
    Broken,
}

/// What was looked for by its id or code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thing {
    /// An institution.
    Institution,
    /// An incident.
    Incident,
    /// A person.
    Person,
    /// An inspection.
    Inspection,
    /// An alert.
    Alert,
    /// An application.
    Application,
    /// A region.
    Region,
}

impl From<BadField> for Failure {
    fn from(field: BadField) -> Self {
        Self::Field(field)
    }
}

impl From<ViewError> for Failure {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::InvalidKey => Self::Field(BadField::new(
                "after",
                "不是本系统给出的翻页位置，请从第一页开始",
                "is no place in the list that this system gave out; please begin with the first page",
            )),
            other => {
                tracing::warn!(error = %other, "a page could not be read from the views");
                Self::Unavailable
            }
        }
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        tracing::error!(error = %error, "a page could not be rendered");
        Self::Broken
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    shell: Shell,
    heading: &'static str,
    field: Option<(String, Markup)>,
    sentence: &'static str,
    retry: bool,
    again: String,
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::Field(_) => StatusCode::BAD_REQUEST,
            Self::NoPage | Self::NoThing(_) => StatusCode::NOT_FOUND,
            Self::NotReading => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unavailable | Self::Crowded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn words(&self, lang: Lang) -> (&'static str, &'static str) {
        match self {
            Self::Field(_) => (
                lang.say("查询条件有误", "The request has a mistake"),
                lang.say(
                    "没有显示任何数据，以免与所要的条件不符。",
                    "Nothing is shown, so that it is not mistaken for what was asked for.",
                ),
            ),
            Self::NoPage => (
                lang.say("没有这个页面", "No such page"),
                lang.say(
                    "地址可能写错了，或来自另一个版本。",
                    "The address may be misspelt, or belong to another version.",
                ),
            ),
            Self::NoThing(what) => (
                lang.say("没有找到", "Not found"),
                match what {
                    Thing::Institution => lang.say(
                        "没有这所机构，或不在可见范围之内。",
                        "There is no such institution, or it is not yours to see.",
                    ),
                    Thing::Incident => lang.say(
                        "没有这起事件，或不在可见范围之内。",
                        "There is no such incident, or it is not yours to see.",
                    ),
                    Thing::Person => lang.say(
                        "没有这名人员，或不在可见范围之内。",
                        "There is no such person, or it is not yours to see.",
                    ),
                    Thing::Inspection => lang.say(
                        "没有这次检查，或不在可见范围之内。",
                        "There is no such inspection, or it is not yours to see.",
                    ),
                    Thing::Alert => lang.say(
                        "没有这条预警，或不在可见范围之内。",
                        "There is no such alert, or it is not yours to see.",
                    ),
                    Thing::Application => lang.say(
                        "没有这件申请，或不在可见范围之内。",
                        "There is no such application, or it is not yours to see.",
                    ),
                    Thing::Region => lang.say(
                        "没有这个地区，或不在可见范围之内。",
                        "There is no such region, or it is not yours to see.",
                    ),
                },
            ),
            Self::NotReading => (
                lang.say("本页只读", "This page only reads"),
                lang.say(
                    "网页只供查看；办理请通过接口。",
                    "The pages are for looking; acts come in through the gRPC interface.",
                ),
            ),
            Self::Unavailable => (
                lang.say("数据暂时读不出", "The data cannot be opened at the moment"),
                lang.say(
                    "视图暂时不能回答；事件仍照常写入。请稍候重试。",
                    "The views do not answer; events are still recorded. Please retry in a moment.",
                ),
            ),
            Self::Crowded => (
                lang.say("实时连接已满", "Too many live connections"),
                lang.say(
                    "页面可照常查看和刷新，只是不自动更新。",
                    "Pages open and refresh as usual, they only do not update themselves.",
                ),
            ),
            Self::Broken => (
                lang.say("页面没有生成", "The page could not be made"),
                lang.say(
                    "这是程序的错误，已记入日志。",
                    "This is an error of the program; it has been logged.",
                ),
            ),
        }
    }

    /// As a page with its status.
    pub(crate) fn answer(self, shared: &Shared, visit: &Visit) -> Response {
        let status = self.status();
        let (heading, sentence) = self.words(visit.lang);
        let retry = status.is_server_error();
        let field = match self {
            Self::Field(field) => Some((field.field, text(visit.lang.pick(&field.expected)))),
            _ => None,
        };
        let again = visit.uri.path().to_owned();
        let shell = Shell::new(shared, visit, heading, "", visit.here());
        let body = FailurePage {
            shell,
            heading,
            field,
            sentence,
            retry,
            again,
        }
        .render();
        let mut response = match body {
            Ok(body) => (status, Html(body)).into_response(),
            Err(_) => (status, heading).into_response(),
        };
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}

/// A page, or the page that says why not.
pub(crate) fn answer(shared: &Shared, visit: &Visit, made: Result<String, Failure>) -> Response {
    match made {
        Ok(body) => Html(body).into_response(),
        Err(failure) => failure.answer(shared, visit),
    }
}

/// The decoded pairs of a query string.
pub(crate) fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, Failure> {
    axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map(|query| query.0)
        .map_err(|_| {
            Failure::Field(BadField::new(
                "?",
                "地址中问号之后的部分须为 字段=值 的形式",
                "what follows the question mark must have the form field=value",
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_says_what_happened_and_what_to_do_in_both_languages() {
        for failure in [
            Failure::Field(BadField::new("after", "甲", "a")),
            Failure::NoPage,
            Failure::NoThing(Thing::Institution),
            Failure::NoThing(Thing::Incident),
            Failure::NoThing(Thing::Person),
            Failure::NoThing(Thing::Inspection),
            Failure::NoThing(Thing::Alert),
            Failure::NoThing(Thing::Application),
            Failure::NoThing(Thing::Region),
            Failure::NotReading,
            Failure::Unavailable,
            Failure::Crowded,
            Failure::Broken,
        ] {
            let ((zh, zh_more), (en, en_more)) = (failure.words(Lang::Zh), failure.words(Lang::En));
            assert!(!zh.is_ascii() && zh_more.ends_with('。'), "{failure:?}");
            assert!(
                en.is_ascii() && en_more.is_ascii() && en_more.ends_with('.'),
                "{failure:?}"
            );
        }
    }
}
