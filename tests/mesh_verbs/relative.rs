//! Option `model`: paths that begin in it, wherever a path may stand.

use serde_json::json;

use super::bed::{PLANT, call, open, sandbox, stage};

const SHORT: &str = "ThermalComponent.ThermalPowerToPlantRef/SomePowerPlant1";
const SPAN: &str = r#""start": "2016-01-01T01:00Z", "end": "2016-01-01T03:00Z""#;

#[test]
fn relative_paths_may_stand_in_arguments_too() {
    let sandbox = sandbox();
    let session = open(&sandbox, r#"{"model": "SimpleThermalTestModel"}"#).unwrap();
    let several = call(
        &session,
        "read_series",
        "",
        &format!(r#"{{"targets": ["{SHORT}.TsRawAtt", "{PLANT}.TsRawAtt", "key:3", 3], {SPAN}}}"#),
    );
    assert_eq!(several[0]["path"], format!("{PLANT}.TsRawAtt"));
    assert_eq!(
        (&several[1]["path"], &several[2]["key"], &several[3]["key"]),
        (&several[0]["path"], &json!(3), &json!(3))
    );
    assert_eq!(
        call(&session, "availability.search_availability_events", "", &format!(r#"{{"owners": ["{SHORT}"]}}"#)),
        json!([])
    );
    let chimneys = format!("{SHORT}.PlantToChimneyRef");
    let cloned = stage(
        &session,
        "clone_object",
        &format!("{chimneys}/SomePowerPlantChimney1"),
        &json!({"name": "Copy", "new_owner": chimneys}).to_string(),
    );
    assert_eq!(cloned["path"], format!("{PLANT}.PlantToChimneyRef/Copy"));
    let mapping = json!({"ChimneyElementType": {"TsRawAtt": "TsRawAtt"}});
    stage(
        &session,
        "copy_series",
        &format!("{chimneys}/Copy"),
        &json!({"source": format!("{chimneys}/SomePowerPlantChimney1"), "mappings": mapping}).to_string(),
    );
    // A topic is told by the name that the host gave it.
    let mut about = super::bed::args(r#"{"interval": ["2016-01-01T01:00Z", "2016-01-01T03:00Z"], "initial": true}"#);
    about.set("every", "1h");
    let topic = format!("series:{SHORT}.TsRawAtt");
    session.subscribe(&topic, &about, None, 0).unwrap();
    let event = session.poll(20_000).unwrap().unwrap();
    assert!(event.failure().is_none(), "{:?}", event.failure().map(|failure| failure.error().to_string()));
    assert_eq!(event.topic().to_str().unwrap(), topic);
}
