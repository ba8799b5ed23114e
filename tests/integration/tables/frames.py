"""frames.py - the table of malformed frames; test_frames.py replays it at a live server.

One row each: a name, the state in which it is sent, the bytes (of a frame's body,
or Stream for bytes as they are), and what must come of it:

    "BAD_REQUEST"    an error with this code, and the connection goes on
    CLOSE            the connection ends
    BROKEN           Closing says BAD_FRAME, and the connection ends
    DROP             the connection ends, whatever is said: it was not ours

The bytes are made here by hand: an encoder would refuse to make most of them.
"""
from collections import namedtuple
from enum import Enum

CONNECTED, GREETED, LOGGED_IN = "connected", "greeted", "logged in"
STATES = (CONNECTED, GREETED, LOGGED_IN)

Row = namedtuple("Row", "name state data expected")


class Stream(bytes):
    """Bytes for the connection itself, without a frame around them."""


class Cut(Stream):
    """The same, and then the client ends its side."""


class Ending(Enum):
    CLOSE, BROKEN, DROP = range(3)


CLOSE, BROKEN, DROP = Ending

# Field numbers of Request.body.
REQUESTS = {
    "hello": 10, "register_account": 11, "login_password": 12, "login_token": 13, "logout": 14,
    "change_password": 15, "list_sessions": 16, "revoke_session": 17, "ping": 18, "pong": 19,
    "check_invite": 20,
    "send": 30, "history": 31, "sync": 32, "mark_read": 33,
    "list_conversations": 50, "create_group": 51, "join_group": 52, "leave_group": 53,
    "list_groups": 54, "list_members": 55, "invite_to_group": 56,
    "create_hook": 57, "who": 70, "typing": 71,
}
ALLOWED = {
    CONNECTED: {"hello"},
    GREETED: {"register_account", "login_password", "login_token", "check_invite", "ping", "pong"},
    LOGGED_IN: set(REQUESTS) - {"hello", "register_account", "login_password", "login_token",
                                "check_invite"},
}
ID = 77
VARINT, BITS64, LENGTH, START_GROUP, END_GROUP, BITS32 = range(6)


# -- bytes --------------------------------------------------------------------

def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def tag(number, wire):
    return varint(number << 3 | wire)


def field(number, value):
    """A number as varint, text and bytes with their length."""
    if isinstance(value, int):
        return tag(number, VARINT) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return tag(number, LENGTH) + varint(len(value)) + value


def request(number, body=b"", number_of_request=ID):
    number = REQUESTS.get(number, number)
    return field(1, number_of_request) + field(number, body)


def hello(*fields):
    return request("hello", field(1, 1) + field(2, 1) + b"".join(fields))


def send(ctx, targets=None, text="hello", client_id=None):
    """ctx, the account that sends it, is known only at the server."""
    targets = [field(2, "lobby")] if targets is None else targets
    client_id = ctx.device << 32 | 0x7fffffff if client_id is None else client_id
    return request("send", b"".join(field(1, t) for t in targets)
                   + field(2, client_id) + field(3, text))


def framed(body):
    return len(body).to_bytes(4, "big") + body


def nested(levels, number=1):
    """`levels` messages, one in the other."""
    out = b""
    for _ in range(levels):
        out = field(number, out)
    return out


def noise(count):
    """Garbage that is the same each time."""
    out, x = bytearray(), 5484
    for _ in range(count):
        x = (x * 1103515245 + 12345) & 0x7fffffff
        out.append(x >> 16 & 0xff)
    return bytes(out)


# -- the rows -----------------------------------------------------------------

def framing():
    for state in STATES:
        limit = 65536 if state == LOGGED_IN else 4096
        for name, length in (("0", 0), (f"{limit + 1}", limit + 1), ("2^24", 1 << 24),
                             ("2^31-1", 2 ** 31 - 1), ("2^31", 2 ** 31), ("2^32-1", 2 ** 32 - 1)):
            # Before the first frame a high byte may as well mean another protocol.
            end = DROP if state == CONNECTED and length >= 1 << 24 else BROKEN
            yield f"length {name}", state, Stream(length.to_bytes(4, "big") + b"x" * 64), end
        yield "length of the limit, malformed", state, b"\x00" * limit, "BAD_REQUEST"
        yield "length 1, a lone tag", state, b"\x08", "BAD_REQUEST"
        yield "length 1, a lone 0", state, b"\x00", "BAD_REQUEST"
        yield "noise in a frame", state, noise(512), "UNKNOWN_FIELD"
        yield "0xff in a frame", state, b"\xff" * 512, "BAD_REQUEST"
        yield "zeros", state, Stream(b"\0" * 64), BROKEN
        yield "one byte of a length", state, Cut(b"\0"), CLOSE
        yield "three bytes of a length", state, Cut(b"\0\0\0"), CLOSE
        yield "a length and no body", state, Cut(b"\0\0\0\x10"), CLOSE
        yield "a body cut short", state, Cut(framed(hello())[:-1]), CLOSE
        yield "an end without a word", state, Cut(b""), CLOSE
    yield "pre-login limit is for bodies", CONNECTED, hello(field(3, "x" * 4000)), "BAD_REQUEST"
    for state in (GREETED, LOGGED_IN):
        yield "noise as a stream", state, Stream(b"\x7f" + noise(4096)), BROKEN
        yield "TLS after the greeting", state, Stream(bytes.fromhex("16030100050100")
                                                      + noise(64)), BROKEN
        yield "HTTP after the greeting", state, Stream(b"GET / HTTP/1.1\r\n\r\n"), BROKEN


def other_protocols():
    """First bytes of others, on a plain connection."""
    talk = {
        "TLS ClientHello cut": Cut(bytes.fromhex("16030100050100000100")),
        "TLS record of noise": Cut(b"\x16\x03\x01\x02\x00" + noise(512)),
        "TLS record over its limit": Cut(b"\x16\x03\x03\xff\xff" + noise(64)),
        "TLS 1.0 ClientHello": Cut(bytes.fromhex(
            "160301002d0100002903010000000000000000000000000000000000000000"
            "00000000000000000000000000000200350100")),
        "SSL 2 ClientHello": Cut(bytes.fromhex("802e010002001500000010")),
        "GET": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST": b"POST / HTTP/1.0\r\n\r\n",
        "HEAD": b"HEAD / HTTP/1.0\r\n\r\n", "PUT": b"PUT /x HTTP/1.1\r\n\r\n",
        "DELETE": b"DELETE /x HTTP/1.1\r\n\r\n", "OPTIONS": b"OPTIONS * HTTP/1.1\r\n\r\n",
        "CONNECT": b"CONNECT x:443 HTTP/1.1\r\n\r\n", "TRACE": b"TRACE / HTTP/1.1\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
        "SMTP": b"EHLO x\r\n", "IRC": b"NICK a\r\nUSER a a a a\r\n", "XMPP": b"<stream:stream>",
        "SIP": b"OPTIONS sip:x SIP/2.0\r\n\r\n", "Redis": b"*1\r\n$4\r\nPING\r\n",
        "SOCKS 4": bytes.fromhex("040100507f000001") + b"\0", "SOCKS 5": b"\x05\x01\x00",
        "PROXY 1": b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n",
        "PROXY 2": bytes.fromhex("0d0a0d0a000d0a515549540a20110000"),
        "RDP": bytes.fromhex("030000130ee000000000000100080003000000"),
        "LDAP": bytes.fromhex("300c020101600702010304008000"),
        "telnet": b"\xff\xfb\x18\xff\xfd\x01",
        "MQTT": b"\x10\x0c\0\4MQTT\4\2\0\x3c\0\0", "byte order mark": b"\xef\xbb\xbfhello",
        "a text line": b"hello\r\n", "PostgreSQL": Cut(bytes.fromhex("0000000804d2162f")),
        "DNS": bytes.fromhex("001d00010100000100000000000003777777") + noise(16),
    }
    for name, data in talk.items():
        # Lines end: who waits for more of them would wait for ever.
        yield f"{name} to a plain port", CONNECTED, Cut(data), DROP


def ids_and_bodies():
    ping = field(REQUESTS["ping"], b"")
    for state in STATES:
        body = field(10, b"") if state == CONNECTED else ping
        yield "no id", state, body, "BAD_REQUEST"
        yield "id 0", state, field(1, 0) + body, "BAD_REQUEST"
        yield "no body", state, field(1, ID), "BAD_REQUEST"
        yield "id twice", state, field(1, ID) + field(1, ID) + body, "BAD_REQUEST"
        yield "body twice", state, field(1, ID) + body + body, "BAD_REQUEST"
        yield "two bodies", state, field(1, ID) + body + field(19, b""), "BAD_REQUEST"
        yield "id with a length", state, field(1, b"\x07") + body, "BAD_REQUEST"
        yield "id as 32 bits", state, tag(1, BITS32) + b"\x07\0\0\0" + body, "BAD_REQUEST"
        yield "id as 64 bits", state, tag(1, BITS64) + b"\x07" + b"\0" * 7 + body, "BAD_REQUEST"
    yield "id of 11 bytes", CONNECTED, b"\x08" + b"\x80" * 10 + b"\0", "BAD_REQUEST"
    yield "id of 65 bits", CONNECTED, b"\x08" + b"\xff" * 9 + b"\x02", "BAD_REQUEST"
    yield "id cut", CONNECTED, b"\x08\xff", "BAD_REQUEST"
    yield "tag of 6 bytes", CONNECTED, b"\x88\x80\x80\x80\x80\x00\x07", "BAD_REQUEST"
    yield "tag over 32 bits", CONNECTED, b"\x88\x80\x80\x80\x10\x07", "BAD_REQUEST"
    yield "tag cut", CONNECTED, field(1, ID) + b"\xd2", "BAD_REQUEST"
    yield "field 0", CONNECTED, field(1, ID) + b"\x00\x01", "BAD_REQUEST"
    yield "field 0, padded", CONNECTED, field(1, ID) + b"\x80\x00\x01", "BAD_REQUEST"
    yield "field 0 with a length", CONNECTED, field(1, ID) + b"\x02\x00", "BAD_REQUEST"
    for wire in (START_GROUP, END_GROUP, 6, 7):
        yield f"wire type {wire}", CONNECTED, field(1, ID) + tag(10, wire), "BAD_REQUEST"
        yield f"wire type {wire}, unknown field", CONNECTED, field(1, ID) + tag(999, wire), \
            "BAD_REQUEST"
    yield "length over the end", CONNECTED, field(1, ID) + b"\x52\x05\x08\x01", "BAD_REQUEST"
    yield "body's length 2^31-1", CONNECTED, field(1, ID) + b"\x52\xff\xff\xff\xff\x07", \
        "BAD_REQUEST"
    yield "body's length 2^32-1", CONNECTED, field(1, ID) + b"\x52\xff\xff\xff\xff\x0f", \
        "BAD_REQUEST"
    yield "body's length 2^64-1", CONNECTED, field(1, ID) + b"\x52" + b"\xff" * 9 + b"\x01", \
        "BAD_REQUEST"
    yield "inner length over the outer", CONNECTED, request("hello", b"\x1a\x05x"), "BAD_REQUEST"
    yield "inner varint over the outer", CONNECTED, request("hello", b"\x08\x80"), "BAD_REQUEST"


def unknown():
    for state in STATES:
        for number in (2, 9, 21, 34, 58, 72, 100, 1000, 2 ** 29 - 1):
            yield f"request {number}", state, request(number), "UNKNOWN_REQUEST"
        yield "a reply", state, request(100, field(7, "a forged event")), "UNKNOWN_REQUEST"
        yield "unknown varint", state, field(1, ID) + field(1000, 1), "UNKNOWN_FIELD"
        yield "unknown 32 bits", state, field(1, ID) + tag(1000, BITS32) + b"\0" * 4, \
            "UNKNOWN_FIELD"
        yield "unknown 64 bits", state, field(1, ID) + tag(1000, BITS64) + b"\0" * 8, \
            "UNKNOWN_FIELD"
    for name in REQUESTS:
        state = home(name)
        yield f"{name} with an unknown field", state, request(name, field(99, b"x")), \
            "UNKNOWN_FIELD"


def wrong_types():
    for name, number in REQUESTS.items():
        state = home(name)
        yield f"{name} as varint", state, field(1, ID) + field(number, 1), "BAD_REQUEST"
        yield f"{name} as 32 bits", state, field(1, ID) + tag(number, BITS32) + b"\0" * 4, \
            "BAD_REQUEST"
        yield f"{name} as group", state, field(1, ID) + tag(number, START_GROUP) \
            + tag(number, END_GROUP), "BAD_REQUEST"
    yield "version as text", CONNECTED, request("hello", field(1, "1")), "BAD_REQUEST"
    yield "version over 32 bits", CONNECTED, request("hello", field(1, 1 << 32)), "BAD_REQUEST"
    yield "client as varint", CONNECTED, request("hello", field(3, 1)), "BAD_REQUEST"
    yield "client twice", CONNECTED, hello(field(3, "a"), field(3, "b")), "BAD_REQUEST"
    yield "feature as varint", CONNECTED, hello(field(4, 1)), "BAD_REQUEST"
    yield "password as varint", GREETED, request("login_password", field(2, 1)), "BAD_REQUEST"
    yield "token as 64 bits", GREETED, request("login_token", tag(1, BITS64) + b"\0" * 8), \
        "BAD_REQUEST"
    yield "target as varint", LOGGED_IN, request("send", field(1, 1)), "BAD_REQUEST"
    yield "text as varint", LOGGED_IN, request("send", field(3, 1)), "BAD_REQUEST"
    yield "client id as text", LOGGED_IN, request("send", field(2, "1")), "BAD_REQUEST"
    yield "public as 2", LOGGED_IN, request("create_group", field(1, "x") + field(3, 2)), \
        "BAD_REQUEST"
    yield "public as text", LOGGED_IN, request("create_group", field(3, "1")), "BAD_REQUEST"
    yield "packed ids cut", LOGGED_IN, request("list_conversations", field(3, b"\x01\x80")), \
        "BAD_REQUEST"
    yield "packed id of 11 bytes", LOGGED_IN, request("list_conversations", field(
        3, b"\x80" * 10 + b"\0")), "BAD_REQUEST"
    yield "two targets in one", LOGGED_IN, lambda ctx: send(
        ctx, [field(1, "a") + field(2, "b")]), "BAD_REQUEST"


def home(name):
    """A state in which the request is allowed."""
    return next(state for state in STATES if name in ALLOWED[state])


def wrong_states():
    for state in STATES:
        for name in REQUESTS:
            if name not in ALLOWED[state]:
                yield f"{name} when {state}", state, request(name), "WRONG_STATE"


def depth_and_count():
    for levels in (5, 10, 100, 1000):
        for state in (CONNECTED, LOGGED_IN):
            yield f"depth {levels}", state, field(1, ID) + field(30, nested(levels)), "BAD_REQUEST"
    yield "depth 15000", LOGGED_IN, field(1, ID) + field(30, nested(15000)), "BAD_REQUEST"
    yield "depth 13000, unknown", LOGGED_IN, field(1, ID) + nested(13000, 100), "UNKNOWN_REQUEST"
    yield "depth 30000 of groups", LOGGED_IN, field(1, ID) + tag(4, START_GROUP) * 30000, \
        "BAD_REQUEST"
    yield "depth 30000", LOGGED_IN, Stream(framed(nested(30000))), BROKEN
    yield "100000 empty fields", LOGGED_IN, Stream(framed(b"\x22\x00" * 100000)), BROKEN
    yield "2000 empty features", CONNECTED, hello(b"\x22\x00" * 2000), "TOO_LARGE"
    yield "1025 empty features", CONNECTED, hello(b"\x22\x00" * 1025), "TOO_LARGE"
    yield "30000 empty targets", LOGGED_IN, request("send", b"\x0a\x00" * 30000), "TOO_LARGE"
    yield "1025 empty targets", LOGGED_IN, request("send", b"\x0a\x00" * 1025), "TOO_LARGE"
    yield "1025 haves", LOGGED_IN, request("sync", field(1, field(1, 1)) * 1025), "TOO_LARGE"
    yield "30000 empty haves", LOGGED_IN, request("sync", b"\x0a\x00" * 30000), "TOO_LARGE"
    yield "1025 packed ids", LOGGED_IN, request("list_conversations", field(3, b"\1" * 1025)), \
        "TOO_LARGE"
    yield "60000 packed ids", LOGGED_IN, request("list_conversations", field(3, b"\1" * 60000)), \
        "TOO_LARGE"
    yield "1025 ids", LOGGED_IN, request("list_conversations", field(3, 1) * 1025), "TOO_LARGE"
    yield "1025 names", LOGGED_IN, request("who", field(1, "x") * 1025), "TOO_LARGE"
    yield "20000 pings in one", LOGGED_IN, field(1, ID) + field(18, b"") * 20000, "BAD_REQUEST"


BAD_TEXT = {
    "NUL": b"\0", "NUL inside": b"a\0b", "a lone 80": b"\x80", "a lone bf": b"a\xbf",
    "overlong 2, NUL": b"\xc0\x80", "overlong 2": b"\xc1\xbf", "overlong 3": b"\xe0\x80\x80",
    "overlong 3, last": b"\xe0\x9f\xbf", "overlong 4": b"\xf0\x80\x80\x80",
    "overlong 4, last": b"\xf0\x8f\xbf\xbf", "first surrogate": b"\xed\xa0\x80",
    "last surrogate": b"\xed\xbf\xbf", "pair of surrogates": b"\xed\xa0\xbd\xed\xb8\x80",
    "over U+10FFFF": b"\xf4\x90\x80\x80", "lead f5": b"\xf5\x80\x80\x80",
    "5 bytes": b"\xf8\x88\x80\x80\x80", "6 bytes": b"\xfc\x84\x80\x80\x80\x80",
    "fe": b"\xfe", "ff": b"\xff", "2 bytes cut": b"\xc3", "3 bytes cut": b"\xe2\x82",
    "4 bytes cut": b"\xf0\x9f\x98", "interrupted": b"\xe2a\x82", "Latin 1": b"caf\xe9",
    "bad at the end of long text": b"x" * 1000 + b"\xff",
}


def bad_text():
    for name, text in BAD_TEXT.items():
        yield f"client: {name}", CONNECTED, hello(field(3, text)), "BAD_REQUEST"
        yield f"user name: {name}", GREETED, request(
            "login_password", field(1, text) + field(2, "some password")), "BAD_REQUEST"
        yield f"text: {name}", LOGGED_IN, lambda ctx, text=text: send(ctx, text=text), \
            "BAD_REQUEST"
    for number, what in ((1, "name"), (2, "topic")):
        yield f"group's {what}: NUL", LOGGED_IN, request("create_group", field(number, "a\0b")), \
            "BAD_REQUEST"
    yield "target: NUL", LOGGED_IN, lambda ctx: send(ctx, [field(1, "bob\0x")]), "BAD_REQUEST"
    yield "name in Who: NUL", LOGGED_IN, request("who", field(1, "bob\0")), "BAD_REQUEST"
    yield "token: NUL", GREETED, request("login_token", field(1, "\0" * 43)), "BAD_REQUEST"
    yield "feature: bad UTF-8", CONNECTED, hello(field(4, b"\xff")), "BAD_REQUEST"


def greeting_and_login():
    for low, high in ((0, 0), (2, 2), (2, 2 ** 32 - 1)):
        yield f"versions {low} to {high}", CONNECTED, request(
            "hello", field(1, low) + field(2, high)), "VERSION"
    yield "versions from 2 to 1", CONNECTED, request("hello", field(1, 2) + field(2, 1)), "VERSION"
    yield "empty Hello", CONNECTED, request("hello"), "VERSION"
    yield "client of 65 bytes", CONNECTED, hello(field(3, "x" * 65)), "BAD_REQUEST"
    yield "17 features", CONNECTED, hello(field(4, "x") * 17), "BAD_REQUEST"
    for name, token in (("empty", ""), ("short", "x"), ("unknown", "A" * 43), ("long", "A" * 44),
                        ("very long", "A" * 4000), ("not base64url", "ä" * 21 + "x")):
        yield f"token: {name}", GREETED, request("login_token", field(1, token)), "TOKEN_INVALID"
    yield "empty login", GREETED, request("login_password"), "BAD_REQUEST"
    yield "login with a password of 4000 bytes", GREETED, request(
        "login_password", field(1, "somebody") + field(2, "x" * 3900)), "AUTH_FAILED"
    yield "empty Register", GREETED, request("register_account"), "BAD_REQUEST"

    def register(expected, **fields):
        """With an invite that is good: it must be the field that is refused."""
        return GREETED, lambda ctx: register_with(**{"invite": ctx.invite, **fields}), expected
    yield "invented invite", *register("INVITE_INVALID", invite="A" * 22)
    yield "invite of 3000 bytes", *register("INVITE_INVALID", invite="A" * 3000)
    yield "no name", *register("BAD_REQUEST", name="")
    yield "no password", *register("BAD_REQUEST", password="")
    for name, value in (("33 characters", "x" * 33), ("1000 bytes", "x" * 1000)):
        yield f"name: {name}", *register("NAME_TOO_LONG", name=value)
    yield "name: reserved", *register("NAME_RESERVED", name="r00t")
    for name, value in (("space", "a b"),
                        ("newline", "a\nb"), ("escape", "a\x1b[31mb"), ("bidi", "a\u202eb"),
                        ("zero width", "a\u200bb"), ("C1", "a\u0085b"), ("a slash", "a/b"),
                        ("an at sign", "@alice"), ("a comma", "a,b")):
        yield f"name: {name}", *register("NAME_INVALID", name=value)
    for count in (1, 7, 257, 3000):
        yield f"password of {count} bytes", *register("PASSWORD_WEAK", password="x" * count)
    yield "display name of 129 bytes", *register("TOO_LARGE", display="x" * 129)
    yield "display name with an escape", *register("BAD_REQUEST", display="a\x1b[31mb")
    yield "device name of 65 bytes", *register("TOO_LARGE", device="x" * 65)
    yield "device name of two lines", *register("BAD_REQUEST", device="a\nb")


def register_with(name="newcomer", password="some password", invite="", display="", device=""):
    return request("register_account", b"".join(
        field(i, v) for i, v in enumerate((name, password, invite, display, device), 1) if v))


def requests_out_of_range():
    yield "send: no target", LOGGED_IN, lambda ctx: send(ctx, []), "BAD_REQUEST"
    yield "send: an empty target", LOGGED_IN, lambda ctx: send(ctx, [b""]), "BAD_REQUEST"
    yield "send: 33 targets", LOGGED_IN, lambda ctx: send(ctx, [field(1, "x")] * 33), "TOO_LARGE"
    yield "send: 1024 targets", LOGGED_IN, lambda ctx: send(ctx, [field(1, "x")] * 1024), \
        "TOO_LARGE"
    yield "send: no text", LOGGED_IN, lambda ctx: send(ctx, text=""), "BAD_REQUEST"
    yield "send: text of 8001 bytes", LOGGED_IN, lambda ctx: send(ctx, text="x" * 8001), \
        "TOO_LARGE"
    yield "send: text of 60000 bytes", LOGGED_IN, lambda ctx: send(ctx, text="x" * 60000), \
        "TOO_LARGE"
    yield "send: nothing at all", LOGGED_IN, request("send"), "BAD_REQUEST"
    for name, client_id in (("0", 0), ("without a device", 1), ("2^63", 1 << 63),
                            ("2^64-1", 2 ** 64 - 1)):
        yield f"send: client id {name}", LOGGED_IN, lambda ctx, client_id=client_id: send(
            ctx, client_id=client_id), "BAD_REQUEST"
    yield "send: client id of another device", LOGGED_IN, lambda ctx: send(
        ctx, client_id=ctx.device + 1 << 32 | 1), "BAD_REQUEST"
    names = {
        "nobody": (field(1, "nobody-at-all"), "NO_SUCH_USER"),
        "an empty name": (field(1, ""), "NO_SUCH_USER"),
        "a long name": (field(1, "x" * 5000), "NO_SUCH_USER"),
        "an escape": (field(1, "\x1b]0;x\x07"), "NO_SUCH_USER"),
        "no group": (field(2, "no-such-group"), "NO_SUCH_GROUP"),
    }
    ids = {
        "0": 0, "12345": 12345, "2^62": 1 << 62, "2^63": 1 << 63, "2^64-1": 2 ** 64 - 1,
        "of two others": 1 << 62 | 1 << 31 | 2, "the wrong way round": 1 << 62 | 9 << 31 | 3,
    }
    targets = {**names, **{f"conversation {name}": (field(3, value), "NO_SUCH_CONVERSATION")
                           for name, value in ids.items()}}
    for name, (target, no) in targets.items():
        yield f"send to {name}", LOGGED_IN, lambda ctx, t=target: send(ctx, [t]), no
        yield f"history of {name}", LOGGED_IN, request("history", field(1, target)), no
    for name in ("history", "join_group", "leave_group", "list_members", "invite_to_group"):
        yield f"{name}: no target", LOGGED_IN, request(name), "BAD_REQUEST"
        yield f"{name}: an empty target", LOGGED_IN, request(name, field(1, b"")), "BAD_REQUEST"
    for name in ("join_group", "leave_group", "list_members"):
        yield f"{name}: no such group", LOGGED_IN, request(
            name, field(1, field(2, "no-such-group"))), "NO_SUCH_GROUP"
        yield f"{name}: a user", LOGGED_IN, request(name, field(1, field(1, "nobody-at-all"))), \
            "NO_SUCH_USER"
        yield f"{name}: notes to oneself", LOGGED_IN, lambda ctx, name=name: request(
            name, field(1, field(1, ctx.name))), "NOT_PERMITTED"
    yield "history: after and before", LOGGED_IN, request(
        "history", field(1, field(2, "lobby")) + field(2, 1) + field(3, 9)), "BAD_REQUEST"
    yield "invite_to_group: nobody", LOGGED_IN, request(
        "invite_to_group", field(1, field(2, "lobby")) + field(2, "nobody-at-all")), "NO_SUCH_USER"
    yield "mark_read: nothing", LOGGED_IN, request("mark_read"), "BAD_REQUEST"
    yield "mark_read: conversation 12345", LOGGED_IN, request(
        "mark_read", field(1, 12345) + field(2, 1)), "NO_SUCH_CONVERSATION"
    yield "mark_read: conversation 2^64-1", LOGGED_IN, request(
        "mark_read", field(1, 2 ** 64 - 1) + field(2, 2 ** 64 - 1)), "BAD_REQUEST"
    yield "revoke_session: nothing", LOGGED_IN, request("revoke_session"), "NO_SUCH_SESSION"
    yield "revoke_session: 2^64-1", LOGGED_IN, request(
        "revoke_session", field(1, 2 ** 64 - 1)), "NO_SUCH_SESSION"
    yield "create_group: no name", LOGGED_IN, request("create_group"), "NAME_INVALID"
    yield "create_group: 33 characters", LOGGED_IN, request("create_group", field(1, "x" * 33)), \
        "NAME_TOO_LONG"
    yield "create_group: an escape", LOGGED_IN, request("create_group", field(1, "a\x1bb")), \
        "NAME_INVALID"
    yield "create_group: taken", LOGGED_IN, request("create_group", field(1, "lobby")), \
        "NAME_TAKEN"
    yield "create_group: topic of 257 bytes", LOGGED_IN, request(
        "create_group", field(1, "topical") + field(2, "x" * 257)), "TOO_LARGE"
    yield "change_password: nothing", LOGGED_IN, request("change_password"), "PASSWORD_WEAK"
    yield "change_password: weak", LOGGED_IN, lambda ctx: request(
        "change_password", field(1, ctx.password) + field(2, "short")), "PASSWORD_WEAK"
    yield "who: 201 names", LOGGED_IN, request("who", field(1, "x") * 201), "TOO_LARGE"


def rows():
    for group in (framing, other_protocols, ids_and_bodies, unknown, wrong_types, wrong_states,
                  depth_and_count, bad_text, greeting_and_login, requests_out_of_range):
        for name, state, data, expected in group():
            yield Row(f"{name} ({state})", state, data, expected)


ROWS = list(rows())
