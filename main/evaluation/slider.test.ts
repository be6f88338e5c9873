import { describe, expect, it } from 'vitest';
import { sliderAt } from './slider.ts';

describe('the part of a slider that METHOD judges', () => {
  const guidance = [1, 2, 3, 7];
  // At 3 the student is nearest to the teacher at 2; the other rows are least on the diagonal.
  const distances = [[1, 2, 3, 4], [2, 1, 2, 3], [3, 1.5, 2, 3], [4, 3, 2, 1]];

  it('is a matrix of those scales alone, with a verdict of its own', () => {
    expect(sliderAt({ guidance, distances }, [1, 2, 7])).toEqual({ guidance: [1, 2, 7], distances: [[1, 2, 4], [2, 1, 3], [4, 3, 1]], diagonal: true });
    expect(sliderAt({ guidance, distances }, guidance)?.diagonal).toBe(false);
  });

  it('is none where a scale was not drawn', () => expect(sliderAt({ guidance, distances }, [1, 4])).toBeNull());

  it('does not take a tie for a minimum on the diagonal', () => {
    expect(sliderAt({ guidance: [1, 2], distances: [[1, 1], [2, 1]] }, [1, 2])?.diagonal).toBe(false);
  });
});
