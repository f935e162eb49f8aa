"""The random floor."""

from __future__ import annotations

import pytest

from a2r_gym.envs.tabletop.floor import main, random_floor


@pytest.mark.parametrize("wander", [False, True])
def test_a_floor_is_its_seeds_and_the_end_is_at_most_any_step(wander: bool) -> None:
    floor = random_floor("faucet-left", episodes=6, seed=1, wander=wander)
    assert floor == random_floor("faucet-left", episodes=6, seed=1, wander=wander)
    assert 0.0 <= floor.last <= floor.ever <= 1.0


def test_a_wandering_hand_meets_things_that_uniform_actions_do_not() -> None:
    assert random_floor("faucet-right", episodes=12, wander=True).ever > 0.0


def test_the_floor_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main(episodes=1, scene="recolor")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert "1 random episodes of 60 steps" in lines[0]
    assert lines[-1].split()[0] == "mug-right"
