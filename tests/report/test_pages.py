"""The page: what it says, and that it is whole in itself."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.augment.augment import PRESETS
from croquis.images.pixels import Pixels
from croquis.report import sprites
from croquis.report.index_page import icon_licences, index_html
from croquis.report.page_data import ImageData, PageData, RunOutcome
from croquis.report.pages import write_pages
from croquis.report.sections import census, copy_pages, suspects
from croquis.tables.predictions import Predictions
from croquis.votes.members import RunParams
from support.leftovers import RUN, TEST, data_of, leave, metrics, outcome_of
from support.outline import Outline


def html_of(
    source: str, images: ImageData, outcome: RunOutcome, scores: dict[str, dict]
) -> str:
    return index_html(PageData(source, images, outcome, scores))


def shown(folder: Path, **changes: dict) -> str:
    leave(folder)
    return html_of(
        "../icons.tar.gz", data_of(folder), outcome_of(folder), metrics(**changes)
    )


def test_the_page_tells_the_score_its_interval_and_the_test(drawn: Path) -> None:
    text = Outline(shown(drawn)).text
    assert (
        "12 training images of 3 classes and 3 test images from ../icons.tar.gz"
        in text
    )
    assert ".750 .700 .. .800" in text and "nor a copy of it" in text
    assert "single fold score .712 there on average, inside the interval" in text
    assert "vote of all 2 folds. It scores .731 , another +.019" in text
    assert ".582 +.101" in text and "soft counts .750 .700 .. .800" in text
    assert "hard .700 .700 .. .800 -.050 .250" in text
    assert (
        ".740 1.234 .123" in text
    )  # its ECE by bins of equal mass, as its members' above it
    assert "without a copy (" not in text  # no group of folds.csv has two images


def test_the_page_parts_images_with_a_copy_from_those_without(drawn: Path) -> None:
    folds = pd.read_csv(drawn / "folds.csv")
    folds.assign(group=[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 4, 5]).to_csv(
        drawn / "folds.csv", index=False
    )
    text = Outline(shown(drawn)).text  # rows 2 and 7 are wrong
    assert "with a copy (9) .778" in text and "without a copy (3) 1.000" in text


def test_the_page_says_when_the_test_falls_outside(drawn: Path) -> None:
    text = Outline(shown(drawn, submission=TEST | {"inside_interval": False})).text
    assert (
        "outside the interval, by no more than chance in both sets . The out-of-fold"
        in text
    )
    assert (
        "the gap of -.038 has the interval -.090 .. +.014. An honest run may have such"
        in text
    )
    far = TEST | {"inside_interval": False, "gap_high": -0.001}
    text = Outline(shown(drawn, submission=far)).text
    assert (
        "outside the interval, by more than chance in both sets . The out-of-fold"
        in text
    )
    assert "test images are of another kind, or OOF was not honest" in text


def test_the_page_says_what_domains_do_and_asks_for_them_where_they_may_be_missing(
    drawn: Path,
) -> None:
    text = Outline(shown(drawn)).text
    assert "groups of copies, as copies are right or wrong together" in text
    assert "split.domain" not in text
    far = TEST | {"inside_interval": False, "gap_high": -0.001}
    outside = Outline(shown(drawn, submission=far)).text
    assert (
        "by other people, or from other cameras? Then split.domain keeps these"
        in outside
    )
    folds = pd.read_csv(drawn / "folds.csv")
    folds.assign(unit=folds["group"] // 4, fold=[0] * 4 + [1] * 8).to_csv(
        drawn / "folds.csv", index=False
    )
    apart = metrics()["split"] | {"domains": 40}
    text = Outline(shown(drawn, split=apart)).text
    assert "nor a copy of it, nor any other image of its domain (3 domains)" in text
    assert (
        "bootstrap over domains" in text
        and "These are few, so the interval is rather too narrow" in text
    )
    assert "Where domains split a group, its images are not scored" in text
    folds.assign(unit=folds["group"] // 4, fold=[0] * 3 + [-1] + [1] * 8).to_csv(
        drawn / "folds.csv", index=False
    )
    text = Outline(shown(drawn, split=apart)).text
    assert "nor any other image of its domain" not in text
    seen = "4 images are of a domain that has a class of its own"
    assert seen in text
    # Without domains the same folds part groups of copies, which is said elsewhere.
    plain = metrics()["split"]
    assert seen not in Outline(shown(drawn, split=plain)).text


def test_the_page_claims_no_test_score_it_does_not_know(drawn: Path) -> None:
    text = Outline(shown(drawn, submission={"rows": 3})).text
    assert (
        "There is no solution of the test set" in text
        and "test, fold vote" not in text
    )


def test_the_page_shows_copies_and_mistakes(drawn: Path) -> None:
    text = Outline(shown(drawn)).text
    assert "5 training images have a copy. They form 2 groups" in text
    assert "3 images: pole, spot several labels" in text
    assert "cosine .950 pole and spot" in text
    assert "All 2 errors in the error browser" in text
    assert "bar .80 is spot 1 of 2 right" in text and "what tiny saw in it" in text
    assert "spot taken for bar 1 of 4 images" in text and "spot 3/4" in text


def test_the_page_tells_what_confidence_is_worth_and_what_members_bring(
    drawn: Path,
) -> None:
    text = Outline(shown(drawn)).text
    # (2 * .2 + 10 * .1) / 12 and (2 * .1) / 12
    assert "ECE, bins of equal width .117 .017" in text
    assert "tiny against head +.020 -.010 .. +.050 .300" in text
    assert "1.100 1.40 .200 to .050 .50" in text


def test_the_page_tells_how_members_fare_on_flipped_images(drawn: Path) -> None:
    assert "upside down" not in Outline(shown(drawn)).text
    vote = metrics()["vote"]
    vote["tiny"] |= {"flip_lr_accuracy": 0.74, "flip_ud_accuracy": 0.31}
    text = Outline(shown(drawn, vote=vote)).text
    assert "weight mirrored upside down" in text and ".50 .740 .310" in text


def test_the_page_tells_cost_licence_and_what_next(drawn: Path) -> None:
    text = Outline(shown(drawn)).text
    assert "resnet18 apache-2.0 11.0 M 2.00 30 min 1 fold, cuda float16 20" in text
    assert "not recorded" in text
    assert (
        "dvc exp run -S ++models.tiny.epochs=4" in text
    )  # .5 to .75 in the last epoch
    assert (
        "The files have 32 by 32 px (12 images). The stored images have 32 px a side"
        in text
    )


def test_without_a_fine_tuned_model_the_page_says_that_there_are_no_maps(
    drawn: Path,
) -> None:
    leave(drawn)
    nothing = np.empty(0, np.str_), np.empty((0, 1, 1), np.int8)
    np.savez(
        drawn / "saliency.npz",
        ids=nothing[0],
        maps=nothing[1],
        member="",
        failed="",
    )
    text = Outline(
        html_of("icons", data_of(drawn), outcome_of(drawn), metrics())
    ).text
    assert "no maps of what a network saw" in text


def test_what_explain_could_not_do_is_said_in_its_place(drawn: Path) -> None:
    leave(drawn)
    networks = pd.read_csv(drawn / "networks.csv").astype({"failed": object})
    counts = ["parameters", "macs", "once", "train", "back", "val", "test"]
    networks = networks.astype(dict.fromkeys(counts, float))
    networks.loc[0, counts] = np.nan
    networks.loc[0, "failed"] = "KeyError: 'x'"
    networks.to_csv(drawn / "networks.csv", index=False)
    nothing = {
        "ids": np.empty(0, np.str_),
        "maps": np.empty((0, 1, 1), np.int8),
        "member": "tiny",
    }
    np.savez(drawn / "saliency.npz", **nothing, failed="fold 0: AttributeError: y")
    text = Outline(
        html_of("icons", data_of(drawn), outcome_of(drawn), metrics())
    ).text
    assert (
        "The work of tiny could not be counted, so its cells are empty: KeyError: 'x'."
        in text
    )
    assert (
        "All maps of what a network saw could not be made: fold 0: AttributeError: y."
        in text
    )
    assert "No model ran" not in text


def test_the_page_links_to_the_contact_sheets_there_are(drawn: Path) -> None:
    html = shown(drawn)
    assert '<a href="conflicts-1.html">1 group with several labels</a></li>' in html
    assert '<a href="duplicates-1.html">All 3 pairs, weakest first</a></li>' in html
    assert "twins" not in html


def test_the_page_says_that_folds_leak_where_they_do(drawn: Path) -> None:
    leave(drawn)
    leaky = pd.read_csv(drawn / "folds.csv").assign(group=0)
    leaky.to_csv(drawn / "folds.csv", index=False)
    text = Outline(
        html_of("icons", data_of(drawn), outcome_of(drawn), metrics())
    ).text
    assert (
        "12 scored images have a copy in training, so the score is too high" in text
    )
    assert "nor a copy of it" not in text and "never crosses folds" not in text


def test_the_page_says_that_cut_pairs_stand_in_two_folds(drawn: Path) -> None:
    assert "cut pair" not in Outline(shown(drawn)).text
    pairs = pd.read_csv(drawn / "duplicates.csv").assign(
        grouped=[True, True, False]
    )
    pairs.to_csv(drawn / "duplicates.csv", index=False)
    folds = pd.read_csv(drawn / "folds.csv").assign(
        group=range(12), fold=[0, 1] * 6
    )
    folds.to_csv(drawn / "folds.csv", index=False)
    text = Outline(
        html_of("icons", data_of(drawn), outcome_of(drawn), metrics())
    ).text
    assert "1 cut pair is in two folds" in text
    assert "nor a copy of it" not in text


def test_the_page_shows_no_claim_of_plain_folds_where_no_copy_crosses_them(
    drawn: Path,
) -> None:
    leave(drawn)
    vote = metrics()["vote"]
    del vote["head"]["plain_accuracy"]  # as the stage vote leaves it then
    html = html_of("icons", data_of(drawn), outcome_of(drawn), metrics(vote=vote))
    text = Outline(html).text
    assert (
        "would have claimed" not in text
        and "leak" not in text
        and "plain folds" not in text
    )
    assert "<u style" not in html


@pytest.mark.parametrize(
    ("sure", "words"), [(True, "a leak, not skill"), (False, "than chance")]
)
def test_the_page_speaks_of_a_leak_only_if_it_is_significant(
    drawn: Path, sure: bool, words: str
) -> None:
    leave(drawn)
    vote = metrics()["vote"]
    ends = {"plain_difference_low": 0.05, "plain_difference_high": 0.15}
    vote["head"] |= ends | {"plain_significant": sure}
    changed = metrics(vote=vote)
    text = Outline(
        html_of("icons", data_of(drawn), outcome_of(drawn), changed)
    ).text
    assert "+.101 (+.050 .. +.150)" in text and words in text
    assert ("leak" in text) == sure


def test_a_part_of_the_folds_is_named(drawn: Path) -> None:
    leave(drawn)
    run = RunParams(models=["tiny"], probes=["head"], folds=[1])
    single = metrics()["ensemble"] | {"folds": 1}
    html = html_of(
        "icons", data_of(drawn), outcome_of(drawn, run), metrics(ensemble=single)
    )
    text = Outline(html).text
    assert "on 1 of 2 folds only (1)" in text
    assert "The submission scores .731 there, inside the interval" in text


def test_the_page_asks_nothing_of_the_network_and_closes_its_tags(
    drawn: Path,
) -> None:
    html = shown(drawn)
    outline = Outline(html)
    assert outline.open == []
    beside = ("conflicts-1.html", "duplicates-1.html", "errors.html")
    assert all(
        address.startswith(("#", "data:", *beside)) for address in outline.addresses
    )
    assert (
        "<script" not in html and "@import" not in html and "url(http" not in html
    )


def test_the_page_is_the_same_every_time(drawn: Path) -> None:
    html = shown(drawn)
    assert html == shown(drawn)
    assert not re.search(r"20\d\d-\d\d-\d\d", html)


def test_what_takes_seconds_of_a_large_run_has_a_bar(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = []
    for module in (census, copy_pages, sprites, suspects):
        monkeypatch.setattr(
            module,
            "progress",
            lambda steps, desc, unit: bars.append(desc) or iter(steps),
        )
    leave(drawn)
    content = PageData("icons", data_of(drawn), outcome_of(drawn), metrics())
    write_pages(drawn / "report", content)
    known = ("labels in doubt", "ink", "wrong", "class", "pages of copies")
    assert sorted(bars) == sorted(f"report: {name}" for name in known)


def test_the_page_shows_what_the_trainings_saw(drawn: Path) -> None:
    html = shown(drawn)
    assert (
        "flips of tiny at 32 px: hflip (p 0.5), vflip (p 0.5), turn"
        in Outline(html).text
    )
    assert '<a href="#augmentation">' in html and html.count(
        "data:image/webp"
    ) == 1 + len(PRESETS)


def test_names_never_become_markup(drawn: Path) -> None:
    leave(drawn)
    evil = '<script>alert("1")</script>'
    for name in ("index.csv", "folds.csv", "groups.csv", "duplicates.csv"):
        text = (
            (drawn / name)
            .read_text()
            .replace("train/spot", "train/<b>")
            .replace(",spot", ",$<i>$")
        )
        (drawn / name).write_text(text)
    outcome = outcome_of(drawn)
    renamed = [name.replace("spot", "<b>") for name in outcome.oof.ids]
    oof = Predictions(renamed, outcome.oof.probs, ["bar", "pole", "$<i>$"])
    outcome = replace(outcome, oof=oof, members=dict.fromkeys(RUN.members, oof))
    html = html_of(evil, data_of(drawn), outcome, metrics(dedup={evil: evil}))
    assert "<script" not in html and "train/<b>" not in html and "$<i>" not in html
    assert "$&lt;i&gt;$" in html


def test_icons_are_attributed_and_other_data_is_not(drawn: Path) -> None:
    assert icon_licences("../icons.tar.gz") == ()
    families = " ".join(" ".join(entry) for entry in icon_licences("icons"))
    assert "Phosphor" in families and "OFL" in families
    leave(drawn)
    text = Outline(
        html_of("icons", data_of(drawn), outcome_of(drawn), metrics())
    ).text
    assert "Whose drawings these are" in text


@pytest.mark.slow
def test_a_big_run_keeps_the_page_small(drawn: Path) -> None:
    leave(drawn)
    count, classes, rng = 15_000, 500, np.random.default_rng(0)
    names = [f"class {label:03} with a long name" for label in range(classes)]
    ids, labels = (
        [f"train/{row}.jpg" for row in range(count)],
        np.arange(count) % classes,
    )
    index = pd.DataFrame(
        {
            "id": ids,
            "split": "train",
            "label": labels,
            "width": 96,
            "height": 96,
            "status": "ok",
        }
    )
    index["class_name"] = np.array(names)[labels]
    folds = index[["id", "label"]].assign(
        group=np.arange(count) // 20, fold=0, keep=True
    )
    folds["unit"] = folds["group"]
    groups = folds[["id", "group"]].assign(conflict=True, keep=True)
    pairs = pd.DataFrame(
        {"id_a": ids[::2], "id_b": ids[1::2], "tier": "ssim", "score": 0.95}
    )
    pixels = np.broadcast_to(
        rng.integers(0, 256, (96, 96, 3), dtype=np.uint8), (count, 96, 96, 3)
    )
    data = ImageData(
        index=index,
        pixels=Pixels(pd.Index(ids), pixels),
        folds=folds.assign(scored=True),
        groups=groups,
        duplicates=pairs.assign(
            ink=0.9, symmetry="identity", same_class=False, grouped=True
        ),
        twins=data_of(drawn).twins,
    )
    probs = rng.random((count, classes), dtype=np.float32)
    oof = Predictions(ids, probs / probs.sum(axis=1, keepdims=True), names)
    outcome = replace(outcome_of(drawn), oof=oof, members={"tiny": oof})
    assert len(html_of("icons.zip", data, outcome, metrics()).encode()) < 2_500_000


@pytest.mark.parametrize(
    ("broken", "file"),
    [("index_html", "index.html"), ("write_browser", "errors.html")],
)
def test_a_page_that_cannot_be_made_loses_no_other(
    broken: str, file: str, drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(drawn)

    def fails(*_: object) -> None:
        raise KeyError("<b>")

    monkeypatch.setattr(f"croquis.report.pages.{broken}", fails)
    content = PageData("icons", data_of(drawn), outcome_of(drawn), metrics())
    with pytest.warns(
        UserWarning, match=f"{file} could not be made: KeyError: '<b>'"
    ):
        write_pages(drawn / "report", content)
    text = (drawn / "report" / file).read_text(encoding="utf-8")
    assert (
        "could not be made: KeyError: &#x27;&lt;b&gt;&#x27;. The run itself is complete"
        in text
    )
    pages = {path.name for path in (drawn / "report").glob("*.html")}
    assert {"index.html", "errors.html", "conflicts-1.html"} <= pages
