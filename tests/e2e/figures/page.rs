//! Figures as they stand in the markup of a page.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use super::counts::Figures;

/// The answer to a GET, which must be a page.
pub fn get(address: &str, path: &str) -> String {
    answer(address, path, "HTTP/1.1")
}

/// A file, in one piece: what is sent to an old client is not cut into chunks.
pub fn file(address: &str, path: &str) -> String {
    let answer = answer(address, path, "HTTP/1.0");
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

fn answer(address: &str, path: &str, version: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    // In one piece: pieces would wait for one another.
    let request = format!("GET {path} {version}\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.lines().next().unwrap_or_default();
    assert!(status.starts_with(&format!("{version} 200 ")), "{path}: {status}");
    answer
}

/// The address of a page with a field.
pub fn of_region(path: &str, region: &str) -> String {
    if region.is_empty() {
        return path.to_owned();
    }
    let mark = if path.contains('?') { '&' } else { '?' };
    let encoded: String = region
        .bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("{path}{mark}region={encoded}")
}

/// A figure of a page: its name, what it is of, its plain value, and the list to which it is linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub name: String,
    pub of: String,
    pub value: String,
    pub list: Option<String>,
}

/// Every figure in the markup, in order.
pub fn shown(html: &str) -> Vec<Shown> {
    let mut found = Vec::new();
    for (at, _) in html.match_indices("data-figure=\"") {
        let start = html[..at].rfind('<').unwrap();
        let tag = &html[start..at + html[at..].find('>').unwrap()];
        let value = if tag.starts_with("<data ") {
            attribute(tag, "value")
        } else {
            attribute(tag, "data-value")
        };
        // A link is around its figure alone.
        let list = html[..start]
            .rfind('<')
            .map(|before| &html[before..start])
            .filter(|before| before.starts_with("<a ") && before.ends_with('>'))
            .map(|before| attribute(before, "href"));
        found.push(Shown {
            name: attribute(tag, "data-figure"),
            of: attribute(tag, "data-of"),
            value,
            list,
        });
    }
    found
}

/// The figures by name; one that stands twice must say the same twice.
pub fn figures(path: &str, html: &str) -> Figures {
    let mut figures = Figures::new();
    for one in shown(html) {
        let before = figures.insert((one.name.clone(), one.of.clone()), one.value.clone());
        assert!(
            before.is_none_or(|before| before == one.value),
            "{path}: {} of {} stands twice and differs",
            one.name,
            one.of
        );
    }
    figures.retain(|_, value| value != "0");
    figures
}

fn attribute(tag: &str, name: &str) -> String {
    let start = tag
        .find(&format!(" {name}=\""))
        .unwrap_or_else(|| panic!("{name} in {tag}"))
        + name.len()
        + 3;
    let end = tag[start..].find('"').unwrap();
    tag[start..start + end].replace("&#38;", "&").replace("&#47;", "/")
}

/// Numbers that a page shows in its main part without saying which figure they are: what stands outside of figures,
/// times, codes, names, heads of rows and badges, except texts that are known to be no figures.
pub fn unnamed_numbers(html: &str, says: &[&str]) -> BTreeSet<String> {
    const SILENT: [&str; 13] = [
        "th", "data", "time", "bdi", "code", "title", "caption", "option", "script", "style", "footer", "header", "nav",
    ];
    let main = &html[html.find("id=\"main\"").unwrap()..];
    let mut silent: Vec<&str> = Vec::new();
    let mut found = BTreeSet::new();
    let mut rest = &main[main.find('>').unwrap() + 1..];
    while let Some(start) = rest.find('<') {
        let words = rest[..start].trim();
        let known = says.iter().any(|says| words.starts_with(says));
        if silent.is_empty() && !known && words.bytes().any(|byte| byte.is_ascii_digit()) {
            found.insert(words.to_owned());
        }
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        // A label of an axis, a day or a state with a day in it is no figure of the page.
        let badge = name == "span" && (tag.contains("class=\"badge") || silent.last() == Some(&"span"));
        let axis = name == "text";
        if SILENT.contains(&name) || badge || axis {
            if tag.starts_with('/') {
                silent.pop();
            } else if !tag.ends_with('/') {
                silent.push(name);
            }
        }
        rest = &rest[end + 1..];
        if tag == "/main" {
            break;
        }
    }
    found
}
