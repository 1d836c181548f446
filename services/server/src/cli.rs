//! The command line: what can be asked of `yujian`, with help that teaches.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use uuid::Uuid;

/// Yujian (育鉴): the system of record and supervision for childcare institutions.
#[derive(Debug, Parser)]
#[command(
    name = "yujian",
    version,
    propagate_version = true,
    after_help = "Start with `yujian demo`: it builds two years of a province and serves its page and gRPC port.\n\
                  Settings come from flags, then YUJIAN_* variables, then the file of --config; `yujian config` shows the result."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Settings that every command takes.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// Settings as flags. Each is also a key of the file and a variable `YUJIAN_<KEY>`.
#[derive(Debug, Default, Args)]
pub struct SettingsArgs {
    /// Settings file (TOML). Unknown keys are refused.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Directory of the data: log.db, state.db, heads.db, views.db and, unless set apart, keys.db; default: yujian-data, for the
    /// demo yujian-demo.
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The log: `embedded` (log.db in the data directory; the default), or the address of a KurrentDB cluster,
    /// kurrentdb://USER:PASSWORD@HOST:2113,HOST:2113?namespace=yujian. The variable YUJIAN_LOG keeps a password out of
    /// the list of processes.
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub log: Option<String>,
    /// Directory of keys.db; default: the data directory.
    #[arg(long, global = true, value_name = "DIR")]
    pub keys_dir: Option<PathBuf>,
    /// File of the key-encryption key; default: keys.kek beside keys.db.
    #[arg(long, global = true, value_name = "FILE")]
    pub kek_file: Option<PathBuf>,
    /// Address to listen on. Only loopback addresses are accepted until there is real authentication.
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Port for gRPC and the page; 0 takes a free one.
    #[arg(long, global = true, value_name = "PORT")]
    pub port: Option<u16>,
    /// Whether this process runs the reactors, which do in other streams what an event asks for (a barred person goes off
    /// duty, a deadline passes): on (the default) or off. Of several nodes over one log at least one must run them; all may.
    #[arg(long, global = true, value_name = "on|off")]
    pub reactors: Option<String>,
    /// What to log: error, warn, info, debug, trace, or a filter such as `info,yujian_command=debug`.
    #[arg(long, global = true, value_name = "FILTER")]
    pub log_level: Option<String>,
    /// How to log: text or json.
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve gRPC and the page on one port.
    #[command(after_help = "Example: yujian serve --data-dir /srv/yujian --port 7300\n\
                            Prints `ready http://HOST:PORT` when it serves. Ctrl-C ends it; nothing acknowledged is lost.")]
    Serve,
    /// Build a demonstration province under a simulated clock, then serve it with live traffic.
    #[command(
        after_help = "Examples:\n  yujian demo\n  yujian demo --build-only --digest --data-dir /tmp/a --seed 7 --until 2026-06-30\n\
                            A second start reuses the data. The log's header says that it is a demo; `serve` refuses it."
    )]
    Demo(DemoArgs),
    /// Import rows of a foreign register by a mapping file.
    #[command(
        after_help = "Example: yujian import --mapping deploy/mappings/texas-injuries.toml injuries.csv\n\
                            Running it again adds only what is new. How to write a mapping: docs/import.md.\n\
                            A register of institutions comes in editions: --edition-date 2026-06-30 records what is new or changed\n\
                            and lists the closures that it proposes. Exit code 2: rows were rejected, each is listed."
    )]
    Import(ImportArgs),
    /// Policy documents, which hold every number that a rule applies: list, show, check, activate, compare.
    #[command(
        after_help = "Examples:\n  yujian policy list\n  yujian policy show cn-admission --value values.receipt_working_days\n  \
                            yujian policy check xihu-admission.v1.toml\n  yujian policy activate xihu-admission.v1.toml\n\
                            Reading works while the log is served; activating through the server: PolicyService.ActivatePolicy.\n\
                            Exit code 2: the document is refused, each thing that is wrong with its path."
    )]
    Policy(PolicyArgs),
    /// Statutory days off and make-up working days, which legal periods are counted by: import the next notice, show a year.
    #[command(
        after_help = "Examples:\n  yujian calendar show 2026\n  yujian calendar import cn-holidays-2027.csv --source 国办发明电〔2026〕7号\n\
                            The file is the whole table: date,name,kind,notice_year, with kind off or work.\n\
                            Exit code 2: the table is refused, each line that is wrong is listed."
    )]
    Calendar(CalendarArgs),
    /// Replay an institution's history from the log, as of a day, as known at a day.
    #[command(
        after_help = "Example: yujian replay 0190f1c2-… --as-of 2026-03-31 --known-at 2026-06-30\n\
                            The id stands in the address of the dossier's page and in the resource name institutions/{id}.\n\
                            Works while the log is served. Exit code 2: a record of the history is damaged."
    )]
    Replay(ReplayArgs),
    /// Check that nothing in the log was altered: hashes, chains, revisions, times, heads.
    #[command(
        after_help = "Exit code 0: sound; 2: problems found, each named with its place. Works while the log is served."
    )]
    Verify(VerifyArgs),
    /// Back up the log and state while it is served, or with --keys the keys, to another place.
    #[command(
        after_help = "Examples:\n  yujian backup --to /backup/2026-11-24\n  yujian backup --keys --to /vault/2026-11-24\n\
                            Keep both apart: the log without keys shows no personal data, and erased stays erased."
    )]
    Backup(BackupArgs),
    /// Restore a backup into an empty data directory; begins a new log epoch.
    #[command(
        after_help = "Example: yujian restore --from /backup/2026-11-24 --keys /vault/2026-11-24 --data-dir /srv/yujian"
    )]
    Restore(RestoreArgs),
    /// Copy a log to another engine, byte for byte: log.db of a data directory, or a KurrentDB cluster, either way.
    #[command(
        after_help = "Examples:\n  yujian migrate --from /srv/yujian --to kurrentdb://HOST:2113\n  yujian migrate --from kurrentdb://HOST:2113 --to /srv/yujian-2\n\
                            Stop every node first. Interrupted, it goes on where it stopped. The target begins the next epoch;\n\
                            the source stays as it is, and the keys stay where they are: serve the target with the same --keys-dir."
    )]
    Migrate(MigrateArgs),
    /// Look after a log on a KurrentDB cluster: what is noted of it, whose keys it needs, its epoch.
    #[command(
        name = "kurrentdb",
        after_help = "Example: yujian kurrentdb status --log kurrentdb://HOST:2113"
    )]
    Kurrentdb(KurrentdbArgs),
    /// Look at the machine and the data and say what is wrong and what to do.
    #[command(
        after_help = "Example: yujian doctor --data-dir /srv/yujian\nExit code 0: all is well; 1: something is BAD, with what to do about it."
    )]
    Doctor,
    /// Ask a running server whether it serves; for service managers. Exit code 0 or 1.
    #[command(
        after_help = "Example: yujian healthcheck --port 7300\nOver gRPC the name `yujian.write` tells apart whether commands are taken, too."
    )]
    Healthcheck(HealthcheckArgs),
    /// Show the settings as they would be used, and where each comes from.
    #[command(
        after_help = "Example: YUJIAN_PORT=7301 yujian config\nThe output is itself a settings file, with where each value comes from behind it."
    )]
    Config,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Seed: the same seed and --until give the same data; default: 1.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Last simulated day, YYYY-MM-DD; default: yesterday.
    #[arg(long)]
    pub until: Option<jiff::civil::Date>,
    /// Institutions; default: 400.
    #[arg(long)]
    pub institutions: Option<u32>,
    /// Months of history; default: 24.
    #[arg(long)]
    pub months: Option<u32>,
    /// Build the data and end.
    #[arg(long)]
    pub build_only: bool,
    /// Print the digests of the views after building.
    #[arg(long)]
    pub digest: bool,
    /// No live traffic while serving.
    #[arg(long)]
    pub quiet: bool,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Mapping file (TOML).
    #[arg(long, value_name = "MAPPING.toml")]
    pub mapping: PathBuf,
    /// The register's file (CSV).
    #[arg(value_name = "FILE.csv")]
    pub file: PathBuf,
    /// Where to write rejected lines (line, column, reason; no cell); default: FILE.rejects.csv in the data directory.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Day as of which the file speaks (YYYY-MM-DD): a register of institutions that comes in editions.
    #[arg(long, value_name = "DATE")]
    pub edition_date: Option<jiff::civil::Date>,
    /// Where to write what an edition changes and which closures it proposes; default: FILE.changes.csv in the data
    /// directory.
    #[arg(long, value_name = "FILE")]
    pub changes: Option<PathBuf>,
    /// Read and check everything, append nothing.
    #[arg(long)]
    pub check: bool,
}

/// Arguments of `policy`.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: PolicyAction,
}

/// What can be done with policy documents.
#[derive(Debug, Subcommand)]
pub enum PolicyAction {
    /// Every document that is active, and every one that ships and is not.
    List,
    /// One document with its values and where each comes from.
    #[command(disable_version_flag = true)]
    Show(ShowArgs),
    /// Read a document that you are writing: what is wrong with it, and what it would change.
    Check {
        /// The document (TOML).
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Activate a document: it decides about acts from its first day on.
    Activate(ActivateArgs),
    /// The rule of the day of an act beside the rule of the day of the decision (行政处罚法 §37).
    Compare(CompareArgs),
}

/// Arguments of `policy show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Id, e.g. cn-admission.
    pub id: String,
    /// Version; default: the highest.
    #[arg(long)]
    pub version: Option<u32>,
    /// Only this value, e.g. values.receipt_working_days.
    #[arg(long, value_name = "PATH")]
    pub value: Option<String>,
}

/// What every activation takes.
#[derive(Debug, Args)]
pub struct ActivateArgs {
    /// The document (TOML), or the table (CSV).
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Account of the second person, where what is activated reaches back.
    #[arg(long, value_name = "ACCOUNT")]
    pub approver: Option<String>,
    /// Account that activates.
    #[arg(long, value_name = "ACCOUNT", default_value = "command-line")]
    pub account: String,
}

/// Arguments of `policy compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Kind: admission, incident, inspection, licence or staffing.
    #[arg(long)]
    pub kind: String,
    /// Division code of the place.
    #[arg(long)]
    pub region: String,
    /// Day of the act, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    pub act_date: jiff::civil::Date,
    /// Day of the decision, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    pub decision_date: jiff::civil::Date,
}

/// Arguments of `calendar`.
#[derive(Debug, Args)]
pub struct CalendarArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: CalendarAction,
}

/// What can be done with the holiday table.
#[derive(Debug, Subcommand)]
pub enum CalendarAction {
    /// Put a table in the place of the active one.
    Import {
        /// The table, who activates and who approves.
        #[command(flatten)]
        activation: ActivateArgs,
        /// Which notices it holds and where they were read.
        #[arg(long, value_name = "TEXT")]
        source: Option<String>,
    },
    /// Show the days of a calendar year.
    Show {
        /// The year.
        #[arg(value_name = "YEAR")]
        year: i16,
    },
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Institution: its id, or its resource name institutions/{id}.
    #[arg(value_name = "INSTITUTION", value_parser = institution_id)]
    pub institution: Uuid,
    /// As of the end of this legal day.
    #[arg(long)]
    pub as_of: Option<jiff::civil::Date>,
    /// With what was known at the end of this legal day.
    #[arg(long)]
    pub known_at: Option<jiff::civil::Date>,
    /// Print the dossier as canonical JSON only.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Check against a backup too: the log must still hold the record with which the backup ended.
    #[arg(long, value_name = "BACKUP")]
    pub against: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Directory to write to; must be empty or absent.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Back up the keys instead of log and state.
    #[arg(long)]
    pub keys: bool,
}

/// Arguments of `migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Data directory or address of the log to copy; nobody may serve it meanwhile.
    #[arg(long, value_name = "DIR|ADDRESS")]
    pub from: String,
    /// Data directory or address to copy to: without a log, or with an unfinished copy of the same one.
    #[arg(long, value_name = "DIR|ADDRESS")]
    pub to: String,
}

/// Arguments of `kurrentdb`.
#[derive(Debug, Args)]
pub struct KurrentdbArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: KurrentdbAction,
}

/// What can be done to a log on a KurrentDB cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum KurrentdbAction {
    /// Show what is noted of the log, and where it ends.
    Status,
    /// Make this host the one that holds the keys, after keys.db and keys.kek were moved here and all nodes stopped.
    TakeKeys,
    /// Begin the next epoch, after the cluster was restored from a backup and all nodes stopped.
    NewEpoch,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Backup of log and state.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Backup of the keys; without it everything personal stays sealed and writes are refused.
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
}

/// Arguments of `healthcheck`.
#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// Seconds to wait at most.
    #[arg(long, default_value_t = 3)]
    pub timeout: u64,
}

/// Reads an institution's id or resource name.
fn institution_id(text: &str) -> Result<Uuid, String> {
    let id = text.strip_prefix("institutions/").unwrap_or(text);
    Uuid::parse_str(id).map_err(|_| "is neither an id (a UUID) nor institutions/{id}".to_owned())
}
