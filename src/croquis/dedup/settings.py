"""What a person decides about copies: the section `dedup` of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from croquis.core.params import Section

Similarity = Annotated[float, Field(gt=0, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Method = Literal["copy", "ssim", "cosine", "variant"]

# Below it the bound leaves a tenth of all pairs of sparse drawings to the judge: days, not minutes.
LOWEST_GLOBAL_SSIM = 0.90


class DedupParams(Section):
    """When two images are copies, and what follows from it.

    Identical bytes and identical native pixels are copies under any settings.

    Attributes:
        methods: the tests that are made; [ssim, cosine] is the rule of the teams before us.
        symmetries: whether flips and quarter turns of an image are copies of it.
        copy_min: copy: cosine of mean-removed ink at 64 px, over everything; shares a group.
        remove_min: the copy test again, where an image is to be dropped for its twin.
        ssim_min: ssim: structural similarity at 224 px.
        ssim_scope: class compares inside classes, global everything.
        cosine_min: cosine: of raw pixels at 64 px, over everything.
        blurred_min: variant: cosine of blurred ink at 32 px, which makes a candidate.
        aligned_min: variant: cosine of ink at 64 px once the candidate is moved into place.
        variants_per_image: variant: candidates that are aligned, most alike first, per image.
        chain_min: the least cosine of blurred ink inside a group; weaker bridges are cut; 0 cuts
            none.
        chain_share: the largest group, as a share of all images; weaker bridges are cut, but for
            those of at least remove_min.
        derived: what follows where many images look made from others that are in other groups,
            and no source_id says so.
        policy: group keeps all, and copies share a fold; prune drops copies that have a kept twin.
        conflicts: one image with several labels: keep says so; drop_minority drops labels
            outvoted 2:1; drop_all drops them all; soft trains each on the labels' shares.
        external_in_test: train-only images (train.csv: use) that are copies of a test image, whose
            label they tell: refuse stops, drop leaves them out, keep trains on them.
        min_per_class: what drops leaves a class at least so many images, or all it has.
    """

    methods: list[Method]
    symmetries: bool
    copy_min: Similarity
    remove_min: Similarity
    ssim_min: Similarity
    ssim_scope: Literal["class", "global"]
    cosine_min: Similarity
    blurred_min: Similarity
    aligned_min: Similarity
    variants_per_image: Annotated[int, Field(ge=1)]
    chain_min: Share
    chain_share: Share
    derived: Literal["refuse", "warn", "ignore"]
    policy: Literal["group", "prune"]
    conflicts: Literal["keep", "drop_minority", "drop_all", "soft"]
    external_in_test: Literal["refuse", "drop", "keep"]
    min_per_class: Annotated[int, Field(ge=1)]

    @field_validator("methods")
    @classmethod
    def _each_once(cls, methods: list[Method]) -> list[Method]:
        if len(set(methods)) < len(methods):
            raise ValueError("each method once")
        return methods

    @model_validator(mode="after")
    def _sensible(self) -> "DedupParams":
        if self.remove_min < self.copy_min:
            raise ValueError("remove_min >= copy_min: what is dropped must be a copy")
        bad = "ssim" in self.methods and self.ssim_scope == "global"
        if bad and self.ssim_min < LOWEST_GLOBAL_SSIM:
            raise ValueError(
                f"ssim_min >= {LOWEST_GLOBAL_SSIM} with ssim_scope global (use class below it)"
            )
        return self
