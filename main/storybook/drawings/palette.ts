// The shades in which an object of a named colour is drawn: one base, its light and shadow, and a soft outline of its own
// hue, which keeps white on white and black at night visible.
import { colourRgb, type Colour } from '../vocabulary.ts';

export type Rgb = readonly [number, number, number];

export interface Shades {
  base: string;
  light: string;
  /** A pale tint, for sails and bands. */
  pale: string;
  dark: string;
  line: string;
}

const ink: Rgb = [36, 20, 52];
const paper: Rgb = [255, 255, 255];

function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return [0, 1, 2].map((i) => Math.round(a[i]! + (b[i]! - a[i]!) * share)) as unknown as Rgb;
}

function hex(rgb: Rgb): string {
  return `#${rgb.map((v) => v.toString(16).padStart(2, '0')).join('')}`;
}

/** Where the rule for ordinary colours would lose the contrast between base, shadow and outline. */
const exceptions: Partial<Record<Colour, Partial<Shades>>> = {
  white: { light: '#ffffff', pale: '#ffffff', dark: '#dcdde8', line: '#8f91a8' },
  black: { light: '#545462', pale: '#5e5e70', dark: '#1c1c24', line: '#85859c' },
  // Its ordinary shadow would be brown.
  orange: { dark: '#d9691c', line: '#8f4512' },
  yellow: { dark: '#e5a81e', line: '#a06a10' },
};

export const shades: Readonly<Record<Colour, Shades>> = Object.fromEntries(
  (Object.entries(colourRgb) as [Colour, Rgb][]).map(([colour, rgb]) => [colour, {
    base: hex(rgb),
    light: hex(mix(rgb, paper, 0.32)),
    pale: hex(mix(rgb, paper, 0.55)),
    dark: hex(mix(rgb, ink, 0.28)),
    line: hex(mix(rgb, ink, 0.55)),
    ...exceptions[colour],
  }]),
) as Record<Colour, Shades>;
