"""One process that has loaded every verb, and forks a child for each call: a call costs what the verb costs and no more."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SERVER = """
import io, json, os, signal, sys
from buckpass.cli.main import main
import buckpass.page.page, buckpass.page.replication, buckpass.fitting.sampling, buckpass.sweeps.sweep, buckpass.events
import altair, vl_convert

def opened(fd, encoding, errors):
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(fd, "w", closefd=False)), encoding, errors)

def child(call, out, err, reader):
    signal.alarm(300)  # what hangs is ended, and its code says so
    if reader is not None:
        os.close(reader)
    os.chdir(call["folder"])
    for fd, to in ((0, os.open(os.devnull, os.O_RDONLY)), (1, out), (2, err)):
        os.dup2(to, fd)
    sys.stdout = opened(1, call["encoding"], "strict")
    sys.stderr = opened(2, call["encoding"], "backslashreplace")
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        if name in call["closed"]:
            os.close(fd)
            setattr(sys, name, None)
    sys.argv = ["buckpass", *call["words"]]
    try:
        main()
    except BaseException:
        import traceback
        os.write(err, traceback.format_exc().encode())
    os._exit(99)

for line in sys.stdin:
    call = json.loads(line)
    files = [os.open(call["folder"] + "/." + name, os.O_RDWR | os.O_CREAT | os.O_TRUNC) for name in ("out", "err")]
    (out, err), reader = files, None
    if call["leaves"]:
        reader, out = os.pipe()
    pid = os.fork() or child(call, out, err, reader)
    if call["leaves"]:
        os.close(out)
        os.read(reader, 1)
        os.close(reader)
    status = os.wait4(pid, 0)
    said = [os.pread(fd, 10**8, 0).decode("latin-1") for fd in files]
    for fd in files:
        os.close(fd)
    print(json.dumps({"code": os.waitstatus_to_exitcode(status[1]), "out": said[0], "err": said[1], "seconds":
                      status[2].ru_utime + status[2].ru_stime, "kilobytes": status[2].ru_maxrss}), flush=True)
"""


@dataclass(frozen=True)
class Answer:
    """How a call ended: exit code, what it wrote, its own seconds and the most memory that it had."""

    code: int
    out: bytes
    err: bytes
    seconds: float
    kilobytes: int


class Forks:
    """Calls of `buckpass`, each in a child of one process."""

    def __init__(self) -> None:
        self.server = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def call(self, words, folder: Path, encoding="utf-8", closed=(), *, leaves=False) -> Answer:
        """One call in a folder; `closed` names streams that are, `leaves` whether the reader of its output goes after a byte."""
        asked = {"words": list(words), "folder": str(folder), "encoding": encoding, "closed": closed, "leaves": leaves}
        print(json.dumps(asked), file=self.server.stdin, flush=True)
        said = json.loads(self.server.stdout.readline())
        for name in (".out", ".err"):
            (folder / name).unlink()
        return Answer(
            said["code"],
            said["out"].encode("latin-1"),
            said["err"].encode("latin-1"),
            said["seconds"],
            said["kilobytes"],
        )

    def end(self) -> None:
        """End the process."""
        self.server.stdin.close()
        self.server.stdout.close()
        self.server.wait(60)
