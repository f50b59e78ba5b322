//! The cookie file of Netscape, which curl and Python's `MozillaCookieJar` read and write.
//!
//! One line per cookie: domain, whether names below it count, path, secure, the end in seconds since 1970 (0, or with
//! Python nothing: a session cookie), name, value, with tabs between. `#HttpOnly_` before the domain is the one comment
//! that counts. A cookie without a value has an empty name and its name as the value.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use super::{Cookie, Jar};
use crate::{
    engine::net::limits::reason,
    error::{Error, Result, code},
};

/// The first line is what Python recognises the form by.
const HEAD: &str = "# Netscape HTTP Cookie File\n# Written by haft; edits made while a session is open are lost.\n\n";
const HTTP_ONLY: &str = "#HttpOnly_";

/// Reads a file into the jar and gives the number of lines that were not understood. A file that is not there is an
/// empty one. Cookies that are over are left out.
///
/// # Errors
/// `io`, naming the file.
pub fn load(jar: &mut Jar, file: &Path, now: i64) -> Result<usize> {
    match fs::read(file) {
        Ok(bytes) => Ok(read(jar, &String::from_utf8_lossy(&bytes), now)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(failed("read", file, &error)),
    }
}

/// Writes the jar, session cookies too. The new file takes the old one's place in one step and only its owner may read it.
///
/// # Errors
/// `io`, naming the file; the old file is then as it was.
pub fn save(jar: &Jar, file: &Path, now: i64) -> Result<()> {
    let temporary = beside(file);
    let done = write_new(&temporary, &write(jar, now)).and_then(|()| fs::rename(&temporary, file));
    done.map_err(|error| {
        // Nothing better can be done about a left-over than to try.
        let _ = fs::remove_file(&temporary);
        failed("written", file, &error)
    })
}

fn failed(what: &str, file: &Path, error: &std::io::Error) -> Error {
    Error::new(&code::IO, format!("the cookie file could not be {what}: {}", reason(&error)))
        .with("path", file.to_string_lossy().into_owned())
}

/// A name in the same directory that nobody else uses.
fn beside(file: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{}.new", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    file.with_file_name(name)
}

fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(file)?;
    open.write_all(text.as_bytes())?;
    open.sync_all()
}

/// Reads the text of a file and gives the number of lines that were not understood.
pub fn read(jar: &mut Jar, text: &str, now: i64) -> usize {
    let mut strange = 0;
    for line in text.lines() {
        let (http_only, rest) = match line.strip_prefix(HTTP_ONLY) {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        if rest.trim().is_empty() || rest.trim_start().starts_with(['#', '$']) {
            continue;
        }
        match read_line(rest, http_only) {
            Some(cookie) if cookie.is_expired(now) => {}
            Some(cookie) => strange += usize::from(jar.insert(cookie, now).is_err()),
            None => strange += 1,
        }
    }
    strange
}

fn read_line(line: &str, http_only: bool) -> Option<Cookie> {
    let mut fields = line.splitn(7, '\t');
    let domain = fields.next()?.to_ascii_lowercase();
    let below = fields.next()?.eq_ignore_ascii_case("TRUE");
    let path = fields.next()?;
    let secure = fields.next()?.eq_ignore_ascii_case("TRUE");
    let expires = match fields.next()? {
        "" => 0,
        number => number.parse().ok()?,
    };
    let (name, value) = match (fields.next()?, fields.next()) {
        ("", value) => (value?, None),
        (name, value) => (name, Some(value.unwrap_or_default().to_owned())),
    };
    let domain = if below && !domain.is_empty() && !domain.starts_with('.') { format!(".{domain}") } else { domain };
    Some(Cookie {
        name: name.into(),
        value,
        host_only: !below && !domain.is_empty(),
        domain,
        path: path.into(),
        secure,
        expires: (expires != 0).then_some(expires),
        http_only,
        utf8: true,
        ..Cookie::default()
    })
}

/// The text of the file for a jar.
pub fn write(jar: &Jar, now: i64) -> String {
    let mut text = HEAD.to_owned();
    for cookie in jar.iter().filter(|cookie| !cookie.is_expired(now)) {
        let (name, value) = match &cookie.value {
            Some(value) => (&*cookie.name, &**value),
            None => ("", &*cookie.name),
        };
        // A tab ends a field: only the last field may hold one.
        if [&*cookie.domain, &*cookie.path, name].iter().any(|field| field.contains('\t')) {
            continue;
        }
        let below = !cookie.host_only && !cookie.domain.is_empty();
        let dot = if below && !cookie.domain.starts_with('.') { "." } else { "" };
        let truth = |truth: bool| if truth { "TRUE" } else { "FALSE" };
        let fields = [
            if cookie.http_only { HTTP_ONLY } else { "" },
            dot,
            &cookie.domain,
            "\t",
            truth(below),
            "\t",
            &cookie.path,
            "\t",
            truth(cookie.secure),
            "\t",
            &cookie.expires.unwrap_or(0).to_string(),
            "\t",
            name,
            "\t",
            value,
            "\n",
        ];
        text.extend(fields);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::http::place::Place;

    const NOW: i64 = 1_795_253_281;

    // What curl 7.88 and Python 3.11 wrote for the same answer.
    const CURL: &str = "# Netscape HTTP Cookie File\n# A remark\n\n\
                        www.ex.com\tFALSE\t/\tFALSE\t2145916800\te\t\n\
                        #HttpOnly_www.ex.com\tFALSE\t/\tFALSE\t2145916800\th\t3\n\
                        www.ex.com\tFALSE\t/\tFALSE\t0\ts\t1\n";
    const PYTHON: &str = "# Netscape HTTP Cookie File\n# A remark\n\n\
                          www.ex.com\tFALSE\t/\tFALSE\t\ts\t1\n\
                          #HttpOnly_www.ex.com\tFALSE\t/\tFALSE\t2145916800\th\t3\n\
                          www.ex.com\tFALSE\t/\tFALSE\t2145916800\t\tnovalue\n\
                          www.ex.com\tFALSE\t/\tFALSE\t2145916800\te\t\n\
                          .ex.com\tTRUE\t/x\tTRUE\t2145916800\td\t2\n";

    fn lines(text: &str) -> Vec<&str> {
        text.lines()
            .filter(|line| !line.is_empty() && (!line.starts_with('#') || line.starts_with(HTTP_ONLY)))
            .collect()
    }

    #[test]
    fn foreign_files() {
        for text in [CURL, PYTHON] {
            let mut jar = Jar::default();
            assert_eq!(read(&mut jar, text, NOW), 0);
            // Session cookies are written as curl writes them.
            assert_eq!(lines(&write(&jar, NOW)), lines(&text.replace("\t\ts\t1", "\t0\ts\t1")));
        }
        let mut jar = Jar::default();
        let old = "a.com\tFALSE\t/\tFALSE\t5\told\t1\nonly three\tfields\there\na.com\tFALSE\t/\tFALSE\tsoon\ta\tb\r\n";
        assert_eq!(read(&mut jar, old, NOW), 2);
        assert!(jar.is_empty());
    }

    #[test]
    fn an_answer_and_its_file() {
        let mut jar = Jar::default();
        let place = Place { scheme: "http", host: "www.ex.com", port: 80, path: "/" };
        let end = "Expires=Fri, 01 Jan 2038 00:00:00 GMT";
        let answer = [
            "s=1; Path=/".to_owned(),
            format!("d=2; Domain=ex.com; Path=/x; Secure; {end}"),
            format!("h=3; HttpOnly; {end}"),
            format!("novalue; {end}"),
            format!("e=; {end}"),
        ];
        jar.store(&place, &answer, NOW);
        assert_eq!(lines(&write(&jar, NOW)), lines(&PYTHON.replace("\t\ts\t1", "\t0\ts\t1")));
    }

    #[test]
    fn saving_replaces_the_file() {
        let file = std::env::temp_dir().join(format!("haft-cookies-{}", std::process::id()));
        let mut jar = Jar::default();
        assert_eq!(load(&mut jar, &file, NOW).unwrap(), 0);
        read(&mut jar, PYTHON, NOW);
        fs::write(&file, "old").unwrap();
        save(&jar, &file, NOW).unwrap();
        let mut copy = Jar::default();
        assert_eq!(load(&mut copy, &file, NOW).unwrap(), 0);
        assert_eq!(copy.to_tree().as_array().unwrap().len(), 5);
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::remove_file(&file).unwrap();
        let nowhere = file.join("no").join("such");
        assert_eq!(save(&jar, &nowhere, NOW).unwrap_err().code(), "io");
    }
}
