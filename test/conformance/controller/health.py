"""Octavia's health manager at work, and what it made of heartbeats."""

import contextlib
import pathlib
import subprocess
import sys
import time

import database
from octavia.db import models
from report import check, eventually

_PROGRAM = pathlib.Path(__file__).parent / "health_manager.py"


@contextlib.contextmanager
def manager(directory):
    """Runs it meanwhile, on the same configuration and database."""
    command = [sys.executable, *(f"-W{option}" for option in sys.warnoptions), "-B", _PROGRAM]
    with subprocess.Popen([*command, directory / "octavia.conf"], stdin=subprocess.PIPE, stdout=sys.stderr) as process:
        try:
            yield
        finally:
            process.stdin.close()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


def becomes(model, row_id, status, seconds=20):
    """Waits until the health manager has given an object that operating status."""

    def look():
        found = database.operating_status(model, row_id)
        check(found == status, model.__name__, found, "not", status)
        return True

    eventually(look, seconds)


def last_update(amphora_id):
    return database.column(models.AmphoraHealth, "last_update", amphora_id=amphora_id)


def statistics(listener_id, amphora_id):
    """Returns the row as a dictionary; zeros before the first heartbeat that counted."""
    names = ("bytes_in", "bytes_out", "active_connections", "total_connections", "request_errors")
    where = {"listener_id": listener_id, "amphora_id": amphora_id}
    return {name: database.column(models.ListenerStatistics, name, **where) or 0 for name in names}


def is_silent(amphora_id, seconds):
    """Whether nothing has come from an amphora for that long."""
    last = last_update(amphora_id)
    time.sleep(seconds)
    return last_update(amphora_id) == last
