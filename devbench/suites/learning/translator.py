"""An encoder and a decoder with attention that write all words of a sentence at once.

Sentences have a fixed length and the decoder asks by place, not by the word before: so there is no loop, and what
is left are MatMul, Softmax and elementwise ops, which runtimes of every age have.
"""

from __future__ import annotations

from typing import Any

import keras

_WIDTH, _HIDDEN, _LAYERS = 64, 128, 2


class Translator(keras.layers.Layer):  # type: ignore[misc]
    """Tokens [batch, length] int32 → scores [batch, length, words]. Everything but attention works on rows."""

    def __init__(self, *, length: int, source_words: int, target_words: int) -> None:
        super().__init__(name="translator")
        self._length = length
        self._words = (source_words, target_words)

    def build(self, input_shape: Any) -> None:
        wide = (_WIDTH, _WIDTH)
        self._embedding = self._weight("embedding", (self._words[0], _WIDTH))
        self._places = self._weight("places", (self._length, _WIDTH))
        self._asked = self._weight("asked", (self._length, _WIDTH))
        self._out = self._weight("out", (_WIDTH, self._words[1]))
        self._blocks = []
        for place in range(2 * _LAYERS):
            kinds = ("self",) if place < _LAYERS else ("self", "cross")
            self._blocks.append(
                {
                    **{
                        f"{kind}_{part}": self._weight(f"{kind}_{part}_{place}", wide)
                        for kind in kinds
                        for part in ("query", "key", "value", "mixed")
                    },
                    "grow": self._weight(f"grow_{place}", (_WIDTH, _HIDDEN)),
                    "shrink": self._weight(f"shrink_{place}", (_HIDDEN, _WIDTH)),
                }
            )

    def call(self, tokens: Any) -> Any:
        import tensorflow as tf

        rows = tf.gather(self._embedding, tf.reshape(tokens, [-1]))
        # one sentence stays a matrix, so that its attention is MatMul and no op on batches of matrices
        self._single = tokens.shape[0] == 1
        count = 1 if self._single else tf.shape(tokens)[0]
        rows = rows + self._repeated(self._places, count)
        for block in self._blocks[:_LAYERS]:
            rows = rows + self._attention(block, "self", rows, rows)
            rows = rows + self._dense(block, rows)
        source, rows = rows, self._repeated(self._asked, count)
        for block in self._blocks[_LAYERS:]:
            rows = rows + self._attention(block, "cross", rows, source)
            rows = rows + self._attention(block, "self", rows, rows)
            rows = rows + self._dense(block, rows)
        scores = tf.matmul(self._levelled(rows), self._out)
        return tf.reshape(scores, [-1, self._length, self._words[1]])

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self._length, self._words[1])

    def _weight(self, name: str, shape: tuple[int, int]) -> Any:
        return self.add_weight(name=name, shape=shape, initializer="glorot_uniform")

    def _repeated(self, table: Any, count: Any) -> Any:
        import tensorflow as tf

        return tf.convert_to_tensor(table) if self._single else tf.tile(table, [count, 1])

    def _levelled(self, rows: Any) -> Any:
        """Each row divided by its root mean square."""
        import tensorflow as tf

        return rows * tf.math.rsqrt(tf.reduce_mean(rows * rows, axis=-1, keepdims=True) + 1e-5)

    def _dense(self, block: dict[str, Any], rows: Any) -> Any:
        import tensorflow as tf

        return tf.matmul(tf.nn.relu(tf.matmul(self._levelled(rows), block["grow"])), block["shrink"])

    def _attention(self, block: dict[str, Any], kind: str, rows: Any, source: Any) -> Any:
        import tensorflow as tf

        query = self._sentences(tf.matmul(self._levelled(rows), block[f"{kind}_query"]))
        key = self._sentences(tf.matmul(self._levelled(source), block[f"{kind}_key"]))
        value = self._sentences(tf.matmul(self._levelled(source), block[f"{kind}_value"]))
        alike = tf.matmul(query, key, transpose_b=True) * _WIDTH**-0.5
        read = tf.matmul(tf.nn.softmax(alike), value)
        return tf.matmul(tf.reshape(read, [-1, _WIDTH]), block[f"{kind}_mixed"])

    def _sentences(self, rows: Any) -> Any:
        import tensorflow as tf

        return rows if self._single else tf.reshape(rows, [-1, self._length, _WIDTH])
