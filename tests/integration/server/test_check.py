"""What is wrong with a configuration: kithd -t, a start and a reload say the same words."""
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from kithtest import build, reports
from kithtest.server import Server
from kithtest.wait import until

ROOT = os.getuid() == 0


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


def kithd(*args):
    return subprocess.run([str(build.KITHD), *map(str, args)], capture_output=True, text=True,
                          timeout=30 * build.PATIENCE, stdin=subprocess.DEVNULL,
                          env=reports.environment(os.environ))


def make_pair(folder, name, *args, curve="P-256"):
    """NAME.key and NAME.crt."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-nodes",
            "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt",
            "-subj", "/CN=x", *(args or ("-days", "365")))


@pytest.fixture(scope="module")
def server():
    """It serves all the time, whatever it is asked to reload."""
    one = Server(workers=1)
    one.expect(r"control|reload")
    try:
        yield one
    finally:
        one.stop()


@pytest.fixture(scope="module")
def files(server):
    """Files of all kinds, in a folder that the roles can look into."""
    folder = server.folder / "files"
    folder.mkdir()
    folder.chmod(0o755)
    make_pair(folder, "one")
    make_pair(folder, "two", curve="P-384")
    openssl("ec", "-in", folder / "one.key", "-aes256", "-passout", "pass:secret",
            "-out", folder / "locked.key")
    (folder / "garbage").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
    (folder / "closed").mkdir(mode=0o700)
    (folder / "closed" / "password").write_text("x\n")
    (folder / "numbers").write_text("1\n2\n")
    (folder / "number").write_text("4711\n")
    (folder / "link.pid").symlink_to(folder / "number")
    os.mkfifo(folder / "pipe")
    (folder / "pipe").chmod(0o666)
    os.mkfifo(folder / "closed" / "pipe", 0o600)
    (folder / "alone.crt").write_bytes((folder / "one.crt").read_bytes())
    return folder


def pair(cert, key):
    return {"tls_certificate": f"{{files}}/{cert}", "tls_key": f"{{files}}/{key}"}


WRONG = {
    # what is set, words of the complaint besides the options' values, exit status
    "key does not match": (pair("one.crt", "two.key"), "mismatch", 78),
    "key is garbage": (pair("one.crt", "garbage"), "private key", 78),
    "key is missing": (pair("alone.crt", "alone.key"), "missing", 78),
    "key is encrypted": (pair("one.crt", "locked.key"), "private key", 78),
    "certificate is garbage": (pair("garbage", "one.key"), "certificate", 78),
    "certificate is a folder": (pair("closed", "one.key"), "not a regular file", 78),
    "certificate is a pipe": (pair("pipe", "one.key"), "not a regular file", 78),
    "no folder for a new key": (pair("no/where/a.crt", "no/where/a.key"), "No such file", 78),
    "no folder for the socket": ({"control_socket": "{files}/none/control"}, "No such file", 78),
    "a file is the socket": ({"control_socket": "{files}/one.crt"}, "not a socket", 78),
    "no folder for the pid file": ({"pid_file": "{files}/none/kithd.pid"}, "No such file", 78),
    "pid file of another kind": ({"pid_file": "{files}/one.crt"}, "not a pid file", 78),
    "pid file with more than a number": ({"pid_file": "{files}/numbers"}, "not a pid file", 78),
    "pid file is a link": ({"pid_file": "{files}/link.pid"}, "not a pid file", 78),
    "pid file is a pipe": ({"pid_file": "{files}/pipe"}, "not a pid file", 78),
    "pid file is a folder": ({"pid_file": "{files}/closed"}, "Is a directory", 78),
    "pid file is the database": ({"pid_file": "kith.db"}, "other data", 78),
    "log is the mark": ({"log_file": "./first-invite-made"}, "other data", 78),
    "socket is the history": ({"control_socket": ".//./kith.history"}, "other data", 78),
    "pid file is the log": ({"pid_file": "kithd.log"}, "log_file", 78),
    "pid file is the socket": (
        {"pid_file": "{files}/new", "control_socket": "{files}/./new"}, "the same file", 78),
    "log is the key": ({"log_file": "{files}/one.key", **pair("one.crt", "one.key")},
                       "tls_key", 78),
    "pid file is the configuration": ({"pid_file": "kithd.conf"}, "configuration", 78),
    **{f"empty {option}": ({option: ""}, "the value is missing", 78) for option in (
        "control_socket", "pid_file", "log_file", "tls_certificate", "tls_key", "web_dir")},
    "no folder for the log": (
        {"log_to": "file", "log_file": "{files}/none/log"}, "No such file", 78),
    "log is a folder": ({"log_to": "file", "log_file": "{files}/closed"}, "Is a directory", 78),
    "no page": ({"web_dir": "{files}/none"}, "No such file", 78),
    "lobby with a blank": ({"lobby": "two words"}, "name", 78),
    "lobby that reads both ways": ({"lobby": "a\u202eb"}, "name", 78),
    "name with a blank": ({"server_name": "our chat"}, "must be a host name", 78),
    "name in quotes": ({"server_name": '"chat.lan"'}, "must be a host name", 78),
    "name with a port": ({"server_name": "chat.lan:5484"}, "must be a host name", 78),
    "name that is half an address": ({"server_name": "192.0.2"}, "must be a host name", 78),
    "name with a joiner": ({"server_name": "b\u200ducher.lan"}, "must be a host name", 78),
    "address of another machine": (
        {"listen": "192.0.2.77:0"}, "this machine does not have the address", 1),
    "address twice": ({"listen": "127.0.0.1:54841 127.0.0.1:54841"}, "the same connections", 78),
    "address of all addresses": (
        {"listen": "127.0.0.2:54841 *:54841"}, "*:54841 take the same connections", 78),
    "all addresses twice": ({"listen": "*:54841 [::]:54841"}, "the same connections", 78),
    "too many addresses": (
        {"listen": " ".join(f"127.0.0.{i}:54841" for i in range(1, 8)) + " *:54842"},
        "more than 8", 78),
    "key is a pipe": (pair("no.crt", "pipe"), "not a regular file", 78),
    "key of a certificate is a pipe": (pair("one.crt", "pipe"), "not a regular file", 78),
    "key is a folder": (pair("no.crt", "closed"), "not a regular file", 78),
    "log is a pipe": (
        {"log_to": "file", "log_file": "{files}/pipe"}, "not a regular file", 78),
    "log is a pipe of another user": (
        {"log_to": "file", "log_file": "{files}/closed/pipe"}, "not a regular file", 78),
    "IPv4 as IPv6": ({"listen": "[::ffff:127.0.0.2]:0"}, "write it as", 78),
    "level that is none": ({"log_level": "loud"}, "must be error, warn, info or debug", 78),
    "number too large": ({"workers": "4711"}, "must be from", 78),
    "no power of two": ({"inbox_bytes": "300001"}, "power of two", 78),
    "neither on nor off": ({"http": "yes"}, "must be on or off", 78),
    "bound above bound": ({"output_soft": "2000000", "output_hard": "1000000"}, "above", 78),
}
if ROOT:
    WRONG |= {
        "unknown user": ({"user": "nosuchuser"}, "there is no user", 78),
        "user with all rights": ({"user": "root"}, "superuser", 78),
        "log that the user may not make": (
            {"log_to": "file", "log_file": "{files}/closed/log"}, "Permission denied", 78),
    }
if build.configured("HAVE_MYSQL"):
    SOCKET = {"database": "mysql", "mysql_socket": "{files}/nobody.sock"}
    WRONG |= {
        "no password file": (
            {**SOCKET, "mysql_password_file": "{files}/none"}, "No such file", 78),
        "password file is a pipe": (
            {**SOCKET, "mysql_password_file": "{files}/pipe"}, "not a regular file", 78),
        "authority is a pipe": (
            {**SOCKET, "mysql_tls_ca": "{files}/pipe"}, "not a regular file", 78),
    }
    if ROOT:
        WRONG |= {"password that the user may not read": (
            {**SOCKET, "mysql_password_file": "{files}/closed/password"}, "Permission denied",
            78)}


def complaint(text):
    """The one line of the program, without its name and the place in the file."""
    lines = [line for line in text.splitlines() if line.startswith(("kithd: ", "kithctl: "))
             and "warning: " not in line]
    assert len(lines) == 1, text
    words = lines[0].split(": ", 1)[1]
    return words.split(": ", 1)[1] if "kithd.conf" in words.split(": ", 1)[0] else words


@pytest.mark.parametrize("case", WRONG)
def test_check_start_and_reload_refuse_the_same(server, files, tmp_path, case):
    settings, words, status = WRONG[case]
    settings = {key: value.format(files=files) for key, value in settings.items()}
    state = tmp_path / "state"
    state.mkdir()
    lines = {"listen": "127.0.0.1:0", **settings}
    (state / "kithd.conf").write_text("".join(f"{k} {v}\n" for k, v in lines.items()))

    check = kithd("-t", "-d", state)
    assert check.returncode == status, check
    assert os.listdir(state) == ["kithd.conf"], "-t changes nothing"
    said = complaint(check.stderr)
    assert words in said, said
    assert any(value and str(value)[:64] in said or key in said
               for key, value in settings.items()), said

    start = kithd("-f", "-d", state)
    assert (start.returncode, complaint(start.stderr)) == (status, said)
    assert not (state / "control").exists() and not (state / "kithd.pid").exists()

    if "listen" in settings:
        return                  # -l of the server's command line holds until it ends
    before = dict(server.conf)
    server.conf.pop("web_dir")
    server.write_conf(**settings)
    try:
        reload = server.ctl_result("-s", str(server.state / "control"), "reload")
    finally:
        server.conf = before
        server.write_conf()
    assert reload.returncode == 1
    assert complaint(reload.stderr).replace(str(server.state), str(state)) == said
    assert server.status()["ready"]


def test_a_configuration_is_no_pipe(files, tmp_path):
    for words in ("-t",), ("-T",), ("-f",), ("init",):
        said = kithd(*words, "-c", files / "pipe", "-d", tmp_path / "state")
        assert said.returncode in (1, 78) and "pipe: not a regular file" in said.stderr, words
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("listen", ["127.0.0.1:54841 [::1]:54841", "0.0.0.0:54841 [::]:54841",
                                    "*:0 127.0.0.1:0", "127.0.0.1:54841 127.0.0.1:54842"])
def test_addresses_that_do_not_overlap(tmp_path, listen):
    (tmp_path / "kithd.conf").write_text(f"listen {listen}\n")
    said = kithd("-t", "-d", tmp_path)
    assert said.returncode == 0, said.stderr


# -- what must not be lost ----------------------------------------------------------

@pytest.mark.parametrize("before", ["", "4711", "4711\n"])
def test_a_pid_file_may_be_left_over(make_server, before):
    server = make_server(start=False, workers=1, pid_file="../run.pid")
    file = server.folder / "run.pid"
    file.write_text(before)
    server.start()
    assert file.read_text() == f"{server.process.pid}\n"
    server.ctl("reload")
    file.rename(server.folder / "kept")
    file.write_text("mine\n")
    server.terminate()
    assert file.read_text() == "mine\n", "a file that took the name is not removed"


def test_a_key_that_was_lost_is_not_replaced(make_server):
    server = make_server(workers=1)
    server.terminate()
    kept = server.folder / "kept"
    shutil.copytree(server.state / "tls", kept)
    known = server.state / "tls" / "known-key"

    def refused(*marks):
        before = sorted(str(path) for path in server.state.rglob("*"))
        check, start = kithd("-t", "-d", server.state), kithd("-f", "-d", server.state)
        init = kithd("init", "-d", server.state)
        assert (check.returncode, start.returncode, init.returncode) == (78, 78, 1)
        assert complaint(check.stderr) == complaint(start.stderr) == complaint(init.stderr)
        assert f"{server.state}/tls/key.pem is missing" in check.stderr
        assert all(str(mark) in check.stderr.partition("remove")[2] for mark in marks)
        assert sorted(str(path) for path in server.state.rglob("*")) == before

    mark = server.state / "first-invite-made"
    (server.state / "tls" / "key.pem").unlink()
    refused(known, mark, server.state / "tls" / "cert.pem")
    (server.state / "tls" / "cert.pem").unlink()
    refused(known, mark)
    known.unlink()
    refused(mark)
    (server.state / "tls").rmdir()
    refused(mark)
    shutil.copytree(kept, server.state / "tls")
    fingerprint = server.fingerprint
    server.start()
    assert server.fingerprint == fingerprint and not server.status()["warnings"]
    server.terminate()
    shutil.rmtree(server.state / "tls")
    mark.unlink()
    server.start()
    assert server.fingerprint != fingerprint, "a new key, as it was asked for"


def test_a_database_that_a_start_refuses(make_server):
    """By the same words, also from kithd -t; and what serves is fine."""
    server = make_server(workers=1)
    assert kithd("-t", "-d", server.state).returncode == 0, "in use"
    server.terminate()
    file, kept = server.state / "kith.db", server.folder / "kept.db"

    def refused(words):
        check, start = kithd("-t", "-d", server.state), kithd("-f", "-d", server.state)
        assert (check.returncode, start.returncode) == (78, 78), (check, start)
        assert complaint(check.stderr) == complaint(start.stderr)
        assert f"{file} {words}" in check.stderr

    file.rename(kept)
    refused("is missing, although")
    file.touch()
    if ROOT:
        shutil.chown(file, "kith")
    refused("is empty, although")
    file.write_bytes(os.urandom(20000))
    refused("is damaged")
    shutil.copy(kept, file)
    if ROOT:
        shutil.chown(file, "root")
        file.chmod(0o600)
        refused("belongs to root with mode 0600, and kith may not read and write it")
        shutil.chown(file, "kith")
    server.start()


def test_what_is_allowed_is_told_of(server, files, tmp_path):
    """By the same three, and in the status until it is mended."""
    make_pair(files, "old")
    redate(files, "old", "20200101000000Z", "20211231000000Z")
    (files / "old.key").chmod(0o644)
    settings = {"tls_certificate": files / "old.crt", "tls_key": files / "old.key"}
    expected = ["it expired on", "it is not for", "can be read by every user"]
    (tmp_path / "kithd.conf").write_text("".join(f"{k} {v}\n" for k, v in settings.items()))
    check = kithd("-t", "-d", tmp_path)
    assert check.returncode == 0 and all(words in check.stderr for words in expected), check
    before = dict(server.conf)
    server.write_conf(**settings, inbox_bytes=524288)
    try:
        reload = server.ctl("reload")["warnings"]
        expected += ["native clients that know the old one", "inbox_bytes"]
        assert all(any(words in line for line in reload) for words in expected), reload
        assert len(reload) == len(expected)
        status = server.ctl_result("status")
        assert status.returncode == 0
        assert all(words in status.stderr for words in expected), status
        assert all(words in server.log() for words in expected)
    finally:
        server.conf = before
        server.write_conf()
    assert "the key is now" in "".join(server.ctl("reload")["warnings"]), "back to the first key"
    assert not server.ctl("reload")["warnings"]


@pytest.mark.parametrize("begin, end, words", [
    ("20300101000000Z", "20350101000000Z", "not valid before 2030-01-01"),
    ("20200101000000Z", "20211231000000Z", "expired on 2021-12-31"), ("now", "soon", "expires soon")])
def test_dates_of_certificates(tmp_path, begin, end, words):
    make_pair(tmp_path, "a", "-addext", "subjectAltName=DNS:chat.lan", "-days", "5")
    if begin != "now":
        redate(tmp_path, "a", begin, end)
    state = tmp_path / "state"
    state.mkdir()
    (state / "kithd.conf").write_text(f"server_name chat.lan\ntls_certificate {tmp_path}/a.crt\n"
                                      f"tls_key {tmp_path}/a.key\n")
    check = kithd("-t", "-d", state)
    assert check.returncode == 0
    assert [line for line in check.stderr.splitlines() if "tls_" in line and words in line]


def redate(folder, name, begin, end):
    """Signs NAME.crt again, with these dates."""
    (folder / "index").write_text("")
    (folder / "serial").write_text("01\n")
    (folder / "ca.conf").write_text(
        f"[ca]\ndefault_ca = d\n[d]\ndatabase = {folder}/index\nserial = {folder}/serial\n"
        f"new_certs_dir = {folder}\ndefault_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n")
    openssl("req", "-new", "-key", folder / f"{name}.key", "-subj", "/CN=x", "-out", folder / "csr")
    openssl("ca", "-batch", "-config", folder / "ca.conf", "-selfsign", "-keyfile",
            folder / f"{name}.key", "-in", folder / "csr", "-startdate", begin, "-enddate", end,
            "-notext", "-out", folder / f"{name}.crt")


# -- the log ------------------------------------------------------------------------

def test_a_log_that_fails_later_is_told_of(make_server):
    server = make_server(start=False)
    logs = server.folder / "logs"
    logs.mkdir()
    if ROOT:
        kith = pwd.getpwnam("kith")
        os.chown(logs, kith.pw_uid, kith.pw_gid)
    server.write_conf(log_to="file", log_file=logs / "log")
    server.expect("log.open")
    server.start()
    assert "server.ready" in (logs / "log").read_text()
    (logs / "log").rename(logs / "log.1")
    (logs / "log").mkdir()
    server.process.send_signal(signal.SIGUSR1)
    wait_for(lambda: any("log_file" in line for line in server.status()["warnings"]))
    assert "log_file" in server.ctl_result("reload").stderr
    wait_for(lambda: "command=reload" in (logs / "log.1").read_text())
    assert server.status()["warnings"], "lines that reach the old file do not mend the new one"
    reopen = server.ctl_result("reopen")
    assert reopen.returncode == 1 and f"log_file: {logs}/log: Is a directory" in reopen.stderr
    (logs / "log").rmdir()
    assert server.ctl_result("reopen").returncode == 0
    wait_for(lambda: (logs / "log").exists())
    wait_for(lambda: not server.status()["warnings"])
    server.ctl("reload")
    wait_for(lambda: "server.reload" in (logs / "log").read_text())


@pytest.mark.plain
@pytest.mark.root
def test_a_log_on_a_full_disk_keeps_its_lines_apart(make_server):
    server = make_server(start=False, workers=1)
    logs = server.folder / "logs"
    logs.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=777", "kith", logs], check=True)
    try:
        server.write_conf(log_to="file", log_file=logs / "log", log_level="debug")
        server.start()
        rest = logs / "rest"
        free = os.statvfs(logs)
        rest.write_bytes(b"x" * (free.f_bavail * free.f_frsize))
        def full():
            server.ctl_result("reopen")
            return server.status()["warnings"]
        wait_for(full)
        cut = (logs / "log").read_bytes()
        assert not cut.endswith(b"\n"), "the disk was full in the middle of a line"
        rest.unlink()
        def works():
            server.ctl_result("reopen")
            return not server.status()["warnings"]
        wait_for(works)
        wait_for(lambda: (logs / "log").read_bytes()[len(cut):])
        assert (logs / "log").read_bytes()[len(cut):].startswith(b"\n2")
    finally:
        server.terminate()
        subprocess.run(["umount", "-l", logs], check=True)


def wait_for(condition):
    until("the log says so", condition)


# -- modes --------------------------------------------------------------------------

@pytest.mark.parametrize("mode", [0o755, 0o777, 0o770])
def test_a_start_closes_the_state_folder(make_server, mode):
    server = make_server(start=False, workers=1)
    server.state.chmod(mode)
    server.start()
    assert server.state.stat().st_mode & 0o027 == 0


@pytest.mark.root
def test_a_start_takes_a_folder_with_leavings(make_server):
    server = make_server(start=False, workers=1)
    (server.state / "lost+found").mkdir()
    for name in ("kithd.conf~", "kithd.conf.dpkg-old", "kithd.log.1.gz", "kith.db.before",
                 "kith.history.before"):
        (server.state / name).write_text("")
    server.start()


@pytest.mark.root
def test_a_start_leaves_a_folder_of_others(make_server):
    server = make_server(start=False, workers=1)
    (server.state / "passwd").write_text("")
    result = kithd("-f", "-d", server.state)
    assert result.returncode == 78 and "not kithd's" in result.stderr
    assert Path(server.state).stat().st_uid == 0
