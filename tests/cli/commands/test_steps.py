"""`sharp detect`, `crop` and `classify` after one another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from sharp_cli.results.formats import from_json
from tests.cli.conftest import CHECKSUM
from tests.fakes import paint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]

FILES = ("two.png", "a_L.png", "none.png", "a_R.png", "gap.png")


@pytest.fixture
def scored(sharp: Sharp) -> bytes:
    for seed, name in enumerate(FILES):
        paint(Path(name), seed=seed)
    done = sharp("score", *FILES, "--json", "-")
    assert done.code == 1
    return done.out


def test_through_files(sharp: Sharp, scored: bytes) -> None:
    assert sharp("detect", *FILES, "--json", "found/d.json", "--csv", "d.csv").code == 1
    assert sharp("crop", "found/d.json", "--out", "p").code == 0
    assert sharp("classify", "p", "--json", "r.json", "--csv", "r.csv").code == 0
    assert Path("r.json").read_bytes() == scored
    assert sharp("classify", "p/patches.json").out == Path("r.csv").read_bytes()
    detected = Path("d.csv").read_text(encoding="utf-8").splitlines()
    classified = Path("r.csv").read_text(encoding="utf-8").splitlines()
    assert len(detected) == len(classified) == 1 + 31 * 5


def test_options_of_classification(sharp: Sharp) -> None:
    paint(Path("two.png"))
    options = ("--model", "mimo-one-hand", "--threshold", "0.2", "--json", "-")
    scored = sharp("score", "two.png", *options).out
    Path("d.json").write_bytes(sharp("detect", "two.png").out)
    assert sharp("crop", "d.json", "--out", "p").code == 0
    assert sharp("classify", "p", *options).out == scored
    assert sharp("classify", "p").out != sharp("classify", "p", "--threshold", "0.2").out


def test_the_notice_ends_where_all_bundles_are_trusted(sharp: Sharp) -> None:
    paint(Path("two.png"))
    trust = ("--trust", CHECKSUM)
    assert "not validated" in sharp("score", "two.png").err
    assert "not validated" not in sharp("score", "two.png", *trust).err
    for ours, theirs in (((), trust), (trust, ()), (trust, trust)):
        Path("d.json").write_bytes(sharp("detect", "two.png", *ours).out)
        assert sharp("crop", "d.json", "--out", "p").code == 0
        said = sharp("classify", "p", *theirs).err
        assert ("not validated" in said) == (not (ours and theirs))


def test_through_pipes(sharp: Sharp, scored: bytes) -> None:
    found = sharp("detect", *FILES).out
    cut = sharp("crop", "-", "--out", "deep/p", stdin=found).out
    assert sharp("classify", "-", "--json", "-", stdin=cut).out == scored


def test_the_document_of_the_patches_may_lie_elsewhere(sharp: Sharp, scored: bytes) -> None:
    Path("d.json").write_bytes(sharp("detect", *FILES).out)
    assert sharp("crop", "d.json", "--out", "deep/p", "--json", "other/c.json").code == 0
    assert sharp("classify", "other/c.json", "--json", "-").out == scored


def test_patches_are_16_bit_pictures_one_a_joint(sharp: Sharp, scored: bytes) -> None:
    assert scored
    Path("d.json").write_bytes(sharp("detect", "two.png").out)
    sharp("crop", "d.json", "--out", "p")
    assert len(list(Path("p").rglob("*.png"))) == 44
    patch = cv2.imread("p/two/left-radius.png", cv2.IMREAD_UNCHANGED)
    assert patch is not None
    assert (patch.shape, patch.dtype) == ((300, 500), np.uint16)


def test_a_radiograph_that_has_gone_fails_alone(sharp: Sharp, scored: bytes) -> None:
    assert scored
    Path("d.json").write_bytes(sharp("detect", "two.png", "gap.png").out)
    Path("gap.png").unlink()
    done = sharp("crop", "d.json", "--out", "p", "--json", "-")
    assert done.code == 1
    assert "error: gap.png" in done.err
    document = from_json(done.out, "x")
    assert [row.study for row in document.inputs] == ["two"]
    assert sharp("classify", "p").code == 0


@pytest.mark.parametrize("damage", ["gone", "cut", "8-bit", "empty"])
def test_a_damaged_patch_fails_its_study(sharp: Sharp, scored: bytes, damage: str) -> None:
    assert scored
    Path("d.json").write_bytes(sharp("detect", "two.png", "gap.png").out)
    sharp("crop", "d.json", "--out", "p")
    patch = Path("p/two/left-IP.png")
    if damage == "gone":
        patch.unlink()
    elif damage == "8-bit":
        cv2.imwrite(str(patch), np.zeros((250, 250), np.uint8))
    else:
        patch.write_bytes(patch.read_bytes()[: 100 if damage == "cut" else 0])
    done = sharp("classify", "p", "--json", "-")
    assert done.code == 1
    assert "left-IP.png" in done.err
    assert [row.study for row in from_json(done.out, "x").inputs] == ["gap"]


def test_detected_joints_are_no_patches(sharp: Sharp, scored: bytes) -> None:
    assert scored
    Path("d.json").write_bytes(sharp("detect", "two.png").out)
    done = sharp("classify", "d.json", "--csv", "-")
    assert done.code == 1
    assert "run `sharp crop` first" in done.err


@pytest.mark.parametrize("command", [("crop", "--out", "p"), ("classify",)])
@pytest.mark.parametrize("source", ["missing.json", "text.json", "folder", "-"])
def test_what_is_no_document_is_an_error(
    sharp: Sharp, command: tuple[str, ...], source: str
) -> None:
    Path("text.json").write_text("no JSON", encoding="utf-8")
    Path("folder").mkdir()
    done = sharp(command[0], source, *command[1:])
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert not done.out


def test_documents_may_not_be_written_over(sharp: Sharp, scored: bytes) -> None:
    assert scored
    Path("d.json").write_bytes(sharp("detect", "two.png").out)
    assert sharp("crop", "d.json", "--out", "p", "--json", "d.json").code == 2
    sharp("crop", "d.json", "--out", "p")
    assert sharp("classify", "p", "--json", "p/patches.json").code == 2


def test_a_file_name_leads_nowhere_else(sharp: Sharp, scored: bytes) -> None:
    assert scored
    data = json.loads(sharp("detect", "two.png").out)
    for rows in ("inputs", "hands", "joints"):
        for row in data[rows]:
            row["study"] = "../../outside"
    done = sharp("crop", "-", "--out", "p", stdin=json.dumps(data).encode())
    assert done.code == 1
    assert not shutil.which("outside")
    assert "without a folder" in done.err
