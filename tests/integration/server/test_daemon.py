"""The daemon as an administrator meets it: start, reload, stop, kithctl, privileges."""
import json
import os
import pwd
import re
import resource
import signal
import socket
import ssl
import subprocess

import pytest

from kithtest import build, reports
from kithtest.netns import Netns
from kithtest.pb import PbClient, target
from kithtest.schema import message, session
from kithtest.server import ROLES, alive, open_files
from kithtest.wait import stays, until

PASSWORD = "correct horse battery"


def connect(server):
    """A greeted connection."""
    link = PbClient(server.address, tls=False)
    link.hello()
    return link


def kithd(*args):
    return subprocess.run([str(build.KITHD), *map(str, args)], capture_output=True, text=True,
                          timeout=30 * build.PATIENCE, stdin=subprocess.DEVNULL,
                          env=reports.environment(os.environ))


# -- start -------------------------------------------------------------------------

def test_start_makes_what_is_missing(make_server):
    server = make_server()
    key = server.state / "tls" / "key.pem"
    assert key.stat().st_mode & 0o077 == 0
    assert (server.state / "tls" / "cert.pem").exists()
    assert (server.state / "control").stat().st_mode & 0o077 == 0
    assert server.fingerprint.startswith("SHA256:")


def test_second_start_in_the_same_folder_is_refused(make_server):
    server = make_server()
    second = kithd("-f", "-d", server.state, "-l", "127.0.0.1:0")
    assert second.returncode != 0
    assert str(server.process.pid) in second.stderr or "running" in second.stderr
    assert server.status()["processes"]


def test_stale_pid_file_is_no_obstacle(make_server):
    server = make_server()
    server.kill_all()
    server.start()


def test_port_in_use_is_named(make_server):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = make_server(start=False, listen=f"127.0.0.1:{port}")
        server.expect(r".")
        server.launch()
        assert server.exit_code() != 0
        assert str(port) in server.log()


@pytest.mark.parametrize("line, word", [
    ("workers many", "workers"), ("no_such_option 1", "no_such_option"), ("workers", "workers"),
    ("workers 100000", "workers"), ("listen nonsense", "listen"),
    ("database oracle", "database"), ("registration sometimes", "registration")])
def test_configuration_is_checked(tmp_path, line, word):
    file = tmp_path / "kithd.conf"
    file.write_text(f"# a comment\n\n{line}\n")
    result = kithd("-t", "-d", tmp_path)
    assert result.returncode != 0
    assert "kithd.conf:3" in result.stderr and word in result.stderr


def test_good_configuration_passes_the_check(tmp_path):
    (tmp_path / "kithd.conf").write_text("workers 2\n")
    assert kithd("-t", "-d", tmp_path).returncode == 0


def test_init_makes_a_state_folder(tmp_path):
    state = tmp_path / "state"
    result = kithd("init", "-d", state)
    assert result.returncode == 0, result.stderr
    assert (state / "kithd.conf").exists() and (state / "tls" / "key.pem").exists()
    assert kithd("-t", "-d", state).returncode == 0
    key = (state / "tls" / "key.pem").read_bytes()
    kithd("init", "-d", state)
    assert (state / "tls" / "key.pem").read_bytes() == key, "an existing key is kept"


def test_daemon_mode(make_server, request):
    server = make_server(start=False)
    result = kithd("-d", server.state, "-l", "127.0.0.1:0")
    assert result.returncode == 0, result.stderr
    pid = int((server.state / "kithd.pid").read_text())
    request.addfinalizer(lambda: alive(pid) and server.owns(pid) and os.kill(pid, signal.SIGKILL))
    until("kithd serves", server.serves)
    assert os.getsid(pid) == pid or os.getsid(pid) != os.getsid(0)
    server.ctl_result("stop")
    until("kithd is gone", lambda: not alive(pid))
    assert not (server.state / "control").exists()


# -- reload -------------------------------------------------------------------------

def test_reload_takes_the_new_configuration(make_server, make_kith):
    server = make_server(registration="invite")
    make_kith().join(server.url(), "alice", code=4)
    server.write_conf(registration="open")
    server.process.send_signal(signal.SIGHUP)
    until("registration is open", lambda: make_kith().join(
        server.url(), "alice", code=None).returncode == 0)


def test_reload_keeps_the_old_configuration_if_the_new_is_bad(make_server, make_kith):
    server = make_server()
    server.expect(r"conf|reload")
    pids = [p["pid"] for p in server.processes()]
    server.write_conf(workers="many")
    result = server.ctl_result("reload")
    assert result.returncode != 0 and "workers" in result.stderr + result.stdout
    server.process.send_signal(signal.SIGHUP)
    stays("the same processes serve",
          lambda: [p["pid"] for p in server.processes()] == pids, 0.5)
    make_kith().join(server.invite(), "alice")


def peer_certificate(address):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(address, 10) as plain:
        with context.wrap_socket(plain) as tls:
            return tls.getpeercert(binary_form=True)


def test_reload_takes_the_new_certificate(make_server, tmp_path):
    """New connections get it; open ones live on."""
    server = make_server()
    server.add_user("alice", PASSWORD)
    before = peer_certificate(server.address)
    with connect(server) as live:
        live.login("alice", PASSWORD)
        assert kithd("init", "-d", tmp_path / "other").returncode == 0
        for name in ("key.pem", "cert.pem"):
            (server.state / "tls" / name).write_bytes(
                (tmp_path / "other" / "tls" / name).read_bytes())
        server.ctl("reload")
        until("the new certificate is served by every worker", lambda: all(
            peer_certificate(server.address) != before for _ in range(8)))
        live.call(ping=session.Ping())
    assert server.status()["fingerprint"] != server.fingerprint


def test_a_key_that_was_announced_cuts_nobody_off(make_server, make_kith, tmp_path):
    """Told under the old key, taken once it is shown, and the old one is forgotten."""
    server = make_server(workers=1)
    knows, late, stays = make_kith(), make_kith(), make_kith()
    for kith, name in ((knows, "knows"), (late, "late"), (stays, "stays")):
        kith.join(server.invite(), name)
    with PbClient(server.address) as earlier:   # whose place in the worker is free afterwards
        earlier.hello()
        tail = stays.tail()
        knows.run("send", "@stays", "before")
        tail.wait_for(lambda e: e["text"] == "before", "it is connected")
    other = kithd("init", "-d", tmp_path / "other")
    fresh, old = re.search(r"SHA256:\S+", other.stdout)[0], server.fingerprint
    known = knows.home / "data" / "kith" / "known_servers"
    server.write_conf(tls_next_fingerprint=fresh)
    server.ctl("reload")
    until("it is told", lambda: knows.run("whoami") and fresh in known.read_text())
    assert known.read_text().split()[1::2] == [old, fresh]
    kept = stays.home / "data" / "kith" / "known_servers"
    until("who stays connected is told, too",
          lambda: kept.read_text().split()[1::2] == [old, fresh])
    keys = {}
    for name in ("key.pem", "cert.pem"):
        place = server.state / "tls" / name
        keys[name] = place.read_bytes()
        place.write_bytes((tmp_path / "other" / "tls" / name).read_bytes())
    assert not any("the key is now" in w for w in server.ctl("reload")["warnings"])
    until("every worker has the new key", lambda: server.status()["fingerprint"] == fresh and
          knows.run("whoami", code=None).returncode == 0 and
          known.read_text().split()[1::2] == [fresh])
    assert late.run("whoami", code=7)        # it was never told
    server.restart()
    knows.run("send", "@stays", "after")
    tail.wait_for(lambda e: e["text"] == "after", "it is connected again")
    for name, text in keys.items():
        (server.state / "tls" / name).write_bytes(text)
    server.expect(r"the key is now")
    server.ctl("reload")                        # back, and unannounced
    until("the old key is refused", lambda: knows.run("whoami", code=None).returncode == 7)


def test_reload_keeps_the_certificate_if_the_new_is_bad(make_server):
    server = make_server()
    server.expect(r"tls|cert|reload")
    before = peer_certificate(server.address)
    (server.state / "tls" / "cert.pem").write_text("nonsense\n")
    assert server.ctl_result("reload").returncode != 0
    assert peer_certificate(server.address) == before


# -- stop ---------------------------------------------------------------------------

def test_stop_drains(make_server):
    """What was asked is answered, then everybody is told, then the server leaves with 0."""
    server = make_server()
    server.add_user("alice", PASSWORD)
    with connect(server) as link:
        token = link.login("alice", PASSWORD).token
        numbers = [link.post(send=message.Send(
            targets=[target("#lobby")], client_id=link.next_id(), text="x")) for _ in range(10)]
        link.reply_to(numbers[0])
        server.process.send_signal(signal.SIGTERM)
        assert link.wait_closed() == "SHUTTING_DOWN"
        acked = 1 + sum(1 for reply in link.news if reply.WhichOneof("body") == "sent")
    assert server.exit_code() == 0
    server.start()
    with connect(server) as link:
        link.login_token(token)
        page = link.history("#lobby", limit=200)
        assert sum(1 for e in page.events if e.kind == message.MESSAGE) >= acked


def test_stop_by_kithctl(make_server):
    server = make_server()
    assert server.ctl_result("stop").returncode == 0
    assert server.exit_code() == 0


# -- kithctl ------------------------------------------------------------------------

def test_status(server):
    status = server.status()
    roles = {(p["role"], p["index"]) for p in status["processes"]}
    assert {role for role, _ in roles} == {"master", *ROLES} and ("worker", 1) in roles
    assert all(p["pid"] > 0 and p["restarts"] == 0 for p in status["processes"])
    assert status["sessions"] == status["users_online"] == 0


def kithctl(*args, **kwargs):
    return subprocess.run([str(build.KITHCTL), *map(str, args)], capture_output=True, text=True,
                          timeout=30 * build.PATIENCE, stdin=subprocess.DEVNULL,
                          env=reports.environment(os.environ), **kwargs)


def test_without_a_server(tmp_path):
    for args in (("status",), ("invite",), ("stop",), ("user", "disable", "alice")):
        result = kithctl("-d", tmp_path, *args)
        assert result.returncode == 3 and "no kithd runs there" in result.stderr, args
        answer = json.loads(kithctl("-d", tmp_path, *args, "--json").stdout)
        assert answer["exit"] == 3 and "no kithd runs there" in answer["error"], args


def test_kithctl_reads_the_configuration(make_server, tmp_path):
    """As kithd does: by -c, by -d, from a folder elsewhere, and after the file was spoilt."""
    server = make_server(start=False, workers=1)
    (server.folder / "run").mkdir()
    server.write_conf(control_socket=server.folder / "run" / "ctl")
    server.start()
    conf = server.state / "kithd.conf"
    assert kithctl("-d", server.state, "status").returncode == 0
    assert kithctl("-c", conf, "-d", server.state, "status").returncode == 0
    assert kithctl("-c", conf.name, "-d", ".", "status", cwd=server.state).returncode == 0
    elsewhere = tmp_path / "kithd.conf"
    elsewhere.write_text(f"state_dir {server.state}\ncontrol_socket ../run/ctl\n")
    answer = json.loads(kithctl("-c", elsewhere, "status", "--json").stdout)
    assert (answer["config"], answer["state_dir"]) == (str(conf), str(server.state))
    elsewhere.write_text("workers many\n")
    spoilt = kithctl("-c", elsewhere, "-d", server.state, "status")
    assert spoilt.returncode == 1 and "workers" in spoilt.stderr
    assert f"a kithd runs (process {server.process.pid})" in spoilt.stderr
    assert kithctl("-c", elsewhere, "-s", server.folder / "run" / "ctl", "status").returncode == 0
    assert kithctl("-d", server.state, "stop").returncode == 0
    assert server.exit_code() == 0


@pytest.mark.root
def test_denied_and_no_answer_are_told_apart(make_server):
    server = make_server(workers=1)
    server.state.chmod(0o755)

    def become_nobody():
        os.setgroups([])
        os.setresgid(*[65534] * 3)
        os.setresuid(*[65534] * 3)

    args = ("-s", server.state / "control", "stop")
    denied = kithctl(*args, preexec_fn=become_nobody)
    assert denied.returncode == 5 and "not permitted" in denied.stderr
    # A server that lost its way: it takes the connection and says nothing.
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(server.folder / "mute"))
        mute.listen()
        (server.folder / "mute").chmod(0o666)
        with subprocess.Popen([str(build.KITHCTL), "-s", str(server.folder / "mute"), "--json",
                               "status"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ctl:
            mute.accept()[0].close()
            answer = json.loads(ctl.communicate()[0])
        assert ctl.returncode == answer["exit"] == 1 and "did not answer" in answer["error"]
    assert server.status()["ready"]


class FakeControl:
    """A control socket that gives one answer: what the processes below the master may write."""

    def __init__(self, folder, answer):
        self.path, self.answer = folder / "control", answer

    def ask(self, *args):
        self.path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.path))
            listener.listen()
            with subprocess.Popen([str(build.KITHCTL), "-s", str(self.path), *args], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ctl:
                link = listener.accept()[0]
                link.recv(4096)
                link.sendall(json.dumps(self.answer, ensure_ascii=False).encode() + b"\n")
                link.close()
                return ctl.communicate(timeout=30)


HOSTILE = "x\x1b]0;P\x07\x9b2J\x7f\u202eevil\r\n\u2028y"


@pytest.mark.parametrize("args, answer", [
    (["status"], {"ready": True, "version": HOSTILE, "server_name": HOSTILE, "config": HOSTILE,
                  "state_dir": HOSTILE, "listen": [HOSTILE], "fingerprint": HOSTILE,
                  "certificate_ends": HOSTILE, "warnings": [HOSTILE],
                  "processes": [{"role": HOSTILE}]}),
    (["sessions"], {"sessions": [{"name": HOSTILE, "since_ms": 1, "user": 1}]}),
    (["stats"], {"stats": {HOSTILE: 1}}),
    (["invite"], {"url": HOSTILE}), (["invite", "--web"], {"url": "", "link": HOSTILE}),
    (["reload"], {"warnings": [HOSTILE]}),
    (["user", "disable", "alice"], {"error": HOSTILE, "exit": 6})])
def test_no_answer_reaches_the_terminal_raw(tmp_path, args, answer):
    control = FakeControl(tmp_path, answer)
    for text in (*control.ask(*args), *control.ask(*args, "--json")):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", text), repr(text)
    assert any("\\x1b" in text for text in control.ask(*args)), "it is shown, escaped"


def test_an_invite_that_nobody_could_use_is_refused(make_server):
    server = make_server(registration="closed", workers=1)
    result = server.ctl_result("invite")
    assert result.returncode == 5 and "registration is closed" in result.stderr
    assert not result.stdout


def test_a_reload_says_what_waits_for_a_restart(make_server):
    server = make_server(workers=1)
    server.write_conf(workers=2, readers=2, registration="open")
    result = server.ctl_result("reload")
    assert result.returncode == 0
    assert "workers: " in result.stderr and "readers: " in result.stderr
    assert "registration" not in result.stderr


def test_sessions(server):
    server.add_user("alice", PASSWORD)
    with connect(server) as one, connect(server) as two:
        one.login("alice", PASSWORD)
        two.login("alice", PASSWORD)
        rows = until("both are listed", lambda: [
            row for row in server.sessions() if row["name"] == "alice"])
        assert len(rows) == 2 and all(row["worker"] in (0, 1) for row in rows)
        status = server.status()
        assert (status["sessions"], status["users_online"]) == (2, 1)


@pytest.mark.parametrize("args, named", [
    ([], "command"), (["frob"], "frob"), (["user"], "user"), (["user", "frob", "bob"], "frob"),
    (["user", "disable"], "disable"), (["status", "extra"], "extra"), (["backup"], "backup"),
    (["status", "--uses", "3"], "status"), (["invite", "--life", "7x"], "7x"),
    (["invite", "--uses", "-1"], "-1"), (["invite", "--frob"], "option"),
    (["user", "add", "x", "--password-fd", "y"], "'y'|y:")])
def test_wrong_usage(shared_server, args, named):
    """The first line says what is wrong; the usage follows."""
    result = shared_server.ctl_result(*args)
    told = result.stderr[:result.stderr.index("usage:")]
    assert result.returncode == 2 and re.search(named, told), result.stderr
    result = shared_server.ctl_result("--json", *args)
    answer = json.loads(result.stdout)
    assert answer["exit"] == result.returncode == 2 and answer["error"] in result.stderr


def test_a_password_that_cannot_be_read_is_no_empty_one(shared_server):
    result = shared_server.ctl_result("user", "passwd", "alice", "--password-fd", "77")
    assert result.returncode == 2 and "Bad file descriptor" in result.stderr


def test_unknown_user_is_named(shared_server):
    result = shared_server.ctl_result("user", "disable", "nobody")
    assert result.returncode == 6 and result.stderr


def test_human_output_is_no_json(shared_server):
    for command in ("status", "sessions", "invite"):
        text = shared_server.ctl_result(command).stdout
        assert text.strip()
        with pytest.raises(ValueError):
            json.loads(text)


# -- privileges ---------------------------------------------------------------------

def status_field(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return next(line.split(":", 1)[1].split() for line in file if line.startswith(name + ":"))


@pytest.mark.root
def test_privileges_are_dropped(server):
    kith = pwd.getpwnam("kith")
    for process in server.processes():
        pid = process["pid"]
        assert status_field(pid, "Uid") == [str(kith.pw_uid)] * 4, process
        assert status_field(pid, "Gid") == [str(kith.pw_gid)] * 4, process
        assert set(status_field(pid, "Groups")) <= {str(kith.pw_gid)}, process
        assert int(status_field(pid, "CapEff")[0], 16) == 0, process
        assert status_field(pid, "NoNewPrivs") == ["1"], process


def core_limit(pid):
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        row = next(line for line in file if line.startswith("Max core file size"))
    return row.split()[4:6]


def all_pids(server):
    return {"master": server.process.pid,
            **{f"{p['role']} {p['index']}": p["pid"] for p in server.processes()}}


def cores_allowed():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_no_process_dumps_core(make_server):
    """The master sees passwords and the key, and every other process is a copy of it."""
    server = make_server(start=False)
    server.before_exec = cores_allowed
    server.start()
    for name, pid in all_pids(server).items():
        assert core_limit(pid) == ["0", "0"], name


# LeakSanitizer traces its own process: kithd built with it stays traceable.
if not build.SANITIZED:
    @pytest.mark.root
    def test_no_process_can_be_traced_by_its_user(make_server):
        """Started as an ordinary user, too: the kernel gives /proc/PID/environ to root."""
        kith = pwd.getpwnam("kith")

        def become_kith():
            cores_allowed()
            os.setgroups([])
            os.setresgid(*[kith.pw_gid] * 3)
            os.setresuid(*[kith.pw_uid] * 3)

        server = make_server(start=False)
        for path in (server.folder, server.state, server.state / "kithd.conf"):
            os.chown(path, kith.pw_uid, kith.pw_gid)
        server.before_exec = become_kith
        server.start()
        for name, pid in all_pids(server).items():
            assert status_field(pid, "Uid") == [str(kith.pw_uid)] * 4, name
            assert os.stat(f"/proc/{pid}/environ").st_uid == 0, name
            assert core_limit(pid) == ["0", "0"], name
            assert int(status_field(pid, "CapEff")[0], 16) == 0, name


# A sanitizer needs /proc at its end: kithd built with one stays outside.
if not build.SANITIZED:
    @pytest.mark.root
    @pytest.mark.parametrize("role", ["worker", "auth", "log"])
    def test_role_sees_an_empty_root(shared_server, role):
        assert os.listdir(f"/proc/{shared_server.pid(role)}/root") == []


def test_worker_holds_no_file_of_the_store(server):
    for index in (0, 1):
        names = open_files(server.pid("worker", index))
        assert not [n for n in names if "kith.db" in n or "key.pem" in n or "control" in n], names


@pytest.fixture
def network(request):
    """A network namespace for one server."""
    netns = Netns()
    request.addfinalizer(netns.close)
    return netns


@pytest.mark.root
def test_no_outbound_connection(make_server, network):
    """From its start to its end no process of kithd connects to anywhere, nor asks a name
    server. The namespace counts what a look at /proc/net would miss."""
    server = make_server(start=False)
    server.before_exec = network.enter
    server.start()
    server.add_user("alice", PASSWORD)
    with network.inside():
        link = connect(server)
    with link:
        link.login("alice", PASSWORD)
        link.send(["#lobby"], "hello")
        link.history("#lobby", limit=10)
    until("the client is gone", lambda: server.status()["sessions"] == 0)
    server.ctl("reload")
    assert server.terminate() == 0
    assert network.counters()["Tcp.PassiveOpens"] == 1, "the client was counted"
    assert network.outbound() == {}


@pytest.mark.root
def test_outbound_connection_would_be_seen(make_server, network):
    """The same watch sees a connection that nobody answers: here to a database that is away."""
    if not build.configured("HAVE_MYSQL"):
        pytest.skip("built without MySQL")
    server = make_server(start=False)
    server.write_conf(database="mysql", mysql_host="127.0.0.1", mysql_port=1)
    server.expect(r".")
    server.before_exec = network.enter
    server.launch()
    seen = until("the attempt is counted", network.outbound)
    assert seen["attempts that failed"] >= 1


# -- what the log tells --------------------------------------------------------------

def test_security_events_are_one_line_each(make_server):
    """With name and plain address: enough for fail2ban and for a person."""
    server = make_server(workers=1)
    server.add_user("alice", PASSWORD)

    def line(*words):
        """A line that has them all."""
        def found():
            return next((one for one in server.log().splitlines()
                         if all(word in one for word in words)), None)
        seen = until(f"the log has {words}", found)
        assert "::ffff:" not in seen
        return seen

    with connect(server) as link:
        link.login("alice", PASSWORD)
        line("info", "auth.password", "code=OK", "name=alice", "address=127.0.0.1")
    line("session.end", "name=alice", "address=127.0.0.1")
    with connect(server) as link, pytest.raises(Exception):
        link.login("alice", "not her password")
    line("warn", "auth.password", "code=AUTH_FAILED", "name=alice", "address=127.0.0.1")
    with connect(server) as link, pytest.raises(Exception):
        link.login("hunter2-in-the-wrong-field", PASSWORD)
    line("warn", "auth.password", "code=AUTH_FAILED", "name=?", "address=127.0.0.1")
    assert "hunter2" not in server.log(), "what nobody is called may be a password"
    for bytes_, reason in ((b"\x16\x03\x01\x00\x05garbage", "TLS"),
                           (b"\xff\xff\xff\xff", "not a protocol")):
        with socket.create_connection(server.address, 10) as raw:
            raw.sendall(bytes_)
            line("conn.refused", "address=127.0.0.1", reason)


def test_a_start_without_its_database_returns_and_goes_on(make_server, request):
    """Status and processes agree: 0, and it waits."""
    if not build.configured("HAVE_MYSQL"):
        pytest.skip("built without MySQL")
    server = make_server(start=False, workers=1)
    server.write_conf(database="mysql", mysql_socket="/nonexistent/mysqld.sock")
    result = kithd("-d", server.state, "-l", "127.0.0.1:0")
    pid = int((server.state / "kithd.pid").read_text())
    request.addfinalizer(lambda: alive(pid) and server.owns(pid) and os.kill(pid, signal.SIGKILL))
    assert result.returncode == 0 and "waits for its database" in result.stderr
    assert alive(pid) and server.ctl_result("status").returncode == 1

    def blamed():
        return next((line.split(None, 1)[1] for line in server.ctl_result("status").stdout
                     .splitlines() if line.startswith("problem ")), None)
    until("the database is named first", lambda: blamed() ==
          "writer 0: the database is away, or its disk fails")
    assert server.ctl_result("stop").returncode == 0
    until("kithd is gone", lambda: not alive(pid))
