"""Translation: English of a small grammar to French by attention, learnt from generated pairs.

Words move and agree, so that no dictionary would do; held-out sentences are in no training set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devbench.domain.held_out import Preprocessing
from devbench.stats.accuracy import exact_match
from devbench.suites.learning import fit, grammar
from devbench.suites.learning.fit import fit_once, require
from devbench.variants.held_out import write_held_out
from devbench.variants.source import Network, keras_network

NAMES = ("translation",)
CODE = (Path(grammar.__file__), Path(fit.__file__), Path(grammar.__file__).with_name("translator.py"))
TRUNK = None
TRAIN, HELD_OUT = 12_000, 200
_HELD_OUT_SEED = 1_000_003
_EPOCHS, _BATCH, _RATE = 3, 96, 4e-3
_LEAST_EXACT = 0.95


def make(name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
    import keras
    import numpy as np

    from devbench.suites.learning.translator import Translator

    others = grammar.sentences(HELD_OUT, seed=_HELD_OUT_SEED)
    pairs = grammar.sentences(TRAIN, seed=seed, without=frozenset(english for english, _ in others))
    source, target = _arrays(pairs)
    keras.utils.set_random_seed(seed)
    tokens = keras.Input((grammar.LENGTH,), dtype="int32", name="tokens")
    translator = Translator(
        length=grammar.LENGTH,
        source_words=len(grammar.ENGLISH_WORDS),
        target_words=len(grammar.FRENCH_WORDS),
    )
    model = keras.Model(tokens, translator(tokens))
    steps = -(-TRAIN // _BATCH) * _EPOCHS
    rate = keras.optimizers.schedules.CosineDecay(_RATE, steps, warmup_target=_RATE, warmup_steps=steps // 20)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, jit_compile=False)
    fit_once(model, folder, source, target, epochs=_EPOCHS, batch=_BATCH)

    their_source, their_target = _arrays(others)
    reached = exact_match(np.asarray(model(their_source, training=False)), their_target)
    require(reached, _LEAST_EXACT, "translation (share of held-out sentences)", folder)
    held_out = write_held_out(
        folder / "held_out",
        name="sentences",
        metric="exact_match",
        inputs={"tokens": their_source},
        labels=their_target,
        model_dtypes=("int32",),
        preprocessing=(Preprocessing(),),
        classes=grammar.FRENCH_WORDS,
    )

    def samples(count: int, batch: int) -> Any:
        for start in range(0, count * batch, batch):
            yield {"tokens": source[start : start + batch]}

    return keras_network(model, samples=samples, held_out=held_out)


def _arrays(pairs: list[tuple[str, str]]) -> tuple[Any, Any]:
    return (
        grammar.encoded([english for english, _ in pairs], grammar.ENGLISH_WORDS),
        grammar.encoded([french for _, french in pairs], grammar.FRENCH_WORDS),
    )
