"""Commands of `intentrec encoder`."""

import typer

from intentrec.cli import show
from intentrec.cli.bars import RichProgress
from intentrec.cli.common import AsJson, IncludeViewed, ListLength, User, err, out, printed, state

encoder_app = typer.Typer(
    no_args_is_help=True,
    help="One language model that reads users and items (LinkedIn's road): train it, and serve what came in since.",
)


@encoder_app.command("train")
def encoder_train(as_json: AsJson = False) -> None:
    """Train on stored events and impressions and encode all items and users; started again, it goes on.

    An encoder of the same settings that is younger than encoder.retrain_days is taken over.
    """
    from intentrec.pipeline.encoder_training import train_workspace

    workspace, config = state.open()
    with RichProgress(err) as progress:
        report = train_workspace(workspace, config, progress)
    printed(as_json, report.as_dict(), lambda: show.trained_encoder(out, report))


@encoder_app.command("recommend")
def encoder_recommend(
    user: User,
    k: ListLength = 10,
    include_viewed: IncludeViewed = False,
    as_json: AsJson = False,
) -> None:
    """Items for one user by the encoder alone: events and items ingested since the training count at once."""
    from intentrec.pipeline.encoder import near_line

    workspace, config = state.open()
    with RichProgress(err) as progress:
        now = near_line(workspace, config, [user], progress)
    frame = now.titled([user], k, filter_viewed=not include_viewed)
    printed(as_json, {"encoded": now.n_encoded, "items": frame.to_dicts()}, lambda: show.near_line(out, now, frame))
