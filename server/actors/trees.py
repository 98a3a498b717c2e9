"""Tells the tree of actors of this server to the others, while there are any: whoever asks one is shown all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
import trio

from server.ports import StoreUnavailable
from server.ports.nodes import Trees

TELL_EVERY_S: Final = 2.0

log = structlog.get_logger(__name__)


class TreeTeller:
    """*others*: whether anybody else runs. Alone on its database a server tells nothing."""

    def __init__(
        self, gen: int, trees: Trees, tree: Callable[[], Mapping[str, Any]], others: Callable[[], bool]
    ) -> None:
        self._gen, self._trees, self._tree, self._others = gen, trees, tree, others

    async def run(self) -> None:
        while True:
            if self._others():
                try:
                    await self._trees.tell_tree(self._gen, self._tree())
                except StoreUnavailable:
                    log.warning("tree_not_told")
            await trio.sleep(TELL_EVERY_S)
