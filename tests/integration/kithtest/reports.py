"""reports.py - what a sanitizer says in somebody's standard error."""
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
