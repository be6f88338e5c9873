import { describe, expect, it } from 'vitest';
import { matches, writes } from './keys.ts';

const press = (key: string, more: Partial<{ ctrlKey: boolean; metaKey: boolean; altKey: boolean }> = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...more });

describe('shortcuts', () => {
  it('need exactly their modifiers; the command key counts as Ctrl', () => {
    expect(matches(press('Enter', { ctrlKey: true }), 'Ctrl+Enter')).toBe(true);
    expect(matches(press('Enter', { metaKey: true }), 'Ctrl+Enter')).toBe(true);
    expect(matches(press('Enter'), 'Ctrl+Enter')).toBe(false);
    expect(matches(press('d', { ctrlKey: true }), 'D')).toBe(false);
    expect(matches(press('D'), 'D')).toBe(true);
    expect(matches(press('+'), '+')).toBe(true);
    expect(matches(press('d', { altKey: true }), 'D')).toBe(false);
  });

  it('leave letters to text fields, but not to sliders', () => {
    const text = { tag: 'INPUT', type: 'text', editable: false };
    expect(writes(press('d'), text)).toBe(true);
    expect(writes(press('d'), { tag: 'TEXTAREA', type: '', editable: false })).toBe(true);
    expect(writes(press('d'), { tag: 'INPUT', type: 'range', editable: false })).toBe(false);
    expect(writes(press('Enter', { ctrlKey: true }), text)).toBe(false);
    expect(writes(press('Escape'), text)).toBe(false);
  });
});
