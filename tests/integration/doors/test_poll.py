"""Long polling as a client uses it: a conversation with a native client over connections that are cut
at every point. Only cursors (`have`) and client ids keep it complete and free of duplicates."""
import http.client
import json
import threading

import pytest

from kithtest import build
from kithtest.pb import PbClient
from kithtest.schema import message, session
from kithtest.server import Server
from kithtest.ws import WsLink

PASSWORD = "correct horse battery"
ROUNDS = 40
FREE_ID = 1 << 62               # clientId: any number of ours beside it


class Poller:
    """What a client must keep: its token, its cursors, and what it has sent without an answer."""

    def __init__(self, server, token):
        self.server, self.token = server, token
        self.link = None
        self.have = {}          # conversation: seq
        self.got = {}           # conversation: texts, in their order
        self.unanswered = []    # Sends
        self.sends = 0
        self.logins = 0

    def begin(self):
        """All that there is: `have` needs something to begin with."""
        self.take(self.poll(requests=[{"id": "1", "sync": {}}]))
        assert self.have

    # -- one poll ----------------------------------------------------------------

    def post(self, **body):
        """Asks; the answer is to be read, or not."""
        if self.link is None:
            self.link = http.client.HTTPConnection(*self.server.address, timeout=60)
        body["have"] = [{"conversation": c, "seq": str(s)} for c, s in self.have.items()]
        self.link.request("POST", "/v1/poll", json.dumps(body), {
            "Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})

    def read(self):
        response = self.link.getresponse()
        answer = json.loads(response.read())
        assert response.status == 200, answer
        return answer.get("replies", [])

    def poll(self, **body):
        self.post(**body)
        return self.read()

    def cut(self):
        """The connection goes, with whatever was on its way."""
        self.link.close()
        self.link = None

    # -- what came -----------------------------------------------------------------

    def take(self, replies):
        for reply in replies:
            self.logins += "loggedIn" in reply
            assert "error" not in reply, reply
            if "event" in reply:
                self.take_event(reply["event"])
            for event in reply.get("syncPage", {}).get("events", []):
                self.take_event(event)
            for place in reply.get("syncPage", {}).get("positions", []):
                self.move(place["conversation"], int(place["sentSeq"]))
            if "sent" in reply:
                self.unanswered = [s for s in self.unanswered if s["id"] != reply["id"]]

    def take_event(self, event):
        """What is known is passed over; after a gap nothing counts, the next Sync brings it."""
        place, seq = event["conversation"], int(event["seq"])
        if seq != self.have.get(place, 0) + 1:
            return
        self.move(place, seq)
        if event["kind"] == "MESSAGE":
            self.got.setdefault(place, []).append(event["text"])

    def move(self, place, seq):
        self.have[place] = max(seq, self.have.get(place, 0))

    # -- what it does ----------------------------------------------------------------

    def say(self, to, text):
        """In the outbox until it is answered; each poll sends all of it, in its order."""
        self.sends += 1
        self.unanswered.append({"id": str(100 + self.sends), "send": {
            "targets": [to], "text": text, "clientId": str(FREE_ID | self.sends)}})

    def exchange(self, wait_ms=0):
        self.take(self.poll(requests=self.unanswered, waitMs=wait_ms))


@pytest.fixture
def server(database):
    server = Server(database)
    try:
        for name in ("alice", "bob"):
            server.add_user(name, PASSWORD)
        yield server
    finally:
        server.stop()


def enter(server, name):
    link = PbClient(server.address, tls=False)
    link.hello()
    return link, link.login(name, PASSWORD).token


def messages(link, conversation):
    """The conversation's texts, as the store has them."""
    texts, after = [], 0
    while True:
        page = link.history(conversation, after=after, limit=200)
        texts += [event.text for event in page.events if event.kind == message.MESSAGE]
        if not page.events:
            return texts
        after = page.events[-1].seq


def talk(server, cuts):
    """alice by frames, bob by polls: each round both speak, in a group and to each other, while
    `cuts` does something to bob's connection."""
    alice, _ = enter(server, "alice")
    bob_link, token = enter(server, "bob")
    group = str(alice.create_group("poll", public=True).id)
    bob_link.join_group("#poll")
    direct = str(alice.send("@bob", "0 alice")[0].conversation)
    bob_link.close()
    bob = Poller(server, token)
    bob.begin()
    for n in range(1, ROUNDS):
        bob.say({"group": "poll"}, f"{n} bob")
        bob.say({"user": "alice"}, f"{n} bob")
        cuts(bob, n, lambda: alice.send(["#poll", "@bob"], f"{n} alice"))
        bob.exchange()
    bob.exchange()
    assert not bob.unanswered
    for place in (group, direct):
        stored = messages(alice, int(place))
        for who, first in (("alice", 0 if place == direct else 1), ("bob", 1)):
            assert [t for t in stored if t.endswith(who)] == \
                [f"{n} {who}" for n in range(first, ROUNDS)]
        assert bob.got[place] == stored
    heard = {event.text for event in (reply.event for reply in alice.news) if event.text}
    assert {f"{n} bob" for n in range(1, ROUNDS - 1)} <= heard
    alice.close()
    return bob


def cut_in_turn(bob, n, speak):
    """Each time at another moment."""
    if n % 5 == 0:                              # never
        speak()
    elif n % 5 == 1:                            # between two polls
        speak()
        bob.cut()
    elif n % 5 == 2:                            # while it waits for news
        bob.exchange()
        bob.post(waitMs=20000)
        speak()
        bob.cut()
    elif n % 5 == 3:                            # with requests on their way
        bob.post(requests=bob.unanswered)
        bob.cut()
        speak()
    else:                                       # half-way through the answer
        speak()
        bob.post(requests=bob.unanswered)
        bob.link.sock.recv(100)
        bob.cut()


def test_nothing_is_lost_or_doubled_by_cut_connections(server):
    bob = talk(server, cut_in_turn)
    assert bob.logins > ROUNDS * 3 // 5


def test_one_connection_holds_one_session(server):
    bob = talk(server, lambda bob, n, speak: speak())
    assert bob.logins == 1


def test_a_waiting_poll_hears_each_word_at_once(server):
    """The news end the waiting, one after the other: no poll waits its time out."""
    def wait(bob, n, speak):
        bob.exchange()
        thread = threading.Thread(target=bob.exchange, args=(20000,))
        thread.start()
        speak()
        thread.join(15 * build.PATIENCE)
        assert not thread.is_alive()
    assert talk(server, wait).logins == 1


def test_an_upgrade_does_not_inherit_the_session_of_a_poll(server):
    """Behind a proxy strangers share a connection: the next one begins as nobody."""
    _, token = enter(server, "alice")
    body = json.dumps({"requests": [{"id": "1", "sync": {}}]}).encode()
    poll = "\r\n".join(("POST /v1/poll HTTP/1.1", "Host: {}:{}".format(*server.address),
                        "Content-Type: application/json", f"Authorization: Bearer {token}",
                        f"Content-Length: {len(body)}")).encode() + b"\r\n\r\n" + body
    with WsLink(server.address, ahead=poll) as link:
        link.hello()
        assert link.call(2, list_sessions=session.ListSessions()).kind == "error"
        assert link.login(token).kind == "logged_in"


def again_if_cut(poller, ask):
    """On a new connection if the one that was kept has gone."""
    try:
        return ask()
    except (http.client.HTTPException, ConnectionError):
        poller.cut()
        return poller.exchange()


def test_workers_that_die_lose_nothing(make_server):
    """Both talk by polls, whose connections are of whichever worker takes them; both workers die,
    again and again, with requests on their way."""
    server = make_server(workers=2)
    for name in ("alice", "bob"):
        server.add_user(name, PASSWORD)
    pollers = {}
    for name in ("alice", "bob"):
        link, token = enter(server, name)
        link.close()
        pollers[name] = Poller(server, token)
        pollers[name].begin()
    for n in range(12):
        for name, other in (("alice", "bob"), ("bob", "alice")):
            poller = pollers[name]
            poller.say({"user": other}, f"{n} {name}")
            again_if_cut(poller, lambda p=poller: p.post(requests=p.unanswered))
        if n % 3 == 0:
            index = n // 3 % 2
            server.wait_replaced("worker", index, server.kill("worker", index))
        for poller in pollers.values():
            if poller.unanswered:
                again_if_cut(poller, lambda p=poller: p.take(p.read()))
    for poller in pollers.values():
        again_if_cut(poller, poller.exchange)
        assert not poller.unanswered
        [texts] = poller.got.values()
        for name in pollers:
            assert [t for t in texts if t.endswith(name)] == [f"{n} {name}" for n in range(12)]
