//! State that decisions about an alert rest on. It holds no personal data, clear or sealed.

use jiff::Timestamp;
use uuid::Uuid;

use super::{AlertRule, LinkTarget};
use crate::values::codes;

codes! {
    /// Where an alert stands.
    #[derive(Default)]
    Status {
        /// Nothing happened yet.
        #[default]
        None = "none" / "无",
        /// Raised; nobody has looked at it.
        Raised = "raised" / "待处理",
        /// An officer took note of it.
        Acknowledged = "acknowledged" / "已知悉",
        /// It is looked into.
        Linked = "linked" / "核查中",
        /// Dismissed.
        Dismissed = "dismissed" / "已排除",
        /// Confirmed.
        Confirmed = "confirmed" / "已确认",
        /// The fact no longer held.
        Lapsed = "lapsed" / "已消除",
    }
}

impl Status {
    /// Whether somebody still has to do something about it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Raised | Self::Acknowledged | Self::Linked)
    }
}

/// An alert as decisions see it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alert {
    /// Where it stands.
    pub status: Status,
    /// From when it stands there, when known: the next state may not begin earlier.
    pub status_from: Option<Timestamp>,
    /// Rule, after the first event.
    pub rule: Option<AlertRule>,
    /// Institution concerned.
    pub institution: Option<Uuid>,
    /// Where it is looked into, as last linked.
    pub link: Option<LinkTarget>,
}
