"""What one file says of itself and of its series."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import FileDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from napari_medassist.core.volume import Modality
from napari_medassist.io.dicom.tags import Tags

_MODALITIES = {
    "MR": Modality.MR,
    "CT": Modality.CT,
    "US": Modality.US,
    "IVUS": Modality.US,
    "PT": Modality.PT,
    "SEG": Modality.SEG,
}


@dataclass(frozen=True)
class Header:
    """The values of a file that hold for all its frames.

    Parameters
    ----------
    path
        The file.
    sop_class_uid, sop_instance_uid, series_uid, frame_of_reference_uid, transfer_syntax_uid
        DICOM's identifiers.
    modality_code
        DICOM's own code, e.g. ``"MR"``, ``"RTSTRUCT"``.
    series_number, instance_number
        Numbers that the scanner gave; nothing is sorted by them.
    description, protocol, sequence_name, manufacturer, image_type
        As written by the scanner.
    rows, columns, n_frames, samples_per_pixel, bits_allocated, bits_stored
        Size of the pixel data as the header claims it.
    photometric
        Photometric interpretation, e.g. ``"MONOCHROME2"``.
    pet_units, rescale_type
        What the file says of the unit of its values.
    temporal_resolution_s
        Time between time points as stated.
    flip_angle_deg, repetition_time_ms
        MR settings that repeated time points share.
    has_value_table
        True if stored values become real ones by a table (Modality LUT) and not by slope and intercept.
    """

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    series_uid: str
    frame_of_reference_uid: str
    transfer_syntax_uid: str
    modality_code: str
    series_number: int | None
    instance_number: int
    description: str
    protocol: str
    sequence_name: str
    manufacturer: str
    image_type: tuple[str, ...]
    rows: int
    columns: int
    n_frames: int
    samples_per_pixel: int
    bits_allocated: int
    bits_stored: int
    photometric: str
    pet_units: str
    rescale_type: str
    temporal_resolution_s: float | None
    flip_angle_deg: float | None
    repetition_time_ms: float | None
    has_value_table: bool

    @property
    def modality(self) -> Modality:
        """Kind of imaging."""
        return _MODALITIES.get(self.modality_code, Modality.OTHER)

    @property
    def is_colour(self) -> bool:
        """True if a pixel is a colour, directly or through a palette."""
        return self.samples_per_pixel > 1 or not self.photometric.startswith("MONOCHROME")

    @property
    def frame_bytes(self) -> int:
        """Decoded size of one frame as the header claims it."""
        return self.rows * self.columns * self.samples_per_pixel * max(self.bits_allocated, 8) // 8

    @property
    def title(self) -> str:
        """Short name of the series: its number and description (never the patient)."""
        words = self.description or self.protocol or self.sequence_name or self.modality_code
        return f"{self.series_number} {words}" if self.series_number is not None else words


def header_of(path: Path, dataset: FileDataset) -> Header:
    """Read the values that hold for a whole file."""
    tags = Tags(path, (dataset,))
    number = tags.number("SeriesNumber")
    resolution_ms = tags.number("TemporalResolution")
    return Header(
        path=path,
        sop_class_uid=tags.text("SOPClassUID"),
        sop_instance_uid=tags.text("SOPInstanceUID"),
        series_uid=tags.text("SeriesInstanceUID"),
        frame_of_reference_uid=tags.text("FrameOfReferenceUID"),
        transfer_syntax_uid=transfer_syntax_of(dataset),
        modality_code=tags.text("Modality"),
        series_number=None if number is None else int(number),
        instance_number=tags.integer("InstanceNumber"),
        description=tags.text("SeriesDescription"),
        protocol=tags.text("ProtocolName"),
        sequence_name=tags.text("SequenceName") or tags.text("PulseSequenceName"),
        manufacturer=tags.text("Manufacturer"),
        image_type=tuple(part.upper() for part in tags.texts("ImageType")),
        rows=tags.integer("Rows"),
        columns=tags.integer("Columns"),
        n_frames=tags.integer("NumberOfFrames", 1),
        samples_per_pixel=tags.integer("SamplesPerPixel", 1),
        bits_allocated=tags.integer("BitsAllocated"),
        bits_stored=tags.integer("BitsStored"),
        photometric=tags.text("PhotometricInterpretation") or "MONOCHROME2",
        pet_units=tags.text("Units"),
        rescale_type=tags.text("RescaleType"),
        temporal_resolution_s=None if not resolution_ms else resolution_ms / 1000,
        flip_angle_deg=tags.number("FlipAngle"),
        repetition_time_ms=tags.number("RepetitionTime"),
        has_value_table="ModalityLUTSequence" in dataset,
    )


def transfer_syntax_of(dataset: FileDataset) -> str:
    """Return how the file is encoded; inferred where the file has no meta information."""
    stated = Tags(Path(), (dataset.file_meta,)).text("TransferSyntaxUID")
    if stated:
        return stated
    implicit, little_endian = dataset.original_encoding
    if not little_endian:
        return str(ExplicitVRBigEndian)
    return str(ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian)
