"""tally.py - adds up the test cases of build folders and prints "N passed, N failed".

Reads automake's .trs files with the .log beside each (cmocka's lines), and
pytest's integration*.xml. A test that did not run counts as failed: only what
was seen to pass is passed.
"""
import argparse
import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def unit_program(trs):
    """(passed, list of failures) of one test program."""
    log = trs.with_suffix(".log").read_text(errors="replace")
    ok = len(re.findall(r"^\[       OK \] ", log, re.M))
    bad = sorted({name for name in re.findall(r"^\[  (?:FAILED |SKIPPED) +\] (\S+)", log, re.M)
                  if not name.startswith("tests")})
    result = re.search(r":test-result: (\w+)", trs.read_text()).group(1)
    if result == "PASS" and not bad:
        return max(ok, 1), []
    return ok, bad or [result]


def integration(report):
    """(passed, list of failures) of one pytest run."""
    passed, failed = 0, []
    for case in xml.parse(report).iter("testcase"):
        problem = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        if problem:
            failed.append(f"{case.get('classname')}.{case.get('name')} ({problem[0]})")
        else:
            passed += 1
    return passed, failed


def tally(build):
    passed, failed = 0, []
    programs = sorted((build / "tests").rglob("*.trs"))
    if not programs:
        failed.append("make check ran nothing")
    for trs in programs:
        ok, bad = unit_program(trs)
        passed += ok
        failed += [f"{trs.stem}: {name}" for name in bad]
    reports = sorted(build.glob("integration*.xml"))
    if not reports:
        failed.append("the integration tests did not run")
    for report in reports:
        ok, bad = integration(report)
        passed += ok
        failed += bad or ([] if ok else [f"{report.name} has no test that passed"])
    return passed, [f"{build.name}: {what}" for what in failed]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broken", type=int, default=0, help="failed steps that are no test case")
    parser.add_argument("build", type=Path, nargs="+")
    args = parser.parse_args()
    passed, failed = 0, args.broken
    for build in args.build:
        ok, bad = tally(build)
        passed += ok
        failed += len(bad)
        for what in bad:
            print(f"failed: {what}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
