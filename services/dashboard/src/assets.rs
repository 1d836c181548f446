//! Files of the page, compiled into the binary. Their addresses hold a digest of their content, so a browser may keep
//! them for ever and never mixes two versions.

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// One file.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Address on this origin.
    pub(crate) path: String,
    media: &'static str,
    body: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, media: &'static str, body: &'static str) -> Self {
        let digest: String = Sha256::digest(body)
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            path: format!("/assets/{stem}.{digest}.{extension}"),
            media,
            body,
        }
    }

    /// The file with a year of caching.
    pub(crate) fn answer(&self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(self.media)),
            (
                header::CACHE_CONTROL,
                HeaderValue::from_static("public, max-age=31536000, immutable"),
            ),
        ];
        (headers, self.body).into_response()
    }
}

/// Every file of the page.
#[derive(Debug)]
pub(crate) struct Assets {
    /// Values of colour, type and space.
    pub(crate) tokens: Asset,
    /// Values of colour in the dark.
    pub(crate) dark: Asset,
    /// Layout and components.
    pub(crate) style: Asset,
    /// Narrow screens, walls, paper, forced colours.
    pub(crate) media: Asset,
    /// Live updates.
    pub(crate) script: Asset,
    /// Icon of the site.
    pub(crate) icon: Asset,
}

/// The files as shipped.
pub(crate) static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    const CSS: &str = "text/css; charset=utf-8";
    Assets {
        tokens: Asset::new("tokens", "css", CSS, include_str!("../assets/tokens.css")),
        dark: Asset::new("dark", "css", CSS, include_str!("../assets/dark.css")),
        style: Asset::new("page", "css", CSS, include_str!("../assets/page.css")),
        media: Asset::new("media", "css", CSS, include_str!("../assets/media.css")),
        script: Asset::new(
            "app",
            "js",
            "text/javascript; charset=utf-8",
            include_str!("../assets/app.js"),
        ),
        icon: Asset::new("icon", "svg", "image/svg+xml", include_str!("../assets/icon.svg")),
    }
});

impl Assets {
    /// All of them.
    pub(crate) fn all(&'static self) -> [&'static Asset; 6] {
        [
            &self.tokens,
            &self.dark,
            &self.style,
            &self.media,
            &self.script,
            &self.icon,
        ]
    }
}
