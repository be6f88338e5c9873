// A picture as the network of a metric takes it: resized, scaled, normalised, channels first.
import sharp from 'sharp';
import type { MetricFile } from '../contract/metrics.ts';
import type { RawPicture } from './messages.ts';

/** [1, 3, height, width] float32, row-major: (value − mean)/std, value running over `range` from black to white. */
export async function imageInput(picture: RawPicture, { width, height, range: [black, white], mean, std }: MetricFile['input']): Promise<Float32Array> {
  const rgb = await resized(picture, width, height);
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < plane; i++) {
      values[channel * plane + i] = (black + ((white - black) * rgb[3 * i + channel]!) / 255 - mean[channel]!) / std[channel]!;
    }
  }
  return values;
}

async function resized({ width, height, rgb }: RawPicture, toWidth: number, toHeight: number): Promise<Uint8Array> {
  if (width === toWidth && height === toHeight) return rgb;
  return sharp(rgb, { raw: { width, height, channels: 3 } }).resize(toWidth, toHeight, { fit: 'fill', kernel: 'cubic' }).raw().toBuffer();
}
