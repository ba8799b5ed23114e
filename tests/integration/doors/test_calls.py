"""HTTP requests as sessions: posts, pages of history, hooks, polls, and their failures."""
import http.client
import json
import threading
import time

import pytest

from kithtest.cli import Kith
from kithtest.pb import PbClient
from kithtest.server import Server
from kithtest.wait import until

PASSWORD = "correct horse battery"
TEXT = {"Content-Type": "text/plain"}
JSON = {"Content-Type": "application/json"}


class Caller:
    """One HTTP connection that is kept; `token` goes with each request."""

    def __init__(self, server, token=None):
        self.link = http.client.HTTPConnection(*server.address, timeout=60)
        self.token = token

    def ask(self, method, path, body=None, headers={}, token=None):
        """Status and JSON."""
        sent = dict(headers)
        if token or self.token:
            sent["Authorization"] = f"Bearer {token or self.token}"
        self.link.request(method, path, body, sent)
        response = self.link.getresponse()
        self.headers = response.headers
        return response.status, json.loads(response.read() or b"null")

    def post(self, to, text, token=None, **more):
        return self.ask("POST", "/v1/messages", json.dumps({"to": to, "text": text, **more}), JSON,
                        token)

    def poll(self, *requests, have=(), wait_ms=0, token=None):
        """The replies; the requests' ids count from 1."""
        status, answer = self.ask("POST", "/v1/poll", json.dumps({
            "requests": [{"id": str(i + 1), **r} for i, r in enumerate(requests)],
            "have": [{"conversation": c, "seq": str(s)} for c, s in have], "waitMs": wait_ms}),
            JSON, token)
        assert status == 200, answer
        return answer["replies"]

    def close(self):
        self.link.close()


@pytest.fixture(scope="module")
def server(shared_database):
    server = Server(shared_database)
    try:
        for name in ("alice", "bob", "carol"):
            server.add_user(name, PASSWORD)
        yield server
    finally:
        server.stop()


@pytest.fixture
def connect(server):
    """Makes callers, and closes them."""
    callers = []

    def make(name=None):
        callers.append(Caller(server, token(server, name) if name else None))
        return callers[-1]
    yield make
    for caller in callers:
        caller.close()


def token(server, name):
    with PbClient(server.address, tls=False) as link:
        link.hello()
        return link.login(name, PASSWORD).token


def texts(replies):
    return [r["event"]["text"] for r in replies if r.get("event", {}).get("kind") == "MESSAGE"]


def waiting(caller, **poll):
    """Polls in a thread; [] until it is answered, then [replies]."""
    answer = []
    thread = threading.Thread(target=lambda: answer.append(caller.poll(**poll)))
    thread.start()
    return thread, answer


def online(server, name):
    with PbClient(server.address, tls=False) as link:
        link.hello()
        link.login("carol", PASSWORD)
        return link.who(name)[name].online


# -- posting ---------------------------------------------------------------------------

def test_a_post_is_stored_when_it_is_answered(server, connect):
    alice = connect("alice")
    status, answer = alice.post("@bob", "stored")
    assert status == 200 and set(answer) == {"conversation", "seq", "timeMs"}
    status, page = alice.ask("GET", f"/v1/conversations/{answer['conversation']}/events"
                             f"?before={int(answer['seq']) + 1}&limit=1")
    assert status == 200
    assert [(e["seq"], e["text"]) for e in page["events"]] == [(answer["seq"], "stored")]


def test_a_repeat_with_its_client_id_is_harmless(connect):
    alice = connect("alice")
    number = str(1 << 62 | time.time_ns())
    first, again = (alice.post("@bob", "once", clientId=number) for _ in range(2))
    assert first == again and first[0] == 200
    for to, text in ("@bob", "twice"), ("@carol", "once"), ("@nobody", "once"):
        status, answer = alice.post(to, text, clientId=number)
        assert (status, answer["error"]["code"]) == (409, "CLIENT_ID_TAKEN")


def test_posts_without_client_ids_are_never_taken_for_repeats(server, connect):
    """Many at once, by both workers."""
    secret = token(server, "alice")
    answers = []

    def post_some(n):
        for i in range(25):
            caller = Caller(server, secret)     # a new connection: perhaps the other worker
            answers.append(caller.post("@alice", f"note {n} {i}"))
            caller.close()
    threads = [threading.Thread(target=post_some, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _ in answers} == {200}
    assert len({answer["seq"] for _, answer in answers}) == 200


@pytest.mark.parametrize("body, headers, status, code", [
    ('{"to":"@nobody","text":"x"}', JSON, 404, "NO_SUCH_USER"),
    ('{"to":"#nowhere","text":"x"}', JSON, 404, "NO_SUCH_GROUP"),
    ('{"to":"999","text":"x"}', JSON, 404, "NO_SUCH_CONVERSATION"),
    ('{"to":"bob","text":"x"}', JSON, 400, "BAD_REQUEST"),
    ('{"to":"@bob"}', JSON, 400, "BAD_REQUEST"),
    ('{"to":"@bob","text":""}', JSON, 400, "BAD_REQUEST"),
    ('{"to":"@bob","text":" \\t\\u2003\\n"}', JSON, 400, "BAD_REQUEST"),
    ('{"to":"@bob","text":7}', JSON, 400, "BAD_REQUEST"),
    ('{"to":"@bob","text":"x","to":"@carol"}', JSON, 400, "BAD_REQUEST"),
    ('{"to":"@bob","text":"x","colour":"red"}', JSON, 400, "UNKNOWN_FIELD"),
    ('{"to":"@bob","text":"x","clientId":"7"}', JSON, 400, "BAD_REQUEST"),
    ('{"to":"@bob","text":"a\\u0000b"}', JSON, 400, "BAD_REQUEST"),
    ('["@bob"]', JSON, 400, "BAD_REQUEST"),
    ("{", JSON, 400, "BAD_REQUEST"),
    (json.dumps({"to": "@bob", "text": "x" * 8001}), JSON, 413, "TOO_LARGE"),
    ("x", {"Content-Type": "text/html"}, 415, "BAD_REQUEST"),
    ("x", {}, 415, "BAD_REQUEST"),
    ("x", TEXT, 400, "BAD_REQUEST"),            # no ?to=
])
def test_a_bad_post_says_why(connect, body, headers, status, code):
    got, answer = connect("alice").ask("POST", "/v1/messages", body, headers)
    assert (got, answer["error"]["code"]) == (status, code)


def test_without_a_token_nothing_is_done(connect):
    stranger = connect()
    for method, path in (("POST", "/v1/messages?to=@bob"), ("GET", "/v1/conversations/1/events")):
        for secret in (None, "A" * 43, "short", "B" * 60):
            status, answer = stranger.ask(method, path, "hello" if method == "POST" else None,
                                          {"Content-Type": "text/plain"}, secret)
            assert (status, answer["error"]["code"]) == (401, "TOKEN_INVALID"), (path, secret)
            assert stranger.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path, status", [
    ("/v1/conversations/x/events", 404), ("/v1/conversations//events", 400),
    ("/v1/conversations/1", 404), ("/v1/conversations/1/other", 404),
    ("/v1/conversations/1/events?after=x", 400), ("/v1/conversations/1/events?after=-1", 400),
    ("/v1/conversations/1/events?before=18446744073709551616", 400),
    ("/v1/conversations/1/events?limit=201", 400), ("/v1/conversations/1/events?limit=1&limit=2", 400),
    ("/v1/conversations/1/events?after=1&before=2", 400), ("/v1/conversations/999/events", 404),
    ("/v1/conversations/1/events?limit=3&other=7", 200)])
def test_pages_are_asked_for_exactly(connect, path, status):
    assert connect("alice").ask("GET", path)[0] == status


def test_a_post_makes_nobody_come_online(server, connect):
    alice = connect("alice")
    assert alice.post("@bob", "from a script")[0] == 200
    assert not online(server, "alice")


# -- hooks ------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def hook(server):
    """The token of a hook into #alarms, of alice's."""
    with PbClient(server.address, tls=False) as link:
        link.hello()
        link.login("alice", PASSWORD)
        link.create_group("alarms", public=True)
        created = link.create_hook("#alarms", "disks")
        yield created.token


@pytest.mark.parametrize("body, headers, text", [
    ("disk full", {"Content-Type": "application/x-www-form-urlencoded"}, "disk full"),
    ("disk full\n", TEXT, "disk full"), ("a\nb\r\n", {}, "a\nb"),
    ('{"text":"by JSON"}', JSON, "by JSON"), ("grün 谢谢".encode(), {}, "grün 谢谢")])
def test_a_hook_posts_to_its_conversation(connect, hook, body, headers, text):
    status, answer = connect().ask("POST", f"/v1/hook/{hook}", body, headers)
    assert status == 200
    _, page = connect("alice").ask("GET", f"/v1/conversations/{answer['conversation']}/events?limit=1")
    assert page["events"][0]["text"] == f"[disks] {text}"
    assert page["events"][0]["seq"] == answer["seq"]


@pytest.mark.parametrize("body, headers, status", [
    ("", {}, 400), ("\n", {}, 400), ("  \u3000\n\n".encode(), {}, 400),
    (b"\xff\xfe", {}, 400), (b"a\0b", {}, 400),
    ("x" * 8001, {}, 413), ("x" * 8000, {}, 413), ('{"text":"x","to":"@bob"}', JSON, 400),
    ("x" * 70000, {}, 413)])
def test_a_hook_takes_texts_alone(connect, hook, body, headers, status):
    assert connect().ask("POST", f"/v1/hook/{hook}", body, headers)[0] == status


def test_a_hook_can_do_nothing_else(server, connect, hook):
    caller = connect()
    assert caller.post("@bob", "x", token=hook)[0] == 401
    assert caller.ask("GET", "/v1/conversations/1/events", token=hook)[0] == 401
    status, answer = caller.ask("POST", "/v1/poll", "{}", JSON, hook)
    assert (status, answer["error"]["code"]) == (401, "TOKEN_INVALID")
    assert caller.ask("POST", f"/v1/hook/{token(server, 'alice')}", "x")[0] == 401
    assert caller.ask("POST", "/v1/hook/" + "A" * 43, "x")[0] == 401
    assert caller.ask("GET", f"/v1/hook/{hook}")[0] == 405


def test_a_hook_makes_nobody_come_online(server, connect, hook):
    with PbClient(server.address, tls=False) as link:
        link.hello()
        link.login("bob", PASSWORD)
        link.join_group("#alarms")
        assert connect().ask("POST", f"/v1/hook/{hook}", "live")[0] == 200
        assert link.wait_text("[disks] live").sender_name == "alice"


# -- polls -------------------------------------------------------------------------------

def test_a_poll_without_news_waits_its_time(connect):
    alice = connect("alice")
    begin = time.monotonic()
    first = alice.poll(wait_ms=300)
    took = time.monotonic() - begin
    assert [body for r in first for body in r] == ["welcome", "loggedIn"]
    assert 0.29 <= took < 10          # its clock and ours differ a little
    assert alice.poll(wait_ms=50) == []         # the same session: no greeting


def test_a_poll_ends_with_the_event(server, connect):
    alice, bob = connect("alice"), connect("bob")
    bob.poll()
    thread, answer = waiting(bob, wait_ms=20000)
    until("bob waits", lambda: online(server, "bob"))
    begin = time.monotonic()
    alice.post("@bob", "wake up")
    thread.join()
    assert texts(answer[0]) == ["wake up"] and time.monotonic() - begin < 10


def test_what_comes_between_two_polls_is_in_the_next(server, connect):
    alice, bob = connect("alice"), connect("bob")
    bob.poll()
    sent = [f"between {n}" for n in range(20)]
    for text in sent:
        alice.post("@bob", text)
    got = []
    while len(got) < len(sent):
        got += texts(bob.poll(wait_ms=20000))
    assert got == sent


def test_too_much_between_two_polls_is_a_resync(make_server):
    server = make_server(output_soft=8192)
    for name in ("alice", "bob"):
        server.add_user(name, PASSWORD)
    alice, bob = Caller(server, token(server, "alice")), Caller(server, token(server, "bob"))
    bob.poll()
    for n in range(12):
        assert alice.post("@bob", str(n) * 1000)[0] == 200
    replies = []
    while not any("resync" in r for r in replies):
        replies += bob.poll(wait_ms=5000)
    assert len(texts(replies)) < 12
    replies = bob.poll({"sync": {"have": []}})      # perhaps with the last of them before it
    got = [r["syncPage"]["events"] for r in replies if "syncPage" in r][0]
    assert len([e for e in got if e.get("text")]) >= 12
    alice.close()
    bob.close()


def test_have_finds_what_another_connection_missed(connect):
    """Each poll by a connection of its own: cursors alone hold it together."""
    alice, secret = connect("alice"), connect("bob").token
    conversation = alice.post("@bob", "begin")[1]["conversation"]
    seq = int(alice.post("@bob", "known")[1]["seq"])
    for n in range(5):
        alice.post("@bob", f"missed {n}")
        bob = connect()
        replies = bob.poll(have=[(conversation, seq)], wait_ms=20000, token=secret)
        bob.close()
        page = [r["syncPage"] for r in replies if "syncPage" in r][0]
        events = [e for e in page["events"] if e["conversation"] == conversation]
        assert [e["text"] for e in events] == [f"missed {n}"]
        seq = int(events[-1]["seq"])


def test_strangers_share_a_connection_and_nothing_else(connect):
    """As behind a proxy: the news of one are never in the answer to another."""
    alice, shared = connect("alice"), connect()
    tokens = {name: connect(name).token for name in ("bob", "carol")}
    shared.poll(token=tokens["bob"])
    alice.post("@bob", "for bob alone")
    replies = shared.poll(token=tokens["carol"])
    assert [r["loggedIn"]["name"] for r in replies if "loggedIn" in r] == ["carol"]
    assert texts(replies) == []
    assert shared.poll({"listSessions": {}})[0]["error"]["code"] == "WRONG_STATE"
    replies = shared.poll(token=tokens["bob"])
    assert [r["loggedIn"]["name"] for r in replies if "loggedIn" in r] == ["bob"]


def test_two_polls_of_one_person_both_hear(server, connect):
    alice, secret = connect("alice"), connect("bob").token
    polls = []
    for _ in range(2):
        caller = connect()
        caller.token = secret
        caller.poll()
        polls.append(waiting(caller, wait_ms=20000))
    alice.post("@bob", "to both")
    for thread, answer in polls:
        thread.join()
        assert texts(answer[0]) == ["to both"]


def test_a_revoked_token_ends_its_waiting_poll(server, connect):
    bob = connect("bob")
    device = [r["loggedIn"]["device"] for r in bob.poll() if "loggedIn" in r][0]
    answer = []
    thread = threading.Thread(target=lambda: answer.append(bob.ask(
        "POST", "/v1/poll", '{"waitMs":20000}', JSON)))
    thread.start()
    other = connect("bob")
    assert other.poll({"revokeSession": {"device": device}})[-1] == {"id": "1", "done": {}}
    thread.join()
    status, body = answer[0]
    assert status == 401 and body["error"]["code"] in ("REVOKED", "TOKEN_INVALID")


def test_logout_is_answered(connect):
    alice = connect("alice")
    assert alice.poll({"logout": {}})[-1] == {"id": "1", "done": {}}
    assert connect().ask("POST", "/v1/poll", "{}", JSON, alice.token)[0] == 401


@pytest.mark.parametrize("body, code", [
    ("", "BAD_REQUEST"), ("[]", "BAD_REQUEST"), ('{"requests":[{"id":1,"nonsense":{}}]}',
                                                  "UNKNOWN_FIELD"),
    ('{"waitMs":25001}', "BAD_REQUEST"), ('{"waitMs":-1}', "BAD_REQUEST"),
    (json.dumps({"requests": [{"id": n + 1, "ping": {}} for n in range(17)]}), "BAD_REQUEST"),
    ('{"requests":[{"id":"18446744073709551615","ping":{}}]}', "BAD_REQUEST")])
def test_a_bad_poll_says_why(connect, body, code):
    status, answer = connect("alice").ask("POST", "/v1/poll", body, JSON)
    assert (status, answer["error"]["code"]) == (400, code)


def test_requests_without_an_id_are_answered_too(connect):
    replies = connect("alice").poll(*[])
    assert replies
    status, answer = connect("alice").ask("POST", "/v1/poll", '{"requests":[{"ping":{}},{}]}', JSON)
    assert status == 200
    assert [r["error"]["code"] for r in answer["replies"] if "error" in r] == ["BAD_REQUEST"] * 2


def test_a_worker_that_dies_ends_the_poll_and_nothing_is_lost(make_server):
    server = make_server(workers=1)
    for name in ("alice", "bob"):
        server.add_user(name, PASSWORD)
    secrets = {name: token(server, name) for name in ("alice", "bob")}
    bob = Caller(server, secrets["bob"])
    bob.poll()
    ended = []

    def wait():
        try:
            bob.poll(wait_ms=20000)
        except (http.client.HTTPException, ConnectionError) as e:
            ended.append(e)
    thread = threading.Thread(target=wait)
    thread.start()
    until("bob is online", lambda: server.sessions())
    old = server.kill("worker")
    thread.join()
    assert ended
    server.wait_replaced("worker", 0, old)
    Caller(server, secrets["alice"]).post("@bob", "after the death")
    again = Caller(server, secrets["bob"])
    replies = again.poll({"sync": {}})
    assert any(e.get("text") == "after the death" for r in replies if "syncPage" in r
               for e in r["syncPage"]["events"])


def test_a_stop_answers_a_waiting_poll(make_server):
    server = make_server()
    server.add_user("bob", PASSWORD)
    bob = Caller(server, token(server, "bob"))
    bob.poll()
    answer = []
    thread = threading.Thread(target=lambda: answer.append(bob.ask(
        "POST", "/v1/poll", '{"waitMs":20000}', JSON)))
    thread.start()
    until("bob is online", lambda: server.sessions())
    server.terminate()
    thread.join()
    status, body = answer[0]
    assert status == 503 and body["error"]["code"] == "SHUTTING_DOWN"
    assert bob.headers["Retry-After"] == "1"


def test_kith_and_a_script_talk(server, connect):
    """The native client on one side, HTTP on the other."""
    kith = Kith()
    try:
        kith.login(server.url(), "carol", PASSWORD)
        alice = connect("alice")
        alice.poll()
        kith.run("send", "@alice", "from the terminal")
        got = []
        while "from the terminal" not in got:
            got += texts(alice.poll(wait_ms=20000))
        alice.post("@carol", "from the script")
        assert any(row.get("text") == "from the script" for row in kith.json("read", "@alice"))
    finally:
        kith.close()
