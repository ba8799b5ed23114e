"""Which pages may make requests, and as whom: Host, Origin and cookie at each path of the door.

A browser lets any page open a WebSocket to any server and sends that server's cookies along, and
anybody can make a name resolve to this server. So these headers are checked before anything else.
"""
import asyncio
import http.client
import json

import pytest
import websockets

from kithtest.pb import PbClient
from kithtest.server import Server
from kithtest.tls import unverified
from kithtest.wait import until

PASSWORD = "correct horse battery"
NAME, LISTED = "chat.example.lan", "https://wiki.example.lan"


class World:
    """A server, alice, her token, and the cookie of her page."""

    def __init__(self):
        self.server = Server(server_name=NAME, http_origins=f"{LISTED} http://localhost:9000")
        try:
            self.server.add_user("alice", PASSWORD)
            self.port = self.server.address[1]
            self.own = f"https://{NAME}:{self.port}"
            with PbClient(self.server.address, tls=False) as link:
                link.hello()
                self.token = link.login("alice", PASSWORD).token
            self.cookie = self.login_cookie()
        except BaseException:
            self.server.stop()
            raise

    def login_cookie(self):
        status, headers, _ = self.login(origin=self.own)
        assert status == 200
        return headers["Set-Cookie"].split(";")[0]

    def login(self, **how):
        body = {"id": "1", "loginPassword": {"name": "alice", "password": PASSWORD}}
        return self.ask("POST", "/v1/login", body=body, **how)

    def ask(self, method, path, origin=None, host=None, body=None, cookie=None, bearer=None,
            tls=True, **headers):
        """Status, headers and body. No answer to anybody ever has the open forms of CORS."""
        context = unverified() if tls else None
        link = http.client.HTTPSConnection(*self.server.address, timeout=20, context=context) \
            if tls else http.client.HTTPConnection(*self.server.address, timeout=20)
        link.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        link.putheader("Host", host or f"{NAME}:{self.port}")
        data = None if body is None else json.dumps(body).encode()
        given = {"Origin": origin, "Cookie": cookie, "Authorization": bearer and f"Bearer {bearer}",
                 "Content-Type": data and "application/json", "Content-Length": data and len(data)}
        given.update((name.replace("_", "-"), value) for name, value in headers.items())
        for name, value in given.items():
            if value is not None:
                link.putheader(name, value)
        link.endheaders(data)
        response = link.getresponse()
        text = b"" if response.status == 101 else response.read()
        link.close()
        allowed = response.headers.get_all("Access-Control-Allow-Origin", [])
        assert allowed in ([], [origin]) and "*" not in allowed
        assert "Access-Control-Allow-Credentials" not in response.headers
        return response.status, response.headers, text

    def upgrade(self, **how):
        return self.ask("GET", "/v1/ws", Connection="Upgrade", Upgrade="websocket",
                        Sec_WebSocket_Version="13", Sec_WebSocket_Protocol="kith.v1.json",
                        Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==", **how)

    def poll(self, **how):
        """The bodies of the answers to a request for who is there."""
        status, _, text = self.ask("POST", "/v1/poll", body={"requests": [
            {"id": "7", "who": {"names": ["alice"]}}]}, **how)
        return status, {kind for reply in json.loads(text).get("replies", [])
                        for kind in reply if kind != "id"}

    def send(self, text, **how):
        return self.ask("POST", "/v1/messages", body={"to": "@alice", "text": text}, **how)[0]

    def notes(self):
        """What alice has written to herself."""
        status, _, text = self.ask("POST", "/v1/messages", bearer=self.token,
                                   body={"to": "@alice", "text": "the last"})
        assert status == 200
        path = f"/v1/conversations/{json.loads(text)['conversation']}/events"
        status, _, text = self.ask("GET", path, bearer=self.token)
        assert status == 200
        return path, [e.get("text") for e in json.loads(text)["events"]]


@pytest.fixture(scope="module")
def world():
    world = World()
    yield world
    world.server.stop()


# Of pages that are not ours, at the host chat.example.lan and its port, by TLS.
FOREIGN = {
    "another site": "https://evil.example",
    "another site at our port": "https://evil.example:{port}",
    "null": "null",
    "nothing": "",
    "our name as a subdomain": "https://chat.example.lan.evil.example",
    "our name as a subdomain, at our port": "https://chat.example.lan.evil.example:{port}",
    "our name at an end": "https://evil-chat.example.lan:{port}",
    "a subdomain of ours": "https://sub.chat.example.lan:{port}",
    "the domain": "https://example.lan:{port}",
    "our name as a user": "https://chat.example.lan:{port}@evil.example",
    "another port": "https://chat.example.lan:1",
    "no port": "https://chat.example.lan",
    "one digit more": "https://chat.example.lan:{port}0",
    "without TLS": "http://chat.example.lan:{port}",
    "the WebSocket's scheme": "wss://chat.example.lan:{port}",
    "no scheme": "chat.example.lan:{port}",
    "a path": "https://chat.example.lan:{port}/",
    "large letters": "https://CHAT.example.lan:{port}",
    "a dot at the end": "https://chat.example.lan.:{port}",
    "our address instead of our name": "https://127.0.0.1:{port}",
    "localhost": "https://localhost:{port}",
    "two": "https://chat.example.lan:{port} https://evil.example",
    "two by a comma": "https://chat.example.lan:{port}, https://evil.example",
    "a file": "file://",
    "an extension": "chrome-extension://abcdefghijklmnop",
    "the listed one without TLS": "http://wiki.example.lan",
    "the listed one at another port": "https://wiki.example.lan:8443",
    "the listed one's subdomain": "https://a.wiki.example.lan",
    "the listed one as a subdomain": "https://wiki.example.lan.evil.example",
    "the listed one and a path": "https://wiki.example.lan/",
    "both listed ones": "https://wiki.example.lan http://localhost:9000",
}
# Names that lead here without being ours; the page has the same.
REBOUND = ("evil.example", "evil.example:{port}", "chat.example.lan.evil.example:{port}",
           "localhost.evil.example", "127.0.0.1.evil.example", "wiki.example.lan", "example.lan",
           "evil-chat.example.lan", "127.1", "0x7f000001")


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_page_is_refused_everywhere(world, name):
    origin = FOREIGN[name].format(port=world.port)
    how = {"origin": origin, "cookie": world.cookie}
    assert world.upgrade(**how)[0] == 403
    assert world.login(**how)[0] == 403
    assert world.ask("POST", "/v1/logout", **how)[0] == 403
    assert world.poll(**how)[0] == 403
    assert world.send("forged", **how) == 403
    for path in ("/v1/conversations/1/events", "/", "/healthz", "/metrics", "/nothing"):
        assert world.ask("GET", path, **how)[0] == 403
    # Also with what a page cannot have, and with what would make it ours.
    assert world.poll(origin=origin, bearer=world.token)[0] == 403
    assert world.send("forged", origin=origin, bearer=world.token) == 403
    assert world.upgrade(**how, Sec_Fetch_Site="same-origin")[0] == 403
    assert world.upgrade(**how, X_Forwarded_Proto="http", X_Forwarded_Host="evil.example")[0] == 403
    assert world.ask("OPTIONS", "/v1/poll", **how, Access_Control_Request_Method="POST")[0] == 403


@pytest.mark.parametrize("host", REBOUND)
def test_a_rebound_name_is_refused_everywhere(world, host):
    host = host.format(port=world.port)
    for origin in (f"https://{host}", None, world.own, LISTED):
        how = {"origin": origin, "cookie": world.cookie, "host": host}
        assert world.upgrade(**how)[0] == 421
        assert world.login(**how)[0] == 421
        assert world.ask("POST", "/v1/logout", **how)[0] == 421
        assert world.poll(**how)[0] == 421
        assert world.send("forged", **how) == 421
        assert world.ask("GET", "/", **how)[0] == 421
        assert world.ask("OPTIONS", "/v1/poll", **how)[0] == 421
        assert world.poll(host=host, origin=origin, bearer=world.token)[0] == 421


def test_nothing_forged_was_written(world):
    """After the tests above; and the cookie that they tried is still good."""
    assert "forged" not in world.notes()[1]
    assert world.poll(origin=world.own, cookie=world.cookie) == (
        200, {"welcome", "loggedIn", "presences"})


OWN = [("chat.example.lan:{port}", "https://chat.example.lan:{port}"),
       ("Chat.EXAMPLE.lan:{port}", "https://chat.example.lan:{port}"),
       ("chat.example.lan", "https://chat.example.lan"),
       ("chat.example.lan:443", "https://chat.example.lan"),
       ("localhost:{port}", "https://localhost:{port}"),
       ("localhost:8443", "https://localhost:8443"),
       ("127.0.0.1:{port}", "https://127.0.0.1:{port}"),
       ("[::1]:{port}", "https://[::1]:{port}")]


@pytest.mark.parametrize("host, origin", OWN)
def test_the_own_page_may_do_all(world, host, origin):
    """By whatever name of ours; also through a forwarded port."""
    how = {"host": host.format(port=world.port), "origin": origin.format(port=world.port)}
    status, headers, text = world.login(**how)
    assert status == 200 and "token" not in json.loads(text)["loggedIn"]
    cookie, *attributes = headers["Set-Cookie"].split("; ")
    assert cookie.startswith("__Host-kith=")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} <= set(attributes)
    assert not any(a.startswith("Domain") for a in attributes)
    assert world.upgrade(cookie=cookie, **how)[0] == 101
    assert world.poll(cookie=cookie, **how) == (200, {"welcome", "loggedIn", "presences"})
    assert world.send("by the page", cookie=cookie, **how) == 200
    status, headers, _ = world.ask("POST", "/v1/logout", cookie=cookie, **how)
    assert status == 200 and "Max-Age=0" in headers["Set-Cookie"]
    assert world.send("afterwards", cookie=cookie, **how) == 401


def test_a_listed_page_has_tokens_but_no_cookie(world):
    how = {"origin": LISTED}
    assert world.upgrade(**how)[0] == 101
    assert world.send("by a token", bearer=world.token, **how) == 200
    assert world.poll(bearer=world.token, **how) == (200, {"welcome", "loggedIn", "presences"})
    assert world.send("by a cookie", cookie=world.cookie, **how) == 401
    assert world.poll(cookie=world.cookie, **how) == (200, {"error"})
    status, headers, _ = world.login(**how)
    assert status == 403 and "Set-Cookie" not in headers
    assert world.ask("POST", "/v1/logout", cookie=world.cookie, **how)[0] == 403
    assert world.send("still there", origin=world.own, cookie=world.cookie) == 200


def test_without_an_origin_no_cookie_counts(world):
    assert world.send("by a cookie", cookie=world.cookie) == 401
    assert world.send("by a token", bearer=world.token) == 200
    assert world.poll(cookie=world.cookie) == (200, {"error"})
    assert world.ask("POST", "/v1/logout", cookie=world.cookie)[0] == 403
    status, headers, text = world.login()
    assert status == 200 and "Set-Cookie" not in headers
    assert json.loads(text)["loggedIn"]["token"]
    for site in ("same-origin", "none", "same-site"):
        assert world.send("by a cookie", cookie=world.cookie, Sec_Fetch_Site=site) == 401


PROGRAMS = {"a program": {}, "a program with a stray cookie": {"cookie": True},
            "a listed page": {"origin": LISTED}, "our page": {"origin": "own"}}
# By path: what a token of its own is answered, and none.
DEEDS = {
    "/v1/poll": (lambda world, **how: world.poll(**how)[0], 200, 200),
    "/v1/messages": (lambda world, **how: world.send("by a token", **how), 200, 401),
    "/v1/conversations": (lambda world, **how: world.ask("GET", world.notes()[0], **how)[0], 200, 401),
    "/v1/logout": (lambda world, **how: world.ask("POST", "/v1/logout", **how)[0], 200, 403),
}


@pytest.mark.parametrize("who", PROGRAMS)
def test_who_gives_a_token_needs_no_origin(world, who):
    """At each path that takes one: as what kith-protocol(7) says of programs."""
    how = dict(PROGRAMS[who])
    if how.get("origin") == "own":
        how["origin"] = world.own
    if how.get("cookie"):
        how["cookie"] = world.cookie
    token = json.loads(world.login()[2])["loggedIn"]["token"]
    for path, (deed, given, none) in DEEDS.items():
        assert deed(world, bearer="A" * len(token), **how) == 401, path
        assert deed(world, bearer=token, **how) == given, path
        if how.get("origin") != world.own:
            assert deed(world, **how) == none, path
    # Logging out was the last: that token is gone, and nobody else's.
    for path, (deed, _, _) in DEEDS.items():
        assert deed(world, bearer=token, **how) == 401, path
    assert world.send("the cookie is still good", origin=world.own, cookie=world.cookie) == 200
    status, headers, _ = world.ask("POST", "/v1/logout", bearer=json.loads(
        world.login()[2])["loggedIn"]["token"], **how)
    assert status == 200 and "Set-Cookie" not in headers


def test_to_look_is_allowed_when_the_browser_says_it_is_our_page(world):
    path, _ = world.notes()

    def look(**how):
        return world.ask("GET", path, **how)[0]
    assert look(cookie=world.cookie, Sec_Fetch_Site="same-origin") == 200
    for site in ("same-site", "cross-site", "none", "", None):
        assert look(cookie=world.cookie, Sec_Fetch_Site=site) == 401
    assert look(cookie=world.cookie, origin=LISTED, Sec_Fetch_Site="same-origin") == 401
    assert look(cookie=world.cookie, origin=world.own) == 200
    assert look(bearer=world.token) == 200
    assert look() == 401


def test_a_cookie_of_another_kind_does_not_count(world):
    """The name of connections without TLS could be set by anybody on the way; and one of two
    was planted."""
    value = world.cookie.partition("=")[2]
    for cookie in (f"kith={value}", f"__Secure-kith={value}", f"__host-kith={value}",
                   f"x__Host-kith={value}", f"{world.cookie}; __Host-kith=x",
                   f"__Host-kith=x; {world.cookie}", f"{world.cookie}x", f"{world.cookie[:-1]}",
                   f"__Host-kith=\"{value}\"", "__Host-kith="):
        assert world.send("forged", origin=world.own, cookie=cookie) == 401, cookie
    assert world.send("among others", origin=world.own, cookie=f"a=b; {world.cookie}; c=d") == 200


def test_a_header_beats_the_cookie(world):
    """Whoever says that he is nobody we know is not taken for somebody else."""
    assert world.send("x", origin=world.own, cookie=world.cookie, bearer="A" * 43) == 401
    assert world.send("x", origin=world.own, cookie=world.cookie,
                      Authorization="Basic YTpi") == 401


def test_without_tls_the_origin_has_none(world):
    """Only this host can ask so."""
    own = f"http://localhost:{world.port}"
    how = {"tls": False, "host": f"localhost:{world.port}"}
    status, headers, _ = world.login(origin=own, **how)
    cookie = headers["Set-Cookie"].split(";")[0]
    assert status == 200 and cookie.startswith("kith=") and "Secure" not in headers["Set-Cookie"]
    assert world.send("plain", origin=own, cookie=cookie, **how) == 200
    assert world.send("plain", origin=own, cookie=world.cookie, **how) == 401
    for origin in (f"https://localhost:{world.port}", world.own):
        assert world.send("forged", origin=origin, cookie=cookie, **how) == 403


@pytest.mark.parametrize("path", [
    "/v1/poll", "/v1/messages", "/v1/conversations/1/events", "/v1/hook/x", "/v1/login",
    "/v1/logout"])
def test_preflights_are_answered_for_the_listed(world, path):
    how = {"Access_Control_Request_Method": "POST",
           "Access_Control_Request_Headers": "authorization, content-type"}
    status, headers, _ = world.ask("OPTIONS", path, origin=LISTED, **how)
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == LISTED
    assert "Origin" in headers["Vary"]
    assert set(headers["Access-Control-Allow-Methods"].split(", ")) == {"GET", "POST"}
    assert headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    for origin in (world.own, None):
        status, headers, _ = world.ask("OPTIONS", path, origin=origin, **how)
        assert status == 204 and "Access-Control-Allow-Origin" not in headers
    for origin in ("https://evil.example", "null"):
        status, headers, _ = world.ask("OPTIONS", path, origin=origin, **how)
        assert status == 403 and "Access-Control-Allow-Origin" not in headers


def test_answers_to_the_listed_can_be_read_by_them_alone(world):
    status, headers, _ = world.ask("POST", "/v1/messages", origin=LISTED, bearer=world.token,
                                   body={"to": "@alice", "text": "x"})
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == LISTED and "Origin" in headers["Vary"]
    status, headers, _ = world.ask("POST", "/v1/messages", origin=LISTED, body={"to": "@alice"})
    assert status == 401 and headers["Access-Control-Allow-Origin"] == LISTED
    _, headers, _ = world.ask("GET", "/healthz", origin="https://evil.example")
    assert "Access-Control-Allow-Origin" not in headers


# -- a WebSocket's login by cookie ---------------------------------------------------

async def token_login(world, origin, cookie):
    """What a login with an empty token answers."""
    async with websockets.connect(
            f"wss://127.0.0.1:{world.port}/v1/ws", ssl=unverified(), origin=origin,
            extra_headers={"Cookie": cookie} if cookie else {},
            subprotocols=["kith.v1.json"]) as link:
        for request in ({"id": "1", "hello": {"versionMin": 1, "versionMax": 1}},
                        {"id": "2", "loginToken": {}}):
            await link.send(json.dumps(request))
            reply = json.loads(await link.recv())
        return reply


@pytest.mark.parametrize("origin, with_cookie, expected", [
    ("own", True, "loggedIn"), ("own", False, "error"), (LISTED, True, "error"),
    (None, True, "error")])
def test_a_websockets_cookie_counts_for_the_own_page(world, origin, with_cookie, expected):
    origin = f"https://127.0.0.1:{world.port}" if origin == "own" else origin
    cookie = world.cookie if with_cookie else None
    reply = asyncio.run(token_login(world, origin, cookie))
    assert expected in reply
    assert expected == "loggedIn" or reply["error"]["code"] == "TOKEN_INVALID"


# -- options ----------------------------------------------------------------------------

def test_a_reload_takes_the_lists(make_server):
    server = make_server(server_name=NAME)
    host = {"Host": "new.example.lan", "Origin": LISTED}

    def status():
        link = http.client.HTTPConnection(*server.address, timeout=20)
        link.request("GET", "/healthz", headers=host)
        code = link.getresponse().status
        link.close()
        return code
    assert status() == 421
    server.write_conf(http_names="new.example.lan")
    server.ctl("reload")
    until("the name is known to all", lambda: [status() for _ in range(8)] == [403] * 8)
    server.write_conf(http_origins=LISTED)
    server.ctl("reload")
    until("the origin is known to all", lambda: [status() for _ in range(8)] == [200] * 8)


@pytest.mark.parametrize("option, value", [
    ("http_origins", "null"), ("http_origins", "*"), ("http_origins", "https://wiki.example.lan/"),
    ("http_origins", "wiki.example.lan"), ("http_names", "*"), ("http_names", "https://a"),
    ("http_names", "a:443"), ("http_proxies", "localhost"), ("http_proxies", "10.0.0.0/33")])
def test_a_list_that_would_be_misread_is_refused(make_server, option, value):
    server = make_server(start=False, **{option: value})
    server.launch()
    assert server.exit_code() != 0
    assert option in server.log()
