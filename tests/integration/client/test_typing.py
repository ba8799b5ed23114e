"""What is typed in the chat goes where the prompt said, or nowhere; what is shown can be trusted."""
import contextlib
import fcntl
import os
import shutil
import signal
import struct
import termios
import threading
import time

import pexpect
import pytest

from kithtest import build
from kithtest.schema import CODE, error, session
from kithtest.terminal import LINES
from kithtest.wait import stays, until


@pytest.fixture
def alice(fake, make_kith):
    """Her files, as `kith join` would write them."""
    one = make_kith()
    token = f"{1:043d}"
    fake.devices = 1
    fake.tokens[token] = (fake.user("alice"), 1)
    for kind, text in (("config/kith/default.conf",
                        f"server = {fake.url('').rstrip('/')}\nuser = alice\n"),
                       ("data/kith/default.token", token + "\n")):
        (one.home / kind).parent.mkdir(0o700)
        (one.home / kind).write_text(text)
        (one.home / kind).chmod(0o600)
    return one


@pytest.fixture
def screen(alice, terminal):
    one = terminal(alice)
    one.wait_for("#lobby>")
    return one


class Held:
    """The next request of a name waits until go()."""

    def __init__(self, fake, name):
        self.fake, self.name, self.held = fake, name, threading.Event()
        fake.faults.append(self.take)

    def take(self, link, request):
        if request.WhichOneof("body") != self.name:
            return False
        self.link, self.request = link, request
        self.held.set()
        return True

    def wait(self):
        assert self.held.wait(20 * build.PATIENCE), f"no {self.name}"

    def go(self):
        self.wait()
        with self.fake.lock:
            self.fake.take(self.link, self.request)

    def fail(self, code):
        self.wait()
        self.link.fail(self.request.id, code)


def group(fake, name, *members):
    fake.logs[7] = log = type(fake.logs[1])(7, name, {fake.user(m) for m in members})
    return log


def texts(fake, name="lobby"):
    log = fake.group(name)
    return [e.text for e in log.events] if log else []


def last_line(screen):
    return ([line for line in screen.look() if line] or [""])[-1]


# -- the target ----------------------------------------------------------------------------


@pytest.mark.parametrize("command, request_name, target", [
    ("/create #pay private", "create_group", "#pay"), ("/join ops", "join_group", "#ops"),
    ("/query @bob", "history", "@bob"), ("/query #ops", "list_conversations", "#ops")])
def test_lines_wait_for_the_new_target(fake, screen, command, request_name, target):
    log = group(fake, "ops", "bob", "alice")
    held = Held(fake, request_name)
    screen.line(command)
    screen.wait_for(f"{target} (waits)>")
    screen.line("the number is 4711")
    screen.wait_for(f"~ waits, to {target}: the number is 4711")
    held.wait()
    assert "send" not in fake.seen
    held.go()
    screen.wait_for(f"{target} alice: the number is 4711")
    until("the prompt", lambda: last_line(screen) == f"{target}>")
    assert texts(fake) == []
    assert target != "#ops" or [e.text for e in log.events] == ["the number is 4711"]


def test_refused_target_takes_its_lines_with_it(fake, screen):
    held = Held(fake, "join_group")
    screen.line("/join #nope")
    screen.wait_for("#nope (waits)>")
    screen.line("/names")
    screen.wait_for("~ waits: names")
    screen.line("for nope alone")
    screen.wait_for("~ waits, to #nope: for nope alone")
    held.fail("NO_SUCH_GROUP")
    screen.wait_for("!1 not sent to #nope: ")
    screen.wait_for("not done: names")
    until("the old prompt", lambda: last_line(screen) == "#lobby>")
    screen.line("/drop")
    screen.wait_for("1 message forgotten")
    screen.line("for all")
    until("it arrives", lambda: texts(fake) == ["for all"])


@pytest.mark.parametrize("end", ["\r", "\x03", "\x15"])
def test_begun_line_keeps_its_target(fake, screen, end):
    """A /join is refused while somebody types on: the line does not turn to the old target."""
    held = Held(fake, "join_group")
    screen.line("/join #nope")
    screen.wait_for("#nope (waits)>")
    screen.type("for nope alone")
    screen.wait_for("#nope (waits)> for nope alone")
    held.fail("NOT_PERMITTED")
    screen.wait_for("-- #nope: not permitted")
    until("the prompt stays", lambda: last_line(screen) == "#nope> for nope alone")
    screen.type(end)
    if end == "\r":
        screen.wait_for("!1 not sent to #nope: ")
        screen.wait_for("for nope alone")
    until("the old prompt", lambda: last_line(screen) == "#lobby>")
    screen.line("for all")
    until("it arrives", lambda: texts(fake) == ["for all"])
    assert texts(fake, "nope") == []


@pytest.mark.parametrize("command", ["/leave", "/names", "/read", "/invite @bob"])
def test_begun_command_keeps_its_target(fake, screen, command):
    held = Held(fake, "join_group")
    screen.line("/join #nope")
    screen.wait_for("#nope (waits)>")
    screen.type(command)
    screen.wait_for(f"#nope (waits)> {command}")
    held.fail("NO_SUCH_GROUP")
    until("it is told", lambda: last_line(screen) == f"#nope> {command}")
    before = len(fake.seen)
    screen.type("\r")
    screen.wait_for(f"not done: {command} was typed for #nope")
    until("the old prompt", lambda: last_line(screen) == "#lobby>")
    assert not {"leave_group", "list_members", "invite_to_group"} & \
        set(fake.seen[before:])


def test_held_lines_keep_their_order(fake, screen):
    """Also what a held command makes, and what is sent again meanwhile."""
    group(fake, "ops", "bob", "alice")
    refused = Held(fake, "send")
    screen.line("try me again")
    refused.fail("NOT_PERMITTED")
    screen.wait_for("!1 not sent to #lobby")
    held = Held(fake, "join_group")
    screen.line("/join #ops")
    screen.wait_for("#ops (waits)>")
    for number, line in enumerate(("/msg #ops one", "two", "/query #ops three", "four")):
        screen.line(line)
        until("it waits", lambda n=number: screen.text().count("~ waits") == n + 1)
    screen.line("/resend")
    screen.wait_for("~ waits, to #lobby: try me again")
    held.go()
    until("all arrive", lambda: texts(fake, "ops") == ["one", "two", "three", "four"])
    until("that, too", lambda: texts(fake) == ["try me again"])


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
    if end != signal.SIGKILL:
        screen.wait_for("!3 not sent to #lobby: left by an earlier chat: behind")
    until("it is connected", lambda: last_line(screen) == "#lobby>")
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
    assert texts(fake) == ["only once"]


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


def test_rows_above_the_line_leave_nothing_behind(fake, screen):
    resize(screen, 34)
    refused = Held(fake, "send")
    screen.line("a text that takes more than one row of this terminal")
    refused.fail("NOT_PERMITTED")
    for number in range(3):
        fake.say("bob", f"news {number}")
        screen.wait_for(f"news {number}")
    until("one of each", lambda: [screen.text().count(w) for w in ("~ /resend", "!1 not", "#lobby>")]
          == [1, 1, 1])


def test_leaving_the_target_leaves_none(fake, screen):
    held = Held(fake, "leave_group")
    screen.line("/leave")
    screen.wait_for("kith (waits)>")
    screen.line("goodbye, you")
    held.go()
    screen.wait_for("left #lobby")
    screen.wait_for("!1 not sent: no target")
    assert texts(fake) == []
    screen.line("/query @bob")
    screen.wait_for("@bob: no such user")


def test_group_left_elsewhere_is_no_target_of_the_next_chat(make_server, make_kith, terminal):
    one = make_kith()
    one.join(make_server().invite(), "one")
    for name in ("ops", "tea"):
        one.run("group", "create", name)
    screen = terminal(one, "chat", "#ops")
    screen.wait_for("#ops>")
    screen.line("/quit")
    assert screen.wait_end() == 0
    for name in ("ops", "tea"):
        one.run("group", "leave", name)
    screen = terminal(one)
    screen.wait_for("#ops: you have left it")
    until("no target", lambda: last_line(screen) == "kith>")
    assert "* one left" not in screen.text()
    screen.line("/query #tea")
    screen.wait_for("you are not in #tea any more: /join #tea")
    assert last_line(screen) == "#tea>"


def test_no_person_is_chosen_by_the_program(fake, alice, terminal):
    fake.say("bob", "hello alice", to="alice")
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    screen.line("/leave #lobby")
    screen.wait_for("left #lobby")
    screen.line("/quit")
    assert screen.wait_end() == 0
    screen = terminal(alice)
    until("no target", lambda: last_line(screen) == "kith>")
    screen.line("to whom?")
    screen.wait_for("!1 not sent: no target")
    screen.line("/query @bob")
    until("chosen", lambda: last_line(screen) == "@bob>")
    screen.wait_for("@bob bob: hello alice")
    screen.line("/quit")
    screen.wait_for("leave again")
    screen.line("/quit")
    assert screen.wait_end() == 0
    assert "send" not in fake.seen
    screen = terminal(alice)
    until("the one used last", lambda: last_line(screen) == "@bob>")


def test_lines_typed_before_the_login_are_kept(fake, alice, terminal):
    held = Held(fake, "login_token")
    screen = terminal(alice)
    screen.wait_for("#lobby (connecting)>")
    screen.line("early bird")
    screen.wait_for("~ waits for the connection, to #lobby: early bird")
    held.go()
    until("it arrives", lambda: texts(fake) == ["early bird"])


@pytest.mark.parametrize("text, key, log, sent", [
    ("@bob just for you", "p", "", "just for you"), ("@bob and all", "y", "lobby", "@bob and all"),
    ("@bob,@carol no", "n", "", None)])
def test_words_like_those_of_kith_send_are_asked_about(fake, screen, text, key, log, sent):
    fake.user("bob")
    screen.line(text)
    screen.wait_for("alone, n: to nobody?")
    assert "send" not in fake.seen
    screen.line("maybe")
    screen.wait_for("answer y or n first")
    screen.line(key)
    if sent is None:
        screen.wait_for("Up brings the text back")
        assert "send" not in fake.seen
        return
    fake.wait_for("send")
    until("it arrives", lambda: any(e.text == sent for one in fake.logs.values()
                                    for e in one.events))
    assert texts(fake) == ([sent] if log else [])


# -- from Enter to the log -----------------------------------------------------------------


def test_text_is_visible_until_it_is_stored(fake, screen):
    held = Held(fake, "send")
    screen.line("on its way")
    screen.wait_for("~ sending, to #lobby: on its way")
    held.wait()
    screen.type("next one")
    screen.wait_for("#lobby> next one")
    fake.say("bob", "meanwhile")
    screen.wait_for("bob: meanwhile")
    assert "~ sending, to #lobby: on its way" in "\n".join(screen.look()[-3:] + screen.look())
    held.go()
    screen.wait_for("alice: on its way")
    until("once", lambda: screen.text().count("on its way") == 1)
    assert last_line(screen) == "#lobby> next one"


def test_failed_text_is_sent_again(fake, screen):
    held = Held(fake, "send")
    screen.line("once more")
    held.fail("NOT_PERMITTED")
    screen.wait_for("!1 not sent to #lobby: ")
    screen.line("/resend 2")
    screen.wait_for("nothing that failed has the number 2")
    screen.line("/resend")
    until("it arrives", lambda: texts(fake) == ["once more"])
    screen.wait_for("alice: once more")
    until("nothing is left", lambda: "!1" not in "\n".join(screen.look()))


KEYS = [("typed and Enter", "\r"), ("typed and Ctrl-J", "\n"), ("typed and Ctrl-O", "\x0f"),
        ("Enter of the keypad", "\x1bOM"), ("and Alt-hash", "\x1b#")]


def test_every_key_that_accepts_a_line_sends_it(fake, alice, terminal):
    (alice.home / "inputrc").write_text('"\\eOM": accept-line\n')
    screen = terminal(alice, INPUTRC=str(alice.home / "inputrc"))
    screen.wait_for("#lobby>")
    for number, (text, key) in enumerate(KEYS, 1):
        screen.type(text)
        screen.wait_for(text)
        screen.type(key)
        until(f"{text} arrives", lambda n=number: len(texts(fake)) == n)
        until("the line is empty", lambda: last_line(screen) == "#lobby>")
    assert texts(fake) == [t for t, _ in KEYS[:-1]] + ["#and Alt-hash"]
    screen.type("\x1b[A")
    screen.wait_for("#lobby> #and Alt-hash")


def test_vi_mode_inserts_again_after_enter(fake, alice, terminal):
    (alice.home / "inputrc").write_text("set editing-mode vi\nset keyseq-timeout 50\n"
                                        "set show-mode-in-prompt on\n")
    screen = terminal(alice, INPUTRC=str(alice.home / "inputrc"))
    screen.wait_for("#lobby>")
    for text in ("dance", "xylophone"):
        screen.type(text)
        until("it is typed", lambda t=text: last_line(screen).endswith("> " + t))
        screen.type("\x1b")
        until("command mode", lambda: "(cmd)" in last_line(screen))
        screen.type("\r")
        until("it arrives", lambda t=text: t in texts(fake))
        until("insert mode", lambda: last_line(screen) == "(ins)#lobby>")


# -- the end -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["/quit\r", "\x04"])
def test_nothing_typed_after_the_end_is_sent(fake, screen, how):
    held = Held(fake, "send")
    screen.line("bye all")
    held.wait()
    screen.wait_for("~ sending")
    screen.type(how)
    until("the line is gone", lambda: "#lobby>" not in last_line(screen))
    assert how[0] != "/" or screen.wait_for("#lobby> /quit") is None
    screen.line("sudo secret")
    held.go()
    assert screen.wait_end() == 0
    assert texts(fake) == ["bye all"]


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGABRT])
def test_every_signal_gives_the_terminal_back(alice, number):
    shell = pexpect.spawn("/bin/sh", ["-c", "ulimit -c 0; stty -a >before; kith; "
                                      "stty -a >after; cmp before after && echo sa''me"],
                          env=alice.env, cwd=str(alice.home), timeout=20 * build.PATIENCE)
    shell.expect("#lobby> ")
    shell.send("half a word")
    shell.expect("half a word")
    pid = until("kith runs", lambda: children(shell.pid))[0]
    os.kill(pid, number)
    shell.expect("same")
    shell.expect(pexpect.EOF)
    shell.close()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def test_revoked_login_waits_for_the_person(fake, screen):
    screen.type("in the middle of")
    screen.wait_for("#lobby> in the middle of")
    fake.tokens.clear()
    fake.cut_all()
    screen.wait_for("the chat has ended")
    screen.wait_for("(ended)> in the middle of")
    screen.line(" a word")
    screen.wait_for("!1 not sent to #lobby: login expired or revoked: in the middle of a word")
    screen.type("\x04")
    assert screen.wait_end() == 4
    assert texts(fake) == []


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
    assert texts(fake) == []


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


def test_two_chats_keep_both_histories(fake, alice, terminal):
    one, two = terminal(alice), terminal(alice)
    for number, screen in enumerate((one, two)):
        screen.wait_for("#lobby>")
        screen.line(f"remember {number}")
        until("it arrives", lambda n=number: f"remember {n}" in texts(fake))
    for screen in (one, two):
        screen.type("\x04")
        assert screen.wait_end() == 0
    three = terminal(alice)
    three.wait_for("#lobby>")
    for number in (1, 0):
        three.type("\x1b[A")
        three.wait_for(f"#lobby> remember {number}")


# -- pastes --------------------------------------------------------------------------------

BRACKETS = "\x1b[200~{}\x1b[201~"


@pytest.mark.parametrize("paste, asks, sent", [
    ("one\ntwo\nthree\n", False, "one\ntwo\nthree"),
    ("/quit\nrest of it", True, "/quit\nrest of it"),
    ("\n".join(f"line {n}" for n in range(9)), True, "\n".join(f"line {n}" for n in range(9)))])
def test_marked_paste_is_one_message(fake, screen, paste, asks, sent):
    screen.type(BRACKETS.format(paste))
    screen.wait_for(paste.splitlines()[-1])
    screen.type("\r")
    if asks:
        screen.wait_for("as one message? [y/n]")
        assert "send" not in fake.seen
        screen.line("y")
    until("it arrives", lambda: texts(fake) == [sent])


@pytest.mark.parametrize("paste, sent", [
    ("c1\r\nc2\r\n", "c1\nc2"), ("m1\rm2\n\nm3", "m1\nm2\n\nm3"),
    ("d1\r\n\r\nd2\x1b[20\x1b[2", "d1\n\nd2\x1b[20\x1b[2")])
def test_every_line_end_of_a_paste_is_one(fake, alice, terminal, paste, sent):
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    screen.type(BRACKETS.format(paste))
    screen.wait_for(sent[-9:].splitlines()[-1].split("\x1b")[0])
    screen.type("\r")
    until("it arrives", lambda: texts(fake) == [sent])
    if "\x1b" in paste:
        return
    screen.type(paste + "\r")
    screen.wait_for(f"Send {sent.count(chr(10)) + 1} lines")
    screen.line("y")
    until("it arrives, too", lambda: texts(fake) == [sent, sent])


def test_a_paste_is_no_answer(fake, screen):
    fake.user("bob")
    for paste, key, log in (("y", "n", []), ("yes\nand more", "y", ["@bob between us"])):
        screen.line("@bob between us")
        screen.wait_for("to nobody?")
        screen.type(BRACKETS.format(paste))
        screen.wait_for("the paste was not taken, answer the question first")
        answered(screen, key)
        until("the old prompt", lambda: last_line(screen) == "#lobby>")
        until("it is answered", lambda w=log: texts(fake) == w)
        screen.type("\x1b[A")
        until("Up brings it back", lambda p=paste: last_line(screen).endswith(p.split("\n")[-1]))
        screen.type("\x03")
        until("empty", lambda: last_line(screen) == "#lobby>")
        screen.line("/clear")
        until("clear", lambda: "not taken" not in "\n".join(screen.look()))
        screen.screen.history.top.clear()


def test_unmarked_paste_is_one_message_or_none(fake, alice, terminal):
    screen = terminal(alice, TERM="dumb")
    screen.wait_for("#lobby>")
    lines = [f"number {n}" for n in range(300)] + ["/quit", "rest"]
    screen.type("\r".join(lines))
    screen.wait_for("Send 302 lines")
    screen.line("n")
    screen.wait_for("Up brings the text back")
    assert "send" not in fake.seen
    screen.type("a\r/quit\rb\r")
    screen.wait_for("Send 3 lines")
    screen.line("y")
    until("it arrives", lambda: texts(fake) == ["a\n/quit\nb"])


def test_unmarked_lines_are_asked_about_though_pastes_are_marked(fake, screen):
    screen.type(BRACKETS.format("one\ntwo") + "\r")
    until("it arrives", lambda: texts(fake) == ["one\ntwo"])
    screen.type("from a\r/quit\rprogram\r")
    screen.wait_for("Send 3 lines")
    stays("nothing more is sent", lambda: texts(fake) == ["one\ntwo"], 0.2)


@pytest.mark.parametrize("keys", ["hold it\r\r\r\r", "\r\r\rhold it\r \r"])
def test_enter_held_down_is_no_paste(fake, screen, keys):
    screen.type(keys)
    until("it arrives", lambda: [text.strip() for text in texts(fake)] == ["hold it"])


# -- answers -------------------------------------------------------------------------------


@pytest.mark.parametrize("key, log, sent", [
    ("Y", "lobby", ["@bob between us"]), ("\x1b", "lobby", []), ("x\x03", "lobby", []),
    ("p", None, ["between us"])])
def test_one_key_answers(fake, screen, key, log, sent):
    fake.user("bob")
    screen.line("@bob between us")
    screen.wait_for("to nobody?")
    answered(screen, key)
    until("the old prompt", lambda: last_line(screen) == "#lobby>")
    until("it arrives", lambda: [e.text for one in fake.logs.values() for e in one.events
                                 if e.text] == sent)
    assert not log or texts(fake, log) == sent
    assert sent or "Up brings the text back" in screen.text()


def answered(screen, key):
    """Somebody has read the question; keys before that are no answer."""
    stays("the question", lambda: last_line(screen).endswith("to nobody?"), 0.5)
    screen.type(key)


def test_what_was_typed_ahead_is_no_answer(fake, screen):
    fake.user("bob")
    screen.line("@bob between us")
    screen.wait_for("to nobody?")
    screen.type("y")
    screen.wait_for("to nobody? y")
    stays("it is no answer", lambda: "send" not in fake.seen, 0.5)
    screen.type("es, of course\r")
    screen.wait_for("nothing is sent yet")
    assert "send" not in fake.seen


@pytest.mark.parametrize("keys", ["\r\x04", "\r\x04\x04"])
def test_end_of_file_behind_a_line_sends_the_line(fake, screen, keys):
    screen.type("last words")
    screen.wait_for("last words")
    screen.type(keys)
    assert screen.wait_end() == 0
    assert texts(fake) == ["last words"]
    assert "not have been stored" not in screen.text()


def test_text_that_is_too_long_says_so(fake, screen):
    screen.type(BRACKETS.format("long " * 1800))
    screen.wait_for("long long")
    screen.type("\r")
    screen.wait_for("!1 not sent to #lobby: it has 9000 bytes, and a message at most 8000")
    assert "send" not in fake.seen


# -- the screen ----------------------------------------------------------------------------


def resize(screen, columns):
    screen.screen.resize(LINES, columns)
    fcntl.ioctl(screen.child.child_fd, termios.TIOCSWINSZ,
                struct.pack("HHHH", LINES, columns, 0, 0))


@pytest.mark.parametrize("pad", ["x" * 58, "\u754c" * 30, "a\tb " * 12, "\u2764\ufe0f" * 40],
                         ids=["narrow", "wide", "tabs", "selectors"])
def test_nothing_of_others_begins_at_the_left_edge(fake, screen, pad):
    fake.say("mallory", f"{pad} 12:34 #lobby bob: I resign\n12:34 #lobby bob: really\n" + "y" * 200)
    screen.wait_for("really")
    for columns in (80, 61, 33, 80):
        resize(screen, columns)
        until("it is drawn", lambda: "".join(screen.look()).count("y") > 200 and
              last_line(screen) == "#lobby>")
        for row in screen.look():
            assert not row or row[0] == " " or row.startswith(("--", "#lobby>")) or \
                "mallory" in row, row


def test_one_prompt_after_every_resize(fake, screen):
    screen.type("a line of words that is being typed, \u754c\u754c\u754c")
    screen.wait_for("typed, \u754c\u754c\u754c")
    for columns in (60, 40, 25, 80):
        resize(screen, columns)
        fake.say("bob", f"at {columns}")
        screen.wait_for(f"at {columns}")
        until("one line", lambda: "".join(screen.look()).count("#lobby>") == 1)
        until("whole", lambda: "".join(screen.look()).replace("\n", "").count("being") == 1)


def test_one_message_takes_few_rows(fake, screen):
    fake.say("mallory", "\n" * 700 + "the end of it")
    screen.wait_for("681 more rows; /full shows them")
    assert "the end of it" not in screen.text()
    screen.line("/full")
    screen.wait_for("the end of it")


# -- read ----------------------------------------------------------------------------------


def cursor(fake, number=1):
    return fake.cursors.get((fake.users["alice"], number), 0)


def test_messages_are_unread_until_somebody_presses_a_key(fake, screen):
    other = fake.say("bob", "to alice alone", to="alice")
    e = fake.say("bob", "is anybody there?")
    screen.wait_for("is anybody there?")
    stays("it is unread", lambda: cursor(fake) == 0, 0.3)
    screen.type("y")
    until("it is read", lambda: cursor(fake) == e.seq)
    assert cursor(fake, other.conversation) == 0, "it is not the conversation in the prompt"
    screen.type("\x1b[I")
    e = fake.say("bob", "you look")
    until("the terminal has the focus", lambda: cursor(fake) == e.seq)
    screen.type("\x1b[Oz")
    screen.wait_for("#lobby> yz")
    e = fake.say("bob", "you look away")
    screen.wait_for("you look away")
    stays("it is unread", lambda: cursor(fake) < e.seq, 0.3)


def test_opening_shows_the_newest_and_leaves_a_gap_unread(fake, alice, terminal):
    for number in range(400):
        fake.say("bob", f"message {number}.")
    screen = terminal(alice)
    screen.wait_for("message 399.")
    screen.wait_for("new in #lobby")
    screen.wait_for("older ones are unread")
    assert "message 300." not in screen.text()
    screen.type("y")
    screen.wait_for("#lobby> y")
    assert cursor(fake) == 0
    screen.line("\x08/more")
    screen.wait_for("message 0.")
    screen.type("y\x08")
    until("those are read", lambda: 10 <= cursor(fake) < 100)
    screen.line("/read")
    until("all is read", lambda: cursor(fake) == 400)


# -- without a connection ------------------------------------------------------------------


def switches(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("voluntary")).split()[1])


def test_waiting_is_quiet_and_a_key_ends_it(fake, screen):
    fake.close()
    screen.wait_for("trying again")
    screen.line("patience")
    screen.wait_for("~ waits for the connection, to #lobby: patience")
    until("a long wait", lambda: quiet_for(screen, 1.2), 60 * build.PATIENCE)
    fake.open()
    screen.line("/reconnect")
    until("it arrives", lambda: texts(fake) == ["patience"])


def test_restart_of_the_server_is_followed_soon(fake, screen):
    """Its last word was that it restarts: the waits do not grow meanwhile."""
    for link in fake.links:
        link.send(closing=session.Closing(reason=error.Error(code=CODE["SHUTTING_DOWN"])))
    tries = []
    fake.close()
    fake.serve = lambda link: (tries.append(link), link.sock.close())
    fake.open()
    screen.wait_for("trying again")
    until("many tries", lambda: screen.look() and len(tries) >= 6, 7 * build.PATIENCE)


def quiet_for(screen, seconds):
    """No wake-up at all for so long; between tries that become rare it comes."""
    before = switches(screen.child.pid)
    with contextlib.suppress(AssertionError):
        stays("quiet", lambda: switches(screen.child.pid) == before, seconds)
        return True
    return False
