"""What the owner says of models: read, refused with the place, and put over what is known otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from flemma_py.app.owned_models import model_names, with_owners_word
from flemma_py.config.group import entries
from flemma_py.config.layers import Layer, Layers
from flemma_py.config.schema import ProviderSettings, Trust
from flemma_py.model.language_model import NO_THINKING, ModelFacts, ThinkingFacts, ThinkingForm
from flemma_py.providers.openai_chat import Parameters

WHOLE = {
    "name": "m",
    "max_input": 100,
    "max_output": 50,
    "min_output": 5,
    "cache_minimum": 10,
    "price": {"input": 1, "output": 2.5, "cache_read": 0.1},
    "thinking": {
        "form": "effort",
        "by_itself": True,
        "always": True,
        "efforts": {"max": "xhigh"},
        "least": 1,
        "most": 9,
    },
    "aliases": ["n"],
}


def told(models: Any) -> list[str]:
    _, issues = Layers().with_layer(Layer.SETUP, {"providers": {"box": {"models": models}}})
    return [issue.message for issue in issues]


def owned(*models: Any) -> ProviderSettings:
    layers, issues = Layers().with_layer(Layer.SETUP, {"providers": {"box": {"models": list(models)}}})
    assert not issues
    return layers.resolve().providers["box"]


@pytest.mark.parametrize(
    "models",
    [[], ["a", "b"], [WHOLE], ["a", {"name": "b", "max_input": None}], [{"name": "b", "thinking": False}],
     [{"name": "b", "thinking": "switch", "aliases": []}], [{"name": "b", "max_input": 8192.0}]],
)  # fmt: skip
def test_what_is_in_order(models: Any) -> None:
    assert told(models) == []


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ("a", "providers.box.models must be a list of model names, or of tables with a name and what is known of it; "
         "the first one is the default."),
        (["a", 7], "providers.box.models.2 must be the name of a model, or a table with a name."),
        (["a", " "], "providers.box.models.2 must be the name of a model."),
        ([{"max_input": 1}], "providers.box.models.1.name must be the name of a model."),
        ([{"name": "a", "max_inptu": 1}],
         "providers.box.models.1.max_inptu is not a setting (did you mean max_input?)."),
        ([{"name": "a", "max_input": "many"}], "providers.box.models.1.max_input must be a whole number of tokens."),
        ([{"name": "a", "max_output": -1}], "providers.box.models.1.max_output must be a whole number of tokens."),
        ([{"name": "a", "max_output": 1.5}], "providers.box.models.1.max_output must be a whole number of tokens."),
        ([{"name": "a", "max_output": True}], "providers.box.models.1.max_output must be a whole number of tokens."),
        ([{"name": "a", "price": 3}],
         "providers.box.models.1.price must be a table of input and output, and maybe cache_read."),
        ([{"name": "a", "price": {"input": 1}}],
         "providers.box.models.1.price must be a table of input and output, and maybe cache_read."),
        ([{"name": "a", "price": {"input": 1, "output": "free"}}],
         "providers.box.models.1.price.output must be a number of USD for a million tokens."),
        ([{"name": "a", "price": {"input": 1, "output": 2, "cached": 1}}],
         "providers.box.models.1.price.cached is not a setting (there are input, output, cache_read)."),
        ([{"name": "a", "thinking": "efort"}],
         "providers.box.models.1.thinking must be none, effort, budget, both, switch, false, or a table with one of "
         "them as form. Did you mean effort?"),
        ([{"name": "a", "thinking": {"forms": "effort"}}],
         "providers.box.models.1.thinking.forms is not a setting (did you mean form?)."),
        ([{"name": "a", "thinking": {"efforts": {"hihg": "x"}}}],
         "providers.box.models.1.thinking.efforts.hihg is not a setting (did you mean high?)."),
        ([{"name": "a", "thinking": {"budgets": {"high": "x"}}}],
         "providers.box.models.1.thinking.budgets.high must be a whole number of tokens."),
        ([{"name": "a", "thinking": {"always": 1}}], "providers.box.models.1.thinking.always must be true or false."),
        ([{"name": "a", "aliases": "b"}], "providers.box.models.1.aliases must be a list of names."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(models: Any, said: str) -> None:
    assert told(models) == [said]


def test_a_chat_may_not_say_what_models_cost_or_what_goes_out_besides() -> None:
    assert entries(ProviderSettings)["models"].metadata["trust"] is Trust.OWNER
    assert entries(Parameters)["extra_body"].metadata["trust"] is Trust.OWNER


def test_names_are_those_of_both_forms() -> None:
    assert model_names(owned("a", WHOLE)) == ["a", "m"]


def test_the_owners_word_stands_over_what_is_known() -> None:
    known = ModelFacts("m", 1, 2, 3, 4, ThinkingFacts(ThinkingForm.SWITCH, efforts={"low": "l"}), price=(9, 9, 9))
    facts = with_owners_word("m", known, owned(WHOLE))
    assert (facts.max_input, facts.max_output, facts.min_output, facts.cache_minimum) == (100, 50, 5, 10)
    assert facts.price == (1.0, 2.5, 0.1)
    assert facts.aliases == ("n",)
    thinking = facts.thinking
    assert (thinking.form, thinking.by_itself, thinking.always) == (ThinkingForm.EFFORT, True, True)
    assert (dict(thinking.efforts), thinking.least, thinking.most) == ({"low": "l", "max": "xhigh"}, 1, 9)


def test_what_the_owner_does_not_say_stays() -> None:
    known = ModelFacts("m", 1, 2, price=(9, 9, None), is_known=False)
    facts = with_owners_word("m", known, owned({"name": "m", "max_output": 7}))
    assert (facts.max_input, facts.max_output, facts.price, facts.is_known) == (1, 7, (9, 9, None), True)
    assert with_owners_word("other", ModelFacts("other"), owned(WHOLE)) == ModelFacts("other")
    assert with_owners_word("m", known, owned("m")) is known


@pytest.mark.parametrize("thinking", [False, "none", {"form": False}, {"form": "none"}])
def test_a_model_can_be_said_not_to_think(thinking: Any) -> None:
    known = ModelFacts("m", thinking=ThinkingFacts(ThinkingForm.EFFORT, by_itself=True))
    assert with_owners_word("m", known, owned({"name": "m", "thinking": thinking})).thinking == NO_THINKING


def test_another_name_of_a_model_has_its_facts() -> None:
    assert with_owners_word("n", ModelFacts("n"), owned(WHOLE)).max_input == 100
    # A name that a table knows as an alias of this model.
    assert with_owners_word("m-latest", ModelFacts("m"), owned(WHOLE)).max_input == 100


@pytest.mark.parametrize("name", ["messages", "model", "stream", "tools"])
def test_what_a_chat_itself_says_is_no_extra_field(name: str) -> None:
    layers = Layers(declared={"box": Parameters})
    _, issues = layers.with_layer(Layer.SETUP, {"parameters": {"box": {"extra_body": {"top_k": 1, name: 1}}}})
    said = f"parameters.box.extra_body.{name} is what the chat itself says: it cannot be set."
    assert [issue.message for issue in issues] == [said]
    _, issues = layers.with_layer(Layer.SETUP, {"parameters": {"box": {"extra_body": {"top_k": 1}}}})
    assert not issues
