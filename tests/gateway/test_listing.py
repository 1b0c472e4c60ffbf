from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pd_capflow.gateway.listing import (
    LISTINGS,
    ListingError,
    SecurityType,
    UnknownSecurity,
    UnsupportedSecurity,
    _accept,
    fingerprint,
    look_up,
)
from pd_capflow.security import MARKETS, Security

UNKNOWN = [
    "HK.99999",
    "HK.NOSUCH",
    "US.NOSUCH",
    "SH.NOSUCH",
    "SZ.NOSUCH",
    "JP.NOSUCH",
    "SG.NOSUCH",
    "FX.NOSUCH",
    "HK_FUTURE.NOSUCH",
    "HK.700",
    "HK.007000",
    "HK.0070A",
    "HK.ABCDE",
    "SH.60051",
    "SH.6005190",
    "SZ.1",
    "US.aapl",
    "US.1AAPL",
    "US.ABCDEFGHIJK",
    "US.A_B",
    "JP.720",
    "JP.720300",
    "JP.72_3",
    "SG.D_5",
    "AU.bhp",
    "MY.12345678901",
    "CA.RCI.B",
]

UNSUPPORTED = [
    "HK.800000",
    "HK.800100",
    "HK.800700",
    "SH.000001",
    "SH.000300",
    "SZ.399001",
    "SZ.399006",
    "US..DJI",
    "US..IXIC",
    "US..SPX",
    "HK.BK1910",
    "SH.BK0001",
    "SH.LIST0022",
    "US.LIST2999",
    "US.BK2001",
    "US.AAPL250117C200000",
    "US.BRK.B250117P400000",
    "HK.TCH250127C400000",
    "HK.HSImain",
    "HK.HSI2512",
    "US.ESmain",
    "US.ES2512",
    "SG.CNmain",
    "JP.NK225main",
    "HK_FUTURE.HSImain",
    "HK_FUTURE.999010",
    "FX.USDCNH",
    "CC.BTCUSD",
    "EC.KXHIGHNY",
]

INVENTED = [
    "HK.01234",
    "HK.08888",
    "HK.89988",
    "US.ZZZZ",
    "US.A",
    "US.BF.B",
    "US.ABC-D",
    "SH.601000",
    "SH.900901",
    "SZ.000002",
    "SZ.200001",
    "JP.1301",
    "JP.285A",
    "SG.D05",
    "AU.XYZ",
    "MY.5347",
    "CA.RY",
]


def test_well_known_listings_are_what_the_table_says():
    tencent = look_up(Security.parse("HK.00700"))
    assert (tencent.name, tencent.name_zh) == ("TENCENT", "腾讯控股")
    assert (tencent.lot_size, tencent.listed) == (100, date(2004, 6, 16))
    assert tencent.security_type is SecurityType.STOCK
    assert look_up(Security.parse("US.SPY")).security_type is SecurityType.FUND


def test_the_table_covers_every_market_that_has_sessions():
    assert len(LISTINGS) >= 40
    assert {listing.security.market for listing in LISTINGS.values()} == {
        prefix for prefix, market in MARKETS.items() if market.sessions
    }


@pytest.mark.parametrize("code", LISTINGS)
def test_every_row_of_the_table_passes_the_gateways_own_rules_and_is_plausible(code):
    """A row whose code is refused as ill-formed or unsupported would be a slip of the pen."""
    listing = LISTINGS[code]
    assert look_up(listing.security) is listing
    assert _accept(listing.security, code) is listing.security
    assert str(listing.security) == code
    assert date(1880, 1, 1) < listing.listed < date(2025, 1, 1)
    assert listing.listed.weekday() < 5 or listing.listed.year < 1970  # Saturdays
    assert listing.lot_size >= 1
    assert 1 < listing.price < 10_000
    assert 10**7 < listing.turnover < 10**11
    assert type(listing.turnover) is int


@pytest.mark.parametrize("code", UNKNOWN)
def test_unknown(code):
    with pytest.raises(UnknownSecurity) as caught:
        look_up(Security.parse(code))
    assert caught.value.security == Security.parse(code)
    assert str(caught.value) == code


@pytest.mark.parametrize("code", UNSUPPORTED)
def test_unsupported(code):
    with pytest.raises(UnsupportedSecurity) as caught:
        look_up(Security.parse(code))
    assert caught.value.security == Security.parse(code)


def test_same_digits_are_an_index_in_shanghai_and_a_bank_in_shenzhen():
    with pytest.raises(UnsupportedSecurity):
        look_up(Security.parse("SH.000001"))
    assert look_up(Security.parse("SZ.000001")).name_zh == "平安银行"


@pytest.mark.parametrize("code", INVENTED)
def test_any_other_well_formed_code_gets_a_listing_of_its_own(code):
    assert code not in LISTINGS
    listing = look_up(Security.parse(code))
    assert listing == look_up(Security.parse(code))
    assert listing.security == Security.parse(code)
    assert (listing.name, listing.name_zh) == (code, code)
    assert date(1995, 1, 1) < listing.listed < date(2015, 1, 1)
    assert listing.listed.weekday() < 5
    assert 0.5 <= listing.price < 100
    assert 10**7 <= listing.turnover <= 19 * 10**8


def test_invented_listings_are_pinned():
    """They are the same in every process and release: recordings of the demo rest on it."""
    listing = look_up(Security.parse("HK.01234"))
    assert (listing.lot_size, listing.listed) == (2000, date(1997, 6, 2))
    assert (listing.price, listing.turnover) == (88.89, 180_000_000)
    assert fingerprint("HK.01234") == 17373366980009306884


def test_invented_listings_differ():
    listings = [look_up(Security("HK", f"{number:05}")) for number in range(1000, 1200)]
    assert len({listing.price for listing in listings}) > 190
    assert len({listing.turnover for listing in listings}) > 25
    assert {listing.lot_size for listing in listings} == {100, 200, 500, 1000, 2000}


def test_fund_codes_of_the_mainland_are_funds():
    assert look_up(Security.parse("SH.512880")).security_type is SecurityType.FUND
    assert look_up(Security.parse("SZ.159919")).security_type is SecurityType.FUND
    assert look_up(Security.parse("SZ.300001")).security_type is SecurityType.STOCK


@given(
    market=st.sampled_from(sorted(MARKETS)),
    symbol=st.from_regex(r"[!#-&*+\-./0-9:=?@A-Z^_a-z|~]{1,32}", fullmatch=True),
)
def test_every_code_has_a_listing_or_a_refusal_that_names_it(market, symbol):
    security = Security(market, symbol)
    refused = None
    try:
        listing = look_up(security)
    except ListingError as error:
        refused = error.security
    else:
        assert listing.security == security
        assert security.home.sessions
    assert refused in (None, security)
