"""Run what is missing of the study, then write its table: ``python -m benchmarks.study --data DIR --work DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks.study.arms import chosen
from benchmarks.study.profiles import PROFILES
from benchmarks.study.run import Study, run
from benchmarks.study.table import write_tables


def main() -> None:
    """Make the runs that are asked for and not there yet, seed by seed, and write the table of all there are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.study", description=__doc__)
    parser.add_argument("--profile", choices=PROFILES, default="small")
    parser.add_argument("--data", type=Path, required=True, help="where CIFAR-10 lies, or is downloaded to")
    parser.add_argument("--work", type=Path, required=True, help="a folder for shards, weights and predictions")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--arms", nargs="*", default=[], help="some arms by name; all by default")
    parser.add_argument("--photographs", type=Path, help="a folder of photographs, for the arm that mixes with them")
    parser.add_argument("--jobs", type=int, default=1, help="processes and threads")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="where it is trained")
    given = parser.parse_args()
    torch.set_num_threads(given.jobs)
    photographs = given.photographs.resolve() if given.photographs else None
    study = Study(given.profile, given.data.resolve(), given.work.resolve(), photographs, given.jobs, given.device)
    for seed in given.seeds:
        for arm in chosen(given.arms):
            run(study, arm, seed)
            print(study.result(arm, seed))
    write_tables(given.profile)


if __name__ == "__main__":
    main()
