"""Octavia's health manager, its receiving half: `python health_manager.py OCTAVIA.CONF`. Ends when its input does."""

import multiprocessing
import os
import sys
import threading

import settings

settings.load(sys.argv[1])

from octavia.cmd import health_manager  # noqa: E402  it reads options when it loads


def wait_for_end(event):
    # Without sys.stdin, whose lock would be held in every process that the manager forks.
    while os.read(0, 1):
        pass
    event.set()


event = multiprocessing.Event()
threading.Thread(target=wait_for_end, args=(event,), daemon=True).start()
health_manager.hm_listener(event)
