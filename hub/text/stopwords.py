"""Function words per language: they tell the language, and they part keyphrases.

Such words are a closed class of each language; the lists are short on purpose. English has more,
because keyphrases are cut at them.
"""

from __future__ import annotations

from typing import Final

_ENGLISH = """
a about above after again all also am an and any are aren't as at be because been before being below
between both but by can can't cannot could couldn't dear did didn't do does doesn't doing don't down
during each every few for from further get gets getting got had hadn't has hasn't have haven't
having he hello her here hers hey hi him his how i i'd i'll i'm i've if in into is isn't it it's its
just let me more most much my myself no nor not now of off on once one only or other our ours out
over own please really regards same she should so some still such than thank thanks that that's the
their theirs them then there these they they're this those through to too two under until up us very
was wasn't we we'd we're we've were weren't what when where which while who whom why will with won't
would wouldn't you you'd you're you've your yours
"""
_GERMAN = """
aber als am an auch auf aus bei bin bis da das dass dem den der des die doch du durch ein eine einem
einen einer er es für haben habe hat hatte ich ihr im in ist ja kann kein keine mein meine mich mir
mit nach nicht noch nur oder schon sehr sein sich sie sind so über um und uns unter vom von vor war
warum was wenn werden wie wieder wir wird wurde zu zum zur
"""
_FRENCH = """
ai alors au aussi aux avec avez avons bien c'est ce cela ces cet cette chez comme dans de depuis des
deux donc du elle elles en encore est et été être eu fait il ils j'ai je jamais la le les leur lui
ma mais me mes moi mon même n'ai n'est ne nous on ont ou où par pas plus pour pourquoi qu'il que qui
quand sa sans se ses si son sont suis sur très trop tout tous un une vos votre vous était
"""
_SPANISH = """
a al algo ahora aunque como con cuando de del desde donde dos el ella ellos en era es esta este esto
estoy está están fue ha han hasta hay he la las le les lo los me mi mis muy más nada ni no nos o
para pero por porque que qué se ser si sido sin sobre son su sus también tan tengo tiene todo todos
tu un una uno ya yo
"""
_ITALIAN = """
a ai al alla alle anche ancora avere che chi ci come con così cosa cui da dal dalla dei del della
delle di dopo dove e ed era è gli ha hanno ho i il in io l'ho la le lo loro ma mai me mi mia mio
molto nei nel nella noi non nostro o ogni perché per però più poi quando quello questa questo se sei
senza si solo sono sta stato su sul sulla tra tutto tutti un una uno vi voi
"""
_DUTCH = """
aan al als altijd bij daar dan dat de deze die dit door dus een en er geen gewoon had hadden heb
hebben heeft hem het hij hoe hun ik in is je jullie kan kunnen maar maken me meer met mij mijn moet
na naar niet niets nog nu of om omdat ook op over te toch toen uit u van veel voor waar waren was
wat we weer wel werd wij wil worden zal ze zeer zich zij zijn zo zonder zou
"""
_PORTUGUESE = """
a ainda ao aos as até com como da das de depois do dos e é ela ele eles em então era essa esse esta
este estou está eu foi foram há isso já lhe mais mas me meu minha muito na nas nem no nos não nós o
os ou para pela pelo por porque quando que quem se sem ser seu sua só são também te tem tenho ter
tinha tudo um uma você vocês à às
"""

STOP_WORDS: Final[dict[str, frozenset[str]]] = {
    language: frozenset(words.split())
    for language, words in (
        ("en", _ENGLISH),
        ("de", _GERMAN),
        ("fr", _FRENCH),
        ("es", _SPANISH),
        ("it", _ITALIAN),
        ("nl", _DUTCH),
        ("pt", _PORTUGUESE),
    )
}
"""ISO 639-1 code to function words."""
