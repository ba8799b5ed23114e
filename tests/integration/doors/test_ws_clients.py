"""WebSocket clients that others wrote: python3-websockets and npm's ws, each through a whole
conversation, by both subprotocols."""
import asyncio
import http.client
import json
import os
import subprocess
import time
from urllib.parse import urlsplit

import pytest
import websockets
from google.protobuf import json_format

from kithtest import build
from kithtest.browser import MODULES
from kithtest.pb import PbClient
from kithtest.schema import frame
from kithtest.server import Server
from kithtest.tls import unverified
from kithtest.ws import JSON, PB, Said, WsLink

PASSWORD = "correct horse battery"
TEXT = "Grüße, 你好, 안녕 😀 \u2028 \U0010ffff"
BEAT_MS = 200


def secret_of(invite):
    return urlsplit(invite).path.strip("/")


class Client:
    """One connection by python3-websockets. Requests and replies are dictionaries, as in JSON."""

    def __init__(self, server, door):
        self.where = server.web("/v1/ws", "wss")
        self.door = door
        self.number = 0
        self.news = []

    async def __aenter__(self):
        self.socket = await websockets.connect(
            self.where, ssl=unverified(), subprotocols=[self.door], ping_interval=None)
        assert self.socket.subprotocol == self.door
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def receive(self):
        data = await asyncio.wait_for(self.socket.recv(), 20 * build.PATIENCE)
        assert isinstance(data, str) == (self.door == JSON)
        if self.door == JSON:
            return json.loads(data)
        return json_format.MessageToDict(frame.Reply.FromString(data))

    async def post(self, **body):
        self.number += 1
        request = {"id": str(self.number), **body}
        await self.socket.send(
            json.dumps(request) if self.door == JSON else
            json_format.ParseDict(request, frame.Request()).SerializeToString())
        return str(self.number)

    async def call(self, expect, **body):
        number = await self.post(**body)
        while True:
            reply = await self.receive()
            if reply.pop("id", None) == number:
                assert list(reply) == [expect], reply
                return reply[expect]
            self.news.append(reply)

    async def wait_news(self, kind):
        while not any(kind in reply for reply in self.news):
            self.news.append(await self.receive())
        found = next(reply for reply in self.news if kind in reply)
        self.news.remove(found)
        return found[kind]

    async def hello(self):
        return await self.call("welcome", hello={"versionMin": 1, "versionMax": 1, "client": "py"})


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def quick_server():
    """One whose heartbeat is short."""
    server = Server(heartbeat_ms=BEAT_MS)
    server.add_user("alice", PASSWORD)
    yield server
    server.stop()


async def conversation(server, door):
    me, friend = f"me-{door[-2:]}", f"friend-{door[-2:]}"
    group = f"#tea-{door[-2:]}"
    async with Client(server, door) as one, Client(server, JSON) as two:
        for client, name in ((one, me), (two, friend)):
            welcome = await client.hello()
            assert welcome["limits"]["frameBytes"] == 65536
            login = await client.call("loggedIn", registerAccount={
                "name": name, "password": PASSWORD, "invite": secret_of(server.invite())})
            assert login["name"] == name
            client.token, client.device = login["token"], int(login["device"])
        made = await one.call("joined", createGroup={"name": group[1:], "public": True})
        group_id = made["conversation"]["id"]
        await two.call("joined", joinGroup={"target": {"group": group[1:]}})
        here = await one.call("presences", who={"names": [friend]})
        assert here["users"][0]["online"] is True

        sent = await one.call("sent", send={
            "targets": [{"group": group[1:]}, {"user": friend}], "text": TEXT,
            "clientId": str(one.device << 32 | 1)})
        assert [o["conversation"] for o in sent["outcomes"]][0] == group_id
        for outcome in sent["outcomes"]:
            event = await two.wait_news("event")
            while event.get("text") != TEXT:
                event = await two.wait_news("event")
            assert event["senderName"] == me and event["seq"] == outcome["seq"]
            assert event["conversation"] == outcome["conversation"]
        page = await two.call("historyPage", history={"target": {"user": me}})
        assert [e["text"] for e in page["events"]] == [TEXT]
        token, seq = one.token, sent["outcomes"][0]["seq"]
        assert await (await one.socket.ping(b"as the library does")) > 0

    async with Client(server, JSON) as two:
        await two.hello()
        await two.call("loggedIn", loginPassword={"name": friend, "password": PASSWORD})
        here = await two.call("presences", who={"names": [me]})
        assert not here["users"][0].get("online", False)
        await two.call("sent", send={"targets": [{"group": group[1:]}], "text": "missed",
                                     "clientId": str(1 << 62 | 5)})
    async with Client(server, door) as one:
        await one.hello()
        login = await one.call("loggedIn", loginToken={"token": token})
        assert login["name"] == me and int(login["lastClientId"]) & 0xffffffff == 2
        page = await one.call("syncPage", sync={"have": [{"conversation": group_id, "seq": seq}]})
        assert [e["text"] for e in page["events"] if e["conversation"] == group_id] == ["missed"]
        await one.call("done", logout={})
        assert (await one.receive())["closing"]["reason"].get("code", "OK") == "OK"
        with pytest.raises(websockets.ConnectionClosedOK):
            await one.receive()
        assert one.socket.close_code == 1000


@pytest.mark.parametrize("door", [JSON, PB])
def test_python_websockets(server, door):
    asyncio.run(conversation(server, door))


def schema():
    """Messages and enums of the .proto files, as ws_client.mjs wants them."""
    messages, enums = {}, {}

    def visit(message):
        if message.full_name in messages:
            return
        fields = messages[message.full_name] = {}
        for f in message.fields:
            fields[f.json_name] = {
                "number": f.number, "repeated": f.label == f.LABEL_REPEATED,
                "kind": "message" if f.message_type else
                        "bytes" if f.cpp_type == f.CPPTYPE_STRING else "varint",
                "type": f.message_type and f.message_type.full_name,
                "enum": f.enum_type and f.enum_type.full_name,
                "bool": f.cpp_type == f.CPPTYPE_BOOL, "big": f.cpp_type == f.CPPTYPE_UINT64}
            if f.message_type:
                visit(f.message_type)
            if f.enum_type:
                names = {v.number: v.name for v in f.enum_type.values}
                enums[f.enum_type.full_name] = [names.get(n) for n in range(max(names) + 1)]
    visit(frame.Request.DESCRIPTOR)
    visit(frame.Reply.DESCRIPTOR)
    return {"messages": messages, "enums": enums}


@pytest.mark.parametrize("door", [JSON, PB])
def test_npm_ws(server, door):
    """The same by tests/browser/ws_client.mjs."""
    assert (MODULES / "node_modules" / "ws").exists(), "run tests/run.sh once: it fetches ws"
    settings = {"modules": str(MODULES), "url": server.web("/v1/ws", "wss"), "door": door,
                "password": PASSWORD, "text": TEXT, "names": [f"n1-{door[-2:]}", f"n2-{door[-2:]}"],
                "group": f"node-{door[-2:]}", "schema": schema(),
                "invites": [secret_of(server.invite()) for _ in range(2)]}
    run = subprocess.run(["node", str(build.TOP / "tests" / "browser" / "ws_client.mjs")],
                         env={**os.environ, "KITH_SETTINGS": json.dumps(settings)}, text=True,
                         capture_output=True, timeout=60 * build.PATIENCE)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == "all done"


# -- heartbeats --------------------------------------------------------------------------

async def logged_in(server, door):
    client = await Client(server, door).__aenter__()
    assert (await client.hello())["limits"]["heartbeatMs"] == BEAT_MS
    await client.call("loggedIn", loginPassword={"name": "alice", "password": PASSWORD})
    return client


async def last_words(client):
    """Reads until the end: the reason told, and the close code."""
    reason = None
    try:
        while True:
            reply = await client.receive()
            reason = reply.get("closing", {}).get("reason", {}).get("code", reason)
    except websockets.ConnectionClosed:
        return reason, client.socket.close_code


BEATS = {
    "ping frames": lambda client: client.socket.ping(),
    "pong frames": lambda client: client.socket.pong(),
    "Pong requests": lambda client: client.post(pong={}),
}


async def beat_until(client, beat, ended):
    """Answers each beat of the server's, until twice as much time has gone as `ended` took."""
    begin, pings, end = time.monotonic(), 0, None
    while end is None or time.monotonic() < end:
        await beat(client)
        assert await client.receive() == {"ping": {}}
        pings += 1
        if end is None and all(one.done() for one in ended):
            end = 2 * time.monotonic() - begin
    assert pings > 2
    await client.call("pong", ping={})
    await client.socket.close()
    assert client.socket.close_code == 1000


def test_who_is_silent_is_closed_and_any_beat_will_do(quick_server):
    async def play():
        silent = [asyncio.ensure_future(last_words(await logged_in(quick_server, door)))
                  for door in (JSON, PB)]
        await asyncio.gather(*[beat_until(await logged_in(quick_server, door), beat, silent)
                               for door in (JSON, PB) for beat in BEATS.values()])
        for one in silent:
            assert await one == ("TIMEOUT", 1008)
    asyncio.run(play())


@pytest.mark.parametrize("door", [JSON, PB])
def test_a_stop_is_told(make_server, door):
    server = make_server()
    server.add_user("alice", PASSWORD)

    async def play():
        client = await Client(server, door).__aenter__()
        await client.hello()
        await client.call("loggedIn", loginPassword={"name": "alice", "password": PASSWORD})
        ending = asyncio.get_running_loop().run_in_executor(None, server.terminate)
        reason, code = await last_words(client)
        assert (reason, code) == ("SHUTTING_DOWN", 1001)
        assert await ending == 0
    asyncio.run(play())


# -- one session, any door ----------------------------------------------------------------

def test_a_revoked_session_ends_at_once(server):
    server.add_user("zoe", PASSWORD)

    async def play():
        async with Client(server, PB) as one, Client(server, JSON) as two:
            devices = []
            for client in (one, two):
                await client.hello()
                login = await client.call("loggedIn", loginPassword={
                    "name": "zoe", "password": PASSWORD})
                devices.append(login["device"])
            await two.call("done", revokeSession={"device": devices[0]})
            reason, code = await last_words(one)
            assert (reason, code) == ("REVOKED", 1008)
            await two.call("pong", ping={})
    asyncio.run(play())


def cookie_of(server, name):
    """What the page's login gives a browser."""
    link = http.client.HTTPConnection(*server.address, timeout=20)
    link.request("POST", "/v1/login", json.dumps({"id": "1", "loginPassword": {
        "name": name, "password": PASSWORD}}), {
            "Content-Type": "application/json", "Origin": server.web("", "http")})
    answer = link.getresponse()
    assert answer.status == 200, answer.read()
    link.close()
    return answer.headers["Set-Cookie"].split(";")[0]


@pytest.mark.parametrize("door", [JSON, PB])
def test_an_empty_token_is_that_of_the_cookie(server, door):
    name = f"cookie-{door[-2:]}"
    server.add_user(name, PASSWORD)
    cookie = cookie_of(server, name)
    bad = cookie[:-1] + ("A" if cookie[-1] != "A" else "E")
    origin = "Origin: " + server.web("", "http")
    for headers, expected in (((origin, "Cookie: " + cookie), ("logged_in", None)),
                              ((origin, "Cookie: " + bad), ("error", "TOKEN_INVALID")),
                              ((origin, "Cookie: " + cookie + "A"), ("error", "TOKEN_INVALID")),
                              ((origin,), ("error", "TOKEN_INVALID")),
                              (("Cookie: " + cookie,), ("error", "TOKEN_INVALID"))):
        with WsLink(server.address, door, headers=headers) as link:
            link.hello()
            kind, code = expected
            assert link.login() == Said(kind, 2, code)


def test_native_and_websockets_see_each_other(server):
    for name in ("nat", "web-json", "web-pb"):
        server.add_user(name, PASSWORD)

    async def play(native):
        async with Client(server, JSON) as one, Client(server, PB) as two:
            for client, name in ((one, "web-json"), (two, "web-pb")):
                await client.hello()
                await client.call("loggedIn", loginPassword={"name": name, "password": PASSWORD})
                await client.call("joined", joinGroup={"target": {"group": "mixed"}})
            native.send("#mixed", TEXT)
            for client in (one, two):
                event = await client.wait_news("event")
                while event.get("text") != TEXT:
                    event = await client.wait_news("event")
                assert event["senderName"] == "nat"
            await one.call("sent", send={"targets": [{"group": "mixed"}], "text": "from JSON",
                                         "clientId": str(1 << 62 | 1)})
    with PbClient(server.address, tls=False) as native:
        native.hello()
        native.login("nat", PASSWORD)
        native.create_group("mixed", public=True)
        asyncio.run(play(native))
        assert native.wait_text("from JSON").sender_name == "web-json"
