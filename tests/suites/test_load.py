"""Suite files are read whole or refused with file, section, line and the nearest right word."""

from __future__ import annotations

from pathlib import Path

import pytest

from devbench.domain.suite import ModelFiles, PackageModels, Recipe, StepCall, VariantRecipe
from devbench.errors import SuiteError
from devbench.suites.load import BUILTIN, DEFAULT_VARIANTS, list_suites, load_suite, recipe_of
from devbench.variants.package import package_variants

WHOLE = """
name = "mine"
description = "all keys"
profile = "tail"
rounds = 4
baseline = "net-fp32"

[backends]
threads = [1, 4]
cores = "big"
delegate = ["none", "xnnpack"]

[[model]]
name = "net"
recipe = "keras:mobilenet_v2_0.35_96"
weights = "imagenet"
seed = 7
batch = "open"
representative = { samples = 3 }
variants = [
    "fp32",
    { name = "int8_io", steps = [{ step = "int8", io = "int8" }] },
]

[[model]]
path = ["*.tflite", "other/net.tflite"]
name = "files"

[[model]]
package = "and-gate"
"""


def _load(folder: Path, text: str) -> None:
    (folder / "s.toml").write_text(text)
    load_suite(str(folder / "s.toml"))


def test_every_key_arrives(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(WHOLE)
    suite = load_suite(str(tmp_path / "mine.toml"))
    assert (suite.name, suite.profile, suite.rounds, suite.baseline) == ("mine", "tail", 4, "net-fp32")
    assert (suite.threads, suite.cores, suite.delegates) == ((1, 4), ("big",), ("none", "xnnpack"))
    assert suite.models == (
        Recipe(
            model="net",
            source="keras:mobilenet_v2_0.35_96",
            weights="imagenet",
            seed=7,
            batch=None,
            samples=3,
            variants=(
                VariantRecipe(name="fp32", steps=(StepCall(name="fp32"),)),
                VariantRecipe(name="int8_io", steps=(StepCall(name="int8", parameters={"io": "int8"}),)),
            ),
        ),
        ModelFiles(folder=str(tmp_path), patterns=("*.tflite", "other/net.tflite"), model="files"),
        PackageModels(patterns=("and-gate",)),
    )
    recipe = suite.models[0]
    assert isinstance(recipe, Recipe)
    assert [recipe.variant_id(v) for v in recipe.variants] == ["net-fp32", "net-int8-io"]


def test_the_shortest_suite_has_defaults(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text('[[model]]\nrecipe = "network:dense"\n')
    suite = load_suite(str(tmp_path / "short.toml"))
    (recipe,) = suite.models
    assert isinstance(recipe, Recipe)
    assert (suite.name, suite.profile, suite.rounds, suite.threads) == ("short", None, None, ())
    assert (recipe.model, recipe.weights, recipe.batch, recipe.samples) == ("dense", "seeded", 1, 16)
    assert tuple(variant.name for variant in recipe.variants) == DEFAULT_VARIANTS


M = '[[model]]\nrecipe = "network:dense"\n'


@pytest.mark.parametrize(
    ("text", "says", "fix"),
    [
        ("ronds = 3\n" + M, "line 1: unknown key 'ronds'", "did you mean 'rounds'?"),
        (
            M + 'weight = "seeded"\n',
            r"section \[\[model\]\] number 1, line 3: unknown key 'weight'",
            "'weights'",
        ),
        (
            M + "\n" + M + "sed = 1\n",
            r"\[\[model\]\] number 2, line 6: unknown key 'sed'",
            "did you mean 'seed'?",
        ),
        ("[backends]\nthread = 1\n" + M, r"section \[backends\], line 2: unknown key 'thread'", "'threads'"),
        ("[backend]\nthreads = 1\n" + M, "unknown key 'backend'", "did you mean 'backends'?"),
        (M + "zzz = 1\n", "unknown key 'zzz'", "known keys are: name, path"),
        ('rounds = "3"\n' + M, "line 1: rounds is '3', but must be a whole number", None),
        ("rounds = true\n" + M, "rounds is True, but must be a whole number", None),
        ("rounds = 0\n" + M, "rounds is 0, but lies between 1 and 1000", None),
        ('profile = "quik"\n' + M, "profile cannot be 'quik'", "did you mean 'quick'?"),
        ("[backends]\nthreads = [1, 0]\n" + M, "threads holds 0, but lies between 1", None),
        ("[backends]\nthreads = []\n" + M, r"threads is \[\], but must be", None),
        ('[backends]\ncores = "bg"\n' + M, "cores cannot be 'bg'", "big"),
        ("name = 3\n" + M, "name is 3, but must be a string", None),
        ("description = 'no models'\n", "needs at least one", "write"),
        ('model = "x"\n', "needs at least one", None),
        ('[[model]]\nname = "x"\n', "exactly one of path, package and recipe", None),
        (M + 'path = "x"\n', "exactly one of path, package and recipe", None),
        (
            '[[model]]\npath = "x"\nweights = "seeded"\n',
            "line 3: weights goes with recipe, not with path",
            None,
        ),
        ('[[model]]\npackage = "x"\nname = "y"\n', "have their own names", None),
        ('[[model]]\nrecipe = "kers:x"\n', "'kers:x' is not a recipe's source", "keras:NAME"),
        ('[[model]]\nrecipe = "keras:mobilenet_v1_1.0_225"\n', "line 2: keras has no network", "1.0_224"),
        (M + 'weights = "image-net"\n', "weights cannot be 'image-net'", "did you mean 'imagenet'?"),
        (M + 'batch = "dynamic"\n', "batch is 'dynamic', but must be a whole number", None),
        (M + 'variants = "fp32"\n', "variants must be a list", None),
        (
            M + 'variants = ["fp33"]\n',
            "line 3: variant 'fp33': there is no step 'fp33'",
            "did you mean 'fp32'?",
        ),
        (M + 'variants = ["fp32", "fp32"]\n', "variant 'fp32' is listed twice", None),
        (M + 'variants = [{ name = "a", step = ["fp32"] }]\n', "unknown key 'step' in a variant", "'steps'"),
        (M + 'variants = [{ name = "a", steps = [{ step = "int8", oi = 1 }] }]\n', "no parameter 'oi'", None),
        (
            M + 'variants = [{ name = "a", steps = ["fp32", "int8"] }]\n',
            "takes saved_model, but is given",
            None,
        ),
        (M + "variants = [3]\n", "3 is no variant", None),
        (M + "representative = { sample = 3 }\n", "unknown key 'sample' in representative", "samples"),
        (M + "representative = { samples = 0 }\n", "samples is 0, but lies between", None),
        ("rounds = = 3\n", r"is not TOML: .*line 1", None),
    ],
)
def test_what_is_wrong_is_named_with_the_way_out(
    tmp_path: Path, text: str, says: str, fix: str | None
) -> None:
    with pytest.raises(SuiteError, match=says) as caught:
        _load(tmp_path, text)
    assert caught.value.message.startswith(str(tmp_path / "s.toml"))
    assert caught.value.exit_code == 2
    assert fix is None or fix in (caught.value.fix or "")


def test_no_representative_data_is_a_choice(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(M + 'representative = false\nvariants = ["fp32"]\n')
    (recipe,) = load_suite(str(tmp_path / "s.toml")).models
    assert isinstance(recipe, Recipe) and recipe.samples == 0


def test_an_unknown_suite_offers_the_nearest() -> None:
    with pytest.raises(SuiteError, match="there is no suite 'quik'") as caught:
        load_suite("quik")
    assert caught.value.fix == "did you mean 'quick'?"
    with pytest.raises(SuiteError) as other:
        load_suite("xyz")
    assert "quick, talk, tiny" in (other.value.fix or "")


def test_a_folder_of_the_users_does_not_hide_a_builtin_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick").mkdir()
    assert load_suite("quick").origin == str(BUILTIN / "quick.toml")


def test_the_builtin_suites_are_what_the_documentation_says() -> None:
    suites = {suite.name: suite for suite in list_suites()}
    assert {"quick", "tiny"} <= set(suites)
    networks = [model for model in suites["quick"].models if isinstance(model, Recipe)]
    assert [recipe.source for recipe in networks] == ["keras:mobilenet_v1_1.0_224", "network:small_cnn"]
    for recipe in networks:
        assert [variant.name for variant in recipe.variants] == ["fp32", "fp16", "dynamic_int8", "int8"]
        assert recipe.batch == 1
    assert all(isinstance(model, PackageModels) for model in suites["tiny"].models)
    known = {variant.variant for variant in package_variants()}
    for model in suites["tiny"].models:
        assert isinstance(model, PackageModels) and set(model.patterns) <= known
    assert all(suite.description for suite in suites.values())


def test_a_bare_source_is_a_recipe() -> None:
    recipe = recipe_of("keras:mobilenet_v1_0.5_160", ("fp16",))
    assert (recipe.model, recipe.weights) == ("mobilenet-v1-0.5-160", "imagenet")
    assert [recipe.variant_id(variant) for variant in recipe.variants] == ["mobilenet-v1-0.5-160-fp16"]
    with pytest.raises(SuiteError, match="there is no step 'fp15'"):
        recipe_of("network:dense", ("fp15",))


FAST = """
profile = "standard"
rounds = 8
fast = { profile = "quick", rounds = 2 }

[[model]]
name = "net"
recipe = "network:small_cnn"
fast = { recipe = "network:dense", variants = ["fp32"] }

[[model]]
package = "and-gate"
fast = false
"""


def test_the_reduced_form_takes_the_keys_under_fast(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(FAST)
    whole, reduced = (load_suite(str(tmp_path / "s.toml"), fast=fast) for fast in (False, True))
    assert (whole.profile, whole.rounds, len(whole.models)) == ("standard", 8, 2)
    assert (reduced.profile, reduced.rounds) == ("quick", 2)
    (model,) = reduced.models
    assert isinstance(model, Recipe)
    assert (model.model, model.source, [v.name for v in model.variants]) == ("net", "network:dense", ["fp32"])


def test_what_has_no_reduced_form_says_so() -> None:
    with pytest.raises(SuiteError, match="has no reduced form"):
        load_suite("quick", fast=True)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("fast = false", "fast = 3", "must be false or a table"),
        ('variants = ["fp32"] }', 'variant = ["fp32"] }', "unknown key 'variant' in fast"),
        ('profile = "quick"', 'profil = "quick"', r"section \[fast\].*unknown key 'profil'"),
    ],
)
def test_mistakes_under_fast_are_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    (tmp_path / "s.toml").write_text(FAST.replace(old, new))
    with pytest.raises(SuiteError, match=says):
        load_suite(str(tmp_path / "s.toml"))
