"""kith-protocol(7) against the schema and limits.h: what a page says by hand, grows old."""
import re

from kithtest import build
from kithtest.pb import PbClient
from kithtest.schema import CODE, frame

FOLDER = build.TOP / "protocol"
PAGE = (FOLDER / "kith-protocol.7").read_text()
BODIES = frame.Request.DESCRIPTOR.oneofs_by_name["body"].fields
REPLIES = {f.name for f in frame.Reply.DESCRIPTOR.oneofs_by_name["body"].fields}


def table(title):
    """The rows of the page's table whose heading has `title`, as lists of cells."""
    for part in re.findall(r"\n\.TS\n(.*?)\n\.TE", PAGE, re.S):
        rows = [line.split("\t") for line in part.splitlines() if "\t" in line]
        if title in rows[0]:
            return rows[1:]
    raise AssertionError(f"no table with {title}")


def test_every_request_is_in_the_table():
    rows = {name: int(number) for number, name, _, _ in table("Request.body")}
    assert rows == {f.name: f.number for f in BODIES}


def test_replies_of_the_table_are_bodies_of_reply():
    for _, _, _, reply in table("Reply.body"):
        assert set(reply.split(", then ")) <= REPLIES | {"none"}


def test_every_request_has_its_fields():
    told = dict(re.findall(r'^\.BR (\w+) "? ?\{(.*?)\}', PAGE, re.M))
    for body in BODIES:
        name = body.message_type.name
        if name not in ("Ping", "Pong"):
            fields = [f.name for f in body.message_type.fields]
            assert re.findall(r"\w+", told[name]) == fields, name


def test_every_error_is_in_the_table():
    assert {name: int(code) for code, name, _ in table("Code")} == CODE


def test_features_are_those_of_the_server(shared_server):
    with PbClient(shared_server.address, fingerprint=shared_server.fingerprint) as link:
        assert [name for name, _ in table("Feature")] == list(link.hello().features)


def test_limits_are_those_of_the_header():
    header = (FOLDER / "limits.h").read_text()
    defined = dict(re.findall(r"#define (\w+)\s+(\d+)u?\b", header))
    for name, value, _ in table("Value"):
        assert defined[name] == value, name
