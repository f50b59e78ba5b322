//! How a Janus is set up, and the configuration files that say so.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use crate::request::Args;

/// What the tests vary. The rest is the same for all: the admin secret [`ADMIN_SECRET`], the
/// rooms 1234 of `VideoRoom`, `TextRoom` and `AudioBridge` with the secret [`ROOM_SECRET`].
#[derive(Clone, Debug)]
pub struct Setup {
    /// Seconds without a request after which a session ends; 0 = never.
    pub session_timeout: u32,
    /// Seconds for which a session waits to be claimed by another connection; 0 = not at all.
    pub reclaim: u32,
    /// Secret that every request must carry.
    pub api_secret: Option<String>,
    /// Whether tokens are asked for, which the admin API stores.
    pub tokens: bool,
    /// Whether tokens are asked for that are signed with this secret.
    pub token_secret: Option<String>,
    /// Whether the server trickles its candidates instead of putting all into the answer.
    pub full_trickle: bool,
    /// Whether there are `https` and `wss` listeners, with a certificate made for it.
    pub tls: bool,
    /// Whether the Unix socket keeps datagrams instead of sequenced packets.
    pub datagrams: bool,
    /// Whether rooms and users have texts for ids.
    pub string_ids: bool,
    /// Seconds of silence after which the server sends a PING on a WebSocket, and for which it waits for the PONG.
    pub ping: Option<(u32, u32)>,
    /// Where everything listens, and the one address that media is offered at; with one of IPv6 that is spoken, too.
    pub address: IpAddr,
    /// The process whose network it has; our own without.
    pub network: Option<u32>,
    /// How many UDP ports are for media.
    pub rtp_ports: u16,
    /// More lines for the section `general` of `janus.jcfg`; a name that stands above is not taken twice by Janus.
    pub general: Vec<String>,
}

/// The secret of the admin API.
pub const ADMIN_SECRET: &str = "janusoverlord";
/// The secret of the rooms that are there from the start.
pub const ROOM_SECRET: &str = "adminpwd";

impl Default for Setup {
    fn default() -> Self {
        Self {
            session_timeout: 60,
            reclaim: 0,
            api_secret: None,
            tokens: false,
            token_secret: None,
            full_trickle: false,
            tls: false,
            datagrams: false,
            string_ids: false,
            ping: None,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            network: None,
            rtp_ports: 2000,
            general: Vec::new(),
        }
    }
}

impl Setup {
    /// Sessions end after 4 silent seconds, and wait 6 to be claimed.
    pub fn short() -> Self {
        Self { session_timeout: 4, reclaim: 6, ..Self::default() }
    }

    /// The api secret `s3cret`, or a stored token.
    pub fn secret() -> Self {
        Self { api_secret: Some("s3cret".into()), tokens: true, ..Self::default() }
    }

    /// The server trickles.
    pub fn full_trickle() -> Self {
        Self { full_trickle: true, ..Self::default() }
    }

    /// `https` and `wss` beside the plain ones.
    pub fn tls() -> Self {
        Self { tls: true, ..Self::default() }
    }

    /// What the command line says: `session_timeout=4&reclaim=6&api_secret=s3cret&tokens=1`; none when a name or a value is
    /// wrong.
    pub fn from_args(args: &Args) -> Option<Self> {
        let mut setup = Self::default();
        for (name, value) in &args.0 {
            let yes = value == "1";
            match name.as_str() {
                "session_timeout" => setup.session_timeout = value.parse().ok()?,
                "reclaim" => setup.reclaim = value.parse().ok()?,
                "api_secret" => setup.api_secret = Some(value.clone()),
                "token_secret" => setup.token_secret = Some(value.clone()),
                "rtp_ports" => setup.rtp_ports = value.parse().ok()?,
                "tokens" => setup.tokens = yes,
                "full_trickle" => setup.full_trickle = yes,
                "tls" => setup.tls = yes,
                "datagrams" => setup.datagrams = yes,
                "string_ids" => setup.string_ids = yes,
                "general" => setup.general.push(value.clone()),
                _ => return None,
            }
        }
        Some(setup)
    }
}

/// The ports of one server, none of them taken by anybody when they were looked for.
#[derive(Clone, Debug)]
pub struct Ports {
    pub http: u16,
    pub admin_http: u16,
    pub ws: u16,
    pub admin_ws: u16,
    pub https: u16,
    pub wss: u16,
    /// The first of the UDP ports.
    pub rtp: u16,
}

/// Certificate and key of the listeners behind TLS.
pub struct Pem {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Where the package put its shared objects.
pub struct Installed {
    pub program: PathBuf,
    pub objects: PathBuf,
}

/// Everything but `janus.jcfg` that needs no value of ours: an empty section keeps the defaults.
const PLAIN: [&str; 3] = ["echotest", "videocall", "voicemail"];

/// Writes all configuration files into `dir`.
pub fn write(
    setup: &Setup,
    dir: &Path,
    name: &str,
    ports: &Ports,
    pem: Option<&Pem>,
    installed: &Installed,
) -> io::Result<()> {
    let file = |name: &str, text: String| fs::write(dir.join(name), text);
    for folder in ["empty", "recordings"] {
        fs::create_dir_all(dir.join(folder))?;
    }
    let at = dir.display();
    file("janus.jcfg", core(setup, dir, name, ports, installed))?;
    file("janus.transport.http.jcfg", http(setup, ports, pem))?;
    file("janus.transport.websockets.jcfg", websockets(setup, ports, pem))?;
    let kind = if setup.datagrams { "SOCK_DGRAM" } else { "SOCK_SEQPACKET" };
    file(
        "janus.transport.pfunix.jcfg",
        format!(
            "general: {{ enabled = true, json = \"compact\", path = \"{at}/janus.sock\", type = \"{kind}\" }}\n\
             admin: {{ admin_enabled = true, admin_path = \"{at}/admin.sock\", admin_type = \"{kind}\" }}\n"
        ),
    )?;
    for plugin in PLAIN {
        file(&format!("janus.plugin.{plugin}.jcfg"), format!("general: {{ path = \"{at}/recordings\" }}\n"))?;
    }
    for plugin in ["videoroom", "textroom", "audiobridge"] {
        file(&format!("janus.plugin.{plugin}.jcfg"), rooms(setup, plugin))?;
    }
    file("janus.plugin.streaming.jcfg", format!("general: {{ string_ids = {} }}\n", setup.string_ids))?;
    file("janus.plugin.recordplay.jcfg", format!("general: {{ path = \"{at}/recordings\" }}\n"))?;
    for plugin in ["sip", "nosip"] {
        file(&format!("janus.plugin.{plugin}.jcfg"), format!("general: {{ local_ip = \"{}\" }}\n", setup.address))?;
    }
    Ok(())
}

fn core(setup: &Setup, dir: &Path, name: &str, ports: &Ports, installed: &Installed) -> String {
    let (at, objects) = (dir.display(), installed.objects.display());
    let mut general = vec![
        format!("configs_folder = \"{at}\""),
        format!("plugins_folder = \"{objects}/plugins\""),
        format!("transports_folder = \"{objects}/transports\""),
        format!("events_folder = \"{at}/empty\""),
        format!("loggers_folder = \"{at}/empty\""),
        "debug_level = 4".into(),
        "debug_timestamps = true".into(),
        "debug_colors = false".into(),
        format!("interface = \"{}\"", setup.address),
        format!("server_name = \"{name}\""),
        format!("session_timeout = {}", setup.session_timeout),
        format!("reclaim_session_timeout = {}", setup.reclaim),
        "candidates_timeout = 45".into(),
        format!("admin_secret = \"{ADMIN_SECRET}\""),
        // Without this it refuses to record below the folder of temporary files.
        "protected_folders = []".into(),
    ];
    general.extend(setup.api_secret.as_ref().map(|secret| format!("api_secret = \"{secret}\"")));
    general.extend(setup.token_secret.as_ref().map(|secret| format!("token_auth_secret = \"{secret}\"")));
    if setup.tokens || setup.token_secret.is_some() {
        general.push("token_auth = true".into());
    }
    general.extend(setup.general.iter().cloned());
    let last = ports.rtp.saturating_add(setup.rtp_ports.saturating_sub(1));
    format!(
        "general: {{\n  {}\n}}\nmedia: {{ ipv6 = {}, rtp_port_range = \"{}-{last}\" }}\n\
         nat: {{ ice_enforce_list = \"{}\", ignore_mdns = true, full_trickle = {} }}\n\
         plugins: {{ disable = \"libjanus_lua.so,libjanus_duktape.so\" }}\n\
         transports: {{ disable = \"libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_rabbitmq.so\" }}\n\
         events: {{ broadcast = false }}\n",
        general.join("\n  "),
        setup.address.is_ipv6(),
        ports.rtp,
        setup.address,
        setup.full_trickle
    )
}

fn http(setup: &Setup, ports: &Ports, pem: Option<&Pem>) -> String {
    let address = setup.address;
    let secure = pem.map_or_else(
        || "https = false".into(),
        |_| format!("https = true, secure_port = {}, secure_ip = \"{address}\"", ports.https),
    );
    format!(
        "general: {{ json = \"compact\", base_path = \"/janus\", http = true, port = {}, ip = \"{address}\", {secure} }}\n\
         admin: {{ admin_base_path = \"/admin\", admin_http = true, admin_port = {}, admin_ip = \"{address}\", \
         admin_https = false }}\n{}",
        ports.http,
        ports.admin_http,
        certificates(pem)
    )
}

fn websockets(setup: &Setup, ports: &Ports, pem: Option<&Pem>) -> String {
    // It makes an interface of it, and takes the first address of that, none of IPv6; without it listens on all there are.
    let at = |name: &str| match setup.address {
        IpAddr::V4(Ipv4Addr::LOCALHOST) => format!(", {name} = \"127.0.0.1\""),
        _ => String::new(),
    };
    let (ws_ip, wss_ip, admin_ip) = (at("ws_ip"), at("wss_ip"), at("admin_ws_ip"));
    let secure = pem.map_or_else(
        || "wss = false".into(),
        |_| format!("wss = true, wss_port = {}{wss_ip}", ports.wss),
    );
    let ping = setup.ping.map_or_else(String::new, |(silence, wait)| {
        format!(", pingpong_trigger = {silence}, pingpong_timeout = {wait}")
    });
    format!(
        "general: {{ json = \"compact\", ws = true, ws_port = {}{ws_ip}, {secure}{ping} }}\n\
         admin: {{ admin_ws = true, admin_ws_port = {}{admin_ip}, admin_wss = false }}\n{}",
        ports.ws,
        ports.admin_ws,
        certificates(pem)
    )
}

fn certificates(pem: Option<&Pem>) -> String {
    pem.map_or_else(String::new, |Pem { certificate, key }| {
        format!("certificates: {{ cert_pem = \"{}\", cert_key = \"{}\" }}\n", certificate.display(), key.display())
    })
}

/// The rooms that are there from the start.
fn rooms(setup: &Setup, plugin: &str) -> String {
    let id = if setup.string_ids { "\"1234\"" } else { "1234" };
    let more = match plugin {
        "videoroom" => ", publishers = 6, bitrate = 128000, fir_freq = 10",
        "audiobridge" => ", sampling_rate = 16000",
        _ => "",
    };
    format!(
        "general: {{ string_ids = {} }}\nroom-{}: {{ description = \"Demo Room\", secret = \"{ROOM_SECRET}\"{more} }}\n",
        setup.string_ids,
        id.trim_matches('"')
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::parse_pairs;

    fn parsed(text: &str) -> Option<Setup> {
        Setup::from_args(&Args(parse_pairs(text)))
    }

    #[test]
    fn the_command_line_sets_up() {
        let setup = parsed("session_timeout=4&reclaim=6&api_secret=s%26t&tokens=1&tls=0").unwrap();
        assert_eq!((setup.session_timeout, setup.reclaim, setup.tokens, setup.tls), (4, 6, true, false));
        assert_eq!(setup.api_secret.as_deref(), Some("s&t"));
        for wrong in ["session_timeout=long", "sesion_timeout=4"] {
            assert!(parsed(wrong).is_none(), "{wrong}");
        }
    }
}
