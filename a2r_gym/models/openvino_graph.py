"""A torch module as an OpenVINO graph on the CPU: exported once per machine, compiled in each process.

Exporting traces the module in Python and takes seconds; the graph is kept by the hash of all that it follows from:
weights, structure, the sources of the module's parts, and versions.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from a2r_gym.disk_cache import cached, digest

__all__ = ["OpenVINOGraph", "openvino_has_bf16"]

_FILE = "graph.xml"


class OpenVINOGraph:
    """Runs a module of one input and one output on one row at a time; its results are copies.

    A graph whose shapes are all known takes less than its share of one for any number of rows, which on one thread has
    nothing to gain from many. And a row's result does not depend on what else is asked for.

    Args:
        module: The module; it is put into evaluation mode and on the CPU.
        example: An input; its first dimension does not matter.
        precision: ``"f32"`` or ``"bf16"``, in which most of it is computed; what comes out is float32.
        num_threads: Threads of this process. They are not pinned: pinning puts every process on core 0.
    """

    def __init__(self, module: nn.Module, example: Tensor, *, precision: str = "f32", num_threads: int = 1) -> None:
        import openvino as ov

        module = module.eval().cpu()
        shape = [1, *example.shape[1:]]
        key = _key(module, example, shape)
        if key is None:
            graph = _export(module, example, shape)
        else:
            folder = cached(f"openvino-{key}", lambda place: _save(_export(module, example, shape), place))
            graph = _core().read_model(folder / _FILE)
        options = {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": num_threads,
            "ENABLE_CPU_PINNING": False,
        }
        self._request = _core().compile_model(graph, "CPU", options).create_infer_request()
        self._tensor = ov.Tensor

    def __call__(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        """Run it on an array of the example's type and shape, but for the first dimension, which is >= 1."""
        if len(batch) > 1:
            return np.concatenate([self(batch[row : row + 1]) for row in range(len(batch))])
        # a tensor over the array's own memory: the request's other ways in cost more than a small graph's work
        self._input = self._tensor(np.require(batch, requirements=["C", "W"]), shared_memory=True)
        self._request.set_input_tensor(self._input)
        self._request.infer()
        return np.array(self._request.get_output_tensor(0).data, dtype=np.float32)


def openvino_has_bf16() -> bool:
    """Tell whether this CPU computes in bf16 itself."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@functools.cache
def _core() -> Any:
    """Return the process's one core, which lives as long as the process.

    OpenVINO's CPU plugin gives the thread that loads it a signal stack of its own and puts the one before back when it
    is unloaded. Of two cores that go in the order in which they came, the second puts back the first one's, which is
    unmapped by then: the next signal, Ctrl-C say, would end the process by a segmentation fault.
    """
    import openvino as ov

    return ov.Core()


def _export(module: nn.Module, example: Tensor, shape: list[int]) -> Any:
    import openvino as ov

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        return ov.convert_model(module, example_input=example, input=[shape])


def _save(graph: Any, folder: Path) -> None:
    import openvino as ov

    ov.save_model(graph, folder / _FILE, compress_to_fp16=False)


def _key(module: nn.Module, example: Tensor, shape: list[int]) -> str | None:
    """Hash all that the graph follows from; None where a part's source is not to be had."""
    import openvino as ov

    try:
        sources = sorted({inspect.getfile(type(part)) for part in module.modules()})
        code = [Path(source).read_bytes() for source in sources]
    except (OSError, TypeError):
        return None
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    parts: list[str | bytes] = [torch.__version__, ov.__version__, str(shape), str(example.dtype), repr(module), *code]
    for name, value in sorted(tensors.items()):
        held = value.detach().contiguous()
        parts += [f"{name} {held.dtype} {tuple(held.shape)}", held.reshape(-1).view(torch.uint8).numpy().tobytes()]
    return digest(parts)
