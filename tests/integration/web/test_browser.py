"""The page in Debian's Chromium, as people use it. The scenarios are in tests/browser.

What the page shows does not depend on the database: SQLite alone.
"""
import json
import os
import subprocess
import threading
import time

import pytest

from kithtest import build
from kithtest.browser import PASSWORD, PICTURES, SCENARIOS, Scenario
from kithtest.pb import KithError, PbClient
from kithtest.schema import session
from kithtest.server import Server

LIVE_MS = 200           # the median until others see a message
TASK_MS = 200           # the longest time that the page doesn't answer to a key
LINES = 5000            # of the long log


@pytest.fixture
def server():
    one = Server()
    yield one
    one.stop()


@pytest.fixture
def world(server, make_kith):
    """world("alice", "bob"): accounts; a kith that is logged in for each."""
    def make(*names):
        kiths = []
        for name in names:
            server.add_user(name, PASSWORD)
            kith = make_kith()
            kith.login(server.url(), name, PASSWORD)
            kiths.append(kith)
        return kiths
    return make


def talk(group, *kiths):
    """A group that all are in; the first makes it."""
    kiths[0].run("group", "create", group)
    for kith in kiths[1:]:
        kith.run("group", "join", group)


class Attacker:
    """Says what no page lets a person say, by the native door; the victim is in its groups."""

    def __init__(self, server, victim):
        self.client, self.victim = (PbClient(server.address) for _ in range(2))
        for client, name in ((self.client, "mallory"), (self.victim, victim)):
            client.hello()
            client.login(name, PASSWORD)

    def accepted(self, deed, things):
        """Those for which deed(thing) is not refused."""
        done = []
        for thing in things:
            try:
                deed(thing)
            except KithError as refusal:
                assert refusal.code in ("BAD_REQUEST", "NAME_INVALID", "NAME_TAKEN",
                                        "NAME_TOO_LONG", "NAME_RESERVED"), refusal
            else:
                done.append(thing)
        return done

    def group(self, name, topic=""):
        self.client.create_group(name, topic, public=True)
        self.victim.join_group(f"#{name}")

    def post(self, group, texts):
        """The texts that were taken, in a group of their own."""
        self.group(group)
        return self.accepted(lambda text: self.client.send(f"#{group}", text), texts)

    def topics(self, topics):
        """The topics that were taken, of groups topic0 and so on; a refused one uses up no number."""
        taken = []
        for topic in topics:
            taken += self.accepted(lambda one: self.group(f"topic{len(taken)}", one), [topic])
        return taken

    def names(self, names):
        """The names that a group may have."""
        return self.accepted(self.group, names)


def test_message_is_seen_at_once(server, world):
    """Two browsers and one kith in a group."""
    carol = world("alice", "bob", "carol")
    talk("#tea", *carol)
    figures = Scenario(server, carol).play("live", bound_ms=LIVE_MS)
    print(figures)
    assert figures["messages"] >= 30


@pytest.mark.takes(240)
def test_nothing_is_lost_or_doubled(server, world):
    kiths = world("alice", "bob", "carol")
    talk("#tea", *kiths)
    print(Scenario(server, kiths).play("cuts"))


@pytest.mark.parametrize("module", ["link", "loader", "outbox", "state", "text"])
def test_a_module_alone(module):
    """In node, with a clock and a document of its own."""
    done = subprocess.run(["node", str(SCENARIOS / f"{module}_unit.mjs")], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["passed"]) >= 8


def test_no_message_stops_the_others(server, world):
    talk("#tea", *world("alice", "bob", "carol"))
    Scenario(server).play("outbox")


class Flood:
    """bob sends beside the browser: "NAME number ms", `rate` a second (0: as fast as it goes)."""

    def __init__(self, server):
        self.bob, self.alice = (PbClient(server.address) for _ in range(2))
        for client, name in ((self.bob, "bob"), (self.alice, "alice")):
            client.hello()
            client.login(name, PASSWORD)

    def verbs(self):
        return {"flood": self.flood, "flooded": self.flooded, "unread": self.unread}

    def flood(self, to, name, count, rate):
        self.result = {}
        self.thread = threading.Thread(target=self.run, args=(to, name, count, rate))
        self.thread.start()

    def run(self, to, name, count, rate):
        begin = time.monotonic()
        for n in range(count):
            if rate:
                time.sleep(max(0.0, begin + n / rate - time.monotonic()))
            text = f"{name} {n} {time.time_ns() // 1000000}"
            self.bob.send(to, text)
            self.result = {"count": n + 1, "last": text}

    def flooded(self):
        self.thread.join()
        return self.result

    def unread(self, group):
        return next(c.unread for c in self.alice.conversations().values()
                    if f"#{c.name}" == group)


def test_bursts_and_coming_back(server, world):
    kiths = world("alice", "bob")
    talk("#tea", *kiths)
    talk("#books", *kiths)
    talk("#news", *reversed(kiths))
    print(Scenario(server, verbs=Flood(server).verbs()).play(
        "unread", rate=300, seconds=build.scaled(2, 5, 30)))


def test_manners(server, world):
    kiths = {kith.name: kith for kith in world("alice", "bob", "carol", "dora")}
    talk("#tea", kiths["alice"], kiths["dora"])

    def revoke(name):
        """Ends all sessions of an account, as another device of its user does."""
        with PbClient(server.address) as client:
            client.hello()
            client.login(name, PASSWORD)
            for one in client.sessions().values():
                if not one.current:
                    client.call(revoke_session=session.RevokeSession(device=one.device))

    def group(name, group):
        """The id of a new public group of somebody."""
        with PbClient(server.address) as client:
            client.hello()
            client.login(name, PASSWORD)
            client.create_group(group, "", public=True)
            return str(next(c.id for c in client.conversations().values() if c.name == group))
    verbs = {"invite": server.invite_link, "revoke": revoke, "group": group}
    Scenario(server, kiths.values(), verbs=verbs).play("manners")


def test_a_restored_backup(server, world, tmp_path):
    """Two pages stay: they drop what is gone, show what is new, and say so."""
    kiths = world("alice", "bob", "carol")
    server.expect(r"history\.changed")
    talk("#tea", *kiths)
    talk("#books", *kiths)
    copy = tmp_path / "kith.db"
    Scenario(server, kiths, verbs={"backup": lambda: server.backup(copy),
                                   "restore": lambda: server.restore(copy)}).play("restored")


LONG_NAME = "maximilian.alexander_von-hohenfe"       # as long as a name may be
LONG_GROUP = "gartenfreunde-am-alten-bahnhof-9"


def test_all_is_readable_at_each_width(server, world):
    assert len(LONG_NAME) == len(LONG_GROUP) == 32
    kiths = world(LONG_NAME, "bob", "carol")
    talk(f"#{LONG_GROUP}", *kiths)
    kiths[1].run("send", f"#{LONG_GROUP}", "--lines", "-", stdin="".join(
        f"line {n}\n" for n in range(60)))
    print(Scenario(server, kiths).play("layout", person=LONG_NAME, group=LONG_GROUP,
                                       widths=build.scaled([320, 768, 2560], [320, 768, 1024, 2560],
                                                           [320, 390, 768, 1024, 1280, 2560]),
                                       look="KITH_LOOK" in os.environ))


def test_private_chat(server, world):
    world("alice", "bob")
    Scenario(server).play("direct")


def test_life_of_groups(server, world):
    kiths = world("alice", "bob", "carol")

    def newcomers(group, count):
        for n in range(count):
            server.add_user(f"new{n}", PASSWORD)
            with PbClient(server.address) as client:
                client.hello()
                client.login(f"new{n}", PASSWORD)
                client.join_group(f"#{group}")
    Scenario(server, kiths, verbs={"newcomers": newcomers}).play("groups")


def test_long_log_scrolls_smoothly(server, world):
    alice, bob = world("alice", "bob")
    talk("#big", alice, bob)
    alice.run("send", "#big", "--lines", "-", stdin="".join(
        f"line {n}\n" for n in range(1, LINES + 1)), timeout=60)
    print(Scenario(server).play("history", lines=LINES, bound_ms=TASK_MS))


def test_keyboard_alone(server, world):
    world("bob")
    Scenario(server).play("keyboard", invite=server.invite_link())


def test_axe_finds_nothing_serious(server, world):
    alice, bob = world("alice", "bob")
    talk("#tea", alice, bob)
    bob.run("send", "#tea", "a link https://example.org/ and `code`")
    print(Scenario(server).play("access"))


@pytest.mark.takes(240)
def test_hostile_texts_add_no_element(server, world):
    world("alice", "mallory")
    attacker = Attacker(server, "alice")
    verbs = {"post": attacker.post, "topics": attacker.topics, "names": attacker.names}
    print(Scenario(server, verbs=verbs).play("hostile"))


def test_four_languages(server, world):
    talk("#tea", *world("alice", "bob"))
    catalogues = {language: json.loads((build.TOP / f"client-web/lang/{language}.json").read_text())
                  for language in ("en", "zh", "ko", "de")}
    print(Scenario(server).play("language", catalogues=catalogues))


def test_pages_of_other_origins_are_refused(server, world):
    kiths = world("alice", "bob")
    print(Scenario(server, kiths).play("foreign"))


def test_works_without_websockets(server, world):
    talk("#tea", *world("alice", "bob"))
    print(Scenario(server).play("polling"))


def test_two_tabs_of_one_login(server, world):
    talk("#tea", *world("alice", "bob"))
    Scenario(server).play("tabs")


def test_notification_and_title(server, world):
    world("alice", "bob", "carol")
    Scenario(server).play("notify")


GARDEN = [
    ("bob", "Good morning! Who is at the allotment today?"),
    ("carol", "I am, from ten on. The beans need strings before Sunday."),
    ("minji", "저도 갈게요. 토마토 모종을 가져갈까요?"),
    ("bob", "Yes please. The plan is at https://garden.example/plan"),
    ("wei", "好的，我带水管和两把铲子。"),
    ("carol", "The shed opens with `4711`, then push.\nPlease close it after you:\n"
              "the wind was in it all night."),
    ("alice", "I bring coffee and cake"),
    ("wei", "谢谢！"),
    ("bob", "See you at ten then."),
]


def test_pictures(server, world):
    """Written to build/plain/screenshots, for people to look at."""
    kiths = {kith.name: kith for kith in world("alice", "bob", "carol", "minji", "wei")}
    kiths["alice"].run("group", "create", "#garden", "--topic", "Plot 14: beans, tomatoes, cake")
    for name in ("bob", "carol", "minji", "wei"):
        kiths[name].run("group", "join", "#garden")
    talk("#books", kiths["carol"], kiths["alice"], kiths["wei"])
    for name, text in GARDEN:
        kiths[name].run("send", "#garden", text)
    kiths["wei"].run("send", "#books", "Chapter three by Friday?")
    kiths["bob"].run("send", "@alice", "May I borrow the ladder?")
    tail = kiths["bob"].tail("#lobby")
    Scenario(server).play("pictures", last=GARDEN[-1][1])
    tail.stop()
    for name in ("desktop", "dark", "phone"):
        assert (PICTURES / f"{name}.png").stat().st_size > 10000
