import sharp from 'sharp';
import { expect, it } from 'vitest';
import { sweepSheet } from './sweep-sheet.ts';

const picture = (level: number) => ({ width: 8, height: 8, rgb: new Uint8Array(8 * 8 * 3).fill(level) });

it('has a column for each scale and the rows of each prompt below one another', { timeout: 60_000 }, async () => {
  const blocks = [
    { prompt: 'a red ball <&', rows: [{ name: 'teacher', pictures: [picture(10), picture(60)] }, { name: 'student', pictures: [picture(110), picture(160)] }] },
    { prompt: 'a blue box', rows: [{ name: 'teacher', pictures: [picture(200), picture(240)] }] },
  ];
  const { data, info } = await sharp(await sweepSheet([1, 9], blocks)).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([170 + 2 * 98, 24 + 3 * 98 + 14]);
  const level = (row: number, column: number, down = 0): number => data[((24 + row * 98 + 48 + down) * info.width + 170 + column * 98 + 48) * info.channels]!;
  const shown = [level(0, 0), level(0, 1), level(1, 0), level(1, 1), level(2, 0, 14), level(2, 1, 14)];
  shown.forEach((value, i) => expect(Math.abs(value - [10, 60, 110, 160, 200, 240][i]!)).toBeLessThan(6));
  await expect(sweepSheet([1, 9], [{ prompt: '', rows: [{ name: 'teacher', pictures: [picture(1)] }] }])).rejects.toThrow('1 pictures for 2 scales');
});
