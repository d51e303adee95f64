"""What a phone's root folder is made of: pure data for its init, so that what a phone can see is decided in
one place.

A phone of the default kind shows the host's libraries read-only, the tools its profile names, and two folders
of its own: /data and /sdcard. A rooted one shows an extracted Android tree read-only, and the same two
folders.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devbench.virtual.errors import VirtualPhoneError
from devbench.virtual.profile import Profile
from devbench.virtual.stub import stub
from devbench.virtual.tree import Emulator

# the C core as a program, for what stands in for an app and for a virtual machine
CORE = "/dev/devbench-core"
_CORES = Path(__file__).parent.parent / "data" / "runners"
_APP_PROCESS = f"""#!/system/bin/sh
# app_process FOLDER dev.devbench.runner.Main lib=LIBRARY WORDS…: without a machine, the core runs as a program
if [ "$2" != dev.devbench.runner.Main ] || [ ! -r "$CLASSPATH" ]; then
  echo "java.lang.ClassNotFoundException: $2: this phone runs one class only, from a CLASSPATH that can be read" >&2
  exit 1
fi
shift 3
for word in "$@"; do case "$word" in out=*) exec >"${{word#out=}}" ;; *) set -- "$@" "$word" ;; esac; shift; done
echo '{{"event":"app","mode":"app_process","pid":'$$',"vm":"none (simulated)"}}'
{CORE} "$@" &
wait $!
code=$?
if [ $code -lt 128 ]; then echo '{{"event":"exit","code":'$code',"signal":null}}'; fi
exit $code
"""
SERVICE_SOCKET = "/dev/socket/service"
_STUB = "/dev/socket/stub"
_LIBRARIES = (
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libx32",
    "/nix",
)
_HOST_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
ENGINES = "/opt/engines"
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a phone lives on the host, and for a rooted one the tree it shows and what runs its programs.

    `engines` is a folder of engine libraries that a phone of the default kind has, as a Linux board may.
    """

    folder: Path
    tree: Path | None = None
    emulators: tuple[Emulator, ...] = ()
    engines: Path | None = None

    @property
    def root(self) -> Path:
        """What persists of the phone: `data/` and `sdcard/`."""
        return self.folder / "root"


def layout(profile: Profile, place: Place) -> dict[str, Any]:
    """The first message to init.py: mounts, folders, links, files and services of the phone."""
    plan: dict[str, Any] = {
        "mount_at": str(place.folder / "mnt"),
        "folders": [
            ["/dev/pts", 0o755],
            ["/dev/socket", 0o755],
            ["/dev/shm", 0o1777],
            ["/proc", 0o555],
            ["/sys", 0o555],
        ],
        "binds": [[f"/dev/{name}", f"/dev/{name}", "dev"] for name in _DEVICES],
        "links": [
            ["pts/ptmx", "/dev/ptmx"],
            ["/proc/self/fd", "/dev/fd"],
            *(
                [f"/proc/self/fd/{number}", f"/dev/{name}"]
                for number, name in enumerate(("stdin", "stdout", "stderr"))
            ),
        ],
        "files": [],
        "socket": SERVICE_SOCKET,
        "emulators": [emulator.registration() for emulator in place.emulators],
        "stub": [_STUB, stub(os.uname().machine).hex()],
    }
    core = _core(profile, place)
    for name in ("data", "sdcard"):
        plan["binds"].append([str(place.root / name), f"/{name}", "rw"])
    if place.tree is None:
        _default_kind(plan, profile, has_core=core.is_file())
        if place.engines is not None:
            plan["folders"].append([ENGINES, 0o755])
            plan["binds"].append([str(place.engines), f"{ENGINES}/{place.engines.name}", "ro"])
    else:
        _rooted_kind(plan, place, place.tree)
    if core.is_file():
        plan["binds"].append([str(core), CORE, "ro"])
    return plan


def app_abis(profile: Profile, place: Place) -> tuple[str, ...]:
    """The ABIs of apps that stand-ins can run: a default phone's programs are this host's."""
    machine = os.uname().machine
    return profile.abis[:1] if place.tree else ({"aarch64": "arm64-v8a"}.get(machine, machine),)


def _core(profile: Profile, place: Place) -> Path:
    target = f"android-{profile.abis[0]}" if place.tree else f"linux-{os.uname().machine}"
    return _CORES / target / "devbench-runner"


def _default_kind(plan: dict[str, Any], profile: Profile, *, has_core: bool) -> None:
    for path in _LIBRARIES:
        if Path(path).is_symlink():
            plan["links"].append([str(Path(path).readlink()), path])
        elif Path(path).is_dir():
            plan["binds"].append([path, path, "ro"])
    for path in ("/etc/ld.so.cache", "/etc/alternatives"):
        if Path(path).exists():
            plan["binds"].append([path, path, "ro"])
    plan["folders"] += [
        ["/system/bin", 0o755],
        ["/system/etc", 0o755],
        ["/vendor/bin", 0o755],
        ["/etc", 0o755],
    ]
    services = set(profile.services)
    for name, source in host_tools(profile).items():
        if name not in services:
            plan["binds"].append([source, f"/system/bin/{name}", "ro"])
    plan["links"] += [["/sdcard", "/mnt/sdcard"], ["/system/bin/sh", "/vendor/bin/sh"]]
    plan["folders"].append(["/mnt", 0o755])
    if has_core:
        plan["files"].append([_APP_PROCESS, "/system/bin/app_process", 0o755])
    user = "shell:x:2000:2000::/data/local/tmp:/system/bin/sh\n"
    plan["files"] += [
        [user, "/etc/passwd", 0o644],
        ["shell:x:2000:\n", "/etc/group", 0o644],
        [build_prop(profile), "/system/build.prop", 0o644],
    ]
    plan["services"] = [f"/system/bin/{name}" for name in profile.services]


def _rooted_kind(plan: dict[str, Any], place: Place, tree: Path) -> None:
    own = {"data", "sdcard", "dev", "proc", "sys"}
    for entry in sorted(tree.iterdir()):
        if entry.name in own:
            continue
        if entry.is_symlink():
            plan["links"].append([str(entry.readlink()), f"/{entry.name}"])
        else:
            plan["binds"].append([str(entry), f"/{entry.name}", "ro"])
    plan["folders"].append([SHIMS, 0o755])
    for emulator in place.emulators[:1]:
        plan["binds"].append([str(emulator.path), EMULATOR, "ro"])
    plan["services"] = [f"{SHIMS}/{name}" for name in ROOTED_SERVICES]


# what an extracted tree has programs for, but no services behind them; first on the PATH of its shell
SHIMS = "/dev/shims"
EMULATOR = "/dev/emulator"
ROOTED_SERVICES = (
    "am",
    "cmd",
    "dumpsys",
    "getprop",
    "logcat",
    "pm",
    "reboot",
    "setprop",
    "settings",
    "svc",
    "wm",
)


def host_tools(profile: Profile) -> dict[str, str]:
    """Where this host has the tools of the profile; those that it lacks are missing on the phone too."""
    found = {name: shutil.which(name, path=_HOST_PATH) for name in profile.tools}
    tools = {name: os.path.realpath(path) for name, path in found.items() if path}
    tools["sh"] = host_shell()
    return tools


def host_shell() -> str:
    """bash where there is one (its missing-command hook speaks like the phone's shell), else the host's sh."""
    path = shutil.which("bash", path=_HOST_PATH) or shutil.which("sh", path=_HOST_PATH)
    if path is None:
        raise VirtualPhoneError("this host has no shell", fix="install dash or bash")
    return os.path.realpath(path)


def build_prop(profile: Profile) -> str:
    return "".join(f"{key}={value}\n" for key, value in profile.properties.items() if key.startswith("ro."))


def environment(profile: Profile, place: Place) -> dict[str, str]:
    """What a command finds in its environment, as on a phone of that age."""
    env = {
        "PATH": profile.path if place.tree is None else f"{SHIMS}:{profile.path}",
        "HOME": "/",
        "SHELL": "/system/bin/sh",
        "USER": "shell",
        "LOGNAME": "shell",
        "HOSTNAME": profile.properties["ro.product.device"],
        "TMPDIR": "/data/local/tmp",
        "ANDROID_ROOT": "/system",
        "ANDROID_DATA": "/data",
        "ANDROID_STORAGE": "/storage",
        "EXTERNAL_STORAGE": "/sdcard",
        "PS1": profile.prompt,
    }
    if place.tree is None:
        text = profile.not_found.format(name="$1")
        env["BASH_FUNC_command_not_found_handle%%"] = f'() {{ echo "{text}" >&2; return 127; }}'
        for name in profile.absent_builtins:
            missing = profile.not_found.format(name=name)
            env[f"BASH_FUNC_{name}%%"] = f'() {{ echo "{missing}" >&2; return 127; }}'
    return env
