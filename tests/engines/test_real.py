"""The real artefacts: each can still be fetched, and is what the table says.

They come from Maven Central, so `make test-all` runs this.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from devbench.engines.cache import fetch
from devbench.engines.elf import machine_of_target, read_elf
from devbench.engines.inventory import all_releases
from devbench.engines.maven import silent
from devbench.engines.table import Release
from devbench.errors import EngineError

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.mark.parametrize("release", all_releases(), ids=lambda release: release.name)
def test_a_release_is_what_the_table_says(release: Release, tmp_path: Path) -> None:
    """Hashes are checked by fetching; the table's least API and alignment, which pyelftools read, by our reader."""
    for library in release.libraries.values():
        try:
            path = fetch(tmp_path, release, library, silent)
        except EngineError as error:
            if "cannot be fetched" in error.message:
                pytest.skip(f"no Maven repository: {error.message}")
            raise
        elf = read_elf(path)
        assert elf.machine == machine_of_target(library.target)
        assert elf.load_alignment_bytes == library.load_alignment_bytes
        assert elf.needs_of_linux is None
        if library.minimal_api is None:
            assert elf.minimal_api is None
        else:
            assert elf.minimal_api is not None
            assert elf.minimal_api <= library.minimal_api
