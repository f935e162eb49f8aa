"""VLM-RM against the formula of its paper, and zero-shot models of a real, if random, open_clip model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from a2r_gym.baselines.clip import VLMRM, ClipEncoder
from a2r_gym.errors import WeightsError
from a2r_gym.models.checkpoint import load_reward
from tests.baselines.conftest import DRAWER, MUG, video

D = 6


def _unit(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=D).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector))


TEXTS = {DRAWER: _unit(1), MUG: _unit(2), "base": _unit(3)}


def _encode(frames: np.ndarray) -> np.ndarray:
    return np.stack([_unit(int(frame.sum())) for frame in frames])


def _model(alpha: float, baseline: str = "base") -> VLMRM:
    return VLMRM(ClipEncoder(_encode, TEXTS.__getitem__, 32), baseline=baseline, alpha=alpha)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_the_reward_is_the_papers_projection_onto_the_line_of_baseline_and_goal(alpha: float) -> None:
    film = video(5)
    state, goal, base = _unit(int(film[-1].sum())), TEXTS[DRAWER], TEXTS["base"]
    along = goal + (goal - base) * ((goal - base) @ (state - goal)) / ((goal - base) @ (goal - base))
    expected = 1 - 0.5 * np.sum((alpha * along + (1 - alpha) * state - goal) ** 2)
    assert _model(alpha).score([film], [DRAWER]).similarity[0] == pytest.approx(expected, abs=1e-5)


def test_without_projection_it_is_clips_cosine_of_the_newest_frame() -> None:
    films = [video(5), video(3, 1)]
    cosines = [[_unit(int(film[-1].sum())) @ TEXTS[said] for said in (DRAWER, MUG)] for film in films]
    np.testing.assert_allclose(_model(0.0).score_matrix(films, [DRAWER, MUG]).similarity, cosines, atol=1e-5)


def test_a_goal_that_is_the_baseline_is_scored_all_the_same() -> None:
    assert np.isfinite(_model(1.0, baseline=DRAWER).score([video(2)], [DRAWER]).similarity).all()


def test_alpha_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"alpha must be in \[0, 1\], got 1.5"):
        _model(1.5)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    pytest.importorskip("open_clip", reason="needs the extra open-clip")
    from tests.models.backbones.tiny_clip import write_clip_model

    folder = tmp_path_factory.mktemp("clip") / "vit"
    return folder, write_clip_model(folder, "vit")


class TestRealModel:
    def test_clip_scores_as_the_model_itself(self, saved: tuple[Path, Any]) -> None:
        import open_clip

        folder, model = saved
        loaded = load_reward(f"clip:{folder}", runtime="torch")
        frame = video(1)
        norm = (torch.from_numpy(frame).float() / 255 - torch.tensor([0.5, 0.4, 0.3])) / torch.tensor([0.5, 0.6, 0.7])
        tokens = open_clip.get_tokenizer(f"local-dir:{folder}")([DRAWER])
        with torch.inference_mode():
            picture = model.encode_image(norm.permute(0, 3, 1, 2), normalize=True)
            expected = float(picture[0] @ model.encode_text(tokens, normalize=True)[0])
        assert loaded.score([frame], [DRAWER]).similarity[0] == pytest.approx(expected, abs=1e-5)

    def test_vlm_rm_and_roboclip_load_by_name_and_stream_what_they_score(self, saved: tuple[Path, Any]) -> None:
        for scheme in ("vlm-rm", "roboclip"):
            model = load_reward(f"{scheme}:{saved[0]}", runtime="torch")
            film = video(6)
            steps, stream = model.score_steps(film, DRAWER).similarity, model.stream([DRAWER])
            pushed = [stream.push(film[[step]], np.array([step == 0])).similarity[0] for step in range(6)]
            np.testing.assert_allclose(pushed, steps, atol=1e-5)
            assert np.ptp(steps) > 0

    def test_an_episode_of_one_picture_is_as_near_as_the_picture(self, saved: tuple[Path, Any]) -> None:
        still = np.repeat(video(1), 5, axis=0)
        one, whole = (load_reward(f"{scheme}:{saved[0]}", runtime="torch") for scheme in ("clip", "roboclip"))
        expected = one.score([still], [DRAWER]).similarity[0]
        assert whole.score([still], [DRAWER]).similarity[0] == pytest.approx(expected, abs=1e-5)

    def test_weights_that_are_not_there_are_a_typed_error(self, saved: tuple[Path, Any]) -> None:
        with pytest.raises(WeightsError, match=r"no /nowhere/weights\.pt"):
            load_reward("vlm-rm:ViT-B-32//nowhere/weights.pt")
