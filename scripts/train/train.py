#!/usr/bin/env python3
"""Trains the detector on synthetic text, on the CPU.

    python scripts/train/train.py --start scripts/train/ema.pt --real work/backgrounds --steps 20000 --seed 1 out.pt

`out.pt` holds averaged weights and is written every `--save-every` steps, so a run may be stopped at any of them. A
long training is made of parts: some with a constant rate, and a last one whose rate falls to nothing. Each step takes
`--fresh` new samples into a store and learns from `--batch` of the store, so that a sample is seen several times:
turned, mirrored, and in another light. The seed fixes the samples and the fresh weights; the step count does not depend
on the speed of the machine.
"""

import argparse
import copy
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from backgrounds import RealPictures
from chance import Chance
from fonts import FontShelf
from network import TextNet, normalized, start_from
from samples import FONT_ROOT, Sample, compose, maps_of
from store import Store

STORE = 4000  # samples from which steps draw, 460 kB each
WARM_UP = 50  # steps until the full learning rate
LAST_RATE = 0.01  # share of the learning rate left at the end of a falling part
LONGEST_MEMORY = 0.998  # of the averaged weights
LARGEST_GRADIENT = 2.0
WEIGHT_DECAY = 1e-4
CORE_SHARE = 0.5  # of the center line map in the loss
TEXT_WEIGHT = 1.6  # of text pixels against others: a missed line costs more than a false mask
DICE_SHARE = 0.35
HARD_PIXELS = 2.0  # how much more a wholly wrong pixel counts


class Crops(IterableDataset):
    """Endless samples, each with what is wanted of the network for it; each worker has its own seed."""

    def __init__(self, arguments: argparse.Namespace, wanted: Callable[[Sample], np.ndarray]) -> None:
        self.arguments, self.wanted = arguments, wanted

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        cv2.setNumThreads(1)
        worker, arguments = get_worker_info(), self.arguments
        chance = Chance(arguments.seed * 1000 + (worker.id if worker else 0))
        shelf, real = FontShelf(arguments.fonts), RealPictures(arguments.real)
        while True:
            sample = compose(shelf, chance, arguments.size, real)
            yield torch.from_numpy(sample.picture.transpose(2, 0, 1).copy()), torch.from_numpy(self.wanted(sample))


def maps_of_sample(sample: Sample) -> np.ndarray:
    return maps_of(sample.lines, len(sample.picture)).astype(np.float16)


def loss_of(logits: Tensor, maps: Tensor) -> Tensor:
    """Weighted cross entropy in which wrong pixels count more, and a soft Dice over the batch, for both maps."""
    weight, total = maps[:, 2], logits.new_zeros(())
    for channel, share in ((0, 1.0), (1, CORE_SHARE)):
        wanted, logit = maps[:, channel], logits[:, channel]
        entropy = functional.binary_cross_entropy_with_logits(
            logit, wanted, reduction="none", pos_weight=logit.new_tensor(TEXT_WEIGHT)
        )
        said = torch.sigmoid(logit)
        wrong = (said * (1 - wanted) + (1 - said) * wanted).detach()
        said = said * weight
        overlap = (2 * (said * wanted).sum() + 1) / (said.sum() + (wanted * weight).sum() + 1)
        total = total + share * 2 * ((entropy * weight * (1 + HARD_PIXELS * wrong)).mean() + DICE_SHARE * (1 - overlap))
    return total


def rate_at(step: int, arguments: argparse.Namespace) -> float:
    rate = arguments.rate * min(1.0, (step + 1) / WARM_UP)
    if arguments.schedule == "constant":
        return rate
    return rate * (0.5 * (1 + math.cos(math.pi * step / arguments.steps)) + LAST_RATE)


@torch.no_grad()
def average_in(averaged: nn.Module, net: nn.Module, step: int, longest: float = LONGEST_MEMORY) -> None:
    """Moves the averaged weights toward the present ones, faster at the start."""
    memory = min(longest, (1 + step) / (20 + step))
    for mean, value in zip(averaged.state_dict().values(), net.state_dict().values(), strict=True):
        if mean.dtype.is_floating_point:
            mean.mul_(memory).add_(value, alpha=1 - memory)
        else:
            mean.copy_(value)


def train(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    net = TextNet().to(memory_format=torch.channels_last)
    if arguments.start:
        exact = start_from(net, torch.load(arguments.start))
        print("continues" if exact else "starts from a net of another shape", arguments.start, flush=True)
    print(sum(parameter.numel() for parameter in net.parameters()), "parameters", flush=True)
    averaged = copy.deepcopy(net).eval()
    crops = Crops(arguments, maps_of_sample)
    fresh = iter(DataLoader(crops, arguments.fresh, num_workers=arguments.workers, prefetch_factor=16))
    store = Store(fresh, STORE, torch.Generator().manual_seed(arguments.seed))
    optimizer = torch.optim.AdamW(net.parameters(), arguments.rate, weight_decay=WEIGHT_DECAY)
    started, waited, mean_loss = time.monotonic(), 0.0, 0.0
    store.fill(arguments.batch * 8)
    for step in range(1, arguments.steps + 1):
        optimizer.param_groups[0]["lr"] = rate_at(step - 1, arguments)
        asked = time.monotonic()
        store.take()
        pictures, maps = store.draw_varied(arguments.batch)
        waited += time.monotonic() - asked
        loss = loss_of(net(normalized(pictures).contiguous(memory_format=torch.channels_last)), maps.float())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        average_in(averaged, net, step)
        mean_loss += (loss.item() - mean_loss) / min(step, 200)
        if step % 100 == 0:
            spent = time.monotonic() - started
            print(f"step {step}, {spent:.0f} s, waited {waited:.0f} s, loss {mean_loss:.4f}", flush=True)
        if step % arguments.save_every == 0 or step == arguments.steps:
            torch.save(averaged.state_dict(), arguments.target)


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains the text detector.")
    parser.add_argument("target", type=Path, help="checkpoint to write")
    parser.add_argument("--start", type=Path, help="checkpoint to go on from")
    parser.add_argument("--fonts", type=Path, default=FONT_ROOT, help="font root")
    parser.add_argument("--real", type=Path, help="folder of text-free pictures, from prepare.py")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--schedule", choices=("falling", "constant"), default="falling", help="of the learning rate")
    parser.add_argument("--rate", type=float, default=2e-3, help="learning rate")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--fresh", type=int, default=2, help="new samples a step")
    parser.add_argument("--size", type=int, default=320, help="side of a crop in pixels")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="processes that make samples")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--save-every", type=int, default=500, help="steps")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
