"""The inputs that host and runner both generate, because parity needs the same numbers without pushing a file.

The bit-exact definition stands in android-runner/PROTOCOL.md under "Generated inputs".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devbench.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_GAMMA = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_WORD = 0xFFFFFFFFFFFFFFFF


def random_input(seed: int, index: int, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Input number `index` of a model for `random:seed`: an array of `dtype` (NumPy's name) and `shape`.

    UsageError for a dtype that the generator does not know (strings, 4-bit types, bfloat16, complex).
    """
    import numpy as np

    count = int(np.prod(shape, dtype=np.int64))
    counter = _mixed_seed(seed) ^ index
    values: NDArray[Any]
    if dtype == "float32":
        values = (_words(counter, count) >> np.uint64(40)).astype(np.float32) * np.float32(
            2**-23
        ) - np.float32(1)
    elif dtype == "float64":
        values = (_words(counter, count) >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1.0
    elif dtype == "float16":
        exact = (_words(counter, count) >> np.uint64(52)).astype(np.float32) / np.float32(2048) - np.float32(
            1
        )
        values = exact.astype(np.float16)
    elif dtype in ("int32", "uint32", "int64", "uint64"):
        values = (_words(counter, count) >> np.uint64(63)).astype(dtype)
    elif dtype in ("int8", "uint8", "int16", "uint16"):
        values = _bytes(counter, count * np.dtype(dtype).itemsize).view(dtype)
    elif dtype == "bool":
        values = (_bytes(counter, count) & np.uint8(1)).view(np.bool_)
    else:
        raise UsageError(f"inputs of type {dtype} are not generated", fix="give a file: --input NAME=FILE")
    return values.reshape(shape)


def _finalised(z: int) -> int:
    z = (z ^ z >> 30) * _FIRST & _WORD
    z = (z ^ z >> 27) * _SECOND & _WORD
    return z ^ z >> 31


def _mixed_seed(seed: int) -> int:
    return _finalised((seed + _GAMMA) & _WORD)


def _words(counter: int, count: int) -> NDArray[np.uint64]:
    """The first `count` words of splitmix64 whose counter starts at `counter`."""
    import numpy as np

    steps = np.arange(1, count + 1, dtype=np.uint64)
    z = steps * np.uint64(_GAMMA) + np.uint64(counter)
    z = (z ^ z >> np.uint64(30)) * np.uint64(_FIRST)
    z = (z ^ z >> np.uint64(27)) * np.uint64(_SECOND)
    result: NDArray[np.uint64] = z ^ z >> np.uint64(31)
    return result


def _bytes(counter: int, count: int) -> NDArray[np.uint8]:
    """The same stream by bytes, the lowest of each word first."""
    import numpy as np

    return _words(counter, -(-count // 8)).astype("<u8").view(np.uint8)[:count]
