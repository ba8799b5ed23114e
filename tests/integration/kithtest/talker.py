"""talker.py - somebody who sends, and knows what was acknowledged."""
from . import build
from .pb import KithError, PbClient
from .schema import code_name, message
from .wait import until

BACK_S = 5 * build.PATIENCE     # so soon the reader is back once the cause is gone
PASSWORD = "correct horse battery"


class Talker:
    """One connection that sends numbered messages to the lobby and knows which were acknowledged."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        self.count = 0
        self.acked = {}         # text -> seq
        self.connect()
        self.token = self.link.login(name, PASSWORD).token

    def connect(self):
        self.link = PbClient(self.server.address, tls=False, timeout=30 * build.PATIENCE)
        self.link.hello()

    def reconnect(self):
        """As the same device, with what it knows."""
        self.link.close()
        self.connect()
        return self.link.login_token(self.token)

    def send(self, text=None):
        """One message; the name of the error, or None."""
        self.count += 1
        text = text or f"{self.name} {self.count}"
        try:
            outcome, = self.link.send("#lobby", text)
        except KithError as e:
            return e.code
        if outcome.error.code:
            return code_name(outcome.error.code)
        self.acked[text] = outcome.seq
        return None

    def reads(self):
        """Can history be read?"""
        try:
            self.link.history("#lobby", limit=1)
        except KithError as e:
            assert e.code == "UNAVAILABLE", e
            return False
        return True

    def stored(self):
        """text -> seq of all messages in the log."""
        found, before, more = {}, 0, True
        while more:
            page = self.link.history("#lobby", before=before, limit=200)
            for e in page.events:
                if e.kind == message.MESSAGE:
                    assert e.text not in found, "stored twice"
                    found[e.text] = e.seq
            before, more = page.events[0].seq, page.more
        return found

    def check(self):
        """Everything acknowledged is there, under the acknowledged seq."""
        until("history can be read", self.reads, BACK_S)
        stored = self.stored()
        missing = {t: s for t, s in self.acked.items() if stored.get(t) != s}
        assert not missing

    def close(self):
        self.link.close()
