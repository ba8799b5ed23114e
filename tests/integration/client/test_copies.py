"""One account's kith in several places: what each was told is stored is in the log."""
import json
import shutil
import subprocess
import threading
from pathlib import Path

from kithtest import build
from kithtest.cli import Kith

ROUNDS = 100 if build.SCALE == "all" else 2
LINES = 6


def copy_of(kith, request):
    """The same folders, as `cp -a` makes them on another machine."""
    other = Kith(kith.name)
    request.addfinalizer(other.close)
    shutil.rmtree(other.home)
    shutil.copytree(kith.home, other.home, symlinks=True)
    return other


class Lines:
    """A `kith send --lines --json` that gets one line after the other."""

    def __init__(self, kith):
        self.process = subprocess.Popen(
            [build.KITH, "send", "--lines", "--json", "#lobby"], env=kith.env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.stored = []            # (seq, text)

    def send(self, *texts):
        self.process.stdin.write("".join(text + "\n" for text in texts))
        self.process.stdin.flush()
        for text in texts:
            answer = json.loads(self.process.stdout.readline())
            assert answer["result"] == "stored", answer
            self.stored.append((int(answer["seq"]), text))

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(20 * build.PATIENCE) == 0
        self.process.stdout.close()


def test_what_is_told_stored_is_stored(shared_server, people, request):
    """Both at once, in turn and together, and without their state half-way."""
    one, = people(shared_server, "copied")
    one.run("send", "#lobby", "before the copy")
    two, told = copy_of(one, request), []
    for number in range(ROUNDS):
        pair = [Lines(one), Lines(two)]
        for i in range(LINES):
            for name, lines in zip("ab", pair):
                lines.send(f"{number}.{name}.{i}")
        for state in Path(one.home / "state").iterdir():
            shutil.rmtree(state)
        both = [threading.Thread(target=lines.send, args=[
            f"{number}.{name}.together.{i}" for i in range(LINES)]) for name, lines in zip("ab", pair)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        for lines in pair:
            lines.end()
            told += lines.stored
            assert [seq for seq, _ in lines.stored] == sorted(seq for seq, _ in lines.stored)
        assert len(pair[0].stored) == len(pair[1].stored) == 2 * LINES
    one.run("send", "#lobby", "the last")
    log = {e["seq"]: e["text"] for e in one.json("read", "#lobby", "-n", "5000")}
    assert len(told) == len({seq for seq, _ in told}) == ROUNDS * 4 * LINES
    assert all(log[seq] == text for seq, text in told)
