"""FOCUS versions are recognised by their columns, and older names mapped onto newer ones."""

from __future__ import annotations

import pytest

from finops import focus


@pytest.mark.parametrize("version", focus.VERSIONS)
def test_a_bill_of_all_columns_is_recognised(version: str) -> None:
    """A bill with every column of a version is that version, lacks nothing, and has a column for all that is read."""
    names = list(focus.columns(version))
    assert focus.recognise(names) == version
    assert focus.missing(names, version) == ([], [])
    assert all(focus.read_from(name, names) for name in (*focus.ALWAYS_FILLED, "ServiceProviderName", "SubAccountId"))


@pytest.mark.parametrize("version", focus.VERSIONS[2:])
def test_a_bill_of_mandatory_columns_lacks_nothing(version: str) -> None:
    """Conditional and recommended columns may be absent, whatever version the rest is taken for."""
    names = [name for name, column in focus.columns(version).items() if column.mandatory]
    found = focus.recognise(names)
    assert focus.VERSIONS.index(found) <= focus.VERSIONS.index(version)
    assert focus.missing(names, version) == ([], [])


def test_unknown_columns_are_ignored() -> None:
    """Columns of the provider's own change nothing."""
    names = [*focus.columns("1.0"), "x_Discounts", "oci_Reference", "servicename"]
    assert (focus.recognise(names), focus.missing(names, "1.0")) == ("1.0", ([], []))


@pytest.mark.parametrize("name", focus.ALWAYS_FILLED)
def test_a_needed_column_is_missed(name: str) -> None:
    """A bill without a column that no figure can do without says which it is."""
    names = [other for other in focus.columns("1.0") if other != name]
    needed, _ = focus.missing(names, "1.0")
    assert needed == [name]


def test_preview_names_count_as_the_newer_ones() -> None:
    """Provider, Publisher, InvoiceIssuer and Region are read as their successors."""
    renamed = {"ProviderName": "Provider", "PublisherName": "Publisher", "InvoiceIssuerName": "InvoiceIssuer"}
    names = [renamed.get(name, name) for name in focus.columns("1.0") if name != "RegionId"] + ["Region"]
    assert focus.missing(names, "1.0")[0] == []
    assert focus.missing(names, "1.0")[1] == []
    assert focus.read_from("ServiceProviderName", names) == "Provider"
    assert focus.read_from("RegionId", names) == "Region"


def test_the_newest_name_is_read_where_several_are_there() -> None:
    """A 1.3 bill with ProviderName and ServiceProviderName is read by the newer."""
    assert focus.read_from("ServiceProviderName", ["ProviderName", "ServiceProviderName"]) == "ServiceProviderName"
    assert focus.read_from("Tags", ["ProviderName"]) is None
