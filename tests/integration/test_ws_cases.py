"""Every frame and every malformed one has its answer, and the process that got it lives on."""
import pytest

from kithtest.pb import PbClient
from kithtest.schema import session
from kithtest.server import Server
from kithtest.ws import (CLOSE, KIND, PING, PONG, Frame, Said, WsLink, frame_bytes, request_bytes,
                         said)
from ws_cases import LOGGED_IN, ROWS, Close, Pong

PASSWORD = "correct horse battery"
WHOLE, PIECES, TLS = "whole", "in pieces", "TLS"
LAST = 99


@pytest.fixture(scope="module")
def server():
    server = Server()
    try:
        server.add_user("alice", PASSWORD)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def token(server):
    with PbClient(server.address, tls=False) as link:
        link.hello()
        return link.login("alice", PASSWORD).token


@pytest.fixture(scope="module")
def workers(server):
    """Their pids are the same at the end as at the beginning."""
    def now():
        return [(p["role"], p["index"], p["pid"], p["restarts"]) for p in server.processes()]
    before = now()
    yield
    assert now() == before


def as_frame(door, thing):
    """What a frame of the server's must be; for Reply in short."""
    if isinstance(thing, Pong):
        return Frame(True, 0, PONG, thing.payload)
    if isinstance(thing, Close):
        return Frame(True, 0, CLOSE, b"" if thing.code is None else thing.code.to_bytes(2, "big"))
    return Frame(True, 0, KIND[door], thing)


def received(link):
    got = link.receive()
    if got.opcode == KIND[link.door]:
        return got._replace(payload=said(link.door, got.payload))
    return got


def goes_on(link):
    """The next answers are those to what is asked now."""
    link.write(frame_bytes(PING, b"last") + frame_bytes(
        KIND[link.door], request_bytes(link.door, LAST, ping=session.Ping())))
    assert received(link) == Frame(True, 0, PONG, b"last")
    assert received(link) == as_frame(link.door, Said("pong", LAST, None))
    link.write(frame_bytes(CLOSE, b"\x03\xe8"))
    assert received(link) == as_frame(link.door, Close(1000))


@pytest.mark.parametrize("mode", [WHOLE, PIECES, TLS])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.number} {row.name} {row.door}")
def test_case(server, token, workers, row, mode):
    with WsLink(server.address, row.door, tls=mode == TLS) as link:
        link.hello()
        if row.state == LOGGED_IN:
            assert link.login(token) == Said("logged_in", 2, None)
        step = None if mode != PIECES else 1 if len(row.data) < 3000 else 997
        link.write(row.data, step)
        for thing in row.expected:
            assert received(link) == as_frame(row.door, thing)
        if not row.expected or not isinstance(row.expected[-1], Close):
            goes_on(link)
        assert link.end() == b""
    with PbClient(server.address, tls=False) as link:
        assert link.hello().version == 1


def test_the_table_is_long_enough_and_without_repetition():
    names = [(row.number, row.name, row.door) for row in ROWS]
    assert len(ROWS) >= 300
    assert len(set(names)) == len(names)
    assert {row.number.split(".")[0] for row in ROWS} == set("12345679") | {"10"}
