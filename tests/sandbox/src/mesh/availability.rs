//! Availability (section 4.11): revisions, restrictions, and those that a calculation makes.

use tonic::Status;

use super::Call;
use super::id::Id;
use super::instance;
use super::path::{Place, written};
use super::pb::MeshId;
use super::pb::availability as av;
use super::pb::availability::availability_event::EventOneof;
use super::pb::availability::instance::InstanceOneof;
use super::pb::availability::restriction_recurrence::RecurrenceOneof;
use super::store::{Event, Store, entry, put, take};
use super::time::{ends, ends_ms, timestamp};

/// What revisions can be.
const REVISION_STATUSES: [&str; 4] = ["Planned", "Proposed", "Confirmed", "Cancelled"];
/// What restrictions can be.
const RESTRICTION_STATUSES: [&str; 4] = ["SelfImposed", "Proposed", "Recommended", "Active"];
/// What is restricted.
const CATEGORIES: [&str; 5] =
    ["DischargeMin[m3/s]", "DischargeMax[m3/s]", "ProductionMin[MW]", "ProductionMax[MW]", "Capacity"];

fn owner(store: &Store, target: Option<&MeshId>) -> Result<(Id, MeshId), Status> {
    let id = store.object_at(target)?;
    Ok((id, Store::mesh_id(id, store.object_path(id))))
}

fn record(author: Option<String>, user: &str, at: prost_types::Timestamp) -> Option<av::RecordInfo> {
    // An author that is given is taken as it is, an empty one too.
    Some(av::RecordInfo { author: author.unwrap_or_else(|| user.to_owned()), timestamp: Some(at) })
}

fn check_new(store: &Store, owner: Id, event_id: &str) -> Result<(), Status> {
    if event_id.is_empty() {
        return Err(Status::invalid_argument("no event id provided"));
    }
    if store.events.contains_key(&(owner, event_id.to_owned())) {
        return Err(Status::already_exists(format!("event with event id {event_id} already exists")));
    }
    Ok(())
}

/// `CreateRevision`.
pub fn create_revision(call: &mut Call<'_>, request: av::CreateRevisionRequest) -> Result<av::Revision, Status> {
    let (owner, owner_id) = owner(&call.store(), request.owner_id.as_ref())?;
    let at = request.created_timestamp.unwrap_or_else(|| timestamp(call.wall_ms()));
    let created = record(request.created_author, &call.context.user, at);
    let changed = request.last_changed_author.or_else(|| created.as_ref().map(|created| created.author.clone()));
    let revision = av::Revision {
        owner_id: Some(owner_id),
        event_id: request.event_id,
        local_id: request.local_id,
        reason: request.reason,
        last_changed: record(changed, "", at),
        created,
        recurrences: Vec::new(),
    };
    let shown = revision.clone();
    call.change(move |store, _| {
        check_new(store, owner, &revision.event_id)?;
        put(&mut store.events, (owner, revision.event_id.clone()), Event::Revision(revision.clone(), 0));
        Ok(())
    })?;
    Ok(shown)
}

fn check_restriction(recurrence: Option<&av::RestrictionRecurrence>) -> Result<(), Status> {
    match recurrence.and_then(|recurrence| recurrence.recurrence_oneof.as_ref()) {
        Some(RecurrenceOneof::BasicRecurrence(basic)) => {
            instance::check(basic.recurrence.as_ref())?;
            ends(basic.period.as_ref()).map(drop)
        }
        Some(RecurrenceOneof::ComplexRecurrence(complex)) => {
            if complex.values.is_empty() || complex.values.iter().any(|point| point.timestamp.is_none()) {
                return Err(Status::invalid_argument("a complex recurrence needs points, each with its time"));
            }
            instance::check(complex.recurrence.as_ref())
        }
        None => Err(Status::invalid_argument("a restriction needs a basic or a complex recurrence")),
    }
}

/// `CreateRestriction`.
pub fn create_restriction(
    call: &mut Call<'_>,
    request: av::CreateRestrictionRequest,
) -> Result<av::Restriction, Status> {
    let (owner, owner_id) = owner(&call.store(), request.owner_id.as_ref())?;
    check_restriction(request.restriction_recurrence.as_ref())?;
    let at = request.created_timestamp.unwrap_or_else(|| timestamp(call.wall_ms()));
    let created = record(request.created_author, &call.context.user, at);
    let changed = request.last_changed_author.or_else(|| created.as_ref().map(|created| created.author.clone()));
    let restriction = av::Restriction {
        owner_id: Some(owner_id),
        event_id: request.event_id,
        category: request.category,
        local_id: request.local_id,
        reason: request.reason,
        last_changed: record(changed, "", at),
        created,
        restriction_recurrence: request.restriction_recurrence,
        active_instance: None,
    };
    let shown = restriction.clone();
    call.change(move |store, _| {
        check_new(store, owner, &restriction.event_id)?;
        put(&mut store.events, (owner, restriction.event_id.clone()), Event::Restriction(restriction.clone()));
        Ok(())
    })?;
    Ok(shown)
}

fn missing(event_id: &str) -> Status {
    Status::not_found(format!("event with event id {event_id} not found"))
}

fn event_at<'a>(store: &'a Store, owner: Id, event_id: &str) -> Result<&'a Event, Status> {
    if event_id.is_empty() {
        return Err(Status::invalid_argument("no event id provided"));
    }
    store.events.get(&(owner, event_id.to_owned())).map(|event| &**event).ok_or_else(|| missing(event_id))
}

/// Changes a revision and notes who did it.
fn change_revision(
    call: &mut Call<'_>,
    target: Option<&MeshId>,
    event_id: String,
    author: Option<String>,
    change: impl Fn(&mut av::Revision, &mut u32) -> Result<(), Status> + Send + Sync + 'static,
) -> Result<(), Status> {
    let store = call.store();
    let (owner, _) = owner(&store, target)?;
    event_at(&store, owner, &event_id)?;
    let changed = record(author, &call.context.user, timestamp(call.wall_ms()));
    call.change(move |store, _| {
        let event = entry(&mut store.events, &(owner, event_id.clone())).ok_or_else(|| missing(&event_id))?;
        let Event::Revision(revision, next) = event else {
            return Err(Status::invalid_argument(format!("event with event id {event_id} is not a revision")));
        };
        change(revision, next)?;
        revision.last_changed.clone_from(&changed);
        Ok(())
    })
}

/// `AddRevisionRecurrence`.
pub fn add_recurrence(
    call: &mut Call<'_>,
    request: av::AddRevisionRecurrenceRequest,
) -> Result<av::AddRevisionRecurrenceResponse, Status> {
    let new = request.revision_recurrence.ok_or_else(|| Status::invalid_argument("revision_recurrence is not set"))?;
    instance::check(new.recurrence.as_ref())?;
    ends(new.period.as_ref())?;
    let (owner, _) = owner(&call.store(), request.owner_id.as_ref())?;
    let event_id = request.event_id.clone();
    change_revision(call, request.owner_id.as_ref(), request.event_id, request.author, move |revision, next| {
        let recurrence = av::RevisionRecurrence { recurrence_id: *next, active_instance: None, ..new.clone() };
        revision.recurrences.push(recurrence);
        *next += 1;
        Ok(())
    })?;
    let store = call.store();
    match event_at(&store, owner, &event_id)? {
        Event::Revision(_, next) => Ok(av::AddRevisionRecurrenceResponse { recurrence_id: next.saturating_sub(1) }),
        Event::Restriction(_) => Err(missing(&event_id)),
    }
}

/// `DeleteRevisionRecurrence`.
pub fn delete_recurrence(
    call: &mut Call<'_>,
    request: av::DeleteRevisionRecurrenceRequest,
) -> Result<av::DeleteRevisionRecurrenceResponse, Status> {
    let id = request.recurrence_id;
    change_revision(call, request.owner_id.as_ref(), request.event_id, request.author, move |revision, _| {
        let before = revision.recurrences.len();
        revision.recurrences.retain(|recurrence| recurrence.recurrence_id != id);
        if revision.recurrences.len() == before {
            return Err(Status::not_found(format!("recurrence {id} not found")));
        }
        Ok(())
    })?;
    Ok(av::DeleteRevisionRecurrenceResponse {})
}

/// `UpdateRevision`.
pub fn update_revision(
    call: &mut Call<'_>,
    request: av::UpdateRevisionRequest,
) -> Result<av::UpdateRevisionResponse, Status> {
    let paths = request.field_mask.map(|mask| mask.paths).unwrap_or_default();
    let named = |name: &str| paths.iter().any(|path| path == name);
    let local_id = named("new_local_id").then_some(request.new_local_id);
    let reason = named("new_reason").then_some(request.new_reason);
    if local_id.is_none() && reason.is_none() {
        return Err(Status::invalid_argument("nothing is set to be updated"));
    }
    change_revision(call, request.owner_id.as_ref(), request.event_id, request.author, move |revision, _| {
        if let Some(text) = &local_id {
            revision.local_id.clone_from(text);
        }
        if let Some(text) = &reason {
            revision.reason.clone_from(text);
        }
        Ok(())
    })?;
    Ok(av::UpdateRevisionResponse {})
}

/// `UpdateRestriction`.
pub fn update_restriction(
    call: &mut Call<'_>,
    request: av::UpdateRestrictionRequest,
) -> Result<av::UpdateRestrictionResponse, Status> {
    let store = call.store();
    let (owner, _) = owner(&store, request.owner_id.as_ref())?;
    event_at(&store, owner, &request.event_id)?;
    let paths = request.field_mask.map(|mask| mask.paths).unwrap_or_default();
    let named = |name: &str| paths.iter().any(|path| path == name);
    let local_id = named("new_local_id").then_some(request.new_local_id);
    let reason = named("new_reason").then_some(request.new_reason);
    let category = named("new_category").then_some(request.new_category);
    let recurrence = named("new_restriction_recurrence").then_some(request.new_restriction_recurrence);
    if paths.is_empty() {
        return Err(Status::invalid_argument("nothing is set to be updated"));
    }
    if let Some(recurrence) = &recurrence {
        check_restriction(recurrence.as_ref())?;
    }
    let changed = record(request.author, &call.context.user, timestamp(call.wall_ms()));
    let event_id = request.event_id;
    call.change(move |store, _| {
        let event = entry(&mut store.events, &(owner, event_id.clone())).ok_or_else(|| missing(&event_id))?;
        let Event::Restriction(restriction) = event else {
            return Err(Status::invalid_argument(format!("event with event id {event_id} is not a restriction")));
        };
        restriction.local_id = local_id.clone().unwrap_or_else(|| restriction.local_id.clone());
        restriction.reason = reason.clone().unwrap_or_else(|| restriction.reason.clone());
        restriction.category = category.clone().unwrap_or_else(|| restriction.category.clone());
        if let Some(recurrence) = &recurrence {
            restriction.restriction_recurrence.clone_from(recurrence);
        }
        restriction.last_changed.clone_from(&changed);
        Ok(())
    })?;
    Ok(av::UpdateRestrictionResponse {})
}

/// An event as it travels, with what is on now.
fn show(event: &Event, now: i64) -> av::AvailabilityEvent {
    let event = match event {
        Event::Revision(revision, _) => {
            let mut revision = revision.clone();
            for recurrence in &mut revision.recurrences {
                let all = instance::of_revision(recurrence, now + 1);
                recurrence.active_instance = instance::active(&all, now).map(instance::Instance::revision);
            }
            EventOneof::Revision(revision)
        }
        Event::Restriction(restriction) => {
            let mut restriction = restriction.clone();
            let all = restriction.restriction_recurrence.as_ref().map(|one| instance::of_restriction(one, now + 1));
            restriction.active_instance =
                instance::active(&all.unwrap_or_default(), now).map(instance::Instance::restriction);
            EventOneof::Restriction(restriction)
        }
    };
    av::AvailabilityEvent { event_oneof: Some(event) }
}

/// `GetAvailabilityEvent`.
pub fn get(call: &mut Call<'_>, request: av::GetAvailabilityEventRequest) -> Result<av::AvailabilityEvent, Status> {
    let store = call.store();
    let (owner, _) = owner(&store, request.owner_id.as_ref())?;
    Ok(show(event_at(&store, owner, &request.event_id)?, call.wall_ms()))
}

fn is(event: &Event, kind: av::EventType) -> bool {
    match kind {
        av::EventType::All => true,
        av::EventType::Revision => matches!(event, Event::Revision(..)),
        av::EventType::Restriction => matches!(event, Event::Restriction(_)),
    }
}

fn owners(store: &Store, targets: &[MeshId]) -> Result<Vec<Id>, Status> {
    if targets.is_empty() {
        return Err(Status::invalid_argument("owner_ids must not be empty"));
    }
    targets.iter().map(|target| store.object_at(Some(target))).collect()
}

/// `SearchAvailabilityEvents`.
pub fn search(
    call: &mut Call<'_>,
    request: av::SearchAvailabilityEventsRequest,
) -> Result<Vec<av::AvailabilityEvent>, Status> {
    let store = call.store();
    let owners = owners(&store, &request.owner_ids)?;
    let kind = request.event_type();
    let now = call.wall_ms();
    let found = store.events.iter().filter(|((owner, _), event)| owners.contains(owner) && is(event, kind));
    Ok(found.map(|(_, event)| show(event, now)).collect())
}

/// `SearchInstances`.
pub fn instances(call: &mut Call<'_>, request: av::SearchInstancesRequest) -> Result<Vec<av::Instance>, Status> {
    let store = call.store();
    let (owner, _) = owner(&store, request.owner_id.as_ref())?;
    let event = event_at(&store, owner, &request.event_id)?;
    let (start, end) = ends_ms(request.interval.as_ref())?;
    let show = |one: &instance::Instance| match event {
        Event::Revision(..) => InstanceOneof::RevisionInstance(one.revision()),
        Event::Restriction(_) => InstanceOneof::RestrictionInstance(one.restriction()),
    };
    let found = instance::search(event, start, end);
    Ok(found.iter().map(|one| av::Instance { instance_oneof: Some(show(one)) }).collect())
}

/// `DeleteAvailabilityEventsById`.
pub fn delete_by_id(
    call: &mut Call<'_>,
    request: av::DeleteAvailabilityEventsByIdRequest,
) -> Result<av::DeleteAvailabilityEventsByIdResponse, Status> {
    let store = call.store();
    let (owner, _) = owner(&store, request.owner_id.as_ref())?;
    for event_id in &request.event_ids {
        event_at(&store, owner, event_id)?;
    }
    call.change(move |store, _| {
        for event_id in &request.event_ids {
            take(&mut store.events, &(owner, event_id.clone()));
        }
        Ok(())
    })?;
    Ok(av::DeleteAvailabilityEventsByIdResponse {})
}

/// `DeleteAvailabilityEvents`.
pub fn delete_all(
    call: &mut Call<'_>,
    request: av::DeleteAvailabilityEventsRequest,
) -> Result<av::DeleteAvailabilityEventsResponse, Status> {
    let (owner, _) = owner(&call.store(), request.owner_id.as_ref())?;
    let kind = request.event_type();
    call.change(move |store, _| {
        std::sync::Arc::make_mut(&mut store.events).retain(|(of, _), event| *of != owner || !is(event, kind));
        Ok(())
    })?;
    Ok(av::DeleteAvailabilityEventsResponse {})
}

/// `CreateAdvancedRestriction`.
pub fn create_advanced(
    call: &mut Call<'_>,
    request: av::CreateAdvancedRestrictionRequest,
) -> Result<av::AdvancedRestriction, Status> {
    let store = call.store();
    let (owner, owner_id) = owner(&store, request.owner_id.as_ref())?;
    let target = request.calculation_id.unwrap_or_default();
    let calculation_id = match store.place(&target) {
        Some(Place::Attribute(id)) => Some(Store::mesh_id(id, store.attribute_path(id))),
        _ => return Err(Status::not_found(format!("calculation not found: {}", written(&target)))),
    };
    let at = request.created_timestamp.unwrap_or_else(|| timestamp(call.wall_ms()));
    let created = record(request.created_author, &call.context.user, at);
    let new = av::AdvancedRestriction { owner_id: Some(owner_id), category: request.category, calculation_id, created };
    let shown = new.clone();
    call.change(move |store, _| {
        let key = (owner, new.category.clone());
        if store.advanced.contains_key(&key) {
            return Err(Status::already_exists(format!("an advanced restriction of {} already exists", new.category)));
        }
        put(&mut store.advanced, key, new.clone());
        Ok(())
    })?;
    Ok(shown)
}

/// `GetAdvancedRestriction`.
pub fn get_advanced(
    call: &mut Call<'_>,
    request: av::GetAdvancedRestrictionRequest,
) -> Result<av::AdvancedRestriction, Status> {
    let store = call.store();
    let (owner, _) = owner(&store, request.owner_id.as_ref())?;
    let found = store.advanced.get(&(owner, request.category.clone()));
    let none = || Status::not_found(format!("advanced restriction of {} not found", request.category));
    found.map(|found| (**found).clone()).ok_or_else(none)
}

/// `SearchAdvancedRestrictions`.
pub fn search_advanced(
    call: &mut Call<'_>,
    request: av::SearchAdvancedRestrictionsRequest,
) -> Result<Vec<av::AdvancedRestriction>, Status> {
    let store = call.store();
    let owners = owners(&store, &request.owner_ids)?;
    let found = store.advanced.iter().filter(|((owner, _), _)| owners.contains(owner));
    Ok(found.map(|(_, one)| (**one).clone()).collect())
}

/// `DeleteAdvancedRestrictions`.
pub fn delete_advanced(
    call: &mut Call<'_>,
    request: av::DeleteAdvancedRestrictionsRequest,
) -> Result<av::DeleteAdvancedRestrictionsResponse, Status> {
    let (owner, _) = owner(&call.store(), request.owner_id.as_ref())?;
    call.change(move |store, _| {
        for category in &request.categories {
            take(&mut store.advanced, &(owner, category.clone()));
        }
        Ok(())
    })?;
    Ok(av::DeleteAdvancedRestrictionsResponse {})
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

/// `ListRevisionStatuses`.
pub fn revision_statuses(
    _: &mut Call<'_>,
    _: av::ListRevisionStatusesRequest,
) -> Result<av::ListRevisionStatusesResponse, Status> {
    Ok(av::ListRevisionStatusesResponse { statuses: texts(&REVISION_STATUSES) })
}

/// `ListRestrictionStatuses`.
pub fn restriction_statuses(
    _: &mut Call<'_>,
    _: av::ListRestrictionStatusesRequest,
) -> Result<av::ListRestrictionStatusesResponse, Status> {
    Ok(av::ListRestrictionStatusesResponse { statuses: texts(&RESTRICTION_STATUSES) })
}

/// `ListAvailabilityCategories`.
pub fn categories(
    _: &mut Call<'_>,
    _: av::ListAvailabilityCategoriesRequest,
) -> Result<av::ListAvailabilityCategoriesResponse, Status> {
    Ok(av::ListAvailabilityCategoriesResponse { categories: texts(&CATEGORIES) })
}
