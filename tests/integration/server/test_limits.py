"""Every bound has an answer of its own and a counter."""
import socket

import pytest

from kithtest.pb import KithError, PbClient, target
from kithtest.schema import code_name, frame, message
from kithtest.wait import until

PASSWORD = "correct horse battery"


def connect(server, name=None, receive_buffer=None):
    """A greeted connection, logged in if there is a name."""
    link = PbClient(server.address, tls=False)
    if receive_buffer:
        link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    link.hello()
    if name:
        link.login(name, PASSWORD)
    return link


def post(link, text="x"):
    """Sends to the lobby without waiting; the request's id."""
    return link.post(send=message.Send(targets=[target("#lobby")], client_id=link.next_id(),
                                       text=text))


def test_sessions_max(make_server):
    server = make_server(sessions_max=8)
    server.add_user("alice", PASSWORD)
    links, refused = [], None
    while refused is None and len(links) < 40:
        try:
            links.append(connect(server, "alice"))
        except KithError as e:
            refused = e.code
    assert refused == "SERVER_FULL"
    assert len(links) >= 8
    links.pop(0).close()

    def one_more():
        try:
            connect(server, "alice").close()
            return True
        except KithError:
            return False
    until("there is room again", one_more)
    for link in links:
        link.close()


def test_slow_reader_is_told_to_resync(make_server):
    """It stops reading, the live events stop at the soft bound, and it misses nothing."""
    server = make_server(output_soft=65536, output_hard=4 << 20, workers=1)
    for name in ("alice", "bob"):
        server.add_user(name, PASSWORD)
    slow = connect(server, "bob", receive_buffer=4096)
    lobby = slow.history("#lobby")
    fast = connect(server, "alice")
    sent = delivered = 0
    # What the kernel holds for both ends comes before the soft bound of kithd.
    while server.counter("events_delivered") - delivered != 100:
        assert sent < 5000, "the live events never stop"
        delivered = server.counter("events_delivered")
        for _ in range(100):
            last, = fast.send("#lobby", "x" * 4000)
            sent += 1

    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    slow.wait_news("resync")
    assert server.counter("resyncs") == 1
    live = [reply.event.seq for reply in slow.news if reply.WhichOneof("body") == "event"]
    assert len(live) < sent
    have = {lobby.conversation: max(live)}
    missed = [e.seq for e in slow.sync(have, limit=200) if e.conversation == lobby.conversation]
    assert sorted(set(live + missed)) == list(range(lobby.last_seq + 1, last.seq + 1))
    # From here on it hears live again.
    fast.send("#lobby", "live")
    slow.wait_text("live")
    slow.close()
    fast.close()


def test_hard_output_bound_closes(make_server):
    """Somebody asks for page after page and reads none of them."""
    server = make_server(output_soft=65536, output_hard=262144, workers=1)
    for name in ("alice", "bob"):
        server.add_user(name, PASSWORD)
    with connect(server, "alice") as fast:
        for _ in range(60):
            fast.send("#lobby", "x" * 8000)
    slow = connect(server, "bob", receive_buffer=4096)
    slow.socket.settimeout(1)
    try:
        for _ in range(400):
            slow.post(history=message.History(target=target("#lobby"), limit=50))
    except OSError:
        pass        # the server reads no further, or has closed
    # Either it is closed at the bound, or no further request is read: memory is bounded.
    closed = server.counter("output_full")
    assert closed == 1 or server.counter("requests") < 400 + 60
    slow.close()


@pytest.mark.parametrize("tls", [False, True])
def test_large_replies_wait_for_their_reader(make_server, tls):
    """Many requests at once whose replies are the greatest: all of them come, to who reads them."""
    server = make_server(workers=1)
    server.add_user("reader", PASSWORD)
    with PbClient(server.address, tls=tls) as link:
        link.hello()
        link.login("reader", PASSWORD)
        link.create_group("pages", "", public=True)
        for _ in range(9):
            link.send("#pages", "x" * 7900)
        ids = [link.post(history=message.History(target=target("#pages"), limit=200))
               for _ in range(80)]
        pages = [link.reply_to(number) for number in ids]
    assert min(page.ByteSize() for page in pages) > 55000
    assert server.counter("output_full") == 0


def test_requests_in_flight_are_not_read_further(make_server):
    """More requests than allowed at once: all are answered, in their order."""
    server = make_server()
    server.add_user("alice", PASSWORD)
    with connect(server, "alice") as link:
        numbers = [post(link) for _ in range(400)]
        answers = []
        while len(answers) < len(numbers):
            reply = link.receive()
            if reply.id:
                answers.append(reply)
        assert [reply.id for reply in answers] == numbers
        outcomes = [reply.sent.outcomes[0] for reply in answers]
        assert not any(o.error.code for o in outcomes)
        seqs = [o.seq for o in outcomes]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def test_send_rate(make_server):
    server = make_server(send_rate=5, send_burst=10)
    server.add_user("alice", PASSWORD)
    with connect(server, "alice") as link:
        refused = []
        for count in range(15):
            try:
                link.send("#lobby", "x")
            except KithError as e:
                refused.append((count, e.code, e.retry_after_ms > 0))
        assert refused and refused[0][0] >= 10
        assert {r[1:] for r in refused} == {("RATE_LIMITED", True)}


def test_login_takes_too_long(make_server):
    server = make_server(login_ms=500)
    with PbClient(server.address, tls=False) as silent, connect(server) as polite:
        # Who never said a byte may wait for TLS: to that nothing can be said.
        assert silent.wait_closed() in (None, "TIMEOUT")
        assert polite.wait_closed() == "TIMEOUT"


def receive_silently(link):
    """The next frame; no ping is answered. None at the end."""
    size = link.socket.recv(4, socket.MSG_WAITALL)
    if not size:
        return None
    return frame.Reply.FromString(
        link.socket.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL))


def test_silence_after_login(make_server):
    """Two missed beats close the connection, and the user is offline."""
    server = make_server(heartbeat_ms=300)
    server.add_user("alice", PASSWORD)
    with connect(server, "alice") as silent:
        assert server.status()["users_online"] == 1
        frames = list(iter(lambda: receive_silently(silent), None))
        assert any(f.WhichOneof("body") == "ping" for f in frames)
        assert code_name(frames[-1].closing.reason.code) == "TIMEOUT"
    until("offline", lambda: server.status()["users_online"] == 0)
    assert server.counter("timeouts") >= 1


@pytest.mark.parametrize("stop_at", range(1, 5))
def test_frame_that_never_ends(make_server, stop_at):
    """Some bytes of a header, then nothing."""
    server = make_server(login_ms=500)
    with PbClient(server.address, tls=False) as link:
        link.write(b"\x00\x00\x10\x00"[:stop_at])
        link.wait_closed()
    assert server.status()["processes"]
