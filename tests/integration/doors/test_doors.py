"""Every request, in every state of a session, at every door: the same answer.

Each door has a server of its own, on which the same things are asked in the same order; what
they answered is compared line by line. So also numbers must agree: users, conversations, seqs.
"""
import pytest

from kithtest.doors import DOORS, HELLO
from kithtest.schema import frame
from kithtest.server import Server

PASSWORD = "correct horse battery"
STATES = ("connected", "greeted", "ready")
TEA = {"group": "tea"}
DIRECT = str(1 << 62 | 1 << 31 | 2)             # alice and bob
LONG = "x" * 9000

# What differs from run to run: times, secrets.
VARIES = {"timeMs", "createdMs", "usedMs", "sinceMs", "token", "history"}

# Body of Request: what is asked of it, in this order. Each is asked in all states.
REQUESTS = {
    "hello": [{"versionMin": 1, "versionMax": 1}, {"versionMin": 2, "versionMax": 9}, {},
              {"versionMin": 1, "versionMax": 1, "client": "x" * 65},
              {"versionMin": 1, "versionMax": 1, "features": ["x"] * 17}],
    "registerAccount": [{}, {"name": "carol", "password": "short"},
                        {"name": "car ol", "password": PASSWORD},
                        {"name": "bob", "password": PASSWORD, "deviceName": "x" * 65},
                        {"name": "carol", "password": PASSWORD, "displayName": "x" * 129},
                        {"name": "carol", "password": PASSWORD, "invite": "A" * 22},
                        {"name": "carol", "password": LONG[:3000]}],
    "checkInvite": [{}, {"name": "bob"}, {"name": "car ol"}, {"name": "\u0130smail"},
                    {"name": "admin"}, {"name": "carol", "invite": "A" * 22}, {"name": "dave"},
                    {"invite": LONG[:3000]}],
    "loginPassword": [{}, {"name": "bob", "password": "wrong"}, {"name": "nobody", "password": "x"},
                      {"name": "bob", "password": PASSWORD, "deviceName": "x" * 65},
                      {"name": "BOB", "password": PASSWORD, "deviceName": "phone"}],
    "loginToken": [{"token": "A" * 43}, {"token": "short"}, {}],
    "createGroup": [{"name": "tea", "topic": "Kettles", "public": True}, {"name": "tea"}, {},
                    {"name": "secret"}, {"name": "x" * 40}, {"name": "ok", "topic": "x" * 300}],
    "joinGroup": [{"target": TEA}, {"target": {"group": "nowhere"}}, {}, {"target": {}},
                  {"target": {"user": "bob"}}, {"target": {"conversation": "999"}}],
    "inviteToGroup": [{"target": TEA, "user": "bob"}, {"target": TEA, "user": "nobody"},
                      {"target": {"group": "nowhere"}, "user": "bob"}, {"user": "bob"}],
    # Before alice has DEVICES_PER_USER_MAX devices: which one goes then depends on when the others
    # were used, and a poll uses its device once more than a connection.
    "createHook": [{"target": TEA, "name": "disks"}, {"target": TEA}, {"name": "disks"},
                   {"target": TEA, "name": " "}, {"target": TEA, "name": "x" * 65}, {"target": {"group": "nowhere"}, "name": "x"}],
    "listSessions": [{}],
    "send": [{"targets": [TEA], "text": "hello", "clientId": "FRESH"},
             {"targets": [TEA], "text": "hello again", "clientId": "SAME"},
             {"targets": [{"user": "bob"}, TEA, {"user": "nobody"}], "text": "to three",
              "clientId": "FRESH"},
             {"targets": [TEA], "clientId": "FRESH"}, {"text": "x", "clientId": "FRESH"},
             {"targets": [TEA], "text": " \t\n\u3000", "clientId": "FRESH"},
             {"targets": [TEA, {"group": "TEA"}, {"conversation": "2"}], "text": "once",
              "clientId": "FRESH"},
             {"targets": [TEA], "text": LONG, "clientId": "FRESH"},
             {"targets": [TEA], "text": "x", "clientId": "12345"}, {"targets": [TEA], "text": "x"},
             {"targets": [{}], "text": "x", "clientId": "FRESH"},
             {"targets": [{"user": "alice"}], "text": "to oneself", "clientId": "FRESH"}],
    "history": [{"target": TEA}, {"target": TEA, "after": "1", "limit": 2},
                {"target": TEA, "before": "3", "limit": 1}, {"target": {"user": "bob"}}, {},
                {"target": TEA, "after": "1", "before": "2"}, {"target": TEA, "limit": 201},
                {"target": {"conversation": "4"}}, {"target": {"group": "nowhere"}}],
    "sync": [{}, {"limit": 2}, {"have": [{"conversation": "1", "seq": "1"}]},
             {"have": [{"conversation": "999", "seq": "1"}]}, {"limit": 300}],
    "markRead": [{"conversation": "2", "seq": "2"}, {"conversation": "2", "seq": "1"},
                 {"conversation": "999", "seq": "1"}, {}, {"conversation": "2", "seq": "999"}],
    "listConversations": [{}, {"limit": 1}, {"ids": ["2", "999"]}, {"limit": 999}],
    "listGroups": [{}, {"limit": 1}, {"after": "2"}],
    "listMembers": [{"target": TEA}, {"target": TEA, "limit": 1}, {},
                    {"target": {"user": "bob"}}, {"target": {"group": "nowhere"}}],
    "who": [{}, {"names": ["bob", "alice"]}, {"names": ["nobody"]}, {"names": ["x"] * 201}],
    "typing": [{"conversation": "2"}, {"conversation": DIRECT}, {"conversation": "999"}, {},
               {"conversation": "2", "name": "bob"}],
    "revokeSession": [{"device": "999"}, {}],
    "changePassword": [{}, {"oldPassword": "wrong", "newPassword": PASSWORD},
                       {"oldPassword": PASSWORD, "newPassword": "short"},
                       {"oldPassword": PASSWORD, "newPassword": PASSWORD}],
    "ping": [{}],
    "pong": [{}],
    "leaveGroup": [{"target": TEA}, {"target": TEA}, {"target": {"group": "nowhere"}}, {}],
    "logout": [{}],
}


def test_every_request_is_asked():
    bodies = frame.Request.DESCRIPTOR.oneofs_by_name["body"].fields
    assert {field.json_name for field in bodies} == set(REQUESTS)


def steady(value):
    """Without what varies."""
    if isinstance(value, dict):
        return {k: "*" if k in VARIES else steady(v) for k, v in value.items()}
    return [steady(v) for v in value] if isinstance(value, list) else value


class Visitor:
    """Asks at one door."""

    def __init__(self, door, server):
        self.door, self.server = door, server
        self.ids = 0

    def enter(self, state):
        link = self.door(self.server)
        if state != "connected":
            assert "welcome" in link.ask(HELLO, 1)
        if state == "ready":
            answer = link.ask({"loginPassword": {"name": "alice", "password": PASSWORD,
                                                 "deviceName": "doors"}}, 2)
            assert "loggedIn" in answer
        return link

    def filled(self, body):
        """Client ids of no device: the same at each door."""
        if body.get("clientId") not in ("FRESH", "SAME"):
            return body
        if body["clientId"] == "FRESH":
            self.ids += 10
        return {**body, "clientId": str(1 << 62 | 1000 + self.ids)}

    def ask(self, state, name, body):
        link = self.enter(state)
        try:
            ask = link.ask_silent if name == "pong" else link.ask
            return steady(ask({name: self.filled(body)}))
        finally:
            link.close()

    def transcript(self):
        lines = {}
        for name, bodies in REQUESTS.items():
            for state in STATES:
                for number, body in enumerate(bodies):
                    # Over what a stranger may send, each door has its own last word.
                    if LONG in body.values() and state != "ready":
                        continue
                    lines[name, state, number] = self.ask(state, name, body)
        return lines


@pytest.fixture(scope="module")
def transcripts():
    """What each door answered, by its name."""
    found = {}
    for door in DOORS:
        server = Server(workers=1, login_failures=1000, registration="open")
        try:
            for name in ("alice", "bob"):
                server.add_user(name, PASSWORD)
            found[door.name] = Visitor(door, server).transcript()
        finally:
            server.stop()
    return found


@pytest.mark.takes(400)
@pytest.mark.parametrize("name", list(REQUESTS))
def test_each_door_answers_the_same(transcripts, name):
    native = transcripts["native"]
    for door in DOORS[1:]:
        for key, answer in transcripts[door.name].items():
            if key[0] == name:
                asked = REQUESTS[name][key[2]]
                assert answer == native[key], f"{name} {asked} when {key[1]}, by {door.name}"


def test_states_matter(transcripts):
    """What is compared is not one refusal over and over."""
    kinds = {}
    for (name, state, _), answer in transcripts["native"].items():
        body = next(iter(set(answer or {}) - {"id"}), "none")
        kinds.setdefault(state, set()).add((answer or {}).get("error", {}).get("code", body))
    assert kinds["connected"] == {"welcome", "VERSION", "BAD_REQUEST", "WRONG_STATE"}
    assert {"loggedIn", "pong", "AUTH_FAILED", "INVITE_INVALID", "NAME_INVALID",
            "TOKEN_INVALID"} <= kinds["greeted"]
    assert {"sent", "historyPage", "syncPage", "joined", "members", "presences", "hookCreated",
            "done", "conversations", "sessions", "NO_SUCH_GROUP", "NO_SUCH_USER", "NOT_MEMBER",
            "TOO_LARGE", "WRONG_STATE", "none"} <= kinds["ready"]
