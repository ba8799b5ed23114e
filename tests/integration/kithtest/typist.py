"""typist.py - a person at the interactive chat: types, and reads prompt and line; on asyncio.

The screen is looked at after each piece of output (up to the next escape sequence or return), so
that a prompt that was there for a moment only is seen, too.
"""
import asyncio
import codecs
import os
import re
import signal
import unicodedata
from collections import deque
from dataclasses import dataclass

import pexpect
import pyte

from . import build

PIECES = re.compile(rb"(?=[\x1b\r])")
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()].|[=>78MDEHc])")
PROMPT = re.compile(r"([@#][^ >]+|kith)(?: \((waits|offline|connecting|ended)\))?> ")
QUESTION = re.compile(r"Send \d+ lines? .*?\[y/n\] |y: to .*? to nobody\? ")
TAIL = 600                      # characters in which a sentence of the chat is looked for
LINE_ROWS = 16                  # at most, of the line being typed


class Ended(Exception):
    """The chat left while somebody typed."""


def squash(text):
    """Without blanks, and as the terminal composes it: where lines are wrapped does not matter."""
    return unicodedata.normalize("NFC", "".join(text.split()))


@dataclass(frozen=True)
class Prompt:
    word: str                   # "#ops"; "": nobody; "?": a question
    state: str                  # "waits", ...; or ""
    text: str                   # typed so far, squashed
    below: bool = False         # the cursor is on an empty row below it


class Typist:
    """One chat in a pseudo-terminal.

    `on_drawn(item, prompt)` is called each time when a watched item is whole on the line;
    `on_output()` after each piece of output.
    """

    def __init__(self, kith, args, size, on_drawn, on_output):
        self.on_drawn, self.on_output = on_drawn, on_output
        self.rows, self.columns = size
        self.screen = pyte.Screen(self.columns, self.rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw, self.keys = bytearray(), []
        self.plain = []         # what was written, squashed, in pieces
        self.tail = ""          # its end
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.half = ""          # an escape sequence that has not ended
        self.watched = deque()
        self.changed = asyncio.Event()
        self.ended = False
        self.child = pexpect.spawn(str(build.KITH), list(args), env=kith.env, cwd=str(kith.home),
                                   dimensions=size)
        asyncio.get_running_loop().add_reader(self.child.child_fd, self.readable)

    # -- output ---------------------------------------------------------------

    def readable(self):
        try:
            data = os.read(self.child.child_fd, 65536)
        except OSError:         # EIO: the program has closed it
            data = b""
        if not data:
            self.ended = True
            asyncio.get_running_loop().remove_reader(self.child.child_fd)
        self.raw += data
        for piece in filter(None, PIECES.split(data)):
            self.stream.feed(piece)
            self.note(self.decoder.decode(piece))
            self.on_output()
            if self.watched:
                self.look()
        self.changed.set()

    def note(self, text):
        text = ESCAPE.sub("", self.half + text)
        start = text.find("\x1b")
        self.half = text[start:] if start >= 0 else ""
        text = squash(text[:start] if start >= 0 else text)
        self.plain.append(text)
        self.tail = (self.tail + text)[-TAIL:]

    def row(self, y):
        row = self.screen.buffer[y]
        return "".join(row[x].data for x in range(self.columns))

    def prompt(self):
        """The prompt at the cursor and the text behind it, or None."""
        rows = []
        y = min(self.screen.cursor.y, self.rows - 1)     # not so for a moment after a resize
        for above in range(min(y + 1, LINE_ROWS)):
            rows.insert(0, self.row(y - above))
            line = "".join(rows)
            if found := PROMPT.match(line):
                below = above > 0 and not rows[-1].strip() and \
                    len(rows[-2].rstrip()) < self.columns - 1
                return Prompt("" if found[1] == "kith" else found[1], found[2] or "",
                              squash(line[found.end():]), below)
            if found := QUESTION.match(line):
                return Prompt("?", "", squash(line[found.end():]))
        return None

    def look(self):
        prompt = self.prompt()
        if not prompt or not prompt.text:
            return
        for place, item in enumerate(self.watched):
            if prompt.text == item.display and (not prompt.below or item.typed.endswith("\n")):
                for _ in range(place):
                    self.watched.popleft()
                self.on_drawn(item, prompt)
                return
            if item.prompt is None:
                return          # those after it come later

    def above(self):
        """The rows directly above the line: what the chat has not got rid of yet."""
        rows = [self.row(y) for y in range(self.rows)]      # the blank behind a prompt counts
        y = min(self.screen.cursor.y, self.rows - 1)     # not so for a moment after a resize
        while y > 0 and not (PROMPT.match(rows[y]) or QUESTION.match(rows[y])):
            y -= 1
        first = last = y
        while first > 0 and rows[first - 1].startswith(("~ ", "!", "  ")):
            first -= 1
        return rows[first:last]

    def shown(self):
        """The rows of the screen."""
        return [self.row(y).rstrip() for y in range(self.rows)]

    def written(self, since=0):
        """All that was written, squashed, from the piece `since` on."""
        return "".join(self.plain[since:])

    # -- waiting --------------------------------------------------------------

    async def until(self, what, condition, timeout=20):
        """Waits for a condition of the screen. Raises Ended if the program leaves before."""
        deadline = asyncio.get_running_loop().time() + timeout * build.PATIENCE
        while not (value := condition()):
            if self.ended:
                raise Ended(what)
            self.changed.clear()
            left = deadline - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(self.changed.wait(), left)
            except asyncio.TimeoutError:
                raise AssertionError(f"not within {timeout} s: {what}; the screen shows\n" +
                                     "\n".join(filter(None, self.shown()))) from None
        return value

    async def wait_end(self, timeout=30):
        """Reads to the end; returns the exit status, or minus the signal."""
        await self.until("the chat leaves", lambda: self.ended, timeout)
        await asyncio.to_thread(self.child.wait)
        return self.child.exitstatus if self.child.signalstatus is None \
            else -self.child.signalstatus

    # -- input ----------------------------------------------------------------

    def watch(self, *items):
        self.watched = deque(items)

    def type(self, keys):
        self.keys.append((len(self.raw), keys))
        os.write(self.child.child_fd, keys.encode())

    def resize(self, size):
        self.keys.append((len(self.raw), size))
        self.rows, self.columns = size
        self.screen.resize(*size)
        self.child.setwinsize(*size)

    def kill(self, number=signal.SIGKILL):
        if not self.ended:
            self.child.kill(number)

    def close(self):
        if not self.ended:
            asyncio.get_running_loop().remove_reader(self.child.child_fd)
        self.child.close(force=True)
