"""The learner of Concept2Robot: an actor proposes a whole trajectory, a critic rates it, CEM searches between them.

Source: Shao et al., Concept2Robot: Learning manipulation concepts from instructions and human demonstrations, 2020:
DDPG on episodes of one decision, with the cross-entropy method around the actor's proposal. Ours differs in that the
critic regresses on the reward itself (there is nothing after the only step, so that target networks have no use), is a
pair of which the smaller counts (a search goes where a single critic errs upwards), and in that the actor is also drawn
to the best trajectories so far, for at some hundred episodes successes are rare.

Shape suffixes: B batch, F frame feature, D text embedding, P principal components, N population, A trajectory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from a2r_gym.errors import A2RError, MissingDependencyError, NonFiniteRewardError
from a2r_gym.planners.cem import CEMConfig, cem, check_bounds
from a2r_gym.planners.elite_replay import EliteReplayBuffer
from a2r_gym.planners.scene_extractor import SceneExtractor, Whitening
from a2r_gym.planners.waypoints import Draw

try:
    from stable_baselines3 import DDPG
    from stable_baselines3.common.noise import ActionNoise
    from stable_baselines3.common.utils import set_random_seed
    from stable_baselines3.common.vec_env import VecEnv
except ImportError as error:
    raise MissingDependencyError("stable-baselines3 is not installed: pip install 'a2r-gym[sb3]'") from error

__all__ = ["DDPGCEM", "LearnerConfig", "LearnerConfigError", "build_learner"]

_ACTING: Final = 0
"""Seed of the search where nothing is explored: the same picture has the same answer."""


class LearnerConfigError(A2RError, ValueError):
    """A number of the learner or of its run is out of range."""


@dataclass(frozen=True, kw_only=True)
class LearnerConfig:
    """How to learn.

    Attributes:
        warm_up: Episodes of random trajectories at the start.
        random_share: Share of the later episodes that are random too, in [0, 1].
        noise: Standard deviation of the noise on what the search chose, while exploring.
        spread: Deviation with which the search begins around the actor's proposal.
        gradient_steps: Of actor and critics after each episode.
        batch_size: Of each; half of it are elites.
        imitation: Weight of the elites' trajectories in the actor's loss, beside the critic's gradient.
        learning_rate: Of Adam.
        cem: The search.
    """

    warm_up: int = 150
    random_share: float = 0.1
    noise: float = 0.08
    spread: float = 0.15
    gradient_steps: int = 20
    batch_size: int = 128
    imitation: float = 2.0
    learning_rate: float = 5e-4
    cem: CEMConfig = field(
        default_factory=lambda: CEMConfig(population_size=64, num_iterations=2, elite_ratio=0.15, min_std=0.01)
    )

    def __post_init__(self) -> None:
        """Check ranges.

        Raises:
            LearnerConfigError: A number is out of range.
        """
        for name, least in (("warm_up", 1), ("gradient_steps", 1), ("batch_size", 2)):
            if getattr(self, name) < least:
                raise LearnerConfigError(f"{name} must be a whole number >= {least}, got {getattr(self, name)}")
        if not 0.0 <= self.random_share <= 1.0:
            raise LearnerConfigError(f"expected random_share in [0, 1], got {self.random_share}")
        if min(self.noise, self.imitation) < 0.0 or min(self.spread, self.learning_rate) <= 0.0:
            raise LearnerConfigError("expected noise and imitation >= 0, spread and learning_rate > 0")


class DDPGCEM(DDPG):
    """DDPG on episodes of one decision, which searches around its actor with its critics.

    Every draw depends on the seed and the number of the episode alone, or on the replay buffer's own generator, which
    is saved with it: a run that was saved between two episodes goes on bit for bit as if it had not stopped.

    Attributes:
        learner: How to learn.
        draw: Law of random trajectories; stable-baselines3 saves it with the rest.
        run_seed: Of the exploration.
    """

    learner: LearnerConfig
    draw: Draw
    run_seed: int

    def search(self, obs: Mapping[str, NDArray[Any]], rng: np.random.Generator) -> NDArray[np.float64]:
        """Search for the trajectory that the critics rate highest, beginning with the actor's.

        Args:
            obs: One observation.
            rng: Of the search.

        Returns:
            float64 (A,), in [-1, 1].
        """
        self.policy.set_training_mode(False)
        tensors, _ = self.policy.obs_to_tensor({name: np.asarray(part)[None] for name, part in obs.items()})
        with torch.no_grad():
            proposal_A = self.actor(tensors)[0].cpu().numpy().astype(np.float64)
            seen_1P = self.critic.extract_features(tensors, self.critic.features_extractor)

        def rate(candidates_NA: NDArray[np.float64]) -> NDArray[np.float32]:
            actions_NA = torch.as_tensor(candidates_NA, dtype=torch.float32, device=self.device)
            both = torch.cat([seen_1P.expand(len(actions_NA), -1), actions_NA], dim=1)
            with torch.no_grad():
                rated = torch.cat([network(both) for network in self.critic.q_networks], dim=1)
            return np.asarray(rated.min(dim=1).values.cpu().numpy())

        bounds = check_bounds(-np.ones(len(proposal_A)), np.ones(len(proposal_A)))
        start = (proposal_A, np.full(len(proposal_A), self.learner.spread))
        return cem(rate, bounds, self.learner.cem, rng, start=start).best_D

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[Any], Any]:
        """Return the trajectories for one observation or a batch; see `BaseAlgorithm.predict`.

        Args:
            observation: As the environment gives it.
            state: Handed back.
            episode_start: Not used.
            deterministic: Not used: a search for acting has a seed of its own.
        """
        batched = observation["instruction"].ndim == 2
        count = len(observation["instruction"]) if batched else 1
        rows = [{name: part[row] if batched else part for name, part in observation.items()} for row in range(count)]
        found_BA = np.stack([self.search(row, np.random.default_rng(_ACTING)) for row in rows]).astype(np.float32)
        actions_BA = np.asarray(self.policy.unscale_action(found_BA))
        return (actions_BA if batched else actions_BA[0]), state

    def _sample_action(
        self, learning_starts: int, action_noise: ActionNoise | None = None, n_envs: int = 1
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Choose what to try: at random, or what the search finds, with noise."""
        rng = np.random.default_rng([self.run_seed, self.num_timesteps])
        rows = []
        for row in range(n_envs):
            if self.num_timesteps < learning_starts or rng.uniform() < self.learner.random_share:
                rows.append(np.asarray(self.draw(rng), dtype=np.float64))
                continue
            assert isinstance(self._last_obs, dict), "episodes of one decision give a picture and a sentence"
            chosen_A = self.search({name: part[row] for name, part in self._last_obs.items()}, rng)
            rows.append(np.clip(chosen_A + rng.normal(0.0, self.learner.noise, size=len(chosen_A)), -1.0, 1.0))
        scaled_BA = np.stack(rows).astype(np.float32)
        return np.asarray(self.policy.unscale_action(scaled_BA)), scaled_BA

    def train(self, gradient_steps: int, batch_size: int = 100) -> None:
        """Fit the critics to the rewards, and the actor to the critics and the best trajectories.

        Args:
            gradient_steps: How many.
            batch_size: Episodes of each.

        Raises:
            NonFiniteRewardError: A loss is not finite.
        """
        self.policy.set_training_mode(True)
        losses = np.array([self._gradient_step(batch_size) for _ in range(gradient_steps)])
        if not np.isfinite(losses).all():
            raise NonFiniteRewardError(f"losses must be finite, got {losses[-1]} after {self.num_timesteps} episodes")
        self._n_updates += gradient_steps
        for name, loss in zip(("critic_loss", "actor_loss"), losses.mean(axis=0), strict=True):
            self.logger.record(f"train/{name}", float(loss))

    def _gradient_step(self, batch_size: int) -> tuple[float, float]:
        """Step once; returns the losses of critics and actor."""
        buffer = self.replay_buffer
        assert isinstance(buffer, EliteReplayBuffer), "as built"
        batch = buffer.sample(batch_size)
        rated = torch.stack(list(self.critic(batch.observations, batch.actions)))
        critic_loss = (rated - batch.rewards).pow(2).mean()
        self.critic.optimizer.zero_grad()
        critic_loss.backward()  # type: ignore[no-untyped-call]
        self.critic.optimizer.step()
        seen: Any = batch.observations  # a mapping, which its annotation there leaves out
        value_B1 = self.critic.q1_forward(seen, self.actor(seen))
        # the scale of the reward, which each model has of its own, shall not decide what weighs more
        actor_loss: Tensor = -value_B1.mean() / batch.rewards.abs().mean().clamp_min(1e-3)
        elites = buffer.sample_elites(batch_size // 2)
        if elites is not None:
            apart = (self.actor(elites.observations) - elites.actions).pow(2).mean()
            actor_loss = actor_loss + self.learner.imitation * apart
        self.actor.optimizer.zero_grad()
        actor_loss.backward()  # type: ignore[no-untyped-call]
        self.actor.optimizer.step()
        return float(critic_loss.detach()), float(actor_loss.detach())


def build_learner(
    config: LearnerConfig, envs: VecEnv, draw: Draw, *, whitening: Whitening | None, episodes: int, seed: int = 0,
    log: str | None = None,
) -> DDPGCEM:  # fmt: skip
    """Build an untrained learner.

    Args:
        config: How to learn.
        envs: Environments of one step an episode.
        draw: Law of random trajectories.
        whitening: Of frame features; None where the policy sees pictures.
        episodes: How many the replay buffer has to hold.
        seed: Of its networks and its exploration.
        log: Folder of its TensorBoard files.

    Returns:
        The learner: two hidden layers of 256, two critics.
    """
    assert isinstance(envs.action_space, gym.spaces.Box), "checked by TrajectoryEpisodes"
    set_random_seed(seed)  # not through the constructor, which would seed the episodes anew as well
    learner = DDPGCEM(
        "MultiInputPolicy",
        envs,
        learning_rate=config.learning_rate,
        buffer_size=episodes,
        learning_starts=config.warm_up,
        batch_size=config.batch_size,
        gradient_steps=config.gradient_steps,
        train_freq=1,
        replay_buffer_class=EliteReplayBuffer,
        replay_buffer_kwargs={"seed": seed},
        policy_kwargs={
            "net_arch": [256, 256],
            "n_critics": 2,
            "features_extractor_class": SceneExtractor,
            "features_extractor_kwargs": {"whitening": whitening},
        },
        tensorboard_log=log,
        device="cpu",
    )
    learner.learner, learner.draw, learner.run_seed = config, draw, seed
    return learner
