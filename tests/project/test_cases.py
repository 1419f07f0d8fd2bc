"""Data sets as people have them: each is read right, or refused with what helps.

The first table has the inputs of which we were told, the second those of public reports.
To add one: its name, its files, and what is to come of it.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.dataset.data_params import DataParams
from croquis.download.sources import fetch
from croquis.prepare.packing import PrepareParams
from croquis.prepare.preparing import Prepared, prepare_images
from support.cases import (
    CLASSES,
    Files,
    as_cp949_zip,
    as_deflate64_zip,
    as_folder,
    as_page,
    as_tar,
    as_two_tars,
    as_zip,
    class_folders,
    competition,
    flat,
    ids,
    image,
    latin1,
    rows,
    table,
    unlabelled,
    white_ink,
    zip_bytes,
)

FRUIT = ("바나나", "사과", "포도")
HEIC = b"\0\0\0\x18ftypheic" + bytes(300)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'></svg>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
IDS = {"columns": {"image": "id", "label": "label"}}


@dataclass(frozen=True)
class Case:
    """A data set and what is to come of it.

    Attributes:
        name: of the test.
        files: by their paths.
        train: images that train, where it is read.
        test: images to predict.
        says: patterns, each of which a line is to have.
        error: a pattern of the error, where it is refused.
        classes: their names, in the order of their labels.
        labels: how many of the test images have one.
        bad: images in the quarantine.
        pack: makes the source.
        data: settings of params.yaml.
    """

    name: str
    files: Files
    train: int = 6
    test: int = 2
    says: tuple[str, ...] = ()
    error: str = ""
    classes: tuple[str, ...] = CLASSES
    labels: int = 0
    bad: int = 0
    pack: Callable[[Files, Path], Path] = as_folder
    data: dict[str, Any] = field(default_factory=dict)


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def replaced(old: str, new: str, text: str | None = None) -> bytes:
    return table((rows() if text is None else text).replace(old, new))


TOLD = [
    Case("backslash", competition() | {"train.csv": replaced("/", "\\")},
         says=(r"\\|backslash",)),
    Case("case_ext", class_folders(suffix=".JPG") | unlabelled() | {
             "train.csv": table(rows(suffix=".jpg"))},
         says=("case|JPG",)),
    Case("cp949_class_folders", class_folders(names=FRUIT) | unlabelled(),
         classes=FRUIT, pack=as_cp949_zip, says=("(?i)cp949",)),
    Case("deflate64", competition(), pack=as_deflate64_zip, error="(?i)deflate64"),
    Case("dog_breed", flat(suffix=".jpg") | {"test/ff.jpg": image(90)} | {
             "train.csv": ids("image_path,class_name", ".jpg"),
             "sample_submission.csv": b"id,cup,star,tree\nff,0.4,0.3,0.3\n"},
         test=1),
    Case("folders_trainval", class_folders(suffix=".JPEG") | class_folders("val/", suffix=".JPEG"),
         test=0, says=("val/.*left out",)),
    Case("half_blank", class_folders() | unlabelled() | {
             f"train/{name}/1.png": white_ink(place) for place, name in enumerate(CLASSES)},
         says=("3 of 8 images have white ink on clear paper, and are laid on black",)),
    Case("heic_avif_classfolders", class_folders() | unlabelled() | {
             "train/cup/20.avif": image(20, "AVIF"), "train/cup/21.jpe": image(21, "JPEG"),
             "train/cup/22.jp2": image(22, "JPEG2000"), "train/cup/23.dib": image(23, "DIB"),
             "train/cup/24.tga": image(24, "TGA"), "train/cup/25.webp": image(25, "WEBP"),
             "train/cup/26.gif": image(26, "GIF"), "train/cup/27.tif": image(27, "TIFF"),
             "train/cup/n0001_17": image(28, "JPEG"), "train/cup/x.heic": HEIC,
             "train/cup/y.svg": SVG, "test/9.avif": image(29, "AVIF"),
             "test/10": image(30, "JPEG")},
         train=15, test=4, bad=2, says=(
             "8 images have a rare suffix or none.*2 AVIF",
             r"2 training images are left out.*x\.heic \(HEIC is not read.*y\.svg \(SVG")),
    Case("html_page", {}, pack=as_page, error="web page"),
    Case("ipynb_checkpoints", class_folders() | unlabelled() | {
             "test/.ipynb_checkpoints/1-checkpoint.png": image(91),
             "train/cup/.ipynb_checkpoints/0-checkpoint.png": image(0)},
         pack=as_zip, says=("2 images are hidden.*test/.ipynb_checkpoints/1-checkpoint.png",)),
    Case("kaggle_id", flat(suffix=".jpg") | {"train.csv": ids()},
         test=0, data=IDS, pack=as_zip),
    Case("kaggle_id, without a setting", flat(suffix=".jpg") | {"train.csv": ids()},
         test=0, pack=as_zip, says=("label is read as the name of the class",)),
    Case("ko15_cp949", competition(FRUIT) | {
             "train.csv": table(rows(FRUIT), "cp949")},
         classes=FRUIT, says=("(?i)cp949",)),
    Case("ko15_nfd", {nfd(name): content for name, content in competition(FRUIT).items()},
         classes=FRUIT, says=("NFC|NFD|normal form|accents",)),
    Case("latin1_class_folder", class_folders(names=(latin1("café"), "star")) | unlabelled(),
         error="UTF-8"),
    Case("nested", {"train.csv": table(rows()), "test.csv": b"image_path\n0.png\n1.png\n",
             "train.zip": zip_bytes(class_folders()), "test.zip": zip_bytes(unlabelled())},
         pack=as_zip, says=(r"train\.zip",)),
    Case("nfd_and_nfc_class", competition(FRUIT) | {
             "train.csv": replaced("사과,사과/0", f"{nfd('사과')},사과/0", rows(FRUIT))},
         classes=FRUIT, says=(r"class name joined to their letters \(NFC\) in 1 rows",)),
    Case("semicolons", competition() | {"train.csv": replaced(",", ";")},
         says=("semicolon|';'",)),
    Case("solution_class_names", competition() | {
             "solution.csv": b"image_path,target\n0.png,cup\n1.png,tree\n"},
         labels=2),
    Case("solution_row_missing", competition() | {
             "solution.csv": b"image_path,target\n0.png,0\n"},
         error=r"solution\.csv.*1\.png"),
    Case("split_folders_flat", flat() | flat("val/") | unlabelled() | {"labels.json": b"{}"},
         error="train/"),
    Case("target_names", competition() | {
             "train.csv": replaced("class_name,image_path,target", "target,image_path,other")},
         says=("target has no numbers|target.*class_name",)),
    Case("trailing_commas", competition() | {"train.csv": replaced("\n", ",\n").replace(
             b"target,", b"target")},
         says=("commas behind the last column of 6 rows",)),
    Case("val_folder", class_folders() | class_folders("val/") | class_folders("test/"),
         test=6, labels=6, says=("val/.*left out",)),
    Case("csv_bomb_col", competition() | {
             "train.csv": table(rows() + "cup,cup/0.png," + "0" * 2**20 + "\n")},
         error="at most 1,048,576 bytes in a line"),
    Case("name_256_bytes", competition() | {f"train/cup/{'n' * 256}": b""},
         pack=as_tar, error="at most 255 bytes"),
    Case("nfd_csv_nfc_files", competition(("café", "b")) | {
             "train.csv": table(nfd(rows(("café", "b"))))},
         train=4, classes=("café", "b"), pack=as_zip),
    Case("solution_is_a_folder", competition() | {"solution.csv/x": b"1"},
         error="expected a csv file, received a folder"),
    Case("two_tars_concatenated", competition(), pack=as_two_tars,
         error="joined by `cat`"),
]  # fmt: skip

# Each after a report: whose, and where people met it.
REPORTED = [
    # mmpretrain 507: a hidden folder of Jupyter became class 0, and all labels moved.
    Case("a folder of Jupyter beside the classes", class_folders() | {
             "train/.ipynb_checkpoints/0-checkpoint.png": image(0)},
         test=0, says=("1 image is hidden",)),
    # ultralytics 21311: Roboflow exports valid/, which was passed over for test/.
    Case("valid of Roboflow", class_folders() | class_folders("valid/") | class_folders("test/"),
         test=6, labels=6, says=("valid/.*left out",)),
    # ultralytics 4310: validation/ was not known either.
    Case("validation joined by a setting", class_folders() | class_folders("validation/"),
         train=12, test=0, data={"val": "join"}, says=("validation/",)),
    # dinov2 496: val/ of ImageNet as Kaggle has it, without class folders.
    Case("a flat val", class_folders(suffix=".JPEG") | flat("val/", ".JPEG"),
         test=0, says=("val/.*left out",)),
    # InstaAug 1: images/ inside the class folders of Tiny-ImageNet, with boxes beside.
    Case("Tiny-ImageNet", {
             f"train/{name}/images/{name}_{k}.JPEG": image(10 * place + k)
             for place, name in enumerate(CLASSES) for k in range(2)}
             | {"train/cup/cup_boxes.txt": b"0 0 1 1", "wnids.txt": b"cup"}
             | flat("val/images/", ".JPEG") | {"val/val_annotations.txt": b""}
             | unlabelled("test/images/", ".JPEG"),
         says=("val/.*left out", r"left out, as they are no images: 1 \.txt")),
    # torchvision 552, anomalib 3058: suffixes in capital letters were no images.
    Case("suffixes in capitals", class_folders(suffix=".JPEG") | class_folders(
             names=["cup"], suffix=".PNG") | unlabelled(suffix=".JPG"), train=8),
    # pytorch_cnn_trainer 28: image_id without suffix, as most tables of Kaggle have it.
    Case("image_id without suffixes", flat(suffix=".jpg") | {"train.csv": ids("image_id,label")},
         test=0),
    # covid-chestxray-dataset 96: only some of the rows have a suffix.
    Case("some rows with a suffix", flat(suffix=".jpg") | {
             "train.csv": ids("image_path,class_name").replace(b"\n3,", b"\n3.jpg,")},
         test=0),
    # keras-preprocessing 169: id, label 0 or 1, and files in TIFF.
    Case("ids of TIFF files", flat(suffix=".tif") | {"train.csv": table(
             "id,label\n" + "".join(f"{k},{k % 2}\n" for k in range(6)))},
         test=0, classes=("0", "1"), data=IDS),
    # replicate/dreambooth 23: photographs of an iPhone.
    Case("a test image of an iPhone", class_folders() | unlabelled() | {"test/IMG_2.HEIC": HEIC},
         error=r"readable test images.*test/IMG_2\.HEIC \(HEIC is not read.*save it as PNG"),
    # kohya_ss 1600: the same photograph as HEIC and as JPEG.
    Case("HEIC beside JPEG", class_folders() | unlabelled() | {
             "train/cup/0.HEIC": HEIC, "test/1.heic": HEIC},
         says=("2 images are in a format that is not read, beside one of the same name",)),
    # pytorch-image-models 1335 and 1274: TIFF was not in the list.
    Case("TIFF", class_folders(suffix=".tif") | unlabelled(suffix=".tiff")),
    # flymyai-lora-trainer 72: .jpeg, .webp and .JPG were skipped without a word.
    Case("a mix of suffixes", class_folders() | {
             "train/cup/7.jpeg": image(7, "JPEG"), "train/cup/8.webp": image(8, "WEBP")},
         train=8, test=0),
    # deep-learning-flower-identifier 2, imagenet-multiGPU.torch 43: WEBP or PNG called .jpg.
    Case("another format than the suffix says", class_folders() | {
             "train/cup/7.jpg": image(7, "WEBP"), "train/cup/8.JPEG": image(8)},
         train=8, test=0),
    # Pillow 4807, turicreate 644: leftovers of Finder and Explorer.
    Case("leftovers of Finder and Explorer", class_folders() | unlabelled() | {
             "train/cup/._0.png": b"\0\5\x16\7", "train/.DS_Store": b"", "test/Thumbs.db": b""},
         pack=as_zip),
    # synology-thumbgen 11: thumbnails of a Synology NAS.
    Case("thumbnails of a NAS", class_folders() | unlabelled() | {
             "test/@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg": image(91, "JPEG"),
             "train/cup/.@__thumb/0.png": image(92)},
         pack=as_zip, says=("2 images are in folders of a system or a tool",)),
    # The same, in an archive that lies in another one.
    Case("thumbnails of a NAS in an inner archive", {
             "train.csv": table(rows()), "test.csv": b"image_path\n0.png\n1.png\n",
             "train.zip": zip_bytes(class_folders() | {"train/@eaDir/0/T.jpg": b""}),
             "test.zip": zip_bytes(unlabelled())},
         pack=as_zip, says=(r"1 image is in folders of a system or a tool",)),
    # rainy-image-dataset 2: cloned without Git LFS, all images are pointers.
    Case("pointers of Git LFS", {
             name: POINTER for name in class_folders()},
         test=0, error="`git lfs pull`"),
    # lovedlim/tensorflow 4: cat-and-dog of Kaggle, with each folder inside another of its name.
    Case("training_set in training_set", class_folders("training_set/training_set/")
             | class_folders("test_set/test_set/"),
         test=6, labels=6, says=("training_set/training_set/ is read as train/",)),
    # Hugging Face datasets 4814 and 4311: metadata.csv inside train/.
    Case("metadata.csv of an imagefolder", flat() | {
             "train/metadata.csv": ids("file_name,label", ".png")},
         test=0),
    # quilt1m 23: images that the table does not have.
    Case("images without a row", competition() | {"train/cup/99.png": image(99)},
         says=(r"1 images? in train/ (is|are) not named in train\.csv.*cup/99\.png",)),
    # hongkong_flowers 7: a label whose images are not there.
    Case("rows without an image", competition() | {
             "train.csv": table(rows() + "cup,cup/1337.png,0\n")},
         error=r"cup/1337\.png"),
    # fastai 894: some of the labelled images were moved to test/.
    Case("labelled images that lie in test", flat(count=5) | {"test/5.png": image(5)} | {
             "train.csv": ids("image_path,class_name", ".png")},
         error=r"5\.png"),
    # MuseNet 5: class folders with nothing in them.
    Case("an empty class folder", class_folders() | {"train/empty/readme.txt": b""},
         error="train/empty: expected images"),
    # deepdetect 752: cat.0.jpg and dog.0.jpg in one folder.
    Case("labels in names", {
             f"train/{name}.{k}.jpg": image(place * 2 + k)
             for place, name in enumerate(CLASSES) for k in range(2)},
         test=0, data={"label_pattern": r"^(\w+)\."}),
    # fastai 1169: headers that say nothing, with the columns named by a setting.
    Case("columns of other names", competition() | {
             "train.csv": replaced("class_name,image_path,target", "cats,filenames,k")},
         data={"columns": {"image": "filenames", "label": "cats"}}),
    # deep-learning-v2-pytorch 134: an image that was cut off.
    Case("an image that was cut off", class_folders() | {
             "train/cup/7.jpg": image(7, "JPEG")[:-200]},
         test=0, bad=1, says=(r"1 training image is left out.*train/cup/7\.jpg",)),
    # ultralytics 8839: boxes beside the images of each class.
    Case("boxes beside images", class_folders() | {
             f"train/cup/label/{k}.txt": b"Cup 0 0 1 1" for k in range(2)},
         test=0, says=(r"left out, as they are no images: 2 \.txt",)),
    # towhee 95, too: no suffixes, and labels in a table.
    Case("a table of images without suffixes", flat("images/", suffix="") | {
             "labels.csv": ids()},
         test=0),
    # towhee 95: no suffixes at all.
    Case("no suffixes at all", class_folders(suffix="") | unlabelled(suffix=""),
         says=("8 images have a rare suffix or none",)),
]  # fmt: skip


def outcome(case: Case, place: Path) -> tuple[list[str], Prepared]:
    """What the stages download and prepare say and make of it."""
    source = case.pack(case.files, place)
    data = DataParams.model_validate({"source": str(source), **case.data})
    raw = place / "raw"
    solution = place / "solution.csv"
    notes = fetch(data, raw, solution)
    prepared = prepare_images(
        raw,
        solution,
        PrepareParams(image_size=8),
        data,
        pixels=place / "pixels.npy",
        gray224=place / "gray224.npy",
        quarantine=place / "quarantine.csv",
    )
    return notes + prepared.notes, prepared


def check(case: Case, place: Path) -> None:
    if case.error:
        with pytest.raises(InputError) as caught:
            outcome(case, place)
        said = str(caught.value)
        assert re.search(case.error, said) and "; " in said
        assert len(said) < 600 + len(str(place)) and "\n" not in said
        return
    notes, prepared = outcome(case, place)
    split = prepared.rows["split"]
    assert (split == "train").sum() == case.train, notes
    assert (split == "test").sum() == case.test, notes
    assert len(prepared.quarantine) == case.bad
    assert len(prepared.test_labels) == case.labels
    assert class_names(prepared.rows) == sorted(case.classes)
    for pattern in case.says:
        assert any(re.search(pattern, note) for note in notes), (pattern, notes)


def class_names(rows: pd.DataFrame) -> list[str]:
    return sorted(set(rows.loc[rows["split"] == "train", "class_name"]))


@pytest.mark.parametrize("case", TOLD, ids=lambda case: case.name)
def test_what_we_were_told_of_is_read_or_refused(
    case: Case, tmp_path: Path
) -> None:
    check(case, tmp_path)


@pytest.mark.parametrize("case", REPORTED, ids=lambda case: case.name)
def test_what_others_met_is_read_or_refused(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)
