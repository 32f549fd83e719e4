"""The kernels of all families are compiled side by side, before the first picture of a bank is drawn."""

import importlib
import pkgutil

import fractals
from fractals.mixes import MIXES
from ipmix_cli.pipeline.banks.drawing import warm_family

ELSEWHERE = {
    "fractals.plasma.resampled",  # at sides that are no powers of two, which built-in banks do not have
    "fractals.elementary.atan2",  # within other kernels
}


def test_no_kernel_of_the_usual_mix_is_left_to_be_compiled_while_a_bank_is_drawn():
    for name in MIXES["default"]:
        warm_family(name)
    waiting = []
    for module in pkgutil.iter_modules(fractals.__path__, "fractals."):
        for name, value in vars(importlib.import_module(module.name)).items():
            called_by_python = hasattr(value, "signatures") and not value.targetoptions.get("no_cpython_wrapper")
            if called_by_python and value.py_func.__module__ == module.name and not value.signatures:
                waiting.append(f"{module.name}.{name}")
    assert set(waiting) <= ELSEWHERE
