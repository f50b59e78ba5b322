//! Several addresses, and one that vanishes while media flows.

use std::{
    fs,
    time::{Duration, Instant},
};

use haft_sandbox::janus::{Janus, Setup};
use serde_json::{Value, json};

use crate::{
    bed::{Folder, answered, ask, attach, hear, until},
    course::{begins_as, came, flowed, good, usable},
    echo::{FILM, known, published, session, whole},
    land::{Land, inside, run},
    media::samples::sample,
};

const SERVER: &str = "10.78.2.1";
/// Ours; what is signalled goes by the second, and so does what leaves by the first and comes back on its own way.
const FIRST: &str = "10.78.1.2";
const SECOND: &str = "10.78.2.2";

/// Two ways to a network with a server.
struct World {
    janus: Janus,
    _there: Land,
}

impl World {
    fn new() -> World {
        let there = Land::new();
        run(&format!(
            "ip link add one type veth peer name one netns {there}
             ip link add two type veth peer name two netns {there}
             ip addr add {FIRST}/24 dev one; ip link set one up
             ip addr add {SECOND}/24 dev two; ip link set two up",
            there = there.pid()
        ));
        there.run(&format!(
            "ip addr add 10.78.1.1/24 dev one; ip link set one up
             ip addr add {SERVER}/24 dev two; ip link set two up
             for each in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$each; done; runs one two"
        ));
        run("for each in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$each; done; runs one two");
        let setup = Setup { address: SERVER.parse().unwrap(), network: Some(there.pid()), ..Setup::default() };
        World { janus: Janus::start(&setup).unwrap(), _there: there }
    }

    /// The first address is no more.
    fn vanish(&self) {
        run(&format!("ip addr del {FIRST}/24 dev one"));
    }

    fn return_(&self) {
        run(&format!("ip addr add {FIRST}/24 dev one"));
    }
}

fn local(shown: &Value) -> &str {
    shown["ice"]["local"].as_str().unwrap().split(':').next().unwrap()
}

#[test]
fn each_address_is_told_and_any_can_be_used() {
    if !inside("addresses::each_address_is_told_and_any_can_be_used") {
        return;
    }
    let world = World::new();
    let session = session(&world.janus.ws);
    for (addresses, told) in
        [(json!([]), vec![FIRST, SECOND]), (json!([FIRST]), vec![FIRST]), (json!([SECOND]), vec![SECOND])]
    {
        let handle = attach(&session, "echotest");
        let order = json!({"tracks": [{"kind": "video"}], "until": "connected", "local_addresses": addresses});
        ask(&handle, "media", order);
        let (list, pair) = known(&world.janus, &session, &handle);
        for address in [FIRST, SECOND] {
            let there = list.iter().any(|line| line.contains(&format!(" {address} ")));
            assert_eq!(there, told.contains(&address), "{list:?}");
        }
        assert!(told.iter().any(|address| pair.contains(&format!("{address}:"))), "{pair}");
        ask(&handle, "media_stop", json!({}));
    }
    for addresses in [json!([]), json!([FIRST]), json!([SECOND]), json!([SECOND, "10.78.9.9"])] {
        let end = whole(&session, json!({"local_addresses": addresses}));
        assert!(addresses == json!([]) || addresses.as_array().unwrap().contains(&json!(local(&end))), "{end}");
    }
}

/// What the process holds.
fn held() -> (usize, usize) {
    let count = |folder: &str| fs::read_dir(folder).unwrap().count();
    (count("/proc/self/fd"), count("/proc/self/task"))
}

/// It was the only one: the error says that the way was lost and what is recorded is complete; the session has other media, and
/// holds no more than before.
#[test]
fn media_ends_with_its_only_address() {
    if !inside("addresses::media_ends_with_its_only_address") {
        return;
    }
    let world = World::new();
    let session = session(&world.janus.ws);
    let folder = Folder::new();
    usable(&attach(&session, "echotest"));
    let before = held();
    let handle = attach(&session, "echotest");
    let to = folder.path("part.webm");
    let order =
        json!({"play_from": sample(FILM), "record_to": to, "loop": true, "local_addresses": [FIRST], "timeout": "2s"});
    let id = flowed(&handle, &order, 30);
    world.vanish();
    let began = Instant::now();
    let (code, detail) = answered(&handle, id).unwrap_err();
    assert_eq!((code.as_str(), &detail["phase"]), ("media_ice", &json!("ice")), "{detail}");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(35), "{took:?}");
    good(&to);
    begins_as(&to, FILM, "v:0", 30);
    world.return_();
    usable(&handle);
    let late = Instant::now() + Duration::from_secs(20);
    while held() != before && Instant::now() < late {
        std::thread::yield_now();
    }
    assert_eq!(held(), before, "descriptors, threads");
}

/// It comes back within seconds: so does media.
#[test]
fn media_goes_on_when_its_address_comes_back() {
    if !inside("addresses::media_goes_on_when_its_address_comes_back") {
        return;
    }
    let world = World::new();
    let session = session(&world.janus.ws);
    let handle = attach(&session, "echotest");
    let order = json!({"play_from": sample(FILM), "loop": true, "local_addresses": [FIRST]});
    let id = flowed(&handle, &order, 30);
    world.vanish();
    // Whatever is on its way still comes; then nothing does.
    while handle.poll(1000).unwrap().is_some() {}
    world.return_();
    came(&handle, 30);
    ask(&handle, "media_stop", json!({}));
    assert_eq!(answered(&handle, id).unwrap()["end"], "stopped");
}

/// There is another one: who publishes goes on by it.
#[test]
fn a_publisher_goes_on_by_another_address() {
    if !inside("addresses::a_publisher_goes_on_by_another_address") {
        return;
    }
    let world = World::new();
    let session = session(&world.janus.ws);
    let (publisher, subscriber) = (attach(&session, "videoroom"), attach(&session, "videoroom"));
    ask(&publisher, "join", json!({"ptype": "publisher", "room": 1234, "id": 77}));
    let order = json!({"role": "publisher", "play_from": sample(FILM), "loop": true, "local_addresses": [FIRST, SECOND],
        "until": "connected"});
    ask(&publisher, "media", order);
    published(&subscriber, 77);
    hear(&subscriber, "haft.media");
    let order =
        json!({"role": "subscriber", "room": 1234, "feeds": [77], "local_addresses": [SECOND], "until": "connected"});
    ask(&subscriber, "media", order);
    came(&subscriber, 30);
    publisher.subscribe("haft.statistics", &haft::args::Args::new(), None, 0).unwrap();
    let by = |address: &str| {
        until(&publisher, |event| {
            let shown = crate::bed::json(event);
            shown["ice"]["local"].as_str().is_some_and(|local| local.starts_with(address)).then_some(())
        });
    };
    by(FIRST);
    world.vanish();
    by(SECOND);
    let began = Instant::now();
    // What was sent until then is what may still come.
    while began.elapsed() < Duration::from_secs(3) {
        came(&subscriber, 1);
    }
    for handle in [&publisher, &subscriber] {
        ask(handle, "media_stop", json!({}));
    }
}
