"""Every frame and every malformed one has its answer, and the process that got it lives on."""
import socket

import pytest

from kithtest.pb import PbClient
from kithtest.schema import message, presence, session
from kithtest.server import Server
from kithtest.ws import (CLOSE, JSON, KIND, PB, PING, PONG, Frame, Said, WsLink, frame_bytes,
                         request_bytes, said)
from tables.ws_cases import LOGGED_IN, ROWS, Close, Pong

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


@pytest.mark.parametrize("mode", [WHOLE, PIECES, TLS])
@pytest.mark.parametrize("door", [JSON, PB])
def test_nothing_is_lost_while_input_rests(server, token, door, mode):
    """A login, and more requests than may be in flight, all at once: each is answered once."""
    bodies = [{"hello": session.Hello(version_min=1, version_max=1)},
              {"login_token": session.LoginToken(token=token)}]
    bodies += [{"who": presence.Who(names=["alice"])}, {"history": message.History(
        target=message.Target(user="alice"))}, {"ping": session.Ping()}] * 100
    kinds = {"hello": "welcome", "login_token": "logged_in", "who": "presences",
             "history": "history_page", "ping": "pong"}
    with WsLink(server.address, door, tls=mode == TLS) as link:
        link.write(b"".join(
            frame_bytes(KIND[door], request_bytes(door, number, **body))
            for number, body in enumerate(bodies, 1)), 997 if mode == PIECES else None)
        answers = sorted((answer.id, answer.kind) for answer in
                         (received(link).payload for _ in bodies))
        assert answers == [(number, kinds[name]) for number, body in enumerate(bodies, 1)
                           for name in body]
        goes_on(link)


@pytest.mark.parametrize("door", [JSON, PB])
def test_who_pings_and_never_reads_is_read_no_further(server, door):
    """So it waits, until it counts as silent; nobody else does."""
    flood = frame_bytes(PING, b"x" * 125) * 500
    with WsLink(server.address, door) as link, WsLink(server.address, door) as other:
        link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.hello()
        link.socket.settimeout(1)
        with pytest.raises(TimeoutError):
            for _ in range(1000):       # 65 MB: more than all buffers on the way
                link.socket.sendall(flood)
        other.hello()
        goes_on(other)
    assert server.counter("output_full") == 0


def test_the_table_is_long_enough_and_without_repetition():
    names = [(row.number, row.name, row.door) for row in ROWS]
    assert len(ROWS) >= 300
    assert len(set(names)) == len(names)
    assert {row.number.split(".")[0] for row in ROWS} == set("12345679") | {"10"}
