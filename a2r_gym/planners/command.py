"""``a2r plan``: carry out a sentence by model predictive control, and show what was planned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm
from tyro.conf import Positional

from a2r_gym.contact_sheet import draw_sheet
from a2r_gym.envs.base import SimulatorEnv
from a2r_gym.errors import unknown_name
from a2r_gym.metrics import wilson
from a2r_gym.planners.cem import CEMConfig
from a2r_gym.planners.dynamics.interface import Dynamics, Moment
from a2r_gym.planners.dynamics.simulator import SimulatorDynamics, simulator_env
from a2r_gym.planners.plan_scorer import PlanningError
from a2r_gym.planners.vmpc import VMPC, Plan, PlannedEpisode, VMPCConfig
from a2r_gym.protocols import RewardModel
from a2r_gym.rl.episode_video import Episode, write_video
from a2r_gym.whole_file import whole_file
from a2r_gym.wrappers.episode_rewards import resolve_model

__all__ = ["DYNAMICS", "PlanArgs", "draw_candidates", "main"]

DYNAMICS: Final = ("simulator", "latent")
"""What can be planned with."""
_SHOWN: Final = 5
"""Candidates on each half of the sheet."""


@dataclass(frozen=True, kw_only=True)
class PlanArgs:
    """Carry out a sentence by planning, for example ``a2r plan A2R-Tabletop-drawer-close-v1 --scene viewpoint``.

    Attributes:
        env: Environment id with a settable state, see ``a2r envs``.
        scene: A scene's name or generator seed, for families that have scenes.
        instruction: The sentence; None: the environment's own.
        dynamics: What is believed to happen: ``simulator``, or ``latent``, which was learned and renders nothing.
        latent: Folder of ``a2r dynamics``, for latent dynamics.
        reward_model: A bundled name or a folder.
        measure: What candidates are judged by: ``similarity``, ``success`` or ``margin``.
        num_plans: Plans of an episode.
        plan_steps: Environment steps of each.
        action_hold: Steps for which each drawn action is held.
        screening: Candidates drawn for each one of the first population, so that some move each thing; 1: none.
        population_size: Candidates scored at a time.
        num_iterations: Refinements of each plan; 0 is random shooting.
        initial: How the first candidates are drawn: ``arcsine``, or ``uniform`` as in DVD.
        episodes: How many; the first is shown.
        seed: Of the first.
        workers: Processes that roll candidates out; 0: none.
        out: Folder of the result; None: out/plan/ENV.
    """

    env: Positional[str]
    scene: str | None = None
    instruction: str | None = None
    dynamics: str = "simulator"
    latent: Path | None = None
    reward_model: str | None = None
    measure: str = VMPCConfig.measure
    num_plans: int = VMPCConfig.num_plans
    plan_steps: int = VMPCConfig.plan_steps
    action_hold: int = VMPCConfig.action_hold
    screening: int = VMPCConfig.screening
    population_size: int = CEMConfig.population_size
    num_iterations: int = 1
    initial: str = "arcsine"
    episodes: int = 1
    seed: int = 0
    workers: int = 2
    out: Path | None = None

    def config(self) -> VMPCConfig:
        """Return how to plan."""
        return VMPCConfig(
            num_plans=self.num_plans,
            plan_steps=self.plan_steps,
            action_hold=self.action_hold,
            screening=self.screening,
            measure=self.measure,
            cem=CEMConfig(
                population_size=self.population_size, num_iterations=self.num_iterations, initial=self.initial
            ),
        )

    def env_kwargs(self) -> dict[str, Any]:
        """Return what the environment is built with."""
        if self.scene is None:
            return {}
        return {"scene": int(self.scene) if self.scene.isdigit() else self.scene}


def main(argv: Sequence[str] | None = None) -> int:
    """Plan, carry out, show.

    Args:
        argv: Arguments of the command line, see `PlanArgs`; None: the process's own.

    Returns:
        0.

    Raises:
        UnknownNameError: There are no such dynamics.
        StateError: The environment has no settable state.
        BoundsError: Its actions have no finite bounds.
    """
    import tyro

    args = tyro.cli(PlanArgs, args=argv, prog="a2r plan")
    if args.dynamics not in DYNAMICS:
        raise unknown_name("dynamics", args.dynamics, DYNAMICS)
    out = Path("out/plan") / args.env if args.out is None else args.out
    model, config = resolve_model(args.reward_model), args.config()
    env = simulator_env(args.env, args.env_kwargs())
    simulator = SimulatorDynamics(args.env, args.env_kwargs(), workers=args.workers)
    dynamics = simulator if args.dynamics == "simulator" else _latent(args)
    instruction = args.instruction or env.instruction
    try:
        vmpc = VMPC(model, dynamics, instruction, env.action_space, config)  # type: ignore[attr-defined]
        episodes = _run(vmpc, env, args)
        _show(episodes[0], model, instruction, simulator, out)
    finally:
        simulator.close()
        env.close()
    solved = [bool(episode.is_success[-1]) for episode in episodes]
    rate = wilson(sum(solved), len(solved))
    with whole_file(out / "plan.json") as part:
        part.write_text(json.dumps(_record(args, config, instruction, episodes), indent=1) + "\n")
    print(f"success at the last step {rate.value:.0%} [{rate.low:.0%}, {rate.high:.0%}] in {len(solved)} episodes")
    print("wrote " + ", ".join(str(out / name) for name in ("episode.mp4", "candidates.png", "plan.json")))
    return 0


def _latent(args: PlanArgs) -> Dynamics:
    """Load learned dynamics: torch is imported only where they are asked for."""
    from a2r_gym.models.checkpoint import BUNDLED, find_checkpoint, tensors_sha256
    from a2r_gym.planners.dynamics.latent import load_latent

    if args.latent is None:
        raise PlanningError("latent dynamics need --latent with the folder of: a2r dynamics --scene SCENE --out FOLDER")
    return load_latent(args.latent, tensors_sha256(find_checkpoint(args.reward_model or BUNDLED)))


def _run(vmpc: VMPC, env: SimulatorEnv, args: PlanArgs) -> list[PlannedEpisode]:
    """Run the episodes under a progress bar that tells each plan's score."""
    episodes = []
    with tqdm(total=args.episodes * args.num_plans, unit="plan", desc="planning") as bar:

        def report(number: int, plan: Plan) -> None:
            bar.update()
            bar.set_postfix_str(f"plan {number + 1}: {args.measure} {plan.score:.2f}")

        for number in range(args.episodes):
            episodes.append(vmpc.run(env, seed=args.seed + number, report=report))
    return episodes


def _show(episode: PlannedEpisode, model: RewardModel, instruction: str, dynamics: Dynamics, out: Path) -> None:
    """Write the episode's video with its reward curve, and the sheet of its candidates."""
    scores = model.score_steps(episode.frames, instruction)
    shown = Episode(
        frames=episode.frames,
        similarity=scores.similarity.astype(np.float64),
        success=scores.success.astype(np.float64),
        is_success=episode.is_success,
    )
    write_video(shown, instruction, out / "episode.mp4")
    draw_candidates(episode, dynamics, out / "candidates.png")


def draw_candidates(episode: PlannedEpisode, dynamics: Dynamics, path: Path) -> Path:
    """Draw the five best and the five worst candidates of each plan's last population, as the simulator shows them.

    Args:
        episode: What was planned, with whatever dynamics.
        dynamics: What gives pictures.
        path: The PNG.

    Returns:
        ``path``.
    """
    videos, captions = [], []
    for number, (plan, moment) in enumerate(zip(episode.plans, episode.moments, strict=True), start=1):
        count = min(_SHOWN, len(plan.candidates) // 2)
        rows = [*range(count), *range(len(plan.candidates) - count, len(plan.candidates))]
        videos += list(_predicted(dynamics, moment, plan.candidates[rows]))
        scores = plan.search.scores_N
        captions += [f"plan {number}, rank {row + 1} of {len(scores)}, score {scores[row]:.3f}" for row in rows]
    return draw_sheet(np.stack(videos), captions, path)


def _predicted(dynamics: Dynamics, moment: Moment, actions: NDArray[np.float32]) -> NDArray[np.uint8]:
    steps = np.unique(np.rint(np.linspace(1, actions.shape[1], 8)).astype(np.int64))
    frames = dynamics.predict(moment, actions, steps).frames
    assert frames is not None, "these dynamics predict pictures"
    return frames


def _record(args: PlanArgs, config: VMPCConfig, instruction: str, episodes: Sequence[PlannedEpisode]) -> dict[str, Any]:
    return {
        "env": args.env,
        "scene": args.scene,
        "instruction": instruction,
        "dynamics": args.dynamics,
        "config": asdict(config),
        "episodes": [
            {
                "seed": args.seed + number,
                "success_last": bool(episode.is_success[-1]),
                "success_any": bool(episode.is_success.any()),
                "scores": [plan.score for plan in episode.plans],
                "best_of_each_population": [list(plan.search.history) for plan in episode.plans],
            }
            for number, episode in enumerate(episodes)
        ],
    }
