//! Objects, their search, their definitions, their events.

use crate::client::Bed;
use crate::{CHIMNEY2, PLANT, has, interval, read, refused};
use serde_json::{Value, json};

#[test]
fn searches_of_the_public_language() {
    let bed = Bed::new();
    let session = bed.open();
    let names = |start: &str, query: &str| {
        let message = json!({ "start_object_id": { "path": start }, "query": query });
        let mut found: Vec<String> = bed
            .of(&session, "model", "ModelService/SearchObjects", message)
            .unwrap()
            .iter()
            .map(|object| object["name"].as_str().unwrap().to_owned())
            .collect();
        found.sort();
        found.join(" ")
    };
    let model = "Model/SimpleThermalTestModel";
    let both = "SomePowerPlantChimney1 SomePowerPlantChimney2";
    for (start, query, expected) in [
        (model, "*[.Type=ChimneyElementType]", both),
        (model, "*[.Type=ChimneyElementType&&.Name=SomePowerPlantChimney2]", "SomePowerPlantChimney2"),
        (model, "*[.Type=PlantElementType||.Type=ChimneyElementType]", "SomePowerPlant1"),
        (model, "{*}[.DblAtt>1500]", both),
        (model, "[.Name=thermalcomponent]", ""),
        (model, "[.Name=thermalcomponent]{i}", "ThermalComponent"),
        (
            model,
            "ThermalComponent/SomePowerPlant1/PlantToChimneyRef/@[.Name=SomePowerPlantChimney1]",
            "SomePowerPlantChimney1",
        ),
        (PLANT, "..", "ThermalComponent"),
        (PLANT, "[...Name=SomePowerPlant1]", both),
        (PLANT, "SimpleReference", "SomePowerPlantChimney2"),
        (PLANT, "*&[.Name=SomePowerPlantChimney1]", "SomePowerPlantChimney1"),
        (PLANT, "..|[.Name=SomePowerPlantChimney1]", "SomePowerPlantChimney1 ThermalComponent"),
        (PLANT, "*[.Name=Nobody]", ""),
        (model, "*", "SomePowerPlant1 SomePowerPlantChimney1 SomePowerPlantChimney2 ThermalComponent"),
        (model, "[.Type=ChimneyElementType]", ""),
    ] {
        assert_eq!(names(start, query), expected, "{query}");
    }
    let message = json!({ "start_object_id": { "path": model }, "query": "*.*" });
    refused(bed.of(&session, "model", "ModelService/SearchAttributes", message), 3, "could not be read");
    // Short paths are taken, full names are given.
    let short = json!({ "object_id": { "path": "Model/SimpleThermalTestModel/ThermalComponent/SomePowerPlant1" } });
    assert_eq!(bed.one(&session, "model", "ModelService/GetObject", short)["path"], PLANT);
}

#[test]
fn clones_keep_what_is_inside_together() {
    let bed = Bed::new();
    let session = bed.open();
    let message =
        json!({ "source_object_id": { "path": PLANT }, "new_object_name": "Copy", "timeseries_copy_mode": 1 });
    let copy = bed.one(&session, "model", "ModelService/CloneObject", message)["new_object"].clone();
    assert_eq!(copy["path"], PLANT.replace("SomePowerPlant1", "Copy"));
    let attribute = |name: &str| {
        copy["attributes"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()["values"].clone()
    };
    // The inner link points to the inner copy, which the outer one owns.
    let inner = attribute("SimpleReference")[0]["link_relation_value"]["target_object_id"].clone();
    assert_ne!(inner, CHIMNEY2);
    let owned: Vec<Value> = attribute("PlantToChimneyRef")
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["ownership_relation_value"]["target_object_id"].clone())
        .collect();
    assert!(owned.len() == 2 && owned.contains(&inner));
    assert_eq!(attribute("TsRawAtt")[0]["timeseries_value"]["time_series_resource"], Value::Null, "copy mode NONE");
    let target = json!({ "target_object_id": { "id": inner } });
    let linked = bed.of(&session, "model", "ModelService/SearchLinkedFrom", target).unwrap();
    let paths: Vec<&str> = linked.iter().map(|one| one["link_relation_id"]["path"].as_str().unwrap()).collect();
    assert_eq!(paths.len(), 4, "{paths:?}");
    assert!(paths.iter().all(|path| path.contains("/Copy.")), "{paths:?}");
    // It can be committed: carried out again, the change gives the same ids.
    bed.about(&session, "Commit").unwrap();
    bed.one(&session, "model", "ModelService/GetObject", json!({ "object_id": { "id": copy["id"] } }));
}

#[test]
fn objects_move_and_series_are_copied() {
    let bed = Bed::new();
    let session = bed.open();
    let model = |method: &str, message: Value| bed.of(&session, "model", &format!("ModelService/{method}"), message);
    // A model's first objects are owned by the model, and a new one needs its definition.
    let top = json!({ "path": "Model/SimpleThermalTestModel" });
    refused(model("CreateObject", json!({ "name": "Other", "owner_id": top })), 3, "Invalid type of the owner");
    let class = json!({ "path": "Repository/SimpleThermalTestRepository/ThermalComponentType" });
    let message = json!({ "name": "Other", "owner_id": top, "object_definition_id": class });
    let other = model("CreateObject", message).unwrap().remove(0);
    assert_eq!(other["path"], "Model/SimpleThermalTestModel/Other");
    assert_eq!(other["owner_id"]["path"], "Model/SimpleThermalTestModel");
    // Below itself, nothing can be moved; below another, with all that it has.
    let to = |path: &str| {
        let mask = "newOwnerId";
        model(
            "UpdateObject",
            json!({ "object_id": { "path": PLANT }, "field_mask": mask, "new_owner_id": { "path": path } }),
        )
    };
    refused(to(&format!("{PLANT}.PlantToChimneyRef")), 3, "Invalid type of the new owner");
    let beside = bed.open();
    to("Model/SimpleThermalTestModel/Other.ThermalPowerToPlantRef").unwrap();
    let moved = model("GetObject", json!({ "object_id": { "id": CHIMNEY2 } })).unwrap().remove(0);
    assert_eq!(
        moved["path"],
        "Model/SimpleThermalTestModel/Other.ThermalPowerToPlantRef/SomePowerPlant1.PlantToChimneyRef/SomePowerPlantChimney2"
    );
    // What is deleted takes the links to it along.
    model("DeleteObject", json!({ "object_id": { "id": CHIMNEY2 } })).unwrap();
    let path = "Model/SimpleThermalTestModel/Other/SomePowerPlant1.SimpleReference";
    let link = model("GetAttribute", json!({ "attribute_id": { "path": path } })).unwrap().remove(0);
    assert_eq!(link["values"], json!([]));

    // Without an interval the copy only counts.
    let copy = |interval: Value| {
        let pairs = json!([{ "source_attribute_name": "TsRawAtt", "target_attribute_name": "TsRawAtt" }]);
        let mut message = json!({ "source": { "id": "0000000a-0004-0000-0000-000000000000" }, "target": { "id": CHIMNEY2 },
            "mappings": [{ "object_type_name": "ChimneyElementType", "attribute_mappings": pairs }] });
        if !interval.is_null() {
            message["interval"] = interval;
        }
        let method = "TimeseriesService/CopyTimeseriesBetweenObjects";
        let counted = bed.one(&beside, "time_series", method, message);
        ["source_series_count", "target_series_count", "match_series_count"].map(|name| counted[name].as_i64().unwrap())
    };
    let target = || read(&bed, &beside, json!({ "timeseries_key": 3 })).unwrap()[0]["timeseries"][0].clone();
    assert_eq!(copy(Value::Null), [1, 1, 1]);
    assert!(has(&target(), &[100.0, 200.0, 300.0]));
    assert_eq!(copy(interval(["2016-01-01T02:00:00Z", "2016-01-01T04:00:00Z"])), [1, 1, 1]);
    assert!(has(&target(), &[100.0, 20.0, 30.0]) && has(&target(), &[500.0, 600.0]));
}

#[test]
fn events_recur_by_the_calendar() {
    let bed = Bed::new();
    let session = bed.open();
    let av = |method: &str, mut message: Value| {
        message["owner_id"] = json!({ "path": PLANT });
        bed.of(&session, "availability", &format!("AvailabilityService/{method}"), message)
    };
    av("CreateRevision", json!({ "event_id": "e", "created_author": "" })).unwrap();
    let period = interval(["2023-01-31T08:00:00Z", "2023-01-31T16:00:00Z"]);
    let add = |kind: i64, every: Value| {
        let mut recurrence =
            json!({ "status": "Planned", "recurrence_type": kind, "recur_until": "2023-05-31T08:00:00Z" });
        if !every.is_null() {
            recurrence["recur_every"] = every;
        }
        let message = json!({ "event_id": "e", "revision_recurrence": { "recurrence": recurrence, "period": period } });
        av("AddRevisionRecurrence", message)
    };
    refused(add(0, json!(1)), 3, "recur_every");
    refused(add(3, Value::Null), 3, "recur_every");
    refused(add(3, json!(0)), 3, "recur_every");
    assert_eq!(add(3, json!(1)).unwrap()[0]["recurrence_id"], 0);
    let find = |start: &str, end: &str| -> Vec<String> {
        let message = json!({ "event_id": "e", "interval": interval([start, end]) });
        let found = av("SearchInstances", message).unwrap();
        let start = |one: &Value| one["revision_instance"]["period"]["start_time"].as_str().unwrap()[..10].to_owned();
        found.iter().map(start).collect()
    };
    // The last day of each month, as far as it has one.
    let all = ["2023-01-31", "2023-02-28", "2023-03-31", "2023-04-30", "2023-05-31"];
    assert_eq!(find("2023-01-01T00:00:00Z", "2024-01-01T00:00:00Z"), all);
    // One that begins before the interval and ends in it counts.
    assert_eq!(find("2023-02-28T12:00:00Z", "2023-03-30T00:00:00Z"), ["2023-02-28"]);
    refused(av("CreateRevision", json!({ "event_id": "e" })), 6, "event with event id");
    refused(av("GetAvailabilityEvent", json!({ "event_id": "f" })), 5, "event with event id");
    let none = json!({ "event_type": 0, "owner_ids": [] });
    refused(bed.of(&session, "availability", "AvailabilityService/SearchAvailabilityEvents", none), 3, "owner_ids");
    // What an object has goes with it.
    bed.of(
        &session,
        "model",
        "ModelService/DeleteObject",
        json!({ "object_id": { "path": PLANT }, "recursive_delete": true }),
    )
    .unwrap();
    refused(av("GetAvailabilityEvent", json!({ "event_id": "e" })), 5, "object not found");
}

#[test]
fn a_model_definition_grows_and_shrinks() {
    let bed = Bed::new();
    let session = bed.open();
    let md = |method: &str, message: Value| {
        bed.of(&session, "model_definition", &format!("ModelDefinitionService/{method}"), message)
    };
    let one = |method: &str, message: Value| md(method, message).unwrap().remove(0);
    let space = json!({ "path": "Repository/SimpleThermalTestRepository" });
    let tag = one("CreateTag", json!({ "model_definition": space, "name": "TagX" }));
    let class = one("CreateObjectDefinition", json!({ "name_space_id": space, "name": "Fan", "tag_ids": [tag["id"]] }));
    assert_eq!(class["path"], "Repository/SimpleThermalTestRepository/Fan");
    refused(md("CreateObjectDefinition", json!({ "name_space_id": space, "name": "Fan" })), 6, "already exists");
    let kind = one(
        "CreateSimpleAttributeType",
        json!({ "name_space_id": space, "name": "Speed", "value_type": 2, "tag_ids": [tag["id"]] }),
    );
    refused(
        md("CreateSimpleAttributeType", json!({ "name_space_id": space, "name": "No", "value_type": 6 })),
        3,
        "value_type",
    );
    let field = one(
        "AddSimpleAttributeDefinition",
        json!({ "attribute_type_id": { "id": kind["id"] }, "object_definition_id": { "path": "Repository/SimpleThermalTestRepository/PlantElementType" },
            "cardinality": 1, "default_value": { "double_value": 7.5 }, "upper_threshold": { "double_value": 10.0 } }),
    );
    assert_eq!(field["double_definition"]["maximum_value"], 10.0);
    assert_eq!(field["type_name"], "DoubleAttributeDefinition");
    // The objects that are there have it now, with its default and its bounds.
    let target = json!({ "attribute_id": { "path": format!("{PLANT}.Speed") } });
    assert_eq!(
        bed.one(&session, "model", "ModelService/GetAttribute", target.clone())["values"][0]["double_value"],
        7.5
    );
    let mut message = target.clone();
    message["new_singular_value"] = json!({ "double_value": 10.5 });
    refused(bed.of(&session, "model", "ModelService/UpdateSimpleAttribute", message), 11, "thresholds");
    assert_eq!(md("SearchTagUsages", json!({ "tag_id": tag["id"] })).unwrap().len(), 2);
    refused(md("DeleteTag", json!({ "tag_id": tag["id"] })), 9, "in use");
    refused(md("DeleteAttributeType", json!({ "attribute_type_id": { "id": kind["id"] } })), 9, "in use");
    one("DeleteAttributeDefinition", json!({ "attribute_definition_id": { "id": field["id"] } }));
    one("DeleteAttributeType", json!({ "attribute_type_id": { "id": kind["id"] } }));
    refused(bed.of(&session, "model", "ModelService/GetAttribute", target), 5, "attribute not found");
    let counted = one(
        "GetObjectDefinition",
        json!({ "object_definition_id": { "path": "Repository/SimpleThermalTestRepository/ChimneyElementType" } }),
    );
    assert_eq!(counted["instance_count"], 2);
    let metadata = json!([{ "category": "a", "metadata": { "x": 1.0 } }, { "category": "a", "metadata": {} }]);
    refused(md("SetExtendedMetadata", json!({ "id": space, "metadata": metadata })), 3, "twice");
    let metadata = json!([{ "category": "a", "metadata": { "x": "y".repeat(4001) } }]);
    refused(md("SetExtendedMetadata", json!({ "id": space, "metadata": metadata })), 3, "4000");
}
