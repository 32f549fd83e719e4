"""Fill the table of the papers for a model of your own, on a CPU, from shards to scores: CIFAR-10 in some minutes.

    python examples/robustness.py --data-dir data --work robustness

It makes shards of IPMix copies; trains one small network on clean pictures and one on the shards with the consistency
loss; exports both to ONNX; corrupts test pictures in 15 ways at 5 severities; runs both networks over clean, corrupted,
attacked and anomalous pictures; and scores them side by side. Every step is a command that you may type yourself, and
is shown. Steps that are done are not done again, so that the script may be stopped and run again.

The networks and the training are those of a demonstration: a few thousand pictures and few epochs. The order of the two
models is what to look at, not their errors.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader
from train_torch import CONSISTENCY_WEIGHT, CropAndFlip, as_input, loss_of, network

from ipmix_cli.reader import ShardDataset

MODELS = {"vanilla": False, "ipmix": True}  # whether it is trained on copies, with the consistency loss
WORK = "ROBUSTNESS_WORK"  # the variable that tells the functions below where the weights are
BATCH = 128


def vanilla() -> nn.Module:
    """Return the network trained on clean pictures; `ipmix evaluate --torch` calls it."""
    return loaded(Path(os.environ[WORK]) / "vanilla.pt")


def ipmix() -> nn.Module:
    """Return the network trained on copies; `ipmix evaluate --torch` calls it."""
    return loaded(Path(os.environ[WORK]) / "ipmix.pt")


def loaded(path: Path) -> nn.Module:
    weights = torch.load(path, weights_only=True)
    model = network(len(list(weights.values())[-1]))  # the last one is the bias of the classes
    model.load_state_dict(weights)
    return model.eval()


def train(shards: Path, on_copies: bool, options: argparse.Namespace) -> nn.Module:
    torch.manual_seed(options.seed)
    data = ShardDataset(shards, view="triplet", seed=options.seed, transform=CropAndFlip())
    model = network(len(data.class_names))
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    loader = DataLoader(data, BATCH, shuffle=True, drop_last=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.1, options.epochs * len(loader))
    for epoch in range(options.epochs):
        data.set_epoch(epoch)
        total = 0.0
        for triplets, labels in loader:
            loss = loss_on(model, triplets, labels, on_copies)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"  epoch {epoch + 1} of {options.epochs}: loss {total / len(loader):.3f}", flush=True)
    return model.eval()


def loss_on(model: nn.Module, triplets: Tensor, labels: Tensor, on_copies: bool) -> Tensor:
    if on_copies:
        return loss_of(model, triplets, labels, CONSISTENCY_WEIGHT)
    return functional.cross_entropy(model(as_input(triplets[:, 0])), labels)


def export(model: nn.Module, path: Path) -> None:
    """Write an ONNX file with the input (N, 3, 32, 32), normalised to -1..1, and logits (N, classes) as output."""
    torch.onnx.export(
        model,
        (torch.zeros(2, 3, 32, 32),),
        str(path),
        input_names=["pictures"],
        output_names=["logits"],
        dynamic_axes={"pictures": {0: "n"}, "logits": {0: "n"}},
        dynamo=False,
    )


def run(*words: object) -> None:
    """Show a command of ipmix, and run it."""
    command = ["ipmix", *map(str, words)]
    print("$", shlex.join(command), flush=True)
    subprocess.run([sys.executable, "-m", "ipmix_cli", *command[1:]], check=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="cifar10", help="a source with a train and a test split, 32 px")
    parser.add_argument("--data-dir", default="data", help="where it is")
    parser.add_argument("--work", type=Path, default=Path("robustness"), help="where everything is written to")
    parser.add_argument("--train", type=int, default=10_000, help="pictures to train on")
    parser.add_argument("--test", type=int, default=1_000, help="pictures to test on, in 75 corrupted variants each")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--threads", type=int, default=0, help="of the training; 0: as torch chooses")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    options = parsed()
    work: Path = options.work
    os.environ[WORK] = str(work)
    if options.threads:
        torch.set_num_threads(options.threads)
    source = ("--in", options.data, "--data-dir", options.data_dir)
    run("augment", *source, "--limit", options.train, "--copies", 4, "--out", work / "shards")
    for name, on_copies in MODELS.items():
        if not (work / f"{name}.pt").is_file():
            print(f"training {name}", flush=True)
            model = train(work / "shards", on_copies, options)
            export(model, work / f"{name}.onnx")
            torch.save(model.state_dict(), work / f"{name}.pt")
    run("corrupt", *source, "--limit", options.test, "--out", work / "test-c")
    for name in MODELS:
        model_file, out = work / f"{name}.onnx", work / name
        normalise = ("--normalise", "half", "--out", out)
        run("evaluate", model_file, "--data", work / "test-c", *normalise)
        run("evaluate", model_file, "--data", "demo", "--size", 32, "--as", "anomalies", "--name", "shapes", *normalise)
        run("evaluate", "--torch", f"{__file__}:{name}", "--data", work / "test-c", "--attack", "pgd", *normalise)
    run("score", work / "vanilla", work / "ipmix", "--baseline", work / "vanilla", "--html", work / "scores.html")


if __name__ == "__main__":
    main()
