// Made by `cargo run -p haft-tools -- proto` from proto/; edits are lost.
//! Messages, enumerations and calls of Mesh, a module for each package.

pub mod auth;
pub mod common;
pub mod availability;
pub mod model_definition;
pub mod time_series;
pub mod calc;
pub mod config;
pub mod hydsim;
pub mod model;
pub mod resource;
pub mod session;

use super::Service;

/// Every service.
pub static SERVICES: &[&Service] = &[
    &auth::AUTHENTICATION_SERVICE,
    &availability::AVAILABILITY_SERVICE,
    &model_definition::MODEL_DEFINITION_SERVICE,
    &time_series::TIMESERIES_SERVICE,
    &calc::CALCULATION_SERVICE,
    &config::CONFIGURATION_SERVICE,
    &hydsim::HYDSIM_SERVICE,
    &model::MODEL_SERVICE,
    &resource::RESOURCE_SERVICE,
    &session::SESSION_SERVICE,
];
