"""What columns are called in real exports, and which field of which record that is.

Names are compared without case, blanks and punctuation. The first entity field whose list holds a
column's name takes it; order within a list is preference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Synonyms = Mapping[str, tuple[str, ...]]

PARTY = (
    "customerid", "customer", "customerno", "customernumber", "kundennr", "kundennummer",
    "kundenid", "clientid", "memberid", "member", "contactid", "userid", "user", "respondent",
    "requester", "requesterid", "email",
    "customeremail", "emailaddress", "mail", "cardnumber", "card", "loyaltycard", "phone",
    "telephone", "mobile", "telefon", "customername", "clientname", "kundenname", "kunde", "client",
    "buyer", "guest", "gast", "cliente", "klant", "name",
)  # fmt: skip
PARTY_BY: Mapping[str, str] = {
    "email": "email", "customeremail": "email", "emailaddress": "email", "mail": "email",
    "phone": "phone", "telephone": "phone", "mobile": "phone", "telefon": "phone",
    "cardnumber": "loyalty", "card": "loyalty", "loyaltycard": "loyalty",
}  # fmt: skip
_AT = (
    "at", "date", "datetime", "timestamp", "created", "createdat", "createddate", "datum", "fecha",
    "data", "day", "tag", "time",
)  # fmt: skip
TIMES = ("time", "uhrzeit", "zeit", "heure", "hora", "ora", "tijd")
"""What the time of the day is called where it has a column of its own."""

FIELDS: Mapping[str, Synonyms] = {
    "order_line": {
        "order_ref": (
            "invoiceno",
            "invoice",
            "invoicenumber",
            "receiptno",
            "receipt",
            "orderno",
            "orderid",
            "order",
            "ordernumber",
            "transactionid",
            "basketid",
            "bon",
            "bonnr",
            "belegnr",
        ),
        "at": (
            "invoicedate",
            "soldat",
            "orderdate",
            "transactiondate",
            "saledate",
            "purchasedate",
            "kaufdatum",
            "rechnungsdatum",
            *_AT,
        ),
        "party": PARTY,
        "sku": (
            "stockcode",
            "sku",
            "itemno",
            "itemcode",
            "productcode",
            "productid",
            "article",
            "artikel",
            "artikelnr",
        ),
        "name": (
            "description",
            "item",
            "itemname",
            "product",
            "productname",
            "title",
            "bezeichnung",
            "produkt",
            "produit",
            "producto",
        ),
        "quantity": ("quantity", "qty", "units", "pieces", "menge"),
        "unit_price": ("unitprice", "price", "preis", "itemprice"),
        "amount": (
            "amount",
            "lineamount",
            "linetotal",
            "total",
            "totalamount",
            "grandtotal",
            "betrag",
            "sales",
            "revenue",
            "umsatz",
            "summe",
            "gesamt",
            "gesamtbetrag",
            "brutto",
            "montant",
            "importe",
            "importo",
            "bedrag",
            "paid",
            "sum",
            "value",
        ),
        "currency": ("currency", "currencycode"),
        "store": ("store", "storeid", "branch", "location", "shop"),
        "channel": ("channel", "saleschannel"),
    },
    "person": {
        "given_name": ("givenname", "firstname", "first", "forename", "vorname", "prenom"),
        "family_name": ("familyname", "lastname", "last", "surname", "nachname", "nom"),
        "full_name": (
            "fullname",
            "name",
            "customername",
            "contactname",
            "clientname",
            "kundenname",
            "customer",
            "kunde",
            "client",
            "cliente",
            "klant",
            "guest",
            "gast",
        ),
        "emails": ("email", "emailaddress", "mail", "email1", "email2", "customeremail"),
        "phones": (
            "phone",
            "phonenumber",
            "mobile",
            "mobilephone",
            "telephone",
            "telefon",
            "handy",
            "tel",
            "cell",
        ),
        "birth_date": ("birthdate", "dateofbirth", "dob", "birthday", "born"),
        "gender": ("gender", "sex"),
        "title": ("title", "salutation"),
        "language": ("language", "locale"),
        "job_title": ("jobtitle", "position"),
        "organisation_name": ("company", "companyname", "organisation", "organization", "employer"),
        "created_at": ("createdat", "created", "joined", "signupdate", "registered", "since"),
        "updated_at": ("updatedat", "updated", "modified", "lastmodified"),
        "address.line1": ("street", "address", "address1", "addressline1", "streetaddress"),
        "address.line2": ("address2", "addressline2"),
        "address.city": ("city", "suburb", "town", "ort"),
        "address.region": ("state", "region", "province", "county"),
        "address.postcode": ("postcode", "postalcode", "zip", "zipcode", "plz"),
        "address.country": ("country", "countrycode"),
        "identifiers.loyalty_card": ("loyaltycard", "cardno", "cardnumber", "membercard", "card"),
    },
    "feedback": {
        "at": ("answeredat", "submittedat", "responsedate", "reviewdate", *_AT),
        "instrument": ("instrument", "metric", "surveytype"),
        "party": PARTY,
        "score": (
            "score",
            "rating",
            "stars",
            "nps",
            "npsscore",
            "csat",
            "csatscore",
            "ces",
            "recommend",
            "likelihoodtorecommend",
            "bewertung",
            "note",
            "punkte",
            "sterne",
        ),
        "comment": (
            "comment",
            "comments",
            "verbatim",
            "text",
            "feedback",
            "review",
            "answer",
            "body",
            "kommentar",
            "commentaire",
            "comentario",
            "remarks",
            "why",
        ),
        "survey": ("survey", "surveyid", "surveyname", "touchpoint"),
        "ticket": ("ticket", "ticketid"),
        "channel": ("channel",),
    },
    "ticket": {
        "at": ("createdat", "created", "createddate", "opened", "openedat", *_AT),
        "party": PARTY,
        "subject": ("subject", "title", "summary", "betreff", "problem", "issue", "complaint"),
        "body": ("description", "body", "message"),
        "status": ("status", "state"),
        "priority": ("priority", "severity"),
        "channel": ("channel", "via"),
        "category": ("category", "topic", "type"),
        "assignee": ("assignee", "agent", "owner"),
        "solved_at": ("solvedat", "solved", "resolvedat", "resolveddate", "closedat", "closed"),
        "reopens": ("reopens", "reopencount"),
        "first_reply_seconds": ("firstreplyseconds",),
        "full_resolution_seconds": ("fullresolutionseconds",),
    },
    "interaction": {
        "at": ("happenedat", "eventtime", "eventdate", "occurredat", *_AT),
        "kind": ("kind", "event", "eventtype", "eventname", "action", "type", "activity"),
        "party": PARTY,
        "channel": ("channel", "source"),
        "subject": ("subject", "detail", "page", "url", "feature"),
        "campaign": ("campaign", "campaignid", "campaignname"),
        "seconds": ("seconds", "duration", "durationseconds"),
    },
    "loyalty_entry": {
        "party": PARTY,
        "at": ("posted", "postedat", "bookedat", *_AT),
        "points": ("points", "pointschange"),
        "balance": ("balance", "pointsbalance"),
        "tier": ("tier", "level"),
        "reason": ("reason", "description"),
        "expires_at": ("expiresat", "expires", "expiry"),
    },
    "consent_signal": {
        "party": PARTY,
        "purpose": ("purpose",),
        "channel": ("channel",),
        "decision": ("decision", "consent", "permission", "optin", "status"),
        "point": ("address", "point", "email", "phone"),
        "asserted_at": ("decided", "decidedat", "assertedat", *_AT),
        "evidence": ("evidence", "proof"),
        "notice": ("notice", "noticeversion"),
    },
    "order": {
        "order_ref": ("orderid", "orderno", "order", "ordernumber", "invoiceno"),
        "at": ("orderdate", "orderedat", *_AT),
        "party": PARTY,
        "currency": ("currency", "currencycode"),
        "total": ("total", "ordertotal", "totalamount", "amount", "grandtotal"),
        "channel": ("channel",),
        "store": ("store", "branch"),
    },
    "organisation": {
        "name": (
            "companyname",
            "company",
            "organisation",
            "organization",
            "account",
            "accountname",
        ),
        "domain": ("domain", "website"),
        "industry": ("industry", "sector"),
        "employees": ("employees", "headcount", "numberofemployees"),
    },
    "subscription": {
        "party": PARTY,
        "started_at": ("startedat", "start", "startdate"),
        "ended_at": ("endedat", "end", "enddate", "cancelledat"),
        "plan": ("plan", "planname", "product"),
        "amount": ("amount", "price", "mrr"),
        "currency": ("currency", "currencycode"),
        "period": ("period", "interval", "billingperiod"),
    },
}
"""Entity to field to column names. Entities that files hardly hold have no entry."""

TELLING: Mapping[str, tuple[str, ...]] = {
    "order_line": ("quantity", "unit_price", "sku"),
    "order": ("total",),
    "person": ("given_name", "family_name", "birth_date"),
    "feedback": ("score",),
    "ticket": ("subject", "status", "priority"),
    "interaction": ("kind",),
    "loyalty_entry": ("points", "balance"),
    "consent_signal": ("decision", "purpose"),
    "organisation": ("domain", "industry", "employees"),
    "subscription": ("plan", "started_at"),
}
"""Fields that hardly any other entity has: they count thrice."""


STATES: Mapping[str, str] = {
    "resolved": "solved", "done": "solved", "erledigt": "solved", "gelöst": "solved",
    "complete": "solved", "completed": "solved", "fixed": "solved", "offen": "open",
    "in progress": "open", "in bearbeitung": "open", "reopened": "open", "waiting": "pending",
    "geschlossen": "closed", "neu": "new",
}  # fmt: skip
"""Words for the status of a ticket that are not the hub's own."""


def plain(name: str) -> str:
    """A column name as it is compared.

    >>> plain("Customer ID"), plain("E-mail_address"), plain("Total (€)"), plain("Betrag in EUR")
    ('customerid', 'emailaddress', 'total', 'betrag')
    """
    bare = _ASIDE.sub("", name)
    return _BLANK.sub("", (bare if _BLANK.sub("", bare) else name).casefold())


_ASIDE = re.compile(r"\(.*?\)|\[.*?\]|(\b(in )?(EUR|GBP|USD|CHF)$)")
_BLANK = re.compile(r"[\W_]+")


def assigned(entity: str, columns: list[str]) -> dict[str, str]:
    """Field to column under ``entity``; each column is used once."""
    names = {plain(column): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for field, synonyms in FIELDS[entity].items():
        column = next((names[s] for s in synonyms if s in names), None)
        if column is not None and column not in found.values():
            found[field] = column
    return found


def score(entity: str, found: Mapping[str, str]) -> int:
    """How much speaks for ``entity``."""
    telling = TELLING[entity]
    return sum(3 if field in telling else 1 for field in found)
