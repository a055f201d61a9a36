"""Which rings of tests run: `system` and `soak` only where they were asked for."""

from __future__ import annotations

import os
import zlib

import hypothesis
import pytest

SYSTEM = os.environ.get("FLEMMA_SYSTEM") == "1"
SOAK = os.environ.get("FLEMMA_SOAK") == "1"

# No deadline: the machines that run this share their cores.
hypothesis.settings.register_profile("short", deadline=None, max_examples=50)
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
    left_out = {id(item) for item in items if not SOAK and (item.get_closest_marker("soak") or not is_in_sample(item))}
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if id(item) in left_out])
        items[:] = [item for item in items if id(item) not in left_out]


def is_in_sample(item: pytest.Item) -> bool:
    """Of a test with very many cases some will do in short: by the sum of their names, so always the same ones. A test
    that has only one is always run."""
    marker = item.get_closest_marker("sampled")
    name, bracket, case = item.name.partition("[")
    return marker is None or not bracket or zlib.crc32(f"{name}{case}".encode()) % int(marker.args[0]) == 0
