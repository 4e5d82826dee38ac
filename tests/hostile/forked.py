"""One process that has loaded every verb, and forks a child for each: the child calls it as often as asked, each time with
streams of its own. A call costs what the verb costs, and what it compiles the first time it need not compile again."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SERVER = """
import atexit, gc, io, json, os, resource, shutil, signal, sys, threading
from buckpass.cli import main as verbs
import buckpass.page.page, buckpass.page.replication, buckpass.fitting.sampling, buckpass.sweeps.sweep, buckpass.events
import altair, vl_convert

class Ended(BaseException):
    pass

def end(code):
    raise Ended(code)

def opened(fd, encoding, errors):
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(fd, "w", closefd=False)), encoding, errors)

def gone_after_a_byte(reader):
    os.read(reader, 1)
    os.close(reader)

def seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

def fresh(place, folder):
    for made in os.scandir(folder):
        shutil.rmtree(made.path) if made.is_dir(follow_symlinks=False) else os.unlink(made.path)
    shutil.copytree(place, folder, dirs_exist_ok=True)

def one(call, way):
    fresh(call["place"], call["folder"])
    os.chdir(call["folder"])
    files = []
    for at, name in ((200, "out"), (201, "err")):  # away from the numbers that a closed stream leaves free
        fd = os.open(f"{call['said']}/{name}", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        files.append(os.dup2(fd, at))
        os.close(fd)
    out = files[0]
    if way["leaves"]:
        reader, out = os.pipe()
        threading.Thread(target=gone_after_a_byte, args=(reader,), daemon=True).start()
    for fd, to in ((0, os.open(os.devnull, os.O_RDONLY)), (1, out), (2, files[1])):
        os.dup2(to, fd)
        if to not in files and to > 2:
            os.close(to)
    sys.stdout = opened(1, way["encoding"], "strict")
    sys.stderr = opened(2, way["encoding"], "backslashreplace")
    sys.stdin = open(0, closefd=False)
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        if name in way["closed"]:
            os.close(fd)
            setattr(sys, name, None)
    sys.argv, began = ["buckpass", *call["words"]], seconds()
    os._exit = end
    code = 99
    try:
        verbs.main()
    except Ended as ended:
        code = ended.args[0]
    except BaseException:
        import traceback
        os.write(files[1], traceback.format_exc().encode())
    os._exit = really
    for fd in (0, 1, 2):  # what a stream that lost its reader still holds is not for the next one
        os.dup2(nowhere, fd)
    sys.stdin = sys.stdout = sys.stderr = None
    gc.collect()
    said = [os.pread(fd, 10**8, 0).decode("latin-1") for fd in files]
    made = sorted(os.path.relpath(os.path.join(at, name), call["folder"]) for at, within, names in os.walk(call["folder"]) for name in (*within, *names))
    for fd in files:
        os.close(fd)
    return {"code": code, "out": said[0], "err": said[1], "seconds": seconds() - began, "made": made,
            "kilobytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}

def child(call, told):
    signal.alarm(1800)  # what hangs is ended, and says nothing more
    atexit._run_exitfuncs = lambda: None  # what is done at the end of a process is done once
    found = [one(call, way) for way in call["ways"]]
    with open(told, "w") as file:
        json.dump(found, file)
    really(0)

really, nowhere = os._exit, os.open(os.devnull, os.O_RDWR)
answers = os.dup(1)
for line in sys.stdin:
    call = json.loads(line)
    told = call["said"] + "/told"
    pid = os.fork() or child(call, told)
    os.waitpid(pid, 0)
    os.write(answers, b"done\\n")
"""


@dataclass(frozen=True)
class Answer:
    """How a call ended: exit code, what it wrote, its own seconds, the most memory of its process, and the files then there."""

    code: int
    out: bytes
    err: bytes
    seconds: float
    kilobytes: int
    made: tuple[str, ...]


class Forks:
    """Calls of `buckpass`, those of one verb in a child of one process."""

    def __init__(self) -> None:
        self.server = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def calls(self, words: Sequence[str], ways: Sequence[dict], place: Path, folder: Path, said: Path) -> list[Answer]:
        """The verb called in each way, every time in a fresh copy of `place`; fewer answers where the child did not live.

        ways : of each the `encoding`, which streams are `closed`, and whether the reader of its output `leaves` after a byte.
        """
        told = said / "told"
        told.unlink(missing_ok=True)
        asked = {
            "words": list(words),
            "ways": list(ways),
            "place": str(place),
            "folder": str(folder),
            "said": str(said),
        }
        print(json.dumps(asked), file=self.server.stdin, flush=True)
        assert self.server.stdout.readline() == "done\n"
        found = json.loads(told.read_text()) if told.exists() else []
        return [
            Answer(
                a["code"],
                a["out"].encode("latin-1"),
                a["err"].encode("latin-1"),
                a["seconds"],
                a["kilobytes"],
                tuple(a["made"]),
            )
            for a in found
        ]

    def end(self) -> None:
        """End the process."""
        self.server.stdin.close()
        self.server.stdout.close()
        self.server.wait(60)
