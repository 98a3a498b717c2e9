"""Holds the words that ask to stop where they stand alone or beside courtesies, and how people misspell them."""

from typing import Final


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


FILLER: Final = _set(
    """
    please pls plz plse pleas plase pleease plzz thanks thank you u thx ty ok okay k hi hello hey no nope nah just now
    immediately right asap already all everything guys sir maam mam can could would will the fucking fuckin damn goddamn
    at once really kindly forever permanently ffs and im sorry yo man dude bro por favor porfavor porfa gracias ya ahora
    todo x xx
    """
)
"""Courtesies and other words that change nothing beside a stop word."""

POLITE: Final = _set("please pls plz plse pleas plase porfavor favor porfa")
STRONG: Final = _set("stop stopall unsubscribe optout parar paren pare detener detenganse detengase remove")
"""Beside courtesies still a stop."""

WEAK: Final = _set("cancel end quit revoke alto baja cancelar basta cease")
"""Keywords where nothing else is said; beside a courtesy perhaps an appointment's end."""

MISSPELT: Final[dict[str, str]] = {
    **dict.fromkeys(
        _set(
            "stpo sotp tsop stopp stopo stopl stpop sttop sstop stip stopt stahp stoop stp dtop atop stoo stol sopt"
            " stob stope stpp stpe shtop"
        ),
        "stop",
    ),
    **dict.fromkeys(
        _set(
            """
            unsuscribe unsubcribe unsubsribe unsubscibe unsubscrib unsubsrcibe usubscribe unscribe unsub unsubscride
            unsubscribed unsubscirbe unsuscrib unsubsctibe unsubscrube unsubscripe unsubscrive unsunscribe insubscribe
            onsubscribe unsbscribe unsubscriber unsubacribe unsubscbribe unsibscribe ubsubscribe unsubribe
            """
        ),
        "unsubscribe",
    ),
    **dict.fromkeys(_set("optou optiut otpout opout"), "optout"),
    **dict.fromkeys(_set("remve remov romove rmove"), "remove"),
}
"""A misspelt word, and the one that is meant."""

ALSO_WORDS: Final = _set("stoop stip stp atop stob stol sopt stope shtop stahp unsubscribed stoo dtop")
"""Misspelt words that may be meant as they stand: misspelt only where nothing but courtesies is beside them."""
