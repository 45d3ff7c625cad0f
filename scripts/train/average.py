#!/usr/bin/env python3
"""Averages checkpoints of one training.

    python scripts/train/average.py ema.pt first.pt second.pt

Parts of one training, each started from the one before, lie close enough together that the mean of their weights is
itself a good net, often one that keeps to real pictures better than any part does.
"""

import argparse
from pathlib import Path

import torch

from network import TextNet, Weights, start_from


def mean_of(checkpoints: list[Path]) -> Weights:
    parts = []
    for checkpoint in checkpoints:
        net = TextNet()
        if not start_from(net, torch.load(checkpoint)):
            raise SystemExit(f"{checkpoint} is a net of another shape")
        parts.append(net.state_dict())
    return {
        name: sum(part[name] for part in parts) / len(parts) if value.dtype.is_floating_point else value
        for name, value in parts[0].items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Averages checkpoints.")
    parser.add_argument("target", type=Path)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    arguments = parser.parse_args()
    torch.save(mean_of(arguments.checkpoints), arguments.target)


if __name__ == "__main__":
    main()
