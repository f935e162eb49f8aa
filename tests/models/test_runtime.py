"""Runtimes agree, split their batches, and are chosen by name."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
import torch

import a2r_gym
from a2r_gym.errors import BackendError, MissingDependencyError, UnknownNameError
from a2r_gym.models.adapt2reward import Adapt2RewardNetwork
from a2r_gym.models.reward_network import FrameEncoder
from a2r_gym.models.runtime import RUNTIMES, TorchRuntime, make_head_runtime, make_runtime
from tests.models.conftest import MakeVideo

HAS_OPENVINO = importlib.util.find_spec("openvino") is not None


@pytest.fixture(scope="module")
def encoder(network: Adapt2RewardNetwork) -> FrameEncoder:
    return FrameEncoder(network)


@pytest.mark.parametrize("count", [1, 4, 5, 9])
def test_torch_splits_large_batches_without_a_difference(
    encoder: FrameEncoder, make_video: MakeVideo, count: int
) -> None:
    frames = make_video(count)
    whole, split = TorchRuntime(encoder)(frames), TorchRuntime(encoder, max_batch=4)(frames)
    assert whole.dtype == np.float32
    assert whole.shape[0] == count
    np.testing.assert_allclose(split, whole, atol=1e-5)


def test_torch_takes_a_view(encoder: FrameEncoder, make_video: MakeVideo) -> None:
    frames = make_video(6)
    np.testing.assert_array_equal(TorchRuntime(encoder)(frames[::-2]), TorchRuntime(encoder)(frames[::-2].copy()))


def test_torch_rounds_only_where_it_is_asked_to(encoder: FrameEncoder, make_video: MakeVideo) -> None:
    frames = make_video(3)
    exact, rounded = TorchRuntime(encoder)(frames), TorchRuntime(encoder, precision="bf16", name="half")(frames)
    assert rounded.dtype == np.float32
    assert 0.0 < np.abs(rounded - exact).max() < 0.1 * np.abs(exact).max()


def test_a_gpu_is_refused_where_there_is_none(encoder: FrameEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BackendError, match="finds no GPU"):
        make_runtime(encoder, 32, "cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")
def test_a_gpu_gives_torchs_scores(make_video: MakeVideo) -> None:
    exact, fast = (a2r_gym.load_reward(runtime=name) for name in ("torch", "cuda"))
    assert fast.runtime == "cuda"  # type: ignore[attr-defined]
    scores = [model.score([make_video(9)] * 3, ["close the drawer"] * 3) for model in (exact, fast)]
    np.testing.assert_allclose(scores[1].similarity, scores[0].similarity, atol=2e-2)


def openvino_or_skip(name: str) -> str:
    """Skip where this machine cannot run it."""
    if not HAS_OPENVINO:
        pytest.skip("OpenVINO is not installed")
    from a2r_gym.models.openvino_graph import openvino_has_bf16

    if name.endswith("bf16") and not openvino_has_bf16():
        pytest.skip("this CPU has no bf16")
    return name


@pytest.mark.parametrize("name", RUNTIMES[1:3])
def test_openvino_agrees_with_torch_and_keeps_its_results(
    encoder: FrameEncoder, make_video: MakeVideo, name: str
) -> None:
    frames = make_video(5)
    expected = make_runtime(encoder, 32, "torch")(frames)
    fast = make_runtime(encoder, 32, openvino_or_skip(name))
    assert fast.name == name
    first = fast(frames)
    kept = first.copy()
    fast(frames[::-1])
    np.testing.assert_array_equal(first, kept)
    cosine = (first * expected).sum(1) / np.linalg.norm(first, axis=1) / np.linalg.norm(expected, axis=1)
    assert (cosine > 0.995).all()


def test_bf16_leaves_the_layers_exact_that_cannot_bear_it() -> None:
    name = openvino_or_skip("openvino-bf16")
    env = gym.make("A2R-Tabletop-drawer-close-v1", reward_model="none")
    env.reset(seed=0)
    frame = np.asarray(env.render())[None]
    env.close()
    exact, fast = (a2r_gym.load_reward(runtime=runtime).encode_frames(frame)[0] for runtime in ("torch", name))
    assert exact @ fast / np.linalg.norm(exact) / np.linalg.norm(fast) > 0.9998  # all in bf16: below 0.9995


@pytest.mark.parametrize("name", RUNTIMES[1:3])
def test_the_head_embeds_as_in_torch_in_parts_of_any_size(network: Adapt2RewardNetwork, name: str) -> None:
    count, features = network.config.num_frames, network.frame_features
    videos = np.random.default_rng(0).normal(size=(19, count, features)).astype(np.float32)
    reference = make_head_runtime(network.head, count, features, "torch")(videos)
    embed = make_head_runtime(network.head, count, features, openvino_or_skip(name))
    assert reference.shape == (19, network.config.embedding)
    for part in (videos, videos[:1]):
        found = embed(part)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, reference[: len(part)], atol=3e-2 if name.endswith("bf16") else 1e-5)


@pytest.mark.skipif(not HAS_OPENVINO, reason="OpenVINO is not installed")
def test_bf16_is_refused_where_the_cpu_has_none(encoder: FrameEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("a2r_gym.models.runtime.openvino_has_bf16", lambda: False)
    with pytest.raises(BackendError, match="use runtime='openvino'"):
        make_runtime(encoder, 32, "openvino-bf16")


INTERRUPTED = """
import gc, signal, torch
from a2r_gym.models.runtime import OpenVINORuntime

class Mean(torch.nn.Module):
    def forward(self, frames):
        return frames.float().mean((1, 2))

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts tests in the background ignores it
first, second = OpenVINORuntime(Mean(), 8), OpenVINORuntime(Mean(), 8)
del first
gc.collect()
del second
gc.collect()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(not HAS_OPENVINO, reason="OpenVINO is not installed")
def test_ctrl_c_after_two_openvino_runtimes_are_gone_is_an_interrupt_and_no_crash() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr


@pytest.mark.parametrize("installed", [True, False])
def test_the_default_is_openvino_where_it_is_installed(
    encoder: FrameEncoder, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if installed else None)
    monkeypatch.setattr("a2r_gym.models.runtime.OpenVINORuntime", lambda module, size: "openvino")
    chosen = make_runtime(encoder, 32)
    assert chosen == "openvino" if installed else isinstance(chosen, TorchRuntime)


def test_openvino_that_is_missing_is_named_with_its_install_line(
    encoder: FrameEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'a2r-gym\[fast\]'"):
        make_runtime(encoder, 32, "openvino")


def test_an_unknown_runtime_lists_what_exists(encoder: FrameEncoder) -> None:
    with pytest.raises(UnknownNameError, match="unknown runtime 'tensorrt'") as caught:
        make_runtime(encoder, 32, "tensorrt")
    assert all(name in str(caught.value) for name in RUNTIMES)
