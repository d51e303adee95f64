"""A phone: what it is (`DeviceInfo`), how it is now (`DeviceState`), and why it cannot be used (`Reject`)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """One CPU as the phone reports it; None where it does not say."""

    cpu: int
    online: bool
    min_khz: int | None
    max_khz: int | None
    capacity: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreGroup:
    """CPUs of one kind, named `big`, `mid`, `little`, or `all` where all are alike."""

    name: str
    cpus: tuple[int, ...]
    max_khz: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInfo:
    """What a phone is.

    `device` is its stable public name, `serial` the transport's address (never shown in reports), `serialno`
    what the phone calls itself. `labels` (VIRTUAL, EMULATOR) and `simulated` (quantities that do not come
    from hardware) are what the phone declares of itself in its properties. `engine_files` are paths of engine
    libraries that it has itself.
    """

    device: str
    serial: str
    serialno: str | None
    manufacturer: str | None
    model: str
    product: str | None
    android_release: str | None
    sdk: int | None
    fingerprint: str | None
    build_type: str | None
    soc: str | None
    target: str
    abis: tuple[str, ...]
    cores: tuple[Core, ...]
    core_groups: tuple[CoreGroup, ...]
    allowed_cpus: tuple[int, ...]
    ram_bytes: int | None
    page_size_bytes: int | None
    kernel: str | None
    shell_v2: bool
    labels: tuple[str, ...] = ()
    simulated: tuple[str, ...] = ()
    cooldown_min_s: float = 5.0
    engine_files: tuple[str, ...] = ()

    @property
    def virtual(self) -> bool:
        return "VIRTUAL" in self.labels


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """How a phone is at one moment; what could not be read is None and `missing` says why, by field name.

    The maps by CPU: clocks now, the limits that the clocks may move in, and seconds of work since the start.
    """

    taken_at: str
    uptime_s: float | None = None
    battery_level_pct: float | None = None
    battery_temperature_c: float | None = None
    battery_status: str | None = None
    plugged: str | None = None
    thermal_status: int | None = None
    temperatures_c: dict[str, float] = field(default_factory=dict)
    cpu_khz: dict[str, int] = field(default_factory=dict)
    mem_available_bytes: int | None = None
    screen_on: bool | None = None
    battery_saver: bool | None = None
    scaling_min_khz: dict[str, int] = field(default_factory=dict)
    scaling_max_khz: dict[str, int] = field(default_factory=dict)
    cpu_busy_s: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A phone that is there but cannot be used: the state or reason, and the way out."""

    serial: str
    state: str
    reason: str
    fix: str
