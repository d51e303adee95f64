"""Makes devbench/data/op_lists/RUNTIME.json from what the runtime's own library says it has registered.

    python scripts/pin_op_lists.py tfmobile-1.4.0 24 OPLIST.pb     # needs TensorFlow for the message's definition

OPLIST.pb holds the bytes that `TensorFlow.registeredOpList()` of the library gives (an OpList message); the number
is the version of graphs the runtime was made for (TF_GRAPH_DEF_VERSION of its release).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "devbench" / "data" / "op_lists"


def main(runtime: str, graph_version: str, op_list: str) -> None:
    from tensorflow.core.framework.op_def_pb2 import OpList

    ops = OpList.FromString(Path(op_list).read_bytes()).op
    lines = [f"  {json.dumps(op.name)}: {json.dumps(entry(op))}" for op in sorted(ops, key=lambda op: op.name)]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{runtime}.json").write_text(
        f'{{"schema": 1, "graph_version": {int(graph_version)}, "ops": {{\n' + ",\n".join(lines) + "\n}}\n",
        encoding="utf-8",
    )


def entry(op: Any) -> dict[str, Any]:
    """One op: attributes with the types they allow, and how many outputs, where that is fixed."""
    attributes = {}
    for attribute in op.attr:
        described: dict[str, Any] = {}
        if attribute.allowed_values.list.type:
            described["allowed"] = list(attribute.allowed_values.list.type)
        if not attribute.HasField("default_value"):
            described["required"] = True
        attributes[attribute.name] = described
    fixed = not any(output.number_attr or output.type_list_attr for output in op.output_arg)
    return {"attributes": attributes} | ({"outputs": len(op.output_arg)} if fixed else {})


if __name__ == "__main__":
    main(*sys.argv[1:])
