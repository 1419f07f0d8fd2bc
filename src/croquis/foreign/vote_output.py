"""The submission of a vote: in the columns of the sample, else in those of the first file."""

import pandas as pd

from croquis.dataset.submission_form import USUAL_FORM, SubmissionForm
from croquis.foreign.foreign_votes import ForeignVote
from croquis.foreign.vote_inputs import VoteInputs
from croquis.prepare.samples.template import blank_sample


def wants_shares(inputs: VoteInputs) -> bool:
    """Whether probabilities go out."""
    return _form_of(inputs).kind == "probabilities"


def fill_vote(inputs: VoteInputs, votes: ForeignVote) -> pd.DataFrame:
    """The rows and columns of the sample, or of the first file, with what was voted."""
    form = _form_of(inputs)
    template = _template_of(inputs)
    if votes.shares is not None:
        return form.fill(template, votes.shares)
    return form.fill_labels(template, votes.labels)


def _form_of(inputs: VoteInputs) -> SubmissionForm:
    if inputs.sample is not None:
        return inputs.sample.form
    return inputs.voters[0].form or USUAL_FORM


def _template_of(inputs: VoteInputs) -> pd.DataFrame:
    first = inputs.voters[0]
    if inputs.sample is not None:
        return inputs.sample.template
    if first.form is not None and first.template is not None:
        return first.template
    return blank_sample(pd.DataFrame({"image_path": first.ids}))
