"""mariadb.py - a private MariaDB server in a temporary folder, on a Unix socket.

The statements that create a database and its user are taken from README.md, with
the names replaced, so that the tests do what people are told to do.
"""
import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from . import build
from .wait import until


def readme_statements():
    """The SQL block of README.md."""
    text = (build.TOP / "README.md").read_text()
    return re.search(r"```sql\n(.*?)```", text, re.S).group(1)


class Database:
    """One database of a MariaDb, with its own user."""

    def __init__(self, server, name, password):
        self.server, self.name, self.password = server, name, password

    def conf(self, folder):
        """The lines of kithd.conf; the password goes into a file in `folder`."""
        secret = folder / "mysql-password"
        secret.write_text(self.password + "\n")
        secret.chmod(0o600)
        if os.getuid() == 0:
            shutil.chown(secret, "kith")
        return {"database": "mysql", "mysql_socket": self.server.socket, "mysql_user": self.name,
                "mysql_password_file": secret, "mysql_database": self.name}


class MariaDb:
    """The database server's process."""

    numbers = itertools.count(1)

    def __init__(self, **settings):
        self.folder = Path(tempfile.mkdtemp(prefix="mariadb."))
        self.folder.chmod(0o711)
        self.data = self.folder / "data"
        self.socket = self.folder / "socket"
        self.stderr = self.folder / "stderr"
        self.settings = {"innodb_buffer_pool_size": "64M", "innodb_log_file_size": "16M",
                         "max_connections": "100", **settings}
        self.process = None
        self.user = ["--user=root"] if os.getuid() == 0 else []
        try:
            subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={self.data}",
                            f"--tmpdir={self.folder}",
                            "--auth-root-authentication-method=normal", "--skip-test-db",
                            "--skip-name-resolve", *self.user],
                           check=True, capture_output=True, timeout=120, cwd=self.folder)
            self.start()
        except BaseException:
            self.destroy()
            raise

    def start(self):
        settings = [f"--{key.replace('_', '-')}={value}" for key, value in self.settings.items()]
        with open(self.stderr, "ab") as err:
            self.process = subprocess.Popen(
                [shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults",
                 f"--datadir={self.data}", f"--tmpdir={self.folder}", f"--socket={self.socket}",
                 f"--pid-file={self.folder / 'pid'}", "--skip-networking", "--skip-log-bin",
                 *settings, *self.user],
                stdin=subprocess.DEVNULL, stdout=err, stderr=err, cwd=self.folder)

        def ready():
            assert self.process.poll() is None, "mariadbd left:\n" + self.stderr.read_text()[-3000:]
            return self.client("SELECT 1").returncode == 0
        until("mariadbd serves", ready, 60 * build.PATIENCE, step=0.1)
        # The user that runs the server's roles must reach the socket.
        self.socket.chmod(0o777)

    def client(self, sql):
        return subprocess.run(["mariadb", "--no-defaults", f"--socket={self.socket}", "-u", "root",
                               "--batch", "--skip-column-names"], input=sql, text=True,
                              capture_output=True, timeout=60)

    def sql(self, text):
        """Runs statements as the database's administrator; the output."""
        result = self.client(text)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def database(self):
        """A fresh, empty database with a user of its own."""
        number = next(self.numbers)
        name, password = f"kith{number}", f"pass phrase {number}"
        sql = re.sub(r"\bkith\b", name, readme_statements())
        assert "'a good password'" in sql
        self.sql(sql.replace("'a good password'", f"'{password}'"))
        return Database(self, name, password)

    def kill(self):
        """Sends SIGKILL, as in a power cut."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends the server in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def restart(self):
        self.stop()
        self.start()

    def destroy(self):
        """Kills it and removes the folder."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
