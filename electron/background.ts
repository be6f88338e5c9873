// The page's own background (`--canvas` of its tokens), so that a window never opens white. Imports nothing.
export const background = { dark: '#0f1012', light: '#eceef1' } as const;
