"""``ipmix evaluate``: a model and a data set in, predictions out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ipmix_cli.cli.execution_options import (
    RUNNING,
    AddressOption,
    BackendOption,
    JsonOption,
    QuietOption,
    SchedulerOption,
    TaskCountOption,
    TaskIndexOption,
)
from ipmix_cli.cli.source_options import PANEL as DATA
from ipmix_cli.cli.source_options import (
    AlphaOption,
    ClassesFromOption,
    DataDirOption,
    EmptyClassesOption,
    ImagesKeyOption,
    InputFormatOption,
    LabelFieldOption,
    LabelsAsOption,
    LabelsKeyOption,
    LabelsStartOption,
    MaxPicturePixelsOption,
    SplitFolderOption,
    spec_of,
)

if TYPE_CHECKING:
    from ipmix_cli.scoring.evaluation.attack import Attack
    from ipmix_cli.scoring.evaluation.data import EvaluationData
    from ipmix_cli.scoring.evaluation.models import ModelSpec
    from ipmix_cli.scoring.evaluation.preprocessing import Preprocessing
    from ipmix_cli.scoring.evaluation.run import Evaluated
    from ipmix_cli.scoring.reading.record import EvaluatedModel, EvaluationJob

INPUT = "How a picture becomes input"
MEANT = "What the predictions are for"
ATTACK = "Attacks"
OUTPUT = "What comes out"


def evaluate(
    model: Annotated[
        str, typer.Argument(metavar="[MODEL.onnx]", help="An ONNX file; or give --torch.", show_default=False)
    ] = "",
    data: Annotated[
        str,
        typer.Option(
            "--data",
            "--in",
            help="A data set made by ipmix, arrays like CIFAR-10-C's or -P's, folders like ImageNet-C's, or any "
            "source of "
            "`ipmix augment`.",
            rich_help_panel=DATA,
        ),
    ] = "",
    torch: Annotated[
        str,
        typer.Option(
            help="module:function or file.py:function that returns a torch module with its weights loaded.",
            rich_help_panel=DATA,
        ),
    ] = "",
    data_dir: DataDirOption = None,
    input_format: InputFormatOption = None,
    split: Annotated[
        str, typer.Option(help="train or test, for sources that have both.", rich_help_panel=DATA)
    ] = "test",
    images_key: ImagesKeyOption = None,
    labels_key: LabelsKeyOption = None,
    label_field: LabelFieldOption = None,
    labels_start: LabelsStartOption = 0,
    labels_as: LabelsAsOption = "auto",
    classes_from: ClassesFromOption = None,
    split_folder: SplitFolderOption = None,
    empty_classes: EmptyClassesOption = "refuse",
    alpha: AlphaOption = "white",
    max_picture_pixels: MaxPicturePixelsOption = None,
    normalise: Annotated[
        str,
        typer.Option(help="The model's normalisation: {names}; half is -1 to 1.", rich_help_panel=INPUT),
    ] = "",
    mean: Annotated[str, typer.Option(help="Mean of each channel, of values from 0 to 1.", rich_help_panel=INPUT)] = "",
    std: Annotated[
        str, typer.Option(help="Standard deviation of each channel, of values from 0 to 1.", rich_help_panel=INPUT)
    ] = "",
    size: Annotated[
        int | None,
        typer.Option(
            help="Side of the model's input; pictures of that size are not resized.", min=1, rich_help_panel=INPUT
        ),
    ] = None,
    resize: Annotated[
        int | None,
        typer.Option(help="Resize the shorter side to this, then crop the centre.", min=1, rich_help_panel=INPUT),
    ] = None,
    role: Annotated[
        str,
        typer.Option(
            "--as", help="What the predictions are for: {names}.  [default: auto-detected]", rich_help_panel=MEANT
        ),
    ] = "",
    name: Annotated[
        str,
        typer.Option(help="Name of the set, such as svhn.  [default: clean, corrupted, ...]", rich_help_panel=MEANT),
    ] = "",
    class_list: Annotated[
        str,
        typer.Option(help="The set's 200 classes: {names}.", rich_help_panel=MEANT),
    ] = "",
    attack: Annotated[
        str,
        typer.Option(
            help="{names}; pgd-published moves up to twice epsilon, as the papers' code does. Needs --torch.",
            rich_help_panel=ATTACK,
        ),
    ] = "",
    epsilon: Annotated[str, typer.Option(help="L-infinity radius.", rich_help_panel=ATTACK)] = "2/255",
    steps: Annotated[int, typer.Option(help="Number of steps of the attack.", min=1, rich_help_panel=ATTACK)] = 20,
    step_size: Annotated[str, typer.Option(help="Size of a step.", rich_help_panel=ATTACK)] = "0.5/255",
    seed: Annotated[int, typer.Option(help="Seed of the random starts.", min=0, rich_help_panel=ATTACK)] = 0,
    out: Annotated[str, typer.Option("--out", help="Folder for the model's predictions.", rich_help_panel=OUTPUT)] = "",
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Worker processes.  [default: the CPUs this process may use, over --threads]",
            min=1,
            rich_help_panel=RUNNING,
        ),
    ] = None,
    threads: Annotated[
        int,
        typer.Option(
            help="Threads of each worker; use more if the model fits into memory only once.",
            min=1,
            rich_help_panel=RUNNING,
        ),
    ] = 1,
    batch: Annotated[int, typer.Option(help="Pictures in a batch.", min=1, rich_help_panel=RUNNING)] = 100,
    chunk: Annotated[
        int, typer.Option(help="Pictures, or sequences, saved at a time.", min=1, rich_help_panel=RUNNING)
    ] = 500,
    task_index: TaskIndexOption = None,
    task_count: TaskCountOption = None,
    backend: BackendOption = "joblib",
    scheduler: SchedulerOption = None,
    address: AddressOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run a model on a data set, on CPUs, and write its predictions for `ipmix score`.

    One folder holds the predictions of one model on any number of sets. Repeat the same command to resume an
    interrupted run. Predictions do not depend on the number of workers, threads or array tasks.

    Examples:
      ipmix evaluate model.onnx --data cifar10 --data-dir data --normalise half --out predictions
      ipmix evaluate model.onnx --data CIFAR-10-C --normalise half --out predictions
      ipmix evaluate model.onnx --data svhn.npz --as anomalies --name svhn --normalise half --out predictions
      ipmix evaluate --torch models.py:make --data cifar10 --normalise half --attack pgd --out predictions
    """
    options = locals()
    from pathlib import Path

    from ipmix_cli.cli.execution_options import available_cpus, execution_for
    from ipmix_cli.cli.progress import Bars
    from ipmix_cli.errors import UsageError
    from ipmix_cli.scoring.evaluation.models import ModelSpec, describe_model
    from ipmix_cli.scoring.evaluation.pictures import open_data
    from ipmix_cli.scoring.evaluation.run import ModelRun
    from ipmix_cli.scoring.evaluation.run import evaluate as run

    if bool(model) == bool(torch):
        found = "two models are given" if model else "no model is given"
        raise UsageError(found, "give either an ONNX file or --torch module:function")
    if not data or not out:
        raise UsageError("--data and --out are both needed", "such as --data CIFAR-10-C --out predictions")
    if "://" in out:
        raise UsageError(f"--out {out} is not a local folder", "give a folder, and copy it to the bucket afterwards")
    attacked = _attack(attack, torch, (epsilon, steps, step_size, seed))
    spec = ModelSpec(onnx=str(Path(model).absolute()) if model else "", torch=torch, threads=threads)
    preprocessing = _preprocessing(spec, (normalise, mean, std), size, resize)
    sets = _meant(open_data(spec_of(options, data)), role, name, class_list, attacked is not None)
    listener = Bars(quiet or as_json)
    tasks = (task_index, task_count)
    workers = jobs or max(1, available_cpus() // threads)
    execution = execution_for(workers, "0", tasks, (backend, scheduler, address), listener)
    described = describe_model(spec)
    outcomes = []
    for item in sets:
        job = _job(item, described, preprocessing, attacked, class_list, (batch, chunk))
        done = run(
            job,
            item,
            ModelRun(model=spec, preprocessing=preprocessing, attack=attacked),
            Path(out),
            execution,
            listener,
        )
        outcomes.append(done)
        if not (quiet or as_json):
            _tell(done, out, item)
    if as_json:
        typer.echo(_as_json(outcomes, out))


def _attack(name: str, torch: str, settings: tuple[str, int, str, int]) -> Attack | None:
    from ipmix_cli.errors import UsageError, check_name
    from ipmix_cli.scoring.evaluation.attack import ATTACKS, Attack, fraction

    if not name:
        return None
    check_name("attack", name, ATTACKS)
    if not torch:
        raise UsageError(f"--attack {name} needs gradients, which an ONNX file does not give", "give --torch")
    epsilon, steps, step, seed = settings
    sizes = {"epsilon": fraction("--epsilon", epsilon), "step": fraction("--step-size", step)}
    return Attack(name=name, steps=steps, seed=seed, **sizes)


def _preprocessing(
    spec: ModelSpec, normalise: tuple[str, str, str], size: int | None, resize: int | None
) -> Preprocessing:
    from pathlib import Path

    from ipmix_cli.errors import UsageError
    from ipmix_cli.scoring.evaluation.models import OnnxModel, load_model
    from ipmix_cli.scoring.evaluation.preprocessing import Preprocessing, normalisation

    if spec.onnx:
        if not Path(spec.onnx).is_file():
            raise UsageError(f"there is no model {spec.onnx}", "name an ONNX file, or give --torch module:function")
        model = load_model(spec)
        if isinstance(model, OnnxModel) and model.takes_bytes and not any(normalise):
            return Preprocessing(size=size, resize=resize)
    mean, std = normalisation(*normalise)
    return Preprocessing(mean=mean, std=std, size=size, resize=resize)


def _meant(found: list[EvaluationData], role: str, name: str, class_list: str, attacked: bool) -> list[EvaluationData]:
    """Return the sets that are wanted, with role and name as the user says, or as they follow from the data."""
    from dataclasses import replace

    from ipmix_cli.errors import UsageError, check_name
    from ipmix_cli.scoring.reading.predictions import ROLES
    from ipmix_cli.scoring.reading.record import NAME

    if role:
        check_name("role of predictions", role, ROLES)
    needed = "labelled" if attacked or role == "anomalies" else role
    wanted = [item for item in found if needed in {"", item.role}]
    if not wanted or (name and len(wanted) > 1):
        kinds = " and ".join(item.role for item in found)
        remedy = "leave out --as" if not wanted else "choose one of them with --as"
        raise UsageError(f"{found[0].location} holds {kinds} pictures", remedy)
    meant = []
    for item in wanted:
        own = "attacked" if attacked else role or item.role
        usual = {"labelled": class_list or "clean", "anomalies": class_list or "anomalies"}.get(own, own)
        if not NAME.fullmatch(name or usual):
            raise UsageError(f"--name {name!r}", "use letters, digits, dots, dashes and underscores")
        meant.append(replace(item, role=own, name=name or usual))
    return meant


def _job(
    item: EvaluationData,
    model: EvaluatedModel,
    preprocessing: Preprocessing,
    attack: Attack | None,
    class_list: str,
    sizes: tuple[int, int],
) -> EvaluationJob:
    from ipmix_cli.errors import check_name
    from ipmix_cli.metrics.class_lists import CLASS_LISTS
    from ipmix_cli.scoring.reading.record import EvaluatedData, EvaluationJob

    if class_list:
        check_name("class list", class_list, CLASS_LISTS)
    data = EvaluatedData(
        location=item.location,
        format=item.format,
        digest=item.digest,
        pictures=len(item.keys),
        shape=tuple(int(side) for side in item.shape),
        class_names=tuple(item.class_names),
    )
    return EvaluationJob(
        name=item.name,
        role=item.role,
        class_list=class_list,
        model=model,
        data=data,
        variants=item.variants,
        preprocessing=preprocessing.to_dict(),
        attack=attack.to_dict() if attack else {},
        batch=sizes[0],
        chunk=sizes[1],
    )


def _tell(done: Evaluated, out: str, item: EvaluationData) -> None:
    each = f" in {len(item.variants)} variants" if item.variants else ""
    if done.finished:
        typer.echo(f"{done.folder}: finished, {len(item.keys):,} pictures{each}")
        typer.echo(f"next: ipmix score {out}")
        return
    typer.echo(f"{done.folder}: {done.done:,} of {done.total:,} chunks are there; other tasks make the others")


def _as_json(outcomes: list[Evaluated], out: str) -> str:
    """Return what has become of each set as JSON, for schedulers and scripts."""
    import json

    sets = [
        {"folder": str(one.folder), "finished": one.finished, "made": one.ran, "done": one.done, "chunks": one.total}
        for one in outcomes
    ]
    return json.dumps({"out": out, "finished": all(one.finished for one in outcomes), "sets": sets}, indent=1)
