"""kith's commands: what they print, what they refuse, how they end."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pexpect
import pytest

from kithtest import build
from kithtest.cli import Kith
from kithtest.server import Server
from kithtest.terminal import Terminal
from kithtest.wait import until

from conftest import lifetime

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def server():
    """One for the module, on SQLite: commands do not know the database."""
    yield from lifetime(Server())


@pytest.fixture(scope="module")
def pair(server):
    """Two people, for all tests of the module."""
    people = [Kith(), Kith()]
    for one, name in zip(people, ("ann", "ben")):
        one.join(server.invite(), name)
    yield people
    for one in people:
        one.close()


def shell(kith, script, timeout=20):
    """Runs a line of sh that calls kith; returns the finished process."""
    return subprocess.run(["/bin/sh", "-c", script], env=kith.env, cwd=kith.home,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          timeout=timeout * build.PATIENCE)


# -- standard streams ----------------------------------------------------------------


@pytest.mark.parametrize("command, closed, code", [
    ("send @{you}", "<&-", 2), ("send --lines @{you}", "<&-", 0), ("send @{you} -", "0>&- 2>&-", 2),
    ("send @{you} words", "<&- >&- 2>&-", 0), ("ls", "<&- 2>&-", 0), ("ls", ">&-", 1),
    ("version", ">&-", 1), ("help", "<&- >&-", 1),
    ("chat", "<&-", 2), ("passwd", "<&- 2>&-", 2)])
def test_closed_streams_are_never_a_socket(pair, command, closed, code):
    ann, ben = pair
    ended = shell(ann, f"kith {command.format(you=ben.name)} {closed}")
    assert ended.returncode == code, ended.stderr


# -- what counts as read ---------------------------------------------------------------


def unread_of(kith, other):
    return next((row["unread"] for row in kith.json("unread")
                 if row["conversation"] == f"@{other.name}"), 0)


@pytest.fixture
def unread(pair):
    """unread(n): ben writes n messages to ann, who has read all before."""
    ann, ben = pair

    def write(n):
        ann.run("read", f"@{ben.name}")
        assert unread_of(ann, ben) == 0
        ben.run("send", "--lines", f"@{ann.name}", stdin="".join(f"m{i}\n" for i in range(n)))
        return [f"m{i}" for i in range(n)]
    return write


def texts(kith, *args):
    return [row["text"] for row in kith.json(*args)]


@pytest.mark.parametrize("n", [3, 130])
def test_read_begins_at_the_first_unread(pair, unread, n):
    ann, ben = pair
    sent = unread(n)
    assert texts(ann, "read", f"@{ben.name}")[-n:] == sent
    assert unread_of(ann, ben) == 0


@pytest.mark.parametrize("options, told", [
    (("-n", "1"), "6 older"), (("-n", "6"), "1 older is"), (("-n", "7"), None),
    (("--no-mark",), None)])
def test_read_marks_only_without_a_gap(pair, unread, options, told):
    ann, ben = pair
    unread(7)
    shown = ann.run("read", f"@{ben.name}", *options)
    assert (told in shown.stderr) if told else not shown.stderr
    left = 0 if told is None and "--no-mark" not in options else 7
    assert unread_of(ann, ben) == left


def test_read_since_marks_only_without_a_gap(pair, unread):
    ann, ben = pair
    unread(5)
    newest = ann.json("read", f"@{ben.name}", "--no-mark")[-1]["seq"]
    assert "older ones are unread" in ann.run("read", f"@{ben.name}", "--since",
                                              newest - 2).stderr
    assert unread_of(ann, ben) == 5
    assert not ann.run("read", f"@{ben.name}", "--since", newest - 5, "-n", "2").stderr
    assert unread_of(ann, ben) == 3
    ann.run("read", f"@{ben.name}", "--since", newest - 4)
    assert unread_of(ann, ben) == 0


@pytest.mark.parametrize("output, form", [
    (">/dev/full", ""), (">/dev/full", "--json"), (">&-", "--plain")])
def test_what_was_not_written_stays_unread(pair, unread, output, form):
    ann, ben = pair
    unread(25)
    ended = shell(ann, f"kith read @{ben.name} {form} {output}")
    assert ended.returncode == 1 and "standard output" in ended.stderr
    assert unread_of(ann, ben) == 25


def test_tail_that_skips_unread_ones_marks_nothing(pair, unread):
    ann, ben = pair
    unread(6)
    tail = ann.tail(f"@{ben.name}", "-n", "2")
    tail.wait_for(lambda e: e["text"] == "m5")
    ben.run("send", f"@{ann.name}", "live")
    tail.wait_for(lambda e: e["text"] == "live")
    tail.stop()                         # it would send its marks now
    assert unread_of(ann, ben) == 7
    tail = ann.tail(f"@{ben.name}")
    tail.wait_for(lambda e: e["text"] == "live")
    tail.stop()
    assert unread_of(ann, ben) == 0


def test_tail_takes_targets_by_commas(pair):
    ann, ben = pair
    tail = ann.tail(f"@{ben.name},@{ann.name}", "#lobby", "-n", "1")
    ben.run("send", f"@{ann.name}", "to tail")
    tail.wait_for(lambda e: e["text"] == "to tail")
    tail.stop()
    assert "@x: no such" in ann.run("tail", f"@{ben.name},@x", code=6).stderr


def test_a_reader_that_leaves_is_no_error(pair, unread):
    ann, ben = pair
    unread(60)
    for command in (f"kith read @{ben.name} -n 60", "kith help", "kith group --help"):
        ended = shell(ann, f"({command}; echo $? >&2) | head -n 1")
        assert ended.stdout.count("\n") == 1 and ended.stderr in ("141\n", "0\n"), command


@contextlib.contextmanager
def deaf(kind):
    """An output that takes nothing: a full disk, or a pipe whose reader has gone."""
    if kind == "disk":
        with open("/dev/full", "wb") as full:
            yield full
        return
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


@pytest.mark.parametrize("output", ["disk", "pipe"])
def test_what_was_done_is_no_failure(pair, output):
    """A full disk that is taken for a failure makes people do it twice."""
    ann, ben = pair
    for command, told in ((f"send @{ben.name} x --json", "stored"),
                          (f"send @{ben.name},@{ann.name} x", "stored"),
                          (f"group create {output} --plain", "created"),
                          (f"group leave {output} --json", "left"),
                          (f"hook create @{ben.name} ci", "created")):
        with deaf(output) as out:
            words = command.split()
            words = [*words[-1:], *words[:-1]] if words[-1].startswith("--") else words
            ended = subprocess.run([build.KITH, *words], env=ann.env, stdout=out,
                                   stderr=subprocess.PIPE, text=True, check=False)
        assert f"kith: {told}, but the result could not be written" in ended.stderr
        assert {"disk": "No space left on device", "pipe": "Broken pipe"}[output] in ended.stderr
        assert ended.returncode == 9
    assert [row["text"] for row in ann.json("read", f"@{ben.name}", "-n", "2")] == ["x", "x"]


# -- words ---------------------------------------------------------------------------


@pytest.mark.parametrize("words, text", [
    ("it is -5 degrees", "it is -5 degrees"), ("-x", "-x"), ("--nonsense -y", "--nonsense -y"),
    ("use --json there", "use --json there"), ("-- --json", "--json"), ("- 1", "- 1"),
    ("--timeout 9 -7 -l", "-7 -l"), ("x --timeout 1 -h", "x --timeout 1 -h"), ("-n 3", "-n 3")])
def test_words_of_a_text_are_no_options(pair, words, text):
    ann, ben = pair
    ben.run("send", f"@{ann.name}", *words.split())
    assert texts(ann, "read", f"@{ben.name}", "-n", "1") == [text]


@pytest.mark.parametrize("command", [
    "send --json @{you} a", "--json send @{you} a", "send @{you} --json a", "send @{you} --json -- a"])
def test_options_stand_before_the_text(pair, command):
    ann, ben = pair
    shown = ann.out(*command.format(you=ben.name).split())
    assert json.loads(shown)["result"] == "stored"


@pytest.mark.parametrize("command, told", [
    ("ls extra more", "extra"), ("group bogus", "bogus: no such verb: create, join"),
    ("group list x", "x: too many"), ("group join --topic x y", "--topic"), ("send", "'#ops'"),
    ("read", "'#ops'"), ("hook create", "'#ops'"), ("group invite #x", "'#ops'"),
    ("sessions revoke", "DEVICE"), ("-z ls", "-z: no such option"), ("--zed ls", "--zed"),
    ("hook revoke 0", "0: not a hook")])
def test_a_refusal_names_what_is_wrong(pair, command, told):
    ended = pair[0].run(*command.split(), code=2)
    assert told in ended.stderr and not ended.stdout


def test_help_fits_into_80_columns(pair):
    listed = re.findall(r"^  ([a-z]+) ", pair[0].out("help").split("[ARGUMENT...]]")[1], re.M)
    assert len(listed) > 10
    for page in ["help", *[f"help {command}" for command in listed]]:
        wide = [line for line in pair[0].out(*page.split()).splitlines() if len(line) > 80]
        assert not wide, page


def test_json_is_good_for_every_command(server, pair, make_kith):
    """Commands that change something say what they did; help alone is text."""
    ann, ben = pair
    one = make_kith()
    file = one.secret(PASSWORD)
    joined, = one.json("join", server.invite(), "--name", "json1", "--password-file", file)
    assert joined["result"] == "logged_in" and joined["target"] == "json1"
    other = make_kith()
    assert other.json("login", server.url(), "json1", "--password-file",
                      other.secret(PASSWORD))[0]["result"] == "logged_in"
    done = [("group create json", "#json", "created"),
            (f"group invite #json @{ann.name} {ben.name}", f"@{ann.name} {ben.name}", "invited"),
            ("group leave #json", "#json", "left")]
    for command, targets, result in done:
        rows = one.json(*command.split())
        assert [row["target"] for row in rows] == targets.split(), command
        assert {row["result"] for row in rows} == {result}, command
    assert ann.json("group", "join", "json")[0] == {"target": "#json", "result": "joined"}
    number = one.json("hook", "create", "#lobby", "j")[0]["hook"]
    assert one.json("hook", "revoke", number)[0]["result"] == "revoked"
    device = next(row["device"] for row in one.json("sessions") if not row["current"])
    assert one.json("sessions", "revoke", device)[0] == {"target": str(device), "result": "revoked"}
    new = one.home / "new"
    new.write_text("another good one\n")
    assert one.json("passwd", "--password-file", file, "--new-password-file",
                    new)[0]["result"] == "changed"
    assert one.json("logout")[0] == {"target": "json1", "result": "logged_out"}


@pytest.mark.parametrize("command, told, code", [
    ("group invite #zed @{me}", "#zed", 6), ("group invite {group} @zed", "@zed", 6),
    ("group leave zed", "#zed", 6), ("hook create #zed x", "#zed", 6), ("hook create @zed x", "@zed", 6),
    ("who @zed", "@zed", 6), ("who @{me} zed @{you}", "zed", 6), ("hook revoke 4711", "4711", 6),
    ("sessions revoke 4711", "4711", 6), ("group members zed", "#zed", 6)])
def test_a_failure_names_its_object(pair, command, told, code):
    ann, ben = pair
    if "{group}" in command:
        ann.run("group", "create", "#mine", code=None)
    ended = ann.run(*command.format(me=ann.name, you=ben.name, group="#mine").split(), code=code)
    assert f"kith: {told}: " in ended.stderr
    assert command.startswith("who @{me}") == (ann.name in ended.stdout)


@pytest.mark.parametrize("people, results, code", [
    ("{me} zed {you}", "invited NO_SUCH_USER invited", 6),
    ("zed {you} a/b", "NO_SUCH_USER invited NO_SUCH_USER", 6)])
def test_each_of_several_is_invited_or_told(pair, people, results, code):
    ann, ben = pair
    group = f"#several{next(several)}"
    ann.run("group", "create", group, "--private")
    names = [f"@{name}" for name in people.format(me=ann.name, you=ben.name).split()]
    ended = ann.run("group", "invite", group, *names, "--json", code=code)
    shown = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [row["target"] for row in shown] == names
    assert [row["result"] for row in shown] == results.split()
    for name, result in zip(names, results.split()):
        assert (f"{name}: " in ended.stderr) == (result != "invited")
    ben.run("group", "join", group)
    ended = ann.run("group", "invite", f"{group}x", *names, code=6)
    for name in names[:2]:
        assert f"kith: {group}x: {name}: " in ended.stderr


several = iter(range(100))


def test_logout_tells_what_stays_on_the_disk(server, make_kith):
    one = make_kith()
    one.join(server.invite(), "stays1")
    for path in one.home.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    one.home.chmod(0o555)

    def become_nobody():
        if os.getuid() == 0:                    # who may write everywhere
            os.setresuid(*[65534] * 3)
    ended = subprocess.run([build.KITH, "logout"], env=one.env, stderr=subprocess.PIPE, text=True,
                           check=False, preexec_fn=become_nobody)
    assert ended.returncode == 1
    assert "kith: the login was revoked at 127.0.0.1" in ended.stderr
    assert "files of profile default stay on the disk: Permission denied" in ended.stderr
    one.run("whoami", code=4)
    for path in [one.home, *one.home.rglob("*")]:
        path.chmod(0o700)


def test_an_account_that_is_not_kept_is_told(server, make_kith):
    one = make_kith()
    (one.home / "config" / "kith").write_text("no folder")
    ended = one.run("join", server.invite(), "--name", "unkept1", "--password-file",
                    one.secret(PASSWORD), code=1)
    assert "logged in as unkept1 at" in ended.stderr and "Not a directory" in ended.stderr
    assert re.search(r"hint: .*kith login \S+ unkept1\n", ended.stderr)


def test_hooks_show_names_and_no_use_that_never_was(pair):
    ann = pair[0]
    ann.run("hook", "create", f"@{ann.name}", "notes")
    row = next(row for row in ann.json("hook", "list") if row["name"] == "notes")
    assert row["conversation"] == f"@{ann.name}" and row["used"] is None


def test_hooks_name_people_nobody_has_written_to(server, pair, make_kith):
    one, other = make_kith(), make_kith()
    one.join(server.invite(), "hooker1")
    other.join(server.invite(), "hooked1")
    for who in ("hooked1", "ann", "hooker1", "hooked1"):
        one.run("hook", "create", f"@{who}", f"to {who}")
    rows = one.json("hook", "list")
    assert sorted(row["conversation"] for row in rows) == ["@ann", "@hooked1", "@hooked1", "@hooker1"]
    assert all(row["used"] is None and row["name"] == f"to {row['conversation'][1:]}" for row in rows)
    other.run("group", "leave", "lobby")
    assert one.json("hook", "list")[0]["conversation"].isdigit()


# -- texts ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "''", "' \t '", "-- ' '"])
def test_nothing_to_send_is_no_error_with_skip_empty(pair, text):
    ann, ben = pair
    before = ann.json("read", f"@{ben.name}", "-n", "1")
    ended = shell(ann, f"kith send --skip-empty @{ben.name} {text}")
    assert ended.returncode == 0 and not ended.stderr
    assert ann.json("read", f"@{ben.name}", "-n", "1") == before


@pytest.mark.parametrize("options, text, got", [
    ("", "one\r\ntwo\r\n", ["one\ntwo"]), ("", "one\r\n\r\ntwo", ["one\n\ntwo"]),
    ("--lines", "a\r\nb\r\n\r\n \t\r\nc", ["a", "b", "c"]), ("-l", "x\n\n\ny\r\n", ["x", "y"]),
    ("--strip", "\x1b[01;31m\x1b[Kerror:\x1b[m\x1b[K no\x1b]0;t\x07\x1b(B \x1b]8;;u\x1b\\z",
     ["error: no z"]),
    ("-l --strip", "\x1b[1mb\x1b[0m\r\n\x1b[0m\r\nc", ["b", "c"]), ("", "a\rb\r", ["a\nb"]),
    ("--strip", "a\r\x1b[K\nb", ["a\nb"]),
    ("--skip-empty", "", []), ("--skip-empty", " \n\t\r\n", []), ("--skip-empty", "\nx", ["\nx"]),
    ("-l", "\n\n", [])])
def test_input_is_read_by_one_rule(pair, options, text, got):
    ann, ben = pair
    ben.run("send", f"@{ann.name}", "begin")
    ben.run("send", *options.split(), f"@{ann.name}", stdin=text.encode())
    shown = texts(ann, "read", f"@{ben.name}", "-n", "9")
    assert shown[len(shown) - shown[::-1].index("begin"):] == got


@pytest.mark.parametrize("text, told", [
    (b"", "empty"), (b" \n \t\r\n", "empty"), (b"a\0b", "NUL"), (b"caf\xe9", "UTF-8")])
def test_input_that_is_no_message_is_refused_at_once(pair, text, told):
    ann, ben = pair
    for place in ([], ["-s", "127.0.0.1:1"]):       # also without a server
        ended = ann.run(*place, "send", f"@{ben.name}", stdin=text, code=2)
        assert told.encode() in ended.stderr


@pytest.mark.parametrize("options, words, advice", [
    (["-l"], [], False), ([], ["x" * 9000], False), ([], [], True)])
def test_advice_about_a_long_text_fits(pair, options, words, advice):
    ended = pair[0].run("send", *options, "#lobby", *words, stdin="y" * 9000 + "\n", code=8)
    assert "send it in parts" in ended.stderr and ("--lines" in ended.stderr) == advice


def test_targets_are_a_set(pair):
    ann, ben = pair
    sent = ann.json("send", f"@{ben.name},@{ben.name.upper()},@{ben.name}", "once")
    assert [row["target"] for row in sent] == [f"@{ben.name}"]
    assert texts(ann, "read", f"@{ben.name}", "-n", "2").count("once") == 1


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, None])
def test_interrupted_lines_say_how_far_they_got(pair, end):
    ann, ben = pair
    process = subprocess.Popen([build.KITH, "send", "--lines", "--json", f"@{ben.name}"],
                               env=ann.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdin.write(b"one\ntwo\n")
    process.stdin.flush()
    for _ in range(2):
        assert json.loads(process.stdout.readline())["result"] == "stored"
    if end is None:
        process.stdin.write(b"x" * 8001 + b"\nthree\n")
        process.stdin.flush()
    else:
        process.send_signal(end)
    process.wait(20 * build.PATIENCE)           # before its input ends
    _, told = process.communicate()
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143, None: 8}[end]
    assert f"2 of {3 if end is None else 2} messages were stored".encode() in told


@pytest.mark.parametrize("text, told, code", [
    (b"a\n\nb\xff\nc\r\nd\0\n", {3: "the message is not UTF-8", 5: "the message has a NUL byte"}, 2),
    (b"\n" + b"x" * 8001 + b"\nmore\n", {2: "the message has over 8000 bytes"}, 8)],
    ids=["no text", "too long"])
def test_a_line_that_fails_is_named_by_its_number(pair, text, told, code):
    ended = pair[0].run("send", "-l", f"@{pair[1].name}", stdin=text, code=code)
    named = re.findall(rb"kith: line (\d+): (.*)", ended.stderr)
    assert [int(number) for number, _ in named] == list(told)
    assert all(words.decode().startswith(told[int(number)]) for number, words in named)


@pytest.mark.parametrize("targets", ["@{you},#zed", "#zed"])
def test_a_line_that_is_refused_is_named_by_its_number(pair, targets):
    ended = pair[0].run("send", "-l", targets.format(you=pair[1].name), stdin="one\n\n \ntwo\nend", code=6)
    assert re.findall(r"kith: line (\d+): #zed: ", ended.stderr) == ["1", "4", "5"]


# -- accounts ------------------------------------------------------------------------


def asked(kith, *args):
    """kith on a terminal that asks."""
    return pexpect.spawn(str(build.KITH), [str(arg) for arg in args], env=kith.env,
                         timeout=20 * build.PATIENCE, encoding="utf-8", cwd=str(kith.home))


def answer(child, *dialogue):
    """Pairs: wait for the one, type the other (None: nothing). Returns all that was shown."""
    shown = ""
    for prompt, typed in dialogue:
        child.expect_exact(prompt)
        shown += child.before
        if typed is not None:
            child.sendline(typed)
    child.expect(pexpect.EOF)
    shown += child.before
    child.close()
    return shown


def other_key(url):
    return url[:-1] + ("A" if url[-1] != "A" else "B")


@pytest.mark.parametrize("change, told, code", [
    (other_key, "not the one in the URL", 7),
    (lambda url: re.sub(r":\d+/", ":1/", url), "cannot connect", 3),
    (lambda url: url.replace("//", "/"), "two slashes", 2),
    (lambda url: re.sub(r"/[\w-]+#", "/short#", url), "the invite: ", 4),
    (lambda url: re.sub(r"/[\w-]+#", "/" + "A" * 22 + "#", url), "the invite: ", 4)])
def test_join_asks_no_password_before_the_rest_is_right(server, make_kith, change, told, code):
    child = asked(make_kith(), "join", change(server.invite()), "--name", "newcomer")
    shown = answer(child)
    assert told in shown and "assword:" not in shown and "known_servers" not in shown
    assert child.exitstatus == code


@pytest.mark.parametrize("name, told, code", [
    ("x" * 33, "too long", 2), ("\u0130smail", "not allowed: \u0130 (U+0130)", 2),
    ("a b", "has a space", 2), ("R00T", "is reserved", 5), ("ANN", "is taken", 5),
    ("", "the name is empty", 2)])
def test_join_says_what_is_wrong_with_a_name_before_it_asks(server, pair, make_kith, name, told,
                                                            code):
    name = name.replace("ANN", pair[0].name.upper())
    url = server.invite()
    child = asked(make_kith(), "join", url, "--name", name)
    shown = answer(child)
    assert told in shown and "assword:" not in shown and child.exitstatus == code
    if name:                                    # a script is told the same
        ended = make_kith().run("join", url, "--name", name, "--password-fd", "0",
                                stdin="not ann's one", code=code)
        assert told in ended.stderr
    if code == 5:                               # the invite is unused
        make_kith().join(url, f"not{name}")


def test_join_finds_a_used_up_invite_first(server, make_kith):
    url = server.invite()
    make_kith().join(url, "usedup")
    for name in (["--name", "late"], []):
        child = asked(make_kith(), "join", url, *name)
        shown = answer(child)
        assert "the invite: " in shown and "used up" in shown and "kith login" in shown
        assert "assword:" not in shown and "Name" not in shown and child.exitstatus == 4


def test_join_asks_again_for_what_was_wrong_alone(server, pair, make_kith):
    one = make_kith()
    child = asked(one, "join", server.invite())
    shown = answer(
        child, ("letters, digits, . _ -; no spaces; 1 to 32): ", "two words"),
        ("a name has letters", None), ("Name", pair[0].name),
        (f"{pair[0].name}: name is taken", None), ("Name", "asked"),
        ("8 to 256 bytes", None), ("Password: ", "short"),
        ("at least 8 bytes", None), ("Password: ", PASSWORD), ("Again: ", ""),
        ("differ", None), ("Password: ", PASSWORD), ("Again: ", PASSWORD))
    assert "Again" not in shown         # the rule comes before it
    assert "logged in as asked" in shown and "kith help" in shown and PASSWORD not in shown
    assert child.exitstatus == 0 and one.json("whoami")[0]["name"] == "asked"


def test_login_asks_for_the_key_then_for_the_password_until_it_is_right(server, pair, make_kith):
    host, port = server.address
    child = asked(make_kith(), "login", f"{host}:{port}", pair[0].name)
    shown = answer(child, ("[yes/no]", "yes"), ("Password: ", ""), ("password is empty", None),
                   ("Password: ", "wrong one"), ("wrong name or password", None), ("Password: ", PASSWORD))
    assert f"logged in as {pair[0].name}" in shown and child.exitstatus == 0
    child = asked(make_kith(), "login", f"{host}:{port}", "nobody")
    assert "assword" not in answer(child, ("[yes/no]", "no")) and child.exitstatus == 7


@pytest.mark.parametrize("options, told", [
    (["--password-file", "/nonexistent"], "/nonexistent: No such file"),
    (["--password-file", "/dev/null"], "/dev/null: its first line is empty"),
    (["--password-fd", "0"], "the password's descriptor: what it gave is empty"),
    (["--password-fd", "x"], "x: not the number"),
    (["--password-command", "true"], "the password command: what it gave is empty"),
    (["--password-command", "false"], "the password command failed"),
    (["--password-fd", "0", "--password-command", "echo x"], "two options")])
def test_a_password_that_can_not_be_had_says_where(server, make_kith, options, told):
    url = f"kith+plain://127.0.0.1:{server.address[1]}/x"
    assert told in make_kith().run("join", url, "--name", "a", *options, stdin="\n", code=2).stderr


def test_login_again_leaves_no_earlier_device(server, make_kith):
    one, old = make_kith(), make_kith()
    one.join(server.invite(), "again")
    shutil.copytree(one.home, old.home, dirs_exist_ok=True)     # with the earlier token
    other = make_kith()
    other.login(server.url(), "again")
    for name in ("again", "AGAIN"):
        ended = one.login(server.url(), name)
        assert not ended or not ended.stderr
    assert [row["current"] for row in one.json("sessions")].count(True) == 1
    assert len(one.json("sessions")) == 2
    other.run("whoami")
    old.run("whoami", code=4)
    one.run("logout")
    one.login(server.url(), "again")                    # nothing to revoke
    assert len(one.json("sessions")) == 2


def test_passwd_asks_again_for_a_wrong_old_password(server, make_kith):
    one = make_kith()
    one.join(server.invite(), "changer")
    child = asked(one, "passwd")
    answer(child, ("Old password: ", "wrong one"), ("New password: ", "a new password"),
           ("Again: ", "a new password"), ("wrong", None), ("Old password: ", PASSWORD))
    assert child.exitstatus == 0
    make_kith().login(server.url(), "changer", "a new password")


@pytest.mark.parametrize("name", ["HUP", "QUIT"])
def test_a_signal_at_a_password_prompt_leaves_the_terminal_as_it_was(server, make_kith, name):
    one = make_kith()
    sh = pexpect.spawn("/bin/sh", env=one.env, cwd=str(one.home), timeout=20 * build.PATIENCE,
                       encoding="utf-8")
    sh.sendline(f"stty -a >before; kith join '{server.invite()}' --name sig; stty -a >after; "
                "cmp before after && echo sa''me")
    sh.expect_exact("Password: ")
    kith = until("kith runs", lambda: child_of(sh.pid))
    os.kill(kith, getattr(signal, "SIG" + name))
    sh.expect("same")
    sh.sendline("exit")
    sh.close()


def child_of(pid):
    return next((int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()), 0)


def test_a_password_prompt_can_be_suspended(server, make_kith):
    one = make_kith()
    sh = pexpect.spawn("/bin/bash", ["--norc"], env=one.env | {"PS1": "$ "}, cwd=str(one.home),
                       timeout=20 * build.PATIENCE, encoding="utf-8")
    sh.sendline(f"kith join '{server.invite()}' --name susp")
    sh.expect_exact("Password: ")
    sh.send("half\x1a")
    sh.expect("Stopped")
    sh.sendline("stty -a | grep -o ' echo '; fg")
    sh.expect(" echo ")
    sh.expect_exact("Password: ")
    sh.sendline(PASSWORD)
    sh.expect_exact("Again: ")
    sh.sendline(PASSWORD)
    sh.expect("logged in as susp")
    sh.sendline("exit")
    sh.close()


@pytest.mark.parametrize("term, coloured", [("", False), ("dumb", False), ("xterm", True)])
def test_colour_needs_a_terminal_that_has_it(pair, request, term, coloured):
    ann, ben = pair
    ben.run("send", f"@{ann.name}", "colour")
    before, ann.env = ann.env, {**ann.env, "TERM": term}
    request.addfinalizer(lambda: setattr(ann, "env", before))
    screen = Terminal(ann, "read", f"@{ben.name}")
    screen.wait_for("colour")
    screen.close()
    assert (b"\x1b[" in screen.raw) == coloured


@pytest.mark.parametrize("locale", [{}, {"LC_ALL": "C"}, {"LC_ALL": "xx_XX.UTF-8"}])
def test_the_chat_edits_utf8_in_any_locale(server, pair, request, locale):
    ann, ben = pair
    clean = {k: v for k, v in ann.env.items() if not k.startswith("LC_") and k != "LANG"}
    before, ann.env = ann.env, {**clean, **locale}
    request.addfinalizer(lambda: setattr(ann, "env", before))
    screen = Terminal(ann, "chat", f"@{ben.name}")
    request.addfinalizer(screen.close)
    screen.wait_for(f"@{ben.name}>")
    def said():
        return texts(ben, "read", f"@{ann.name}", "-n", "500")
    earlier = said()
    screen.type("né日本\x7f語\r")
    until("it arrives", lambda: said() == [*earlier, "né日語"])
    screen.line("/quit")
    assert screen.wait_end() == 0


def test_another_service_at_the_port_is_told(pair, make_kith):
    with socket.create_server(("127.0.0.1", 0)) as http:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    link = http.accept()[0]
                    link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    link.close()
        threading.Thread(target=serve, daemon=True).start()
        ended = pair[0].run("-s", f"127.0.0.1:{http.getsockname()[1]}", "ls", code=3)
        http.shutdown(socket.SHUT_RDWR)
    assert "does not speak TLS" in ended.stderr
