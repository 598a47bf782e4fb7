"""Steps and their verdicts, told one JSON line each as they end."""

import contextlib
import json
import time
import traceback


class Unavailable(Exception):
    """This machine cannot do the step: the message is the reason."""


class Aborted(Exception):
    """A step has failed that all later ones need."""


class Report:
    def __init__(self, stream):
        self._stream = stream

    def _tell(self, name, verdict, seconds, detail=""):
        line = {"step": name, "verdict": verdict, "seconds": round(seconds, 2), "detail": detail}
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()

    @contextlib.contextmanager
    def step(self, name, essential=False):
        start = time.monotonic()
        try:
            yield
        except Unavailable as reason:
            self._tell(name, "skipped", time.monotonic() - start, str(reason))
        except Exception as error:
            self._tell(name, "failed", time.monotonic() - start, traceback.format_exc())
            if essential:
                raise Aborted(name) from error
        else:
            self._tell(name, "passed", time.monotonic() - start)

    def skip(self, name, reason):
        self._tell(name, "skipped", 0, reason)


def eventually(condition, seconds=30):
    """The first true value of `condition` within `seconds`; its last error or value is in the failure."""
    deadline = time.monotonic() + seconds
    while True:
        error = value = None
        try:
            value = condition()
            if value:
                return value
        except (OSError, AssertionError) as raised:
            error = raised
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {error or value!r}") from error
        time.sleep(0.1)


def check(condition, *found):
    """An assertion that says what was found instead, and that -O does not remove."""
    if not condition:
        raise AssertionError(f"found {', '.join(repr(item) for item in found)}")
