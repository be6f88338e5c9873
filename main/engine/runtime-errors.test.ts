import { expect, it } from 'vitest';
import { StudioError } from '../contract/errors.ts';
import { runtimeError } from './runtime-errors.ts';

it.each([
  ['std::bad_alloc', 'out-of-memory'],
  ['Failed to allocate memory for requested buffer of size 8589934592', 'out-of-memory'],
  ['Array buffer allocation failed', 'out-of-memory'],
  ['Device was lost: VK_ERROR_DEVICE_LOST', 'unsupported'],
  ['Could not find an implementation for MultiHeadAttention(1)', 'unsupported'],
  ['Load model failed: INVALID_PROTOBUF', 'corrupt-file'],
  ['something nobody has seen before', 'internal'],
])('%s is %s, with the words kept as details', (message, code) => {
  expect(runtimeError(new Error(message))).toMatchObject({ code, details: message });
});

it('leaves a StudioError as it is', () => {
  const error = new StudioError('cancelled', 'Stopped.');
  expect(runtimeError(error)).toBe(error);
  expect(runtimeError('text').code).toBe('internal');
});
