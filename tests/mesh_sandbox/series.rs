//! Points, series, texts, what runs for a while, and faults.

use crate::client::Bed;
use crate::{NINE_HOURS, PLANT, data, has, interval, read, refused};
use serde_json::{Value, json};

#[test]
fn points_by_key_by_id_and_by_path() {
    let bed = Bed::new();
    let session = bed.open();
    let by_key = read(&bed, &session, json!({ "timeseries_key": 3 })).unwrap().remove(0)["timeseries"][0].clone();
    assert_eq!(by_key["id"]["timeseries_key"], 3);
    assert_eq!(by_key["id"]["id"], "00000000-0000-0000-0000-000000000000", "sixteen bytes in any case");
    assert_eq!(by_key["resolution"]["type"], 3, "HOUR");
    assert!(has(&by_key, &[100.0, 200.0, 300.0]) && has(&by_key, &[500.0, 600.0, 700.0, 800.0, 900.0]));
    let path = json!({ "path": format!("{PLANT}.PlantToChimneyRef/SomePowerPlantChimney2.TsRawAtt") });
    let by_path = read(&bed, &session, path).unwrap().remove(0)["timeseries"][0].clone();
    assert_eq!(data(&by_key), data(&by_path));
    let by_id = read(&bed, &session, json!({ "id": by_path["id"]["id"], "path": "nowhere" })).unwrap().remove(0);
    assert_eq!(by_id["timeseries"][0], by_path, "the id counts");
    let empty = read(&bed, &session, json!({ "timeseries_key": 9 })).unwrap().remove(0)["timeseries"][0].clone();
    assert_eq!(empty["interval"], Value::Null);
    assert!(!data(&empty).is_empty(), "a schema without a batch");
    // The step that is on at the start began before it.
    let steps = read(&bed, &session, json!({ "timeseries_key": 10 })).unwrap().remove(0)["timeseries"][0].clone();
    assert!(has(&steps, &[1.0, 2.0, 3.0]));
    refused(read(&bed, &session, json!({ "timeseries_key": 77 })), 5, "not found");

    let ids = json!([{ "timeseries_key": 3 }, { "timeseries_key": 2 }]);
    let message = json!({ "timeseries_ids": ids, "interval": interval(NINE_HOURS) });
    let many = bed.of(&session, "time_series", "TimeseriesService/ReadTimeseriesStream", message).unwrap();
    assert_eq!(many.iter().map(|one| &one["timeseries"][0]["id"]["timeseries_key"]).collect::<Vec<_>>(), [3, 2]);
    // The zoned days of the night in which the clock went forward.
    let request = |method: i64, resolution: i64| {
        json!({ "requests": [{ "timeseries_id": { "timeseries_key": 2 }, "interval": interval(NINE_HOURS),
            "resolution": { "type": resolution }, "transformation_method": method, "transformation_timezone": 1 }] })
    };
    let transformed = |method: i64, resolution: i64| {
        let message = request(method, resolution);
        bed.of(&session, "time_series", "TimeseriesService/ReadTransformedTimeseries", message)
    };
    // 10 + 20 + 30 + 50 + ... + 90, without the bad fourth hour.
    assert!(has(&transformed(2, 4).unwrap()[0]["timeseries"][0], &[410.0]), "SUM of a day");
    assert!(has(&transformed(9, 4).unwrap()[0]["timeseries"][0], &[90.0]), "MAX of a day");
    assert!(has(&transformed(4, 2).unwrap()[0]["timeseries"][0], &[10.0, 12.5, 15.0, 17.5, 20.0]), "AVG of quarters");
    refused(transformed(2, 1), 3, "cannot be transformed");
}

#[test]
fn a_message_has_a_size() {
    let bed = Bed::new();
    let session = bed.open();
    let write = |size: usize| {
        let series = json!({ "id": { "timeseries_key": 3 }, "interval": interval(NINE_HOURS),
            "data": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, vec![0; size]) });
        bed.of(&session, "time_series", "TimeseriesService/WriteTimeseries", json!({ "timeseries": series }))
    };
    let text = write(4_194_304).unwrap_err();
    assert_eq!(text.code, 8);
    let size: usize = text
        .text
        .strip_prefix("Received message larger than max (")
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(size > 4_194_304 && text.text.ends_with(" vs. 4194304)"), "{text:?}");
    // One byte less than the limit is read, and is no Arrow.
    refused(write(4_194_304 - (size - 4_194_304)), 3, "Arrow");
    // No bytes delete the interval.
    write(0).unwrap();
    let series = read(&bed, &session, json!({ "timeseries_key": 3 })).unwrap().remove(0)["timeseries"][0].clone();
    assert!(!has(&series, &[100.0]) && has(&series, &[f64::NAN, f64::NAN]));
}

#[test]
fn a_new_series_gets_its_key_with_the_commit() {
    let bed = Bed::new();
    let session = bed.open();
    let units = bed.one(&session, "model_definition", "ModelDefinitionService/ListUnitsOfMeasurement", json!({}));
    let unit = units["units_of_measurement"].as_array().unwrap().iter().find(|unit| unit["name"] == "m").unwrap();
    let message = |path: &str| {
        json!({ "path": path, "name": "new", "curve_type": { "type": 2 }, "resolution": { "type": 3 },
            "unit_of_measurement_id": unit["id"] })
    };
    let create =
        |path: &str| bed.of(&session, "time_series", "TimeseriesService/CreatePhysicalTimeseries", message(path));
    refused(create("Path/"), 3, "'/'");
    let made = create("/Path/").unwrap().remove(0);
    assert_eq!((made["path"].as_str(), made["timeseries_key"].as_i64()), (Some("Resource/Path/new"), Some(0)));
    refused(read(&bed, &session, json!({ "path": "Resource/Path/new" })), 9, "committed first");
    bed.about(&session, "Commit").unwrap();
    let series = read(&bed, &session, json!({ "path": "Resource/Path/new" })).unwrap().remove(0);
    assert!(series["timeseries"][0]["id"]["timeseries_key"].as_i64().unwrap() > 0);
    refused(create("/Path/"), 6, "already exists");
}

#[test]
fn texts_and_simulations() {
    let bed = Bed::new();
    bed.order("seed=hydro");
    let session = bed.open();
    let text =
        |method: &str, message: Value| bed.of(&session, "resource", &format!("ResourceService/{method}"), message);
    let write = |path: &str, create: bool| {
        text(
            "WriteTextResource",
            json!({ "resource": { "path": path }, "allow_create": create, "text": "H\u{f8}vringen" }),
        )
    };
    refused(write("Resource/note", true), 3, "path");
    refused(write("Resource/A/note", false), 5, "not found");
    write("Resource/A/note", true).unwrap();
    write("Resource/A/B/other", true).unwrap();
    let list = |mask: &str, deep: bool| {
        let message = json!({ "catalog": { "path": "Resource/A" }, "name_mask": mask, "include_subcatalogs": deep });
        text("ListTextResources", message).unwrap()[0]["resources"].as_array().unwrap().len()
    };
    assert_eq!([list("", false), list("", true), list("ote", true), list("^o.*r$", true)], [1, 2, 1, 1]);
    let got = text("GetTextResource", json!({ "resource": { "path": "Resource/A/note" } })).unwrap();
    assert_eq!(got[0]["text"], "H\u{f8}vringen");

    let path = "Model/Mesh/Group.has_OptimisationCases/Case.has_OptimisationParameters/Optimal.has_HydroSimulation/HydroSimulation";
    let run = |datasets: bool, resolution: &str| {
        let message = json!({ "simulation": { "path": path }, "interval": interval(NINE_HOURS), "resolution": resolution,
            "return_datasets": datasets });
        bed.of(&session, "hydsim", "HydsimService/RunHydroSimulation", message)
    };
    let all = run(true, "900s").unwrap();
    assert!(all[0]["log_message"]["message"].is_string());
    assert_eq!(all.last().unwrap()["dataset"]["name"], "simulation_result.bin");
    assert!(run(false, "3600s").unwrap().iter().all(|one| one["dataset"] == Value::Null));
    refused(run(true, "61s"), 3, "minutes");
}

#[test]
fn faults_strike_once_where_they_are_told_to() {
    let bed = Bed::new();
    let session = bed.open();
    let get = || read(&bed, &session, json!({ "timeseries_key": 3 }));
    let whole = get().unwrap();
    let list = || bed.of(&session, "model", "ModelService/ListModels", json!({}));
    for (order, code, text) in [
        ("fault=status&code=14&text=busy", 14, "busy"),
        ("fault=drop", -1, ""),
        ("fault=reset", -1, ""),
        ("fault=drop&when=before", -1, ""),
        ("fault=garbage", -1, ""),
        ("fault=cut", -1, ""),
    ] {
        bed.order(&format!("{order}&method=ReadTimeseries"));
        list().unwrap();
        refused(get(), code, text);
        assert_eq!(get().unwrap(), whole, "{order}");
    }
    // The call is answered, and the connection takes no other.
    bed.order("fault=goaway&method=ReadTimeseries&when=before");
    assert_eq!(get().unwrap(), whole);
    let connection = || bed.sandbox.mesh_log(0, None, false).as_array().unwrap().last().unwrap()["connection"].clone();
    let first = connection();
    // The client may be faster than the word that the server goes away.
    assert!((0..1000).any(|_| list().is_ok() && connection() != first));
    // Points that should not be there.
    let shown = |answer: Vec<Value>| answer[0]["timeseries"][0].clone();
    bed.order("fault=enum&method=ReadTimeseries");
    assert_eq!(shown(get().unwrap())["resolution"]["type"], 99);
    bed.order("fault=duplicate&method=ReadTimeseries");
    assert!(has(&shown(get().unwrap()), &[800.0, 900.0, 900.0]));
    bed.order("fault=before&method=ReadTimeseries");
    assert!(has(&shown(get().unwrap()), &[100.0, 100.0, 200.0]));
    bed.order("fault=empty&method=ReadTimeseries");
    assert!(data(&shown(get().unwrap())).is_empty());
    bed.order("fault=batches&number=3&method=ReadTimeseries");
    let batches = shown(get().unwrap());
    assert!(data(&batches).len() > data(&shown(whole.clone())).len() && !has(&batches, &[300.0, f64::NAN]));
    bed.order("set=1&end_marker=0");
    assert_eq!(data(&shown(get().unwrap())).len() + 8, data(&shown(whole.clone())).len());
    // Five megabytes that mean nothing: a client without a limit sees the usual message and no more.
    bed.order("fault=large&method=ListModels");
    assert_eq!(list().unwrap()[0]["models"].as_array().unwrap().len(), 0);
    bed.order("fault=kill&method=ListModels");
    refused(list(), 5, "not found.");
}
