"""What the tests of this folder start: gateways, the vendor's SDK, and interpreters, each a process."""

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pd_capflow

CHILD = Path(__file__).with_name("sdk_child.py")
PATIENCE = 60


def environment(**more):
    """Return an environment in which a child imports the pd_capflow of this process, installed or not."""
    package = str(Path(pd_capflow.__file__).parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1", **more}


def at_home(home, **more):
    """Return an environment in which the SDK's logs end up in `home`."""
    return environment(HOME=str(home), USERPROFILE=str(home), APPDATA=str(home), **more)


@contextmanager
def gateway(*options, scheme="tcp", command="gateway"):
    """Run ``capflow gateway``, or another command, and yield its port, that of the scheme."""
    command = [sys.executable, "-m", "pd_capflow", command, "--port", "0", *options]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        yield int(re.search(rf"{scheme}://127\.0\.0\.1:(\d+)", line)[1])
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def ask_sdk(port, questions, home, *, rsa=None, notices=0, **more):
    """Return what the SDK answers to each question: pairs of its return code and its data.

    With a key file it encrypts. So many notices are waited for, and are the last of the answers.
    """
    key = {"rsa": str(rsa)} if rsa else {}
    awaited = {"notices": notices} if notices else {}
    task = json.dumps({"port": port, "questions": questions} | key | awaited)
    return json.loads(run([str(CHILD)], at_home(home, **more), task))


def run(arguments, env, text=""):
    """Run this interpreter and return its standard output; its standard error if it fails."""
    done = subprocess.run(
        [sys.executable, *arguments], env=env, input=text, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
