"""Scores hold their promises, and bad input is refused by name."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from a2r_gym.errors import FrameError, InstructionError, NonFiniteRewardError
from a2r_gym.models.adapt2reward import Adapt2RewardNetwork
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.scoring import Adapt2Reward
from a2r_gym.protocols import FailureAware, FailureModes, MarginStream, RewardModel
from tests.models.conftest import CALIBRATION, TASKS, MakeNetwork, MakeVideo

DRAWER, MUG, FOREIGN = "close the drawer", "push the mug to the left", "fly to the moon"


def _sure(network: object, success: bool) -> Adapt2Reward:
    calibration = Calibration(slope=0.0, intercept=5.0 if success else -5.0)
    return Adapt2Reward(network, calibration, name="tiny", runtime="torch")  # type: ignore[arg-type]


class TestScores:
    def test_it_is_a_reward_model_and_its_stream_tells_margins(self, model: Adapt2Reward) -> None:
        assert isinstance(model, RewardModel)
        assert isinstance(model.stream([DRAWER]), MarginStream)
        assert (model.name, model.runtime) == ("tiny", "torch")

    def test_shapes_types_and_ranges(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        scores = model.score(np.stack([make_video(5, seed) for seed in range(3)]), [DRAWER, MUG, FOREIGN])
        assert [values.dtype for values in scores] == [np.float32, np.float32, np.int64, np.float32]
        assert [values.shape for values in scores] == [(3,), (3,), (3,), (3, 3)]
        assert (np.abs(scores.similarity) <= 1).all()
        assert ((scores.success >= 0) & (scores.success <= 1)).all()

    def test_videos_of_any_length_and_size_together_equal_each_alone(
        self, model: Adapt2Reward, make_video: MakeVideo
    ) -> None:
        videos = [make_video(3, 0, 48), make_video(1, 1, 20), make_video(90, 2)]
        sentences = [DRAWER, FOREIGN, MUG]
        together = model.score(videos, sentences)
        for number, (video, sentence) in enumerate(zip(videos, sentences, strict=True)):
            alone = model.score([video], [sentence])
            np.testing.assert_allclose(alone.similarity, together.similarity[number : number + 1], atol=1e-5)

    def test_the_failure_mode_is_the_likeliest_and_only_named_for_failures(
        self, model: Adapt2Reward, make_video: MakeVideo
    ) -> None:
        videos, sentences = [make_video(4, seed) for seed in range(6)], [DRAWER, MUG] * 3
        failed = _sure(model.network, success=False).score(videos, sentences)
        np.testing.assert_allclose(failed.failure_posterior.sum(1), 1.0, atol=1e-5)
        assert (failed.failure_mode == failed.failure_posterior.argmax(1)).all()
        done = _sure(model.network, success=True).score(videos, sentences)
        assert (done.failure_mode == -1).all()
        np.testing.assert_array_equal(done.failure_posterior, failed.failure_posterior)

    def test_every_instruction_has_a_mode_a_posterior_and_a_margin(
        self, model: Adapt2Reward, make_video: MakeVideo
    ) -> None:
        stream = _sure(model.network, success=False).stream([FOREIGN, DRAWER])
        scores = stream.push(make_video(2), np.ones(2, bool))
        assert (scores.failure_mode >= 0).all()
        np.testing.assert_allclose(scores.failure_posterior.sum(1), 1.0, atol=1e-5)
        assert (np.abs(stream.margin) <= 2).all()

    def test_modes_that_a_task_does_not_use_are_never_told(
        self, make_network: MakeNetwork, make_video: MakeVideo
    ) -> None:
        tasks = (replace(TASKS[0], num_failure_modes=1), TASKS[1])
        model = _sure(make_network(tasks=tasks), success=False)
        videos = [make_video(4, seed) for seed in range(6)]
        together = model.score(videos, [DRAWER, MUG] * 3)
        assert (together.failure_mode[::2] == 0).all()
        assert together.failure_posterior.shape == (6, 3)
        np.testing.assert_allclose(together.failure_posterior[::2], [[1.0, 0.0, 0.0]] * 3, atol=1e-6)
        assert (together.failure_posterior[1::2] > 0).all()
        alone = model.score(videos[:1], [DRAWER])
        assert alone.failure_posterior.shape == (1, 1)  # K is the largest of the batch
        stream = model.stream([DRAWER])
        similarity = stream.push(make_video(1), np.ones(1, bool)).similarity[0]
        with torch.inference_mode():
            text = model.network.encode_failures([DRAWER], torch.tensor([0]))[0, 0]
            video = model.embed(model.encode_frames(make_video(1))[[0] * 8][None])[0]
        assert stream.margin[0] == pytest.approx(float(similarity) - float(video @ text), abs=1e-5)

    def test_the_margin_is_to_the_most_similar_failure_text(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        stream = model.stream([MUG])
        scores = stream.push(make_video(1), np.ones(1, bool))
        features = model.encode_frames(make_video(1))[[0] * 8][None]
        with torch.inference_mode():
            texts = model.network.encode_failures([MUG], torch.tensor([1]))[0]
            nearest = float((model.embed(features) @ texts.T).max())
        assert stream.margin[0] == pytest.approx(float(scores.similarity[0]) - nearest, abs=1e-5)

    @pytest.mark.parametrize(
        "same", ["Close the drawer", " close  the drawer", "close the drawer.", "CLOSE THE DRAWER!"]
    )
    def test_case_spaces_and_the_full_stop_do_not_hide_a_trained_task(self, model: Adapt2Reward, same: str) -> None:
        assert len(model.text(same).failures_KD) == 3

    def test_a_paraphrase_of_training_has_failure_texts(self, model: Adapt2Reward) -> None:
        assert len(model.text("push the drawer shut").failures_KD) == 3

    def test_failure_modes_tell_the_task_the_names_and_how_near(self, model: Adapt2Reward) -> None:
        assert isinstance(model, FailureAware)
        own = model.failure_modes(MUG)
        assert own == FailureModes("tabletop/mug-left", ("untouched", "to the right", "too short"), 1.0)
        assert [own.name(mode) for mode in (-1, 0, 2)] == ["", "untouched", "too short"]
        unnamed = model.failure_modes(DRAWER)
        assert unnamed == FailureModes("tabletop/drawer-close", (), 1.0)
        assert unnamed.name(0) == ""
        far = model.failure_modes(FOREIGN)
        assert far is not None
        assert far.similarity < 1.0

    def test_failure_texts_of_a_new_instruction_are_its_own_words_with_the_nearest_tasks_prompts(
        self, model: Adapt2Reward
    ) -> None:
        near = model.failure_modes(FOREIGN)
        assert near is not None
        task = [entry.name for entry in TASKS].index(near.task)
        with torch.inference_mode():
            expected = model.network.encode_failures([FOREIGN], torch.tensor([task]))[0]
        np.testing.assert_allclose(model.text(FOREIGN).failures_KD, expected.numpy(), rtol=1e-5, atol=1e-6)

    def test_a_model_without_failure_modes_scores(self, make_network: MakeNetwork, make_video: MakeVideo) -> None:
        model = Adapt2Reward(make_network(num_failure_modes=0), CALIBRATION, name="none", runtime="torch")
        scores = model.score([make_video(3)], [DRAWER])
        assert scores.failure_posterior.shape == (1, 0)
        assert scores.failure_mode.tolist() == [-1]
        assert model.failure_modes(DRAWER) is None
        stream = model.stream([DRAWER])
        stream.push(make_video(1), np.ones(1, bool))
        assert np.isnan(stream.margin).all()

    def test_the_matrix_holds_every_pair(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        videos, sentences = [make_video(4, seed) for seed in range(3)], [DRAWER, FOREIGN]
        matrix = model.score_matrix(videos, sentences)
        assert matrix.similarity.shape == matrix.success.shape == (3, 2)
        for column, sentence in enumerate(sentences):
            scores = model.score(videos, [sentence] * 3)
            np.testing.assert_allclose(matrix.similarity[:, column], scores.similarity, atol=1e-6)
            np.testing.assert_allclose(matrix.success[:, column], scores.success, atol=1e-6)

    def test_scores_are_the_same_twice(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        first, second = (model.score([make_video(9)], [DRAWER]) for _ in range(2))
        for left, right in zip(first, second, strict=True):
            np.testing.assert_array_equal(left, right)

    def test_black_frames_are_scored(self, model: Adapt2Reward) -> None:
        scores = model.score(np.zeros((1, 4, 32, 32, 3), np.uint8), [DRAWER])
        assert np.isfinite(scores.similarity).all()

    def test_scores_can_be_pickled(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        scores = model.score([make_video(2)], [DRAWER])
        assert pickle.loads(pickle.dumps(scores)).similarity == scores.similarity


class TestBadInput:
    def test_the_message_names_the_video(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        with pytest.raises(FrameError, match=r"video 1: expected uint8 \(T, H, W, 3\).*got dtype float32"):
            model.score([make_video(2), make_video(2).astype(np.float32)], [DRAWER, DRAWER])

    def test_a_lone_video_is_not_taken_for_a_batch(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        with pytest.raises(FrameError, match="expected uint8"):
            model.score(make_video(2), [DRAWER, DRAWER])

    def test_channels_first_is_refused_with_the_cure(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        with pytest.raises(FrameError, match="transpose"):
            model.score_steps(make_video(2).transpose(0, 3, 1, 2), DRAWER)

    def test_no_video_and_no_frame_are_refused(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        with pytest.raises(FrameError, match="at least one video"):
            model.score([], [])
        with pytest.raises(FrameError, match="empty"):
            model.score([make_video(0)], [DRAWER])
        with pytest.raises(FrameError, match="empty"):
            model.score_steps(make_video(0), DRAWER)

    def test_a_float_frame_with_nan_is_refused_by_the_stream(self, model: Adapt2Reward) -> None:
        with pytest.raises(FrameError, match="frames: expected uint8"):
            model.stream([DRAWER]).push(np.full((1, 32, 32, 3), np.nan), np.ones(1, bool))  # type: ignore[arg-type]

    def test_the_number_of_instructions_must_fit(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        with pytest.raises(InstructionError, match="2 videos, 1 instructions"):
            model.score([make_video(2)] * 2, [DRAWER])

    @pytest.mark.parametrize("call", ["score", "score_steps", "score_matrix", "stream"])
    def test_an_empty_instruction_is_refused_everywhere(
        self, model: Adapt2Reward, make_video: MakeVideo, call: str
    ) -> None:
        arguments = {
            "score": ([make_video(2)], [""]), "score_steps": (make_video(2), " "),
            "score_matrix": ([make_video(2)], [""]), "stream": ([""],),
        }[call]  # fmt: skip
        with pytest.raises(InstructionError, match="non-empty"):
            getattr(model, call)(*arguments)

    def test_a_similarity_that_is_not_finite_raises(self, make_network: MakeNetwork, make_video: MakeVideo) -> None:
        network = make_network()
        network.head.summary_W.data.fill_(torch.nan)
        model = Adapt2Reward(network, CALIBRATION, name="broken", runtime="torch")
        with pytest.raises(NonFiniteRewardError, match="must be finite"):
            model.score([make_video(2)], [DRAWER])
        with pytest.raises(NonFiniteRewardError, match="must be finite"):
            model.score_matrix([make_video(2)], [DRAWER])


class TestCalibration:
    def test_it_is_the_logistic_function(self) -> None:
        similarity = np.array([[-1.0, 0.25], [0.5, 1.0]], np.float32)
        expected = 1 / (1 + np.exp(-(8.0 * similarity - 2.0)))
        found = CALIBRATION(similarity)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-6)

    def test_steep_ones_do_not_overflow(self) -> None:
        with np.errstate(all="raise"):
            found = Calibration(slope=1e6, intercept=0.0)(np.array([-1.0, 1.0], np.float32))
        np.testing.assert_allclose(found, [0.0, 1.0], atol=1e-6)

    def test_where_there_are_failure_texts_the_margin_counts_too(self) -> None:
        similarity = np.array([[0.1, 0.5], [-0.2, 0.3]], np.float32)
        margin = np.array([[0.4, np.nan], [-0.1, 0.0]], np.float32)
        both = Calibration(slope=8.0, intercept=-2.0, with_margin=(3.0, 5.0, 1.0))
        expected = 1 / (1 + np.exp(-(3.0 * similarity + 5.0 * margin + 1.0)))
        expected[0, 1] = CALIBRATION(similarity)[0, 1]  # no failure texts
        np.testing.assert_allclose(both(similarity, margin), expected, rtol=1e-6)
        np.testing.assert_array_equal(both(similarity), CALIBRATION(similarity))
        np.testing.assert_array_equal(CALIBRATION(similarity, margin), CALIBRATION(similarity))

    def test_all_ways_to_score_use_the_margin(self, network: Adapt2RewardNetwork, make_video: MakeVideo) -> None:
        model = Adapt2Reward(
            network, Calibration(slope=8.0, intercept=-2.0, with_margin=(2.0, 9.0, 0.5)), name="tiny", runtime="torch"
        )
        videos = [make_video(5, seed=1), make_video(9, seed=2)]
        similarity, margin = model.compare_all(videos, [DRAWER, MUG])
        assert np.isfinite(margin).all()
        matrix = model.score_matrix(videos, [DRAWER, MUG])
        np.testing.assert_array_equal(matrix.success, model.calibration(similarity, margin))
        scores = model.score(videos, [DRAWER, MUG])
        np.testing.assert_allclose(scores.success, matrix.success.diagonal(), atol=1e-5)
        stream = model.stream([MUG])
        for number, frame in enumerate(videos[1]):
            last = stream.push(frame[None], np.array([number == 0]))
        np.testing.assert_allclose(last.success, matrix.success[1, 1], atol=1e-4)
        np.testing.assert_allclose(stream.margin, margin[1, 1], atol=1e-4)
