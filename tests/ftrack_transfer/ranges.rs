//! Downloads in several stretches at once.

use std::fs;

use serde_json::{Value, json};

use super::{
    bed::{Folder, mark, sandbox, session, value},
    downloading::{component, get, meta, parts_left, ranges},
    store::{bytes, put},
};

fn sorted(mut ranges: Vec<Value>) -> Vec<String> {
    ranges.sort_by_key(Value::to_string);
    ranges.iter().map(|range| range.as_str().unwrap_or("whole").to_owned()).collect()
}

#[test]
fn stretches_come_side_by_side() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(1_000_003);
    let target = component(&sandbox, &folder, &session, &content);
    let out = folder.file("out");
    let since = mark(&sandbox);
    let answer = get(&session, &target, json!({"save_to": out, "parts": 3})).unwrap();
    assert_eq!((value(&answer), meta(&answer)["saved"].clone()), (json!(1_000_003), json!(1_000_003)));
    assert_eq!(
        sorted(ranges(&sandbox, since)),
        ["bytes=0-0", "bytes=0-333333", "bytes=333334-666667", "bytes=666668-1000002"]
    );
    assert!(fs::read(&out).unwrap() == content);
    assert_eq!(parts_left(&out), (true, false, false));
    // Memory has one stretch, and so has what is nothing.
    assert!(get(&session, &target, json!({"parts": 3})).unwrap().body() == content);
    let empty = component(&sandbox, &folder, &session, b"");
    assert_eq!(value(&get(&session, &empty, json!({"save_to": out, "parts": 3})).unwrap()), 0);
    assert_eq!(fs::read(&out).unwrap(), b"");
}

#[test]
fn a_stretch_that_was_cut_off_goes_on() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(900_000);
    let target = component(&sandbox, &folder, &session, &content);
    let out = folder.file("out");
    // The probe, then the first of three.
    for (parts_then, asked) in [(3, 2), (1, 2), (6, 2)] {
        let _ = fs::remove_file(&out);
        sandbox.ftrack_order("fault=truncate&action=download&sent=100000&skip=1").unwrap();
        sandbox.ftrack_order("fault=delay&action=download&seconds=0.3&skip=2&times=2").unwrap();
        let error = get(&session, &target, json!({"save_to": out, "parts": 3})).unwrap_err();
        assert_eq!(error.code(), "incomplete_read", "{error:?}");
        sandbox.ftrack_order("clear=1").unwrap();
        assert_eq!(parts_left(&out), (false, true, true));
        let since = mark(&sandbox);
        let answer = get(&session, &target, json!({"save_to": out, "parts": parts_then, "resume": true})).unwrap();
        let there = meta(&answer)["resumed_at"].as_u64().unwrap();
        assert!((100_000..900_000).contains(&there), "{there}");
        assert_eq!(value(&answer).as_u64().unwrap(), 900_000 - there);
        assert!(ranges(&sandbox, since).len() >= asked);
        assert!(fs::read(&out).unwrap() == content);
    }
}

/// Notes may outlive what they are of: a crash behind the last byte leaves them alone, and files are removed and cut by hand.
#[test]
fn notes_without_their_bytes_are_not_believed() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(900_000);
    let target = component(&sandbox, &folder, &session, &content);
    let out = folder.file("out");
    for left in [None, Some(0), Some(50_000), Some(350_000)] {
        let _ = fs::remove_file(&out);
        sandbox.ftrack_order("fault=truncate&action=download&sent=100000&skip=1").unwrap();
        sandbox.ftrack_order("fault=delay&action=download&seconds=0.3&skip=2&times=2").unwrap();
        get(&session, &target, json!({"save_to": out, "parts": 3})).unwrap_err();
        sandbox.ftrack_order("clear=1").unwrap();
        let (part, notes) = (format!("{out}.part"), format!("{out}.part.tag"));
        // All is said to be there, as it stands between the last byte and the name.
        let text = fs::read_to_string(&notes).unwrap();
        let (head, _) = text.split_at(text.match_indices('\n').nth(1).unwrap().0 + 1);
        fs::write(&notes, format!("{head}0 300000 300000\n300000 600000 600000\n600000 900000 900000\n")).unwrap();
        match left {
            None => fs::remove_file(&part).unwrap(),
            Some(length) => {
                fs::write(&part, &content).unwrap();
                fs::OpenOptions::new().write(true).open(&part).unwrap().set_len(length).unwrap();
            }
        }
        // Without a comparison nothing else would notice.
        let ask = json!({"save_to": out, "parts": 3, "resume": true, "check": false});
        let answer = get(&session, &target, ask).unwrap();
        assert_eq!(meta(&answer)["resumed_at"].as_u64(), Some(left.unwrap_or(0)), "{left:?}");
        assert!(fs::read(&out).unwrap() == content, "{left:?}");
        assert_eq!(parts_left(&out), (true, false, false));
    }
}

/// By one stretch after the other, and the reverse.
#[test]
fn one_way_goes_on_where_the_other_was_cut_off() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(900_000);
    let target = component(&sandbox, &folder, &session, &content);
    let out = folder.file("out");
    sandbox.ftrack_order("fault=truncate&action=download&sent=300000").unwrap();
    get(&session, &target, json!({"save_to": out})).unwrap_err();
    let since = mark(&sandbox);
    let answer = get(&session, &target, json!({"save_to": out, "parts": 2, "resume": true})).unwrap();
    assert_eq!(meta(&answer)["resumed_at"], 300_000);
    assert_eq!(sorted(ranges(&sandbox, since)), ["bytes=0-0", "bytes=300000-599999", "bytes=600000-899999"]);
    assert!(fs::read(&out).unwrap() == content);
}

#[test]
fn a_stretch_is_tried_again() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(600_000);
    let target = component(&sandbox, &folder, &session, &content);
    let out = folder.file("out");
    for fault in ["truncate&sent=50000", "status&status=503"] {
        sandbox.ftrack_order(&format!("fault={fault}&action=download&skip=2")).unwrap();
        assert_eq!(value(&get(&session, &target, json!({"save_to": out, "parts": 4, "retry": 3})).unwrap()), 600_000);
        assert!(fs::read(&out).unwrap() == content);
    }
}

#[test]
fn stretches_of_another_content_are_of_no_use() {
    let (sandbox, folder) = (sandbox(), Folder::new());
    let session = session(&sandbox, "{}");
    let content = bytes(600_000);
    let target = component(&sandbox, &folder, &session, &content);
    let id = target.split('/').nth(1).unwrap();
    let out = folder.file("out");
    sandbox.ftrack_order("fault=truncate&action=download&sent=50000&skip=1&times=0").unwrap();
    get(&session, &target, json!({"save_to": out, "parts": 3})).unwrap_err();
    sandbox.ftrack_order("clear=1").unwrap();
    // Shorter than what was there.
    let other: Vec<u8> = content[..500_000].iter().rev().copied().collect();
    put(&sandbox, id, &other);
    let answer = get(&session, &target, json!({"save_to": out, "parts": 3, "resume": true, "check": false})).unwrap();
    assert_eq!((value(&answer), meta(&answer)["resumed_at"].clone()), (json!(500_000), json!(0)));
    assert!(fs::read(&out).unwrap() == other);
    // In the middle of one download: nothing that is mixed ever has the name.
    fs::remove_file(&out).unwrap();
    put(&sandbox, id, &content);
    sandbox.ftrack_order("fault=delay&action=download&seconds=1&skip=1&times=1").unwrap();
    let error = std::thread::scope(|scope| {
        let loading = scope.spawn(|| get(&session, &target, json!({"save_to": out, "parts": 8})).unwrap_err());
        std::thread::sleep(std::time::Duration::from_millis(500));
        put(&sandbox, id, &bytes(600_001)[1..]);
        loading.join().unwrap()
    });
    assert_eq!(error.code(), "protocol");
    assert!(!fs::exists(&out).unwrap());
    assert_eq!(value(&get(&session, &target, json!({"save_to": out, "resume": true, "parts": 2})).unwrap()), 600_000);
    assert!(fs::read(&out).unwrap() == bytes(600_001)[1..]);
}
