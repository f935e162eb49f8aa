"""The command line: its verbs, their frozen options, how mistakes are told."""

from __future__ import annotations

import re

import pytest

from a2r_gym import cli
from a2r_gym.cli import VERBS, Verb
from a2r_gym.errors import A2RError

OPTIONS = {
    "doctor": "json model no-json out seed",
    "envs": "json no-json only out seed",
    "score": "json max-frames model no-json out runtime seed text",
    "bench": "data json max-frames no-json no-skip-bad out probe-clips runtime seed skip-bad",
    "rl": "action-repeat algorithm env-reward-scale eval-episodes eval-every no-resume no-video num-envs out resume "
    "reward reward-every reward-mode reward-model seed steps video",
    "plan": "action-hold dynamics episodes initial instruction latent measure num-iterations num-plans out plan-steps "
    "population-size reward-model scene screening seed workers",
    "ddpg-cem": "distractors episodes eval-episodes eval-every no-resume no-video out resume reward reward-mode "
    "reward-model save-every seed video viewpoint warm-up waypoints",
    "collect": "families no-sheets out preset scale seed sheets tasks workers",
    "on-policy": "episodes out seed",
    "hands": "clips no-sheets out seed sheets templates workers",
    "check-human": "data out sample seed",
    "fit": "begin cache data human max-failure-modes name no-resume out resume seed steps threads validation workers",
    "calibrate": "out seed validation",
    "dynamics": "batch family learning-rate out reward-model rollouts scene seed steps stride tasks threads unroll "
    "workers",
    "failures": "cache-dir count data out runtime seed",
    "evaluate": "batch-size cache-dir card data model no-card out paraphrases runtime seed sheets voc-per-task",
}
"""Frozen: other people's scripts are written against them. Add here what is added there; take nothing away."""


def help_of(verb: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main([verb, "--help"]) == 0
    return " ".join(re.sub("[│╭╮╰╯─]", " ", capsys.readouterr().out).split())


def test_the_verbs_are_those() -> None:
    assert set(VERBS) == set(OPTIONS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_an_example_and_the_frozen_options(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(verb, capsys)
    assert text.startswith(f"usage: a2r {verb} ")
    assert f"for example ``a2r {verb}" in text
    described = text.split(" options ", 1)[1] if " options " in text else text
    found = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", described)) - {"help"}
    assert found == set(OPTIONS[verb].split())


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_seed_and_out(verb: str) -> None:
    assert {"seed", "out"} <= set(OPTIONS[verb].split())


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_overview_lists_every_verb(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 0
    told = capsys.readouterr().out
    assert all(f"  {name} " in told and verb.summary in told for name, verb in VERBS.items())


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert re.fullmatch(r"a2r-gym \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


def test_unknown_verb_lists_the_near_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["scor"]) == 2
    assert "Did you mean 'score'" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["envs", "--nonsense"], ["score"], ["doctor", "--seed", "many"]])
def test_wrong_options_are_status_2_not_an_exception(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    assert f"a2r {arguments[0]} --help" in " ".join(capsys.readouterr().err.split())


def _fails(argv: list[str]) -> int:
    raise {"ours": A2RError("do this"), "ctrl-c": KeyboardInterrupt(), "other": RuntimeError("a bug")}[argv[0]]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERBS, "fails", Verb(f"{__name__}:_fails", "fails"))
    monkeypatch.setitem(VERBS, "absent", Verb("a2r_gym.no_such_module:main", "absent", "fast"))


@pytest.mark.usefixtures("failing")
def test_our_errors_are_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["fails", "ours"]) == 2
    assert capsys.readouterr().err == "a2r: A2RError: do this\n"
    monkeypatch.setenv("A2R_TRACEBACK", "1")
    with pytest.raises(A2RError, match="do this"):
        cli.main(["fails", "ours"])


@pytest.mark.usefixtures("failing")
def test_ctrl_c_is_status_130_and_bugs_keep_their_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fails", "ctrl-c"]) == 130
    assert capsys.readouterr().err == "a2r: stopped\n"
    with pytest.raises(RuntimeError, match="a bug"):
        cli.main(["fails", "other"])


@pytest.mark.usefixtures("failing")
def test_missing_extra_is_told_with_its_install_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["absent"]) == 2
    assert "pip install 'a2r-gym[fast]'" in capsys.readouterr().err
