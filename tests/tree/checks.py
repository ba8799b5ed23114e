"""checks.py - what holds for the source tree. Each check takes a Tree and yields
(path, what is wrong); the words in CHECKS below are its name in the log."""
import re
import subprocess

from tree import CODE, INCLUDE, MADE, circles, edges

PROGRAMS = ("server", "client-cli")
# What lies below everything, and all that it may include.
BELOW = {"shm": ("shm/",), "protocol/base": ("protocol/base/",), "protocol": ("protocol/",)}
# Names of static functions and objects that are in more than one file.
STATIC_TWICE_MAX = 10
# Symbols that need no prefix.
NO_PREFIX = {"main", "fatal", "fatalx"}
HEADER_COLUMNS, CODE_COLUMNS, ROW_COLUMNS, HEADING_COLUMNS = 80, 100, 120, 79
# Headers of libraries; all other <...> are the system's.
LIBRARY = re.compile(r"(event2|protobuf-c|openssl|unicode|wslay|readline)/"
                     r"|(jansson|sqlite3|mysql|mariadb|crypt|cmocka|zlib)\w*\.h$")


COMMENT = re.compile(r"/\*.*?\*/", re.S)


# -- rooms

def each_folder_has_a_row(tree):
    for folder in PROGRAMS:
        program = tree.program(folder)
        readme = f"{folder}/README.md"
        for problem in program.problems:
            yield readme, problem
        there = {program.room_of(path) for path in tree.files if path.startswith(f"{folder}/")} - {None}
        for room in sorted(there - set(program.rooms)):
            yield f"{folder}/{room}", f"{readme} has no row for it"
        for room in sorted(set(program.rooms) - there):
            yield readme, f"the row {room}/ has no folder"
        for room in program.rooms.values():
            for name in sorted(room.may_include - set(program.rooms)):
                yield readme, f"{room.name}/ may include {name}, which is no room"
        for path in program.tables:
            if path not in tree.files:
                yield readme, f"names a table of callbacks in {path}, which does not exist"


def files_outside_rooms_are_listed(tree):
    for folder in PROGRAMS:
        program = tree.program(folder)
        there = [path.split("/", 1)[1] for path in tree.files
                 if path.startswith(f"{folder}/") and program.room_of(path) is None]
        for name in there:
            if name not in program.top:
                yield f"{folder}/{name}", f"lies in no room, and {folder}/README.md does not list it at the top"
        for name in program.top:
            if name not in there:
                yield f"{folder}/README.md", f"lists {name} at the top, which does not exist"


def refused(program, source, target):
    """Why a file may not use another of its program; None: it may."""
    here, there = program.room_of(source), program.room_of(target)
    if here == there:
        return None
    if there is None:
        return "only files at the top may use a file at the top"
    if here is None:
        return f"the top may not use {there}/" if there in program.above else None
    if here not in program.rooms or there in program.rooms[here].may_include:
        return None
    return f"{here}/ may not use {there}/"


def includes_follow_the_table(tree):
    for folder in PROGRAMS:
        program = tree.program(folder)
        for source in tree.sources(folder):
            for number, target, _ in tree.includes(source):
                if target.split("/")[0] == folder:
                    why = refused(program, source, target)
                    if why:
                        yield source, f"line {number} includes {target}: {why}"
                elif target.split("/")[0] in PROGRAMS:
                    yield source, f"line {number} includes {target} of another program"


def symbols_follow_the_table(tree):
    for folder in PROGRAMS:
        program = tree.program(folder)
        for source, target, name in edges(tree.objects()):
            if source.startswith(f"{folder}/") and target.startswith(f"{folder}/"):
                why = refused(program, source, target)
                if why:
                    yield source, f"uses {name} of {target}: {why}"


def rooms_of_a_role_stay_apart(tree):
    for folder in PROGRAMS:
        rooms = tree.program(folder).rooms
        for room in rooms.values():
            for other in sorted(room.may_include):
                if room.above_all or other not in rooms or rooms[other].runs_in is None:
                    continue
                if room.runs_in is None or not room.runs_in <= rooms[other].runs_in:
                    yield (f"{folder}/README.md", f"{room.name}/ may include {other}/, which runs in "
                           f"{', '.join(sorted(rooms[other].runs_in))} only")


def lower_folders_include_nothing_above(tree):
    for source in tree.sources("shm", "protocol"):
        folder = max((name for name in BELOW if source.startswith(f"{name}/")), key=len)
        for number, target, mark in tree.includes(source):
            if mark == '"' and not target.startswith(BELOW[folder]):
                yield source, f"line {number} includes {target}: {folder}/ includes only its own"


def rooms_are_no_circle(tree):
    for folder in PROGRAMS:
        program = tree.program(folder)
        table = {name: room.may_include for name, room in program.rooms.items()}
        for circle in circles(table):
            yield f"{folder}/README.md", f"the table lets {', '.join(circle)} include each other"
        graph = {}
        for source in tree.sources(folder):
            for _, target, _ in tree.includes(source):
                if target.startswith(f"{folder}/") and program.room_of(target) != program.room_of(source):
                    graph.setdefault(program.room_of(source) or "", set()).add(program.room_of(target) or "")
        for circle in circles(graph):
            yield folder, f"{', '.join(name or '(top)' for name in circle)} include each other"


def headers_are_no_circle(tree):
    graph = {source: {target for _, target, mark in tree.includes(source) if mark == '"'}
             for source in tree.sources(ends=".h")}
    for circle in circles(graph):
        yield circle[0], f"include each other: {', '.join(circle)}"


def files_are_no_circle(tree):
    tables = [path for folder in PROGRAMS for path in tree.program(folder).tables]
    graph = {}
    for source, target, _ in edges(tree.objects()):
        if source in tables and source.rsplit("/", 1)[0] == target.rsplit("/", 1)[0]:
            continue
        graph.setdefault(source, set()).add(target)
    for circle in circles(graph):
        yield circle[0], f"need each other: {', '.join(circle)}"


# -- includes

def includes_are_from_the_top(tree):
    for source in tree.sources(*CODE, "tests"):
        for number, target, mark in tree.includes(source):
            if mark == '"' and target != "config.h" and not tree.exists(target):
                yield source, f"line {number}: \"{target}\" is not written from the top"


def includes_are_in_order(tree):
    for source in tree.sources(*CODE, "tests"):
        groups = include_groups(source, tree.lines(source))
        kinds = [{kind for kind, _ in group} for group in groups]
        if any(len(kind) > 1 for kind in kinds):
            yield source, "own header, system, libraries and ours are not parted by blank lines"
        order = [min(kind) for kind in kinds]
        if order != sorted(set(order)):
            yield source, "the order is: own header, system, libraries, ours, each once"
        for group in groups:
            if [name for _, name in group] != sorted(name for _, name in group):
                yield source, f"not sorted: {', '.join(name for _, name in group)}"


def is_own(source, header):
    """Has the header the name of the source, or its beginning (name and name_more)?"""
    return source.endswith(".c") and (source == header[:-2] + ".c" or source.startswith(header[:-2] + "_"))


def include_groups(source, lines):
    """The includes before the first other line, as groups parted by blank lines, each of (kind, path)."""
    groups, group, begun = [], [], False
    for line in lines:
        match = INCLUDE.match(line)
        if match:
            begun = True
            mark, name = match.groups()
            if mark == '"':
                first = not groups and not group
                kind = 0 if is_own(source, name) and (first or name[:-2] == source[:-2]) else 3
            else:
                kind = 2 if LIBRARY.match(name) else 1
            group.append((kind, name))
        elif begun and line.strip() == "":
            if group:
                groups.append(group)
            group = []
        elif begun:
            break
    if group:
        groups.append(group)
    # Another file's header that comes first, but not alone, is one of ours.
    if groups and len(groups[0]) > 1:
        groups[0] = [(3 if kind == 0 and name[:-2] != source[:-2] else kind, name) for kind, name in groups[0]]
    return groups


# -- names

def is_above_all(tree, source):
    """At the top of a program, or in a room that may include all others."""
    folder = source.split("/")[0]
    if folder not in PROGRAMS:
        return False
    program = tree.program(folder)
    room = program.room_of(source)
    return room is None or room in program.rooms and program.rooms[room].above_all


def symbols_begin_like_their_file(tree):
    for source, symbols in tree.objects().items():
        folder, file = source.split("/")[-2:]
        word = file[:-2].split("_")[0]
        for name in sorted(symbols.defined):
            if name.startswith((word, f"{folder}_")) or name in NO_PREFIX:      # ctl_print_status() of ctl/
                continue
            if is_above_all(tree, source):
                continue            # a table that a room below declares, filled in here
            if source.startswith("client-cli/libkith/") and name.startswith("kith_"):
                continue            # what kith.h gives to programs
            if source.startswith("protocol/") and name.startswith("kith_err_") or source not in tree.files:
                continue            # generated
            yield source, f"exports {name}, which does not begin with {word}"


STATIC_FUNCTION = re.compile(r"^static [^;={]*\n(\w+)\(", re.M)
STATIC_OBJECT = re.compile(r"^static [^;=({]*?\**(\w+)(?:\[[^;=]*)?(?:;| =)", re.M)


def static_names(tree):
    """Name to files of what is static at file level."""
    found = {}
    for source in tree.sources(ends=".c"):
        for pattern in (STATIC_FUNCTION, STATIC_OBJECT):
            for name in pattern.findall(tree.text(source)):
                found.setdefault(name, set()).add(source)
    return found


def static_names_are_unique(tree):
    twice = {name: files for name, files in static_names(tree).items() if len(files) > 1}
    if len(twice) > STATIC_TWICE_MAX:
        yield ".", f"{len(twice)} static names are in two or more files, {STATIC_TWICE_MAX} may be"
        for name, files in sorted(twice.items()):
            yield ".", f"{name}: {', '.join(sorted(files))}"


# What only tests use, on purpose.
FOR_TESTS = {"point_arm", "point_watch", "table_add", "table_broken", "table_check", "wire_walk"}


def each_symbol_has_a_user(tree):
    """A symbol that no other file of the programs uses is static, unless a test drives the file through it."""
    taken = {(target, name) for _, target, name in edges(tree.objects())}
    # The load generators are programs on libkith, too.
    loading = {name for path, symbols in tree.test_objects().items() if path.startswith("tests/load/")
               for name in symbols.used}
    tested = {name for symbols in tree.test_objects().values() for name in symbols.used}
    for source, symbols in tree.objects().items():
        code = COMMENT.sub("", tree.text(source))
        for name in sorted(symbols.defined):
            if (source, name) in taken or name in loading or name == "main" or name in FOR_TESTS or source not in tree.files:
                continue
            if len(re.findall(rf"\b{name}\b", code)) < 2:
                yield source, f"{'only tests use' if name in tested else 'nothing uses'} {name}"
            elif name not in tested:
                yield source, f"only this file uses {name}: it could be static"


# -- words

COMMENTS = {
    (".c", ".h", ".awk", ".proto", ".js", ".mjs", ".css"): COMMENT,
    (".mk", ".sh", ".ac", ".am"): re.compile(r"(?:^|\s)#.*"),
    (".py",): re.compile(r'^\s*"""[^"]*"""|(?:^|\s)# .*', re.M),
}
FILE_NAME = re.compile(r"(?<![\w./*{}$<-])\w[\w./-]*\.(?:c|h|py|proto|md|mk|awk|sh|mjs|js|css|sql|html|json)\b(?![\w*(]|\.\w)")


ELSEWHERE = {"sysexits.h"}
PLACEHOLDER = re.compile(r"(^|[/_])(?!README|CONTRIBUTING)[A-Z]{3,}")     # of a path with a word to fill in


def prose(path, text):
    """What of a file is for people: a README whole, of code the comments."""
    if path.endswith(".md"):
        return text
    for ends, pattern in COMMENTS.items():
        if path.endswith(ends):
            return "\n".join(match.group(0) for match in pattern.finditer(text))
    return ""


def named_files_exist(tree):
    """A file that a comment or a README names is there, by its name or by the end of its path."""
    system = ELSEWHERE | {name for path in tree.sources(*CODE, "tests") for _, name, mark in tree.includes(path) if mark == "<"}
    for path in tree.files:
        for name in sorted(set(FILE_NAME.findall(prose(path, tree.text(path))))):
            there = tree.names.get(name.rsplit("/", 1)[-1], [])
            if not (any(f"/{file}".endswith(f"/{name}") for file in there) or name in system or tree.exists(name)
                    or MADE.search(f"/{name}") or PLACEHOLDER.search(name)):
                yield path, f"names {name}, which does not exist"


OPTION = re.compile(r"--(enable|disable|with|without)-([a-z-]+)")


def named_options_exist(tree):
    """An option of configure that a document names is one."""
    configure = tree.text("configure.ac")
    for path in tree.files:
        if path.endswith(".md"):
            for kind, name in sorted(set(OPTION.findall(tree.text(path)))):
                kind = "WITH" if kind.startswith("with") else "ENABLE"
                if f"AC_ARG_{kind}([{name}]" not in configure:
                    yield path, f"names configure's option {name}, which does not exist"


# -- form

def columns(line):
    width = 0
    for character in line:
        width = (width // 8 + 1) * 8 if character == "\t" else width + 1
    return width


def lines_are_short(tree):
    for source in tree.sources(*CODE, "tests"):
        for number, line in enumerate(tree.lines(source), 1):
            limit = CODE_COLUMNS
            if source.endswith(".h"):
                limit = HEADER_COLUMNS
            elif line.lstrip().startswith(("{", '"')):      # a row of a table is read best on one line
                limit = ROW_COLUMNS
            if columns(line) > limit:
                yield source, f"line {number} has {columns(line)} columns, {limit} at most"


RULER = re.compile(r"^\s*/\*+\s*[-=*_#]{2,}|^\s*//|^/\* [A-Z][A-Z ,]+ \*/$|^\s*/\*[*=-]")
HEADING = re.compile(r"^/\* -- \S.* -+ \*/$")
BLOCK = re.compile(r"(?<=\n)/\*\n \* [^\n]{1,60}\n( \*\n)? \*/\n\n")


def headings_look_alike(tree):
    for source in tree.sources(*CODE, "tests"):
        for number, line in enumerate(tree.lines(source), 1):
            if RULER.match(line) and not (HEADING.match(line) and columns(line) == HEADING_COLUMNS):
                yield source, f"line {number}: a heading is '/* -- text ---- */', to column {HEADING_COLUMNS}"
        for match in BLOCK.finditer(tree.text(source)):
            number = tree.text(source).count("\n", 0, match.start()) + 1
            yield source, f"line {number}: a heading is one line, '/* -- text ---- */'"


def scripts_can_be_parsed(tree):
    for path in tree.files:
        if path.endswith(".sh") or tree.text(path).startswith("#!/bin/sh"):
            said = subprocess.run(["sh", "-n", tree.top / path], capture_output=True, text=True)
            if said.returncode != 0:
                yield path, said.stderr.strip()


CHECKS = [value for value in list(globals().values())
          if callable(value) and getattr(value, "__module__", "") == __name__
          and value.__code__.co_varnames[:value.__code__.co_argcount] == ("tree",) and value.__name__ != "static_names"]
