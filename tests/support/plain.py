"""Settings of a tiny network with all extras off, which tests of training change."""

from croquis.recipes.recipes import TrainParams

PLAIN = TrainParams().model_dump() | {
    "epochs": 2,
    "batch_size": 3,
    "weight_decay": 0.0,
    "warmup_epochs": 0.0,
    "schedule": "constant",
    "min_lr": 0.0,
    "label_smoothing": 0.0,
    "augment": "none",
    "backbone": "test_efficientnet.r160_in1k",
    "pretrained": False,
    "image_size": 32,
    "lr_mult": 1.0,
    "lr": 1e-3,
}
