//! Settings: flags before `YUJIAN_*` variables before the file before defaults. Unknown keys are refused.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cli::SettingsArgs;

/// Prefix of variables.
const PREFIX: &str = "YUJIAN_";
/// The log in the data directory.
const EMBEDDED: &str = "embedded";
/// Name the components that the test suite must not skip, and a real server for it; read by tests, not by the program.
const TEST_VARIABLES: [&str; 2] = ["YUJIAN_REQUIRE", "YUJIAN_KURRENTDB"];
const KEYS: [&str; 9] = [
    "data_dir",
    "log",
    "keys_dir",
    "kek_file",
    "host",
    "port",
    "reactors",
    "log_level",
    "log_format",
];

/// How to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The settings file.
    File,
    /// A variable.
    Variable,
    /// A flag.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Variable => "variable",
            Self::Flag => "flag",
        })
    }
}

/// Settings as used.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Directory of the data.
    pub data_dir: PathBuf,
    /// Connection string of the log, when it is not `log.db` in the data directory.
    pub log: Option<String>,
    /// Directory of keys.db.
    pub keys_dir: PathBuf,
    /// File of the key-encryption key, when it lies elsewhere than `keys.kek` beside keys.db.
    pub kek_file: Option<PathBuf>,
    /// Loopback address.
    pub host: IpAddr,
    /// Port; 0 takes a free one.
    pub port: u16,
    /// Whether this process runs the reactors.
    pub reactors: bool,
    /// Log filter.
    pub log_level: String,
    /// Log format.
    pub log_format: LogFormat,
    /// Key, value and origin of each, for `yujian config`.
    pub shown: Vec<(&'static str, String, Origin)>,
}

/// A setting that can't be used. Quotes no value of a variable: it may be another program's secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("settings file {}: {error}", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not what it must be.
    #[error("settings file {}: {message}", .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Which key, what is wrong.
        message: String,
    },
    /// A variable names no setting.
    #[error("variable {0} names no setting; known: {known}", known = known_variables())]
    UnknownVariable(String),
    /// A value does not fit its key.
    #[error("{key} ({origin}): {problem}")]
    Value {
        /// Key.
        key: &'static str,
        /// Where it was set.
        origin: Origin,
        /// What is wrong.
        problem: String,
    },
}

fn known_variables() -> String {
    KEYS.map(|key| format!("{PREFIX}{}", key.to_uppercase())).join(", ")
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data_dir: Option<String>,
    log: Option<String>,
    keys_dir: Option<String>,
    kek_file: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    reactors: Option<String>,
    log_level: Option<String>,
    log_format: Option<String>,
}

fn read_file(path: &Path) -> Result<File, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
        path: path.to_owned(),
        error,
    })?;
    let malformed = |message: String| ConfigError::Malformed {
        path: path.to_owned(),
        message,
    };
    let document = toml::Deserializer::parse(&text).map_err(|error| malformed(error.to_string()))?;
    serde_path_to_error::deserialize(document)
        .map_err(|error| malformed(format!("{}: {}", error.path(), error.inner())))
}

struct Layers<'a> {
    file: File,
    variables: &'a [(String, String)],
    shown: Vec<(&'static str, String, Origin)>,
}

impl Layers<'_> {
    fn pick(
        &mut self,
        key: &'static str,
        flag: Option<String>,
        file: Option<String>,
        default: &str,
    ) -> (String, Origin) {
        let variable = format!("{PREFIX}{}", key.to_uppercase());
        let variable = self
            .variables
            .iter()
            .find(|(name, _)| *name == variable)
            .map(|(_, value)| value.clone());
        let (value, origin) = flag
            .map(|value| (value, Origin::Flag))
            .or_else(|| variable.map(|value| (value, Origin::Variable)))
            .or_else(|| file.map(|value| (value, Origin::File)))
            .unwrap_or_else(|| (default.to_owned(), Origin::Default));
        self.shown.push((key, value.clone(), origin.clone()));
        (value, origin)
    }
}

impl Settings {
    /// Puts the layers together. `default_dir` is the data directory when nobody names one.
    ///
    /// # Errors
    /// The first setting that can't be used, by key and origin.
    pub fn load(flags: &SettingsArgs, variables: &[(String, String)], default_dir: &str) -> Result<Self, ConfigError> {
        for (name, _) in variables {
            let Some(key) = name.strip_prefix(PREFIX) else { continue };
            if !TEST_VARIABLES.contains(&name.as_str()) && !KEYS.contains(&key.to_lowercase().as_str()) {
                return Err(ConfigError::UnknownVariable(name.clone()));
            }
        }
        let file = flags.config.as_deref().map(read_file).transpose()?.unwrap_or_default();
        let mut layers = Layers {
            file,
            variables,
            shown: Vec::new(),
        };
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());

        let from_file = layers.file.data_dir.take();
        let (data_dir, _) = layers.pick("data_dir", path(&flags.data_dir), from_file, default_dir);
        let from_file = layers.file.log.take();
        let (log, origin) = layers.pick("log", flags.log.clone(), from_file, EMBEDDED);
        let log = parse_log(log, origin)?;
        let from_file = layers.file.keys_dir.take();
        let (keys_dir, _) = layers.pick("keys_dir", path(&flags.keys_dir), from_file, &data_dir);
        let from_file = layers.file.kek_file.take();
        let (kek_file, origin) = layers.pick("kek_file", path(&flags.kek_file), from_file, "keys.kek beside keys.db");
        let kek_file = (origin != Origin::Default).then(|| PathBuf::from(kek_file));
        let from_file = layers.file.host.take();
        let (host, origin) = layers.pick("host", flags.host.clone(), from_file, "127.0.0.1");
        let host = parse_host(&host, origin)?;
        let from_file = layers.file.port.map(|port| port.to_string());
        let (port, origin) = layers.pick("port", flags.port.map(|port| port.to_string()), from_file, "7300");
        let port = port.parse().map_err(|_| ConfigError::Value {
            key: "port",
            origin,
            problem: "must be a number between 0 and 65535".to_owned(),
        })?;
        let from_file = layers.file.reactors.take();
        let (reactors, origin) = layers.pick("reactors", flags.reactors.clone(), from_file, "on");
        let reactors = match reactors.as_str() {
            "on" => true,
            "off" => false,
            _ => {
                return Err(ConfigError::Value {
                    key: "reactors",
                    origin,
                    problem: "must be on or off".to_owned(),
                });
            }
        };
        let from_file = layers.file.log_level.take();
        let (log_level, _) = layers.pick("log_level", flags.log_level.clone(), from_file, "info");
        let from_file = layers.file.log_format.take();
        let (log_format, origin) = layers.pick("log_format", flags.log_format.clone(), from_file, "text");
        let log_format = match log_format.as_str() {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            _ => {
                return Err(ConfigError::Value {
                    key: "log_format",
                    origin,
                    problem: "must be text or json".to_owned(),
                });
            }
        };
        Ok(Self {
            data_dir: data_dir.into(),
            log,
            keys_dir: keys_dir.into(),
            kek_file,
            host,
            port,
            reactors,
            log_level,
            log_format,
            shown: layers.shown,
        })
    }
}

/// The log: embedded, or what looks like an address. Whether the address is good is its engine's to say.
fn parse_log(log: String, origin: Origin) -> Result<Option<String>, ConfigError> {
    if log == EMBEDDED {
        Ok(None)
    } else if log.contains("://") {
        Ok(Some(log))
    } else {
        Err(ConfigError::Value {
            key: "log",
            origin,
            problem: format!("must be {EMBEDDED} or an address such as kurrentdb://HOST:2113?tls=true"),
        })
    }
}

/// A value as it may be shown: an address without its user and password. Answers whether something was left out. A
/// password may hold any character, so that everything before the last `@` counts as one.
pub fn without_secret(value: &str) -> (String, bool) {
    let Some((scheme, rest)) = value.split_once("://") else {
        return (value.to_owned(), false);
    };
    match rest.rsplit_once('@') {
        Some((_, shown)) => (format!("{scheme}://…@{shown}"), true),
        None => (value.to_owned(), false),
    }
}

fn parse_host(host: &str, origin: Origin) -> Result<IpAddr, ConfigError> {
    let wrong = |problem: &str| ConfigError::Value {
        key: "host",
        origin: origin.clone(),
        problem: problem.to_owned(),
    };
    let address: IpAddr = if host == "localhost" {
        IpAddr::from([127, 0, 0, 1])
    } else {
        host.parse().map_err(|_| wrong("must be an IP address or localhost"))?
    };
    if address.is_loopback() {
        Ok(address)
    } else {
        Err(wrong(
            "must be a loopback address: callers name themselves in a header, which is believed from this machine only",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(flags: &SettingsArgs, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let variables: Vec<_> = variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Settings::load(flags, &variables, "yujian-data")
    }

    #[test]
    fn flags_win_over_variables_over_file_over_defaults() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("yujian.toml");
        std::fs::write(&file, "port = 1\nhost = \"127.0.0.2\"\nlog_level = \"warn\"\n").unwrap();
        let flags = SettingsArgs {
            config: Some(file),
            port: Some(3),
            ..SettingsArgs::default()
        };
        let settings = load(&flags, &[("YUJIAN_PORT", "2"), ("YUJIAN_HOST", "127.0.0.3")]).unwrap();
        assert_eq!((settings.port, settings.host.to_string().as_str()), (3, "127.0.0.3"));
        assert_eq!(
            (settings.log_level.as_str(), settings.data_dir.to_str().unwrap()),
            ("warn", "yujian-data")
        );
        assert_eq!(settings.keys_dir, settings.data_dir);
    }

    #[test]
    fn unknown_keys_are_refused_wherever_they_stand() {
        let refused = load(&SettingsArgs::default(), &[("YUJIAN_PROT", "1")]).unwrap_err();
        assert!(refused.to_string().contains("YUJIAN_PROT") && refused.to_string().contains("YUJIAN_PORT"));
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("yujian.toml");
        std::fs::write(&file, "prot = 1\n").unwrap();
        let flags = SettingsArgs {
            config: Some(file),
            ..SettingsArgs::default()
        };
        assert!(load(&flags, &[]).unwrap_err().to_string().contains("prot"));
        assert!(load(&SettingsArgs::default(), &[("YUJIAN_REQUIRE", "all"), ("OTHER", "1")]).is_ok());
    }

    #[test]
    fn only_loopback_addresses_are_served() {
        for host in ["0.0.0.0", "192.168.1.1", "::", "example.org"] {
            let flags = SettingsArgs {
                host: Some(host.to_owned()),
                ..SettingsArgs::default()
            };
            assert!(
                load(&flags, &[]).unwrap_err().to_string().starts_with("host (flag)"),
                "{host}"
            );
        }
        for host in ["127.0.0.1", "127.1.2.3", "::1", "localhost"] {
            let flags = SettingsArgs {
                host: Some(host.to_owned()),
                ..SettingsArgs::default()
            };
            assert!(load(&flags, &[]).is_ok(), "{host}");
        }
    }

    #[test]
    fn the_log_is_embedded_or_an_address_whose_password_is_not_shown() {
        let log = |value: &str| load(&SettingsArgs::default(), &[("YUJIAN_LOG", value)]);
        assert_eq!(log("embedded").unwrap().log, None);
        let address = "kurrentdb://admin:s@cret@a:2113,b:2113?tls=false";
        assert_eq!(log(address).unwrap().log.as_deref(), Some(address));
        assert!(log("somewhere").unwrap_err().to_string().starts_with("log (variable)"));
        let (shown, hidden) = without_secret(address);
        assert_eq!(
            (shown.as_str(), hidden),
            ("kurrentdb://…@a:2113,b:2113?tls=false", true)
        );
        let (shown, hidden) = without_secret("kurrentdb://admin:what?@a:2113");
        assert_eq!((shown.as_str(), hidden), ("kurrentdb://…@a:2113", true));
        assert_eq!(
            without_secret("kurrentdb://a?tls=false"),
            ("kurrentdb://a?tls=false".to_owned(), false)
        );
    }

    #[test]
    fn reactors_run_unless_they_are_turned_off() {
        let reactors = |value: &str| load(&SettingsArgs::default(), &[("YUJIAN_REACTORS", value)]);
        assert!(load(&SettingsArgs::default(), &[]).unwrap().reactors);
        assert!(reactors("on").unwrap().reactors && !reactors("off").unwrap().reactors);
        assert!(
            reactors("no")
                .unwrap_err()
                .to_string()
                .starts_with("reactors (variable)")
        );
    }

    #[test]
    fn an_error_names_the_key_and_not_the_value() {
        let refused = load(&SettingsArgs::default(), &[("YUJIAN_PORT", "hunter2")])
            .unwrap_err()
            .to_string();
        assert!(refused.contains("port (variable)") && !refused.contains("hunter2"));
    }
}
