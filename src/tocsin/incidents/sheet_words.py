"""How the fact sheet names what it holds: instants, roles and categories of data, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

Words = str | Promise
INSTANTS: dict[str, tuple[Words, Words]] = {
    "began": (_("It began"), _("the first act of whoever did it, as far as that is known")),
    "detected": (_("Detected"), _("first seen, by a person or by a tool")),
    "suspected": (_("Suspected"), _("there was reason to suspect it")),
    "believed": (_("Believed"), _("there was reason to believe it")),
    "aware": (_("Aware"), _("reasonably certain that it happened")),
    "discovered": (_("Discovered"), _("first day known, or knowable with due care (United States)")),
    "declared": (_("Declared"), _("this incident was declared")),
    "identified": (_("Identified"), _("seen to be an incident of this kind")),
    "classified": (_("Classified"), _("graded against the legal criteria")),
    "determined": (_("Determined to be a breach"), _("concluded that it is what the law calls a breach")),
    "material": (_("Judged material"), _("concluded that a reasonable investor would care")),
    "assessed": (_("Assessed"), _("the formal assessment ended: it has to be notified")),
    "new_facts": (_("New facts"), _("important facts became known that change what was said")),
    "missing_facts": (_("Missing facts found"), _("what was missing became known")),
    "demanded": (_("Money demanded"), _("the demand arrived")),
    "paid": (_("Paid"), _("a ransom was paid, or we learned that it was paid for us")),
    "blocked": (_("Transaction blocked"), _("a transaction was blocked or rejected")),
    "requested": (_("Asked by an authority"), _("an authority asked for a report")),
    "hhs_notified": (_("Health department told"), _("the health department of the United States was notified")),
    "corrected": (_("Fix available"), _("a fix or a way around was released")),
    "contained": (_("Contained"), _("it does not spread any more")),
    "eradicated": (_("Eradicated"), _("nothing of it is left")),
    "recovered": (_("Recovered"), _("work is back to normal")),
    "closed": (_("Closed"), _("this incident was closed")),
}
"""Each instant's name, and when it counts as reached; in the order in which they are shown."""
ROLES: dict[str, Words] = {
    "acquirer": _("Acquirer: settles card payments for merchants"),
    "any": _("Every organization"),
    "apra_regulated": _("Supervised by APRA (Australia)"),
    "au_app_entity": _("Bound by the Australian Privacy Principles"),
    "au_reporting_business_entity": _("Business in Australia above the turnover threshold"),
    "au_soci_responsible_entity": _("Responsible for a critical asset in Australia"),
    "business": _("Business: every organization that holds data about people"),
    "ca_health_facility": _("Licensed clinic or health facility in California"),
    "central_counterparty": _("Central counterparty (CCP)"),
    "cl_oiv": _("Operator of vital importance in Chile"),
    "cn_ciio": _("Operator of critical information infrastructure in China"),
    "cn_network_operator": _("Network operator in China"),
    "cn_state_organ": _("Central or state organ of China, or affiliated to one"),
    "controller": _("Controller: decides why and how personal data is processed"),
    "credit_institution": _("Bank in the European Union"),
    "critical_entity": _("Critical entity or critical infrastructure"),
    "cyber_insured": _("Insured against cyber risks"),
    "data_centre_operator": _("Operates data centres"),
    "data_intermediary": _("Processes personal data for others (Singapore)"),
    "digital_service_provider": _("Provides digital services"),
    "dod_contractor": _("Contractor of the United States Department of Defense"),
    "dod_subcontractor": _("Subcontractor under such a contract"),
    "dora_financial_entity": _("Financial entity under DORA"),
    "essential_entity": _("Essential entity under NIS2, or essential service"),
    "fedramp_csp": _("Cloud provider under FedRAMP"),
    "finma_institution": _("Supervised by FINMA (Switzerland)"),
    "ftc_financial_institution": _("Financial institution under the FTC Safeguards Rule"),
    "hipaa_business_associate": _("Business associate under HIPAA"),
    "hipaa_covered_entity": _("Covered entity under HIPAA"),
    "hk_ci_operator": _("Operator of critical infrastructure in Hong Kong"),
    "important_entity": _("Important entity under NIS2"),
    "insurance_licensee": _("Licensed insurer, agent or broker in a state of the United States"),
    "listed_issuer_au": _("Listed in Australia"),
    "listed_issuer_eu": _("Listed in the European Union"),
    "managed_service_provider": _("Provides managed services"),
    "mas_fi": _("Financial institution supervised by MAS (Singapore)"),
    "merchant": _("Merchant: takes card payments"),
    "mtsa_operator": _("Vessel or facility under the United States Maritime Transportation Security Act"),
    "my_ncii": _("Entity of national critical information infrastructure in Malaysia"),
    "nerc_responsible_entity": _("Responsible entity under NERC CIP"),
    "ny_hospital": _("General hospital in New York"),
    "nydfs_covered_entity": _("Covered entity of the New York Department of Financial Services"),
    "operator_essential_services": _("Operator of essential services (United Kingdom)"),
    "osfi_fri": _("Federally regulated financial institution in Canada"),
    "payment_service_provider": _("Payment service provider"),
    "phr_vendor": _("Vendor of personal health records (United States)"),
    "processor": _("Processor: processes personal data for a controller"),
    "product_manufacturer": _("Manufacturer of products with digital elements"),
    "sec_reg_sp_institution": _("Broker-dealer, fund, adviser or transfer agent under Regulation S-P"),
    "sec_registrant": _("Files reports with the SEC (United States)"),
    "service_provider": _("Service provider: holds the data for somebody else, who owns it"),
    "sg_cii_owner": _("Owner of critical information infrastructure in Singapore"),
    "supplier": _("Supplier under a contract"),
    "swift_user": _("Connected to SWIFT"),
    "telecom_provider": _("Provider of public electronic communications"),
    "trading_venue": _("Operator of a trading venue"),
    "trust_service_provider": _("Trust service provider under eIDAS"),
    "tsa_regulated": _("Under a security directive of the TSA"),
    "uk_fca_firm": _("Authorised by the FCA or PRA"),
    "us_bank": _("Bank in the United States"),
    "us_bank_service_provider": _("Serves banks in the United States"),
    "us_bsa_institution": _("Under the Bank Secrecy Act"),
    "us_credit_union": _("Federally insured credit union"),
    "us_critical_infrastructure": _("In a critical infrastructure sector of the United States"),
    "us_federal_agency": _("Agency of the United States government"),
    "us_telecom_carrier": _("Telecommunications carrier in the United States"),
}
"""What an organization can be in the eyes of laws and contracts: the roles that duties ask for."""
DATA: dict[str, Words] = {
    "biometric": _("Biometric data"),
    "cdi": _("Covered defense information"),
    "cpni": _("Customer proprietary network information"),
    "cui": _("Controlled unclassified information"),
    "customer_financial_information": _("Financial information of customers"),
    "dob": _("Dates of birth"),
    "financial_account_with_access": _("Account or card numbers with what gives access"),
    "genetic": _("Genetic data"),
    "gov_id": _("Driving licences and other numbers of the state"),
    "health": _("Health data"),
    "health_insurance": _("Health insurance numbers"),
    "licence_plate_reader": _("Data of licence plate readers"),
    "online_credentials": _("Sign-in names with passwords"),
    "payment_card": _("Payment card data"),
    "personal_data": _("Personal data of whatever kind"),
    "phi": _("Protected health information"),
    "sensitive_customer_information": _("Sensitive customer information (Regulation S-P)"),
    "ssn": _("Social security or tax numbers"),
    "student_military_passport_id": _("Student, military or passport numbers"),
}
"""The categories of data that duties ask for."""


def instant_word(anchor: str) -> str:
    """An instant's name."""
    return str(INSTANTS[anchor][0]) if anchor in INSTANTS else spoken(anchor)


def role_word(role: str) -> str:
    """What an organization is, in words."""
    return str(ROLES.get(role, spoken(role)))


def data_word(category: str) -> str:
    """A category of data, in words."""
    return str(DATA.get(category, spoken(category)))


def fact_word(name: str, known: Mapping[str, Any]) -> str:
    """A fact's meaning, with a capital; `known` are those that the incident's plan and Tocsin know."""
    means = str(known[name].means) if name in known else spoken(name)
    return means[:1].upper() + means[1:]


def spoken(key: str) -> str:
    """A key that nobody has put into words."""
    return key.replace("_", " ")


def range_word(low: int | None, high: int | None) -> str:
    """How many, in words: 'not known', 'at least 500', '1,900', '12,000 to 15,000'."""
    if low is None and high is None:
        return now_("not known")
    if high is None:
        return now_("at least %s") % f"{low:,}"
    if not low:
        return now_("at most %s") % f"{high:,}" if high else "0"
    return f"{low:,}" if low == high else now_("%(low)s to %(high)s") % {"low": f"{low:,}", "high": f"{high:,}"}
