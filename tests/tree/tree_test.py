"""tree_test.py - the rules of the tree: rooms, includes, symbols, names, form.

Run by make check, in the build folder. First each check is tried on a small made
tree that is right, and on what breaks it; then it is run on the real one.
"""
import os
import sys
import tempfile
import traceback
from pathlib import Path

import checks
import made
from tree import Tree

# Checks that are known to fail, and in which folders. One that no longer fails must go from here.
TODO_FOLDERS = {}
TODO = {(check, folder) for check, folders in TODO_FOLDERS.items() for folder in folders.split()}


def folder_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0] if len(parts) == 2 else path


def judge(check, tree):
    """What is wrong: new findings, and entries of TODO without any."""
    problems, known = [], set()
    for path, what in check(tree):
        folder = path if (check.__name__, path) in TODO else folder_of(path)
        if (check.__name__, folder) in TODO:
            known.add(folder)
        else:
            problems.append(f"{path}: {what}")
    for name, folder in sorted(TODO):
        if name == check.__name__ and folder not in known:
            problems.append(f"{folder}: is mended: take it out of TODO")
    return problems


def run(name, function):
    try:
        problems = function()
    except Exception:  # one broken check must not hide the others
        problems = traceback.format_exc().splitlines()
    for problem in problems:
        print(f"    {problem}")
    print(f"[  FAILED  ] {name}" if problems else f"[       OK ] {name}")
    return not problems


def main():
    top = Path(__file__).resolve().parents[2]
    tree = Tree(top, Path.cwd())
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for name, function in made.tests(Path(folder)):
            good &= run(name, function)
    if not tree.objects():
        print(f"[  FAILED  ] no objects below {os.getcwd()}: run this in a build folder")
        good = False
    for check in checks.CHECKS:
        good &= run(check.__name__, lambda check=check: judge(check, tree))
    return 0 if good else 1


sys.exit(main())
