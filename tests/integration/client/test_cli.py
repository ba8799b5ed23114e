"""kith against a server that misbehaves: its promises hold whatever the server says."""
import json
import os
import re
import signal
import subprocess

import pexpect
import pytest

from kithtest import build
from kithtest.fake import FakeServer
from kithtest.schema import CODE, error, frame, message, session
from kithtest.wait import until

CONTROL = {chr(c) for c in [*range(0x20), *range(0x7f, 0xa0)]} - {"\n", "\t"}


@pytest.fixture
def alice(fake, make_kith):
    one = make_kith()
    one.join(fake.url(), "alice")
    return one


def fault(name, action):
    """A fault for the next request of this name: action(link, request)."""
    def take(link, request):
        if request.WhichOneof("body") != name:
            return False
        action(link, request)
        return True
    return take


def refuse(name, code, retry_after=0, text=""):
    return fault(name, lambda link, request: link.fail(request.id, code, text, retry_after))


def lobby(fake):
    return [e.text for e in fake.logs[1].events]


# -- sending -----------------------------------------------------------------------


def test_lost_answer_is_asked_again_and_stored_once(fake, alice):
    def store_and_cut(link, request):
        link.send = lambda **_: None
        fake.do_send(link, request.id, request.send)
        link.cut()

    fake.faults = [fault("send", lambda link, _: link.cut()), fault("send", store_and_cut)]
    alice.run("send", "#lobby", "once")
    assert lobby(fake) == ["once"]
    assert fake.seen.count("send") == 3


@pytest.mark.parametrize("code", ["BUSY", "UNAVAILABLE", "RATE_LIMITED", "SHUTTING_DOWN"])
def test_passing_refusals_are_tried_again(fake, alice, code):
    fake.faults = [refuse("send", code, 50), refuse("send", code, 50)]
    alice.run("send", "#lobby", "in the end")
    assert lobby(fake) == ["in the end"]


def test_passing_refusal_of_one_copy_sends_all_again(fake, alice, make_kith):
    make_kith().join(fake.url(), "bob")

    def store_one(link, request):
        first = message.Send(targets=request.send.targets[:1], client_id=request.send.client_id,
                             text=request.send.text)
        link.send = lambda **_: None
        fake.do_send(link, request.id, first)
        del link.send
        busy = message.Outcome(error=error.Error(code=CODE["BUSY"], retry_after_ms=50))
        link.send(id=request.id, sent=message.Sent(outcomes=[message.Outcome(seq=1), busy]))

    fake.faults = [fault("send", store_one)]
    rows = alice.json("send", "#lobby,@bob", "to both")
    assert [row["result"] for row in rows] == ["stored", "stored"]
    assert lobby(fake) == ["to both"]


def test_send_gives_up_after_its_timeout(fake, alice):
    fake.faults = [fault("send", lambda *_: None)]
    failed = alice.run("send", "--timeout", "1", "#lobby", "into the void", code=3)
    assert "may have been stored" in failed.stderr


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_send_says_what_became_of_it(fake, alice, end):
    fake.faults.append(lambda link, request: request.WhichOneof("body") == "send")
    one = subprocess.Popen([build.KITH, "send", "#lobby", "on its way"], env=alice.env,
                           stderr=subprocess.PIPE, text=True)
    fake.wait_for("send")
    one.send_signal(end)
    assert "the message may have been stored" in one.communicate(timeout=20 * build.PATIENCE)[1]
    assert one.returncode == 128 + end


def test_send_waits_for_a_server_that_comes_back(fake, alice):
    fake.close()
    process = subprocess.Popen([build.KITH, "send", "#lobby", "patience"], env=alice.env,
                               stderr=subprocess.PIPE, text=True)
    assert "trying again" in process.stderr.readline()
    fake.open()
    assert process.wait(20 * build.PATIENCE) == 0
    process.stderr.close()
    assert lobby(fake) == ["patience"]


def test_no_server_is_exit_3_and_said_once(fake, alice):
    fake.close()
    failed = alice.run("ls", code=3)
    assert "cannot connect" in failed.stderr
    alice.run("send", "--timeout", "1", "#lobby", "x", code=3)


def test_worst_outcome_is_the_exit_code(fake, alice, make_kith):
    make_kith().join(fake.url(), "bob")
    sent = alice.run("send", "@bob,@nobody,#lobby", "hello", code=6)
    assert "@nobody" in sent.stderr and "@bob" in sent.stdout and "#lobby" in sent.stdout
    assert lobby(fake) == ["hello"]


def test_each_line_is_a_message_with_lines(fake, alice):
    lines = [f"line {n}" for n in range(200)]
    alice.run("send", "-l", "#lobby", stdin="\n".join(lines) + "\n\n")
    assert lobby(fake) == lines


def test_long_line_is_refused_and_the_others_sent(fake, alice):
    alice.run("send", "-l", "#lobby", stdin=f"one\n{'x' * 8001}\n", code=8)
    assert lobby(fake) == ["one"]


@pytest.mark.parametrize("text, code", [
    ("", 2), ("\n", 2), (b"\xff\xfe", 2), ("x" * 8001, 8), (b"a\0b", 2)])
def test_texts_that_are_no_messages(fake, alice, text, code):
    alice.run("send", "#lobby", stdin=text, code=code)
    assert lobby(fake) == []


def test_processes_of_one_profile_share_no_client_id(fake, alice):
    many = [subprocess.Popen([build.KITH, "send", "-l", "#lobby"], env=alice.env, text=True,
                             stdin=subprocess.PIPE) for _ in range(4)]
    for number, process in enumerate(many):
        process.stdin.write("".join(f"{number}.{n}\n" for n in range(50)))
        process.stdin.close()
    assert [process.wait(20 * build.PATIENCE) for process in many] == [0, 0, 0, 0]
    assert len(fake.answers) == 200
    assert sorted(lobby(fake)) == sorted(f"{p}.{n}" for p in range(4) for n in range(50))


def test_taken_ids_are_replaced_in_order(fake, alice):
    """The server has other messages by the ids of the first and the second line."""
    def take(link, request):
        fake.answers[request.send.client_id] = fake.logs[1].events[0]
        fake.do_send(link, request.id, request.send)

    def leave(link, request):
        fake.do_send(link, request.id, request.send)

    fake.say("bob", "taken")
    fake.faults = [fault("send", f) for f in (take, take, leave, take)]
    answers = alice.json("send", "--lines", "#lobby", stdin="0\n1\n2\n3\n")
    assert lobby(fake) == ["taken", "0", "1", "2", "3"]
    assert [a["seq"] for a in answers] == [2, 3, 4, 5]
    assert fake.seen.count("send") == 7


# -- tail --------------------------------------------------------------------------


def test_tail_shows_everything_once_whatever_live_delivery_does(fake, alice):
    tail = alice.tail()
    fake.wait_for("sync")
    with fake.lock:
        events = [fake.store(fake.logs[1], "bob", f"number {n}") for n in range(60)]
        for e in (events[3], events[1], events[0], events[3], events[2], events[40], events[7]):
            fake.tell(e)
    tail.wait_for(lambda e: e["text"] == "number 40")
    with fake.lock:                         # all of it again, backwards
        for e in reversed(events):
            fake.tell(e, times=2)
    tail.wait_for(lambda e: e["text"] == "number 59")
    fake.say("bob", "the end")
    tail.wait_for(lambda e: e["text"] == "the end")
    assert [e["text"] for e in tail.events()] == [f"number {n}" for n in range(60)] + ["the end"]


def test_long_hole_at_the_beginning_is_fetched(fake, alice):
    tail = alice.tail()
    fake.wait_for("sync")
    with fake.lock:
        for number in range(450):
            e = fake.store(fake.logs[1], "bob", f"number {number}")
        fake.tell(e)
    tail.wait_for(lambda e: e["text"] == "number 449")
    assert [e["seq"] for e in tail.events()] == list(range(1, 451))


def test_log_is_read_from_its_beginning(fake, alice):
    for number in range(1, 451):
        fake.say("bob", f"number {number}")
    for since in (0, 1, 2, 200, 449, 450):
        events = alice.json("read", "#lobby", "--since", str(since))
        assert [e["seq"] for e in events] == list(range(since + 1, 451))
    assert [e["seq"] for e in alice.json("read", "#lobby", "--since", "0", "-n", "3")] == [1, 2, 3]
    assert [e["seq"] for e in alice.json("read", "#lobby", "-n", "430")] == list(range(21, 451))


def test_tail_survives_cuts_and_resyncs(fake, alice):
    tail = alice.tail()
    fake.wait_for("sync")
    for number in range(40):
        fake.say("bob", f"number {number}", live=number % 3 != 0)
        if number % 16 == 5:
            fake.cut_all()
        if number % 8 == 2:
            with fake.lock:
                for link in fake.links:
                    link.send(resync=message.Resync())
    fake.cut_all()
    tail.wait_for(lambda e: e["text"] == "number 39")
    assert [e["text"] for e in tail.events()] == [f"number {n}" for n in range(40)]


def test_next_tail_goes_on_behind_the_last(fake, alice):
    for round_number in range(3):
        fake.say("bob", f"round {round_number}")
        tail = alice.tail()
        tail.wait_for(lambda e: e["text"] == f"round {round_number}")
        tail.stop()
        assert len(tail.events()) == 1


def test_unmarked_tail_shows_it_again(fake, alice):
    fake.say("bob", "again")
    for _ in range(2):
        tail = alice.tail("--no-mark")
        tail.wait_for(lambda e: e["text"] == "again")
        tail.stop()


def test_tail_of_targets_and_of_the_last_n(fake, alice, make_kith):
    for number in range(10):
        fake.say("bob", f"lobby {number}")
        fake.say("bob", f"direct {number}", to="alice")
    tail = alice.tail("@bob", "-n", "3")
    tail.wait_for(lambda e: e["text"] == "direct 9")
    fake.say("bob", "lobby live")
    fake.say("bob", "direct live", to="alice")
    tail.wait_for(lambda e: e["text"] == "direct live")
    assert [e["text"] for e in tail.events()] == ["direct 7", "direct 8", "direct 9", "direct live"]
    assert {e["conversation"] for e in tail.events()} == {"@bob"}


def test_tail_of_somebody_unknown_fails(fake, alice):
    alice.run("tail", "@nobody", code=6)
    alice.run("tail", "nobody", code=2)


def test_new_conversation_shows_its_name(fake, alice):
    tail = alice.tail()
    fake.wait_for("sync")
    fake.say("carol", "you do not know me", to="alice")
    event = tail.wait_for(lambda e: e["text"] == "you do not know me")
    assert event["conversation"] == "@carol"


def test_tail_ends_when_its_reader_does(fake, alice):
    fake.say("bob", "one")
    process = subprocess.Popen([build.KITH, "tail"], env=alice.env, stdout=subprocess.PIPE)
    process.stdout.close()
    assert process.wait(20 * build.PATIENCE) != 0


# -- a hostile server -----------------------------------------------------------------


def test_hostile_strings_reach_no_output(fake, make_kith):
    evil = "ev\x1b]0;il\x07\x9b2J\u202e"
    alice = make_kith()
    alice.join(fake.url(), "alice")
    fake.say(evil, "hi\x1b[2J", to="alice")
    fake.logs[2] = type(fake.logs[1])(2, "gr\x1b[31m", fake.users.values())
    fake.say(evil, "x")
    for command in (["ls"], ["who"], ["unread"], ["read", "#lobby"], ["group", "list"],
                    ["ls", "--plain"], ["ls", "--json"], ["read", "#lobby", "--json"]):
        shown = alice.run(*command)
        assert not CONTROL & set(shown.stdout + shown.stderr), command
        assert "\u202e" not in shown.stdout
    fake.faults = [refuse("send", "NOT_PERMITTED", text=f"no\x1b[2J {evil}")]
    failed = alice.run("send", "#lobby", "x", code=5)
    assert not CONTROL & set(failed.stderr)


def raw_reply(data):
    return fault("list_conversations", lambda link, request: link.sock.sendall(data))


@pytest.mark.parametrize("data", [
    b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\1\0\1", b"\0\0\0\3\xff\xff\xff",
    b"\0\0\0\4\x0a\x7f\x7f\x7f", b"HTTP/1.1 400 Bad Request\r\n\r\n", os.urandom(4096)],
    ids=["empty", "huge", "too large", "cut", "malformed", "HTTP", "random"])
def test_garbage_ends_the_connection_not_kith(fake, alice, data):
    fake.faults = [raw_reply(data)]
    assert alice.run("ls", code=None).returncode in (1, 3)


def test_answer_of_another_kind_is_an_error(fake, alice):
    fake.faults = [fault("list_conversations", lambda link, request:
                         link.send(id=request.id, done=session.Done()))]
    assert "another kind" in alice.run("ls", code=1).stderr


def test_empty_answers_are_borne(fake, alice):
    def too_few(link, request):
        link.send(id=request.id, sent=message.Sent())
    fake.faults = [fault("send", too_few)]
    alice.run("send", "#lobby", "x", code=1)
    fake.faults = [fault("hello", lambda link, request:
                         link.send(id=request.id, welcome=session.Welcome(version=1)))]
    alice.run("ls", code=1)


def test_other_version_is_refused(fake, alice):
    fake.faults = [fault("hello", lambda link, request: link.send(
        id=request.id, welcome=session.Welcome(version=2, limits=session.Limits())))]
    assert "version" in alice.run("ls", code=1).stderr


def test_closing_says_why(fake, alice):
    def close(link, request):
        link.send(closing=session.Closing(reason=error.Error(code=CODE["REVOKED"])))
        link.cut()
    fake.faults = [fault("list_conversations", close)]
    assert "ended from elsewhere" in alice.run("ls", code=4).stderr


def test_silent_server_is_given_up(fake, alice):
    """It answers the greeting with short heartbeats, and then nothing more."""
    def hello(link, request):
        link.send(id=request.id, welcome=session.Welcome(version=1, limits=session.Limits(
            heartbeat_ms=1000, heartbeat_missed=2)))
    fake.faults = [fault("hello", hello), fault("list_conversations", lambda *_: None),
                   *[fault("ping", lambda *_: None)] * 9]
    assert "silent" in alice.run("ls", code=3).stderr


def test_pings_are_answered_on_both_sides(fake, alice):
    tail = alice.tail()
    fake.wait_for("sync")
    with fake.lock:
        for link in fake.links:
            link.send(ping=session.Ping())
    fake.wait_for("pong")
    assert tail.process.poll() is None


# -- profiles, options, exit codes ------------------------------------------------------


def test_usage_errors_are_exit_2(fake, alice):
    for command in (["nonsense"], ["--nonsense"], ["ls", "extra"], ["send"], ["send", "alice", "x"],
                    ["read"], ["read", "@a,@b"], ["ls", "--json", "--plain"], ["read", "@a", "-n"],
                    ["read", "@a", "-n", "x"], ["ls", "-n", "3"], ["-p", "../x", "ls"], ["group"],
                    ["group", "nonsense"], ["group", "join"], ["sessions", "revoke", "x"],
                    ["login", "http://x", "alice"], []):
        failed = alice.run(*command, code=2)
        assert failed.stderr and not failed.stdout, command


def test_help_is_for_every_command(alice):
    listed = re.findall(r"^  ([a-z]+) ", alice.out("help").split("[ARGUMENT...]]")[1], re.M)
    assert {"join", "send", "read", "tail", "ls", "who", "group"} <= set(listed)
    for command in listed:
        assert f"usage: kith {command}" in alice.out("help", command)
        assert f"usage: kith {command}" in alice.out(command, "--help")


def test_profiles_are_separate(fake, alice):
    file = alice.secret("some password")
    alice.run("-p", "work", "join", fake.url(), "--name", "worker", "--password-file", file)
    assert alice.json("whoami")[0]["name"] == "alice"
    assert alice.json("-p", "work", "whoami")[0]["name"] == "worker"
    alice.env["KITH_PROFILE"] = "work"
    assert alice.json("whoami")[0]["name"] == "worker"
    # A profile is one account; another one does not push it out.
    alice.run("join", fake.url(), "--name", "other", "--password-file", file, code=2)
    assert alice.json("whoami")[0]["name"] == "worker"


def test_server_option_reaches_it_elsewhere(fake, alice):
    other = FakeServer()
    other.tokens, other.users = fake.tokens, fake.users
    fake.close()
    alice.run("ls", code=3)
    assert alice.json("-s", f"kith+plain://127.0.0.1:{other.port}", "whoami")[0]["name"] == "alice"
    alice.env["KITH_SERVER"] = f"kith+plain://127.0.0.1:{other.port}"
    alice.run("ls")
    other.close()


def test_passwords_come_from_where_they_should(fake, make_kith):
    secrets = []
    fake.faults = [fault("register_account", lambda link, request: (
        secrets.append(request.register_account.password),
        fake.do_register_account(link, request.id, request.register_account)))
        for _ in range(3)]
    file = make_kith().secret("first line\nsecond line")
    make_kith().run("join", fake.url(), "--name", "a", "--password-file", file)
    make_kith().run("join", fake.url(), "--name", "b", "--password-command", "echo 'by command'")
    make_kith().run("join", fake.url(), "--name", "c", "--password-fd", "0", stdin="by fd\n")
    assert secrets == ["first line", "by command", "by fd"]


@pytest.mark.parametrize("options", [
    [], ["--password-file", "/nonexistent"], ["--password-fd", "77"], ["--password-fd", "x"],
    ["--password-command", "false"], ["--password-command", "true"],
    ["--password-file", "/dev/null"], ["--password-fd", "0", "--password-command", "echo x"]])
def test_password_that_can_not_be_had(fake, make_kith, options):
    make_kith().run("join", fake.url(), "--name", "a", *options, code=2)
    assert "register_account" not in fake.seen


def test_password_is_asked_twice_without_echo(fake, make_kith):
    one = make_kith()
    child = pexpect.spawn(str(build.KITH), ["join", fake.url(), "--name", "alice"], env=one.env,
                          timeout=20 * build.PATIENCE)
    child.expect("Password: ")
    child.sendline("typed secret")
    child.expect("Again: ")
    child.sendline("typed secret")
    child.expect("logged in as alice")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0 and b"typed" not in (child.before or b"")


def test_unread_answers_by_its_exit_code(fake, alice):
    fake.row = lambda link, log, row=fake.row: unread_row(fake, link, log, row)
    assert alice.run("unread", "--quiet", code=1).stdout == ""
    fake.say("bob", "news")
    assert alice.run("unread", "--quiet", code=0).stdout == ""
    assert alice.json("unread")[0]["conversation"] == "#lobby"


@pytest.mark.parametrize("counted, text, more", [(999, "999 ", False), (1000, "1000+", True)])
def test_the_end_of_counting_is_seen(fake, alice, terminal, counted, text, more):
    def row(link, log, row=fake.row):
        one = row(link, log)
        one.unread = counted
        return one
    fake.row = row
    assert text in alice.run("unread").stdout
    got = alice.json("ls")[0]
    assert (got["unread"], got["unread_more"]) == (counted, more)
    screen = terminal(alice, "chat", "@alice")
    screen.wait_for(f"unread elsewhere: #lobby {text.strip()} (")


def unread_row(fake, link, log, row):
    one = row(link, log)
    one.unread = one.last_seq - one.read_seq
    return one


def test_ctrl_c_is_130(fake, alice):
    child = pexpect.spawn(str(build.KITH), ["tail"], env=alice.env, timeout=20 * build.PATIENCE)
    fake.wait_for("sync")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130


def test_tail_ends_with_its_reader_though_nothing_arrives(fake, alice):
    with subprocess.Popen([build.KITH, "tail", "#lobby"], env=alice.env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as tail:
        fake.wait_for("sync")
        tail.stdout.close()
        assert tail.wait(20 * build.PATIENCE) == -signal.SIGPIPE
        assert tail.stderr.read() == ""


def test_full_disk_is_told(fake, alice):
    fake.say("bob", "news")
    with open("/dev/full", "w", encoding="ascii") as full:
        result = subprocess.run([build.KITH, "read", "#lobby"], env=alice.env, stdout=full,
                                stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1 and "standard output" in result.stderr


# -- the terminal --------------------------------------------------------------------------


def test_chat_without_an_account_says_how_to_join(make_kith, terminal):
    screen = terminal(make_kith())
    screen.wait_for("kith join")
    assert screen.wait_end() == 4


def test_message_typed_offline_is_sent_when_connected(fake, alice, terminal):
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    fake.faults = [fault("login_token", lambda link, _: link.cut())]
    fake.cut_all()
    screen.wait_for("trying again")
    screen.line("said offline")
    until("it arrives", lambda: lobby(fake) == ["said offline"], 30 * build.PATIENCE)
    screen.wait_for("alice: said offline")
    screen.line("/quit")
    assert screen.wait_end() == 0


def test_refused_message_is_told_and_comes_back_with_up(fake, alice, terminal):
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    fake.faults = [refuse("send", "NOT_PERMITTED", text="not today")]
    screen.line("precious words")
    screen.wait_for("not sent to #lobby: not today: precious words")
    screen.type("\x1b[A")
    screen.wait_for("#lobby> precious words")
    screen.type("\r")
    until("it arrives", lambda: lobby(fake) == ["precious words"])


def test_pasted_lines_are_one_message(fake, alice, terminal):
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    screen.type("\x1b[200~first\nsecond\nthird\x1b[201~")
    screen.wait_for("third")
    assert lobby(fake) == []
    screen.type("\r")
    until("it arrives", lambda: lobby(fake) == ["first\nsecond\nthird"])


def test_ctrl_c_clears_the_line_then_leaves(fake, alice, terminal):
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    screen.type("half a thought")
    screen.wait_for("half a thought")
    screen.type("\x03")
    until("the line is empty", lambda: [line for line in screen.look() if line][-1] == "#lobby>")
    screen.type("\x03")
    screen.wait_for("Ctrl-C again to leave")
    screen.type("x")
    screen.wait_for("#lobby> x")
    screen.type("\x7f")
    until("it is gone", lambda: [line for line in screen.look() if line][-1] == "#lobby>")
    screen.type("\x03")
    until("a key takes it back", lambda: screen.text().count("Ctrl-C again to leave") == 2)
    screen.type("\x03")
    assert screen.wait_end() == 0
    assert lobby(fake) == []


def test_ctrl_d_leaves_and_the_terminal_is_as_before(fake, alice):
    shell = pexpect.spawn("/bin/sh", env=alice.env, cwd=str(alice.home),
                          timeout=20 * build.PATIENCE, encoding="utf-8")
    shell.sendline("stty -a >before; kith; stty -a >after; cmp before after && echo sa''me")
    shell.expect("#lobby> ")
    shell.sendeof()
    shell.expect("same")
    shell.sendline("exit")
    shell.close()


def test_slash_twice_sends_one(fake, alice, terminal):
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    screen.line("//etc/passwd")
    until("it arrives", lambda: lobby(fake) == ["/etc/passwd"])
    for wrong, answer in (("/nonsense x", "/nonsense: no such"), (" /quti", "/quti: no such"),
                          ("/l x", "/l: which? /leave /ls"), ("/", "/: no such"),
                          ("/quit now", "/quit takes no argument")):
        screen.line(wrong)
        screen.wait_for(answer)
    screen.line("/whoami")
    screen.wait_for("profile default")
    assert lobby(fake) == ["/etc/passwd"]


@pytest.mark.parametrize("env", [
    {"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "nonexistent"}])
def test_poor_terminals_work(fake, alice, terminal, env):
    fake.say("bob", "before you came")
    screen = terminal(alice, **env)
    screen.wait_for("before you came")
    screen.type("half a")
    screen.wait_for("half a")
    fake.say("bob", "interruption")
    screen.wait_for("interruption")
    screen.line(" line")
    until("it arrives", lambda: lobby(fake)[-1] == "half a line")
    assert env["TERM"] == "nonexistent" or b"\x1b[1m" not in screen.raw
    screen.line("/quit")
    assert screen.wait_end() == 0


def test_narrow_terminal_and_long_line(fake, alice, terminal):
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    text = "wort " * 60
    screen.type(text)
    until("it is typed", lambda: "".join(screen.look()).count("wort") >= 59)
    fake.say("bob", "interruption")
    screen.wait_for("interruption")
    until("the line is back, whole", lambda: "".join(screen.look()).count("wort") >= 59)
    screen.type("\r")
    until("it arrives", lambda: lobby(fake)[-1] == text)


def test_unsent_messages_hold_back_the_first_quit(fake, alice, terminal):
    screen = terminal(alice)
    screen.wait_for("#lobby>")
    fake.close()
    screen.wait_for("trying again")
    screen.line("stuck")
    screen.wait_for("waits for the connection, to #lobby: stuck")
    screen.line("/quit")
    screen.wait_for("not sent yet")
    screen.line("/quit")
    assert screen.wait_end() == 3


def test_unknown_key_is_asked_on_a_terminal(server, make_kith):
    host, port = server.address
    secret = server.invite().partition("#")[0].rpartition("/")[2]
    one = make_kith()
    child = pexpect.spawn(str(build.KITH), ["join", f"kith://{host}:{port}/{secret}", "--name",
                                            "alice", "--password-file", str(one.secret("long enough"))],
                          env=one.env, timeout=20 * build.PATIENCE, encoding="utf-8")
    child.expect_exact(server.fingerprint)
    child.expect_exact("[yes/no]")
    child.sendline("yes")
    child.expect("logged in as alice")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert one.json("whoami")[0]["key"] == server.fingerprint


def test_json_is_one_object_a_line(fake, alice):
    fake.say("bob", 'quo"te\\ \u00fc\n\x1f\u2028')
    line, = alice.out("read", "#lobby", "--json").splitlines()
    assert json.loads(line)["text"] == 'quo"te\\ \u00fc\n\x1f\u2028'
