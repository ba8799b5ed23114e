"""swarm.py - many devices at once, on asyncio: the load of the fault tests.

A Device behaves as kith-protocol(7) asks of a client: it resends with the same
client id until it has an answer, shows events in order of seq, treats
live events as hints, and syncs when there is a hole or a Resync.
"""
import asyncio
import random
import ssl

from .checker import Shown
from .schema import CODE, code_name, conversation, error, frame, message, session

# Refusals after which the same request may succeed later.
PASSING = {CODE[name] for name in ("RATE_LIMITED", "BUSY", "SERVER_FULL", "UNAVAILABLE",
                                   "SHUTTING_DOWN")}
REQUEST_S = 15          # more than the server's own bound (REQUEST_MS)
PAGE = 200


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, reply_error):
        super().__init__(f"{code_name(reply_error.code)}: {reply_error.text}")
        self.code = reply_error.code
        self.passing = reply_error.code in PASSING
        self.retry_after = reply_error.retry_after_ms / 1000


class Gone(Exception):
    """The connection ended, or an answer did not come in time."""


class Connection:
    """Frames over one TCP or TLS connection, and answers by request id."""

    def __init__(self, on_news):
        self.on_news = on_news      # called with each Reply that answers nothing
        self.waiting = {}
        self.number = 0
        self.reader = self.writer = self.task = None

    async def open(self, address, tls=False, timeout=10):
        context = None
        if tls:
            # The key is checked by the tests of kith; here only TLS's own work counts.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(["kith/1"])
        try:
            self.reader, self.writer = await asyncio.wait_for(
                asyncio.open_connection(*address, ssl=context), timeout)
            self.task = asyncio.create_task(self.read())
            await self.request(hello=session.Hello(version_min=1, version_max=1,
                                                   client="kith-swarm"))
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as e:
            self.abort()
            raise Gone(str(e)) from e
        except (Gone, Refused):
            self.abort()
            raise

    async def read(self):
        try:
            while True:
                size = int.from_bytes(await self.reader.readexactly(4), "big")
                reply = frame.Reply.FromString(await self.reader.readexactly(size))
                future = self.waiting.pop(reply.id, None) if reply.id else None
                if future is None:
                    self.on_news(reply)
                elif not future.done():
                    future.set_result(reply)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.writer.transport.abort()
            for future in self.waiting.values():
                if not future.done():
                    future.set_exception(Gone("connection ended"))
            self.waiting.clear()

    def post(self, **body):
        """Sends a request; returns its id."""
        if self.closed():
            raise Gone("connection ended")
        self.number += 1
        data = frame.Request(id=self.number, **body).SerializeToString()
        self.writer.write(len(data).to_bytes(4, "big") + data)
        return self.number

    async def request(self, **body):
        """Sends a request; returns its reply, or raises Refused or Gone."""
        number = self.post(**body)
        future = self.waiting[number] = asyncio.get_running_loop().create_future()
        try:
            reply = await asyncio.wait_for(future, REQUEST_S)
        except asyncio.TimeoutError as e:
            self.abort()
            raise Gone("no answer in time") from e
        finally:
            self.waiting.pop(number, None)
        if reply.WhichOneof("body") == "error":
            raise Refused(reply.error)
        return reply

    def closed(self):
        return self.task is None or self.task.done() or self.writer.transport.is_closing()

    def abort(self):
        """Cuts the connection, as a killed client does."""
        if self.writer:
            self.writer.transport.abort()

    async def close(self):
        """Cuts it and waits for the reading to end."""
        self.abort()
        if self.task:
            await asyncio.wait([self.task])


class Device:
    """One login of one user that stays connected until told otherwise."""

    def __init__(self, name, checker, tls=False):
        self.name, self.checker, self.tls = name, checker, tls
        self.address = None
        self.user = self.device = self.counter = 0
        self.token = None
        self.connection = None
        self.ready = asyncio.Event()        # logged in and caught up
        self.behind = asyncio.Event()       # something is missing: sync
        self.have = {}                      # conversation -> last seq shown
        self.told = {}                      # conversation -> highest seq heard of
        self.stay = True
        self.connects = 0
        self.refusals = {}                  # name of error -> times

    # -- connection -----------------------------------------------------------

    async def first_login(self, address, password, invite=None):
        """Registers (with an invite) or logs in, then disconnects: run() makes its own connection."""
        self.address = address
        link = Connection(self.news)
        await link.open(address, self.tls)
        if invite:
            reply = await link.request(register_account=session.Register(
                name=self.name, password=password, invite=invite, device_name="swarm"))
        else:
            reply = await link.request(login_password=session.LoginPassword(
                name=self.name, password=password, device_name="swarm"))
        self.user, self.device = reply.logged_in.user_id, reply.logged_in.device
        self.token = reply.logged_in.token
        await link.close()

    async def run(self):
        """Connects, syncs, and does so again whenever the connection ends."""
        delay = 0.02
        while self.stay:
            self.connection = Connection(self.news)
            try:
                await self.connection.open(self.address, self.tls)
                await self.connection.request(login_token=session.LoginToken(token=self.token))
                self.connects += 1
                self.behind.set()
                delay = 0.02
                await self.stay_current()
            except Refused as e:
                self.refused(e)
                delay = max(delay, e.retry_after)
            except Gone:
                pass
            self.ready.clear()
            await self.connection.close()
            if self.stay:
                await asyncio.sleep(delay * random.uniform(0.5, 1.5))
                delay = min(delay * 2, 0.5)

    def leave(self):
        """Cuts the connection and does not come back."""
        self.stay = False
        self.connection.abort()

    def refused(self, e):
        name = code_name(e.code)
        self.refusals[name] = self.refusals.get(name, 0) + 1
        if not e.passing:
            raise e

    # -- receiving --------------------------------------------------------------

    def news(self, reply):
        kind = reply.WhichOneof("body")
        if kind == "event":
            self.event(reply.event)
        elif kind == "resync":
            self.behind.set()
        elif kind == "ping":
            self.connection.post(pong=session.Pong())

    def event(self, e):
        """Shows what comes next in its conversation; notes what does not."""
        here = e.conversation
        self.told[here] = max(self.told.get(here, 0), e.seq)
        if e.seq == 1:
            self.have.setdefault(here, 0)
        if here not in self.have or e.seq > self.have[here] + 1:
            self.behind.set()
        elif e.seq == self.have[here] + 1:
            self.have[here] = e.seq
            self.checker.seen(f"{self.name}/{self.device}", self.user,
                              Shown(here, e.seq, e.sender, e.client_id, e.text))

    async def stay_current(self):
        """Syncs whenever something is missing, until the connection ends."""
        ended = self.connection.task
        while True:
            behind = asyncio.create_task(self.behind.wait())
            await asyncio.wait((ended, behind), return_when=asyncio.FIRST_COMPLETED)
            behind.cancel()
            if ended.done():
                return
            self.behind.clear()
            await self.sync()
            if all(self.have.get(c, 0) >= seq for c, seq in self.told.items()):
                self.ready.set()

    async def sync(self):
        more = True
        while more:
            have = [message.Have(conversation=c, seq=s) for c, s in self.have.items()]
            page = (await self.connection.request(
                sync=message.Sync(have=have, limit=PAGE))).sync_page
            for position in page.positions:
                here = position.conversation
                self.have[here] = max(self.have.get(here, 0), position.from_seq - 1)
                self.told[here] = max(self.told.get(here, 0), position.last_seq)
            for e in page.events:
                self.event(e)
            more = page.more

    # -- requests -----------------------------------------------------------------

    async def call(self, on_attempt=lambda: None, **body):
        """Sends a request that may be repeated, until it is answered."""
        while True:
            try:
                await self.ready.wait()
                on_attempt()
                return await self.connection.request(**body)
            except Refused as e:
                self.refused(e)
                await asyncio.sleep(max(e.retry_after, 0.05))
            except Gone:
                await asyncio.sleep(0.02)

    async def send(self, targets, text):
        """Sends one text to `targets`, with the same client id until each copy has its ack."""
        first = self.device << 32 | (self.counter + 1)
        self.counter += len(targets)
        body = message.Send(targets=targets, client_id=first, text=text)

        def attempt():
            for copy in range(len(targets)):
                self.checker.send(self.user, first + copy, text)

        while True:
            sent = (await self.call(attempt, send=body)).sent
            refusals = [o.error for o in sent.outcomes if o.error.code != error.OK]
            for copy, outcome in enumerate(sent.outcomes):
                if outcome.error.code == error.OK:
                    self.checker.ack(self.user, first + copy, outcome.conversation, outcome.seq)
            if not refusals:
                return sent
            for refusal in refusals:
                self.refused(Refused(refusal))
            await asyncio.sleep(0.05)

    async def log_of(self, target):
        """All events of a conversation that this user may read, from its end backwards."""
        events, before, more = [], 0, True
        while more:
            page = (await self.call(history=message.History(
                target=target, before=before, limit=PAGE))).history_page
            events[:0] = [Shown(e.conversation, e.seq, e.sender, e.client_id, e.text)
                          for e in page.events]
            before, more = events[0].seq, page.more
        return events

    async def conversations(self):
        """All conversations of this user."""
        rows, after = [], 0
        while True:
            page = (await self.call(list_conversations=conversation.ListConversations(
                after=after, limit=100))).conversations
            rows += page.conversations
            if not page.more:
                return rows
            after = rows[-1].id


def to_user(name):
    return message.Target(user=name)


def to_group(name):
    return message.Target(group=name)


def to_conversation(number):
    return message.Target(conversation=number)
