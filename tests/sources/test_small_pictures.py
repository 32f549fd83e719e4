"""Pictures with a side of one pixel are left out by name, as those that cannot be read."""

from __future__ import annotations

import numpy as np
import pytest

from ipmix_cli.crop import CropConfig
from ipmix_cli.pipeline.run.worker import too_small
from ipmix_cli.sources.source import Sample


class Job:
    """A job, as far as sizes matter."""

    def __init__(self, crop):
        self.crop = crop


@pytest.mark.parametrize(("height", "width", "told"), [(1, 1, "1x1"), (1, 60, "60x1"), (2, 2, "")])
def test_a_side_of_one_pixel_is_too_small_unless_it_is_resized(height, width, told):
    sample = Sample(0, "a", np.zeros((height, width, 3), np.uint8), 0)
    assert too_small(sample, Job(CropConfig())).startswith(told)
    assert bool(too_small(sample, Job(CropConfig()))) == bool(told)
    assert not too_small(sample, Job(CropConfig(mode="resize", size=32)))
