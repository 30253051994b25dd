"""What new UK books start with: a chart of accounts and tax codes. Plain data.

Numbered in the way that UK small-business bookkeeping knows: 0 fixed assets, 1 current assets, 2 liabilities,
3 capital, 4 sales, 5 and 6 direct costs, 7 overheads, 8 depreciation and the like, 9 technical accounts. The codes
5000, 7502, 7601 and 7602 carry the meaning that they have in iCompleat's own samples.
"""

from __future__ import annotations

from decimal import Decimal

from ledger.models import AccountType, Role

ASSET, LIABILITY, EQUITY = AccountType.ASSET, AccountType.LIABILITY, AccountType.EQUITY
INCOME, EXPENSE = AccountType.INCOME, AccountType.EXPENSE

ACCOUNTS: tuple[tuple[str, str, AccountType], ...] = (
    ("0030", "Office equipment", ASSET),
    ("0031", "Office equipment, depreciation to date", ASSET),
    ("0040", "Furniture and fittings", ASSET),
    ("0041", "Furniture and fittings, depreciation to date", ASSET),
    ("1001", "Stock of course materials", ASSET),
    ("1100", "Debtors control", ASSET),
    ("1103", "Prepayments", ASSET),
    ("1200", "Bank current account", ASSET),
    ("1210", "Bank deposit account", ASSET),
    ("1230", "Petty cash", ASSET),
    ("1240", "Company credit card", LIABILITY),
    ("2100", "Creditors control", LIABILITY),
    ("2109", "Accruals", LIABILITY),
    ("2200", "VAT on sales", LIABILITY),
    ("2201", "VAT on purchases", LIABILITY),
    ("2202", "VAT payable to HMRC", LIABILITY),
    ("2210", "PAYE and National Insurance", LIABILITY),
    ("2220", "Net wages", LIABILITY),
    ("2230", "Pension contributions", LIABILITY),
    ("2300", "Loans", LIABILITY),
    ("2320", "Corporation tax", LIABILITY),
    ("3000", "Share capital", EQUITY),
    ("3200", "Profit and loss account", EQUITY),
    ("4000", "Course fees", INCOME),
    ("4010", "In-house training", INCOME),
    ("4020", "Course materials sold", INCOME),
    ("4900", "Other income", INCOME),
    ("5000", "Materials purchased", EXPENSE),
    ("5010", "Course venue hire", EXPENSE),
    ("5020", "Trainer fees", EXPENSE),
    ("5030", "Examination and certification fees", EXPENSE),
    ("5100", "Carriage inwards", EXPENSE),
    ("6200", "Advertising and marketing", EXPENSE),
    ("6201", "Printed brochures", EXPENSE),
    ("7000", "Gross salaries", EXPENSE),
    ("7006", "Employer's National Insurance", EXPENSE),
    ("7007", "Employer's pension contributions", EXPENSE),
    ("7010", "Recruitment", EXPENSE),
    ("7011", "Staff training", EXPENSE),
    ("7100", "Rent", EXPENSE),
    ("7103", "Business rates", EXPENSE),
    ("7200", "Electricity and gas", EXPENSE),
    ("7204", "Water", EXPENSE),
    ("7300", "Vehicle running costs", EXPENSE),
    ("7400", "Travel", EXPENSE),
    ("7402", "Hotels and subsistence", EXPENSE),
    ("7403", "Entertainment", EXPENSE),
    ("7500", "Printing", EXPENSE),
    ("7501", "Postage and couriers", EXPENSE),
    ("7502", "Telephone and internet", EXPENSE),
    ("7504", "Office stationery", EXPENSE),
    ("7506", "Software licences", EXPENSE),
    ("7600", "Legal fees", EXPENSE),
    ("7601", "Audit fees", EXPENSE),
    ("7602", "Accountancy fees", EXPENSE),
    ("7603", "Consultancy fees", EXPENSE),
    ("7700", "Equipment hire", EXPENSE),
    ("7800", "Repairs and maintenance", EXPENSE),
    ("7801", "Cleaning", EXPENSE),
    ("7901", "Bank charges", EXPENSE),
    ("7906", "Exchange rate differences", EXPENSE),
    ("7907", "Rounding differences", EXPENSE),
    ("8000", "Depreciation", EXPENSE),
    ("8100", "Bad debts", EXPENSE),
    ("8201", "Subscriptions", EXPENSE),
    ("8204", "Insurance", EXPENSE),
    ("9998", "Suspense", ASSET),
)

ROLES: dict[str, Role] = {
    "1100": Role.DEBTORS,
    "2100": Role.CREDITORS,
    "2200": Role.TAX_OUTPUT,
    "2201": Role.TAX_INPUT,
    "7907": Role.ROUNDING,
}

TAX_CODES: tuple[tuple[str, str, Decimal], ...] = (
    ("T0", "Zero rated", Decimal(0)),
    ("T1", "Standard rate 20%", Decimal(20)),
    ("T2", "Exempt", Decimal(0)),
    ("T5", "Reduced rate 5%", Decimal(5)),
    ("T9", "Outside the scope of VAT", Decimal(0)),
)
