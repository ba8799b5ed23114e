"""Every malformed frame has its answer, and the process that got it lives on."""
import socket
from urllib.parse import urlsplit

import pytest

from tables.frames import (BROKEN, CONNECTED, DROP, ID, LOGGED_IN, REQUESTS, ROWS, Cut, Ending,
                    Stream)
from kithtest.pb import PbClient
from kithtest.schema import code_name, frame, session

PASSWORD = "correct horse battery"


class Account:
    """Whose token logs the rows in; and an invite that no row may use up."""

    def __init__(self, server):
        def invite():
            return urlsplit(server.invite()).path.strip("/")
        with PbClient(server.address, tls=False) as link:
            link.hello()
            answer = link.register("malformed", PASSWORD, invite())
        self.name, self.token, self.device = answer.name, answer.token, answer.device
        self.password = PASSWORD
        self.invite = invite()


@pytest.fixture(scope="module")
def account(shared_server):
    account = Account(shared_server)
    yield account
    with PbClient(shared_server.address, tls=False) as link:
        link.hello()
        link.register("unmalformed", PASSWORD, account.invite)


@pytest.fixture(scope="module")
def workers(shared_server):
    """The workers' pids and restarts: the same at the end as at the beginning."""
    def now():
        return [(p["role"], p["index"], p["pid"], p["restarts"])
                for p in shared_server.processes()]
    before = now()
    yield [pid for role, _, pid, _ in before if role == "worker"]
    assert now() == before


def connect(server, account, state):
    link = PbClient(server.address, tls=False)
    if state != CONNECTED:
        link.hello()
    if state == LOGGED_IN:
        link.login_token(account.token)
    return link


def codes_of(reply):
    """The error of a reply, or those of its outcomes."""
    kind = reply.WhichOneof("body")
    if kind == "error":
        return [code_name(reply.error.code)]
    if kind == "sent":
        return [code_name(o.error.code) for o in reply.sent.outcomes]
    return [kind]


def answer_to(link):
    """The next reply that is an answer or an error; news go by."""
    while True:
        reply = link.receive()
        if reply.id or reply.WhichOneof("body") == "error":
            return reply


def expect_error(link, state, data, expected):
    link.write(len(data).to_bytes(4, "big") + data)
    reply = answer_to(link)
    assert set(codes_of(reply)) == {expected}
    assert reply.id in (ID, 0)
    # The connection goes on.
    if state == CONNECTED:
        assert link.hello().version == 1
    else:
        assert link.reply_to(link.post(ping=session.Ping())).WhichOneof("body") == "pong"


def expect_end(link, data, expected):
    try:
        link.write(data)
        if isinstance(data, Cut):
            link.socket.shutdown(socket.SHUT_WR)
    except OSError:
        pass                    # the server was quicker
    if expected is DROP:
        drain(link)
        return
    assert link.wait_closed() == ("BAD_FRAME" if expected is BROKEN else None)


def drain(link):
    """Reads whatever comes, in whatever language, to the end."""
    try:
        while link.socket.recv(65536):
            pass
    except ConnectionResetError:
        pass


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_malformed(shared_server, account, workers, row):
    data = row.data(account) if callable(row.data) else row.data
    with connect(shared_server, account, row.state) as link:
        if isinstance(row.expected, Ending):
            assert isinstance(data, Stream)
            expect_end(link, data, row.expected)
        else:
            expect_error(link, row.state, data, row.expected)
    for pid in workers:
        assert shared_server.owns(pid), f"worker {pid} is gone"
    with PbClient(shared_server.address, tls=False) as link:
        assert link.hello().version == 1


def test_the_table_is_long_enough_and_without_repetition():
    names = [row.name for row in ROWS]
    assert len(ROWS) >= 150
    assert len(set(names)) == len(names)


def test_the_table_knows_every_request():
    body = frame.Request.DESCRIPTOR.oneofs_by_name["body"]
    assert {f.name: f.number for f in body.fields} == REQUESTS
