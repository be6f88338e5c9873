// How each background is drawn, in a box from 0 to 128: flat, soft and with a few small details, so that objects stand out.
// Knows nothing of the objects before it.
import type { Rng } from '../rng.ts';
import type { Background } from '../vocabulary.ts';

const gradient = (id: string, ...stops: readonly (readonly [number, string])[]): string =>
  `<linearGradient id="${id}" x2="0" y2="1">${stops.map(([at, colour]) => `<stop offset="${at}" stop-color="${colour}"/>`).join('')}</linearGradient>`;

const n = (value: number): string => value.toFixed(1);

const puff = (x: number, y: number, scale: number): string =>
  `<path transform="translate(${n(x)} ${n(y)}) scale(${scale})" d="M-16 6a6 6 0 0 1 1-11a8 8 0 0 1 14-4a8 8 0 0 1 13 4a6 6 0 0 1 1 11Z"/>`;

const drawings: Readonly<Record<Background, (rng: Rng) => string>> = {
  white: () => `<path fill="#fdfdfb" d="M0 0H128V128H0Z"/>`,

  gray: () => `<path fill="#c2c6cd" d="M0 0H128V128H0Z"/>`,

  sky: (rng) => {
    const drift = rng.between(-5, 5);
    return gradient('back', [0, '#79c0f0'], [1, '#d8f0fc']) + `<path fill="url(#back)" d="M0 0H128V128H0Z"/>`
      + `<g fill="#fff" opacity=".7">${puff(22 + drift, 24, 1)}${puff(108 - drift, 46, 0.9)}${puff(18 - drift, 106, 1.1)}${puff(104 + drift, 114, 1.3)}</g>`;
  },

  night: (rng) => {
    const drift = rng.between(-3, 3);
    const dots = [[12, 14, 1.1], [34, 30, 0.8], [52, 10, 1.2], [76, 22, 0.8], [98, 9, 1], [117, 27, 1.2], [10, 54, 0.9], [118, 62, 0.8], [22, 82, 0.8], [107, 88, 0.9], [64, 40, 0.7]];
    return gradient('back', [0, '#1b2150'], [1, '#46549a']) + `<path fill="url(#back)" d="M0 0H128V128H0Z"/>`
      + `<g fill="#fff4c2">${dots.map(([x, y, r]) => `<circle cx="${n(x! + drift)}" cy="${n(y!)}" r="${r! * 1.2}"/>`).join('')}</g>`
      + `<path fill="#252c5c" d="M0 110Q34 97 70 108T128 103V128H0Z"/>`;
  },

  sunset: (rng) => {
    const x = 64 + rng.between(-18, 18);
    return gradient('back', [0, '#6a56a0'], [0.4, '#d9708f'], [0.66, '#ff9f64'], [0.85, '#ffd68c']) + `<path fill="url(#back)" d="M0 0H128V128H0Z"/>`
      + `<circle cx="${n(x)}" cy="106" r="17" fill="#fff0b5" opacity=".9"/><g fill="#ffe3d0" opacity=".35"><path d="M6 34q14-5 30 0q-14 4-30 0M84 22q16-5 34 0q-16 5-34 0M92 62q12-4 28 0q-14 4-28 0M8 74q12-4 26 0q-12 4-26 0"/></g>`
      + `<path fill="#6b4277" d="M0 112Q30 99 66 109T128 105V128H0Z"/>`;
  },

  grass: (rng) => {
    const sway = rng.between(-4, 4);
    const blades = [8, 25, 45, 66, 86, 104, 120].map((x, i) => `M${n(x + sway)} ${118 - (i % 3) * 7}l-2-6m2 6l1-7m-1 7l4-5`).join('');
    const daisies = [[16, 96], [112, 101], [96, 119], [36, 121]].map(([x, y]) => `<circle cx="${n(x! - sway)}" cy="${y}" r="2"/>`).join('');
    return gradient('back', [0, '#b4e2fa'], [1, '#eefaff']) + gradient('lawn', [0, '#9ad86c'], [1, '#62b348'])
      + `<path fill="url(#back)" d="M0 0H128V84H0Z"/><path fill="#b9e394" d="M0 78Q30 62 62 74T128 66V90H0Z"/><path fill="url(#lawn)" d="M0 82Q36 72 70 80T128 76V128H0Z"/>`
      + `<path d="${blades}" fill="none" stroke="#4a9638" stroke-width="1.3" stroke-linecap="round"/><g fill="#fffdf0" stroke="#f4c93c" stroke-width=".9">${daisies}</g>`;
  },

  sea: (rng) => {
    const roll = rng.between(-6, 6);
    const waves = [[18, 86], [92, 90], [54, 97], [14, 106], [104, 108], [60, 116], [26, 122]].map(([x, y]) => `M${n(x! + roll)} ${y}q5-4 10 0t10 0`).join('');
    return gradient('back', [0, '#c3e9fb'], [1, '#f4fcff']) + gradient('water', [0, '#5cc3dd'], [1, '#2287b5'])
      + `<path fill="url(#back)" d="M0 0H128V80H0Z"/><path fill="url(#water)" d="M0 76q8-4 16 0t16 0t16 0t16 0t16 0t16 0t16 0t16 0V128H0Z"/>`
      + `<path d="${waves}" fill="none" stroke="#c9f0fa" stroke-width="1.5" stroke-linecap="round" opacity=".8"/>`;
  },

  desert: (rng) => {
    const drift = rng.between(-8, 8);
    return gradient('back', [0, '#a9dbe8'], [1, '#fdf3d8']) + gradient('sand', [0, '#f3d79a'], [1, '#dbab62'])
      + `<path fill="url(#back)" d="M0 0H128V88H0Z"/><path fill="#eccb8b" d="M0 80Q${n(28 + drift)} 60 60 76T128 68V94H0Z"/><path fill="#dcb26c" opacity=".6" d="M${n(30 + drift)} 68Q48 70 60 76Q44 82 30 80Z"/>`
      + `<path fill="url(#sand)" d="M0 86Q40 74 78 84T128 78V128H0Z"/><path d="M6 100q14-5 28 0M80 96q14-5 30 0M50 114q16-5 34 0M8 120q10-4 22 0" fill="none" stroke="#c99a52" stroke-width="1.3" stroke-linecap="round" opacity=".7"/>`;
  },
};

/** SVG elements that fill the box; `rng` makes small differences only. */
export function drawBackground(background: Background, rng: Rng): string {
  return drawings[background](rng);
}
