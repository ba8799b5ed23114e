"""Keys of the chat that come at a bad moment: the chat goes on, and sends nothing by itself."""
import signal
from pathlib import Path

import pexpect
import pytest

from kithtest import build
from kithtest.wait import until


# -- a paste that has no end ---------------------------------------------------------------


def begin_paste(fake, screen, text):
    """A paste whose end mark is lost: meanwhile messages are shown."""
    screen.type(f"\x1b[200~{text}")
    fake.say("bob", f"news during {text.split()[0]}")
    screen.wait_for(f"news during {text.split()[0]}")


def test_a_paste_without_an_end_ends_by_itself(fake, screen):
    begin_paste(fake, screen, "left over\rand a second row")
    screen.wait_for("and a second row", timeout=6)
    assert "send" not in fake.seen
    screen.type("\x1b[201~, done\r")            # the mark comes late: it is no text
    until("it arrives", lambda: "left over\nand a second row, done" in fake.texts())


def test_ctrl_c_ends_a_paste_without_an_end(fake, screen):
    for text in ("stuck", "stuck again\x1b[20"):
        begin_paste(fake, screen, text)
        screen.type("\x03")
        shown = f"#lobby> {text.split(chr(27))[0]}"
        until("it is in the line", lambda s=shown: screen.last_line() == s)
        screen.type("\x03")
        until("the line is empty", lambda: screen.last_line() == "#lobby>")
    assert "send" not in fake.seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_a_chat_in_a_paste(fake, screen, number):
    begin_paste(fake, screen, "never sent\r")
    screen.child.kill(number)
    assert screen.wait_end() == 128 + number
    assert "send" not in fake.seen


def test_a_long_paste_comes_whole(fake, screen):
    text = "".join(f"{n:05d} " for n in range(1300)) + "end"
    screen.type(f"\x1b[200~{text}\x1b[201~")
    screen.wait_for("01299 end")
    screen.type("\r")
    until("it arrives", lambda: fake.texts() == [text])


# -- Ctrl-Z --------------------------------------------------------------------------------


def is_stopped(pid):
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "T"


def test_ctrl_z_does_nothing_where_nobody_could_continue(fake, screen):
    """The chat leads the session of its terminal, as under `ssh -t`."""
    for n in range(2):
        screen.type("half")
        until("it is typed", lambda: screen.last_line() == "#lobby> half")
        screen.type("\x1a")
        until("it is said", lambda n=n: screen.text().count("not suspended: ") == n + 1)
        assert not is_stopped(screen.child.pid)
        until("the line is there", lambda: screen.last_line() == "#lobby> half")
        screen.type(f" a line {n}\r")
        until("it arrives", lambda n=n: f"half a line {n}" in fake.texts())


def test_ctrl_z_in_a_shell_stops_until_fg(fake, alice):
    sh = pexpect.spawn("/bin/bash", ["--norc"], env=alice.env | {"PS1": "$ "}, cwd=str(alice.home),
                       timeout=20 * build.PATIENCE, encoding="utf-8")
    sh.sendline("kith chat")
    sh.expect_exact("#lobby> ")
    sh.send("before")
    sh.expect_exact("before")
    sh.send("\x1a")
    sh.expect("Stopped")
    sh.sendline("stty -a | grep -o ' icanon '; fg")
    sh.expect(" icanon ")
    sh.expect_exact("#lobby> before")
    sh.send(" and after\r")
    until("it arrives", lambda: fake.texts() == ["before and after"])
    sh.send("/quit\r")
    sh.expect_exact("$ ")
    sh.sendline("exit")
    sh.close()
