"""The money of the world: active ISO 4217 codes and how many decimals each is counted in.

Kept by hand from the list of the maintenance agency (SIX) and its amendments up to 2026: the Caribbean guilder XCG
stands for ANG, the euro for HRK and BGN. Funds, metals and test codes are no money that an invoice is written in.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

_BY_DECIMALS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
        CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
        JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
        NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
        SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
}

MINOR_UNITS: Final[dict[str, int]] = {
    code: decimals for decimals, codes in _BY_DECIMALS.items() for code in codes.split()
}
"""How many decimals a currency is counted in, by its ISO code in upper case."""


def smallest_unit(currency: str) -> Decimal:
    """The smallest coin of a currency, in that currency: 0.01 for GBP, 1 for JPY, 0.001 for KWD; else 0.01."""
    return Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2))
