"""Three people type at the chat, over bad connections, to a server that is restarted.

Each step is drawn from a seed (KITH_SEED gives another one): lines, commands that change the
target, bursts of both, pastes, leaving and coming back. What each person saw on the screen says
where a line has to be; kithtest/typed.py compares that with the server's database.
"""
import asyncio
import os
import random
import re
import signal
import time

import pytest

from kithtest import build
from kithtest.cli import Kith
from kithtest.pb import PbClient
from kithtest.proxy import Proxy
from kithtest.server import Server, kill_quietly
from kithtest.typed import Change, Item, Judge, Log, Session, token_of
from kithtest.typist import Ended, Typist, squash

STEPS = build.scaled(10000, 10000, 10000)
SECONDS = build.scaled(3, 10, 1200)     # whichever comes first
STEPS_MIN = build.scaled(20, 60, 2000)  # fewer would prove nothing
NAMES = ("alice", "bob", "carol")
GROUPS = ("#tea", "#ops", "#lunch")
PRIVATE = "#hidden"                     # alice's
SIZES = ((24, 80), (16, 48), (30, 100), (20, 64))
NOISE = ("/who", "/names", "/ls", "/unread", "/history 30", "/more", "/help", "/clear", "/whoami",
         "/groups", "/drop 99", "/full")
WORDS = ("the kettle is on", "在吗？我在厨房里", "점심 먹으러 갑시다",
         "cafe\u0301 nai\u0308ve u\u0308ber",
         "does anybody know where the key of the second printer is, it was here yesterday evening",
         "printer", ("你好 hello 안녕 " * 6).strip(), "a b  c", "see /etc/kith and @nobody or #1",
         "x" * 130)
BUSY = 6                                # texts on their way; then one waits
PATIENT = 40                            # times, of three seconds
UNDER_WAY = re.compile(r"~ (?:waits|sending|(\d+) more)")
FAILED = re.compile(r"!(\d+) (?:not sent|perhaps stored)")


class Person:
    """Somebody with a terminal, a bad connection, and a head of random steps."""

    def __init__(self, name, place, seed, server):
        self.name, self.server = name, server
        self.random = random.Random(f"{seed} {name}")
        self.proxy = Proxy(lambda: server.address, f"{seed} {name} proxy")
        self.kith = Kith()
        self.number = place * 30000
        self.typist = None
        self.items, self.sessions, self.resent = [], [], []
        self.chain = []                 # what changed the target in this session
        self.drops, self.end = [], 0
        self.groups = ["#lobby", *GROUPS]
        self.trace = []
        self.doing = ""
        self.raw = b""                  # what earlier sessions wrote

    # -- the model: where a line may go -----------------------------------------

    def allowed(self):
        """The targets that the prompt may name now: that of the last command, or if it has been
        refused also that of the one before."""
        words = set()
        for change in reversed(self.chain):
            words.add(change.word)
            if not change.refused:
                return frozenset(words)
        return frozenset(words | {""})

    def on_drawn(self, item, prompt):
        item.prompt = prompt.word
        if item.sets in self.chain:
            return
        item.allowed = self.allowed()
        if item.sets and prompt.word != "?":
            self.chain = [*self.chain[-20:], item.sets]
            self.typist.tail = ""

    def on_output(self):
        tail = self.typist.tail
        for change in self.chain:
            if not change.refused and any(words in tail for words in change.refusals):
                change.refused = True
        if not self.chain and (prompt := self.typist.prompt()):
            self.chain = [self.change(prompt.word)]

    def change(self, word, command="", named=""):
        return Change(word, (squash(f"-- {named or word}:"),
                             *((squash(f"not done: {command}"),) if command else ())))

    # -- what is typed ----------------------------------------------------------

    def token(self):
        self.number += 1
        return token_of(self.number)

    def new_name(self, kind):
        self.number += 1
        return f"{kind}{self.number}"

    def item(self, typed, token="", **more):
        item = Item(token, typed, where=f"{self.name}, session {len(self.sessions)}, "
                                        f"step {len(self.trace)}", **more)
        self.items.append((len(self.sessions), item))
        return item

    def text(self):
        """A line of text; some begin with a slash."""
        token = self.token()
        words = self.random.choice(WORDS)
        slash = self.random.random() < 0.05
        body = f"{'/' if slash else ''}{token} {words}"
        return self.item(("/" if slash else "") + body, token, body=body)

    def somebody(self):
        return "@" + self.random.choice([name for name in NAMES if name != self.name])

    def target(self):
        """Mostly one that exists."""
        dice = self.random.random()
        if dice < 0.1:
            return self.random.choice("@#") + self.new_name("no")
        if dice < 0.15:
            return PRIVATE
        return self.somebody() if dice < 0.4 else self.random.choice(self.groups)

    def msg(self):
        targets = list(dict.fromkeys(self.target() for _ in range(self.random.choice((1, 1, 2)))))
        token = self.token()
        body = f"{token} {self.random.choice(WORDS)}"
        return self.item(f"/msg {','.join(targets)} {body}", token, body=body, to=tuple(targets))

    def query(self):
        word = self.target()
        command = f"/query {word}"
        if self.random.random() < 0.6:
            return self.item(command, sets=self.change(word, command[1:]))
        token = self.token()
        body = f"{token} {self.random.choice(WORDS)}"
        return self.item(f"{command} {body}", token, body=body, to=(word,),
                         sets=self.change(word, command[1:]))

    def join(self):
        word = self.random.choice((*self.groups, *GROUPS, PRIVATE, "#" + self.new_name("no")))
        return self.item(f"/join {word}", sets=self.change(word, f"join {word}"))

    def create(self):
        word = "#" + self.new_name("new")
        self.groups = ["#lobby", *GROUPS, word]
        private = " private" * self.random.randrange(2)
        return self.item(f"/create {word}{private}", sets=self.change(word, f"create {word}"))

    # -- typing it ----------------------------------------------------------------

    async def drawn(self, item):
        await self.typist.until(f"{item.typed!r} is on the line", lambda: item.prompt is not None)

    async def accepted(self):
        """The line is empty; returns the prompt."""
        def empty():
            prompt = self.typist.prompt()
            return prompt and not prompt.text and prompt
        return await self.typist.until("the line is taken", empty)

    async def enter(self, item, key="\r", typed=None):
        """Types it, sees it, and only then presses Enter."""
        self.typist.watch(item)
        self.typist.type(typed or item.typed)
        await self.drawn(item)
        self.typist.type(key)
        return await self.accepted()

    async def burst(self, items):
        """Several lines at once look like a paste, whether this terminal marks pastes or not: one
        message, or none, and no command."""
        items = [*items, self.text()]
        del self.items[-len(items):]
        typed = [item.typed for item in items]
        token = items[0].token
        if not token:           # in the first line: of what waits or failed the end is cut off
            token = self.token()
            typed[0] += f" {token}"
        item = self.item(typed[0], token, body="\n".join(typed))
        self.typist.watch(item)
        self.typist.type("".join(line + "\r" for line in typed))
        await self.drawn(item)
        prompt = await self.accepted()
        assert prompt.word == "?", f"{item}: came at once, and no question"
        await self.after_paste(item, prompt)

    async def after_paste(self, item, prompt):
        """Must there be a question? Is there one?"""
        asked = prompt.word == "?"
        if asked:
            await self.answer(item)
        must = item.body.startswith("/") or item.body.count("\n") >= 8
        assert asked or not must, f"{item}: pasted, and sent without a question"

    async def answer(self, item):
        key = self.random.choice("ynp\x03" if item.body.startswith("@") else "yn\x03")
        if key in "n\x03":
            item.never = "answered with no"
        elif key == "p":
            word, _, item.body = item.body.partition(" ")
            item.to = (word,)

        def shows(text):
            prompt = self.typist.prompt()
            return prompt and (prompt.word != "?" and not prompt.text or prompt.text == text)
        asked = True
        while asked:            # a key that comes too early is thrown away
            self.typist.type(key)
            await self.typist.until("the key is there", lambda: shows(key))
            await self.typist.until("the key is taken", lambda: shows(""))
            asked = self.typist.prompt().word == "?"

    # -- steps ----------------------------------------------------------------------

    async def step_line(self):
        await self.enter(self.text(), self.random.choices("\r\n\x0f", (20, 3, 1))[0])

    async def step_burst(self):
        makers = (self.text, self.text, self.text, self.msg, self.query, self.join, self.create)
        count = self.random.randint(2, 5)
        await self.burst([self.random.choice(makers)() for _ in range(count)])

    async def step_command(self):
        await self.enter(self.random.choice((self.query, self.query, self.join, self.create,
                                             self.msg, self.msg))())

    async def step_leave(self):
        prompt = self.typist.prompt()
        if not prompt or prompt.text or prompt.state or prompt.word not in (*GROUPS, PRIVATE):
            return
        command = f"/leave {prompt.word}"
        item = self.item(command, sets=self.change("", command[1:], prompt.word))
        await self.enter(item)

    async def step_paste(self):
        lines = self.random.choice((1, 2, 3, 9, 12))
        token = self.token()
        body = "\n".join([f"{token} pasted", *(f"line {n}" for n in range(2, lines + 1))])
        if self.random.random() < 0.2 and lines > 1:
            body = "/quit\n" + body
        more = "\n" * self.random.randrange(2)
        item = self.item(body + more, token, body=body)
        newline = self.random.choice("\r\n")
        await self.after_paste(item, await self.enter(
            item, typed=f"\x1b[200~{(body + more).replace(chr(10), newline)}\x1b[201~"))

    async def step_private(self):
        """What looks like a private message, in a group."""
        word = self.somebody()
        token = self.token()
        body = f"{word} {token} privately"
        item = self.item(body, token, body=body)
        prompt = await self.enter(item)
        if prompt.word == "?":
            await self.answer(item)
        else:
            assert item.prompt == word, f"{item}: sent without a question"

    async def step_interrupt(self):
        item = self.text()
        item.never = "emptied by Ctrl-C"
        self.typist.watch(item)
        self.typist.type(item.typed)
        await self.drawn(item)
        self.typist.type("\x03")
        await self.accepted()
        if self.random.random() < 0.3:
            before = len(self.typist.plain)
            self.typist.type("\x03")
            await self.typist.until("Ctrl-C asks", lambda:
                                    "againtoleave" in self.typist.written(before))

    async def step_noise(self):
        await self.enter(self.item(self.random.choice(NOISE)))

    async def step_more(self):
        """Opens a group and reads what is unread there, perhaps to the end."""
        word = self.random.choice(("#lobby", *GROUPS))
        await self.enter(self.item(f"/query {word}", sets=self.change(word, f"query {word}")))
        await self.calm()
        for _ in range(3):
            await self.enter(self.item("/more"))

    async def step_resend(self):
        item = self.item("/resend")
        await self.enter(item)
        self.resent.append(item.prompt)

    async def step_drop(self):
        """Only what is seen: others are above them."""
        numbers = [found[1] for row in self.typist.above() if (found := FAILED.match(row))]
        for number in numbers:
            await self.enter(self.item(f"/drop {number}"))
            self.drops.append(len(self.typist.plain))

    async def step_resize(self):
        typist = self.typist
        before = len(typist.raw)
        typist.resize(self.random.choice([size for size in SIZES
                                          if size != (typist.rows, typist.columns)]))
        await typist.until("all is drawn again", lambda: b"\x1b[H\x1b[2J" in typist.raw[before:])

    async def step_focus(self):
        self.typist.type(self.random.choice(("\x1b[I", "\x1b[O")))

    async def step_calm(self):
        await self.calm()

    async def step_leave_chat(self):
        if await self.leave(self.random.random() < 0.5) or \
                (self.random.random() < 0.5 and await self.leave(False)):
            await self.start()

    STEPS = ((step_line, 34), (step_burst, 18), (step_command, 18), (step_leave, 4),
             (step_paste, 5), (step_private, 2), (step_interrupt, 2), (step_noise, 4),
             (step_more, 3), (step_resend, 2), (step_drop, 2), (step_resize, 2), (step_focus, 1),
             (step_calm, 3), (step_leave_chat, 3))

    async def step(self):
        step, = self.random.choices(*zip(*self.STEPS))
        self.doing = step.__name__
        self.trace.append(f"{time.strftime('%H:%M:%S')} {len(self.trace)} {self.doing}")
        if self.under_way() > BUSY:
            await self.calm()
        first = len(self.items)
        await step(self)
        self.trace[-1] += "".join(f"\n    {item.typed[:70]!r} at {item.prompt!r}"
                                  for _, item in self.items[first:])

    # -- coming and going -------------------------------------------------------------

    def under_way(self):
        """How many texts have not been answered, or cannot be seen, as the screen says."""
        if not self.typist.prompt():
            return BUSY + 1             # the line is being drawn
        found = [UNDER_WAY.match(row) for row in self.typist.above()]
        return sum(int(row[1] or 1) for row in found if row)

    async def calm(self):
        """Until nothing is under way. Failed texts that hide others are dropped."""
        while True:
            await self.patiently("nothing is under way", lambda: not self.under_way() or any(
                FAILED.match(row) for row in self.typist.above()))
            if not self.under_way():
                return
            await self.step_drop()

    async def patiently(self, what, condition):
        """Waits, and presses a key that does nothing now and then: it makes the chat connect."""
        for _ in range(PATIENT):
            try:
                return await self.typist.until(what, condition, 3)
            except AssertionError:
                self.typist.type("\x15")
        return await self.typist.until(what, condition, 3)

    async def start(self):
        self.chain, self.drops, self.end = [], [], 0
        if self.typist:
            self.raw += self.typist.raw
        self.typist = Typist(self.kith, ("-s", self.proxy.address),
                             self.random.choice(SIZES), self.on_drawn, self.on_output)
        if self.random.random() < 0.5:          # before there is a prompt
            item = self.text()
            self.typist.watch(item)
            self.typist.type(item.typed + "\r")
            await self.drawn(item)
        await self.accepted()
        if self.random.random() < 0.7:
            await self.step_paste()

    async def leave(self, with_shell):
        """Leaves, and types on for the shell. False: there was something to keep, it stays."""
        quit_item = self.item("/quit")
        shell = self.text() if with_shell else None
        keys = f"{shell.typed}\r" if with_shell else ""
        self.end = len(self.typist.plain)
        if with_shell or self.random.random() < 0.5:
            self.typist.watch(*filter(None, (shell,)))
            self.typist.type("\x04" + keys)
        else:
            self.typist.watch(quit_item)
            self.typist.type(quit_item.typed)
            await self.drawn(quit_item)
            self.typist.type("\r")

        def stays():
            return "leaveagaintogive" in self.typist.written(self.end)
        await self.typist.until("the chat leaves, or says why not",
                                lambda: self.typist.ended or stays(), 30)
        if not self.typist.ended:
            if with_shell:
                await self.drawn(shell)
            elif shell:
                shell.never = "not typed"
            await self.accepted()
            return False
        if shell:
            shell.never = "typed for the shell"
        await self.ended((0, 3))
        return True

    async def ended(self, statuses):
        status = await self.typist.wait_end()
        assert status in statuses, f"{self.name}: the chat left with {status}"
        typist = self.typist
        places = [0]
        for piece in typist.plain:
            places.append(places[-1] + len(piece))
        self.sessions.append(Session(typist.written(), [places[n] for n in self.drops],
                                     places[self.end]))
        typist.close()


class Storm:
    """All people, their weather, and the server's fate."""

    def __init__(self, seed, server):
        self.random = random.Random(f"{seed} weather")
        self.server = server
        self.people = [Person(name, n, seed, server) for n, name in enumerate(NAMES)]
        self.steps, self.events = 0, 0
        self.until = 0.0
        self.away = {}                  # name -> tokens shown after the last key

    def prepare(self):
        for person in self.people:
            person.kith.join(self.server.invite(), person.name)
        alice = self.people[0]
        for group in GROUPS:
            alice.kith.run("group", "create", group)
        alice.kith.run("group", "create", PRIVATE, "--private")
        for person in self.people[1:]:
            with PbClient(self.server.address, tls=False) as client:
                client.hello()
                client.login(person.name, "correct horse battery")
                for group in GROUPS:
                    client.join_group(group)

    async def run(self):
        for person in self.people:
            await person.proxy.open()
        await asyncio.gather(*(person.start() for person in self.people))
        self.until = time.monotonic() + SECONDS
        weather = [asyncio.create_task(self.weather(person.proxy)) for person in self.people]
        weather.append(asyncio.create_task(self.outages()))
        stuck = await asyncio.gather(*map(self.type_on, self.people))
        self.until = 0
        await asyncio.gather(*weather)
        assert not any(stuck), "\n".join(filter(None, stuck))
        await self.end()

    def goes_on(self):
        return self.steps < STEPS and time.monotonic() < self.until

    async def type_on(self, person):
        """Returns why it could not go on, or nothing."""
        try:
            while self.goes_on():
                self.steps += 1
                await person.step()
        except AssertionError as e:
            self.until = 0
            return f"{person.name}, step {len(person.trace)}, {person.doing}: {e}"
        except Ended as e:
            self.until = 0
            return (f"{person.name}, step {len(person.trace)}, {person.doing}: the chat left with "
                    f"{await person.typist.wait_end()}, before: {e}")
        return ""

    async def while_typing(self, seconds):
        until = time.monotonic() + seconds
        while self.goes_on() and time.monotonic() < until:
            await asyncio.sleep(0.05)

    async def weather(self, proxy):
        """A slow connection, one that stands still, one that breaks: each for a while."""
        while self.goes_on():
            kind = self.random.choices(("slow", "cut", "freeze", "good"), (5, 2, 2, 3))[0]
            self.events += 1
            proxy.latency_s = self.random.choice((0.01, 0.1, 0.3, 1.0)) if kind == "slow" else 0
            if kind == "cut":
                proxy.cut()
            elif kind == "freeze":
                proxy.freeze()
            await self.while_typing(self.random.uniform(0.05, 1.5))
            proxy.latency_s = 0
            proxy.restore()

    async def outages(self):
        """The server is restarted in good order, or loses a worker."""
        while True:
            await self.while_typing(self.random.uniform(1, 5))
            if not self.goes_on():
                return
            self.events += 1
            if self.random.random() < 0.4:
                await asyncio.to_thread(self.server.restart)
            else:
                index = self.random.randrange(2)
                pid = await asyncio.to_thread(self.server.pid, "worker", index)
                kill_quietly(pid, signal.SIGKILL)

    async def end(self):
        """The last one says something, and two have gone for coffee."""
        *others, last = self.people
        for person in self.people:
            await person.calm()
            person.typist.type("\x1b[O")
            await person.patiently("the connection", lambda: (
                (prompt := person.typist.prompt()) and not prompt.state))
        await others[0].enter(others[0].item("/query #lobby",
                                             sets=others[0].change("#lobby")))
        await others[0].calm()
        token = last.token()
        marks = {person: len(person.typist.plain) for person in others}
        await last.enter(last.item(f"/msg #lobby {token} the end", token, body=f"{token} the end",
                                   to=("#lobby",)))
        await last.calm()
        for person in others:
            keys = len(person.typist.keys)
            await person.patiently("the last word", lambda:
                                   token in person.typist.written(marks[person]))
            if len(person.typist.keys) == keys:
                self.away[person.name] = {token}
            person.end = len(person.typist.plain)
            person.typist.kill(signal.SIGTERM)
            await person.ended((143, -signal.SIGTERM))
        while not await last.leave(False):
            pass

    async def close(self):
        for person in self.people:
            if person.typist:
                person.typist.close()
            if person.proxy.server:
                await person.proxy.close()

    def judge(self):
        judge = Judge(Log(self.server.state / "kith.db"))
        for person in self.people:
            judge.judge(person.name, person.items, person.sessions, person.resent)
            judge.judge_read(person.name, person.sessions, self.away.get(person.name, ()))
        return judge

    def keep(self, folder):
        """For finding the fault: what was typed, and what the terminals got."""
        folder.mkdir(exist_ok=True)
        for person in self.people:
            if person.typist:
                keys = "\n".join(map(repr, person.typist.keys))
                (folder / f"{person.name}.raw").write_bytes(person.raw + person.typist.raw)
                (folder / f"{person.name}.keys").write_text(keys + "\n")
                (folder / f"{person.name}.steps").write_text("\n".join(person.trace) + "\n")


async def storm(run):
    try:
        await run.run()
    finally:
        await run.close()


@pytest.mark.takes(SECONDS + 300)
def test_typed():
    seed = os.environ.get("KITH_SEED", build.SCALE)
    print(f"KITH_SEED={seed}")
    server = Server(heartbeat_ms=2000)
    run = Storm(seed, server)
    try:
        run.prepare()
        asyncio.run(storm(run))
        assert server.terminate() == 0
        judge = run.judge()
        texts = [item for person in run.people for _, item in person.items if item.body]
        stored = sum(bool(judge.stored[item.token]) for item in texts)
        unread = sum(item.prompt is None for item in texts if not item.never)
        print(f"{run.steps} steps, {run.events} turns of the weather, {len(texts)} texts, "
              f"{stored} stored, {unread} whose prompt was not seen, {judge.read} read, "
              f"{sum(len(person.sessions) for person in run.people)} sessions")
        assert not judge.faults, judge.report()
        # It proves something only if much of it worked.
        assert run.steps >= STEPS_MIN and stored > len(texts) / 3 and unread < len(texts) / 20 \
            and (judge.read > 0 or SECONDS < 60)
    except BaseException:
        server.abandon()
        run.keep(build.BUILD / f"typed-{seed}")
        print(f"the terminals' output and the steps are in {build.BUILD / f'typed-{seed}'}")
        raise
    finally:
        for person in run.people:
            person.kith.close()
    server.stop()
