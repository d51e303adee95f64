"""Small pictures of six kinds of scene, drawn by code from a seed: a data set with structure, without download.

A scene has colours, shapes and textures of its own kind; light, colours, sizes, places, noise and objects in front
of it vary. Both colour and structure tell the kinds apart, so that a phone that swaps channels is found out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Array = NDArray[Any]

CLASSES = ("bricks", "desert", "forest", "sea", "sky", "sunset")
PIXELS = 128


def scenes(count_per_class: int, *, seed: int) -> tuple[Array, Array]:
    """Images [count, 128, 128, 3] uint8 in RGB and labels [count] int32, the classes taking turns."""
    import numpy as np

    random = np.random.default_rng(seed)
    labels = np.tile(np.arange(len(CLASSES), dtype=np.int32), count_per_class)
    return np.stack([_scene(CLASSES[label], random) for label in labels]), labels


def _scene(kind: str, random: Generator) -> Array:
    import numpy as np

    y, x = np.mgrid[0:PIXELS, 0:PIXELS] / PIXELS
    image = _DRAW[kind](x, y, random)
    image = image + 0.5 * _clouds(random, 3)[..., None] * random.normal(0, 0.12, 3)
    image = _object_in_front(image, x, y, random)
    light = random.uniform(0.6, 1.25) * (1 + random.uniform(-0.3, 0.3) * x + random.uniform(-0.3, 0.3) * y)
    image = image * light[..., None] * random.uniform(0.85, 1.15, 3)
    image = image + random.normal(0, random.uniform(0.01, 0.08), image.shape)
    return np.asarray(np.clip(image, 0, 1) * 255, np.uint8)


def _bricks(x: Array, y: Array, random: Generator) -> Array:
    import numpy as np

    rows, tilt = random.uniform(6, 14), random.uniform(-0.2, 0.2)
    across, down = (x + tilt * y) * rows / 2, (y - tilt * x) * rows
    row = np.floor(down)
    column = np.floor(across + 0.5 * (row % 2))
    mortar = ((across + 0.5 * (row % 2)) % 1 < 0.08) | (down % 1 < 0.16)
    shade = 0.75 + 0.35 * np.sin(row * 12.9 + column * 78.2 + random.uniform(0, 9)) ** 2
    brick = shade[..., None] * _mixed(random, (0.65, 0.28, 0.2), 0.07)
    return np.where(mortar[..., None], _mixed(random, (0.7, 0.68, 0.64), 0.05), brick)


def _desert(x: Array, y: Array, random: Generator) -> Array:
    import numpy as np

    horizon = random.uniform(0.2, 0.5)
    edge = horizon + 0.06 * np.sin(x * random.uniform(4, 9) + random.uniform(0, 6))
    ripples = np.sin(np.abs(y + 0.1 * np.sin(x * 7)) ** 0.7 * random.uniform(50, 90)) * 0.07
    sand = _mixed(random, (0.85, 0.68, 0.42), 0.05) + ripples[..., None]
    return np.where((y > edge)[..., None], sand, _mixed(random, (0.75, 0.78, 0.8), 0.08))


def _forest(x: Array, y: Array, random: Generator) -> Array:
    import numpy as np

    leaves = _clouds(random, 6)[..., None] * 0.25 + _mixed(random, (0.16, 0.4, 0.14), 0.05)
    places = random.uniform(0, 1, random.integers(4, 10))
    widths = random.uniform(0.01, 0.035, len(places))
    trunk = np.zeros_like(x, bool)
    for place, width in zip(places, widths, strict=True):
        trunk |= np.abs(x - place - 0.03 * np.sin(y * 5)) < width
    return np.where((trunk & (y > 0.15))[..., None], _mixed(random, (0.3, 0.2, 0.12), 0.04), leaves)


def _sea(x: Array, y: Array, random: Generator) -> Array:
    import numpy as np

    horizon = random.uniform(0.15, 0.5)
    depth = np.clip((y - horizon) / (1 - horizon), 0, 1)
    waves = np.sin(x * random.uniform(6, 16) + random.uniform(0, 6) + np.sin(y * 40)) * np.sin(
        depth**0.6 * random.uniform(30, 60)
    )
    water = _mixed(random, (0.1, 0.33, 0.55), 0.06) + 0.1 * waves[..., None]
    return np.where((y > horizon)[..., None], water, _mixed(random, (0.72, 0.82, 0.92), 0.06))


def _sky(x: Array, y: Array, random: Generator) -> Array:
    import numpy as np

    cloud = np.clip(_clouds(random, 4) * 2 - random.uniform(-0.2, 0.5), 0, 1)[..., None]
    blue = _mixed(random, (0.3, 0.55, 0.88), 0.06) + 0.2 * y[..., None]
    return np.asarray(blue * (1 - cloud) + cloud * _mixed(random, (0.92, 0.93, 0.95), 0.04))


def _sunset(x: Array, y: Array, random: Generator) -> Array:
    import numpy as np

    top, low = _mixed(random, (0.35, 0.2, 0.45), 0.06), _mixed(random, (0.98, 0.5, 0.18), 0.06)
    image = top * (1 - y[..., None]) + low * y[..., None]
    centre_x, centre_y, size = (
        random.uniform(0.15, 0.85),
        random.uniform(0.4, 0.75),
        random.uniform(0.06, 0.14),
    )
    sun = (x - centre_x) ** 2 + (y - centre_y) ** 2 < size**2
    image = np.where(sun[..., None], _mixed(random, (1.0, 0.85, 0.5), 0.04), image)
    hills = y > 0.85 + 0.08 * np.sin(x * random.uniform(4, 10) + random.uniform(0, 6))
    return np.where(hills[..., None], _mixed(random, (0.12, 0.08, 0.1), 0.03), image)


def _object_in_front(image: Array, x: Array, y: Array, random: Generator) -> Array:
    """A box of any colour, so that no single colour decides."""
    import numpy as np

    width, height = random.uniform(0.1, 0.4, 2)
    left, top = random.uniform(0, 1 - width), random.uniform(0, 1 - height)
    inside = (x > left) & (x < left + width) & (y > top) & (y < top + height)
    return np.where(inside[..., None], random.uniform(0, 1, 3), image)


def _clouds(random: Generator, octaves: int) -> Array:
    """Smooth noise from -1 to 1: random values on grids of growing fineness, blended."""
    import numpy as np

    total = np.zeros((PIXELS, PIXELS))
    for octave in range(1, octaves + 1):
        size = 2**octave + 1
        grid = random.uniform(-1, 1, (size, size))
        place = np.linspace(0, size - 1.001, PIXELS)
        low = place.astype(int)
        share = place - low
        rows = grid[low] * (1 - share)[:, None] + grid[low + 1] * share[:, None]
        total += (rows[:, low] * (1 - share) + rows[:, low + 1] * share) / octave
    return np.asarray(total / np.abs(total).max())


def _mixed(random: Generator, colour: tuple[float, float, float], spread: float) -> Array:
    import numpy as np

    return np.asarray(colour) + random.normal(0, spread, 3)


_DRAW: dict[str, Callable[[Any, Any, Any], Any]] = {
    "bricks": _bricks,
    "desert": _desert,
    "forest": _forest,
    "sea": _sea,
    "sky": _sky,
    "sunset": _sunset,
}
