"""What was typed and not sent when a chat ends: it is told, kept, and offered by the next one."""
import fcntl
import os
import re
import resource
import shutil
import signal
import time

import pytest

from kithtest import build
from kithtest.fake import Held
from kithtest.wait import until


def test_held_text_is_told_at_the_end(fake, screen):
    Held(fake, "join_group")
    screen.line("/join #ops")
    screen.wait_for("#ops (waits)>")
    screen.line("/msg @bob in vain")
    screen.wait_for("~ waits: msg @bob in vain")
    screen.line("/quit")
    screen.wait_for("1 message is not sent yet; leave again")
    screen.line("/quit")
    assert screen.wait_end() == 3
    screen.wait_for("not sent: /msg @bob in vain")


def one_refused_one_under_way(fake, screen):
    """Two texts: "no for an answer", and "on its way", which gets none."""
    refused = Held(fake, "send")
    screen.line("no for an answer")
    refused.fail("NOT_PERMITTED")
    screen.wait_for("!1 not sent to #lobby")
    left = Held(fake, "send")
    screen.line("on its way")
    left.wait()


def test_the_end_tells_what_became_of_each_text(fake, alice, screen):
    """Refused, perhaps stored, never sent: three sentences, on the screen and at the end."""
    one_refused_one_under_way(fake, screen)
    screen.line("behind it")
    screen.wait_for("~ sending, to #lobby: behind it")
    screen.line("/quit")
    screen.wait_for("leave again")
    screen.line("/quit")
    assert screen.wait_end() == 3
    assert not list((alice.home / "state/kith/default").glob("unsent-*"))
    for told in ("not sent to #lobby: not permitted: no for an answer", "not sent to #lobby: behind it",
                 "sent to #lobby, but not answered: it may have been stored: on its way"):
        screen.wait_for(f"kith: {told}")


def kept(alice):
    """The files with what was not sent."""
    return sorted((alice.home / "state/kith/default").glob("unsent-*"))


def hang_up(screen):
    """The terminal is closed; what is read there from now on is the end of a file."""
    with open("/dev/null", "rb") as nothing:
        os.dup2(nothing.fileno(), screen.child.child_fd)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL, None])
def test_what_waits_outlives_the_chat(fake, alice, terminal, end):
    """A signal, a terminal that is closed, kill -9: the next chat offers it, and sends nothing."""
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    one_refused_one_under_way(fake, screen)
    screen.line("behind 在吗")
    screen.wait_for("~ sending, to #lobby: behind")
    screen.type("half a")
    screen.wait_for("#lobby> half a")
    until("it is kept", lambda: kept(alice) and b"behind" in kept(alice)[0].read_bytes())
    if end == signal.SIGKILL:                   # a moment after the last key
        until("that, too", lambda: b"half a" in kept(alice)[0].read_bytes())
    assert kept(alice)[0].stat().st_mode & 0o777 == 0o600
    if end is None:
        hang_up(screen)
    else:
        screen.child.kill(end)
    until("it ends", lambda: not screen.child.isalive())
    sent = fake.seen.count("send")
    screen = terminal(alice)
    screen.wait_for("of an earlier chat")
    for told in ("!1 not sent to #lobby: left by an earlier chat: no for",
                 "!2 perhaps stored, not answered, to #lobby: left by an earlier chat: on its way",
                 "behind", "在吗"):
        screen.wait_for(told)
    screen.wait_for("!4 not sent to #lobby: begun in an earlier chat: half a")
    screen.wait_for("!3 not sent to #lobby: left by an earlier chat: behind")
    until("it is connected", lambda: screen.last_line() == "#lobby>")
    assert fake.seen.count("send") == sent
    screen.line("/drop")
    screen.wait_for("forgotten")
    screen.line("/quit")
    assert screen.wait_end() == 0
    assert not kept(alice)


def test_kept_text_is_stored_once(fake, alice, terminal):
    """It was stored, but the answer was lost; the next chat repeats it with its own id."""
    def store(link, request):
        if request.WhichOneof("body") != "send":
            return False
        link.send, send = lambda **_: None, link.send
        fake.do_send(link, request.id, request.send)
        link.send = send
        return True
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    fake.faults.append(store)
    screen.line("only once")
    until("it is kept", lambda: kept(alice) and b"only once" in kept(alice)[0].read_bytes())
    other = terminal(alice)
    other.wait_for("#lobby>")
    assert "earlier chat" not in other.text() and len(kept(alice)) == 2
    other.line("/quit")
    assert other.wait_end() == 0
    screen.child.kill(signal.SIGKILL)
    until("it ends", lambda: not screen.child.isalive())
    screen = terminal(alice)
    screen.wait_for("!1 perhaps stored")
    screen.line("/resend")
    until("it is answered", lambda: "!1" not in screen.text().split("/resend")[-1] and
          "~ sending" not in screen.text())
    assert fake.texts() == ["only once"]


def records(alice):
    """What is kept: {text: (kind, client id)}."""
    found = re.findall(r"^(\w+) (\d+) \d+ \S+\n(.*)\n", kept(alice)[0].read_text(), re.M)
    return {text: (kind, int(number)) for kind, number, text in found}


@pytest.mark.parametrize("way", ["offline", "behind another"])
def test_what_never_left_was_not_sent(fake, alice, terminal, way):
    """Nothing is "perhaps stored" that no connection had; and each keeps its id."""
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    if way == "offline":
        fake.close()
        screen.wait_for("trying again")
    else:
        Held(fake, "send")
    for text in ("the first", "second one", "third one")[way == "offline":]:
        screen.line(text)
        screen.wait_for(f", to #lobby: {text}")
    until("they are kept", lambda: kept(alice) and "third one" in records(alice))
    before = records(alice)
    screen.child.kill(signal.SIGKILL)
    until("it ends", lambda: not screen.child.isalive())
    if way == "offline":
        fake.open()
    screen = terminal(alice)
    for text in ("second one", "third one"):
        screen.wait_for(f"not sent to #lobby: left by an earlier chat: {text}")
    assert ("perhaps stored, not answered, to #lobby: left by an earlier chat: the first"
            in screen.text()) == (way != "offline")
    screen.line("/resend")
    until("they arrive", lambda: fake.texts() == list(before))
    assert {e.text: e.client_id for e in fake.logs[1].events if e.text} == {
        text: number for text, (_, number) in before.items()}


@pytest.mark.parametrize("way", ["answered", "connected"])
def test_a_text_is_perhaps_stored_before_it_leaves(fake, alice, screen, way):
    """Killed at any moment, kith does not call a text unsent that the server may have."""
    arrived = {}

    def note(_, request):
        if request.WhichOneof("body") == "send":
            arrived[request.send.text] = records(alice).get(request.send.text, ("", 0))[0]
        return False
    if way == "connected":
        fake.close()
        screen.wait_for("trying again")
    else:
        held = Held(fake, "send")
    for text in ("first of them", "second of them"):
        screen.line(text)
        screen.wait_for(f", to #lobby: {text}")
    until("they are kept", lambda: kept(alice) and "second of them" in records(alice))
    assert records(alice)["second of them"][0] == "unsent"
    fake.faults.append(note)
    if way == "connected":
        assert records(alice)["first of them"][0] == "unsent"
        fake.open()
    else:
        held.go()
    until("they arrive", lambda: fake.texts() == ["first of them", "second of them"])
    assert arrived == {"first of them": "perhaps", "second of them": "perhaps"}


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, None])
def test_a_chat_begins_while_another_ends(fake, alice, terminal, end):
    """Without a server: the one that is told to end does not wait for anything."""
    old = terminal(alice)
    old.wait_for("#lobby>")
    fake.close()
    old.line("for later")
    old.wait_for("~ waits for the connection, to #lobby: for later")
    began = time.monotonic()
    if end is None:
        hang_up(old)
    else:
        old.child.kill(end)
    new = terminal(alice)
    until("it ends", lambda: not old.child.isalive())
    assert time.monotonic() - began < 1.5 * build.PATIENCE
    new.wait_for("!1 not sent to #lobby: left by an earlier chat: for later")
    new.wait_for("1 message of an earlier chat was not sent")


def test_what_a_slow_end_left_is_offered_when_it_is_free(fake, alice, terminal):
    folder = alice.home / "state/kith/default"
    folder.mkdir(parents=True)
    locked = []
    for n in (0, 2):
        locked.append(open(folder / f"unsent-{n}", "w+b"))
        locked[-1].write(b"unsent 0 6 #lobby\nnumber\n".replace(b"number", b"file %d" % n))
        locked[-1].flush()
        fcntl.flock(locked[-1], fcntl.LOCK_EX)
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    screen.wait_for("lists the commands")
    assert "earlier chat" not in screen.text()
    for n, file in zip((0, 2), locked, strict=True):
        file.close()
        screen.wait_for(f"not sent to #lobby: left by an earlier chat: file {n}")
    until("it has them", lambda: [file.name for file in kept(alice)] == ["unsent-1"])


def test_what_was_begun_and_sent_is_not_offered_again(fake, alice, terminal):
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    screen.type("half of it")
    until("it is kept", lambda: kept(alice) and b"begun 0" in kept(alice)[0].read_bytes())
    held = Held(fake, "send")
    screen.line(" and all")
    held.wait()
    screen.child.kill(signal.SIGKILL)
    until("it ends", lambda: not screen.child.isalive())
    screen = terminal(alice)
    screen.wait_for("!1 perhaps stored, not answered, to #lobby: left by an earlier chat: half of")
    screen.wait_for("1 message of an earlier chat was not sent")
    screen.type("gone again")
    screen.wait_for("#lobby> gone again")
    until("it is kept", lambda: b"gone again" in kept(alice)[0].read_bytes())
    screen.type("\x15")
    until("it is not", lambda: b"gone again" not in kept(alice)[0].read_bytes())


@pytest.mark.parametrize("damage", [b"unsent 0 2 #lobby\nabc\n", b"x y z\n\0\0",
                                    b"perhaps 99999999999999999999 99999999999 #x\n"])
def test_damaged_kept_text_is_no_text(fake, alice, terminal, damage):
    folder = alice.home / "state/kith/default"
    folder.mkdir(parents=True)
    (folder / "unsent-3").write_bytes(b"unsent 0 4 #lobby\nhere\n" + damage)
    screen = terminal(alice)
    screen.wait_for("!1 not sent to #lobby: left by an earlier chat: here")
    screen.wait_for("1 message of an earlier chat was not sent")
    assert [file.name for file in kept(alice)] == ["unsent-0"]


# -- a chat that has ended ------------------------------------------------------------------

def shows(screen, text):
    """Wherever its rows are wrapped."""
    return "".join(text.split()) in "".join(screen.text().split())


@pytest.mark.parametrize("code, told", [
    ("TOKEN_INVALID", "login expired or revoked: log in again: kith login 127.0.0.1:"),
    ("DISABLED", "account is disabled; Ctrl-D leaves")])
def test_a_chat_that_has_ended_says_why_and_keeps_the_rest(fake, alice, terminal, code, told):
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    fake.close()
    screen.line("before the end")
    screen.wait_for("~ waits for the connection, to #lobby: before")
    screen.wait_for("; next try at")
    over = [lambda link, request: request.WhichOneof("body") == "login_token" and
            (link.fail(request.id, code), True)[1]]
    fake.faults += over
    fake.open()
    until("it is told", lambda: shows(screen, f"the chat has ended: {told}"))
    assert "next try at" not in "\n".join(screen.look())
    for number, line in enumerate(("after it", "/msg @bob you, too", "@bob and this"), 2):
        screen.line(line)
        screen.wait_for(f"!{number} not sent to ")
    for command in ("/reconnect", "/resend", "/names", "/query @bob"):
        screen.line(command)
        until(f"{command} is refused", lambda w=command.split()[0]:
              shows(screen, f"{w}: not done, the chat has ended: {told}"))
    screen.line("/quit")
    assert screen.wait_end() == 4
    screen.wait_for("4 are kept: the next chat shows them")
    fake.faults.clear()
    screen = terminal(alice)
    screen.wait_for("4 messages of an earlier chat were not sent")
    for n, line in enumerate(("before the end", "after it", "you, too", "@bob and this"), 1):
        until(line, lambda n=n, line=line: shows(
            screen, f"!{n} not sent to {'@bob' if n == 3 else '#lobby'}: left by an earlier chat: "
            f"{line}"))
    assert fake.texts() == []


def test_a_chat_ended_by_another_key_says_so(make_server, make_kith, terminal):
    server, one = make_server(), make_kith()
    one.join(server.invite(), "keyed")
    screen = terminal(one)
    screen.wait_for("#lobby>")
    server.terminate()
    shutil.rmtree(server.state / "tls")         # it is set up again
    (server.state / "first-invite-made").unlink()
    server.start()
    until("it is told", lambda: shows(
        screen, "the chat has ended: the server's key has changed: "
        f"{server.fingerprint}: ask the server's administrator"))
    screen.line("for the known one")
    until("the cause", lambda: shows(
        screen, "!1 not sent to #lobby: the server's key has changed: "
        f"{server.fingerprint}: for the known one"))
    until("it is kept", lambda: b"for the known" in kept(one)[0].read_bytes())
    screen.type("\x04")
    assert screen.wait_end() == 7


# -- a disk that takes nothing -------------------------------------------------------------

LOST = "what waits and what you type cannot be kept on disk"
AGAIN = "what waits and what you type is kept on disk again"


def limit_files(screen, size):
    """A full disk: no file of the chat may grow over `size` bytes."""
    resource.prlimit(screen.child.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_full_disk_is_told_once_and_its_end(fake, alice, screen):
    """What was kept before stays; it is tried again without a key."""
    Held(fake, "send")
    screen.line("is kept")
    until("it is kept", lambda: kept(alice) and b"is kept\n" in kept(alice)[0].read_bytes())
    size = kept(alice)[0].stat().st_size
    limit_files(screen, size + 9)
    for text in ("is not kept", "nor this"):
        screen.line(text)
        screen.wait_for(f"~ sending, to #lobby: {text}")
        screen.wait_for(f"{LOST}, and is lost if")
    screen.wait_for("File too large")
    assert kept(alice)[0].stat().st_size == size and b"is kept\n" in kept(alice)[0].read_bytes()
    limit_files(screen, resource.RLIM_INFINITY)
    screen.wait_for(AGAIN)
    assert b"nor this\n" in kept(alice)[0].read_bytes()
    assert screen.text().count(LOST) == screen.text().count(AGAIN) == 1


def test_a_folder_that_can_not_be_made_is_told(fake, alice, terminal):
    """Also what is only being typed; and nothing is said while there is nothing to keep."""
    state = alice.home / "state/kith"
    state.write_text("no folder")
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    screen.type("half a")
    screen.wait_for("Not a directory")
    assert LOST in screen.text()
    state.unlink()
    screen.type(" line")
    screen.wait_for(AGAIN)
    assert b"half a line\n" in kept(alice)[0].read_bytes()
    assert screen.text().count(LOST) == 1
