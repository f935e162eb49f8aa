"""What the tests of models and of training share: the tiny backbone, by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tiny_backbone import ENTRY, TINY


@pytest.fixture(scope="session")
def tiny_backbone() -> Iterator[str]:
    """Register the tiny backbone; gives its name."""
    from a2r_gym.models.backbones import BACKBONES

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BACKBONES, TINY, ENTRY)
        yield TINY
