"""What each door delivers, side by side: every event once to every session, and how fast."""
import json
import subprocess

import pytest

from kithtest import build
from kithtest.server import Server

FAN = build.BUILD / "tests" / "load" / "kith-fan"
SESSIONS = build.scaled(100, 200, 1000)         # by each door
SHARES = {"ws-pb": 0.9, "ws-json": 0.8}         # of the native door's deliveries


@pytest.mark.takes(300)
def test_each_door_delivers_to_all():
    """kith-fan fails unless each session got each event once. The shares are figures of a machine
    that does nothing else: they are held to at the night's scale alone."""
    server = Server(registration="open")
    try:
        result = subprocess.run(
            [str(FAN), "--url", server.url(), "--sessions", str(SESSIONS), "--users", "20",
             "--rounds", str(build.scaled(1, 3, 7)), "--ms", str(build.scaled(300, 500, 2000))],
            capture_output=True, text=True, timeout=250 * build.PATIENCE)
        assert result.returncode == 0, result.stdout + result.stderr
        found = json.loads(result.stdout)
        print({door: round(figures["share"], 2) for door, figures in found["doors"].items()})
        assert found["sessions"] == SESSIONS and found["wrong"] == 0 and found["resyncs"] == 0
        for door, least in SHARES.items():
            assert found["doors"][door]["deliveries_per_s"] > 0
            if build.SCALE == "all":
                assert found["doors"][door]["share"] >= least, f"{door}: {result.stdout}"
    finally:
        server.stop()
