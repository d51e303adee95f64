"""What other tools measured, as run folders of devbench, so that a history need not start at zero."""

from devbench.imports.base import ImportedFile, ImportedProcess, Owner
from devbench.imports.folder import Imported, import_file
from devbench.imports.kinds import KINDS, read_source

__all__ = ["KINDS", "Imported", "ImportedFile", "ImportedProcess", "Owner", "import_file", "read_source"]
