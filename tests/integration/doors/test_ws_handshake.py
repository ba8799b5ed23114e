"""The way from HTTP to WebSocket (RFC 6455, 4.2): who is let through, and what others are told."""
import socket
from collections import namedtuple

import pytest

from kithtest.schema import session
from kithtest.server import Server
from kithtest.ws import (CLOSE, JSON, PB, PING, PONG, Frame, Said, WsLink, frame_bytes,
                         request_bytes)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="         # RFC 6455, 1.3
UPGRADE, CONNECTION = "Upgrade: websocket", "Connection: Upgrade"
VERSION, KEY_LINE = "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}"
OFFER = "Sec-WebSocket-Protocol: "
GOOD = (UPGRADE, CONNECTION, VERSION, KEY_LINE, OFFER + JSON)

Row = namedtuple("Row", "name start lines expected")


def without(line, *instead):
    assert line in GOOD
    return tuple(good for good in GOOD if good != line) + instead


def key(text):
    return without(KEY_LINE, "Sec-WebSocket-Key: " + text)


def offers(*lines):
    return without(OFFER + JSON, *(OFFER + line for line in lines))


def rows():
    """A subprotocol is expected, or the status."""
    for name, lines, expected in (
            ("as it should be", GOOD, JSON),
            ("names of headers in capitals", tuple(
                n.upper() + ":" + v for n, _, v in (line.partition(":") for line in GOOD)), JSON),
            ("upgrade in capitals", without(UPGRADE, "Upgrade: WebSocket"), JSON),
            ("upgrade in a list", without(UPGRADE, "Upgrade: foo, websocket"), JSON),
            ("connection in a list", without(CONNECTION, "Connection: keep-alive, upgrade"), JSON),
            ("connection on two lines", GOOD + ("Connection: keep-alive",), JSON),
            ("no upgrade", without(UPGRADE), 426),
            ("upgrade to something else", without(UPGRADE, "Upgrade: h2c"), 426),
            ("upgrade to something longer", without(UPGRADE, "Upgrade: websocket2"), 426),
            ("no connection", without(CONNECTION), 426),
            ("connection stays", without(CONNECTION, "Connection: keep-alive"), 426),
            ("a plain GET", (), 426),
            ("no version", without(VERSION), 426),
            ("version 8", without(VERSION, "Sec-WebSocket-Version: 8"), 426),
            ("version 14", without(VERSION, "Sec-WebSocket-Version: 14"), 426),
            ("version 013", without(VERSION, "Sec-WebSocket-Version: 013"), 426),
            ("version empty", without(VERSION, "Sec-WebSocket-Version:"), 426),
            ("no key", without(KEY_LINE), 400),
            ("key empty", key(""), 400),
            ("key of 15 bytes", key("AAAAAAAAAAAAAAAAAAAA"), 400),
            ("key of 17 bytes", key("AAAAAAAAAAAAAAAAAAAAAAA="), 400),
            ("key of 18 bytes", key("AAAAAAAAAAAAAAAAAAAAAAAA"), 400),
            ("key without padding", key(KEY[:-2]), 400),
            ("key with bits over", key("AAAAAAAAAAAAAAAAAAAAAB=="), 400),
            ("key of other digits", key("AAAAAAAAAAA-_AAAAAAAAA=="), 400),
            ("key with a blank", key("AAAAAAAAAA AAAAAAAAAAA=="), 400),
            ("two keys", GOOD + (KEY_LINE,), 400),
            ("no subprotocol", without(OFFER + JSON), 400),
            ("another subprotocol", offers("mqtt"), 400),
            ("a longer subprotocol", offers("kith.v1.json5"), 400),
            ("subprotocol in capitals", offers("KITH.V1.JSON"), 400),
            ("binary", offers(PB), PB),
            ("JSON before binary", offers(f"{JSON}, {PB}"), JSON),
            ("binary before JSON", offers(f"{PB},{JSON}"), PB),
            ("behind unknown ones", offers(f"mqtt , kith.v2.pb,\t{PB} , {JSON}"), PB),
            ("on several lines", offers("mqtt", PB, JSON), PB),
            ("extensions are not taken up", GOOD + (
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",), JSON),
            ("a body", GOOD + ("Content-Length: 2",), 413),
            ("a body of no bytes", GOOD + ("Content-Length: 0",), 400),
            ("another origin", GOOD + ("Origin: null",), 403)):
        yield Row(name, "GET /v1/ws HTTP/1.1", lines, expected)
    yield Row("a query", "GET /v1/ws?x=y HTTP/1.1", GOOD, JSON)
    yield Row("HTTP/1.0", "GET /v1/ws HTTP/1.0", GOOD, 426)
    for method in ("POST", "PUT", "HEAD"):
        yield Row(method, f"{method} /v1/ws HTTP/1.1", GOOD, 405)
    yield Row("another path", "GET /v1/ws/ HTTP/1.1", GOOD, 404)


ROWS = list(rows())


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.stop()


def shake_hands(server, start, lines):
    """Status, headers and body of the answer; of HEAD's, the head alone."""
    head = [start, "Host: {}:{}".format(*server.address), *lines]
    with socket.create_connection(server.address, timeout=20) as link:
        link.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        with link.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            fields = {}
            while (line := answer.readline().decode().rstrip("\r\n")):
                name, _, value = line.partition(": ")
                fields[name.lower()] = value
            size = 0 if start.startswith("HEAD") else int(fields.get("content-length", 0))
            return status, fields, answer.read(size)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_handshake(server, row):
    status, fields, body = shake_hands(server, row.start, row.lines)
    if row.expected in (JSON, PB):
        assert status == 101
        assert fields["sec-websocket-accept"] == ACCEPT
        assert fields["sec-websocket-protocol"] == row.expected
        assert fields["upgrade"] == "websocket" and fields["connection"] == "Upgrade"
        assert "sec-websocket-extensions" not in fields
        return
    assert status == row.expected
    assert "sec-websocket-accept" not in fields
    if status == 426:
        assert fields["upgrade"] == "websocket" and fields["sec-websocket-version"] == "13"
    if status == 400 and "subprotocol" in row.name:
        assert JSON.encode() in body and PB.encode() in body


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("door", [JSON, PB])
def test_frames_right_behind_the_handshake_are_read(server, door, tls):
    hello = request_bytes(door, 1, hello=session.Hello(version_min=1, version_max=1))
    frames = frame_bytes(PING, b"early") + frame_bytes(1 if door == JSON else 2, hello)
    with WsLink(server.address, door, tls=tls, behind=frames) as link:
        assert link.receive() == Frame(True, 0, PONG, b"early")
        assert link.reply() == Said("welcome", 1, None)


def test_the_handshake_can_follow_other_requests(server):
    with socket.create_connection(server.address, timeout=20) as link:
        host = "Host: {}:{}\r\n".format(*server.address)
        link.sendall(f"GET /healthz HTTP/1.1\r\n{host}\r\nGET /v1/ws HTTP/1.1\r\n{host}".encode()
                     + "\r\n".join(GOOD).encode() + b"\r\n\r\n" + frame_bytes(CLOSE, b"\x03\xe8"))
        answer = b""
        while data := link.recv(65536):
            answer += data
    assert answer.startswith(b"HTTP/1.1 200 ") and b"\r\n\r\nok\nHTTP/1.1 101 " in answer
    assert answer.endswith(b"\r\n\r\n\x88\x02\x03\xe8")
