#!/usr/bin/env python3
"""Trains the scout, which says of each cell of 16 pixels whether the detector has to look there, on the CPU.

    python scripts/train/scout.py --real work/backgrounds --steps 20000 --seed 1 scout.pt

Samples are those of the detector. Each step takes a few fresh ones into a store and learns from some of the store, so
that a sample is seen several times: turned, mirrored, and in another light. The seed fixes samples and weights.
"""

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader

from canvas import TextLine
from network import ScoutNet, normalized
from samples import FONT_ROOT, Sample, maps_of
from store import Store
from train import Crops, average_in

CELL = 16
LEAST_PIXELS = 6  # of the 64 of the region map: a cell of which text touches less says nothing
FRESH = 4  # samples a step
STORE = 6000
WARM_UP = 200
LAST_RATE = 0.01
LONGEST_MEMORY = 0.999
LARGEST_GRADIENT = 2.0
WEIGHT_DECAY = 1e-4
TEXT_WEIGHT = 2.0  # a missed cell costs more than a false one
# …and one of a line of few cells more still, or the mean would be ruled by long lines and single digits be missed.
PLAIN_CELLS, MOST_WORTH = 6, 4
HARD_CELLS = 2.0


def cells_of_sample(sample: Sample) -> np.ndarray:
    """What is wanted of each cell: text with this weight from 1 on, 0 none, 255 either."""
    cells = cells_of(maps_of(sample.lines, len(sample.picture)))
    return np.where(cells == 1, worth_of(sample.lines, len(cells)), cells)


def cells_of(maps: np.ndarray) -> np.ndarray:
    """What is wanted of each cell, from region and weight at half the resolution."""
    region, _, weight = maps
    side, cells = CELL // 2, len(region) * 2 // CELL
    parts = ((region > 0) & (weight > 0)).reshape(cells, side, cells, side).sum(axis=(1, 3))
    faint = ((region > 0) & (weight == 0)).reshape(cells, side, cells, side).any(axis=(1, 3))
    wanted = (parts >= LEAST_PIXELS).astype(np.uint8)
    wanted[(wanted == 0) & ((parts > 0) | faint)] = 255
    return wanted


def worth_of(lines: list[TextLine], side: int) -> np.ndarray:
    """What a missed cell of each line is worth."""
    worth = np.ones((side, side), np.uint8)
    for line in lines:
        rows = slice(max(0, line.top // CELL), -(-(line.top + line.height) // CELL))
        columns = slice(max(0, line.left // CELL), -(-(line.left + line.width) // CELL))
        cells = -(-line.width // CELL) * -(-line.height // CELL)
        own = min(MOST_WORTH, max(1, round(PLAIN_CELLS / max(1, cells))))
        worth[rows, columns] = np.maximum(worth[rows, columns], own)
    return worth


def loss_of(logits: Tensor, cells: Tensor) -> Tensor:
    """Cross entropy over the cells that say something; wrong ones count more."""
    logits, said = logits[:, 0], cells != 255
    wanted = ((cells > 0) & said).float()
    entropy = functional.binary_cross_entropy_with_logits(
        logits, wanted, reduction="none", pos_weight=logits.new_tensor(TEXT_WEIGHT)
    )
    wrong = (torch.sigmoid(logits) - wanted).abs().detach()
    weight = cells.clamp(min=1).float() * said
    return (entropy * weight * (1 + HARD_CELLS * wrong)).sum() / weight.sum()


def rate_at(step: int, arguments: argparse.Namespace) -> float:
    falling = 0.5 * (1 + math.cos(math.pi * step / arguments.steps)) + LAST_RATE
    return arguments.rate * min(1.0, (step + 1) / WARM_UP) * falling


def train(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    source = torch.Generator().manual_seed(arguments.seed)
    net = ScoutNet().to(memory_format=torch.channels_last)
    if arguments.start:
        net.load_state_dict(torch.load(arguments.start))
    print(sum(parameter.numel() for parameter in net.parameters()), "parameters", flush=True)
    averaged = copy.deepcopy(net).eval()
    fresh = iter(DataLoader(Crops(arguments, cells_of_sample), FRESH, num_workers=1, prefetch_factor=32))
    store = Store(fresh, STORE, source)
    optimizer = torch.optim.AdamW(net.parameters(), arguments.rate, weight_decay=WEIGHT_DECAY)
    started, mean_loss = time.monotonic(), 0.0
    store.fill(arguments.batch * 8)
    for step in range(1, arguments.steps + 1):
        optimizer.param_groups[0]["lr"] = rate_at(step - 1, arguments)
        store.take()
        batch, wanted = store.draw_varied(arguments.batch)
        loss = loss_of(net(normalized(batch).contiguous(memory_format=torch.channels_last)), wanted)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        average_in(averaged, net, step, LONGEST_MEMORY)
        mean_loss += (loss.item() - mean_loss) / min(step, 200)
        if step % 100 == 0:
            print(f"step {step}, {time.monotonic() - started:.0f} s, loss {mean_loss:.4f}", flush=True)
        if step % arguments.save_every == 0 or step == arguments.steps:
            torch.save(averaged.state_dict(), arguments.target)


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains the scout.")
    parser.add_argument("target", type=Path, help="checkpoint to write")
    parser.add_argument("--start", type=Path, help="checkpoint to go on from")
    parser.add_argument("--fonts", type=Path, default=FONT_ROOT, help="font root")
    parser.add_argument("--real", type=Path, help="folder of text-free pictures, from prepare.py")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=3e-3, help="learning rate")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--size", type=int, default=320, help="side of a crop in pixels")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--save-every", type=int, default=500, help="steps")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
