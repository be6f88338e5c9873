import { expect, it } from 'vitest';
import { merge, summary } from './test-summary.ts';

it('names what failed and what was skipped and why; the counts are the last line', () => {
  const text = summary(merge([
    { passed: 3, failed: [], skipped: [{ name: 'webgpu', reason: 'no Vulkan driver' }] },
    { passed: 2, failed: ['lint'], skipped: [{ name: 'end to end', reason: 'no Chromium' }] },
  ]));
  expect(text).toContain('✗ lint');
  expect(text).toContain('– webgpu: no Vulkan driver');
  expect(text).toContain('– end to end: no Chromium');
  expect(text.split('\n').at(-1)).toBe('5 passed, 1 failed, 2 skipped');
});

it('is one line when all went well', () => {
  expect(summary({ passed: 9, failed: [], skipped: [] })).toBe('9 passed, 0 failed, 0 skipped');
});
