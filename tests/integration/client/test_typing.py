"""What is typed in the chat goes where the prompt said, or nowhere; what is shown can be trusted."""
import contextlib
import fcntl
import os
import signal
import struct
import termios

import pexpect
import pytest

from kithtest import build
from kithtest.fake import Held
from kithtest.schema import CODE, error, session
from kithtest.terminal import LINES
from kithtest.wait import stays, until


def group(fake, name, *members):
    fake.logs[7] = log = type(fake.logs[1])(7, name, {fake.user(m) for m in members})
    return log


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
    until("the prompt", lambda: screen.last_line() == f"{target}>")
    assert fake.texts() == []
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
    until("the old prompt", lambda: screen.last_line() == "#lobby>")
    screen.line("/drop")
    screen.wait_for("1 message forgotten")
    screen.line("for all")
    until("it arrives", lambda: fake.texts() == ["for all"])


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
    until("the prompt stays", lambda: screen.last_line() == "#nope> for nope alone")
    screen.type(end)
    if end == "\r":
        screen.wait_for("!1 not sent to #nope: ")
        screen.wait_for("for nope alone")
    until("the old prompt", lambda: screen.last_line() == "#lobby>")
    screen.line("for all")
    until("it arrives", lambda: fake.texts() == ["for all"])
    assert fake.texts("nope") == []


@pytest.mark.parametrize("command", ["/leave", "/names", "/read", "/invite @bob"])
def test_begun_command_keeps_its_target(fake, screen, command):
    held = Held(fake, "join_group")
    screen.line("/join #nope")
    screen.wait_for("#nope (waits)>")
    screen.type(command)
    screen.wait_for(f"#nope (waits)> {command}")
    held.fail("NO_SUCH_GROUP")
    until("it is told", lambda: screen.last_line() == f"#nope> {command}")
    before = len(fake.seen)
    screen.type("\r")
    screen.wait_for(f"not done: {command} was typed for #nope")
    until("the old prompt", lambda: screen.last_line() == "#lobby>")
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
    until("all arrive", lambda: fake.texts("ops") == ["one", "two", "three", "four"])
    until("that, too", lambda: fake.texts() == ["try me again"])


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
    assert fake.texts() == []
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
    until("no target", lambda: screen.last_line() == "kith>")
    assert "* one left" not in screen.text()
    screen.line("/query #tea")
    screen.wait_for("you are not in #tea any more: /join #tea")
    assert screen.last_line() == "#tea>"


def test_no_person_is_chosen_by_the_program(fake, alice, terminal):
    fake.say("bob", "hello alice", to="alice")
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    screen.line("/leave #lobby")
    screen.wait_for("left #lobby")
    screen.line("/quit")
    assert screen.wait_end() == 0
    screen = terminal(alice)
    until("no target", lambda: screen.last_line() == "kith>")
    screen.line("to whom?")
    screen.wait_for("!1 not sent: no target")
    screen.line("/query @bob")
    until("chosen", lambda: screen.last_line() == "@bob>")
    screen.wait_for("@bob bob: hello alice")
    screen.line("/quit")
    screen.wait_for("leave again")
    screen.line("/quit")
    assert screen.wait_end() == 0
    assert "send" not in fake.seen
    screen = terminal(alice)
    until("the one used last", lambda: screen.last_line() == "@bob>")


def test_lines_typed_before_the_login_are_kept(fake, alice, terminal):
    held = Held(fake, "login_token")
    screen = terminal(alice)
    screen.wait_for("#lobby (connecting)>")
    screen.line("early bird")
    screen.wait_for("~ waits for the connection, to #lobby: early bird")
    held.go()
    until("it arrives", lambda: fake.texts() == ["early bird"])


@pytest.mark.parametrize("text, key, log, sent", [
    ("@bob just for you", "p", "", "just for you"), ("@bob and all", "y", "lobby", "@bob and all"),
    ("@bob,@carol no", "n", "", None)])
def test_words_like_those_of_kith_send_are_asked_about(fake, screen, text, key, log, sent):
    fake.user("bob")
    screen.line(text)
    screen.wait_for("alone, n: to nobody?")
    assert "send" not in fake.seen
    answered(screen, "x")
    screen.wait_for("answer y, p or n first")   # also after a wrong key the next one answers
    screen.type(key)
    if sent is None:
        screen.wait_for("Up brings the text back")
        assert "send" not in fake.seen
        return
    fake.wait_for("send")
    until("it arrives", lambda: any(e.text == sent for one in fake.logs.values()
                                    for e in one.events))
    assert fake.texts() == ([sent] if log else [])


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
    assert screen.last_line() == "#lobby> next one"


def test_failed_text_is_sent_again(fake, screen):
    held = Held(fake, "send")
    screen.line("once more")
    held.fail("NOT_PERMITTED")
    screen.wait_for("!1 not sent to #lobby: ")
    screen.line("/resend 2")
    screen.wait_for("nothing that failed has the number 2")
    screen.line("/resend")
    until("it arrives", lambda: fake.texts() == ["once more"])
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
        until(f"{text} arrives", lambda n=number: len(fake.texts()) == n)
        until("the line is empty", lambda: screen.last_line() == "#lobby>")
    assert fake.texts() == [t for t, _ in KEYS[:-1]] + ["#and Alt-hash"]
    screen.type("\x1b[A")
    screen.wait_for("#lobby> #and Alt-hash")


def test_vi_mode_inserts_again_after_enter(fake, alice, terminal):
    (alice.home / "inputrc").write_text("set editing-mode vi\nset keyseq-timeout 50\n"
                                        "set show-mode-in-prompt on\n")
    screen = terminal(alice, INPUTRC=str(alice.home / "inputrc"))
    screen.wait_for("#lobby>")
    for text in ("dance", "xylophone"):
        screen.type(text)
        until("it is typed", lambda t=text: screen.last_line().endswith("> " + t))
        screen.type("\x1b")
        until("command mode", lambda: "(cmd)" in screen.last_line())
        screen.type("\r")
        until("it arrives", lambda t=text: t in fake.texts())
        until("insert mode", lambda: screen.last_line() == "(ins)#lobby>")


# -- the end -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["/quit\r", "\x04"])
def test_nothing_typed_after_the_end_is_sent(fake, screen, how):
    held = Held(fake, "send")
    screen.line("bye all")
    held.wait()
    screen.wait_for("~ sending")
    screen.type(how)
    until("the line is gone", lambda: "#lobby>" not in screen.last_line())
    assert how[0] != "/" or screen.wait_for("#lobby> /quit") is None
    screen.line("sudo secret")
    held.go()
    assert screen.wait_end() == 0
    assert fake.texts() == ["bye all"]


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
    assert fake.texts() == []


def test_two_chats_keep_both_histories(fake, alice, terminal):
    one, two = terminal(alice), terminal(alice)
    for number, screen in enumerate((one, two)):
        screen.wait_for("#lobby>")
        screen.line(f"remember {number}")
        until("it arrives", lambda n=number: f"remember {n}" in fake.texts())
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
        answered(screen, "y\r")
    until("it arrives", lambda: fake.texts() == [sent])


@pytest.mark.parametrize("paste, sent", [
    ("c1\r\nc2\r\n", "c1\nc2"), ("m1\rm2\n\nm3", "m1\nm2\n\nm3"),
    ("d1\r\n\r\nd2\x1b[20\x1b[2", "d1\n\nd2\x1b[20\x1b[2")])
def test_every_line_end_of_a_paste_is_one(fake, alice, terminal, paste, sent):
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    screen.type(BRACKETS.format(paste))
    screen.wait_for(sent[-9:].splitlines()[-1].split("\x1b")[0])
    screen.type("\r")
    until("it arrives", lambda: fake.texts() == [sent])
    if "\x1b" in paste:
        return
    screen.type(paste + "\r")
    screen.wait_for(f"Send {sent.count(chr(10)) + 1} lines")
    answered(screen, "y")
    until("it arrives, too", lambda: fake.texts() == [sent, sent])


def test_a_paste_is_no_answer(fake, screen):
    fake.user("bob")
    for paste, key, log in (("y", "n", []), ("yes\nand more", "y", ["@bob between us"])):
        screen.line("@bob between us")
        screen.wait_for("to nobody?")
        screen.type(BRACKETS.format(paste))
        screen.wait_for("the paste was not taken, answer the question first")
        answered(screen, key)
        until("the old prompt", lambda: screen.last_line() == "#lobby>")
        until("it is answered", lambda w=log: fake.texts() == w)
        screen.type("\x1b[A")
        until("Up brings it back", lambda p=paste: screen.last_line().endswith(p.split("\n")[-1]))
        screen.type("\x03")
        until("empty", lambda: screen.last_line() == "#lobby>")
        screen.line("/clear")
        until("clear", lambda: "not taken" not in "\n".join(screen.look()))
        screen.screen.history.top.clear()


def test_unmarked_paste_is_one_message_or_none(fake, alice, terminal):
    screen = terminal(alice, TERM="dumb")
    screen.wait_for("#lobby>")
    lines = [f"number {n}" for n in range(300)] + ["/quit", "rest"]
    screen.type("\r".join(lines))
    screen.wait_for("Send 302 lines")
    answered(screen, "n\r")
    screen.wait_for("Up brings the text back")
    assert "send" not in fake.seen
    screen.type("a\r/quit\rb\r")
    screen.wait_for("Send 3 lines")
    answered(screen, "y")
    until("it arrives", lambda: fake.texts() == ["a\n/quit\nb"])


def test_unmarked_lines_are_asked_about_though_pastes_are_marked(fake, screen):
    screen.type(BRACKETS.format("one\ntwo") + "\r")
    until("it arrives", lambda: fake.texts() == ["one\ntwo"])
    screen.type("from a\r/quit\rprogram\r")
    screen.wait_for("Send 3 lines")
    stays("nothing more is sent", lambda: fake.texts() == ["one\ntwo"], 0.2)


@pytest.mark.parametrize("keys", ["hold it\r\r\r\r", "\r\r\rhold it\r \r"])
def test_enter_held_down_is_no_paste(fake, screen, keys):
    screen.type(keys)
    until("it arrives", lambda: [text.strip() for text in fake.texts()] == ["hold it"])


# -- answers -------------------------------------------------------------------------------


@pytest.mark.parametrize("key, log, sent", [
    ("Y", "lobby", ["@bob between us"]), ("\x1b", "lobby", []), ("x\x03", "lobby", []),
    ("p", None, ["between us"])])
def test_one_key_answers(fake, screen, key, log, sent):
    fake.user("bob")
    screen.line("@bob between us")
    screen.wait_for("to nobody?")
    answered(screen, key)
    until("the old prompt", lambda: screen.last_line() == "#lobby>")
    until("it arrives", lambda: [e.text for one in fake.logs.values() for e in one.events
                                 if e.text] == sent)
    assert not log or fake.texts(log) == sent
    assert sent or "Up brings the text back" in screen.text()


def answered(screen, key):
    """Somebody has read the question; keys before that are no answer."""
    stays("the question", lambda: screen.last_line().endswith(("to nobody?", "[y/n]")), 0.5)
    screen.type(key)


@pytest.mark.parametrize("early", ["y", "y\r"])
def test_what_was_typed_ahead_is_no_answer(fake, screen, early):
    """It is thrown away, the question is still there, and the next key answers."""
    fake.user("bob")
    screen.line("@bob between us")
    screen.wait_for("to nobody?")
    screen.type(early)
    screen.wait_for("nothing is sent yet: answer y, p or n first")
    until("the line is empty", lambda: screen.last_line().endswith("to nobody?"))
    assert "send" not in fake.seen
    answered(screen, "p")
    until("the next key answers", lambda: [e.text for log in fake.logs.values() for e in log.events
                                           if e.text] == ["between us"])


@pytest.mark.parametrize("entered", ["@carol hello\r", "path\r"])
def test_a_text_that_is_entered_answers_no_question(fake, screen, entered):
    """Typing on without looking up sends neither: not even with what comes after."""
    for name in ("bob", "carol"):
        fake.user(name)
    screen.line("@bob between us")
    screen.wait_for("to nobody?")
    answered(screen, entered)
    screen.wait_for("not sent, neither this nor the text before it")
    until("the old prompt", lambda: screen.last_line() == "#lobby>")
    for text in (entered[:-1], "@bob between us"):
        screen.type("\x1b[A")
        until("Up brings it back", lambda t=text: screen.last_line() == f"#lobby> {t}")
    screen.type("\x03")
    until("the line is empty", lambda: screen.last_line() == "#lobby>")
    screen.type("p")
    until("a key is a key", lambda: screen.last_line() == "#lobby> p")
    assert "send" not in fake.seen


@pytest.mark.parametrize("keys", ["\r\x04", "\r\x04\x04"])
def test_end_of_file_behind_a_line_sends_the_line(fake, screen, keys):
    screen.type("last words")
    screen.wait_for("last words")
    screen.type(keys)
    assert screen.wait_end() == 0
    assert fake.texts() == ["last words"]
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
              screen.last_line() == "#lobby>")
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
    until("it arrives", lambda: fake.texts() == ["patience"])


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
