"""A choice by name in params.yaml and the dict that serves it hold the same names."""

from typing import get_args

import pytest

from croquis.core import symmetries
from croquis.dedup.policy import POLICIES
from croquis.dedup.settings import DedupParams
from croquis.prepare.decoding import FITS
from croquis.prepare.packing import PrepareParams
from croquis.recipes.view_params import View
from croquis.votes import voting
from croquis.votes.recipe import EnsembleParams, VoteParams


@pytest.mark.parametrize(
    ("allowed", "served"),
    [
        (View, symmetries.NAMES),
        (VoteParams.model_fields["folds"].annotation, voting.VOTES),
        (EnsembleParams.model_fields["vote"].annotation, voting.VOTES),
        (DedupParams.model_fields["policy"].annotation, POLICIES),
        (PrepareParams.model_fields["fit"].annotation, FITS),
    ],
)
def test_the_names_that_check_allows_are_those_that_work(
    allowed: object, served: object
) -> None:
    assert set(get_args(allowed)) == set(served)
