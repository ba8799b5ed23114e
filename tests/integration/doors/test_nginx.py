"""The door behind a reverse proxy: the example of etc/ with Debian's nginx."""
import asyncio
import json
import ssl
import subprocess
import time

import pytest
import websockets

from kithtest.nginx import NAME, Nginx
from kithtest.server import Server

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def world():
    server = Server(http_names=NAME, http_proxies="127.0.0.1")
    nginx = None
    try:
        for name in ("alice", "bob"):
            server.add_user(name, PASSWORD)
        nginx = Nginx(server.address)
        yield server, nginx
    finally:
        if nginx:
            nginx.stop()
        server.stop()


def curl(nginx, path, *args):
    """Status, headers by name, body. The certificate is checked."""
    out = subprocess.run(
        ["curl", "-sS", "-i", "--cacert", str(nginx.folder / "cert.pem"), "--noproxy", "*",
         "--resolve", f"{NAME}:{nginx.port}:127.0.0.1", *args,
         f"https://{NAME}:{nginx.port}{path}"], capture_output=True, timeout=60)
    assert out.returncode == 0, out.stderr.decode()
    head, _, body = out.stdout.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
    return int(lines[0].split()[1]), headers, body


def poll(nginx, requests, token=None, wait_ms=0):
    headers = ["-H", "Content-Type: application/json"]
    if token:
        headers += ["-H", f"Authorization: Bearer {token}"]
    status, _, body = curl(nginx, "/v1/poll", *headers, "-d",
                           json.dumps({"requests": requests, "waitMs": wait_ms}))
    return status, json.loads(body)


def login(nginx, name):
    status, polled = poll(nginx, [
        {"id": "1", "hello": {"versionMin": 1, "versionMax": 1}},
        {"id": "2", "loginPassword": {"name": name, "password": PASSWORD}}])
    assert status == 200
    return polled["replies"][1]["loggedIn"]["token"]


def test_the_page_comes_through(world):
    status, headers, body = curl(world[1], "/")
    assert status == 200 and body.lower().startswith(b"<!doctype html>")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_messages_and_polls_come_through(world):
    server, nginx = world
    alice, bob = login(nginx, "alice"), login(nginx, "bob")
    status, _, body = curl(nginx, "/v1/messages", "-H", f"Authorization: Bearer {alice}", "-H",
                           "Content-Type: application/json", "-d",
                           json.dumps({"to": "@bob", "text": "by nginx"}))
    assert status == 200 and json.loads(body)["seq"] == "1"
    status, polled = poll(nginx, [{"id": "1", "sync": {}}], bob)
    assert status == 200
    events = [r for r in polled["replies"] if "syncPage" in r][0]["syncPage"]["events"]
    assert [e["text"] for e in events if e["kind"] == "MESSAGE"] == ["by nginx"]


def test_strangers_share_nginx_connections_but_no_session(world):
    """nginx keeps its connections to kithd and gives them to whoever comes."""
    _, nginx = world
    tokens = {name: login(nginx, name) for name in ("alice", "bob")}
    for name in ("alice", "bob") * 10:
        status, polled = poll(nginx, [{"id": "7", "listSessions": {}}], tokens[name])
        assert status == 200
        mine = [r for r in polled["replies"] if "loggedIn" in r]
        assert all(r["loggedIn"]["name"] == name for r in mine)
        status, polled = poll(nginx, [{"id": "7", "listSessions": {}}])
        assert polled["replies"][0]["error"]["code"] == "WRONG_STATE"


def test_a_websocket_comes_through(world):
    _, nginx = world

    async def talk():
        context = ssl.create_default_context(cafile=str(nginx.folder / "cert.pem"))
        async with websockets.connect(
                f"wss://{NAME}:{nginx.port}/v1/ws", host="127.0.0.1", port=nginx.port, ssl=context,
                server_hostname=NAME,
                subprotocols=["kith.v1.json"], origin=f"https://{NAME}:{nginx.port}") as ws:
            await ws.send(json.dumps({"id": "1", "hello": {"versionMin": 1, "versionMax": 1}}))
            assert "welcome" in json.loads(await ws.recv())
            await ws.send(json.dumps({"id": "2", "loginPassword": {"name": "alice",
                                                                  "password": PASSWORD}}))
            assert json.loads(await ws.recv())["loggedIn"]["name"] == "alice"
    asyncio.run(asyncio.wait_for(talk(), 30))


def test_failures_count_for_the_client_not_for_nginx(world):
    """A client can't say who it is: nginx says so, and kithd believes nginx alone."""
    server, nginx = world
    status, _, _ = curl(nginx, "/metrics", "-H", "X-Forwarded-For: 127.0.0.1")
    assert status == 401            # from this host, but through a proxy
    assert curl(nginx, "/healthz")[0] == 200


def test_a_foreign_origin_is_refused_behind_nginx(world):
    _, nginx = world
    for origin in (f"http://{NAME}:{nginx.port}", f"https://{NAME}.evil.example", "null",
                   f"https://{NAME}"):
        status, _, _ = curl(nginx, "/v1/poll", "-H", f"Origin: {origin}", "-d", "{}")
        assert status == 403, origin


def test_a_waiting_poll_ends_with_the_event(world):
    _, nginx = world
    alice, bob = login(nginx, "alice"), login(nginx, "bob")
    command = ["curl", "-sS", "--cacert", str(nginx.folder / "cert.pem"), "--noproxy", "*",
               "--resolve", f"{NAME}:{nginx.port}:127.0.0.1",
               "-H", f"Authorization: Bearer {bob}", "-d", '{"waitMs":20000}',
               f"https://{NAME}:{nginx.port}/v1/poll"]
    waiting = subprocess.Popen(command, stdout=subprocess.PIPE)
    begin = time.monotonic()
    texts = []
    # Until it waits, what is sent is not news but history: so send until it ends.
    while waiting.poll() is None:
        assert time.monotonic() - begin < 15
        status, _, _ = curl(nginx, "/v1/messages?to=@bob", "-H", f"Authorization: Bearer {alice}",
                            "-H", "Content-Type: text/plain", "-d", f"note {len(texts)}")
        assert status == 200
        texts.append(f"note {len(texts)}")
    replies = json.loads(waiting.communicate()[0])["replies"]
    news = [r["event"]["text"] for r in replies if "event" in r]
    assert news and news[0] in texts
