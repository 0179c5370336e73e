"""Words that thank and ask for nothing: an answer to a solution, not another contact."""

from __future__ import annotations

import re
from typing import Final

_GRATEFUL: Final = """
    thank thanks thankyou thx ty cheers danke dankeschön merci gracias grazie obrigado obrigada
    bedankt dank
"""
_POLITE: Final = """
    a all again am and appreciate appreciated best both day everyone everything fine fixed for good
    got great guys happy hello helped helpful hi i is it its kind lot many me much my nice now of ok
    okay perfect quick regards reply resolved so solved sorted super support swift team that the
    this to very weekend well wonderful works working you your yours
    alles beaucoup bien für gut hilfe ihre ihnen mille molto mucho muchas muito parfait perfekt por
    pour schnelle sehr todo tout tutto vielen votre wel
"""
_THANKS: Final = frozenset(_GRATEFUL.split())
_HARMLESS: Final = _THANKS | frozenset(_POLITE.split())
_WORDS: Final = re.compile(r"[^\W\d_]+")


def only_thanks(text: str | None) -> bool:
    """Whether a text says thanks and nothing else, in English or a word or two of six others.

    What asks, counts or names something is no thanks alone: such a text is another contact.

    >>> only_thanks("Great, thank you so much!"), only_thanks("Thanks, but it is broken again")
    (True, False)
    """
    if not text or "?" in text or any(letter.isdigit() for letter in text):
        return False
    words = {word.casefold() for word in _WORDS.findall(text.replace("'s", " is"))}
    return bool(words & _THANKS) and words <= _HARMLESS
