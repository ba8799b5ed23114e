"""The terminal: what somebody sends can not command it, and typing is not disturbed."""
import re

import pytest

from kithtest.pb import KithError, PbClient
from kithtest.server import Server
from kithtest.terminal import COLUMNS
from kithtest.wait import until

from conftest import lifetime

PASSWORD = "correct horse battery"

# Name, and a text that would command a terminal. The server refuses what it must
# (C0 and C1); what it lets pass, kith must neutralise.
ATTACKS = [
    ("title", "\x1b]0;owned\x07"), ("clipboard", "\x1b]52;c;b3duZWQ=\x07"),
    ("clear", "\x1b[2J\x1b[H"), ("colour", "\x1b[31mred"), ("report", "\x1b[6n\x1b[c"),
    ("device", "\x1bP+q544e\x1b\\"), ("alternate", "\x1b[?1049h"), ("charset", "\x0e\x1b(0"),
    ("return", "harmless\rowned"), ("backspace", "abc\b\b\bxyz"), ("bell", "\a"),
    ("csi8", "\x9b2J"), ("osc8", "\x9d0;owned\x9c"), ("delete", "\x7f\x7f"), ("nul", "a\0b"),
    ("override", "\u202egnp.exe"), ("isolate", "\u2066a\u2069"), ("mark", "\u200f"),
    ("separator", "\u2028x\u2029y"), ("verticaltab", "a\vb\fc")]
CONTROL = set(range(0x20)) - {0x09, 0x0a} | set(range(0x7f, 0xa0))
BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


@pytest.fixture(scope="module")
def server():
    """One for the module, on SQLite: the screen does not know the database."""
    yield from lifetime(Server())


@pytest.fixture
def chat(server, make_kith, request):
    """alice's kith and a connection of bob's: their names are new for each test."""
    names = [f"{who}{next(chat.numbers)}" for who in ("alice", "bob")]
    alice = make_kith()
    alice.join(server.invite(), names[0])
    server.add_user(names[1], PASSWORD)
    bob = PbClient(server.address, tls=False)
    request.addfinalizer(bob.close)
    bob.hello()
    bob.login(names[1], PASSWORD)
    return alice, bob, names


chat.numbers = iter(range(1000))


def say(bob, to, text):
    """bob sends without a client's manners. Was it let in?"""
    try:
        outcome, = bob.send(f"@{to}", text)
    except KithError:
        return False
    return outcome.error.code == 0


def test_commands_never_reach_the_terminal(chat, terminal):
    alice, bob, (me, you) = chat
    accepted = 0
    for name, attack in ATTACKS:
        accepted += say(bob, me, f"{name}<{attack}>")
    say(bob, me, "the end")
    screen = terminal(alice, "read", f"@{you}", "-n", "100")
    screen.wait_for("the end")
    shown = screen.raw.decode("utf-8")
    # Escape sequences of kith's own (colour) are no others' words: none of these commands.
    assert not {c for c in shown if ord(c) in CONTROL - {0x0d, 0x1b}}
    assert not set(shown) & BIDI
    assert not re.search(r"\x1b(?!\[[0-9;]*[mK])", shown)
    assert screen.screen.title == ""
    print(f"\n{accepted} of {len(ATTACKS)} texts were let in by the server")


@pytest.mark.parametrize("command", ["read", "read --plain", "ls", "unread"])
def test_output_to_a_pipe_is_clean_too(chat, command):
    alice, bob, (me, you) = chat
    for name, attack in ATTACKS:
        say(bob, me, f"{name}<{attack}>")
    words = command.split()
    args = [words[0], *([f"@{you}"] if words[0] == "read" else []), *words[1:]]
    shown = alice.out(*args)
    assert not {c for c in shown if ord(c) in CONTROL}


def test_newline_and_tab_pass(chat):
    alice, bob, (me, you) = chat
    assert say(bob, me, "one\ttwo\nthree")
    event, = alice.json("read", f"@{you}")
    assert event["text"] == "one\ttwo\nthree"


def test_conversation_on_the_screen(chat, terminal):
    alice, bob, (me, you) = chat
    screen = terminal(alice)
    screen.wait_for("#lobby")
    screen.line(f"/msg @{you} hello from the terminal")
    assert next_text(bob) == "hello from the terminal"
    say(bob, me, "hello to you")
    screen.wait_for("hello to you")
    screen.line("/quit")
    assert screen.wait_end() == 0


def next_text(bob):
    """The text of the next event by somebody else."""
    return bob.wait_news("event", lambda event: event.sender != bob.user_id).text


def test_arriving_messages_do_not_break_the_line(chat, terminal):
    alice, bob, (me, you) = chat
    screen = terminal(alice)
    screen.wait_for("#lobby")
    screen.line(f"/msg @{you} first")
    assert next_text(bob) == "first"
    screen.type(f"/msg @{you} half a li")
    screen.wait_for("half a li")
    for number in range(5):
        say(bob, me, f"interruption {number}")
    screen.wait_for("interruption 4")
    # The line being typed is whole, once, and the last one on the screen.
    last = [line for line in screen.look() if line][-1]
    assert last.endswith("half a li")
    screen.line("ne")
    assert next_text(bob) == "half a line"


def test_unknown_command_is_never_sent(chat, terminal):
    alice, bob, (me, you) = chat
    screen = terminal(alice)
    screen.wait_for("#lobby")
    screen.line(f"/msg @{you} before")
    assert next_text(bob) == "before"
    screen.line("/qiut now")
    screen.wait_for("qiut")
    screen.line(f"/msg @{you} after")
    assert next_text(bob) == "after"


def test_help_lists_the_commands(chat, terminal):
    alice, _, _ = chat
    screen = terminal(alice)
    screen.wait_for("#lobby")
    screen.line("/help")
    for command in ("/join", "/msg", "/who", "/quit"):
        screen.wait_for(command)


def test_tab_completes_commands_and_targets(chat, terminal):
    alice, bob, (me, you) = chat
    say(bob, me, "so that you know me")
    screen = terminal(alice)
    screen.wait_for(f"unread elsewhere: @{you} 1")
    screen.type("/ms\t")
    screen.wait_for("/msg")
    screen.type(f"@{you[:-1]}\t")
    until("the name is complete", lambda: any(f"/msg @{you}" in line for line in screen.look()))
    screen.type("completed\r")
    assert next_text(bob) == "completed"


def test_long_lines_and_wide_characters(chat, terminal):
    alice, bob, (me, you) = chat
    screen = terminal(alice)
    screen.wait_for("#lobby")
    text = "日本語 " + "wide and long " * (COLUMNS // 10) + "end"
    screen.line(f"/msg @{you} {text}")
    assert next_text(bob) == text
    say(bob, me, "界" * 100 + " done")
    screen.wait_for("done")
