//! The generated services, each method bound to the function that does its work.

use std::pin::Pin;
use std::time::Duration;

use tonic::codegen::tokio_stream::{self, Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

use super::pb::auth::authentication_service_server::AuthenticationService;
use super::pb::availability::availability_service_server::AvailabilityService;
use super::pb::calc::calculation_service_server::CalculationService;
use super::pb::config::configuration_service_server::ConfigurationService;
use super::pb::hydsim::hydsim_service_server::HydsimService;
use super::pb::model::model_service_server::ModelService;
use super::pb::resource::resource_service_server::ResourceService;
use super::pb::session::session_service_server::SessionService;
use super::pb::time_series::timeseries_service_server::TimeseriesService;
use super::pb::{self, Guid};
use super::{
    Context, Mesh, attribute, availability, calc, hydsim, link, object, rating, resource, series, text, write, xy,
};
use crate::log::lock;

/// A streamed answer.
pub type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What came with a call.
pub fn context<T>(request: &Request<T>) -> Context {
    request.extensions().get::<Context>().cloned().unwrap_or_default()
}

impl Mesh {
    /// Messages one after the other, at the pace that is set.
    pub fn stream<T: Send + 'static>(&self, all: Vec<T>) -> Response<Answers<T>> {
        let pace = lock(&self.settings).pace;
        if pace <= 0.0 {
            return Response::new(Box::pin(tokio_stream::iter(all.into_iter().map(Ok))));
        }
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            for one in all {
                tokio::time::sleep(Duration::from_secs_f64(pace.min(3600.0))).await;
                // Nobody reads any more: the client has cancelled.
                if sender.send(Ok(one)).await.is_err() {
                    return;
                }
            }
        });
        Response::new(Box::pin(tokio_stream::wrappers::ReceiverStream::new(receiver)))
    }
}

/// A service whose messages all name their session: methods with one answer, then after a
/// semicolon those with a stream of answers and the name of its type.
macro_rules! service {
    (
        $service:ident:
        $($rpc:ident($request:ty) -> $answer:ty = $work:path;)*
        $(; $($many:ident($from:ty) -> $stream:ident of $item:ty = $search:path;)*)?
    ) => {
        #[tonic::async_trait]
        impl $service for $crate::mesh::Mesh {
            $(
                async fn $rpc(&self, request: tonic::Request<$request>) -> Result<tonic::Response<$answer>, tonic::Status> {
                    let context = $crate::mesh::service::context(&request);
                    let message = request.into_inner();
                    let session = message.session_id.clone();
                    self.call(session.as_ref(), context, |call| $work(call, message)).map(tonic::Response::new)
                }
            )*
            $($(
                type $stream = $crate::mesh::service::Answers<$item>;
                async fn $many(&self, request: tonic::Request<$from>) -> Result<tonic::Response<Self::$stream>, tonic::Status> {
                    let context = $crate::mesh::service::context(&request);
                    let message = request.into_inner();
                    let session = message.session_id.clone();
                    self.call(session.as_ref(), context, |call| $search(call, message)).map(|all| self.stream(all))
                }
            )*)?
        }
    };
}
pub(super) use service;

#[tonic::async_trait]
impl SessionService for Mesh {
    async fn start_session(&self, _: Request<()>) -> Result<Response<pb::session::StartSessionResponse>, Status> {
        let now = self.now();
        let id = lock(&self.sessions).open(now);
        Ok(Response::new(pb::session::StartSessionResponse { session_id: Some(id.guid()) }))
    }

    async fn end_session(&self, request: Request<Guid>) -> Result<Response<pb::session::EndSessionResponse>, Status> {
        let guid = request.get_ref().clone();
        self.call(Some(&guid), context(&request), |call| call.sessions.end(call.session))?;
        Ok(Response::new(pb::session::EndSessionResponse {}))
    }

    async fn commit(&self, request: Request<Guid>) -> Result<Response<pb::session::CommitResponse>, Status> {
        let guid = request.get_ref().clone();
        self.call(Some(&guid), context(&request), |call| call.sessions.commit(call.session))?;
        Ok(Response::new(pb::session::CommitResponse {}))
    }

    async fn rollback(&self, request: Request<Guid>) -> Result<Response<pb::session::RollbackResponse>, Status> {
        let guid = request.get_ref().clone();
        self.call(Some(&guid), context(&request), |call| call.sessions.rollback(call.session))?;
        Ok(Response::new(pb::session::RollbackResponse {}))
    }

    async fn extend_session(
        &self,
        request: Request<Guid>,
    ) -> Result<Response<pb::session::ExtendSessionResponse>, Status> {
        let guid = request.get_ref().clone();
        self.call(Some(&guid), context(&request), |_| Ok(()))?;
        Ok(Response::new(self.expires_in()))
    }
}

#[tonic::async_trait]
impl ConfigurationService for Mesh {
    async fn get_version(&self, _: Request<()>) -> Result<Response<pb::config::VersionInfo>, Status> {
        Ok(Response::new(self.version()))
    }

    async fn get_health_status(&self, _: Request<()>) -> Result<Response<prost_types::Struct>, Status> {
        Ok(Response::new(self.health()))
    }

    async fn get_configuration(&self, _: Request<()>) -> Result<Response<prost_types::Struct>, Status> {
        Ok(Response::new(self.configuration()))
    }

    async fn get_log_level(&self, _: Request<()>) -> Result<Response<pb::config::GetLogLevelResponse>, Status> {
        Ok(Response::new(self.log_level()))
    }

    async fn update_log_level(
        &self,
        request: Request<pb::config::UpdateLogLevelRequest>,
    ) -> Result<Response<pb::config::UpdateLogLevelResponse>, Status> {
        Ok(Response::new(self.set_log_level(request.into_inner())))
    }
}

#[tonic::async_trait]
impl AuthenticationService for Mesh {
    type AuthenticateKerberosStream = Answers<pb::auth::AuthenticateKerberosResponse>;

    async fn authenticate_kerberos(
        &self,
        request: Request<Streaming<Vec<u8>>>,
    ) -> Result<Response<Self::AuthenticateKerberosStream>, Status> {
        let legs = request.into_inner();
        // The answers are made from settings as they are now: the stream may outlive this call.
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let answer = self.legs();
        tokio::spawn(async move {
            let mut legs = legs;
            let mut count = 0;
            while let Some(leg) = legs.next().await {
                count += 1;
                let answered = leg.and_then(|bytes| answer(count, &bytes));
                let ends = answered.as_ref().map_or(true, |answer| !answer.bearer_token.is_empty());
                if sender.send(answered).await.is_err() || ends {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(tokio_stream::wrappers::ReceiverStream::new(receiver))))
    }

    async fn revoke_access_token(
        &self,
        request: Request<String>,
    ) -> Result<Response<pb::auth::RevokeAccessTokenResponse>, Status> {
        Ok(Response::new(self.revoke(request.get_ref())))
    }

    async fn get_user_identity(&self, request: Request<()>) -> Result<Response<pb::auth::UserIdentity>, Status> {
        Ok(Response::new(self.identity(&context(&request).user)))
    }
}

service! { TimeseriesService:
    read_timeseries(pb::time_series::ReadTimeseriesRequest) -> pb::time_series::ReadTimeseriesResponse = series::read;
    write_timeseries(pb::time_series::WriteTimeseriesRequest) -> pb::time_series::WriteTimeseriesResponse = write::write;
    get_timeseries_resource(pb::time_series::GetTimeseriesResourceRequest) -> pb::time_series::TimeseriesResource = resource::get;
    update_timeseries_resource(pb::time_series::UpdateTimeseriesResourceRequest) -> pb::time_series::UpdateTimeseriesResourceResponse = resource::update;
    copy_timeseries_between_objects(pb::time_series::CopyTimeseriesBetweenObjectsRequest) -> pb::time_series::CopyTimeseriesBetweenObjectsResponse = series::copy;
    create_physical_timeseries(pb::time_series::CreatePhysicalTimeseriesRequest) -> pb::time_series::TimeseriesResource = resource::create;
    ;
    read_timeseries_stream(pb::time_series::ReadTimeseriesStreamRequest) -> ReadTimeseriesStreamStream of pb::time_series::ReadTimeseriesResponse = series::read_many;
    read_transformed_timeseries(pb::time_series::ReadTransformedTimeseriesRequest) -> ReadTransformedTimeseriesStream of pb::time_series::ReadTimeseriesResponse = series::read_transformed;
}

service! { ModelService:
    list_models(pb::model::ListModelsRequest) -> pb::model::ListModelsResponse = object::list_models;
    get_object(pb::model::GetObjectRequest) -> pb::model::Object = object::get;
    create_object(pb::model::CreateObjectRequest) -> pb::model::Object = object::create;
    create_model(pb::model::CreateModelRequest) -> pb::model::Object = object::create_model;
    update_object(pb::model::UpdateObjectRequest) -> pb::model::UpdateObjectResponse = object::update;
    delete_object(pb::model::DeleteObjectRequest) -> pb::model::DeleteObjectResponse = object::delete;
    get_attribute(pb::model::GetAttributeRequest) -> pb::model::Attribute = attribute::get;
    update_simple_attribute(pb::model::UpdateSimpleAttributeRequest) -> pb::model::UpdateSimpleAttributeResponse = attribute::update_simple;
    update_timeseries_attribute(pb::model::UpdateTimeseriesAttributeRequest) -> pb::model::UpdateTimeseriesAttributeResponse = attribute::update_series;
    update_link_relation_attribute(pb::model::UpdateLinkRelationAttributeRequest) -> pb::model::UpdateLinkRelationAttributeResponse = link::update;
    update_versioned_link_relation_attribute(pb::model::UpdateVersionedLinkRelationAttributeRequest) -> pb::model::UpdateVersionedLinkRelationAttributeResponse = link::update_versioned;
    get_xy_sets(pb::model::GetXySetsRequest) -> pb::model::GetXySetsResponse = xy::get;
    update_xy_sets(pb::model::UpdateXySetsRequest) -> pb::model::UpdateXySetsResponse = xy::update;
    get_rating_curve_versions(pb::model::GetRatingCurveVersionsRequest) -> pb::model::GetRatingCurveVersionsResponse = rating::get;
    update_rating_curve_versions(pb::model::UpdateRatingCurveVersionsRequest) -> pb::model::UpdateRatingCurveVersionsResponse = rating::update;
    clone_object(pb::model::CloneObjectRequest) -> pb::model::CloneObjectResponse = object::copy;
    ;
    search_objects(pb::model::SearchObjectsRequest) -> SearchObjectsStream of pb::model::Object = object::search;
    search_objects_by_definition(pb::model::SearchObjectsByDefinitionRequest) -> SearchObjectsByDefinitionStream of pb::model::Object = object::by_definition;
    search_attributes(pb::model::SearchAttributesRequest) -> SearchAttributesStream of pb::model::Attribute = attribute::search;
    search_linked_from(pb::model::SearchLinkedFromRequest) -> SearchLinkedFromStream of pb::model::SearchLinkedFromResponse = object::linked_from;
}

service! { CalculationService:
    run_calculation(pb::calc::CalculationRequest) -> pb::calc::CalculationResponse = calc::run;
}

service! { ResourceService:
    list_text_resources(pb::resource::ListTextResourcesRequest) -> pb::resource::ListTextResourcesResponse = text::list;
    get_text_resource(pb::resource::GetTextResourceRequest) -> pb::resource::GetTextResourceResponse = text::get;
    write_text_resource(pb::resource::WriteTextResourceRequest) -> pb::resource::WriteTextResourceResponse = text::write;
}

service! { AvailabilityService:
    create_revision(pb::availability::CreateRevisionRequest) -> pb::availability::Revision = availability::create_revision;
    create_restriction(pb::availability::CreateRestrictionRequest) -> pb::availability::Restriction = availability::create_restriction;
    create_advanced_restriction(pb::availability::CreateAdvancedRestrictionRequest) -> pb::availability::AdvancedRestriction = availability::create_advanced;
    add_revision_recurrence(pb::availability::AddRevisionRecurrenceRequest) -> pb::availability::AddRevisionRecurrenceResponse = availability::add_recurrence;
    get_availability_event(pb::availability::GetAvailabilityEventRequest) -> pb::availability::AvailabilityEvent = availability::get;
    get_advanced_restriction(pb::availability::GetAdvancedRestrictionRequest) -> pb::availability::AdvancedRestriction = availability::get_advanced;
    list_revision_statuses(pb::availability::ListRevisionStatusesRequest) -> pb::availability::ListRevisionStatusesResponse = availability::revision_statuses;
    list_restriction_statuses(pb::availability::ListRestrictionStatusesRequest) -> pb::availability::ListRestrictionStatusesResponse = availability::restriction_statuses;
    list_availability_categories(pb::availability::ListAvailabilityCategoriesRequest) -> pb::availability::ListAvailabilityCategoriesResponse = availability::categories;
    update_revision(pb::availability::UpdateRevisionRequest) -> pb::availability::UpdateRevisionResponse = availability::update_revision;
    update_restriction(pb::availability::UpdateRestrictionRequest) -> pb::availability::UpdateRestrictionResponse = availability::update_restriction;
    delete_revision_recurrence(pb::availability::DeleteRevisionRecurrenceRequest) -> pb::availability::DeleteRevisionRecurrenceResponse = availability::delete_recurrence;
    delete_availability_events_by_id(pb::availability::DeleteAvailabilityEventsByIdRequest) -> pb::availability::DeleteAvailabilityEventsByIdResponse = availability::delete_by_id;
    delete_availability_events(pb::availability::DeleteAvailabilityEventsRequest) -> pb::availability::DeleteAvailabilityEventsResponse = availability::delete_all;
    delete_advanced_restrictions(pb::availability::DeleteAdvancedRestrictionsRequest) -> pb::availability::DeleteAdvancedRestrictionsResponse = availability::delete_advanced;
    ;
    search_availability_events(pb::availability::SearchAvailabilityEventsRequest) -> SearchAvailabilityEventsStream of pb::availability::AvailabilityEvent = availability::search;
    search_instances(pb::availability::SearchInstancesRequest) -> SearchInstancesStream of pb::availability::Instance = availability::instances;
    search_advanced_restrictions(pb::availability::SearchAdvancedRestrictionsRequest) -> SearchAdvancedRestrictionsStream of pb::availability::AdvancedRestriction = availability::search_advanced;
}

service! { HydsimService:
    ;
    run_hydro_simulation(pb::hydsim::RunHydroSimulationRequest) -> RunHydroSimulationStream of pb::hydsim::LogOrDataset = hydsim::simulate;
    run_inflow_calculation(pb::hydsim::RunInflowCalculationRequest) -> RunInflowCalculationStream of pb::hydsim::LogOrDataset = hydsim::inflow;
    get_mc_file(pb::hydsim::GetMcFileRequest) -> GetMcFileStream of pb::hydsim::GetMcFileResponse = hydsim::mc_file;
}
