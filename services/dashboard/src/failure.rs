//! Answers that are not the page asked for: what happened, where, and what to do.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use yujian_views::ViewError;

use crate::Shared;
use crate::query::BadField;
use crate::shell::Shell;

/// Why a page could not be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A field of the address can't be used.
    Field(BadField),
    /// No such page.
    NoPage,
    /// No such thing, or not to be seen.
    NoThing(&'static str),
    /// Something other than GET or HEAD.
    NotReading,
    /// The views can't answer now.
    Unavailable,
    /// Too many event streams.
    Crowded,
    /// The page itself failed.
    Broken,
}

impl From<BadField> for Failure {
    fn from(field: BadField) -> Self {
        Self::Field(field)
    }
}

impl From<ViewError> for Failure {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::InvalidKey => Self::Field(BadField::new("after", "不是本系统给出的翻页位置，请从第一页开始")),
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
    field: Option<BadField>,
    sentence: String,
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

    fn words(&self) -> (&'static str, String) {
        match self {
            Self::Field(_) => ("查询条件有误", "没有显示任何数据，以免与所要的条件不符。".to_owned()),
            Self::NoPage => ("没有这个页面", "地址可能写错了，或来自另一个版本。".to_owned()),
            Self::NoThing(what) => ("没有找到", format!("没有这{what}，或不在可见范围之内。")),
            Self::NotReading => ("本页只读", "网页只供查看；办理请通过接口。".to_owned()),
            Self::Unavailable => (
                "数据暂时读不出",
                "视图暂时不能回答；事件仍照常写入。请稍候重试。".to_owned(),
            ),
            Self::Crowded => ("实时连接已满", "页面可照常查看和刷新，只是不自动更新。".to_owned()),
            Self::Broken => ("页面没有生成", "这是程序的错误，已记入日志。".to_owned()),
        }
    }

    /// As a page with its status.
    pub(crate) fn answer(self, shared: &Shared, uri: &Uri) -> Response {
        let status = self.status();
        let (heading, sentence) = self.words();
        let retry = status.is_server_error();
        let field = match self {
            Self::Field(field) => Some(field),
            _ => None,
        };
        let again = uri.path().to_owned();
        let here = uri.path_and_query().map_or("/", |whole| whole.as_str()).to_owned();
        let shell = Shell::new(shared, heading, "", here);
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
pub(crate) fn answer(shared: &Shared, uri: &Uri, made: Result<String, Failure>) -> Response {
    match made {
        Ok(body) => Html(body).into_response(),
        Err(failure) => failure.answer(shared, uri),
    }
}

/// The decoded pairs of a query string.
pub(crate) fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, Failure> {
    axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map(|query| query.0)
        .map_err(|_| Failure::Field(BadField::new("?", "地址中问号之后的部分须为 字段=值 的形式")))
}
