"""manual_test.py - the manual pages: mandoc has nothing to say, and they fit into 60 columns.

Run by make check. Without mandoc or groff it is skipped.
"""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SKIPPED = 77
COLUMNS = (60, 80)
# What depends on the manuals of this machine, not on ours.
FOREIGN = re.compile(r"referenced manual not found|outdated mandoc\.db|mandoc\.db: ")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    return (done.stdout + done.stderr).splitlines()


def lint(page):
    return [line for line in run("mandoc", "-Tlint", page) if not FOREIGN.search(line)]


def narrow(page):
    return [f"{columns} columns: {line}" for columns in COLUMNS
            for line in run("groff", "-t", "-mandoc", "-ww", "-z", "-Tutf8", f"-rLL={columns}n", page)]


def checks_find(folder):
    """The checks find what they are for. What they missed, or an empty list."""
    page = folder / "made.7"
    page.write_text('.TH MADE 7 "2026-01-01" "x" "y"\n.SH NAME\nmade \\- x\n.SH TABLE\n.TS\nl.\n'
                    + "w" * 70 + "\n.TE\n.FOO\n", encoding="ascii")
    found = " ".join(lint(page) + narrow(page))
    return [what for what in ("FOO", "wider") if what not in found]


def main():
    if shutil.which("mandoc") is None or shutil.which("groff") is None:
        print("neither mandoc nor groff: skipped")
        return SKIPPED
    top = Path(os.environ.get("srcdir", Path(__file__).parents[2])).resolve()
    pages = sorted(page for folder in ("client-cli", "protocol", "server")
                   for page in (top / folder).rglob("kith*.[1-8]"))
    problems = [f"{page.relative_to(top)}: {what}" for page in pages for what in lint(page) + narrow(page)]
    made = Path("manual_test.made")
    made.mkdir(exist_ok=True)
    problems += [f"the check misses {what}" for what in checks_find(made)]
    shutil.rmtree(made)
    print("\n".join(problems) or f"{len(pages)} pages: nothing to say")
    return 1 if problems or len(pages) != 5 else 0


if __name__ == "__main__":
    sys.exit(main())
