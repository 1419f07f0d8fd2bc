"""Exports for detection: known by their signs, and refused with what to export instead."""

from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset.folders.exports import refuse_export
from support.empty_files import grown


@pytest.mark.parametrize(
    ("files", "sign"),
    [
        ("train/images/0.jpg train/labels/0.txt", "YOLO: train/labels/"),
        ("images/train/0.jpg labels/train/0.txt", "YOLO: labels/"),
        ("data.yaml train/images/0.jpg", "YOLO: data.yaml"),
        ("train/_darknet.labels train/0.jpg", "YOLO: train/_darknet.labels"),
        ("train/0.jpg train/0.txt", "YOLO: train/0.txt beside an image"),
        ("train/0.jpg train/_annotations.coco.json", "COCO: train/_annotations"),
        (
            "train2017/0.jpg annotations/instances_val2017.json",
            "COCO: annotations/in",
        ),
        ("V/JPEGImages/0.jpg V/Annotations/0.xml", "VOC: V/Annotations/"),
        ("train/{0,1}.jpg train/{0,1}.xml", "VOC: train/0.xml beside an image"),
        ("imgs/0.jpg imgs/0.json", "labelme: imgs/0.json"),
        ("train/0.jpg train/_annotations.csv", "Roboflow: train/_annotations.csv"),
        ("train/a.tfrecord train/a_label_map.pbtxt", "TFRecord: train/a.tfrecord"),
    ],
)
def test_a_sign_of_an_export_is_named(
    tmp_path: Path, files: str, sign: str
) -> None:
    grown(tmp_path, *files.split())
    message = rf"set: .*for detection \({sign}.*; export it for classification"
    with pytest.raises(InputError, match=message):
        refuse_export(tmp_path, "set")


@pytest.mark.parametrize(
    "files",
    [
        "train/{0,1,2}.jpg train/0.txt",
        "images/0.jpg labels/readme.md",
        ".git/data.yaml",
    ],
)
def test_what_is_no_export_is_let_be(tmp_path: Path, files: str) -> None:
    refuse_export(grown(tmp_path, *files.split()), "set")
