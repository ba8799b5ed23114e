"""server.py - a kithd of its own in a private folder.

The folder is 0711, so that the roles, which drop to the user kith when the
tests run as root, can pass through. stop() is also the verdict: it fails on a
sanitizer's report, on a log line of level error that the test did not expect,
and on processes or a control socket left behind.
"""
import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from http.client import HTTPConnection
from pathlib import Path

from . import build, reports
from .wait import until

ROLES = ("log", "writer", "reader", "auth", "worker")


class ControlFailed(AssertionError):
    """kithctl exited with another status than 0."""

    def __init__(self, args, result):
        super().__init__(f"kithctl {' '.join(args)}: exit {result.returncode}\n"
                         f"{result.stdout}{result.stderr}")
        self.code = result.returncode
        self.text = result.stderr


class Server:
    """One kithd. `database` is None (SQLite) or a Database of mariadb.py."""

    running = []                # for the report of a test that fails

    def __init__(self, database=None, start=True, listen="127.0.0.1:0", **conf):
        self.folder = Path(tempfile.mkdtemp(prefix="kithd."))
        self.folder.chmod(0o711)
        self.state = self.folder / "state"
        self.state.mkdir(0o755)
        self.stderr = self.folder / "stderr"
        self.listen = listen
        self.conf = {"server_name": "127.0.0.1", "workers": 2, "log_level": "info",
                     "send_rate": 0, "web_dir": build.TOP / "client-web"}
        if database:
            self.conf.update(database.conf(self.folder))
        self.conf.update(conf)
        self.expected = []
        self.before_exec = None     # runs in the child, as Popen's preexec_fn
        self.process = None
        self.address = None
        self.fingerprint = None
        self.seen_pids = {}
        self.write_conf()
        self.running.append(self)
        if start:
            try:
                self.start()
            except BaseException:
                self.abandon()
                raise

    # -- life ---------------------------------------------------------------

    def write_conf(self, **changes):
        """Writes kithd.conf; a value of None takes a key away."""
        self.conf.update(changes)
        lines = [f"{key} {value}\n" for key, value in self.conf.items() if value is not None]
        (self.state / "kithd.conf").write_text("".join(lines))

    def use_state(self, folder):
        """Sets another state folder, before the start."""
        folder.mkdir(0o755)
        self.state = folder
        self.write_conf()

    def command(self):
        return [str(build.KITHD), "-f", "-d", str(self.state), "-l", self.listen]

    def start(self, timeout=20, env=None):
        """Starts kithd and returns once it serves."""
        self.launch(env)
        self.wait_ready(timeout)
        return self

    def launch(self, env=None):
        """Starts kithd and returns at once."""
        with open(self.stderr, "ab") as err:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                cwd=self.folder, start_new_session=True, preexec_fn=self.before_exec,
                env=reports.environment({**os.environ, **(env or {})}))

    def wait_ready(self, timeout=20):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"kithd left with {self.process.returncode} at its start:\n"
                                     + self.log()[-4000:])
            return self.serves()
        status = until("kithd serves", ready, timeout * build.PATIENCE)
        host, _, port = status["listen"][0].rpartition(":")
        self.address = (host.strip("[]"), int(port))
        # A restarted server keeps its port, so that clients find it again.
        self.listen = f"{host}:{port}"
        self.fingerprint = status["fingerprint"]
        self.note_pids(status)

    def exit_code(self, timeout=20):
        """Waits for kithd to leave by itself."""
        return self.process.wait(timeout * build.PATIENCE)

    def terminate(self, timeout=30):
        """Sends SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.note_pids(self.serves())
            self.process.send_signal(signal.SIGTERM)
        return self.exit_code(timeout)

    def kill_all(self):
        """Sends SIGKILL to every process, as in a power cut."""
        pids = [p["pid"] for p in self.processes()]
        for pid in [self.process.pid, *pids]:
            kill_quietly(pid, signal.SIGKILL)
        self.process.wait()
        until("all processes are gone", lambda: not any(map(alive, pids)))

    def restart(self, **changes):
        assert self.terminate() == 0
        self.write_conf(**changes)
        return self.start()

    def backup(self, to):
        """A copy of the embedded database, as kithctl makes it."""
        with contextlib.closing(sqlite3.connect(self.state / "kith.db")) as there, \
                contextlib.closing(sqlite3.connect(to)) as copy:
            there.backup(copy)

    def restore(self, copy):
        """Stops the server, puts the copy in place of its database, and starts it again."""
        assert self.terminate() == 0
        place = self.state / "kith.db"
        place.write_bytes(copy.read_bytes())        # keeps owner and mode
        for kind in ("-wal", "-shm"):
            place.with_name(place.name + kind).unlink(missing_ok=True)
        self.start()

    def stop(self):
        """Ends the server, judges what it leaves behind, and removes the folder."""
        try:
            problems = self.verdict()
        finally:
            self.abandon()
        assert not problems, "\n".join(problems)

    def verdict(self):
        problems = []
        if self.process is not None:
            was_running = self.process.poll() is None
            code = self.terminate()
            if was_running and code != 0:
                problems.append(f"kithd left with {code} after SIGTERM")
            left = [f"{role} {pid}" for pid, role in self.seen_pids.items() if self.owns(pid)]
            if left:
                problems.append(f"processes left: {', '.join(left)}")
            for name in ("control", "kithd.pid"):
                if was_running and (self.state / name).exists():
                    problems.append(f"{name} left in the state folder")
        text = self.log()
        report = reports.sanitizer(text)
        if report:
            problems.append(report)
        problems += [f"unexpected in the log: {line}" for line in self.errors(text)
                     if not any(re.search(e, line) for e in self.expected)]
        return problems

    def abandon(self):
        """Ends the remaining processes and removes the folder, without a verdict."""
        self.running.remove(self)
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in self.seen_pids:
            if self.owns(pid):
                kill_quietly(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- what it says ---------------------------------------------------------

    def log(self):
        return self.stderr.read_text(errors="replace") if self.stderr.exists() else ""

    @staticmethod
    def errors(text):
        """Log lines of level error: time, level, role, ..."""
        return [line for line in text.splitlines() if re.match(r"\S+ (ERROR|error) ", line)]

    def expect(self, *patterns):
        """Error lines that match are expected."""
        self.expected += patterns

    # -- kithctl --------------------------------------------------------------

    def ctl_result(self, *args, stdin=None, timeout=30):
        return subprocess.run([str(build.KITHCTL), "-d", str(self.state), *args],
                              input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout * build.PATIENCE,
                              env=reports.environment(os.environ))

    def ctl(self, *args, stdin=None):
        """kithctl with --json: its output, parsed."""
        result = self.ctl_result(*args, "--json", stdin=stdin)
        if result.returncode != 0:
            raise ControlFailed(args, result)
        return json.loads(result.stdout) if result.stdout.strip() else None

    def status(self):
        """The status, also while a role is away (kithctl then exits with 1)."""
        result = self.ctl_result("status", "--json")
        if result.returncode not in (0, 1) or not result.stdout.startswith("{"):
            raise ControlFailed(("status",), result)
        status = json.loads(result.stdout)
        self.note_pids(status)
        return status

    def serves(self):
        """The status if all roles are ready, else None."""
        result = self.ctl_result("status", "--json")
        return json.loads(result.stdout) if result.returncode == 0 else None

    def counter(self, name):
        return self.status()["stats"][name]

    def sessions(self):
        return self.ctl("sessions")["sessions"]

    def processes(self):
        """The roles, without the master."""
        return [p for p in self.status()["processes"] if p["role"] != "master"]

    def invite(self, admin=False):
        """A fresh invite: its URL."""
        return self.ctl("invite", *(["--admin"] if admin else []))["url"]

    def invite_link(self):
        """A fresh invite for a browser."""
        return self.ctl("invite", "--web")["link"]

    def web(self, path="/", scheme="https"):
        """Where its HTTP door is."""
        host, port = self.address
        return f"{scheme}://{host}:{port}{path}"

    def url(self, invite=""):
        """The server's URL: without an invite, as for login."""
        host, port = self.address
        return f"kith://{host}:{port}/{invite}#{self.fingerprint}"

    def add_user(self, name, password):
        """Creates an account by kithctl."""
        file = self.folder / "password"
        file.write_text(password + "\n")
        self.ctl("user", "add", name, "--password-file", str(file))

    # -- faults ---------------------------------------------------------------

    def find(self, role, index=0):
        for process in self.processes():
            if process["role"] == role and process["index"] == index:
                return process
        raise AssertionError(f"no process {role} {index}")

    def pid(self, role, index=0):
        """Its pid, once it runs."""
        return until(f"{role} {index} runs", lambda: self.find(role, index)["pid"])

    def kill(self, role, index=0, sig=signal.SIGKILL):
        """Sends `sig` to one role's process and returns its pid."""
        pid = self.pid(role, index)
        os.kill(pid, sig)
        return pid

    def wait_replaced(self, role, index, old_pid, timeout=10):
        """Waits until another process serves in the place of `old_pid`."""
        def replaced():
            now = self.find(role, index)
            return now["ready"] and now["pid"] != old_pid
        until(f"{role} {index} is back", replaced, timeout * build.PATIENCE)

    # -- processes ------------------------------------------------------------

    def note_pids(self, status):
        for process in (status or {}).get("processes", ()):
            if process["pid"]:
                self.seen_pids[process["pid"]] = process["role"]

    def owns(self, pid):
        """Does `pid` still run our kithd? (Numbers are used again.)

        By its arguments: the link to its file is not for others, since it may not be traced.
        """
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as arguments:
                return alive(pid) and arguments.read().split(b"\0")[0] == bytes(build.KITHD)
        except OSError:
            return False


def ask_http(address, path, timeout=10):
    """The status and the text of one GET, on a connection of its own, without TLS."""
    with contextlib.closing(HTTPConnection(*address, timeout=timeout)) as http:
        http.request("GET", path)
        answer = http.getresponse()
        return answer.status, answer.read().decode()


def kill_quietly(pid, sig):
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        pass


def open_files(pid):
    """What a process has open, by name; without what it closes meanwhile."""
    names = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            names.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return names


def alive(pid):
    """Does it run, and is it no zombie?"""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False
