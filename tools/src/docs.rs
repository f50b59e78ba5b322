//! The pages that are made from tables of the library: `docs/options.md` from `src/options/table.rs`, `docs/errors.md`
//! from `src/error/code.rs` and the statuses of the header.

use std::{fmt::Write, fs, path::Path};

use haft::{
    error::{Status, code},
    options::{OPTIONS, Opt, scope},
};

use crate::header;

/// Where the pages are.
pub const OPTIONS_PATH: &str = "docs/options.md";
/// Where the pages are.
pub const ERRORS_PATH: &str = "docs/errors.md";

const NOTE: &str = "<!-- Made by `cargo run -p haft-tools -- docs`; edits are lost. -->\n";

/// Writes both pages.
///
/// # Errors
/// What could not be read or written.
pub fn write(root: &Path) -> Result<(), String> {
    for (path, text) in pages(root)? {
        fs::write(root.join(path), text).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}

/// Compares both pages with what would be written.
///
/// # Errors
/// The page that is out of date.
pub fn check(root: &Path) -> Result<(), String> {
    for (path, text) in pages(root)? {
        if fs::read_to_string(root.join(path)).unwrap_or_default() != text {
            return Err(format!("{path} is out of date; run: cargo run -p haft-tools -- docs"));
        }
    }
    Ok(())
}

fn pages(root: &Path) -> Result<[(&'static str, String); 2], String> {
    let header = fs::read_to_string(root.join(header::PATH)).map_err(|error| format!("{}: {error}", header::PATH))?;
    Ok([(OPTIONS_PATH, options()), (ERRORS_PATH, errors(&header)?)])
}

/// Text inside a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn options() -> String {
    let mut page = String::from("# Options\n\n");
    page.push_str(NOTE);
    page.push_str(
        "\nWhat can be written into `haft_args`, and where. The table is the one that the parser itself uses: a key that is not \
         in it is `HAFT_E_ARGUMENT`, and the message names the nearest one that is.\n\n\
         A dotted key puts one entry into a group, split at the first dot (`headers.X-Trace`); `[]` at its end appends\n\
         (`params.q[]`); setting a group to null clears it. Keys inside JSON are not split. Durations are seconds as a number, or\n\
         text with a unit (`\"250ms\"`, `\"5s\"`, `\"2m\"`).\n\n\
         *Where*: `create`, `configure` and `attach` set a session's defaults; `call` is `request`, `submit`, `stage` and\n\
         `prepare`, for this call alone; `commit` is `commit` and `rollback`. What a call gives goes over the defaults: groups\n\
         are merged entry by entry, all else is replaced. A child made with `attach` sees its parent's defaults as they are at\n\
         each call.\n",
    );
    section(&mut page, "Every back end", |option| option.backends.is_empty());
    section(&mut page, "HTTP: sessions and calls", |option| on_http(option) && option.scopes & scope::CREATE != 0);
    section(&mut page, "HTTP: one call, or one handle", |option| on_http(option) && option.scopes & scope::CREATE == 0);
    section(&mut page, "ftrack: sessions", |option| on_ftrack(option) && option.scopes & scope::CREATE != 0);
    section(&mut page, "ftrack: one call, or one subscription", |option| on_ftrack(option) && option.scopes & scope::CREATE == 0);
    section(&mut page, "Mesh: sessions", |option| on_mesh(option) && option.scopes & scope::CREATE != 0);
    section(&mut page, "Mesh: one call, or one subscription", |option| on_mesh(option) && option.scopes & scope::CREATE == 0);
    section(&mut page, "Janus: sessions", on_janus);
    section(&mut page, "Janus: calls on a plugin handle", |option| option.backends == ["janus.handle"]);
    page.push_str("\nEverything else that a call on a handle takes is the plugin's: [Janus](janus.md).\n");
    page
}

/// Those that HTTP has as well stand there.
fn on_mesh(option: &Opt) -> bool {
    option.backends.contains(&"mesh") && !on_http(option)
}

/// Those that HTTP has as well stand there.
fn on_janus(option: &Opt) -> bool {
    option.backends.contains(&"janus") && !on_http(option)
}

/// Those that HTTP has as well stand there.
fn on_ftrack(option: &Opt) -> bool {
    option.backends.contains(&"ftrack") && !on_http(option)
}

fn on_http(option: &Opt) -> bool {
    option.backends.contains(&"http")
}

fn section(page: &mut String, title: &str, takes: impl Fn(&Opt) -> bool) {
    let _ = write!(page, "\n## {title}\n\n| option | takes | default | where | what |\n|---|---|---|---|---|\n");
    for option in OPTIONS.iter().filter(|option| takes(option)) {
        let Opt { name, shape, default, text, scopes, .. } = option;
        let (shape, default, text) = (cell(shape), cell(default), cell(text));
        let _ = writeln!(page, "| `{name}` | {shape} | {default} | {} | {text} |", scope::names(*scopes));
    }
}

fn errors(header: &str) -> Result<String, String> {
    let mut page = String::from("# Errors\n\n");
    page.push_str(NOTE);
    page.push_str(
        "\nA failing call returns a status to branch on, and writes an error object when it was given a place for one:\n\n\
         ```c\n\
         haft_error *error = NULL;\n\
         if (haft_session_request(session, \"GET\", \"/items\", args, &response, &error) != HAFT_OK) {\n  \
           const haft_value *detail = haft_error_detail(error);\n  \
           fprintf(stderr, \"%s (%s)\\n\", haft_error_message(error),            /* to show */\n          \
                   haft_value_string(haft_value_at(detail, \"code\"), NULL));   /* to branch on */\n  \
           haft_error_free(error);\n\
         }\n\
         ```\n\n\
         An HTTP answer is never a failure by itself, whatever its status, unless `raise_for_status` is set.\n\n\
         ## Statuses\n\nNumbers are never changed; treat an unknown one as a failure like the others.\n\n\
         | status | number | when |\n|---|---|---|\n",
    );
    for status in Status::ALL {
        let name = status.name().to_str().map_err(|error| error.to_string())?;
        let line = header.lines().find(|line| line.starts_with(&format!("#define {name} ")));
        let text = line.and_then(|line| Some(line.split_once("/**<")?.1.trim_end_matches("*/").trim()));
        let text = text.ok_or_else(|| format!("{} has no {name}", header::PATH))?;
        let _ = writeln!(page, "| `{name}` | {} | {} |", status as i32, cell(text));
    }
    page.push_str(
        "\n## The detail\n\nAn object. `code` is always there; the rest where it applies.\n\n\
         | key | what |\n|---|---|\n\
         | `code` | a word of the list below; a wrapper can choose an exception by it |\n\
         | `phase` | which time-out fired or which step failed: `resolve`, `connect`, `proxy`, `tls`, `write`, `read`, `total`, `low_speed`, `close`; of media `opening`, `signalling`, `ice`, `dtls` |\n\
         | `outcome` | whether a change may have happened: `not_sent` (certainly not), `unknown` (sent, no answer), `applied` (the server answered) |\n\
         | `http_status` | the status of the answer |\n\
         | `index` | which staged item failed, or which of several arguments or points was wrong, from 0 |\n\
         | `url` | the last URL, without credentials |\n\
         | `key` | the argument or option that was wrong; at most 100 characters of it, as of any word that a refusal says again |\n\
         | `line`, `column` | where JSON could not be read |\n\
         | `path` | the file that could not be read or written |\n\
         | `retries` | how often it was tried again |\n\
         | `reason`, `headers` | what a proxy refused with |\n\
         | `http2_error` | the code of a stream or connection that HTTP/2 broke off, such as `CANCEL` |\n\
         | `close_code` | why a WebSocket ended (RFC 6455 7.4) |\n\
         | `server_text` | what the server said, in its words |\n\
         | `server_code` | its number for that (ftrack, Janus) |\n\
         | `exception` | its class (ftrack) |\n\
         | `grpc_status` | the name of the status, such as `NOT_FOUND`; also of what failed on the way (Mesh) |\n\
         | `session_id` | the session that the server does not know any more, or that is corrupt (Mesh) |\n\
         | `time` | the point that was wrong, in UTC milliseconds, beside `index` (Mesh) |\n\
         | `written` | how far a write in chunks came: `points`, `chunks`, `of`, `interval` (Mesh) |\n\
         | `plugin` | the plugin that refused (Janus) |\n\
         | `codec`, `track`, `mid`, `offset`, `command` | what of a file or of a connection could not go, where, and the command that makes a file that can (Janus media) |\n\
         | `component`, `components`, `location`, `entity`, `transferred`, `part` | what of a transfer failed, what it had done, and at which part (ftrack) |\n\
         | `operation`, `resource_identifier` | what an accessor was to do, and with which resource (ftrack) |\n\n\
         `haft_error_is_retryable` is true when the cause may be gone at the next try *and* the outcome is not `unknown`: a read\n\
         time-out is transient, but the request may have taken effect, so that is for the caller to decide.\n\n\
         ## Codes\n\nThe list grows; a word never changes its meaning. *Status* is what it usually comes under: `http_status` is\n\
         `HAFT_E_AUTH` for 401 and 407, `HAFT_E_DENIED` for 403, `HAFT_E_NOT_FOUND` for 404 and 410, `HAFT_E_CONFLICT` for 409 and\n\
         412, `HAFT_E_LIMIT` for 413 and 429, and `HAFT_E_REMOTE` for the rest; `provider` comes under the status that the\n\
         provider answered. *Transient* may depend on more than the code: `http_status` is for 408, 425, 429, 500, 502, 503, 504.\n\n\
         | code | status | transient | when |\n|---|---|---|---|\n",
    );
    for entry in code::ALL {
        let name = entry.status.name().to_string_lossy();
        let transient = if entry.transient { "yes" } else { "" };
        let _ = writeln!(page, "| `{}` | `{name}` | {transient} | {} |", entry.word, cell(entry.when));
    }
    Ok(page)
}
