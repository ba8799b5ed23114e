"""doors.py - one request at each door: native frames, WebSocket in JSON and in protobuf, polls.

Each door can bring a session into one of the states, send one request, and return the answer in
the JSON mapping. No code of libkith is used.
"""
import asyncio
import http.client
import json

import websockets
from google.protobuf import json_format

from .pb import Closed, PbClient
from .schema import frame

HELLO = {"hello": {"versionMin": 1, "versionMax": 1, "client": "doors"}}
ID = 77


def request(number, body):
    return json_format.ParseDict({"id": str(number), **body}, frame.Request())


def as_dict(reply):
    return json_format.MessageToDict(reply)


class Native:
    """Frames, on a connection of its own."""
    name = "native"

    def __init__(self, server):
        self.link = PbClient(server.address, tls=False)

    def ask(self, body, number=ID):
        """Returns the reply; None if the connection ended without one."""
        data = request(number, body).SerializeToString()
        self.link.write(len(data).to_bytes(4, "big") + data)
        try:
            while True:
                reply = self.link.receive()
                if reply.id == number:
                    return as_dict(reply)
        except Closed:
            return None

    def ask_silent(self, body):
        """For a request without an answer: returns what came before the answer to a ping sent after it."""
        first, second = request(ID, body), request(ID + 1, {"ping": {}})
        for message in (first, second):
            data = message.SerializeToString()
            self.link.write(len(data).to_bytes(4, "big") + data)
        reply = self.link.receive()
        return as_dict(reply) if reply.id == ID else None

    def close(self):
        self.link.close()


class WebSocket:
    """Either subprotocol; each has its own encoding."""
    subprotocol = None

    def __init__(self, server):
        self.loop = asyncio.new_event_loop()
        self.link = self.wait(self.open(*server.address))

    async def open(self, host, port):
        return await websockets.connect(f"ws://{host}:{port}/v1/ws", max_size=None,
                                        subprotocols=[self.subprotocol])

    def wait(self, what):
        return self.loop.run_until_complete(asyncio.wait_for(what, 30))

    def receive(self):
        return self.decode(self.wait(self.link.recv()))

    def ask(self, body, number=ID):
        self.wait(self.link.send(self.encode(number, body)))
        try:
            while True:
                reply = self.receive()
                if reply.get("id") == str(number):
                    return reply
        except websockets.ConnectionClosed:
            return None

    def ask_silent(self, body):
        self.wait(self.link.send(self.encode(ID, body)))
        self.wait(self.link.send(self.encode(ID + 1, {"ping": {}})))
        reply = self.receive()
        return reply if reply.get("id") == str(ID) else None

    def close(self):
        self.wait(self.link.close())
        self.loop.close()


class WebSocketJson(WebSocket):
    name = "WebSocket JSON"
    subprotocol = "kith.v1.json"

    def encode(self, number, body):
        return json.dumps({"id": str(number), **body})

    def decode(self, text):
        return json.loads(text)


class WebSocketPb(WebSocket):
    name = "WebSocket binary"
    subprotocol = "kith.v1.pb"

    def encode(self, number, body):
        return request(number, body).SerializeToString()

    def decode(self, data):
        return as_dict(frame.Reply.FromString(data))


class Poll:
    """A session without a token lives for one poll, so the requests that lead to its state go first."""
    name = "long poll"

    def __init__(self, server):
        self.link = http.client.HTTPConnection(*server.address, timeout=30)
        self.before = []
        self.token = None

    def post(self, bodies):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        requests = [{"id": str(number), **body} for number, body in bodies]
        self.link.request("POST", "/v1/poll", json.dumps({"requests": requests}), headers)
        response = self.link.getresponse()
        answer = json.loads(response.read())
        assert response.status == 200, answer
        return answer.get("replies", [])

    def ask(self, body, number=ID):
        earlier = [] if self.token else [(1000 + i, b) for i, b in enumerate(self.before)]
        replies = self.post([*earlier, (number, body)])
        found = [reply for reply in replies if reply.get("id") == str(number)]
        if found and "error" not in found[0]:
            self.before.append(body)
            self.token = found[0].get("loggedIn", {}).get("token") or self.token
        return found[0] if found else None

    ask_silent = ask

    def close(self):
        self.link.close()


DOORS = (Native, WebSocketJson, WebSocketPb, Poll)
