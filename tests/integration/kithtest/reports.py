"""reports.py - what a sanitizer says in somebody's standard error; and what a model found."""
import re

PATTERN = re.compile(r"(ERROR|WARNING): (Address|Leak|Thread|Memory|UndefinedBehavior)Sanitizer"
                     r"|runtime error: |AddressSanitizer:DEADLYSIGNAL")


def sanitizer(text):
    """The part of `text` from the first report on, or an empty string."""
    found = PATTERN.search(text)
    return text[found.start():][:8000] if found else ""


def environment(env):
    """Reports go to standard error: a process in an empty chroot can open no file for them."""
    env = dict(env)
    env["ASAN_OPTIONS"] = "detect_leaks=1:abort_on_error=0:exitcode=99"
    env["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1"
    return env


def examples(faults, kinds, most):
    """Of each of the kinds how many faults there are, and at most so many of them."""
    lines = []
    for kind in kinds:
        if faults[kind]:
            lines.append(f"{kind}: {len(faults[kind])}")
            lines += [f"    {what}" for what in faults[kind][:most]]
    return "\n".join(lines)
