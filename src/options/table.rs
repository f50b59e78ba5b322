//! The rows of the table.

/// Where an option can be given.
pub mod scope {
    /// `haft_session_create`.
    pub const CREATE: u16 = 1;
    /// `haft_session_configure`.
    pub const CONFIGURE: u16 = 2;
    /// `haft_session_attach`.
    pub const ATTACH: u16 = 4;
    /// `haft_session_request`, `_submit`, `_stage` and `_prepare`.
    pub const CALL: u16 = 8;
    /// `haft_session_subscribe`.
    pub const SUBSCRIBE: u16 = 16;
    /// `haft_session_close`.
    pub const CLOSE: u16 = 32;
    /// `haft_session_inspect`.
    pub const INSPECT: u16 = 64;
    /// `haft_session_commit` and `_rollback`.
    pub const COMMIT: u16 = 128;
    /// The session's defaults, which a call can override.
    pub const DEFAULT: u16 = CREATE | CONFIGURE | ATTACH | CALL;
    /// The session's settings, which no call can change.
    pub const SESSION: u16 = CREATE | CONFIGURE | ATTACH;

    /// The names of the scopes in a set.
    pub fn names(set: u16) -> String {
        const NAMES: [(u16, &str); 8] = [
            (CREATE, "create"),
            (CONFIGURE, "configure"),
            (ATTACH, "attach"),
            (CALL, "call"),
            (SUBSCRIBE, "subscribe"),
            (CLOSE, "close"),
            (INSPECT, "inspect"),
            (COMMIT, "commit"),
        ];
        let mut text = String::new();
        for (bit, name) in NAMES {
            if set & bit != 0 {
                if !text.is_empty() {
                    text.push_str(", ");
                }
                text.push_str(name);
            }
        }
        text
    }
}

use scope::{ATTACH, CALL, CLOSE, COMMIT, CONFIGURE, CREATE, DEFAULT, INSPECT, SESSION, SUBSCRIBE};

/// One option.
#[derive(Debug)]
pub struct Opt {
    /// The key; a group's entries are `name.entry`.
    pub name: &'static str,
    /// The back ends that have it; empty for all.
    pub backends: &'static [&'static str],
    /// Where it can be given.
    pub scopes: u16,
    /// The shapes that it takes.
    pub shape: &'static str,
    /// What holds when it is not given.
    pub default: &'static str,
    /// What it does.
    pub text: &'static str,
}

impl Opt {
    /// Whether the scope and the back end have it.
    pub fn fits(&self, scope: u16, backend: &str) -> bool {
        self.scopes & scope != 0 && (self.backends.is_empty() || self.backends.contains(&backend))
    }
}

const HTTP: &[&str] = &["http"];
const WEBSOCKET: &[&str] = &["websocket"];
/// Those that talk over HTTP.
const WEB: &[&str] = &["http", "ftrack", "mesh", "janus"];
const HTTP_FTRACK: &[&str] = &["http", "ftrack"];
const MESH: &[&str] = &["mesh"];
const WEBSOCKET_MESH: &[&str] = &["websocket", "mesh"];
const HTTP_MESH: &[&str] = &["http", "mesh"];
const FTRACK_MESH: &[&str] = &["ftrack", "mesh"];
const FTRACK: &[&str] = &["ftrack"];
const JANUS: &[&str] = &["janus"];
/// Handles of plugins: what calls on them take beside these is the plugin's.
const JANUS_HANDLE: &[&str] = &["janus.handle"];
const JANUS_ADMIN: &[&str] = &["janus.admin"];
const MESH_JANUS: &[&str] = &["mesh", "janus"];
const ALL: &[&str] = &[];

macro_rules! options {
    ($($name:literal, $backends:ident, $scopes:expr, $shape:literal, $default:literal, $text:literal;)*) => {
        /// Every option, in the order of the documentation.
        pub const OPTIONS: &[Opt] = &[$(Opt { name: $name, backends: $backends, scopes: $scopes, shape: $shape, default: $default, text: $text }),*];
    };
}

options! {
    "timeout", ALL, DEFAULT | CLOSE | COMMIT | SUBSCRIBE, "seconds, text with a unit, or [connect, read]", "none (close: 5)", "How long a connection may take and how long the server may be silent; with Mesh and Janus how long the whole call may take, a number or text; at close, how long leaving may take.";
    "timeouts", ALL, DEFAULT | COMMIT | SUBSCRIBE, "group: connect, read, total", "none", "The same by phase, and the whole call.";
    "retry", ALL, DEFAULT, "number, or object: total, connect, read, status, other, status_forcelist, allowed_methods, backoff_factor, backoff_max, backoff_jitter, respect_retry_after_header, retry_after_max, raise_on_status", "0", "How often a failed call is tried again (as urllib3's Retry).";
    "id", ALL, CALL | COMMIT | ATTACH | SUBSCRIBE, "1 to 2^63-1; ftrack subscriptions: text", "made by the library", "The id by which the call, or an attach that waits, can be cancelled; unique among those in flight. Of an ftrack subscription: its identifier, unique in the session.";
    "tag", ALL, CALL | COMMIT, "text", "none", "The topic of the call's events.";
    "progress", ALL, CALL, "bool", "false", "Whether a submitted call brings PROGRESS events.";
    "headers", ALL, DEFAULT | SUBSCRIBE, "group, object or list of pairs; null removes one", "User-Agent, Accept-Encoding, Accept, Connection", "Header fields, in this order and case.";
    "parse", ALL, DEFAULT, "\"auto\", \"json\", \"text\", \"none\"", "\"auto\"", "What becomes of the body: JSON by content type else decoded text, JSON or an error, text, or nothing.";
    "stream", ALL, DEFAULT | INSPECT, "bool", "false", "Return at the head and read the body in pieces.";
    "stage", ALL, CALL, "bool", "false", "With submit: stage instead of send.";
    "events", ALL, ATTACH, "\"own\", \"parent\"", "\"own\"", "Whose queue the child's events go to.";
    "reconnect", ALL, ATTACH | SUBSCRIBE, "bool, or object: max_retries (null: for ever), delay, max_delay", "sse: true; ws: false", "Whether a lost connection is made again, after how long, and how often it is tried in a row.";
    "queue_max", ALL, SUBSCRIBE, "number", "10000", "How many messages of the subscription wait before the oldest of them are dropped. Without it, those without it share the 10000 of their queue.";
    "overflow", ALL, SUBSCRIBE, "\"drop\", \"wait\"", "\"drop\"", "What happens when queue_max messages of the subscription wait: the oldest is dropped and counted, or the source has to wait until the host has taken some.";
    "answer", ALL, SUBSCRIBE, "provider", "none", "Answers the event instead of queueing it.";
    "keep", ALL, CLOSE, "bool", "false; true for a Mesh session that was joined", "Leave without ending the server's session.";

    "params", HTTP, DEFAULT | SUBSCRIBE, "group, object, list of pairs, or text", "none", "The query; a list repeats its name, null drops it.";
    "cookies", WEB, DEFAULT, "map, or list of {name, value, domain, path, secure, expires, httponly, host_only}; null deletes; false switches the jar off", "none", "Cookies of the session, or of one call alone.";
    "cookie_file", WEB, CREATE, "path", "none", "A Netscape cookie file, loaded at create and saved at close.";
    "auth", HTTP, DEFAULT | SUBSCRIBE, "[user, password], {type: basic | digest | bearer | netrc}, provider, null", "netrc, then the URL's userinfo", "How to authenticate; null is explicitly not at all.";
    "proxies", WEB, DEFAULT | INSPECT, "map: scheme, scheme://host, all, all://host, no_proxy", "the environment's", "Proxies by URL; null switches one off.";
    "environment", WEB, SESSION | INSPECT, "\"explicit\", \"requests\"", "\"explicit\"", "Whether explicit settings beat the environment's variables, or the reverse as in requests.";
    "trust_env", WEB, SESSION, "bool", "true", "Whether proxy and certificate variables and netrc count.";
    "verify", WEB, DEFAULT | INSPECT, "bool, CA file, CA directory, PEM text, \"system\"", "true", "How the server's certificate is checked: by the roots that are part of the library, not at all, by these certificates, by the system's roots.";
    "verify_pin", WEB, DEFAULT, "sha256//BASE64[;sha256//BASE64]", "none", "The public keys of which the server's must be one.";
    "verify_common_name", WEB, SESSION, "bool", "false; Mesh: true", "Whether a certificate that was named itself by verify (Mesh: root_certs), and that names no host, is good for the host of its common name.";
    "cert", WEB, DEFAULT | INSPECT, "path, or [certificate, key]", "none", "The client certificate.";
    "cert_password", WEB, DEFAULT, "text", "none", "The password of the client certificate's key.";
    "max_redirects", WEB, DEFAULT, "number", "30", "How many redirects are followed before an error.";
    "allow_redirects", HTTP, DEFAULT, "bool", "true, false for HEAD", "Whether redirects are followed.";
    "drop_headers", HTTP, DEFAULT, "list of names", "none", "Header fields that are not sent on to another origin after a redirect, besides Authorization.";
    "hooks", HTTP, DEFAULT, "group: request, response: provider or list of providers", "none", "Called with every request and response, redirects included.";
    "adapter", HTTP, SESSION, "group by URL prefix: provider, \"exchange\", \"cassette:FILE\"", "http:// and https:// are \"exchange\"", "Who carries the requests of a prefix; the longest wins.";
    "raise_for_status", HTTP, DEFAULT, "bool", "false", "Make 400 to 599 an error that carries the response.";
    "encoding", HTTP, DEFAULT, "charset", "the answer's", "The charset of text.";
    "decode_content", HTTP, DEFAULT, "bool", "true", "Undo Content-Encoding.";
    "resolve", WEB, SESSION, "group: HOST:PORT = address or list", "none", "Addresses to use instead of a look-up.";
    "unix_socket", WEB, DEFAULT, "path", "none", "Connect to this socket whatever the URL's host is.";
    "local_address", WEB, SESSION, "IP address", "any", "The address to connect from.";
    "tcp_keepalive", WEB, SESSION, "seconds, bool", "60", "The silence on a connection after which the system asks whether the peer is there; false: never.";
    "ip_version", WEB, SESSION, "4, 6, \"any\"", "\"any\"", "The address family to connect with.";
    "http_version", WEB, DEFAULT, "\"1.1\", \"2\", \"auto\"", "\"1.1\"", "The version of HTTP; \"2\" demands it, \"auto\" takes what the server prefers in TLS.";
    "pool_connections", WEB, CREATE | CONFIGURE, "number", "10", "How many origins keep idle connections.";
    "pool_maxsize", WEB, CREATE | CONFIGURE, "number", "10", "How many connections of one origin are kept.";
    "pool_block", WEB, CREATE | CONFIGURE, "bool", "false", "Wait when pool_maxsize connections of an origin are in use.";
    "pool_idle", WEB, CREATE | CONFIGURE, "seconds", "55", "How long an idle connection is kept.";
    "pool", WEB, CONFIGURE, "\"clear\"", "none", "Drop the idle connections and go on.";
    "limit_rate", WEB, DEFAULT, "bytes per second", "none", "The highest average speed in either direction.";
    "low_speed", WEB, DEFAULT, "[bytes per second, seconds]", "none", "Give up when it was slower than this for so long.";
    "expect_continue", HTTP, DEFAULT, "bool", "false", "Ask the server before a body is sent, and wait a second for its word.";

    "last_event_id", HTTP, SUBSCRIBE, "text", "none", "The event of an event stream after which to go on.";
    "max_message_size", HTTP, ATTACH | SUBSCRIBE, "bytes", "64 MiB", "A larger message is an error and ends what brought it.";

    "data", HTTP_FTRACK, CALL, "text, bytes, reader, object or list of pairs (ftrack: attributes)", "none", "The body as it is, or a form; ftrack: the attributes of an entity.";
    "json", HTTP, CALL, "any value", "none", "The body as JSON.";
    "files", HTTP, CALL, "group: path, bytes, reader, or [filename, content, type, headers]; or a list of [name, file]", "none", "Parts of a multipart form.";
    "save_to", HTTP_FTRACK, CALL, "path, or provider", "none", "Where the body goes instead of memory.";
    "resume", HTTP_FTRACK, CALL, "bool", "false", "Go on where an earlier save_to was cut off.";
    "method", HTTP_MESH, CALL, "text", "none", "HTTP: the method of a prepared request. Mesh: how points become others: SUM, SUMI, AVG, AVGI, FIRST, LAST, MIN, MAX.";
    "url", HTTP, CALL | INSPECT, "URL", "none", "The URL of a prepared request, or the one that a snapshot is for.";
    "body", HTTP, CALL, "text, bytes, reader", "none", "The body of a prepared request.";

    "subprotocols", HTTP, ATTACH, "list of names, or one", "none", "The subprotocols that a WebSocket is offered, the preferred one first.";
    "compression", HTTP, ATTACH, "bool, \"deflate\", or object: server_no_context_takeover, client_no_context_takeover, server_max_window_bits, client_max_window_bits", "true", "Whether a WebSocket offers permessage-deflate, and with which parameters.";
    "ping_interval", HTTP, ATTACH, "seconds, or null", "20", "The silence after which a WebSocket's peer is asked whether it is there.";
    "ping_timeout", HTTP, ATTACH, "seconds, or null", "20", "The further silence after which a WebSocket counts as lost.";
    "close_timeout", HTTP, ATTACH, "seconds", "10", "How long the peer's answer to a close is waited for.";

    "text", WEBSOCKET, CALL, "text", "none", "The text message to send.";
    "bytes", WEBSOCKET, CALL, "bytes", "none", "The binary message to send.";
    "code", WEBSOCKET, CALL, "1000 to 4999", "1000", "Why a WebSocket is closed (RFC 6455 7.4).";
    "reason", WEBSOCKET_MESH, CALL, "text; WebSocket: 123 bytes at most", "none", "The same in words; Mesh: why something is not available.";
    "auto_connect_event_hub", FTRACK, CREATE, "bool", "false", "Connect the event hub in the background.";
    "hub_reconnect", FTRACK, CREATE, "bool, or object: max_retries (null: for ever), delay, max_delay", "true", "Whether a lost event hub is connected again, after how long, and how often it is tried in a row.";
    "source", FTRACK_MESH, CALL, "object; Mesh: path or id:ID", "ftrack: id, user and host", "ftrack: where an event says that it comes from; what is missing is filled in. Mesh: the object whose series are copied, with those below it.";
    "event_target", FTRACK, CALL, "expression", "none: everyone", "What an event asks of the metadata of subscriptions.";
    "synchronous", FTRACK, CALL, "bool", "false", "Hand the event to this session's subscriptions alone and bring what they answer.";
    "on_error", FTRACK, CALL, "\"raise\", \"ignore\"", "\"raise\"", "Whether a failed publish is an error.";
    "replies", FTRACK, CALL, "bool, or object: timeout, count (null: all)", "false; timeout 30, count 1", "Wait for replies to the event, so long and so many.";
    "wait", FTRACK, CALL, "bool", "true", "Whether connect and disconnect wait for the end of it.";
    "metadata", FTRACK, SUBSCRIBE, "object", "an id", "What the targets of events are matched with.";
    "priority", FTRACK, SUBSCRIBE, "number", "100", "Which subscription has an event first: the lower one.";
    "api_key", FTRACK, CREATE, "text", "FTRACK_API_KEY, FTRACK_APIKEY", "The key to log in with.";
    "api_user", FTRACK, CREATE, "text", "FTRACK_API_USER, else the login name", "The user to log in as.";
    "strict_api", FTRACK, CREATE, "bool", "false", "Have the server answer errors with their HTTP status.";
    "compat", FTRACK, CREATE, "\"python\"", "none", "Requests and matching exactly as the official Python client's.";
    "schema_cache_path", FTRACK, CREATE, "directory, false", "FTRACK_API_SCHEMA_CACHE_PATH, else the user's cache directory", "Where the server's schemas are kept; false: nowhere.";
    "auto_populate", FTRACK, DEFAULT, "bool", "true", "Fetch attributes that are asked for and not known, for all entities that came together.";
    "record", FTRACK, DEFAULT, "bool", "true", "Record changes, to be sent at commit; false: they are visible here and never sent.";
    "cache", FTRACK, CREATE | CONFIGURE, "\"memory\", \"sqlite:FILE\", \"redis://…\", provider, or a list of such", "\"memory\"", "What is asked for an entity before the server: layers below the memory, shallow first.";
    "cache_key_maker", FTRACK, CREATE | CONFIGURE, "\"string\", \"object\", or provider", "\"string\"", "How the keys of layers are made; \"string\": the text that Python makes, \"object\": the bytes of its ObjectKeyMaker.";
    "invalidate_on_update", FTRACK, CREATE, "bool", "false", "Forget what others change, here and in the layers, by the session's own subscription to ftrack.update; connects the event hub unless auto_connect_event_hub is false.";
    "cache_max", FTRACK, CREATE | CONFIGURE, "number", "all", "How many entities keep their attributes in memory.";
    "journal", FTRACK, CREATE, "file", "none", "Where the staged list is written down, to be staged again by the next session with the file.";
    "plugin_paths", FTRACK, CREATE, "list of absolute directories or files, or text with : between", "FTRACK_NATIVE_PLUGIN_PATH", "Where plug-ins are looked for, in all directories below too.";
    "plugin_arguments", FTRACK, CREATE, "any value", "none", "What plug-ins are given.";
    "plugin", FTRACK, CREATE, "provider, or a list of such", "none", "Plug-ins of the host itself.";
    "location", FTRACK, CREATE | CONFIGURE | CALL, "create: objects {id or name, priority, accessor, structure, moves_data}, provider, or a list of both; call: \"Location/id\" or a name", "the built-in ones; create_component: the preferred one", "The storages that can be used; the one that a call is about.";
    "accessor", FTRACK, CREATE | CONFIGURE, "group by name: provider", "none", "Ways of the host to the bytes of locations.";
    "structure", FTRACK, CREATE | CONFIGURE, "group by name: provider", "none", "Ways of the host to name places in locations.";
    "from", FTRACK, CALL, "\"Location/id\"; into the origin: a path", "where the component is", "The location that add_component takes bytes from.";
    "recursive", FTRACK_MESH, CALL, "bool", "ftrack: true; Mesh: false", "ftrack: whether members go with their container. Mesh: delete what is below an object as well.";
    "page_size", FTRACK, CALL, "number", "500", "How many results one request of a query brings.";
    "limit", FTRACK, CALL, "number", "none", "How many results at the most.";
    "offset", FTRACK, CALL, "number", "0", "How many results to leave out.";
    "bind", FTRACK, CALL, "group: text, number, bool, null or a list of such", "none", "Values for the {NAME} of a query, escaped.";
    "first", FTRACK, CALL, "bool", "false", "The first result alone, or null.";
    "one", FTRACK, CALL, "bool", "false", "The only result; none or several are errors.";
    "select", FTRACK, CALL, "projections, separated by commas", "none", "Which attributes.";
    "refresh", FTRACK, CALL, "bool", "false", "Ask the server even when the entity is known.";
    "entities", FTRACK, CALL, "list of \"Type/key\" or objects with type and key", "none", "The entities to populate, to invalidate, to invite, or the components to add or remove.";
    "terms", FTRACK, CALL, "list of words", "none", "What to search for.";
    "expression", FTRACK_MESH, CALL, "text", "none", "ftrack: what the results of a search must fulfil. Mesh: what is calculated; the expression of one attribute, none for the template's.";
    "context_id", FTRACK, CALL, "identifier", "none", "The context to search in.";
    "object_type_ids", FTRACK, CALL, "list of identifiers", "none", "The object types to search for.";
    "add", FTRACK, CALL, "group: entity or list of entities", "none", "What is added to collections.";
    "remove", FTRACK, CALL, "group: entity or list of entities", "none", "What is removed from collections.";
    "replace", FTRACK, CALL, "group: object", "none", "Whole maps (metadata), in place of what is there.";
    "identifying_keys", FTRACK, CALL, "list of attribute names", "all of data", "By which attributes ensure knows an entity.";
    "operations", FTRACK, CALL, "list of objects", "none", "Operations as the server takes them.";
    "name", FTRACK_MESH, INSPECT | CALL, "text", "none", "ftrack: the entity type to show; the name of a widget or a timer. Mesh: the name of what is created or cloned.";
    "content", FTRACK, CALL, "text", "none", "What a note says.";
    "author", FTRACK_MESH, CALL, "entity; Mesh: text", "none", "Who says it; Mesh: who changes an availability event.";
    "recipients", FTRACK, CALL, "list of entities", "none", "The users and groups that a note is for.";
    "labels", FTRACK, CALL, "list of entities", "none", "The labels of a note.";
    "category", FTRACK_MESH, CALL, "entity; Mesh: text", "none", "The category of a note (servers with labels take it for one), or of a restriction.";
    "context", FTRACK, CALL, "entity", "none", "What a timer is about.";
    "comment", FTRACK, CALL, "text", "none", "The comment of a timer.";
    "force", FTRACK, CALL, "bool", "false", "Stop the timer that runs before another is started.";
    "schema", FTRACK, CREATE | CALL, "create: provider; call: entity type", "none", "At create, edits types before they are used; of a call, whose statuses or types are wanted.";
    "type_id", FTRACK, CALL, "identifier", "none", "The type of task, which may have statuses of its own.";
    "version_id", FTRACK, CALL, "identifier", "none", "The version that encoded components belong to.";
    "keep_original", FTRACK, CALL, "bool", "true; false for a file", "Keep the component that was encoded.";
    "path", FTRACK, CALL, "file", "none", "The picture of a thumbnail.";
    "parts", FTRACK, CALL, "1 to 10000", "upload: by the file's size; download: 1", "In how many parts a file goes up, or comes down at the same time.";
    "thumbnail", FTRACK, CALL, "bool, or pixels", "false", "With url: a picture of the component, no larger than this.";
    "check", FTRACK, CALL, "bool", "true", "Compare a download with the sum that the storage tells, or with the component's size.";
    "theme", FTRACK, CALL, "\"light\", \"dark\"", "the server's", "How a widget looks.";
    "reset_type", FTRACK, CALL, "text", "none", "What the server resets, such as \"api_key\".";
    "job_type", FTRACK, CALL, "text", "none", "The kind of work that the server does later.";
    "value", FTRACK_MESH, CALL, "any value", "none", "ftrack: what is encoded, or the text that is decoded. Mesh: the new value of an attribute, or a list; an empty list clears it.";
    "strategy", FTRACK, CALL, "\"all\", \"set_only\", \"modified_only\", \"persisted_only\"", "\"set_only\"", "Which attributes of entities are encoded.";
    "entity", FTRACK, INSPECT, "\"Type/key\"", "none", "The entity to show the state of.";
    "root_certs", MESH, CREATE, "PEM text, CA file, CA directory, \"system\"", "the roots that are part of the library", "The certificates that the server's is checked by; one that the server presents itself counts as well.";
    "access_token", MESH, CREATE | CONFIGURE, "text or provider", "none", "The bearer token of every call, over TLS alone; a provider is asked when there is none, when its expires_in is nearly over, and once when the server does not take it.";
    "kerberos", MESH, CREATE, "group: service_principal, user_principal, provider", "none", "Authenticate with tickets: the server's principal (HOST/fqdn, HOST/fqdn@REALM, service@host), whose tickets are used, and who makes tokens of them instead of the system's library.";
    "keepalive", MESH, SESSION, "seconds, text with a unit, or false", "150", "The longest that a session is left unused before the server is told that it still is; half of what the server grants if that is less. false: never told.";
    "session_id", MESH, CREATE, "id", "a new session", "The session on the server that is joined.";
    "model", MESH, CREATE, "name", "none", "The model that paths begin in which are not whole: `Area/Plant` is `Model/NAME/Area/Plant`; searches and runs without a target are of this model.";
    "lazy", MESH_JANUS, CREATE, "bool", "false", "Open the session on the server with the first call that needs it.";
    "max_receive_size", MESH, CREATE, "bytes", "4194304", "The longest message that is taken from the server.";
    "message", MESH, CALL, "object", "none", "The message of a raw call, in the JSON form.";
    "attributes", MESH, CALL, "list of names", "all", "The attributes that are read with objects; an empty list reads none.";
    "tags", MESH, CALL, "list of names", "none", "The attributes that are read with objects: those with one of these tags.";
    "namespaces", MESH, CALL, "list of names", "none", "The attributes that are read with objects: those of one of these namespaces.";
    "full", MESH, CALL, "bool", "false", "Read attributes with their definitions.";
    "query", MESH, CALL, "text", "none", "What is searched for, in Mesh's search language.";
    "definition", MESH, CALL, "path or id:ID", "none", "The object definition: search all of it; the kind of an object on the first level of a model.";
    "new_name", MESH, CALL, "text", "none", "Another name for an object.";
    "new_owner", MESH, CALL, "path or id:ID", "none", "The ownership attribute that an object moves to, or that a clone belongs to.";
    "copy_series", MESH, CALL, "\"ALL\", \"NONE\", \"INTERNAL\"", "all", "Which physical series a clone gets copies of.";
    "value_type", MESH, CALL, "\"INT\", \"DOUBLE\", \"BOOL\", \"STRING\", \"UTC_TIME\"", "by the value", "The type under which a value is sent; the server turns no whole number into a double.";
    "resource_key", MESH, CALL, "number", "none", "The physical series behind an attribute; 0 or null disconnects it.";
    "template", MESH, CALL, "text", "none", "The expression that attributes of a definition have unless they have their own.";
    "description", MESH, CALL, "text", "none", "The description of an attribute's definition.";
    "targets", MESH, CALL, "list", "none", "The objects that are linked to, by id; the series that are read, by path, id:ID or key:NUMBER.";
    "append", MESH, CALL, "bool", "false", "Keep the links that are there.";
    "versions", MESH, CALL, "list", "none", "The versions of a link, of an XY set or of a rating curve.";
    "versions_only", MESH, CALL, "bool", "false", "Read from when versions are valid, and nothing else.";
    "interval", MESH, CALL | SUBSCRIBE, "[start, end]", "none", "From the first moment up to the second, which is not part of it; UTC milliseconds or ISO 8601 text.";
    "start", MESH, CALL, "time", "none", "Where an interval begins: UTC milliseconds or ISO 8601 text.";
    "end", MESH, CALL, "time", "none", "Where an interval ends; the moment itself is not part of it.";
    "resolution", MESH, CALL, "MIN, MIN5, MIN10, MIN15, MIN30, HOUR, DAY, WEEK, MONTH, YEAR, BREAKPOINT; runs: seconds too", "none", "The step of a series or of a run.";
    "timezone", MESH, CALL, "\"LOCAL\", \"STANDARD\", \"UTC\"", "none", "Where days and longer steps of a transformation begin.";
    "trim", MESH, CALL, "bool", "false", "Leave out points outside of the interval that is read, and those that are there twice.";
    "points", MESH, CALL, "series; list of {time, value, flags} or [time, value, flags]; object of columns: times, values, flags; item of a read", "none", "What is written; none delete what is in the interval.";
    "meta", MESH, CALL, "object", "none", "What a read told beside its points: they are written back to where they were read from.";
    "mappings", MESH, CALL, "{TYPE: {ATTRIBUTE: ATTRIBUTE}}, or the list of the JSON form", "none", "Which attributes of objects of a type are copied, and to which.";
    "scenario_name", MESH, CALL, "text", "none", "The scenario that series are copied of.";
    "every", MESH, SUBSCRIBE, "seconds, or text with a unit", "10", "How often a series is looked at for changes.";
    "initial", MESH, SUBSCRIBE, "bool", "false", "Tell the points that are there at the beginning, as added.";
    "search_query", MESH, CALL, "text", "none", "The series that is calculated with, searched from the target.";
    "available_at_timepoint", MESH, CALL, "time", "none", "The series as it was known then.";
    "max_number_of_versions_to_get", MESH, CALL, "number", "none", "How many versions of a series are wanted.";
    "forecast_start_min", MESH, CALL, "time", "none", "The earliest start of the forecast.";
    "forecast_start_max", MESH, CALL, "time", "none", "The latest start of the forecast.";
    "single", MESH, CALL, "bool", "false", "The sum of one series as a number, not that of several as a series.";
    "case", MESH, CALL, "\"Group/Case\"", "none", "The case of a run.";
    "scenario", MESH, CALL, "number", "0", "The scenario of a simulation: 0 for all, -1 for none.";
    "area", MESH, CALL, "text", "none", "The area of an inflow calculation.";
    "water_course", MESH, CALL, "text", "none", "The watercourse of an inflow calculation.";
    "return_datasets", MESH, CALL, "bool", "false", "Return what a run read and wrote.";
    "unit", MESH, CALL, "text", "none", "The unit of measurement of a series by name; null clears it.";
    "curve_type", MESH, CALL, "\"PIECEWISELINEAR\", \"STAIRCASE\", \"STAIRCASESTARTOFSTEP\"", "none", "What is between the points of a series.";
    "time_zone", MESH, CALL, "IANA name", "none", "The zone of a series of days or longer steps; null makes it naive.";
    "allow_create", MESH, CALL, "bool", "false", "Make the catalogs of a text that do not exist.";
    "owners", MESH, CALL, "list", "the target", "The owners whose availability is searched.";
    "event_id", MESH, CALL, "text", "none", "The id of a revision or restriction, unique for its owner.";
    "event_ids", MESH, CALL, "list of text", "none", "The revisions and restrictions that are deleted.";
    "event_type", MESH, CALL, "\"ALL\", \"RESTRICTION\", \"REVISION\"", "\"ALL\"", "Which availability events are meant.";
    "local_id", MESH, CALL, "text", "none", "The host's own id of an availability event.";
    "categories", MESH, CALL, "list of text", "none", "The categories of the advanced restrictions that are deleted.";
    "calculation_id", MESH, CALL, "path or id:ID", "none", "What calculates an advanced restriction.";
    "recurrence_id", MESH, CALL, "number", "none", "The recurrence of a revision that is deleted.";
    "revision_recurrence", MESH, CALL, "object", "none", "When a revision happens, in the JSON form.";
    "restriction_recurrence", MESH, CALL, "object", "none", "When a restriction holds, and how much is left, in the JSON form.";
    "created_author", MESH, CALL, "text", "the user", "Who made an availability event.";
    "created_timestamp", MESH, CALL, "time", "now", "When it was made.";
    "last_changed_author", MESH, CALL, "text", "the user", "Who changed it last.";
    "new_local_id", MESH, CALL, "text", "none", "Another local id.";
    "new_reason", MESH, CALL, "text", "none", "Another reason.";
    "new_category", MESH, CALL, "text", "none", "Another category.";
    "new_restriction_recurrence", MESH, CALL, "object", "none", "Another recurrence.";

    "api_secret", JANUS, CREATE | CONFIGURE, "text", "none", "What the server wants in every request (its api_secret); null takes it away.";
    "token", JANUS, CREATE | CONFIGURE, "text", "none", "A token, stored or signed, that goes with every request; null takes it away.";
    "max_retries", JANUS, CREATE | CONFIGURE, "number, or null: for ever", "3", "How often it is tried again to connect, at the beginning and after a loss.";
    "retry_delay", JANUS, CREATE | CONFIGURE, "seconds, or text with a unit", "1", "The first delay before that; it doubles up to 30 seconds, with a random part.";
    "keepalive_interval", JANUS, CREATE | CONFIGURE, "seconds, text with a unit; 0 or false: never", "30, and half of the server's session-timeout", "The longest that a session is left without a request before the server is told that it is used; never more than half of the server's time-out.";
    "ping_interval", JANUS, CREATE | CONFIGURE, "seconds, or null", "20", "The silence on a WebSocket after which the server is asked whether it is there.";
    "ping_timeout", JANUS, CREATE | CONFIGURE, "seconds, or null", "10", "The further silence after which the connection counts as lost.";
    "max_connections", JANUS, CREATE, "number", "10", "How many connections are kept where messages go over HTTP.";
    "session_id", JANUS, CREATE | ATTACH, "id", "a new session", "The session on the server that is claimed.";
    "create_id", JANUS, CREATE | ATTACH, "id", "the server's choice", "The id that the new session is to have.";
    "urls", JANUS, CREATE, "list of URLs", "none", "Further ways to the server, tried in this order when the one before leads nowhere.";
    "recover", JANUS, CREATE | CONFIGURE, "\"claim\", \"recreate\", \"off\"", "\"claim\"", "What becomes of sessions when the connection is lost: claimed on a new one; made again as well when the server has forgotten them; ended.";
    "plugin", JANUS, ATTACH, "text", "none", "The plugin of the handle that attach(\"handle:ID\") takes over.";
    "opaque_id", JANUS, ATTACH, "text", "none", "What the server shows of a handle in its logs and its admin interface.";
    "loop_index", JANUS, ATTACH, "number", "the server's choice", "The event loop that serves a handle, where the server has static ones.";
    "admin_url", JANUS, ATTACH, "URL: http, https, ws, wss, unix", "none", "Where the server's admin interface is; attach(\"admin\") needs it.";
    "admin_secret", JANUS, ATTACH, "text", "none", "What that interface wants in every request.";
    "admin_secret", JANUS_ADMIN, CONFIGURE, "text", "as attached", "Another one; null takes it away.";
    "body", JANUS_HANDLE, CALL, "object", "none", "The message for the plugin, with the verb message; with media further fields of its requests.";
    "play_from", JANUS_HANDLE, CALL, "file", "none", "What media plays: WebM, Matroska, MP4, IVF, Ogg, H.264, as it is encoded.";
    "record_to", JANUS_HANDLE, CALL, "file, with {feed}, {mid}, {kind} in it", "none", "Where media that arrives goes, as it is encoded; the ending says in which form.";
    "tracks", JANUS_HANDLE, CALL, "list of objects: kind, codec, direction, mid", "those of the file", "The tracks of media: of the file, or for write_frame.";
    "role", JANUS_HANDLE, CALL, "\"publisher\", \"subscriber\", \"caller\", \"callee\"", "by what else is said", "Which side media is of a VideoRoom or a VideoCall.";
    "feeds", JANUS_HANDLE, CALL, "list of ids, or of objects: feed, mid, …", "none", "Whom media receives in a VideoRoom.";
    "channel", JANUS_HANDLE, CALL, "label, or true", "none", "A data channel beside the tracks of media.";
    "ice_servers", JANUS_HANDLE, CALL, "list of objects: urls (stun:host:port)", "none", "Who tells media by which address it is seen from outside.";
    "local_addresses", JANUS_HANDLE, CALL, "list of IP addresses", "those of all interfaces", "Where media goes out and in.";
    "trickle", JANUS_HANDLE, CALL, "bool", "true with ice_servers", "Whether candidates may be told after the description.";
    "until", JANUS_HANDLE, CALL, "\"end\", \"connected\"", "\"end\"", "When the call media is answered: when all is over, or when media flows.";
    "duration", JANUS_HANDLE, CALL, "seconds, or text with a unit", "none", "How long media flows at the most.";
    "loop", JANUS_HANDLE, CALL, "bool", "false", "Play the file again and again.";
    "interval", JANUS_HANDLE, SUBSCRIBE, "seconds from 0.1, or text with a unit", "1", "How often haft.statistics is told while media flows.";
    "mid", JANUS_HANDLE, CALL, "text", "the only track", "The track that a frame of write_frame goes out by.";
    "data", JANUS_HANDLE, CALL, "bytes; of a message also text", "none", "The frame, or the message, of write_frame.";
    "pts", JANUS_HANDLE, CALL, "seconds", "none", "When a frame is shown; the times of a track rise.";
    "keyframe", JANUS_HANDLE, CALL, "bool", "as the frame says", "Whether decoding can begin at a frame; looked up in the frame itself.";
    "label", JANUS_HANDLE, CALL, "text", "none", "The data channel that a message of write_frame goes out by.";
    "haft", JANUS_HANDLE, CALL, "group: id", "none", "Options of the call whose names are fields of the verb: haft.id is the id of a call, and id the field.";
    "jsep", JANUS_HANDLE, CALL, "object: type, sdp, trickle", "none", "The offer or answer that goes with a request.";
    "candidate", JANUS_HANDLE, CALL, "object: candidate, sdpMid or sdpMLineIndex; null: no more", "none", "The candidate of trickle.";
    "candidates", JANUS_HANDLE, CALL, "list of such", "none", "Several of them.";
}
