"""schema.py - Python's messages, made from protocol/*.proto when the tests start.

`from kithtest.schema import frame, message, ...`: one module for each file.
"""
import atexit
import importlib
import shutil
import subprocess
import sys
import tempfile

from . import build

NAMES = ("error", "session", "message", "conversation", "presence", "frame", "poll", "ipc")


def _load():
    folder = tempfile.mkdtemp(prefix="schema.")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    proto = build.TOP / "protocol"
    subprocess.run(["protoc", f"--proto_path={proto}", f"--python_out={folder}",
                    *(str(proto / f"{name}.proto") for name in NAMES)], check=True)
    sys.path.insert(0, folder)
    try:
        return [importlib.import_module(f"{name}_pb2") for name in NAMES]
    finally:
        sys.path.remove(folder)


error, session, message, conversation, presence, frame, poll, ipc = _load()

# Error codes by name and names by code.
CODE = dict(error.ErrorCode.items())


def code_name(code):
    """The name of an error code, or its number."""
    return error.ErrorCode.Name(code) if code in CODE.values() else str(code)
