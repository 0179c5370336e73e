"""Every GraphQL document that the connector sends, and nothing else that it says.

A :class:`Kind` is what one stream reads: a connection of the query root, the fields of its nodes,
and the connections inside a node that may have further pages. Its documents are put together from
those parts here, so that a test can hold each of them against Shopify's schema.

Only fields that version 2026-10 does not deprecate.

Source: Shopify's Admin GraphQL schema 2026-10 (introspection, read November 2026).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_PAGE = "pageInfo { hasNextPage endCursor }"
_MONEY = "{ shopMoney { amount currencyCode } }"
_ASCENDING = "first: $first, query: $query, sortKey: ID"
_NESTED = 5
_FURTHER = 100
"""Nodes of an inner connection that come with their parent, and at a time when asked for apart."""

_ADDRESS = "id address1 address2 city province zip countryCodeV2"
_LINE = (
    f"id sku name quantity originalUnitPriceSet {_MONEY} "
    f"discountedTotalSet(withCodeDiscounts: true) {_MONEY}"
)
_CART_LINE = f"id sku title quantity originalUnitPriceSet {_MONEY} discountedTotalPriceSet {_MONEY}"
_REFUND = f"id note createdAt processedAt totalRefundedSet {_MONEY}"
_METAFIELDS = "metafields(first: $metafields, keys: $keys) { nodes { namespace key type value } }"


@dataclass(frozen=True, slots=True)
class Kind:
    """What one stream reads.

    Args:
        type: GraphQL type of a node.
        root: Connection of the query root that lists the nodes.
        page: Nodes asked for at once: what stays below 1,000 points at one point for each object
            that may come; less is asked for where Shopify counts more.
        fields: Fields of a node.
        only: Search term that every node meets; empty for all of them.
        nested: Connection inside a node to the fields of *its* nodes.
    """

    type: str
    root: str
    page: int
    fields: str
    only: str = ""
    nested: Mapping[str, str] = field(default_factory=dict)


CUSTOMERS = Kind(
    type="Customer",
    root="customers",
    page=50,
    fields=(
        "id createdAt updatedAt firstName lastName locale state tags "
        "defaultEmailAddress { emailAddress } defaultPhoneNumber { phoneNumber } "
        "defaultAddress { id }"
    ),
    nested={"addressesV2": _ADDRESS},
)
CUSTOMER_CONSENTS = Kind(
    type="Customer",
    root="customers",
    page=200,
    fields=(
        "id updatedAt "
        "defaultEmailAddress "
        "{ emailAddress marketingState marketingOptInLevel marketingUpdatedAt } "
        "defaultPhoneNumber { phoneNumber smsMarketingConsent { state optInLevel updatedAt } }"
    ),
)
ORDERS = Kind(
    type="Order",
    root="orders",
    page=25,
    fields=(
        "id name createdAt processedAt updatedAt cancelledAt test sourceName "
        f"displayFinancialStatus customer {{ id }} totalPriceSet {_MONEY} "
        f"refunds {{ {_REFUND} }}"
    ),
    nested={"lineItems": _LINE},
)
REFUNDS = Kind(
    type="Order",
    root="orders",
    page=150,
    fields=f"id name updatedAt customer {{ id }} refunds {{ {_REFUND} }}",
    only="(financial_status:refunded OR financial_status:partially_refunded)",
)
ABANDONED_CHECKOUTS = Kind(
    type="AbandonedCheckout",
    root="abandonedCheckouts",
    page=30,
    fields=f"id createdAt updatedAt completedAt customer {{ id }} totalPriceSet {_MONEY}",
    nested={"lineItems": _CART_LINE},
)
PRODUCTS = Kind(
    type="Product",
    root="products",
    page=80,
    fields=(
        "id title productType vendor status createdAt updatedAt "
        "priceRangeV2 { minVariantPrice { amount currencyCode } }"
    ),
    nested={"variants": "id sku"},
)


def listing(kind: Kind, *, metafields: bool) -> str:
    """A page of nodes by ascending id."""
    return (
        f"query List($first: Int!, $query: String{_wanted(metafields)}) "
        f"{{ {kind.root}({_ASCENDING}) {{ nodes {{ {_node(kind, metafields)} }} {_PAGE} }} }}"
    )


def identities(kind: Kind) -> str:
    """A page of ids: who is there, and nothing about them."""
    return (
        "query Ids($first: Int!, $query: String) "
        f"{{ {kind.root}({_ASCENDING}) {{ nodes {{ id }} {_PAGE} }} }}"
    )


def by_id(kind: Kind, *, metafields: bool) -> str:
    """The nodes of up to 100 ids; null where there is none."""
    return (
        f"query ById($ids: [ID!]!{_wanted(metafields)}) "
        f"{{ nodes(ids: $ids) {{ ... on {kind.type} {{ {_node(kind, metafields)} }} }} }}"
    )


def further(kind: Kind, name: str) -> str:
    """The next page of a connection inside one node."""
    page = f"{name}(first: {_FURTHER}, after: $after) {{ nodes {{ {kind.nested[name]} }} {_PAGE} }}"
    return (
        "query Further($id: ID!, $after: String) "
        f"{{ node(id: $id) {{ ... on {kind.type} {{ {page} }} }} }}"
    )


def _wanted(metafields: bool) -> str:
    return ", $metafields: Int!, $keys: [String!]!" if metafields else ""


def _node(kind: Kind, metafields: bool) -> str:
    inner = [
        f"{name}(first: {_NESTED}) {{ nodes {{ {fields} }} {_PAGE} }}"
        for name, fields in kind.nested.items()
    ]
    return " ".join([kind.fields, *inner, *([_METAFIELDS] if metafields else [])])


# --- writing, checking -----------------------------------------------------------------------

HELD_METAFIELDS = (
    "query HeldMetafields($ids: [ID!]!, $metafields: Int!, $keys: [String!]!) "
    "{ nodes(ids: $ids) { ... on Customer { id metafields(first: $metafields, keys: $keys) "
    "{ nodes { namespace key type value compareDigest } } } } }"
)
SET_METAFIELDS = (
    "mutation SetMetafields($metafields: [MetafieldsSetInput!]!) "
    "{ metafieldsSet(metafields: $metafields) { userErrors { field code elementIndex } } }"
)
DELETE_METAFIELDS = (
    "mutation DeleteMetafields($metafields: [MetafieldIdentifierInput!]!) "
    "{ metafieldsDelete(metafields: $metafields) { userErrors { field } } }"
)
DEFINITIONS = (
    "query Definitions($after: String) "
    "{ metafieldDefinitions(first: 250, after: $after, ownerType: CUSTOMER) "
    f"{{ nodes {{ namespace key }} {_PAGE} }} }}"
)
DEFINE_METAFIELD = (
    "mutation DefineMetafield($definition: MetafieldDefinitionInput!) "
    "{ metafieldDefinitionCreate(definition: $definition) { userErrors { field code } } }"
)
EMAIL_CONSENT = (
    "mutation EmailConsent($input: CustomerEmailMarketingConsentUpdateInput!) "
    "{ customerEmailMarketingConsentUpdate(input: $input) { userErrors { field code } } }"
)
SMS_CONSENT = (
    "mutation SmsConsent($input: CustomerSmsMarketingConsentUpdateInput!) "
    "{ customerSmsMarketingConsentUpdate(input: $input) { userErrors { field code } } }"
)
ACCOUNT = (
    "query Account { shop { name myshopifyDomain currencyCode plan { publicDisplayName } } "
    "currentAppInstallation { accessScopes { handle } } }"
)
SOME_CUSTOMERS = (
    "query SomeCustomers { customers(first: 5) { nodes { id firstName lastName "
    "defaultEmailAddress { emailAddress } defaultPhoneNumber { phoneNumber } } } }"
)

KINDS: tuple[Kind, ...] = (
    CUSTOMERS, CUSTOMER_CONSENTS, ORDERS, REFUNDS, ABANDONED_CHECKOUTS, PRODUCTS,
)  # fmt: skip
_DESCRIBED = (CUSTOMERS, ORDERS, PRODUCTS)


def every() -> tuple[str, ...]:
    """Each document that the connector can send."""
    return tuple(dict.fromkeys(_every()))


def _every() -> Iterator[str]:
    for kind in KINDS:
        yield from (identities(kind), *(further(kind, name) for name in kind.nested))
        for metafields in (False, *([True] if kind in _DESCRIBED else [])):
            yield from (listing(kind, metafields=metafields), by_id(kind, metafields=metafields))
    yield from (HELD_METAFIELDS, SET_METAFIELDS, DELETE_METAFIELDS, DEFINITIONS, DEFINE_METAFIELD)
    yield from (EMAIL_CONSENT, SMS_CONSENT, ACCOUNT, SOME_CUSTOMERS)
