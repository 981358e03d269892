"""Small real files of every accepted format, made here so that no binary is kept, and hostile twins of them."""

import io
import struct
import wave
import zlib
from collections.abc import Callable

from PIL import Image

SCRIPT = b"<script>alert(1)</script>"
PROGRAM = b"MZ\x90\x00" + b"\0" * 60 + b"This program cannot be run in DOS mode."


def image(image_format: str, size: tuple[int, int] = (32, 24), mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 120 if mode == "L" else None).save(out, image_format, **options)
    return out.getvalue()


def animation(image_format: str, frames: int = 3) -> bytes:
    out = io.BytesIO()
    pictures = [Image.new("RGB", (20, 20), (40 * i % 256, i % 251, 0)) for i in range(frames)]
    pictures[0].save(out, image_format, save_all=True, append_images=pictures[1:], duration=50, loop=0)
    return out.getvalue()


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def mp4(brand: bytes = b"isom") -> bytes:
    return box(b"ftyp", brand + bytes(4) + b"isom") + box(b"moov", bytes(40)) + box(b"mdat", bytes(200))


def ogg(codec: bytes = b"OpusHead", pages: int = 3) -> bytes:
    out = b""
    for number in range(pages):
        body = (codec if number == 0 else b"data") + bytes(50)
        out += b"OggS\0" + bytes(9) + struct.pack("<III", 1, number, 0) + bytes([1, len(body)]) + body
    return out


def mp3(frames: int = 5, *, tagged: bool = True) -> bytes:
    frame = b"\xff\xfb\x90\x00" + bytes(417 - 4)
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 0, 20]) + bytes(20) if tagged else b""
    return tag + frame * frames


def wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(320))
    return out.getvalue()


def amr(frames: int = 4) -> bytes:
    return b"#!AMR\n" + (bytes([0x3C]) + bytes(31)) * frames


def aac(frames: int = 4, size: int = 64) -> bytes:
    header = bytes([0xFF, 0xF1, 0x50, 0x80 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5 | 0x1F, 0xFC])
    return (header + bytes(size - 7)) * frames


def element(name: str, body: bytes, *, unknown_size: bool = False) -> bytes:
    size = (
        b"\x01" + b"\xff" * 7
        if unknown_size
        else bytes([0x80 | len(body)])
        if len(body) < 127
        else struct.pack(">H", 0x4000 | len(body))
    )
    return bytes.fromhex(name) + size + body


def webm(extra: bytes = b"") -> bytes:
    header = element("1A45DFA3", element("4282", b"webm"))
    cluster = element("1F43B675", element("E7", b"\0") + element("A3", bytes(60)) + extra, unknown_size=True)
    return header + element(
        "18538067", element("1549A966", bytes(20)) + element("1654AE6B", bytes(30)) + cluster, unknown_size=True
    )


def pdf(objects: bytes = b"", version: bytes = b"1.4") -> bytes:
    body = b"%PDF-" + version + b"\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n" + objects
    return body + b"xref\n0 1\n0000000000 65535 f \ntrailer<</Root 1 0 R/Size 2>>\nstartxref\n%d\n%%%%EOF\n" % len(body)


def hidden_in_object_stream(inside: bytes) -> bytes:
    packed = zlib.compress(inside)
    return pdf(
        b"5 0 obj\n<</Type/ObjStm/Filter/FlateDecode/N 1/First 4/Length %d>>\nstream\n" % len(packed)
        + packed
        + b"\nendstream\nendobj\n"
    )


GOOD: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "foto.jpg": (lambda: image("JPEG"), "image/jpeg", "image"),
    "foto.jpeg": (lambda: image("JPEG", mode="L"), "image/jpeg", "image"),
    "cmyk.jpg": (lambda: image("JPEG", mode="CMYK"), "image/jpeg", "image"),
    "foto.png": (lambda: image("PNG"), "image/png", "image"),
    "alfa.png": (lambda: image("PNG", mode="RGBA"), "image/png", "image"),
    "paleta.png": (lambda: image("PNG", mode="P"), "image/png", "image"),
    "foto.gif": (lambda: image("GIF", mode="P"), "image/gif", "image"),
    "anima.gif": (lambda: animation("GIF"), "image/gif", "image"),
    "foto.webp": (lambda: image("WEBP"), "image/webp", "image"),
    "figurinha.webp": (lambda: animation("WEBP"), "image/webp", "image"),
    "foto.bmp": (lambda: image("BMP"), "image/png", "image"),
    "errado.jpg": (lambda: image("PNG"), "image/png", "image"),
    "video.mp4": (mp4, "video/mp4", "video"),
    "longo.mp4": (lambda: mp4() + struct.pack(">I4sQ", 1, b"free", 16), "video/mp4", "video"),
    "aberto.mp4": (lambda: mp4() + struct.pack(">I4s", 0, b"mdat") + bytes(50), "video/mp4", "video"),
    "voz.m4a": (lambda: mp4(b"M4A "), "audio/mp4", "audio"),
    "voz.ogg": (ogg, "audio/ogg", "audio"),
    "voz.opus": (lambda: ogg(b"\x01vorbis"), "audio/ogg", "audio"),
    "som.mp3": (mp3, "audio/mpeg", "audio"),
    "cru.mp3": (lambda: mp3(tagged=False), "audio/mpeg", "audio"),
    "fim.mp3": (lambda: mp3() + b"TAG" + bytes(125), "audio/mpeg", "audio"),
    "som.wav": (wav, "audio/wav", "audio"),
    "som.amr": (amr, "audio/amr", "audio"),
    "som.aac": (aac, "audio/aac", "audio"),
    "gravado.webm": (webm, "audio/webm", "audio"),
    "contrato.pdf": (pdf, "application/pdf", "document"),
    "novo.pdf": (lambda: pdf(version=b"2.0"), "application/pdf", "document"),
    "fluxo.pdf": (lambda: hidden_in_object_stream(b"2 0 <</Type/Pages/Count 0>>"), "application/pdf", "document"),
    "ruido.pdf": (
        lambda: pdf(b"6 0 obj\n<</Length 9>>\nstream\n/JS /Launch\nendstream\nendobj\n"),
        "application/pdf",
        "document",
    ),
}

# Name of the file and what is in it; none may be kept.
BAD: dict[str, tuple[str, Callable[[], bytes]]] = {
    "empty": ("foto.jpg", lambda: b""),
    "no extension": ("foto", lambda: image("JPEG")),
    "svg": ("logo.svg", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    "svg named png": ("logo.png", lambda: b'<?xml version="1.0"?><svg><script>alert(1)</script></svg>'),
    "html": ("pagina.html", lambda: b"<html>" + SCRIPT),
    "html named jpg": ("pagina.jpg", lambda: b"<html>" + SCRIPT),
    "html named pdf": ("pagina.pdf", lambda: b"<html>" + SCRIPT),
    "script named png": ("x.png", lambda: b"#!/bin/sh\nid\n"),
    "program": ("setup.exe", lambda: PROGRAM),
    "program named mp4": ("video.mp4", lambda: PROGRAM),
    "program named pdf": ("a.pdf", lambda: PROGRAM),
    "zip named docx": ("a.docx", lambda: b"PK\x03\x04" + bytes(100)),
    "zip": ("a.zip", lambda: b"PK\x03\x04" + bytes(100)),
    "php": ("a.php", lambda: b"<?php system($_GET[0]);"),
    "php behind a picture": ("a.jpg.php", lambda: image("JPEG")),
    "name with NUL": ("a.php\0.jpg", lambda: b"<?php"),
    "magic only jpg": ("a.jpg", lambda: b"\xff\xd8\xff\xe0" + bytes(50)),
    "magic only png": ("a.png", lambda: b"\x89PNG\r\n\x1a\n" + SCRIPT),
    "magic only gif": ("a.gif", lambda: b"GIF89a" + b"=1;alert(1)//" * 5),
    "magic only webp": ("a.webp", lambda: b"RIFF\x10\0\0\0WEBPVP8 " + SCRIPT),
    "magic only bmp": ("a.bmp", lambda: b"BM" + SCRIPT),
    "cut jpg": ("a.jpg", lambda: image("JPEG", (300, 300))[:-300]),
    "pixel flood": ("a.png", lambda: image("PNG", (9000, 9000), "1")),
    "pixel flood by header": ("a.png", lambda: flood_header()),
    "tiff": ("a.tiff", lambda: image("TIFF")),
    "tiff named jpg": ("a.jpg", lambda: image("TIFF")),
    "psd": ("a.psd", lambda: b"8BPS" + bytes(60)),
    "mp4 with script behind": ("a.mp4", lambda: mp4() + SCRIPT),
    "mp4 with program behind": ("a.mp4", lambda: mp4() + PROGRAM),
    "mp4 without film": ("a.mp4", lambda: box(b"ftyp", b"isom" + bytes(8))),
    "mp4 with strange box": ("a.mp4", lambda: mp4() + box(b"evil", SCRIPT)),
    "mp4 with impossible box": ("a.mp4", lambda: mp4() + struct.pack(">I4s", 3, b"free")),
    "mp4 with impossible long box": ("a.mp4", lambda: mp4() + struct.pack(">I4sQ", 1, b"free", 9)),
    "mp4 with cut box": ("a.mp4", lambda: mp4() + b"\0\0"),
    "animation too long": ("a.gif", lambda: animation("GIF", 320)),
    "amr of another kind": ("a.amr", lambda: b"#!AMR_MC1.0\n" + bytes(40)),
    "mp3 reserved version": ("a.mp3", lambda: (b"\xff\xea\x90\x00" + bytes(413)) * 5),
    "webm cut": ("a.webm", lambda: webm() + b"\xa3"),
    "pdf with script in a stream that is not packed": (
        "a.pdf",
        lambda: pdf(b"5 0 obj\n<</Type/ObjStm>>\nstream\n3 0 <</S/JavaScript>>\nendstream\nendobj\n"),
    ),
    "quicktime named mp4": ("a.mp4", lambda: mp4(b"qt  ")),
    "heic named mp4": ("a.mp4", lambda: mp4(b"heic")),
    "mov": ("a.mov", lambda: mp4(b"qt  ")),
    "mkv named webm": ("a.webm", lambda: webm().replace(b"webm", b"matr")),
    "webm with script behind": ("a.webm", lambda: webm() + SCRIPT),
    "webm with attached file": ("a.webm", lambda: webm(element("1941A469", PROGRAM))),
    "ogg with script behind": ("a.ogg", lambda: ogg() + SCRIPT),
    "ogg cut": ("a.ogg", lambda: ogg()[:-5]),
    "ogg film": ("a.ogg", lambda: ogg(b"\x80theora")),
    "mp3 with script behind": ("a.mp3", lambda: mp3() + SCRIPT),
    "mp3 that is a tag": ("a.mp3", lambda: b"ID3\x04\x00\x00" + bytes([0, 0, 0, 30]) + PROGRAM),
    "mp3 with broken tag": ("a.mp3", lambda: b"ID3\x04\x00\x00\xff\xff\xff\xff" + mp3(tagged=False)),
    "mp3 reserved rate": ("a.mp3", lambda: (b"\xff\xfb\xfc\x00" + bytes(413)) * 5),
    "wav with script behind": ("a.wav", lambda: wav() + SCRIPT),
    "wav without sound": ("a.wav", lambda: b"RIFF\x04\0\0\0WAVE"),
    "amr with script behind": ("a.amr", lambda: amr() + SCRIPT),
    "amr empty": ("a.amr", lambda: b"#!AMR\n"),
    "aac with script behind": ("a.aac", lambda: aac() + SCRIPT),
    "aac impossible frame": ("a.aac", lambda: b"\xff\xf1\x50\x80\x00\x1f\xfc" + bytes(10)),
    "pdf with zip behind": ("a.pdf", lambda: pdf() + b"PK\x03\x04" + bytes(60)),
    "pdf with html in front": ("a.pdf", lambda: SCRIPT + pdf()),
    "pdf cut": ("a.pdf", lambda: pdf()[:-20]),
    "pdf with script": ("a.pdf", lambda: pdf(b"3 0 obj\n<</S/JavaScript/JS(app.alert(1))>>\nendobj\n")),
    "pdf with escaped script": ("a.pdf", lambda: pdf(b"3 0 obj\n<</S/J#61vaScript/J#53(app.alert(1))>>\nendobj\n")),
    "pdf that starts a program": ("a.pdf", lambda: pdf(b"3 0 obj\n<</S/Launch/F(cmd.exe)>>\nendobj\n")),
    "pdf with attached file": ("a.pdf", lambda: pdf(b"3 0 obj\n<</Type/EmbeddedFile>>\nendobj\n")),
    "pdf with hidden script": ("a.pdf", lambda: hidden_in_object_stream(b"3 0 <</S/JavaScript/JS(app.alert(1))>>")),
    "pdf bomb": ("a.pdf", lambda: hidden_in_object_stream(b" " * 20_000_000)),
}  # fmt: skip


def flood_header() -> bytes:
    """A picture that claims 100,000 × 100,000 pixels in 60 bytes."""
    header = struct.pack(">II5B", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + bytes(12)
