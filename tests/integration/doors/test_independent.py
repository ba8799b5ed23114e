"""What kith-protocol(7) promises, seen by a client that knows nothing else."""
import itertools
import threading
from urllib.parse import urlsplit

import pytest

from kithtest.pb import Closed, KithError, PbClient, WrongKey, direct, target
from kithtest.schema import code_name, conversation, message, presence, session

PASSWORD = "correct horse battery"
NUMBERS = itertools.count(1)


class People:
    """Users of one server, each with a name that no other test uses."""

    def __init__(self, server):
        self.server = server
        self.open = []

    def connect(self, **how):
        link = PbClient(self.server.address, fingerprint=self.server.fingerprint, **how)
        self.open.append(link)
        link.hello()
        return link

    def invite(self):
        return urlsplit(self.server.invite()).path.strip("/")

    def new(self, name="user"):
        """A registered user's first session."""
        link = self.connect()
        link.name = f"{name}{next(NUMBERS)}"
        link.token = link.register(link.name, PASSWORD, self.invite()).token
        return link

    def again(self, link):
        """Another session of the same user, on a device of its own."""
        other = self.connect()
        other.name = link.name
        other.token = other.login(link.name, PASSWORD).token
        return other

    def resume(self, link):
        """The same device, connected anew."""
        other = self.connect()
        other.name, other.token = link.name, link.token
        other.login_token(link.token)
        return other

    def close(self):
        for link in self.open:
            link.close()


@pytest.fixture
def people(shared_server):
    made = People(shared_server)
    yield made
    made.close()


def refused(code, call, *args, **kwargs):
    with pytest.raises(KithError) as e:
        call(*args, **kwargs)
    assert e.value.code == code
    return e.value


def texts(events):
    return [e.text for e in events if e.kind == message.MESSAGE]


# -- connecting ---------------------------------------------------------------

def test_welcome_tells_version_and_limits(shared_server):
    with PbClient(shared_server.address, fingerprint=shared_server.fingerprint) as link:
        assert link.socket.selected_alpn_protocol() == "kith/1"
        welcome = link.hello()
    limits = welcome.limits
    assert welcome.version == 1 and welcome.server and welcome.time_ms > 1_700_000_000_000
    assert welcome.registration == session.INVITE
    assert (limits.frame_bytes, limits.text_bytes, limits.name_chars) == (65536, 8000, 32)
    assert (limits.page_events, limits.targets, limits.in_flight) == (200, 32, 16)
    assert limits.heartbeat_ms and limits.heartbeat_missed == 2 and limits.login_ms
    assert {"free_client_ids", "hooks", "peer_cursors", "typing"} <= set(welcome.features)


def test_another_key_is_noticed_before_a_byte_is_sent(shared_server):
    with pytest.raises(WrongKey):
        PbClient(shared_server.address, fingerprint="SHA256:" + "A" * 43)


def test_plain_connection_from_loopback(shared_server):
    with PbClient(shared_server.address, tls=False) as link:
        assert link.hello().version == 1


def test_no_common_version(shared_server):
    for low, high in ((2, 9), (0, 0)):
        with PbClient(shared_server.address, tls=False) as link:
            refused("VERSION", link.call,
                    hello=session.Hello(version_min=low, version_max=high, client="pb"))


def test_newer_clients_may_also_speak_version_1(shared_server):
    with PbClient(shared_server.address, tls=False) as link:
        assert link.call(hello=session.Hello(version_min=1, version_max=9)).version == 1


def test_ping_is_answered(people):
    link = people.new()
    assert link.post(ping=session.Ping()) == link.receive().id


def test_requests_without_waiting_are_all_answered(people):
    link = people.new()
    numbers = [link.post(ping=session.Ping()) for _ in range(64)]
    assert {link.receive().id for _ in numbers} == set(numbers)


# -- accounts -----------------------------------------------------------------

def test_register_and_login(people):
    link = people.connect()
    name = f"Alice{next(NUMBERS)}"
    first = link.register(name, PASSWORD, people.invite())
    assert first.name == name.lower() and first.user_id < 2 ** 31 and first.device < 2 ** 31
    assert len(first.token) == 43 and first.last_client_id == 0 and not first.admin
    second = people.connect().login(name, PASSWORD)
    assert second.user_id == first.user_id and second.device != first.device
    assert second.token != first.token


def test_register_again_with_the_password_is_a_login(people):
    link = people.new()
    again = people.connect().register(link.name, PASSWORD, people.invite())
    assert again.user_id == link.user_id
    refused("NAME_TAKEN", people.connect().register, link.name, "another password",
            people.invite())


def test_an_invite_serves_once_and_survives_a_failure(people):
    secret = people.invite()
    refused("PASSWORD_WEAK", people.connect().register, f"u{next(NUMBERS)}", "short", secret)
    people.connect().register(f"u{next(NUMBERS)}", PASSWORD, secret)
    refused("INVITE_INVALID", people.connect().register, f"u{next(NUMBERS)}", PASSWORD, secret)


def test_wrong_passwords_and_unknown_users_are_told_the_same(people):
    link = people.new()
    wrong = refused("AUTH_FAILED", people.connect().login, link.name, "not the password")
    unknown = refused("AUTH_FAILED", people.connect().login, f"nobody{next(NUMBERS)}", PASSWORD)
    assert str(wrong) == str(unknown)


def test_unknown_token(people):
    refused("TOKEN_INVALID", people.connect().login_token, "A" * 43)


def test_a_failed_login_may_be_tried_again_on_the_connection(people):
    link, other = people.new(), people.connect()
    refused("AUTH_FAILED", other.login, link.name, "not the password")
    assert other.login(link.name, PASSWORD).user_id == link.user_id


def test_sessions_are_listed_and_revoked(people):
    link = people.new()
    other = people.again(link)
    listed = link.sessions()
    assert set(listed) == {link.device, other.device}
    assert listed[link.device].current and not listed[other.device].current
    assert all(s.online and s.device_name == "pb" and s.created_ms for s in listed.values())
    link.call(revoke_session=session.RevokeSession(device=other.device))
    assert other.wait_closed() == "REVOKED"
    refused("TOKEN_INVALID", people.connect().login_token, other.token)
    assert set(link.sessions()) == {link.device}
    # Again, since the first answer may have been lost.
    link.call(revoke_session=session.RevokeSession(device=other.device))
    refused("NO_SUCH_SESSION", link.call, revoke_session=session.RevokeSession(device=1 << 30))


def test_hooks_are_made_listed_and_revoked(people):
    alice, bob = people.new("alice"), people.new("bob")
    group = alice.create_group(f"tea{next(NUMBERS)}")
    made = alice.create_hook(f"#{group.name}", "kettle")
    assert made.conversation == group.id and len(made.token) == 43
    listed = alice.sessions()[made.device]
    assert (listed.hook, listed.device_name) == (group.id, "kettle")
    assert not listed.current and not listed.online
    assert [s.hook for s in bob.sessions().values()] == [0]
    # It is no token to log in with, and no device's.
    refused("TOKEN_INVALID", people.connect().login_token, made.token)
    refused("NO_SUCH_SESSION", bob.call,
            revoke_session=session.RevokeSession(device=made.device))
    alice.call(revoke_session=session.RevokeSession(device=made.device))
    assert made.device not in alice.sessions()
    for to, code in ((f"#{group.name}", "NO_SUCH_GROUP"), (group.id, "NO_SUCH_CONVERSATION"),
                     ("@nobody", "NO_SUCH_USER"), (direct(1 << 30, 7), "NO_SUCH_CONVERSATION")):
        refused(code, bob.create_hook, to, "kettle")
    refused("BAD_REQUEST", alice.create_hook, f"@{bob.name}", "")
    refused("BAD_REQUEST", alice.create_hook, f"@{bob.name}", "\x1b[2J")
    refused("TOO_LARGE", alice.create_hook, f"@{bob.name}", "x" * 65)
    assert alice.create_hook(f"@{bob.name}", "doorbell").conversation == direct(
        alice.user_id, bob.user_id)


def test_a_new_password_revokes_hooks(people):
    alice = people.new("alice")
    made = alice.create_hook(f"@{alice.name}", "diary")
    alice.call(change_password=session.ChangePassword(
        old_password=PASSWORD, new_password="another good one"))
    assert set(alice.sessions()) == {alice.device}
    assert made.device != alice.device


def test_nobody_revokes_the_sessions_of_others(people):
    alice, bob = people.new(), people.new()
    refused("NO_SUCH_SESSION", alice.call,
            revoke_session=session.RevokeSession(device=bob.device))
    assert bob.sessions()


def test_logout_ends_the_device(people):
    link = people.new()
    link.call(logout=session.Logout())
    assert link.wait_closed() == "OK"
    refused("TOKEN_INVALID", people.connect().login_token, link.token)
    assert people.again(link).user_id == link.user_id


def test_a_new_password_logs_the_other_devices_out(people):
    link = people.new()
    other = people.again(link)
    change = session.ChangePassword(old_password="not the password", new_password="new password 1")
    refused("AUTH_FAILED", link.call, change_password=change)
    change.old_password = PASSWORD
    link.call(change_password=change)
    assert other.wait_closed() == "REVOKED"
    refused("TOKEN_INVALID", people.connect().login_token, other.token)
    refused("AUTH_FAILED", people.connect().login, link.name, PASSWORD)
    assert people.resume(link).device == link.device
    assert people.connect().login(link.name, "new password 1").user_id == link.user_id


# -- chat ---------------------------------------------------------------------

def test_chat_both_ways(people):
    alice, bob = people.new("alice"), people.new("bob")
    place = direct(alice.user_id, bob.user_id)
    [sent] = alice.send("@" + bob.name, "hello bob")
    assert sent.conversation == place and sent.seq == 1 and not sent.error.code
    event = bob.wait_text("hello bob")
    assert (event.conversation, event.seq, event.time_ms) == (place, 1, sent.time_ms)
    assert (event.kind, event.sender, event.sender_name) == (
        message.MESSAGE, alice.user_id, alice.name)
    [sent] = bob.send(place, "hello alice ä€😀\n\ttwo lines")
    assert sent.seq == 2
    event = alice.wait_text("hello alice ä€😀\n\ttwo lines")
    assert event.seq == 2 and event.sender == bob.user_id
    # Senders see their own messages as well, and know them by the client id.
    own = alice.wait_text("hello bob")
    assert own.client_id == alice.device << 32 | 1


def test_all_devices_of_both_hear_it(people):
    alice, bob = people.new("alice"), people.new("bob")
    everybody = [alice, people.again(alice), bob, people.again(bob)]
    alice.send("@" + bob.name, "to all")
    assert [link.wait_text("to all").seq for link in everybody] == [1] * 4


def test_notes_to_oneself(people):
    alice = people.new()
    [sent] = alice.send("@" + alice.name, "do not forget")
    assert sent.conversation == direct(alice.user_id, alice.user_id)
    assert texts(alice.history("@" + alice.name).events) == ["do not forget"]


def test_several_recipients_have_one_outcome_each(people):
    alice, bob, carol = people.new("alice"), people.new("bob"), people.new("carol")
    to = ["@" + bob.name, "@nobody-at-all", "@" + carol.name, "#no-such-group"]
    outcomes = alice.send(to, "to several")
    codes = [o.error.code for o in outcomes]
    assert codes[0] == codes[2] == 0
    assert [KithError(outcomes[i].error).code for i in (1, 3)] == ["NO_SUCH_USER", "NO_SUCH_GROUP"]
    assert outcomes[0].conversation == direct(alice.user_id, bob.user_id)
    assert outcomes[2].conversation == direct(alice.user_id, carol.user_id)
    assert bob.wait_text("to several").conversation != carol.wait_text("to several").conversation
    assert alice.device << 32 | alice.counter == alice.next_id() - 1
    assert alice.counter == len(to) + 1


def test_messages_come_in_the_order_in_which_they_were_sent(people):
    alice, bob = people.new("alice"), people.new("bob")
    numbers = []
    for i in range(60):
        numbers.append(alice.post(send=message.Send(
            targets=[message.Target(user=bob.name)], client_id=alice.next_id(), text=str(i))))
    seqs = [alice.reply_to(n).sent.outcomes[0].seq for n in numbers]
    assert seqs == list(range(1, 61))
    got = [bob.wait_news("event", lambda e, s=s: e.seq == s).text for s in seqs]
    assert got == [str(i) for i in range(60)]


def test_two_senders_agree_on_the_order(people):
    alice, bob = people.new("alice"), people.new("bob")

    def talk(link, other):
        for i in range(30):
            link.send("@" + other.name, f"{link.name} {i}")
    pair = [threading.Thread(target=talk, args=who) for who in ((alice, bob), (bob, alice))]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    place = direct(alice.user_id, bob.user_id)
    log = alice.history(place, limit=200).events
    assert log == bob.history(place, limit=200).events
    assert [e.seq for e in log] == list(range(1, 61))
    for link in (alice, bob):
        assert [e.text for e in log if e.sender == link.user_id] == [
            f"{link.name} {i}" for i in range(30)]


class Follower:
    """Knows the rules of kith-protocol(7), "What a client must do", and nothing else."""

    def __init__(self, link, conversation, have, by):
        self.link, self.conversation, self.have, self.by = link, conversation, have, by
        self.shown, self.asked, self.others = [], 0, {}

    def show(self, e):
        if e.seq > self.have:                                           # rule 1
            self.shown.append(e.seq)
            self.have = e.seq                                           # rule 2

    def live(self, e):
        if e.seq > self.have + 1:                                       # rule 3
            self.by(self)
        self.show(e)

    def sync(self, limit):
        more = True
        while more:
            self.asked += 1
            have = {**self.others, self.conversation: self.have}
            page = self.link.call(sync=message.Sync(limit=limit, have=[
                message.Have(conversation=c, seq=s) for c, s in have.items()]))
            assert self.asked < 30
            for e in page.events:
                if e.conversation == self.conversation:
                    self.show(e)
            for place in page.positions:
                seq = place.sent_seq or place.from_seq - 1
                if place.conversation == self.conversation:
                    self.have = max(self.have, seq)
                else:
                    self.others[place.conversation] = seq
            more = page.more

    def history(self, limit):
        more = True
        while more:
            self.asked += 1
            assert self.asked < 30
            page = self.link.history(self.conversation, after=self.have, limit=limit)
            for e in page.events:
                self.show(e)
            more = page.more


@pytest.mark.parametrize("limit", [1, 3])
def test_a_jump_in_a_page_is_no_gap(people, limit):
    """Away for two while others write: what may not be read is not missing."""
    alice, bob = people.new("alice"), people.new("bob")
    group = f"#jump{next(NUMBERS)}"
    number = alice.create_group(group[1:], public=True).id              # 1
    for _ in range(3):
        bob.join_group(group)                                           # 2, 7, 12
        alice.send(group, "seen")                                       # 3, 8, 13
        bob.leave_group(group)                                          # 4, 9, 14
        alice.send(group, "unseen")
        alice.send(group, "unseen")                                     # 5 6, 10 11, 15 16
    bob.join_group(group)                                               # 17
    want = [2, 3, 4, 7, 8, 9, 12, 13, 14, 17]
    for have, by in [(h, b) for h in (0, 2, 3, 4, 5, 8, 16, 17) for b in ("sync", "history")]:
        if have == 0 and by == "history":
            continue
        reader = Follower(bob, number, have, lambda r: getattr(r, by)(limit))
        seen = [e for e in bob.history(number, limit=200).events if e.seq == 17]
        reader.live(seen[0])
        assert reader.shown == [seq for seq in want if seq > have], (have, by)
        asked = reader.asked
        reader.live(message.Event(conversation=number, seq=18))         # and the next is live
        assert reader.shown[-1] == 18 and reader.asked == asked


def test_a_repeat_is_answered_with_the_first_outcome(people):
    alice, bob, carol = people.new("alice"), people.new("bob"), people.new("carol")
    to = ["@" + bob.name, "@" + carol.name]
    first = alice.next_id(2)
    outcomes = alice.send(to, "once", client_id=first)
    alice.send("@" + bob.name, "between")
    assert alice.send(to, "once", client_id=first) == outcomes
    resumed = people.resume(alice)
    assert resumed.counter == alice.counter
    assert resumed.send(to, "once", client_id=first) == outcomes
    assert texts(bob.history("@" + alice.name).events) == ["once", "between"]
    assert texts(carol.history("@" + alice.name).events) == ["once"]


def test_a_taken_client_id_is_told(people):
    """A message is stored with its first text and target, and any other with its id is refused."""
    alice, bob, carol = people.new("alice"), people.new("bob"), people.new("carol")
    group = f"#taken{next(NUMBERS)}"
    alice.create_group(group[1:])
    first, to = alice.next_id(2), ["@" + bob.name, group]
    stored = alice.send(to, "mine", client_id=first)
    for other, text, want in ((to, "yours", ["CLIENT_ID_TAKEN"] * 2),
                              (["@" + bob.name] * 2, "mine", ["OK"] * 2),
                              (["@" + bob.name, "@" + carol.name], "mine",
                               ["OK", "CLIENT_ID_TAKEN"]),
                              (["@" + carol.name, "@nobody"], "mine", ["CLIENT_ID_TAKEN"] * 2)):
        assert [code_name(o.error.code)
                for o in alice.send(other, text, client_id=first)] == want
    people.resume(alice).leave_group(group)
    assert alice.send(to, "mine", client_id=first) == stored
    assert texts(bob.history("@" + alice.name).events) == ["mine"]
    assert direct(alice.user_id, carol.user_id) not in carol.conversations()


def test_targets_are_a_set(people):
    """The answer still has an outcome for each target, in their order."""
    alice, bob = people.new("alice"), people.new("bob")
    group = f"#Set{next(NUMBERS)}"
    number = alice.create_group(group[1:]).id
    to = [group, "@" + bob.name, group.upper(), "@nobody", "@" + bob.name.upper(), number]
    first = alice.next_id(len(to))
    outcomes = alice.send(to, "once", client_id=first)
    assert [code_name(o.error.code) for o in outcomes] == ["OK"] * 3 + ["NO_SUCH_USER"] + ["OK"] * 2
    assert outcomes[0] == outcomes[2] == outcomes[5] and outcomes[1] == outcomes[4]
    assert outcomes[0] != outcomes[1]
    assert alice.send(to, "once", client_id=first) == outcomes
    assert texts(alice.history(group).events) == texts(bob.history("@" + alice.name).events) == [
        "once"]


def test_client_ids_of_other_devices_are_refused(people):
    alice, bob = people.new("alice"), people.new("bob")
    for client_id in (0, 1, alice.device + 1 << 32 | 1, bob.device << 32 | 1, 2 ** 64 - 1):
        refused("BAD_REQUEST", alice.send, "@" + bob.name, "whose?", client_id=client_id)
    assert not bob.conversations().get(direct(alice.user_id, bob.user_id))


def test_limits_of_a_message(people):
    alice, bob = people.new("alice"), people.new("bob")
    assert alice.send("@" + bob.name, "x" * 8000)[0].seq == 1
    refused("TOO_LARGE", alice.send, "@" + bob.name, "x" * 8001)
    refused("TOO_LARGE", alice.send, "@" + bob.name, "ä" * 4001)
    refused("BAD_REQUEST", alice.send, "@" + bob.name, "")
    refused("BAD_REQUEST", alice.send, [], "to nobody")
    refused("TOO_LARGE", alice.send, ["@" + bob.name] * 33, "to too many")
    assert alice.send("@" + bob.name, "after all that")[0].seq == 2


# -- reading ------------------------------------------------------------------

def test_history_in_both_directions(people):
    alice, bob = people.new("alice"), people.new("bob")
    for i in range(1, 26):
        alice.send("@" + bob.name, str(i))
    of = "@" + alice.name

    def page(**how):
        got = bob.history(of, limit=10, **how)
        assert got.last_seq == 25 and got.conversation == direct(alice.user_id, bob.user_id)
        assert [e.text for e in got.events] == [str(e.seq) for e in got.events]
        return [e.seq for e in got.events], got.more
    assert page() == (list(range(16, 26)), True)
    assert page(before=16) == (list(range(6, 16)), True)
    assert page(before=6) == (list(range(1, 6)), False)
    assert page(before=1) == ([], False)
    assert page(after=5) == (list(range(6, 16)), True)
    assert page(after=15) == (list(range(16, 26)), False)
    assert page(after=25) == ([], False)
    assert len(bob.history(of).events) == 25
    refused("BAD_REQUEST", bob.history, of, after=1, before=9)


def test_pages_fit_into_a_frame(people):
    alice, bob = people.new("alice"), people.new("bob")
    for i in range(12):
        alice.send("@" + bob.name, f"{i} ".ljust(8000, "x"))
    place = direct(alice.user_id, bob.user_id)
    got, more = [], True
    while more:
        page = bob.history(place, before=got[0].seq if got else 0, limit=200)
        assert page.events
        got[:0] = page.events
        more = page.more
    assert [e.seq for e in got] == list(range(1, 13))
    synced = bob.sync({place: 0}, limit=200)
    assert [e.seq for e in synced if e.conversation == place] == list(range(1, 13))


def test_resume_and_sync_what_was_missed(people):
    alice, bob = people.new("alice"), people.new("bob")
    group = alice.create_group(f"ops{next(NUMBERS)}", public=True)
    bob.join_group("#" + group.name)
    place = direct(alice.user_id, bob.user_id)
    alice.send([place, group.id], "seen")
    have = {e.conversation: e.seq for e in bob.sync({place: 0, group.id: 0})}
    assert set(have) >= {place, group.id}
    bob.close()
    for i in range(7):
        alice.send(place, f"direct {i}")
    for i in range(120):
        alice.send(group.id, f"group {i}")
    back = people.resume(bob)
    missed = back.sync(have, limit=50)
    assert texts(e for e in missed if e.conversation == place) == [f"direct {i}" for i in range(7)]
    assert texts(e for e in missed if e.conversation == group.id) == [
        f"group {i}" for i in range(120)]
    assert back.sync(have) == []
    # From the login on, live events come as well: nothing lies between.
    alice.send(place, "live again")
    assert back.wait_text("live again").seq == have[place] + 1


def test_sync_without_have_counts_from_the_read_cursor(people):
    alice, bob = people.new("alice"), people.new("bob")
    place = direct(alice.user_id, bob.user_id)
    for i in range(5):
        alice.send(place, str(i))
    assert texts(e for e in bob.sync({}) if e.conversation == place) == list("01234")
    bob.mark_read(place, 3)
    assert texts(e for e in bob.sync({}) if e.conversation == place) == ["3", "4"]


def test_unread_and_mark_read(people):
    alice, bob = people.new("alice"), people.new("bob")
    other = people.again(bob)
    place = direct(alice.user_id, bob.user_id)
    for i in range(3):
        alice.send(place, str(i))
    listed = bob.conversations()[place]
    assert (listed.kind, listed.name, listed.peer) == (
        conversation.DIRECT, alice.name, alice.user_id)
    assert (listed.last_seq, listed.read_seq, listed.unread) == (3, 0, 3)
    assert alice.conversations()[place].unread == 0
    bob.mark_read(place, 2)
    for link in (other, alice):     # bob's other device, and the other user
        moved = link.wait_news("cursor_moved")
        assert (moved.conversation, moved.seq, moved.user) == (place, 2, bob.user_id)
    listed = alice.conversations()[place]
    assert (listed.read_seq, listed.peer_read_seq) == (0, 2)
    assert bob.conversations()[place].peer_read_seq == 0
    assert bob.conversations()[place].unread == 1
    bob.mark_read(place, 1)
    assert bob.conversations()[place].read_seq == 2
    bob.mark_read(place, 3)
    assert other.conversations()[place].unread == 0
    only = bob.call(list_conversations=conversation.ListConversations(ids=[place]))
    assert [c.id for c in only.conversations] == [place] and not only.more


# -- groups -------------------------------------------------------------------

def test_public_group(people):
    alice, bob, carol = people.new("alice"), people.new("bob"), people.new("carol")
    name = f"ops{next(NUMBERS)}"
    group = alice.create_group(name, topic="work", public=True)
    assert group.kind == conversation.GROUP and group.id < 2 ** 62
    assert (group.name, group.topic, group.public, group.role) == (
        name, "work", True, conversation.OWNER)
    assert carol.groups()[name].role == conversation.NOBODY
    refused("NOT_MEMBER", carol.history, "#" + name)
    joined = bob.join_group("#" + name)
    assert joined.id == group.id and joined.role == conversation.MEMBER
    assert alice.wait_news("event", lambda e: e.kind == message.JOINED
                           and e.conversation == group.id
                           and e.sender == bob.user_id).sender_name == bob.name
    bob.send("#" + name, "hello ops")
    assert alice.wait_text("hello ops").conversation == group.id
    members = bob.members("#" + name)
    assert {n: m.role for n, m in members.items()} == {
        alice.name: conversation.OWNER, bob.name: conversation.MEMBER}
    assert all(m.online for m in members.values())
    assert bob.groups()[name].members == 2
    bob.leave_group("#" + name)
    assert alice.wait_news("event", lambda e: e.kind == message.LEFT).sender == bob.user_id
    assert KithError(bob.send("#" + name, "still here?")[0].error).code == "NOT_MEMBER"
    bob.leave_group("#" + name)
    refused("NOT_MEMBER", carol.leave_group, "#" + name)
    refused("NAME_TAKEN", carol.create_group, name, public=True)


def test_joining_twice_is_joined(people):
    alice, bob = people.new("alice"), people.new("bob")
    group = alice.create_group(f"ops{next(NUMBERS)}", public=True)
    assert alice.create_group(group.name, public=True).id == group.id
    first = bob.join_group(group.id)
    assert bob.join_group(group.id).since_seq == first.since_seq
    assert [e.kind for e in alice.history(group.id).events].count(message.JOINED) <= 2


def test_private_group_wants_an_invitation(people):
    alice, bob, carol = people.new("alice"), people.new("bob"), people.new("carol")
    name = f"secret{next(NUMBERS)}"
    group = alice.create_group(name)
    assert name not in bob.groups()
    for of in ("#" + name, "#no-such-group"):
        refused("NO_SUCH_GROUP", bob.join_group, of)
        refused("NO_SUCH_GROUP", bob.history, of)
    assert KithError(bob.send("#" + name, "hello?")[0].error).code == "NO_SUCH_GROUP"
    alice.invite_to_group("#" + name, bob.name)
    event = bob.wait_news("event", lambda e: e.kind == message.INVITATION)
    assert (event.conversation, event.text) == (direct(alice.user_id, bob.user_id), name)
    assert bob.join_group("#" + name).id == group.id
    refused("NO_SUCH_GROUP", carol.join_group, "#" + name)
    refused("NO_SUCH_USER", bob.invite_to_group, "#" + name, "nobody-at-all")
    bob.leave_group("#" + name)
    refused("NOT_PERMITTED", bob.join_group, "#" + name)
    alice.invite_to_group("#" + name, bob.name)
    assert bob.join_group("#" + name).role == conversation.MEMBER


def test_membership_bounds_what_can_be_read(people):
    alice, bob = people.new("alice"), people.new("bob")
    group = alice.create_group(f"ops{next(NUMBERS)}", public=True)
    bob_saw = []
    for round_ in range(3):
        alice.send(group.id, f"{round_}: bob is away")
        since = bob.join_group(group.id).since_seq
        alice.send(group.id, f"{round_}: bob is here")
        bob_saw.append(f"{round_}: bob is here")
        assert since > 1
        bob.leave_group(group.id)
    alice.send(group.id, "bob is gone")
    bob.join_group(group.id)
    assert texts(bob.history(group.id, limit=200).events) == bob_saw
    assert texts(bob.history(group.id, after=1, limit=200).events) == bob_saw
    assert texts(bob.sync({group.id: 0})) == bob_saw
    assert len(texts(alice.history(group.id, limit=200).events)) == 7


def test_the_last_owners_leaving_makes_the_longest_member_owner(people):
    alice, bob, carol = people.new("alice"), people.new("bob"), people.new("carol")
    group = alice.create_group(f"ops{next(NUMBERS)}", public=True)
    bob.join_group(group.id)
    carol.join_group(group.id)
    alice.leave_group(group.id)
    members = carol.members(group.id)
    assert {n: m.role for n, m in members.items()} == {
        bob.name: conversation.OWNER, carol.name: conversation.MEMBER}


def test_a_cursor_tells_nothing_of_what_was_said_later(people):
    """It stays within what its user may read: of one who left, and of one who was only invited."""
    alice, bob, carol = people.new("alice"), people.new("bob"), people.new("carol")
    group = alice.create_group(f"ops{next(NUMBERS)}").id
    for invited in (bob, carol):
        alice.call(invite_to_group=conversation.InviteToGroup(target=target(group),
                                                              user=invited.name))
    bob.join_group(group)
    alice.send(group, "before")
    bob.leave_group(group)
    last = bob.history(group).last_seq
    for said in range(3):
        alice.send(group, f"later {said}")
        for link in (bob, carol):
            link.mark_read(group, 2 ** 62 - 1)
            rows = link.call(list_conversations=conversation.ListConversations(ids=[group]))
            seqs = [(row.read_seq, row.last_seq) for row in rows.conversations]
            assert seqs == ([(last, last)] if link is bob else []), link.name


def test_strangers_cannot_use_the_conversation_of_others(people):
    alice, bob, eve = people.new("alice"), people.new("bob"), people.new("eve")
    place = direct(alice.user_id, bob.user_id)
    alice.send(place, "between us")
    no = ("NO_SUCH_CONVERSATION", "NOT_MEMBER")
    assert KithError(eve.send(place, "hello")[0].error).code in no
    with pytest.raises(KithError) as e:
        eve.history(place)
    assert e.value.code in no
    assert place not in {e.conversation for e in eve.sync({place: 0})}
    assert place not in eve.conversations()


# -- presence -----------------------------------------------------------------

def test_who_is_online(people):
    alice, bob = people.new("alice"), people.new("bob")
    second = people.again(bob)
    seen = alice.who(bob.name, alice.name)
    assert set(seen) == {alice.name, bob.name}
    refused("NO_SUCH_USER", alice.who, bob.name, "nobody-at-all")
    assert seen[bob.name].online and seen[bob.name].sessions == 2
    assert {alice.name, bob.name} <= set(alice.who())
    for link in (bob, second):
        link.call(logout=session.Logout())
        link.wait_closed()
    seen = alice.who(bob.name)[bob.name]
    assert not seen.online and seen.sessions == 0
    assert bob.name not in alice.who()


def test_nothing_is_heard_after_the_end(people):
    link = people.new()
    link.call(logout=session.Logout())
    with pytest.raises(Closed):
        while True:
            link.receive()


# -- typing -------------------------------------------------------------------

def no_typing_until(link, sender, place):
    """Whatever `link` was told of typing would have come before this message."""
    sender.send(place, "done typing")
    link.wait_text("done typing")
    assert not [n for n in link.news if n.WhichOneof("body") == "typing"]


def test_typing_is_shown_to_the_others(people):
    alice, bob, carol = people.new("alice"), people.new("bob"), people.new("carol")
    phone = people.again(alice)
    group = alice.create_group(f"tea{next(NUMBERS)}", public=True)
    bob.join_group(f"#{group.name}")
    alice.wait_news("event", lambda e: e.kind == message.JOINED)
    for place in (group.id, direct(alice.user_id, bob.user_id)):
        alice.typing(place)
        shown = bob.wait_news("typing")
        assert (shown.conversation, shown.user_id, shown.name) == (
            place, alice.user_id, alice.name)
    bob.typing(group.id)
    for link in (alice, phone):
        assert link.wait_news("typing").user_id == bob.user_id
    # Not to the writer's own devices, nor to anybody else.
    alice.typing(group.id)
    alice.typing(direct(alice.user_id, alice.user_id))
    bob.wait_news("typing")
    no_typing_until(phone, alice, f"@{alice.name}")
    no_typing_until(carol, alice, f"@{carol.name}")


def test_typing_is_for_those_in_it(people):
    alice, bob = people.new("alice"), people.new("bob")
    group = alice.create_group(f"tea{next(NUMBERS)}", public=True)
    refused("NOT_MEMBER", bob.typing, group.id)
    refused("NOT_MEMBER", bob.typing, 1 << 40)
    refused("NO_SUCH_CONVERSATION", bob.typing, 0)
    refused("NO_SUCH_CONVERSATION", bob.typing, direct(alice.user_id, alice.user_id))
    for lie in (presence.Typing(conversation=direct(alice.user_id, bob.user_id),
                                user_id=alice.user_id),
                presence.Typing(conversation=direct(alice.user_id, bob.user_id), name="alice")):
        refused("BAD_REQUEST", bob.call, typing=lie)
    no_typing_until(alice, bob, f"@{alice.name}")


# -- ids of messages without a counter ------------------------------------------

def test_free_client_ids_need_no_counter(people):
    alice, bob = people.new("alice"), people.new("bob")
    place, free = direct(alice.user_id, bob.user_id), 1 << 62
    first, = alice.send(place, "once", client_id=free | 4711)
    # Harmless on any device of the user, and another user's ids are his own.
    again, = people.again(alice).send(place, "once", client_id=free | 4711)
    assert (again.seq, again.time_ms) == (first.seq, first.time_ms)
    other, = bob.send(place, "mine", client_id=free | 4711)
    assert other.seq == first.seq + 1
    assert bob.wait_text("once").client_id == free | 4711
    assert texts(alice.history(place).events) == ["once", "mine"]
    last = 2 * free - 1
    assert alice.send(place, "the last", client_id=last)[0].seq == other.seq + 1
    for wrong in (2 * free, 2 * free | 1, 0, free - 1):
        refused("BAD_REQUEST", alice.send, place, "x", client_id=wrong)
    refused("BAD_REQUEST", alice.send, [f"@{bob.name}", f"@{alice.name}"], "x", client_id=last)
    # The counter goes on as if they were not there.
    assert people.resume(alice).counter == alice.counter
