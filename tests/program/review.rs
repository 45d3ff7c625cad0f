//! Review: who may ask the server, what a decision does to the file, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::common::{Report, Run, deburn, fixtures, open};
use crate::end_to_end::{is_uniform, samples};
use deburn::Rect;
use deburn::phi::Decision;
use deburn::report::{Record, RegionChange, RegionRecord, Status};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A masked file, and what it was made from.
struct Case {
    run: Run,
    input: PathBuf,
    name: &'static str,
}

impl Case {
    fn new(name: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(fixtures().join(name), folder.path().join(name)).unwrap();
        // Kept until the process ends: the server of a test may outlive its case.
        let input = folder.keep();
        let run = Run::mask(&input, &["--effort", "fast"]);
        Self { run, input, name }
    }

    fn report(&self) -> PathBuf {
        self.run.out("deburn-report.jsonl")
    }

    fn decisions(&self) -> PathBuf {
        self.run.out("deburn-report.decisions.jsonl")
    }

    fn record(&self) -> &Record {
        &self.run.report.records[self.name]
    }

    /// Returns the first region that a rule decided on.
    fn region(&self, rule: &str) -> (usize, &RegionRecord) {
        let regions = self.record().regions.iter().enumerate();
        regions.into_iter().find(|(_, region)| region.reason == rule).expect("such a region")
    }

    fn apply(&self, out: &Path, more: &[&str]) -> Option<Report> {
        let output = deburn()
            .args(["apply", "--input"])
            .arg(&self.input)
            .arg(self.report())
            .arg("-o")
            .arg(out)
            .args(more)
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("panicked"), "{stderr}");
        let report = out.join("deburn-report.jsonl");
        report.is_file().then(|| Report::read(&report))
    }
}

/// A running review.
struct Server {
    child: Child,
    port: u16,
    token: String,
    cookie: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(case: &Case, reviewer: &str) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("deburn"))
            .arg("review")
            .arg(case.report())
            .arg("--input")
            .arg(&case.input)
            .args(["--reviewer", reviewer])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut link = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut link).unwrap();
        let (address, token) = link.trim().split_once("/?token=").expect("a link");
        let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
        Self { child, port, token: token.to_owned(), cookie: String::new() }
    }

    fn signed_in(case: &Case, reviewer: &str) -> Self {
        let mut server = Self::start(case, reviewer);
        let answer = server.get(&format!("/?token={}", server.token));
        assert_eq!(answer.status, 200);
        let cookie = answer.header("set-cookie").expect("a cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        server.cookie = cookie.split(';').next().unwrap().to_owned();
        server
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head += &format!("Host: {}\r\n", self.host());
        }
        headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        // One that is too large is refused by its announced length, and never read.
        if body.len() <= 1 << 20 {
            stream.write_all(body).unwrap();
        }
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Answer::parse(&bytes)
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[("Cookie", &self.cookie)], b"")
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        let origin = format!("http://{}", self.host());
        let headers = [("Cookie", self.cookie.as_str()), ("Origin", &origin), ("Content-Type", "application/json")];
        self.send("POST", path, &headers, body.to_string().as_bytes())
    }

    fn decide(&self, decisions: Value) {
        let answer = self.post("/api/decide", &json!({ "reason": "because", "decisions": decisions }));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Self { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head, body: bytes[end + 4..].to_vec() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        pairs.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The inside of a region: its edges may lie under a neighbor, its corners beside a turned line.
fn inside(region: &RegionRecord) -> [u32; 4] {
    let Rect { x0, y0, x1, y1 } = region.bounding_box;
    [x0 + 3, y0 + 3, x1 - 3, y1 - 3]
}

/// Whether both files show the same in a box of a frame.
fn is_as_input(case: &Case, out: &Path, frame: u32, [x0, y0, x1, y1]: [u32; 4]) -> bool {
    let (input, output) = (open(&case.input.join(case.name)), open(&out.join(case.name)));
    let (before, after) = (input.frames().unwrap().unwrap(), output.frames().unwrap().unwrap());
    let (before, after) = (before.decode(frame).unwrap(), after.decode(frame).unwrap());
    (y0..y1).all(|y| (x0..x1).all(|x| samples(&before, x, y).eq(samples(&after, x, y))))
}

fn is_masked(case: &Case, out: &Path, frame: u32, area: [u32; 4]) -> bool {
    let output = open(&out.join(case.name));
    let frames = output.frames().unwrap().unwrap();
    is_uniform(&frames.decode(frame).unwrap(), area)
}

#[test]
fn only_the_browser_that_opened_the_link_is_answered() {
    let case = Case::new("us_rgb.dcm");
    let mut server = Server::start(&case, "ada");
    assert_eq!(server.get("/api/report").status, 403, "no cookie");
    let wrong = server.get("/?token=00000000000000000000000000000000");
    assert_eq!((wrong.status, wrong.header("set-cookie")), (403, None));
    assert!(wrong.text().contains("not valid"), "{}", wrong.text());
    let link = format!("/?token={}", server.token);
    let other = server.send("GET", &link, &[("Host", "evil.example")], b"");
    assert_eq!(other.status, 403, "a name that was made to point here");
    let answer = server.get(&link);
    server.cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(server.get(&link).status, 403, "the link works once");
    for path in ["/", "/api/report", "/assets/app.js"] {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }
    let own = server.cookie.clone();
    for (name, value) in [("Origin", "http://evil.example"), ("Origin", "null"), ("Host", "localhost:1")] {
        assert_eq!(server.send("GET", "/api/report", &[("Cookie", &own), (name, value)], b"").status, 403, "{value}");
    }
    let kind = ("Content-Type", "application/json");
    let step = br#"{"reason":null,"decisions":[]}"#;
    assert_eq!(server.send("POST", "/api/decide", &[("Cookie", &own), kind], step).status, 403, "no origin");
    let large = vec![b' '; 50 << 20];
    let origin = format!("http://{}", server.host());
    let headers = [("Cookie", own.as_str()), ("Origin", &origin), kind];
    assert_eq!(server.send("POST", "/api/decide", &headers, &large).status, 413);
    for path in ["/assets/..%2f..%2fetc%2fpasswd", "/../Cargo.toml", "/assets/../Cargo.toml", "/api/instance/x"] {
        assert!([400, 404].contains(&server.get(path).status), "{path}");
    }
    for path in ["/api/instance/99", "/api/picture/0/99", "/api/picture/0/0?plane=..%2f..", "/api/texts/0"] {
        let answer = server.get(path);
        assert!([400, 422].contains(&answer.status), "{path}: {}", answer.status);
        assert!(!answer.text().contains('/'), "no path in {}", answer.text());
    }
    let picture = server.get("/api/picture/0/0");
    assert_eq!((picture.status, &picture.body[1..4]), (200, &b"PNG"[..]));
}

#[test]
fn decisions_come_true_in_the_pixels_and_the_new_report_says_whose_they_are() {
    let case = Case::new("us_rgb.dcm");
    let [(kept, kept_region), (moved, moved_region), (masked, masked_region)] =
        ["identity", "pattern:birth-date-label", "technical:anatomy"].map(|rule| {
            let found = case.record().regions.iter().position(|region| region.reason == rule);
            let index = found.unwrap_or_else(|| match rule {
                "technical:anatomy" => case.record().regions.iter().position(|r| r.action == Decision::Keep).unwrap(),
                _ => case.record().regions.iter().rposition(|r| r.reason == "identity").unwrap(),
            });
            (index, &case.record().regions[index])
        });
    let (drawn, place) = ([300, 200, 340, 230], [200, 300, 260, 320]);
    let rect = |[x0, y0, x1, y1]: [u32; 4]| json!({ "x0": x0, "y0": y0, "x1": x1, "y1": y1 });
    let server = Server::signed_in(&case, "ada");
    server.decide(json!([{ "index": 0, "region": { "region": format!("r{kept}"), "verdict": "keep" } }]));
    server.decide(json!([
        { "index": 0, "region": { "region": format!("r{moved}"), "verdict": "mask", "box": rect(place) } },
        { "index": 0, "region": { "region": format!("r{masked}"), "verdict": "mask" } },
        { "index": 0, "region": { "region": "nd1", "verdict": "mask", "box": rect(drawn) } },
        { "index": 0, "instance": "reviewed" },
    ]));
    // One that is taken back.
    server.decide(json!([{ "index": 0, "instance": "held" }]));
    assert_eq!(server.post("/api/undo", &json!({})).status, 200);
    let wrong = server.post(
        "/api/decide",
        &json!({ "reason": null, "decisions": [
        { "index": 0, "region": { "region": "r999", "verdict": "keep" } }] }),
    );
    assert_eq!(wrong.status, 400, "a region that there is not");

    let out = tempfile::tempdir().unwrap();
    let report = case.apply(&out.path().join("o"), &[]).expect("a report");
    let out = out.path().join("o");
    let record = &report.records[case.name];
    assert_eq!(record.status, Status::Masked, "{:?}", record.reason);
    assert!(is_as_input(&case, &out, 0, inside(kept_region)), "kept");
    assert!(is_masked(&case, &out, 0, place) && is_masked(&case, &out, 0, drawn), "moved and drawn");
    assert!(is_masked(&case, &out, 0, inside(masked_region)), "masked");
    let left = inside(moved_region);
    assert!(is_as_input(&case, &out, 0, [left[0] + 12, left[1] + 2, left[2] - 12, left[3] - 2]), "where it was");
    let changes: Vec<RegionChange> =
        record.regions.iter().filter_map(|region| Some(region.review.as_ref()?.change)).collect();
    for change in [RegionChange::Decided, RegionChange::Moved, RegionChange::Drawn, RegionChange::Removed] {
        assert!(changes.contains(&change), "{change:?} in {changes:?}");
    }
    assert!(record.regions.iter().filter_map(|region| region.review.as_ref()).all(|own| own.reviewer == "ada"));
    assert!(!report.text.contains("given:"));
    let review = report.header.review.as_ref().expect("what was reviewed");
    assert_eq!((review.reviewers.as_slice(), report.header.command.as_str()), (&["ada".to_owned()][..], "apply"));
    // Masked texts stand in no report.
    let is_told = |region: &RegionRecord| region.reading.as_ref().is_some_and(|reading| reading.text.is_some());
    assert!(!record.regions.iter().any(|region| region.action == Decision::Mask && is_told(region)));

    let schema: Value = serde_json::from_str(&deburn::review::decisions::schema().unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let decisions = std::fs::read_to_string(case.decisions()).unwrap();
    assert!(decisions.lines().count() > 6);
    decisions.lines().for_each(|line| assert!(validator.is_valid(&serde_json::from_str(line).unwrap()), "{line}"));
}

#[test]
fn a_decision_on_some_frames_of_a_clip_holds_in_these() {
    let case = Case::new("us_cine_native.dcm");
    // The patient's id, which stands in frames 1 and 2 by a region of its own.
    let long =
        |region: &RegionRecord| region.reason == "identity" && region.frames == [1, 2] && region.quad.0[0].y > 15.0;
    let index = case.record().regions.iter().position(long).expect("such a region");
    let region = &case.record().regions[index];
    let server = Server::signed_in(&case, "ada");
    let drawn = json!({ "x0": 60, "y0": 110, "x1": 90, "y1": 120 });
    server.decide(json!([
        { "index": 0, "region": { "region": format!("r{index}"), "verdict": "keep", "frames": [1, 1] } },
        { "index": 0, "region": { "region": "nd1", "verdict": "mask", "box": drawn, "frames": [1, 2] } },
    ]));
    let out = tempfile::tempdir().unwrap();
    let out = out.path().join("o");
    case.apply(&out, &["--quiet"]).expect("a report");
    let drawn = [60, 110, 90, 120];
    let shown: Vec<bool> = (0..4).map(|frame| is_masked(&case, &out, frame, drawn)).collect();
    assert_eq!(shown, [false, true, true, false]);
    assert!(is_masked(&case, &out, 0, inside(region)));
}

#[test]
fn two_reviewers_who_differ_hold_an_instance_until_one_word_stands() {
    let case = Case::new("us_rgb.dcm");
    let (index, _) = case.region("identity");
    let (ada, bob) = (Server::signed_in(&case, "ada"), Server::signed_in(&case, "bob"));
    let region =
        |verdict: &str| json!([{ "index": 0, "region": { "region": format!("r{index}"), "verdict": verdict } }]);
    ada.decide(region("keep"));
    bob.decide(region("accept"));
    let seen: Value = serde_json::from_str(&ada.get("/api/changes?since=1").text()).unwrap();
    assert_eq!((&seen["entries"], &seen["changes"][0]["conflict"]), (&json!(2), &json!(true)), "{seen}");
    let out = tempfile::tempdir().unwrap();
    let report = case.apply(&out.path().join("a"), &[]).unwrap();
    let record = &report.records[case.name];
    assert_eq!((record.status, record.reason.as_ref().unwrap().code.as_str()), (Status::Review, "reviewers_differ"));
    assert!(!out.path().join("a").join(case.name).exists());
    bob.decide(json!([{ "index": 0, "settle": { "region": format!("r{index}"), "stands": "bob" } }]));
    let report = case.apply(&out.path().join("b"), &[]).unwrap();
    assert_eq!(report.records[case.name].status, Status::Masked);
}

#[test]
fn what_an_instance_held_by_a_person_was_does_not_go_out() {
    let case = Case::new("us_rgb.dcm");
    Server::signed_in(&case, "ada").decide(json!([{ "index": 0, "instance": "held" }]));
    let out = tempfile::tempdir().unwrap();
    let report = case.apply(&out.path().join("o"), &[]).unwrap();
    assert_eq!(report.records[case.name].status, Status::Held);
    assert_eq!(report.records[case.name].reason.as_ref().unwrap().code, "held_by_reviewer");
    assert!(!out.path().join("o").join(case.name).exists());
}

#[test]
fn what_does_not_fit_is_refused_in_one_line() {
    let case = Case::new("us_rgb.dcm");
    let refused = |report: &Path, more: &[&str], words: &str| {
        let mut command = deburn();
        command.arg("zones").arg("learn").arg(report).arg("--input").arg(&case.input).args(more);
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(words) && stderr.lines().count() == 1, "{stderr}");
    };
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(case.report()).unwrap();
    let report = folder.path().join("report.jsonl");
    let write = |text: &str| std::fs::write(&report, text).unwrap();
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    write(&text.replacen(&version, "\"version\":\"7.0.0\"", 1));
    refused(&report, &[], "is a report of deburn 7.0.0");
    write(&text.replace("\"path\":\"us_rgb.dcm\"", "\"path\":\"../us_rgb.dcm\""));
    refused(&report, &[], "leads out of the input folder");
    write("DICM");
    refused(&report, &[], "is no report of deburn");
    write(&text);
    let decisions = folder.path().join("d.jsonl");
    let named = decisions.to_str().unwrap();
    std::fs::write(&decisions, vec![b'\n'; 50 << 20]).unwrap();
    refused(&report, &["--decisions", named], "is above the limit of");
    let head = |sha256: &str| {
        format!("{{\"type\":\"decisions\",\"form\":1,\"version\":\"0\",\"report_sha256\":\"{sha256}\"}}\n")
    };
    std::fs::write(&decisions, head("00")).unwrap();
    refused(&report, &["--decisions", named], "are about another report");
    std::fs::write(&decisions, "{}\n").unwrap();
    refused(&report, &["--decisions", named], "no line of decisions");
    let output = deburn().arg("review").arg(case.report()).arg("--input").arg(case.run.out("")).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("holds the outputs of the run"));
}

#[test]
fn zones_are_learned_from_what_was_reviewed_and_mask_the_next_run() {
    let case = Case::new("us_rgb.dcm");
    let server = Server::signed_in(&case, "ada");
    server.decide(json!([{ "index": 0, "instance": "reviewed" }]));
    let rules = case.run.out("learned.toml");
    let learn = |support: &str| {
        let mut command = deburn();
        command.args(["zones", "learn", "--overwrite", "--support", support, "--input"]).arg(&case.input);
        command.arg(case.report()).arg("-o").arg(&rules).assert().success();
        std::fs::read_to_string(&rules).unwrap()
    };
    assert!(!learn("2").contains("[[zone]]"), "one instance is not two");
    let text = learn("1");
    assert!(text.contains("[[zone]]") && text.contains("# support: 1 of 1 reviewed instances"), "{text}");
    let run = Run::mask(&case.input, &["--effort", "fast", "--rules", rules.to_str().unwrap()]);
    let regions = &run.report.records[case.name].regions;
    assert!(regions.iter().any(|region| region.reason.starts_with("zone:learned-")), "{}", run.stderr());
}

#[test]
fn the_static_report_stands_alone_and_shows_masked_pictures_only() {
    let case = Case::new("us_rgb.dcm");
    let page = case.run.out("audit.html");
    deburn().arg("review").arg(case.report()).arg("--html").arg(&page).assert().success();
    let text = std::fs::read_to_string(&page).unwrap();
    assert!(text.contains("Count proof") && text.contains("complete") && text.contains("data:image/png;base64,"));
    for outside in ["http:", "https:", "<script", "src=\"/", "@import", "url("] {
        assert!(!text.contains(outside), "{outside}");
    }
    for phi in ["DOE^JANE", "NL4471920", "Northlake", "NORTHLAKE"] {
        assert!(!text.contains(phi), "{phi}");
    }
}
