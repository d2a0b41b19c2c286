"""The table that comes out of known results."""

import math

import pytest
from making_compare import LATENCY, RECORDS, SMALL, comparison

from nas.comparison.plan import plan
from nas.comparison.table import document, summarise, table


def test_the_table_has_means_and_deviations_of_what_is_independent():
    lines = {line.name: line for line in summarise(RECORDS, LATENCY)}
    assert list(lines) == ["unet", "random", "random-search", "searched"]
    unet, random, found = lines["unet"], lines["random"], lines["searched"]
    assert (unet.psnr, unet.deviation, unet.networks, unet.trainings) == (30, 1, 1, 3)
    assert (random.psnr, random.deviation, random.within) == (32, 1, None)
    assert found.psnr == pytest.approx(35)
    assert found.deviation == pytest.approx(math.sqrt(2))  # of 34 and 36, not of the four runs
    assert found.within == pytest.approx(0.2 / math.sqrt(2))
    assert (found.networks, found.trainings, found.macs) == (2, 2, 2e9)
    assert (found.latency, random.latency, lines["random-search"].latency) == (4, 8, None)


def test_the_cost_of_search_is_that_of_finding_one_network():
    lines = {line.name: line for line in summarise(RECORDS, {})}
    assert (lines["searched"].search_seconds, lines["searched"].search_steps) == (10, 60)
    assert (lines["random-search"].search_seconds, lines["random-search"].search_steps) == (7, 40)
    assert lines["unet"].search_seconds is None


def test_gains_are_over_unet_and_over_the_random_ones():
    text = table(summarise(RECORDS, LATENCY)).splitlines()
    cells = {line.split("|")[1].strip(): [c.strip() for c in line.split("|")[2:]] for line in text}
    head = cells["network"]
    found = dict(zip(head, cells["searched"], strict=True))
    assert found["n"] == "2 x 2"
    assert found["PSNR, dB"] == "35.00 +- 1.41"
    assert (found["over UNet"], found["over random"], found["in deviations"]) == (
        *("+5.00", "+3.00", "+3.0"),
    )
    assert (found["latency, ms"], found["x UNet"]) == ("4.0", "1.00")
    assert dict(zip(head, cells["unet"], strict=True))["over UNet"] == "-"
    assert dict(zip(head, cells["random"], strict=True))["in deviations"] == "-"


def test_the_document_says_what_was_not_measured_by_a_dash():
    text = document(summarise(RECORDS, {}), RECORDS, {"tau": None}, {}, SMALL, "9 of 12 trials")
    assert "9 of 12 trials" in text
    assert "random genotypes: -." in text
    assert "Nothing was chosen on the test pairs" in text
    tau = {"tau": 0.5, "p": 0.04, "n": 8}
    text = document(summarise(RECORDS, {}), RECORDS, tau, {}, SMALL, "")
    assert "0.50 (p = 0.04, n = 8)" in text


def test_the_document_names_what_failed_and_what_collapsed(tmp_path):
    compared = comparison(tmp_path)
    trials = plan(SMALL, side=32)
    bad, again, good = (t.name for t in trials[:3])
    for name, log in ((bad, "step 3\nError: collapsed in epoch 2\n"), (again, ""), (good, "")):
        compared.folder(name).mkdir(parents=True)
        (compared.folder(name) / "failed.txt").write_text("exit code 1\n")
        (compared.folder(name) / "trial.log").write_text(log)
    (compared.folder(again) / "trial.json").write_text("{}")  # the next attempt was done
    (compared.folder(good) / "failed.txt").unlink()
    failed = compared.failed()
    assert failed == {bad: "exit code 1 (Error: collapsed in epoch 2)"}
    early = {**RECORDS[1], "search": {"collapsed": "collapsed in epoch 4: conv3 holds 27"}}
    fine = {**RECORDS[0], "search": {"collapsed": None}}
    records = [fine, early, *RECORDS[2:]]
    text = document(summarise(records, {}), records, {}, {}, SMALL, "", failed)
    assert f"{bad} failed: exit code 1 (Error: collapsed in epoch 2); not in the table." in text
    assert "s1 collapsed in epoch 4: conv3 holds 27; its best genotype before that is used." in text
    assert "s0" not in text.replace("searched-s0", "")
