"""What the GRPO trainer relies on in TRL. Where this fails, `rl/grpo_trainer.py` has to be read against the new TRL."""

from __future__ import annotations

import pytest
from trl import GRPOTrainer

from kg.errors import ModelError
from rl.grpo_trainer import RELIED_ON, check_trl, trainer_class, trl_misfits


def test_this_trl_fits() -> None:
    assert trl_misfits() == [], "TRL has changed under rl/grpo_trainer.py"
    check_trl()
    own = {name for name, value in vars(trainer_class()).items() if callable(value)} - {"__init__", "reward"}
    assert own <= set(RELIED_ON)  # all that is overridden is guarded


def test_another_trl_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def _compute_loss(self: object, model: object, batch: object) -> None:
        """Some other loss."""

    monkeypatch.setattr(GRPOTrainer, "_compute_loss", _compute_loss)
    monkeypatch.delattr(GRPOTrainer, "_get_per_token_logps_and_entropies")
    found = "\n".join(trl_misfits())
    assert "_compute_loss takes (self, model, batch)" in found
    assert "does not say 'inputs[\"advantages\"]'" in found
    assert "_get_per_token_logps_and_entropies is gone" in found
    with pytest.raises(ModelError, match=r"TRL .* does not fit"):
        check_trl()
