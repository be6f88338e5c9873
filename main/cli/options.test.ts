import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompareRequest } from '../contract/schemas.ts';
import { StudioError } from '../contract/errors.ts';
import { nearest } from './nearest.ts';
import { commonOptions, parseArguments, UsageError, validated } from './options.ts';
import { pictureFields, pictureFlags, pictureOptions } from './picture-options.ts';

const table = { ...pictureOptions, ...commonOptions };
const parse = (...args: string[]) => parseArguments(args, table);
const request = (...args: string[]) => validated(CompareRequest, pictureFields(parse(...args)), pictureFlags);
const complaint = (...args: string[]): string => {
  try {
    request(...args);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('was accepted');
};

describe('a request from arguments', () => {
  it('takes the contract\'s defaults for what is left out', () => {
    expect(request('a red boat')).toEqual(CompareRequest.parse({ prompt: 'a red boat' }));
  });

  it('takes 0 and 1 as they are', () => {
    expect(request('x', '--guidance', '0', '--seed', '0', '--inversion-guidance=0')).toMatchObject({
      guidance: 0, seed: 0, reflection: { inversionGuidance: 0 },
    });
    expect(request('x', '--guidance=1')).toMatchObject({ guidance: 1 });
  });

  it('carries every option', () => {
    expect(request(
      '--negative', 'a tree', '--guidance', '3.5', 'a boat', '--steps=8', '--seed', '4294967295', '--sampler', 'w2sd',
      '--reflection-steps', '4', '--weak-guidance', '1.5', '--no-guard',
    )).toEqual(CompareRequest.parse({
      prompt: 'a boat', negativePrompt: 'a tree', guidance: 3.5, steps: 8, seed: 4294967295, sampler: 'w2sd',
      reflection: { steps: 4, weakGuidance: 1.5, guard: false },
    }));
  });

  it('may have a prompt that looks like an option', () => {
    expect(request('--steps', '4', '--', '--guidance').prompt).toBe('--guidance');
  });

  it.each([
    [['x', '--guidence', '3'], 'unknown option --guidence, did you mean --guidance?'],
    [['x', '--stepps=3'], 'unknown option --stepps, did you mean --steps?'],
    [['x', '--zzzzzzzz'], 'unknown option --zzzzzzzz'],
    [['x', '--constructor', '1'], 'unknown option --constructor'],
    [['x', '-q'], 'unknown option -q'],
    [['x', '--guidance'], '--guidance needs a value: --guidance N'],
    [['x', '--guidance', '--steps', '3'], '--guidance needs a value: --guidance N'],
    [['x', '--no-guard=1'], '--no-guard takes no value'],
    [['x', '--guidance', 'five'], '--guidance takes a number, not "five"'],
    [['x', '--guidance='], '--guidance takes a number, not ""'],
    [['x', '--guidance', 'Infinity'], '--guidance takes a number, not "Infinity"'],
    [['x', '--guidance', '31'], '--guidance must be at most 30'],
    [['x', '--guidance', '-1'], '--guidance must be at least 0'],
    [['x', '--steps', '0'], '--steps must be at least 1'],
    [['x', '--steps', '2.5'], '--steps must be a whole number'],
    [['x', '--seed', '4294967296'], '--seed must be at most 4294967295'],
    [['x', '--sampler', 'ddim'], '--sampler must be one of euler, z-sampling, w2sd'],
    [['x', '--reflection-steps', '0'], '--reflection-steps must be at least 1'],
    [['x'.repeat(2001)], 'the prompt holds 2000 characters at the most'],
    [[], 'the prompt is missing'],
    [['a', 'boat'], 'unexpected argument "boat"'],
  ])('%j: %s', (args, message) => {
    expect(complaint(...args)).toBe(message);
  });

  it('is a request or a usage error, whatever is typed', () => {
    const word = fc.oneof(fc.string(), fc.constantFrom(...Object.keys(table).map((name) => `--${name}`), '--', '-', '1e999', '__proto__', '--__proto__'));
    fc.assert(fc.property(fc.array(word, { maxLength: 6 }), (args) => {
      try {
        CompareRequest.parse(request(...args));
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
        expect(error).toBeInstanceOf(StudioError);
      }
    }));
  });
});

it('the nearest name is near, or there is none', () => {
  expect(nearest('comprae', ['compare', 'generate'])).toBe('compare');
  expect(nearest('sevre', ['serve', 'compare'])).toBe(null);
  expect(nearest('serv', ['serve', 'compare'])).toBe('serve');
  expect(nearest('completely-else', ['serve', 'compare'])).toBe(null);
});
