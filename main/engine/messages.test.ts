import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findNode, isPlainNode } from './node-binary.ts';
import { parseEngineMessage, parseHostMessage } from './messages.ts';

it('takes no message that it does not know', () => {
  for (const parse of [parseEngineMessage, parseHostMessage]) {
    fc.assert(fc.property(fc.anything(), (value) => {
      expect(parse(value)).toBeNull();
    }), { numRuns: 200 });
  }
  expect(parseHostMessage({ kind: 'cancel', id: 0 })).toBeNull();
  expect(parseHostMessage({ kind: 'cancel', id: 3, extra: true })).toEqual({ kind: 'cancel', id: 3 });
});

it('takes a picture only with all its bytes', () => {
  const step = (bytes: number) => ({
    kind: 'step', id: 1,
    report: { step: 1, steps: 2, nfe: 2, elapsedMs: 1, remainingMs: 1, preview: { width: 2, height: 2, rgb: new Uint8Array(bytes) } },
  });
  expect(parseEngineMessage(step(12))).not.toBeNull();
  expect(parseEngineMessage(step(11))).toBeNull();
});

it('knows a Node that engines can run on', () => {
  expect(isPlainNode({ node: '26.1.0' })).toBe(true);
  expect(isPlainNode({ node: '20.1.0' })).toBe(false);
  expect(isPlainNode({ node: '26.1.0', electron: '45.0.0' })).toBe(false);
  expect(() => findNode({ TEEFUSION_NODE: '/no/such/node' })).toThrow(expect.objectContaining({ code: 'unsupported' }));
});
