"""A server's life: each command of kithd(8), LIFE OF A SERVER, and of the README's "Install it", as
written, on a machine of its own (namespaces and private folders; life.sh)."""
import contextlib
import os
import re
import sqlite3
import subprocess

import pytest

from kithtest import build, reports

HERE = os.path.dirname(__file__)
PAGE = (build.TOP / "server/main/kithd.8").read_text()
README = (build.TOP / "README.md").read_text()


def section(title):
    """The commands of one .SS: the lines between .nf and .fi."""
    text = re.search(rf"^\.SS {re.escape(title)}\n(.*?)(?=^\.S[SH])", PAGE, re.M | re.S)
    assert text, f"kithd(8) has no section {title}"
    blocks = re.findall(r"^\.nf\n(.*?)^\.fi$", text[1], re.M | re.S)
    return [line.replace("\\-", "-") for block in blocks for line in block.splitlines()]


def install_steps():
    """The README's: from `make install` on, with the comments that say what they do."""
    block = re.search(r"^    make install .*?(?=^\S|^$)", README, re.M | re.S)[0]
    return [line.strip() for line in block.splitlines() if line.strip()]


SECTIONS = ["Start at boot", "Rotate the log", "Back up", "Restore", "Move to another machine",
            "Upgrade", "Remove"]


def test_every_section_is_run():
    chapter = PAGE.split('.SH "LIFE OF A SERVER"', 1)[1].split("\n.SH ", 1)[0]
    assert re.findall(r"^\.SS (.*)$", chapter, re.M) == SECTIONS
    assert all(section(title) for title in SECTIONS)


class Life:
    """A script in pieces, and one machine on which it runs."""

    def __init__(self, folder):
        self.folder, self.lines = folder, []

    def do(self, *lines):
        self.lines += lines

    def run(self):
        script = self.folder / "script"
        script.write_text("\n".join(self.lines) + "\n")
        home = self.folder / "home"
        home.mkdir()
        env = reports.environment({**os.environ, "HOME": str(home), "LC_ALL": "C.UTF-8",
                                   "PATH": f"{self.folder}/bin:/usr/local/sbin:/usr/local/bin:"
                                           "/usr/sbin:/usr/bin:/sbin:/bin"})
        for kind in ("CONFIG", "DATA", "STATE", "CACHE", "RUNTIME"):
            env.pop(f"XDG_{kind}_{'DIR' if kind == 'RUNTIME' else 'HOME'}", None)
        (self.folder / "bin").mkdir()
        (self.folder / "bin/systemctl").symlink_to(f"{HERE}/systemctl")
        with open(self.folder / "out", "w+", encoding="utf-8") as out:
            status = subprocess.run(
                ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--uts", "--net",
                 "--kill-child", "sh", f"{HERE}/life.sh", str(script)], env=env, stdout=out,
                stderr=out, stdin=subprocess.DEVNULL, cwd=build.BUILD,
                timeout=120 * build.PATIENCE).returncode
            out.seek(0)
            text = out.read()
        assert status == 0, text[-6000:]
        return text


SAID = 'said() { kith read "#lobby" | grep -q "$1"; }'


@pytest.mark.root
@pytest.mark.plain        # it installs what is built for use
def test_the_life_of_a_server(tmp_path):
    tmp_path.chmod(0o755)
    life = Life(tmp_path)
    life.do("hostname chatbox", SAID, "echo 127.0.0.1 chatbox >> /etc/hosts")
    life.do(*install_steps(), "kithctl stop", "test ! -e /var/lib/kith/kithd.pid")
    life.do("printf 'log_to file\\nweb_dir /usr/local/share/kith/web\\n' "
            ">> /var/lib/kith/kithd.conf")
    life.do(*section("Start at boot"))
    life.do("echo 'correct horse battery' > password",
            'kith join "$(kithctl invite)" --name alice --password-file password',
            'kith send "#lobby" one')
    life.do(*section("Rotate the log"))
    life.do('for i in 1 2 3 4 5 6 7 8 9; do ! test -s /var/lib/kith/kithd.log || break; '
            'kithctl reload; sleep 0.1; done', "test -s /var/lib/kith/kithd.log",
            "grep -q server.ready /var/lib/kith/kithd.log.1")
    life.do('kith send "#lobby" two', *section("Back up"), 'kith send "#lobby" three',
            "test $(stat -c %a /var/backups/kith.db) = 600", "said three")
    life.do(*section("Restore"), "said two", "! said three",
            "test ! -e /var/lib/kith/kith.db.copying", 'kith send "#lobby" four', "said four")
    move = section("Move to another machine")
    leave = move.index(next(line for line in move if " -xzf " in line))
    life.do("key=$(kithctl status | grep ^key)", *move[:leave],
            "rm -r /var/lib/kith", *move[leave:],
            'test "$(kithctl status | grep ^key)" = "$key"', "said four", "! said three")
    upgrade = section("Upgrade")
    if build.SCALE != "all":
        upgrade.remove("make install")      # it takes long, and nothing has changed
    life.do(*upgrade, "said four", "kithctl status")
    life.do(*section("Remove"), "! pgrep kithd", "test ! -e /var/lib/kith", "! id kith",
            'left=$(find /usr/local /etc /var/lib -name "*kith*" ! -name passwd-)',
            'test -z "$left"')
    text = life.run()
    assert "kithd is ready. The first administrator" in text


# -- the backup alone ---------------------------------------------------------------

def test_a_backup_holds_what_was_acknowledged(make_server, make_kith):
    """cp of kith.db would not: the last messages are in kith.db-wal."""
    server = make_server(workers=1)
    alice = make_kith()
    alice.join(server.invite(), "alice")
    copy = server.folder / "copy"
    for i in range(9):
        alice.run("send", "#lobby", f"m{i}")
    assert server.ctl_result("backup", str(copy)).returncode == 0
    assert copy.stat().st_mode & 0o077 == 0
    assert sorted(p.name for p in server.state.iterdir() if "copying" in p.name) == []
    with contextlib.closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert {f"m{i}" for i in range(9)} <= {row[0] for row in db.execute(
            "SELECT body FROM events")}
    alice.run("send", "#lobby", "later")
    assert server.terminate() == 0
    for name in ("kith.db-wal", "kith.db-shm"):
        (server.state / name).unlink(missing_ok=True)
    (server.state / "kith.db").write_bytes(copy.read_bytes())
    server.start()
    assert "m8" in alice.out("read", "#lobby", "-n", "50")


def test_a_backup_that_fails_leaves_the_last_one(make_server):
    server = make_server(workers=1)
    copy = server.folder / "copy"
    sqlite3.connect(copy).execute("PRAGMA user_version = 7").connection.close()
    last = copy.read_bytes()
    missing = server.ctl_result("backup", str(server.folder / "none" / "copy"))
    assert missing.returncode == 1 and "No such file" in missing.stderr
    assert server.terminate() == 0
    os.rename(server.state / "kith.db", server.folder / "kith.db")
    (server.state / "kith.db").write_text("no database at all " * 100)
    broken = server.ctl_result("backup", str(copy))
    assert broken.returncode == 1 and broken.stderr
    assert copy.read_bytes() == last
    assert sorted(p.name for p in server.folder.iterdir() if p.name.startswith("copy")) == ["copy"]


def test_a_backup_replaces_nothing_but_a_backup(make_server):
    server = make_server(workers=1)
    folder, state = server.folder, server.state
    (folder / "text").write_text("of somebody")
    (folder / "link").symlink_to(folder / "text")
    os.mkfifo(folder / "fifo")
    mine = [folder / "text", folder / "link", folder / "fifo", state / "kith.db",
            state / "tls" / "key.pem", state / "new", folder / "tls" / ".." / state.name / "new"]
    before = {path: path.lstat().st_ino for path in mine if path.exists()}
    for path in mine:
        result = server.ctl_result("backup", str(path))
        assert result.returncode == 1 and str(path) in result.stderr, path
    assert {path: path.lstat().st_ino for path in before} == before
    assert not (state / "new").exists() and server.ctl_result("status").returncode == 0
    copy = folder / "copy"
    for _ in range(2):
        assert server.ctl_result("backup", str(copy)).returncode == 0
    assert copy.read_bytes()[:6] == b"SQLite"


@pytest.mark.root
def test_a_backup_follows_no_link_of_the_service_user(make_server):
    server = make_server(workers=1)
    secret = server.folder / "secret"
    secret.write_text("of root")
    secret.chmod(0o600)
    for name in ("kith.db.copying", "kith.db-shm.x"):
        (server.state / name).symlink_to(secret)
    copy = server.folder / "copy"
    assert server.ctl_result("backup", str(copy)).returncode == 0
    assert secret.read_text() == "of root" and copy.read_bytes()[:6] == b"SQLite"
