"""One step of training: vectors, loss, gradients, in one process or several, with activations kept or made again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from intentrec.encoder.backbone import Backbone
from intentrec.encoder.batches import by_length, padded
from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.losses import Against, VectorLoss, bce, info_nce, matryoshka
from intentrec.encoder.vocabulary import Tokens
from intentrec.learning.parallel import share, summed

Generators = list[tuple[Tensor, Tensor | None]]


@dataclass(frozen=True)
class Stepper:
    """Computes the gradients of a step.

    The loss sees vectors only. Its gradients with respect to them are computed first and then sent through the model,
    text by text: with `config.cached`, by running the model a second time (GradCache, arXiv 2101.06983), so that the
    memory of a step does not grow with its batch. Both ways give the same gradients.

    Attributes:
        backbone: In training mode.
        config: Loss, temperature, widths, sizes.
        padding: Token that fills short texts.
        device: Where the model is.
        dtype: Arithmetic of the model.
    """

    backbone: Backbone
    config: EncoderConfig
    padding: int
    device: str
    dtype: torch.dtype

    def run(self, users: Sequence[Tokens], items: Sequence[Tokens], against: Against) -> float:
        """Add the gradients of one step to the parameters and give back its loss.

        Every process is given the whole step and works on its share of the texts.

        Args:
            users: Prompts of the users, (B,).
            items: Prompts of all candidates, (C,).
            against: For all users and candidates.
        """
        mine, theirs = own_slice(len(users)), own_slice(len(items))
        chunks = [*self._chunks(users[mine]), *self._chunks(items[theirs])]
        generators: Generators = []
        vectors = [self._forward(chunk, generators) for chunk in chunks]
        n_mine = len(users[mine])
        order = self._order(chunks, n_mine)
        leaf = torch.cat([each.detach() for each in vectors])[order]
        own = leaf[:n_mine].requires_grad_()
        everything = spread(leaf[n_mine:], theirs, len(items)).requires_grad_()
        part = Against(against.open[mine], against.positive[mine], against.log_q, against.n_pairs)
        loss = matryoshka(self._loss(part), own, everything, self.config.dimensions(self.backbone.width))
        loss.backward()  # type: ignore[no-untyped-call]
        assert own.grad is not None
        assert everything.grad is not None
        summed([everything.grad])
        gradient = torch.cat([own.grad, everything.grad[theirs]])
        self._backward(chunks, vectors, gradient[torch.argsort(order)], generators)
        total = loss.detach().clone()
        summed([total])
        return float(total)

    def _loss(self, against: Against) -> VectorLoss:
        kind: Callable[[Tensor, Tensor, Against, float], Tensor] = info_nce if self.config.loss == "infonce" else bce
        return lambda users, candidates: kind(users, candidates, against, self.config.temperature)

    def _chunks(self, texts: Sequence[Tokens]) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Ids, lengths and places of texts that run together."""
        return [
            (*padded([texts[place] for place in places], self.padding, self.device), torch.from_numpy(places))
            for places in by_length(texts, self.config.micro_batch)
        ]

    def _order(self, chunks: list[tuple[Tensor, Tensor, Tensor]], n_users: int) -> Tensor:
        """For each text, users first, its place in the chunks one after the other."""
        done, places = 0, []
        for _, _, own in chunks:
            places.append(own + (0 if done < n_users else n_users))
            done += len(own)
        return torch.argsort(torch.cat(places))

    def _forward(self, chunk: tuple[Tensor, Tensor, Tensor], generators: Generators) -> Tensor:
        if not self.config.cached:
            return self._vectors(chunk)
        generators.append(random_state(self.device))
        with torch.no_grad():
            return self._vectors(chunk)

    def _vectors(self, chunk: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        ids, lengths, _ = chunk
        with torch.autocast(self.device.split(":")[0], self.dtype, enabled=self.dtype != torch.float32):
            found: Tensor = self.backbone(ids, lengths)
        return found

    def _backward(
        self, chunks: list[tuple[Tensor, Tensor, Tensor]], vectors: list[Tensor], gradient: Tensor,
        generators: Generators,
    ) -> None:  # fmt: skip
        parts = torch.split(gradient, [len(each) for each in vectors])
        if not self.config.cached:
            torch.autograd.backward(vectors, list(parts))
            return
        after = random_state(self.device)
        for chunk, part, state in zip(chunks, parts, generators, strict=True):
            set_random_state(state, self.device)  # the same dropout as the first time
            torch.autograd.backward([self._vectors(chunk)], [part])
        set_random_state(after, self.device)


def own_slice(n: int) -> slice:
    """This process's share of `n` things."""
    rank, world = share()
    return slice(rank * n // world, (rank + 1) * n // world)


def spread(part: Tensor, place: slice, n: int) -> Tensor:
    """The rows of all processes, (n, D), from each one's own rows."""
    if share()[1] == 1:
        return part
    whole = torch.zeros(n, part.shape[1], dtype=part.dtype, device=part.device)
    whole[place] = part
    summed([whole])
    return whole


def random_state(device: str) -> tuple[Tensor, Tensor | None]:
    """Where torch's generators stand."""
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.startswith("cuda") else None


def set_random_state(state: tuple[Tensor, Tensor | None], device: str) -> None:
    """Put torch's generators back."""
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)
