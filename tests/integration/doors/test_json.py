"""protocol/json.h against another implementation of the mapping: python3-protobuf's json_format.

KITH_SEED   another seed for the random messages (default 1)
"""
import json
import os
import random
import subprocess

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

from kithtest import build
from kithtest.schema import code_name, conversation, error, frame, ipc, message, poll, session

SEED = int(os.environ.get("KITH_SEED", "1"))
MESSAGES = build.scaled(10000, 50000, 500000)
DAMAGED = build.scaled(10000, 50000, 1000000)

ROOTS = (frame.Request, frame.Reply, poll.Poll, poll.Polled, ipc.Ask)     # Ask: has bytes

NUMBERS = (0, 1, 127, 128, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53 - 1, 2**53, 2**53 + 1,
           2**62, 2**63 - 1, 2**63, 2**64 - 1)
PIECES = ("a", "Z", "0", " ", "/", "\\", '"', "'", "<", "\x01", "\x08", "\t", "\n", "\x0c", "\r",
          "\x1b", "\x1f", "\x7f", "\x80", "é", "ß", "İ", "\u07ff", "\u0800", "€", "\u200f",
          "\u2028", "\u2029", "\ud7ff", "\ue000", "\ufeff", "\ufffd", "\uffff", "\U00010000",
          "😀", "\U0010ffff")


def pipe(records):
    """What json_pipe.c answers to [(direction, type, data)]: [(code's name, bytes)]."""
    data = b"".join(
        way.encode() + bytes([len(kind.DESCRIPTOR.full_name)]) + len(text).to_bytes(4, "big") +
        kind.DESCRIPTOR.full_name.encode() + text for way, kind, text in records)
    run = subprocess.run([build.JSON_PIPE], input=data, capture_output=True)
    assert (run.returncode, run.stderr) == (0, b"")
    answers, at, out = [], 0, run.stdout
    while at < len(out):
        end = at + 5 + int.from_bytes(out[at + 1:at + 5], "big")
        answers.append((code_name(out[at]), out[at + 5:end]))
        at = end
    assert len(answers) == len(records)
    return answers


def read_json(kind, texts):
    return pipe([("r", kind, t) for t in texts])


def types():
    """Every message that travels, by its full name."""
    found = {}

    def visit(descriptor):
        if descriptor.full_name not in found:
            found[descriptor.full_name] = descriptor._concrete_class
            for field in descriptor.fields:
                if field.message_type:
                    visit(field.message_type)
    for root in ROOTS:
        visit(root.DESCRIPTOR)
    return list(found.values())


TYPES = types()


class Maker:
    """Random messages, with a liking for what lies at the edges."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def number(self, bits):
        if self.random.random() < 0.6:
            return self.random.choice([n for n in NUMBERS if n < 2**bits])
        return self.random.getrandbits(self.random.randint(1, bits))

    def string(self):
        length = 2000 if self.random.random() < 0.01 else self.random.choice((0, 1, 2, 5, 20))
        return "".join(self.random.choices(PIECES, k=length))

    def value(self, field):
        kind = field.type
        if kind == FieldDescriptor.TYPE_UINT32:
            return self.number(32)
        if kind == FieldDescriptor.TYPE_UINT64:
            return self.number(64)
        if kind == FieldDescriptor.TYPE_BOOL:
            return self.random.random() < 0.5
        if kind == FieldDescriptor.TYPE_ENUM:
            return self.random.choice(field.enum_type.values).number
        if kind == FieldDescriptor.TYPE_STRING:
            return self.string()
        if kind == FieldDescriptor.TYPE_BYTES:
            return self.random.randbytes(self.random.randint(0, 40))
        assert kind == FieldDescriptor.TYPE_MESSAGE
        return self.message(field.message_type._concrete_class)

    def message(self, kind):
        values = {}
        chosen = {o.name: self.random.choice(o.fields) for o in kind.DESCRIPTOR.oneofs}
        for field in kind.DESCRIPTOR.fields:
            if field.containing_oneof and field is not chosen[field.containing_oneof.name]:
                continue
            if self.random.random() < 0.2:
                continue
            if field.label == FieldDescriptor.LABEL_REPEATED:
                values[field.name] = [self.value(field)
                                      for _ in range(self.random.randint(0, 4))]
            else:
                values[field.name] = self.value(field)
        return kind(**values)


@pytest.fixture(scope="module")
def messages():
    print(f"KITH_SEED={SEED}")
    maker = Maker(SEED)
    kinds = TYPES + list(ROOTS) * 10        # the roots hold the others
    return [maker.message(kinds[i % len(kinds)]) for i in range(MESSAGES)]


def canonical(m):
    """As json_format has it; the compact form is Python's."""
    return json.dumps(json_format.MessageToDict(m), separators=(",", ":"), ensure_ascii=False)


@pytest.mark.takes(600)
def test_our_text_is_what_json_format_writes(messages):
    answers = pipe([("w", type(m), m.SerializeToString()) for m in messages])
    for m, (code, text) in zip(messages, answers):
        assert (code, text.decode()) == ("OK", canonical(m))
        assert json_format.Parse(text, type(m)()) == m


STYLES = {
    "default": {},
    "proto's names": {"preserving_proto_field_name": True},
    "defaults too": {"including_default_value_fields": True},
    "enums as numbers": {"use_integers_for_enums": True},
    "compact, UTF-8": {"indent": None, "ensure_ascii": False},
}


@pytest.mark.takes(600)
@pytest.mark.parametrize("style", STYLES)
def test_json_formats_text_is_read(messages, style):
    texts = [json_format.MessageToJson(m, **STYLES[style]).encode() for m in messages]
    answers = pipe([("r", type(m), t) for m, t in zip(messages, texts)])
    for m, text, (code, data) in zip(messages, texts, answers):
        assert code == "OK", text
        assert type(m).FromString(data) == m, text


def parsed(kind, text):
    """The message that json_format makes of it, or None."""
    try:
        return json_format.Parse(text, kind())
    except Exception:           # it lets exceptions of many modules through
        return None


@pytest.mark.takes(600)
def test_damaged_text_that_we_accept_means_the_same(messages):
    """We may refuse more; what we accept is read in the same way."""
    chance = random.Random(SEED)
    damage = b'{}[]",:\\/0123456789+-.eEu aftrsn_A=\x00\x1f\x80\xc3\xff'
    records = []
    for _ in range(DAMAGED):
        m = chance.choice(messages)
        text = bytearray(canonical(m).encode())
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(text))
            text[at:at + chance.randint(0, 2)] = chance.choices(damage, k=chance.randint(0, 2))
            text = text or bytearray(b" ")
        records.append(("r", type(m), bytes(text)))
    accepted = 0
    for (_, kind, text), (code, data) in zip(records, pipe(records)):
        if code == "OK":
            accepted += 1
            assert kind.FromString(data) == parsed(kind, text), text
    assert DAMAGED / 20 < accepted < DAMAGED


REFUSED_BY_BOTH = [
    (frame.Request, '', "BAD_REQUEST"),
    (frame.Request, '[{}]', "BAD_REQUEST"),
    (frame.Request, '{"id":"1"', "BAD_REQUEST"),
    (frame.Request, '{"id":"1"}}', "BAD_REQUEST"),
    (frame.Request, '{"id":"1",}', "BAD_REQUEST"),
    (frame.Request, '\ufeff{}', "BAD_REQUEST"),
    (frame.Request, '{"id":"1","id":"1"}', "BAD_REQUEST"),
    (frame.Request, '{"id":-1}', "BAD_REQUEST"),
    (frame.Request, '{"id":1.5}', "BAD_REQUEST"),
    (frame.Request, '{"id":NaN}', "BAD_REQUEST"),
    (frame.Request, '{"id":Infinity}', "BAD_REQUEST"),
    (frame.Request, '{"id":1e400}', "BAD_REQUEST"),
    (frame.Request, '{"id":true}', "BAD_REQUEST"),
    (frame.Request, '{"id":""}', "BAD_REQUEST"),
    (frame.Request, '{"id":" 1"}', "BAD_REQUEST"),
    (frame.Request, '{"id":"1 "}', "BAD_REQUEST"),
    (frame.Request, '{"id":"0x1"}', "BAD_REQUEST"),
    (frame.Request, '{"id":"1e2"}', "BAD_REQUEST"),
    (frame.Request, '{"id":"1.0"}', "BAD_REQUEST"),
    (frame.Request, '{"id":18446744073709551616}', "BAD_REQUEST"),
    (frame.Request, '{"id":"18446744073709551616"}', "BAD_REQUEST"),
    (frame.Request, '{"id":99999999999999999999}', "BAD_REQUEST"),
    (frame.Request, '{"hello":{},"ping":{}}', "BAD_REQUEST"),
    (frame.Request, '{"nope":{}}', "UNKNOWN_REQUEST"),
    (frame.Request, '{"hello":{"nope":1}}', "UNKNOWN_FIELD"),
    (frame.Request, '{"hello":{"nope":null}}', "UNKNOWN_FIELD"),
    (frame.Request, '{"hello":{"VersionMin":1}}', "UNKNOWN_FIELD"),
    (frame.Request, '{"hello":{"versionMin":4294967296}}', "BAD_REQUEST"),
    (frame.Request, '{"hello":{"client":1}}', "BAD_REQUEST"),
    (frame.Request, '{"hello":{"client":"\\ud800"}}', "BAD_REQUEST"),
    (frame.Request, '{"hello":{"client":"\\udc00x"}}', "BAD_REQUEST"),
    (frame.Request, '{"hello":{"client":"\n"}}', "BAD_REQUEST"),
    (frame.Request, '{"hello":{"client":"\\x41"}}', "BAD_REQUEST"),
    (frame.Request, '{"hello":{"features":"a"}}', "BAD_REQUEST"),
    (frame.Request, '{"hello":{"features":[null]}}', "BAD_REQUEST"),
    (message.Sync, '{"have":[null]}', "BAD_REQUEST"),
    (message.Sync, '{"have":{}}', "BAD_REQUEST"),
    (message.Target, '{"user":"a","group":"b"}', "BAD_REQUEST"),
    (conversation.CreateGroup, '{"public":1}', "BAD_REQUEST"),
    (conversation.CreateGroup, '{"public":"true"}', "BAD_REQUEST"),
    (error.Error, '{"code":"NOPE"}', "BAD_REQUEST"),
    (error.Error, '{"code":"busy"}', "BAD_REQUEST"),
    (ipc.FindToken, '{"hash":"A"}', "BAD_REQUEST"),
    (ipc.FindToken, '{"hash":1}', "BAD_REQUEST"),
]

# As strict as the walker is on the wire, and no guess where the text is not clear.
REFUSED_BY_US = [
    (frame.Request, '[]', "BAD_REQUEST"),                                   # no object
    (frame.Request, '""', "BAD_REQUEST"),
    (session.Hello, '{"versionMin":1,"version_min":1}', "BAD_REQUEST"),     # both spellings
    (session.Hello, '{"versionMin":1,"version_min":null}', "BAD_REQUEST"),
    (frame.Request, '{"id":9223372036854775808}', "BAD_REQUEST"),           # only in quotes
    (frame.Request, '{"id":9007199254740993.0}', "BAD_REQUEST"),            # not exact
    (frame.Request, '{"id":1e18}', "BAD_REQUEST"),
    (frame.Request, '{"id":"+1"}', "BAD_REQUEST"),                          # Python's forms
    (frame.Request, '{"id":"1_0"}', "BAD_REQUEST"),
    (frame.Request, '{"id":"-0"}', "BAD_REQUEST"),
    (frame.Request, '{"id":"\u0661"}', "BAD_REQUEST"),                      # an Arabic digit
    (error.Error, '{"code":1000}', "BAD_REQUEST"),                          # unknown value
    (error.Error, '{"code":true}', "BAD_REQUEST"),
    (error.Error, '{"code":1.5}', "BAD_REQUEST"),
    (error.Error, '{"text":"\\u0000"}', "BAD_REQUEST"),
    (ipc.FindToken, '{"hash":"+/ 8A"}', "BAD_REQUEST"),                     # not base64
    (ipc.FindToken, '{"hash":"/x=="}', "BAD_REQUEST"),
    (ipc.FindToken, '{"hash":"/w="}', "BAD_REQUEST"),
    (message.Sync, '{"have":[%s]}' % ",".join(["{}"] * 1025), "TOO_LARGE"),
]

# The second form of the same message.
ACCEPTED_BY_BOTH = [
    (frame.Request, '{"id":7}', '{"id":"7"}'),
    (frame.Request, '{"id":7.0}', '{"id":"7"}'),
    (frame.Request, '{"id":1e2}', '{"id":"100"}'),
    (frame.Request, '{"id":-0}', '{}'),
    (frame.Request, '{"id":-0.0}', '{}'),
    (frame.Request, '{"id":"007"}', '{"id":"7"}'),
    (frame.Request, '{"id":9223372036854775807}', '{"id":"9223372036854775807"}'),
    (frame.Request, '{"id":null,"hello":null,"ping":{}}', '{"ping":{}}'),
    (frame.Request, '{"hello":{"features":null}}', '{"hello":{}}'),
    (frame.Request, '{"hello":{"version_min":"7"}}', '{"hello":{"versionMin":7}}'),
    (frame.Request, '{"\\u0069d":"1"}', '{"id":"1"}'),
    (error.Error, '{"code":24}', '{"code":"BUSY"}'),
    (error.Error, '{"code":"24"}', '{"code":"BUSY"}'),
    (error.Error, '{"text":"\\ud83d\\ude00\\/"}', '{"text":"😀/"}'),
    (ipc.FindToken, '{"hash":"-_8A"}', '{"hash":"+/8A"}'),
    (ipc.FindToken, '{"hash":"_w"}', '{"hash":"/w=="}'),
]


@pytest.mark.parametrize("kind,text,expected", REFUSED_BY_BOTH)
def test_refused_by_both(kind, text, expected):
    assert read_json(kind, [text.encode()]) == [(expected, b"")]
    assert parsed(kind, text) is None


@pytest.mark.parametrize("kind,text,expected", REFUSED_BY_US)
def test_refused_by_us(kind, text, expected):
    assert read_json(kind, [text.encode()]) == [(expected, b"")]
    assert parsed(kind, text) is not None


@pytest.mark.parametrize("kind,text,same", ACCEPTED_BY_BOTH)
def test_accepted_by_both(kind, text, same):
    [(code, data), (_, plain)] = read_json(kind, [text.encode(), same.encode()])
    assert code == "OK" and data.startswith(plain)
    assert kind.FromString(data) == parsed(kind, text) == parsed(kind, same)
