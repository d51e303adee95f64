"""The grammar: what TensorFlow's reader takes is taken alike, what it drops without a word is an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devbench.errors import UsageError
from devbench.graph.transform_string import TransformCall, parse_transforms


def calls(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(call.name, list(call.parameters)) for call in parse_transforms(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo", [("foo", [])]),
        ("foo bar", [("foo", []), ("bar", [])]),
        ("foo() bar( )", [("foo", []), ("bar", [])]),
        ("foo(bob_something=sue)", [("foo", [("bob_something", "sue")])]),
        ("bar(a=1, b=2, a=3)", [("bar", [("a", "1"), ("b", "2"), ("a", "3")])]),
        ('bar(a="1", b="1,2,3", a=3)', [("bar", [("a", "1"), ("b", "1,2,3"), ("a", "3")])]),
        ("bar(a=1 b=2)", [("bar", [("a", "1"), ("b", "2")])]),
        ("a(p=x/y-z_1.5)b", [("a", [("p", "x/y-z_1.5")]), ("b", [])]),
        ("  a\n\tb(  p = 1 ,q=2 )  ", [("a", []), ("b", [("p", "1"), ("q", "2")])]),
        ("\\\na(p=1) \\\n b \\\n", [("a", [("p", "1")]), ("b", [])]),
        ("a\\\r\nb", [("a", []), ("b", [])]),
        (r'log(message="say \"hi\": [;]")', [("log", [("message", r"say \"hi\": [;]")])]),
        ('log(message="")', [("log", [("message", "")])]),
    ],
)
def test_what_is_well_formed_is_read(text: str, expected: list[tuple[str, list[tuple[str, str]]]]) -> None:
    """Names, parameters in their order, repeated ones, quotes, and lines continued inside single quotes."""
    assert calls(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        (" \\\n ", "empty"),
        ("foo(a=1", "never closed"),
        ("foo(a=1 bar", "expected = after bar"),
        ("foo(", "never closed"),
        ("foo(a=1,", "the name of a parameter"),
        ("foo(a=1,)", "the name of a parameter"),
        ("foo(a=1))", "the name of a transform"),
        ("foo(a)", "expected = after a"),
        ("foo(=1)", "the name of a parameter"),
        ("foo(a=)", "a value for a"),
        ('foo(a="1)', 'closing "'),
        ("foo(a='1')", 'write "'),
        ("foo(a=1,2,3)", "expected = after 2"),
        ("foo(a=x:0)", "double quotes"),
        ('foo(a="1"b=2)', "expected , or )"),
        ("foo, bar", "the name of a transform"),
        ("foo-bar", "the name of a transform"),
        ("foo \\ bar", "the name of a transform"),
    ],
)
def test_what_is_not_is_an_error_with_its_place(text: str, says: str) -> None:
    """TensorFlow drops a transform whose bracket is never closed; here each mistake is told with its character."""
    with pytest.raises(UsageError) as caught:
        parse_transforms(text)
    assert says in caught.value.message
    assert "character" in caught.value.message or "empty" in caught.value.message


_NAMES = st.from_regex(r"[A-Za-z0-9_]{1,8}", fullmatch=True)
_VALUES = st.text(st.characters(exclude_characters='"\\', exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(_NAMES, st.lists(st.tuples(_NAMES, _VALUES), max_size=3)), min_size=1, max_size=4))
def test_text_of_calls_reads_back_as_the_same_calls(items: list[tuple[str, list[tuple[str, str]]]]) -> None:
    """What is handed on to TensorFlow says what was asked for, whatever stands in the values."""
    asked = tuple(TransformCall(name=name, parameters=tuple(pairs)) for name, pairs in items)
    assert parse_transforms(" ".join(call.text() for call in asked)) == asked


@given(st.text(st.sampled_from("ab_1(),=\"' \\\n-"), max_size=24))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert parse_transforms(text)
    except UsageError as e:
        assert e.message
