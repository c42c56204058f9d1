"""Every form of the report as a file's bytes; the PDF's library is loaded when the first one is made."""

from __future__ import annotations

from finops.variance_report import VarianceReport
from views.report_csv import report_csv
from views.report_html import report_html
from views.report_json import report_json

FORMS = ("html", "pdf", "csv", "json")
EDITIONS = ("executive", "technical")


def report_file(report: VarianceReport, form: str, edition: str = "technical") -> bytes:
    """A report as a file; the same report gives the same bytes.

    Args:
        form: of FORMS.
        edition: of EDITIONS; CSV has every team always.
    """
    executive = edition == "executive"
    if form == "pdf":
        from views.report_pdf import report_pdf

        return report_pdf(report, executive)
    forms = {"html": report_html, "json": report_json, "csv": lambda made, _: report_csv(made)}
    text: str = forms[form](report, executive)
    # A lone half of a character, as Slack may pass it on, has no bytes.
    return text.encode("utf-8", "replace")
