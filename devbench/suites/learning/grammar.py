"""A small bilingual grammar: English sentences and their French, which no word-by-word dictionary gives.

Adjectives move behind their nouns and agree with them, articles follow the gender, negation stands around the verb,
and the time moves to the front. French as a schoolbook's first chapters have it, without elision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Array = NDArray[Any]

LENGTH = 16
END = "<end>"
# English, French, feminine?
_NOUNS = (
    ("house", "maison", True), ("car", "voiture", True), ("table", "table", True), ("woman", "femme", True),
    ("town", "ville", True), ("dog", "chien", False), ("cat", "chat", False), ("boy", "garçon", False),
    ("garden", "jardin", False), ("book", "livre", False), ("bridge", "pont", False), ("horse", "cheval", False),
)  # fmt: skip
# English, French masculine, French feminine
_ADJECTIVES = (
    ("green", "vert", "verte"), ("black", "noir", "noire"), ("white", "blanc", "blanche"),
    ("round", "rond", "ronde"), ("quick", "rapide", "rapide"), ("calm", "calme", "calme"),
    ("open", "ouvert", "ouverte"), ("heavy", "lourd", "lourde"),
)  # fmt: skip
# English after "he", English after "does not", French
_VERBS = (
    ("sees", "see", "voit"), ("finds", "find", "trouve"), ("loves", "love", "aime"), ("buys", "buy", "achète"),
    ("paints", "paint", "peint"), ("follows", "follow", "suit"),
)  # fmt: skip
_PLACES = (("in", "dans"), ("behind", "derrière"), ("under", "sous"))
_TIMES = (("today", "aujourd'hui"), ("tomorrow", "demain"), ("now", "maintenant"), ("often", "souvent"))
_ARTICLES = {"the": ("le", "la"), "a": ("un", "une")}

ENGLISH = tuple(
    sorted(
        {*_ARTICLES, "does", "not", *(e for e, _ in (*_PLACES, *_TIMES))}
        | {n[0] for n in _NOUNS} | {a[0] for a in _ADJECTIVES} | {v for verb in _VERBS for v in verb[:2]}
    )
)  # fmt: skip
FRENCH = tuple(
    sorted(
        {"ne", "pas", *(f for _, f in (*_PLACES, *_TIMES)), *(f for pair in _ARTICLES.values() for f in pair)}
        | {n[1] for n in _NOUNS} | {f for a in _ADJECTIVES for f in a[1:]} | {v[2] for v in _VERBS}
    )
)  # fmt: skip
# END fills a sentence up to LENGTH
ENGLISH_WORDS, FRENCH_WORDS = (END, *ENGLISH), (END, *FRENCH)


def sentence(random: Generator) -> tuple[str, str]:
    """An English sentence and its French, of at most LENGTH - 1 words each."""
    subject, thing = _noun_phrase(random), _noun_phrase(random)
    third, base, french_verb = _VERBS[random.integers(len(_VERBS))]
    negated = random.random() < 0.4
    english = f"{subject[0]} {'does not ' + base if negated else third} {thing[0]}"
    french = f"{subject[1]} {'ne ' + french_verb + ' pas' if negated else french_verb} {thing[1]}"
    if random.random() < 0.4:
        preposition, place = _PLACES[random.integers(len(_PLACES))], _noun_phrase(random)
        english, french = f"{english} {preposition[0]} {place[0]}", f"{french} {preposition[1]} {place[1]}"
    if random.random() < 0.5:
        time = _TIMES[random.integers(len(_TIMES))]
        english, french = f"{english} {time[0]}", f"{time[1]} {french}"
    return english, french


def sentences(count: int, *, seed: int, without: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """So many different pairs, none of them with English that is in `without`."""
    import numpy as np

    random = np.random.default_rng(seed)
    pairs: dict[str, str] = {}
    while len(pairs) < count:
        english, french = sentence(random)
        if english not in without:
            pairs[english] = french
    return list(pairs.items())


def encoded(texts: list[str], words: tuple[str, ...]) -> Array:
    """[count, LENGTH] int32: the places of the words, filled up with END."""
    import numpy as np

    place = {word: index for index, word in enumerate(words)}
    rows = [[place[word] for word in text.split()] for text in texts]
    return np.asarray([row + [0] * (LENGTH - len(row)) for row in rows], np.int32)


def decoded(row: Array, words: tuple[str, ...]) -> str:
    """The words up to the first END."""
    indices = row.tolist()
    return " ".join(words[index] for index in indices[: indices.index(0) if 0 in indices else None])


def _noun_phrase(random: Generator) -> tuple[str, str]:
    noun, french, feminine = _NOUNS[random.integers(len(_NOUNS))]
    article = ("the", "a")[random.integers(2)]
    french_article = _ARTICLES[article][feminine]
    if random.random() < 0.5:
        adjective = _ADJECTIVES[random.integers(len(_ADJECTIVES))]
        return f"{article} {adjective[0]} {noun}", f"{french_article} {french} {adjective[1 + feminine]}"
    return f"{article} {noun}", f"{french_article} {french}"
