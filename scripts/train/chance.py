"""The one source of chance of the generator: single draws and whole arrays, both from one seed."""

import random
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


class Chance:
    """Draws that depend on the seed and on the order of the calls alone."""

    def __init__(self, seed: int) -> None:
        self.plain = random.Random(seed)
        self.arrays = np.random.default_rng(seed)

    def happens(self, probability: float) -> bool:
        return self.plain.random() < probability

    def pick(self, items: Sequence[Item]) -> Item:
        return self.plain.choice(items)

    def weighted(self, weights: dict[Item, float]) -> Item:
        """One key, as likely as its weight says."""
        return self.plain.choices(list(weights), list(weights.values()))[0]

    def number(self, low: float, high: float) -> float:
        return self.plain.uniform(low, high)

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included; `low` where `high` is below it."""
        return self.plain.randint(low, max(low, high))

    def scale(self, low: float, high: float) -> float:
        """A number from `low` to `high`, evenly in its logarithm."""
        return low * (high / low) ** self.plain.random()

    def normal(self, shape: tuple[int, ...] | int) -> np.ndarray:
        return self.arrays.standard_normal(shape, np.float32)

    def uniform(self, shape: tuple[int, ...] | int) -> np.ndarray:
        return self.arrays.random(shape, np.float32)

    def rayleigh(self, shape: tuple[int, ...]) -> np.ndarray:
        """Rayleigh noise of mode 1, the grain of envelope-detected ultrasound."""
        return np.sqrt(-2 * np.log1p(-self.arrays.random(shape, np.float32)))
