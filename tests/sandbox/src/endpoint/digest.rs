//! Digest authentication (RFC 7616, and RFC 2069 for `qop` none), checked strictly: nonce counts must rise, the
//! nonce, opaque and URI must be the ones given.

use std::collections::HashMap;
use std::io;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use md5::Md5;
use rustls::crypto::aws_lc_rs;
use serde_json::json;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512, Sha512_256};

use super::{bad_request, not_found, to_hex};
use crate::exchange::{Exchange, Next, Reply};
use crate::log::lock;
use crate::request::{Args, latin1, percent_decode};

const REALM: &str = "sandbox";
/// Beyond this many, all are forgotten, which clients see as stale nonces.
const NONCES_MAX: usize = 100_000;
/// What `?multi` offers, weakest first, so that a client that takes the first is found out.
const MULTI: [&str; 3] = ["MD5", "SHA-256", "SHA-512-256"];
const ALGORITHMS: [&str; 10] = [
    "MD5",
    "MD5-sess",
    "SHA",
    "SHA-sess",
    "SHA-256",
    "SHA-256-sess",
    "SHA-512",
    "SHA-512-sess",
    "SHA-512-256",
    "SHA-512-256-sess",
];

/// What is remembered of a nonce.
struct Nonce {
    opaque: String,
    last_count: u64,
    uses: u64,
    stale: bool,
}

/// All nonces given out.
#[derive(Default)]
pub struct Nonces(HashMap<String, Nonce>);

impl Nonces {
    fn add(&mut self, name: String, nonce: Nonce) {
        if self.0.len() >= NONCES_MAX {
            self.0.clear();
        }
        self.0.insert(name, nonce);
    }
}

struct Settings {
    qop: Option<String>,
    user: String,
    password: String,
    algorithms: Vec<String>,
    stale_after: Option<u64>,
    user_hash: bool,
}

/// Why an Authorization header was refused.
enum Refusal {
    Wrong(&'static str),
    Stale,
}

/// `/digest-auth/QOP/USER/PASS[/ALGORITHM[/STALE_AFTER]]`.
pub async fn serve(ex: &mut Exchange<'_>, words: &[&str]) -> io::Result<Next> {
    let args = ex.request.args();
    let [qop, user, password, rest @ ..] = words else { return not_found(ex).await };
    let multi = args.flag("multi");
    let algorithms = if multi {
        MULTI.map(str::to_owned).to_vec()
    } else {
        let asked = rest.first().copied().unwrap_or("MD5");
        match ALGORITHMS.iter().find(|known| known.eq_ignore_ascii_case(asked)) {
            Some(known) => vec![(*known).to_owned()],
            None => return bad_request(ex, "the algorithm was not known").await,
        }
    };
    let qop = match *qop {
        "none" => None,
        "auth" | "auth-int" => Some((*qop).to_owned()),
        "auth,auth-int" | "auth-int,auth" => Some(qop.replace(',', ", ")),
        _ => return bad_request(ex, "qop must be auth, auth-int, auth,auth-int or none").await,
    };
    let settings = Settings {
        qop,
        user: (*user).to_owned(),
        password: (*password).to_owned(),
        algorithms,
        stale_after: rest.get(1).and_then(|text| text.parse().ok()),
        user_hash: args.flag("userhash"),
    };
    let header = ex.request.header_text("authorization");
    let given = header.as_deref().and_then(|value| value.split_once(' '));
    let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("digest")).map(|(_, rest)| parse(rest));
    let refusal = match given {
        None => None,
        Some(given) => match check(ex, &settings, &given) {
            Ok((response_auth, mut shown)) => {
                shown["authenticated"] = true.into();
                let reply = Reply::json(&shown);
                return ex
                    .send(match response_auth {
                        Some(info) => reply.header("Authentication-Info", info),
                        None => reply,
                    })
                    .await;
            }
            Err(refusal) => Some(refusal),
        },
    };
    challenge(ex, &args, &settings, refusal).await
}

async fn challenge(
    ex: &mut Exchange<'_>,
    args: &Args,
    settings: &Settings,
    refusal: Option<Refusal>,
) -> io::Result<Next> {
    let stale = matches!(refusal, Some(Refusal::Stale));
    let nonce = fresh();
    let opaque = fresh();
    // With `?stale=1` the first nonce is stale when it comes back, and the one given with stale=true is good.
    let born_stale = args.flag("stale") && refusal.is_none();
    let made = Nonce { opaque: opaque.clone(), last_count: 0, uses: 0, stale: born_stale };
    lock(&ex.state.nonces).add(nonce.clone(), made);
    let mut challenges: Vec<String> = settings
        .algorithms
        .iter()
        .map(|algorithm| {
            let mut text = format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\"");
            if let Some(qop) = &settings.qop {
                text.push_str(&format!(", qop=\"{qop}\""));
            }
            text.push_str(&format!(", opaque=\"{opaque}\", algorithm={algorithm}"));
            if stale {
                text.push_str(", stale=true");
            }
            if settings.user_hash {
                text.push_str(", userhash=true");
            }
            if args.flag("charset") {
                text.push_str(", charset=UTF-8");
            }
            text
        })
        .collect();
    if args.flag("multi") {
        challenges.insert(0, format!("Basic realm=\"{REALM}\""));
    }
    let why = match refusal {
        None => "no digest credentials",
        Some(Refusal::Stale) => "the nonce was stale",
        Some(Refusal::Wrong(why)) => why,
    };
    let status = args.number("status", 401);
    let mut reply = Reply::json(&json!({"authenticated": false, "reason": why})).status(status);
    if args.get("multi") == Some("2") {
        for text in challenges {
            reply = reply.header("WWW-Authenticate", text);
        }
    } else {
        reply = reply.header("WWW-Authenticate", challenges.join(", "));
    }
    if args.flag("cookie") {
        reply = reply.header("Set-Cookie", "digest=challenged; Path=/");
    }
    ex.send(reply).await
}

/// A value that was never given out before and cannot be guessed.
fn fresh() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static SECRET: LazyLock<[u8; 16]> = LazyLock::new(|| {
        let mut secret = [0; 16];
        // Without randomness nonces could be guessed, which harms nobody on loopback.
        let _ = aws_lc_rs::default_provider().secure_random.fill(&mut secret);
        secret
    });
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut sum = Sha256::new();
    sum.update(*SECRET);
    sum.update(count.to_le_bytes());
    to_hex(&sum.finalize()[..16])
}

/// `name=value` pairs, quotes and escapes undone; names in lower case.
fn parse(text: &str) -> HashMap<String, String> {
    let mut out = HashMap::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_start_matches([',', ' ', '\t']).trim().to_ascii_lowercase();
        let mut value = String::new();
        let mut end = after.len();
        if let Some(quoted) = after.trim_start().strip_prefix('"') {
            let offset = after.len() - quoted.len();
            let mut escaped = false;
            for (at, c) in quoted.char_indices() {
                if !escaped && c == '"' {
                    end = offset + at + 1;
                    break;
                }
                escaped = !escaped && c == '\\';
                if !escaped {
                    value.push(c);
                }
            }
        } else {
            end = after.find(',').unwrap_or(after.len());
            value = after[..end].trim().to_owned();
        }
        out.insert(name, value);
        rest = &after[end..];
    }
    out
}

/// Hexadecimal digest of the parts, by the algorithm's name without `-sess`.
fn hash(algorithm: &str, bytes: &[u8]) -> String {
    match algorithm {
        "SHA" => to_hex(&Sha1::digest(bytes)),
        "SHA-256" => to_hex(&Sha256::digest(bytes)),
        "SHA-512" => to_hex(&Sha512::digest(bytes)),
        "SHA-512-256" => to_hex(&Sha512_256::digest(bytes)),
        _ => to_hex(&Md5::digest(bytes)),
    }
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.join(&b':')
}

/// Text whose characters are bytes, back to those bytes.
fn bytes_of(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
}

/// The `Authentication-Info` to send back, if any, and what the answer shows.
type Accepted = (Option<String>, serde_json::Value);

fn check(ex: &Exchange<'_>, settings: &Settings, given: &HashMap<String, String>) -> Result<Accepted, Refusal> {
    let field = |name: &str| given.get(name).map_or("", String::as_str);
    let algorithm = given.get("algorithm").map_or("MD5", String::as_str);
    let Some(algorithm) = settings.algorithms.iter().find(|known| known.eq_ignore_ascii_case(algorithm)) else {
        return Err(Refusal::Wrong("the algorithm was not offered"));
    };
    let base = algorithm.trim_end_matches("-sess");
    if field("realm") != REALM {
        return Err(Refusal::Wrong("the realm was not the one given"));
    }
    let uri = bytes_of(field("uri"));
    if uri != ex.request.target() && uri != ex.request.origin_form() {
        return Err(Refusal::Wrong("the uri was not the request target"));
    }
    // The user may come hashed, extended (RFC 8187), in UTF-8 or in latin-1; the hash covers the bytes as chosen.
    let utf8 = (settings.user.as_bytes().to_vec(), settings.password.as_bytes().to_vec());
    let mut candidates = vec![utf8];
    let fits = |text: &str| text.chars().all(|c| u8::try_from(c).is_ok());
    if fits(&settings.user) && fits(&settings.password) {
        candidates.push((bytes_of(&settings.user), bytes_of(&settings.password)));
    }
    let hashed = field("userhash").eq_ignore_ascii_case("true");
    let extended =
        given.get("username*").and_then(|text| text.strip_prefix("UTF-8''")).map(|t| percent_decode(t, false));
    let candidates: Vec<_> = candidates
        .into_iter()
        .filter(|(user, _)| match (&extended, hashed) {
            (Some(name), _) => name == user,
            (None, true) => settings.user_hash && field("username") == hash(base, &joined(&[user, REALM.as_bytes()])),
            (None, false) => &bytes_of(field("username")) == user,
        })
        .collect();
    if candidates.is_empty() {
        return Err(Refusal::Wrong("the user was not the one wanted"));
    }
    let qop = given.get("qop").map(String::as_str);
    match (&settings.qop, qop) {
        (None, None) => {}
        (Some(offered), Some(used)) if offered.split(", ").any(|one| one == used) => {}
        _ => return Err(Refusal::Wrong("the qop was not offered")),
    }
    let count = field("nc");
    if qop.is_some() && (count.len() != 8 || field("cnonce").is_empty()) {
        return Err(Refusal::Wrong("nc was not eight digits, or cnonce was missing"));
    }
    let number = u64::from_str_radix(count, 16).unwrap_or(0);

    let a2 = |method: &str| {
        let mut text = joined(&[method.as_bytes(), &uri]);
        if qop == Some("auth-int") {
            text.push(b':');
            text.extend_from_slice(hash(base, &ex.body).as_bytes());
        }
        hash(base, &text)
    };
    let sum = |(user, password): &(Vec<u8>, Vec<u8>), ha2: &str| {
        let mut ha1 = hash(base, &joined(&[user, REALM.as_bytes(), password]));
        if algorithm.ends_with("-sess") {
            ha1 = hash(base, &joined(&[ha1.as_bytes(), field("nonce").as_bytes(), field("cnonce").as_bytes()]));
        }
        let nonce = field("nonce");
        let text = match qop {
            Some(qop) => format!("{ha1}:{nonce}:{count}:{}:{qop}:{ha2}", field("cnonce")),
            None => format!("{ha1}:{nonce}:{ha2}"),
        };
        hash(base, &bytes_of(&text))
    };
    let ha2 = a2(ex.request.method());
    let Some(accepted) =
        candidates.iter().find(|candidate| field("response").eq_ignore_ascii_case(&sum(candidate, &ha2)))
    else {
        return Err(Refusal::Wrong("the response was not right"));
    };

    let mut nonces = lock(&ex.state.nonces);
    let Some(nonce) = nonces.0.get_mut(field("nonce")) else { return Err(Refusal::Stale) };
    if nonce.opaque != field("opaque") {
        return Err(Refusal::Wrong("opaque was not the one given"));
    }
    nonce.uses += 1;
    if nonce.stale || settings.stale_after.is_some_and(|most| nonce.uses > most) {
        return Err(Refusal::Stale);
    }
    if qop.is_some() {
        if number <= nonce.last_count {
            return Err(Refusal::Wrong("the nonce count did not rise"));
        }
        nonce.last_count = number;
    }
    let info = qop.map(|qop| {
        let cnonce = field("cnonce");
        // The answer's own A2 has no method; for auth-int it would cover the answer's body, so it is left out.
        let proof = if qop == "auth" { format!("rspauth=\"{}\", ", sum(accepted, &a2(""))) } else { String::new() };
        format!("{proof}qop={qop}, cnonce=\"{cnonce}\", nc={count}")
    });
    let shown = json!({
        "authenticated": true, "user": settings.user, "algorithm": algorithm, "qop": qop, "nc": number,
        "userhash": hashed, "username": latin1(&accepted.0),
    });
    Ok((info, shown))
}

#[cfg(test)]
mod tests {
    use super::{hash, parse};

    #[test]
    fn fields_are_read() {
        let given = parse("username=\"M\\\"u, x\", uri=\"/a?b=c\",nc=00000001, qop=auth ,cnonce=\"\"");
        assert_eq!(given["username"], "M\"u, x");
        assert_eq!(given["uri"], "/a?b=c");
        assert_eq!(given["nc"], "00000001");
        assert_eq!(given["qop"], "auth");
        assert_eq!(given["cnonce"], "");
    }

    /// The example of RFC 7616 section 3.9.1.
    #[test]
    fn the_rfc_example_is_met() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let ha1 = hash(algorithm, b"Mufasa:http-auth@example.org:Circle of Life");
            let ha2 = hash(algorithm, b"GET:/dir/index.html");
            let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            assert_eq!(hash(algorithm, format!("{ha1}:{nonce}:00000001:{cnonce}:auth:{ha2}").as_bytes()), response);
        }
    }
}
