import { describe, expect, it } from 'vitest';
import { readLicences } from './licences.ts';

describe('the list of licences', () => {
  it('is told by name, with empty words for what a package does not say', () => {
    const json = JSON.stringify([{ name: 'vue', version: '3.5.45', identifier: 'MIT', text: 'The MIT License' }, { name: 'uplot', version: '1.6.32' }, { version: '1.0.0' }]);
    expect(readLicences(json)).toEqual([
      { name: 'uplot', version: '1.6.32', identifier: '', text: '' },
      { name: 'vue', version: '3.5.45', identifier: 'MIT', text: 'The MIT License' },
    ]);
  });

  it('is refused where it is no list', () => {
    expect(() => readLicences('{}')).toThrow();
    expect(() => readLicences('<!doctype html>')).toThrow();
  });
});
