// Who may import whom (docs/decisions/layers.md). One table, turned into lint rules by eslint.config.js and tested by layers.test.ts.
// Plain JavaScript: ESLint reads its configuration without compiling it.

/** What each folder may import besides itself and `main/contract`. */
export const mayImport = Object.freeze({
  renderer: [],
  'main/contract': [],
  electron: ['main/studio', 'main/server', 'main/library', 'main/engine'],
  'main/server': ['main/studio', 'main/library'],
  'main/cli': ['main/studio', 'main/server', 'main/library', 'main/checkpoints'],
  'main/studio': ['main/evaluation', 'main/jobs', 'main/library', 'main/engine', 'main/storybook', 'main/checkpoints', 'main/text', 'main/diffusion'],
  'main/jobs': ['main/library'],
  'main/library': [],
  'main/engine': ['main/training', 'main/diffusion', 'main/text', 'main/checkpoints', 'main/networks', 'main/graph', 'main/storybook'],
  'main/training': ['main/diffusion', 'main/text', 'main/checkpoints', 'main/networks', 'main/graph', 'main/storybook'],
  'main/diffusion': ['main/text', 'main/checkpoints', 'main/networks', 'main/graph'],
  'main/text': ['main/checkpoints', 'main/networks', 'main/graph'],
  'main/checkpoints': ['main/networks', 'main/graph'],
  'main/networks': ['main/graph'],
  'main/graph': [],
  'main/evaluation': ['main/storybook'],
  'main/storybook': [],
});
