"""ws.py - WebSocket by hand: frames as bytes, good ones and bad ones (RFC 6455).

It sends what a library would refuse to send, and shows what the server sends to the byte.
"""
import base64
import hashlib
import json
import os
import re
import socket
import ssl
from collections import namedtuple

from google.protobuf import json_format

from .schema import code_name, frame, session

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
JSON, PB = "kith.v1.json", "kith.v1.pb"
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KIND = {JSON: TEXT, PB: BINARY}
MASK = bytes.fromhex("37fa213d")
BODIES = {f.json_name: f.name for f in frame.Reply.DESCRIPTOR.oneofs_by_name["body"].fields}

Frame = namedtuple("Frame", "fin rsv opcode payload")
Said = namedtuple("Said", "kind id code")           # a Reply: its body, and the code of an error


class Ended(Exception):
    """The server has closed the connection."""


def frame_bytes(opcode, payload=b"", fin=True, rsv=0, mask=MASK, length=None, form=None):
    """A client's frame. `length` overrides the true length; `form`: 1, 2 or 8 bytes for it."""
    size = len(payload) if length is None else length
    form = form or (1 if size < 126 else 2 if size < 65536 else 8)
    head = bytes([fin << 7 | rsv << 4 | opcode])
    masked = 0x80 if mask is not None else 0
    if form == 1:
        head += bytes([masked | size])
    else:
        head += bytes([masked | (126 if form == 2 else 127)]) + size.to_bytes(form, "big")
    if mask is None:
        return head + payload
    key = int.from_bytes((mask * (len(payload) // 4 + 1))[:len(payload)], "big")
    return head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(len(payload), "big")


def request_bytes(door, number, **body):
    """A Request as the door's message."""
    request = frame.Request(id=number, **body)
    if door == PB:
        return request.SerializeToString()
    return json.dumps(json_format.MessageToDict(request), separators=(",", ":")).encode()


def said(door, data):
    """A Reply in short."""
    if door == PB:
        reply = frame.Reply.FromString(data)
        kind = reply.WhichOneof("body")
        reason = reply.closing.reason if kind == "closing" else reply.error
        return Said(kind, reply.id, code_name(reason.code) if reason.code else None)
    reply = json.loads(data)
    number = int(reply.pop("id", "0"))
    [(name, body)] = reply.items()
    kind = BODIES[name]
    reason = body.get("reason", {}) if kind == "closing" else body
    return Said(kind, number, reason.get("code") if kind in ("error", "closing") else None)


class WsLink:
    """One connection; `answer` is the head of the server's answer to the handshake. `ahead` is a
    request that goes before it on the same connection."""

    def __init__(self, address, door=JSON, tls=False, headers=(), ahead=b"", behind=b"", timeout=20):
        self.door = door
        self.buffer = b""
        self.socket = socket.create_connection(tuple(address), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(["http/1.1"])
            self.socket = context.wrap_socket(self.socket)
        if ahead:
            self.write(ahead)
            length = re.search(r"content-length: (\d+)", self.head(), re.I)
            self.exactly(int(length.group(1)))
        self.key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET /v1/ws HTTP/1.1", "Host: {}:{}".format(*address), "Upgrade: websocket",
                 "Connection: Upgrade", f"Sec-WebSocket-Key: {self.key}",
                 "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Protocol: {door}", *headers]
        self.write("\r\n".join(lines).encode() + b"\r\n\r\n" + behind)
        self.answer = self.head()
        assert self.answer.startswith("HTTP/1.1 101 "), self.answer
        accept = base64.b64encode(hashlib.sha1((self.key + GUID).encode()).digest()).decode()
        assert f"Sec-WebSocket-Accept: {accept}\r\n" in self.answer
        assert f"Sec-WebSocket-Protocol: {door}\r\n" in self.answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def write(self, data, step=None):
        """Writes bytes, in pieces of `step` if it is given."""
        step = step or len(data) or 1
        try:
            for at in range(0, len(data), step):
                self.socket.sendall(data[at:at + step])
        except (BrokenPipeError, ConnectionResetError):
            pass                    # it has said its word, and left

    def exactly(self, count):
        while len(self.buffer) < count:
            data = self.socket.recv(65536)
            if not data:
                raise Ended(self.buffer)
            self.buffer += data
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def head(self):
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.socket.recv(65536) or b"\r\n\r\n"
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head.decode() + "\r\n"

    def receive(self):
        """The next frame, which must follow a server's rules."""
        first, size = self.exactly(2)
        assert size & 0x80 == 0, "a server's frame has no mask"
        if size > 125:
            form = 2 if size == 126 else 8
            size = int.from_bytes(self.exactly(form), "big")
            assert size > (125 if form == 2 else 65535), "a length not in its shortest form"
        return Frame(bool(first & 0x80), first >> 4 & 7, first & 15, self.exactly(size))

    def reply(self):
        """The next frame, which must be a whole Reply, in short."""
        got = self.receive()
        assert (got.fin, got.rsv, got.opcode) == (True, 0, KIND[self.door]), got
        return said(self.door, got.payload)

    def call(self, number, **body):
        self.write(frame_bytes(KIND[self.door], request_bytes(self.door, number, **body)))
        return self.reply()

    def hello(self):
        answer = self.call(1, hello=session.Hello(version_min=1, version_max=1))
        assert answer == Said("welcome", 1, None), answer

    def login(self, token=""):
        return self.call(2, login_token=session.LoginToken(token=token))

    def end(self):
        """Reads until the server closes the connection."""
        data, self.buffer = self.buffer, b""
        while True:
            more = self.socket.recv(65536)
            if not more:
                return data
            data += more
