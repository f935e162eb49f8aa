"""The command line ``a2r``: a table of verbs, each loaded when it is asked for.

The training verbs name their modules by string: this package never imports ``a2r_train``.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from a2r_gym.errors import A2RError, MissingDependencyError, unknown_name

__all__ = ["VERBS", "Verb", "main"]

TRACEBACK = "A2R_TRACEBACK"
"""Environment variable: where it is set, errors keep their traceback."""


class Verb(NamedTuple):
    """One verb of the command line.

    Attributes:
        target: ``"module:function"``; the function takes the arguments and returns an exit status.
        summary: One line for the list of verbs.
        extra: The extra that holds what its module imports; empty: the core is enough.
    """

    target: str
    summary: str
    extra: str = ""


VERBS = {
    "doctor": Verb("a2r_gym.doctor:main", "check this machine: packages, OpenGL, weights, and what to do"),
    "envs": Verb("a2r_gym.env_table:main", "list the environment ids with their instructions"),
    "score": Verb("a2r_gym.video_score:main", "score a video against one or more sentences"),
    "bench": Verb("a2r_gym.bench.command:main", "measure a reward model on a folder of labelled videos"),
    "rl": Verb("a2r_gym.rl.command:main", "train a stable-baselines3 agent on the learned reward", "sb3"),
    "plan": Verb("a2r_gym.planners.command:main", "carry out a sentence by planning on predicted videos", "metaworld"),
    "ddpg-cem": Verb(
        "a2r_gym.planners.trajectory_command:main", "learn whole trajectories of the C2R arm", "pybullet,sb3"
    ),
    "collect": Verb("a2r_train.collect:main", "collect rollouts, successes and failures", "metaworld,train"),
    "on-policy": Verb("a2r_train.on_policy:main", "record agents trained on the reward", "metaworld,sb3,train"),
    "hands": Verb("a2r_train.data.hands.command:main", "render human clips in the layout of SS-V2", "train"),
    "check-human": Verb("a2r_train.check_human:main", "find missing and damaged clips of human data", "train"),
    "fit": Verb("a2r_train.fit:main", "train a reward model by a recipe", "train"),
    "calibrate": Verb("a2r_train.calibrate:main", "fit probabilities of success to clips of your own", "train"),
    "dynamics": Verb("a2r_train.dynamics:main", "learn what actions do to a model's features", "metaworld,train"),
    "failures": Verb("a2r_train.failures:main", "show the ways in which a model knows tasks to fail", "train"),
    "evaluate": Verb("a2r_train.evaluate:main", "measure a reward model on rollouts it has not seen", "train"),
}
"""All verbs, in the order in which they are listed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        argv: The verb and its arguments; None: those of this process.

    Returns:
        The exit status: 0, the verb's own, 2 for a mistake in the call, 130 after Ctrl-C.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    if arguments[0] in ("-V", "--version"):
        from a2r_gym import __version__

        print(f"a2r-gym {__version__}")
        return 0
    try:
        return _run(arguments[0], arguments[1:])
    except A2RError as error:
        if os.environ.get(TRACEBACK):
            raise
        print(f"a2r: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("a2r: stopped", file=sys.stderr)
        return 130
    except SystemExit as stop:  # how the parser ends after --help (0) and after a wrong option (2)
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def _run(name: str, arguments: list[str]) -> int:
    if name not in VERBS:
        raise unknown_name("verb", name, VERBS)
    verb = VERBS[name]
    module, _, function = verb.target.partition(":")
    try:
        call = getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"'a2r {name}' needs the module {error.name}, which is not installed: "
            f"pip install 'a2r-gym{f'[{verb.extra}]' if verb.extra else ''}'"
        ) from error
    status: int = call(arguments)
    return status


def _overview() -> str:
    width = max(map(len, VERBS))
    lines = [f"  {name:<{width}}  {verb.summary}" for name, verb in VERBS.items()]
    return "\n".join(
        [
            "usage: a2r VERB [OPTIONS]    (a2r VERB --help tells the options, with an example)",
            "",
            *lines,
            "",
            "a2r --version prints the version. Start with: a2r doctor",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
