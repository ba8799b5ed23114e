"""netns.py - a network of its own for one kithd, whose kernel counts every connection.

Sampling /proc/net misses a connection that lasts for a moment; the counters of a
namespace do not. Needs root.
"""
import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import threading

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        flags = struct.unpack("16sh", fcntl.ioctl(
            any_socket, SIOCGIFFLAGS, struct.pack("16sh", b"lo", 0)))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP))


class Netns:
    """A namespace with nothing but lo; it ends with close()."""

    def __init__(self):
        failed = []
        thread = threading.Thread(target=self._make, args=(failed,))
        thread.start()
        thread.join()
        if failed:
            raise failed[0]

    def _make(self, failed):
        """In a thread, which stays in the new namespace until it ends."""
        try:
            check(libc.unshare(CLONE_NEWNET))
            loopback_up()
            self.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            failed.append(error)

    def close(self):
        os.close(self.fd)

    def enter(self):
        """This thread, or a child before its exec, is inside from now on."""
        check(libc.setns(self.fd, CLONE_NEWNET))

    @contextlib.contextmanager
    def inside(self):
        """Sockets made in here belong to the namespace, also later."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.enter()
        try:
            yield
        finally:
            check(libc.setns(home, CLONE_NEWNET))
            os.close(home)

    def counters(self):
        """{"Tcp.ActiveOpens": 3, ...}, since the namespace was made."""
        values = {}
        with self.inside():
            with open("/proc/thread-self/net/snmp", encoding="ascii") as file:
                lines = [line.split() for line in file]
            for names, numbers in zip(lines[::2], lines[1::2]):
                values.update({names[0].replace(":", ".") + name: int(number)
                               for name, number in zip(names[1:], numbers[1:])})
            with open("/proc/thread-self/net/snmp6", encoding="ascii") as file:
                values.update({name: int(number) for name, number in map(str.split, file)})
        return values

    def outbound(self):
        """What went out and was not accepted by a server in here: should be nothing.

        A client in the namespace counts as one active and one passive open, and so
        cancels out. A datagram is a question to a name server.
        """
        now = self.counters()
        found = {
            "connections not to kithd": now["Tcp.ActiveOpens"] - now["Tcp.PassiveOpens"],
            "attempts that failed": now["Tcp.AttemptFails"],
            "datagrams": now["Udp.OutDatagrams"] + now["Udp6OutDatagrams"],
            "without a route": now["Ip.OutNoRoutes"] + now["Ip6OutNoRoutes"],
        }
        return {what: number for what, number in found.items() if number != 0}
