"""`sharp evaluate`: results against annotations."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from sharp_cli.cli import evaluate_classification, evaluate_detection, options
from sharp_cli.cli.terminal import guarded, progress, require_training, say, show
from sharp_cli.execution.devices import cores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.datasets.annotations.hands import AnnotatedHand

app = typer.Typer(
    help="Compare results with annotations. Into a pipe, tables are CSV.", no_args_is_help=True
)
app.command()(evaluate_detection.detection)
app.command()(evaluate_classification.classification)

_ROBUSTNESS: Final = (
    "change", "severity", "hands", "found_hands", "wrong_side", "joints", "found", "median",
)  # fmt: skip
_LESIONS: Final = (
    "model", "finding", "group", "sensitivity", *(f"grade_{grade}" for grade in range(1, 6)),
    "specificity", "auc", "untouched_non_intact", "damaged", "intact", "untouched",
)  # fmt: skip

Images = Annotated[
    Path, typer.Argument(exists=True, file_okay=False, help="Folder of the radiographs.")
]
Truth = Annotated[Path, typer.Argument(help="Annotated joints: image,hand,joint,x,y.")]
HeldOut = Annotated[
    bool | None,
    typer.Option(
        "--held-out/--trained-on",
        help="Only every fourth picture, which the trainings of hand finders and classifiers "
        "leave out; or only the others.",
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
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.datasets.annotations.csv_file import read_annotations
    from sharp_cli.datasets.splits import select_hands
    from sharp_cli.evaluation.hands import measure_hands
    from sharp_cli.inference.hand_finder import HandFinder

    annotated = select_hands(read_annotations(truth), held_out=held_out)
    finder = HandFinder(open_bundle("hands", bundle), threads=threads or cores())
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
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.core.errors import RadiographError
    from sharp_cli.evaluation.hands import Blank, measure_blanks

    opened = open_bundle("hands", bundle)
    files = sorted(path for path in pictures.iterdir() if path.is_file())
    groups: dict[str, list[Blank]] = {}
    failed = False
    with progress(len(files) + drawn) as tell:
        for one in measure_blanks(opened, files, drawn=drawn, threads=threads or cores()):
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
def robustness(
    images: Images,
    truth: Truth,
    *,
    folds: Annotated[
        Path | None,
        typer.Option(
            metavar="WORK",
            exists=True,
            file_okay=False,
            help="Folder --work of sharp train detector: each picture by the detector of its "
            "folds that has not seen it.",
        ),
    ] = None,
    threads: options.Threads = None,
    bundle: options.HandsBundle = None,
    detector: options.JointsBundle = None,
) -> int:
    """Say how well hands and joints are found in radiographs that are changed, by kind and degree.

    The first row is of the radiographs as they are; their tags are not used. `found_hands` counts
    those taken for the wrong side, too. `found` is the percent of the joints that lie within 15 %
    of the hand's median proximal phalanx length, none of a hand not found or of the wrong side;
    `median` is the median distance in the same unit. Joints cut off are not counted.
    """
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.datasets.annotations.csv_file import read_annotations
    from sharp_cli.evaluation.robustness import measure_robustness
    from sharp_cli.inference.hand_finder import HandFinder
    from sharp_cli.inference.joint_detector import JointDetector
    from sharp_cli.training.detector.fold_files import read_folds

    annotated = read_annotations(truth)
    threads = threads or cores()
    shares: list[tuple[str | Path | None, list[AnnotatedHand]]] = [(detector, annotated)]
    if folds is not None:
        own = [(fold.bundle, {hand.image for hand in fold.hands}) for fold in read_folds(folds)]
        shares = [
            (path, [hand for hand in annotated if hand.image in images_]) for path, images_ in own
        ]
    finder = HandFinder(open_bundle("hands", bundle), threads=threads)
    parts = (
        (JointDetector(open_bundle("joints", one), threads=threads), own) for one, own in shares
    )
    with progress(len({hand.image for _, own in shares for hand in own})) as tell:
        measured = measure_robustness(finder, parts, images, tell=tell)
    show(_ROBUSTNESS, [[getattr(row, column) for column in _ROBUSTNESS] for row in measured])
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
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.datasets.splits import select_hands
    from sharp_cli.synthetic.intact_hands import read_intact_hands
    from sharp_cli.training.trunk.figures import measure

    folder = open_bundle("findings", bundle).path
    measured = measure(folder, select_hands(read_intact_hands(truth, images), held_out=held_out))
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
    from sharp_cli.datasets.splits import select_hands
    from sharp_cli.evaluation.phantoms import GROUPS, measure
    from sharp_cli.synthetic.intact_hands import read_intact_hands

    measured = measure(select_hands(read_intact_hands(truth, images), held_out=held_out), seed=seed)
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
