"""Made-up films: what is drawn and what the network is told of it agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.geometry import fit_similarity, similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference import hand_finder
from sharp_cli.inference.hand_finder import INPUT, OFFSET_UNIT, STRIDE
from sharp_cli.synthetic.phantom import draw

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.synthetic.training_radiographs import Source

films = pytest.importorskip("sharp_cli.synthetic.training_radiographs")
pytest.importorskip("torch")


def dotted_source(*, mirrored: bool) -> Source:
    """A dark picture with a bright dot at each point of a hand."""
    to_picture = similarity(scale=0.25, degrees=12, mirror=mirrored, x=250, y=250)
    points = to_picture(TEMPLATE)
    picture = np.zeros((512, 512), np.float32)
    for x, y in points.round().astype(int):
        picture[y, x] = 1.0
    picture = cv2.GaussianBlur(picture, (0, 0), 5.0)
    picture /= picture.max()
    return films.sources(picture, [points], [mirrored])[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("mirrored", [False, True])
def test_points_follow_the_picture(*, mirrored: bool) -> None:
    rng = np.random.default_rng(5)
    maker = films.FilmMaker([dotted_source(mirrored=mirrored)], TEMPLATE[None], rng)
    source = maker._stock[0]
    for _ in range(20):
        flip = bool(rng.random() < 0.5)
        view, (points,), (turned,) = maker._place(source, (256, 200), length=0.7, mirrored=flip)
        assert turned == flip
        assert _misfit(points, mirror=flip) < 0.3 * _misfit(points, mirror=not flip)
        inside = ((points > 4) & (points < (251, 195))).all(axis=1)
        ground = np.percentile(view, 20)
        for x, y in points[inside].round().astype(int):
            near = view[y - 2 : y + 3, x - 2 : x + 3]
            assert near.max() > ground + 0.15
    assert inside.any()


def _misfit(points: NDArray[np.float64], *, mirror: bool) -> float:
    to_canonical = fit_similarity(points, TEMPLATE, mirror=mirror)
    return float(np.abs(to_canonical(points) - TEMPLATE).mean())


def test_films_are_what_the_network_takes() -> None:
    rng = np.random.default_rng(1)
    stock = [dotted_source(mirrored=False), dotted_source(mirrored=True)]
    maker = films.FilmMaker(stock, np.zeros((0, len(POINTS), 2)), rng)
    counts = set()
    for _ in range(60):
        film = maker.film()
        counts.add(len(film.hands))
        assert film.view.shape == film.inside.shape == (INPUT, INPUT)
        assert len(film.hands) == len(film.mirrored) == len(film.cut)
        assert np.isfinite(hand_finder.normalise(film.view, film.inside)).all()
    assert counts == {0, 1, 2}


@pytest.mark.parametrize("mirrored", [False, True])
def test_targets_decode_to_the_hand(*, mirrored: bool) -> None:
    from sharp_cli.training.hands import targets  # noqa: PLC0415 - after importorskip

    points = similarity(scale=0.08, degrees=70, mirror=mirrored, x=110, y=140)(TEMPLATE)
    empty = np.zeros((INPUT, INPUT), np.float32)
    film = films.Film(empty, empty > -1, (points,), (mirrored,), (False,))
    heat, counts, offsets, weight = targets(film)
    assert counts.all()
    assert weight.max() > 0
    centres = np.arange(INPUT // STRIDE) * STRIDE + (STRIDE - 1) / 2
    grid = np.stack(np.meshgrid(centres, centres))
    positions = offsets.reshape(len(POINTS), 2, *grid.shape[1:]) * OFFSET_UNIT + grid
    (found,) = hand_finder.decode(heat.astype(float), positions, 0.5)
    assert found.mirrored is mirrored
    np.testing.assert_allclose(found.points, points, atol=1e-3)


@pytest.mark.slow
def test_training_goes_on_and_its_bundle_opens(tmp_path: Path) -> None:
    from sharp_cli.training.hands import train_hands  # noqa: PLC0415 - after importorskip

    rows = ["image,hand,joint,x,y"]
    for number in range(4):  # the fourth is held out
        phantom = draw(number, side="left", phalanx=60.0)
        cv2.imwrite(str(tmp_path / f"{number}.png"), (phantom.pixels * 255).astype(np.uint8))
        rows += [f"{number}.png,left,{name},{x},{y}" for name, (x, y) in phantom.points.items()]
    annotations = tmp_path / "joints.csv"
    annotations.write_text("\n".join(rows), encoding="utf-8")
    bundle, work = tmp_path / "mine", tmp_path / "work"
    for steps in (1, 2):
        train_hands(
            annotations, tmp_path, bundle, work,
            names=None, shapes=None, phantoms=1, steps=steps, threads=2, seed=1,
        )  # fmt: skip
    opened = open_bundle("hands", bundle)
    assert opened.name == "mine 1"
    assert opened.meta["training"]["hands"] == 3
    finder = hand_finder.HandFinder(opened, threads=1)
    assert finder.candidates(phantom.pixels)[0] == []
