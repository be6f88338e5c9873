// Pictures as PNG bytes and back. The same pixels and texts always give the same bytes.
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { StudioError } from '../../contract/errors.ts';
import { writePngTexts } from './png-text.ts';

/** `rgb`: height·width·3 bytes, rows from the top. */
export interface Picture {
  width: number;
  height: number;
  rgb: Uint8Array;
}

/** Larger ones are refused before they are unpacked. */
const maxPixels = 64 * 1024 * 1024;

/** Throws `invalid-input` when the bytes do not fill the picture. */
export async function encodePng(picture: Picture, texts: Readonly<Record<string, string>>): Promise<Buffer> {
  assertPicture(picture);
  const { width, height, rgb } = picture;
  const png = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9, adaptiveFiltering: true, palette: false })
    .toBuffer();
  return writePngTexts(png, texts);
}

/** Any PNG as 8-bit RGB, transparency dropped. Throws `corrupt-file`. */
export async function decodePng(png: Uint8Array): Promise<Picture> {
  try {
    const { data, info } = await sharp(png, { failOn: 'warning', limitInputPixels: maxPixels })
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, rgb: data };
  } catch (error) {
    throw new StudioError('corrupt-file', 'This picture cannot be decoded.', {
      hint: 'Take the original file.',
      details: error instanceof Error ? error.message : String(error),
      cause: error,
    });
  }
}

function assertPicture({ width, height, rgb }: Picture): void {
  const sound = Number.isSafeInteger(width) && Number.isSafeInteger(height) && width > 0 && height > 0 && width * height <= maxPixels;
  if (!sound || rgb.length !== width * height * 3) {
    throw new StudioError('invalid-input', `${rgb.length} bytes are no RGB picture of ${width}×${height}.`);
  }
}

/** Hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
