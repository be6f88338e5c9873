// Colours and font as they stand on the page now, for charts that are drawn on a canvas.
import type { PlotTheme } from './plot-options.ts';

/** Read anew at every use: when the theme has changed and reached the page. */
export const pageTheme: PlotTheme = {
  colour: (token) => getComputedStyle(document.documentElement).getPropertyValue(`--${token}`).trim(),
  get font() {
    return getComputedStyle(document.body).fontFamily;
  },
};
