"""The judge of what was typed: every kind of fault is seen, and a clean history has none."""
from types import SimpleNamespace

import pytest

from kithtest.pb import direct
from kithtest.typed import FAULTS, Change, Item, Judge, Session

OPS, TEA, BOB = 1, 2, direct(1, 2)


class Log(SimpleNamespace):
    """alice is 1, bob is 2; as typed.Log reads it from the database."""

    def conversation(self, person, word):
        return {"#ops": OPS, "#tea": TEA, "@bob": BOB}.get(word)

    def may_read(self, user, conversation, seq):
        return True


def line(token, prompt="#ops", **more):
    return Item(token, f"{token} text", body=f"{token} text", prompt=prompt,
                allowed=frozenset(["#ops"]), **more)


def history():
    """alice types three lines; one is refused and named at the end. bob's line is read."""
    items = [line("k00001z"), line("k00002z"), line("k00003z", to=("#tea",))]
    log = Log(users={"alice": 1, "bob": 2}, cursors={(1, OPS): 3}, messages=[
        (OPS, 1, 1, "k00001z text"), (OPS, 2, 1, "k00002z text"), (OPS, 3, 2, "k30001z hello")])
    before = "#opsbob:k30001zhello!1notsentto#tea:youarenotamember:k00003ztext"
    session = Session(before + "notsentto#tea:k00003ztext", drops=[], end=len(before))
    return SimpleNamespace(items=items, log=log, session=session, unseen_after=set())


def verdict(h):
    judge = Judge(h.log)
    judge.judge("alice", [(0, item) for item in h.items], [h.session], [])
    judge.judge_read("alice", [h.session], h.unseen_after)
    return {kind for kind in FAULTS if judge.faults[kind]}, judge


def test_clean_history_has_no_fault():
    faults, judge = verdict(history())
    assert not faults, judge.report()
    assert judge.read == 1


def test_dropped_text_need_not_be_offered():
    h = history()
    h.session.plain = h.session.plain[:h.session.end]
    h.session.drops = [h.session.end]
    assert not verdict(h)[0]


def send_elsewhere(h):
    h.log.messages[0] = (TEA, 1, 1, "k00001z text")


def send_as_another(h):
    h.log.messages[0] = (OPS, 1, 2, "k00001z text")


def show_old_prompt(h):
    h.items[0].prompt = "#tea"
    h.log.messages[0] = (TEA, 1, 1, "k00001z text")


def lose(h):
    del h.log.messages[1]


def forget_refused(h):
    h.session.plain = h.session.plain[:h.session.end]


def double(h):
    h.log.messages.append((OPS, 4, 1, "k00002z text"))


def turn_round(h):
    h.log.messages[:2] = [(OPS, 2, 1, "k00001z text"), (OPS, 1, 1, "k00002z text")]


def change_text(h):
    h.log.messages[0] = (OPS, 1, 1, "k00001z")


def send_emptied(h):
    h.items[0].never = "emptied by Ctrl-C"


def hide(h):
    h.session.plain = h.session.plain.replace("k30001z", "")


def walk_away(h):
    h.unseen_after = {"k30001z"}


@pytest.mark.parametrize("fault, kind", [
    (send_elsewhere, "astray"), (send_as_another, "astray"), (show_old_prompt, "bound"),
    (lose, "lost"), (forget_refused, "not offered"), (double, "doubled"), (turn_round, "order"),
    (change_text, "altered"), (send_emptied, "leaked"), (hide, "unseen"), (walk_away, "away")])
def test_fault_is_seen(fault, kind):
    h = history()
    fault(h)
    faults, judge = verdict(h)
    assert kind in faults, judge.report()


def test_every_kind_is_tried():
    tried = {kind for mark in test_fault_is_seen.pytestmark for _, kind in mark.args[1]}
    assert tried == set(FAULTS)


def test_change_is_one_of_its_own():
    """Two commands with the same words are two commands."""
    assert Change("#ops", ()) != Change("#ops", ())
