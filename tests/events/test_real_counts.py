"""Every real extract loads with the number of rows that its README gives."""

import pytest

from buckpass.events import load

FOLDERS = ("events", "crises_interventions", "alliances", "arms", "exercises_troops", "milex", "trade", "finance")

ROWS = {
    "events": {
        "gdelt1_20160728_sample.export.CSV": 710,
        "gdelt1_monthly_totals_by_country_1979-2013.csv": 7362,
        "gdelt2_20151027220000.export.CSV": 2116,
        "gdelt2_20190121220000.semicolon_with_header.csv": 1629,
        "gdelt2_20201113-15_relabelled.csv.gz": 9354,
        "gdelt_china-dyad_negative_monthly_200301-202312_focus.csv": 15004,
        "icews05-15_complete_20120807-20151231.tsv.gz": 136396,
        "icews05-15_sample20pct_20050101-20120806.tsv.gz": 64161,
        "icews14_complete_2014.tsv.gz": 90024,
        "icews18_20180829-20180927.tsv.gz": 45995,
        "icews_cameo-codes.csv": 312,
        "icews_goldstein_mappings.csv": 312,
        "icews_dyadmonth_hostile_1991-2013_focus_ORIGINAL-LABELS.csv.gz": 17698,
        "icews_dyadmonth_hostile_1991-2013_worldtotals_RELABELLED.csv": 24,
        "icews_raw_events.2018.sample.tab": 3705,
    },
    "crises_interventions": {
        "MIDA 5.0.csv": 2436,
        "MIDB 5.0.csv": 5883,
        "MIDI 5.0.csv": 4483,
        "MIDIP 5.0.csv": 9619,
        "peacesciencer_gml_part.csv": 5217,
        "peacesciencer_gml_mid_disps.csv": 2174,
        "peacesciencer_ucdp_acd.csv": 5652,
    },
    "alliances": {
        "atop-alliance-level.csv": 745,
        "atop-member-level.csv": 2398,
        "peacesciencer_atop_alliance.csv.gz": 273296,
    },
    "arms": {"sipri_trade-register_1995-2025_focus-recipients.csv": 4560},
    "exercises_troops": {"mme_v7.csv": 3707},
    "milex": {"sipri-milex_constUSD_1949-2018_wide.csv": 173},
    "trade": {},
    "finance": {
        "aiddata_GlobalChineseOfficialFinance_v1.0_focus.csv": 628,
        "aiddata_ChinasPublicDiplomacyinSCA_v1.0.csv": 247,
        "aiddata_ChinasFinancialDiplomacyProjectDetails_SCA_v1.0_centralasia.csv": 325,
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_real_extracts_load_with_the_rows_of_their_readme(shared_data, tmp_path, folder):
    files = sorted((shared_data / folder).iterdir())
    report = load(tmp_path / "s.duckdb", files)
    found = {file.name: file for file in report.files}
    assert len(found) == len(files)
    for name, rows in ROWS[folder].items():
        assert (found[name].rows_read, found[name].rows_loaded) == (rows, rows), name
    assert all(file.rows_rejected == 0 and file.rows_read > 0 for file in report.files)
