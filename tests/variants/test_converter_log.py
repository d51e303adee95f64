"""The one name that matters is found in what the converter says; the lines are shortened real ones."""

from __future__ import annotations

from devbench.variants.converter_log import explained, log_tail, refused_operators

REFUSED = (
    'Could not translate MLIR to FlatBuffer.<unknown>:0: error: loc(callsite(fused["BitwiseAnd:", '
    '"functional_1/best_1/BitwiseAnd@__inference_serve_3134"] at callsite(fused["StatefulPartitionedCall:", '
    '"StatefulPartitionedCall@__inference_signature_wrapper_serve_3161"] at fused["StatefulPartitionedCall:", '
    "\"StatefulPartitionedCall\"]))): error: 'tf.BitwiseAnd' op is neither a custom op nor a flex op\n"
    "<unknown>:0: error: failed while converting: 'main': \n"
)


def test_a_refused_operator_is_named_with_its_place() -> None:
    assert refused_operators(REFUSED) == ("BitwiseAnd (at functional_1/best_1/BitwiseAnd)",)
    assert explained(REFUSED) == "TFLite has no operator for BitwiseAnd (at functional_1/best_1/BitwiseAnd)"


def test_other_messages_keep_their_beginning() -> None:
    assert explained("\n  variable != nullptr was not true.\n\nNode 8 failed") == (
        "variable != nullptr was not true. Node 8 failed"
    )
    assert explained(" \n") == "it gave no reason"


def test_the_tail_leaves_out_chatter() -> None:
    log = (
        "2026-01-05 10:00:00.5: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.\n"
        "I0000 00:00:1795401142.237458    9852 loader.cc:236] Restoring SavedModel bundle.\n"
        "Fatal Python error: Aborted\n"
    )
    assert log_tail(log) == "Fatal Python error: Aborted"
    assert log_tail(REFUSED).startswith("refused: BitwiseAnd (at functional_1/best_1/BitwiseAnd)")
