"""What a person can mend is one sentence; the rest is a bug of ours."""

from __future__ import annotations

import errno


def explain(error: BaseException) -> str | None:
    """The sentence for a fault that a person can mend; None where it is a bug of ours."""
    if isinstance(error, BaseExceptionGroup):
        told = [explain(inner) for inner in error.exceptions]
        return told[0] if told and None not in told else None
    if isinstance(error, OSError):
        return _of_the_system(error)
    return str(error) if isinstance(error, _mendable()) else None


def _mendable() -> tuple[type[Exception], ...]:
    from server.admin import AdminError
    from server.app.simulation import SimulatorFailed
    from server.app.valkey import ValkeyFailed
    from server.config import ConfigError
    from server.demo.seed import DemoRefused
    from server.ports import StoreUnavailable
    from server.store.embedded import EmbeddedError
    from server.store.store import UnfitDatabase

    return (
        AdminError,
        ConfigError,
        SimulatorFailed,
        ValkeyFailed,
        DemoRefused,
        StoreUnavailable,
        EmbeddedError,
        UnfitDatabase,
    )


def _of_the_system(error: OSError) -> str | None:
    if error.errno == errno.EADDRINUSE:
        return "The port is taken: stop what listens there, or choose another with --port."
    if error.errno == errno.EADDRNOTAVAIL:
        return "This machine does not have the address that --host names."
    if error.errno == errno.ENOSPC:
        return "The disk is full."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"Permission denied: {error.filename or 'the port or folder'} may not be used by this account."
    return None
