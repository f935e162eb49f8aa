"""Which cells a benchmark has, under which names, and what they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.cells import Job, Setup, identity
from benchmarks.data import SOURCES, fingerprint
from benchmarks.methods import TRAINING, is_recipe, training_cell, training_data, training_id, weights
from benchmarks.tables import find_table

__all__ = ["make_plan", "needed_sources"]


def needed_sources(tables: Sequence[str], setup: Setup) -> list[str]:
    """List the data that some tables read, those of their trainings included."""
    found: set[str] = set()
    for name in tables:
        table = find_table(name)
        methods = {cell.method for cell in table.cells(setup.preset)}
        found.update(table.DATA if methods else ())
        trained = [method for method in methods if is_recipe(method)]
        found.update(source for method in trained for source in training_data(method))
        if not trained and any(":" in method and not method.startswith("entry:") for method in methods):
            found.add("validation-scenes")  # baselines without training are calibrated there
    return [source for source in SOURCES if source in found]


def make_plan(tables: Iterable[str], setup: Setup) -> list[Job]:
    """Name all cells; trainings come first.

    Args:
        tables: Their names.
        setup: Where the data lie: their fingerprints are part of the names.

    Returns:
        The cells, no two with one name.
    """
    trainings: dict[str, Job] = {}
    jobs: dict[str, Job] = {}
    training = find_table(TRAINING)
    for name in tables:
        table = find_table(name)
        data = [fingerprint(setup, source) for source in table.DATA]
        for cell in table.cells(setup.preset):
            told, model_id = weights(cell.method, setup.preset), ""
            if is_recipe(cell.method):
                model_id = told = training_id(cell.method, cell.seed, setup)
                needed = training_cell(cell.method, cell.seed)
                trainings[model_id] = Job(model_id, needed, training.seconds(needed, setup.preset))
            key = identity(cell, table.VERSION, table.config(cell, setup.preset), data, told)
            jobs[key] = Job(key, cell, table.seconds(cell, setup.preset), model_id)
    return [*trainings.values(), *jobs.values()]
