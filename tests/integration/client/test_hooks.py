"""kith hook: addresses that programs post to, made, listed and revoked by people."""
import json
import re
import subprocess

import pytest


@pytest.fixture
def alice(server, people):
    one, = people(server, "alice")
    one.run("group", "create", "#tea")
    return one


def post(url, text):
    """What curl prints, and the status."""
    done = subprocess.run(["curl", "-sk", "-w", "\n%{http_code}", "-d", text, url],
                          capture_output=True, text=True, check=True, timeout=30)
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(body)


def create(kith, *args, **kwargs):
    row, = kith.json("hook", "create", *args, **kwargs)
    return row


def test_create_prints_the_url_alone(server, alice):
    url = alice.out("hook", "create", "#tea", "kettle")
    host, port = server.address
    assert re.fullmatch(rf"https://{re.escape(host)}:{port}/v1/hook/[\w-]{{43}}\n", url)
    row = create(alice, "#tea", "kettle")
    assert set(row) == {"url", "hook", "name", "conversation_id"}
    assert row["name"] == "kettle" and row["url"] != url.strip()


def test_hooks_are_listed_and_revoked(alice, server, people):
    bob, = people(server, "bob")
    bob.run("send", "@alice", "hello")
    kettle, direct = create(alice, "#tea", "the kettle"), create(alice, "@bob", "doorbell")
    silent = create(alice, "@alice", "diary")
    rows = {row["hook"]: row for row in alice.json("hook", "list")}
    assert set(rows) == {kettle["hook"], direct["hook"], silent["hook"]}
    assert (rows[kettle["hook"]]["conversation"], rows[kettle["hook"]]["name"]) == (
        "#tea", "the kettle")
    assert rows[direct["hook"]]["conversation"] == "@bob"
    assert rows[silent["hook"]]["conversation"] == "@alice"
    assert all(row["created"] for row in rows.values())
    assert "kettle" in alice.out("hook", "list") and kettle["url"] not in alice.out("hook", "list")
    alice.run("hook", "revoke", kettle["hook"])
    assert {row["hook"] for row in alice.json("hook", "list")} == {
        direct["hook"], silent["hook"]}
    assert bob.json("hook", "list") == []


def test_hooks_and_devices_do_not_pass_for_each_other(alice):
    row = create(alice, "#tea", "kettle")
    device, = alice.json("sessions")
    assert device["current"] and device["device"] != row["hook"]
    failed = alice.run("hook", "revoke", device["device"], code=6)
    assert "no such hook" in failed.stderr
    alice.run("hook", "revoke", 1 << 29, code=6)
    assert alice.json("sessions") and alice.json("hook", "list")


def test_a_hook_needs_a_place_and_a_name(alice, server, people):
    bob, = people(server, "bob")
    bob.run("group", "create", "#closed", "--private")
    alice.run("hook", "create", "#closed", "x", code=6)
    alice.run("hook", "create", "@nobody", "x", code=6)
    alice.run("hook", "create", "#tea", "", code=2)
    alice.run("hook", "create", "#tea", "two\nlines", code=2)
    alice.run("hook", "create", "#tea", "x" * 65, code=8)
    alice.run("hook", "create", "#tea", "x" * 64)
    for wrong in (["create", "tea", "x"], ["create", "#tea"], ["create", "#a,#b", "x"],
                  ["list", "more"], ["revoke"], ["revoke", "x"], ["revoke", "0"], ["nonsense"]):
        assert alice.run("hook", *wrong, code=2).stderr, wrong


def test_what_is_posted_comes_from_its_maker(alice, server, people):
    bob, = people(server, "bob")
    url = create(alice, "@bob", "kettle")["url"]
    status, stored = post(url, "water boils")
    assert status == 200 and set(stored) == {"conversation", "seq", "timeMs"}
    event, = bob.json("read", "@alice")
    assert (event["sender"], str(event["seq"])) == ("alice", stored["seq"])
    assert "kettle" in event["text"] and event["text"].endswith("water boils")
    post(url, "two\r\nlines\r\n")
    assert bob.json("read", "@alice")[-1]["text"].endswith("two\nlines")
    assert not bob.json("who", "@alice")[0]["online"]      # a hook shows nobody


def test_a_hook_ends_with_what_it_hangs_on(alice, server, people):
    bob, = people(server, "bob")
    alice.run("group", "invite", "#tea", "@bob")
    bob.run("group", "join", "#tea")
    row = create(bob, "#tea", "kettle")
    assert post(row["url"], "one")[0] == 200
    bob.run("group", "leave", "#tea")
    status, answer = post(row["url"], "two")
    assert (status, answer["error"]["code"]) == (403, "NOT_MEMBER")
    alice.run("group", "invite", "#tea", "@bob")
    bob.run("group", "join", "#tea")
    assert post(row["url"], "three")[0] == 200
    bob.run("hook", "revoke", row["hook"])
    status, answer = post(row["url"], "four")
    assert (status, answer["error"]["code"]) == (401, "TOKEN_INVALID")
    texts = [e["text"] for e in alice.json("read", "#tea") if e["kind"] == "message"]
    assert [t.split()[-1] for t in texts] == ["one", "three"]
