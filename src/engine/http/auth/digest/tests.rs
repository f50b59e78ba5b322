//! Expected values come from requests 2.34.2 with its client nonce held fixed, from RFC 7616 3.9 (with erratum 4897), and
//! for what neither has, from the RFC's formulas over Python's hashlib.

use super::*;
use crate::engine::http::auth::challenge;

const PLACE: Place<'static> = Place { scheme: "http", host: "h", port: 80, path: "/" };

fn asked<'a>(method: &'a str, uri: &'a str, cnonce: &'a str) -> Asked<'a> {
    Asked { place: &PLACE, method, uri, body: None, cnonce }
}

fn digest() -> Digest {
    Digest::new("user", Secret::new("pass"))
}

#[test]
fn as_requests_writes_it() {
    let asked = asked("GET", "/p?q=1", "1e1df0408d818c47");
    let start = "Digest username=\"user\", realm=\"r\", nonce=\"n1\", uri=\"/p?q=1\", response=";
    let end = ", qop=\"auth\", nc=00000001, cnonce=\"1e1df0408d818c47\"";
    for (value, rest) in [
        (
            "Digest realm=\"r\", nonce=\"n1\", qop=\"auth\", opaque=\"o\", algorithm=MD5",
            format!("\"53ab4da79fd64303386a8325a395f676\", opaque=\"o\", algorithm=\"MD5\"{end}"),
        ),
        ("Digest realm=\"r\", nonce=\"n1\"", "\"8d19687604d7dbef53abcb4d247dc8fd\"".into()),
        (
            "Digest realm=\"r\", nonce=\"n1\", algorithm=\"MD5-sess\", qop=\"auth\"",
            format!("\"7edff387f10e24cbbcb4e5eb4748daef\", algorithm=\"MD5-sess\"{end}"),
        ),
        (
            "Digest realm=\"r\", nonce=\"n1\", algorithm=SHA, qop=\"auth,auth-int\"",
            format!("\"94754840b3c58450e4f940419aa9eea26792abdc\", algorithm=\"SHA\"{end}"),
        ),
        (
            "Digest realm=\"r\", nonce=\"n1\", algorithm=SHA-256, qop=auth",
            format!("\"a6adc9ea5fa8ce97494a756c2a7adc29d0d16f1f8742d4cd43043932c845ab08\", algorithm=\"SHA-256\"{end}"),
        ),
        (
            "Digest realm=\"r\", nonce=\"n1\", algorithm=SHA-512, qop=\"auth\"",
            format!(
                "\"bd4a0f7b2e08a62226a5c762c425ed9a86917508ce0ab79423a75970afabc9de\
                 54d2d37cbfe9a7e6c5780e5e47b8a645913a5f3ab20ccba359898b96f325fd3b\", algorithm=\"SHA-512\"{end}"
            ),
        ),
    ] {
        let header = digest().respond(&challenge::parse([value]), &asked);
        assert_eq!(header, Some(format!("{start}{rest}")), "{value}");
    }
    for value in
        ["Digest realm=\"r\", nonce=\"n1\", qop=\"auth-int\"", "Digest realm=\"r\", nonce=\"n1\", algorithm=FOO"]
    {
        assert_eq!(digest().respond(&challenge::parse([value]), &asked), None, "{value}");
    }
}

#[track_caller]
fn assert_response(digest: &Digest, value: &str, asked: &Asked<'_>, response: &str) -> String {
    let header = digest.respond(&challenge::parse([value]), asked).unwrap();
    assert!(header.contains(&format!("response=\"{response}\"")), "{header}");
    header
}

#[test]
fn examples_of_the_rfc() {
    let user = Digest::new("Mufasa", Secret::new("Circle of Life"));
    let asked = asked("GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
    let md5 = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, \
               nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
    assert_response(&user, md5, &asked, "8ca523f5e9506fed4657c9700eebdbec");
    let user = Digest::new("Mufasa", Secret::new("Circle of Life"));
    let sha = md5.replace("MD5", "SHA-256");
    let response = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
    assert_response(&user, &sha, &asked, response);
    // Both offered: the stronger is taken, wherever it stands.
    let user = Digest::new("Mufasa", Secret::new("Circle of Life"));
    let header = user.respond(&challenge::parse([md5, &*sha]), &asked).unwrap();
    assert!(header.contains(response));
}

#[test]
fn a_user_beyond_ascii() {
    let user = || Digest::new("J\u{e4}s\u{f8}n Doe", Secret::new("Secret, or not?"));
    let asked = asked("GET", "/doe.json", "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v");
    let value = "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
                 nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", charset=UTF-8, userhash=true";
    let response = "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5";
    let header = assert_response(&user(), value, &asked, response);
    assert!(header.contains("username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\""));
    assert!(header.ends_with(", userhash=true"));
    let header = assert_response(&user(), &value.replace("true", "false"), &asked, response);
    assert!(header.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm="), "{header}");
}

#[test]
fn formulas_of_the_rfc() {
    let mut asked = asked("GET", "/p", "c0ffee");
    let value =
        |algorithm: &str, qop: &str| format!("Digest realm=\"r\", nonce=\"n1\", algorithm={algorithm}, qop={qop}");
    let response = "921a936f0562a4b1f01952686d43188308347ee0c245a76c9b9e04dac161c549";
    assert_response(&digest(), &value("SHA-256-sess", "auth"), &asked, response);
    let response = "fcb6f90f592f7541bd7c1b6ab4667f54763b6f2fc9608af8a233f2cb690323b2\
                    1f11c3eec908fab7c5d8f713a8509d7e68b48e9d030b430a11d5546212982786";
    assert_response(&digest(), &value("SHA-512-sess", "auth"), &asked, response);
    asked.method = "POST";
    asked.body = Some(b"hello");
    let response = "2c974155a0e2617eeb16826a396b06726e8fd6465791cdf5b074efb8fe3c7b91";
    assert_response(&digest(), &value("SHA-256", "auth-int"), &asked, response);
}

#[test]
fn counting() {
    let digest = digest();
    let asked = asked("GET", "/", "c");
    assert_eq!(digest.preemptive(&asked), None);
    let challenge = |nonce: &str| challenge::parse([&*format!("Digest realm=\"r\", nonce=\"{nonce}\", qop=auth")]);
    let has = |header: Option<String>, nonce: &str, count: &str| {
        let header = header.unwrap();
        assert!(header.contains(&format!("nonce=\"{nonce}\"")) && header.contains(&format!("nc={count}")), "{header}");
    };
    has(digest.respond(&challenge("a"), &asked), "a", "00000001");
    has(digest.preemptive(&asked), "a", "00000002");
    has(digest.respond(&challenge("b"), &asked), "b", "00000001");
    has(digest.preemptive(&asked), "b", "00000002");
    // A nonce that comes back goes on where it was.
    has(digest.respond(&challenge("a"), &asked), "a", "00000003");
    let elsewhere = Place { host: "other", ..PLACE };
    assert_eq!(digest.preemptive(&Asked { place: &elsewhere, ..asked }), None);
}

#[test]
fn no_count_is_used_twice() {
    let digest = digest();
    digest.respond(&challenge::parse(["Digest realm=r, nonce=n, qop=auth"]), &asked("GET", "/", "c")).unwrap();
    let mut counts: Vec<String> = std::thread::scope(|scope| {
        let work = || (0..50).map(|_| digest.preemptive(&asked("GET", "/", "c")).unwrap()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    counts.sort();
    counts.dedup();
    assert_eq!(counts.len(), 400);
}

#[test]
fn attempts() {
    let plain = challenge::parse(["Digest realm=r, nonce=n"]);
    let stale = challenge::parse(["Digest realm=r, nonce=n, stale=TRUE"]);
    let mut attempts = Attempts::default();
    assert!(!attempts.allow(500, &plain) && !attempts.allow(401, &challenge::parse(["Basic realm=r"])));
    assert!(attempts.allow(401, &plain) && !attempts.allow(401, &plain));
    assert!(attempts.allow(403, &stale) && !attempts.allow(401, &stale));
}
