"""Trains on synthetic clips and writes the losses of each step; the tests start it alone and under ``torchrun``.

python -m tests.training.parallel_run FOLDER
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from a2r_gym.models.adapt2reward import Adapt2RewardNetwork
from a2r_train.ranks import is_first, joined
from tests.training.synthetic import make_human_part, make_trainer, tiny_network


def train(folder: Path) -> list[dict[str, float]]:
    """Train six steps with one clustering between them; returns the named losses of each."""
    torch.cpu.get_capabilities = dict  # bf16 would round each part of a batch in its own way
    drawn = tiny_network()
    torch.manual_seed(0)
    network = Adapt2RewardNetwork(replace(drawn.config, dropout=0.0))
    trainer = make_trainer(folder, network=network, human=make_human_part(), epoch_steps=3)
    losses: list[dict[str, float]] = []
    trainer.run(lambda step, named: losses.append(named))
    return losses


def main() -> None:
    """Train in as many processes as there are; the first one writes."""
    folder = Path(sys.argv[1])
    with joined():
        losses = train(folder)
        if is_first():
            (folder / "losses.json").write_text(json.dumps(losses))


if __name__ == "__main__":
    main()
