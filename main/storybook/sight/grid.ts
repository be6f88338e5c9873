// What a coarse grid sees of a picture: colour and liveliness of each cell. Knows nothing of objects.
import { workSize, type Lab } from './lab.ts';

const side = 3;
export const cells = side * side;

/** Five numbers a cell, cell by cell from the upper left: means of L, a, b; standard deviations of L and of chroma √(a² + b²). */
export function grid(picture: Lab): number[] {
  const sums = new Float64Array(cells * 7);
  for (let y = 0; y < workSize; y += 1) {
    for (let x = 0; x < workSize; x += 1) {
      const cell = (Math.floor((y * side) / workSize) * side + Math.floor((x * side) / workSize)) * 7;
      const at = (y * workSize + x) * 3;
      const [l, a, b] = [picture[at]!, picture[at + 1]!, picture[at + 2]!];
      const chroma = Math.hypot(a, b);
      [1, l, a, b, l * l, chroma, chroma * chroma].forEach((value, k) => { sums[cell + k]! += value; });
    }
  }
  return Array.from({ length: cells }, (_, i) => {
    const [n, l, a, b, ll, c, cc] = sums.subarray(i * 7, i * 7 + 7) as unknown as [number, number, number, number, number, number, number];
    const deviation = (squares: number, sum: number): number => Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
    return [l / n, a / n, b / n, deviation(ll, l), deviation(cc, c)];
  }).flat();
}
