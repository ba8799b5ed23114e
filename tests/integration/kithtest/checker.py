"""checker.py - the verdict over a history of sends, acks and events shown.

Clients report send(), ack() and seen() while the run goes on. At the end the
logs of all conversations are read from the server, and judge() compares:

lost          acknowledged, but not stored in the conversation under this seq
stored twice  one client id with two seqs, or two different acks
shown twice   one seq shown twice to a device
order         a device sees seqs out of order or with a hole, or a sender's
              later message has a lower seq than one acknowledged before
missed        stored, but never shown to a device of somebody who may read it
unexpected    nobody sent it, or it was changed, or it was shown to somebody not entitled
repeated      sent more than once, because the first attempt had no answer or was
              refused for the moment; not a fault
"""
import time
from collections import defaultdict
from dataclasses import dataclass, field

from . import reports

FAULTS = ("lost", "stored twice", "shown twice", "order", "missed", "unexpected")
EXAMPLES = 5                    # shown of each fault


@dataclass
class Sent:
    """One copy of a message: its key is (sender's id, client id)."""
    text: str
    began: float
    attempts: int = 0
    acks: list = field(default_factory=list)    # (conversation, seq)
    acked: float = 0.0


@dataclass(frozen=True)
class Shown:
    """An event as a device saw it, or as the log holds it."""
    conversation: int
    seq: int
    sender: int
    client_id: int              # 0: made by the server, or not told by the client
    text: str


class Checker:
    def __init__(self):
        self.sent = {}
        self.shown = defaultdict(list)      # device -> [Shown]
        self.user_of = {}                   # device -> user id
        self.faults = defaultdict(list)

    # -- while it runs --------------------------------------------------------

    def send(self, sender, client_id, text):
        """Notes an attempt. A repeat has the same client id and text."""
        entry = self.sent.setdefault((sender, client_id), Sent(text, time.monotonic()))
        entry.attempts += 1

    def ack(self, sender, client_id, conversation, seq):
        entry = self.sent[sender, client_id]
        entry.acks.append((conversation, seq))
        entry.acked = entry.acked or time.monotonic()

    def seen(self, device, user, event):
        self.user_of[device] = user
        self.shown[device].append(event)

    def acked(self):
        return sum(1 for entry in self.sent.values() if entry.acks)

    # -- the verdict ------------------------------------------------------------

    def fault(self, kind, what):
        self.faults[kind].append(what)

    def judge(self, stored, entitled):
        """`stored`: conversation -> [Shown] in log order, from the first event that anybody may
        read; `entitled`: conversation -> user ids.

        Returns a count for each kind of FAULTS, and "repeated"."""
        by_key = defaultdict(list)
        log = {}
        for conversation, events in stored.items():
            for place, event in enumerate(events, events[0].seq):
                if event.seq != place:
                    self.fault("order", f"the log of {conversation} has {event.seq} at {place}")
                log[conversation, event.seq] = event
                if event.client_id:
                    by_key[event.sender, event.client_id].append(event)
        self.judge_sends(by_key)
        self.judge_stored(by_key)
        self.judge_senders()
        for device, events in self.shown.items():
            self.judge_device(device, events, log, stored, entitled)
        counts = {kind: len(self.faults[kind]) for kind in FAULTS}
        counts["repeated"] = sum(1 for entry in self.sent.values() if entry.attempts > 1)
        return counts

    def judge_sends(self, by_key):
        for key, entry in self.sent.items():
            places = [(event.conversation, event.seq) for event in by_key[key]]
            if len(set(entry.acks)) > 1:
                self.fault("stored twice", f"{key} acknowledged as {entry.acks}")
            if len(places) > 1:
                self.fault("stored twice", f"{key} at {places}")
            for ack in set(entry.acks):
                if ack not in places:
                    self.fault("lost", f"{key} acknowledged as {ack}, stored at {places}")

    def judge_stored(self, by_key):
        for key, events in by_key.items():
            for event in events:
                if key not in self.sent:
                    self.fault("unexpected", f"{event} was sent by nobody")
                elif self.sent[key].text != event.text:
                    self.fault("unexpected", f"{event} was sent as {self.sent[key].text!r}")

    def judge_senders(self):
        """A message acknowledged before another was begun has the lower seq."""
        streams = defaultdict(list)
        for (sender, _), entry in self.sent.items():
            if entry.acks:
                conversation, seq = entry.acks[0]
                streams[sender, conversation].append((entry.began, entry.acked, seq))
        for (sender, conversation), entries in streams.items():
            by_ack = sorted(entries, key=lambda e: e[1])
            done, highest = 0, 0
            for began, _, seq in sorted(entries):
                while done < len(by_ack) and by_ack[done][1] < began:
                    highest = max(highest, by_ack[done][2])
                    done += 1
                if seq < highest:
                    self.fault("order", f"{sender} in {conversation}: {seq} sent after {highest}")

    def judge_device(self, device, events, log, stored, entitled):
        last, seen = {}, set()
        for event in events:
            where = event.conversation, event.seq
            if where in seen:
                self.fault("shown twice", f"{device}: {where}")
            elif event.conversation in last and event.seq != last[event.conversation] + 1:
                self.fault("order", f"{device}: {where} after {last[event.conversation]}")
            seen.add(where)
            last[event.conversation] = event.seq
            truth = log.get(where)
            if truth is None or (event.sender, event.text) != (truth.sender, truth.text):
                self.fault("unexpected", f"{device}: shown {event}, stored {truth}")
            if self.user_of[device] not in entitled[event.conversation]:
                self.fault("unexpected", f"{device}: not entitled to {where}")
        for conversation, log_events in stored.items():
            if self.user_of[device] in entitled[conversation]:
                end = log_events[-1].seq
                if last.get(conversation, 0) != end:
                    self.fault("missed", f"{device}: {conversation} shown up to "
                                         f"{last.get(conversation, 0)} of {end}")

    def report(self):
        """Some examples of each kind of fault."""
        return reports.examples(self.faults, FAULTS, EXAMPLES)
