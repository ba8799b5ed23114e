"""Every role but the master is killed again and again while twenty people talk.

Half of them speak TLS; four also have a `kith tail --json` running. The messages
are dealt out between the kills, so that each kill meets traffic. On
MariaDB the database server itself is killed three times too.
"""
import asyncio
import random
import signal
import time

import pytest

from kithtest import build
from kithtest.checker import FAULTS, Checker, Shown
from kithtest.mariadb import MariaDb
from kithtest.pb import DIRECT
from kithtest.schema import conversation, presence
from kithtest.server import ROLES, Server, kill_quietly
from kithtest.swarm import Device, to_conversation, to_group, to_user

from conftest import DATABASES

MESSAGES = build.scaled(2000, 20000, 200000)
KILLS = build.scaled(10, 100, 1000)
DATABASE_KILLS = 3
WINDOW = 3                      # unanswered sends of one person
GROUPS = {"everybody": 20, "ops": 8, "lunch": 6, "deep-thought": 4}
NAMES = [f"user{n:02}" for n in range(20)]
PASSWORD = "correct horse battery"
OFFLINE_S = 5                   # so soon the list of who is online must be right


def is_direct(conversation):
    return bool(conversation & DIRECT)


class Storm:
    """The run: who talks, who is killed when, and what came of it."""

    def __init__(self, server, mariadb, seed):
        self.server, self.mariadb = server, mariadb
        self.random = random.Random(seed)
        self.checker = Checker()
        self.devices = [Device(name, self.checker, tls=n % 2 == 0) for n, name in enumerate(NAMES)]
        self.members = {}               # group -> devices
        self.allowed = asyncio.Semaphore(0)
        self.to_send = MESSAGES
        self.kills = dict.fromkeys(ROLES, 0)

    # -- before --------------------------------------------------------------

    async def gather(self, tasks):
        """Everybody joins the server and their groups."""
        for device in self.devices:
            await device.first_login(self.server.address, PASSWORD, await self.invite())
            tasks.create_task(device.run())
        for name, size in GROUPS.items():
            self.members[name] = group = self.random.sample(self.devices, size)
            await group[0].call(create_group=conversation.CreateGroup(name=name, public=True))
            for device in group[1:]:
                await device.call(join_group=conversation.JoinGroup(target=to_group(name)))
        await self.spread()

    async def invite(self):
        url = await asyncio.to_thread(self.server.invite)
        return url.partition("#")[0].rpartition("/")[2]

    async def spread(self):
        """Reconnects some until both workers have a fair share."""
        while True:
            share = await asyncio.to_thread(self.sessions_by_worker)
            if min(share.values()) >= len(NAMES) // 4 and sum(share.values()) == len(NAMES):
                return
            for device in self.random.sample(self.devices, 5):
                device.connection.abort()
            await asyncio.gather(*(device.ready.wait() for device in self.devices))
            await asyncio.sleep(0.1)

    def sessions_by_worker(self):
        share = {0: 0, 1: 0}
        for row in self.server.sessions():
            share[row["worker"]] += 1
        return share

    # -- while it blows ---------------------------------------------------------

    async def talk(self, device):
        """One person's thread of talk; the killer deals out the permissions to send."""
        while True:
            await self.allowed.acquire()
            if self.to_send == 0:
                return
            self.to_send -= 1
            await device.send(self.targets(device), f"message {self.to_send} of {device.name}")

    def targets(self, device):
        """Private to one, to several, or to a group of one's own."""
        dice = self.random.random()
        groups = [name for name, members in self.members.items() if device in members]
        if dice < 0.45:
            return [to_user(self.random.choice(NAMES))]
        if dice < 0.55:
            return [to_user(name) for name in self.random.sample(NAMES, 3)]
        return [to_group(self.random.choice(groups))]

    async def kill_all_the_time(self):
        """Deals out the messages in equal parts and kills one process in the midst of each."""
        portion = MESSAGES // KILLS
        outages = {KILLS * (n + 1) // (DATABASE_KILLS + 1) for n in range(DATABASE_KILLS)}
        for number in range(KILLS):
            before = self.checker.acked()
            for _ in range(portion):
                self.allowed.release()
            await self.progress(before + self.random.randrange(portion))
            if self.mariadb and number in outages:
                await asyncio.to_thread(self.kill_database)
            await asyncio.to_thread(self.kill_one)
        for _ in range(self.to_send + len(self.devices) * WINDOW):
            self.allowed.release()

    async def progress(self, count):
        deadline = time.monotonic() + 60 * build.PATIENCE
        while self.checker.acked() < count:
            assert time.monotonic() < deadline, f"stuck at {self.checker.acked()} acks of {count}"
            await asyncio.sleep(0.002)

    def kill_one(self):
        """A process of a role that has not been killed yet, as long as there is one."""
        running = [p for p in self.server.processes() if p["pid"]]
        spared = [p for p in running if self.kills[p["role"]] == 0]
        victim = self.random.choice(spared or running)
        if self.server.owns(victim["pid"]):
            kill_quietly(victim["pid"], signal.SIGKILL)
            self.kills[victim["role"]] += 1

    def kill_database(self):
        self.mariadb.kill()
        time.sleep(self.random.uniform(0.1, 1.0))       # away for a while: part of the storm
        self.mariadb.start()

    # -- after -------------------------------------------------------------------

    async def logs(self):
        """All conversations from the server's history, and who may read each.

        Each log is read by the member who may read most of it: the first one."""
        first, entitled = {}, {}
        for device in self.devices:
            for row in await device.conversations():
                entitled.setdefault(row.id, set()).add(device.user)
                if row.id not in first or row.since_seq < first[row.id][0]:
                    first[row.id] = row.since_seq, device
        stored = {number: await device.log_of(to_conversation(number))
                  for number, (_, device) in first.items()}
        return stored, entitled

    async def caught_up(self, stored, entitled):
        """Waits until every device has shown the end of each of its logs."""
        def complete(device):
            return all(device.have.get(c, 0) >= log[-1].seq for c, log in stored.items()
                       if device.user in entitled[c])
        # An observer of the same user may have read a whole conversation of which this device has
        # heard nothing yet: a Sync without it would begin after what was read.
        for device in self.devices:
            for number in filter(is_direct, stored):
                if device.user in entitled[number]:
                    device.have.setdefault(number, 0)
        deadline = time.monotonic() + 20 * build.PATIENCE
        while not all(map(complete, self.devices)) and time.monotonic() < deadline:
            for device in self.devices:
                device.behind.set()
            await asyncio.sleep(0.2)

    async def presence_is_right(self):
        """Half leave without a word, others lose their worker: within 5 s the list is right."""
        watcher, leavers = self.devices[0], self.devices[10:]
        for device in leavers[:5]:
            device.leave()
        for device in leavers[5:]:
            device.stay = False
        worker = await asyncio.to_thread(self.server.pid, "worker", 0)
        kill_quietly(worker, signal.SIGKILL)
        for device in leavers[5:]:
            device.connection.abort()
        deadline = time.monotonic() + OFFLINE_S
        present = {device.name for device in self.devices[:10]}
        while True:
            online = await self.online(watcher)
            if online == present:
                return 0
            if time.monotonic() > deadline:
                return len(online ^ present)
            await asyncio.sleep(0.1)

    async def online(self, device):
        reply = await device.call(who=presence.Who(limit=200))
        return {user.name for user in reply.presences.users if user.online}


async def storm(server, mariadb, observers):
    """Runs it all; the counts of all faults."""
    run = Storm(server, mariadb, seed=build.SCALE)
    async with asyncio.TaskGroup() as tasks:
        await run.gather(tasks)
        tails = await asyncio.to_thread(observers, run)
        began = time.monotonic()
        async with asyncio.TaskGroup() as talk:
            for device in run.devices:
                for _ in range(WINDOW):
                    talk.create_task(run.talk(device))
            talk.create_task(run.kill_all_the_time())
        took = time.monotonic() - began
        stored, entitled = await run.logs()
        await run.caught_up(stored, entitled)
        await asyncio.to_thread(observe, run, tails, stored, entitled)
        wrongly_online = await run.presence_is_right()
        for device in run.devices:
            device.leave()
    counts = run.checker.judge(stored, entitled)
    counts["online wrongly"] = wrongly_online
    print(f"\n{len(run.checker.sent)} copies of {MESSAGES} messages, killed {run.kills}, "
          f"{took:.0f} s, {sum(d.connects for d in run.devices)} logins, {counts}")
    return counts, run


def observe(run, tails, stored, entitled):
    """Hands what the tails printed to the judge, once they have printed the ends."""
    ends = {c: log[-1].seq for c, log in stored.items()}
    names = {device.name: device.user for device in run.devices}
    for name, tail in tails.items():
        mine = {c: end for c, end in ends.items() if names[name] in entitled[c]}

        def complete():
            shown = {int(e["conversation_id"]): e["seq"] for e in tail.events()}
            return all(shown.get(c) == end for c, end in mine.items())
        deadline = time.monotonic() + 30 * build.PATIENCE
        while not complete() and time.monotonic() < deadline:
            time.sleep(0.2)
        if not complete():
            print(f"tail of {name}: exit status {tail.process.poll()}, said:\n"
                  f"{tail.err.read_text()[-1500:]}")
        for e in tail.events():
            run.checker.seen(f"tail of {name}", names[name],
                             Shown(int(e["conversation_id"]), e["seq"], names[e["sender"]],
                                   int(e["client_id"]), e["text"]))


@pytest.mark.takes(max(300, KILLS * 6))
@pytest.mark.parametrize("kind", DATABASES)
def test_storm(kind, make_kith):
    mariadb = MariaDb() if kind == "mariadb" else None
    server = None
    try:
        server = Server(mariadb and mariadb.database(), heartbeat_ms=1000)
        # The database goes away on purpose.
        server.expect(r"\bdb\.", r"\bstore\.")

        def observers(run):
            tails = {}
            for device in run.devices[:4]:
                kith = make_kith()
                kith.login(server.url(), device.name, PASSWORD)
                tails[device.name] = kith.tail()
            return tails
        counts, run = asyncio.run(storm(server, mariadb, observers))
        assert all(counts[fault] == 0 for fault in FAULTS), run.checker.report()
        assert counts["online wrongly"] == 0
        assert sum(run.kills.values()) >= KILLS * 0.9 and all(run.kills.values()), run.kills
        server.stop()
        server = None
    finally:
        if server:
            server.abandon()
        if mariadb:
            mariadb.destroy()
