// How each kind of object is drawn: SVG in a box from -1 to 1, y downwards, standing on its lower edge.
// Knows nothing of scenes; position, scale and shading come from render.ts.
import type { Rng } from '../rng.ts';
import type { Colour, Kind } from '../vocabulary.ts';
import type { Shades } from './palette.ts';

export interface Brush extends Shades {
  colour: Colour;
  /** The object's gradient from light to dark, as a paint reference. */
  fill: string;
  /** Outline width, in the box's units. */
  pen: number;
  /** Chooses small differences between two drawings of one kind. */
  rng: Rng;
}

const eyes = (x: number, y: number, apart: number, brush: Brush): string => {
  const dark = brush.colour === 'black' ? '#f2f2f6' : '#33263f';
  return `<g fill="${dark}" stroke="none"><circle cx="${x - apart}" cy="${y}" r=".075"/><circle cx="${x + apart}" cy="${y}" r=".075"/></g>`
    + `<path d="M${x - apart * 0.55} ${y + 0.14}q${apart * 0.55} .16 ${apart * 1.1} 0" fill="none" stroke="${dark}" stroke-width=".06"/>`;
};

const shine = (d: string, width = 0.09): string =>
  `<path d="${d}" fill="none" stroke="#fff" stroke-opacity=".55" stroke-width="${width}"/>`;

const drawings: Readonly<Record<Kind, (brush: Brush) => string>> = {
  ball: (b) => `<circle r=".91"/>`
    + `<path d="M-.86 .05Q-.1 .52 .84 -.1L.9 .16Q-.05 .78 -.82 .36Z" fill="${b.pale}" stroke="none" opacity=".8"/>`
    + `<circle r=".91" fill="none"/><ellipse cx="-.36" cy="-.46" rx=".22" ry=".13" fill="#fff" opacity=".6" stroke="none" transform="rotate(-35 -.36 -.46)"/>`,

  box: (b) => `<path d="M-.88-.38L-.5-.84H.9L.56-.38Z" fill="${b.light}"/><path d="M.56-.38L.9-.84V.42L.56 .87Z" fill="${b.dark}"/>`
    + `<path d="M-.88-.38H.56V.87H-.88Z"/><path d="M-.3-.38H-.02V.02L-.16-.06L-.3 .02Z" fill="${b.pale}" stroke="none"/>`
    + `<path d="M-.3-.38L.06-.84H.34L-.02-.38Z" fill="${b.pale}" stroke="none" opacity=".85"/><path d="M-.88-.38H.56L.9-.84" fill="none"/>`,

  triangle: (b) => `<path d="M0-.84L.9 .82H-.9Z"/><path d="M0-.36L.5 .56H-.5Z" fill="${b.pale}" stroke="none" opacity=".5"/>`
    + shine('M-.16-.36L-.56 .38'),

  star: (b) => `<path d="M0-.93L.3-.34L.93-.25L.48 .21L.58 .86L0 .56L-.58 .86L-.48 .21L-.93-.25L-.3-.34Z"/>` + eyes(0, 0, 0.19, b),

  heart: () => `<path d="M0 .86C-.5 .45-.92 .12-.92-.34C-.92-.68-.7-.86-.46-.86C-.24-.86-.08-.74 0-.54C.08-.74 .24-.86 .46-.86C.7-.86 .92-.68 .92-.34C.92 .12 .5 .45 0 .86Z"/>`
    + shine('M-.66-.3Q-.66-.58-.46-.62', 0.11),

  ring: (b) => `<path fill-rule="evenodd" d="M-.92 0A.92 .92 0 1 1 .92 0A.92 .92 0 1 1-.92 0ZM-.46 0A.46 .46 0 1 0 .46 0A.46 .46 0 1 0-.46 0Z"/>`
    + `<path d="M-.68 .12A.69 .69 0 0 0 .6 .34" fill="none" stroke="${b.dark}" stroke-width=".12" opacity=".55"/>` + shine('M-.64-.26A.69 .69 0 0 1 .1-.68', 0.11),

  moon: (b) => `<path d="M.22-.91A.94 .94 0 1 0 .91 .22A.6 .6 0 0 1 .22-.91Z"/>`
    + `<g fill="${b.dark}" stroke="none" opacity=".5"><circle cx="-.36" cy="-.5" r=".13"/><circle cx=".42" cy=".6" r=".12"/><circle cx="-.12" cy=".7" r=".08"/></g>`
    + eyes(-0.42, 0.1, 0.18, b),

  cloud: (b) => `<path d="M-.62 .6C-.9 .6-.97 .36-.94 .2C-.9-.02-.72-.1-.6-.08C-.58-.36-.36-.48-.18-.42C-.06-.66 .42-.72 .52-.24C.76-.28 .95-.1 .95 .18C.95 .44 .82 .6 .56 .6Z"/>`
    + shine('M-.44-.12Q-.36-.28-.2-.24M0-.36Q.2-.5 .34-.28', 0.08) + eyes(0.02, 0.16, 0.2, b),

  house: (b) => `<path d="M.36-.88H.6V-.2H.36Z" fill="${b.dark}"/><path d="M-.72-.14H.72V.93H-.72Z"/>`
    + `<path d="M0-.93L.95-.06H-.95Z" fill="${b.dark}"/><path d="M-.14 .93V.42Q0 .26 .14 .42V.93Z" fill="#6b4630"/>`
    + `<g fill="#fff3b8"><path d="M-.54 .14H-.28V.42H-.54Z"/><path d="M.28 .14H.54V.42H.28Z"/><circle cy="-.34" r=".13"/></g>`,

  tree: () => `<path d="M-.14 .3L-.2 .97H.2L.14 .3Z" fill="#86582f" stroke="#553418"/>`
    + `<path d="M-.42 .44C-.8 .46-.92 .06-.7-.16C-.86-.52-.52-.8-.3-.72C-.14-1.04 .3-1 .4-.7C.72-.74 .9-.38 .7-.12C.9 .14 .74 .48 .4 .44C.2 .58-.2 .58-.42 .44Z"/>`
    + shine('M-.46-.3Q-.42-.56-.2-.56M.1-.1Q.16-.26 .32-.24', 0.08),

  flower: (b) => {
    const turn = b.rng.between(-15, 15);
    const petals = [0, 1, 2, 3, 4, 5].map((i) => `<ellipse cy="-.43" rx=".29" ry=".3" transform="rotate(${(turn + i * 60).toFixed(1)})"/>`).join('');
    const heart = b.colour === 'yellow' || b.colour === 'orange' ? '#8a4a1c' : '#ffd23e';
    return `<path d="M0-.3Q.06 .4 0 .97" fill="none" stroke="#3f8a3c" stroke-width=".11"/>`
      + `<path d="M.03 .72Q.16 .3 .56 .3Q.5 .72 .03 .72M.01 .9Q-.14 .5-.52 .52Q-.46 .9 .01 .9" fill="#57a84a" stroke="#2f6e30"/>`
      + `<g transform="translate(0 -.27)">${petals}<circle r=".19" fill="${heart}" stroke="${b.line}"/></g>`;
  },

  mushroom: (b) => {
    const spot = b.colour === 'white' ? '#d9b6a0' : '#fffaf0';
    return `<path d="M-.28 .05Q-.2 .5-.36 .8Q-.36 .92-.2 .92H.2Q.36 .92 .36 .8Q.2 .5 .28 .05Z" fill="#f6e9d2" stroke="#a58c6c"/>`
      + `<path d="M-.92 .06C-.92-.6-.5-.92 0-.92C.5-.92 .92-.6 .92 .06C.6 .26-.6 .26-.92 .06Z"/>`
      + `<g fill="${spot}" stroke="none"><circle cx="-.42" cy="-.36" r=".16"/><circle cx=".14" cy="-.58" r=".14"/><circle cx=".54" cy="-.18" r=".15"/><circle cx="-.02" cy="-.1" r=".12"/></g>`;
  },

  fish: (b) => `<path d="M.46 0L.94-.5Q.8 0 .94 .5Z" fill="${b.dark}"/><path d="M-.44-.36Q-.1-.78 .3-.32Z" fill="${b.dark}"/><path d="M-.2 .44Q.04 .74 .2 .38Z" fill="${b.dark}"/>`
    + `<path d="M-.95 .04C-.72-.42-.36-.52-.1-.52C.24-.52 .46-.26 .62 0C.46 .28 .24 .52-.1 .52C-.4 .52-.74 .42-.95 .04Z"/>`
    + `<path d="M-.34-.34Q-.16 0-.34 .36M.04-.2Q.14 0 .04 .2M.26-.14Q.33 0 .26 .14" fill="none" stroke="${b.pale}" stroke-opacity=".8" stroke-width=".07"/>`
    + `<circle cx="-.58" cy="-.1" r=".13" fill="#fff" stroke="none"/><circle cx="-.6" cy="-.1" r=".07" fill="#221a2c" stroke="none"/>`,

  boat: (b) => `<path d="M-.04-.92V.4" fill="none" stroke="#6f4a2c" stroke-width=".09"/>`
    + `<path d="M.08-.86Q.84-.38 .84 .22H.08Z"/><path d="M-.16-.6V.22H-.68Q-.5-.2-.16-.6Z" fill="${b.pale}"/>`
    + `<path d="M.1-.2H.7L.77-.02H.1Z" fill="${b.pale}" stroke="none" opacity=".7"/>`
    + `<path d="M-.95 .36H.95C.9 .72 .7 .93 .44 .93H-.44C-.7 .93-.9 .72-.95 .36Z"/><path d="M-.94 .4H.94L.92 .52H-.92Z" fill="#fffaf0" stroke="none" opacity=".9"/>`
    + `<g fill="#fff3b8" stroke-width=".05"><circle cx="-.4" cy=".69" r=".09"/><circle cy=".69" r=".09"/><circle cx=".4" cy=".69" r=".09"/></g>`,

  car: (b) => `<path d="M-.6-.04Q-.5-.58-.2-.58H.2Q.44-.58 .64-.04Z"/>`
    + `<path d="M-.46-.08Q-.38-.44-.2-.44H-.04V-.08ZM.08-.44H.18Q.36-.44 .48-.08H.08Z" fill="#cdeaf7"/>`
    + `<path d="M-.95 .3V.1Q-.95-.08-.7-.08H.72Q.96-.04 .96 .2V.34Q.96 .42 .86 .42H-.86Q-.95 .42-.95 .3Z"/>`
    + `<circle cx=".84" cy=".1" r=".085" fill="#ffe68a"/>` + shine('M-.76 .06H.3', 0.06)
    + [-0.5, 0.52].map((x) => `<circle cx="${x}" cy=".38" r=".22" fill="#33313c" stroke="#1d1b24"/><circle cx="${x}" cy=".38" r=".09" fill="#d9dbe2" stroke="none"/>`).join(''),

  cup: (b) => `<path d="M.4-.3C.98-.42 1 .42 .36 .42" fill="none" stroke="${b.line}" stroke-width="${0.2 + b.pen}"/><path d="M.4-.3C.98-.42 1 .42 .36 .42" fill="none" stroke="${b.base}" stroke-width="${0.2 - b.pen}"/>`
    + `<path d="M-.82-.6H.5L.4 .56Q.38 .78 .14 .78H-.46Q-.7 .78-.72 .56Z"/>`
    + `<ellipse cx="-.16" cy="-.6" rx=".66" ry=".17" fill="${b.dark}"/><ellipse cx="-.16" cy="-.56" rx=".5" ry=".1" fill="#7a4a2a" stroke="none"/>`
    + `<path d="M-.16 .44C-.36 .28-.46 .16-.42 .04C-.38-.08-.22-.08-.16 .04C-.1-.08 .06-.08 .1 .04C.14 .16 .04 .28-.16 .44Z" fill="${b.pale}" stroke="none"/>`,
};

/** SVG elements of an object inside the box from -1 to 1; the caller's group sets fill and outline. */
export function drawObject(kind: Kind, brush: Brush): string {
  return drawings[kind](brush);
}
