//! Sessions, tokens, certificates, sizes and the log.

use crate::client::{Bed, Refused};
use crate::{PLANT, read, refused};
use serde_json::{Value, json};

#[test]
fn sessions_end_by_call_by_age_and_by_order() {
    let bed = Bed::new();
    let session = bed.open();
    let gone = format!("Session with id {{{}}} not found.", session.to_uppercase());
    assert_eq!(bed.about(&session, "ExtendSession").unwrap()[0]["expires_in"], "300s");
    bed.about(&session, "EndSession").unwrap();
    assert_eq!(bed.about(&session, "EndSession"), Err(Refused { code: 5, text: gone }));

    let (used, idle) = (bed.open(), bed.open());
    bed.order("set=1&advance=200");
    bed.about(&used, "ExtendSession").unwrap();
    bed.order("set=1&advance=200");
    bed.about(&used, "ExtendSession").unwrap();
    refused(bed.about(&idle, "ExtendSession"), 5, "not found.");

    bed.order(&format!("kill={used}"));
    refused(bed.about(&used, "Commit"), 5, "not found.");
    refused(bed.call("model", "ModelService/ListModels", json!({})), 3, "session_id");
}

#[test]
fn a_session_lies_over_what_others_commit() {
    let bed = Bed::new();
    let (one, two) = (bed.open(), bed.open());
    let value = |session: &str, name: &str| {
        let target = json!({ "attribute_id": { "path": format!("{PLANT}.{name}") } });
        bed.one(session, "model", "ModelService/GetAttribute", target)["values"][0].clone()
    };
    let set = |session: &str, name: &str, value: Value| {
        let message = json!({ "attribute_id": { "path": format!("{PLANT}.{name}") }, "new_singular_value": value });
        bed.one(session, "model", "ModelService/UpdateSimpleAttribute", message);
    };
    set(&one, "DblAtt", json!({ "double_value": 3.5 }));
    set(&two, "Int64Att", json!({ "int_value": 80 }));
    assert_eq!(value(&one, "DblAtt")["double_value"], 3.5);
    assert_eq!(value(&two, "DblAtt")["double_value"], 1000.0);
    bed.about(&one, "Commit").unwrap();
    // The other sees it, over it its own.
    assert_eq!(value(&two, "DblAtt")["double_value"], 3.5);
    assert_eq!(value(&two, "Int64Att")["int_value"], 80);
    bed.about(&two, "Rollback").unwrap();
    assert_eq!(value(&two, "Int64Att")["int_value"], 64);

    // An integer fits a double, nothing else does.
    set(&one, "DblAtt", json!({ "int_value": 13 }));
    assert_eq!(value(&one, "DblAtt")["double_value"], 13.0);
    let message = json!({ "attribute_id": { "path": format!("{PLANT}.DblAtt") }, "new_singular_value": { "boolean_value": true } });
    let text = "Check if you correctly applied the singular value/collection values";
    refused(bed.of(&one, "model", "ModelService/UpdateSimpleAttribute", message), 3, text);
}

#[test]
fn a_conflict_stays_until_the_rollback() {
    let bed = Bed::new();
    let (one, two) = (bed.open(), bed.open());
    let create = |session: &str| {
        let owner = "Model/SimpleThermalTestModel/ThermalComponent.ThermalPowerToPlantRef";
        bed.of(session, "model", "ModelService/CreateObject", json!({ "name": "Twin", "owner_id": { "path": owner } }))
    };
    create(&one).unwrap();
    create(&two).unwrap();
    bed.about(&one, "Commit").unwrap();
    let text = format!(
        "session {two} is corrupt due to changes done by some other session, rollback your changes to fix your session"
    );
    refused(bed.about(&two, "Commit"), 10, &text);
    refused(bed.about(&two, "Commit"), 10, &text);
    bed.about(&two, "Rollback").unwrap();
    bed.about(&two, "Commit").unwrap();
    refused(create(&two), 6, "An element named Twin already exists in the ThermalPowerToPlantRef element array");
}

#[test]
fn tokens_and_the_legs_of_kerberos() {
    let mut bed = Bed::new();
    bed.order("set=1&token=open-sesame");
    let version = |bed: &Bed| bed.call("config", "ConfigurationService/GetVersion", json!({}));
    refused(version(&bed), 16, "no access token");
    bed.token = Some("wrong".to_owned());
    refused(version(&bed), 16, "not valid");
    bed.token = Some("open-sesame".to_owned());
    assert_eq!(version(&bed).unwrap()[0]["name"], "Volue Mesh Server");

    bed.order("set=1&token=&kerberos=1&legs=1&token_seconds=100");
    bed.token = None;
    let legs = bed.call("auth", "AuthenticationService/AuthenticateKerberos", json!("leg")).unwrap();
    assert_eq!(legs[0]["token_duration"], "100s");
    bed.token = legs[0]["bearer_token"].as_str().map(str::to_owned);
    let who = bed.call("auth", "AuthenticationService/GetUserIdentity", json!({})).unwrap();
    assert_eq!(who[0]["display_name"], "Sandbox User");
    bed.order("set=1&advance=101");
    refused(version(&bed), 16, "expired");
    bed.order("set=1&legs=2");
    bed.token = None;
    let legs = bed.call("auth", "AuthenticationService/AuthenticateKerberos", json!("leg")).unwrap();
    assert!(legs[0]["bearer_token"] == "" && legs[0]["kerberos_token"] != "", "{legs:?}");
}

/// The certificates of section 2.3 behind their listeners: what a verifier without exceptions says of each.
#[test]
fn certificates_are_those_that_customers_have() {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use std::sync::Arc;

    let bed = Bed::new();
    let shake = |listener: &str, root: &std::path::Path, name: &'static str| {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(root).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let name = ServerName::try_from(name).unwrap();
        let mut tls = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut tcp = std::net::TcpStream::connect(&bed.sandbox.mesh[listener]).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp).map_err(|error| error.to_string())?;
        }
        Ok::<_, String>(tls.alpn_protocol().map(<[u8]>::to_vec))
    };
    let [selfsigned, nameless] = &bed.sandbox.mesh_certificates;
    let h2 = Ok(Some(b"h2".to_vec()));
    assert_eq!(shake("mesh_tls", &bed.sandbox.ca, "localhost"), h2);
    assert_eq!(shake("mesh_tls", &bed.sandbox.ca, "127.0.0.1"), h2);
    assert!(shake("mesh_tls", selfsigned, "localhost").unwrap_err().contains("UnknownIssuer"));
    assert!(shake("mesh_selfsigned", selfsigned, "localhost").unwrap_err().contains("CaUsedAsEndEntity"));
    // It has no name but the common one, and is an authority too: whichever a verifier finds first.
    assert!(shake("mesh_cn", nameless, "localhost").is_err());
}

#[test]
fn the_log_shows_calls_by_name() {
    let mut bed = Bed::new();
    bed.token = Some("secret-token".to_owned());
    let session = bed.open();
    read(&bed, &session, json!({ "timeseries_key": 9 })).unwrap();
    bed.about(&session, "EndSession").unwrap();
    bed.about(&session, "EndSession").unwrap_err();
    let log = bed.sandbox.mesh_log(0, Some("ReadTimeseries"), false);
    let call = &log[0];
    assert_eq!(call["method"], "volue.mesh.grpc.time_series.v1alpha.TimeseriesService/ReadTimeseries");
    assert_eq!(call["metadata"]["x-volue-mesh-client-version"], "1.16.0");
    assert!(!call.to_string().contains("secret-token"));
    let fields = &call["messages"][0]["fields"];
    assert_eq!(fields["session_id"], session.as_str());
    assert_eq!(fields["timeseries_id"], json!({ "timeseries_key": 9 }));
    // As the official SDK was seen to send it: times as 0a06.. and 1206.., the key as 1809.
    let hex = call["messages"][0]["hex"].as_str().unwrap();
    assert!(
        hex.starts_with("0a120a10")
            && hex.ends_with("120218091a100a0608909f97b40512060890 8099b405".replace(' ', "").as_str()),
        "{hex}"
    );
    let ended = bed.sandbox.mesh_log(0, Some("EndSession"), false);
    assert_eq!(ended[1]["status"], 5);
    let numbered = bed.sandbox.mesh_log(0, Some("EndSession"), true);
    assert_eq!(numbered[0]["messages"][0], "<id 1>");
}
