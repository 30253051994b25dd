"""The operations of Integration 2.0 that are known by name, for support work, with what they take.

Their names are those of the sample requests that AccountsIQ publishes; three more stand in the WSDL only. Those that
need the permission to write are writes, whatever they are called. The two that give tokens are not among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple


class Operation(NamedTuple):
    """What it takes, in the order of the WSDL, and whether it changes nothing."""

    names: tuple[str, ...]
    reads: bool


_READS: Final = """
    CheckBankDefaultsValidity; CheckCustomerDefaultsValidity; CheckGLDefaultsValidity;
    CheckStockItemDefaultsValidity; CheckSupplierDefaultsValidity; GetAccountBalanceInformation edt accountIDs;
    GetAccountsWithTransactionsCreatedBetween ledger since until typesFilter fromAccountCode toAccountCode;
    GetActiveCustomerList; GetActiveStockItemList; GetActiveSupplierList; GetAllActiveStockInformation;
    GetAllCustomerContacts; GetAllSupplierContacts;
    GetAllocationsBetween ledger since until fromAccountCode toAccountCode;
    GetAllocationsBetweenWithCreationDate ledger fromCreationDate toCreationDate fromAccountCode toAccountCode;
    GetAllocationsByTransactionId transactionId; GetAllocationsForTransactionsCreatedBetween query;
    GetAnalysisDimensionSetup; GetAttachedDocumentList masterType masterID;
    GetBankAccountBalance GLAccountCode pointInTime; GetBankDefaults; GetBankList; GetBudgetData options;
    GetChartOfAccounts; GetCompanyInformation; GetCountTransactionsBy query; GetCreditNote creditNoteID;
    GetCreditNotesByCustomerCode customerCode; GetCreditNotesByExternalReference externalReference;
    GetCreditTermList; GetCurrencies; GetCurrencyHistory currencyCode; GetCurrencyList; GetCustomer customerCode;
    GetCustomerBalanceInformation edt customerCodes; GetCustomerContacts customerCode; GetCustomerDefaults;
    GetCustomerList; GetCustomersBy query; GetCustomersStatement upTo customerCodes showZeros;
    GetDebitNotesBySupplierCode supplierCode; GetDeliveryRouteList; GetDepartmentById departmentId;
    GetDepartmentList; GetDepartmentsBy query; GetDepartmentsByAnalysisCode query;
    GetDocument masterType masterID documentID; GetEntitiesByToken; GetGLAccountList; GetGLDefaults;
    GetInactiveStockItemList; GetInterCompanyConnectionList; GetInvoice invoiceID; GetInvoiceFromOrder orderID;
    GetInvoicePDFByTransactionID transactionID;
    GetInvoicePDFByTransactionIDAndReportStyleName transactionID reportStyleName; GetInvoicesBy query;
    GetInvoicesByCustomerCode customerCode; GetInvoicesByExternalReference externalReference;
    GetInvoicesBySupplierCode supplierCode; GetItemGroupList; GetNewBatchPurchasesDebitNote supplierCode;
    GetNewBatchPurchasesInvoice supplierCode; GetNewBatchSalesCreditNote customerCode;
    GetNewBatchSalesInvoice customerCode; GetNewCustomerFromDefaults; GetNewDeliveryLine line;
    GetNewPurchasesCreditJournal supplierCode; GetNewPurchasesDebitJournal supplierCode;
    GetNewPurchasesDebitNote supplierCode; GetNewPurchasesInvoice supplierCode;
    GetNewPurchasesInvoices supplierCodes; GetNewPurchasesOrder supplierCode;
    GetNewSalesCreditJournal customerCode; GetNewSalesCreditNote customerCode;
    GetNewSalesCreditNotes customerCodes; GetNewSalesDebitJournal customerCode; GetNewSalesInvoice customerCode;
    GetNewSalesInvoices customerCodes; GetNewSalesOrder customerCode; GetNewStockItemFromDefaults stockItemID;
    GetNewSupplierFromDefaults; GetOrder orderID; GetOrdersBy query; GetOrdersByCustomerCode customerCode;
    GetOrdersByExternalReference externalReference; GetOrdersByPaged query; GetOrdersBySupplierCode supplerCode;
    GetPeriodList; GetPriceLists; GetReportStyles; GetSalesReceiptPDFByTransactionID transactionID;
    GetStockItem stockItemID; GetStockItemDefaults; GetStockItemGroupList; GetStockItemList;
    GetStockItemLocationStatus stockItemIDs; GetStockItemsBy query; GetSupplier supplierCode;
    GetSupplierBalanceInformation edt supplierCodes; GetSupplierContacts supplierCode; GetSupplierDefaults;
    GetSupplierList; GetSuppliersBy query; GetSuppliersStatement upTo supplierCodes showZeros; GetTaxCodeList;
    GetTransaction transactionID; GetTransactionByInvoiceID invoiceID; GetTransactionChangesBetween query;
    GetTransactionDueDate transactionId; GetTransactionsBy query; GetTransactionsByExternalReference query;
    GetTransactionsCreatedByAccountBetween query; GetTransactionsModifiedBy query;
    GetTrialBalanceForPeriod dateInPeriod; GetTrialBalanceFromStartOfPeriod pointInTime; GetUserInformation;
"""
_WRITES: Final = """
    AddAnalysisCode groupID analysisCode create;
    AllocateTransactions transactionID_1 transactionID_2 allocationReference allocationAmount allocationDate;
    AllocateTransactionsWithDiscount transactionID_1 transactionID_2 allocationReference allocationAmount allocationDate
        discountAmount;
    AttachDocument document; CreateBatchPurchasesDebitNote debitNote; CreateBatchPurchasesDebitNoteBulk debitNotes;
    CreateBatchPurchasesDebitNoteBulkGetBackTransactionIDs debitNotes;
    CreateBatchPurchasesDebitNoteGetBackTransactionID debitNote; CreateBatchPurchasesInvoice inv;
    CreateBatchPurchasesInvoiceBulk invoices; CreateBatchPurchasesInvoiceBulkGetBackTransactionIDs invoices;
    CreateBatchPurchasesInvoiceGetBackTransactionID inv; CreateBatchSalesCreditNote creditNote;
    CreateBatchSalesCreditNoteBulk creditNotes; CreateBatchSalesCreditNoteBulkGetBackTransactionIDs creditNotes;
    CreateBatchSalesCreditNoteGetBackTransactionID creditNote; CreateBatchSalesInvoice inv;
    CreateBatchSalesInvoiceBulk invoices; CreateBatchSalesInvoiceBulkGetBackTransactionIDs invoices;
    CreateBatchSalesInvoiceGetBackTransactionID inv; CreateCreditNotesGetBackCreditNoteIDs creditNotes;
    CreateCreditNotesSpecifyCostGetBackCreditNoteIDs creditNotes;
    CreateDepartment id description analysisCode1 analysisCode2 analysisCode3 analysisCode4 analysisCode5 analysisCode6;
    CreateGeneralJournal journal; CreateGeneralJournalGetBackTransactionID journal;
    CreateInvoicesGetBackInvoiceIDs invoices; CreateInvoicesSpecifyCostGetBackInvoiceIDs invoices;
    CreateProject project; DeleteCustomerByCode customerCode; DeleteCustomerById customerId;
    DeleteSupplierByCode supplierCode; DeleteSupplierById supplierId; DeliverOrderLines order lines;
    GetCurrencyExchangeRate currencyCode; PostCreditNote creditNoteID;
    PostCreditNoteGetBackTransactionID creditNoteID; PostCreditNotesGetBackTransactionIDs creditNoteIDs;
    PostInvoice invoiceID; PostInvoiceGetBackTransactionID invoiceID; PostInvoicesGetBackTransactionIDs invoiceIDs;
    PostPayAndAllocateSalesInvoice query; PostPayAndAllocateSalesInvoices queries;
    PostPurchasesCreditJournal journal; PostPurchasesCreditJournalGetBackTransactionID journal;
    PostPurchasesDebitJournal journal; PostPurchasesDebitJournalGetBackTransactionID journal;
    PostSalesCreditJournal journal; PostSalesCreditJournalGetBackTransactionID journal;
    PostSalesDebitJournal journal; PostSalesDebitJournalGetBackTransactionID journal;
    SaveAPInboxInvoice invoice create; SaveAPInboxInvoiceGetBackInvoiceID invoice create;
    SaveBankDefaults bankDefaults; SaveBudgetData header; SaveCreditNote creditNote create;
    SaveCreditNoteGetBackCreditNoteID creditNote create;
    SaveCreditNoteSpecifyCostGetBackCreditNoteID creditNote create; SaveCustomerDefaults customerDefaults;
    SaveGLDefaults glDefaults; SaveInvoice invoice create; SaveInvoiceGetBackInvoiceID invoice create;
    SaveInvoiceSpecifyCostGetBackInvoiceID invoice create;
    SaveInvoiceWithAmountCheckGetBackInvoiceID invoice create grossBaseCurrencyAmount;
    SaveInvoiceWithPostingAmountCheckGetBackInvoiceID invoice create foreignCurrencyNetTotal foreignCurrencyTaxTotal;
    SaveOrder order create; SaveOrderGetBackOrderID order create; SavePurchasePayment purchasePayment;
    SavePurchasePaymentGetBackTransactionID purchasePayment; SaveSalesReceipt salesReceipt;
    SaveSalesReceiptGetBackTransactionID salesReceipt; SaveStockItem stockItem create;
    SaveStockItemDefaults stockItemDefaults; SaveSundryReceiptPayments entries;
    SaveSundryReceiptPaymentsGetBackTransactionIDs entries; SaveSupplierDefaults supplierDefaults; SendEmail email;
    SetTransactionDueDate transactionId dueDate; UnallocateTransactions transactionIDs;
    UpdateCustomer customer create; UpdateCustomerGetbackCustomerCode customer create;
    UpdateDepartment departmentID newDescription active;
    UpdateDepartmentDimensionSetup departmentID a1 a2 a3 a4 a5 a6; UpdateProject existingProjectCode project;
    UpdateSupplier supplier create; UpdateSupplierGetBackSupplierCode supplier create;
"""


def told() -> Mapping[str, str]:
    """Each operation in words: `read GetSupplier (supplierCode)`."""
    return {name: _words(name, one) for name, one in OPERATIONS.items()}


def _words(name: str, operation: Operation) -> str:
    takes = f" ({', '.join(operation.names)})" if operation.names else ""
    return f"{'read' if operation.reads else 'write'} {name}{takes}"


def _listed(text: str, *, reads: bool) -> Iterator[tuple[str, Operation]]:
    for entry in filter(None, (part.split() for part in text.split(";"))):
        yield entry[0], Operation(tuple(entry[1:]), reads)


OPERATIONS: Final[Mapping[str, Operation]] = {
    **dict(_listed(_READS, reads=True)),
    **dict(_listed(_WRITES, reads=False)),
}
