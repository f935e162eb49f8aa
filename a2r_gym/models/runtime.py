"""How frames are encoded: torch anywhere, OpenVINO on CPUs where it is installed.

Both take the same `FrameEncoder`. OpenVINO runs it in bf16 where the CPU has it (cosine to fp32 above
0.995), one thread, unpinned: pinning puts every worker process on core 0.
"""

from __future__ import annotations

import functools
import importlib.util
import warnings
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from a2r_gym.errors import MissingDependencyError, unknown_name

__all__ = ["RUNTIMES", "FrameRuntime", "OpenVINORuntime", "TorchRuntime", "make_runtime"]

RUNTIMES = ("torch", "openvino")


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
    """The reference: eager torch, fp32, on the module's own device."""

    name = "torch"

    def __init__(self, module: nn.Module, *, max_batch: int = 64) -> None:
        self._module, self._max_batch = module.eval(), max_batch

    @torch.inference_mode()
    def __call__(self, frames_NHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `FrameRuntime`."""
        device = next(self._module.parameters()).device
        parts = [
            self._module(torch.from_numpy(np.require(part, requirements=["C", "W"])).to(device)).float().cpu().numpy()
            for part in np.split(frames_NHWC, range(self._max_batch, len(frames_NHWC), self._max_batch))
        ]
        return np.concatenate(parts)


class OpenVINORuntime:
    """OpenVINO on the CPU, one frame after the other: larger batches gain nothing on one thread.

    Args:
        module: The frame encoder.
        image_size: S.
        num_threads: Threads of this process.
    """

    name = "openvino"

    def __init__(self, module: nn.Module, image_size: int, *, num_threads: int = 1) -> None:
        import openvino as ov

        example = torch.zeros((1, image_size, image_size, 3), dtype=torch.uint8)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = ov.convert_model(module.eval().cpu(), example_input=example, input=[list(example.shape)])
        core = _openvino_core()
        options = {
            "INFERENCE_PRECISION_HINT": "f32",  # bf16 does not keep the reward within 0.01 of torch's
            "INFERENCE_NUM_THREADS": num_threads,
            "ENABLE_CPU_PINNING": False,
        }
        self._request = core.compile_model(graph, "CPU", options).create_infer_request()

    def __call__(self, frames_NHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `FrameRuntime`."""
        out = []
        for frame in np.ascontiguousarray(frames_NHWC):
            self._request.infer([frame[None]], share_inputs=True)
            out.append(np.array(self._request.get_output_tensor(0).data, dtype=np.float32))
        return np.concatenate(out)


@functools.cache
def _openvino_core() -> Any:
    """Return the process's one core, which lives as long as the process.

    OpenVINO's CPU plugin gives the thread that loads it a signal stack of its own and puts the one before back when it
    is unloaded. Of two cores that go in the order in which they came, the second puts back the first one's, which is
    unmapped by then: the next signal, Ctrl-C say, would end the process by a segmentation fault.
    """
    import openvino as ov

    return ov.Core()


def make_runtime(module: nn.Module, image_size: int, name: str | None = None) -> FrameRuntime:
    """Choose a runtime.

    Args:
        module: From uint8 (N, S, S, 3) to (N, ...).
        image_size: S.
        name: One of `RUNTIMES`; None: OpenVINO where it is installed and the module is on the CPU, else
            torch.

    Raises:
        UnknownNameError: No such runtime.
        MissingDependencyError: OpenVINO was asked for and is not installed.
    """
    installed = importlib.util.find_spec("openvino") is not None
    on_cpu = next(module.parameters()).device.type == "cpu"
    if name is None:
        name = "openvino" if installed and on_cpu else "torch"
    if name == "torch":
        return TorchRuntime(module)
    if name != "openvino":
        raise unknown_name("runtime", name, RUNTIMES)
    if not installed:
        raise MissingDependencyError("runtime 'openvino' needs OpenVINO; install it with: pip install 'a2r-gym[fast]'")
    return OpenVINORuntime(module, image_size)
