"""TensorFlow's transforms that change structure, names and attributes: each one with each of its parameters."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_graphs import (
    FLOAT,
    INT32,
    INT64,
    Graph,
    dtype,
    function,
    function_def,
    integers,
    node,
    number,
    part,
    shape,
    text,
    types,
    wave,
)  # fmt: skip
from tensorflow_process import TensorFlow, find, ops

from devbench.errors import ModelError
from devbench.graph.pb_file import parse_graph
from devbench.graph.transform_spec import native_specs


def simple() -> Graph:
    """out = relu(x + (a + b)) with a node that nobody needs."""
    graph = Graph()
    graph.input("x", 4)
    graph.constant("a", wave(4), 4)
    graph.constant("b", wave(4, shift=2.0), 4)
    graph.float_op("sum", "Add", "a", "b")
    graph.float_op("mul", "Mul", "x", "sum")
    graph.float_op("out", "Relu", "mul")
    graph.float_op("unused", "Neg", "x")
    return graph


def names(graph: bytes) -> list[str]:
    return [n.name for n in parse_graph(graph).nodes]


def attributes(tf: TensorFlow, graph: bytes, name: str) -> dict[str, object]:
    from tensorflow_process import attributes_of

    found: dict[str, object] = tf.call(attributes_of, graph, name)
    return found


def test_this_tensorflow_has_every_transform_of_the_table(tf: TensorFlow) -> None:
    """No name of the table is unknown to the extension: it fails for its parameters at most."""
    for name in native_specs():
        try:
            tf.apply(simple().bytes, f"{name}(ignore_errors=false)", inputs=["x"], outputs=["out"])
        except ModelError as e:
            assert "not recognized" not in e.message, e.message
        except Exception as e:
            assert "needs" in str(e)


def test_versions_and_functions_are_kept(tf: TensorFlow) -> None:
    """Most of TensorFlow's transforms forget the producer and the least consumer."""
    graph = Graph(producer=21, min_consumer=12)
    graph.input("x", 4)
    graph.float_op("out", "Relu", "x")
    graph.functions.append(function_def("f", ["x"], {"y": "z:y:0"}, [node("z", "Neg", "x", T=dtype(FLOAT))]))
    for name in ("remove_device", "add_default_attributes", "strip_unused_nodes", "fold_constants"):
        after = parse_graph(tf.apply(graph.bytes, name, inputs=["x"], outputs=["out"]))
        assert (after.producer, after.min_consumer, len(after.functions)) == (21, 12, 1), name


def test_add_default_attributes(tf: TensorFlow) -> None:
    """What this TensorFlow's op has by default stands in the node then; what was there stays."""
    graph = Graph()
    graph.input("x", 1, 4, 4, 1)
    graph.constant("w", wave(4), 2, 2, 1, 1)
    graph.float_op("c", "Conv2D", "x", "w", strides=integers(1, 1, 1, 1), padding=text("SAME"))
    graph.float_op("lrn", "LRN", "c", bias=number(2.0))
    after = tf.apply(graph.bytes, "add_default_attributes")
    assert {"dilations", "data_format", "use_cudnn_on_gpu"} <= set(attributes(tf, after, "c"))
    assert attributes(tf, after, "lrn")["bias"] == 2.0
    assert attributes(tf, after, "lrn")["depth_radius"] == 5


def test_backport_concatv2(tf: TensorFlow) -> None:
    """The axis becomes the first input, and the result stays."""
    graph = Graph()
    graph.input("x", 2, 3)
    graph.input("y", 2, 3)
    graph.constant("axis", 1, kind=INT32)
    graph.float_op("out", "ConcatV2", "x", "y", "axis", N=b"\x18\x02", Tidx=dtype(INT32))
    after = tf.apply(graph.bytes, "backport_concatv2", inputs=["x", "y"], outputs=["out"])
    assert find(after, "out").op == "Concat"
    assert find(after, "out").inputs == ("axis", "x", "y")
    assert "Tidx" not in attributes(tf, after, "out")
    assert tf.apart(graph.bytes, after, inputs=["x", "y"], outputs=["out"]) == 0


def test_backport_tensor_array_v3(tf: TensorFlow) -> None:
    """Ops get version 2, and a constant stands in for the flow output that version 2 lacks."""
    graph = Graph()
    graph.constant("size", 3, kind=INT32)
    graph.constant("index", 0, kind=INT32)
    graph.constant("value", 2.5)
    graph.add("array", "TensorArrayV3", "size", dtype=dtype(FLOAT), element_shape=shape())
    graph.float_op("write", "TensorArrayWriteV3", "array", "index", "value", "array:1")
    graph.add("read", "TensorArrayReadV3", "array", "index", "write", dtype=dtype(FLOAT))
    graph.add("grad", "TensorArrayGradV3", "array", "write", source=text("g"))
    after = tf.apply(graph.bytes, "backport_tensor_array_v3", outputs=["read"])
    assert [find(after, n).op for n in ("array", "write", "read", "grad")] == [
        "TensorArrayV2", "TensorArrayWriteV2", "TensorArrayReadV2", "TensorArrayGradV2",
    ]  # fmt: skip
    assert find(after, "write").inputs[3] == "array/replacement_flow_node"


def test_fold_constants(tf: TensorFlow) -> None:
    """What depends on constants is one constant then, unused nodes go, and the result stays."""
    graph = simple().bytes
    after = tf.apply(graph, "fold_constants", inputs=["x"], outputs=["out"])
    assert ops(after).count("Const") == 1 and "Add" not in ops(after) and "unused" not in names(after)
    assert tf.apart(graph, after, inputs=["x"], outputs=["out"]) == 0
    with_ports = tf.apply(graph, "fold_constants", inputs=["x:0"], outputs=["out:0"])
    assert sorted(ops(with_ports)) == sorted(ops(after))


@pytest.mark.parametrize(
    "parameters",
    ["exclude_op=Add", "exclude_op=Neg, exclude_op=Add", "exclude_node=sum", "max_constant_size_in_bytes=10"],
)
def test_fold_constants_leaves_alone_what_it_is_told(tf: TensorFlow, parameters: str) -> None:
    """exclude_op, exclude_node and max_constant_size_in_bytes, which only TensorFlow's sources document."""
    after = tf.apply(simple().bytes, f"fold_constants({parameters})", inputs=["x"], outputs=["out"])
    assert {"a", "b", "sum"} <= set(names(after))


def test_fold_constants_keeps_noted_shapes_when_told(tf: TensorFlow) -> None:
    """With clear_output_shapes=false a shape noted in a graph is used: Shape becomes a constant."""
    graph = Graph()
    graph.add("x", "Placeholder", dtype=dtype(FLOAT), _output_shapes=part(1, part(7, part(2, b"\x08\x03"))))
    graph.float_op("shape", "Shape", "x", out_type=dtype(INT32))
    graph.add("cast", "Cast", "shape", SrcT=dtype(INT32), DstT=dtype(FLOAT))
    graph.float_op("out", "Mul", "cast", "x")
    kept = tf.apply(graph.bytes, "fold_constants(clear_output_shapes=false)", inputs=["x"], outputs=["out"])
    assert "Shape" not in ops(kept)
    cleared = tf.apply(graph.bytes, "fold_constants", inputs=["x"], outputs=["out"])
    assert "Shape" in ops(cleared)


@pytest.mark.parametrize("name", ["inline_partitionedcall", "inline_functions"])
def test_calls_are_replaced_by_the_functions_nodes(tf: TensorFlow, name: str) -> None:
    graph = Graph()
    graph.input("x", 3)
    graph.add("call", "PartitionedCall", "x", f=function("f"), Tin=types(FLOAT), Tout=types(FLOAT))
    graph.float_op("out", "Relu", "call")
    body = [node("twice", "Add", "v", "v", T=dtype(FLOAT)), node("less", "Sin", "twice:z:0", T=dtype(FLOAT))]
    graph.functions.append(function_def("f", ["v"], {"y": "less:y:0"}, body))
    after = tf.apply(graph.bytes, name, inputs=["x"], outputs=["out"])
    assert sorted(ops(after)) == ["Add", "Placeholder", "Relu", "Sin"]
    assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["out"]) == 0


def test_insert_logging(tf: TensorFlow) -> None:
    """A Print behind every op that is read; what read it reads the Print."""
    after = tf.apply(simple().bytes, "insert_logging", inputs=["x"], outputs=["out"])
    assert {"a__print__", "sum__print__", "mul__print__", "x__print__"} <= set(names(after))
    assert "out__print__" not in names(after), "nobody reads the output"
    assert find(after, "out").inputs == ("mul__print__:0",)
    assert attributes(tf, after, "mul__print__") | {"message": "", "first_n": -1, "summarize": 1024} == (
        attributes(tf, after, "mul__print__")
    )


def test_insert_logging_takes_each_parameter(tf: TensorFlow) -> None:
    """op and prefix choose nodes and may repeat; the others make the message and its limits."""

    def printed(parameters: str) -> list[str]:
        after = tf.apply(simple().bytes, f"insert_logging({parameters})", inputs=["x"], outputs=["out"])
        return sorted(n.removesuffix("__print__") for n in names(after) if n.endswith("__print__"))

    assert printed("op=Mul") == ["mul"]
    assert printed("op=Mul, op=Add") == ["mul", "sum"]
    assert printed("prefix=s") == ["sum"]
    assert printed("prefix=s, prefix=m") == ["mul", "sum"]
    assert printed("op=Add, prefix=m") == []
    after = tf.apply(
        simple().bytes,
        'insert_logging(op=Mul, show_op=true, show_name=1, message="v: ", first_n=3, summarize=7)',
    )
    found = attributes(tf, after, "mul__print__")
    assert found["message"] == ";Mul;;mul__print__;v: "
    assert (found["first_n"], found["summarize"]) == (3, 7)
    bare = tf.apply(simple().bytes, "insert_logging(op=Mul, show_op=false, show_name=false)")
    assert attributes(tf, bare, "mul__print__")["message"] == ""


def test_merge_duplicate_nodes(tf: TensorFlow) -> None:
    """Equal constants and equal ops become one; ops with state do not."""
    graph = Graph()
    graph.input("x", 4)
    for name in ("a", "b"):
        graph.constant(name, wave(4), 4)
        graph.float_op(f"{name}mul", "Mul", "x", name)
        graph.add(f"{name}random", "RandomUniform", "shape", dtype=dtype(FLOAT), T=dtype(INT32))
    graph.constant("shape", [4], 1, kind=INT32)
    graph.float_op("first", "Sub", "amul", "arandom")
    graph.float_op("out", "Add", "first", "bmul")
    graph.float_op("end", "Add", "out", "brandom")
    after = tf.apply(graph.bytes, "merge_duplicate_nodes", inputs=["x"], outputs=["end"])
    assert [ops(after).count(op) for op in ("Const", "Mul", "RandomUniform")] == [2, 1, 2]


def test_obfuscate_names(tf: TensorFlow) -> None:
    """All but inputs and outputs get short names that differ, and the result stays."""
    graph = simple()
    for index in range(70):
        graph.float_op(f"long/name/{index}", "Neg", "mul" if index == 0 else f"long/name/{index - 1}")
    after = tf.apply(graph.bytes, "obfuscate_names", inputs=["x:0"], outputs=["out"])
    found = names(after)
    assert {"x", "out"} <= set(found) and len(set(found)) == len(found)
    assert all(len(name) <= 2 for name in found if name not in ("x", "out"))
    assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["out"]) == 0
    documented = tf.apply(graph.bytes, "obsfucate_names", inputs=["x"], outputs=["out"])
    assert names(documented) == found, "as TensorFlow's documentation spells it"


def test_remove_attribute(tf: TensorFlow) -> None:
    graph = Graph()
    graph.float_op("a", "Add", "b", "b", foo=text("x"), bar=text("y"))
    graph.float_op("b", "Mul", "c", "c", foo=text("x"))
    graph.constant("c", 1.0)
    after = tf.apply(graph.bytes, "remove_attribute(attribute_name=foo)")
    assert "foo" not in attributes(tf, after, "a") and "bar" in attributes(tf, after, "a")
    assert "foo" not in attributes(tf, after, "b")
    only = tf.apply(graph.bytes, "remove_attribute(attribute_name=foo, op_name=Mul)")
    assert "foo" in attributes(tf, only, "a") and "foo" not in attributes(tf, only, "b")


def test_remove_control_dependencies(tf: TensorFlow) -> None:
    graph = simple()
    graph.float_op("late", "Neg", "x", "^out")
    after = tf.apply(graph.bytes, "remove_control_dependencies")
    assert find(after, "late").inputs == ("x",)


def test_devices_are_set_and_removed(tf: TensorFlow) -> None:
    """set_device with device and if_default; remove_device."""
    from tensorflow_process import devices

    graph = Graph()
    graph.constant("a", 1.0)
    graph.add("b", "Neg", "a", device="/device:GPU:0", T=dtype(FLOAT))

    def found(transforms: str) -> dict[str, str]:
        shown: dict[str, str] = tf.call(devices, tf.apply(graph.bytes, transforms))
        return shown

    assert found('set_device(device="/device:CPU:0")') == {"a": "/device:CPU:0", "b": "/device:CPU:0"}
    assert found('set_device(device="/device:CPU:0", if_default=true)') == {
        "a": "/device:CPU:0", "b": "/device:GPU:0",
    }  # fmt: skip
    assert found('set_device(device="/device:TPU:0", if_default=True)')["b"] == "/device:GPU:0", "any spelling"
    assert found("set_device") == {"a": "", "b": ""}
    assert found("remove_device") == {"a": "", "b": ""}


def test_remove_nodes(tf: TensorFlow) -> None:
    """Nodes of the ops go, but not inputs and outputs; op may repeat."""
    graph = Graph()
    graph.input("x", 4)
    graph.float_op("one", "Identity", "x")
    graph.float_op("check", "CheckNumerics", "one", message=text("bad"))
    graph.float_op("two", "Identity", "check")
    graph.float_op("neg", "Neg", "two")
    graph.float_op("out", "Identity", "neg")
    after = tf.apply(
        graph.bytes, "remove_nodes(op=Identity, op=CheckNumerics)", inputs=["x"], outputs=["out"]
    )
    assert sorted(names(after)) == ["neg", "out", "x"]
    assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["out"]) == 0
    with_input = tf.apply(graph.bytes, "remove_nodes(op=Identity)", inputs=["two"], outputs=["out"])
    assert "two" in names(with_input) and "one" not in names(with_input)


def test_remove_nodes_with_more_inputs(tf: TensorFlow) -> None:
    """max_inputs, which only the sources document: by default a node with two inputs stays."""
    graph = Graph()
    graph.input("x", 4)
    graph.constant("c", 2.0)
    graph.float_op("add", "Add", "x", "c")
    graph.float_op("out", "Neg", "add")
    assert "Add" in ops(tf.apply(graph.bytes, "remove_nodes(op=Add)", inputs=["x"], outputs=["out"]))
    after = tf.apply(graph.bytes, "remove_nodes(op=Add, max_inputs=2)", inputs=["x"], outputs=["out"])
    assert "Add" not in ops(after) and find(after, "out").inputs == ("x",)


def test_rename_attribute(tf: TensorFlow) -> None:
    graph = Graph()
    graph.constant("c", 1.0)
    graph.float_op("a", "Add", "c", "c", foo=text("x"))
    graph.float_op("b", "Mul", "c", "c", foo=text("x"))
    rename = "rename_attribute(old_attribute_name=foo, new_attribute_name=bar"
    after = tf.apply(graph.bytes, f"{rename})")
    assert attributes(tf, after, "a")["bar"] == attributes(tf, after, "b")["bar"] == "x"
    only = tf.apply(graph.bytes, f"{rename}, op_name=Mul)")
    assert "foo" in attributes(tf, only, "a") and "bar" in attributes(tf, only, "b")


def test_rename_node_and_op(tf: TensorFlow) -> None:
    graph = simple().bytes
    renamed = tf.apply(graph, "rename_node(old_node_name=mul, new_node_name=product)")
    assert find(renamed, "out").inputs == ("product",)
    with pytest.raises(ModelError, match="rename_node"):
        tf.apply(graph, "rename_node(old_node_name=mul, new_node_name=sum)")
    other = tf.apply(graph, "rename_op(old_op_name=Mul, new_op_name=Multiply)")
    assert find(other, "mul").op == "Multiply" and find(other, "sum").op == "Add"


def test_sort_by_execution_order(tf: TensorFlow) -> None:
    """Inputs stand before what reads them, whatever the order was."""
    graph = simple()
    graph.nodes.reverse()
    order = names(tf.apply(graph.bytes, "sort_by_execution_order"))
    for found in parse_graph(graph.bytes).nodes:
        assert all(order.index(i) < order.index(found.name) for i in found.inputs)


def gather(graph: Graph, op: str = "GatherV2", values: list[float] | None = None) -> Graph:
    graph.constant("table", values or [0.0, 0.0, 3.5, 0.0, -1.0], 5, 1)
    graph.float_op("read", "Identity", "table")
    graph.input("ids", 3, kind=INT64)
    given = {"Tparams": dtype(FLOAT), "Tindices": dtype(INT64)}
    if op == "GatherV2":
        graph.constant("axis", 0, kind=INT32)
        graph.add("out", op, "read", "ids", "axis", Taxis=dtype(INT32), **given)
    else:
        graph.add("out", op, "read", "ids", **given)
    return graph


@pytest.mark.parametrize("op", ["Gather", "GatherV2"])
def test_sparsify_gather(tf: TensorFlow, op: str) -> None:
    """A table that is mostly zeros becomes a hash table of the others, and gives the same."""
    graph = gather(Graph(), op).bytes
    after = tf.apply(graph, "sparsify_gather", inputs=["ids"], outputs=["out"])
    assert {"HashTable", "InitializeTable", "LookupTableFind"} <= set(ops(after)) and op not in ops(after)
    assert find(after, "group_deps").op == "NoOp"
    assert tf.apart(graph, after, inputs=["ids"], outputs=["out"]) == 0


def test_sparsify_gather_uses_the_given_init_node(tf: TensorFlow) -> None:
    """group_init_node, which only the sources document."""
    graph = gather(Graph())
    graph.add("my_init", "NoOp")
    after = tf.apply(
        graph.bytes, "sparsify_gather(group_init_node=my_init)", inputs=["ids"], outputs=["out", "my_init"]
    )
    assert find(after, "my_init").inputs == ("^table/InitializeTable",)


def test_sparsify_gather_reads_a_checkpoint(tf: TensorFlow, tmp_path: Path) -> None:
    """input_checkpoint, which only the sources document: the table is a variable whose values are there."""
    from tensorflow_process import graph_with_checkpoint

    graph = tf.call(graph_with_checkpoint, str(tmp_path / "model"), [0.0, 0.0, 3.5, 0.0])
    after = tf.apply(
        graph, f'sparsify_gather(input_checkpoint="{tmp_path / "model"}")', inputs=["ids"], outputs=["out"]
    )
    values = next(n for n in parse_graph(after).nodes if n.name.endswith("/values"))
    assert values.tensor is not None and values.tensor.elements == 1
    with pytest.raises(ModelError, match="sparsify_gather"):
        tf.apply(graph, "sparsify_gather", inputs=["ids"], outputs=["out"])


def test_strip_unused_nodes(tf: TensorFlow) -> None:
    """What the outputs do not need goes; an input behind the placeholder becomes one."""
    graph = simple().bytes
    after = tf.apply(graph, "strip_unused_nodes", inputs=["x"], outputs=["out"])
    assert sorted(names(after)) == ["a", "b", "mul", "out", "sum", "x"]
    cut = tf.apply(graph, 'strip_unused_nodes(type=quint8, shape="1,2,3")', inputs=["mul"], outputs=["out"])
    assert sorted(names(cut)) == ["mul", "out"]
    assert (find(cut, "mul").op, find(cut, "mul").dtype, find(cut, "mul").shape) == (
        "Placeholder",
        "quint8",
        (1, 2, 3),
    )


def test_strip_unused_nodes_by_name(tf: TensorFlow) -> None:
    """name, type_for_name and shape_for_name give single inputs a type and a shape of their own."""
    parameters = (
        'name=x, type_for_name=float, shape_for_name="4", name=sum, type_for_name=int32, shape_for_name="2,3",'
        ' type=double, shape="7"'
    )
    graph = simple()
    graph.float_op("pre", "Neg", "x")
    graph.float_op("all", "AddN", "out", "pre", N=b"\x18\x02")
    after = tf.apply(graph.bytes, f"strip_unused_nodes({parameters})", inputs=["sum", "pre"], outputs=["all"])
    assert (find(after, "sum").dtype, find(after, "sum").shape) == ("int32", (2, 3))
    assert (find(after, "pre").dtype, find(after, "pre").shape) == ("float64", (7,))
    port = 'strip_unused_nodes(name="sum:0", type_for_name=int32, shape_for_name="2, 3")'
    after = tf.apply(graph.bytes, port, inputs=["sum:0", "x"], outputs=["out:0"])
    assert (find(after, "sum").dtype, find(after, "sum").shape) == ("int32", (2, 3)), "a tensor, as in --inputs"


def test_ignore_errors_lets_the_graph_through(tf: TensorFlow) -> None:
    """A transform that fails is an error with its name; the worker then honours ignore_errors."""
    with pytest.raises(ModelError, match=r"fold_constants: .*both fed and fetched"):
        tf.apply(simple().bytes, "fold_constants", inputs=["x"], outputs=["x"])
