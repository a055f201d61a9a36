"""Which rings of tests run: `system` and `soak` only where they were asked for."""

from __future__ import annotations

import os

import hypothesis
import pytest

SYSTEM = os.environ.get("FLEMMA_SYSTEM") == "1"
SOAK = os.environ.get("FLEMMA_SOAK") == "1"

# No deadline: the machines that run this share their cores.
hypothesis.settings.register_profile("short", deadline=None)
hypothesis.settings.register_profile("soak", deadline=None, max_examples=5000)
hypothesis.settings.load_profile("soak" if SOAK else "short")


@pytest.fixture
def soak() -> bool:
    """Whether full counts are wanted (`make soak`)."""
    return SOAK


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("system") and not SYSTEM:
            item.add_marker(pytest.mark.skip(reason="needs programs of Debian or npm: make test-system"))
    left_out = [item for item in items if item.get_closest_marker("soak") and not SOAK]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
