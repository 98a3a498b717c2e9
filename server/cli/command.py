"""The command that all others hang on, the options that several share, and the exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

DONE: Final = 0
FAULT: Final = 1
USAGE: Final = 2

data = click.option(
    "--data", "data_dir", type=click.Path(file_okay=False, path_type=Path), help="Folder for everything that is kept."
)
of_workspace = click.option("--workspace", help="Its name; not needed where there is only one.")
nodes = click.option(
    "--nodes",
    type=click.IntRange(1, 32),
    help="So many processes at one port: what dies is started again; SIGHUP replaces them one by one.",
)
port = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen at; 0 takes a free one.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def threadline() -> None:
    """Threadline: a self-hosted, real-time SMS server for sales teams."""
