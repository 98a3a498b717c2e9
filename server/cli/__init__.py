"""The command line: what can be asked of Threadline, and how what goes wrong is told.

Exit codes: 0 stopped by a signal or done, 1 a fault, 2 a wrong setting or option. What a person can mend is one
sentence on standard error; only a bug of ours shows a traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from server.cli import dialer, limits, running, setup
from server.cli.command import DONE, FAULT, USAGE, threadline
from server.cli.faults import explain
from server.cli.parts import Parts
from server.config import ConfigError

__all__ = [
    "Parts",
    "dialer",
    "limits",
    "main",
    "running",
    "setup",
]  # the modules are imported for the commands they add


def main(argv: Sequence[str] | None = None, parts: Parts | None = None) -> int:
    """Run one command and give its exit code."""
    try:
        code = threadline.main(
            list(sys.argv[1:] if argv is None else argv),
            prog_name="threadline",
            standalone_mode=False,
            obj=parts or Parts(),
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return FAULT
    except ConfigError as error:
        return _tell(str(error), USAGE)
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        return _tell(sentence, FAULT)
    return code if isinstance(code, int) else DONE


def _tell(sentence: str, code: int) -> int:
    click.echo(sentence, err=True)
    return code
