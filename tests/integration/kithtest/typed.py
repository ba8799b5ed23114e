"""typed.py - the verdict over what people typed into the chat.

An Item is one line, from the first key to its fate. What the person saw (the prompt when Enter
was pressed, the sentences of the chat) is compared with the log in the database:

astray        stored in another conversation than the prompt named, or the command did
bound         the prompt named a target that was not in force: a command before it was not answered
lost          neither stored nor told to have failed
not offered   told to have failed, but neither dropped by the person nor named at the end
doubled       stored twice in one conversation
order         stored before what the same person entered earlier in that conversation, though
              neither had failed (what failed is sent again later)
altered       stored, but with another text
leaked        stored, though it was not entered, was answered with no, or was typed for the shell
unseen        counts as read, but was never on that person's screen
away          counts as read, but nobody touched a key since it was shown
"""
import re
import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field

from . import reports
from .pb import direct
from .schema import message
from .typist import squash

FAULTS = ("astray", "bound", "lost", "not offered", "doubled", "order", "altered", "leaked",
          "unseen", "away")
EXAMPLES = 6                    # shown of each fault
TOKEN = re.compile(r"k\d{5}z")
# "not sent to #ops: no such group: TEXT", "sent to @bob, but not answered: it may have ...: TEXT"
TOLD = re.compile(r"(?:notsent(?:to(?:[@#:]|anybody:)|,|:)|perhapsstored|notanswered)"
                  r"(?:(?!k\d{5}z)[^>~]){0,240}(k\d{5}z)")


def token_of(number):
    return f"k{number:05}z"


@dataclass(eq=False)
class Item:
    """One line: a text, a command, or both ("/msg @bob hello")."""
    token: str
    typed: str                          # what the line shows
    body: str = ""                      # the text; "": only a command
    to: tuple = ()                      # its targets, if it names them; else the prompt's
    sets: "Change" = None               # what it does to the target
    never: str = ""                     # why it must not be stored
    prompt: str = None                  # when Enter was pressed; None: never seen
    allowed: frozenset = frozenset()    # what the prompt could be then
    where: str = ""                     # person, session, step
    display: str = field(init=False)

    def __post_init__(self):
        self.display = squash(self.typed)

    def __str__(self):
        return f"{self.where}: {self.typed[:60]!r} at {self.prompt!r}, allowed {set(self.allowed)}"


@dataclass(eq=False)
class Change:
    """A command that changes the target to `word` ("": none), until it is refused."""
    word: str
    refusals: tuple                     # sentences, squashed
    refused: bool = False


@dataclass
class Session:
    """One run of the chat, from its start to its end."""
    plain: str                          # all it wrote, squashed
    drops: list                         # places in `plain` where /drop was entered
    end: int                            # the place where leaving began


class Log:
    """What the server stored: read from its database, once it has stopped."""

    def __init__(self, file):
        db = sqlite3.connect(file)
        self.users = {name: number for number, name in db.execute("SELECT id, name FROM accounts")}
        self.groups = {name: number for number, name in
                       db.execute("SELECT id, name FROM chat_groups")}
        self.messages = db.execute(
            "SELECT conversation, seq, sender, body FROM events WHERE kind = ?"
            " ORDER BY conversation, seq", (message.MESSAGE,)).fetchall()
        self.cursors = {(user, conversation): seq for user, conversation, seq in db.execute(
            "SELECT user, conversation, MAX(read_seq) FROM cursors GROUP BY user, conversation")}
        self.intervals = defaultdict(list)
        for conversation, user, since, until in db.execute(
                "SELECT conversation, user, since_seq, until_seq FROM members WHERE since_seq > 0"):
            self.intervals[user, conversation].append((since, until or 1 << 62))
        db.close()

    def conversation(self, person, word):
        """The id of what `person` calls `word`, or None."""
        if word.startswith("#"):
            return self.groups.get(word[1:])
        other = self.users.get(word[1:])
        return direct(self.users[person], other) if word and other else None

    def may_read(self, user, conversation, seq):
        intervals = self.intervals.get((user, conversation))
        return intervals is None or any(a <= seq <= b for a, b in intervals)


class Judge:
    def __init__(self, log):
        self.log = log
        self.faults = defaultdict(list)
        self.read = 0                           # messages of others that count as read
        self.stored = defaultdict(list)         # token -> [(conversation, seq, sender, body)]
        for row in log.messages:
            for token in TOKEN.findall(row[3]):
                self.stored[token].append(row)

    def fault(self, kind, what):
        self.faults[kind].append(str(what))

    # -- lines ----------------------------------------------------------------

    def judge(self, name, items, sessions, resent):
        """All that `name` typed. `resent`: the prompts at which /resend was entered."""
        last = {}
        told = [set(TOLD.findall(session.plain)) for session in sessions]
        for number, item in items:
            if item.body:
                self.judge_item(name, item, sessions[number], item.token in told[number], resent)
            if item.body and item.token not in told[number]:
                self.judge_order(item, last)

    def targets(self, item, told, resent):
        if item.to:
            return item.to
        words = item.allowed if item.prompt is None else {item.prompt}
        return tuple(words) if not told or "" not in words else tuple(words) + tuple(resent)

    def judge_item(self, name, item, session, told, resent):
        rows = self.stored[item.token]
        if item.never:
            if rows:
                self.fault("leaked", f"{item}: {item.never}: {rows}")
            return
        if not item.to and item.prompt is not None and item.prompt not in item.allowed:
            self.fault("bound", item)
        mine = [self.log.conversation(name, word) for word in self.targets(item, told, resent)]
        for row in rows:
            if row[0] not in mine or row[2] != self.log.users[name]:
                self.fault("astray", f"{item}: stored as {row}")
            elif row[3] != item.body:
                self.fault("altered", f"{item}: stored as {row[3]!r}")
        places = [row[0] for row in rows]
        if len(set(places)) < len(places):
            self.fault("doubled", f"{item}: {rows}")
        if len(rows) < max(len(item.to), 1):
            self.judge_missing(item, session, told)

    def judge_missing(self, item, session, told):
        if not told:
            self.fault("lost", item)
            return
        place = next(m.start() for m in TOLD.finditer(session.plain) if m[1] == item.token)
        if not any(drop >= place for drop in session.drops) and \
                item.token not in TOLD.findall(session.plain[session.end:]):
            self.fault("not offered", item)

    def judge_order(self, item, last):
        for conversation, seq, *_ in self.stored[item.token]:
            if seq < last.get(conversation, (0, None))[0]:
                self.fault("order", f"{item}: {seq} after {last[conversation]}")
            last[conversation] = seq, item.typed[:40]

    # -- what counts as read ----------------------------------------------------

    def judge_read(self, name, sessions, unseen_after):
        """`unseen_after`: tokens that were shown after the last key of `name`."""
        user = self.log.users[name]
        shown = set(TOKEN.findall("\0".join(session.plain for session in sessions)))
        for conversation, seq, sender, body in self.log.messages:
            if seq > self.log.cursors.get((user, conversation), 0) or sender == user or \
                    not self.log.may_read(user, conversation, seq):
                continue
            tokens = TOKEN.findall(body)
            self.read += 1
            if tokens and tokens[0] not in shown:
                self.fault("unseen", f"{name}: {conversation}, {seq}: {body[:60]!r}")
            if tokens and tokens[0] in unseen_after:
                self.fault("away", f"{name}: {conversation}, {seq}: {body[:60]!r}")

    def report(self):
        return reports.examples(self.faults, FAULTS, EXAMPLES)
