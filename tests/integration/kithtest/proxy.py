"""proxy.py - a TCP connection that is slow, stands still, or breaks; on asyncio."""
import asyncio
import random

CHUNK = 16384
WAITING = 64                    # chunks on their way; then the sender has to wait


class Proxy:
    """Stands between clients and `target`, a function that returns where the server is now.

    latency_s   the longest delay of a chunk; each takes a random part of it
    """

    def __init__(self, target, seed):
        self.target, self.random = target, random.Random(seed)
        self.latency_s = 0.0
        self.is_cut = False
        self.moving = asyncio.Event()
        self.moving.set()
        self.tasks = set()
        self.server = self.address = None

    async def open(self):
        self.server = await asyncio.start_server(self.accepted, "127.0.0.1", 0)
        self.address = "{}:{}".format(*self.server.sockets[0].getsockname())

    def cut(self):
        """Breaks the connections, and each new one, until restore()."""
        self.is_cut = True
        self.moving.set()
        for task in self.tasks:
            task.cancel()

    def freeze(self):
        """Nothing passes, and nobody is told."""
        self.moving.clear()

    def restore(self):
        self.is_cut = False
        self.moving.set()

    async def close(self):
        self.cut()
        self.server.close()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def accepted(self, reader, writer):
        if self.is_cut:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        self.tasks.add(task)
        other = None
        try:
            other_reader, other = await asyncio.open_connection(*self.target())
            async with asyncio.TaskGroup() as ways:
                for source, sink in ((reader, other), (other_reader, writer)):
                    queue = asyncio.Queue(WAITING)
                    ways.create_task(self.take(source, queue))
                    ways.create_task(self.bring(queue, sink))
        except (OSError, asyncio.CancelledError, ExceptionGroup):
            pass                # either end is gone, so both are
        finally:
            self.tasks.discard(task)
            writer.transport.abort()
            if other:
                other.transport.abort()

    async def take(self, reader, queue):
        """Reads; each chunk gets the time at which it may arrive."""
        loop, due = asyncio.get_running_loop(), 0.0
        while data := await reader.read(CHUNK):
            due = max(due, loop.time() + self.random.uniform(0, self.latency_s))
            await queue.put((due, data))
        await queue.put((due, b""))

    async def bring(self, queue, writer):
        loop = asyncio.get_running_loop()
        while True:
            due, data = await queue.get()
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            await self.moving.wait()
            if not data:
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()
