import { describe, expect, it } from 'vitest';
import { wilson } from '../../main/evaluation/statistics.ts';
import { curveCsv, lastHour, readCurve, withPoint, type CurvePoint } from './curve.ts';

const point = (step: number, one: number, two: number, more: Partial<CurvePoint> = {}): CurvePoint =>
  ({ model: 'storybook', step, hours: step / 2000, guidance: 3, steps: 20, one: wilson(one, 32), two: wilson(two, 32), ...more });

describe('a learning curve', () => {
  const points = [point(1000, 16, 4), point(2000, 24, 12)];

  it('is read back from its file', () => {
    expect(readCurve(curveCsv(points))).toEqual(points);
    expect(readCurve(curveCsv([]))).toEqual([]);
  });

  it('grows by steps; what was measured the same way before is replaced', () => {
    const grown = withPoint(withPoint(points, point(1400, 20, 8)), point(1000, 17, 5));
    expect(grown.map(({ step, one }) => [step, one.right])).toEqual([[1000, 17], [1400, 20], [2000, 24]]);
    expect(withPoint(points, point(1000, 17, 5, { guidance: 5 }))).toHaveLength(3);
    expect(withPoint(points, point(500, 17, 5, { model: 'a' }))[0]!.model).toBe('a');
  });

  it('says what an hour bought, with how sure that is', () => {
    // Eight of 32 more in half an hour: 50 points an hour.
    expect(lastHour(points)).toMatch(/^From step 1000 to 2000 \(0\.50 h\) an hour bought \+50\.0 \([^)]+\) points with one object, \+50\.0 /);
    expect(lastHour(points.slice(1))).toBeNull();
    expect(lastHour([points[1]!, points[1]!])).toBeNull();
  });

  it.each([['step,model\n', 'Line 1'], [`${curveCsv(points)}storybook,3000\n`, 'Line 4'], [curveCsv(points).replace(',32,', ',0,'), 'Line 2']])('names a line that is not its own', (csv, line) => {
    expect(() => readCurve(csv)).toThrow(line);
  });
});
