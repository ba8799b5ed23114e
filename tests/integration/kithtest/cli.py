"""cli.py - the real kith, with folders of its own for each person."""
import json
import os
import subprocess
import tempfile
from pathlib import Path
from shutil import rmtree

from . import build, reports
from .wait import until

# Set by some login shells; a test must not inherit them.
HIDDEN = ("KITH_SERVER", "KITH_PROFILE", "NO_COLOR", "INPUTRC", "LS_COLORS")


class Kith:
    """One person's kith on one device."""

    def __init__(self, name=None):
        self.name = name
        self.home = Path(tempfile.mkdtemp(prefix="kith."))
        self.env = {key: value for key, value in os.environ.items() if key not in HIDDEN}
        self.env.update(HOME=str(self.home), TERM="xterm", LANG="C.UTF-8", LC_ALL="C.UTF-8",
                        PATH=f"{build.KITH.parent}:{os.environ['PATH']}")
        for kind in ("CONFIG", "DATA", "STATE", "CACHE", "RUNTIME"):
            folder = self.home / kind.lower()
            folder.mkdir(0o700)
            self.env[f"XDG_{kind}_{'DIR' if kind == 'RUNTIME' else 'HOME'}"] = str(folder)
        self.env = reports.environment(self.env)
        self.streams = []

    def run(self, *args, stdin=None, code=0, timeout=30):
        """Runs one command to its end, and checks its exit code (None: any)."""
        result = subprocess.run([str(build.KITH), *map(str, args)], env=self.env, cwd=self.home,
                                input=stdin, capture_output=True, timeout=timeout * build.PATIENCE,
                                stdin=subprocess.DEVNULL if stdin is None else None,
                                text=not isinstance(stdin, bytes))
        stderr = result.stderr if isinstance(result.stderr, str) else result.stderr.decode()
        report = reports.sanitizer(stderr)
        assert not report, report
        assert code is None or result.returncode == code, (
            f"kith {' '.join(map(str, args))}: exit {result.returncode}, not {code}\n"
            f"{result.stdout}\n{stderr}")
        return result

    def out(self, *args, **kwargs):
        return self.run(*args, **kwargs).stdout

    def json(self, *args, **kwargs):
        """Runs a command with --json; returns the objects, one for each line."""
        return [json.loads(line) for line in self.out("--json", *args, **kwargs).splitlines()]

    def secret(self, password):
        """Writes a file with the password; returns its path."""
        file = self.home / "password"
        file.write_text(password + "\n")
        file.chmod(0o600)
        return file

    def join(self, url, name=None, password="correct horse battery", **kwargs):
        self.name = name if name is not None else self.name
        return self.run("join", url, "--name", self.name,
                        "--password-file", self.secret(password), **kwargs)

    def login(self, url, name=None, password="correct horse battery", **kwargs):
        self.name = name if name is not None else self.name
        return self.run("login", url, self.name,
                        "--password-file", self.secret(password), **kwargs)

    def tail(self, *targets):
        """Starts a `kith tail --json` that goes on running."""
        stream = Tail(self, targets)
        self.streams.append(stream)
        return stream

    def close(self):
        """Ends the tails; fails on a sanitizer's report."""
        reported = [stream.stop() for stream in self.streams]
        rmtree(self.home, ignore_errors=True)
        assert not any(reported), "\n".join(reported)


class Tail:
    """A running `kith tail --json`. Its output goes to a file, so that it never waits for us."""

    def __init__(self, owner, targets):
        self.read, self.place = [], 0       # events, and the place in the file behind them
        number = len(owner.streams)
        self.file = owner.home / f"tail.{number}"
        self.err = owner.home / f"tail.{number}.err"
        with open(self.file, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen([str(build.KITH), "tail", *targets, "--json"],
                                            env=owner.env, cwd=owner.home, stdout=out, stderr=err,
                                            stdin=subprocess.DEVNULL)

    def events(self):
        """All objects printed so far."""
        with open(self.file, "rb") as file:
            file.seek(self.place)
            whole = file.read().rpartition(b"\n")
        self.place += len(whole[0] + whole[1])
        self.read += [json.loads(line) for line in whole[0].splitlines()]
        return self.read

    def wait_for(self, condition, what="the event", timeout=20):
        """Waits for an event for which condition(event) holds."""
        def found():
            assert self.process.poll() is None, f"tail left: {self.err.read_text()}"
            return next((e for e in self.events() if condition(e)), None)
        return until(f"tail shows {what}", found, timeout * build.PATIENCE)

    def stop(self):
        """Ends it; returns the sanitizer's report, or an empty string."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
        return reports.sanitizer(self.err.read_text(errors="replace"))
