"""Screenshots that are small enough for a repository: PNG files of 256 colours."""

import struct
import zlib
from base64 import b64decode, b64encode
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

_COLOURS = 256
_PIXELS = """async (png) => {
  const blob = await (await fetch("data:image/png;base64," + png)).blob();
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  const data = canvas.getContext("2d").getImageData(0, 0, bitmap.width, bitmap.height).data;
  let text = "";
  for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
  return [bitmap.width, bitmap.height, btoa(text)];
}"""


def take(page: Page, path: Path) -> None:
    """What is seen of a page, as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    browser = page.context.browser
    assert browser is not None
    path.write_bytes(packed(_pixels(browser, page.screenshot())))


def _pixels(browser: Browser, png: bytes) -> NDArray[np.uint8]:
    """Height, width and colours of a picture, read by the browser."""
    reader = browser.new_page()
    width, height, data = reader.evaluate(_PIXELS, b64encode(png).decode())
    reader.close()
    return np.frombuffer(b64decode(data), dtype=np.uint8).reshape(height, width, 4)[..., :3]


def packed(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of at most 256 colours, and for every other the nearest of them.

    Frequent ones are kept, and a few pixels of a strong colour count as much as many shades of grey: marks are small.
    """
    height, width, _ = pixels.shape
    colours, places, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    strength = np.ptp(colours.astype(np.int64), axis=1)
    palette = colours[np.argsort(-counts * (16 + strength), kind="stable")[:_COLOURS]]
    distance = ((colours[:, None].astype(np.int32) - palette[None].astype(np.int32)) ** 2).sum(axis=2)
    indices = distance.argmin(axis=1).astype(np.uint8)[places.reshape(-1)].reshape(height, width)
    rows = np.hstack([np.zeros((height, 1), dtype=np.uint8), indices]).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", head), (b"PLTE", palette.tobytes()), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
