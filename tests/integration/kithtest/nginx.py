"""nginx.py - Debian's nginx in front of a kithd, configured by the example in etc/."""
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from . import build
from .wait import until

EXAMPLE = build.TOP / "etc" / "nginx-kith.conf"
NAME = "chat.example.lan"

# What nginx.conf of Debian has around the servers, without root's folders.
AROUND = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
{user}
events {{ }}
http {{
    log_format upstream '$status "$request" upstream: $upstream_addr';
    access_log {folder}/access.log upstream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{servers}
}}
"""


def free_port():
    """A port that nothing listens on: nginx cannot report which one it took."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def changed(text, *pairs):
    """Replaces texts of the example; each must be there."""
    for old, new in pairs:
        assert text.count(old) == 1, f"etc/nginx-kith.conf has not exactly one {old!r}"
        text = text.replace(old, new)
    return text


class Nginx:
    def __init__(self, backend):
        self.folder = Path(tempfile.mkdtemp(prefix="nginx."))
        self.folder.chmod(0o711)
        self.backend = backend
        self.process = None
        self.make_certificate()
        for _ in range(5):              # somebody else may have taken the port meanwhile
            if self.start():
                return
        raise AssertionError("nginx did not start:\n" + self.log())

    def make_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={NAME}",
                        "-addext", f"subjectAltName=DNS:{NAME}", "-keyout",
                        str(self.folder / "key.pem"), "-out", str(self.folder / "cert.pem")],
                       check=True, capture_output=True)

    def start(self):
        self.port = free_port()
        host, port = self.backend
        servers = changed(EXAMPLE.read_text(),
                          ("server 127.0.0.1:5484;", f"server {host}:{port};"),
                          ("listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl;"),
                          ("    listen [::]:443 ssl;\n", ""),
                          ("/etc/ssl/certs/chat.example.lan.pem", str(self.folder / "cert.pem")),
                          ("/etc/ssl/private/chat.example.lan.key", str(self.folder / "key.pem")))
        conf = self.folder / "nginx.conf"
        conf.write_text(AROUND.format(folder=self.folder, servers=servers,
                                      user="user root;" if os.getuid() == 0 else ""))
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-c", str(conf), "-p", str(self.folder),
                                         "-e", str(self.folder / "error.log")],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def up():
            if self.process.poll() is not None:
                return "left"
            with socket.socket() as s:
                return "serves" if s.connect_ex(("127.0.0.1", self.port)) == 0 else None
        return until("nginx serves", up) == "serves"

    def log(self):
        file = self.folder / "error.log"
        return file.read_text() if file.exists() else ""

    def forwarded(self):
        """How many requests it has passed on so far."""
        lines = (self.folder / "access.log").read_text(errors="replace").splitlines()
        ways = [line.rpartition(" upstream: ")[2] for line in lines]
        return sum(way.count(":") for way in ways)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder)
