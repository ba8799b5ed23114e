"""Each request, malformed or not, has exactly one answer, and the server keeps serving."""
import select
import socket
import threading
import time

import h11
import pytest

from tables.heads import HOST, ROWS, Head, chunked, get, post, sized
from kithtest.server import Server
from kithtest.tls import unverified

LOGIN_MS = 400
OUTPUT_HARD = 1 << 20           # the default
WHOLE, PIECES, TLS = "whole", "in pieces", "TLS"


@pytest.fixture(scope="module")
def server():
    server = Server(server_name="chat.example.lan", http_names="kith.lan")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def workers(server):
    """Their pids are the same at the end as at the beginning."""
    def now():
        return [(p["role"], p["index"], p["pid"], p["restarts"]) for p in server.processes()]
    before = now()
    yield
    assert now() == before


@pytest.fixture(scope="module")
def slow_server():
    """One that does not wait for long."""
    server = Server(login_ms=LOGIN_MS)
    yield server
    server.stop()


class Peer:
    """A connection whose answers are read by h11, which is strict."""

    def __init__(self, server, tls=False):
        self.socket = socket.create_connection(server.address, timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = unverified("http/1.1").wrap_socket(self.socket)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data, mode=WHOLE):
        size = len(data) if mode != PIECES else 1 if len(data) < 600 else 1021
        try:
            for at in range(0, len(data), size):
                self.socket.sendall(data[at:at + size])
        except (BrokenPipeError, ConnectionResetError):
            pass                # it has said its word, and left

    def receive(self):
        if self.rest:
            data, self.rest = self.rest, b""
            return data
        return self.socket.recv(65536)

    def answer(self, method="GET"):
        """The next answers up to a final one: (statuses, response, body)."""
        reader = h11.Connection(h11.CLIENT)
        reader.send(h11.Request(method=method, target="/", headers=[("Host", "localhost")]))
        reader.send(h11.EndOfMessage())
        statuses, response, body = [], None, b""
        while True:
            event = reader.next_event()
            if event is h11.NEED_DATA:
                data = self.receive()
                assert data, f"it ended after {statuses}"
                reader.receive_data(data)
            elif isinstance(event, h11.EndOfMessage):
                self.rest, _ = reader.trailing_data
                return statuses, response, body
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                statuses.append(event.status_code)
                response = event

    def answers(self, expected):
        """As many as `expected` has, and how the last one was."""
        statuses, response, body = [], None, b""
        while len(statuses) < len(expected):
            final = next(s for s in expected[len(statuses):] if s >= 200)
            got, response, body = self.answer("HEAD" if isinstance(final, Head) else "GET")
            statuses += got
        return statuses, dict(response.headers), body

    def assert_ended(self):
        assert self.rest == b""
        assert self.socket.recv(65536) == b""

    def assert_goes_on(self):
        assert self.rest == b""
        self.send(get())
        statuses, _, body = self.answer()
        assert (statuses, body) == ([200], b"ok\n")


def send_and_check(server, row, mode):
    with Peer(server, tls=mode == TLS) as peer:
        peer.send(row.data, mode)
        statuses, headers, _ = peer.answers(row.statuses)
        assert statuses == row.statuses
        assert headers[b"connection"] == (b"close" if row.closes else b"keep-alive")
        if row.closes:
            peer.assert_ended()
        else:
            peer.assert_goes_on()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_head(server, workers, row):
    for mode in (WHOLE, PIECES, TLS):
        send_and_check(server, row, mode)
    with Peer(server) as peer:
        peer.assert_goes_on()


def test_the_table_is_long_enough_and_without_repetition():
    names = [row.name for row in ROWS]
    assert len(ROWS) >= 200
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("target, allowed", [
    ("/healthz", {"GET", "HEAD", "OPTIONS"}), ("/v1/poll", {"POST", "OPTIONS"}),
    ("/v1/ws", {"GET", "OPTIONS"}), ("/", {"GET", "HEAD", "OPTIONS"}),
    ("/v1/conversations/1/events", {"GET", "HEAD", "OPTIONS"})])
def test_405_says_what_is_allowed(server, target, allowed):
    with Peer(server) as peer:
        for method in ("DELETE", "OPTIONS"):
            peer.send(f"{method} {target} HTTP/1.1\r\n".encode() + HOST + b"\r\n")
            statuses, response, _ = peer.answer()
            assert statuses == [405 if method == "DELETE" else 204]
            assert set(dict(response.headers)[b"allow"].decode().split(", ")) == allowed


def test_an_error_is_json_and_is_kept_nowhere(server):
    with Peer(server) as peer:
        peer.send(b"GET /%00 HTTP/1.1\r\n" + HOST + b"\r\n")
        statuses, headers, body = peer.answers([400])
        assert headers[b"content-type"] == b"application/json"
        assert headers[b"cache-control"] == b"no-store"
        assert body == b'{"error":{"code":"BAD_REQUEST","text":"Bad Request"}}\n'


def test_100_continue_comes_before_the_body(server):
    with Peer(server) as peer:
        peer.send(post("Expect: 100-continue", "Content-Length: 2"))
        assert peer.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.send(b"{}")
        assert peer.answer()[0] == [200]


def test_whoever_asks_faster_than_he_reads_is_held_back(server):
    """And not cut off, although all the answers together are more than may be unsent."""
    count = 5000
    with Peer(server) as peer:
        sender = threading.Thread(target=peer.send, args=[get("/") * count])
        sender.start()
        sizes = set()
        for _ in range(count):
            statuses, _, body = peer.answer()
            assert statuses == [200]
            sizes.add(len(body))
        sender.join()
        assert len(sizes) == 1 and sizes.pop() * count > OUTPUT_HARD
        peer.assert_goes_on()


# -- the slow ---------------------------------------------------------------------

UNFINISHED = {
    "one letter": b"G", "a request line": b"GET / HTTP/1.1\r\n", "a head": get()[:-2],
    "an empty line": b"\r\nG", "a second request": get() + get()[:-2],
    "no body": sized(2, b""), "half a body": sized(2, b"{"),
    "no chunks": chunked(b""), "half a chunk": chunked(b"2\r\n{"), "no last chunk": chunked(
        b"2\r\n{}\r\n"), "no end": chunked(b"2\r\n{}\r\n0\r\n"),
}


@pytest.mark.parametrize("name", UNFINISHED)
def test_what_never_ends_is_408(slow_server, name):
    with Peer(slow_server) as peer:
        peer.send(UNFINISHED[name])
        expected = [200, 408] if name == "a second request" else [408]
        statuses, headers, _ = peer.answers(expected)
        assert statuses == expected and headers[b"connection"] == b"close"
        peer.assert_ended()


@pytest.mark.parametrize("start, piece", [
    (get()[:-2], b"X: y\r\n"), (get()[:-2] + b"X: ", b"y"), (sized(60000, b""), b" "),
    (chunked(b""), b"1\r\n \r\n")], ids=["headers", "a value", "a body", "chunks"])
def test_each_further_byte_wins_no_time(slow_server, start, piece):
    """Who drips is answered when the time is over, however lively he is."""
    with Peer(slow_server) as peer:
        began = time.monotonic()
        peer.send(start)
        while not select.select([peer.socket], [], [], 0.02)[0]:
            assert time.monotonic() - began < 30
            peer.send(piece)
        assert time.monotonic() - began > LOGIN_MS / 1000 * 0.9
        assert peer.answers([408])[0] == [408]


def test_the_slow_hold_up_nobody(slow_server):
    peers = [Peer(slow_server) for _ in range(50)]
    for peer in peers:
        peer.send(get()[:-2])
    with Peer(slow_server) as peer:
        peer.assert_goes_on()
    for peer in peers:
        with peer:
            assert peer.answers([408])[0] == [408]
