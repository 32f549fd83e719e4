"""A recorded job as options: what makes a data set again, and whether its source and bank are the same."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

from ipmix_cli.crop import CropConfig
from ipmix_cli.errors import SourceError, UsageError
from ipmix_cli.methods import DEFAULT_METHOD, METHODS
from ipmix_cli.pipeline.job import Job, MixingRecord, SourceRecord
from ipmix_cli.pipeline.output.manifest import Manifest
from ipmix_cli.pipeline.output.state import JobState
from ipmix_cli.record import record_of
from ipmix_cli.shards.shard import ShardSettings
from ipmix_cli.sources.source import SourceSpec

PRESET_COMMAND = "augment"  # the command with an option --preset
FORMATS_AS_LAYOUTS = ("npy", "folders")  # of output, which are layouts on the command line


def options_of(manifest: Manifest | JobState) -> dict[str, Any]:
    """Return the options of `ipmix augment` that make a data set again, every number given; all but ``out``.

    The keys are the options' own names with underscores; lists stand for names with commas between. The settings of
    another method than IPMix are a dict under its name. An option that was not given is left out.
    """
    job, transform = manifest.job, manifest.job.transform
    source = dict(manifest.places.source)
    source.pop("more", None)  # extension_of names them
    options = {"in": source.pop("input"), **source, transform.mixing_option: manifest.places.fractals or None}
    options |= {"limit": job.limit, "size": job.crop.size, "crop": job.crop.mode, "crops": job.crop.crops}
    options |= {} if job.crop.flip is None else {"flip": job.crop.flip}
    settings = transform.options(job.augment)
    plain = job.method == DEFAULT_METHOD or job.method not in METHODS
    options |= settings if plain else {"method": job.method, job.method: settings}
    output = record_of(job.output)
    for name in ("mixed", "soft_labels", "annotations", "names"):  # they follow from method, source and recorded job
        output.pop(name, None)
    if output.pop("variants", None):
        del output["copies"], options["crops"]  # they follow from the settings
    options |= {"no_clean": not output.pop("clean")} | output
    if job.output.format in FORMATS_AS_LAYOUTS and options["no_clean"]:  # as ipmix corrupt has it
        options["layout"] = options.pop("format")
        del options["no_clean"]
    options |= {"seed": job.seed, "samples_per_shard": job.samples_per_shard}
    return {name: value for name, value in options.items() if value is not None}


def command_of(manifest: Manifest | JobState, out: str = "OUT") -> str:
    """Return the shortest `ipmix augment` command that makes a data set again: no option that has its default."""
    job, options = manifest.job, options_of(manifest) | {"out": out}
    own = options.pop(job.method, {}) if job.method in METHODS else {}
    options |= {name: value for name, value in own.items() if value is not None}
    preset = _nearest_preset(job) if job.transform.command == PRESET_COMMAND else ""
    nearest = job.transform.presets[preset] if preset else job.transform.settings_for("auto", job.size, {})
    defaults = {
        **_defaults(SourceSpec),
        **_defaults(ShardSettings),
        **job.transform.options(nearest),
        "sequences": False,
        "split": job.transform.split,
        "fractals": "builtin",
        "no_clean": False,
        "crops": CropConfig.crops,
        "crop": "none" if options.get("size") is None else "center",  # what --size alone means
    }
    given = {name: value for name, value in options.items() if defaults.get(name, ...) != value}
    first = {name: given.pop(name) for name in ("in", "data_dir", "split", "method") if name in given}
    chosen = {"preset": preset} if preset else {}
    words = [word for name, value in (first | chosen | given).items() for word in _words(name, value)]
    return shlex.join(["ipmix", job.transform.command, *words])


def extension_of(manifest: Manifest | JobState, out: str = "OUT") -> str:
    """Return the `ipmix extend` command that added the last source; empty if none was added."""
    more = manifest.places.source.get("more", ())
    if not manifest.job.segments or not more:
        return ""
    last = dict(more[-1])
    options = {"in": last.pop("input"), **last}
    given = {name: value for name, value in options.items() if _defaults(SourceSpec).get(name, ...) != value}
    words = [word for name, value in given.items() for word in _words(name, value)]
    return shlex.join(["ipmix", "extend", out, *words])


def filling_command(there: JobState, out: str) -> str:
    """Return the command that makes what is missing in an unfinished folder, without the options of array tasks."""
    return extension_of(there, out) or command_of(there, out)


def _nearest_preset(job: Job) -> str:
    """Return the preset from which the fewest numbers differ; empty for a method without presets."""
    numbers = job.augment.to_dict().items()
    presets = {name: preset.to_dict() for name, preset in job.transform.presets.items()}
    return min(presets, key=lambda name: sum(presets[name].get(key) != value for key, value in numbers), default="")


def _defaults(kind: Any) -> dict[str, Any]:
    return {field.name: field.default for field in dataclasses.fields(kind)}


def _words(name: str, value: Any) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [option if value else f"--no-{name.replace('_', '-')}"]
    return [option, ",".join(map(str, value)) if isinstance(value, list) else str(value)]


def check_source(recorded: Job, found: SourceRecord) -> None:
    """Refuse another source than the recorded one, or an ipmix that draws other plans.

    Raises
    ------
    UsageError, SourceError
        Saying what differs.
    """
    drawn = recorded.drawn_version
    if recorded.plan_version != drawn:
        raise UsageError(
            f"the record is of plan version {recorded.plan_version}, this ipmix draws plan version {drawn}",
            "install the version of ipmix-cli that the manifest names as its tool",
        )
    if found.digest != recorded.source.digest:
        raise SourceError(
            "the source is not the recorded one: " + _differences(recorded.source, found),
            "name the right one with --in (and --data-dir); for another source write a job.toml with --save-config",
        )


def check_mixing(recorded: Job, found: MixingRecord) -> None:
    """Refuse other mixing pictures than the recorded ones.

    Raises
    ------
    SourceError
        Saying what differs.
    """
    if found.digest != recorded.mixing.digest:
        raise SourceError(
            "the mixing pictures are not the recorded ones: " + _differences(recorded.mixing, found),
            "name the right bank with --fractals; for another bank write a job.toml with --save-config",
        )


def _differences(recorded: SourceRecord | MixingRecord, found: SourceRecord | MixingRecord) -> str:
    """Return in words what two records differ in; of digests, the beginnings."""
    before, now = dataclasses.asdict(recorded), dataclasses.asdict(found)
    return "; ".join(
        f"{name} is {_short(now[name])}, recorded was {_short(before[name])}"
        for name in before
        if before[name] != now[name]
    )


def _short(value: Any) -> str:
    text = str(value)
    return f"{text[:12]}.." if len(text) == 64 else text
