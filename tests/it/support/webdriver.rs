//! A browser for the tests: Chromium without a window, driven by chromedriver in plain WebDriver.
//!
//! It waits inside the page, for a condition and up to a deadline, and looks at the page as a person would judge it. It knows
//! nothing of what the page shows.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What to do when there is no browser.
const INSTALL: &str = "install them: apt-get install -y chromium chromium-driver";
/// How long a condition may take to come true.
const PATIENCE_MS: u64 = 20_000;
/// How long the driver may take for one answer; longer than the page may wait.
const ANSWER_WITHIN: Duration = Duration::from_millis(PATIENCE_MS + 20_000);
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What hangs over the edge, is cut off, is hard to read, or cannot be pressed because something lies over it. One line each.
/// The ratio is the one that WCAG 2.2 asks for (1.4.3, AA), for letters of every size.
const JUDGE: &str = r#"
const wide = innerWidth, seen = [];
const name = (e) => `${e.tagName.toLowerCase()}${e.id ? '#' + e.id : ''}${e.classList.length ? '.' + [...e.classList].join('.') : ''} "${e.textContent.trim().slice(0, 40)}"`;
const style = (e) => getComputedStyle(e);
const parents = (e) => { const all = []; for (let up = e; up; up = up.parentElement) all.push(up); return all; };
const isForEarsOnly = (e) => parents(e).some((up) => up.matches('.skip, .sr') || style(up).clipPath !== 'none');
if (document.documentElement.scrollWidth > wide) seen.push(`the page is ${document.documentElement.scrollWidth} px wide`);
for (const e of document.body.querySelectorAll('*')) {
  const box = e.getBoundingClientRect();
  if (!e.checkVisibility({ visibilityProperty: true }) || box.width < 1 || box.height < 1 || isForEarsOnly(e)) continue;
  if (box.right > wide + 1 || box.left < -1) seen.push(`over the edge: ${name(e)}`);
  const holds = style(e).overflowX !== 'visible';
  if (holds && e.scrollWidth > e.clientWidth + 1 && style(e).textOverflow !== 'ellipsis' && !e.matches('pre')) seen.push(`cut off: ${name(e)}`);
}
const light = (rgb) => { const [r, g, b] = rgb.map((part) => { const c = part / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
const behind = (e) => parents(e).map((up) => parts(style(up).backgroundColor)).find((colour) => (colour[3] ?? 1) === 1) ?? [255, 255, 255];
const top = [...document.querySelectorAll('.veil')].at(-1) ?? document.body;
for (const e of top.querySelectorAll('button, input, select, textarea')) {
  const box = e.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  if (!e.checkVisibility() || box.width < 1 || isForEarsOnly(e)) continue;
  const isScrolledAway = parents(e).slice(1).some((up) => { const b = up.getBoundingClientRect(); return style(up).overflowY !== 'visible' && (y < b.top || y > b.bottom); });
  const hit = document.elementFromPoint(x, y);
  if (!isScrolledAway && y > 0 && y < innerHeight && hit && !e.contains(hit) && !hit.closest('label')?.contains(e)) seen.push(`covered: ${name(e)} by ${name(hit)}`);
}
for (const e of top.querySelectorAll('*')) {
  const hasWords = [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!hasWords || !e.checkVisibility({ opacityProperty: true }) || isForEarsOnly(e) || e.closest('[aria-busy]')) continue;
  const [front, back] = [light(parts(style(e).color).slice(0, 3)), light(behind(e).slice(0, 3))];
  const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
  if (ratio < 4.5) seen.push(`hard to read (${ratio.toFixed(1)} to 1): ${name(e)}`);
}
return seen;
"#;

/// Light or dark, as the operating system would ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

/// What the page is looked at on.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    pub name: &'static str,
    pub width: u32,
    pub height: u32,
    pub scheme: Scheme,
}

/// A running browser with one window. Dropping it ends the driver; `close` ends the browser as well.
pub struct Browser {
    _driver: Child,
    http: reqwest::Client,
    session: String,
}

impl Browser {
    /// Starts driver and browser.
    pub async fn open() -> Self {
        // The test's own client speaks plain HTTP, but cannot be built without a choice. It fails only if one was made.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (driver, address) = start_driver().await;
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER_WITHIN).build().unwrap();
        let options = json!({ "args": [
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
            "--window-size=1280,940", "--lang=en-GB",
        ] });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "timeouts": { "script": PATIENCE_MS }, "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let answer = ask(http.post(format!("{address}/session")).json(&wanted)).await;
        let answer = answer.unwrap_or_else(|problem| panic!("Chromium did not start ({problem}); {INSTALL}"));
        let session = format!("{address}/session/{}", answer["sessionId"].as_str().unwrap());
        Self { _driver: driver, http, session }
    }

    /// Ends the browser.
    pub async fn close(self) {
        ask(self.http.delete(&self.session)).await.unwrap();
    }

    pub async fn go(&self, url: &str) {
        self.post("url", json!({ "url": url })).await;
    }

    /// Makes the window as large, and as light or dark, as this screen.
    pub async fn look_on(&self, screen: Screen) {
        let metrics =
            json!({ "width": screen.width, "height": screen.height, "deviceScaleFactor": 1, "mobile": screen.width < 700 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = match screen.scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        self.until("the screen has its size", &format!("innerWidth === {}", screen.width)).await;
    }

    /// Waits until this JavaScript expression is true, and answers what it is.
    pub async fn until(&self, what: &str, condition: &str) -> Value {
        let script = format!(
            "const done = arguments[0]; const look = () => {{ const is = (() => {{ try {{ return {condition}; }} \
             catch {{ return null; }} }})(); if (is) done(is); else setTimeout(look, 40); }}; look();"
        );
        match self.try_post("execute/async", json!({ "script": script, "args": [] })).await {
            Ok(value) => value,
            Err(problem) => {
                let text = self.eval("return document.body.innerText").await;
                panic!("{what}: not within {PATIENCE_MS} ms ({problem}); the page says:\n{}", text.as_str().unwrap_or_default())
            }
        }
    }

    /// Runs JavaScript and answers what it returns.
    pub async fn eval(&self, script: &str) -> Value {
        self.post("execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Waits for this control and presses it as a mouse would. One that was drawn anew between the look and the press is
    /// looked for again, as a person would: the page redraws a message when it changes.
    pub async fn click(&self, css: &str) {
        loop {
            let element = self.control(css).await;
            match self.try_post(&format!("element/{element}/click"), json!({})).await {
                Ok(_) => return,
                Err(problem) if problem.starts_with("stale element reference") => {}
                Err(problem) => panic!("{css} cannot be pressed: {problem}"),
            }
        }
    }

    /// Empties this field and types into it.
    pub async fn fill(&self, css: &str, words: &str) {
        let element = self.control(css).await;
        self.post(&format!("element/{element}/clear"), json!({})).await;
        self.post(&format!("element/{element}/value"), json!({ "text": words })).await;
    }

    /// Types wherever the focus is. `\u{E007}` is Enter, `\u{E00C}` Escape, `\u{E004}` Tab.
    pub async fn keys(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() })))
            .collect();
        self.post("actions", json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] })).await;
    }

    /// What a person would complain about on the screen as it is.
    pub async fn faults(&self) -> Vec<String> {
        let seen = self.eval(JUDGE).await;
        seen.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    }

    /// What the page printed as an error or a warning since it was last asked.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.post("se/log", json!({ "type": "browser" })).await;
        let entries = entries.as_array().unwrap().iter();
        entries.filter(|entry| entry["level"] != "INFO").map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Saves what is on the screen as a PNG.
    pub async fn save(&self, file: &Path) {
        let picture = ask(self.http.get(format!("{}/screenshot", self.session))).await.unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(picture.as_str().unwrap()).unwrap();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    /// The driver's name for a control that can be seen and is not busy.
    async fn control(&self, css: &str) -> String {
        let css = json!(css);
        let found = format!(
            "[...document.querySelectorAll({css})].find((e) => e.checkVisibility() && !e.disabled && !e.closest('[aria-busy]'))"
        );
        let element = self.until(&format!("{css} can be used"), &found).await;
        element[ELEMENT].as_str().unwrap().to_owned()
    }

    async fn devtools(&self, command: &str, params: Value) {
        self.post("goog/cdp/execute", json!({ "cmd": command, "params": params })).await;
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.try_post(path, body.clone()).await.unwrap_or_else(|problem| panic!("{path} {body}: {problem}"))
    }

    async fn try_post(&self, path: &str, body: Value) -> Result<Value, String> {
        ask(self.http.post(format!("{}/{path}", self.session)).json(&body)).await
    }
}

async fn ask(request: reqwest::RequestBuilder) -> Result<Value, String> {
    let answer = request.send().await.map_err(|problem| problem.to_string())?;
    let mut answer: Value = answer.json().await.map_err(|problem| problem.to_string())?;
    match answer["value"]["error"].as_str() {
        Some(error) => Err(format!("{error}: {}", answer["value"]["message"].as_str().unwrap_or_default())),
        None => Ok(answer["value"].take()),
    }
}

async fn start_driver() -> (Child, String) {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|problem| panic!("`chromedriver` cannot be started ({problem}); {INSTALL}"));
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let listening = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            // It says "on port 0" before it has chosen one.
            if let Some(port) =
                line.split("successfully on port ").nth(1).and_then(|rest| rest.trim_end_matches('.').parse::<u16>().ok())
            {
                return Some(port);
            }
        }
        None
    };
    let port = tokio::time::timeout(ANSWER_WITHIN, listening).await.ok().flatten();
    let port = port.unwrap_or_else(|| panic!("`chromedriver` does not say where it listens; {INSTALL}"));
    // What it prints later must not fill the pipe.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (driver, format!("http://127.0.0.1:{port}"))
}
