"""Pictures of an evaluation: contact sheets of the clips that a model ranks worst, histograms of its scores."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from a2r_gym.contact_sheet import draw_sheet
from a2r_gym.metrics import task_auroc
from a2r_train.scored_clips import ScoredClips

__all__ = ["draw_histograms", "draw_sheets", "worst_clips"]

_COLOURS = {"success": "#2a7f4f", "near": "#d1782a", "random": "#8c8c8c"}


def worst_clips(scored: ScoredClips, name: str, mask: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
    """Pick the clips that cost a task most AUROC.

    Args:
        scored: The scored clips.
        name: ``family/task``.
        mask: bool (E,), clips to look at.
        count: How many of each side.

    Returns:
        int64 indices: successes with the lowest scores, then failures with the highest, worst first.
    """
    scores = scored.own(scored.success)
    mine = mask & (scored.name == name)
    successes = np.flatnonzero(mine & (scored.kind == "success"))
    failures = np.flatnonzero(mine & np.isin(scored.kind, ("random", "near", "other")))
    low = successes[np.argsort(scores[successes], kind="stable")][:count]
    high = failures[np.argsort(-scores[failures], kind="stable")][:count]
    return np.concatenate([low, high])


def draw_sheets(scored: ScoredClips, mask: NDArray[np.bool_], folder: Path, count: int = 4) -> list[Path]:
    """Write a contact sheet per task, numbered so that the worst task comes first.

    Args:
        scored: The scored clips.
        mask: bool (E,), clips to look at.
        folder: Made where missing.
        count: Clips of each side per task.

    Returns:
        The files, worst task first; tasks without AUROC come last.
    """
    order = _by_auroc(scored, mask)
    files = []
    for place, (name, auroc) in enumerate(order, start=1):
        worst = worst_clips(scored, name, mask, count)
        if len(worst):
            videos = np.asarray(scored.clips.frames[worst])
            path = folder / f"{place:02d}_{auroc:.2f}_{name.replace('/', '_')}.png"
            files.append(draw_sheet(videos, [_caption(scored, int(clip)) for clip in worst], path))
    return files


def draw_histograms(scored: ScoredClips, mask: NDArray[np.bool_], title: str, path: Path) -> Path:
    """Draw, for each task, how `Scores.success` is spread over successes, near-successes and random failures.

    Args:
        scored: The scored clips.
        mask: bool (E,), clips to draw.
        title: Headline.
        path: The PNG.

    Returns:
        ``path``.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    order = _by_auroc(scored, mask)
    columns = min(5, len(order))
    lines = -(-len(order) // columns)
    figure = Figure(figsize=(2.6 * columns, 1.7 * lines + 0.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(lines, columns, squeeze=False, sharex=True).ravel()
    scores = scored.own(scored.success)
    for axis, (name, auroc) in zip(axes, order, strict=False):
        mine = mask & (scored.name == name)
        groups = {kind: scores[mine & (scored.kind == kind)] for kind in _COLOURS}
        axis.hist(
            list(groups.values()),
            bins=np.linspace(0, 1, 21).tolist(),
            stacked=True,
            color=list(_COLOURS.values()),
            label=list(groups),
        )
        axis.set_title(f"{name.split('/')[1]}  {auroc:.2f}", fontsize=8)
        axis.tick_params(labelsize=6)
    for axis in axes[len(order) :]:
        axis.set_visible(False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    figure.suptitle(f"{title}: success score, clips per bin; AUROC beside the task", fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    figure.savefig(part, format="png", dpi=110)
    os.replace(part, path)
    return path


def _by_auroc(scored: ScoredClips, mask: NDArray[np.bool_]) -> list[tuple[str, float]]:
    """Tasks with their AUROC, worst first, those without one last."""
    found = [(name, scored.task_scores(name, mask)) for name in scored.tasks(mask)]
    pairs = [(name, float("nan") if scores is None else task_auroc(scores)) for name, scores in found]
    return sorted(pairs, key=lambda pair: (np.isnan(pair[1]), pair[1]))


def _caption(scored: ScoredClips, clip: int) -> str:
    clips = scored.clips
    own = clips.label_names.index(str(scored.name[clip]))
    return (
        f"#{clip} {scored.name[clip]}  {str(scored.kind[clip]).upper()}  score {scored.own(scored.success)[clip]:.2f}  "
        f"source {clips.source[clip]}  scene {clips.scene[clip]}  seed {clips.seed[clip]}  "
        f"progress {clips.progress[clip, -1, own]:.2f}  steps {clips.length[clip]}"
    )
