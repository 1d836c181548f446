//! Where a row says that its institution lies: a path that is spelled out, or a division looked up by code or name.

use yujian_domain::divisions::{Division, Divisions};
use yujian_domain::values::RegionId;

use crate::document::Region;
use crate::report::Reject;
use crate::row::Reader;

const REASON: &str = "BAD_REGION";

impl Reader<'_> {
    /// The region of the row.
    pub(crate) fn region(&self, region: &Region) -> Result<RegionId, Reject> {
        match region.entered {
            Some(entered) => self.spelled(region, entered),
            None => self.looked_up(region),
        }
    }

    fn spelled(&self, region: &Region, entered: u16) -> Result<RegionId, Reject> {
        let mut code = region.root.clone().unwrap_or_default();
        let mut columns = Vec::new();
        for part in &region.parts {
            columns.extend(part.column.clone());
            let Some(text) = self.folded(part)? else { break };
            if !code.is_empty() {
                if text.contains('/') {
                    return Err(self.reject(
                        &columns.join(" + "),
                        REASON,
                        "a division's name can't hold a slash",
                        "区划名称不能含斜线",
                    ));
                }
                code.push('/');
            }
            code.push_str(&text.trim().to_uppercase());
        }
        RegionId::parse(&code, entered).map_err(|error| self.broken(&columns.join(" + "), REASON, &error))
    }

    fn looked_up(&self, region: &Region) -> Result<RegionId, Reject> {
        let mut at = region.within.as_deref().and_then(|code| self.divisions.get(code));
        let mut columns = Vec::new();
        for part in &region.parts {
            columns.extend(part.column.clone());
            let Some(text) = self.folded(part)? else { break };
            let wrong = |message, zh| self.reject(&columns.join(" + "), REASON, message, zh);
            at = match &candidates(self.divisions, at, text.trim())[..] {
                [one] => Some(one),
                [] => {
                    return Err(wrong(
                        "the division tables hold no such code or name there",
                        "区划表中该范围内没有此代码或名称",
                    ));
                }
                _ => {
                    return Err(wrong(
                        "several divisions have this name: name one above, or the code",
                        "有多个同名区划：请同时给出上级区划，或给出代码",
                    ));
                }
            };
        }
        at.map(|division| division.id.clone())
            .ok_or_else(|| self.reject(&columns.join(" + "), "MISSING", "needs a value", "缺少必填内容"))
    }
}

/// Divisions of a code or name within another, of the highest level that has any: a city and its one county may share
/// a name.
fn candidates<'a>(divisions: &'a Divisions, within: Option<&Division>, text: &str) -> Vec<&'a Division> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let found = divisions.get(text);
        let inside = |found: &&Division| within.is_none_or(|within| found.id.code().starts_with(within.id.code()));
        return found.into_iter().filter(inside).collect();
    }
    let mut found: Vec<&Division> = match within {
        Some(within) => divisions.subtree(within.id.code()).iter().collect(),
        None => divisions.iter().collect(),
    };
    found.retain(|division| division.name == text);
    let highest = found.iter().map(|division| division.level).min();
    found.retain(|division| Some(division.level) == highest);
    found
}
