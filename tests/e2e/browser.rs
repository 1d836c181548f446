//! The page as a browser meets it.

mod chromium;
mod hostile;
mod live;
mod looks;
mod pages;

/// Whether the page says that it is updated live.
const LIVE: &str = "['实时', 'live'].includes(document.querySelector('[data-word] span')?.textContent)";
/// Whether it says that it is not any more.
const LOST: &str = "['已断开', 'disconnected'].includes(document.querySelector('[data-word] span')?.textContent)";
