"""made.py - a small tree that is right, and for each check what it must refuse."""
import shutil

import checks
from tree import Symbols, Tree, circles

README = """# server
## Rooms
| Room | Holds | Runs in | May include |
|---|---|---|---|
| `lib/` | plain code | all | - |
| `proc/` | processes | all | `lib` |
| `auth/` | the role auth | `auth` | `proc` `lib` |
| `worker/` | the role worker | `worker` | `proc` `lib` |
| (top) `main.c` `README.md` | the program | all | all but `ctl` |
| `ctl/` | the tool | `ctl` | - |
| `main/` | the program | all | all but `ctl` |

Tables of callbacks: `worker/rows.c`.

## More
"""
CLIENT = """# client
## Rooms
| Room | May include |
|---|---|
| `libkith/` | - |
| (top) `main.c` `README.md` | all |
"""
HEADING = "/* -- sending ".ljust(76, "-") + " */"

RIGHT = {
    "server/README.md": README,
    "server/main.c": '#include "server/auth/auth.h"\n',
    "server/lib/log.h": "/* log.h - see lib/log.c and README.md. */\nvoid log_line(void);\n",
    "server/lib/log.c": '#include "server/lib/log.h"\n\n#include <stdio.h>\n\n#include "shm/ring.h"\n\n' + HEADING + "\n",
    "server/proc/ipc.c": '#include <event2/event.h>\n\n#include "server/lib/log.h"\n',
    "server/auth/auth.h": "",
    "server/auth/auth.c": "static int\nauth_one(void)\n{\n}\n",
    "server/worker/rows.c": "", "server/worker/req.c": "",
    "server/ctl/ctl.c": "", "server/ctl/ctl.h": "",
    "server/main/main.c": '#include "server/auth/auth.h"\n',
    "client-cli/README.md": CLIENT, "client-cli/main.c": "", "client-cli/libkith/net.c": "",
    "shm/ring.h": "", "shm/ring.c": '#include "shm/ring.h"\n', "protocol/base/utf8.h": "",
    "protocol/wire.c": '#include "protocol/base/utf8.h"\n',
    "configure.ac": "AC_ARG_ENABLE([werror], [])\n",
    "tests/unit/x_test.c": '#include <setjmp.h>\n\n#include <cmocka.h>\n\n#include "shm/ring.h"\n',
}
# What nm would say about each object.
OBJECTS = {
    "server/main.c": "T main\nU auth_main",
    "server/lib/log.c": "T log_line\nU ring_push",
    "server/proc/ipc.c": "T ipc_send\nU log_line",
    "server/auth/auth.c": "T auth_main\nU ipc_send",
    "server/worker/rows.c": "R rows_all\nU req_one",
    "server/worker/req.c": "T req_one\nU rows_all\nt helper",
    "server/ctl/ctl.c": "T main",
    "client-cli/main.c": "T main\nU kith_connect",
    "client-cli/libkith/net.c": "T kith_connect",
    "shm/ring.c": "T ring_push",
    "tests/unit/x_test.c": "T main\nU ring_push\nU log_tested",
}

# (check, what it must refuse): files and objects that differ from RIGHT and OBJECTS; None: gone.
WRONG = [
    ("each_folder_has_a_row", {"server/bus/bus.c": ""}, {}),
    ("each_folder_has_a_row", {"server/worker/rows.c": None, "server/worker/req.c": None}, {}),
    ("each_folder_has_a_row", {"server/worker/rows.c": None}, {}),
    ("each_folder_has_a_row", {"server/README.md": README.replace("| `proc` `lib` |", "| `prok` `lib` |")}, {}),
    ("each_folder_has_a_row", {"server/README.md": README.replace("## Rooms", "## Chambers")}, {}),
    ("files_outside_rooms_are_listed", {"server/extra.c": ""}, {}),
    ("files_outside_rooms_are_listed", {"client-cli/extra.awk": ""}, {}),
    ("files_outside_rooms_are_listed", {"server/main.c": None}, {}),
    ("includes_follow_the_table", {"server/lib/log.c": '#include "server/proc/ipc.h"\n'}, {}),
    ("includes_follow_the_table", {"server/lib/log.h": '#include "server/main.h"\n'}, {}),
    ("includes_follow_the_table", {"server/auth/auth.c": '#include "client-cli/libkith/net.h"\n'}, {}),
    ("includes_follow_the_table", {"server/main.c": '#include "server/ctl/ctl.h"\n'}, {}),
    ("includes_follow_the_table", {"server/main/main.c": '#include "server/ctl/ctl.h"\n'}, {}),
    ("includes_follow_the_table", {"server/auth/auth.c": '#include "server/main/roles.h"\n'}, {}),
    ("symbols_follow_the_table", {}, {"server/lib/log.c": "T log_line\nU ipc_send"}),
    ("symbols_follow_the_table", {}, {"server/worker/req.c": "T req_one\nU auth_main"}),
    ("rooms_of_a_role_stay_apart",
     {"server/README.md": README.replace("`worker` | `proc`", "`worker` | `auth` `proc`")}, {}),
    ("rooms_of_a_role_stay_apart", {"server/README.md": README.replace("| all | `lib` |", "| all | `auth` |")}, {}),
    ("lower_folders_include_nothing_above", {"shm/ring.c": '#include "protocol/base/utf8.h"\n'}, {}),
    ("lower_folders_include_nothing_above", {"protocol/wire.c": '#include "server/lib/log.h"\n'}, {}),
    ("lower_folders_include_nothing_above", {"protocol/base/utf8.h": '#include "protocol/wire.h"\n'}, {}),
    ("rooms_are_no_circle", {"server/README.md": README.replace("code | all | - |", "code | all | `proc` |")}, {}),
    ("rooms_are_no_circle", {"server/lib/log.c": '#include "server/proc/ipc.h"\n'}, {}),
    ("headers_are_no_circle",
     {"shm/ring.h": '#include "shm/wake.h"\n', "shm/wake.h": '#include "shm/ring.h"\n'}, {}),
    ("files_are_no_circle", {}, {"server/lib/log.c": "T log_line\nU ipc_send"}),
    ("files_are_no_circle", {"server/README.md": README.replace("Tables of", "Lists of")}, {}),
    ("includes_are_from_the_top", {"server/lib/log.c": '#include "log.h"\n'}, {}),
    ("includes_are_from_the_top", {"tests/unit/x_test.c": '#include "unit/kit.h"\n'}, {}),
    ("includes_are_in_order", {"server/lib/log.c": '#include <stdio.h>\n\n#include "server/lib/log.h"\n'}, {}),
    ("includes_are_in_order", {"server/lib/log.c": '#include <stdio.h>\n#include <errno.h>\n'}, {}),
    ("includes_are_in_order", {"server/lib/log.c": '#include <stdio.h>\n#include "shm/ring.h"\n'}, {}),
    ("includes_are_in_order", {"server/lib/log.c": '#include <event2/event.h>\n\n#include <stdio.h>\n'}, {}),
    ("includes_are_in_order", {"server/lib/log.c": '#include <errno.h>\n\n#include <stdio.h>\n'}, {}),
    ("symbols_begin_like_their_file", {}, {"server/lib/log.c": "T line_log"}),
    ("symbols_begin_like_their_file", {}, {"server/lib/log.c": "D level"}),
    ("static_names_are_unique",
     {f"server/lib/many_{a}.c": "".join(f"static int\nname{i}(void)\n{{\n}}\n" for i in range(100)) for a in "ab"}, {}),
    ("static_names_are_unique",
     {f"server/lib/many_{a}.c": "".join(f"static int name{i} = 1;\n" for i in range(100)) for a in "ab"}, {}),
    ("each_symbol_has_a_user", {}, {"server/lib/log.c": "T log_line\nT log_open"}),
    ("each_symbol_has_a_user", {}, {"server/lib/log.c": "T log_line\nT log_tested"}),
    ("each_symbol_has_a_user", {"server/lib/log.c": "log_open() { log_open(); }\n"},
     {"server/lib/log.c": "T log_line\nT log_open"}),
    ("named_files_exist", {"server/lib/log.h": "/* See lig.h. */\n"}, {}),
    ("named_files_exist", {"server/lib/log.h": "/* See conf/log.h. */\n"}, {}),
    ("named_files_exist", {"server/README.md": README + "See `server/lib/lag.c`.\n"}, {}),
    ("named_files_exist", {"server/README.md": README + "See shm/README.md.\n"}, {}),
    ("named_files_exist", {"tests/a.py": '"""a.py - what b.py does."""\n'}, {}),
    ("named_options_exist", {"server/README.md": README + "Build with `--enable-fuzz`.\n"}, {}),
    ("lines_are_short", {"server/lib/log.h": "/*" + " " * 77 + "*/\n"}, {}),
    ("lines_are_short", {"server/lib/log.h": "\t" * 9 + "int twelve;\n"}, {}),
    ("lines_are_short", {"server/lib/log.c": "\t" * 12 + "int i;\n"}, {}),
    ("headings_look_alike", {"server/lib/log.c": "/* -- sending -- */\n"}, {}),
    ("headings_look_alike", {"server/lib/log.c": "/* " + "-" * 60 + " sending */\n"}, {}),
    ("headings_look_alike", {"server/lib/log.c": "int i;\n\n/*\n * Sending.\n */\n\nint j;\n"}, {}),
    ("headings_look_alike", {"server/lib/log.c": "// sending\n"}, {}),
    ("scripts_can_be_parsed", {"etc/run.sh": "#!/bin/sh\necho 'its page's name'\n"}, {}),
]


class MadeTree(Tree):
    def __init__(self, top, files, objects):
        for path, text in files.items():
            if text is not None:
                (top / path).parent.mkdir(parents=True, exist_ok=True)
                (top / path).write_text(text)
        super().__init__(top, top)
        self.symbols, self.test_symbols = {}, {}
        for path, text in objects.items():
            if files.get(path) is not None:
                symbols = Symbols()
                for line in text.split("\n"):
                    symbols.add(line if line[0] == "U" else f"0 {line}")
                (self.test_symbols if path.startswith("tests/") else self.symbols)[path] = symbols


def findings(check, top, files, objects):
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir()
    return list(check(MadeTree(top, {**RIGHT, **files}, {**OBJECTS, **objects})))


def accepts(check, top):
    return [f"refuses what is right: {path}: {what}" for path, what in findings(check, top, {}, {})]


def refuses(check, top, files, objects):
    return [] if findings(check, top, files, objects) else [f"does not see {files or objects}"]


def finds_circles():
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": set()}
    return [] if circles(graph) == [["a", "b", "c"]] else [f"found {circles(graph)}"]


def each_check_is_tried():
    tried = {name for name, _, _ in WRONG}
    return [f"nothing here that {check.__name__} refuses" for check in checks.CHECKS if check.__name__ not in tried]


def tests(folder):
    """(name, function that returns problems) for each case."""
    by_name = {check.__name__: check for check in checks.CHECKS}
    yield "finds_circles", finds_circles
    yield "each_check_is_tried", each_check_is_tried
    for name, check in by_name.items():
        yield f"{name}_accepts_what_is_right", lambda check=check: accepts(check, folder / "made")
    for number, (name, files, objects) in enumerate(WRONG, 1):
        yield (f"{name}_refuses_{number}",
               lambda name=name, files=files, objects=objects: refuses(by_name[name], folder / "made", files, objects))
