//! The page as a browser meets it.

mod chromium;
mod hostile;
mod live;
mod pages;

/// Whether the page says that it is updated live.
const LIVE: &str = "document.querySelector('[data-word] span')?.textContent === '实时'";
/// Whether it says that it is not any more.
const LOST: &str = "document.querySelector('[data-word] span')?.textContent === '已断开'";
