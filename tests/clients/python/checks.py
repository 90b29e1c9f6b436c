"""Named checks that run in the order of their declaration; what came of each is one line of JSON on standard output.

A check that fails does not stop the ones after it. The TypeScript side reads the names from these files, so they are literals.
"""

import json
import sys
import time
import traceback

_declared = []


class Skipped(Exception):
    """This version of the client cannot do what the check is about."""


def check(name):
    def declare(function):
        _declared.append((name, function))
        return function

    return declare


def skip(reason):
    raise Skipped(reason)


def expect_error(kind, call, error_code=None, message=None):
    """The error of type `kind` that `call` raises; `error_code` may be one or several that are right."""
    try:
        result = call()
        if hasattr(result, "__next__"):
            result = list(result)
    except kind as error:
        codes = (error_code,) if isinstance(error_code, str) else error_code
        if codes is not None:
            assert getattr(error, "error_code", None) in codes, f"{error.error_code} is not one of {codes}: {error}"
        if message is not None:
            assert message in str(error), f"{message!r} is not in {str(error)!r}"
        return error
    raise AssertionError(f"{kind.__name__} was expected, got {result!r}")


def run_all(context):
    for name, function in _declared:
        started = time.monotonic()
        outcome, detail = "passed", ""
        try:
            function(context)
        except Skipped as reason:
            outcome, detail = "skipped", str(reason)
        except Exception:
            outcome, detail = "failed", traceback.format_exc()
        milliseconds = round((time.monotonic() - started) * 1000)
        print(json.dumps({"name": name, "outcome": outcome, "detail": detail, "ms": milliseconds}), flush=True)
        if outcome == "failed":
            print(f"{name}: {detail}", file=sys.stderr)
