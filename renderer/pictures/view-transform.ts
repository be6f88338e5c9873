// Pan and zoom, shared by both panels: which point of the picture stands in the middle, and how large it is drawn.
// Points of the picture are fractions (0..1), so that the same view holds for viewports and pictures of other sizes.

export interface Size {
  width: number;
  height: number;
}

/** `zoom` 1 fits the picture into its viewport. */
export interface View {
  zoom: number;
  x: number;
  y: number;
}

export interface Box extends Size {
  left: number;
  top: number;
}

export const fitted: View = { zoom: 1, x: 0.5, y: 0.5 };
export const zoomLimits = { min: 0.25, max: 40 } as const;

/**
 * CSS pixels per picture pixel at zoom 1. Crisp pictures that are enlarged take a whole number of device pixels
 * per pixel, else some columns would be wider than others.
 */
export function fitScale(viewport: Size, picture: Size, options: { smooth: boolean; pixelRatio: number }): number {
  const contained = Math.min(viewport.width / picture.width, viewport.height / picture.height);
  if (!Number.isFinite(contained) || contained <= 0) return 1;
  const device = contained * options.pixelRatio;
  return options.smooth || device < 1 ? contained : Math.floor(device) / options.pixelRatio;
}

/** Where the picture lies in its viewport, in CSS pixels. Corners are whole pixels: a half one blurs every edge. */
export function place(view: View, viewport: Size, picture: Size, scale: number): Box {
  const width = picture.width * scale * view.zoom;
  const height = picture.height * scale * view.zoom;
  return {
    left: Math.round(viewport.width / 2 - view.x * width),
    top: Math.round(viewport.height / 2 - view.y * height),
    width,
    height,
  };
}

/** Zooms by `factor` and keeps the point under the pointer (CSS pixels from the viewport's corner) where it is. */
export function zoomAt(view: View, factor: number, pointer: { x: number; y: number }, viewport: Size, picture: Size, scale: number): View {
  const zoom = clamp(view.zoom * factor, zoomLimits.min, zoomLimits.max);
  const dx = (pointer.x - viewport.width / 2) / (picture.width * scale);
  const dy = (pointer.y - viewport.height / 2) / (picture.height * scale);
  return confine({ zoom, x: view.x + dx / view.zoom - dx / zoom, y: view.y + dy / view.zoom - dy / zoom });
}

/** Moves the picture by CSS pixels. */
export function panBy(view: View, move: { x: number; y: number }, picture: Size, scale: number): View {
  return confine({
    zoom: view.zoom,
    x: view.x - move.x / (picture.width * scale * view.zoom),
    y: view.y - move.y / (picture.height * scale * view.zoom),
  });
}

/** The middle of the viewport stays over the picture, so that it cannot be lost. */
function confine(view: View): View {
  return { zoom: view.zoom, x: clamp(view.x, 0, 1), y: clamp(view.y, 0, 1) };
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
