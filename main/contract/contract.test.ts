import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { callNames, calls, eventNames, events } from './contract.ts';
import { ErrorCode, ErrorData, errorCodes, fromErrorData, StudioError, toErrorData } from './errors.ts';

describe('the contract', () => {
  it.each(callNames)('%s has a schema for its input and one for its output', (name) => {
    expect(calls[name].input).toBeInstanceOf(z.ZodType);
    expect(calls[name].output).toBeInstanceOf(z.ZodType);
    // An input is an object, so that fields can be added without breaking callers.
    expect(calls[name].input.safeParse(7).success).toBe(false);
    expect(calls[name].input.safeParse(null).success).toBe(false);
  });

  it.each(eventNames)('%s has a schema for its data', (name) => {
    expect(events[name]).toBeInstanceOf(z.ZodType);
    expect(events[name].safeParse(undefined).success).toBe(false);
  });

  it('names calls and events as domain.verb, none twice', () => {
    const names = [...callNames, ...eventNames];
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z]+\.[a-zA-Z]+$/);
  });

  it('survives JSON: every schema can be described as JSON Schema', () => {
    for (const name of callNames) {
      expect(() => z.toJSONSchema(calls[name].input, { io: 'input' })).not.toThrow();
      expect(() => z.toJSONSchema(calls[name].output)).not.toThrow();
    }
    for (const name of eventNames) expect(() => z.toJSONSchema(events[name])).not.toThrow();
  });

  it('takes 0 and 1 as ordinary guidance', () => {
    for (const guidance of [0, 1]) {
      expect(calls['runs.compare'].input.parse({ prompt: 'a boat', guidance }).guidance).toBe(guidance);
    }
    expect(calls['runs.compare'].input.safeParse({ prompt: 'a boat', guidance: Number.NaN }).success).toBe(false);
    expect(calls['runs.compare'].input.safeParse({ prompt: 'a boat', guidance: -1 }).success).toBe(false);
  });
});

describe('errors as data', () => {
  it('come back as what they were', () => {
    const error = new StudioError('disk-full', 'No room.', { hint: 'Make some.', details: 'ENOSPC' });
    const data = ErrorData.parse(JSON.parse(JSON.stringify(toErrorData(error))));
    expect(fromErrorData(data)).toMatchObject({ code: 'disk-full', message: 'No room.', hint: 'Make some.', details: 'ENOSPC' });
  });

  it('of any other kind are a defect', () => {
    for (const thrown of [new TypeError('x is undefined'), 'text', null, undefined]) {
      expect(ErrorData.parse(toErrorData(thrown)).code).toBe('internal');
    }
    expect(ErrorCode.options).toEqual([...errorCodes]);
  });
});
