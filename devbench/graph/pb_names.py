"""Names of TensorFlow's tensor types by number, as its public types.proto lists them, and ops with a special part.

They stand here so that a graph is described without TensorFlow being installed.
"""

from __future__ import annotations

# NumPy's names, and for types NumPy lacks TensorFlow's own.
_DTYPES = """
    invalid float32 float64 int32 uint8 int16 int8 str complex64 int64 bool qint8 quint8 qint32 bfloat16
    qint16 quint16 uint16 complex128 float16 resource variant uint32 uint64 float8_e5m2 float8_e4m3fn
    float8_e4m3fnuz float8_e4m3b11fnuz float8_e5m2fnuz int4 uint4 int2 uint2
"""
DTYPES = tuple(_DTYPES.split())
# Names as they are written in a transforms string → number; quantised types included.
SPELLINGS = {name: number for number, name in enumerate(DTYPES) if number and name != "str"} | {
    "float": 1,
    "double": 2,
    "half": 19,
    "string": 7,
}
_BYTES = {
    "float64": 8, "int64": 8, "complex64": 8, "uint64": 8, "complex128": 16, "float32": 4, "int32": 4, "qint32": 4,
    "uint32": 4, "int16": 2, "qint16": 2, "quint16": 2, "uint16": 2, "bfloat16": 2, "float16": 2,
}  # fmt: skip

INPUT_OPS = frozenset({"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"})
VARIABLE_OPS = frozenset(
    {"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable", "TemporaryVariable", "_VarHandlesOp"}
)
# What leads a constant to the op that really reads it.
PASS_THROUGH_OPS = frozenset({"Identity", "Dequantize", "Cast", "StopGradient", "ReadVariableOp"})
# Ends of a graph that are no results.
_NO_RESULTS = """
    Const HostConst NoOp Assert SaveV2 RestoreV2 SaveSlices Save MergeSummary ScalarSummary HistogramSummary
    ImageSummary WriteScalarSummary Assign AssignVariableOp PrintV2 InitializeTable InitializeTableV2
"""
NO_OUTPUT_OPS = frozenset(_NO_RESULTS.split()) | INPUT_OPS | VARIABLE_OPS


def dtype_name(number: int) -> str:
    """'float32' for 1; a type newer than this list keeps its number: 'type_99'. References are like their type."""
    number = number - 100 if number > 100 else number
    return DTYPES[number] if 0 < number < len(DTYPES) else f"type_{number}"


def item_bytes(dtype: str) -> int:
    """Bytes of one element in memory; 1 for types of a byte or less."""
    return _BYTES.get(dtype, 1)
