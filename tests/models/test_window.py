"""The window keeps at most 64 frames, and a stored video is scored as a streamed one is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2r_gym.errors import FrameError
from a2r_gym.models.adapt2reward import Adapt2RewardNetwork
from a2r_gym.models.scoring import Adapt2Reward
from a2r_gym.models.window import MAX_KEPT, FrameWindow, spread, window_indices
from a2r_gym.protocols import Scores
from tests.models.conftest import CALIBRATION, MakeVideo

LENGTHS = (1, 5, 70, 150)
SENTENCE = "close the drawer"
ON, OFF = np.array([True]), np.array([False])


def _streamed(model: Adapt2Reward, video: np.ndarray, sentence: str = SENTENCE) -> Scores:
    stream = model.stream([sentence])
    rows = [stream.push(frame[None], np.array([number == 0])) for number, frame in enumerate(video)]
    return Scores(*(np.concatenate(parts) for parts in zip(*rows, strict=True)))


def _assert_same(left: Scores, right: Scores, atol: float = 1e-4) -> None:
    np.testing.assert_allclose(left.similarity, right.similarity, atol=atol)
    np.testing.assert_allclose(left.success, right.success, atol=10 * atol)
    np.testing.assert_allclose(left.failure_posterior, right.failure_posterior, atol=20 * atol)


class TestWindow:
    @given(st.integers(1, 700))
    def test_at_most_64_are_kept_with_the_first_and_the_newest(self, length: int) -> None:
        window = FrameWindow()
        for newest in range(length):
            window.push()
            assert len(window.kept) <= MAX_KEPT
            assert window.kept[0] == 0
            assert window.kept[-1] == newest

    def test_the_stride_doubles_when_the_window_is_full(self) -> None:
        window = FrameWindow()
        strides = []
        for _ in range(300):
            window.push()
            if len(window.kept) > 2:
                strides.append(window.kept[1] - window.kept[0])
        assert strides == sorted(strides)
        assert sorted(set(strides)) == [1, 2, 4, 8]

    def test_kept_frames_stand_on_the_stride_except_for_the_newest(self) -> None:
        window = FrameWindow()
        for _ in range(200):
            window.push()
            kept = np.array(window.kept)
            stride = kept[1] - kept[0] if len(kept) > 2 else 1
            assert (kept[:-1] % stride == 0).all()
            assert (np.diff(kept[:-1]) == stride).all()

    def test_a_caller_that_follows_push_holds_the_frames_named_by_kept(self) -> None:
        window, held = FrameWindow(), np.zeros(0, dtype=np.int64)
        for frame in range(300):
            held = np.append(held[window.push()], frame)
            assert held.tolist() == window.kept

    @pytest.mark.parametrize("length", LENGTHS)
    def test_the_head_sees_the_first_and_the_last_frame_of_every_prefix(self, length: int) -> None:
        rows = window_indices(length, 8)
        assert rows.shape == (length, 8)
        assert (rows[:, 0] == 0).all()
        assert rows[:, -1].tolist() == list(range(length))
        assert (np.diff(rows, axis=1) >= 0).all()

    @given(st.integers(1, 64), st.integers(2, 16))
    def test_spread_is_even_within_one(self, count: int, num_frames: int) -> None:
        places = spread(count, num_frames)
        assert (places[0], places[-1]) == (0, count - 1)
        gaps = np.diff(places)
        assert gaps.max() - gaps.min() <= 1


class TestStreamedIsStored:
    @pytest.mark.parametrize("length", LENGTHS)
    def test_score_of_every_prefix_equals_the_streamed_score(
        self, model: Adapt2Reward, make_video: MakeVideo, length: int
    ) -> None:
        video = make_video(length)
        streamed = _streamed(model, video)
        stored = model.score([video[: end + 1] for end in range(length)], [SENTENCE] * length)
        _assert_same(stored, streamed)
        _assert_same(model.score_steps(video, SENTENCE), streamed)
        assert length == 1 or np.ptp(streamed.similarity) > 1e-3  # the frames do matter

    def test_it_holds_for_the_real_backbone(self, real_network: Adapt2RewardNetwork, make_video: MakeVideo) -> None:
        model = Adapt2Reward(real_network, CALIBRATION, name="real", runtime="torch")
        video = make_video(70, size=96)
        streamed = _streamed(model, video)
        _assert_same(model.score_steps(video, SENTENCE), streamed)
        whole = model.score([video], [SENTENCE])
        np.testing.assert_allclose(whole.similarity, streamed.similarity[-1:], atol=1e-4)

    def test_openvino_agrees_with_torch(self, real_network: Adapt2RewardNetwork, make_video: MakeVideo) -> None:
        pytest.importorskip("openvino", reason="OpenVINO is not installed")
        video = make_video(12, size=128)
        torch_model, fast_model = (
            Adapt2Reward(real_network, CALIBRATION, name=name, runtime=name) for name in ("torch", "openvino")
        )
        expected = torch_model.score_steps(video, SENTENCE).similarity
        np.testing.assert_allclose(fast_model.score_steps(video, SENTENCE).similarity, expected, atol=1e-2)
        np.testing.assert_allclose(_streamed(fast_model, video).similarity, expected, atol=1e-2)


class TestManyEpisodes:
    def test_interleaved_episodes_with_resets_equal_single_ones(
        self, model: Adapt2Reward, make_video: MakeVideo
    ) -> None:
        sentences = [SENTENCE, "push the mug to the left", "fly to the moon"]
        lengths = [[5, 70, 9], [80, 4], [1, 1, 82]]  # of the episodes of each row, one after the other
        videos = [[make_video(n, seed=10 * row + i) for i, n in enumerate(each)] for row, each in enumerate(lengths)]
        frames = np.stack([np.concatenate(row) for row in videos], axis=1)
        first = np.array([[i == 0 for n in each for i in range(n)] for each in lengths]).T
        stream = model.stream(sentences)
        pushed = np.stack([stream.push(*step).similarity for step in zip(frames, first, strict=True)], axis=1)
        for row, sentence in enumerate(sentences):
            alone = [_streamed(model, video, sentence).similarity for video in videos[row]]
            np.testing.assert_allclose(pushed[row], np.concatenate(alone), atol=1e-4)

    def test_a_row_that_comes_twice_scores_each_of_its_frames(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        one, two = make_video(6, seed=1), make_video(4, seed=2)
        stream = model.stream([SENTENCE, SENTENCE])
        rows = np.array([0, 1, 0, 1, 0])
        first = np.array([True, True, False, False, False])
        scores = stream.push_rows(rows, np.stack([one[0], two[0], one[1], two[1], one[2]]), first)
        alone = [_streamed(model, video).similarity for video in (one, two)]
        np.testing.assert_allclose(
            scores.similarity, [alone[0][0], alone[1][0], alone[0][1], alone[1][1], alone[0][2]], atol=1e-4
        )
        assert stream.margin.shape == (5,)

    def test_an_episode_that_starts_anew_within_one_push_forgets_the_old_one(
        self, model: Adapt2Reward, make_video: MakeVideo
    ) -> None:
        old, new = make_video(3, seed=1), make_video(2, seed=2)
        stream = model.stream([SENTENCE])
        stream.push(old[:1], ON)
        scores = stream.push_rows(np.zeros(4, np.int64), np.concatenate([old[1:], new]), np.array([0, 0, 1, 0], bool))
        expected = np.concatenate([_streamed(model, old).similarity[1:], _streamed(model, new).similarity])
        np.testing.assert_allclose(scores.similarity, expected, atol=1e-4)

    def test_rows_that_get_no_frame_stay_as_they_are(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        one, two = make_video(5, seed=1), make_video(5, seed=2)
        stream = model.stream([SENTENCE, SENTENCE])
        stream.push(np.stack([one[0], two[0]]), np.array([True, True]))
        for frame in one[1:]:
            stream.push_rows(np.array([0]), frame[None], OFF)
        scores = stream.push_rows(np.array([1]), two[1:2], OFF)
        np.testing.assert_allclose(scores.similarity, _streamed(model, two[:2]).similarity[-1:], atol=1e-4)

    def test_an_episode_without_a_first_frame_is_refused(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        with pytest.raises(FrameError, match=r"reset_mask\[0\] = True"):
            model.stream([SENTENCE]).push(make_video(1), OFF)

    def test_the_number_of_frames_must_be_the_streams(self, model: Adapt2Reward, make_video: MakeVideo) -> None:
        stream = model.stream([SENTENCE, SENTENCE])
        with pytest.raises(FrameError, match=r"2 episodes.*3 frames"):
            stream.push(make_video(3), np.ones(3, bool))
        with pytest.raises(FrameError, match=r"reset_mask of shape \(1,\)"):
            stream.push(make_video(2), ON)
