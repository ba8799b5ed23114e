"""heads.py - the table of HTTP requests; test_heads.py sends it to a live server.

Each row has a name, the bytes, the expected statuses (one for each answer) and whether the connection
closes after them. If it stays open, the next request on it must be answered as usual: nothing of the
row was left over.

The bytes are made by hand: a library would refuse to make most of them.
"""
from collections import namedtuple

Row = namedtuple("Row", "name data statuses closes")

HOST = b"Host: localhost\r\n"
CLOSES, STAYS = True, False
HEAD_MAX, HEADERS_MAX, BODY_MAX, STRANGER_MAX = 8192, 64, 65536, 4096
EVIL = b"GET /evil HTTP/1.1\r\n" + HOST + b"\r\n"


class Head(int):
    """The status of an answer to HEAD: it has no body."""


# -- bytes --------------------------------------------------------------------

def bytes_of(text):
    return text.encode("latin-1") if isinstance(text, str) else text


def head(line, *lines, host=HOST):
    """A request line, Host, further lines, and the empty one."""
    lines = b"".join(bytes_of(x) + b"\r\n" for x in lines)
    return bytes_of(line) + b"\r\n" + host + lines + b"\r\n"


def get(target="/healthz", *lines, **more):
    return head(f"GET {target} HTTP/1.1", *lines, **more)


def method(name, target="/healthz", *lines):
    return head(f"{name} {target} HTTP/1.1", *lines)


def post(*lines, body=b""):
    """To where a body is taken: {} is an empty poll, which is answered at once."""
    return head("POST /v1/poll HTTP/1.1", "Content-Type: application/json", *lines) + body


def sized(length, body=b"{}"):
    return post(f"Content-Length: {length}", body=body)


def chunked(body):
    return post("Transfer-Encoding: chunked", body=body)


def padded(total):
    """A request of so many bytes."""
    start = get("/healthz", "X: ")
    return start[:-4] + b"x" * (total - len(start)) + b"\r\n\r\n"


def many_headers(count):
    """With Host, so many."""
    return get("/healthz", *(f"X-{i}: {i}" for i in range(1, count)))


# -- rows ---------------------------------------------------------------------

def what_works():
    yield "a GET", get(), [200], STAYS
    yield "a HEAD", method("HEAD"), [Head(200)], STAYS
    yield "the page", get("/"), [200], STAYS
    yield "a query", get("/healthz?x=%20"), [200], STAYS
    yield "an empty query", get("/healthz?"), [200], STAYS
    yield "an encoded letter", get("/%68ealthz"), [200], STAYS
    yield "a POST with a length", sized(2), [200], STAYS
    yield "a POST with zeros before the length", sized("0002"), [200], STAYS
    yield "a POST without a body", post(), [400], STAYS
    yield "a POST of no bytes", sized(0, b""), [400], STAYS
    yield "a POST in a chunk", chunked(b"2\r\n{}\r\n0\r\n\r\n"), [200], STAYS
    yield "a POST in chunks", chunked(b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), [200], STAYS
    yield "a GET with a length of 0", get("/healthz", "Content-Length: 0"), [200], STAYS
    yield "an empty line before", b"\r\n" + get(), [200], STAYS
    yield "header names in any letters", get("/healthz", "cOnTeNt-LeNgTh: 0"), [200], STAYS
    yield "an empty value", get("/healthz", "X:"), [200], STAYS
    yield "blanks and tabs around a value", get("/healthz", "X: \t a \t "), [200], STAYS
    yield "all characters of a name", get("/healthz", "!#$%&'*+-.^_`|~0aZ: x"), [200], STAYS
    yield "others' cookies", get("/healthz", b"Cookie: other=\xc3\xa4\xff"), [200], STAYS
    yield "something accepted", get("/healthz", "Accept: */*", "Accept-Encoding: gzip, br"), \
        [200], STAYS
    yield "a head of the largest size", padded(HEAD_MAX), [200], STAYS
    yield "the most headers", many_headers(HEADERS_MAX), [200], STAYS
    yield "a body of a stranger's largest size", sized(STRANGER_MAX, b"{" + b" " *
                                                       (STRANGER_MAX - 2) + b"}"), [200], STAYS
    # It is read; that a stranger may not poll with so much is the poll's word.
    yield "a body of the largest size", sized(BODY_MAX, b"{" + b" " * (BODY_MAX - 2) + b"}"), \
        [413], STAYS


def pipelines():
    yield "two", get() * 2, [200] * 2, STAYS
    yield "twenty", get() * 20, [200] * 20, STAYS
    yield "two with an empty line", get() + b"\r\n" + get(), [200] * 2, STAYS
    yield "two with two empty lines", get() + b"\r\n\r\n" + get(), [200, 400], CLOSES
    yield "a body and a GET", sized(2) + get(), [200] * 2, STAYS
    yield "chunks and a GET", chunked(b"2\r\n{}\r\n0\r\n\r\n") + get(), [200] * 2, STAYS
    yield "a body that looks like a request", sized(len(EVIL), EVIL), [400], STAYS
    yield "polls", sized(2) * 5, [200] * 5, STAYS
    yield "a HEAD between", get() + method("HEAD") + get(), [200, Head(200), 200], STAYS
    yield "nothing there, then a GET", get("/nothing") + get(), [404, 200], STAYS
    yield "a bad one after a good one", get() + b"BAD\r\n\r\n", [200, 400], CLOSES
    yield "a good one after a bad one", b"BAD\r\n\r\n" + get(), [400], CLOSES
    yield "close, then another", get("/healthz", "Connection: close") + EVIL, [200], CLOSES
    yield "a body after a GET", get("/healthz", "Content-Length: 2") + b"{}" + EVIL, [413], CLOSES
    yield "chunks after a GET", get("/healthz", "Transfer-Encoding: chunked") +\
        b"2\r\n{}\r\n0\r\n\r\n" + EVIL, [413], CLOSES
    yield "a body that nobody wants", method("POST", "/nothing", "Content-Length: 2") + b"{}" +\
        EVIL, [405], CLOSES
    yield "a body for the wrong method", method("PUT", "/v1/poll", "Content-Length: 2") + b"{}" +\
        EVIL, [405], CLOSES
    yield "a body one byte longer than said", sized(2, b"{}x") + EVIL, [200, 501], CLOSES
    yield "a body one line longer than said", sized(2, b"{}\r\n") + get(), [200, 200], STAYS


def methods():
    for name in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "MKCOL", "LINK"):
        yield name, method(name), [405], STAYS
    yield "GET where POST is", get("/v1/poll"), [405], STAYS
    yield "HEAD where POST is", method("HEAD", "/v1/poll"), [Head(405)], STAYS
    yield "OPTIONS", method("OPTIONS"), [204], STAYS
    yield "OPTIONS of all", method("OPTIONS", "*"), [204], STAYS
    yield "OPTIONS of nothing", method("OPTIONS", "/nothing"), [204], STAYS
    yield "DELETE of nothing", method("DELETE", "/nothing"), [405], STAYS
    for name in ("BREW", "get", "Get", "GETT", "GE", "XGET", "HTTP", "PRI", "M", "A-Z", "x" * 2000):
        yield f"unknown: {name[:9]}", method(name), [501], CLOSES
    yield "CONNECT", method("CONNECT", "localhost:443"), [501], CLOSES
    yield "CONNECT to a path", method("CONNECT", "/"), [501], CLOSES
    yield "CONNECT and what would be tunnelled", method("CONNECT", "a:1") + EVIL, [501], CLOSES
    for name in ("G[T", "GE\tT", "GE\0T", "G\xc4T", "G(T", "G/T", "G:T"):
        yield f"no method: {name!r}", method(name), [400], CLOSES


def request_lines():
    rows = {
        "no target": "GET HTTP/1.1", "no version": "GET /healthz", "a word": "GET",
        "no method": "X /healthz", "two blanks": "GET  /healthz HTTP/1.1",
        "two blanks before the version": "GET /healthz  HTTP/1.1",
        "a blank at the end": "GET /healthz HTTP/1.1 ", "a tab": "GET\t/healthz HTTP/1.1",
        "a tab before the version": "GET /healthz\tHTTP/1.1",
        "a vertical tab": "GET\x0b/healthz HTTP/1.1", "three words": "GET / /healthz HTTP/1.1",
        "a target of two words": "GET /a b HTTP/1.1", "a NUL in the target": "GET /\0 HTTP/1.1",
        "a control in the target": "GET /\x01 HTTP/1.1", "delete": "GET /\x7f HTTP/1.1",
        "UTF-8 in the target": "GET /\xc3\xa4 HTTP/1.1", "a colon": "GET: /healthz HTTP/1.1",
        "a header first": "X: y", "something behind": "GET /healthz HTTP/1.1;a",
    }
    for name, line in rows.items():
        yield name, head(line), [400], CLOSES
    versions = {
        "HTTP/0.9": 505, "HTTP/1.2": 505, "HTTP/1.9": 505, "HTTP/2.0": 505, "HTTP/3.0": 505,
        "HTTP/9.9": 505, "HTTP/1": 400, "HTTP/2": 400, "HTTP/1.": 400, "HTTP/.1": 400,
        "HTTP/1.1.": 400, "HTTP/1.10": 400, "HTTP/01.1": 400, "HTTP/1.x": 400, "HTTP/1,1": 400,
        "http/1.1": 400, "Http/1.1": 400, "HTTPS/1.1": 400, "HTTP 1.1": 400, "HTTP/-1.1": 400,
        "HTTP/": 400, "ICAP/1.0": 400, "RTSP/1.0": 400, "HTTP/+1.1": 400,
    }
    for version, status in versions.items():
        yield f"version {version}", head(f"GET /healthz {version}"), [status], CLOSES
    yield "HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", [505], CLOSES


def targets():
    refused = (
        "http://localhost/healthz", "https://evil.example/", "HTTP://localhost/", "localhost",
        "localhost:80", "healthz", "?x", "*", "**", "//healthz", "//evil.example/", "/a//b", "/.",
        "/..", "/./healthz", "/../healthz", "/a/../healthz", "/a/./b", "/a/..", "/%2e",
        "/%2e%2e/healthz", "/%2E./healthz", "/.%2e/healthz", "/a/%2e%2E", "/%2e%2e%2fetc%2fpasswd",
        "/a%2fb", "/a%2Fb", "/%2f", "/%", "/%4", "/%zz", "/%%41", "/%u0041", "/%+1", "/%-1",
        "/a%?x", "/%00", "/healthz%00", "/healthz%00.css", "/%0d%0aX:y", "/%0a", "/%09", "/%1b",
        "/%7f", "/%ff", "/%c0%ae", "/%c0%af", "/%e0%80%af", "/%ed%a0%80", "/%f4%90%80%80", "/%c3",
        "/#", "/healthz#x", "#",
    )
    for target in refused:
        yield f"target {target}", get(target), [400], CLOSES
    missing = ("/healthz/", "/Healthz", "/nothing", "/a/", "/%2568ealthz", "/healthz%3fx",
               "/healthz%20", "/healthz+", "/...", "/..a", "/a..", "/.a", "/a\\..\\b", "/%c3%a4",
               "/~root", "/etc/passwd", "/a|b{c}\"^`<>", "/v1/", "/v1/conversations/", "/v1/hook/")
    for target in missing:
        yield f"target {target}", get(target), [404], STAYS
    yield "OPTIONS with a double star", method("OPTIONS", "**"), [400], CLOSES
    yield "HEAD of a star", method("HEAD", "*"), [Head(400)], CLOSES


def header_lines():
    lines = {
        "no colon": "X", "no name": ": x", "a colon alone": ":",
        "a blank before the colon": "X : y", "a tab before the colon": "X\t: y",
        "a blank in the name": "X Y: z", "a blank first": " X: y",
        "a tab first": "\tX: y", "a folded value": "X: y\r\n z", "folded by a tab": "X: y\r\n\tz",
        "folded to nothing": "X: y\r\n ", "a folded length": "Content-Length:\r\n 2",
        "a folded coding": "Transfer-Encoding:\r\n chunked", "a NUL in the name": "X\0Y: z",
        "a NUL in the value": "X: y\0z", "a NUL at the end": "X: y\0", "a control": "X: y\x01",
        "an escape": "X: \x1b[2J", "delete": "X: \x7f", "a vertical tab": "X: y\x0bz",
        "a form feed": "X: y\x0cz", "UTF-8 in the name": "\xc3\xa4: y", "a bare CR": "X: y\rz",
        "a bare CR and a header": "X: y\rEvil: z", "a bare LF": "X: y\nz",
        "a bare LF and a header": "X: y\nEvil: z", "CR CR LF": "X: y\r", "parentheses": "X(Y): z",
        "brackets": "X[]: z", "a slash": "X/Y: z", "an at sign": "X@Y: z", "quotes": "\"X\": y",
        "a comma": "X,Y: z", "a semicolon": "X;Y: z", "braces": "{X}: y", "an equals sign": "X=y",
        "a request line": "GET /evil HTTP/1.1", "backslash": "X\\Y: z", "a question mark": "X?: y",
    }
    for name, line in lines.items():
        yield name, get("/healthz", line), [400], CLOSES
    yield "a folded host", head("GET /healthz HTTP/1.1", "X: y", " Host: localhost", host=b""), \
        [400], CLOSES
    yield "a bare LF after the request line", b"GET /healthz HTTP/1.1\n" + HOST + b"\r\n", \
        [400], CLOSES
    yield "bare LFs everywhere", get().replace(b"\r", b""), [400], CLOSES
    yield "a bare LF for the empty line", get()[:-2] + b"\n", [400], CLOSES
    yield "a bare CR for the empty line", get()[:-2] + b"\r" + EVIL, [400], CLOSES
    yield "bare CRs everywhere", get().replace(b"\n", b""), [400], CLOSES
    yield "two empty lines before", b"\r\n\r\n" + get(), [400], CLOSES
    yield "a bare LF before", b"\n" + get(), [400], CLOSES
    yield "a bare CR before", b"\r" + get(), [400], CLOSES
    for name in ("Authorization: Bearer x", "Content-Length: 0", "Content-Type: a/b", "Cookie: a=b",
                 "Expect: 100-continue", "Host: localhost", "If-None-Match: x",
                 "Origin: http://localhost", "Sec-Fetch-Site: none", "Sec-WebSocket-Key: x",
                 "Sec-WebSocket-Version: 13", "Transfer-Encoding: chunked",
                 "X-Forwarded-Proto: http"):
        yield f"twice {name}", get("/healthz", name, name.lower()), [400], CLOSES


def limits():
    yield "a head one byte too large", padded(HEAD_MAX + 1), [431], CLOSES
    yield "a head of a megabyte", padded(1 << 20), [431], CLOSES
    yield "one header too many", many_headers(HEADERS_MAX + 1), [431], CLOSES
    yield "headers without end", many_headers(500), [431], CLOSES
    yield "a name of 9000 bytes", get("/healthz", "X" * 9000 + ": y"), [431], CLOSES
    yield "a target of 9000 bytes", get("/" + "a" * 9000), [414], CLOSES
    yield "a query of 9000 bytes", get("/healthz?" + "a" * 9000), [414], CLOSES
    yield "a method of 9000 bytes", method("G" * 9000), [414], CLOSES
    yield "a target of 8000 bytes", get("/" + "a" * 8000), [404], STAYS
    yield "a body one byte too large", sized(BODY_MAX + 1, b" " * (BODY_MAX + 1)), [413], CLOSES
    yield "a body that is only announced", sized(10 ** 12, b""), [413], CLOSES
    yield "a body of more than 2^32", sized(2 ** 32 + 2), [413], CLOSES
    yield "a chunk one byte too large", chunked(b"10001\r\n"), [413], CLOSES
    yield "a chunk of nearly 2^32", chunked(b"fffffffe\r\n{}\r\n0\r\n\r\n"), [413], CLOSES
    yield "a chunk too many", chunked(b"10000\r\n" + b" " * BODY_MAX + b"\r\n1\r\n{\r\n"), \
        [413], CLOSES
    yield "many small chunks", chunked(b"1\r\n \r\n" * 3000 + b"2\r\n{}\r\n0\r\n\r\n"), [200], STAYS


def lengths():
    for value in ("+2", "-2", "", "0x2", "2a", "2.0", "2, 2", "2,3", "2 2", "2;", "\"2\"", "two",
                  "\u0662", "18446744073709551616", "18446744073709551618", "99999999999999999999999999",
                  "2\0", "1e1", "2_0"):
        yield f"length {value!r}", post(b"Content-Length: " + value.encode(), body=b"{}"), \
            [400], CLOSES
    both = ("Content-Length: 2", "Transfer-Encoding: chunked")
    yield "length and coding", post(*both, body=b"2\r\n{}\r\n0\r\n\r\n" + EVIL), [400], CLOSES
    yield "coding and length", post(*both[::-1], body=b"2\r\n{}\r\n0\r\n\r\n" + EVIL), \
        [400], CLOSES
    yield "a length of 0 and a coding", post("Content-Length: 0", both[1],
                                             body=b"0\r\n\r\n" + EVIL), [400], CLOSES
    yield "two lengths", post("Content-Length: 2", "Content-Length: 3", body=b"{}x"), [400], CLOSES
    yield "two equal lengths", post(both[0], both[0], body=b"{}"), [400], CLOSES
    yield "two lengths to a GET", get("/healthz", "Content-Length: 0", "content-length: 0"), \
        [400], CLOSES
    yield "a length with a blank before the colon", post("Content-Length : 2", body=b"{}"), \
        [400], CLOSES
    yield "a length hidden by an underline", post("Content_Length: 2", body=b"{}\r\n"), \
        [400, 400], CLOSES


def codings():
    for value in ("gzip", "identity", "deflate", "gzip, chunked", "chunked, gzip",
                  "chunked, chunked", "chunked, identity", "xchunked", "chunkedx", "\"chunked\"",
                  "chunked;q=1", "chunk", "c hunked", "chunked,", ",chunked"):
        yield f"coding {value}", post(f"Transfer-Encoding: {value}", body=b"0\r\n\r\n" + EVIL), \
            [501], CLOSES
    for value in ("", "\x0bchunked", "chunked\0", "chunked\x0c"):
        yield f"coding {value!r}", post(f"Transfer-Encoding: {value}", body=b"0\r\n\r\n" + EVIL), \
            [400], CLOSES
    good = b"2\r\n{}\r\n0\r\n\r\n"
    yield "coding in other letters", post("tRANSFER-eNCODING: CHUNKED", body=good), [200], STAYS
    yield "coding between blanks", post("Transfer-Encoding: \t chunked \t", body=good), \
        [200], STAYS
    yield "coding with a blank before the colon", post("Transfer-Encoding : chunked",
                                                       body=b"0\r\n\r\n"), [400], CLOSES
    yield "two codings", post("Transfer-Encoding: gzip", "Transfer-Encoding: chunked",
                              body=b"0\r\n\r\n"), [400], CLOSES
    yield "trailers are wanted", post("TE: trailers", "Content-Length: 2", body=b"{}"), \
        [200], STAYS


def chunks():
    good = b"2\r\n{}\r\n0\r\n\r\n"
    sizes = {"in large letters": b"A\r\n" + b" " * 8 + b"{}" + b"\r\n0\r\n\r\n",
             "in small letters": b"a\r\n" + b" " * 8 + b"{}" + b"\r\n0\r\n\r\n",
             "with zeros": b"00000002\r\n{}\r\n00000000\r\n\r\n"}
    for name, body in sizes.items():
        yield f"a size {name}", chunked(body), [200], STAYS
    broken = {
        "an extension": b"2;a=b\r\n{}\r\n0\r\n\r\n", "an empty extension": b"2;\r\n{}\r\n0\r\n\r\n",
        "an extension with a line's end": b"2;a=\"\r\n\"\r\n{}\r\n0\r\n\r\n",
        "an extension with a bare LF": b"2;a\n{}\r\n0\r\n\r\n",
        "an extension without end": b"2;" + b"a" * 9000,
        "an extension at the end": b"0;a=b\r\n\r\n",
        "a trailer": b"2\r\n{}\r\n0\r\nX: y\r\n\r\n",
        "a trailer that is a length": b"2\r\n{}\r\n0\r\nContent-Length: 50\r\n\r\n",
        "a trailer that is a host": b"2\r\n{}\r\n0\r\nHost: evil.example\r\n\r\n",
        "a trailer without a colon": b"2\r\n{}\r\n0\r\nX\r\n\r\n",
        "a request for a trailer": b"2\r\n{}\r\n0\r\n" + EVIL,
        "a blank before a size": b" 2\r\n{}\r\n0\r\n\r\n",
        "a blank behind a size": b"2 \r\n{}\r\n0\r\n\r\n",
        "a tab behind a size": b"2\t\r\n{}\r\n0\r\n\r\n",
        "a plus": b"+2\r\n{}\r\n0\r\n\r\n", "a minus": b"-2\r\n{}\r\n0\r\n\r\n",
        "0x": b"0x2\r\n{}\r\n0\r\n\r\n", "no size": b"\r\n{}\r\n0\r\n\r\n", "no digit": b"g\r\n",
        "an underline": b"0_2\r\n{}\r\n0\r\n\r\n", "a NUL": b"2\0\r\n{}\r\n0\r\n\r\n",
        "nine digits": b"000000002\r\n{}\r\n0\r\n\r\n", "2^32 + 2": b"100000002\r\n{}\r\n0\r\n\r\n",
        "2^64 + 2": b"10000000000000002\r\n{}\r\n0\r\n\r\n", "minus 1": b"-1\r\n{}\r\n0\r\n\r\n",
        "a bare LF behind a size": b"2\n{}\r\n0\r\n\r\n",
        "a bare CR behind a size": b"2\r{}\r\n0\r\n\r\n",
        "a bare LF behind a chunk": b"2\r\n{}\n0\r\n\r\n",
        "nothing behind a chunk": b"2\r\n{}0\r\n\r\n", "a longer chunk": b"2\r\n{}}\r\n0\r\n\r\n",
        "a shorter chunk": b"3\r\n{}\r\n0\r\n\r\n", "a bare LF at the end": b"2\r\n{}\r\n0\r\n\n",
        "a bare LF behind the last size": b"2\r\n{}\r\n0\n\r\n", "no chunks": b"{}" + good,
    }
    for name, body in broken.items():
        yield f"chunks: {name}", chunked(body), [400], CLOSES
    yield "chunks, then a request", chunked(good) + get(), [200, 200], STAYS
    yield "chunks, then a bad one", chunked(good) + b"\n" + EVIL, [200, 400], CLOSES


def hosts():
    def with_host(line):
        return head("GET /healthz HTTP/1.1", host=line and bytes_of(line) + b"\r\n")
    for host in ("localhost", "LocalHost", "localhost:5484", "localhost:1", "localhost.",
                 "127.0.0.1", "127.0.0.1:65535", "192.0.2.1", "[::1]", "[::1]:5484",
                 "chat.example.lan", "Chat.Example.LAN:80", "chat.example.lan.", "kith.lan"):
        yield f"host {host}", with_host(f"Host: {host}"), [200], STAYS
    for host in ("evil.example", "evil.example:5484", "localhost.evil.example",
                 "chat.example.lan.evil.example", "evil-chat.example.lan", "example.lan",
                 "127.0.0.1.evil.example", "127.1", "2130706433", "0x7f000001", "0177.0.0.1",
                 "127.0.0.256", "::1", "[::1", "[]", "[::1]x", "[127.0.0.1]", "localhost:65536",
                 "localhost:", "localhost:x", "localhost:-1", "localhost:80:80", ":80", ".",
                 "localhost..", "-", "[localhost]", "_"):
        yield f"host {host}", with_host(f"Host: {host}"), [421], STAYS
    for host in ("", "localhost, evil.example", "localhost evil.example", "user@localhost",
                 "localhost/", "http://localhost", "localhost?x", "localhost#x", "*",
                 "loc\xe4lhost", "local%68ost", "localhost;", "{localhost}", "localhost\\", "[::1%25lo]"):
        yield f"host {host!r}", with_host(f"Host: {host}"), [400], CLOSES
    yield "no host", with_host(b""), [400], CLOSES
    yield "two hosts", with_host("Host: localhost\r\nHost: evil.example"), [400], CLOSES
    yield "two hosts, the other first", with_host("Host: evil.example\r\nHost: localhost"), \
        [400], CLOSES
    yield "two hosts in 1.0", head("GET /healthz HTTP/1.0", "Host: localhost"), [400], CLOSES
    yield "a host with a blank before the colon", with_host("Host : localhost"), [400], CLOSES
    yield "a wrong host and a body", head(
        "POST /v1/poll HTTP/1.1", "Content-Length: 2",
        host=b"Host: evil.example\r\n") + b"{}" + EVIL, [421], CLOSES
    yield "another name by a proxy's header", get(
        "/healthz", "X-Forwarded-Host: evil.example"), [200], STAYS
    yield "a name by a proxy's header", head(
        "GET /healthz HTTP/1.1", "X-Forwarded-Host: localhost", "Forwarded: host=localhost",
        host=b"Host: evil.example\r\n"), [421], STAYS


def old():
    """HTTP/1.0."""
    line = "GET /healthz HTTP/1.0"
    yield "1.0", head(line), [200], CLOSES
    yield "1.0 that stays", head(line, "Connection: keep-alive"), [200], STAYS
    yield "1.0 that stays, in a list", head(line, "Connection: x, Keep-Alive"), [200], STAYS
    yield "1.0 that does both", head(line, "Connection: keep-alive, close"), [200], CLOSES
    yield "1.0 and another", head(line) + EVIL, [200], CLOSES
    yield "1.0, HEAD", head("HEAD /healthz HTTP/1.0"), [Head(200)], CLOSES
    yield "1.0 without a host", head(line, host=b""), [421], CLOSES
    yield "1.0 with a body", head("POST /v1/poll HTTP/1.0", "Content-Length: 2") + b"{}", \
        [200], CLOSES
    yield "1.0 with chunks", head("POST /v1/poll HTTP/1.0", "Transfer-Encoding: chunked") +\
        b"2\r\n{}\r\n0\r\n\r\n", [400], CLOSES
    yield "1.0 that expects", head("POST /v1/poll HTTP/1.0", "Expect: 100-continue",
                                   "Content-Length: 2") + b"{}", [200], CLOSES
    yield "1.0 that stays and asks again", head(line, "Connection: keep-alive") + head(line), \
        [200, 200], CLOSES


def expectations():
    expect = "Expect: 100-continue"
    yield "100-continue", post(expect, "Content-Length: 2", body=b"{}"), [100, 200], STAYS
    yield "100-Continue in chunks", post("Expect: 100-Continue", "Transfer-Encoding: chunked",
                                         body=b"2\r\n{}\r\n0\r\n\r\n"), [100, 200], STAYS
    yield "100-continue without a body", get("/healthz", expect), [200], STAYS
    yield "100-continue for too much", post(expect, f"Content-Length: {BODY_MAX + 1}"), \
        [413], CLOSES
    yield "100-continue for the wrong method", method("PUT", "/healthz", expect,
                                                      "Content-Length: 2"), [405], CLOSES
    yield "100-continue for the wrong host", head(
        "POST /v1/poll HTTP/1.1", expect, "Content-Length: 2", host=b"Host: a.example\r\n"), \
        [421], CLOSES
    for value in ("", "200-ok", "100-continue, x", "100 continue", "100-continue;q=1", "x"):
        yield f"expecting {value!r}", post(f"Expect: {value}", "Content-Length: 2", body=b"{}"), \
            [417], CLOSES


def connections():
    yield "close", get("/healthz", "Connection: close"), [200], CLOSES
    yield "Close in a list", get("/healthz", "Connection: x ,Close"), [200], CLOSES
    yield "close in a second line", get("/healthz", "Connection: x", "Connection: close"), \
        [200], CLOSES
    yield "close and stay", get("/healthz", "Connection: close, keep-alive"), [200], CLOSES
    yield "closet", get("/healthz", "Connection: closet"), [200], STAYS
    yield "close in quotes", get("/healthz", "Connection: \"close\""), [200], STAYS
    yield "close where nothing is", get("/nothing", "Connection: close"), [404], CLOSES
    yield "an old proxy's", get("/healthz", "Proxy-Connection: close"), [200], STAYS
    yield "an upgrade to HTTP/2", get("/healthz", "Connection: Upgrade, HTTP2-Settings",
                                      "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"), \
        [200], STAYS
    yield "an upgrade to TLS", method("OPTIONS", "*", "Connection: Upgrade", "Upgrade: TLS/1.0"), \
        [204], STAYS
    yield "a WebSocket where there is none", get(
        "/healthz", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), [200], STAYS


def other_protocols():
    """What begins with a letter, and is no HTTP."""
    yield "SSH", b"SSH-2.0-OpenSSH_9.2p1\r\n", [400], CLOSES
    yield "SMTP", b"EHLO localhost\r\n", [400], CLOSES
    yield "IRC", b"NICK kith\r\nUSER kith 0 * :kith\r\n", [400], CLOSES
    yield "XMPP's end", b"stream:stream>\r\n", [400], CLOSES
    yield "memcached", b"get key\r\n", [400], CLOSES
    yield "redis inline", b"PING\r\n", [400], CLOSES
    yield "HTTP/0.9", b"GET /healthz\r\n", [400], CLOSES
    yield "an HTTP answer", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [400], CLOSES
    yield "a proxy's first line", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + get(), [400], CLOSES


def rows():
    for group in (what_works, pipelines, methods, request_lines, targets, header_lines, limits,
                  lengths, codings, chunks, hosts, old, expectations, connections,
                  other_protocols):
        for name, data, statuses, closes in group():
            yield Row(f"{group.__name__}: {name}", data, statuses, closes)


ROWS = list(rows())
