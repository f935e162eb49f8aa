"""What a plan costs: candidates rolled out in the simulator and rendered, or in the space of frame features."""

from __future__ import annotations

from functools import partial

import numpy as np

from a2r_gym.models.scoring import Adapt2Reward
from a2r_gym.planners.cem import CEMConfig
from a2r_gym.planners.dynamics.interface import Dynamics
from a2r_gym.planners.dynamics.latent import LatentConfig, LatentDynamics, LatentNetwork
from a2r_gym.planners.dynamics.simulator import SimulatorDynamics, simulator_env
from a2r_gym.planners.vmpc import VMPC, VMPCConfig
from a2r_gym.registration import env_id
from benchmarks.speed.clock import Arm, interleave, ratio
from benchmarks.speed.loops import reward_model
from benchmarks.speed.section import Section, Size

__all__ = ["plans"]

_TASK, _SCENE = "drawer-close", "train"
_SIMULATOR, _LATENT = "simulator, preset fast", "latent"


def plans(size: Size) -> Section:
    """Time one plan of an episode's start: candidates drawn once, predicted and scored."""
    model, name, kwargs = reward_model(), env_id("Tabletop", _TASK), {"scene": _SCENE}
    env = simulator_env(name, kwargs)
    env.reset(seed=0)
    state, frames = env.get_state(), env.render()[None]
    search = CEMConfig(population_size=size.population, num_iterations=0, initial="arcsine")
    config = VMPCConfig(screening=1, cem=search)
    space = env.action_space  # type: ignore[attr-defined]
    made: dict[str, Dynamics] = {
        _SIMULATOR: SimulatorDynamics(name, kwargs),
        _LATENT: LatentDynamics(_untrained(model, space.shape[0])),
    }
    arms = []
    for label, dynamics in made.items():
        planner = VMPC(model, dynamics, str(getattr(env, "instruction")), space, config)  # noqa: B009
        moment = planner.look(state, frames)
        arms.append(Arm(label, partial(planner.plan, moment, np.random.default_rng(0)), 1))
    timings = interleave(arms, size.rounds, "plans")
    for dynamics in made.values():
        dynamics.close()
    env.close()
    return Section(
        title=f"Plans of {size.population} candidates x {config.plan_steps} steps",
        unit="plan",
        timings=timings,
        numbers={
            "seconds of a latent plan": timings[_LATENT].median,
            "latent against the simulator": ratio(timings[_SIMULATOR], timings[_LATENT]),
        },
        notes=("The latent network is not trained: its weights do not change what it costs.",),
    )


def _untrained(model: Adapt2Reward, action_size: int) -> LatentNetwork:
    config = model.network.config
    return LatentNetwork(
        LatentConfig(grid=model.network.backbone.grid, place_features=config.place_features, action_size=action_size)
    )
