"""``napari-medassist voice``: what was said in sound files."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_medassist.cli import voice_network

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_medassist.annotation.clips.ranges import ClipKey
    from napari_medassist.voice.activity import Utterance
    from napari_medassist.voice.recognisers.outcome import Outcome, Recogniser


def add_parser(subparsers: Any) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "voice",
        help="recognise spoken phrases",
        description="Recognise spoken phrases of a grammar. Offline: no sound leaves the computer.",
    )
    acts = parser.add_subparsers(dest="act", required=True)
    _add_recognise(acts)
    _add_listen(acts)
    _add_transcribe(acts)
    voice_network.add_train(acts)
    voice_network.add_evaluate(acts)


def _add_recognise(acts: Any) -> None:
    recognise = acts.add_parser(
        "recognise",
        help="tell which phrase was said in each of several sound files",
        description="Tell for each sound file which phrase of a list was said, and whether that is "
        "sure enough to be executed, should be asked about, or is ignored.",
        epilog="Exit code: 0 all files were read, 1 some could not be read (they are named), 2 nothing "
        "was written.",
    )
    recognise.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="sounds, one utterance each"
    )
    recognise.add_argument(
        "--json", type=Path, metavar="FILE", help="write the outcomes, by the names of the files"
    )
    _add_recogniser(recognise)
    recognise.set_defaults(run=run_recognise)


def _add_listen(acts: Any) -> None:
    listen = acts.add_parser(
        "listen",
        help="recognise what is said into a microphone",
        description="Recognise what is said into a microphone, until Ctrl+C. Nothing is recorded.",
    )
    listen.add_argument(
        "--device", type=int, metavar="N", help="number of the microphone (default: the system's)"
    )
    listen.add_argument("--devices", action="store_true", help="list all microphones")
    listen.add_argument(
        "--for", type=float, dest="for_s", metavar="S", help="end after so many seconds"
    )
    _add_recogniser(listen, required=False)
    listen.set_defaults(run=run_listen)


def _add_transcribe(acts: Any) -> None:
    transcribe = acts.add_parser(
        "transcribe",
        help="turn spoken comments of a recording into labels over time",
        description="Find which labels are named in a recording, and when; each holds from shortly "
        "before it was said to shortly after. What is doubtful is marked.",
        epilog="Exit code: 0 all is sure, 1 some is doubtful, 2 nothing was written.",
    )
    transcribe.add_argument(
        "recording", type=Path, metavar="FILE", help="a sound, or a video with sound"
    )
    transcribe.add_argument(
        "--vocabulary", type=Path, required=True, metavar="FILE", help="labels and their synonyms"
    )
    transcribe.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the timeline to write (JSON)"
    )
    transcribe.add_argument(
        "--ranges",
        type=Path,
        metavar="FILE",
        help="write ranges of frames of the video too (CSV or JSON), for the tab Clip",
    )
    for name, what in (("before", "it was said"), ("after", "that")):
        transcribe.add_argument(
            f"--{name}",
            type=float,
            default=1.0,
            metavar="S",
            help=f"seconds that a label holds {name} {what}",
        )
    _add_model(transcribe)
    transcribe.set_defaults(run=run_transcribe)


def _add_recogniser(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the options that choose a recogniser and its grammar."""
    parser.add_argument(
        "--phrases", type=Path, required=required, metavar="FILE", help="the grammar: one phrase a line"
    )
    parser.add_argument(
        "--recogniser",
        choices=("whisper", "pocketsphinx"),
        default="whisper",
        help="pocketsphinx needs no model and is light, but only asks (default: whisper)",
    )
    _add_model(parser)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=Path, metavar="FOLDER", help="another model in the format of faster-whisper"
    )
    parser.add_argument(
        "--language", default="en", metavar="CODE", help="of a model of several languages (default: en)"
    )


def run_recognise(args: argparse.Namespace) -> int:
    """Recognise all files and write the outcomes."""
    from napari_medassist.core.errors import MedAssistError
    from napari_medassist.io.atomic import replacing
    from napari_medassist.voice.sound import read_sound

    _require_packages(args)
    recogniser = _recogniser(args)
    outcomes: dict[str, dict[str, object]] = {}
    problems = 0
    for path in args.files:
        try:
            samples = read_sound(path)
        except MedAssistError as error:
            problems += 1
            print(f"warning: {error}", file=sys.stderr)
            continue
        start = time.perf_counter()
        found = recogniser.recognise(samples)
        outcomes[_key(path, args.files)] = {
            "action": str(found.action),
            "text": found.text,
            "confidence": round(found.confidence, 4),
            "seconds": round(time.perf_counter() - start, 3),
            "alternative": found.alternative,
            "written": found.written,
            "why": found.why,
        }
        print(f"{path.name}: {_in_words(found)}")
    if args.json is not None:
        with replacing(args.json) as temporary:
            temporary.write_text(json.dumps(outcomes, indent=2), encoding="utf-8")
    return int(problems > 0)


def run_listen(args: argparse.Namespace) -> int:
    """Recognise what is said until it is told to stop."""
    from napari_medassist.core.errors import InvalidSetting
    from napari_medassist.voice.activity import Endpoints, Segmenter
    from napari_medassist.voice.capture import Microphone, devices
    from napari_medassist.voice.sound import LONGEST_PHRASE_S, RATE_HZ

    if args.devices:
        for device in devices():
            told = " (the system's)" if device.is_default else ""
            print(f"{device.number}: {device.name}, {device.rate_hz} Hz{told}")
        return 0
    if args.phrases is None:
        raise InvalidSetting("There is no grammar.", cure="Give one with --phrases.")
    _require_packages(args)
    recogniser = _recogniser(args)
    segmenter = Segmenter(endpoints=Endpoints(longest_s=LONGEST_PHRASE_S))
    heard_s = 0.0

    def tell(ended: Iterable[Utterance]) -> None:
        for one in ended:
            print(f"{one.begin_s:.1f} s: {_in_words(recogniser.recognise(one.samples))}", flush=True)

    with Microphone(args.device) as microphone:
        print("Listening. Ctrl+C ends it.", flush=True)
        try:
            for block in microphone.blocks():
                heard_s += len(block.samples) / RATE_HZ
                tell(segmenter.push(block.samples))
                if args.for_s is not None and heard_s >= args.for_s:
                    break
        except KeyboardInterrupt:
            pass
        finally:
            tell(segmenter.finish())
            if microphone.n_lost:
                print(f"warning: {microphone.n_lost} blocks of sound were lost", file=sys.stderr)
    return 0


def run_transcribe(args: argparse.Namespace) -> int:
    """Find what is named, and write the timeline."""
    from napari_medassist.voice.extra import require_installed

    require_installed()
    return _transcribe(args)


def _transcribe(args: argparse.Namespace) -> int:
    from napari_medassist.annotation.clips.files import require_ranges_name, write_ranges
    from napari_medassist.core.errors import InvalidSetting
    from napari_medassist.io.atomic import replacing
    from napari_medassist.voice.labels import read_labels
    from napari_medassist.voice.recognisers.whisper import WhisperRecogniser
    from napari_medassist.voice.timeline import Reach, frame_ranges, intervals
    from napari_medassist.voice.transcribing import as_plain, transcribe

    if min(args.before, args.after) < 0:
        raise InvalidSetting("A label cannot hold for less than no time.", cure="Give 0 or more.")
    if args.ranges is not None:
        require_ranges_name(args.ranges)  # told before a long recording, not after it
    vocabulary = read_labels(args.vocabulary)
    key = None if args.ranges is None else _clip_key(args.recording)
    recogniser = WhisperRecogniser(vocabulary.phrases, args.model, language=args.language)
    _warn_of(args.model)
    made = transcribe(args.recording, vocabulary, recogniser)
    reach = Reach(args.before, args.after)
    found = intervals(made.comments, made.duration_s, reach)
    if key is not None:
        write_ranges(args.ranges, frame_ranges(found, key), key)
    plain = as_plain(args.recording.name, recogniser.name, made, reach, found)
    with replacing(args.out) as temporary:
        temporary.write_text(json.dumps(plain, indent=1, ensure_ascii=False), encoding="utf-8")
    for one in found:
        doubt = f" ({one.doubt})" if one.doubt else ""
        print(f"{one.begin_s:.1f} to {one.end_s:.1f} s: {one.label}{doubt}")
    nothing = sum(not one.comments for one in made.heard)
    print(f"{len(made.heard)} utterances in {made.duration_s:.0f} s, {nothing} of them name nothing")
    return int(any(not one.is_sure for one in found))


def _clip_key(path: Path) -> ClipKey:
    from napari_medassist.annotation.clips.ranges import ClipKey
    from napari_medassist.core.errors import InvalidSetting
    from napari_medassist.io.files import read

    clip = next(iter(read(path).clips()), None)
    if clip is None:
        raise InvalidSetting(f"'{path.name}' has no frames.", cure="Leave out --ranges.")
    return ClipKey.of(clip)


def _recogniser(args: argparse.Namespace) -> Recogniser:
    from napari_medassist.core.errors import InvalidSetting
    from napari_medassist.voice.phrase_files import read_phrases

    if args.recogniser == "pocketsphinx":
        from napari_medassist.voice.recognisers.sphinx import SphinxRecogniser

        if args.model is not None or args.language != "en":
            raise InvalidSetting("pocketsphinx has one model, of English.", cure="Leave the model out.")
        made = SphinxRecogniser(read_phrases(args.phrases))
        if made.unknown:
            told = f"phrases with {', '.join(made.unknown)} are not heard: it does not know their sound"
            print(f"warning: {told}", file=sys.stderr)
        return made
    from napari_medassist.voice.recognisers.whisper import WhisperRecogniser

    _warn_of(args.model)
    return WhisperRecogniser(read_phrases(args.phrases), args.model, language=args.language)


def _require_packages(args: argparse.Namespace) -> None:
    from napari_medassist.voice.recognisers.kinds import KINDS, SPHINX, WHISPER

    KINDS[SPHINX if args.recogniser == "pocketsphinx" else WHISPER].require()


def _warn_of(model: Path | None) -> None:
    if model is not None:
        told = "how sure it must be was chosen for whisper-tiny-en: measure it before you trust it"
        print(f"warning: {model.name}: {told}", file=sys.stderr)


def _in_words(found: Outcome) -> str:
    told = f" ({found.why})" if found.why else ""
    return f"{found.action} {found.text!r} {found.confidence:.2f}{told}"


def _key(path: Path, files: list[Path]) -> str:
    """Return the name of a file; with its folder where two files share a name."""
    is_shared = sum(other.name == path.name for other in files) > 1
    return str(path) if is_shared else path.name
