"""Purchase orders, deliveries and files at the SOAP door of the stand-in."""

from __future__ import annotations

import base64

import pytest

from integrations.documents import Kind
from tests.integrations.accountsiq.seen_books import SeenBooks, SoapAnswer, SoapCaller

REFERENCE = "8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11 P-000003"
HEAD = {"OrderID": "0", "AccountID": "5310", "CurrencyCode": "GBP", "ExternalReference": REFERENCE,
        "OrderDate": "2026-10-14T00:00:00", "Notes": "March cohort", "ExchangeRate": "1"}  # fmt: skip
LINE = {"OrderItemID": "0", "StockItemID": "VENUE", "StockItemDescription": "Room", "OrderedQuantity": "3",
        "StockItemPrice": "10.00", "TaxCode": "T1", "NetAmount": "30.00", "TaxAmount": "6.00", "GrossAmount": "36.00",
        "GLAccountCode": "5010", "OpeningStockGLAccountCode": "5000"}  # fmt: skip


def elements(values: dict[str, str]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())


def order(*, create: str = "true", line: dict[str, str] | None = None, **head: str) -> str:
    """An order of one line on its way in."""
    lines = f"<Lines><OrderLine>{elements({**LINE, **(line or {})})}</OrderLine></Lines>"
    return f"<order>{elements({**HEAD, **head})}{lines}</order><create>{create}</create>"


def saved(soap: SoapCaller) -> str:
    """The id of a new order."""
    answer = soap.call("SaveOrderGetBackOrderID", order())
    assert answer.text("Status") == "Created"
    found = answer.beside("orderID")
    assert found is not None
    return found


def delivered(soap: SoapCaller, number: str, quantity: str, item: str = "1", version: str = "") -> SoapAnswer:
    """So much of an item has come."""
    head = {"OrderID": number, **({"RowVersionNumber": version} if version else {})}
    line = elements({"OrderID": number, "OrderItemID": item, "DeliveredQuantity": quantity})
    inner = f"<order>{elements(head)}</order><lines><DeliveryLine>{line}</DeliveryLine></lines>"
    return soap.call("DeliverOrderLines", inner)


def test_an_order_gets_an_id_and_a_number_and_is_found(soap: SoapCaller, soap_books: SeenBooks) -> None:
    number = saved(soap)
    assert number == "1187"
    found = soap.call("GetOrdersByExternalReference", f"<externalReference>{REFERENCE}</externalReference>")
    (told,) = found.every("Result/Order")
    del told["CreationDate"]
    assert told == {
        "OrderID": "1187", "AccountID": "5310", "CurrencyCode": "GBP", "OrderNumber": "PO000001",
        "ExternalReference": REFERENCE, "OrderDate": "2026-10-14T00:00:00", "Status": "Complete",
        "AccountName": "Crown Conference Centre", "Notes": "March cohort", "ExchangeRate": "1", "Hold": "0",
        "IsClosed": "false", "Ledger": "Purchases", "RowVersionNumber": "1", "NetAmount": "30.00",
        "TaxAmount": "6.00", "GrossAmount": "36.00",
    }  # fmt: skip
    (line,) = found.every("Result/Order/Lines/OrderLine")
    assert (line["OrderItemID"], line["OrderedQuantity"], line["DeliveredQuantity"]) == ("1", "3", "0")
    assert (soap_books.count(), soap_books.owed("CROWN01")) == (1, 0)
    assert soap.call("GetOrder", f"<orderID>{number}</orderID>").text("Result/OrderNumber") == "PO000001"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (order(OrderID="5"), "ORDER_ID_DOES_NOT_EXIST"),
        (order(AccountID="99"), "SUPPLIER_CODE_DOES_NOT_EXIST"),
        (order(CurrencyCode=""), "CURRENCY_CODE_DOES_NOT_EXIST"),
        (order(OrderDate=""), "DATE_IS_OUT_OF_RANGE"),
        (order(ExternalReference="x" * 51), "INVOICE_EXTERNAL_REFERENCE_IS_TOO_LONG"),
        (order(line={"StockItemID": ""}), "STOCKITEM_ID_DOES_NOT_EXIST"),
        (order(line={"OpeningStockGLAccountCode": ""}), "GLACCOUNT_CODE_IS_NULL"),
        (order(line={"GLAccountCode": "9999"}), "GLACCOUNT_CODE_DOES_NOT_EXIST"),
        (order(line={"TaxCode": "T77"}), "TAX_CODE_DOES_NOT_EXIST"),
        (order(line={"DepartmentID": "X"}), "DEPARTMENT_ID_DOES_NOT_EXIST"),
    ],
)
def test_an_order_that_is_wrong_is_refused(soap: SoapCaller, soap_books: SeenBooks, given: str, expected: str) -> None:
    answer = soap.call("SaveOrderGetBackOrderID", given)
    assert (answer.text("ErrorCode"), answer.beside("orderID")) == (expected, "-1")
    assert soap_books.count() == 0


def test_an_order_number_is_there_once(soap: SoapCaller) -> None:
    assert soap.call("SaveOrder", order(OrderNumber="PO-7")).text("Status") == "Created"
    assert soap.call("SaveOrder", order(OrderNumber="PO-7")).text("ErrorCode") == "ORDER_NUMBER_ALREADY_EXISTS"


def test_an_order_is_changed_in_the_version_that_was_read(soap: SoapCaller) -> None:
    number = saved(soap)
    stale = soap.call("SaveOrder", order(create="false", OrderID=number, RowVersionNumber="9"))
    assert (stale.text("Status"), stale.text("ErrorCode")) == ("Conflicted", "OUTDATED_RECORD")
    soap.call("SaveOrder", order(create="false", OrderID=number, RowVersionNumber="1", Notes="April"))
    assert soap.call("GetOrder", f"<orderID>{number}</orderID>").text("Result/Notes") == "April"


def test_a_delivery_moves_an_order_on(soap: SoapCaller) -> None:
    number = saved(soap)
    states = []
    for quantity in ("1", "2"):
        assert delivered(soap, number, quantity).status["ErrorCode"] == "SUCCESS"
        states.append(soap.call("GetOrder", f"<orderID>{number}</orderID>").text("Result/Status"))
    assert states == ["PartiallyDelivered", "FullyDelivered"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"quantity": "4"}, "DELIVERY_QUANTITY_IS_NEGATIVE_OR_ZERO"),
        ({"quantity": "0"}, "DELIVERY_QUANTITY_IS_NEGATIVE_OR_ZERO"),
        ({"quantity": "1", "item": "9"}, "ORDER_ITEM_ID_DOES_NOT_EXIST"),
        ({"quantity": "1", "version": "9"}, "OUTDATED_RECORD"),
    ],
)
def test_a_delivery_that_is_wrong_changes_nothing(soap: SoapCaller, given: dict[str, str], expected: str) -> None:
    number = saved(soap)
    assert delivered(soap, number, **given).text("ErrorCode") == expected
    assert soap.call("GetOrder", f"<orderID>{number}</orderID>").text("Result/Status") == "Complete"


def test_orders_are_listed_by_supplier_and_in_pages(soap: SoapCaller) -> None:
    numbers = [saved(soap) for _ in range(3)]
    theirs = soap.call("GetOrdersBySupplierCode", "<supplerCode>CROWN01</supplerCode>")
    assert [one["OrderID"] for one in theirs.every("Result/Order")] == numbers
    page = soap.call("GetOrdersByPaged", "<query><Skip>1</Skip><Limit>1</Limit></query>")
    assert [one["OrderID"] for one in page.every("Result/Order")] == numbers[1:2]


# --- files ---------------------------------------------------------------------------------------------------------

PAPER = bytes(range(256)) * 4


def attach(
    soap: SoapCaller, number: str, *, name: str = "SI 1.pdf", sort: str = "Order", data: bytes = PAPER
) -> SoapAnswer:
    """A file on its way in."""
    header = elements({"MasterType": sort, "MasterID": number, "Filename": name, "DocumentID": "0"})
    content = elements({"Content": base64.b64encode(data).decode(), "Comments": "from the portal"})
    return soap.call("AttachDocument", f"<document><Header>{header}</Header><Content>{content}</Content></document>")


def test_a_file_is_kept_byte_by_byte_and_told_again(soap: SoapCaller, soap_books: SeenBooks) -> None:
    number = saved(soap)
    assert attach(soap, number).text("Status") == "Created"
    assert soap_books.stored(Kind.PURCHASE_ORDER, number, "SI 1.pdf") == PAPER
    master = elements({"masterType": "Order", "masterID": number})
    told = soap.call("GetAttachedDocumentList", master).every("Result/WSDocumentHeader")
    assert told == [{"MasterType": "Order", "MasterID": number, "Filename": "SI 1.pdf", "DocumentID": "1"}]
    found = soap.call("GetDocument", f"{master}<documentID>1</documentID>")
    assert base64.b64decode(found.text("Result/Content/Content")) == PAPER


def test_a_name_can_be_there_twice(soap: SoapCaller) -> None:
    number = saved(soap)
    for _ in range(2):
        attach(soap, number)
    master = elements({"masterType": "Order", "masterID": number})
    assert len(soap.call("GetAttachedDocumentList", master).every("Result/WSDocumentHeader")) == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"number": "999999999", "sort": "Transaction"}, "TRANSACTION_ID_DOES_NOT_EXIST"),
        ({"number": "1"}, "ORDER_ID_DOES_NOT_EXIST"),
        ({"sort": "Rocket"}, "DOCUMENT_MASTERTYPE_IS_INVALID"),
        ({"name": ""}, "DOCUMENT_NAME_IS_INVALID"),
        ({"name": "x" * 256}, "DOCUMENT_NAME_IS_TOO_LONG"),
        ({"data": b""}, "DOCUMENT_CONTENT_IS_NULL_OR_EMPTY"),
    ],
)
def test_a_file_that_is_wrong_is_refused(soap: SoapCaller, given: dict[str, str], expected: str) -> None:
    number = saved(soap)
    assert attach(soap, **{"number": number, **given}).text("ErrorCode") == expected  # type: ignore[arg-type]
