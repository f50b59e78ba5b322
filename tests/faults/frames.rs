//! What a server does wrong in frames of HTTP/2: what is told, whether a change may have happened, how often it was
//! sent. The words follow from RFC 9113, whose sections stand beside.

use serde_json::{Value, json};

use super::player::{Player, forget, log, page, sandbox};

/// Sessions here speak HTTP/2 to a server that is known to.
const HTTP2: &str = "s:http_version=2";
const LIMITS: &str = "j:timeouts={\"read\":1,\"total\":20}";

/// The requests of the log, without the sandbox's own pages.
fn sent(entries: &[Value], path: &str) -> usize {
    let path = path.split('?').next().unwrap_or_default();
    entries.iter().filter(|entry| entry["path"].as_str().is_some_and(|sent| sent.starts_with(path))).count()
}

/// A POST of a fresh session for each path; what does not fit is told for all of them at once.
fn each(paths: &[&str], wrong: impl Fn(&str, &Value, usize) -> Option<String>) {
    let sandbox = sandbox();
    let mut player = Player::start();
    let before = player.counts();
    let mut faults = Vec::new();
    for path in paths {
        player.create("0", &sandbox.h2c, &[HTTP2, LIMITS, "s:parse=none"]);
        forget(&sandbox);
        let found = player.call("POST", path, &["s:data=a change"]);
        let times = sent(&log(&sandbox), path);
        faults.extend(wrong(path, &found, times).map(|what| format!("{path}: {what}: {found}")));
        // Whatever became of that connection, the next call is served.
        let next = player.call("GET", "/get?next=1", &[]);
        if next["http"] != 200 {
            faults.push(format!("{path}: the next call: {next}"));
        }
        player.tell(&["free", "0"]);
    }
    player.settles_soon(before);
    player.end();
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

fn unless(right: bool, what: &str) -> Option<String> {
    (!right).then(|| what.to_owned())
}

#[test]
fn whole_answers_count_whatever_comes_with_them() {
    let paths = [
        // 8.1: a client must not throw a whole answer away because of the RST_STREAM behind it.
        "/fault/h2/rst?code=NO_ERROR&at=end",
        // 6.8: the stream is among those that are processed.
        "/fault/h2/goaway",
        "/fault/h2/goaway?answer=before",
        "/fault/h2/goaway?graceful=1",
        // 6.7, 6.5.3: acknowledged.
        "/fault/h2/ping?count=3",
        "/fault/h2/settings?max_concurrent=1&window=1000",
        // 5.5, 6.5.2, 6.3, 6.1: to be ignored, or allowed.
        "/fault/h2/bad-frame?kind=unknown-type",
        "/fault/h2/bad-frame?kind=unknown-setting",
        "/fault/h2/bad-frame?kind=priority",
        "/fault/h2/bad-frame?kind=padded",
        "/fault/h2/bad-frame?kind=empty-end",
        // 8.1: heads before and behind.
        "/trailers",
        "/early-hints?n=3",
        "/continue?n=2",
    ];
    each(&paths, |_, found, times| unless(found["http"] == 200 && times == 1, "200 was wanted, once"));
}

#[test]
fn what_was_certainly_not_processed_is_sent_again_and_then_told_so() {
    // 8.7: REFUSED_STREAM, and streams above the last one of GOAWAY, were not processed: they may be sent again, a
    // change too. These servers never give in.
    let paths = ["/fault/h2/rst?code=REFUSED_STREAM", "/fault/h2/goaway?processed=0"];
    each(&paths, |_, found, times| {
        let told = found["detail"]["outcome"] == "not_sent" && found["retryable"] == true;
        unless(told && (2..=10).contains(&times), &format!("not_sent was wanted, after some tries, which were {times}"))
    });
}

#[test]
fn a_stream_that_ends_before_its_answer_is_of_unknown_outcome() {
    let paths = [
        "/fault/h2/rst?code=CANCEL",
        "/fault/h2/rst?code=INTERNAL_ERROR",
        "/fault/h2/rst?code=PROTOCOL_ERROR",
        "/fault/h2/rst?code=NO_ERROR",
        "/fault/h2/drop",
        "/fault/h2/drop?end=close",
        "/fault/reset",
        "/fault/close",
    ];
    each(&paths, |_, found, times| {
        let told = found["detail"]["outcome"] == "unknown" && found["retryable"] == false;
        unless(told && found["status"] != "HAFT_OK" && times == 1, "unknown was wanted, once")
    });
}

#[test]
fn a_body_that_does_not_come_whole_is_no_answer() {
    // 8.1.1: the sum of the DATA frames is the Content-Length, or the answer is malformed.
    let paths = [
        "/fault/h2/rst?code=CANCEL&at=head",
        "/fault/h2/rst?code=INTERNAL_ERROR&at=body",
        "/fault/h2/short-body",
        "/fault/lying-length",
        "/fault/truncate",
        "/fault/truncate?end=rst",
        "/fault/reset-after-head",
    ];
    each(&paths, |_, found, times| {
        let told = found["status"] == "HAFT_E_PROTOCOL" && found["detail"]["outcome"] == "applied";
        unless(told && times == 1, "HAFT_E_PROTOCOL was wanted, and applied")
    });
}

#[test]
fn a_malformed_head_is_no_answer() {
    // 8.2.1, 8.2.2, 8.3, 8.3.2: malformed, a stream error.
    let kinds = [
        "uppercase",
        "connection",
        "keep-alive",
        "transfer-encoding",
        "upgrade",
        "no-status",
        "bad-status",
        "empty-status",
        "status-late",
        "unknown-pseudo",
        "crlf",
        "lf",
        "nul",
        "empty-name",
        "name-space",
    ];
    let paths: Vec<String> = kinds.iter().map(|kind| format!("/fault/h2/bad-head?kind={kind}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    each(&paths, |_, found, times| {
        let told = found["status"] == "HAFT_E_PROTOCOL" && found["detail"]["outcome"] == "unknown";
        unless(told && times == 1, "HAFT_E_PROTOCOL was wanted, and unknown")
    });
}

#[test]
fn a_broken_connection_fails_its_call_and_no_other() {
    // 5.4.1: connection errors. What was sent may have been processed.
    let kinds = [
        "data-on-zero",
        "rst-zero",
        "settings-length",
        "settings-on-stream",
        "ping-length",
        "goaway-length",
        "window-overflow",
        "continuation-alone",
        "interrupted-block",
        "too-large",
        "hpack-index",
        "http1",
    ];
    let paths: Vec<String> = kinds.iter().map(|kind| format!("/fault/h2/bad-frame?kind={kind}&then=stall")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    each(&paths, |_, found, times| {
        let told = found["detail"]["outcome"] == "unknown" && found["status"] != "HAFT_E_TIMEOUT";
        unless(told && found["status"] != "HAFT_OK" && times == 1, "a failure of unknown outcome was wanted, at once")
    });
}

#[test]
fn silence_is_a_time_out_of_its_stream() {
    let rows = [("/fault/stall", "unknown"), ("/fault/h2/silence", "unknown"), ("/fault/stall-body", "applied")];
    let outcome = |path: &str| rows.iter().find(|(known, _)| *known == path).map(|(_, outcome)| json!(outcome));
    each(&rows.map(|(path, _)| path), |path, found, times| {
        let told =
            found["detail"]["code"] == "read_timeout" && Some(&found["detail"]["outcome"]) == outcome(path).as_ref();
        unless(told && times == 1, "read_timeout was wanted")
    });
}

#[test]
fn a_connection_that_goes_away_before_a_change_costs_nothing() {
    // 6.8: the second stream is above the last one that is processed, so it goes to a new connection, unnoticed.
    let sandbox = sandbox();
    let mut player = Player::start();
    page(&sandbox, "POST", "/_control?h2=1&goaway_on_stream=2");
    player.create("0", &sandbox.h2c, &[HTTP2, LIMITS]);
    for number in 0..4 {
        let found = player.call("POST", &format!("/anything/{number}"), &["s:data=a change"]);
        assert_eq!((&found["status"], &found["http"]), (&json!("HAFT_OK"), &json!(200)), "{number}: {found}");
    }
    let entries = log(&sandbox);
    let processed = |entry: &&Value| entry.get("unprocessed").is_none() && entry["method"] == "POST";
    assert_eq!(entries.iter().filter(processed).count(), 4, "{entries:#?}");
    player.tell(&["free", "0"]);
    player.end();
}
