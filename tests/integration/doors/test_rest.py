"""A whole conversation by curl over TLS, and the answers to its mistakes."""
import json
import os
import subprocess
import threading
import time
from urllib.parse import urlsplit

import pytest

from kithtest import build
from kithtest.pb import PbClient
from kithtest.server import Server
from kithtest.wait import until

PASSWORD = "correct horse battery"
JSON = ("-H", "Content-Type: application/json")
TEXT = ("-H", "Content-Type: text/plain")
WAIT_S = 20                     # a poll's; no test waits so long


@pytest.fixture(scope="module")
def server():
    server = Server(server_name="localhost")
    yield server
    server.stop()


class Curl:
    """Runs curl with a person's token."""

    def __init__(self, server, token=None):
        self.base = f"https://localhost:{server.address[1]}"
        self.token = token
        self.env = {**os.environ, "NO_PROXY": "*",
                    "CURL_CA_BUNDLE": str(server.state / "tls" / "cert.pem")}

    def command(self, path, *more):
        login = ("-H", f"Authorization: Bearer {self.token}") if self.token else ()
        return ["curl", "-sS", *login, *more, "-w", "\n%{http_code}", self.base + path]

    def __call__(self, path, *more, stdin=None):
        """Status, and the JSON that was answered."""
        done = subprocess.run(self.command(path, *more), env=self.env, input=stdin,
                              capture_output=True, timeout=60 * build.PATIENCE)
        assert done.returncode == 0, done.stderr
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status), json.loads(body)

    def good(self, path, *more, stdin=None):
        status, answer = self(path, *more, stdin=stdin)
        assert status == 200, answer
        return answer

    def poll(self, *requests, **more):
        body = {"requests": [{"id": str(i + 1), **r} for i, r in enumerate(requests)], **more}
        return self.good("/v1/poll", *JSON, "-d", json.dumps(body))["replies"]

    def ask(self, kind, **body):
        """One request: the reply's body."""
        [reply] = [r for r in self.poll({kind: body}) if r.get("id") == "1"]
        [name] = set(reply) - {"id"}
        return reply[name]

    def post(self, to, text, **more):
        return self.good("/v1/messages", *JSON, "-d", json.dumps({"to": to, "text": text, **more}))

    def events(self, conversation, **query):
        words = "&".join(f"{k}={v}" for k, v in query.items())
        return self.good(f"/v1/conversations/{conversation}/events?{words}")["events"]


def register(server, name):
    invite = urlsplit(server.invite()).path.strip("/")
    curl = Curl(server)
    reply = curl.good("/v1/login", *JSON, "-d", json.dumps({"id": "1", "registerAccount": {
        "name": name, "password": PASSWORD, "invite": invite, "deviceName": "curl"}}))
    assert reply["loggedIn"]["name"] == name
    return Curl(server, reply["loggedIn"]["token"])


@pytest.fixture(scope="module")
def people(server):
    return register(server, "alice"), register(server, "bob")


def test_a_conversation(server, people):
    alice, bob = people
    made = alice.ask("createGroup", name="tea", topic="Kettles", public=True)
    group = made["conversation"]["id"]
    assert bob.ask("joinGroup", target={"group": "tea"})["conversation"]["id"] == group
    said = "Grüße, 你好, 안녕 \U0001f600 \u2028 \"quoted\" \\"
    first = alice.post("#tea", said)
    assert first["conversation"] == group
    private = bob.post("@alice", "only you")
    second = bob.post(group, "by number")
    assert int(second["seq"]) == int(first["seq"]) + 1
    plain = alice.good("/v1/messages?to=%23tea", *TEXT, "-d", "as it is: {\"to\":\"@bob\"}")
    assert [(e["senderName"], e["text"]) for e in alice.events(group, after=int(first["seq"]) - 1)] \
        == [("alice", said), ("bob", "by number"), ("alice", "as it is: {\"to\":\"@bob\"}")]
    assert bob.events(group, before=plain["seq"], limit=1)[0]["text"] == "by number"
    assert [e["text"] for e in alice.events(private["conversation"], limit=1)] == ["only you"]
    assert alice.ask("markRead", conversation=group, seq=plain["seq"]) == {}
    listed = alice.ask("listConversations")["conversations"]
    assert [c.get("readSeq") for c in listed if c["id"] == group] == [plain["seq"]]
    bob.ask("leaveGroup", target={"group": "tea"})
    status, answer = bob("/v1/messages", *JSON, "-d", '{"to":"#tea","text":"too late"}')
    assert (status, answer["error"]["code"]) == (403, "NOT_MEMBER")


def test_a_waiting_curl_is_told_at_once(server, people):
    """In its own process, as a script would."""
    alice, bob = people
    alice.post("@bob", "known")
    page = bob.ask("sync", have=[])
    assert "more" not in page
    have = [{"conversation": p["conversation"], "seq": p["sentSeq"]} for p in page["positions"]]
    begin = time.monotonic()
    waiting = subprocess.Popen(
        bob.command("/v1/poll", *JSON, "-d", json.dumps({"have": have, "waitMs": WAIT_S * 1000})),
        env=bob.env, stdout=subprocess.PIPE)
    until("bob is online", lambda: alice.ask("who", names=["bob"])["users"][0].get("online"))
    alice.post("@bob", "wake up")
    out = waiting.communicate(timeout=60 * build.PATIENCE)[0].decode()
    assert out.endswith("\n200")
    assert out.count('"wake up"') == 1 and '"known"' not in out
    assert time.monotonic() - begin < WAIT_S


def test_two_polls_on_one_connection_are_one_session(people):
    """curl keeps its connection from one URL to the next: what came between is in the second."""
    alice, _ = people
    poll = [*JSON, "-d", "{}", alice.base + "/v1/poll"]
    note = [*JSON, "-d", '{"to":"@alice","text":"between"}', alice.base + "/v1/messages"]
    login = ["-H", f"Authorization: Bearer {alice.token}"]
    done = subprocess.run(["curl", "-sS", *login, *poll, "--next", "-sS", *login, *poll],
                          env=alice.env, capture_output=True, text=True, check=True)
    first, second = map(json.loads, done.stdout.splitlines())
    assert [list(r)[0] for r in first["replies"]] == ["welcome", "loggedIn"]
    assert second == {"replies": []}
    # A post in between has a session of its own, and so has the poll after it.
    done = subprocess.run(["curl", "-sS", *login, *poll, "--next", "-sS", *login, *note, "--next",
                           "-sS", *login, *poll],
                          env=alice.env, capture_output=True, text=True, check=True)
    assert [list(r)[0] for r in json.loads(done.stdout.splitlines()[2])["replies"]] == \
        ["welcome", "loggedIn"]


def test_a_repeat_is_harmless_from_many_at_once(people):
    """As by `curl --retry`, but all at the same time and by both workers."""
    alice, _ = people
    answers = []

    def repeat():
        answers.append(alice.post("@bob", "once", clientId=str(1 << 62 | 4711)))
    threads = [threading.Thread(target=repeat) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8 and all(answer == answers[0] for answer in answers)
    texts = [e.get("text") for e in alice.events(answers[0]["conversation"], limit=200)]
    assert texts.count("once") == 1


def test_a_hook_from_a_pipe(server, people, tmp_path):
    alice, _ = people
    made = alice.ask("createHook", target={"user": "bob"}, name="disks")
    hook = Curl(server)
    path = f"/v1/hook/{made['token']}"
    report = tmp_path / "report"
    report.write_text("line one\nline two\n")
    posted = [hook.good(path, "-d", "disk full"),
              hook.good(path, "--data-binary", "@-", stdin=b"from a pipe\n"),
              hook.good(path, "--data-binary", f"@{report}"),
              hook.good(path, "--json", '{"text":"by --json"}')]
    events = alice.events(posted[0]["conversation"], after=int(posted[0]["seq"]) - 1)
    assert [e["text"] for e in events] == ["[disks] disk full", "[disks] from a pipe",
                                           "[disks] line one\nline two", "[disks] by --json"]
    assert [e["seq"] for e in events] == [p["seq"] for p in posted]
    hooks = [s for s in alice.ask("listSessions")["sessions"] if s.get("hook")]
    assert alice.ask("revokeSession", device=hooks[0]["device"]) == {}
    assert hook(path, "-d", "too late")[0] == 401


def test_the_pages_cookie_by_curl(server, people, tmp_path):
    """As the page logs in: curl's own rules for `__Host-` hold, and no token is in the answer."""
    jar = tmp_path / "jar"
    curl = Curl(server)
    page = ("-H", f"Origin: {curl.base}")
    body = json.dumps({"id": "1", "loginPassword": {"name": "alice", "password": PASSWORD}})
    cookies = ("-b", str(jar), "-c", str(jar))
    reply = curl.good("/v1/login", *page, *JSON, *cookies, "-d", body)
    assert reply["loggedIn"]["name"] == "alice" and not reply["loggedIn"].get("token")
    kept = jar.read_text()
    assert "#HttpOnly_localhost\tFALSE\t/\tTRUE\t" in kept and "\t__Host-kith\t" in kept

    status, answer = curl("/v1/poll", *cookies, *JSON, "-d", '{"requests":[{"id":1,"who":{}}]}')
    assert answer["replies"][0]["error"]["code"] == "WRONG_STATE"       # no Origin: no cookie
    replies = curl.good("/v1/poll", *page, *cookies, *JSON, "-d", "{}")["replies"]
    assert replies[1]["loggedIn"]["name"] == "alice"
    assert curl("/v1/logout", *cookies, "-X", "POST")[0] == 403
    foreign = ("-H", "Origin: https://evil.example")
    assert curl("/v1/logout", *foreign, *cookies, "-X", "POST")[0] == 403
    secret = kept.split("\t__Host-kith\t")[1].split()[0]
    assert curl.good("/v1/logout", *page, *cookies, "-X", "POST") == {}
    assert "__Host-kith" not in jar.read_text()
    assert Curl(server, secret)("/v1/poll", "-d", "{}")[0] == 401
    # Again, and with a cookie that is none: gone is gone.
    assert curl.good("/v1/logout", *page, "-b", f"__Host-kith={secret}", "-X", "POST") == {}


@pytest.mark.parametrize("body, headers, status, code", [
    ('{"id":1,"loginPassword":{"name":"alice","password":"wrong"}}', JSON, 401, "AUTH_FAILED"),
    ('{"id":1,"loginPassword":{"name":"nobody","password":"wrong"}}', JSON, 401, "AUTH_FAILED"),
    ('{"id":1,"loginPassword":{}}', JSON, 400, "BAD_REQUEST"),
    ('{"id":1,"registerAccount":{"name":"carol","password":"correct horse battery"}}', JSON, 403,
     "INVITE_INVALID"),
    ('{"id":1,"loginToken":{"token":"x"}}', JSON, 400, "BAD_REQUEST"),
    ('{"id":1,"ping":{}}', JSON, 400, "BAD_REQUEST"), ('{"id":1}', JSON, 400, "BAD_REQUEST"),
    ('{"id":1,"nonsense":{}}', JSON, 400, "UNKNOWN_REQUEST"), ("{", JSON, 400, "BAD_REQUEST"),
    ("x" * 5000, JSON, 413, "TOO_LARGE")])
def test_a_bad_login_says_why(server, people, body, headers, status, code):
    for page in ((), ("-H", f"Origin: https://localhost:{server.address[1]}")):
        got, answer = Curl(server)("/v1/login", *headers, *page, "-d", body)
        assert (got, answer["error"]["code"]) == (status, code)


def test_a_page_must_say_that_it_sends_json(server, people):
    """What a form of another page could send without asking is never a login."""
    body = json.dumps({"id": "1", "loginPassword": {"name": "alice", "password": PASSWORD}})
    page = ("-H", f"Origin: https://localhost:{server.address[1]}")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json-not", "",
                 "multipart/form-data; boundary=x"):
        assert Curl(server)("/v1/login", *page, "-H", f"Content-Type: {kind}", "-d", body)[0] == 415


@pytest.mark.parametrize("args, status, allow", [
    (("/v1/poll",), 405, "POST, OPTIONS"), (("/v1/messages", "-X", "PUT"), 405, "POST, OPTIONS"),
    (("/v1/conversations/1/events", "-d", ""), 405, "GET, HEAD, OPTIONS"),
    (("/v1/logout",), 405, "POST, OPTIONS"), (("/v1/nothing",), 404, None),
    (("/v1/hook/", "-d", "x"), 405, None), (("/v1/hook/short", "-d", "x"), 401, None),
    (("/v1/messages", "-H", "Content-Type: text/html", "-d", "x"), 415, None),
    (("/v1/messages", *JSON, "-d", "x" * 65537), 413, None)])
def test_the_status_is_https_own(server, people, args, status, allow):
    alice, _ = people
    got, answer = alice(*args)
    assert got == status and set(answer["error"]) == {"code", "text"}
    if allow:
        done = subprocess.run(["curl", "-sS", "-o", os.devnull, "-D", "-", *args[1:],
                               alice.base + args[0]], env=alice.env, capture_output=True, text=True,
                              check=True)
        assert f"\nAllow: {allow}\n" in done.stdout


def test_a_rate_is_told_with_the_time_to_wait():
    server = Server(server_name="localhost", send_rate=1, send_burst=3)
    try:
        server.add_user("alice", PASSWORD)
        with PbClient(server.address, tls=False) as link:
            link.hello()
            alice = Curl(server, link.login("alice", PASSWORD).token)
        one = [*alice.command("/v1/messages", *JSON, "-d", '{"to":"@alice","text":"x"}', "-D", "-")]
        many = [arg for _ in range(5) for arg in ("--next", *one[1:])][1:]
        done = subprocess.run(["curl", *many], env=alice.env, capture_output=True, text=True,
                              check=True)
        heads = [part for part in done.stdout.split("HTTP/1.1 ")[1:]]
        assert [head[:3] for head in heads] == ["200"] * 3 + ["429"] * 2
        assert all("Retry-After: 1\n" in head and "RATE_LIMITED" in head for head in heads[3:])
    finally:
        server.stop()
