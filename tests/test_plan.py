"""The plan: interleaved, the same for the same seed, and ids that tell what decides a result."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import pytest

from devbench.domain.device import Core, CoreGroup, DeviceInfo
from devbench.domain.job import Bounds, Job, job_id_of
from devbench.domain.variant import Step, TensorSpec, Variant
from devbench.errors import UsageError
from devbench.plan import PROFILES, Choices, EngineChoice, core_mask, plan_phone


def phone(*, groups: tuple[CoreGroup, ...] | None = None, **changes: Any) -> DeviceInfo:
    info = DeviceInfo(
        device="phone-abc123", serial="S", serialno="N", manufacturer=None, model="Phone", product=None,
        android_release="8.1.0", sdk=27, fingerprint="f1", build_type="user", soc=None,
        target="android-arm64-v8a", abis=("arm64-v8a",),
        cores=tuple(Core(cpu=c, online=True, min_khz=None, max_khz=None, capacity=None) for c in range(8)),
        core_groups=groups or (
            CoreGroup(name="little", cpus=(0, 1, 2, 3), max_khz=None),
            CoreGroup(name="big", cpus=(4, 5), max_khz=None),
        ),
        allowed_cpus=tuple(range(8)), ram_bytes=None, page_size_bytes=None, kernel=None, shell_v2=True,
    )  # fmt: skip
    return dataclasses.replace(info, **changes)


def variant(name: str, **changes: Any) -> Variant:
    tensor = TensorSpec(name="x", dtype="float32", shape=(1, 4))
    made = Variant(
        variant=name, model=name, format="tflite", path=f"/m/{name}.tflite", sha256="ab" * 32, size_bytes=1,
        inputs=(tensor,),
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


VARIANTS = (variant("control", control=True), variant("a"), variant("b"), variant("c"), variant("d"))


def plan(
    *, device: DeviceInfo | None = None, variants: tuple[Variant, ...] = VARIANTS, rounds: int = 4, seed: int = 0,
    profile: str = "standard", engine_sha256: str = "e1", runner_sha256: str = "r1", **choices: Any,
) -> tuple[Job, ...]:  # fmt: skip
    return plan_phone(
        device or phone(), variants, profile=PROFILES[profile], rounds=rounds, seed=seed,
        choices=Choices(**choices),
        engine_for=lambda runner, v, target, name: EngineChoice(
            engine=name or "litert", version="2", sha256=engine_sha256, runner_sha256=runner_sha256),
    ).jobs  # fmt: skip


def order(jobs: tuple[Job, ...], round_: int) -> list[str]:
    return [job.variant for job in jobs if job.pass_name == "latency" and job.round == round_]


def test_every_round_holds_every_variant_once_and_even_rounds_reverse_the_odd() -> None:
    """ABBA: a phone that heats up hits all variants alike."""
    jobs = plan(rounds=4)
    for odd in (1, 3):
        assert sorted(order(jobs, odd)) == sorted(v.variant for v in VARIANTS)
        assert order(jobs, odd + 1) == order(jobs, odd)[::-1]
    assert order(jobs, 1) != order(jobs, 3)


def test_the_order_is_random_by_seed_and_the_same_for_the_same() -> None:
    assert plan(seed=7) == plan(seed=7)
    assert len({tuple(order(plan(seed=seed), 1)) for seed in range(20)}) > 5
    here, there = plan(seed=7), plan(seed=7, device=phone(device="other-abc123"))
    assert [j.variant for j in here] != [j.variant for j in there], "two phones must not share one order"


def test_jobs_of_one_phone_are_numbered_and_distinct() -> None:
    jobs = plan(threads=(1, 4), delegates=("xnnpack", "none"), cores=("big", "little"))
    assert [job.position for job in jobs] == list(range(len(jobs)))
    assert len({job.job_id for job in jobs}) == len(jobs)


def test_the_other_passes_come_first_so_that_what_cannot_run_shows_at_once() -> None:
    jobs = plan()
    passes = [job.pass_name for job in jobs]
    assert passes[:4] == ["resources"] * 4
    assert passes[4:8] == ["ops"] * 4
    assert set(passes[8:]) == {"latency"}
    assert jobs[0].bounds.steady_min_n < PROFILES["standard"].bounds.steady_min_n


def test_the_control_is_measured_one_way_only_once_a_round() -> None:
    jobs = plan(threads=(1, 2, 4), delegates=("xnnpack", "none"), rounds=3)
    controls = [job for job in jobs if job.variant == "control"]
    assert [(job.pass_name, job.round) for job in controls] == [("latency", r) for r in (1, 2, 3)]
    assert len({job.backend for job in controls}) == 1
    assert Counter(order(jobs, 1))["a"] == 6


def test_the_control_has_its_own_inputs() -> None:
    """What is given for the user's model would make it fail."""
    jobs = plan(
        input_files={"x": "/x.bin"}, input_sha256={"x": "s"}, input_shapes={"x": "1,4"}, signature="serve"
    )
    for job in jobs:
        given = (
            bool(job.input_files),
            bool(job.input_sha256),
            bool(job.input_shapes),
            job.signature is not None,
        )
        assert given == (job.variant != "control",) * 4


def test_an_id_is_the_same_whenever_the_plan_is_made_again() -> None:
    """Stable over Python versions and processes, or --resume would measure everything twice."""
    assert {j.job_id for j in plan(seed=1)} == {j.job_id for j in plan(seed=1)}
    assert job_id_of(decides={"b": {"x": (1, 2)}, "a": 1}) == "deff65394f3eee25"


A = (variant("a"),)


@pytest.mark.parametrize(
    "changed",
    [
        {"variants": (variant("a", sha256="cd" * 32),)}, {"variants": (variant("b"),)},
        {"engine_sha256": "e2"}, {"runner_sha256": "r2"}, {"seed": 1, "input_seed": 1}, {"engines": ("tflite",)},
        {"delegates": ("none",)}, {"threads": (1,)}, {"cores": ("little",)}, {"profile": "tail"},
        {"device": phone(device="phone-000000")}, {"device": phone(fingerprint="f2")},
        {"device": phone(target="android-armeabi-v7a")}, {"input_shapes": {"x": "2,4"}},
        {"input_sha256": {"x": "1"}, "input_files": {"x": "/x"}}, {"signature": "other"},
    ],
    ids=str,
)  # fmt: skip
def test_an_id_differs_when_anything_that_decides_differs(changed: dict[str, Any]) -> None:
    """Results of unlike jobs must never be taken for attempts at one."""
    base = {job.job_id for job in plan(variants=A, rounds=2)}
    other = {job.job_id for job in plan(**{"variants": A, "rounds": 2, **changed})}
    assert not base & other


def test_an_id_does_not_depend_on_the_path_of_an_input_but_on_its_content() -> None:
    one, two, three = (
        plan(variants=A, input_files={"x": path}, input_sha256={"x": sha})
        for path, sha in (("/a", "1"), ("/b", "1"), ("/a", "2"))
    )
    assert [j.job_id for j in one] == [j.job_id for j in two] != [j.job_id for j in three]


def test_more_rounds_keep_the_ids_of_the_first() -> None:
    few, many = {j.job_id for j in plan(rounds=2)}, {j.job_id for j in plan(rounds=4)}
    assert few < many


def test_core_groups_become_masks_and_threads_fit_them() -> None:
    (job, *_) = plan(variants=A, cores=("big",))
    assert (job.backend.cpu_mask, job.backend.threads) == (0b110000, 2)
    (job, *_) = plan(variants=A, cores=("all",))
    assert (job.backend.cpu_mask, job.backend.threads) == (0xFF, 4)


def test_a_phone_with_one_kind_of_core_has_only_those() -> None:
    equal = phone(groups=(CoreGroup(name="all", cpus=(0, 1), max_khz=None),), allowed_cpus=(0, 1))
    assert core_mask(equal, "big") == core_mask(equal, "little") == (0, 1)


def test_a_group_that_a_phone_lacks_is_named_with_those_it_has() -> None:
    with pytest.raises(UsageError, match="phone-abc123 has the groups little, big") as caught:
        core_mask(phone(), "mid")
    assert "little, big, all" in (caught.value.fix or "")


def test_profiles_are_those_of_the_measuring_protocol() -> None:
    assert (PROFILES["quick"].rounds, PROFILES["standard"].rounds) == (3, 8)
    assert PROFILES["standard"].bounds == Bounds()
    assert PROFILES["quick"].bounds.steady_min_ms == 300
    tail = PROFILES["tail"].bounds
    assert (tail.steady_min_n, tail.steady_min_ms) == (1024, 60_000)


def test_a_graph_has_no_delegate_and_a_pass_of_its_own() -> None:
    """A default of xnnpack is not asked of it; only its trace tells the nodes that it executes."""
    graph = variant("g", format="pb", path="/m/g.pb", fetches=("y",))
    jobs = plan(variants=(variant("a"), graph), rounds=1, profile="quick",
                delegates=("xnnpack", "none"), signature="s")  # fmt: skip
    asked = {(job.variant, job.backend.delegate) for job in jobs}
    assert asked == {("a", "xnnpack"), ("a", "none"), ("g", "none")}
    (traced,) = (job for job in jobs if job.pass_name == "ops")
    assert traced.variant == "g" and (traced.bounds.steady_min_n, traced.bounds.steady_max_n) == (3, 3)
    assert {job.signature for job in jobs if job.variant == "g"} == {None}
    others = plan(variants=(dataclasses.replace(graph, fetches=("z",)),), rounds=1)
    assert {job.job_id for job in others}.isdisjoint(job.job_id for job in jobs)


def test_what_may_compute_in_half_precision_is_held_against_float32() -> None:
    """A delegate against its own file, weights in float16 against the model's float32 file, where there is one."""
    def of(name: str, model: str, step: str) -> Variant:
        return variant(name, model=model, steps=(Step(name=step),), sha256=name[0] * 64)

    cnn = (of("fp32", "cnn", "fp32"), of("half", "cnn", "fp16"), of("int8", "cnn", "int8"))
    jobs = plan(variants=(*cnn, of("lonely", "other", "fp16")), rounds=1, delegates=("xnnpack", "gpu-fp16"))
    against = {(job.variant, job.backend.delegate): job.reference for job in jobs if job.pass_name == "parity"}
    assert against == {
        ("half", "xnnpack"): "fp32", ("half", "gpu-fp16"): "fp32", ("fp32", "gpu-fp16"): "fp32",
        ("int8", "gpu-fp16"): "int8", ("lonely", "gpu-fp16"): "lonely",
    }  # fmt: skip
    assert {job.runs for job in jobs if job.pass_name == "latency"} == {"fp32", "half", "int8", "lonely"}
    other = plan(variants=(dataclasses.replace(cnn[0], sha256="c" * 64), *cnn[1:]), rounds=1)
    assert {job.job_id for job in other if job.reference}.isdisjoint(job.job_id for job in jobs)


def test_each_engine_gets_the_models_of_its_format_and_only_what_nothing_runs_is_refused() -> None:
    graph = variant("graph", format="pb")
    formats = {"tflite@2.4.0": ("tflite",), "tfmobile@1.4.0": ("pb",)}
    both = plan(variants=(*VARIANTS[:2], graph), engines=("tfmobile@1.4.0", "tflite@2.4.0"), formats=formats)
    assert {(job.variant, job.backend.engine) for job in both} == {
        ("control", "tflite@2.4.0"), ("a", "tflite@2.4.0"), ("graph", "tfmobile@1.4.0"),
    }  # fmt: skip
    lonely = plan(variants=(VARIANTS[0], graph), engines=("tflite@2.4.0",), formats=formats)
    assert {job.backend.engine for job in lonely if job.variant == "graph"} == {"tflite@2.4.0"}
