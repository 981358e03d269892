"""Images written anew: nothing of the file survives but its pixels (no EXIF, no comments, no appended bytes)."""

from io import BytesIO

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, ImageSequence

from core.uploads.damage import DamagedFileError, UploadRefusedError

MAX_PIXELS = 40_000_000
MAX_FRAMES = 300
# All frames of an animation together: what a few seconds of writing anew can bear.
MAX_ANIMATED_PIXELS = 100_000_000
_READ = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
_MODES = {
    "JPEG": ("L", "RGB"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("L", "P", "RGB", "RGBA"),
}
_BROKEN = (
    OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError, ZeroDivisionError,
    MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


def write_anew(data: bytes) -> tuple[bytes, str]:
    """Return the picture's bytes and MIME type; BMP becomes PNG. Raises :class:`DamagedFileError`."""
    try:
        with Image.open(BytesIO(data), formats=_READ) as image:
            _refuse_flood(image)
            return _written(image)
    except _BROKEN as error:
        raise DamagedFileError(str(error)) from error


def _refuse_flood(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise UploadRefusedError(_("The image is too large: up to 40 megapixels."))
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and (frames > MAX_FRAMES or frames * image.width * image.height > MAX_ANIMATED_PIXELS):
        raise UploadRefusedError(_("The animation is too long."))


def _written(image: Image.Image) -> tuple[bytes, str]:
    target = {"BMP": "PNG"}.get(image.format or "", image.format or "")
    out = BytesIO()
    if target in {"GIF", "WEBP"} and getattr(image, "n_frames", 1) > 1:
        _write_animation(image, target, out)
    else:
        _bare(ImageOps.exif_transpose(image), target).save(out, target, **_quality(target))
    return out.getvalue(), Image.MIME[target]


def _write_animation(image: Image.Image, target: str, out: BytesIO) -> None:
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        durations.append(int(frame.info.get("duration", 100) or 100))
        frames.append(_bare(frame.convert("RGBA"), target))
    loop = int(image.info.get("loop", 0))
    frames[0].save(
        out, target, save_all=True, append_images=frames[1:], duration=durations, loop=loop, **_quality(target)
    )


def _bare(image: Image.Image, target: str) -> Image.Image:
    """Return only the pixels, in a mode that the target knows: writers copy comments and profiles out of ``info``."""
    transparency = image.info.get("transparency")
    if image.mode not in _MODES[target]:
        image = image.convert("RGB" if target == "JPEG" else "RGBA")
        transparency = None
    bare = image.copy()
    bare.info = {} if transparency is None else {"transparency": transparency}
    return bare


def _quality(target: str) -> dict[str, int]:
    return {"quality": 88} if target in {"JPEG", "WEBP"} else {}
