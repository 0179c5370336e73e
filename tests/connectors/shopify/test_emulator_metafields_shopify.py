"""Metafields: set together or not at all, over what the writer knows, and as they are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connectors.shopify.emulator import ShopifyEmulator

if TYPE_CHECKING:
    from tests.connectors.shopify.conftest import Shopfront

SET = """mutation Set($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) {
  metafields { namespace key value type compareDigest owner { ... on Customer { id } } }
  userErrors { field message code elementIndex } } }"""
DELETE = """mutation Delete($metafields: [MetafieldIdentifierInput!]!) {
  metafieldsDelete(metafields: $metafields) {
    deletedMetafields { ownerId namespace key } userErrors { field message } } }"""
DEFINE = """mutation Define($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) {
    createdDefinition { id key namespace pinnedPosition type { name } }
    userErrors { field message code } } }"""
HELD = """query Held($id: ID!) { customer(id: $id) { updatedAt
  metafields(first: 50) { nodes { namespace key value type compareDigest jsonValue } } } }"""


def metafield(
    owner: str, key: str = "golden_id", value: str = "g-1", **more: Any
) -> dict[str, Any]:
    text = "single_line_text_field"
    return {"ownerId": owner, "namespace": "cxhub", "key": key, "value": value, "type": text} | more


def written(shop: Shopfront, *metafields: dict[str, Any]) -> dict[str, Any]:
    """The payload of ``metafieldsSet``."""
    payload: dict[str, Any] = shop.ask(SET, metafields=metafields)["metafieldsSet"]
    return payload


def held(shop: Shopfront, owner: str) -> dict[str, str]:
    nodes = shop.ask(HELD, id=owner)["customer"]["metafields"]["nodes"]
    return {node["key"]: node["value"] for node in nodes}


def define(shop: Shopfront, key: str = "golden_id", **more: Any) -> dict[str, Any]:
    """The payload of ``metafieldDefinitionCreate``."""
    sound = {
        "namespace": "cxhub",
        "key": key,
        "name": "Golden id",
        "ownerType": "CUSTOMER",
        "type": "single_line_text_field",
    }
    payload: dict[str, Any] = shop.ask(DEFINE, definition={**sound, **more})
    return dict(payload["metafieldDefinitionCreate"])


@pytest.fixture
def ann(shop: Shopfront) -> str:
    """Id of a customer."""
    return shop.add_customer()


def test_twenty_five_at_once_are_one_effect_per_owner(shop: Shopfront, ann: str) -> None:
    """A full call changes every value, and the log names owner and fields."""
    bea, before = shop.add_customer(1), len(shop.emulator.effects)
    inputs = [metafield(ann, f"key_{n}") for n in range(20)]
    inputs += [metafield(bea, f"key_{n}") for n in range(5)]
    before = len(shop.emulator.effects)

    payload = written(shop, *inputs)

    effects = shop.emulator.effects.since(before, "api")
    assert (len(payload["metafields"]), payload["userErrors"]) == (25, [])
    assert [(e.object, e.id, len(e.fields)) for e in effects] == [
        ("customers", ann, 20),
        ("customers", bea, 5),
    ]


def test_the_same_values_again_change_nothing(shop: Shopfront, ann: str) -> None:
    """No second effect, and the digest stays."""
    first = written(shop, metafield(ann))
    before = len(shop.emulator.effects)

    again = written(shop, metafield(ann))

    assert again["metafields"] == first["metafields"]
    assert len(shop.emulator.effects) == before


def test_one_bad_element_sinks_the_whole_call(shop: Shopfront, ann: str) -> None:
    """The call is atomic; the path names the element, as elementIndex does not."""
    before = len(shop.emulator.effects)

    payload = written(
        shop, metafield(ann), metafield(ann, "nps", "many", type="number_integer"), metafield(ann)
    )

    (error,) = payload["userErrors"]
    assert (error["code"], error["elementIndex"]) == ("INVALID_VALUE", None)
    assert error["field"] == ["metafields", "1", "value"]
    assert payload["metafields"] is None
    assert held(shop, ann) == {}
    assert len(shop.emulator.effects) == before


def test_metafields_do_not_move_the_time_of_their_owner(shop: Shopfront, ann: str) -> None:
    """What hangs on a customer changes without ``updatedAt``, as readers of Shopify complain."""
    before = shop.ask(HELD, id=ann)["customer"]["updatedAt"]
    shop.emulator.clock.sleep(60)

    written(shop, metafield(ann))

    assert shop.ask(HELD, id=ann)["customer"]["updatedAt"] == before


# --- compare and set -------------------------------------------------------------------------


def test_a_known_digest_lets_the_value_change(shop: Shopfront, ann: str) -> None:
    """Null where there was nothing, then the digest that was read."""
    (first,) = written(shop, metafield(ann, compareDigest=None))["metafields"]

    payload = written(shop, metafield(ann, value="g-2", compareDigest=first["compareDigest"]))

    assert payload["userErrors"] == []
    assert held(shop, ann) == {"golden_id": "g-2"}


@pytest.mark.parametrize("digest", [None, "0" * 64], ids=["claims-nothing-there", "claims-other"])
def test_a_value_that_somebody_changed_is_stale(
    shop: Shopfront, ann: str, digest: str | None
) -> None:
    """A user's edit in between is not overwritten."""
    shop.emulator.mutate(
        {"op": "metafield", "id": ann, "namespace": "cxhub", "key": "golden_id", "value": "theirs"}
    )

    payload = written(shop, metafield(ann, compareDigest=digest), metafield(ann, "other"))

    (error,) = payload["userErrors"]
    assert (error["code"], error["field"]) == ("STALE_OBJECT", ["metafields", "0"])
    assert held(shop, ann) == {"golden_id": "theirs"}


def test_a_value_that_stands_there_is_never_stale(shop: Shopfront, ann: str) -> None:
    """A call whose answer got lost may come again with the digest from before."""
    written(shop, metafield(ann, compareDigest=None))
    before = len(shop.emulator.effects)

    again = written(shop, metafield(ann, compareDigest=None))

    assert again["userErrors"] == []
    assert len(shop.emulator.effects) == before


def test_a_digest_that_is_none_is_told_apart(shop: Shopfront, ann: str) -> None:
    """Nonsense is not taken for a stale value."""
    payload = written(shop, metafield(ann, compareDigest="yes"))

    assert [error["code"] for error in payload["userErrors"]] == ["INVALID_COMPARE_DIGEST"]


# --- types and definitions -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("number_integer", "007", "7"),
        ("number_decimal", "9", "9.0"),
        ("number_decimal", "45.50", "45.5"),
        ("boolean", "TRUE", "true"),
        ("date", "2026-01-02", "2026-01-02"),
        ("date_time", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00"),
        ("json", '{"a": 1}', '{"a": 1}'),
        ("multi_line_text_field", "one\ntwo", "one\ntwo"),
        ("url", "https://example.com/a", "https://example.com/a"),
        ("color", "#00ff00", "#00ff00"),
    ],
)
def test_values_are_kept_in_the_form_of_their_type(
    shop: Shopfront, ann: str, kind: str, given: str, kept: str
) -> None:
    """What fits a type comes back in its one form."""
    payload = written(shop, metafield(ann, value=given, type=kind))

    assert payload["userErrors"] == []
    assert held(shop, ann) == {"golden_id": kept}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number_integer", "1.5"),
        ("number_integer", "9007199254740992"),
        ("number_decimal", "1e5"),
        ("number_decimal", "many"),
        ("boolean", "yes"),
        ("date", "02.01.2026"),
        ("date_time", "soon"),
        ("json", "{"),
        ("single_line_text_field", "one\ntwo"),
        ("url", "example"),
        ("color", "green"),
    ],
)
def test_values_that_do_not_fit_are_refused(
    shop: Shopfront, ann: str, kind: str, value: str
) -> None:
    """Each type has its own idea of a value."""
    payload = written(shop, metafield(ann, value=value, type=kind))

    assert [error["code"] for error in payload["userErrors"]] == ["INVALID_VALUE"]


def test_a_definition_gives_the_type(shop: Shopfront, ann: str) -> None:
    """With a definition the type may be left out, and may not be another."""
    define(shop, "nps", type="number_integer")
    given = metafield(ann, "nps", "9")
    del given["type"]

    sound, wrong = written(shop, given), written(shop, metafield(ann, "nps", "8"))

    assert sound["metafields"][0]["type"] == "number_integer"
    assert [error["code"] for error in wrong["userErrors"]] == ["INVALID_TYPE"]


def test_a_definition_is_made_once(shop: Shopfront) -> None:
    """The second time it is TAKEN, which has no effect."""
    first, before = define(shop), len(shop.emulator.effects)

    second = define(shop)

    assert first["createdDefinition"]["type"] == {"name": "single_line_text_field"}
    assert [error["code"] for error in second["userErrors"]] == ["TAKEN"]
    assert len(shop.emulator.effects) == before


def test_a_definition_takes_over_the_values_that_fit(shop: Shopfront, ann: str) -> None:
    """Values from before get the definition's type, if they can be read as such."""
    bea = shop.add_customer(1)
    written(shop, metafield(ann, "nps", "9"), metafield(bea, "nps", "nine"))

    define(shop, "nps", type="number_integer")

    types = [
        shop.ask(HELD, id=each)["customer"]["metafields"]["nodes"][0]["type"] for each in (ann, bea)
    ]
    assert types == ["number_integer", "single_line_text_field"]


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ({"name": "max", "value": "3"}, "abc", "abcd"),
        ({"name": "min", "value": "3"}, "abc", "ab"),
        ({"name": "regex", "value": "g-[0-9]+"}, "g-12", "x"),
        ({"name": "choices", "value": '["gold", "silver"]'}, "gold", "lead"),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else "",
)
def test_a_definition_may_narrow_its_type(
    shop: Shopfront, ann: str, rule: dict[str, str], good: str, bad: str
) -> None:
    """Length, pattern and choices are checked on each write."""
    define(shop, validations=[rule])

    codes = [
        [error["code"] for error in written(shop, metafield(ann, value=value))["userErrors"]]
        for value in (good, bad)
    ]

    assert codes == [[], ["INVALID_VALUE"]]


def test_a_unique_value_belongs_to_one_owner(shop: Shopfront, ann: str) -> None:
    """Which is why a golden id must not be unique: a person may own several records."""
    define(shop, capabilities={"uniqueValues": {"enabled": True}})
    written(shop, metafield(ann))

    payload = written(shop, metafield(shop.add_customer(1)))

    assert [error["code"] for error in payload["userErrors"]] == ["CAPABILITY_VIOLATION"]


def test_pinned_definitions_are_numbered_and_limited(shop: Shopfront) -> None:
    """Twenty stand on the customer page; the next is refused."""
    places = [
        define(shop, f"key_{n}", pin=True)["createdDefinition"]["pinnedPosition"] for n in range(20)
    ]

    refused = define(shop, "one_more", pin=True)

    assert places == list(range(1, 21))
    assert [error["code"] for error in refused["userErrors"]] == ["PINNED_LIMIT_REACHED"]


def test_definitions_are_listed_by_namespace(shop: Shopfront) -> None:
    """Provisioning asks what is there before it creates."""
    define(shop)
    define(shop, "vip", namespace="custom")
    asked = 'first: 9, ownerType: CUSTOMER, namespace: "cxhub"'

    found = shop.ask(f"{{ metafieldDefinitions({asked}) {{ nodes {{ key }} }} }}")

    assert found["metafieldDefinitions"]["nodes"] == [{"key": "golden_id"}]


# --- deleting --------------------------------------------------------------------------------


def test_deleting_names_what_was_there(shop: Shopfront, ann: str) -> None:
    """A metafield that does not exist is null in the answer, and no effect."""
    written(shop, metafield(ann))
    before = len(shop.emulator.effects)
    keys = [{"ownerId": ann, "namespace": "cxhub", "key": key} for key in ("golden_id", "nope")]

    payload = shop.ask(DELETE, metafields=keys)["metafieldsDelete"]

    assert payload["deletedMetafields"] == [keys[0], None]
    assert held(shop, ann) == {}
    assert [e.fields for e in shop.emulator.effects.since(before)] == [("cxhub.golden_id",)]


def test_an_injected_failure_spoils_the_last_elements(
    shop: Shopfront, ann: str, emulator: ShopifyEmulator
) -> None:
    """As the vendor's call is atomic, one failing element keeps all from being set."""
    shop.inject({"kind": "partial_failure", "count": 1, "times": 1})

    failed = written(shop, metafield(ann), metafield(ann, "nps"))
    repeated = written(shop, metafield(ann), metafield(ann, "nps"))

    (error,) = failed["userErrors"]
    assert (error["code"], error["field"]) == ("INTERNAL_ERROR", ["metafields", "1", "value"])
    assert repeated["userErrors"] == []
    assert len(emulator.effects.since(actor="api")) == 1
