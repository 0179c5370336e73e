"""English words of praise and complaint, graded by how much they say.

Written for customer service: *waiting*, *refund* and *on hold* say something here that they do not
say in a film review, and *please* is no praise. Grades are the authors' judgement, not measured;
what is found by them is labelled low confidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_GRADED: Final[dict[float, str]] = {
    -3: """abysmal appalling atrocious awful crap deplorable despicable disaster disgrace
        disgraceful disgusting dreadful fiasco fraud furious garbage hate horrendous horrible
        inexcusable infuriating livid nightmare outrageous pathetic ridiculous scam scammer
        shambles shameful sucks terrible thief trash unacceptable unbelievable useless worst wtf""",
    -2: """angry arrogant bad beware boycott broke broken cheated clueless damage damaged defective
        dirty disappointing dishonest disrespect disrespectful dissatisfied failure faulty filthy
        fail frustration hopeless horrid ignorant incompetent insult insulting joke lawyer
        liar lied lies lousy mess misleading nasty negligent ombudsman overcharged overpriced pain
        painful poor poorly rotten rude ruined sad shame shoddy sloppy stolen stranded stupid
        unfair unhappy unhelpful unprofessional unreliable unresponsive unsafe upset upsetting
        waste worse wrong""",
    -1.5: """anxious avoid confused confusing crash disconnected dissatisfaction embarrassing error
        glitch inconvenience inconvenient incorrect lacking late misplaced mistake neglected
        nowhere outdated regret scared slow stuck unable unanswered unfortunately unresolved
        unusable worried""",
    -1: """bug cold concerned difficult expensive expired hassle hidden issue lack leak mad mess
        missing nervous noisy problem queue quit stressful tired trouble uncomfortable
        unclear unsubscribe weird""",
    -0.5: """charged hard sorry stop why""",
    0.5: """cheap ok okay""",
    1: """better clean cool decent fair fast fine fixed fresh patient quick quickly resolved safe
        solved sturdy tasty well works worth""",
    1.5: """affordable attentive bargain comfortable comfy convenient courteous easily easy
        enjoyable fun glad good intuitive nice pleasant pleasure polite prompt promptly
        relieved responsive seamless smooth smoothly sweet thorough thoughtful win yay""",
    2: """appreciative awarded beautiful caring cheers congrats delicious efficient excited
        friendly gem generous grateful great happier happy helpful hero impressive kind kindness
        knowledgeable kudos lifesaver lovely pleased professional reliable satisfied spotless
        superior thankful thank thanks thx welcoming wow""",
    3: """amazing awesome best brilliant delight delighted excellent exceptional fabulous fantastic
        favorite favourite flawless incredible magnificent marvellous outstanding perfect perfectly
        perfection phenomenal remarkable stellar superb terrific thrilled wonderful wonderfully""",
}
_GRADED_VERBS: Final[dict[float, str]] = {
    -2: """annoy cheat complain disappoint frustrate insult mislead overcharge refuse ruin""",
    -1.5: """break cancel decline delay deny ignore lose reject worry""",
    -1: """block escalate hang miss struggle wait""",
    1.5: """help improve recommend""",
    2: """appreciate enjoy impress rock thank welcome""",
    3: """love""",
}
_GRADED_PHRASES: Final[dict[float, str]] = {
    -3: """never again, rip off, ripped off, no excuse""",
    -2.5: """fed up, hung up, waste of, hangs up""",
    -2: """doesn't work, didn't work, go elsewhere, going elsewhere, let down, no answer, no help,
        no reply, no response, not working, still waiting, stopped working,
        thanks for nothing, won't work""",
    -1.5: """cancel my, gave up, give up, money back, on hold, still no, still not, too late,
        too long, twice already, where is, where's my""",
    0: """customer care, kind of, nothing but, last minute, thank god, well as""",
    1: """no issue, no issues, no problem, no problems, not bad""",
    1.5: """can't wait, cannot wait, on time""",
    2: """can't fault, hats off, no complaints, spot on, thank you, thumbs up, well done""",
    3: """five stars, highly recommend, second to none, top notch""",
}
_FACES: Final[dict[float, str]] = {
    -2.5: "😡 😠 🤬 👎",
    -1.5: ":( :-( =( 😢 😭 😞 😔 😩 😤 🙄 😒",
    -1: ":/ :-/ :| 😕",
    1: ";) ;-) 😉",
    1.5: ":) :-) =) :p 🙂 😊 😀 😁 😎",
    2: ":d :-d <3 😍 🥰 ❤ 👍 🙏 💕 🎉 👏",
}


def _forms(verb: str) -> tuple[str, ...]:
    """The verb as it is conjugated, regular ones only; what is no word does no harm."""
    stem = verb.removesuffix("e")
    past = f"{verb[:-1]}ied" if verb.endswith("ny") else f"{stem}ed"
    double = verb + verb[-1]
    return (verb, f"{verb}s", past, f"{stem}ing", f"{double}ed", f"{double}ing")


def _words() -> Iterator[tuple[str, float]]:
    for grade, verbs in _GRADED_VERBS.items():
        yield from ((form, grade) for verb in verbs.split() for form in _forms(verb))
    for table in (_GRADED, _FACES):
        yield from ((word, grade) for grade, words in table.items() for word in words.split())


WORDS: Final[dict[str, float]] = dict(_words()) | {
    "denied": -1.5, "lost": -1.5, "losing": -1.5, "worries": -1.5, "broke": -1.5, "loving": 3,
}  # fmt: skip
"""Word or face to grade, -3 (damning) to 3 (glowing)."""

PHRASES: Final[dict[tuple[str, ...], float]] = {
    tuple(phrase.split()): grade
    for grade, phrases in _GRADED_PHRASES.items()
    for phrase in phrases.replace("\n", " ").split(",")
}
"""Two or three words that say together what they do not say apart; 0 says nothing."""
PHRASE_STARTS: Final = frozenset(phrase[0] for phrase in PHRASES)

_NEGATIONS: Final = """
not no never neither nor without nobody nothing hardly barely cannot can't don't doesn't didn't
isn't aren't wasn't weren't won't wouldn't couldn't shouldn't hasn't haven't hadn't ain't cant dont
didnt doesnt isnt wont
"""
NEGATIONS: Final = frozenset(_NEGATIONS.split())
PLAIN_NEGATIONS: Final = frozenset({"no", "nor", "neither", "nothing", "without"})
"""Those that do not say by themselves that something expected did not happen."""

_DEGREES: Final[dict[float, str]] = {
    1.5: "absolutely completely extremely incredibly totally utterly",
    1.3: "highly most really so such super too truly very",
    0.6: "fairly kinda little partly quite slightly somewhat",
}
DEGREES: Final = {word: degree for degree, words in _DEGREES.items() for word in words.split()}
"""How much a word changes the grade of the one after it."""
