//! A scenario by the Python client.

use serde_json::Value;

use super::{Bed, Run, compare, janus::client::Client};

pub fn run(client: &mut Client, scenario: &Value, bed: &Bed) -> Run {
    let mut order = scenario.clone();
    order["ws"] = bed.ws.1.as_str().into();
    order["admin_ws"] = bed.admin.1.as_str().into();
    let since = bed.mark();
    let told = client.begin(&order);
    let sent = compare::canonical(bed.sent(since, told["seen"].as_str().unwrap()));
    client.end();
    let results = told["results"].as_array().unwrap().iter().cloned().map(compare::settled).collect();
    Run { sent, results }
}
