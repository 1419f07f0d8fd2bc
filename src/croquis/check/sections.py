"""The sections of params.yaml, and the schema of each: what `check` and `croquis schema` go by."""

from pydantic import Field

from croquis.core import params
from croquis.dataset.data_params import DataParams
from croquis.dedup.settings import DedupParams
from croquis.prepare.packing import PrepareParams
from croquis.recipes.probe_recipes import ProbeDefaults
from croquis.recipes.recipes import TrainParams
from croquis.scoring.metric_names import MetricName
from croquis.split.settings import SplitParams
from croquis.votes.members import RunParams
from croquis.votes.recipe import EnsembleParams, VoteParams


class TopLevel(params.Section):
    """The keys of params.yaml that are in no section."""

    seed: int = Field(
        default=42,
        ge=0,
        lt=2**31,
        description="The seed of everything that is random.",
    )
    lr: float = Field(
        default=1e-3,
        gt=0,
        le=1_000,
        description="The base learning rate of every model and probe; their lr_mult scales it.",
    )
    metric: MetricName = Field(
        default="accuracy",
        description="What counts: accuracy, log_loss or macro_f1 chooses weights "
        "and heads the report.",
    )


SECTIONS: dict[str, type[params.Section]] = {
    "run": RunParams,
    "data": DataParams,
    "prepare": PrepareParams,
    "dedup": DedupParams,
    "split": SplitParams,
    "train": TrainParams,
    "probe": ProbeDefaults,
    "vote": VoteParams,
    "ensemble": EnsembleParams,
}
ENTRIES = ("families", "models", "probes")  # sections of named blocks
