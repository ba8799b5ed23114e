"""The curl lines of README.md, unchanged, against a live server."""
import json
import os
import re
import subprocess
import time

import pytest

from kithtest import build
from kithtest.cli import Kith
from kithtest.server import Server

PASSWORD = "correct horse battery"
README = (build.TOP / "README.md").read_text()
LINES = re.findall(r"^    (curl .*)$", README, re.M)


@pytest.fixture(scope="module")
def server():
    server = Server(server_name="localhost")
    try:
        server.add_user("alice", PASSWORD)
        server.add_user("bob", PASSWORD)
        yield server
    finally:
        server.stop()


def line(part):
    """The one line of the README that has `part`."""
    found = [text for text in LINES if part in text]
    assert len(found) == 1, f"{len(found)} curl lines with {part}"
    return found[0]


def run(server, text, **variables):
    """A line as a person would type it."""
    env = {**os.environ, "URL": f"https://localhost:{server.address[1]}", "NO_PROXY": "*",
           "CURL_CA_BUNDLE": str(server.state / "tls" / "cert.pem"), **variables}
    out = subprocess.run(["sh", "-ec", text], env=env, capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stderr
    return out.stdout


@pytest.fixture
def alice():
    kith = Kith()
    yield kith
    kith.close()


def test_every_curl_line_of_the_readme(server, alice):
    seen = []

    def typed(part, **variables):
        seen.append(line(part))
        return run(server, seen[-1], **variables)

    token = json.loads(typed("/v1/login"))["loggedIn"]["token"]
    known = {"TOKEN": token}
    assert json.loads(typed("to=@bob", **known))["seq"] == "1"

    alice.login(server.url(), "alice", PASSWORD)
    alice.run("group", "create", "#tea")
    stored = json.loads(typed("The kettle", **known))
    page = json.loads(typed("/events?", CONVERSATION=stored["conversation"], **known))
    assert page["events"][-1]["text"] == "The kettle is on."
    assert page["events"][-1]["seq"] == stored["seq"]

    assert any("presences" in r for r in json.loads(typed('"who"', **known))["replies"])
    begin = time.monotonic()
    replies = json.loads(typed("waitMs", **known))["replies"]
    assert time.monotonic() - begin >= 1, "nothing was new, and it did not wait"
    assert [body for reply in replies for body in reply if body != "id"] == ["welcome", "loggedIn"]

    hook = alice.out("hook", "create", "#tea", "disks").split()[-1]
    assert json.loads(typed("$HOOK", HOOK=hook))["conversation"] == stored["conversation"]
    page = json.loads(run(server, line("/events?"), CONVERSATION=stored["conversation"], **known))
    assert page["events"][-1]["text"] == "[disks] disk full"

    assert typed("/healthz") == "ok\n"
    assert "\nkith_sessions_open " in typed("/metrics")
    assert sorted(seen) == sorted(LINES)
