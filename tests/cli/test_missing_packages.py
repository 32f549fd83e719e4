"""Whatever needs a package that is not installed ends with one exit code, and with the line to type."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CASES = {
    "a Parquet source": ("pyarrow", "parquet", "augment --in list.parquet --out out"),
    "predictions in Parquet": ("pyarrow", "parquet", "score list.parquet --labels labels.csv"),
    "an ONNX model": ("onnxruntime", "onnx", "evaluate model.onnx --normalise none --in demo --out out"),
    "a torch model": ("torch", "torch", "evaluate --normalise none --torch model.py:make --in demo --out out"),
    "Dask": ("distributed", "dask", "augment --in demo --method cutout --limit 2 --backend dask --out out"),
    "Ray": ("ray", "ray", "augment --in demo --method cutout --limit 2 --backend ray --out out"),
    "an object store": ("s3fs", "s3", "validate s3://bucket/shards"),
}
RUN = "import sys; sys.modules[sys.argv.pop(1)] = None; from ipmix_cli.cli.app import main; main()"


@pytest.mark.parametrize(("package", "extra", "command"), CASES.values(), ids=CASES)
def test_a_missing_package_ends_the_command_with_1_and_the_line_to_type(package, extra, command, tmp_path: Path):
    for name in ("list.parquet", "model.onnx", "model.py"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "labels.csv").write_text("key,label\n00000000,0\n")
    words = [sys.executable, "-c", RUN, package, *command.split()]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert f'type: pip install "ipmix-cli[{extra}]"' in done.stderr
    assert "Traceback" not in done.stderr
