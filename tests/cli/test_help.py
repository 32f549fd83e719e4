"""Help pages, suggestions, completion, and how quickly they come."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys

import pytest

from ipmix_cli.cli.group import COMMANDS
from ipmix_cli.cli.help_panels import fitted
from ipmix_cli.cli.option_values import VALUES
from ipmix_cli.cli.table_names import table_names

HEAVY = ("numpy", "numba", "h5py", "cv2", "PIL", "joblib")
SHELLS = {
    "bash": {"COMP_WORDS": "{}", "COMP_CWORD": "{count}", "_IPMIX_COMPLETE": "complete_bash"},
    "zsh": {"_TYPER_COMPLETE_ARGS": "{}", "_IPMIX_COMPLETE": "complete_zsh"},
    "fish": {
        "_TYPER_COMPLETE_ARGS": "{}",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_IPMIX_COMPLETE": "complete_fish",
    },
}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_whole_page(ipmix, command):
    page = ipmix(command, "--help").stdout
    examples = page.partition("Examples:")[2].partition("Exit codes:")[0]
    assert examples.count(f"ipmix {command}") >= 2
    assert "Exit codes: 0 done;" in page
    assert "{names}" not in page
    assert "\\[" not in page


def test_groups_stand_in_the_order_of_the_work(ipmix):
    page = ipmix("augment", "--help").stdout
    groups = ["What goes in", "Sizes and crops, before the method", "Copies", "IPMix", "What comes out", "Running"]
    places = [page.index(f"─ {group} ─") for group in groups]
    assert places == sorted(places)


def test_options_have_ranges_and_defaults(ipmix):
    page = " ".join(ipmix("augment", "--help").stdout.replace("│", " ").split())
    for text in ("default: 4", "1<=x<=1000", "0 to 2**63 - 1", "cifar: 3, imagenet: 1", "default: hdf5"):
        assert text in page


def test_names_read_from_the_source_of_a_table_are_those_that_it_has():
    for places in VALUES.values():
        for place in (places,) if isinstance(places, str) else places:
            if ":" in place:
                module, _, name = place.partition(":")
                assert table_names(place) == list(getattr(importlib.import_module(module), name))


def test_a_new_entry_of_a_table_is_in_the_help_at_once(ipmix):
    page = ipmix("augment", "--help").stdout
    for place in ("shards.writers:WRITERS", "sources.readers:READERS", "pipeline.backends.table:BACKENDS"):
        assert all(name in page for name in table_names(f"ipmix_cli.{place}"))


@pytest.mark.parametrize("words", [["--help"], ["augment", "--help"], ["generate-fractals", "--help"]])
def test_help_imports_nothing_heavy(words):
    code = f"import sys; sys.argv[1:] = {words}; from ipmix_cli.cli.group import app\n"
    code += "try: app()\nexcept SystemExit: pass\n"
    code += f"print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [
        (["augmnt"], "'augment'"),
        (["augment", "--copie", "3"], "--copies"),
        (["augment", "--method", "mixup", "--lenght", "8"], "'--length'? It is an option of --method cutout"),
        (["augment", "--method", "prime", "--severity", "3"], "an option of --method ipmix, augmix, pixmix"),
        (["augment", "--method", "cutout", "--soft-label"], "It is an option of --method mixup, cutmix"),
        (["augment", "--in", "demo", "--out", "OUT", "--preset", "cifr"], "'cifar'"),
        (["augment", "--in", "demo", "--out", "OUT", "--encoding", "pgn"], "'png'"),
        (["augment", "--in", "demo", "--out", "OUT", "--format", "hdf"], "'hdf5'"),
        (["augment", "--in", "demo", "--out", "OUT", "--operations", "rotat"], "'rotate'"),
        (["generate-fractals", "--out", "OUT", "--family", "flam"], "'flame'"),
        (["generate-fractals", "--out", "OUT", "--mix", "flam=1"], "'flame'"),
    ],
)
def test_misspelt_names_get_a_suggestion(ipmix, tmp_path, words, suggestion):
    done = ipmix(*[str(tmp_path / "out") if word == "OUT" else word for word in words], check=False)
    assert done.returncode == 2
    assert suggestion in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("typed", "completed"), [("ipmix aug", "augment"), ("ipmix augment --cop", "--copies")])
@pytest.mark.parametrize("shell", SHELLS)
def test_shells_complete_commands_and_options(monkeypatch, shell, typed, completed):
    for name, value in SHELLS[shell].items():
        monkeypatch.setenv(name, value.format(typed, count=len(typed.split()) - 1))
    code = "import sys; sys.argv = ['ipmix']; from ipmix_cli.cli.group import app; app()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert completed in done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_can_be_shown(shell):
    detect = f"import sys, shellingham; shellingham.detect_shell = lambda *a: ({shell!r}, {shell!r})"
    code = f"{detect}\nfrom ipmix_cli.cli.group import app; app(['--show-completion'], prog_name='ipmix')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "_IPMIX_COMPLETE" in done.stdout


def test_without_a_terminal_there_are_no_colours_and_no_bars(ipmix, bank, tmp_path):
    words = ("augment", "--jobs", 1, "--in", "demo", "--limit", 10, "--fractals", bank, "--out", tmp_path / "shards")
    done = ipmix(*words)
    assert not re.search(r"[\x1b\r]", done.stdout + done.stderr)
    assert ipmix(*words, "-q").stderr == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_values_have_short_names(ipmix, command):
    page = ipmix(command, "--help").stdout
    assert not re.search(r"<\w+( range|\[\w+\])?>", page)
    assert not re.search(r"[{}]|\[\[", page.strip().splitlines()[0])


@pytest.mark.parametrize(
    ("words", "some"),
    [
        ("augment --format ", {"hdf5", "webdataset"}),
        ("augment --in ", {"cifar10", "demo"}),
        ("augment --preset ", {"auto", "cifar", "imagenet"}),
        ("augment --method pixmix --preset c", {"cifar", "cifar-all-ops"}),
        ("augment --method prime --operators colour,", {"colour,filter"}),
        ("corrupt --layout ", {"shards", "npy", "folders"}),
        ("corrupt --set fog,s", {"fog,snow", "fog,saturate"}),
        ("generate-fractals --family ifs fl", {"flame"}),
        ("index shards --kind ", {"wids", "dali"}),
        ("augment --method ", {"ipmix"}),
        ("augment --operations rotate,so", {"rotate,solarize"}),
        ("generate-fractals --family ju", {"julia"}),
        ("generate-fractals --format ", {"hdf5", "png"}),
        ("validate --level ", {"quick", "full"}),
    ],
)
def test_a_shell_completes_the_names_of_the_tables(words, some):
    typed = f"ipmix {words}"
    environment = {
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split(" ")) - 1),
        "_IPMIX_COMPLETE": "complete_bash",
    }
    command = [sys.executable, "-c", "from ipmix_cli.cli.group import app; app(prog_name='ipmix')"]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    assert some <= set(done.stdout.split())


def test_a_shell_that_completes_a_line_with_an_error_is_told_nothing():
    typed = "ipmix augment --method prim --preset "
    environment = {"COMP_WORDS": typed, "COMP_CWORD": "5", "_IPMIX_COMPLETE": "complete_bash"}
    command = [sys.executable, "-m", "ipmix_cli"]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_fits_sixty_columns(ipmix, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "60")
    page = ipmix(command, "--help").stdout
    assert max(len(line) for line in page.splitlines()) <= 60


def test_examples_can_be_pasted_where_they_are_broken():
    line = "  ipmix augment --in photos/ --size 224 --format webdataset --encoding jpeg -q"
    typed = subprocess.run(
        ["/bin/sh", "-c", f"ipmix() {{ echo $*; }}\n{fitted(line, 40)}"], capture_output=True, text=True, check=True
    )
    assert typed.stdout.split() == line.split()[1:]


@pytest.mark.parametrize(
    ("words", "error", "remedy"),
    [
        ("augment --copies 0 --in demo --out x", "--copies", "give --copies a whole number from 1 to 10000"),
        ("augment --copies many --in demo --out x", "--copies", "give --copies a whole number from 1 to 10000"),
        ("augment --beta high --in demo --out x", "--beta", "give --beta a number"),
        ("warm-up --jobs 0", "--jobs", "give --jobs a whole number of at least 1"),
        ("augment --in demo", "ipmix augment needs --out", "see ipmix augment --help"),
        ("validate", "ipmix validate needs DIR", "see ipmix validate --help"),
        ("validate one two", "(two)", "see ipmix validate --help"),
        ("augment --in", "--in needs a value", "--help"),
        ("augment -z", "ipmix augment has no option -z", "see ipmix augment --help"),
        ("--loud", "ipmix has no option --loud", "see ipmix --help"),
    ],
)
def test_a_wrong_command_line_is_told_as_any_other_error(ipmix, words, error, remedy):
    done = ipmix(*words.split(), check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first.startswith("ipmix: error: ")
    assert error in first
    assert second.startswith("ipmix: what to do: ")
    assert remedy in second


def test_the_program_alone_shows_its_page(ipmix):
    done = ipmix(check=False)
    assert "Commands" in done.stdout
    assert "Exit codes: 0 done;" in done.stdout
    assert done.stderr == ""


def test_quiet_runs_print_nothing(ipmix, bank, tmp_path):
    out = tmp_path / "shards"
    for words in (
        ("augment", "--in", "demo", "--limit", 4, "--fractals", bank, "--out", out),
        ("validate", out),
        ("repair", out),
        ("generate-fractals", "--family", "plasma", "--count", 2, "--size", 32, "--out", tmp_path / "bank.h5"),
    ):
        done = ipmix(*words, "--jobs", 1, "-q")
        assert done.stdout + done.stderr == ""
    next(out.glob("*.h5")).unlink()
    done = ipmix("validate", out, "--jobs", 1, "-q", check=False)
    assert done.returncode == 4
    assert done.stdout.endswith("FAIL: 1 problem\n")
