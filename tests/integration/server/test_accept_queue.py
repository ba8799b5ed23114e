"""A worker dies or hangs while connections wait in its accept queue: none is refused or reset.

The master keeps the listening sockets open, so that the queue outlives the
worker and the next one answers. While a worker hangs, the others answer.
"""
import os
import signal
import time
from contextlib import closing
from http.client import HTTPConnection

from kithtest import build
from kithtest.pb import Closed, PbClient
from kithtest.schema import frame, session

CONNECTIONS = 400


def waiting_in_queue(port):
    """Connections that the kernel made and nobody has accepted: the receive queue of each
    listening socket (state 0A) in /proc/net/tcp."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return [int(row[4].partition(":")[2], 16) for row in rows
            if row[3] == "0A" and int(row[1].partition(":")[2], 16) == port]


def test_who_comes_while_a_worker_hangs_is_served(server):
    """The kernel deals half of them to it; none waits for the watchdog."""
    stopped = server.kill("worker", sig=signal.SIGSTOP)
    waits = []
    for i in range(24):
        began = time.monotonic()
        if i % 3:
            with PbClient(server.address, tls=False) as client:
                client.hello()
        else:
            with closing(HTTPConnection(*server.address, timeout=20)) as http:
                http.request("GET", "/healthz")
                assert http.getresponse().status in (200, 503)
        waits.append(time.monotonic() - began)
    assert server.pid("worker") == stopped, "it should hang all the time"
    os.kill(stopped, signal.SIGCONT)
    print(f"\nthe longest waited {max(waits):.2f} s")
    assert max(waits) < 3 * build.PATIENCE
    with PbClient(server.address, tls=False) as client:
        client.hello()


def test_queue_outlives_its_worker(server, request):
    workers = [(p["index"], p["pid"]) for p in server.processes() if p["role"] == "worker"]
    assert len(workers) == 2
    for _, pid in workers:
        os.kill(pid, signal.SIGSTOP)

    hello = frame.Request(id=1, hello=session.Hello(
        version_min=1, version_max=1, client="queued")).SerializeToString()
    hello = len(hello).to_bytes(4, "big") + hello
    clients = []
    for _ in range(CONNECTIONS):
        client = PbClient(server.address, tls=False, timeout=30 * build.PATIENCE)
        request.addfinalizer(client.close)
        client.write(hello[:1])
        clients.append(client)
    queues = waiting_in_queue(server.address[1])
    # A stopped worker may have accepted one just before.
    assert sum(queues) >= CONNECTIONS - 2 and all(queues), queues

    for index, pid in workers:
        os.kill(pid, signal.SIGKILL)
        server.wait_replaced("worker", index, pid)

    lost = 0
    for client in clients:
        try:
            client.write(hello[1:])
            assert client.reply_to(1).WhichOneof("body") == "welcome"
        except (OSError, Closed):
            lost += 1
    print(f"\n{CONNECTIONS} connections waited, {lost} refused or reset")
    assert lost == 0
