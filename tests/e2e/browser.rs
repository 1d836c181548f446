//! The page as a browser meets it.

mod chromium;
mod hostile;
mod live;
mod looks;
mod pages;

/// Whether the page says, in its language, that it is updated live.
const LIVE: &str = "document.querySelector('[data-word] span')?.textContent
  === (document.documentElement.lang === 'en' ? 'live' : '实时')";
/// Whether it says that it is not any more.
const LOST: &str = "document.querySelector('[data-word] span')?.textContent
  === (document.documentElement.lang === 'en' ? 'disconnected' : '已断开')";
