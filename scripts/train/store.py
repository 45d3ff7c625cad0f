"""Samples in stock: each is learned from several times, turned, mirrored and in another light."""

from collections.abc import Iterator

import torch
from torch import Tensor


class Store:
    """Samples and what is wanted for each. Fresh ones take the place of the oldest once `size` are held."""

    def __init__(self, fresh: Iterator[tuple[Tensor, Tensor]], size: int, source: torch.Generator) -> None:
        self.fresh, self.size, self.source = fresh, size, source
        self.pictures: list[Tensor] = []
        self.wanted: list[Tensor] = []
        self.taken = 0

    def take(self) -> None:
        """Adds the next fresh samples."""
        for picture, wanted in zip(*next(self.fresh), strict=True):
            if len(self.pictures) < self.size:
                self.pictures.append(picture.clone())
                self.wanted.append(wanted.clone())
            else:
                place = self.taken % self.size
                self.pictures[place].copy_(picture)
                self.wanted[place].copy_(wanted)
            self.taken += 1

    def fill(self, least: int) -> None:
        while self.taken < least:
            self.take()

    def draw_varied(self, count: int) -> tuple[Tensor, Tensor]:
        """Some of the samples, turned and mirrored as one, each picture in a light of its own, some inverted."""
        chosen = torch.randint(len(self.pictures), (count,), generator=self.source).tolist()
        pictures = torch.stack([self.pictures[i] for i in chosen])
        wanted = torch.stack([self.wanted[i] for i in chosen])
        turns, mirror = int(self.chance(1) * 4), bool(self.chance(1) < 0.5)
        pictures, wanted = torch.rot90(pictures, turns, (-2, -1)), torch.rot90(wanted, turns, (-2, -1))
        if mirror:
            pictures, wanted = pictures.flip(-1), wanted.flip(-1)
        gain = 0.5 + 0.8 * self.chance(count, 1, 1, 1)
        lift = 60 * (self.chance(count, 1, 1, 1) - 0.6).clamp(min=0)
        changed = (pictures.float() * gain + lift).clamp(0, 255).round()
        inverted = torch.where(self.chance(count, 1, 1, 1) < 0.1, 255 - changed, changed)
        return torch.where(self.chance(count, 1, 1, 1) < 0.5, inverted, pictures.float()), wanted

    def chance(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.source)
