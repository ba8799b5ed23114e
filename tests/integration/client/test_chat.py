"""What people do: join, talk, read, leave, come back; through the real kith.

The same on both databases, since the queries are one set.
"""
import pytest

from kithtest.terminal import Terminal
from kithtest.wait import until


@pytest.fixture
def pair(server, people):
    return people(server, "alice", "bob")


def texts(events):
    return [e["text"] for e in events if e["kind"] == "message"]


def test_message_is_stored_and_read(pair):
    alice, bob = pair
    alice.run("send", "@bob", "good morning")
    bob.run("send", "@alice", "good morning to you")
    assert texts(alice.json("read", "@bob")) == ["good morning", "good morning to you"]
    assert texts(bob.json("read", "@alice")) == ["good morning", "good morning to you"]


def test_json_lines_have_the_promised_fields(pair):
    alice, bob = pair
    alice.run("send", "@bob", "hello")
    event, = bob.json("read", "@alice")
    assert {"conversation", "seq", "sender", "time", "kind", "text"} <= set(event)
    assert (event["seq"], event["sender"], event["kind"], event["text"]) == \
        (1, "alice", "message", "hello")


def test_text_comes_from_standard_input(pair):
    alice, bob = pair
    alice.run("send", "@bob", "-", stdin="two\nlines\n")
    assert [t.rstrip("\n") for t in texts(bob.json("read", "@alice"))] == ["two\nlines"]


def test_everybody_joins_the_lobby(pair):
    alice, bob = pair
    alice.run("send", "#lobby", "hello all")
    assert texts(bob.json("read", "#lobby")) == ["hello all"]


def test_tail_shows_live_messages_once(pair):
    alice, bob = pair
    tail = bob.tail()
    until("bob is online", lambda: any(row["online"] for row in alice.json("who", "@bob")))
    for number in range(20):
        alice.run("send", "@bob", f"number {number}")
    tail.wait_for(lambda e: e["text"] == "number 19")
    shown = [e for e in tail.events() if e["kind"] == "message" and e["sender"] == "alice"]
    assert [e["text"] for e in shown] == [f"number {n}" for n in range(20)]
    assert [e["seq"] for e in shown] == list(range(1, 21))


def test_offline_messages_wait(server, pair, people):
    alice, bob = pair
    for number in range(5):
        alice.run("send", "@bob", f"while you were out {number}")
    row, = (row for row in bob.json("unread") if row["conversation"] == "@alice")
    assert row["unread"] == 5
    assert len(texts(bob.json("read", "@alice"))) == 5


def test_read_moves_the_cursor(pair):
    alice, bob = pair
    alice.run("send", "@bob", "look")
    assert any(row["conversation"] == "@alice" for row in bob.json("unread"))
    bob.run("read", "@alice")
    assert not any(row["conversation"] == "@alice" for row in bob.json("unread"))


def test_several_named_recipients_get_a_copy_each(server, people):
    alice, bob, carol = people(server, "alice", "bob", "carol")
    alice.run("send", "@bob,@carol", "to both")
    assert texts(bob.json("read", "@alice")) == ["to both"]
    assert texts(carol.json("read", "@alice")) == ["to both"]
    assert bob.json("read", "@carol", code=None) == []


def test_history_pages_both_ways(pair):
    alice, bob = pair
    alice.run("group", "create", "#log")
    for number in range(30):
        alice.run("send", "#log", f"line {number}")
    newest = alice.json("read", "#log", "-n", "10")
    assert texts(newest) == [f"line {n}" for n in range(20, 30)]
    onward = alice.json("read", "#log", "--since", str(newest[0]["seq"]), "-n", "5")
    assert texts(onward) == [f"line {n}" for n in range(21, 26)]


def test_read_since_nothing_reads_all(server, pair):
    """From the first event on, however many pages that takes."""
    alice, _ = pair
    alice.run("group", "create", "#log")
    alice.run("send", "#log", "--lines", "-", stdin="".join(f"line {n}\n" for n in range(450)))
    assert texts(alice.json("read", "#log", "--since", "0")) == [f"line {n}" for n in range(450)]


def test_second_device_sees_what_the_first_sent(server, pair, make_kith):
    alice, bob = pair
    alice.run("send", "@bob", "from the desk")
    phone = make_kith()
    phone.login(server.url(), "alice")
    tail = phone.tail()
    until("both devices are online",
          lambda: any(row["online"] for row in bob.json("who", "@alice")))
    alice.run("send", "@bob", "still at the desk")
    tail.wait_for(lambda e: e["text"] == "still at the desk")
    assert texts(phone.json("read", "@bob")) == ["from the desk", "still at the desk"]


def test_group_life(server, people):
    alice, bob, carol = people(server, "alice", "bob", "carol")
    alice.run("group", "create", "#ops")
    bob.run("group", "join", "#ops")
    alice.run("send", "#ops", "hello ops")
    assert "hello ops" in texts(bob.json("read", "#ops"))
    members = {row["name"] for row in alice.json("group", "members", "#ops")}
    assert members == {"alice", "bob"}
    bob.run("group", "leave", "#ops")
    alice.run("send", "#ops", "after bob left")
    bob.run("send", "#ops", "may I", code=5)
    assert "after bob left" not in texts(bob.json("read", "#ops", code=None))


def test_private_group_is_for_the_invited(server, people):
    alice, bob, carol = people(server, "alice", "bob", "carol")
    alice.run("group", "create", "#board", "--private")
    alice.run("send", "#board", "the plan")
    # A stranger can not tell it from a group that does not exist.
    for command in (("send", "#board", "hi"), ("read", "#board"), ("group", "join", "#board"),
                    ("group", "members", "#board")):
        hidden = carol.run(*command, code=None)
        absent = carol.run(*(w.replace("#board", "#nothing") for w in command), code=None)
        assert hidden.returncode == absent.returncode != 0, command
        assert hidden.stderr.replace("board", "nothing") == absent.stderr
    assert not any(row["conversation"] == "#board" for row in carol.json("group", "list"))
    alice.run("group", "invite", "#board", "@bob")
    bob.run("group", "join", "#board")
    assert "the plan" not in texts(bob.json("read", "#board")), "from before he joined"
    alice.run("send", "#board", "welcome")
    assert "welcome" in texts(bob.json("read", "#board"))


def test_who_is_online(pair):
    alice, bob = pair
    tail = bob.tail()
    row = until("bob is online",
                lambda: next((r for r in alice.json("who", "@bob") if r["online"]), None))
    assert row["name"] == "bob"
    assert "bob" in {r["name"] for r in alice.json("who")}
    tail.process.kill()
    tail.process.wait()
    until("bob is offline", lambda: not any(r["online"] for r in alice.json("who", "@bob")))


def test_tail_comes_back_after_a_restart(server, pair):
    alice, bob = pair
    tail = bob.tail()
    until("bob is online", lambda: any(row["online"] for row in alice.json("who", "@bob")))
    alice.run("send", "@bob", "before")
    tail.wait_for(lambda e: e["text"] == "before")
    server.restart()
    alice.run("send", "@bob", "after")
    tail.wait_for(lambda e: e["text"] == "after")
    assert [e["text"] for e in tail.events() if e["sender"] == "alice"] == ["before", "after"]


def test_unknown_targets_have_their_own_exit_code(pair):
    alice, _ = pair
    alice.run("send", "@nobody", "hello", code=6)
    alice.run("send", "#nothing", "hello", code=6)
    alice.run("read", "#nothing", code=6)
    alice.run("send", "nonsense", "hello", code=2)


def test_message_over_the_limit_is_refused(pair):
    alice, bob = pair
    alice.run("send", "@bob", "-", stdin="x" * 8000)
    alice.run("send", "@bob", "-", stdin="x" * 8001, code=8)
    assert [len(t) for t in texts(bob.json("read", "@alice"))] == [8000]


def test_what_a_newcomer_cannot_read_is_not_unread(server, people, request):
    carol = people(server, "alice", "bob", "carol")[2]
    screen = Terminal(carol)
    request.addfinalizer(screen.close)
    screen.wait_for("carol joined")
    screen.type("y")
    screen.wait_for("#lobby> y")
    assert "older" not in screen.text()
