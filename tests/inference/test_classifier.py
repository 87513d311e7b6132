from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from sharp_cli.bundles.store import open_bundle, write_bundle
from sharp_cli.core.errors import UsageError
from sharp_cli.core.inputs import Input, input_sets
from sharp_cli.core.joints import JOINT_GROUPS, SIDES, TARGET_OF, TARGETS
from sharp_cli.core.prevalence import TABLE_2
from sharp_cli.core.records import Patch
from sharp_cli.inference import classifier, trunk
from sharp_cli.inference.classifier import Classifier, standardise
from sharp_cli.inference.networks import VGG16, extract_features
from sharp_cli.inference.score_calibration import Calibration
from sharp_cli.training.findings_bundle import Member
from tests.tiny_findings import PAPERS, SIZE, Network, hand, lite, network, write

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Classification, Precision
    from sharp_cli.training.classifier.settings import Context

    Study = dict[Side, list[Patch]]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write(tmp_path_factory.mktemp("tiny"))


def passes(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int]]:
    """How many pictures go through each trunk, call by call."""
    seen: dict[str, list[int]] = {}
    run = Classifier._run

    def counting(self: Classifier, name: str, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        seen.setdefault(name, []).append(len(squares))
        return run(self, name, squares)

    monkeypatch.setattr(Classifier, "_run", counting)
    return seen


def probabilities(results: Iterable[Classification]) -> dict[tuple[str, str, str], float]:
    return {(each.side, each.finding, each.joint): each.probability for each in results}


@pytest.mark.parametrize("model", PAPERS)
def test_two_hands_give_62_results_in_order(bundle: Bundle, model: ModelName) -> None:
    (results,) = Classifier(bundle).classify([{"right": hand(1), "left": hand(2)}], model)
    expected = [(side, t.finding, t.joint) for side in ("left", "right") for t in TARGETS]
    assert [(r.side, r.finding, r.joint) for r in results] == expected
    assert {r.model for r in results} == {model}
    assert all(0 < r.probability < 1 for r in results)
    assert len({r.probability for r in results}) == 62


def test_mimo_time_takes_the_study_before_where_it_is_there(tmp_path: Path) -> None:
    made = network(models=("siso", "mimo-time"))
    classifier = Classifier(write(tmp_path, made.member))
    study: Study = {"left": hand(1), "right": hand(2)}
    earlier: Study = {"left": hand(3, without=["MCP2"])}
    first, second = classifier.classify([study, study], "mimo-time", earlier=[{}, earlier])
    (alone,) = classifier.classify([study], "siso")
    assert [*first] == [*alone]
    by_time = {(one.side, one.joint) for one in second if one.model == "mimo-time"}
    assert by_time == {("left", t.joint) for t in TARGETS if t.joint != "MCP2"}
    pixels = [next(p.pixels for p in one["left"] if p.joint == "PIP3") for one in (study, earlier)]
    squares = torch.from_numpy(np.stack([standardise(one, SIZE) for one in pixels]))
    with torch.no_grad():
        features = extract_features(made.trunk, squares)
        logits = made.heads["mimo-time/jsn/PIP"](features[None])[0]
    expected = torch.sigmoid(logits[0]).item()
    assert probabilities(second)["left", "jsn", "PIP3"] == pytest.approx(expected, abs=1e-3)
    (unsure,) = classifier.classify(
        [study], "mimo-time",
        earlier=[{"left": [replace(one, status="uncertain") for one in earlier["left"]]}],
    )  # fmt: skip
    assert {one.model for one in unsure if one.side == "left"} == {"mimo-time", "siso"}
    assert probabilities(unsure)["left", "jsn", "PIP3"] != pytest.approx(expected, abs=1e-3)


def test_patches_of_equal_pixels_go_through_the_trunk_once(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = passes(monkeypatch)
    studies: list[Study] = [{"left": hand(1), "right": hand(2)}, {"left": hand(3)}]
    Classifier(bundle).classify(studies, "mimo-local")
    assert passed == {"trunk-1.safetensors": [66]}


def test_patches_go_through_the_trunks_of_heads_that_look_at_them_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunks = {  # trunk 1 … 4: erosion and JSN of `siso`, then of `mimo-local`
        f"{model}/{finding}/{group}": network(10 * len(model) + len(finding)).member.trunks[
            f"{model}/{finding}/{group}"
        ]
        for model in ("siso", "mimo-local")
        for finding, group in JOINT_GROUPS
    }
    heads = network(models=("siso", "mimo-local")).member.heads
    classifier = Classifier(write(tmp_path, Member(trunks, heads)))
    study: Study = {"left": hand(1), "right": hand(2)}
    passed = passes(monkeypatch)
    classifier.classify([study], "siso")
    assert passed == {"trunk-1.safetensors": [32], "trunk-2.safetensors": [30]}
    classifier.extract_features([study])
    assert {name: len(calls) for name, calls in passed.items()} == {
        f"trunk-{number}.safetensors": 2 if number <= 2 else 1 for number in (1, 2, 3, 4)
    }


@pytest.mark.parametrize("model", PAPERS)
def test_a_result_depends_on_its_own_study_only(bundle: Bundle, model: ModelName) -> None:
    classifier = Classifier(bundle, threads=1)
    first: Study = {"left": hand(1)}
    second: Study = {"left": hand(2, without=["IP"]), "right": hand(3)}
    together = classifier.classify([first, second], model)
    assert together == [classifier.classify([one], model)[0] for one in (first, second)]


def test_mimo_local_falls_back_joint_by_joint(bundle: Bundle) -> None:
    classifier = Classifier(bundle)
    study: Study = {"left": hand(1), "right": hand(2, without=["MCP3", "ulna"])}
    (results,) = classifier.classify([study], "mimo-local")
    assert len(results) == 59
    alone = {(r.side, r.joint) for r in results if r.model == "siso"}
    assert alone == {("left", "MCP3"), ("left", "ulna")}
    (siso,) = classifier.classify([study], "siso")
    by_joint = {(r.side, r.finding, r.joint): r for r in siso}
    for result in results:
        if result.model == "siso":
            assert result == by_joint[result.side, result.finding, result.joint]


@pytest.mark.parametrize("model", PAPERS)
def test_an_uncertain_joint_is_missing_for_the_others(bundle: Bundle, model: ModelName) -> None:
    classifier = Classifier(bundle)
    doubted = [
        replace(patch, status="uncertain") if patch.joint == "MCP3" else patch for patch in hand(1)
    ]
    other = [
        replace(patch, pixels=patch.pixels[::-1].copy()) if patch.status == "uncertain" else patch
        for patch in doubted
    ]
    whole, results, changed = classifier.classify(
        [{"left": left, "right": hand(2)} for left in (hand(1), doubted, other)], model
    )
    doubtful = [(each.side, each.joint) == ("left", "MCP3") for each in results]
    for before, one, again, own in zip(whole, results, changed, doubtful, strict=True):
        assert one.model == model
        if own:  # from all that there is, as ever
            assert one == before
        else:  # whatever lies at the uncertain place
            assert one == again
    assert (results == whole) == (model == "siso")


@pytest.mark.parametrize(
    ("model", "alone"),
    [
        ("siso", "siso"),
        ("mimo-local", "siso"),
        ("mimo-one-hand", "mimo-one-hand"),
        ("mimo-both-hands", "mimo-one-hand"),
    ],
)
def test_one_hand_and_no_hand(bundle: Bundle, model: ModelName, alone: ModelName) -> None:
    classifier = Classifier(bundle)
    one, none = classifier.classify([{"right": hand(1)}, {}], model)
    assert [r.model for r in one] == [alone] * 31
    assert one == classifier.classify([{"right": hand(1)}], alone)[0]
    assert none == ()


def test_both_hands_fall_back_group_by_group(bundle: Bundle) -> None:
    group = [t.joint for t in TARGETS if (t.finding, t.group) == ("erosion", "CMC-M")]
    study: Study = {"left": hand(1), "right": hand(2, without=group)}
    (results,) = Classifier(bundle).classify([study], "mimo-both-hands")
    fallen = [(r.side, r.joint) for r in results if r.model == "mimo-one-hand"]
    assert fallen == [("left", joint) for joint in group]


@pytest.mark.parametrize("context", ["concatenation", "pooling"])
@pytest.mark.parametrize("model", PAPERS)
def test_what_is_missing_is_all_zeros(tmp_path: Path, model: ModelName, context: Context) -> None:
    """Also where there is no fallback, and with heads of one, two or three layers."""
    for layers in (1, 2, 3):
        made = network(layers, models=[model], layers=layers, context=context)
        classifier = Classifier(write(tmp_path / str(layers), made.member))
        study: Study = {"left": hand(1, without=["lunate", "PIP3"]), "right": hand(2)}
        if layers == 1:
            del study["right"]
        (features,) = classifier.extract_features([study])
        results = classifier.classify_features(features, model)
        assert {r.model for r in results} == {model}
        found = probabilities(results)
        count = 0
        for finding, group in JOINT_GROUPS:
            head = made.heads[f"{model}/{finding}/{group}"]
            for unit in input_sets(model, finding, group):
                seen = torch.zeros(len(unit), 16)
                for row, one in enumerate(unit):
                    if (finding, one) in features.vectors:
                        (vector,) = features.vectors[finding, one].values()
                        seen[row] = torch.from_numpy(vector)
                with torch.no_grad():
                    expected = torch.sigmoid(head(seen[None])[0])
                for one, probability in zip(unit, expected, strict=True):
                    if (finding, one) in features.vectors:
                        # The bundle is stored in 16 bit.
                        told = found[one.side, finding, one.joint]
                        assert told == pytest.approx(float(probability), abs=5e-3)
                        count += 1
        assert count == len(found) == (28 if layers == 1 else 59)


def test_the_outputs_of_a_head_are_those_of_its_inputs(tmp_path: Path) -> None:
    made = network(models=["mimo-both-hands"], layers=1)
    (head,) = made.heads["mimo-both-hands/erosion/PIP-IP"].children()
    assert isinstance(head, torch.nn.Linear)
    unit = input_sets("mimo-both-hands", "erosion", "PIP-IP")[0]
    with torch.no_grad():
        head.weight.zero_()
        head.bias.zero_()
        head.bias[unit.index(Input("right", "PIP4"))] = 3
    study: Study = {"left": hand(1), "right": hand(2)}
    (results,) = Classifier(write(tmp_path, made.member)).classify([study], "mimo-both-hands")
    found = [(r.side, r.joint) for r in results if r.probability == pytest.approx(0.9526, abs=1e-4)]
    assert found == [("right", "PIP4")]


def test_an_ensemble_gives_the_mean_of_its_members(tmp_path: Path) -> None:
    members = [network(seed).member for seed in (1, 2, 3)]
    study: Study = {"left": hand(1), "right": hand(2)}
    single = []
    for number, member in enumerate(members):
        classifier = Classifier(write(tmp_path / str(number), member))
        single.append(probabilities(classifier.classify([study], "mimo-local")[0]))
    both = Classifier(write(tmp_path / "all", *members)).classify([study], "mimo-local")[0]
    for place, probability in probabilities(both).items():
        assert probability == pytest.approx(np.mean([one[place] for one in single]), abs=1e-6)


def test_members_that_share_a_trunk_run_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = network(1), network(2)
    bundle = write(tmp_path, one.member, Network(one.trunk, other.heads).member)
    passed = passes(monkeypatch)
    Classifier(bundle).classify([{"left": hand(1)}], "siso")
    assert passed == {"trunk-1.safetensors": [22]}


def test_joints_without_a_head_have_no_result(tmp_path: Path) -> None:
    known = [head for head in JOINT_GROUPS if head != ("jsn", "CMC")]
    classifier = Classifier(write(tmp_path, network(known=known).member))
    studies: list[Study] = [{"left": hand(1)}, {"left": hand(1), "right": hand(2)}]
    for study in studies:
        (results,) = classifier.classify([study], "mimo-both-hands")
        assert len(results) == 28 * len(study)
        assert not {"CMC3", "CMC4", "CMC5"} & {r.joint for r in results}


def test_a_fallback_without_the_head_is_none(tmp_path: Path) -> None:
    siso = network(known=JOINT_GROUPS[1:], models=["siso"])
    local = network(models=["mimo-local"])
    bundle = write(tmp_path, Network(local.trunk, {**siso.heads, **local.heads}).member)
    (results,) = Classifier(bundle).classify([{"left": hand(1)}], "mimo-local")
    asked = {r.joint for r in results if r.model == "mimo-local"}
    assert len(results) == 31
    assert asked == {t.joint for t in TARGETS if (t.finding, t.group) == JOINT_GROUPS[0]}


@pytest.mark.parametrize(
    ("held", "default"),
    [(PAPERS, "mimo-local"), (["mimo-both-hands"], "mimo-both-hands"), (PAPERS[2:], PAPERS[2])],
)
def test_the_default_model(tmp_path: Path, held: list[ModelName], default: str) -> None:
    classifier = Classifier(write(tmp_path, network(models=held).member))
    assert classifier.models == tuple(held)
    assert classifier.choose(None) == default
    assert classifier.choose(held[0]) == held[0]


def test_a_model_that_the_bundle_does_not_hold(tmp_path: Path) -> None:
    classifier = Classifier(write(tmp_path, network(models=["siso", "mimo-one-hand"]).member))
    told = f"--model mimo-local: {tmp_path} holds siso, mimo-one-hand only; choose"
    with pytest.raises(UsageError, match=told):
        classifier.choose("mimo-local")
    with pytest.raises(UsageError, match=told):
        classifier.classify([{"left": hand(1)}], "mimo-local")


def test_label_is_the_threshold_of_the_head(tmp_path: Path, bundle: Bundle) -> None:
    study: Study = {"left": hand(1)}
    (before,) = Classifier(bundle).classify([study], "siso")
    probability = next(r.probability for r in before if r.joint == "CMC1")
    anew = write(tmp_path, threshold=2)
    anew.meta["thresholds"]["siso"]["erosion/CMC-M"] = probability
    (after,) = Classifier(anew).classify([study], "siso")
    assert [r.probability for r in after] == [r.probability for r in before]
    assert next(r.label for r in after if r.joint == "CMC1") == "non-intact"
    assert {r.label for r in after if r.joint not in ("CMC1", "multangular")} == {"intact"}


def test_a_threshold_of_ones_own_is_for_all_joints(bundle: Bundle) -> None:
    (results,) = Classifier(bundle).classify([{"left": hand(1)}], "mimo-local", threshold=0.45)
    for result in results:
        assert result.label == ("non-intact" if result.probability >= 0.45 else "intact")
    assert {result.label for result in results} == {"intact", "non-intact"}


def test_precision(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def watched(*given: Any, precision: Precision, **options: Any) -> trunk.Trunk:
        asked.append(precision)
        return trunk.openvino_trunk(*given, precision="fp32", **options)

    monkeypatch.setattr(classifier, "openvino_trunk", watched)
    for there, precision, expected in (
        (True, "fp32", "fp32"),
        (True, "bf16", "bf16"),
        (True, "auto", "bf16"),
        (False, "auto", "fp32"),
    ):
        monkeypatch.setattr(classifier, "has_bf16", lambda there=there: there)
        made = Classifier(bundle, device="cpu", precision=precision)  # type: ignore[arg-type]
        made.classify([{"left": hand(1)}], "siso")
        assert (made.precision, asked.pop()) == (expected, expected)
    with pytest.raises(UsageError, match="this processor has none; use fp32 or auto"):
        Classifier(bundle, device="cpu", precision="bf16")


def test_half_precision_is_near_the_whole_one(bundle: Bundle) -> None:
    study: Study = {"left": hand(1), "right": hand(2)}
    whole, half = (
        probabilities(
            Classifier(bundle, device="cpu", precision=precision).classify([study], "siso")[0]
        )
        for precision in ("fp32", "auto")
    )
    assert max(abs(whole[place] - half[place]) for place in whole) < 0.05


def agree(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """See that OpenVINO and torch, here on the CPU, give the same probabilities."""
    study: Study = {"left": hand(1, without=["IP"]), "right": hand(2)}
    openvino = Classifier(bundle, device="cpu")
    found = {model: openvino.classify([study], model)[0] for model in PAPERS}
    monkeypatch.setattr(classifier, "torch_device", lambda _: "cuda")
    on_cpu = partial(trunk.torch_trunk, device="cpu")
    monkeypatch.setattr(classifier, "torch_trunk", lambda layers, **_: on_cpu(layers))
    torchs = Classifier(bundle)
    for model in PAPERS:
        ours, theirs = (
            probabilities(r) for r in (found[model], torchs.classify([study], model)[0])
        )
        assert ours.keys() == theirs.keys()
        assert max(abs(ours[place] - theirs[place]) for place in ours) < 1e-4
        assert max(ours.values()) - min(ours.values()) > 0.01


def test_openvino_and_torch_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(write(tmp_path, network(1).member, network(2).member), monkeypatch)


def test_a_bundle_may_have_trunks_of_both_architectures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(write(tmp_path, network(1).member, lite(2).member), monkeypatch)


@pytest.mark.slow
def test_openvino_and_torch_agree_on_the_whole_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    agree(write(tmp_path, network(layout=VGG16).member, size=128), monkeypatch)


@pytest.mark.parametrize("shape", [(250, 250), (300, 500), (40, 40)])
def test_standardise(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(300, 60000, shape, dtype=np.uint16)
    square = standardise(pixels, SIZE)
    assert square.shape == (SIZE, SIZE)
    assert square.dtype == np.float32
    assert float(square.mean()) == pytest.approx(0, abs=1e-5)
    assert float(square.std()) == pytest.approx(1, abs=1e-5)
    darker = (pixels // 4).astype(np.uint16)
    np.testing.assert_allclose(standardise(darker, SIZE), square, atol=1e-2)


def test_an_empty_patch_gives_a_probability(bundle: Bundle) -> None:
    black = [Patch("erosion", "IP", np.zeros((250, 250), np.uint16), ())]
    ((result,),) = Classifier(bundle).classify([{"left": black}], "siso")
    assert 0 < result.probability < 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there(bundle: Bundle) -> None:
    with pytest.raises(UsageError, match="--device cuda"):
        Classifier(bundle, device="cuda")


def calibrated(folder: Path, *, slope: float = 0.5, intercept: float = -0.3) -> Bundle:
    """A bundle whose head of MCP joints alone is calibrated otherwise."""
    made = write(folder)
    heads = made.meta["thresholds"]["siso"]

    def by_head(usual: dict[str, float], mcp: dict[str, float]) -> dict[str, Any]:
        own = {head: mcp if head == "erosion/MCP" else usual for head in heads}
        return dict.fromkeys(made.meta["models"], own)

    changes = {
        "calibration": by_head(
            {"slope": 1.0, "intercept": 0.0}, {"slope": slope, "intercept": intercept}
        ),
        "conformal": {
            "error_rate": 0.1,
            "limits": by_head(
                {"intact": 1.0, "non_intact": 0.0}, {"intact": 0.45, "non_intact": 0.55}
            ),
        },
    }
    write_bundle(folder, {**made.meta, **changes}, made.meta["sha256"])
    return open_bundle("findings", folder)


def test_a_calibrated_bundle_gives_probabilities_at_a_prevalence(tmp_path: Path) -> None:
    study: Study = {"left": hand(1), "right": hand(2)}
    (plain,) = Classifier(write(tmp_path / "plain")).classify([study], "siso")
    classifier = Classifier(calibrated(tmp_path / "calibrated"))
    (default,) = classifier.classify([study], "siso")
    (papers,) = classifier.classify([study], "siso", prevalence=TABLE_2)
    assert default == papers
    (rare,) = classifier.classify([study], "siso", prevalence=dict.fromkeys(JOINT_GROUPS, 0.01))
    for score, one, other in zip(plain, default, rare, strict=True):
        target = TARGET_OF[one.finding, one.joint]
        mcp = target.group == "MCP" and one.finding == "erosion"
        calibration = Calibration(0.5, -0.3) if mcp else Calibration(1, 0)
        prevalence = TABLE_2[one.finding, target.group]
        assert one.probability == calibration.probability(score.probability, prevalence)
        assert other.probability == calibration.probability(score.probability, 0.01)
        # The operating point is the bundle's, whatever the prevalence.
        assert score.label == one.label == other.label
        assert score.certainty is None
        assert one.certainty == other.certainty
        assert mcp or one.certainty == "uncertain"
    assert {one.certainty for one in default} == {"certain", "uncertain"}


def test_a_threshold_of_ones_own_is_of_the_calibrated_probability(tmp_path: Path) -> None:
    study: Study = {"left": hand(1), "right": hand(2)}
    classifier = Classifier(calibrated(tmp_path))
    (results,) = classifier.classify([study], "siso", threshold=0.4)
    assert all((one.label == "non-intact") == (one.probability >= 0.4) for one in results)
    assert len({one.label for one in results}) == 2


def test_a_prevalence_needs_a_calibrated_bundle(bundle: Bundle, tmp_path: Path) -> None:
    plain = Classifier(bundle)
    assert plain.choose_prevalence(None) is None
    with pytest.raises(UsageError, match=r"not calibrated.*--models"):
        plain.classify([{"left": hand(1)}], "siso", prevalence=TABLE_2)
    other = Classifier(calibrated(tmp_path))
    assert other.choose_prevalence(None) == TABLE_2
    rare = dict.fromkeys(JOINT_GROUPS, 0.1)
    assert other.choose_prevalence(rare) == rare


def test_a_patch_far_from_those_of_training_is_unlike(tmp_path: Path) -> None:
    made = network(models=("siso",)).member
    study: Study = {"left": hand(1), "right": hand(2)}
    plain = Classifier(write(tmp_path / "plain", made))
    (features,) = plain.extract_features([study])
    (own,) = features.vectors["erosion", Input("left", "MCP2")].values()
    known = {
        "mean": own.astype(float), "basis": np.eye(2, len(own)), "spread": np.full(2, 0.01),
        "rest": np.full(1, 0.01),
    }  # fmt: skip
    bundle = write(tmp_path / "known", made, familiarity={"siso/erosion/MCP": known})
    (results,) = Classifier(bundle).classify([study], "siso")
    (before,) = plain.classify([study], "siso")
    assert [replace(one, certainty=None) for one in results] == list(before)
    unlike = {(one.side, one.joint) for one in results if one.certainty == "unlike"}
    mcps = {(side, f"MCP{number}") for side in SIDES for number in range(1, 6)}
    assert unlike == mcps - {("left", "MCP2")}
