"""The judge itself: every kind of fault is seen, and a clean history has none."""
import pytest

from kithtest.checker import FAULTS, Checker, Shown


def message(seq, client_id, text, sender=1, conversation=7):
    return Shown(conversation, seq, sender, client_id, text)


def history():
    """Two messages sent, acknowledged, stored, and shown to user 2."""
    checker = Checker()
    log = [message(1, 11, "one"), message(2, 12, "two")]
    for event in log:
        checker.send(1, event.client_id, event.text)
        checker.ack(1, event.client_id, 7, event.seq)
        checker.seen("phone", 2, event)
    return checker, log


def test_clean_history_has_no_fault():
    checker, log = history()
    counts = checker.judge({7: log}, {7: {1, 2}})
    assert not any(counts.values()), checker.report()


def test_repeat_is_no_fault():
    checker, log = history()
    checker.send(1, 12, "two")
    counts = checker.judge({7: log}, {7: {1, 2}})
    assert counts["repeated"] == 1
    assert not any(counts[kind] for kind in FAULTS)


def lose(checker, log):
    del log[1]


def leave_hole(checker, log):
    log += [message(3, 0, ""), message(5, 0, "")]


def store_twice(checker, log):
    log.append(message(3, 12, "two"))


def ack_differently(checker, log):
    checker.ack(1, 12, 7, 1)


def show_twice(checker, log):
    checker.seen("phone", 2, log[1])


def show_hole(checker, log):
    log += [message(3, 0, ""), message(4, 0, "")]
    checker.seen("phone", 2, log[3])


def show_backwards(checker, log):
    checker.shown["phone"].reverse()


def overtake(checker, log):
    log[0], log[1] = message(1, 12, "two"), message(2, 11, "one")
    checker.sent[1, 11].acks = [(7, 2)]
    checker.sent[1, 12].acks = [(7, 1)]
    checker.shown["phone"] = list(log)


def never_show(checker, log):
    checker.shown["phone"].pop()


def store_unsent(checker, log):
    log.append(message(3, 13, "who said that"))
    checker.seen("phone", 2, log[2])


def store_changed(checker, log):
    log[1] = message(2, 12, "changed")


def show_stranger(checker, log):
    for event in log:
        checker.seen("spy", 3, event)


@pytest.mark.parametrize("spoil, kind", [
    (lose, "lost"), (leave_hole, "order"), (store_twice, "stored twice"), (ack_differently, "stored twice"),
    (show_twice, "shown twice"), (show_hole, "order"), (show_backwards, "order"),
    (overtake, "order"), (never_show, "missed"), (store_unsent, "unexpected"),
    (store_changed, "unexpected"), (show_stranger, "unexpected")])
def test_fault_is_seen(spoil, kind):
    checker, log = history()
    spoil(checker, log)
    assert checker.judge({7: log}, {7: {1, 2}})[kind] > 0
    assert kind in checker.report()
