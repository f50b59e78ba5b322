//! Central storage (spec/ftrack.md 9.6): a disk that every machine of the studio has mounted somewhere.

use std::sync::Arc;

use super::{Location, Register};
use crate::{
    backends::ftrack::{
        accessors::{Accessor, DiskAccessor},
        structures::StandardStructure,
    },
    error::{Error, Result, code},
    log, sys,
    value::Tree,
};

/// The name of the scenario.
const CENTRALIZED: &str = "ftrack.centralized-storage";
/// It is what the studio wants to be used.
const PRIORITY: i64 = 1;

/// How the scenario calls this system.
const SYSTEM: &str = if cfg!(target_os = "macos") {
    "osx"
} else if cfg!(target_os = "windows") {
    "windows"
} else {
    "linux"
};

/// The location that a server's scenario names; `None` when it has another one or none.
///
/// # Errors
/// `protocol` when something is missing in it.
pub fn location(information: &Tree) -> Result<Option<Location>> {
    let Some(scenario) = information
        .get("storage_scenario")
        .filter(|scenario| scenario.get("scenario").and_then(Tree::as_str) == Some(CENTRALIZED))
    else {
        return Ok(None);
    };
    let missing = |what: &str| Error::new(&code::PROTOCOL, format!("the storage scenario had no {what}"));
    let data = scenario.get("data").ok_or_else(|| missing("data"))?;
    let text =
        |name: &str| data.get(name).and_then(Tree::as_str).filter(|text| !text.is_empty()).ok_or_else(|| missing(name));
    let mounts = data
        .get("accessor")
        .and_then(|accessor| accessor.get("mount_points"))
        .ok_or_else(|| missing("mount points"))?;
    let accessor = match mounts.get(SYSTEM).and_then(Tree::as_str).filter(|mount| !mount.is_empty()) {
        Some(mount) => Some(Arc::new(DiskAccessor::new(mount, &sys::environment::variable)?) as Arc<dyn Accessor>),
        None => {
            // With no prefix it would be the whole disk.
            log::warn(c"ftrack", || format!("the storage scenario has no mount point for {SYSTEM}"));
            None
        }
    };
    Ok(Some(Location {
        id: text("location_id")?.into(),
        name: text("location_name")?.into(),
        priority: PRIORITY,
        accessor,
        structure: Some(Arc::new(StandardStructure::default())),
        moves_data: true,
        register: Register::Server,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Option<Location>> {
        location(&Tree::from_json(json).unwrap())
    }

    #[test]
    fn central_storage_becomes_the_preferred_location() {
        let json = r#"{"storage_scenario":{"scenario":"ftrack.centralized-storage","data":{"location_id":"abc","location_name":"studio.central",
            "accessor":{"mount_points":{"linux":"/mnt/x","osx":"/mnt/x","windows":"x:"}}}}}"#;
        let found = read(json).unwrap().unwrap();
        assert_eq!((&*found.id, &*found.name, found.priority), ("abc", "studio.central", 1));
        assert_eq!(
            (found.accessor.unwrap().name().as_str(), found.structure.unwrap().name().as_str()),
            ("disk", "standard")
        );
        assert!(found.moves_data);
    }

    #[test]
    fn other_scenarios_and_none_are_left_alone() {
        for json in
            ["{}", r#"{"storage_scenario":null}"#, r#"{"storage_scenario":{"scenario":"ftrack.automatic","data":{}}}"#]
        {
            assert!(read(json).unwrap().is_none(), "{json}");
        }
    }

    #[test]
    fn what_is_missing_is_named_and_no_mount_point_is_no_way_to_the_disk() {
        for (data, missing) in [
            (r#"{"location_name":"n","accessor":{"mount_points":{}}}"#, "location_id"),
            (r#"{"location_id":"i","accessor":{"mount_points":{}}}"#, "location_name"),
            (r#"{"location_id":"i","location_name":"n"}"#, "mount points"),
        ] {
            let json = format!(r#"{{"storage_scenario":{{"scenario":"ftrack.centralized-storage","data":{data}}}}}"#);
            assert!(read(&json).err().unwrap().message().contains(missing), "{data}");
        }
        let json = r#"{"storage_scenario":{"scenario":"ftrack.centralized-storage","data":{"location_id":"i","location_name":"n","accessor":{"mount_points":{"linux":""}}}}}"#;
        assert!(read(json).unwrap().unwrap().accessor.is_none());
    }
}
