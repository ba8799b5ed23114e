"""What the HTTP door serves to everybody: the page's files and the server's health."""
import gzip
import http.client
import re
import shutil
import ssl
import time

import pytest

from kithtest import build
from kithtest.pb import PbClient
from kithtest.server import Server
from kithtest.tls import unverified
from kithtest.wait import until

PASSWORD = "correct horse battery"
WEB = build.TOP / "client-web"
LISTED = re.search(r"web_files = \\\n((?:.*\\\n)*.*)\n",
                   (WEB / "local.mk").read_text()).group(1).replace("\\", "").split()
FILES = [name.removeprefix("client-web/") for name in LISTED]
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
         "js": "text/javascript; charset=utf-8", "json": "application/json",
         "svg": "image/svg+xml", "webmanifest": "application/manifest+json"}


@pytest.fixture(scope="module")
def server():
    server = Server()
    try:
        for name in ("alice", "bob"):
            server.add_user(name, PASSWORD)
        yield server
    finally:
        server.stop()


def ask(server, path, method="GET", headers={}, tls=True):
    """The response, with its body in `.text`."""
    kind = http.client.HTTPSConnection if tls else http.client.HTTPConnection
    link = kind(*server.address, timeout=20, **({"context": unverified()} if tls else {}))
    link.request(method, path, headers=headers)
    response = link.getresponse()
    response.data = response.read()
    link.close()
    return response


def plain_page():
    return (WEB / "index.html").read_bytes()


def token(server, name):
    with PbClient(server.address, tls=False) as link:
        link.hello()
        return link.login(name, PASSWORD).token


@pytest.mark.parametrize("name", FILES)
def test_each_file_of_the_page_is_served_as_it_is(server, name):
    response = ask(server, f"/{name}")
    assert response.status == 200
    assert response.data == (WEB / name).read_bytes()
    assert response.headers["Content-Type"] == TYPES[name.rsplit(".", 1)[1]]


def test_files_are_compressed_for_who_takes_that(server):
    """Each form has its own ETag, and is another answer for a cache."""
    sums = [0, 0]
    for name in FILES:
        plain, packed = ask(server, f"/{name}"), ask(server, f"/{name}", headers={
            "Accept-Encoding": "deflate, gzip;q=0.5, br"})
        assert "Content-Encoding" not in plain.headers
        for one in (plain, packed):
            assert one.headers["Vary"] == "Accept-Encoding"
        if packed.headers.get("Content-Encoding") == "gzip":
            assert packed.headers["ETag"] != plain.headers["ETag"]
            assert gzip.decompress(packed.data) == plain.data
        else:
            assert packed.data == plain.data
        sums[0] += len(plain.data)
        sums[1] += len(packed.data)
    assert sums[1] < sums[0] / 2
    for accept in ("gzip;q=0", "*;q=0", "br", "identity"):
        assert ask(server, "/", headers={"Accept-Encoding": accept}).data == plain_page()
    packed = ask(server, "/", headers={"Accept-Encoding": "gzip"})
    for accept, status in (("gzip", 304), ("identity", 200)):
        again = ask(server, "/", headers={"Accept-Encoding": accept,
                                          "If-None-Match": packed.headers["ETag"]})
        assert again.status == status
    # What is made for one user is never compressed: its length would tell (BREACH).
    for path in ("/healthz", "/v1/conversations/1/events", "/nothing"):
        other = ask(server, path, headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in other.headers


def test_the_root_is_the_page(server):
    assert ask(server, "/").data == plain_page()


def test_a_page_that_is_known_is_not_sent_again(server):
    first = ask(server, "/")
    again = ask(server, "/", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304 and again.data == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    other = ask(server, "/", headers={"If-None-Match": '"something"'})
    assert other.status == 200


def test_head_has_the_length_and_no_body(server):
    response = ask(server, "/", "HEAD")
    assert response.status == 200 and response.data == b""
    assert int(response.headers["Content-Length"]) == (WEB / "index.html").stat().st_size


def test_the_page_may_do_little(server):
    headers = ask(server, "/").headers
    policy = dict(part.strip().split(" ", 1) for part in
                  headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'" and policy["base-uri"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert not any("unsafe" in value or "*" in value for value in policy.values())
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", [
    "/local.mk", "/README.md", "/kithd.conf", "/index.html/", "/js", "/js/", "/lang/", "/INDEX.HTML",
    "/etc/passwd", "//index.html", "/v1", "/v1/", "/v1/ws/", "/healthz/"])
def test_nothing_else_is_served(server, path):
    assert ask(server, path).status in (400, 404)


def test_http_works_without_tls_from_this_host(server):
    assert ask(server, "/healthz", tls=False).data == b"ok\n"


def test_a_reload_takes_changed_files(make_server):
    server = make_server(start=False)
    copy = server.folder / "web"
    shutil.copytree(WEB, copy)
    copy.chmod(0o755)
    server.write_conf(web_dir=copy)
    server.start()
    assert ask(server, "/").data == (WEB / "index.html").read_bytes()
    (copy / "index.html").write_text("<!doctype html><title>other</title>")
    server.ctl("reload")
    until("both workers have it",
          lambda: all(b"other" in ask(server, "/").data for _ in range(8)))


def test_without_the_files_there_is_no_page_but_chat(make_server):
    """As with a build that is not installed. A web_dir that was set must be there."""
    server = make_server(web_dir=None)
    assert ask(server, "/").status == 404
    assert "page.missing" in server.log()
    server.add_user("alice", PASSWORD)
    assert token(server, "alice")


def test_http_can_be_shut(make_server):
    server = make_server(http="off")
    with pytest.raises((ConnectionError, http.client.BadStatusLine, ssl.SSLError, OSError)):
        ask(server, "/")
    with pytest.raises((ConnectionError, http.client.BadStatusLine)):
        ask(server, "/", tls=False)
    server.add_user("alice", PASSWORD)
    assert token(server, "alice")


def test_healthz_tells_of_a_missing_role(make_server):
    """A reader that dies as soon as it is there is away for longer and longer."""
    server = make_server()
    assert ask(server, "/healthz").data == b"ok\n"

    def away():
        server.kill("reader")
        response = ask(server, "/healthz")
        return response.status == 503 and response.data == b"not ready: reader 0\n"
    until("the reader is missed", away)
    until("it is back", lambda: ask(server, "/healthz").status == 200)


def parse(text):
    """Prometheus' text format: name -> value, and what was said of its type."""
    values, kinds = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            kinds[name] = kind
        elif not line.startswith("#"):
            match = re.fullmatch(r'([a-z_]+)(\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? (\d+)', line)
            assert match, line
            values[match.group(1) + (match.group(2) or "")] = int(match.group(3))
            assert match.group(1) in kinds, f"{line} comes before its type"
    return values, kinds


def test_metrics_are_the_counters(server):
    values, kinds = parse(ask(server, "/metrics").data.decode())
    assert kinds["kith_sessions_open"] == "gauge"
    assert kinds["kith_requests_total"] == "counter"
    stats = server.status()["stats"]
    gauges = ("_open", "_seconds", "_failing")
    names = {f"kith_{name}" + ("" if name.endswith(gauges) else "_total") for name in stats}
    assert names <= set(values)
    assert values["kith_http_requests_total"] > 0
    assert values["kith_certificate_expires_seconds"] > time.time()
    assert values['kith_process_ready{role="writer",index="0"}'] == 1


def test_metrics_are_for_administrators_when_asked_with_a_token(server):
    headers = {"Authorization": f"Bearer {token(server, 'alice')}"}
    assert ask(server, "/metrics", headers=headers).status == 403
    server.ctl("user", "add", "root-of-all", "--admin", "--password-file",
               str(server.folder / "password"))
    headers = {"Authorization": f"Bearer {token(server, 'root-of-all')}"}
    assert ask(server, "/metrics", headers=headers).status == 200
    headers = {"Authorization": "Bearer " + "A" * 43}
    assert ask(server, "/metrics", headers=headers).status == 401
