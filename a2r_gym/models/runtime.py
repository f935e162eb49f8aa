"""What computes: torch anywhere, OpenVINO on CPUs where it is installed, torch in bf16 on a GPU.

All take the same modules. OpenVINO runs them on one thread, in f32 unless bf16 is asked for: bf16 takes three quarters
of the time, but it changes a similarity by up to 0.01 (`benchmarks/throughput.py --only parts fidelity`).

Shape suffixes: N frames, H W picture, C channels, B videos, T frames of the head, F frame feature, D embedding.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from a2r_gym.errors import BackendError, MissingDependencyError, unknown_name
from a2r_gym.models.frozen_head import FrozenHead
from a2r_gym.models.openvino_graph import OpenVINOGraph, openvino_has_bf16
from a2r_gym.models.reward_network import FrameEncoder
from a2r_gym.models.temporal import TemporalHead

__all__ = ["RUNTIMES", "FrameRuntime", "OpenVINORuntime", "TorchRuntime", "make_head_runtime", "make_runtime"]

RUNTIMES: Final = ("torch", "openvino", "openvino-bf16", "cuda")
_TORCH_HEADS: Final = 512
"""Videos that torch embeds at a time."""


class FrameRuntime(Protocol):
    """Encodes pictures of the right size.

    Attributes:
        name: A name of `RUNTIMES`.
    """

    name: str

    def __call__(self, frames_NHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Encode uint8 (N, S, S, 3) into float32 (N, ...)."""
        ...


class TorchRuntime:
    """Eager torch on the module's own device.

    Args:
        module: The frame encoder.
        max_batch: Frames that are encoded at a time.
        precision: ``"f32"``, the reference, or ``"bf16"`` where torch's autocast allows.
        name: How the runtime is called.
    """

    def __init__(self, module: nn.Module, *, max_batch: int = 64, precision: str = "f32", name: str = "torch") -> None:
        self.name, self._rounds = name, precision != "f32"
        # what a module does not share with its network, a buffer of its own, follows to the network's device
        self._module, self._max_batch = module.eval().to(next(module.parameters()).device), max_batch

    @torch.inference_mode()
    def __call__(self, frames_NHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `FrameRuntime`."""
        device = next(self._module.parameters()).device
        with torch.autocast(device.type, torch.bfloat16, enabled=self._rounds):
            parts = [
                self._module(torch.from_numpy(np.require(part, requirements=["C", "W"])).to(device))
                .float()
                .cpu()
                .numpy()
                for part in np.split(frames_NHWC, range(self._max_batch, len(frames_NHWC), self._max_batch))
            ]
        return np.concatenate(parts)


class OpenVINORuntime:
    """OpenVINO on the CPU, one frame after the other: larger batches gain nothing on one thread.

    Args:
        module: The frame encoder. Of a `FrameEncoder` that tells its early layers, these are computed in f32: they are
            where rounding would change the reward.
        image_size: S.
        num_threads: Threads of this process.
        precision: ``"f32"`` or ``"bf16"``.
    """

    def __init__(self, module: nn.Module, image_size: int, *, num_threads: int = 1, precision: str = "f32") -> None:
        self.name = _openvino_name(precision)
        example = torch.zeros((1, image_size, image_size, 3), dtype=torch.uint8)
        parts = module.parts() if isinstance(module, FrameEncoder) and precision != "f32" else (module,)
        self._graphs = []
        for place, part in enumerate(parts):
            exact = "f32" if place < len(parts) - 1 else precision
            self._graphs.append(OpenVINOGraph(part, example, precision=exact, num_threads=num_threads))
            if place < len(parts) - 1:
                with torch.inference_mode():
                    example = part(example)

    def __call__(self, frames_NHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `FrameRuntime`."""
        return np.concatenate([self._encode(frame[None]) for frame in frames_NHWC])

    def _encode(self, frame: NDArray[Any]) -> NDArray[np.float32]:
        seen = frame
        for graph in self._graphs:
            seen = graph(seen)
        return seen


def make_head_runtime(
    head: TemporalHead, num_frames: int, frame_features: int, name: str
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Choose what embeds the robot's videos from their frame features.

    Args:
        head: The trained head.
        num_frames: T.
        frame_features: F.
        name: One of `RUNTIMES`; a runtime of another name is taken for torch's. For ``"cuda"`` the head goes to the
            GPU.

    Returns:
        From float32 (B, T, F), B >= 1, to float32 (B, D), unit length.
    """
    if name == "cuda":
        head.to("cuda")
    if not name.startswith("openvino"):
        return lambda features_BTF: _torch_head(head, features_BTF)
    example = torch.zeros((1, num_frames, frame_features))
    return OpenVINOGraph(FrozenHead(head), example, precision=_precision(name))


@torch.inference_mode()
def _torch_head(head: TemporalHead, features_BTF: NDArray[np.float32]) -> NDArray[np.float32]:
    parts = torch.split(torch.from_numpy(features_BTF).to(head.order_TW.device), _TORCH_HEADS)
    embedded: Tensor = torch.cat([head(part) for part in parts])
    return embedded.float().cpu().numpy()


def _openvino_name(precision: str) -> str:
    return "openvino" if precision == "f32" else f"openvino-{precision}"


def _precision(name: str) -> str:
    return "bf16" if name.endswith("bf16") else "f32"


def make_runtime(module: nn.Module, image_size: int, name: str | None = None) -> FrameRuntime:
    """Choose a runtime.

    Args:
        module: From uint8 (N, S, S, 3) to (N, ...).
        image_size: S.
        name: One of `RUNTIMES`; None: OpenVINO where it is installed and the module is on the CPU, else
            torch. For ``"cuda"`` the module goes to the GPU.

    Raises:
        UnknownNameError: No such runtime.
        MissingDependencyError: OpenVINO was asked for and is not installed.
        BackendError: bf16 or a GPU was asked for, and this machine has none.
    """
    installed = importlib.util.find_spec("openvino") is not None
    on_cpu = next(module.parameters()).device.type == "cpu"
    if name is None:
        name = "openvino" if installed and on_cpu else "torch"
    if name == "torch":
        return TorchRuntime(module)
    if name not in RUNTIMES:
        raise unknown_name("runtime", name, RUNTIMES)
    if name == "cuda":
        if not torch.cuda.is_available():
            raise BackendError("runtime 'cuda': torch finds no GPU; leave the runtime out, or see `a2r doctor`")
        return TorchRuntime(module.to("cuda"), precision="bf16", name=name)
    if not installed:
        raise MissingDependencyError(f"runtime {name!r} needs OpenVINO; install it with: pip install 'a2r-gym[fast]'")
    if name == "openvino":
        return OpenVINORuntime(module, image_size)
    if not openvino_has_bf16():
        raise BackendError(f"runtime {name!r}: this CPU does not compute in bf16; use runtime='openvino'")
    return OpenVINORuntime(module, image_size, precision="bf16")
