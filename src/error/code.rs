//! The closed list of `detail.code` words. `docs/errors.md` is generated from it.

use super::Status;

/// One kind of failure.
#[derive(Debug)]
pub struct Code {
    /// The word in the detail; it never changes.
    pub word: &'static str,
    /// The status that it usually surfaces under.
    pub status: Status,
    /// The cause may be gone at the next try.
    pub transient: bool,
    /// When it happens, and the class of the original that it stands for.
    pub when: &'static str,
}

macro_rules! codes {
    ($($name:ident = $word:literal, $status:ident, $transient:literal, $when:literal;)*) => {
        $(#[doc = $when] pub const $name: Code = Code { word: $word, status: Status::$status, transient: $transient, when: $when };)*
        /// Every code, in the order of the documentation.
        pub const ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    ARGUMENT = "argument", Argument, false, "An argument was NULL, not UTF-8, of the wrong type or unknown.";
    CLOSED = "closed", State, false, "The handle was closed.";
    FORKED = "forked", State, false, "The session was made before a fork and used in the child.";
    BUSY = "busy", State, false, "The call was not allowed here, for instance poll inside a callback.";
    POISONED = "poisoned", State, false, "An earlier panic was contained in this session; it takes no more work.";
    UNSUPPORTED = "unsupported", Unsupported, false, "The back end has no such verb, topic or snapshot.";
    CANCELLED = "cancelled", Cancelled, false, "The host cancelled the call, or closed the session under it.";
    INTERNAL = "internal", Internal, false, "A bug in haft: a panic was contained.";
    LIMIT = "limit", Limit, false, "A size, rate or queue limit was reached.";
    IO = "io", Io, true, "A local file or pipe could not be read or written.";
    PROVIDER = "provider", Remote, false, "A provider or reader of the host answered with a failure.";
    CONNECT = "connect", Io, true, "No connection could be made, or it broke (requests: ConnectionError).";
    RESOLVE = "resolve", Io, true, "The host name could not be resolved (requests: ConnectionError).";
    CONNECT_TIMEOUT = "connect_timeout", Timeout, true, "The connection was not made in time (requests: ConnectTimeout).";
    READ_TIMEOUT = "read_timeout", Timeout, true, "The server was silent for too long (requests: ReadTimeout).";
    TOTAL_TIMEOUT = "total_timeout", Timeout, true, "The whole call took too long.";
    LOW_SPEED = "low_speed", Timeout, true, "Fewer bytes than asked for arrived over the asked time.";
    PROXY = "proxy", Io, true, "The proxy could not be reached or refused (requests: ProxyError).";
    TLS = "tls", Tls, false, "The TLS handshake failed (requests: SSLError).";
    CERTIFICATE = "certificate", Tls, false, "The server's certificate was not accepted, or ours could not be read (requests: SSLError).";
    TOO_MANY_REDIRECTS = "too_many_redirects", Remote, false, "More redirects than max_redirects (requests: TooManyRedirects).";
    INVALID_URL = "invalid_url", Argument, false, "The URL could not be parsed (requests: InvalidURL).";
    MISSING_SCHEMA = "missing_schema", Argument, false, "The URL has no scheme (requests: MissingSchema).";
    INVALID_SCHEMA = "invalid_schema", Argument, false, "No adapter is mounted for the URL (requests: InvalidSchema).";
    INVALID_HEADER = "invalid_header", Argument, false, "A header name or value is not allowed, or lengths conflict (requests: InvalidHeader).";
    INVALID_PROXY_URL = "invalid_proxy_url", Argument, false, "A proxy's URL could not be parsed (requests: InvalidProxyURL).";
    PROTOCOL = "protocol", Protocol, false, "The answer is not HTTP, or breaks its rules (requests: ConnectionError).";
    HTTP_VERSION = "http_version", Unsupported, false, "HTTP/2 was asked for and the server does not speak it.";
    CHUNKED_ENCODING = "chunked_encoding", Protocol, true, "A chunk was malformed or cut off (requests: ChunkedEncodingError).";
    INCOMPLETE_READ = "incomplete_read", Protocol, true, "The body ended before its declared length (requests: ChunkedEncodingError).";
    CONTENT_DECODING = "content_decoding", Protocol, false, "The compressed body was broken (requests: ContentDecodingError).";
    UNREWINDABLE_BODY = "unrewindable_body", State, false, "The body had to be sent again and its reader could not go back (requests: UnrewindableBodyError).";
    RETRY = "retry", Remote, true, "The retries were used up by the status of the answers (requests: RetryError).";
    HTTP_STATUS = "http_status", Remote, false, "raise_for_status was asked for and the status is 400 to 599 (requests: HTTPError).";
    INVALID_JSON = "invalid_json", Argument, false, "The json argument cannot be written as JSON (requests: InvalidJSONError).";
    JSON_DECODE = "json_decode", Protocol, false, "The answer was asked for as JSON and is not (requests: JSONDecodeError).";
    CASSETTE = "cassette", NotFound, false, "The cassette has no answer left for the request.";
    STREAM_CONSUMED = "stream_consumed", State, false, "The body was read already (requests: StreamConsumedError).";
    CONNECTION_LOST = "connection_lost", Io, true, "A connection that lasts ended without a goodbye, or is being restored (a WebSocket's code 1006).";
    WEBSOCKET_HANDSHAKE = "websocket_handshake", Protocol, false, "The answer to a WebSocket's handshake was none: another status, a wrong key, or something that was not offered.";
    WEBSOCKET = "websocket", Protocol, false, "The peer broke the rules of WebSocket; the detail's close_code says how (1002, 1007, 1009).";
    PARSE = "parse", Argument, false, "An expression or query could not be parsed (ftrack: ParseError).";
    SERVER_COMPATIBILITY = "server_compatibility", Unsupported, false, "The server is too old, or lacks what was asked for (ftrack: ServerCompatibilityError).";
    SERVER = "server", Remote, false, "The server refused; the detail says in its words why (ftrack: ServerError).";
    NO_RESULT_FOUND = "no_result_found", NotFound, false, "One result was asked for and there was none (ftrack: NoResultFoundError).";
    MULTIPLE_RESULTS_FOUND = "multiple_results_found", Conflict, false, "One result was asked for and there were several (ftrack: MultipleResultsFoundError).";
    IMMUTABLE_ATTRIBUTE = "immutable_attribute", Argument, false, "An attribute that cannot be changed was set (ftrack: ImmutableAttributeError).";
    IMMUTABLE_COLLECTION = "immutable_collection", Argument, false, "A collection that cannot be changed was changed (ftrack: ImmutableCollectionError).";
    DUPLICATE_ITEM_IN_COLLECTION = "duplicate_item_in_collection", Conflict, false, "An item was added to a collection that has it (ftrack: DuplicateItemInCollectionError).";
    UNKNOWN_TYPE = "unknown_type", Argument, false, "The server has no such entity type (ftrack: UnrecognisedEntityTypeError).";
    UNKNOWN_ATTRIBUTE = "unknown_attribute", Argument, false, "The entity type has no such attribute (Python: KeyError).";
    WRONG_KEY = "wrong_key", Argument, false, "A key does not fit the type's primary key (Python: ValueError).";
    NOT_UNIQUE = "not_unique", Conflict, false, "Something of that identity exists (ftrack: NotUniqueError).";
    NOT_FOUND = "not_found", NotFound, false, "Something of that identity does not exist (ftrack: NotFoundError).";
    HUB_NOT_CONNECTED = "hub_not_connected", State, false, "The event hub is not connected, or could not be (ftrack: EventHubConnectionError).";
    EVENT_REJECTED = "event_rejected", Remote, false, "The event server refused an event or a subscription (ftrack: EventHubPacketError).";
    MESSAGE_TOO_LARGE = "message_too_large", Limit, false, "A message was longer than one side takes (Mesh: RESOURCE_EXHAUSTED).";
    SESSION_LOST = "session_lost", NotFound, false, "The server does not know the session any more: it timed out, was ended, or the server was restarted (Mesh; Janus: 458).";
    UNAUTHORIZED = "unauthorized", Auth, false, "The secret or the token was missing or wrong (Janus: 403).";
    UNAUTHORIZED_PLUGIN = "unauthorized_plugin", Denied, false, "The token does not allow the plugin (Janus: 405).";
    TRANSPORT_SPECIFIC = "transport_specific", Remote, false, "The way by which the request came does not do that (Janus: 450).";
    MISSING_REQUEST = "missing_request", Remote, false, "A message said nowhere what it wanted (Janus: 452).";
    UNKNOWN_REQUEST = "unknown_request", Remote, false, "The server knows no such request (Janus: 453).";
    MALFORMED_MESSAGE = "malformed_message", Remote, false, "The server could not read a message, or it was no object (Janus: 454, 455).";
    MISSING_ELEMENT = "missing_element", Remote, false, "A message lacked what the server demands; the text names it (Janus: 456).";
    INVALID_PATH = "invalid_path", Remote, false, "A request of a session was sent to a handle or to none, or the reverse (Janus: 457).";
    HANDLE_LOST = "handle_lost", NotFound, false, "The server does not know the handle any more: it was detached (Janus: 459).";
    PLUGIN_NOT_FOUND = "plugin_not_found", NotFound, false, "The server has no such plugin (Janus: 460).";
    PLUGIN_ATTACH_FAIL = "plugin_attach_fail", Remote, false, "A plugin could not be attached (janus_client: PluginAttachFail; Janus: 461 and whatever else refused an attach).";
    PLUGIN_MESSAGE_FAIL = "plugin_message_fail", Remote, false, "A message could not be given to the plugin (Janus: 462).";
    PLUGIN_DETACH_FAIL = "plugin_detach_fail", Remote, false, "A handle could not be detached (Janus: 463).";
    JSEP_UNKNOWN_TYPE = "jsep_unknown_type", Remote, false, "A jsep was neither an offer nor an answer (Janus: 464).";
    JSEP_INVALID_SDP = "jsep_invalid_sdp", Remote, false, "The SDP of a jsep could not be used (Janus: 465).";
    TRICKLE_INVALID_STREAM = "trickle_invalid_stream", Remote, false, "A candidate belongs to no stream (Janus: 466).";
    INVALID_ELEMENT = "invalid_element", Remote, false, "Something in a message had the wrong type; the text names it (Janus: 467).";
    SESSION_CONFLICT = "session_conflict", Conflict, false, "The id that a new session was to have is in use (Janus: 468).";
    UNEXPECTED_ANSWER = "unexpected_answer", Conflict, false, "An answer was sent and nothing was offered (Janus: 469).";
    TOKEN_NOT_FOUND = "token_not_found", NotFound, false, "The server has no such token (Janus: 470).";
    WEBRTC_STATE = "webrtc_state", Conflict, true, "The PeerConnection of a handle is being taken down; try again soon (Janus: 471).";
    NOT_ACCEPTING_SESSIONS = "not_accepting_sessions", Remote, true, "The server takes no new sessions (Janus: 472).";
    SESSION_CORRUPT = "session_corrupt", Conflict, false, "Another session's commit made this one's changes impossible; roll back (Mesh).";
    OWNER_GONE = "owner_gone", Conflict, false, "Another session deleted what the changes belong to (Mesh).";
    VERSION_TOO_OLD = "version_too_old", Unsupported, false, "The server is older than what the client speaks (Mesh: RuntimeError).";
    INVALID_POINTS = "invalid_points", Argument, false, "Points of a series are not sorted, not unique, off their grid or outside their interval (Mesh).";
    UNKNOWN_UNIT = "unknown_unit", Argument, false, "The server has no such unit of measurement (Mesh: ValueError).";
    COMPONENT_IN_LOCATION = "component_in_location", Conflict, false, "A component is in the location already (ftrack: ComponentInLocationError).";
    COMPONENT_NOT_IN_LOCATION = "component_not_in_location", NotFound, false, "A component is not in the location (ftrack: ComponentNotInLocationError).";
    COMPONENT_NOT_IN_ANY_LOCATION = "component_not_in_any_location", NotFound, false, "A component is in no location that can be used here (ftrack: ComponentNotInAnyLocationError).";
    LOCATION = "location", State, false, "A location lacks an accessor or a structure, or has data already where new data was to go (ftrack: LocationError).";
    STRUCTURE = "structure", State, false, "The place of a component cannot be told, for instance because its version is not committed (ftrack: StructureError).";
    ACCESSOR_OPERATION_FAILED = "accessor_operation_failed", Io, false, "A storage failed (ftrack: AccessorOperationFailedError).";
    ACCESSOR_UNSUPPORTED_OPERATION = "accessor_unsupported_operation", Unsupported, false, "The accessor of the location has no such operation (ftrack: AccessorUnsupportedOperationError).";
    ACCESSOR_PERMISSION_DENIED = "accessor_permission_denied", Denied, false, "A storage did not permit it (ftrack: AccessorPermissionDeniedError).";
    ACCESSOR_FILESYSTEM_PATH = "accessor_filesystem_path", Argument, false, "A resource identifier leads outside of the accessor's prefix (ftrack: AccessorFilesystemPathError).";
    ACCESSOR_RESOURCE_NOT_FOUND = "accessor_resource_not_found", NotFound, false, "There is nothing under the resource identifier (ftrack: AccessorResourceNotFoundError).";
    ACCESSOR_PARENT_RESOURCE_NOT_FOUND = "accessor_parent_resource_not_found", NotFound, false, "The container of the resource is missing or outside of the prefix (ftrack: AccessorParentResourceNotFoundError).";
    ACCESSOR_RESOURCE_INVALID = "accessor_resource_invalid", Argument, false, "The resource is a container where a file was needed, or the reverse (ftrack: AccessorResourceInvalidError).";
    ACCESSOR_CONTAINER_NOT_EMPTY = "accessor_container_not_empty", Conflict, false, "The container to be removed holds something (ftrack: AccessorContainerNotEmptyError).";
    PLUGIN_ERROR = "plugin_error", Remote, false, "A plugin of the server refused or failed for another reason; server_code and server_text say which (Janus).";
    PLUGIN_INVALID_REQUEST = "plugin_invalid_request", Remote, false, "The plugin has no such request (Janus).";
    PLUGIN_MISSING_ELEMENT = "plugin_missing_element", Remote, false, "The plugin missed a mandatory field (Janus).";
    PLUGIN_INVALID_ELEMENT = "plugin_invalid_element", Remote, false, "A field had a type or a value that the plugin does not take (Janus).";
    PLUGIN_NO_SUCH_ROOM = "plugin_no_such_room", NotFound, false, "There is no such room (Janus).";
    PLUGIN_NO_SUCH_FEED = "plugin_no_such_feed", NotFound, false, "There is no such feed, or its publisher does not publish (Janus).";
    PLUGIN_NO_SUCH_USER = "plugin_no_such_user", NotFound, false, "There is no such participant or user (Janus).";
    PLUGIN_NO_SUCH_ITEM = "plugin_no_such_item", NotFound, false, "There is no such mountpoint, recording, group, stream or call (Janus).";
    PLUGIN_UNAUTHORIZED = "plugin_unauthorized", Denied, false, "A secret, pin, token or key was wrong or missing, or the participant was kicked (Janus).";
    PLUGIN_ROOM_EXISTS = "plugin_room_exists", Conflict, false, "A room of that id exists (Janus).";
    PLUGIN_ID_TAKEN = "plugin_id_taken", Conflict, false, "The id or name belongs to another participant, user or recording (Janus).";
    PLUGIN_ALREADY_JOINED = "plugin_already_joined", Conflict, false, "The handle has joined, registered, published, or is in a call already (Janus).";
    PLUGIN_NOT_JOINED = "plugin_not_joined", Remote, false, "The handle has to join or register first (Janus).";
    PLUGIN_WRONG_STATE = "plugin_wrong_state", Remote, false, "The handle or the room is in a state in which this cannot be done (Janus).";
    PLUGIN_FULL = "plugin_full", Remote, false, "The room takes no more publishers (Janus).";
    MEDIA_STATE = "media_state", State, false, "A WebRTC connection was not in the state for it: not connected yet, over, or an offer was open.";
    MEDIA_SDP = "media_sdp", Protocol, false, "A description or a candidate of the other side of a WebRTC connection could not be read, or did not fit ours.";
    MEDIA_ICE = "media_ice", Timeout, true, "No way to the other side of a WebRTC connection was found in time, or the one in use was lost.";
    MEDIA_DTLS = "media_dtls", Tls, false, "The handshake of a WebRTC connection failed or was not done in time, or the certificate was not the described one.";
    MEDIA_REFUSED = "media_refused", Remote, false, "The other side of a WebRTC connection did not take it, or ended it before media flowed.";
    PLUGIN_SDP = "plugin_sdp", Remote, false, "The description of the media session was missing, or could not be used (Janus).";
    STREAM_ENDED = "stream_ended", Io, true, "The server ended an event stream; it will be asked for it again unless reconnect is off.";
    EVENT_STREAM = "event_stream", Protocol, false, "The answer to a subscription is not an event stream: another content type, or a status that is no success.";
    MEDIA_FILE = "media_file", Protocol, false, "A media file could not be understood; the message says what and where.";
    MEDIA_CODEC = "media_codec", Unsupported, false, "A track cannot be sent or written as it is encoded; the message says why.";
}
