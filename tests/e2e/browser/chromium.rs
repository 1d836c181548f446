//! Chromium, driven over two pipes (`--remote-debugging-pipe`): JSON messages that end in a zero byte.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::has;

/// Longer than any answer on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The names under which distributions install it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The shell gives the child its pipes as descriptors 3 and 4; `$0` is the browser.
const START: &str = r#"exec "$0" --remote-debugging-pipe "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null"#;

/// A browser with a profile of its own. Closed when dropped.
pub struct Browser {
    child: Child,
    commands: ChildStdin,
    messages: mpsc::Receiver<Value>,
    events: Vec<Value>,
    last_id: u64,
    _profile: TempDir,
}

/// One tab: the session in which it is spoken to, and the target that it is.
#[derive(Debug, Clone)]
pub struct Tab {
    session: String,
    target: String,
}

/// Where the browser is, by `CHROMIUM` or on the path.
fn installed() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let places: Vec<_> = std::env::split_paths(&path).collect();
    NAMES
        .iter()
        .find_map(|name| places.iter().map(|place| place.join(name)).find(|file| file.is_file()))
}

impl Browser {
    /// Starts one that prefers Chinese, or says that there is none.
    pub fn start() -> Option<Self> {
        let program = installed();
        if !has("Chromium", program.is_some()) {
            return None;
        }
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", START])
            .arg(program?)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--accept-lang=zh-CN",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (send, messages) = mpsc::channel();
        std::thread::spawn(move || {
            for message in BufReader::new(stdout).split(0).map_while(Result::ok) {
                if send.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    return;
                }
            }
        });
        Some(Self {
            child,
            commands,
            messages,
            events: Vec::new(),
            last_id: 0,
            _profile: profile,
        })
    }

    /// Sends a command and waits for its result; what happens meanwhile is kept.
    fn command(&mut self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.commands.write_all(&bytes).unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut answer = self
                .messages
                .recv_timeout(left)
                .unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer["id"] != json!(id) {
                self.events.push(answer);
                continue;
            }
            assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
            return answer["result"].take();
        }
    }

    /// A new empty tab in front of the others, `width` by `height` CSS pixels, that reports all that goes wrong.
    pub fn open(&mut self, width: u32, height: u32) -> Tab {
        let target = text(&self.command(None, "Target.createTarget", json!({ "url": "about:blank" }))["targetId"]);
        let attached = self.command(
            None,
            "Target.attachToTarget",
            json!({ "targetId": target, "flatten": true }),
        );
        let tab = Tab {
            session: text(&attached["sessionId"]),
            target,
        };
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"] {
            self.ask(&tab, &format!("{domain}.enable"), json!({}));
        }
        self.resize(&tab, width, height);
        tab
    }

    /// Makes a tab `width` by `height` CSS pixels.
    pub fn resize(&mut self, tab: &Tab, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.ask(tab, "Emulation.setDeviceMetricsOverride", size);
    }

    /// Sets a cookie, which all tabs share.
    pub fn cookie(&mut self, tab: &Tab, origin: &str, name: &str, value: &str) {
        let cookie = json!({ "name": name, "value": value, "url": origin });
        self.ask(tab, "Network.setCookie", cookie);
    }

    /// Brings a tab to the front; the one that was there becomes hidden.
    pub fn front(&mut self, tab: &Tab) {
        self.command(None, "Target.activateTarget", json!({ "targetId": tab.target }));
    }

    /// A command to a tab.
    pub fn ask(&mut self, tab: &Tab, method: &str, params: Value) -> Value {
        self.command(Some(&tab.session), method, params)
    }

    /// Goes to an address and waits until it has loaded. What was heard of the tab before is forgotten.
    pub fn go(&mut self, tab: &Tab, address: &str) {
        self.forget(tab);
        let gone = self.ask(tab, "Page.navigate", json!({ "url": address }));
        assert!(gone["errorText"].is_null(), "{address}: {gone}");
        self.loaded(tab);
    }

    /// Waits until the tab has loaded the page that it is going to.
    pub fn loaded(&mut self, tab: &Tab) {
        let deadline = Instant::now() + PATIENCE;
        while self.heard(tab, "Page.loadEventFired").is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self.messages.recv_timeout(left).expect("the page loads");
            self.events.push(event);
        }
    }

    /// Forgets what was heard of a tab.
    pub fn forget(&mut self, tab: &Tab) {
        self.events.retain(|event| event["sessionId"] != json!(tab.session));
    }

    /// The parameters of all events of one kind heard of a tab since it last went somewhere.
    pub fn heard(&mut self, tab: &Tab, method: &str) -> Vec<Value> {
        self.events.extend(self.messages.try_iter());
        self.events
            .iter()
            .filter(|event| event["sessionId"] == json!(tab.session) && event["method"] == json!(method))
            .map(|event| event["params"].clone())
            .collect()
    }

    /// The value of a JavaScript expression (awaited, if it is a promise).
    pub fn value(&mut self, tab: &Tab, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.ask(tab, "Runtime.evaluate", params);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression:.200}: {}",
            answer["exceptionDetails"]
        );
        answer["result"]["value"].take()
    }

    /// Waits until an expression is true and answers how long that took.
    pub fn wait(&mut self, tab: &Tab, expression: &str) -> Duration {
        let began = Instant::now();
        while self.value(tab, expression) != json!(true) {
            if began.elapsed() > PATIENCE {
                let shown = self.value(tab, "document.body.innerText");
                panic!("{expression} did not come about: {shown}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        began.elapsed()
    }

    /// All that a tab complained of or asked elsewhere for: messages of the console, exceptions, refusals by the
    /// content security policy and other issues, requests beyond `origin`.
    pub fn complaints(&mut self, tab: &Tab, origin: &str) -> Vec<String> {
        let mut all = Vec::new();
        for said in self.heard(tab, "Runtime.consoleAPICalled") {
            all.push(format!("console: {said}"));
        }
        for thrown in self.heard(tab, "Runtime.exceptionThrown") {
            all.push(format!("exception: {thrown}"));
        }
        for entry in self.heard(tab, "Log.entryAdded") {
            all.push(format!(
                "log: {} {}",
                text(&entry["entry"]["text"]),
                entry["entry"]["url"]
            ));
        }
        for issue in self.heard(tab, "Audits.issueAdded") {
            all.push(format!("issue: {issue}"));
        }
        for dialog in self.heard(tab, "Page.javascriptDialogOpening") {
            all.push(format!("dialog: {dialog}"));
        }
        for request in self.heard(tab, "Network.requestWillBeSent") {
            let url = text(&request["request"]["url"]);
            // The browser draws its own controls, such as that of a date, from `data:` addresses; they reach nobody.
            if !url.starts_with("data:") && !url.strip_prefix(origin).is_some_and(|rest| rest.starts_with('/')) {
                all.push(format!("request beyond the origin: {url}"));
            }
        }
        all
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let message = b"{\"id\":0,\"method\":\"Browser.close\"}\0";
        let deadline = Instant::now() + Duration::from_secs(10);
        if self.commands.write_all(message).is_ok() {
            while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A JSON string as a string.
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}
