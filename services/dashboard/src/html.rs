//! Small pieces of markup. Everything that comes from outside is escaped here or by askama, and every text that a
//! person wrote stands in `<bdi>`, so that a name with direction marks can't reorder what stands beside it.

use std::fmt;

use askama::filters::{Html as HtmlEscaper, HtmlSafe, escape};
use jiff::Timestamp;

/// Markup that is safe to place in a page as it is. Only the functions of this module make it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Markup(String);

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Markup {}

impl Markup {
    /// Several pieces, one after the other.
    pub(crate) fn join(parts: impl IntoIterator<Item = Markup>, separator: &str) -> Self {
        let parts: Vec<String> = parts.into_iter().map(|part| part.0).collect();
        Self(parts.join(&escaped(separator)))
    }

    /// This, then that.
    pub(crate) fn then(mut self, next: &Markup) -> Self {
        self.0.push_str(&next.0);
        self
    }

    /// As a list.
    pub(crate) fn list(items: impl IntoIterator<Item = Markup>) -> Self {
        let items: String = items.into_iter().map(|item| format!("<li>{}</li>", item.0)).collect();
        Self(format!("<ul>{items}</ul>"))
    }

    /// Inside an element of a class. `tag` and `class` are ours.
    pub(crate) fn within(self, tag: &'static str, class: &'static str) -> Self {
        Self(format!("<{tag} class=\"{class}\">{}</{tag}>", self.0))
    }
}

/// A text with the five special characters escaped.
fn escaped(text: &str) -> String {
    let Ok(safe) = escape(text, HtmlEscaper);
    safe.to_string()
}

/// Our own words.
pub(crate) fn text(words: &str) -> Markup {
    Markup(escaped(words))
}

/// A text that a person or a foreign register wrote.
pub(crate) fn bdi(words: &str) -> Markup {
    Markup(format!("<bdi>{}</bdi>", escaped(words)))
}

/// A law or an article by its name, which stays Chinese in every language.
pub(crate) fn law(words: &str) -> Markup {
    Markup(format!("<bdi lang=\"zh-CN\">{}</bdi>", escaped(words)))
}

/// A message of the system itself, which is English in every language.
pub(crate) fn message(words: &str) -> Markup {
    Markup(format!("<bdi lang=\"en\">{}</bdi>", escaped(words)))
}

/// Codes, hashes and other texts whose every character counts.
pub(crate) fn code(words: &str) -> Markup {
    Markup(format!("<code>{}</code>", escaped(words)))
}

/// A link within the page. `href` is built by us from parsed values and escaped here.
pub(crate) fn link(href: &str, label: &Markup) -> Markup {
    Markup(format!("<a href=\"{}\">{}</a>", escaped(href), label.0))
}

/// An icon of the sprite in `base.html`: a shape that says the same as the word beside it.
pub(crate) fn icon(name: &'static str) -> Markup {
    Markup(format!(
        "<svg class=\"i\" aria-hidden=\"true\" focusable=\"false\"><use href=\"#i-{name}\"/></svg>"
    ))
}

/// How good or bad a state is. Colour is the third signal, after word and shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Ok,
    /// Short.
    Warn,
    /// Overdue, grave, damaged.
    Bad,
    /// Running, for information.
    Info,
    /// Held, past.
    Hold,
    /// Without weight.
    Off,
}

impl Tone {
    /// Class name, which is also the name of the icon.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
            Self::Hold => "hold",
            Self::Off => "off",
        }
    }
}

/// A badge: shape, word, tint.
pub(crate) fn badge(tone: Tone, word: &str) -> Markup {
    badge_around(tone, &text(word))
}

/// A badge around words with a figure in them.
pub(crate) fn badge_around(tone: Tone, words: &Markup) -> Markup {
    Markup(format!(
        "<span class=\"badge {}\">{}{}</span>",
        tone.name(),
        icon(tone.name()).0,
        words.0
    ))
}

/// A point of time: as machines read it, and as it is shown.
pub(crate) fn time(machine: &str, shown: &str) -> Markup {
    Markup(format!(
        "<time datetime=\"{}\">{}</time>",
        escaped(machine),
        escaped(shown)
    ))
}

/// What is not known: a dash, never a blank.
pub(crate) fn dash() -> Markup {
    Markup("<span class=\"mute\">—</span>".to_owned())
}

/// An integer with thousands separators. Takes references too, as templates hand them over.
pub(crate) fn number(value: impl std::borrow::Borrow<u64>) -> String {
    let digits = value.borrow().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A figure with its name, what it is of (a division or an institution, then `/` and the value of a list that it is counted
/// by), and the plain number, so that any reader of the markup finds it whatever the language.
pub(crate) fn figure(name: &str, of: impl AsRef<str>, value: impl std::borrow::Borrow<u64>) -> Markup {
    let value = value.borrow();
    named(name, of.as_ref(), &value.to_string(), &number(value))
}

/// A share or rate, already in the form shown, as a named figure.
pub(crate) fn rate(name: &str, of: impl AsRef<str>, shown: &str) -> Markup {
    named(name, of.as_ref(), shown, shown)
}

fn named(name: &str, of: &str, plain: &str, shown: &str) -> Markup {
    let [name, of, plain, shown] = [name, of, plain, shown].map(escaped);
    Markup(format!(
        "<data value=\"{plain}\" data-figure=\"{name}\" data-of=\"{of}\">{shown}</data>"
    ))
}

/// `numerator / denominator` in units of 1/`scale`, rounded half up by integers; `None` for a denominator of zero.
pub(crate) fn scaled(numerator: u64, denominator: u64, scale: u64) -> Option<u64> {
    if denominator == 0 {
        return None;
    }
    let (numerator, denominator, scale) = (u128::from(numerator), u128::from(denominator), u128::from(scale));
    u64::try_from((numerator * scale + denominator / 2) / denominator).ok()
}

/// A ratio of two integers with two decimals, `4.40`.
pub(crate) fn two_decimals(numerator: u64, denominator: u64) -> Option<String> {
    let hundredths = scaled(numerator, denominator, 100)?;
    Some(format!("{}.{:02}", number(hundredths / 100), hundredths % 100))
}

/// A share in percent with one decimal, `63.2%`.
pub(crate) fn percent(part: u64, whole: u64) -> Option<String> {
    let permille = scaled(part, whole, 1000)?;
    Some(format!("{}.{}%", permille / 10, permille % 10))
}

/// Whole seconds from `from` to `to`; zero when `to` lies before it.
pub(crate) fn seconds_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_second().saturating_sub(from.as_second())).unwrap_or(0)
}

/// A value for a query string, percent-encoded.
pub(crate) fn query_value(value: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// `path?key=value&…` of the pairs that have a value.
pub(crate) fn url(path: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let mut built = path.to_owned();
    let mut mark = '?';
    for (key, value) in pairs {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            built.push(mark);
            built.push_str(key);
            built.push('=');
            built.push_str(&query_value(value));
            mark = '&';
        }
    }
    built
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_grouped_by_thousands() {
        for (value, shown) in [(0, "0"), (999, "999"), (1000, "1,000"), (12_408_377, "12,408,377")] {
            assert_eq!(number(value), shown);
        }
        assert_eq!(number(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn ratios_round_half_up_by_integers() {
        assert_eq!(two_decimals(291_526_000, 66_270_000).as_deref(), Some("4.40"));
        assert_eq!(two_decimals(4_495, 1_000).as_deref(), Some("4.50"));
        assert_eq!(two_decimals(4_494, 1_000).as_deref(), Some("4.49"));
        assert_eq!(two_decimals(1, 0), None);
        assert_eq!(percent(1, 3).as_deref(), Some("33.3%"));
        assert_eq!(percent(u64::MAX, u64::MAX).as_deref(), Some("100.0%"));
    }

    #[test]
    fn a_text_cannot_leave_its_element() {
        assert_eq!(bdi("<b>\"&'").to_string(), "<bdi>&#60;b&#62;&#34;&#38;&#39;</bdi>");
        assert_eq!(
            link("/a?b=\"&c", &text("<")).to_string(),
            "<a href=\"/a?b=&#34;&#38;c\">&#60;</a>"
        );
    }

    #[test]
    fn query_values_are_encoded() {
        assert_eq!(
            url("/i", &[("q", Some("西 湖&x")), ("r", None), ("s", Some(""))]),
            "/i?q=%E8%A5%BF%20%E6%B9%96%26x"
        );
    }
}
