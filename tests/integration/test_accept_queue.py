"""A worker dies while connections wait in its accept queue: none is refused or reset.

The master keeps the listening sockets open, so that the queue outlives the
worker and the next one answers.
"""
import os
import signal

from kithtest import build
from kithtest.raw import Raw
from kithtest.schema import session

CONNECTIONS = 400


def waiting_in_queue(port):
    """Connections that the kernel made and nobody has accepted: the receive queue of each
    listening socket (state 0A) in /proc/net/tcp."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return [int(row[4].partition(":")[2], 16) for row in rows
            if row[3] == "0A" and int(row[1].partition(":")[2], 16) == port]


def test_queue_outlives_its_worker(server, request):
    workers = [(p["index"], p["pid"]) for p in server.processes() if p["role"] == "worker"]
    assert len(workers) == 2
    for _, pid in workers:
        os.kill(pid, signal.SIGSTOP)

    hello = Raw.encode(1, hello=session.Hello(version_min=1, version_max=1, client="queued"))
    clients = []
    for _ in range(CONNECTIONS):
        client = Raw(server.address, timeout=30 * build.PATIENCE)
        request.addfinalizer(client.close)
        client.bytes(hello[:1])
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
            client.bytes(hello[1:])
            assert client.answer(1).WhichOneof("body") == "welcome"
        except (OSError, EOFError):
            lost += 1
    print(f"\n{CONNECTIONS} connections waited, {lost} refused or reset")
    assert lost == 0
