"""tree.py - the source tree as the checks see it: files, includes, rooms, symbols."""
import os
import re
import subprocess
from pathlib import Path

CODE = ("server", "client-cli", "shm", "protocol")
# What a build in the source folder leaves beside the sources.
MADE = re.compile(r"\.(o|a|log|trs|tmp|xml|png|xz|gz|Po|pyc)$|~$|\.pb-c\.[ch]$|/(db_schema|page_files)\.c$")
MADE_FOLDERS = {".deps", "__pycache__", ".git", ".pytest_cache", "autom4te.cache", "build-aux", "node_modules",
                ".ci"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


class Room:
    """One row of a README's table of rooms."""

    def __init__(self, name, runs_in, may_include):
        self.name = name
        self.runs_in = runs_in          # roles; None: any
        self.may_include = may_include
        self.above_all = False          # "all", or "all but" some: it knows every role


class Program:
    """A folder of rooms, and what its README says about them."""

    def __init__(self, tree, folder):
        self.folder = folder
        self.rooms = {}
        self.top = []                   # names of the files outside any room
        self.above = []                 # rooms that these may not use
        self.tables = []                # files whose rows name functions of their own room
        self.problems = []
        self.read(tree.text(f"{folder}/README.md"))

    def read(self, text):
        section = re.search(r"^## Rooms\n(.*?)(?=^## |\Z)", text, re.M | re.S)
        if section is None:
            self.problems.append("no section '## Rooms'")
            return
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")]
                for line in section.group(1).splitlines() if line.startswith("|")]
        head = rows[0] if rows else []
        if "Room" not in head or "May include" not in head:
            self.problems.append("no table with the columns 'Room' and 'May include'")
            return
        for row in rows[2:]:
            if len(row) != len(head):
                self.problems.append(f"a row with {len(row)} cells: {row[0]}")
                continue
            cells = dict(zip(head, row))
            names = re.findall(r"`([^`]+)`", cells["Room"])
            if cells["Room"].startswith("(top)"):
                self.top = names
                self.above = re.findall(r"`([\w-]+)/?`", cells["May include"])
                continue
            if len(names) != 1 or not names[0].endswith("/"):
                self.problems.append(f"'{cells['Room']}' is no room such as `lib/`")
                continue
            roles = re.findall(r"`(\w+)`", cells.get("Runs in", ""))
            room = Room(names[0][:-1], set(roles) or None,
                        {name.rstrip("/") for name in re.findall(r"`([\w-]+/?)`", cells["May include"])})
            room.above_all = cells["May include"].startswith("all")
            if room.name in self.rooms:
                self.problems.append(f"two rows for {room.name}/")
            self.rooms[room.name] = room
        for room in self.rooms.values():
            if room.above_all:
                room.may_include = set(self.rooms) - room.may_include - {room.name}
        tables = re.search(r"^Tables of callbacks:(.*?)(?=^$|\Z)", section.group(1), re.M | re.S)
        if tables:
            self.tables = [f"{self.folder}/{name}" for name in re.findall(r"`([\w./-]+)`", tables.group(1))]

    def room_of(self, path):
        """The room of a path of this program; None for a file at its top."""
        parts = path.split("/")
        return parts[1] if len(parts) > 2 else None


class Tree:
    def __init__(self, top, build):
        self.top = Path(top)
        self.build = Path(build)
        self.texts = {}
        self.symbols = self.test_symbols = None
        self.files = sorted(self.walk())
        self.names = {}
        for path in self.files:
            self.names.setdefault(path.rsplit("/", 1)[-1], []).append(path)

    def walk(self):
        for folder, folders, files in os.walk(self.top):
            rel = Path(folder).relative_to(self.top).as_posix()
            folders[:] = [name for name in folders if name not in MADE_FOLDERS
                          and not (rel == "." and name.startswith(("build", "_build", "_inst", "kith-")))]
            for name in files:
                path = name if rel == "." else f"{rel}/{name}"
                if not MADE.search(path) and not self.is_program(path):
                    yield path

    def is_program(self, path):
        """Programs have no suffix, and neither have some sources: the others are told by their first bytes."""
        if "." in path.rsplit("/", 1)[-1]:
            return False
        with open(self.top / path, "rb") as file:
            return file.read(4) == b"\x7fELF"

    def text(self, path):
        if path not in self.texts:
            try:
                self.texts[path] = (self.top / path).read_text(errors="replace")
            except FileNotFoundError:
                self.texts[path] = ""
        return self.texts[path]

    def lines(self, path):
        return self.text(path).split("\n")

    def exists(self, path):
        return (self.top / path).is_file() or (self.build / path).is_file()

    def sources(self, *folders, ends=(".c", ".h")):
        """The C files (or others) below some folders."""
        return [path for path in self.files
                if path.endswith(ends) and path.startswith(tuple(f"{folder}/" for folder in folders or CODE))]

    def includes(self, path):
        """(line number, path as written, '"' or '<') of each include of a file."""
        found = []
        for number, line in enumerate(self.lines(path), 1):
            match = INCLUDE.match(line)
            if match:
                found.append((number, match.group(2), match.group(1)))
        return found

    def program(self, folder):
        return Program(self, folder)

    def objects(self):
        """The symbols of each built object of CODE, by the name of its source."""
        if self.symbols is None:
            self.symbols = self.symbols_of(CODE)
        return self.symbols

    def test_objects(self):
        """The same for what is below tests/."""
        if self.test_symbols is None:
            self.test_symbols = self.symbols_of(["tests"])
        return self.test_symbols

    def symbols_of(self, folders):
        found = {}
        for folder in folders:
            for path in sorted((self.build / folder).rglob("*.o")):
                name = path.relative_to(self.build).as_posix()
                # With flags of its own an object is PROGRAM-FILE.o.
                source = re.sub(r"[^/]*-(?=[^/]*$)", "", name)[:-2] + ".c"
                if self.exists(source) and (folder == "tests" or source == name[:-2] + ".c"):
                    found[name] = source
        symbols = {source: Symbols() for source in found.values()}
        for line in nm(self.build, list(found)):
            name, symbol = line.split(":", 1)
            symbols[found[name]].add(symbol)
        return symbols


def nm(folder, objects):
    """A line NAME: ADDRESS KIND SYMBOL for each symbol of some objects."""
    if not objects:
        return []
    return subprocess.run(["nm", "-A", *objects], cwd=folder, check=True, capture_output=True,
                          text=True).stdout.splitlines()


class Symbols:
    """What one object defines for others (name to kind), and what it takes from them."""

    def __init__(self):
        self.defined = {}
        self.used = set()

    def add(self, line):
        """Takes one line of nm: address, kind, name; what is not defined has no address."""
        parts = line.split()
        if "." in parts[-1]:            # made by the compiler: a sanitizer's, a copy of a function
            return
        if len(parts) == 3 and parts[1] in "TDBRC":
            self.defined[parts[2]] = parts[1]
        elif len(parts) == 2 and parts[0] == "U":
            self.used.add(parts[1])


def edges(objects):
    """(source, source, symbol) for each symbol that one object takes from another. Two
    programs may have a symbol of one name: each sees its own folder first."""
    where = {}
    for source, symbols in objects.items():
        for name in symbols.defined:
            where[source.split("/")[0], name] = source
    found = []
    for source, symbols in objects.items():
        for name in sorted(symbols.used):
            for folder in (source.split("/")[0], "protocol", "shm"):
                target = where.get((folder, name))
                if target:
                    found.append((source, target, name))
                    break
    return found


def circles(graph):
    """The sets of nodes that reach each other, of a dict node -> set of nodes."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            circle = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(circle) > 1:
                found.append(sorted(circle))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found
