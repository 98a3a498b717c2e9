"""The model that suggests replies, where this server has the key of an endpoint."""

from __future__ import annotations

from server.ai.model import Deadlines, ModelSuggester
from server.config import Config
from server.ports import Clock
from server.ports.suggest import Budgets


def model_suggester(config: Config, budgets: Budgets, clock: Clock) -> ModelSuggester | None:
    """None: there is no key. The demo reads none.

    The package is imported here, for those who use it: that takes two seconds of the processor.
    """
    if config.openai_api_key is None or config.mode == "demo":
        return None
    from server.ai.openai import OpenAiChat

    chat = OpenAiChat(config.openai_api_key.get_secret_value(), config.openai_model, config.openai_base_url)
    return ModelSuggester(chat, budgets, clock, Deadlines(*config.ai_deadlines_s))
