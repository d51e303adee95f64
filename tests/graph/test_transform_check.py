"""A string is checked against what each transform takes, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from devbench.errors import UsageError
from devbench.graph.op_lists import runtime_names, runtime_ops
from devbench.graph.transform_check import check_calls
from devbench.graph.transform_spec import all_specs, native_specs
from devbench.graph.transform_string import parse_transforms
from devbench.graph.transforms import load_transform, own_names

TALK = """strip_unused_nodes(type=float, shape="1,299,299,3") remove_nodes(op=Identity, op=CheckNumerics)
fold_constants(ignore_errors=true) fold_batch_norms fold_old_batch_norms quantize_weights"""


def refusal(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        check_calls(parse_transforms(text))
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        TALK,
        "fold_constants(exclude_op=Add, exclude_op=Mul, exclude_node=a/b, max_constant_size_in_bytes=10)",
        "fold_constants(clear_output_shapes=false, ignore_errors=False)",
        "quantize_nodes(ignore_op=Add, input_min=-1, input_max=1.5e1, fallback_min=0, fallback_max=6)",
        "remove_nodes(op=Add, max_inputs=2) quantize_weights(minimum_size=2)",
        "sparsify_gather(group_init_node=init, input_checkpoint=model.ckpt)",
        'strip_unused_nodes(name=a, type_for_name=int32, shape_for_name="2,3", name=b, type_for_name=quint8,'
        ' shape_for_name="")',
        'insert_logging(op=Add, prefix=a, show_op=1, show_name=true, message="x: ", first_n=-1, summarize=5)',
        'obsfucate_names fuse_convolutions set_device(device=x, if_default=TRUE) round_weights(num_steps=" 8 ")',
        "downgrade_ops(runtime=tfmobile-1.4.0) fold_keras_batch_norms inline_functions",
    ],
)
def test_right_strings_pass(text: str) -> None:
    """The talk's string, and every parameter that only TensorFlow's sources document."""
    check_calls(parse_transforms(text))


@pytest.mark.parametrize(
    ("text", "says", "offers"),
    [
        ("fold_batch_norm", "no transform 'fold_batch_norm'", "fold_batch_norms"),
        ("zzzz", "no transform", "--list"),
        ("quantize_weights(min_size=2)", "no parameter 'min_size'", "minimum_size"),
        ("fold_constants(exclude_ops=Add)", "no parameter 'exclude_ops'", "exclude_op"),
        ("remove_device(ignore_error=true)", "no parameter 'ignore_error'", "ignore_errors"),
        ("remove_device(zzzz=true)", "no parameter 'zzzz'", "it has ignore_errors"),
        ("round_weights(num_steps=1, num_steps=2)", "given 2 times", None),
        ("round_weights(num_steps=many)", "should be a whole number", None),
        ("round_weights(num_steps=0)", "num_steps=0 should be 1 or more", None),
        ("fold_constants(ignore_errors=yes)", "should be true or false", None),
        ("strip_unused_nodes(type=flaot)", "should be a type", "float"),
        ('strip_unused_nodes(shape="1,x")', "should be sizes", None),
        ('strip_unused_nodes(shape="-1,3")', "none of them open", None),
        ("strip_unused_nodes(type=str)", "should be a type", "string"),
        ("strip_unused_nodes(name=a, type_for_name=float)", "go together", None),
        ("quantize_nodes(input_min=0)", "go together", None),
        ("quantize_nodes(fallback_max=0)", "go together", None),
        ("quantize_nodes(input_min=low, input_max=1)", "should be a number", None),
        ("remove_nodes", "needs op", None),
        ("remove_attribute", "needs attribute_name", None),
        ("rename_op(old_op_name=Add)", "needs new_op_name", None),
        ("freeze_requantization_ranges(min_max_log_file=no/such/file)", "a file that exists", None),
        ("downgrade_ops(runtime=tfmobile-1.4.1)", "no runtime 'tfmobile-1.4.1'", "tfmobile-1.4.0"),
        ("downgrade_ops", "needs runtime", None),
    ],
)
def test_wrong_strings_are_refused_with_the_nearest_name(text: str, says: str, offers: str | None) -> None:
    """TensorFlow ignores unknown parameters; here they are errors that offer what was meant."""
    error = refusal(text)
    assert says in error.message
    if offers is not None:
        assert error.fix is not None and offers in error.fix


def test_every_transform_and_parameter_is_explained() -> None:
    """`--list` has a sentence for each, and ours are the files of their folder."""
    for spec in all_specs().values():
        assert spec.does.endswith(".")
        assert all(parameter.does for parameter in spec.parameters)
    assert {name for name, spec in all_specs().items() if not spec.native} == set(own_names())
    assert all(load_transform(name).SPEC.name == name for name in own_names())
    assert not set(own_names()) & set(native_specs())


def test_a_file_to_read_is_looked_for_first(tmp_path: Path) -> None:
    log = tmp_path / "ranges.txt"
    log.write_text("")
    check_calls(parse_transforms(f'freeze_requantization_ranges(min_max_log_file="{log}")'))


def test_op_lists_say_what_the_runtimes_know() -> None:
    """TensorFlow Mobile 1.4.0 knows 780 ops and no AddV2; 1.13.1 knows 1038."""
    assert {"tfmobile-1.4.0", "tfmobile-1.12.0", "tfmobile-1.13.1"} <= set(runtime_names())
    old, new = runtime_ops("tfmobile-1.4.0"), runtime_ops("tfmobile-1.13.1")
    assert (len(old.ops), len(new.ops)) == (780, 1038)
    assert "AddV2" not in old.ops and "AddV2" in new.ops
    assert "dilations" not in old.ops["Conv2D"].attributes and "dilations" in new.ops["Conv2D"].attributes
    assert old.ops["FusedBatchNorm"].outputs == 5
    assert old.graph_version == 24
    with pytest.raises(UsageError, match="no ops of a runtime"):
        runtime_ops("tfmobile-9")
