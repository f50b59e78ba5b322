"""What a case is: a session's options, the environment, and calls, in one vocabulary (requests') for both sides.

Text in a case may name the sandbox' addresses, such as `{http}`; they are filled in when it runs.
"""

from dataclasses import dataclass, field, replace

from haft import Source


# Seconds of silence after which a call that says nothing itself is given up, so that no case can hang.
PATIENCE = 2


@dataclass
class Digest:
    """Digest authentication with this user and password."""

    user: str
    password: str


@dataclass
class Upload:
    """A body to be read: `how` is `reader` (its size is known), `chunks` (it is not, and there is no way back), or
    `pipe` (the same, but as a file; requests treats the two differently)."""

    data: bytes
    how: str = "reader"

    def source(self):
        return Source(self.data, self.how == "reader", self.how == "reader")


@dataclass
class Own:
    """Code of the host by its name: a callable `auth` (`sign`, `body`, `url`, `drop`, `method`), or a hook for answers
    (`watch`, whose sight is part of the record)."""

    name: str


@dataclass
class Call:
    """One call: method, URL, and requests' arguments.

    `prepare` only prepares; `json_too` compares the parsed JSON; `raises` calls raise_for_status; `configure` changes
    the session's options instead of calling.
    """

    method: str
    url: str = ""
    arguments: dict = field(default_factory=dict)
    prepare: bool = False
    json_too: bool = False
    raises: bool = False
    text: bool = True


@dataclass
class Case:
    """A scripted exchange. `environment` holds for the case alone."""

    name: str
    calls: list
    session: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)
    # Files to write first: name -> text; `{files}` is their folder.
    disk: dict = field(default_factory=dict)
    # Both name the same agent, or sizes of echoes would differ; but not here.
    own_agent: bool = False

    def filled(self, names):
        """A copy whose texts have the names filled in."""
        calls = [type(step)(**filled(vars(step), names)) for step in self.calls]
        return replace(self, calls=calls, session=filled(self.session, names))


def prepare(name, method, url, session=None, **arguments):
    """A case of one call that is only prepared."""
    return Case(name, [Call(method, url, arguments, prepare=True)], session or {})


def call(name, method, url, session=None, environment=None, disk=None, **arguments):
    """A case of one call; `json_too`, `raises` and `text` are the call's."""
    own = {key: arguments.pop(key) for key in ("json_too", "raises", "text") if key in arguments}
    return Case(name, [Call(method, url, arguments, **own)], session or {}, environment or {}, disk or {})


def filled(value, names):
    """The value with the names in its texts filled in."""
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace("{" + name + "}", text)
        return value
    if isinstance(value, dict):
        return {filled(key, names): filled(item, names) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(filled(item, names) for item in value)
    return value
