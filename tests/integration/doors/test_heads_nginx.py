"""The same requests through a reverse proxy: it and the server agree where each one ends.

Where they disagree, the server sees a request that nginx never forwarded: smuggled in the body or
head of another, past what nginx checks, and its answer goes to another client.
"""
import socket
import ssl

import pytest

from tables.heads import ROWS, get
from kithtest.nginx import NAME, Nginx
from kithtest.server import Server
from kithtest.wait import until

SILENCE_S = 0.05                # after an answer; nothing depends on it but the test's length


@pytest.fixture(scope="module")
def world():
    server = Server(http_names=NAME, http_proxies="127.0.0.1")
    nginx = None
    try:
        nginx = Nginx(server.address)
        yield server, nginx
    finally:
        if nginx:
            nginx.stop()
        server.stop()


def connect(nginx):
    context = ssl.create_default_context(cafile=str(nginx.folder / "cert.pem"))
    plain = socket.create_connection(("127.0.0.1", nginx.port), timeout=20)
    return context.wrap_socket(plain, server_hostname=NAME)


def exchange(nginx, data):
    """Sends it, and reads until nothing more comes."""
    with connect(nginx) as link:
        try:
            link.sendall(data)
            link.settimeout(SILENCE_S)
            while link.recv(65536):
                pass
        except (ConnectionError, ssl.SSLError, TimeoutError):
            pass                # it has said its word


def next_answer(nginx):
    with connect(nginx) as link:
        link.sendall(get("/healthz", "Connection: close"))
        out = b""
        while data := link.recv(65536):
            out += data
        return out


# Of a hook's address nginx writes no log.
@pytest.mark.parametrize("row", [row for row in ROWS if b"/v1/hook/" not in row.data],
                         ids=lambda row: row.name)
def test_nothing_is_smuggled(world, row):
    server, nginx = world
    passed_on, asked = nginx.forwarded(), server.counter("http_requests")
    exchange(nginx, row.data)
    answer = next_answer(nginx)
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\nok\n")
    # nginx writes its log when it is done with a request, which may be later.
    until("nginx has passed on what was asked", lambda:
          server.counter("http_requests") - asked <= nginx.forwarded() - passed_on)
