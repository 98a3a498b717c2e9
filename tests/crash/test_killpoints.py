"""A server that is armed dies at its point, or stands still there until somebody lets it go on."""

import os
import signal
import subprocess
import sys

import pytest

from server import killpoints

_REACH_THRICE = "from server import killpoints as k; k.arm({!r}); [k.reach('looked') for _ in range(3)]; print('on')"


def _armed(setting: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", _REACH_THRICE.format(setting)], stdout=subprocess.PIPE, text=True)


def test_who_is_armed_dies_when_the_point_is_reached_for_the_nth_time() -> None:
    with _armed("looked:2") as process:
        assert process.wait() == -signal.SIGKILL


def test_who_is_armed_to_stop_stands_still_once_and_goes_on() -> None:
    with _armed("looked:2:stop") as process:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        process.send_signal(signal.SIGCONT)
        said, _ = process.communicate()
        assert (said, process.returncode) == ("on\n", 0)


@pytest.mark.parametrize("setting", ["nowhere", "looked:1:jump", "looked:once"])
def test_what_is_no_point_and_no_way_to_stop_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=r"kill point|invalid literal"):
        killpoints.arm(setting)
