//! A scenario by the Python client.

use serde_json::{Value, json};

use super::{Bed, Run, compare, janus::client::Client};

pub fn run(client: &mut Client, scenario: &Value, bed: &Bed) -> Run {
    let mut order = scenario.clone();
    order["ws"] = bed.ws.1.as_str().into();
    order["admin_ws"] = bed.admin.1.as_str().into();
    let since = bed.mark();
    let told = client.begin(&order);
    let sent = compare::canonical(bed.sent(since, told["seen"].as_str().unwrap()));
    client.end();
    let steps = scenario["steps"].as_array().unwrap().iter();
    let results = told["results"].as_array().unwrap().iter().cloned().map(compare::settled).zip(steps);
    // Of many requests it says no more than that they went well.
    let bare = |(result, step): (Value, &Value)| match result["value"] == true && step.get("pick").is_none() {
        true => json!({"value": null}),
        false => result,
    };
    let results = results.map(bare).collect();
    Run { sent, results }
}
