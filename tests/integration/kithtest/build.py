"""build.py - where the programs under test are, and how long a run takes.

KITH_BUILD   the build folder (default build/plain)
KITH_SCALE   quick, commit or all: how long the long tests are, never what they check
"""
import os
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("KITH_BUILD", TOP / "build" / "plain")).resolve()
SCALE = os.environ.get("KITH_SCALE", "commit")

KITHD = BUILD / "server" / "kithd"
KITHCTL = BUILD / "server" / "kithctl"
KITH = BUILD / "client-cli" / "kith"
JSON_PIPE = BUILD / "tests" / "integration" / "doors" / "json_pipe"


def configured(define):
    """Is the C macro `define` set in the build's config.h?"""
    return f"#define {define} 1" in (BUILD / "config.h").read_text()


def option(name):
    """Was ./configure called with an option that begins with `name`?"""
    return name in (BUILD / "config.status").read_text().split("ac_cs_config=", 1)[1].split("\n")[0]


SANITIZED = option("--enable-sanitize")

# Sanitizers make everything two to five times slower; deadlines allow for that.
PATIENCE = 4 if SANITIZED else 1


def scaled(quick, commit, everything):
    """Picks the figure for this run's scale."""
    return {"quick": quick, "commit": commit, "all": everything}[SCALE]
