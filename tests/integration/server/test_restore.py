"""A backup is put back under clients that stay: they miss nothing that is written afterwards."""
from google.protobuf import json_format

from kithtest.pb import PbClient, direct
from kithtest.schema import frame, message
from kithtest.terminal import Terminal
from kithtest.wait import until
from kithtest.ws import JSON, TEXT, WsLink, frame_bytes, request_bytes

PASSWORD = "correct horse battery"
CHANGED = "restored from a backup"


class WsClient(PbClient):
    """The same over a WebSocket, as a script does it: JSON by hand."""

    def __init__(self, address):
        self.link = WsLink(address)
        super().__init__(address, tls=False)
        self.socket.close()
        self.socket = self.link.socket

    def post(self, **body):
        self.number += 1
        self.link.write(frame_bytes(TEXT, request_bytes(JSON, self.number, **body)))
        return self.number

    def receive(self):
        return json_format.Parse(self.link.receive().payload, frame.Reply())


class Script:
    """A client that follows one conversation and knows nothing but the rule of kith-protocol(7)."""

    def __init__(self, server, name, conversation, client):
        self.server, self.name, self.conversation = server, name, conversation
        self.client = client
        self.have, self.history, self.shown, self.told, self.token = None, 0, [], 0, None

    def connect(self):
        self.link = self.client(self.server.address)
        self.link.hello()
        login = (self.link.login_token(self.token) if self.token
                 else self.link.login(self.name, PASSWORD))
        self.token = self.token or login.token
        if self.history and login.history and login.history != self.history:
            self.told += 1
            rows = self.link.conversations()
            self.have = rows[self.conversation].restored_seq
        self.history = login.history or self.history

    def sync(self):
        more = True
        while more:
            have = [] if self.have is None else [
                message.Have(conversation=self.conversation, seq=self.have)]
            page = self.link.call(sync=message.Sync(have=have, limit=200))
            for position in page.positions:
                if position.conversation == self.conversation:
                    self.have = max(self.have or 0, position.from_seq - 1)
            for e in page.events:
                if e.conversation == self.conversation and e.seq == (self.have or 0) + 1:
                    self.have = e.seq
                    self.shown.append(e.text)
            more = page.more

    def close(self):
        self.link.close()


def test_clients_of_a_restored_server_show_what_is_new(make_server, make_kith, people, request,
                                                       tmp_path):
    server = make_server()
    server.expected.append("history.changed")
    alice, bob, carol, dora = people(server, "alice", "bob", "carol", "dora")
    tail = bob.tail("--no-mark", "-n", "0")
    only = dora.tail("@alice")
    chat = Terminal(carol)
    request.addfinalizer(chat.close)
    chat.wait_for("#lobby>")
    scripts = [Script(server, "carol", direct(1, 3), lambda at: PbClient(at, tls=False)),
               Script(server, "carol", direct(1, 3), WsClient)]

    def each(deed):
        for script in scripts:
            deed(script)
    each(Script.connect)

    def say(*texts):
        for text in texts:
            alice.run("send", "@bob,@carol,@dora,#lobby", text)

    def all_show(*texts):
        for text in texts:
            tail.wait_for(lambda e, text=text: e["text"] == text, text)
            only.wait_for(lambda e, text=text: e["text"] == text, text)
            chat.wait_for(text)
        for script in scripts:
            script.sync()
            assert script.shown[-len(texts):] == list(texts)

    say("one", "two")
    all_show("one", "two")
    server.backup(tmp_path / "kith.db")
    say("gone 1", "gone 2", "gone 3")
    all_show("gone 1", "gone 2", "gone 3")
    each(Script.close)

    # A crash is no restored backup.
    server.kill_all()
    server.start()
    each(Script.connect)
    say("gone 4")
    all_show("gone 4")
    each(Script.close)
    assert not any(script.told for script in scripts) and "history.changed" not in server.log()

    server.restore(tmp_path / "kith.db")
    say("new 1", "new 2")
    # What the chat shows of the new history, it shows once, and counts it as read.
    chat.wait_for("@alice alice: new 2")
    assert chat.text().count("#lobby alice: new 2") == 1
    chat.line("/read")
    until("the lobby is read", lambda: "#lobby" not in
          carol.run("unread", "--plain", code=None).stdout)
    each(Script.connect)
    say("new 3", "new 4", "new 5")
    all_show(*(f"new {n}" for n in range(1, 6)))
    assert all(script.told == 1 for script in scripts)
    assert server.log().count("history.changed") == 1
    chat.wait_for(CHANGED)
    for stream in tail, only:
        until("tail says so", lambda stream=stream: CHANGED in stream.err.read_text())
        shown = [e["text"] for e in stream.events() if e["kind"] == "message"]
        assert len(shown) == len(set(shown)) * (1 if stream is only else 2)     # and none twice
    each(Script.close)

    # And it is told once only.
    server.restart()
    each(Script.connect)
    assert all(script.told == 1 for script in scripts)
    assert server.log().count("history.changed") == 1
    each(Script.close)
