"""browser.py - Debian's Chromium at the page: runs a scenario of tests/browser.

A scenario is a node script on playwright-core. It gets its settings from us,
asks us to do what it can't do itself (restart the server, run kith), and ends with its
figures. The protocol is at the head of tests/browser/scenario.mjs.
"""
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import build

CHROMIUM = "/usr/bin/chromium"
SCENARIOS = build.TOP / "tests" / "browser"
MODULES = build.TOP / "build" / "node"
PICTURES = build.BUILD / "screenshots"
PASSWORD = "correct horse battery"


class Scenario:
    """One run of a script. `kiths`: clients by name; `verbs`: more requests that the script may make."""

    def __init__(self, server, kiths=(), verbs=None):
        self.server = server
        self.kiths = {kith.name: kith for kith in kiths}
        self.verbs = {"restart": self.restart, "kith": self.kith, **(verbs or {})}

    def restart(self):
        self.server.restart()

    def kith(self, name, *args, stdin=None):
        """Runs one command of a kith; returns its standard output."""
        return self.kiths[name].out(*args, stdin=stdin, timeout=60)

    def settings(self, name, extra):
        host, port = self.server.address
        PICTURES.mkdir(exist_ok=True)
        return {"scenario": name, "url": f"https://{host}:{port}/", "password": PASSWORD,
                "chromium": CHROMIUM, "modules": str(MODULES), "pictures": str(PICTURES),
                "patience": build.PATIENCE,
                "kiths": {kith.name: {"program": str(build.KITH), "env": kith.env}
                          for kith in self.kiths.values()},
                **extra}

    def play(self, name, **extra):
        """Runs tests/browser/NAME.mjs to its end; returns its result, or fails with its last output."""
        folder = Path(tempfile.mkdtemp(prefix="browser."))
        env = {**os.environ, "TMPDIR": str(folder), "HOME": str(folder),
               "KITH_SCENARIO": json.dumps(self.settings(name, extra))}
        with open(folder / "stderr", "w+", encoding="utf-8", errors="replace") as stderr:
            node = subprocess.Popen(["node", str(SCENARIOS / f"{name}.mjs")], env=env,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
                                    text=True, encoding="utf-8")
            try:
                result = self.answer(node)
                code = node.wait(20 * build.PATIENCE)
                stderr.seek(0)
                assert code == 0, f"{name}.mjs: exit {code}\n{stderr.read()[-6000:]}"
                assert result is not None, f"{name}.mjs ended without a result"
                return result
            finally:
                self.end(node)
                shutil.rmtree(folder, ignore_errors=True)

    def answer(self, node):
        """Serves the scenario's requests until it ends; returns its result."""
        result = None
        for line in node.stdout:
            said = json.loads(line)
            if "result" in said:
                result = said["result"]
                continue
            try:
                reply = {"answer": self.verbs[said["ask"]](*said["with"])}
            except (AssertionError, OSError, subprocess.SubprocessError) as problem:
                reply = {"problem": str(problem)}
            node.stdin.write(json.dumps(reply) + "\n")
            node.stdin.flush()
        return result

    @staticmethod
    def end(node):
        """Sends SIGTERM: playwright then ends Chromium too."""
        node.stdin.close()
        if node.poll() is None:
            node.terminate()
            try:
                node.wait(20)
            except subprocess.TimeoutExpired:
                node.kill()         # Chromium is gone by then; node alone still waited
                node.wait()
        node.stdout.close()
