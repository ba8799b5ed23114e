"""pb.py - a client of its own, from the .proto files and kith-protocol(7) alone.

It shares no code with libkith: any other client can do what it does. It blocks,
one request at a time; news that arrive in between wait in `news`.
"""
import base64
import hashlib
import hmac
import socket
import ssl
import time
from collections import deque

from .schema import code_name, conversation, frame, message, presence, session

DIRECT = 1 << 62


class KithError(Exception):
    """The server answered with an error."""

    def __init__(self, error):
        super().__init__(f"{code_name(error.code)}: {error.text}")
        self.code = code_name(error.code)
        self.retry_after_ms = error.retry_after_ms


class Closed(Exception):
    """The server closed the connection; `reason` is its last word, or None."""

    def __init__(self, reason=None):
        super().__init__(reason or "closed without a word")
        self.reason = reason


class WrongKey(Exception):
    """The server has another key than the pinned one."""


def direct(one, other):
    """The id of the conversation of two users."""
    return DIRECT | min(one, other) << 31 | max(one, other)


def target(name):
    """'@alice', '#ops' or the id of a conversation."""
    if isinstance(name, int):
        return message.Target(conversation=name)
    kind = {"@": "user", "#": "group"}[name[0]]
    return message.Target(**{kind: name[1:]})


def der_parts(data):
    """The values inside a DER sequence: (whole, content) of each."""
    at = 0
    while at < len(data):
        size, start = data[at + 1], at + 2
        if size & 0x80:
            start += size & 0x7f
            size = int.from_bytes(data[at + 2:start], "big")
        yield data[at:start + size], data[start:start + size]
        at = start + size


def fingerprint_of(certificate):
    """SHA256:... of the public key in a DER certificate (RFC 5280, 4.1)."""
    [(_, inside)] = der_parts(certificate)
    _, to_be_signed = next(der_parts(inside))
    fields = [whole for whole, _ in der_parts(to_be_signed)]
    if fields[0][0] == 0xa0:        # the version, which is optional
        fields.pop(0)
    key = fields[5]                 # serial, algorithm, issuer, validity, subject, key
    digest = hashlib.sha256(key).digest()
    return "SHA256:" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


class PbClient:
    """One connection. `fingerprint` None takes any key: only for tests of other things."""

    def __init__(self, address, tls=True, fingerprint=None, timeout=20):
        self.timeout = timeout
        self.socket = socket.create_connection(tuple(address), timeout)
        self.number = 0
        self.news = deque()         # events and what else the server tells unasked
        self.buffer = b""
        self.user_id = self.device = self.counter = 0
        if tls:
            try:
                self.start_tls(fingerprint)
            except BaseException:
                self.close()
                raise

    def start_tls(self, fingerprint):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["kith/1"])
        # The key is pinned, so names and authorities say nothing more.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)
        has = fingerprint_of(self.socket.getpeercert(binary_form=True))
        if fingerprint and not hmac.compare_digest(has, fingerprint):
            raise WrongKey(has)

    # -- frames ---------------------------------------------------------------

    def write(self, data):
        """Writes raw bytes: good frames or bad ones."""
        self.socket.sendall(data)

    def post(self, **body):
        """Sends a request without waiting for the reply; its id."""
        self.number += 1
        data = frame.Request(id=self.number, **body).SerializeToString()
        self.write(len(data).to_bytes(4, "big") + data)
        return self.number

    def exactly(self, count):
        """Reads so many bytes. After a timeout the bytes so far are kept for the next try."""
        while len(self.buffer) < count:
            try:
                more = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLEOFError):
                more = b""
            if not more:
                raise Closed()
            self.buffer += more
        return self.buffer[:count]

    def receive(self):
        """The next Reply. Answers pings itself; raises Closed at the end."""
        while True:
            size = 4 + int.from_bytes(self.exactly(4), "big")
            reply = frame.Reply.FromString(self.exactly(size)[4:])
            self.buffer = self.buffer[size:]
            kind = reply.WhichOneof("body")
            if kind == "closing":
                raise Closed(code_name(reply.closing.reason.code))
            if kind == "ping":
                self.post(pong=session.Pong())
                continue
            return reply

    def reply_to(self, number):
        while True:
            reply = self.receive()
            if reply.id == number:
                return reply
            assert reply.id == 0, f"a reply to nothing: {reply}"
            self.news.append(reply)

    def call(self, **body):
        """Sends one request; returns the body of its reply, or raises KithError."""
        reply = self.reply_to(self.post(**body))
        kind = reply.WhichOneof("body")
        if kind == "error":
            raise KithError(reply.error)
        return getattr(reply, kind)

    def wait_news(self, kind, when=lambda body: True, timeout=None):
        """The next news of this kind for which `when` holds. Other news are kept."""
        deadline = time.monotonic() + (timeout or self.timeout)
        seen = 0
        while True:
            while seen < len(self.news):
                reply = self.news[seen]
                if reply.WhichOneof("body") == kind and when(getattr(reply, kind)):
                    del self.news[seen]
                    return getattr(reply, kind)
                seen += 1
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no {kind}")
            self.socket.settimeout(left)
            try:
                self.news.append(self.receive())
            finally:
                self.socket.settimeout(self.timeout)

    def wait_text(self, text):
        """Waits for the event with this text."""
        return self.wait_news("event", lambda event: event.text == text)

    def wait_closed(self):
        """Reads to the end; returns the reason of Closing, or None."""
        try:
            while True:
                self.news.append(self.receive())
        except Closed as e:
            return e.reason

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- requests -------------------------------------------------------------

    def hello(self):
        return self.call(hello=session.Hello(version_min=1, version_max=1, client="pb"))

    def logged_in(self, answer):
        self.user_id, self.device = answer.user_id, answer.device
        self.counter = answer.last_client_id & 0xffffffff
        return answer

    def register(self, name, password, invite="", device_name="pb"):
        return self.logged_in(self.call(register_account=session.Register(
            name=name, password=password, invite=invite, device_name=device_name)))

    def login(self, name, password, device_name="pb"):
        return self.logged_in(self.call(login_password=session.LoginPassword(
            name=name, password=password, device_name=device_name)))

    def login_token(self, token):
        return self.logged_in(self.call(login_token=session.LoginToken(token=token)))

    def next_id(self, copies=1):
        """Takes the client ids for so many copies."""
        first = self.device << 32 | self.counter + 1
        self.counter += copies
        return first

    def send(self, to, text, client_id=None):
        """Sends to a target or a list of them; returns the outcomes."""
        targets = [target(t) for t in (to if isinstance(to, list) else [to])]
        if client_id is None:
            client_id = self.next_id(len(targets))
        return list(self.call(send=message.Send(
            targets=targets, client_id=client_id, text=text)).outcomes)

    def history(self, of, **page):
        return self.call(history=message.History(target=target(of), **page))

    def sync(self, have, limit=0):
        """Fetches all events beyond `have` ({conversation: seq}), and updates it."""
        events = []
        while True:
            page = self.call(sync=message.Sync(limit=limit, have=[
                message.Have(conversation=c, seq=s) for c, s in have.items()]))
            events += page.events
            for place in page.positions:
                have[place.conversation] = max(place.sent_seq, place.from_seq - 1)
            if not page.more:
                return events
            assert page.events, "more, but no progress"

    def mark_read(self, conversation_id, seq):
        self.call(mark_read=message.MarkRead(conversation=conversation_id, seq=seq))

    def conversations(self):
        """{id: Conversation}, all pages."""
        found, more = {}, True
        while more:
            page = self.call(list_conversations=conversation.ListConversations(
                after=max(found, default=0)))
            found.update((c.id, c) for c in page.conversations)
            more = page.more
        return found

    def create_group(self, name, topic="", public=False):
        return self.call(create_group=conversation.CreateGroup(
            name=name, topic=topic, public=public)).conversation

    def join_group(self, of):
        return self.call(join_group=conversation.JoinGroup(target=target(of))).conversation

    def leave_group(self, of):
        self.call(leave_group=conversation.LeaveGroup(target=target(of)))

    def invite_to_group(self, of, user):
        self.call(invite_to_group=conversation.InviteToGroup(target=target(of), user=user))

    def members(self, of):
        """{name: Member}."""
        page = self.call(list_members=conversation.ListMembers(target=target(of)))
        return {m.name: m for m in page.members}

    def groups(self):
        """{name: Conversation}, all pages."""
        found, after, more = {}, 0, True
        while more:
            page = self.call(list_groups=conversation.ListGroups(after=after))
            for group in page.conversations:
                found[group.name], after = group, group.id
            more = page.more
        return found

    def who(self, *names):
        """{name: Presence}."""
        page = self.call(who=presence.Who(names=names))
        return {p.name: p for p in page.users}

    def typing(self, conversation_id):
        self.call(typing=presence.Typing(conversation=conversation_id))

    def create_hook(self, of, name):
        return self.call(create_hook=session.CreateHook(target=target(of), name=name))

    def sessions(self):
        """{device: Session}."""
        return {s.device: s for s in self.call(list_sessions=session.ListSessions()).sessions}
