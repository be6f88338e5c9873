// What typing, nudging and clamping a number mean. Pure; the field only draws it.
import type { Range } from '../../stores/form-state.ts';

export function clamp(value: number, range: Pick<Range, 'min' | 'max'>): number {
  return Math.min(range.max, Math.max(range.min, value));
}

/** Snaps to the range's step, without the dust of binary fractions: 0.1 + 0.2 becomes 0.3. Ends that lie between two steps are kept. */
export function snap(value: number, range: Range): number {
  const decimals = Math.max(0, -Math.floor(Math.log10(range.step)));
  return clamp(Number((Math.round(value / range.step) * range.step).toFixed(decimals)), range);
}

/** `ticks` steps up (or down when negative), staying in range. */
export function nudge(value: number, range: Range, ticks: number): number {
  return snap(value + ticks * range.step, range);
}

/** What was typed, as a number; a decimal comma counts as a point. null when it is none. */
export function parseNumber(text: string): number | null {
  const normal = text.trim().replace(',', '.');
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/iu.test(normal)) return null;
  const value = Number(normal);
  return Number.isFinite(value) ? value : null;
}

/** How far a key press or a notch of the wheel nudges: ten steps with Shift. 0 when the key nudges nothing. */
export function ticksOf(event: { key?: string; deltaY?: number; deltaX?: number; shiftKey: boolean }): number {
  const size = event.shiftKey ? 10 : 1;
  if (event.key === 'ArrowUp' || event.key === 'ArrowRight' || event.key === 'PageUp') return event.key === 'PageUp' ? 10 : size;
  if (event.key === 'ArrowDown' || event.key === 'ArrowLeft' || event.key === 'PageDown') return event.key === 'PageDown' ? -10 : -size;
  // With Shift held, browsers turn the wheel sideways.
  const turned = event.deltaY !== undefined && event.deltaY !== 0 ? event.deltaY : (event.deltaX ?? 0);
  return turned === 0 ? 0 : -Math.sign(turned) * size;
}
