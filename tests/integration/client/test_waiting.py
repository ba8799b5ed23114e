"""How long kith waits: one limit for name, connection, TLS, login and answer, and no freeze."""
import contextlib
import ctypes
import os
import socket
import subprocess
import threading
import time

import pytest

from kithtest import build
from kithtest.fake import FakeServer
from kithtest.netns import CLONE_NEWNET, Netns, check, libc
from kithtest.terminal import Terminal
from kithtest.wait import until

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x00020000, 4096, 16384, 1 << 18
SLACK = 2.0 * build.PATIENCE    # what a start of kith and a busy machine may add


@pytest.fixture(name="fake")
def make_fake():
    one = FakeServer()
    yield one
    with contextlib.suppress(OSError):
        one.close()


@pytest.fixture(name="alice")
def make_alice(fake, make_kith):
    one = make_kith()
    one.join(fake.url(), "alice")
    return one


class World:
    """A network namespace whose only name server never answers, with its own /etc/hosts."""

    def __init__(self, folder):
        self.net = Netns()
        self.path = f"/proc/{os.getpid()}/fd/{self.net.fd}"
        self.hosts, self.resolv = folder / "hosts", folder / "resolv.conf"
        self.hosts.write_text("127.0.0.1 localhost\n::1 localhost\n127.0.0.1 chat.lan\n")
        self.resolv.write_text("nameserver 127.0.0.53\n")
        with self.net.inside():
            self.silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.silent.bind(("127.0.0.53", 53))

    def enter(self):
        """In a child, before its exec; pexpect has closed our descriptors there."""
        place = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        check(libc.setns(place, CLONE_NEWNET))
        check(libc.unshare(CLONE_NEWNS))
        check(libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None))
        for file, place in ((self.hosts, b"/etc/hosts"), (self.resolv, b"/etc/resolv.conf")):
            check(libc.mount(os.fsencode(file), place, None, ctypes.c_ulong(MS_BIND), None))

    def close(self):
        self.silent.close()
        self.net.close()


@pytest.fixture(name="world")
def make_world(tmp_path):
    one = World(tmp_path)
    yield one
    one.close()


@pytest.fixture(name="inner")
def make_inner(world):
    """A fake server inside the namespace."""
    with world.net.inside():
        one = FakeServer()
    yield one
    with contextlib.suppress(OSError):
        one.close()


class Race:
    """Commands that run at the same time, and how long each took."""

    def __init__(self, kith, enter=None):
        self.kith, self.enter, self.running = kith, enter, []

    def start(self, *args):
        began = time.monotonic()
        process = subprocess.Popen([str(build.KITH), *map(str, args)], env=self.kith.env,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, preexec_fn=self.enter)
        one = {"process": process, "args": args}

        def wait():
            one["stdout"], one["stderr"] = process.communicate()
            one["took"] = time.monotonic() - began
        one["thread"] = threading.Thread(target=wait)
        one["thread"].start()
        self.running.append(one)

    def finish(self):
        for one in self.running:
            one["thread"].join(30 * build.PATIENCE)
            if one["thread"].is_alive():
                one["process"].kill()
        return self.running


def check_limits(race, limits, told):
    for one, limit in zip(race.finish(), limits, strict=True):
        assert one["process"].returncode == 3, one
        assert limit - 0.02 <= one["took"] <= limit + SLACK, (limit, one)
        assert told in one["stderr"], one


@pytest.mark.root
def test_a_dead_name_server_is_bounded_by_the_timeout(world, fake, alice):
    race = Race(alice, world.enter)
    race.start("-s", "kith+plain://printer.lan:5484", "send", "--timeout", "1", "@bob", "x")
    check_limits(race, (1,), "the name server does not answer")


def test_a_port_that_says_nothing_is_bounded_by_the_timeout(fake, alice):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        race = Race(alice)
        for scheme in ("kith", "kith+plain"):
            race.start("-s", f"{scheme}://127.0.0.1:{silent.getsockname()[1]}", "send",
                       "--timeout", "1", "@bob", "x")
        check_limits(race, (1, 1), "no answer")


@pytest.mark.parametrize("step", ["hello", "login_token", "send"])
def test_a_server_that_stops_answering_is_bounded_by_the_timeout(fake, alice, step):
    fake.faults = [lambda link, request: request.WhichOneof("body") == step] * 9
    race = Race(alice)
    race.start("send", "--timeout", "1", "@bob", "x")
    check_limits(race, (1,), "no answer in time")


def test_it_tries_to_the_very_end(fake, alice):
    """Nobody there: it gives up after the timeout, and not before. Somebody who always hangs
    up: the last try is at the end."""
    fake.close()
    came = []
    with socket.create_server(("127.0.0.1", 0)) as rude:
        def hang_up():
            with contextlib.suppress(OSError):
                while True:
                    rude.accept()[0].close()
                    came.append(time.monotonic())
        threading.Thread(target=hang_up, daemon=True).start()
        refused, cut = Race(alice), Race(alice)
        began = time.monotonic()
        for limit in (1, 2):
            refused.start("send", "--timeout", limit, "@bob", "x")
        cut.start("-s", f"kith+plain://127.0.0.1:{rude.getsockname()[1]}", "send", "--timeout",
                  "2", "@bob", "x")
        check_limits(refused, (1, 2), "cannot connect")
        check_limits(cut, (2,), "connection lost")
        rude.shutdown(socket.SHUT_RDWR)
    assert came[-1] - began >= 1.95 and len(came) >= 2


@pytest.mark.root
@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "[::1]"])
def test_no_family_is_ruled_out_by_other_interfaces(world, make_kith, address):
    """The only address that is not a loopback's is link-local, as on a cable without DHCP."""
    for command in ("link add kith0 type veth peer name kith1", "link set kith0 up",
                    "link set kith1 up", "-6 address add fe80::5/64 dev kith0 nodad"):
        subprocess.run(["ip", *command.split()], check=True, preexec_fn=world.net.enter)
    with world.net.inside(), socket.create_server(
            ("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as anything:
        race = Race(make_kith(), world.enter)
        race.start("join", f"kith+plain://{address}:{anything.getsockname()[1]}/INVITE", "--name",
                   "alice", "--password-command", "echo long enough")
        anything.settimeout(10 * build.PATIENCE)
        anything.accept()[0].close()
        assert "connection lost" in race.finish()[0]["stderr"]


@pytest.mark.root
def test_the_chat_takes_keys_while_a_name_server_is_silent(world, inner, make_kith, request):
    one = make_kith()
    race = Race(one, world.enter)
    race.start("join", f"kith+plain://chat.lan:{inner.port}/INVITE", "--name", "alice",
               "--password-command", "echo long enough")
    assert race.finish()[0]["process"].returncode == 0
    screen = Terminal(one, preexec_fn=world.enter)
    request.addfinalizer(screen.close)
    screen.wait_for("#lobby>")
    world.hosts.write_text("127.0.0.1 localhost\n")
    inner.cut_all()
    screen.wait_for("trying again")
    until("it asks the name server", lambda: readable(world.silent), 20 * build.PATIENCE)
    began = time.monotonic()
    for word in ("this", "is", "shown", "at once"):
        screen.type(word + " ")
        screen.wait_for(word)
    screen.type("\x15")
    screen.line("/quit")
    assert screen.wait_end() == 0
    assert time.monotonic() - began < 4 * build.PATIENCE


def readable(sock):
    with contextlib.suppress(BlockingIOError):
        return bool(sock.recv(4096, socket.MSG_DONTWAIT | socket.MSG_PEEK))
    return False
