"""A small binding of libhaft by ctypes: sessions, requests, errors and values. Pull mode only.

A request is carried in one of two ways: on the calling thread, or submitted, its answer taken out of the queue when the
descriptor says so. What comes out is the same. It is what the differential test needs, and no more. The library is
found by HAFT_LIBRARY, else in build/dev.
"""

import ctypes
import json
import math
import os
import select
from ctypes import CFUNCTYPE, POINTER, byref, c_bool, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
READ = CFUNCTYPE(c_int64, c_void_p, c_void_p, c_size_t)
DROP = CFUNCTYPE(None, c_void_p)
PROVIDE = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_void_p)

# The kind of the event that brings a submitted call's answer.
RESPONSE = 2
# Seconds after which a submitted call without any event is a failure, so that no case can hang. No case is this long.
HANGING = 30

NULL, BOOL, INT, DOUBLE, STRING, BYTES, ARRAY, OBJECT = range(8)


def _load():
    library = ctypes.CDLL(os.environ.get("HAFT_LIBRARY") or os.path.join(ROOT, "build/dev/libhaft.so"))
    pointer, text = c_void_p, c_char_p
    for name, result, *arguments in (
        ("version", text),
        ("status_name", text, c_int32),
        ("error_status", c_int32, pointer),
        ("error_message", text, pointer),
        ("error_detail", pointer, pointer),
        ("error_response", pointer, pointer),
        ("error_free", None, pointer),
        ("args_new", pointer),
        ("args_set", None, pointer, text, text),
        ("args_set_int", None, pointer, text, c_int64),
        ("args_set_double", None, pointer, text, c_double),
        ("args_set_bool", None, pointer, text, c_bool),
        ("args_set_null", None, pointer, text),
        ("args_set_json", None, pointer, text, text),
        ("args_set_value", None, pointer, text, pointer),
        ("args_set_bytes", None, pointer, text, text, c_size_t),
        ("args_set_reader", None, pointer, text, c_int64, READ, pointer, DROP),
        ("args_set_provider", None, pointer, text, PROVIDE, pointer, DROP),
        ("args_value", pointer, pointer),
        ("args_free", None, pointer),
        ("value_type", c_int32, pointer),
        ("value_at", pointer, pointer, text),
        ("value_count", c_size_t, pointer),
        ("value_item", pointer, pointer, c_size_t, POINTER(text)),
        ("value_string", pointer, pointer, POINTER(c_size_t)),
        ("value_bytes", pointer, pointer, POINTER(c_size_t)),
        ("value_int", c_int64, pointer, c_int64),
        ("value_double", c_double, pointer, c_double),
        ("value_bool", c_bool, pointer, c_bool),
        ("session_create", c_int32, text, pointer, POINTER(pointer), POINTER(pointer)),
        ("session_configure", c_int32, pointer, pointer, POINTER(pointer)),
        ("session_request", c_int32, pointer, text, text, pointer, POINTER(pointer), POINTER(pointer)),
        ("session_submit", c_int32, pointer, text, text, pointer, POINTER(c_uint64), POINTER(pointer)),
        ("session_poll", c_int32, pointer, c_int64, POINTER(pointer), POINTER(pointer)),
        ("session_fd", ctypes.c_int, pointer),
        ("session_prepare", c_int32, pointer, text, text, pointer, POINTER(pointer), POINTER(pointer)),
        ("session_inspect", c_int32, pointer, text, pointer, POINTER(pointer), POINTER(pointer)),
        ("session_close", c_int32, pointer, pointer, POINTER(pointer)),
        ("session_free", None, pointer),
        ("response_status", c_int32, pointer),
        ("response_header", text, pointer, text),
        ("response_body", pointer, pointer, POINTER(c_size_t)),
        ("response_value", pointer, pointer),
        ("response_meta", pointer, pointer),
        ("response_read", c_int32, pointer, text, c_size_t, POINTER(c_size_t), POINTER(pointer)),
        ("response_free", None, pointer),
        ("event_kind", c_int32, pointer),
        ("event_id", c_uint64, pointer),
        ("event_take_response", pointer, pointer),
        ("event_error", pointer, pointer),
        ("event_free", None, pointer),
    ):
        function = getattr(library, "haft_" + name)
        function.restype, function.argtypes = result, arguments
    return library


_haft = _load()


def version():
    """The library's version."""
    return _haft.haft_version().decode()


class Error(Exception):
    """A failed call: the status' name, the message, the detail, and the answer if there was one. Keeps nothing of the
    library's."""

    def __init__(self, pointer):
        self.status = _haft.haft_status_name(_haft.haft_error_status(pointer)).decode()
        self.message = _haft.haft_error_message(pointer).decode()
        self.detail = read(_haft.haft_error_detail(pointer)) or {}
        answer = _haft.haft_error_response(pointer)
        self.response = Response(answer) if answer else None
        super().__init__(self.message)

    @property
    def code(self):
        return self.detail.get("code")


def _checked(function, *arguments):
    """Calls with an error object last; gives nothing or raises."""
    error = c_void_p()
    if function(*arguments, byref(error)) != 0:
        try:
            raise Error(error)
        finally:
            _haft.haft_error_free(error)


def read(value):
    """A haft value as Python's own. Text that is not UTF-8 cannot occur."""
    if not value:
        return None
    kind = _haft.haft_value_type(value)
    size = c_size_t()
    if kind == BOOL:
        return _haft.haft_value_bool(value, False)
    if kind == INT:
        return _haft.haft_value_int(value, 0)
    if kind == DOUBLE:
        return _haft.haft_value_double(value, 0.0)
    if kind == STRING:
        return ctypes.string_at(_haft.haft_value_string(value, byref(size)), size.value).decode()
    if kind == BYTES:
        return ctypes.string_at(_haft.haft_value_bytes(value, byref(size)), size.value)
    if kind not in (ARRAY, OBJECT):
        return None
    key, items = c_char_p(), []
    for index in range(_haft.haft_value_count(value)):
        item = _haft.haft_value_item(value, index, byref(key))
        items.append((key.value.decode() if key.value is not None else None, read(item)))
    return dict(items) if kind == OBJECT else [item for _, item in items]


class Source:
    """Bytes that the library reads piece by piece; `size` None is unknown."""

    def __init__(self, data, sized=True, rewinds=True):
        self.data, self.size, self.rewinds = data, len(data) if sized else -1, rewinds


class Provider:
    """Code of the host: `answer` gets what is asked, a dictionary, and gives another one, or nothing."""

    def __init__(self, answer):
        self.answer = answer


_living = {}
_next = [0]


@DROP
def _drop(number):
    _living.pop(number, None)


def _give(source, args, key):
    _next[0] += 1
    number, position = _next[0], [0]

    @READ
    def pull(_, buffer, size):
        if not buffer:
            position[0] = 0
            return 0 if source.rewinds else -1
        piece = source.data[position[0] : position[0] + size]
        ctypes.memmove(buffer, piece, len(piece))
        position[0] += len(piece)
        return len(piece)

    _living[number] = pull
    _haft.haft_args_set_reader(args, key, source.size, pull, number, _drop)


def _ask(provider, args, key):
    _next[0] += 1
    number = _next[0]

    @PROVIDE
    def asked(_, call, reply):
        for name, value in (provider.answer(read(call)) or {}).items():
            _put(reply, name, value)
        return 0

    _living[number] = asked
    _haft.haft_args_set_provider(args, key, asked, number, _drop)


def _plain(value):
    """Whether JSON can say it."""
    if isinstance(value, dict):
        return all(_plain(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return all(_plain(item) for item in value)
    return not isinstance(value, (bytes, Source, Provider)) and not (isinstance(value, float) and not math.isfinite(value))


def _put(args, key, value):
    name = key.encode()
    if value is None:
        _haft.haft_args_set_null(args, name)
    elif isinstance(value, bool):
        _haft.haft_args_set_bool(args, name, value)
    elif isinstance(value, int) and abs(value) < 1 << 63:
        _haft.haft_args_set_int(args, name, value)
    elif isinstance(value, float) and not math.isfinite(value):
        _haft.haft_args_set_double(args, name, value)
    elif isinstance(value, str) and "\0" not in value:
        _haft.haft_args_set(args, name, value.encode())
    elif isinstance(value, (bytes, str)):
        data = value if isinstance(value, bytes) else value.encode()
        _haft.haft_args_set_bytes(args, name, data, len(data))
    elif isinstance(value, Source):
        _give(value, args, name)
    elif isinstance(value, Provider):
        _ask(value, args, name)
    elif _plain(value):
        _haft.haft_args_set_json(args, name, json.dumps(value).encode())
    else:
        # What JSON cannot say is built piece by piece.
        inner = _haft.haft_args_new()
        if isinstance(value, dict):
            for item, content in value.items():
                _put(inner, "x." + item, content)
        else:
            for content in value:
                _put(inner, "x[]", content)
        built = _haft.haft_value_at(_haft.haft_args_value(inner), b"/x")
        _haft.haft_args_set_value(args, name, built)
        _haft.haft_args_free(inner)


class Args:
    """Named arguments, freed at the end of the scope."""

    def __init__(self, values):
        self.values = values

    def __enter__(self):
        self.pointer = _haft.haft_args_new()
        for key, value in self.values.items():
            _put(self.pointer, key, value)
        return self.pointer

    def __exit__(self, *_):
        _haft.haft_args_free(self.pointer)


class Response:
    """An answer, read whole at once."""

    def __init__(self, pointer):
        size = c_size_t()
        self.status = _haft.haft_response_status(pointer)
        body = _haft.haft_response_body(pointer, byref(size))
        self.body = ctypes.string_at(body, size.value) if body else b""
        self.value = read(_haft.haft_response_value(pointer))
        self.meta = read(_haft.haft_response_meta(pointer))


class Session:
    """A session handle. `ways` are taken in turn, one for each request: `blocking` or `submit`. When the session has the
    option `stream`, bodies are read once the head is here."""

    def __init__(self, url="http:", ways=("blocking",), **options):
        self.pointer, self.ways, self.turn, self.streams = c_void_p(), ways, 0, options.get("stream")
        with Args(options) as args:
            _checked(_haft.haft_session_create, url.encode(), args, byref(self.pointer))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.pointer:
            _checked(_haft.haft_session_close, self.pointer, None)
            _haft.haft_session_free(self.pointer)
            self.pointer = None

    def request(self, verb, target, **arguments):
        way = self.ways[self.turn % len(self.ways)]
        self.turn += 1
        with Args(arguments) as args:
            verb, target = verb and verb.encode(), target if target is None else target.encode()
            answer = getattr(self, "_" + way)(verb, target, args)
        try:
            if self.streams:
                _checked(_haft.haft_response_read, answer, None, 0, None)
            return Response(answer)
        finally:
            _haft.haft_response_free(answer)

    def _blocking(self, verb, target, args):
        answer = c_void_p()
        _checked(_haft.haft_session_request, self.pointer, verb, target, args, byref(answer))
        return answer

    def _submit(self, verb, target, args):
        number, event = c_uint64(), c_void_p()
        _checked(_haft.haft_session_submit, self.pointer, verb, target, args, byref(number))
        bell = select.poll()
        bell.register(_haft.haft_session_fd(self.pointer), select.POLLIN)
        while not event:
            assert bell.poll(HANGING * 1000), "a submitted call was not answered"
            _checked(_haft.haft_session_poll, self.pointer, 0, byref(event))
        try:
            kind, whose = _haft.haft_event_kind(event), _haft.haft_event_id(event)
            assert (kind, whose) == (RESPONSE, number.value), f"event {kind} of {whose}, not the answer of {number.value}"
            error = _haft.haft_event_error(event)
            if error:
                raise Error(error)
            return _haft.haft_event_take_response(event)
        finally:
            _haft.haft_event_free(event)

    def prepare(self, verb, target, **arguments):
        prepared = c_void_p()
        with Args(arguments) as args:
            _checked(_haft.haft_session_prepare, self.pointer, verb.encode(), target.encode(), args, byref(prepared))
        try:
            return read(_haft.haft_args_value(prepared))
        finally:
            _haft.haft_args_free(prepared)

    def configure(self, **options):
        with Args(options) as args:
            _checked(_haft.haft_session_configure, self.pointer, args)

    def inspect(self, what, **arguments):
        answer = c_void_p()
        with Args(arguments) as args:
            _checked(_haft.haft_session_inspect, self.pointer, what.encode(), args, byref(answer))
        try:
            return Response(answer).value
        finally:
            _haft.haft_response_free(answer)
