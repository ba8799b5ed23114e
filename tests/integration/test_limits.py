"""Every bound has an answer of its own and a counter."""
import pytest

from kithtest import build
from kithtest.raw import Raw
from kithtest.schema import CODE, message, session
from kithtest.swarm import to_group
from kithtest.wait import until

PASSWORD = "correct horse battery"


def send(link, login, count, text="x"):
    return link.post(send=message.Send(targets=[to_group("lobby")],
                                       client_id=login.device << 32 | count, text=text))


def test_sessions_max(make_server):
    server = make_server(sessions_max=8)
    server.add_user("alice", PASSWORD)
    links, refused = [], None
    for _ in range(40):
        link = Raw(server.address)
        links.append(link)
        link.hello()
        reply = link.request(login_password=session.LoginPassword(
            name="alice", password=PASSWORD, device_name="many"))
        if reply.WhichOneof("body") == "error":
            refused = reply.error.code
            break
    assert refused == CODE["SERVER_FULL"]
    assert len(links) >= 8
    links.pop(0).close()
    links.pop().close()

    def one_more():
        with Raw(server.address) as link:
            link.hello()
            return link.request(login_password=session.LoginPassword(
                name="alice", password=PASSWORD)).WhichOneof("body") == "logged_in"
    until("there is room again", one_more)
    for link in links:
        link.close()


def test_slow_reader_is_told_to_resync(make_server):
    """It stops reading, the live events stop at the soft bound, and it misses nothing."""
    server = make_server(output_soft=65536, output_hard=4 << 20, workers=1)
    for name in ("alice", "bob"):
        server.add_user(name, PASSWORD)
    slow = Raw(server.address, receive_buffer=4096)
    slow.login("bob", PASSWORD)
    fast = Raw(server.address)
    login = fast.login("alice", PASSWORD)
    count = 0
    while server.counter("resyncs") == 0 or count < 300:
        count += 1
        assert count < 5000, "never told to resync"
        fast.answer(send(fast, login, count, "x" * 4000))

    live = []
    while True:
        reply = slow.receive()
        if reply.WhichOneof("body") == "resync":
            break
        live.append(reply.event.seq)
    assert live == list(range(live[0], live[0] + len(live))) and len(live) < count
    have, conversation = live[-1], reply_conversation(slow)
    missed = []
    more = True
    while more:
        page = slow.request(sync=message.Sync(
            have=[message.Have(conversation=conversation, seq=have)], limit=200)).sync_page
        missed += [e.seq for e in page.events if e.conversation == conversation]
        have, more = missed[-1], page.more
    assert missed == list(range(live[-1] + 1, missed[-1] + 1))
    assert len(live) + len(missed) >= count
    # From here on it hears live again.
    fast.answer(send(fast, login, count + 1, "live"))
    while slow.news or True:
        reply = slow.news.pop(0) if slow.news else slow.receive()
        if reply.WhichOneof("body") == "event" and reply.event.text == "live":
            break
    slow.close()
    fast.close()


def reply_conversation(link):
    """The lobby's number."""
    return link.request(history=message.History(target=to_group("lobby"))).history_page.conversation


def test_hard_output_bound_closes(make_server):
    """Somebody asks for page after page and reads none of them."""
    server = make_server(output_soft=65536, output_hard=262144, workers=1)
    for name in ("alice", "bob"):
        server.add_user(name, PASSWORD)
    with Raw(server.address) as fast:
        login = fast.login("alice", PASSWORD)
        for count in range(1, 61):
            fast.answer(send(fast, login, count, "x" * 8000))
    slow = Raw(server.address, receive_buffer=4096)
    slow.login("bob", PASSWORD)
    try:
        for _ in range(200):
            slow.post(history=message.History(target=to_group("lobby"), limit=50))
    except OSError:
        pass
    until("the bound is met", lambda: server.counter("output_full") == 1
          or server.status()["sessions"] == 0, 20 * build.PATIENCE)
    slow.close()
    assert server.status()["processes"]


def test_requests_in_flight_are_not_read_further(make_server):
    """More requests than allowed at once: all are answered, in their time."""
    server = make_server()
    server.add_user("alice", PASSWORD)
    with Raw(server.address) as link:
        login = link.login("alice", PASSWORD)
        numbers = [send(link, login, count) for count in range(1, 401)]
        answered = {}
        while len(answered) < len(numbers):
            reply = link.receive()
            if reply.id:
                answered[reply.id] = reply
        assert all(answered[n].sent.outcomes[0].error.code == 0 for n in numbers)
        seqs = [answered[n].sent.outcomes[0].seq for n in numbers]
        assert seqs == sorted(seqs)


def test_send_rate(make_server):
    server = make_server(send_rate=5, send_burst=10)
    server.add_user("alice", PASSWORD)
    with Raw(server.address) as link:
        login = link.login("alice", PASSWORD)
        for count in range(1, 11):
            assert link.answer(send(link, login, count)).sent.outcomes[0].error.code == 0
        replies = [link.answer(send(link, login, count)) for count in range(11, 16)]
        refused = [r for r in replies if r.WhichOneof("body") == "error"]
        assert refused and all(r.error.code == CODE["RATE_LIMITED"] and r.error.retry_after_ms > 0
                               for r in refused)


def test_login_takes_too_long(make_server):
    server = make_server(login_ms=500)
    with Raw(server.address) as silent, Raw(server.address) as polite:
        polite.hello()
        for link in (silent, polite):
            frames = link.until_closed()
            assert frames[-1].closing.reason.code == CODE["TIMEOUT"]


def test_silence_after_login(make_server):
    """Two missed beats close the connection, and the user is offline."""
    server = make_server(heartbeat_ms=300)
    server.add_user("alice", PASSWORD)
    with Raw(server.address) as silent:
        silent.login("alice", PASSWORD)
        assert server.status()["users_online"] == 1
        frames = silent.until_closed()
        assert any(f.WhichOneof("body") == "ping" for f in frames)
        assert frames[-1].closing.reason.code == CODE["TIMEOUT"]
    until("offline", lambda: server.status()["users_online"] == 0)
    assert server.counter("timeouts") >= 1


@pytest.mark.parametrize("stop_at", range(1, 5))
def test_frame_that_never_ends(make_server, stop_at):
    """Some bytes of a header, then nothing."""
    server = make_server(login_ms=500)
    with Raw(server.address) as link:
        link.bytes(b"\x00\x00\x10\x00"[:stop_at])
        link.until_closed()
    assert server.status()["processes"]
