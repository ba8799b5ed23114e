"""terminal.py - a program on a terminal: pexpect types, pyte looks."""
import pexpect
import pyte

from . import build
from .wait import until

COLUMNS, LINES = 80, 24


class Screen:
    """A command in a pseudo-terminal, and the screen that a person would see."""

    def __init__(self, command, env, folder, preexec_fn=None):
        self.screen = pyte.HistoryScreen(COLUMNS, LINES, history=2000)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.child = pexpect.spawn(command[0], command[1:], env=env, cwd=str(folder),
                                   dimensions=(LINES, COLUMNS), timeout=20 * build.PATIENCE,
                                   preexec_fn=preexec_fn)
        self.child.delaybeforesend = None

    def look(self):
        """Reads the output so far; returns the lines of the screen."""
        try:
            while True:
                data = self.child.read_nonblocking(65536, timeout=0.02)
                self.raw += data
                self.stream.feed(data)
        except (pexpect.TIMEOUT, pexpect.EOF):
            pass
        return self.lines()

    def last_line(self):
        """The lowest row with a text on it."""
        return ([line for line in self.look() if line] or [""])[-1]

    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def text(self):
        """The screen, and what has scrolled off it."""
        above = ["".join(row[x].data for x in range(COLUMNS)).rstrip()
                 for row in self.screen.history.top]
        return "\n".join(above + self.look())

    def wait_for(self, text, timeout=20):
        try:
            until(f"the screen shows {text!r}", lambda: text in self.text(),
                  timeout * build.PATIENCE)
        except AssertionError as e:
            raise AssertionError(f"{e}; it shows:\n{self.text()}") from None

    def type(self, keys):
        self.child.send(keys)

    def line(self, text):
        """Types a line and Enter."""
        self.type(text + "\r")

    def close(self):
        self.look()
        self.child.close(force=True)

    def wait_end(self, timeout=20):
        """Reads to the end; returns the exit status."""
        until("the program leaves", lambda: self.look() and not self.child.isalive(),
              timeout * build.PATIENCE)
        return self.child.exitstatus


class Terminal(Screen):
    """The screen of one kith."""

    def __init__(self, kith, *args, preexec_fn=None):
        super().__init__([str(build.KITH), *args], kith.env, kith.home, preexec_fn)
