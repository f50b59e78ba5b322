//! STUN servers that are none, on loopback: media flows all the same, by what is known without them, and within the time that is
//! documented.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::mpsc,
    thread,
    time::Duration,
};

use haft_sandbox::janus::Janus;
use serde_json::{Value, json};

use crate::{
    bed::start,
    echo::{quick, session, through},
};

/// For how long servers are waited for (docs/janus.md, "Networks").
const PATIENCE: Duration = Duration::from_secs(5);
/// What a machine that is busy may add.
const SLACK: Duration = Duration::from_secs(10);

/// A server that says what it is told to, and for how many requests; it serves until the test ends.
fn server(mut says: impl FnMut(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> (SocketAddr, mpsc::Receiver<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (tell, asked) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((count, from)) = socket.recv_from(&mut buffer) {
            for answer in says(&buffer[..count]) {
                let _ = socket.send_to(&answer, from);
            }
            let _ = tell.send(());
        }
    });
    (address, asked)
}

/// A success with XOR-MAPPED-ADDRESS 198.51.100.7:4000 (RFC 8489 14.2).
fn seen(request: &[u8]) -> Vec<u8> {
    let mut answer = vec![1, 1, 0, 12];
    answer.extend(&request[4..20]);
    answer.extend([0, 0x20, 0, 8, 0, 1]);
    answer.extend((4000_u16 ^ 0x2112).to_be_bytes());
    answer.extend((u32::from_be_bytes([198, 51, 100, 7]) ^ 0x2112_A442).to_be_bytes());
    answer
}

/// Everything that an answer can be and is none: another's number, a length that is wrong, cut short, bytes of no kind, an error,
/// an address of nowhere.
fn rubbish(request: &[u8]) -> Vec<Vec<u8>> {
    let good = seen(request);
    let (mut other, mut longer, mut nowhere) = (good.clone(), good.clone(), good.clone());
    other[12] ^= 1;
    longer[3] = 200;
    nowhere[26..32].copy_from_slice(&[0x21, 0x12, 0x21, 0x12, 0xa4, 0x42]);
    let mut refused = vec![1, 0x11, 0, 0];
    refused.extend(&request[4..20]);
    vec![vec![], vec![1], vec![0; 2048], vec![0xff; 40], other, longer, good[..30].to_vec(), nowhere, refused]
}

/// Two seconds.
const FILM: &str = "vp8_small.ivf";
const PICTURE: &str = "vp8_one.ivf";

/// Pictures there and back; how long the call took.
fn plays(janus: &Janus, name: &str, server: &str, more: Value) -> (Value, Duration) {
    let mut order = json!({"ice_servers": [{"urls": format!("stun:{server}")}]});
    order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let end = through(&session(&janus.ws), name, &["v:0"], order);
    let took = Duration::from_secs_f64(end["took"].as_f64().unwrap());
    (end, took)
}

/// Nobody waits where candidates may follow.
#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    let janus = start();
    let (silent, asked) = server(|_| Vec::new());
    let (end, _) = plays(&janus, PICTURE, &silent.to_string(), json!({}));
    assert!(asked.try_recv().is_ok(), "it was not asked");
    quick(&end, "ice", PATIENCE);
}

/// The offer waits for the servers where all candidates stand in it, for as long as is documented.
#[test]
fn an_offer_with_all_candidates_waits_five_seconds_for_a_silent_server() {
    let janus = start();
    let (silent, asked) = server(|_| Vec::new());
    let (_, took) = plays(&janus, PICTURE, &silent.to_string(), json!({"trickle": false}));
    assert!(took >= PATIENCE && took < PATIENCE + SLACK, "{took:?}");
    // At once, after 0.5, 1.5 and 3.5 seconds (RFC 8489 6.2.1).
    assert_eq!(asked.try_iter().count(), 4);
}

#[test]
fn a_server_that_answers_late_or_with_rubbish_does_no_harm() {
    let janus = start();
    for trickle in [true, false] {
        let mut requests = 0;
        let (late, asked) = server(move |request| {
            requests += 1;
            if requests < 3 { Vec::new() } else { vec![seen(request)] }
        });
        let (_, took) = plays(&janus, FILM, &late.to_string(), json!({"trickle": trickle}));
        assert_eq!(asked.try_iter().count(), 3, "trickle {trickle}");
        assert!(took < Duration::from_secs(2) + PATIENCE + SLACK, "{took:?}");
        let (wrong, asked) = server(rubbish);
        let (end, _) = plays(&janus, PICTURE, &wrong.to_string(), json!({"trickle": trickle}));
        // What refuses has answered.
        assert_eq!(asked.try_iter().count(), 1, "trickle {trickle}");
        quick(&end, "ice", PATIENCE);
    }
}

/// Names that nobody has, ports at which nobody is, addresses of another protocol.
#[test]
fn servers_that_are_not_there_do_no_harm() {
    let janus = start();
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for name in ["nobody.invalid", &nobody, "[::1]:9"] {
        for trickle in [true, false] {
            let (end, took) = plays(&janus, PICTURE, name, json!({"trickle": trickle}));
            quick(&end, "ice", PATIENCE);
            assert!(took < PATIENCE + SLACK, "{name}: {took:?}");
        }
    }
}
