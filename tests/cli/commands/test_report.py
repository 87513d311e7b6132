"""`sharp report`: where pages go, exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes import paint
from tests.results.html.looks import FakeSaliency

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


def test_one_study_goes_to_a_file(sharp: Sharp, tmp_path: Path) -> None:
    paint(Path("two.png"))
    sharp("score", "two.png", "--json", "r.json")
    done = sharp("report", "r.json", "--out", "new/report.html")
    assert done.code == 0, done.err
    assert "open new/report.html in a browser" in done.err
    assert Path("new/report.html").read_bytes().startswith(b"<!DOCTYPE html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "r.json", "two.png"]


def test_several_studies_go_to_a_folder_beside_what_score_wrote(sharp: Sharp) -> None:
    for name in ("two.png", "a_L.png", "a_R.png"):
        paint(Path(name))
    sharp("score", "two.png", "a_L.png", "a_R.png", "--out", "all")
    done = sharp("report", "all", "--out", "all")
    assert done.code == 0, done.err
    pages = sorted(str(path) for path in Path("all").rglob("*.html"))
    assert pages == ["all/a/report.html", "all/index.html", "all/two/report.html"]
    assert b'"Next", "../two/report.html"' in Path("all/a/report.html").read_bytes()
    last = Path("all/two/report.html").read_bytes()
    assert b'"../index.html"' in last
    assert b'"Next"' not in last


def test_a_folder_may_hold_one_study(sharp: Sharp) -> None:
    paint(Path("two.png"))
    sharp("score", "two.png", "--json", "r.json")
    assert sharp("report", "r.json", "--out", "pages").code == 0
    assert Path("pages/two/report.html").exists()
    assert Path("pages/index.html").exists()


def test_several_studies_do_not_fit_a_file(sharp: Sharp) -> None:
    for name in ("two.png", "two_b.png"):
        paint(Path(name))
    sharp("score", "two.png", "two_b.png", "--json", "r.json")
    done = sharp("report", "r.json", "--out", "page.html")
    assert done.code == 2
    assert "there are 2 studies; name a folder" in done.err
    assert not Path("page.html").exists()


def test_a_study_without_its_radiograph_has_no_page_and_the_others_have(sharp: Sharp) -> None:
    for name in ("two.png", "two_b.png"):
        paint(Path(name))
    sharp("score", "two.png", "two_b.png", "--json", "r.json")
    Path("two.png").unlink()
    done = sharp("report", "r.json", "--out", "pages")
    assert done.code == 1
    assert "error: two.png: not found; give the folder of the radiographs with --images" in done.err
    assert sorted(str(path) for path in Path("pages").rglob("*.html")) == [
        "pages/index.html", "pages/two_b/report.html",
    ]  # fmt: skip
    assert b"two.png: not found" in Path("pages/index.html").read_bytes()


def test_without_any_radiograph_nothing_is_written(sharp: Sharp) -> None:
    paint(Path("two.png"))
    sharp("score", "two.png", "--json", "r.json")
    Path("two.png").unlink()
    assert sharp("report", "r.json", "--out", "pages").code == 1
    assert not list(Path().rglob("*.html"))


def test_radiographs_that_were_moved_are_named(sharp: Sharp) -> None:
    paint(Path("two.png"))
    sharp("score", "two.png", "--json", "r.json")
    Path("elsewhere/deep").mkdir(parents=True)
    Path("two.png").rename("elsewhere/deep/two.png")
    done = sharp("report", "r.json", "--out", "page.html", "--images", "elsewhere")
    assert done.code == 0, done.err
    assert Path("page.html").exists()


def test_linked_pictures_lie_beside_the_page(sharp: Sharp) -> None:
    paint(Path("two.png"))
    sharp("score", "two.png", "--json", "r.json")
    assert sharp("report", "r.json", "--out", "page.html", "--link").code == 0
    assert b"data:image" not in Path("page.html").read_bytes()
    assert len(list(Path("page_files").glob("*.jpg"))) == 45


def test_the_visits_of_a_patient_share_a_page(sharp: Sharp) -> None:
    rows = ["path,patient,study,hand,date"]
    for year in (2019, 2021):
        paint(Path(f"two_{year}.png"))
        rows.append(f"two_{year}.png,P/7,first{year},,{year}-05-01")
    Path("manifest.csv").write_text("\n".join(rows))
    sharp("score", "--manifest", "manifest.csv", "--json", "r.json")
    done = sharp("report", "r.json", "--out", "pages")
    assert done.code == 0, done.err
    assert sorted(str(path) for path in Path("pages").rglob("*.html")) == [
        "pages/P_7/report.html", "pages/index.html",
    ]  # fmt: skip
    done = sharp("report", "r.json", "--out", "blind", "--blind-order")
    assert done.code == 0, done.err
    assert b"2019" not in Path("blind/index.html").read_bytes()


def test_another_picture_of_the_same_name_is_not_shown(sharp: Sharp) -> None:
    paint(Path("two.png"))
    sharp("score", "two.png", "--json", "r.json")
    paint(Path("left.png")).rename("two.png")
    done = sharp("report", "r.json", "--out", "page.html")
    assert done.code == 1
    assert "not the radiograph that was scored" in done.err


@pytest.mark.parametrize("labels", ["", "patient,study,image,hand,finding,joint\n"])
def test_labels_that_do_not_fit_are_refused_before_anything_is_written(
    sharp: Sharp, labels: str
) -> None:
    paint(Path("two.png"))
    sharp("score", "two.png", "--json", "r.json")
    Path("labels.csv").write_text(labels)
    done = sharp("report", "r.json", "--out", "page.html", "--truth", "labels.csv")
    assert done.code == 1
    assert "error: labels.csv" in done.err
    assert not Path("page.html").exists()


def test_maps_are_on_pages_only_if_asked_for(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.inference.grad_cam.Saliency", lambda _: FakeSaliency())
    paint(Path("two.png"))
    sharp("score", "two.png", "--json", "r.json")
    assert sharp("report", "r.json", "--out", "plain.html").code == 0
    done = sharp("report", "r.json", "--out", "maps.html", "--explain", "--models", "any")
    assert done.code == 0, done.err
    for page, maps in (("plain.html", 0), ("maps.html", 62)):
        assert Path(page).read_bytes().count(b'"maps": {') == maps


def test_results_of_other_models_are_not_explained(sharp: Sharp) -> None:
    paint(Path("two.png"))
    sharp("score", "two.png", "--json", "r.json")
    made = Path("r.json").read_text().replace("0" * 64, "1" * 64)
    Path("r.json").write_text(made)
    done = sharp("report", "r.json", "--out", "page.html", "--explain")
    assert done.code == 2
    assert f"two: made by findings 1 (sha256 {'1' * 64}), and . is findings 1" in done.err
    assert not Path("page.html").exists()


def test_models_are_of_no_use_without_explain(sharp: Sharp) -> None:
    paint(Path("two.png"))
    sharp("score", "two.png", "--json", "r.json")
    done = sharp("report", "r.json", "--out", "page.html", "--models", "any")
    assert done.code == 2
    assert "--models any: only --explain needs models" in done.err


def test_an_unwritable_place_is_an_output_error(sharp: Sharp) -> None:
    paint(Path("two.png"))
    sharp("score", "two.png", "--json", "r.json")
    done = sharp("report", "r.json", "--out", "r.json")
    assert done.code == 4
    assert "error: r.json" in done.err
