//! A NAT between us and the server, with a real STUN server (coturn) outside.

use std::{
    net::UdpSocket,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use haft::args::Args;
use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::{
    bed::{Folder, ask, attach},
    echo::{known, session, whole},
    land::{Land, Server, inside, run},
    signals::Between,
};

/// Where the server and the STUN server are, and how the router is seen from there (RFC 5737).
const SERVER: &str = "203.0.113.1";
const ROUTER: &str = "203.0.113.2";
const US: &str = "10.77.1.2";

/// Our network, a router with a NAT, and the network outside, which knows no way to ours.
struct World {
    janus: Janus,
    stun: Server,
    router: Land,
    outside: Land,
    _folder: Folder,
}

impl World {
    /// `masks` is how the router's rule ends.
    fn new(masks: &str) -> World {
        let (router, outside, folder) = (Land::new(), Land::new(), Folder::new());
        run(&format!(
            "ip link add out type veth peer name inner netns {router}
             ip addr add {US}/24 dev out; ip link set out up; ",
            router = router.pid()
        ));
        router.run(&format!(
            "ip addr add 10.77.1.1/24 dev inner; ip link set inner up
             ip link add outer type veth peer name world netns {outside}
             ip addr add {ROUTER}/24 dev outer; ip link set outer up
             echo 1 >/proc/sys/net/ipv4/ip_forward
             nft add table ip nat
             nft add chain ip nat out '{{ type nat hook postrouting priority 100; }}'
             nft add rule ip nat out oifname outer masquerade {masks}
             # What comes unasked is for nobody; it would keep the ports of what goes out from staying as they are.
             nft add chain ip nat in '{{ type filter hook input priority 0; }}'
             nft add rule ip nat in iifname outer drop",
            outside = outside.pid()
        ));
        outside.run(&format!("ip addr add {SERVER}/24 dev world; ip link set world up; runs world"));
        router.run("runs inner outer");
        run("ip route add default via 10.77.1.1; runs out");
        let line = format!(
            "PATH=$PATH:/usr/sbin:/sbin turnserver -n -S -L {SERVER} -p 3478 -b turndb --no-cli --no-tls --no-dtls --pidfile pid --log-file stdout"
        );
        let stun = outside.serve(&line, &folder.path(""));
        let setup = Setup { address: SERVER.parse().unwrap(), network: Some(outside.pid()), ..Setup::default() };
        let janus = Janus::start(&setup).unwrap();
        let world = World { janus, stun, router, outside, _folder: folder };
        world.answers();
        world
    }

    /// Asks the STUN server until it answers.
    fn answers(&self) {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let request = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
        let late = Instant::now() + Duration::from_secs(30);
        loop {
            socket.send_to(&request, (SERVER, 3478)).unwrap();
            let mut answer = [0; 512];
            match socket.recv(&mut answer) {
                Ok(_) => {
                    assert_eq!(answer[..2], [1, 1]);
                    return;
                }
                Err(error) => assert!(Instant::now() < late, "no STUN server (coturn): {error}: {}", self.stun.log()),
            }
        }
    }
}

/// By which addresses the server has us, once media flows: its candidates of ours, and the pair.
fn seen(world: &World, more: &Value) -> (Vec<String>, String) {
    let session = session(&world.janus.ws);
    let handle = attach(&session, "echotest");
    let mut order = json!({"tracks": [{"kind": "video"}], "until": "connected"});
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ask(&handle, "media", order);
    let late = Instant::now() + Duration::from_secs(20);
    loop {
        let (list, pair) = known(&world.janus, &session, &handle);
        let told = list.iter().any(|line| line.contains("srflx"));
        // A candidate that is trickled may come behind the connection.
        if told || more.get("ice_servers").is_none() || Instant::now() > late {
            ask(&handle, "media_stop", json!({}));
            session.close(&Args::new()).unwrap();
            return (list, pair);
        }
    }
}

fn servers() -> Value {
    json!([{"urls": format!("stun:{SERVER}:3478")}])
}

#[test]
fn the_address_outside_is_told_and_used() {
    if !inside("nat::the_address_outside_is_told_and_used") {
        return;
    }
    let world = World::new("");
    let session = session(&world.janus.ws);
    // All in the offer, and the pair is by it; the server may have met it by our checks before it read of it.
    let (list, pair) = seen(&world, &json!({"ice_servers": servers(), "trickle": false}));
    assert!(list.iter().any(|line| line.contains(&format!(" {ROUTER} ")) && line.contains(" typ srflx")), "{list:?}");
    assert!(list.iter().any(|line| line.contains(&format!(" {US} ")) && line.contains(" typ host")), "{list:?}");
    let told = list.iter().find(|line| line.contains(" typ srflx")).unwrap();
    let port = told.split(' ').nth(5).unwrap();
    assert!(pair.contains(&format!("{ROUTER}:{port} [")), "{pair}: {list:?}");
    // Behind the offer; the server may have found it out by itself before, and keeps it so.
    let told = Arc::new(Mutex::new(Vec::<String>::new()));
    let kept = Arc::clone(&told);
    let between = Between::both(&world.janus.ws, move |of_server, text| {
        let message: Value = serde_json::from_str(&text).unwrap();
        if !of_server && message["janus"] == "trickle" {
            kept.lock().unwrap().push(message["candidate"].to_string());
        }
        text
    });
    whole(&crate::echo::session(&between.url), json!({"ice_servers": servers(), "local_addresses": [US]}));
    let told = told.lock().unwrap();
    assert!(told[0].contains(&format!(" {ROUTER} ")) && told[0].contains(" typ srflx "), "{told:?}");
    assert!(told[1..] == [json!({"completed": true}).to_string()], "{told:?}");
    for trickle in [false, true] {
        let end = whole(&session, json!({"ice_servers": servers(), "trickle": trickle}));
        assert!(end["ice"]["remote"].as_str().unwrap().starts_with(&format!("{SERVER}:")), "{end}");
    }
}

/// Without a STUN server the server finds out by itself where we are, and so it does when the NAT gives another port to each
/// destination.
#[test]
fn the_server_finds_out_where_we_are() {
    if !inside("nat::the_server_finds_out_where_we_are") {
        return;
    }
    let world = World::new("fully-random");
    let session = session(&world.janus.ws);
    whole(&session, json!({}));
    whole(&session, json!({"ice_servers": servers()}));
    let (list, pair) = seen(&world, &json!({}));
    assert!(list.iter().all(|line| !line.contains("srflx")), "{list:?}");
    assert!(pair.contains(&format!("{ROUTER}:")) && pair.contains("[prflx"), "{pair}");
}
