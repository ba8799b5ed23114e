"""fake.py - a server that can be told to misbehave, for tests of kith alone.

It keeps everything in memory, listens on loopback without TLS, and speaks the
protocol well enough for kith. Tests set `faults`, or call methods that a real
server does not have.
"""
import contextlib
import socket
import threading
import time

from . import build
from .schema import CODE, conversation, error, frame, message, presence, session

DIRECT = 1 << 62
GROUP_KIND, DIRECT_KIND = conversation.GROUP, conversation.DIRECT


class Log:
    """One conversation."""

    def __init__(self, number, name=None, members=()):
        self.number, self.name, self.members = number, name, set(members)
        self.events = []


class Link:
    """One connection."""

    def __init__(self, sock):
        self.sock, self.user, self.device, self.lock = sock, None, 0, threading.Lock()

    def send(self, **body):
        data = frame.Reply(**body).SerializeToString()
        with self.lock, contextlib.suppress(OSError):
            self.sock.sendall(len(data).to_bytes(4, "big") + data)

    def fail(self, number, name, text="", retry_after=0):
        self.send(id=number, error=error.Error(code=CODE[name], text=text,
                                               retry_after_ms=retry_after))

    def cut(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


class FakeServer:
    """A login creates the user; everybody is in #lobby."""

    def __init__(self):
        self.users, self.logs, self.links = {}, {}, []
        self.tokens, self.cursors, self.answers, self.devices = {}, {}, {}, 0
        self.faults = []            # functions (link, request) -> True: handled; used once
        self.live = True            # are events told to those online?
        self.seen = []              # every request, by name
        self.lock = threading.RLock()
        self.logs[1] = Log(1, "lobby")
        self.port = 0
        self.open()
        self.port = self.listener.getsockname()[1]

    def url(self, invite="INVITE"):
        return f"kith+plain://127.0.0.1:{self.port}/{invite}"

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)    # or accept() goes on waiting
        self.listener.close()
        self.cut_all()

    def open(self):
        """Listens again, after close()."""
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def cut_all(self):
        with self.lock:
            for link in self.links:
                link.cut()

    # -- connections ------------------------------------------------------------

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.serve, args=(Link(sock),), daemon=True).start()

    def serve(self, link):
        with self.lock:
            self.links.append(link)
        stream = link.sock.makefile("rb")
        with contextlib.suppress(OSError, ValueError):
            while size := stream.read(4):
                request = frame.Request.FromString(stream.read(int.from_bytes(size, "big")))
                with self.lock:
                    self.take(link, request)
        with self.lock:
            self.links.remove(link)
        link.sock.close()

    def take(self, link, request):
        name = request.WhichOneof("body")
        self.seen.append(name)
        for fault in self.faults:
            if fault(link, request):
                self.faults.remove(fault)
                return
        getattr(self, "do_" + name)(link, request.id, getattr(request, name))

    def wait_for(self, name, count=1, timeout=20):
        """Waits until `count` requests of this name have come."""
        end = time.monotonic() + timeout
        while self.seen.count(name) < count:
            assert time.monotonic() < end, f"no {name}; only {self.seen}"
            time.sleep(0.01)

    # -- accounts ----------------------------------------------------------------

    def do_hello(self, link, number, _):
        link.send(id=number, welcome=session.Welcome(
            version=1, server="fake", limits=session.Limits(
                frame_bytes=65536, text_bytes=8000, in_flight=16, heartbeat_ms=25000,
                heartbeat_missed=2)))

    def user(self, name):
        number = self.users.setdefault(name, len(self.users) + 1)
        self.logs[1].members.add(number)
        return number

    def name(self, number):
        return next((n for n, u in self.users.items() if u == number), "")

    def enter(self, link, number, name):
        self.devices += 1
        token = f"{self.devices:043d}"
        self.tokens[token] = (self.user(name), self.devices)
        link.user, link.device = self.tokens[token]
        link.send(id=number, logged_in=session.LoggedIn(
            user_id=link.user, name=name, device=link.device, token=token))

    def do_register_account(self, link, number, body):
        self.enter(link, number, body.name)

    def do_login_password(self, link, number, body):
        self.enter(link, number, body.name)

    def do_login_token(self, link, number, body):
        if body.token not in self.tokens:
            link.fail(number, "TOKEN_INVALID")
            return
        link.user, link.device = self.tokens[body.token]
        stored = [c for c in self.answers if c >> 32 == link.device]
        link.send(id=number, logged_in=session.LoggedIn(
            user_id=link.user, name=self.name(link.user), device=link.device,
            last_client_id=max(stored, default=0)))

    def do_ping(self, link, number, _):
        link.send(id=number, pong=session.Pong())

    def do_pong(self, link, number, _):
        pass

    # -- conversations --------------------------------------------------------------

    def log_of(self, link, target):
        kind = target.WhichOneof("to")
        if kind == "conversation":
            return self.logs.get(target.conversation)
        if kind == "group":
            return next((log for log in self.logs.values() if log.name == target.group), None)
        if target.user not in self.users:
            return None
        return self.direct(link.user, self.users[target.user])

    def direct(self, one, other):
        low, high = sorted((one, other))
        number = DIRECT | low << 31 | high
        return self.logs.setdefault(number, Log(number, None, (low, high)))

    def row(self, link, log):
        other = next(iter(log.members - {link.user}), link.user)
        return conversation.Conversation(
            id=log.number, kind=GROUP_KIND if log.name else DIRECT_KIND, role=conversation.MEMBER,
            name=log.name or self.name(other), since_seq=1, last_seq=len(log.events),
            read_seq=self.cursors.get((link.user, log.number), 0),
            unread=self.unread(link.user, log))

    def unread(self, user, log):
        read = self.cursors.get((user, log.number), 0)
        return sum(e.seq > read and e.sender != user for e in log.events)

    def do_list_conversations(self, link, number, body):
        rows = [self.row(link, log) for log in sorted(self.logs.values(), key=lambda l: l.number)
                if link.user in log.members and (log.number in body.ids or not body.ids)
                and log.number > body.after]
        link.send(id=number, conversations=conversation.Conversations(conversations=rows))

    def do_list_groups(self, link, number, body):
        self.do_list_conversations(link, number, conversation.ListConversations(ids=[1]))

    def group(self, name):
        return next((log for log in self.logs.values() if log.name == name), None)

    def texts(self, name="lobby"):
        """What is stored in a group."""
        log = self.group(name)
        return [e.text for e in log.events] if log else []

    def do_create_group(self, link, number, body):
        if self.group(body.name):
            link.fail(number, "NAME_TAKEN")
            return
        log = Log(max(n for n in self.logs if n < DIRECT) + 1, body.name, {link.user})
        self.logs[log.number] = log
        link.send(id=number, joined=conversation.Joined(conversation=self.row(link, log)))

    def do_join_group(self, link, number, body):
        log = self.group(body.target.group)
        if log is None:
            link.fail(number, "NO_SUCH_GROUP")
            return
        log.members.add(link.user)
        link.send(id=number, joined=conversation.Joined(conversation=self.row(link, log)))

    def do_leave_group(self, link, number, body):
        self.group(body.target.group).members.discard(link.user)
        link.send(id=number, done=session.Done())

    def do_who(self, link, number, body):
        rows = [presence.Presence(user_id=u, name=n, online=True) for n, u in self.users.items()]
        link.send(id=number, presences=presence.Presences(users=rows))

    # -- messages -----------------------------------------------------------------------

    def store(self, log, sender, text, client_id=0, kind=message.MESSAGE):
        """Appends an event; tell() delivers it live."""
        e = message.Event(conversation=log.number, seq=len(log.events) + 1,
                          time_ms=int(time.time() * 1000), kind=kind, sender=self.user(sender),
                          sender_name=sender, text=text, client_id=client_id)
        log.events.append(e)
        return e

    def tell(self, e, times=1):
        for link in self.links:
            if link.user in self.logs[e.conversation].members:
                for _ in range(times):
                    link.send(event=e)

    def say(self, sender, text, to=None, live=True):
        """Somebody says something in #lobby, or to one person."""
        with self.lock:
            sender_id = self.user(sender)
            log = self.direct(sender_id, self.user(to)) if to else self.logs[1]
            e = self.store(log, sender, text)
            if live:
                self.tell(e)
            return e

    def do_send(self, link, number, body):
        outcomes = []
        for copy, target in enumerate(body.targets):
            log, client_id = self.log_of(link, target), body.client_id + copy
            if log is None:
                kind = "NO_SUCH_GROUP" if target.group else "NO_SUCH_USER"
                outcomes.append(message.Outcome(error=error.Error(code=CODE[kind])))
                continue
            e = self.answers.get(client_id)
            if e is None:
                e = self.answers[client_id] = self.store(log, self.name(link.user), body.text,
                                                         client_id)
                if self.live:
                    self.tell(e)
            elif (e.conversation, e.text) != (log.number, body.text):
                outcomes.append(message.Outcome(error=error.Error(code=CODE["CLIENT_ID_TAKEN"])))
                continue
            outcomes.append(message.Outcome(conversation=log.number, seq=e.seq,
                                            time_ms=e.time_ms))
        link.send(id=number, sent=message.Sent(outcomes=outcomes))

    def do_history(self, link, number, body):
        log = self.log_of(link, body.target)
        if log is not None and link.user not in log.members:
            link.fail(number, "NOT_MEMBER")
            return
        if log is None:
            kind = "NO_SUCH_GROUP" if body.target.group else "NO_SUCH_USER"
            link.fail(number, kind)
            return
        limit, events = body.limit or 50, log.events
        if body.after:
            page = events[body.after:body.after + limit]
            more = body.after + limit < len(events)
        else:
            end = body.before - 1 if body.before else len(events)
            page, more = events[max(0, end - limit):end], end > limit
        link.send(id=number, history_page=message.HistoryPage(
            conversation=log.number, events=page, more=more, last_seq=len(events)))

    def do_sync(self, link, number, body):
        have, events, positions, more = {h.conversation: h.seq for h in body.have}, [], [], False
        for log in self.logs.values():
            if link.user not in log.members:
                continue
            seq = have.get(log.number, self.cursors.get((link.user, log.number), 0))
            missed = log.events[seq:]
            taken = missed[:max(0, body.limit - len(events))]
            more |= len(taken) < len(missed)
            events += taken
            if missed:
                positions.append(message.Position(
                    conversation=log.number, from_seq=seq + 1, last_seq=len(log.events),
                    sent_seq=taken[-1].seq if taken else 0))
        link.send(id=number, sync_page=message.SyncPage(events=events, positions=positions,
                                                        more=more))

    def do_mark_read(self, link, number, body):
        key = (link.user, body.conversation)
        self.cursors[key] = max(self.cursors.get(key, 0), body.seq)
        link.send(id=number, done=session.Done())


class Held:
    """The next request of a name waits until go()."""

    def __init__(self, fake, name):
        self.fake, self.name, self.held = fake, name, threading.Event()
        fake.faults.append(self.take)

    def take(self, link, request):
        if request.WhichOneof("body") != self.name:
            return False
        self.link, self.request = link, request
        self.held.set()
        return True

    def wait(self):
        assert self.held.wait(20 * build.PATIENCE), f"no {self.name}"

    def go(self):
        self.wait()
        with self.fake.lock:
            self.fake.take(self.link, self.request)

    def fail(self, code):
        self.wait()
        self.link.fail(self.request.id, code)
