"""ws_cases.py - the table of WebSocket frames; test_ws_cases.py replays it at a live server.

Each row has a number and a name, the door, the state in which the bytes are sent, the bytes, and
all that the server must then send, in this order:

    Said("pong", 7, None)           a Reply: to request 7
    Said("error", 0, "BAD_REQUEST") the same: no request was in it
    Pong(b"...")                    a pong frame with these bytes
    Close(1002)                     a close frame with this code (None: without), and the end

Without a Close the connection goes on. The numbers are those of the Autobahn test suite where it
has such a case: its sections 1 to 7, 9 and 10. Autobahn expects an echo; here each message gets
an answer, an error if it is no request, so the answer shows what the frames became.
"""
from collections import namedtuple

from kithtest.schema import session
from kithtest.ws import (BINARY, CLOSE, CONT, JSON, KIND, PB, PING, PONG, TEXT, Said, frame_bytes,
                         request_bytes)

GREETED, LOGGED_IN = "greeted", "logged in"
DOORS = (JSON, PB)
LIMIT, LIMIT_LOGIN = 65536, 4096
ID = 7

Row = namedtuple("Row", "number name door state data expected")
Pong = namedtuple("Pong", "payload")
Close = namedtuple("Close", "code")

BAD = Said("error", 0, "BAD_REQUEST")
BROKEN = (Close(1002),)
ANSWER = Said("pong", ID, None)
HELLO = b"Hello, world!"


# -- bytes --------------------------------------------------------------------

def ask(door, number=ID):
    """A message that is answered by Pong."""
    return request_bytes(door, number, ping=session.Ping())


def sized(door, size):
    """A message of so many bytes, and its answer."""
    if size == 0:
        return b"", BAD
    if door == JSON:
        return ask(door).ljust(size), ANSWER
    # Binary can't be filled up with blanks: a request at the wrong time has its own answer.
    for client in range(size - 20, size):
        data = request_bytes(door, ID, hello=session.Hello(client="x" * max(client, 0)))
        if len(data) == size:
            return data, Said("error", ID, "WRONG_STATE")
    raise AssertionError(f"there is no request of {size} bytes")


def message(door, payload, **frame):
    return frame_bytes(KIND[door], payload, **frame)


def fragments(door, parts, between=b""):
    """A message in these parts; `between` are whole frames between them."""
    out = []
    for i, part in enumerate(parts):
        out.append(frame_bytes(CONT if i else KIND[door], part, fin=i == len(parts) - 1))
    return between.join(out)


def halves(data):
    return data[:len(data) // 2], data[len(data) // 2:]


def cut(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)] or [b""]


def close(code=None, reason=b""):
    return frame_bytes(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason)


def other(door):
    return PB if door == JSON else JSON


def ping(payload=b""):
    return frame_bytes(PING, payload)


# -- 1: framing ----------------------------------------------------------------

def framing():
    for section, door in ((1, JSON), (2, PB)):
        for n, size in enumerate((0, 125, 126, 127, 128, 65535, 65536), 1):
            payload, answer = sized(door, size)
            yield f"1.{section}.{n}", f"{size} bytes", door, message(door, payload), (answer,)
            yield f"1.{section}.{n}", f"{size} bytes, of the other kind", other(door), \
                message(door, payload), (Close(1003),)
        small, answer = sized(door, 40)
        for form in (2, 8):
            yield f"1.{section}.9", f"length in {form} bytes, not needed", door, \
                message(door, small, form=form), BROKEN
        yield f"1.{section}.9", "65535 bytes, length in 8 bytes", door, \
            message(door, sized(door, 65535)[0], form=8), BROKEN
        yield f"1.{section}.9", "length with its highest bit", door, \
            message(door, small, form=8, length=1 << 63), BROKEN
        yield f"1.{section}.10", "without mask", door, message(door, small, mask=None), BROKEN
        yield f"1.{section}.10", "nothing, without mask", door, \
            message(door, b"", mask=None), BROKEN
        yield f"1.{section}.10", "mask of zeros", door, \
            message(door, small, mask=bytes(4)), (answer,)
        yield f"1.{section}.11", "two messages in one write", door, message(door, small) * 2, \
            (answer, answer)


# -- 2: pings -------------------------------------------------------------------

def pings():
    binary = bytes.fromhex("00fffefdfcfb00ff")
    for door in DOORS:
        yield "2.1", "ping without payload", door, ping(), (Pong(b""),)
        yield "2.2", "ping with text", door, ping(HELLO), (Pong(HELLO),)
        yield "2.3", "ping with bytes", door, ping(binary), (Pong(binary),)
        yield "2.4", "ping of 125 bytes", door, ping(b"\xfe" * 125), (Pong(b"\xfe" * 125),)
        yield "2.5", "ping of 126 bytes", door, ping(b"\xfe" * 126), BROKEN
        yield "2.5", "ping of 65536 bytes", door, ping(b"\xfe" * 65536), BROKEN
        yield "2.7", "pong that nobody asked for", door, frame_bytes(PONG), ()
        yield "2.8", "the same with payload", door, frame_bytes(PONG, HELLO), ()
        yield "2.9", "pong, then ping", door, frame_bytes(PONG, HELLO) + ping(b"a"), (Pong(b"a"),)
        ten = [b"payload-%d" % i for i in range(10)]
        yield "2.10", "ten pings", door, b"".join(map(ping, ten)), tuple(map(Pong, ten))
        yield "2.12", "ping before a message", door, ping(HELLO) + message(door, ask(door)), \
            (Pong(HELLO), ANSWER)
        yield "2.12", "ping behind a message", door, message(door, ask(door)) + ping(HELLO), \
            (ANSWER, Pong(HELLO))
        yield "2.13", "pong of 126 bytes", door, frame_bytes(PONG, b"x" * 126), BROKEN
        yield "2.14", "ping without mask", door, frame_bytes(PING, HELLO, mask=None), BROKEN
        yield "2.14", "empty pong without mask", door, frame_bytes(PONG, mask=None), BROKEN


# -- 3: reserved bits -------------------------------------------------------------

def reserved_bits():
    for door in DOORS:
        good = message(door, ask(door))
        yield "3.1", "a message with RSV 1", door, message(door, ask(door), rsv=1), BROKEN
        yield "3.2", "the second with RSV 2, then a ping", door, \
            good + message(door, ask(door), rsv=2) + ping(), (ANSWER, *BROKEN)
        yield "3.3", "the second with RSV 3, then a ping", door, \
            good + message(door, ask(door), rsv=3) + ping(), (ANSWER, *BROKEN)
        yield "3.4", "the second with RSV 4, then a ping", door, \
            good + message(door, ask(door), rsv=4) + ping(), (ANSWER, *BROKEN)
        yield "3.5", "RSV 5, the other kind", door, \
            frame_bytes(KIND[other(door)], HELLO, rsv=5), BROKEN
        yield "3.6", "ping with RSV 6", door, frame_bytes(PING, HELLO, rsv=6), BROKEN
        yield "3.7", "close with RSV 7", door, frame_bytes(CLOSE, b"\x03\xe8", rsv=7), BROKEN
        yield "3.8", "pong with RSV 4", door, frame_bytes(PONG, rsv=4), BROKEN
        yield "3.9", "a later fragment with RSV 1", door, \
            message(door, b"x", fin=False) + frame_bytes(CONT, b"y", rsv=1), BROKEN
        yield "3.10", "an empty message with RSV 4", door, message(door, b"", rsv=4), BROKEN


# -- 4: opcodes ---------------------------------------------------------------------

def opcodes():
    for door in DOORS:
        good = message(door, ask(door))
        for section, first in ((1, 3), (2, 11)):
            for n in range(5):
                opcode = first + n
                yield f"4.{section}.{n + 1}", f"opcode {opcode}", door, frame_bytes(opcode), BROKEN
                yield f"4.{section}.{n + 1}", f"opcode {opcode} with payload, between", door, \
                    good + frame_bytes(opcode, HELLO) + ping(), (ANSWER, *BROKEN)
            yield f"4.{section}.6", f"opcode {first} in fragments", door, \
                frame_bytes(first, HELLO, fin=False) + frame_bytes(CONT, HELLO), BROKEN
            yield f"4.{section}.7", f"opcode {first} between fragments", door, \
                message(door, b"x", fin=False) + frame_bytes(first) + frame_bytes(CONT), BROKEN


# -- 5: fragments --------------------------------------------------------------------

def fragmentation():
    for door in DOORS:
        whole, two = message(door, ask(door)), fragments(door, halves(ask(door)))
        first, last = halves(ask(door))
        begun = message(door, first, fin=False)
        yield "5.1", "ping in fragments", door, \
            frame_bytes(PING, b"a", fin=False) + frame_bytes(CONT, b"b"), BROKEN
        yield "5.2", "pong in fragments", door, \
            frame_bytes(PONG, b"a", fin=False) + frame_bytes(CONT, b"b"), BROKEN
        yield "5.3", "two fragments", door, two, (ANSWER,)
        yield "5.6", "ping between two fragments", door, \
            fragments(door, halves(ask(door)), ping(HELLO)), (Pong(HELLO), ANSWER)
        yield "5.7", "ping and pong between them", door, \
            fragments(door, halves(ask(door)), ping(HELLO) + frame_bytes(PONG)), \
            (Pong(HELLO), ANSWER)
        for n, payload, fin in ((9, HELLO, True), (10, b"", True), (12, HELLO, False),
                                (13, b"", False)):
            yield f"5.{n}", f"{len(payload)} bytes, {'last' if fin else 'not last'}, of nothing", \
                door, frame_bytes(CONT, payload, fin=fin) + whole, BROKEN
        yield "5.11", "a last fragment behind a whole message", door, \
            whole + frame_bytes(CONT, HELLO), (ANSWER, *BROKEN)
        yield "5.14", "a fragment behind a whole message", door, \
            whole + frame_bytes(CONT, HELLO, fin=False), (ANSWER, *BROKEN)
        yield "5.15", "two fragments, then one of nothing, then two", door, \
            two + frame_bytes(CONT, HELLO, fin=False) + two, (ANSWER, *BROKEN)
        yield "5.16", "twice one of nothing, then a message", door, \
            (frame_bytes(CONT, HELLO, fin=False) + whole) * 2, BROKEN
        yield "5.17", "twice a last one of nothing, then a message", door, \
            (frame_bytes(CONT, HELLO) + whole) * 2, BROKEN
        yield "5.18", "the second fragment has an opcode", door, begun + message(door, last), BROKEN
        yield "5.18", "the same, and is not the last", door, \
            begun + message(door, last, fin=False), BROKEN
        yield "5.18", "the second fragment has the other kind's opcode", door, \
            begun + frame_bytes(KIND[other(door)], last), BROKEN
        parts = cut(ask(door).ljust(50) if door == JSON else ask(door), 1)
        pongs = (Pong(b"x"),) * (len(parts) - 1)
        yield "5.19", "each byte a fragment, pings between", door, \
            fragments(door, parts, ping(b"x")), (*pongs, ANSWER)
        yield "5.20", "the same without pings", door, fragments(door, parts), (ANSWER,)
        yield "5.21", "empty fragments everywhere", door, \
            fragments(door, [b"", b"", first, b"", last, b"", b""]), (ANSWER,)
        yield "5.22", "two messages in fragments", door, two * 2, (ANSWER, ANSWER)
        yield "5.23", "a close between fragments", door, begun + close(1000), (Close(1000),)
        yield "5.24", "a later fragment without mask", door, \
            begun + frame_bytes(CONT, last, mask=None), BROKEN
        yield "5.25", "the other kind in fragments", door, \
            frame_bytes(KIND[other(door)], b"a", fin=False) + frame_bytes(CONT, b"b"), \
            (Close(1003),)


# -- 6: UTF-8 --------------------------------------------------------------------------

KOSME = "\u03ba\u1f79\u03c3\u03bc\u03b5".encode()
LONG = "Hello-µ@ßöäüàá-UTF-8!!".encode()


def utf8():
    """(number, name, bytes, good?) by Markus Kuhn's list of what decoders stumble over."""
    for n in range(1, len(KOSME) + 1):
        begun = KOSME[:n]
        yield f"6.6.{n}", f"{n} bytes of a Greek word", begun, begun.decode(errors="ignore") \
            .encode() == begun
    for n, text in enumerate(("00", "c280", "e0a080", "f0908080"), 1):
        yield f"6.7.{n}", f"first of {n} bytes", text, True
    for n, text in enumerate(("f888808080", "fc8480808080"), 1):
        yield f"6.8.{n}", f"first of {n + 4} bytes", text, False
    for n, text in enumerate(("7f", "dfbf", "efbfbf", "f48fbfbf"), 1):
        yield f"6.9.{n}", f"last of {n} bytes", text, True
    for n, text in enumerate(("f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"), 1):
        yield f"6.10.{n}", f"over the last, {n + 3} bytes", text, False
    for n, (text, good) in enumerate((("ed9fbf", True), ("ee8080", True), ("efbfbd", True),
                                      ("f48fbfbf", True), ("f4908080", False)), 1):
        yield f"6.11.{n}", f"a border, {text}", text, good
    for n, text in enumerate(("80", "bf", "80bf", "80bf80", "80bf80bf", "80bf80bf80",
                              "80bf80bf80bf", bytes(range(0x80, 0xc0))), 1):
        yield f"6.12.{n}", f"{n} bytes that continue nothing", text, False
    for n, (low, high) in enumerate(((0xc0, 0xe0), (0xe0, 0xf0), (0xf0, 0xf8), (0xf8, 0xfc),
                                     (0xfc, 0xfe)), 1):
        text = b"".join(bytes([lead]) + b" " for lead in range(low, high))
        yield f"6.13.{n}", f"lonely {low:x} to {high - 1:x}", text, False
    missing = ("c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf",
               "fbbfbfbf", "fdbfbfbfbf")
    for n, text in enumerate(missing, 1):
        yield f"6.14.{n}", f"last byte missing, {text}", text, False
    yield "6.15.1", "all of these", "".join(missing), False
    for n, text in enumerate(("fe", "ff", "fefeffff"), 1):
        yield f"6.16.{n}", f"impossible {text}", text, False
    for n, text in enumerate(("c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"), 1):
        yield f"6.17.{n}", f"a slash in {n + 1} bytes", text, False
    for n, text in enumerate(("c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"), 1):
        yield f"6.18.{n}", f"the longest too long of {n + 1} bytes", text, False
    for n, text in enumerate(("c080", "e08080", "f0808080", "f880808080", "fc8080808080"), 1):
        yield f"6.19.{n}", f"NUL in {n + 1} bytes", text, False
    for n, text in enumerate(("eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80",
                              "edbfbf"), 1):
        yield f"6.20.{n}", f"surrogate {text}", text, False
    pairs = [h + l for h in ("eda080", "edadbf", "edae80", "edafbf") for l in ("edb080", "edbfbf")]
    for n, text in enumerate(pairs, 1):
        yield f"6.21.{n}", f"surrogates {text}", text, False
    last = [0xfffe, 0xffff] + [p << 16 | e for p in range(1, 17) for e in (0xfffe, 0xffff)]
    for n, point in enumerate(last, 1):
        yield f"6.22.{n}", f"U+{point:04X}", chr(point).encode(), True
    for n, point in enumerate(range(0xfff9, 0x10000), 1):
        yield f"6.23.{n}", f"U+{point:04X}, special", chr(point).encode(), True


def text():
    outcome = {True: (BAD,), False: (Close(1007),)}
    yield "6.1.1", "nothing", JSON, message(JSON, b""), (BAD,)
    yield "6.1.2", "three fragments of nothing", JSON, fragments(JSON, [b""] * 3), (BAD,)
    yield "6.1.3", "the middle one has something", JSON, \
        fragments(JSON, [b"", ask(JSON), b""]), (ANSWER,)
    yield "6.2.1", "text", JSON, message(JSON, LONG), (BAD,)
    yield "6.2.2", "text in two fragments", JSON, fragments(JSON, halves(LONG)), (BAD,)
    yield "6.2.3", "text, each byte a fragment", JSON, fragments(JSON, cut(LONG, 1)), (BAD,)
    yield "6.2.4", "Greek, each byte a fragment", JSON, fragments(JSON, cut(KOSME, 1)), (BAD,)
    wrong = KOSME + b"\xed\xa0\x80" + b"edited"
    yield "6.3.1", "Greek, a surrogate, text", JSON, message(JSON, wrong), (Close(1007),)
    yield "6.3.2", "the same, each byte a fragment", JSON, fragments(JSON, cut(wrong, 1)), \
        (Close(1007),)
    # Refused with the first wrong byte: the rest never comes.
    for n, bad in ((1, b"\xf4\x90"), (2, b"\xf4\x90\x80\x80"), (3, b"\xc1"), (4, b"\xff")):
        yield f"6.4.{n}", f"{bad.hex()} in a fragment, no other follows", JSON, \
            message(JSON, KOSME + bad, fin=False), (Close(1007),)
        yield f"6.4.{n}", f"{bad.hex()} in a frame that is not all there", JSON, \
            message(JSON, KOSME + bad, length=100), (Close(1007),)
    for n, parts in enumerate(([KOSME], halves(KOSME), [KOSME, b""], [b"", KOSME],
                               [KOSME[:1], KOSME[1:]]), 1):
        yield f"6.5.{n}", f"Greek in {len(parts)} fragments, the first {len(parts[0])}", JSON, \
            fragments(JSON, parts), (BAD,)
    for number, name, bad, good in utf8():
        payload = bytes.fromhex(bad) if isinstance(bad, str) else bad
        yield number, name, JSON, message(JSON, payload), outcome[good]
    yield "6.24.1", "binary may hold anything", PB, message(PB, b"\x08\x07\x92\x01\x00"), (ANSWER,)
    yield "6.24.2", "binary with no UTF-8", PB, message(PB, b"\xff\xfe\x80"), (BAD,)


# -- 7: closing --------------------------------------------------------------------------

MAY_BE_SENT = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
               1012, 1013, 1014)
MAY_NOT = (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999)


def closing():
    for door in DOORS:
        whole = message(door, ask(door))
        yield "7.1.1", "a message, then close", door, whole + close(1000), (ANSWER, Close(1000))
        yield "7.1.2", "close twice", door, close(1000) * 2, (Close(1000),)
        yield "7.1.3", "ping behind the close", door, close(1000) + ping(HELLO), (Close(1000),)
        yield "7.1.4", "a message behind the close", door, close(1000) + whole, (Close(1000),)
        yield "7.1.5", "close in the middle of a message", door, \
            message(door, b"x", fin=False) + close(1000) + frame_bytes(CONT, b"y"), (Close(1000),)
        payload, answer = sized(door, LIMIT)
        yield "7.1.6", "a long message, close, ping", door, \
            message(door, payload) + close(1000) + ping(), (answer, Close(1000))
        yield "7.3.1", "close without payload", door, close(), (Close(None),)
        yield "7.3.2", "close of one byte", door, frame_bytes(CLOSE, b"a"), BROKEN
        yield "7.3.3", "close with a code", door, close(1000), (Close(1000),)
        yield "7.3.4", "close with a reason", door, close(1000, HELLO), (Close(1000),)
        yield "7.3.5", "reason of 123 bytes", door, close(1000, b"x" * 123), (Close(1000),)
        yield "7.3.6", "reason of 124 bytes", door, close(1000, b"x" * 124), BROKEN
        yield "7.3.7", "close in fragments", door, \
            frame_bytes(CLOSE, b"\x03\xe8", fin=False) + frame_bytes(CONT, b"x"), BROKEN
        yield "7.3.8", "close without mask", door, \
            frame_bytes(CLOSE, b"\x03\xe8", mask=None), BROKEN
        yield "7.5.1", "reason with a surrogate", door, \
            close(1000, KOSME + b"\xed\xa0\x80" + b"edited"), (Close(1007),)
        yield "7.5.2", "reason ends within a character", door, close(1000, KOSME[:-1]), \
            (Close(1007),)
        yield "7.5.3", "reason in Greek", door, close(1000, KOSME), (Close(1000),)
        yield "7.5.4", "bad reason, bad code", door, close(999, b"\xff"), BROKEN
        for n, code in enumerate(MAY_BE_SENT, 1):
            yield f"7.7.{n}", f"code {code}", door, close(code), (Close(code),)
        for n, code in enumerate(MAY_NOT, 1):
            yield f"7.9.{n}", f"code {code}", door, close(code), BROKEN
        for n, code in enumerate((5000, 65535), 1):
            yield f"7.13.{n}", f"code {code}", door, close(code), BROKEN


# -- 9: limits ------------------------------------------------------------------------------

def limits():
    """Here they are ours: 64 KiB."""
    for section, door in ((1, JSON), (2, PB)):
        whole, answer = sized(door, LIMIT)
        yield f"9.{section}.1", "a message of the limit", door, message(door, whole), (answer,)
        yield f"9.{section}.2", "one byte over it", door, \
            message(door, whole + b" "), (Close(1009),)
        for n, size in enumerate((1 << 18, 1 << 20, 1 << 24, 1 << 32, (1 << 63) - 1), 3):
            yield f"9.{section}.{n}", f"{size} bytes announced", door, \
                message(door, b"x" * 64, length=size), (Close(1009),)
        for n, size in enumerate((8, 64, 256, 1024, 4096, 16384), 1):
            yield f"9.{section + 2}.{n}", f"the limit in fragments of {size}", door, \
                fragments(door, cut(whole, size)), (answer,)
        yield f"9.{section + 2}.7", "a fragment of one byte over the limit", door, \
            message(door, whole, fin=False) + frame_bytes(CONT, b"x"), (Close(1009),)
        yield f"9.{section + 2}.8", "empty fragments at the limit", door, \
            message(door, whole, fin=False) + frame_bytes(CONT, fin=False) * 100 \
            + frame_bytes(CONT), (answer,)
        for n, size in enumerate((0, 16, 64, 256, 1024), 1):
            payload, answer = sized(door, size) if size != 16 else (ask(door), ANSWER)
            yield f"9.{section + 6}.{n}", f"500 messages of {len(payload)}", door, \
                message(door, payload) * 500, (answer,) * 500
        yield f"9.{section + 6}.6", "500 pings", door, ping(HELLO) * 500, (Pong(HELLO),) * 500


def limits_before_login():
    for section, door in ((1, JSON), (2, PB)):
        whole, answer = sized(door, LIMIT_LOGIN)
        yield f"9.{section}.8", "the limit before the login", door, message(door, whole), (answer,)
        yield f"9.{section}.9", "over it", door, message(door, whole + b" "), (Close(1009),)
        yield f"9.{section + 2}.9", "over it in fragments", door, \
            message(door, whole[:4000], fin=False) + frame_bytes(CONT, b"x" * 97), (Close(1009),)


# -- 10 ---------------------------------------------------------------------------------------

def others():
    for door in DOORS:
        payload, answer = sized(door, LIMIT)
        yield "10.1.1", "the limit in fragments of 1300", door, \
            fragments(door, cut(payload, 1300)), (answer,)
        yield "10.1.2", "a message of each mask", door, b"".join(
            message(door, ask(door), mask=bytes([i] * 4)) for i in range(256)), (ANSWER,) * 256


def rows():
    for section in (framing, pings, reserved_bits, opcodes, fragmentation, text, closing, limits,
                    others):
        for number, name, door, data, expected in section():
            yield Row(number, name, door, LOGGED_IN, data, expected)
    for number, name, door, data, expected in limits_before_login():
        yield Row(number, name, door, GREETED, data, expected)


ROWS = list(rows())
