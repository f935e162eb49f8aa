"""Learned dynamics in the space of frame features: planning with them renders nothing.

A reward model keeps of each frame a grid of short vectors. A small convolutional network says how it changes over
a few steps of actions; longer plans are rolled out in it. What a picture hides, it cannot know.

Shape suffixes: N candidates, C features of a place, G rows and columns of the grid, S steps of one prediction, H steps
of a plan, A action, M width, F = G G C frame feature, W wanted steps.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from a2r_gym.errors import CheckpointError
from a2r_gym.planners.dynamics.interface import Moment, Prediction
from a2r_gym.planners.plan_scorer import PlanningError

__all__ = ["LatentConfig", "LatentDynamics", "LatentNetwork", "load_latent", "save_latent"]

_CONFIG: Final = "config.json"
_TENSORS: Final = "model.safetensors"


@dataclass(frozen=True, kw_only=True)
class LatentConfig:
    """Sizes of the network, and what it was trained for.

    Attributes:
        grid: G.
        place_features: C.
        action_size: A.
        stride: S, environment steps of one prediction.
        width: M.
        blocks: Residual blocks.
        reward_sha256: Of the reward model's tensors: its features mean something to no other.
    """

    grid: int
    place_features: int
    action_size: int
    stride: int = 5
    width: int = 64
    blocks: int = 3
    reward_sha256: str = ""

    def __post_init__(self) -> None:
        """Check sizes."""
        for name in ("grid", "place_features", "action_size", "stride", "width", "blocks"):
            if getattr(self, name) < 1:
                raise ValueError(f"expected {name} >= 1, got {getattr(self, name)}")


class _Block(nn.Module):
    """A residual block whose channels the actions scale and shift."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, width)
        self.steer = nn.Linear(width, 2 * width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, hidden_NMGG: Tensor, action_NM: Tensor) -> Tensor:
        scale_NM, shift_NM = self.steer(action_NM).chunk(2, dim=1)
        steered = self.norm(hidden_NMGG) * (1.0 + scale_NM[..., None, None]) + shift_NM[..., None, None]
        return hidden_NMGG + self.second(nn.functional.gelu(self.first(nn.functional.gelu(steered))))  # type: ignore[no-any-return]


class LatentNetwork(nn.Module):
    """Predicts the next grid from the last two and the actions between.

    Args:
        config: Sizes.
    """

    def __init__(self, config: LatentConfig) -> None:
        super().__init__()
        self.config = config
        line = torch.linspace(-1.0, 1.0, config.grid)
        self.register_buffer("places", torch.stack(torch.meshgrid(line, line, indexing="ij")), persistent=False)
        self.places: Tensor
        self.enter = nn.Conv2d(2 * config.place_features + 2, config.width, 3, padding=1)
        self.actions = nn.Sequential(
            nn.Linear(config.stride * config.action_size, config.width),
            nn.GELU(),
            nn.Linear(config.width, config.width),
        )
        self.blocks = nn.ModuleList(_Block(config.width) for _ in range(config.blocks))
        self.leave = nn.Conv2d(config.width, config.place_features, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        assert self.leave.bias is not None, "a convolution has one"
        nn.init.zeros_(self.leave.bias)

    def forward(self, now_NCGG: Tensor, before_NCGG: Tensor, actions_NSA: Tensor) -> Tensor:
        """Predict one stride on.

        Args:
            now_NCGG: float (N, C, G, G).
            before_NCGG: float (N, C, G, G), one stride ago; the same where nothing was before.
            actions_NSA: float (N, S, A), within [-1, 1].

        Returns:
            float (N, C, G, G).
        """
        places = self.places.expand(len(now_NCGG), -1, -1, -1)
        hidden = self.enter(torch.cat([now_NCGG, now_NCGG - before_NCGG, places], dim=1))
        action_NM = self.actions(actions_NSA.flatten(1))
        for block in self.blocks:
            hidden = block(hidden, action_NM)
        changed: Tensor = now_NCGG + self.leave(nn.functional.gelu(hidden))
        return changed

    def unroll(self, now_NCGG: Tensor, before_NCGG: Tensor, actions_NHA: Tensor) -> Tensor:
        """Predict all strides of a plan: float (N, H / S, C, G, G)."""
        steps = []
        for actions_NSA in torch.split(actions_NHA, self.config.stride, dim=1):
            now_NCGG, before_NCGG = self(now_NCGG, before_NCGG, actions_NSA), now_NCGG
            steps.append(now_NCGG)
        return torch.stack(steps, dim=1)

    def to_grid(self, features_NF: Tensor) -> Tensor:
        """Unfold frame features: (N, F) to (N, C, G, G)."""
        grid, channels = self.config.grid, self.config.place_features
        return features_NF.reshape(-1, grid, grid, channels).permute(0, 3, 1, 2)

    def to_features(self, grid_NCGG: Tensor) -> Tensor:
        """Fold grids: (N, C, G, G) to (N, F)."""
        return grid_NCGG.permute(0, 2, 3, 1).flatten(1)


class LatentDynamics:
    """Rolls candidates out in the network.

    Args:
        network: The trained network.
    """

    def __init__(self, network: LatentNetwork) -> None:
        self.network = network.eval().requires_grad_(False)

    @torch.inference_mode()
    def predict(self, moment: Moment, actions_NHA: NDArray[np.float32], steps: NDArray[np.int64]) -> Prediction:
        """See `Dynamics.predict`; between two strides features are blended.

        Raises:
            PlanningError: The reward model gives no features, the true progress was asked for, or the plan is no
                multiple of the stride.
        """
        network, config = self.network, self.network.config
        count, horizon, size = actions_NHA.shape
        if moment.features is None or not len(steps):
            raise PlanningError(
                "latent dynamics predict a reward model's frame features: they need one that gives some"
            )
        if horizon % config.stride or size != config.action_size:
            raise PlanningError(
                f"these dynamics were trained on actions of length {config.action_size} in strides of {config.stride} "
                f"steps, got a plan of {horizon} steps with actions of length {size}"
            )
        past = torch.from_numpy(moment.features)
        now = network.to_grid(past[-1:])
        before = network.to_grid(past[-1 - config.stride :][:1])
        now, before = (grid.expand(count, -1, -1, -1) for grid in (now, before))
        ahead = network.unroll(now, before, torch.from_numpy(actions_NHA)).flatten(0, 1)
        present = past[-1].expand(count, 1, -1)
        known = torch.cat([present, network.to_features(ahead).reshape(count, -1, past.shape[1])], dim=1)
        place = torch.from_numpy(steps) / config.stride
        low = place.floor().long().clamp(max=known.shape[1] - 1)
        part = (place - low)[None, :, None]
        features = known[:, low] * (1.0 - part) + known[:, (low + 1).clamp(max=known.shape[1] - 1)] * part
        return Prediction(None, features.float().numpy())

    def close(self) -> None:
        """Do nothing: it holds nothing."""


def save_latent(folder: Path, network: LatentNetwork, record: dict[str, Any]) -> None:
    """Write the network beside a record of its training."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.contiguous() for name, value in network.state_dict().items()}
    part = folder / f".{_TENSORS}"
    save_file(tensors, part)
    config = {"model": asdict(network.config), "sha256": _sha256(part), **record}
    part.replace(folder / _TENSORS)
    fresh = folder / f".{_CONFIG}"
    fresh.write_text(json.dumps(config, indent=1) + "\n")
    fresh.replace(folder / _CONFIG)


def load_latent(folder: Path, reward_sha256: str) -> LatentDynamics:
    """Load trained dynamics.

    Args:
        folder: As `save_latent` wrote it.
        reward_sha256: Of the reward model's tensors that it will be used with.

    Raises:
        CheckpointError: Files are missing or changed, or it was trained for another reward model.
    """
    if not (folder / _CONFIG).is_file() or not (folder / _TENSORS).is_file():
        raise CheckpointError(f"{folder} holds no dynamics: train some with a2r dynamics")
    config = json.loads((folder / _CONFIG).read_text())
    if _sha256(folder / _TENSORS) != config["sha256"]:
        raise CheckpointError(f"{folder / _TENSORS} was cut or changed; train the dynamics again")
    network = LatentNetwork(LatentConfig(**config["model"]))
    if network.config.reward_sha256 != reward_sha256:
        raise CheckpointError(
            f"{folder} was trained on the features of another reward model (SHA-256 "
            f"{network.config.reward_sha256[:12]}, not {reward_sha256[:12]}); train it again with a2r dynamics"
        )
    network.load_state_dict(load_file(folder / _TENSORS), strict=True)
    return LatentDynamics(network)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
