"""`sharp evaluate`: results against annotations."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.terminal import guarded, progress, require_training, say, show

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(
    help="Compare results with annotations. Into a pipe, tables are CSV.", no_args_is_help=True
)

_DETECTION: Final = ("joints", "detected", "mean", "median", "p95", "found")
_LESIONS: Final = (
    "model", "finding", "group", "sensitivity", *(f"grade_{grade}" for grade in range(1, 6)),
    "specificity", "auc", "untouched_non_intact", "damaged", "intact", "untouched",
)  # fmt: skip

Predictions = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="The CSV of detect or score.")
]
Images = Annotated[
    Path, typer.Argument(exists=True, file_okay=False, help="Folder of the radiographs.")
]
Truth = Annotated[Path, typer.Argument(help="Annotated joints: image,hand,joint,x,y.")]
HeldOut = Annotated[
    bool | None,
    typer.Option(
        "--held-out/--trained-on",
        help="Only every fourth picture, which the train commands leave out; or only the others.",
        show_default=False,
    ),
]


@app.command()
@guarded
def hands(
    images: Images,
    truth: Truth,
    *,
    held_out: HeldOut = None,
    unchanged: Annotated[
        bool, typer.Option("--unchanged", help="Only the radiographs as they are.")
    ] = False,
    threads: options.Threads = None,
    bundle: options.HandsBundle = None,
) -> int:
    """Say how well hands are found, in the radiographs as they are and turned, framed or cut.

    The tags of a radiograph are not used. Centres are off in percent of the hand's length. Which
    pictures went wrong is printed to stderr.
    """
    from sharp_cli import dataset
    from sharp_cli.evaluate.hands import measure_hands
    from sharp_cli.hands import HandFinder
    from sharp_cli.registry import open_bundle

    annotated = dataset.part(dataset.read_annotations(truth), apart=held_out)
    finder = HandFinder(open_bundle("hands", bundle), threads=threads or options.cores())
    with progress(len({hand.image for hand in annotated})) as tell:
        tallies = measure_hands(finder, annotated, images, unchanged=unchanged, tell=tell)
    for change, tally in tallies.items():
        for kind, names in tally.problems():
            say("note", f"{change}: {kind}: {', '.join(names)}")
    figures = {change: tally.figures() for change, tally in tallies.items()}
    columns = next(iter(figures.values()), {})
    show(("pictures", *columns), [(change, *row.values()) for change, row in figures.items()])
    return 0


@app.command()
@guarded
def blanks(
    pictures: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="Pictures without a hand.")
    ],
    *,
    drawn: Annotated[int, typer.Option(min=0, help="How many are drawn besides.")] = 200,
    threads: options.Threads = None,
    bundle: options.HandsBundle = None,
) -> int:
    """Say how many hands are found where there are none, and the highest score of anything."""
    from sharp_cli.errors import RadiographError
    from sharp_cli.evaluate.hands import Blank, measure_blanks
    from sharp_cli.registry import open_bundle

    opened = open_bundle("hands", bundle)
    files = sorted(path for path in pictures.iterdir() if path.is_file())
    groups: dict[str, list[Blank]] = {}
    failed = False
    with progress(len(files) + drawn) as tell:
        for one in measure_blanks(opened, files, drawn=drawn, threads=threads or options.cores()):
            if isinstance(one, RadiographError):
                say("error", str(one))
                failed = True
                continue
            tell(one.name)
            groups.setdefault(one.group, []).append(one)
            if one.hands:
                say("note", f"hand found: {one.group} {one.name}")
    rows = []
    for group, members in groups.items():
        best = max(members, key=lambda one: one.score)
        rows.append((group, len(members), sum(o.hands for o in members), best.score, best.name))
    show(("group", "pictures", "hands", "highest_score", "of"), rows)
    return int(failed)


@app.command()
@guarded
def detection(predictions: Predictions, truth: Truth, *, held_out: HeldOut = None) -> int:
    """Say how far detected joints lie from annotated ones.

    Distances are in percent of the hand's median proximal phalanx length; `found` is the percent
    of annotated joints within 15. Pictures are matched by file name, hands by side.
    """
    from sharp_cli import dataset
    from sharp_cli.evaluate.detection import detection_table, joint_errors
    from sharp_cli.formats import from_csv

    annotated = dataset.part(dataset.read_annotations(truth), apart=held_out)
    detected = {
        (Path(row.file).name, row.hand, row.joint): (row.x, row.y)
        for row in from_csv(predictions.read_bytes(), str(predictions))
        if row.x is not None and row.y is not None
    }
    table = detection_table(joint_errors(detected, annotated))
    show(
        ("group", *_DETECTION),
        [(name, *(getattr(row, column) for column in _DETECTION)) for name, row in table.items()],
    )
    return 0


@app.command()
@guarded
def lesions(
    images: Images,
    truth: Truth,
    *,
    held_out: HeldOut = None,
    bundle: options.FindingsBundle = None,
) -> int:
    """Say how well synthetic lesions are told from intact joints, which the radiographs must show.

    Shares are in percent; `untouched_non_intact` is that of the joints as they are.
    """
    require_training()
    from sharp_cli import dataset
    from sharp_cli.registry import open_bundle
    from sharp_cli.train.findings_bundle import measure
    from sharp_cli.train.joint_patches import read_hands

    folder = open_bundle("findings", bundle).path
    measured = measure(folder, dataset.part(read_hands(truth, images), apart=held_out))
    show(
        _LESIONS,
        [
            (model, finding, group, *_lesion_cells(figures))
            for model, findings in measured.items()
            for finding, groups in findings.items()
            for group, figures in groups.items()
        ],
    )
    return 0


@app.command()
@guarded
def phantoms(
    images: Images,
    truth: Truth,
    *,
    held_out: HeldOut = None,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 0,
) -> int:
    """Say how well a machine tells joints of phantoms from those of radiographs, and by what.

    The radiographs must show intact joints of young people. As many phantoms are drawn; a family
    of features at a time, all of them, or a small network has to tell their patches apart. The
    figures are AUCs on people unseen: 0.5 for perfect phantoms, 1 where every patch gives itself
    away; `low` and `high` are the ends of the 95 % interval of that of all joints.
    """
    require_training()
    from sharp_cli import dataset
    from sharp_cli.evaluate.phantoms import GROUPS, measure
    from sharp_cli.train.joint_patches import read_hands

    measured = measure(dataset.part(read_hands(truth, images), apart=held_out), seed=seed)
    rows = []
    for name, one in measured.items():
        figures = (one.auc, *(one.groups.get(group) for group in GROUPS), one.low, one.high)
        rows.append((name, *("" if value is None else f"{value:.3f}" for value in figures)))
    show(("told_by", "all", *GROUPS, "low", "high"), rows)
    return 0


def _lesion_cells(figures: Mapping[str, Any]) -> tuple[object, ...]:
    grades = (figures["sensitivity_by_grade"].get(str(grade)) for grade in range(1, 6))
    return (
        100 * figures["sensitivity"],
        *("" if share is None else 100 * share for share in grades),
        100 * figures["specificity"],
        f"{figures['auc']:.3f}",
        100 * figures["untouched_called_non_intact"],
        *figures["joints"].values(),
    )
