"""Ctrl-C ends the command wherever it comes, also where an exception would become something else."""

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends a signal")
WHERE = {
    "a class that is being made": """
        class Field:
            def __set_name__(self, owner, name):
                stop()
        class Holder:
            field = Field()
    """,
    "code that catches all": """
        try:
            stop()
        except BaseException:
            pass
    """,
    "a destructor, whose exceptions Python prints": """
        class Gone:
            def __del__(self):
                stop()
        Gone()
    """,
    "another thread's wait": """
        import threading
        waiting = threading.Timer(0.2, stop)
        waiting.start()
        waiting.join()
    """,
}


def stopped(lines: str) -> subprocess.CompletedProcess:
    script = (
        "import os, signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's & ignores it
    )
    script += "stop = lambda: os.kill(os.getpid(), signal.SIGINT)\n" + textwrap.dedent(lines)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("where", WHERE)
def test_it_ends_the_verb_in_one_sentence_and_leaves_nothing(tmp_path, where):
    before = f"""
        from pathlib import Path
        from buckpass.cli.printing import errors_as_messages
        from buckpass.results.files import workshop
        from buckpass.results.stopping import end_when_stopped
        end_when_stopped()
        with errors_as_messages(), workshop(Path({str(tmp_path)!r})) as folder:
            (folder / "made").write_text("half")
    """
    within = textwrap.dedent(WHERE[where]) + "print('went on')"
    done = stopped(textwrap.dedent(before) + textwrap.indent(within, "    "))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped; what was finished is kept\n")
    assert not list(tmp_path.iterdir())


def test_before_a_verb_has_begun_it_ends_in_silence():
    done = stopped("""
        import sys, types
        class Loading:
            def find_spec(self, name, path, target=None):
                if name == "buckpass.cli.main":
                    stop()
        sys.meta_path.insert(0, Loading())
        from buckpass.cli.start import main
        main()
    """)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_job_in_the_background_does_not_hear_it():
    done = stopped("""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        from buckpass.results.stopping import end_when_stopped
        end_when_stopped()
        stop()
        print("went on")
    """)
    assert (done.returncode, done.stdout) == (0, "went on\n")


def test_what_comes_first_comes_in_turn_once_and_a_failure_stops_nothing():
    done = stopped("""
        from buckpass.results.stopping import end_when_stopped, first_when_stopped
        def say(word):
            return lambda: print(word, flush=True)
        end_when_stopped()
        with first_when_stopped(say("over")):
            pass
        with first_when_stopped(say("last")), first_when_stopped(lambda: 1 / 0), first_when_stopped(say("first")):
            stop()
    """)
    assert (done.returncode, done.stdout, done.stderr) == (130, "first\nlast\n", "")
