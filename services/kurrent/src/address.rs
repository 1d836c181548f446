//! Where a log lies: a connection string of KurrentDB with one parameter of ours.

use std::fmt;
use std::str::FromStr;

/// Streams of a log begin with this when the address says nothing.
const NAMESPACE: &str = "yujian";
/// Longest name of a namespace.
const NAMESPACE_LENGTH: usize = 32;
/// What the official client is told when the address says nothing. It can't connect with one attempt only, and waits one
/// interval before the first.
const DEFAULTS: [(&str, &str); 5] = [
    ("maxDiscoverAttempts", "10"),
    ("discoveryInterval", "100"),
    ("gossipTimeout", "2000"),
    ("nodePreference", "leader"),
    ("connectionName", "yujian"),
];
/// Parameters that the official client reads, in lower case.
const KNOWN: [&str; 13] = [
    "maxdiscoverattempts",
    "discoveryinterval",
    "gossiptimeout",
    "tls",
    "tlsverifycert",
    "tlscafile",
    "nodepreference",
    "keepaliveinterval",
    "keepalivetimeout",
    "defaultdeadline",
    "connectionname",
    "usercertfile",
    "userkeyfile",
];
const SCHEMES: [&str; 8] = [
    "kurrentdb",
    "kurrentdb+discover",
    "kurrent",
    "kurrent+discover",
    "kdb",
    "kdb+discover",
    "esdb",
    "esdb+discover",
];

/// An address that can't be used. Quotes no user name and no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a connection string of KurrentDB.
    #[error("an address of KurrentDB begins with kurrentdb:// or esdb:// and names a host / 地址格式不正确")]
    Form,
    /// A parameter that means nothing, or not what is needed here.
    #[error("parameter {name}: {problem} / 参数无效")]
    Parameter {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The official client does not take it.
    #[error("the client does not take the address: {0} / 客户端不接受该地址")]
    Client(String),
}

/// `kurrentdb://user:password@host:2113,host:2113?tls=true&namespace=yujian`. User and password are taken as they stand:
/// nothing in them is percent-decoded, as the official client does not do it.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// For the client: without what is ours, with our defaults.
    client: String,
    namespace: String,
    shown: String,
}

impl Address {
    /// Whether a text is meant as such an address rather than as a directory.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.split_once("://")
            .is_some_and(|(scheme, _)| SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()))
    }

    /// Prefix of the log's streams on the server, which other applications may share: `yujian` unless the parameter
    /// `namespace` says otherwise.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The connection string as the official client is to have it.
    #[cfg(feature = "kurrentdb")]
    pub(crate) fn for_client(&self) -> &str {
        &self.client
    }

    /// Whether it logs in by a certificate, which needs a licence on the server.
    #[cfg(feature = "kurrentdb")]
    pub(crate) fn has_user_certificate(&self) -> bool {
        self.client.to_ascii_lowercase().contains("usercertfile=")
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if !Self::is_meant(text) || !text.is_ascii() || text.contains(char::is_whitespace) {
            return Err(AddressError::Form);
        }
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let (scheme, authority) = place.split_once("://").ok_or(AddressError::Form)?;
        let authority = authority.trim_end_matches('/');
        let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
        if hosts.is_empty() || hosts.contains('/') {
            return Err(AddressError::Form);
        }
        let mut namespace = NAMESPACE.to_owned();
        let mut parameters: Vec<(&str, &str)> = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if parameters.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                return Err(wrong(name, "stands there twice"));
            }
            if name.eq_ignore_ascii_case("namespace") {
                namespace = parse_namespace(value)?;
            } else {
                check(name, value)?;
                parameters.push((name, value));
            }
        }
        for (name, value) in DEFAULTS {
            if !parameters.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                parameters.push((name, value));
            }
        }
        let query: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let address = Self {
            client: format!("{}://{authority}?{}", scheme.to_ascii_lowercase(), query.join("&")),
            shown: format!("{scheme}://{hosts}?namespace={namespace}"),
            namespace,
        };
        #[cfg(feature = "kurrentdb")]
        address
            .client
            .parse::<kurrentdb::ClientSettings>()
            .map_err(|error| AddressError::Client(error.message().to_owned()))?;
        Ok(address)
    }
}

fn wrong(name: &str, problem: impl Into<String>) -> AddressError {
    AddressError::Parameter {
        name: name.to_owned(),
        problem: problem.into(),
    }
}

fn parse_namespace(value: &str) -> Result<String, AddressError> {
    let form = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let begins = value.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if begins && value.len() <= NAMESPACE_LENGTH && value.bytes().all(form) {
        Ok(value.to_owned())
    } else {
        Err(wrong("namespace", "must be a-z, then up to 31 of a-z 0-9"))
    }
}

/// Refuses what would make the client misbehave.
fn check(name: &str, value: &str) -> Result<(), AddressError> {
    let lower = name.to_ascii_lowercase();
    let number = value.parse::<u64>().ok();
    match lower.as_str() {
        "nodepreference" if !value.eq_ignore_ascii_case("leader") => Err(wrong(
            name,
            "must be leader: elsewhere an append would not be seen by the next read",
        )),
        "maxdiscoverattempts" if number.is_none_or(|attempts| attempts < 2) => Err(wrong(
            name,
            "must be at least 2: the client's first attempt only chooses a node",
        )),
        "discoveryinterval" | "gossiptimeout" | "defaultdeadline" if number.is_none_or(|ms| ms < 1) => {
            Err(wrong(name, "must be a positive number of milliseconds"))
        }
        lower if KNOWN.contains(&lower) => Ok(()),
        _ => Err(wrong(name, "is not known")),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let address: Address = "kurrentdb://admin:chang@it@a:2113,b:2113?tls=false".parse().unwrap();
        assert_eq!(address.to_string(), "kurrentdb://a:2113,b:2113?namespace=yujian");
        assert!(!format!("{address:?}").contains("chang"));
    }

    #[test]
    fn the_namespace_is_ours_and_defaults_are_added() {
        let address: Address = "esdb://localhost:2113?tls=false&namespace=zj33&gossipTimeout=5"
            .parse()
            .unwrap();
        assert_eq!(address.namespace(), "zj33");
        assert!(!address.client.contains("namespace"));
        assert!(address.client.contains("gossipTimeout=5") && !address.client.contains("gossipTimeout=2000"));
        assert!(address.client.contains("maxDiscoverAttempts=10") && address.client.contains("nodePreference=leader"));
    }

    #[test]
    fn what_would_mislead_the_client_is_refused_by_name() {
        for (query, name) in [
            ("nodePreference=follower", "nodePreference"),
            ("maxDiscoverAttempts=1", "maxDiscoverAttempts"),
            ("defaultDeadline=-1", "defaultDeadline"),
            ("namespace=A-b", "namespace"),
            ("tls=false&TLS=true", "TLS"),
            ("retries=3", "retries"),
        ] {
            let refused = format!("kurrentdb://localhost?{query}").parse::<Address>();
            assert!(
                matches!(&refused, Err(AddressError::Parameter { name: named, .. }) if named == name),
                "{query}: {refused:?}"
            );
        }
        for text in [
            "yujian-data",
            "http://localhost",
            "kurrentdb://",
            "kurrentdb://a/b",
            "kurrentdb://a b",
        ] {
            assert_eq!(text.parse::<Address>(), Err(AddressError::Form), "{text}");
        }
    }
}
