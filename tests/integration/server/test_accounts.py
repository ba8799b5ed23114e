"""Accounts, passwords, tokens, and the key of the server."""
import os
import re
import shlex
import subprocess
import time

import pytest

from kithtest import build, reports
from kithtest.pb import KithError, PbClient
from kithtest.schema import session
from kithtest.server import ControlFailed
from kithtest.wait import until

PASSWORD = "correct horse battery"


def connect(server):
    """A greeted connection."""
    link = PbClient(server.address, tls=False)
    link.hello()
    return link


def test_first_start_says_how_to_invite_an_administrator(server, make_kith):
    """It prints no invite into a log, which keeps it."""
    command = until("it says how", lambda: re.search(r"^ +kithctl (.*)", server.log(), re.M))[1]
    assert "kith://" not in server.log() and "#invite=" not in server.log()
    url = subprocess.run([str(build.KITHCTL), *shlex.split(command)], check=True,
                         capture_output=True, text=True, timeout=30 * build.PATIENCE,
                         env=reports.environment(os.environ)).stdout.split()[0]
    assert url.endswith("#" + server.fingerprint)
    one = make_kith()
    one.join(url, "root-user")
    assert one.json("whoami")[0]["admin"] is True
    other = make_kith()
    other.join(url, "second", code=4)


def test_invite_serves_one_account(server, make_kith):
    url = server.invite()
    make_kith().join(url, "alice")
    make_kith().join(url, "bob", code=4)


@pytest.mark.parametrize("args, text", [
    (("--uses", "10000"), None),
    (("--uses", "10001"), "an invite has 1 to 10000 uses"),
    (("--uses", "1000001"), "an invite has 1 to 10000 uses"),
    (("--life", "366d"), None),
    (("--life", "31622400s"), None),
    (("--life", "367d"), "an invite lives from 1 second to 366 days"),
    (("--life", "31622401s"), "an invite lives from 1 second to 366 days"),
])
def test_limits_of_an_invite_are_told(server, args, text):
    result = server.ctl_result("invite", *args)
    assert result.returncode == (0 if text is None else 2)
    assert text is None or text in result.stderr


def test_invented_invite_is_refused(server, make_kith):
    url = server.url("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    make_kith().join(url, "alice", code=4)


def test_repeated_join_with_the_same_password_is_harmless(server, make_kith):
    url = server.invite()
    make_kith().join(url, "alice")
    make_kith().join(url, "alice")


@pytest.mark.parametrize("name, code", [
    ("alice", 5), ("ALICE", 5), ("\u0430lice", 2),         # a Cyrillic letter among Latin ones
    ("", 2), ("with space", 2), ("x" * 33, 2), ("tab\tname", 2), ("@alice", 2), ("a/b", 2)])
def test_names_that_are_taken_or_wrong(server, make_kith, name, code):
    make_kith().join(server.invite(), "alice")
    make_kith().join(server.invite(), name, password="something else 1", code=code)


def test_names_that_look_like_taken_ones(server, make_kith):
    make_kith().join(server.invite(), "paypoc")
    # The same letters to the eye, all of them Cyrillic.
    make_kith().join(server.invite(), "\u0440\u0430\u0443\u0440\u043e\u0441", code=5)


def test_registration_modes(make_server, make_kith):
    closed = make_server(registration="closed")
    make_kith().join(closed.url(), "alice", code=5)
    opened = make_server(registration="open")
    make_kith().join(opened.url(), "alice")


def test_weak_passwords_are_refused(server, make_kith):
    make_kith().join(server.invite(), "alice", password="short", code=2)
    make_kith().join(server.invite(), "alice", password="x" * 257, code=2)


def test_wrong_password_and_unknown_user_look_the_same(server, make_kith):
    make_kith().join(server.invite(), "alice")
    wrong = make_kith().login(server.url(), "alice", password="not the password", code=4)
    unknown = make_kith().login(server.url(), "mallory", password="not the password", code=4)
    assert wrong.stderr.replace("alice", "") == unknown.stderr.replace("mallory", "")


def test_guessing_is_slowed_down(make_server):
    server = make_server(login_failures=5)
    server.add_user("alice", PASSWORD)
    codes = []
    for number in range(8):
        with connect(server) as one, pytest.raises(KithError) as refusal:
            one.login("alice", f"guess number {number}")
        codes.append(refusal.value.code)
    assert codes[:5] == ["AUTH_FAILED"] * 5
    assert codes[-1] == "RATE_LIMITED"


def test_password_change_ends_the_other_devices(server, make_kith):
    desk, phone = make_kith(), make_kith()
    desk.join(server.invite(), "alice")
    phone.login(server.url(), "alice")
    new = desk.home / "new-password"
    new.write_text("a better password\n")
    desk.run("passwd", "--password-file", desk.secret(PASSWORD), "--new-password-file", new)
    desk.run("whoami")
    phone.run("ls", code=4)
    make_kith().login(server.url(), "alice", code=4)
    make_kith().login(server.url(), "alice", password="a better password")


def test_logout_revokes_the_token(server, make_kith):
    one = make_kith()
    one.join(server.invite(), "alice")
    one.run("logout")
    one.run("ls", code=4)


def test_revoked_session_is_closed_within_a_second(server, make_kith):
    desk, phone = make_kith(), make_kith()
    desk.join(server.invite(), "alice")
    live = []
    for _ in range(6):                  # on both workers, most likely
        connection = connect(server)
        connection.login("alice", PASSWORD)
        live.append(connection)
    phone.login(server.url(), "alice")
    rows = desk.json("sessions")
    others = [row for row in rows if not row["current"]]
    assert len(others) == 7
    for row in others:
        desk.run("sessions", "revoke", row["device"])
    began = time.monotonic()
    for connection in live:
        assert connection.wait_closed() == "REVOKED"
        connection.close()
    assert time.monotonic() - began < 1 * build.PATIENCE
    phone.run("ls", code=4)
    desk.run("ls")


def test_disabled_user_is_out_at_once(server, make_kith):
    one = make_kith()
    one.join(server.invite(), "alice")
    with connect(server) as live:
        live.login("alice", PASSWORD)
        began = time.monotonic()
        server.ctl("user", "disable", "alice")
        assert live.wait_closed() == "REVOKED"
        assert time.monotonic() - began < 1 * build.PATIENCE
    assert one.run("ls", code=4)
    make_kith().login(server.url(), "alice", code=4)
    server.ctl("user", "enable", "alice")
    make_kith().login(server.url(), "alice")


def test_administrator_makes_users_and_passwords(server, make_kith):
    server.add_user("alice", PASSWORD)
    one = make_kith()
    one.login(server.url(), "alice")
    with pytest.raises(ControlFailed):
        server.add_user("alice", PASSWORD)
    file = server.folder / "new"
    file.write_text("a fresh password\n")
    server.ctl("user", "passwd", "alice", "--password-file", str(file))
    one.run("ls", code=4)
    one.login(server.url(), "alice", password="a fresh password")


def test_unknown_key_is_refused_without_a_terminal(server, make_kith):
    host, port = server.address
    secret = server.invite().partition("#")[0].rpartition("/")[2]
    make_kith().join(f"kith://{host}:{port}/{secret}", "alice", code=7)
    wrong = server.fingerprint[:-4] + ("AAAA" if not server.fingerprint.endswith("AAAA") else "BBBB")
    make_kith().join(f"kith://{host}:{port}/{secret}#{wrong}", "alice", code=7)
    make_kith().join(f"kith://{host}:{port}/{secret}#{server.fingerprint}", "alice")


def test_changed_key_is_refused(server, make_kith):
    one = make_kith()
    one.join(server.invite(), "alice")
    one.run("ls")
    assert server.terminate() == 0
    for file in (*(server.state / "tls").iterdir(), server.state / "first-invite-made"):
        file.unlink()
    server.start()
    one.run("ls", code=7)


def test_secrets_are_in_no_log_and_no_argument(server, make_kith):
    one = make_kith()
    one.join(server.invite(), "alice", password="canary-password-1")
    make_kith().login(server.url(), "alice", password="canary-password-2", code=4)
    tail = one.tail()
    one.run("send", "#lobby", "canary-text")
    tail.wait_for(lambda e: e["text"] == "canary-text")
    assert "canary" not in server.log()
    arguments = open(f"/proc/{tail.process.pid}/cmdline", "rb").read()
    environment = open(f"/proc/{tail.process.pid}/environ", "rb").read()
    assert b"canary" not in arguments + environment


def test_tokens_are_stored_hashed(make_server, make_kith):
    server = make_server()
    server.add_user("alice", PASSWORD)
    with connect(server) as live:
        token = live.login("alice", PASSWORD).token
        live.call(ping=session.Ping())
    until("the session is gone", lambda: server.status()["sessions"] == 0)
    everything = b"".join(file.read_bytes() for file in server.state.glob("kith.db*"))
    assert everything and token.encode() not in everything
    assert PASSWORD.encode() not in everything
