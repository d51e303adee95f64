"""Runs made by arithmetic instead of phones: planted latencies, failures, taints and hostile names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from devbench.domain.device import Core, CoreGroup, DeviceInfo, DeviceState, Reject
from devbench.domain.job import Backend, Bounds, Job, Profile, job_id_of
from devbench.domain.measurement import Actual, Failure, Measurement, OpTime, Series, Usage
from devbench.domain.run import Artifact, Run, RunHeader
from devbench.domain.taint import Taint
from devbench.domain.variant import Step, TensorSpec, Variant

HOSTILE = '<script>alert("x")</script> "quoted" \'single\' & ünïcödé 模型 ' + "long" * 30
SERIAL = "SERIAL0123456789"
SERIALNO = "HT7A1B2C3D4"
LOW_BATTERY = Taint(
    id="LOW-BATTERY", sentence="The battery is low.", detail="12 %, 25 % is the limit", fix="charge the phone"
)
ROLLUP = """00400000-7ffc00000000 ---p 00000000 00:00 0                              [rollup]
Rss:               {rss} kB
Pss:               {pss} kB
Private_Clean:       100 kB
Private_Dirty:     {dirty} kB
"""


def phone(
    index: int = 0, *, virtual: bool = False, model: str | None = None, abi: str = "arm64-v8a"
) -> DeviceInfo:
    name = model or ("OPPO A37f", "Pixel 2 XL")[index % 2] + (f" no. {index}" if index > 1 else "")
    return DeviceInfo(
        device=f"phone-{index:06x}",
        serial=f"{SERIAL}-{index}",
        serialno=f"{SERIALNO}-{index}",
        manufacturer="Maker",
        model=name,
        product="product",
        android_release="8.1.0",
        sdk=27,
        fingerprint="maker/product/device:8.1.0/ABC/123:user/release-keys",
        build_type="user",
        soc="MSM8998",
        target="linux-x86_64" if virtual else "android-arm64-v8a",
        abis=("x86_64",) if virtual else (abi, "armeabi-v7a"),
        cores=tuple(
            Core(cpu=c, online=True, min_khz=300000, max_khz=1900000, capacity=None) for c in range(4)
        ),
        core_groups=(CoreGroup(name="all", cpus=(0, 1, 2, 3), max_khz=1900000),),
        allowed_cpus=(0, 1, 2, 3),
        ram_bytes=4 * 10**9,
        page_size_bytes=4096,
        kernel="4.4",
        shell_v2=True,
        labels=("VIRTUAL",) if virtual else (),
        simulated=("soc", "clocks", "ram", "battery", "thermal") if virtual else (),
    )


def variant(
    name: str, *, model: str = "mobilenet", size_bytes: int = 16_900_000, control: bool = False
) -> Variant:
    tensor = TensorSpec(name="input", dtype="float32", shape=(1, 224, 224, 3))
    return Variant(
        variant=name,
        model=model,
        format="tflite",
        path=f"/home/somebody/models/{name[:20]}.tflite",
        sha256="ab" * 32,
        size_bytes=size_bytes,
        inputs=(tensor,),
        outputs=(replace(tensor, name="output", shape=(1, 1000)),),
        steps=(
            Step(name="convert", parameters={"optimize": "default"}, tool="tflite", bytes_after=size_bytes),
        ),
        control=control,
    )


def backend(**changes: object) -> Backend:
    base = Backend(
        engine="litert",
        engine_version="2.3.0",
        engine_sha256="cd" * 32,
        delegate="xnnpack",
        threads=4,
        cores="big",
        cpu_mask=0xF,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


class Plan:
    """What to plant, cell by cell: base latency in ns by variant, and what goes wrong where."""

    def __init__(
        self,
        *,
        phones: tuple[DeviceInfo, ...] | None = None,
        variants: tuple[Variant, ...] | None = None,
        latencies_ns: dict[str, float] | None = None,
        backends: tuple[Backend, ...] | None = None,
        rounds: int = 8,
        samples: int = 60,
        profile: str = "standard",
        spread: float = 0.005,
        drift: float = 0.0,
        trend: float = 0.0,
        failures: dict[tuple[str, str], Failure] | None = None,
        failing_rounds: tuple[int, ...] | None = None,
        taints: dict[tuple[str, str], tuple[Taint, ...]] | None = None,
        control: bool = True,
        resources: bool = True,
        ops: bool = False,
        baseline: str | None = None,
        seed: int = 0,
    ) -> None:
        self.phones = phones if phones is not None else (phone(0),)
        default = (variant("fp32"), variant("int8", size_bytes=4_700_000))
        self.variants = variants if variants is not None else default
        if control:
            self.variants = (
                *self.variants,
                variant("control", model="control", size_bytes=90_000, control=True),
            )
        self.latencies_ns = latencies_ns or {}
        self.backends = backends or (backend(),)
        self.rounds, self.samples, self.profile = rounds, samples, profile
        self.spread, self.drift, self.trend = spread, drift, trend
        self.failures, self.failing_rounds, self.taints = failures or {}, failing_rounds, taints or {}
        self.resources, self.ops, self.baseline = resources, ops, baseline
        self.random = np.random.default_rng(seed)

    def latency_ns(self, device: DeviceInfo, name: str, threads: int) -> float:
        place = [v.variant for v in self.variants].index(name)
        base = self.latencies_ns.get(name, (20e6 / (1 + place)) if name != "control" else 1e6)
        return base * (1 + [p.device for p in self.phones].index(device.device) * 0.5) * 4 / threads


def make_run(**planted: object) -> Run:
    """A whole run, the same for the same arguments."""
    plan = Plan(**planted)  # type: ignore[arg-type]
    jobs: list[Job] = []
    measurements: list[Measurement] = []
    for device in plan.phones:
        for position, (pass_name, round_, item, setup) in enumerate(_order(plan)):
            job = _job(device, item, setup, pass_name, round_, position)
            jobs.append(job)
            measurements.append(_measurement(plan, device, job))
    return Run(
        header=_header(plan, jobs), measurements=tuple(measurements), folder="results/20260101-000000-test"
    )


def _order(plan: Plan):
    for round_ in range(1, plan.rounds + 1):
        for setup in plan.backends:
            variants = plan.variants if round_ % 2 else plan.variants[::-1]
            yield from (("latency", round_, v, setup) for v in variants)
    extra = [name for name, wanted in (("resources", plan.resources), ("ops", plan.ops)) if wanted]
    for pass_name in extra:
        yield from ((pass_name, 1, v, setup) for setup in plan.backends for v in plan.variants)


def _job(
    device: DeviceInfo, item: Variant, setup: Backend, pass_name: str, round_: int, position: int
) -> Job:
    decides = {"d": device.device, "v": item.variant, "b": setup, "p": pass_name, "r": round_}
    return Job(
        job_id=job_id_of(decides=decides),
        device=device.device,
        variant=item.variant,
        backend=setup,
        runner="native",
        abi=device.abis[0],
        pass_name=pass_name,
        round=round_,
        position=position,
        bounds=Bounds(),
    )


def _header(plan: Plan, jobs: list[Job]) -> RunHeader:
    return RunHeader(
        run_id="20260101-000000-test",
        created_at="2026-01-01T00:00:00Z",
        devbench_version="0.1.0",
        argv=("devbench", "run", "--suite", "quick", "--device", plan.phones[0].serial),
        profile=Profile(name=plan.profile, rounds=plan.rounds, bounds=Bounds()),
        rounds=plan.rounds,
        seed=1,
        suite="quick",
        baseline=plan.baseline,
        variants=plan.variants,
        devices=plan.phones,
        rejects=(Reject(serial="GONE123", state="offline", reason="it does not answer", fix="replug it"),),
        artifacts=(
            Artifact(
                role="runner",
                name="devbench-runner",
                version="0.1.0",
                target="android-arm64-v8a",
                sha256="ef" * 32,
                size_bytes=39_000,
                path="/home/somebody/devbench-runner",
            ),
        ),
        jobs=tuple(jobs),
    )


def _measurement(plan: Plan, device: DeviceInfo, job: Job) -> Measurement:
    common = Measurement(
        job_id=job.job_id,
        attempt=1,
        status="ok",
        started_at="2026-01-01T00:00:01Z",
        device=job.device,
        variant=job.variant,
        runner=job.runner,
        pass_name=job.pass_name,
        round=job.round,
        position=job.position,
        state_before=_state(30 + job.round / 2),
        state_after=_state(31 + job.round / 2),
        taints=plan.taints.get((job.device, job.variant), ()),
        argv=("devbench-runner", "1", "run", f"serial={device.serial}"),
        exit_code=0,
    )
    failure = plan.failures.get((job.device, job.variant))
    if failure and (plan.failing_rounds is None or job.round in plan.failing_rounds):
        status = "skipped" if failure.kind == "offline" else "failed"
        return replace(common, status=status, failure=failure, exit_code=1)
    return _with_numbers(plan, device, job, common)


def _with_numbers(plan: Plan, device: DeviceInfo, job: Job, common: Measurement) -> Measurement:
    level = plan.latency_ns(device, job.variant, job.backend.threads)
    heat = 1 + plan.drift * (job.round - 1) / max(1, plan.rounds - 1)
    run_level = level * heat * float(np.exp(plan.random.normal(0, plan.spread)))
    ramp = 1 + plan.trend * (np.arange(plan.samples) / max(1, plan.samples - 1) - 0.5)
    steady = (
        (run_level * ramp * np.exp(plan.random.normal(0, plan.spread, plan.samples))).astype(int).tolist()
    )
    series = (
        Series(phase="load", values_ns=(int(level * 3),), start_ns=1000),
        Series(phase="first", values_ns=(int(run_level * 1.6),)),
        Series(phase="warmup", values_ns=(int(run_level * 1.2), int(run_level))),
        Series(phase="steady", values_ns=tuple(steady)),
    )
    size = next(v.size_bytes for v in plan.variants if v.variant == job.variant)
    actual = Actual(
        engine=job.backend.engine,
        engine_version=job.backend.engine_version,
        abi=job.abi,
        runner_version="0.1.0",
        delegate=job.backend.delegate,
        fully_delegated=True,
        delegated_nodes=31,
        nodes=31,
        partitions=1,
        threads=job.backend.threads,
        cpus_allowed="0-3",
    )
    done = replace(common, actual=actual, series=series, warmup_status="stable")
    if job.pass_name == "resources":
        return replace(done, usage=_usage(size, sum(steady)), scrapes={"smaps_rollup": _rollup(size)})
    if job.pass_name == "ops":
        ops = (("CONV_2D", 0.6), ("DEPTHWISE_CONV_2D", 0.3), ("SOFTMAX", 0.1))
        return replace(done, ops=tuple(_op(i, kind, share * level) for i, (kind, share) in enumerate(ops)))
    return done


def _op(index: int, kind: str, mean_ns: float) -> OpTime:
    return OpTime(index=index, type=kind, name=f"layer_{index}", mean_ns=mean_ns, calls=60)


def _usage(size: int, wall_ns: int) -> tuple[Usage, ...]:
    load = Usage(
        phase="load",
        wall_ns=10**7,
        utime_ns=8 * 10**6,
        stime_ns=10**6,
        vm_hwm_bytes=size * 2,
        rss_anon_bytes=size // 2,
        rss_file_bytes=size,
    )
    steady = Usage(
        phase="steady",
        wall_ns=wall_ns,
        utime_ns=3 * wall_ns,
        stime_ns=wall_ns // 2,
        vm_hwm_bytes=size * 2 + 10**6,
        rss_anon_bytes=size // 2 + 10**6,
        rss_file_bytes=size,
    )
    return load, steady


def _rollup(size: int) -> str:
    return ROLLUP.format(rss=size * 2 // 1024, pss=size * 3 // 2048, dirty=size // 1024)


def _state(temperature_c: float) -> DeviceState:
    return DeviceState(
        taken_at="2026-01-01T00:00:00Z",
        uptime_s=4000.0,
        battery_level_pct=80.0,
        battery_temperature_c=temperature_c,
        battery_status="discharging",
        thermal_status=0,
        temperatures_c={"battery": temperature_c, "cpu": temperature_c + 5},
        cpu_khz={"0": 1900000},
        mem_available_bytes=2 * 10**9,
        screen_on=False,
        missing={"battery_saver": "settings has no such key"},
    )
