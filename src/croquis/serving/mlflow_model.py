"""The code of the exported model: MLflow copies this file and runs it to load the model."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from croquis.core.errors import InputError
from croquis.serving.inference import Ensemble
from croquis.serving.sheets import from_base64
from croquis.serving.trained_ensemble import Trained


class EnsembleModel(PythonModel):
    """Images as base64 in a column `image`; a column of probabilities a class comes back."""

    def load_context(self, context: PythonModelContext) -> None:
        """Loads all networks, once."""
        self._ensemble = Ensemble(
            Trained.exported(Path(context.artifacts["ensemble"]))
        )

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Class probabilities, (N, 1) text to (N, C); columns are the class names.

        Raises:
            MlflowException: on what is no image; servers answer it with status 400.
        """
        try:
            images = [
                from_base64(text, where=f"image {row}")
                for row, text in enumerate(model_input["image"], start=1)
            ]
            probs = self._ensemble.answer(images).probs
        except InputError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error
        return pd.DataFrame(probs.astype(float), columns=self._ensemble.classes)


# At import, as this is how MLflow learns what the file defines.
set_model(EnsembleModel())
