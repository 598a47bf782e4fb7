"""The controller: `python controller DIRECTORY AGENT STORY`. Tells steps and asks the hypervisor on standard output."""

import sys
from pathlib import Path

import settings

# Anything that prints would garble the lines.
out, sys.stdout = sys.stdout, sys.stderr
directory, agent, story = sys.argv[1:]
topology = "ACTIVE_STANDBY" if story == "pair" else "SINGLE"
settings.load(settings.write(directory, topology))

import importlib  # noqa: E402  Octavia reads options when its modules load

from cloud import Cloud  # noqa: E402
from hypervisor import Hypervisor  # noqa: E402
from report import Aborted, Report  # noqa: E402
import database  # noqa: E402

database.create()
report = Report(out)
cloud = Cloud(Path(directory), agent, Hypervisor(out, sys.stdin))
try:
    importlib.import_module(f"story_{story}").tell(report, cloud)
except Aborted as step:
    # The step's own verdict tells of the failure.
    print("given up after:", step, file=sys.stderr)
