"""A training is done once: interrupted it goes on, finished it is found, failed it is not kept."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from devbench.suites.learning import grammar
from devbench.suites.learning.people import people
from devbench.suites.learning.scenes import CLASSES, scenes


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed")
def test_an_interrupted_training_goes_on_and_a_finished_one_is_found(tmp_path: Path) -> None:
    script = Path(__file__).with_name("interrupted.py")
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    result = json.loads((tmp_path / "result.json").read_text())
    first, second, third = result["epochs"]
    assert first == [0, 1, 2, 3]  # interrupted as the fourth began
    assert second == [3, 4, 5] and third == []
    assert result["finished"] is True
    assert (result["calls"], result["arrays"]) == (1, [[0, 1, 2], [0, 1, 2]])
    assert result["refused"] == "the net reached 0.400 and should reach 0.900 after its training"
    assert result["left"] is False


def test_sentences_differ_and_are_no_word_by_word_translation() -> None:
    pairs = grammar.sentences(300, seed=1)
    others = grammar.sentences(100, seed=2, without=frozenset(english for english, _ in pairs))
    assert len({english for english, _ in pairs}) == 300
    assert not {english for english, _ in pairs} & {english for english, _ in others}
    assert grammar.sentences(300, seed=1) == pairs
    assert max(len(text.split()) for pair in pairs for text in pair) < grammar.LENGTH
    moved = [f for e, f in pairs if e.split()[-1] in ("today", "tomorrow", "now", "often")]
    assert moved and all(f.split()[0] in ("aujourd'hui", "demain", "maintenant", "souvent") for f in moved)
    rows = grammar.encoded([french for _, french in pairs], grammar.FRENCH_WORDS)
    assert [grammar.decoded(row, grammar.FRENCH_WORDS) for row in rows] == [french for _, french in pairs]


def test_scenes_follow_their_seed_and_take_turns() -> None:
    images, labels = scenes(2, seed=3)
    again, _ = scenes(2, seed=3)
    assert images.shape == (12, 128, 128, 3) and images.dtype == np.uint8
    assert labels.tolist() == [0, 1, 2, 3, 4, 5] * 2 and len(CLASSES) == 6
    np.testing.assert_array_equal(images, again)
    assert not np.array_equal(images, scenes(2, seed=4)[0])
    assert all(image.std() > 5 for image in images)


def test_weights_of_people_depend_on_height_sex_and_age() -> None:
    features, kg = people(2000, seed=1)
    assert features.shape == (2000, 3) and kg.shape == (2000, 1)
    for column in range(3):
        assert np.corrcoef(features[:, column], kg[:, 0])[0, 1] > 0.2
    assert 30 < kg.min() < kg.max() < 150
