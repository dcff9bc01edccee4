"""A language model behind an OpenAI-compatible server (vLLM, llama.cpp, Ollama, …): text in, text out."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, NoReturn
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from kg.errors import ModelError

PREFIX = "openai:"
FORM = f"{PREFIX}URL#MODEL, as in {PREFIX}http://127.0.0.1:11434/v1#llama3"
KEY_VARIABLE = "OPENAI_API_KEY"
SECONDS = 60.0  # for one reply
LARGEST = 1 << 20  # bytes of a reply
TOKENS = 1024  # of a reply: enough to think first, and the end of one that never stops
TOGETHER = 8  # questions asked at once; the server batches them
NEAR = ("127.0.0.1", "::1", "localhost")
THOUGHTS = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)


@dataclass(frozen=True)
class ChatModel:
    """A model behind `POST {url}/chat/completions`, read at temperature 0.

    The key goes to that address and nowhere else: redirects are not followed, and no message shows key or address.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    seconds: float = SECONDS

    def replies(self, system: str, prompts: Sequence[str]) -> list[str]:
        """The reply to each prompt without what a model thinks aloud before it. Raises ModelError."""
        if len(prompts) < 2:
            return [self.reply(system, prompt) for prompt in prompts]
        with ThreadPoolExecutor(TOGETHER) as pool:
            return list(pool.map(lambda prompt: self.reply(system, prompt), prompts))

    def reply(self, system: str, prompt: str) -> str:
        """The reply to one prompt, as in `replies`."""
        messages = [{"role": "system", "content": system}, {"role": "user", "content": prompt}]
        asked = {"model": self.model, "messages": messages, "temperature": 0, "max_tokens": TOKENS}
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {self.key}"} if self.key else {})
        request = Request(f"{self.url}/chat/completions", json.dumps(asked).encode(), headers)
        try:
            body = self._sent(request)
        except HTTPError as error:
            error.close()
            self._fail(refusal(error.code))
        except (OSError, HTTPException, UnicodeError) as error:  # the last: a host that is no name
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                self._fail(f"did not answer within {self.seconds:g} seconds")
            why = getattr(reason, "strerror", None) or type(reason).__name__
            self._fail(f"cannot be reached ({why}); is it running where {PREFIX}URL says?")
        try:
            content = json.loads(body)["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError):
            self._fail("answered something that is no chat completion; does the URL lead to its API (…/v1)?")
        return THOUGHTS.sub("", content).strip() if isinstance(content, str) else ""

    def _sent(self, request: Request) -> bytes:
        """The body that comes back, all of it in time."""
        late = time.monotonic() + self.seconds
        body = bytearray()
        response: HTTPResponse
        with opener(self.url).open(request, timeout=self.seconds) as response:
            while part := response.read1(1 << 16):
                body += part
                if time.monotonic() > late:
                    raise TimeoutError
                if len(body) > LARGEST:
                    self._fail(f"answered more than {LARGEST:,} bytes")
        return bytes(body)

    def _fail(self, what: str) -> NoReturn:
        raise ModelError(f"the server of the model {self.model!r} {what}") from None


class NoRedirect(HTTPRedirectHandler):
    """Follows no redirect: the key would go along."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """None: the redirect becomes an error."""


def opener(url: str) -> OpenerDirector:
    """What opens this address: through the proxy that the environment names, unless it is this machine."""
    return build_opener(NoRedirect, ProxyHandler({} if urlsplit(url).hostname in NEAR else None))


def refusal(status: int) -> str:
    """What a status other than 200 means."""
    if status in (401, 403):
        given = os.environ.get(KEY_VARIABLE)
        return f"does not take the key in {KEY_VARIABLE} ({status})" if given else f"wants {KEY_VARIABLE} ({status})"
    if status == 404:
        return "knows no such model, or the URL is not that of its API, …/v1 (404)"
    return f"refused the question ({status})"


def chat_model(name: str) -> ChatModel:
    """The model that `openai:URL#MODEL` names, with the key in $OPENAI_API_KEY if there is one. Raises ModelError."""
    url, _, model = name.removeprefix(PREFIX).partition("#")
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # a port that is none
        sound = False
    if not sound or not model.strip() or not re.fullmatch(r"[!-~]+", url):
        raise ModelError(f"a model behind a server is written {FORM}")
    if "@" in parts.netloc or parts.query:
        raise ModelError(f"a model's URL holds no user, password or query; the key belongs in {KEY_VARIABLE}")
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not re.fullmatch(r"[!-~]*", key):
        raise ModelError(f"{KEY_VARIABLE} holds characters that no key has")
    return ChatModel(url.rstrip("/"), model.strip(), key)
