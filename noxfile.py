"""What developers and CI run: `nox` for everything, `nox -s NAME` for one session, `nox -l` for a list."""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests", "docs"]
nox.options.default_venv_backend = "venv"

LOWEST = Path("tests/lowest-versions.txt")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types, and which package imports which."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; what follows `--` goes to pytest."""
    session.install("torch")
    session.install("-e", ".[dev]")
    session.run("python", "-m", "pytest", *(session.posargs or ["-n", "auto", "--dist", "worksteal", "--strict-skips"]))


@nox.session(python="3.10")
def lowest(session: nox.Session) -> None:
    """Run the tests with the lowest supported version of each dependency."""
    session.install("-c", str(LOWEST), "-e", ".", "-r", "tests/lowest-requirements.txt")
    session.run("python", "-m", "pytest", *(session.posargs or ["-n", "auto", "--dist", "worksteal"]))


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the tests and show which lines none of them reaches; `coverage/index.html` has the details."""
    session.install("torch")
    session.install("-e", ".[dev]")
    session.run("python", "-m", "pytest", "-n", "auto", "--cov", "--cov-report=term", "--cov-report=html:coverage")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation site; a broken link fails."""
    session.install("-e", ".[docs]")
    session.run("mkdocs", "build", "--strict", "--site-dir", "site", *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """Build the sdist and the wheel, install the wheel from nothing, and make a data set with it."""
    session.install("build")
    session.run("python", "-m", "build", "--outdir", session.create_tmp())
    wheel = next(Path(session.create_tmp()).glob("*.whl"))
    session.install("--force-reinstall", str(wheel))
    out = str(Path(session.create_tmp()) / "shards")
    session.run("ipmix", "augment", "--in", "demo", "--limit", "16", "--overwrite", "--out", out)
    session.run("ipmix", "validate", out)
