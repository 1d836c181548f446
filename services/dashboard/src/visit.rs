//! How somebody looks at the pages: language, colours, wall or desk. Chosen by links that set a cookie, so that it works
//! without a script; a browser that never chose is heard by `Accept-Language` and its own colour scheme.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::failure::{Failure, pairs};
use crate::html::url;
use crate::lang::Lang;
use crate::query::{BadField, Fields};

/// Cookie of the language.
const LANG: &str = "yujian-lang";
/// Cookie of the colours.
const THEME: &str = "yujian-theme";
/// How long a choice is remembered, in seconds: a year.
const REMEMBERED: u32 = 31_536_000;
/// Longest address to which a choice leads back, in bytes.
const BACK_LIMIT: usize = 8192;

/// Colours on a screen; paper is always light.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the machine is set.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Every choice.
    pub(crate) const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::System];

    /// Its code in addresses, in the cookie and in `data-theme`.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.code() == code)
    }

    /// Whether somebody chose it, against what the machine says.
    pub(crate) const fn is_chosen(self) -> bool {
        !matches!(self, Self::System)
    }

    /// What it is called.
    pub(crate) const fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::System => lang.say("跟随系统", "Automatic"),
            Self::Light => lang.say("浅色", "Light"),
            Self::Dark => lang.say("深色", "Dark"),
        }
    }

    /// On which screens the dark values hold; `None`: on none.
    pub(crate) const fn dark_on(self) -> Option<&'static str> {
        match self {
            Self::System => Some("screen and (prefers-color-scheme: dark)"),
            Self::Light => None,
            Self::Dark => Some("screen"),
        }
    }
}

/// One request for a page: its address and how it is to be shown.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// Language: `lang` of the address, else the cookie, else what the browser prefers, else Chinese.
    pub(crate) lang: Lang,
    /// Colours.
    pub(crate) theme: Theme,
    /// Whether the page hangs on a wall (`wall=1`): larger, without anything to click.
    pub(crate) wall: bool,
    /// Address asked for.
    pub(crate) uri: Uri,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::new(&parts.headers, parts.uri.clone()))
    }
}

impl Visit {
    /// What headers and address say; what they say wrongly is told by [`Visit::fields`].
    pub(crate) fn new(headers: &HeaderMap, uri: Uri) -> Self {
        let asked = pairs(&uri).unwrap_or_default();
        let of = |name: &str| asked.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
        let preferred = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|header| Lang::accepted(header.to_str().ok()?));
        Self {
            lang: of("lang")
                .and_then(Lang::from_code)
                .or_else(|| cookie(headers, LANG).and_then(Lang::from_code))
                .or(preferred)
                .unwrap_or_default(),
            theme: cookie(headers, THEME).and_then(Theme::from_code).unwrap_or_default(),
            wall: of("wall") == Some("1"),
            uri,
        }
    }

    /// The fields of the address, of which every one must be `known`; `lang` and `wall` are known everywhere.
    pub(crate) fn fields(&self, known: &[&str]) -> Result<Fields, Failure> {
        let (own, rest): (Vec<_>, Vec<_>) = pairs(&self.uri)?
            .into_iter()
            .partition(|(name, _)| ["lang", "wall"].contains(&name.as_str()));
        let own = Fields::read(own, &["lang", "wall"])?;
        own.tick("wall")?;
        if own.one("lang")?.is_some_and(|code| Lang::from_code(code).is_none()) {
            return Err(BadField::new("lang", "只能为 zh 或 en", "must be zh or en").into());
        }
        Ok(Fields::read(rest, known)?)
    }

    /// The address asked for, without the language that it may name: where a choice of language leads back to.
    pub(crate) fn here(&self) -> String {
        let kept: Vec<&str> = self
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("lang="))
            .collect();
        match kept.as_slice() {
            [] => self.uri.path().to_owned(),
            kept => format!("{}?{}", self.uri.path(), kept.join("&")),
        }
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The address of a choice that leads back to `here`.
pub(crate) fn choose(name: &str, code: &str, here: &str) -> String {
    url("/settings", &[(name, Some(code)), ("back", Some(here))])
}

/// Whether an address leads to a page of ours: an absolute path, and nothing that a browser reads as another host.
fn is_local(back: &str) -> bool {
    back.starts_with('/')
        && !back.starts_with("//")
        && back.len() <= BACK_LIMIT
        && back.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// `GET /settings?lang=…&theme=…&back=…`: remembers the choice in cookies, and goes back.
pub(crate) fn settle(visit: &Visit) -> Result<Response, Failure> {
    let fields = Fields::read(pairs(&visit.uri)?, &["lang", "theme", "back"])?;
    let back = fields.one("back")?.unwrap_or("/");
    if !is_local(back) {
        let (zh, en) = (
            "只能是本系统的路径，以 / 开头",
            "must be a path of this system, beginning with /",
        );
        return Err(BadField::new("back", zh, en).into());
    }
    let mut cookies = Vec::new();
    if let Some(code) = fields.one("lang")? {
        let lang = Lang::from_code(code).ok_or_else(|| BadField::new("lang", "只能为 zh 或 en", "must be zh or en"))?;
        cookies.push(remember(LANG, lang.code(), REMEMBERED));
    }
    if let Some(code) = fields.one("theme")? {
        let theme = Theme::from_code(code)
            .ok_or_else(|| BadField::new("theme", "只能为 light、dark 或 system", "must be light, dark or system"))?;
        let seconds = if theme == Theme::System { 0 } else { REMEMBERED };
        cookies.push(remember(THEME, theme.code(), seconds));
    }
    let mut response = StatusCode::SEE_OTHER.into_response();
    let place = HeaderValue::from_str(back).map_err(|_| Failure::Broken)?;
    response.headers_mut().insert(header::LOCATION, place);
    for cookie in cookies {
        let value = HeaderValue::from_str(&cookie).map_err(|_| Failure::Broken)?;
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// A cookie of `seconds`; 0 forgets it. No `Secure`: the page is served to this machine over plain HTTP.
fn remember(name: &str, value: &str, seconds: u32) -> String {
    format!("{name}={value}; Path=/; Max-Age={seconds}; SameSite=Lax; HttpOnly")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_led_back_to() {
        for back in ["/", "/institutions?q=%E5%9B%AD&status=filed", "/a//b", "/#due"] {
            assert!(is_local(back), "{back}");
        }
        for back in [
            "",
            "institutions",
            "//example.org",
            "/\\example.org",
            "/\texample.org",
            "https://example.org/",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: b",
            "/园",
        ] {
            assert!(!is_local(back), "{back}");
        }
        assert!(!is_local(&format!("/{}", "a".repeat(BACK_LIMIT))));
    }

    #[test]
    fn an_address_is_led_back_to_without_its_language() {
        for (asked, here) in [
            ("/?lang=en", "/"),
            ("/incidents?open=1&lang=zh&late=1", "/incidents?open=1&late=1"),
            ("/status", "/status"),
        ] {
            let visit = Visit::new(&HeaderMap::new(), asked.parse().unwrap());
            assert_eq!(visit.here(), here);
        }
    }
}
