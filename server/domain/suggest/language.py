"""Decides in which language a text is, by its small words: enough to keep an English answer from a Spanish question.

Nothing is said of a text that has too few of them: most texts are short, and a wrong guess would cost good suggestions.
"""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]+")
_SMALL: Final = {
    "en": "the is are you we and to of for it this that what when how do does can could would will i'm my your not"
    " at on",
    "es": "el la los las es está están usted nosotros y de para que qué cuándo cómo puede puedo mi su no en por con"
    " una un hola gracias buenas buenos días tardes sí casa quiero",
    "fr": "le la les est vous nous et de des pour que quoi quand comment peut puis mon votre pas dans une un"
    " bonjour merci oui avec maison je",
    "de": "der die das ist sind sie wir und für dass was wann wie kann können mein ihr nicht im eine ein hallo"
    " danke ja mit ich noch haus",
    "pt": "o a os as é está você nós e de para que quando como pode posso meu seu não em por com uma um olá"
    " obrigado obrigada bom dia sim casa quero",
}
_WORDS: Final = {name: frozenset(words.split()) for name, words in _SMALL.items()}


def language_of(text: str, least: int = 2) -> str | None:
    """The code of the language of *text*; None where it cannot be told from *least* small words.

    >>> language_of("¿Está disponible la casa?"), language_of("Is the house available?"), language_of("ok")
    ('es', 'en', None)
    """
    words = _WORD.findall(text.casefold())
    counts = sorted(((sum(word in small for word in words), name) for name, small in _WORDS.items()), reverse=True)
    (most, name), (second, _) = counts[0], counts[1]
    return name if most >= least and most > second else None


def apart(reply: str, theirs: str) -> bool:
    """Whether *reply* is certainly in another language than all that a contact wrote, which may be a word or two."""
    first, second = language_of(reply), language_of(theirs, least=1)
    return first is not None and second is not None and first != second
