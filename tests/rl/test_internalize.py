"""Facts into the weights: what is recited and judged, the losses, and the whole stage on a tiny model."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from math import exp, log
from pathlib import Path
from typing import Any

import networkx
import pytest
import torch

from kg.errors import ModelError
from kg.networkx_graph import NetworkXGraph
from kg.store import Store
from kg.types import Question, RelationPath, Topic
from planner.data.rows import PlanLabel, Row
from planner.lm import LanguageModel
from planner.prompts import relation_words
from planner.training.run import Run
from reasoner.beam import Written
from reasoner.closed_book import ANSWER, PATH, ClosedBook
from reasoner.recall import first_names, last_names, parse_recital, recite
from reasoner.verify import problems
from rl.internalization.branches import Branches, scored, write
from rl.internalization.internalizer import Internalizer, order
from rl.internalization.knowledge import Knowledge, Lesson
from rl.internalization.loss import CHOSEN, KNOWLEDGE, REJECTED, advantages, grpo, rlag
from rl.internalization.model import load
from rl.internalization.noise import Noise
from rl.internalization.sample import Sampler
from rl.internalization.settings import Internalization
from rog.evaluation.arms import Setup, parse_system
from rog.internalizing import Lessons, gathered, internalize

ASKED: tuple[tuple[str, str, RelationPath, tuple[str, ...]], ...] = (
    ("Who directed Heat?", "heat", ("directed_by",), ("mann",)),
    ("Who made The Insider?", "insider", ("directed_by",), ("mann",)),
    ("Who directed Gladiator?", "gladiator", ("directed_by",), ("scott",)),
    ("Where was Ridley Scott born?", "scott", ("born_in",), ("south_shields",)),
    ("Where was Michael Mann born?", "mann", ("born_in",), ("chicago",)),
    ("Who acts in Heat?", "heat", ("actor",), ("de_niro", "pacino")),
    ("Where was the director of Heat born?", "heat", ("directed_by", "born_in"), ("chicago",)),
)
SETTINGS = Internalization(tokens=2000, round=4, batch=4, layers=1.0, learning_rate=3e-3, sampled=0.5, save_rounds=1)


def row(text: str, topic: str, path: RelationPath, answers: tuple[str, ...]) -> Row:
    return Row(text, text, answers, (topic,), plans=(PlanLabel(path, 1.0, 1.0, 1.0),))


@pytest.fixture(scope="module")
def lessons(films: Store) -> list[Lesson]:
    return Knowledge(films).lessons([row(*each) for each in ASKED])


def found(films: Store, settings: Internalization, form: str = PATH) -> Lessons:
    return gathered(
        [row(*each) for each in ASKED], films, None, settings, {"form": form, "data": "d", "kg": films.name}
    )


def test_a_recital_says_what_the_graph_says(films: Store) -> None:
    words = relation_words(films)
    text = recite(films, "heat", ("directed_by", "born_in"), words, 3)
    assert text == "Heat -> directed by: Michael Mann -> born in: Chicago"
    said = parse_recital(films, words, text)
    assert said is not None
    assert said.holds
    assert said.relations == ("directed_by", "born_in")
    assert str(said.walks["chicago"]) == "heat -> directed_by -> mann -> born_in -> chicago"
    assert recite(films, "heat", ("actor",), words, 1) == ""
    assert recite(films, "heat", ("born_in",), words, 3) == ""


@pytest.mark.parametrize(
    ("text", "held", "stated"),
    [
        ("Heat -> actor: Al Pacino; Robert De Niro", 2, 2),
        ("Heat -> actor: Al Pacino; Russell Crowe", 1, 2),
        ("Heat -> directed by: Ridley Scott -> born in: South Shields", 0, 2),
        ("Nowhere -> directed by: Michael Mann", 0, 1),
        ("Michael Mann -> director of: Heat -> directed by: Michael Mann", 1, 2),  # back to its start
    ],
)
def test_every_step_is_checked(films: Store, text: str, held: int, stated: int) -> None:
    said = parse_recital(films, relation_words(films), text)
    assert said is not None
    assert (said.held, said.stated, said.holds) == (held, stated, held == stated)


def test_a_recital_comes_back_where_the_graph_is_returning() -> None:
    for returning in (False, True):
        graph = NetworkXGraph.from_triples([("ann", "spouse", "bob"), ("ann", "child", "cleo")], returning)
        words = relation_words(graph)
        text = recite(graph, "ann", ("spouse", "~spouse", "child"), words, 3)
        assert bool(text) is returning
    said = parse_recital(graph, words, text)
    assert said is not None
    assert (said.holds, said.stated) == (True, 3)


@pytest.mark.parametrize("text", ["", "Heat", "Heat -> directed by", "Heat -> unknown words: Michael Mann", " -> : ; "])
def test_what_is_no_recital(films: Store, text: str) -> None:
    assert parse_recital(films, relation_words(films), text) is None


def test_lessons_and_their_judge(films: Store, lessons: list[Lesson]) -> None:
    assert [lesson.id for lesson in lessons] == [text for text, *_ in ASKED]
    knowledge, born = Knowledge(films), lessons[-1]
    assert [fact.relation for fact in born.facts] == ["directed_by", "born_in"]
    for lesson in lessons:
        assert knowledge.judge(lesson, lesson.written(PATH), PATH).is_right
        assert knowledge.judge(lesson, lesson.written(ANSWER), ANSWER).is_right
    # Right, but by way of something that is not so, or of another topic: worth nothing.
    for text in ("Heat -> directed by: Ridley Scott -> born in: Chicago", "Michael Mann -> born in: Chicago"):
        judged = knowledge.judge(born, text, PATH)
        assert (judged.accuracy, judged.reward) == (1.0, 0.0)
    assert knowledge.judge(lessons[5], "Heat -> actor: Al Pacino", PATH).reward == pytest.approx(2 / 3)
    assert knowledge.quoted(born, "Heat -> directed by -> born in") == born.recital
    assert knowledge.quoted(born, "Heat -> actor") == ""
    assert knowledge.quoted(born, "Gladiator -> directed by -> born in") == "", "of another topic"
    assert Knowledge(films, 1).lesson(row(*ASKED[5])) is None
    wrong = row("Who?", "heat", ("directed_by",), ("scott",))
    assert knowledge.lesson(wrong) is None  # the path does not lead to the answer


def test_names_may_hold_a_colon() -> None:
    graph = networkx.MultiDiGraph()
    graph.add_node("m", label="Mission: Impossible")
    graph.add_node("d", label="De Palma: a life")
    graph.add_edge("m", "d", key="directed_by")
    graph.add_node("a", label="Carlito: the Way")
    graph.add_edge("d", "a", key="made")
    walks = NetworkXGraph(graph)
    text = recite(walks, "m", ("directed_by", "made"), relation_words(walks), 3)
    assert first_names(text) == (
        "Mission: Impossible -> directed by: ",
        "De Palma: a life -> made: Carlito: the Way",
    )
    assert last_names(text)[1] == "Carlito: the Way"
    assert first_names("Mission: Impossible -> directed by") == ("Mission: Impossible -> directed by", "")


def test_what_is_named_first_is_the_first_answer(films: Store) -> None:
    for names in ("Al Pacino; Robert De Niro", "Robert De Niro; Al Pacino"):
        found = parse_recital(films, relation_words(films), f"Heat -> actor: {names}")
        assert found
        assert "; ".join(films.entity(key).label for key in found.walks) == names


def test_a_quote_is_an_answer_only_where_the_path_was_shown(
    films: Store, tiny: LanguageModel, lessons: list[Lesson]
) -> None:
    sampler = Sampler(tiny.model, tiny.tokenizer, Knowledge(films), lessons, PATH, SETTINGS)
    heat = [lessons[0]]
    assert [one.is_right for one in sampler.judge(heat, ["Heat -> directed by"], is_open=True)] == [True]
    assert [one.is_right for one in sampler.judge(heat, ["Heat -> directed by"])] == [False]


def test_grpo_ends_where_everything_is_known(
    films: Store, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sampler, "closed", lambda _, some: [lesson.recital for lesson in some])
    settings = replace(SETTINGS, model=str(tiny_folder), method="grpo", group=1)
    result = internalize(found(films, settings), None, settings, tmp_path / "run", False, False)
    assert 0 < result["tokens"] < settings.tokens
    assert Run(tmp_path / "run").is_done
    nothing = replace(settings, warm=0.0)
    with pytest.raises(ModelError, match="nothing to learn from"):
        internalize(found(films, nothing), None, nothing, tmp_path / "none", False, False)


def test_branches_score_as_if_each_stood_alone(tiny: LanguageModel) -> None:
    sequences = [Branches((3, 4, 5), ((6, 7), (8, 9, 10))), Branches((11,), ((12, 13, 14, 15),))]
    together = scored(tiny.model, sequences)
    alone = []
    for sequence in sequences:
        for answer in sequence.answers:
            logits = tiny.model(torch.tensor([[*sequence.prompt, *answer]])).logits[0].log_softmax(-1).detach()
            start = len(sequence.prompt) - 1
            alone.append(sum(float(logits[start + place, token]) for place, token in enumerate(answer)))
    assert together.sums.detach().tolist() == pytest.approx(alone, abs=1e-4)
    assert together.counts.tolist() == [2, 3, 4]


def test_writing_side_by_side_is_writing_alone(tiny: LanguageModel) -> None:
    prompts = [tiny.prompt_tokens("", text) for text in ("Who?", "Where was it?", "A")]
    together = write(tiny.model, tiny.tokenizer, prompts, 12)
    assert together == [write(tiny.model, tiny.tokenizer, [prompt], 12)[0] for prompt in prompts]


def test_a_line_may_end_inside_of_a_token(tiny: LanguageModel) -> None:
    class Fused:  # as of tokenizers that have ")\n" in one piece
        eos_token_id = tiny.tokenizer.eos_token_id

        def decode(self, tokens: Sequence[int], **_: Any) -> str:
            return "".join(")\n" if token == second else f"<{token}>" for token in tokens)

    prompt = tiny.prompt_tokens("", "Who?")
    logits = tiny.model(torch.tensor([prompt])).logits[0, -1]
    first = int(logits.argmax())
    second = int(tiny.model(torch.tensor([[*prompt, first]])).logits[0, -1].argmax())
    assert first != second
    assert write(tiny.model, Fused(), [prompt], 12) == [f"<{first}>)"]


def test_the_published_loss() -> None:
    settings = Internalization(chosen_most=-0.2, rejected_least=-5.0)
    roles = (KNOWLEDGE, CHOSEN, REJECTED)

    def sigmoid_loss(x: float) -> float:
        return log(1 + exp(-x))

    apart = rlag(roles, torch.tensor([-2.0, -1.0, -3.0]), settings)
    assert apart.item() == pytest.approx(sigmoid_loss(0.2 * -2 + 0.5 * (-1 + 3) - 0.8))
    clipped = torch.tensor([-2.0, -0.1, -9.0], requires_grad=True)
    loss = rlag(roles, clipped, settings)
    assert loss.item() == pytest.approx(sigmoid_loss(0.2 * -2 + 0.5 * (-0.2 + 5) - 0.8))
    loss.backward()  # type: ignore[no-untyped-call]
    assert clipped.grad is not None
    assert (clipped.grad != 0).tolist() == [True, False, False]
    same = rlag((KNOWLEDGE,), torch.tensor([-2.0]), settings)
    assert same.item() == pytest.approx(sigmoid_loss(0.5 * -2 - 0.8))


def test_the_group_s_loss() -> None:
    assert advantages([1.0, 0.0, 0.0, 0.0]) == pytest.approx([3**0.5, *[-(3**-0.5)] * 3])
    assert advantages([0.0, 0.0]) == [0.0, 0.0]
    means = torch.tensor([-1.0, -1.2, -7.0], requires_grad=True)
    grpo([1.0, 0.0, 0.0], means, Internalization()).backward()  # type: ignore[no-untyped-call]
    assert means.grad is not None
    up, down, bounded = means.grad.tolist()
    assert up < 0 < down
    assert bounded == 0


def test_each_lesson_once_a_pass(lessons: list[Lesson]) -> None:
    settings = replace(SETTINGS, round=3)
    rounds = [order(lessons, number, settings) for number in range(7)]
    asked = [lesson.id for some in rounds for lesson in some]
    assert sorted(asked[:7]) == sorted(asked[7:14]) == sorted(lesson.id for lesson in lessons)
    assert asked[:7] != asked[7:14]
    assert len(order(lessons, 0, replace(SETTINGS, round=100))) == len(lessons)


@pytest.mark.parametrize(("method", "rationale"), [("rlag", True), ("rlag", False), ("grpo", True), ("sft", False)])
def test_a_tiny_model_learns_by_heart(
    films: Store, tiny_folder: Path, tmp_path: Path, method: str, rationale: bool
) -> None:
    settings = replace(SETTINGS, model=str(tiny_folder), method=method, rationale=rationale, tokens=5_000, group=3)
    run = Run(tmp_path / "run")
    result = internalize(
        found(films, settings, PATH if rationale else ANSWER), None, settings, run.folder, False, False
    )
    rows = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["tokens"] == result["tokens"] >= settings.tokens
    rounds = [each["loss"] for each in rows if "loss" in each]
    assert sum(rounds[-5:]) < 0.7 * sum(rounds[:5])
    sampled = [each for each in rows if {"closed", "open", "gap"} <= each.keys()]
    if method == "sft":
        assert not sampled
    else:  # SFT first, then what is sampled and judged
        assert min(each["tokens"] for each in sampled) > settings.warm * settings.tokens
        assert max(each["tokens"] for each in rows[1:-2] if each not in sampled) < 0.5 * settings.tokens
    assert run.is_done
    trained = parse_system(f"closed={run.folder},closed-book").make(Setup(films))
    traces = trained.traces([Question(text, (Topic(films.entity(topic), 1.0, ""),)) for text, topic, _, _ in ASKED])
    assert len(traces) == len(ASKED)


def right_answers(films: Store, name: str, settings: Internalization) -> float:
    """The mean log-probability of a token of the right answers, from memory."""
    lm, knowledge = LanguageModel(name, dtype="float32"), Knowledge(films)
    lessons = knowledge.lessons([row(*each) for each in ASKED])
    sampler = Sampler(lm.model, lm.tokenizer, knowledge, lessons, PATH, settings)
    items = sampler.round(1, lessons, is_warming=True).items
    with torch.no_grad():
        return float(scored(lm.model, [sequence for item in items for sequence in item.sequences]).means.mean())


@pytest.mark.parametrize("method", ["rlag", "grpo"])
def test_what_is_judged_teaches_without_sft_before_it(
    films: Store, tiny_folder: Path, tmp_path: Path, method: str
) -> None:
    settings = replace(SETTINGS, model=str(tiny_folder), method=method, warm=0.0, noise=0.0, tokens=4_000)
    internalize(found(films, settings), None, settings, tmp_path / "run", False, False)
    before, after = (right_answers(films, name, settings) for name in (str(tiny_folder), str(tmp_path / "run")))
    assert after > before + 0.3


def test_the_learning_rate_rises_and_then_falls_from_there(films: Store, tiny_folder: Path, tmp_path: Path) -> None:
    settings = replace(SETTINGS, model=str(tiny_folder), warmup=0.5, tokens=100)
    model, tokenizer = load(str(tiny_folder), settings)
    knowledge = Knowledge(films)
    lessons = knowledge.lessons([row(*each) for each in ASKED])
    work = Internalizer(model, tokenizer, knowledge, lessons, settings, Run(tmp_path))
    rates = []
    for work._tokens in range(120):
        rates.append(work._rate() / settings.learning_rate)
    assert rates[:51] == sorted(rates[:51])
    assert rates[50] == pytest.approx(1)
    assert rates[50:] == sorted(rates[50:], reverse=True)
    assert rates[75] == pytest.approx(0.51, abs=0.01)
    assert rates[-1] == pytest.approx(0.02)


def test_a_killed_run_ends_the_same(
    films: Store, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(SETTINGS, model=str(tiny_folder), save_rounds=2)
    whole, killed = Run(tmp_path / "whole"), Run(tmp_path / "killed")
    internalize(found(films, settings), None, settings, whole.folder, False, False)
    one_round = Internalizer._round

    def until_the_fifth(self: Internalizer) -> None:
        if self._number == 4:
            raise KeyboardInterrupt
        one_round(self)

    monkeypatch.setattr(Internalizer, "_round", until_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        internalize(found(films, settings), None, settings, killed.folder, False, False)
    monkeypatch.setattr(Internalizer, "_round", one_round)
    with pytest.raises(ModelError, match="was begun with other settings"):
        internalize(found(films, settings), None, replace(settings, gamma=1.0), killed.folder, True, False)
    internalize(found(films, settings), None, settings, killed.folder, True, False)
    weights = [(run.folder / "model" / "model.safetensors").read_bytes() for run in (whole, killed)]
    assert weights[0] == weights[1]
    rounds = [
        [json.loads(line)["round"] for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
        for run in (whole, killed)
    ]
    assert rounds[0] == rounds[1]


def test_adapters_are_merged(films: Store, tiny_folder: Path, tmp_path: Path) -> None:
    settings = replace(SETTINGS, model=str(tiny_folder), rank=4, tokens=300, layers=0.5)
    model, _ = load(str(tiny_folder), settings)
    learned = [name for name, part in model.named_parameters() if part.requires_grad]
    assert learned
    assert all("layers.1." in name for name in learned)
    internalize(found(films, settings), None, settings, tmp_path / "run", False, False)
    assert not (tmp_path / "run" / "adapter").exists()
    again = replace(settings, rank=0)
    start = Run(tmp_path / "run")
    internalize(found(films, again), start, again, tmp_path / "more", False, False)
    base, first, more = (
        dict(LanguageModel(name, dtype="float32").model.named_parameters())
        for name in (str(tiny_folder), str(tmp_path / "run"), str(tmp_path / "more"))
    )
    for older, newer in ((base, first), (first, more)):
        changed = [name for name, part in newer.items() if not torch.equal(part, older[name])]
        assert changed
        assert all("layers.1." in name for name in changed)


def test_a_recited_answer_is_proven_or_not(films: Store, tiny: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = ClosedBook(films, tiny)
    closed._form, closed._words = PATH, relation_words(films)
    heat = Question("Where was the director of Heat born?", (Topic(films.entity("heat"), 1.0, "Heat"),))
    texts = [
        "Heat -> directed by: Michael Mann -> born in: Chicago",
        "Heat -> directed by: Ridley Scott -> born in: Chicago",
        "Chicago, I think",
    ]
    monkeypatch.setattr(closed, "write", lambda asked: [Written(text, log(0.25)) for text in texts])
    proven, wrong, words = closed.traces([heat] * 3)
    assert proven.answer.entities == wrong.answer.entities == ("chicago",)
    assert not problems(films, heat, proven.plan, proven.answer)
    assert problems(films, heat, wrong.plan, wrong.answer)
    assert words.answer.entities == ("chicago", "I think")
    assert [trace.answer.confidence for trace in (proven, wrong, words)] == pytest.approx([0.25] * 3)


class Vocabulary:
    """A tokenizer's vocabulary, of which only whole words may be strewn in."""

    def get_vocab(self) -> dict[str, int]:
        return {"Ġstray": 0, "ing": 1, "Ġof": 2, "Ġ42": 3, "▁other": 4}


def test_noise_leaves_the_name_and_some_questions(lessons: list[Lesson]) -> None:
    labels = ["Heat", "The Insider", "Gladiator", "Ridley Scott", "Michael Mann", "Heat", "Heat"]
    noise, draw = Noise(Vocabulary(), 0.5), random.Random(0)
    rounds = [noise.over(lessons, labels, draw) for _ in range(40)]
    assert rounds[:1] == [Noise(Vocabulary(), 0.5).over(lessons, labels, random.Random(0))]
    disturbed = [new.question for some in rounds for new, old in zip(some, lessons, strict=True) if new != old]
    assert 0.25 < len(disturbed) / (40 * len(lessons)) < 0.5  # in some no word happens to be touched
    assert {word for text in disturbed for word in re.findall(r"\b(?:stray|other|ing|of|42)\b", text)} >= {
        "stray",
        "other",
    }
    assert not any("42" in text.split() or "ing" in text.split() for text in disturbed)
    for some in rounds:
        for new, old, label in zip(some, lessons, labels, strict=True):
            assert label in new.question
            assert replace(new, question="") == replace(old, question="")
    assert Noise(Vocabulary(), 0.0).over(lessons, labels, draw) == lessons
    assert noise.disturbed("Who directed it?", "Heat", draw) == "Who directed it?"


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"method": "sgd"}, "--method sgd: known are rlag"), ({"wrong": "no"}, "--wrong no: expected graph or skip")],
)
def test_settings_that_cannot_be(films: Store, changed: dict[str, str], message: str, tmp_path: Path) -> None:
    from rl.internalization.internalizer import form_of

    with pytest.raises(ModelError, match=message):
        form_of(replace(SETTINGS, **changed))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="none of 1 training questions has a path"):
        gathered([Row("q", "Who?", ("mann",), ("heat",))], films, None, SETTINGS, {})
