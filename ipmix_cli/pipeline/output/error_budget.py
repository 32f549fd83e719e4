"""How many pictures may be left out, and the error where there are more."""

from __future__ import annotations

from collections.abc import Iterable

from ipmix_cli.errors import ErrorBudgetError
from ipmix_cli.pipeline.job import Execution, Job
from ipmix_cli.pipeline.output.manifest import Failure


def check_failures(failures: Iterable[Failure], job: Job, max_errors: str, root: str = "") -> None:
    """Stop where more pictures have failed than the user allows, or all of them; or one that others are mixed with.

    `root` is the folder that the pictures' names start from.

    Raises
    ------
    ErrorBudgetError
        Naming the first of them.
    """
    by_index = {failure.source_index: failure for failure in failures}
    budget = Execution(max_errors=max_errors).error_budget(job.pictures)
    if not by_index:
        return
    first = by_index[min(by_index)]
    if job.transform.mixes_labels and job.output.store == "plans":
        raise ErrorBudgetError(
            f"readers mix pictures with any others of the data set, and {len(by_index)} could not be read; "
            f"the first is {_full_path(root, first.source_key)}: {first.reason}",
            "repair it or take it out of the source, or leave out --store plans",
        )
    if len(by_index) > budget:
        raise ErrorBudgetError(
            f"{len(by_index)} pictures could not be read, and {budget} may be left out; "
            f"the first is {_full_path(root, first.source_key)}: {first.reason}",
            f"repair it, or leave such pictures out with --max-errors {len(by_index)} (or a percentage, such as 1%)",
        )
    if len(by_index) == job.pictures:
        raise ErrorBudgetError(
            f"none of the {job.pictures} pictures could be read, so there is no data set; "
            f"the first is {_full_path(root, first.source_key)}: {first.reason}",
            "check --in, and --data-dir for a list of paths",
        )


def _full_path(root: str, key: str) -> str:
    return f"{root.rstrip('/')}/{key}" if root else key
