"""Models to be run: ONNX files and torch modules, as functions from batches of pictures to scores."""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.errors import IpmixError, UsageError
from ipmix_cli.extras import imported
from ipmix_cli.scoring.evaluation.preprocessing import Preprocessing
from ipmix_cli.scoring.reading.record import EvaluatedModel
from ipmix_cli.storage.folder import sha256_of

PictureBatch = NDArray[np.uint8]

FLOATS: dict[str, Any] = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """Which model: an ONNX file, or ``module:function`` (or ``file.py:function``) that returns a torch module."""

    onnx: str = ""
    torch: str = ""
    threads: int = 1


class Model(Protocol):
    """A model that is loaded."""

    def scores(self, pictures: PictureBatch, preprocessing: Preprocessing) -> NDArray[np.float32]:
        """Return the output (N, C) for pictures (N, H, W, 3)."""
        ...


@functools.lru_cache(maxsize=1)
def load_model(spec: ModelSpec) -> Model:
    """Load a model, once in each process.

    Raises
    ------
    IpmixError
        If it, or what runs it, is not there.
    """
    return OnnxModel(spec) if spec.onnx else TorchModel(spec)


def describe_model(spec: ModelSpec) -> EvaluatedModel:
    """Return what is recorded of a model; loads a torch module to see its weights.

    Raises
    ------
    IpmixError
        As :func:`load_model`.
    """
    if spec.onnx:
        path = Path(spec.onnx)
        if not path.is_file():
            raise UsageError(f"there is no model {spec.onnx}", "name an ONNX file, or give --torch module:function")
        load_model(spec)  # so that what is wrong with it is said before workers start
        return EvaluatedModel(name=path.name, runtime="onnxruntime", digest=_onnx_digest(path))
    model = load_model(spec)
    assert isinstance(model, TorchModel)
    return EvaluatedModel(name=spec.torch, runtime="torch", digest=model.digest())


def _onnx_digest(path: Path) -> str:
    """Return the sha256 of an ONNX file; with external weights beside it (NAME.data), of both."""
    beside = path.with_name(path.name + ".data")
    parts = [sha256_of(path)] + ([sha256_of(beside)] if beside.is_file() else [])
    return parts[0] if len(parts) == 1 else hashlib.sha256("".join(parts).encode()).hexdigest()


def normalised(pictures: PictureBatch, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Return pictures as float32 (N, H, W, 3), from 0 to 1, less the mean, over the standard deviation."""
    mean = np.array(preprocessing.mean, dtype=np.float32)
    std = np.array(preprocessing.std, dtype=np.float32)
    values: NDArray[np.float32] = (pictures.astype(np.float32) / np.float32(255) - mean) / std
    return values


class OnnxModel:
    """An ONNX model in onnxruntime on the CPU.

    Its input is (N, 3, H, W), or (N, H, W, 3) if its last dimension is 3; of floats, or of uint8 that are not
    normalised. A fixed N is filled up. The output is its first one.
    """

    def __init__(self, spec: ModelSpec) -> None:
        onnxruntime = imported("onnxruntime", "onnx")
        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = spec.threads, 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(spec.onnx, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions share no base but this one
            raise IpmixError(f"{spec.onnx} is not a model that onnxruntime runs: {error}", "export it again") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4:
            shapes = ", ".join(f"{item.name} {item.shape}" for item in inputs)
            raise IpmixError(f"{spec.onnx} takes {shapes}", "export it with one input, a batch of pictures")
        self._name, self._shape, self._kind = inputs[0].name, inputs[0].shape, inputs[0].type
        self._where = spec.onnx
        self.channels_last = self._shape[3] in {1, 3} and self._shape[1] not in {1, 3}

    @property
    def takes_bytes(self) -> bool:
        """Whether it takes uint8, and normalises them itself."""
        return str(self._kind) == "tensor(uint8)"

    @property
    def side(self) -> tuple[int, int] | None:
        """The (H, W) that it takes, or None if it takes any."""
        height, width = self._shape[1:3] if self.channels_last else self._shape[2:4]
        return (height, width) if isinstance(height, int) and isinstance(width, int) else None

    def scores(self, pictures: PictureBatch, preprocessing: Preprocessing) -> NDArray[np.float32]:
        """Return the output (N, C) for pictures (N, H, W, 3)."""
        if self.side not in {None, pictures.shape[1:3]}:
            raise UsageError(
                f"{self._where} takes pictures of {self.side}, these are {pictures.shape[1:3]}",
                f"give --size {self.side[0] if self.side else ''}",
            )
        values: NDArray[Any] = pictures if self.takes_bytes else normalised(pictures, preprocessing)
        values = self._channels(values)
        if not self.takes_bytes:
            values = values.astype(FLOATS.get(self._kind, np.float32))
        fixed = self._shape[0] if isinstance(self._shape[0], int) else len(values)
        found = [self._run(values[start : start + fixed], fixed) for start in range(0, len(values), fixed)]
        return np.concatenate(found)

    def _channels(self, values: NDArray[Any]) -> NDArray[Any]:
        count = self._shape[3] if self.channels_last else self._shape[1]
        if count == 1:
            if (values != values[..., :1]).any():
                raise UsageError(
                    f"{self._where} takes grey pictures, these have colours", "use the test set that it was trained for"
                )
            values = values[..., :1]
        return np.ascontiguousarray(values if self.channels_last else values.transpose(0, 3, 1, 2))

    def _run(self, values: NDArray[Any], fixed: int) -> NDArray[np.float32]:
        count = len(values)
        if count < fixed:
            values = np.concatenate([values, np.zeros((fixed - count, *values.shape[1:]), values.dtype)])
        with _errors_of(self._where, "failed on a batch of pictures"):
            output = np.asarray(self._session.run(None, {self._name: values})[0])[:count]
        if output.ndim != 2 or len(output) != count or not output.shape[1]:
            raise IpmixError(
                f"{self._where} gives {output.shape} for {count} pictures",
                "export it with the output (N, classes) first",
            )
        return output.astype(np.float32)


class TorchModel:
    """A torch module in evaluation mode on the CPU; its input is (N, 3, H, W), normalised."""

    def __init__(self, spec: ModelSpec) -> None:
        torch = imported("torch", "torch")
        torch.set_num_threads(spec.threads)
        self.torch, self._where = torch, spec.torch
        with _errors_of(spec.torch, "returned no module"):
            self.module = _called(spec.torch)
        if not isinstance(self.module, torch.nn.Module):
            raise UsageError(f"{spec.torch} returns {type(self.module).__name__}", "return a torch.nn.Module")
        with _errors_of(spec.torch, "returned a module that cannot be run"):
            self.module.eval()
            for parameter in self.module.parameters():
                parameter.requires_grad_(False)

    def digest(self) -> str:
        """Return the sha256 of the names, shapes and values of all weights."""
        digest = hashlib.sha256(type(self.module).__name__.encode())
        for name, tensor in sorted(self.module.state_dict().items()):
            array = tensor.detach().cpu().contiguous().numpy()
            digest.update(f"\0{name}\0{array.dtype}\0{array.shape}\0".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()

    def scores(self, pictures: PictureBatch, preprocessing: Preprocessing) -> NDArray[np.float32]:
        """Return the output (N, C) for pictures (N, H, W, 3)."""
        values = normalised(pictures, preprocessing).transpose(0, 3, 1, 2)
        with self.torch.inference_mode():
            array: NDArray[np.float32] = self.output(self.torch.from_numpy(np.ascontiguousarray(values))).numpy()
        return array

    def output(self, values: Any) -> Any:
        """Return the module's output, a float tensor (N, C), for its input (N, 3, H, W).

        Raises
        ------
        IpmixError
            If the module fails, or returns anything else.
        """
        with _errors_of(self._where, "failed on a batch of pictures"):
            found = self.module(values)
        remedy = "return a dense tensor of real numbers (N, classes) from the module"
        if not isinstance(found, self.torch.Tensor):
            raise UsageError(f"{self._where} gives {type(found).__name__}", remedy)
        if found.layout != self.torch.strided or found.is_complex():
            raise UsageError(f"{self._where} gives {found.layout} of {found.dtype}", remedy)
        if found.ndim != 2 or len(found) != len(values) or not found.shape[1]:
            raise UsageError(f"{self._where} gives {tuple(found.shape)} for {len(values)} pictures", remedy)
        return found.float()


@contextmanager
def _errors_of(where: str, what: str) -> Iterator[None]:
    """Turn whatever a model's own code raises, which may be anything, into an error that names the model."""
    try:
        yield
    except IpmixError:
        raise
    except (Exception, SystemExit) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise IpmixError(
            f"{where} {what}: {reason}", "run the model alone in Python, and fix what it raises"
        ) from error


def _called(name: str) -> Any:
    """Call ``module:function``, or ``path/file.py:function``, and return what it returns."""
    place, _, function = name.rpartition(":")
    if not place or not function:
        raise UsageError(f"--torch {name!r}: expected module:function", "such as --torch mymodels.wrn:make")
    try:
        if place.endswith(".py"):
            spec = importlib.util.spec_from_file_location(Path(place).stem, place)
            if spec is None or spec.loader is None or not Path(place).is_file():
                raise UsageError(f"there is no file {place}", "name a Python file, or a module")
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            sys.path.insert(0, str(Path(place).parent))  # as `python file.py` does
            spec.loader.exec_module(module)
        else:
            sys.path.insert(0, "")  # as `python -m` does
            module = importlib.import_module(place)
    except ImportError as error:
        raise UsageError(f"cannot import {place}: {error}", "run the command from the module's folder") from error
    if not callable(getattr(module, function, None)):
        raise UsageError(f"{place} has no function {function!r}", "name one that returns the module")
    return getattr(module, function)()
