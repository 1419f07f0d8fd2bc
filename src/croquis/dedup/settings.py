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

    Identical bytes and identical native pixels are copies under any settings. The rule of the teams
    before us was methods [ssim, cosine] at ssim_min .95. Bridges of at least remove_min stay,
    however large their group is.
    """

    methods: list[Method] = Field(
        default=["copy", "ssim", "variant"],
        description="The tests beside identical bytes and pixels: copy, ssim, cosine, variant.",
    )
    symmetries: bool = Field(
        default=True,
        description="Whether the 8 flips and quarter turns of an image are copies of it.",
    )
    copy_min: Similarity = Field(
        default=0.95,
        description="copy: the least cosine of mean-removed ink at 64 px that makes a group.",
    )
    remove_min: Similarity = Field(
        default=0.97,
        description="copy: the least cosine to drop an image for its copy.",
    )
    ssim_min: Similarity = Field(
        default=0.97, description="ssim: the least structural similarity at 224 px."
    )
    ssim_scope: Literal["class", "global"] = Field(
        default="class",
        description="ssim: class compares inside classes, global everything (far more pairs).",
    )
    cosine_min: Similarity = Field(
        default=0.99,
        description="cosine: the least cosine of raw pixels at 64 px; white paper raises all.",
    )
    blurred_min: Similarity = Field(
        default=0.93,
        description="variant: the least cosine of blurred ink at 32 px of a candidate.",
    )
    aligned_min: Similarity = Field(
        default=0.97,
        description="variant: the least cosine of ink at 64 px, its shift, turn or crop undone.",
    )
    variants_per_image: int = Field(
        default=20,
        ge=1,
        le=10_000,
        description="variant: at most so many candidates of an image are aligned.",
    )
    chain_min: Share = Field(
        default=0.8,
        description="The least cosine of blurred ink in a group; weaker bridges are cut; 0: none.",
    )
    chain_share: Share = Field(
        default=0.02,
        description="The largest group, as a share of all images; weaker bridges are cut.",
    )
    derived: Literal["refuse", "warn", "ignore"] = Field(
        default="refuse",
        description="What follows if many images look made from others, without a source_id.",
    )
    policy: Literal["group", "prune"] = Field(
        default="group",
        description="group: copies share a fold, and all stay; prune drops copies of a kept image.",
    )
    conflicts: Literal["keep", "drop_minority", "drop_all", "soft"] = Field(
        default="keep",
        description="Several labels of an image: keep, drop_minority (voted 2:1), drop_all, soft.",
    )
    external_in_test: Literal["refuse", "drop", "keep"] = Field(
        default="refuse",
        description="What follows where an image that only trains is a copy of a test image.",
    )
    min_per_class: int = Field(
        default=5,
        ge=1,
        le=1_000_000,
        description="What drops images leaves a class at least so many.",
    )

    @field_validator("methods")
    @classmethod
    def _each_once(cls, methods: list[Method]) -> list[Method]:
        if len(set(methods)) < len(methods):
            raise ValueError("each method once")
        return methods

    @model_validator(mode="after")
    def _sensible(self) -> "DedupParams":
        if self.remove_min < self.copy_min:
            raise ValueError(
                "remove_min >= copy_min: what is dropped must be a copy"
            )
        everywhere = "ssim" in self.methods and self.ssim_scope == "global"
        if everywhere and self.ssim_min < LOWEST_GLOBAL_SSIM:
            raise ValueError(
                f"ssim_min >= {LOWEST_GLOBAL_SSIM} with ssim_scope global (use class below it)"
            )
        return self
