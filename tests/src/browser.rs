//! A real browser without a window: Chromium, driven by WebDriver (W3C) over HTTP.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::wait::until;

/// It asks nobody but the pages that it is told to open.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
];

/// A browser with one window; dropped, it ends.
pub struct Browser {
    driver: Child,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts it with a profile of its own; `flags` beside the usual ones.
    ///
    /// # Errors
    /// It is not installed (`tests/run` does that), or does not start.
    pub fn start(flags: &[&str]) -> anyhow::Result<Self> {
        let profile = tempfile::tempdir()?;
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut driver = command.spawn().context("chromedriver cannot be run")?;
        let output = driver.stdout.take().context("no output")?;
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, rest) = line.split_once("started successfully on port ")?;
            rest.trim_end_matches('.').parse::<u16>().ok()
        });
        std::thread::spawn(move || lines.for_each(drop));
        let mut browser = Self {
            driver,
            session: format!("http://127.0.0.1:{}/session", port.context("no port")?),
            _profile: profile,
        };
        let folder = format!("--user-data-dir={}", browser._profile.path().display());
        let mut all: Vec<&str> = FLAGS.to_vec();
        all.extend(flags);
        all.push(&folder);
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": all},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let begun = browser.call("POST", "", Some(&wanted))?;
        let id = begun["sessionId"].as_str().with_context(|| format!("no session: {begun}"))?;
        browser.session = format!("{}/{id}", browser.session);
        Ok(browser)
    }

    /// Opens a page and waits until it is loaded.
    ///
    /// # Errors
    /// It cannot be loaded.
    pub fn open(&self, url: &str) -> anyhow::Result<()> {
        self.call("POST", "/url", Some(&json!({"url": url}))).map(drop)
    }

    /// Runs a script in the page; what it returns, or what its promise brings.
    ///
    /// # Errors
    /// It throws.
    pub fn run(&self, script: &str) -> anyhow::Result<Value> {
        self.call("POST", "/execute/sync", Some(&json!({"script": script, "args": []})))
    }

    /// Runs a script until it returns something other than nothing, null and false.
    ///
    /// # Errors
    /// It never does.
    pub fn until(&self, script: &str) -> anyhow::Result<Value> {
        until(|| match self.run(script) {
            Ok(Value::Null | Value::Bool(false)) => Err(format!("{script}: nothing")),
            Ok(found) => Ok(found),
            Err(error) => Err(format!("{error:#}")),
        })
    }

    /// Writes into the field that a CSS selector names, as by keyboard.
    ///
    /// # Errors
    /// There is none.
    pub fn write(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let field = self.find(selector)?;
        self.call("POST", &format!("/element/{field}/clear"), Some(&json!({})))?;
        let keys = json!({"text": text});
        self.call("POST", &format!("/element/{field}/value"), Some(&keys)).map(drop)
    }

    /// Clicks what a CSS selector names.
    ///
    /// # Errors
    /// There is none, or something is before it.
    pub fn click(&self, selector: &str) -> anyhow::Result<()> {
        let element = self.find(selector)?;
        self.call("POST", &format!("/element/{element}/click"), Some(&json!({}))).map(drop)
    }

    /// Presses a key, wherever the page is: such as `\u{e004}` for Tab (WebDriver §17.4.2).
    ///
    /// # Errors
    /// The driver does not do it.
    pub fn press(&self, key: &str) -> anyhow::Result<()> {
        let act = |kind: &str| json!({"type": kind, "value": key});
        let keys = json!({"type": "key", "id": "keys", "actions": [act("keyDown"), act("keyUp")]});
        self.call("POST", "/actions", Some(&json!({"actions": [keys]}))).map(drop)
    }

    /// Role and name by which whoever hears the page knows what a CSS selector names.
    ///
    /// # Errors
    /// There is none.
    pub fn heard(&self, selector: &str) -> anyhow::Result<(String, String)> {
        let element = self.find(selector)?;
        let told = |what: &str| -> anyhow::Result<String> {
            let told = self.call("GET", &format!("/element/{element}/computed{what}"), None)?;
            Ok(told.as_str().context("no text")?.to_owned())
        };
        Ok((told("role")?, told("label")?))
    }

    /// What the browser complained of since it was asked last: errors of scripts, what a policy
    /// forbade, what could not be loaded.
    ///
    /// # Errors
    /// The driver does not say.
    pub fn complaints(&self) -> anyhow::Result<Vec<String>> {
        let log = self.call("POST", "/se/log", Some(&json!({"type": "browser"})))?;
        let entries = log.as_array().cloned().unwrap_or_default();
        let severe = entries.into_iter().filter(|entry| entry["level"] == "SEVERE");
        Ok(severe.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect())
    }

    /// Keeps a picture of the window, PNG.
    ///
    /// # Errors
    /// There is none, or it cannot be written.
    pub fn picture(&self, path: &Path) -> anyhow::Result<()> {
        let picture = self.call("GET", "/screenshot", None)?;
        let bytes = BASE64_STANDARD.decode(picture.as_str().context("no picture")?)?;
        Ok(std::fs::write(path, bytes)?)
    }

    fn find(&self, selector: &str) -> anyhow::Result<String> {
        let how = json!({"using": "css selector", "value": selector});
        let found = self.call("POST", "/element", Some(&how))?;
        let id = found.as_object().and_then(|found| found.values().next());
        Ok(id.and_then(Value::as_str).context("no element")?.to_owned())
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let mut command = Command::new("curl");
        command.args(["-sS", "--max-time", "120", "-X", method]);
        if let Some(body) = body {
            command.args(["-H", "Content-Type: application/json", "-d", &body.to_string()]);
        }
        let output = command.arg(format!("{}{path}", self.session)).output()?;
        let answer: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        match answer["value"]["error"].as_str() {
            Some(error) => bail!("{error}: {}", answer["value"]["message"]),
            None => Ok(answer["value"].clone()),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser with the session.
        let _ = self.call("DELETE", "", None);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
